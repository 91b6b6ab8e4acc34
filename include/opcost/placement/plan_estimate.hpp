// SPDX-License-Identifier: Apache-2.0
//
// How fast a plan executes a model's steps, and what its groups hold in memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "opcost/model/activations.hpp"
#include "opcost/model/block.hpp"
#include "opcost/model/forward_pass.hpp"
#include "opcost/model/memory.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/placement/block_flow.hpp"
#include "opcost/placement/block_memory.hpp"
#include "opcost/placement/block_times.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/pipeline.hpp"
#include "opcost/placement/stage_plan.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// What a micro-batch computes in one step, over all ranks: alike decoding sequences, alike prompts or chunks of
/// them.
struct MicroBatch {
  std::int32_t decoding = 0;
  StepSequence decode{};
  std::int32_t prompts = 0;
  StepSequence prompt{};

  constexpr double tokens() const noexcept {
    return double(decoding) * decode.query_tokens + double(prompts) * prompt.query_tokens;
  }
  constexpr double sampled_tokens() const noexcept {
    return double(decoding) * decode.sampled_tokens + double(prompts) * prompt.sampled_tokens;
  }
  /// Tokens that pass from block to block: after the last layer only those that are sampled.
  constexpr double tokens_between(Block from, Block to) const noexcept {
    return from == Block::head || to == Block::head ? sampled_tokens() : tokens();
  }

  /// The busiest of `groups` token groups': prompts fewer than groups are cut.
  constexpr StepBatch share(const ModelConfig& model, std::int32_t groups) const noexcept {
    StepBatch batch(model);
    if (decoding > 0) batch.add(decode, detail::largest_share(decoding, groups));
    if (prompts >= groups) {
      batch.add(prompt, detail::largest_share(prompts, groups));
    } else if (prompts > 0) {
      StepSequence part = prompt;
      part.query_tokens = detail::largest_share(prompts * prompt.query_tokens, groups);
      batch.add(part);
    }
    return batch;
  }

  friend constexpr bool operator==(const MicroBatch&, const MicroBatch&) noexcept = default;
};

/// The tensors between a model's blocks as a table, made once for a model.
class PlacedModel {
 public:
  PlacedModel(const ModelConfig& model, const ModelPrecision& precision) noexcept
      : model_(model), precision_(precision), layers_(block_layers(model)) {
    for (const BlockFlow& flow : block_flows(model, precision)) {
      Bytes& bytes = bytes_[index(flow.from)][index(flow.to)];
      const bool beside = is_core_between(flow);
      if (!(bytes > Bytes{}) && !beside) hops_.add({flow.from, flow.to, flow.layers, {}, false});
      bytes += flow.per_token;
    }
  }

  const ModelConfig& model() const noexcept { return model_; }
  const ModelPrecision& precision() const noexcept { return precision_; }
  /// From block to next block, and how often in a pass; their bytes are `per_token`.
  const BlockFlows& hops() const noexcept { return hops_; }
  const BlockLayers& layers() const noexcept { return layers_; }

  /// What a token brings from one block to another; nothing where no tensor passes.
  Bytes per_token(Block from, Block to) const noexcept { return bytes_[index(from)][index(to)]; }
  /// What it brings from the block before a mixer's core to the one after it, past the core.
  Bytes beside(Block core) const noexcept { return per_token(input_of(core), output_of(core)); }

  static constexpr bool is_core(Block block) noexcept {
    return block == Block::attention || block == Block::local_attention || block == Block::latent_attention ||
           block == Block::recurrence;
  }
  static constexpr Block input_of(Block core) noexcept {
    return core == Block::latent_attention ? Block::latent_input
           : core == Block::recurrence     ? Block::recurrence_input
                                           : Block::attention_input;
  }
  static constexpr Block output_of(Block core) noexcept {
    return core == Block::latent_attention ? Block::latent_output
           : core == Block::recurrence     ? Block::recurrence_output
                                           : Block::attention_output;
  }

