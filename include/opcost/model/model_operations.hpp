// SPDX-License-Identifier: Apache-2.0
//
// A model's forward pass as operations and their counts: of alike sequences as a list, of a ragged batch by a visitor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/latency/roofline.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/ragged.hpp"

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

/// The same of a ragged batch, whose sums are made for this model, with chunks of a recurrence that they can count. An
/// empty batch is valid: it costs nothing.
constexpr std::optional<Violation> violation(const ModelConfig& model, const StepBatch& batch) noexcept {
  if (const auto found = model.violation()) return found;
  if (!batch.made_for(model)) {
    return Violation{"batch", static_cast<double>(batch.sequences()), "a batch made for this model"};
  }
  const bool recurrent = model.layers(TokenMixer::delta_rule) + model.layers(TokenMixer::state_space) > 0;
  if (recurrent && model.recurrence.chunk_tokens > most_chunk_tokens) {
    return Violation{"chunk_tokens", double(model.recurrence.chunk_tokens), "at most 4096 in a ragged batch"};
  }
  return detail::first_of(
      detail::require_int32("tokens x heads", static_cast<double>(batch.tokens()) * detail::most_heads(model)),
      model.layers(TokenMixer::latent_attention) == 0
          ? std::nullopt
          : detail::require_int32("keys of prefilling sequences",
                                  static_cast<double>(batch.prefilling().causal.counts().visible_keys)));
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

/// A pass over alike sequences, into a list.
class UniformPass {
 public:
  constexpr UniformPass(const UniformBatch& batch, ModelOperations& list) noexcept : batch_(batch), list_(list) {}

  constexpr std::int32_t tokens() const noexcept { return batch_.tokens(); }
  constexpr std::int32_t sampled_tokens() const noexcept { return batch_.sequences * batch_.sampled_tokens; }
  /// New tokens of sequences that decode.
  constexpr std::int32_t decoding_tokens() const noexcept { return decodes(sequence()) ? tokens() : 0; }
  /// Keys of sequences that do not, the new tokens' included.
  constexpr std::int32_t prefilling_keys() const noexcept {
    return decodes(sequence()) ? 0 : batch_.sequences * batch_.context_tokens;
  }

  template <class T>
  constexpr void add(std::string_view name, std::int32_t count, const T& operation) const noexcept {
    if (count > 0) list_.add(name, count, operation);
  }
  /// Adds an operation that mixes tokens, given all but its sequences.
  template <class T>
  constexpr void mix(const PhaseNames& names, std::int32_t count, T operation) const noexcept {
    if (count == 0) return;
    operation.sequences = batch_.sequences;
    operation.query_tokens = batch_.query_tokens;
    if constexpr (requires { operation.context_tokens; }) operation.context_tokens = batch_.context_tokens;
    if constexpr (requires { operation.has_initial_state; }) {
      operation.has_initial_state = batch_.query_tokens < batch_.context_tokens;
    }
    take_form(operation, {decodes(sequence()), takes_few_tokens(sequence())});
    list_.add(names.plain(), count, operation);
  }

 private:
  constexpr SequenceTokens sequence() const noexcept { return {batch_.query_tokens, batch_.context_tokens}; }

  const UniformBatch& batch_;
  ModelOperations& list_;
};

/// What depends on the sequences one by one, or on how many tokens there are altogether.
enum class StepPart : std::uint8_t { all, mixing, together };

/// A pass over a ragged batch, or a part of it, each operation to a visitor as the type it is.
template <StepPart Part, class Visit>
class RaggedPass {
 public:
  constexpr RaggedPass(const StepBatch& batch, Visit& visit) noexcept : batch_(batch), visit_(visit) {}

  constexpr std::int32_t tokens() const noexcept { return static_cast<std::int32_t>(batch_.tokens()); }
  constexpr std::int32_t sampled_tokens() const noexcept {
    return static_cast<std::int32_t>(batch_.sampled_tokens());
  }
  constexpr std::int32_t decoding_tokens() const noexcept {
    return static_cast<std::int32_t>(batch_.decoding().causal.counts().query_tokens);
  }
  constexpr std::int32_t prefilling_keys() const noexcept {
    return static_cast<std::int32_t>(batch_.prefilling().causal.counts().visible_keys);
  }

  template <class T>
  constexpr void add(std::string_view name, std::int32_t count, const T& operation) const noexcept {
    if constexpr (Part != StepPart::mixing) {
      if (count > 0) visit_(name, count, operation);
    }
  }
  /// Once for each population that has sequences.
  template <class T>
  constexpr void mix(const PhaseNames& names, std::int32_t count, const T& operation) const noexcept {
    if constexpr (Part != StepPart::together) {
      if (count == 0) return;
      mix(names.decode, count, operation, {true, true}, batch_.decoding());
      mix(names.prefill, count, operation, {false, false}, batch_.prefilling());
    }
  }

 private:
  template <class T>
  constexpr void mix(std::string_view name, std::int32_t count, T operation, SequenceForms forms,
                     const StepPopulation& population) const noexcept {
    const auto ragged = ragged_of(operation, forms, population);
    if (ragged.batch.counts().sequences > 0) visit_(name, count, ragged);
  }

  template <class Mask>
  static constexpr RaggedAttention<Mask> ragged_of(const Attention<Mask>& operation, SequenceForms /*forms*/,
                                                   const StepPopulation& population) noexcept {
    return {operation.heads, batch_of(population, Mask{}), operation.precision, operation.features};
  }
  template <class T>
  static constexpr Ragged<T> ragged_of(T operation, SequenceForms forms,
                                       const StepPopulation& population) noexcept {
    take_form(operation, forms);
    if constexpr (requires { operation.mask; }) {
      return {operation, batch_of(population, operation.mask)};
    } else if constexpr (std::same_as<T, AttentionIndexer<>>) {
      return {operation, population.causal};
    } else if constexpr (std::same_as<T, IndexTopK<>>) {
      return {operation, {population.causal, population.chosen}};
    } else {
      return {operation, population.recurrent};
    }
  }

  static constexpr const auto& batch_of(const StepPopulation& p, Causal) noexcept { return p.causal; }
  static constexpr const auto& batch_of(const StepPopulation& p, SlidingWindow) noexcept { return p.local; }
  static constexpr const auto& batch_of(const StepPopulation& p, TopKeys) noexcept { return p.chosen; }

  const StepBatch& batch_;
  Visit& visit_;
};

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

/// Describes a pass block by block. Blocks of one kind in different layers are one operation with a count.
template <class Pass>
class PassBuilder {
 public:
  constexpr PassBuilder(const ModelConfig& model, const ModelPrecision& precision, const Pass& pass) noexcept
      : model_(model), precision_(precision), pass_(pass), layers_(model), tokens_(pass.tokens()) {}

  constexpr void build() noexcept {
    const std::int32_t mixers = layers_.all - layers_[TokenMixer::none];
    const std::int32_t feed_forwards = layers_.all - layers_[FeedForward::none];
    pass_.add("embedding_lookup", 1,
              EmbeddingLookup<>{tokens_, model_.hidden_size, model_.scaled_embedding, in_place()});
    add_norm("attention_norm", norms_before(mixers), precision_.activation);
    add_attention();
    add_latent_attention();
    add_delta_rule();
    add_state_space();
    add_norm("post_attention_norm", norms_after(mixers), precision_.hidden);
    add_norm("feed_forward_norm", parallel() ? 0 : norms_before(feed_forwards), precision_.activation);
    add_dense(layers_[FeedForward::dense]);
    add_experts(layers_[FeedForward::experts]);
    add_norm("post_feed_forward_norm", norms_after(feed_forwards), precision_.hidden);
    pass_.add("residual_add", mixers + feed_forwards, ResidualAdd<>{tokens_, model_.hidden_size, in_place()});
    add_norm("final_norm", 1, precision_.hidden);
    add_head(pass_.sampled_tokens());
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
      pass_.add(name, count, RmsNorm<>{.rows = tokens_, .width = model_.hidden_size, .precision = formats});
    } else {
      pass_.add(name, count, LayerNorm<>{tokens_, model_.hidden_size, model_.norm == NormKind::layer, formats});
    }
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
    pass_.add("qkv_projection", layers, linear(model_.hidden_size, model_.qkv_features(), model_.attention_bias));
    const std::int32_t turning = model_.rotary_dimension == 0 ? 0 : model_.local_rotary_only ? local : layers;
    const std::int32_t normalising = model_.query_key_norm == QueryKeyNorm::unweighted ? turning : layers;
    add_head_norm("query_norm", normalising, heads.query_heads);
    add_head_norm("key_norm", normalising, heads.kv_heads);
    pass_.add("rotary_embedding", turning,
              RotaryEmbedding<>{tokens_, heads.query_heads + heads.kv_heads, model_.rotary_dimension, in_place()});
    const auto attention = [&]<class Mask>(Mask mask) {
      return Attention<Mask>{.heads = heads,
                             .mask = mask,
                             .precision = {precision_.hidden, precision_.kv_cache, precision_.activation},
                             .features = {.sinks = model_.attention_sinks, .score_softcap = model_.score_softcap}};
    };
    pass_.mix({"decode_local_attention", "prefill_local_attention"}, local,
              attention(SlidingWindow{model_.sliding_window}));
    pass_.mix(local > 0 ? PhaseNames{"decode_global_attention", "prefill_global_attention"}
                        : PhaseNames{"decode_attention", "prefill_attention"},
              global, attention(Causal{}));
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
    const std::int32_t absorbed_tokens = sparse ? tokens_ : pass_.decoding_tokens();
    const std::int32_t expanded_keys = sparse ? 0 : pass_.prefilling_keys();
    const LatentProjections<> projections{heads,
                                          model_.hidden_size,
                                          latent.query_rank,
                                          {precision_.activation, precision_.weight, precision_.hidden}};
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
    pass_.add("query_absorb", absorbed_tokens > 0 ? layers : 0, projections.query_absorb(absorbed_tokens));
    pass_.add("key_value_up_projection", expanded_keys > 0 ? layers : 0, projections.key_value_up(expanded_keys));
    if (sparse) {
      pass_.mix({"decode_sparse_latent_attention", "prefill_sparse_latent_attention"}, layers,
                attention(TopKeys{latent.indexer_top_k}));
    } else {
      pass_.mix({"decode_latent_attention", "prefill_latent_attention"}, layers, attention(Causal{}));
    }
    pass_.add("value_absorb", absorbed_tokens > 0 ? layers : 0, projections.value_absorb(absorbed_tokens));
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
    if (r.decay == DeltaRuleDecay::per_head) {
      pass_.add("delta_input_projection", layers, linear(hidden, 2.0 * keys + 2.0 * values));
      pass_.add("delta_gate_projection", layers, linear(hidden, 2.0 * r.value_heads));
    } else {
      pass_.add("delta_input_projection", layers, linear(hidden, 2.0 * keys + values));
      pass_.add("delta_gate_projection", layers, linear(hidden, 2.0 * r.value_dimension + r.value_heads));
      pass_.add("delta_decay_projection", layers, linear(r.value_dimension, keys));
      pass_.add("delta_output_gate_projection", layers, linear(r.value_dimension, values));
    }
    add_convolution({"decode_delta_convolution", "prefill_delta_convolution"}, layers);
    pass_.mix({"decode_delta_rule", "prefill_delta_rule"}, layers,
              GatedDeltaRule<>{.key_heads = r.key_heads,
                               .value_heads = r.value_heads,
                               .key_dimension = r.key_dimension,
                               .value_dimension = r.value_dimension,
                               .decay = r.decay,
                               .chunk_tokens = r.chunk_tokens,
                               .precision = {.input = precision_.hidden, .output = precision_.hidden}});
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
    pass_.add("state_space_input_projection", layers,
              linear(hidden, 2.0 * values + 2.0 * r.key_features() + (r.selective ? r.value_heads : 0)));
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
    pass_.add("state_space_gate", layers,
              Activation<>{tokens_, static_cast<std::int32_t>(values), ActivationFunction::silu, true, in_place()});
    pass_.add("state_space_norm", layers,
              RmsNorm<>{.rows = tokens_, .width = static_cast<std::int32_t>(values), .precision = to_projection()});
    pass_.add("state_space_output_projection", layers, linear(values, hidden));
  }

  constexpr void add_dense(std::int32_t layers) noexcept {
    pass_.add("gate_up_projection", layers,
              linear(model_.hidden_size, model_.gate_up_features(), model_.feed_forward_bias));
    pass_.add("activation", layers,
              Activation<>{tokens_, model_.intermediate_size, model_.activation, model_.gated_feed_forward,
                           to_projection()});
    pass_.add("down_projection", layers,
              linear(model_.intermediate_size, model_.hidden_size, model_.feed_forward_bias));
  }

  /// Routed experts of one rank under uniform routing, and the shared ones as one dense block.
  constexpr void add_experts(std::int32_t layers) noexcept {
    if (layers == 0) return;
    const ExpertsConfig& e = model_.experts;
    pass_.add("router", layers,
              LinearProjection<>{tokens_, model_.hidden_size, e.experts, e.bias, hidden_linear()});
    pass_.add("expert_gate", layers,
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
    pass_.add("experts", layers, experts);
    if (e.shared_intermediate_size == 0) return;
    const std::int32_t wide = (model_.gated_feed_forward ? 2 : 1) * e.shared_intermediate_size;
    pass_.add("shared_gate_up_projection", layers, linear(model_.hidden_size, wide));
    pass_.add("shared_activation", layers,
              Activation<>{tokens_, e.shared_intermediate_size, model_.activation, model_.gated_feed_forward,
                           to_projection()});
    pass_.add("shared_down_projection", layers, linear(e.shared_intermediate_size, model_.hidden_size));
    pass_.add("shared_expert_gate", e.shared_gate ? layers : 0,
              LinearProjection<>{tokens_, model_.hidden_size, 1, false, hidden_linear()});
    pass_.add("shared_expert_add", layers, ResidualAdd<>{tokens_, model_.hidden_size, in_place()});
  }

  constexpr void add_head(std::int32_t sampled) noexcept {
    if (sampled == 0) return;
    pass_.add("lm_head", 1,
              LinearProjection<>{sampled, model_.hidden_size, model_.vocabulary_size, false, hidden_linear()});
    pass_.add("logit_softcap", model_.logit_softcap ? 1 : 0,
              Softcap<>{sampled, model_.vocabulary_size, {precision_.hidden}});
  }

  const ModelConfig& model_;
  const ModelPrecision& precision_;
  const Pass& pass_;
  LayerCounts layers_;
  std::int32_t tokens_;
};

}  // namespace detail

