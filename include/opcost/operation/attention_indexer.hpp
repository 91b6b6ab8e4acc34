// SPDX-License-Identifier: Apache-2.0
//
// DeepSeek sparse attention's way to its keys (arXiv 2512.02556, section 2.1): the lightning indexer scores all of
// a sequence's keys for every new token, a top-k keeps the best. The attention over them is Attention<TopKeys>.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/attention_batch.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/logit_precision.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// A precision policy of an indexer: its queries, its key cache and the scores it writes.
template <class P>
concept IndexerPrecision = LogitPrecision<P> && requires(const P& precision) {
  { precision.query } -> std::convertible_to<TensorFormat>;
  { precision.key_cache } -> std::convertible_to<TensorFormat>;
};

/// The formats as data, chosen at run time; DeepSeek-V3.2's if nothing is said.
struct RuntimeIndexerPrecision {
  TensorFormat query = formats::fp8;
  TensorFormat key_cache = formats::fp8_token_group;
  TensorFormat logits = formats::fp32;

  friend constexpr bool operator==(const RuntimeIndexerPrecision&,
                                   const RuntimeIndexerPrecision&) noexcept = default;
};

/// The formats as part of the type.
template <TensorFormat Query = formats::fp8, TensorFormat KeyCache = formats::fp8_token_group,
          TensorFormat Logits = formats::fp32>
struct StaticIndexerPrecision {
  static constexpr TensorFormat query = Query;
  static constexpr TensorFormat key_cache = KeyCache;
  static constexpr TensorFormat logits = Logits;

  friend constexpr bool operator==(const StaticIndexerPrecision&, const StaticIndexerPrecision&) noexcept = default;
};

/// The lightning indexer: score[t, s] = Σ_heads weight[t, head] · ReLU(q[t, head] · k[s]) for every causal pair of
/// `sequences` alike sequences, each with `query_tokens` new tokens and `context_tokens` keys after this step.
///
///   matrix FLOPs   2 · pairs · heads · dimension
///   vector FLOPs   3 · pairs · heads: ReLU, multiply-add; + pairs for the key's scale, if the cache has any
///   reads          q once, and 4 bytes of weight a token and head (which holds the scale of an fp8 query, too);
///                  every visible key of the indexer's own cache once, the new tokens' included: heads share keys
///   writes         the keys of the new tokens, into the cache; the scores of the causal pairs
template <IndexerPrecision P = RuntimeIndexerPrecision>
struct AttentionIndexer {
  static constexpr std::string_view kind = "attention_indexer";
  using Batch = AttentionBatch<Causal>;

  std::int32_t heads = 64;
  std::int32_t dimension = 128;
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    return cost_of(count_sequence(Causal{}, {query_tokens, context_tokens}), sequences);
  }

  /// The cost given counts of sequences, `times` over: see Ragged.
  constexpr Cost cost_of(const AttentionCounts& counts, double times = 1.0) const noexcept {
    const double tokens = static_cast<double>(counts.query_tokens) * times;
    const double pairs = static_cast<double>(counts.pairs) * times;
    const TensorFormat key_cache = precision.key_cache;
    const Bytes key_bytes = tensor_bytes(key_cache, 1, dimension);
    Cost cost;
    cost.matrix_flops = {2.0 * pairs * heads * dimension};
    cost.vector_flops = {pairs * (3.0 * heads + (key_cache.scale_rows != 0 ? 1.0 : 0.0))};
    cost.activation_read = tokens * heads * (tensor_bytes(precision.query, 1, dimension) + Bytes{4.0});
    cost.activation_write = {pairs * bytes_per_element(TensorFormat(precision.logits).element)};
    cost.kv_cache_read = static_cast<double>(counts.visible_keys) * times * key_bytes;
    cost.kv_cache_write = tokens * key_bytes;
    return cost;
  }

  /// The query's element type.
  constexpr DataType compute_type() const noexcept { return TensorFormat(precision.query).element; }

  /// All positive, query tokens within the context.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(
        detail::require_positive("heads", heads), detail::require_positive("dimension", dimension),
        detail::require_positive("sequences", sequences), SequenceTokens{query_tokens, context_tokens}.violation());
  }

  friend constexpr bool operator==(const AttentionIndexer&, const AttentionIndexer&) noexcept = default;
};

/// What the choice of keys costs by, summed over sequences: the scores it looks at, and how many it keeps.
struct IndexCounts {
  std::int64_t sequences = 0;
  std::int64_t scores = 0;
  std::int64_t chosen = 0;

  friend constexpr bool operator==(const IndexCounts&, const IndexCounts&) noexcept = default;
};

/// A ragged batch for the choice of keys: the batches of the indexer and of the attention after it.
struct IndexBatch {
  AttentionBatch<Causal> scored{};
  AttentionBatch<TopKeys> chosen{};

  constexpr void add(SequenceTokens sequence) noexcept {
    scored.add(sequence);
    chosen.add(sequence);
  }
  constexpr void remove(SequenceTokens sequence) noexcept {
    scored.remove(sequence);
    chosen.remove(sequence);
  }
  constexpr void replace(SequenceTokens before, SequenceTokens after) noexcept {
    remove(before);
    add(after);
  }
  constexpr IndexCounts counts() const noexcept {
    return {scored.counts().sequences, scored.counts().pairs, chosen.counts().pairs};
  }

  friend constexpr bool operator==(const IndexBatch&, const IndexBatch&) noexcept = default;
};

/// The choice of the `top_k` keys with the highest scores for each new token, or of all while there are fewer.
///
///   vector FLOPs  1 a score: a comparison or an entry in a histogram, the least that any selection needs
///   reads         the scores of the causal pairs once; a kernel with further passes reads more
///   writes        min(position, top_k) indices a token, 4 bytes each; padding to top_k is not counted
template <LogitPrecision P = RuntimeLogitPrecision>
struct IndexTopK {
  static constexpr std::string_view kind = "index_top_k";
  using Batch = IndexBatch;

  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  std::int32_t top_k = 2048;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    return cost_of(
        {1, Causal{}.pairs(query_tokens, context_tokens), TopKeys{top_k}.pairs(query_tokens, context_tokens)},
        sequences);
  }

  /// The cost given counts of sequences, `times` over: see Ragged.
  constexpr Cost cost_of(const IndexCounts& counts, double times = 1.0) const noexcept {
    const double scores = static_cast<double>(counts.scores) * times;
    const double chosen = static_cast<double>(counts.chosen) * times;
    Cost cost;
    cost.vector_flops = {scores};
    cost.activation_read = {scores * bytes_per_element(TensorFormat(precision.logits).element)};
    cost.activation_write = {4.0 * chosen};
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  /// All positive, query tokens within the context.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("sequences", sequences),
                            SequenceTokens{query_tokens, context_tokens}.violation(), TopKeys{top_k}.violation());
  }

  friend constexpr bool operator==(const IndexTopK&, const IndexTopK&) noexcept = default;
};

}  // namespace opcost
