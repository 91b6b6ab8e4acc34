// SPDX-License-Identifier: Apache-2.0
//
// Why a plan wins, what flips it, the nearest targets and the frontier.
#include "opcost/placement/plan_explanation.hpp"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "opcost/io/plot/frontier_chart.hpp"
#include "opcost/opcost.hpp"

namespace {

using namespace opcost;
using namespace opcost::literals;

const Calibration h100_calibration = default_calibration(accelerators::h100_sxm);
const Calibration h20_calibration = default_calibration(accelerators::h20);

/// Two H100s and two H20s that serve a small model.
struct Problem {
  std::vector<Pool> pools{{Platform(accelerators::h100_sxm, h100_calibration), 2, 11.06},
                          {Platform(accelerators::h20, h20_calibration), 2, 4.63}};
  Cluster cluster{pools};
  PlacedModel placed{models::gemma_3_4b, {}};
  Workload workload{1024, 1000, 200};
  Targets targets{1_s, 30_ms};

  Problem() { cluster.connect_all({.bandwidth = 50_GBps, .latency = 33_us}); }
  BestPlans best(const SearchOptions& options = {}) const {
    return best_plans(placed, workload, targets, cluster, options);
  }
};

}  // namespace

TEST_CASE("groups wait for what they are busy with, and hold what the memory's parts add up to") {
  const Problem problem;
  const Fleet fleet = problem.best()[PlanLevel::free];
  REQUIRE_FALSE(fleet.empty());
  bool apart = false;
  for (const FleetPart& part : fleet.parts) {
    const auto groups = explain(problem.placed, problem.cluster, part.instance);
    apart = apart || part.instance.plan.group_count > 1;
    for (std::size_t i = 0; i < part.instance.plan.used_groups().size(); ++i) {
      CHECK(groups[i].waits.total().value == Approx(groups[i].busy.value).epsilon(1e-9));
      CHECK(groups[i].busy == part.instance.estimate.busy[i]);
      CHECK(groups[i].utilisation <= 1.0 + 1e-9);
      CHECK(groups[i].memory.total() <= groups[i].available);
      CHECK(groups[i].memory.total() > groups[i].memory.reserve);
    }
  }
  CHECK(apart);  // the free level beats the others here, so there is something to explain
}

TEST_CASE("sizes between the grid's fill the memory and never make a fleet worse") {
  Problem problem;
  problem.placed = PlacedModel(models::gemma_3_27b, {});
  problem.targets = {};
  int better = 0;
  Fleet fine;
  for (const std::int32_t context : {3000, 8000, 14000, 20000}) {
    problem.workload = {context - 1, 0, 1};
    const Fleet coarse = problem.best({.highest = PlanLevel::colocated, .refine = false})[PlanLevel::colocated];
    fine = problem.best({.highest = PlanLevel::colocated})[PlanLevel::colocated];
    REQUIRE_FALSE(coarse.empty());
    CHECK(fine.value >= coarse.value);
    if (fine.value > coarse.value * 1.01) ++better;
  }
  CHECK(better > 0);
  for (const FleetPart& part : fine.parts) {
    const MemoryUse use = group_memory(problem.placed, part.instance.plan, 0, part.instance.step.micro_batch,
                                       part.instance.step.context_tokens);
    const std::size_t pool = static_cast<std::size_t>(part.instance.plan.groups[0].pool);
    CHECK(fits(use, *problem.cluster.pool(pool).platform.accelerator));
  }
}

TEST_CASE("at the bandwidth that flips it a fleet is worth as much as the other") {
  const Problem problem;
  const BestPlans best = problem.best();
  const Fleet& free = best[PlanLevel::free];
  const double value = best[PlanLevel::prefill_decode].value;
  REQUIRE(free.value > value);
  const auto flip = bandwidth_to_reach(problem.placed, problem.workload, problem.targets, problem.cluster, free,
                                       Objective::throughput, value);
  REQUIRE(flip.has_value());
  CHECK(*flip < 50_GBps);
  const auto value_at = [&](double bandwidth) {
    const Cluster there = with_bandwidth(problem.cluster, {bandwidth});
    const Fleet fleet =
        fleet_within(problem.placed, problem.workload, problem.targets, there, free, Objective::throughput);
    CHECK(keeps(problem.targets, fleet));
    return fleet.value;
  };
  CHECK(value_at(flip->value) >= value);
  CHECK(value_at(flip->value / 1.002) < value);
  // as it is, nothing changes
  CHECK(
      fleet_within(problem.placed, problem.workload, problem.targets, problem.cluster, free, Objective::throughput)
          .value == free.value);
}

