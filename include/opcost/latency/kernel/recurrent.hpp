// SPDX-License-Identifier: Apache-2.0
//
// Models of the recurrence of linear-attention layers: gated delta net (arXiv 2412.06464) and Kimi delta attention
// (arXiv 2510.26692), chunked in prefill, updated by a token or a few in decode.
#pragma once

#include <array>
#include <string_view>

#include "opcost/latency/kernel/kernel.hpp"

namespace opcost::kernel {

/// A uniform batch of a recurrence over matrix states, one of key dimension × value dimension per value head.
struct RecurrentShape {
  static constexpr ShapeKind kind = ShapeKind::recurrence;
  static constexpr std::array<std::string_view, 6> dimension_names{
      "sequences", "query_tokens", "key_heads", "key_dimension", "value_heads", "value_dimension"};

  double sequences = 1.0;
  double query_tokens = 1.0;
  double key_heads = 1.0;
  double key_dimension = 128.0;
  double value_heads = 1.0;
  double value_dimension = 128.0;
  double chunk = 64.0;            ///< Tokens of a chunk in prefill.
  double state_bytes = 4.0;       ///< Of one element of the state.
  double activation_bytes = 2.0;  ///< Of one element of q, k, v and the output.
  bool keeps_states = false;      ///< Verification: the state after every token is written, not only the last.
  bool cold = true;               ///< State and activations are in device memory, not in L2.

  constexpr std::array<double, 6> dimensions() const noexcept {
    return {sequences, query_tokens, key_heads, key_dimension, value_heads, value_dimension};
  }
  constexpr double states() const noexcept { return keeps_states ? query_tokens : 1.0; }
  /// Bytes of one state of every sequence.
  constexpr double state() const noexcept {
    return sequences * value_heads * key_dimension * value_dimension * state_bytes;
  }
};

/// Recurrent update by one token (decode) or a few (verification): the state is read once and written once, or
/// after every token, in place; tokens follow each other. T = launch + overlapped(chain of tokens, memory). Never
/// decreases in any dimension.
struct RecurrentUpdate {
  static constexpr std::string_view form = "recurrent_update";
  using Shape = RecurrentShape;

  double launch = 4.1;
  double token_latency = 2.1;
  double memory_efficiency = 0.89;
  double l2_bytes_per_cycle = 24.5;
  double l2_share = 0.8;

  static constexpr std::array<Factor<RecurrentUpdate>, 5> factors() noexcept {
    using K = RecurrentUpdate;
    return {{{"launch", "us", "launch, ramp and drain", &K::launch, 0.5, 20.0, 4.1},
             {"token_latency", "us", "latency of each further token", &K::token_latency, 0.0, 20.0, 2.1},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.2, 1.0, 0.89},
             {"l2_bytes_per_cycle", "B", "bytes that a multiprocessor moves from and to L2 in a cycle, warm replay",
              &K::l2_bytes_per_cycle, 4.0, 80.0, 24.5},
             {"l2_share", "1", "share of L2 that a warm replay finds its data in", &K::l2_share, 0.2, 1.5, 0.8}}};
  }

  KernelTime time(const RecurrentShape& s, const Machine& machine) const noexcept {
    const double activations = s.sequences * s.query_tokens * 2.0 *
                               (s.key_heads * s.key_dimension + s.value_heads * s.value_dimension) *
                               s.activation_bytes;
    const double bytes = s.state() * (1.0 + s.states()) + activations;
    const double footprint = s.state() * s.states() + activations;
    const double miss = l2_miss(s.cold, fourth(footprint / (l2_share * machine.l2_bytes)));
    const double memory = traffic_time(bytes, miss, memory_efficiency, l2_bytes_per_cycle, machine);
    const double compute = token_latency * (s.query_tokens - 1.0);
    return {launch + overlapped(compute, memory), compute, memory, launch};
  }
};

/// Chunked recurrence in prefill as several kernels with their intermediates in device memory (Triton: cumulated
/// gates, K Kᵀ, triangular inverse, W and U, the chain of chunk states, output):
///
///   overhead  launches and the triangular inverse of a chunk, which grows with its tokens
///   compute   the chain of chunk states: (chunks − 1) · chunk latency
///   memory    states, `passes` over the activations and padded tiles, at least the kernels' own floor
///
/// Never decreases in any dimension.
struct ChunkedRecurrence {
  static constexpr std::string_view form = "chunked_recurrence";
  using Shape = RecurrentShape;

