// SPDX-License-Identifier: Apache-2.0
//
// Reading accelerators, interconnects, price lists and serving systems: every file of ours, and every way to get one wrong.
#include <catch2/catch.hpp>

#include <string>

#include "files.hpp"
#include "json_text.hpp"
#include "opcost/hardware/catalogue.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/price_list_json.hpp"
#include "opcost/io/serving_system_json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "temporary_directory.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

const std::filesystem::path data = OPCOST_DATA_DIR;

std::string h20() { return file_text(data / "hardware/h20.json"); }

std::string read(const std::string& text) {
  return complaint([&] { read_accelerator(JsonDocument(text, "h20.json").root()); });
}

std::string read_changed(std::string_view from, std::string_view to) { return read(changed(h20(), from, to)); }

}  // namespace

TEST_CASE("every hardware file is its catalogue entry") {
  const auto files = files_in(data / "hardware", ".json");
  CHECK(files.size() == accelerator_catalogue.size());
  for (const auto& path : files) {
    INFO(path);
    const AcceleratorFile file = read_accelerator_file(path);
    const Accelerator* const known = accelerator_named(path.stem().string());
    REQUIRE(known != nullptr);
    CHECK(file.specification == *known);
    CHECK_FALSE(file.specification.violation().has_value());
    CHECK_FALSE(file.source.citations.empty());
    const JsonDocument document = JsonDocument::read(path);
    for (const std::string& pointer : file.source.unconfirmed) {
      INFO(pointer);  // marks a value that exists
      CHECK(nlohmann::json::parse(file_text(path)).contains(nlohmann::json::json_pointer(pointer)));
    }
  }
}

TEST_CASE("every interconnect file is its catalogue entry") {
  const auto files = files_in(data / "interconnects", ".json");
  REQUIRE(files.size() == interconnect_catalogue.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    CHECK(read_interconnect_file(files[i]).specification == interconnect_catalogue[i]);
  }
}

TEST_CASE("no measured rate exceeds the peak it belongs to") {
  std::size_t measured_rates = 0;
  for (const auto& path : files_in(data / "hardware", ".json")) {
    const AcceleratorFile file = read_accelerator_file(path);
    for (const MeasuredRate& measured : file.measured) {
      INFO(path << ": " << measured.what);
      double peak = 0.0;
      if (measured.resource == "memory") {
        peak = file.specification.memory_bandwidth.value;
      } else if (measured.resource == "scale_up") {
        peak = 2.0 * file.specification.scale_up.bandwidth.value;  // bus bandwidth of all-reduce: both directions
      } else {
        const auto type = data_type_named(measured.resource);
        REQUIRE(type.has_value());
        peak = file.specification.peaks[*type].value;
      }
      CHECK(measured.rate > 0.0);
      CHECK(measured.rate <= peak);
      ++measured_rates;
    }
  }
  CHECK(measured_rates >= 8);  // H100: memory ×3, bf16, fp8; H20: memory, bf16, fp8 (shared hardware facts)
}

TEST_CASE("unchanged, the example is accepted") { CHECK(read(h20()) == "accepted"); }

TEST_CASE("keys of an accelerator") {
  CHECK(read_changed("\"tf32\": 74", "\"tf23\": 74") == "h20.json: /peak_tflops/tf32 is missing");
  CHECK(read_changed("\"fp4\": null", "\"fp4\": null, \"fp6\": 1") ==
        "h20.json: /peak_tflops/fp6 is an unknown key, expected one of: bf16, fp16, fp32, fp4, fp64, fp8, int8, "
        "tf32");
  CHECK(read_changed("\"power_watts\": 400", "\"power_watts\": 400, \"power_watts\": 500") ==
        "h20.json: /power_watts is a duplicate key, expected each key once");
  CHECK(read_changed(
            "{ \"what\": \"HBM bandwidth\", \"resource\": \"memory\", \"tb_per_s\": 3.71 }",
            "{ \"what\": \"HBM bandwidth\", \"what\": \"HBM\", \"resource\": \"memory\", \"tb_per_s\": 3.71 }") ==
        "h20.json: /measured/0/what is a duplicate key, expected each key once");
  const std::string misspelled = read_changed("\"power_watts\"", "\"power_wats\"");
  CHECK(misspelled == "h20.json: /power_watts is missing");
  CHECK(read_changed("\"power_watts\": 400", "\"power_watts\": 400, \"price\": 1")
            .rfind("h20.json: /price is an unknown key, expected one of: architecture, ", 0) == 0);
  CHECK(read_changed("{ \"kind\": \"nic\", \"gb_per_s\": 50 }",
                     "{ \"kind\": \"nic\", \"gb_per_s\": 50, \"ports\": 2 }") ==
        "h20.json: /links/scale_out/ports is an unknown key, expected one of: gb_per_s, kind");
  CHECK(read_changed("\"gb_per_s\": 450, \"reduces\": true", "\"gb_per_s\": 450, \"reduces\": 1") ==
        "h20.json: /links/scale_up/reduces is 1, expected true or false");
}

