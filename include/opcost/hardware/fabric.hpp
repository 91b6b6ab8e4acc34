// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/hardware/interconnect.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What joins the ranks of a collective: one accelerator a rank, alike nodes filled one after the other, a
/// non-blocking switch within each and between all. Bandwidths are a rank's own, in one direction.
struct Fabric {
  Link scale_up{};   ///< Within a node: NVLink, Infinity Fabric, PCIe, …
  Link scale_out{};  ///< To other nodes: this rank's network card.
  std::int32_t ranks_per_node = 8;
  bool in_switch_reduction = false;  ///< The node's switches add up and multiply copies (NVLink SHARP).

  /// The links of an accelerator's data sheet, and switches that reduce where the usual ones do.
  static constexpr Fabric of(const Accelerator& accelerator, std::int32_t ranks_per_node = 8) noexcept {
    return of(accelerator, ranks_per_node, accelerator.scale_up.reduces);
  }
  static constexpr Fabric of(const Accelerator& accelerator, std::int32_t ranks_per_node,
                             bool in_switch_reduction) noexcept {
    return {accelerator.scale_up, accelerator.scale_out, ranks_per_node, in_switch_reduction};
  }

  /// As every `stride`-th rank sees it: fewer of them stand in a node.
  constexpr Fabric strided(std::int32_t stride) const noexcept {
    Fabric fabric = *this;
    if (stride > 1) fabric.ranks_per_node = stride < ranks_per_node ? ranks_per_node / stride : 1;
    return fabric;
  }
  /// Nodes that so many ranks occupy.
  constexpr std::int32_t nodes(std::int32_t ranks) const noexcept {
    return ranks / ranks_per_node + (ranks % ranks_per_node != 0 ? 1 : 0);
  }
  /// Ranks in the fullest node.
  constexpr std::int32_t most_in_node(std::int32_t ranks) const noexcept {
    return ranks < ranks_per_node ? ranks : ranks_per_node;
  }
  /// Ranks in the last node, the emptiest.
  constexpr std::int32_t fewest_in_node(std::int32_t ranks) const noexcept {
    return ranks % ranks_per_node != 0 ? ranks % ranks_per_node : ranks_per_node;
  }

  /// At least one rank a node, and no negative bandwidth.
  constexpr std::optional<Violation> violation() const noexcept {
    constexpr std::string_view expected = "a number ≥ 0, where 0 means none";
    return detail::first_of(
        detail::require_positive("ranks_per_node", ranks_per_node),
        detail::require_at_least("scale_up.gb_per_s", scale_up.bandwidth.value * 1e-9, 0.0, expected),
        detail::require_at_least("scale_out.gb_per_s", scale_out.bandwidth.value * 1e-9, 0.0, expected));
  }

  friend constexpr bool operator==(const Fabric&, const Fabric&) noexcept = default;
};

}  // namespace opcost
