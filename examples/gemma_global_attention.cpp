// SPDX-License-Identifier: Apache-2.0
//
// Does it pay to place only the global attention of Gemma 3 27B, 10 of 62 layers, on H20s beside H100s? The other 52
// layers see 1024 tokens: at long contexts the 10 read and hold nearly all of the cache.
//
// Decoding in bf16 on 8 H100s and 8 H20s, each with a card of 400 Gb/s, 33 µs a message, at Lamina's prices (arXiv
// 2405.01814), with no limit on a token's time. Each placement has the best degrees, micro-batches and batch that a loop
// finds; what its copies leave over serves alone where the cluster's tokens count, and is not rented where dollars do.
// The search has batches of eight sizes an octave, and so at times a few sequences fewer than fit.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"
#include "opcost/placement/plan_search.hpp"

namespace {

using namespace opcost;

constexpr const ModelConfig& model = models::gemma_3_27b;
constexpr std::int32_t each = 8;  // accelerators of a kind
constexpr std::size_t h100 = 0;   // of the cluster's pools
constexpr std::size_t h20 = 1;

/// What some accelerators serve.
struct Service {
  double tokens_per_second = 0.0;
  double dollars_per_hour = 0.0;
  Seconds time_per_token{};
  std::string plan{};

  double tokens_per_dollar() const { return 3600.0 * tokens_per_second / dollars_per_hour; }
};

/// Both, side by side.
Service operator+(const Service& a, const Service& b) {
  return {a.tokens_per_second + b.tokens_per_second, a.dollars_per_hour + b.dollars_per_hour,
          std::max(a.time_per_token, b.time_per_token),
          a.plan + (a.plan.empty() || b.plan.empty() ? "" : ", ") + b.plan};
}

Service service_of(const Fleet& fleet) {
  Service service{fleet.tokens_per_second, fleet.dollars_per_hour, fleet.time_per_output_token, {}};
  for (const auto& [instance, copies] : fleet.parts) {
    const AcceleratorCounts& counts = instance.accelerators;
    std::string accelerators = counts[h100] > 0 ? fmt::format("{} H100", counts[h100]) : "";
    if (counts[h20] > 0) accelerators += fmt::format("{}{} H20", accelerators.empty() ? "" : " + ", counts[h20]);
    if (copies > 1) accelerators = fmt::format("{} x ({})", copies, accelerators);
    service.plan += (service.plan.empty() ? "" : ", ") + accelerators;
  }
  return service;
}

/// The best for the cluster's tokens, and the best for dollars.
struct Best {
  Service fastest{};
  Service cheapest{};

  void consider(const Service& of_cluster, const Service& rented) {
    if (of_cluster.tokens_per_second > fastest.tokens_per_second) fastest = of_cluster;
    if (cheapest.plan.empty() || rented.tokens_per_dollar() > cheapest.tokens_per_dollar()) cheapest = rented;
  }
};

/// Placements of decoding at one context.
class Study {
 public:
  Study(const Cluster& cluster, std::int32_t context)
      : cluster_(cluster), workload_{.prefix_tokens = context - 512, .output_tokens = 512} {
    for (const std::size_t pool : {h100, h20}) {
      for (std::int32_t number = 1; number <= each; ++number) {
        for (std::int32_t tensor = 1; tensor <= number; tensor *= 2) {
          const auto fleet = copies_of(colocated_plan(model, {std::int32_t(pool), {.tensor = tensor}}), 1);
          if (!fleet) continue;
          const Service one = service_of(*fleet);
          alone_[pool][std::size_t(number)].consider(one + alone_[pool][std::size_t(number - tensor)].fastest, one);
        }
        alone_[pool][std::size_t(number)].fastest.plan =
            fmt::format("{} {}", number, pool == h100 ? "H100" : "H20");
      }
    }
  }

  /// Everything on one kind.
  const Best& alone(std::size_t pool) const { return alone_[pool][each]; }

  /// Everything on each kind.
  Best side_by_side() const {
    Best best = alone(h20);
    best.consider(alone(h100).fastest + alone(h20).fastest, alone(h100).cheapest);
    return best;
  }

  /// Copies of `plan_for(group of H100s, group of H20s, micro-batches)`.
  template <class PlanFor>
  Best placement(PlanFor&& plan_for) const {
    Best best;
    for (std::int32_t tensor = 1; tensor <= each; tensor *= 2) {
      for (std::int32_t h20_tensor = 1; h20_tensor <= each; h20_tensor *= 2) {
        for (std::int32_t data = 1; h20_tensor * data <= each; data *= 2) {
          const AcceleratorGroup h100s{std::int32_t(h100), {.tensor = tensor}};
          const AcceleratorGroup h20s{std::int32_t(h20), {.tensor = h20_tensor, .data = data}};
          const std::int32_t copies = each / std::max(h100s.accelerators(), h20s.accelerators());
          for (std::int32_t micro_batches = 1; micro_batches <= 4; ++micro_batches) {
            const auto fleet = copies_of(plan_for(h100s, h20s, micro_batches), copies);
            if (fleet) best.consider(service_of(*fleet) + left_over(*fleet), service_of(*fleet));
          }
        }
      }
    }
    return best;
  }

  Best search() const {
    const auto service = [&](Objective objective) {
      return service_of(best_plans(placed_, workload_, {}, cluster_, {.objective = objective})[PlanLevel::free]);
    };
    return {service(Objective::throughput), service(Objective::throughput_per_dollar)};
  }

