// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "catalogues.hpp"
#include "opcost/io/model_json.hpp"
#include "text.hpp"

namespace generate_catalogue {

namespace fs = std::filesystem;

namespace {

std::string model(const opcost::ModelConfig& m) {
  constexpr std::array<std::string_view, 3> functions{"relu", "silu", "gelu_tanh"};
  return fmt::format(
      "inline constexpr ModelConfig {}{{\n    .name = {},\n    .layers = {},\n    .hidden_size = {},\n"
      "    .intermediate_size = {},\n    .vocabulary_size = {},\n"
      "    .heads = {{.query_heads = {}, .kv_heads = {}, .query_key_dimension = {}, .value_dimension = {}}},\n"
      "    .sliding_window = {},\n    .global_layer_period = {},\n    .activation = ActivationFunction::{},\n"
      "    .gated_feed_forward = {},\n    .query_key_norm = {},\n    .post_norms = {},\n    .tied_embeddings = "
      "{},\n"
      "    .scaled_embedding = {},\n    .attention_bias = {},\n    .feed_forward_bias = {},\n    .maximum_context "
      "= {},\n}};\n",
      identifier(m.name.view()), literal(m.name.view()), m.layers, m.hidden_size, m.intermediate_size,
      m.vocabulary_size, m.heads.query_heads, m.heads.kv_heads, m.heads.query_key_dimension,
      m.heads.value_dimension, m.sliding_window, m.global_layer_period,
      functions[static_cast<std::size_t>(m.activation)], m.gated_feed_forward, m.query_key_norm, m.post_norms,
      m.tied_embeddings, m.scaled_embedding, m.attention_bias, m.feed_forward_bias, m.maximum_context);
}

}  // namespace

std::string model_catalogue(const fs::path& data) {
  std::string constants;
  std::string entries;
  const std::vector<fs::path> files = json_files(data / "models");
  for (const fs::path& path : files) {
    const opcost::ModelFile file = opcost::read_model_file(path);
    const std::string_view name = file.config.name.view();
    require_matching_name(path, name);
    if (!file.source) throw opcost::InputError(path.string() + ": /source is missing");
    constants += "\n/// Source: " + file.source->citations.front() + "\n" + model(file.config);
    entries += "    models::" + identifier(name) + ",\n";
  }
  return fmt::format(preamble, "data/models/*.json",
                     "#include <string_view>\n\n#include \"opcost/model/model_config.hpp\"\n") +
         "\nnamespace models {\n" + constants +
         fmt::format(R"(
}}  // namespace models

/// Every built-in model, by name.
inline constexpr std::array<ModelConfig, {}> model_catalogue{{
{}}};

/// The built-in model of that name, or null.
constexpr const ModelConfig* model_named(std::string_view name) noexcept {{
  for (const ModelConfig& model : model_catalogue) {{
    if (model.name.view() == name) return &model;
  }}
  return nullptr;
}}

}}  // namespace opcost
)",
                     files.size(), entries);
}

}  // namespace generate_catalogue
