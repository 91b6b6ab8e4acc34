// SPDX-License-Identifier: Apache-2.0
//
// The tensors that a pass of a model sends from block to block, wherever the blocks are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "opcost/model/block.hpp"
#include "opcost/model/cache_batch.hpp"
#include "opcost/model/forward_pass.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/operation/attention_indexer.hpp"
#include "opcost/operation/gated_delta_rule.hpp"
#include "opcost/operation/state_space_scan.hpp"
#include "opcost/placement/block_memory.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// A tensor from one block to another. Those of the same two blocks and layers travel together.
struct BlockFlow {
  Block from = Block::embedding;
  Block to = Block::residual;
  double layers = 0.0;    ///< How often in a pass.
  Bytes per_token{};      ///< Of the whole tensor, once; to and from the head of a sampled token.
  bool gathered = false;  ///< Each tensor-parallel rank of the receiver needs all of it, not its heads only.

  friend constexpr bool operator==(const BlockFlow&, const BlockFlow&) noexcept = default;
};

/// The flows of a pass. Holds them in place: no allocation.
class BlockFlows {
 public:
  static constexpr std::size_t capacity = 27;  ///< Of a model with every kind of layer.

  constexpr const BlockFlow* begin() const noexcept { return flows_.data(); }
  constexpr const BlockFlow* end() const noexcept { return flows_.data() + size_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr const BlockFlow& operator[](std::size_t index) const noexcept { return flows_[index]; }

  /// Adds a flow, unless it never happens.
  constexpr void add(const BlockFlow& flow) noexcept {
    if (flow.layers > 0.0) flows_[size_++] = flow;
  }

 private:
  std::array<BlockFlow, capacity> flows_{};
  std::size_t size_ = 0;
};

namespace detail {

/// Adds the flows of a model block by block.
class FlowBuilder {
 public:
  constexpr FlowBuilder(const ModelConfig& model, const ModelPrecision& precision, BlockFlows& flows) noexcept
      : model_(model),
        precision_(precision),
        flows_(flows),
        layers_(block_layers(model)),
        hidden_(tensor_bytes(precision.hidden, 1, model.hidden_size)),
        block_input_(tensor_bytes(block_input(model, precision), 1, model.hidden_size)) {}

  constexpr void build() noexcept {
    constexpr Bytes token{4.0};  // an int32
    gather(Block::embedding, Block::residual, hidden_);
    add_attention();
    add_latent_attention();
    add_recurrence();
    around_residual(Block::feed_forward, Block::feed_forward);
    around_residual(Block::router, Block::router);
    gather(Block::router, Block::experts, tensor_bytes(precision_.expert_activation, 1, model_.hidden_size));
    gather(Block::experts, Block::router, hidden_);
    gather(Block::residual, Block::head, hidden_);
    gather(Block::head, Block::embedding, token);
  }

 private:
  /// As often as the rarer of the two blocks is executed, like all flows below.
  constexpr void gather(Block from, Block to, Bytes per_token) noexcept { add(from, to, per_token, true); }
  constexpr void by_heads(Block from, Block to, Bytes per_token) noexcept { add(from, to, per_token, false); }
  constexpr void add(Block from, Block to, Bytes per_token, bool gathered) noexcept {
    const std::int32_t layers = layers_[from] < layers_[to] ? layers_[from] : layers_[to];
    flows_.add({from, to, double(layers), per_token, gathered});
  }
  constexpr void around_residual(Block input, Block output) noexcept {
    gather(Block::residual, input, block_input_);
    gather(output, Block::residual, hidden_);
  }
  constexpr Bytes of_hidden(double elements) const noexcept {
    return tensor_bytes(precision_.hidden, 1, static_cast<std::int32_t>(elements));
  }

