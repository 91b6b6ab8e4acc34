// SPDX-License-Identifier: Apache-2.0
//
// What the sequences of a server hold in memory: KV cache, in blocks, and recurrent state.
#pragma once

#include <cstdint>

#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// Bytes of KV cache that one token takes in one layer. Attention: a key and a value a KV head. Latent attention: the
/// latent and the rotary key once for all heads, and where there is an indexer one key of it, in fp8 with a scale as
/// its kernels have it (RuntimeIndexerPrecision). Nothing elsewhere.
constexpr Bytes kv_cache_bytes_per_token_and_layer(const ModelConfig& model, TokenMixer mixer,
                                                   const TensorFormat& format) noexcept {
  switch (mixer) {
    case TokenMixer::attention:
    case TokenMixer::local_attention:
      return (tensor_bytes(format, 1, model.heads.query_key_dimension) +
              tensor_bytes(format, 1, model.heads.value_dimension)) *
             double(model.heads.kv_heads);
    case TokenMixer::latent_attention:
      return tensor_bytes(format, 1, model.latent.heads.cached_dimension()) +
             (model.latent.indexer_heads > 0
                  ? tensor_bytes(formats::fp8_token_group, 1, model.latent.indexer_dimension)
                  : Bytes{});
    case TokenMixer::none:
    case TokenMixer::delta_rule:
    case TokenMixer::state_space: break;
  }
  return {};
}

/// The same of a model with one kind of cache: latent where it has latent attention, else attention's.
constexpr Bytes kv_cache_bytes_per_token_and_layer(const ModelConfig& model, const TensorFormat& format) noexcept {
  const bool latent = model.layers(TokenMixer::latent_attention) > 0;
  return kv_cache_bytes_per_token_and_layer(model, latent ? TokenMixer::latent_attention : TokenMixer::attention,
                                            format);
}

/// Bytes of KV cache that one more token takes in all layers, as long as no window is full.
constexpr Bytes kv_cache_bytes_per_token(const ModelConfig& model, const TensorFormat& format) noexcept {
  Bytes bytes{};
  for (const LayerGroup& group : model.layer_groups) {
    bytes += kv_cache_bytes_per_token_and_layer(model, group.mixer, format) * double(group.layers);
  }
  return bytes;
}

/// Bytes of state that one sequence holds whatever its length: a key × value matrix a head of every delta rule and
/// state space, in `state`, and the last inputs of the short convolution before it, in `convolution`.
constexpr Bytes recurrent_state_bytes(const ModelConfig& model, const TensorFormat& state = formats::fp32,
                                      const TensorFormat& convolution = formats::bf16) noexcept {
  const RecurrenceConfig& rule = model.recurrence;
  const double layers = double(model.layers(TokenMixer::delta_rule)) + model.layers(TokenMixer::state_space);
  const double inputs = rule.convolution_width > 0 ? rule.convolution_width - 1.0 : 0.0;
  return Bytes{layers * (rule.state_elements() * bytes_per_element(state.element) +
                         inputs * rule.convolution_channels() * bytes_per_element(convolution.element))};
}

/// Blocks and sequences that a rank holds: what its KV cache and recurrent state are multiples of. Integers, so that
/// adding and removing in any order leaves nothing behind.
struct CacheCounts {
  std::int64_t sequences = 0;
  std::int64_t blocks = 0;        ///< In each layer that attends to all tokens, with latents or without.
  std::int64_t local_blocks = 0;  ///< In each layer with local attention.

  constexpr CacheCounts& operator+=(const CacheCounts& other) noexcept {
    sequences += other.sequences;
    blocks += other.blocks;
    local_blocks += other.local_blocks;
    return *this;
  }
  constexpr CacheCounts& operator-=(const CacheCounts& other) noexcept {
    sequences -= other.sequences;
    blocks -= other.blocks;
    local_blocks -= other.local_blocks;
    return *this;
  }
  friend constexpr CacheCounts operator*(const CacheCounts& a, std::int64_t times) noexcept {
    return {a.sequences * times, a.blocks * times, a.local_blocks * times};
  }
  friend constexpr bool operator==(const CacheCounts&, const CacheCounts&) noexcept = default;
};

/// The sequences whose keys and states a rank holds, as sums, updated in O(1) as a scheduler admits, advances and
/// retires them. Made for a rank, whose window and share of the keys the sums depend on, and for blocks of
/// `block_tokens` (positive). It does not remember the sequences: remove only what was added, with the same tokens.
/// No member throws, allocates or locks.
///
/// A sequence takes ⌈tokens / block⌉ blocks. In a layer with local attention it takes no more than its window can touch:
/// W tokens that end anywhere in a block touch at most ⌈(W − 1) / block⌉ + 1. Of c context-parallel ranks each has
/// ⌈tokens / c⌉ of a sequence's tokens, and ⌈W / c⌉ of a window's (keys dealt out in turn, as vLLM's decode context
/// parallelism does). Blocks that sequences share (cached prefixes) count for each. Not counted: the keys of new tokens
/// of a prefill that have left the window when its step ends, which vLLM keeps until then.
class CacheBatch {
 public:
  constexpr CacheBatch() noexcept = default;
  constexpr CacheBatch(const ModelShard& shard, std::int32_t block_tokens) noexcept
      : CacheBatch(shard.model, shard.place.parallelism.context, block_tokens) {}
  /// Of the whole model on one rank.
  constexpr CacheBatch(const ModelConfig& model, std::int32_t block_tokens) noexcept
      : CacheBatch(model, 1, block_tokens) {}

