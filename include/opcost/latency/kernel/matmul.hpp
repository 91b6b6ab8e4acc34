// SPDX-License-Identifier: Apache-2.0
//
// Models of matrix-product kernels, one for each way of tiling. Each ends in a sum of overheads and the overlap of
// compute and memory; what differs is how tiles fill waves. Docstrings use m, n, k, N multiprocessors, f clock, P peak
// and B bandwidth. Derived and checked against public measurements of whole shape groups that no fit had seen; see
// docs/accuracy.md.
#pragma once

#include <array>

#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

/// cuBLAS on Hopper, 16-bit. Work comes in 64 × 64 granules, x of them on each multiprocessor; a partly filled wave
/// costs only the share `wave_tail` of what it leaves empty. Two split-k alternatives (64 and 128 granules) share k
/// out when the output is too small to fill the machine; the fastest of the three counts.
struct CublasMatmul {
  using Shape = MatmulShape;
  static constexpr std::string_view form = "cublas_matmul";

  double matrix_efficiency = 0.85;
  double memory_efficiency = 0.87;
  double launch = 2.45;
  double wave_tail = 0.3;
  double operand_feed = 60.0;
  double granule_overhead = 480.0;
  double split_launch = 2.5;
  double split_traffic = 1.0;
  double idle_bandwidth_loss = 0.15;
  double power_slowdown = 0.15;
  double power_onset = 0.9;

  static constexpr std::array<Factor<CublasMatmul>, 11> factors() noexcept {
    using K = CublasMatmul;
    return {{{"matrix_efficiency", "1", "share of the tensor cores' peak inside the main loop",
              &K::matrix_efficiency, 0.3, 1.0, 0.85},
             {"memory_efficiency", "1", "share of the memory bandwidth with all multiprocessors busy",
              &K::memory_efficiency, 0.3, 1.0, 0.87},
             {"launch", "us", "launch, ramp and drain", &K::launch, 0.5, 8.0, 2.45},
             {"wave_tail", "1", "share of a wave's empty places that costs time", &K::wave_tail, 0.0, 1.0, 0.3},
             {"operand_feed", "cycles", "feeding a granule's operands from L2, per k16 step of 2-byte elements",
              &K::operand_feed, 10.0, 150.0, 60.0},
             {"granule_overhead", "cycles", "prologue and epilogue of a granule", &K::granule_overhead, 50.0,
              3000.0, 480.0},
             {"split_launch", "us", "reduction of split k", &K::split_launch, 0.0, 10.0, 2.5},
             {"split_traffic", "1", "traffic of partial sums, in fp32 outputs per split", &K::split_traffic, 0.0,
              5.0, 1.0},
             {"idle_bandwidth_loss", "1", "bandwidth lost while multiprocessors idle", &K::idle_bandwidth_loss, 0.0,
              1.0, 0.15},
             {"power_slowdown", "1", "clock lost to the power limit under sustained matrix work",
              &K::power_slowdown, 0.0, 0.6, 0.15},
             {"power_onset", "TFLOP", "work at which half of that is lost", &K::power_onset, 0.01, 10.0, 0.9}}};
  }

