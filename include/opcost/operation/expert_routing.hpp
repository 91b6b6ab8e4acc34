// SPDX-License-Identifier: Apache-2.0
//
// How the tokens of a mixture of experts spread over experts and ranks, in expectation and in closed form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/mathematics.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How tokens choose experts.
enum class RoutingKind : std::uint8_t {
  balanced,   ///< Round robin: T·k assignments spread as evenly as whole numbers allow, over ranks and in them.
  uniform,    ///< Every token draws k distinct experts, all sets being equally likely.
  power_law,  ///< Loads drawn with density ~ x^−exponent, as public benchmarks do.
  near_balanced,  ///< Loads drawn uniformly within 30 % of their mean, as DeepGEMM's benchmark of grouped products.
};

namespace detail {
inline constexpr std::array<std::string_view, 4> routing_kind_names{"balanced", "uniform", "power_law",
                                                                    "near_balanced"};
}  // namespace detail

/// The name used in data files: "balanced", "uniform", "power_law", "near_balanced".
constexpr std::string_view name(RoutingKind kind) noexcept {
  return detail::routing_kind_names[static_cast<std::size_t>(kind)];
}

/// The routing kind of that name, or nothing.
constexpr std::optional<RoutingKind> routing_kind_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < detail::routing_kind_names.size(); ++i) {
    if (detail::routing_kind_names[i] == text) return static_cast<RoutingKind>(i);
  }
  return std::nullopt;
}

/// `tokens` (T) tokens of the whole expert-parallel group each choose `top_k` (k) distinct of `experts` (E) experts;
/// each of `ranks` (R) ranks holds n = E / R consecutive experts.
///
/// The power law is the sampler of aiconfigurator's collectors (github.com/ai-dynamo/aiconfigurator): E loads drawn
/// independently from [1, 0.8 T], or [0.01, 2] if T·k ≤ E, scaled to the sum T·k, rounded, cut at T; what is then
/// over or missing goes to the ranks in turn, there to the least loaded expert.
///
/// Near-balanced loads are E independent draws (tests/generators.py of github.com/deepseek-ai/DeepGEMM) of mean
/// m = T·k/E, in [m − h, m + h] with h = min(0.3 m, T − m), so that none exceeds T; what is not whole is a row with
/// that chance. DeepGEMM drops it: half a row an expert less.
struct ExpertRouting {
  std::int32_t tokens = 1;
  std::int32_t experts = 1;
  std::int32_t top_k = 1;
  std::int32_t ranks = 1;
  RoutingKind kind = RoutingKind::uniform;
  double exponent = 0.0;  ///< Of the power law.

  /// T·k token–expert assignments.
  constexpr double rows() const noexcept { return double(tokens) * top_k; }
  constexpr double experts_per_rank() const noexcept { return double(experts) / ranks; }

