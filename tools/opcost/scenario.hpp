// SPDX-License-Identifier: Apache-2.0
//
// What `opcost ops` and `opcost plot` look at: a model's forward pass over a batch on some accelerators.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "opcost/latency/calibration.hpp"
#include "opcost/opcost.hpp"

namespace opcost::program {

/// The command line as typed; 0 and "" where nothing was.
struct ScenarioOptions {
  std::string model;
  std::vector<std::string> gpus;
  std::string phase = "decode";
  std::int32_t batch = 1;
  std::int32_t context = 0;
  std::int32_t prompt = 0;
  std::string data_type = "bf16";
  std::string cache_type;
  std::string calibration;  ///< "": each accelerator's default.
};

/// The same, resolved and checked.
struct Scenario {
  ModelConfig model;
  std::vector<Accelerator> accelerators;
  std::vector<Calibration> calibrations;  ///< One for each accelerator.
  std::string phase;
  UniformBatch batch;
  std::string data_type;
  std::string cache_type;
  ModelPrecision precision;
  ModelOperations operations;

  /// "decode: 64 sequences at 8192 tokens of context; bf16, KV cache bf16"
  std::string description() const;
};

void add_scenario_options(CLI::App& command, ScenarioOptions& options);

/// Throws InputError.
Scenario resolve(const ScenarioOptions& options);

}  // namespace opcost::program
