// SPDX-License-Identifier: Apache-2.0
#include "plot_command.hpp"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/io/plot.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "scenario.hpp"
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
  const std::string svg = plot::roofline_svg(chart);
  if (out == "-") {
    print(svg);
  } else {
    write_file(out, svg);
    fmt::print(stderr, "wrote {}\n", out);
  }
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
  command->add_option("--out", *out, "The SVG file to write; - for standard output")->required()->type_name("FILE");
  command->callback([options, out] { run_roofline(*options, *out); });
}

}  // namespace opcost::program
