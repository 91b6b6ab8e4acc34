// SPDX-License-Identifier: Apache-2.0
//
// Data types, tensor formats and precision policies.
#include "opcost/precision.hpp"

#include <type_traits>

#include "opcost/operation/activation.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/linear_projection.hpp"

namespace {

using namespace opcost;

// Names are unique and read back.
static_assert([] {
  for (std::size_t i = 0; i < data_type_count; ++i) {
    if (static_cast<std::size_t>(data_types[i]) != i) return false;
    if (data_type_named(name(data_types[i])) != data_types[i]) return false;
  }
  return true;
}());
static_assert(name(DataType::bf16) == "bf16" && name(DataType::int4) == "int4");
static_assert(!data_type_named("bfloat16") && !data_type_named("") && !data_type_named("BF16"));

static_assert(bytes_per_element(DataType::fp64) == 8.0 && bytes_per_element(DataType::fp32) == 4.0);
static_assert(bytes_per_element(DataType::tf32) == 4.0, "tf32 is stored in 32 bits");
static_assert(bytes_per_element(DataType::bf16) == 2.0 && bytes_per_element(DataType::fp16) == 2.0);
static_assert(bytes_per_element(DataType::fp8) == 1.0 && bytes_per_element(DataType::int8) == 1.0);
static_assert(bytes_per_element(DataType::fp4) == 0.5 && bytes_per_element(DataType::int4) == 0.5);

// Scales: whole blocks, at the edges too.
static_assert(tensor_bytes(formats::bf16, 3, 5) == Bytes{30.0});
static_assert(tensor_bytes(formats::fp8_block, 128, 128) == Bytes{16384.0 + 4.0});
static_assert(tensor_bytes(formats::fp8_block, 129, 128) == Bytes{16512.0 + 8.0});
static_assert(tensor_bytes(formats::fp8_block, 1, 1) == Bytes{1.0 + 4.0});
static_assert(tensor_bytes(formats::mxfp4, 2, 64) == Bytes{64.0 + 4.0}, "4 groups of 32, one byte each");
static_assert(tensor_bytes(formats::nvfp4, 2, 64) == Bytes{64.0 + 8.0}, "8 groups of 16, one byte each");
static_assert(tensor_bytes(formats::int4_group, 2, 200) == Bytes{200.0 + 8.0}, "2 rows of 2 groups, 2 bytes each");
static_assert(tensor_bytes(formats::bf16, 2'000'000'000, 2'000'000'000) == Bytes{8e18}, "past the range of int32");

// Mixed operands multiply in the wider type.
static_assert(multiply_type(DataType::bf16, DataType::int4) == DataType::bf16);
static_assert(multiply_type(DataType::fp8, DataType::bf16) == DataType::bf16);
static_assert(multiply_type(DataType::fp8, DataType::int8) == DataType::fp8);

// Policies: concepts, and nothing stored where the type knows.
static_assert(LinearPrecision<RuntimeLinearPrecision> && LinearPrecision<StaticLinearPrecision<>>);
static_assert(AttentionPrecision<RuntimeAttentionPrecision> && AttentionPrecision<StaticAttentionPrecision<>>);
static_assert(ElementwisePrecision<RuntimeElementwisePrecision>);
static_assert(ElementwisePrecision<StaticElementwisePrecision<>>);
static_assert(!LinearPrecision<int> && !LinearPrecision<DataType> && !LinearPrecision<TensorFormat>);
static_assert(!LinearPrecision<RuntimeAttentionPrecision> && !AttentionPrecision<RuntimeLinearPrecision>);
static_assert(!ElementwisePrecision<RuntimeLinearPrecision>);

static_assert(std::is_empty_v<StaticLinearPrecision<formats::fp8>>);
static_assert(std::is_empty_v<StaticAttentionPrecision<>> && std::is_empty_v<StaticElementwisePrecision<>>);
static_assert(sizeof(LinearProjection<StaticLinearPrecision<>>) == 3 * sizeof(std::int32_t) + sizeof(std::int32_t));
static_assert(sizeof(Attention<Causal, StaticAttentionPrecision<>>) ==
              sizeof(AttentionHeads) + 3 * sizeof(std::int32_t) + sizeof(std::int32_t));  // the features, padded
static_assert(sizeof(Attention<StaticSlidingWindow<4096>, StaticAttentionPrecision<>>) ==
              sizeof(Attention<Causal, StaticAttentionPrecision<>>));
static_assert(sizeof(AttentionBatch<Causal>) == sizeof(AttentionCounts));
static_assert(sizeof(TensorFormat) <= 12);
static_assert(std::is_trivially_copyable_v<LinearProjection<>> && std::is_trivially_copyable_v<FullAttention>);

template <class P>
concept projection_takes = requires {
  typename LinearProjection<P>;
};
static_assert(projection_takes<StaticLinearPrecision<>> && !projection_takes<int>);

// A static policy and a run-time policy of the same formats cost the same.
constexpr RuntimeLinearPrecision runtime_linear{formats::fp8_token_group, formats::fp8_block, formats::bf16};
using StaticLinear = StaticLinearPrecision<formats::fp8_token_group, formats::fp8_block, formats::bf16>;
constexpr LinearProjection<> by_value{
    .tokens = 7, .in_features = 300, .out_features = 200, .precision = runtime_linear};
constexpr LinearProjection<StaticLinear> by_type{.tokens = 7, .in_features = 300, .out_features = 200};
static_assert(by_value.cost() == by_type.cost() && by_value.compute_type() == by_type.compute_type());

constexpr AttentionHeads heads{8, 2, 64, 32};
constexpr SlidingWindowAttention window_by_value{heads, 3,    5,
                                                 100,   {16}, {formats::bf16, formats::fp8, formats::fp16}};
constexpr Attention<StaticSlidingWindow<16>, StaticAttentionPrecision<formats::bf16, formats::fp8, formats::fp16>>
    window_by_type{.heads = heads, .sequences = 3, .query_tokens = 5, .context_tokens = 100};
static_assert(window_by_value.cost() == window_by_type.cost());
static_assert(window_by_value.compute_type() == window_by_type.compute_type());
static_assert(window_by_type.kind == "sliding_window_attention" && window_by_value.kind == window_by_type.kind);

constexpr Activation<> silu_by_value{.tokens = 3, .width = 8, .precision = {formats::fp32, formats::fp8}};
constexpr Activation<StaticElementwisePrecision<formats::fp32, formats::fp8>> silu_by_type{.tokens = 3, .width = 8};
static_assert(silu_by_value.cost() == silu_by_type.cost());

// The cache's type is its own: fp8 keys leave the queries two bytes wide.
static_assert(window_by_value.cost().activation_read == Bytes{3.0 * 5 * 8 * 64 * 2});

}  // namespace
