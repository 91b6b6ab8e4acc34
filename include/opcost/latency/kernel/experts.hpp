// SPDX-License-Identifier: Apache-2.0
//
// A model of fused mixture-of-experts layers as vLLM and SGLang run them: top-k and alignment, the grouped up
// projection, the activation, the grouped down projection and the weighted sum, as one CUDA graph. Derived and
// checked against public measurements of whole layer shapes that no fit had seen; see docs/accuracy.md.
#pragma once

#include <array>
#include <string_view>

#include "opcost/latency/kernel/kernel.hpp"
#include "opcost/operation/expert_routing.hpp"

namespace opcost::kernel {

/// A fused layer of routed experts on the busiest rank of an expert-parallel group.
struct ExpertsShape {
  static constexpr ShapeKind kind = ShapeKind::experts;
  static constexpr std::array<std::string_view, 6> dimension_names{"tokens",  "hidden", "intermediate",
                                                                   "experts", "ranks",  "top_k"};

  double tokens = 1.0;  ///< Of the whole expert-parallel group.
  double hidden = 1.0;
  double intermediate = 1.0;  ///< Of this tensor-parallel rank.
  double experts = 1.0;       ///< Of all ranks.
  double ranks = 1.0;         ///< Expert-parallel.
  double top_k = 1.0;
  bool gated = true;
  double weight_bytes = 2.0;   ///< Of one stored weight, with its share of the scales.
  double operand_bytes = 2.0;  ///< Of one activation as the tensor cores read it.
  bool cold = true;            ///< Weights are in device memory, not in L2 (as in the replay of a small layer).
  RankLoad load{};             ///< Of the busiest rank.

  constexpr std::array<double, 6> dimensions() const noexcept {
    return {tokens, hidden, intermediate, experts, ranks, top_k};
  }
  /// Rows of all ranks.
  constexpr double rows() const noexcept { return tokens * top_k; }
  constexpr double local_experts() const noexcept { return experts / ranks; }
  /// Weight matrices of hidden × intermediate elements that an expert has.
  constexpr double matrices() const noexcept { return gated ? 3.0 : 2.0; }
};

/// Triton, CUTLASS and Marlin kernels: two grouped matrix products in tiles of 16 to 128 rows, between memory-bound
/// kernels. With T tokens, k experts of each, n output columns, d reduced, N multiprocessors, f clock, B bandwidth:
///
///   tile       16, 32, 64 or 128 rows by a step function of T, T·k/experts or the like, as the dispatch of the
///              library or its tuned configuration has it; half as many columns for few tokens
///   product    x = tiles·⌈n / columns⌉ / N, softened to w = x + wave_tail·(⌈x⌉ − x)
///              compute  (d/16·(mma + feed)·w + tile_latency·max(w, 1) + tile_overhead·w) / f
///              memory   (active experts' weights + rows in and out) / (memory_efficiency·B), more while weight tiles
///                       are fewer than multiprocessors
///   T          overheads + Σ_{up, down} overlapped(compute, memory) + traffic of the memory-bound kernels / B
///
/// The activation and the sum run over the rows of all ranks (`activation_traffic`, `sum_traffic`), in CUTLASS
/// layers over this rank's (`row_traffic`). Never decreases in hidden, nor in intermediate over multiples of 16 (others
/// are slower); from top_k 1 to 2, and with tokens where the tile grows, it may.
struct FusedExperts {
  static constexpr std::string_view form = "fused_experts";
  using Shape = ExpertsShape;

  double launch = 18.0;
  double ranks_launch = 6.0;
  double single_launch = 0.0;
  double routing = 12.0;
  double expert_launch = 0.0;
  double wave_tail = 0.4;
  double matrix_efficiency = 0.8;
  double memory_efficiency = 0.87;
  double l2_speedup = 2.0;
  double idle_bandwidth_loss = 0.5;
  double operand_feed = 40.0;
  double tile_latency = 1200.0;
  double tile_overhead = 300.0;
  double unaligned_compute = 3.0;
  double unaligned_memory = 1.5;
  double activation_traffic = 2.0;
  double sum_traffic = 2.0;
  double row_traffic = 0.0;
  double single_traffic = 0.0;
  double tile_measure = 0.0;
  double tile_16_limit = 32.0;
  double tile_32_limit = 96.0;
  double tile_64_limit = 512.0;
  double tile_columns = 128.0;
  double narrow_limit = 0.0;

