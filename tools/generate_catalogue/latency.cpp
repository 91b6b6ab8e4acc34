// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "catalogues.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/calibration_json.hpp"
#include "opcost/io/serving_system_json.hpp"
#include "text.hpp"

namespace generate_catalogue {

namespace fs = std::filesystem;

namespace {

std::string_view type_name(const opcost::kernel::ConstantKernel&) { return "ConstantKernel"; }
std::string_view type_name(const opcost::kernel::CublasMatmul&) { return "CublasMatmul"; }
std::string_view type_name(const opcost::kernel::CutlassMatmul&) { return "CutlassMatmul"; }
std::string_view type_name(const opcost::kernel::DeepGemmQuantisingMatmul&) { return "DeepGemmQuantisingMatmul"; }
std::string_view type_name(const opcost::kernel::DeepGemmMatmul&) { return "DeepGemmMatmul"; }
std::string_view type_name(const opcost::kernel::FlashAttentionDecode&) { return "FlashAttentionDecode"; }
std::string_view type_name(const opcost::kernel::FlashAttentionPrefill&) { return "FlashAttentionPrefill"; }
std::string_view type_name(const opcost::kernel::FlashInferDecode&) { return "FlashInferDecode"; }
std::string_view type_name(const opcost::kernel::FlashAttentionEncoder&) { return "FlashAttentionEncoder"; }
std::string_view type_name(const opcost::kernel::LatentAttention&) { return "LatentAttention"; }
std::string_view type_name(const opcost::kernel::FusedExperts&) { return "FusedExperts"; }
std::string_view type_name(const opcost::kernel::GroupedMatmul&) { return "GroupedMatmul"; }
std::string_view type_name(const opcost::kernel::ChunkedRecurrence&) { return "ChunkedRecurrence"; }
std::string_view type_name(const opcost::kernel::FusedChunkedRecurrence&) { return "FusedChunkedRecurrence"; }
std::string_view type_name(const opcost::kernel::RecurrentUpdate&) { return "RecurrentUpdate"; }
std::string_view type_name(const opcost::kernel::ShortConvolution&) { return "ShortConvolution"; }
std::string_view type_name(const opcost::kernel::NcclRing&) { return "NcclRing"; }
std::string_view type_name(const opcost::kernel::NcclPointToPoint&) { return "NcclPointToPoint"; }
std::string_view type_name(const opcost::kernel::VllmAllReduce&) { return "VllmAllReduce"; }

std::string kernel_model(const opcost::KernelModel& model) {
  return std::visit(
      []<class Model>(const Model& m) {
        std::string factors;
        for (const auto& factor : Model::factors()) {
          factors += fmt::format("{}.{} = {}", factors.empty() ? "" : ", ", factor.name, number(m.*factor.value));
        }
        // in place, because the compiler tries every model where std::variant converts
        return fmt::format("KernelModel(std::in_place_type<kernel::{0}>, kernel::{0}{{{1}}})", type_name(m),
                           factors);
      },
      model);
}

std::string ranges(const opcost::KernelCalibration& k) {
  if (k.range == decltype(k.range){}) return "{}";
  std::string text;
  for (const opcost::DimensionRange& range : k.range) {
    text += fmt::format("{}{{{}, {}}}", text.empty() ? "" : ", ", number(range.lowest), number(range.highest));
  }
  return "{{" + text + "}}";
}

std::string kernel_calibration(const opcost::KernelCalibration& k) {
  return fmt::format(
      "        KernelCalibration{{\n            .model = {},\n            .kernel = {}, .transferred_from = {}, "
      ".rows = {}, .groups = {},\n            .error = {{{}, {}, {}}}, .interval = {{{}, {}}}, .windowed_interval "
      "= "
      "{{{}, {}}},\n            .range = {}}}",
      kernel_model(k.model), literal(k.kernel.view()),
      k.transferred_from.empty() ? "{}" : literal(k.transferred_from.view()), k.rows, k.groups,
      number(k.error.mean), number(k.error.median), number(k.error.p90), number(k.interval.low),
      number(k.interval.high), number(k.windowed_interval.low), number(k.windowed_interval.high), ranges(k));
}

/// Kernel calibrations that several families or calibrations share are written once, under a name.
class SharedKernels {
 public:
  explicit SharedKernels(const std::vector<opcost::CalibrationFile>& files) {
    for (const opcost::CalibrationFile& file : files) {
      for (const opcost::KernelCalibration& kernel : file.calibration.kernels) ++uses_[kernel_calibration(kernel)];
    }
  }

