// SPDX-License-Identifier: Apache-2.0
//
// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): the cache holds one latent vector and one
// rotary key a token, which all heads share.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/attention.hpp"
#include "opcost/operation/attention_batch.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/batched_projection.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// The dimensions of multi-head latent attention; DeepSeek-V3's (arXiv 2412.19437, section 4.2) by default.
struct LatentHeads {
  std::int32_t query_heads =
      128;  ///< On this rank: tensor parallelism shards heads, the latent cache is replicated.
  std::int32_t latent_rank = 512;     ///< Of the cached latent vector (kv_lora_rank).
  std::int32_t rope_dimension = 64;   ///< Of the cached rotary key.
  std::int32_t nope_dimension = 128;  ///< Of a head's query and key without position.
  std::int32_t value_dimension = 128;

  /// Elements that the cache holds of a token.
  constexpr std::int32_t cached_dimension() const noexcept { return latent_rank + rope_dimension; }
  /// Of a head's query and expanded key.
  constexpr std::int32_t query_key_dimension() const noexcept { return nope_dimension + rope_dimension; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("query_heads", query_heads),
                            detail::require_positive("latent_rank", latent_rank),
                            detail::require_positive("rope_dimension", rope_dimension),
                            detail::require_positive("nope_dimension", nope_dimension),
                            detail::require_positive("value_dimension", value_dimension));
  }

  friend constexpr bool operator==(const LatentHeads&, const LatentHeads&) noexcept = default;
};

/// How the heads meet the latents. Absorbed: queries are projected into the latent space and attend to the cache as it
/// is, one KV head for all; what decode does. Expanded: the latents are projected up to a key and a value a head, then
/// it is ordinary multi-head attention; fewer FLOPs a pair, so what long prefills do.
enum class LatentForm : std::uint8_t { absorbed, expanded };

/// Attention of `sequences` alike sequences over a latent cache, without the projections around it.
///
///   absorbed  matrix FLOPs  2 · pairs · heads · ((latent + rope) + latent): scores, then values in the latent space
///             reads         queries tokens · heads · (latent + rope); latent + rope a visible key, once for all heads
///             writes        tokens · heads · latent
///   expanded  matrix FLOPs  2 · pairs · heads · ((nope + rope) + value)
///             reads         queries tokens · heads · (nope + rope); a key and a value a head and visible key, as
///                           activations in the query's type: what `key_value_up` wrote
///             writes        tokens · heads · value
///   both      exponentials  pairs · heads; the cache takes latent + rope a new token
///
/// Mask Causal, or TopKeys for the sparse attention of DeepSeek-V3.2. Some published counts take latent + rope for the
/// values, too (arXiv 2507.19427); those are 6 % higher.
template <AttentionMask Mask = Causal, AttentionPrecision P = RuntimeAttentionPrecision>
struct LatentAttention {
  static constexpr std::string_view kind =
      std::same_as<Mask, Causal> ? "latent_attention" : "sparse_latent_attention";
  using Batch = AttentionBatch<Mask>;

  LatentHeads heads{};
  LatentForm form = LatentForm::absorbed;
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  [[no_unique_address]] Mask mask{};
  [[no_unique_address]] P precision{};

  /// The attention that the kernel computes: one KV head of latent vectors, or a KV head for each query head.
  constexpr AttentionHeads computed_heads() const noexcept {
    if (form == LatentForm::absorbed) {
      return {heads.query_heads, 1, heads.cached_dimension(), heads.latent_rank};
    }
    return {heads.query_heads, heads.query_heads, heads.query_key_dimension(), heads.value_dimension};
  }

  /// Exact cost. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    return cost_of(count_sequence(mask, {query_tokens, context_tokens}), sequences);
  }

  /// The cost given counts of sequences, `times` over: see Ragged.
  constexpr Cost cost_of(const AttentionCounts& counts, double times = 1.0) const noexcept {
    const double visible_keys = static_cast<double>(counts.visible_keys) * times;
    Cost cost = attention_cost(computed_heads(), counts, precision, {.stores_keys = false}, times);
    const Bytes cached = tensor_bytes(precision.kv_cache, 1, heads.cached_dimension());
    if (form == LatentForm::absorbed) {
      cost.kv_cache_read = visible_keys * cached;
    } else {
      cost.kv_cache_read = {};
      cost.activation_read += visible_keys * heads.query_heads *
                              (tensor_bytes(precision.query, 1, heads.query_key_dimension()) +
                               tensor_bytes(precision.query, 1, heads.value_dimension));
    }
    cost.kv_cache_write = static_cast<double>(counts.query_tokens) * times * cached;
    return cost;
  }

  /// The query's element type.
  constexpr DataType compute_type() const noexcept { return TensorFormat(precision.query).element; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(heads.violation(), detail::require_positive("sequences", sequences),
                            SequenceTokens{query_tokens, context_tokens}.violation(), mask.violation());
  }

  friend constexpr bool operator==(const LatentAttention&, const LatentAttention&) noexcept = default;
};

/// DeepSeek-V3.2's: latent attention to the keys that an AttentionIndexer chose.
using SparseLatentAttention = LatentAttention<TopKeys>;

/// The projections around latent attention, each a matrix product of its own. `query_rank` is the low rank of the
/// queries (q_lora_rank; 1536 in DeepSeek-V3), 0 where they are projected at once. Heads are those of one rank.
///
///   query_down       hidden → query_rank              replicated over tensor-parallel ranks
///   query_up         query_rank → heads · (nope + rope)
///   key_value_down   hidden → latent + rope           replicated
///   key_value_up     latent → heads · (nope + value)  expanded form, for every visible key that is not expanded yet
///   query_absorb     a head's nope → latent           absorbed form
///   value_absorb     a head's latent → value          absorbed form
///   output           heads · value → hidden
template <LinearPrecision P = RuntimeLinearPrecision>
struct LatentProjections {
  LatentHeads heads{};
  std::int32_t hidden_size = 7168;
  std::int32_t query_rank = 1536;
  [[no_unique_address]] P precision{};

  constexpr LinearProjection<P> query_down(std::int32_t tokens) const noexcept {
    return {tokens, hidden_size, query_rank, false, precision};
  }
  constexpr LinearProjection<P> query_up(std::int32_t tokens) const noexcept {
    return {tokens, query_rank > 0 ? query_rank : hidden_size, heads.query_heads * heads.query_key_dimension(),
            false, precision};
  }
  constexpr LinearProjection<P> key_value_down(std::int32_t tokens) const noexcept {
    return {tokens, hidden_size, heads.cached_dimension(), false, precision};
  }
  constexpr LinearProjection<P> key_value_up(std::int32_t tokens) const noexcept {
    return {tokens, heads.latent_rank, heads.query_heads * (heads.nope_dimension + heads.value_dimension), false,
            precision};
  }
  constexpr BatchedProjection<P> query_absorb(std::int32_t tokens) const noexcept {
    return {heads.query_heads, tokens, heads.nope_dimension, heads.latent_rank, precision};
  }
  constexpr BatchedProjection<P> value_absorb(std::int32_t tokens) const noexcept {
    return {heads.query_heads, tokens, heads.latent_rank, heads.value_dimension, precision};
  }
  constexpr LinearProjection<P> output(std::int32_t tokens) const noexcept {
    return {tokens, heads.query_heads * heads.value_dimension, hidden_size, false, precision};
  }
};

}  // namespace opcost
