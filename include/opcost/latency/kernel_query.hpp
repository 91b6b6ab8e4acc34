// SPDX-License-Identifier: Apache-2.0
//
// What each operation asks the kernel models: the family that answers, the shape in the family's form, the cost. One
// overload of kernel_query for each operation that has models of its own; another operation gets the constant model
// of the family `elementwise`. A user's own operation may have an overload in its own namespace.
#pragma once

#include <concepts>
#include <cstdint>

#include "opcost/latency/calibration.hpp"
#include "opcost/latency/kernel/kernel.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"

namespace opcost {

/// How the operation runs. The defaults are a serving system's; a benchmark that replays one shape finds its KV
/// cache in L2 (`cold_cache` false).
struct ExecutionConditions {
  bool sustained_power = false;  ///< A constantly busy server at its power limit, not a short benchmark.
  bool cold_cache = true;        ///< The KV cache comes from device memory, not from L2.
  bool cache_write = true;       ///< The attention stores the new tokens' keys and values, too.
  bool cuda_graph = true;        ///< Launched by a CUDA graph, not one by one.

  friend constexpr bool operator==(const ExecutionConditions&, const ExecutionConditions&) noexcept = default;
};

/// What an operation asks. `Shape` is one of kernel::MatmulShape, kernel::AttentionShape, …
template <class Shape>
struct KernelQuery {
  KernelFamily family = KernelFamily::elementwise;
  Shape shape{};
  Cost cost{};  ///< Of what the conditions leave to this kernel; its bound is the estimate's.
  DataType type = DataType::bf16;
  bool usual = false;     ///< A kind that measurements cover, so that the fitted range decides.
  bool windowed = false;  ///< Takes the interval of sliding windows.
};

/// The family whose model answers for a projection: by the type it computes in and its weight's scales. Types without
/// a family of their own (int8, tf32, …) take the 16-bit model at their own peak, outside its fitted range.
constexpr KernelFamily linear_family(DataType compute_type, const TensorFormat& weight) noexcept {
  if (compute_type != DataType::fp8) return KernelFamily::linear_16bit;
  return weight.scale_rows != 0 ? KernelFamily::linear_fp8_block : KernelFamily::linear_fp8;
}

/// The family whose model answers for an attention: decode is one new token after others; by the cache's width.
constexpr KernelFamily attention_family(std::int32_t query_tokens, std::int32_t context_tokens,
                                        const TensorFormat& kv_cache) noexcept {
  const bool narrow = bytes_per_element(kv_cache.element) < 2.0;
  if (query_tokens == 1 && context_tokens > 1) {
    return narrow ? KernelFamily::decode_attention_fp8_cache : KernelFamily::decode_attention;
  }
  return narrow ? KernelFamily::prefill_attention_fp8_cache : KernelFamily::prefill_attention;
}

namespace detail {

constexpr bool is_16bit(DataType type) noexcept { return type == DataType::bf16 || type == DataType::fp16; }

/// What the attention models want to know beside tokens, keys and pairs.
constexpr kernel::AttentionShape attention_shape(const AttentionHeads& heads, const TensorFormat& kv_cache,
                                                 const Cost& cost, const ExecutionConditions& conditions) noexcept {
  kernel::AttentionShape shape;
  shape.query_heads = heads.query_heads;
  shape.kv_heads = heads.kv_heads;
  shape.head_dimension = 0.5 * (double(heads.query_key_dimension) + heads.value_dimension);
  shape.kv_bytes = bytes_per_element(kv_cache.element);
  shape.read_and_written = (cost.activation_read + cost.activation_write + cost.kv_cache_read).value;
  shape.cache_write = cost.kv_cache_write.value;
  shape.flops = cost.matrix_flops.value;
  shape.cold = conditions.cold_cache;
  return shape;
}

}  // namespace detail

/// Any operation without an overload of its own.
template <Operation T>
constexpr KernelQuery<kernel::BoundShape> kernel_query(const T& operation,
                                                       const ExecutionConditions& /*conditions*/) noexcept {
  return {.family = KernelFamily::elementwise, .cost = operation.cost(), .type = operation.compute_type()};
}

template <LinearPrecision P>
[[gnu::always_inline]] constexpr KernelQuery<kernel::MatmulShape> kernel_query(
    const LinearProjection<P>& operation, const ExecutionConditions& /*conditions*/) noexcept {
  const TensorFormat activation = operation.precision.activation;
  const TensorFormat weight = operation.precision.weight;
  const DataType type = operation.compute_type();
  const Cost cost = operation.cost();
  return {.family = linear_family(type, weight),
          .shape = {.m = double(operation.tokens),
                    .n = double(operation.out_features),
                    .k = double(operation.in_features),
                    .bytes = cost.bytes().value,
                    .operand_bytes = bytes_per_element(type)},
          .cost = cost,
          .type = type,
          .usual = activation.element == weight.element && (type == DataType::fp8 || detail::is_16bit(type))};
}

/// A prefill after a cached prefix and bidirectional attention are beyond what the models were fitted on.
template <AttentionMask Mask, AttentionPrecision P>
[[gnu::always_inline]] constexpr KernelQuery<kernel::AttentionShape> kernel_query(
    const Attention<Mask, P>& operation, const ExecutionConditions& conditions) noexcept {
  const TensorFormat kv_cache = operation.precision.kv_cache;
  const DataType type = operation.compute_type();
  const AttentionCounts counts = count_sequence(operation.mask, {operation.query_tokens, operation.context_tokens});
  Cost cost = operation.cost();
  if (!conditions.cache_write) cost.kv_cache_write = {};
  kernel::AttentionShape shape = detail::attention_shape(operation.heads, kv_cache, cost, conditions);
  shape.sequences = operation.sequences;
  shape.query_tokens = operation.query_tokens;
  shape.context_tokens = operation.context_tokens;
  shape.pairs = static_cast<double>(counts.pairs);
  shape.visible_keys = static_cast<double>(counts.visible_keys);
  if constexpr (requires { operation.mask.window; }) shape.window = operation.mask.window;
  return {.family = attention_family(operation.query_tokens, operation.context_tokens, kv_cache),
          .shape = shape,
          .cost = cost,
          .type = type,
          .usual = !std::same_as<Mask, Bidirectional> && detail::is_16bit(type) &&
                   (operation.query_tokens == 1 || operation.query_tokens == operation.context_tokens) &&
                   operation.heads.query_key_dimension == operation.heads.value_dimension,
          .windowed = shape.window > 0.0};
}

/// As many alike sequences with the batch's mean tokens, keys and pairs, by the decode model if most sequences decode.
/// The bound is exact; the time never counts as fitted.
template <AttentionMask Mask, AttentionPrecision P>
constexpr KernelQuery<kernel::AttentionShape> kernel_query(const RaggedAttention<Mask, P>& operation,
                                                           const ExecutionConditions& conditions) noexcept {
  const AttentionCounts& counts = operation.batch.counts();
  const TensorFormat kv_cache = operation.precision.kv_cache;
  Cost cost = operation.cost();
  if (!conditions.cache_write) cost.kv_cache_write = {};
  kernel::AttentionShape shape = detail::attention_shape(operation.heads, kv_cache, cost, conditions);
  shape.sequences = static_cast<double>(counts.sequences);
  shape.query_tokens = static_cast<double>(counts.query_tokens) / shape.sequences;
  shape.visible_keys = static_cast<double>(counts.visible_keys) / shape.sequences;
  shape.context_tokens = shape.visible_keys;
  shape.pairs = static_cast<double>(counts.pairs) / shape.sequences;
  constexpr bool windowed = !std::same_as<Mask, Causal> && !std::same_as<Mask, Bidirectional>;
  return {.family = attention_family(shape.query_tokens < 1.5 ? 1 : 2, shape.visible_keys > 1.0 ? 2 : 1, kv_cache),
          .shape = shape,
          .cost = cost,
          .type = operation.compute_type(),
          .windowed = windowed};
}

}  // namespace opcost
