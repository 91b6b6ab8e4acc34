// SPDX-License-Identifier: Apache-2.0
//
// Each family's config.json: what its reader makes of it, and every way to get its own keys wrong.
#include <catch2/catch.hpp>

#include <string>
#include <string_view>

#include "files.hpp"
#include "json_text.hpp"
#include "opcost/io/model_json.hpp"
#include "opcost/model/memory.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

std::string text_of(const std::string& name) {
  return file_text(std::filesystem::path(OPCOST_DATA_DIR) / "models" / (name + ".json"));
}
ModelFile file_of(const std::string& text) {
  return read_model(JsonDocument(text, "config.json").root(), "fallback");
}
ModelConfig config_of(const std::string& name) { return file_of(text_of(name)).config; }
std::string complaint_of(const std::string& text) {
  return complaint([&] { file_of(text); });
}
std::string with(const std::string& name, std::string_view from, std::string_view to) {
  return complaint_of(changed(text_of(name), from, to));
}
/// The model after a change that its reader accepts.
ModelConfig changed_config(const std::string& name, std::string_view from, std::string_view to) {
  return file_of(changed(text_of(name), from, to)).config;
}

LayerGroup group(const ModelConfig& model, std::size_t index) { return model.layer_groups[index]; }

const std::string whole = ", expected a whole number from 1 to 2147483647";

}  // namespace

TEST_CASE("Llama 2 and 3, Mistral") {
  const ModelConfig llama = config_of("llama-2-70b");
  CHECK(group(llama, 0) == LayerGroup{TokenMixer::attention, FeedForward::dense, 80});
  CHECK(llama.rotary_dimension == 128);
  const ModelConfig biased =
      changed_config("llama-2-70b", "\"vocab_size\"", "\"attention_bias\": true, \"vocab_size\"");
  CHECK(biased.attention_bias);
  CHECK(biased.attention_output_bias);
  const ModelConfig mistral = config_of("mistral-7b");
  CHECK(group(mistral, 0) == LayerGroup{TokenMixer::local_attention, FeedForward::dense, 32});
  CHECK(mistral.sliding_window == 4096);
  CHECK(config_of("mistral-small-24b").sliding_window == 0);
  CHECK(with("mistral-7b", "\"vocab_size\"", "\"attention_bias\": true, \"vocab_size\"")
            .rfind("config.json: /attention_bias is an unknown key", 0) == 0);
}

TEST_CASE("Mixtral") {
  const ModelConfig model = config_of("mixtral-8x7b");
  CHECK(group(model, 0) == LayerGroup{TokenMixer::attention, FeedForward::experts, 32});
  CHECK(model.experts.intermediate_size == 14336);
  CHECK(model.intermediate_size == 0);
  CHECK(model.experts.normalised);
  CHECK(with("mixtral-8x7b", "\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 9") ==
        "config.json: /num_experts_per_tok is 9, expected at most num_local_experts, 8");
  CHECK(with("mixtral-8x7b", "\"num_local_experts\": 8", "\"num_local_experts\": 0") ==
        "config.json: /num_local_experts is 0" + whole);
  CHECK(with("mixtral-8x7b", "\"num_local_experts\": 8,", "") == "config.json: /num_local_experts is missing");
}