 private:
  static constexpr bool is_core_between(const BlockFlow& flow) noexcept {
    return (flow.from == Block::attention_input && flow.to == Block::attention_output) ||
           (flow.from == Block::recurrence_input && flow.to == Block::recurrence_output);
  }
  static constexpr std::size_t index(Block block) noexcept { return static_cast<std::size_t>(block); }

  ModelConfig model_;
  ModelPrecision precision_;
  BlockFlows hops_{};
  BlockLayers layers_;
  std::array<std::array<Bytes, placed_block_count>, placed_block_count> bytes_{};
};

namespace detail {

/// Copies of a token that come to a group's experts from another group: one for each rank that has some of its
/// experts, or one to share where the ranks have all tokens.
constexpr double copies_for_experts(const ModelConfig& model, const Parallelism& receivers) noexcept {
  if (!receivers.exchanges_with_all()) return 1.0;
  const ExpertsConfig& experts = model.experts;
  const ExpertExchange exchange{.experts = experts.experts,
                                .experts_per_token = experts.experts_per_token,
                                .ranks = receivers.expert,
                                .groups = experts.groups,
                                .groups_per_token = experts.groups_per_token};
  return exchange.copies_per_token();
}

/// Whether every tensor-parallel rank needs all of a block's input, not only its own heads.
constexpr bool needs_all(Block block, const Parallelism& ranks) noexcept {
  switch (block) {
    case Block::attention:
    case Block::local_attention:
    case Block::latent_attention:
    case Block::recurrence:
    case Block::attention_output:
    case Block::latent_output:
    case Block::recurrence_output: return false;
    case Block::experts: return !ranks.exchanges_with_all();
    default: return true;
  }
}

}  // namespace detail

