// SPDX-License-Identifier: Apache-2.0
//
// `opcost place`: its plans are the library's, a written plan does what was promised, bandwidths and prices that it names
// do flip the decision, and each mistake is one line that names the option or the place in the file.

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "opcost/io/json.hpp"
#include "opcost/io/plan_json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "opcost/opcost.hpp"
#include "opcost/placement/plan_search.hpp"
#include "program.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace opcost;
using opcost::testing::contents;
using opcost::testing::Run;
using opcost::testing::run;
using opcost::testing::TemporaryDirectory;

const std::string gemma = "--model gemma-3-27b --pool h100-sxm:4 --pool h20:4 ";
const std::string joined = "--link 400Gbps,33us ";
const std::string requests = "--prefix 4096 --input 512 --output 256 --ttft 2000 --tpot 50 ";
const std::string served = gemma + joined + requests;

nlohmann::json json_of(const std::string& arguments) {
  const Run result = run("place " + arguments + " --format json");
  INFO(arguments << ": " << result.errors);
  REQUIRE(result.exit_code == 0);
  return nlohmann::json::parse(result.output);
}

nlohmann::json level_of(const nlohmann::json& plan, const std::string& level) {
  for (const nlohmann::json& entry : plan.at("levels")) {
    if (entry.at("level") == level) return entry;
  }
  FAIL("no level " << level);
  return {};
}

/// What `served` asks, of the library.
struct Library {
  Calibration h100 = default_calibration(accelerators::h100_sxm);
  Calibration h20 = default_calibration(accelerators::h20);
  std::vector<Pool> pools{{Platform(accelerators::h100_sxm, h100), 4}, {Platform(accelerators::h20, h20), 4}};
  Cluster cluster{pools};
  Workload workload{4096, 512, 256};
  Targets targets{Seconds{2.0}, Seconds{0.05}};
  PlacedModel placed{models::gemma_3_27b, {}};

  Library() { cluster.connect_all({.bandwidth = {50e9}, .latency = {33e-6}}); }
};

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  REQUIRE(stream.good());
}

/// The one line of a mistake.
std::string mistake(const std::string& arguments) {
  const Run result = run("place " + arguments);
  INFO("opcost place " << arguments);
  CHECK(result.exit_code == 2);
  CHECK(result.output.empty());
  CHECK(result.errors.rfind("opcost: ", 0) == 0);
  CHECK(result.errors.find('\n') == result.errors.size() - 1);
  return result.errors;
}

}  // namespace

TEST_CASE("the levels are the library's best plans, each no worse than the one before") {
  const Library library;
  const BestPlans best = best_plans(library.placed, library.workload, library.targets, library.cluster);
  const nlohmann::json plan = json_of(served);
  CHECK(plan.at("schema") == "opcost-plan-1");
  CHECK(plan.at("targets").at("time_to_first_token_us") == Approx(2e6));
  REQUIRE(plan.at("levels").size() == plan_level_count);
  double before = 0.0;
  for (std::size_t i = 0; i < plan_level_count; ++i) {
    const Fleet& fleet = best.fleets[i];
    const nlohmann::json& level = plan.at("levels").at(i);
    INFO(level.dump());
    CHECK(level.at("level") == name(static_cast<PlanLevel>(i)));
    CHECK(level.at("keeps_targets") == true);
    CHECK(level.at("tokens_per_second").get<double>() == Approx(fleet.tokens_per_second).epsilon(1e-12));
    CHECK(level.at("gain").get<double>() == Approx(fleet.value / best.fleets[0].value).epsilon(1e-12));
    CHECK(level.at("time_per_output_token_us").get<double>() ==
          Approx(fleet.time_per_output_token.value * 1e6).epsilon(1e-12));
    CHECK(level.at("dollars_per_hour").is_null());
    CHECK(level.at("accelerators").at("h20") == fleet.accelerators[1]);
    CHECK(level.at("tokens_per_second").get<double>() >= before);
    before = level.at("tokens_per_second");
  }
  CHECK(level_of(plan, plan.at("level")).at("tokens_per_second").get<double>() >= before * (1.0 - 1e-9));
}

