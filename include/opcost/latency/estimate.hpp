// SPDX-License-Identifier: Apache-2.0
//
// The time that an operation will take: a kernel model with fitted factors, its interval, and where the time goes.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <variant>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/latency/kernel_query.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/ragged.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// The expected time with an 80 % interval, and where it goes. Always: bound.time ≤ low ≤ expected ≤ high.
/// Estimates add: the sum is that of running one after the other, its interval that of fully correlated errors.
struct LatencyEstimate {
  Seconds expected{};
  Seconds low{};
  Seconds high{};
  Seconds compute{};  ///< Of the main loop; overlaps with memory.
  Seconds memory{};
  Seconds overhead{};  ///< Launch, prologue, reductions, quantisation, the KV-cache write.
  RooflineBound bound{};
  bool in_fitted_range = false;  ///< Whether the fit saw such shapes on this accelerator.

  /// How much of the expected time the bound accounts for, 0 to 1.
  constexpr double efficiency() const noexcept { return bound.time / expected; }

  constexpr LatencyEstimate& operator+=(const LatencyEstimate& other) noexcept {
    expected += other.expected;
    low += other.low;
    high += other.high;
    compute += other.compute;
    memory += other.memory;
    overhead += other.overhead;
    bound += other.bound;
    in_fitted_range = in_fitted_range && other.in_fitted_range;
    return *this;
  }
  friend constexpr LatencyEstimate operator+(LatencyEstimate a, const LatencyEstimate& b) noexcept {
    return a += b;
  }

  /// The estimate of `count` executions one after the other.
  friend constexpr LatencyEstimate operator*(LatencyEstimate estimate, double count) noexcept {
    estimate.expected = estimate.expected * count;
    estimate.low = estimate.low * count;
    estimate.high = estimate.high * count;
    estimate.compute = estimate.compute * count;
    estimate.memory = estimate.memory * count;
    estimate.overhead = estimate.overhead * count;
    estimate.bound = estimate.bound * count;
    return estimate;
  }
};

namespace detail {

/// Asks the model, if it is of this shape; the constant model answers for every shape.
template <std::size_t Index = 0, class Shape>
[[gnu::always_inline]] inline kernel::KernelTime kernel_time(const KernelModel& model, const Shape& shape,
                                                             const kernel::BoundShape& bound,
                                                             const kernel::Machine& machine) noexcept {
  if constexpr (Index == std::variant_size_v<KernelModel>) {
    return {.total = std::numeric_limits<double>::infinity()};  // a family holds models of its shape only
  } else {
    using Model = std::variant_alternative_t<Index, KernelModel>;
    if constexpr (std::same_as<typename Model::Shape, kernel::BoundShape>) {
      if (const auto* known = std::get_if<Index>(&model)) return known->time(bound, machine);
    } else if constexpr (std::same_as<typename Model::Shape, Shape>) {
      if (const auto* known = std::get_if<Index>(&model)) {
        if (machine.complete()) return known->time(shape, machine);
      }
    }
    return kernel_time<Index + 1>(model, shape, bound, machine);
  }
}

inline kernel::Machine machine_for(const Accelerator& accelerator, DataType type, const Calibration& calibration,
                                   const ExecutionConditions& conditions) noexcept {
  kernel::Machine machine = kernel::Machine::of(accelerator, type);
  if (conditions.sustained_power) {
    machine.peak *= calibration.sustained_share;
    machine.fp8_peak *= calibration.sustained_share;
  }
  return machine;
}

/// Whether the factors were fitted to measurements of this accelerator.
inline bool fitted_on(const KernelCalibration& kernel, const Accelerator& accelerator,
                      const Calibration& calibration) noexcept {
  return kernel.rows != 0 && kernel.transferred_from.empty() && calibration.interval_factor == 1.0 &&
         calibration.accelerator == accelerator.name;
}

/// Whether a shape lies within what the fit saw.
template <std::size_t Count>
bool within(const std::array<DimensionRange, dimension_count>& range,
            const std::array<double, Count>& dimensions) noexcept {
  for (std::size_t i = 0; i < Count; ++i) {
    if (!range[i].contains(dimensions[i])) return false;
  }
  return true;
}

/// Whether the fit saw such a shape, on this accelerator and under these conditions.
template <class Shape>
bool in_fitted_range(const KernelQuery<Shape>& query, const KernelCalibration& kernel,
                     const Accelerator& accelerator, const Calibration& calibration,
                     const ExecutionConditions& conditions) noexcept {
  return query.usual && !conditions.sustained_power && conditions.cuda_graph &&
         fitted_on(kernel, accelerator, calibration) && within(kernel.range, query.shape.dimensions());
}

}  // namespace detail

