// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

/// Three constants: T = launch + max(F / (compute_efficiency · P), bytes / (memory_efficiency · B)). The model of
/// elementwise kernels, of operations that no other model knows, and of the calibration `ideal`.
struct ConstantKernel {
  using Shape = BoundShape;
  static constexpr std::string_view form = "constant";

  double compute_efficiency = 1.0;
  double memory_efficiency = 1.0;
  double launch = 0.0;

  static constexpr std::array<Factor<ConstantKernel>, 3> factors() noexcept {
    using K = ConstantKernel;
    return {{{"compute_efficiency", "1", "share of the peak rate that large kernels reach", &K::compute_efficiency,
              0.05, 1.0, 0.7},
             {"memory_efficiency", "1", "share of the memory bandwidth that large kernels reach",
              &K::memory_efficiency, 0.05, 1.0, 0.8},
             {"launch", "us", "launch, ramp and drain of a kernel in a CUDA graph", &K::launch, 0.0, 100.0, 2.5}}};
  }

  constexpr KernelTime time(const BoundShape& s, const Machine& /*machine*/) const noexcept {
    const double c = s.compute / compute_efficiency;
    const double m = s.memory / memory_efficiency;
    return {launch + larger(c, m), c, m, launch};
  }
};

}  // namespace opcost::kernel
