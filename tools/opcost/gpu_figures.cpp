// SPDX-License-Identifier: Apache-2.0
#include "gpu_figures.hpp"

#include <utility>

#include <fmt/format.h>

#include "opcost/io/format.hpp"

namespace opcost::program {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Table::Column> columns(const std::string& heading, const std::vector<Accelerator>& accelerators) {
  std::vector<Table::Column> columns{{heading, false}};
  for (const Accelerator& accelerator : accelerators) columns.push_back({fmt::format("{}", accelerator.name)});
  return columns;
}

/// Calls `visit(name, value)` for what is neither an object nor an array.
template <class Visit>
void visit_values(const std::string& name, const Json& json, const Visit& visit) {
  if (!json.is_structured()) {
    visit(name, json);
    return;
  }
  for (const auto& [key, value] : json.items()) visit_values(name.empty() ? key : name + "." + key, value, visit);
}

}  // namespace

FigureTable::FigureTable(const std::string& heading, const std::vector<Accelerator>& accelerators)
    : table_(columns(heading, accelerators)) {}

Table flat_table(const Json& elements) {
  std::vector<Table::Column> names;
  visit_values("", elements.front(), [&](const std::string& name, const Json&) { names.push_back({name}); });
  Table table(names);
  for (const Json& element : elements) {
    std::vector<Cell> cells;
    visit_values("", element, [&](const std::string&, const Json& value) {
      cells.emplace_back(value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump());
    });
    table.add_row(std::move(cells));
  }
  return table;
}

}  // namespace opcost::program
