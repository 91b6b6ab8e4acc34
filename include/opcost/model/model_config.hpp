// SPDX-License-Identifier: Apache-2.0
//
// A decoder-only model, as far as its cost depends on it: what its layers are made of, how many there are of each kind,
// and the sizes. One struct for all families; what a family does not have stays at 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "opcost/name.hpp"
#include "opcost/operation/activation.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/expert_gate.hpp"
#include "opcost/operation/gated_delta_rule.hpp"
#include "opcost/operation/latent_attention.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What mixes the tokens of a layer.
enum class TokenMixer : std::uint8_t {
  none,             ///< Nothing: the layer is a feed-forward block alone (Nemotron-H).
  attention,        ///< Attention to all earlier tokens.
  local_attention,  ///< Attention within `sliding_window`.
  latent_attention,
  delta_rule,   ///< Gated DeltaNet or Kimi delta attention.
  state_space,  ///< Mamba-2, or lightning attention.
};

/// What a layer does with each token on its own.
enum class FeedForward : std::uint8_t { none, dense, experts };

/// Layers of one kind. Where they stand in the model does not change the cost of a step; ModelConfig's layer_order
/// says it.
struct LayerGroup {
  TokenMixer mixer = TokenMixer::attention;
  FeedForward feed_forward = FeedForward::dense;
  std::int32_t layers = 0;

  friend constexpr bool operator==(const LayerGroup&, const LayerGroup&) noexcept = default;
};

/// Multi-head latent attention, with DeepSeek-V3.2's indexer where `indexer_heads` is positive.
struct LatentConfig {
  LatentHeads heads{};
  std::int32_t query_rank = 0;  ///< Low rank of the queries; 0: projected at once.
  std::int32_t indexer_heads = 0;
  std::int32_t indexer_dimension = 0;
  std::int32_t indexer_top_k = 0;

  /// Valid heads; an indexer has a dimension, keys to choose and the queries' low rank to project from.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        heads.violation(),
        detail::require_at_least("query_rank", query_rank, 0, "a positive number, or 0 for none"),
        detail::require_at_least("indexer_heads", indexer_heads, 0, "a positive number, or 0 for none"),
        detail::require_int32("query features",
                              double(heads.query_heads) * (double(heads.nope_dimension) + heads.rope_dimension)),
        detail::require_int32("expanded features",
                              double(heads.query_heads) * (double(heads.nope_dimension) + heads.value_dimension)),
        detail::require_int32("cached_dimension", double(heads.latent_rank) + heads.rope_dimension));
    if (found || indexer_heads == 0) return found;
    return detail::first_of(detail::require_positive("query_rank", query_rank),
                            detail::require_positive("indexer_dimension", indexer_dimension),
                            detail::require_positive("indexer_top_k", indexer_top_k),
                            detail::require_int32("indexer features", double(indexer_heads) * indexer_dimension));
  }

  friend constexpr bool operator==(const LatentConfig&, const LatentConfig&) noexcept = default;
};

/// A gated delta rule, or a state-space scan: there, keys are B and C (groups × state dimension) and values x (heads ×
/// head dimension).
struct RecurrenceConfig {
  std::int32_t key_heads = 0;
  std::int32_t value_heads = 0;
  std::int32_t key_dimension = 0;
  std::int32_t value_dimension = 0;
  std::int32_t convolution_width = 0;  ///< Of the short convolution before it; 0: none (lightning attention).
  std::int32_t chunk_tokens = 64;      ///< Of the chunked form in a prefill.
  DeltaRuleDecay decay = DeltaRuleDecay::per_head;
  bool selective = true;  ///< State space: decays depend on the token. False for lightning attention.
  bool convolution_bias = false;

  constexpr double key_features() const noexcept { return double(key_heads) * key_dimension; }
  constexpr double value_features() const noexcept { return double(value_heads) * value_dimension; }
  /// Channels of the short convolution: q, k and v, or x, B and C.
  constexpr double convolution_channels() const noexcept { return 2.0 * key_features() + value_features(); }
  /// Elements of one sequence's state in one layer: key × value dimension, a value head.
  constexpr double state_elements() const noexcept { return value_features() * key_dimension; }

  /// Positive sizes, key heads that divide the value heads, and projections whose features fit in 31 bits.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        detail::require_positive("recurrence key_heads", key_heads),
        detail::require_positive("recurrence value_heads", value_heads),
        detail::require_positive("recurrence key_dimension", key_dimension),
        detail::require_positive("recurrence value_dimension", value_dimension),
        detail::require_positive("chunk_tokens", chunk_tokens),
        detail::require_at_least("convolution_width", convolution_width, 0, "a positive number, or 0 for none"),
        detail::require_int32("recurrence features",
                              2.0 * key_features() + 2.0 * value_features() + 2.0 * value_heads));
    if (found) return found;
    if (value_heads % key_heads != 0) {
      return Violation{"recurrence key_heads", double(key_heads), "a divisor of value_heads"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const RecurrenceConfig&, const RecurrenceConfig&) noexcept = default;
};

