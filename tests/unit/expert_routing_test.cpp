// SPDX-License-Identifier: Apache-2.0
//
// Routing statistics: exact where they can be, near the simulation elsewhere, within their bounds always.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "opcost/operation/expert_routing.hpp"
#include "routing_simulation.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

constexpr ExpertRouting balanced(int tokens, int experts, int top_k, int ranks = 1) {
  return {tokens, experts, top_k, ranks, RoutingKind::balanced, 0.0};
}
constexpr ExpertRouting uniform(int tokens, int experts, int top_k, int ranks = 1) {
  return {tokens, experts, top_k, ranks, RoutingKind::uniform, 0.0};
}
constexpr ExpertRouting power_law(double exponent, int tokens, int experts, int top_k, int ranks = 1) {
  return {tokens, experts, top_k, ranks, RoutingKind::power_law, exponent};
}

constexpr ExpertRouting near_balanced(int tokens, int experts, int top_k, int ranks = 1) {
  return {tokens, experts, top_k, ranks, RoutingKind::near_balanced, 0.0};
}

std::string text(const ExpertRouting& routing) {
  return std::string(name(routing.kind)) + " " + std::to_string(routing.exponent) + ", T " +
         std::to_string(routing.tokens) + ", E " + std::to_string(routing.experts) + ", k " +
         std::to_string(routing.top_k) + ", R " + std::to_string(routing.ranks);
}

/// The mean of about `rows` simulated rows, 12 to 3000 draws.
SimulatedRank simulated(const ExpertRouting& routing, double rows) {
  RandomNumbers random(20240229);
  const auto experts = std::size_t(routing.experts), top_k = std::size_t(routing.top_k);
  const auto ranks = std::size_t(routing.ranks);
  const bool law = routing.kind == RoutingKind::power_law;
  const bool near = routing.kind == RoutingKind::near_balanced;
  const int draws = int(std::clamp(rows / (law || near ? routing.experts : routing.rows()), 12.0, 3000.0));
  SimulatedRank sum;
  for (int i = 0; i < draws; ++i) {
    sum.add(law    ? power_law_loads(routing.tokens, top_k, ranks,
                                     power_law_draw(routing.tokens, experts, top_k, routing.exponent, random))
            : near ? near_balanced_loads(routing.tokens, experts, top_k, random)
                   : uniform_loads(routing.tokens, experts, top_k, random),
            ranks);
  }
  return sum.mean();
}

struct Deviations {
  double rows = 0.0, active = 0.0, tiles = 0.0;
};

/// The relative deviations from the simulation; of tiles the largest.
Deviations deviations(const ExpertRouting& routing, double simulated_rows) {
  const SimulatedRank expected = simulated(routing, simulated_rows);
  const RankLoad load = busiest_rank(routing);
  Deviations result{std::abs(load.rows / expected.rows - 1.0),
                    std::abs(load.active_experts / expected.active - 1.0), 0.0};
  for (std::size_t i = 0; i < expected.tiles.size(); ++i) {
    const double tiles = load.tiles(double(SimulatedRank::tile_rows[i]));
    result.tiles = std::max(result.tiles, std::abs(tiles / expected.tiles[i] - 1.0));
  }
  return result;
}

constexpr std::array<double, 6> tile_rows{1.0, 8.0, 16.0, 64.0, 128.0, 1e6};

}  // namespace

TEST_CASE("routing kinds have names") {
  for (const RoutingKind kind :
       {RoutingKind::balanced, RoutingKind::uniform, RoutingKind::power_law, RoutingKind::near_balanced}) {
    CHECK(routing_kind_named(name(kind)) == kind);
  }
  CHECK(name(RoutingKind::power_law) == "power_law");
  CHECK_FALSE(routing_kind_named("random").has_value());
}

