// SPDX-License-Identifier: Apache-2.0
//
// `opcost limits`: its answers are the library's and exact to one, and each mistake is one line that names the option.

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "opcost/io/json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "opcost/opcost.hpp"
#include "program.hpp"

namespace {

using namespace opcost;
using opcost::testing::Run;
using opcost::testing::run;

nlohmann::json json_of(const std::string& arguments) {
  const Run result = run("limits " + arguments + " --format json");
  INFO(arguments << ": " << result.errors);
  REQUIRE(result.exit_code == 0);
  return nlohmann::json::parse(result.output);
}

/// The library's estimator of llama-3.1-70b on four H100.
class Library {
 public:
  explicit Library(const ServingSystem& system = {}) { platform_.system = system; }

  StepEstimator estimator() const { return {shard, {}, platform_}; }
  /// Of so many decodes at 8192 keys beside a batch.
  StepEstimate decodes(std::int32_t number, StepBatch batch = StepBatch(models::llama_3_1_70b)) const {
    batch.add({1, 8192, 1}, number);
    return estimator().estimate(batch);
  }

  const ModelShard shard = shard_of(models::llama_3_1_70b, {.tensor = 4});

 private:
  Calibration calibration_ = default_calibration(accelerators::h100_sxm);
  Platform platform_{accelerators::h100_sxm, calibration_};
};

const std::string llama = "--model llama-3.1-70b --gpu h100-sxm --tp 4 ";

}  // namespace

TEST_CASE("the largest batch is exact to one, by time and by memory") {
  const Library library;
  for (const bool high : {false, true}) {
    const nlohmann::json json = json_of(llama + "--tpot 40" + (high ? " --high" : ""));
    const auto compared = high ? &StepEstimate::high : &StepEstimate::expected;
    const nlohmann::json& batch = json.at("gpus").at(0).at("decode_batch");
    INFO(batch.dump());
    CHECK(json.at("schema") == "opcost-limits-1");
    CHECK(json.at("compared") == (high ? "high" : "expected"));
    CHECK(json.at("limit_us") == Approx(40000.0));
    const std::int32_t most = batch.at("by_time");
    REQUIRE(most > 0);
    const double kept = (library.decodes(most).*compared).value * 1e6;
    const double missed = (library.decodes(most + 1).*compared).value * 1e6;
    CHECK(kept <= 40000.0);
    CHECK(missed > 40000.0);
    CHECK(batch.at("time_us") == Approx(kept).epsilon(1e-12));
    CHECK(batch.at("time_of_one_more_us") == Approx(missed).epsilon(1e-12));
    const std::int32_t fit = largest_batch(library.shard, {}, accelerators::h100_sxm, {}, 8192);
    CHECK(batch.at("by_memory") == fit);
    CHECK(batch.at("sequences") == std::min(most, fit));
    CHECK(batch.at("limited_by") == (fit < most ? "memory" : "time"));
  }
}

TEST_CASE("contexts, chunks and compute bounds are the library's") {
  const Library library;
  const StepLimit limit{Seconds{0.03}};
  StepEstimator estimator = library.estimator();
  const StepBatch empty(models::llama_3_1_70b);
  const nlohmann::json gpu = json_of(llama + "--tpot 30 --prompt 20000")["gpus"][0];
  CHECK(gpu.at("step").is_null());
  CHECK(gpu.at("joining").is_null());
  REQUIRE(gpu.at("longest_contexts").size() == 3);
  const std::array<std::int32_t, 3> batches{1, 16, 64};
  for (std::size_t i = 0; i < 3; ++i) {
    const nlohmann::json& context = gpu.at("longest_contexts").at(i);
    const std::int32_t by_time = longest_decode_context(estimator, batches[i], limit);
    const std::int32_t by_memory = longest_context(library.shard, {}, accelerators::h100_sxm, {}, batches[i]);
    CHECK(context.at("sequences") == batches[i]);
    CHECK(context.at("by_time") == by_time);
    CHECK(context.at("by_memory") == by_memory);
    CHECK(context.at("tokens") == std::min({by_time, by_memory, 131072}));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const nlohmann::json& chunk = gpu.at("prefill_chunks").at(i);
    const std::int32_t cached = static_cast<std::int32_t>(i) * 10000;
    CHECK(chunk.at("cached_tokens") == cached);
    CHECK(chunk.at("new_tokens") == largest_prefill_chunk(estimator, empty, {20000, cached + 20000, 1}, limit));
  }
  std::vector<std::int32_t> chunks;
  chunks.reserve(20000);
  const std::int32_t tokens = for_each_equal_cost_chunk(
      estimator, {20000, 20000, 1}, limit,
      [&](const StepSequence& chunk, const StepEstimate&) { chunks.push_back(chunk.query_tokens); });
  const nlohmann::json& equal = gpu.at("equal_cost_chunks");
  CHECK(equal.at("count") == chunks.size());
  CHECK(equal.at("first_tokens") == chunks.front());
  CHECK(equal.at("last_tokens") == chunks.back());
  CHECK(equal.at("tokens") == tokens);
  CHECK(gpu.at("compute_bound_prompt_tokens") == compute_bound_prompt(estimator).value());
  const auto from = compute_bound_decode_batch(estimator, 8192);
  CHECK(gpu.at("compute_bound_decodes").is_null() == !from.has_value());
}

