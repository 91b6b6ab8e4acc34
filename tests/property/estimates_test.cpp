// SPDX-License-Identifier: Apache-2.0
//
// What every estimate promises: bound ≤ low ≤ expected ≤ high, finite, for any valid shape however far outside the
// fitted range; and where the kernel models never decrease.

#include <cmath>
#include <cstdint>
#include <vector>

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

std::int32_t size(std::int32_t highest) {
  // spread over magnitudes, as shapes are
  const double exponent = *rc::gen::inRange(0, 1000) / 1000.0;
  return static_cast<std::int32_t>(std::pow(static_cast<double>(highest), exponent));
}

LinearProjection<> any_projection() {
  const auto format =
      *rc::gen::elementOf(std::vector<TensorFormat>{formats::bf16, formats::fp8, formats::int4_group});
  const TensorFormat activation = format == formats::int4_group ? formats::bf16 : format;
  return {
      size(1000000), size(200000), size(200000), *rc::gen::arbitrary<bool>(), {activation, format, formats::bf16}};
}

template <class Mask>
Attention<Mask> any_attention(Mask mask) {
  Attention<Mask> attention;
  const std::int32_t kv_heads = *rc::gen::elementOf(std::vector<std::int32_t>{1, 2, 4, 8, 16});
  const std::int32_t dimension = *rc::gen::elementOf(std::vector<std::int32_t>{64, 128, 192, 256});
  attention.heads = {kv_heads * *rc::gen::elementOf(std::vector<std::int32_t>{1, 4, 5, 8}), kv_heads, dimension,
                     dimension};
  attention.sequences = size(4096);
  attention.context_tokens = size(1000000);
  attention.query_tokens =
      *rc::gen::elementOf(std::vector<std::int32_t>{1, attention.context_tokens, size(attention.context_tokens)});
  attention.mask = mask;
  attention.precision.kv_cache = *rc::gen::elementOf(std::vector<TensorFormat>{formats::bf16, formats::fp8});
  return attention;
}

AnyOperation any_operation() {
  switch (*rc::gen::inRange(0, 7)) {
    case 0: return any_projection();
    case 1: return any_attention(Causal{});
    case 2: return any_attention(SlidingWindow{size(8192)});
    case 3: return any_attention(Bidirectional{});
    case 4: return Activation<>{size(1000000), size(200000), {}, *rc::gen::arbitrary<bool>(), {}};
    case 5: return EmbeddingLookup<>{size(1000000), size(16384), true, {}};
    default: return RmsNorm<>{size(1000000), size(16384)};
  }
}

ExecutionConditions any_conditions() {
  return {*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(),
          *rc::gen::arbitrary<bool>()};
}

const Calibration& any_calibration() {
  return *calibration_catalogue[*rc::gen::inRange<std::size_t>(0, calibration_catalogue.size())];
}

/// An accelerator that the models of tiled kernels answer for.
const Accelerator& any_tiled_accelerator(DataType type) {
  const std::size_t index = *rc::gen::inRange<std::size_t>(0, accelerator_catalogue.size());
  const Accelerator& accelerator = accelerator_catalogue[index].specification;
  RC_PRE(kernel::has_tiles(accelerator) && accelerator.supports(type));
  return accelerator;
}

void check_estimate(const LatencyEstimate& estimate) {
  RC_ASSERT(std::isfinite(estimate.high.value));
  RC_ASSERT(estimate.bound.time > Seconds{});
  RC_ASSERT(estimate.bound.time <= estimate.low);
  RC_ASSERT(estimate.low <= estimate.expected);
  RC_ASSERT(estimate.expected <= estimate.high);
}

/// Whether growing by `step` never makes a kernel faster, from any start that `shape_at` builds.
template <class TimeAt>
void check_grows(const TimeAt& time_at, std::int32_t start, std::int32_t step) {
  RC_ASSERT(time_at(start + step) >= time_at(start) * (1.0 - 1e-12));
}

}  // namespace

TEST_CASE("bound <= low <= expected <= high with every accelerator's default calibration") {
  REQUIRE(rc::check([] {
    const Accelerator& accelerator = (*rc::gen::elementOf(std::vector<AcceleratorEntry>(
                                          accelerator_catalogue.begin(), accelerator_catalogue.end())))
                                         .specification;
    const AnyOperation operation = any_operation();
    RC_PRE(accelerator.supports(operation.compute_type()) || operation.cost().matrix_flops.value == 0.0);
    check_estimate(estimate_latency(operation, accelerator, default_calibration(accelerator), any_conditions()));
  }));
}

TEST_CASE("bound <= low <= expected <= high with every calibration carried to every accelerator") {
  REQUIRE(rc::check([] {
    const std::size_t index = *rc::gen::inRange<std::size_t>(0, accelerator_catalogue.size());
    const Accelerator& accelerator = accelerator_catalogue[index].specification;
    const Calibration& calibration = any_calibration();
    const AnyOperation operation = any_operation();
    RC_PRE(calibration.answers_for(accelerator));
    RC_PRE(accelerator.supports(operation.compute_type()) || operation.cost().matrix_flops.value == 0.0);
    const ExecutionConditions conditions = any_conditions();
    check_estimate(estimate_latency(operation, accelerator, calibration, conditions));
    check_estimate(
        estimate_latency(operation, accelerator, calibration.carried_to(accelerator.name, 1.5), conditions));
  }));
}

