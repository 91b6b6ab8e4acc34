// SPDX-License-Identifier: Apache-2.0
//
// The accuracy chart: predicted over measured time, both logarithmic and over the same range.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "opcost/io/plot/svg.hpp"

namespace opcost::plot {

/// One set of measurements, such as one accelerator's, and what was predicted for them.
struct AccuracySeries {
  std::string label;
  std::vector<std::pair<double, double>> points;  ///< Per row: measured seconds, predicted seconds.
  /// Mean of |predicted - measured| / measured, in percent; NaN where it is unknown.
  double mean_absolute_percentage_error = std::numeric_limits<double>::quiet_NaN();
  /// Share (0 to 1) of the rows whose measured time lies in the 80 % interval; NaN without intervals.
  double interval_coverage = std::numeric_limits<double>::quiet_NaN();
};

struct AccuracyChart {
  std::string title, subtitle;
  std::vector<AccuracySeries> series;
};

namespace detail::accuracy {

constexpr double font_size = 12.0;  // pixels

/// Seconds that the axes can show: positive, neither infinite nor NaN, nor absurdly far from one second.
inline bool drawable(double seconds) { return seconds > 1e-15 && seconds < 1e15; }
inline bool drawable(const std::pair<double, double>& row) { return drawable(row.first) && drawable(row.second); }

/// "1 row", "20,000 rows".
inline std::string rows_text(std::size_t rows) {
  std::string text = std::to_string(rows);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text + (rows == 1 ? " row" : " rows");
}

/// What is said of a series: its number of rows and error, and how good its intervals are, where known.
inline std::vector<std::string> summary(const AccuracySeries& s) {
  const double percent = s.mean_absolute_percentage_error, coverage = 100.0 * s.interval_coverage;
  std::vector<std::string> lines{rows_text(s.points.size())};
  if (std::isfinite(percent)) lines[0] += " · MAPE " + number(percent, percent < 100.0 ? 1 : 0) + " %";
  if (std::isfinite(coverage)) lines.push_back("80 % interval covers " + number(coverage, 0) + " %");
  return lines;
}

/// The range of both axes, in seconds: every drawable time, some room, and at least one decade.
inline std::pair<double, double> time_range(const AccuracyChart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = 0.0;
  for (const AccuracySeries& s : chart.series) {
    for (const auto& row : s.points) {
      if (!drawable(row)) continue;
      low = std::min({low, row.first, row.second});
      high = std::max({high, row.first, row.second});
    }
  }
  if (high == 0.0) return {1e-6, 1.0};
  const double widen = std::max({1.3, std::pow(high / low, 0.03), std::sqrt(10.0 * low / high)});
  return {low / widen, high * widen};
}

/// How many rows lie in each occupied cell (column, row) of a grid over the frame, from its top left.
using Cells = std::map<std::pair<int, int>, unsigned>;

/// One dot per occupied cell, the more opaque the more rows it stands for. The dots of one opacity are the
/// vertices of one path, each drawn by reference to a <marker>: about six bytes per dot.
inline std::string dots_markup(const Cells& cells, std::size_t series, Position top_left, double cell) {
  constexpr std::size_t levels = 4;
  const bool few = cells.size() < 400;
  const double radius = std::max(few ? 3.2 : cells.size() < 3000 ? 2.0 : 1.35, 0.6 * cell) / cell;
  unsigned most = 2;
  for (const auto& [place, rows] : cells) most = std::max(most, rows);
  std::array<std::string, levels> paths;
  for (const auto& [place, rows] : cells) {
    const double share = std::log(rows) / std::log(most), shown = few ? 0.6 + 0.4 * share : share;  // 0 to 1
    std::string& path = paths[static_cast<std::size_t>(shown * (levels - 0.01))];
    path += " " + std::to_string(place.first) + " " + std::to_string(place.second);
  }
  const std::string id = "opcost-dot-" + std::to_string(series);
  Element group("g"), marker("marker"), dot("path");
  dot.set("d", marker_shape(series))
      .set("fill", "currentColor")
      .set("transform", "scale(" + number(radius, 3) + ")");
  marker.set("id", id).set("markerUnits", "userSpaceOnUse").set("overflow", "visible").add(dot);
  group.set("transform", "translate(" + number(top_left.x) + " " + number(top_left.y) + ") scale(" +
                             number(cell, 3) + ") translate(.5 .5)");
  group.set("class", series_class(series)).set("fill", "none").add(marker);
  for (std::size_t i = 0; i < levels; ++i) {
    Element path("path");  // its last vertex is there twice, as the end is without a marker
    path.set("d", "M" + paths[i] + "h0").set("opacity", number(0.3 + 0.15 * static_cast<double>(i), 2));
    path.set("marker-start", "url(#" + id + ")").set("marker-mid", "url(#" + id + ")");
    if (!paths[i].empty()) group.add(path);
  }
  return group.markup();
}

/// The dots of every series, the least accurate first so that it does not hide the others. Where there would
/// be very many dots, the cells are larger.
inline std::string all_dots(const AccuracyChart& chart, const LogAxis& x, const LogAxis& y) {
  std::vector<Cells> cells;
  double cell = 2.0;  // pixels
  for (bool fits = false; !fits; cell *= fits ? 1.0 : 1.5) {
    std::size_t count = 0;
    cells.assign(chart.series.size(), {});
    for (std::size_t i = 0; i < cells.size(); count += cells[i++].size()) {
      for (const auto& row : chart.series[i].points) {
        if (!drawable(row)) continue;
        const double across = (x.at(row.first) - x.start) / cell, down = (y.at(row.second) - y.end) / cell;
        ++cells[i][{static_cast<int>(across), static_cast<int>(down)}];
      }
    }
    fits = count <= 60'000 || cell > 20.0;
  }
  std::multimap<double, std::size_t> order;  // an unknown error counts as none
  for (const AccuracySeries& s : chart.series) {
    order.emplace(std::fmin(-s.mean_absolute_percentage_error, 0.0), order.size());
  }
  std::string out;
  for (const auto& [key, i] : order) out += dots_markup(cells[i], i, {x.start, y.end}, cell);
  return out;
}

/// The bands around the diagonal, the grid, the dots, above them the diagonal, and the axes' names.
inline Element plot_element(const LogAxis& x, const LogAxis& y, const std::string& dots) {
  const double low = x.low, high = x.high;
  const auto at = [&](double measured, double predicted) { return Position{x.at(measured), y.at(predicted)}; };
  Element plot("g"), bands("g");
  for (const auto& [less, more] : {std::pair{0.5, 2.0}, std::pair{0.9, 1.1}}) {
    std::string d = "M";
    for (const Position p : {at(low, low), at(low, low * more), at(high / more, high), at(high, high),
                             at(high, high * less), at(low / less, low)}) {
      d += number(p.x) + " " + number(p.y) + " ";
    }
    bands.add(Element("path").set("d", d + "Z"));
  }
  plot.add(bands.set("class", "muted").set("fill", "currentColor").set("fill-opacity", 0.1));
  const auto lines = [&](double v, std::string_view css) {
    plot.add(line_element({at(v, low), at(v, high)}, css)).add(line_element({at(low, v), at(high, v)}, css));
  };
  for (const double v : x.minor_ticks()) lines(v, "minor");
  for (const double v : x.ticks()) {
    lines(v, "grid");
    plot.add(text_element({x.at(v), y.start + 19.0}, time_text(v), "muted", Align::middle));
    plot.add(text_element({x.start - 9.0, y.at(v) + 4.0}, time_text(v), "muted", Align::end));
  }
  plot.add(line_element({at(low, low), at(high, low)}, "axis")).add(dots);
  plot.add(line_element({at(low, low), at(high, high)}, "").set("stroke", "currentColor"));
  plot.add(text_element({x.end + 8.0, y.end + 4.0}, "predicted = measured", ""));
  plot.add(text_element({x.end + 8.0, y.end + 20.0}, "bands: ±10 %, factor of 2", "muted"));
  plot.add(text_element({(x.start + x.end) / 2.0, y.start + 40.0}, "measured time", "muted", Align::middle));
  return plot.add(text_element({x.start - 9.0, y.end - 10.0}, "predicted", "muted", Align::end));
}

/// Each series' marker, name and summary from `at` down; the y of the last line is returned.
inline double draw_legend(const AccuracyChart& chart, Position at, double width, std::string& out) {
  const auto line = [&](std::string_view text, double room, std::string_view css) {
    out += text_element({at.x + 16.0, at.y}, shortened(text, room, font_size), css).markup();
    at.y += 16.0;
  };
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    Element entry("g");
    entry.set("class", series_class(i)).add(Element("title").text(chart.series[i].label));
    out += entry.add(marker_element({at.x + 5.0, at.y - 4.0}, i, 4.6)).markup();
    line(chart.series[i].label, (width - 16.0) / 1.18, "strong");  // bold is wider
    for (const std::string& text : summary(chart.series[i])) line(text, width - 16.0, "muted");
    at.y += 10.0;
  }
  return at.y;
}

}  // namespace detail::accuracy

