// SPDX-License-Identifier: Apache-2.0
//
// `opcost fit`: its figures are the library's, and each mistake is one line that names the option.

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "opcost/io/json.hpp"
#include "opcost/opcost.hpp"
#include "program.hpp"

namespace {

using namespace opcost;
using opcost::testing::Run;
using opcost::testing::run;

nlohmann::json json_of(const std::string& arguments) {
  const Run result = run("fit " + arguments + " --format json");
  INFO(arguments << ": " << result.errors);
  REQUIRE(result.exit_code == 0);
  return nlohmann::json::parse(result.output);
}

const std::string llama = "--model llama-3.1-70b --gpu h100-sxm ";

}  // namespace

TEST_CASE("what fits is what the library says, of a rank and its sequences") {
  const nlohmann::json json = json_of(llama + "--gpu h20 --tp 4 --batch 64");
  CHECK(json.at("schema") == "opcost-fit-1");
  const ModelShard shard = shard_of(models::llama_3_1_70b, {.tensor = 4});
  const MemoryPolicy policy;
  for (std::size_t i = 0; i < 2; ++i) {
    const Accelerator& accelerator = i == 0 ? accelerators::h100_sxm : accelerators::h20;
    const nlohmann::json& gpu = json.at("gpus").at(i);
    INFO(gpu.at("gpu"));
    CHECK(gpu.at("available_bytes") == available_memory(accelerator).value);
    CHECK(gpu.at("weights_bytes") == weight_bytes(shard, {}).value);
    CHECK(gpu.at("activations_bytes") == activation_bytes(shard, {}, 8192, 1024).value);
    CHECK(gpu.at("reserve_bytes") == 2147483648.0);
    CHECK(gpu.at("cache_capacity_bytes") == cache_capacity(shard, {}, accelerator).value);
    CHECK(gpu.at("token_bytes") == 81920.0);  // 80 layers × 2 of 8 KV heads × (128 + 128) × 2 B
    CHECK(gpu.at("sequence_bytes") == 8192.0 * 81920.0);
    CHECK(gpu.at("sequences") == largest_batch(shard, {}, accelerator, policy, 8192));
    const nlohmann::json& contexts = gpu.at("longest_contexts");
    REQUIRE(contexts.size() == 2);
    CHECK(contexts.at(0).at("sequences") == 1);
    CHECK(contexts.at(0).at("tokens") == 131072);  // what the model was made for
    CHECK(contexts.at(0).at("limited_by") == "model");
    CHECK(contexts.at(1).at("sequences") == 64);
    CHECK(contexts.at(1).at("tokens") == longest_context(shard, {}, accelerator, policy, 64));
    CHECK(contexts.at(1).at("limited_by") == "memory");
    const auto tokens = gpu.at("tokens").get<std::int64_t>();  // whole blocks of 16
    CHECK(tokens % 16 == 0);
    const double left = gpu.at("cache_capacity_bytes");
    CHECK(static_cast<double>(tokens) * 81920.0 <= left);
    CHECK(static_cast<double>(tokens + 16) * 81920.0 > left);
  }
}

TEST_CASE("options of the policy reach the library") {
  const MemoryPolicy policy{.utilisation = 0.8,
                            .block_tokens = 64,
                            .step_tokens = 2048,
                            .sampled_tokens = 0,
                            .runtime_reserve = Bytes{1e9}};
  const nlohmann::json gpu = json_of(
      "--model qwen3-8b --gpu h20 --dtype fp8 --kv-dtype fp8 --context 1000 --utilisation 0.8 --block 64 "
      "--step-tokens 2048 --sampled-tokens 0 --reserve 1GB")["gpus"][0];
  const ModelPrecision precision = [] {
    ModelPrecision fp8 = *model_precision_named("fp8");
    fp8.kv_cache = formats::fp8;
    return fp8;
  }();
  const ModelShard shard = shard_of(models::qwen3_8b, {});
  CHECK(gpu.at("cache_capacity_bytes") == cache_capacity(shard, precision, accelerators::h20, policy).value);
  CHECK(gpu.at("sequences") == largest_batch(shard, precision, accelerators::h20, policy, 1000));
}

TEST_CASE("of a pipeline the answer is the least of its stages, of data-parallel ranks the sum is said") {
  const Parallelism parallelism{.pipeline = 3, .data = 2};  // 80 layers: 26, 27, 27 with the LM head
  const nlohmann::json gpu = json_of(llama + "--pp 3 --dp 2")["gpus"][0];
  std::int32_t least = unlimited_by_memory;
  std::int32_t shortest = unlimited_by_memory;
  std::int32_t limiting = -1;
  for (std::int32_t stage = 0; stage < 3; ++stage) {
    const ModelShard shard = shard_of(models::llama_3_1_70b, parallelism, stage);
    const std::int32_t sequences = largest_batch(shard, {}, accelerators::h100_sxm, {}, 8192);
    if (sequences < least) limiting = stage;
    least = std::min(least, sequences);
    shortest = std::min(shortest, longest_context(shard, {}, accelerators::h100_sxm, {}, 1));
  }
  CHECK(gpu.at("sequences") == least);
  CHECK(gpu.at("stage") == limiting);
  CHECK(gpu.at("sequences_of_all_data_ranks") == 2 * least);
  CHECK(gpu.at("longest_contexts").at(0).at("tokens") == std::min(shortest, 131072));
}

