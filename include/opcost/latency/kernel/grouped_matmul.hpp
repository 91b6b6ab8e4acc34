// SPDX-License-Identifier: Apache-2.0
//
// A model of DeepGEMM's grouped matrix product with 128 × 128 block scales, without the quantisation before it.
// Derived and checked like the other kernels; see docs/accuracy.md.
#pragma once

#include <array>
#include <string_view>

#include "opcost/latency/kernel/kernel.hpp"
#include "opcost/operation/expert_routing.hpp"

namespace opcost::kernel {

/// A matrix product for each expert that has rows: C[rows, n] = A[rows, k] · B[expert, k, n].
struct GroupedMatmulShape {
  static constexpr ShapeKind kind = ShapeKind::grouped_matmul;
  static constexpr std::array<std::string_view, 4> dimension_names{"experts", "rows_per_expert", "out_features",
                                                                   "in_features"};

  double experts = 1.0;  ///< Of this rank.
  double n = 1.0;
  double k = 1.0;
  double weight_bytes = 1.0;   ///< Of one stored weight, with its share of the scales.
  double operand_bytes = 1.0;  ///< Of one element of A.
  double mean_rows = 1.0;      ///< Of an expert of this rank: what the library is told to expect.
  RankLoad load{};

  constexpr std::array<double, 4> dimensions() const noexcept { return {experts, mean_rows, n, k}; }
};

/// Every expert's rows are padded to tiles of 128, in the masked layout (decode) to 64 while a mean load fits in them;
/// tiles are 128 columns wide. T = launch + overlapped(compute, memory) with x tiles per multiprocessor and
/// w = x + wave_tail·(⌈x⌉ − x). Never decreases in n or k, nor in rows that keep their tile.
struct GroupedMatmul {
  static constexpr std::string_view form = "grouped_matmul";
  using Shape = GroupedMatmulShape;

  double launch = 6.0;
  double matrix_efficiency = 0.9;
  double memory_efficiency = 0.85;
  double wave_tail = 0.2;
  double granule_overhead = 500.0;
  double small_tile_limit = 0.0;

  static constexpr std::array<Factor<GroupedMatmul>, 6> factors() noexcept {
    using K = GroupedMatmul;
    return {{{"launch", "us", "launch, ramp and drain", &K::launch, 0.5, 15.0, 6.0},
             {"matrix_efficiency", "1", "share of the tensor cores' peak inside the main loop",
              &K::matrix_efficiency, 0.3, 1.1, 0.9},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.3, 1.0, 0.85},
             {"wave_tail", "1", "share of a wave's empty places that costs time", &K::wave_tail, 0.0, 1.0, 0.2},
             {"granule_overhead", "cycles", "prologue and epilogue of 64 x 64 elements", &K::granule_overhead, 0.0,
              6000.0, 500.0},
             {"small_tile_limit", "1", "largest mean load with tiles of 64 rows; 0 in the contiguous layout",
              &K::small_tile_limit, 0.0, 64.0, 0.0, false}}};
  }

  KernelTime time(const GroupedMatmulShape& s, const Machine& machine) const noexcept {
    const double f = machine.cycles;
    const double tile_rows = s.mean_rows <= small_tile_limit ? 64.0 : 128.0;
    const double granules = tile_rows / 32.0;
    const double x = s.load.tiles(tile_rows) * ceiling(s.n / 128.0) / machine.multiprocessors;
    const double w = x + wave_tail * (ceiling(x) - x);
    const double compute = s.k / (16.0 * f) * granule_cycles(machine, matrix_efficiency) * granules * w +
                           granule_overhead * granules / f * w;
    const double bytes =
        s.load.active_experts * s.n * s.k * s.weight_bytes + s.load.rows * (s.k * s.operand_bytes + 2.0 * s.n);
    const double memory = bytes / (memory_efficiency * machine.bandwidth);
    return {launch + overlapped(compute, memory), compute, memory, launch};
  }
};

}  // namespace opcost::kernel
