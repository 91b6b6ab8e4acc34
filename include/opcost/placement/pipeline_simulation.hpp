// SPDX-License-Identifier: Apache-2.0
//
// A pipeline event by event, with a queue before every pool and link: the reference for pipeline.hpp. Allocates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "opcost/placement/pipeline.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// The regime that a simulated pipeline ended in.
struct PipelineSimulation {
  Seconds period{};          ///< Of one step of every micro-batch, a mean over `steps`.
  Seconds longest_step{};    ///< The longest that any micro-batch took for a step of its own.
  std::int32_t warm_up = 0;  ///< Steps before those that all figures are of.
  std::int32_t steps = 0;    ///< Steps after which it recurs; 0 if it did not within the steps allowed.
  std::vector<double> pool_utilisation{};               ///< By pool.
  std::vector<std::vector<double>> link_utilisation{};  ///< By pool that it leaves and pool that it leads to.
};

namespace detail {

class PipelineSimulator {
 public:
  PipelineSimulator(const Pipeline& pipeline, Seconds interval)
      : pipeline_(pipeline), micro_batches_(std::size_t(pipeline.micro_batches)) {
    for (const PipelineVisit& visit : pipeline.visits) pools_ = std::max(pools_, std::size_t(visit.pool) + 1);
    servers_.resize(pools_ + pools_ * pools_);
    for (std::size_t i = 0; i < micro_batches_.size(); ++i) {
      micro_batches_[i].until = interval.value * double(i);
      micro_batches_[i].step_began = micro_batches_[i].until;
    }
  }

  PipelineSimulation run(std::int32_t most_steps) {
    std::vector<Snapshot> history;  // at the ends of the first micro-batch's steps
    for (std::int32_t step = 0; step <= most_steps; ++step) {
      history.push_back(end_of_step());
      for (std::size_t k = history.size() - 1; k-- > 0;) {
        if (!same(history[k], history.back())) continue;
        // once more round the cycle, so that no step in it began before
        const std::int32_t steps = history.back().micro_batches[0].steps - history[k].micro_batches[0].steps;
        const Snapshot from = history.back();
        for (std::int32_t more = 1; more < steps; ++more) end_of_step();
        return between(from, end_of_step(), true);
      }
    }
    return between(history[history.size() / 2], history.back(), false);
  }

  /// Until every micro-batch has ended one step and begun no other.
  Seconds run_once() {
    one_step_only_ = true;
    double last = 0.0;
    while (next_event()) last = now_;
    return {last};
  }

 private:
  enum class Phase : std::uint8_t { delayed, waiting, working, sending };
  static constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();

  struct MicroBatch {
    Phase phase = Phase::delayed;  // before its visit
    std::size_t visit = 0;
    std::int32_t steps = 0;  // ended
    double until = 0.0;      // the phase ends; of one that waits, since when it does
    std::size_t server = 0;  // that it waits for or holds
    double step_began = 0.0;
    std::vector<double> step_times{};
  };
  struct Server {  // a pool, or after all pools a link
    std::vector<std::size_t> queue{};
    std::size_t holder = nobody;
    double served = 0.0;
  };
  struct Snapshot {
    double time = 0.0;
    std::vector<MicroBatch> micro_batches;
    std::vector<Server> servers;
  };

  /// After the first micro-batch's next end of a step.
  Snapshot end_of_step() {
    const std::int32_t steps = micro_batches_[0].steps;
    while (micro_batches_[0].steps == steps) next_event();
    return {now_, micro_batches_, servers_};
  }

  /// Everything that happens at the next point in time; false if nothing ever will.
  bool next_event() {
    double next = std::numeric_limits<double>::infinity();
    for (const MicroBatch& each : micro_batches_) {
      if (each.phase != Phase::waiting) next = std::min(next, each.until);
    }
    if (next == std::numeric_limits<double>::infinity()) return false;
    now_ = next;
    // by number, so that those who arrive at once stand in the queue by number
    for (std::size_t i = 0; i < micro_batches_.size(); ++i) {
      while (micro_batches_[i].phase != Phase::waiting && micro_batches_[i].until <= now_) end_phase(i);
    }
    for (Server& server : servers_) {
      if (server.holder == nobody && !server.queue.empty()) begin_service(server);
    }
    return true;
  }

