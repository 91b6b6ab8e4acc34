// SPDX-License-Identifier: Apache-2.0
//
// Generated from data/models/*.json by generate_catalogue. Do not edit: change the data.
// clang-format off
#pragma once

#include <array>
#include <string_view>

#include "opcost/model/model_config.hpp"

namespace opcost {

namespace models {

/// Source: https://huggingface.co/CohereForAI/c4ai-command-r-v01/blob/main/config.json
inline constexpr ModelConfig command_r_35b{
    .name = "command-r-35b",
    .hidden_size = 8192,
    .vocabulary_size = 256000,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 64, .kv_heads = 64, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 22528,
    .norm = NormKind::layer_no_bias,
    .norm_placement = NormPlacement::parallel,
    .tied_embeddings = true,
};

/// Source: https://huggingface.co/deepseek-ai/DeepSeek-V2-Lite/blob/main/config.json
inline constexpr ModelConfig deepseek_v2_lite{
    .name = "deepseek-v2-lite",
    .hidden_size = 2048,
    .vocabulary_size = 102400,
    .maximum_context = 163840,
    .layer_groups = {{{TokenMixer::latent_attention, FeedForward::dense, 1}, {TokenMixer::latent_attention, FeedForward::experts, 26}}},
    .layer_order = {"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .latent = {.heads = {.query_heads = 16, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 128, .value_dimension = 128}},
    .intermediate_size = 10944,
    .experts = {.experts = 64, .experts_per_token = 6, .intermediate_size = 1408, .shared_intermediate_size = 2816},
};

/// Source: https://huggingface.co/deepseek-ai/DeepSeek-V2/blob/main/config.json
inline constexpr ModelConfig deepseek_v2{
    .name = "deepseek-v2",
    .hidden_size = 5120,
    .vocabulary_size = 102400,
    .maximum_context = 163840,
    .layer_groups = {{{TokenMixer::latent_attention, FeedForward::dense, 1}, {TokenMixer::latent_attention, FeedForward::experts, 59}}},
    .layer_order = {"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .latent = {.heads = {.query_heads = 128, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 128, .value_dimension = 128}, .query_rank = 1536},
    .intermediate_size = 12288,
    .experts = {.experts = 160, .experts_per_token = 6, .intermediate_size = 1536, .shared_intermediate_size = 3072, .groups = 8, .groups_per_token = 3, .scaled = true},
};

/// Source: https://huggingface.co/deepseek-ai/DeepSeek-V3.2-Exp/blob/main/config.json
inline constexpr ModelConfig deepseek_v3_2{
    .name = "deepseek-v3.2",
    .hidden_size = 7168,
    .vocabulary_size = 129280,
    .maximum_context = 163840,
    .layer_groups = {{{TokenMixer::latent_attention, FeedForward::dense, 3}, {TokenMixer::latent_attention, FeedForward::experts, 58}}},
    .layer_order = {"\0\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .latent = {.heads = {.query_heads = 128, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 128, .value_dimension = 128}, .query_rank = 1536, .indexer_heads = 64, .indexer_dimension = 128, .indexer_top_k = 2048},
    .intermediate_size = 18432,
    .experts = {.experts = 256, .experts_per_token = 8, .intermediate_size = 2048, .shared_intermediate_size = 2048, .groups = 8, .groups_per_token = 4, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true, .scaled = true},
};

/// Source: https://huggingface.co/deepseek-ai/DeepSeek-V3/blob/main/config.json
inline constexpr ModelConfig deepseek_v3{
    .name = "deepseek-v3",
    .hidden_size = 7168,
    .vocabulary_size = 129280,
    .maximum_context = 163840,
    .layer_groups = {{{TokenMixer::latent_attention, FeedForward::dense, 3}, {TokenMixer::latent_attention, FeedForward::experts, 58}}},
    .layer_order = {"\0\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .latent = {.heads = {.query_heads = 128, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 128, .value_dimension = 128}, .query_rank = 1536},
    .intermediate_size = 18432,
    .experts = {.experts = 256, .experts_per_token = 8, .intermediate_size = 2048, .shared_intermediate_size = 2048, .groups = 8, .groups_per_token = 4, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true, .scaled = true},
};

/// Source: https://huggingface.co/google/gemma-2-27b/blob/main/config.json
inline constexpr ModelConfig gemma_2_27b{
    .name = "gemma-2-27b",
    .hidden_size = 4608,
    .vocabulary_size = 256000,
    .maximum_context = 8192,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 23}, {TokenMixer::attention, FeedForward::dense, 23}}},
    .layer_order = {"\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1"},
    .heads = {.query_heads = 32, .kv_heads = 16, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .sliding_window = 4096,
    .score_softcap = true,
    .intermediate_size = 36864,
    .activation = ActivationFunction::gelu_tanh,
    .norm_placement = NormPlacement::before_and_after,
    .tied_embeddings = true,
    .scaled_embedding = true,
    .logit_softcap = true,
};

/// Source: https://huggingface.co/google/gemma-2-9b/blob/main/config.json
inline constexpr ModelConfig gemma_2_9b{
    .name = "gemma-2-9b",
    .hidden_size = 3584,
    .vocabulary_size = 256000,
    .maximum_context = 8192,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 21}, {TokenMixer::attention, FeedForward::dense, 21}}},
    .layer_order = {"\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1"},
    .heads = {.query_heads = 16, .kv_heads = 8, .query_key_dimension = 256, .value_dimension = 256},
    .rotary_dimension = 256,
    .sliding_window = 4096,
    .score_softcap = true,
    .intermediate_size = 14336,
    .activation = ActivationFunction::gelu_tanh,
    .norm_placement = NormPlacement::before_and_after,
    .tied_embeddings = true,
    .scaled_embedding = true,
    .logit_softcap = true,
};

/// Source: https://huggingface.co/google/gemma-3-12b-it/blob/main/config.json
inline constexpr ModelConfig gemma_3_12b{
    .name = "gemma-3-12b",
    .hidden_size = 3840,
    .vocabulary_size = 262208,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 40}, {TokenMixer::attention, FeedForward::dense, 8}}},
    .layer_order = {"\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1"},
    .heads = {.query_heads = 16, .kv_heads = 8, .query_key_dimension = 256, .value_dimension = 256},
    .rotary_dimension = 256,
    .sliding_window = 1024,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 15360,
    .activation = ActivationFunction::gelu_tanh,
    .norm_placement = NormPlacement::before_and_after,
    .tied_embeddings = true,
    .scaled_embedding = true,
};

