// SPDX-License-Identifier: Apache-2.0
//
// The frontier chart: what can be had for how fast an answer, and what each more freedom to place adds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "opcost/io/plot/svg.hpp"

namespace opcost::plot {

/// A plan: how fast it answers, and what it is worth.
struct FrontierPoint {
  double speed = 0.0;
  double value = 0.0;
  std::string text;  ///< Shown where the pointer rests.
};

/// All plans of one kind, in any order.
struct FrontierSeries {
  std::string label;
  std::vector<FrontierPoint> points;
};

/// Each series has the plans of those before, too.
struct FrontierChart {
  std::string title, subtitle;
  std::string speed_name;  ///< Such as "tokens/s of one user".
  std::string value_name;
  std::vector<FrontierSeries> series;
};

namespace detail::frontier {

constexpr double font_size = 12.0;  // pixels, as everything here

inline bool drawable(const FrontierPoint& p) {
  return p.speed > 1e-12 && p.speed < 1e15 && p.value > 1e-12 && p.value < 1e18;
}

/// The points that no other beats, the fastest last.
inline std::vector<FrontierPoint> best_points(std::vector<FrontierPoint> points) {
  points.erase(std::remove_if(points.begin(), points.end(), [](const FrontierPoint& p) { return !drawable(p); }),
               points.end());
  std::stable_sort(points.begin(), points.end(), [](const FrontierPoint& a, const FrontierPoint& b) {
    return a.speed > b.speed || (!(b.speed > a.speed) && a.value > b.value);
  });
  std::vector<FrontierPoint> best;
  for (FrontierPoint& p : points) {
    if (best.empty() || p.value > best.back().value) best.push_back(std::move(p));
  }
  std::reverse(best.begin(), best.end());
  return best;
}

/// What a frontier has at that speed or faster: 0 beyond its fastest point.
inline double value_at(const std::vector<FrontierPoint>& frontier, double speed) {
  for (const FrontierPoint& p : frontier) {
    if (p.speed >= speed) return p.value;
  }
  return 0.0;
}

/// A frontier's steps from slow to fast: the height up to each of these speeds.
inline std::vector<Position> steps(const std::vector<FrontierPoint>& frontier, const std::vector<double>& speeds,
                                   const LinearAxis& x, const LinearAxis& y) {
  std::vector<Position> path;
  double from = 0.0;
  for (const double speed : speeds) {
    const double height = y.at(value_at(frontier, speed));
    path.push_back({x.at(from), height});
    path.push_back({x.at(speed), height});
    from = speed;
  }
  return path;
}

inline std::string path_text(const std::vector<Position>& points) {
  std::string d;
  for (const Position p : points) d += (d.empty() ? "M" : "L") + number(p.x) + " " + number(p.y);
  return d;
}

/// A label up to its first comma.
inline std::string short_name(const FrontierSeries& series) {
  return series.label.substr(0, series.label.find(','));
}

/// The most that a frontier has over another at the same speed, and where, in words.
inline std::string gain_text(const std::vector<FrontierPoint>& frontier, const std::vector<FrontierPoint>& before,
                             const std::string& other, const std::string& unit) {
  double most = 1.0, speed = 0.0;
  bool faster = false;
  for (const FrontierPoint& p : frontier) {
    const double there = value_at(before, p.speed);
    faster = faster || there == 0.0;
    if (there == 0.0 || p.value / there <= most) continue;
    most = p.value / there;
    speed = p.speed;
  }
  if (most >= 1.005)
    return "up to " + number(most, 2) + " times " + other + ", at " + with_prefix(speed) + " " + unit;
  return faster ? "faster answers than " + other : "no more than " + other;
}

}  // namespace detail::frontier

/// Frontiers as a complete SVG document: for each series what is the most to be had at a speed or faster, both axes
/// from 0, and shaded what it adds to the series before. Light or dark follows the reader's setting. No script and
/// no external resource. Points without positive finite coordinates are left out and counted under the chart.
inline std::string frontier_svg(const FrontierChart& chart) {
  using namespace detail::frontier;
  constexpr double width = 960.0, left = 24.0, right = width - 24.0, height = 380.0;
  std::string body, description = "The most to be had at a speed or faster.";
  body += text_element({left, 40.0}, shortened(chart.title, right - left, 21.0), "title").markup();
  body += text_element({left, 62.0}, shortened(chart.subtitle, right - left, font_size), "muted").markup();

  std::vector<std::vector<FrontierPoint>> frontiers;
  std::vector<FrontierPoint> all;
  std::vector<double> speeds;
  double fastest = 0.0, highest = 0.0;
  std::size_t left_out = 0;
  for (const FrontierSeries& series : chart.series) {
    all.insert(all.end(), series.points.begin(), series.points.end());
    frontiers.push_back(best_points(all));
    left_out += static_cast<std::size_t>(std::count_if(series.points.begin(), series.points.end(),
                                                       [](const FrontierPoint& p) { return !drawable(p); }));
    for (const FrontierPoint& p : frontiers.back()) {
      speeds.push_back(p.speed);
      fastest = std::max(fastest, p.speed);
      highest = std::max(highest, p.value);
    }
  }
  std::sort(speeds.begin(), speeds.end());
  speeds.erase(std::unique(speeds.begin(), speeds.end()), speeds.end());

  double legend = chart.subtitle.empty() ? 74.0 : 96.0;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const std::string gain = i == 0 ? ""
                                    : ": " + gain_text(frontiers[i], frontiers[i - 1],
                                                       short_name(chart.series[i - 1]), chart.speed_name);
    body +=
        Element("g").set("class", series_class(i)).add(marker_element({left + 6.0, legend - 4.0}, i, 4.6)).markup();
    const std::string text = shortened(chart.series[i].label + gain, right - left - 20.0, font_size);
    body += text_element({left + 18.0, legend}, text, "").markup();
    description += " " + chart.series[i].label + gain + ".";
    legend += 17.0;
  }

