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

/// Storing the keys and values of new tokens in a paged KV cache, as a kernel of its own (vLLM's
/// reshape_and_cache). The attention descriptors count this write already, as part of a fused kernel: use this one
/// for its time, and do not add both costs.
///
///   reads         K and V in the input's format; the slot of each token, 8 bytes
///   cache write   K and V in the output's format, which is the cache's; scales of a format per head vector
///   vector FLOPs  1 an element, x · 1/scale, if the cache's element is narrower than the input's; else none
///
/// Latent attention (arXiv 2405.04434) stores one vector a token: kv_heads 1, key dimension 512 + 64, no values.
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct KvCacheWrite {
  static constexpr std::string_view kind = "kv_cache_write";

  std::int32_t tokens = 1;
  std::int32_t kv_heads = 1;
  std::int32_t key_dimension = 128;
  std::int32_t value_dimension = 128;  ///< 0 for a latent cache.
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const double vectors = double(tokens) * double(kv_heads);
    const bool narrows = bytes_per_element(TensorFormat(precision.output).element) <
                         bytes_per_element(TensorFormat(precision.input).element);
    Cost cost;
    if (narrows) cost.vector_flops = {vectors * (double(key_dimension) + double(value_dimension))};
    cost.activation_read = vectors * both(precision.input) + Bytes{8.0 * tokens};
    cost.kv_cache_write = vectors * both(precision.output);
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  /// All positive, but a value dimension of 0 is allowed.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(
        detail::require_positive("tokens", tokens), detail::require_positive("kv_heads", kv_heads),
        detail::require_positive("key_dimension", key_dimension),
        detail::require_at_least("value_dimension", value_dimension, 0.0, "a positive number or 0"));
  }

  friend constexpr bool operator==(const KvCacheWrite&, const KvCacheWrite&) noexcept = default;

 private:
  constexpr Bytes both(const TensorFormat& format) const noexcept {
    return tensor_bytes(format, 1, key_dimension) + tensor_bytes(format, 1, value_dimension);
  }
};

}  // namespace opcost
