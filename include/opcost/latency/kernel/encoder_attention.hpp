// SPDX-License-Identifier: Apache-2.0
//
// A model of bidirectional attention, as vision encoders have it: every token sees every other of its image.
#pragma once

#include <array>

#include "opcost/latency/kernel/attention.hpp"
#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

namespace detail {

/// The head dimension that FlashAttention-3 computes with: the next one that it has a kernel for.
constexpr double padded_head_dimension(double d) noexcept {
  if (d <= 64.0) return 64.0;
  if (d <= 96.0) return 96.0;
  if (d <= 128.0) return 128.0;
  return d <= 192.0 ? 192.0 : 256.0;
}

}  // namespace detail

/// FlashAttention-3 without a mask. Query tiles of 128 rows (192 up to head dimension 96) of one head, each over
/// all key blocks of 128; tiles are equal, so the idle end of the last round shows; fewer than 0.8 N tiles may
/// split their keys instead, and combine. Heads of a group are not packed. Never decreases in sequences, heads or
/// tokens; nor in the head dimension, apart from the smaller tiles above 96.
struct FlashAttentionEncoder {
  static constexpr std::string_view form = "flash_attention_encoder";
  using Shape = AttentionShape;

  double launch = 8.8;
  double wide_launch = 2.0;
  double matrix_efficiency = 0.95;
  double softmax = 0.8;
  double round_latency = 5.0;
  double short_round = 0.5;
  double row_bytes_per_cycle = 16.0;
  double tail = 0.77;
  double combine = 8.0;
  double memory_efficiency = 0.75;
  double l2_bytes_per_cycle = 19.0;

  static constexpr std::array<Factor<FlashAttentionEncoder>, 11> factors() noexcept {
    using K = FlashAttentionEncoder;
    return {
        {{"launch", "us", "launch, ramp and drain", &K::launch, 2.0, 20.0, 8.8},
         {"wide_launch", "us", "more of it above head dimension 64", &K::wide_launch, 0.0, 8.0, 2.0},
         {"matrix_efficiency", "1", "share of the tensor cores' peak inside a block", &K::matrix_efficiency, 0.3,
          1.0, 0.95},
         {"softmax", "1", "exponentials over the special-function units' 16 a cycle", &K::softmax, 0.1, 4.0, 0.8},
         {"round_latency", "us", "latency chain of a round of tiles", &K::round_latency, 0.2, 12.0, 5.0},
         {"short_round", "1", "share of it where tiles of at most 64 rows run together", &K::short_round, 0.2, 1.0,
          0.5},
         {"row_bytes_per_cycle", "B", "bytes of Q and output that a multiprocessor moves in a cycle",
          &K::row_bytes_per_cycle, 1.5, 110.0, 16.0},
         {"tail", "1", "share of the idle end of the last round that shows", &K::tail, 0.0, 1.0, 0.77},
         {"combine", "us", "combining split keys", &K::combine, 0.0, 15.0, 8.0},
         {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.2, 1.0, 0.75},
         {"l2_bytes_per_cycle", "B", "bytes that a multiprocessor reads from L2 in a cycle, warm replay",
          &K::l2_bytes_per_cycle, 4.0, 80.0, 19.0}}};
  }

  KernelTime time(const AttentionShape& s, const Machine& machine) const noexcept {
    const double n_sm = machine.multiprocessors;
    const double f = machine.cycles;
    const double padded = detail::padded_head_dimension(s.head_dimension);
    const double tile_rows = padded <= 96.0 ? 192.0 : 128.0;
    const double tiles = s.sequences * s.query_heads * ceiling(s.query_tokens / tile_rows);
    const double x = tiles / n_sm;
    const double rounds = ceiling(x);
    const double blocks = larger(s.visible_keys / 128.0, 1.0);
    const double block_time =
        tile_rows * 128.0 * (4.0 * padded * n_sm / (matrix_efficiency * machine.peak) + softmax / (16.0 * f));
    const double row_time = smaller(s.query_tokens, tile_rows) * 4.0 * s.head_dimension / (row_bytes_per_cycle * f);
    const double together = s.head_dimension <= 64.0 && s.query_tokens <= 64.0 ? short_round : 1.0;
    double compute = together * ((rounds - 1.0) * (round_latency + row_time) + row_time) +
                     larger(larger(x + tail * (rounds - x), 1.0) * blocks - rounds, 0.0) * block_time;
    if (x < 0.8) {
      const auto keys = detail::KeySplit::of(x, blocks);
      const double split = (keys.rounds - 1.0) * (round_latency + row_time) + row_time +
                           keys.rounds * (blocks / keys.splits - 1.0) * block_time + combine;
      compute = smaller(compute, split);
    }
    const double miss = l2_miss(s.cold, fourth(s.read_and_written / (0.7 * machine.l2_bytes)));
    const double memory = traffic_time(s.read_and_written, miss, memory_efficiency, l2_bytes_per_cycle, machine);
    const double overhead = launch + (s.head_dimension > 64.0 ? wide_launch : 0.0);
    return {overhead + overlapped(compute, memory), compute, memory, overhead};
  }
};

}  // namespace opcost::kernel
