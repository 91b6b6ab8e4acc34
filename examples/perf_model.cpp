// SPDX-License-Identifier: Apache-2.0
//
// What the scheduler of xLLM asks of its perf_model and time predictor (github.com/jd-opensource/xllm,
// xllm/core/scheduler/perf_model.h, profile/time_predictor.h), answered by opcost, beside the kind of formulas that
// schedulers write by hand: attention as if it were not causal, the head dimension taken from the hidden size, and
// shares of the peaks that hold for every shape.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"

namespace {

using namespace opcost;

/// The same questions, without constants to tune: the hardware's are its data sheet's, the kernels' are fitted.
class PerfModel {
 public:
  PerfModel(const ModelShard& shard, const ModelPrecision& precision, const Platform& platform)
      : estimator_(shard, precision, platform), cache_format_(precision.kv_cache) {}

  /// A step of whole prompts, or of decodes, of those lengths.
  Seconds prefill(std::span<const std::int32_t> lengths) {
    return step([&](StepBatch& batch) {
      for (const std::int32_t length : lengths) batch.add({length, length, 1});
    });
  }
  Seconds decode(std::span<const std::int32_t> lengths) {
    return step([&](StepBatch& batch) {
      for (const std::int32_t length : lengths) batch.add({1, length, 1});
    });
  }
  /// The predictor's: one sequence of `length` new tokens after `prefix` cached ones, or a list of such.
  Seconds step_time(std::int32_t length, std::int32_t prefix) {
    return step([&](StepBatch& batch) { batch.add({length, prefix + length, 1}); });
  }
  Seconds step_time(std::span<const std::pair<std::int32_t, std::int32_t>> sequences) {
    return step([&](StepBatch& batch) {
      for (const auto& [length, prefix] : sequences) batch.add({length, prefix + length, 1});
    });
  }
  /// What a step takes before it has done anything for a second token.
  Seconds constant_overhead() { return step_time(1, 0); }

  Bytes kv_size(std::span<const std::int32_t> lengths) const {
    Bytes bytes{};
    for (const std::int32_t length : lengths) {
      bytes += kv_cache_bytes(estimator_.shard().model, cache_format_, length);
    }
    return bytes;
  }
  /// New tokens from which on compute limits a step, if it ever does: no linear search.
  std::optional<std::int32_t> saturation_tokens() const { return compute_bound_prompt(estimator_); }

  /// The longest chunk after `prefix` cached tokens of a prompt that takes at most `budget`: no root of a fitted
  /// polynomial.
  std::int32_t largest_chunk(std::int32_t prompt, std::int32_t prefix, Seconds budget) {
    return largest_prefill_chunk(estimator_, StepBatch(model()), {prompt - prefix, prompt, 1}, {budget});
  }
  /// The length that requests may have which fill the batch up to `target` sequences within a latency and so many
  /// tokens of free cache; 0 if none. A probe copies the sums of a batch, however many sequences they are of.
  std::int32_t preferred_length(const StepBatch& current, std::int32_t target, Seconds latency,
                                std::int32_t free_tokens) {
    const auto missing = target - static_cast<std::int32_t>(current.sequences());
    if (missing <= 0) return 0;
    return mathematics::largest_that(free_tokens / missing, [&](std::int32_t length) {
      StepBatch batch = current;
      batch.add({1, length, 1}, missing);
      return estimator_.estimate(batch).expected <= latency;
    });
  }

  const ModelConfig& model() const { return estimator_.shard().model; }

 private:
  template <class Fill>
  Seconds step(Fill fill) {
    StepBatch batch(model());
    fill(batch);
    return estimator_.estimate(batch).expected;
  }

  StepEstimator estimator_;
  TensorFormat cache_format_;
};

/// FLOPs and bytes of attention in all layers, and the step's time, the way they are often written by hand.
struct HandWritten {
  const ModelConfig& model;
  const Accelerator& gpu;

