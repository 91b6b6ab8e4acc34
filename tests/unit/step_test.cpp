// SPDX-License-Identifier: Apache-2.0
//
// A step over a ragged batch: the sum over its sequences, whatever joined and left before, for every model.
#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

class Source {
 public:
  std::int32_t between(std::int32_t low, std::int32_t high) {
    return std::uniform_int_distribution<std::int32_t>(low, high)(random_);
  }
  /// A decode, a verification, a short prompt, a prompt, or a chunk of one.
  StepSequence sequence() {
    switch (between(0, 4)) {
      case 0: return {1, between(2, 20000), 1};
      case 1: {
        const std::int32_t tokens = between(2, 16);
        return {tokens, tokens + between(1, 9000), tokens};
      }
      case 2: {
        const std::int32_t tokens = between(1, 16);
        return {tokens, tokens, 1};
      }
      case 3: {
        const std::int32_t tokens = between(17, 4000);
        return {tokens, tokens, 1};
      }
      default: {
        const std::int32_t tokens = between(17, 2048);
        return {tokens, tokens + between(1, 20000), 0};
      }
    }
  }
  std::vector<StepSequence> sequences(int count) {
    std::vector<StepSequence> all;
    for (int i = 0; i < count; ++i) all.push_back(sequence());
    return all;
  }

 private:
  std::mt19937 random_{20240501};
};

StepBatch batch_of(const ModelConfig& model, const std::vector<StepSequence>& sequences) {
  StepBatch batch(model);
  for (const StepSequence& sequence : sequences) batch.add(sequence);
  return batch;
}

bool close(double a, double b) { return a == Approx(b).epsilon(1e-12).margin(0.0); }

bool close(const Cost& a, const Cost& b) {
  return close(a.matrix_flops.value, b.matrix_flops.value) && close(a.vector_flops.value, b.vector_flops.value) &&
         close(a.exponentials, b.exponentials) && close(a.weight_read.value, b.weight_read.value) &&
         close(a.activation_read.value, b.activation_read.value) &&
         close(a.activation_write.value, b.activation_write.value) &&
         close(a.kv_cache_read.value, b.kv_cache_read.value) &&
         close(a.kv_cache_write.value, b.kv_cache_write.value);
}

ModelPrecision precision_of(std::string_view name) {
  return model_precision_named(name).value_or(ModelPrecision{});
}

bool recurrent(std::string_view name) {
  return name.find("delta_") != name.npos || name.find("state_space_") != name.npos;
}

/// The cost of an operation over the sequences of a population, one after the other, its weights once.
Cost alone(const ModelConfig& model, const ModelPrecision& precision, const std::vector<StepSequence>& sequences,
           std::string_view name) {
  const bool decode = name.substr(0, 7) == "decode_";
  const std::string_view plain = name.substr(decode ? 7 : 8);
  Cost sum;
  for (const StepSequence& sequence : sequences) {
    const SequenceTokens tokens = sequence.tokens();
    if ((recurrent(plain) ? takes_few_tokens(tokens) : decodes(tokens)) != decode) continue;
    const ModelOperations operations = model_operations(
        model, {1, sequence.query_tokens, sequence.context_tokens, sequence.sampled_tokens}, precision);
    Cost one = operations.find(plain)->operation.cost();
    if (sum.weight_read.value > 0.0) one.weight_read = {};
    sum += one;
  }
  return sum;
}

/// The cost of an operation that does not mix tokens within a sequence, for all tokens together.
Cost together(const ModelConfig& model, const ModelPrecision& precision, const StepBatch& batch,
              std::string_view name) {
  UniformBatch all{1, static_cast<std::int32_t>(batch.tokens()), static_cast<std::int32_t>(batch.tokens()),
                   static_cast<std::int32_t>(batch.sampled_tokens())};
  if (name == "key_value_up_projection") {
    const auto keys = static_cast<std::int32_t>(batch.prefilling().causal.counts().visible_keys);
    all = keys > 16 ? UniformBatch{1, 17, keys, 1} : UniformBatch{1, keys, keys, 1};
  } else if (name == "query_absorb" || name == "value_absorb") {
    const bool sparse = model.latent.indexer_heads > 0;
    const std::int64_t tokens = sparse ? batch.tokens() : batch.decoding().causal.counts().query_tokens;
    all = {static_cast<std::int32_t>(tokens), 1, 2, 1};
  }
  return model_operations(model, all, precision).find(name)->operation.cost();
}

