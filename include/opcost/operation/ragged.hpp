// SPDX-License-Identifier: Apache-2.0
//
// An operation for a ragged batch of sequences, for every operation that mixes the tokens of a sequence. Attention has
// a descriptor of its own, RaggedAttention.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// An operation whose cost is a function of sums over sequences, which a `Batch` of its own keeps.
// clang-format off
template <class T>
concept SequenceOperation =
    Operation<T> && Validatable<T> && requires(const T& operation, const typename T::Batch& batch) {
  { batch.counts().sequences > 0 } -> std::convertible_to<bool>;
  { operation.cost_of(batch.counts()) } noexcept -> std::same_as<Cost>;
};
// clang-format on

/// The operation for a ragged batch: exactly the sum over its sequences, weights read once. The batch keeps its counts
/// up to date in O(1), so the cost of any number of sequences takes the time of one.
///
/// `operation` tells everything but the sequences: its own sequences, tokens, mask and initial state are not looked at.
/// The batch is made for the same mask or chunk.
template <SequenceOperation T>
struct Ragged {
  static constexpr std::string_view kind = T::kind;

  T operation{};
  typename T::Batch batch{};

  /// Exact cost; nothing for an empty batch. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    return batch.counts().sequences > 0 ? operation.cost_of(batch.counts()) : Cost{};
  }

  constexpr DataType compute_type() const noexcept { return operation.compute_type(); }
  constexpr std::optional<Violation> violation() const noexcept { return operation.violation(); }

  friend constexpr bool operator==(const Ragged&, const Ragged&) noexcept = default;
};

}  // namespace opcost
