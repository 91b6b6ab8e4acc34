// SPDX-License-Identifier: Apache-2.0
//
// One inference step of a model over a ragged batch: its exact cost, its bound, and how long its operations take.
#pragma once

#include <cstdint>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/latency/kernel_query.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_operations.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/operation/cost.hpp"

namespace opcost {

/// The cost of a step over a valid batch: the sum over its sequences of what mixes their tokens, and everything else
/// for all tokens together. Does not throw, allocate or lock.
constexpr Cost step_cost(const ModelConfig& model, const StepBatch& batch,
                         const ModelPrecision& precision) noexcept {
  Cost sum;
  visit_operations(model, batch, precision,
                   [&sum](std::string_view /*name*/, std::int32_t count, const auto& operation) noexcept {
                     sum += operation.cost() * count;
                   });
  return sum;
}

/// The bound of a step: its operations one after the other. Does not throw, allocate or lock.
constexpr RooflineBound step_bound(const ModelConfig& model, const StepBatch& batch,
                                   const ModelPrecision& precision, const Accelerator& accelerator) noexcept {
  RooflineBound sum;
  visit_operations(model, batch, precision,
                   [&](std::string_view /*name*/, std::int32_t count, const auto& operation) noexcept {
                     sum += roofline_bound(operation, accelerator) * count;
                   });
  return sum;
}

/// How long a step's operations take one after the other, without what a serving system spends between them; nothing
/// for an empty batch. What mixes the tokens of a ragged batch is estimated by its means, so that a step never counts
/// as fitted. Does not throw, allocate or lock.
inline LatencyEstimate step_estimate(const ModelConfig& model, const StepBatch& batch,
                                     const ModelPrecision& precision, const Accelerator& accelerator,
                                     const Calibration& calibration,
                                     const ExecutionConditions& conditions = {}) noexcept {
  LatencyEstimate sum;
  visit_operations(model, batch, precision,
                   [&](std::string_view /*name*/, std::int32_t count, const auto& operation) noexcept {
                     sum += estimate_latency(operation, accelerator, calibration, conditions) * count;
                   });
  return sum;
}

}  // namespace opcost