bool mixes(std::string_view name) { return name.substr(0, 7) == "decode_" || name.substr(0, 8) == "prefill_"; }

}  // namespace

TEST_CASE("a step is the sum over its sequences, and everything else for all tokens together") {
  Source source;
  for (const ModelConfig& model : model_catalogue) {
    for (const int count : {1, 2, 25}) {
      const ModelPrecision precision = precision_of(count == 2 ? "fp8_block" : "bf16");
      const std::vector<StepSequence> sequences = source.sequences(count);
      const StepBatch batch = batch_of(model, sequences);
      REQUIRE(!violation(model, batch));
      Cost sum;
      visit_operations(
          model, batch, precision, [&](std::string_view name, std::int32_t layers, const auto& operation) {
            const Cost expected =
                mixes(name) ? alone(model, precision, sequences, name) : together(model, precision, batch, name);
            INFO(model.name.view() << ' ' << name);
            CHECK(close(operation.cost(), expected));
            CHECK(!operation.violation());
            CHECK(layers > 0);
            sum += expected * layers;
          });
      CHECK(close(step_cost(model, batch, precision), sum));
    }
  }
}

TEST_CASE("a step of alike sequences is a uniform pass") {
  for (const ModelConfig& model : model_catalogue) {
    for (const std::string_view format : {"bf16", "fp8_block", "nvfp4"}) {
      const ModelPrecision precision = precision_of(format);
      for (const UniformBatch& uniform :
           {UniformBatch{}, UniformBatch{64, 1, 8192, 1}, UniformBatch{3, 16, 16, 1}, UniformBatch{5, 4, 9000, 4},
            UniformBatch{2, 17, 300, 0}, UniformBatch{2, 2048, 2048, 1}, UniformBatch{1, 512, 30000, 0}}) {
        const StepBatch batch = batch_of(
            model,
            std::vector<StepSequence>(static_cast<std::size_t>(uniform.sequences),
                                      {uniform.query_tokens, uniform.context_tokens, uniform.sampled_tokens}));
        const ModelOperations operations = model_operations(model, uniform, precision);
        INFO(model.name.view() << ' ' << format << ' ' << uniform.sequences << " x " << uniform.query_tokens
                               << " of " << uniform.context_tokens);
        std::size_t next = 0;
        visit_operations(model, batch, precision,
                         [&](std::string_view name, std::int32_t layers, const auto& operation) {
                           REQUIRE(next < operations.size());
                           const ModelOperation& entry = operations[next++];
                           const std::string_view plain = name.substr(name.size() - entry.name.size());
                           CHECK(plain == entry.name);
                           CHECK(layers == entry.count);
                           CHECK(operation.kind == entry.operation.kind());
                           CHECK(operation.compute_type() == entry.operation.compute_type());
                           CHECK(close(operation.cost(), entry.operation.cost()));
                         });
        CHECK(next == operations.size());
        CHECK(close(step_cost(model, batch, precision), total_cost(operations)));
        const RooflineBound bound = step_bound(model, batch, precision, accelerators::h100_sxm);
        CHECK(close(bound.time.value, roofline_bound(operations, accelerators::h100_sxm).time.value));
      }
    }
  }
}

TEST_CASE("sequences join, advance and leave a step in any order") {
  Source source;
  for (const ModelConfig& model : model_catalogue) {
    const std::vector<StepSequence> sequences = source.sequences(40);
    const StepBatch all = batch_of(model, sequences);
    CHECK(all.sequences() == 40);
    CHECK(batch_of(model, {sequences.rbegin(), sequences.rend()}) == all);

    StepBatch batch(model);
    for (const StepSequence& sequence : sequences) {
      batch.add(source.sequence());  // replaced by what should be there
      StepBatch before = batch;
      const StepSequence other = source.sequence();
      batch.add(other);
      batch.add(sequence);
      batch.remove(other);
      batch.remove(sequence);
      REQUIRE(batch == before);
    }
    Source again = source;
    std::vector<StepSequence> there = again.sequences(40);
    StepBatch moving = batch_of(model, there);
    for (std::size_t i = 0; i < there.size(); ++i) moving.replace(there[(i * 7) % 40], sequences[i]);
    CHECK(moving == all);
    for (const StepSequence& sequence : sequences) moving.remove(sequence);
    CHECK(moving == StepBatch(model));
  }
}