TEST_CASE("values of an accelerator") {
  CHECK(read_changed("\"bf16\": 148", "\"bf16\": -148") ==
        "h20.json: /peak_tflops/bf16 is -148, expected a finite number ≥ 0.0");
  CHECK(read_changed("\"bf16\": 148", "\"bf16\": 0") ==
        "h20.json: /peak_tflops/bf16 is 0, expected a positive number");
  CHECK(read_changed("\"bf16\": 148", "\"bf16\": \"148\"") ==
        "h20.json: /peak_tflops/bf16 is \"148\", expected a number");
  CHECK(read_changed("\"bandwidth_tb_per_s\": 4.0", "\"bandwidth_tb_per_s\": null") ==
        "h20.json: /memory/bandwidth_tb_per_s is null, expected a number");
  CHECK(read_changed("\"capacity_gb\": 96", "\"capacity_gb\": 0") ==
        "h20.json: /memory/capacity_gb is 0, expected a positive number");
  CHECK(read_changed("\"count\": 78", "\"count\": 77.5") ==
        "h20.json: /multiprocessors/count is 77.5, expected a whole number from 1 to 2147483647");
  CHECK(read_changed("\"count\": 78", "\"count\": 4294967374") ==
        "h20.json: /multiprocessors/count is 4294967374, expected a whole number from 1 to 2147483647");
  CHECK(read_changed("\"count\": 78", "\"count\": null") == "accepted");
  CHECK(read_changed("\"kind\": \"pcie5\"", "\"kind\": \"pci5\"") ==
        "h20.json: /links/host/kind is \"pci5\", expected one of: nvlink, nvlink_bridge, pcie4, pcie5, pcie6, "
        "infinity_fabric, ici, nic");
  CHECK(read_changed("{ \"kind\": \"pcie5\", \"gb_per_s\": 64 }", "\"pcie5\"") ==
        "h20.json: /links/host is \"pcie5\", expected an object");
  CHECK(read_changed("{ \"kind\": \"pcie5\", \"gb_per_s\": 64 }", "null") == "accepted");
  CHECK(read_changed("\"resource\": \"fp8\"", "\"resource\": \"fp9\"") ==
        "h20.json: /measured/2/resource is \"fp9\", expected memory, scale_up or a data type");
  CHECK(read_changed("\"name\": \"h20\"", "\"name\": \"\"") ==
        "h20.json: /name is \"\", expected a name of 1 to 63 characters");
  CHECK(read_changed("\"name\": \"h20\"", "\"name\": \"" + std::string(64, 'h') + "\"")
            .find("expected a name of 1 to 63") != std::string::npos);
  CHECK(read("[]") == "h20.json: the document is an array, expected an object");
  CHECK(read("null") == "h20.json: the document is null, expected an object");
  const std::string source = "\"source\": ";
  const std::string without = h20().substr(0, h20().find(source));
  CHECK(read(without + R"("source": {"citations": [], "unconfirmed": [], "notes": []}})") ==
        "h20.json: /source/citations is empty, expected at least one source");
  CHECK(read(without + R"("source": {"citations": [1], "unconfirmed": [], "notes": []}})") ==
        "h20.json: /source/citations/0 is 1, expected a string");
}

