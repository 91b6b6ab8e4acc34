// SPDX-License-Identifier: Apache-2.0
#include "step_report.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

namespace opcost::program {
namespace {

Work work_of(std::string_view kind) noexcept {
  constexpr std::array<std::pair<std::string_view, Work>, 17> known{{{"linear_projection", Work::projections},
                                                                     {"batched_projection", Work::projections},
                                                                     {"full_attention", Work::attention},
                                                                     {"sliding_window_attention", Work::attention},
                                                                     {"bidirectional_attention", Work::attention},
                                                                     {"sparse_attention", Work::attention},
                                                                     {"latent_attention", Work::attention},
                                                                     {"sparse_latent_attention", Work::attention},
                                                                     {"attention_indexer", Work::attention},
                                                                     {"index_top_k", Work::attention},
                                                                     {"mixture_of_experts", Work::experts},
                                                                     {"grouped_projection", Work::experts},
                                                                     {"expert_gate", Work::experts},
                                                                     {"gated_delta_rule", Work::recurrences},
                                                                     {"state_space_scan", Work::recurrences},
                                                                     {"short_convolution", Work::recurrences},
                                                                     {"collective", Work::communication}}};
  for (const auto& [name, work] : known) {
    if (name == kind) return work;
  }
  return Work::elementwise;
}

/// All executions together.
template <class Estimate>
OperationOnGpu on_gpu(const Estimate& estimate, std::int32_t count, Seconds step) noexcept {
  return {estimate.bound.time * count,
          name(estimate.bound.limiter()),
          estimate.expected * count,
          estimate.low * count,
          estimate.high * count,
          estimate.expected * count / step,
          resource_times(estimate) * count,
          estimate.in_fitted_range};
}

Seconds slowest_stage(const Deployment& deployment, const Platform& platform, const StepBatch& batch) {
  Seconds slowest{};
  for (std::int32_t stage = 0; stage < deployment.parallelism().pipeline; ++stage) {
    const ModelShard shard = shard_of(deployment.model, deployment.parallelism(), stage);
    const StepEstimate estimate = StepEstimator(shard, deployment.precision, platform).estimate(batch);
    slowest = std::max(slowest, estimate.expected - estimate.host);
  }
  return slowest;
}

}  // namespace

StepReport report(const Deployment& deployment, const StepBatch& batch) {
  StepReport report;
  for (std::size_t i = 0; i < deployment.accelerators.size(); ++i) {
    const Platform platform = deployment.platform(i);
    StepOnGpu step;
    step.estimate = StepEstimator(deployment.shard, deployment.precision, platform).estimate(batch);
    step.bound = step.estimate.bound();
    step.resources = resource_times(deployment.shard, batch, deployment.precision, platform);
    step.tokens_per_second =
        static_cast<double>(batch.tokens()) * deployment.parallelism().data / step.estimate.expected.value;
    step.slowest_stage = slowest_stage(deployment, platform, batch);
    std::size_t next = 0;  // every accelerator has the same operations
    visit_estimates(
        deployment.shard, batch, deployment.precision, platform,
        [&]<class T>(std::string_view name, std::int32_t count, const T& operation, const auto& estimate) noexcept {
          if (i == 0) {
            StepOperation entry{name, T::kind, work_of(T::kind), count, operation.cost()};
            if constexpr (std::same_as<T, Collective>) {
              entry.message = operation;
            } else {
              report.cost += entry.cost * count;
            }
            report.operations.push_back(entry);
          }
          StepOperation& entry = report.operations[next++];
          entry.gpus.push_back(on_gpu(estimate, count, step.estimate.expected));
          step.work[static_cast<std::size_t>(entry.work)] += entry.gpus.back().expected;
        });
    step.work[static_cast<std::size_t>(Work::communication)] =
        step.estimate.communication.expected - step.estimate.hidden;
    report.gpus.push_back(step);
  }
  return report;
}

}  // namespace opcost::program
