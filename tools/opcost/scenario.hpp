// SPDX-License-Identifier: Apache-2.0
//
// What `opcost ops` and `opcost plot roofline` look at: a model's forward pass over a batch on some accelerators.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "opcost/opcost.hpp"
#include "target.hpp"

namespace opcost::program {

/// The command line as typed; 0 and "" where nothing was.
struct ScenarioOptions : TargetOptions {
  std::string phase = "decode";
  std::int32_t batch = 1;
  std::int32_t context = 0;
  std::int32_t prompt = 0;
};

/// The same, resolved and checked.
struct Scenario : Target {
  std::string phase;
  UniformBatch batch;
  ModelOperations operations;

  /// "decode: 64 sequences at 8192 tokens of context; bf16, KV cache bf16"
  std::string description() const;
};

void add_scenario_options(CLI::App& command, ScenarioOptions& options);

/// Throws InputError.
Scenario resolve(const ScenarioOptions& options);

}  // namespace opcost::program