/// Source: https://huggingface.co/google/gemma-3-27b-it/blob/main/config.json
inline constexpr ModelConfig gemma_3_27b{
    .name = "gemma-3-27b",
    .hidden_size = 5376,
    .vocabulary_size = 262208,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 52}, {TokenMixer::attention, FeedForward::dense, 10}}},
    .layer_order = {"\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0"},
    .heads = {.query_heads = 32, .kv_heads = 16, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .sliding_window = 1024,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 21504,
    .activation = ActivationFunction::gelu_tanh,
    .norm_placement = NormPlacement::before_and_after,
    .tied_embeddings = true,
    .scaled_embedding = true,
};

/// Source: https://huggingface.co/google/gemma-3-4b-it/blob/main/config.json
inline constexpr ModelConfig gemma_3_4b{
    .name = "gemma-3-4b",
    .hidden_size = 2560,
    .vocabulary_size = 262208,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 29}, {TokenMixer::attention, FeedForward::dense, 5}}},
    .layer_order = {"\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0"},
    .heads = {.query_heads = 8, .kv_heads = 4, .query_key_dimension = 256, .value_dimension = 256},
    .rotary_dimension = 256,
    .sliding_window = 1024,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 10240,
    .activation = ActivationFunction::gelu_tanh,
    .norm_placement = NormPlacement::before_and_after,
    .tied_embeddings = true,
    .scaled_embedding = true,
};

