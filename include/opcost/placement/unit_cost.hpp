// SPDX-License-Identifier: Apache-2.0
//
// What a FLOP and a byte cost on an accelerator with a price, and what follows from that alone (Step-3, arXiv
// 2507.19427).
#pragma once

#include <cstdint>
#include <limits>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/mathematics.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// Dollars for a FLOP and for a byte of memory traffic, at peak rates: price / 3600 / peak and price / 3600 /
/// bandwidth. Any other currency or normalised price does as well.
struct UnitCost {
  double dollars_per_flop = 0.0;  ///< +infinity where the accelerator lacks the data type.
  double dollars_per_byte = 0.0;

  constexpr double dollars(Flops work) const noexcept {
    return work.value > 0.0 ? work.value * dollars_per_flop : 0.0;
  }
  constexpr double dollars(Bytes traffic) const noexcept { return traffic.value * dollars_per_byte; }

  /// The intensity at which FLOPs and bytes cost the same: peak over bandwidth, whatever the price.
  constexpr Intensity ridge_point() const noexcept { return {dollars_per_byte / dollars_per_flop}; }
};

/// Unit costs of stated rates and a positive price, always an input. Does not throw, allocate or lock.
constexpr UnitCost unit_cost(double dollars_per_hour, FlopsPerSecond peak,
                             BytesPerSecond memory_bandwidth) noexcept {
  const double dollars_per_second = dollars_per_hour / 3600.0;
  return {peak.value > 0.0 ? dollars_per_second / peak.value : std::numeric_limits<double>::infinity(),
          dollars_per_second / memory_bandwidth.value};
}

/// The same at an accelerator's peak for `type`.
constexpr UnitCost unit_cost(double dollars_per_hour, const Accelerator& accelerator, DataType type) noexcept {
  return unit_cost(dollars_per_hour, accelerator.peaks[type], accelerator.memory_bandwidth);
}

/// Dollars for the attention side of one decoded token (Step-3): the dearer of the attention core's FLOPs and its
/// KV cache, which overlap, then the FLOPs of the projections around it, whose weights a large batch reads for
/// nothing. Does not throw, allocate or lock.
constexpr double attention_dollars_per_token(const UnitCost& cost, Flops attention_core, Bytes kv_cache,
                                             Flops projections) noexcept {
  return mathematics::larger(cost.dollars(attention_core), cost.dollars(kv_cache)) + cost.dollars(projections);
}

/// A pool of accelerators that runs the experts only, and the network through which all its tokens come and go.
struct ExpertPool {
  std::int32_t hidden_size = 1;
  std::int32_t layers = 1;
  Intensity ridge_point{};             ///< Of the pool's accelerators.
  BytesPerSecond network_bandwidth{};  ///< Of the whole pool.
  Seconds network_time{};              ///< What the transfers of one step may take, over all layers.
  double bytes_per_weight = 1.0;
  double bytes_per_element = 3.0;  ///< Of a hidden state, there and back; fp8 there and bf16 back.
};

/// The least share of the experts' weights that a token must use for the experts to be compute-bound on what the
/// network can bring them (Step-3's minimum sparsity). A batch of B tokens is compute-bound where its 2 · B · share
/// FLOPs a weight take no less than reading the weight, B ≥ bytes_per_weight · ridge / (2 · share); its transfers
/// take bytes_per_element · hidden · B · layers / bandwidth ≤ network_time. With the default bytes and a third of
/// 50 ms this is the paper's hidden · peak · layers / (network · bandwidth · 11.1 ms). Above 1, no model will do.
/// Does not throw, allocate or lock.
constexpr double minimum_sparsity(const ExpertPool& pool) noexcept {
  const double tokens = pool.bytes_per_weight * pool.ridge_point.value / 2.0;  // times 1 / share
  const Bytes transferred{pool.bytes_per_element * pool.hidden_size * tokens * pool.layers};
  return transferred / pool.network_bandwidth / pool.network_time;
}

}  // namespace opcost
