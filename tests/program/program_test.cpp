// SPDX-License-Identifier: Apache-2.0
//
// The opcost program as its users meet it: exit codes, one clear line for every mistake, nothing half-written,
// and output that agrees with the library.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "opcost/io/json.hpp"
#include "opcost/opcost.hpp"
#include "program.hpp"
#include "temporary_directory.hpp"

namespace {

using opcost::testing::contents;
using opcost::testing::Run;
using opcost::testing::run;
using opcost::testing::TemporaryDirectory;

const std::string gemma_decode = "ops --model gemma-3-27b --gpu h100-sxm --gpu h20 --batch 64 --context 8192";

/// "linear", "batched", …: what `opcost op --help` lists.
std::vector<std::string> operation_commands() {
  const std::string help = run("op --help").output;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::vector<std::string> commands;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.rfind("  ", 0) == 0) {
    commands.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return commands;
}

/// What the example in a subcommand's help runs, without the program's name.
std::string example_of(const std::string& operation) {
  const std::string help = run("op " + operation + " --help").output;
  const std::string before = "Example:\n  opcost ";
  const std::size_t at = help.find(before) + before.size();
  return help.substr(at, help.find('\n', at) - at);
}

nlohmann::json json_of(const std::string& arguments) {
  const Run result = run(arguments + " --format json");
  INFO(arguments << ": " << result.errors);
  REQUIRE(result.exit_code == 0);
  return nlohmann::json::parse(result.output);
}

}  // namespace

