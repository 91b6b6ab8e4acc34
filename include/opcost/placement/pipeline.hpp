// SPDX-License-Identifier: Apache-2.0
//
// Micro-batches that visit pools of accelerators again and again: how long a step takes once the pipeline is full.
//
// A micro-batch makes its visits in order, hops from each to the next, and from the last to the first visit of its
// next step, which needs the tokens of this one. A pool works on one micro-batch at a time. A transfer goes over
// the directed link from one visit's pool to the next one's; a link carries one transfer at a time, beside the work
// of the pools, and two directions are two links. Pools and links take micro-batches in order of arrival, the lower
// number first among those that arrive at once, and never rest while one waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "opcost/mathematics.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

inline constexpr std::int32_t most_pipeline_pools = 16;
inline constexpr std::int32_t most_micro_batches = 64;

/// One stop of a micro-batch in a step and the hop to its next. A hop that keeps the pool from working is part of
/// `busy`.
struct PipelineVisit {
  std::int32_t pool = 0;  ///< Counted from 0.
  Seconds busy{};         ///< The pool's work.
  Seconds transfer{};     ///< Then the link's; 0 uses no link.
  Seconds latency{};      ///< Then a delay that keeps nothing else waiting.

  constexpr Seconds duration() const noexcept { return busy + transfer + latency; }

  constexpr std::optional<Violation> violation() const noexcept {
    if (pool < 0 || pool >= most_pipeline_pools) return Violation{"pool", double(pool), "a number from 0 to 15"};
    return detail::first_of(detail::require_positive("busy", busy.value),
                            detail::require_at_least("transfer", transfer.value, 0.0, "a number ≥ 0"),
                            detail::require_at_least("latency", latency.value, 0.0, "a number ≥ 0"));
  }

  friend constexpr bool operator==(const PipelineVisit&, const PipelineVisit&) noexcept = default;
};

/// So many micro-batches that all make these visits in each step. Does not own the visits.
struct Pipeline {
  std::span<const PipelineVisit> visits{};
  std::int32_t micro_batches = 1;

  /// The index of the visit after the one at `index`.
  constexpr std::size_t after(std::size_t index) const noexcept {
    return index + 1 < visits.size() ? index + 1 : 0;
  }

  /// At least one visit, each valid; 1 to 64 micro-batches.
  constexpr std::optional<Violation> violation() const noexcept {
    if (visits.empty()) return Violation{"visits", 0.0, "at least one"};
    if (micro_batches < 1 || micro_batches > most_micro_batches) {
      return Violation{"micro_batches", double(micro_batches), "a number from 1 to 64"};
    }
    for (const PipelineVisit& visit : visits) {
      if (const auto found = visit.violation()) return found;
    }
    return std::nullopt;
  }
};

/// What one micro-batch asks of each pool and link in a step.
class PipelineLoad {
 public:
  constexpr explicit PipelineLoad(const Pipeline& pipeline) noexcept {
    for (std::size_t i = 0; i < pipeline.visits.size(); ++i) {
      const PipelineVisit& visit = pipeline.visits[i];
      busy_[std::size_t(visit.pool)] += visit.busy;
      transfer_[std::size_t(visit.pool)][std::size_t(pipeline.visits[pipeline.after(i)].pool)] += visit.transfer;
      round_trip_ += visit.duration();
    }
  }

  constexpr Seconds busy(std::int32_t pool) const noexcept { return busy_[std::size_t(pool)]; }
  constexpr Seconds transfer(std::int32_t from, std::int32_t to) const noexcept {
    return transfer_[std::size_t(from)][std::size_t(to)];
  }
  /// A step that never waits.
  constexpr Seconds round_trip() const noexcept { return round_trip_; }

 private:
  std::array<Seconds, most_pipeline_pools> busy_{};
  std::array<std::array<Seconds, most_pipeline_pools>, most_pipeline_pools> transfer_{};
  Seconds round_trip_{};
};

enum class PipelineLimiter : std::uint8_t {
  round_trip,  ///< No micro-batch would wait; more of them would fill the pools.
  pool,        ///< One that never would rest.
  link,        ///< One that never would rest.
};

/// No order of service makes a step of all micro-batches shorter.
struct PipelineBound {
  Seconds period{};
  PipelineLimiter limiter = PipelineLimiter::round_trip;
  std::int32_t pool = 0;     ///< The limiting pool, or the one that the limiting link leaves.
  std::int32_t to_pool = 0;  ///< Where the limiting link leads.
};

