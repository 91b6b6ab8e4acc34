// SPDX-License-Identifier: Apache-2.0
//
// Searches for plans: what takes long, with its progress on a terminal.
#pragma once

#include <cstdint>
#include <vector>

#include "opcost/placement/plan_explanation.hpp"
#include "opcost/placement/plan_search.hpp"
#include "placement_options.hpp"

namespace opcost::program {

/// The best plans of every level up to the highest asked for. Throws InputError where none keeps the targets: which
/// limit is too short by how much.
BestPlans search_plans(const PlacementQuestion& question);

/// The best plans under that many limits on the time per output token, or to the first. Throws InputError likewise.
std::vector<ParetoPoint> search_frontier(const PlacementQuestion& question, std::int32_t most_points);

}  // namespace opcost::program
