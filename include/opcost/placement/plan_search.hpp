// SPDX-License-Identifier: Apache-2.0
//
// The best plans for a model, a workload and a cluster: which blocks run on which pool, in groups of how many
// accelerators, with how many sequences in how many micro-batches.
//
// Exact over this space of instances: one to `most_groups` groups; tensor-parallel degrees that are powers of two
// within a node; 1, 2 or 3 times a power of two token groups (for models without experts with no common divisor,
// because copies do as well but for rounding); experts over all ranks of a group, or, where it has one token group,
// cut by tensor as well; micro-batches of 1 to 16 sequences and eight sizes an octave from there, no fewer than
// token groups; every assignment of blocks that a level allows, the embedding with the residual stream. And over
// all fleets of copies of them. What is found is then refined by the sizes in between, so that few sequences fill
// the memory to the last. Branch and bound: whatever cannot beat copies of instances found before on as many
// accelerators is left out. Deterministic; one thread; memory as large as the cluster's choices and the times of
// every group for every size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "opcost/model/memory.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/placement/block_flow.hpp"
#include "opcost/placement/block_memory.hpp"
#include "opcost/placement/block_times.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/fleet.hpp"
#include "opcost/placement/instance.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/stage_plan.hpp"
#include "opcost/placement/workload.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How freely blocks are placed. Each level has all plans of those before it.
enum class PlanLevel : std::uint8_t {
  colocated,               ///< Every instance is one group that prefills and decodes.
  prefill_decode,          ///< Prompts may be served by other groups than outputs.
  attention_feed_forward,  ///< Feed-forward blocks and experts may have a group of their own.
  free                     ///< Every block may be on any group.
};

inline constexpr std::size_t plan_level_count = 4;

namespace detail {
inline constexpr std::array<std::string_view, plan_level_count> plan_level_names{"colocated", "pd", "afd", "free"};
}  // namespace detail

/// "colocated", "pd", "afd" or "free".
constexpr std::string_view name(PlanLevel level) noexcept {
  return detail::plan_level_names[static_cast<std::size_t>(level)];
}

/// The level of that name, or nothing.
constexpr std::optional<PlanLevel> plan_level_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < plan_level_count; ++i) {
    if (detail::plan_level_names[i] == text) return static_cast<PlanLevel>(i);
  }
  return std::nullopt;
}

struct SearchOptions {
  Objective objective = Objective::throughput;
  PlanLevel highest = PlanLevel::free;
  std::int32_t most_groups = 2;  ///< Of an instance; 1 to 3.
  std::int32_t most_tensor = 8;
  std::int32_t most_micro_batches = 8;
  std::int32_t most_sequences = 4096;  ///< Of a micro-batch.
  MemoryPolicy memory{};               ///< Its step_tokens are the longest chunk of a prompt.
  bool prune = true;                   ///< Off, every plan is estimated: for tests.
  bool refine = true;                  ///< Off, micro-batches have the grid's sizes only.
  bool any = false;                    ///< Ends with the first instances found: whether there are plans at all.
  /// Told the share of the search that is done, from time to time.
  std::function<void(double)> progress{};
};

/// How much a search looked at.
struct SearchCounts {
  std::uint64_t choices = 0;    ///< Groups with a micro-batch.
  std::uint64_t bounded = 0;    ///< Of them with an assignment of all blocks.
  std::uint64_t estimated = 0;  ///< Of them with so many micro-batches, in steady state.
};

/// The best fleet of each level up to the highest; empty where nothing keeps the targets.
struct BestPlans {
  std::array<Fleet, plan_level_count> fleets{};
  SearchCounts counts{};

  const Fleet& operator[](PlanLevel level) const noexcept { return fleets[static_cast<std::size_t>(level)]; }
};

