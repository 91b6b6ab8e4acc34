// SPDX-License-Identifier: Apache-2.0
//
// A model's forward pass over a ragged batch, each operation to a visitor as the type it is.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/model/block.hpp"
#include "opcost/model/forward_pass.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/parallelism.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/collective.hpp"
#include "opcost/operation/ragged.hpp"

namespace opcost {

namespace detail {

/// No more tokens, nor keys to expand, than a valid batch has.
constexpr std::optional<Violation> size_violation(const ModelConfig& model, const StepBatch& batch) noexcept {
  return first_of(require_int32("tokens x heads", static_cast<double>(batch.tokens()) * most_heads(model)),
                  model.layers(TokenMixer::latent_attention) == 0
                      ? std::nullopt
                      : require_int32("keys of prefilling sequences",
                                      static_cast<double>(batch.prefilling().causal.counts().visible_keys)));
}

/// Nor more tokens than a stage of ranks has.
constexpr std::optional<Violation> size_violation(const Parallelism& parallelism, const StepBatch& batch) noexcept {
  return require_int32("tokens x ranks that have their own",
                       static_cast<double>(batch.tokens()) * parallelism.token_groups());
}

}  // namespace detail

/// A valid model and a batch whose sums are made for it, with chunks of a recurrence that they can count, and no more
/// tokens than head vectors can be counted in 31 bits (16 million tokens for 128 query heads); keys to expand for latent
/// attention likewise. An empty batch is valid: it costs nothing.
constexpr std::optional<Violation> violation(const ModelConfig& model, const StepBatch& batch) noexcept {
  if (const auto found = model.violation()) return found;
  if (!batch.made_for(model)) {
    return Violation{"batch", static_cast<double>(batch.sequences()), "a batch made for this model"};
  }
  const bool recurrent = model.layers(TokenMixer::delta_rule) + model.layers(TokenMixer::state_space) > 0;
  if (recurrent && model.recurrence.chunk_tokens > most_chunk_tokens) {
    return Violation{"chunk_tokens", double(model.recurrence.chunk_tokens), "at most 4096 in a ragged batch"};
  }
  return detail::size_violation(model, batch);
}

/// A valid pair whose sums are made for this model's shards, with so few tokens that a stage's can be counted in 31 bits.
constexpr std::optional<Violation> violation(const ModelConfig& model, const Parallelism& parallelism,
                                             const StepBatch& batch) noexcept {
  return detail::first_of(violation(model, parallelism), violation(model, batch),
                          detail::size_violation(parallelism, batch));
}

namespace detail {

/// What depends on the sequences one by one, or on how many tokens there are altogether.
enum class StepPart : std::uint8_t { all, mixing, together };

/// The share of one of `ranks` context-parallel ranks, the mean of sums over sequences rounded up: of a prefill its part
/// of the queries against all keys, of a decode all queries against its part of the keys; the same share of pairs in both.
template <class Mask>
constexpr AttentionBatch<Mask> context_share(const AttentionBatch<Mask>& batch, std::int32_t ranks,
                                             bool decoding) noexcept {
  AttentionCounts counts = batch.counts();
  counts.pairs = largest_share(counts.pairs, ranks);
  std::int64_t& divided = decoding ? counts.visible_keys : counts.query_tokens;
  divided = largest_share(divided, ranks);
  return AttentionBatch<Mask>(batch.mask(), counts);
}

constexpr StepPopulation context_share(const StepPopulation& population, std::int32_t ranks,
                                       bool decoding) noexcept {
  return {context_share(population.causal, ranks, decoding), context_share(population.local, ranks, decoding),
          context_share(population.chosen, ranks, decoding), population.recurrent};
}

/// A pass over a ragged batch, or a part of it, each operation to a visitor as the type it is.
template <StepPart Part, class Visit>
class RaggedPass {
 public:
  constexpr RaggedPass(const StepBatch& batch, std::int32_t context_ranks, Visit& visit) noexcept
      : batch_(batch), context_ranks_(context_ranks), visit_(visit) {}

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

