// SPDX-License-Identifier: Apache-2.0
//
// One operation explained: the formula with its numbers, bytes by role, each accelerator's bound, and what would
// change the limiter.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "opcost/latency/estimate.hpp"
#include "opcost/opcost.hpp"

namespace opcost::program {

/// A count with its formula, in symbols and with the numbers filled in.
struct FormulaLine {
  std::string quantity;
  std::string symbols;
  std::string numbers;
  std::string result;
};

struct Explanation {
  std::string title;
  std::string kind;
  std::vector<FormulaLine> formulas;
  Cost cost;
  DataType compute_type = DataType::bf16;
  std::vector<Accelerator> accelerators;
  std::vector<Calibration> calibrations;  ///< One for each accelerator, like the next.
  std::vector<LatencyEstimate> estimates;
  /// The size whose growth raises the intensity ("tokens"), its present value and largest sensible one, and the
  /// same operation at another size; what is held constant meanwhile.
  std::string size_name;
  std::string size_condition;
  std::int32_t size = 1;
  std::int32_t largest_size = 1;
  std::function<Cost(std::int32_t)> cost_at_size;
  std::function<std::string(std::int32_t)> note_at_size;  ///< What else to say of a size; may be empty.
  std::vector<std::string> reasons;                       ///< Why the limiter is what it is, in sentences.
  std::vector<std::string> remarks;
  std::vector<std::pair<std::string, double>> details;  ///< Counts of this kind of operation, by JSON key.
};

/// The smallest size at which compute limits, or 0 if none up to the largest does.
std::int32_t first_compute_bound_size(const Explanation& explanation, const Accelerator& accelerator);

/// The lines with their columns aligned.
std::string formulas_text(const std::vector<FormulaLine>& formulas);

std::string explanation_text(const Explanation& explanation, bool colour);
std::string explanation_json(const Explanation& explanation);

}  // namespace opcost::program
