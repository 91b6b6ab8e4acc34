// SPDX-License-Identifier: Apache-2.0
//
// The search for the best plans against one that looks at every plan and every fleet.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "opcost/opcost.hpp"
#include "opcost/placement/attention_disaggregation.hpp"
#include "opcost/placement/plan_search.hpp"
#include "opcost/placement/unit_cost.hpp"

using namespace opcost;
using namespace opcost::literals;

namespace {

Approx near(double value) { return Approx(value).epsilon(1e-9).margin(1e-15); }

const Calibration h100_calibration = default_calibration(accelerators::h100_sxm);
const Calibration h20_calibration = default_calibration(accelerators::h20);

/// An accelerator with so much memory.
Accelerator with_memory(Accelerator accelerator, Bytes memory) {
  accelerator.usable_memory = memory;
  return accelerator;
}

constexpr PoolLink network{.bandwidth = 50_GBps, .latency = 10.0_us};

/// What is to be placed where. Stays where it is: the cluster refers to it.
struct Problem {
  Accelerator h100;
  Accelerator h20;
  std::vector<Pool> pools{};
  Cluster cluster;
  PlacedModel placed;
  Workload workload{};
  Targets targets{};
  SearchOptions options{.refine = false};  // the brute force has the grid's sizes

  Problem(const ModelConfig& model, const Workload& its_workload, std::array<std::int32_t, 2> accelerators,
          Bytes memory = 40_GB)
      : h100(with_memory(accelerators::h100_sxm, memory)),
        h20(with_memory(accelerators::h20, memory)),
        pools(pools_of(accelerators)),
        cluster(pools),
        placed(model, {}),
        workload(its_workload) {
    cluster.connect_all(network);
    options.most_sequences = 5;
    options.most_micro_batches = 2;
    options.memory.runtime_reserve = 0.1_GB;
  }
  Problem(const Problem&) = delete;

  std::vector<Pool> pools_of(std::array<std::int32_t, 2> accelerators) const {
    std::vector<Pool> all;
    if (accelerators[0] > 0) all.push_back({Platform(h100, h100_calibration), accelerators[0], 11.06});
    if (accelerators[1] > 0) all.push_back({Platform(h20, h20_calibration), accelerators[1], 4.63});
    return all;
  }

  BestPlans search() const {
    REQUIRE_FALSE(violation(placed.model(), workload, targets, cluster, options));
    return best_plans(placed, workload, targets, cluster, options);
  }
};

/// The best value of each level by trying everything: every instance by itself, then every fleet of them.
class BruteForce {
 public:
  explicit BruteForce(const Problem& problem) : problem_(problem) {
    const bool in = problem.workload.prefills();
    const bool out = problem.workload.decodes();
    if (in && out) try_phase(Phase::mixed);
    if (in) try_phase(Phase::prefill);
    if (out) try_phase(Phase::decode);
  }

  /// The best of a level for an objective; 0 where there is nothing.
  double value(PlanLevel level, Objective objective) const {
    const bool both = problem_.workload.prefills() && problem_.workload.decodes();
    std::vector<Item> items;
    for (const Phase phase : {Phase::mixed, Phase::prefill, Phase::decode}) {
      if (both && level == PlanLevel::colocated && phase != Phase::mixed) continue;
      for (const auto& [accelerators, levels] : rates_[std::size_t(phase)]) {
        double rate = 0.0;
        for (std::size_t i = 0; i <= std::size_t(level); ++i) rate = std::max(rate, levels[i]);
        if (rate > 0.0) items.push_back({phase, accelerators, rate});
      }
    }
    double best = 0.0;
    std::array<std::int32_t, 2> left{};
    for (std::size_t i = 0; i < problem_.pools.size(); ++i) left[i] = problem_.pools[i].accelerators;
    add_items(items, 0, left, {}, objective, best);
    return best;
  }

  std::int64_t plans() const { return plans_; }

 private:
  using Counts = std::array<std::int32_t, 2>;
  struct Item {
    Phase phase;
    Counts accelerators;
    double rate;
  };

  void add_items(const std::vector<Item>& items, std::size_t from, Counts left, std::array<double, 3> rates,
                 Objective objective, double& best) const {
    for (std::size_t i = from; i < items.size(); ++i) {
      const Counts now{left[0] - items[i].accelerators[0], left[1] - items[i].accelerators[1]};
      if (now[0] < 0 || now[1] < 0) continue;
      auto more = rates;
      more[std::size_t(items[i].phase)] += items[i].rate;
      best = std::max(best, value_of_fleet(more, now, objective));
      add_items(items, i, now, more, objective, best);
    }
  }

