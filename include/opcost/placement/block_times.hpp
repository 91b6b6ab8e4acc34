// SPDX-License-Identifier: Apache-2.0
//
// How long each block of a pass takes on the ranks that would execute it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "opcost/latency/collective_estimate.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/model/block.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/step.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/model/step_breakdown.hpp"
#include "opcost/model/step_operations.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/placement/block_memory.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// Which end of an estimate's interval is meant.
enum class EstimateEnd : std::uint8_t { expected, low, high };

/// Something that adds, for each placed block: of one execution, with what ranks send each other after it.
template <class Value>
struct BlockCosts {
  PerBlock<Value> each{};
  Value expert_dispatch{};  ///< Of a layer with experts, where router and experts are on the same ranks …
  Value expert_combine{};   ///< … and back.
  Value gather{};           ///< All hidden states to every tensor-parallel rank, where they come from other ranks.

  constexpr Value& operator[](Block block) noexcept { return each[block]; }
  constexpr const Value& operator[](Block block) const noexcept { return each[block]; }
};

using BlockTimes = BlockCosts<Seconds>;

namespace detail {

/// Adds up what `measure(operation)` finds, block by block.
template <class Value, class Measure>
class BlockSums {
 public:
  explicit BlockSums(const Measure& measure) noexcept : measure_(measure) {}

  void enter(Block block) noexcept { block_ = block; }
  template <class T>
  void operator()(std::string_view /*name*/, std::int32_t count, const T& operation) noexcept {
    sums_[static_cast<std::size_t>(block_)] += measure_(operation) * double(count);
  }

  /// Nothing where a block is never executed.
  Value each(Block block, double executions) const noexcept {
    return executions > 0.0 ? sums_[static_cast<std::size_t>(block)] * (1.0 / executions) : Value{};
  }

 private:
  const Measure& measure_;
  Block block_ = Block::embedding;
  std::array<Value, block_count> sums_{};
};

template <class Value, class Measure>
BlockCosts<Value> block_costs(const ModelShard& shard, const StepBatch& batch, const ModelPrecision& precision,
                              const Measure& measure) noexcept {
  BlockSums<Value, Measure> sums(measure);
  visit_operations(shard, batch, precision, sums);
  const BlockLayers layers = block_layers(shard.model);
  BlockCosts<Value> found;
  for (std::size_t i = 0; i < placed_block_count; ++i) {
    const auto block = static_cast<Block>(i);
    found[block] = sums.each(block, layers[block]);
  }
  const Value mixer_sum =
      sums.each(Block::mixer_sum, double(layers[Block::attention_output]) + layers[Block::latent_output] +
                                      layers[Block::recurrence_output]);
  for (const Block block : {Block::attention_output, Block::latent_output, Block::recurrence_output}) {
    if (layers[block] > 0) found[block] += mixer_sum;
  }
  const Parallelism& ranks = shard.place.parallelism;
  const double summed_experts = ranks.exchanges_with_all() ? 0.0 : double(layers[Block::experts]);
  const Value feed_forward_sum = sums.each(Block::feed_forward_sum, layers[Block::feed_forward] + summed_experts);
  if (layers[Block::feed_forward] > 0) found[Block::feed_forward] += feed_forward_sum;
  if (summed_experts > 0.0) found[Block::experts] += feed_forward_sum;
  found.expert_dispatch = sums.each(Block::expert_dispatch, layers[Block::experts]);
  found.expert_combine = sums.each(Block::expert_combine, layers[Block::experts]);
  if (ranks.tensor > 1 && batch.tokens() > 0) {
    found.gather =
        measure(collective_over_hidden_states(CollectiveKind::all_gather, static_cast<std::int32_t>(batch.tokens()),
                                              shard.model.hidden_size, ranks.tensor, precision.hidden));
  }
  return found;
}

constexpr Seconds at(EstimateEnd end, const auto& estimate) noexcept {
  switch (end) {
    case EstimateEnd::low: return estimate.low;
    case EstimateEnd::high: return estimate.high;
    case EstimateEnd::expected: break;
  }
  return estimate.expected;
}

}  // namespace detail

/// The time of one execution of each block for a valid batch: that of one of the ranks' token groups. Blocks that a
/// model lacks take none; so does everything for an empty batch. The sum over a pass is the expected time of
/// `StepEstimator` without overlap and host. Does not throw, allocate or lock.
inline BlockTimes block_times(const ModelShard& shard, const StepBatch& batch, const ModelPrecision& precision,
                              const Platform& platform, EstimateEnd end = EstimateEnd::expected) noexcept {
  const auto measure = [&](const auto& operation) noexcept {
    return detail::at(end, detail::estimate_on(platform, operation));
  };
  return detail::block_costs<Seconds>(shard, batch, precision, measure);
}

/// The same by what a block waits for.
inline BlockCosts<ResourceTimes> block_resource_times(const ModelShard& shard, const StepBatch& batch,
                                                      const ModelPrecision& precision,
                                                      const Platform& platform) noexcept {
  const auto measure = [&](const auto& operation) noexcept {
    return resource_times(detail::estimate_on(platform, operation));
  };
  return detail::block_costs<ResourceTimes>(shard, batch, precision, measure);
}

}  // namespace opcost