namespace detail {

inline constexpr std::size_t most_fleet_choices = 20000;

/// 1, 2 or 3 times a power of two.
constexpr bool is_degree(std::int32_t number) noexcept {
  while (number % 2 == 0) number /= 2;
  return number == 1 || number == 3;
}

/// 1 to 16, then eight an octave.
constexpr bool is_micro_batch_size(std::int32_t number) noexcept {
  while (number > 16) {
    if (number % 2 != 0) return false;
    number /= 2;
  }
  return true;
}

/// A group that could be part of a plan, with all that its blocks cost there.
struct GroupOption {
  AcceleratorGroup group{};
  ModelShard shard{};
  BlockBytes weights{};
  BlockBytes caches{};   ///< Of one sequence on average …
  BlockBytes longest{};  ///< … and of the longest one.
  Bytes tied_table{};    ///< That embedding and head share.
  Bytes available{};     ///< For weights, caches and activations.
  double copies_for_experts = 1.0;
  bool may_have_experts = true;
};

/// A group's share of a micro-batch.
struct TimedShare {
  bool ready = false;
  BlockTimes times{};
  double sequences = 0.0;
  Bytes activations{};
};

class PlanSearch {
 public:
  PlanSearch(const PlacedModel& placed, const Workload& workload, const Targets& targets, const Cluster& cluster,
             const SearchOptions& options)
      : placed_(placed),
        workload_(workload),
        targets_(targets),
        cluster_(cluster),
        options_(options),
        space_(cluster, most_fleet_choices),
        tables_{FleetTable(space_), FleetTable(space_), FleetTable(space_)},
        visits_(std::make_unique<PlanVisits>()),
        whole_weights_(weight_bytes(placed.model(), placed.precision())) {
    for (std::size_t i = 0; i < placed_block_count; ++i) {
      const auto block = static_cast<Block>(i);
      const bool placed_freely = block != Block::residual && block != Block::embedding;
      if (placed_freely && placed.layers()[block] > 0) blocks_.push_back(block);
    }
  }

  BestPlans run() {
    BestPlans best;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(options_.highest); ++i) {
      level_ = static_cast<PlanLevel>(i);
      for (const Phase phase : phases()) search(phase);
      best.fleets[i] = best_fleet();
      if (options_.any && !best.fleets[i].empty()) {
        std::fill(best.fleets.begin() + static_cast<std::ptrdiff_t>(i), best.fleets.end(), best.fleets[i]);
        break;
      }
    }
    best.counts = counts_;
    return best;
  }

 private:
  static constexpr std::size_t most_search_groups = 3;
  using Assignment = std::array<std::uint8_t, placed_block_count>;

  /// Sums over the blocks that an assignment has put so far.
  struct Partial {
    std::array<Seconds, most_search_groups> busy{};
    std::array<Bytes, most_search_groups> held{};    ///< Weights and activations.
    std::array<Bytes, most_search_groups> cached{};  ///< Of one micro-batch.
    Seconds all{};                                   ///< Of all groups.
    Assignment on{};
  };

  /// Groups with a micro-batch.
  struct Choice {
    std::array<const GroupOption*, most_search_groups> groups{};
    std::array<const TimedShare*, most_search_groups> shares{};
    std::size_t count = 1;
    AcceleratorCounts accelerators{};
    const PhaseStep* step = nullptr;
    std::int32_t steps_to_first = 0;
    Seconds period_limit{};
    std::array<double, most_search_groups> weights{};  ///< Of the bound; they sum to 1.
    std::array<Seconds, placed_block_count + 1>
        weighted_rest{};                                 ///< Of blocks_ from an index on, each where it is least.
    std::array<Seconds, placed_block_count + 1> rest{};  ///< The same without weights.
  };

  FleetTable& table(Phase phase) noexcept { return tables_[static_cast<std::size_t>(phase)]; }
  const FleetTable& table(Phase phase) const noexcept { return tables_[static_cast<std::size_t>(phase)]; }

  /// The phases whose instances this level adds.
  std::vector<Phase> phases() const {
    if (!workload_.decodes())
      return level_ == PlanLevel::prefill_decode ? std::vector<Phase>{} : std::vector{Phase::prefill};
    if (!workload_.prefills())
      return level_ == PlanLevel::prefill_decode ? std::vector<Phase>{} : std::vector{Phase::decode};
    switch (level_) {
      case PlanLevel::colocated: return {Phase::mixed};
      case PlanLevel::prefill_decode: return {Phase::decode, Phase::prefill};
      case PlanLevel::attention_feed_forward:
      case PlanLevel::free: break;
    }
    return {Phase::mixed, Phase::decode, Phase::prefill};
  }