TEST_CASE("a truncated accelerator file is refused at every length") {
  const std::string text = h20();
  const std::size_t end = text.find_last_of('}');
  for (std::size_t length = 0; length <= end; length += 7) {
    const std::string message = read(text.substr(0, length));
    CHECK(message.rfind("h20.json: not valid JSON: ", 0) == 0);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a file's errors name the file") {
  const TemporaryDirectory directory;
  const auto path = directory.write("mine.json", changed(h20(), "\"bf16\": 148", "\"bf16\": 1e999"));
  const std::string message = complaint([&] { read_accelerator_file(path); });
  CHECK(message.rfind(path.string() + ": not valid JSON: ", 0) == 0);
  CHECK(message.find("1e999") != std::string::npos);
}

TEST_CASE("every serving-system file is its catalogue entry") {
  const auto files = files_in(data / "serving_systems", ".json");
  REQUIRE(files.size() == serving_system_catalogue.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ServingSystem& entry = serving_system_catalogue[i].specification;
    CHECK(read_serving_system_file(files[i]).specification == entry);
    CHECK(serving_system_named(entry.name.view()) == &entry);
    CHECK_FALSE(entry.violation());
  }
  CHECK(serving_system_named("none") == nullptr);
}

TEST_CASE("values of a serving system") {
  const std::string text = file_text(data / "serving_systems/vllm.json");
  const auto read_changed = [&](const std::string& from, const std::string& to) {
    return complaint([&] { read_serving_system(JsonDocument(changed(text, from, to), "vllm.json").root()); });
  };
  CHECK(serving_systems::vllm.host_per_step == Seconds{2.1e-3});
  CHECK(serving_systems::vllm.host_per_sequence == Seconds{27e-6});
  CHECK(read_changed("\"host_per_step_us\": 2100", "\"host_per_step_us\": 0") == "accepted");
  CHECK(read_changed("\"host_per_step_us\": 2100", "\"host_per_step_us\": -1") ==
        "vllm.json: /host_per_step_us is -1, expected a finite number ≥ 0.0");
  CHECK(read_changed("\"collective_overlap\": 0", "\"collective_overlap\": 1.5") ==
        "vllm.json: /collective_overlap is 1.5, expected a share from 0 to 1");
  CHECK(read_changed("\"host_per_step_us\"", "\"host_per_steps_us\"").find("host_per_step") != std::string::npos);
}

TEST_CASE("values of an interconnect") {
  const std::string text = file_text(data / "interconnects/nccl-400g-heterogeneous.json");
  const auto read_link = [&](std::string_view from, std::string_view to) {
    return complaint([&] { read_interconnect(JsonDocument(changed(text, from, to), "nccl.json").root()); });
  };
  CHECK(read_link("_per_s\": 35.5", "_per_s\": 36") == "accepted");
  CHECK(read_link("\"bandwidth_gb_per_s\": 35.5", "\"bandwidth_gb_per_s\": 0") ==
        "nccl.json: /bandwidth_gb_per_s is 0, expected a positive number");
  CHECK(read_link("\"latency_us\": 66.6", "\"latency_us\": -66.6") ==
        "nccl.json: /latency_us is -66.6, expected a finite number ≥ 0.0");
  CHECK(read_link("\"latency_us\": 66.6,", "") == "nccl.json: /latency_us is missing");
  CHECK(read_link("\"latency_us\"", "\"latency_ms\": 1, \"latency_us\"")
            .rfind("nccl.json: /latency_ms is an unknown key, expected one of: ", 0) == 0);
}

TEST_CASE("every price list is its catalogue entry") {
  const auto files = files_in(data / "prices", ".json");
  REQUIRE(files.size() == price_list_catalogue.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    INFO(files[i]);
    const PriceListFile file = read_price_list_file(files[i]);
    CHECK(file.specification == price_list_catalogue[i].specification);
    CHECK(file.source.citations.front() == price_list_catalogue[i].source);
    for (const std::string& pointer : file.source.unconfirmed) {
      CHECK(nlohmann::json::parse(file_text(files[i])).contains(nlohmann::json::json_pointer(pointer)));
    }
  }
}

TEST_CASE("values of a price list") {
  const std::string text = file_text(data / "prices/lamina.json");
  const auto read_prices = [&](std::string_view from, std::string_view to) {
    return complaint([&] { read_price_list(JsonDocument(changed(text, from, to), "lamina.json").root()); });
  };
  CHECK(read_prices("\"price\": 4.63", "\"price\": 4") == "accepted");
  CHECK(read_prices("\"accelerator\": \"h20\"", "\"accelerator\": \"mine\"") == "accepted");
  CHECK(read_prices("\"price\": 4.63", "\"price\": 0") ==
        "lamina.json: /prices_per_hour/1/price is 0, expected a positive number");
  CHECK(read_prices("\"price\": 4.63", "\"price\": \"$4.63\"") ==
        "lamina.json: /prices_per_hour/1/price is \"$4.63\", expected a number");
  CHECK(read_prices("\"price\": 4.63", "\"price\": 4.63, \"spot\": true") ==
        "lamina.json: /prices_per_hour/1/spot is an unknown key, expected one of: accelerator, price");
  CHECK(read_prices("\"accelerator\": \"h20\"", "\"accelerator\": \"h100-sxm\"") ==
        "lamina.json: /prices_per_hour/1/accelerator is \"h100-sxm\", expected each accelerator once");
  CHECK(read_prices("\"accelerator\": \"h20\"", "\"accelerator\": \"\"") ==
        "lamina.json: /prices_per_hour/1/accelerator is \"\", expected a name of 1 to 63 characters");
  CHECK(read_prices("\"2024-05\"", "\"2024-13\"") ==
        "lamina.json: /date is \"2024-13\", expected a year and month such as 2024-05");
  CHECK(read_prices("\"2024-05\"", "\"May 2024\"") ==
        "lamina.json: /date is \"May 2024\", expected a year and month such as 2024-05");
  CHECK(read_prices("\"dollars\"", "\"euros\"") ==
        "lamina.json: /unit is \"euros\", expected one of: dollars, relative");
  std::string many;
  for (int i = 0; i < 30; ++i) many += R"({ "accelerator": "gpu)" + std::to_string(i) + R"(", "price": 1 }, )";
  CHECK(read_prices("{ \"accelerator\": \"h20\"", many + "{ \"accelerator\": \"h20\"") ==
        "lamina.json: /prices_per_hour is an array, expected 1 to 32 prices");
}
