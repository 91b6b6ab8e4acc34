// SPDX-License-Identifier: Apache-2.0
//
// Micro-batches that go back and forth between attention and expert accelerators (MegaScale-Infer, arXiv
// 2504.02263).
#pragma once

#include <cstdint>
#include <optional>

#include "opcost/mathematics.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// A ping-pong pipeline: each micro-batch alternates between attention and experts, layer after layer, and others
/// use the side that it leaves. Times are those of one micro-batch and one layer.
///
/// The closed forms hold for micro-batches of equal times and for transfers that overlap computation and each
/// other's direction and take no longer than the slower side. The faster side idles for the difference; the paper
/// balances the two. Functions do not throw, allocate or lock; they expect a value without a violation().
struct PingPong {
  Seconds attention_time{};
  Seconds expert_time{};
  Seconds transfer_time{};  ///< One way.

  /// T_f, the time of the slower side: one micro-batch leaves the pipeline each T_f, at best.
  constexpr Seconds stage_time() const noexcept {
    return attention_time > expert_time ? attention_time : expert_time;
  }

  /// The fewest micro-batches that hide the transfers when both sides take T_f: ⌈2 (1 + T_c / T_f)⌉, so 3 where 0 <
  /// T_c ≤ T_f / 2, then 4. Where one side is faster, fewer may do: (T_a + T_e + 2 T_c) / T_f.
  constexpr std::int32_t minimum_micro_batches() const noexcept {
    return static_cast<std::int32_t>(mathematics::ceiling(2.0 * (1.0 + transfer_time / stage_time())));
  }

  /// The time from the first micro-batch's entry to the last one's exit of the last layer, (T_a + T_e + 2 T_c) +
  /// T_f (m L − 1): the slower side never waits. Exact for at least minimum_micro_batches(), a lower bound for
  /// fewer.
  constexpr Seconds iteration_time(std::int32_t micro_batches, std::int32_t layers) const noexcept {
    const double stages = static_cast<double>(micro_batches) * layers;
    return attention_time + expert_time + 2.0 * transfer_time + stage_time() * (stages - 1.0);
  }

  /// Attention and experts must take time, a transfer no more than the slower of them.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(
        detail::require_positive("attention_time", attention_time.value),
        detail::require_positive("expert_time", expert_time.value),
        detail::require_at_least("transfer_time", transfer_time.value, 0.0, "a number ≥ 0"),
        detail::require_at_least("stage_time", stage_time().value, transfer_time.value, "at least transfer_time"));
  }
};

}  // namespace opcost
