// SPDX-License-Identifier: Apache-2.0
//
// Models of attention kernels. Docstrings use b sequences, q new and c context tokens, G query heads a KV head, D head
// dimension, W window, N multiprocessors, f clock, P peak and B bandwidth. Derived and checked like the matrix
// products; see docs/accuracy.md.
#pragma once

#include <array>

#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

namespace detail {

/// FlashAttention-3's key tile on Hopper by head dimension, mask and cache type (its public tile tables).
constexpr double key_tile(const AttentionShape& s, bool windowed) noexcept {
  const double d = s.head_dimension;
  if (s.fp8_cache()) {
    if (d <= 64.0) return 128.0;
    if (d <= 192.0) return windowed ? 160.0 : 96.0;
    return windowed ? 64.0 : 128.0;
  }
  if (d <= 128.0) return 128.0;
  if (d <= 192.0) return 96.0;
  return windowed ? 64.0 : 80.0;
}

/// Doublings of the head dimension over 64; none below.
inline double head_doublings(double head_dimension) noexcept {
  return head_dimension <= 64.0 ? 0.0 : binary_logarithm(head_dimension / 64.0);
}

/// How FlashAttention-3 splits the keys of x < 0.8 tiles a multiprocessor: into the fewest parts that nearly fill
/// their rounds, at most 128 or one a block.
struct KeySplit {
  double rounds;
  double splits;

  static constexpr KeySplit of(double x, double blocks) noexcept {
    const double rounds = x <= 0.5 ? 1.0 : ceiling(x / (1.0 - x));
    return {rounds, smaller(smaller(x <= 0.5 ? whole_part(1.0 / x) : rounds + 1.0, 128.0), blocks)};
  }
};

/// Storing new keys and values: they are read in 16 bits and written in the cache's.
constexpr double cache_write_time(const AttentionShape& s, double efficiency, const Machine& machine) noexcept {
  return s.cache_write * (2.0 + s.kv_bytes) / s.kv_bytes / (efficiency * machine.bandwidth);
}

}  // namespace detail

/// FlashAttention-3, one new token a sequence. Each KV head of each sequence is a row tile of 128 queries; where
/// these are fewer than multiprocessors, the keys are split over up to 32 of them and combined.
struct FlashAttentionDecode {
  using Shape = AttentionShape;
  static constexpr std::string_view form = "flash_attention_decode";

  double launch = 8.5;
  double launch_per_head_doubling = 1.2;
  double round_latency = 2.3;
  double round_latency_per_head_doubling = 0.7;
  double combine = 1.4;
  double combine_per_split = 0.07;
  double memory_efficiency = 0.95;
  double l2_bytes_per_cycle = 30.0;
  double l2_share = 0.75;
  double matrix_efficiency = 0.85;
  double memory_ramp = 4.0;
  double per_sequence = 0.02;
  double window_first = 3.0;
  double window_round = 2.0;
  double conversion = 0.034;
  double conversion_growth = 0.1;
  double windowed_launch = 0.0;
  double head_192_launch = 0.0;
  double cache_write_efficiency = 0.1;
  double cache_write_launch = 2.0;

