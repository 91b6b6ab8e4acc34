// SPDX-License-Identifier: Apache-2.0
#include "place_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster_options.hpp"
#include "gpu_figures.hpp"
#include "memory_options.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/plan_json.hpp"
#include "opcost/placement/plan_explanation.hpp"
#include "opcost/placement/plan_search.hpp"
#include "output.hpp"
#include "placement_report.hpp"
#include "step_options.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

struct PlaceOptions {
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
  std::string plan_file;
  std::string out_file;
  std::string format = "text";
};

/// Says on a terminal how far a search is that takes longer than a second.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void show(double share) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::seconds(1)) return;
    shown_ = now;
    drawn_ = true;
    fmt::print(stderr, "\rsearching: {:3.0f} % of this level ", 100.0 * share);
    std::fflush(stderr);
  }
  void clear() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
    drawn_ = false;
  }

 private:
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
  bool drawn_ = false;
};

Workload workload_of(const PlaceOptions& options) {
  const bool requests = options.prefix_tokens > 0 || options.input_tokens > 0 || options.output_tokens > 0;
  if (options.context_tokens > 0) {
    if (requests) {
      throw InputError(fmt::format("--context is {}, expected only without --prefix, --input and --output",
                                   options.context_tokens));
    }
    return {options.context_tokens - 1, 0, 1};
  }
  if (options.input_tokens == 0 && options.output_tokens == 0) {
    throw InputError(
        "the workload is missing, expected --context for decodes alone, or --input and --output of requests");
  }
  const Workload workload{options.prefix_tokens, options.input_tokens, options.output_tokens};
  if (const auto found = workload.violation()) {
    fail_violation(*found, {{"prefix + input + output tokens", "--prefix + --input + --output"}});
  }
  return workload;
}