TEST_CASE("a written plan is read back, does the same again, and is what the library placed") {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "plan.json").string();
  const Run first = run("place " + served + "--format json --out " + file);
  REQUIRE(first.exit_code == 0);
  CHECK(contents(file) == first.output);
  CHECK(run("place " + served + "--format json").output == first.output);  // nothing in it depends on the run
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);

  const nlohmann::json plan = nlohmann::json::parse(first.output);
  const nlohmann::json again = json_of(served + "--plan " + file);
  CHECK(again.at("level") == "given");
  CHECK(again.at("parts") == plan.at("parts"));
  const nlohmann::json expected = level_of(plan, plan.at("level"));
  for (const char* figure : {"tokens_per_second", "time_to_first_token_us", "time_per_output_token_us"}) {
    CHECK(again.at("levels").at(0).at(figure) == expected.at(figure));
  }

  const Library library;
  const BestPlans best = best_plans(library.placed, library.workload, library.targets, library.cluster);
  const std::vector<PlannedPart> parts =
      read_plan_file(file, models::gemma_3_27b, library.workload, library.cluster, MemoryPolicy{}.step_tokens);
  const Fleet& fleet = best[*plan_level_named(plan.at("level").get<std::string>())];
  REQUIRE(parts.size() == fleet.parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Instance& instance = fleet.parts[i].instance;
    CHECK(parts[i] == PlannedPart{instance.phase, fleet.parts[i].copies, instance.plan, instance.step});
  }
}

TEST_CASE("a plan of several layer ranges and groups comes back from JSON") {
  const Library library;
  StagePlan plan =
      layer_pipeline_plan(models::gemma_3_27b, {0, {.tensor = 2}}, {1, {.tensor = 2, .data = 2}}, 20, 3);
  plan.ranges[1].put({Block::attention_input}, 0);
  const BlockLayers layers = block_layers(models::gemma_3_27b);
  for (std::size_t i = 0; i < placed_block_count; ++i) {  // blocks that the model lacks are in no file
    if (layers.values[i] == 0) plan.ranges[1].groups[i] = 0;
  }
  const PlannedPart part{Phase::mixed, 1, plan, mixed_step(library.workload, 96)};
  nlohmann::ordered_json json{{"schema", plan_schema},
                              {"parts", {plan_json(models::gemma_3_27b, library.cluster, part)}}};
  const JsonDocument document(json.dump(), "plan.json");
  const auto read = read_plan(document.root(), models::gemma_3_27b, library.workload, library.cluster, 8192);
  REQUIRE(read.size() == 1);
  CHECK(read[0] == part);
}

TEST_CASE("the best level flips at the bandwidth that is named") {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "plan.json").string();
  const nlohmann::json plan = json_of(served + "--out " + file);
  REQUIRE(plan.at("explanation").at("bandwidths").size() >= 1);
  for (const nlohmann::json& flip : plan.at("explanation").at("bandwidths")) {
    const double from = flip.at("from_bytes_per_second").get<double>() * 1e-6;
    const double other = level_of(plan, flip.at("beats")).at("tokens_per_second");
    const auto worth = [&](double bandwidth) {
      const nlohmann::json there = json_of(gemma + "--link " + std::to_string(bandwidth) + "MBps,33us " + requests +
                                           "--plan " + file)["levels"][0];
      return there.at("keeps_targets") == true ? there.at("tokens_per_second").get<double>() : 0.0;
    };
    INFO(flip.dump());
    CHECK(from < 50e3);
    CHECK(worth(from * 1.001) >= other * (1.0 - 1e-6));
    CHECK(worth(from * 0.99) < other);
  }
}

