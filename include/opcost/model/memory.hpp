// SPDX-License-Identifier: Apache-2.0
//
// What one rank of a model holds in memory, whether it fits an accelerator, and how many sequences of how many tokens
// do. Everything is for one ModelShard with the layers of its stage. Ranks of a stage are alike; of a pipeline's stages
// each has its own answer, and the smallest holds for all.
//
// Bytes are whole numbers (halves of 4-bit types) below 2⁵², so that sums and comparisons are exact in any order.
// Nothing here throws, allocates or locks.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/mathematics.hpp"
#include "opcost/model/activations.hpp"
#include "opcost/model/cache_batch.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/weights.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How a server divides an accelerator's memory. Defaults are vLLM's on an H100.
struct MemoryPolicy {
  double utilisation = 0.9;        ///< Share of the memory that it takes (--gpu-memory-utilization).
  std::int32_t block_tokens = 16;  ///< Tokens of a block of KV cache (--block-size); 1: to the token.
  /// Most new tokens of a step, on the ranks that share them (--max-num-batched-tokens): activations are made for it.
  std::int32_t step_tokens = 8192;
  /// Most positions that a step scores (--max-num-seqs); no more of them count than step_tokens.
  std::int32_t sampled_tokens = 1024;
  /// What is neither weights, caches nor activations: the driver's context, kernels, communication buffers, captured
  /// graphs. An assumption: vLLM logs 1.79 GiB outside of the framework's allocator for Llama-3-8B on one H100
  /// (vllm-project/vllm pull request 10511), and graphs come on top.
  Bytes runtime_reserve{2.0 * 1073741824.0};

  /// A share above 0 and up to 1, positive tokens, nothing negative.
  constexpr std::optional<Violation> violation() const noexcept {
    if (!(utilisation > 0.0 && utilisation <= 1.0)) {
      return Violation{"utilisation", utilisation, "a number above 0 and at most 1"};
    }
    return detail::first_of(detail::require_positive("block_tokens", block_tokens),
                            detail::require_positive("step_tokens", step_tokens),
                            detail::require_at_least("sampled_tokens", sampled_tokens, 0, "a number ≥ 0"),
                            detail::require_at_least("runtime_reserve", runtime_reserve.value, 0, "a number ≥ 0"));
  }

  friend constexpr bool operator==(const MemoryPolicy&, const MemoryPolicy&) noexcept = default;
};

/// Where a rank's memory goes.
struct MemoryUse {
  Bytes weights{};
  Bytes kv_cache{};
  Bytes recurrent_state{};
  Bytes activations{};  ///< At their peak.
  Bytes reserve{};

  constexpr Bytes total() const noexcept { return weights + kv_cache + recurrent_state + activations + reserve; }
  friend constexpr bool operator==(const MemoryUse&, const MemoryUse&) noexcept = default;
};

/// What a rank holds for these sequences. Of a pipeline, `shard` is that of one stage: shard_of with three arguments (with
/// two it has the layers of all stages). `cache` is made for the shard, with the policy's blocks or others.
constexpr MemoryUse memory_use(const ModelShard& shard, const ModelPrecision& precision, const CacheBatch& cache,
                               const MemoryPolicy& policy = {}) noexcept {
  const CacheBytes held = cache_bytes(shard, precision, cache);
  const std::int32_t sampled =
      policy.sampled_tokens < policy.step_tokens ? policy.sampled_tokens : policy.step_tokens;
  return {.weights = weight_bytes(shard, precision),
          .kv_cache = held.kv_cache,
          .recurrent_state = held.recurrent_state,
          .activations = activation_bytes(shard, precision, policy.step_tokens, sampled),
          .reserve = policy.runtime_reserve};
}

/// What a server takes of an accelerator's memory, in whole bytes: of the usable memory, or of the capacity where no
/// usable memory is published.
constexpr Bytes available_memory(const Accelerator& accelerator, const MemoryPolicy& policy = {}) noexcept {
  const Bytes memory =
      accelerator.usable_memory > Bytes{} ? accelerator.usable_memory : accelerator.memory_capacity;
  return Bytes{mathematics::whole_part(memory.value * policy.utilisation)};
}