  constexpr void enter(Block block) const noexcept {
    if constexpr (requires { visit_.enter(block); }) visit_.enter(block);
  }
  template <class T>
  constexpr void add(std::string_view name, std::int32_t count, const T& operation) const noexcept {
    if constexpr (Part != StepPart::mixing) {
      if (count > 0) visit_(name, count, operation);
    }
  }
  constexpr void communicate(std::string_view name, std::int32_t count,
                             const Collective& collective) const noexcept {
    add(name, count, collective);
  }
  /// Once for each population that has sequences.
  template <class T>
  constexpr void mix(const PhaseNames& names, std::int32_t count, const T& operation) const noexcept {
    if constexpr (Part != StepPart::together) {
      if (count == 0) return;
      if (context_ranks_ == 1) {
        mix(names.decode, count, operation, {true, true}, batch_.decoding());
        mix(names.prefill, count, operation, {false, false}, batch_.prefilling());
      } else {
        mix(names.decode, count, operation, {true, true}, context_share(batch_.decoding(), context_ranks_, true));
        mix(names.prefill, count, operation, {false, false},
            context_share(batch_.prefilling(), context_ranks_, false));
      }
    }
  }
  /// Of a decode, queries to every rank and each rank's outputs back to whose they are; of a prefill, keys and values
  /// to every rank.
  template <class Mask>
  constexpr void exchange_context(std::int32_t count, Mask mask, const ContextExchange& exchange,
                                  std::int32_t stride) const noexcept {
    if constexpr (Part != StepPart::together) {
      if (count == 0 || context_ranks_ == 1) return;
      const auto visit = [&](std::string_view name, CollectiveKind pattern, Bytes bytes) {
        if (!(bytes.value > 0.0)) return;
        visit_(name, count, Collective{pattern, context_ranks_, bytes, DataType::bf16, stride});
      };
      const auto queries = static_cast<double>(batch_of(batch_.decoding(), mask).counts().query_tokens);
      const auto keys = static_cast<double>(batch_of(batch_.prefilling(), mask).counts().visible_keys);
      visit("decode_query_all_gather", CollectiveKind::all_gather, queries * exchange.query);
      visit("decode_output_all_to_all", CollectiveKind::all_to_all, queries * exchange.output);
      visit("prefill_key_value_all_gather", CollectiveKind::all_gather, keys * exchange.key);
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
  std::int32_t context_ranks_;
  Visit& visit_;
};

template <StepPart Part, ModelOrShard Model, class Visit>
constexpr void visit_part(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                          Visit& visit) noexcept {
  if (batch.sequences() <= 0) return;
  const RankPlace& place = place_of(model);
  const RaggedPass<Part, Visit> pass(batch, place.parallelism.context, visit);
  PassBuilder(config_of(model), place, precision, pass).build();
}

}  // namespace detail

/// Calls `visit(name, count, operation)` for each operation of a step over a valid ragged batch, with the operation as
/// the type it is: names, order and counts as in `model_operations`. What mixes tokens within a sequence is visited
/// once for each population of the batch that has sequences, a RaggedAttention or Ragged named "decode_…" or
/// "prefill_…"; everything else once with the tokens of all. An empty batch has no operations. Where `visit` has a
/// member `enter(Block)`, it is told which block the operations that follow belong to. `visit` must not throw. Does not
/// throw, allocate or lock.
///
/// Of a shard, the operations of one rank with what it communicates: each Collective after what it waits for, or before
/// what waits for it. The batch is that of the ranks that share tokens; other data-parallel ranks have alike ones. Where
/// ranks divide unevenly, it is the busiest one; of the sums over context-parallel sequences the mean, rounded up, and
/// the keys of all new tokens of a decode count as written by each rank.
template <ModelOrShard Model, class Visit>
constexpr void visit_operations(const Model& model, const StepBatch& batch, const ModelPrecision& precision,
                                Visit&& visit) noexcept {
  detail::visit_part<detail::StepPart::all>(model, batch, precision, visit);
}

}  // namespace opcost
