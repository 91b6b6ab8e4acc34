// SPDX-License-Identifier: Apache-2.0
//
// What a model's weights are: how many parameters each block has. Exact for the implementations in Hugging Face's
// transformers; docstrings count what the formulas do not show.
#pragma once

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

}  // namespace detail

/// One layer's attention: query (and gate), key, value and output projections, biases, query and key norms, sinks.
constexpr ParameterCount attention_parameters(const ModelConfig& model) noexcept {
  const double hidden = model.hidden_size;
  const double queries = double(model.heads.query_heads) * model.heads.query_key_dimension;
  const double keys = double(model.heads.kv_heads) * model.heads.query_key_dimension;
  const double qkv = model.qkv_features();
  ParameterCount count;
  count.projections = hidden * qkv + double(model.attention_features()) * hidden;
  if (model.attention_bias) count.others += qkv;
  if (model.attention_output_bias) count.others += hidden;
  if (model.query_key_norm == QueryKeyNorm::head) count.others += 2.0 * model.heads.query_key_dimension;
  if (model.query_key_norm == QueryKeyNorm::projection) count.others += queries + keys;
  if (model.attention_sinks) count.others += model.heads.query_heads;
  return count;
}

/// One layer's latent attention: the projections of LatentProjections, a norm over the query's low rank and one over
/// the latent. The indexer: queries from the low rank, one key with a LayerNorm, a weight a head, whose projection
/// DeepSeek's fp8 release leaves in bf16.
constexpr ParameterCount latent_attention_parameters(const ModelConfig& model) noexcept {
  const LatentConfig& latent = model.latent;
  const LatentHeads& heads = latent.heads;
  const double hidden = model.hidden_size;
  const double rank = latent.query_rank;
  const double queries = double(heads.query_heads) * heads.query_key_dimension();
  const double expanded = double(heads.query_heads) * (double(heads.nope_dimension) + heads.value_dimension);
  ParameterCount count;
  count.projections = (rank > 0.0 ? hidden * rank + rank * queries : hidden * queries) +
                      hidden * heads.cached_dimension() + heads.latent_rank * expanded +
                      double(heads.query_heads) * heads.value_dimension * hidden;
  count.others = rank + heads.latent_rank;
  if (latent.indexer_heads > 0) {
    const double dimension = latent.indexer_dimension;
    count.projections += rank * latent.indexer_heads * dimension + hidden * dimension;
    count.others += hidden * latent.indexer_heads + 2.0 * dimension;
  }
  return count;
}

/// One layer's gated delta rule. Gated DeltaNet: q, k, v and an output gate, β and the decay a value head, the decay's
/// scale and bias. Kimi delta attention: q, k, v and β; decay and output gate by a low rank of one head's dimension.
/// Both: the short convolution, a norm over a value head, the output projection.
constexpr ParameterCount delta_rule_parameters(const ModelConfig& model) noexcept {
  const RecurrenceConfig& rule = model.recurrence;
  const double hidden = model.hidden_size;
  const double keys = rule.key_features();
  const double values = rule.value_features();
  const double heads = rule.value_heads;
  ParameterCount count;
  count.others = rule.convolution_channels() * (rule.convolution_width + (rule.convolution_bias ? 1.0 : 0.0)) +
                 heads + rule.value_dimension;  // convolution, decay's scale, norm
  if (rule.decay == DeltaRuleDecay::per_head) {
    count.projections = hidden * (2.0 * keys + 2.0 * values) + hidden * 2.0 * heads + values * hidden;
    count.others += heads;
  } else {
    const double rank = rule.value_dimension;
    count.projections = hidden * (2.0 * keys + values) + hidden * heads + 2.0 * hidden * rank + rank * keys +
                        rank * values + values * hidden;
    count.others += keys;
  }
  return count;
}

