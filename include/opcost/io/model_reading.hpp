// SPDX-License-Identifier: Apache-2.0
//
// What the readers of model families share: sizes, heads, windows, experts and the keys that cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/model/model_config.hpp"

namespace opcost::detail {

/// Keys of a config.json that decide nothing that we count. Layers for multi-token prediction are not part of the
/// model's own step, so their number is among them.
inline void ignore_costless_keys(JsonObject& config) {
  config.ignore({"_attn_implementation_autoset",
                 "_commit_hash",
                 "_name_or_path",
                 "architectures",
                 "attention_dropout",
                 "attn_factor",
                 "attn_implementation",
                 "auto_map",
                 "aux_loss_alpha",
                 "boi_token_index",
                 "bos_token_id",
                 "cache_implementation",
                 "dtype",
                 "embd_pdrop",
                 "eoi_token_index",
                 "eos_token_id",
                 "ep_size",
                 "hidden_dropout",
                 "image_token_id",
                 "image_token_index",
                 "initializer_range",
                 "layer_norm_eps",
                 "layer_norm_epsilon",
                 "mm_tokens_per_image",
                 "model_type",
                 "mtp_num_hidden_layers",
                 "mtp_use_dedicated_embeddings",
                 "norm_eps",
                 "num_nextn_predict_layers",
                 "original_max_position_embeddings",
                 "output_router_logits",
                 "pad_token_id",
                 "pretraining_tp",
                 "query_pre_attn_scalar",
                 "resid_pdrop",
                 "rms_norm_eps",
                 "rope_interleave",
                 "rope_local_base_freq",
                 "rope_scaling",
                 "rope_theta",
                 "router_aux_loss_coef",
                 "router_jitter_noise",
                 "seq_aux",
                 "spatial_merge_size",
                 "torch_dtype",
                 "transformers_version",
                 "unk_token_id",
                 "use_mrope",
                 "use_bidirectional_attention",
                 "use_cache",
                 "use_mamba_kernels",
                 "video_token_id",
                 "vision_config",
                 "vision_end_token_id",
                 "vision_feature_layer",
                 "vision_start_token_id"});
}

/// Keys that transformers writes out with their defaults in some files: of generation and of tasks other than ours.
inline void ignore_generic_keys(JsonObject& config) {
  config.ignore({"add_cross_attention",
                 "bad_words_ids",
                 "begin_suppress_tokens",
                 "chunk_size_feed_forward",
                 "cross_attention_hidden_size",
                 "decoder_start_token_id",
                 "diversity_penalty",
                 "do_sample",
                 "early_stopping",
                 "encoder_no_repeat_ngram_size",
                 "exponential_decay_length_penalty",
                 "finetuning_task",
                 "forced_bos_token_id",
                 "forced_eos_token_id",
                 "id2label",
                 "is_decoder",
                 "is_encoder_decoder",
                 "label2id",
                 "length_penalty",
                 "max_length",
                 "min_length",
                 "no_repeat_ngram_size",
                 "num_beam_groups",
                 "num_beams",
                 "num_return_sequences",
                 "output_attentions",
                 "output_hidden_states",
                 "output_scores",
                 "prefix",
                 "problem_type",
                 "pruned_heads",
                 "remove_invalid_values",
                 "repetition_penalty",
                 "return_dict",
                 "return_dict_in_generate",
                 "sep_token_id",
                 "suppress_tokens",
                 "task_specific_params",
                 "temperature",
                 "tf_legacy_loss",
                 "tie_encoder_decoder",
                 "tokenizer_class",
                 "top_k",
                 "top_p",
                 "torchscript",
                 "typical_p",
                 "use_bfloat16"});
}

inline bool bool_or(JsonObject& object, const std::string& key, bool otherwise) {
  const auto node = object.present(key);
  return node ? node->as_bool() : otherwise;
}

inline std::int32_t integer_or(JsonObject& object, const std::string& key, std::int32_t minimum,
                               std::int32_t otherwise) {
  const auto node = object.present(key);
  return node ? node->as_integer(minimum) : otherwise;
}

/// Refuses the value of a key whose other values are not supported.
inline void require_bool(JsonObject& object, const std::string& key, bool supported) {
  const auto node = object.present(key);
  if (node && node->as_bool() != supported)
    node->fail(supported ? "true: nothing else is supported" : "false: nothing else is supported");
}
inline void require_string(JsonObject& object, const std::string& key, const std::string& supported) {
  const auto node = object.present(key);
  if (node && node->as_string() != supported) node->fail(supported + ": nothing else is supported");
}

/// A config.json that is being read, and the model so far.
struct ModelReading {
  JsonObject& keys;
  ModelConfig config{};
  std::vector<TokenMixer> mixers{};          ///< Of each layer.
  std::vector<FeedForward> feed_forwards{};  ///< Of each layer.

