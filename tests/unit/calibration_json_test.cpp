// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing calibrations: every file of ours, every form, and every way to get one wrong.
#include <catch2/catch.hpp>

#include <string>
#include <variant>

#include "files.hpp"
#include "json_text.hpp"
#include "opcost/hardware/catalogue.hpp"
#include "opcost/io/calibration_json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "temporary_directory.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

const std::filesystem::path data = OPCOST_DATA_DIR "/calibrations";

bool same(const KernelModel& a, const KernelModel& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b]<class Model>(const Model& model) {
        for (const auto& factor : Model::factors()) {
          if (model.*factor.value != std::get<Model>(b).*factor.value) return false;
        }
        return true;
      },
      a);
}

bool same(const KernelCalibration& a, const KernelCalibration& b) {
  return same(a.model, b.model) && a.kernel == b.kernel && a.transferred_from == b.transferred_from &&
         a.rows == b.rows && a.groups == b.groups && a.error == b.error && a.interval == b.interval &&
         a.windowed_interval == b.windowed_interval && a.range == b.range;
}

bool same(const Calibration& a, const Calibration& b) {
  bool equal = a.name == b.name && a.accelerator == b.accelerator && a.times_cache_write == b.times_cache_write &&
               a.sustained_share == b.sustained_share && a.eager_launch == b.eager_launch &&
               a.interval_factor == b.interval_factor;
  for (std::size_t i = 0; i < kernel_family_count; ++i) equal = equal && same(a.kernels[i], b.kernels[i]);
  return equal;
}

/// One kernel of each form but one, with numbers that have no short binary fraction.
Calibration example() {
  Calibration calibration;
  calibration.name = "h100-sxm/example-1.0";
  calibration.accelerator = "h100-sxm";
  calibration.times_cache_write = true;
  calibration.sustained_share = 0.88;
  calibration.eager_launch = 8.1;
  for (KernelCalibration& kernel : calibration.kernels) kernel.kernel = "any";

  KernelCalibration& linear = calibration[KernelFamily::linear_16bit];
  linear = {.model = kernel::CublasMatmul{.matrix_efficiency = 0.8123456789012345},
            .kernel = "torch.nn.functional.linear",
            .rows = 27898,
            .groups = 377,
            .error = {3.3, 2.2, 7.7},
            .interval = {0.93, 1.07},
            .windowed_interval = {0.93, 1.07},
            .range = {{{1, 32768}, {128, 57344}, {128.5, 28672}}}};
  calibration[KernelFamily::linear_fp8].model = kernel::CutlassMatmul{};
  calibration[KernelFamily::linear_fp8].transferred_from = "h100-sxm/another-0.5";
  calibration[KernelFamily::linear_fp8_block].model = kernel::DeepGemmQuantisingMatmul{};
  calibration[KernelFamily::prefill_attention].model = kernel::FlashAttentionPrefill{};
  KernelCalibration& decode = calibration[KernelFamily::decode_attention];
  decode.model = kernel::FlashAttentionDecode{.windowed_launch = -1.5};
  decode.interval = {0.8, 1.25};
  decode.windowed_interval = {0.6, 1.75};
  decode.range = {{{1, 512}, {1, 1}, {16, 131072}, {4, 64}, {1, 16}, {64, 256}, {0, 4096}}};
  calibration[KernelFamily::decode_attention_fp8_cache].model = kernel::FlashInferDecode{};
  calibration[KernelFamily::elementwise].model = kernel::ConstantKernel{0.31, 0.83, 2.9};
  return calibration;
}

const Source source{{"a \"study\""}, {}, {"line\none", "two"}};

std::string text() { return calibration_text(example(), source); }

CalibrationFile parsed(const std::string& json) { return read_calibration(JsonDocument(json, "c.json").root()); }

std::string read(const std::string& json) {
  return complaint([&] { parsed(json); });
}

std::string read_changed(std::string_view from, std::string_view to) { return read(changed(text(), from, to)); }

/// The example with the value at a JSON pointer replaced.
std::string read_with(const std::string& pointer, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(text());
  json[nlohmann::json::json_pointer(pointer)] = value;
  return read(json.dump());
}

