// SPDX-License-Identifier: Apache-2.0
//
// What a model holds: parameters, and bytes of KV cache.
#pragma once

#include <cstdint>

#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// Parameters of one layer's attention: qkv and output projections with their biases, and qk-norm weights.
constexpr double attention_parameters(const ModelConfig& model) noexcept {
  const double hidden = model.hidden_size;
  double parameters = hidden * model.qkv_features() + double(model.attention_features()) * hidden;
  if (model.attention_bias) parameters += double(model.qkv_features()) + hidden;
  if (model.query_key_norm) parameters += 2.0 * model.heads.query_key_dimension;
  return parameters;
}

/// Parameters of one layer's feed-forward block.
constexpr double feed_forward_parameters(const ModelConfig& model) noexcept {
  const double hidden = model.hidden_size;
  double parameters = hidden * model.gate_up_features() + double(model.intermediate_size) * hidden;
  if (model.feed_forward_bias) parameters += double(model.gate_up_features()) + hidden;
  return parameters;
}

/// All parameters: layers with their norms, final norm, embedding, and the LM head where it is not tied.
constexpr double parameters(const ModelConfig& model) noexcept {
  const double hidden = model.hidden_size;
  const double norms = (model.post_norms ? 4.0 : 2.0) * hidden;
  const double table = double(model.vocabulary_size) * hidden;
  return model.layers * (attention_parameters(model) + feed_forward_parameters(model) + norms) + hidden +
         table * (model.tied_embeddings ? 1.0 : 2.0);
}

/// Bytes of all weights: the layers' projections in the precision's weight format, everything else hidden.
constexpr Bytes weight_bytes(const ModelConfig& model, const ModelPrecision& precision) noexcept {
  const std::int32_t hidden = model.hidden_size;
  const Bytes projections = (tensor_bytes(precision.weight, hidden, model.qkv_features()) +
                             tensor_bytes(precision.weight, model.attention_features(), hidden) +
                             tensor_bytes(precision.weight, hidden, model.gate_up_features()) +
                             tensor_bytes(precision.weight, model.intermediate_size, hidden)) *
                            model.layers;
  const double projected = double(hidden) *
                           (double(model.qkv_features()) + model.attention_features() + model.gate_up_features() +
                            model.intermediate_size) *
                           model.layers;
  return projections + Bytes{(parameters(model) - projected) * bytes_per_element(precision.hidden.element)};
}

/// Bytes of KV cache that one token takes in one layer.
constexpr Bytes kv_cache_bytes_per_token_and_layer(const ModelConfig& model, const TensorFormat& format) noexcept {
  return (tensor_bytes(format, 1, model.heads.query_key_dimension) +
          tensor_bytes(format, 1, model.heads.value_dimension)) *
         model.heads.kv_heads;
}

/// Bytes of KV cache of one sequence of `context_tokens`: local layers keep no more than their window.
constexpr Bytes kv_cache_bytes(const ModelConfig& model, const TensorFormat& format,
                               std::int32_t context_tokens) noexcept {
  const double window_tokens = model.sliding_window < context_tokens ? model.sliding_window : context_tokens;
  const double token_layers =
      double(model.global_layers()) * context_tokens + double(model.local_layers()) * window_tokens;
  return kv_cache_bytes_per_token_and_layer(model, format) * token_layers;
}

}  // namespace opcost