  double value_of_fleet(const std::array<double, 3>& rates, Counts left, Objective objective) const {
    const Workload& work = problem_.workload;
    const double handed_over =
        work.prefills() && work.decodes() ? std::min(rates[1], rates[2]) : rates[1] + rates[2];
    const double tokens = (rates[0] + handed_over) * (work.decodes() ? work.output_tokens : work.input_tokens);
    double dollars = 0.0;
    double watts = 0.0;
    for (std::size_t i = 0; i < problem_.pools.size(); ++i) {
      const std::int32_t used = problem_.pools[i].accelerators - left[i];
      dollars += used * problem_.pools[i].dollars_per_hour;
      watts += used * problem_.pools[i].platform.accelerator->power_watts;
    }
    if (objective == Objective::throughput_per_dollar) return tokens / (dollars / 3600.0);
    return objective == Objective::throughput_per_joule ? tokens / watts : tokens;
  }

  std::vector<PhaseStep> steps(Phase phase) const {
    std::vector<PhaseStep> found;
    for (const std::int32_t number : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24}) {
      if (number > problem_.options.most_sequences) break;
      const std::int32_t chunk = problem_.options.memory.step_tokens;
      const PhaseStep step = phase == Phase::decode  ? decode_step(problem_.workload, number)
                             : phase == Phase::mixed ? mixed_step(problem_.workload, number)
                                                     : prefill_step(problem_.workload, number, chunk);
      if (phase != Phase::decode && number > 1 && step.micro_batch.tokens() > chunk) break;
      found.push_back(step);
    }
    return found;
  }

  std::vector<AcceleratorGroup> groups() const {
    std::vector<AcceleratorGroup> found;
    const ModelConfig& model = problem_.placed.model();
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      for (const std::int32_t tensor : {1, 2, 4}) {
        for (const std::int32_t data : {1, 2, 3, 4}) {
          for (const std::int32_t expert : {1, 2, 3, 4}) {
            const Parallelism ranks{.tensor = tensor, .expert = expert, .data = data};
            if (expert > 1 && expert != ranks.ranks()) continue;
            if (tensor > problem_.options.most_tensor || ranks.ranks() > problem_.pools[pool].accelerators)
              continue;
            if (!violation(model, ranks)) found.push_back({std::int32_t(pool), ranks});
          }
        }
      }
    }
    return found;
  }

  void try_phase(Phase phase) {
    const std::vector<AcceleratorGroup> all = groups();
    std::vector<AcceleratorGroup> chosen;
    const std::function<void()> choose = [&] {
      if (!chosen.empty()) try_groups(phase, chosen);
      if (chosen.size() == std::size_t(problem_.options.most_groups)) return;
      for (const AcceleratorGroup& group : all) {
        chosen.push_back(group);
        if (fits(chosen)) choose();
        chosen.pop_back();
      }
    };
    choose();
  }

  bool fits(const std::vector<AcceleratorGroup>& chosen) const {
    Counts left{};
    for (std::size_t i = 0; i < problem_.pools.size(); ++i) left[i] = problem_.pools[i].accelerators;
    for (const AcceleratorGroup& group : chosen) left[std::size_t(group.pool)] -= group.accelerators();
    return left[0] >= 0 && left[1] >= 0;
  }

  void try_groups(Phase phase, const std::vector<AcceleratorGroup>& chosen) {
    std::int32_t common = 0;
    std::int32_t token_groups = 1;
    for (const AcceleratorGroup& group : chosen) {
      common = std::gcd(common, group.parallelism.data);
      token_groups = std::max(token_groups, group.parallelism.data);
    }
    if (problem_.placed.layers()[Block::experts] == 0 && common > 1) return;  // not of the space: copies are
    StagePlan plan;
    plan.group_count = std::int32_t(chosen.size());
    std::copy(chosen.begin(), chosen.end(), plan.groups.begin());
    plan.ranges[0].layers = problem_.placed.model().layers();
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < placed_block_count; ++i) {
      const auto block = static_cast<Block>(i);
      if (block == Block::residual || block == Block::embedding || problem_.placed.layers()[block] == 0) continue;
      blocks.push_back(block);
    }
    const std::vector<PhaseStep> sizes = steps(phase);
    std::size_t assignments = 1;
    for (std::size_t i = 0; i < blocks.size(); ++i) assignments *= chosen.size();
    for (std::size_t number = 0; number < assignments; ++number) {
      std::size_t rest = number;
      for (const Block block : blocks) {
        plan.ranges[0].put({block}, std::uint8_t(rest % chosen.size()));
        rest /= chosen.size();
      }
      plan.micro_batches = 1;
      if (violation(problem_.placed.model(), problem_.cluster, plan)) continue;  // a group without blocks
      for (const PhaseStep& step : sizes) {
        const MicroBatch& batch = step.micro_batch;
        if ((phase == Phase::prefill ? batch.prompts : batch.decoding) < token_groups) continue;
        const std::int32_t most = chosen.size() == 1 ? 1 : problem_.options.most_micro_batches;
        for (plan.micro_batches = 1; plan.micro_batches <= most; ++plan.micro_batches) try_plan(phase, plan, step);
      }
    }
  }

  void try_plan(Phase phase, const StagePlan& plan, const PhaseStep& step) {
    for (std::size_t i = 0; i < std::size_t(plan.group_count); ++i) {
      const MemoryUse use = group_memory(problem_.placed, plan, i, step.micro_batch, step.context_tokens,
                                         problem_.options.memory, step.longest_tokens);
      const Pool& pool = problem_.pools[std::size_t(plan.groups[i].pool)];
      if (!opcost::fits(use, *pool.platform.accelerator, problem_.options.memory)) return;
    }
    ++plans_;
    const auto instance = instance_of(problem_.placed, problem_.workload, problem_.cluster, phase, plan, step);
    if (!instance || instance->time_to_first_token > problem_.targets.time_to_first_token ||
        instance->time_per_output_token > problem_.targets.time_per_output_token) {
      return;
    }
    auto& rates = rates_[std::size_t(phase)][{instance->accelerators[0], instance->accelerators[1]}];
    double& rate = rates[std::size_t(level_of(plan))];
    rate = std::max(rate, instance->requests_per_second);
  }

  /// The first level that has a plan of so many groups.
  PlanLevel level_of(const StagePlan& plan) const {
    if (plan.group_count == 1) return PlanLevel::colocated;
    if (plan.group_count > 2) return PlanLevel::free;
    for (std::size_t i = 0; i < placed_block_count; ++i) {
      const auto block = static_cast<Block>(i);
      if (problem_.placed.layers()[block] == 0 || block == Block::router) continue;
      const bool apart = block == Block::feed_forward || block == Block::experts;
      if (plan.ranges[0][block] != (apart ? 1 : 0)) return PlanLevel::free;
    }
    return PlanLevel::attention_feed_forward;
  }

  const Problem& problem_;
  std::array<std::map<Counts, std::array<double, plan_level_count>>, 3> rates_{};  // by phase and first level
  std::int64_t plans_ = 0;
};