TEST_CASE("Qwen 2 and 3") {
  const ModelConfig dense = config_of("qwen2.5-7b");
  CHECK(dense.attention_bias);
  CHECK_FALSE(dense.attention_output_bias);
  CHECK(dense.query_key_norm == QueryKeyNorm::none);
  const ModelConfig sparse = config_of("qwen3-235b-a22b");
  CHECK(group(sparse, 0) == LayerGroup{TokenMixer::attention, FeedForward::experts, 94});
  CHECK(sparse.query_key_norm == QueryKeyNorm::head);
  CHECK(sparse.intermediate_size == 0);  // the published one is used by no layer
  const ModelConfig mixed =
      changed_config("qwen3-235b-a22b", "\"mlp_only_layers\": []", "\"mlp_only_layers\": [0, 3]");
  CHECK(mixed.layers(FeedForward::dense) == 2);
  CHECK(mixed.intermediate_size == 12288);
  CHECK(changed_config("qwen3-235b-a22b", "\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 2")
            .layers(FeedForward::dense) == 47);
  CHECK(with("qwen3-235b-a22b", "\"mlp_only_layers\": []", "\"mlp_only_layers\": [94]") ==
        "config.json: /mlp_only_layers/0 is 94, expected the index of a layer, below 94");
  CHECK(with("qwen3-235b-a22b", "\"num_experts\": 128", "\"num_experts\": 128.5")
            .rfind("config.json: /num_experts is 128.5", 0) == 0);

  const std::string moe = R"({"model_type": "qwen2_moe", "num_hidden_layers": 28, "hidden_size": 3584,
    "intermediate_size": 18944, "vocab_size": 151936, "num_attention_heads": 28, "num_key_value_heads": 4,
    "hidden_act": "silu", "num_experts": 64, "num_experts_per_tok": 8, "moe_intermediate_size": 2560,
    "shared_expert_intermediate_size": 20480, "sliding_window": 131072, "use_sliding_window": false})";
  const ModelConfig qwen2 = file_of(moe).config;  // Qwen2-57B-A14B (arXiv 2407.10671, Table 1)
  CHECK(qwen2.experts.shared_gate);
  CHECK(qwen2.attention_bias);
  CHECK(parameters(qwen2) == Approx(57.4e9).epsilon(0.001));
}

TEST_CASE("Qwen3-Next and 3.5") {
  const ModelConfig model = config_of("qwen3-next-80b-a3b");
  CHECK(model.layers(TokenMixer::delta_rule) == 36);
  CHECK(model.layers(TokenMixer::attention) == 12);
  CHECK(model.attention_gate);
  CHECK(model.experts.shared_gate);
  CHECK(model.rotary_dimension == 64);
  CHECK(model.qkv_features() == 2 * 16 * 256 + 2 * 2 * 256);
  CHECK(model.recurrence.decay == DeltaRuleDecay::per_head);
  CHECK(with("qwen3-next-80b-a3b", "\"partial_rotary_factor\": 0.25", "\"partial_rotary_factor\": 1.25") ==
        "config.json: /partial_rotary_factor is 1.25, expected a share from 0 to 1");
  CHECK(with("qwen3-next-80b-a3b", "\"linear_num_key_heads\": 16", "\"linear_num_key_heads\": 15") ==
        "config.json: recurrence key_heads is 15, expected a divisor of value_heads");
  CHECK(with("qwen3-next-80b-a3b", "\"linear_conv_kernel_dim\": 4,", "") ==
        "config.json: /linear_conv_kernel_dim is missing");
  CHECK(with("qwen3-next-80b-a3b", "\"full_attention_interval\": 4", "\"full_attention_interval\": 0") ==
        "config.json: /full_attention_interval is 0" + whole);
  const ModelConfig newer = config_of("qwen3.5-397b-a17b");
  CHECK(newer.layers(TokenMixer::delta_rule) == 45);
  CHECK(newer.rotary_dimension == 64);

  // transformers 5 moves the share of a head that is turned
  const std::string dense = R"({"model_type": "qwen3_5_text", "num_hidden_layers": 4, "hidden_size": 5120,
    "intermediate_size": 17408, "vocab_size": 248320, "num_attention_heads": 24, "num_key_value_heads": 4,
    "head_dim": 256, "hidden_act": "silu", "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
    "linear_num_key_heads": 16, "linear_num_value_heads": 48, "linear_value_head_dim": 128,
    "layer_types": ["linear_attention", "full_attention", "linear_attention", "linear_attention"],
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000000, "partial_rotary_factor": 0.5}})";
  const ModelConfig qwen = file_of(dense).config;
  CHECK(qwen.rotary_dimension == 128);
  CHECK(qwen.layers(TokenMixer::delta_rule) == 3);
  CHECK(qwen.layers(FeedForward::dense) == 4);
  CHECK(complaint_of(changed(dense, "[\"linear_attention\", \"full", "[\"sliding_attention\", \"full")) ==
        "config.json: /layer_types/0 is \"sliding_attention\", expected full_attention or linear_attention");
}