/// Source: https://huggingface.co/zai-org/GLM-4.5-Air/blob/main/config.json
inline constexpr ModelConfig glm_4_5_air{
    .name = "glm-4.5-air",
    .hidden_size = 4096,
    .vocabulary_size = 151552,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 1}, {TokenMixer::attention, FeedForward::experts, 45}}},
    .layer_order = {"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .heads = {.query_heads = 96, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 64,
    .attention_bias = true,
    .intermediate_size = 10944,
    .experts = {.experts = 128, .experts_per_token = 8, .intermediate_size = 1408, .shared_intermediate_size = 1408, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true},
};

/// Source: https://huggingface.co/zai-org/GLM-4.5/blob/main/config.json
inline constexpr ModelConfig glm_4_5{
    .name = "glm-4.5",
    .hidden_size = 5120,
    .vocabulary_size = 151552,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 3}, {TokenMixer::attention, FeedForward::experts, 89}}},
    .layer_order = {"\0\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .heads = {.query_heads = 96, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 64,
    .query_key_norm = QueryKeyNorm::head,
    .attention_bias = true,
    .intermediate_size = 12288,
    .experts = {.experts = 160, .experts_per_token = 8, .intermediate_size = 1536, .shared_intermediate_size = 1536, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true, .scaled = true},
};

/// Source: https://huggingface.co/zai-org/GLM-5/blob/main/config.json
inline constexpr ModelConfig glm_5{
    .name = "glm-5",
    .hidden_size = 6144,
    .vocabulary_size = 154880,
    .maximum_context = 202752,
    .layer_groups = {{{TokenMixer::latent_attention, FeedForward::dense, 3}, {TokenMixer::latent_attention, FeedForward::experts, 75}}},
    .layer_order = {"\0\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .latent = {.heads = {.query_heads = 64, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 192, .value_dimension = 256}, .query_rank = 2048, .indexer_heads = 32, .indexer_dimension = 128, .indexer_top_k = 2048},
    .intermediate_size = 12288,
    .experts = {.experts = 256, .experts_per_token = 8, .intermediate_size = 2048, .shared_intermediate_size = 2048, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true, .scaled = true},
};

/// Source: https://huggingface.co/openai/gpt-oss-120b/blob/main/config.json
inline constexpr ModelConfig gpt_oss_120b{
    .name = "gpt-oss-120b",
    .hidden_size = 2880,
    .vocabulary_size = 201088,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::experts, 18}, {TokenMixer::attention, FeedForward::experts, 18}}},
    .layer_order = {"\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1"},
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 64, .value_dimension = 64},
    .rotary_dimension = 64,
    .sliding_window = 128,
    .attention_bias = true,
    .attention_output_bias = true,
    .attention_sinks = true,
    .experts = {.experts = 128, .experts_per_token = 4, .intermediate_size = 2880, .scoring = GateScoring::softmax_of_selected, .bias = true},
};

/// Source: https://huggingface.co/openai/gpt-oss-20b/blob/main/config.json
inline constexpr ModelConfig gpt_oss_20b{
    .name = "gpt-oss-20b",
    .hidden_size = 2880,
    .vocabulary_size = 201088,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::experts, 12}, {TokenMixer::attention, FeedForward::experts, 12}}},
    .layer_order = {"\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1\0\1"},
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 64, .value_dimension = 64},
    .rotary_dimension = 64,
    .sliding_window = 128,
    .attention_bias = true,
    .attention_output_bias = true,
    .attention_sinks = true,
    .experts = {.experts = 32, .experts_per_token = 4, .intermediate_size = 2880, .scoring = GateScoring::softmax_of_selected, .bias = true},
};

/// Source: https://huggingface.co/ibm-granite/granite-3.1-8b-base/blob/main/config.json
inline constexpr ModelConfig granite_3_1_8b{
    .name = "granite-3.1-8b",
    .hidden_size = 4096,
    .vocabulary_size = 49155,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 12800,
    .tied_embeddings = true,
    .scaled_embedding = true,
};