  constexpr void add_attention() noexcept {
    const AttentionHeads& heads = model_.heads;
    around_residual(Block::attention_input, Block::attention_output);
    const Bytes queries = of_hidden(double(heads.query_heads) * heads.query_key_dimension);
    const Bytes key = kv_cache_bytes_per_token_and_layer(model_, TokenMixer::attention, precision_.kv_cache);
    const Bytes output = tensor_bytes(precision_.activation, 1, model_.attention_features());
    for (const Block core : {Block::attention, Block::local_attention}) {
      by_heads(Block::attention_input, core, queries + key);
      by_heads(core, Block::attention_output, output);
    }
    if (model_.attention_gate) by_heads(Block::attention_input, Block::attention_output, queries);
  }

  /// Of the heads only queries and outputs: the latent, its rotary key and all of an indexer are every rank's.
  constexpr void add_latent_attention() noexcept {
    const LatentConfig& latent = model_.latent;
    const LatentHeads& heads = latent.heads;
    around_residual(Block::latent_input, Block::latent_output);
    by_heads(Block::latent_input, Block::latent_attention,
             of_hidden(double(heads.query_heads) * heads.query_key_dimension()));
    Bytes shared = kv_cache_bytes_per_token_and_layer(model_, TokenMixer::latent_attention, precision_.kv_cache);
    if (latent.indexer_heads > 0) {  // its queries and weights, as it reads them
      shared += AttentionIndexer<>{.heads = latent.indexer_heads, .dimension = latent.indexer_dimension}
                    .cost()
                    .activation_read;
    }
    gather(Block::latent_input, Block::latent_attention, shared);
    by_heads(Block::latent_attention, Block::latent_output,
             of_hidden(double(heads.query_heads) * heads.value_dimension));
  }

  /// To the recurrence what one token of it reads: the channels of its convolution, decays, β or time steps.
  constexpr void add_recurrence() noexcept {
    const RecurrenceConfig& r = model_.recurrence;
    around_residual(Block::recurrence_input, Block::recurrence_output);
    const GatedDeltaRule<> delta_rule{.key_heads = r.key_heads,
                                      .value_heads = r.value_heads,
                                      .key_dimension = r.key_dimension,
                                      .value_dimension = r.value_dimension,
                                      .decay = r.decay,
                                      .precision = {.input = precision_.hidden}};
    const StateSpaceScan<> scan{.heads = r.value_heads,
                                .groups = r.key_heads,
                                .head_dimension = r.value_dimension,
                                .state_dimension = r.key_dimension,
                                .selective = r.selective,
                                .precision = {.input = precision_.hidden}};
    const auto to_recurrence = [&](TokenMixer mixer, const auto& operation) {
      flows_.add({Block::recurrence_input, Block::recurrence, double(model_.layers(mixer)),
                  operation.cost().activation_read, false});
    };
    to_recurrence(TokenMixer::delta_rule, delta_rule);
    to_recurrence(TokenMixer::state_space, scan);
    const Bytes values = of_hidden(r.value_features());
    by_heads(Block::recurrence, Block::recurrence_output, values);
    by_heads(Block::recurrence_input, Block::recurrence_output, values);  // the output gate
  }

  const ModelConfig& model_;
  const ModelPrecision& precision_;
  BlockFlows& flows_;
  BlockLayers layers_;
  Bytes hidden_;
  Bytes block_input_;
};

}  // namespace detail

/// The flows of a pass of a whole valid model, those of attention's KV heads once even where ranks repeat them:
///
///   into a layer's blocks    the residual stream as the norm before the block writes it (see ModelPrecision)
///   out of them              hidden, what the residual stream is to add
///   into attention           queries in hidden, the new key and value in the KV cache's format
///   router to experts        a token once, however many experts it has, in the experts' activation format, and its output
///                            back likewise: copies are the plan's matter
///   head to embedding        the sampled token
///
/// Does not throw, allocate or lock.
constexpr BlockFlows block_flows(const ModelConfig& whole_model, const ModelPrecision& precision) noexcept {
  BlockFlows flows;
  detail::FlowBuilder(whole_model, precision, flows).build();
  return flows;
}

}  // namespace opcost
