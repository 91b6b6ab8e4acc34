// SPDX-License-Identifier: Apache-2.0
//
// How long one estimate takes, as a ratio to the least work that a roofline can be: two divisions and a max on
// two plain doubles. Numerator and denominator come from the same run. clang packs the bare loop's two divisions into
// one instruction; the baseline is compiled so that it stays two, and the packed loop is a row of its own.
//
//   opcost_benchmark [--benchmark_… option of Google Benchmark…]
//
// The last lines are the ratios: "ratio" TAB name TAB nanoseconds TAB ratio TAB goal ("-" where there is none).

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "opcost/opcost.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/stage_plan.hpp"
#include "shapes.hpp"

namespace opcost::benchmarks {
namespace {

/// An H100 that the optimiser cannot look into.
Accelerator opaque_accelerator() {
  Accelerator accelerator = accelerators::h100_sxm;
  benchmark::DoNotOptimize(accelerator);
  return accelerator;
}

template <class Make>
void bound_of(benchmark::State& state, Make make) {
  const Accelerator accelerator = opaque_accelerator();
  measure(state, make_shapes(make),
          [&](const auto& operation) { return roofline_bound(operation, accelerator).time; });
}

/// The same for calibrated estimates, with vLLM's factors on the H100.
template <class Make>
void estimate_of(benchmark::State& state, Make make) {
  const Accelerator accelerator = opaque_accelerator();
  Calibration calibration = calibrations::h100_sxm_vllm_0_24;
  benchmark::DoNotOptimize(calibration);
  measure(state, make_shapes(make),
          [&](const auto& operation) { return estimate_latency(operation, accelerator, calibration).expected; });
}

/// A collective of one or two nodes of eight.
void collective_estimate(benchmark::State& state) {
  const Accelerator accelerator = opaque_accelerator();
  Calibration calibration = calibrations::h100_sxm_vllm_0_24;
  benchmark::DoNotOptimize(calibration);
  const Fabric fabric = Fabric::of(accelerator);
  measure(state, make_shapes([](Shapes& source) { return source.collective(); }),
          [&](const Collective& collective) {
            return estimate_latency(collective, fabric, accelerator, calibration).expected;
          });
}

using StaticAttention = StaticAttentionPrecision<>;

AnyOperation any_operation(Shapes& source) {
  const std::int32_t tokens = source.between(1, 8192);
  switch (source.between(0, 7)) {
    case 0: return source.attention<Causal, RuntimeAttentionPrecision>({});
    case 1: return source.attention<SlidingWindow, RuntimeAttentionPrecision>({source.between(128, 4096)});
    case 2: return RmsNorm<>{.rows = tokens, .width = source.features()};
    case 3: return RotaryEmbedding<>{.tokens = tokens, .heads = 48, .rotary_dimension = 128};
    case 4: return Activation<>{.tokens = tokens, .width = source.features()};
    case 5: return ResidualAdd<>{.tokens = tokens, .width = source.features()};
    default: return source.linear<RuntimeLinearPrecision>();
  }
}

/// One sequence of the batch takes a decode step, then the batch is estimated.
void ragged_update(benchmark::State& state) {
  const Accelerator accelerator = opaque_accelerator();
  std::vector<SequenceTokens> sequences;
  Shapes source;
  for (std::int64_t i = 0; i < state.range(0); ++i) sequences.push_back({1, source.between(1, 8192)});
  RaggedAttention<> attention{.heads = {32, 16, 128, 128}};
  for (const SequenceTokens& sequence : sequences) attention.batch.add(sequence);
  std::size_t i = 0;
  for (auto _ : state) {
    const SequenceTokens before = sequences[i];
    const SequenceTokens after{1, before.context_tokens % 8192 + 1};
    attention.batch.replace(before, after);
    sequences[i] = after;
    benchmark::DoNotOptimize(roofline_bound(attention, accelerator).time);
    if (++i == sequences.size()) i = 0;
  }
}

/// All operations of a decode step of Gemma 3 27B and their summed bound, from scratch.
void whole_model(benchmark::State& state) {
  const Accelerator accelerator = opaque_accelerator();
  ModelConfig model = models::gemma_3_27b;
  benchmark::DoNotOptimize(model);
  const auto batches = make_shapes([](Shapes& source) {
    return UniformBatch{
        .sequences = source.between(1, 256), .query_tokens = 1, .context_tokens = source.between(1, 16384)};
  });
  measure(state, batches, [&](const UniformBatch& batch) {
    return roofline_bound(model_operations(model, batch, ModelPrecision{}), accelerator).time;
  });
}

/// A step of 64 sequences, four of them prefill chunks, with vLLM's factors on the H100.
class RaggedStep {
 public:
  explicit RaggedStep(const ModelConfig& model) : model_(model) {
    benchmark::DoNotOptimize(model_);
    benchmark::DoNotOptimize(calibration_);
    Shapes source;
    for (std::int32_t i = 0; i < 64; ++i) {
      const std::int32_t tokens = i % 16 == 0 ? 512 : 1;
      sequences_.push_back({tokens, tokens + source.between(1, 8192), i % 16 == 0 ? 0 : 1});
    }
  }