  /// Where any plan will do: an instance that serves whole requests is one; without an instance that decodes there
  /// is none to prefill for.
  bool is_enough() const noexcept {
    if (!options_.any) return false;
    if (!workload_.hands_over() || phase_ == Phase::mixed) return !table(phase_).instances().empty();
    return phase_ == Phase::prefill && table(Phase::decode).instances().empty();
  }

  // what there is to choose from

  /// Head vectors and keys to expand are counted in 31 bits, however ranks share them.
  bool is_countable(const MicroBatch& micro_batch) const noexcept {
    const double keys = double(micro_batch.prompts) * micro_batch.prompt.context_tokens;
    return !first_of(require_int32("tokens x heads", micro_batch.tokens() * most_heads(placed_.model())),
                     require_int32("keys of prompts", keys));
  }

  /// A step of the phase with so many sequences or prompts; nothing where it is too large.
  std::optional<PhaseStep> step_of(Phase phase, std::int32_t number) const noexcept {
    if (number > options_.most_sequences) return std::nullopt;
    if (phase == Phase::decode) return decode_step(workload_, number);
    const bool mixed = phase == Phase::mixed;
    const PhaseStep step =
        mixed ? mixed_step(workload_, number) : prefill_step(workload_, number, options_.memory.step_tokens);
    const bool fits =
        step.micro_batch.tokens() <= options_.memory.step_tokens && (!mixed || is_countable(step.micro_batch));
    return number == 1 || fits ? std::optional(step) : std::nullopt;
  }

  std::vector<PhaseStep> steps(Phase phase) const {
    std::vector<PhaseStep> steps;
    for (std::int32_t number = 1;; ++number) {
      if (!is_micro_batch_size(number)) continue;
      const auto step = step_of(phase, number);
      if (!step) return steps;
      steps.push_back(*step);
    }
  }

  std::vector<GroupOption> group_options(const PhaseStep& step) const {
    std::vector<GroupOption> found;
    const bool experts = placed_.layers()[Block::experts] > 0;
    for (std::size_t pool = 0; pool < cluster_.pools().size(); ++pool) {
      const Pool& its = cluster_.pool(pool);
      const std::int32_t in_node = its.platform.fabric.ranks_per_node;
      for (std::int32_t tensor = 1; tensor <= options_.most_tensor && tensor <= in_node; tensor *= 2) {
        for (std::int32_t data = 1; tensor * data <= its.accelerators; ++data) {
          if (!is_degree(data)) continue;
          Parallelism ranks{.tensor = tensor, .data = data};
          add_option(found, pool, ranks, step);
          if (!experts || tensor * data == 1) continue;
          ranks.expert = tensor * data;
          add_option(found, pool, ranks, step);
        }
      }
    }
    return found;
  }

  void add_option(std::vector<GroupOption>& found, std::size_t pool, const Parallelism& ranks,
                  const PhaseStep& step) const {
    const ModelConfig& model = placed_.model();
    const bool may_have_experts = !violation(model, ranks);
    const bool spread = ranks.expert == ranks.ranks();  // one option of a kind for groups without routed experts
    if (!may_have_experts && (!spread || violation_without_experts(model, ranks))) return;
    const Pool& its = cluster_.pool(pool);
    GroupOption option;
    option.group = {static_cast<std::int32_t>(pool), ranks};
    option.shard = shard_of(model, ranks);
    option.weights = block_weight_bytes(option.shard, placed_.precision());
    option.tied_table = tied_table_bytes(option.shard, placed_.precision());
    const std::int32_t block_tokens = options_.memory.block_tokens;
    option.caches = block_cache_bytes(option.shard, placed_.precision(), step.context_tokens, block_tokens);
    option.longest = block_cache_bytes(option.shard, placed_.precision(), step.longest_tokens, block_tokens);
    option.available =
        available_memory(*its.platform.accelerator, options_.memory) - options_.memory.runtime_reserve;
    option.may_have_experts = may_have_experts;
    option.copies_for_experts = detail::copies_for_experts(model, ranks);
    found.push_back(option);
  }

