// SPDX-License-Identifier: Apache-2.0
//
// Fleets on a cluster, for people and for other programs: what `opcost place` prints and writes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/opcost.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/fleet.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/workload.hpp"
#include "step_options.hpp"

namespace opcost::program {

/// What was to be placed, where, and how.
struct PlacementTask {
  const Deployment& deployment;
  const Cluster& cluster;
  PlacedModel model;
  Workload workload{};
  Targets targets{};
  Objective objective = Objective::throughput;
  MemoryPolicy policy{};

  /// Of every pool.
  bool has_prices() const noexcept;
};

inline constexpr std::string_view given_name = "given";

/// The best fleet of a level, or a given plan's; empty where nothing keeps the targets.
struct PlacedLevel {
  std::string name;
  Fleet fleet;
};

/// From which bandwidth of the links between pools on the best fleet is worth more than another level's.
struct BandwidthFlip {
  std::string other;
  std::optional<BytesPerSecond> from{};  ///< Nothing: at any bandwidth.
};

/// The price of a pool's accelerators at which the best fleet and another make as many tokens a dollar.
struct PriceFlip {
  std::string other;
  std::size_t pool = 0;
  double dollars_per_hour = 0.0;
  bool better = false;         ///< The best fleet makes more a dollar, at the prices given …
  bool while_cheaper = false;  ///< … or would, while the accelerators cost less than that, else more.
};

struct Placement {
  PlacementTask task;
  std::vector<PlacedLevel> levels;
  double colocated_value = 0.0;  ///< What gains are over; 0: nothing.
  std::size_t best = 0;          ///< Not empty.
  std::vector<BandwidthFlip> bandwidths{};
  std::vector<PriceFlip> prices{};

  const PlacedLevel& best_level() const noexcept { return levels[best]; }
  /// Whether it is a plan that was given, not the best.
  bool given() const noexcept { return best_level().name == given_name; }
};

/// The simplest of the levels that are worth most, and what would have to change. At least one fleet is not empty.
Placement placement_of(const PlacementTask& task, std::vector<PlacedLevel> levels, double colocated_value);

std::string placement_text(const Placement& placement);

/// What is to be served on what within which limits: a line.
std::string question_text(const PlacementTask& task);
/// A fleet's worth and its instances: a line.
std::string fleet_text(const Cluster& cluster, const Fleet& fleet);

/// The schema is documented in docs/program.md; keys are only ever added.
nlohmann::ordered_json placement_json(const Placement& placement);

}  // namespace opcost::program
