// SPDX-License-Identifier: Apache-2.0
#include "place_command.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gpu_figures.hpp"
#include "opcost/io/plan_json.hpp"
#include "opcost/placement/instance.hpp"
#include "output.hpp"
#include "placement_options.hpp"
#include "placement_report.hpp"
#include "placement_search.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

struct PlaceOptions {
  PlacementOptions placement;
  std::string plan_file;
  std::string out_file;
  std::string format = "text";
};

Placement searched(const PlacementQuestion& question) {
  const PlacementTask& task = question.task();
  const BestPlans best = search_plans(question);
  std::vector<PlacedLevel> placed;
  for (const PlanLevel level : question.levels()) placed.push_back({std::string(name(level)), best[level]});
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
  const bool given = !options.plan_file.empty();
  const PlacementQuestion question(options.placement, given);
  const Placement placement = given ? given_plan(question.task(), options.plan_file) : searched(question);
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
  add_placement_options(*command, options->placement);
  command
      ->add_option("--plan", options->plan_file,
                   "Say what this plan would do (docs/program.md) instead of searching")
      ->type_name("FILE.json");
  command->add_option("--out", options->out_file, "Write the best plan there, as JSON")->type_name("FILE.json");
  add_choice(*command, "--format", options->format, "How to print (default: text)", {"text", "json", "csv"});
  command->callback([options] { run(*options); });
}

}  // namespace opcost::program
