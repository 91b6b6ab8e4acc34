// SPDX-License-Identifier: Apache-2.0
//
// How tokens meet experts: the options of the operations that route, and the words that explain what it does to
// their intensity.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "op_options.hpp"

namespace opcost::program {

struct RoutingOptions : CommonOptions {
  ExpertRouting routing{};
  std::string routing_name = "uniform";
  double exponent = 0.0;  // 0: not given
};

/// --tokens, --experts, --top-k and --ep.
std::vector<SizeOption> routing_sizes(RoutingOptions& options);
/// --routing and --exponent.
void add_routing_options(CLI::App& command, RoutingOptions& options);
ExpertRouting routing_of(const RoutingOptions& options);

/// "64 tokens, top-8 of 256 experts, uniform routing, 8 ranks"
std::string routing_text(const ExpertRouting& routing);

/// Rows, experts that are touched, rows of each, tiles: as formula lines and as details.
void add_routing_formulas(Explanation& explanation, const ExpertRouting& routing, const RankLoad& load);

/// Why the weights of experts keep the intensity low, and from how many tokens on that changes: into `reasons`.
/// `expert_elements` and `expert_weight`: of one expert on this rank.
void add_routing_reasons(Explanation& explanation, const ExpertRouting& routing, double expert_elements,
                         Bytes expert_weight);

}  // namespace opcost::program
