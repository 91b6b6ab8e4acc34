// SPDX-License-Identifier: Apache-2.0
//
// Tables for people and for other programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "opcost/latency/roofline.hpp"
#include "opcost/units.hpp"

namespace opcost::program {

/// How a table is written: aligned for a terminal, as Markdown, or as comma-separated values (RFC 4180).
enum class TableFormat { text, markdown, csv };

enum class Emphasis { none, compute, memory, strong };

struct Cell {
  std::string text;
  Emphasis emphasis = Emphasis::none;

  Cell(std::string cell_text, Emphasis cell_emphasis = Emphasis::none)  // NOLINT: cells are mostly plain text
      : text(std::move(cell_text)), emphasis(cell_emphasis) {}
  Cell(const char* cell_text) : text(cell_text) {}  // NOLINT: the same
};

class Table {
 public:
  struct Column {
    std::string heading;
    bool right_aligned = true;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns.
  void add_row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  /// A line between rows in text; nothing elsewhere.
  void add_rule() { rules_.push_back(rows_.size()); }

  /// `colour` applies to text only.
  std::string render(TableFormat format, bool colour) const;

 private:
  std::string render_text(bool colour) const;
  std::string render_markdown() const;
  std::string render_csv() const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::size_t> rules_;
};

/// The format of that name ("table", "markdown", "csv").
TableFormat table_format(std::string_view name);

/// What limits, in its colour.
Cell limiter_cell(Limiter limiter);

/// How far an interval reaches on both sides: "-8 +10 %".
std::string interval_text(Seconds expected, Seconds low, Seconds high);

/// Columns that a UTF-8 text takes on a terminal (no wide characters here).
std::size_t display_width(std::string_view text);

/// Whether standard output is a terminal that wants colour (NO_COLOR is respected).
bool colour_wanted();

}  // namespace opcost::program
