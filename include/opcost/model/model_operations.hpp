// SPDX-License-Identifier: Apache-2.0
//
// A model's forward pass as operations and their counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/latency/roofline.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/operation/any_operation.hpp"

namespace opcost {

/// `sequences` alike sequences in one forward pass, each with `query_tokens` new tokens and `context_tokens`
/// keys after the pass. Decode: query_tokens 1. Prefill: the prompt, or a chunk of it.
struct UniformBatch {
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  std::int32_t sampled_tokens = 1;  ///< Positions of each sequence that the LM head scores; 0 mid-prompt.

  constexpr std::int32_t tokens() const noexcept { return sequences * query_tokens; }

  /// At least one sequence and token, query tokens within the context, sampled within the query tokens, and a
  /// total that fits in 31 bits.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        detail::require_positive("sequences", sequences), SequenceTokens{query_tokens, context_tokens}.violation(),
        detail::require_at_least("sampled_tokens", sampled_tokens, 0, "a number ≥ 0"),
        detail::require_int32("tokens", double(sequences) * double(query_tokens)));
    if (found) return found;
    if (sampled_tokens > query_tokens) {
      return Violation{"sampled_tokens", double(sampled_tokens), "at most query_tokens"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const UniformBatch&, const UniformBatch&) noexcept = default;
};

namespace detail {

/// The most heads that one operation counts for a token.
constexpr double most_heads(const ModelConfig& model) noexcept {
  double most = double(model.heads.query_heads) + model.heads.kv_heads;
  const double latent = model.latent.heads.query_heads + 1.0;
  const double recurrent = model.recurrence.value_heads;
  if (model.layers(TokenMixer::latent_attention) > 0 && latent > most) most = latent;
  return recurrent > most ? recurrent : most;
}

}  // namespace detail

/// A valid model and batch, and no more tokens than head vectors can be counted in 31 bits (16 million tokens for
/// 128 query heads); keys to expand for latent attention likewise.
constexpr std::optional<Violation> violation(const ModelConfig& model, const UniformBatch& batch) noexcept {
  return detail::first_of(
      model.violation(), batch.violation(),
      detail::require_int32("tokens x heads",
                            double(batch.sequences) * double(batch.query_tokens) * detail::most_heads(model)),
      model.layers(TokenMixer::latent_attention) == 0
          ? std::nullopt
          : detail::require_int32("sequences x context_tokens", double(batch.sequences) * batch.context_tokens));
}

/// An operation of a model's forward pass and how many times the pass executes it.
struct ModelOperation {
  std::string_view name{};
  std::int32_t count = 0;
  AnyOperation operation{};
};

/// The operations of a forward pass, in execution order within a layer. Holds them in place: no allocation.
class ModelOperations {
 public:
  static constexpr std::size_t capacity = 56;  ///< Of a model with every kind of layer.

  constexpr const ModelOperation* begin() const noexcept { return operations_.data(); }
  constexpr const ModelOperation* end() const noexcept { return operations_.data() + size_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr const ModelOperation& operator[](std::size_t index) const noexcept { return operations_[index]; }

  /// The operation of that name, or null.
  constexpr const ModelOperation* find(std::string_view name) const noexcept {
    for (const ModelOperation& operation : *this) {
      if (operation.name == name) return &operation;
    }
    return nullptr;
  }

  /// Adds an operation, unless its count is 0.
  constexpr void add(std::string_view name, std::int32_t count, const AnyOperation& operation) noexcept {
    if (count > 0) operations_[size_++] = {name, count, operation};
  }

 private:
  std::array<ModelOperation, capacity> operations_{};
  std::size_t size_ = 0;
};

namespace detail {

/// Adds the operations of a pass block by block. Blocks of one kind in different layers are one entry with a count.
class PassBuilder {
 public:
  constexpr PassBuilder(const ModelConfig& model, const UniformBatch& batch, const ModelPrecision& precision,
                        ModelOperations& list) noexcept
      : model_(model), batch_(batch), precision_(precision), list_(list), tokens_(batch.tokens()) {}