TEST_CASE("every mistake is one clear line and exit code 2") {
  struct Case {
    std::string arguments;
    std::string expected;  // a part of the line
  };
  const std::array<Case, 54> cases{{
      {"",
       "a command is missing, expected one of: ops, op, step, fit, limits, place, list, plot, evaluate, calibrate"},
      {"frobnicate", "frobnicate"},
      {"ops --gpu h20", "--model is missing"},
      {"ops --model gemma-3-27b", "--gpu is missing"},
      {"ops --modle gemma-3-27b", "--modle"},
      {"ops --model gema --gpu h20", "unknown model 'gema' (did you mean gemma-2-27b or gemma-2-9b or "},
      {"ops --model gemma-3-27b --gpu h100", "(did you mean h100-nvl or h100-pcie or h100-sxm?); known: a100"},
      {"ops --model gemma-3-27b --gpu H20x", "did you mean h20"},
      {"ops --model gemma-3-27b --gpu h20 --gpu h20", "--gpu names h20 twice"},
      {"ops --model gemma-3-27b --gpu h20 --batch 2.7", "--batch is '2.7', expected a whole number from 1"},
      {"ops --model gemma-3-27b --gpu h20 --batch 0", "--batch is '0'"},
      {"ops --model gemma-3-27b --gpu h20 --batch -1", "--batch is '-1'"},
      {"ops --model gemma-3-27b --gpu h20 --batch nan", "--batch is 'nan'"},
      {"ops --model gemma-3-27b --gpu h20 --context 2147483648",
       "--context is '2147483648', expected a whole number"},
      {"ops --model gemma-3-27b --gpu h20 --context 99999999999999999999", "--context is '99999999999999999999'"},
      {"ops --model gemma-3-27b --gpu h20 --phase prefill --prompt 8 --context 4",
       "--context is 4, expected at least"},
      {"ops --model gemma-3-27b --gpu h20 --phase decode --prompt 8",
       "--prompt is 8, expected only with --phase prefill"},
      {"ops --model gemma-3-27b --gpu h20 --phase prefill --prompt 99999999", "--batch x --prompt x heads"},
      {"ops --model gemma-3-27b --gpu h20 --phase sideways",
       "--phase is 'sideways', expected one of: decode, prefill"},
      {"ops --model gemma-3-27b --gpu h20 --dtype fp9", "unknown data type 'fp9'"},
      {"ops --model gemma-3-27b --gpu h20 --kv-dtype fp9", "unknown KV-cache data type 'fp9'"},
      {"ops --model gemma-3-27b --gpu a100-sxm-80gb --dtype fp8", "a100-sxm-80gb has no peak rate for fp8"},
      {"ops --model gemma-3-27b --gpu h20 --format yaml",
       "--format is 'yaml', expected one of: table, markdown, csv, json"},
      {"ops --model /nonexistent/config.json --gpu h20", "/nonexistent/config.json: cannot be opened"},
      {"ops --model gemma-3-27b --gpu /", "/: is a directory"},
      {"op linear --tokens 1 --in 0 --out 1 --gpu h20", "--in is '0'"},
      {"op linear --tokens 1 --in 1 --gpu h20", "--out is missing"},
      {"op attention --query-heads 30 --kv-heads 16 --context 4 --gpu h20",
       "--kv-heads is 16, expected a divisor of --query-heads"},
      {"op attention --query-heads 32 --context 4 --query 5 --gpu h20",
       "--context is 4, expected at least --query"},
      {"op attention --query-heads 32 --context 4 --window 0 --gpu h20", "--window is '0'"},
      {"op attention --query-heads 32 --context 4 --window 2 --top-k 2 --gpu h20", "exclude each other"},
      {"op attention --query-heads 32 --context 4 --no-cache-write --gpu h20", "only with --bidirectional"},
      {"op", "a command is missing, expected one of: linear, batched, moe"},
      {"op moe --tokens 64 --hidden 64 --intermediate 64 --experts 8 --top-k 9 --gpu h20",
       "--top-k is 9, expected at most the number of --experts"},
      {"op moe --tokens 64 --hidden 64 --intermediate 64 --experts 8 --top-k 2 --ep 3 --gpu h20",
       "--ep is 3, expected a divisor of the number of --experts"},
      {"op moe --tokens 64 --hidden 64 --intermediate 64 --experts 8 --top-k 2 --tp 3 --gpu h20",
       "--tp is 3, expected a divisor of --intermediate"},
      {"op moe --tokens 0 --hidden 64 --intermediate 64 --experts 8 --top-k 2 --gpu h20",
       "--tokens is '0', expected a whole number from 1"},
      {"op moe --tokens 64 --hidden 64 --intermediate 2147483647 --experts 8 --top-k 2 --gpu h20",
       "--intermediate is 2147483647, expected at most 1073741824"},
      {"op moe --tokens 64 --intermediate 64 --experts 8 --top-k 2 --gpu h20", "--hidden is missing"},
      {"op moe --tokens 64 --hidden 64 --intermediate 64 --experts 8 --top-k 2 --routing power_law --gpu h20",
       "--exponent is missing"},
      {"op moe --tokens 64 --hidden 64 --intermediate 64 --experts 8 --top-k 2 --exponent 1.2 --gpu h20",
       "--exponent is 1.2, expected only with --routing power_law"},
      {"op grouped --tokens 64 --in 64 --out 64 --experts 8 --top-k 2 --routing skewed --gpu h20",
       "--routing is 'skewed', expected one of: uniform, balanced, near_balanced, power_law"},
      {"op gate --tokens 4 --experts 8 --top-k 2 --groups 3 --gpu h20", "--groups is 3, expected a divisor of"},
      {"op latent --context 4 --query 5 --gpu h20", "--context is 4, expected at least --query"},
      {"op delta-rule --key-heads 3 --value-heads 4 --gpu h20", "--key-heads is 3, expected a divisor of"},
      {"op state-space --heads 4 --groups 3 --gpu h20", "--groups is 3, expected a divisor of --heads"},
      {"op rms-norm --rows 4 --gpu h20", "--width is missing"},
      {"op rotary --tokens 4 --heads 4 --dim 3 --gpu h20", "--dim is 3, expected an even number"},
      {"op quantise --tokens 4 --width 4 --dtype bf16 --gpu h20", "--dtype is 'bf16', expected one with quantised"},
      {"op collective --ranks 8 --gpu h20", "--bytes is missing"},
      {"op collective --ranks 8 --bytes 16Mi --gpu h20", "--bytes is '16Mi', expected a size such as 16MiB"},
      {"op collective --ranks 8 --bytes 1MB --tokens 4 --width 4 --gpu h20", "exclude each other"},
      {"op collective --op all_to_all --ranks 8 --tokens 4 --width 4 --experts 12 --top-k 2 --gpu h20",
       "--ranks is 8, expected a divisor of --experts"},
      {"list gadgets", "'gadgets', expected one of: gpus"},
  }};
  for (const Case& mistake : cases) {
    INFO("opcost " << mistake.arguments);
    const Run result = run(mistake.arguments);
    CHECK(result.exit_code == 2);
    CHECK(result.output.empty());
    CHECK(result.errors.rfind("opcost: ", 0) == 0);
    CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
    CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
  }
}

