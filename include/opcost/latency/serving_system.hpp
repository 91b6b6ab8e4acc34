// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "opcost/name.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What a serving system adds to the operations of a step. By default nothing.
struct ServingSystem {
  Name name{};
  Seconds host_per_step{};      ///< Scheduling and preparing inputs, while the accelerators wait.
  Seconds host_per_sequence{};  ///< The same for each sequence of the step.
  double collective_overlap =
      0.0;  ///< The share of communication that can pass beside operations: see exposed_time.

  constexpr Seconds host_time(std::int64_t sequences) const noexcept {
    return sequences > 0 ? host_per_step + host_per_sequence * static_cast<double>(sequences) : Seconds{};
  }

  /// No negative time, and a share from 0 to 1.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        detail::require_at_least("host_per_step_us", host_per_step.value * 1e6, 0.0, "a number ≥ 0"),
        detail::require_at_least("host_per_sequence_us", host_per_sequence.value * 1e6, 0.0, "a number ≥ 0"));
    if (found) return found;
    if (!(collective_overlap >= 0.0 && collective_overlap <= 1.0)) {
      return Violation{"collective_overlap", collective_overlap, "a share from 0 to 1"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const ServingSystem&, const ServingSystem&) noexcept = default;
};

}  // namespace opcost
