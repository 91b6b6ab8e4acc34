// SPDX-License-Identifier: Apache-2.0
//
// How each family of models spells itself in a config.json, after the implementations and defaults of Hugging Face's
// transformers. Keys that a family's reader does not know are errors, because they might cost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/io/model_reading.hpp"
#include "opcost/model/model_config.hpp"

namespace opcost {
namespace detail {

/// What most dense families have in common.
inline void read_dense(ModelReading& model) {
  model.sizes();
  model.heads();
  model.intermediate_size();
  model.activation();
}

inline void read_llama(ModelReading& model) {
  read_dense(model);
  model.attention_bias(false, true);
  model.config.feed_forward_bias = bool_or(model.keys, "mlp_bias", false);
  model.windows();
}

inline void read_mistral(ModelReading& model) {
  read_dense(model);
  model.windows();
}

inline void read_mixtral(ModelReading& model) {
  model.sizes();
  model.heads();
  model.experts("num_local_experts", "num_experts_per_tok", "intermediate_size");
  model.config.experts.normalised = true;
  model.activation();
  model.windows();
}

inline void read_qwen2(ModelReading& model) {
  read_dense(model);
  model.config.attention_bias = bool_or(model.keys, "attention_bias", true);
  model.windows();
}

/// The experts of Qwen 2, 3, 3-Next and 3.5; of some layers only where the config says so.
inline void read_qwen_experts(ModelReading& model, bool shared, bool normalised) {
  model.experts("num_experts", "num_experts_per_tok", "moe_intermediate_size");
  ExpertsConfig& experts = model.config.experts;
  experts.normalised = bool_or(model.keys, "norm_topk_prob", normalised);
  if (shared) {
    experts.shared_intermediate_size = model.keys.member("shared_expert_intermediate_size").as_integer(1);
    experts.shared_gate = true;
  }
  model.sparse_step();
}

inline void read_qwen2_moe(ModelReading& model) {
  model.sizes();
  model.heads();
  model.activation();
  model.config.attention_bias = bool_or(model.keys, "qkv_bias", true);
  read_qwen_experts(model, true, false);
  model.windows();
}

inline void read_qwen3(ModelReading& model) {
  read_dense(model);
  model.attention_bias(false, true);
  model.config.feed_forward_bias = bool_or(model.keys, "mlp_bias", false);
  model.config.query_key_norm = QueryKeyNorm::head;
  model.windows();
}

inline void read_qwen3_moe(ModelReading& model) {
  model.sizes();
  model.heads();
  model.activation();
  model.attention_bias(false, true);
  model.config.query_key_norm = QueryKeyNorm::head;
  read_qwen_experts(model, false, false);
  model.windows();
}

/// Gated DeltaNet in most layers, gated attention in every full_attention_interval-th.
inline void read_qwen_hybrid(ModelReading& model) {
  model.sizes();
  model.heads();
  model.activation();
  model.partial_rotary(0.25);
  model.attention_bias(false, true);
  model.config.query_key_norm = QueryKeyNorm::head;
  model.config.attention_gate = bool_or(model.keys, "attn_output_gate", true);
  RecurrenceConfig& rule = model.config.recurrence;
  rule.key_heads = model.keys.member("linear_num_key_heads").as_integer(1);
  rule.value_heads = model.keys.member("linear_num_value_heads").as_integer(1);
  rule.key_dimension = model.keys.member("linear_key_head_dim").as_integer(1);
  rule.value_dimension = model.keys.member("linear_value_head_dim").as_integer(1);
  rule.convolution_width = model.keys.member("linear_conv_kernel_dim").as_integer(1);
  const auto interval = static_cast<std::size_t>(integer_or(model.keys, "full_attention_interval", 1, 4));
  if (!model.layer_types("", TokenMixer::delta_rule)) {
    for (std::size_t i = 0; i < model.layers(); ++i) {
      if ((i + 1) % interval != 0) model.mixers[i] = TokenMixer::delta_rule;
    }
  }
  require_bool(model.keys, "use_sliding_window", false);
  model.keys.ignore({"max_window_layers", "sliding_window"});
  require_string(model.keys, "mamba_ssm_dtype", "float32");
}

inline void read_qwen3_next(ModelReading& model) {
  read_qwen_hybrid(model);
  read_qwen_experts(model, true, true);
}
inline void read_qwen3_5(ModelReading& model) {
  read_qwen_hybrid(model);
  model.intermediate_size();
}

/// Norms around every block, scaled embeddings, a tied head.
inline void read_gemma(ModelReading& model, std::int32_t default_vocabulary) {
  model.config.tied_embeddings = true;
  model.sizes(default_vocabulary);
  model.heads();
  model.intermediate_size();
  model.activation(model.keys.present("hidden_activation") ? "hidden_activation" : "hidden_act");
  model.keys.optional("hidden_act");
  model.attention_bias(false, true);
  model.config.norm_placement = NormPlacement::before_and_after;
  model.config.scaled_embedding = true;
  model.config.score_softcap = model.keys.present("attn_logit_softcapping").has_value();
  model.config.logit_softcap = model.keys.present("final_logit_softcapping").has_value();
}

inline void read_gemma2(ModelReading& model) {
  read_gemma(model, 256000);
  model.windows(2);
  model.keys.ignore({"sliding_window_size"});
}

inline void read_gemma3(ModelReading& model) {
  read_gemma(model, 262208);
  model.config.feed_forward_bias = bool_or(model.keys, "mlp_bias", false);
  model.config.query_key_norm = QueryKeyNorm::head;
  model.windows(6);
}

/// Layers that turn queries and keys attend within chunks of attention_chunk_size tokens; every
/// no_rope_layer_interval-th attends to everything and turns nothing. A chunk counts as a sliding window of its size:
/// a token then sees as many keys as the last of a chunk does, about twice the average.
inline void read_llama4(ModelReading& model) {
  JsonObject& keys = model.keys;
  model.sizes();
  model.heads();
  model.activation();
  model.attention_bias(false, true);
  model.config.local_rotary_only = true;
  if (bool_or(keys, "use_qk_norm", true)) model.config.query_key_norm = QueryKeyNorm::unweighted;
  model.experts("num_local_experts", "num_experts_per_tok", "intermediate_size");
  ExpertsConfig& experts = model.config.experts;
  experts.shared_intermediate_size = experts.intermediate_size;
  experts.scoring = GateScoring::sigmoid;

  const auto step = static_cast<std::size_t>(integer_or(keys, "interleave_moe_layer_step", 1, 1));
  const auto listed = keys.present("moe_layers");
  if (listed) {
    model.feed_forwards.assign(model.layers(), FeedForward::dense);
    for (const JsonNode& layer : listed->as_array()) {
      const auto index = static_cast<std::size_t>(layer.as_integer(0));
      if (index >= model.layers()) layer.fail("the index of a layer, below " + std::to_string(model.layers()));
      model.feed_forwards[index] = FeedForward::experts;
    }
  } else {
    for (std::size_t i = 0; i < model.layers(); ++i) {
      if ((i + 1) % step != 0) model.feed_forwards[i] = FeedForward::dense;
    }
  }
  model.intermediate_size("intermediate_size_mlp");

  const auto interval = static_cast<std::size_t>(integer_or(keys, "no_rope_layer_interval", 1, 4));
  const auto chunk = keys.present("attention_chunk_size");
  const auto turned = keys.present("no_rope_layers");
  std::vector<JsonNode> turned_layers;
  if (turned) turned_layers = turned->as_array();
  if (!turned_layers.empty() && turned_layers.size() != model.layers()) {
    turned->fail("one entry for each of the " + std::to_string(model.layers()) + " layers");
  }
  const bool named = model.layer_types("chunked_attention");
  bool any_local = false;
  for (std::size_t i = 0; i < model.layers(); ++i) {
    if (!named) {
      const bool turns = turned_layers.empty() ? (i + 1) % interval != 0 : turned_layers[i].as_integer(0) != 0;
      model.mixers[i] = turns && chunk ? TokenMixer::local_attention : TokenMixer::attention;
    }
    any_local = any_local || model.mixers[i] == TokenMixer::local_attention;
  }
  if (any_local) model.config.sliding_window = keys.member("attention_chunk_size").as_integer(1);
  keys.ignore({"attn_scale", "attn_temperature_tuning", "floor_scale", "for_llm_compressor"});
}

/// Softmax gate; only group_limited_greedy limits the choice to groups.
inline void read_deepseek_v2(ModelReading& model) {
  model.sizes();
  model.latent_attention();
  model.activation();
  model.experts("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
  model.shared_experts("n_shared_experts");
  ExpertsConfig& experts = model.config.experts;
  const auto method = model.keys.present("topk_method");
  const std::string text = method ? method->as_string() : "greedy";
  if (text == "group_limited_greedy") {
    model.expert_groups("n_group", "topk_group");
  } else if (text == "greedy") {
    model.keys.ignore({"n_group", "topk_group"});
  } else {
    method->fail("greedy or group_limited_greedy");
  }
  require_string(model.keys, "scoring_func", "softmax");
  experts.normalised = bool_or(model.keys, "norm_topk_prob", false);
  const auto scale = model.keys.present("routed_scaling_factor");
  experts.scaled = scale && scale->as_number(0.0) != 1.0;
  model.first_dense();
}

/// Sigmoid gate with a bias for the choice, which balances the load without a loss.
inline void read_sigmoid_gate(ModelReading& model) {
  ExpertsConfig& experts = model.config.experts;
  experts.scoring = GateScoring::sigmoid;
  experts.selection_bias = true;
  model.expert_groups("n_group", "topk_group");
  require_string(model.keys, "topk_method", "noaux_tc");
  require_string(model.keys, "scoring_func", "sigmoid");
  experts.normalised = bool_or(model.keys, "norm_topk_prob", true);
  const auto scale = model.keys.present("routed_scaling_factor");
  experts.scaled = scale && scale->as_number(0.0) != 1.0;
}

inline void read_deepseek_v3(ModelReading& model) {
  model.sizes();
  model.latent_attention();
  model.activation();
  model.experts("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
  model.shared_experts("n_shared_experts");
  read_sigmoid_gate(model);
  model.first_dense();
}

inline void read_deepseek_v32(ModelReading& model) {
  read_deepseek_v3(model);
  model.indexer(64, 128, 2048);
}

inline void read_glm_moe_dsa(ModelReading& model) {
  read_deepseek_v3(model);
  model.indexer(32, 128, 2048);
  model.require_every("indexer_types", "full");
  model.require_layers_listed("mlp_layer_types");
  model.keys.ignore({"indexer_rope_interleave"});
}

/// Kimi delta attention in the layers that linear_attn_config lists, counted from 1; latent attention in the others.
inline void read_kimi_linear(ModelReading& model) {
  JsonObject& keys = model.keys;
  model.sizes();
  model.latent_attention();
  model.activation();
  model.experts("num_experts", "num_experts_per_token", "moe_intermediate_size");
  model.shared_experts("num_shared_experts");
  ExpertsConfig& experts = model.config.experts;
  experts.scoring = GateScoring::sigmoid;
  experts.selection_bias = true;
  require_string(keys, "moe_router_activation_func", "sigmoid");
  experts.normalised = bool_or(keys, "moe_renormalize", true);
  const auto scale = keys.present("routed_scaling_factor");
  experts.scaled = scale && scale->as_number(0.0) != 1.0;
  if (bool_or(keys, "use_grouped_topk", true)) {
    model.expert_groups("num_expert_group", "topk_group");
  } else {
    keys.ignore({"num_expert_group", "topk_group"});
  }
  if (model.config.maximum_context == 0) model.config.maximum_context = integer_or(keys, "model_max_length", 1, 0);
  // whether 64 of a head's 192 dimensions are turned is too little to count
  keys.ignore({"mla_use_nope", "model_max_length"});
  model.first_dense();

  JsonObject linear(keys.member("linear_attn_config"));
  RecurrenceConfig& rule = model.config.recurrence;
  rule.key_heads = rule.value_heads = linear.member("num_heads").as_integer(1);
  rule.key_dimension = rule.value_dimension = linear.member("head_dim").as_integer(1);
  rule.convolution_width = linear.member("short_conv_kernel_size").as_integer(1);
  rule.decay = DeltaRuleDecay::per_channel;
  std::vector<bool> listed(model.layers(), false);
  const auto mark = [&](const char* key, TokenMixer mixer) {
    for (const JsonNode& layer : linear.member(key).as_array()) {
      const auto index = static_cast<std::size_t>(layer.as_integer(1)) - 1;
      if (index >= model.layers()) layer.fail("a layer, counted from 1 to " + std::to_string(model.layers()));
      if (listed[index]) layer.fail("each layer once in kda_layers or full_attn_layers");
      listed[index] = true;
      model.mixers[index] = mixer;
    }
  };
  mark("kda_layers", TokenMixer::delta_rule);
  mark("full_attn_layers", TokenMixer::latent_attention);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (!listed[i]) {
      linear.node().fail("every layer in kda_layers or full_attn_layers; layer " + std::to_string(i + 1) +
                         " is in none");
    }
  }
  linear.finish();
}

inline void read_glm4_moe(ModelReading& model) {
  model.sizes();
  model.heads();
  model.activation();
  model.partial_rotary(0.5);
  model.attention_bias(false, false);
  if (bool_or(model.keys, "use_qk_norm", false)) model.config.query_key_norm = QueryKeyNorm::head;
  model.experts("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
  model.shared_experts("n_shared_experts");
  read_sigmoid_gate(model);
  model.first_dense();
}

/// Attention sinks, biases everywhere, the softmax over the chosen experts only.
inline void read_gpt_oss(ModelReading& model) {
  model.sizes();
  model.heads();
  model.activation();
  model.attention_bias(true, true);
  model.config.attention_sinks = true;
  const bool short_key = !model.keys.present("num_experts_per_tok") && model.keys.present("experts_per_token");
  model.experts("num_local_experts", short_key ? "experts_per_token" : "num_experts_per_tok", "intermediate_size");
  ExpertsConfig& experts = model.config.experts;
  experts.scoring = GateScoring::softmax_of_selected;
  experts.bias = true;
  model.windows(2);
  model.keys.ignore({"experts_per_token", "initial_context_length", "swiglu_limit"});
}

inline void read_minimax_m2(ModelReading& model) {
  JsonObject& keys = model.keys;
  model.sizes();
  model.heads();
  model.activation();
  if (const auto turned = keys.present("rotary_dim")) {
    model.config.rotary_dimension = turned->as_integer(0);
    if (model.config.rotary_dimension > model.config.heads.query_key_dimension) {
      turned->fail("at most head_dim, " + std::to_string(model.config.heads.query_key_dimension));
    }
  }
  if (bool_or(keys, "use_qk_norm", false)) {
    model.config.query_key_norm = QueryKeyNorm::projection;
    require_string(keys, "qk_norm_type", "per_layer");
  }
  if (const auto types = keys.present("attn_type_list")) {
    const auto list = types->as_array();
    if (list.size() != model.layers()) {
      types->fail("one entry for each of the " + std::to_string(model.layers()) + " layers");
    }
    for (const JsonNode& type : list) {
      if (type.as_integer(0) != 1) type.fail("1, softmax attention: nothing else is supported");
    }
  }
  model.experts("num_local_experts", "num_experts_per_tok", "intermediate_size");
  ExpertsConfig& experts = model.config.experts;
  experts.shared_intermediate_size = integer_or(keys, "shared_intermediate_size", 0, 0);
  experts.selection_bias = bool_or(keys, "use_routing_bias", false);
  experts.normalised = true;
  const auto scoring = keys.present("scoring_func");
  const std::string text = scoring ? scoring->as_string() : "softmax";
  if (text == "sigmoid") {
    experts.scoring = GateScoring::sigmoid;
  } else if (text != "softmax") {
    scoring->fail("sigmoid or softmax");
  }
  keys.ignore({"layernorm_full_attention_beta", "layernorm_linear_attention_beta", "layernorm_mlp_beta",
               "mlp_intermediate_size", "mtp_transformer_layers", "num_mtp_modules", "output_attentions",
               "postnorm", "shared_moe_mode", "use_mtp"});
}

/// A layer is one block: M a Mamba-2 scan, * attention, - a feed-forward block, E experts.
inline void read_nemotron_h(ModelReading& model) {
  JsonObject& keys = model.keys;
  model.sizes();
  model.heads(keys.present("head_dim") ? "head_dim" : "attention_head_dim");
  keys.ignore({"attention_head_dim", "mamba_num_groups", "mamba_state_dim"});
  model.config.rotary_dimension = 0;  // no position in its attention
  model.activation("mlp_hidden_act");
  model.config.gated_feed_forward = false;
  model.attention_bias(false, true);
  model.config.feed_forward_bias = bool_or(keys, "mlp_bias", false);
  require_bool(keys, "use_bias", false);
  require_bool(keys, "mamba_proj_bias", false);

  const JsonNode node = keys.member("hybrid_override_pattern");
  const std::string pattern = node.as_string();
  if (pattern.size() != model.layers()) {
    node.fail("one character for each of the " + std::to_string(model.layers()) + " layers, here " +
              std::to_string(pattern.size()));
  }
  bool dense = false;
  bool sparse = false;
  bool scans = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    model.mixers[i] = pattern[i] == 'M'   ? TokenMixer::state_space
                      : pattern[i] == '*' ? TokenMixer::attention
                                          : TokenMixer::none;
    model.feed_forwards[i] = pattern[i] == '-'   ? FeedForward::dense
                             : pattern[i] == 'E' ? FeedForward::experts
                                                 : FeedForward::none;
    if (pattern[i] != 'M' && pattern[i] != '*' && pattern[i] != '-' && pattern[i] != 'E') {
      node.fail("a pattern of M, *, - and E");
    }
    scans = scans || pattern[i] == 'M';
    dense = dense || pattern[i] == '-';
    sparse = sparse || pattern[i] == 'E';
  }
  if (dense) model.intermediate_size();
  if (scans) {
    RecurrenceConfig& scan = model.config.recurrence;
    scan.key_heads = keys.member("n_groups").as_integer(1);
    scan.key_dimension = keys.member("ssm_state_size").as_integer(1);
    scan.value_heads = keys.member("mamba_num_heads").as_integer(1);
    scan.value_dimension = keys.member("mamba_head_dim").as_integer(1);
    scan.convolution_width = keys.member("conv_kernel").as_integer(1);
    scan.convolution_bias = bool_or(keys, "use_conv_bias", true);
    scan.chunk_tokens = integer_or(keys, "chunk_size", 1, 128);
  }
  if (sparse) {
    const std::vector<FeedForward> kinds = model.feed_forwards;
    model.experts("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
    model.feed_forwards = kinds;
    ExpertsConfig& experts = model.config.experts;
    const double shared = double(integer_or(keys, "n_shared_experts", 0, 1)) *
                          integer_or(keys, "moe_shared_expert_intermediate_size", 0, 0);
    experts.shared_intermediate_size = shared > 2147483647.0 ? 2147483647 : static_cast<std::int32_t>(shared);
    read_sigmoid_gate(model);
  }
  keys.ignore({"chunk_size",
               "conv_kernel",
               "expand",
               "hidden_act",
               "intermediate_size",
               "mamba_head_dim",
               "mamba_hidden_act",
               "mamba_num_heads",
               "moe_intermediate_size",
               "moe_shared_expert_intermediate_size",
               "n_group",
               "n_groups",
               "n_routed_experts",
               "n_shared_experts",
               "norm_topk_prob",
               "num_experts_per_tok",
               "num_logits_to_keep",
               "partial_rotary_factor",
               "rescale_prenorm_residual",
               "residual_in_fp32",
               "routed_scaling_factor",
               "sliding_window",
               "ssm_state_size",
               "time_step_floor",
               "time_step_limit",
               "time_step_max",
               "time_step_min",
               "time_step_rank",
               "topk_group",
               "use_conv_bias"});
}

inline void read_phi3(ModelReading& model) {
  read_dense(model);
  model.partial_rotary(1.0);
  require_bool(model.keys, "attention_bias", false);
  require_bool(model.keys, "lm_head_bias", false);
  require_bool(model.keys, "mlp_bias", false);
  model.windows();
  model.keys.ignore({"full_attn_mod", "interpolate_factor"});
}

/// Norms after the blocks, and over all queries and all keys of a token.
inline void read_olmo2(ModelReading& model) {
  read_dense(model);
  model.attention_bias(false, true);
  model.config.norm_placement = NormPlacement::after;
  model.config.query_key_norm = QueryKeyNorm::projection;
}
inline void read_olmo3(ModelReading& model) {
  read_olmo2(model);
  model.windows(4);
}

inline void read_granite(ModelReading& model) {
  read_llama(model);
  model.config.scaled_embedding = model.keys.present("embedding_multiplier").has_value();
  model.keys.ignore({"attention_multiplier", "logits_scaling", "residual_multiplier"});
}

/// Attention and feed-forward side by side behind one LayerNorm without bias. In Cohere 2 every
/// sliding_window_pattern-th layer attends to everything and turns nothing.
inline void read_cohere(ModelReading& model) {
  model.config.tied_embeddings = true;
  read_dense(model);
  model.attention_bias(false, true);
  model.config.norm = NormKind::layer_no_bias;
  model.config.norm_placement = NormPlacement::parallel;
  require_bool(model.keys, "use_qk_norm", false);
  model.keys.ignore({"logit_scale"});
}
inline void read_cohere2(ModelReading& model) {
  read_cohere(model);
  model.config.local_rotary_only = true;
  model.windows(4);
  model.keys.ignore({"layer_switch", "order_of_interleaved_layers", "position_embedding_type", "rotary_pct",
                     "use_embedding_sharing", "use_gated_activation", "use_parallel_block",
                     "use_parallel_embedding"});
}

struct ModelFamily {
  std::string_view model_type;
  void (*read)(ModelReading&);
};

/// Every family, by its `model_type`.
inline constexpr std::array<ModelFamily, 31> model_families{{
    {"cohere", read_cohere},
    {"cohere2", read_cohere2},
    {"deepseek_v2", read_deepseek_v2},
    {"deepseek_v3", read_deepseek_v3},
    {"deepseek_v32", read_deepseek_v32},
    {"gemma2", read_gemma2},
    {"gemma3_text", read_gemma3},
    {"glm4_moe", read_glm4_moe},
    {"glm_moe_dsa", read_glm_moe_dsa},
    {"gpt_oss", read_gpt_oss},
    {"granite", read_granite},
    {"kimi_k2", read_deepseek_v3},
    {"kimi_linear", read_kimi_linear},
    {"llama", read_llama},
    {"llama4_text", read_llama4},
    {"minimax_m2", read_minimax_m2},
    {"mistral", read_mistral},
    {"mixtral", read_mixtral},
    {"nemotron_h", read_nemotron_h},
    {"olmo2", read_olmo2},
    {"olmo3", read_olmo3},
    {"phi3", read_phi3},
    {"qwen2", read_qwen2},
    {"qwen2_moe", read_qwen2_moe},
    {"qwen3", read_qwen3},
    {"qwen3_5_moe_text", read_qwen3_next},
    {"qwen3_5_text", read_qwen3_5},
    {"qwen3_moe", read_qwen3_moe},
    {"qwen3_next", read_qwen3_next},
    {"qwen3_vl_moe_text", read_qwen3_moe},
    {"qwen3_vl_text", read_qwen3},
}};

/// A multimodal model's `model_type`, and the type of the language model in its text_config.
struct ModelWrapper {
  std::string_view model_type;
  std::string_view text_type;
};

inline constexpr std::array<ModelWrapper, 8> model_wrappers{{
    {"gemma3", "gemma3_text"},
    {"kimi_k25", "kimi_k2"},
    {"llama4", "llama4_text"},
    {"mistral3", "mistral"},
    {"qwen3_5", "qwen3_5_text"},
    {"qwen3_5_moe", "qwen3_5_moe_text"},
    {"qwen3_vl", "qwen3_vl_text"},
    {"qwen3_vl_moe", "qwen3_vl_moe_text"},
}};

}  // namespace detail
}  // namespace opcost