  void end_phase(std::size_t index) {
    MicroBatch& each = micro_batches_[index];
    const PipelineVisit& visit = pipeline_.visits[each.visit];
    const std::size_t next = pipeline_.after(each.visit);
    if (each.phase == Phase::delayed) return enqueue(index, std::size_t(visit.pool));
    servers_[each.server].holder = nobody;
    if (each.phase == Phase::working && visit.transfer.value > 0.0) {
      return enqueue(index, pools_ + std::size_t(visit.pool) * pools_ + std::size_t(pipeline_.visits[next].pool));
    }
    each.phase = Phase::delayed;
    each.until = now_ + visit.latency.value;
    each.visit = next;
    if (next != 0) return;
    ++each.steps;
    each.step_times.push_back(each.until - each.step_began);
    each.step_began = each.until;
  }

  void enqueue(std::size_t index, std::size_t server) {
    MicroBatch& each = micro_batches_[index];
    if (one_step_only_ && each.steps > 0) {
      each.until = std::numeric_limits<double>::infinity();
      return;
    }
    each.phase = Phase::waiting;
    each.until = now_;
    each.server = server;
    servers_[server].queue.push_back(index);
  }

  void begin_service(Server& server) {
    server.holder = server.queue.front();
    server.queue.erase(server.queue.begin());
    MicroBatch& each = micro_batches_[server.holder];
    const PipelineVisit& visit = pipeline_.visits[each.visit];
    const bool pool = each.server < pools_;
    const double time = pool ? visit.busy.value : visit.transfer.value;
    each.phase = pool ? Phase::working : Phase::sending;
    each.until = now_ + time;
    server.served += time;
  }

  static bool same(const Snapshot& then, const Snapshot& now) {
    const double between = now.time - then.time;
    const std::int32_t steps = now.micro_batches[0].steps - then.micro_batches[0].steps;
    for (std::size_t i = 0; i < now.micro_batches.size(); ++i) {
      const MicroBatch& a = then.micro_batches[i];
      const MicroBatch& b = now.micro_batches[i];
      if (a.phase != b.phase || a.visit != b.visit || b.steps - a.steps != steps) return false;
      const double moved = b.until - a.until - between;
      if (moved > 1e-9 * between || moved < -1e-9 * between) return false;
    }
    for (std::size_t i = 0; i < now.servers.size(); ++i) {
      if (then.servers[i].queue != now.servers[i].queue) return false;
    }
    return true;
  }

  PipelineSimulation between(const Snapshot& then, const Snapshot& now, bool recurred) const {
    const double time = now.time - then.time;
    const std::int32_t steps = now.micro_batches[0].steps - then.micro_batches[0].steps;
    PipelineSimulation result{
        .period = {time / double(steps)}, .warm_up = then.micro_batches[0].steps, .steps = recurred ? steps : 0};
    for (std::size_t i = 0; i < now.micro_batches.size(); ++i) {
      const std::vector<double>& times = now.micro_batches[i].step_times;
      for (std::size_t step = then.micro_batches[i].step_times.size(); step < times.size(); ++step) {
        result.longest_step.value = std::max(result.longest_step.value, times[step]);
      }
    }
    const auto utilisation = [&](std::size_t server) {
      return (now.servers[server].served - then.servers[server].served) / time;
    };
    for (std::size_t pool = 0; pool < pools_; ++pool) {
      result.pool_utilisation.push_back(utilisation(pool));
      result.link_utilisation.emplace_back();
      for (std::size_t to = 0; to < pools_; ++to) {
        result.link_utilisation.back().push_back(utilisation(pools_ + pool * pools_ + to));
      }
    }
    return result;
  }

  Pipeline pipeline_;
  std::vector<MicroBatch> micro_batches_;
  std::size_t pools_ = 0;
  std::vector<Server> servers_;
  double now_ = 0.0;
  bool one_step_only_ = false;
};

}  // namespace detail

/// Runs a pipeline until its state recurs, for at most so many steps.
inline PipelineSimulation simulate(const Pipeline& pipeline, PipelineStart start = PipelineStart::evenly,
                                   std::int32_t most_steps = 200) {
  return detail::PipelineSimulator(pipeline, start_interval(pipeline, start)).run(most_steps);
}

/// What `single_pass` tells, simulated.
inline Seconds simulate_single_pass(const Pipeline& pipeline) {
  return detail::PipelineSimulator(pipeline, {}).run_once();
}

}  // namespace opcost
