// SPDX-License-Identifier: Apache-2.0
//
// Costs and bounds of random valid shapes on every built-in accelerator: finite, positive, the longer of the two
// times, and never less for more work.
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include <rapidcheck.h>

#include "generators.hpp"
#include "opcost/opcost.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

rc::Gen<std::int32_t> small() { return rc::gen::inRange(1, 64); }

rc::Gen<AnyOperation> any_operation() {
  return rc::gen::exec([]() -> AnyOperation {
    const SequenceTokens tokens = *any_sequence();
    const RuntimeElementwisePrecision elementwise{*any_format(), *any_format()};
    const RuntimeAttentionPrecision attention{formats::bf16, *any_format(), *any_format()};
    switch (*rc::gen::inRange(0, 9)) {
      case 0: return LinearProjection<>{*any_size(), *any_size(), *any_size(), *rc::gen::arbitrary<bool>(), {}};
      case 1:
        return FullAttention{*any_heads(), *small(), tokens.query_tokens, tokens.context_tokens, {}, attention};
      case 2:
        return SlidingWindowAttention{*any_heads(),          *small(),      tokens.query_tokens,
                                      tokens.context_tokens, {*any_size()}, attention};
      case 3:
        return BidirectionalAttention{*any_heads(),          *small(), tokens.query_tokens,
                                      tokens.context_tokens, {},       attention};
      case 4: return RmsNorm<>{*any_size(), *any_size(), elementwise};
      case 5: return RotaryEmbedding<>{*any_size(), *small(), 2 * *small(), elementwise};
      case 6:
        return Activation<>{*any_size(), *any_size(), static_cast<ActivationFunction>(*rc::gen::inRange(0, 3)),
                            *rc::gen::arbitrary<bool>(), elementwise};
      case 7: return ResidualAdd<>{*any_size(), *any_size(), elementwise};
      default: return EmbeddingLookup<>{*any_size(), *any_size(), *rc::gen::arbitrary<bool>(), elementwise};
    }
  });
}

/// More of one dimension is never less of anything, on any accelerator. `grow` enlarges the value it is given.
template <class T, class Grow>
void require_monotone(const T& smaller, Grow grow) {
  T larger = smaller;
  grow(larger, *rc::gen::inRange(1, 1000));
  RC_ASSERT(!smaller.violation().has_value());
  RC_ASSERT(!larger.violation().has_value());
  RC_ASSERT(not_below(larger.cost(), smaller.cost()));
  const Accelerator& accelerator = any_accelerator();
  RC_ASSERT(roofline_bound(larger, accelerator).time >= roofline_bound(smaller, accelerator).time);
}

}  // namespace

TEST_CASE("a bound is finite, positive and the longer of its times") {
  require_property([] {
    const AnyOperation operation = *any_operation();
    RC_ASSERT(!operation.violation().has_value());
    for (const AcceleratorEntry& entry : accelerator_catalogue) {
      const RooflineBound bound = roofline_bound(operation, entry.specification);
      RC_ASSERT(std::isfinite(bound.time.value));
      RC_ASSERT(bound.time.value > 0.0);
      RC_ASSERT(bound.time.value == std::max(bound.compute_time.value, bound.memory_time.value));
      RC_ASSERT((bound.limiter() == Limiter::compute) == (bound.compute_time > bound.memory_time));
      RC_ASSERT(bound.memory_time == operation.cost().bytes() / entry.specification.memory_bandwidth);
      const Flops possible = bound.compute_time * entry.specification.peaks[operation.compute_type()];
      RC_ASSERT(operation.cost().matrix_flops.value <= possible.value * (1.0 + 1e-15));
    }
  });
}

TEST_CASE("the ridge separates the limiters") {
  require_property([] {
    const LinearProjection<> projection{*any_size(), *any_size(), *any_size(), false, {}};
    const RooflineBound bound = roofline_bound(projection, any_accelerator());
    if (std::abs(bound.distance_to_ridge() - 1.0) > 1e-12) {
      RC_ASSERT((bound.distance_to_ridge() > 1.0) == (bound.limiter() == Limiter::compute));
    }
  });
}