/// Source: https://huggingface.co/moonshotai/Kimi-K2-Instruct/blob/main/config.json
inline constexpr ModelConfig kimi_k2{
    .name = "kimi-k2",
    .hidden_size = 7168,
    .vocabulary_size = 163840,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::latent_attention, FeedForward::dense, 1}, {TokenMixer::latent_attention, FeedForward::experts, 60}}},
    .layer_order = {"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"},
    .latent = {.heads = {.query_heads = 64, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 128, .value_dimension = 128}, .query_rank = 1536},
    .intermediate_size = 18432,
    .experts = {.experts = 384, .experts_per_token = 8, .intermediate_size = 2048, .shared_intermediate_size = 2048, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true, .scaled = true},
};

/// Source: https://huggingface.co/moonshotai/Kimi-Linear-48B-A3B-Instruct/blob/main/config.json
inline constexpr ModelConfig kimi_linear_48b_a3b{
    .name = "kimi-linear-48b-a3b",
    .hidden_size = 2304,
    .vocabulary_size = 163840,
    .maximum_context = 1048576,
    .layer_groups = {{{TokenMixer::delta_rule, FeedForward::dense, 1}, {TokenMixer::delta_rule, FeedForward::experts, 19}, {TokenMixer::latent_attention, FeedForward::experts, 7}}},
    .layer_order = {"\0\1\1\2\1\1\1\2\1\1\1\2\1\1\1\2\1\1\1\2\1\1\1\2\1\1\2"},
    .latent = {.heads = {.query_heads = 32, .latent_rank = 512, .rope_dimension = 64, .nope_dimension = 128, .value_dimension = 128}},
    .recurrence = {.key_heads = 32, .value_heads = 32, .key_dimension = 128, .value_dimension = 128, .convolution_width = 4, .decay = DeltaRuleDecay::per_channel},
    .intermediate_size = 9216,
    .experts = {.experts = 256, .experts_per_token = 8, .intermediate_size = 1024, .shared_intermediate_size = 1024, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true, .scaled = true},
};

/// Source: https://huggingface.co/meta-llama/Llama-2-13b-hf/blob/main/config.json
inline constexpr ModelConfig llama_2_13b{
    .name = "llama-2-13b",
    .hidden_size = 5120,
    .vocabulary_size = 32000,
    .maximum_context = 4096,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 40, .kv_heads = 40, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 13824,
};

/// Source: https://huggingface.co/meta-llama/Llama-2-70b-hf/blob/main/config.json
inline constexpr ModelConfig llama_2_70b{
    .name = "llama-2-70b",
    .hidden_size = 8192,
    .vocabulary_size = 32000,
    .maximum_context = 4096,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 80}}},
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 28672,
};

/// Source: https://huggingface.co/meta-llama/Llama-2-7b-hf/blob/main/config.json
inline constexpr ModelConfig llama_2_7b{
    .name = "llama-2-7b",
    .hidden_size = 4096,
    .vocabulary_size = 32000,
    .maximum_context = 4096,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 32}}},
    .heads = {.query_heads = 32, .kv_heads = 32, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 11008,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.1-405B/blob/main/config.json
inline constexpr ModelConfig llama_3_1_405b{
    .name = "llama-3.1-405b",
    .hidden_size = 16384,
    .vocabulary_size = 128256,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 126}}},
    .heads = {.query_heads = 128, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 53248,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.1-70B/blob/main/config.json
inline constexpr ModelConfig llama_3_1_70b{
    .name = "llama-3.1-70b",
    .hidden_size = 8192,
    .vocabulary_size = 128256,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 80}}},
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 28672,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.1-8B/blob/main/config.json
inline constexpr ModelConfig llama_3_1_8b{
    .name = "llama-3.1-8b",
    .hidden_size = 4096,
    .vocabulary_size = 128256,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 32}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 14336,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.2-1B/blob/main/config.json
inline constexpr ModelConfig llama_3_2_1b{
    .name = "llama-3.2-1b",
    .hidden_size = 2048,
    .vocabulary_size = 128256,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 16}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 64, .value_dimension = 64},
    .rotary_dimension = 64,
    .intermediate_size = 8192,
    .tied_embeddings = true,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.2-3B/blob/main/config.json