  constexpr void build() noexcept {
    const std::int32_t mixers = model_.layers() - model_.layers(TokenMixer::none);
    const std::int32_t feed_forwards = model_.layers() - model_.layers(FeedForward::none);
    list_.add("embedding_lookup", 1,
              EmbeddingLookup<>{tokens_, model_.hidden_size, model_.scaled_embedding, in_place()});
    add_norm("attention_norm", norms_before(mixers), precision_.activation);
    add_attention();
    add_latent_attention();
    add_delta_rule();
    add_state_space();
    add_norm("post_attention_norm", norms_after(mixers), precision_.hidden);
    add_norm("feed_forward_norm", parallel() ? 0 : norms_before(feed_forwards), precision_.activation);
    add_dense(model_.layers(FeedForward::dense));
    add_experts(model_.layers(FeedForward::experts));
    add_norm("post_feed_forward_norm", norms_after(feed_forwards), precision_.hidden);
    list_.add("residual_add", mixers + feed_forwards, ResidualAdd<>{tokens_, model_.hidden_size, in_place()});
    add_norm("final_norm", 1, precision_.hidden);
    add_head(batch_.sequences * batch_.sampled_tokens);
  }

 private:
  constexpr RuntimeElementwisePrecision in_place() const noexcept { return {precision_.hidden, precision_.hidden}; }
  constexpr RuntimeElementwisePrecision to_projection() const noexcept {
    return {precision_.hidden, precision_.activation};
  }
  constexpr RuntimeLinearPrecision hidden_linear() const noexcept {
    return {precision_.hidden, precision_.hidden, precision_.hidden};
  }
  constexpr LinearProjection<> linear(double in, double out, bool bias = false) const noexcept {
    return {tokens_,
            static_cast<std::int32_t>(in),
            static_cast<std::int32_t>(out),
            bias,
            {precision_.activation, precision_.weight, precision_.hidden}};
  }

  constexpr bool parallel() const noexcept { return model_.norm_placement == NormPlacement::parallel; }
  constexpr std::int32_t norms_before(std::int32_t blocks) const noexcept {
    return model_.norm_placement == NormPlacement::after ? 0 : blocks;
  }
  constexpr std::int32_t norms_after(std::int32_t blocks) const noexcept {
    const bool after =
        model_.norm_placement == NormPlacement::after || model_.norm_placement == NormPlacement::before_and_after;
    return after ? blocks : 0;
  }
  constexpr void add_norm(std::string_view name, std::int32_t count, const TensorFormat& output) noexcept {
    const RuntimeElementwisePrecision formats{precision_.hidden, output};
    if (model_.norm == NormKind::rms) {
      list_.add(name, count, RmsNorm<>{.rows = tokens_, .width = model_.hidden_size, .precision = formats});
    } else {
      list_.add(name, count, LayerNorm<>{tokens_, model_.hidden_size, model_.norm == NormKind::layer, formats});
    }
  }

  /// Norm of queries or keys: of each head, or of all together.
  constexpr void add_head_norm(std::string_view name, std::int32_t count, std::int32_t heads) noexcept {
    const std::int32_t dimension = model_.heads.query_key_dimension;
    if (model_.query_key_norm == QueryKeyNorm::head || model_.query_key_norm == QueryKeyNorm::unweighted) {
      list_.add(name, count, RmsNorm<>{.rows = tokens_ * heads, .width = dimension, .precision = in_place()});
    } else if (model_.query_key_norm == QueryKeyNorm::projection) {
      list_.add(name, count, RmsNorm<>{.rows = tokens_, .width = heads * dimension, .precision = in_place()});
    }
  }

  constexpr void add_attention() noexcept {
    const std::int32_t global = model_.global_layers();
    const std::int32_t local = model_.local_layers();
    const std::int32_t layers = global + local;
    const AttentionHeads& heads = model_.heads;
    list_.add("qkv_projection", layers, linear(model_.hidden_size, model_.qkv_features(), model_.attention_bias));
    const std::int32_t turning = model_.rotary_dimension == 0 ? 0 : model_.local_rotary_only ? local : layers;
    const std::int32_t normalising = model_.query_key_norm == QueryKeyNorm::unweighted ? turning : layers;
    add_head_norm("query_norm", normalising, heads.query_heads);
    add_head_norm("key_norm", normalising, heads.kv_heads);
    list_.add("rotary_embedding", turning,
              RotaryEmbedding<>{tokens_, heads.query_heads + heads.kv_heads, model_.rotary_dimension, in_place()});
    const auto attention = [&]<class Mask>(Mask mask) {
      return Attention<Mask>{heads,
                             batch_.sequences,
                             batch_.query_tokens,
                             batch_.context_tokens,
                             mask,
                             {precision_.hidden, precision_.kv_cache, precision_.activation},
                             {.sinks = model_.attention_sinks, .score_softcap = model_.score_softcap}};
    };
    list_.add("local_attention", local, attention(SlidingWindow{model_.sliding_window}));
    list_.add(local > 0 ? "global_attention" : "attention", global, attention(Causal{}));
    list_.add("attention_gate", model_.attention_gate ? layers : 0,
              Activation<>{tokens_, model_.attention_features(), ActivationFunction::silu, true, to_projection()});
    list_.add("output_projection", layers,
              linear(model_.attention_features(), model_.hidden_size, model_.attention_output_bias));
  }

