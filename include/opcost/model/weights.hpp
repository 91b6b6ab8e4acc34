// SPDX-License-Identifier: Apache-2.0
//
// What a model's weights take in memory, each matrix in its format.
#pragma once

#include <cstdint>

#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
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

/// The layers of `model` with so many routed experts, and what the place has of the model's ends.
constexpr Bytes weight_bytes(const ModelConfig& model, double routed_experts, const RankPlace& place,
                             const ModelPrecision& precision) noexcept {
  Bytes bytes =
      model_parameters(model, routed_experts, place).others * Bytes{bytes_per_element(precision.hidden.element)};
  for (const LayerGroup& group : model.layer_groups) {
    Bytes layer = mixer_projection_bytes(model, group.mixer, precision.weight);
    if (group.feed_forward == FeedForward::dense) {
      layer += feed_forward_projection_bytes(model, model.intermediate_size, precision.weight);
    } else if (group.feed_forward == FeedForward::experts) {
      const ExpertsConfig& experts = model.experts;
      layer +=
          feed_forward_projection_bytes(model, experts.shared_intermediate_size, precision.weight) +
          routed_experts * feed_forward_projection_bytes(model, experts.intermediate_size, precision.expert_weight);
    }
    bytes += layer * double(group.layers);
  }
  return bytes;
}

}  // namespace detail

/// Bytes of all weights that a rank holds, block scales included: the layers' projections and shared experts in the
/// precision's weight format, routed experts in theirs, everything else hidden. Scales are those of the rank's own
/// matrices: a block that ranks cut counts on each.
constexpr Bytes weight_bytes(const ModelShard& shard, const ModelPrecision& precision) noexcept {
  return detail::weight_bytes(shard.model, shard.local_experts(), shard.place, precision);
}
/// The same of the whole model on one rank.
constexpr Bytes weight_bytes(const ModelConfig& model, const ModelPrecision& precision) noexcept {
  return detail::weight_bytes(model, model.experts.experts, RankPlace{}, precision);
}

}  // namespace opcost