inline constexpr ModelConfig llama_3_2_3b{
    .name = "llama-3.2-3b",
    .hidden_size = 3072,
    .vocabulary_size = 128256,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 28}}},
    .heads = {.query_heads = 24, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 8192,
    .tied_embeddings = true,
};

/// Source: https://huggingface.co/meta-llama/Llama-4-Maverick-17B-128E-Instruct/blob/main/config.json
inline constexpr ModelConfig llama_4_maverick{
    .name = "llama-4-maverick",
    .hidden_size = 5120,
    .vocabulary_size = 202048,
    .maximum_context = 1048576,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 24}, {TokenMixer::local_attention, FeedForward::experts, 12}, {TokenMixer::attention, FeedForward::experts, 12}}},
    .layer_order = {"\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2\0\1\0\2"},
    .heads = {.query_heads = 40, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .local_rotary_only = true,
    .sliding_window = 8192,
    .intermediate_size = 16384,
    .experts = {.experts = 128, .experts_per_token = 1, .intermediate_size = 8192, .shared_intermediate_size = 8192, .scoring = GateScoring::sigmoid},
};

/// Source: https://huggingface.co/meta-llama/Llama-4-Scout-17B-16E-Instruct/blob/main/config.json
inline constexpr ModelConfig llama_4_scout{
    .name = "llama-4-scout",
    .hidden_size = 5120,
    .vocabulary_size = 202048,
    .maximum_context = 10485760,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::experts, 36}, {TokenMixer::attention, FeedForward::experts, 12}}},
    .layer_order = {"\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"},
    .heads = {.query_heads = 40, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .local_rotary_only = true,
    .sliding_window = 8192,
    .query_key_norm = QueryKeyNorm::unweighted,
    .intermediate_size = 16384,
    .experts = {.experts = 16, .experts_per_token = 1, .intermediate_size = 8192, .shared_intermediate_size = 8192, .scoring = GateScoring::sigmoid},
};

/// Source: https://huggingface.co/MiniMaxAI/MiniMax-M2/blob/main/config.json
inline constexpr ModelConfig minimax_m2{
    .name = "minimax-m2",
    .hidden_size = 3072,
    .vocabulary_size = 200064,
    .maximum_context = 196608,
    .layer_groups = {{{TokenMixer::attention, FeedForward::experts, 62}}},
    .heads = {.query_heads = 48, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 64,
    .query_key_norm = QueryKeyNorm::projection,
    .experts = {.experts = 256, .experts_per_token = 8, .intermediate_size = 1536, .scoring = GateScoring::sigmoid, .selection_bias = true, .normalised = true},
};

/// Source: https://huggingface.co/mistralai/Mistral-7B-v0.1/blob/main/config.json
inline constexpr ModelConfig mistral_7b{
    .name = "mistral-7b",
    .hidden_size = 4096,
    .vocabulary_size = 32000,
    .maximum_context = 32768,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 32}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .sliding_window = 4096,
    .intermediate_size = 14336,
};

/// Source: https://huggingface.co/mistralai/Mistral-Small-24B-Instruct-2501/blob/main/config.json
inline constexpr ModelConfig mistral_small_24b{
    .name = "mistral-small-24b",
    .hidden_size = 5120,
    .vocabulary_size = 131072,
    .maximum_context = 32768,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 32768,
};

