// SPDX-License-Identifier: Apache-2.0
//
// A ragged batch of sequences for a recurrent operation, as the sums that its cost depends on.
#pragma once

#include <cstdint>

#include "opcost/operation/attention_batch.hpp"
#include "opcost/operation/recurrence.hpp"

namespace opcost {

/// What the cost of a recurrence, and of the short convolution before it, depends on, summed over sequences and over
/// their chunks, the last one of a sequence not padded. A chunk continues if there is a state before it: all but the
/// first, and the first if the sequence has cached tokens. Integers, so that adding and removing in any order leaves
/// no rounding behind; exact while the triples stay below 2⁶³ (10¹² tokens in chunks of 4096 have 3·10¹⁸).
struct RecurrenceCounts {
  std::int64_t sequences = 0;
  std::int64_t continuing_sequences = 0;  ///< Those with a state before this step.
  std::int64_t query_tokens = 0;
  std::int64_t pairs = 0;              ///< Σ c(c + 1)/2 over chunks of c tokens.
  std::int64_t triples = 0;            ///< Σ c(c − 1)(c − 2)/6.
  std::int64_t continuing_tokens = 0;  ///< Σ c over the chunks that continue.
  std::int64_t continuing_pairs = 0;   ///< Σ c(c + 1)/2 over the same.

  constexpr RecurrenceCounts& operator+=(const RecurrenceCounts& other) noexcept {
    sequences += other.sequences;
    continuing_sequences += other.continuing_sequences;
    query_tokens += other.query_tokens;
    pairs += other.pairs;
    triples += other.triples;
    continuing_tokens += other.continuing_tokens;
    continuing_pairs += other.continuing_pairs;
    return *this;
  }
  constexpr RecurrenceCounts& operator-=(const RecurrenceCounts& other) noexcept {
    sequences -= other.sequences;
    continuing_sequences -= other.continuing_sequences;
    query_tokens -= other.query_tokens;
    pairs -= other.pairs;
    triples -= other.triples;
    continuing_tokens -= other.continuing_tokens;
    continuing_pairs -= other.continuing_pairs;
    return *this;
  }
  /// Of so many alike sequences.
  friend constexpr RecurrenceCounts operator*(const RecurrenceCounts& counts, std::int64_t number) noexcept {
    return {.sequences = counts.sequences * number,
            .continuing_sequences = counts.continuing_sequences * number,
            .query_tokens = counts.query_tokens * number,
            .pairs = counts.pairs * number,
            .triples = counts.triples * number,
            .continuing_tokens = counts.continuing_tokens * number,
            .continuing_pairs = counts.continuing_pairs * number};
  }
  friend constexpr bool operator==(const RecurrenceCounts&, const RecurrenceCounts&) noexcept = default;
};

/// The longest chunk that the counts of a batch are made for.
inline constexpr std::int32_t most_chunk_tokens = 4096;

/// The counts of a single sequence in chunks of 1 to `most_chunk_tokens`.
constexpr RecurrenceCounts count_recurrence(std::int32_t chunk_tokens, SequenceTokens sequence) noexcept {
  const auto pairs_in = [](std::int64_t c) { return (c * (c + 1)) / 2; };
  const auto triples_in = [](std::int64_t c) { return c * (c - 1) * (c - 2) / 6; };
  const std::int64_t tokens = sequence.query_tokens;
  const std::int64_t chunks = sequence.query_tokens / chunk_tokens;
  const std::int64_t last = sequence.query_tokens % chunk_tokens;
  const std::int64_t pairs = chunks * pairs_in(chunk_tokens) + pairs_in(last);
  const bool continues = sequence.query_tokens < sequence.context_tokens;
  const std::int64_t first = continues ? 0 : chunks > 0 ? chunk_tokens : tokens;
  return {.sequences = 1,
          .continuing_sequences = continues ? 1 : 0,
          .query_tokens = tokens,
          .pairs = pairs,
          .triples = chunks * triples_in(chunk_tokens) + triples_in(last),
          .continuing_tokens = tokens - first,
          .continuing_pairs = pairs - pairs_in(first)};
}

/// Sums over the sequences of a batch, updated in O(1) as a scheduler admits, advances and retires them. It does not
/// remember the sequences: remove only what was added, with the same tokens. No member throws, allocates or locks.
class RecurrenceBatch {
 public:
  constexpr RecurrenceBatch() noexcept = default;
  /// Of a recurrence whose chunked form takes 1 to `most_chunk_tokens` at once.
  constexpr explicit RecurrenceBatch(std::int32_t chunk_tokens) noexcept : chunk_tokens_(chunk_tokens) {}

  constexpr void add(SequenceTokens sequence, std::int64_t number = 1) noexcept {
    counts_ += count_recurrence(chunk_tokens_, sequence) * number;
  }
  constexpr void remove(SequenceTokens sequence) noexcept { counts_ -= count_recurrence(chunk_tokens_, sequence); }

  /// Both in one: a sequence that took a step.
  constexpr void replace(SequenceTokens before, SequenceTokens after) noexcept {
    remove(before);
    add(after);
  }

  constexpr std::int32_t chunk_tokens() const noexcept { return chunk_tokens_; }
  constexpr const RecurrenceCounts& counts() const noexcept { return counts_; }

  friend constexpr bool operator==(const RecurrenceBatch&, const RecurrenceBatch&) noexcept = default;

 private:
  std::int32_t chunk_tokens_ = 64;
  RecurrenceCounts counts_{};
};

namespace detail {

/// The counts as a cost takes them: of a whole batch, or of one sequence that a uniform batch has many of.
struct RecurrenceSums {
  double sequences;
  double continuing_sequences;
  ChunkCounts chunks;

  /// One sequence in the chunked form.
  static constexpr RecurrenceSums chunked(std::int32_t tokens, std::int32_t chunk_tokens, bool continues) noexcept {
    return {1.0, continues ? 1.0 : 0.0, ChunkCounts::of(tokens, chunk_tokens, continues)};
  }
  /// One sequence where chunks do not matter.
  static constexpr RecurrenceSums recurrent(std::int32_t tokens, bool continues) noexcept {
    return {1.0, continues ? 1.0 : 0.0, {.tokens = double(tokens)}};
  }
  static constexpr RecurrenceSums of(const RecurrenceCounts& counts) noexcept {
    return {static_cast<double>(counts.sequences),
            static_cast<double>(counts.continuing_sequences),
            {.tokens = static_cast<double>(counts.query_tokens),
             .pairs = static_cast<double>(counts.pairs),
             .earlier_pairs = static_cast<double>(counts.pairs - counts.query_tokens),
             .triples = static_cast<double>(counts.triples),
             .continuing = static_cast<double>(counts.continuing_tokens),
             .continuing_pairs = static_cast<double>(counts.continuing_pairs)}};
  }
};

}  // namespace detail
}  // namespace opcost