TEST_CASE("help has an example and exit code 0 for every command") {
  std::vector<std::string> commands{"",          "ops ",      "op ",   "fit ",           "limits ",
                                    "place ",    "list ",     "plot ", "plot roofline ", "plot accuracy ",
                                    "evaluate ", "calibrate "};
  for (const std::string& operation : operation_commands()) commands.push_back("op " + operation + " ");
  for (const std::string& command : commands) {
    INFO("opcost " << command << "--help");
    const Run result = run(command + "--help");
    CHECK(result.exit_code == 0);
    CHECK_THAT(result.output, Catch::Contains("Example"));
    CHECK(result.errors.empty());
  }
  CHECK(run("--version").output == "opcost " OPCOST_VERSION "\n");
}

TEST_CASE("ops prints as JSON what the library computes") {
  const Run result = run(gemma_decode + " --format json");
  REQUIRE(result.exit_code == 0);
  const nlohmann::json json = nlohmann::json::parse(result.output);
  CHECK(json.at("schema") == "opcost-ops-1");
  CHECK(json.at("model") == "gemma-3-27b");
  CHECK(json.at("phase") == "decode");

  const opcost::UniformBatch batch{.sequences = 64, .query_tokens = 1, .context_tokens = 8192};
  const auto operations = model_operations(opcost::models::gemma_3_27b, batch, {});
  REQUIRE(json.at("operations").size() == operations.size());
  std::array<double, 2> shares{};
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const nlohmann::json& entry = json.at("operations").at(i);
    const opcost::ModelOperation& operation = operations[i];
    INFO(entry.dump());
    const opcost::Cost cost = operation.operation.cost();
    CHECK(entry.at("name") == operation.name);
    CHECK(entry.at("kind") == operation.operation.kind());
    CHECK(entry.at("count") == operation.count);
    CHECK(entry.at("flops") == cost.flops().value);
    CHECK(entry.at("bytes") == cost.bytes().value);
    CHECK(entry.at("intensity") == cost.arithmetic_intensity().value);
    const std::array gpus{opcost::accelerators::h100_sxm, opcost::accelerators::h20};
    for (std::size_t g = 0; g < gpus.size(); ++g) {
      const opcost::RooflineBound bound = roofline_bound(operation.operation, gpus[g]);
      const nlohmann::json& on_gpu = entry.at("gpus").at(g);
      CHECK(on_gpu.at("gpu") == gpus[g].name.view());
      CHECK(on_gpu.at("bound_us") == Approx(bound.time.value * 1e6));
      CHECK(on_gpu.at("limiter") == name(bound.limiter()));
      shares[g] += on_gpu.at("share").get<double>();
    }
  }
  CHECK(shares[0] == Approx(1.0));
  CHECK(shares[1] == Approx(1.0));
  CHECK(json.at("totals").at("flops") == total_cost(operations).flops().value);
  CHECK(json.at("totals").at("gpus").at(1).at("bound_us") ==
        Approx(roofline_bound(operations, opcost::accelerators::h20).time.value * 1e6));
}

TEST_CASE("op linear finds the token count where the limiter changes") {
  const Run result = run("op linear --tokens 64 --in 5376 --out 21504 --gpu h100-sxm --format json");
  REQUIRE(result.exit_code == 0);
  const std::int32_t first = nlohmann::json::parse(result.output).at("gpus").at(0).at("compute_bound_from");
  const auto limiter_at = [](std::int32_t tokens) {
    const opcost::LinearProjection<> operation{.tokens = tokens, .in_features = 5376, .out_features = 21504};
    return roofline_bound(operation, opcost::accelerators::h100_sxm).limiter();
  };
  CHECK(limiter_at(first) == opcost::Limiter::compute);
  CHECK(limiter_at(first - 1) == opcost::Limiter::memory);
}