  std::size_t layers() const noexcept { return mixers.size(); }

  /// num_hidden_layers, hidden_size, vocab_size, max_position_embeddings and whether embeddings are tied; every layer
  /// is full attention and a dense block until something else is said.
  void sizes(std::int32_t default_vocabulary = 0) {
    const JsonNode count_node = keys.member("num_hidden_layers");
    const std::int32_t count = count_node.as_integer(1);
    if (count > layer_capacity) count_node.fail("at most " + std::to_string(layer_capacity) + " layers");
    mixers.assign(static_cast<std::size_t>(count), TokenMixer::attention);
    feed_forwards.assign(static_cast<std::size_t>(count), FeedForward::dense);
    config.hidden_size = keys.member("hidden_size").as_integer(1);
    const auto vocabulary = default_vocabulary > 0 ? keys.present("vocab_size") : keys.member("vocab_size");
    config.vocabulary_size = vocabulary ? vocabulary->as_integer(1) : default_vocabulary;
    config.maximum_context = integer_or(keys, "max_position_embeddings", 1, 0);
    config.tied_embeddings = bool_or(keys, "tie_word_embeddings", config.tied_embeddings);
  }

  /// num_attention_heads, num_key_value_heads and head_dim, all of whose dimensions are turned.
  void heads(const std::string& head_dimension_key = "head_dim") {
    const JsonNode query_heads = keys.member("num_attention_heads");
    config.heads.query_heads = query_heads.as_integer(1);
    const auto kv_heads = keys.present("num_key_value_heads");
    config.heads.kv_heads = kv_heads ? kv_heads->as_integer(1) : config.heads.query_heads;
    if (config.heads.query_heads % config.heads.kv_heads != 0) {
      kv_heads->fail("a divisor of num_attention_heads, " + std::to_string(config.heads.query_heads));
    }
    const auto head_dimension = keys.present(head_dimension_key);
    if (!head_dimension && config.hidden_size % config.heads.query_heads != 0) {
      query_heads.fail("a divisor of hidden_size where there is no head_dim");
    }
    config.heads.query_key_dimension =
        head_dimension ? head_dimension->as_integer(1) : config.hidden_size / config.heads.query_heads;
    config.heads.value_dimension = config.heads.query_key_dimension;
    config.rotary_dimension = config.heads.query_key_dimension;
    keys.optional("rope_parameters");
  }

  /// partial_rotary_factor, at the top or in rope_parameters: the share of a head that is turned.
  void partial_rotary(double otherwise) {
    double factor = otherwise;
    auto node = keys.present("partial_rotary_factor");
    if (const auto parameters = keys.present("rope_parameters"); !node && parameters && parameters->is_object()) {
      JsonObject rope(*parameters);
      node = rope.present("partial_rotary_factor");
    }
    if (node) {
      factor = node->as_number(0.0);
      if (factor > 1.0) node->fail("a share from 0 to 1");
    }
    config.rotary_dimension = static_cast<std::int32_t>(config.heads.query_key_dimension * factor);
  }

  void intermediate_size(const std::string& key = "intermediate_size") {
    config.intermediate_size = keys.member(key).as_integer(1);
  }

  void activation(const std::string& key = "hidden_act") {
    const JsonNode node = keys.member(key);
    const std::string text = node.as_string();
    if (text == "silu" || text == "swish") {
      config.activation = ActivationFunction::silu;
    } else if (text == "gelu_pytorch_tanh" || text == "gelu_new") {
      config.activation = ActivationFunction::gelu_tanh;
    } else if (text == "relu") {
      config.activation = ActivationFunction::relu;
    } else if (text == "relu2") {
      config.activation = ActivationFunction::relu_squared;
    } else {
      node.fail("one of: silu, gelu_pytorch_tanh, relu, relu2");
    }
  }

  /// attention_bias: of the query, key and value projection, and of the output projection too.
  void attention_bias(bool otherwise, bool of_output) {
    config.attention_bias = bool_or(keys, "attention_bias", otherwise);
    config.attention_output_bias = of_output && config.attention_bias;
  }

