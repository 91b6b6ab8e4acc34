// SPDX-License-Identifier: Apache-2.0
//
// The precision policy of operations on logits or scores, which serving stacks keep in fp32.
#pragma once

#include <concepts>

#include "opcost/precision.hpp"

namespace opcost {

/// A precision policy of an operation on logits: the one format in which they are stored.
template <class P>
concept LogitPrecision = requires(const P& precision) {
  { precision.logits } -> std::convertible_to<TensorFormat>;
};

/// The format as data, chosen at run time.
struct RuntimeLogitPrecision {
  TensorFormat logits = formats::fp32;

  friend constexpr bool operator==(const RuntimeLogitPrecision&, const RuntimeLogitPrecision&) noexcept = default;
};

/// The format as part of the type.
template <TensorFormat Logits = formats::fp32>
struct StaticLogitPrecision {
  static constexpr TensorFormat logits = Logits;

  friend constexpr bool operator==(const StaticLogitPrecision&, const StaticLogitPrecision&) noexcept = default;
};

}  // namespace opcost
