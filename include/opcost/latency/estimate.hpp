// SPDX-License-Identifier: Apache-2.0
//
// The time that an operation will take: a kernel model with fitted factors, its interval, and where the time goes.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <variant>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/units.hpp"

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

/// The expected time with an 80 % interval, and where it goes. Always: bound.time ≤ low ≤ expected ≤ high.
/// Estimates add: the sum is that of running one after the other, its interval that of fully correlated errors.
struct LatencyEstimate {
  Seconds expected{};
  Seconds low{};
  Seconds high{};
  Seconds compute{};  ///< Of the main loop; overlaps with memory.
  Seconds memory{};
  Seconds overhead{};  ///< Launch, prologue, reductions, quantisation, the KV-cache write.
  RooflineBound bound{};
  bool in_fitted_range = false;  ///< Whether the fit saw such shapes on this accelerator.

  /// How much of the expected time the bound accounts for, 0 to 1.
  constexpr double efficiency() const noexcept { return bound.time / expected; }

  constexpr LatencyEstimate& operator+=(const LatencyEstimate& other) noexcept {
    expected += other.expected;
    low += other.low;
    high += other.high;
    compute += other.compute;
    memory += other.memory;
    overhead += other.overhead;
    bound += other.bound;
    in_fitted_range = in_fitted_range && other.in_fitted_range;
    return *this;
  }
  friend constexpr LatencyEstimate operator+(LatencyEstimate a, const LatencyEstimate& b) noexcept {
    return a += b;
  }

  /// The estimate of `count` executions one after the other.
  friend constexpr LatencyEstimate operator*(LatencyEstimate estimate, double count) noexcept {
    estimate.expected = estimate.expected * count;
    estimate.low = estimate.low * count;
    estimate.high = estimate.high * count;
    estimate.compute = estimate.compute * count;
    estimate.memory = estimate.memory * count;
    estimate.overhead = estimate.overhead * count;
    estimate.bound = estimate.bound * count;
    return estimate;
  }
};

namespace detail {

/// A kernel's shape in the two forms that models ask for, and its bound's times for the constant model.
struct KernelQuery {
  const kernel::MatmulShape* matmul = nullptr;
  const kernel::AttentionShape* attention = nullptr;
  RooflineBound bound{};
  kernel::Machine machine{};
};

inline kernel::KernelTime kernel_time(const KernelModel& model, const KernelQuery& query) noexcept {
  const auto constant = [&query](const kernel::ConstantKernel& k) noexcept {
    return k.time(query.bound.compute_time.value * 1e6, query.bound.memory_time.value * 1e6);
  };
  if (query.machine.complete()) {
    if (query.matmul != nullptr) {
      if (const auto* k = std::get_if<kernel::CublasMatmul>(&model)) return k->time(*query.matmul, query.machine);
      if (const auto* k = std::get_if<kernel::CutlassMatmul>(&model)) return k->time(*query.matmul, query.machine);
      if (const auto* k = std::get_if<kernel::DeepGemmQuantisingMatmul>(&model)) {
        return k->time(*query.matmul, query.machine);
      }
      if (const auto* k = std::get_if<kernel::DeepGemmMatmul>(&model)) return k->time(*query.matmul, query.machine);
    } else if (query.attention != nullptr) {
      if (const auto* k = std::get_if<kernel::FlashAttentionDecode>(&model)) {
        return k->time(*query.attention, query.machine);
      }
      if (const auto* k = std::get_if<kernel::FlashAttentionPrefill>(&model)) {
        return k->time(*query.attention, query.machine);
      }
      if (const auto* k = std::get_if<kernel::FlashInferDecode>(&model))
        return k->time(*query.attention, query.machine);
    }
  }
  if (const auto* k = std::get_if<kernel::ConstantKernel>(&model)) return constant(*k);
  return constant(kernel::ConstantKernel{0.7, 0.8, 5.0});  // a data sheet without multiprocessors or clock
}

inline LatencyEstimate finished(const KernelCalibration& kernel, const KernelQuery& query, bool windowed,
                                bool in_range, const Calibration& calibration,
                                const ExecutionConditions& conditions) noexcept {
  const kernel::KernelTime time = kernel_time(kernel.model, query);
  const Seconds launch{conditions.cuda_graph ? 0.0 : calibration.eager_launch * 1e-6};
  const Seconds bound = query.bound.time;
  const Seconds modelled = Seconds{time.total * 1e-6} + launch;
  LatencyEstimate estimate;
  estimate.expected = modelled > bound ? modelled : bound;
  const ErrorInterval interval =
      (windowed ? kernel.windowed_interval : kernel.interval).widened(calibration.interval_factor);
  const Seconds low = estimate.expected * interval.low;
  estimate.low = low > bound ? low : bound;
  estimate.high = estimate.expected * interval.high;
  estimate.compute = {time.compute * 1e-6};
  estimate.memory = {time.memory * 1e-6};
  estimate.overhead = Seconds{time.overhead * 1e-6} + launch;
  estimate.bound = query.bound;
  estimate.in_fitted_range = in_range;
  return estimate;
}

inline kernel::Machine machine_for(const Accelerator& accelerator, DataType type, const Calibration& calibration,
                                   const ExecutionConditions& conditions) noexcept {
  kernel::Machine machine = kernel::Machine::of(accelerator, type);
  if (conditions.sustained_power) {
    machine.peak *= calibration.sustained_share;
    machine.fp8_peak *= calibration.sustained_share;
  }
  return machine;
}

constexpr bool is_16bit(DataType type) noexcept { return type == DataType::bf16 || type == DataType::fp16; }

/// Whether a fit for this accelerator and these conditions exists at all.
inline bool fitted(const KernelCalibration& kernel, const Accelerator& accelerator, const Calibration& calibration,
                   const ExecutionConditions& conditions) noexcept {
  return kernel.rows > 0 && kernel.transferred_from.empty() && calibration.interval_factor == 1.0 &&
         calibration.accelerator == accelerator.name && !conditions.sustained_power && conditions.cuda_graph;
}

}  // namespace detail

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

