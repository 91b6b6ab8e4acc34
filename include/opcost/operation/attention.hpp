// SPDX-License-Identifier: Apache-2.0
//
// Attention over a KV cache: one descriptor per kind of batch, uniform (`Attention`) and ragged
// (`RaggedAttention`), both for any mask and precision, both through one cost formula.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/attention_batch.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// The heads of an attention. Grouped-query attention has fewer KV heads than query heads, multi-query one.
/// Queries and keys share a head dimension; values (and so the output) may have another.
struct AttentionHeads {
  std::int32_t query_heads = 1;
  std::int32_t kv_heads = 1;
  std::int32_t query_key_dimension = 128;
  std::int32_t value_dimension = 128;

  /// All positive, and the KV heads divide the query heads.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto positive = detail::first_of(detail::require_positive("query_heads", query_heads),
                                           detail::require_positive("kv_heads", kv_heads),
                                           detail::require_positive("query_key_dimension", query_key_dimension),
                                           detail::require_positive("value_dimension", value_dimension));
    if (positive) return positive;
    if (query_heads % kv_heads != 0) return Violation{"kv_heads", double(kv_heads), "a divisor of query_heads"};
    return std::nullopt;
  }

  friend constexpr bool operator==(const AttentionHeads&, const AttentionHeads&) noexcept = default;
};

/// What some models' attention does beside scaled dot products.
struct AttentionFeatures {
  bool stores_keys = true;     ///< New keys and values go into the cache. Not so in encoders and cross attention.
  bool sinks = false;          ///< A learned logit a head joins the softmax (gpt-oss, arXiv 2508.10925).
  bool score_softcap = false;  ///< cap · tanh(score / cap) before the softmax (Gemma 2, arXiv 2408.00118).

  friend constexpr bool operator==(const AttentionFeatures&, const AttentionFeatures&) noexcept = default;
};

/// The cost of attention given its heads and the batch's counts, for a fused (FlashAttention-style) kernel over
/// a paged KV cache that also stores the new tokens' keys and values:
///
///   matrix FLOPs   2 · pairs · query_heads · (query_key_dimension + value_dimension): QKᵀ and PV
///   exponentials   pairs · query_heads; as many again for a softcap, one a query and head for a sink
///   reads          Q once; K and V of every visible key once per KV head, the new tokens' included;
///                  a sink's logits, one a head in the output's type
///   writes         the output; K and V of the new tokens, into the cache
///
/// Scores never leave the chip. Softmax's other elementwise work (scale, maximum, sum) is not counted as FLOPs,
/// as in FlashAttention (arXiv 2205.14135) and all published attention FLOP counts. A format with scales has
/// them per head vector. `times` multiplies the counts. Inlined always, because clang 14 otherwise returns the Cost
/// through memory, which takes three times as long as computing it.
template <AttentionPrecision P>
[[gnu::always_inline]] constexpr Cost attention_cost(const AttentionHeads& heads, const AttentionCounts& counts,
                                                     const P& precision, const AttentionFeatures& features = {},
                                                     double times = 1.0) noexcept {
  const double query_tokens = static_cast<double>(counts.query_tokens) * times;
  const double pairs = static_cast<double>(counts.pairs) * times;
  const double visible_keys = static_cast<double>(counts.visible_keys) * times;
  const double query_heads = heads.query_heads;
  const Bytes kv_per_token = (tensor_bytes(precision.kv_cache, 1, heads.query_key_dimension) +
                              tensor_bytes(precision.kv_cache, 1, heads.value_dimension)) *
                             heads.kv_heads;
  Cost cost;
  cost.matrix_flops = {2.0 * pairs * query_heads *
                       (double(heads.query_key_dimension) + double(heads.value_dimension))};
  cost.exponentials = pairs * query_heads * (features.score_softcap ? 2.0 : 1.0);
  cost.activation_read = query_tokens * query_heads * tensor_bytes(precision.query, 1, heads.query_key_dimension);
  cost.activation_write = query_tokens * query_heads * tensor_bytes(precision.output, 1, heads.value_dimension);
  cost.kv_cache_read = visible_keys * kv_per_token;
  if (features.stores_keys) cost.kv_cache_write = query_tokens * kv_per_token;
  if (features.sinks) {
    cost.exponentials += query_tokens * query_heads;
    cost.weight_read = tensor_bytes(precision.output, 1, heads.query_heads);
  }
  return cost;
}

/// Attention for `sequences` alike sequences, each with `query_tokens` new tokens and `context_tokens` keys
/// after this step (so context − query tokens are cached: a decode step has query_tokens 1, a chunk of a
/// prefill has the earlier chunks in its context). Counts: see attention_cost.
template <AttentionMask Mask = Causal, AttentionPrecision P = RuntimeAttentionPrecision>
struct Attention {
  static constexpr std::string_view kind = Mask::attention_kind;

  AttentionHeads heads{};
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  [[no_unique_address]] Mask mask{};
  [[no_unique_address]] P precision{};
  AttentionFeatures features{};

  /// Exact cost. Does not throw, allocate or lock.
  [[gnu::always_inline]] constexpr Cost cost() const noexcept {
    return attention_cost(heads, count_sequence(mask, {query_tokens, context_tokens}), precision, features,
                          sequences);
  }

  /// The query's element type.
  constexpr DataType compute_type() const noexcept { return TensorFormat(precision.query).element; }

  /// Heads as AttentionHeads wants them, all tokens positive, a window ≥ 1, and query tokens within the context, except
  /// in cross attention (bidirectional, no keys stored), whose text may be shorter.
  constexpr std::optional<Violation> violation() const noexcept {
    const bool cross = std::same_as<Mask, Bidirectional> && !features.stores_keys;
    return detail::first_of(heads.violation(), detail::require_positive("sequences", sequences),
                            detail::require_positive("query_tokens", query_tokens),
                            detail::require_positive("context_tokens", context_tokens),
                            cross ? std::nullopt : SequenceTokens{query_tokens, context_tokens}.violation(),
                            mask.violation());
  }

  friend constexpr bool operator==(const Attention&, const Attention&) noexcept = default;
};

using FullAttention = Attention<Causal>;
using SlidingWindowAttention = Attention<SlidingWindow>;
using BidirectionalAttention = Attention<Bidirectional>;
using SparseAttention = Attention<TopKeys>;

/// Attention for a ragged batch: exactly the sum over its sequences. The batch keeps its counts up to date in
/// O(1) as sequences join and leave, so the cost of any number of sequences takes the time of one.
template <AttentionMask Mask = Causal, AttentionPrecision P = RuntimeAttentionPrecision>
struct RaggedAttention {
  static constexpr std::string_view kind = Attention<Mask, P>::kind;

  AttentionHeads heads{};
  AttentionBatch<Mask> batch{};
  [[no_unique_address]] P precision{};
  AttentionFeatures features{};

  /// Exact cost. Does not throw, allocate or lock.
  [[gnu::always_inline]] constexpr Cost cost() const noexcept {
    return attention_cost(heads, batch.counts(), precision, features);
  }

  /// The query's element type.
  constexpr DataType compute_type() const noexcept { return TensorFormat(precision.query).element; }

  constexpr std::optional<Violation> violation() const noexcept { return heads.violation(); }

  friend constexpr bool operator==(const RaggedAttention&, const RaggedAttention&) noexcept = default;
};

}  // namespace opcost
