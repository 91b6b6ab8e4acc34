// SPDX-License-Identifier: Apache-2.0
//
// Why a plan is as good as it is: what its groups hold and wait for, and what would have to change for another to
// win.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "opcost/mathematics.hpp"
#include "opcost/model/memory.hpp"
#include "opcost/model/step_breakdown.hpp"
#include "opcost/placement/block_times.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/fleet.hpp"
#include "opcost/placement/instance.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/plan_search.hpp"
#include "opcost/placement/stage_plan.hpp"
#include "opcost/placement/workload.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// A group at work; memory is that of one accelerator.
struct GroupExplanation {
  MemoryUse memory{};
  Bytes available{};
  Seconds busy{};  ///< With one micro-batch, of the period.
  double utilisation = 0.0;
  ResourceTimes waits{};  ///< What it waits for while it is busy; transfers that keep it from working are network.
};

/// Each group of an instance. Does not throw, allocate or lock.
inline std::array<GroupExplanation, most_groups> explain(const PlacedModel& placed, const Cluster& cluster,
                                                         const Instance& instance,
                                                         const MemoryPolicy& policy = {}) noexcept {
  std::array<GroupExplanation, most_groups> groups{};
  const StagePlan& plan = instance.plan;
  const MicroBatch& micro_batch = instance.step.micro_batch;
  std::array<BlockCosts<ResourceTimes>, most_groups> costs{};
  for (std::size_t i = 0; i < plan.used_groups().size(); ++i) {
    const AcceleratorGroup& group = plan.groups[i];
    const Platform& platform = cluster.pool(static_cast<std::size_t>(group.pool)).platform;
    const StepBatch share = micro_batch.share(placed.model(), group.parallelism.token_groups());
    costs[i] =
        block_resource_times(shard_of(placed.model(), group.parallelism), share, placed.precision(), platform);
    costs[i][Block::head][Resource::host] += platform.system.host_time(share.sequences());
    groups[i].memory = group_memory(placed, plan, i, micro_batch, instance.step.context_tokens, policy,
                                    instance.step.longest_tokens);
    groups[i].available = available_memory(*platform.accelerator, policy);
    groups[i].busy = instance.estimate.busy[i];
    groups[i].utilisation = instance.estimate.utilisation(i);
  }
  detail::visit_placed_blocks(placed.model(), plan,
                              [&](Block block, const LayerRange& range, bool returns) noexcept {
                                const std::size_t group = range[block];
                                if (!returns) groups[group].waits += costs[group][block];
                              });
  for (GroupExplanation& group : groups) {
    const Seconds others = group.busy - group.waits.total();
    if (others > Seconds{}) group.waits[Resource::network] += others;
  }
  return groups;
}

/// Every link between pools, and within those of several nodes, at that bandwidth.
inline Cluster with_bandwidth(const Cluster& cluster, BytesPerSecond bandwidth) noexcept {
  Cluster other = cluster;
  cluster.visit_links([&](std::size_t from, std::size_t to, PoolLink link) noexcept {
    link.bandwidth = bandwidth;
    other.set_link(from, to, link);
  });
  return other;
}

template <class Waits>
constexpr bool keeps(const Targets& targets, const Waits& fleet_or_instance) noexcept {
  return fleet_or_instance.time_to_first_token <= targets.time_to_first_token &&
         fleet_or_instance.time_per_output_token <= targets.time_per_output_token;
}

/// The same plans there with micro-batches as they are, or with fewer sequences where the targets ask for it;
/// without parts that keep them with none.
inline Fleet fleet_within(const PlacedModel& placed, const Workload& workload, const Targets& targets,
                          const Cluster& cluster, const Fleet& fleet, Objective objective) {
  std::vector<FleetPart> parts;
  for (const FleetPart& part : fleet.parts) {
    const Instance& instance = part.instance;
    const auto of_size = [&](std::int32_t number) noexcept {
      return instance_of(placed, workload, cluster, instance.phase, instance.plan,
                         resized(instance.step, workload, instance.phase, number));
    };
    const std::int32_t size = mathematics::largest_that(instance.step.size(), [&](std::int32_t number) noexcept {
      if (number == 0) return true;
      const auto there = of_size(number);
      return there && keeps(targets, *there);
    });
    if (size > 0) parts.push_back({*of_size(size), part.copies});
  }
  return fleet_of(std::move(parts), workload, cluster, objective);
}

/// The least bandwidth of the links between pools from which on a fleet's plans are worth `value` within the
/// targets, to a thousandth; nothing where that would take more than a petabyte a second, or 1 kB/s do. Sought
/// below the fastest link that there is, and above it only where that does not do: with some micro-batches faster
/// links make for a worse order.
inline std::optional<BytesPerSecond> bandwidth_to_reach(const PlacedModel& placed, const Workload& workload,
                                                        const Targets& targets, const Cluster& cluster,
                                                        const Fleet& fleet, Objective objective, double value) {
  const auto reaches = [&](double bandwidth) {
    const Cluster there = with_bandwidth(cluster, {bandwidth});
    return fleet_within(placed, workload, targets, there, fleet, objective).value >= value;
  };
  double low = 1e3;
  double high = low;
  cluster.visit_links([&](std::size_t /*from*/, std::size_t /*to*/, const PoolLink& link) noexcept {
    high = mathematics::larger(high, link.bandwidth.value);
  });
  while (!reaches(high)) {
    high *= 10.0;
    if (high > 1e15) return std::nullopt;
  }
  if (reaches(low)) return std::nullopt;
  while (high > low * 1.001) {
    const double middle = mathematics::square_root(low * high);
    (reaches(middle) ? high : low) = middle;
  }
  return BytesPerSecond{high};
}

