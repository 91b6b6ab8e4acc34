// SPDX-License-Identifier: Apache-2.0
//
// A model of the short causal convolution in front of a recurrence (Mamba's causal_conv1d, arXiv 2312.00752).
#pragma once

#include <array>
#include <string_view>

#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

/// A uniform batch of a convolution over the last tokens of each channel.
struct ConvolutionShape {
  static constexpr ShapeKind kind = ShapeKind::convolution;
  static constexpr std::array<std::string_view, 4> dimension_names{"sequences", "query_tokens", "channels",
                                                                   "width"};

  double sequences = 1.0;
  double query_tokens = 1.0;
  double channels = 1.0;          ///< Those of q, k and v, or of x, B and C.
  double width = 4.0;             ///< The state is one token shorter.
  double activation_bytes = 2.0;  ///< Of one element of input, output and state.
  bool keeps_states = false;      ///< Verification: the state after every token is written, not only the last.
  bool cold = true;               ///< Activations are in device memory, not in L2.

  constexpr std::array<double, 4> dimensions() const noexcept { return {sequences, query_tokens, channels, width}; }
  constexpr double states() const noexcept { return keeps_states ? query_tokens : 1.0; }
};

/// Short causal convolution per channel, prefill or update: reads and writes every token and its state once. The
/// first 8 tokens of a sequence are a chain; kernels that give each row of a sequence and channel a thread block
/// also take its latency: T = launch + chain + overlapped(row blocks, memory). Never decreases in any dimension,
/// except that rows below 8 tokens may take longer (`short_row`): they are loaded element by element.
struct ShortConvolution {
  static constexpr std::string_view form = "short_convolution";
  using Shape = ConvolutionShape;

  double launch = 2.1;
  double chain = 1.4;
  double row_cycles = 0.0;
  double short_row = 1.0;
  double memory_efficiency = 0.7;
  double l2_bytes_per_cycle = 18.0;
  double l2_share = 0.5;

  static constexpr std::array<Factor<ShortConvolution>, 7> factors() noexcept {
    using K = ShortConvolution;
    return {{{"launch", "us", "launches, ramp and drain", &K::launch, 0.5, 20.0, 2.1},
             {"chain", "us", "latency chain of the first 8 tokens", &K::chain, 0.0, 20.0, 1.4},
             {"row_cycles", "1", "cycles of a multiprocessor for the block of one sequence and channel",
              &K::row_cycles, 0.0, 1000.0, 0.0},
             {"short_row", "1", "factor on them below 8 tokens", &K::short_row, 1.0, 2.0, 1.0},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.2, 1.0, 0.7},
             {"l2_bytes_per_cycle", "B", "bytes that a multiprocessor moves from and to L2 in a cycle, warm replay",
              &K::l2_bytes_per_cycle, 4.0, 80.0, 18.0},
             {"l2_share", "1", "share of L2 that a warm replay finds its data in", &K::l2_share, 0.2, 1.5, 0.5}}};
  }

  KernelTime time(const ConvolutionShape& s, const Machine& machine) const noexcept {
    const double token = s.sequences * s.channels * s.activation_bytes;
    const double state = token * (s.width - 1.0);
    const double bytes = 2.0 * token * s.query_tokens + state * (1.0 + s.states());
    const double footprint = 2.0 * token * s.query_tokens + state * s.states();
    const double miss = l2_miss(s.cold, fourth(footprint / (l2_share * machine.l2_bytes)));
    const double memory = traffic_time(bytes, miss, memory_efficiency, l2_bytes_per_cycle, machine);
    const double compute = s.sequences * s.channels * row_cycles * (s.query_tokens < 8.0 ? short_row : 1.0) /
                           (machine.multiprocessors * machine.cycles);
    const double overhead = launch + chain * smaller(s.query_tokens - 1.0, 7.0) / 7.0;
    return {overhead + overlapped(compute, memory), compute, memory, overhead};
  }
};

}  // namespace opcost::kernel
