// SPDX-License-Identifier: Apache-2.0
//
// Copies of plans side by side: the best that can be made of a cluster's accelerators.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "opcost/placement/cluster.hpp"
#include "opcost/placement/instance.hpp"
#include "opcost/placement/workload.hpp"
#include "opcost/units.hpp"

namespace opcost {

struct FleetPart {
  Instance instance{};
  std::int32_t copies = 1;
};

/// Instances side by side, and what they serve together.
struct Fleet {
  std::vector<FleetPart> parts{};
  AcceleratorCounts accelerators{};
  double requests_per_second = 0.0;
  double tokens_per_second = 0.0;  ///< Of output; of input where nothing is decoded.
  double dollars_per_hour = 0.0;
  double watts = 0.0;
  double value = 0.0;  ///< By the objective.
  Seconds time_to_first_token{};
  Seconds time_per_output_token{};

  bool empty() const noexcept { return parts.empty(); }
};

/// What parts serve together: instances that serve whole requests, and the fewer of prompts and outputs. Its
/// `value` is the objective's.
inline Fleet fleet_of(std::vector<FleetPart> parts, const Workload& workload, const Cluster& cluster,
                      Objective objective) {
  Fleet fleet{.parts = std::move(parts)};
  if (fleet.empty()) return fleet;  // worth nothing, for nothing
  std::array<double, 3> rates{};
  for (const FleetPart& part : fleet.parts) {
    const Instance& instance = part.instance;
    rates[static_cast<std::size_t>(instance.phase)] += instance.requests_per_second * part.copies;
    for (std::size_t i = 0; i < most_pools; ++i) fleet.accelerators[i] += instance.accelerators[i] * part.copies;
    fleet.time_to_first_token = std::max(fleet.time_to_first_token, instance.time_to_first_token);
    fleet.time_per_output_token = std::max(fleet.time_per_output_token, instance.time_per_output_token);
  }
  const auto [mixed, prefill, decode] = rates;
  fleet.requests_per_second = mixed + (workload.hands_over() ? std::min(prefill, decode) : prefill + decode);
  fleet.tokens_per_second =
      fleet.requests_per_second * (workload.decodes() ? workload.output_tokens : workload.input_tokens);
  for (std::size_t i = 0; i < cluster.pools().size(); ++i) {
    const Pool& pool = cluster.pool(i);
    fleet.dollars_per_hour += fleet.accelerators[i] * pool.dollars_per_hour;
    fleet.watts += fleet.accelerators[i] * pool.platform.accelerator->power_watts;
  }
  fleet.value = value_of(objective, fleet.tokens_per_second, fleet.dollars_per_hour, fleet.watts);
  return fleet;
}

namespace detail {

/// Numbers every choice of accelerators up to the cluster's, in steps of some for each pool where there would be
/// too many choices; those beyond the last whole step are left out.
class AcceleratorSpace {
 public:
  explicit AcceleratorSpace(const Cluster& cluster, std::size_t most_choices) noexcept
      : pools_(cluster.pools().size()) {
    for (std::size_t i = 0; i < pools_; ++i) {
      all_[i] = cluster.pool(i).accelerators;
      unit_[i] = 1;
    }
    while (size() > most_choices) {
      std::size_t widest = 0;
      for (std::size_t i = 1; i < pools_; ++i) widest = steps(i) > steps(widest) ? i : widest;
      unit_[widest] *= 2;
    }
  }

  std::size_t size() const noexcept {
    std::size_t product = 1;
    for (std::size_t i = 0; i < pools_; ++i) product *= static_cast<std::size_t>(steps(i)) + 1;
    return product;
  }
  std::size_t pools() const noexcept { return pools_; }
  std::int32_t unit(std::size_t pool) const noexcept { return unit_[pool]; }
  std::int32_t steps(std::size_t pool) const noexcept { return all_[pool] / unit_[pool]; }
  /// The steps that so many copies take together; accelerators that are no multiple of one count as the next.
  AcceleratorCounts in_steps(const AcceleratorCounts& accelerators, std::int32_t copies = 1) const noexcept {
    AcceleratorCounts counts{};
    for (std::size_t i = 0; i < pools_; ++i) counts[i] = largest_share(accelerators[i] * copies, unit_[i]);
    return counts;
  }
  /// Calls `visit(copies, steps)` for 1, 2, 4 … copies, as many as there is room for, until they fill their steps:
  /// then more of them are only more of the same.
  template <class Visit>
  void visit_bundles(const AcceleratorCounts& accelerators, Visit&& visit) const {
    for (std::int32_t copies = 1;; copies *= 2) {
      const AcceleratorCounts steps = in_steps(accelerators, copies);
      if (!fits(steps)) return;
      visit(copies, steps);
      bool full = true;
      for (std::size_t i = 0; i < pools_; ++i) full = full && steps[i] * unit_[i] == accelerators[i] * copies;
      if (full) return;
    }
  }
  std::size_t index(const AcceleratorCounts& counts) const noexcept {
    std::size_t index = 0;
    for (std::size_t i = 0; i < pools_; ++i) {
      index = index * (static_cast<std::size_t>(steps(i)) + 1) + static_cast<std::size_t>(counts[i]);
    }
    return index;
  }
  AcceleratorCounts counts(std::size_t index) const noexcept {
    AcceleratorCounts counts{};
    for (std::size_t i = pools_; i-- > 0;) {
      const std::size_t radix = static_cast<std::size_t>(steps(i)) + 1;
      counts[i] = static_cast<std::int32_t>(index % radix);
      index /= radix;
    }
    return counts;
  }
  bool fits(const AcceleratorCounts& counts) const noexcept {
    for (std::size_t i = 0; i < pools_; ++i) {
      if (counts[i] > steps(i)) return false;
    }
    return true;
  }
  /// Calls `visit(index)` for every choice of at least `least`, in ascending order.
  template <class Visit>
  void visit_from(const AcceleratorCounts& least, Visit&& visit) const {
    AcceleratorCounts most{};
    for (std::size_t i = 0; i < pools_; ++i) most[i] = steps(i);
    visit_between(least, most, visit);
  }
  /// And at most `most`.
  template <class Visit>
  void visit_between(const AcceleratorCounts& least, const AcceleratorCounts& most, Visit&& visit) const {
    for (AcceleratorCounts at = least;;) {
      visit(index(at));
      std::size_t i = pools_;
      while (i > 0 && at[i - 1] == most[i - 1]) {
        at[i - 1] = least[i - 1];
        --i;
      }
      if (i == 0) return;
      ++at[i - 1];
    }
  }