  double attention_flops(double query, double keys) const {
    return model.layers() * 2.0 * model.hidden_size * (query * keys + keys * query);  // every query sees every key
  }
  double attention_bytes(double query, double keys) const {
    const double group = double(model.heads.query_heads) / model.heads.kv_heads;
    return model.layers() * (2.0 * query + 2.0 * keys / group) * model.hidden_size * 2.0;
  }
  /// The longest of three quotients, with 68 % of either peak for everything.
  Seconds time(double sequences, double query, double keys) const {
    const double weights = parameters(model) - double(model.vocabulary_size) * model.hidden_size;
    const double flops = 2.0 * sequences * query * weights + sequences * attention_flops(query, keys);
    const double bytes = 2.0 * weights + sequences * attention_bytes(query, keys);
    return {
        std::max(flops / (0.68 * gpu.peaks[DataType::bf16].value), bytes / (0.68 * gpu.memory_bandwidth.value))};
  }
};

/// The exact attention of a step.
Cost attention(const ModelConfig& model, const StepBatch& batch) {
  Cost cost;
  visit_operations(model, batch, {}, [&](std::string_view name, std::int32_t count, const auto& operation) {
    if (name == "decode_attention" || name == "prefill_attention") cost += operation.cost() * count;
  });
  return cost;
}

}  // namespace

int main() {
  const ModelConfig& model = models::qwen3_32b;  // 64 heads of 128 are 8192 features, not its hidden 5120
  const Accelerator& gpu = accelerators::h200_sxm;
  const Calibration calibration = default_calibration(gpu);
  const Platform platform(gpu, calibration);
  const HandWritten by_hand{model, gpu};
  PerfModel perf_model(ModelShard{model}, {}, platform);

  fmt::print("{} on one {}, by hand / exact or fitted\n\n", model.name, gpu.name);
  fmt::print("{:24} {:>27} {:>27} {:>24}\n", "step", "attention FLOPs", "attention bytes", "time");
  struct Case {
    const char* what;
    std::int32_t sequences, query, keys;
  };
  for (const Case& c : {Case{"prompt of 512", 1, 512, 512}, Case{"prompt of 8192", 1, 8192, 8192},
                        Case{"chunk of 512 after 7680", 1, 512, 8192}, Case{"decode 1 at 8192", 1, 1, 8192},
                        Case{"decode 64 at 1024", 64, 1, 1024}, Case{"decode 6 at 32768", 6, 1, 32768}}) {
    StepBatch batch(model);
    batch.add({c.query, c.keys, 1}, c.sequences);
    const Cost exact = attention(model, batch);
    const Flops flops{c.sequences * by_hand.attention_flops(c.query, c.keys)};
    const Bytes bytes{c.sequences * by_hand.attention_bytes(c.query, c.keys)};
    const Seconds time = by_hand.time(c.sequences, c.query, c.keys);
    const Seconds fitted = StepEstimator(model, {}, platform).estimate(batch).expected;
    const auto compared = [](const auto& hand, const auto& right, double ratio) {
      return fmt::format("{} / {} = {:.2f}", hand, right, ratio);
    };
    fmt::print("{:24} {:>27} {:>27} {:>24}\n", c.what,
               compared(flops, exact.matrix_flops, flops / exact.matrix_flops),
               compared(bytes, exact.bytes(), bytes / exact.bytes()), compared(time, fitted, time / fitted));
  }

  const std::array<std::int32_t, 3> lengths{900, 4000, 12000};
  const std::array<std::pair<std::int32_t, std::int32_t>, 3> chunks{{{512, 0}, {512, 8192}, {1, 4000}}};
  StepBatch current(model);
  current.add({1, 2000, 1}, 24);
  const Seconds limit{50e-3};
  const Bytes free = cache_capacity(ModelShard{model}, {}, gpu) - perf_model.kv_size(std::vector(24, 2000));
  const auto free_tokens = static_cast<std::int32_t>(free / kv_cache_bytes_per_token(model, formats::bf16));
  fmt::print("\nprefill of 900, 4000 and 12000 tokens     {}\n", perf_model.prefill(lengths));
  fmt::print("decode at 900, 4000 and 12000 tokens      {}\n", perf_model.decode(lengths));
  fmt::print("their KV cache                            {}\n", perf_model.kv_size(lengths));
  fmt::print("two chunks of 512 and a decode            {}\n", perf_model.step_time(chunks));
  fmt::print("constant overhead                         {}\n", perf_model.constant_overhead());
  if (const auto tokens = perf_model.saturation_tokens()) {
    fmt::print("compute limits a step from                {} tokens\n", *tokens);
  }
  fmt::print("chunk within {} after 0 and 30000    {} and {} tokens\n", limit,
             perf_model.largest_chunk(32768, 0, limit), perf_model.largest_chunk(32768, 30000, limit));
  fmt::print("24 at 2000 tokens leave room for          {} tokens\n", free_tokens);
  fmt::print("8 more within {} may have           {} tokens each\n", limit,
             perf_model.preferred_length(current, 32, limit, free_tokens));
}
