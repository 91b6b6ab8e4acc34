// SPDX-License-Identifier: Apache-2.0
#include "ops_command.hpp"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "scenario.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

/// The fastest accelerator by expected time, and how many times longer the next one takes.
struct Winner {
  std::size_t index = 0;
  double factor = 1.0;
};

Winner fastest(const std::vector<LatencyEstimate>& estimates) {
  Winner winner;
  for (std::size_t i = 1; i < estimates.size(); ++i) {
    if (estimates[i].expected < estimates[winner.index].expected) winner.index = i;
  }
  double next = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    if (i != winner.index) next = std::min(next, estimates[i].expected / estimates[winner.index].expected);
  }
  winner.factor = next;
  return winner;
}

/// One operation, or the whole step.
struct Row {
  std::string name;
  std::string kind;
  std::int32_t count = 1;
  Cost cost;                          // of one execution; of the step in the totals
  std::vector<RooflineBound> bounds;  // the same, one for each accelerator
  std::vector<double> shares;         // of the step's bound
  std::vector<LatencyEstimate> estimates;
};

struct Report {
  std::vector<Row> rows;
  Row total;
};

Report report(const Scenario& scenario) {
  Report result;
  result.total.name = "total";
  result.total.cost = total_cost(scenario.operations);
  for (const Accelerator& accelerator : scenario.accelerators) {
    result.total.bounds.push_back(roofline_bound(scenario.operations, accelerator));
    result.total.shares.push_back(1.0);
    result.total.estimates.emplace_back();
  }
  for (const ModelOperation& entry : scenario.operations) {
    Row row{std::string(entry.name),
            std::string(entry.operation.kind()),
            entry.count,
            entry.operation.cost(),
            {},
            {},
            {}};
    for (std::size_t i = 0; i < scenario.accelerators.size(); ++i) {
      row.bounds.push_back(roofline_bound(entry.operation, scenario.accelerators[i]));
      row.estimates.push_back(
          estimate_latency(entry.operation, scenario.accelerators[i], scenario.calibrations[i]));
      LatencyEstimate& total = result.total.estimates[i];
      const bool first = &entry == scenario.operations.begin();
      total = first ? row.estimates[i] * entry.count : total + row.estimates[i] * entry.count;
      row.shares.push_back(row.bounds[i].time * entry.count / result.total.bounds[i].time);
    }
    result.rows.push_back(row);
  }
  return result;
}

std::string winner_text(const Scenario& scenario, const Winner& winner) {
  if (winner.factor < 1.005) return "equal";
  return fmt::format("{} {:.2f}×", scenario.accelerators[winner.index].name, winner.factor);
}

/// For people: figures with units.
Table readable_table(const Scenario& scenario, const Report& report) {
  std::vector<Table::Column> columns{{"operation", false}, {"count"}, {"FLOPs"}, {"bytes"}, {"FLOP/B"}};
  for (const Accelerator& accelerator : scenario.accelerators) {
    columns.push_back({fmt::format("{}", accelerator.name)});
    columns.push_back({"limit", false});
    columns.push_back({"estimate"});
    columns.push_back({"80 %"});
    columns.push_back({"eff."});
  }
  const bool compared = scenario.accelerators.size() > 1;
  if (compared) columns.push_back({"fastest", false});

  Table table(columns);
  const auto add = [&](const Row& row, bool is_total) {
    const Emphasis emphasis = is_total ? Emphasis::strong : Emphasis::none;
    std::vector<Cell> cells{{row.name, emphasis},
                            is_total ? "" : fmt::format("{}", row.count),
                            {fmt::format("{}", row.cost.flops()), emphasis},
                            {fmt::format("{}", row.cost.bytes()), emphasis},
                            significant(row.cost.arithmetic_intensity().value)};
    for (std::size_t i = 0; i < row.bounds.size(); ++i) {
      cells.emplace_back(fmt::format("{}", row.bounds[i].time), emphasis);
      cells.push_back(limiter_cell(row.bounds[i].limiter()));
      const LatencyEstimate& estimate = row.estimates[i];
      cells.emplace_back(fmt::format("{}", estimate.expected), emphasis);
      cells.emplace_back(interval_text(estimate.expected, estimate.low, estimate.high));
      cells.emplace_back(fmt::format("{:.0f} %", 100.0 * estimate.efficiency()));
    }
    if (compared) cells.emplace_back(winner_text(scenario, fastest(row.estimates)), emphasis);
    table.add_row(cells);
  };
  for (const Row& row : report.rows) add(row, false);
  table.add_rule();
  add(report.total, true);
  return table;
}