  KernelTime time(const MatmulShape& s, const Machine& machine) const noexcept {
    const double n_sm = machine.multiprocessors;
    const double f = machine.cycles;
    const double flops = 2.0 * s.m * s.n * s.k;
    const double mma =
        granule_cycles(machine, matrix_efficiency) * (1.0 + power_slowdown * flops / (flops + power_onset * 1e12));
    const double feed = operand_feed * s.operand_bytes * 0.5;
    const double memory = s.bytes / (memory_efficiency * machine.bandwidth);
    const double x = ceiling(s.m / 64.0) * ceiling(s.n / 64.0) / n_sm;
    const double waves = ceiling(x);
    const double w = x + wave_tail * (waves - x);
    const double step = s.k / (16.0 * f);
    const double granule = granule_overhead / f;
    const double compute = step * larger(feed * square_root(w), mma * w) + granule * larger(w, 1.0);
    const double memory_idle = memory * (1.0 + idle_bandwidth_loss * (1.0 - x / waves));
    const double whole = overlapped(compute, memory_idle);

    // split k: r granules' worth of k on each multiprocessor, of 64 × 64 or of 128 × 128
    const double x4 = ceiling(s.m / 128.0) * ceiling(s.n / 128.0) / n_sm;
    const double r = larger(x, 256.0 / s.k);
    const double r4 = larger(x4, 512.0 / s.k);
    const double partial_sums = split_traffic * 4.0 * s.m * s.n / machine.bandwidth;
    const double compute_small = step * r * larger(feed, mma) + granule * larger(r, 1.0);
    const double compute_large = step * r4 * larger(2.0 * feed, 4.0 * mma) + 4.0 * granule * larger(r4, 1.0);
    // no faster than its longer part, and seldom worth its roots
    const double split_small = whole <= split_launch + larger(compute_small, memory)
                                   ? whole
                                   : split_launch + overlapped(compute_small, memory) + partial_sums / r;
    const double split_large = split_launch + overlapped(compute_large, memory) + partial_sums / r4;

    if (whole <= split_small && whole <= split_large) return {launch + whole, compute, memory_idle, launch};
    if (split_small <= split_large) {
      return {launch + split_small, compute_small, memory, launch + split_launch + partial_sums / r};
    }
    return {launch + split_large, compute_large, memory, launch + split_launch + partial_sums / r4};
  }
};

/// CUTLASS fp8 for Hopper with dynamic quantisation of the activations. The tile is fixed by the bucket of m (the
/// public dispatch), clusters of two row tiles above 128 rows; a last row tile that is partly empty slows its cluster.
struct CutlassMatmul {
  using Shape = MatmulShape;
  static constexpr std::string_view form = "cutlass_matmul";

  double matrix_efficiency = 0.85;
  double wide_tile_efficiency = 0.85;
  double memory_efficiency = 0.82;
  double launch = 5.0;
  double wave_tail = 0.9;
  double operand_feed = 23.0;
  double step_latency = 5.0;
  double granule_overhead = 300.0;
  double idle_bandwidth_loss = 0.25;
  double power_slowdown = 0.3;
  double power_onset = 1.0;
  double quantise_traffic = 5.0;
  double quantise_row = 0.3;
  double partial_tile_loss = 0.2;

  static constexpr std::array<Factor<CutlassMatmul>, 14> factors() noexcept {
    using K = CutlassMatmul;
    return {
        {{"matrix_efficiency", "1", "share of the tensor cores' peak inside the main loop", &K::matrix_efficiency,
          0.3, 1.0, 0.85},
         {"wide_tile_efficiency", "1", "the same for the 256 x 128 cooperative tile", &K::wide_tile_efficiency, 0.3,
          1.0, 0.85},
         {"memory_efficiency", "1", "share of the memory bandwidth with all multiprocessors busy",
          &K::memory_efficiency, 0.3, 1.0, 0.82},
         {"launch", "us", "launch, ramp and drain of both kernels", &K::launch, 0.5, 12.0, 5.0},
         {"wave_tail", "1", "share of a wave's empty places that costs time", &K::wave_tail, 0.0, 1.0, 0.9},
         {"operand_feed", "cycles", "feeding 128 rows and columns from L2, per k16 step", &K::operand_feed, 5.0,
          150.0, 23.0},
         {"step_latency", "cycles", "fixed latency of a k16 step", &K::step_latency, 0.0, 60.0, 5.0},
         {"granule_overhead", "cycles", "prologue and epilogue of a 64 x 64 granule", &K::granule_overhead, 0.0,
          3000.0, 300.0},
         {"idle_bandwidth_loss", "1", "bandwidth lost while multiprocessors idle", &K::idle_bandwidth_loss, 0.0,
          1.0, 0.25},
         {"power_slowdown", "1", "clock lost to the power limit under sustained matrix work", &K::power_slowdown,
          0.0, 1.5, 0.3},
         {"power_onset", "TFLOP", "work at which half of that is lost", &K::power_onset, 0.01, 30.0, 1.0},
         {"quantise_traffic", "B", "quantising an activation element, at the memory bandwidth",
          &K::quantise_traffic, 0.0, 30.0, 5.0},
         {"quantise_row", "us", "quantising an activation row on one multiprocessor", &K::quantise_row, 0.0, 3.0,
          0.3},
         {"partial_tile_loss", "1", "slowdown by an empty last row tile", &K::partial_tile_loss, 0.0, 1.0, 0.2}}};
  }