Targets targets_of(const PlaceOptions& options, const Workload& workload) {
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

SearchOptions search_options(const PlaceOptions& options, Objective objective) {
  SearchOptions search;
  search.objective = objective;
  search.highest = levels_of(options.levels).back();
  if (options.most_groups > 3) {
    throw InputError(fmt::format("--most-groups is {}, expected at most 3", options.most_groups));
  }
  search.most_groups = options.most_groups;
  search.memory = options.policy;
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

Placement searched(const PlacementTask& task, SearchOptions search, const std::vector<PlanLevel>& levels) {
  BestPlans best;
  {
    Progress progress;
    if (isatty(STDERR_FILENO) == 1) search.progress = [&progress](double share) { progress.show(share); };
    best = best_plans(task.model, task.workload, task.targets, task.cluster, search);
  }
  search.progress = {};
  if (best[search.highest].empty()) fail_without_plan(task, search);
  std::vector<PlacedLevel> placed;
  for (const PlanLevel level : levels) placed.push_back({std::string(name(level)), best[level]});
  const Fleet& colocated = best[PlanLevel::colocated];
  return placement_of(task, std::move(placed), colocated.empty() ? 0.0 : colocated.value);
}

/// What a plan of a file serves.
Placement given_plan(const PlacementTask& task, const std::string& file) {
  std::vector<FleetPart> parts;
  const auto planned =
      read_plan_file(file, task.deployment.model, task.workload, task.cluster, task.policy.step_tokens);
  for (const PlannedPart& part : planned) {
    const auto instance = instance_of(task.model, task.workload, task.cluster, part.phase, part.plan, part.step);
    if (!instance) {
      throw InputError(
          fmt::format("{}: /parts/{} has no link to hand its cache over, expected --link", file, parts.size()));
    }
    parts.push_back({*instance, part.copies});
  }
  Fleet fleet = fleet_of(std::move(parts), task.workload, task.cluster, task.objective);
  return placement_of(task, {{std::string(given_name), std::move(fleet)}}, 0.0);
}

void run(const PlaceOptions& options) {
  require_option(!options.deployment.model.empty(), "--model",
                 "a name of `opcost list models` or a Hugging Face config.json");
  const std::vector<PoolCount> counts = parse_pools(options.cluster);
  DeploymentOptions of_pools = options.deployment;
  for (const PoolCount& pool : counts) of_pools.gpus.push_back(pool.gpu);
  const Deployment deployment = resolve(of_pools);
  const Workload workload = workload_of(options);
  const Targets targets = targets_of(options, workload);
  const Objective objective = *objective_named(options.objective);
  const SearchOptions search = search_options(options, objective);
  const bool given = !options.plan_file.empty();
  const std::vector<Pool> pools = pools_of(options.cluster, counts, deployment);
  const Cluster cluster = cluster_of(options.cluster, pools, given || search.highest != PlanLevel::colocated);
  require_objective(cluster, objective);
  require_rates(deployment, workload);
  if (const auto found = violation(deployment.model, workload, targets, cluster, search))
    fail_violation(*found, {});

  const PlacementTask task{deployment,    cluster, PlacedModel(deployment.model, deployment.precision),
                           workload,      targets, objective,
                           options.policy};
  const Placement placement =
      given ? given_plan(task, options.plan_file) : searched(task, search, levels_of(options.levels));
  if (!options.out_file.empty()) write_file(options.out_file, placement_json(placement).dump(2) + "\n");
  if (options.format == "json") {
    print(placement_json(placement).dump(2) + "\n");
  } else if (options.format == "csv") {
    print(flat_table(placement_json(placement).at("levels")).render(TableFormat::csv, false));
  } else {
    print(placement_text(placement));
  }
}

}  // namespace

void add_place_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "place",
      "Which blocks of a model to run on which pool of accelerators, and why: the best plans, or your own");
  command->footer(
      "Examples:\n"
      "  opcost place --model gemma-3-27b --pool h100-sxm:2 --pool h20:2 --link 400Gbps,33us --context 8192 --tpot "
      "50\n"
      "  opcost place --model llama-3.1-70b --pool h100-sxm:8 --pool h20:8 --link nccl-400g-heterogeneous --prices "
      "lamina --objective throughput_per_dollar --prefix 4096 --input 512 --output 256 --ttft 2000 --tpot 50 --out "
      "plan.json");
  const auto options = std::make_shared<PlaceOptions>();
  add_deployment_options(*command, options->deployment);
  for (const char* of_the_plan :
       {"--gpu", "--tp", "--pp", "--ep", "--dp", "--cp", "--sequence-parallel", "--expert-dispatch"}) {
    command->remove_option(command->get_option(of_the_plan));
  }
  add_cluster_options(*command, options->cluster);
  add_count(*command, "--context", options->context_tokens,
            "Serve decodes alone: tokens of each sequence with the one that it adds", 2);
  add_count(*command, "--prefix", options->prefix_tokens,
            "Tokens of a request's prompt that are cached (default: 0)", 0);
  add_count(*command, "--input", options->input_tokens,
            "New tokens of its prompt (default: 0, prompts are prefilled elsewhere)", 0);
  add_count(*command, "--output", options->output_tokens,
            "Tokens of its output (default: 0, only prompts are served)", 0);
  constexpr double longest = 1e9;
  constexpr const char* expected = "a time in milliseconds above 0 and at most 1000000000";
  add_number(*command, "--ttft", options->first_token_milliseconds,
             "Most time to the first token, in milliseconds (default: no limit)", 0.0, longest, expected);
  add_number(*command, "--tpot", options->output_token_milliseconds,
             "Most time per output token, in milliseconds (default: no limit)", 0.0, longest, expected);
  add_choice(*command, "--objective", options->objective, "What to make most of (default: throughput)",
             {"throughput", "throughput_per_dollar", "throughput_per_joule"});
  command
      ->add_option("--levels", options->levels,
                   "How freely blocks are placed, each level on top of those before it: everything on one group, "
                   "prefill apart, feed-forward blocks apart, every block anywhere (default: all four)")
      ->type_name("colocated,pd,afd,free");
  add_count(*command, "--most-groups", options->most_groups,
            "Groups that a copy of the model has, 1 to 3 (default: 2)");
  add_memory_options(*command, options->policy);
  command->remove_option(command->get_option("--sampled-tokens"));
  command
      ->add_option("--plan", options->plan_file,
                   "Say what this plan would do (docs/program.md) instead of searching")
      ->type_name("FILE.json");
  command->add_option("--out", options->out_file, "Write the best plan there, as JSON")->type_name("FILE.json");
  add_choice(*command, "--format", options->format, "How to print (default: text)", {"text", "json", "csv"});
  command->callback([options] { run(*options); });
}

}  // namespace opcost::program