/// The operations of one forward pass over a valid batch. Does not throw, allocate or lock.
///
/// A layer is a token mixer and a feed-forward block, each with the norms that the model has around it and a residual
/// add; attention is qkv projection, query and key norm, rotary embedding, attention, output projection. Around the
/// layers: embedding, final norm, LM head on the sampled positions. Like operations of all layers are one entry with a
/// count. Flattened, because operations that pass through memory on their way into the list take twice as long.
[[gnu::flatten]] constexpr ModelOperations model_operations(const ModelConfig& model, const UniformBatch& batch,
                                                            const ModelPrecision& precision) noexcept {
  ModelOperations list;
  const detail::UniformPass pass(batch, list);
  detail::PassBuilder(model, precision, pass).build();
  return list;
}

namespace detail {

template <StepPart Part, class Visit>
constexpr void visit_part(const ModelConfig& model, const StepBatch& batch, const ModelPrecision& precision,
                          Visit& visit) noexcept {
  if (batch.sequences() <= 0) return;
  const RaggedPass<Part, Visit> pass(batch, visit);
  PassBuilder(model, precision, pass).build();
}

}  // namespace detail

/// Calls `visit(name, count, operation)` for each operation of a step over a valid ragged batch, with the operation as
/// the type it is: names, order and counts as in `model_operations`. What mixes tokens within a sequence is visited
/// once for each population of the batch that has sequences, a RaggedAttention or Ragged named "decode_…" or
/// "prefill_…"; everything else once with the tokens of all. An empty batch has no operations. `visit` must not throw.
/// Does not throw, allocate or lock.
template <class Visit>
constexpr void visit_operations(const ModelConfig& model, const StepBatch& batch, const ModelPrecision& precision,
                                Visit&& visit) noexcept {
  detail::visit_part<detail::StepPart::all>(model, batch, precision, visit);
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
