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

/// A linear projection (GEMM): output[tokens, out] = activation[tokens, in] · weight[in, out] (+ bias[out]).
///
///   matrix FLOPs     2 · tokens · in · out
///   weight read      in · out elements (+ out of the bias, in the output's type)
///   activation read  tokens · in elements
///   activation write tokens · out elements
///
/// A weight's rows are its output features, as stored, so that block scales in a row run along the inputs.
/// Every operand crosses device memory once: exact for a kernel whose tiles meet in cache, a lower bound for
/// every other. Source: any roofline text, for example jax-ml/scaling-book, "All about rooflines".
template <LinearPrecision P = RuntimeLinearPrecision>
struct LinearProjection {
  static constexpr std::string_view kind = "linear_projection";

  std::int32_t tokens = 1;
  std::int32_t in_features = 1;
  std::int32_t out_features = 1;
  bool bias = false;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock. Inlined always: see attention_cost.
  [[gnu::always_inline]] constexpr Cost cost() const noexcept {
    const double m = tokens;
    const double k = in_features;
    const double n = out_features;
    Cost cost;
    cost.matrix_flops = {2.0 * m * k * n};
    cost.weight_read = tensor_bytes(precision.weight, out_features, in_features);
    cost.activation_read = tensor_bytes(precision.activation, tokens, in_features);
    cost.activation_write = tensor_bytes(precision.output, tokens, out_features);
    if (bias) {
      cost.vector_flops = {m * n};
      cost.weight_read += tensor_bytes(precision.output, 1, out_features);
    }
    return cost;
  }

  /// The type in which the tensor cores multiply: the wider of activation and weight.
  constexpr DataType compute_type() const noexcept {
    return multiply_type(TensorFormat(precision.activation).element, TensorFormat(precision.weight).element);
  }

  /// Tokens and features must be positive.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("tokens", tokens),
                            detail::require_positive("in_features", in_features),
                            detail::require_positive("out_features", out_features));
  }

  friend constexpr bool operator==(const LinearProjection&, const LinearProjection&) noexcept = default;
};

}  // namespace opcost
