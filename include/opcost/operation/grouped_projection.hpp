// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/expert_routing.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How the rows of experts lie in memory: one expert's after another's, or each in a slot of its own of fixed size, of
/// which only the rows in use are computed (what decoding under a CUDA graph does). The counts are the same.
enum class GroupedLayout : std::uint8_t { contiguous, masked };

/// A linear projection with a weight for each expert (grouped GEMM), on the busiest rank of an expert-parallel group:
/// output[row, out] = activation[row, in] · weight[expert(row), in, out], a row for each token and chosen expert.
///
///   matrix FLOPs     2 · rows · in · out
///   weight read      in · out elements of every expert that has a row
///   activation read  rows · in elements
///   activation write rows · out elements
///
/// Rows and experts with rows are expectations over the routing: see ExpertRouting. No tokens cost nothing.
template <LinearPrecision P = RuntimeLinearPrecision>
struct GroupedProjection {
  static constexpr std::string_view kind = "grouped_projection";

  ExpertRouting routing{};
  std::int32_t in_features = 1;
  std::int32_t out_features = 1;
  GroupedLayout layout = GroupedLayout::contiguous;
  [[no_unique_address]] P precision{};

  /// The weight of one expert.
  constexpr Bytes expert_weight() const noexcept {
    return tensor_bytes(precision.weight, out_features, in_features);
  }

  /// Exact counts of the rank's load. Does not throw, allocate or lock.
  constexpr Cost cost(const RankLoad& load) const noexcept {
    Cost cost;
    cost.matrix_flops = {2.0 * load.rows * double(in_features) * double(out_features)};
    cost.weight_read = load.active_experts * expert_weight();
    cost.activation_read = load.rows * tensor_bytes(precision.activation, 1, in_features);
    cost.activation_write = load.rows * tensor_bytes(precision.output, 1, out_features);
    return cost;
  }

  /// Exact counts of the expected load. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept { return cost(busiest_rank(routing)); }

  /// The type in which the tensor cores multiply: the wider of activation and weight.
  constexpr DataType compute_type() const noexcept {
    return multiply_type(TensorFormat(precision.activation).element, TensorFormat(precision.weight).element);
  }

  /// A routing as ExpertRouting wants it, positive features.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(routing.violation(), detail::require_positive("in_features", in_features),
                            detail::require_positive("out_features", out_features));
  }

  friend constexpr bool operator==(const GroupedProjection&, const GroupedProjection&) noexcept = default;
};

}  // namespace opcost
