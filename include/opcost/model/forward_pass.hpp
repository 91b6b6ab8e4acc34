// SPDX-License-Identifier: Apache-2.0
//
// What a forward pass of a model executes, block by block, on one rank of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "opcost/model/block.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/collective.hpp"

namespace opcost::detail {

/// The most heads that one operation counts for a token.
constexpr double most_heads(const ModelConfig& model) noexcept {
  double most = double(model.heads.query_heads) + model.heads.kv_heads;
  const double latent = model.latent.heads.query_heads + 1.0;
  const double recurrent = model.recurrence.value_heads;
  if (model.layers(TokenMixer::latent_attention) > 0 && latent > most) most = latent;
  return recurrent > most ? recurrent : most;
}

/// What an operation that mixes tokens is called in each phase of a step; of alike sequences, without the prefix.
struct PhaseNames {
  std::string_view decode;   // "decode_…"
  std::string_view prefill;  // "prefill_…"

  constexpr std::string_view plain() const noexcept { return decode.substr(std::string_view("decode_").size()); }
};

/// Which forms sequences take; see `decodes` and `takes_few_tokens`.
struct SequenceForms {
  bool absorbed;
  bool recurrent;
};

template <class T>
constexpr void take_form(T& /*operation*/, SequenceForms /*forms*/) noexcept {}
constexpr void take_form(LatentAttention<>& operation, SequenceForms forms) noexcept {
  operation.form = forms.absorbed ? LatentForm::absorbed : LatentForm::expanded;
}
constexpr void take_form(GatedDeltaRule<>& operation, SequenceForms forms) noexcept {
  operation.form = forms.recurrent ? RecurrenceForm::recurrent : RecurrenceForm::chunked;
}
constexpr void take_form(StateSpaceScan<>& operation, SequenceForms forms) noexcept {
  operation.form = forms.recurrent ? RecurrenceForm::recurrent : RecurrenceForm::chunked;
}

/// How many layers there are with each mixer and feed-forward block, in one look at the groups.
struct LayerCounts {
  std::int32_t all = 0;
  std::array<std::int32_t, 6> mixers{};
  std::array<std::int32_t, 3> feed_forwards{};

  constexpr explicit LayerCounts(const ModelConfig& model) noexcept {
    for (const LayerGroup& group : model.layer_groups) {
      all += group.layers;
      mixers[static_cast<std::size_t>(group.mixer)] += group.layers;
      feed_forwards[static_cast<std::size_t>(group.feed_forward)] += group.layers;
    }
  }
  constexpr std::int32_t operator[](TokenMixer mixer) const noexcept {
    return mixers[static_cast<std::size_t>(mixer)];
  }
  constexpr std::int32_t operator[](FeedForward feed_forward) const noexcept {
    return feed_forwards[static_cast<std::size_t>(feed_forward)];
  }
};

/// What context-parallel ranks send each other around attention, in bytes: of a key and its value for all KV heads of
/// the rank; of a token's queries; and of its outputs, with the logarithm of the softmax's denominator for each head.
struct ContextExchange {
  Bytes key{};
  Bytes query{};
  Bytes output{};
};
inline constexpr Bytes log_sum_bytes{4.0};

/// What the sum over tensor-parallel ranks after a block is called.
struct SumNames {
  std::string_view all_reduce;
  std::string_view reduce_scatter;  // sequence parallel
};

/// What the operations of a dense feed-forward block are called.
struct FeedForwardNames {
  std::string_view gate_up;
  std::string_view activation;
  std::string_view down;
};

constexpr bool has_norm_before_blocks(const ModelConfig& model) noexcept {
  return model.norm_placement != NormPlacement::after;
}

/// As in vLLM and SGLang: a residual add and an RMSNorm that follows it.
constexpr bool fuses_residual_adds(const ModelConfig& model) noexcept {
  return model.norm == NormKind::rms && has_norm_before_blocks(model) &&
         model.norm_placement != NormPlacement::parallel;
}

/// Of a layer's blocks: as the norm before them writes it.
constexpr const TensorFormat& block_input(const ModelConfig& model, const ModelPrecision& precision) noexcept {
  return has_norm_before_blocks(model) ? precision.activation : precision.hidden;
}

/// Describes a rank's pass block by block. Blocks of one kind in different layers are one operation with a count. A pass
/// that has `enter` is told which block the operations that follow belong to.
template <class Pass>
class PassBuilder {
 public:
  /// `model` as the rank has it: ModelShard::model.
  constexpr PassBuilder(const ModelConfig& model, const RankPlace& place, const ModelPrecision& precision,
                        const Pass& pass) noexcept
      : model_(model),
        place_(place),
        ranks_(place.parallelism),
        precision_(precision),
        pass_(pass),
        layers_(model),
        tokens_(largest_share(pass.tokens(), ranks_.context)),
        residual_tokens_(ranks_.sequence ? largest_share(tokens_, ranks_.tensor) : tokens_) {}

