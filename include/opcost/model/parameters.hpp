// SPDX-License-Identifier: Apache-2.0
//
// What a model's weights are: how many parameters each block has. Exact for the implementations in Hugging Face's
// transformers; docstrings count what the formulas do not show.
#pragma once

#include <cstdint>

#include "opcost/model/block.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_shard.hpp"

namespace opcost {

/// A block's parameters, by what serving systems quantise: the weights of large matrix products, and everything else.
struct ParameterCount {
  double projections = 0.0;  ///< Weights of the layers' linear projections.
  double experts = 0.0;      ///< Weights of routed experts.
  double others = 0.0;       ///< Norms, biases, gates, convolutions, embedding and LM head.

  constexpr double total() const noexcept { return projections + experts + others; }
  constexpr ParameterCount& operator+=(const ParameterCount& other) noexcept {
    projections += other.projections;
    experts += other.experts;
    others += other.others;
    return *this;
  }
  friend constexpr ParameterCount operator+(ParameterCount a, const ParameterCount& b) noexcept { return a += b; }
  friend constexpr ParameterCount operator*(ParameterCount a, double count) noexcept {
    return {a.projections * count, a.experts * count, a.others * count};
  }
  friend constexpr bool operator==(const ParameterCount&, const ParameterCount&) noexcept = default;
};

namespace detail {

constexpr double norm_parameters(NormKind kind, double width) noexcept {
  switch (kind) {
    case NormKind::rms:
    case NormKind::layer_no_bias: return width;
    case NormKind::layer: return 2.0 * width;
    case NormKind::unweighted: break;
  }
  return 0.0;
}

// The weights of a layer, once for all that count them. Each function tells `weights` about all of them:
//   weights.projection(block, in, out)  a linear projection's
//   weights.expert(used, in, out)       of each of `used` routed experts
//   weights.other(block, parameters)    everything else

/// `core` is attention or local_attention.
template <class Weights>
constexpr void visit_attention_weights(const ModelConfig& model, Block core, Weights& weights) noexcept {
  const AttentionHeads& heads = model.heads;
  weights.projection(Block::attention_input, model.hidden_size, model.qkv_features());
  weights.projection(Block::attention_output, model.attention_features(), model.hidden_size);
  if (model.attention_bias) weights.other(Block::attention_input, model.qkv_features());
  if (model.attention_output_bias) weights.other(Block::attention_output, model.hidden_size);
  if (model.query_key_norm == QueryKeyNorm::head) {
    weights.other(Block::attention_input, 2.0 * heads.query_key_dimension);
  } else if (model.query_key_norm == QueryKeyNorm::projection) {
    weights.other(Block::attention_input, (double(heads.query_heads) + heads.kv_heads) * heads.query_key_dimension);
  }
  if (model.attention_sinks) weights.other(core, heads.query_heads);
}

template <class Weights>
constexpr void visit_latent_attention_weights(const ModelConfig& model, Weights& weights) noexcept {
  const LatentConfig& latent = model.latent;
  const LatentHeads& heads = latent.heads;
  const std::int32_t hidden = model.hidden_size;
  const std::int32_t rank = latent.query_rank;
  const std::int32_t queries = heads.query_heads * heads.query_key_dimension();
  if (rank > 0) {
    weights.projection(Block::latent_input, hidden, rank);
    weights.projection(Block::latent_input, rank, queries);
  } else {
    weights.projection(Block::latent_input, hidden, queries);
  }
  weights.projection(Block::latent_input, hidden, heads.cached_dimension());
  // absorbed or expanded where the latents are
  weights.projection(Block::latent_attention, heads.latent_rank,
                     heads.query_heads * (heads.nope_dimension + heads.value_dimension));
  weights.projection(Block::latent_output, heads.query_heads * heads.value_dimension, hidden);
  weights.other(Block::latent_input, double(rank) + heads.latent_rank);
  if (latent.indexer_heads == 0) return;
  const std::int32_t dimension = latent.indexer_dimension;
  weights.projection(Block::latent_input, rank, latent.indexer_heads * dimension);
  weights.projection(Block::latent_input, hidden, dimension);
  weights.other(Block::latent_input, double(hidden) * latent.indexer_heads + 2.0 * dimension);
}

template <class Weights>
constexpr void visit_convolution_weights(const RecurrenceConfig& recurrence, Weights& weights) noexcept {
  if (recurrence.convolution_width == 0) return;
  weights.other(Block::recurrence, recurrence.convolution_channels() *
                                       (recurrence.convolution_width + (recurrence.convolution_bias ? 1.0 : 0.0)));
}

template <class Weights>
constexpr void visit_delta_rule_weights(const ModelConfig& model, Weights& weights) noexcept {
  const RecurrenceConfig& rule = model.recurrence;
  const std::int32_t hidden = model.hidden_size;
  const auto keys = static_cast<std::int32_t>(rule.key_features());
  const auto values = static_cast<std::int32_t>(rule.value_features());
  const std::int32_t heads = rule.value_heads;
  if (rule.decay == DeltaRuleDecay::per_head) {
    weights.projection(Block::recurrence_input, hidden, 2 * keys + 2 * values);
    weights.projection(Block::recurrence_input, hidden, 2 * heads);
  } else {
    const std::int32_t rank = rule.value_dimension;
    weights.projection(Block::recurrence_input, hidden, 2 * keys + values);
    weights.projection(Block::recurrence_input, hidden, heads);
    weights.projection(Block::recurrence_input, hidden, rank);  // of the decay
    weights.projection(Block::recurrence_input, rank, keys);
    weights.projection(Block::recurrence_input, hidden, rank);  // of the output gate
    weights.projection(Block::recurrence_input, rank, values);
  }
  weights.projection(Block::recurrence_output, values, hidden);
  visit_convolution_weights(rule, weights);
  // the decay's scale and bias
  weights.other(Block::recurrence, double(heads) + (rule.decay == DeltaRuleDecay::per_head ? heads : keys));
  weights.other(Block::recurrence_output, rule.value_dimension);
}

template <class Weights>
constexpr void visit_state_space_weights(const ModelConfig& model, Weights& weights) noexcept {
  const RecurrenceConfig& scan = model.recurrence;
  const auto keys = static_cast<std::int32_t>(scan.key_features());
  const auto values = static_cast<std::int32_t>(scan.value_features());
  weights.projection(Block::recurrence_input, model.hidden_size,
                     2 * values + 2 * keys + (scan.selective ? scan.value_heads : 0));
  weights.projection(Block::recurrence_output, values, model.hidden_size);
  visit_convolution_weights(scan, weights);
  if (scan.selective) weights.other(Block::recurrence, 3.0 * scan.value_heads);
  weights.other(Block::recurrence_output, values);
}

/// `visit(in, out)` for the weights of a feed-forward block of that width: one matrix up (two side by side where gated),
/// one down.
template <class Visit>
constexpr void visit_feed_forward_matrices(const ModelConfig& model, std::int32_t width,
                                           const Visit& visit) noexcept {
  visit(model.hidden_size, model.gated_feed_forward ? 2 * width : width);
  visit(width, model.hidden_size);
}

template <class Weights>
constexpr void visit_feed_forward_weights(const ModelConfig& model, Weights& weights) noexcept {
  visit_feed_forward_matrices(model, model.intermediate_size, [&](std::int32_t in, std::int32_t out) {
    weights.projection(Block::feed_forward, in, out);
    if (model.feed_forward_bias) weights.other(Block::feed_forward, out);
  });
}

template <class Weights>
constexpr void visit_experts_weights(const ModelConfig& model, double used, Weights& weights) noexcept {
  const ExpertsConfig& experts = model.experts;
  const double hidden = model.hidden_size;
  visit_feed_forward_matrices(model, experts.shared_intermediate_size, [&](std::int32_t in, std::int32_t out) {
    weights.projection(Block::router, in, out);
  });
  weights.other(Block::router, hidden * experts.experts);
  if (experts.selection_bias) weights.other(Block::router, experts.experts);
  if (experts.shared_gate) weights.other(Block::router, hidden);
  if (experts.bias) weights.other(Block::router, experts.experts);
  visit_feed_forward_matrices(model, experts.intermediate_size, [&](std::int32_t in, std::int32_t out) {
    weights.expert(used, in, out);
    if (experts.bias) weights.other(Block::experts, used * out);
  });
}

/// One layer of a group, its norms included; of routed experts only `used`.
template <class Weights>
constexpr void visit_layer_weights(const ModelConfig& model, const LayerGroup& group, double used,
                                   Weights& weights) noexcept {
  double blocks = 0.0;
  if (group.mixer != TokenMixer::none) blocks += 1.0;
  if (group.feed_forward != FeedForward::none) blocks += 1.0;
  switch (group.mixer) {
    case TokenMixer::none: break;
    case TokenMixer::attention: visit_attention_weights(model, Block::attention, weights); break;
    case TokenMixer::local_attention: visit_attention_weights(model, Block::local_attention, weights); break;
    case TokenMixer::latent_attention: visit_latent_attention_weights(model, weights); break;
    case TokenMixer::delta_rule: visit_delta_rule_weights(model, weights); break;
    case TokenMixer::state_space: visit_state_space_weights(model, weights); break;
  }
  switch (group.feed_forward) {
    case FeedForward::none: break;
    case FeedForward::dense: visit_feed_forward_weights(model, weights); break;
    case FeedForward::experts: visit_experts_weights(model, used, weights); break;
  }
  const double norms = model.norm_placement == NormPlacement::before_and_after ? 2.0 * blocks
                       : model.norm_placement == NormPlacement::parallel       ? 1.0
                                                                               : blocks;
  weights.other(Block::residual, norms * norm_parameters(model.norm, model.hidden_size));
}

/// Whether embedding and LM head read the same table on this rank. Of a pipeline each end has a copy.
constexpr bool shares_table(const ModelConfig& model, const RankPlace& place) noexcept {
  return model.tied_embeddings && place.first_stage && place.last_stage;
}
constexpr double table_parameters(const ModelConfig& model) noexcept {
  return double(model.vocabulary_size) * model.hidden_size;
}

/// The layers of `model`, of routed experts only `used`, and what the place has of the model's ends: the embedding on the
/// first stage, the final norm and the LM head on the last. A table that both share is the head's. `weights.times` is
/// how often the weights that follow are there.
template <class Weights>
constexpr void visit_model_weights(const ModelConfig& model, double used, const RankPlace& place,
                                   Weights& weights) noexcept {
  for (const LayerGroup& group : model.layer_groups) {
    if (group.layers == 0) continue;
    weights.times = group.layers;
    visit_layer_weights(model, group, used, weights);
  }
  weights.times = 1.0;
  if (place.first_stage && !shares_table(model, place)) weights.other(Block::embedding, table_parameters(model));
  if (!place.last_stage) return;
  weights.other(Block::residual, norm_parameters(model.norm, model.hidden_size));
  weights.other(Block::head, table_parameters(model));
}

/// Counts the weights that it is told about.
struct WeightCount {
  ParameterCount count{};
  double times = 1.0;