TEST_CASE("fleets cost the same a token at the price that is named") {
  const nlohmann::json plan =
      json_of(served + "--price h100-sxm=2.5 --price h20=1.2 --objective throughput_per_dollar");
  const nlohmann::json best = level_of(plan, plan.at("level"));
  REQUIRE(plan.at("explanation").at("prices").size() >= 2);
  for (const nlohmann::json& flip : plan.at("explanation").at("prices")) {
    INFO(flip.dump());
    const std::string gpu = flip.at("gpu");
    const double paid = gpu == "h20" ? 1.2 : 2.5;
    const auto dollars_per_token = [&](const nlohmann::json& level, double price) {
      const double dollars = level.at("dollars_per_hour").get<double>() +
                             level.at("accelerators").at(gpu).get<double>() * (price - paid);
      return dollars / level.at("tokens_per_second").get<double>();
    };
    const nlohmann::json other = level_of(plan, flip.at("beats"));
    const double price = flip.at("dollars_per_hour");
    CHECK(dollars_per_token(best, price) == Approx(dollars_per_token(other, price)).epsilon(1e-9));
    const double side = flip.at("while") == "below" ? 0.9 : 1.1;
    CHECK(dollars_per_token(best, price * side) < dollars_per_token(other, price * side));
    CHECK(flip.at("now") == (dollars_per_token(best, paid) < dollars_per_token(other, paid)));
  }
  // a million tokens at so many dollars an hour
  CHECK(best.at("dollars_per_million_tokens").get<double>() ==
        Approx(best.at("dollars_per_hour").get<double>() / 3600.0 / best.at("tokens_per_second").get<double>() *
               1e6));
}

TEST_CASE("price lists, decodes alone and chosen levels") {
  const std::string arguments = gemma + joined + "--context 8192 --tpot 50 --prices lamina --price h20=2 ";
  const nlohmann::json plan = json_of(arguments + "--levels free,colocated");
  CHECK(plan.at("pools").at(0).at("dollars_per_hour") == 11.06);  // data/prices/lamina.json
  CHECK(plan.at("pools").at(1).at("dollars_per_hour") == 2.0);
  CHECK(plan.at("workload") == nlohmann::json{{"prefix_tokens", 8191}, {"input_tokens", 0}, {"output_tokens", 1}});
  REQUIRE(plan.at("levels").size() == 2);
  CHECK(plan.at("levels").at(0).at("level") == "colocated");
  CHECK(plan.at("levels").at(1).at("level") == "free");
  const Run csv = run("place " + arguments + "--format csv");
  CHECK_THAT(csv.output, Catch::StartsWith("level,keeps_targets,requests_per_second,tokens_per_second,gain,"));
  const Run text = run("place " + arguments);
  CHECK_THAT(text.output,
             Catch::Contains("4 x h100-sxm ($11.06/h), 4 x h20 ($2.00/h); links: 50.0 GB/s after 33.0 µs\n"
                             "decodes at 8192 tokens of context; at most 50.0 ms per output token; most "
                             "tokens a second\n"));
  CHECK(text.errors.empty());
}

TEST_CASE("links are read with their units, directions and keys") {
  const nlohmann::json plan =
      json_of(gemma +
              "--context 8192 --link nccl-400g-heterogeneous,cards=2,oversubscription=1.5,exposed "
              "--link h100-sxm:h20=50GBps,0.01ms,metadata=5us,staging=20GBps,reordering=1TBps");
  REQUIRE(plan.at("links").size() == 2);
  const nlohmann::json given{{"from", "h100-sxm"},
                             {"to", "h20"},
                             {"bytes_per_second", 50e9},
                             {"latency_us", 10.0},
                             {"accelerators_per_card", 1},
                             {"oversubscription", 1.0},
                             {"overlaps", true},
                             {"metadata_us", 5.0},
                             {"staging_bytes_per_second", 20e9},
                             {"reordering_bytes_per_second", 1e12}};
  const nlohmann::json named{{"from", "h20"},
                             {"to", "h100-sxm"},
                             {"bytes_per_second", 35.5e9},  // data/interconnects/nccl-400g-heterogeneous.json
                             {"latency_us", 66.6},
                             {"accelerators_per_card", 2},
                             {"oversubscription", 1.5},
                             {"overlaps", false},
                             {"metadata_us", 0.0},
                             {"staging_bytes_per_second", nullptr},
                             {"reordering_bytes_per_second", nullptr}};
  const auto same = [](const nlohmann::json& a, const nlohmann::json& b) {
    for (const auto& [key, value] : b.items()) {
      INFO(key);
      if (value.is_number()) {
        CHECK(a.at(key).get<double>() == Approx(value.get<double>()).epsilon(1e-12));
      } else {
        CHECK(a.at(key) == value);
      }
    }
  };
  same(plan.at("links").at(0), given);
  same(plan.at("links").at(1), named);
}