TEST_CASE("every operation is explained on its example") {
  struct Expected {
    std::string operation;
    double flops;
    double bytes;
  };
  // by hand, for the shape of the example
  const std::array<Expected, 17> expected{{
      {"linear", 2.0 * 64 * 5376 * 21504, 2.0 * (5376.0 * 21504 + 64.0 * 5376 + 64.0 * 21504)},
      {"batched", 2.0 * 128 * 64 * 128 * 512, 2.0 * 128 * (128.0 * 512 + 64 * 128 + 64 * 512)},
      {"attention", 2.0 * 64 * 1024 * 32 * 256,
       2.0 * 64 * (1024 * 16 * 256 + 16 * 256 + 32 * 128 + 32 * 128)},  // keys, new keys, queries, output
      {"latent", 2.0 * 64 * 8192 * 128 * (576 + 512), 2.0 * 64 * (8193.0 * 576 + 128 * (576 + 512))},
      {"indexer", 64.0 * 65536 * (2 * 64 * 128 + 3 * 64 + 1),
       64.0 * (65537.0 * (128 + 4) + 64 * (128 + 4) + 4.0 * 65536)},
      {"index-top-k", 64.0 * 65536, 64.0 * (4.0 * 65536 + 4 * 2048)},
      // per head: 7·128·128 + 2·128 + 128; the state in fp32 read and written
      {"delta-rule", 64.0 * 32 * (7 * 128 * 128 + 3 * 128),
       64.0 * (2 * 32 * 128 * 128 * 4 + 2 * 16 * 128 * 2 + 32 * (128 * 2 + 8) + 32 * 128 * 2)},
      {"state-space", 64.0 * 128 * (5 * 64 * 128 + 128 + 1 + 2 * 64),
       128 * 8.0 + 64.0 * (2 * 128 * 64 * 128 * 4 + (128 * 64 + 2 * 8 * 128) * 2 + 128 * 4 + 128 * 64 * 2)},
      {"convolution", 64.0 * 8192 * 10, 2.0 * (8192.0 * 4 + 2 * 64 * 8192 + 2 * 64 * 8192 * 3)},
      {"rms-norm", 64.0 * (4 * 5376 + 2), 2.0 * (5376 + 2 * 64 * 5376)},
      {"layer-norm", 64.0 * (7 * 5376 + 2), 2.0 * (2 * 5376 + 2 * 64 * 5376)},
      {"add-rms-norm", 64.0 * (5 * 5376 + 2), 2.0 * (5376 + 4 * 64 * 5376)},
      {"rotary", 3.0 * 64 * 48 * 128, 2.0 * 64 * 128 * (49 + 48)},
      {"residual", 64.0 * 5376, 2.0 * 3 * 64 * 5376},
      {"quantise", 64.0 * 7168 * 5 + 64.0 * 56 * 3, 64.0 * 7168 * 3 + 64.0 * 56 * 4},  // 7168 / 128 = 56 scales
      {"softcap", 6.0 * 64 * 262208, 8.0 * 64 * 262208},
      {"sampling", 16.0 * 64 * 262208, 5.0 * 4 * 64 * 262208 + 4 * 64},
  }};
  const std::vector<std::string> commands = operation_commands();
  CHECK(commands.size() == 24);
  for (const std::string& operation : commands) {
    const std::string example = example_of(operation);
    INFO("opcost " << example);
    const Run text = run(example);
    CHECK(text.exit_code == 0);
    CHECK_THAT(text.output, Catch::Contains("bound") && Catch::Contains("limiter"));
    const nlohmann::json json = json_of(example);
    CHECK(json.at("schema") == "opcost-op-1");
    for (const nlohmann::json& on_gpu : json.at("gpus")) {
      CHECK(on_gpu.at("bound_us").get<double>() > 0.0);
      if (operation == "collective") continue;
      CHECK(on_gpu.at("bound_us") <= on_gpu.at("low_us"));
      CHECK(on_gpu.at("low_us") <= on_gpu.at("estimate_us"));
      CHECK(on_gpu.at("estimate_us") <= on_gpu.at("high_us"));
    }
    for (const Expected& known : expected) {
      if (known.operation != operation) continue;
      CHECK(json.at("flops") == Approx(known.flops).epsilon(1e-12));
      CHECK(json.at("bytes") == Approx(known.bytes).epsilon(1e-12));
    }
  }
}

