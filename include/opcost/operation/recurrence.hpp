// SPDX-License-Identifier: Apache-2.0
//
// What the recurrent operations share: their two forms, the precision policy, and the counts of a chunked sequence.
//
// A recurrent operation carries a state of fixed size a sequence instead of a growing KV cache. Cost counts the
// state's traffic as kv_cache_read and kv_cache_write, because like the cache it belongs to a sequence and no
// batching amortises it.
#pragma once

#include <concepts>
#include <cstdint>

#include "opcost/precision.hpp"

namespace opcost {

/// One algorithm in two forms with the same result. `recurrent` takes the tokens one after another on the vector
/// units: decode, and verification of a few drafted tokens. `chunked` turns most of the work within chunks of
/// tokens into matrix products: prefill.
enum class RecurrenceForm : std::uint8_t { recurrent, chunked };

/// A precision policy of a recurrent operation: inputs and output (queries, keys, values; x, B, C), the state, and
/// the gates (decays, β, time steps) have formats of their own.
template <class P>
concept RecurrencePrecision = requires(const P& precision) {
  { precision.input } -> std::convertible_to<TensorFormat>;
  { precision.state } -> std::convertible_to<TensorFormat>;
  { precision.gate } -> std::convertible_to<TensorFormat>;
  { precision.output } -> std::convertible_to<TensorFormat>;
};

/// The formats as data, chosen at run time.
struct RuntimeRecurrencePrecision {
  TensorFormat input = formats::bf16;
  TensorFormat state = formats::fp32;
  TensorFormat gate = formats::fp32;
  TensorFormat output = formats::bf16;

  friend constexpr bool operator==(const RuntimeRecurrencePrecision&,
                                   const RuntimeRecurrencePrecision&) noexcept = default;
};

/// The formats as part of the type.
template <TensorFormat Input = formats::bf16, TensorFormat State = formats::fp32, TensorFormat Gate = formats::fp32,
          TensorFormat Output = formats::bf16>
struct StaticRecurrencePrecision {
  static constexpr TensorFormat input = Input;
  static constexpr TensorFormat state = State;
  static constexpr TensorFormat gate = Gate;
  static constexpr TensorFormat output = Output;

  friend constexpr bool operator==(const StaticRecurrencePrecision&,
                                   const StaticRecurrencePrecision&) noexcept = default;
};

namespace detail {

/// Sums over the chunks of one sequence of `tokens`, the last chunk of c ≤ chunk_tokens tokens not padded. A chunk
/// that has a state before it continues: all but the first, and the first if the sequence has an initial state.
struct ChunkCounts {
  double tokens = 0.0;            // Σ c
  double pairs = 0.0;             // Σ c(c + 1)/2: tokens and themselves or an earlier one of the chunk
  double earlier_pairs = 0.0;     // Σ c(c − 1)/2: without themselves
  double triples = 0.0;           // Σ c(c − 1)(c − 2)/6
  double continuing = 0.0;        // Σ c over the chunks that continue
  double continuing_pairs = 0.0;  // Σ c(c + 1)/2 over the same

  static constexpr ChunkCounts of(std::int32_t tokens, std::int32_t chunk_tokens, bool has_initial_state) noexcept {
    const std::int32_t chunks = tokens / chunk_tokens;
    const double c = chunk_tokens;
    const double last = tokens % chunk_tokens;
    const double pairs = chunks * pairs_in(c) + pairs_in(last);
    const double first = has_initial_state ? 0.0 : double(tokens < chunk_tokens ? tokens : chunk_tokens);
    return {.tokens = double(tokens),
            .pairs = pairs,
            .earlier_pairs = pairs - tokens,
            .triples = chunks * triples_in(c) + triples_in(last),
            .continuing = tokens - first,
            .continuing_pairs = pairs - pairs_in(first)};
  }

 private:
  static constexpr double pairs_in(double c) noexcept { return 0.5 * c * (c + 1.0); }
  static constexpr double triples_in(double c) noexcept { return c * (c - 1.0) * (c - 2.0) / 6.0; }
};

}  // namespace detail
}  // namespace opcost
