// SPDX-License-Identifier: Apache-2.0
#include "memory_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "usage.hpp"

namespace opcost::program {

Bytes held_by(const std::vector<StepSequences>& sequences, const ModelShard& stage, const ModelPrecision& precision,
              std::int32_t block_tokens) {
  const CacheBatch cache(stage, block_tokens);
  CacheCounts counts;
  for (const StepSequences& alike : sequences) {
    counts += cache.of_sequence(alike.sequence.context_tokens) * alike.count;
  }
  return cache_bytes(stage.model, precision, counts, block_tokens).total();
}

namespace {

/// The policy that leaves as much to other sequences: what is held is taken out beforehand.
MemoryPolicy beside(const std::vector<StepSequences>& held, const ModelShard& stage,
                    const ModelPrecision& precision, MemoryPolicy policy) {
  policy.runtime_reserve += held_by(held, stage, precision, policy.block_tokens);
  return policy;
}

}  // namespace

void add_memory_options(CLI::App& command, MemoryPolicy& policy) {
  add_number(command, "--utilisation", policy.utilisation,
             "Share of a GPU's memory that the server takes (default: 0.9)", 0.0, 1.0,
             "a number above 0 and at most 1");
  add_count(command, "--block", policy.block_tokens, "Tokens of a block of KV cache (default: 16)");
  add_count(command, "--step-tokens", policy.step_tokens,
            "Most new tokens of a step, which activations are made for (default: 8192)");
  add_count(command, "--sampled-tokens", policy.sampled_tokens, "Most positions that a step scores (default: 1024)",
            0);
  command
      .add_option_function<std::string>(
          "--reserve",
          [&policy](const std::string& text) { policy.runtime_reserve = parse_bytes("--reserve", text); },
          "What is neither weights, caches nor activations: driver, communication buffers, graphs (default: 2GiB)")
      ->type_name("SIZE");
}

nlohmann::ordered_json policy_json(const MemoryPolicy& policy) {
  return {{"utilisation", policy.utilisation},
          {"block_tokens", policy.block_tokens},
          {"step_tokens", policy.step_tokens},
          {"sampled_tokens", policy.sampled_tokens},
          {"reserve_bytes", policy.runtime_reserve.value}};
}

std::vector<ModelShard> stages_of(const ModelConfig& model, const Parallelism& parallelism) {
  std::vector<ModelShard> stages;
  for (std::int32_t stage = 0; stage < parallelism.pipeline; ++stage) {
    stages.push_back(shard_of(model, parallelism, stage));
  }
  return stages;
}

bool sequences_fit(const std::vector<ModelShard>& stages, const ModelPrecision& precision,
                   const Accelerator& accelerator, const MemoryPolicy& policy,
                   const std::vector<StepSequences>& held) {
  return std::all_of(stages.begin(), stages.end(), [&](const ModelShard& stage) {
    return cache_capacity(stage, precision, accelerator, beside(held, stage, precision, policy)) >= Bytes{};
  });
}

std::int32_t sequences_that_fit(const std::vector<ModelShard>& stages, const ModelPrecision& precision,
                                const Accelerator& accelerator, const MemoryPolicy& policy,
                                std::int32_t context_tokens, const std::vector<StepSequences>& held) {
  std::int32_t sequences = unlimited_by_memory;
  for (const ModelShard& stage : stages) {
    const MemoryPolicy others = beside(held, stage, precision, policy);
    sequences = std::min(sequences, largest_batch(stage, precision, accelerator, others, context_tokens));
  }
  return sequences;
}

FittingContext context_that_fits(const ModelConfig& model, const Parallelism& parallelism,
                                 const ModelPrecision& precision, const Accelerator& accelerator,
                                 const MemoryPolicy& policy, std::int32_t sequences) {
  FittingContext context{longest_context(model, parallelism, precision, accelerator, policy, sequences)};
  if (model.maximum_context > 0) context.by_model = model.maximum_context;
  return context;
}

std::string fitting_text(std::int32_t count) {
  return count == unlimited_by_memory ? "unlimited" : fmt::format("{}", count);
}

nlohmann::ordered_json fitting_json(std::int32_t count) {
  if (count == unlimited_by_memory) return nullptr;
  return count;
}

}  // namespace opcost::program