TEST_CASE("a fleet that wins at the bandwidth there is has a bandwidth from which it does") {
  // prompts whose micro-batches take turns worse on links without end: their order is another one then
  Problem problem;
  problem.placed = PlacedModel(models::llama_3_1_8b, {});
  problem.workload = {0, 1000, 0};
  problem.targets = {};
  const BestPlans best = problem.best();
  const Fleet& free = best[PlanLevel::free];
  const double value = best[PlanLevel::colocated].value;
  REQUIRE(free.value > value);
  const auto value_at = [&](BytesPerSecond bandwidth) {
    return fleet_within(problem.placed, problem.workload, problem.targets,
                        with_bandwidth(problem.cluster, bandwidth), free, Objective::throughput)
        .value;
  };
  REQUIRE(value_at({1e15}) < value);
  const auto flip = bandwidth_to_reach(problem.placed, problem.workload, problem.targets, problem.cluster, free,
                                       Objective::throughput, value);
  REQUIRE(flip.has_value());
  CHECK(*flip <= 50_GBps);
  CHECK(value_at(*flip) >= value);
  CHECK(value_at(*flip / 1.002) < value);
}

TEST_CASE("a frontier has no plan that misses the targets") {
  Problem problem;
  const auto frontier = [&] {
    return pareto_plans(problem.placed, problem.workload, problem.targets, problem.cluster,
                        {.highest = PlanLevel::prefill_decode}, 4);
  };
  const auto check_kept = [&] {
    const auto points = frontier();
    REQUIRE(points.size() == 4);
    for (const ParetoPoint& point : points) CHECK(keeps(problem.targets, point.plans[PlanLevel::prefill_decode]));
  };
  problem.targets.time_per_output_token = 5_ms;
  check_kept();
  problem.workload = {1024, 1000, 0};
  problem.targets = {.time_to_first_token = 40_ms};
  check_kept();
}

TEST_CASE("at the price that matches two fleets make as many tokens a dollar") {
  Problem problem;
  const Fleet both = problem.best()[PlanLevel::prefill_decode];
  problem.cluster = Cluster(std::span<const Pool>(problem.pools).first(1));
  Fleet h100s = problem.best()[PlanLevel::colocated];
  REQUIRE_FALSE(h100s.empty());
  Problem priced;
  const auto price = price_to_match(priced.cluster, both, h100s, 1);
  REQUIRE(price.has_value());
  priced.pools[1].dollars_per_hour = *price;
  const auto per_dollar = [&](const Fleet& fleet) {
    double dollars = 0.0;
    for (std::size_t i = 0; i < 2; ++i) dollars += fleet.accelerators[i] * priced.pools[i].dollars_per_hour;
    return fleet.tokens_per_second / dollars;
  };
  CHECK(per_dollar(both) == Approx(per_dollar(h100s)).epsilon(1e-9));
  // a pool that neither uses decides nothing
  Fleet none = h100s;
  CHECK_FALSE(price_to_match(priced.cluster, h100s, none, 1).has_value());
}

TEST_CASE("the nearest targets are kept, a little less is not") {
  Problem problem;
  problem.targets = {1_s, 1_ms};
  CHECK(problem.best()[PlanLevel::free].empty());
  const NearestTargets nearest =
      nearest_targets(problem.placed, problem.workload, problem.targets, problem.cluster, {});
  REQUIRE(nearest.fits);
  problem.targets.time_per_output_token = nearest.targets.time_per_output_token;
  CHECK_FALSE(problem.best()[PlanLevel::free].empty());
  problem.targets.time_per_output_token = nearest.targets.time_per_output_token * (1.0 / 1.011);
  CHECK(problem.best()[PlanLevel::free].empty());

  problem.placed = PlacedModel(models::llama_3_1_405b, {});
  CHECK_FALSE(nearest_targets(problem.placed, problem.workload, {}, problem.cluster, {}).fits);
}

TEST_CASE("a frontier's plans keep their limits, and more time is never worth less") {
  const Problem problem;
  const auto points = pareto_plans(problem.placed, problem.workload, problem.targets, problem.cluster, {}, 6);
  REQUIRE(points.size() == 6);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Fleet& fleet = points[i].plans[PlanLevel::free];
    REQUIRE_FALSE(fleet.empty());
    CHECK(fleet.time_per_output_token <= points[i].limit);
    CHECK(fleet.time_to_first_token <= problem.targets.time_to_first_token);
    if (i > 0) {
      CHECK(points[i].limit > points[i - 1].limit);
      CHECK(fleet.value >= points[i - 1].plans[PlanLevel::free].value * (1.0 - 1e-9));
    }
  }
}

TEST_CASE("the frontier's chart says what a series adds, and leaves out what has no place") {
  plot::FrontierChart chart;
  chart.title = "A < B";
  chart.speed_name = "tokens/s";
  chart.series = {{"one, of a kind", {{10.0, 100.0, "x"}, {20.0, 50.0, ""}, {15.0, 40.0, "beaten"}}},
                  {"two", {{20.0, 75.0, "& more"}, {30.0, 0.0, "nothing"}}},
                  {"three", {}}};
  const std::string svg = plot::frontier_svg(chart);
  CHECK(svg.find("A &lt; B") != std::string::npos);
  CHECK(svg.find("two: up to 1.5 times one, at 20 tokens/s") != std::string::npos);
  CHECK(svg.find("three: no more than two") != std::string::npos);
  CHECK(svg.find("&amp; more") != std::string::npos);
  CHECK(svg.find("beaten") == std::string::npos);
  CHECK(svg.find("Not drawn, for lack of a positive finite place: 1.") != std::string::npos);
  CHECK(plot::frontier_svg({}).find("</svg>") != std::string::npos);
}
