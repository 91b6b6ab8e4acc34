// SPDX-License-Identifier: Apache-2.0
//
// The chart of a step: how long each operation takes, what it waits for meanwhile, and its bound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/io/plot/svg.hpp"

namespace opcost::plot {

/// A time by its parts, and the least that it could be.
struct StepBar {
  std::string label;
  std::vector<double> parts;  ///< Seconds, in the order of StepChart::parts; none negative.
  double bound = 0.0;         ///< Seconds.
};

/// A step on one accelerator: the whole, then its operations in any order.
struct StepPanel {
  std::string label;
  StepBar total;
  std::vector<StepBar> bars;
};

struct StepChart {
  std::string title, subtitle;
  std::vector<std::string> parts;  ///< What times are divided into: "compute", "memory", …
  std::vector<StepPanel> panels;
};

namespace detail::step {

constexpr double font_size = 12.0;  // pixels, as everything here
constexpr double bar_height = 16.0, bar_distance = 23.0;
constexpr std::size_t most_bars = 16;
constexpr double smallest_share = 0.01;

inline double length(const StepBar& bar) {
  double sum = 0.0;
  for (const double part : bar.parts) sum += part;
  return sum;
}

/// A length that the axis can show: positive, neither infinite nor NaN, nor absurdly far from one second.
inline bool drawable(const StepBar& bar) { return length(bar) > 1e-15 && length(bar) < 1e15; }

/// What a panel shows: its drawable bars, the longest first; short ones and those after `most_bars` as one, if more
/// than one.
struct Rows {
  std::vector<StepBar> bars;
  std::size_t folded = 0;
  std::size_t left_out = 0;
};

inline Rows rows_of(const StepPanel& panel) {
  Rows rows;
  for (const StepBar& bar : panel.bars) {
    if (drawable(bar)) rows.bars.push_back(bar);
  }
  rows.left_out = panel.bars.size() - rows.bars.size();
  std::stable_sort(rows.bars.begin(), rows.bars.end(),
                   [](const StepBar& a, const StepBar& b) { return length(a) > length(b); });
  std::size_t kept = 0;
  const double least = smallest_share * length(panel.total);
  while (kept < std::min(rows.bars.size(), most_bars) && !(length(rows.bars[kept]) < least)) ++kept;
  if (rows.bars.size() - kept < 2) return rows;
  rows.folded = rows.bars.size() - kept;
  StepBar others{number(static_cast<double>(rows.folded)) + " others", {}, 0.0};
  for (std::size_t i = kept; i < rows.bars.size(); ++i) {
    others.bound += rows.bars[i].bound;
    others.parts.resize(std::max(others.parts.size(), rows.bars[i].parts.size()));
    for (std::size_t k = 0; k < rows.bars[i].parts.size(); ++k) others.parts[k] += rows.bars[i].parts[k];
  }
  rows.bars.resize(kept);
  rows.bars.push_back(others);
  return rows;
}

/// A mark where the bound is, with a rim that sets it off.
inline std::string bound_markup(double x, double top, double bottom) {
  const Segment mark{{x, top}, {x, bottom}};
  return line_element(mark, "halo").markup() +
         line_element(mark, "curve").set("style", "stroke-width:1.5px").markup();
}

/// The bar's name, its parts side by side, its bound, and its length in words.
inline std::string bar_markup(const StepChart& chart, const StepBar& bar, double whole, const LinearAxis& axis,
                              double top, bool strong) {
  const double total = length(bar), baseline = top + bar_height - 4.0;
  const double percent = 100.0 * total / whole;
  const std::string share = strong ? "" : " · " + number(percent, percent < 10.0 ? 1 : 0) + " %";
  std::string hover = bar.label + ": " + time_text(total) + share + ", at least " + time_text(bar.bound);
  Element group("g");
  double from = 0.0;
  std::string shapes;
  for (std::size_t k = 0; k < bar.parts.size(); ++k) {
    if (!(bar.parts[k] > 0.0)) continue;
    Element part("rect");
    part.set("x", number(axis.at(from), 2)).set("y", top);
    part.set("width", number(axis.at(from + bar.parts[k]) - axis.at(from), 2)).set("height", bar_height);
    shapes += part.set("fill", "currentColor").set("class", series_class(k)).markup();
    if (k < chart.parts.size()) hover += ", " + chart.parts[k] + " " + time_text(bar.parts[k]);
    from += bar.parts[k];
  }
  const std::string name = shortened(bar.label, axis.start - 34.0, font_size * (strong ? 1.1 : 1.0));
  group.add("\n").add(Element("title").text(hover)).add(shapes);
  group.add(text_element({axis.start - 9.0, baseline}, name, strong ? "strong" : "", Align::end));
  if (bar.bound > 0.0 && bar.bound <= axis.high) {
    group.add(bound_markup(axis.at(bar.bound), top - 2.0, top + bar_height + 2.0));
  }
  group.add(
      text_element({axis.at(total) + 8.0, baseline}, time_text(total) + share, strong ? "strong halo" : "halo"));
  return group.markup();
}

/// A swatch for each part that occurs, and the bound's mark.
inline void draw_legend(const StepChart& chart, Position at, std::string& out) {
  const auto add = [&](const std::string& swatch, const std::string& text) {
    out += swatch + text_element({at.x + 18.0, at.y + 4.0}, text, "").markup();
    at.x += text_width(text, font_size) + 44.0;
  };
  for (std::size_t k = 0; k < chart.parts.size(); ++k) {
    const bool occurs = std::any_of(chart.panels.begin(), chart.panels.end(), [k](const StepPanel& panel) {
      return k < panel.total.parts.size() && panel.total.parts[k] > 0.0;
    });
    if (!occurs) continue;
    Element swatch("rect");
    swatch.set("x", at.x).set("y", at.y - 6.0).set("width", 12.0).set("height", 12.0);
    add(swatch.set("fill", "currentColor").set("class", series_class(k)).markup(), chart.parts[k]);
  }
  add(bound_markup(at.x + 6.0, at.y - 8.0, at.y + 8.0), "bound: the least time by peak rates");
}

}  // namespace detail::step

/// A step's chart as a complete SVG document: for each accelerator a bar for the whole step and one for each operation,
/// the longest first, divided by what it waits for and marked where its bound is; all share one time axis. Operations of
/// less than 1 % of the step, and those after the 16 longest, are one bar. Light or dark follows the reader's setting. No
/// script and no external resource. What has no positive finite time is left out and counted under the chart.
inline std::string step_svg(const StepChart& chart) {
  using namespace detail::step;
  constexpr double width = 960.0, left = 24.0, right = width - 24.0, most_gutter = 270.0;
  std::string body, description = "Where the time of a step goes.";
  body += text_element({left, 40.0}, shortened(chart.title, right - left, 21.0), "title").markup();
  body += text_element({left, 62.0}, shortened(chart.subtitle, right - left, font_size), "muted").markup();
  double y = chart.subtitle.empty() ? 66.0 : 88.0;
  draw_legend(chart, {left, y}, body);
  y += 12.0;

  std::vector<Rows> rows;
  double gutter = 0.0, longest = 0.0;
  std::size_t left_out = 0;
  for (const StepPanel& panel : chart.panels) {
    rows.push_back(rows_of(panel));
    left_out += rows.back().left_out + (drawable(panel.total) ? 0U : 1U);
    std::vector<StepBar> shown = rows.back().bars;
    if (drawable(panel.total)) shown.push_back(panel.total);
    for (const StepBar& bar : shown) {
      longest = std::max(longest, length(bar));
      gutter = std::max(gutter, text_width(bar.label, font_size) * 1.1);
    }
  }
  const LinearAxis axis{longest > 0.0 ? longest : 1.0, left + std::min(gutter, most_gutter) + 12.0, right - 118.0};
  for (std::size_t i = 0; i < chart.panels.size(); ++i) {
    const StepPanel& panel = chart.panels[i];
    y += 30.0;
    body += text_element({left, y}, shortened(panel.label, right - left, font_size * 1.18), "strong").markup();
    const double top = y + 8.0;
    const std::size_t lines = rows[i].bars.size() + (drawable(panel.total) ? 1U : 0U);
    y = top + 10.0 + bar_distance * static_cast<double>(lines);
    for (const double v : axis.ticks()) {
      body += line_element({{axis.at(v), top}, {axis.at(v), y}}, v > 0.0 ? "grid" : "axis").markup();
    }
    double at = top + 6.0;
    const auto add = [&](const StepBar& bar, bool strong) {
      body += bar_markup(chart, bar, length(panel.total), axis, at, strong);
      at += bar_distance;
    };
    if (drawable(panel.total)) {
      add(panel.total, true);
      description += " " + panel.label + ": " + time_text(length(panel.total)) + ", at least " +
                     time_text(panel.total.bound) + ".";
    }
    at += 4.0;
    for (const StepBar& bar : rows[i].bars) add(bar, false);
  }
  for (const double v : axis.ticks()) {
    body += text_element({axis.at(v), y + 17.0}, v > 0.0 ? time_text(v) : "0", "muted", Align::middle).markup();
  }
  y += 17.0;
  std::string note;
  if (std::any_of(rows.begin(), rows.end(), [](const Rows& r) { return r.folded > 0; })) {
    note =
        "Others: operations of less than 1 % of the step" +
        std::string(std::any_of(rows.begin(), rows.end(), [](const Rows& r) { return r.bars.size() > most_bars; })
                        ? " and those after the 16 longest. "
                        : ". ");
  }
  if (left_out > 0) {
    note += "Not drawn, for lack of a positive finite time: " + number(static_cast<double>(left_out)) + ".";
  }
  if (!note.empty()) {
    y += 24.0;
    body += text_element({left, y}, shortened(note, right - left, font_size), "muted").markup();
  }
  return svg_document(chart.title.empty() ? "Step" : chart.title, description, body, width, y + 20.0);
}

}  // namespace opcost::plot