constexpr std::array all_levels{PlanLevel::colocated, PlanLevel::prefill_decode, PlanLevel::attention_feed_forward,
                                PlanLevel::free};
constexpr std::array all_objectives{Objective::throughput, Objective::throughput_per_dollar,
                                    Objective::throughput_per_joule};

/// What every fleet must keep, whatever it is worth.
void check_fleet(const Problem& problem, const Fleet& fleet) {
  AcceleratorCounts used{};
  std::array<double, 3> rates{};
  for (const FleetPart& part : fleet.parts) {
    const Instance& instance = part.instance;
    CHECK(part.copies >= 1);
    const auto found = violation(problem.placed.model(), problem.cluster, instance.plan);
    INFO((found ? found->field : "valid"));
    CHECK_FALSE(found);
    CHECK(instance.time_to_first_token <= problem.targets.time_to_first_token);
    CHECK(instance.time_per_output_token <= problem.targets.time_per_output_token);
    for (std::size_t i = 0; i < std::size_t(instance.plan.group_count); ++i) {
      const AcceleratorGroup& group = instance.plan.groups[i];
      used[std::size_t(group.pool)] += group.accelerators() * part.copies;
      const MemoryUse use =
          group_memory(problem.placed, instance.plan, i, instance.step.micro_batch, instance.step.context_tokens,
                       problem.options.memory, instance.step.longest_tokens);
      CHECK(fits(use, *problem.pools[std::size_t(group.pool)].platform.accelerator, problem.options.memory));
    }
    // what it says of itself is what it takes from scratch
    const auto again = instance_of(problem.placed, problem.workload, problem.cluster, instance.phase, instance.plan,
                                   instance.step);
    REQUIRE(again);
    CHECK(again->requests_per_second == near(instance.requests_per_second));
    CHECK(again->time_to_first_token.value == near(instance.time_to_first_token.value));
    CHECK(again->time_per_output_token.value == near(instance.time_per_output_token.value));
    rates[std::size_t(instance.phase)] += instance.requests_per_second * part.copies;
  }
  CHECK(used == fleet.accelerators);
  for (std::size_t i = 0; i < problem.pools.size(); ++i) CHECK(used[i] <= problem.pools[i].accelerators);
  const bool both = problem.workload.prefills() && problem.workload.decodes();
  CHECK(fleet.requests_per_second == near(rates[0] + (both ? std::min(rates[1], rates[2]) : rates[1] + rates[2])));
  CHECK(fleet.value >= 0.0);
}

