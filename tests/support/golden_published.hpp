// SPDX-License-Identifier: Apache-2.0
//
// Published figures about operations and accelerators that the exact formulas must reproduce.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "golden.hpp"
#include "opcost/opcost.hpp"

namespace opcost::testing {

/// CSE 599K (University of Washington), lecture notes on rooflines.
template <class Input>
constexpr auto cse599k_golden(Input input) {
  const std::string_view matmul = "CSE 599K: a 16-bit matmul's intensity tends to M for large N and K";
  const auto intensity = [&](std::int32_t m, std::int32_t nk) {
    const LinearProjection<> projection{.tokens = input(m),
                                        .in_features = input(nk),
                                        .out_features = input(nk),
                                        .precision = {formats::fp16, formats::fp16, formats::fp16}};
    return projection.cost().arithmetic_intensity().value;
  };
  // The notes print 1/2 for the fp32 dot product; 2N FLOPs over two vectors of 4N bytes and one result of 4 is 1/4.
  const std::int32_t n = 1000;
  const LinearProjection<> dot{.tokens = input(1),
                               .in_features = input(n),
                               .out_features = input(1),
                               .precision = {formats::fp32, formats::fp32, formats::fp32}};
  const Accelerator h100 = input(accelerators::h100_sxm);
  const auto bound = roofline_bound(LinearProjection<>{input(1), input(1), input(1), false, {}}, h100);
  return std::array{Golden{matmul, intensity(1, 1'000'000), 1.0, 3e-6},
                    Golden{matmul, intensity(64, 1'000'000), 64.0, 2e-4},
                    Golden{matmul, intensity(256, 10'000'000), 256.0, 1e-4},
                    Golden{"CSE 599K: fp32 dot product, 2N/(8N+4)", dot.cost().arithmetic_intensity().value,
                           2.0 * n / (8.0 * n + 4.0)},
                    printed("CSE 599K: H100 ridge at 989.4e12/3.35e12", bound.ridge_point.value, 295.0, 1.0)};
}

/// Lamina, arXiv 2405.01814.
template <class Input>
constexpr auto lamina_golden(Input input) {
  const std::string_view formula = "Lamina, section 2: non-attention intensity 2NB/(e(N+2Bd))";
  const auto intensity = [&](std::int32_t batch, std::int32_t d) {
    return LinearProjection<>{input(batch), input(d), input(d), false, {}}.cost().arithmetic_intensity().value;
  };
  const auto expected = [](double batch, double d) {
    const double parameters = d * d;
    return 2.0 * parameters * batch / (2.0 * (parameters + 2.0 * batch * d));
  };
  const std::string_view flat = "Lamina, section 2: attention intensity does not depend on the batch";
  const auto attention = [&](std::int32_t batch) {
    const FullAttention decode{
        .heads = {64, 8, 128, 128}, .sequences = input(batch), .query_tokens = 1, .context_tokens = input(8192)};
    return decode.cost().arithmetic_intensity().value;
  };
  const double share =
      input(accelerators::h20).peaks[DataType::bf16] / input(accelerators::h100_sxm).peaks[DataType::bf16];
  const Bytes request = kv_cache_bytes(input(models::llama_3_1_70b), formats::bf16, input(8192));
  return std::array{Golden{formula, intensity(1, 8192), expected(1, 8192), 1e-15},
                    Golden{formula, intensity(100, 8192), expected(100, 8192), 1e-15},
                    Golden{formula, intensity(4096, 4096), expected(4096, 4096), 1e-15},
                    Golden{flat, attention(2), attention(1), 1e-15},
                    Golden{flat, attention(1000), attention(1), 1e-15},
                    printed("Lamina, Table 1: H20 has 14.96 % of H100's bf16 TFLOPS", 100.0 * share, 14.96, 0.01),
                    // 2 · 8 KV heads · 128 · 2 B · 80 layers = 327,680 B a token
                    Golden{"LLaMA3-70B KV, 8,192 tokens of 327,680 B", request.value, 2'684'354'560.0},
                    printed("Lamina, section 2: a full 80 GB H100 holds 29.8 requests of 8,192 tokens",
                            input(accelerators::h100_sxm).memory_capacity / request, 29.8, 0.1)};
}

/// LLM-Viewer (arXiv 2402.16363): LLaMA-2-7B on an A6000 with 2,048 tokens.
template <class Input>
constexpr auto llm_viewer_golden(Input input) {
  using namespace literals;
  Accelerator a6000{.name = "a6000", .memory_bandwidth = input(768_GBps), .memory_capacity = 48_GB};
  a6000.peaks.set(DataType::fp16, input(154.8_TFLOPS));
  const auto bound = [&](std::int32_t tokens, std::int32_t out) {
    const LinearProjection<> projection{.tokens = input(tokens),
                                        .in_features = input(4096),
                                        .out_features = input(out),
                                        .precision = {formats::fp16, formats::fp16, formats::fp16}};
    return roofline_bound(projection, a6000);
  };
  const RooflineBound q = bound(2048, 4096);
  const RooflineBound gate = bound(2048, 11008);
  const RooflineBound decode = bound(1, 4096);
  return std::array{
      printed("LLM-Viewer: prefill q_proj, 68.7 GFLOP", q.flops.value * 1e-9, 68.7, 0.1),
      printed("LLM-Viewer: prefill q_proj, 67.1 MB", q.bytes.value * 1e-6, 67.1, 0.1),
      Golden{"LLM-Viewer: prefill q_proj, intensity 1024", q.intensity().value, 1024.0},
      Golden{"LLM-Viewer: prefill q_proj is compute-bound", double(q.limiter() == Limiter::compute), 1.0},
      // 2·2048·4096·4096 / 154.8e12
      Golden{"LLM-Viewer: prefill q_proj, time", q.time.value, 68'719'476'736.0 / 154.8e12, 1e-15},
      printed("LLM-Viewer: prefill gate_proj, 184.7 GFLOP", gate.flops.value * 1e-9, 184.7, 0.1),
      printed("LLM-Viewer: prefill gate_proj, 152 MB", gate.bytes.value * 1e-6, 152.0, 1.0),
      printed("LLM-Viewer: prefill gate_proj, intensity 1215", gate.intensity().value, 1215.0, 1.0),
      Golden{"LLM-Viewer: prefill gate_proj is compute-bound", double(gate.limiter() == Limiter::compute), 1.0},
      printed("LLM-Viewer: decode q_proj, 33.55 MFLOP", decode.flops.value * 1e-6, 33.55, 0.01),
      printed("LLM-Viewer: decode q_proj, 33.57 MB", decode.bytes.value * 1e-6, 33.57, 0.01),
      printed("LLM-Viewer: decode q_proj, intensity 1.0", decode.intensity().value, 1.0, 0.1),
      Golden{"LLM-Viewer: decode q_proj is memory-bound", double(decode.limiter() == Limiter::memory), 1.0}};
}

/// The smallest batch from which a large square projection is compute-bound.
template <class Input>
constexpr double critical_batch(Input input, const Accelerator& accelerator, const TensorFormat& weight) {
  for (std::int32_t batch = 1; batch < 1000; ++batch) {
    const LinearProjection<> projection{.tokens = input(batch),
                                        .in_features = input(1'000'000),
                                        .out_features = input(1'000'000),
                                        .precision = {.weight = weight}};
    if (roofline_bound(projection, accelerator).limiter() == Limiter::compute) return batch;
  }
  return 0.0;
}

/// How to Scale Your Model (jax-ml/scaling-book), "All about rooflines" and "Inference".
template <class Input>
constexpr auto scaling_book_golden(Input input) {
  const Accelerator v5e = input(accelerators::tpu_v5e);
  const Accelerator h100 = input(accelerators::h100_sxm);
  const auto ridge = [&](const Accelerator& accelerator) {
    return roofline_bound(LinearProjection<>{}, accelerator).ridge_point.value;
  };
  // T queries over S keys, groups of G query heads, the keys already cached: K and V of new tokens are not written.
  const auto attention = [&](std::int32_t t, std::int32_t s, std::int32_t g) {
    const BidirectionalAttention operation{
        {input(8 * g), input(8), input(64), input(64)}, 1, input(t), input(s), {}, {}};
    const Cost cost = operation.cost();
    return (cost.flops() / (cost.bytes() - cost.kv_cache_write)).value;
  };
  const auto formula = [](double t, double s, double g) { return t * s * g / (t * g + s); };
  const std::string_view intensity = "scaling book: attention intensity T·S·G/(T·G+S)";
  return std::array{
      // the book's 1.97e14/8.2e11; with 8.19e11 it is 240.5: 240 is not enough, 241 is
      printed("scaling book: TPU v5e critical batch 240 in bf16", ridge(v5e) * 8.19 / 8.2, 240.0, 1.0),
      Golden{"scaling book: first compute-bound batch", critical_batch(input, v5e, formats::bf16), 241.0},
      printed("scaling book: with int8 weights 120", 0.5 * ridge(v5e), 120.0, 1.0),
      Golden{"scaling book: first compute-bound batch, int8 weights", critical_batch(input, v5e, formats::int8),
             121.0},
      // the book rounds to 298; its 989e12/3.35e12 is 295.2
      Golden{"scaling book: H100 critical batch 298", ridge(h100), 298.0, 0.01},
      Golden{"989.4e12/3.35e12 = 295.3: first compute-bound batch", critical_batch(input, h100, formats::bf16),
             296.0},
      Golden{intensity, attention(1, 8192, 8), formula(1, 8192, 8), 1e-15},
      Golden{intensity, attention(1, 100, 1), formula(1, 100, 1), 1e-15},
      Golden{intensity, attention(512, 4096, 4), formula(512, 4096, 4), 1e-15},
      Golden{intensity, attention(4096, 4096, 1), 2048.0, 1e-15}};
}

}  // namespace opcost::testing
