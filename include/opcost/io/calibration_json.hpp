// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes data/calibrations/*.json, ours or a user's own. The file's shape follows the kernel models: a form
// is an alternative of KernelModel, and its factors are those that the alternative lists, within their bounds.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/name.hpp"

namespace opcost {

/// What a calibration file says.
struct CalibrationFile {
  Calibration calibration;
  Source source;
};

/// Which calibration an accelerator takes when nobody asks for another.
struct CalibrationChoice {
  Name accelerator;
  Name calibration;
  double interval_factor = 1.0;  ///< How much wider than on the accelerator it was fitted on.
};

/// What data/calibrations/defaults.json says.
struct CalibrationDefaultsFile {
  std::vector<CalibrationChoice> choices;
  Source source;
};

namespace detail {

/// A number as JSON, whole ones without a fraction: 8 and not 8.0.
inline nlohmann::ordered_json json_number(double value) {
  if (std::abs(value) < 9007199254740992.0 && value == std::trunc(value)) return static_cast<std::int64_t>(value);
  return value;
}

inline Name as_name(const JsonNode& node) {
  const std::string text = node.as_string();
  if (text.empty() || text.size() > Name::capacity) node.fail("a name of 1 to 63 characters");
  return Name(text);
}

inline Name name_or_none(const JsonNode& node) { return node.is_null() ? Name{} : as_name(node); }

/// A number between bounds, which the error names.
inline double number_within(const JsonNode& node, double lowest, double highest) {
  const double number = node.as_number(std::numeric_limits<double>::lowest());
  if (number < lowest || number > highest) {
    node.fail("a number from " + json_number(lowest).dump() + " to " + json_number(highest).dump());
  }
  return number;
}

/// Whether a family may hold the model: of its shape, or the constant model.
template <class Model>
constexpr bool fits(KernelFamily family) noexcept {
  return Model::Shape::kind == kernel::ShapeKind::any || Model::Shape::kind == shape_kind(family);
}

/// Calls visit(model) with a default value of every kernel model, in the order of KernelModel.
template <class Visit>
void for_each_kernel_model(Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (visit(std::variant_alternative_t<I, KernelModel>{}), ...); }
  (std::make_index_sequence<std::variant_size_v<KernelModel>>{});
}

template <class Model>
Model read_factors(Model model, const JsonNode& node) {
  JsonObject object(node);
  for (const auto& factor : Model::factors()) {
    model.*factor.value = number_within(object.member(std::string(factor.name)), factor.lowest, factor.highest);
  }
  object.finish();
  return model;
}

inline KernelModel read_kernel_model(JsonObject& object, KernelFamily family) {
  const JsonNode form_node = object.member("form");
  const std::string form = form_node.as_string();
  const JsonNode factors = object.member("factors");
  std::optional<KernelModel> found;
  std::string known;
  for_each_kernel_model([&]<class Model>(const Model& model) {
    if (!fits<Model>(family)) return;
    known += (known.empty() ? "" : ", ") + std::string(Model::form);
    if (Model::form == form) found = read_factors(model, factors);
  });
  if (!found) form_node.fail("a form of " + std::string(name(family)) + ", one of: " + known);
  return *found;
}

inline HeldOutError read_held_out(const JsonNode& node) {
  if (node.is_null()) return {};
  JsonObject object(node);
  const HeldOutError error{object.member("mean_percent").as_number(0.0),
                           object.member("median_percent").as_number(0.0),
                           object.member("p90_percent").as_number(0.0)};
  object.finish();
  return error;
}

inline ErrorInterval read_interval(const JsonNode& node) {
  JsonObject object(node);
  const JsonNode low = object.member("low");
  const ErrorInterval interval{low.as_positive_number(), object.member("high").as_number(1.0)};
  if (interval.low > 1.0) low.fail("a positive number ≤ 1");
  object.finish();
  return interval;
}

/// The dimensions of the shapes that a family was fitted on; none for elementwise kernels.
constexpr std::span<const std::string_view> dimensions_of(KernelFamily family) noexcept {
  switch (shape_kind(family)) {
    case kernel::ShapeKind::matmul: return kernel::MatmulShape::dimension_names;
    case kernel::ShapeKind::grouped_matmul: return kernel::GroupedMatmulShape::dimension_names;
    case kernel::ShapeKind::experts: return kernel::ExpertsShape::dimension_names;
    case kernel::ShapeKind::attention: return kernel::AttentionShape::dimension_names;
    case kernel::ShapeKind::recurrence: return kernel::RecurrentShape::dimension_names;
    case kernel::ShapeKind::convolution: return kernel::ConvolutionShape::dimension_names;
    case kernel::ShapeKind::collective: return kernel::CollectiveShape::dimension_names;
    case kernel::ShapeKind::any: break;
  }
  return {};
}

inline std::array<DimensionRange, dimension_count> read_range(const JsonNode& node, KernelFamily family) {
  std::array<DimensionRange, dimension_count> range{};
  if (node.is_null()) return range;
  const auto dimensions = dimensions_of(family);
  if (dimensions.empty()) node.fail("null, because " + std::string(name(family)) + " has no dimensions");
  JsonObject object(node);
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    const JsonNode pair = object.member(std::string(dimensions[i]));
    const std::vector<JsonNode> ends = pair.as_array();
    if (ends.size() != 2) pair.fail("the lowest and the highest value");
    range[i] = {ends[0].as_number(0.0), ends[1].as_number(0.0)};
    if (range[i].highest < range[i].lowest) ends[1].fail("a number of at least the lowest value");
  }
  object.finish();
  return range;
}

