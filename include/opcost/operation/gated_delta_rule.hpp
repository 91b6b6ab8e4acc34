// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/operation/recurrence.hpp"
#include "opcost/operation/recurrence_batch.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What one decay of the delta rule's state holds for: a whole head (Gated DeltaNet, arXiv 2412.06464) or each key
/// channel of it (Kimi delta attention, arXiv 2510.26692).
enum class DeltaRuleDecay : std::uint8_t { per_head, per_channel };

/// The gated delta rule, S ← α·S + k·(β(v − (α·S)ᵀk))ᵀ, o = Sᵀq, with a state S[K = key, V = value dimension] for
/// each value head of each sequence; value heads share the queries and keys of `key_heads`. Decays arrive as log α
/// and β after their activations, queries and keys normalised.
///
/// Recurrent form (flash-linear-attention's fused_recurrent), a token and value head:
///   vector FLOPs   7KV + 2V + K: α·S (KV), Sᵀk, + k·…ᵀ and Sᵀq (2KV each), β(v − …) (2V), q/√K (K)
///   exponentials   1 for α, or K per channel
///
/// Chunked form (2412.06464 section 3.3; 2510.26692 section 3), a chunk of c tokens and value head, where
/// s = c(c − 1)/2 and p = c(c + 1)/2 count the pairs below the diagonal and with it; the last chunk is not padded:
///   matrix FLOPs   2sK              A = tril(β·Γ·KKᵀ, −1), Γ the decays between tokens
///                  c(c−1)(c−2)/3    T = (I + A)⁻¹ by forward substitution (the UT transform)
///                  2pV, *2pK        U = T·βV, W = T·β·K, decayed since the chunk's start
///                  *2cKV            U − W·S
///                  *2cKV            Q·S
///                  2pK + 2pV        tril(Γ·QKᵀ), times U − W·S
///                  2cKV             S ← αS + Kᵀ(U − W·S)
///   exponentials   s for Γ (its last row decays Kᵀ), *c for the decays since the chunk's start; per channel 3cK
///                  instead: Q and K decayed since the start, K by the inverse, K to the end (kernels do this in
///                  sub-chunks for range, with more)
/// * only for a chunk with a state before it: the first has none without an initial state. Scaling by decays and β
/// is not counted, as the elementwise work of softmax is not in attention.
///
///   reads          q, k, v, a β and the decays (1 or K) a token and value head; the state once, if there is one
///   writes         o; the state once, or after every token (speculative decoding rolls back to one of them)
///
/// The matrices of a chunk never leave the chip; kernels that pass U, W and states through memory move more.
template <RecurrencePrecision P = RuntimeRecurrencePrecision>
struct GatedDeltaRule {
  static constexpr std::string_view kind = "gated_delta_rule";
  using Batch = RecurrenceBatch;

  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;  ///< New tokens of each sequence.
  std::int32_t key_heads = 1;
  std::int32_t value_heads = 1;
  std::int32_t key_dimension = 128;
  std::int32_t value_dimension = 128;
  DeltaRuleDecay decay = DeltaRuleDecay::per_head;
  RecurrenceForm form = RecurrenceForm::recurrent;
  std::int32_t chunk_tokens = 64;
  bool has_initial_state = true;    ///< False: the sequences start here.
  bool stores_every_state = false;  ///< After every token, not only the last.
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    return cost_of(form == RecurrenceForm::chunked
                       ? detail::RecurrenceSums::chunked(query_tokens, chunk_tokens, has_initial_state)
                       : detail::RecurrenceSums::recurrent(query_tokens, has_initial_state),
                   sequences);
  }

  /// The cost given counts of sequences: see Ragged.
  constexpr Cost cost_of(const RecurrenceCounts& counts) const noexcept {
    return cost_of(detail::RecurrenceSums::of(counts), 1.0);
  }

  /// The cost of sums over sequences, `times` over.
  constexpr Cost cost_of(const detail::RecurrenceSums& sums, double times) const noexcept {
    const detail::ChunkCounts& chunks = sums.chunks;
    const double tokens = chunks.tokens * times;
    const double heads = times * double(value_heads);
    const double k = key_dimension;
    const double v = value_dimension;
    const double decays = decay == DeltaRuleDecay::per_head ? 1.0 : k;
    const Bytes state_bytes = heads * tensor_bytes(precision.state, key_dimension, value_dimension);
    Cost cost;
    if (form == RecurrenceForm::recurrent) {
      cost.vector_flops = {tokens * value_heads * (7.0 * k * v + 2.0 * v + k)};
      cost.exponentials = tokens * value_heads * decays;
    } else {
      cost.matrix_flops = {2.0 * heads *
                           (k * chunks.earlier_pairs + chunks.triples + v * chunks.pairs +
                            k * chunks.continuing_pairs + 2.0 * k * v * chunks.continuing + (k + v) * chunks.pairs +
                            k * v * chunks.tokens)};
      cost.exponentials = heads * (decay == DeltaRuleDecay::per_head ? chunks.earlier_pairs + chunks.continuing
                                                                     : 3.0 * k * chunks.tokens);
    }
    cost.activation_read = tokens * (2.0 * key_heads * tensor_bytes(precision.input, 1, key_dimension) +
                                     value_heads * (tensor_bytes(precision.input, 1, value_dimension) +
                                                    (1.0 + decays) * tensor_bytes(precision.gate, 1, 1)));
    cost.activation_write = tokens * value_heads * tensor_bytes(precision.output, 1, value_dimension);
    cost.kv_cache_read = sums.continuing_sequences * state_bytes;
    cost.kv_cache_write = (stores_every_state ? chunks.tokens : sums.sequences) * state_bytes;
    return cost;
  }

  /// The input's element type in the chunked form; the recurrent form is vector work only.
  constexpr DataType compute_type() const noexcept {
    return form == RecurrenceForm::chunked ? TensorFormat(precision.input).element : DataType::fp32;
  }

  /// All positive, and the key heads divide the value heads.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto positive = detail::first_of(
        detail::require_positive("sequences", sequences), detail::require_positive("query_tokens", query_tokens),
        detail::require_positive("key_heads", key_heads), detail::require_positive("value_heads", value_heads),
        detail::require_positive("key_dimension", key_dimension),
        detail::require_positive("value_dimension", value_dimension),
        detail::require_positive("chunk_tokens", chunk_tokens));
    if (positive) return positive;
    if (value_heads % key_heads != 0) return Violation{"key_heads", double(key_heads), "a divisor of value_heads"};
    return std::nullopt;
  }

  friend constexpr bool operator==(const GatedDeltaRule&, const GatedDeltaRule&) noexcept = default;
};

}  // namespace opcost