  /// Absorbed in decode, verification and sparse attention; expanded, for all keys, where a prompt is long.
  constexpr void add_latent_attention() noexcept {
    const std::int32_t layers = model_.layers(TokenMixer::latent_attention);
    if (layers == 0) return;
    const LatentConfig& latent = model_.latent;
    const LatentHeads& heads = latent.heads;
    const bool sparse = latent.indexer_heads > 0;
    const bool absorbed = sparse || absorbs(batch_);
    const LatentProjections<> projections{heads,
                                          model_.hidden_size,
                                          latent.query_rank,
                                          {precision_.activation, precision_.weight, precision_.hidden}};
    if (latent.query_rank > 0) {
      list_.add("query_down_projection", layers, projections.query_down(tokens_));
      list_.add("query_norm", layers,
                RmsNorm<>{.rows = tokens_, .width = latent.query_rank, .precision = to_projection()});
    }
    list_.add("query_projection", layers, projections.query_up(tokens_));
    list_.add("key_value_down_projection", layers, projections.key_value_down(tokens_));
    list_.add("latent_norm", layers,
              RmsNorm<>{.rows = tokens_, .width = heads.latent_rank, .precision = in_place()});
    list_.add("latent_rotary_embedding", layers,
              RotaryEmbedding<>{tokens_, heads.query_heads + 1, heads.rope_dimension, in_place()});
    if (sparse) add_indexer(layers);
    const RuntimeAttentionPrecision formats{precision_.hidden, precision_.kv_cache, precision_.hidden};
    const auto attention = [&]<class Mask>(Mask mask) {
      return LatentAttention<Mask>{heads,
                                   absorbed ? LatentForm::absorbed : LatentForm::expanded,
                                   batch_.sequences,
                                   batch_.query_tokens,
                                   batch_.context_tokens,
                                   mask,
                                   formats};
    };
    list_.add("query_absorb", absorbed ? layers : 0, projections.query_absorb(tokens_));
    list_.add("key_value_up_projection", absorbed ? 0 : layers,
              projections.key_value_up(batch_.sequences * batch_.context_tokens));
    if (sparse) {
      list_.add("sparse_latent_attention", layers, attention(TopKeys{latent.indexer_top_k}));
    } else {
      list_.add("latent_attention", layers, attention(Causal{}));
    }
    list_.add("value_absorb", absorbed ? layers : 0, projections.value_absorb(tokens_));
    list_.add("latent_output_projection", layers, projections.output(tokens_));
  }

  /// New tokens few enough that two more matrix products for each cost less than expanding every key.
  static constexpr bool absorbs(const UniformBatch& batch) noexcept {
    return batch.query_tokens <= 16 && batch.query_tokens < batch.context_tokens;
  }

  constexpr void add_indexer(std::int32_t layers) noexcept {
    const LatentConfig& latent = model_.latent;
    list_.add("indexer_query_projection", layers,
              linear(latent.query_rank, double(latent.indexer_heads) * latent.indexer_dimension));
    list_.add("indexer_key_projection", layers, linear(model_.hidden_size, latent.indexer_dimension));
    list_.add("indexer_key_norm", layers, LayerNorm<>{tokens_, latent.indexer_dimension, true, in_place()});
    list_.add("indexer_weight_projection", layers,
              LinearProjection<>{tokens_, model_.hidden_size, latent.indexer_heads, false, hidden_linear()});
    list_.add("attention_indexer", layers,
              AttentionIndexer<>{latent.indexer_heads,
                                 latent.indexer_dimension,
                                 batch_.sequences,
                                 batch_.query_tokens,
                                 batch_.context_tokens,
                                 {}});
    list_.add("index_top_k", layers,
              IndexTopK<>{batch_.sequences, batch_.query_tokens, batch_.context_tokens, latent.indexer_top_k, {}});
  }

