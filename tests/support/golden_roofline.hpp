// SPDX-License-Identifier: Apache-2.0
//
// The roofline on an accelerator with round numbers: 100 TFLOPS in bf16, 10 in fp32, 1 TB/s, so a ridge at 100.
#pragma once

#include <array>
#include <limits>

#include "golden.hpp"
#include "opcost/opcost.hpp"

namespace opcost::testing {

constexpr Accelerator round_accelerator() noexcept {
  Accelerator accelerator{.name = "round", .memory_bandwidth = {1e12}, .memory_capacity = {1e9}};
  accelerator.peaks.set(DataType::bf16, {100e12});
  accelerator.peaks.set(DataType::fp32, {10e12});
  return accelerator;
}

constexpr double is_compute(const RooflineBound& bound) noexcept {
  return bound.limiter() == Limiter::compute ? 1.0 : 0.0;
}

template <class Input>
constexpr auto roofline_golden(Input input) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Accelerator accelerator = input(round_accelerator());
  const auto bound = [&](double matrix, double vector, double bytes, DataType type = DataType::bf16) {
    const Cost cost{
        .matrix_flops = {input(matrix)}, .vector_flops = {input(vector)}, .activation_read = {input(bytes)}};
    return roofline_bound(cost, input(type), accelerator);
  };
  const RooflineBound compute = bound(1e12, 0.0, 1e9);  // 10 ms of FLOPs, 1 ms of bytes
  const RooflineBound memory = bound(1e9, 0.0, 1e9);    // 10 µs of FLOPs, 1 ms of bytes
  const RooflineBound ridge = bound(1e11, 0.0, 1e9);    // 1 ms of both
  const RooflineBound vector = bound(1e11, 1e11, 1e9);  // 1 ms, 10 ms of vector FLOPs, 1 ms
  const RooflineBound unsupported = bound(1e9, 0.0, 1e9, DataType::fp8);
  const RooflineBound no_matrix = bound(0.0, 1e9, 1e9, DataType::fp8);  // no work in the type that is missing

  Accelerator without_fp32 = accelerator;
  without_fp32.peaks.set(DataType::fp32, {});
  const Cost vector_cost{.vector_flops = {input(1e15)}, .activation_read = {input(1e9)}};
  const RooflineBound left_out = roofline_bound(vector_cost, DataType::fp32, without_fp32);

  const RooflineBound sum = compute + memory;
  const RooflineBound mostly_memory = compute + 11.0 * memory;
  const std::array<LinearProjection<>, 2> layers{
      LinearProjection<>{input(1), input(1000), input(1000), false, {}},
      LinearProjection<>{input(4000), input(1000), input(1000), false, {}}};
  const RooflineBound both = roofline_bound(layers, accelerator);
  const std::array<LinearProjection<>, 0> nothing{};
  return std::array{
      Golden{"hand: 1e12 FLOP at 100 TFLOPS", compute.time.value, 1e-2, 1e-15},
      Golden{"hand: its bytes take 1 ms", compute.memory_time.value, 1e-3, 1e-15},
      Golden{"hand: compute limits", is_compute(compute), 1.0},
      Golden{"hand: all of it", compute.compute_limited.value, 1e-2, 1e-15},
      Golden{"hand: ridge at 100e12/1e12", compute.ridge_point.value, 100.0, 1e-15},
      Golden{"hand: intensity 1e12/1e9", compute.intensity().value, 1000.0, 1e-15},
      Golden{"hand: ten times past the ridge", compute.distance_to_ridge(), 10.0, 1e-15},
      Golden{"hand: 1e9 B at 1 TB/s", memory.time.value, 1e-3, 1e-15},
      Golden{"hand: its FLOPs take 10 µs", memory.compute_time.value, 1e-5, 1e-15},
      Golden{"hand: memory limits", is_compute(memory), 0.0},
      Golden{"hand: none of it", memory.compute_limited.value, 0.0},
      Golden{"hand: a hundredth of the ridge", memory.distance_to_ridge(), 0.01, 1e-15},
      Golden{"hand: at the ridge", ridge.distance_to_ridge(), 1.0, 1e-15},
      Golden{"at the ridge memory limits, by definition", is_compute(ridge), 0.0},
      Golden{"hand: vector FLOPs are the longest, 1e11/10e12", vector.time.value, 1e-2, 1e-15},
      Golden{"hand: both kinds of FLOPs are counted", vector.flops.value, 2e11},
      Golden{"no rate for fp8: never", unsupported.time.value, infinity},
      Golden{"no rate for fp8: compute is what never ends", is_compute(unsupported), 1.0},
      Golden{"no rate for fp8: its bytes still take 1 ms", unsupported.memory_time.value, 1e-3, 1e-15},
      Golden{"no rate for fp8, and no work in it", no_matrix.time.value, 1e-3, 1e-15},
      Golden{"no fp32 rate published: vector work left out", left_out.time.value, 1e-3, 1e-15},
      Golden{"hand: a sum runs one after the other", sum.time.value, 1.1e-2, 1e-15},
      Golden{"hand: a sum's FLOPs", sum.flops.value, 1.001e12, 1e-15},
      Golden{"hand: a sum's bytes", sum.bytes.value, 2e9, 1e-15},
      Golden{"hand: 10 ms compute-limited of 11", is_compute(sum), 1.0},
      Golden{"hand: 10 ms compute-limited of 21", is_compute(mostly_memory), 0.0},
      Golden{"hand: 10 ms + 11 times 1 ms", mostly_memory.time.value, 2.1e-2, 1e-15},
      // 1 token: 2e6 FLOP, 2,004,000 B: 2.004 µs of memory. 4,000 tokens: 8e9 FLOP, 18 MB: 80 µs of compute.
      Golden{"hand: span of a memory-bound and a compute-bound layer", both.time.value, 82.004e-6, 1e-14},
      Golden{"hand: span, compute-limited part", both.compute_limited.value, 80e-6, 1e-14},
      Golden{"an empty span takes no time", roofline_bound(nothing, accelerator).time.value, 0.0}};
}

