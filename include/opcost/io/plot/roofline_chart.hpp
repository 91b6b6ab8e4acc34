// SPDX-License-Identifier: Apache-2.0
//
// The roofline chart: attained FLOP/s over arithmetic intensity, both logarithmic.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "opcost/io/plot/label_placement.hpp"
#include "opcost/io/plot/svg.hpp"

namespace opcost::plot {

/// One operation on one accelerator.
struct RooflinePoint {
  std::string label;              ///< The same on every accelerator; written once in the chart.
  double intensity = 0.0;         ///< FLOP per byte.
  double flops_per_second = 0.0;  ///< Attained rate, FLOP/s.
};

/// One accelerator: its roof and the operations on it.
struct RooflineSeries {
  std::string label;  ///< Such as "H100 SXM, bf16"; what follows the last comma qualifies the peak.
  double peak_flops_per_second = 0.0;  ///< Peak rate, FLOP/s.
  double bytes_per_second = 0.0;       ///< Memory bandwidth, byte/s.
  std::vector<RooflinePoint> points;
};

struct RooflineChart {
  std::string title;
  std::string subtitle;
  std::vector<RooflineSeries> series;
};

namespace detail {

constexpr double font_size = 12.0, line_height = 15.0, marker_radius = 4.6;

/// A number that a logarithmic axis can show: positive, neither infinite nor NaN, nor absurdly far from one.
inline bool drawable(double value) { return value > 1e-12 && value < 1e27; }
inline bool has_roof(const RooflineSeries& s) {
  return drawable(s.peak_flops_per_second) && drawable(s.bytes_per_second);
}
inline double ridge(const RooflineSeries& s) { return s.peak_flops_per_second / s.bytes_per_second; }
inline double roof_at(const RooflineSeries& s, double intensity) {
  return std::min(s.peak_flops_per_second, intensity * s.bytes_per_second);
}
inline bool drawable(const RooflinePoint& p) { return drawable(p.intensity) && drawable(p.flops_per_second); }
inline bool about_equal(double a, double b) { return std::abs(std::log(a / b)) < 0.015; }

/// Operations whose markers coincide, on every accelerator; they share a label.
struct Group {
  std::vector<std::string> names;
  std::vector<std::size_t> series;  // of each marker
  std::vector<Position> markers;    // of the first operation; later, the middle of all, from the top down
  std::vector<Position> sum;        // over the operations
  double spread = 0.0;              // how far from the first operation's markers the others lie
};

/// The chart while it is being drawn: what was given, where it goes, and what is still to be labelled.
struct Roofline {
  const RooflineChart& chart;
  Box frame;
  LogAxis x, y;
  Obstacles obstacles;
  std::vector<std::vector<Candidate>> labels;
  std::vector<std::vector<std::vector<std::string>>> texts;  // of each label: per variant its lines
  std::vector<std::string> classes;                          // of each label
  std::vector<Group> groups;
  std::vector<std::string> left_out;