TEST_CASE("sequences at work leave less time and memory for those that join") {
  const Library library(serving_systems::vllm);
  StepEstimator estimator = library.estimator();
  StepBatch batch(models::llama_3_1_70b);
  batch.add({1, 4096, 1}, 8);
  batch.add({512, 1536, 1});
  const nlohmann::json gpu = json_of(llama + "--tpot 60 --system vllm --with 8@4096 --prefill 512@1024")["gpus"][0];
  CHECK(gpu.at("step").at("now").at("high_us") ==
        Approx(estimator.estimate(batch).high.value * 1e6).epsilon(1e-12));
  CHECK(gpu.at("step").at("with_one_more").at("estimate_us") ==
        Approx(library.decodes(1, batch).expected.value * 1e6).epsilon(1e-12));
  const nlohmann::json& joining = gpu.at("joining");
  const std::int32_t most = joining.at("by_time");
  REQUIRE(most > 0);
  CHECK(library.decodes(most, batch).expected <= Seconds{0.06});
  CHECK(library.decodes(most + 1, batch).expected > Seconds{0.06});
  // 81920 B a token and GPU (80 layers × 2 KV heads × 256 × 2 B), whole blocks of 16: 8 × 4096 + 1536 are held
  const double left = cache_capacity(library.shard, {}, accelerators::h100_sxm).value - (8 * 4096 + 1536) * 81920.0;
  CHECK(joining.at("by_memory") == static_cast<std::int32_t>(left / (8192 * 81920.0)));
  REQUIRE(gpu.at("longest_contexts").size() == 1);
  CHECK(gpu.at("longest_contexts").at(0).at("sequences") == 8);
  CHECK(gpu.at("prefill_chunks").at(0).at("new_tokens") ==
        largest_prefill_chunk(estimator, batch, {8192, 8192, 1}, {Seconds{0.06}}));
}

TEST_CASE("limits say where memory does not hold the model or the sequences") {
  const nlohmann::json alone = json_of("--model llama-3.1-70b --gpu h100-sxm --tpot 60")["gpus"][0];
  CHECK(alone.at("fits") == false);
  CHECK(alone.at("decode_batch").at("by_memory") == 0);
  CHECK(alone.at("decode_batch").at("limited_by") == "memory");
  CHECK(json_of(llama + "--tpot 60 --with 57@8192")["gpus"][0].at("fits") == true);
  CHECK_THAT(run("limits " + llama + "--tpot 60 --with 58@8192").output,  // one more than opcost fit says
             Catch::Contains("h100-sxm does not hold the model with these sequences: see `opcost fit`.\n"));
}

