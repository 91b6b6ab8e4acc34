// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "usage.hpp"

namespace opcost::program {

void add_target_options(CLI::App& command, TargetOptions& options) {
  command
      .add_option("--model", options.model, "Model: a name of `opcost list models` or a Hugging Face config.json")
      ->type_name("NAME|FILE");
  add_gpus(command, options.gpus);
  command
      .add_option("--dtype", options.data_type, "Weights and activations: see `opcost list dtypes` (default: bf16)")
      ->type_name("TYPE");
  command
      .add_option("--kv-dtype", options.cache_type,
                  "KV cache (default: bf16, or --dtype where that is a 16- or 32-bit type)")
      ->type_name("TYPE");
  command
      .add_option("--calibration", options.calibration,
                  "Estimate with this calibration: a name of `opcost list calibrations` or a file (default: each "
                  "GPU's own)")
      ->type_name("NAME|FILE");
}

Target resolve_target(const TargetOptions& options) {
  Target target;
  require_option(!options.model.empty(), "--model", "a name of `opcost list models` or a Hugging Face config.json");
  target.model = find_model(options.model);
  target.accelerators = find_accelerators(options.gpus);
  for (const Accelerator& accelerator : target.accelerators) {
    target.calibrations.push_back(calibration_for(accelerator, options.calibration, false));
  }
  target.data_type = options.data_type;
  target.precision = find_precision(options.data_type);
  if (!options.cache_type.empty()) target.precision.kv_cache = find_cache_format(options.cache_type);
  target.cache_type =
      options.cache_type.empty() ? std::string(name(target.precision.kv_cache.element)) : options.cache_type;
  return target;
}

std::string Target::precision_text() const { return fmt::format("{}, KV cache {}", data_type, cache_type); }

std::string Target::calibration_text(std::size_t index) const {
  const Calibration& calibration = calibrations[index];
  if (calibration.interval_factor == 1.0) return fmt::format("{}", calibration.name);
  return fmt::format("{} carried over to {}", calibration.name, accelerators[index].name);
}

std::string Target::calibrations_text() const {
  std::string text;
  for (std::size_t i = 0; i < calibrations.size(); ++i) text += (i == 0 ? "" : ", ") + calibration_text(i);
  return text;
}

std::string Target::memory_text(Bytes weights, Bytes cache, bool of_a_rank) const {
  std::string too_small;
  for (const Accelerator& accelerator : accelerators) {
    if (weights + cache > accelerator.memory_capacity) {
      too_small +=
          fmt::format("{}{} ({})", too_small.empty() ? "" : ", ", accelerator.name, accelerator.memory_capacity);
    }
  }
  return fmt::format("Memory{}: weights {} + KV cache {} = {}{}.\n", of_a_rank ? " of a rank" : "", weights, cache,
                     weights + cache,
                     too_small.empty() ? "" : fmt::format(", more than one of these holds: {}", too_small));
}

std::string Target::context_text(std::int32_t context_tokens) const {
  if (model.maximum_context == 0 || context_tokens <= model.maximum_context) return {};
  return fmt::format("The context is longer than the {} tokens that {} was made for.\n", model.maximum_context,
                     model.name);
}

std::string plural(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace opcost::program
