// SPDX-License-Identifier: Apache-2.0
#include "placement_options.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gpu_figures.hpp"
#include "opcost/io/format.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

constexpr std::int32_t longest_sequence = 1 << 24;

Workload workload_of(const PlacementOptions& options) {
  const bool requests = options.prefix_tokens > 0 || options.input_tokens > 0 || options.output_tokens > 0;
  if (options.context_tokens > 0) {
    if (requests) {
      throw InputError(fmt::format("--context is {}, expected only without --prefix, --input and --output",
                                   options.context_tokens));
    }
    if (options.context_tokens > longest_sequence) {
      throw InputError(
          fmt::format("--context is {}, expected at most {}", options.context_tokens, longest_sequence));
    }
    return {options.context_tokens - 1, 0, 1};
  }
  if (options.input_tokens == 0 && options.output_tokens == 0) {
    throw InputError(
        "the workload is missing, expected --context for decodes alone, or --input and --output of requests");
  }
  const double tokens = double(options.prefix_tokens) + options.input_tokens + options.output_tokens;
  if (tokens > longest_sequence) {
    throw InputError(
        fmt::format("--prefix + --input + --output is {:.0f}, expected at most {}", tokens, longest_sequence));
  }
  return {options.prefix_tokens, options.input_tokens, options.output_tokens};
}

Targets targets_of(const PlacementOptions& options, const Workload& workload) {
  Targets targets;
  const auto set = [](Seconds& target, double milliseconds, bool asked_of, std::string_view flag,
                      std::string_view needed) {
    if (!(milliseconds > 0.0)) return;
    if (!asked_of) throw InputError(fmt::format("{} is {:g}, expected only with {}", flag, milliseconds, needed));
    target = {milliseconds * 1e-3};
  };
  set(targets.time_to_first_token, options.first_token_milliseconds, workload.prefills(), "--ttft", "--input");
  set(targets.time_per_output_token, options.output_token_milliseconds, workload.decodes(), "--tpot",
      "--context or --output");
  return targets;
}

/// The levels that were asked for, in order.
std::vector<PlanLevel> levels_of(const std::string& text) {
  std::array<bool, plan_level_count> asked{};
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto level = plan_level_named(std::string_view(text).substr(begin, end - begin));
    if (!level) {
      throw InputError(fmt::format("--levels is '{}', expected any of: {}, joined by commas", text,
                                   fmt::join(opcost::detail::plan_level_names, ", ")));
    }
    asked[static_cast<std::size_t>(*level)] = true;
    begin = end + 1;
  }
  std::vector<PlanLevel> levels;
  for (std::size_t i = 0; i < plan_level_count; ++i) {
    if (asked[i]) levels.push_back(static_cast<PlanLevel>(i));
  }
  return levels;
}

/// Fails where an accelerator has no rate for a type that the workload's steps compute in.
void require_rates(const Deployment& deployment, const Workload& workload) {
  const std::int32_t context = std::max(2, workload.longest_context());
  StepBatchOptions one;
  one.decodes = {fmt::format("1@{}", context)};
  if (workload.prefills()) one.prefills = {"16"};
  (void)resolve(one, deployment);
}

void require_objective(const Cluster& cluster, Objective objective) {
  for (const Pool& pool : cluster.pools()) {
    const Accelerator& gpu = *pool.platform.accelerator;
    if (objective == Objective::throughput_per_dollar && !(pool.dollars_per_hour > 0.0)) {
      throw InputError(fmt::format(
          "--objective throughput_per_dollar needs a price of {}, expected --price {}=DOLLARS or --prices LIST",
          gpu.name, gpu.name));
    }
    if (objective == Objective::throughput_per_joule && !(gpu.power_watts > 0.0)) {
      throw InputError(
          fmt::format("--objective throughput_per_joule needs a rated power, which {} does not state", gpu.name));
    }
  }
}

