// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/logit_precision.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Soft capping of logits[rows, width] in place: y = cap · tanh(x / cap) (Gemma 2, arXiv 2408.00118, section 2).
///
///   vector FLOPs   6 an element: x · 1/cap; tanh u = 1 − 2/(e^{2u} + 1) in 4 (2u, add, divide, subtract); · cap
///   exponentials   1 an element
///   reads, writes  the logits once
template <LogitPrecision P = RuntimeLogitPrecision>
struct Softcap {
  static constexpr std::string_view kind = "softcap";

  std::int32_t rows = 1;
  std::int32_t width = 1;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const double elements = double(rows) * double(width);
    Cost cost;
    cost.vector_flops = {6.0 * elements};
    cost.exponentials = elements;
    cost.activation_read = tensor_bytes(precision.logits, rows, width);
    cost.activation_write = cost.activation_read;
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("rows", rows), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const Softcap&, const Softcap&) noexcept = default;
};

}  // namespace opcost
