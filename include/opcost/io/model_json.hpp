// SPDX-License-Identifier: Apache-2.0
//
// Reads a model from a Hugging Face config.json: what costs is checked, what costs nothing may be there, and
// whatever this reader does not know is an error, because it might cost.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/model/model_config.hpp"

namespace opcost {

/// What a model file says.
struct ModelFile {
  ModelConfig config;
  std::optional<Source> source;  ///< Our own data files have one, Hugging Face's do not.
};

/// The values of `model_type` that read_model understands.
inline constexpr std::array<std::string_view, 4> supported_model_types{"gemma3", "gemma3_text", "llama", "qwen3"};

namespace detail {

/// Keys of a config.json that decide nothing that we count.
inline void ignore_costless_keys(JsonObject& config) {
  config.ignore({"_name_or_path",
                 "architectures",
                 "attention_dropout",
                 "attn_implementation",
                 "attn_logit_softcapping",
                 "boi_token_index",
                 "bos_token_id",
                 "cache_implementation",
                 "dtype",
                 "eoi_token_index",
                 "eos_token_id",
                 "final_logit_softcapping",
                 "image_token_index",
                 "initializer_range",
                 "mm_tokens_per_image",
                 "pad_token_id",
                 "pretraining_tp",
                 "query_pre_attn_scalar",
                 "rms_norm_eps",
                 "rope_local_base_freq",
                 "rope_parameters",
                 "rope_scaling",
                 "rope_theta",
                 "torch_dtype",
                 "transformers_version",
                 "use_bidirectional_attention",
                 "use_cache",
                 "vision_config"});
}

inline ActivationFunction read_activation(const JsonNode& node) {
  const std::string text = node.as_string();
  if (text == "silu" || text == "swish") return ActivationFunction::silu;
  if (text == "gelu_pytorch_tanh" || text == "gelu_new") return ActivationFunction::gelu_tanh;
  if (text == "relu") return ActivationFunction::relu;
  node.fail("one of: silu, gelu_pytorch_tanh, relu");
}

inline bool bool_or(JsonObject& object, const std::string& key, bool otherwise) {
  const auto node = object.present(key);
  return node ? node->as_bool() : otherwise;
}

/// The period of global layers, from a list that names each layer's attention.
inline std::int32_t global_layer_period(const JsonNode& node, std::int32_t layers) {
  const std::vector<JsonNode> types = node.as_array();
  if (types.size() != static_cast<std::size_t>(layers)) {
    node.fail("one entry for each of the " + std::to_string(layers) + " layers");
  }
  std::int32_t period = 0;  // of the first global layer
  for (std::int32_t layer = 1; layer <= layers; ++layer) {
    const JsonNode& type = types[static_cast<std::size_t>(layer - 1)];
    const std::string text = type.as_string();
    if (text != "full_attention" && text != "sliding_attention") type.fail("full_attention or sliding_attention");
    const bool global = text == "full_attention";
    if (global && period == 0) period = layer;
    const bool expected = period != 0 && layer % period == 0;
    if (global != expected) {
      type.fail("global layers at a fixed period (here every " + std::to_string(period) + " layers)");
    }
  }
  return period;
}

/// Sliding windows are spelled differently by every family.
inline void read_layer_pattern(JsonObject& object, bool gemma, ModelConfig& config) {
  const auto window = object.present("sliding_window");
  const bool used = bool_or(object, "use_sliding_window", true);
  const auto first_windowed = object.present("max_window_layers");  // Qwen: layers from this one on are local
  auto period = object.present("sliding_window_pattern");
  if (!period) period = object.present("_sliding_window_pattern");
  const auto layer_types = object.present("layer_types");
  if (!window || !used) {
    if (layer_types && global_layer_period(*layer_types, config.layers) != 1) {
      layer_types->fail("full_attention throughout where no sliding_window is in use");
    }
    return;
  }
  config.sliding_window = window->as_integer(1);
  if (first_windowed && first_windowed->as_integer(0) != 0) {
    first_windowed->fail("0 where a sliding window is in use (a window in the last layers only is not supported)");
  }
  if (layer_types) {
    config.global_layer_period = global_layer_period(*layer_types, config.layers);
  } else if (period) {
    config.global_layer_period = period->as_integer(1);
  } else {
    config.global_layer_period = gemma ? 6 : 0;  // Gemma 3's default pattern; elsewhere a window is for all layers
  }
}

inline ModelConfig read_transformer(JsonObject& object, const std::string& type, ModelConfig config) {
  const bool gemma = type == "gemma3_text";
  config.layers = object.member("num_hidden_layers").as_integer(1);
  config.hidden_size = object.member("hidden_size").as_integer(1);
  config.intermediate_size = object.member("intermediate_size").as_integer(1);
  const auto vocabulary = gemma ? object.present("vocab_size") : object.member("vocab_size");
  config.vocabulary_size = vocabulary ? vocabulary->as_integer(1) : 262208;  // Gemma3TextConfig's default

  const JsonNode query_heads = object.member("num_attention_heads");
  config.heads.query_heads = query_heads.as_integer(1);
  const auto kv_heads = object.present("num_key_value_heads");
  config.heads.kv_heads = kv_heads ? kv_heads->as_integer(1) : config.heads.query_heads;
  if (config.heads.query_heads % config.heads.kv_heads != 0) {
    kv_heads->fail("a divisor of num_attention_heads, " + std::to_string(config.heads.query_heads));
  }
  const auto head_dimension = object.present("head_dim");
  if (!head_dimension && config.hidden_size % config.heads.query_heads != 0) {
    query_heads.fail("a divisor of hidden_size where there is no head_dim");
  }
  config.heads.query_key_dimension =
      head_dimension ? head_dimension->as_integer(1) : config.hidden_size / config.heads.query_heads;
  config.heads.value_dimension = config.heads.query_key_dimension;

  config.activation = read_activation(
      object.member(gemma && object.present("hidden_activation") ? "hidden_activation" : "hidden_act"));
  config.gated_feed_forward = true;
  config.query_key_norm = type != "llama";
  config.post_norms = gemma;
  config.scaled_embedding = gemma;
  config.tied_embeddings = bool_or(object, "tie_word_embeddings", config.tied_embeddings);
  config.attention_bias = bool_or(object, "attention_bias", false);
  config.feed_forward_bias = bool_or(object, "mlp_bias", false);
  const auto positions = object.present("max_position_embeddings");
  if (positions) config.maximum_context = positions->as_integer(1);
  read_layer_pattern(object, gemma, config);
  ignore_costless_keys(object);
  object.ignore({"model_type"});
  object.finish();
  if (const auto violation = config.violation()) {
    throw InputError(object.node().file() + ": " + InvalidValue(*violation).what());
  }
  return config;
}

}  // namespace detail

/// Reads a model from a parsed config.json; throws InputError. A file without `name` is called `fallback_name`.
inline ModelFile read_model(const JsonNode& node, const std::string& fallback_name) {
  JsonObject root(node);
  const JsonNode type_node = root.member("model_type");
  const std::string type = type_node.as_string();
  bool known = false;
  std::string list;
  for (const std::string_view supported : supported_model_types) {
    known = known || supported == type;
    list += (list.empty() ? "" : ", ") + std::string(supported);
  }
  if (!known) type_node.fail("one of the supported model types: " + list);

  ModelFile file;
  const auto name = root.present("name");
  const std::string text = name ? name->as_string() : fallback_name;
  if (text.empty() || text.size() > Name::capacity) {
    (name ? *name : node).fail("a name of 1 to 63 characters");
  }
  ModelConfig config;
  config.name = Name(text);
  config.tied_embeddings = type.rfind("gemma3", 0) == 0;  // the library's default differs by family
  if (const auto source = root.present("source")) file.source = read_source(*source);
  if (type == "gemma3") {
    config.tied_embeddings = detail::bool_or(root, "tie_word_embeddings", config.tied_embeddings);
    JsonObject text_config(root.member("text_config"));
    file.config = detail::read_transformer(text_config, "gemma3_text", config);
    detail::ignore_costless_keys(root);
    root.finish();
  } else {
    file.config = detail::read_transformer(root, type, config);
  }
  return file;
}

/// Reads a model file; throws InputError. A file without `name` is called by its path's stem, or its folder's
/// name if the file is called config.json.
inline ModelFile read_model_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  std::string stem = path.stem().string();
  if (stem == "config" && path.has_parent_path()) stem = path.parent_path().filename().string();
  return read_model(document.root(), stem.substr(0, Name::capacity));
}

}  // namespace opcost