/// Source: https://huggingface.co/mistralai/Mixtral-8x22B-v0.1/blob/main/config.json
inline constexpr ModelConfig mixtral_8x22b{
    .name = "mixtral-8x22b",
    .hidden_size = 6144,
    .vocabulary_size = 32000,
    .maximum_context = 65536,
    .layer_groups = {{{TokenMixer::attention, FeedForward::experts, 56}}},
    .heads = {.query_heads = 48, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .experts = {.experts = 8, .experts_per_token = 2, .intermediate_size = 16384, .normalised = true},
};

/// Source: https://huggingface.co/mistralai/Mixtral-8x7B-v0.1/blob/main/config.json
inline constexpr ModelConfig mixtral_8x7b{
    .name = "mixtral-8x7b",
    .hidden_size = 4096,
    .vocabulary_size = 32000,
    .maximum_context = 32768,
    .layer_groups = {{{TokenMixer::attention, FeedForward::experts, 32}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .experts = {.experts = 8, .experts_per_token = 2, .intermediate_size = 14336, .normalised = true},
};

/// Source: https://huggingface.co/nvidia/Nemotron-H-8B-Base-8K/blob/main/config.json
inline constexpr ModelConfig nemotron_h_8b{
    .name = "nemotron-h-8b",
    .hidden_size = 4096,
    .vocabulary_size = 131072,
    .maximum_context = 8192,
    .layer_groups = {{{TokenMixer::state_space, FeedForward::none, 24}, {TokenMixer::none, FeedForward::dense, 24}, {TokenMixer::attention, FeedForward::none, 4}}},
    .layer_order = {"\0\1\0\1\0\1\0\2\1\0\1\0\1\0\1\0\1\0\2\1\0\1\0\1\0\1\0\1\0\2\1\0\1\0\1\0\1\0\1\0\2\1\0\1\0\1\0\1\0\1\0\1"},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .recurrence = {.key_heads = 8, .value_heads = 128, .key_dimension = 128, .value_dimension = 64, .convolution_width = 4, .chunk_tokens = 128, .convolution_bias = true},
    .intermediate_size = 21504,
    .activation = ActivationFunction::relu_squared,
    .gated_feed_forward = false,
};

/// Source: https://huggingface.co/nvidia/NVIDIA-Nemotron-Nano-9B-v2/blob/main/config.json
inline constexpr ModelConfig nemotron_nano_9b_v2{
    .name = "nemotron-nano-9b-v2",
    .hidden_size = 4480,
    .vocabulary_size = 131072,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::state_space, FeedForward::none, 27}, {TokenMixer::none, FeedForward::dense, 25}, {TokenMixer::attention, FeedForward::none, 4}}},
    .layer_order = {"\0\1\0\1\0\1\0\0\1\0\1\0\1\0\2\1\0\1\0\1\0\2\1\0\1\0\1\0\1\0\2\1\0\1\0\1\0\1\0\2\1\0\1\0\0\1\0\1\0\1\0\1\0\1\0\1"},
    .heads = {.query_heads = 40, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .recurrence = {.key_heads = 8, .value_heads = 128, .key_dimension = 128, .value_dimension = 80, .convolution_width = 4, .chunk_tokens = 128, .convolution_bias = true},
    .intermediate_size = 15680,
    .activation = ActivationFunction::relu_squared,
    .gated_feed_forward = false,
};

/// Source: https://huggingface.co/allenai/OLMo-2-1124-13B/blob/main/config.json
inline constexpr ModelConfig olmo_2_13b{
    .name = "olmo-2-13b",
    .hidden_size = 5120,
    .vocabulary_size = 100352,
    .maximum_context = 4096,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 40, .kv_heads = 40, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::projection,
    .intermediate_size = 13824,
    .norm_placement = NormPlacement::after,
};

/// Source: https://huggingface.co/allenai/OLMo-2-1124-7B/blob/main/config.json
inline constexpr ModelConfig olmo_2_7b{
    .name = "olmo-2-7b",
    .hidden_size = 4096,
    .vocabulary_size = 100352,
    .maximum_context = 4096,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 32}}},
    .heads = {.query_heads = 32, .kv_heads = 32, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::projection,
    .intermediate_size = 11008,
    .norm_placement = NormPlacement::after,
};

/// Source: https://huggingface.co/microsoft/Phi-3-mini-4k-instruct/blob/main/config.json
inline constexpr ModelConfig phi_3_mini{
    .name = "phi-3-mini",
    .hidden_size = 3072,
    .vocabulary_size = 32064,
    .maximum_context = 4096,
    .layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, 32}}},
    .heads = {.query_heads = 32, .kv_heads = 32, .query_key_dimension = 96, .value_dimension = 96},
    .rotary_dimension = 96,
    .sliding_window = 2047,
    .intermediate_size = 8192,
};