TEST_CASE("Gemma 2 and 3") {
  const ModelConfig second = config_of("gemma-2-27b");
  CHECK(second.local_layers() == 23);
  CHECK(second.score_softcap);
  CHECK(second.logit_softcap);
  CHECK(second.norm_placement == NormPlacement::before_and_after);
  CHECK(second.query_key_norm == QueryKeyNorm::none);
  const ModelConfig third = config_of("gemma-3-12b");
  CHECK(third.local_layers() == 40);
  CHECK_FALSE(third.score_softcap);
  CHECK(third.query_key_norm == QueryKeyNorm::head);
  CHECK(third.tied_embeddings);
  CHECK(with("gemma-2-27b", "\"head_dim\": 128", "\"head_dim\": 129") ==
        "config.json: rotary_dimension is 129, expected an even number");
}

TEST_CASE("Llama 4") {
  const ModelConfig scout = config_of("llama-4-scout");
  CHECK(scout.local_layers() == 36);
  CHECK(scout.sliding_window == 8192);
  CHECK(scout.local_rotary_only);
  CHECK(scout.query_key_norm == QueryKeyNorm::unweighted);
  CHECK(scout.layers(FeedForward::experts) == 48);
  const ModelConfig maverick = config_of("llama-4-maverick");
  CHECK(maverick.layers(FeedForward::dense) == 24);
  CHECK(maverick.intermediate_size == 16384);
  CHECK(maverick.experts.intermediate_size == 8192);
  CHECK(maverick.experts.shared_intermediate_size == 8192);
  CHECK(maverick.query_key_norm == QueryKeyNorm::none);
  CHECK(with("llama-4-scout", "\"no_rope_layers\": []", "\"no_rope_layers\": [1, 0]") ==
        "config.json: /text_config/no_rope_layers is an array, expected one entry for each of the 48 layers");
  CHECK(with("llama-4-scout", "\"num_local_experts\": 16", "\"moe_layers\": [48], \"num_local_experts\": 16") ==
        "config.json: /text_config/moe_layers/0 is 48, expected the index of a layer, below 48");
  CHECK(with("llama-4-scout", "\"attention_chunk_size\": 8192", "\"attention_chunk_size\": -1") ==
        "config.json: /text_config/attention_chunk_size is -1" + whole);
  const ModelConfig whole_context = changed_config("llama-4-scout", "\"attention_chunk_size\": 8192,", "");
  CHECK(whole_context.local_layers() == 0);  // no chunks: every layer attends to everything
}

TEST_CASE("DeepSeek, Kimi K2 and GLM-5") {
  const ModelConfig lite = config_of("deepseek-v2-lite");
  CHECK(lite.latent.query_rank == 0);
  CHECK(lite.experts.scoring == GateScoring::softmax);
  CHECK(lite.experts.shared_intermediate_size == 2 * 1408);
  CHECK_FALSE(lite.experts.selection_bias);
  const ModelConfig second = config_of("deepseek-v2");
  CHECK(second.experts.groups == 8);
  CHECK(second.experts.groups_per_token == 3);
  const ModelConfig third = config_of("deepseek-v3");
  CHECK(third.experts.scoring == GateScoring::sigmoid);
  CHECK(third.experts.selection_bias);
  CHECK(third.experts.scaled);
  CHECK(third.latent.indexer_heads == 0);
  CHECK(config_of("deepseek-v3.2").latent.indexer_heads == 64);
  CHECK(config_of("glm-5").latent.heads.value_dimension == 256);
  CHECK(config_of("kimi-k2").experts.groups == 1);

  CHECK(with("deepseek-v3", "\"kv_lora_rank\": 512,", "") == "config.json: /kv_lora_rank is missing");
  CHECK(with("deepseek-v3", "\"n_group\": 8", "\"n_group\": 7") ==
        "config.json: /n_group is 7, expected a divisor of the number of experts, 256");
  CHECK(with("deepseek-v3", "\"topk_group\": 4", "\"topk_group\": 9") ==
        "config.json: /topk_group is 9, expected at most n_group, 8");
  CHECK(with("deepseek-v3", "\"scoring_func\": \"sigmoid\"", "\"scoring_func\": \"softmax\"") ==
        "config.json: /scoring_func is \"softmax\", expected sigmoid: nothing else is supported");
  CHECK(with("deepseek-v2", "\"group_limited_greedy\"", "\"noaux_tc\"") ==
        "config.json: /topk_method is \"noaux_tc\", expected greedy or group_limited_greedy");
  CHECK(with("deepseek-v3", "\"attention_bias\": false", "\"attention_bias\": true") ==
        "config.json: /attention_bias is true, expected false: nothing else is supported");
  CHECK(with("deepseek-v3", "\"n_shared_experts\": 1", "\"n_shared_experts\": 2000000000") ==
        "config.json: /n_shared_experts is 2000000000, expected shared experts whose width together is at most "
        "2147483647");
  CHECK(with("deepseek-v3.2", "\"index_topk\": 2048", "\"index_topk\": 0") ==
        "config.json: /index_topk is 0" + whole);
  CHECK(with("deepseek-v3", "\"kv_lora_rank\": 512", "\"index_topk\": 2048, \"kv_lora_rank\": 512")
            .rfind("config.json: /index_topk is an unknown key", 0) == 0);
  CHECK(with("deepseek-v3.2", "\"q_lora_rank\": 1536", "\"q_lora_rank\": null") ==
        "config.json: query_rank is 0, expected a positive number");
  CHECK(with("glm-5", "\"index_topk\": 2048", "\"index_topk\": 2048, \"indexer_types\": [\"full\", \"shared\"]") ==
        "config.json: /indexer_types/1 is \"shared\", expected full: nothing else is supported");
  CHECK(with("glm-5", "\"index_topk\": 2048", "\"index_topk\": 2048, \"mlp_layer_types\": [\"dense\"]") ==
        "config.json: /mlp_layer_types is an array, expected one entry for each of the 78 layers");
  CHECK(changed_config("deepseek-v3", "\"moe_layer_freq\": 1", "\"moe_layer_freq\": 2")
            .layers(FeedForward::experts) == 29);
}