/// Bounds of catalogue accelerators, each worked out from the data sheet's two figures.
template <class Input>
constexpr auto catalogue_bound_golden(Input input) {
  const Accelerator h100 = input(accelerators::h100_sxm);
  const Accelerator h20 = input(accelerators::h20);
  const auto ridge = [&](const Accelerator& accelerator, DataType type) {
    return roofline_bound(Cost{.matrix_flops = {1.0}, .weight_read = {1.0}}, input(type), accelerator)
        .ridge_point.value;
  };
  // Gemma 3 27B's decode attention at batch 64, 8,192 tokens: KV 64·8192·8192 B; Q and output 2·64·32·128·2 B;
  // new K and V 64·8192 B.
  const FullAttention global{.heads = input(models::gemma_3_27b.heads),
                             .sequences = input(64),
                             .query_tokens = 1,
                             .context_tokens = input(8192)};
  const double bytes = 64.0 * 8192 * 8192 + 2.0 * 64 * 32 * 128 * 2 + 64.0 * 8192;
  return std::array{
      Golden{"shared data: H100 ridge in bf16, 989.4/3.35", ridge(h100, DataType::bf16), 989.4 / 3.35, 1e-14},
      Golden{"shared data: H100 ridge in fp8, 1978.9/3.35", ridge(h100, DataType::fp8), 1978.9 / 3.35, 1e-14},
      Golden{"shared data: H20 ridge in bf16, 148/4", ridge(h20, DataType::bf16), 37.0, 1e-14},
      printed("Step-3 (arXiv 2507.19427): H800 ridge 591 in fp8", ridge(accelerators::h800_sxm, DataType::fp8),
              591.0, 1.0),
      printed("Step-3: H20 ridge 74 in fp8", ridge(h20, DataType::fp8), 74.0, 1.0),
      Golden{"Step-3: A800 ridge 156 in fp16 (with 2 TB/s)",
             ridge(accelerators::a800_sxm, DataType::fp16) * 2.039 / 2.0, 156.0, 1e-14},
      Golden{"hand: decode attention on H100, bytes/3.35e12", roofline_bound(global, h100).time.value,
             bytes / 3.35e12, 1e-15},
      Golden{"hand: decode attention on H20, bytes/4e12", roofline_bound(global, h20).time.value, bytes / 4e12,
             1e-15}};
}

}  // namespace opcost::testing
