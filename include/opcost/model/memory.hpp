// SPDX-License-Identifier: Apache-2.0
//
// What a model holds in memory: bytes of weights, of KV cache, and of recurrent state.
#pragma once

#include <cstdint>

#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/parameters.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

namespace detail {

/// Bytes of one layer's mixer's projections: ParameterCount::projections in that format, each matrix with scales of
/// its own.
constexpr Bytes mixer_projection_bytes(const ModelConfig& model, TokenMixer mixer,
                                       const TensorFormat& format) noexcept {
  const auto matrix = [&format](std::int32_t in, std::int32_t out) { return tensor_bytes(format, in, out); };
  const std::int32_t hidden = model.hidden_size;
  const RecurrenceConfig& rule = model.recurrence;
  const auto keys = static_cast<std::int32_t>(rule.key_features());
  const auto values = static_cast<std::int32_t>(rule.value_features());
  switch (mixer) {
    case TokenMixer::none: break;
    case TokenMixer::attention:
    case TokenMixer::local_attention:
      return matrix(hidden, model.qkv_features()) + matrix(model.attention_features(), hidden);
    case TokenMixer::latent_attention: {
      const LatentConfig& latent = model.latent;
      const LatentHeads& heads = latent.heads;
      const std::int32_t rank = latent.query_rank;
      const std::int32_t queries = heads.query_heads * heads.query_key_dimension();
      Bytes bytes = matrix(hidden, heads.cached_dimension()) +
                    matrix(heads.latent_rank, heads.query_heads * (heads.nope_dimension + heads.value_dimension)) +
                    matrix(heads.query_heads * heads.value_dimension, hidden);
      bytes += rank > 0 ? matrix(hidden, rank) + matrix(rank, queries) : matrix(hidden, queries);
      if (latent.indexer_heads > 0) {
        bytes += matrix(rank, latent.indexer_heads * latent.indexer_dimension) +
                 matrix(hidden, latent.indexer_dimension);
      }
      return bytes;
    }
    case TokenMixer::delta_rule:
      if (rule.decay == DeltaRuleDecay::per_head) {
        return matrix(hidden, 2 * keys + 2 * values) + matrix(hidden, 2 * rule.value_heads) +
               matrix(values, hidden);
      }
      return matrix(hidden, 2 * keys + values) + matrix(hidden, rule.value_heads) +
             2.0 * matrix(hidden, rule.value_dimension) + matrix(rule.value_dimension, keys) +
             matrix(rule.value_dimension, values) + matrix(values, hidden);
    case TokenMixer::state_space:
      return matrix(hidden, 2 * values + 2 * keys + (rule.selective ? rule.value_heads : 0)) +
             matrix(values, hidden);
  }
  return {};
}

/// Bytes of a feed-forward block of that width: one matrix up (two side by side where gated), one down.
constexpr Bytes feed_forward_projection_bytes(const ModelConfig& model, std::int32_t width,
                                              const TensorFormat& format) noexcept {
  return tensor_bytes(format, model.hidden_size, model.gated_feed_forward ? 2 * width : width) +
         tensor_bytes(format, width, model.hidden_size);
}

}  // namespace detail

/// Bytes of all weights, block scales included: the layers' projections and shared experts in the precision's weight
/// format, routed experts in theirs, everything else hidden.
constexpr Bytes weight_bytes(const ModelConfig& model, const ModelPrecision& precision) noexcept {
  Bytes bytes = parameter_count(model).others * Bytes{bytes_per_element(precision.hidden.element)};
  for (const LayerGroup& group : model.layer_groups) {
    Bytes layer = detail::mixer_projection_bytes(model, group.mixer, precision.weight);
    if (group.feed_forward == FeedForward::dense) {
      layer += detail::feed_forward_projection_bytes(model, model.intermediate_size, precision.weight);
    } else if (group.feed_forward == FeedForward::experts) {
      const ExpertsConfig& experts = model.experts;
      layer += detail::feed_forward_projection_bytes(model, experts.shared_intermediate_size, precision.weight) +
               double(experts.experts) *
                   detail::feed_forward_projection_bytes(model, experts.intermediate_size, precision.expert_weight);
    }
    bytes += layer * double(group.layers);
  }
  return bytes;
}

