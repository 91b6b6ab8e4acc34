// SPDX-License-Identifier: Apache-2.0
//
// Which model answers for an operation, when it may call itself fitted, and how estimates and intervals combine.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

constexpr AttentionHeads heads{64, 8, 128, 128};
const Accelerator& h100 = accelerators::h100_sxm;
const Calibration& vllm = calibrations::h100_sxm_vllm_0_24;
const Calibration& sglang = calibrations::h100_sxm_sglang_0_5_14;

LinearProjection<> projection(const TensorFormat& activation, const TensorFormat& weight) {
  return {512, 8192, 8192, false, {activation, weight, formats::bf16}};
}

FullAttention attention(std::int32_t query_tokens, std::int32_t context_tokens, const TensorFormat& kv_cache) {
  return {heads, 8, query_tokens, context_tokens, {}, {formats::bf16, kv_cache, formats::bf16}};
}

/// A calibration in which every family has a time of its own: 1, 2, … seconds.
Calibration marked() {
  Calibration calibration;
  for (std::size_t i = 0; i < kernel_family_count; ++i) {
    calibration.kernels[i].model = kernel::ConstantKernel{1.0, 1.0, 1e6 * double(i + 1)};
  }
  return calibration;
}

/// The family whose constant is in the estimate: launches of whole seconds, next to which the work is nothing.
KernelFamily answering(const AnyOperation& operation, const ExecutionConditions& conditions = {}) {
  const Seconds expected = estimate_latency(operation, h100, marked(), conditions).expected;
  return static_cast<KernelFamily>(static_cast<std::size_t>(expected.value + 0.01) - 1);
}

bool in_range(const AnyOperation& operation, const Calibration& calibration, const Accelerator& accelerator = h100,
              const ExecutionConditions& conditions = {}) {
  return estimate_latency(operation, accelerator, calibration, conditions).in_fitted_range;
}

}  // namespace

TEST_CASE("each precision is answered by its family") {
  CHECK(answering(projection(formats::bf16, formats::bf16)) == KernelFamily::linear_16bit);
  CHECK(answering(projection(formats::fp16, formats::fp16)) == KernelFamily::linear_16bit);
  CHECK(answering(projection(formats::int8, formats::int8)) == KernelFamily::linear_16bit);
  CHECK(answering(projection(formats::bf16, formats::int4_group)) == KernelFamily::linear_16bit);
  CHECK(answering(projection(formats::fp8, formats::fp8)) == KernelFamily::linear_fp8);
  CHECK(answering(projection(formats::fp8_token_group, formats::fp8_block)) == KernelFamily::linear_fp8_block);
  CHECK(answering(attention(1, 4096, formats::bf16)) == KernelFamily::decode_attention);
  CHECK(answering(attention(1, 4096, formats::fp8)) == KernelFamily::decode_attention_fp8_cache);
  CHECK(answering(attention(4096, 4096, formats::bf16)) == KernelFamily::prefill_attention);
  CHECK(answering(attention(4096, 4096, formats::fp8)) == KernelFamily::prefill_attention_fp8_cache);
  CHECK(answering(attention(1, 1, formats::bf16)) == KernelFamily::prefill_attention);  // a prompt of one token
  CHECK(answering(SlidingWindowAttention{heads, 8, 1, 4096, {1024}, {}}) == KernelFamily::decode_attention);
  CHECK(answering(BidirectionalAttention{heads, 8, 512, 512, {}, {}}) == KernelFamily::encoder_attention);
  CHECK(answering(RmsNorm<>{512, 8192, {}}) == KernelFamily::elementwise);
  CHECK(answering(EmbeddingLookup<>{512, 8192, true, {}}) == KernelFamily::elementwise);
}

TEST_CASE("a few tokens after cached ones are verified by the decode kernel") {
  const std::int32_t group = heads.query_heads / heads.kv_heads;
  const std::int32_t most = 128 / group;  // a row tile of the kernel
  CHECK(answering(attention(2, 4096, formats::bf16)) == KernelFamily::decode_attention);
  CHECK(answering(attention(most, 4096, formats::bf16)) == KernelFamily::decode_attention);
  CHECK(answering(attention(most + 1, 4096, formats::bf16)) == KernelFamily::prefill_attention);
  CHECK(answering(attention(2, 2, formats::bf16)) == KernelFamily::prefill_attention);  // nothing cached
  const FullAttention many_query_heads{{256, 1, 128, 128}, 8, 1, 4096, {}, {}};
  CHECK(answering(many_query_heads) == KernelFamily::decode_attention);  // one token always decodes
}

