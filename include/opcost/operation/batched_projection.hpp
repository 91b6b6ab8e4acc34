// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// `batches` linear projections of one shape, each with an activation and a weight of its own, in one kernel:
/// output[b, tokens, out] = activation[b, tokens, in] · weight[b, in, out]. The counts are `batches` times those of a
/// LinearProjection. Multi-head latent attention folds its up-projections into the heads this way, one batch a head.
template <LinearPrecision P = RuntimeLinearPrecision>
struct BatchedProjection {
  static constexpr std::string_view kind = "batched_projection";

  std::int32_t batches = 1;
  std::int32_t tokens = 1;
  std::int32_t in_features = 1;
  std::int32_t out_features = 1;
  [[no_unique_address]] P precision{};

  /// The projection of one batch.
  constexpr LinearProjection<P> one() const noexcept {
    return {tokens, in_features, out_features, false, precision};
  }

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept { return one().cost() * batches; }

  constexpr DataType compute_type() const noexcept { return one().compute_type(); }

  /// Batches, tokens and features must be positive.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("batches", batches), one().violation());
  }

  friend constexpr bool operator==(const BatchedProjection&, const BatchedProjection&) noexcept = default;
};

}  // namespace opcost