  Position at(double intensity, double rate) const { return {x.at(intensity), y.at(rate)}; }
  void add_label(std::vector<Candidate> candidates, std::vector<std::vector<std::string>> variants,
                 std::string css_class) {
    labels.push_back(std::move(candidates));
    texts.push_back(std::move(variants));
    classes.push_back(std::move(css_class));
  }
};

/// The roof as a polyline inside the frame: where it enters, the ridge, the right edge.
inline std::vector<Position> roof_line(const Roofline& r, const RooflineSeries& s) {
  const double first = std::max(r.x.low, r.y.low / s.bytes_per_second);
  return {r.at(first, roof_at(s, first)), r.at(ridge(s), s.peak_flops_per_second),
          r.at(r.x.high, s.peak_flops_per_second)};
}

/// Axes that show every point, every ridge and some of each roof on both sides of it.
inline void set_axes(Roofline& r) {
  std::vector<double> xs, ys;
  for (const RooflineSeries& s : r.chart.series) {
    for (const RooflinePoint& p : s.points) {
      if (!drawable(p)) continue;
      xs.insert(xs.end(), {p.intensity / 1.7, p.intensity * 2.5});
      ys.insert(ys.end(), {p.flops_per_second / 2.5, p.flops_per_second * 1.7});
    }
    if (!has_roof(s)) continue;
    xs.insert(xs.end(), {ridge(s) / 10.0, ridge(s) * 10.0});
    ys.insert(ys.end(), {s.peak_flops_per_second / 30.0, s.peak_flops_per_second * 2.1});
  }
  if (xs.empty()) xs = {0.1, 1e3}, ys = {1e10, 2e15};
  r.x = {*std::min_element(xs.begin(), xs.end()), *std::max_element(xs.begin(), xs.end()), r.frame.left,
         r.frame.right};
  r.y = {*std::min_element(ys.begin(), ys.end()), *std::max_element(ys.begin(), ys.end()), r.frame.bottom,
         r.frame.top};
}

/// The radius of a marker: larger where later accelerators' markers lie on it, so that all are seen.
inline double marker_size(const Roofline& r, std::size_t i, Position at) {
  double radius = marker_radius;
  for (std::size_t j = i + 1; j < r.chart.series.size(); ++j) {
    const std::vector<RooflinePoint>& later = r.chart.series[j].points;
    const bool covered = std::any_of(later.begin(), later.end(), [&](const RooflinePoint& q) {
      const Position over = r.at(q.intensity, q.flops_per_second);
      return std::hypot(over.x - at.x, over.y - at.y) < 3.0;  // false for NaN
    });
    radius += covered ? 1.8 : 0.0;
  }
  return radius;
}

/// Merges the operations whose markers are less than about one marker apart on every accelerator.
inline void group_points(Roofline& r) {
  struct Named {
    std::string name;
    Group group;
  };
  std::vector<Named> operations;
  for (std::size_t i = 0; i < r.chart.series.size(); ++i) {
    for (const RooflinePoint& p : r.chart.series[i].points) {
      if (!drawable(p)) {
        const std::string name = p.label.empty() ? "a point without a name" : p.label;
        const bool known = std::find(r.left_out.begin(), r.left_out.end(), name) != r.left_out.end();
        if (!known) r.left_out.push_back(name);
        continue;
      }
      const Position at = r.at(p.intensity, p.flops_per_second);
      const double reach = marker_size(r, i, at) + 1.0;
      r.obstacles.markers.push_back({at.x - reach, at.y - reach, at.x + reach, at.y + reach});
      if (p.label.empty()) continue;
      auto found =
          std::find_if(operations.begin(), operations.end(), [&](const Named& n) { return n.name == p.label; });
      if (found == operations.end()) found = operations.insert(found, Named{p.label, {}});
      found->group.markers.push_back(at);
      found->group.series.push_back(i);
    }
  }
  for (Named& operation : operations) {
    const std::vector<Position>& own = operation.group.markers;
    const auto distance = [&](const Group& g) {
      double result = g.series == operation.group.series ? 0.0 : 1e9;
      for (std::size_t k = 0; k < std::min(own.size(), g.markers.size()); ++k) {
        result = std::max(result, std::hypot(own[k].x - g.markers[k].x, own[k].y - g.markers[k].y));
      }
      return result;
    };
    auto group = std::find_if(r.groups.begin(), r.groups.end(), [&](const Group& g) { return distance(g) < 7.0; });
    if (group == r.groups.end()) {
      group = r.groups.insert(group, operation.group);
      group->sum.resize(own.size());
    }
    group->spread = std::max(group->spread, distance(*group));
    group->names.push_back(shortened(operation.name, 190.0, font_size));
    for (std::size_t k = 0; k < own.size(); ++k) group->sum[k].x += own[k].x, group->sum[k].y += own[k].y;
  }
  for (Group& g : r.groups) {
    const double count = static_cast<double>(g.names.size());
    for (std::size_t k = 0; k < g.sum.size(); ++k) g.markers[k] = {g.sum[k].x / count, g.sum[k].y / count};
    std::sort(g.markers.begin(), g.markers.end(), [](Position a, Position b) { return a.y < b.y; });
  }
  // Groups of many names need the most room, so they choose first.
  std::stable_sort(r.groups.begin(), r.groups.end(),
                   [](const Group& a, const Group& b) { return a.names.size() > b.names.size(); });
}

inline Box text_box(Position baseline, double width, Align align) {
  const double left = baseline.x - (align == Align::end ? width : 0.0);
  return {left, baseline.y - 10.5, left + width, baseline.y + 3.5};
}

/// Places for the name of a roof, along its flat part; right end first, above before below.
inline void label_peak(Roofline& r, std::size_t i) {
  const RooflineSeries& s = r.chart.series[i];
  const std::size_t comma = s.label.rfind(", ");
  const std::string name = shortened(s.label.substr(0, comma), 170.0, font_size);
  const std::string type =
      comma == std::string::npos ? "" : " " + shortened(s.label.substr(comma + 2), 80.0, font_size);
  const std::string peak = with_prefix(s.peak_flops_per_second, "FLOP/s") + type;
  const std::string text = name.empty() ? peak : name + " · " + peak;
  const double width = text_width(text, font_size) * 1.18;  // bold
  const double height = r.y.at(s.peak_flops_per_second);
  std::vector<Candidate> candidates;
  for (double end = r.frame.right - 8.0; end - width > r.x.at(ridge(s)) - 200.0; end -= 12.0) {
    const double cost = 0.05 * (r.frame.right - end);
    for (const bool above : {true, false}) {
      const Position at{end, above ? height - 8.0 : height + 17.0};
      candidates.push_back({{text_box(at, width, Align::end)}, {}, cost + (above ? 0.0 : 6.0), at, Align::end, 0});
    }
  }
  r.add_label(std::move(candidates), {{text}}, "strong halo " + series_class(i));
}

/// Places for the bandwidth, along the slope and turned with it, above or below the line.
inline void label_slope(Roofline& r, std::size_t i) {
  const RooflineSeries& s = r.chart.series[i];
  const std::string text = with_prefix(s.bytes_per_second, "B/s");
  const double width = text_width(text, font_size) * 1.18;  // bold
  const std::vector<Position> roof = roof_line(r, s);
  const double run = roof[1].x - roof[0].x, rise = roof[1].y - roof[0].y, length = std::hypot(run, rise);
  std::vector<Candidate> candidates;
  for (double along = width / 2.0 + 8.0; along < length - width / 2.0 - 8.0; along += 10.0) {
    for (const bool above : {true, false}) {
      const double distance = above ? -10.0 : 11.0;  // from the line to the middle of the text
      const Position middle{roof[0].x + run * along / length - rise * distance / length,
                            roof[0].y + rise * along / length + run * distance / length};
      Candidate c{{}, {}, 0.03 * std::abs(along - 0.8 * length), middle, Align::middle, 0};
      const double half = font_size * 0.5;
      // Slanted text covers a row of squares.
      for (double d = -width / 2.0 + half; d <= width / 2.0; d += font_size * 0.8) {
        const Position p{middle.x + run * d / length, middle.y + rise * d / length};
        c.boxes.push_back({p.x - half, p.y - half, p.x + half, p.y + half});
      }
      candidates.push_back(std::move(c));
    }
  }
  r.add_label(std::move(candidates), {{text}}, "strong halo slope " + series_class(i));
}

/// Places for the ridge point's intensity, beside its drop line and near the axis.
inline void label_ridge(Roofline& r, std::size_t i) {
  const RooflineSeries& s = r.chart.series[i];
  const std::string text = "ridge " + with_prefix(ridge(s)) + " FLOP/B";
  const double width = text_width(text, font_size);
  const Position top = r.at(ridge(s), s.peak_flops_per_second);
  std::vector<Candidate> candidates;
  for (double y = r.frame.bottom - 8.0; y > top.y + 16.0; y -= 8.0) {
    for (const Align align : {Align::start, Align::end}) {
      const Position at{top.x + (align == Align::start ? 6.0 : -6.0), y};
      const double cost = 0.1 * (r.frame.bottom - y) + (align == Align::start ? 0.0 : 2.0);
      candidates.push_back({{text_box(at, width, align)}, {}, cost, at, align, 0});
    }
  }
  r.add_label(std::move(candidates), {{text}}, "halo " + series_class(i));
}

/// Places for the names of a group: around its highest and its lowest marker, in wide or narrow lines.
inline void label_group(Roofline& r, const Group& group) {
  constexpr std::size_t most_lines = 7;
  std::vector<Candidate> candidates;
  std::vector<std::vector<std::string>> variants;
  for (const double wrap : {250.0, 130.0}) {
    std::vector<std::string> lines = joined_lines(group.names, wrap, font_size);
    if (!variants.empty() && variants.back() == lines) continue;
    if (lines.size() > most_lines) lines.resize(most_lines), lines.back() += " …";
    double width = 0.0;
    for (const std::string& line : lines) width = std::max(width, text_width(line, font_size));
    const double height = line_height * static_cast<double>(lines.size());
    for (const Position target : {group.markers.back(), group.markers.front()}) {
      for (int step = 0; step < 24; ++step) {
        const double angle = step * 2.0 * std::acos(-1.0) / 24.0, dx = std::cos(angle), dy = std::sin(angle);
        const Align align = dx > 0.45 ? Align::start : dx < -0.45 ? Align::end : Align::middle;
        for (double distance = 11.0; distance < 260.0; distance *= 1.22) {
          const Position tip{target.x + dx * distance, target.y + dy * distance};
          double left = tip.x + 3.0, top = tip.y - height / 2.0;
          if (align == Align::end) left = tip.x - width - 3.0;
          if (align == Align::middle) {  // several lines hang from their beginning, one line from its middle
            left = tip.x - (lines.size() > 1 ? 20.0 : width / 2.0);
            top = dy > 0.0 ? tip.y + 1.0 : tip.y - height - 1.0;
          }
          Candidate c{{{left, top, left + width, top + height}}, {}, 0.22 * distance, {left, top + 11.0}};
          c.variant = variants.size();
          if (align == Align::end) c.at.x += width, c.align = align;
          if (align == Align::middle && lines.size() == 1) c.at.x = tip.x, c.align = align;
          c.cost += target.y < group.markers.back().y ? 4.0 : 0.0;
          c.cost += align == Align::start ? 0.0 : align == Align::middle ? 4.0 : 6.0;
          for (const Group& other : r.groups) {  // beside another group's marker it would read as its label
            if (&other == &group) continue;
            for (const Position m : other.markers) {
              c.cost += overlap(c.boxes[0], {m.x, m.y, m.x, m.y}, 12.0) ? 8.0 : 0.0;
            }
          }
          const double gap = marker_radius + 3.5 + 0.6 * group.spread;
          if (distance > gap + 7.0) c.leaders.push_back({{target.x + dx * gap, target.y + dy * gap}, tip});
          candidates.push_back(std::move(c));
        }
      }
    }
    variants.push_back(std::move(lines));
  }
  r.add_label(std::move(candidates), std::move(variants), "halo");
}

inline std::string grid_markup(const Roofline& r) {
  std::string out;
  const auto vertical = [&](double v, std::string_view css) {
    return line_element({{r.x.at(v), r.frame.top}, {r.x.at(v), r.frame.bottom}}, css).markup();
  };
  const auto horizontal = [&](double v, std::string_view css) {
    return line_element({{r.frame.left, r.y.at(v)}, {r.frame.right, r.y.at(v)}}, css).markup();
  };
  for (const double v : r.x.minor_ticks()) out += vertical(v, "minor");
  for (const double v : r.y.minor_ticks()) out += horizontal(v, "minor");
  for (const double v : r.x.ticks()) {
    const Position at{r.x.at(v), r.frame.bottom + 19.0};
    out += vertical(v, "grid") + text_element(at, with_prefix(v), "muted", Align::middle).markup();
  }
  for (const double v : r.y.ticks()) {
    const Position at{r.frame.left - 9.0, r.y.at(v) + 4.0};
    out += horizontal(v, "grid") + text_element(at, with_prefix(v, "FLOP/s"), "muted", Align::end).markup();
  }
  const Position below{(r.frame.left + r.frame.right) / 2.0, r.frame.bottom + 40.0};
  const Position above{r.frame.left - 9.0, r.frame.top - 10.0};
  out += line_element({{r.frame.left, r.frame.bottom}, {r.frame.right, r.frame.bottom}}, "axis").markup();
  out += text_element(below, "arithmetic intensity (FLOP/byte)", "muted", Align::middle).markup();
  return out + text_element(above, "attained rate", "muted", Align::end).markup();
}

inline std::string roof_markup(const Roofline& r, std::size_t i) {
  const RooflineSeries& s = r.chart.series[i];
  const std::vector<Position> roof = roof_line(r, s);
  const auto path = [](const std::vector<Position>& points, std::string_view css) {
    std::string d;
    for (const Position p : points) d += (d.empty() ? "M" : "L") + number(p.x) + " " + number(p.y);
    return Element("path").set("d", d).set("class", css).markup();
  };
  std::string out = line_element({roof[1], {roof[1].x, r.frame.bottom}}, "drop").markup();
  for (std::size_t j = i + 1; j < r.chart.series.size(); ++j) {
    const RooflineSeries& other = r.chart.series[j];  // drawn over this one, of which a rim shows
    if (!has_roof(other)) continue;
    const bool same_peak = about_equal(other.peak_flops_per_second, s.peak_flops_per_second);
    const bool same_slope = about_equal(other.bytes_per_second, s.bytes_per_second);
    if (same_peak) out += path({roof[1], roof[2]}, "curve under");
    if (same_slope) out += path({roof[0], roof[1]}, "curve under");
  }
  out += path(roof, "curve");
  return Element("g").set("class", series_class(i)).add("\n" + out).markup();
}

inline std::string points_markup(const Roofline& r, std::size_t i) {
  const RooflineSeries& s = r.chart.series[i];
  std::string out;
  for (const RooflinePoint& p : s.points) {
    if (!drawable(p)) continue;
    std::string hover = (p.label.empty() ? "" : p.label + " on ") + s.label + ": " + with_prefix(p.intensity) +
                        " FLOP/byte, " + with_prefix(p.flops_per_second, "FLOP/s");
    const double percent = has_roof(s) ? 100.0 * p.flops_per_second / roof_at(s, p.intensity) : 0.0;
    if (percent > 0.0) hover += ", " + number(percent, percent < 10.0 ? 1 : 0) + " % of the roof";
    const Position at = r.at(p.intensity, p.flops_per_second);
    const Element marker = marker_element(at, i, marker_size(r, i, at));
    out += Element("g").add(Element("title").text(hover)).add(marker).markup();
  }
  return Element("g").set("class", series_class(i)).add("\n" + out).markup();
}

inline std::string label_markup(const Roofline& r, std::size_t i, const Candidate& place) {
  Element element("text");
  element.set("class", r.classes[i]).set("x", place.at.x).set("y", place.at.y);
  if (place.align != Align::start) element.set("text-anchor", place.align == Align::end ? "end" : "middle");
  const std::vector<std::string>& lines = r.texts[i][place.variant];
  if (r.classes[i].find("slope") != std::string::npos) {
    // Every slope has the same angle on logarithmic axes: intensity and rate grow in proportion.
    const double angle =
        std::atan2(r.y.at(10.0) - r.y.at(1.0), r.x.at(10.0) - r.x.at(1.0)) * 180.0 / std::acos(-1.0);
    element.set("dy", 4.2).set(
        "transform", "rotate(" + number(angle, 2) + " " + number(place.at.x) + " " + number(place.at.y) + ")");
  }
  if (lines.size() == 1) return element.text(lines.front()).markup();
  for (std::size_t k = 0; k < lines.size(); ++k) {
    element.add(Element("tspan").set("x", place.at.x).set("dy", k == 0 ? 0.0 : line_height).text(lines[k]));
  }
  return element.markup();
}

/// Names of the series with their markers, in rows from `at` down; returns the y of the last row.
inline double draw_legend(const RooflineChart& chart, Position at, double right, std::string& out) {
  double x = at.x;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const std::string name = shortened(chart.series[i].label, 260.0, font_size);
    const double width = text_width(name, font_size) + 52.0;
    if (x > at.x && x + width > right) x = at.x, at.y += 20.0;
    Element entry("g");
    entry.set("class", series_class(i)).add(Element("title").text(chart.series[i].label));
    entry.add(line_element({{x, at.y}, {x + 24.0, at.y}}, "curve"))
        .add(marker_element({x + 12.0, at.y}, i, marker_radius));
    out += entry.markup() + text_element({x + 31.0, at.y + 4.0}, name, "").markup();
    x += width;
  }
  return at.y;
}

}  // namespace detail

