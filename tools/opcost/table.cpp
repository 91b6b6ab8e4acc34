// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/color.h>
#include <fmt/format.h>

namespace opcost::program {
namespace {

std::string painted(const std::string& text, Emphasis emphasis) {
  switch (emphasis) {
    case Emphasis::none: return text;
    case Emphasis::compute: return fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", text);
    case Emphasis::memory: return fmt::format(fmt::fg(fmt::terminal_color::cyan), "{}", text);
    case Emphasis::strong: return fmt::format(fmt::emphasis::bold, "{}", text);
  }
  return text;
}

std::string padded(const std::string& shown, std::size_t width_of_text, std::size_t width, bool right) {
  const std::string space(width - width_of_text, ' ');
  return right ? space + shown : shown + space;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char character : text) {
    if (character == '"') quoted += '"';
    quoted += character;
  }
  return quoted + "\"";
}

}  // namespace

TableFormat table_format(std::string_view name) {
  if (name == "markdown") return TableFormat::markdown;
  return name == "csv" ? TableFormat::csv : TableFormat::text;
}

Cell limiter_cell(Limiter limiter) {
  return {std::string(name(limiter)), limiter == Limiter::compute ? Emphasis::compute : Emphasis::memory};
}

std::string interval_text(Seconds expected, Seconds low, Seconds high) {
  if (!(expected.value > 0.0)) return "–";
  return fmt::format("{:+.0f} {:+.0f} %", 100.0 * (low / expected - 1.0), 100.0 * (high / expected - 1.0));
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool colour_wanted() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

std::string Table::render(TableFormat format, bool colour) const {
  switch (format) {
    case TableFormat::text: return render_text(colour);
    case TableFormat::markdown: return render_markdown();
    case TableFormat::csv: return render_csv();
  }
  return {};
}

std::string Table::render_text(bool colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(display_width(columns_[i].heading));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  std::size_t total = 2 * (columns_.size() - 1);
  for (const std::size_t width : widths) total += width;

  std::string rule;
  for (std::size_t i = 0; i < total; ++i) rule += "─";
  rule += "\n";

  std::string text;
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string& heading = columns_[i].heading;
    line += (i == 0 ? "" : "  ") + padded(colour ? painted(heading, Emphasis::strong) : heading,
                                          display_width(heading), widths[i], columns_[i].right_aligned);
  }
  text += trimmed(line) + rule;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    if (std::find(rules_.begin(), rules_.end(), r) != rules_.end()) text += rule;
    line.clear();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Cell& cell = rows_[r][i];
      line += (i == 0 ? "" : "  ") + padded(colour ? painted(cell.text, cell.emphasis) : cell.text,
                                            display_width(cell.text), widths[i], columns_[i].right_aligned);
    }
    text += trimmed(line);
  }
  return text;
}

std::string Table::render_markdown() const {
  std::string head = "|";
  std::string rule = "|";
  for (const Column& column : columns_) {
    head += " " + column.heading + " |";
    rule += column.right_aligned ? "---:|" : "---|";
  }
  std::string text = head + "\n" + rule + "\n";
  for (const auto& row : rows_) {
    text += "|";
    for (const Cell& cell : row) text += " " + cell.text + " |";
    text += "\n";
  }
  return text;
}

std::string Table::render_csv() const {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(columns_[i].heading);
  text += "\n";
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(row[i].text);
    text += "\n";
  }
  return text;
}

}  // namespace opcost::program
