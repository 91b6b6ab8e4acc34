// SPDX-License-Identifier: Apache-2.0
#include "evaluate_command.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "output.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

/// The fields of a line as they stand, quotes included.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char character : line) {
    if (character == '"') quoted = !quoted;
    if (character == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += character;
    }
  }
  return fields;
}

/// Every input row as it stands, then the estimate, of a row with several operations their sum. Files with different
/// columns share one header.
std::string predictions_text(const Evaluation& evaluation) {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> columns;
  std::vector<std::vector<std::size_t>> positions;  // of each file's columns in the common header
  for (const fs::path& file : evaluation.files) {
    lines.push_back(lines_of(file));
    positions.emplace_back();
    for (const std::string& column : fields_of(lines.back().front())) {
      auto found = std::find(columns.begin(), columns.end(), column);
      if (found == columns.end()) found = columns.insert(columns.end(), column);
      positions.back().push_back(static_cast<std::size_t>(found - columns.begin()));
    }
  }
  std::string text;
  for (const std::string& column : columns) text += column + ",";
  text += "estimate_us,low_us,high_us,bound_us,in_fitted_range\n";
  const std::vector<Evaluated>& evaluated = evaluation.evaluated;
  for (std::size_t i = 0; i < evaluated.size(); ++i) {
    const Evaluated& row = evaluated[i];
    LatencyEstimate estimate = row.estimate;
    const auto same_row = [&row](const Sample& next) {
      return next.file == row.sample.file && next.line == row.sample.line;
    };
    while (i + 1 < evaluated.size() && same_row(evaluated[i + 1].sample)) estimate += evaluated[++i].estimate;
    const std::vector<std::string> given = fields_of(lines[row.sample.file][row.sample.line - 1]);
    std::vector<std::string> fields(columns.size());
    const std::vector<std::size_t>& position = positions[row.sample.file];
    for (std::size_t j = 0; j < given.size() && j < position.size(); ++j) fields[position[j]] = given[j];
    for (const std::string& field : fields) text += field + ",";
    text += fmt::format("{:.6g},{:.6g},{:.6g},{:.6g},{}\n", estimate.expected.value * 1e6, estimate.low.value * 1e6,
                        estimate.high.value * 1e6, estimate.bound.time.value * 1e6, estimate.in_fitted_range);
  }
  return text;
}

Table readable_table(const std::vector<Accuracy>& rows) {
  Table table(
      {{"by", false}, {"", false}, {"count"}, {"MAPE"}, {"median"}, {"p90"}, {"p99"}, {"bias"}, {"covered"}});
  std::string previous;
  for (const Accuracy& row : rows) {
    if (!previous.empty() && row.by != previous) table.add_rule();
    const auto percent = [](double value) { return fmt::format("{:.1f} %", value); };
    table.add_row({row.by == previous ? "" : row.by, row.value, fmt::format("{}", row.count), percent(row.mean),
                   percent(row.median), percent(row.p90), percent(row.p99), fmt::format("{:+.1f} %", row.bias),
                   percent(100.0 * row.coverage)});
    previous = row.by;
  }
  return table;
}

Table raw_table(const std::vector<Accuracy>& rows) {
  Table table({{"by"},
               {"value"},
               {"count"},
               {"mape_percent"},
               {"median_percent"},
               {"p90_percent"},
               {"p99_percent"},
               {"bias_percent"},
               {"coverage"}});
  for (const Accuracy& row : rows) {
    const auto number = [](double value) { return fmt::format("{:.6g}", value); };
    table.add_row({row.by, row.value, fmt::format("{}", row.count), number(row.mean), number(row.median),
                   number(row.p90), number(row.p99), number(row.bias), number(row.coverage)});
  }
  return table;
}