TEST_CASE("limits that no plan keeps are named with the nearest that one does") {
  const std::string decodes = gemma + joined + "--context 8192 --tpot ";
  const std::string line = mistake(decodes + "5");
  CHECK_THAT(line, Catch::StartsWith("opcost: no plan keeps --tpot 5; the nearest takes "));
  const double nearest = std::stod(line.substr(line.find("takes ") + 6));  // ms, rounded to 1 in 200
  CHECK(run("place " + decodes + std::to_string(nearest * 1.006)).exit_code == 0);
  CHECK(run("place " + decodes + std::to_string(nearest * 0.98)).exit_code == 2);
  CHECK_THAT(mistake(gemma + joined + "--input 512 --output 256 --ttft 1 --tpot 50"),
             Catch::StartsWith("opcost: no plan keeps --ttft 1 and --tpot 50; the nearest takes ") &&
                 Catch::Contains(" ms to the first token ("));
  CHECK_THAT(
      mistake("--model llama-3.1-405b --pool h20:2 --context 8192"),
      Catch::Contains("llama-3.1-405b does not fit: no group of these pools has room for its weights (812 GB)"));
}

TEST_CASE("a given plan says what it misses") {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "plan.json").string();
  const std::string decodes = gemma + joined + "--context 8192 ";
  (void)json_of(decodes + "--tpot 50 --out " + file);
  nlohmann::json plan = nlohmann::json::parse(contents(file));
  plan["parts"][0]["sequences"] = 2000;  // gigabytes of KV cache, and a long step
  write(file, plan.dump());
  const Run result = run("place " + decodes + "--tpot 50 --plan " + file);
  CHECK(result.exit_code == 0);
  CHECK_THAT(result.output, Catch::Contains("The plan misses --tpot: "));
  CHECK_THAT(result.output, Catch::Contains("Group 1 of part 1 does not fit: "));
  CHECK(json_of(decodes + "--tpot 50 --plan " + file)["parts"][0]["estimate"]["groups"][0]["fits"] == false);
}

