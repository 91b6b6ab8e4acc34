// SPDX-License-Identifier: Apache-2.0
//
// Steps asked backwards: each answer keeps its limit and one more does not, for dense, windowed, sparse, latent and
// hybrid models on one accelerator and on ranks.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int32_t most_int32 = std::numeric_limits<std::int32_t>::max();

ModelPrecision precision_of(std::string_view name) {
  return model_precision_named(name).value_or(ModelPrecision{});
}

/// Calls `visit(model, estimator)` for a spread of models, accelerators, ranks and precisions.
template <class Visit>
void for_each_estimator(const Visit& visit) {
  const auto on = [&](const ModelConfig& model, const Accelerator& accelerator, const Calibration& calibration,
                      std::string_view format) {
    for (const std::int32_t tensor : {1, 2, 8}) {
      const Parallelism parallelism{.tensor = tensor};
      if (violation(model, parallelism)) continue;
      INFO(model.name.view() << ' ' << format << ' ' << accelerator.name.view() << " x " << tensor);
      visit(model, StepEstimator(shard_of(model, parallelism), precision_of(format), {accelerator, calibration}));
    }
  };
  for (const ModelConfig* model :
       {&models::llama_3_1_8b, &models::gemma_3_27b, &models::gpt_oss_20b, &models::qwen3_30b_a3b,
        &models::deepseek_v3, &models::qwen3_next_80b_a3b, &models::nemotron_h_8b}) {
    on(*model, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24, "bf16");
    on(*model, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24, "fp8_block");
    on(*model, accelerators::h200_sxm, calibrations::h100_sxm_vllm_0_24, "bf16");
    on(*model, accelerators::h20, calibrations::h20_deepgemm_flashinfer, "bf16");
  }
}

StepEstimator estimator_of(const ModelConfig& model, std::string_view format = "bf16") {
  return {model, precision_of(format), {accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24}};
}

StepBatch batch_of(const ModelConfig& model, const StepSequence& sequence, std::int32_t number = 1) {
  StepBatch batch(model);
  for (std::int32_t i = 0; i < number; ++i) batch.add(sequence);
  return batch;
}

/// A microsecond to ten seconds.
const std::vector<double> limits{1e-6, 1e-4, 1e-3, 3e-3, 5e-3, 7e-3, 0.01, 0.015,
                                 0.02, 0.03, 0.05, 0.1,  0.3,  1.0,  10.0};

/// That a number from 0 to `most` keeps a limit and one more does not; `time(number)` in seconds.
template <class Time>
void check_exact(std::int32_t number, std::int32_t most, double limit, const Time& time) {
  CHECK(number >= 0);
  CHECK(number <= most);
  if (number > 0) CHECK(time(number) <= limit);
  if (number < most) CHECK(time(number + 1) > limit);
}

}  // namespace

TEST_CASE("many alike sequences join at once as one after the other") {
  for (const ModelConfig& model : model_catalogue) {
    for (const StepSequence& sequence :
         {StepSequence{1, 5000, 1}, StepSequence{8, 8, 1}, StepSequence{300, 900, 2}}) {
      StepBatch batch = batch_of(model, {1, 70, 1});
      batch.add(sequence, 37);
      StepBatch expected = batch_of(model, sequence, 37);
      expected.add({1, 70, 1});
      CHECK(batch == expected);
      batch.add(sequence, 0);
      CHECK(batch == expected);
    }
  }
}

TEST_CASE("the largest decode batch keeps the limit and one sequence more does not") {
  for_each_estimator([](const ModelConfig& model, StepEstimator estimator) {
    StepEstimator fresh = estimator;
    for (const double limit : limits) {
      for (const std::int32_t most : {700, most_sequences}) {
        const auto time = [&](std::int32_t number) {
          StepBatch batch(model);
          batch.add({1, 2000, 1}, number);
          return fresh.estimate(batch).expected.value;
        };
        INFO(limit << " s, at most " << most);
        check_exact(largest_decode_batch(estimator, 2000, {Seconds{limit}}, most), most, limit, time);
      }
    }
  });
}