 private:
  bool fits(const StagePlan& plan, const PhaseStep& step) const {
    for (std::size_t i = 0; i < plan.used_groups().size(); ++i) {
      const Pool& pool = cluster_.pool(std::size_t(plan.groups[i].pool));
      const MemoryUse use = group_memory(placed_, plan, i, step.micro_batch, step.context_tokens);
      if (!opcost::fits(use, *pool.platform.accelerator)) return false;
    }
    return true;
  }

  /// Copies with full memory, or with a little less where kernels like a round number of tokens better; nothing where
  /// not even one sequence for each token group fits.
  std::optional<Fleet> copies_of(const StagePlan& plan, std::int32_t copies) const {
    if (const auto found = violation(model, cluster_, plan)) throw InvalidValue(*found);
    std::int32_t token_groups = 1;
    for (const AcceleratorGroup& group : plan.used_groups()) {
      token_groups = std::max(token_groups, group.parallelism.token_groups());
    }
    const std::int32_t most = mathematics::largest_that(4096, [&](std::int32_t sequences) {
      return sequences == 0 || fits(plan, decode_step(workload_, sequences));
    });
    std::optional<Fleet> best;
    for (const std::int32_t unit : {1, 8, 16, 32, 64, 128}) {
      const std::int32_t sequences = most - most % unit;
      if (sequences < token_groups) break;
      const PhaseStep step = decode_step(workload_, sequences);
      const auto instance = instance_of(placed_, workload_, cluster_, Phase::decode, plan, step);
      Fleet fleet = fleet_of({{instance.value(), copies}}, workload_, cluster_, Objective::throughput);
      if (!best || fleet.tokens_per_second > best->tokens_per_second) best = std::move(fleet);
    }
    return best;
  }

  Service left_over(const Fleet& fleet) const {
    return alone_[h100][std::size_t(each - fleet.accelerators[h100])].fastest +
           alone_[h20][std::size_t(each - fleet.accelerators[h20])].fastest;
  }

  const Cluster& cluster_;
  Workload workload_;
  PlacedModel placed_{model, {}};
  std::array<std::array<Best, each + 1>, 2> alone_{};  // on so many of a pool
};

/// At each context.
struct Gains {
  std::string list{};
  int all = 0;
  int more = 0;  ///< Above 1.

  void add(std::int32_t context, double gain) {
    list += fmt::format("{}{:+.1f} % at {}", all > 0 ? ", " : "", 100.0 * (gain - 1.0), context);
    ++all;
    more += gain > 1.0 ? 1 : 0;
  }
};

}  // namespace

int main() {
  const Calibration on_h100 = default_calibration(accelerators::h100_sxm);
  const Calibration on_h20 = default_calibration(accelerators::h20);
  const PriceList& prices = price_lists::lamina;
  const std::array pools{Pool{Platform(accelerators::h100_sxm, on_h100), each, prices.per_hour("h100-sxm").value()},
                         Pool{Platform(accelerators::h20, on_h20), each, prices.per_hour("h20").value()}};
  Cluster cluster(pools);
  cluster.connect_all({.bandwidth = {400e9 / 8.0}, .latency = {33e-6}});

  fmt::print(
      "{} on {} H100s at ${:.2f} and {} H20s at ${:.2f} an hour: most tokens a second of the cluster,\n"
      "and fewest dollars for a million tokens; TPOT in ms\n\n"
      "context  on H20s             tok/s TPOT  on                           $/M  on\n",
      model.name, each, pools[h100].dollars_per_hour, each, pools[h20].dollars_per_hour);
  Gains tokens;
  Gains dollars;
  for (const std::int32_t context : {8192, 32768, 131072}) {
    const Study study(cluster, context);
    const auto print = [&](const char* name, const Best& best) {
      fmt::print("{:7}  {:17} {:7.0f} {:4.0f}  {:26} {:5.2f}  {}\n", context, name, best.fastest.tokens_per_second,
                 best.fastest.time_per_token.value * 1e3, best.fastest.plan,
                 1e6 / best.cheapest.tokens_per_dollar(), best.cheapest.plan);
    };
    const Best whole = study.side_by_side();
    const Best global = study.placement([](const auto& h100s, const auto& h20s, std::int32_t micro_batches) {
      return two_group_plan(model, h100s, h20s, {Block::attention}, micro_batches);
    });
    const Best core = study.placement([](const auto& h100s, const auto& h20s, std::int32_t micro_batches) {
      return offloaded_attention_plan(model, h100s, h20s, micro_batches);
    });
    const Best all_but_ffn = study.placement([](const auto& h100s, const auto& h20s, std::int32_t micro_batches) {
      return attention_feed_forward_plan(model, h20s, h100s, micro_batches);
    });
    print("nothing", study.alone(h100));
    print("all", study.alone(h20));
    print("all, side by side", whole);
    print("global attention", global);
    print("all attention", core);
    print("all but FFN", all_but_ffn);
    print("free search", study.search());
    fmt::print("\n");
    tokens.add(context, global.fastest.tokens_per_second / whole.fastest.tokens_per_second);
    dollars.add(context, global.cheapest.tokens_per_dollar() / whole.cheapest.tokens_per_dollar());
  }
  fmt::print(
      "Only global attention on H20s, against whole models side by side or on the cheaper kind\n"
      "tokens a second      {}\ntokens for a dollar  {}\n"
      "\nIt pays in tokens a second at {} of {} contexts, for a dollar at {}.\n",
      tokens.list, dollars.list, tokens.more, tokens.all, dollars.more);
}