TEST_CASE("every mistake in a plan is one line with file and place") {
  struct Case {
    std::string pointer;  ///< In the first part; "" for the document.
    nlohmann::json value;
    std::string expected;
  };
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "plan.json").string();
  const std::string decodes = gemma + joined + "--context 8192 --tpot 50 ";
  const nlohmann::json plan = json_of(decodes);
  const std::string blocks = "/parts/0/layer_ranges/0/blocks";
  const std::array<Case, 18> cases{{
      {"/schema", "opcost-plan-2", "/schema is \"opcost-plan-2\", expected \"opcost-plan-1\""},
      {"/model", "gemma-3-12b", "/model is \"gemma-3-12b\", expected \"gemma-3-27b\""},
      {"/part", 1, "/part is an unknown key, expected one of: "},
      {"/parts", nlohmann::json::array(), "/parts is an array, expected at least one part"},
      {"/parts/0/phase", "mixed", "/parts/0/phase is \"mixed\", expected one of this workload's phases: decode"},
      {"/parts/0/copies", 0, "/parts/0/copies is 0, expected a whole number from 1"},
      {"/parts/0/copies", 1000, "/parts/0 takes more accelerators of "},
      {"/parts/0/micro_batches", 65, "/parts/0: micro_batches is 65, expected a number from 1 to 64"},
      {"/parts/0/sequences", 2.5, "/parts/0/sequences is 2.5, expected a whole number"},
      {"/parts/0/sequences", 20000000, "/parts/0/sequences is 20000000, expected so many that"},
      {"/parts/0/groups", nlohmann::json::array(), "/parts/0/groups is an array, expected 1 to 8 groups"},
      {"/parts/0/groups/0/pool", "b200",
       "/parts/0/groups/0/pool is \"b200\", expected one of the pools: h100-sxm, h20"},
      {"/parts/0/groups/0/accelerators", 3, "/parts/0/groups/0/accelerators is 3, expected tensor x data, "},
      {"/parts/0/groups/0/tensor", 2147483647, "/parts/0/groups/0/accelerators is "},
      {"/parts/0/layer_ranges/0/layers", 61,
       "/parts/0/layer_ranges have 61 layers, expected the 62 of gemma-3-27b"},
      {blocks + "/attention", 7, blocks + "/attention is 7, expected the index of a group, 0"},
      {blocks + "/experts", 0,
       blocks + "/experts is an unknown key, expected one of: attention, attention_input, "},
      {blocks + "/head", nullptr, blocks + "/head is null, expected a whole number"},
  }};
  for (const Case& one : cases) {
    nlohmann::json changed = plan;
    changed[nlohmann::json::json_pointer(one.pointer)] = one.value;
    write(file, changed.dump());
    CHECK_THAT(mistake(decodes + "--plan " + file), Catch::Contains(file + ": " + one.expected));
  }
  nlohmann::json missing = plan;
  missing["parts"][0]["layer_ranges"][0]["blocks"].erase("head");
  write(file, missing.dump());
  CHECK_THAT(mistake(decodes + "--plan " + file), Catch::Contains(file + ": " + blocks + "/head is missing"));
  nlohmann::json half = json_of(served);
  half["parts"] = nlohmann::json::array({half["parts"][0]});
  half["parts"][0]["phase"] = "prefill";
  half["parts"][0]["sequences"] = 1;
  write(file, half.dump());
  CHECK_THAT(mistake(served + "--plan " + file),
             Catch::Contains("/parts have phase prefill only, expected decode, too"));
}