SearchOptions search_options(const PlacementOptions& options, PlanLevel highest) {
  SearchOptions search;
  search.objective = *objective_named(options.objective);
  search.highest = highest;
  if (options.most_groups > 3) {
    throw InputError(fmt::format("--most-groups is {}, expected at most 3", options.most_groups));
  }
  search.most_groups = options.most_groups;
  search.memory = options.policy;
  return search;
}

Deployment deployment_of(const PlacementOptions& options, const std::vector<PoolCount>& counts) {
  require_option(!options.deployment.model.empty(), "--model",
                 "a name of `opcost list models` or a Hugging Face config.json");
  DeploymentOptions of_pools = options.deployment;
  for (const PoolCount& pool : counts) of_pools.gpus.push_back(pool.gpu);
  return resolve(of_pools);
}

}  // namespace

PlacementQuestion::PlacementQuestion(const PlacementOptions& options, bool joined)
    : levels_(levels_of(options.levels)),
      search_(search_options(options, levels_.back())),
      counts_(parse_pools(options.cluster)),
      deployment_(deployment_of(options, counts_)),
      pools_(pools_of(options.cluster, counts_, deployment_)),
      cluster_(cluster_of(options.cluster, pools_, joined || search_.highest != PlanLevel::colocated)),
      task_{deployment_,          cluster_, PlacedModel(deployment_.model, deployment_.precision),
            workload_of(options), {},       search_.objective,
            options.policy} {
  task_.targets = targets_of(options, task_.workload);
  for (std::size_t i = 0; i < pools_.size(); ++i) {  // collectives between a pool's nodes use the same link
    const PoolLink& link = cluster_.link(i, i);
    if (cluster_.is_one_node(i) || !link.exists()) continue;
    const double shared = link.accelerators_per_card * link.oversubscription;
    pools_[i].platform.fabric.scale_out.bandwidth = link.bandwidth * (1.0 / shared);
  }
  require_objective(cluster_, search_.objective);
  require_rates(deployment_, task_.workload);
  if (const auto found = violation(deployment_.model, task_.workload, task_.targets, cluster_, search_)) {
    fail_violation(*found, {});
  }
}

void add_placement_options(CLI::App& command, PlacementOptions& options) {
  add_deployment_options(command, options.deployment);
  for (const char* of_the_plan :
       {"--gpu", "--tp", "--pp", "--ep", "--dp", "--cp", "--sequence-parallel", "--expert-dispatch"}) {
    command.remove_option(command.get_option(of_the_plan));
  }
  add_cluster_options(command, options.cluster);
  add_count(command, "--context", options.context_tokens,
            "Serve decodes alone: tokens of each sequence with the one that it adds", 2);
  add_count(command, "--prefix", options.prefix_tokens, "Tokens of a request's prompt that are cached (default: 0)",
            0);
  add_count(command, "--input", options.input_tokens,
            "New tokens of its prompt (default: 0, prompts are prefilled elsewhere)", 0);
  add_count(command, "--output", options.output_tokens,
            "Tokens of its output (default: 0, only prompts are served)", 0);
  constexpr double longest = 1e9;
  constexpr const char* expected = "a time in milliseconds above 0 and at most 1000000000";
  add_number(command, "--ttft", options.first_token_milliseconds,
             "Most time to the first token, in milliseconds (default: no limit)", 0.0, longest, expected);
  add_number(command, "--tpot", options.output_token_milliseconds,
             "Most time per output token, in milliseconds (default: no limit)", 0.0, longest, expected);
  add_choice(command, "--objective", options.objective, "What to make most of (default: throughput)",
             {"throughput", "throughput_per_dollar", "throughput_per_joule"});
  command
      .add_option("--levels", options.levels,
                  "How freely blocks are placed, each level on top of those before it: everything on one group, "
                  "prefill apart, feed-forward blocks apart, every block anywhere (default: all four)")
      ->type_name("colocated,pd,afd,free");
  add_count(command, "--most-groups", options.most_groups,
            "Groups that a copy of the model has, 1 to 3 (default: 2)");
  add_memory_options(command, options.policy);
  command.remove_option(command.get_option("--sampled-tokens"));
}

}  // namespace opcost::program