  const TimedShare& share(std::size_t option, std::size_t step) {
    TimedShare& timed = timed_[option * steps_.size() + step];
    if (timed.ready) return timed;
    const GroupOption& group = group_options_[option];
    const StepBatch batch = steps_[step].micro_batch.share(placed_.model(), group.group.parallelism.token_groups());
    const Platform& platform = cluster_.pool(static_cast<std::size_t>(group.group.pool)).platform;
    timed.ready = true;
    timed.times = block_times(group.shard, batch, placed_.precision(), platform);
    timed.times[Block::head] += platform.system.host_time(batch.sequences());
    timed.sequences = static_cast<double>(batch.sequences());
    timed.activations =
        activation_bytes(group.shard, placed_.precision(), static_cast<std::int32_t>(batch.tokens()),
                         static_cast<std::int32_t>(batch.sampled_tokens()));
    return timed;
  }

  // the search

  void search(Phase phase) {
    phase_ = phase;
    steps_ = steps(phase);
    group_options_ = group_options(steps_.front());
    timed_.assign(group_options_.size() * steps_.size(), {});
    const bool one_group = level_ == PlanLevel::colocated || level_ == PlanLevel::prefill_decode;
    const std::size_t least = one_group ? 1 : 2;
    const auto allowed = static_cast<std::size_t>(options_.most_groups);
    const std::size_t most = one_group                   ? 1
                             : level_ == PlanLevel::free ? allowed
                                                         : std::min<std::size_t>(allowed, 2);
    const std::size_t found_before = table(phase).instances().size();
    for (std::size_t count = least; count <= most; ++count) {
      Choice choice;
      choice.count = count;
      std::array<std::size_t, most_search_groups> options{};
      choose_group(choice, options, 0);
    }
    if (options_.refine && !options_.any) refine(found_before);
  }

  /// Sizes between the grid's, up to its next one, of instances that could be the best then.
  void refine(std::size_t first) {
    const std::size_t found = table(phase_).instances().size();
    for (std::size_t i = first; i < found; ++i) {
      const Instance instance = table(phase_).instances()[i];  // a copy, since there will be more of them
      if (!table(phase_).improves(instance.accelerators, instance.requests_per_second * 1.125)) continue;
      std::int32_t number = instance.step.size();
      while (!is_micro_batch_size(++number)) {
        const auto step = step_of(phase_, number);
        if (!step || !fits(instance.plan, *step)) break;
        const auto times = plan_times(placed_, cluster_, instance.plan, step->micro_batch);
        visits_->build(placed_, cluster_, instance.plan, times, step->micro_batch);
        ++counts_.estimated;
        consider(instance.plan, *step);
      }
    }
  }

  bool fits(const StagePlan& plan, const PhaseStep& step) const noexcept {
    for (std::size_t i = 0; i < static_cast<std::size_t>(plan.group_count); ++i) {
      const MemoryUse use = group_memory(placed_, plan, i, step.micro_batch, step.context_tokens, options_.memory,
                                         step.longest_tokens);
      const Pool& pool = cluster_.pool(static_cast<std::size_t>(plan.groups[i].pool));
      if (!opcost::fits(use, *pool.platform.accelerator, options_.memory)) return false;
    }
    return true;
  }

  void choose_group(Choice& choice, std::array<std::size_t, most_search_groups>& options, std::size_t index) {
    if (is_enough()) return;
    if (index == choice.count) {
      choose_size(choice, options);
      return;
    }
    // the first group has the residual stream; the others are alike
    const std::size_t first = index > 1 ? options[index - 1] : 0;
    for (std::size_t option = first; option < group_options_.size(); ++option) {
      if (index == 0 && options_.progress) {
        options_.progress(double(option) / double(group_options_.size()));
      }
      const AcceleratorGroup& group = group_options_[option].group;
      const auto pool = static_cast<std::size_t>(group.pool);
      if (choice.accelerators[pool] + group.accelerators() > cluster_.pool(pool).accelerators) continue;
      options[index] = option;
      choice.groups[index] = &group_options_[option];
      choice.accelerators[pool] += group.accelerators();
      choose_group(choice, options, index + 1);
      choice.accelerators[pool] -= group.accelerators();
    }
  }

  /// Copies of a smaller instance do as well, or there is no room for the weights.
  bool is_pointless(const Choice& choice) const noexcept {
    std::int32_t common = 0;
    Bytes room{};
    for (std::size_t i = 0; i < choice.count; ++i) {
      common = std::gcd(common, choice.groups[i]->group.parallelism.data);
      room += choice.groups[i]->available * double(choice.groups[i]->group.accelerators());
    }
    if (placed_.layers()[Block::experts] == 0 && common > 1) return true;
    return room < whole_weights_;
  }

