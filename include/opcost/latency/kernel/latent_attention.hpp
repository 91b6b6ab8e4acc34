// SPDX-License-Identifier: Apache-2.0
//
// A model of multi-head latent attention (DeepSeek-V2, arXiv 2405.04434) in its absorbed form: every query head
// of a rank reads the one cached latent vector of a token, as key (latent and rotary part) and as value (latent
// part). The shape is an AttentionShape with kv_heads 1 and head_dimension 544, the mean of 576 and 512.
#pragma once

#include <array>

#include "opcost/latency/kernel/attention.hpp"
#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

/// Row tiles of 64 queries (heads of a token are packed) over key blocks of 64, a tile on a multiprocessor. With N
/// multiprocessors, D the head dimension, tiles = sequences · ⌈query tokens · heads / 64⌉ and rounds = ⌈tiles / N⌉:
///
///   block    the longer of its matrix products, 64 · 64 · 4 · D FLOP, and of its feed from L2, 64 · 2 · D bytes
///   compute  (rounds − 1) · round latency + (blocks − rounds) · block; causal tiles are unequal, which shows at
///            the end; fewer than 0.8 N tiles may split their keys instead, and combine
///   memory   cache, queries and output, from device memory or, in a warm replay, from L2
///
/// One set of factors serves decode and prefill, and carries over by the data sheet: where the tensor cores are
/// slow (H20) the products bind, elsewhere the feed does; on one accelerator alone the two cannot be told apart.
/// Never decreases in the sequences, heads, cached tokens or, after the same cached tokens, new ones.
struct LatentAttention {
  static constexpr std::string_view form = "latent_attention";
  using Shape = AttentionShape;

  double launch = 12.4;
  double round_latency = 7.1;
  double row_bytes_per_cycle = 47.0;
  double matrix_efficiency = 0.9;
  double feed_bytes_per_cycle = 24.0;
  double imbalance = 0.9;
  double combine = 4.6;
  double combine_bytes_per_cycle = 24.0;
  double memory_efficiency = 0.95;
  double l2_bytes_per_cycle = 17.0;
  double l2_share = 0.9;
  double memory_ramp = 10.0;
  double conversion_launch = 5.0;
  double conversion_bytes = 11.3;

  static constexpr std::array<Factor<LatentAttention>, 14> factors() noexcept {
    using K = LatentAttention;
    return {
        {{"launch", "us", "launch, ramp and drain", &K::launch, 4.0, 40.0, 12.4},
         {"round_latency", "us", "latency chain of a round of tiles", &K::round_latency, 0.5, 15.0, 7.1},
         {"row_bytes_per_cycle", "B", "bytes of Q and output that a multiprocessor moves in a cycle",
          &K::row_bytes_per_cycle, 5.0, 200.0, 47.0},
         {"matrix_efficiency", "1", "share of the tensor cores' peak inside a block", &K::matrix_efficiency, 0.3,
          1.0, 0.9, false},
         {"feed_bytes_per_cycle", "B", "bytes of keys that a multiprocessor takes from L2 in a cycle",
          &K::feed_bytes_per_cycle, 8.0, 80.0, 24.0},
         {"imbalance", "1", "share of the longest causal tile exposed at the end", &K::imbalance, 0.0, 0.9, 0.9},
         {"combine", "us", "combining split keys", &K::combine, 0.0, 20.0, 4.6},
         {"combine_bytes_per_cycle", "B", "bytes of partial outputs that a multiprocessor moves in a cycle",
          &K::combine_bytes_per_cycle, 4.0, 80.0, 24.0},
         {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.3, 1.0, 0.95},
         {"l2_bytes_per_cycle", "B", "bytes that a multiprocessor reads from L2 in a cycle, warm replay",
          &K::l2_bytes_per_cycle, 6.0, 80.0, 17.0},
         {"l2_share", "1", "share of L2 that a warm replay finds its data in", &K::l2_share, 0.3, 1.2, 0.9},
         {"memory_ramp", "us", "ramp of device memory once the cache is missed", &K::memory_ramp, 0.0, 15.0, 10.0},
         {"conversion_launch", "us", "launching the conversion of an fp8 cache", &K::conversion_launch, 0.0, 20.0,
          5.0},
         {"conversion_bytes", "B", "device-memory traffic of that conversion, per cached element",
          &K::conversion_bytes, 0.0, 30.0, 11.3}}};
  }

  KernelTime time(const AttentionShape& s, const Machine& machine) const noexcept {
    const double n_sm = machine.multiprocessors;
    const double f = machine.cycles;
    const double d = s.head_dimension;
    const double group = s.query_heads / s.kv_heads;
    const double row_tiles = ceiling(s.query_tokens * group / 64.0);
    const double rows = smaller(s.query_tokens * group, 64.0);
    const double tiles = s.sequences * s.kv_heads * row_tiles;
    const double x = tiles / n_sm;
    const double rounds = ceiling(x);

    const double most_blocks = ceiling(s.visible_keys / 64.0);
    const double tile_tokens = larger(s.query_tokens / row_tiles, 1.0);
    const double seen = s.pairs / s.query_tokens;
    const double blocks = smaller(larger(1.0, (seen + 0.5 * (tile_tokens - 1.0)) / 64.0), most_blocks);
    const double products = 64.0 * 64.0 * 4.0 * d * n_sm / (matrix_efficiency * machine.peak);
    const double feed = 64.0 * 2.0 * d / (feed_bytes_per_cycle * f);
    const double block_time = cube_root(cube(products) + cube(feed));
    const double round_time = round_latency + 4.0 * rows * d / (row_bytes_per_cycle * f);
    const double block_count =
        smaller(rounds * most_blocks,
                larger(x * blocks + imbalance * most_blocks * larger(0.0, 1.0 - row_tiles * s.kv_heads / n_sm),
                       most_blocks));
    double compute = (rounds - 1.0) * round_time + larger(block_count - rounds, 0.0) * block_time;
    if (x < 0.8) {
      const auto keys = detail::KeySplit::of(x, most_blocks);
      const double partial_tiles = smaller(tiles * smaller(most_blocks, 128.0), keys.rounds * n_sm);
      const double split = (keys.rounds - 1.0) * round_time +
                           keys.rounds * larger(most_blocks / keys.splits - 1.0, 0.0) * block_time + combine +
                           partial_tiles * rows * 8.0 * d / (combine_bytes_per_cycle * n_sm * f);
      compute = smaller(compute, split);
    }

    const double miss = l2_miss(s.cold, fourth(s.read_and_written / (l2_share * machine.l2_bytes)));
    const double memory = traffic_time(s.read_and_written, miss, memory_efficiency, l2_bytes_per_cycle, machine);
    double overhead = launch + memory_ramp * miss;
    if (s.fp8_cache()) {
      overhead +=
          conversion_launch + s.sequences * s.visible_keys * s.kv_heads * d * conversion_bytes / machine.bandwidth;
    }
    return {overhead + cube_root(cube(compute) + cube(memory)), compute, memory, overhead};
  }
};

}  // namespace opcost::kernel