  constexpr void build() noexcept {
    const std::int32_t mixers = layers_.all - layers_[TokenMixer::none];
    const std::int32_t feed_forwards = layers_.all - layers_[FeedForward::none];
    add_embedding();
    add_stage_transfers();
    // a residual add is one kernel with the norm after it, the last of a stage with the first norm of the next
    enter(Block::residual);
    const std::int32_t first_norms = fuses_residual_adds() && place_.first_stage ? 1 : 0;
    const std::int32_t first_mixers = first_norms < mixers ? first_norms : mixers;
    add_norm("first_norm", first_norms, precision_.activation);
    add_residual_norm("attention_norm", norms_before(mixers) - first_mixers, precision_.activation);
    gather_tokens("attention_all_gather", mixers, block_input(model_, precision_));
    add_attention();
    add_latent_attention();
    add_delta_rule();
    add_state_space();
    enter(Block::mixer_sum);
    sum_over_ranks({"attention_all_reduce", "attention_reduce_scatter"}, mixers);
    enter(Block::residual);
    add_norm("post_attention_norm", norms_after(mixers), precision_.hidden);
    add_residual_norm("feed_forward_norm",
                      parallel() ? 0 : norms_before(feed_forwards) - (first_norms - first_mixers),
                      precision_.activation);
    gather_tokens("feed_forward_all_gather", parallel() ? 0 : feed_forwards - exchanging_layers(),
                  block_input(model_, precision_));
    add_dense(layers_[FeedForward::dense]);
    add_experts(layers_[FeedForward::experts]);
    enter(Block::feed_forward_sum);
    sum_over_ranks({"feed_forward_all_reduce", "feed_forward_reduce_scatter"}, feed_forwards - exchanging_layers());
    enter(Block::residual);
    add_norm("post_feed_forward_norm", norms_after(feed_forwards), precision_.hidden);
    pass_.add("residual_add", fuses_residual_adds() ? 0 : mixers + feed_forwards,
              ResidualAdd<>{residual_tokens_, model_.hidden_size, in_place()});
    add_head(largest_share(pass_.sampled_tokens(), ranks_.context));
  }

 private:
  constexpr void enter(Block block) const noexcept {
    if constexpr (requires { pass_.enter(block); }) pass_.enter(block);
  }

  constexpr RuntimeElementwisePrecision in_place() const noexcept { return {precision_.hidden, precision_.hidden}; }
  constexpr RuntimeElementwisePrecision to_projection() const noexcept {
    return {precision_.hidden, precision_.activation};
  }
  constexpr RuntimeLinearPrecision hidden_linear() const noexcept {
    return {precision_.hidden, precision_.hidden, precision_.hidden};
  }
  constexpr LinearProjection<> linear(double in, double out, bool bias = false) const noexcept {
    return linear(tokens_, in, out, bias);
  }
  constexpr LinearProjection<> linear(std::int32_t tokens, double in, double out, bool bias) const noexcept {
    return {tokens,
            static_cast<std::int32_t>(in),
            static_cast<std::int32_t>(out),
            bias,
            {precision_.activation, precision_.weight, precision_.hidden}};
  }

