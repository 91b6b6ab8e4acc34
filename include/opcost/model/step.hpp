// SPDX-License-Identifier: Apache-2.0
//
// One inference step of a model over a ragged batch: its exact cost, its bound, and how long its operations take.
// Templates over the types there are, so that only who calls them pays for compiling every kind of layer.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/hardware/fabric.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/latency/collective_bound.hpp"
#include "opcost/latency/collective_estimate.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/latency/kernel_query.hpp"
#include "opcost/latency/overlap.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/latency/serving_system.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/model/step_operations.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/operation/cost.hpp"

namespace opcost {

/// What executes a step: alike accelerators, what joins them, the kernels on them, and the serving system around all.
/// The accelerator and the calibration must outlive it.
struct Platform {
  const Accelerator* accelerator;
  const Calibration* calibration;
  Fabric fabric;
  ExecutionConditions conditions{};
  ServingSystem system{};

  constexpr Platform(const Accelerator& its_accelerator, const Calibration& its_calibration,
                     std::int32_t ranks_per_node = 8) noexcept
      : accelerator(&its_accelerator),
        calibration(&its_calibration),
        fabric(Fabric::of(its_accelerator, ranks_per_node)) {}
  Platform(Accelerator&&, const Calibration&, std::int32_t = 8) = delete;  // they would be gone
  Platform(const Accelerator&, Calibration&&, std::int32_t = 8) = delete;
  Platform(Accelerator&&, Calibration&&, std::int32_t = 8) = delete;
};

/// The least time of a rank's operations and of what it communicates, all one after the other.
struct StepBound {
  RooflineBound operations{};
  CollectiveBound communication{};

  constexpr Seconds time() const noexcept { return operations.time + communication.time; }

  friend constexpr bool operator==(const StepBound&, const StepBound&) noexcept = default;
};

/// The expected time of a step with an 80 % interval, and where it goes: operations + communication − hidden + host.
/// The interval is that of fully correlated errors of operations and communication; of the host's part none is known.
struct StepEstimate {
  Seconds expected{};
  Seconds low{};
  Seconds high{};
  LatencyEstimate operations{};        ///< One after the other.
  CollectiveEstimate communication{};  ///< Likewise.
  Seconds hidden{};                    ///< Communication that passes beside operations.
  Seconds host{};                      ///< The serving system's time per step and sequence.