TEST_CASE("costs are monotone in every dimension") {
  require_property("linear projection", [] {
    const LinearProjection<> shape{*any_size(),
                                   *any_size(),
                                   *any_size(),
                                   *rc::gen::arbitrary<bool>(),
                                   {formats::bf16, *any_format(), *any_format()}};
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.tokens += by; });
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.in_features += by; });
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.out_features += by; });
    require_monotone(shape, [](auto& larger, std::int32_t) { larger.bias = true; });
  });
  const auto attention = [](auto mask) {
    const SequenceTokens tokens = *any_sequence();
    const Attention<decltype(mask)> shape{
        *any_heads(),          *small(), tokens.query_tokens,
        tokens.context_tokens, mask,     {formats::bf16, *any_format(), *any_format()}};
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.sequences += by; });
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.context_tokens += by; });
    require_monotone(shape, [](auto& larger, std::int32_t by) {  // with the cached tokens as they were
      larger.query_tokens += by;
      larger.context_tokens += by;
    });
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.heads.query_heads *= 1 + by % 8; });
    require_monotone(shape, [](auto& larger, std::int32_t by) {
      larger.heads.query_heads *= 1 + by % 8;
      larger.heads.kv_heads *= 1 + by % 8;
    });
    require_monotone(shape, [](auto& larger, std::int32_t) { larger.heads.kv_heads = larger.heads.query_heads; });
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.heads.query_key_dimension += by; });
    require_monotone(shape, [](auto& larger, std::int32_t by) { larger.heads.value_dimension += by; });
    if constexpr (requires { shape.mask.window; }) {
      require_monotone(shape, [](auto& larger, std::int32_t by) { larger.mask.window += by; });
    }
  };
  require_property("full attention", [&] { attention(Causal{}); });
  require_property("sliding window attention", [&] { attention(SlidingWindow{*any_size()}); });
  require_property("bidirectional attention", [&] { attention(Bidirectional{}); });
  require_property("elementwise", [] {
    const auto tokens = *any_size();
    const auto width = *any_size();
    const RuntimeElementwisePrecision precision{*any_format(), *any_format()};
    const auto more_tokens = [](auto& larger, std::int32_t by) { larger.tokens += by; };
    const auto wider = [](auto& larger, std::int32_t by) { larger.width += by; };
    const RmsNorm<> norm{tokens, width, precision};
    require_monotone(norm, [](auto& larger, std::int32_t by) { larger.rows += by; });
    require_monotone(norm, wider);
    const Activation<> activation{tokens, width, static_cast<ActivationFunction>(*rc::gen::inRange(0, 3)), false,
                                  precision};
    require_monotone(activation, more_tokens);
    require_monotone(activation, wider);
    require_monotone(activation, [](auto& larger, std::int32_t) { larger.gated = true; });
    const ResidualAdd<> residual{tokens, width, precision};
    require_monotone(residual, more_tokens);
    require_monotone(residual, wider);
    const EmbeddingLookup<> lookup{tokens, width, false, precision};
    require_monotone(lookup, more_tokens);
    require_monotone(lookup, wider);
    const RotaryEmbedding<> rotary{tokens, *small(), 2 * *small(), precision};
    require_monotone(rotary, more_tokens);
    require_monotone(rotary, [](auto& larger, std::int32_t by) { larger.heads += by; });
    require_monotone(rotary, [](auto& larger, std::int32_t by) { larger.rotary_dimension += 2 * by; });
  });
}

TEST_CASE("a model's step is monotone in its batch, and the sum of its operations") {
  require_property([] {
    const ModelConfig& model = model_catalogue[*rc::gen::inRange<std::size_t>(0, model_catalogue.size())];
    const ModelPrecision precision{};
    const Accelerator& accelerator = any_accelerator();
    const UniformBatch batch{*rc::gen::inRange(1, 256), *rc::gen::inRange(1, 2048),
                             *rc::gen::inRange(2048, 100'000), 1};
    const auto time = [&](const UniformBatch& step) {
      RC_ASSERT(!violation(model, step).has_value());
      return roofline_bound(model_operations(model, step, precision), accelerator).time;
    };
    RC_PRE(std::isfinite(time(batch).value));  // an indexer multiplies in fp8, which not every accelerator does
    UniformBatch larger = batch;
    larger.sequences += 1;
    RC_ASSERT(time(larger) >= time(batch));
    larger = batch;
    larger.context_tokens += 1;
    RC_ASSERT(time(larger) >= time(batch));
    larger.query_tokens += 1;
    RC_ASSERT(time(larger) >= time(batch));

    const ModelOperations list = model_operations(model, batch, precision);
    RooflineBound sum;
    for (const ModelOperation& entry : list) {
      RC_ASSERT(!entry.operation.violation().has_value());
      sum += roofline_bound(entry.operation, accelerator) * entry.count;
    }
    RC_ASSERT(std::abs(sum.time / time(batch) - 1.0) <= 1e-12);
    RC_ASSERT(std::abs(sum.flops / total_cost(list).flops() - 1.0) <= 1e-12);
    // each operation's longer time: at least either resource's sum, at most both
    RC_ASSERT(sum.time >= sum.compute_time);
    RC_ASSERT(sum.time >= sum.memory_time);
    RC_ASSERT(sum.time <= sum.compute_time + sum.memory_time);
  });
}

TEST_CASE("costs and bounds add in any order") {
  require_property([] {
    const AnyOperation a = *any_operation();
    const AnyOperation b = *any_operation();
    RC_ASSERT(a.cost() + b.cost() == b.cost() + a.cost());
    RC_ASSERT(a.cost() + Cost{} == a.cost());
    RC_ASSERT(nearly_equal(a.cost() + a.cost() + a.cost(), a.cost() * 3.0, 1e-15));
    const Accelerator& accelerator = any_accelerator();
    const RooflineBound bound_a = roofline_bound(a, accelerator);
    const RooflineBound bound_b = roofline_bound(b, accelerator);
    RC_ASSERT((bound_a + bound_b).time == (bound_b + bound_a).time);
    const std::vector<AnyOperation> both{a, b};
    RC_ASSERT(roofline_bound(both, accelerator).time == bound_a.time + bound_b.time);
    // fused into one kernel, the two overlap: never slower than one after the other
    const RooflineBound fused = roofline_bound(a.cost() + b.cost(), DataType::bf16, accelerator);
    const RooflineBound first = roofline_bound(a.cost(), DataType::bf16, accelerator);
    const RooflineBound second = roofline_bound(b.cost(), DataType::bf16, accelerator);
    RC_ASSERT(fused.time.value <= (first.time + second.time).value * (1.0 + 1e-12));
  });
}