/// The example without the value at a JSON pointer.
std::string read_without(const std::string& pointer) {
  auto json = nlohmann::json::parse(text());
  const nlohmann::json::json_pointer place(pointer);
  json[place.parent_pointer()].erase(place.back());
  return read(json.dump());
}

}  // namespace

TEST_CASE("every calibration file is its catalogue entry") {
  std::size_t files = 0;
  for (const auto& path : files_in(data, ".json")) {
    if (path.filename() == "defaults.json") continue;
    INFO(path);
    const CalibrationFile file = read_calibration_file(path);
    const Calibration* const known = calibration_named(file.calibration.name.view());
    REQUIRE(known != nullptr);
    CHECK(same(file.calibration, *known));
    CHECK((known->accelerator.empty() || accelerator_named(known->accelerator.view()) != nullptr));
    CHECK(same(parsed(calibration_text(*known, file.source)).calibration, *known));
    ++files;
  }
  CHECK(files == calibration_catalogue.size());
  CHECK(calibration_named("") == nullptr);
}

TEST_CASE("the defaults are the catalogue's") {
  const CalibrationDefaultsFile file = read_calibration_defaults_file(data / "defaults.json");
  REQUIRE(file.choices.size() == default_calibrations.size());
  for (std::size_t i = 0; i < file.choices.size(); ++i) {
    const CalibrationChoice& choice = file.choices[i];
    INFO(choice.accelerator.view());
    CHECK(choice.accelerator.view() == default_calibrations[i].accelerator);
    CHECK(choice.calibration == default_calibrations[i].calibration->name);
    CHECK(choice.interval_factor == default_calibrations[i].interval_factor);
    const Accelerator* const accelerator = accelerator_named(choice.accelerator.view());
    REQUIRE(accelerator != nullptr);
    const Calibration calibration = default_calibration(*accelerator);
    CHECK(calibration.name == choice.calibration);
    CHECK(calibration.interval_factor == choice.interval_factor);
    CHECK((calibration.accelerator.empty() || calibration.accelerator == accelerator->name));
  }
  Accelerator unknown = accelerators::h100_sxm;
  unknown.name = "mine";
  CHECK(default_calibration(unknown).name == calibrations::constant.name);
}

TEST_CASE("a calibration reads back as written") {
  const CalibrationFile file = parsed(text());
  CHECK(same(file.calibration, example()));
  CHECK(calibration_text(file.calibration, file.source) == text());
  CHECK(file.source.citations == source.citations);
  CHECK(file.source.notes == source.notes);
  const Calibration calibration = file.calibration;
  CHECK(calibration[KernelFamily::decode_attention].windowed_interval == ErrorInterval{0.6, 1.75});
  CHECK(calibration[KernelFamily::prefill_attention].windowed_interval == ErrorInterval{});
  CHECK(calibration[KernelFamily::linear_16bit].range[2] == DimensionRange{128.5, 28672.0});
}

TEST_CASE("a written calibration is for reading") {
  CHECK(text().rfind("{\n  \"name\": \"h100-sxm/example-1.0\",\n  \"accelerator\": \"h100-sxm\",\n  "
                     "\"times_cache_write\": true,\n  \"sustained_share\": 0.88,\n  \"eager_launch_us\": 8.1,\n  "
                     "\"kernels\": {\n    \"linear_16bit\": {\n      \"kernel\": \"torch.nn.functional.linear\",\n",
                     0) == 0);
  CHECK(text().find("\"interval\": { \"low\": 0.93, \"high\": 1.07 },\n") != std::string::npos);
  CHECK(text().find("\"tokens\": [1, 32768],\n") != std::string::npos);
  CHECK(text().find("\"matrix_efficiency\": 0.8123456789012345,\n") != std::string::npos);
  CHECK(text().find("\"windowed_launch\": -1.5,\n") != std::string::npos);
  CHECK(text().substr(text().size() - 6) == "  }\n}\n");
}

