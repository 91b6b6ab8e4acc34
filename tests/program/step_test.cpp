// SPDX-License-Identifier: Apache-2.0
//
// `opcost step` and `opcost plot step`: their figures are the library's, and each mistake is one line that names the
// option or the place in the file.

#include <array>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "opcost/io/json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "opcost/opcost.hpp"
#include "program.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace opcost;
using opcost::testing::contents;
using opcost::testing::Run;
using opcost::testing::run;
using opcost::testing::TemporaryDirectory;

nlohmann::json json_of(const std::string& arguments) {
  const Run result = run("step " + arguments + " --format json");
  INFO(arguments << ": " << result.errors);
  REQUIRE(result.exit_code == 0);
  return nlohmann::json::parse(result.output);
}

/// What the library says of the same step.
struct Expected {
  const ModelConfig& model;
  Parallelism parallelism;
  std::string precision;
  std::vector<StepSequence> sequences;
  ServingSystem system{};

  void check(const nlohmann::json& totals, const Accelerator& accelerator) const {
    const ModelPrecision chosen = *model_precision_named(precision);
    const ModelShard shard = shard_of(model, parallelism);
    StepBatch batch(model);
    for (const StepSequence& sequence : sequences) batch.add(sequence);
    const Calibration calibration = default_calibration(accelerator);
    Platform platform(accelerator, calibration);
    platform.system = system;
    const StepEstimate estimate = StepEstimator(shard, chosen, platform).estimate(batch);
    const auto is = [&](const char* key, Seconds time) {
      INFO(key << " on " << accelerator.name.view());
      CHECK(totals.at(key).get<double>() == Approx(time.value * 1e6).epsilon(1e-12));
    };
    is("estimate_us", estimate.expected);
    is("low_us", estimate.low);
    is("high_us", estimate.high);
    is("communication_us", estimate.communication.expected);
    is("host_us", estimate.host);
    is("bound_us", step_bound(shard, batch, chosen, accelerator, platform.fabric).time());
    const ResourceTimes times = resource_times(shard, batch, chosen, platform);
    CHECK(totals.at("resources_us").at("memory") == Approx(times[Resource::memory].value * 1e6).epsilon(1e-12));
    const double tokens = static_cast<double>(batch.tokens()) * parallelism.data;
    CHECK(totals.at("tokens_per_second") == Approx(tokens / estimate.expected.value).epsilon(1e-12));
    CHECK(totals.at("tokens_per_second_per_gpu") ==
          Approx(tokens / estimate.expected.value / parallelism.ranks()).epsilon(1e-12));
  }
};

/// The operations' times add up to the step's, and so do groups and resources.
void check_sums(const nlohmann::json& json, std::size_t gpu) {
  const nlohmann::json& total = json.at("totals").at("gpus").at(gpu);
  const double expected = total.at("estimate_us");
  double operations = 0.0;
  double bound = 0.0;
  for (const nlohmann::json& operation : json.at("operations")) {
    const nlohmann::json& on = operation.at("gpus").at(gpu);
    operations += on.at("estimate_us").get<double>();
    bound += on.at("bound_us").get<double>();
    CHECK(on.at("bound_us") <= on.at("low_us"));
    CHECK(on.at("low_us") <= on.at("estimate_us"));
    CHECK(on.at("estimate_us") <= on.at("high_us"));
    double resources = 0.0;
    for (const auto& [resource, time] : on.at("resources_us").items()) resources += time.get<double>();
    CHECK(resources == Approx(on.at("estimate_us").get<double>()));
  }
  CHECK(bound == Approx(total.at("bound_us").get<double>()));
  const double host = total.at("host_us");
  CHECK(operations + host - total.at("hidden_us").get<double>() == Approx(expected));
  double groups = host;
  for (const auto& [group, time] : total.at("groups_us").items()) groups += time.get<double>();
  CHECK(groups == Approx(expected));
  double resources = 0.0;
  for (const auto& [resource, time] : total.at("resources_us").items()) resources += time.get<double>();
  CHECK(resources == Approx(expected));
}

std::vector<StepSequence> alike(std::size_t count, const StepSequence& sequence) { return {count, sequence}; }

