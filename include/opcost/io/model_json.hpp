// SPDX-License-Identifier: Apache-2.0
//
// Reads a model from a Hugging Face config.json: what costs is checked, what costs nothing may be there, and
// whatever this reader does not know is an error, because it might cost.
#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/io/model_families.hpp"
#include "opcost/io/model_quantisation.hpp"
#include "opcost/io/model_reading.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"

namespace opcost {

/// What a model file says.
struct ModelFile {
  ModelConfig config;
  std::optional<ModelPrecision> precision;  ///< Where the file has a quantization_config.
  std::optional<Source> source;             ///< Our own data files have one, Hugging Face's do not.
};

/// The values of `model_type` that read_model understands, sorted.
inline std::vector<std::string_view> supported_model_types() {
  std::vector<std::string_view> types;
  for (const detail::ModelFamily& family : detail::model_families) types.push_back(family.model_type);
  for (const detail::ModelWrapper& wrapper : detail::model_wrappers) types.push_back(wrapper.model_type);
  std::sort(types.begin(), types.end());
  return types;
}

namespace detail {

[[noreturn]] inline void fail_unsupported(const JsonNode& type) {
  std::string list;
  for (const std::string_view supported : supported_model_types()) {
    list += (list.empty() ? "" : ", ") + std::string(supported);
  }
  type.fail("one of the supported model types: " + list);
}

inline const ModelFamily* model_family_named(std::string_view type) noexcept {
  for (const ModelFamily& family : model_families) {
    if (family.model_type == type) return &family;
  }
  return nullptr;
}

inline ModelConfig read_family(JsonObject& keys, const ModelFamily& family, const ModelConfig& start) {
  ModelReading reading{keys, start};
  family.read(reading);
  return reading.finish();
}

}  // namespace detail

/// Reads a model from a parsed config.json; throws InputError. Of a multimodal model the language model alone. A file
/// without `name` is called `fallback_name`.
inline ModelFile read_model(const JsonNode& node, const std::string& fallback_name) {
  JsonObject root(node);
  const JsonNode type_node = root.member("model_type");
  const std::string type = type_node.as_string();

  ModelFile file;
  const auto name = root.present("name");
  const std::string text = name ? name->as_string() : fallback_name;
  if (text.empty() || text.size() > Name::capacity) {
    (name ? *name : node).fail("a name of 1 to 63 characters");
  }
  ModelConfig config;
  config.name = Name(text);
  if (const auto source = root.present("source")) file.source = read_source(*source);
  auto quantisation = root.present("quantization_config");
  TensorFormat hidden = detail::read_element_type(root);

  const detail::ModelFamily* family = detail::model_family_named(type);
  if (family != nullptr) {
    file.config = detail::read_family(root, *family, config);
  } else {
    for (const detail::ModelWrapper& wrapper : detail::model_wrappers) {
      if (wrapper.model_type == type) family = detail::model_family_named(wrapper.text_type);
    }
    if (family == nullptr) detail::fail_unsupported(type_node);
    JsonObject text_config(root.member("text_config"));
    if (const auto inner = text_config.present("model_type")) {
      family = detail::model_family_named(inner->as_string());
      if (family == nullptr) detail::fail_unsupported(*inner);
    }
    if (text_config.present("torch_dtype") || text_config.present("dtype"))
      hidden = detail::read_element_type(text_config);
    if (!quantisation) quantisation = text_config.present("quantization_config");
    file.config = detail::read_family(text_config, *family, config);
    // transformers takes the outer file's word for the whole
    file.config.tied_embeddings = detail::bool_or(root, "tie_word_embeddings", file.config.tied_embeddings);
    detail::ignore_costless_keys(root);
    root.ignore({"ignore_index", "media_placeholder_token_id", "multimodal_projector_bias", "projector_hidden_act",
                 "use_unified_vision_chunk", "video_placeholder"});
    root.finish();
  }
  if (quantisation) {
    file.precision = detail::read_quantisation(*quantisation, hidden, file.config.layers(FeedForward::experts) > 0);
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