/// The latency of a linear projection. Does not throw, allocate or lock.
template <LinearPrecision P>
LatencyEstimate estimate_latency(const LinearProjection<P>& operation, const Accelerator& accelerator,
                                 const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  const TensorFormat activation = operation.precision.activation;
  const TensorFormat weight = operation.precision.weight;
  const DataType type = operation.compute_type();
  const KernelFamily family = linear_family(type, weight);
  const KernelCalibration& kernel = calibration[family];
  const Cost cost = operation.cost();
  const kernel::MatmulShape shape{double(operation.tokens), double(operation.out_features),
                                  double(operation.in_features), cost.bytes().value, bytes_per_element(type)};
  const bool usual_formats =
      activation.element == weight.element && (type == DataType::fp8 || detail::is_16bit(type));
  const bool in_range = usual_formats && detail::fitted(kernel, accelerator, calibration, conditions) &&
                        kernel.range[0].contains(shape.m) && kernel.range[1].contains(shape.n) &&
                        kernel.range[2].contains(shape.k);
  return detail::finished(kernel,
                          {.matmul = &shape,
                           .bound = roofline_bound(cost, type, accelerator),
                           .machine = detail::machine_for(accelerator, type, calibration, conditions)},
                          false, in_range, calibration, conditions);
}

/// The latency of an attention. A prefill after a cached prefix and bidirectional attention are beyond what the
/// models were fitted on. Does not throw, allocate or lock.
template <AttentionMask Mask, AttentionPrecision P>
LatencyEstimate estimate_latency(const Attention<Mask, P>& operation, const Accelerator& accelerator,
                                 const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  constexpr bool sliding = requires { operation.mask.window; };
  const TensorFormat kv_cache = operation.precision.kv_cache;
  const DataType type = operation.compute_type();
  const KernelFamily family = attention_family(operation.query_tokens, operation.context_tokens, kv_cache);
  const KernelCalibration& kernel = calibration[family];
  Cost cost = operation.cost();
  const double written = cost.kv_cache_write.value;
  if (!conditions.cache_write) cost.kv_cache_write = {};
  const AttentionCounts counts = count_sequence(operation.mask, {operation.query_tokens, operation.context_tokens});

  kernel::AttentionShape shape;
  shape.sequences = operation.sequences;
  shape.query_tokens = operation.query_tokens;
  shape.context_tokens = operation.context_tokens;
  shape.query_heads = operation.heads.query_heads;
  shape.kv_heads = operation.heads.kv_heads;
  shape.head_dimension = 0.5 * (double(operation.heads.query_key_dimension) + operation.heads.value_dimension);
  if constexpr (sliding) shape.window = operation.mask.window;
  shape.pairs = static_cast<double>(counts.pairs);
  shape.visible_keys = static_cast<double>(counts.visible_keys);
  shape.kv_bytes = bytes_per_element(kv_cache.element);
  shape.read_and_written = (cost.activation_read + cost.activation_write + cost.kv_cache_read).value;
  shape.cache_write = conditions.cache_write ? written : 0.0;
  shape.flops = cost.matrix_flops.value;
  shape.cold = conditions.cold_cache;

  const bool usual = !std::same_as<Mask, Bidirectional> && detail::is_16bit(type) &&
                     (operation.query_tokens == 1 || operation.query_tokens == operation.context_tokens) &&
                     operation.heads.query_key_dimension == operation.heads.value_dimension;
  const auto& range = kernel.range;
  const bool in_range = usual && detail::fitted(kernel, accelerator, calibration, conditions) &&
                        range[0].contains(shape.sequences) && range[1].contains(shape.query_tokens) &&
                        range[2].contains(shape.context_tokens) && range[3].contains(shape.query_heads) &&
                        range[4].contains(shape.kv_heads) && range[5].contains(shape.head_dimension) &&
                        range[6].contains(shape.window);
  return detail::finished(kernel,
                          {.attention = &shape,
                           .bound = roofline_bound(cost, type, accelerator),
                           .machine = detail::machine_for(accelerator, type, calibration, conditions)},
                          shape.window > 0.0, in_range, calibration, conditions);
}

