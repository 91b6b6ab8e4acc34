// SPDX-License-Identifier: Apache-2.0
//
// Reading models: every file of ours, Hugging Face's spellings, and every way to get one wrong.
#include <catch2/catch.hpp>

#include <string>

#include "files.hpp"
#include "json_text.hpp"
#include "opcost/io/model_json.hpp"
#include "opcost/model/catalogue.hpp"
#include "temporary_directory.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

const std::filesystem::path data = OPCOST_DATA_DIR;

std::string text_of(const std::string& name) { return file_text(data / "models" / (name + ".json")); }

std::string read(const std::string& text) {
  return complaint([&] { read_model(JsonDocument(text, "config.json").root(), "fallback"); });
}
std::string read_changed(std::string_view from, std::string_view to) {
  return read(changed(text_of("llama-3.1-8b"), from, to));
}

// A small model whose layers' attention is listed.
std::string with_layer_types(const std::string& types, const std::string& window = "16") {
  return R"({"model_type": "qwen3", "num_hidden_layers": 6, "hidden_size": 64, "intermediate_size": 128,
             "vocab_size": 100, "num_attention_heads": 4, "hidden_act": "silu", "sliding_window": )" +
         window + ", \"layer_types\": [" + types + "]}";
}
ModelConfig read_config(const std::string& text) {
  return read_model(JsonDocument(text, "config.json").root(), "fallback").config;
}

}  // namespace

TEST_CASE("every model file is its catalogue entry") {
  const auto files = files_in(data / "models", ".json");
  CHECK(files.size() == model_catalogue.size());
  for (const auto& path : files) {
    INFO(path);
    const ModelFile file = read_model_file(path);
    const ModelConfig* const known = model_named(path.stem().string());
    REQUIRE(known != nullptr);
    CHECK(file.config == *known);
    REQUIRE(file.source.has_value());
    CHECK_FALSE(file.source->citations.empty());
  }
}

TEST_CASE("a model file without a name takes its file's or folder's") {
  const TemporaryDirectory directory;
  const std::string text = changed(text_of("qwen3-8b"), "\"name\": \"qwen3-8b\",", "");
  CHECK(read_model_file(directory.write("mine.json", text)).config.name == Name("mine"));
  CHECK(read_model_file(directory.write("my-model/config.json", text)).config.name == Name("my-model"));
}