/// The latency of what an operation asks: see kernel_query. +infinity where the accelerator lacks the data type, or
/// the models' ground (Calibration::answers_for). Does not throw, allocate or lock.
template <class Shape>
LatencyEstimate estimate_latency(const KernelQuery<Shape>& query, const Accelerator& accelerator,
                                 const Calibration& calibration, const ExecutionConditions& conditions) noexcept {
  const KernelCalibration& kernel = calibration[query.family];
  const RooflineBound bound = roofline_bound(query.cost, query.type, accelerator);
  const kernel::Machine machine = detail::machine_for(accelerator, query.type, calibration, conditions);
  const kernel::KernelTime time = detail::kernel_time(
      kernel.model, query.shape, {bound.compute_time.value * 1e6, bound.memory_time.value * 1e6}, machine);
  const Seconds launch{conditions.cuda_graph ? 0.0 : calibration.eager_launch * 1e-6};
  const Seconds modelled = Seconds{time.total * 1e-6} + launch;
  const ErrorInterval& interval = query.windowed ? kernel.windowed_interval : kernel.interval;
  const Seconds expected = modelled > bound.time ? modelled : bound.time;
  const Seconds low = expected * interval.low;
  return {.expected = expected,
          .low = low > bound.time ? low : bound.time,
          .high = expected * interval.high,
          .compute = {time.compute * 1e-6},
          .memory = {time.memory * 1e-6},
          .overhead = Seconds{time.overhead * 1e-6} + launch,
          .bound = bound,
          .in_fitted_range = detail::in_fitted_range(query, kernel, accelerator, calibration, conditions)};
}

/// The latency of one operation, a user's own included. Does not throw, allocate or lock.
template <Operation T>
LatencyEstimate estimate_latency(const T& operation, const Accelerator& accelerator, const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  return estimate_latency(kernel_query(operation, conditions), accelerator, calibration, conditions);
}

namespace detail {

/// The sum over a token's experts as MixtureOfExperts counts it: what a rank's experts do besides their products.
struct ExpertSum {
  Cost counts{};

  constexpr Cost cost() const noexcept { return counts; }
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }
};

}  // namespace detail

/// The latency of a layer of experts. Where tokens were dispatched to it in block-scaled fp8 it is the sum of DeepGEMM's
/// grouped products, in slots of fixed size up to 128 rows an expert as in decoding, of the activation and of the sum
/// over a token's experts: what vLLM and SGLang run behind DeepEP. Else the fused layer's.
template <LinearPrecision P>
LatencyEstimate estimate_latency(const MixtureOfExperts<P>& operation, const Accelerator& accelerator,
                                 const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  const TensorFormat weight = operation.precision.weight;
  if (!operation.dispatched || !(weight == formats::fp8_block)) {
    return estimate_latency(kernel_query(operation, conditions), accelerator, calibration, conditions);
  }
  const ExpertRouting& routing = operation.routing;
  const RankLoad load = busiest_rank(routing);
  const GroupedLayout layout =
      routing.rows() < 128.0 * routing.experts ? GroupedLayout::masked : GroupedLayout::contiguous;
  GroupedProjection<P> up = operation.up_projection();
  GroupedProjection<P> down = operation.down_projection();
  up.layout = down.layout = layout;
  const auto estimate = [&](const auto& part) noexcept {
    return estimate_latency(part, accelerator, calibration, conditions);
  };
  LatencyEstimate sum = estimate(up) + estimate(down);
  sum += estimate(detail::ExpertSum{operation.activation_cost(load)});
  sum += estimate(detail::ExpertSum{operation.sum_cost(load)});
  sum.bound = roofline_bound(operation.cost(load), operation.compute_type(), accelerator);
  return sum;
}

/// The latency of a ragged attention; nothing for an empty batch.
template <AttentionMask Mask, AttentionPrecision P>
LatencyEstimate estimate_latency(const RaggedAttention<Mask, P>& operation, const Accelerator& accelerator,
                                 const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  if (operation.batch.counts().sequences <= 0) return {};
  return estimate_latency(kernel_query(operation, conditions), accelerator, calibration, conditions);
}

/// The latency of another operation for a ragged batch; nothing for an empty one.
template <SequenceOperation T>
LatencyEstimate estimate_latency(const Ragged<T>& operation, const Accelerator& accelerator,
                                 const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  if (operation.batch.counts().sequences <= 0) return {};
  return estimate_latency(kernel_query(operation, conditions), accelerator, calibration, conditions);
}

/// The latency of an operation of any kind. A template, so that only who calls it pays for compiling all kinds.
// clang-format off
template <Operation T>
  requires std::same_as<T, AnyOperation>
LatencyEstimate estimate_latency(const T& operation, const Accelerator& accelerator, const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  // clang-format on
  return operation.visit(
      [&](const auto& known) noexcept { return estimate_latency(known, accelerator, calibration, conditions); });
}

}  // namespace opcost