TEST_CASE("experts are answered by weight format, parallelism and tuning") {
  const auto experts = [](const TensorFormat& activation, const TensorFormat& weight, std::int32_t ranks = 1) {
    return MixtureOfExperts<>{.routing = {64, 128, 8, ranks},
                              .hidden_size = 4096,
                              .intermediate_size = 1536,
                              .precision = {activation, weight, formats::bf16}};
  };
  CHECK(answering(experts(formats::bf16, formats::bf16)) == KernelFamily::experts_16bit);
  CHECK(answering(experts(formats::bf16, formats::bf16, 4)) == KernelFamily::experts_16bit);
  CHECK(answering(experts(formats::fp16, formats::fp16), {.tuned_experts = false}) ==
        KernelFamily::experts_16bit_untuned);
  CHECK(answering(experts(formats::fp8, formats::fp8)) == KernelFamily::experts_fp8);
  CHECK(answering(experts(formats::fp8_token_group, formats::fp8_block)) == KernelFamily::experts_fp8_block);
  CHECK(answering(experts(formats::fp8_token_group, formats::fp8_block, 4)) ==
        KernelFamily::experts_fp8_block_parallel);
  CHECK(answering(experts(formats::bf16, formats::int4_group)) == KernelFamily::experts_int4);
  CHECK(answering(experts(formats::bf16, formats::mxfp4)) == KernelFamily::experts_mxfp4);
  GroupedProjection<> grouped{{64, 128, 8, 1}, 4096, 3072, GroupedLayout::contiguous, {}};
  CHECK(answering(grouped) == KernelFamily::grouped_contiguous);
  grouped.layout = GroupedLayout::masked;
  CHECK(answering(grouped) == KernelFamily::grouped_masked);
}

TEST_CASE("latent and recurrent attention are answered by form and phase") {
  LatentAttention<> latent{{}, LatentForm::absorbed, 8, 1, 4096, {}, {}};
  CHECK(answering(latent) == KernelFamily::latent_attention);
  latent.query_tokens = latent.context_tokens = 2048;
  CHECK(answering(latent) == KernelFamily::latent_attention);
  latent.form = LatentForm::expanded;
  CHECK(answering(latent) == KernelFamily::prefill_attention);
  GatedDeltaRule<> delta{8, 1, 16, 32};
  CHECK(answering(delta) == KernelFamily::gated_delta_decode);
  delta.decay = DeltaRuleDecay::per_channel;
  CHECK(answering(delta) == KernelFamily::kimi_delta_decode);
  delta.form = RecurrenceForm::chunked;
  CHECK(answering(delta) == KernelFamily::kimi_delta_prefill);
  delta.decay = DeltaRuleDecay::per_head;
  CHECK(answering(delta) == KernelFamily::gated_delta_prefill);
  StateSpaceScan<> scan{8, 1, 64, 8};
  CHECK(answering(scan) == KernelFamily::gated_delta_decode);
  scan.form = RecurrenceForm::chunked;
  CHECK(answering(scan) == KernelFamily::gated_delta_prefill);
  ShortConvolution<> convolution{8, 1, 8192};
  CHECK(answering(convolution) == KernelFamily::short_convolution_decode);
  convolution.query_tokens = 4;
  CHECK(answering(convolution) == KernelFamily::short_convolution_prefill);
  convolution.stores_every_state = true;  // verification
  CHECK(answering(convolution) == KernelFamily::short_convolution_decode);
  CHECK(answering(BatchedProjection<>{128, 64, 128, 512, {}}) == KernelFamily::linear_16bit);
}

