// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Residual addition and root-mean-square normalisation in one kernel, as vLLM's fused_add_rms_norm:
/// residual += x, y = RMSNorm(residual).
///
///   vector FLOPs  5 · width + 2 a row: the addition, then those of RmsNorm
///   weight read   width, once (in the input's type)
///   reads         x and the residual, both in the input's type
///   writes        the residual, in the input's type, and y, in the output's
///
/// ResidualAdd followed by RmsNorm has the same FLOPs and reads the residual once more: 5 instead of 4 passes over
/// the rows, in two launches.
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct AddRmsNorm {
  static constexpr std::string_view kind = "add_rms_norm";

  std::int32_t rows = 1;
  std::int32_t width = 1;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const Bytes row_bytes = tensor_bytes(precision.input, rows, width);
    Cost cost;
    cost.vector_flops = {double(rows) * (5.0 * width + 2.0)};
    cost.weight_read = tensor_bytes(precision.input, 1, width);
    cost.activation_read = 2.0 * row_bytes;
    cost.activation_write = row_bytes + tensor_bytes(precision.output, rows, width);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("rows", rows), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const AddRmsNorm&, const AddRmsNorm&) noexcept = default;
};

}  // namespace opcost