  constexpr StepBound bound() const noexcept { return {operations.bound, communication.bound}; }
};

/// The cost of a step over a valid batch: the sum over its sequences of what mixes their tokens, and everything else
/// for all tokens together; of a shard, one rank's, with what communication reads and writes in its memory. Does not
/// throw, allocate or lock.
template <ModelOrShard Model>
constexpr Cost step_cost(const Model& model, const StepBatch& batch, const ModelPrecision& precision) noexcept {
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

constexpr void add_bound(CollectiveBound& sum, const CollectiveBound& bound, double count) noexcept {
  sum.time += bound.time * count;
  sum.scale_up_time += bound.scale_up_time * count;
  sum.scale_out_time += bound.scale_out_time * count;
  sum.port_bytes += bound.port_bytes * count;
}

/// The sum's ridge point: that of the mix of its types, as RooflineBound adds.
constexpr RooflineBound with_ridge_point(RooflineBound sum) noexcept {
  if (sum.compute_time.value > 0.0) {
    sum.ridge_point = (sum.flops / sum.compute_time) / (sum.bytes / sum.memory_time);
  }
  return sum;
}

template <StepPart Part, ModelOrShard Model>
constexpr StepBound part_bound(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                               const Accelerator& accelerator, const Fabric& fabric) noexcept {
  StepBound sum;
  const auto visit = [&]<class T>(std::string_view /*name*/, std::int32_t count, const T& operation) noexcept {
    if constexpr (std::same_as<T, Collective>) {
      add_bound(sum.communication, collective_bound(operation, fabric), count);
    } else {
      add_bound(sum.operations, roofline_bound(operation, accelerator), count);
    }
  };
  visit_part<Part>(model, batch, precision, visit);
  return sum;
}

template <ModelOrShard Model>
constexpr StepBound both_parts_bound(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                                     const Accelerator& accelerator, const Fabric& fabric) noexcept {
  using enum StepPart;
  StepBound sum = part_bound<together>(model, batch, precision, accelerator, fabric);
  const StepBound mixed = part_bound<mixing>(model, batch, precision, accelerator, fabric);
  add_bound(sum.operations, mixed.operations, 1.0);
  add_bound(sum.communication, mixed.communication, 1.0);
  sum.operations = with_ridge_point(sum.operations);
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

constexpr void add_estimate(CollectiveEstimate& sum, const CollectiveEstimate& estimate, double count) noexcept {
  sum.expected += estimate.expected * count;
  sum.low += estimate.low * count;
  sum.high += estimate.high * count;
  sum.transfer += estimate.transfer * count;
  sum.overhead += estimate.overhead * count;
  add_bound(sum.bound, estimate.bound, count);
}

/// A part's sums: StepEstimate's, before anything hides or a host adds.
struct PartEstimate {
  LatencyEstimate operations{};
  CollectiveEstimate communication{};
};

constexpr void add_estimate(PartEstimate& sum, const LatencyEstimate& estimate, double count) noexcept {
  add_estimate(sum.operations, estimate, count);
}
constexpr void add_estimate(PartEstimate& sum, const CollectiveEstimate& estimate, double count) noexcept {
  add_estimate(sum.communication, estimate, count);
}

/// A LatencyEstimate, or a CollectiveEstimate of what is communicated.
template <class T>
auto estimate_on(const Platform& platform, const T& operation) noexcept {
  if constexpr (std::same_as<T, Collective>) {
    return estimate_latency(operation, platform.fabric, *platform.accelerator, *platform.calibration,
                            platform.conditions);
  } else {
    return estimate_latency(operation, *platform.accelerator, *platform.calibration, platform.conditions);
  }
}

template <StepPart Part, ModelOrShard Model>
PartEstimate part_estimate(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                           const Platform& platform) noexcept {
  PartEstimate sum;
  const auto visit = [&](std::string_view /*name*/, std::int32_t count, const auto& operation) noexcept {
    add_estimate(sum, estimate_on(platform, operation), count);
  };
  visit_part<Part>(model, batch, precision, visit);
  return sum;
}

/// Both parts, always added in this order, so that remembering one changes no bit.
constexpr PartEstimate sum_of_parts(const PartEstimate& together, const PartEstimate& mixing) noexcept {
  PartEstimate sum = together;
  add_estimate(sum.operations, mixing.operations, 1.0);
  add_estimate(sum.communication, mixing.communication, 1.0);
  sum.operations.bound = with_ridge_point(sum.operations.bound);
  return sum;
}

/// What hides and what the host adds.
constexpr StepEstimate with_system(const PartEstimate& sum, const ServingSystem& system,
                                   std::int64_t sequences) noexcept {
  StepEstimate step{.operations = sum.operations, .communication = sum.communication};
  const double overlap = system.collective_overlap;
  const auto exposed = [overlap](Seconds communication, Seconds operations) noexcept {
    return exposed_time(communication, operations, overlap);
  };
  step.host = system.host_time(sequences);
  const Seconds waits = exposed(sum.communication.expected, sum.operations.expected);
  step.hidden = sum.communication.expected - waits;
  step.expected = sum.operations.expected + waits + step.host;
  step.low = sum.operations.low + exposed(sum.communication.low, sum.operations.low) + step.host;
  step.high = sum.operations.high + exposed(sum.communication.high, sum.operations.high) + step.host;
  return step;
}

}  // namespace detail

/// The bound of a step: its operations one after the other. Does not throw, allocate or lock.
template <std::same_as<ModelConfig> Model>
constexpr RooflineBound step_bound(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                                   const Accelerator& accelerator) noexcept {
  return detail::both_parts_bound(model, batch, precision, accelerator, {}).operations;
}

/// The bound of one rank's step, with what it communicates.
template <std::same_as<ModelShard> Shard>
constexpr StepBound step_bound(const Shard& shard, const StepBatch& batch, const ModelPrecision& precision,
                               const Accelerator& accelerator, const Fabric& fabric) noexcept {
  return detail::both_parts_bound(shard, batch, precision, accelerator, fabric);
}

/// How long a step's operations take one after the other on one accelerator, without what a serving system spends
/// between them; nothing for an empty batch. What mixes the tokens of a ragged batch is estimated by its means, so that
/// a step never counts as fitted. Does not throw, allocate or lock.
template <std::same_as<ModelConfig> Model>
LatencyEstimate step_estimate(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                              const Accelerator& accelerator, const Calibration& calibration,
                              const ExecutionConditions& conditions = {}) noexcept {
  using enum detail::StepPart;
  Platform platform(accelerator, calibration);
  platform.conditions = conditions;
  return detail::sum_of_parts(detail::part_estimate<together>(model, batch, precision, platform),
                              detail::part_estimate<mixing>(model, batch, precision, platform))
      .operations;
}

/// Estimates of a model's steps for who asks again and again. Remembers the part that depends on how many tokens there
/// are, not on whose: where as many as before decode, only attention and recurrences are estimated anew. Every answer
/// is the same as a fresh estimator's to the last bit. The platform's accelerator and calibration must outlive it and
/// stay as they are. Each thread has its own. No member throws, allocates or locks.
class StepEstimator {
 public:
  /// On one accelerator.
  constexpr StepEstimator(const ModelConfig& model, const ModelPrecision& precision,
                          const Platform& platform) noexcept
      : StepEstimator(ModelShard{model}, precision, platform) {}
  /// On the ranks of a parallelism; `estimate` is of one rank, and all wait for each other.
  constexpr StepEstimator(const ModelShard& shard, const ModelPrecision& precision,
                          const Platform& platform) noexcept
      : shard_(shard),
        precision_(precision),
        platform_(platform),
        latent_(shard.model.layers(TokenMixer::latent_attention) > 0) {}

  constexpr const ModelShard& shard() const noexcept { return shard_; }
  constexpr const ModelPrecision& precision() const noexcept { return precision_; }
  constexpr const Platform& platform() const noexcept { return platform_; }

  /// Of a valid batch made for the model: that of one data-parallel rank, while the others have alike ones.
  template <std::same_as<StepBatch> Batch>
  StepEstimate estimate(const Batch& batch) noexcept {
    using enum detail::StepPart;
    const Totals totals{batch.tokens(), batch.sampled_tokens(),
                        latent_ ? batch.decoding().causal.counts().query_tokens : 0,
                        latent_ ? batch.prefilling().causal.counts().visible_keys : 0};
    if (!(totals == totals_)) {
      together_ = part<together>(batch);
      totals_ = totals;
    }
    return detail::with_system(detail::sum_of_parts(together_, part<mixing>(batch)), platform_.system,
                               batch.sequences());
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

  template <detail::StepPart Part>
  detail::PartEstimate part(const StepBatch& batch) const noexcept {
    return detail::part_estimate<Part>(shard_, batch, precision_, platform_);
  }

  ModelShard shard_;
  ModelPrecision precision_;
  Platform platform_;
  bool latent_;
  Totals totals_{};
  detail::PartEstimate together_{};  ///< Of `totals_`.
};

}  // namespace opcost