/// A file of that text in the directory.
std::string file_of(const TemporaryDirectory& directory, const std::string& text) {
  const std::string path = (directory.path() / "batch.json").string();
  std::ofstream(path) << text;
  return path;
}

const std::string dense = "--model qwen3-8b --gpu h100-sxm ";

}  // namespace

TEST_CASE("a step's figures are the library's: one GPU, tensor parallel, spread experts") {
  const Expected single{models::gemma_3_27b, {}, "bf16", alike(64, {1, 8192, 1})};
  const nlohmann::json decode = json_of("--model gemma-3-27b --gpu h100-sxm --gpu h20 --decode 64@8192");
  single.check(decode.at("totals").at("gpus").at(0), accelerators::h100_sxm);
  single.check(decode.at("totals").at("gpus").at(1), accelerators::h20);
  check_sums(decode, 0);
  check_sums(decode, 1);
  CHECK(decode.at("schema") == "opcost-step-1");
  CHECK(decode.at("totals").at("flops") == Approx(step_cost(models::gemma_3_27b,
                                                            [] {
                                                              StepBatch batch(models::gemma_3_27b);
                                                              for (int i = 0; i < 64; ++i) batch.add({1, 8192, 1});
                                                              return batch;
                                                            }(),
                                                            {})
                                                      .flops()
                                                      .value));

  Expected mixed{models::llama_3_1_70b,
                 {.tensor = 4, .sequence = true},
                 "fp8",
                 alike(32, {1, 4096, 1}),
                 serving_systems::vllm};
  for (const StepSequence& chunk : alike(2, {512, 1536, 1})) mixed.sequences.push_back(chunk);
  mixed.sequences.push_back({2048, 2048, 1});
  const nlohmann::json chunks = json_of(
      "--model llama-3.1-70b --gpu h100-sxm --tp 4 --sequence-parallel --dtype fp8 --decode 32@4096 "
      "--prefill 2x512@1024 --prefill 2048 --system vllm");
  mixed.check(chunks.at("totals").at("gpus").at(0), accelerators::h100_sxm);
  check_sums(chunks, 0);
  CHECK(chunks.at("batch").at("tokens") == 32 + 2 * 512 + 2048);
  CHECK(chunks.at("batch").at("sampled_tokens") == 35);
  CHECK(chunks.at("batch").at("decodes") == 32);
  CHECK(chunks.at("system") == "vllm");
  // 2.1 ms a step and 27 µs a sequence (data/serving_systems/vllm.json), 35 sequences
  CHECK(chunks.at("totals").at("gpus").at(0).at("host_us") == Approx(2100.0 + 35 * 27.0));

  const Expected experts{models::deepseek_v3, {.expert = 32, .data = 32}, "fp8_block", alike(64, {1, 4096, 1})};
  const nlohmann::json wide =
      json_of("--model deepseek-v3 --gpu h100-sxm --gpu h20 --dtype fp8_block --ep 32 --dp 32 --decode 64@4096");
  experts.check(wide.at("totals").at("gpus").at(0), accelerators::h100_sxm);
  experts.check(wide.at("totals").at("gpus").at(1), accelerators::h20);
  check_sums(wide, 1);
  CHECK(wide.at("parallelism").at("ranks") == 32);
}

TEST_CASE("drafted tokens are new and sampled tokens of every decode") {
  const Expected verified{models::qwen3_8b, {}, "bf16", alike(8, {4, 1024, 4})};
  const nlohmann::json json = json_of(dense + "--decode 8@1024 --drafted 3");
  verified.check(json.at("totals").at("gpus").at(0), accelerators::h100_sxm);
  CHECK(json.at("batch").at("tokens") == 32);
  CHECK(json.at("batch").at("sampled_tokens") == 32);
  CHECK_THAT(run("step " + dense + "--decode 8@1024 --drafted 3").output,
             Catch::Contains("8 decodes at 1024 tokens of context (4 new)"));
}