  constexpr Bytes hidden_bytes(double elements) const noexcept {
    return Bytes{elements * bytes_per_element(precision_.hidden.element)};
  }

  constexpr bool parallel() const noexcept { return model_.norm_placement == NormPlacement::parallel; }
  constexpr std::int32_t norms_before(std::int32_t blocks) const noexcept {
    return has_norm_before_blocks(model_) ? blocks : 0;
  }
  constexpr std::int32_t norms_after(std::int32_t blocks) const noexcept {
    const bool after =
        model_.norm_placement == NormPlacement::after || model_.norm_placement == NormPlacement::before_and_after;
    return after ? blocks : 0;
  }
  constexpr bool fuses_residual_adds() const noexcept { return detail::fuses_residual_adds(model_); }
  constexpr void add_norm(std::string_view name, std::int32_t count, const TensorFormat& output) noexcept {
    const RuntimeElementwisePrecision formats{precision_.hidden, output};
    if (model_.norm == NormKind::rms) {
      pass_.add(name, count,
                RmsNorm<>{.rows = residual_tokens_, .width = model_.hidden_size, .precision = formats});
    } else {
      pass_.add(name, count,
                LayerNorm<>{residual_tokens_, model_.hidden_size, model_.norm == NormKind::layer, formats});
    }
  }

  /// A norm with the residual add before it, where one kernel does both.
  constexpr void add_residual_norm(std::string_view name, std::int32_t count, const TensorFormat& output) noexcept {
    if (!fuses_residual_adds()) {
      add_norm(name, count, output);
      return;
    }
    pass_.add(name, count, AddRmsNorm<>{residual_tokens_, model_.hidden_size, {precision_.hidden, output}});
  }

  /// Hidden states of so many tokens.
  constexpr Collective over_hidden_states(CollectiveKind pattern, std::int32_t tokens,
                                          std::int32_t ranks) const noexcept {
    return collective_over_hidden_states(pattern, tokens, model_.hidden_size, ranks, precision_.hidden);
  }
  /// All tokens of the tensor-parallel ranks to each, where norms had a share of them.
  constexpr void gather_tokens(std::string_view name, std::int32_t count,
                               const TensorFormat& format) const noexcept {
    if (ranks_.tensor == 1 || !ranks_.sequence) return;
    pass_.communicate(name, count,
                      collective_over_hidden_states(CollectiveKind::all_gather, tokens_, model_.hidden_size,
                                                    ranks_.tensor, format));
  }
  /// What the tensor-parallel ranks have each a summand of: to all of them, or to each its share of the tokens.
  constexpr void sum_over_ranks(const SumNames& names, std::int32_t count) const noexcept {
    if (ranks_.tensor == 1) return;
    pass_.communicate(
        ranks_.sequence ? names.reduce_scatter : names.all_reduce, count,
        over_hidden_states(ranks_.sequence ? CollectiveKind::reduce_scatter : CollectiveKind::all_reduce, tokens_,
                           ranks_.tensor));
  }
  /// Layers whose experts send tokens to each other's ranks and leave nothing to sum over tensor-parallel ranks.
  constexpr std::int32_t exchanging_layers() const noexcept {
    return ranks_.exchanges_with_all() ? layers_[FeedForward::experts] : 0;
  }

  constexpr void add_embedding() noexcept {
    if (!place_.first_stage) return;
    enter(Block::embedding);
    pass_.add("embedding_lookup", 1,
              EmbeddingLookup<>{tokens_, model_.hidden_size, model_.scaled_embedding, in_place()});
    sum_over_ranks({"embedding_all_reduce", "embedding_reduce_scatter"}, 1);
  }