 private:
  std::size_t pools_;
  AcceleratorCounts all_{};
  AcceleratorCounts unit_{};
};

/// For every choice of accelerators, the most requests a second that copies of the instances so far serve on them.
class FleetTable {
 public:
  explicit FleetTable(const AcceleratorSpace& space)
      : space_(&space), rates_(space.size(), 0.0), last_(space.size(), -1) {}

  double rate(std::size_t index) const noexcept { return rates_[index]; }
  /// In the order in which they were added.
  std::span<const Instance> instances() const noexcept { return instances_; }

  /// Whether that many requests a second, or copies of them, are more than what is known to be served on as many
  /// accelerators.
  bool improves(const AcceleratorCounts& accelerators, double rate) const noexcept {
    bool found = false;
    space_->visit_bundles(accelerators, [&](std::int32_t copies, const AcceleratorCounts& steps) noexcept {
      found = found || rate * copies > rates_[space_->index(steps)] * (1.0 + 1e-9);
    });
    return found;
  }

  /// An unbounded knapsack takes one more item, and copies of it where one alone would leave part of a step idle.
  void add(const Instance& instance) {
    space_->visit_bundles(instance.accelerators, [&](std::int32_t copies, const AcceleratorCounts& steps) {
      const std::size_t weight = space_->index(steps);
      const auto item = static_cast<std::int32_t>(items_.size());
      items_.push_back({instances_.size(), copies, weight});
      space_->visit_from(steps, [&](std::size_t index) {
        const double rate = rates_[index - weight] + instance.requests_per_second * copies;
        if (rate > rates_[index] * (1.0 + 1e-12)) {
          rates_[index] = rate;
          last_[index] = item;
        }
      });
    });
    instances_.push_back(instance);
  }

  /// The instances behind a rate, added to a fleet.
  void collect(std::size_t index, std::vector<FleetPart>& parts) const {
    while (last_[index] >= 0 && rates_[index] > 0.0) {
      const Item& item = items_[static_cast<std::size_t>(last_[index])];
      const Instance& instance = instances_[item.instance];
      const auto same = std::find_if(parts.begin(), parts.end(), [&](const FleetPart& part) {
        return part.instance.plan == instance.plan && part.instance.phase == instance.phase &&
               part.instance.step.micro_batch == instance.step.micro_batch;
      });
      if (same == parts.end()) {
        parts.push_back({instance, item.copies});
      } else {
        same->copies += item.copies;
      }
      index -= item.weight;
    }
  }

 private:
  /// Copies of an instance, and the index of the steps that they take.
  struct Item {
    std::size_t instance = 0;
    std::int32_t copies = 1;
    std::size_t weight = 0;
  };

  const AcceleratorSpace* space_;
  std::vector<double> rates_;
  std::vector<std::int32_t> last_;  // the item that was added last; -1: as with fewer accelerators, or none
  std::vector<Item> items_{};
  std::vector<Instance> instances_{};
};

/// For every choice, the best split of it between prefill and decode.
struct SplitTable {
  std::vector<double> rates{};
  std::vector<std::size_t> prefill{};  ///< The prefilling part's index.

  static SplitTable of(const AcceleratorSpace& space, const FleetTable& prefill, const FleetTable& decode) {
    SplitTable table{std::vector<double>(space.size(), 0.0), std::vector<std::size_t>(space.size(), 0)};
    for (std::size_t index = 0; index < space.size(); ++index) {
      space.visit_between({}, space.counts(index), [&](std::size_t part) {
        const double rate = std::min(prefill.rate(part), decode.rate(index - part));
        if (rate > table.rates[index]) {
          table.rates[index] = rate;
          table.prefill[index] = part;
        }
      });
    }
    return table;
  }
};

}  // namespace detail
}  // namespace opcost
