// SPDX-License-Identifier: Apache-2.0
#include "explanation.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "table.hpp"

namespace opcost::program {
namespace {

RooflineBound bound_on(const Explanation& explanation, const Accelerator& accelerator) {
  return roofline_bound(explanation.cost, explanation.compute_type, accelerator);
}

/// A sentence indented by two columns, its further lines by four.
std::string wrapped(const std::string& sentence) {
  constexpr std::size_t width = 110;
  std::string text;
  std::string line = " ";
  std::istringstream words(sentence);
  for (std::string word; words >> word;) {
    if (display_width(line) + 1 + display_width(word) > width) {
      text += line + "\n";
      line = "   ";
    }
    line += " " + word;
  }
  return text + line + "\n";
}

std::string turning_point(const Explanation& explanation, const Accelerator& accelerator) {
  const std::int32_t first = first_compute_bound_size(explanation, accelerator);
  if (first == 0) {
    const Intensity limit = explanation.cost_at_size(explanation.largest_size).arithmetic_intensity();
    const bool constant = limit.value < 1.001 * explanation.cost_at_size(1).arithmetic_intensity().value;
    return fmt::format("memory-bound at any number of {}: the intensity stays {} {}", explanation.size_name,
                       constant ? "at" : "below", limit);
  }
  if (first == 1) return fmt::format("compute-bound at any number of {}", explanation.size_name);
  const std::string note = explanation.note_at_size ? fmt::format(" ({})", explanation.note_at_size(first)) : "";
  return fmt::format("compute-bound from {} {} on{}, memory-bound below", first, explanation.size_name, note);
}

}  // namespace

std::string formulas_text(const std::vector<FormulaLine>& formulas) {
  std::size_t quantity = 0;
  std::size_t symbols = 0;
  std::size_t numbers = 0;
  for (const FormulaLine& line : formulas) {
    quantity = std::max(quantity, display_width(line.quantity));
    symbols = std::max(symbols, display_width(line.symbols));
    numbers = std::max(numbers, display_width(line.numbers));
  }
  const auto pad = [](const std::string& text, std::size_t width) {
    return text + std::string(width - display_width(text), ' ');
  };
  std::string text;
  for (const FormulaLine& line : formulas) {
    text += fmt::format("  {}  {}  {}  = {}\n", pad(line.quantity, quantity), pad(line.symbols, symbols),
                        pad(line.numbers, numbers), line.result);
  }
  return text;
}

std::int32_t first_compute_bound_size(const Explanation& explanation, const Accelerator& accelerator) {
  const auto compute_bound = [&](std::int32_t size) {
    return roofline_bound(explanation.cost_at_size(size), explanation.compute_type, accelerator).limiter() ==
           Limiter::compute;
  };
  if (!compute_bound(explanation.largest_size)) return 0;
  std::int32_t memory_bound = 0;  // the intensity grows with the size, so bisection finds the one crossing
  std::int32_t first = explanation.largest_size;
  while (first - memory_bound > 1) {
    const std::int32_t middle = memory_bound + (first - memory_bound) / 2;
    (compute_bound(middle) ? first : memory_bound) = middle;
  }
  return first;
}

std::string explanation_text(const Explanation& explanation, bool colour) {
  std::string text = explanation.title + "\n\n" + formulas_text(explanation.formulas) + "\n";

  std::vector<Table::Column> columns{{"", false}};
  for (const Accelerator& accelerator : explanation.accelerators)
    columns.push_back({fmt::format("{}", accelerator.name)});
  Table table(columns);
  const auto row = [&](const std::string& label, const auto& cell_of) {
    std::vector<Cell> cells{label};
    for (const Accelerator& accelerator : explanation.accelerators) {
      cells.push_back(cell_of(accelerator, bound_on(explanation, accelerator)));
    }
    table.add_row(cells);
  };
  using A = const Accelerator&;
  using B = const RooflineBound&;
  row(fmt::format("peak, {}", explanation.compute_type),
      [&](A a, B) -> Cell { return fmt::format("{}", a.peaks[explanation.compute_type]); });
  row("memory bandwidth", [](A a, B) -> Cell { return fmt::format("{}", a.memory_bandwidth); });
  row("compute time", [](A, B b) -> Cell { return fmt::format("{}", b.compute_time); });
  row("memory time", [](A, B b) -> Cell { return fmt::format("{}", b.memory_time); });
  row("bound", [](A, B b) -> Cell { return {fmt::format("{}", b.time), Emphasis::strong}; });
  row("limiter", [](A, B b) -> Cell {
    return {std::string(name(b.limiter())), b.limiter() == Limiter::compute ? Emphasis::compute : Emphasis::memory};
  });
  row("ridge point", [](A, B b) -> Cell { return fmt::format("{}", b.ridge_point); });
  row("intensity / ridge", [](A, B b) -> Cell { return significant(b.distance_to_ridge()) + "×"; });
  table.add_rule();
  const auto estimate_row = [&](const std::string& label, const auto& cell_of) {
    std::vector<Cell> cells{label};
    for (const LatencyEstimate& estimate : explanation.estimates) cells.push_back(cell_of(estimate));
    table.add_row(cells);
  };
  using E = const LatencyEstimate&;
  estimate_row("expected", [](E e) -> Cell { return {fmt::format("{}", e.expected), Emphasis::strong}; });
  estimate_row("80 % interval", [](E e) -> Cell { return fmt::format("{} – {}", e.low, e.high); });
  estimate_row("  main loop", [](E e) -> Cell { return fmt::format("{}", e.compute); });
  estimate_row("  memory", [](E e) -> Cell { return fmt::format("{}", e.memory); });
  estimate_row("  overhead", [](E e) -> Cell { return fmt::format("{}", e.overhead); });
  estimate_row("bound / expected", [](E e) -> Cell { return fmt::format("{:.0f} %", 100.0 * e.efficiency()); });
  estimate_row("as measured", [](E e) -> Cell { return e.in_fitted_range ? "in range" : "beyond"; });
  text += table.render(TableFormat::text, colour);
  std::string sources;
  for (const Calibration& calibration : explanation.calibrations) {
    sources += fmt::format("{}{}", sources.empty() ? "" : ", ", calibration.name);
  }
  text += fmt::format("Estimates from {}.\n\n", sources);

  if (!explanation.reasons.empty()) {
    text += "Why:\n";
    for (const std::string& reason : explanation.reasons) text += wrapped(reason);
    text += "\n";
  }
  text += fmt::format("What would change the limiter (now {} {}{}{}):\n", explanation.size, explanation.size_name,
                      explanation.size_condition.empty() ? "" : ", ", explanation.size_condition);
  for (const Accelerator& accelerator : explanation.accelerators) {
    text += fmt::format("  {}: {}\n", accelerator.name, turning_point(explanation, accelerator));
  }
  for (const std::string& remark : explanation.remarks) text += "  " + remark + "\n";
  return text;
}

std::string explanation_json(const Explanation& explanation) {
  using Json = nlohmann::ordered_json;
  const Cost& cost = explanation.cost;
  Json json;
  json["schema"] = "opcost-op-1";
  json["kind"] = explanation.kind;
  json["flops"] = cost.flops().value;
  json["exponentials"] = cost.exponentials;
  json["bytes"] = cost.bytes().value;
  json["intensity"] = cost.arithmetic_intensity().value;
  json["traffic"] = {{"weight_read", cost.weight_read.value},
                     {"activation_read", cost.activation_read.value},
                     {"activation_write", cost.activation_write.value},
                     {"kv_cache_read", cost.kv_cache_read.value},
                     {"kv_cache_write", cost.kv_cache_write.value}};
  for (const auto& [key, value] : explanation.details) json["details"][key] = value;
  json["gpus"] = Json::array();
  for (std::size_t i = 0; i < explanation.accelerators.size(); ++i) {
    const Accelerator& accelerator = explanation.accelerators[i];
    const LatencyEstimate& estimate = explanation.estimates[i];
    const RooflineBound bound = bound_on(explanation, accelerator);
    const std::int32_t first = first_compute_bound_size(explanation, accelerator);
    json["gpus"].push_back({{"gpu", accelerator.name.view()},
                            {"bound_us", bound.time.value * 1e6},
                            {"compute_us", bound.compute_time.value * 1e6},
                            {"memory_us", bound.memory_time.value * 1e6},
                            {"limiter", name(bound.limiter())},
                            {"ridge_point", bound.ridge_point.value},
                            {"calibration", explanation.calibrations[i].name.view()},
                            {"estimate_us", estimate.expected.value * 1e6},
                            {"low_us", estimate.low.value * 1e6},
                            {"high_us", estimate.high.value * 1e6},
                            {"efficiency", estimate.efficiency()},
                            {"in_fitted_range", estimate.in_fitted_range},
                            {"compute_bound_from", first == 0 ? Json() : Json(first)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace opcost::program
