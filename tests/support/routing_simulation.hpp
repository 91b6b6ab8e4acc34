// SPDX-License-Identifier: Apache-2.0
//
// Routing by its definition: tokens that choose experts, or loads that a sampler draws, and what the busiest rank
// then holds. The reference for opcost/operation/expert_routing.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace opcost::testing {

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every platform.
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : state_(seed) {}

  /// Uniform in [0, 1).
  double share() { return double(next() >> 11) * 0x1p-53; }
  /// Uniform in 0 … count − 1, for count ≪ 2³².
  std::size_t below(std::size_t count) { return ((next() >> 32) * count) >> 32; }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

using Loads = std::vector<std::int64_t>;  ///< Rows of every expert.

/// Every token draws `top_k` distinct experts: Floyd's algorithm, on few or on all but few experts.
inline Loads uniform_loads(std::int64_t tokens, std::size_t experts, std::size_t top_k, RandomNumbers& random) {
  const bool leaves_out = 2 * top_k > experts;
  const std::size_t drawn = leaves_out ? experts - top_k : top_k;
  Loads loads(experts, leaves_out ? tokens : 0);
  std::vector<std::int64_t> last(experts, -1);  // the token that drew the expert last
  for (std::int64_t token = 0; token < tokens; ++token) {
    for (std::size_t i = experts - drawn; i < experts; ++i) {
      std::size_t expert = random.below(i + 1);
      if (last[expert] == token) expert = i;
      last[expert] = token;
      loads[expert] += leaves_out ? -1 : 1;
    }
  }
  return loads;
}

/// Round robin: to the ranks in turn, and there to the experts in turn.
inline Loads balanced_loads(std::int64_t tokens, std::size_t experts, std::size_t top_k, std::size_t ranks) {
  const std::size_t n = experts / ranks;
  Loads loads(experts, 0);
  for (std::size_t i = 0; i < std::size_t(tokens) * top_k; ++i) ++loads[i % ranks * n + i / ranks % n];
  return loads;
}

/// Independent draws within 30 % of their mean, or less so that none exceeds `tokens`; a fraction of a row is a row
/// with that chance.
inline Loads near_balanced_loads(std::int64_t tokens, std::size_t experts, std::size_t top_k,
                                 RandomNumbers& random) {
  const double mean = double(tokens) * double(top_k) / double(experts);
  const double deviation = std::min(0.3 * mean, double(tokens) - mean);
  Loads loads(experts);
  for (std::int64_t& load : loads) {
    const double draw = mean + deviation * (2.0 * random.share() - 1.0);
    load = std::int64_t(draw + random.share());
  }
  return loads;
}

/// Adds `remaining` rows, one to each rank in turn and there to the least loaded expert, none beyond `limit`; takes
/// rows from the most loaded ones if it is negative. In whole passes, then in steps.
inline void spread(Loads& loads, std::size_t ranks, std::int64_t remaining, std::int64_t limit) {
  const std::size_t n = loads.size() / ranks;
  const std::int64_t sign = remaining < 0 ? -1 : 1;
  remaining *= sign;
  std::vector<std::int64_t> room(ranks), share(ranks, 0);
  for (std::size_t r = 0; r < ranks; ++r) {
    for (std::size_t e = r * n; e < (r + 1) * n; ++e) room[r] += sign > 0 ? limit - loads[e] : loads[e];
  }
  while (remaining > 0) {
    std::int64_t open = 0, least = INT64_MAX;
    for (std::size_t r = 0; r < ranks; ++r) {
      if (share[r] < room[r]) ++open, least = std::min(least, room[r] - share[r]);
    }
    if (open == 0) break;
    const std::int64_t passes = std::min(least, remaining / open);
    for (std::size_t r = 0; r < ranks; ++r) {
      if (share[r] == room[r]) continue;
      const std::int64_t rows = passes > 0 ? passes : 1;
      if (remaining < rows) break;
      share[r] += rows;
      remaining -= rows;
    }
  }
  std::vector<std::size_t> order(n);
  for (std::size_t r = 0; r < ranks; ++r) {  // the water level: the m extreme experts become alike
    if (share[r] == 0) continue;
    for (std::size_t i = 0; i < n; ++i) order[i] = r * n + i;
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return sign * loads[a] < sign * loads[b]; });
    std::int64_t sum = share[r];
    std::size_t m = 0;
    while (m < n && (m == 0 || sign * loads[order[m]] * std::int64_t(m) < sum)) sum += sign * loads[order[m++]];
    const auto count = std::int64_t(m);
    std::int64_t level = sum >= 0 ? sum / count : -((-sum + count - 1) / count);
    const std::int64_t rest = sum - level * count;
    for (std::size_t i = 0; i < m; ++i) loads[order[i]] = sign * (level + (std::int64_t(i) < rest ? 1 : 0));
  }
}