TEST_CASE("unsupported families are refused, with the supported ones listed") {
  CHECK(read_changed("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"") ==
        "config.json: /model_type is \"mamba\", expected one of the supported model types: cohere, cohere2, "
        "deepseek_v2, deepseek_v3, deepseek_v32, gemma2, gemma3, gemma3_text, glm4_moe, glm_moe_dsa, gpt_oss, "
        "granite, kimi_k2, kimi_k25, kimi_linear, llama, llama4, llama4_text, minimax_m2, mistral, mistral3, "
        "mixtral, "
        "nemotron_h, olmo2, olmo3, phi3, qwen2, qwen2_moe, qwen3, qwen3_5, qwen3_5_moe, qwen3_5_moe_text, "
        "qwen3_5_text, qwen3_moe, qwen3_next, qwen3_vl, qwen3_vl_moe, qwen3_vl_moe_text, qwen3_vl_text");
  CHECK(read(changed(text_of("gemma-3-27b"), "\"gemma3_text\"", "\"gemma3n_text\""))
            .rfind("config.json: /text_config/model_type is \"gemma3n_text\", expected one of the supported", 0) ==
        0);
  CHECK(read_changed("\"model_type\": \"llama\",", "") == "config.json: /model_type is missing");
  CHECK(read_changed("\"hidden_act\": \"silu\"", "\"hidden_act\": \"mish\"") ==
        "config.json: /hidden_act is \"mish\", expected one of: silu, gelu_pytorch_tanh, relu, relu2");
}

TEST_CASE("keys of a model") {
  CHECK(read_changed("\"num_hidden_layers\": 32,", "") == "config.json: /num_hidden_layers is missing");
  CHECK(read_changed("\"use_cache\": true", "\"num_local_experts\": 8")
            .rfind("config.json: /num_local_experts is an unknown key, expected one of: ", 0) == 0);
  CHECK(read_changed("\"use_cache\": true", "\"hidden_size\": 4096") ==
        "config.json: /hidden_size is a duplicate key, expected each key once");
  const std::string gemma = text_of("gemma-3-27b");
  CHECK(read(changed(gemma, "\"head_dim\": 128,", "\"head_dimension\": 128,"))
            .rfind("config.json: /text_config/head_dim", 0) == 0);
  CHECK(read(changed(gemma, "\"head_dim\": 128,", "\"head_dim\": 128, \"head_dim\": 128,")) ==
        "config.json: /text_config/head_dim is a duplicate key, expected each key once");
  CHECK(read(changed(gemma, "\"mm_tokens_per_image\"", "\"tokens_per_image\""))
            .rfind("config.json: /tokens_per_image is an unknown key", 0) == 0);
}

TEST_CASE("values of a model") {
  const std::string whole = ", expected a whole number from 1 to 2147483647";
  CHECK(read_changed("\"num_hidden_layers\": 32", "\"num_hidden_layers\": 0") ==
        "config.json: /num_hidden_layers is 0" + whole);
  CHECK(read_changed("\"num_hidden_layers\": 32", "\"num_hidden_layers\": 2000000000") ==
        "config.json: /num_hidden_layers is 2000000000, expected at most 256 layers");
  CHECK(read_changed("\"num_hidden_layers\": 32", "\"num_hidden_layers\": -1") ==
        "config.json: /num_hidden_layers is -1" + whole);
  CHECK(read_changed("\"num_hidden_layers\": 32", "\"num_hidden_layers\": 2.7") ==
        "config.json: /num_hidden_layers is 2.7" + whole);
  CHECK(read_changed("\"hidden_size\": 4096", "\"hidden_size\": 4294971392") ==
        "config.json: /hidden_size is 4294971392" + whole);
  CHECK(read_changed("\"num_key_value_heads\": 8", "\"num_key_value_heads\": 7") ==
        "config.json: /num_key_value_heads is 7, expected a divisor of num_attention_heads, 32");
  CHECK(read_changed("\"num_key_value_heads\": 8", "\"num_key_value_heads\": 0") ==
        "config.json: /num_key_value_heads is 0" + whole);
  CHECK(read_changed("\"num_attention_heads\": 32", "\"num_attention_heads\": 24") ==
        "config.json: /num_attention_heads is 24, expected a divisor of hidden_size where there is no head_dim");
  CHECK(read_changed("\"mlp_bias\": false", "\"mlp_bias\": 0") ==
        "config.json: /mlp_bias is 0, expected true or false");
  CHECK(read_changed("\"vocab_size\": 128256", "\"vocab_size\": \"many\"") ==
        "config.json: /vocab_size is \"many\", expected a whole number from 1 to 2147483647");
  const std::string gemma = text_of("gemma-3-27b");
  CHECK(read(changed(gemma, "\"sliding_window\": 1024", "\"sliding_window\": 0")) ==
        "config.json: /text_config/sliding_window is 0" + whole);
  CHECK(read(changed(gemma, "\"sliding_window_pattern\": 6", "\"sliding_window_pattern\": 0")) ==
        "config.json: /text_config/sliding_window_pattern is 0" + whole);
  CHECK(read(changed(gemma, "\"head_dim\": 128", "\"head_dim\": 127")).find("is 127, expected an even number") !=
        std::string::npos);
  CHECK(read(changed(gemma, "\"intermediate_size\": 21504", "\"intermediate_size\": 2000000000"))
            .find("gate_up_features is 4000000000, expected at most 2147483647") != std::string::npos);
}

TEST_CASE("layer types") {
  const std::string local = "\"sliding_attention\"";
  const std::string global = "\"full_attention\"";
  const auto list = [&](const std::string& pattern) {
    std::string types;
    for (const char layer : pattern) types += (types.empty() ? "" : ", ") + (layer == 'G' ? global : local);
    return types;
  };
  CHECK(read_config(with_layer_types(list("LLGLLG"))).global_layers() == 2);
  CHECK(read_config(with_layer_types(list("LLLLLL"))).global_layers() == 0);
  CHECK(read_config(with_layer_types(list("GGGGGG"))).local_layers() == 0);
  CHECK(read_config(with_layer_types(list("LLLGLL"))).global_layers() == 1);
  // their order does not matter: irregular patterns are layers like any
  CHECK(read_config(with_layer_types(list("LLGLGL"))).global_layers() == 2);
  CHECK(read_config(with_layer_types(list("LGLLLG"))).local_layers() == 4);
  CHECK(read(with_layer_types(list("LLG"))) ==
        "config.json: /layer_types is an array, expected one entry for each of the 6 layers");
  CHECK(read(with_layer_types(list("LLGLL") + ", \"linear_attention\"")) ==
        "config.json: /layer_types/5 is \"linear_attention\", expected full_attention or sliding_attention");
  CHECK(read(with_layer_types(list("LLGLLG"), "null")) ==
        "config.json: /layer_types is an array, expected full_attention throughout where no sliding_window is in "
        "use");
  CHECK(read_config(with_layer_types(list("GGGGGG"), "null")).sliding_window == 0);
}

TEST_CASE("Hugging Face's spellings of a sliding window") {
  const std::string qwen = text_of("qwen3-8b");
  const auto with = [&](const std::string& keys) {
    return changed(qwen, "\"vocab_size\"", keys + ", \"vocab_size\"");
  };
  CHECK(qwen.find("\"use_sliding_window\": false") != std::string::npos);
  CHECK(read_config(qwen).sliding_window == 0);
  const std::string used = changed(changed(qwen, "\"use_sliding_window\": false", "\"use_sliding_window\": true"),
                                   "\"sliding_window\": null", "\"sliding_window\": 4096");
  CHECK(read_config(used).local_layers() == 0);  // only layers after the 36th would be local
  CHECK(read_config(changed(used, "\"max_window_layers\": 36", "\"max_window_layers\": 30")).local_layers() == 6);
  const ModelConfig local = read_config(changed(used, "\"max_window_layers\": 36", "\"max_window_layers\": 0"));
  CHECK(local.sliding_window == 4096);
  CHECK(local.global_layers() == 0);
  CHECK(read(with("\"use_sliding_windows\": true")).find("is an unknown key") != std::string::npos);
  const std::string gemma = text_of("gemma-3-27b");  // Gemma's default pattern: five local layers, one global
  CHECK(read_config(changed(gemma, "\"sliding_window_pattern\": 6,", "")) == models::gemma_3_27b);
  CHECK(read_config(changed(gemma, "\"sliding_window_pattern\"", "\"_sliding_window_pattern\"")) ==
        models::gemma_3_27b);
}

TEST_CASE("a truncated model file is refused at every length") {
  const std::string text = text_of("gemma-3-27b");
  const std::size_t end = text.find_last_of('}');
  for (std::size_t length = 0; length <= end; length += 7) {
    const std::string message = read(text.substr(0, length));
    CHECK(message.rfind("config.json: not valid JSON: ", 0) == 0);
    CHECK(message.find('\n') == std::string::npos);
  }
}
