// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// The nonlinearity of a feed-forward block.
enum class ActivationFunction : std::uint8_t { relu, silu, gelu_tanh, relu_squared };

namespace detail {

struct ActivationWork {
  double flops;         // an element
  double exponentials;  // an element
};

// relu: max(x, 0).  silu: x / (1 + e^−x): add, divide.  gelu_tanh (arXiv 1606.08415):
// ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))): 5 to the argument u, then tanh u = 1 − 2/(e^{2u} + 1) in 4
// (2u, add, divide, subtract), then add and two multiplications.  relu_squared: max(x, 0)² (arXiv 2109.08668).
inline constexpr std::array<ActivationWork, 4> activation_work{{{1.0, 0.0}, {2.0, 1.0}, {12.0, 1.0}, {2.0, 0.0}}};

}  // namespace detail

/// The activation between a feed-forward block's projections, gated (SwiGLU, GeGLU: arXiv 2002.05202) or plain.
///
///   gated   y[tokens, width] = f(gate) · up   reads 2 · width an input row, one multiplication more
///   plain   y[tokens, width] = f(x)           reads width
///
/// FLOPs and exponentials an element are those of the formulas in this header.
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct Activation {
  static constexpr std::string_view kind = "activation";

  std::int32_t tokens = 1;
  std::int32_t width = 1;  ///< Of the output: the feed-forward dimension.
  ActivationFunction function = ActivationFunction::silu;
  bool gated = true;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const double elements = double(tokens) * double(width);
    const detail::ActivationWork work = detail::activation_work[static_cast<std::size_t>(function)];
    const double inputs = gated ? 2.0 : 1.0;
    Cost cost;
    cost.vector_flops = {elements * (work.flops + inputs - 1.0)};
    cost.exponentials = elements * work.exponentials;
    cost.activation_read = inputs * tensor_bytes(precision.input, tokens, width);
    cost.activation_write = tensor_bytes(precision.output, tokens, width);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("tokens", tokens), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const Activation&, const Activation&) noexcept = default;
};

}  // namespace opcost
