// SPDX-License-Identifier: Apache-2.0
//
// The least time that a collective's bytes need on the links, and which link sets it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "opcost/hardware/fabric.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// The link whose time is longer; the network between nodes if both take as long.
enum class CollectiveLimiter : std::uint8_t { nothing, scale_up, scale_out };

constexpr std::string_view name(CollectiveLimiter limiter) noexcept {
  constexpr std::array<std::string_view, 3> names{"nothing", "scale_up", "scale_out"};
  return names[static_cast<std::size_t>(limiter)];
}

/// A lower bound on the time of a collective from the bandwidth of links alone: no library is faster.
struct CollectiveBound {
  Seconds time{};            ///< The longer of the two. +infinity if bytes must pass where there is no link.
  Seconds scale_up_time{};   ///< A rank's bytes over its links: the network card counts, too, if nodes are several.
  Seconds scale_out_time{};  ///< A node's bytes over the network cards of its ranks.
  Bytes port_bytes{};        ///< A rank's, in its busier direction.

  constexpr CollectiveLimiter limiter() const noexcept {
    if (!(time.value > 0.0)) return CollectiveLimiter::nothing;
    return scale_up_time > scale_out_time ? CollectiveLimiter::scale_up : CollectiveLimiter::scale_out;
  }

  friend constexpr bool operator==(const CollectiveBound&, const CollectiveBound&) noexcept = default;
};

namespace detail {

constexpr Seconds time_over(double bytes, double bandwidth) noexcept {
  if (!(bandwidth > 0.0)) return {bytes > 0.0 ? std::numeric_limits<double>::infinity() : 0.0};
  return {bytes / bandwidth};
}

}  // namespace detail

/// The bound. With m nodes of p ranks, n in all, and S as in Collective:
///
///   a rank   port_bytes over its scale-up link (plus its network card if m > 1)
///   a node   all-reduce 2S·(m−1) from all n cards together, and S from the cards of each node;
///            reduce-scatter and all-gather S·(n−p)/n over p cards; all-to-all p·S·(n−p)/n over p; point to point S
///
/// The last node may hold fewer than p; then it is the one that counts. The network between nodes is taken not to
/// reduce. Never decreases with bytes; with ranks not while nodes fill up, and an in-switch all-reduce is
/// independent of them. Does not throw, allocate or lock.
constexpr CollectiveBound collective_bound(const Collective& collective, const Fabric& all_ranks) noexcept {
  if (collective.ranks <= 1 || !(collective.bytes.value > 0.0)) return {};
  const Fabric fabric = all_ranks.strided(collective.stride);
  CollectiveBound bound;
  bound.port_bytes = collective.port_bytes(fabric.in_switch_reduction && collective.summed_in_switch());
  const std::int32_t nodes = fabric.nodes(collective.ranks);
  const double up = fabric.ranks_per_node > 1 ? fabric.scale_up.bandwidth.value : 0.0;
  if (nodes == 1) {
    bound.scale_up_time = detail::time_over(bound.port_bytes.value, up);
    bound.time = bound.scale_up_time;
    return bound;
  }
  const double out = fabric.scale_out.bandwidth.value;
  const double s = collective.bytes.value;
  const double n = collective.ranks;
  const double p = fabric.fewest_in_node(collective.ranks);
  bound.scale_up_time = detail::time_over(bound.port_bytes.value, up + out);
  switch (collective.pattern) {
    case CollectiveKind::all_reduce: {
      const Seconds all = detail::time_over(2.0 * s * (double(nodes) - 1.0), n * out);
      const Seconds last = detail::time_over(s, p * out);
      bound.scale_out_time = all > last ? all : last;
      break;
    }
    case CollectiveKind::reduce_scatter:
    case CollectiveKind::all_gather: bound.scale_out_time = detail::time_over(s * (n - p) / n, p * out); break;
    case CollectiveKind::all_to_all: bound.scale_out_time = detail::time_over(s * (n - p) / n, out); break;
    case CollectiveKind::point_to_point: bound.scale_out_time = detail::time_over(s, p * out); break;
  }
  bound.time = bound.scale_out_time > bound.scale_up_time ? bound.scale_out_time : bound.scale_up_time;
  return bound;
}

}  // namespace opcost