TEST_CASE("what joins a batch, the longest context and the largest chunk are exact to one") {
  for_each_estimator([](const ModelConfig& model, StepEstimator estimator) {
    StepEstimator fresh = estimator;
    StepBatch batch = batch_of(model, {1, 6000, 1}, 20);
    batch.add({150, 4000, 0});
    for (const double limit : limits) {
      INFO(limit << " s");
      const StepLimit high{Seconds{limit}, &StepEstimate::high};
      check_exact(most_joining(estimator, batch, {4, 3000, 4}, high), most_sequences, limit,
                  [&](std::int32_t number) {
                    StepBatch more = batch;
                    more.add({4, 3000, 4}, number);
                    return fresh.estimate(more).high.value;
                  });
      const std::int32_t cached = std::max(longest_decode_context(estimator, 16, high) - 1, 0);
      check_exact(cached, model.maximum_context - 1, limit, [&](std::int32_t tokens) {
        return fresh.estimate(batch_of(model, {1, tokens + 1, 1}, 16)).high.value;
      });
      for (const std::int32_t most : {512, most_int32}) {
        const std::int32_t tokens =
            largest_prefill_chunk(estimator, batch, {9000, 12000, 1}, {Seconds{limit}}, most);
        check_exact(tokens, std::min(most, 9000), limit, [&](std::int32_t chunk) {
          StepBatch more = batch;
          more.add({chunk, 3000 + chunk, chunk == 9000 ? 1 : 0});
          return fresh.estimate(more).expected.value;
        });
      }
    }
  });
}

TEST_CASE("where times are monotone, the answers are those of trying every number") {
  int monotone = 0;
  for_each_estimator([&](const ModelConfig& model, StepEstimator estimator) {
    for (const bool decode : {true, false}) {
      std::vector<double> times;
      for (std::int32_t number = 1; number <= 600; ++number) {
        StepBatch batch(model);
        decode ? batch.add({1, 1500, 1}, number) : batch.add({number, 1500 + number, number == 600 ? 1 : 0});
        times.push_back(estimator.estimate(batch).expected.value);
      }
      if (!std::is_sorted(times.begin(), times.end())) continue;
      ++monotone;
      for (int i = -1; i < 40; ++i) {
        const double limit = times.front() + (times.back() - times.front()) * i / 38.0;
        const auto expected = std::upper_bound(times.begin(), times.end(), limit) - times.begin();
        const StepLimit asked{Seconds{limit}};
        CHECK(expected == (decode ? largest_decode_batch(estimator, 1500, asked, 600)
                                  : largest_prefill_chunk(estimator, StepBatch(model), {600, 2100, 1}, asked)));
      }
    }
  });
  CHECK(monotone > 60);
}

TEST_CASE("the longest context by hand") {
  // Llama 3.1 8B keeps 2 · 8 heads · 128 features · 2 bytes · 32 layers = 131072 bytes a key; at ideal efficiency a
  // decode of 64 sequences takes 64 times that over H100's 3.35 TB/s longer for each key that a context has more.
  StepEstimator estimator(models::llama_3_1_8b, {}, {accelerators::h100_sxm, calibrations::ideal});
  const double key = 64.0 * 131072.0 / 3.35e12;
  const Seconds at_1000 = estimator.estimate(batch_of(models::llama_3_1_8b, {1, 1000, 1}, 64)).expected;
  for (const double more : {0.5, 1.5, 500.5, 20000.5}) {
    CHECK(longest_decode_context(estimator, 64, {at_1000 + Seconds{key * more}}) == 1000 + std::int32_t(more));
  }
  CHECK(longest_decode_context(estimator, 64, {Seconds{1.0}}) == models::llama_3_1_8b.maximum_context);
  ModelConfig unstated = models::llama_3_1_8b;
  unstated.maximum_context = 0;
  StepEstimator without(unstated, {}, {accelerators::h100_sxm, calibrations::ideal});
  CHECK(longest_decode_context(without, 1, {Seconds{infinity}}) == 16777216);
}

