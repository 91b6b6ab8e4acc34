// SPDX-License-Identifier: Apache-2.0
//
// `opcost calibrate` and `opcost evaluate`: known factors come back from synthetic measurements, nonsense is one clear
// line, and the shipped calibrations stay as accurate as recorded.

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "opcost/io/calibration_json.hpp"
#include "opcost/opcost.hpp"
#include "program.hpp"
#include "temporary_directory.hpp"

using namespace opcost;
using opcost::testing::contents;
using opcost::testing::Run;
using opcost::testing::run;
using opcost::testing::TemporaryDirectory;

namespace {

const std::string linear_header = "kernel,dtype,m,n,k,latency_us\n";

kernel::CublasMatmul known_factors() {
  kernel::CublasMatmul model;
  model.matrix_efficiency = 0.81;
  model.memory_efficiency = 0.78;
  model.launch = 3.1;
  return model;
}

/// linear.csv of exact times with those factors.
std::string synthetic_linear() {
  Calibration calibration;
  calibration[KernelFamily::linear_16bit].model = known_factors();
  std::string text = linear_header;
  for (const std::int32_t n : {512, 1024, 2560, 4096, 8192, 14336}) {
    for (const std::int32_t k : {1024, 4096, 8192, 12288}) {
      for (const std::int32_t m : {1, 16, 64, 100, 256, 700, 1024, 2048, 4096, 8192, 16384}) {
        const LatencyEstimate estimate =
            estimate_latency(LinearProjection<>{m, k, n}, accelerators::h100_sxm, calibration);
        text += fmt::format("synthetic,bfloat16,{},{},{},{:.6f}\n", m, n, k, estimate.expected.value * 1e6);
      }
    }
  }
  return text;
}

/// attention.csv of exact times, as a benchmark measures them: warm L2, CUDA graph, no KV-cache write.
std::string synthetic_attention(const Calibration& known) {
  std::string text =
      "kernel,phase,dtype,kv_dtype,batch,query_tokens,context_tokens,query_heads,kv_heads,head_dim,window,latency_"
      "us\n";
  for (const std::int32_t kv_heads : {1, 2, 4, 8}) {
    for (const std::int32_t group : {1, 4, 8}) {
      for (const std::int32_t dimension : {64, 128}) {
        const AttentionHeads heads{kv_heads * group, kv_heads, dimension, dimension};
        for (const std::int32_t context : {512, 2048, 8192, 32768}) {
          for (const std::int32_t batch : {1, 8, 64, 256}) {
            for (const std::int32_t query : {1, context}) {
              if (query > 1 && batch > 8) continue;
              const FullAttention operation{heads, batch, query, context, {}, {}};
              const double time = estimate_latency(operation, accelerators::h100_sxm, known,
                                                   {.cold_cache = false, .cache_write = false})
                                      .expected.value;
              text += fmt::format("fa3,{},bfloat16,bfloat16,{},{},{},{},{},{},0,{:.6f}\n",
                                  query == 1 ? "decode" : "prefill", batch, query, context, heads.query_heads,
                                  kv_heads, dimension, time * 1e6);
            }
          }
        }
      }
    }
  }
  return text;
}

/// The file's lines that start so, with its header, written to `out`.
void write_lines_starting(const std::filesystem::path& file, const std::string& start,
                          const std::filesystem::path& out) {
  std::ifstream in(file);
  std::ofstream kept(out);
  std::string line;
  std::getline(in, line);
  kept << line << '\n';
  while (std::getline(in, line)) {
    if (line.rfind(start, 0) == 0) kept << line << '\n';
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const std::string calibrate_synthetic = "calibrate --gpu h100-sxm --name synthetic --base h100-sxm/vllm-0.24 ";

}  // namespace

TEST_CASE("calibrate recovers known factors, the same on every run, and evaluate agrees") {
  const TemporaryDirectory directory;
  const std::string data = directory.write("data/linear.csv", synthetic_linear()).string();
  const std::string first = (directory.path() / "first.json").string();
  const std::string second = (directory.path() / "second.json").string();
  REQUIRE(run(calibrate_synthetic + data + " --out " + first).exit_code == 0);
  REQUIRE(run(calibrate_synthetic + data + " --out " + second).exit_code == 0);
  CHECK(contents(first) == contents(second));

  const Calibration fitted = read_calibration_file(first).calibration;
  CHECK(fitted.name == Name("h100-sxm/synthetic"));
  const KernelCalibration& linear = fitted[KernelFamily::linear_16bit];
  CHECK(linear.rows == 6 * 4 * 11);
  CHECK(linear.groups == 24);
  CHECK(linear.error.mean < 1.0);
  const auto& model = std::get<kernel::CublasMatmul>(linear.model);
  CHECK(model.matrix_efficiency == Approx(known_factors().matrix_efficiency).epsilon(0.03));
  CHECK(model.memory_efficiency == Approx(known_factors().memory_efficiency).epsilon(0.03));
  CHECK(model.launch == Approx(known_factors().launch).epsilon(0.05));
  CHECK(fitted[KernelFamily::decode_attention].transferred_from == Name("h100-sxm/vllm-0.24"));

  // without a base, the accelerator's own calibration fills what was not measured
  const std::string alone = (directory.path() / "alone.json").string();
  REQUIRE(run("calibrate " + data + " --gpu h100-sxm --name alone --out " + alone).exit_code == 0);
  const Calibration filled = read_calibration_file(alone).calibration;
  CHECK(filled[KernelFamily::linear_16bit].error.mean < 1.0);
  CHECK(filled[KernelFamily::prefill_attention].transferred_from == Name("h100-sxm/vllm-0.24"));

  const std::string predictions = (directory.path() / "predictions.csv").string();
  const Run evaluated =
      run("evaluate " + data + " --calibration " + first + " --format json --predictions " + predictions);
  REQUIRE(evaluated.exit_code == 0);
  const nlohmann::json json = nlohmann::json::parse(evaluated.output);
  CHECK(json.at("accuracy").at(0).at("count") == 264);
  CHECK(json.at("accuracy").at(0).at("mape_percent") < 1.0);
  const std::string rows = contents(predictions);
  CHECK(std::count(rows.begin(), rows.end(), '\n') == 265);
  CHECK(rows.rfind("kernel,dtype,m,n,k,latency_us,estimate_us,low_us,high_us,bound_us,in_fitted_range\n", 0) == 0);
}

TEST_CASE("calibrate recovers known attention factors") {
  Calibration known = calibrations::h100_sxm_vllm_0_24;
  auto& decode = std::get<kernel::FlashAttentionDecode>(known[KernelFamily::decode_attention].model);
  decode.launch = 11.0;
  decode.memory_efficiency = 0.8;
  auto& prefill = std::get<kernel::FlashAttentionPrefill>(known[KernelFamily::prefill_attention].model);
  prefill.launch = 12.0;
  prefill.matrix_efficiency = 0.75;
  const TemporaryDirectory directory;
  const std::string data = directory.write("data/attention.csv", synthetic_attention(known)).string();
  const std::string out = (directory.path() / "out.json").string();
  REQUIRE(run(calibrate_synthetic + data + " --out " + out).exit_code == 0);

  const Calibration fitted = read_calibration_file(out).calibration;
  CHECK(fitted[KernelFamily::decode_attention].error.mean < 1.0);
  CHECK(fitted[KernelFamily::prefill_attention].error.mean < 1.0);
  const auto& fitted_decode = std::get<kernel::FlashAttentionDecode>(fitted[KernelFamily::decode_attention].model);
  CHECK(fitted_decode.memory_efficiency == Approx(decode.memory_efficiency).epsilon(0.05));
  const auto& fitted_prefill =
      std::get<kernel::FlashAttentionPrefill>(fitted[KernelFamily::prefill_attention].model);
  CHECK(fitted_prefill.matrix_efficiency == Approx(prefill.matrix_efficiency).epsilon(0.05));
  CHECK(fitted[KernelFamily::linear_16bit].transferred_from == Name("h100-sxm/vllm-0.24"));
}

TEST_CASE("measurements and calibrations that make no sense are one clear line") {
  struct Case {
    std::string rows;
    std::string expected;
  };
  const std::string good = "a,bfloat16,16,4096,4096,12.5\n";
  const std::array<Case, 9> cases{{
      {"kernel,dtype,m,n,k\na,bfloat16,1,2,3\n", "latency_us"},
      {linear_header, "no measurements"},
      {linear_header + good + "a,bfloat16,16,4096,4096,0\n", "latency_us is '0', expected a positive number"},
      {linear_header + "a,bfloat16,16,4096,4096,-1\n", ":2: latency_us is '-1', expected a positive number"},
      {linear_header + "a,bfloat16,16,4096.5,4096,1\n", "4096.5"},
      {linear_header + "a,bfloat16,99999999999,4096,4096,1\n", "99999999999"},
      {linear_header + "a,float9,16,4096,4096,1\n", "dtype is 'float9', expected one of"},
      {linear_header + "a,bfloat16,16,4096,4096,0.0125\n", "expected microseconds"},
      {linear_header + "a,bfloat16,16\n", "Too few columns"},
  }};
  for (const Case& mistake : cases) {
    const TemporaryDirectory directory;
    const std::string data = directory.write("linear.csv", mistake.rows).string();
    const std::string out = (directory.path() / "out.json").string();
    INFO(mistake.rows);
    const Run result = run("calibrate " + data + " --gpu h100-sxm --name x --out " + out);
    CHECK(result.exit_code == 2);
    CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
    CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
    CHECK_FALSE(std::filesystem::exists(out));
  }

  const TemporaryDirectory directory;
  const std::string data = directory.write("linear.csv", synthetic_linear()).string();
  std::string one_shape = linear_header;
  for (int m = 1; m <= 40; ++m) one_shape += fmt::format("a,bfloat16,{},4096,4096,{}\n", 16 * m, 20 + m);
  const std::string one = directory.write("one/linear.csv", one_shape).string();
  const std::string out = " --out " + (directory.path() / "out.json").string();
  const auto complains = [](const std::string& arguments, const std::string& expected) {
    INFO(arguments);
    const Run result = run(arguments);
    CHECK(result.exit_code == 2);
    CHECK_THAT(result.errors, Catch::Contains(expected));
    CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
  };
  complains("calibrate " + one + " --gpu h100-sxm --name x" + out, "one shape only");
  complains("calibrate " + data + " --gpu h100-sxm --name x", "--out is missing");
  complains("calibrate /nonexistent --gpu h100-sxm --name x" + out, "/nonexistent: does not exist");
  complains("evaluate " + data, "--calibration is missing");
  complains("evaluate " + data + " --calibration h100-sxm/vllm-0.25", "did you mean h100-sxm/vllm-0.24");
  complains("ops --model qwen3-8b --gpu h20 --calibration h100-sxm/vllm-0.24",
            "is for h100-sxm, expected one for h20");
  const std::string few =
      directory.write("few/linear.csv", linear_header + "a,bfloat16,16,4096,4096,20\n").string();
  complains("calibrate " + few + " --gpu h100-sxm --name x" + out, "has 1 measurements, expected at least");
  complains("calibrate " + data + " --gpu h100-sxm --name x --base h100-sxm/vllm-0.24 --out " +
                (directory.path() / "no/out.json").string(),
            "cannot be written");
  CHECK_FALSE(std::filesystem::exists(directory.path() / "out.json"));
  CHECK_FALSE(std::filesystem::exists(directory.path() / "no"));

  // calibration files; each starts from one of ours
  const std::string file = contents(OPCOST_DATA_DIR "/calibrations/h100-sxm_vllm-0.24.json");
  const auto rejects = [&](const std::string& from, const std::string& to, const std::string& expected) {
    const std::string calibration = directory.write("bad.json", replaced(file, from, to)).string();
    complains("evaluate " + data + " --calibration " + calibration, expected);
    complains("ops --model qwen3-8b --gpu h100-sxm --calibration " + calibration, expected);
  };
  rejects("\"wave_tail\":", "\"wave_tale\": 0.3, \"wave_tail\":", "wave_tale");
  rejects("\"wave_tail\":", "\"wave_tale\":", "wave_tail is missing");
  rejects("\"cublas_matmul\"", "\"cublas_matmull\"", "cublas_matmull");
  rejects("\"matrix_efficiency\": 0.", "\"matrix_efficiency\": 1.2", "matrix_efficiency");
}

TEST_CASE("the shipped calibrations are as accurate as recorded, where the measurements are at hand") {
  const std::filesystem::path measurements = std::filesystem::path(OPCOST_SOURCE_DIR) / "../shared/measurements";
  if (!std::filesystem::exists(measurements)) {
    WARN("skipped: there are no measurements beside this checkout");
    return;
  }
  struct Recorded {
    std::string folder;  // empty: only the rows of the fitted kernel
    std::string calibration;
    std::string by;
    std::string value;
    double ceiling;  // MAPE in percent
  };
  const std::array<Recorded, 28> records{{
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "shape", "linear bfloat16, n and k >= 1024", 5.2},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "dtype", "linear fp8", 6.3},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "kernel", "vllm_flash_attn_fa3", 6.0},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "dtype", "experts bfloat16", 5.8},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "kernel", "vllm_fp8moe_triton_tritonexperts", 3.4},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "dtype", "experts fp8_block", 5.1},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "dtype", "experts fp8", 12.0},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "dtype", "experts int4_wo", 4.6},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "dtype", "experts w4a16_mxfp4", 6.5},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "phase", "encoder", 6.9},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "operation", "recurrence", 3.5},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "operation", "convolution", 4.2},
      {"h100_sxm/vllm-0.24.0", "h100-sxm/vllm-0.24", "operation", "collective", 3.1},
      {"h100_sxm/nccl-2.29.2", "h100-sxm/vllm-0.24", "operation", "collective", 4.6},
      {"", "h100-sxm/vllm-0.24", "phase", "decode", 4.6},
      {"", "h100-sxm/vllm-0.24", "phase", "prefill", 7.0},
      {"h100_sxm/sglang-0.5.14", "h100-sxm/sglang-0.5.14", "shape", "linear bfloat16, n and k >= 1024", 5.2},
      {"h100_sxm/sglang-0.5.14", "h100-sxm/sglang-0.5.14", "dtype", "linear fp8_block", 9.6},
      {"h100_sxm/sglang-0.5.14", "h100-sxm/sglang-0.5.14", "kernel", "fa3", 8.5},
      {"h100_sxm/sglang-0.5.14", "h100-sxm/sglang-0.5.14", "dtype", "experts fp8_block", 4.7},
      {"h100_sxm/sglang-0.5.14", "h100-sxm/sglang-0.5.14", "operation", "latent attention", 4.4},
      {"h20_sxm/deepgemm-flashinfer", "h20/deepgemm-flashinfer", "operation", "linear", 4.3},
      {"h20_sxm/deepgemm-flashinfer", "h20/deepgemm-flashinfer", "kernel", "deep_gemm_grouped", 9.6},
      {"h20_sxm/deepgemm-flashinfer", "h20/deepgemm-flashinfer", "phase", "decode", 12.0},
      {"h20_sxm/deepgemm-flashinfer", "h20/deepgemm-flashinfer", "phase", "prefill", 6.0},
      {"h800_sxm/deepgemm-flashinfer", "h800-sxm/deepgemm-flashinfer", "phase", "decode", 7.0},
      {"h800_sxm/deepgemm-flashinfer", "h800-sxm/deepgemm-flashinfer", "kernel", "deep_gemm_grouped", 7.3},
      {"h800_sxm/deepgemm-flashinfer", "h800-sxm/deepgemm-flashinfer", "operation", "latent attention", 6.6},
  }};
  // the other kernels in this file are not those that the calibration was fitted on
  const TemporaryDirectory directory;
  const std::filesystem::path fitted_rows = directory.path() / "attention.csv";
  write_lines_starting(measurements / "h100_sxm/vllm-0.24.0/attention.csv", "vllm_flash_attn_fa3,", fitted_rows);
  std::string evaluated;
  nlohmann::json json;
  for (const Recorded& record : records) {
    INFO(record.calibration << ": " << record.value);
    if (evaluated != record.folder + record.calibration) {
      const std::filesystem::path path = record.folder.empty() ? fitted_rows : measurements / record.folder;
      const Run result =
          run("evaluate " + path.string() + " --calibration " + record.calibration + " --format json");
      REQUIRE(result.exit_code == 0);
      json = nlohmann::json::parse(result.output);
      evaluated = record.folder + record.calibration;
    }
    bool found = false;
    for (const nlohmann::json& row : json.at("accuracy")) {
      if (row.at("by") != record.by || row.at("value") != record.value) continue;
      found = true;
      CHECK(row.at("mape_percent") <= record.ceiling);
    }
    CHECK(found);
  }
}