/// The experts of a mixture-of-experts feed-forward block, and the gate that chooses among them.
struct ExpertsConfig {
  std::int32_t experts = 0;  ///< Routed ones; 0: the model has none.
  std::int32_t experts_per_token = 0;
  std::int32_t intermediate_size = 0;         ///< Of a routed expert.
  std::int32_t shared_intermediate_size = 0;  ///< Of all shared experts together; 0: none.
  std::int32_t groups = 1;                    ///< Groups that the choice is limited to …
  std::int32_t groups_per_token = 1;          ///< … so many of, a token.
  GateScoring scoring = GateScoring::softmax;
  bool selection_bias = false;  ///< A bias an expert serves the choice (DeepSeek-V3).
  bool normalised = false;      ///< The chosen weights are made to sum to 1.
  bool scaled = false;          ///< The chosen weights are scaled.
  bool shared_gate = false;     ///< A sigmoid gate a token scales the shared experts (Qwen2-MoE, Qwen3-Next).
  bool bias = false;            ///< Biases of gate and experts (gpt-oss).

  /// Positive sizes, and no more experts a token than its groups hold.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        detail::require_positive("experts", experts),
        detail::require_positive("experts_per_token", experts_per_token),
        detail::require_positive("experts intermediate_size", intermediate_size),
        detail::require_at_least("shared_intermediate_size", shared_intermediate_size, 0, "a number ≥ 0"),
        detail::require_positive("groups", groups), detail::require_positive("groups_per_token", groups_per_token),
        detail::require_int32("experts gate_up_features", 2.0 * intermediate_size),
        detail::require_int32("shared gate_up_features", 2.0 * shared_intermediate_size));
    if (found) return found;
    if (experts % groups != 0) return Violation{"groups", double(groups), "a divisor of experts"};
    if (groups_per_token > groups) return Violation{"groups_per_token", double(groups_per_token), "at most groups"};
    if (experts_per_token > double(experts / groups) * groups_per_token) {
      return Violation{"experts_per_token", double(experts_per_token),
                       "at most the experts of the groups chosen from"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const ExpertsConfig&, const ExpertsConfig&) noexcept = default;
};

/// Which norm stands before a block, and how many there are a layer.
enum class NormKind : std::uint8_t {
  rms,            ///< RMSNorm.
  layer,          ///< LayerNorm with weight and bias.
  layer_no_bias,  ///< LayerNorm with weight only (Cohere).
  unweighted      ///< LayerNorm without weights (OLMo).
};

/// Where a layer's norms stand.
enum class NormPlacement : std::uint8_t {
  before,            ///< Before the mixer and before the feed-forward block.
  after,             ///< After each, before the residual add (OLMo 2).
  before_and_after,  ///< Both (Gemma 2 and 3).
  parallel           ///< One before both, which run side by side (Cohere, Phi-2).
};

/// What queries and keys are normalised over.
enum class QueryKeyNorm : std::uint8_t {
  none,
  head,        ///< Each head of its own, with one weight for all (Qwen 3, Gemma 3).
  projection,  ///< All heads of a token together (OLMo 2, MiniMax M2).
  unweighted   ///< Each head of its own, without weights, in the layers that turn them (Llama 4 Scout).
};

inline constexpr std::size_t layer_group_capacity = 8;
inline constexpr std::int32_t layer_capacity = 256;

/// For each layer, from the first, the index of its group in layer_groups; 0 past the last layer.
using LayerOrder = std::array<std::uint8_t, std::size_t{layer_capacity}>;

struct ModelConfig {
  Name name{};
  std::int32_t hidden_size = 1;
  std::int32_t vocabulary_size = 1;
  std::int32_t maximum_context = 0;  ///< Positions that the model was made for; 0: not stated.
  std::array<LayerGroup, layer_group_capacity> layer_groups{};  ///< Unused ones have no layers.
  LayerOrder layer_order{};  ///< All 0: not stated, so that layers stand group after group.

  AttentionHeads heads{};             ///< Of attention and local attention.
  std::int32_t rotary_dimension = 0;  ///< Of a head's queries and keys that are turned; 0: none.
  bool local_rotary_only = false;     ///< Layers that attend to all tokens turn nothing (Llama 4).
  std::int32_t sliding_window = 0;    ///< Keys that local attention sees; 0: no local layers.
  QueryKeyNorm query_key_norm = QueryKeyNorm::none;
  bool attention_bias = false;         ///< Biases of the query, key and value projection.
  bool attention_output_bias = false;  ///< Bias of the output projection.
  bool attention_gate = false;         ///< A sigmoid gate for each output, projected with the queries (Qwen3-Next).
  bool attention_sinks = false;        ///< A learned logit a head (gpt-oss).
  bool score_softcap = false;          ///< tanh cap of attention scores (Gemma 2).
  LatentConfig latent{};
  RecurrenceConfig recurrence{};

