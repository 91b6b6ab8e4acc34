// SPDX-License-Identifier: Apache-2.0
//
// Making JSON for the readers: a text with one place changed, and values written out.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/io/json.hpp"
#include "opcost/model/model_config.hpp"

namespace opcost::testing {

/// `text` with `from`, which occurs exactly once, replaced.
inline std::string changed(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    throw std::logic_error("not exactly once in the text: " + std::string(from));
  }
  return text.replace(at, from.size(), to);
}

/// The message with which `read` refuses, or "accepted". Any other exception passes through.
template <class Read>
std::string complaint(Read read) {
  try {
    std::forward<Read>(read)();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

/// value · 10^−exponent, shifted in decimal text as the readers shift it back.
inline nlohmann::json shifted(double value, int exponent) {
  const std::string text = nlohmann::json(value).dump();
  const std::size_t e = text.find('e');
  const int own = e == std::string::npos ? 0 : std::stoi(text.substr(e + 1));
  return nlohmann::json::parse(text.substr(0, e) + "e" + std::to_string(own - exponent));
}
inline nlohmann::json shifted_or_null(double value, int exponent) {
  return value == 0.0 ? nlohmann::json() : shifted(value, exponent);
}

inline nlohmann::json written(const Link& link) {
  if (link.kind == LinkKind::none) return nullptr;
  nlohmann::json json{{"kind", name(link.kind)}, {"gb_per_s", shifted(link.bandwidth.value, 9)}};
  if (link.reduces) json["reduces"] = true;
  return json;
}

inline nlohmann::json written_source() {
  return {{"citations", {"nowhere"}}, {"unconfirmed", nlohmann::json::array()}, {"notes", nlohmann::json::array()}};
}

/// An accelerator in the shape of data/hardware.
inline nlohmann::json written(const Accelerator& a) {
  nlohmann::json peaks;
  for (const DataType type : data_types) {
    if (type != DataType::int4) peaks[std::string(name(type))] = shifted_or_null(a.peaks[type].value, 12);
  }
  return {{"name", a.name.view()},
          {"product", "a product"},
          {"architecture", "an architecture"},
          {"peak_tflops", peaks},
          {"memory",
           {{"capacity_gb", shifted(a.memory_capacity.value, 9)},
            {"usable_mib", shifted_or_null(a.usable_memory.value / 1048576.0, 0)},
            {"bandwidth_tb_per_s", shifted(a.memory_bandwidth.value, 12)},
            {"l2_cache_mb", shifted_or_null(a.l2_cache.value, 6)}}},
          {"multiprocessors",
           {{"count", a.multiprocessors == 0 ? nlohmann::json() : nlohmann::json(a.multiprocessors)},
            {"tensor_clock_mhz", shifted_or_null(a.tensor_clock.value, 6)},
            {"maximum_clock_mhz", shifted_or_null(a.maximum_clock.value, 6)},
            {"shared_memory_kb", shifted_or_null(a.shared_memory.value, 3)}}},
          {"links",
           {{"scale_up", written(a.scale_up)}, {"host", written(a.host)}, {"scale_out", written(a.scale_out)}}},
          {"power_watts", shifted_or_null(a.power_watts, 0)},
          {"measured", nlohmann::json::array()},
          {"source", written_source()}};
}

/// A model as a config.json of the family with its features: "gemma3_text", "qwen3" or "llama".
/// Layers are global where `global_period` divides their number, counted from 1; 0: nowhere.
inline nlohmann::json written(const ModelConfig& m, std::int32_t global_period, bool list_layer_types) {
  const std::string type = m.norm_placement == NormPlacement::before_and_after ? "gemma3_text"
                           : m.query_key_norm == QueryKeyNorm::head            ? "qwen3"
                                                                               : "llama";
  nlohmann::json config{
      {"name", m.name.view()},
      {"model_type", type},
      {"num_hidden_layers", m.layers()},
      {"hidden_size", m.hidden_size},
      {"intermediate_size", m.intermediate_size},
      {"vocab_size", m.vocabulary_size},
      {"num_attention_heads", m.heads.query_heads},
      {"num_key_value_heads", m.heads.kv_heads},
      {"head_dim", m.heads.query_key_dimension},
      {"tie_word_embeddings", m.tied_embeddings},
      {"attention_bias", m.attention_bias},
      {"mlp_bias", m.feed_forward_bias},
      {"sliding_window", m.sliding_window == 0 ? nlohmann::json() : nlohmann::json(m.sliding_window)}};
  config[type == "gemma3_text" ? "hidden_activation" : "hidden_act"] =
      m.activation == ActivationFunction::relu   ? "relu"
      : m.activation == ActivationFunction::silu ? "silu"
                                                 : "gelu_pytorch_tanh";
  if (m.maximum_context != 0) config["max_position_embeddings"] = m.maximum_context;
  if (m.sliding_window == 0) return config;
  if (list_layer_types) {
    for (std::int32_t layer = 1; layer <= m.layers(); ++layer) {
      const bool global = global_period != 0 && layer % global_period == 0;
      config["layer_types"].push_back(global ? "full_attention" : "sliding_attention");
    }
  } else if (global_period != 0) {
    config["sliding_window_pattern"] = global_period;
  }
  return config;
}

}  // namespace opcost::testing
