// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "catalogues.hpp"
#include "opcost/io/model_json.hpp"
#include "text.hpp"

namespace generate_catalogue {

namespace fs = std::filesystem;

namespace {

using namespace opcost;

/// A designated initialiser, "{.a = 1, .b = 2}", of the members whose value is not the default.
class Initialiser {
 public:
  explicit Initialiser(std::string separator = ", ") : separator_(std::move(separator)) {}

  void add(std::string_view member, const std::string& value) {
    members_ += fmt::format("{}.{} = {}", members_.empty() ? "" : separator_, member, value);
  }
  template <class Value>
  void add(std::string_view member, const Value& value, const Value& otherwise) {
    if (!(value == otherwise)) add(member, text(value));
  }

  const std::string& members() const { return members_; }
  std::string braced() const { return "{" + members_ + "}"; }

 private:
  static std::string text(std::int32_t value) { return fmt::format("{}", value); }
  static std::string text(bool value) { return value ? "true" : "false"; }
  static std::string text(ActivationFunction value) {
    constexpr std::array<std::string_view, 4> names{"relu", "silu", "gelu_tanh", "relu_squared"};
    return enumerator("ActivationFunction", names, value);
  }
  static std::string text(DeltaRuleDecay value) {
    constexpr std::array<std::string_view, 2> names{"per_head", "per_channel"};
    return enumerator("DeltaRuleDecay", names, value);
  }
  static std::string text(GateScoring value) {
    constexpr std::array<std::string_view, 3> names{"softmax", "sigmoid", "softmax_of_selected"};
    return enumerator("GateScoring", names, value);
  }
  static std::string text(NormKind value) {
    constexpr std::array<std::string_view, 4> names{"rms", "layer", "layer_no_bias", "unweighted"};
    return enumerator("NormKind", names, value);
  }
  static std::string text(NormPlacement value) {
    constexpr std::array<std::string_view, 4> names{"before", "after", "before_and_after", "parallel"};
    return enumerator("NormPlacement", names, value);
  }
  static std::string text(QueryKeyNorm value) {
    constexpr std::array<std::string_view, 4> names{"none", "head", "projection", "unweighted"};
    return enumerator("QueryKeyNorm", names, value);
  }

  template <std::size_t Count, class Enumeration>
  static std::string enumerator(std::string_view type, const std::array<std::string_view, Count>& names,
                                Enumeration value) {
    return fmt::format("{}::{}", type, names.at(static_cast<std::size_t>(value)));
  }