TEST_CASE("a file's sequences and those of options add up") {
  const TemporaryDirectory directory;
  const std::string path = file_of(directory, R"({"sequences": [
    {"id": "chat", "query_tokens": 1, "context_tokens": 500, "count": 3},
    {"query_tokens": 256, "context_tokens": 300, "sampled_tokens": 0}]})");
  Expected expected{models::qwen3_8b, {}, "bf16", alike(3, {1, 500, 1})};
  expected.sequences.push_back({256, 300, 0});
  expected.sequences.push_back({1, 900, 1});
  const nlohmann::json json = json_of(dense + "--batch " + path + " --decode 1@900");
  expected.check(json.at("totals").at("gpus").at(0), accelerators::h100_sxm);
  CHECK(json.at("batch").at("sampled_tokens") == 4);
}

TEST_CASE("every mistake in a step's options is one clear line") {
  struct Case {
    std::string arguments;
    std::string expected;  // a part of the line
  };
  const std::string deepseek = "--model deepseek-v3 --gpu h100-sxm --decode 1@8 ";
  const std::string llama = "--model llama-3.1-70b --gpu h100-sxm --decode 1@8 ";
  const std::array<Case, 45> cases{{
      {"--gpu h20 --decode 1@8", "--model is missing"},
      {"--model qwen3-8b --decode 1@8", "--gpu is missing"},
      {dense, "the batch is empty, expected sequences: --decode 64@8192, --prefill 2048@4096 or --batch FILE.json"},
      {dense + "--decode 64", "--decode is '64', expected SEQUENCES@CONTEXT such as 64@8192"},
      {dense + "--decode @64", "--decode is '@64'"},
      {dense + "--decode 64@", "--decode is '64@'"},
      {dense + "--decode 0@64", "--decode is '0@64'"},
      {dense + "--decode=-1@64", "--decode is '-1@64'"},
      {dense + "--decode 1@-64", "--decode is '1@-64'"},
      {dense + "--decode 2.7@64", "--decode is '2.7@64'"},
      {dense + "--decode 1@64x", "--decode is '1@64x'"},
      {dense + "--decode 1@2@3", "--decode is '1@2@3'"},
      {dense + "--decode nan@64", "--decode is 'nan@64'"},
      {dense + "--decode 1@2147483648", "--decode is '1@2147483648'"},
      {dense + "--decode 1@1", "--decode is '1@1', expected a context above 1 new token"},
      {dense + "--decode 1@4 --drafted 3", "--decode is '1@4', expected a context above 4 new tokens"},
      {dense + "--decode 99999999@4", "the batch has 99999999 new tokens or more, expected at most 16777216"},
      {dense + "--drafted 2 --prefill 8", "--drafted is 2, expected only with --decode"},
      {dense + "--drafted -1 --decode 1@8", "--drafted is '-1'"},
      {dense + "--prefill x8", "--prefill is 'x8', expected [SEQUENCESx]NEW[@CACHED]"},
      {dense + "--prefill 8@", "--prefill is '8@'"},
      {dense + "--prefill 0", "--prefill is '0'"},
      {dense + "--prefill 4x", "--prefill is '4x'"},
      {dense + "--prefill 1e3", "--prefill is '1e3'"},
      {dense + "--prefill 2147483647@1", "--prefill is '2147483647@1', expected at most 2147483647 tokens"},
      {dense + "--prefill 99999999", "the batch has 99999999 new tokens"},
      {llama + "--tp 3", "--tp is 3, expected a divisor of the model's query heads"},
      {llama + "--tp 0", "--tp is '0', expected a whole number from 1"},
      {llama + "--pp 81", "--pp is 81, expected at most the model's layers"},
      {llama + "--ep 2", "--ep is 2, expected a divisor of --tp x --cp x --dp"},
      {llama + "--ep 2 --tp 2", "--ep is 2, expected 1 for a model without experts"},
      {"--model qwen3-next-80b-a3b --gpu h20 --decode 1@8 --cp 2",
       "--cp is 2, expected 1 for a model with recurrent"},
      {deepseek + "--ep 3 --dp 3", "--ep is 3, expected a divisor of the model's experts"},
      {deepseek + "--ep 8 --dp 16",
       "--ep is 8, expected --tp x --cp x --dp where tokens are exchanged all to all (or --expert-dispatch "
       "all_gather)"},
      {llama + "--dp 2000000 --tp 8 --cp 1000", "--tp x --pp x --dp x --cp is 16000000000, expected at most"},
      {"--model llama-3.1-70b --gpu h100-sxm --prefill 16777216 --dp 1000",
       "new tokens x --cp x --dp is 16777216000, expected at most"},
      {"--model deepseek-v3 --gpu h100-sxm --prefill 16777216",
       "new tokens x heads is 2164260864, expected at most"},
      {llama + "--expert-dispatch broadcast", "--expert-dispatch is 'broadcast', expected one of: all_to_all"},
      {llama + "--ranks-per-node 0", "--ranks-per-node is '0'"},
      {llama + "--system vlm",
       "unknown serving system 'vlm' (did you mean vllm?); known: sglang, tensorrt-llm, vllm"},
      {llama + "--system ./none.json", "./none.json: cannot be opened"},
      {llama + "--dtype fp4x", "unknown data type 'fp4x'"},
      {"--model llama-3.1-70b --gpu a100-sxm-80gb --decode 1@8 --dtype fp8",
       "a100-sxm-80gb has no peak rate for fp8"},
      {llama + "--batch /nonexistent.json", "/nonexistent.json: cannot be opened"},
      {"--model llama-3.1-70b --gpu l4 --decode 1@8 --tp 16", "l4 states no scale-"},
  }};
  for (const Case& mistake : cases) {
    for (const std::string& command : {std::string("step "), std::string("plot step --out - ")}) {
      INFO("opcost " << command << mistake.arguments);
      const Run result = run(command + mistake.arguments);
      CHECK(result.exit_code == 2);
      CHECK(result.output.empty());
      CHECK(result.errors.rfind("opcost: ", 0) == 0);
      CHECK(result.errors.find('\n') == result.errors.size() - 1);
      CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
    }
  }
}