  /// The residual stream to the next stage, and what is yet to be added where the norm there does that: each
  /// tensor-parallel rank sends a share, which the receivers gather (as vLLM and SGLang do).
  constexpr void add_stage_transfers() noexcept {
    if (place_.stage_transfers == 0) return;
    enter(Block::residual);
    Collective gather = over_hidden_states(CollectiveKind::all_gather, tokens_, ranks_.tensor);
    if (fuses_residual_adds()) gather.bytes = gather.bytes * 2.0;
    Collective transfer = gather;
    transfer.pattern = CollectiveKind::point_to_point;
    transfer.ranks = ranks_.pipeline;
    transfer.bytes = gather.bytes / double(ranks_.tensor);
    transfer.stride = ranks_.ranks_per_stage();
    pass_.communicate("stage_transfer", place_.stage_transfers, transfer);
    if (ranks_.tensor == 1 || ranks_.sequence) return;
    pass_.communicate("stage_all_gather", place_.stage_transfers, gather);
  }

  /// Norm of queries or keys: of each head, or of all together.
  constexpr void add_head_norm(std::string_view name, std::int32_t count, std::int32_t heads) noexcept {
    const std::int32_t dimension = model_.heads.query_key_dimension;
    if (model_.query_key_norm == QueryKeyNorm::head || model_.query_key_norm == QueryKeyNorm::unweighted) {
      pass_.add(name, count, RmsNorm<>{.rows = tokens_ * heads, .width = dimension, .precision = in_place()});
    } else if (model_.query_key_norm == QueryKeyNorm::projection) {
      pass_.add(name, count, RmsNorm<>{.rows = tokens_, .width = heads * dimension, .precision = in_place()});
    }
  }

  constexpr void add_attention() noexcept {
    const std::int32_t global = layers_[TokenMixer::attention];
    const std::int32_t local = layers_[TokenMixer::local_attention];
    const std::int32_t layers = global + local;
    const AttentionHeads& heads = model_.heads;
    enter(Block::attention_input);
    pass_.add("qkv_projection", layers, linear(model_.hidden_size, model_.qkv_features(), model_.attention_bias));
    const std::int32_t turning = model_.rotary_dimension == 0 ? 0 : model_.local_rotary_only ? local : layers;
    const std::int32_t normalising = model_.query_key_norm == QueryKeyNorm::unweighted ? turning : layers;
    add_head_norm("query_norm", normalising, heads.query_heads);
    add_head_norm("key_norm", normalising, heads.kv_heads);
    if (model_.query_key_norm == QueryKeyNorm::projection && ranks_.tensor > 1) {  // the sums of squares of both
      pass_.communicate(
          "query_key_norm_all_reduce", normalising,
          Collective{CollectiveKind::all_reduce, ranks_.tensor, Bytes{8.0 * tokens_}, DataType::fp32});
    }
    pass_.add("rotary_embedding", turning,
              RotaryEmbedding<>{tokens_, heads.query_heads + heads.kv_heads, model_.rotary_dimension, in_place()});
    const auto attention = [&]<class Mask>(Mask mask) {
      return Attention<Mask>{.heads = heads,
                             .mask = mask,
                             .precision = {precision_.hidden, precision_.kv_cache, precision_.activation},
                             .features = {.sinks = model_.attention_sinks, .score_softcap = model_.score_softcap}};
    };
    const double keys = heads.query_key_dimension;
    const double values = heads.value_dimension;
    const ContextExchange exchange{(tensor_bytes(precision_.kv_cache, 1, heads.query_key_dimension) +
                                    tensor_bytes(precision_.kv_cache, 1, heads.value_dimension)) *
                                       heads.kv_heads,
                                   hidden_bytes(keys) * heads.query_heads,
                                   (hidden_bytes(values) + log_sum_bytes) * heads.query_heads};
    enter(Block::local_attention);
    pass_.exchange_context(local, SlidingWindow{}, exchange, ranks_.tensor);
    enter(Block::attention);
    pass_.exchange_context(global, Causal{}, exchange, ranks_.tensor);
    enter(Block::local_attention);
    pass_.mix({"decode_local_attention", "prefill_local_attention"}, local,
              attention(SlidingWindow{model_.sliding_window}));
    enter(Block::attention);
    pass_.mix(local > 0 ? PhaseNames{"decode_global_attention", "prefill_global_attention"}
                        : PhaseNames{"decode_attention", "prefill_attention"},
              global, attention(Causal{}));
    enter(Block::attention_output);
    pass_.add("attention_gate", model_.attention_gate ? layers : 0,
              Activation<>{tokens_, model_.attention_features(), ActivationFunction::silu, true, to_projection()});
    pass_.add("output_projection", layers,
              linear(model_.attention_features(), model_.hidden_size, model_.attention_output_bias));
  }