TEST_CASE("Kimi Linear") {
  const ModelConfig model = config_of("kimi-linear-48b-a3b");
  CHECK(model.layers(TokenMixer::delta_rule) == 20);
  CHECK(model.layers(TokenMixer::latent_attention) == 7);
  CHECK(model.layers(FeedForward::dense) == 1);
  CHECK(model.recurrence.decay == DeltaRuleDecay::per_channel);
  CHECK(with("kimi-linear-48b-a3b", "[4, 8, 12", "[4, 8, 28") ==
        "config.json: /linear_attn_config/full_attn_layers/2 is 28, expected a layer, counted from 1 to 27");
  CHECK(with("kimi-linear-48b-a3b", "[4, 8, 12", "[4, 8, 13") ==
        "config.json: /linear_attn_config/full_attn_layers/2 is 13, expected each layer once in kda_layers or "
        "full_attn_layers");
  CHECK(with("kimi-linear-48b-a3b", "[4, 8, 12", "[4, 12") ==
        "config.json: /linear_attn_config is an object, expected every layer in kda_layers or full_attn_layers; "
        "layer 8 is in none");
  CHECK(with("kimi-linear-48b-a3b", "\"short_conv_kernel_size\": 4", "\"short_conv_kernel\": 4") ==
        "config.json: /linear_attn_config/short_conv_kernel_size is missing");
}

TEST_CASE("a multimodal model's text_config has all that it needs") {
  std::string text = text_of("kimi-k2");
  const std::size_t source = text.find("\"source\"");
  text = changed(text.substr(0, source), "\"name\": \"kimi-k2\",", "\"temperature\": 1.0, \"id2label\": {},");
  text = R"({"name": "kimi-k2", "model_type": "kimi_k25", "vision_config": {}, "text_config": )" +
         text.substr(0, text.find_last_of(',')) + "}}";
  const ModelFile file = file_of(text);
  CHECK(file.config == config_of("kimi-k2"));
  CHECK(file.precision == file_of(text_of("kimi-k2")).precision);
  CHECK(complaint_of(changed(text, "\"vision_config\": {}", "\"vision_configuration\": {}"))
            .rfind("config.json: /vision_configuration is an unknown key", 0) == 0);
  CHECK(complaint_of(changed(text, "\"num_hidden_layers\": 61", "\"num_hidden_layers\": 0")) ==
        "config.json: /text_config/num_hidden_layers is 0" + whole);
}

TEST_CASE("GLM-4.5") {
  const ModelConfig model = config_of("glm-4.5");
  CHECK(model.attention_bias);
  CHECK_FALSE(model.attention_output_bias);
  CHECK(model.query_key_norm == QueryKeyNorm::head);
  CHECK(model.rotary_dimension == 64);
  CHECK(model.layers(FeedForward::dense) == 3);
  CHECK(config_of("glm-4.5-air").query_key_norm == QueryKeyNorm::none);
  CHECK(with("glm-4.5", "\"first_k_dense_replace\": 3", "\"first_k_dense_replace\": -1")
            .rfind("config.json: /first_k_dense_replace is -1, expected a whole number from 0", 0) == 0);
}