/// Source: https://huggingface.co/microsoft/phi-4/blob/main/config.json
inline constexpr ModelConfig phi_4{
    .name = "phi-4",
    .hidden_size = 5120,
    .vocabulary_size = 100352,
    .maximum_context = 16384,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 40, .kv_heads = 10, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .intermediate_size = 17920,
};

/// Source: https://huggingface.co/Qwen/Qwen2.5-72B/blob/main/config.json
inline constexpr ModelConfig qwen2_5_72b{
    .name = "qwen2.5-72b",
    .hidden_size = 8192,
    .vocabulary_size = 152064,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 80}}},
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .attention_bias = true,
    .intermediate_size = 29568,
};

/// Source: https://huggingface.co/Qwen/Qwen2.5-7B/blob/main/config.json
inline constexpr ModelConfig qwen2_5_7b{
    .name = "qwen2.5-7b",
    .hidden_size = 3584,
    .vocabulary_size = 152064,
    .maximum_context = 131072,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 28}}},
    .heads = {.query_heads = 28, .kv_heads = 4, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .attention_bias = true,
    .intermediate_size = 18944,
};

/// Source: https://huggingface.co/Qwen/Qwen3-0.6B/blob/main/config.json
inline constexpr ModelConfig qwen3_0_6b{
    .name = "qwen3-0.6b",
    .hidden_size = 1024,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 28}}},
    .heads = {.query_heads = 16, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 3072,
    .tied_embeddings = true,
};

/// Source: https://huggingface.co/Qwen/Qwen3-14B/blob/main/config.json
inline constexpr ModelConfig qwen3_14b{
    .name = "qwen3-14b",
    .hidden_size = 5120,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 40}}},
    .heads = {.query_heads = 40, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 17408,
};

/// Source: https://huggingface.co/Qwen/Qwen3-235B-A22B/blob/main/config.json
inline constexpr ModelConfig qwen3_235b_a22b{
    .name = "qwen3-235b-a22b",
    .hidden_size = 4096,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::experts, 94}}},
    .heads = {.query_heads = 64, .kv_heads = 4, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .experts = {.experts = 128, .experts_per_token = 8, .intermediate_size = 1536, .normalised = true},
};

/// Source: https://huggingface.co/Qwen/Qwen3-30B-A3B/blob/main/config.json
inline constexpr ModelConfig qwen3_30b_a3b{
    .name = "qwen3-30b-a3b",
    .hidden_size = 2048,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::experts, 48}}},
    .heads = {.query_heads = 32, .kv_heads = 4, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .experts = {.experts = 128, .experts_per_token = 8, .intermediate_size = 768, .normalised = true},
};

/// Source: https://huggingface.co/Qwen/Qwen3-32B/blob/main/config.json
inline constexpr ModelConfig qwen3_32b{
    .name = "qwen3-32b",
    .hidden_size = 5120,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 64}}},
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 25600,
};

/// Source: https://huggingface.co/Qwen/Qwen3-4B/blob/main/config.json
inline constexpr ModelConfig qwen3_4b{
    .name = "qwen3-4b",
    .hidden_size = 2560,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 36}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 9728,
    .tied_embeddings = true,
};

/// Source: https://huggingface.co/Qwen/Qwen3-8B/blob/main/config.json
inline constexpr ModelConfig qwen3_8b{
    .name = "qwen3-8b",
    .hidden_size = 4096,
    .vocabulary_size = 151936,
    .maximum_context = 40960,
    .layer_groups = {{{TokenMixer::attention, FeedForward::dense, 36}}},
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .rotary_dimension = 128,
    .query_key_norm = QueryKeyNorm::head,
    .intermediate_size = 12288,
};