std::string json_text(const Evaluation& evaluation, const std::vector<Accuracy>& rows) {
  nlohmann::ordered_json json;
  json["schema"] = "opcost-evaluate-1";
  json["calibration"] = evaluation.calibration.name.view();
  json["gpu"] = evaluation.accelerator.name.view();
  json["accuracy"] = nlohmann::ordered_json::array();
  for (const Accuracy& row : rows) {
    json["accuracy"].push_back({{"by", row.by},
                                {"value", row.value},
                                {"count", row.count},
                                {"mape_percent", row.mean},
                                {"median_percent", row.median},
                                {"p90_percent", row.p90},
                                {"p99_percent", row.p99},
                                {"bias_percent", row.bias},
                                {"coverage", row.coverage}});
  }
  return json.dump(2) + "\n";
}

/// What the table leaves out.
std::string flaws_text(const std::vector<Evaluated>& evaluated) {
  std::map<std::string, std::size_t> flaws;
  for (const Evaluated& row : evaluated) {
    if (!row.sample.flaw.empty()) ++flaws[fmt::format("of {}: {}", row.sample.kernel, row.sample.flaw)];
  }
  std::string text;
  for (const auto& [flaw, count] : flaws) text += fmt::format("left out: {} rows {}\n", count, flaw);
  return text;
}

void run(const EvaluationOptions& options, const std::string& format, const std::string& predictions) {
  const Evaluation evaluation = evaluate(options);
  const std::vector<Accuracy> rows = accuracies(evaluation.evaluated);
  if (!predictions.empty()) write_file(predictions, predictions_text(evaluation));
  if (format == "json") {
    print(json_text(evaluation, rows));
  } else if (format == "csv") {
    print(raw_table(rows).render(TableFormat::csv, false));
  } else {
    print(fmt::format("{} on {}: estimates against {} measurements\n\n", evaluation.calibration.name,
                      evaluation.accelerator.name, rows.empty() ? 0 : rows.front().count) +
          readable_table(rows).render(TableFormat::text, colour_wanted()) + flaws_text(evaluation.evaluated));
  }
}

}  // namespace

void add_evaluation_options(CLI::App& command, EvaluationOptions& options) {
  command.add_option("paths", options.paths, "Directories or files: " + measurement_file_names())
      ->type_name("PATH");
  command.add_option("--calibration", options.calibration, "A name of `opcost list calibrations` or a file")
      ->type_name("NAME|FILE");
  command
      .add_option("--gpu", options.gpu,
                  "Carry the calibration over to this accelerator by its specifications (default: its own)")
      ->type_name("NAME|FILE");
}

Evaluation evaluate(const EvaluationOptions& options) {
  require_option(!options.paths.empty(), "PATH", "a directory or files of measurements");
  require_option(!options.calibration.empty(), "--calibration", "a name of `opcost list calibrations` or a file");
  const Calibration calibration = find_calibration(options.calibration);
  require_option(!options.gpu.empty() || !calibration.accelerator.empty(), "--gpu",
                 "the accelerator that was measured");
  Evaluation evaluation;
  evaluation.accelerator =
      find_accelerator(options.gpu.empty() ? std::string(calibration.accelerator.view()) : options.gpu);
  evaluation.calibration = calibration_for(evaluation.accelerator, options.calibration, true);
  Measurements measurements =
      measurements_of({options.paths.begin(), options.paths.end()}, calibration.times_cache_write);
  const std::vector<Sample>& samples = measurements.samples;
  require_microseconds(samples, evaluation.accelerator);
  evaluation.evaluated = evaluate(samples, evaluation.accelerator, evaluation.calibration);
  evaluation.files = std::move(measurements.files);
  return evaluation;
}

void add_evaluate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("evaluate", "Compare a calibration's estimates with measurements");
  command->footer(
      "Example:\n  opcost evaluate measurements/ --calibration h100-sxm/vllm-0.24 --predictions out.csv");
  const auto options = std::make_shared<EvaluationOptions>();
  const auto format = std::make_shared<std::string>("table");
  const auto predictions = std::make_shared<std::string>();
  add_evaluation_options(*command, *options);
  command->add_option("--predictions", *predictions, "Write every row with its estimate, interval and bound")
      ->type_name("FILE");
  add_choice(*command, "--format", *format, "How to print (default: table)", {"table", "csv", "json"});
  command->callback([options, format, predictions] { run(*options, *format, *predictions); });
}

}  // namespace opcost::program
