// SPDX-License-Identifier: Apache-2.0
//
// What commands about whole models share: a model in a precision, and the accelerators to look at it on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "opcost/latency/calibration.hpp"
#include "opcost/opcost.hpp"

namespace opcost::program {

/// The command line as typed; "" where nothing was.
struct TargetOptions {
  std::string model;
  std::vector<std::string> gpus;
  std::string data_type = "bf16";
  std::string cache_type;
  std::string calibration;  ///< "": each accelerator's default.
};

/// The same, resolved and checked.
struct Target {
  ModelConfig model;
  std::vector<Accelerator> accelerators;
  std::vector<Calibration> calibrations;  ///< One for each accelerator.
  std::string data_type;
  std::string cache_type;
  ModelPrecision precision;

  /// "bf16, KV cache fp8"
  std::string precision_text() const;
  /// "h100-sxm/vllm-0.24", "h100-sxm/vllm-0.24 carried over to h200-sxm"
  std::string calibration_text(std::size_t index) const;
  /// The same of all, joined by commas.
  std::string calibrations_text() const;
  /// Weights and KV cache of the model, or of a rank of it, beside what the accelerators hold: a line.
  std::string memory_text(Bytes weights, Bytes cache, bool of_a_rank = false) const;
  /// A line if so many tokens are more than the model was made for, else nothing.
  std::string context_text(std::int32_t context_tokens) const;
};

/// `--model`, `--gpu`, `--dtype`, `--kv-dtype`, `--calibration`.
void add_target_options(CLI::App& command, TargetOptions& options);

/// Throws InputError.
Target resolve_target(const TargetOptions& options);

/// "1 sequence", "64 sequences"
std::string plural(std::int64_t count, std::string_view noun);

}  // namespace opcost::program