  /// Absorbed in decode, verification and sparse attention; expanded, for all keys, where a prompt is long.
  constexpr void add_latent_attention() noexcept {
    const std::int32_t layers = layers_[TokenMixer::latent_attention];
    if (layers == 0) return;
    const LatentConfig& latent = model_.latent;
    const LatentHeads& heads = latent.heads;
    const bool sparse = latent.indexer_heads > 0;
    const std::int32_t absorbed_tokens = sparse ? tokens_ : largest_share(pass_.decoding_tokens(), ranks_.context);
    const std::int32_t expanded_keys = sparse ? 0 : pass_.prefilling_keys();
    const LatentProjections<> projections{heads,
                                          model_.hidden_size,
                                          latent.query_rank,
                                          {precision_.activation, precision_.weight, precision_.hidden}};
    enter(Block::latent_input);
    if (latent.query_rank > 0) {
      pass_.add("query_down_projection", layers, projections.query_down(tokens_));
      pass_.add("query_norm", layers,
                RmsNorm<>{.rows = tokens_, .width = latent.query_rank, .precision = to_projection()});
    }
    pass_.add("query_projection", layers, projections.query_up(tokens_));
    pass_.add("key_value_down_projection", layers, projections.key_value_down(tokens_));
    pass_.add("latent_norm", layers,
              RmsNorm<>{.rows = tokens_, .width = heads.latent_rank, .precision = in_place()});
    pass_.add("latent_rotary_embedding", layers,
              RotaryEmbedding<>{tokens_, heads.query_heads + 1, heads.rope_dimension, in_place()});
    if (sparse) add_indexer(layers);
    const RuntimeAttentionPrecision formats{precision_.hidden, precision_.kv_cache, precision_.hidden};
    const auto attention = [&]<class Mask>(Mask mask) {
      return LatentAttention<Mask>{.heads = heads, .mask = mask, .precision = formats};
    };
    enter(Block::latent_attention);
    pass_.add("query_absorb", absorbed_tokens > 0 ? layers : 0, projections.query_absorb(absorbed_tokens));
    const ContextExchange exchange{tensor_bytes(precision_.kv_cache, 1, heads.cached_dimension()),
                                   hidden_bytes(heads.cached_dimension()) * heads.query_heads,
                                   (hidden_bytes(heads.latent_rank) + log_sum_bytes) * heads.query_heads};
    pass_.exchange_context(layers, Causal{}, exchange, ranks_.tensor);
    pass_.add("key_value_up_projection", expanded_keys > 0 ? layers : 0, projections.key_value_up(expanded_keys));
    if (sparse) {
      pass_.mix({"decode_sparse_latent_attention", "prefill_sparse_latent_attention"}, layers,
                attention(TopKeys{latent.indexer_top_k}));
    } else {
      pass_.mix({"decode_latent_attention", "prefill_latent_attention"}, layers, attention(Causal{}));
    }
    pass_.add("value_absorb", absorbed_tokens > 0 ? layers : 0, projections.value_absorb(absorbed_tokens));
    enter(Block::latent_output);
    pass_.add("latent_output_projection", layers, projections.output(tokens_));
  }

