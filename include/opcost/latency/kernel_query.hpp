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
#include "opcost/operation/batched_projection.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/expert_routing.hpp"
#include "opcost/operation/gated_delta_rule.hpp"
#include "opcost/operation/grouped_projection.hpp"
#include "opcost/operation/latent_attention.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/mixture_of_experts.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/operation/ragged.hpp"
#include "opcost/operation/short_convolution.hpp"
#include "opcost/operation/state_space_scan.hpp"
#include "opcost/precision.hpp"

namespace opcost {

/// How the operation runs. The defaults are a serving system's; a benchmark that replays one shape finds its KV
/// cache, its states or the weights of its experts in L2 (`cold_cache` false).
struct ExecutionConditions {
  bool sustained_power = false;   ///< A constantly busy server at its power limit, not a short benchmark.
  bool cold_cache = true;         ///< KV cache, states and experts come from device memory, not from L2.
  bool cache_write = true;        ///< The attention stores the new tokens' keys and values, too.
  bool cuda_graph = true;         ///< Launched by a CUDA graph, not one by one.
  bool tuned_experts = true;      ///< The serving system has a configuration for this shape of 16-bit experts.
  bool custom_all_reduce = true;  ///< The serving system's own all-reduce is on, where it has one.

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

/// The family whose model answers for an attention: by the cache's width, and decode where few queries, all heads of a
/// group together at most a tile of 128 rows, follow cached tokens.
constexpr KernelFamily attention_family(double query_tokens, double context_tokens, const AttentionHeads& heads,
                                        const TensorFormat& kv_cache) noexcept {
  const bool narrow = bytes_per_element(kv_cache.element) < 2.0;
  const bool few = query_tokens <= 1.0 || query_tokens * heads.query_heads <= 128.0 * heads.kv_heads;
  if (few && query_tokens < context_tokens) {
    return narrow ? KernelFamily::decode_attention_fp8_cache : KernelFamily::decode_attention;
  }
  return narrow ? KernelFamily::prefill_attention_fp8_cache : KernelFamily::prefill_attention;
}

/// The family whose model answers for a fused layer of experts.
constexpr KernelFamily experts_family(DataType compute_type, const TensorFormat& weight, std::int32_t ranks,
                                      bool tuned) noexcept {
  if (weight.element == DataType::fp4) return KernelFamily::experts_mxfp4;
  if (weight.element == DataType::int4) return KernelFamily::experts_int4;
  if (compute_type != DataType::fp8) {
    return tuned ? KernelFamily::experts_16bit : KernelFamily::experts_16bit_untuned;
  }
  if (weight.scale_rows == 0) return KernelFamily::experts_fp8;
  return ranks > 1 ? KernelFamily::experts_fp8_block_parallel : KernelFamily::experts_fp8_block;
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

/// The same of alike sequences, from an operation that counts them so.
template <class T>
[[gnu::always_inline]] constexpr kernel::AttentionShape uniform_attention_shape(
    const T& operation, const AttentionHeads& heads, const TensorFormat& kv_cache, const Cost& cost,
    const ExecutionConditions& conditions) noexcept {
  const AttentionCounts counts = count_sequence(operation.mask, {operation.query_tokens, operation.context_tokens});
  kernel::AttentionShape shape = attention_shape(heads, kv_cache, cost, conditions);
  shape.sequences = operation.sequences;
  shape.query_tokens = operation.query_tokens;
  shape.context_tokens = operation.context_tokens;
  shape.pairs = static_cast<double>(counts.pairs);
  shape.visible_keys = static_cast<double>(counts.visible_keys);
  return shape;
}

/// What of a recurrence does not depend on its kind.
template <class T>
constexpr kernel::RecurrentShape recurrent_shape(const T& operation,
                                                 const ExecutionConditions& conditions) noexcept {
  kernel::RecurrentShape shape;
  shape.sequences = operation.sequences;
  shape.query_tokens = operation.query_tokens;
  shape.chunk = operation.chunk_tokens;
  shape.state_bytes = bytes_per_element(TensorFormat(operation.precision.state).element);
  shape.activation_bytes = bytes_per_element(TensorFormat(operation.precision.input).element);
  shape.keeps_states = operation.stores_every_state;
  shape.cold = conditions.cold_cache;
  return shape;
}

/// As many alike sequences with the means of what was counted.
constexpr void set_means(kernel::AttentionShape& shape, const AttentionCounts& counts) noexcept {
  shape.sequences = static_cast<double>(counts.sequences);
  shape.query_tokens = static_cast<double>(counts.query_tokens) / shape.sequences;
  shape.visible_keys = static_cast<double>(counts.visible_keys) / shape.sequences;
  shape.context_tokens = shape.visible_keys;
  shape.pairs = static_cast<double>(counts.pairs) / shape.sequences;
}

template <AttentionMask Mask>
constexpr KernelFamily attention_family_of(const kernel::AttentionShape& shape, const AttentionHeads& heads,
                                           const TensorFormat& kv_cache) noexcept {
  if constexpr (std::same_as<Mask, Bidirectional>) return KernelFamily::encoder_attention;
  return attention_family(shape.query_tokens, shape.context_tokens, heads, kv_cache);
}

}  // namespace detail

/// Any operation without an overload of its own.
template <Operation T>
constexpr KernelQuery<kernel::BoundShape> kernel_query(const T& operation,
                                                       const ExecutionConditions& /*conditions*/) noexcept {
  return {.family = KernelFamily::elementwise, .cost = operation.cost(), .type = operation.compute_type()};
}

/// A collective is estimated on a fabric: see collective_estimate.hpp.
KernelQuery<kernel::CollectiveShape> kernel_query(const Collective&, const ExecutionConditions&) = delete;

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

/// A product for each batch is as one over all their columns: tiles, steps and bytes are the same.
template <LinearPrecision P>
constexpr KernelQuery<kernel::MatmulShape> kernel_query(const BatchedProjection<P>& operation,
                                                        const ExecutionConditions& conditions) noexcept {
  KernelQuery<kernel::MatmulShape> query = kernel_query(operation.one(), conditions);
  query.shape.n *= operation.batches;
  query.shape.bytes *= operation.batches;
  query.cost = operation.cost();
  query.usual = false;
  return query;
}

/// Cached prefixes, verification and cross attention are beyond what the models were fitted on.
template <AttentionMask Mask, AttentionPrecision P>
[[gnu::always_inline]] constexpr KernelQuery<kernel::AttentionShape> kernel_query(
    const Attention<Mask, P>& operation, const ExecutionConditions& conditions) noexcept {
  const TensorFormat kv_cache = operation.precision.kv_cache;
  const DataType type = operation.compute_type();
  Cost cost = operation.cost();
  if (!conditions.cache_write) cost.kv_cache_write = {};
  kernel::AttentionShape shape =
      detail::uniform_attention_shape(operation, operation.heads, kv_cache, cost, conditions);
  if constexpr (requires { operation.mask.window; }) shape.window = operation.mask.window;
  const bool whole = operation.query_tokens == operation.context_tokens;
  return {.family = detail::attention_family_of<Mask>(shape, operation.heads, kv_cache),
          .shape = shape,
          .cost = cost,
          .type = type,
          .usual = detail::is_16bit(type) &&
                   (whole || (operation.query_tokens == 1 && !std::same_as<Mask, Bidirectional>)) &&
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
  detail::set_means(shape, counts);
  constexpr bool windowed = !std::same_as<Mask, Causal> && !std::same_as<Mask, Bidirectional>;
  return {.family = detail::attention_family_of<Mask>(shape, operation.heads, kv_cache),
          .shape = shape,
          .cost = cost,
          .type = operation.compute_type(),
          .windowed = windowed};
}

namespace detail {

/// The format in which latent attention finds its keys: the cache's, or where they are expanded, key_value_up's.
template <AttentionMask Mask, AttentionPrecision P>
constexpr TensorFormat key_format(const LatentAttention<Mask, P>& operation) noexcept {
  if (operation.form == LatentForm::absorbed) return operation.precision.kv_cache;
  return operation.precision.query;
}

template <AttentionMask Mask, AttentionPrecision P>
constexpr KernelFamily latent_family(const LatentAttention<Mask, P>& operation,
                                     const kernel::AttentionShape& shape) noexcept {
  if (operation.form == LatentForm::absorbed) return KernelFamily::latent_attention;
  return attention_family_of<Mask>(shape, operation.computed_heads(), key_format(operation));
}

}  // namespace detail

/// Absorbed: one KV head of latents, by a model of its own. Expanded: attention with a KV head for every query head.
template <AttentionMask Mask, AttentionPrecision P>
constexpr KernelQuery<kernel::AttentionShape> kernel_query(const LatentAttention<Mask, P>& operation,
                                                           const ExecutionConditions& conditions) noexcept {
  Cost cost = operation.cost();
  if (!conditions.cache_write) cost.kv_cache_write = {};
  const kernel::AttentionShape shape = detail::uniform_attention_shape(
      operation, operation.computed_heads(), detail::key_format(operation), cost, conditions);
  return {.family = detail::latent_family(operation, shape),
          .shape = shape,
          .cost = cost,
          .type = operation.compute_type(),
          .usual = operation.form == LatentForm::absorbed && std::same_as<Mask, Causal> &&
                   detail::is_16bit(operation.compute_type()) &&
                   (operation.query_tokens == 1 || operation.query_tokens == operation.context_tokens)};
}

/// As a ragged attention: by the means of the batch, the bound exact.
template <AttentionMask Mask, AttentionPrecision P>
constexpr KernelQuery<kernel::AttentionShape> kernel_query(const Ragged<LatentAttention<Mask, P>>& ragged,
                                                           const ExecutionConditions& conditions) noexcept {
  const LatentAttention<Mask, P>& operation = ragged.operation;
  Cost cost = ragged.cost();
  if (!conditions.cache_write) cost.kv_cache_write = {};
  kernel::AttentionShape shape =
      detail::attention_shape(operation.computed_heads(), detail::key_format(operation), cost, conditions);
  detail::set_means(shape, ragged.batch.counts());
  return {.family = detail::latent_family(operation, shape),
          .shape = shape,
          .cost = cost,
          .type = operation.compute_type()};
}

/// The fused layer of a serving system. A layer that is fused further is answered by the same model, outside its range;
/// one whose tokens were dispatched as that of a rank alone, with its own experts and as many rows as it got.
template <LinearPrecision P>
constexpr KernelQuery<kernel::ExpertsShape> kernel_query(const MixtureOfExperts<P>& operation,
                                                         const ExecutionConditions& conditions) noexcept {
  const ExpertRouting& routing = operation.routing;
  const TensorFormat activation = operation.precision.activation;
  const TensorFormat weight = operation.precision.weight;
  const DataType type = operation.compute_type();
  const GroupedProjection<P> down = operation.down_projection();
  const RankLoad load = busiest_rank(routing);
  const bool alone = operation.dispatched;
  const std::int32_t ranks = alone ? 1 : routing.ranks;
  const bool narrow_weight = weight.element == DataType::fp4 || weight.element == DataType::int4;
  return {.family = experts_family(type, weight, ranks, conditions.tuned_experts),
          .shape = {.tokens = alone ? load.rows / routing.top_k : double(routing.tokens),
                    .hidden = double(operation.hidden_size),
                    .intermediate = double(operation.intermediate_size),
                    .experts = alone ? routing.experts_per_rank() : double(routing.experts),
                    .ranks = double(ranks),
                    .top_k = double(routing.top_k),
                    .gated = operation.gated,
                    .weight_bytes = down.expert_weight().value / (double(down.in_features) * down.out_features),
                    .operand_bytes = bytes_per_element(activation.element),
                    .cold = conditions.cold_cache,
                    .load = load},
          .cost = operation.cost(load),
          .type = type,
          .usual = operation.fusion == ExpertFusion::separate &&
                   (narrow_weight ? detail::is_16bit(type)
                                  : activation.element == weight.element &&
                                        (type == DataType::fp8 || detail::is_16bit(type)))};
}

template <LinearPrecision P>
constexpr KernelQuery<kernel::GroupedMatmulShape> kernel_query(const GroupedProjection<P>& operation,
                                                               const ExecutionConditions& /*conditions*/) noexcept {
  const ExpertRouting& routing = operation.routing;
  const TensorFormat activation = operation.precision.activation;
  const TensorFormat weight = operation.precision.weight;
  const RankLoad load = busiest_rank(routing);
  const double n = operation.out_features;
  const double k = operation.in_features;
  return {.family = operation.layout == GroupedLayout::masked ? KernelFamily::grouped_masked
                                                              : KernelFamily::grouped_contiguous,
          .shape = {.experts = routing.experts_per_rank(),
                    .n = n,
                    .k = k,
                    .weight_bytes = operation.expert_weight().value / (n * k),
                    .operand_bytes = bytes_per_element(activation.element),
                    .mean_rows = routing.rows() / routing.experts,
                    .load = load},
          .cost = operation.cost(load),
          .type = operation.compute_type(),
          .usual = activation.element == DataType::fp8 && weight == formats::fp8_block};
}

template <RecurrencePrecision P>
constexpr KernelQuery<kernel::RecurrentShape> kernel_query(const GatedDeltaRule<P>& operation,
                                                           const ExecutionConditions& conditions) noexcept {
  const bool per_head = operation.decay == DeltaRuleDecay::per_head;
  const bool chunked = operation.form == RecurrenceForm::chunked;
  kernel::RecurrentShape shape = detail::recurrent_shape(operation, conditions);
  shape.key_heads = operation.key_heads;
  shape.value_heads = operation.value_heads;
  shape.key_dimension = operation.key_dimension;
  shape.value_dimension = operation.value_dimension;
  return {.family = chunked ? (per_head ? KernelFamily::gated_delta_prefill : KernelFamily::kimi_delta_prefill)
                            : (per_head ? KernelFamily::gated_delta_decode : KernelFamily::kimi_delta_decode),
          .shape = shape,
          .cost = operation.cost(),
          .type = operation.compute_type(),
          .usual = detail::is_16bit(TensorFormat(operation.precision.input).element) &&
                   TensorFormat(operation.precision.state).element == DataType::fp32 &&
                   (!chunked || operation.chunk_tokens == 64)};
}

/// By the models of the gated delta rule, which moves the same state: a key for B and C, a value for x.
template <RecurrencePrecision P>
constexpr KernelQuery<kernel::RecurrentShape> kernel_query(const StateSpaceScan<P>& operation,
                                                           const ExecutionConditions& conditions) noexcept {
  kernel::RecurrentShape shape = detail::recurrent_shape(operation, conditions);
  shape.key_heads = operation.groups;
  shape.value_heads = operation.heads;
  shape.key_dimension = operation.state_dimension;
  shape.value_dimension = operation.head_dimension;
  return {.family = operation.form == RecurrenceForm::chunked ? KernelFamily::gated_delta_prefill
                                                              : KernelFamily::gated_delta_decode,
          .shape = shape,
          .cost = operation.cost(),
          .type = operation.compute_type()};
}

/// One token, or a few whose states are all kept, is an update; more is a prefill.
template <ElementwisePrecision P>
constexpr KernelQuery<kernel::ConvolutionShape> kernel_query(const ShortConvolution<P>& operation,
                                                             const ExecutionConditions& conditions) noexcept {
  const TensorFormat input = operation.precision.input;
  const bool update = operation.query_tokens == 1 || operation.stores_every_state;
  return {.family = update ? KernelFamily::short_convolution_decode : KernelFamily::short_convolution_prefill,
          .shape = {.sequences = double(operation.sequences),
                    .query_tokens = double(operation.query_tokens),
                    .channels = double(operation.channels),
                    .width = double(operation.width),
                    .activation_bytes = bytes_per_element(input.element),
                    .keeps_states = operation.stores_every_state,
                    .cold = conditions.cold_cache},
          .cost = operation.cost(),
          .type = operation.compute_type(),
          .usual = detail::is_16bit(input.element)};
}

namespace detail {

/// What one of the operation asks, for as many alike sequences with the batch's mean of new tokens. The cost is exact.
template <class Query, class T>
constexpr Query by_means(Query query, const Ragged<T>& ragged) noexcept {
  const RecurrenceCounts& counts = ragged.batch.counts();
  query.shape.sequences = static_cast<double>(counts.sequences);
  query.shape.query_tokens = static_cast<double>(counts.query_tokens) / query.shape.sequences;
  query.cost = ragged.cost();
  query.usual = false;
  return query;
}

}  // namespace detail

/// By the means of the batch, as a ragged attention.
template <RecurrencePrecision P>
constexpr KernelQuery<kernel::RecurrentShape> kernel_query(const Ragged<GatedDeltaRule<P>>& ragged,
                                                           const ExecutionConditions& conditions) noexcept {
  return detail::by_means(kernel_query(ragged.operation, conditions), ragged);
}

template <RecurrencePrecision P>
constexpr KernelQuery<kernel::RecurrentShape> kernel_query(const Ragged<StateSpaceScan<P>>& ragged,
                                                           const ExecutionConditions& conditions) noexcept {
  return detail::by_means(kernel_query(ragged.operation, conditions), ragged);
}

/// An update where every sequence has one token, or its states are all kept.
template <ElementwisePrecision P>
constexpr KernelQuery<kernel::ConvolutionShape> kernel_query(const Ragged<ShortConvolution<P>>& ragged,
                                                             const ExecutionConditions& conditions) noexcept {
  auto query = detail::by_means(kernel_query(ragged.operation, conditions), ragged);
  const bool update = query.shape.query_tokens <= 1.0 || ragged.operation.stores_every_state;
  query.family = update ? KernelFamily::short_convolution_decode : KernelFamily::short_convolution_prefill;
  return query;
}

}  // namespace opcost