/// Bytes of KV cache that one token takes in one layer. Attention: a key and a value a KV head. Latent attention: the
/// latent and the rotary key once for all heads, and where there is an indexer one key of it, in fp8 with a scale as
/// its kernels have it (RuntimeIndexerPrecision). Nothing elsewhere.
constexpr Bytes kv_cache_bytes_per_token_and_layer(const ModelConfig& model, TokenMixer mixer,
                                                   const TensorFormat& format) noexcept {
  switch (mixer) {
    case TokenMixer::attention:
    case TokenMixer::local_attention:
      return (tensor_bytes(format, 1, model.heads.query_key_dimension) +
              tensor_bytes(format, 1, model.heads.value_dimension)) *
             double(model.heads.kv_heads);
    case TokenMixer::latent_attention:
      return tensor_bytes(format, 1, model.latent.heads.cached_dimension()) +
             (model.latent.indexer_heads > 0
                  ? tensor_bytes(formats::fp8_token_group, 1, model.latent.indexer_dimension)
                  : Bytes{});
    case TokenMixer::none:
    case TokenMixer::delta_rule:
    case TokenMixer::state_space: break;
  }
  return {};
}

/// The same of a model with one kind of cache: latent where it has latent attention, else attention's.
constexpr Bytes kv_cache_bytes_per_token_and_layer(const ModelConfig& model, const TensorFormat& format) noexcept {
  const bool latent = model.layers(TokenMixer::latent_attention) > 0;
  return kv_cache_bytes_per_token_and_layer(model, latent ? TokenMixer::latent_attention : TokenMixer::attention,
                                            format);
}

/// Bytes of KV cache that one more token takes in all layers, as long as no window is full.
constexpr Bytes kv_cache_bytes_per_token(const ModelConfig& model, const TensorFormat& format) noexcept {
  Bytes bytes{};
  for (const LayerGroup& group : model.layer_groups) {
    bytes += kv_cache_bytes_per_token_and_layer(model, group.mixer, format) * double(group.layers);
  }
  return bytes;
}

/// Bytes of state that one sequence holds whatever its length: a key × value matrix a head of every delta rule and
/// state space, in `state`, and the last inputs of the short convolution before it, in `convolution`.
constexpr Bytes recurrent_state_bytes(const ModelConfig& model, const TensorFormat& state = formats::fp32,
                                      const TensorFormat& convolution = formats::bf16) noexcept {
  const RecurrenceConfig& rule = model.recurrence;
  const double layers = double(model.layers(TokenMixer::delta_rule)) + model.layers(TokenMixer::state_space);
  const double inputs = rule.convolution_width > 0 ? rule.convolution_width - 1.0 : 0.0;
  return Bytes{layers * (rule.state_elements() * bytes_per_element(state.element) +
                         inputs * rule.convolution_channels() * bytes_per_element(convolution.element))};
}

/// Everything that one sequence of `context_tokens` holds: its KV cache, of which local layers keep no more than their
/// window, and its recurrent state.
constexpr Bytes kv_cache_bytes(const ModelConfig& model, const ModelPrecision& precision,
                               std::int32_t context_tokens) noexcept {
  const double window_tokens = model.sliding_window < context_tokens ? model.sliding_window : context_tokens;
  Bytes bytes = recurrent_state_bytes(model, precision.recurrent_state, precision.hidden);
  for (const LayerGroup& group : model.layer_groups) {
    const double tokens = group.mixer == TokenMixer::local_attention ? window_tokens : context_tokens;
    bytes += kv_cache_bytes_per_token_and_layer(model, group.mixer, precision.kv_cache) * (tokens * group.layers);
  }
  return bytes;
}

/// The same with everything but the cache's format as ModelPrecision has it by default.
constexpr Bytes kv_cache_bytes(const ModelConfig& model, const TensorFormat& format,
                               std::int32_t context_tokens) noexcept {
  return kv_cache_bytes(model, ModelPrecision{.kv_cache = format}, context_tokens);
}

}  // namespace opcost
