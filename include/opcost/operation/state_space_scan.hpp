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

/// Mamba-2's state-space dual scan (SSD, arXiv 2405.21060): S ← e^{A·Δ}·S + x·(Δ·B)ᵀ, y = S·C + D·x with a state
/// S[P = head dimension, N = state dimension] for each head of each sequence; the heads of a group share B and C.
/// Time steps Δ arrive after their softplus.
///
/// Recurrent form (selective_state_update), a token and head:
///   vector FLOPs   5PN + N + 1: decay of S (PN), + x·(ΔB)ᵀ and S·C (2PN each), Δ·B (N), A·Δ (1); skip: + 2P
///   exponentials   1
///
/// Chunked form (section 6), a chunk of c tokens, where p = c(c + 1)/2 and s = c(c − 1)/2 count the pairs with and
/// below the diagonal; the last chunk is not padded:
///   matrix FLOPs   2pN a group        tril(C·Bᵀ)
///                  2pP a head         (L · C·Bᵀ · Δ)·X, L the decays between tokens
///                  2cPN a head        the chunk's state, Xᵀ·(decayed Δ·B)
///                  *2cPN a head       C·Sᵀ
///   exponentials   s for L (its last row decays the chunk's state), *c for the decays since the chunk's start
/// * only for a chunk with a state before it: the first has none without an initial state. Scaling and the skip are
/// not counted, as the elementwise work of softmax is not in attention.
///
///   weight read    A, and D with a skip connection, 4 bytes a head each
///   reads          x, B, C, the time steps; the state once, if there is one
///   writes         y; the state once, or after every token
///
/// Lightning attention (arXiv 2401.04658; MiniMax-01, 2501.08313) is the same with groups = heads, N = key
/// dimension, P = value dimension, B, C and x as keys, queries and values; `selective` and `skip` off: its decays
/// are constants of the head, so that time steps, Δ·B, A·Δ and all exponentials fall away.
template <RecurrencePrecision P = RuntimeRecurrencePrecision>
struct StateSpaceScan {
  static constexpr std::string_view kind = "state_space_scan";
  using Batch = RecurrenceBatch;

  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;  ///< New tokens of each sequence.
  std::int32_t heads = 1;
  std::int32_t groups = 1;
  std::int32_t head_dimension = 64;
  std::int32_t state_dimension = 128;
  RecurrenceForm form = RecurrenceForm::recurrent;
  std::int32_t chunk_tokens = 256;
  bool selective = true;            ///< Time steps, so decays, depend on the token.
  bool skip = true;                 ///< The D·x term.
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

  /// The cost of sums over sequences, `times` over; the weights once.
  constexpr Cost cost_of(const detail::RecurrenceSums& sums, double times) const noexcept {
    const detail::ChunkCounts& chunks = sums.chunks;
    const double tokens = chunks.tokens * times;
    const double all_heads = times * double(heads);
    const double p = head_dimension;
    const double n = state_dimension;
    const Bytes state_bytes = all_heads * tensor_bytes(precision.state, head_dimension, state_dimension);
    Cost cost;
    if (form == RecurrenceForm::recurrent) {
      cost.vector_flops = {tokens * heads * (5.0 * p * n + (selective ? n + 1.0 : 0.0) + (skip ? 2.0 * p : 0.0))};
      cost.exponentials = selective ? tokens * heads : 0.0;
    } else {
      cost.matrix_flops = {
          2.0 * times *
          (groups * n * chunks.pairs + heads * p * (chunks.pairs + n * (chunks.tokens + chunks.continuing)))};
      cost.exponentials = selective ? all_heads * (chunks.earlier_pairs + chunks.continuing) : 0.0;
    }
    cost.weight_read = {(skip ? 8.0 : 4.0) * heads};
    cost.activation_read = tokens * (heads * tensor_bytes(precision.input, 1, head_dimension) +
                                     2.0 * groups * tensor_bytes(precision.input, 1, state_dimension));
    if (selective) cost.activation_read += tokens * heads * tensor_bytes(precision.gate, 1, 1);
    cost.activation_write = tokens * heads * tensor_bytes(precision.output, 1, head_dimension);
    cost.kv_cache_read = sums.continuing_sequences * state_bytes;
    cost.kv_cache_write = (stores_every_state ? chunks.tokens : sums.sequences) * state_bytes;
    return cost;
  }

  /// The input's element type in the chunked form; the recurrent form is vector work only.
  constexpr DataType compute_type() const noexcept {
    return form == RecurrenceForm::chunked ? TensorFormat(precision.input).element : DataType::fp32;
  }

  /// All positive, and the groups divide the heads.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto positive = detail::first_of(
        detail::require_positive("sequences", sequences), detail::require_positive("query_tokens", query_tokens),
        detail::require_positive("heads", heads), detail::require_positive("groups", groups),
        detail::require_positive("head_dimension", head_dimension),
        detail::require_positive("state_dimension", state_dimension),
        detail::require_positive("chunk_tokens", chunk_tokens));
    if (positive) return positive;
    if (heads % groups != 0) return Violation{"groups", double(groups), "a divisor of heads"};
    return std::nullopt;
  }

  friend constexpr bool operator==(const StateSpaceScan&, const StateSpaceScan&) noexcept = default;
};

}  // namespace opcost
