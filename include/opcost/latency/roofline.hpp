// SPDX-License-Identifier: Apache-2.0
//
// The roofline: a true lower bound on the time of an operation, and what limits it.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// The resource whose time is longer. At the ridge point exactly, memory.
enum class Limiter : std::uint8_t { compute, memory };

constexpr std::string_view name(Limiter limiter) noexcept {
  return limiter == Limiter::compute ? "compute" : "memory";
}

/// A lower bound on time, from peak rates (Williams, Waterman and Patterson 2009): no kernel on this
/// accelerator is faster, however well written, unless it finds its operands already on chip.
/// Bounds add: the sum is the bound of running one after the other.
struct RooflineBound {
  Seconds time{};             ///< The bound. +infinity if the accelerator lacks the data type.
  Seconds compute_time{};     ///< FLOPs over peak rate.
  Seconds memory_time{};      ///< Bytes over memory bandwidth.
  Seconds compute_limited{};  ///< The part of `time` spent where compute limits: all or nothing for one operation.
  Flops flops{};
  Bytes bytes{};
  Intensity ridge_point{};  ///< Peak over bandwidth: the intensity from which compute limits.

  /// What limits (most of) the time.
  constexpr Limiter limiter() const noexcept {
    const bool never = compute_limited.value == std::numeric_limits<double>::infinity();  // a type without a rate
    return never || compute_limited + compute_limited > time ? Limiter::compute : Limiter::memory;
  }
  /// FLOPs per byte of the operation itself.
  constexpr Intensity intensity() const noexcept { return flops / bytes; }
  /// Intensity over ridge point: 0.5 means that twice the intensity would reach the ridge; above 1, compute
  /// limits and memory would have to be so many times slower to matter.
  constexpr double distance_to_ridge() const noexcept { return intensity() / ridge_point; }

  constexpr RooflineBound& operator+=(const RooflineBound& other) noexcept {
    time += other.time;
    compute_time += other.compute_time;
    memory_time += other.memory_time;
    compute_limited += other.compute_limited;
    flops += other.flops;
    bytes += other.bytes;
    if (!(ridge_point == other.ridge_point) && compute_time.value > 0.0) {
      // of a mix of types: the mix's peak is flops / compute_time, the bandwidth bytes / memory_time
      ridge_point = (flops / compute_time) / (bytes / memory_time);
    }
    return *this;
  }
  friend constexpr RooflineBound operator+(RooflineBound a, const RooflineBound& b) noexcept { return a += b; }

  /// The bound of `count` executions one after the other.
  friend constexpr RooflineBound operator*(RooflineBound bound, double count) noexcept {
    bound.time = bound.time * count;
    bound.compute_time = bound.compute_time * count;
    bound.memory_time = bound.memory_time * count;
    bound.compute_limited = bound.compute_limited * count;
    bound.flops = bound.flops * count;
    bound.bytes = bound.bytes * count;
    return bound;
  }
  friend constexpr RooflineBound operator*(double count, const RooflineBound& bound) noexcept {
    return bound * count;
  }

  friend constexpr bool operator==(const RooflineBound&, const RooflineBound&) noexcept = default;
};

namespace detail {

/// work / rate; no time for no work, and forever where there is no rate.
constexpr Seconds time_at(Flops work, FlopsPerSecond rate) noexcept {
  if (!(rate.value > 0.0)) [[unlikely]] {
    return {work.value > 0.0 ? std::numeric_limits<double>::infinity() : 0.0};
  }
  return work / rate;
}

/// What a bound depends on, of a cost and its data type.
struct Work {
  Flops matrix_flops;
  Flops vector_flops;
  Bytes bytes;
  DataType type;
};

struct WorkOf {
  template <Operation T>
  [[gnu::always_inline]] constexpr Work operator()(const T& operation) const noexcept {
    const Cost cost = operation.cost();
    return {cost.matrix_flops, cost.vector_flops, cost.bytes(), operation.compute_type()};
  }
};

constexpr RooflineBound roofline_bound(const Work& work, const Accelerator& accelerator) noexcept {
  Seconds compute_time = time_at(work.matrix_flops, accelerator.peaks[work.type]);
  if (work.vector_flops.value > 0.0 && accelerator.supports(DataType::fp32)) {
    const Seconds vector_time = time_at(work.vector_flops, accelerator.peaks[DataType::fp32]);
    compute_time = vector_time > compute_time ? vector_time : compute_time;
  }
  const Seconds memory_time = work.bytes / accelerator.memory_bandwidth;
  const bool compute_limits = compute_time > memory_time;
  const Seconds time = compute_limits ? compute_time : memory_time;
  return {.time = time,
          .compute_time = compute_time,
          .memory_time = memory_time,
          .compute_limited = compute_limits ? time : Seconds{},
          .flops = work.matrix_flops + work.vector_flops,
          .bytes = work.bytes,
          .ridge_point = accelerator.peaks[work.type] / accelerator.memory_bandwidth};
}

}  // namespace detail

/// The bound of a cost whose matrix FLOPs run in `type`, as one perfectly overlapped kernel: the longest of
/// matrix time, vector time and memory time. Costs of operations that one kernel fuses may be added before.
/// Where no fp32 rate is published, vector work is left out (the bound stays a bound).
/// Does not throw, allocate or lock.
constexpr RooflineBound roofline_bound(const Cost& cost, DataType type, const Accelerator& accelerator) noexcept {
  return detail::roofline_bound(detail::Work{cost.matrix_flops, cost.vector_flops, cost.bytes(), type},
                                accelerator);
}

/// The bound of one operation.
template <Operation T>
[[gnu::always_inline]] constexpr RooflineBound roofline_bound(const T& operation,
                                                              const Accelerator& accelerator) noexcept {
  return roofline_bound(operation.cost(), operation.compute_type(), accelerator);
}

/// The same, with one look at what kind of operation it is. A template, so that only who calls it pays for compiling
/// all kinds.
// clang-format off
template <Operation T>
  requires std::same_as<T, AnyOperation>
constexpr RooflineBound roofline_bound(const T& operation, const Accelerator& accelerator) noexcept {
  // clang-format on
  return detail::roofline_bound(operation.visit(detail::WorkOf{}), accelerator);
}

/// The bound of operations that run one after the other: the sum of their bounds.
template <class Operations>
requires(!Operation<Operations>) && requires(const Operations& operations) {
  { *std::begin(operations) } -> Operation;
  std::end(operations);
}
constexpr RooflineBound roofline_bound(const Operations& operations, const Accelerator& accelerator) noexcept {
  auto next = std::begin(operations);
  const auto end = std::end(operations);
  if (next == end) return {};
  RooflineBound sum = roofline_bound(*next, accelerator);
  while (++next != end) sum += roofline_bound(*next, accelerator);
  return sum;
}

}  // namespace opcost