TEST_CASE("only what a fit saw is in its range") {
  const LinearProjection<> linear = projection(formats::bf16, formats::bf16);
  const FullAttention decode = attention(1, 4096, formats::bf16);
  CHECK(in_range(linear, vllm));
  CHECK(in_range(projection(formats::fp8, formats::fp8), vllm));
  CHECK(in_range(attention(4096, 4096, formats::bf16), vllm));
  CHECK(in_range(decode, vllm));
  CHECK(in_range(attention(1, 4096, formats::fp8), vllm));
  CHECK(in_range(SlidingWindowAttention{heads, 8, 1, 4096, {1024}, {}}, vllm));

  // factors from elsewhere
  const LinearProjection<> block = projection(formats::fp8_token_group, formats::fp8_block);
  CHECK(sglang[KernelFamily::linear_fp8_block].transferred_from.empty());
  CHECK_FALSE(vllm[KernelFamily::linear_fp8_block].transferred_from.empty());
  CHECK_FALSE(in_range(block, vllm));
  CHECK_FALSE(in_range(linear, vllm, accelerators::h200_sxm));
  CHECK_FALSE(in_range(linear, vllm.carried_to(accelerators::h200_sxm.name, 1.5), accelerators::h200_sxm));
  CHECK_FALSE(in_range(linear, vllm.carried_to(h100.name, 1.5)));
  CHECK_FALSE(in_range(linear, calibrations::constant));
  CHECK_FALSE(in_range(linear, calibrations::ideal));

  // kernels that nobody measured
  CHECK_FALSE(in_range(projection(formats::int8, formats::int8), vllm));
  CHECK_FALSE(in_range(projection(formats::bf16, formats::int4_group), vllm));
  CHECK_FALSE(in_range(attention(512, 4096, formats::bf16), vllm));  // a chunk after a cached prefix
  CHECK_FALSE(in_range(BidirectionalAttention{heads, 8, 512, 512, {}, {}}, vllm));
  FullAttention unequal = decode;
  unequal.heads.value_dimension = 64;
  CHECK_FALSE(in_range(unequal, vllm));
  CHECK_FALSE(in_range(RmsNorm<>{512, 8192, {}}, vllm));

  // shapes beyond the measured ones
  const auto highest = [](KernelFamily family, std::size_t dimension) {
    return static_cast<std::int32_t>(vllm[family].range[dimension].highest);
  };
  LinearProjection<> edge = linear;
  edge.tokens = highest(KernelFamily::linear_16bit, 0);
  CHECK(in_range(edge, vllm));
  edge.tokens += 1;
  CHECK_FALSE(in_range(edge, vllm));
  FullAttention longer = decode;
  longer.context_tokens = highest(KernelFamily::decode_attention, 2);
  CHECK(in_range(longer, vllm));
  longer.context_tokens += 1;
  CHECK_FALSE(in_range(longer, vllm));

  // conditions that nobody measured
  CHECK_FALSE(in_range(linear, vllm, h100, {.sustained_power = true}));
  CHECK_FALSE(in_range(linear, vllm, h100, {.cuda_graph = false}));
}