  /// What one sequence of so many tokens (0 or more) takes.
  constexpr CacheCounts of_sequence(std::int32_t context_tokens) const noexcept {
    const std::int32_t blocks =
        detail::largest_share(detail::largest_share(context_tokens, context_ranks_), block_tokens_);
    return {1, blocks, blocks < window_blocks_ ? blocks : window_blocks_};
  }

  constexpr void add(std::int32_t context_tokens) noexcept { counts_ += of_sequence(context_tokens); }
  constexpr void remove(std::int32_t context_tokens) noexcept { counts_ -= of_sequence(context_tokens); }
  /// Both in one: a sequence that took a step.
  constexpr void replace(std::int32_t tokens_before, std::int32_t tokens_after) noexcept {
    remove(tokens_before);
    add(tokens_after);
  }

  constexpr const CacheCounts& counts() const noexcept { return counts_; }
  constexpr std::int32_t block_tokens() const noexcept { return block_tokens_; }

  /// Whether the sums are what this rank's memory depends on.
  constexpr bool made_for(const ModelShard& shard) const noexcept {
    const CacheBatch other(shard, block_tokens_);
    return context_ranks_ == other.context_ranks_ && window_blocks_ == other.window_blocks_;
  }

  friend constexpr bool operator==(const CacheBatch&, const CacheBatch&) noexcept = default;

 private:
  constexpr CacheBatch(const ModelConfig& model, std::int32_t context_ranks, std::int32_t block_tokens) noexcept
      : context_ranks_(context_ranks), block_tokens_(block_tokens) {
    if (model.local_layers() == 0) return;
    const std::int32_t window = detail::largest_share(model.sliding_window, context_ranks);
    window_blocks_ = detail::largest_share(window - 1, block_tokens) + 1;
  }

  std::int32_t context_ranks_ = 1;
  std::int32_t block_tokens_ = 1;
  std::int32_t window_blocks_ = 0;  // 0: no layer has a window
  CacheCounts counts_{};
};

/// What sequences hold in memory.
struct CacheBytes {
  Bytes kv_cache{};
  Bytes recurrent_state{};

  constexpr Bytes total() const noexcept { return kv_cache + recurrent_state; }
  friend constexpr bool operator==(const CacheBytes&, const CacheBytes&) noexcept = default;
};

/// Bytes of so many blocks of `block_tokens` and sequences in all layers of `model` (ModelShard::model of a rank).
/// Exact below 2⁵³ bytes.
constexpr CacheBytes cache_bytes(const ModelConfig& model, const ModelPrecision& precision,
                                 const CacheCounts& counts, std::int32_t block_tokens) noexcept {
  CacheBytes bytes;
  bytes.recurrent_state = recurrent_state_bytes(model, precision.recurrent_state, precision.hidden) *
                          static_cast<double>(counts.sequences);
  for (const LayerGroup& group : model.layer_groups) {
    const auto blocks =
        static_cast<double>(group.mixer == TokenMixer::local_attention ? counts.local_blocks : counts.blocks);
    bytes.kv_cache += kv_cache_bytes_per_token_and_layer(model, group.mixer, precision.kv_cache) *
                      (blocks * block_tokens * group.layers);
  }
  return bytes;
}
constexpr CacheBytes cache_bytes(const ModelShard& shard, const ModelPrecision& precision,
                                 const CacheBatch& cache) noexcept {
  return cache_bytes(shard.model, precision, cache.counts(), cache.block_tokens());
}

/// Everything that one sequence of `context_tokens` holds in a whole model, to the token: its KV cache, of which local
/// layers keep no more than their window, and its recurrent state.
constexpr Bytes kv_cache_bytes(const ModelConfig& model, const ModelPrecision& precision,
                               std::int32_t context_tokens) noexcept {
  const CacheBatch cache(model, 1);
  return cache_bytes(model, precision, cache.of_sequence(context_tokens), 1).total();
}

/// The same with everything but the cache's format as ModelPrecision has it by default.
constexpr Bytes kv_cache_bytes(const ModelConfig& model, const TensorFormat& format,
                               std::int32_t context_tokens) noexcept {
  return kv_cache_bytes(model, ModelPrecision{.kv_cache = format}, context_tokens);
}

}  // namespace opcost