  constexpr void add_indexer(std::int32_t layers) noexcept {
    const LatentConfig& latent = model_.latent;
    pass_.add("indexer_query_projection", layers,
              linear(latent.query_rank, double(latent.indexer_heads) * latent.indexer_dimension));
    pass_.add("indexer_key_projection", layers, linear(model_.hidden_size, latent.indexer_dimension));
    pass_.add("indexer_key_norm", layers, LayerNorm<>{tokens_, latent.indexer_dimension, true, in_place()});
    pass_.add("indexer_weight_projection", layers,
              LinearProjection<>{tokens_, model_.hidden_size, latent.indexer_heads, false, hidden_linear()});
    enter(Block::latent_attention);
    pass_.mix({"decode_attention_indexer", "prefill_attention_indexer"}, layers,
              AttentionIndexer<>{.heads = latent.indexer_heads, .dimension = latent.indexer_dimension});
    pass_.mix({"decode_index_top_k", "prefill_index_top_k"}, layers, IndexTopK<>{.top_k = latent.indexer_top_k});
  }

  constexpr void add_convolution(const PhaseNames& names, std::int32_t layers) noexcept {
    const RecurrenceConfig& r = model_.recurrence;
    pass_.mix(names, r.convolution_width > 0 ? layers : 0,
              ShortConvolution<>{.channels = static_cast<std::int32_t>(r.convolution_channels()),
                                 .width = r.convolution_width,
                                 .bias = r.convolution_bias,
                                 .precision = in_place()});
  }

  constexpr void add_delta_rule() noexcept {
    const std::int32_t layers = layers_[TokenMixer::delta_rule];
    if (layers == 0) return;
    const RecurrenceConfig& r = model_.recurrence;
    const double hidden = model_.hidden_size;
    const double keys = r.key_features();
    const double values = r.value_features();
    enter(Block::recurrence_input);
    if (r.decay == DeltaRuleDecay::per_head) {
      pass_.add("delta_input_projection", layers, linear(hidden, 2.0 * keys + 2.0 * values));
      pass_.add("delta_gate_projection", layers, linear(hidden, 2.0 * r.value_heads));
    } else {
      pass_.add("delta_input_projection", layers, linear(hidden, 2.0 * keys + values));
      pass_.add("delta_gate_projection", layers, linear(hidden, 2.0 * r.value_dimension + r.value_heads));
      pass_.add("delta_decay_projection", layers, linear(r.value_dimension, keys));
      pass_.add("delta_output_gate_projection", layers, linear(r.value_dimension, values));
    }
    enter(Block::recurrence);
    add_convolution({"decode_delta_convolution", "prefill_delta_convolution"}, layers);
    pass_.mix({"decode_delta_rule", "prefill_delta_rule"}, layers,
              GatedDeltaRule<>{.key_heads = r.key_heads,
                               .value_heads = r.value_heads,
                               .key_dimension = r.key_dimension,
                               .value_dimension = r.value_dimension,
                               .decay = r.decay,
                               .chunk_tokens = r.chunk_tokens,
                               .precision = {.input = precision_.hidden, .output = precision_.hidden}});
    enter(Block::recurrence_output);
    pass_.add("delta_norm", layers,
              RmsNorm<>{.rows = tokens_ * r.value_heads, .width = r.value_dimension, .precision = in_place()});
    pass_.add(
        "delta_gate", layers,
        Activation<>{tokens_, static_cast<std::int32_t>(values), ActivationFunction::silu, true, to_projection()});
    pass_.add("delta_output_projection", layers, linear(values, hidden));
  }