/// For programs: base units, full precision.
Table raw_table(const Scenario& scenario, const Report& report) {
  std::vector<Table::Column> columns{{"operation"}, {"kind"}, {"count"}, {"flops"}, {"bytes"}, {"intensity"}};
  for (const Accelerator& accelerator : scenario.accelerators) {
    for (const std::string_view figure :
         {"bound_us", "limiter", "share", "estimate_us", "low_us", "high_us", "efficiency"}) {
      columns.push_back({fmt::format("{}_{}", accelerator.name, figure)});
    }
  }
  const bool compared = scenario.accelerators.size() > 1;
  if (compared) {
    columns.push_back({"fastest"});
    columns.push_back({"fastest_factor"});
  }
  Table table(columns);
  const auto add = [&](const Row& row) {
    std::vector<Cell> cells{row.name,
                            row.kind,
                            fmt::format("{}", row.count),
                            fmt::format("{}", row.cost.flops().value),
                            fmt::format("{}", row.cost.bytes().value),
                            fmt::format("{}", row.cost.arithmetic_intensity().value)};
    for (std::size_t i = 0; i < row.bounds.size(); ++i) {
      cells.emplace_back(fmt::format("{}", row.bounds[i].time.value * 1e6));
      cells.emplace_back(std::string(name(row.bounds[i].limiter())));
      cells.emplace_back(fmt::format("{}", row.shares[i]));
      const LatencyEstimate& estimate = row.estimates[i];
      for (const Seconds time : {estimate.expected, estimate.low, estimate.high}) {
        cells.emplace_back(fmt::format("{}", time.value * 1e6));
      }
      cells.emplace_back(fmt::format("{}", estimate.efficiency()));
    }
    if (compared) {
      const Winner winner = fastest(row.estimates);
      cells.emplace_back(fmt::format("{}", scenario.accelerators[winner.index].name));
      cells.emplace_back(fmt::format("{}", winner.factor));
    }
    table.add_row(cells);
  };
  for (const Row& row : report.rows) add(row);
  add(report.total);
  return table;
}

using Json = nlohmann::ordered_json;

/// The schema is documented in docs/program.md; keys are only ever added.
Json row_json(const Scenario& scenario, const Row& row, bool is_total) {
  Json json;
  if (!is_total) {
    json["name"] = row.name;
    json["kind"] = row.kind;
    json["count"] = row.count;
  }
  json["flops"] = row.cost.flops().value;
  json["bytes"] = row.cost.bytes().value;
  json["intensity"] = row.cost.arithmetic_intensity().value;
  if (!is_total) {
    json["traffic"] = {{"weight_read", row.cost.weight_read.value},
                       {"activation_read", row.cost.activation_read.value},
                       {"activation_write", row.cost.activation_write.value},
                       {"kv_cache_read", row.cost.kv_cache_read.value},
                       {"kv_cache_write", row.cost.kv_cache_write.value}};
  }
  json["gpus"] = Json::array();
  for (std::size_t i = 0; i < row.bounds.size(); ++i) {
    const RooflineBound& bound = row.bounds[i];
    json["gpus"].push_back({{"gpu", scenario.accelerators[i].name.view()},
                            {"bound_us", bound.time.value * 1e6},
                            {"limiter", name(bound.limiter())},
                            {"share", row.shares[i]},
                            {"ridge_point", bound.ridge_point.value},
                            {"calibration", scenario.calibrations[i].name.view()},
                            {"estimate_us", row.estimates[i].expected.value * 1e6},
                            {"low_us", row.estimates[i].low.value * 1e6},
                            {"high_us", row.estimates[i].high.value * 1e6},
                            {"efficiency", row.estimates[i].efficiency()},
                            {"in_fitted_range", row.estimates[i].in_fitted_range}});
  }
  if (row.bounds.size() > 1) {
    const Winner winner = fastest(row.estimates);
    json["fastest"] = {{"gpu", scenario.accelerators[winner.index].name.view()}, {"factor", winner.factor}};
  }
  return json;
}

std::string json_text(const Scenario& scenario, const Report& report) {
  Json json;
  json["schema"] = "opcost-ops-1";
  json["model"] = scenario.model.name.view();
  json["phase"] = scenario.phase;
  json["batch"] = scenario.batch.sequences;
  json["query_tokens"] = scenario.batch.query_tokens;
  json["context_tokens"] = scenario.batch.context_tokens;
  json["dtype"] = scenario.data_type;
  json["kv_dtype"] = scenario.cache_type;
  json["operations"] = Json::array();
  for (const Row& row : report.rows) json["operations"].push_back(row_json(scenario, row, false));
  json["totals"] = row_json(scenario, report.total, true);
  return json.dump(2) + "\n";
}

/// What the bounds leave out and the user should know before using them.
std::string notes(const Scenario& scenario) {
  const Bytes weights = weight_bytes(scenario.model, scenario.precision);
  const Bytes cache = kv_cache_bytes(scenario.model, scenario.precision.kv_cache, scenario.batch.context_tokens) *
                      scenario.batch.sequences;
  return fmt::format(
             "Bound and estimate are for one execution; the total is one step, operation after operation.\n"
             "The bound is a lower limit from peak rates; the estimate has an 80 % interval and comes from {}.\n",
             scenario.calibrations_text()) +
         scenario.memory_text(weights, cache) + scenario.context_text(scenario.batch.context_tokens);
}

void run(const ScenarioOptions& options, const std::string& format) {
  const Scenario scenario = resolve(options);
  const Report result = report(scenario);
  const std::string title = fmt::format("{}, {}", scenario.model.name, scenario.description());
  if (format == "json") {
    print(json_text(scenario, result));
  } else if (format == "csv") {
    print(raw_table(scenario, result).render(TableFormat::csv, false));
  } else {
    print(title + "\n\n" + readable_table(scenario, result).render(table_format(format), colour_wanted()) + "\n" +
          notes(scenario));
  }
}

}  // namespace

void add_ops_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("ops", "Every operation of a model's step: cost, bound, limiter, share");
  command->footer(
      "Example:\n"
      "  opcost ops --model gemma-3-27b --gpu h100-sxm --gpu h20 --phase decode --batch 64 --context 8192");
  const auto options = std::make_shared<ScenarioOptions>();
  const auto format = std::make_shared<std::string>("table");
  add_scenario_options(*command, *options);
  add_choice(*command, "--format", *format, "How to print (default: table)", {"table", "markdown", "csv", "json"});
  command->callback([options, format] { run(*options, *format); });
}

}  // namespace opcost::program