TEST_CASE("the ideal calibration estimates the bound") {
  for (const AnyOperation& operation :
       {AnyOperation(projection(formats::bf16, formats::bf16)), AnyOperation(attention(1, 4096, formats::fp8)),
        AnyOperation(attention(4096, 4096, formats::bf16)), AnyOperation(RmsNorm<>{512, 8192, {}})}) {
    const LatencyEstimate estimate = estimate_latency(operation, h100, calibrations::ideal);
    const ExecutionConditions default_conditions;
    CHECK(default_conditions.cache_write);
    CHECK(estimate.bound.time == roofline_bound(operation, h100).time);
    CHECK(estimate.expected.value == Approx(estimate.bound.time.value).epsilon(1e-12));
    CHECK(estimate.low == estimate.expected);
    CHECK(estimate.high == estimate.expected);
    CHECK(estimate.overhead.value == 0.0);
    CHECK(estimate.efficiency() == Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("estimates add and multiply member by member") {
  const LatencyEstimate a = estimate_latency(projection(formats::bf16, formats::bf16), h100, vllm);
  const LatencyEstimate b = estimate_latency(attention(512, 4096, formats::bf16), h100, vllm);
  REQUIRE(a.in_fitted_range);
  REQUIRE_FALSE(b.in_fitted_range);
  const LatencyEstimate sum = a + b;
  const LatencyEstimate twice = a * 2.0;
  for (Seconds LatencyEstimate::*member :
       {&LatencyEstimate::expected, &LatencyEstimate::low, &LatencyEstimate::high, &LatencyEstimate::compute,
        &LatencyEstimate::memory, &LatencyEstimate::overhead}) {
    CHECK(sum.*member == a.*member + b.*member);
    CHECK(twice.*member == (a + a).*member);
  }
  CHECK(sum.bound.time == a.bound.time + b.bound.time);
  CHECK(twice.bound.time == a.bound.time * 2.0);
  CHECK_FALSE(sum.in_fitted_range);
  CHECK((a + a).in_fitted_range);
  CHECK(twice.in_fitted_range);
  CHECK(twice.efficiency() == Approx(a.efficiency()));
}

TEST_CASE("an interval widens on both sides of 1") {
  const ErrorInterval interval{0.8, 1.25};
  CHECK(interval.widened(1.0).low == Approx(0.8));
  CHECK(interval.widened(1.0).high == Approx(1.25));
  CHECK(interval.widened(2.0).low == Approx(1.0 / 1.5));  // 1/0.8 − 1 = 0.25, doubled
  CHECK(interval.widened(2.0).high == Approx(1.5));
  CHECK(interval.widened(1000.0).low > 0.0);
  CHECK(ErrorInterval{}.widened(3.0) == ErrorInterval{});
}

TEST_CASE("a calibration carried to another accelerator keeps its factors and widens its intervals") {
  const Calibration carried = vllm.carried_to(accelerators::h200_sxm.name, 1.5);
  CHECK(carried.name == vllm.name);
  CHECK(carried.accelerator == accelerators::h200_sxm.name);
  CHECK(carried.interval_factor == 1.5);
  CHECK(carried.carried_to(h100.name, 2.0).interval_factor == 3.0);

  const LinearProjection<> operation = projection(formats::bf16, formats::bf16);
  const LatencyEstimate own = estimate_latency(operation, accelerators::h200_sxm, vllm);
  const LatencyEstimate wider = estimate_latency(operation, accelerators::h200_sxm, carried);
  CHECK(wider.expected == own.expected);
  CHECK(wider.low <= own.low);
  CHECK(wider.high > own.high);

  CHECK(default_calibration(h100).name == vllm.name);
  CHECK(default_calibration(h100).interval_factor == 1.0);
  const Calibration h200 = default_calibration(accelerators::h200_sxm);
  CHECK(h200.accelerator == accelerators::h200_sxm.name);
  CHECK(h200.interval_factor > 1.0);
  Accelerator own_design = h100;
  own_design.name = "my-gpu";
  CHECK(default_calibration(own_design).name == calibrations::constant.name);
}

TEST_CASE("a data sheet without multiprocessors is estimated by constants, never by models of tiled kernels") {
  for (const std::string name : {"gb300", "tpu-v5e", "tpu-v6e"}) {
    INFO(name);
    const Accelerator* accelerator = accelerator_named(name);
    REQUIRE(accelerator != nullptr);
    CHECK(default_calibration(*accelerator).answers_for(*accelerator));
    CHECK_FALSE(vllm.answers_for(*accelerator));
    for (const AnyOperation& operation :
         {AnyOperation(projection(formats::bf16, formats::bf16)), AnyOperation(attention(1, 4096, formats::bf16)),
          AnyOperation(attention(4096, 4096, formats::bf16)), AnyOperation(RmsNorm<>{512, 8192, {}})}) {
      const LatencyEstimate estimate = estimate_latency(operation, *accelerator, default_calibration(*accelerator));
      CHECK(std::isfinite(estimate.high.value));
      CHECK(estimate.bound.time <= estimate.low);
      CHECK(estimate.low <= estimate.expected);
      CHECK(estimate.expected <= estimate.high);
      CHECK_FALSE(estimate.in_fitted_range);
    }
    const FullAttention decode = attention(1, 4096, formats::bf16);
    CHECK(std::isinf(estimate_latency(decode, *accelerator, vllm).expected.value));
    CHECK_FALSE(std::isnan(estimate_latency(decode, *accelerator, vllm).low.value));
  }
}