inline KernelCalibration read_kernel_calibration(const JsonNode& node, KernelFamily family) {
  JsonObject object(node);
  KernelCalibration kernel;
  kernel.kernel = as_name(object.member("kernel"));
  kernel.model = read_kernel_model(object, family);
  kernel.transferred_from = name_or_none(object.member("transferred_from"));
  kernel.rows = object.member("rows").as_integer(0);
  kernel.groups = object.member("groups").as_integer(0);
  kernel.error = read_held_out(object.member("held_out"));
  kernel.interval = read_interval(object.member("interval"));
  const JsonNode windowed = object.member("windowed_interval");
  if (!windowed.is_null() && shape_kind(family) != kernel::ShapeKind::attention) {
    windowed.fail("null, because " + std::string(name(family)) + " has no windows");
  }
  kernel.windowed_interval = windowed.is_null() ? kernel.interval : read_interval(windowed);
  kernel.range = read_range(object.member("range"), family);
  object.finish();
  return kernel;
}

// ---- writing -------------------------------------------------------------------------------------------------

inline nlohmann::ordered_json json_name(const Name& name) {
  return name.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(std::string(name.view()));
}

inline nlohmann::ordered_json json_interval(const ErrorInterval& interval) {
  return {{"low", json_number(interval.low)}, {"high", json_number(interval.high)}};
}

inline nlohmann::ordered_json json_range(const KernelCalibration& kernel, KernelFamily family) {
  if (kernel.range == std::array<DimensionRange, dimension_count>{}) return nullptr;
  nlohmann::ordered_json range = nlohmann::ordered_json::object();
  const auto dimensions = dimensions_of(family);
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    range[std::string(dimensions[i])] =
        nlohmann::ordered_json::array({json_number(kernel.range[i].lowest), json_number(kernel.range[i].highest)});
  }
  return range;
}

inline nlohmann::ordered_json json_kernel(const KernelCalibration& kernel, KernelFamily family) {
  nlohmann::ordered_json json{{"kernel", json_name(kernel.kernel)}};
  std::visit(
      [&json, &kernel]<class Model>(const Model& model) {
        json["form"] = Model::form;
        json["transferred_from"] = json_name(kernel.transferred_from);
        json["rows"] = kernel.rows;
        json["groups"] = kernel.groups;
        for (const auto& factor : Model::factors()) {
          json["factors"][std::string(factor.name)] = json_number(model.*factor.value);
        }
      },
      kernel.model);
  json["held_out"] = nullptr;
  if (kernel.error != HeldOutError{}) {
    json["held_out"] = {{"mean_percent", json_number(kernel.error.mean)},
                        {"median_percent", json_number(kernel.error.median)},
                        {"p90_percent", json_number(kernel.error.p90)}};
  }
  json["interval"] = json_interval(kernel.interval);
  const bool own_windows =
      shape_kind(family) == kernel::ShapeKind::attention && kernel.windowed_interval != kernel.interval;
  json["windowed_interval"] =
      own_windows ? json_interval(kernel.windowed_interval) : nlohmann::ordered_json(nullptr);
  json["range"] = json_range(kernel, family);
  return json;
}

