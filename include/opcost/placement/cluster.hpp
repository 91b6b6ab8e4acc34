// SPDX-License-Identifier: Apache-2.0
//
// Accelerators to place a model on: pools of alike ones, and the links between them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "opcost/hardware/interconnect.hpp"
#include "opcost/latency/collective_estimate.hpp"
#include "opcost/model/step.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Alike accelerators.
struct Pool {
  Platform platform;
  std::int32_t accelerators = 1;
  double dollars_per_hour = 0.0;  ///< Of one accelerator; 0: not stated.

  /// A positive number of accelerators, and no negative price.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("accelerators", accelerators),
                            detail::require_at_least("dollars_per_hour", dollars_per_hour, 0.0, "a number ≥ 0"));
  }
};

/// What a message between two groups of accelerators passes: every accelerator has a network card, or several share
/// one, and a switch between the groups that may carry less than all cards together.
struct PoolLink {
  BytesPerSecond bandwidth{};  ///< Of one card, in one direction; 0: there is no link.
  Seconds latency{};           ///< Of a message.
  std::int32_t accelerators_per_card = 1;
  double oversubscription = 1.0;  ///< What the cards could send over what the switches between the groups carry.
  bool overlaps = true;           ///< A transfer leaves accelerators free to work on other micro-batches.
  Seconds metadata{};             ///< To agree on shapes and addresses before a message; 0 where they are cached.
  BytesPerSecond staging{};       ///< Of copies to and from a buffer, on either side; 0: none, zero-copy.
  BytesPerSecond reordering{};    ///< At which a receiver puts tokens in order, with its memory; 0: none needed.

  /// The link of an interconnect as measured, a card for each accelerator.
  static constexpr PoolLink of(const Interconnect& interconnect) noexcept {
    return {.bandwidth = interconnect.bandwidth, .latency = interconnect.latency};
  }

  constexpr bool exists() const noexcept { return bandwidth > BytesPerSecond{}; }

  /// A positive bandwidth, at least one accelerator a card, an oversubscription of at least 1, nothing negative.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(
        detail::require_positive("bandwidth_gb_per_s", bandwidth.value * 1e-9),
        detail::require_at_least("latency_us", latency.value * 1e6, 0.0, "a number ≥ 0"),
        detail::require_positive("accelerators_per_card", accelerators_per_card),
        detail::require_at_least("oversubscription", oversubscription, 1.0, "a number ≥ 1"),
        detail::require_at_least("metadata_us", metadata.value * 1e6, 0.0, "a number ≥ 0"),
        detail::require_at_least("staging_gb_per_s", staging.value * 1e-9, 0.0, "a number ≥ 0, where 0 means none"),
        detail::require_at_least("reordering_gb_per_s", reordering.value * 1e-9, 0.0,
                                 "a number ≥ 0, where 0 means none"));
  }

  friend constexpr bool operator==(const PoolLink&, const PoolLink&) noexcept = default;
};

/// The time of a message between two groups, by who it keeps busy.
struct HopTime {
  Seconds sender{};    ///< Its accelerators cannot work meanwhile.
  Seconds transfer{};  ///< The link's.
  Seconds latency{};   ///< Nobody's.
  Seconds receiver{};
};

/// The time of so many bytes from one group to another. Each pair of accelerators uses cards of its own, as many as
/// the smaller group has; all of them share what the switches carry. Does not throw, allocate or lock.
constexpr HopTime hop_time(const PoolLink& link, Bytes bytes, std::int32_t senders,
                           std::int32_t receivers) noexcept {
  const std::int32_t pairs = senders < receivers ? senders : receivers;
  const std::int32_t cards = pairs > link.accelerators_per_card ? pairs / link.accelerators_per_card : 1;
  HopTime hop{.transfer = bytes / (link.bandwidth * (cards / link.oversubscription)),
              .latency = link.latency + link.metadata};
  if (link.staging > BytesPerSecond{}) hop.transfer += bytes * 2.0 / (link.staging * double(pairs));
  if (link.reordering > BytesPerSecond{}) hop.receiver = bytes / (link.reordering * double(receivers));
  if (!link.overlaps) {
    hop.sender = hop.transfer + hop.latency;
    hop.transfer = hop.latency = {};
  }
  return hop;
}

inline constexpr std::size_t most_pools = 8;

/// Pools and the links between each two of them, and within each. Does not own the pools.
class Cluster {
 public:
  /// Within a pool that is one node, a link of its accelerators' own kind; else none until it is set. At most 8
  /// pools.
  explicit Cluster(std::span<const Pool> pools) noexcept : pools_(pools) {
    for (std::size_t i = 0; i < pools.size() && i < most_pools; ++i) {
      if (is_one_node(i)) links_[i][i] = link_in_node(pools[i]);
    }
  }

  std::span<const Pool> pools() const noexcept { return pools_; }
  const Pool& pool(std::size_t index) const noexcept { return pools_[index]; }

  bool is_one_node(std::size_t pool) const noexcept {
    return pools_[pool].accelerators <= pools_[pool].platform.fabric.ranks_per_node;
  }

  const PoolLink& link(std::size_t from, std::size_t to) const noexcept { return links_[from][to]; }
  /// In one direction.
  void set_link(std::size_t from, std::size_t to, const PoolLink& link) noexcept { links_[from][to] = link; }
  /// Calls `visit(from, to, link)` for each link that was given: not those within a node.
  template <class Visit>
  void visit_links(Visit&& visit) const {
    for (std::size_t from = 0; from < pools_.size(); ++from) {
      for (std::size_t to = 0; to < pools_.size(); ++to) {
        const bool in_node = from == to && is_one_node(from);
        if (!in_node && links_[from][to].exists()) visit(from, to, links_[from][to]);
      }
    }
  }
  /// Between all pools, and within each that is more than one node.
  void connect_all(const PoolLink& link) noexcept {
    for (std::size_t from = 0; from < pools_.size(); ++from) {
      for (std::size_t to = 0; to < pools_.size(); ++to) {
        if (from != to || !is_one_node(from)) links_[from][to] = link;
      }
    }
  }

  /// One to eight valid pools. Links may be missing: a plan that needs one says so.
  std::optional<Violation> violation() const noexcept {
    if (pools_.empty() || pools_.size() > most_pools) {
      return Violation{"pools", double(pools_.size()), "a number from 1 to 8"};
    }
    for (const Pool& pool : pools_) {
      if (const auto found = pool.violation()) return found;
    }
    return std::nullopt;
  }

 private:
  /// The scale-up link at its bandwidth, with the latency that the pool's calibration has for a message in a node.
  static PoolLink link_in_node(const Pool& pool) noexcept {
    const Collective message{CollectiveKind::point_to_point, 2, Bytes{1.0}};
    return {.bandwidth = pool.platform.fabric.scale_up.bandwidth,
            .latency = detail::estimate_on(pool.platform, message).expected};
  }

  std::span<const Pool> pools_;
  std::array<std::array<PoolLink, most_pools>, most_pools> links_{};
};

}  // namespace opcost