  /// The text that stands for a kernel, defined before it where it is shared.
  std::string reference(const opcost::Calibration& c, std::size_t family) {
    const opcost::KernelCalibration& kernel = c.kernels[family];
    const std::string text = kernel_calibration(kernel);
    if (uses_[text] == 1) return text;
    std::string& known = names_[text];
    if (known.empty()) {
      known = kernel.transferred_from.empty()
                  ? fmt::format("{}_of_{}", kernel.rows == 0 ? "others" : opcost::kernel_families[family].name,
                                identifier(c.name.view()))
                  : fmt::format("{}_from_{}", opcost::kernel_families[family].name,
                                identifier(kernel.transferred_from.view()));
      definitions_ += fmt::format("inline constexpr KernelCalibration {}{};\n", known,
                                  text.substr(text.find("KernelCalibration") + sizeof("KernelCalibration") - 1));
    }
    return "        shared::" + known;
  }

  const std::string& definitions() const { return definitions_; }

 private:
  std::map<std::string, int> uses_;
  std::map<std::string, std::string> names_;
  std::string definitions_;
};

std::string calibration(const opcost::Calibration& c, SharedKernels& shared) {
  std::string kernels;
  for (std::size_t i = 0; i < c.kernels.size(); ++i) {
    kernels += (kernels.empty() ? "" : ",\n") + shared.reference(c, i);
  }
  return fmt::format(
      "inline constexpr Calibration {}{{\n    .name = {},\n    .accelerator = {},\n    .times_cache_write = {},\n"
      "    .sustained_share = {},\n    .eager_launch = {},\n    .kernels = {{{{\n{}}}}},\n}};\n",
      identifier(c.name.view()), literal(c.name.view()),
      c.accelerator.empty() ? "{}" : literal(c.accelerator.view()), c.times_cache_write, number(c.sustained_share),
      number(c.eager_launch), kernels);
}

std::vector<std::string> accelerator_names(const fs::path& data) {
  std::vector<std::string> names;
  for (const fs::path& path : json_files(data / "hardware")) {
    names.emplace_back(opcost::read_accelerator_file(path).specification.name.view());
  }
  return names;
}

/// Throws unless `value`, at `pointer` of `path`, is one of `known`.
void require_one_of(const std::vector<std::string>& known, const fs::path& path, const std::string& pointer,
                    std::string_view value) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  throw opcost::InputError(
      fmt::format("{}: {} is \"{}\", expected one of: {}", path.string(), pointer, value, fmt::join(known, ", ")));
}

/// The serving systems and the list of them.
std::string serving_systems(const fs::path& data) {
  std::string constants;
  std::string names;
  const std::vector<fs::path> files = json_files(data / "serving_systems");
  for (const fs::path& path : files) {
    const opcost::ServingSystemFile file = opcost::read_serving_system_file(path);
    const opcost::ServingSystem& system = file.specification;
    require_matching_name(path, system.name.view());
    const std::string id = identifier(system.name.view());
    constants += fmt::format(
        "\n/// {}. Source: {}.\ninline constexpr ServingSystem {}{{.name = {}, .host_per_step = {{{}}}, "
        ".host_per_sequence = {{{}}}, .collective_overlap = {}}};\n",
        file.product, file.source.citations.front(), id, literal(system.name.view()),
        number(system.host_per_step.value), number(system.host_per_sequence.value),
        number(system.collective_overlap));
    names += fmt::format("{}{{serving_systems::{}, {}, {}}}", names.empty() ? "" : ", ", id, literal(file.product),
                         literal(file.source.citations.front()));
  }
  return "namespace serving_systems {\n" + constants +
         fmt::format(R"(
}}  // namespace serving_systems

/// A built-in serving system with what it is called and where its figures come from.
struct ServingSystemEntry {{
  ServingSystem specification;
  std::string_view product;
  std::string_view source;
}};

/// Every built-in serving system, by name.
inline constexpr std::array<ServingSystemEntry, {}> serving_system_catalogue{{{{{}}}}};

/// The built-in serving system of that name, or null.
constexpr const ServingSystem* serving_system_named(std::string_view name) noexcept {{
  for (const ServingSystemEntry& entry : serving_system_catalogue) {{
    if (entry.specification.name.view() == name) return &entry.specification;
  }}
  return nullptr;
}}
)",
                     files.size(), names);
}

}  // namespace

