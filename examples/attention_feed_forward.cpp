// SPDX-License-Identifier: Apache-2.0
//
// When experts on accelerators of their own pay: DeepSeek-V3.2 on 64 H100s, and on 32 H100s with 32 H20s, under limits
// on both latencies, for requests that reuse a prefix of their prompt.
//
// To compare with, in direction: attention apart from experts pays under strict limits on models of many experts
// (Step-3, arXiv 2507.19427; MegaScale-Infer, arXiv 2504.02263), and not where the bandwidth between nodes caps it, its
// dead zone. What to know of this model of it:
//
//   - A step of attention apart has two messages a layer, 116 in all. Each takes what the calibration has for any
//     message between nodes, 20 µs, or 5 µs as of a network stack made for the purpose (assumed).
//   - On one group, experts' exchange has two latencies of its own, of 20 µs and more, and a second micro-batch can work
//     meanwhile. A better stack would shorten them, too, but keeps them here: gains with 5 µs are the most there can be.
//   - The least TPOT of any plan is near 20 ms with these calibrations, so that 20 ms leaves little choice.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"
#include "opcost/placement/plan_search.hpp"

namespace {

using namespace opcost;

struct Requests {
  const char* name;
  Workload workload;
  Seconds time_to_first_token;  ///< At most.
};
constexpr std::array<Requests, 3> all_requests{{{"chat", {4096, 512, 256}, {1.0}},
                                                {"coding", {2048, 4096, 1024}, {2.0}},
                                                {"agentic", {524288, 256, 8192}, {5.0}}}};

/// What nodes send each other with.
struct Network {
  double gigabits_per_second = 0.0;  ///< Of a card; every accelerator has one.
  Seconds message{};                 ///< Of attention apart from experts, in latency.
};

BestPlans search(const Requests& requests, double milliseconds_per_token, std::span<Pool> pools,
                 const Network& network) {
  static const PlacedModel placed(models::deepseek_v3_2, model_precision_named("fp8_block").value());
  const BytesPerSecond card{network.gigabits_per_second * 1e9 / 8.0};
  for (Pool& pool : pools) pool.platform.fabric.scale_out.bandwidth = card;
  Cluster cluster(pools);
  cluster.connect_all({.bandwidth = card, .latency = network.message});
  const Targets targets{requests.time_to_first_token, Seconds{milliseconds_per_token * 1e-3}};
  const SearchOptions options{.highest = PlanLevel::attention_feed_forward};
  if (const auto found = violation(placed.model(), requests.workload, targets, cluster, options)) {
    throw InvalidValue(*found);
  }
  return best_plans(placed, requests.workload, targets, cluster, options);
}

/// How many times as much attention apart from experts serves.
std::string gain(const BestPlans& best) {
  const Fleet& without = best[PlanLevel::prefill_decode];
  const Fleet& with = best[PlanLevel::attention_feed_forward];
  if (with.empty()) return "–";
  if (without.empty()) return "only";  // it serves under these limits
  return fmt::format("{:.2f}", with.tokens_per_second / without.tokens_per_second);
}

std::string tokens_per_second(const Fleet& fleet) {
  return fleet.empty() ? "–" : fmt::format("{:.0f}", fleet.tokens_per_second);
}

}  // namespace

int main() {
  const Calibration on_h100 = default_calibration(accelerators::h100_sxm);
  const Calibration on_h20 = default_calibration(accelerators::h20);
  std::array h100s{Pool{Platform(accelerators::h100_sxm, on_h100), 64}};
  std::array mixed{Pool{Platform(accelerators::h100_sxm, on_h100), 32},
                   Pool{Platform(accelerators::h20, on_h20), 32}};
  // between nodes: 16 ranks are more than one
  const Collective message{CollectiveKind::point_to_point, 16, Bytes{1.0}};
  const Platform& platform = h100s[0].platform;
  const Seconds calibrated =
      estimate_latency(message, platform.fabric, *platform.accelerator, *platform.calibration).expected;

  fmt::print(
      "deepseek-v3.2 in fp8 at 400 Gb/s: output tokens a second of the best fleet with everything on one\n"
      "group (one), prefill and decode apart, too (PD), and attention apart from experts, too (AFD)\n\n");
  for (const Requests& requests : all_requests) {
    const auto& [prefix, input, output] = requests.workload;
    fmt::print("{:8} {:6} cached + {:4} new + {:4} output tokens, the first within {}\n", requests.name, prefix,
               input, output, requests.time_to_first_token);
  }
  fmt::print(
      "\n                             64 H100                        32 H100 + 32 H20\n"
      "         TPOT ≤      one     PD    AFD   gain           one     PD    AFD   gain\n");
  for (const Requests& requests : all_requests) {
    for (const double tpot : {50.0, 30.0, 20.0}) {
      fmt::print("{:8} {:3.0f} ms", requests.name, tpot);
      for (const std::span<Pool> pools : {std::span<Pool>(h100s), std::span<Pool>(mixed)}) {
        const BestPlans best = search(requests, tpot, pools, {400.0, calibrated});
        fmt::print("{:>{}} {:>6} {:>6} {:>6}", tokens_per_second(best[PlanLevel::colocated]),
                   pools.size() == 1 ? 9 : 14, tokens_per_second(best[PlanLevel::prefill_decode]),
                   tokens_per_second(best[PlanLevel::attention_feed_forward]), gain(best));
      }
      fmt::print("\n");
    }
  }

  struct Case {
    std::span<Pool> pools;
    const char* name;
    std::size_t requests;
    double tpot;
  };
  const std::array<Case, 5> cases{{{h100s, "64 H100", 1, 50.0},
                                   {h100s, "64 H100", 1, 20.0},
                                   {h100s, "64 H100", 2, 20.0},
                                   {mixed, "32 + 32", 1, 30.0},
                                   {mixed, "32 + 32", 2, 30.0}}};
  fmt::print(
      "\nThe gain of attention apart from experts by the bandwidth of a card and the latency of a message\n\n"
      "                                 {:4.1f} µs                                5.0 µs\n"
      "                 TPOT ≤       100    200    400    800           100    200    400    800 Gb/s\n",
      calibrated.value * 1e6);
  const Case& of_dead_zone = cases[3];
  std::vector<std::string> dead_zone;  // by latency
  for (const Case& one : cases) {
    const Requests& requests = all_requests[one.requests];
    fmt::print("{} {:8} {:4.0f} ms", one.name, requests.name, one.tpot);
    for (const Seconds latency : {calibrated, Seconds{5e-6}}) {
      fmt::print("{:{}}", "", latency == calibrated ? 3 : 7);
      double useless = 0.0;  // the most Gb/s from 100 on without a gain
      for (const double gigabits : {100.0, 200.0, 400.0, 800.0}) {
        const std::string found = gain(search(requests, one.tpot, one.pools, {gigabits, latency}));
        fmt::print(" {:>6}", found);
        if (found == "1.00") useless = gigabits;
      }
      if (&one == &of_dead_zone) {
        dead_zone.push_back(fmt::format("up to {:.0f} Gb/s with {:.1f} µs", useless, latency.value * 1e6));
      }
    }
    fmt::print("\n");
  }
  fmt::print(
      "\nIt pays where a context leaves little room beside experts, and, with quick messages, under strict\n"
      "limits. For coding on two kinds of accelerators there is the dead zone: no gain\n"
      "{}.\n",
      fmt::join(dead_zone, ", "));
}