  KernelTime time(const MatmulShape& s, const Machine& machine) const noexcept {
    const bool wide = s.m >= 8192.0 && s.k >= 6144.0;
    const double tile_m = s.m <= 16.0    ? 16.0
                          : s.m <= 64.0  ? (s.n <= 1280.0 ? 16.0 : 64.0)
                          : s.m <= 128.0 ? 64.0
                                         : (wide ? 256.0 : 128.0);
    const double tile_n = s.m <= 64.0 ? 64.0 : 128.0;
    const double cluster = s.m > 128.0 ? 2.0 : 1.0;
    const double f = machine.cycles;
    const double flops = 2.0 * s.m * s.n * s.k;
    const double mma = granule_cycles(machine, tile_m > 128.0 ? wide_tile_efficiency : matrix_efficiency) *
                       (1.0 + power_slowdown * flops / (flops + power_onset * 1e12));
    const double x = ceiling(s.m / (tile_m * cluster)) * cluster * ceiling(s.n / tile_n) / machine.multiprocessors;
    const double waves = ceiling(x);
    const double w = larger(x + wave_tail * (waves - x), 1.0);
    const double granules = tile_m * tile_n / 4096.0;
    const double empty = (ceiling(s.m / tile_m) * tile_m - s.m) / tile_m;
    const double loss = s.m > 128.0 ? partial_tile_loss * empty * square(smaller(x, 1.0)) : 0.0;
    const double step_cycles =
        larger(operand_feed * (tile_m + tile_n) / 128.0 + step_latency, mma * granules) * (1.0 + loss);
    const double compute = (s.k / (16.0 * f) * step_cycles + granule_overhead * granules / f) * w;
    const double memory =
        s.bytes / (memory_efficiency * machine.bandwidth) * (1.0 + idle_bandwidth_loss * (1.0 - x / waves));
    const double quantise = square_root(square(quantise_row * s.m / machine.multiprocessors) +
                                        square(quantise_traffic * s.m * s.k / machine.bandwidth));
    return {launch + quantise + overlapped(compute, memory), compute, memory, launch + quantise};
  }
};

/// DeepGEMM with 128 × 128 block scales, and the quantisation of the activations before it. Two tails: of single
/// granules and of waves of 128 × 256 tiles; a slow band where the tuner takes one wave of wide tiles.
struct DeepGemmQuantisingMatmul {
  using Shape = MatmulShape;
  static constexpr std::string_view form = "deepgemm_quantising_matmul";

  double matrix_efficiency = 0.8;
  double memory_efficiency = 0.83;
  double launch = 3.5;
  double pipeline_fill = 0.7;
  double wave_tail = 0.2;
  double wide_wave_tail = 0.5;
  double chain = 28.0;
  double operand_feed = 50.0;
  double granule_overhead = 500.0;
  double idle_bandwidth_loss = 0.1;
  double power_slowdown = 0.24;
  double power_onset = 3.5;
  double quantise_traffic = 3.0;
  double quantise_odd_k = 0.5;
  double quantise_row = 0.1;
  double partial_tile_loss = 0.13;
  double wide_wave_loss = 1.5;
  double spill_loss = 2.5;

