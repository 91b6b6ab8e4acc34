// SPDX-License-Identifier: Apache-2.0
//
// What commands about placement share: a model, a workload and its targets, pools, and how to search.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster_options.hpp"
#include "memory_options.hpp"
#include "opcost/placement/plan_search.hpp"
#include "placement_report.hpp"
#include "step_options.hpp"

namespace opcost::program {

/// The command line as typed.
struct PlacementOptions {
  DeploymentOptions deployment;
  ClusterOptions cluster;
  std::int32_t context_tokens = 0;  ///< 0: not given, like all of these.
  std::int32_t prefix_tokens = 0;
  std::int32_t input_tokens = 0;
  std::int32_t output_tokens = 0;
  double first_token_milliseconds = 0.0;
  double output_token_milliseconds = 0.0;
  std::string objective = "throughput";
  std::string levels = "colocated,pd,afd,free";
  std::int32_t most_groups = 2;
  MemoryPolicy policy;
};

void add_placement_options(CLI::App& command, PlacementOptions& options);

/// The same, resolved and checked. Its parts refer to each other.
class PlacementQuestion {
 public:
  /// Where `joined`, or plans may need links, pools must have them. Throws InputError.
  PlacementQuestion(const PlacementOptions& options, bool joined);
  PlacementQuestion(const PlacementQuestion&) = delete;
  PlacementQuestion& operator=(const PlacementQuestion&) = delete;

  const PlacementTask& task() const noexcept { return task_; }
  const SearchOptions& search() const noexcept { return search_; }
  /// Those that were asked for, in order.
  const std::vector<PlanLevel>& levels() const noexcept { return levels_; }

 private:
  std::vector<PlanLevel> levels_;
  SearchOptions search_;
  std::vector<PoolCount> counts_;
  Deployment deployment_;
  std::vector<Pool> pools_;
  Cluster cluster_;
  PlacementTask task_;
};

}  // namespace opcost::program
