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

namespace detail {

/// Adds the bound of `count` executions; the ridge point, with its divisions, is left to the end.
constexpr void add_bound(RooflineBound& sum, const RooflineBound& bound, double count) noexcept {
  sum.time += bound.time * count;
  sum.compute_time += bound.compute_time * count;
  sum.memory_time += bound.memory_time * count;
  sum.compute_limited += bound.compute_limited * count;
  sum.flops += bound.flops * count;
  sum.bytes += bound.bytes * count;
}

/// The sum's ridge point: that of the mix of its types, as RooflineBound adds.
constexpr RooflineBound with_ridge_point(RooflineBound sum) noexcept {
  if (sum.compute_time.value > 0.0) {
    sum.ridge_point = (sum.flops / sum.compute_time) / (sum.bytes / sum.memory_time);
  }
  return sum;
}

template <StepPart Part>
constexpr RooflineBound part_bound(const ModelConfig& model, const StepBatch& batch,
                                   const ModelPrecision& precision, const Accelerator& accelerator) noexcept {
  RooflineBound sum;
  const auto visit = [&](std::string_view /*name*/, std::int32_t count, const auto& operation) noexcept {
    add_bound(sum, roofline_bound(operation, accelerator), count);
  };
  visit_part<Part>(model, batch, precision, visit);
  return sum;
}

constexpr void add_estimate(LatencyEstimate& sum, const LatencyEstimate& estimate, double count) noexcept {
  sum.expected += estimate.expected * count;
  sum.low += estimate.low * count;
  sum.high += estimate.high * count;
  sum.compute += estimate.compute * count;
  sum.memory += estimate.memory * count;
  sum.overhead += estimate.overhead * count;
  add_bound(sum.bound, estimate.bound, count);
}

template <StepPart Part>
LatencyEstimate part_estimate(const ModelConfig& model, const StepBatch& batch, const ModelPrecision& precision,
                              const Accelerator& accelerator, const Calibration& calibration,
                              const ExecutionConditions& conditions) noexcept {
  LatencyEstimate sum;
  const auto visit = [&](std::string_view /*name*/, std::int32_t count, const auto& operation) noexcept {
    add_estimate(sum, estimate_latency(operation, accelerator, calibration, conditions), count);
  };
  visit_part<Part>(model, batch, precision, visit);
  return sum;
}

/// Both parts, always added in this order, so that remembering one changes no bit.
constexpr LatencyEstimate sum_of_parts(const LatencyEstimate& together, const LatencyEstimate& mixing) noexcept {
  LatencyEstimate sum = together;
  add_estimate(sum, mixing, 1.0);
  sum.bound = with_ridge_point(sum.bound);
  return sum;
}

}  // namespace detail

/// The bound of a step: its operations one after the other. Does not throw, allocate or lock.
constexpr RooflineBound step_bound(const ModelConfig& model, const StepBatch& batch,
                                   const ModelPrecision& precision, const Accelerator& accelerator) noexcept {
  using enum detail::StepPart;
  RooflineBound sum = detail::part_bound<together>(model, batch, precision, accelerator);
  detail::add_bound(sum, detail::part_bound<mixing>(model, batch, precision, accelerator), 1.0);
  return detail::with_ridge_point(sum);
}

/// How long a step's operations take one after the other, without what a serving system spends between them; nothing
/// for an empty batch. What mixes the tokens of a ragged batch is estimated by its means, so that a step never counts
/// as fitted. Does not throw, allocate or lock.
inline LatencyEstimate step_estimate(const ModelConfig& model, const StepBatch& batch,
                                     const ModelPrecision& precision, const Accelerator& accelerator,
                                     const Calibration& calibration,
                                     const ExecutionConditions& conditions = {}) noexcept {
  using enum detail::StepPart;
  return detail::sum_of_parts(
      detail::part_estimate<together>(model, batch, precision, accelerator, calibration, conditions),
      detail::part_estimate<mixing>(model, batch, precision, accelerator, calibration, conditions));
}

/// Estimates of a model's steps for who asks again and again. Remembers the part that depends on how many tokens there
/// are, not on whose: where as many as before decode, only attention and recurrences are estimated anew. The same as
/// `step_estimate` to the last bit. The model, accelerator and calibration must outlive it and stay as they are. Each
/// thread has its own. No member throws, allocates or locks.
class StepEstimator {
 public:
  StepEstimator(const ModelConfig& model, const ModelPrecision& precision, const Accelerator& accelerator,
                const Calibration& calibration, const ExecutionConditions& conditions = {}) noexcept
      : model_(&model),
        precision_(precision),
        accelerator_(&accelerator),
        calibration_(&calibration),
        conditions_(conditions),
        latent_(model.layers(TokenMixer::latent_attention) > 0) {}

  /// Of a valid batch made for the model.
  LatencyEstimate estimate(const StepBatch& batch) noexcept {
    using enum detail::StepPart;
    const Totals totals{batch.tokens(), batch.sampled_tokens(),
                        latent_ ? batch.decoding().causal.counts().query_tokens : 0,
                        latent_ ? batch.prefilling().causal.counts().visible_keys : 0};
    if (!(totals == totals_)) {
      together_ =
          detail::part_estimate<together>(*model_, batch, precision_, *accelerator_, *calibration_, conditions_);
      totals_ = totals;
    }
    return detail::sum_of_parts(together_, detail::part_estimate<mixing>(*model_, batch, precision_, *accelerator_,
                                                                         *calibration_, conditions_));
  }

 private:
  /// All that operations without a ragged form depend on.
  struct Totals {
    std::int64_t tokens = 0;
    std::int64_t sampled_tokens = 0;
    std::int64_t decoding_tokens = 0;  ///< Of latent attention, as the next.
    std::int64_t prefilling_keys = 0;

    friend bool operator==(const Totals&, const Totals&) noexcept = default;
  };

  const ModelConfig* model_;
  ModelPrecision precision_;
  const Accelerator* accelerator_;
  const Calibration* calibration_;
  ExecutionConditions conditions_;
  bool latent_;
  Totals totals_{};
  LatencyEstimate together_{};  ///< Of `totals_`.
};

}  // namespace opcost