TEST_CASE("every form reads back") {
  detail::for_each_kernel_model([]<class Model>(const Model& model) {
    INFO(Model::form);
    Calibration calibration = example();
    KernelFamily family{};
    while (!detail::fits<Model>(family)) family = static_cast<KernelFamily>(static_cast<int>(family) + 1);
    for (const bool highest : {false, true}) {  // the bounds are allowed
      Model extreme = model;
      for (const auto& factor : Model::factors()) extreme.*factor.value = highest ? factor.highest : factor.lowest;
      calibration[family].model = extreme;
      CHECK(same(parsed(calibration_text(calibration, source)).calibration, calibration));
    }
  });
}

TEST_CASE("others are the families that a calibration does not list") {
  nlohmann::json json = nlohmann::json::parse(text());
  const nlohmann::json decode = json["kernels"]["elementwise"];
  const Calibration all = parsed(json.dump()).calibration;
  json["kernels"].erase("linear_fp8");
  json["kernels"].erase("ring_collective");
  json["kernels"]["others"] = decode;
  const Calibration calibration = parsed(json.dump()).calibration;
  CHECK(same(calibration[KernelFamily::linear_fp8], all[KernelFamily::elementwise]));
  CHECK(same(calibration[KernelFamily::ring_collective], all[KernelFamily::elementwise]));
  CHECK(same(calibration[KernelFamily::linear_16bit], all[KernelFamily::linear_16bit]));
}

TEST_CASE("keys of a calibration") {
  for (const std::string pointer : {"/name",
                                    "/accelerator",
                                    "/times_cache_write",
                                    "/sustained_share",
                                    "/eager_launch_us",
                                    "/kernels",
                                    "/source",
                                    "/kernels/linear_fp8",
                                    "/kernels/elementwise",
                                    "/kernels/linear_16bit/kernel",
                                    "/kernels/linear_16bit/form",
                                    "/kernels/linear_16bit/transferred_from",
                                    "/kernels/linear_16bit/rows",
                                    "/kernels/linear_16bit/groups",
                                    "/kernels/linear_16bit/factors",
                                    "/kernels/linear_16bit/factors/launch",
                                    "/kernels/linear_16bit/held_out",
                                    "/kernels/linear_16bit/held_out/p90_percent",
                                    "/kernels/linear_16bit/interval",
                                    "/kernels/linear_16bit/interval/high",
                                    "/kernels/linear_16bit/windowed_interval",
                                    "/kernels/linear_16bit/range",
                                    "/kernels/linear_16bit/range/tokens",
                                    "/kernels/decode_attention/range/window"}) {
    CHECK(read_without(pointer) == "c.json: " + pointer + " is missing");
  }
  CHECK(read_with("/interval_factor", 1) ==
        "c.json: /interval_factor is an unknown key, expected one of: accelerator, eager_launch_us, kernels, name, "
        "source, sustained_share, times_cache_write");
  CHECK(read_with("/kernels/linear_4bit", 1).rfind("c.json: /kernels/linear_4bit is an unknown key", 0) == 0);
  CHECK(
      read_with("/kernels/elementwise/factors/lunch", 1) ==
      "c.json: /kernels/elementwise/factors/lunch is an unknown key, expected one of: compute_efficiency, launch, "
      "memory_efficiency");
  CHECK(read_with("/kernels/linear_16bit/range/window", {1, 2}) ==
        "c.json: /kernels/linear_16bit/range/window is an unknown key, expected one of: in_features, out_features, "
        "tokens");
  CHECK(read_with("/kernels/linear_16bit/rank", 1).rfind("c.json: /kernels/linear_16bit/rank is an unknown", 0) ==
        0);
  CHECK(read_with("/kernels/linear_16bit/held_out/p99_percent", 1).find("unknown key") != std::string::npos);
  CHECK(read_with("/kernels/linear_16bit/interval/middle", 1).find("unknown key") != std::string::npos);
  CHECK(read_changed("\"rows\": 27898", "\"rows\": 27898, \"rows\": 1") ==
        "c.json: /kernels/linear_16bit/rows is a duplicate key, expected each key once");
}