  static constexpr std::array<Factor<FlashAttentionDecode>, 20> factors() noexcept {
    using K = FlashAttentionDecode;
    return {
        {{"launch", "us", "launch, ramp and drain at head dimension 64", &K::launch, 2.0, 20.0, 8.5},
         {"launch_per_head_doubling", "us", "its growth per doubling of the head dimension",
          &K::launch_per_head_doubling, 0.0, 4.0, 1.2},
         {"round_latency", "us", "latency chain of a round of tiles", &K::round_latency, 0.2, 10.0, 2.3},
         {"round_latency_per_head_doubling", "us", "its growth per doubling of the head dimension",
          &K::round_latency_per_head_doubling, 0.0, 3.0, 0.7},
         {"combine", "us", "combining split keys", &K::combine, 0.0, 8.0, 1.4},
         {"combine_per_split", "us", "its growth per split", &K::combine_per_split, 0.0, 2.0, 0.07},
         {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.1, 1.0, 0.95},
         {"l2_bytes_per_cycle", "B", "bytes that a multiprocessor reads from L2 in a cycle, warm replay",
          &K::l2_bytes_per_cycle, 6.0, 64.0, 30.0},
         {"l2_share", "1", "share of L2 that a warm replay finds its data in", &K::l2_share, 0.3, 1.0, 0.75},
         {"matrix_efficiency", "1", "share of the tensor cores' peak with 128 padded rows, 16-bit cache",
          &K::matrix_efficiency, 0.02, 1.0, 0.85},
         {"memory_ramp", "us", "ramp of device memory once the cache is missed", &K::memory_ramp, 0.0, 10.0, 4.0},
         {"per_sequence", "us", "scheduler metadata of a sequence, up to 512", &K::per_sequence, 0.0, 0.1, 0.02},
         {"window_first", "us", "masking the first tile of a window, at head dimension 64", &K::window_first, 0.0,
          10.0, 3.0},
         {"window_round", "us", "masking each further round, at head dimension 64", &K::window_round, 0.0, 10.0,
          2.0},
         {"conversion", "ns", "converting a cached fp8 key, per unit of head dimension", &K::conversion, 0.0, 2.0,
          0.034},
         {"conversion_growth", "ns", "its growth with (head dimension / 256) squared", &K::conversion_growth, 0.0,
          3.0, 0.1},
         {"windowed_launch", "us", "extra launch of the windowed path", &K::windowed_launch, -2.0, 20.0, 0.0},
         {"head_192_launch", "us", "extra launch of the path for head dimension 192", &K::head_192_launch, -5.0,
          20.0, 0.0},
         {"cache_write_efficiency", "1", "share of the memory bandwidth in storing new keys and values",
          &K::cache_write_efficiency, 0.02, 1.0, 0.1},
         {"cache_write_launch", "us", "launch of that store", &K::cache_write_launch, 0.0, 5.0, 2.0, false}}};
  }

  KernelTime time(const AttentionShape& s, const Machine& machine) const noexcept {
    const double n_sm = machine.multiprocessors;
    const double d = s.head_dimension;
    const double doublings = detail::head_doublings(d);
    const double tile = detail::key_tile(s, false);
    const double tiles = s.sequences * s.kv_heads;
    const double blocks = ceiling(s.visible_keys / tile);
    const double group_rows = s.query_tokens * s.query_heads / s.kv_heads;
    const double per_key =
        s.fp8_cache() ? d * (conversion + conversion_growth * square(d / 256.0)) * 1e-3
                      : 512.0 * ceiling(group_rows / 128.0) * d * n_sm / (matrix_efficiency * machine.peak);
    const double x = tiles / n_sm;
    const double rounds = ceiling(x);
    const double splits = smaller(larger(smaller(1.0 / x, 32.0), 1.0), blocks);
    const double further_blocks = larger(
        larger(x * (blocks - 1.0), smaller(tiles * blocks / smaller(n_sm, 32.0 * tiles) - 1.0, blocks - 1.0)), 0.0);
    const double mask_scale = s.windowed() ? 64.0 / d : 0.0;
    const double compute =
        (rounds - 1.0) * (round_latency + round_latency_per_head_doubling * doublings + window_round * mask_scale) +
        window_first * mask_scale + further_blocks * tile * per_key;
    const double miss = l2_miss(s.cold, fourth(fourth(s.read_and_written / (l2_share * machine.l2_bytes))));
    const double memory = traffic_time(s.read_and_written, miss, memory_efficiency * machine.bandwidth,
                                       l2_bytes_per_cycle * n_sm * machine.cycles);
    double overhead = launch + launch_per_head_doubling * doublings + memory_ramp * miss +
                      per_sequence * smaller(s.sequences, 512.0) + combine_per_split * (splits - 1.0);
    if (blocks > 1.0) overhead += combine;
    if (s.window > 0.0) overhead += windowed_launch;
    if (d == 192.0) overhead += head_192_launch;
    if (s.cache_write > 0.0) {
      overhead += cache_write_launch + detail::cache_write_time(s, cache_write_efficiency, machine);
    }
    return {overhead + cube_root(cube(compute) + cube(memory)), compute, memory, overhead};
  }
};

/// FlashAttention-3, several new tokens a sequence: query tiles of 128 rows (192 at head dimension 64) with grouped
/// heads packed, each over the key blocks that its mask leaves; causal rows are unequal, which the last wave shows.
struct FlashAttentionPrefill {
  using Shape = AttentionShape;
  static constexpr std::string_view form = "flash_attention_prefill";

  double launch = 9.5;
  double launch_per_head_doubling = 0.3;
  double matrix_efficiency = 0.9;
  double softmax = 0.9;
  double round_latency = 3.5;
  double row_bytes_per_cycle = 20.0;
  double packed_saving = 0.5;
  double many_tokens = 0.7;
  double imbalance = 0.7;
  double combine = 5.0;
  double window_edge = 0.2;
  double memory_efficiency = 0.7;
  double l2_bytes_per_cycle = 20.0;
  double conversion = 0.01;
  double conversion_growth = 0.08;
  double windowed_launch = 0.0;
  double head_192_launch = 0.0;
  double cache_write_efficiency = 0.6;
  double cache_write_token = 3.0;
  double cache_write_launch = 2.0;