TEST_CASE("routings that cannot be are named") {
  STATIC_REQUIRE_FALSE(uniform(0, 8, 2, 4).violation().has_value());
  STATIC_REQUIRE_FALSE(power_law(1.2, 1, 256, 8, 32).violation().has_value());
  CHECK(uniform(-1, 8, 2).violation()->field == "tokens");
  CHECK(uniform(1, 0, 2).violation()->field == "experts");
  CHECK(uniform(1, 8, 0).violation()->field == "top_k");
  CHECK(uniform(1, 8, 9).violation()->field == "top_k");
  CHECK(uniform(1, 8, 2, 0).violation()->field == "ranks");
  CHECK(uniform(1, 8, 2, 3).violation()->field == "ranks");
  CHECK(power_law(0.0, 1, 8, 2).violation()->field == "exponent");
  CHECK(power_law(std::nan(""), 1, 8, 2).violation()->field == "exponent");
  CHECK(power_law(std::numeric_limits<double>::infinity(), 1, 8, 2).violation()->field == "exponent");
}

TEST_CASE("no tokens, no load") {
  for (const ExpertRouting& routing :
       {balanced(0, 8, 2, 4), uniform(0, 8, 2, 4), power_law(1.01, 0, 8, 2, 4), near_balanced(0, 8, 2, 4)}) {
    CHECK(busiest_rank(routing).rows == 0.0);
    CHECK(busiest_rank(routing).active_experts == 0.0);
    CHECK(busiest_rank(routing).tiles(16.0) == 0.0);
    CHECK(mean_rank(routing).tiles(16.0) == 0.0);
    CHECK(distinct_experts(routing) == 0.0);
    CHECK(largest_expert_rows(routing) == 0.0);
  }
}

TEST_CASE("balanced routing is exact") {
  for (const int tokens : {1, 2, 3, 5, 17, 100, 1000}) {
    for (const int top_k : {1, 3, 8}) {
      for (const int ranks : {1, 2, 8, 24}) {
        const ExpertRouting routing = balanced(tokens, 24, top_k, ranks);
        INFO(text(routing));
        SimulatedRank expected;
        expected.add(balanced_loads(tokens, 24, std::size_t(top_k), std::size_t(ranks)), std::size_t(ranks));
        const RankLoad load = busiest_rank(routing);
        const RankLoad mean = mean_rank(routing);
        CHECK(load.rows == expected.rows);
        CHECK(load.active_experts == expected.active);
        CHECK(mean.active_experts == Approx(expected.mean_active).epsilon(1e-12));
        CHECK(largest_expert_rows(routing) == expected.largest);
        for (std::size_t i = 0; i < expected.tiles.size(); ++i) {
          CHECK(load.tiles(double(SimulatedRank::tile_rows[i])) == expected.tiles[i]);
          CHECK(mean.tiles(double(SimulatedRank::tile_rows[i])) == Approx(expected.mean_tiles[i]).epsilon(1e-12));
        }
      }
    }
  }
}

TEST_CASE("the rest of balanced routing goes to the ranks in turn") {
  // 10 rows for 8 experts on 4 ranks of 2: one each, and the two that are left go to two ranks
  const RankLoad load = busiest_rank(balanced(10, 8, 1, 4));
  CHECK(load.rows == 3.0);
  CHECK(load.active_experts == 2.0);
  CHECK(load.tiles(1.0) == 3.0);
  CHECK(load.tiles(2.0) == 2.0);
  // 6 rows for 64 experts on 4 ranks: two at most on any, each at an expert of its own
  CHECK(busiest_rank(balanced(1, 64, 6, 4)).rows == 2.0);
  CHECK(busiest_rank(balanced(1, 64, 6, 4)).active_experts == 2.0);
  CHECK(mean_rank(balanced(1, 64, 6, 4)).rows == 1.5);
  CHECK(distinct_experts(balanced(1, 64, 6, 4)) == 6.0);
  CHECK(largest_expert_rows(balanced(1, 64, 6, 4)) == 1.0);
}