  void from_scratch(benchmark::State& state) const {
    for (auto _ : state) {
      StepBatch batch(model_);
      for (const StepSequence& sequence : sequences_) batch.add(sequence);
      benchmark::DoNotOptimize(step_estimate(model_, batch, {}, accelerator_, calibration_).expected);
    }
  }

  /// The same on the ranks of a parallelism, with what they communicate.
  void on_ranks(benchmark::State& state, const Parallelism& parallelism) const {
    const ModelShard shard = shard_of(model_, parallelism);
    const Platform platform(accelerator_, calibration_);
    for (auto _ : state) {
      StepBatch batch(model_);
      for (const StepSequence& sequence : sequences_) batch.add(sequence);
      benchmark::DoNotOptimize(StepEstimator(shard, {}, platform).estimate(batch).expected);
    }
  }

  /// The largest chunk of a prompt of 8000 tokens that joins the batch within a time: some thirteen estimates.
  void chunk_within(benchmark::State& state) {
    StepEstimator estimator(model_, {}, {accelerator_, calibration_});
    StepBatch batch(model_);
    for (const StepSequence& sequence : sequences_) batch.add(sequence);
    const StepLimit limit{estimator.estimate(batch).expected * 2.0};
    for (auto _ : state) {
      benchmark::DoNotOptimize(largest_prefill_chunk(estimator, batch, {8000, 8000, 1}, limit));
    }
  }

  /// One of the sequences that decode takes a step, then the batch is estimated.
  void one_advances(benchmark::State& state) {
    StepEstimator estimator(model_, {}, {accelerator_, calibration_});
    StepBatch batch(model_);
    for (const StepSequence& sequence : sequences_) batch.add(sequence);
    std::size_t i = 1;
    for (auto _ : state) {
      StepSequence after = sequences_[i];
      after.context_tokens = after.context_tokens % 8192 + 2;
      batch.replace(sequences_[i], after);
      sequences_[i] = after;
      benchmark::DoNotOptimize(estimator.estimate(batch).expected);
      if (++i % 16 == 0) i = (i + 1) % 64;
    }
  }

 private:
  Accelerator accelerator_ = opaque_accelerator();
  Calibration calibration_ = calibrations::h100_sxm_vllm_0_24;
  ModelConfig model_;
  std::vector<StepSequence> sequences_;
};

/// A decode step with some blocks on an H20 pool and the others on an H100 pool, joined by network cards.
class PlacedStep {
 public:
  PlacedStep(const ModelConfig& model, std::int32_t sequences, const StagePlan& plan)
      : placed_(model, {}), plan_(plan), batch_{.decoding = sequences, .decode = {1, 8192, 1}} {
    benchmark::DoNotOptimize(placed_);
    benchmark::DoNotOptimize(plan_);
    cluster_.connect_all({.bandwidth = BytesPerSecond{50e9}, .latency = Seconds{10e-6}});
  }
  PlacedStep(const PlacedStep&) = delete;

  static PlacedStep gemma() {
    const ModelConfig& model = models::gemma_3_27b;
    return {model, 64, two_group_plan(model, {0, {.tensor = 2}}, {1, {.tensor = 2}}, {Block::attention}, 2)};
  }
  static PlacedStep llama() {
    const ModelConfig& model = models::llama_3_1_70b;
    return {model, 64, offloaded_attention_plan(model, {0, {.tensor = 4}}, {1, {.tensor = 4}}, 2)};
  }
  static PlacedStep deepseek() {
    const ModelConfig& model = models::deepseek_v3;
    return {model, 512,
            attention_feed_forward_plan(model, {1, {.expert = 8, .data = 8}}, {0, {.expert = 32, .data = 32}}, 3)};
  }