  static constexpr std::array<Factor<FlashAttentionPrefill>, 20> factors() noexcept {
    using K = FlashAttentionPrefill;
    return {
        {{"launch", "us", "launch, ramp and drain at head dimension 64", &K::launch, 2.0, 40.0, 9.5},
         {"launch_per_head_doubling", "us", "its growth per doubling of the head dimension",
          &K::launch_per_head_doubling, -1.0, 6.0, 0.3},
         {"matrix_efficiency", "1", "share of the tensor cores' peak inside a block", &K::matrix_efficiency, 0.05,
          1.0, 0.9},
         {"softmax", "1", "exponentials over the special-function units' 16 a cycle", &K::softmax, 0.1, 20.0, 0.9},
         {"round_latency", "us", "latency chain of a round of tiles", &K::round_latency, 0.3, 12.0, 3.5},
         {"row_bytes_per_cycle", "B", "bytes of Q and output that a multiprocessor moves in a cycle",
          &K::row_bytes_per_cycle, 1.5, 110.0, 20.0},
         {"packed_saving", "us", "saved a round where packed groups divide the tile", &K::packed_saving, -1.0, 3.0,
          0.5},
         {"many_tokens", "us", "extra a round with more than one token", &K::many_tokens, 0.0, 5.0, 0.7},
         {"imbalance", "1", "share of the longest causal tile exposed at the end", &K::imbalance, 0.0, 1.5, 0.7},
         {"combine", "us", "combining split keys", &K::combine, 0.0, 15.0, 5.0},
         {"window_edge", "1", "masked edge blocks saved (+) or added (-) by a windowed tile", &K::window_edge, -4.0,
          2.0, 0.2},
         {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.3, 1.0, 0.7},
         {"l2_bytes_per_cycle", "B", "bytes that a multiprocessor reads from L2 in a cycle, warm replay",
          &K::l2_bytes_per_cycle, 6.0, 64.0, 20.0},
         {"conversion", "ns", "transposing a cached fp8 value, per unit of head dimension", &K::conversion, 0.0,
          0.5, 0.01},
         {"conversion_growth", "ns", "its growth with (head dimension / 256) squared", &K::conversion_growth, 0.0,
          1.0, 0.08},
         {"windowed_launch", "us", "extra launch of the windowed path", &K::windowed_launch, -2.0, 20.0, 0.0},
         {"head_192_launch", "us", "extra launch of the path for head dimension 192", &K::head_192_launch, -5.0,
          20.0, 0.0},
         {"cache_write_efficiency", "1", "share of the memory bandwidth in storing new keys and values",
          &K::cache_write_efficiency, 0.1, 1.0, 0.6},
         {"cache_write_token", "us", "storing 512 elements of 2048 tokens on one multiprocessor",
          &K::cache_write_token, 0.0, 20.0, 3.0},
         {"cache_write_launch", "us", "launch of that store", &K::cache_write_launch, 0.0, 5.0, 2.0, false}}};
  }