/// The search with and without pruning against the brute force, for every objective. Both leave out what is better by
/// less than a billionth.
void check_against_brute_force(Problem& problem, bool feasible = true) {
  const BruteForce all(problem);
  INFO(problem.placed.model().name.view() << ", " << all.plans() << " plans");
  for (const Objective objective : all_objectives) {
    for (const bool prune : {true, false}) {
      problem.options.objective = objective;
      problem.options.prune = prune;
      const BestPlans best = problem.search();
      double before = 0.0;
      for (const PlanLevel level : all_levels) {
        INFO(name(objective) << ", " << name(level) << (prune ? ", pruned" : ""));
        const double expected = all.value(level, objective);
        CHECK(best[level].value == Approx(expected).epsilon(2e-9));
        CHECK(best[level].value >= before * (1.0 - 2e-9));
        CHECK(best[level].empty() == !(expected > 0.0));
        before = best[level].value;
        check_fleet(problem, best[level]);
      }
      CHECK(best[PlanLevel::free].empty() == !feasible);
    }
  }
}

const ModelConfig small_llama = with_layers(models::llama_3_2_1b, 0, 4);
const ModelConfig small_gemma = with_layers(models::gemma_3_4b, 0, 6);  // five local, one global
const ModelConfig small_qwen = with_layers(models::qwen3_30b_a3b, 0, 3);

constexpr Workload decode_only{.prefix_tokens = 4000, .output_tokens = 500};
constexpr Workload prefill_only{.prefix_tokens = 500, .input_tokens = 3000};
constexpr Workload both_phases{.input_tokens = 2000, .output_tokens = 300};

}  // namespace

TEST_CASE("the search finds what trying everything finds: decode") {
  for (const ModelConfig& model : {small_llama, small_gemma, small_qwen}) {
    for (const auto& accelerators : {std::array{2, 2}, std::array{3, 1}, std::array{4, 0}}) {
      Problem problem(model, decode_only, accelerators);
      problem.options.most_sequences = 3;
      INFO(accelerators[0] << " + " << accelerators[1]);
      check_against_brute_force(problem);
    }
  }
}

TEST_CASE("the search finds what trying everything finds: prefill, and both") {
  for (const Workload& workload : {prefill_only, both_phases}) {
    for (const ModelConfig& model : {small_llama, small_qwen}) {
      Problem problem(model, workload, {2, 1});
      problem.options.most_sequences = 3;
      problem.options.memory.step_tokens = 2048;
      INFO("input " << workload.input_tokens);
      check_against_brute_force(problem);
    }
  }
}

TEST_CASE("the search finds what trying everything finds: scarce memory") {
  // Llama-3.2-1B's 4 layers and its table are 1.0 GB, 2000 tokens of one sequence 16 MB
  for (const double gigabytes : {0.75, 1.0, 1.3}) {
    Problem problem(small_llama, decode_only, {2, 2}, Bytes{gigabytes * 1e9});
    problem.options.most_sequences = 16;
    problem.options.memory.runtime_reserve = Bytes{};
    INFO(gigabytes << " GB");
    check_against_brute_force(problem);
  }
}

TEST_CASE("the search finds what trying everything finds: three groups") {
  for (const bool exposed : {false, true}) {
    Problem problem(small_llama, decode_only, {2, 1});
    problem.options.most_groups = 3;
    problem.options.most_sequences = 2;
    problem.options.most_micro_batches = 3;
    problem.cluster.connect_all({.bandwidth = 1_GBps, .oversubscription = 2.0, .overlaps = !exposed});
    INFO("exposed " << exposed);
    check_against_brute_force(problem);
  }
}