TEST_CASE("factors of a calibration") {
  CHECK(read_with("/kernels/linear_16bit/factors/matrix_efficiency", 1.2) ==
        "c.json: /kernels/linear_16bit/factors/matrix_efficiency is 1.2, expected a number from 0.3 to 1");
  CHECK(read_with("/kernels/elementwise/factors/memory_efficiency", 0.01) ==
        "c.json: /kernels/elementwise/factors/memory_efficiency is 0.01, expected a number from 0.05 to 1");
  CHECK(read_with("/kernels/decode_attention/factors/windowed_launch", -3) ==
        "c.json: /kernels/decode_attention/factors/windowed_launch is -3, expected a number from -2 to 20");
  CHECK(read_with("/kernels/linear_16bit/factors/launch", "2") ==
        "c.json: /kernels/linear_16bit/factors/launch is \"2\", expected a number");
  CHECK(read_with("/kernels/linear_16bit/factors", nullptr) ==
        "c.json: /kernels/linear_16bit/factors is null, expected an object");
}

TEST_CASE("forms of a calibration") {
  CHECK(read_with("/kernels/linear_16bit/form", "cublas") ==
        "c.json: /kernels/linear_16bit/form is \"cublas\", expected a form of linear_16bit, one of: constant, "
        "cublas_matmul, cutlass_matmul, deepgemm_quantising_matmul, deepgemm_matmul");
  CHECK(read_with("/kernels/linear_16bit/form", "flashinfer_decode")
            .find("a form of linear_16bit, one of: constant") != std::string::npos);
  CHECK(read_with("/kernels/decode_attention/form", "cublas_matmul") ==
        "c.json: /kernels/decode_attention/form is \"cublas_matmul\", expected a form of decode_attention, one of: "
        "constant, flash_attention_decode, flash_attention_prefill, flashinfer_decode, flash_attention_encoder, "
        "latent_attention");
  CHECK(read_with("/kernels/elementwise/form", "cublas_matmul") ==
        "c.json: /kernels/elementwise/form is \"cublas_matmul\", expected a form of elementwise, one of: constant");
  CHECK(read_with("/kernels/linear_16bit/form", 1) == "c.json: /kernels/linear_16bit/form is 1, expected a string");
}

TEST_CASE("values of a calibration") {
  CHECK(read_with("/name", "") == "c.json: /name is \"\", expected a name of 1 to 63 characters");
  CHECK(read_with("/name", nullptr) == "c.json: /name is null, expected a string");
  CHECK(read_with("/accelerator", nullptr) == "accepted");
  CHECK(read_with("/accelerator", std::string(64, 'h')).find("expected a name of 1 to 63") != std::string::npos);
  CHECK(read_with("/times_cache_write", 1) == "c.json: /times_cache_write is 1, expected true or false");
  CHECK(read_with("/sustained_share", 1.01) == "c.json: /sustained_share is 1.01, expected a positive number ≤ 1");
  CHECK(read_with("/sustained_share", 0) == "c.json: /sustained_share is 0, expected a positive number");
  CHECK(read_with("/eager_launch_us", -1) == "c.json: /eager_launch_us is -1, expected a finite number ≥ 0.0");
  CHECK(read_with("/kernels", 8) == "c.json: /kernels is 8, expected an object");
  const std::string linear = "/kernels/linear_16bit";
  CHECK(read_with(linear + "/kernel", nullptr) == "c.json: " + linear + "/kernel is null, expected a string");
  CHECK(read_with(linear + "/transferred_from", 1) ==
        "c.json: " + linear + "/transferred_from is 1, expected a string");
  CHECK(read_with(linear + "/rows", -1) ==
        "c.json: " + linear + "/rows is -1, expected a whole number from 0 to 2147483647");
  CHECK(read_with(linear + "/groups", 2.5) ==
        "c.json: " + linear + "/groups is 2.5, expected a whole number from 0 to 2147483647");
  CHECK(read_with(linear + "/held_out/mean_percent", -1) ==
        "c.json: " + linear + "/held_out/mean_percent is -1, expected a finite number ≥ 0.0");
  CHECK(read_with(linear + "/held_out", nullptr) == "accepted");
  CHECK(read_with("/source/citations", nlohmann::json::array()) ==
        "c.json: /source/citations is empty, expected at least one source");
  CHECK(read("[]") == "c.json: the document is an array, expected an object");
}

