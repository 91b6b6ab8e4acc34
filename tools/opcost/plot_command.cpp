// SPDX-License-Identifier: Apache-2.0
#include "plot_command.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "evaluate_command.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/io/plot.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "placement_options.hpp"
#include "placement_report.hpp"
#include "placement_search.hpp"
#include "scenario.hpp"
#include "step_options.hpp"
#include "step_report.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

/// The roof that a chart draws: the type in which most of the step's matrix FLOPs run.
DataType main_type(const Scenario& scenario) {
  DataType type = DataType::bf16;
  Flops most{};
  for (const ModelOperation& entry : scenario.operations) {
    const Flops flops = entry.operation.cost().matrix_flops * entry.count;
    if (flops > most) {
      most = flops;
      type = entry.operation.compute_type();
    }
  }
  return type;
}

void write_chart(const std::string& svg, const std::string& out) {
  require_option(!out.empty(), "--out", "the SVG file to write, or - for standard output");
  if (out == "-") {
    print(svg);
  } else {
    write_file(out, svg);
    fmt::print(stderr, "wrote {}\n", out);
  }
}

void run_roofline(const ScenarioOptions& options, const std::string& out) {
  const Scenario scenario = resolve(options);
  const DataType type = main_type(scenario);
  plot::RooflineChart chart;
  chart.title = fmt::format("{} on the roofline", scenario.model.name);
  chart.subtitle = scenario.description();
  for (const Accelerator& accelerator : scenario.accelerators) {
    plot::RooflineSeries series;
    series.label = fmt::format("{}, {}", accelerator.name, type);
    series.peak_flops_per_second = accelerator.peaks[type].value;
    series.bytes_per_second = accelerator.memory_bandwidth.value;
    for (const ModelOperation& entry : scenario.operations) {
      const RooflineBound bound = roofline_bound(entry.operation, accelerator);
      if (bound.flops.value == 0.0) continue;  // a gather has no place on a chart of FLOP/s
      series.points.push_back({std::string(entry.name), bound.intensity().value, (bound.flops / bound.time).value});
    }
    chart.series.push_back(series);
  }
  write_chart(plot::roofline_svg(chart), out);
}

/// One series for each operation and phase, measured against estimated.
void run_accuracy(const EvaluationOptions& options, const std::string& out) {
  const Evaluation evaluation = evaluate(options);
  std::map<std::string, std::vector<const Evaluated*>> members;
  for (const Evaluated& row : evaluation.evaluated) {
    const Sample& sample = row.sample;
    if (!sample.flaw.empty()) continue;
    const std::string kind(name(shape_kind(sample.family)));
    members[sample.phase.empty() ? kind + " " + sample.data_type : sample.phase + " " + kind].push_back(&row);
  }
  plot::AccuracyChart chart;
  chart.title = fmt::format("{} on {}", evaluation.calibration.name, evaluation.accelerator.name);
  chart.subtitle = fmt::format("estimates against {} measurements", evaluation.evaluated.size());
  for (const auto& [kind, rows] : members) {
    plot::AccuracySeries series;
    series.label = kind;
    double error = 0.0;
    std::size_t covered = 0;
    for (const Evaluated* row : rows) {
      const Seconds measured = row->sample.measured;
      series.points.emplace_back(measured.value, row->estimate.expected.value);
      error += std::abs(row->estimate.expected / measured - 1.0);
      if (row->estimate.low <= measured && measured <= row->estimate.high) ++covered;
    }
    const auto count = static_cast<double>(rows.size());
    series.mean_absolute_percentage_error = 100.0 * error / count;
    series.interval_coverage = static_cast<double>(covered) / count;
    chart.series.push_back(series);
  }
  write_chart(plot::accuracy_svg(chart), out);
}

std::vector<double> seconds(const ResourceTimes& times) {
  std::vector<double> parts;
  for (std::size_t i = 0; i < resource_count; ++i) parts.push_back(times[static_cast<Resource>(i)].value);
  return parts;
}

/// A panel for each accelerator, a bar for each operation and for the host.
void run_step(const DeploymentOptions& deployment_options, const StepBatchOptions& batch_options,
              const std::string& out) {
  const Deployment deployment = resolve(deployment_options);
  const GivenBatch given = resolve(batch_options, deployment);
  const StepReport result = report(deployment, given.batch);
  plot::StepChart chart;
  chart.title = fmt::format("Where a step of {} goes", deployment.model.name);
  chart.subtitle =
      fmt::format("{}; {}; {}", given.description(), deployment.precision_text(), deployment.ranks_text());
  for (std::size_t i = 0; i < resource_count; ++i) chart.parts.emplace_back(name(static_cast<Resource>(i)));
  for (std::size_t i = 0; i < result.gpus.size(); ++i) {
    const StepOnGpu& step = result.gpus[i];
    plot::StepPanel panel;
    panel.label =
        fmt::format("{}, estimates from {}", deployment.accelerators[i].name, deployment.calibration_text(i));
    panel.total = {"the step", seconds(step.resources), step.bound.time().value};
    for (const StepOperation& operation : result.operations) {
      const OperationOnGpu& gpu = operation.gpus[i];
      panel.bars.push_back({std::string(operation.name), seconds(gpu.resources), gpu.bound.value});
    }
    if (step.estimate.host.value > 0.0) {
      ResourceTimes host;
      host[Resource::host] = step.estimate.host;
      panel.bars.push_back({"host", seconds(host), 0.0});
    }
    chart.panels.push_back(panel);
  }
  write_chart(plot::step_svg(chart), out);
}

