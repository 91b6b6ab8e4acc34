// SPDX-License-Identifier: Apache-2.0
//
// What an operation costs before any hardware enters: FLOPs by unit, bytes by role.
#pragma once

#include "opcost/units.hpp"

namespace opcost {

/// FLOPs by the unit that executes them and bytes of device-memory traffic by role. Roles are kept apart
/// because batching amortises weights and nothing else. Costs add, and multiply by a count.
struct Cost {
  Flops matrix_flops{};       ///< Tensor-core work; a multiply-add is two.
  Flops vector_flops{};       ///< Elementwise work in fp32 on the vector units.
  double exponentials = 0.0;  ///< Exponentials and logarithms (softmax, SiLU, gates) on the special-function units.
  Bytes weight_read{};        ///< Parameters.
  Bytes activation_read{};    ///< Inputs other than weights and the KV cache.
  Bytes activation_write{};   ///< Outputs other than the KV cache.
  Bytes kv_cache_read{};      ///< Keys and values read, or the state of a recurrent operation.
  Bytes kv_cache_write{};     ///< Keys and values of the new tokens, or the new state.

  /// Matrix and vector FLOPs; exponentials are not FLOPs.
  constexpr Flops flops() const noexcept { return matrix_flops + vector_flops; }

  /// All device-memory traffic.
  constexpr Bytes bytes() const noexcept {
    return weight_read + activation_read + activation_write + kv_cache_read + kv_cache_write;
  }

  /// FLOPs per byte of traffic; NaN for the empty cost.
  constexpr Intensity arithmetic_intensity() const noexcept { return flops() / bytes(); }

  friend constexpr Cost operator+(const Cost& a, const Cost& b) noexcept {
    return {.matrix_flops = a.matrix_flops + b.matrix_flops,
            .vector_flops = a.vector_flops + b.vector_flops,
            .exponentials = a.exponentials + b.exponentials,
            .weight_read = a.weight_read + b.weight_read,
            .activation_read = a.activation_read + b.activation_read,
            .activation_write = a.activation_write + b.activation_write,
            .kv_cache_read = a.kv_cache_read + b.kv_cache_read,
            .kv_cache_write = a.kv_cache_write + b.kv_cache_write};
  }
  constexpr Cost& operator+=(const Cost& other) noexcept { return *this = *this + other; }

  friend constexpr Cost operator*(const Cost& cost, double count) noexcept {
    return {.matrix_flops = cost.matrix_flops * count,
            .vector_flops = cost.vector_flops * count,
            .exponentials = cost.exponentials * count,
            .weight_read = cost.weight_read * count,
            .activation_read = cost.activation_read * count,
            .activation_write = cost.activation_write * count,
            .kv_cache_read = cost.kv_cache_read * count,
            .kv_cache_write = cost.kv_cache_write * count};
  }
  friend constexpr Cost operator*(double count, const Cost& cost) noexcept { return cost * count; }

  friend constexpr bool operator==(const Cost&, const Cost&) noexcept = default;
};

}  // namespace opcost
