// SPDX-License-Identifier: Apache-2.0
//
// The time that a collective will take: a model of the communication library with fitted factors, and its interval.
#pragma once

#include <variant>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/hardware/fabric.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/latency/collective_bound.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/latency/kernel_query.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// The expected time with an 80 % interval, and where it goes. Always: bound.time ≤ low ≤ expected ≤ high.
struct CollectiveEstimate {
  Seconds expected{};
  Seconds low{};
  Seconds high{};
  Seconds transfer{};  ///< Of bytes, over links and memory.
  Seconds overhead{};  ///< Launch, synchronisation, steps.
  CollectiveBound bound{};
  bool in_fitted_range = false;  ///< Whether the fit saw such a collective on this accelerator, in one node.
};

/// The family whose model answers for a collective: rings; exchanges; and all-reduces that a serving system has kernels
/// of its own for, if they are on.
constexpr KernelFamily collective_family(const kernel::CollectiveShape& shape,
                                         bool custom_all_reduce = true) noexcept {
  switch (shape.pattern) {
    case CollectiveKind::all_to_all:
    case CollectiveKind::point_to_point: return KernelFamily::exchange_collective;
    case CollectiveKind::all_reduce:
      if (custom_all_reduce && kernel::VllmAllReduce::supports(shape)) return KernelFamily::custom_all_reduce;
      break;
    case CollectiveKind::reduce_scatter:
    case CollectiveKind::all_gather: break;
  }
  return KernelFamily::ring_collective;
}

namespace detail {

/// Asks the family's model. vLLM's all-reduce leaves long messages to the library, so it asks that one, too.
inline kernel::KernelTime collective_time(const Calibration& calibration, KernelFamily family,
                                          const kernel::CollectiveShape& shape, const kernel::BoundShape& bound,
                                          const kernel::Machine& machine) noexcept {
  const KernelModel& model = calibration[family].model;
  const auto* custom = std::get_if<kernel::VllmAllReduce>(&model);
  const auto* ring = std::get_if<kernel::NcclRing>(&calibration[KernelFamily::ring_collective].model);
  if (custom != nullptr && ring != nullptr) return custom->time_or(*ring, shape, machine);
  return kernel_time(model, shape, bound, machine);
}

}  // namespace detail

/// The latency of a collective among accelerators that a fabric joins, every rank arriving at once. Nothing for one
/// rank or no bytes; +infinity where bytes must pass without a link. Does not throw, allocate or lock.
inline CollectiveEstimate estimate_latency(const Collective& collective, const Fabric& fabric,
                                           const Accelerator& accelerator, const Calibration& calibration,
                                           const ExecutionConditions& conditions = {}) noexcept {
  const auto shape = kernel::CollectiveShape::of(collective, fabric, !conditions.cuda_graph);
  CollectiveEstimate estimate;
  if (shape.empty()) return estimate;
  estimate.bound = collective_bound(collective, fabric);
  const KernelFamily family = collective_family(shape, conditions.custom_all_reduce);
  const KernelCalibration& kernel = calibration[family];
  const kernel::Machine machine = kernel::Machine::of(accelerator, DataType::fp32);
  const kernel::KernelTime time =
      detail::collective_time(calibration, family, shape, {0.0, estimate.bound.time.value * 1e6}, machine);
  // a model of the host's part has it in its time
  const bool has_launch = std::holds_alternative<kernel::VllmAllReduce>(kernel.model);
  const Seconds launch{conditions.cuda_graph || has_launch ? 0.0 : calibration.eager_launch * 1e-6};
  const Seconds modelled = Seconds{time.total * 1e-6} + launch;
  const Seconds least = estimate.bound.time;
  estimate.expected = modelled > least ? modelled : least;
  const Seconds low = estimate.expected * kernel.interval.low;
  estimate.low = low > least ? low : least;
  estimate.high = estimate.expected * kernel.interval.high;
  estimate.transfer = {time.memory * 1e-6};
  estimate.overhead = Seconds{time.overhead * 1e-6} + launch;
  const auto dimensions = shape.dimensions();
  estimate.in_fitted_range = shape.nodes <= 1.0 && (conditions.cuda_graph || has_launch) &&
                             detail::fitted_on(kernel, accelerator, calibration) &&
                             detail::within(kernel.range, dimensions);
  return estimate;
}

}  // namespace opcost
