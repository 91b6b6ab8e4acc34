// SPDX-License-Identifier: Apache-2.0
//
// Fits kernel models to measurements: robust, bounded, deterministic, with errors from whole shape groups that the
// fit did not see.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "opcost/latency/estimate.hpp"
#include "opcost/opcost.hpp"
#include "samples.hpp"

namespace opcost::program {

/// The model that describes a kernel best by its name ("deep_gemm", "fa3", …), with its factors at their usual values.
/// Of fused layers of experts and convolutions, which differ in parts, a factor at its lowest bound stands for a part
/// that this kernel lacks: a fit leaves it there.
KernelModel model_for_kernel(KernelFamily family, const std::string& kernel);

/// Whether a fit may start at another calibration's model instead: it has the same form and, if this is a fused layer
/// whose rule of tiles is known, that rule.
bool can_start_at(const KernelModel& other, const KernelModel& usual);

/// A fitted family: its calibration, and the names of factors that ended at a bound.
struct FittedKernel {
  KernelFamily family{};
  KernelCalibration calibration;
  std::vector<std::string> at_bound;
};

struct FitOptions {
  bool times_cache_write = false;  ///< The measurements do, so that its factors can be fitted.
  int folds = 4;                   ///< Parts that the shape groups are split into to measure held-out errors.
  std::size_t points = 0;          ///< Use only so many samples of a family, spread evenly; 0: all.
  bool from_base = false;          ///< The start is another calibration's: with few samples only move efficiencies.
  double prior = 0.02;  ///< Weight of each factor's starting value, as one residual of that relative size.
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};

/// Fits one family's model, starting at `start`, beside the families that `others` has already: vLLM's all-reduce asks
/// NCCL's rings. Throws InputError for too few samples or one shape group only.
FittedKernel fit_kernel(KernelFamily family, const std::vector<Sample>& samples, const KernelModel& start,
                        const Accelerator& accelerator, const Calibration& others, const FitOptions& options);

/// Mean, median and 90 % quantile of |expected / measured − 1|, in percent.
HeldOutError error_of(std::vector<double> absolute_percentages);

/// The q-quantile of values, linearly interpolated; values must not be empty.
double quantile(std::vector<double> values, double q);

}  // namespace opcost::program
