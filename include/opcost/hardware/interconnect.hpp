// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/name.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What joins accelerators to each other, to their host, or to other nodes.
enum class LinkKind : std::uint8_t { none, nvlink, nvlink_bridge, pcie4, pcie5, pcie6, infinity_fabric, ici, nic };

namespace detail {
inline constexpr std::array<std::string_view, 9> link_kind_names{
    "none", "nvlink", "nvlink_bridge", "pcie4", "pcie5", "pcie6", "infinity_fabric", "ici", "nic"};
}  // namespace detail

/// The name used in data files: "nvlink", "pcie5", …
constexpr std::string_view name(LinkKind kind) noexcept {
  return detail::link_kind_names[static_cast<std::size_t>(kind)];
}

/// The link kind of that name, or nothing.
constexpr std::optional<LinkKind> link_kind_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < detail::link_kind_names.size(); ++i) {
    if (detail::link_kind_names[i] == text) return static_cast<LinkKind>(i);
  }
  return std::nullopt;
}

/// A link of one accelerator: its bandwidth in one direction. Kind `none` with bandwidth 0 if there is none,
/// or none is published.
struct Link {
  LinkKind kind = LinkKind::none;
  BytesPerSecond bandwidth{};
  bool reduces = false;  ///< Its switches add up what passes them and multiply copies (NVLink SHARP).

  friend constexpr bool operator==(const Link&, const Link&) noexcept = default;
};

/// A network path as measured end to end: the time to move n bytes is latency + n / bandwidth.
struct Interconnect {
  Name name{};
  BytesPerSecond bandwidth{};
  Seconds latency{};

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("bandwidth_gb_per_s", bandwidth.value * 1e-9),
                            detail::require_positive("latency_us", latency.value * 1e6));
  }

  friend constexpr bool operator==(const Interconnect&, const Interconnect&) noexcept = default;
};

}  // namespace opcost
