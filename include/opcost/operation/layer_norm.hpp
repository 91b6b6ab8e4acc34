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

/// Layer normalisation (arXiv 1607.06450) of `rows` vectors:
/// y = (x − μ) · rsqrt(mean((x − μ)²) + ε) · weight + bias.
///
///   vector FLOPs  6 · width + 2 a row: width − 1 additions and a division for μ; width subtractions; width
///                 squares, width − 1 additions, mean, + ε and rsqrt (3); two multiplications an element
///                 + width additions a row with a bias
///   weight read   width, or 2 · width with a bias, once (in the input's type)
///   reads, writes the rows; a row stays on chip between its mean, its variance and its output
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct LayerNorm {
  static constexpr std::string_view kind = "layer_norm";

  std::int32_t rows = 1;
  std::int32_t width = 1;
  bool bias = true;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    Cost cost;
    cost.vector_flops = {double(rows) * ((bias ? 7.0 : 6.0) * width + 2.0)};
    cost.weight_read = (bias ? 2.0 : 1.0) * tensor_bytes(precision.input, 1, width);
    cost.activation_read = tensor_bytes(precision.input, rows, width);
    cost.activation_write = tensor_bytes(precision.output, rows, width);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("rows", rows), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const LayerNorm&, const LayerNorm&) noexcept = default;
};

}  // namespace opcost