  constexpr void add_state_space() noexcept {
    const std::int32_t layers = layers_[TokenMixer::state_space];
    if (layers == 0) return;
    const RecurrenceConfig& r = model_.recurrence;
    const double hidden = model_.hidden_size;
    const double values = r.value_features();
    enter(Block::recurrence_input);
    pass_.add("state_space_input_projection", layers,
              linear(hidden, 2.0 * values + 2.0 * r.key_features() + (r.selective ? r.value_heads : 0)));
    enter(Block::recurrence);
    add_convolution({"decode_state_space_convolution", "prefill_state_space_convolution"}, layers);
    pass_.mix({"decode_state_space_scan", "prefill_state_space_scan"}, layers,
              StateSpaceScan<>{.heads = r.value_heads,
                               .groups = r.key_heads,
                               .head_dimension = r.value_dimension,
                               .state_dimension = r.key_dimension,
                               .chunk_tokens = r.chunk_tokens,
                               .selective = r.selective,
                               .skip = r.selective,
                               .precision = {.input = precision_.hidden, .output = precision_.hidden}});
    enter(Block::recurrence_output);
    pass_.add("state_space_gate", layers,
              Activation<>{tokens_, static_cast<std::int32_t>(values), ActivationFunction::silu, true, in_place()});
    pass_.add("state_space_norm", layers,
              RmsNorm<>{.rows = tokens_, .width = static_cast<std::int32_t>(values), .precision = to_projection()});
    pass_.add("state_space_output_projection", layers, linear(values, hidden));
  }

  constexpr void add_dense(std::int32_t layers) noexcept {
    enter(Block::feed_forward);
    add_feed_forward({"gate_up_projection", "activation", "down_projection"}, layers, tokens_,
                     model_.intermediate_size, model_.feed_forward_bias);
  }

  /// One projection up (two side by side where gated), the activation, one projection down.
  constexpr void add_feed_forward(const FeedForwardNames& names, std::int32_t layers, std::int32_t tokens,
                                  std::int32_t width, bool bias) noexcept {
    const std::int32_t wide = (model_.gated_feed_forward ? 2 : 1) * width;
    pass_.add(names.gate_up, layers, linear(tokens, model_.hidden_size, wide, bias));
    pass_.add(names.activation, layers,
              Activation<>{tokens, width, model_.activation, model_.gated_feed_forward, to_projection()});
    pass_.add(names.down, layers, linear(tokens, width, model_.hidden_size, bias));
  }

  /// Routed experts of the busiest rank under uniform routing, and the shared ones as one dense block.
  constexpr void add_experts(std::int32_t layers) noexcept {
    if (layers == 0) return;
    const ExpertsConfig& e = model_.experts;
    const std::int32_t tokens = ranks_.exchanges_with_all() ? largest_share(tokens_, ranks_.tensor) : tokens_;
    enter(Block::router);
    pass_.add("router", layers, LinearProjection<>{tokens, model_.hidden_size, e.experts, e.bias, hidden_linear()});
    pass_.add("expert_gate", layers,
              ExpertGate<>{tokens,
                           e.experts,
                           e.experts_per_token,
                           e.groups,
                           e.groups_per_token,
                           e.scoring,
                           e.selection_bias,
                           e.normalised,
                           e.scaled,
                           {precision_.hidden}});
    MixtureOfExperts<> experts;
    experts.routing = {tokens_ * ranks_.token_groups(), e.experts, e.experts_per_token, ranks_.expert};
    experts.hidden_size = model_.hidden_size;
    experts.intermediate_size = e.intermediate_size;
    experts.gated = model_.gated_feed_forward;
    experts.function = model_.activation;
    experts.dispatched = ranks_.exchanges_tokens() && ranks_.expert_dispatch == ExpertDispatch::all_to_all;
    experts.precision = {precision_.expert_activation, precision_.expert_weight, precision_.hidden};
    add_expert_exchange(layers, tokens);
    enter(Block::experts);
    pass_.add("experts", layers, experts);
    enter(Block::router);
    if (e.shared_intermediate_size == 0) return;
    add_feed_forward({"shared_gate_up_projection", "shared_activation", "shared_down_projection"}, layers, tokens,
                     e.shared_intermediate_size, false);
    pass_.add("shared_expert_gate", e.shared_gate ? layers : 0,
              LinearProjection<>{tokens, model_.hidden_size, 1, false, hidden_linear()});
    pass_.add("shared_expert_add", layers, ResidualAdd<>{tokens, model_.hidden_size, in_place()});
  }

