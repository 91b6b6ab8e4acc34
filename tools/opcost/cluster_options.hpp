// SPDX-License-Identifier: Apache-2.0
//
// What commands about pools of accelerators share: the pools, what joins them and what they cost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "opcost/io/json.hpp"
#include "opcost/placement/cluster.hpp"
#include "step_options.hpp"

namespace opcost::program {

/// The command line as typed; "" where nothing was.
struct ClusterOptions {
  std::vector<std::string> pools;
  std::vector<std::string> links;
  std::vector<std::string> prices;
  std::string price_list;
};

/// "h100-sxm:8"
struct PoolCount {
  std::string gpu;
  std::int32_t accelerators = 1;
};

/// `--pool`, `--link`, `--price`, `--prices`.
void add_cluster_options(CLI::App& command, ClusterOptions& options);

/// At least one, at most as many as a cluster has. Throws InputError.
std::vector<PoolCount> parse_pools(const ClusterOptions& options);

/// Pools of a deployment's accelerators, one for each of `counts`; refer to the deployment. Throws InputError.
std::vector<Pool> pools_of(const ClusterOptions& options, const std::vector<PoolCount>& counts,
                           const Deployment& deployment);

/// The pools with their links. Where `joined`, every two pools must have one in both directions, and a pool of
/// several nodes one within. Throws InputError.
Cluster cluster_of(const ClusterOptions& options, const std::vector<Pool>& pools, bool joined);

/// "8 x h100-sxm ($11.06/h), 8 x h20 ($4.63/h)"
std::string pools_text(const Cluster& cluster);
/// "links of 50.0 GB/s after 33.0 µs", or each that there is; "" where there is none but within nodes.
std::string links_text(const Cluster& cluster);

nlohmann::ordered_json pools_json(const Cluster& cluster);
nlohmann::ordered_json links_json(const Cluster& cluster);

}  // namespace opcost::program
