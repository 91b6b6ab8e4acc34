// SPDX-License-Identifier: Apache-2.0
//
// The Operation concept: what everything above this layer asks of an operation, ours or a user's own.
#pragma once

#include <concepts>

#include "opcost/operation/cost.hpp"
#include "opcost/precision.hpp"

namespace opcost {

/// An operation is a value that knows its exact cost and the data type in which its FLOPs run.
///
/// `cost()` is a pure function of the shape and the precision; it sees no hardware. `compute_type()` picks the
/// accelerator's peak rate for `cost().matrix_flops`; an operation without matrix FLOPs answers fp32, the type
/// in which vector FLOPs are counted. Neither throws, allocates or locks.
// clang-format off
template <class T>
concept Operation = requires(const T& operation) {
  { operation.cost() } noexcept -> std::same_as<Cost>;
  { operation.compute_type() } noexcept -> std::same_as<DataType>;
};
// clang-format on

}  // namespace opcost
