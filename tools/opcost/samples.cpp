// SPDX-License-Identifier: Apache-2.0
#include "samples.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

struct LinearFormats {
  TensorFormat activation;
  TensorFormat weight;
};

LinearFormats linear_formats(const MeasuredRow& row) {
  const std::string& type = row.text("dtype");
  if (type == "bfloat16" || type == "bf16") return {formats::bf16, formats::bf16};
  if (type == "float16" || type == "fp16") return {formats::fp16, formats::fp16};
  if (type == "fp8") return {formats::fp8, formats::fp8};
  if (type == "fp8_block") return {formats::fp8_token_group, formats::fp8_block};
  row.fail("dtype", "one of: bfloat16, float16, fp8, fp8_block");
}

TensorFormat attention_format(const MeasuredRow& row, std::string_view column) {
  const std::string& type = row.text(column);
  if (type == "bfloat16" || type == "bf16") return formats::bf16;
  if (type == "float16" || type == "fp16") return formats::fp16;
  if (type == "fp8") return formats::fp8;
  row.fail(column, "one of: bfloat16, float16, fp8");
}

/// A sample of an operation: its family and dimensions are those that its estimate asks for. `group` is the shape
/// without its token dimension.
Sample sample_of(const AnyOperation& operation, const MeasuredRow& row, std::string group) {
  Sample sample;
  sample.operation = operation;
  operation.visit([&sample](const auto& known) {
    const auto query = kernel_query(known, measured_conditions(true));
    const auto dimensions = query.shape.dimensions();
    sample.family = query.family;
    sample.dimensions.assign(dimensions.begin(), dimensions.end());
    sample.windowed = query.windowed;
  });
  sample.kernel = row.text("kernel");
  sample.data_type = row.text("dtype");
  sample.phase = row.text("phase");
  sample.group = std::move(group);
  sample.measured = row.latency();
  sample.file = row.file;
  sample.line = row.line;
  return sample;
}

/// C[m, n] = A[m, k] · B[k, n].
Sample linear_sample(const MeasuredRow& row) {
  const LinearFormats types = linear_formats(row);
  const std::int32_t n = row.count("n");
  const std::int32_t k = row.count("k");
  return sample_of(LinearProjection<>{row.count("m"), k, n, false, {types.activation, types.weight, formats::bf16}},
                   row, fmt::format("{} {}", n, k));
}

/// A causal prefill (query tokens = context tokens) or a decode step; window 0 is full attention.
Sample attention_sample(const MeasuredRow& row) {
  const std::int32_t head_dimension = row.count("head_dim");
  const AttentionHeads heads{row.count("query_heads"), row.count("kv_heads"), head_dimension, head_dimension};
  if (heads.query_heads % heads.kv_heads != 0) row.fail("kv_heads", "a divisor of query_heads");
  const std::int32_t query_tokens = row.count("query_tokens");
  const std::int32_t context_tokens = row.count("context_tokens");
  if (query_tokens > context_tokens) row.fail("context_tokens", "at least query_tokens");
  const std::string& phase = row.text("phase");
  if (phase != "prefill" && phase != "decode") row.fail("phase", "prefill or decode");
  const RuntimeAttentionPrecision precision{attention_format(row, "dtype"), attention_format(row, "kv_dtype"),
                                            formats::bf16};
  const std::int32_t batch = row.count("batch");
  const std::int32_t window = row.count("window", 0);
  const AnyOperation operation =
      window == 0
          ? AnyOperation(FullAttention{heads, batch, query_tokens, context_tokens, {}, precision})
          : AnyOperation(SlidingWindowAttention{heads, batch, query_tokens, context_tokens, {window}, precision});
  Sample sample = sample_of(operation, row,
                            fmt::format("{} {} {} {}", heads.query_heads, heads.kv_heads, head_dimension, window));
  if (sample.data_type != row.text("kv_dtype")) sample.data_type += "/" + row.text("kv_dtype");
  return sample;
}

/// An m × k activation from bf16 to fp8 with a given scale: the measured elementwise kernel.
Sample quantise_sample(const MeasuredRow& row) {
  const std::int32_t k = row.count("k");
  return sample_of(Activation<>{row.count("m"), k, ActivationFunction::relu, false, {formats::bf16, formats::fp8}},
                   row, fmt::format("{}", k));
}

}  // namespace

Measurements measurements_of(const std::vector<std::filesystem::path>& paths) {
  Measurements measurements;
  measurements.files = read_measurements(paths, [&measurements](const MeasuredRow& row) {
    switch (row.kind) {
      case MeasuredKind::linear: measurements.samples.push_back(linear_sample(row)); break;
      case MeasuredKind::attention: measurements.samples.push_back(attention_sample(row)); break;
      case MeasuredKind::quantise: measurements.samples.push_back(quantise_sample(row)); break;
    }
  });
  return measurements;
}

ExecutionConditions measured_conditions(bool times_cache_write) {
  return {.sustained_power = false, .cold_cache = false, .cache_write = times_cache_write, .cuda_graph = true};
}

LatencyEstimate estimate_of(const Sample& sample, const Accelerator& accelerator, const Calibration& calibration,
                            const ExecutionConditions& conditions) {
  return estimate_latency(sample.operation, accelerator, calibration, conditions);
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