  void from_scratch(benchmark::State& state) const {
    for (auto _ : state) benchmark::DoNotOptimize(plan_estimate(placed_, cluster_, plan_, batch_).period);
  }
  void block_times(benchmark::State& state) const {
    for (auto _ : state) benchmark::DoNotOptimize(plan_times(placed_, cluster_, plan_, batch_));
  }
  void visits(benchmark::State& state) const {
    const auto times = plan_times(placed_, cluster_, plan_, batch_);
    PlanVisits visits;
    for (auto _ : state) {
      visits.build(placed_, cluster_, plan_, times, batch_);
      benchmark::DoNotOptimize(visits.visits().size());
    }
  }
  void steady_state(benchmark::State& state) const {
    PlanVisits visits;
    visits.build(placed_, cluster_, plan_, plan_times(placed_, cluster_, plan_, batch_), batch_);
    for (auto _ : state) benchmark::DoNotOptimize(plan_estimate(plan_, visits).period);
  }

 private:
  Accelerator h100_ = opaque_accelerator();
  Calibration h100_calibration_ = calibrations::h100_sxm_vllm_0_24;
  Calibration h20_calibration_ = default_calibration(accelerators::h20);
  std::array<Pool, 2> pools_{Pool{{h100_, h100_calibration_}, 32}, Pool{{accelerators::h20, h20_calibration_}, 32}};
  Cluster cluster_{pools_};
  PlacedModel placed_;
  StagePlan plan_;
  MicroBatch batch_;
};

struct Case {
  std::string name;
  double goal;  // 0: none
  void (*run)(benchmark::State&);
  std::int64_t argument = -1;
};

struct AsCompiled {};

const std::array<Case, 32> cases{{
    {"two divisions and a max (baseline)", 0.0, baseline},
    {"the same, packed if the compiler likes", 0.0, bare_loop<AsCompiled>},
    {"linear, runtime precision", 1.5,
     [](benchmark::State& state) {
       bound_of(state, [](Shapes& s) { return s.linear<RuntimeLinearPrecision>(); });
     }},
    {"linear, static precision", 1.5,
     [](benchmark::State& state) {
       bound_of(state, [](Shapes& s) { return s.linear<StaticLinearPrecision<>>(); });
     }},
    {"full attention, runtime precision", 2.5,
     [](benchmark::State& state) {
       bound_of(state, [](Shapes& s) { return s.attention<Causal, RuntimeAttentionPrecision>({}); });
     }},
    {"full attention, static precision", 2.5,
     [](benchmark::State& state) {
       bound_of(state, [](Shapes& s) { return s.attention<Causal, StaticAttention>({}); });
     }},
    {"sliding window, runtime precision", 2.5,
     [](benchmark::State& state) {
       bound_of(state, [](Shapes& s) {
         return s.attention<SlidingWindow, RuntimeAttentionPrecision>({s.between(128, 4096)});
       });
     }},
    {"sliding window, static precision", 2.5,
     [](benchmark::State& state) {
       bound_of(state,
                [](Shapes& s) { return s.attention<SlidingWindow, StaticAttention>({s.between(128, 4096)}); });
     }},
    {"std::variant of mixed operations", 4.0, [](benchmark::State& state) { bound_of(state, any_operation); }},
    {"ragged batch of 4: update, bound", 0.0, ragged_update, 4},
    {"ragged batch of 64: update, bound", 0.0, ragged_update, 64},
    {"ragged batch of 1024: update, bound", 0.0, ragged_update, 1024},
    {"all operations of Gemma 3 27B", 0.0, whole_model},
    {"estimate: linear", 15.0,
     [](benchmark::State& state) {
       estimate_of(state, [](Shapes& s) { return s.linear<RuntimeLinearPrecision>(); });
     }},
    {"estimate: full attention", 30.0,
     [](benchmark::State& state) {
       estimate_of(state, [](Shapes& s) { return s.attention<Causal, RuntimeAttentionPrecision>({}); });
     }},
    {"estimate: sliding window", 30.0,
     [](benchmark::State& state) {
       estimate_of(state, [](Shapes& s) {
         return s.attention<SlidingWindow, RuntimeAttentionPrecision>({s.between(128, 4096)});
       });
     }},
    {"estimate: experts, balanced", 30.0,
     [](benchmark::State& state) {
       estimate_of(state, [](Shapes& s) { return s.experts(RoutingKind::balanced); });
     }},
    {"estimate: experts, uniform", 30.0,
     [](benchmark::State& state) {
       estimate_of(state, [](Shapes& s) { return s.experts(RoutingKind::uniform); });
     }},
    {"estimate: experts, power law", 30.0,
     [](benchmark::State& state) {
       estimate_of(state, [](Shapes& s) { return s.experts(RoutingKind::power_law); });
     }},
    {"estimate: collective", 10.0, collective_estimate},
    {"step: 80-layer dense, 64 ragged sequences, from scratch", 0.0,
     [](benchmark::State& state) { RaggedStep(models::llama_3_1_70b).from_scratch(state); }},
    {"step: 80-layer dense, one sequence advances", 0.0,
     [](benchmark::State& state) { RaggedStep(models::llama_3_1_70b).one_advances(state); }},
    {"step: the dense one on 8 tensor-parallel ranks", 0.0,
     [](benchmark::State& state) { RaggedStep(models::llama_3_1_70b).on_ranks(state, {.tensor = 8}); }},
    {"step: the dense one, largest chunk that joins", 0.0,
     [](benchmark::State& state) { RaggedStep(models::llama_3_1_70b).chunk_within(state); }},
    {"step: DeepSeek-V3, 64 ragged sequences, from scratch", 0.0,
     [](benchmark::State& state) { RaggedStep(models::deepseek_v3).from_scratch(state); }},
    {"step: DeepSeek-V3, one sequence advances", 0.0,
     [](benchmark::State& state) { RaggedStep(models::deepseek_v3).one_advances(state); }},
    {"plan: Gemma 3 27B, global attention apart, 2 micro-batches", 0.0,
     [](benchmark::State& state) { PlacedStep::gemma().from_scratch(state); }},
    {"plan: the 80-layer dense one, attention apart, 2 micro-batches", 0.0,
     [](benchmark::State& state) { PlacedStep::llama().from_scratch(state); }},
    {"plan: DeepSeek-V3, experts apart, 3 micro-batches", 0.0,
     [](benchmark::State& state) { PlacedStep::deepseek().from_scratch(state); }},
    {"plan: of DeepSeek-V3's, block times", 0.0,
     [](benchmark::State& state) { PlacedStep::deepseek().block_times(state); }},
    {"plan: of DeepSeek-V3's, visits", 0.0, [](benchmark::State& state) { PlacedStep::deepseek().visits(state); }},
    {"plan: of DeepSeek-V3's, steady state", 0.0,
     [](benchmark::State& state) { PlacedStep::deepseek().steady_state(state); }},
}};

/// Google Benchmark's own table, and each benchmark's median for ours.
class MedianReporter : public benchmark::ConsoleReporter {
 public:
  MedianReporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") {
        medians_[run.run_name.function_name] = run.GetAdjustedCPUTime();
      }
    }
  }

  void print_ratios() const {
    const auto baseline = medians_.find(cases.front().name);
    if (baseline == medians_.end()) return;
    for (const Case& entry : cases) {
      const auto median = medians_.find(entry.name);
      if (median == medians_.end()) continue;
      std::printf("ratio\t%s\t%.2f\t%.2f\t", entry.name.c_str(), median->second, median->second / baseline->second);
      if (entry.goal > 0.0) {
        std::printf("%.1f\n", entry.goal);
      } else {
        std::printf("-\n");
      }
    }
  }

 private:
  std::map<std::string, double> medians_;
};

}  // namespace

int run(int argc, char** argv) {
  // interleaved, so that a change of clock or load meets every benchmark alike
  std::vector<std::string> arguments{"opcost_benchmark", "--benchmark_repetitions=11", "--benchmark_min_time=0.02",
                                     "--benchmark_enable_random_interleaving=true",
                                     "--benchmark_report_aggregates_only=true"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;
  for (const Case& entry : cases) {
    auto* registered = benchmark::RegisterBenchmark(entry.name.c_str(), entry.run);
    if (entry.argument >= 0) registered->Arg(entry.argument);
  }
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_ratios();
  return 0;
}

}  // namespace opcost::benchmarks

int main(int argc, char** argv) { return opcost::benchmarks::run(argc, argv); }