  void choose_size(Choice& choice, const std::array<std::size_t, most_search_groups>& options) {
    if (is_pointless(choice) || !space_.fits(space_.in_steps(choice.accelerators))) return;
    std::int32_t token_groups = 1;
    for (std::size_t i = 0; i < choice.count; ++i) {
      token_groups = std::max(token_groups, choice.groups[i]->group.parallelism.token_groups());
    }
    for (std::size_t size = 0; size < steps_.size(); ++size) {
      const PhaseStep& step = steps_[size];
      if (step.size() < token_groups) continue;
      choice.step = &step;
      choice.steps_to_first = step.steps_to_first(token_groups);
      bool room = true;
      for (std::size_t i = 0; i < choice.count; ++i) {
        choice.shares[i] = &share(options[i], size);
        room = room && choice.shares[i]->activations < choice.groups[i]->available;
      }
      if (!room) return;  // larger ones hold more
      ++counts_.choices;
      choice.period_limit = period_limit(choice);
      weigh(choice);
      if (options_.prune && !may_improve(choice, Partial{}, 0)) continue;
      assign(choice);
    }
  }

  /// What the targets leave for a step of all micro-batches.
  Seconds period_limit(const Choice& choice) const noexcept {
    Seconds limit{std::numeric_limits<double>::infinity()};
    if (phase_ != Phase::prefill) limit = targets_.time_per_output_token;
    if (phase_ == Phase::decode) return limit;
    const Seconds first = targets_.time_to_first_token * (1.0 / choice.steps_to_first);
    return first < limit ? first : limit;
  }

  /// Whether steps of at least `busy` for each micro-batch can be worth while.
  bool may_improve(const Choice& choice, Seconds busy) const noexcept {
    if (busy > choice.period_limit) return false;
    return table(phase_).improves(choice.accelerators, choice.step->requests / busy.value);
  }

  /// For any weights w that sum to 1, max_g busy_g ≥ Σ_g w_g busy_g ≥ Σ_b min_g w_g t_gb: the busiest group cannot
  /// be busy for less. Weights by the groups' speed for everything.
  void weigh(Choice& choice) const noexcept {
    double sum = 0.0;
    for (std::size_t i = 0; i < choice.count; ++i) {
      Seconds all{};
      for (const Block block : blocks_) all += choice.shares[i]->times[block] * double(placed_.layers()[block]);
      choice.weights[i] = 1.0 / all.value;
      sum += choice.weights[i];
    }
    for (std::size_t i = 0; i < choice.count; ++i) choice.weights[i] /= sum;
    choice.weighted_rest[blocks_.size()] = choice.rest[blocks_.size()] = {};
    for (std::size_t index = blocks_.size(); index-- > 0;) {
      const Block block = blocks_[index];
      Seconds weighted{std::numeric_limits<double>::infinity()};
      Seconds least = weighted;
      for (std::size_t i = 0; i < choice.count; ++i) {
        const Seconds there = choice.shares[i]->times[block] * double(placed_.layers()[block]);
        if (there * choice.weights[i] < weighted) weighted = there * choice.weights[i];
        if (there < least) least = there;
      }
      choice.weighted_rest[index] = choice.weighted_rest[index + 1] + weighted;
      choice.rest[index] = choice.rest[index + 1] + least;
    }
  }

  /// Whether a plan can be worth while, once the blocks from an index on have their groups, too.
  bool may_improve(const Choice& choice, const Partial& partial, std::size_t index) const noexcept {
    if ((partial.all + choice.rest[index]) * (1.0 - 1e-12) > choice.period_limit) return false;
    Seconds busiest = choice.weighted_rest[index];
    for (std::size_t i = 0; i < choice.count; ++i) busiest += partial.busy[i] * choice.weights[i];
    return may_improve(choice, busiest * (1.0 - 1e-12));
  }

  void assign(const Choice& choice) {
    Partial partial;
    for (std::size_t i = 0; i < choice.count; ++i) partial.held[i] = choice.shares[i]->activations;
    if (!put(choice, partial, Block::residual, 0) || !put(choice, partial, Block::embedding, 0)) return;
    if (level_ == PlanLevel::attention_feed_forward) {
      assign_feed_forward(choice, partial, 0);
      if (placed_.layers()[Block::router] > 0) assign_feed_forward(choice, partial, 1);
    } else {
      assign_freely(choice, partial, 0);
    }
  }