  static constexpr std::array<Factor<FusedExperts>, 25> factors() noexcept {
    using K = FusedExperts;
    return {
        {{"launch", "us", "launches, ramp and drain of all kernels", &K::launch, 3.0, 80.0, 18.0},
         {"ranks_launch", "us", "extra with expert parallelism: the map of local experts", &K::ranks_launch, 0.0,
          40.0, 6.0},
         {"single_launch", "us", "extra where a token has one expert", &K::single_launch, 0.0, 60.0, 0.0},
         {"routing", "us", "top-k and alignment, in full from some hundred rows on", &K::routing, 0.0, 40.0, 12.0},
         {"expert_launch", "us", "alignment, per 256 experts of all ranks", &K::expert_launch, 0.0, 40.0, 0.0},
         {"wave_tail", "1", "share of a wave's empty places that costs time", &K::wave_tail, 0.0, 1.0, 0.4},
         {"matrix_efficiency", "1", "share of the tensor cores' peak inside the main loop", &K::matrix_efficiency,
          0.05, 1.0, 0.8},
         {"memory_efficiency", "1",
          "share of the memory bandwidth with all multiprocessors busy; lower where weights are widened in memory",
          &K::memory_efficiency, 0.1, 1.0, 0.87},
         {"l2_speedup", "1", "L2 rate in memory bandwidths, where a replay finds its weights there", &K::l2_speedup,
          1.0, 4.0, 2.0, false},
         {"idle_bandwidth_loss", "1", "bandwidth lost while multiprocessors idle", &K::idle_bandwidth_loss, 0.0,
          1.0, 0.5},
         {"operand_feed", "cycles", "feeding 128 columns of weights, per k16 step", &K::operand_feed, 0.0, 200.0,
          40.0},
         {"tile_latency", "cycles", "prologue and epilogue of a tile of any size", &K::tile_latency, 0.0, 8000.0,
          1200.0},
         {"tile_overhead", "cycles", "epilogue per 128 x 128 elements", &K::tile_overhead, 0.0, 8000.0, 300.0},
         {"unaligned_compute", "1", "slowdown where intermediate is no multiple of 16: compute",
          &K::unaligned_compute, 1.0, 10.0, 3.0},
         {"unaligned_memory", "1", "the same: memory", &K::unaligned_memory, 1.0, 6.0, 1.5},
         {"activation_traffic", "1", "traffic of the activation over the least, rows of all ranks",
          &K::activation_traffic, 0.0, 10.0, 2.0},
         {"sum_traffic", "1", "traffic of the weighted sum over the least, rows of all ranks", &K::sum_traffic, 0.0,
          10.0, 2.0},
         {"row_traffic", "1",
          "traffic of permutation, quantisation and activation over the least, rows of this rank", &K::row_traffic,
          0.0, 15.0, 0.0},
         {"single_traffic", "1", "traffic of weighting the input where a token has one expert, over the least",
          &K::single_traffic, 0.0, 60.0, 0.0},
         {"tile_measure", "1",
          "what the tile grows with: 0 tokens, 1 rows of an expert, 2 tokens per local expert, 3 top_k times that",
          &K::tile_measure, 0.0, 3.0, 0.0, false},
         {"tile_16_limit", "1", "largest measure with tiles of 16 rows", &K::tile_16_limit, 0.0, 1e9, 32.0, false},
         {"tile_32_limit", "1", "the same for 32 rows", &K::tile_32_limit, 0.0, 1e9, 96.0, false},
         {"tile_64_limit", "1", "the same for 64 rows; 128 above", &K::tile_64_limit, 0.0, 1e9, 512.0, false},
         {"tile_columns", "1", "columns of a tile", &K::tile_columns, 16.0, 256.0, 128.0, false},
         {"narrow_limit", "1", "largest measure with half as many", &K::narrow_limit, 0.0, 1e9, 0.0, false}}};
  }