/// The largest of a step's round trip and, of every pool and link, its time for all micro-batches.
constexpr PipelineBound pipeline_bound(const Pipeline& pipeline) noexcept {
  const PipelineLoad load(pipeline);
  PipelineBound bound{.period = load.round_trip()};
  const auto consider = [&](Seconds time, PipelineLimiter limiter, std::int32_t pool, std::int32_t to_pool) {
    if (time * double(pipeline.micro_batches) >= bound.period) {
      bound = {time * double(pipeline.micro_batches), limiter, pool, to_pool};
    }
  };
  for (std::int32_t from = most_pipeline_pools - 1; from >= 0; --from) {
    for (std::int32_t to = most_pipeline_pools - 1; to >= 0; --to) {
      consider(load.transfer(from, to), PipelineLimiter::link, from, to);
    }
  }
  for (std::int32_t pool = most_pipeline_pools - 1; pool >= 0; --pool) {
    consider(load.busy(pool), PipelineLimiter::pool, pool, pool);
  }
  return bound;
}

/// The fewest micro-batches with which the round trip no longer limits: for two pools that take turns of T_f and
/// hops of T_c, the ⌈2 (1 + T_c / T_f)⌉ of MegaScale-Infer (arXiv 2504.02263). Whether they do fill the limiting
/// pool is for `steady_state` to say.
constexpr double micro_batches_to_fill(std::span<const PipelineVisit> visits) noexcept {
  const PipelineLoad load(Pipeline{visits});
  Seconds slowest{};
  for (std::int32_t from = 0; from < most_pipeline_pools; ++from) {
    slowest = load.busy(from) > slowest ? load.busy(from) : slowest;
    for (std::int32_t to = 0; to < most_pipeline_pools; ++to) {
      slowest = load.transfer(from, to) > slowest ? load.transfer(from, to) : slowest;
    }
  }
  // a sum of alike visits may round to just above a whole number
  return mathematics::ceiling(load.round_trip() / slowest * (1.0 - 1e-12));
}

/// Whether every micro-batch goes round the same ring of pools in alike rounds, each pool once a round: layers that
/// are all alike on two pools, or the stages of a plain pipeline. `pipeline_bound` is then what is reached.
constexpr bool has_alike_rounds(const Pipeline& pipeline) noexcept {
  const auto visits = pipeline.visits;
  std::uint32_t seen = 0;
  std::size_t round = 0;
  for (; round < visits.size() && (seen >> visits[round].pool & 1U) == 0; ++round) seen |= 1U << visits[round].pool;
  if (visits.size() % round != 0) return false;
  for (std::size_t i = round; i < visits.size(); ++i) {
    if (visits[i] != visits[i - round]) return false;
  }
  return true;
}

/// When micro-batches begin their first step. Where visits are not alike, the steady state keeps a memory of it.
enum class PipelineStart : std::uint8_t {
  together,  ///< All at once, so that they stay in neighbouring layers.
  evenly,    ///< One after another by an equal share of the bound, so that they spread over the layers.
};

/// The time from each micro-batch's begin to the next one's.
constexpr Seconds start_interval(const Pipeline& pipeline, PipelineStart start) noexcept {
  if (start == PipelineStart::together) return {};
  return pipeline_bound(pipeline).period / double(pipeline.micro_batches);
}

namespace detail {

/// When everybody is next ready. Served in order of arrival, so that whoever is ready first can be settled first:
/// then nobody who comes later can change when it begins.
class PipelineClocks {
 public:
  constexpr PipelineClocks(const Pipeline& pipeline, Seconds interval) noexcept : pipeline_(pipeline) {
    for (std::size_t i = 0; i < count(); ++i) times_[i] = interval * double(i);
    find_earliest();
  }

  /// Whoever is ready first works or sends; its index.
  constexpr std::size_t advance() noexcept {
    const std::size_t first = earliest_;
    Progress& micro_batch = progress_[first];
    const PipelineVisit& visit = pipeline_.visits[micro_batch.visit];
    const std::size_t pool = std::size_t(visit.pool);
    const std::size_t next = pipeline_.after(micro_batch.visit);
    if (!micro_batch.sends) {
      serve(times_[first], pool_[pool], visit.busy);
      micro_batch.sends = visit.transfer > Seconds{};
    } else {
      serve(times_[first], link_[pool][std::size_t(pipeline_.visits[next].pool)], visit.transfer);
      micro_batch.sends = false;
    }
    if (!micro_batch.sends) {
      times_[first] += visit.latency;
      micro_batch.visit = next;
      if (next == 0) ++micro_batch.steps;
    }
    find_earliest();
    return first;
  }

  constexpr std::size_t count() const noexcept { return std::size_t(pipeline_.micro_batches); }
  /// Steps ended.
  constexpr std::int32_t steps(std::size_t micro_batch) const noexcept { return progress_[micro_batch].steps; }
  constexpr Seconds time(std::size_t micro_batch) const noexcept { return times_[micro_batch]; }
  /// Who is ready first.
  constexpr std::size_t earliest() const noexcept { return earliest_; }

  /// It is never ready again.
  constexpr void retire(std::size_t micro_batch) noexcept {
    times_[micro_batch] = {std::numeric_limits<double>::infinity()};
    find_earliest();
  }