TEST_CASE("op moe says how many experts are touched and which batch is compute-bound") {
  const std::string deepseek =
      "op moe --hidden 7168 --intermediate 2048 --experts 256 --top-k 8 --dtype fp8_block --gpu h100-sxm";
  const nlohmann::json json = json_of(deepseek + " --tokens 64");
  const nlohmann::json details = json.at("details");
  const double touched = 222.4504;  // 256 · (1 − (31/32)^64)
  CHECK(details.at("rows") == 512.0);
  CHECK(details.at("experts_touched") == Approx(touched).epsilon(1e-3));
  CHECK(details.at("rows_per_expert") == Approx(512.0 / touched).epsilon(1e-3));
  // 3 · 7168 · 2048 elements and 3 · 56 · 16 fp32 scales
  CHECK(details.at("expert_weight_bytes") == 3.0 * 7168 * 2048 + 3 * 56 * 16 * 4);
  CHECK(json.at("traffic").at("weight_read") == Approx(touched * 44050944.0).epsilon(1e-3));

  const std::int32_t first = json.at("gpus").at(0).at("compute_bound_from");
  const auto limiter_at = [&](std::int32_t tokens) {
    return json_of(deepseek + " --tokens " + std::to_string(tokens)).at("gpus").at(0).at("limiter");
  };
  CHECK(limiter_at(first) == "compute");
  CHECK(limiter_at(first - 1) == "memory");

  const std::string text = run(deepseek + " --tokens 64").output;
  CHECK_THAT(text, Catch::Contains("222 of 256 experts are touched") && Catch::Contains("2.30 rows") &&
                       Catch::Contains("compute-bound from " + std::to_string(first) + " tokens on"));

  // one kernel: each token's hidden state in, in fp8 with 56 fp32 scales, and out in bf16; a weight a row
  const std::string layer = run(deepseek + " --tokens 64 --fusion layer").output;
  CHECK_THAT(layer, Catch::Contains("tokens × hidden + rows × routing weight"));
  const nlohmann::json layer_traffic = json_of(deepseek + " --tokens 64 --fusion layer").at("traffic");
  CHECK(layer_traffic.at("activation_read") == 64.0 * (7168 + 56 * 4) + 512 * 4.0);
  CHECK(layer_traffic.at("activation_write") == 64.0 * 7168 * 2);

  // a rank of 8, a shard of 2: 32 experts, half the weights
  const nlohmann::json shard = json_of(deepseek + " --tokens 4096 --ep 8 --tp 2 --routing balanced").at("details");
  CHECK(shard.at("busiest_rank_experts_touched") == 32.0);
  CHECK(shard.at("busiest_rank_rows") == 4096.0);
  CHECK(shard.at("expert_weight_bytes") == 22025472.0);
  CHECK(shard.at("tiles_of_64_rows") == 64.0);  // 128 rows an expert
}

TEST_CASE("op collective gives the bound of the links, and an estimate above it") {
  // 16 MiB over 450 GB/s where the switch adds; else 2 · 16 MiB · 7/8
  const std::string ranks = "op collective --ranks 8 --bytes 16MiB --gpu h100-sxm";
  const nlohmann::json gpu = json_of(ranks).at("gpus").at(0);
  CHECK(gpu.at("bound_us") == Approx(16777216 / 450e3));
  CHECK(gpu.at("estimate_us") > gpu.at("bound_us"));
  CHECK(gpu.at("low_us") >= gpu.at("bound_us"));
  CHECK(json_of(ranks + " --eager").at("gpus").at(0).at("estimate_us") > gpu.at("estimate_us"));
  const double ring = 2.0 * 16777216 * 7 / 8;
  CHECK(json_of(ranks + " --no-switch-reduction").at("gpus").at(0).at("bound_us") == Approx(ring / 450e3));
  CHECK(json_of(ranks + " --dtype fp8").at("gpus").at(0).at("bound_us") == Approx(ring / 450e3));
  const nlohmann::json a100 = json_of("op collective --ranks 8 --bytes 16MiB --gpu a100-sxm-80gb").at("gpus").at(0);
  CHECK(a100.at("bound_us") == Approx(ring / 300e3));
  // two nodes: an all-to-all's bytes for the other node, 8/16 of them, over a card of 50 GB/s
  const nlohmann::json two = json_of("op collective --op all_to_all --ranks 16 --bytes 1MB --gpu h100-sxm");
  CHECK(two.at("gpus").at(0).at("bound_us") == Approx(0.5e6 / 50e3));
  CHECK(two.at("gpus").at(0).at("limiter") == "scale_out");
}