TEST_CASE("uniform routing reads E(1 − (1 − k/E)^T) distinct experts") {
  for (const int tokens : {1, 2, 7, 64, 1000}) {
    for (const int top_k : {1, 2, 8, 63}) {
      const double expected = 64.0 * (1.0 - std::pow(1.0 - top_k / 64.0, tokens));
      INFO(text(uniform(tokens, 64, top_k)));
      CHECK(distinct_experts(uniform(tokens, 64, top_k, 8)) == Approx(expected).epsilon(1e-12));
      CHECK(mean_rank(uniform(tokens, 64, top_k, 8)).active_experts == Approx(expected / 8.0).epsilon(1e-12));
    }
  }
}

TEST_CASE("every expert is chosen by every token if k = E") {
  for (const ExpertRouting& routing : {balanced(100, 16, 16, 4), uniform(100, 16, 16, 4),
                                       power_law(1.2, 100, 16, 16, 4), near_balanced(100, 16, 16, 4)}) {
    INFO(text(routing));
    CHECK(busiest_rank(routing).rows == 400.0);
    CHECK(busiest_rank(routing).active_experts == 4.0);
    CHECK(busiest_rank(routing).tiles(16.0) == 28.0);  // ⌈100 / 16⌉ = 7
    CHECK(largest_expert_rows(routing) == 100.0);
  }
}