/// The visits of a micro-batch to a plan's groups, in order, for `times` of each group. Neighbouring blocks on one
/// group are one visit, the last of a step and the first of the next, too; only around experts that tokens are
/// exchanged for is a group free for other micro-batches. 64 KiB, meant to be reused.
class PlanVisits {
 public:
  /// For a valid plan. Does not throw, allocate or lock.
  void build(const PlacedModel& placed, const Cluster& cluster, const StagePlan& plan,
             std::span<const BlockTimes> times, const MicroBatch& micro_batch) noexcept {
    count_ = 0;
    if (placed.layers()[Block::experts] > 0) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(plan.group_count); ++i) {
        copies_for_experts_[i] = detail::copies_for_experts(placed.model(), plan.groups[i].parallelism);
      }
    }
    Block before = Block::embedding;
    const LayerRange* range_before = &plan.ranges[0];
    detail::visit_placed_blocks(
        placed.model(), plan, [&](Block block, const LayerRange& range, bool returns) noexcept {
          const std::size_t group = range[block];
          Seconds busy = returns ? Seconds{} : times[group][block];
          if (count_ == 0) {
            visits_[count_++] = {std::int32_t(group), busy, {}, {}};
          } else if (const Seconds exchange = exchange_before(block, *range_before, range, returns, times[group]);
                     exchange > Seconds{}) {
            last().transfer = exchange;
            visits_[count_++] = {std::int32_t(group), busy, {}, {}};
          } else if (last().pool == std::int32_t(group)) {
            last().busy += busy;
          } else {
            const Bytes bytes =
                crossing(placed, before, *range_before, block, range) * micro_batch.tokens_between(before, block);
            hop(cluster, plan, group, bytes);
            if (detail::needs_all(block, plan.groups[group].parallelism)) busy += times[group].gather;
            last().busy += busy;
          }
          before = block;
          range_before = &range;
        });
    const auto first = static_cast<std::size_t>(visits_[0].pool);
    if (count_ == 1) return;
    if (last().pool != visits_[0].pool) {
      hop(cluster, plan, first, placed.per_token(Block::head, Block::embedding) * micro_batch.sampled_tokens());
    }
    visits_[0].busy += last().busy;
    --count_;
  }

  std::span<const PipelineVisit> visits() const noexcept { return {visits_.data(), count_}; }

 private:
  PipelineVisit& last() noexcept { return visits_[count_ - 1]; }

  /// The messages among a group's ranks that bring tokens to experts and back: another micro-batch may use the
  /// group meanwhile.
  static Seconds exchange_before(Block block, const LayerRange& range_before, const LayerRange& range, bool returns,
                                 const BlockTimes& times) noexcept {
    if (block == Block::experts && range[Block::router] == range[block]) return times.expert_dispatch;
    return returns && range_before[Block::experts] == range[block] ? times.expert_combine : Seconds{};
  }

  /// What a token brings along where it changes groups.
  Bytes crossing(const PlacedModel& placed, Block from, const LayerRange& from_range, Block to,
                 const LayerRange& to_range) const noexcept {
    Bytes bytes = placed.per_token(from, to);
    if (to == Block::experts) bytes = bytes * copies_for_experts_[to_range[to]];
    if (from == Block::experts) bytes = bytes * copies_for_experts_[from_range[from]];
    const Block core = PlacedModel::is_core(to) ? to : from;
    if (PlacedModel::is_core(core) &&
        from_range[PlacedModel::input_of(core)] != from_range[PlacedModel::output_of(core)]) {
      bytes += placed.beside(core);
    }
    // the residual stream moves with its norms, and what is yet to be added where the norm there does that
    const bool moves = to == Block::residual && from_range[Block::residual] != to_range[Block::residual];
    if (moves && detail::fuses_residual_adds(placed.model()))
      bytes += placed.per_token(Block::embedding, Block::residual);
    return bytes;
  }

  void hop(const Cluster& cluster, const StagePlan& plan, std::size_t group, Bytes bytes) noexcept {
    const AcceleratorGroup& sender = plan.groups[static_cast<std::size_t>(last().pool)];
    const AcceleratorGroup& receiver = plan.groups[group];
    const HopTime time =
        hop_time(cluster.link(static_cast<std::size_t>(sender.pool), static_cast<std::size_t>(receiver.pool)),
                 bytes, sender.accelerators(), receiver.accelerators());
    last().busy += time.sender;
    last().transfer = time.transfer;
    last().latency = time.latency;
    visits_[count_++] = {std::int32_t(group), time.receiver, {}, {}};
  }

  std::array<PipelineVisit, 8 * std::size_t{layer_capacity} + 4> visits_{};
  std::size_t count_ = 0;
  std::array<double, most_groups> copies_for_experts_{};  ///< Of each group.
};

/// A plan's step with all its micro-batches.
struct PlanEstimate {
  Seconds period{};      ///< From one token of a sequence to its next.
  Seconds round_trip{};  ///< The same if no micro-batch ever waited for another.
  PipelineBound bound{};
  std::int32_t micro_batches = 1;
  std::array<Seconds, most_groups> busy{};  ///< Of each group, for one micro-batch.
  bool settled = true;                      ///< See PipelineSteadyState.

  /// The share of time in which a group works.
  constexpr double utilisation(std::size_t group) const noexcept {
    return busy[group] * double(micro_batches) / period;
  }
};

/// The steady state of a plan's visits. Does not throw, allocate or lock.
inline PlanEstimate plan_estimate(const StagePlan& plan, const PlanVisits& visits) noexcept {
  const Pipeline pipeline{visits.visits(), plan.micro_batches};
  const PipelineSteadyState state = steady_state(pipeline);
  const PipelineLoad load(pipeline);
  PlanEstimate estimate{.period = state.period,
                        .round_trip = load.round_trip(),
                        .bound = state.bound,
                        .micro_batches = plan.micro_batches,
                        .settled = state.settled};
  for (std::int32_t group = 0; group < plan.group_count; ++group) {
    estimate.busy[static_cast<std::size_t>(group)] = load.busy(group);
  }
  return estimate;
}

