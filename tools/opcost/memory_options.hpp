// SPDX-License-Identifier: Apache-2.0
//
// What commands about memory share: how a server divides it, and what fits the ranks of all stages of a pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "opcost/io/json.hpp"
#include "opcost/io/step_batch_json.hpp"
#include "opcost/opcost.hpp"
#include "step_options.hpp"

namespace opcost::program {

/// `--utilisation`, `--block`, `--step-tokens`, `--sampled-tokens`, `--reserve`.
void add_memory_options(CLI::App& command, MemoryPolicy& policy);

nlohmann::ordered_json policy_json(const MemoryPolicy& policy);

/// A rank of each stage.
std::vector<ModelShard> stages_of(const ModelConfig& model, const Parallelism& parallelism);

/// Whether these sequences fit the ranks of all stages; none: whether the model does.
bool sequences_fit(const std::vector<ModelShard>& stages, const ModelPrecision& precision,
                   const Accelerator& accelerator, const MemoryPolicy& policy,
                   const std::vector<StepSequences>& held);

/// The KV cache and recurrent state of those sequences on a rank of a stage.
Bytes held_by(const std::vector<StepSequences>& sequences, const ModelShard& stage, const ModelPrecision& precision,
              std::int32_t block_tokens);

/// How many sequences of `context_tokens` fit the ranks of all stages beside those held already.
std::int32_t sequences_that_fit(const std::vector<ModelShard>& stages, const ModelPrecision& precision,
                                const Accelerator& accelerator, const MemoryPolicy& policy,
                                std::int32_t context_tokens, const std::vector<StepSequences>& held = {});

/// The longest context by memory, and by what the model was made for.
struct FittingContext {
  std::int32_t by_memory = 0;
  std::int32_t by_model = unlimited_by_memory;  ///< That where it is not stated.

  std::int32_t tokens() const noexcept { return by_memory < by_model ? by_memory : by_model; }
};

FittingContext context_that_fits(const ModelConfig& model, const Parallelism& parallelism,
                                 const ModelPrecision& precision, const Accelerator& accelerator,
                                 const MemoryPolicy& policy, std::int32_t sequences);

/// "64", "unlimited"
std::string fitting_text(std::int32_t count);

/// The same for programs: null where memory does not limit it.
nlohmann::ordered_json fitting_json(std::int32_t count);

}  // namespace opcost::program