TEST_CASE("the search finds what trying everything finds: slow links that a plan needs") {
  // too little memory for everything on one accelerator; a delta rule and a gated attention, both with experts
  const ModelConfig hybrid = with_layers(models::qwen3_next_80b_a3b, 2, 2);
  const double whole = weight_bytes(hybrid, ModelPrecision{}).value;
  constexpr PoolLink slow{.bandwidth = 0.1_GBps, .latency = 1.0_ms};
  PoolLink reordered = slow;
  reordered.reordering = 0.02_GBps;
  PoolLink exposed = slow;
  exposed.overlaps = false;
  PoolLink latent = slow;
  latent.bandwidth = 50_GBps;
  for (const PoolLink& link : {slow, reordered, exposed, latent}) {
    for (const double share : {0.9, 0.99}) {
      Problem problem(hybrid, decode_only, {1, 1}, Bytes{share * whole});
      problem.cluster.connect_all(link);
      problem.options.memory = {.utilisation = 1.0, .runtime_reserve = {}};
      problem.options.most_sequences = 5;
      problem.options.most_micro_batches = 3;
      INFO("reordering " << link.reordering.value << ", overlaps " << link.overlaps << ", bandwidth "
                         << link.bandwidth.value << ", share " << share);
      check_against_brute_force(problem);
    }
  }
}

TEST_CASE("the search finds what trying everything finds: under limits") {
  for (const double milliseconds : {0.1, 0.45, 0.6, 1.0}) {
    for (const Workload& workload : {decode_only, both_phases}) {
      Problem problem(small_llama, workload, {2, 1});
      problem.options.most_sequences = 16;
      problem.targets = {.time_to_first_token = Seconds{milliseconds * 0.1},
                         .time_per_output_token = Seconds{milliseconds * 1e-3}};
      INFO(milliseconds << " ms, input " << workload.input_tokens);
      check_against_brute_force(problem, milliseconds > 0.1);
    }
  }
}

TEST_CASE("what no plan can do in time gives empty fleets worth nothing") {
  for (const Objective objective : all_objectives) {
    Problem problem(small_llama, both_phases, {2, 2});
    problem.options.objective = objective;
    problem.targets.time_per_output_token = 1.0_us;
    const BestPlans best = problem.search();
    for (const PlanLevel level : all_levels) {
      CHECK(best[level].empty());
      CHECK(best[level].value == 0.0);
      CHECK(best[level].tokens_per_second == 0.0);
      CHECK(best[level].accelerators == AcceleratorCounts{});
    }
  }
}

TEST_CASE("a plan that just fits is found, and one byte less is none") {
  // The core of attention and the cache of one sequence just fit the second accelerator, all else the first.
  const PlacedModel placed(small_llama, {});
  const StagePlan plan = offloaded_attention_plan(small_llama, {0}, {1}, 1);
  const PhaseStep step = decode_step(decode_only, 1);
  const MemoryPolicy policy{.utilisation = 1.0, .runtime_reserve = {}};
  const auto held = [&](std::size_t group) {
    return group_memory(placed, plan, group, step.micro_batch, step.context_tokens, policy, step.longest_tokens);
  };
  CHECK(held(1).weights == Bytes{});  // no norms either
  for (const double missing : {0.0, 1.0}) {
    for (const std::size_t where : {0U, 1U}) {
      Problem problem(small_llama, decode_only, {1, 1});
      problem.options.memory = policy;
      problem.options.most_sequences = 1;
      problem.h100.usable_memory = held(0).total() - Bytes{where == 0 ? missing : 0.0};
      problem.h20.usable_memory = held(1).total() - Bytes{where == 1 ? missing : 0.0};
      INFO(missing << " bytes missing on " << where);
      check_against_brute_force(problem, missing == 0.0);
    }
  }
}

TEST_CASE("two searches find the same") {
  Problem problem(small_qwen, both_phases, {3, 2});
  problem.options.objective = Objective::throughput_per_dollar;
  problem.options.most_sequences = 24;
  const BestPlans first = problem.search();
  const BestPlans second = problem.search();
  CHECK(first.counts.choices == second.counts.choices);
  CHECK(first.counts.bounded == second.counts.bounded);
  CHECK(first.counts.estimated == second.counts.estimated);
  for (const PlanLevel level : all_levels) {
    const Fleet& one = first[level];
    const Fleet& other = second[level];
    CHECK(one.value == other.value);
    CHECK(one.accelerators == other.accelerators);
    REQUIRE(one.parts.size() == other.parts.size());
    for (std::size_t i = 0; i < one.parts.size(); ++i) {
      CHECK(one.parts[i].copies == other.parts[i].copies);
      CHECK(one.parts[i].instance.plan == other.parts[i].instance.plan);
      CHECK(one.parts[i].instance.phase == other.parts[i].instance.phase);
      CHECK(one.parts[i].instance.step.micro_batch == other.parts[i].instance.step.micro_batch);
    }
  }
}

