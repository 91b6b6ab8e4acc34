// SPDX-License-Identifier: Apache-2.0
//
// Which accelerators execute which blocks of a model.
//
// A stage is a set of blocks, not of layers, so that a micro-batch may visit the same accelerators again and again
// in one step. Serving on one group, a pipeline of layers, attention apart from feed-forward blocks and attention's
// core apart from everything else are all plans of this one kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "opcost/model/block.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/parallelism.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/pipeline.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Accelerators of a pool that work as one.
struct AcceleratorGroup {
  std::int32_t pool = 0;      ///< Of the cluster, counted from 0.
  Parallelism parallelism{};  ///< Of the blocks on it; without pipeline stages, which are layer ranges of a plan.

  constexpr std::int32_t accelerators() const noexcept { return parallelism.ranks(); }

  friend constexpr bool operator==(const AcceleratorGroup&, const AcceleratorGroup&) noexcept = default;
};

/// Consecutive layers, and the group of each of their blocks. The first range has the embedding, the last the head.
struct LayerRange {
  std::int32_t layers = 0;
  std::array<std::uint8_t, placed_block_count> groups{};  ///< The index of a plan's group, for each block.

  constexpr std::uint8_t operator[](Block block) const noexcept { return groups[static_cast<std::size_t>(block)]; }
  constexpr LayerRange& put(std::initializer_list<Block> blocks, std::uint8_t group) noexcept {
    for (const Block block : blocks) groups[static_cast<std::size_t>(block)] = group;
    return *this;
  }

  friend constexpr bool operator==(const LayerRange&, const LayerRange&) noexcept = default;
};

inline constexpr std::size_t most_groups = 8;
inline constexpr std::size_t most_layer_ranges = 8;

/// A copy of a model on groups of accelerators, and how many micro-batches take turns on them.
struct StagePlan {
  std::array<AcceleratorGroup, most_groups> groups{};
  std::int32_t group_count = 1;
  std::array<LayerRange, most_layer_ranges> ranges{};
  std::int32_t range_count = 1;
  std::int32_t micro_batches = 1;

  std::span<const AcceleratorGroup> used_groups() const noexcept {
    return {groups.data(), static_cast<std::size_t>(group_count)};
  }
  std::span<const LayerRange> used_ranges() const noexcept {
    return {ranges.data(), static_cast<std::size_t>(range_count)};
  }

  friend constexpr bool operator==(const StagePlan&, const StagePlan&) noexcept = default;
};

/// Everything on one group.
constexpr StagePlan colocated_plan(const ModelConfig& model, const AcceleratorGroup& group) noexcept {
  StagePlan plan;
  plan.groups[0] = group;
  plan.ranges[0].layers = model.layers();
  return plan;
}

/// Two groups, the second for `blocks` of every layer.
constexpr StagePlan two_group_plan(const ModelConfig& model, const AcceleratorGroup& first,
                                   const AcceleratorGroup& second, std::initializer_list<Block> blocks,
                                   std::int32_t micro_batches) noexcept {
  StagePlan plan = colocated_plan(model, first);
  plan.groups[1] = second;
  plan.group_count = 2;
  plan.ranges[0].put(blocks, 1);
  plan.micro_batches = micro_batches;
  return plan;
}

/// Attention's core, with the KV cache, apart from everything else (Lamina, arXiv 2405.01814).
constexpr StagePlan offloaded_attention_plan(const ModelConfig& model, const AcceleratorGroup& others,
                                             const AcceleratorGroup& core, std::int32_t micro_batches) noexcept {
  using enum Block;
  return two_group_plan(model, others, core, {attention, local_attention, latent_attention, recurrence},
                        micro_batches);
}

/// Feed-forward blocks and routed experts apart from everything else (MegaScale-Infer, arXiv 2504.02263; Step-3,
/// arXiv 2507.19427). Shared experts and the choice of experts stay with attention, or go with the experts.
constexpr StagePlan attention_feed_forward_plan(const ModelConfig& model, const AcceleratorGroup& attention,
                                                const AcceleratorGroup& feed_forward, std::int32_t micro_batches,
                                                bool router_with_experts = false) noexcept {
  StagePlan plan =
      two_group_plan(model, attention, feed_forward, {Block::feed_forward, Block::experts}, micro_batches);
  if (router_with_experts) plan.ranges[0].put({Block::router}, 1);
  return plan;
}

/// The first layers on one group, the others on the next.
constexpr StagePlan layer_pipeline_plan(const ModelConfig& model, const AcceleratorGroup& first,
                                        const AcceleratorGroup& second, std::int32_t first_layers,
                                        std::int32_t micro_batches) noexcept {
  StagePlan plan = colocated_plan(model, first);
  plan.groups[1] = second;
  plan.group_count = 2;
  plan.ranges[0].layers = first_layers;
  plan.ranges[1].layers = model.layers() - first_layers;
  plan.ranges[1].groups.fill(1);
  plan.range_count = 2;
  plan.micro_batches = micro_batches;
  return plan;
}

/// Whether one of a plan's groups has that block, in any range.
constexpr bool has_block(const StagePlan& plan, Block block, std::size_t group) noexcept {
  for (std::size_t i = 0; i < static_cast<std::size_t>(plan.range_count); ++i) {
    if (plan.ranges[i][block] == group) return true;
  }
  return false;
}