/// One layer's state-space scan. Mamba-2: x, a gate z, B, C and a time step a head in one projection, the convolution,
/// the decay, skip and time-step bias of each head, a norm over the output, the output projection. Lightning
/// attention: q, k and v, an output gate, a norm, the output projection.
constexpr ParameterCount state_space_parameters(const ModelConfig& model) noexcept {
  const RecurrenceConfig& scan = model.recurrence;
  const double hidden = model.hidden_size;
  const double keys = scan.key_features();
  const double values = scan.value_features();
  const double heads = scan.value_heads;
  ParameterCount count;
  count.projections = hidden * (2.0 * values + 2.0 * keys + (scan.selective ? heads : 0.0)) + values * hidden;
  count.others = values;
  if (scan.convolution_width > 0) {
    count.others += scan.convolution_channels() * (scan.convolution_width + (scan.convolution_bias ? 1.0 : 0.0));
  }
  if (scan.selective) count.others += 3.0 * heads;
  return count;
}

/// One layer's dense feed-forward block.
constexpr ParameterCount feed_forward_parameters(const ModelConfig& model) noexcept {
  const double hidden = model.hidden_size;
  const double wide = model.gate_up_features();
  ParameterCount count;
  count.projections = hidden * wide + double(model.intermediate_size) * hidden;
  if (model.feed_forward_bias) count.others = wide + hidden;
  return count;
}

/// One layer's mixture of experts: routed and shared experts, the gate's projection and selection bias. `used` routed
/// experts, so that experts_per_token gives what a token meets.
constexpr ParameterCount experts_parameters(const ModelConfig& model, double used) noexcept {
  const ExpertsConfig& experts = model.experts;
  const double hidden = model.hidden_size;
  const double matrices = model.gated_feed_forward ? 3.0 : 2.0;
  ParameterCount count;
  count.experts = used * matrices * hidden * experts.intermediate_size;
  count.projections = matrices * hidden * experts.shared_intermediate_size;
  count.others = hidden * experts.experts;
  if (experts.selection_bias) count.others += experts.experts;
  if (experts.shared_gate) count.others += hidden;
  if (experts.bias) {
    count.others += experts.experts + used * ((matrices - 1.0) * experts.intermediate_size + hidden);
  }
  return count;
}

/// One layer of a group, its norms included; of routed experts only `used`.
constexpr ParameterCount layer_parameters(const ModelConfig& model, const LayerGroup& group, double used) noexcept {
  ParameterCount count;
  double blocks = 0.0;
  if (group.mixer != TokenMixer::none) blocks += 1.0;
  if (group.feed_forward != FeedForward::none) blocks += 1.0;
  switch (group.mixer) {
    case TokenMixer::none: break;
    case TokenMixer::attention:
    case TokenMixer::local_attention: count += attention_parameters(model); break;
    case TokenMixer::latent_attention: count += latent_attention_parameters(model); break;
    case TokenMixer::delta_rule: count += delta_rule_parameters(model); break;
    case TokenMixer::state_space: count += state_space_parameters(model); break;
  }
  switch (group.feed_forward) {
    case FeedForward::none: break;
    case FeedForward::dense: count += feed_forward_parameters(model); break;
    case FeedForward::experts: count += experts_parameters(model, used); break;
  }
  const double norms = model.norm_placement == NormPlacement::before_and_after ? 2.0 * blocks
                       : model.norm_placement == NormPlacement::parallel       ? 1.0
                                                                               : blocks;
  count.others += norms * detail::norm_parameters(model.norm, model.hidden_size);
  return count;
}

namespace detail {

/// Tables of vocabulary × hidden size that a rank holds: the embedding on the first stage, the LM head on the last. Tied
/// ones are one table, of which both stages have a copy where they differ.
constexpr double vocabulary_tables(const ModelConfig& model, const RankPlace& place) noexcept {
  if (!place.first_stage && !place.last_stage) return 0.0;
  return place.first_stage && place.last_stage && !model.tied_embeddings ? 2.0 : 1.0;
}

/// The layers of `model`, of routed experts only `used`, and what the place has of the model's ends.
constexpr ParameterCount model_parameters(const ModelConfig& model, double used, const RankPlace& place) noexcept {
  ParameterCount count;
  for (const LayerGroup& group : model.layer_groups) count += layer_parameters(model, group, used) * group.layers;
  count.others += vocabulary_tables(model, place) * model.vocabulary_size * model.hidden_size;
  if (place.last_stage) count.others += norm_parameters(model.norm, model.hidden_size);
  return count;
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