TEST_CASE("more accelerators, looser limits, more freedom and more sequences never make it worse") {
  const auto best_of = [](std::array<std::int32_t, 2> accelerators, const Workload& workload, Objective objective,
                          auto&& change) {
    Problem problem(small_gemma, workload, accelerators);
    problem.options.objective = objective;
    problem.options.most_sequences = 12;
    problem.targets = {.time_to_first_token = 60.0_ms, .time_per_output_token = 2.0_ms};
    change(problem);
    const BestPlans best = problem.search();
    std::array<double, plan_level_count> values{};
    for (const PlanLevel level : all_levels) values[std::size_t(level)] = best[level].value;
    return values;
  };
  for (const Workload& workload : {decode_only, prefill_only, both_phases}) {
    for (const Objective objective : all_objectives) {
      const auto plain = best_of({2, 2}, workload, objective, [](Problem&) {});
      const auto check_no_worse = [&](const auto& values) {
        for (std::size_t level = 0; level < plan_level_count; ++level)
          CHECK(values[level] >= plain[level] * (1.0 - 2e-9));
      };
      CHECK(plain[0] > 0.0);
      check_no_worse(best_of({3, 2}, workload, objective, [](Problem&) {}));
      check_no_worse(best_of({2, 3}, workload, objective, [](Problem&) {}));
      check_no_worse(best_of({2, 2}, workload, objective, [](Problem& problem) { problem.targets = {}; }));
      check_no_worse(best_of({2, 2}, workload, objective, [](Problem& problem) {
        problem.targets.time_per_output_token = 3.0_ms;
        problem.targets.time_to_first_token = 61.0_ms;
      }));
      check_no_worse(
          best_of({2, 2}, workload, objective, [](Problem& problem) { problem.options.most_sequences = 16; }));
      check_no_worse(
          best_of({2, 2}, workload, objective, [](Problem& problem) { problem.options.most_micro_batches = 4; }));
      // the same space searched to a lower level
      const auto lower = best_of({2, 2}, workload, objective,
                                 [](Problem& problem) { problem.options.highest = PlanLevel::prefill_decode; });
      CHECK(lower[0] == plain[0]);
      CHECK(lower[1] == plain[1]);
      CHECK(lower[2] == 0.0);
      CHECK(lower[3] == 0.0);
    }
  }
}

TEST_CASE("a cluster with too many choices to count one by one serves what copies of a smaller one do") {
  // 64 and 64 are 65² = 4225 choices, each of them looked at; 256 and 256 are 257², looked at in steps of two. Four copies
  // of the fleet on the smaller cluster are one on the larger, whatever its instances' accelerators.
  for (const Workload& workload : {decode_only, both_phases}) {
    const auto best_of = [&](std::int32_t accelerators) {
      Problem problem(small_llama, workload, {accelerators, accelerators});
      problem.options.most_sequences = 8;
      problem.options.most_tensor = 1;
      problem.targets.time_per_output_token = 2.0_ms;
      return problem.search();
    };
    const BestPlans few = best_of(64);
    const BestPlans many = best_of(256);
    for (const PlanLevel level : all_levels) {
      CHECK(few[level].value > 0.0);
      CHECK(many[level].value >= 4.0 * few[level].value * (1.0 - 1e-6));
      for (std::size_t pool = 0; pool < 2; ++pool) CHECK(many[level].accelerators[pool] <= 256);
    }
  }
}