  void assign_feed_forward(const Choice& choice, Partial partial, std::size_t router) {
    for (const Block block : blocks_) {
      const bool apart = block == Block::feed_forward || block == Block::experts;
      if (!put(choice, partial, block, apart ? 1 : block == Block::router ? router : 0)) return;
    }
    finish(choice, partial);
  }

  void assign_freely(const Choice& choice, const Partial& partial, std::size_t index) {
    if (index == blocks_.size()) {
      finish(choice, partial);
      return;
    }
    if (options_.prune && !may_improve(choice, partial, index)) return;
    for (std::size_t group = 0; group < choice.count; ++group) {
      Partial more = partial;
      if (put(choice, more, blocks_[index], group)) assign_freely(choice, more, index + 1);
    }
  }

  /// Whether a plan with the block there can still be worth while.
  bool put(const Choice& choice, Partial& partial, Block block, std::size_t group) const noexcept {
    const double layers = placed_.layers()[block];
    partial.on[static_cast<std::size_t>(block)] = static_cast<std::uint8_t>(group);
    const Seconds busy = choice.shares[group]->times[block] * layers;
    partial.busy[group] += busy;
    partial.all += busy;
    partial.cached[group] += choice.groups[group]->caches[block] * (layers * choice.shares[group]->sequences);
    const GroupOption& option = *choice.groups[group];
    partial.held[group] += option.weights[block] * (block == Block::residual ? 1.0 : layers);
    partial.held[group] += (option.longest[block] - option.caches[block]) * layers;
    if (block == Block::head && partial.on[static_cast<std::size_t>(Block::embedding)] == group) {
      partial.held[group] = partial.held[group] - choice.groups[group]->tied_table;
    }
    if (partial.held[group] + partial.cached[group] > choice.groups[group]->available) return false;
    if (block == Block::experts && !choice.groups[group]->may_have_experts) return false;
    return !options_.prune || may_improve(choice, partial.busy[group]);
  }

  /// Everything has its group.
  void finish(const Choice& choice, const Partial& partial) {
    std::uint32_t used = 0;
    for (const Block block : blocks_) used |= 1U << partial.on[static_cast<std::size_t>(block)];
    if ((used | 1U) != (1U << static_cast<std::uint32_t>(choice.count)) - 1U) return;
    ++counts_.bounded;
    const std::int32_t most = most_micro_batches(choice, partial);
    if (most < 1) return;
    StagePlan plan = plan_of(choice, partial);
    std::array<BlockTimes, most_search_groups> times{};
    for (std::size_t i = 0; i < choice.count; ++i) times[i] = choice.shares[i]->times;
    bool built = false;
    const Loads loads = loads_of(choice, partial);
    for (std::int32_t number = 1; number <= most; ++number) {
      const double requests = choice.step->requests * number;
      const Seconds least =
          std::max(loads.round_trip, loads.largest * double(number), [](Seconds a, Seconds b) { return a < b; }) *
          (1.0 - 1e-12);
      if (least > choice.period_limit) break;
      if (options_.prune && !table(phase_).improves(choice.accelerators, requests / least.value)) continue;
      plan.micro_batches = number;
      if (!built) visits_->build(placed_, cluster_, plan, {times.data(), choice.count}, choice.step->micro_batch);
      built = true;
      ++counts_.estimated;
      consider(plan, *choice.step);
    }
  }

  void consider(const StagePlan& plan, const PhaseStep& step) {
    const auto instance =
        instance_of(placed_, workload_, cluster_, phase_, plan, step, plan_estimate(plan, *visits_));
    if (!instance || instance->time_to_first_token > targets_.time_to_first_token ||
        instance->time_per_output_token > targets_.time_per_output_token) {
      return;
    }
    if (table(phase_).improves(instance->accelerators, instance->requests_per_second)) table(phase_).add(*instance);
  }