TEST_CASE("what does not fit says by how much, and which tensor parallelism helps") {
  const nlohmann::json gpu = json_of(llama)["gpus"][0];
  const ModelShard whole = shard_of(models::llama_3_1_70b, {});
  CHECK(gpu.at("fits") == false);
  CHECK(gpu.at("sequences") == 0);
  // 327680 B a token on one GPU
  CHECK(gpu.at("missing_bytes") == 8192 * 327680.0 - cache_capacity(whole, {}, accelerators::h100_sxm).value);
  const std::int32_t helps = gpu.at("fitting_tensor");
  const auto fits = [](std::int32_t tensor) {
    return largest_batch(shard_of(models::llama_3_1_70b, {.tensor = tensor}), {}, accelerators::h100_sxm, {},
                         8192) > 0;
  };
  CHECK(fits(helps));
  CHECK_FALSE(fits(helps / 2));
  const Run text = run("fit " + llama);
  CHECK_THAT(text.output, Catch::Contains("h100-sxm: 1 sequence of 8192 tokens does not fit: "));
  CHECK_THAT(text.output, Catch::Contains("it fits with --tp " + std::to_string(helps) + ".\n"));

  // experts that are spread over all ranks stay so
  const nlohmann::json experts =
      json_of("--model deepseek-v3 --gpu h100-sxm --dtype fp8_block --ep 4 --dp 4")["gpus"][0];
  CHECK(experts.at("fits") == false);
  CHECK(experts.at("fitting_expert") == 4 * experts.at("fitting_tensor").get<int>());

  // 64 sequences beyond 2 million tokens each: more than any 64 ranks hold, and 64 query heads allow no more
  CHECK(json_of(llama + "--batch 64 --context 20000000")["gpus"][0].at("fitting_tensor").is_null());
  CHECK_THAT(run("fit " + llama + "--batch 64 --context 20000000").output,
             Catch::Contains("64 sequences of 20000000 tokens do not fit: ") &&
                 Catch::Contains("no --tp of 1, 2, 4, … that the model allows makes them fit") &&
                 Catch::Contains("The context is longer than the 131072 tokens"));
}

TEST_CASE("the CSV of what fits has the JSON's figures") {
  const Run csv = run("fit " + llama + "--gpu h20 --tp 8 --format csv");
  const nlohmann::json json = json_of(llama + "--gpu h20 --tp 8");
  CHECK_THAT(csv.output, Catch::StartsWith("gpu,fits,missing_bytes,"));
  CHECK_THAT(csv.output, Catch::Contains("longest_contexts.0.tokens"));
  for (const nlohmann::json& gpu : json.at("gpus")) {
    CHECK_THAT(csv.output,
               Catch::Contains("\n" + gpu.at("gpu").get<std::string>() + ",true,0.0,,,0," +
                               gpu.at("available_bytes").dump() + "," + gpu.at("weights_bytes").dump()));
  }
  CHECK_THAT(run("fit " + llama + "--format markdown").output, Catch::Contains("| weights |"));
}

TEST_CASE("every mistake in the options of fit is one clear line") {
  struct Case {
    std::string arguments;
    std::string expected;  // a part of the line
  };
  const std::array<Case, 22> cases{{
      {"--gpu h20", "--model is missing"},
      {"--model qwen3-8b", "--gpu is missing"},
      {"--model lama-3.1-70b --gpu h20", "unknown model 'lama-3.1-70b' (did you mean llama-3.1-70b"},
      {llama + "--gpu h21", "unknown GPU 'h21' (did you mean h100-nvl or "},
      {llama + "--dtype fp4x", "unknown data type 'fp4x'"},
      {llama + "--kv-dtype fp9", "unknown KV-cache data type 'fp9'"},
      {llama + "--tp 3", "--tp is 3, expected a divisor of the model's query heads"},
      {llama + "--context 0", "--context is '0', expected a whole number from 1"},
      {llama + "--batch 0", "--batch is '0', expected a whole number from 1"},
      {llama + "--block 0", "--block is '0'"},
      {llama + "--step-tokens -1", "--step-tokens is '-1'"},
      {llama + "--sampled-tokens x", "--sampled-tokens is 'x', expected a whole number from 0"},
      {llama + "--utilisation 0", "--utilisation is '0', expected a number above 0 and at most 1"},
      {llama + "--utilisation 1.01", "--utilisation is '1.01'"},
      {llama + "--utilisation nan", "--utilisation is 'nan'"},
      {llama + "--utilisation=-0.5", "--utilisation is '-0.5'"},
      {llama + "--utilisation 90%", "--utilisation is '90%'"},
      {llama + "--reserve 2Gi", "--reserve is '2Gi', expected a size such as 16MiB"},
      {llama + "--reserve=-1GB", "--reserve is '-1GB'"},
      {llama + "--format jsn", "--format is 'jsn', expected one of: table, markdown, csv, json"},
      {llama + "--system vllm", "--system"},  // memory does not depend on it
      {llama + "--eager", "--eager"},
  }};
  for (const Case& mistake : cases) {
    INFO("opcost fit " << mistake.arguments);
    const Run result = run("fit " + mistake.arguments);
    CHECK(result.exit_code == 2);
    CHECK(result.output.empty());
    CHECK(result.errors.rfind("opcost: ", 0) == 0);
    CHECK(result.errors.find('\n') == result.errors.size() - 1);
    CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
  }
}