TEST_CASE("no plan on two kinds beats the cheaper one alone by more than theory has it") {
  // greatest_gain_of_two_kinds compares disaggregation on two kinds with disaggregation on one, both with free
  // transfers, attention at the memory's bandwidth and matrix products at the peak. A plan pays more than that for each of
  // the two, so that it stays below the best of one kind, by the formula, times the gain. H20 for attention:
  // 4 TB/s and 148 TFLOPS; H100: 3.35 TB/s and 989.4 TFLOPS; the ratio of ridge points is 7.98, the gain at most 1.91.
  const ModelConfig model = with_layers(models::llama_3_1_8b, 0, 8);
  // of a layer and of the head, FLOPs of a token: queries and outputs 4096 x 4096, keys and values 4096 x 1024, and 3
  // x 4096 x 14336 of SwiGLU; 128256 x 4096
  const double matmul_flops =
      2.0 * (8 * (2 * 4096.0 * 4096 + 2 * 4096.0 * 1024 + 3 * 4096.0 * 14336) + 128256.0 * 4096);
  const double gain = greatest_gain_of_two_kinds((4.0 * 989.4) / (3.35 * 148.0));
  CHECK(gain == Approx(1.912).epsilon(1e-3));
  const double balanced_price = std::sqrt((4.0 * 989.4) / (3.35 * 148.0)) * 3.35 / 4.0;
  double largest = 0.0;
  for (const double price : {0.5, 1.0, balanced_price, 4.0}) {
    for (const std::int32_t context : {500, 1400, 6000}) {
      Problem problem(model, {.prefix_tokens = context, .output_tokens = 2}, {2, 2}, Bytes{1e13});
      for (std::size_t i = 0; i < 2; ++i) {
        problem.pools[i].platform.calibration = &calibrations::ideal;
        problem.pools[i].dollars_per_hour = i == 0 ? price : 1.0;
        for (std::size_t j = 0; j < 2; ++j) problem.cluster.set_link(i, j, {.bandwidth = BytesPerSecond{1e21}});
      }
      problem.options.objective = Objective::throughput_per_dollar;
      problem.options.most_sequences = 1024;
      problem.options.most_micro_batches = 4;
      const BestPlans best = problem.search();
      // keys and values of 8 heads of 128 in 8 layers
      const DecodeWork token{.attention_bytes = Bytes{2.0 * 2 * 8 * 128 * 8 * problem.workload.decode_context()},
                             .matmul_flops = Flops{matmul_flops}};
      const UnitCost h100 = unit_cost(price, accelerators::h100_sxm, DataType::bf16);
      const UnitCost h20 = unit_cost(1.0, accelerators::h20, DataType::bf16);
      const double one_kind =
          1.0 / std::min(disaggregated_dollars_per_token(token, h100), disaggregated_dollars_per_token(token, h20));
      INFO("price ratio " << price << ", context " << context << ": " << best[PlanLevel::free].value / one_kind);
      CHECK(best[PlanLevel::free].value > 0.0);
      CHECK(best[PlanLevel::free].value <= gain * one_kind);
      largest = std::max(largest, best[PlanLevel::free].value / one_kind);
    }
  }
  UNSCOPED_INFO("the most is " << largest);
  CHECK(largest > 1.2);  // or the limit is nowhere near
}

TEST_CASE("steps of a workload, by hand") {
  const Workload workload{.prefix_tokens = 1000, .input_tokens = 5000, .output_tokens = 200};
  CHECK_FALSE(workload.violation());
  CHECK(workload.decode_context() == 6100);
  CHECK(workload.longest_context() == 6200);

  const PhaseStep decode = decode_step(workload, 50);
  CHECK(decode.micro_batch == MicroBatch{.decoding = 50, .decode = {1, 6100, 1}});
  CHECK(decode.requests == 0.25);  // each of 50 sequences is a 200th nearer its end
  CHECK(decode.steps_to_first(4) == 0);

  // 5000 tokens are three chunks of 1667; their keys are 1000 + 1667, 3334 and 5000, 4333 in the mean
  const PhaseStep chunk = prefill_step(workload, 1, 2048);
  CHECK(chunk.micro_batch == MicroBatch{.prompts = 1, .prompt = {1667, 4333, 1}});
  CHECK(chunk.requests == near(1.0 / 3));
  CHECK(chunk.steps_to_first(1) == 3);
  CHECK(chunk.steps_to_first(2) == 6);  // 834 tokens a step of a prompt of its own
  const PhaseStep prompts = prefill_step(workload, 4, 20000);
  CHECK(prompts.micro_batch == MicroBatch{.prompts = 4, .prompt = {5000, 6000, 1}});
  CHECK(prompts.requests == 4.0);
  CHECK(prompts.steps_to_first(1) == 1);
  CHECK(prompts.steps_to_first(4) == 1);
  CHECK(prompts.steps_to_first(8) == 2);

  // 50 sequences end a quarter of a prompt a step: 1250 tokens of it, with 1000 + 3125 keys in the mean
  const PhaseStep mixed = mixed_step(workload, 50);
  CHECK(mixed.micro_batch.decoding == 50);
  CHECK(mixed.micro_batch.prompts == 1);
  CHECK(mixed.micro_batch.prompt == StepSequence{1250, 4125, 1});
  CHECK(mixed.steps_to_first(1) == 4);
  const PhaseStep whole = mixed_step(workload, 500);
  CHECK(whole.requests == 2.5);
  CHECK(whole.micro_batch.prompts == 3);
  CHECK(whole.micro_batch.prompt == StepSequence{5000, 6000, 1});
}