  std::int32_t intermediate_size = 0;  ///< Of dense feed-forward blocks; 0: no layer has any.
  ActivationFunction activation = ActivationFunction::silu;
  bool gated_feed_forward = true;  ///< gate and up projections, or up alone; experts, too.
  bool feed_forward_bias = false;
  ExpertsConfig experts{};

  NormKind norm = NormKind::rms;
  NormPlacement norm_placement = NormPlacement::before;
  bool tied_embeddings = false;   ///< The LM head reads the embedding table.
  bool scaled_embedding = false;  ///< Gemma multiplies embeddings by √hidden_size.
  bool logit_softcap = false;     ///< tanh cap of the final logits (Gemma 2).

  /// Adds layers after the last one, to the group of their kind. False, and nothing added, where that takes more groups
  /// or more layers than there can be, or the count is negative.
  constexpr bool add_layers(TokenMixer mixer, FeedForward feed_forward, std::int32_t count = 1) noexcept {
    std::size_t index = layer_groups.size();  // of their group, else of the first unused one
    for (std::size_t i = 0; i < layer_groups.size(); ++i) {
      const LayerGroup& group = layer_groups[i];
      if (group.layers == 0 && index == layer_groups.size()) index = i;
      if (group.layers == 0 || group.mixer != mixer || group.feed_forward != feed_forward) continue;
      index = i;
      break;
    }
    const std::int32_t before = layers();
    if (index == layer_groups.size() || count < 0 || count > layer_capacity - before) return false;
    layer_order = before == 0 ? LayerOrder{} : groups_in_order();
    layer_groups[index] = {mixer, feed_forward, layer_groups[index].layers + count};
    for (std::int32_t layer = before; layer < before + count; ++layer) {
      layer_order[static_cast<std::size_t>(layer)] = static_cast<std::uint8_t>(index);
    }
    return true;
  }

  /// All layers.
  constexpr std::int32_t layers() const noexcept {
    std::int32_t sum = 0;
    for (const LayerGroup& group : layer_groups) sum += group.layers;
    return sum;
  }
  /// Layers with that mixer.
  constexpr std::int32_t layers(TokenMixer mixer) const noexcept {
    std::int32_t sum = 0;
    for (const LayerGroup& group : layer_groups) sum += group.mixer == mixer ? group.layers : 0;
    return sum;
  }
  /// Layers with that feed-forward block.
  constexpr std::int32_t layers(FeedForward feed_forward) const noexcept {
    std::int32_t sum = 0;
    for (const LayerGroup& group : layer_groups) sum += group.feed_forward == feed_forward ? group.layers : 0;
    return sum;
  }
  /// layer_order where it is stated, else group after group.
  constexpr LayerOrder groups_in_order() const noexcept {
    if (layer_order != LayerOrder{}) return layer_order;
    LayerOrder order{};
    std::size_t layer = 0;
    for (std::size_t i = 0; i < layer_groups.size(); ++i) {
      for (std::int32_t n = 0; n < layer_groups[i].layers && layer < order.size(); ++n) {
        order[layer++] = static_cast<std::uint8_t>(i);
      }
    }
    return order;
  }
  /// Output features of the fused query (and gate), key and value projection.
  constexpr std::int32_t qkv_features() const noexcept {
    return (attention_gate ? 2 : 1) * heads.query_heads * heads.query_key_dimension +
           heads.kv_heads * (heads.query_key_dimension + heads.value_dimension);
  }
  /// Input features of the output projection.
  constexpr std::int32_t attention_features() const noexcept { return heads.query_heads * heads.value_dimension; }
  /// Output features of the first feed-forward projection: gate and up together where gated.
  constexpr std::int32_t gate_up_features() const noexcept {
    return gated_feed_forward ? 2 * intermediate_size : intermediate_size;
  }

  constexpr std::int32_t global_layers() const noexcept { return layers(TokenMixer::attention); }
  constexpr std::int32_t local_layers() const noexcept { return layers(TokenMixer::local_attention); }