  /// Tokens to experts on other ranks, and their outputs back. Gathered tokens bring their experts' indices and
  /// weights, 4 bytes each.
  constexpr void add_expert_exchange(std::int32_t layers, std::int32_t tokens) noexcept {
    if (!ranks_.exchanges_tokens()) return;
    const ExpertsConfig& e = model_.experts;
    if (ranks_.expert_dispatch == ExpertDispatch::all_to_all) {
      const ExpertExchange exchange{.tokens = tokens,
                                    .width = model_.hidden_size,
                                    .experts = e.experts,
                                    .experts_per_token = e.experts_per_token,
                                    .ranks = ranks_.expert,
                                    .dispatch_format = precision_.expert_activation,
                                    .combine_format = precision_.hidden,
                                    .groups = e.groups,
                                    .groups_per_token = e.groups_per_token};
      enter(Block::expert_dispatch);
      pass_.communicate("expert_dispatch", layers, exchange.dispatch());
      enter(Block::expert_combine);
      pass_.communicate("expert_combine", layers, exchange.combine());
    } else {
      const bool all = ranks_.exchanges_with_all();
      const std::int32_t ranks = all ? ranks_.expert : ranks_.token_groups();
      Collective gather = over_hidden_states(CollectiveKind::all_gather, tokens * ranks, ranks);
      Collective scatter = over_hidden_states(CollectiveKind::reduce_scatter, tokens * ranks, ranks);
      gather.bytes += Bytes{8.0 * tokens * ranks * e.experts_per_token};
      gather.stride = scatter.stride = all ? 1 : ranks_.tensor;
      enter(Block::expert_dispatch);
      pass_.communicate("expert_all_gather", layers, gather);
      enter(Block::expert_combine);
      pass_.communicate("expert_reduce_scatter", layers, scatter);
    }
    if (ranks_.exchanges_with_all() && ranks_.tensor > 1 && !ranks_.sequence) {
      pass_.communicate("expert_token_all_gather", layers,
                        over_hidden_states(CollectiveKind::all_gather, tokens_, ranks_.tensor));
    }
  }

  constexpr void add_head(std::int32_t sampled) noexcept {
    if (!place_.last_stage) return;
    enter(Block::residual);
    add_residual_norm("final_norm", 1, precision_.hidden);
    gather_tokens("final_all_gather", 1, precision_.hidden);
    if (sampled == 0) return;
    enter(Block::head);
    pass_.add("lm_head", 1,
              LinearProjection<>{sampled, model_.hidden_size, model_.vocabulary_size, false, hidden_linear()});
    pass_.add("logit_softcap", model_.logit_softcap ? 1 : 0,
              Softcap<>{sampled, model_.vocabulary_size, {precision_.hidden}});
    if (ranks_.tensor == 1) return;
    pass_.communicate("logits_all_gather", 1,
                      Collective{CollectiveKind::all_gather, ranks_.tensor,
                                 hidden_bytes(double(sampled) * model_.vocabulary_size * ranks_.tensor),
                                 precision_.hidden.element});
  }

  const ModelConfig& model_;
  const RankPlace& place_;
  const Parallelism& ranks_;
  const ModelPrecision& precision_;
  const Pass& pass_;
  LayerCounts layers_;
  std::int32_t tokens_;           // of the context-parallel rank
  std::int32_t residual_tokens_;  // a share of them where norms are sequence parallel
};

}  // namespace opcost::detail