  std::string separator_;
  std::string members_;
};

std::string groups(const ModelConfig& m) {
  constexpr std::array<std::string_view, 6> mixers{
      "none", "attention", "local_attention", "latent_attention", "delta_rule", "state_space"};
  constexpr std::array<std::string_view, 3> feed_forwards{"none", "dense", "experts"};
  std::string text;
  for (const LayerGroup& group : m.layer_groups) {
    if (group.layers == 0) continue;
    text += fmt::format("{}{{TokenMixer::{}, FeedForward::{}, {}}}", text.empty() ? "" : ", ",
                        mixers.at(static_cast<std::size_t>(group.mixer)),
                        feed_forwards.at(static_cast<std::size_t>(group.feed_forward)), group.layers);
  }
  return "{{" + text + "}}";
}

/// The groups' indices as a string literal, which compiles faster than a list of numbers: "\0\0\1…".
std::string order(const ModelConfig& m) {
  std::string text;
  for (std::int32_t layer = 0; layer < m.layers(); ++layer) {
    text += fmt::format("\\{}", m.layer_order[static_cast<std::size_t>(layer)]);
  }
  return "{\"" + text + "\"}";
}

std::string heads(const AttentionHeads& h) {
  return fmt::format("{{.query_heads = {}, .kv_heads = {}, .query_key_dimension = {}, .value_dimension = {}}}",
                     h.query_heads, h.kv_heads, h.query_key_dimension, h.value_dimension);
}

std::string latent(const LatentConfig& l) {
  constexpr LatentConfig none;
  Initialiser text;
  text.add("heads",
           fmt::format("{{.query_heads = {}, .latent_rank = {}, .rope_dimension = {}, .nope_dimension = {}, "
                       ".value_dimension = {}}}",
                       l.heads.query_heads, l.heads.latent_rank, l.heads.rope_dimension, l.heads.nope_dimension,
                       l.heads.value_dimension));
  text.add("query_rank", l.query_rank, none.query_rank);
  text.add("indexer_heads", l.indexer_heads, none.indexer_heads);
  text.add("indexer_dimension", l.indexer_dimension, none.indexer_dimension);
  text.add("indexer_top_k", l.indexer_top_k, none.indexer_top_k);
  return text.braced();
}

std::string recurrence(const RecurrenceConfig& r) {
  constexpr RecurrenceConfig none;
  Initialiser text;
  text.add("key_heads", r.key_heads, none.key_heads);
  text.add("value_heads", r.value_heads, none.value_heads);
  text.add("key_dimension", r.key_dimension, none.key_dimension);
  text.add("value_dimension", r.value_dimension, none.value_dimension);
  text.add("convolution_width", r.convolution_width, none.convolution_width);
  text.add("chunk_tokens", r.chunk_tokens, none.chunk_tokens);
  text.add("decay", r.decay, none.decay);
  text.add("selective", r.selective, none.selective);
  text.add("convolution_bias", r.convolution_bias, none.convolution_bias);
  return text.braced();
}

std::string experts(const ExpertsConfig& e) {
  constexpr ExpertsConfig none;
  Initialiser text;
  text.add("experts", e.experts, none.experts);
  text.add("experts_per_token", e.experts_per_token, none.experts_per_token);
  text.add("intermediate_size", e.intermediate_size, none.intermediate_size);
  text.add("shared_intermediate_size", e.shared_intermediate_size, none.shared_intermediate_size);
  text.add("groups", e.groups, none.groups);
  text.add("groups_per_token", e.groups_per_token, none.groups_per_token);
  text.add("scoring", e.scoring, none.scoring);
  text.add("selection_bias", e.selection_bias, none.selection_bias);
  text.add("normalised", e.normalised, none.normalised);
  text.add("scaled", e.scaled, none.scaled);
  text.add("shared_gate", e.shared_gate, none.shared_gate);
  text.add("bias", e.bias, none.bias);
  return text.braced();
}

std::string model(const ModelConfig& m) {
  const ModelConfig none;
  Initialiser text(",\n    ");
  text.add("name", literal(m.name.view()));
  text.add("hidden_size", m.hidden_size, none.hidden_size);
  text.add("vocabulary_size", m.vocabulary_size, none.vocabulary_size);
  text.add("maximum_context", m.maximum_context, none.maximum_context);
  text.add("layer_groups", groups(m));
  if (!(m.layer_order == none.layer_order)) text.add("layer_order", order(m));
  if (!(m.heads == none.heads)) text.add("heads", heads(m.heads));
  text.add("rotary_dimension", m.rotary_dimension, none.rotary_dimension);
  text.add("local_rotary_only", m.local_rotary_only, none.local_rotary_only);
  text.add("sliding_window", m.sliding_window, none.sliding_window);
  text.add("query_key_norm", m.query_key_norm, none.query_key_norm);
  text.add("attention_bias", m.attention_bias, none.attention_bias);
  text.add("attention_output_bias", m.attention_output_bias, none.attention_output_bias);
  text.add("attention_gate", m.attention_gate, none.attention_gate);
  text.add("attention_sinks", m.attention_sinks, none.attention_sinks);
  text.add("score_softcap", m.score_softcap, none.score_softcap);
  if (!(m.latent == none.latent)) text.add("latent", latent(m.latent));
  if (!(m.recurrence == none.recurrence)) text.add("recurrence", recurrence(m.recurrence));
  text.add("intermediate_size", m.intermediate_size, none.intermediate_size);
  text.add("activation", m.activation, none.activation);
  text.add("gated_feed_forward", m.gated_feed_forward, none.gated_feed_forward);
  text.add("feed_forward_bias", m.feed_forward_bias, none.feed_forward_bias);
  if (!(m.experts == none.experts)) text.add("experts", experts(m.experts));
  text.add("norm", m.norm, none.norm);
  text.add("norm_placement", m.norm_placement, none.norm_placement);
  text.add("tied_embeddings", m.tied_embeddings, none.tied_embeddings);
  text.add("scaled_embedding", m.scaled_embedding, none.scaled_embedding);
  text.add("logit_softcap", m.logit_softcap, none.logit_softcap);
  return fmt::format("inline constexpr ModelConfig {}{{\n    {},\n}};\n", identifier(m.name.view()),
                     text.members());
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