TEST_CASE("every mistake in the options of place is one clear line") {
  struct Case {
    std::string arguments;
    std::string expected;  // a part of the line
  };
  const std::string decodes = gemma + "--context 8192 ";
  const std::array<Case, 43> cases{{
      {"--pool h20:8 --context 8192", "--model is missing"},
      {"--model gemma-3-27b --context 8192", "--pool is missing, expected a GPU and a number such as h100-sxm:8"},
      {"--model gemma-3-27b --pool h20 --context 8192", "--pool is 'h20', expected GPU:N such as h100-sxm:8"},
      {"--model gemma-3-27b --pool h20:0 --context 8192", "--pool is 'h20:0'"},
      {"--model gemma-3-27b --pool h20:65537 --context 8192", "--pool is 'h20:65537', expected GPU:N"},
      {gemma + joined + "--context 16777217", "--context is 16777217, expected at most 16777216"},
      {"--model gemma-3-27b --pool h20:8x --context 8192", "--pool is 'h20:8x'"},
      {"--model gemma-3-27b --pool h20:4 --pool h20:4 --context 8192", "--pool names h20 twice"},
      {"--model gemma-3-27b --pool h21:4 --context 8192", "unknown GPU 'h21' (did you mean "},
      {gemma + joined, "the workload is missing, expected --context for decodes alone, or --input and --output"},
      {decodes + joined + "--input 5", "--context is 8192, expected only without --prefix, --input and --output"},
      {decodes + joined + "--ttft 5", "--ttft is 5, expected only with --input"},
      {gemma + joined + "--input 512 --tpot 5", "--tpot is 5, expected only with --context or --output"},
      {gemma + joined + "--context 1", "--context is '1', expected a whole number from 2"},
      {gemma + joined + "--prefix 2147483647 --input 1 --output 1",
       "--prefix + --input + --output is 2147483649, expected"},
      {decodes + joined + "--tpot 30s", "--tpot is '30s', expected a time in milliseconds"},
      {decodes, "there is no link from h100-sxm to h20, expected --link BANDWIDTH,LATENCY or --link h100-sxm:h20="},
      {decodes + "--link h100-sxm:h20=400Gbps,33us", "there is no link from h20 to h100-sxm"},
      {"--model gemma-3-27b --pool h20:16 --context 8192", "h20 has no link between its nodes, expected --link"},
      {decodes + "--link 0Gbps,33us",
       "--link is '0Gbps,33us', expected a bandwidth above 0 in Gbps (bits) or GBps"},
      {decodes + "--link=-1Gbps,33us", "--link is '-1Gbps,33us', expected a bandwidth above 0"},
      {decodes + "--link 400Gb,33us", "--link is '400Gb,33us', expected a bandwidth above 0"},
      {decodes + "--link 400,33us", "--link is '400,33us', expected a bandwidth above 0"},
      {decodes + "--link 400Gbps", "--link is '400Gbps', expected a latency after the bandwidth"},
      {decodes + "--link 400Gbps,33", "--link is '400Gbps,33', expected a latency of 0 or more in us or ms"},
      {decodes + "--link nccl", "unknown interconnect 'nccl' (did you mean nccl-400g-heterogeneous?)"},
      {decodes + joined + joined, "--link is '400Gbps,33us', expected one for all pools"},
      {decodes + "--link 400Gbps,33us,card=2", "expected after bandwidth and latency any of: cards=, "},
      {decodes + "--link 400Gbps,33us,cards=0", "expected the accelerators that share a card: cards=2"},
      {decodes + "--link 400Gbps,33us,cards=2,cards=2", "expected cards once"},
      {decodes + "--link 400Gbps,33us,oversubscription=0.5", "expected a number of at least 1: oversubscription=2"},
      {decodes + "--link 400Gbps,33us,staging=20", "expected a bandwidth above 0"},
      {decodes + joined + "--link h100-sxm:b200=400Gbps,33us",
       "unknown pool of --link 'b200'; known: h100-sxm, h20"},
      {decodes + joined + "--link h20=400Gbps,33us", "expected FROM:TO=BANDWIDTH,LATENCY"},
      {decodes + joined + "--price b200=3", "unknown pool of --price 'b200'; known: h100-sxm, h20"},
      {decodes + joined + "--price h20",
       "--price is 'h20', expected GPU=DOLLARS an hour such as h20=4.63, above 0"},
      {decodes + joined + "--price h20=1 --price h20=2", "--price names h20 twice"},
      {decodes + joined + "--prices megascale-infer",
       "--prices megascale-infer has relative prices, expected dollars"},
      {decodes + joined + "--prices step-3",
       "--prices step-3 has no price of h100-sxm, expected --price h100-sxm=DOLLARS"},
      {decodes + joined + "--objective throughput_per_dollar",
       "--objective throughput_per_dollar needs a price of h100-sxm, expected --price h100-sxm=DOLLARS or --prices "
       "LIST"},
      {decodes + joined + "--levels free,all", "--levels is 'free,all', expected any of: colocated, pd, afd, free"},
      {decodes + joined + "--most-groups 4", "--most-groups is 4, expected at most 3"},
      {decodes + joined + "--plan /nonexistent.json", "/nonexistent.json: cannot be opened"},
  }};
  for (const Case& one : cases) CHECK_THAT(mistake(one.arguments), Catch::Contains(one.expected));
  const Run unwritable = run("place " + decodes + joined + "--out /nonexistent/plan.json");
  CHECK(unwritable.exit_code == 2);
  CHECK_THAT(unwritable.errors, Catch::Contains("/nonexistent/plan.json: cannot be written"));
}