TEST_CASE("list models has every model, with its layers by kind and what a sequence holds") {
  const std::string list = run("list models --format csv").output;
  for (const opcost::ModelConfig& model : opcost::model_catalogue) {
    CHECK_THAT(list, Catch::Contains(std::string(model.name.view()) + ","));
  }
  CHECK_THAT(list, Catch::Contains("\"48: 12 attention, 36 delta rule\",10 of 512 + shared"));
  CHECK_THAT(list, Catch::Contains("llama-3.1-70b,70.55 B,70.55 B,80 attention,–"));
}

TEST_CASE("list prices has every price with its date and source") {
  const std::string list = run("list prices --format csv").output;
  for (const opcost::PriceListEntry& entry : opcost::price_list_catalogue)
    CHECK_THAT(list, Catch::Contains(std::string(entry.source)));
  CHECK_THAT(list, Catch::Contains("\nlamina,2024-05,h20,$4.63,"));
  CHECK_THAT(list, Catch::Contains("\nmegascale-infer,2025-04,h800-sxm,× 5.28,"));  // of an L20's
}

TEST_CASE("list operations has every kind, and a command that explains it") {
  const std::string list = run("list operations --format csv").output;
  const std::vector<std::string> commands = operation_commands();
  const auto listed = [&list](std::string_view kind) {
    return list.find(std::string(kind) + ",") != std::string::npos;
  };
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    CHECK((listed(std::variant_alternative_t<Index, opcost::AnyOperation::Variant>::kind) && ...));
  }
  (std::make_index_sequence<std::variant_size_v<opcost::AnyOperation::Variant>>{});
  CHECK(listed("collective"));
  for (const std::string& command : commands) CHECK(list.find(",opcost op " + command + ",") != std::string::npos);
  CHECK(std::count(list.begin(), list.end(), '\n') ==
        1 + 1 + static_cast<int>(std::variant_size_v<opcost::AnyOperation::Variant>));
}

TEST_CASE("files given by path replace the built-in ones") {
  const std::string built_in = run("ops --model gemma-3-27b --gpu h20 --format csv").output;
  const std::string data = OPCOST_SOURCE_DIR "/data/";
  CHECK(run("ops --model " + data + "models/gemma-3-27b.json --gpu " + data + "hardware/h20.json --format csv")
            .output == built_in);
}

TEST_CASE("CSV and Markdown have one row for each operation and a total") {
  const auto rows = [](const std::string& text, const std::string& start) {
    std::size_t count = 0;
    for (std::size_t at = text.find('\n' + start); at != std::string::npos; at = text.find('\n' + start, at + 1))
      ++count;
    return count;
  };
  CHECK(rows("\n" + run(gemma_decode + " --format csv").output, "") ==
        1 + 18 + 1 + 1);  // head, operations, total, end
  CHECK(rows(run(gemma_decode + " --format markdown").output, "|") == 2 + 18 + 1);
}

TEST_CASE("a chart is written whole or not at all") {
  const TemporaryDirectory directory;
  const std::string chart = (directory.path() / "chart.svg").string();
  CHECK(run("plot roofline --model qwen3-8b --gpu h20 --out " + chart).exit_code == 0);
  const std::string svg = contents(chart);
  CHECK(svg.rfind("<svg", 0) == 0);
  CHECK_THAT(svg, Catch::EndsWith("</svg>\n"));

  const Run nowhere =
      run("plot roofline --model qwen3-8b --gpu h20 --out " + (directory.path() / "no/chart.svg").string());
  CHECK(nowhere.exit_code == 2);
  CHECK_THAT(nowhere.errors, Catch::Contains("cannot be written"));
  const Run full = run("plot roofline --model qwen3-8b --gpu h20 --out /dev/full");
  CHECK(full.exit_code == 2);
  CHECK(run("ops --model qwen3-8b --gpu h20 >/dev/full").exit_code == 2);

  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.is_regular_file()) ++files;
  }
  CHECK(files == 1);  // no leftovers
}

TEST_CASE("colours are for terminals only") { CHECK(run(gemma_decode).output.find('\033') == std::string::npos); }