TEST_CASE("eager, sustained and storing conditions never make an operation faster") {
  REQUIRE(rc::check([] {
    const AnyOperation operation = any_operation();
    const Calibration& calibration = any_calibration();
    const auto expected = [&](const ExecutionConditions& conditions) {
      return estimate_latency(operation, accelerators::h100_sxm, calibration, conditions).expected;
    };
    ExecutionConditions conditions = any_conditions();
    conditions.sustained_power = conditions.cache_write = false;
    conditions.cuda_graph = true;
    const Seconds base = expected(conditions) * (1.0 - 1e-12);
    ExecutionConditions other = conditions;
    other.cuda_graph = false;
    RC_ASSERT(expected(other) >= base);
    other = conditions;
    other.sustained_power = true;
    RC_ASSERT(expected(other) >= base);
    other = conditions;
    other.cache_write = true;
    RC_ASSERT(expected(other) >= base);
  }));
}

TEST_CASE("DeepGEMM's model never decreases in tokens, out or in features") {
  REQUIRE(rc::check([] {
    const Accelerator& accelerator = any_tiled_accelerator(DataType::fp8);
    const Calibration& calibration = *rc::gen::arbitrary<bool>() ? calibrations::h20_deepgemm_flashinfer
                                                                 : calibrations::h800_sxm_deepgemm_flashinfer;
    const auto time = [&](std::int32_t m, std::int32_t n, std::int32_t k) {
      const LinearProjection<> operation{
          m, k, n, false, {formats::fp8_token_group, formats::fp8_block, formats::bf16}};
      return estimate_latency(operation, accelerator, calibration).expected.value;
    };
    const std::int32_t m = size(100000);
    const std::int32_t n = size(100000);
    const std::int32_t k = size(100000);
    const std::int32_t step = size(10000);
    check_grows([&](std::int32_t x) { return time(x, n, k); }, m, step);
    check_grows([&](std::int32_t x) { return time(m, x, k); }, n, step);
    check_grows([&](std::int32_t x) { return time(m, n, x); }, k, step);
  }));
}

// Between whole tiles it may, by up to 3 % (L40S, 128 to 129 tokens).
TEST_CASE("cuBLAS's model never decreases in in features, nor by whole 256-tiles of tokens or out features") {
  REQUIRE(rc::check([] {
    const Accelerator& accelerator = any_tiled_accelerator(DataType::bf16);
    const Calibration& calibration = any_calibration();
    const auto time = [&](std::int32_t m, std::int32_t n, std::int32_t k) {
      return estimate_latency(LinearProjection<>{m, k, n}, accelerator, calibration).expected.value;
    };
    const std::int32_t m = 256 * size(400);
    const std::int32_t n = 256 * size(400);
    const std::int32_t k = size(100000);
    check_grows([&](std::int32_t x) { return time(m, n, x); }, k, size(10000));
    check_grows([&](std::int32_t x) { return time(x, n, k); }, m, 256);
    check_grows([&](std::int32_t x) { return time(m, x, k); }, n, 256);
  }));
}

TEST_CASE("FlashAttention's models never decrease in the context by whole key tiles") {
  REQUIRE(rc::check([] {
    FullAttention attention = any_attention(Causal{});
    const std::int32_t tile = 1920;  // a multiple of every key tile
    attention.context_tokens = tile * size(500);
    const bool decode = *rc::gen::arbitrary<bool>();
    const Accelerator& accelerator = any_tiled_accelerator(DataType::bf16);
    const Calibration& calibration = any_calibration();
    const ExecutionConditions conditions = any_conditions();
    const auto time = [&](std::int32_t context) {
      FullAttention other = attention;
      other.context_tokens = context;
      other.query_tokens = decode ? 1 : context;
      return estimate_latency(other, accelerator, calibration, conditions).expected.value;
    };
    check_grows(time, attention.context_tokens, tile);
  }));
}

TEST_CASE("with the ideal calibration the estimate is the bound") {
  REQUIRE(rc::check([] {
    const AnyOperation operation = any_operation();
    const LatencyEstimate estimate = estimate_latency(operation, accelerators::h100_sxm, calibrations::ideal);
    RC_ASSERT(estimate.expected == estimate.low);
    RC_ASSERT(estimate.expected == estimate.high);
    RC_ASSERT(estimate.expected.value <= estimate.bound.time.value * (1.0 + 1e-12));
  }));
}

TEST_CASE("a ragged batch of alike sequences takes about the time of the uniform one, and keeps every promise") {
  REQUIRE(rc::check([] {
    const FullAttention uniform = any_attention(Causal{});
    RaggedAttention<> ragged{.heads = uniform.heads, .precision = uniform.precision};
    for (std::int32_t i = 0; i < uniform.sequences; ++i) {
      ragged.batch.add({uniform.query_tokens, uniform.context_tokens});
    }
    const auto estimate = [](const auto& operation) {
      return estimate_latency(operation, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
    };
    check_estimate(estimate(ragged));
    const double ratio = estimate(ragged).expected / estimate(uniform).expected;
    RC_ASSERT(ratio > 0.999999);
    RC_ASSERT(ratio < 1.000001);
  }));
  CHECK(estimate_latency(RaggedAttention<>{}, accelerators::h100_sxm, calibrations::ideal).expected == Seconds{});
}