  static constexpr std::array<Factor<DeepGemmQuantisingMatmul>, 18> factors() noexcept {
    using K = DeepGemmQuantisingMatmul;
    return {
        {{"matrix_efficiency", "1", "share of the tensor cores' peak inside the main loop", &K::matrix_efficiency,
          0.3, 1.0, 0.8},
         {"memory_efficiency", "1", "share of the memory bandwidth with all multiprocessors busy",
          &K::memory_efficiency, 0.3, 1.0, 0.83},
         {"launch", "us", "launch, ramp and drain of both kernels", &K::launch, 0.5, 100.0, 3.5},
         {"pipeline_fill", "us", "filling the pipeline, in full from k = 2048 on", &K::pipeline_fill, 0.0, 5.0,
          0.7},
         {"wave_tail", "1", "share of a wave's empty places that costs time", &K::wave_tail, 0.0, 1.0, 0.2},
         {"wide_wave_tail", "1", "the same for waves of 128 x 256 tiles", &K::wide_wave_tail, 0.0, 1.0, 0.5},
         {"chain", "cycles", "dependent chain of a k16 step", &K::chain, 1.0, 150.0, 28.0},
         {"operand_feed", "cycles", "feeding a granule's operands from L2, per k16 step", &K::operand_feed, 1.0,
          150.0, 50.0},
         {"granule_overhead", "cycles", "prologue and epilogue of a granule", &K::granule_overhead, 0.0, 3000.0,
          500.0},
         {"idle_bandwidth_loss", "1", "bandwidth lost while multiprocessors idle", &K::idle_bandwidth_loss, 0.0,
          1.0, 0.1},
         {"power_slowdown", "1", "clock lost to the power limit under sustained matrix work", &K::power_slowdown,
          0.0, 1.5, 0.24},
         {"power_onset", "TFLOP", "work at which half of that is lost", &K::power_onset, 0.01, 20.0, 3.5},
         {"quantise_traffic", "B", "quantising an activation element, at the memory bandwidth",
          &K::quantise_traffic, 0.0, 20.0, 3.0},
         {"quantise_odd_k", "1", "extra traffic where k is no multiple of 1024", &K::quantise_odd_k, 0.0, 3.0, 0.5},
         {"quantise_row", "us", "quantising an activation row on one multiprocessor", &K::quantise_row, 0.0, 3.0,
          0.1},
         {"partial_tile_loss", "1", "slowdown by an empty last row tile", &K::partial_tile_loss, 0.0, 1.0, 0.13},
         {"wide_wave_loss", "1", "slowdown of one wave of wide tiles", &K::wide_wave_loss, 1.0, 2.0, 1.5},
         {"spill_loss", "1", "slowdown of the tuner's one-wave 128 x 192 and 128 x 256 tiles", &K::spill_loss, 1.0,
          4.0, 2.5}}};
  }

  KernelTime time(const MatmulShape& s, const Machine& machine) const noexcept {
    const double n_sm = machine.multiprocessors;
    const double f = machine.cycles;
    const double flops = 2.0 * s.m * s.n * s.k;
    const double mma =
        granule_cycles(machine, matrix_efficiency) * (1.0 + power_slowdown * flops / (flops + power_onset * 1e12));
    const double x = ceiling(s.m / 64.0) * ceiling(s.n / 64.0) / n_sm;
    const double wide = x / 8.0;
    const double w =
        x + wave_tail * (ceiling(x) - x) + wide_wave_tail * 8.0 * larger(ceiling(wide) - larger(wide, 1.0), 0.0);
    double cycles = larger(chain, larger(operand_feed * square_root(w), mma * w));
    if (s.m > 64.0) {
      cycles *= 1.0 + partial_tile_loss * (ceiling(s.m / 128.0) * 128.0 - s.m) / 128.0;
      if (x > 4.0 && x <= 8.0) cycles *= wide_wave_loss;
    }
    if (spills(s.m, s.n, n_sm)) cycles *= spill_loss;
    const double compute = s.k / (16.0 * f) * cycles + granule_overhead / f * larger(w, 1.0);
    const double memory =
        s.bytes / (memory_efficiency * machine.bandwidth) * (1.0 + idle_bandwidth_loss * larger(1.0 - x, 0.0));
    const bool odd_k = ceiling(s.k / 1024.0) * 1024.0 > s.k;
    const double quantise =
        square_root(square(quantise_row * s.m / n_sm) + square(quantise_traffic * s.m * s.k / machine.bandwidth *
                                                               (odd_k ? 1.0 + quantise_odd_k : 1.0)));
    const double overhead = launch + pipeline_fill * smaller(s.k / 2048.0, 1.0) + quantise;
    return {overhead + overlapped(compute, memory), compute, memory, overhead};
  }