  KernelTime time(const AttentionShape& s, const Machine& machine) const noexcept {
    const double n_sm = machine.multiprocessors;
    const double f = machine.cycles;
    const double d = s.head_dimension;
    const double q = s.query_tokens;
    const double group = s.query_heads / s.kv_heads;
    const bool windowed = s.windowed();
    const double tile_q = d <= 64.0 ? 192.0 : 128.0;
    const double tile_k = detail::key_tile(s, s.window > 0.0);
    const double row_tiles = ceiling(q * group / tile_q);
    const double tiles = s.sequences * s.kv_heads * row_tiles;
    const double rows = q * group / row_tiles;
    const double tile_tokens = larger(smaller(tile_q / group, q), tile_k);
    const double x = tiles / n_sm;
    const double rounds = ceiling(x);

    // key blocks of a tile: on average, from the keys that a query sees plus the tile's own slant; and at most
    const double reach = windowed ? s.window : s.context_tokens;
    const double seen = s.pairs / q;
    const double blocks = larger(1.0, (seen + tile_tokens * seen / reach) / tile_k);
    const double most_blocks = ceiling(smaller(windowed ? reach + tile_tokens : reach, s.context_tokens) / tile_k);
    const double peak = s.fp8_cache() ? machine.fp8_peak : machine.peak;
    double block_time = tile_q * tile_k * (4.0 * d * n_sm / (matrix_efficiency * peak) + softmax / (16.0 * f));
    if (s.fp8_cache()) block_time += tile_k * d * (conversion + conversion_growth * square(d / 256.0)) * 1e-3;
    const bool packed = group == 4.0 || group == 8.0 || group == 16.0;
    const double round_time = round_latency + rows * d * (2.0 + s.kv_bytes) / (row_bytes_per_cycle * f) -
                              (packed ? packed_saving : 0.0) + (q > 1.0 ? many_tokens : 0.0);
    double block_count = larger(
        x * blocks + imbalance * most_blocks * larger(0.0, 1.0 - row_tiles * s.kv_heads / n_sm), most_blocks);
    const bool split = tiles < 0.8 * n_sm && most_blocks > 4.0;
    if (split) {
      block_count = tiles > 0.5 * n_sm ? most_blocks * x : most_blocks / larger(whole_part(n_sm / tiles), 1.0);
    }
    const double compute =
        larger(rounds * round_time - round_latency +
                   larger(block_count - rounds * (1.0 + (windowed ? window_edge : 0.0)), 0.0) * block_time,
               0.0);
    const double miss = l2_miss(s.cold, fourth(s.read_and_written / (0.7 * machine.l2_bytes)));
    const double memory = traffic_time(s.read_and_written, miss, memory_efficiency * machine.bandwidth,
                                       l2_bytes_per_cycle * n_sm * f);
    double overhead = launch + launch_per_head_doubling * detail::head_doublings(d);
    if (split) overhead += combine;
    if (s.window > 0.0) overhead += windowed_launch;
    if (d == 192.0) overhead += head_192_launch;
    if (s.cache_write > 0.0) {
      const double tokens = s.sequences * q;
      const double traffic = detail::cache_write_time(s, cache_write_efficiency, machine);
      const double lanes = tokens * smaller(s.kv_heads * d, 512.0) / (2048.0 * n_sm) * cache_write_token;
      overhead += cache_write_launch + cube_root(cube(traffic) + cube(lanes));
    }
    return {overhead + larger(compute, memory), compute, memory, overhead};
  }
};

/// FlashInfer, one new token a sequence. Up to 4 query heads a KV head it computes on the vector units; above, on
/// tensor cores with the rows padded to 16, where idle warps up to 64 rows cost half their time.
struct FlashInferDecode {
  using Shape = AttentionShape;
  static constexpr std::string_view form = "flashinfer_decode";

  double launch = 22.0;
  double vector_launch = 10.0;
  double matrix_efficiency = 0.6;
  double vector_efficiency = 0.5;
  double memory_efficiency = 0.95;

  static constexpr std::array<Factor<FlashInferDecode>, 5> factors() noexcept {
    using K = FlashInferDecode;
    return {{{"launch", "us", "launch, ramp and drain of the tensor-core kernel", &K::launch, 5.0, 40.0, 22.0},
             {"vector_launch", "us", "the same of the vector kernel", &K::vector_launch, 3.0, 40.0, 10.0},
             {"matrix_efficiency", "1", "share of the tensor cores' peak, padded rows counted",
              &K::matrix_efficiency, 0.1, 1.0, 0.6},
             {"vector_efficiency", "1", "share of the vector units' peak", &K::vector_efficiency, 0.1, 1.0, 0.5},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.4, 0.97, 0.95}}};
  }

  KernelTime time(const AttentionShape& s, const Machine& machine) const noexcept {
    const double rows = s.query_tokens * s.query_heads / s.kv_heads;
    const bool on_vector_units = rows <= 4.0 && machine.vector_peak > 0.0;
    const double padded = 16.0 * ceiling(rows / 16.0);
    const double charged = rows <= 16.0 ? 16.0 : padded + 0.5 * (64.0 * ceiling(rows / 64.0) - padded);
    const double compute = on_vector_units ? s.flops / (vector_efficiency * machine.vector_peak)
                                           : 4.0 * s.sequences * s.kv_heads * charged * s.visible_keys *
                                                 s.head_dimension / (matrix_efficiency * machine.peak);
    const double overhead = on_vector_units ? vector_launch : launch;
    double memory = s.read_and_written / (memory_efficiency * machine.bandwidth);
    memory += s.cache_write / (memory_efficiency * machine.bandwidth);
    return {overhead + square_root(square(compute) + square(memory)), compute, memory, overhead};
  }
};

}  // namespace opcost::kernel
