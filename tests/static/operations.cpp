// SPDX-License-Identifier: Apache-2.0
//
// The Operation concept: what satisfies it, and what must not.
#include "opcost/operation/operation.hpp"

#include <array>
#include <concepts>

#include "opcost/opcost.hpp"

namespace {

using namespace opcost;

static_assert(Operation<LinearProjection<>> && Operation<LinearProjection<StaticLinearPrecision<>>>);
static_assert(Operation<FullAttention> && Operation<SlidingWindowAttention> && Operation<BidirectionalAttention>);
static_assert(Operation<RaggedAttention<>> && Operation<RaggedAttention<SlidingWindow>>);
static_assert(Operation<RmsNorm<>> && Operation<RotaryEmbedding<>> && Operation<Activation<>>);
static_assert(Operation<ResidualAdd<>> && Operation<EmbeddingLookup<>> && Operation<AnyOperation>);

// Every descriptor states its contract.
static_assert(Validatable<LinearProjection<>> && Validatable<FullAttention> && Validatable<RaggedAttention<>>);
static_assert(Validatable<AnyOperation> && Validatable<ModelConfig> && Validatable<UniformBatch>);
static_assert(Validatable<Accelerator> && Validatable<Interconnect> && !Validatable<Cost>);

// A user's own operation.
struct Softmax {
  double rows = 1.0;
  constexpr Cost cost() const noexcept { return {.exponentials = rows}; }
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }
};
static_assert(Operation<Softmax>);

struct MayThrow {
  Cost cost() const { return {}; }
  DataType compute_type() const noexcept { return DataType::fp32; }
};
struct Impure {
  Cost cost() noexcept { return {}; }
  DataType compute_type() const noexcept { return DataType::fp32; }
};
struct NoType {
  Cost cost() const noexcept { return {}; }
};
struct WrongResult {
  double cost() const noexcept { return 0.0; }
  DataType compute_type() const noexcept { return DataType::fp32; }
};
struct LooseType {
  Cost cost() const noexcept { return {}; }
  int compute_type() const noexcept { return 0; }
};
static_assert(!Operation<MayThrow>, "cost() promises noexcept");
static_assert(!Operation<Impure>, "cost() is const");
static_assert(!Operation<NoType> && !Operation<WrongResult> && !Operation<LooseType>);
static_assert(!Operation<Cost> && !Operation<int> && !Operation<ModelOperations>);

// The roofline takes operations and ranges of them, and nothing else.
template <class T>
concept bounded = requires(const T& value, const Accelerator& accelerator) {
  roofline_bound(value, accelerator);
};
static_assert(bounded<Softmax> && bounded<std::array<Softmax, 3>> && bounded<std::array<AnyOperation, 3>>);
static_assert(bounded<ModelOperations> && bounded<std::span<const AnyOperation>>);
static_assert(!bounded<MayThrow> && !bounded<Cost> && !bounded<int> && !bounded<std::array<int, 3>>);
static_assert(noexcept(roofline_bound(LinearProjection<>{}, accelerators::h100_sxm)));
static_assert(noexcept(roofline_bound(ModelOperations{}, accelerators::h100_sxm)));
static_assert(noexcept(model_operations(ModelConfig{}, UniformBatch{}, ModelPrecision{})));

// AnyOperation passes everything through.
template <class T>
constexpr bool passes_through(const T& operation) {
  const AnyOperation any(operation);
  return any.cost() == operation.cost() && any.compute_type() == operation.compute_type() &&
         any.kind() == operation.kind && any == AnyOperation(operation);
}
static_assert(passes_through(LinearProjection<>{3, 5, 7, true, {.weight = formats::fp8}}));
static_assert(passes_through(FullAttention{{8, 2, 16, 16}, 2, 3, 9, {}, {.query = formats::fp16}}));
static_assert(passes_through(SlidingWindowAttention{{8, 2, 16, 16}, 2, 3, 9, {4}, {}}));
static_assert(passes_through(BidirectionalAttention{{8, 2, 16, 16}, 2, 3, 9, {}, {}}));
static_assert(passes_through(RmsNorm<>{3, 8, {}}) && passes_through(RotaryEmbedding<>{3, 4, 8, {}}));
static_assert(passes_through(Activation<>{3, 8, ActivationFunction::relu, false, {}}));
static_assert(passes_through(ResidualAdd<>{3, 8, {}}) && passes_through(EmbeddingLookup<>{3, 8, true, {}}));
static_assert(AnyOperation(FullAttention{}) != AnyOperation(BidirectionalAttention{}));
static_assert(!std::constructible_from<AnyOperation, Softmax>, "the built-in kinds only");
static_assert(!std::constructible_from<AnyOperation, LinearProjection<StaticLinearPrecision<>>>);

static_assert(FullAttention::kind == "full_attention" && BidirectionalAttention::kind == "bidirectional_attention");
static_assert(SlidingWindowAttention::kind == "sliding_window_attention");
static_assert(RaggedAttention<SlidingWindow>::kind == "sliding_window_attention");

// Costs add and multiply, member by member.
constexpr Cost one{{1.0}, {2.0}, 3.0, {4.0}, {5.0}, {6.0}, {7.0}, {8.0}};
constexpr Cost two{{2.0}, {4.0}, 6.0, {8.0}, {10.0}, {12.0}, {14.0}, {16.0}};
static_assert(one + one == two && one * 2.0 == two && 2.0 * one == two && one != two);
static_assert(one.flops() == Flops{3.0} && one.bytes() == Bytes{30.0});
static_assert(one.arithmetic_intensity() == Intensity{0.1});
static_assert(sizeof(Cost) == 8 * sizeof(double));

// A violated contract is found, and stops a constant expression.
static_assert(validated(LinearProjection<>{1, 2, 3, false, {}}).in_features == 2);
static_assert(LinearProjection<>{0, 1, 1, false, {}}.violation()->field == "tokens");

}  // namespace
