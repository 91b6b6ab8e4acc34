// SPDX-License-Identifier: Apache-2.0
//
// The opcost program as its users meet it: exit codes, one clear line for every mistake, nothing half-written,
// and output that agrees with the library.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

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

}  // namespace

TEST_CASE("every mistake is one clear line and exit code 2") {
  struct Case {
    std::string arguments;
    std::string expected;  // a part of the line
  };
  const std::array<Case, 31> cases{{
      {"", "a command is missing, expected one of: ops, op, list, plot, evaluate, calibrate"},
      {"frobnicate", "frobnicate"},
      {"ops --gpu h20", "--model is missing"},
      {"ops --model gemma-3-27b", "--gpu is missing"},
      {"ops --modle gemma-3-27b", "--modle"},
      {"ops --model gema --gpu h20", "unknown model 'gema' (did you mean gemma-3-27b?); known: gemma-3-27b, llama"},
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
  for (const std::string command : {"", "ops ", "op ", "op linear ", "op attention ", "list ", "plot ",
                                    "plot roofline ", "plot accuracy ", "evaluate ", "calibrate "}) {
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