TEST_CASE("a single token has k rows at k experts") {
  for (const ExpertRouting& routing :
       {balanced(1, 64, 6), uniform(1, 64, 6), power_law(1.01, 1, 64, 6), near_balanced(1, 64, 6)}) {
    INFO(text(routing));
    CHECK(busiest_rank(routing).rows == 6.0);
    CHECK(busiest_rank(routing).active_experts == Approx(6.0).epsilon(1e-12));
    CHECK(busiest_rank(routing).tiles(16.0) == Approx(6.0).epsilon(1e-12));
    CHECK(largest_expert_rows(routing) == Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("the simulation keeps its promises") {
  RandomNumbers random(1);
  for (const int tokens : {1, 3, 20, 500}) {
    for (const std::size_t top_k : {std::size_t{1}, std::size_t{4}, std::size_t{13}}) {
      const auto complete = [&](const Loads& loads) {
        std::int64_t sum = 0;
        for (const std::int64_t load : loads) {
          REQUIRE(load >= 0);
          REQUIRE(load <= tokens);
          sum += load;
        }
        return sum == tokens * std::int64_t(top_k);
      };
      for (int i = 0; i < 50; ++i) {
        CHECK(complete(uniform_loads(tokens, 16, top_k, random)));
        const std::vector<double> draw = power_law_draw(tokens, 16, top_k, 1.2, random);
        for (const std::size_t ranks : {1u, 4u, 16u}) CHECK(complete(power_law_loads(tokens, top_k, ranks, draw)));
      }
    }
  }
}

TEST_CASE("uniform routing agrees with the simulation") {
  for (const int tokens : {1, 4, 32, 300, 4096}) {
    for (const auto& [experts, top_k] : {std::array{8, 2}, std::array{64, 6}, std::array{256, 8}}) {
      for (const int ranks : {1, 4, experts}) {
        const ExpertRouting routing = uniform(tokens, experts, top_k, ranks);
        INFO(text(routing));
        const Deviations deviation = deviations(routing, 3e5);
        CHECK(deviation.rows < 0.06);
        CHECK(deviation.active < (ranks == 1 ? 0.01 : 0.06));
        CHECK(deviation.tiles < (ranks == 1 ? 0.015 : (ranks == experts ? 0.12 : 0.06)));
      }
    }
  }
}

TEST_CASE("near-balanced routing agrees with the simulation") {
  for (const int mean : {2, 5, 20, 64, 150, 1000}) {
    for (const int experts : {8, 64, 256}) {
      for (const int ranks : {1, 2, 4, 8, experts / 2, experts}) {
        const ExpertRouting routing = near_balanced(mean * experts / 4, experts, 4, ranks);
        INFO(text(routing));
        const Deviations deviation = deviations(routing, 4e5);
        CHECK(deviation.rows < (ranks == 1 ? 0.005 : 0.05));
        CHECK(deviation.active < (ranks == 1 ? 0.005 : 0.05));
        CHECK(deviation.tiles < (ranks == 1 ? 0.01 : 0.06));
      }
    }
  }
}

TEST_CASE("near-balanced routing has the tiles of DeepGEMM's own draws") {
  RandomNumbers random(7);
  for (const auto& [experts, mean] :
       {std::array{32, 192}, std::array{6, 1024}, std::array{32, 20}, std::array{4, 8192}, std::array{8, 4096}}) {
    const RankLoad load = busiest_rank(near_balanced(mean * experts, experts, 1));
    for (const int tile : {64, 128}) {
      double tiles = 0.0;
      constexpr int draws = 100'000;
      for (int i = 0; i < draws; ++i) tiles += (int(mean * (0.7 + 0.6 * random.share())) + tile - 1) / tile;
      CAPTURE(experts, mean, tile);
      CHECK(load.tiles(tile) == Approx(experts * tiles / draws).epsilon(0.01));
    }
  }
}

TEST_CASE("near-balanced routing at its smallest") {
  CHECK(busiest_rank(near_balanced(9, 1, 1)).rows == 9.0);
  CHECK(busiest_rank(near_balanced(9, 1, 1)).active_experts == 1.0);
  // experts are ranks, loads 0 or 1: the busiest has one
  const RankLoad sparse = busiest_rank(near_balanced(1, 64, 1, 64));
  CHECK(sparse.rows == 1.0);
  CHECK(sparse.active_experts == 1.0);
  CHECK(sparse.tiles(16.0) == 1.0);
  CHECK(mean_rank(near_balanced(1, 64, 1, 64)).active_experts == Approx(1.0 / 64.0));
  // at most T: 7 of 8 experts, so loads of 6 to 8
  const RankLoad wide = busiest_rank(near_balanced(8, 8, 7, 8));
  CHECK(wide.rows <= 8.0);
  CHECK(wide.rows > 7.0);
  // a load of 3.5 to 6.5: half of the draws take a second tile of 4 rows and a half of those between 4 and 5
  CHECK(busiest_rank(near_balanced(5, 1, 1)).tiles(4.0) == 2.0);
  CHECK(busiest_rank(near_balanced(50, 10, 1)).tiles(4.0) == Approx(10.0 * (1.0 + (0.5 + 1.5) / 3.0)));
  CHECK(largest_expert_rows(near_balanced(8 * 1000, 8, 1, 2)) == Approx(1000.0 + 300.0 * 7.0 / 9.0));
  CHECK(distinct_experts(near_balanced(4000, 64, 4, 8)) == Approx(64.0));
  CHECK(mean_rank(near_balanced(4000, 64, 4, 8)).rows == Approx(2000.0).epsilon(1e-14));
}

TEST_CASE("the power law agrees with the simulation") {
  for (const double exponent : {1.01, 1.2}) {
    for (const int tokens : {4, 64, 512, 4096}) {
      for (const auto& [experts, top_k] : {std::array{64, 2}, std::array{128, 8}, std::array{256, 8}}) {
        for (const int ranks : {1, 4, 16}) {
          const ExpertRouting routing = power_law(exponent, tokens, experts, top_k, ranks);
          INFO(text(routing));
          const Deviations deviation = deviations(routing, 1e5);
          CHECK(deviation.rows < (ranks == 1 ? 1e-12 : 0.10));
          CHECK(deviation.active < (ranks == 1 ? 0.04 : 0.10));
          CHECK(deviation.tiles < (ranks == 1 ? 0.05 : 0.12));
        }
      }
    }
  }
}

TEST_CASE("the power law is continuous at whole exponents") {
  for (const double exponent : {1.0, 2.0, 3.0, 4.0}) {
    const ExpertRouting at = power_law(exponent, 500, 128, 4, 8);
    for (const double off : {-1e-5, -1e-7, -1e-9, 1e-12, 1e-8, 1e-6, 1e-5}) {
      const ExpertRouting near = power_law(exponent + off, 500, 128, 4, 8);
      INFO(text(near) << " off by " << off);
      CHECK(busiest_rank(near).rows == Approx(busiest_rank(at).rows).epsilon(1e-4));
      CHECK(busiest_rank(near).active_experts == Approx(busiest_rank(at).active_experts).epsilon(1e-4));
      CHECK(busiest_rank(near).tiles(16.0) == Approx(busiest_rank(at).tiles(16.0)).epsilon(1e-4));
    }
  }
}

TEST_CASE("routing statistics keep their bounds and grow with the work") {
  constexpr std::array<double, 8> exponents{0.3, 0.7, 1.0, 1.01, 1.2, 1.5, 2.0, 3.0};
  RandomNumbers random(3);
  const auto within = [](double x, double low, double high) {
    return std::isfinite(x) && x >= low * (1.0 - 1e-12) && x <= high * (1.0 + 1e-12);
  };
  const auto bounded = [&](const ExpertRouting& routing) {
    const RankLoad load = busiest_rank(routing);
    const double n = routing.experts_per_rank(), rows = routing.rows();
    bool holds = within(load.rows, rows / routing.ranks,
                        std::min(rows, routing.tokens * std::min(n, double(routing.top_k))));
    holds = holds && (routing.ranks > 1 || load.rows == rows);
    holds = holds && within(load.active_experts, 0.0, std::min(n, load.rows));
    holds = holds && within(largest_expert_rows(routing), rows / routing.experts, routing.tokens);
    holds = holds && within(distinct_experts(routing), 0.0, std::min(double(routing.experts), rows));
    for (const double tile : tile_rows) {
      const double full = load.rows / tile;
      holds = holds && within(load.tiles(tile), std::max(load.active_experts, full), full + load.active_experts);
      holds = holds && within(mean_rank(routing).tiles(tile), rows / routing.ranks / tile, rows / routing.ranks);
    }
    return holds;
  };
  int broken = 0, shrinking_rows = 0, shrinking = 0;
  for (int i = 0; i < 20000; ++i) {
    const int experts = 1 << random.below(10);
    const int ranks = 1 << random.below(std::size_t(std::lround(std::log2(experts))) + 1);
    const int top_k = 1 + int(random.below(std::size_t(std::min(experts, 12))));
    const int tokens = int(std::exp(random.share() * std::log(70000.0)));
    const auto kind = static_cast<RoutingKind>(random.below(4));
    const double exponent = kind == RoutingKind::power_law ? exponents[random.below(exponents.size())] : 0.0;
    const ExpertRouting routing{tokens, experts, top_k, ranks, kind, exponent};
    REQUIRE_FALSE(routing.violation().has_value());
    if (!bounded(routing)) {
      ++broken;
      UNSCOPED_INFO("bounds: " << text(routing));
    }
    // the sampler's other range of loads begins where T·k exceeds E: no order between the two
    if (kind == RoutingKind::power_law && routing.rows() <= experts) continue;
    ExpertRouting more = routing, wider = routing;
    more.tokens += 1 + int(random.below(std::size_t(tokens)));
    wider.top_k = std::min(top_k + 1, experts);
    const RankLoad load = busiest_rank(routing);
    for (const ExpertRouting& larger : {more, wider}) {
      const RankLoad other = busiest_rank(larger);
      if (other.rows < load.rows * (1.0 - 1e-9)) {
        ++shrinking_rows;
        UNSCOPED_INFO("rows: " << text(routing) << " and " << text(larger));
      }
      // approximations of expectations: a shrinking active share may show, by little
      const double slack = kind == RoutingKind::power_law ? 0.15 : (kind == RoutingKind::balanced ? 1e-9 : 0.03);
      for (const double tile : tile_rows) {
        if (other.tiles(tile) < load.tiles(tile) * (1.0 - slack)) {
          ++shrinking;
          UNSCOPED_INFO("tiles of " << tile << ": " << text(routing) << " and " << text(larger));
        }
      }
    }
  }
  CHECK(broken == 0);
  CHECK(shrinking_rows == 0);
  CHECK(shrinking == 0);
}