TEST_CASE("every mistake in a file of sequences names its place") {
  struct Case {
    std::string text;
    std::string expected;
  };
  const std::string one = R"("query_tokens": 1, "context_tokens": 8)";
  const std::array<Case, 17> cases{{
      {"", "not valid JSON"},
      {"[]", "the document is an array, expected an object"},
      {"{}", "/sequences is missing"},
      {R"({"sequences": []})", "/sequences is an array, expected at least one sequence"},
      {R"({"sequences": {}})", "/sequences is an object, expected an array"},
      {R"({"sequences": [)"
       "{" +
           one + R"(}], "model": "x"})",
       "/model is an unknown key, expected one of: sequences"},
      {R"({"sequences": [{"query_tokens": 1}]})", "/sequences/0/context_tokens is missing"},
      {R"({"sequences": [{"context_tokens": 1}]})", "/sequences/0/query_tokens is missing"},
      {R"({"sequences": [{"query_tokens": 2.7, "context_tokens": 8}]})",
       "/sequences/0/query_tokens is 2.7, expected a"},
      {R"({"sequences": [{"query_tokens": NaN, "context_tokens": 8}]})", "not valid JSON"},
      {R"({"sequences": [{"query_tokens": 9, "context_tokens": 8}]})",
       "/sequences/0/context_tokens is 8, expected at least query_tokens"},
      {R"({"sequences": [{)" + one + R"(, "sampled_tokens": 2}]})",
       "/sequences/0/sampled_tokens is 2, expected at most query_tokens"},
      {R"({"sequences": [{)" + one + R"(, "count": 0}]})",
       "/sequences/0/count is 0, expected a whole number from 1"},
      {R"({"sequences": [{)" + one + R"(, "counts": 2}]})", "/sequences/0/counts is an unknown key"},
      {R"({"sequences": [{)" + one + R"(, "count": 2, "count": 2}]})", "/sequences/0/count is a duplicate key"},
      {R"({"sequences": [{)" + one + R"(, "id": "a"}, {)" + one + R"(, "id": "a"}]})",
       "/sequences/1/id is \"a\", expected each id once (it is that of /sequences/0/id, too)"},
      {R"({"sequences": [{)" + one + R"(, "id": 7}]})", "/sequences/0/id is 7, expected a string"},
  }};
  const TemporaryDirectory directory;
  for (const Case& mistake : cases) {
    INFO(mistake.text);
    const std::string path = file_of(directory, mistake.text);
    const Run result = run("step " + dense + "--batch " + path);
    CHECK(result.exit_code == 2);
    CHECK(result.output.empty());
    CHECK(result.errors.rfind("opcost: " + path + ": ", 0) == 0);
    CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
  }
}

