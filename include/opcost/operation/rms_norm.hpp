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

/// Root-mean-square normalisation (arXiv 1910.07467) of `rows` vectors: y = x · rsqrt(mean(x²) + ε) · weight.
///
///   vector FLOPs  4 · width + 2 a row: width squares, width − 1 additions, mean, + ε and rsqrt (3), and two
///                 multiplications an element
///   reads         the rows, and the weight once (in the input's type)
///   writes        the rows
///
/// One row per token normalises the hidden state; one row per token and head is qk-norm.
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct RmsNorm {
  static constexpr std::string_view kind = "rms_norm";

  std::int32_t rows = 1;
  std::int32_t width = 1;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    Cost cost;
    cost.vector_flops = {double(rows) * (4.0 * width + 2.0)};
    cost.weight_read = tensor_bytes(precision.input, 1, width);
    cost.activation_read = tensor_bytes(precision.input, rows, width);
    cost.activation_write = tensor_bytes(precision.output, rows, width);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("rows", rows), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const RmsNorm&, const RmsNorm&) noexcept = default;
};

}  // namespace opcost
