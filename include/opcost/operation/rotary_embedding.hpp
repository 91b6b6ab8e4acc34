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

/// Rotary position embedding (arXiv 2104.09864) of queries and keys, in place.
///
///   vector FLOPs  3 an element: each pair is turned by 4 multiplications and 2 additions
///   reads         the rotated dimensions of every head, and each token's cosines and sines
///                 (rotary_dimension / 2 of each, in the input's type)
///   writes        the rotated dimensions of every head
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct RotaryEmbedding {
  static constexpr std::string_view kind = "rotary_embedding";

  std::int32_t tokens = 1;
  std::int32_t heads = 1;  ///< Query heads and KV heads together.
  std::int32_t rotary_dimension = 2;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const double rows = double(tokens) * double(heads);
    Cost cost;
    cost.vector_flops = {3.0 * rows * rotary_dimension};
    cost.activation_read = rows * tensor_bytes(precision.input, 1, rotary_dimension) +
                           tensor_bytes(precision.input, tokens, rotary_dimension);
    cost.activation_write = rows * tensor_bytes(precision.output, 1, rotary_dimension);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  /// All positive, and an even rotary dimension.
  constexpr std::optional<Violation> violation() const noexcept {
    if (rotary_dimension % 2 != 0) {
      return Violation{"rotary_dimension", double(rotary_dimension), "an even number"};
    }
    return detail::first_of(detail::require_positive("tokens", tokens), detail::require_positive("heads", heads),
                            detail::require_positive("rotary_dimension", rotary_dimension));
  }

  friend constexpr bool operator==(const RotaryEmbedding&, const RotaryEmbedding&) noexcept = default;
};

}  // namespace opcost