  constexpr std::optional<Violation> violation() const noexcept {
    if (auto broken =
            detail::first_of(detail::require_at_least("tokens", tokens, 0, "at least 0"),
                             detail::require_positive("experts", experts), detail::require_positive("top_k", top_k),
                             detail::require_positive("ranks", ranks))) {
      return broken;
    }
    if (top_k > experts) return Violation{"top_k", double(top_k), "at most the number of experts"};
    if (experts % ranks != 0) return Violation{"ranks", double(ranks), "a divisor of the number of experts"};
    if (kind == RoutingKind::power_law && !(exponent > 0.0 && exponent <= 8.0)) {
      return Violation{"exponent", exponent, "a positive number up to 8"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const ExpertRouting&, const ExpertRouting&) noexcept = default;
};

namespace detail {

namespace math = opcost::mathematics;

/// (e^{c·l} − 1) / c, given p = e^{c·l}; l for c = 0.
inline double power_integral(double c, double l, double p) noexcept {
  const double x = c * l;
  if (x < 1e-5 && x > -1e-5) return l * (1.0 + 0.5 * x);
  return (p - 1.0) / c;
}

/// Loads y = s·x with x of density x^−α / q on [1, X]; b = 1 − α.
struct PowerLaw {
  double b = 0.0;
  double limit = 1.0;  ///< X.
  double q = 1.0;
  double scale = 1.0;  ///< s.
  double mean = 0.0;   ///< Of the load, before it is cut.

  /// The experts with loads below y: P(load < y), E[load; load < y], … and y times the density at y.
  struct Part {
    double share, rows, squares, cubes;
    double density;
  };
  Part below(double y) const noexcept {
    const double x = math::clamped(y / scale, 1.0, limit);
    const double l = math::logarithm(x);
    const double p = math::exponential(b * l);
    const double by_q = 1.0 / q;
    const double by_q1 = by_q * scale, by_q2 = by_q1 * scale, by_q3 = by_q2 * scale;
    const double p1 = p * x, p2 = p1 * x, p3 = p2 * x;
    return {power_integral(b, l, p) * by_q, power_integral(b + 1.0, l, p1) * by_q1,
            power_integral(b + 2.0, l, p2) * by_q2, power_integral(b + 3.0, l, p3) * by_q3,
            y <= scale || x >= limit ? 0.0 : p * by_q};
  }
};

/// The loads of a rank that holds more than its share: large ones are likelier, by 1 + θ·y + (θ·y)²/2.
struct Tilt {
  double theta = 0.0;
  double norm = 1.0;  ///< The mean weight.

  /// Such that the mean load is `mean`, from the first three moments.
  static Tilt to(double mean, double m1, double m2, double m3) noexcept {
    if (mean <= m1) return {};
    const double a = 0.5 * (m3 - mean * m2), b = m2 - mean * m1, c = mean - m1;  // a·θ² + b·θ = c
    // as θ grows the mean tends to m3 / m2; beyond that there is no solution
    const double root = math::square_root(math::larger(b * b + 4.0 * a * c, 0.0)) + b;
    // near it one large load is the excess, and the others are as ever: at most 1.7 times θ of an exponential tilt,
    // whose mean is κ1 + θ·κ2 + θ²·κ3 / 2
    const double k2 = math::larger(m2 - m1 * m1, 1e-12),
                 k3 = math::larger(m3 - m1 * (3.0 * m2 - 2.0 * m1 * m1), 0.0);
    const double most = 3.4 * c / (k2 + math::square_root(k2 * k2 + 2.0 * k3 * c));
    const double theta = a > 0.0 && root * most > 2.0 * c ? 2.0 * c / root : most;
    return {theta, 1.0 + theta * (m1 + 0.5 * theta * m2)};
  }
  double share(const PowerLaw::Part& part) const noexcept {
    return (part.share + theta * (part.rows + 0.5 * theta * part.squares)) / norm;
  }
  double rows(const PowerLaw::Part& part) const noexcept {
    return (part.rows + theta * (part.squares + 0.5 * theta * part.cubes)) / norm;
  }
  double density(const PowerLaw::Part& part, double y) const noexcept {
    return part.density * (1.0 + theta * y * (1.0 + 0.5 * theta * y)) / norm;
  }
};

/// How loads spread within a rank.
struct LoadSpread {
  RoutingKind kind = RoutingKind::balanced;
  double experts = 0.0;
  double load = 0.0;       ///< balanced: of every expert, before the rest; uniform, near_balanced: the mean of one.
  double one_more = 0.0;   ///< balanced: experts with one row more, of the rest that the ranks get in turn.
  double deviation = 0.0;  ///< uniform: of an expert's load, the standard one; near_balanced: the largest.
  PowerLaw law{};
  double tokens = 0.0;    ///< No load is larger.
  double overflow = 0.0;  ///< power_law: what was cut, per expert.
  double active = 0.0;    ///< power_law: P(load > 0) of an expert.
  Tilt tilt{};            ///< power_law: of the busiest rank.
};

}  // namespace detail

/// What a rank holds, in expectation; zero-initialised: nothing.
struct RankLoad {
  double rows = 0.0;            ///< Token–expert assignments.
  double active_experts = 0.0;  ///< Experts with at least one row.
  detail::LoadSpread spread{};

  /// Σ ⌈load / tile_rows⌉ over the rank's experts: the row tiles of a grouped matrix product, for tile_rows ≥ 1.
  /// At least the active experts and rows / tile_rows; at most what every active expert takes if its last tile
  /// holds a single row.
  double tiles(double tile_rows) const noexcept;
};

namespace detail {

/// The expected maximum z of R independent standard normal variables, and E[max² − 1] for the skewness term;
/// rational fits to the integrals, within 0.001 and 0.01 for R ≤ 512, exact for R = 1 and (the second) R = 2.
struct NormalMaximum {
  double first = 0.0;
  double second = 0.0;

  static NormalMaximum of(double count) noexcept {
    if (count <= 1.0) return {};
    const double l = math::logarithm(count);
    return {l * (0.905349 + l * (0.0249385 + l * 0.00033329)) / (1.0 + 0.192524 * l),
            l * (l - 0.69314718056) * (0.906049 - 0.00972955 * l) / (1.0 + 0.397764 * l)};
  }
};

/// The standard normal distribution function within 0.0002 (Bowling et al. 2009, doi:10.3926/jiem.2009.v2n1.p114-127).
inline double normal_distribution(double x) noexcept {
  const double y = math::clamped(x, -8.0, 8.0);
  return 1.0 / (1.0 + math::exponential(-y * (1.5976 + 0.070566 * y * y)));
}

/// 1 − e^−x for x ≥ 0 within 0.001, without a call.
inline constexpr double saturated(double x) noexcept {
  const double y = 1.0 / (1.0 + x * (0.0625 + x * (1.0 / 512.0)));
  const double y2 = y * y;
  const double y4 = y2 * y2;
  const double y8 = y4 * y4;
  return 1.0 - y8 * y8;
}

/// From 0 to 1 as x does.
inline constexpr double smooth_step(double x) noexcept {
  const double y = math::clamped(x, 0.0, 1.0);
  return y * y * (3.0 - 2.0 * y);
}

// --- uniform -----------------------------------------------------------------------------------------------------

/// Σ_{j>least} P(max ≥ j) of R binomial counts of that mean and success probability q; for means up to about one.
inline double few_rows_beyond(int least, double mean, double q, double ranks) noexcept {
  const double trials = mean / q;
  const double odds = q / (1.0 - q);
  double p = math::exponential(trials * math::logarithm(1.0 - q));
  double tail = 1.0 - p;
  double sum = least == 0 ? saturated(ranks * tail) : 0.0;
  const double total = mean * ranks;
  for (int j = 1; j < 7; ++j) {
    p *= math::larger(trials - (j - 1), 0.0) * odds / j;
    tail = math::larger(tail - p, 0.0);
    const double expected = ranks * tail;  // ranks with more than j rows
    if (least == 0) {
      sum += saturated(expected);
    } else if (total < 2.0 * (j + 1)) {  // not more than one rank
      sum += math::smaller(expected, 1.0);
    } else {  // what a full rank does not take goes to others: the chances grow with the mean
      const double crowding = j == 1 ? 1.0 + mean * (0.9 + 0.38 * mean) : (j == 2 ? 1.0 + 0.12 * mean : 1.0);
      sum += saturated(expected * crowding);
    }
  }
  return sum;
}

/// The most rows of R ranks. A rank's rows are a sum of T hypergeometric counts; all ranks together hold T·k, so
/// rank r's excess is that of G_r − mean(G) with independent G of variance T·k/R·(E−k)/(E−1). Large counts: the
/// expected normal maximum with a Cornish–Fisher skewness term. Counts about one: Σ_j P(max ≥ j) with a binomial of
/// the same mean and variance.
inline double uniform_busiest_rows(const ExpertRouting& routing, const NormalMaximum& z) noexcept {
  const double t = routing.tokens, e = routing.experts, k = routing.top_k, r = routing.ranks;
  const double n = e / r;
  const double mean = t * k / r;
  if (routing.ranks == 1 || routing.top_k == routing.experts) return mean;
  const double narrower = (e - k) / (e - 1.0);
  const double variance = mean * narrower;
  double rows = 0.0;
  const double weight = smooth_step(mean - 0.5);  // of the normal maximum
  if (weight > 0.0) {
    const double skewness = (1.0 - 2.0 / r) * (e - 2.0 * k) / (math::larger(e - 2.0, 1.0) * (1.0 - 1.0 / r) * 6.0);
    rows = mean + math::square_root(variance) * z.first + skewness * math::square_root(1.0 - 1.0 / r) * z.second;
  }
  if (weight < 1.0) {
    const double few = 1.0 + few_rows_beyond(1, mean, 1.0 - (1.0 - 1.0 / r) * narrower, r);
    rows = few + weight * (rows - few);
  }
  return math::clamped(rows, math::larger(mean, 1.0), t * math::smaller(k, n));
}

inline RankLoad uniform_rank(const ExpertRouting& routing, double rows, double extra_variance) noexcept {
  const double t = routing.tokens, k = routing.top_k, n = routing.experts_per_rank();
  // the rows that a token with one row here has here: 1 + (k−1)(n−1)/(E−1)
  const double together = routing.experts == 1 ? 1.0 : 1.0 + (k - 1.0) * (n - 1.0) / (routing.experts - 1.0);
  const double c = math::smaller(math::larger(together, rows / t), n);
  const double idle = c < n && rows < 40.0 * n ? math::exponential(rows / c * math::logarithm(1.0 - c / n)) : 0.0;
  RankLoad load;
  load.rows = rows;
  load.active_experts = math::smaller(math::larger(n * (1.0 - idle), rows / t), rows);
  const double mean = rows / n;
  load.spread.kind = RoutingKind::uniform;
  load.spread.experts = n;
  load.spread.load = mean;
  load.spread.tokens = t;
  load.spread.deviation = math::square_root(mean * (1.0 - c / n) + extra_variance);
  return load;
}

/// Σ_j P(X > j·tile) of a near-normal X: exactly P(X > 0), the three terms about the mean, ones below them; for a
/// wide X the mean of the waste, (tile − 1) / 2.
inline double uniform_tiles(const RankLoad& load, double tile) noexcept {
  const double n = load.spread.experts, mean = load.spread.load, deviation = load.spread.deviation;
  const double active = load.active_experts / n;
  double tiles = mean / tile + 0.5 - 0.5 / tile;
  if (deviation <= 0.5 * tile) {
    const double scale = 1.0 / math::larger(deviation, 1e-9);
    const double nearest = math::larger(1.0, math::whole_part((mean - 0.5) / tile + 0.5));
    const double x = (mean - 0.5 - nearest * tile) * scale;
    const double step = tile * scale;
    tiles = active + nearest - 1.0 + normal_distribution(x);
    if (x > step - 4.0) tiles += normal_distribution(x - step);
    if (nearest > 1.0 && x + step < 4.0) tiles -= normal_distribution(-x - step);
  }
  return n * tiles;
}

// --- power law ---------------------------------------------------------------------------------------------------

struct PowerLawRouting {
  LoadSpread spread{};
  double rows = 0.0;    ///< Of the busiest rank.
  double active = 0.0;  ///< P(load > 0) of its experts.
};

/// ∫_{1/2}^∞ (⌊y + 1/2⌋ − y) y^−α dy: what rounding adds to loads above 1/2, as loads above a whole number are rarer
/// than below it. (1 − ln 2) / 2 for α = 1; a polynomial within 0.002 for 0.4 ≤ α ≤ 3.
inline constexpr double rounding_gain(double b) noexcept {
  const double x = math::smaller(-b, 3.0);
  return 0.15342640972 + x * (0.0915 + x * (0.019 + x * 0.0066));
}

/// ∫_1^∞ (⌈u⌉ − u − 1/2) u^−α du: the waste beyond half a tile, for the same reason. 1 − ln(2π) / 2 for α = 1.
inline constexpr double tile_gain(double b) noexcept {
  const double alpha = math::smaller(1.0 - b, 6.0);
  return 1.0 / 12.0 - alpha * (0.0015 + 0.0007 * alpha);
}

inline PowerLawRouting power_law_routing(const ExpertRouting& routing) noexcept {
  const double t = routing.tokens, e = routing.experts, k = routing.top_k, r = routing.ranks;
  const double n = e / r, total = t * k, mean = total / e;
  const double limit = total > e ? 0.8 * t : 200.0;
  const double b = 1.0 - routing.exponent;
  const double l = math::logarithm(limit);
  const double p = math::exponential(b * l);
  const double q = power_integral(b, l, p);
  const double scale = mean * q / power_integral(b + 1.0, l, p * limit);
  const PowerLaw law{b, limit, q, scale, mean};
  const double highest = scale * limit;

  // cut at T: moments of min(load, T)
  double m1 = mean, m2 = scale * scale * power_integral(b + 2.0, l, p * limit * limit) / q;
  double cut = limit, cut_l = l, cut_p = p, above = 0.0;
  if (highest > t) {
    cut = math::larger(t / scale, 1.0);
    cut_l = math::logarithm(cut);
    cut_p = math::exponential(b * cut_l);
    above = 1.0 - power_integral(b, cut_l, cut_p) / q;
    m1 = scale * (power_integral(b + 1.0, cut_l, cut_p * cut) / q + cut * above);
    m2 = scale * scale * (power_integral(b + 2.0, cut_l, cut_p * cut * cut) / q + cut * cut * above);
  }
  const double overflow = math::larger(mean - m1, 0.0);

  // rounding: loads below 1/2 vanish, loads above gain a little; what is missing then wakes idle experts
  PowerLaw::Part small{0.0, 0.0, 0.0, 0.0, 0.0};
  double missing = overflow;
  double woken = 0.0;
  if (scale < 0.5) {
    small = law.below(0.5);
    double gain = 0.0;
    if (highest > 1.5) {
      // the density of loads is (y·density at 1/2)·(2y)^b / y
      gain = small.density * math::exponential(0.69314718056 * b) * rounding_gain(b) * (1.0 - 0.5355 / highest);
    } else if (highest > 0.5) {
      gain = 1.0 - small.share - (mean - small.rows);
    }
    missing += small.rows - gain;
    // the rounding errors of E experts vary by √(E/12): E[max(missing, 0)]
    const double spread = 0.16 / 12.0 * math::smaller(1.0, mean) / e;
    woken = 0.5 * (missing + math::square_root(missing * missing + 4.0 * spread));
  }
  PowerLawRouting result;
  result.rows = total / r;
  result.active = math::smaller(1.0 - small.share + woken, 1.0);
  result.spread.kind = RoutingKind::power_law;
  result.spread.experts = n;
  result.spread.law = law;
  result.spread.tokens = t;
  result.spread.overflow = overflow;
  if (routing.ranks == 1) return result;

  const double m3 = scale * scale * scale *
                    (power_integral(b + 3.0, cut_l, cut_p * cut * cut * cut) / q + cut * cut * cut * above);
  const double root = math::square_root(n);
  const NormalMaximum z = NormalMaximum::of(r);
  const double given =
      n * math::larger(missing - overflow, 0.0);  // missing rows of every rank, given in whole ones
  const double part = given - math::whole_part(given);
  double rows = 0.0, alike = 0.0;  // before that; other ranks as busy as the busiest
  if (highest < 1.5) {             // loads are 0 or 1
    const double share = 1.0 - small.share;
    const double taken = n * share;
    const double deviation = math::square_root(math::larger(taken * small.share, 0.0));
    const double weight = smooth_step(taken - 0.5);
    if (weight > 0.0) rows = taken + deviation * z.first + (1.0 - 2.0 * share) / 6.0 * z.second;
    if (weight < 1.0 && share > 0.0) {
      const double few = few_rows_beyond(0, taken, math::smaller(share, 0.999), r);
      rows = few + weight * (rows - few);
      alike = (1.0 - weight) * r * taken * math::larger(2.0 - few, 0.0);
    }
    alike += weight * 0.5 * z.first / math::larger(deviation, 0.1);
    rows = math::smaller(rows, n);
  } else {
    const double full = math::larger(m2 - m1 * m1, 1e-12);
    const double variance = math::larger(m2 - small.squares - math::square(m1 - small.rows), 1e-12);
    const double skewness = (m3 - 3.0 * m1 * m2 + 2.0 * m1 * m1 * m1) / (full * math::square_root(full));
    const double deviation = root * math::square_root(variance);
    alike = 0.5 * z.first / math::larger(deviation, 0.1);
    rows = n * mean - given + deviation * (z.first + skewness / (6.0 * root) * z.second);
    if (n < 16.0) {  // few experts: the most loaded one of all, and average ones
      const double share = (1.0 - 0.56 / e) * q;
      const double x = share * b;
      const double largest =
          x < 1e-8 && x > -1e-8 ? math::exponential(share) : math::exponential(math::logarithm(1.0 + x) / b);
      const double single = scale * math::smaller(largest, cut) + (n - 1.0) * (mean - given / n);
      rows += (single - rows) / (n * root);
    }
  }
  // the last row goes to some ranks only; is one among those that are as busy as the busiest?
  const double given_to_busiest = given - part + 1.0 - (1.0 - part) * (1.0 - saturated(part * alike));
  rows += given_to_busiest;
  result.rows = math::clamped(rows, math::ceiling(result.rows), t * math::smaller(k, n));
  result.spread.tilt = Tilt::to(result.rows / n, m1, m2, m3);
  if (small.share > 0.0) {
    woken = math::larger(woken, given_to_busiest / n);
    result.active = math::smaller(1.0 - result.spread.tilt.share(small) + woken, 1.0);
  }
  if (highest < 1.5) result.active = math::smaller(result.rows / n, 1.0);
  return result;
}

inline RankLoad power_law_rank(const PowerLawRouting& routing) noexcept {
  RankLoad load;
  load.rows = routing.rows;
  load.spread = routing.spread;
  const double least = math::larger(1.0, load.rows / load.spread.tokens);  // as no load is larger than T
  load.active_experts = math::smaller(math::larger(load.spread.experts * routing.active, least), load.rows);
  load.spread.active = load.active_experts / load.spread.experts;
  return load;
}

/// rows / tile and what is wasted: 1 − load / tile by experts below a tile, about a half by others.
inline double power_law_tiles(const RankLoad& load, double tile) noexcept {
  const LoadSpread& spread = load.spread;
  const double n = spread.experts;
  const double half = 0.5 - 0.5 / tile;
  const PowerLaw::Part part = spread.law.below(tile);
  const double below = spread.tilt.share(part);
  const double rows_below = spread.tilt.rows(part) + spread.overflow;
  double waste = (1.0 - below) * half + spread.tilt.density(part, tile) * tile_gain(spread.law.b);
  const double few = math::larger(spread.active - (1.0 - below), 0.0);
  waste += math::larger(few - rows_below / tile, 0.0);
  if (spread.tilt.theta > 0.0 && n < 16.0) {  // few experts: one of them has the excess
    const double largest = load.rows - (n - 1.0) * spread.law.mean;
    const bool cut = largest > spread.tokens - 0.5;
    const double single = cut ? math::ceiling(spread.tokens / tile) - spread.tokens / tile
                              : (largest < tile ? 1.0 - largest / tile : half);
    waste += (single - waste) / (n * math::square_root(n));
  }
  const double full = load.rows / tile;
  return full + n * waste;
}

// --- balanced ----------------------------------------------------------------------------------------------------

inline RankLoad balanced_rank(const ExpertRouting& routing, bool busiest) noexcept {
  const double n = routing.experts_per_rank(), total = routing.rows();
  RankLoad load;
  load.spread.experts = n;
  load.spread.load = math::whole_part(total / routing.experts);
  const double rest = total - load.spread.load * routing.experts;
  const double share = rest / routing.ranks;  // dealt to the ranks in turn
  load.spread.one_more = busiest ? math::ceiling(share) : share;
  load.rows = n * load.spread.load + load.spread.one_more;
  load.active_experts = load.spread.load > 0.0 ? n : load.spread.one_more;
  return load;
}

// --- near balanced -----------------------------------------------------------------------------------------------

/// The mean of Σ_j min(max(u − j·tile, 0), 1) over u in [mean − deviation, mean + deviation]: the expected ⌈load / tile⌉
/// of such a draw, rounded up with the chance of its fraction. Exact.
inline double drawn_tiles(double mean, double deviation, double tile) noexcept {
  const auto integral = [tile](double x) {
    const double whole = math::whole_part(x / tile), rest = x - whole * tile;
    return whole * (x - 0.5 - 0.5 * tile * (whole - 1.0)) + (rest < 1.0 ? 0.5 * rest * rest : rest - 0.5);
  };
  if (deviation < 1e-6 * mean) {
    const double whole = math::whole_part(mean / tile);
    return whole + math::smaller(mean - whole * tile, 1.0);
  }
  return (integral(mean + deviation) - integral(mean - deviation)) / (2.0 * deviation);
}

/// The largest of R draws: Σ_j (1 − (1 − P(load ≥ j))^R), exactly, for means up to 12; at least the largest before
/// rounding, mean + deviation·(R − 1)/(R + 1), which for larger means is less than a row short.
inline double largest_draw(double mean, double deviation, double count) noexcept {
  double sum = 0.0;
  for (int j = 0; mean < 12.0 && j < 12; ++j) {
    // P(load > j): the part of Σ_j that is between j and j + 1
    const auto integral = [j](double x) {
      const double over = math::larger(x - j, 0.0);
      return over < 1.0 ? 0.5 * over * over : over - 0.5;
    };
    const double low = mean - deviation, high = mean + deviation;
    if (high <= j) break;
    const double chance = deviation < 1e-6 * mean ? math::smaller(math::larger(mean - j, 0.0), 1.0)
                                                  : (integral(high) - integral(low)) / (2.0 * deviation);
    sum += low >= j + 1.0 || chance >= 1.0 ? 1.0 : 1.0 - math::exponential(count * math::logarithm(1.0 - chance));
  }
  return math::larger(sum, mean + deviation * (count - 1.0) / (count + 1.0));
}

/// The most rows of R ranks of n draws each: below the normal maximum, or that of few rows, and below n times the
/// largest of R draws, which is exact for n = 1. Within 3 % of simulations for m ≥ 0.9, 6 % for m = 0.5; for fewer
/// rows at least one, which independent draws may lack. Their tiles are within 6 %, of all ranks together exact.
inline double near_balanced_busiest_rows(const ExpertRouting& routing, double mean, double deviation) noexcept {
  const double n = routing.experts_per_rank(), r = routing.ranks, rows = n * mean;
  if (routing.ranks == 1) return rows;
  const auto rounding = [](double x) {  // ∫ f·(1 − f) of the fraction f
    const double whole = math::whole_part(x), f = x - whole;
    return whole / 6.0 + f * f * (0.5 - f / 3.0);
  };
  const double variance =
      deviation * deviation / 3.0 +
      (deviation < 1e-6 * mean ? 0.0
                               : (rounding(mean + deviation) - rounding(mean - deviation)) / (2.0 * deviation));
  const NormalMaximum z = NormalMaximum::of(r);
  const double weight = mean < 1.0 ? smooth_step(rows - 0.5) : 1.0;
  double most = rows + math::square_root(n * math::larger(variance, 0.0)) * z.first +
                math::larger(1.0 - 2.0 * mean, 0.0) / 6.0 * z.second;
  if (weight < 1.0) {
    const double few = few_rows_beyond(0, rows, math::smaller(mean, 0.999), r);
    most = few + weight * (most - few);
  }
  const double highest = n * largest_draw(mean, deviation, r);
  if (n > 1.0 && most > rows) {  // smoothly below both
    most = highest <= rows
               ? rows
               : rows + (most - rows) / math::fourth_root(1.0 + math::fourth((most - rows) / (highest - rows)));
  } else {
    most = highest;
  }
  return math::clamped(most, math::larger(rows, 1.0), routing.tokens * math::smaller(routing.top_k, n));
}

/// The draws of the busiest rank are as those of any, without the lowest.
inline RankLoad near_balanced_rank(const ExpertRouting& routing) noexcept {
  const double n = routing.experts_per_rank(), mean = routing.rows() / routing.experts;
  const double deviation = math::smaller(0.3 * mean, routing.tokens - mean);
  RankLoad load;
  load.rows = near_balanced_busiest_rows(routing, mean, deviation);
  load.spread.kind = RoutingKind::near_balanced;
  load.spread.experts = n;
  load.spread.load = load.rows / n;
  load.spread.deviation = math::larger(mean + deviation - load.spread.load, 0.0);
  load.spread.tokens = math::ceiling(load.spread.load + load.spread.deviation);
  const double active = n * drawn_tiles(load.spread.load, load.spread.deviation, load.spread.tokens + 1.0);
  load.active_experts = math::smaller(math::larger(active, load.rows / routing.tokens), load.rows);
  return load;
}

/// Round robin, and what is as even: no tokens, or tokens that choose every expert.
inline constexpr bool even(const ExpertRouting& routing) noexcept {
  return routing.kind == RoutingKind::balanced || routing.tokens <= 0 || routing.top_k == routing.experts;
}

}  // namespace detail

inline double RankLoad::tiles(double tile_rows) const noexcept {
  namespace math = opcost::mathematics;
  if (rows <= 0.0) return 0.0;
  if (spread.kind == RoutingKind::balanced) {
    return (spread.experts - spread.one_more) * math::ceiling(spread.load / tile_rows) +
           spread.one_more * math::ceiling((spread.load + 1.0) / tile_rows);
  }
  if (tile_rows >= spread.tokens) return active_experts;
  const double full = rows / tile_rows;
  const double tiles = spread.kind == RoutingKind::uniform ? detail::uniform_tiles(*this, tile_rows)
                       : spread.kind == RoutingKind::power_law
                           ? detail::power_law_tiles(*this, tile_rows)
                           : spread.experts * detail::drawn_tiles(spread.load, spread.deviation, tile_rows);
  const double most = math::smaller(full + active_experts * (1.0 - 1.0 / tile_rows),
                                    active_experts * math::ceiling(spread.tokens / tile_rows));
  return math::larger(math::smaller(tiles, most), math::larger(active_experts, full));
}

/// The rank with the most rows, which the others wait for. A pure function: does not throw, allocate or lock.
inline RankLoad busiest_rank(const ExpertRouting& routing) noexcept {
  if (detail::even(routing)) return detail::balanced_rank(routing, true);
  if (routing.kind == RoutingKind::power_law) {
    return detail::power_law_rank(detail::power_law_routing(routing));
  }
  if (routing.kind == RoutingKind::near_balanced) return detail::near_balanced_rank(routing);
  const detail::NormalMaximum z = detail::NormalMaximum::of(routing.ranks);
  const double e = routing.experts, k = routing.top_k, r = routing.ranks, n = e / r;
  // what the maximum of normals varies: about 1 / (1 + z²) of one
  const double variance = routing.rows() / r * (1.0 - 1.0 / r) * (e - k) / (e - 1.0) / (1.0 + z.first * z.first);
  return detail::uniform_rank(routing, detail::uniform_busiest_rows(routing, z), variance / (n * n));
}

/// The mean of all ranks: T·k / R rows, exactly.
inline RankLoad mean_rank(const ExpertRouting& routing) noexcept {
  if (detail::even(routing)) return detail::balanced_rank(routing, false);
  ExpertRouting whole = routing;  // R ranks together, then one of them
  whole.ranks = 1;
  RankLoad load = busiest_rank(whole);
  const double share = 1.0 / routing.ranks;
  load.rows *= share;
  load.active_experts *= share;
  load.spread.experts *= share;
  return load;
}

/// Experts of all ranks with at least one row; E·(1 − (1 − k/E)^T) under uniform routing, exactly.
inline double distinct_experts(const ExpertRouting& routing) noexcept {
  ExpertRouting whole = routing;
  whole.ranks = 1;
  return busiest_rank(whole).active_experts;
}

/// Rows of the most loaded expert: of the busiest rank if every expert had its own. Under the power law an
/// approximation of its own: up to 4 % above the rows of the rank that it is on.
inline double largest_expert_rows(const ExpertRouting& routing) noexcept {
  ExpertRouting alone = routing;
  alone.ranks = routing.experts;
  return busiest_rank(alone).rows;
}

}  // namespace opcost
