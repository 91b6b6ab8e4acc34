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

/// Token embedding: a gather of one table row a token, not a matrix product.
///
///   weight read       one row of `width` a token; a token id that occurs twice is read twice
///   activation read   the token ids, 4 bytes each
///   activation write  tokens · width
///   vector FLOPs      none, or one an element where the embedding is scaled (Gemma: by √width)
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct EmbeddingLookup {
  static constexpr std::string_view kind = "embedding_lookup";

  std::int32_t tokens = 1;
  std::int32_t width = 1;
  bool scaled = false;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    Cost cost;
    cost.vector_flops = {scaled ? double(tokens) * double(width) : 0.0};
    cost.weight_read = tensor_bytes(precision.input, tokens, width);
    cost.activation_read = {4.0 * tokens};
    cost.activation_write = tensor_bytes(precision.output, tokens, width);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("tokens", tokens), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const EmbeddingLookup&, const EmbeddingLookup&) noexcept = default;
};

}  // namespace opcost
