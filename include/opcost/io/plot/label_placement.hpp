// SPDX-License-Identifier: Apache-2.0
//
// Where a chart's labels go so that none covers another, a marker or the frame.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "opcost/io/plot/svg.hpp"

namespace opcost::plot {

inline bool overlap(const Box& a, const Box& b, double margin = 0.0) {
  return a.left < b.right + margin && b.left < a.right + margin && a.top < b.bottom + margin &&
         b.top < a.bottom + margin;
}

inline bool crosses(const Segment& s, const Segment& t) {
  const auto side = [](Position a, Position b, Position p) {
    return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
  };
  return side(s.from, s.to, t.from) * side(s.from, s.to, t.to) < 0.0 &&
         side(t.from, t.to, s.from) * side(t.from, t.to, s.to) < 0.0;
}

/// Whether any part of the segment lies in the box: what is left of it after clipping to each pair of sides.
inline bool crosses(const Segment& s, const Box& box) {
  double enter = 0.0, leave = 1.0;
  const auto clip = [&](double from, double step, double low, double high) {
    if (step == 0.0) return from > low && from < high;
    const double a = (low - from) / step, b = (high - from) / step;
    enter = std::max(enter, std::min(a, b));
    leave = std::min(leave, std::max(a, b));
    return enter < leave;
  };
  return clip(s.from.x, s.to.x - s.from.x, box.left, box.right) &&
         clip(s.from.y, s.to.y - s.from.y, box.top, box.bottom);
}

/// One way to place a label: the boxes that its text covers (several for slanted text), its leader lines, and
/// how unwelcome the place is in itself. The rest is for the caller, to draw the one that was chosen.
struct Candidate {
  std::vector<Box> boxes;
  std::vector<Segment> leaders;
  double cost = 0.0;
  Position at;
  Align align = Align::start;
  std::size_t variant = 0;
};

/// What labels keep clear of. They stay inside the frame and off the markers; they cross a line only at a
/// cost, and a faint one, such as a dashed guide, at a small cost.
struct Obstacles {
  Box frame;
  std::vector<Box> markers;
  std::vector<Segment> lines, faint_lines;
};

/// Chooses one candidate per label, or none where every one would overlap another label or a marker or leave
/// the frame. Greedy, then each label in turn moves to its best place given the others until none moves (an
/// overlap costs much instead of being barred, so that labels push each other away; one that still overlaps
/// is left out). The best of several orders is taken.
inline std::vector<std::optional<Candidate>> place_labels(std::vector<std::vector<Candidate>> labels,
                                                          const Obstacles& obstacles) {
  constexpr double never = std::numeric_limits<double>::infinity();
  const auto own_cost = [&](const Candidate& c) {
    double cost = c.cost;
    for (const Box& box : c.boxes) {
      const Box& f = obstacles.frame;
      if (box.left < f.left || box.right > f.right || box.top < f.top || box.bottom > f.bottom) return never;
      for (const Box& marker : obstacles.markers) {
        if (overlap(box, marker, 1.0)) return never;
      }
      for (const Segment& line : obstacles.lines) cost += crosses(line, box) ? 40.0 : 0.0;
      for (const Segment& line : obstacles.faint_lines) cost += crosses(line, box) ? 12.0 : 0.0;
    }
    for (const Segment& leader : c.leaders) {
      for (const Box& marker : obstacles.markers) cost += crosses(leader, marker) ? 100.0 : 0.0;
      for (const Segment& line : obstacles.lines) cost += crosses(leader, line) ? 20.0 : 0.0;
    }
    return cost;
  };
  const auto overlapping = [](const Candidate& a, const Candidate& b) {
    return std::any_of(a.boxes.begin(), a.boxes.end(), [&](const Box& box) {
      return std::any_of(b.boxes.begin(), b.boxes.end(),
                         [&](const Box& other) { return overlap(box, other, 3.0); });
    });
  };
  const auto leader_cost = [](const Candidate& a, const Candidate& b) {
    double cost = 0.0;
    for (const Segment& leader : a.leaders) {
      for (const Box& box : b.boxes) {
        const Box wide{box.left - 4.0, box.top - 2.0, box.right + 4.0, box.bottom + 2.0};
        cost += crosses(leader, wide) ? 150.0 : 0.0;
      }
    }
    return cost;
  };
  const auto pair_cost = [&](const Candidate& a, const Candidate& b) {
    double cost = (overlapping(a, b) ? 1000.0 : 0.0) + leader_cost(a, b) + leader_cost(b, a);
    for (const Segment& leader : a.leaders) {
      for (const Segment& other : b.leaders) cost += crosses(leader, other) ? 60.0 : 0.0;
    }
    return cost;
  };
  for (std::vector<Candidate>& candidates : labels) {
    for (Candidate& c : candidates) c.cost = own_cost(c);
    std::erase_if(candidates, [](const Candidate& c) { return c.cost == never; });
  }
  std::vector<std::optional<Candidate>> best(labels.size());
  double best_total = never;
  const std::size_t attempts = labels.size() < 40 ? 32 : 4;
  for (std::size_t attempt = 0; attempt < attempts; ++attempt) {
    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto key = [&](std::size_t i) { return i * attempt * 7919 % 101; };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return key(i) < key(j); });
    std::vector<const Candidate*> chosen(labels.size(), nullptr);
    double total = 0.0;
    bool moved = true;
    for (int round = 0; round < 30 && moved; ++round) {
      moved = false;
      total = 0.0;  // counts each conflict twice, once from either side
      for (const std::size_t i : order) {
        const Candidate* const before = chosen[i];
        double least = never;
        for (const Candidate& c : labels[i]) {
          double cost = c.cost;
          for (std::size_t j = 0; j < labels.size() && cost < least; ++j) {
            if (j != i && chosen[j] != nullptr) cost += pair_cost(c, *chosen[j]);
          }
          if (cost < least) least = cost, chosen[i] = &c;
        }
        moved = moved || chosen[i] != before;
        total += std::min(least, 1000.0);
      }
    }
    if (total >= best_total) continue;
    best_total = total;
    std::fill(best.begin(), best.end(), std::nullopt);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const bool free = chosen[i] != nullptr && std::none_of(best.begin(), best.end(), [&](const auto& other) {
                          return other && overlapping(*chosen[i], *other);
                        });
      if (free) best[i] = *chosen[i];
    }
  }
  return best;
}

}  // namespace opcost::plot
