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

/// Source: https://huggingface.co/google/gemma-3-27b-it/blob/main/config.json
inline constexpr ModelConfig gemma_3_27b{
    .name = "gemma-3-27b",
    .layers = 62,
    .hidden_size = 5376,
    .intermediate_size = 21504,
    .vocabulary_size = 262208,
    .heads = {.query_heads = 32, .kv_heads = 16, .query_key_dimension = 128, .value_dimension = 128},
    .sliding_window = 1024,
    .global_layer_period = 6,
    .activation = ActivationFunction::gelu_tanh,
    .gated_feed_forward = true,
    .query_key_norm = true,
    .post_norms = true,
    .tied_embeddings = true,
    .scaled_embedding = true,
    .attention_bias = false,
    .feed_forward_bias = false,
    .maximum_context = 131072,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.1-70B/blob/main/config.json
inline constexpr ModelConfig llama_3_1_70b{
    .name = "llama-3.1-70b",
    .layers = 80,
    .hidden_size = 8192,
    .intermediate_size = 28672,
    .vocabulary_size = 128256,
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .sliding_window = 0,
    .global_layer_period = 1,
    .activation = ActivationFunction::silu,
    .gated_feed_forward = true,
    .query_key_norm = false,
    .post_norms = false,
    .tied_embeddings = false,
    .scaled_embedding = false,
    .attention_bias = false,
    .feed_forward_bias = false,
    .maximum_context = 131072,
};

/// Source: https://huggingface.co/meta-llama/Llama-3.1-8B/blob/main/config.json
inline constexpr ModelConfig llama_3_1_8b{
    .name = "llama-3.1-8b",
    .layers = 32,
    .hidden_size = 4096,
    .intermediate_size = 14336,
    .vocabulary_size = 128256,
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .sliding_window = 0,
    .global_layer_period = 1,
    .activation = ActivationFunction::silu,
    .gated_feed_forward = true,
    .query_key_norm = false,
    .post_norms = false,
    .tied_embeddings = false,
    .scaled_embedding = false,
    .attention_bias = false,
    .feed_forward_bias = false,
    .maximum_context = 131072,
};

/// Source: https://huggingface.co/Qwen/Qwen3-32B/blob/main/config.json
inline constexpr ModelConfig qwen3_32b{
    .name = "qwen3-32b",
    .layers = 64,
    .hidden_size = 5120,
    .intermediate_size = 25600,
    .vocabulary_size = 151936,
    .heads = {.query_heads = 64, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .sliding_window = 0,
    .global_layer_period = 1,
    .activation = ActivationFunction::silu,
    .gated_feed_forward = true,
    .query_key_norm = true,
    .post_norms = false,
    .tied_embeddings = false,
    .scaled_embedding = false,
    .attention_bias = false,
    .feed_forward_bias = false,
    .maximum_context = 40960,
};

/// Source: https://huggingface.co/Qwen/Qwen3-8B/blob/main/config.json
inline constexpr ModelConfig qwen3_8b{
    .name = "qwen3-8b",
    .layers = 36,
    .hidden_size = 4096,
    .intermediate_size = 12288,
    .vocabulary_size = 151936,
    .heads = {.query_heads = 32, .kv_heads = 8, .query_key_dimension = 128, .value_dimension = 128},
    .sliding_window = 0,
    .global_layer_period = 1,
    .activation = ActivationFunction::silu,
    .gated_feed_forward = true,
    .query_key_norm = true,
    .post_norms = false,
    .tied_embeddings = false,
    .scaled_embedding = false,
    .attention_bias = false,
    .feed_forward_bias = false,
    .maximum_context = 40960,
};

}  // namespace models

/// Every built-in model, by name.
inline constexpr std::array<ModelConfig, 5> model_catalogue{
    models::gemma_3_27b,
    models::llama_3_1_70b,
    models::llama_3_1_8b,
    models::qwen3_32b,
    models::qwen3_8b,
};

/// The built-in model of that name, or null.
constexpr const ModelConfig* model_named(std::string_view name) noexcept {
  for (const ModelConfig& model : model_catalogue) {
    if (model.name.view() == name) return &model;
  }
  return nullptr;
}

}  // namespace opcost