  /// Whether everybody is where they were, whole steps ago, seen from the first micro-batch, whose turn it is. (A
  /// pool or link that is still taken then is so by somebody here, and free again when that one's time says.)
  constexpr bool recurs(const PipelineClocks& before) const noexcept {
    const Seconds tolerance = (time(0) - before.time(0)) * 1e-6;
    for (std::size_t i = 0; i < count(); ++i) {
      const Progress& now = progress_[i];
      const Progress& then = before.progress_[i];
      if (now.visit != then.visit || now.sends != then.sends) return false;
      if (now.steps - then.steps != steps(0) - before.steps(0)) return false;
      const Seconds shift = (time(i) - before.time(i)) - (time(0) - before.time(0));
      if (shift > tolerance || shift * -1.0 > tolerance) return false;
    }
    return true;
  }

 private:
  struct Progress {
    std::size_t visit = 0;
    std::int32_t steps = 0;
    bool sends = false;  ///< Has worked, and waits for the link.
  };

  static constexpr void serve(Seconds& ready, Seconds& free, Seconds time) noexcept {
    free = (ready < free ? free : ready) + time;
    ready = free;
  }

  constexpr void find_earliest() noexcept {
    earliest_ = 0;
    for (std::size_t i = 1; i < count(); ++i) {
      if (times_[i] < times_[earliest_]) earliest_ = i;
    }
  }

  Pipeline pipeline_;
  std::size_t earliest_ = 0;
  std::array<Seconds, most_micro_batches> times_{};
  std::array<Progress, most_micro_batches> progress_{};
  std::array<Seconds, most_pipeline_pools> pool_{};
  std::array<std::array<Seconds, most_pipeline_pools>, most_pipeline_pools> link_{};
};

}  // namespace detail

/// A pipeline long after its start.
struct PipelineSteadyState {
  Seconds period{};       ///< Of one step of every micro-batch; of one, its mean time per output token.
  PipelineBound bound{};  ///< What the period would be at best.
  bool settled = true;    ///< Else the period is a mean over some steps, not of a state that recurs.
  std::int32_t micro_batches = 1;

  /// The share of time in which a pool or link works that each micro-batch asks for so much of per step.
  constexpr double utilisation(Seconds per_step) const noexcept {
    return per_step * double(micro_batches) / period;
  }
};

/// The period with service in order of arrival: the bound for one micro-batch and where rounds are alike; else the
/// pipeline is run, step after step, until its state recurs, mostly after two steps.
///
/// Unequal visits leave bubbles that the bound does not see: while a long visit holds a pool, the micro-batches
/// that could feed the others queue behind it. They are largest where pools are just about full (a bound of about
/// the round trip: median 6 to 15 % over random plans) and vanish for most plans that have twice the micro-batches
/// that fill them.
constexpr PipelineSteadyState steady_state(const Pipeline& pipeline,
                                           PipelineStart start = PipelineStart::evenly) noexcept {
  constexpr std::int32_t most_steps = 128;
  PipelineSteadyState state{.bound = pipeline_bound(pipeline), .micro_batches = pipeline.micro_batches};
  state.period = state.bound.period;
  if (pipeline.micro_batches == 1 || has_alike_rounds(pipeline)) return state;
  detail::PipelineClocks clocks(pipeline, start_interval(pipeline, start));
  detail::PipelineClocks before = clocks;
  std::int32_t alike_means = 0;
  Seconds mean_before{};
  for (std::int32_t steps = 1; steps <= most_steps; ++steps) {
    while (clocks.steps(0) < steps || clocks.earliest() != 0) clocks.advance();
    state.period = (clocks.time(0) - before.time(0)) / double(steps - before.steps(0));
    // before the first step nobody holds a pool: that state never recurs, however alike it looks
    if (steps > 1 && clocks.recurs(before)) return state;
    // Brent's search for a cycle of any length: compare with the state after the last power of two of steps
    if ((steps & (steps - 1)) != 0 || steps == most_steps) continue;
    before = clocks;
    const Seconds change = state.period - mean_before;
    alike_means = change < state.period * 3e-4 && change * -1.0 < state.period * 3e-4 ? alike_means + 1 : 0;
    if (alike_means == 2) break;
    mean_before = state.period;
  }
  state.settled = false;
  if (state.period < state.bound.period) state.period = state.bound.period;  // a mean may end early in a cycle
  return state;
}

/// The time of one step of every micro-batch from an empty pipeline to an empty one, all begun together: of a
/// prefill. For L layers alike on two pools that are kept full, T_a + T_e + 2 T_c + (m L − 1) max(T_a, T_e) (arXiv
/// 2504.02263).
constexpr Seconds single_pass(const Pipeline& pipeline) noexcept {
  detail::PipelineClocks clocks(pipeline, {});
  Seconds last{};
  for (std::size_t ended = 0; ended < clocks.count();) {
    const std::size_t index = clocks.advance();
    if (clocks.steps(index) == 0) continue;
    ++ended;
    last = last < clocks.time(index) ? clocks.time(index) : last;
    clocks.retire(index);
  }
  return last;
}

}  // namespace opcost