/// JSON indented by two spaces, with small values on one line: { "low": 0.9, "high": 1.1 }.
inline std::string pretty(const nlohmann::ordered_json& json, std::size_t indentation = 0) {
  constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;
  if (!json.is_structured() || json.empty()) return json.dump(-1, ' ', false, replace);
  const bool flat = std::none_of(json.begin(), json.end(), [](const auto& value) { return value.is_structured(); });
  const std::string open = json.is_object() ? "{" : "[";
  const std::string close = json.is_object() ? "}" : "]";
  const std::string separator = "\n" + std::string(indentation + 2, ' ');
  std::string line;
  std::string lines;
  for (const auto& item : json.items()) {
    const std::string key =
        json.is_object() ? nlohmann::ordered_json(item.key()).dump(-1, ' ', false, replace) + ": " : std::string();
    const std::string value = key + pretty(item.value(), indentation + 2);
    line += (line.empty() ? "" : ", ") + value;
    lines += (lines.empty() ? "" : ",") + separator + value;
  }
  if (flat && line.size() <= 80) return json.is_object() ? "{ " + line + " }" : open + line + close;
  return open + lines + "\n" + std::string(indentation, ' ') + close;
}

}  // namespace detail

/// Reads a calibration from a parsed document; throws InputError.
inline CalibrationFile read_calibration(const JsonNode& node) {
  JsonObject root(node);
  CalibrationFile file;
  Calibration& calibration = file.calibration;
  calibration.name = detail::as_name(root.member("name"));
  calibration.accelerator = detail::name_or_none(root.member("accelerator"));
  calibration.times_cache_write = root.member("times_cache_write").as_bool();
  const JsonNode share = root.member("sustained_share");
  calibration.sustained_share = share.as_positive_number();
  if (calibration.sustained_share > 1.0) share.fail("a positive number ≤ 1");
  calibration.eager_launch = root.member("eager_launch_us").as_number(0.0);
  JsonObject kernels(root.member("kernels"));
  const std::optional<JsonNode> others = kernels.optional("others");
  for (std::size_t i = 0; i < kernel_family_count; ++i) {
    const auto family = static_cast<KernelFamily>(i);
    const std::string key(name(family));
    const std::optional<JsonNode> own = kernels.optional(key);
    calibration[family] = detail::read_kernel_calibration(own      ? *own
                                                          : others ? *others
                                                                   : kernels.member(key),
                                                          family);
  }
  kernels.finish();
  file.source = read_source(root.member("source"));
  root.finish();
  return file;
}

/// Reads a calibration file; throws InputError.
inline CalibrationFile read_calibration_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_calibration(document.root());
}

/// The text of a calibration file, which reads back as the same calibration. Its interval factor is not part of it:
/// a file is about the accelerator it was fitted on.
inline std::string calibration_text(const Calibration& calibration, const Source& source) {
  nlohmann::ordered_json json{{"name", detail::json_name(calibration.name)},
                              {"accelerator", detail::json_name(calibration.accelerator)},
                              {"times_cache_write", calibration.times_cache_write},
                              {"sustained_share", detail::json_number(calibration.sustained_share)},
                              {"eager_launch_us", detail::json_number(calibration.eager_launch)}};
  for (std::size_t i = 0; i < kernel_family_count; ++i) {
    const auto family = static_cast<KernelFamily>(i);
    json["kernels"][std::string(name(family))] = detail::json_kernel(calibration[family], family);
  }
  json["source"] = {{"citations", source.citations}, {"unconfirmed", source.unconfirmed}, {"notes", source.notes}};
  return detail::pretty(json) + "\n";
}

/// Reads which calibrations accelerators take; throws InputError. Whether those exist is for the caller to check.
inline CalibrationDefaultsFile read_calibration_defaults(const JsonNode& node) {
  JsonObject root(node);
  CalibrationDefaultsFile file;
  for (const JsonNode& element : root.member("defaults").as_array()) {
    JsonObject object(element);
    const JsonNode accelerator = object.member("accelerator");
    const CalibrationChoice choice{detail::as_name(accelerator), detail::as_name(object.member("calibration")),
                                   object.member("interval_factor").as_number(1.0)};
    object.finish();
    for (const CalibrationChoice& other : file.choices) {
      if (other.accelerator == choice.accelerator) accelerator.fail("each accelerator once");
    }
    file.choices.push_back(choice);
  }
  file.source = read_source(root.member("source"));
  root.finish();
  return file;
}

/// Reads data/calibrations/defaults.json; throws InputError.
inline CalibrationDefaultsFile read_calibration_defaults_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_calibration_defaults(document.root());
}

}  // namespace opcost