TEST_CASE("gpt-oss") {
  const ModelConfig model = config_of("gpt-oss-120b");
  CHECK(model.attention_sinks);
  CHECK(model.attention_bias);
  CHECK(model.attention_output_bias);
  CHECK(model.experts.bias);
  CHECK(model.experts.scoring == GateScoring::softmax_of_selected);
  CHECK(model.local_layers() == 18);
  CHECK(changed_config("gpt-oss-120b", "\"num_experts_per_tok\"", "\"experts_per_token\"") == model);
  CHECK(with("gpt-oss-120b", "\"sliding_window\": 128", "\"sliding_window\": 0") ==
        "config.json: /sliding_window is 0" + whole);
}

TEST_CASE("MiniMax M2") {
  const ModelConfig model = config_of("minimax-m2");
  CHECK(model.query_key_norm == QueryKeyNorm::projection);
  CHECK(model.rotary_dimension == 64);
  CHECK(model.experts.selection_bias);
  CHECK(model.experts.scoring == GateScoring::sigmoid);
  CHECK(with("minimax-m2", "\"rotary_dim\": 64", "\"rotary_dim\": 256") ==
        "config.json: /rotary_dim is 256, expected at most head_dim, 128");
  CHECK(with("minimax-m2", "\"rotary_dim\": 64", "\"rotary_dim\": 64, \"attn_type_list\": [1]") ==
        "config.json: /attn_type_list is an array, expected one entry for each of the 62 layers");
  CHECK(with("minimax-m2", "\"scoring_func\": \"sigmoid\"", "\"scoring_func\": \"tanh\"") ==
        "config.json: /scoring_func is \"tanh\", expected sigmoid or softmax");
}

TEST_CASE("Nemotron-H") {
  const ModelConfig model = config_of("nemotron-nano-9b-v2");
  CHECK(model.layers(TokenMixer::state_space) == 27);
  CHECK(model.layers(TokenMixer::attention) == 4);
  CHECK(model.layers(FeedForward::dense) == 25);
  CHECK(model.layers() == 56);
  CHECK(model.rotary_dimension == 0);
  CHECK_FALSE(model.gated_feed_forward);
  CHECK(model.activation == ActivationFunction::relu_squared);
  CHECK(model.recurrence.convolution_bias);
  CHECK(with("nemotron-nano-9b-v2", "M-M-M-MM", "M-M-M-M") ==
        "config.json: /hybrid_override_pattern is \"M-M-M-M-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-\", "
        "expected one character for each of the 56 layers, here 55");
  CHECK(with("nemotron-nano-9b-v2", "M-M-M-MM", "M-M-M-MX").find("expected a pattern of M, *, - and E") !=
        std::string::npos);
  CHECK(with("nemotron-nano-9b-v2", "M-M-M-MM", "M-M-M-ME") == "config.json: /n_routed_experts is missing");
  CHECK(with("nemotron-nano-9b-v2", "\"ssm_state_size\": 128,", "") == "config.json: /ssm_state_size is missing");
}

TEST_CASE("Phi, OLMo, Granite, Cohere") {
  const ModelConfig phi = config_of("phi-3-mini");
  CHECK(phi.sliding_window == 2047);
  CHECK(changed_config("phi-4", "\"vocab_size\"", "\"partial_rotary_factor\": 0.75, \"vocab_size\"")
            .rotary_dimension == 96);
  const ModelConfig olmo = config_of("olmo-2-7b");
  CHECK(olmo.norm_placement == NormPlacement::after);
  CHECK(olmo.query_key_norm == QueryKeyNorm::projection);
  CHECK(config_of("granite-3.1-8b").scaled_embedding);
  const ModelConfig cohere = config_of("command-r-35b");
  CHECK(cohere.norm == NormKind::layer_no_bias);
  CHECK(cohere.norm_placement == NormPlacement::parallel);
  CHECK(with("command-r-35b", "\"use_qk_norm\": false", "\"use_qk_norm\": true") ==
        "config.json: /use_qk_norm is true, expected false: nothing else is supported");
}