  KernelTime time(const ExpertsShape& s, const Machine& machine) const noexcept {
    const double bandwidth = machine.bandwidth;
    const double local = s.local_experts();
    const double rows = s.rows();
    const double matrices = s.matrices();
    const bool single = s.top_k == 1.0;
    const double measure = tile_measure < 0.5   ? s.tokens
                           : tile_measure < 1.5 ? rows / s.experts
                           : tile_measure < 2.5 ? s.tokens / local
                                                : rows / local;
    const double tile_rows = measure <= tile_16_limit   ? 16.0
                             : measure <= tile_32_limit ? 32.0
                             : measure <= tile_64_limit ? 64.0
                                                        : 128.0;
    const double columns = measure <= narrow_limit ? 0.5 * tile_columns : tile_columns;
    const double granules = tile_rows * columns / 4096.0;
    const double step = granule_cycles(machine, matrix_efficiency) * granules + operand_feed * columns / 128.0;
    const double weights = local * s.hidden * s.intermediate * matrices * s.weight_bytes;
    const bool warm = !s.cold && weights < 0.5 * machine.l2_bytes;
    const Grid grid{s.load.tiles(tile_rows),
                    s.load.active_experts,
                    s.load.rows,
                    columns,
                    step,
                    tile_overhead * granules / 4.0,
                    1.0 / machine.multiprocessors,
                    1.0 / machine.cycles,
                    1.0 / ((warm ? l2_speedup : memory_efficiency) * bandwidth),
                    ceiling(s.intermediate / 16.0) * 16.0 > s.intermediate};
    const Product up = product(grid, s, (matrices - 1.0) * s.intermediate, s.hidden);
    const Product down = product(grid, s, s.hidden, s.intermediate);

    double traffic = activation_traffic * rows * matrices * s.intermediate * 2.0 +
                     sum_traffic * s.tokens * (s.top_k + 1.0) * s.hidden * 2.0 +
                     row_traffic * s.load.rows * (s.hidden + matrices * s.intermediate) * 2.0;
    double overhead = launch + expert_launch * s.experts / 256.0 + routing * rows / (rows + 60.0);
    if (s.ranks > 1.0) overhead += ranks_launch;
    if (single) {
      overhead += single_launch;
      traffic += single_traffic * 4.0 * s.tokens * s.hidden;
    }
    overhead += traffic / bandwidth;
    return {overhead + (overlapped(up.compute, up.memory) + overlapped(down.compute, down.memory)),
            up.compute + down.compute, up.memory + down.memory, overhead};
  }

 private:
  /// What both products share.
  struct Grid {
    double row_tiles;
    double active_experts;
    double rows;
    double columns;             ///< Of a tile.
    double step;                ///< Cycles of a k16 step of a tile.
    double epilogue;            ///< Cycles of a tile.
    double by_multiprocessors;  ///< Inverses: a multiplication is cheaper than a division.
    double by_cycles;           ///< Of a microsecond.
    double by_rate;             ///< Of bytes per microsecond.
    bool unaligned;
  };
  struct Product {
    double compute;
    double memory;
  };

  Product product(const Grid& grid, const ExpertsShape& s, double n, double k) const noexcept {
    const double across = n / grid.columns;
    const double x = grid.row_tiles * ceiling(across) * grid.by_multiprocessors;
    const double w = x + wave_tail * (ceiling(x) - x);
    double compute =
        (k / 16.0 * grid.step * w + tile_latency * larger(w, 1.0) + grid.epilogue * w) * grid.by_cycles;
    const double weight_tiles = grid.active_experts * across * grid.by_multiprocessors;
    const double weights = grid.active_experts * n * k * s.weight_bytes *
                           (1.0 + idle_bandwidth_loss * larger(1.0 - weight_tiles, 0.0));
    double memory = (weights + grid.rows * (k * s.operand_bytes + 2.0 * n)) * grid.by_rate;
    if (grid.unaligned) {
      compute *= unaligned_compute;
      memory *= unaligned_memory;
    }
    return {compute, memory};
  }
};

}  // namespace opcost::kernel