  /// layer_types, where given: sets the mixers, `local` standing for the windowed kind. False where not given.
  bool layer_types(const std::string& local, const std::optional<TokenMixer>& linear = std::nullopt) {
    const auto node = keys.present("layer_types");
    if (!node) return false;
    const std::vector<JsonNode> types = node->as_array();
    if (types.size() != layers()) {
      node->fail("one entry for each of the " + std::to_string(layers()) + " layers");
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
      const std::string text = types[i].as_string();
      if (text == "full_attention") {
        mixers[i] = TokenMixer::attention;
      } else if (!local.empty() && text == local) {
        mixers[i] = TokenMixer::local_attention;
      } else if (linear && text == "linear_attention") {
        mixers[i] = *linear;
      } else {
        types[i].fail("full_attention or " + (linear ? std::string("linear_attention") : local));
      }
    }
    return true;
  }

  /// Sliding windows, which every family spells differently: sliding_window and use_sliding_window; which layers have
  /// it by layer_types, by sliding_window_pattern (every so many is global), by max_window_layers (those from there
  /// on are local: Qwen), else by `default_period`; 0: all of them.
  void windows(std::int32_t default_period = 0, std::int32_t default_window = 0) {
    const auto window = keys.present("sliding_window");
    const bool used = bool_or(keys, "use_sliding_window", true);
    const auto first_windowed = keys.present("max_window_layers");
    auto period_node = keys.present("sliding_window_pattern");
    if (!period_node) period_node = keys.present("_sliding_window_pattern");
    const bool listed = layer_types("sliding_attention");
    const bool has_window = window || (default_window > 0 && !keys.optional("sliding_window"));
    if (!has_window || !used) {
      for (const TokenMixer mixer : mixers) {
        if (mixer == TokenMixer::local_attention) {
          keys.member("layer_types").fail("full_attention throughout where no sliding_window is in use");
        }
      }
      return;
    }
    config.sliding_window = window ? window->as_integer(1) : default_window;
    if (!listed) {
      const auto period = static_cast<std::size_t>(period_node ? period_node->as_integer(1) : default_period);
      const auto first = static_cast<std::size_t>(first_windowed ? first_windowed->as_integer(0) : 0);
      for (std::size_t i = 0; i < layers(); ++i) {
        const bool global = (period != 0 && (i + 1) % period == 0) || i < first;
        mixers[i] = global ? TokenMixer::attention : TokenMixer::local_attention;
      }
    }
    bool any_local = false;
    for (const TokenMixer mixer : mixers) any_local = any_local || mixer == TokenMixer::local_attention;
    if (!any_local) config.sliding_window = 0;
  }

  /// Routed experts, how many a token takes and how wide they are.
  void experts(const std::string& count_key, const std::string& per_token_key, const std::string& width_key) {
    ExpertsConfig& experts = config.experts;
    experts.experts = keys.member(count_key).as_integer(1);
    const JsonNode per_token = keys.member(per_token_key);
    experts.experts_per_token = per_token.as_integer(1);
    if (experts.experts_per_token > experts.experts) {
      per_token.fail("at most " + count_key + ", " + std::to_string(experts.experts));
    }
    experts.intermediate_size = keys.member(width_key).as_integer(1);
    feed_forwards.assign(layers(), FeedForward::experts);
  }

  /// n_shared_experts as wide as routed ones.
  void shared_experts(const std::string& key) {
    const auto shared = keys.present(key);
    if (!shared) return;
    const double width = double(shared->as_integer(0)) * config.experts.intermediate_size;
    if (width > 2147483647.0) shared->fail("shared experts whose width together is at most 2147483647");
    config.experts.shared_intermediate_size = static_cast<std::int32_t>(width);
  }

  /// n_group and topk_group: the choice is limited to some groups of experts.
  void expert_groups(const std::string& groups_key, const std::string& per_token_key) {
    ExpertsConfig& experts = config.experts;
    const auto groups = keys.present(groups_key);
    const auto per_token = keys.present(per_token_key);
    if (!groups) return;
    experts.groups = groups->as_integer(1);
    if (experts.experts % experts.groups != 0) {
      groups->fail("a divisor of the number of experts, " + std::to_string(experts.experts));
    }
    experts.groups_per_token = per_token ? per_token->as_integer(1) : experts.groups;
    if (experts.groups_per_token > experts.groups) {
      per_token->fail("at most " + groups_key + ", " + std::to_string(experts.groups));
    }
  }