  const double top = legend + 26.0, bottom = top + height;
  const LinearAxis x{fastest > 0.0 ? fastest * 1.04 : 1.0, left + 62.0, right - 12.0};
  const LinearAxis y{highest > 0.0 ? highest * 1.06 : 1.0, bottom, top};
  for (const double v : x.ticks()) {
    body += line_element({{x.at(v), top}, {x.at(v), bottom}}, "grid").markup();
    body += text_element({x.at(v), bottom + 19.0}, v > 0.0 ? with_prefix(v) : "0", "muted", Align::middle).markup();
  }
  for (const double v : y.ticks()) {
    body += line_element({{x.start, y.at(v)}, {x.end, y.at(v)}}, v > 0.0 ? "grid" : "axis").markup();
    body +=
        text_element({x.start - 9.0, y.at(v) + 4.0}, v > 0.0 ? with_prefix(v) : "0", "muted", Align::end).markup();
  }
  body += text_element({left, top - 12.0}, chart.value_name, "muted").markup();
  body += text_element({(x.start + x.end) / 2.0, bottom + 40.0}, chart.speed_name, "muted", Align::middle).markup();

  for (std::size_t i = 0; i < frontiers.size(); ++i) {
    if (frontiers[i].empty()) continue;
    std::vector<Position> area = steps(frontiers[i], speeds, x, y);
    const std::vector<FrontierPoint> none;
    std::vector<Position> floor = steps(i > 0 ? frontiers[i - 1] : none, speeds, x, y);
    area.insert(area.end(), floor.rbegin(), floor.rend());
    Element shade("path");
    shade.set("d", path_text(area) + "Z").set("class", series_class(i)).set("fill", "currentColor");
    body += shade.set("fill-opacity", number(i > 0 ? 0.22 : 0.1, 2)).markup();
  }
  for (std::size_t i = frontiers.size(); i-- > 0;) {
    if (frontiers[i].empty()) continue;
    std::vector<double> own;
    for (const FrontierPoint& p : frontiers[i]) own.push_back(p.speed);
    std::vector<Position> line = steps(frontiers[i], own, x, y);
    line.push_back({line.back().x, bottom});
    Element group("g"), path("path");
    group.set("class", series_class(i)).add(path.set("d", path_text(line)).set("class", "curve"));
    for (const FrontierPoint& p : frontiers[i]) {
      Element dot("g");
      dot.add(Element("title").text(p.text)).add(marker_element({x.at(p.speed), y.at(p.value)}, i, 3.6));
      group.add(dot);
    }
    body += group.markup();
  }
  double end = bottom + 48.0;
  if (left_out > 0) {
    end += 20.0;
    const std::string note =
        "Not drawn, for lack of a positive finite place: " + number(static_cast<double>(left_out)) + ".";
    body += text_element({left, end}, note, "muted").markup();
  }
  return svg_document(chart.title.empty() ? "Frontier" : chart.title, description, body, width, end + 14.0);
}

}  // namespace opcost::plot
