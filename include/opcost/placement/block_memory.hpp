// SPDX-License-Identifier: Apache-2.0
//
// What the placed blocks of a model hold in a rank's memory, and how often a pass executes them.
// Nothing here throws, allocates or locks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "opcost/model/block.hpp"
#include "opcost/model/cache_batch.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/weights.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// A value for each placed block.
template <class T>
struct PerBlock {
  std::array<T, placed_block_count> values{};

  constexpr T& operator[](Block block) noexcept { return values[static_cast<std::size_t>(block)]; }
  constexpr const T& operator[](Block block) const noexcept { return values[static_cast<std::size_t>(block)]; }
  friend constexpr bool operator==(const PerBlock&, const PerBlock&) noexcept = default;
};

using BlockBytes = PerBlock<Bytes>;
using BlockLayers = PerBlock<std::int32_t>;

/// How often a pass executes each block; 0: the model has none, nor has it weights or caches. Of a shard only the
/// ends of the model that its place has. `residual`: each mixer and feed-forward block, and the final norm.
template <ModelOrShard Model>
constexpr BlockLayers block_layers(const Model& whole_or_shard) noexcept {
  const ModelConfig& model = detail::config_of(whole_or_shard);
  const RankPlace& place = detail::place_of(whole_or_shard);
  const std::int32_t ends = place.last_stage ? 1 : 0;
  BlockLayers layers;
  layers[Block::embedding] = place.first_stage ? 1 : 0;
  layers[Block::residual] =
      2 * model.layers() - model.layers(TokenMixer::none) - model.layers(FeedForward::none) + ends;
  layers[Block::attention] = model.global_layers();
  layers[Block::local_attention] = model.local_layers();
  layers[Block::attention_input] = layers[Block::attention_output] = model.global_layers() + model.local_layers();
  layers[Block::latent_input] = layers[Block::latent_attention] = layers[Block::latent_output] =
      model.layers(TokenMixer::latent_attention);
  layers[Block::recurrence_input] = layers[Block::recurrence] = layers[Block::recurrence_output] =
      model.layers(TokenMixer::delta_rule) + model.layers(TokenMixer::state_space);
  layers[Block::feed_forward] = model.layers(FeedForward::dense);
  layers[Block::router] = layers[Block::experts] = model.layers(FeedForward::experts);
  layers[Block::head] = ends;
  return layers;
}

/// Bytes of the table that embedding and head of a tied model share, where the rank has both; else 0.
/// block_weight_bytes counts it for each: who has both of them takes it off once.
constexpr Bytes tied_table_bytes(const ModelShard& shard, const ModelPrecision& precision) noexcept {
  if (!detail::shares_table(shard.model, shard.place)) return {};
  return detail::table_parameters(shard.model) * Bytes{bytes_per_element(precision.hidden.element)};
}

/// Bytes of weights of one execution of each block on a rank: of one layer, the embedding, the head; of `residual`
/// alone, all its norms. Where a model has two kinds of recurrence, their mean. The sum over blocks and layers,
/// without tied_table_bytes, is weight_bytes.
constexpr BlockBytes block_weight_bytes(const ModelShard& shard, const ModelPrecision& precision) noexcept {
  BlockBytes bytes;
  detail::visit_weight_bytes(shard.model, shard.local_experts(), shard.place, precision,
                             [&bytes](Block block, Bytes more) { bytes[block] += more; });
  bytes[Block::embedding] += tied_table_bytes(shard, precision);
  BlockLayers layers = block_layers(shard);
  layers[Block::residual] = 1;
  for (std::size_t i = 0; i < placed_block_count; ++i) {
    if (layers.values[i] > 1) bytes.values[i] = bytes.values[i] / double(layers.values[i]);
  }
  return bytes;
}

/// Bytes that one sequence of `context_tokens` (0 or more) holds in one layer of each block on a rank: KV cache, in
/// blocks of `block_tokens` (positive; no more of them than a window touches in local attention), or the state of a
/// recurrence. 0 for all others. The sum over blocks and layers is cache_bytes.
constexpr BlockBytes block_cache_bytes(const ModelShard& shard, const ModelPrecision& precision,
                                       std::int32_t context_tokens, std::int32_t block_tokens) noexcept {
  const ModelConfig& model = shard.model;
  const BlockLayers layers = block_layers(shard);
  const CacheCounts counts = CacheBatch(shard, block_tokens).of_sequence(context_tokens);
  BlockBytes bytes;
  const auto hold_keys = [&](Block block, TokenMixer mixer, std::int64_t blocks) {
    if (layers[block] == 0) return;
    bytes[block] = kv_cache_bytes_per_token_and_layer(model, mixer, precision.kv_cache) *
                   (static_cast<double>(blocks) * block_tokens);
  };
  hold_keys(Block::attention, TokenMixer::attention, counts.blocks);
  hold_keys(Block::local_attention, TokenMixer::local_attention, counts.local_blocks);
  hold_keys(Block::latent_attention, TokenMixer::latent_attention, counts.blocks);
  if (layers[Block::recurrence] > 0) {
    bytes[Block::recurrence] = recurrent_state_bytes(model, precision.recurrent_state, precision.hidden) /
                               double(layers[Block::recurrence]);
  }
  return bytes;
}

}  // namespace opcost