  /// first_k_dense_replace: so many first layers are dense. moe_layer_freq: of the rest, every so many has experts.
  void first_dense() {
    const auto first = static_cast<std::size_t>(integer_or(keys, "first_k_dense_replace", 0, 0));
    const auto period = static_cast<std::size_t>(integer_or(keys, "moe_layer_freq", 1, 1));
    bool any_dense = false;
    for (std::size_t i = 0; i < layers(); ++i) {
      if (i >= first && i % period == 0) continue;
      feed_forwards[i] = FeedForward::dense;
      any_dense = true;
    }
    if (any_dense) {
      intermediate_size();
    } else {
      keys.optional("intermediate_size");
    }
  }

  /// decoder_sparse_step: every so many layers have experts. mlp_only_layers: those never have.
  void sparse_step() {
    const auto step = static_cast<std::size_t>(integer_or(keys, "decoder_sparse_step", 1, 1));
    for (std::size_t i = 0; i < layers(); ++i) {
      if ((i + 1) % step != 0) feed_forwards[i] = FeedForward::dense;
    }
    if (const auto listed = keys.present("mlp_only_layers")) {
      for (const JsonNode& layer : listed->as_array()) {
        const auto index = static_cast<std::size_t>(layer.as_integer(0));
        if (index >= layers()) layer.fail("the index of a layer, below " + std::to_string(layers()));
        feed_forwards[index] = FeedForward::dense;
      }
    }
    bool any_dense = false;
    for (const FeedForward kind : feed_forwards) any_dense = any_dense || kind == FeedForward::dense;
    if (any_dense) {
      intermediate_size();
    } else {
      keys.optional("intermediate_size");
    }
  }

  /// Multi-head latent attention in every layer. num_key_value_heads and head_dim say nothing there.
  void latent_attention() {
    LatentConfig& latent = config.latent;
    latent.heads.query_heads = keys.member("num_attention_heads").as_integer(1);
    latent.heads.latent_rank = keys.member("kv_lora_rank").as_integer(1);
    latent.heads.rope_dimension = keys.member("qk_rope_head_dim").as_integer(1);
    latent.heads.nope_dimension = keys.member("qk_nope_head_dim").as_integer(1);
    latent.heads.value_dimension = keys.member("v_head_dim").as_integer(1);
    latent.query_rank = integer_or(keys, "q_lora_rank", 1, 0);
    keys.ignore({"head_dim", "num_key_value_heads", "qk_head_dim", "rope_parameters"});
    require_bool(keys, "attention_bias", false);
    mixers.assign(layers(), TokenMixer::latent_attention);
  }

  /// The sparse attention of DeepSeek-V3.2.
  void indexer(std::int32_t default_heads, std::int32_t default_dimension, std::int32_t default_top_k) {
    config.latent.indexer_heads = integer_or(keys, "index_n_heads", 1, default_heads);
    config.latent.indexer_dimension = integer_or(keys, "index_head_dim", 1, default_dimension);
    config.latent.indexer_top_k = integer_or(keys, "index_topk", 1, default_top_k);
  }

  /// A list with a word for each layer, of which only one is supported.
  void require_every(const std::string& key, const std::string& supported) {
    const auto node = keys.present(key);
    if (!node) return;
    for (const JsonNode& word : node->as_array()) {
      if (word.as_string() != supported) word.fail(supported + ": nothing else is supported");
    }
  }

  /// mlp_layer_types, "dense" or "sparse" for each layer, which must say what other keys said.
  void require_layers_listed(const std::string& key) {
    const auto node = keys.present(key);
    if (!node) return;
    const std::vector<JsonNode> words = node->as_array();
    if (words.size() != layers()) node->fail("one entry for each of the " + std::to_string(layers()) + " layers");
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string expected = feed_forwards[i] == FeedForward::experts ? "sparse" : "dense";
      if (words[i].as_string() != expected) words[i].fail(expected + ", as first_k_dense_replace has it");
    }
  }

  /// Adds the layers in their order and checks the whole.
  ModelConfig finish() {
    for (std::size_t i = 0; i < layers(); ++i) {
      if (!config.add_layers(mixers[i], feed_forwards[i])) {
        keys.node().fail("at most " + std::to_string(layer_group_capacity) + " kinds of layers");
      }
    }
    ignore_costless_keys(keys);
    ignore_generic_keys(keys);
    keys.finish();
    if (const auto violation = config.violation()) {
      throw InputError(keys.node().file() + ": " + keys.node().pointer() +
                       (keys.node().pointer().empty() ? "" : ": ") + InvalidValue(*violation).what());
    }
    return config;
  }
};

}  // namespace opcost::detail
