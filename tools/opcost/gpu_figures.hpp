// SPDX-License-Identifier: Apache-2.0
//
// Figures of several accelerators side by side, for people and for other programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/opcost.hpp"
#include "table.hpp"

namespace opcost::program {

/// A row for each figure, a column for each accelerator.
class FigureTable {
 public:
  FigureTable(const std::string& heading, const std::vector<Accelerator>& accelerators);

  /// `text_of(gpu)` of each of `gpus`, as many as accelerators.
  template <class Gpu, class TextOf>
  void add(const std::string& label, const std::vector<Gpu>& gpus, const TextOf& text_of,
           Emphasis emphasis = Emphasis::none) {
    std::vector<Cell> cells{label};
    for (const Gpu& gpu : gpus) cells.emplace_back(text_of(gpu), emphasis);
    table_.add_row(cells);
  }
  void add_rule() { table_.add_rule(); }

  const Table& table() const noexcept { return table_; }

 private:
  Table table_;
};

/// A row for each element of an array of alike objects; members of members are columns named a.b, elements a.0.
Table flat_table(const nlohmann::ordered_json& elements);

}  // namespace opcost::program