/// A roofline chart as a complete SVG document: per series its roof (bandwidth slope, ridge point, peak) and
/// its points; each operation is named once, and operations that coincide share a label. Light or dark
/// follows the reader's setting. No script and no external resource. Points without a positive finite
/// intensity and rate, and roofs without a positive finite peak and bandwidth, are left out and listed under
/// the chart.
inline std::string roofline_svg(const RooflineChart& chart) {
  using namespace detail;
  constexpr double width = 960.0, left = 24.0, right = width - 24.0;
  std::string body;
  double top = 14.0;
  const auto heading = [&](const std::string& text, double step, double size, std::string_view css) {
    if (text.empty()) return;
    top += step;
    body += text_element({left, top}, shortened(text, right - left, size), css).markup();
  };
  heading(chart.title, 26.0, 21.0, "title");
  heading(chart.subtitle, 22.0, font_size, "muted");
  if (chart.series.size() > 1) top = draw_legend(chart, {left, top + 25.0}, right, body);
  Roofline r{chart, {left + 86.0, top + 36.0, right, top + 516.0}, {}, {}, {}, {}, {}, {}, {}, {}};
  r.obstacles.frame = {r.frame.left + 3.0, r.frame.top + 3.0, r.frame.right - 3.0, r.frame.bottom - 3.0};
  set_axes(r);
  group_points(r);

  body += grid_markup(r);
  std::string description = "Attained FLOP/s over arithmetic intensity, both logarithmic.";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const RooflineSeries& s = chart.series[i];
    if (!has_roof(s)) {
      r.left_out.push_back("the roof of " + s.label);
      continue;
    }
    body += roof_markup(r, i);
    description += " " + s.label + ": peak " + with_prefix(s.peak_flops_per_second, "FLOP/s") + ", bandwidth " +
                   with_prefix(s.bytes_per_second, "B/s") + ", ridge point " + with_prefix(ridge(s)) +
                   " FLOP/byte.";
    const std::vector<Position> roof = roof_line(r, s);
    r.obstacles.lines.insert(r.obstacles.lines.end(), {{roof[0], roof[1]}, {roof[1], roof[2]}});
    r.obstacles.faint_lines.push_back({roof[1], {roof[1].x, r.frame.bottom}});
    label_peak(r, i);
    label_slope(r, i);
    label_ridge(r, i);
  }
  for (const Group& group : r.groups) {  // a thin line joins the markers of one operation
    for (std::size_t k = 1; k < group.markers.size(); ++k) {
      const Segment stem{group.markers[k - 1], group.markers[k]};
      body += line_element(stem, "leader").markup();
      r.obstacles.lines.push_back(stem);
    }
    label_group(r, group);
  }
  const std::vector<std::optional<Candidate>> placed = place_labels(r.labels, r.obstacles);
  for (const auto& place : placed) {
    if (place && !place->leaders.empty()) body += line_element(place->leaders.front(), "leader").markup();
  }
  for (std::size_t i = 0; i < chart.series.size(); ++i) body += points_markup(r, i);
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (placed[i]) body += label_markup(r, i, *placed[i]);
  }

  std::string note;
  const auto unplaced = std::count(placed.begin(), placed.end(), std::nullopt);
  if (!r.left_out.empty()) {
    note = "Not drawn, for lack of a positive finite value: ";
    for (std::size_t i = 0; i < r.left_out.size(); ++i) note += (i == 0 ? "" : ", ") + r.left_out[i];
    note += ". ";
  }
  if (unplaced > 0) {
    note += "No room for " + number(static_cast<double>(unplaced)) + " label(s); hover over the points.";
  }
  double height = r.frame.bottom + 56.0;
  if (!note.empty()) {
    Element text = text_element({left, height + 4.0}, shortened(note, right - left, font_size), "muted");
    body += text.add(Element("title").text(note)).markup();
    height += 20.0;
  }
  Element svg("svg"), paper("rect");
  svg.set("xmlns", "http://www.w3.org/2000/svg").set("class", "opcost").set("role", "img");
  svg.set("viewBox", "0 0 " + number(width) + " " + number(height)).set("width", width).set("height", height);
  svg.add("\n").add(Element("title").text(chart.title.empty() ? "Roofline" : chart.title));
  svg.add(Element("desc").text(description)).add(theme_style());
  paper.set("x", 0.5).set("y", 0.5).set("width", width - 1.0).set("height", height - 1.0).set("rx", 12);
  svg.add(paper.set("class", "paper"));
  return svg.add(body).markup();
}

}  // namespace opcost::plot