TEST_CASE("intervals of a calibration") {
  const std::string linear = "/kernels/linear_16bit";
  CHECK(read_with(linear + "/interval/low", 1.1) ==
        "c.json: " + linear + "/interval/low is 1.1, expected a positive number ≤ 1");
  CHECK(read_with(linear + "/interval/low", 0) ==
        "c.json: " + linear + "/interval/low is 0, expected a positive number");
  CHECK(read_with(linear + "/interval/high", 0.9) ==
        "c.json: " + linear + "/interval/high is 0.9, expected a finite number ≥ 1.0");
  CHECK(read_with(linear + "/interval", nullptr) == "c.json: " + linear + "/interval is null, expected an object");
  CHECK(read_with(linear + "/windowed_interval", {{"low", 0.5}, {"high", 2}}) ==
        "c.json: " + linear +
            "/windowed_interval is an object, expected null, because linear_16bit has no windows");
  CHECK(read_with("/kernels/elementwise/windowed_interval", 1) ==
        "c.json: /kernels/elementwise/windowed_interval is 1, expected null, because elementwise has no windows");
  CHECK(read_with("/kernels/decode_attention/windowed_interval/low", 2) ==
        "c.json: /kernels/decode_attention/windowed_interval/low is 2, expected a positive number ≤ 1");
}

TEST_CASE("ranges of a calibration") {
  const std::string tokens = "/kernels/linear_16bit/range/tokens";
  CHECK(read_with("/kernels/linear_16bit/range", nullptr) == "accepted");
  CHECK(read_with(tokens, 1) == "c.json: " + tokens + " is 1, expected an array");
  CHECK(read_with(tokens, {1}) == "c.json: " + tokens + " is an array, expected the lowest and the highest value");
  CHECK(read_with(tokens, {2, 1}) ==
        "c.json: " + tokens + "/1 is 1, expected a number of at least the lowest value");
  CHECK(read_with(tokens, {-1, 1}) == "c.json: " + tokens + "/0 is -1, expected a finite number ≥ 0.0");
  CHECK(read_with("/kernels/elementwise/range", nlohmann::json::object()) ==
        "c.json: /kernels/elementwise/range is an object, expected null, because elementwise has no dimensions");
}

TEST_CASE("a calibration file's errors name the file") {
  const TemporaryDirectory directory;
  const auto path = directory.write("mine.json", changed(text(), "0.8123456789012345", "1.8"));
  CHECK(complaint([&] { read_calibration_file(path); }) ==
        path.string() +
            ": /kernels/linear_16bit/factors/matrix_efficiency is 1.8, expected a number from 0.3 to 1");
}

TEST_CASE("defaults of calibrations") {
  const auto read_defaults = [](const std::string& entries) {
    const std::string json =
        R"({"defaults": [)" + entries + R"(], "source": {"citations": ["x"], "unconfirmed": [], "notes": []}})";
    return complaint([&] { read_calibration_defaults(JsonDocument(json, "d.json").root()); });
  };
  const std::string entry = R"({"accelerator": "h20", "calibration": "constant", "interval_factor": 1.5})";
  CHECK(read_defaults(entry) == "accepted");
  CHECK(read_defaults(entry + ", " + entry) ==
        "d.json: /defaults/1/accelerator is \"h20\", expected each accelerator once");
  CHECK(read_defaults(changed(entry, "1.5", "0.5")) ==
        "d.json: /defaults/0/interval_factor is 0.5, expected a finite number ≥ 1.0");
  CHECK(read_defaults(changed(entry, "\"constant\"", "null")) ==
        "d.json: /defaults/0/calibration is null, expected a string");
  CHECK(read_defaults(changed(entry, "\"accelerator\"", "\"gpu\"")) ==
        "d.json: /defaults/0/accelerator is missing");
  CHECK(read_defaults(changed(entry, "1.5", "1.5, \"why\": 1")) ==
        "d.json: /defaults/0/why is an unknown key, expected one of: accelerator, calibration, interval_factor");
}
