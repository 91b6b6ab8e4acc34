// SPDX-License-Identifier: Apache-2.0
#include "usage.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/calibration_json.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/model_json.hpp"
#include "opcost/io/serving_system_json.hpp"
#include "opcost/latency/catalogue.hpp"

namespace opcost::program {
namespace {

/// Edits (insert, delete, replace) from what was typed to the best-matching beginning of a name: "h100" and
/// "gema" are near "h100-sxm" and "gemma-3-27b".
std::size_t prefix_distance(std::string_view typed, std::string_view known) {
  std::vector<std::size_t> row(known.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < typed.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < known.size(); ++j) {
      const std::size_t replaced = diagonal + (typed[i] == known[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, replaced}));
    }
  }
  return *std::min_element(row.begin(), row.end());
}

bool looks_like_file(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".json");
}

constexpr std::array<std::pair<std::string_view, TensorFormat>, 6> cache_formats{{{"bf16", formats::bf16},
                                                                                  {"fp16", formats::fp16},
                                                                                  {"fp32", formats::fp32},
                                                                                  {"fp8", formats::fp8},
                                                                                  {"int8", formats::int8},
                                                                                  {"nvfp4", formats::nvfp4}}};

}  // namespace

std::vector<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
  std::string lower(typed);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::vector<std::string> best;
  std::size_t best_distance = lower.size() / 3;  // further than that is a guess, not a suggestion
  for (const std::string& candidate : known) {
    const std::size_t distance = prefix_distance(lower, candidate);
    if (distance > best_distance) continue;
    if (distance < best_distance) best.clear();
    best_distance = distance;
    best.push_back(candidate);
  }
  return best;
}

void fail_unknown(std::string_view what, std::string_view typed, const std::vector<std::string>& known) {
  const std::vector<std::string> suggestions = nearest(typed, known);
  throw InputError(
      fmt::format("unknown {} '{}'{}; known: {}", what, typed,
                  suggestions.empty() ? "" : fmt::format(" (did you mean {}?)", fmt::join(suggestions, " or ")),
                  fmt::join(known, ", ")));
}

void require_option(bool given, std::string_view flag, std::string_view expected) {
  if (!given) throw InputError(fmt::format("{} is missing, expected {}", flag, expected));
}

void require_subcommand(CLI::App& command) {
  command.require_subcommand(0, 1);
  command.callback([&command] {
    if (!command.get_subcommands().empty()) return;
    std::vector<std::string> known;
    for (const CLI::App* subcommand : command.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(subcommand->get_name());
    }
    throw InputError(fmt::format("a command is missing, expected one of: {} (see --help)", fmt::join(known, ", ")));
  });
}

void fail_violation(const Violation& violation, const std::vector<std::pair<std::string, std::string>>& flags) {
  std::string message = InvalidValue(violation).what();
  for (const auto& [field, flag] : flags) {
    for (std::size_t at = message.find(field); at != std::string::npos;
         at = message.find(field, at + flag.size())) {
      message.replace(at, field.size(), flag);
    }
  }
  throw InputError(message);
}

Accelerator find_accelerator(const std::string& name_or_file) {
  if (const Accelerator* built_in = accelerator_named(name_or_file)) return *built_in;
  if (looks_like_file(name_or_file)) return read_accelerator_file(name_or_file).specification;
  std::vector<std::string> known;
  for (const AcceleratorEntry& entry : accelerator_catalogue) known.emplace_back(entry.specification.name.view());
  fail_unknown("GPU", name_or_file, known);
}

ModelConfig find_model(const std::string& name_or_file) {
  if (const ModelConfig* built_in = model_named(name_or_file)) return *built_in;
  if (looks_like_file(name_or_file)) return read_model_file(name_or_file).config;
  std::vector<std::string> known;
  for (const ModelConfig& model : model_catalogue) known.emplace_back(model.name.view());
  fail_unknown("model", name_or_file, known);
}

Calibration find_calibration(const std::string& name_or_file) {
  if (const Calibration* built_in = calibration_named(name_or_file)) return *built_in;
  if (name_or_file.ends_with(".json")) return read_calibration_file(name_or_file).calibration;
  std::vector<std::string> known;
  for (const Calibration* calibration : calibration_catalogue) known.emplace_back(calibration->name.view());
  fail_unknown("calibration", name_or_file, known);
}

ServingSystem find_serving_system(const std::string& name_or_file) {
  if (const ServingSystem* built_in = serving_system_named(name_or_file)) return *built_in;
  if (looks_like_file(name_or_file)) return read_serving_system_file(name_or_file).specification;
  std::vector<std::string> known;
  for (const ServingSystemEntry& entry : serving_system_catalogue) {
    known.emplace_back(entry.specification.name.view());
  }
  fail_unknown("serving system", name_or_file, known);
}

Calibration calibration_for(const Accelerator& accelerator, const std::string& asked, bool carry) {
  if (asked.empty()) return default_calibration(accelerator);
  const Calibration calibration = find_calibration(asked);
  if (!calibration.answers_for(accelerator)) {
    throw InputError(
        fmt::format("--calibration {} needs multiprocessors, their clock and L2, which {} does not state, "
                    "expected: constant or "
                    "ideal",
                    calibration.name, accelerator.name));
  }
  if (calibration.accelerator.empty() || calibration.accelerator == accelerator.name) return calibration;
  if (!carry) {
    throw InputError(fmt::format("--calibration {} is for {}, expected one for {}", calibration.name,
                                 calibration.accelerator, accelerator.name));
  }
  constexpr double carried_interval_factor = 1.5;
  return calibration.carried_to(accelerator.name, carried_interval_factor);
}