/// What is left of it. Negative: that much is missing.
constexpr Bytes headroom(const MemoryUse& use, const Accelerator& accelerator,
                         const MemoryPolicy& policy = {}) noexcept {
  return available_memory(accelerator, policy) - use.total();
}

constexpr bool fits(const MemoryUse& use, const Accelerator& accelerator,
                    const MemoryPolicy& policy = {}) noexcept {
  return headroom(use, accelerator, policy) >= Bytes{};
}

/// What is left for KV cache and recurrent state. Negative: not even the weights, activations and reserve fit, by that
/// much.
constexpr Bytes cache_capacity(const ModelShard& shard, const ModelPrecision& precision,
                               const Accelerator& accelerator, const MemoryPolicy& policy = {}) noexcept {
  return headroom(memory_use(shard, precision, CacheBatch(shard, policy.block_tokens), policy), accelerator,
                  policy);
}

/// More sequences or tokens than memory can limit.
inline constexpr std::int32_t unlimited_by_memory = std::numeric_limits<std::int32_t>::max();

/// The most sequences of `context_tokens` (0 or more) that fit at once, those of the ranks that share tokens: exact to
/// one. 0 also where the capacity for caches is negative; `unlimited_by_memory` where as many fit, because the rank
/// holds little or nothing a sequence.
constexpr std::int32_t largest_batch(const ModelShard& shard, const ModelPrecision& precision,
                                     const Accelerator& accelerator, const MemoryPolicy& policy,
                                     std::int32_t context_tokens) noexcept {
  const Bytes capacity = cache_capacity(shard, precision, accelerator, policy);
  if (capacity < Bytes{}) return 0;
  const CacheCounts one = CacheBatch(shard, policy.block_tokens).of_sequence(context_tokens);
  const Bytes sequence = cache_bytes(shard.model, precision, one, policy.block_tokens).total();
  if (sequence * unlimited_by_memory <= capacity) return unlimited_by_memory;
  return static_cast<std::int32_t>(capacity / sequence);  // below 2⁵² no quotient is rounded up to a whole number
}

/// The longest context of which `sequences` (positive) fit at once: exact to one token. 0 if not even one token each
/// does, or the capacity for caches is negative; `unlimited_by_memory` where nothing that the rank holds grows with the
/// context (a pure recurrence; every window full). What the model was made for is not asked: see
/// ModelConfig::maximum_context.
constexpr std::int32_t longest_context(const ModelShard& shard, const ModelPrecision& precision,
                                       const Accelerator& accelerator, const MemoryPolicy& policy,
                                       std::int32_t sequences) noexcept {
  const Bytes capacity = cache_capacity(shard, precision, accelerator, policy);
  const CacheBatch cache(shard, policy.block_tokens);
  const auto fit = [&](std::int32_t tokens) {
    const CacheCounts counts = cache.of_sequence(tokens) * sequences;
    return cache_bytes(shard.model, precision, counts, policy.block_tokens).total() <= capacity;
  };
  return mathematics::largest_that(unlimited_by_memory, fit);
}

/// The same of all stages of a pipeline: as many sequences, or as long a context, as fit each of them. For a valid pair.
constexpr std::int32_t largest_batch(const ModelConfig& model, const Parallelism& parallelism,
                                     const ModelPrecision& precision, const Accelerator& accelerator,
                                     const MemoryPolicy& policy, std::int32_t context_tokens) noexcept {
  std::int32_t least = unlimited_by_memory;
  for (std::int32_t stage = 0; stage < parallelism.pipeline; ++stage) {
    const std::int32_t fit =
        largest_batch(shard_of(model, parallelism, stage), precision, accelerator, policy, context_tokens);
    least = fit < least ? fit : least;
  }
  return least;
}
constexpr std::int32_t longest_context(const ModelConfig& model, const Parallelism& parallelism,
                                       const ModelPrecision& precision, const Accelerator& accelerator,
                                       const MemoryPolicy& policy, std::int32_t sequences) noexcept {
  std::int32_t least = unlimited_by_memory;
  for (std::int32_t stage = 0; stage < parallelism.pipeline; ++stage) {
    const std::int32_t fit =
        longest_context(shard_of(model, parallelism, stage), precision, accelerator, policy, sequences);
    least = fit < least ? fit : least;
  }
  return least;
}

}  // namespace opcost