/// The latency of a ragged attention: that of as many alike sequences with the batch's mean tokens, keys and pairs, by
/// the decode model if most sequences decode. Its bound is exact; its time never counts as fitted.
/// Does not throw, allocate or lock.
template <AttentionMask Mask, AttentionPrecision P>
LatencyEstimate estimate_latency(const RaggedAttention<Mask, P>& operation, const Accelerator& accelerator,
                                 const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  const AttentionCounts& counts = operation.batch.counts();
  if (counts.sequences <= 0) return {};
  const TensorFormat kv_cache = operation.precision.kv_cache;
  const DataType type = operation.compute_type();
  Cost cost = operation.cost();
  if (!conditions.cache_write) cost.kv_cache_write = {};
  const auto sequences = static_cast<double>(counts.sequences);

  kernel::AttentionShape shape;
  shape.sequences = sequences;
  shape.query_tokens = static_cast<double>(counts.query_tokens) / sequences;
  shape.visible_keys = static_cast<double>(counts.visible_keys) / sequences;
  shape.context_tokens = shape.visible_keys;
  shape.pairs = static_cast<double>(counts.pairs) / sequences;
  shape.query_heads = operation.heads.query_heads;
  shape.kv_heads = operation.heads.kv_heads;
  shape.head_dimension = 0.5 * (double(operation.heads.query_key_dimension) + operation.heads.value_dimension);
  shape.kv_bytes = bytes_per_element(kv_cache.element);
  shape.read_and_written = (cost.activation_read + cost.activation_write + cost.kv_cache_read).value;
  shape.cache_write = cost.kv_cache_write.value;
  shape.flops = cost.matrix_flops.value;
  shape.cold = conditions.cold_cache;
  const KernelCalibration& kernel =
      calibration[attention_family(shape.query_tokens < 1.5 ? 1 : 2, shape.visible_keys > 1.0 ? 2 : 1, kv_cache)];
  return detail::finished(
      kernel,
      {.attention = &shape,
       .bound = roofline_bound(cost, type, accelerator),
       .machine = detail::machine_for(accelerator, type, calibration, conditions)},
      requires { operation.batch.mask().window; }, false, calibration, conditions);
}

/// The latency of any other operation, a user's own included: the family `elementwise`, three constants.
template <Operation T>
LatencyEstimate estimate_latency(const T& operation, const Accelerator& accelerator, const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  const DataType type = operation.compute_type();
  return detail::finished(calibration[KernelFamily::elementwise],
                          {.bound = roofline_bound(operation.cost(), type, accelerator),
                           .machine = detail::machine_for(accelerator, type, calibration, conditions)},
                          false, false, calibration, conditions);
}

/// The latency of an operation of any kind. A template, so that only who calls it pays for compiling all kinds.
// clang-format off
template <Operation T>
  requires std::same_as<T, AnyOperation>
LatencyEstimate estimate_latency(const T& operation, const Accelerator& accelerator, const Calibration& calibration,
                                 const ExecutionConditions& conditions = {}) noexcept {
  // clang-format on
  return operation.visit(
      [&](const auto& known) noexcept { return estimate_latency(known, accelerator, calibration, conditions); });
}

}  // namespace opcost