  constexpr void projection(Block /*block*/, double in, double out) noexcept {
    count.projections += times * in * out;
  }
  constexpr void expert(double used, double in, double out) noexcept { count.experts += times * used * in * out; }
  constexpr void other(Block /*block*/, double parameters) noexcept { count.others += times * parameters; }
};

}  // namespace detail

/// One layer's attention: query (and gate), key, value and output projections, biases, query and key norms, sinks.
constexpr ParameterCount attention_parameters(const ModelConfig& model) noexcept {
  detail::WeightCount weights;
  detail::visit_attention_weights(model, Block::attention, weights);
  return weights.count;
}

/// One layer's latent attention: the projections of LatentProjections, a norm over the query's low rank and one over
/// the latent. The indexer: queries from the low rank, one key with a LayerNorm, a weight a head, whose projection
/// DeepSeek's fp8 release leaves in bf16.
constexpr ParameterCount latent_attention_parameters(const ModelConfig& model) noexcept {
  detail::WeightCount weights;
  detail::visit_latent_attention_weights(model, weights);
  return weights.count;
}

/// One layer's gated delta rule. Gated DeltaNet: q, k, v and an output gate, β and the decay a value head, the decay's
/// scale and bias. Kimi delta attention: q, k, v and β; decay and output gate by a low rank of one head's dimension.
/// Both: the short convolution, a norm over a value head, the output projection.
constexpr ParameterCount delta_rule_parameters(const ModelConfig& model) noexcept {
  detail::WeightCount weights;
  detail::visit_delta_rule_weights(model, weights);
  return weights.count;
}

/// One layer's state-space scan. Mamba-2: x, a gate z, B, C and a time step a head in one projection, the convolution,
/// the decay, skip and time-step bias of each head, a norm over the output, the output projection. Lightning
/// attention: q, k and v, an output gate, a norm, the output projection.
constexpr ParameterCount state_space_parameters(const ModelConfig& model) noexcept {
  detail::WeightCount weights;
  detail::visit_state_space_weights(model, weights);
  return weights.count;
}

/// One layer's dense feed-forward block.
constexpr ParameterCount feed_forward_parameters(const ModelConfig& model) noexcept {
  detail::WeightCount weights;
  detail::visit_feed_forward_weights(model, weights);
  return weights.count;
}

/// One layer's mixture of experts: routed and shared experts, the gate's projection and selection bias. `used` routed
/// experts, so that experts_per_token gives what a token meets.
constexpr ParameterCount experts_parameters(const ModelConfig& model, double used) noexcept {
  detail::WeightCount weights;
  detail::visit_experts_weights(model, used, weights);
  return weights.count;
}

/// One layer of a group, its norms included; of routed experts only `used`.
constexpr ParameterCount layer_parameters(const ModelConfig& model, const LayerGroup& group, double used) noexcept {
  detail::WeightCount weights;
  detail::visit_layer_weights(model, group, used, weights);
  return weights.count;
}

namespace detail {

constexpr ParameterCount model_parameters(const ModelConfig& model, double used, const RankPlace& place) noexcept {
  WeightCount weights;
  visit_model_weights(model, used, place, weights);
  return weights.count;
}

}  // namespace detail

/// What a rank holds: of routed experts its own; of the vocabulary its rows, padding included; whole what `shard_of`
/// lists as replicated, and the bias of a projection whose inputs are divided.
constexpr ParameterCount parameter_count(const ModelShard& shard) noexcept {
  return detail::model_parameters(shard.model, shard.local_experts(), shard.place);
}
/// All parameters: layers, final norm, embedding, and the LM head where it is not tied.
constexpr ParameterCount parameter_count(const ModelConfig& model) noexcept {
  return detail::model_parameters(model, model.experts.experts, RankPlace{});
}
constexpr double parameters(const ModelShard& shard) noexcept { return parameter_count(shard).total(); }
constexpr double parameters(const ModelConfig& model) noexcept { return parameter_count(model).total(); }

/// Those that one token meets: of routed experts only the chosen ones. The embedding counts whole, as published
/// figures have it.
constexpr double active_parameters(const ModelConfig& model) noexcept {
  return detail::model_parameters(model, model.experts.experts_per_token, RankPlace{}).total();
}

}  // namespace opcost