  std::int32_t most_micro_batches(const Choice& choice, const Partial& partial) const noexcept {
    const bool exchanges = choice.shares[0]->times.expert_dispatch > Seconds{};
    double most = choice.count > 1 || exchanges ? options_.most_micro_batches : 1;
    for (std::size_t i = 0; i < choice.count; ++i) {
      const Bytes room = choice.groups[i]->available - partial.held[i];
      if (partial.cached[i] * most > room) most = mathematics::whole_part(room / partial.cached[i]);
    }
    return static_cast<std::int32_t>(most);
  }

  StagePlan plan_of(const Choice& choice, const Partial& partial) const noexcept {
    StagePlan plan;
    plan.group_count = static_cast<std::int32_t>(choice.count);
    for (std::size_t i = 0; i < choice.count; ++i) plan.groups[i] = choice.groups[i]->group;
    plan.ranges[0] = {placed_.model().layers(), partial.on};
    return plan;
  }

  /// PipelineLoad's sums without the visits.
  struct Loads {
    Seconds round_trip{};
    Seconds largest{};  ///< Of groups and links.
  };
  Loads loads_of(const Choice& choice, const Partial& partial) const noexcept {
    std::array<Seconds, most_search_groups> busy = partial.busy;
    std::array<std::array<Seconds, most_search_groups>, most_search_groups> links{};
    Loads loads;
    const auto on = [&](Block block) noexcept { return std::size_t{partial.on[static_cast<std::size_t>(block)]}; };
    if (placed_.layers()[Block::experts] > 0 && on(Block::router) == on(Block::experts)) {
      const std::size_t group = on(Block::experts);
      const BlockTimes& times = choice.shares[group]->times;
      const Seconds exchange =
          (times.expert_dispatch + times.expert_combine) * double(placed_.layers()[Block::experts]);
      links[group][group] += exchange;
      loads.round_trip += exchange;
    }
    for (const BlockFlow& flow : placed_.hops()) {
      const std::size_t from = on(flow.from);
      const std::size_t to = on(flow.to);
      if (from == to) continue;
      Bytes bytes = placed_.per_token(flow.from, flow.to);
      if (flow.to == Block::experts) bytes = bytes * choice.groups[to]->copies_for_experts;
      if (flow.from == Block::experts) bytes = bytes * choice.groups[from]->copies_for_experts;
      const Block core = PlacedModel::is_core(flow.to) ? flow.to : flow.from;
      if (PlacedModel::is_core(core) && on(PlacedModel::input_of(core)) != on(PlacedModel::output_of(core))) {
        bytes += placed_.beside(core);
      }
      const AcceleratorGroup& sender = choice.groups[from]->group;
      const AcceleratorGroup& receiver = choice.groups[to]->group;
      const HopTime hop =
          hop_time(cluster_.link(static_cast<std::size_t>(sender.pool), static_cast<std::size_t>(receiver.pool)),
                   bytes * choice.step->micro_batch.tokens_between(flow.from, flow.to), sender.accelerators(),
                   receiver.accelerators());
      const double layers = flow.layers;
      busy[from] += hop.sender * layers;
      busy[to] += hop.receiver * layers;
      if (flow.to != Block::embedding && needs_all(flow.to, receiver.parallelism)) {
        busy[to] += choice.shares[to]->times.gather * layers;
      }
      links[from][to] += hop.transfer * layers;
      loads.round_trip += (hop.transfer + hop.latency) * layers;
    }
    for (std::size_t from = 0; from < choice.count; ++from) {
      loads.round_trip += busy[from];
      if (busy[from] > loads.largest) loads.largest = busy[from];
      for (std::size_t to = 0; to < choice.count; ++to) {
        if (links[from][to] > loads.largest) loads.largest = links[from][to];
      }
    }
    return loads;
  }
  // fleets