/// The dollars an hour of a pool's accelerators at which two fleets make as many tokens a dollar, all other prices
/// as they are: T_a / (D_a + n_a p) = T_b / (D_b + n_b p). Nothing where no positive price does.
inline std::optional<double> price_to_match(const Cluster& cluster, const Fleet& fleet, const Fleet& other,
                                            std::size_t pool) noexcept {
  const double price = cluster.pool(pool).dollars_per_hour;
  const double own = fleet.accelerators[pool];
  const double others = other.accelerators[pool];
  const double own_rest = fleet.dollars_per_hour - own * price;
  const double other_rest = other.dollars_per_hour - others * price;
  const double slope = fleet.tokens_per_second * others - other.tokens_per_second * own;
  const double matching = (other.tokens_per_second * own_rest - fleet.tokens_per_second * other_rest) / slope;
  const bool found = matching > 0.0 && matching < std::numeric_limits<double>::infinity();
  return found ? std::optional(matching) : std::nullopt;
}

/// The least limits that some plan keeps, each with the other as asked, or without any where it keeps none then.
struct NearestTargets {
  bool fits = false;  ///< Some group of the search has room for the weights and a sequence.
  Targets targets{};  ///< 0 where not looked for.
};

namespace detail {

/// The least limit that some plan keeps, to a hundredth; `limited` puts it among targets.
template <class Limited>
std::optional<Seconds> least_limit(const PlacedModel& placed, const Workload& workload, const Cluster& cluster,
                                   const SearchOptions& options, const Limited& limited) {
  SearchOptions any = options;
  any.any = true;
  const auto feasible = [&](double seconds) {
    const BestPlans best = best_plans(placed, workload, limited(Seconds{seconds}), cluster, any);
    return !best[options.highest].empty();
  };
  double high = std::numeric_limits<double>::infinity();
  if (!feasible(high)) return std::nullopt;
  double low = 1e-6;
  for (high = low * 4.0; !feasible(high); high *= 4.0) low = high;
  while (high > low * 1.01) {
    const double middle = mathematics::square_root(low * high);
    (feasible(middle) ? high : low) = middle;
  }
  return Seconds{high};
}

}  // namespace detail

/// How far targets that no plan keeps are from ones that some plan does.
inline NearestTargets nearest_targets(const PlacedModel& placed, const Workload& workload, const Targets& targets,
                                      const Cluster& cluster, const SearchOptions& options) {
  NearestTargets nearest;
  SearchOptions quiet = options;
  quiet.progress = {};
  quiet.any = true;
  nearest.fits = !best_plans(placed, workload, {}, cluster, quiet)[quiet.highest].empty();
  if (!nearest.fits) return nearest;
  // with the other target as asked, or without it
  const auto least = [&](Seconds Targets::*limit) {
    const auto with = [&](const Targets& others) {
      return detail::least_limit(placed, workload, cluster, quiet, [&](Seconds time) {
        Targets limited = others;
        limited.*limit = time;
        return limited;
      });
    };
    const auto found = with(targets);
    return found ? *found : *with({});
  };
  nearest.targets = {{}, {}};
  if (workload.decodes()) nearest.targets.time_per_output_token = least(&Targets::time_per_output_token);
  if (workload.prefills()) nearest.targets.time_to_first_token = least(&Targets::time_to_first_token);
  return nearest;
}

/// The best fleets of all levels under one limit on the time per output token (to the first where nothing decodes).
struct ParetoPoint {
  Seconds limit{};
  BestPlans plans{};
};

/// What can be had for how fast an answer: the best plans under limits from the least that any plan keeps, in equal
/// ratios, until more time is worth nothing; all of them within the targets. Each point's search is one of its own.
/// At most so many points (2 or more).
inline std::vector<ParetoPoint> pareto_plans(const PlacedModel& placed, const Workload& workload,
                                             const Targets& targets, const Cluster& cluster,
                                             const SearchOptions& options, std::int32_t most_points = 16) {
  const auto limited = [&](Seconds limit) {
    Targets both = targets;
    Seconds& own = workload.decodes() ? both.time_per_output_token : both.time_to_first_token;
    if (limit < own) own = limit;
    return both;
  };
  std::vector<ParetoPoint> points;
  SearchOptions quiet = options;
  quiet.progress = {};
  const auto least = detail::least_limit(placed, workload, cluster, quiet, limited);
  if (!least) return points;
  const BestPlans unlimited =
      best_plans(placed, workload, limited({std::numeric_limits<double>::infinity()}), cluster, quiet);
  const Fleet& slowest = unlimited[options.highest];
  const Seconds most = workload.decodes() ? slowest.time_per_output_token : slowest.time_to_first_token;
  const double stretch = mathematics::logarithm(most / *least);
  for (std::int32_t i = 0; i < most_points; ++i) {
    const double share = double(i) / (most_points - 1);
    const Seconds limit = i + 1 < most_points ? *least * mathematics::exponential(stretch * share) : most;
    points.push_back({limit, best_plans(placed, workload, limited(limit), cluster, quiet)});
    if (options.progress) options.progress(double(i + 1) / most_points);
  }
  return points;
}

}  // namespace opcost
