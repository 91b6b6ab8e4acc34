// SPDX-License-Identifier: Apache-2.0
#include "placement_search.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "opcost/io/format.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

/// Says on a terminal how far a search is that takes longer than a second.
class Progress {
 public:
  explicit Progress(std::string_view what) : what_(what) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void show(double share) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::seconds(1)) return;
    shown_ = now;
    drawn_ = true;
    fmt::print(stderr, "\rsearching: {:3.0f} % of {} ", 100.0 * share, what_);
    std::fflush(stderr);
  }
  void clear() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
    drawn_ = false;
  }

 private:
  std::string_view what_;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
  bool drawn_ = false;
};

/// Options that show progress, where that can be seen.
SearchOptions shown(SearchOptions search, Progress& progress) {
  if (isatty(STDERR_FILENO) == 1) search.progress = [&progress](double share) { progress.show(share); };
  return search;
}

/// Why there is no plan: the limit that is too short, and what would do.
[[noreturn]] void fail_without_plan(const PlacementTask& task, const SearchOptions& search) {
  const NearestTargets nearest = nearest_targets(task.model, task.workload, task.targets, task.cluster, search);
  if (!nearest.fits) {
    throw InputError(fmt::format(
        "{} does not fit: no group of these pools has room for its weights ({}) and a sequence of {} tokens (see "
        "opcost fit)",
        task.deployment.model.name, weight_bytes(task.deployment.model, task.deployment.precision),
        task.workload.longest_context()));
  }
  const auto keeps_with = [&](const Targets& targets) {
    return !best_plans(task.model, task.workload, targets, task.cluster, search)[search.highest].empty();
  };
  std::vector<std::string> limits;
  std::vector<std::string> enough;  // alone
  std::vector<std::string> least;
  const auto add = [&](std::string_view flag, std::string_view what, Seconds Targets::*target) {
    const Seconds limit = task.targets.*target;
    const Seconds nearer = nearest.targets.*target;
    if (!std::isfinite(limit.value)) return;
    limits.push_back(fmt::format("{} {:g}", flag, limit.value * 1e3));
    if (nearer <= limit) return;
    Targets relaxed = task.targets;
    relaxed.*target = nearer;
    const std::string text = fmt::format("{} {} ({} more)", nearer, what, nearer - limit);
    (keeps_with(relaxed) ? enough : least).push_back(text);
  };
  add("--ttft", "to the first token", &Targets::time_to_first_token);
  add("--tpot", "per output token", &Targets::time_per_output_token);
  throw InputError(enough.empty() ? fmt::format("no plan keeps {}; the least are {}, each without the other limit",
                                                fmt::join(limits, " and "), fmt::join(least, " and "))
                                  : fmt::format("no plan keeps {}; the nearest takes {}",
                                                fmt::join(limits, " and "), fmt::join(enough, " or ")));
}

}  // namespace

BestPlans search_plans(const PlacementQuestion& question) {
  const PlacementTask& task = question.task();
  BestPlans best;
  {
    Progress progress("this pass");
    best = best_plans(task.model, task.workload, task.targets, task.cluster, shown(question.search(), progress));
  }
  if (best[question.search().highest].empty()) fail_without_plan(task, question.search());
  return best;
}

std::vector<ParetoPoint> search_frontier(const PlacementQuestion& question, std::int32_t most_points) {
  const PlacementTask& task = question.task();
  std::vector<ParetoPoint> points;
  {
    Progress progress("the limits");
    points = pareto_plans(task.model, task.workload, task.targets, task.cluster, shown(question.search(), progress),
                          most_points);
  }
  if (points.empty()) fail_without_plan(task, question.search());
  return points;
}

}  // namespace opcost::program