  Fleet best_fleet() const {
    SplitTable split;
    if (workload_.hands_over() && level_ != PlanLevel::colocated) {
      split = SplitTable::of(space_, table(Phase::prefill), table(Phase::decode));
    }
    std::vector<double> rates(space_.size(), 0.0);
    std::vector<std::size_t> mixed(space_.size(), 0);
    const FleetTable& alone = table(workload_.hands_over() ? Phase::mixed
                                    : workload_.decodes()  ? Phase::decode
                                                           : Phase::prefill);
    for (std::size_t index = 0; index < space_.size(); ++index) {
      rates[index] = alone.rate(index);
      mixed[index] = index;
      if (split.rates.empty()) continue;
      space_.visit_between({}, space_.counts(index), [&](std::size_t part) {
        const double rate = alone.rate(part) + split.rates[index - part];
        if (rate > rates[index] * (1.0 + 1e-12)) {
          rates[index] = rate;
          mixed[index] = part;
        }
      });
    }
    const std::size_t all = space_.size() - 1;
    std::size_t chosen = all;
    if (options_.objective != Objective::throughput) {
      double best = 0.0;
      for (std::size_t index = 1; index < space_.size(); ++index) {
        const double value = value_of_choice(index, rates[index]);
        const bool more = rates[index] > rates[chosen];  // the larger of fleets that are as good
        if (value > best * (1.0 + 1e-9) || (value > best * (1.0 - 1e-9) && more)) {
          best = value;
          chosen = index;
        }
      }
    }
    std::vector<FleetPart> parts;
    alone.collect(mixed[chosen], parts);
    if (!split.rates.empty()) {
      const std::size_t rest = chosen - mixed[chosen];
      table(Phase::prefill).collect(split.prefill[rest], parts);
      table(Phase::decode).collect(rest - split.prefill[rest], parts);
    }
    return fleet_of(std::move(parts), workload_, cluster_, options_.objective);
  }

  /// By the objective, if all accelerators of a choice are used.
  double value_of_choice(std::size_t index, double requests) const noexcept {
    const AcceleratorCounts steps = space_.counts(index);
    double dollars = 0.0;
    double watts = 0.0;
    for (std::size_t i = 0; i < space_.pools(); ++i) {
      const Pool& pool = cluster_.pool(i);
      dollars += pool.dollars_per_hour * steps[i] * space_.unit(i);
      watts += pool.platform.accelerator->power_watts * steps[i] * space_.unit(i);
    }
    return value_of(options_.objective, requests, dollars, watts);
  }

  const PlacedModel& placed_;
  const Workload& workload_;
  const Targets& targets_;
  const Cluster& cluster_;
  const SearchOptions& options_;
  AcceleratorSpace space_;
  std::array<FleetTable, 3> tables_;
  std::unique_ptr<PlanVisits> visits_;
  Bytes whole_weights_;
  std::vector<Block> blocks_{};
  PlanLevel level_ = PlanLevel::colocated;
  Phase phase_ = Phase::decode;
  std::vector<PhaseStep> steps_{};
  std::vector<GroupOption> group_options_{};
  std::vector<TimedShare> timed_{};
  SearchCounts counts_{};
};

}  // namespace detail

/// Valid parts, prices or rated powers where the objective asks for them, 1 to 3 groups, and positive bounds.
inline std::optional<Violation> violation(const ModelConfig& model, const Workload& workload,
                                          const Targets& targets, const Cluster& cluster,
                                          const SearchOptions& options) noexcept {
  if (const auto found = detail::first_of(model.violation(), workload.violation(), targets.violation(),
                                          cluster.violation(), options.memory.violation())) {
    return found;
  }
  for (const Pool& pool : cluster.pools()) {
    if (options.objective == Objective::throughput_per_dollar && !(pool.dollars_per_hour > 0.0)) {
      return Violation{"dollars_per_hour", pool.dollars_per_hour, "a positive price of every pool"};
    }
    if (options.objective == Objective::throughput_per_joule && !(pool.platform.accelerator->power_watts > 0.0)) {
      return Violation{"power_watts", pool.platform.accelerator->power_watts, "a rated power of every accelerator"};
    }
  }
  if (options.most_groups < 1 || options.most_groups > 3) {
    return Violation{"most_groups", double(options.most_groups), "a number from 1 to 3"};
  }
  if (options.most_micro_batches < 1 || options.most_micro_batches > most_micro_batches) {
    return Violation{"most_micro_batches", double(options.most_micro_batches), "a number from 1 to 64"};
  }
  return detail::first_of(detail::require_positive("most_tensor", options.most_tensor),
                          detail::require_positive("most_sequences", options.most_sequences));
}

/// The best fleets under the targets. The parts must be valid together.
inline BestPlans best_plans(const PlacedModel& placed, const Workload& workload, const Targets& targets,
                            const Cluster& cluster, const SearchOptions& options = {}) {
  return detail::PlanSearch(placed, workload, targets, cluster, options).run();
}

}  // namespace opcost
