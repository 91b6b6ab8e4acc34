// SPDX-License-Identifier: Apache-2.0
//
// A plan at work: what it serves of a workload, and how long a user waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "opcost/model/cache_batch.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/stage_plan.hpp"
#include "opcost/placement/workload.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// Accelerators of each pool of a cluster.
using AcceleratorCounts = std::array<std::int32_t, most_pools>;

/// A plan with its micro-batches at work.
struct Instance {
  Phase phase = Phase::decode;
  StagePlan plan{};
  PhaseStep step{};
  PlanEstimate estimate{};
  AcceleratorCounts accelerators{};
  double requests_per_second = 0.0;
  Seconds time_to_first_token{};    ///< 0 where it does not prefill; with the hand-over of the cache.
  Seconds time_per_output_token{};  ///< 0 where it does not decode.

  /// Sequences that it serves at once.
  constexpr std::int64_t sequences() const noexcept { return std::int64_t{step.size()} * plan.micro_batches; }
};

namespace detail {

/// The slowest link between a pool and others, from it or to it; within the pool where there is none.
inline std::optional<PoolLink> hand_over_link(const Cluster& cluster, std::size_t pool, bool leaves) noexcept {
  std::optional<PoolLink> slowest;
  const std::size_t pools = cluster.pools().size();
  for (std::size_t other = 0; other < pools; ++other) {
    if (other == pool) continue;
    const PoolLink& link = leaves ? cluster.link(pool, other) : cluster.link(other, pool);
    if (link.exists() && (!slowest || link.bandwidth < slowest->bandwidth)) slowest = link;
  }
  if (!slowest && cluster.link(pool, pool).exists()) slowest = cluster.link(pool, pool);
  return slowest;
}

/// The block that keeps the cache.
constexpr Block caching_block(const BlockLayers& layers) noexcept {
  for (const Block core : {Block::latent_attention, Block::attention, Block::local_attention}) {
    if (layers[core] > 0) return core;
  }
  return Block::recurrence;
}

/// A prompt's cache goes from the ranks that share a sequence to as many; those of all sequences share the group's
/// cards. All of its steps take longer by what keeps the group's accelerators busy meanwhile. False where there is
/// no link.
inline bool add_hand_over(const PlacedModel& placed, const Workload& workload, const Cluster& cluster,
                          Instance& instance) noexcept {
  const AcceleratorGroup& group = instance.plan.groups[instance.plan.ranges[0][caching_block(placed.layers())]];
  const bool leaves = instance.phase == Phase::prefill;
  const auto link = hand_over_link(cluster, static_cast<std::size_t>(group.pool), leaves);
  if (!link) return false;
  const Bytes cache = kv_cache_bytes(placed.model(), placed.precision(), workload.prompt_tokens());
  const HopTime all = hop_time(*link, cache, group.accelerators(), group.accelerators());
  const Seconds busy = leaves ? all.sender : all.receiver;
  const double longer = 1.0 + busy.value * instance.requests_per_second;
  instance.requests_per_second = instance.requests_per_second / longer;
  instance.time_to_first_token = instance.time_to_first_token * longer;
  instance.time_per_output_token = instance.time_per_output_token * longer;
  const double most = 1.0 / (all.sender + all.transfer + all.receiver).value;
  if (instance.requests_per_second > most) instance.requests_per_second = most;
  if (leaves) {
    const HopTime one = hop_time(*link, cache, group.parallelism.tensor, group.parallelism.tensor);
    instance.time_to_first_token += one.sender + one.transfer + one.latency + one.receiver;
  }
  return true;
}

}  // namespace detail

/// What a plan with these times serves. Where prompts are prefilled by one instance and decoded by another, their
/// cache is handed over by the slowest link of the pool that keeps it: the whole prompt's, its prefix included.
/// Nothing where there is no such link. Nobody queues: times are those of a cluster that is just full. Does not
/// throw, allocate or lock.
inline std::optional<Instance> instance_of(const PlacedModel& placed, const Workload& workload,
                                           const Cluster& cluster, Phase phase, const StagePlan& plan,
                                           const PhaseStep& step, const PlanEstimate& estimate) noexcept {
  Instance instance{.phase = phase, .plan = plan, .step = step, .estimate = estimate};
  std::int32_t token_groups = 1;
  for (const AcceleratorGroup& group : plan.used_groups()) {
    instance.accelerators[static_cast<std::size_t>(group.pool)] += group.accelerators();
    const std::int32_t its = group.parallelism.token_groups();
    token_groups = its > token_groups ? its : token_groups;
  }
  instance.requests_per_second = step.requests * plan.micro_batches / estimate.period.value;
  if (phase != Phase::prefill) instance.time_per_output_token = estimate.period;
  if (phase != Phase::decode) {
    instance.time_to_first_token = estimate.period * double(step.steps_to_first(token_groups));
  }
  const bool handed_over = workload.hands_over() && phase != Phase::mixed;
  if (handed_over && !detail::add_hand_over(placed, workload, cluster, instance)) return std::nullopt;
  return instance;
}

/// The same, estimated from scratch.
inline std::optional<Instance> instance_of(const PlacedModel& placed, const Workload& workload,
                                           const Cluster& cluster, Phase phase, const StagePlan& plan,
                                           const PhaseStep& step) noexcept {
  return instance_of(placed, workload, cluster, phase, plan, step,
                     plan_estimate(placed, cluster, plan, step.micro_batch));
}

}  // namespace opcost