/// Each group's times for its share of a micro-batch, the host's part with the group that has the head.
inline std::array<BlockTimes, most_groups> plan_times(const PlacedModel& placed, const Cluster& cluster,
                                                      const StagePlan& plan, const MicroBatch& micro_batch,
                                                      EstimateEnd end = EstimateEnd::expected) noexcept {
  std::array<BlockTimes, most_groups> times{};
  for (std::size_t i = 0; i < static_cast<std::size_t>(plan.group_count); ++i) {
    const AcceleratorGroup& group = plan.groups[i];
    const StepBatch share = micro_batch.share(placed.model(), group.parallelism.token_groups());
    const Platform& platform = cluster.pool(static_cast<std::size_t>(group.pool)).platform;
    times[i] = block_times(shard_of(placed.model(), group.parallelism), share, placed.precision(), platform, end);
    times[i][Block::head] += platform.system.host_time(share.sequences());
  }
  return times;
}

/// Everything from scratch, for a valid plan and as many alike micro-batches as it says. Does not throw, allocate
/// or lock.
inline PlanEstimate plan_estimate(const PlacedModel& placed, const Cluster& cluster, const StagePlan& plan,
                                  const MicroBatch& micro_batch, EstimateEnd end = EstimateEnd::expected) noexcept {
  const auto times = plan_times(placed, cluster, plan, micro_batch, end);
  PlanVisits visits;
  visits.build(placed, cluster, plan, times, micro_batch);
  return plan_estimate(plan, visits);
}

/// What one accelerator of a group holds while all micro-batches are served; `context_tokens` are kept of each
/// sequence, of one of them `longest_tokens` if that is more. Activations are those of one micro-batch. Does not
/// throw, allocate or lock.
inline MemoryUse group_memory(const PlacedModel& placed, const StagePlan& plan, std::size_t group_index,
                              const MicroBatch& micro_batch, std::int32_t context_tokens,
                              const MemoryPolicy& policy = {}, std::int32_t longest_tokens = 0) noexcept {
  const AcceleratorGroup& group = plan.groups[group_index];
  const ModelShard shard = shard_of(placed.model(), group.parallelism);
  const BlockBytes weights = block_weight_bytes(shard, placed.precision());
  const BlockBytes caches = block_cache_bytes(shard, placed.precision(), context_tokens, policy.block_tokens);
  const bool one_is_longer = longest_tokens > context_tokens;
  const BlockBytes longest =
      one_is_longer ? block_cache_bytes(shard, placed.precision(), longest_tokens, policy.block_tokens) : caches;
  const StepBatch share = micro_batch.share(placed.model(), group.parallelism.token_groups());
  const double sequences = double(share.sequences()) * plan.micro_batches;
  MemoryUse use{.reserve = policy.runtime_reserve};
  bool embeds = false;
  bool norms = false;
  detail::visit_placed_blocks(placed.model(), plan,
                              [&](Block block, const LayerRange& range, bool returns) noexcept {
                                if (returns || range[block] != group_index) return;
                                if (block == Block::residual) {  // has the norms of all layers
                                  if (!norms) use.weights += weights[block];
                                  norms = true;
                                  return;
                                }
                                use.weights += weights[block];
                                embeds = embeds || block == Block::embedding;
                                if (block == Block::head && embeds)
                                  use.weights = use.weights - tied_table_bytes(shard, placed.precision());
                                (block == Block::recurrence ? use.recurrent_state : use.kv_cache) +=
                                    caches[block] * sequences + (longest[block] - caches[block]);
                              });
  use.activations = activation_bytes(shard, placed.precision(), static_cast<std::int32_t>(share.tokens()),
                                     static_cast<std::int32_t>(share.sampled_tokens()));
  return use;
}

}  // namespace opcost