  /// Of attention and local attention: valid heads, an even rotary dimension within the head, a window where there
  /// are local layers.
  constexpr std::optional<Violation> attention_violation() const noexcept {
    if (const auto found = heads.violation()) return found;
    if (local_layers() > 0 && sliding_window == 0) {
      return Violation{"sliding_window", 0.0, "a positive number where layers have local attention"};
    }
    if (rotary_dimension % 2 != 0) return Violation{"rotary_dimension", double(rotary_dimension), "an even number"};
    if (rotary_dimension < 0 || rotary_dimension > heads.query_key_dimension) {
      return Violation{"rotary_dimension", double(rotary_dimension), "a number from 0 to query_key_dimension"};
    }
    const double qkv = (attention_gate ? 2.0 : 1.0) * heads.query_heads * heads.query_key_dimension +
                       double(heads.kv_heads) * (double(heads.query_key_dimension) + heads.value_dimension);
    const double attention = double(heads.query_heads) * heads.value_dimension;
    return detail::first_of(detail::require_int32("qkv_features", qkv),
                            detail::require_int32("attention_features", attention));
  }

  /// An order that is stated names as many layers of each group as layer_groups says, and nothing past the last one.
  constexpr std::optional<Violation> order_violation() const noexcept {
    if (layer_order == LayerOrder{}) return std::nullopt;
    const auto last = static_cast<std::size_t>(layers());
    std::array<std::int32_t, 256> named{};  // one for each value that an entry can have
    for (std::size_t layer = 0; layer < layer_order.size(); ++layer) {
      if (layer < last) {
        ++named[layer_order[layer]];
      } else if (layer_order[layer] != 0) {
        return Violation{"layer_order", double(layer_order[layer]), "0 past the last layer"};
      }
    }
    for (std::size_t i = 0; i < layer_groups.size(); ++i) {
      if (named[i] != layer_groups[i].layers) {
        return Violation{"layer_order", double(named[i]), "as many layers of each group as layer_groups says"};
      }
    }
    return std::nullopt;
  }

  /// At most 256 layers, in an order that fits their groups; positive sizes; for each kind of layer that there is, what
  /// it needs; features of projections that fit in 31 bits.
  constexpr std::optional<Violation> violation() const noexcept {
    double sum = 0.0;
    bool negative = false;
    bool empty = false;
    for (const LayerGroup& group : layer_groups) {
      sum += group.layers;
      negative = negative || group.layers < 0;
      empty =
          empty || (group.layers > 0 && group.mixer == TokenMixer::none && group.feed_forward == FeedForward::none);
    }
    if (negative) return Violation{"layers of a group", sum, "a number ≥ 0 in every group"};
    if (empty) return Violation{"layer_groups", sum, "layers that mix tokens or have a feed-forward block"};
    static_assert(layer_capacity == 256);
    if (sum > layer_capacity) return Violation{"layers", sum, "at most 256"};
    const auto found = detail::first_of(
        detail::require_positive("layers", sum), detail::require_positive("hidden_size", hidden_size),
        detail::require_positive("vocabulary_size", vocabulary_size),
        detail::require_at_least("sliding_window", sliding_window, 0, "a positive number, or 0 for none"),
        detail::require_at_least("maximum_context", maximum_context, 0, "a positive number, or 0 if not stated"));
    if (found) return found;
    if (const auto order = order_violation()) return order;
    const auto mixers = detail::first_of(
        global_layers() + local_layers() > 0 ? attention_violation() : std::nullopt,
        layers(TokenMixer::latent_attention) > 0 ? latent.violation() : std::nullopt,
        layers(TokenMixer::delta_rule) + layers(TokenMixer::state_space) > 0 ? recurrence.violation()
                                                                             : std::nullopt);
    if (mixers) return mixers;
    const bool dense = layers(FeedForward::dense) > 0;
    return detail::first_of(
        dense ? detail::require_positive("intermediate_size", intermediate_size)
              : detail::require_at_least("intermediate_size", intermediate_size, 0, "a number ≥ 0"),
        detail::require_int32("gate_up_features", (gated_feed_forward ? 2.0 : 1.0) * intermediate_size),
        layers(FeedForward::experts) > 0 ? experts.violation() : std::nullopt);
  }

  friend constexpr bool operator==(const ModelConfig&, const ModelConfig&) noexcept = default;
};

/// The same model with no other layers than the `count` from `first` on, of those that it has: what a pipeline stage
/// holds. Groups keep their places, so that some can be without layers.
constexpr ModelConfig with_layers(const ModelConfig& model, std::int32_t first, std::int32_t count) noexcept {
  const LayerOrder order = model.groups_in_order();
  const std::int64_t end = std::int64_t{first} + count;
  ModelConfig part = model;
  part.layer_order = {};
  for (LayerGroup& group : part.layer_groups) group.layers = 0;
  std::size_t kept = 0;
  for (std::int32_t layer = first < 0 ? 0 : first; layer < model.layers() && layer < end; ++layer) {
    const std::uint8_t group = order[static_cast<std::size_t>(layer)];
    ++part.layer_groups[group].layers;
    part.layer_order[kept++] = group;
  }
  return part;
}

}  // namespace opcost
