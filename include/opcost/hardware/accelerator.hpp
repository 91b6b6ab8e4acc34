// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

#include "opcost/hardware/interconnect.hpp"
#include "opcost/name.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Dense peak rates by data type; 0 where the accelerator has no such rate or none is published. A peak is
/// always stated, never derived: H20 has the multiprocessors and clock of a 630-TFLOPS part and a cap at 148.
class PeakRates {
 public:
  constexpr PeakRates() noexcept = default;
  constexpr PeakRates(std::initializer_list<std::pair<DataType, FlopsPerSecond>> rates) noexcept {
    for (const auto& [type, rate] : rates) set(type, rate);
  }

  constexpr void set(DataType type, FlopsPerSecond rate) noexcept { rates_[static_cast<std::size_t>(type)] = rate; }

  constexpr FlopsPerSecond operator[](DataType type) const noexcept {
    return rates_[static_cast<std::size_t>(type)];
  }

  friend constexpr bool operator==(const PeakRates&, const PeakRates&) noexcept = default;

 private:
  std::array<FlopsPerSecond, data_type_count> rates_{};
};

/// One accelerator as its data sheet states it. Zero means "not published" wherever a zero makes no sense.
///
/// The peaks for fp32 and fp64 are the vector rates; fp32's is the rate of all elementwise work.
struct Accelerator {
  Name name{};
  PeakRates peaks{};
  BytesPerSecond memory_bandwidth{};
  Bytes memory_capacity{};         ///< As marketed, decimal.
  Bytes usable_memory{};           ///< As the driver reports it.
  Bytes l2_cache{};                ///< The last on-chip level.
  std::int32_t multiprocessors{};  ///< Streaming multiprocessors or compute units.
  Hertz tensor_clock{};            ///< The clock behind the tensor peaks.
  Hertz maximum_clock{};
  Bytes shared_memory{};  ///< Per multiprocessor.
  Link scale_up{};        ///< To the accelerators of the same node or domain.
  Link host{};
  Link scale_out{};  ///< To other nodes, this accelerator's share.
  double power_watts{};

  /// Whether the data sheet has a peak rate for this type.
  constexpr bool supports(DataType type) const noexcept { return peaks[type].value > 0.0; }

  /// A positive memory bandwidth and capacity, and nothing negative or NaN.
  constexpr std::optional<Violation> violation() const noexcept {
    for (const DataType type : data_types) {
      if (const auto found = not_negative("peak_tflops", peaks[type].value * 1e-12)) return found;
    }
    return detail::first_of(detail::require_positive("memory.bandwidth_tb_per_s", memory_bandwidth.value * 1e-12),
                            detail::require_positive("memory.capacity_gb", memory_capacity.value * 1e-9),
                            not_negative("memory.usable_mib", usable_memory.value / 1048576.0),
                            not_negative("memory.l2_cache_mb", l2_cache.value * 1e-6),
                            not_negative("multiprocessors.count", multiprocessors),
                            not_negative("multiprocessors.tensor_clock_mhz", tensor_clock.value * 1e-6),
                            not_negative("multiprocessors.maximum_clock_mhz", maximum_clock.value * 1e-6),
                            not_negative("multiprocessors.shared_memory_kb", shared_memory.value * 1e-3),
                            not_negative("links.scale_up.gb_per_s", scale_up.bandwidth.value * 1e-9),
                            not_negative("links.host.gb_per_s", host.bandwidth.value * 1e-9),
                            not_negative("links.scale_out.gb_per_s", scale_out.bandwidth.value * 1e-9),
                            not_negative("power_watts", power_watts));
  }

  friend constexpr bool operator==(const Accelerator&, const Accelerator&) noexcept = default;

 private:
  static constexpr std::optional<Violation> not_negative(std::string_view field, double value) noexcept {
    return detail::require_at_least(field, value, 0.0, "a number ≥ 0, where 0 means not published");
  }
};

}  // namespace opcost