/// The loads before they are spread: density ~ x^−exponent on [1, 0.8 T], or [0.01, 2] for T·k ≤ E.
inline std::vector<double> power_law_draw(std::int64_t tokens, std::size_t experts, std::size_t top_k,
                                          double exponent, RandomNumbers& random) {
  const bool many = tokens * std::int64_t(top_k) > std::int64_t(experts);
  const double low = many ? 1.0 : 0.01;
  const double logarithm = std::log((many ? 0.8 * double(tokens) : 2.0) / low);
  const double b = 1.0 - exponent;
  const double span = std::expm1(b * logarithm);
  std::vector<double> draw(experts);
  for (double& x : draw) {
    const double u = random.share();
    x = low * std::exp(std::abs(b) < 1e-9 ? u * logarithm : std::log1p(u * span) / b);
  }
  return draw;
}

/// Scaled to T·k rows, rounded, cut at T, and what is then over or missing spread over the ranks.
inline Loads power_law_loads(std::int64_t tokens, std::size_t top_k, std::size_t ranks,
                             const std::vector<double>& draw) {
  double sum = 0.0;
  for (const double x : draw) sum += x;
  const std::int64_t rows = tokens * std::int64_t(top_k);
  Loads loads(draw.size());
  std::int64_t over = 0, held = 0;
  for (std::size_t e = 0; e < draw.size(); ++e) {
    const std::int64_t load = std::llrint(draw[e] * double(rows) / sum);
    loads[e] = std::min(load, tokens);
    over += load - loads[e];
    held += loads[e];
  }
  if (over > 0) spread(loads, ranks, over, tokens);
  if (rows != held + over) spread(loads, ranks, rows - held - over, tokens);
  return loads;
}

/// Sums over draws: the mean is the sum by `draws`.
struct SimulatedRank {
  static constexpr std::array<std::int64_t, 3> tile_rows{16, 64, 128};
  double draws = 0.0;
  double rows = 0.0;
  double active = 0.0;
  double largest = 0.0;  ///< Rows of the most loaded expert of all ranks.
  std::array<double, 3> tiles{};
  double mean_active = 0.0;  ///< The mean of all ranks.
  std::array<double, 3> mean_tiles{};

  /// Adds the rank with the most rows, the first of several.
  void add(const Loads& loads, std::size_t ranks) {
    const std::size_t n = loads.size() / ranks;
    std::size_t busiest = 0;
    std::int64_t most = -1, largest_load = 0;
    for (std::size_t r = 0; r < ranks; ++r) {
      std::int64_t sum = 0;
      for (std::size_t e = r * n; e < (r + 1) * n; ++e) {
        sum += loads[e];
        largest_load = std::max(largest_load, loads[e]);
      }
      if (sum > most) most = sum, busiest = r;
    }
    draws += 1.0;
    rows += double(most);
    largest += double(largest_load);
    for (std::size_t e = 0; e < loads.size(); ++e) {
      const bool here = e / n == busiest;
      active += here && loads[e] > 0 ? 1.0 : 0.0;
      mean_active += loads[e] > 0 ? 1.0 / double(ranks) : 0.0;
      for (std::size_t i = 0; i < tile_rows.size(); ++i) {
        const auto count = double((loads[e] + tile_rows[i] - 1) / tile_rows[i]);
        tiles[i] += here ? count : 0.0;
        mean_tiles[i] += count / double(ranks);
      }
    }
  }
  SimulatedRank mean() const {
    SimulatedRank result = *this;
    for (double* value : {&result.rows, &result.active, &result.largest, &result.mean_active}) *value /= draws;
    for (double& value : result.tiles) value /= draws;
    for (double& value : result.mean_tiles) value /= draws;
    return result;
  }
};

}  // namespace opcost::testing