TEST_CASE("an estimate of a step lies above its bound, and a longer step takes no less") {
  Source source;
  for (const ModelConfig& model : model_catalogue) {
    for (const int count : {1, 5, 60}) {
      StepBatch batch = batch_of(model, source.sequences(count));
      for (const ExecutionConditions& conditions :
           {ExecutionConditions{}, ExecutionConditions{.sustained_power = true, .cuda_graph = false}}) {
        const LatencyEstimate estimate =
            step_estimate(model, batch, {}, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24, conditions);
        INFO(model.name.view() << ' ' << count);
        CHECK(estimate.bound == step_bound(model, batch, {}, accelerators::h100_sxm));
        CHECK(estimate.bound.time.value > 0.0);
        CHECK(estimate.bound.time <= estimate.low);
        CHECK(estimate.low <= estimate.expected);
        CHECK(estimate.expected <= estimate.high);
        CHECK(estimate.high.value < 1e3);
      }
      const RooflineBound before = step_bound(model, batch, {}, accelerators::h100_sxm);
      batch.add(source.sequence());
      CHECK(before.time <= step_bound(model, batch, {}, accelerators::h100_sxm).time);
    }
  }
}

TEST_CASE("an estimator's answers are those of step_estimate to the last bit") {
  Source source;
  for (const ModelConfig& model : model_catalogue) {
    const ExecutionConditions conditions{.cold_cache = false};
    const Calibration& calibration = calibrations::h100_sxm_vllm_0_24;
    Platform platform(accelerators::h100_sxm, calibration);
    platform.conditions = conditions;
    StepEstimator estimator(model, {}, platform);
    StepBatch batch(model);
    const auto require_same = [&] {
      const StepEstimate step = estimator.estimate(batch);
      const LatencyEstimate& found = step.operations;
      CHECK(step.expected == found.expected);
      const LatencyEstimate expected =
          step_estimate(model, batch, {}, accelerators::h100_sxm, calibration, conditions);
      CHECK(found.expected == expected.expected);
      CHECK(found.low == expected.low);
      CHECK(found.high == expected.high);
      CHECK(found.compute == expected.compute);
      CHECK(found.memory == expected.memory);
      CHECK(found.overhead == expected.overhead);
      CHECK(found.bound == expected.bound);
      CHECK(found.in_fitted_range == expected.in_fitted_range);
    };
    require_same();
    for (int i = 0; i < 10; ++i) {
      batch.add(source.sequence());
      require_same();
      batch.add({1, 500, 1});
      require_same();
      batch.replace({1, 500, 1}, {1, 501, 1});
      require_same();
      batch.replace({1, 501, 1}, {1, 501, 0});
      require_same();
      batch.add({512, 1024, 0});
      require_same();
      batch.replace({512, 1024, 0}, {512, 1536, 0});  // as many tokens, more keys to expand
      require_same();
      batch.replace({512, 1536, 0}, {512, 512, 0});
      require_same();
    }
  }
}

