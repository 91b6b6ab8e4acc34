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

/// A valid model and batch, and no more tokens than head vectors can be counted in 31 bits (16 million tokens for
/// 128 query heads).
constexpr std::optional<Violation> violation(const ModelConfig& model, const UniformBatch& batch) noexcept {
  return detail::first_of(
      model.violation(), batch.violation(),
      detail::require_int32("tokens x heads", double(batch.sequences) * double(batch.query_tokens) *
                                                  (double(model.heads.query_heads) + model.heads.kv_heads)));
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
  static constexpr std::size_t capacity = 24;

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

/// The operations of one forward pass over a valid batch. Does not throw, allocate or lock.
///
/// A layer: norm, qkv projection, qk-norm, rotary embedding, attention, output projection, residual add, norm,
/// gate and up projection, activation, down projection, residual add, with a norm before each residual add where
/// the model has `post_norms`. Around the layers: embedding, final norm, LM head on the sampled positions.
/// Like operations of all layers are one entry with a count.
constexpr ModelOperations model_operations(const ModelConfig& model, const UniformBatch& batch,
                                           const ModelPrecision& precision) noexcept {
  const std::int32_t tokens = batch.tokens();
  const std::int32_t layers = model.layers;
  const AttentionHeads& heads = model.heads;
  const RuntimeElementwisePrecision in_place{precision.hidden, precision.hidden};
  const RuntimeElementwisePrecision to_projection{precision.hidden, precision.activation};
  const RuntimeLinearPrecision projection{precision.activation, precision.weight, precision.hidden};
  const RuntimeAttentionPrecision attention{precision.hidden, precision.kv_cache, precision.activation};

  const RmsNorm<> hidden_norm{.rows = tokens, .width = model.hidden_size, .precision = in_place};
  const RmsNorm<> projection_norm{.rows = tokens, .width = model.hidden_size, .precision = to_projection};
  const auto head_norm = [&](std::int32_t head_count) {
    return RmsNorm<>{.rows = tokens * head_count, .width = heads.query_key_dimension, .precision = in_place};
  };
  const auto linear = [&](std::int32_t in, std::int32_t out, bool bias) {
    return LinearProjection<>{tokens, in, out, bias, projection};
  };
  const auto attention_with = [&]<class Mask>(Mask mask) {
    return Attention<Mask>{heads, batch.sequences, batch.query_tokens, batch.context_tokens, mask, attention};
  };
  const bool hybrid = model.local_layers() > 0;

  ModelOperations list;
  list.add("embedding_lookup", 1, EmbeddingLookup<>{tokens, model.hidden_size, model.scaled_embedding, in_place});
  list.add("attention_norm", layers, projection_norm);
  list.add("qkv_projection", layers, linear(model.hidden_size, model.qkv_features(), model.attention_bias));
  list.add("query_norm", model.query_key_norm ? layers : 0, head_norm(heads.query_heads));
  list.add("key_norm", model.query_key_norm ? layers : 0, head_norm(heads.kv_heads));
  list.add("rotary_embedding", layers,
           RotaryEmbedding<>{tokens, heads.query_heads + heads.kv_heads, heads.query_key_dimension, in_place});
  list.add("local_attention", model.local_layers(), attention_with(SlidingWindow{model.sliding_window}));
  list.add(hybrid ? "global_attention" : "attention", model.global_layers(), attention_with(Causal{}));
  list.add("output_projection", layers,
           linear(model.attention_features(), model.hidden_size, model.attention_bias));
  list.add("post_attention_norm", model.post_norms ? layers : 0, hidden_norm);
  list.add("feed_forward_norm", layers, projection_norm);
  list.add("gate_up_projection", layers,
           linear(model.hidden_size, model.gate_up_features(), model.feed_forward_bias));
  list.add("activation", layers,
           Activation<>{tokens,
                        model.intermediate_size,
                        model.activation,
                        model.gated_feed_forward,
                        {precision.hidden, precision.activation}});
  list.add("down_projection", layers, linear(model.intermediate_size, model.hidden_size, model.feed_forward_bias));
  list.add("post_feed_forward_norm", model.post_norms ? layers : 0, hidden_norm);
  list.add("residual_add", 2 * layers, ResidualAdd<>{tokens, model.hidden_size, in_place});
  list.add("final_norm", 1, hidden_norm);
  list.add("lm_head", batch.sampled_tokens > 0 ? 1 : 0,
           LinearProjection<>{batch.sequences * batch.sampled_tokens,
                              model.hidden_size,
                              model.vocabulary_size,
                              false,
                              {precision.hidden, precision.hidden, precision.hidden}});
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