/// Source: https://huggingface.co/Qwen/Qwen3-Next-80B-A3B-Instruct/blob/main/config.json
inline constexpr ModelConfig qwen3_next_80b_a3b{
    .name = "qwen3-next-80b-a3b",
    .hidden_size = 2048,
    .vocabulary_size = 151936,
    .maximum_context = 262144,
    .layer_groups = {{{TokenMixer::delta_rule, FeedForward::experts, 36}, {TokenMixer::attention, FeedForward::experts, 12}}},
    .layer_order = {"\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"},
    .heads = {.query_heads = 16, .kv_heads = 2, .query_key_dimension = 256, .value_dimension = 256},
    .rotary_dimension = 64,
    .query_key_norm = QueryKeyNorm::head,
    .attention_gate = true,
    .recurrence = {.key_heads = 16, .value_heads = 32, .key_dimension = 128, .value_dimension = 128, .convolution_width = 4},
    .experts = {.experts = 512, .experts_per_token = 10, .intermediate_size = 512, .shared_intermediate_size = 512, .normalised = true, .shared_gate = true},
};

/// Source: https://huggingface.co/Qwen/Qwen3.5-397B-A17B/blob/main/config.json
inline constexpr ModelConfig qwen3_5_397b_a17b{
    .name = "qwen3.5-397b-a17b",
    .hidden_size = 4096,
    .vocabulary_size = 248320,
    .maximum_context = 262144,
    .layer_groups = {{{TokenMixer::delta_rule, FeedForward::experts, 45}, {TokenMixer::attention, FeedForward::experts, 15}}},
    .layer_order = {"\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"},
    .heads = {.query_heads = 32, .kv_heads = 2, .query_key_dimension = 256, .value_dimension = 256},
    .rotary_dimension = 64,
    .query_key_norm = QueryKeyNorm::head,
    .attention_gate = true,
    .recurrence = {.key_heads = 16, .value_heads = 64, .key_dimension = 128, .value_dimension = 128, .convolution_width = 4},
    .experts = {.experts = 512, .experts_per_token = 10, .intermediate_size = 1024, .shared_intermediate_size = 1024, .normalised = true, .shared_gate = true},
};

}  // namespace models

/// Every built-in model, by name.
inline constexpr std::array<ModelConfig, 50> model_catalogue{
    models::command_r_35b,
    models::deepseek_v2_lite,
    models::deepseek_v2,
    models::deepseek_v3_2,
    models::deepseek_v3,
    models::gemma_2_27b,
    models::gemma_2_9b,
    models::gemma_3_12b,
    models::gemma_3_27b,
    models::gemma_3_4b,
    models::glm_4_5_air,
    models::glm_4_5,
    models::glm_5,
    models::gpt_oss_120b,
    models::gpt_oss_20b,
    models::granite_3_1_8b,
    models::kimi_k2,
    models::kimi_linear_48b_a3b,
    models::llama_2_13b,
    models::llama_2_70b,
    models::llama_2_7b,
    models::llama_3_1_405b,
    models::llama_3_1_70b,
    models::llama_3_1_8b,
    models::llama_3_2_1b,
    models::llama_3_2_3b,
    models::llama_4_maverick,
    models::llama_4_scout,
    models::minimax_m2,
    models::mistral_7b,
    models::mistral_small_24b,
    models::mixtral_8x22b,
    models::mixtral_8x7b,
    models::nemotron_h_8b,
    models::nemotron_nano_9b_v2,
    models::olmo_2_13b,
    models::olmo_2_7b,
    models::phi_3_mini,
    models::phi_4,
    models::qwen2_5_72b,
    models::qwen2_5_7b,
    models::qwen3_0_6b,
    models::qwen3_14b,
    models::qwen3_235b_a22b,
    models::qwen3_30b_a3b,
    models::qwen3_32b,
    models::qwen3_4b,
    models::qwen3_8b,
    models::qwen3_next_80b_a3b,
    models::qwen3_5_397b_a17b,
};

/// The built-in model of that name, or null.
constexpr const ModelConfig* model_named(std::string_view name) noexcept {
  for (const ModelConfig& model : model_catalogue) {
    if (model.name.view() == name) return &model;
  }
  return nullptr;
}

}  // namespace opcost