TEST_CASE("handing a cache over by an exposed link takes the sender's time, by hand") {
  Problem problem(small_llama, both_phases, {1, 1});
  const StagePlan plan = colocated_plan(small_llama, {.pool = 0});
  const PhaseStep prompt = prefill_step(both_phases, 1, 8192);
  const auto prefilled = [&](const PoolLink& link) {
    problem.cluster.connect_all(link);
    const auto instance = instance_of(problem.placed, both_phases, problem.cluster, Phase::prefill, plan, prompt);
    REQUIRE(instance.has_value());
    return *instance;
  };
  const Instance overlapped = prefilled(network);
  PoolLink exposed = network;
  exposed.overlaps = false;
  const Instance instead = prefilled(exposed);
  // 2000 tokens · 4 layers · 2 · 8 KV heads · 64 dimensions · 2 bytes = 16.384 MB at 50 GB/s, after 10 µs
  const double sent = 16.384e6 / 50e9 + 10e-6;
  const double step = overlapped.estimate.period.value;
  CHECK(overlapped.requests_per_second == near(1.0 / step));
  CHECK(overlapped.time_to_first_token.value == near(step + sent));
  CHECK(instead.requests_per_second == near(1.0 / (step + sent)));
  CHECK(instead.time_to_first_token.value == near(step + 2.0 * sent));  // another one's, and its own
  // at the receiver, of decodes
  PoolLink reordered = network;
  reordered.reordering = 100_GBps;
  problem.cluster.connect_all(reordered);
  const auto decoding =
      instance_of(problem.placed, both_phases, problem.cluster, Phase::decode, plan, decode_step(both_phases, 4));
  REQUIRE(decoding.has_value());
  const double requests = 4.0 / 300.0 / decoding->estimate.period.value;
  const double longer = 1.0 + requests * 16.384e6 / 100e9;
  CHECK(decoding->requests_per_second == near(requests / longer));
  CHECK(decoding->time_per_output_token.value == near(decoding->estimate.period.value * longer));
}

TEST_CASE("what a search may not be asked") {
  const auto field = [](auto&& change) {
    Problem problem(small_llama, both_phases, {1, 1});
    change(problem);
    const auto found =
        violation(problem.placed.model(), problem.workload, problem.targets, problem.cluster, problem.options);
    return found ? found->field : std::string_view{};
  };
  CHECK(field([](Problem&) {}).empty());
  CHECK(field([](Problem& problem) { problem.workload.prefix_tokens = -1; }) == "prefix_tokens");
  CHECK(field([](Problem& problem) { problem.workload.input_tokens = -1; }) == "input_tokens");
  CHECK(field([](Problem& problem) { problem.workload.output_tokens = -1; }) == "output_tokens");
  CHECK(field([](Problem& problem) { problem.workload = {.prefix_tokens = 10}; }) == "output_tokens");
  CHECK(field([](Problem& problem) { problem.workload.input_tokens = 2147483647; }) ==
        "prefix + input + output tokens");
  CHECK(field([](Problem& problem) { problem.targets.time_to_first_token = {}; }) == "time_to_first_token_ms");
  CHECK(field([](Problem& problem) { problem.targets.time_per_output_token = {}; }) == "time_per_output_token_ms");
  CHECK(field([](Problem& problem) { problem.pools[0].accelerators = 0; }) == "accelerators");
  CHECK(field([](Problem& problem) { problem.options.memory.utilisation = 0.0; }) == "utilisation");
  CHECK(field([](Problem& problem) { problem.options.most_groups = 0; }) == "most_groups");
  CHECK(field([](Problem& problem) { problem.options.most_groups = 4; }) == "most_groups");
  CHECK(field([](Problem& problem) { problem.options.most_micro_batches = 65; }) == "most_micro_batches");
  CHECK(field([](Problem& problem) { problem.options.most_tensor = 0; }) == "most_tensor");
  CHECK(field([](Problem& problem) { problem.options.most_sequences = 0; }) == "most_sequences");
  const auto priceless = [](Problem& problem) { problem.pools[1].dollars_per_hour = 0.0; };
  CHECK(field(priceless).empty());
  CHECK(field([&](Problem& problem) {
          priceless(problem);
          problem.options.objective = Objective::throughput_per_dollar;
        }) == "dollars_per_hour");
  CHECK(field([](Problem& problem) {
          problem.h20.power_watts = 0.0;
          problem.options.objective = Objective::throughput_per_joule;
        }) == "power_watts");
}