TEST_CASE("an empty step has no operations and costs nothing") {
  for (const ModelConfig& model : model_catalogue) {
    StepBatch batch(model);
    batch.add({100, 300, 1});
    batch.remove({100, 300, 1});
    CHECK(!violation(model, batch));
    CHECK(step_cost(model, batch, {}) == Cost{});
    CHECK(step_bound(model, batch, {}, accelerators::h100_sxm) == RooflineBound{});
    const LatencyEstimate estimate =
        step_estimate(model, batch, {}, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
    CHECK(estimate.expected.value == 0.0);
    CHECK(estimate.high.value == 0.0);
    visit_operations(model, batch, {}, [](std::string_view name, std::int32_t, const auto&) { FAIL(name); });
  }
}

TEST_CASE("the populations of a step") {
  StepBatch batch(models::nemotron_h_8b);
  batch.add({1, 900, 1});
  batch.add({16, 17, 16});
  batch.add({17, 900, 0});
  batch.add({8, 8, 1});  // a short prompt: no decode, but few enough tokens for a recurrence
  CHECK(batch.decoding().causal.counts().sequences == 2);
  CHECK(batch.prefilling().causal.counts().sequences == 2);
  CHECK(batch.decoding().recurrent.counts().sequences == 3);
  CHECK(batch.decoding().recurrent.counts().continuing_sequences == 2);
  CHECK(batch.prefilling().recurrent.counts().sequences == 1);
  CHECK(batch.tokens() == 42);
  CHECK(batch.sampled_tokens() == 18);
}

TEST_CASE("a million sequences do not overflow a step's sums") {
  const StepSequence decode{1, 1'000'000, 1};
  for (const ModelConfig* model : {&models::llama_3_1_70b, &models::deepseek_v3_2, &models::qwen3_next_80b_a3b}) {
    StepBatch batch(*model);
    for (int i = 0; i < 1'000'000; ++i) batch.add(decode);
    CHECK(!violation(*model, batch));
    StepBatch one(*model);
    one.add(decode);
    const double growth =
        step_cost(*model, batch, {}).kv_cache_read.value / step_cost(*model, one, {}).kv_cache_read.value;
    CHECK(growth == Approx(1e6).epsilon(1e-12));
    const LatencyEstimate estimate =
        step_estimate(*model, batch, {}, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
    CHECK(estimate.expected.value < std::numeric_limits<double>::infinity());
    CHECK(estimate.bound.time <= estimate.expected);
  }
}

TEST_CASE("what a step cannot be made of") {
  CHECK(!StepSequence{}.violation());
  CHECK(StepSequence{0, 5, 0}.violation()->field == "query_tokens");
  CHECK(StepSequence{5, 4, 0}.violation()->field == "context_tokens");
  CHECK(StepSequence{5, 5, 6}.violation()->field == "sampled_tokens");
  CHECK(StepSequence{5, 5, -1}.violation()->field == "sampled_tokens");

  CHECK(violation(models::gemma_3_27b, StepBatch(models::llama_3_1_8b))->field == "batch");
  CHECK(violation(models::deepseek_v3_2, StepBatch(models::deepseek_v3))->field == "batch");
  CHECK(violation(models::qwen3_next_80b_a3b, StepBatch{})->field == "batch");
  ModelConfig model = models::qwen3_next_80b_a3b;
  model.recurrence.chunk_tokens = most_chunk_tokens + 1;
  CHECK(violation(model, StepBatch(model))->field == "chunk_tokens");
  model.hidden_size = 0;
  CHECK(violation(model, StepBatch(model))->field == "hidden_size");

  StepBatch wide(models::llama_3_1_70b);
  for (int i = 0; i < 40; ++i) wide.add({1'000'000, 1'000'000, 1});
  CHECK(violation(models::llama_3_1_70b, wide)->field == "tokens x heads");
  StepBatch keys(models::deepseek_v3);
  for (int i = 0; i < 3000; ++i) keys.add({17, 1'000'000, 1});
  CHECK(violation(models::deepseek_v3, keys)->field == "keys of prefilling sequences");
}

namespace {

constexpr StepBatch mixed(const ModelConfig& model) {
  StepBatch batch(model);
  batch.add({1, 4000, 1});
  batch.add({300, 700, 0});
  batch.replace({1, 4000, 1}, {1, 4001, 1});
  return batch;
}

static_assert(step_cost(models::gemma_3_27b, mixed(models::gemma_3_27b), {}).matrix_flops.value > 0.0);
static_assert(step_cost(models::nemotron_h_8b, mixed(models::nemotron_h_8b), {}).matrix_flops.value > 0.0);

constexpr ModelConfig dense_deepseek() {  // how uniform routing loads experts is not a constant expression
  ModelConfig model = models::deepseek_v3_2;
  model.layer_groups = {};
  model.add_layers(TokenMixer::latent_attention, FeedForward::dense, 61);
  return model;
}
static_assert(step_bound(dense_deepseek(), mixed(dense_deepseek()), {}, accelerators::h100_sxm).time.value > 0.0);

}  // namespace