/// What a level's name stands for.
std::string_view level_text(PlanLevel level) {
  switch (level) {
    case PlanLevel::colocated: return "colocated, every group does everything";
    case PlanLevel::prefill_decode: return "pd, prompts may have groups of their own";
    case PlanLevel::attention_feed_forward: return "afd, feed-forward blocks may have, too";
    case PlanLevel::free: break;
  }
  return "free, every block may be anywhere";
}

/// The worth of a fleet as the axis shows it.
std::string_view value_text(Objective objective) {
  switch (objective) {
    case Objective::throughput: break;
    case Objective::throughput_per_dollar: return "tokens for a dollar";
    case Objective::throughput_per_joule: return "tokens for a joule";
  }
  return "tokens/s of the cluster";
}

void run_pareto(const PlacementOptions& options, std::int32_t points, const std::string& out) {
  const PlacementQuestion question(options, false);
  const PlacementTask& task = question.task();
  plot::FrontierChart chart;
  chart.title = fmt::format("What placement is worth to {}", task.deployment.model.name);
  chart.subtitle = question_text(task);
  const bool decodes = task.workload.decodes();
  chart.speed_name = decodes ? "tokens/s of one user" : "prompts/s of one user";
  chart.value_name = value_text(task.objective);
  for (const PlanLevel level : question.levels()) {
    chart.series.push_back({std::string(level_text(level)), {}});
  }
  for (const ParetoPoint& point : search_frontier(question, points)) {
    for (std::size_t i = 0; i < question.levels().size(); ++i) {
      const Fleet& fleet = point.plans[question.levels()[i]];
      if (fleet.empty()) continue;
      const Seconds wait = decodes ? fleet.time_per_output_token : fleet.time_to_first_token;
      chart.series[i].points.push_back({1.0 / wait.value, fleet.value, fleet_text(task.cluster, fleet)});
    }
  }
  write_chart(plot::frontier_svg(chart), out);
}

void add_out(CLI::App& command, std::string& out) {
  command.add_option("--out", out, "The SVG file to write; - for standard output")->type_name("FILE");
}

}  // namespace

void add_plot_command(CLI::App& app) {
  CLI::App* plot = app.add_subcommand("plot", "Charts as SVG files");
  require_subcommand(*plot);
  CLI::App* command =
      plot->add_subcommand("roofline", "The rooflines of accelerators with a model's operations on them");
  const std::string example =
      "Example:\n"
      "  opcost plot roofline --model gemma-3-27b --gpu h100-sxm --gpu h20 --batch 64 --context 8192 --out "
      "roofline.svg";
  plot->footer(example);
  command->footer(example);
  const auto options = std::make_shared<ScenarioOptions>();
  const auto out = std::make_shared<std::string>();
  add_scenario_options(*command, *options);
  add_out(*command, *out);
  command->callback([options, out] { run_roofline(*options, *out); });

  CLI::App* step = plot->add_subcommand("step", "Where the time of a model's step goes, operation by operation");
  step->footer(
      "Example:\n"
      "  opcost plot step --model llama-3.1-70b --gpu h100-sxm --gpu h20 --tp 4 --decode 64@8192 --out step.svg");
  const auto deployment = std::make_shared<DeploymentOptions>();
  const auto batch = std::make_shared<StepBatchOptions>();
  add_deployment_options(*step, *deployment);
  add_batch_options(*step, *batch);
  add_out(*step, *out);
  step->callback([deployment, batch, out] { run_step(*deployment, *batch, *out); });

  CLI::App* pareto =
      plot->add_subcommand("pareto", "What plans on pools of accelerators can serve, for how fast an answer");
  pareto->footer(
      "Example:\n"
      "  opcost plot pareto --model llama-3.1-70b --pool h100-sxm:8 --pool h20:8 --link 400Gbps,33us --input 1000 "
      "--output 1000 --ttft 2000 --out pareto.svg");
  const auto placement = std::make_shared<PlacementOptions>();
  const auto points = std::make_shared<std::int32_t>(16);
  add_placement_options(*pareto, *placement);
  add_count(*pareto, "--points", *points,
            "Limits to look at on the time per token, or to the first where nothing decodes (default: 16)", 2);
  add_out(*pareto, *out);
  pareto->callback([placement, points, out] { run_pareto(*placement, *points, *out); });

  CLI::App* accuracy = plot->add_subcommand("accuracy", "Estimates against measurements");
  accuracy->footer(
      "Example:\n  opcost plot accuracy measurements/ --calibration h100-sxm/vllm-0.24 --out accuracy.svg");
  const auto evaluation = std::make_shared<EvaluationOptions>();
  add_evaluation_options(*accuracy, *evaluation);
  add_out(*accuracy, *out);
  accuracy->callback([evaluation, out] { run_accuracy(*evaluation, *out); });
}

}  // namespace opcost::program
