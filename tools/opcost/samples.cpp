// SPDX-License-Identifier: Apache-2.0
#include "samples.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

struct LinearFormats {
  TensorFormat activation;
  TensorFormat weight;
};

LinearFormats linear_formats(const LinearMeasurement& row) {
  if (row.data_type == "bfloat16" || row.data_type == "bf16") return {formats::bf16, formats::bf16};
  if (row.data_type == "float16" || row.data_type == "fp16") return {formats::fp16, formats::fp16};
  if (row.data_type == "fp8") return {formats::fp8, formats::fp8};
  if (row.data_type == "fp8_block") return {formats::fp8_token_group, formats::fp8_block};
  throw InputError(fmt::format("line {}: dtype is '{}', expected one of: bfloat16, float16, fp8, fp8_block",
                               row.line, row.data_type));
}

TensorFormat attention_format(const AttentionMeasurement& row, const std::string& type) {
  if (type == "bfloat16" || type == "bf16") return formats::bf16;
  if (type == "float16" || type == "fp16") return formats::fp16;
  if (type == "fp8") return formats::fp8;
  throw InputError(fmt::format("line {}: dtype is '{}', expected one of: bfloat16, float16, fp8", row.line, type));
}

void set_origin(Sample& sample, const Measurement& row) {
  sample.kernel = row.kernel;
  sample.measured = row.latency;
  sample.file = row.file;
  sample.line = row.line;
}

Sample linear_sample(const LinearMeasurement& row) {
  const LinearFormats types = linear_formats(row);
  Sample sample;
  const LinearProjection<> operation{row.m, row.k, row.n, false, {types.activation, types.weight, formats::bf16}};
  sample.operation = operation;
  sample.family = linear_family(operation.compute_type(), types.weight);
  sample.data_type = row.data_type;
  sample.group = fmt::format("{} {}", row.n, row.k);
  set_origin(sample, row);
  return sample;
}

Sample attention_sample(const AttentionMeasurement& row) {
  Sample sample;
  const AttentionHeads heads{row.query_heads, row.kv_heads, row.head_dimension, row.head_dimension};
  const TensorFormat query = attention_format(row, row.data_type);
  const TensorFormat cache = attention_format(row, row.kv_data_type);
  const RuntimeAttentionPrecision precision{query, cache, formats::bf16};
  if (row.window > 0) {
    sample.operation =
        SlidingWindowAttention{heads, row.batch, row.query_tokens, row.context_tokens, {row.window}, precision};
  } else {
    sample.operation = FullAttention{heads, row.batch, row.query_tokens, row.context_tokens, {}, precision};
  }
  sample.family = attention_family(row.query_tokens, row.context_tokens, cache);
  sample.data_type = row.data_type == row.kv_data_type ? row.data_type : row.data_type + "/" + row.kv_data_type;
  sample.phase = row.phase;
  sample.group = fmt::format("{} {} {} {}", row.query_heads, row.kv_heads, row.head_dimension, row.window);
  sample.windowed = row.window > 0;
  set_origin(sample, row);
  return sample;
}

Sample quantise_sample(const QuantiseMeasurement& row) {
  Sample sample;
  sample.operation = Activation<>{row.m, row.k, ActivationFunction::relu, false, {formats::bf16, formats::fp8}};
  sample.family = KernelFamily::elementwise;
  sample.data_type = row.data_type;
  sample.group = fmt::format("{}", row.k);
  set_origin(sample, row);
  return sample;
}

}  // namespace

std::vector<double> Sample::dimensions() const {
  return std::visit(
      [](const auto& op) -> std::vector<double> {
        if constexpr (std::is_same_v<std::decay_t<decltype(op)>, LinearProjection<>>) {
          return {double(op.tokens), double(op.out_features), double(op.in_features)};
        } else if constexpr (std::is_same_v<std::decay_t<decltype(op)>, Activation<>>) {
          return {};
        } else {
          double window = 0.0;
          if constexpr (requires { op.mask.window; }) window = op.mask.window;
          return {double(op.sequences),
                  double(op.query_tokens),
                  double(op.context_tokens),
                  double(op.heads.query_heads),
                  double(op.heads.kv_heads),
                  double(op.heads.query_key_dimension),
                  window};
        }
      },
      operation);
}

std::vector<Sample> samples_of(const Measurements& measurements) {
  std::vector<Sample> samples;
  samples.reserve(measurements.linear.size() + measurements.attention.size());
  for (const LinearMeasurement& row : measurements.linear) samples.push_back(linear_sample(row));
  for (const AttentionMeasurement& row : measurements.attention) samples.push_back(attention_sample(row));
  for (const QuantiseMeasurement& row : measurements.quantise) samples.push_back(quantise_sample(row));
  return samples;
}

ExecutionConditions measured_conditions(bool times_cache_write) {
  return {.sustained_power = false, .cold_cache = false, .cache_write = times_cache_write, .cuda_graph = true};
}

LatencyEstimate estimate_of(const Sample& sample, const Accelerator& accelerator, const Calibration& calibration,
                            const ExecutionConditions& conditions) {
  return std::visit(
      [&](const auto& operation) { return estimate_latency(operation, accelerator, calibration, conditions); },
      sample.operation);
}

void require_microseconds(const std::vector<Sample>& samples, const Accelerator& accelerator,
                          const ExecutionConditions& conditions) {
  const Calibration ideal{};
  std::size_t below = 0;
  for (const Sample& sample : samples) {
    const Seconds bound = estimate_of(sample, accelerator, ideal, conditions).bound.time;
    if (sample.measured < bound * 0.1) ++below;
  }
  if (2 * below > samples.size()) {
    throw InputError(fmt::format(
        "{} of {} latencies lie below a tenth of {}'s roofline bound, expected microseconds in latency_us "
        "(milliseconds would be a factor of 1000 too small) and measurements of that accelerator",
        below, samples.size(), accelerator.name));
  }
}

}  // namespace opcost::program