/// An accuracy chart as a complete SVG document: predicted over measured time of every row, with the diagonal
/// on which they are equal and the bands of 10 % and a factor of 2 around it. Light or dark follows the
/// reader's setting. No script and no external resource. Rows that coincide share a dot, so that 100,000 rows
/// per series are no burden. Rows without two positive finite times are left out and counted under the chart.
inline std::string accuracy_svg(const AccuracyChart& chart) {
  using namespace detail::accuracy;
  constexpr double width = 960.0, left = 24.0, right = width - 24.0, side = 600.0;
  std::string body, note, description = "Predicted over measured time, both logarithmic.";
  body += text_element({left, 40.0}, shortened(chart.title, right - left, 21.0), "title").markup();
  body += text_element({left, 62.0}, shortened(chart.subtitle, right - left, font_size), "muted").markup();
  const double top = chart.subtitle.empty() ? 76.0 : 98.0;
  const auto [low, high] = time_range(chart);
  const LogAxis x{low, high, left + 66.0, left + 66.0 + side}, y{low, high, top + side, top};
  body += plot_element(x, y, all_dots(chart, x, y)).markup();
  double height =
      std::max(y.start + 56.0, draw_legend(chart, {x.end + 26.0, top + 60.0}, right - x.end - 26.0, body) + 10.0);
  for (const AccuracySeries& s : chart.series) {
    std::size_t left_out = 0;
    for (const auto& row : s.points) left_out += drawable(row) ? 0U : 1U;
    if (left_out > 0) note += (note.empty() ? "" : ", ") + s.label + " (" + rows_text(left_out) + ")";
    description += " " + s.label + ":";
    for (const std::string& text : summary(s)) description += " " + text + ".";
  }
  if (!note.empty()) {
    note = shortened("Not drawn, for lack of positive finite times: " + note + ".", right - left, font_size);
    body += text_element({left, height + 4.0}, note, "muted").markup();
    height += 20.0;
  }
  return svg_document(chart.title.empty() ? "Accuracy" : chart.title, description, body, width, height);
}

}  // namespace opcost::plot