std::string latency_catalogue(const fs::path& data) {
  const fs::path directory = data / "calibrations";
  const fs::path defaults_path = directory / "defaults.json";
  const std::vector<std::string> accelerators = accelerator_names(data);

  std::vector<opcost::CalibrationFile> files;
  for (const fs::path& path : json_files(directory)) {
    if (path == defaults_path) continue;
    files.push_back(opcost::read_calibration_file(path));
    const opcost::Calibration& c = files.back().calibration;
    require_matching_name(path, std::string(c.name.view()));
    if (!c.accelerator.empty()) require_one_of(accelerators, path, "/accelerator", c.accelerator.view());
  }

  SharedKernels shared(files);
  std::string constants;
  std::string entries;
  std::vector<std::string> names;
  for (const opcost::CalibrationFile& file : files) {
    const opcost::Calibration& c = file.calibration;
    const std::string name(c.name.view());
    constants += "\n/// Source: " + file.source.citations.front() + "\n" + calibration(c, shared);
    entries += "    &calibrations::" + identifier(name) + ",\n";
    names.push_back(name);
  }
  if (std::find(names.begin(), names.end(), "constant") == names.end()) {
    throw opcost::InputError((directory / "constant.json").string() +
                             ": is missing, expected what accelerators of no other calibration take");
  }

  std::string choices;
  const opcost::CalibrationDefaultsFile defaults = opcost::read_calibration_defaults_file(defaults_path);
  for (std::size_t i = 0; i < defaults.choices.size(); ++i) {
    const opcost::CalibrationChoice& choice = defaults.choices[i];
    const std::string pointer = fmt::format("/defaults/{}/", i);
    require_one_of(accelerators, defaults_path, pointer + "accelerator", choice.accelerator.view());
    require_one_of(names, defaults_path, pointer + "calibration", choice.calibration.view());
    choices += fmt::format("    {{{}, &calibrations::{}, {}}},\n", literal(choice.accelerator.view()),
                           identifier(choice.calibration.view()), number(choice.interval_factor));
  }

  return fmt::format(preamble, "data/calibrations/*.json and data/serving_systems/*.json",
                     "#include <string_view>\n\n#include \"opcost/hardware/accelerator.hpp\"\n"
                     "#include \"opcost/latency/calibration.hpp\"\n"
                     "#include \"opcost/latency/serving_system.hpp\"\n") +
         "\nnamespace calibrations {\n\nnamespace shared {  // by several families or calibrations\n\n" +
         shared.definitions() + "\n}  // namespace shared\n" + constants +
         fmt::format(R"(
}}  // namespace calibrations

/// Every built-in calibration, by name.
inline constexpr std::array<const Calibration*, {}> calibration_catalogue{{
{}}};

/// The built-in calibration of that name, or null.
constexpr const Calibration* calibration_named(std::string_view name) noexcept {{
  for (const Calibration* const calibration : calibration_catalogue) {{
    if (calibration->name.view() == name) return calibration;
  }}
  return nullptr;
}}

/// The calibration that an accelerator takes by default, and how much wider its intervals are there.
struct DefaultCalibration {{
  std::string_view accelerator{{}};
  const Calibration* calibration = nullptr;
  double interval_factor = 1.0;
}};

/// Accelerators that are not listed take the calibration `constant`.
inline constexpr std::array<DefaultCalibration, {}> default_calibrations{{{{
{}}}}};

/// The best known calibration of an accelerator, by its name; carried from another accelerator where there is none
/// of its own.
constexpr Calibration default_calibration(const Accelerator& accelerator) noexcept {{
  for (const DefaultCalibration& entry : default_calibrations) {{
    if (entry.accelerator != accelerator.name.view()) continue;
    const Calibration& calibration = *entry.calibration;
    const bool own = calibration.accelerator.empty() || calibration.accelerator == accelerator.name;
    if (own && entry.interval_factor == 1.0) return calibration;
    return calibration.carried_to(accelerator.name, entry.interval_factor);
  }}
  return calibrations::constant;
}}

{}
}}  // namespace opcost
)",
                     names.size(), entries, defaults.choices.size(), choices, serving_systems(data));
}

}  // namespace generate_catalogue
