// SPDX-License-Identifier: Apache-2.0
//
// A ragged batch of sequences for one attention mask, as the sums that its cost depends on.
#pragma once

#include <cstdint>
#include <optional>

#include "opcost/operation/attention_mask.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// One sequence's share of a step: `query_tokens` new tokens, `context_tokens` keys after the step.
struct SequenceTokens {
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;

  /// 1 ≤ query_tokens ≤ context_tokens.
  constexpr std::optional<Violation> violation() const noexcept {
    if (const auto violation = detail::require_positive("query_tokens", query_tokens)) return violation;
    if (context_tokens < query_tokens) {
      return Violation{"context_tokens", double(context_tokens), "at least query_tokens"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const SequenceTokens&, const SequenceTokens&) noexcept = default;
};

/// What attention's cost depends on, summed over sequences. Integers, so that adding and removing in any order
/// leaves no rounding behind; exact while the pairs stay below 2⁶³ (a million prefills of a million tokens each
/// have 5·10¹⁷).
struct AttentionCounts {
  std::int64_t sequences = 0;
  std::int64_t query_tokens = 0;
  std::int64_t pairs = 0;
  std::int64_t visible_keys = 0;

  constexpr AttentionCounts& operator+=(const AttentionCounts& other) noexcept {
    sequences += other.sequences;
    query_tokens += other.query_tokens;
    pairs += other.pairs;
    visible_keys += other.visible_keys;
    return *this;
  }
  constexpr AttentionCounts& operator-=(const AttentionCounts& other) noexcept {
    sequences -= other.sequences;
    query_tokens -= other.query_tokens;
    pairs -= other.pairs;
    visible_keys -= other.visible_keys;
    return *this;
  }
  /// Of so many alike sequences.
  friend constexpr AttentionCounts operator*(const AttentionCounts& counts, std::int64_t number) noexcept {
    return {.sequences = counts.sequences * number,
            .query_tokens = counts.query_tokens * number,
            .pairs = counts.pairs * number,
            .visible_keys = counts.visible_keys * number};
  }
  friend constexpr bool operator==(const AttentionCounts&, const AttentionCounts&) noexcept = default;
};

/// The counts of a single sequence under a mask.
template <AttentionMask Mask>
constexpr AttentionCounts count_sequence(const Mask& mask, SequenceTokens sequence) noexcept {
  return {.sequences = 1,
          .query_tokens = sequence.query_tokens,
          .pairs = mask.pairs(sequence.query_tokens, sequence.context_tokens),
          .visible_keys = mask.visible_keys(sequence.query_tokens, sequence.context_tokens)};
}

/// Sums over the sequences of a batch, updated in O(1) as a scheduler admits, advances and retires them. It
/// does not remember the sequences: remove only what was added, with the same tokens.
/// No member throws, allocates or locks.
template <AttentionMask Mask = Causal>
class AttentionBatch {
 public:
  constexpr AttentionBatch() noexcept = default;
  constexpr explicit AttentionBatch(Mask mask, const AttentionCounts& counts = {}) noexcept
      : mask_(mask), counts_(counts) {}

  constexpr void add(SequenceTokens sequence, std::int64_t number = 1) noexcept {
    counts_ += count_sequence(mask_, sequence) * number;
  }
  constexpr void remove(SequenceTokens sequence) noexcept { counts_ -= count_sequence(mask_, sequence); }

  /// Both in one: a sequence that took a step.
  constexpr void replace(SequenceTokens before, SequenceTokens after) noexcept {
    remove(before);
    add(after);
  }

  constexpr const Mask& mask() const noexcept { return mask_; }
  constexpr const AttentionCounts& counts() const noexcept { return counts_; }

  friend constexpr bool operator==(const AttentionBatch&, const AttentionBatch&) noexcept = default;

 private:
  [[no_unique_address]] Mask mask_{};
  AttentionCounts counts_{};
};

}  // namespace opcost
