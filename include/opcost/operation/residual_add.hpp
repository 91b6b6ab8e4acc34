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

/// residual[tokens, width] += x[tokens, width]: reads both, writes one, one FLOP an element.
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct ResidualAdd {
  static constexpr std::string_view kind = "residual_add";

  std::int32_t tokens = 1;
  std::int32_t width = 1;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    Cost cost;
    cost.vector_flops = {double(tokens) * double(width)};
    cost.activation_read = 2.0 * tensor_bytes(precision.input, tokens, width);
    cost.activation_write = tensor_bytes(precision.output, tokens, width);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("tokens", tokens), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const ResidualAdd&, const ResidualAdd&) noexcept = default;
};

}  // namespace opcost