TEST_CASE("a quantization_config is a precision") {
  CHECK_FALSE(file_of(text_of("llama-3.1-8b")).precision.has_value());
  const auto precision_of = [](const std::string& quantisation) {
    return file_of(changed(text_of("qwen3-30b-a3b"), "\"vocab_size\"",
                           "\"quantization_config\": " + quantisation + ", \"vocab_size\""))
        .precision.value();
  };
  const auto complaint_about = [](const std::string& quantisation) {
    return complaint_of(changed(text_of("qwen3-8b"), "\"vocab_size\"",
                                "\"quantization_config\": " + quantisation + ", \"vocab_size\""));
  };
  const auto both = [](const TensorFormat& activation, const TensorFormat& weight) {
    return ModelPrecision{.activation = activation, .weight = weight};
  };
  CHECK(precision_of(R"({"quant_method": "fp8", "activation_scheme": "static"})") ==
        both(formats::fp8, formats::fp8));
  CHECK(precision_of(R"({"quant_method": "fp8", "weight_block_size": [128, 128]})") ==
        both(formats::fp8_token_group, formats::fp8_block));
  CHECK(precision_of(R"({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true})") ==
        both(formats::bf16, formats::int4_group));
  CHECK(precision_of(R"({"quant_method": "gptq", "bits": 4, "group_size": 32})").weight.scale_columns == 32);
  CHECK(precision_of(R"({"quant_method": "gptq", "bits": 8, "group_size": -1})").weight.element == DataType::int8);
  CHECK(precision_of(R"({"quant_method": "mxfp4"})") == both(formats::bf16, formats::mxfp4));
  CHECK(precision_of(R"({"quant_method": "modelopt", "quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"})") ==
        ModelPrecision{.activation = formats::nvfp4, .weight = formats::nvfp4, .kv_cache = formats::fp8});
  CHECK(precision_of(R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
          "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
          "input_activations": {"num_bits": 8, "type": "float", "strategy": "token", "dynamic": true}}},
          "kv_cache_scheme": {"num_bits": 8, "type": "float"}})")
            .kv_cache == formats::fp8);
  const ModelPrecision int4_experts = precision_of(
      R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
          "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32},
          "input_activations": null}}, "ignore": ["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*"]})");
  CHECK(int4_experts.weight == formats::bf16);
  CHECK(int4_experts.expert_weight == TensorFormat{DataType::int4, DataType::fp16, 1, 32});
  CHECK(int4_experts.expert_activation == formats::bf16);

  CHECK(file_of(text_of("deepseek-v3")).precision == both(formats::fp8_token_group, formats::fp8_block));
  const ModelPrecision oss = file_of(text_of("gpt-oss-20b")).precision.value();
  CHECK(oss.weight == formats::bf16);
  CHECK(oss.expert_weight == formats::mxfp4);
  CHECK(oss.expert_activation == formats::bf16);

  CHECK(complaint_about(R"({"quant_method": "bitsandbytes"})") ==
        "config.json: /quantization_config/quant_method is \"bitsandbytes\", expected one of: awq, "
        "compressed-tensors, fbgemm_fp8, fp8, gptq, modelopt, mxfp4");
  CHECK(complaint_about(R"({})") == "config.json: /quantization_config/quant_method is missing");
  CHECK(complaint_about(R"({"quant_method": "gptq", "bits": 3})") ==
        "config.json: /quantization_config/bits is 3, expected 4 or 8");
  CHECK(complaint_about(R"({"quant_method": "gptq", "bits": 4, "group_size": 0})") ==
        "config.json: /quantization_config/group_size is 0, expected a positive number, or -1 for one scale an "
        "output feature");
  CHECK(complaint_about(R"({"quant_method": "fp8", "weight_block_size": [128]})") ==
        "config.json: /quantization_config/weight_block_size is an array, expected two numbers, rows and columns");
  CHECK(complaint_about(R"({"quant_method": "fp8", "surprise": 1})")
            .rfind("config.json: /quantization_config/surprise is an unknown key", 0) == 0);
  CHECK(complaint_about(R"({"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn"]})")
            .rfind("config.json: /quantization_config is an object, expected projections that are quantised", 0) ==
        0);
  CHECK(complaint_about(R"({"quant_method": "modelopt", "quant_algo": "W4A16"})") ==
        "config.json: /quantization_config/quant_algo is \"W4A16\", expected NVFP4 or FP8");
}