 private:
  /// Whether the tuner takes one wave of 128 × 192 or 128 × 256 tiles because everything fits in it.
  static constexpr bool spills(double m, double n, double n_sm) noexcept {
    if (!(m > 192.0)) return false;
    const double rows = ceiling(m / 128.0);
    if (!(rows * ceiling(n / 160.0) > n_sm)) return false;
    const double tiles = rows * ceiling(n / 192.0);
    const double used = tiles <= n_sm ? tiles : rows * ceiling(n / 256.0);
    if (used > n_sm) return false;
    const double tall = ceiling(m / 256.0);
    const double columns = larger(whole_part(n_sm / tall), 1.0);
    const double tile_n = 16.0 * ceiling(n / (16.0 * columns));
    if (tile_n > 128.0) return false;
    const double alternative = tall * ceiling(n / tile_n);
    return alternative <= n_sm && used >= 0.91 * alternative;
  }
};

/// DeepGEMM with 128 × 128 block scales, the product alone, in 64 × 128 granules. Never decreases in m, n or k.
struct DeepGemmMatmul {
  using Shape = MatmulShape;
  static constexpr std::string_view form = "deepgemm_matmul";

  double matrix_efficiency = 0.9;
  double memory_efficiency = 0.65;
  double launch = 3.8;
  double wave_tail = 0.1;
  double chain = 21.0;
  double operand_feed = 0.0;
  double granule_overhead = 600.0;

  static constexpr std::array<Factor<DeepGemmMatmul>, 7> factors() noexcept {
    using K = DeepGemmMatmul;
    return {{{"matrix_efficiency", "1", "share of the tensor cores' peak inside the main loop",
              &K::matrix_efficiency, 0.3, 1.0, 0.9},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.3, 1.0, 0.65},
             {"launch", "us", "launch, ramp and drain", &K::launch, 0.5, 8.0, 3.8},
             {"wave_tail", "1", "share of a wave's empty places that costs time", &K::wave_tail, 0.0, 1.0, 0.1},
             {"chain", "cycles", "dependent chain of a k16 step", &K::chain, 1.0, 100.0, 21.0},
             {"operand_feed", "cycles", "feeding a granule's operands from L2, per k16 step", &K::operand_feed, 0.0,
              100.0, 0.0},
             {"granule_overhead", "cycles", "prologue and epilogue of a granule", &K::granule_overhead, 0.0, 5000.0,
              600.0}}};
  }

  KernelTime time(const MatmulShape& s, const Machine& machine) const noexcept {
    const double f = machine.cycles;
    const double mma = granule_cycles(machine, matrix_efficiency);
    const double x = ceiling(s.m / 64.0) * ceiling(s.n / 128.0) / machine.multiprocessors;
    const double w = x + wave_tail * (ceiling(x) - x);
    const double cycles = larger(larger(chain, operand_feed * square_root(2.0 * w)), 2.0 * mma * w);
    const double compute = s.k / (16.0 * f) * cycles + granule_overhead / f * w;
    const double memory = s.bytes / (memory_efficiency * machine.bandwidth);
    return {launch + overlapped(compute, memory), compute, memory, launch};
  }
};

}  // namespace opcost::kernel