  double launch = 9.0;
  double floor = 14.0;
  double inverse = 17.5;
  double chunk_latency = 1.3;
  double tile_latency = 11.0;
  double passes = 4.0;
  double memory_efficiency = 0.85;

  static constexpr std::array<Factor<ChunkedRecurrence>, 7> factors() noexcept {
    using K = ChunkedRecurrence;
    return {{{"launch", "us", "launches, ramp and drain", &K::launch, 0.0, 60.0, 9.0},
             {"floor", "us", "the kernels with little to do", &K::floor, 0.0, 60.0, 14.0},
             {"inverse", "us", "triangular inverse of a full chunk", &K::inverse, 0.0, 60.0, 17.5},
             {"chunk_latency", "us", "latency chain of a chunk's state", &K::chunk_latency, 0.1, 10.0, 1.3},
             {"tile_latency", "us", "one multiprocessor's time for a chunk of a value head", &K::tile_latency, 0.0,
              60.0, 11.0},
             {"passes", "1", "passes over q, k, v and the output of every value head", &K::passes, 1.0, 40.0, 4.0},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.2, 1.0, 0.85,
              false}}};
  }

  KernelTime time(const RecurrentShape& s, const Machine& machine) const noexcept {
    const double chunks = ceiling(s.query_tokens / s.chunk);
    const double activations = s.sequences * s.query_tokens * s.value_heads * 2.0 *
                               (s.key_dimension + s.value_dimension) * s.activation_bytes;
    const double memory = (2.0 * s.state() + passes * activations) / (memory_efficiency * machine.bandwidth) +
                          s.sequences * s.value_heads * chunks * tile_latency / machine.multiprocessors;
    const double compute = chunk_latency * (chunks - 1.0);
    const double overhead = launch + inverse * smaller(s.query_tokens, s.chunk) / s.chunk;
    return {overhead + compute + overlapped(floor, memory), compute, memory, overhead};
  }
};

/// Chunked recurrence in prefill as one kernel (FlashInfer): a multiprocessor takes a value head of a sequence
/// through all its chunks, the state staying on chip:
///
///   compute   rounds · (round latency + (chunks − 1) · chunk latency), rounds = ⌈sequences · value heads / N⌉
///   memory    the states, v and the output; q and k come from L2
///
/// T = launch + overlapped(compute, memory). Never decreases in any dimension.
struct FusedChunkedRecurrence {
  static constexpr std::string_view form = "fused_chunked_recurrence";
  using Shape = RecurrentShape;

  double launch = 4.9;
  double round_latency = 6.9;
  double chunk_latency = 3.0;
  double memory_efficiency = 0.52;

  static constexpr std::array<Factor<FusedChunkedRecurrence>, 4> factors() noexcept {
    using K = FusedChunkedRecurrence;
    return {{{"launch", "us", "launch, ramp and drain", &K::launch, 0.5, 20.0, 4.9},
             {"round_latency", "us", "loading and storing a state, and the first chunk", &K::round_latency, 1.0,
              30.0, 6.9},
             {"chunk_latency", "us", "latency of each further chunk", &K::chunk_latency, 0.3, 10.0, 3.0},
             {"memory_efficiency", "1", "share of the memory bandwidth", &K::memory_efficiency, 0.2, 1.0, 0.52}}};
  }

  KernelTime time(const RecurrentShape& s, const Machine& machine) const noexcept {
    const double chunks = ceiling(s.query_tokens / s.chunk);
    const double rounds = ceiling(s.sequences * s.value_heads / machine.multiprocessors);
    const double compute = rounds * (round_latency + (chunks - 1.0) * chunk_latency);
    const double streamed =
        s.sequences * s.query_tokens * s.value_heads * 2.0 * s.value_dimension * s.activation_bytes;
    const double memory = (2.0 * s.state() + streamed) / (memory_efficiency * machine.bandwidth);
    return {launch + overlapped(compute, memory), compute, memory, launch};
  }
};

}  // namespace opcost::kernel