  constexpr bool recurrent() const noexcept { return batch_.query_tokens <= 16; }
  constexpr bool continues() const noexcept { return batch_.query_tokens < batch_.context_tokens; }

  constexpr void add_convolution(std::string_view name, std::int32_t layers) noexcept {
    const RecurrenceConfig& r = model_.recurrence;
    list_.add(name, r.convolution_width > 0 ? layers : 0,
              ShortConvolution<>{.sequences = batch_.sequences,
                                 .query_tokens = batch_.query_tokens,
                                 .channels = static_cast<std::int32_t>(r.convolution_channels()),
                                 .width = r.convolution_width,
                                 .bias = r.convolution_bias,
                                 .has_initial_state = continues(),
                                 .precision = in_place()});
  }

  constexpr void add_delta_rule() noexcept {
    const std::int32_t layers = model_.layers(TokenMixer::delta_rule);
    if (layers == 0) return;
    const RecurrenceConfig& r = model_.recurrence;
    const double hidden = model_.hidden_size;
    const double keys = r.key_features();
    const double values = r.value_features();
    if (r.decay == DeltaRuleDecay::per_head) {
      list_.add("delta_input_projection", layers, linear(hidden, 2.0 * keys + 2.0 * values));
      list_.add("delta_gate_projection", layers, linear(hidden, 2.0 * r.value_heads));
    } else {
      list_.add("delta_input_projection", layers, linear(hidden, 2.0 * keys + values));
      list_.add("delta_gate_projection", layers, linear(hidden, 2.0 * r.value_dimension + r.value_heads));
      list_.add("delta_decay_projection", layers, linear(r.value_dimension, keys));
      list_.add("delta_output_gate_projection", layers, linear(r.value_dimension, values));
    }
    add_convolution("delta_convolution", layers);
    list_.add("delta_rule", layers,
              GatedDeltaRule<>{.sequences = batch_.sequences,
                               .query_tokens = batch_.query_tokens,
                               .key_heads = r.key_heads,
                               .value_heads = r.value_heads,
                               .key_dimension = r.key_dimension,
                               .value_dimension = r.value_dimension,
                               .decay = r.decay,
                               .form = recurrent() ? RecurrenceForm::recurrent : RecurrenceForm::chunked,
                               .chunk_tokens = r.chunk_tokens,
                               .has_initial_state = continues(),
                               .precision = {.input = precision_.hidden, .output = precision_.hidden}});
    list_.add("delta_norm", layers,
              RmsNorm<>{.rows = tokens_ * r.value_heads, .width = r.value_dimension, .precision = in_place()});
    list_.add(
        "delta_gate", layers,
        Activation<>{tokens_, static_cast<std::int32_t>(values), ActivationFunction::silu, true, to_projection()});
    list_.add("delta_output_projection", layers, linear(values, hidden));
  }

  constexpr void add_state_space() noexcept {
    const std::int32_t layers = model_.layers(TokenMixer::state_space);
    if (layers == 0) return;
    const RecurrenceConfig& r = model_.recurrence;
    const double hidden = model_.hidden_size;
    const double values = r.value_features();
    list_.add("state_space_input_projection", layers,
              linear(hidden, 2.0 * values + 2.0 * r.key_features() + (r.selective ? r.value_heads : 0)));
    add_convolution("state_space_convolution", layers);
    list_.add("state_space_scan", layers,
              StateSpaceScan<>{.sequences = batch_.sequences,
                               .query_tokens = batch_.query_tokens,
                               .heads = r.value_heads,
                               .groups = r.key_heads,
                               .head_dimension = r.value_dimension,
                               .state_dimension = r.key_dimension,
                               .form = recurrent() ? RecurrenceForm::recurrent : RecurrenceForm::chunked,
                               .chunk_tokens = r.chunk_tokens,
                               .selective = r.selective,
                               .skip = r.selective,
                               .has_initial_state = continues(),
                               .precision = {.input = precision_.hidden, .output = precision_.hidden}});
    list_.add("state_space_gate", layers,
              Activation<>{tokens_, static_cast<std::int32_t>(values), ActivationFunction::silu, true, in_place()});
    list_.add("state_space_norm", layers,
              RmsNorm<>{.rows = tokens_, .width = static_cast<std::int32_t>(values), .precision = to_projection()});
    list_.add("state_space_output_projection", layers, linear(values, hidden));
  }