ModelPrecision find_precision(const std::string& name) {
  if (const auto precision = model_precision_named(name)) return *precision;
  std::vector<std::string> known;
  for (const NamedModelPrecision& precision : model_precisions) known.emplace_back(precision.name);
  fail_unknown("data type", name, known);
}

std::vector<std::string> cache_format_names() {
  std::vector<std::string> names;
  for (const auto& [known, format] : cache_formats) names.emplace_back(known);
  return names;
}

TensorFormat find_cache_format(const std::string& name) {
  for (const auto& [known, format] : cache_formats) {
    if (known == name) return format;
  }
  fail_unknown("KV-cache data type", name, cache_format_names());
}

CLI::Option* add_count(CLI::App& command, const std::string& flags, std::int32_t& value,
                       const std::string& description, std::int32_t minimum) {
  const std::string flag = flags.substr(0, flags.find(','));
  return command
      .add_option_function<std::string>(
          flags,
          [&value, flag, minimum](const std::string& text) {
            std::int32_t number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc{} || end != text.data() + text.size() || number < minimum) {
              throw InputError(
                  fmt::format("{} is '{}', expected a whole number from {} to 2147483647", flag, text, minimum));
            }
            value = number;
          },
          description)
      ->type_name("N");
}

CLI::Option* add_number(CLI::App& command, const std::string& flag, double& value, const std::string& description,
                        double above, double most, const std::string& expected) {
  return command
      .add_option_function<std::string>(
          flag,
          [&value, flag, above, most, expected](const std::string& text) {
            double number = 0.0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc{} || end != text.data() + text.size() || !(number > above && number <= most)) {
              throw InputError(fmt::format("{} is '{}', expected {}", flag, text, expected));
            }
            value = number;
          },
          description)
      ->type_name("NUMBER");
}

Bytes parse_bytes(std::string_view flag, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 9> units{{{"", 1.0},
                                                                      {"B", 1.0},
                                                                      {"kB", 1e3},
                                                                      {"MB", 1e6},
                                                                      {"GB", 1e9},
                                                                      {"KiB", 1024.0},
                                                                      {"MiB", 1048576.0},
                                                                      {"GiB", 1073741824.0},
                                                                      {"TB", 1e12}}};
  double number = 0.0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : units) {
    const double bytes = number * factor;
    if (error == std::errc{} && unit == name && std::isfinite(bytes) && bytes > 0.0) return {bytes};
  }
  throw InputError(fmt::format("{} is '{}', expected a size such as 16MiB, 64kB or 4096", flag, text));
}

CLI::Option* add_choice(CLI::App& command, const std::string& flags, std::string& value,
                        const std::string& description, const std::vector<std::string>& choices) {
  const std::string flag = flags.substr(0, flags.find(','));
  return command
      .add_option_function<std::string>(
          flags,
          [&value, flag, choices](const std::string& text) {
            if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
              throw InputError(
                  fmt::format("{} is '{}', expected one of: {}", flag, text, fmt::join(choices, ", ")));
            }
            value = text;
          },
          description)
      ->type_name(fmt::format("{}", fmt::join(choices, "|")));
}

void require_support(const std::vector<Accelerator>& accelerators, DataType type) {
  for (const Accelerator& accelerator : accelerators) {
    if (accelerator.supports(type)) continue;
    std::vector<std::string_view> supported;
    for (const DataType other : data_types) {
      if (accelerator.supports(other)) supported.push_back(name(other));
    }
    throw InputError(fmt::format("{} has no peak rate for {}, expected one of: {}", accelerator.name, type,
                                 fmt::join(supported, ", ")));
  }
}

void fail_without_link(const Accelerator& accelerator, const Fabric& fabric, std::int32_t ranks) {
  const bool up = fabric.ranks_per_node > 1 && !(fabric.scale_up.bandwidth.value > 0.0);
  throw InputError(fmt::format("{} states no {} link, expected one to join {} ranks, {} a node", accelerator.name,
                               up ? "scale-up" : "scale-out", ranks, fabric.ranks_per_node));
}

void add_gpus(CLI::App& command, std::vector<std::string>& names) {
  command.add_option("--gpu", names, "Accelerator: a name of `opcost list gpus` or a hardware file; repeatable")
      ->expected(1)
      ->take_all()
      ->type_name("NAME|FILE");
}

std::vector<Accelerator> find_accelerators(const std::vector<std::string>& names) {
  require_option(!names.empty(), "--gpu", "a name of `opcost list gpus` or a hardware file");
  std::vector<Accelerator> accelerators;
  for (const std::string& name : names) {
    const Accelerator accelerator = find_accelerator(name);
    for (const Accelerator& earlier : accelerators) {
      if (earlier.name == accelerator.name) {
        throw InputError(fmt::format("--gpu names {} twice, expected each accelerator once", accelerator.name));
      }
    }
    accelerators.push_back(accelerator);
  }
  return accelerators;
}

}  // namespace opcost::program