TEST_CASE("limits that nothing keeps, and that everything keeps") {
  const ModelConfig& model = models::llama_3_1_70b;
  StepEstimator estimator = estimator_of(model);
  const StepBatch empty(model);
  for (const double time : {0.0, -1.0, 1e-9, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    const StepLimit limit{Seconds{time}};
    CHECK(largest_decode_batch(estimator, 100, limit) == 0);
    CHECK(largest_prefill_chunk(estimator, empty, {100, 100, 1}, limit) == 0);
    CHECK(longest_decode_context(estimator, 1, limit) == 0);
    CHECK(for_each_equal_cost_chunk(estimator, {100, 100, 1}, limit,
                                    [](const StepSequence&, const StepEstimate&) { FAIL("a chunk"); }) == 0);
  }
  const StepLimit forever{Seconds{infinity}};
  for (const std::int32_t most : {std::numeric_limits<std::int32_t>::min(), -1, 0}) {
    CHECK(largest_decode_batch(estimator, 100, forever, most) == 0);
    CHECK(largest_prefill_chunk(estimator, empty, {100, 100, 1}, forever, most) == 0);
    CHECK(longest_decode_context(estimator, 1, forever, most) == 0);
    CHECK(!compute_bound_prompt(estimator, most));
    CHECK(!compute_bound_decode_batch(estimator, 100, most));
  }
  CHECK(longest_decode_context(estimator, 1, forever, 1) == 0);  // nothing cached: a prompt, not a decode
  CHECK(largest_decode_batch(estimator, 100, forever) == most_sequences);

  const StepBatch busy = batch_of(model, {1, 8000, 1}, 300);
  const StepLimit less{estimator.estimate(busy).expected * 0.9};
  CHECK(most_joining(estimator, busy, {1, 10, 1}, less) == 0);
  CHECK(largest_prefill_chunk(estimator, busy, {1000, 1000, 1}, less) == 0);

  StepEstimator without_fp8(model, precision_of("fp8_block"), {accelerators::a100_sxm_80gb, calibrations::ideal});
  CHECK(largest_decode_batch(without_fp8, 100, {Seconds{10.0}}) == 0);
  CHECK(!balanced_chunk_limit(without_fp8, {100, 100, 1}, 4));
}

TEST_CASE("no step is longer than 31 bits count") {
  const StepLimit forever{Seconds{infinity}};
  // Llama 3.1 70B has 64 + 8 heads: ⌊(2³¹ − 1) / 72⌋ tokens
  StepEstimator llama = estimator_of(models::llama_3_1_70b);
  CHECK(largest_decode_batch(llama, 100, forever, most_int32) == 29826161);
  StepBatch batch(models::llama_3_1_70b);
  batch.add({1, 100, 1}, 29826161);
  CHECK(!violation(models::llama_3_1_70b, batch));
  CHECK(most_joining(llama, batch, {1, 100, 1}, forever) == 0);
  batch.add({1, 100, 1});
  CHECK(violation(models::llama_3_1_70b, batch)->field == "tokens x heads");

  // keys to expand: ⌊(2³¹ − 1) / 10⁶⌋ sequences
  StepEstimator deepseek = estimator_of(models::deepseek_v3);
  CHECK(most_joining(deepseek, StepBatch(models::deepseek_v3), {17, 1'000'000, 0}, forever) == 2147);

  // 512 data-parallel ranks: ⌊(2³¹ − 1) / 512⌋ tokens, fewer than by 129 heads
  const Parallelism parallelism{.expert = 256, .data = 512, .expert_dispatch = ExpertDispatch::all_gather};
  REQUIRE(!violation(models::deepseek_v3, parallelism));
  StepEstimator ranks(shard_of(models::deepseek_v3, parallelism), {},
                      {accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24});
  CHECK(largest_decode_batch(ranks, 100, forever, most_int32) == 4194303);

  CHECK(!balanced_chunk_limit(llama, {most_int32, most_int32, 1}, 4));
}

TEST_CASE("a chunk of a prompt") {
  const StepSequence prompt{1000, 3000, 1};
  CHECK(chunk_of(prompt, 1000) == prompt);
  CHECK(chunk_of(prompt, 400) == StepSequence{400, 2400, 0});
  CHECK(chunk_of({1000, 1000, 1000}, 400) == StepSequence{400, 400, 400});  // logits of the whole prompt
  CHECK(chunk_of({1000, 1000, 700}, 400) == StepSequence{400, 400, 100});

  const ModelConfig& model = models::llama_3_1_8b;
  StepEstimator estimator = estimator_of(model);
  const StepBatch empty(model);
  const Seconds whole = estimator.estimate(batch_of(model, {40, 3000, 1})).expected;
  const Seconds without_head = estimator.estimate(batch_of(model, {39, 2999, 0})).expected;
  CHECK(largest_prefill_chunk(estimator, empty, {40, 3000, 1}, {whole}) == 40);
  CHECK(largest_prefill_chunk(estimator, empty, {40, 3000, 1}, {without_head}) == 39);
}

TEST_CASE("the step if one more joins") {
  const ModelConfig& model = models::qwen3_next_80b_a3b;
  StepEstimator estimator = estimator_of(model);
  const StepBatch batch = batch_of(model, {1, 9000, 1}, 50);
  StepBatch more = batch;
  more.add({700, 2000, 0});
  const Seconds joined = estimate_with(estimator, batch, {700, 2000, 0}).expected;
  CHECK(joined == estimator.estimate(more).expected);
  CHECK(estimator.estimate(batch).expected < joined);
}

TEST_CASE("chunks of equal cost are the whole prompt, each as long as the cost allows") {
  for_each_estimator([](const ModelConfig& model, StepEstimator estimator) {
    const StepSequence prompt{20000, 21000, 1};  // after 1000 cached tokens
    const StepBatch empty(model);
    StepEstimator fresh = estimator;
    const Seconds cost = estimate_with(fresh, empty, {2500, 18500, 0}).expected;
    std::int32_t context = 1000;
    int chunks = 0;
    const std::int32_t tokens = for_each_equal_cost_chunk(
        estimator, prompt, {cost}, [&](const StepSequence& chunk, const StepEstimate& estimate) {
          ++chunks;
          context += chunk.query_tokens;
          CHECK(!chunk.violation());
          CHECK(chunk.context_tokens == context);
          CHECK(chunk.sampled_tokens == (context == 21000 ? 1 : 0));
          CHECK(estimate.expected <= cost);
          CHECK(estimate.expected == estimate_with(fresh, empty, chunk).expected);
          if (context == 21000) return;
          const std::int32_t last = context + 1 == 21000 ? 1 : 0;
          CHECK(cost < estimate_with(fresh, empty, {chunk.query_tokens + 1, context + 1, last}).expected);
        });
    CHECK(tokens == 20000);
    CHECK(context == 21000);
    CHECK(chunks > 2);
  });
}

TEST_CASE("chunks of equal cost end where not one more token keeps it") {
  const ModelConfig& model = models::llama_3_1_8b;
  StepEstimator estimator = estimator_of(model);
  const StepLimit limit{estimate_with(estimator, StepBatch(model), {1, 60100, 0}).expected};
  std::int32_t tokens = 0;
  const std::int32_t returned = for_each_equal_cost_chunk(
      estimator, {400, 60400, 1}, limit,
      [&](const StepSequence& chunk, const StepEstimate&) { tokens += chunk.query_tokens; });
  CHECK(returned == tokens);
  CHECK(tokens >= 100);
  CHECK(tokens < 400);
}

TEST_CASE("a balanced prompt takes so many chunks, and more under a lower limit") {
  for_each_estimator([](const ModelConfig& model, StepEstimator estimator) {
    const StepBatch empty(model);
    const StepSequence prompt{16384, 16384, 1};
    const std::optional<StepLimit> limit = balanced_chunk_limit(estimator, prompt, 4);
    REQUIRE(limit);
    const auto chunks_under = [&](const StepLimit& cost) {
      int chunks = 0;
      const std::int32_t tokens = for_each_equal_cost_chunk(
          estimator, prompt, cost, [&](const StepSequence&, const StepEstimate&) { ++chunks; });
      CHECK(tokens == prompt.query_tokens);
      return chunks;
    };
    CHECK(chunks_under(*limit) <= 4);
    if (estimator.precision() == precision_of("bf16")) {
      CHECK(chunks_under(*limit) == 4);
      CHECK(chunks_under({limit->time * (1.0 - 2e-6)}) > 4);
    }
  });
  const ModelConfig& model = models::llama_3_1_8b;
  StepEstimator estimator = estimator_of(model);
  const StepSequence prompt{5000, 5000, 1};
  const auto whole = balanced_chunk_limit(estimator, prompt, 1, &StepEstimate::high);
  REQUIRE(whole);
  CHECK(whole->time.value ==
        Approx(estimate_with(estimator, StepBatch(model), prompt).high.value).epsilon(1e-6).margin(0.0));
  CHECK(whole->compared == &StepEstimate::high);
  CHECK(balanced_chunk_limit(estimator, {3, 3, 1}, 8));
  CHECK(!balanced_chunk_limit(estimator, prompt, 0));
}

TEST_CASE("eight ranks wait less for the costliest of chunks of equal cost than of equal length") {
  // The question of TensorRT-LLM's pull request 18528: data-parallel ranks that wait for each other, a hybrid model.
  const ModelConfig& model = models::qwen3_next_80b_a3b;
  StepEstimator estimator = estimator_of(model);
  const StepBatch empty(model);
  std::vector<double> alike;
  for (std::int32_t i = 1; i <= 8; ++i) {
    alike.push_back(estimate_with(estimator, empty, {8192, 8192 * i, i == 8 ? 1 : 0}).expected.value);
  }
  std::vector<double> balanced;
  const StepSequence prompt{65536, 65536, 1};
  for_each_equal_cost_chunk(
      estimator, prompt, balanced_chunk_limit(estimator, prompt, 8).value(),
      [&](const StepSequence&, const StepEstimate& estimate) { balanced.push_back(estimate.expected.value); });
  const auto longest_over_mean = [](const std::vector<double>& times) {
    double sum = 0.0;
    for (const double time : times) sum += time;
    return *std::max_element(times.begin(), times.end()) * static_cast<double>(times.size()) / sum;
  };
  CHECK(balanced.size() == 8);
  CHECK(longest_over_mean(alike) > 1.15);
  CHECK(longest_over_mean(balanced) < 1.005);
  CHECK(*std::max_element(balanced.begin(), balanced.end()) < 0.85 * *std::max_element(alike.begin(), alike.end()));
}

TEST_CASE("compute limits from the first number that it limits") {
  for_each_estimator([](const ModelConfig& model, const StepEstimator& estimator) {
    const auto compute_bound = [&](const StepSequence& sequence, std::int32_t number) {
      StepBatch batch(model);
      batch.add(sequence, number);
      const StepBound bound = step_bound(estimator.shard(), batch, estimator.precision(),
                                         *estimator.platform().accelerator, estimator.platform().fabric);
      return bound.operations.limiter() == Limiter::compute;
    };
    const auto first = [&](const auto& limited) {
      std::int32_t number = 1;
      while (number <= 1000 && !limited(number)) ++number;
      return number <= 1000 ? std::optional(number) : std::nullopt;
    };
    CHECK(compute_bound_prompt(estimator, 1000) == first([&](std::int32_t tokens) {
            return compute_bound({tokens, tokens, 1}, 1);
          }));
    for (const std::int32_t context : {64, 4096}) {
      const auto decodes = [&](std::int32_t number) { return compute_bound({1, context, 1}, number); };
      CHECK(compute_bound_decode_batch(estimator, context, 1000) == first(decodes));
      const auto many = compute_bound_decode_batch(estimator, context);
      if (!many) {
        CHECK(!decodes(most_sequences));
      } else {
        CHECK(decodes(*many));
        if (*many > 1) CHECK(!decodes(*many - 1));
      }
    }
    if (const auto tokens = compute_bound_prompt(estimator)) {
      CHECK(compute_bound({*tokens, *tokens, 1}, 1));
      CHECK(!compute_bound({*tokens - 1, *tokens - 1, 1}, 1));
    }
  });
  // A bf16 projection turns compute-bound where tokens reach H100's ridge point, 989.4 TFLOPS / 3.35 TB/s = 295, and
  // somewhat later where its activations count: 28672 x 8192 features, 312.
  const auto tokens = compute_bound_prompt(estimator_of(models::llama_3_1_70b));
  REQUIRE(tokens);
  CHECK(*tokens > 295);
  CHECK(*tokens < 330);
  // attention to many keys never is
  CHECK(!compute_bound_decode_batch(estimator_of(models::qwen3_30b_a3b), 4096));
}