namespace detail {

/// Calls `visit(block, range, returns)` for every execution of a block in a pass, in order; `returns`: not executed
/// anew, but what it waited for is back.
template <class Visit>
constexpr void visit_placed_blocks(const ModelConfig& model, const StagePlan& plan, Visit&& visit) noexcept {
  const LayerOrder order = model.groups_in_order();
  const std::int32_t layers = model.layers();
  std::size_t index = 0;
  std::int32_t left = plan.ranges[0].layers;
  visit(Block::embedding, plan.ranges[0], false);
  for (std::int32_t layer = 0; layer < layers; ++layer, --left) {
    while (left == 0) left = plan.ranges[++index].layers;
    const LayerRange& range = plan.ranges[index];
    const LayerGroup& kind = model.layer_groups[order[static_cast<std::size_t>(layer)]];
    const auto mixer = [&](Block input, Block core, Block output) noexcept {
      for (const Block block : {Block::residual, input, core, output}) visit(block, range, false);
    };
    switch (kind.mixer) {
      case TokenMixer::none: break;
      case TokenMixer::attention: mixer(Block::attention_input, Block::attention, Block::attention_output); break;
      case TokenMixer::local_attention:
        mixer(Block::attention_input, Block::local_attention, Block::attention_output);
        break;
      case TokenMixer::latent_attention:
        mixer(Block::latent_input, Block::latent_attention, Block::latent_output);
        break;
      case TokenMixer::delta_rule:
      case TokenMixer::state_space:
        mixer(Block::recurrence_input, Block::recurrence, Block::recurrence_output);
        break;
    }
    if (kind.feed_forward == FeedForward::dense) {
      visit(Block::residual, range, false);
      visit(Block::feed_forward, range, false);
    } else if (kind.feed_forward == FeedForward::experts) {
      visit(Block::residual, range, false);
      visit(Block::router, range, false);
      visit(Block::experts, range, false);
      visit(Block::router, range, true);
    }
  }
  const LayerRange& last = plan.ranges[static_cast<std::size_t>(plan.range_count) - 1];
  visit(Block::residual, last, false);
  visit(Block::head, last, false);
}

}  // namespace detail

/// A valid model, and groups that it can be divided over (routed experts over those that have some) and their pools
/// have accelerators for, all of them used; ranges that have every layer once; links where tensors cross; 1 to 64
/// micro-batches.
inline std::optional<Violation> violation(const ModelConfig& model, const Cluster& cluster,
                                          const StagePlan& plan) noexcept {
  if (plan.group_count < 1 || plan.group_count > std::int32_t{most_groups}) {
    return Violation{"groups", double(plan.group_count), "a number from 1 to 8"};
  }
  if (plan.range_count < 1 || plan.range_count > std::int32_t{most_layer_ranges}) {
    return Violation{"layer ranges", double(plan.range_count), "a number from 1 to 8"};
  }
  if (plan.micro_batches < 1 || plan.micro_batches > most_micro_batches) {
    return Violation{"micro_batches", double(plan.micro_batches), "a number from 1 to 64"};
  }
  std::array<std::int32_t, most_pools> taken{};
  for (std::size_t i = 0; i < static_cast<std::size_t>(plan.group_count); ++i) {
    const AcceleratorGroup& group = plan.groups[i];
    if (group.pool < 0 || static_cast<std::size_t>(group.pool) >= cluster.pools().size()) {
      return Violation{"pool", double(group.pool), "the index of a pool of the cluster"};
    }
    if (group.parallelism.pipeline != 1) {
      return Violation{"pipeline", double(group.parallelism.pipeline), "1 in a group: stages are layer ranges"};
    }
    const bool experts = has_block(plan, Block::experts, i);
    if (const auto found = experts ? violation(model, group.parallelism)
                                   : detail::violation_without_experts(model, group.parallelism)) {
      return found;
    }
    const auto pool = static_cast<std::size_t>(group.pool);
    taken[pool] += group.accelerators();
    if (taken[pool] > cluster.pool(pool).accelerators) {
      return Violation{"accelerators", double(taken[pool]), "at most those of the pool"};
    }
  }
  std::int32_t layers = 0;
  for (const LayerRange& range : plan.used_ranges()) {
    if (range.layers < 1) return Violation{"layers", double(range.layers), "a positive number in each range"};
    layers += range.layers;
    for (const std::uint8_t group : range.groups) {
      if (std::int32_t{group} >= plan.group_count) return Violation{"group", double(group), "the index of a group"};
    }
  }
  if (layers != model.layers()) return Violation{"layers", double(layers), "the model's layers, over all ranges"};
  std::uint32_t used = 0;
  std::optional<Violation> missing;
  std::size_t before = plan.ranges[0][Block::embedding];
  std::size_t residual = plan.ranges[0][Block::residual];
  const auto go_to = [&](std::size_t group) noexcept {
    const auto from = static_cast<std::size_t>(plan.groups[before].pool);
    const auto to = static_cast<std::size_t>(plan.groups[group].pool);
    if (before != group && !cluster.link(from, to).exists()) {
      missing = Violation{"link", 0.0, "a bandwidth above 0 between pools that a plan sends tensors between"};
    }
    before = group;
  };
  detail::visit_placed_blocks(model, plan, [&](Block block, const LayerRange& range, bool /*returns*/) noexcept {
    used |= 1U << range[block];
    if (block == Block::residual && range[block] != residual) {
      if (before != residual) {
        missing = Violation{"group", double(before),
                            "that of the residual stream for the last block before it moves to another"};
      }
      residual = range[block];
    }
    go_to(range[block]);
  });
  go_to(plan.ranges[0][Block::embedding]);  // with the sampled token
  if (missing) return missing;
  if (used != (1U << static_cast<std::uint32_t>(plan.group_count)) - 1U) {
    return Violation{"groups", double(plan.group_count), "as many as have blocks"};
  }
  return std::nullopt;
}

}  // namespace opcost