  constexpr void add_dense(std::int32_t layers) noexcept {
    list_.add("gate_up_projection", layers,
              linear(model_.hidden_size, model_.gate_up_features(), model_.feed_forward_bias));
    list_.add("activation", layers,
              Activation<>{tokens_, model_.intermediate_size, model_.activation, model_.gated_feed_forward,
                           to_projection()});
    list_.add("down_projection", layers,
              linear(model_.intermediate_size, model_.hidden_size, model_.feed_forward_bias));
  }

  /// Routed experts of one rank under uniform routing, and the shared ones as one dense block.
  constexpr void add_experts(std::int32_t layers) noexcept {
    if (layers == 0) return;
    const ExpertsConfig& e = model_.experts;
    list_.add("router", layers,
              LinearProjection<>{tokens_, model_.hidden_size, e.experts, e.bias, hidden_linear()});
    list_.add("expert_gate", layers,
              ExpertGate<>{tokens_,
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
    experts.routing = {tokens_, e.experts, e.experts_per_token};
    experts.hidden_size = model_.hidden_size;
    experts.intermediate_size = e.intermediate_size;
    experts.gated = model_.gated_feed_forward;
    experts.function = model_.activation;
    experts.precision = {precision_.expert_activation, precision_.expert_weight, precision_.hidden};
    list_.add("experts", layers, experts);
    if (e.shared_intermediate_size == 0) return;
    const std::int32_t wide = (model_.gated_feed_forward ? 2 : 1) * e.shared_intermediate_size;
    list_.add("shared_gate_up_projection", layers, linear(model_.hidden_size, wide));
    list_.add("shared_activation", layers,
              Activation<>{tokens_, e.shared_intermediate_size, model_.activation, model_.gated_feed_forward,
                           to_projection()});
    list_.add("shared_down_projection", layers, linear(e.shared_intermediate_size, model_.hidden_size));
    list_.add("shared_expert_gate", e.shared_gate ? layers : 0,
              LinearProjection<>{tokens_, model_.hidden_size, 1, false, hidden_linear()});
    list_.add("shared_expert_add", layers, ResidualAdd<>{tokens_, model_.hidden_size, in_place()});
  }

  constexpr void add_head(std::int32_t sampled) noexcept {
    if (sampled == 0) return;
    list_.add("lm_head", 1,
              LinearProjection<>{sampled, model_.hidden_size, model_.vocabulary_size, false, hidden_linear()});
    list_.add("logit_softcap", model_.logit_softcap ? 1 : 0,
              Softcap<>{sampled, model_.vocabulary_size, {precision_.hidden}});
  }

  const ModelConfig& model_;
  const UniformBatch& batch_;
  const ModelPrecision& precision_;
  ModelOperations& list_;
  std::int32_t tokens_;
};

}  // namespace detail

/// The operations of one forward pass over a valid batch. Does not throw, allocate or lock.
///
/// A layer is a token mixer and a feed-forward block, each with the norms that the model has around it and a residual
/// add; attention is qkv projection, query and key norm, rotary embedding, attention, output projection. Around the
/// layers: embedding, final norm, LM head on the sampled positions. Like operations of all layers are one entry with a
/// count.
constexpr ModelOperations model_operations(const ModelConfig& model, const UniformBatch& batch,
                                           const ModelPrecision& precision) noexcept {
  ModelOperations list;
  detail::PassBuilder(model, batch, precision, list).build();
  return list;
}

/// The cost of the whole pass.
constexpr Cost total_cost(const ModelOperations& operations) noexcept {
  Cost sum;
  for (const ModelOperation& entry : operations) sum += entry.operation.cost() * entry.count;
  return sum;
}

/// The bound of the whole pass: its operations one after the other.
constexpr RooflineBound roofline_bound(const ModelOperations& operations, const Accelerator& accelerator) noexcept {
  RooflineBound sum;
  for (const ModelOperation& entry : operations) {
    sum += roofline_bound(entry.operation, accelerator) * entry.count;
  }
  return sum;
}

}  // namespace opcost