TEST_CASE("a million sequences take a moment") {
  const auto start = std::chrono::steady_clock::now();
  const nlohmann::json json = json_of("--model qwen3-8b --gpu h100-sxm --decode 1000000@2048");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
  CHECK(json.at("batch").at("sequences") == 1000000);
}

TEST_CASE("notes: a context beyond the model's, the host, pipelines") {
  const std::string beyond = run("step --model llama-2-7b --gpu h100-sxm --decode 1@8192").output;
  CHECK_THAT(beyond, Catch::Contains("The context is longer than the 4096 tokens that llama-2-7b was made for."));
  CHECK_THAT(run("step --model llama-2-7b --gpu h100-sxm --decode 1@4096").output,
             !Catch::Contains("longer than the"));
  // 2.1 ms + 64 × 27 µs
  CHECK_THAT(run("step " + dense + "--decode 64@4096").output,
             Catch::Contains("Host time is not in it: --system vllm would add 3.83 ms for 64 sequences."));
  CHECK_THAT(run("step " + dense + "--decode 64@4096 --system sglang").output,
             Catch::Contains("Host time is sglang's: 1.00 ms a step and 15.0 µs a sequence."));
  CHECK_THAT(run("step " + dense + "--decode 64@4096 --pp 2").output,
             Catch::Contains("one batch through all 2 stages"));
}

TEST_CASE("a step without CUDA graphs takes longer; a serving system may be a file") {
  const auto expected = [](const std::string& more) {
    return json_of(dense + "--decode 4@512 " + more).at("totals").at("gpus").at(0).at("estimate_us").get<double>();
  };
  CHECK(expected("--eager") > expected(""));
  CHECK(expected("--system " OPCOST_SOURCE_DIR "/data/serving_systems/vllm.json") == expected("--system vllm"));
  CHECK(expected("--system vllm") == Approx(expected("") + 2100.0 + 4 * 27.0));
}

TEST_CASE("list serving-systems has each with its host time and source") {
  const std::string list = run("list serving-systems --format csv").output;
  for (const ServingSystemEntry& entry : serving_system_catalogue) {
    CHECK_THAT(list, Catch::Contains(std::string(entry.specification.name.view()) + ","));
    CHECK_THAT(list, Catch::Contains(std::string(entry.source)));
  }
  CHECK_THAT(list, Catch::Contains("vllm,vLLM,2.10 ms,27.0 µs,0 %"));
}

TEST_CASE("CSV has a row for each operation, of the host, and a total") {
  const std::string arguments = dense + "--tp 2 --decode 4@512 --system vllm";
  const std::string text = run("step " + arguments + " --format csv").output;
  CHECK(std::count(text.begin(), text.end(), '\n') ==
        1 + static_cast<int>(json_of(arguments).at("operations").size()) + 2);
  CHECK_THAT(text,
             Catch::StartsWith("operation,kind,group,count,flops,bytes,ranks,message_bytes,h100-sxm_bound_us,"));
}

TEST_CASE("plot step draws a bar for each operation that is long enough") {
  const Run chart = run("plot step " + dense + "--tp 2 --decode 16@4096 --system vllm --out -");
  REQUIRE(chart.exit_code == 0);
  CHECK_THAT(chart.output, Catch::StartsWith("<svg") && Catch::EndsWith("</svg>\n"));
  for (const char* label : {">the step<", ">host<", ">gate_up_projection<", ">network<", " others<"}) {
    CHECK_THAT(chart.output, Catch::Contains(label));
  }
  CHECK_THAT(chart.output, !Catch::Contains("nan") && !Catch::Contains("inf"));
}
