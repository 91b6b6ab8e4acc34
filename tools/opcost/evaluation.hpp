// SPDX-License-Identifier: Apache-2.0
//
// How estimates compare with measurements, overall and by what they have in common.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "opcost/opcost.hpp"
#include "samples.hpp"

namespace opcost::program {

/// A sample with its estimate.
struct Evaluated {
  Sample sample;
  LatencyEstimate estimate;
};

std::vector<Evaluated> evaluate(const std::vector<Sample>& samples, const Accelerator& accelerator,
                                const Calibration& calibration);

/// The errors of samples that have something in common.
struct Accuracy {
  std::string by;     ///< "operation", "kernel", …
  std::string value;  ///< "linear", "fa3", …
  std::size_t count = 0;
  double mean = 0.0;  ///< Mean absolute percentage error; like the next three in percent.
  double median = 0.0;
  double p90 = 0.0;
  double p99 = 0.0;
  double bias = 0.0;      ///< Mean of expected / measured − 1.
  double coverage = 0.0;  ///< Share of the measurements that lie within their interval.
};

/// Over every sound sample, then by operation, kernel, data type, mask, phase and measured latency.
std::vector<Accuracy> accuracies(const std::vector<Evaluated>& evaluated);

}  // namespace opcost::program