TEST_CASE("a limit below the host's time lets nothing through, and that is said") {
  const std::string arguments = "--model qwen3-8b --gpu h100-sxm --tpot 1 --system vllm";
  const nlohmann::json gpu = json_of(arguments)["gpus"][0];
  CHECK(gpu.at("decode_batch").at("sequences") == 0);
  CHECK(gpu.at("longest_contexts").at(0).at("tokens") == 0);
  CHECK(gpu.at("equal_cost_chunks").at("count") == 0);
  // 2.1 ms a step and 27 µs a sequence (data/serving_systems/vllm.json)
  CHECK_THAT(run("limits " + arguments).output,
             Catch::Contains("vllm's host time alone takes longer than the limit: 2.13 ms with one sequence.\n"));
  CHECK_THAT(run("limits " + arguments + "0").output, !Catch::Contains("host time alone"));
}

TEST_CASE("the CSV of limits has the JSON's figures, the text what they mean") {
  const std::string arguments = llama + "--gpu h20 --tpot 50 --with 4@8192";
  const nlohmann::json gpu = json_of(arguments)["gpus"][1];
  const Run csv = run("limits " + arguments + " --format csv");
  CHECK_THAT(csv.output, Catch::StartsWith("gpu,calibration,fits,decode_batch.sequences,decode_batch.limited_by,"));
  CHECK_THAT(csv.output, Catch::Contains("\nh20," + gpu.at("calibration").get<std::string>() + ",true," +
                                         gpu.at("decode_batch").at("sequences").dump() + ","));
  CHECK_THAT(
      run("limits " + arguments).output,
      Catch::Contains("with 4 decodes at 8192 tokens of context") &&
          Catch::Contains("Each number keeps the limit by the expected time of a step, and one more does not"));
}

TEST_CASE("every mistake in the options of limits is one clear line") {
  struct Case {
    std::string arguments;
    std::string expected;  // a part of the line
  };
  const std::array<Case, 24> cases{{
      {"--gpu h20 --tpot 30", "--model is missing"},
      {"--model qwen3-8b --tpot 30", "--gpu is missing"},
      {llama, "--tpot is missing, expected a time in milliseconds"},
      {llama + "--tpot nan", "--tpot is 'nan', expected a time in milliseconds above 0"},
      {llama + "--tpot=-30", "--tpot is '-30'"},
      {llama + "--tpot 0", "--tpot is '0'"},
      {llama + "--tpot inf", "--tpot is 'inf'"},
      {llama + "--tpot 30s", "--tpot is '30s'"},
      {llama + "--tpot 30 --context 1", "--context is '1', expected a whole number from 2"},
      {llama + "--tpot 30 --prompt 0", "--prompt is '0'"},
      {llama + "--tpot 30 --prompt 1048577", "--prompt is 1048577, expected at most 1048576"},
      {llama + "--tpot 30 --with 64", "--with is '64', expected SEQUENCES@CONTEXT such as 64@8192"},
      {llama + "--tpot 30 --with 1@1", "--with is '1@1', expected a context above 1 new token"},
      {llama + "--tpot 30 --prefill x8", "--prefill is 'x8'"},
      {llama + "--tpot 30 --drafted 3", "--drafted is 3, expected only with --with"},
      {llama + "--tpot 30 --drafted 3 --prefill 8", "--drafted is 3, expected only with --with"},
      {llama + "--tpot 30 --batch /nonexistent.json", "/nonexistent.json: cannot be opened"},
      {llama + "--tpot 30 --system vlm", "unknown serving system 'vlm' (did you mean vllm?)"},
      {llama + "--tpot 30 --utilisation 2", "--utilisation is '2'"},
      {llama + "--tpot 30 --tp 3", "--tp"},
      {"--model qwen3-8b --gpu h101 --tpot 30", "unknown GPU 'h101' (did you mean h100"},
      {"--model llama-3.1-70b --gpu a100-sxm-80gb --dtype fp8 --tpot 30", "a100-sxm-80gb has no peak rate for fp8"},
      {"--model llama-3.1-70b --gpu l4 --tp 16 --tpot 30", "l4 states no scale-"},
      {llama + "--tpot 30 --format jsn", "--format is 'jsn', expected one of"},
  }};
  for (const Case& mistake : cases) {
    INFO("opcost limits " << mistake.arguments);
    const Run result = run("limits " + mistake.arguments);
    CHECK(result.exit_code == 2);
    CHECK(result.output.empty());
    CHECK(result.errors.rfind("opcost: ", 0) == 0);
    CHECK(result.errors.find('\n') == result.errors.size() - 1);
    CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
  }
}
