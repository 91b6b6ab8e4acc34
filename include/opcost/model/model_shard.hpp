// SPDX-License-Identifier: Apache-2.0
//
// What one rank of a parallelism has of a model: the model with its sizes divided.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

#include "opcost/mathematics.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/parallelism.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What a rank's share of a pass depends on besides its model.
struct RankPlace {
  Parallelism parallelism{};
  bool first_stage = true;  ///< It has the embedding …
  bool last_stage = true;   ///< … and the final norm and the LM head.
  std::int32_t stage_transfers =
      0;  ///< Hidden states that the pass sends from stage to stage, one after the other.

  friend constexpr bool operator==(const RankPlace&, const RankPlace&) noexcept = default;
};

/// One rank's share of a model. Its `model` has the rank's heads, features and rows of the vocabulary, so that the
/// formulas for whole models count the rank's; only `experts.experts` stays the number of all, because tokens choose
/// among them. The rank holds `local_experts`.
struct ModelShard {
  ModelConfig model{};
  RankPlace place{};

  constexpr double local_experts() const noexcept {
    return double(model.experts.experts) / place.parallelism.expert;
  }

  friend constexpr bool operator==(const ModelShard&, const ModelShard&) noexcept = default;
};

/// A whole model, which is one rank's, or a rank's share of one.
template <class T>
concept ModelOrShard = std::same_as<T, ModelConfig> || std::same_as<T, ModelShard>;

namespace detail {

constexpr const ModelConfig& config_of(const ModelConfig& model) noexcept { return model; }
constexpr const ModelConfig& config_of(const ModelShard& shard) noexcept { return shard.model; }
constexpr RankPlace place_of(const ModelConfig& /*model*/) noexcept { return {}; }
constexpr const RankPlace& place_of(const ModelShard& shard) noexcept { return shard.place; }

constexpr bool divides(std::int32_t divisor, std::int32_t number) noexcept { return number % divisor == 0; }

/// KV heads that ranks share or, where there are fewer than ranks, repeat.
constexpr bool shared_or_repeated(std::int32_t ranks, std::int32_t heads) noexcept {
  return divides(ranks, heads) || divides(heads, ranks);
}

constexpr std::int32_t share_or_one(std::int32_t heads, std::int32_t ranks) noexcept {
  return heads > ranks ? heads / ranks : heads > 0 ? 1 : 0;
}

/// ⌈all / ranks⌉: the busiest rank's.
template <std::integral T>
constexpr T largest_share(T all, std::int32_t ranks) noexcept {
  return ranks == 1 ? all : all / ranks + (all % ranks != 0 ? 1 : 0);
}

}  // namespace detail

namespace detail {

/// What ranks without routed experts must satisfy: the rules of `violation` but for those about them.
constexpr std::optional<Violation> violation_without_experts(const ModelConfig& model,
                                                             const Parallelism& parallelism) noexcept {
  if (const auto found = first_of(model.violation(), parallelism.violation())) return found;
  const std::int32_t tensor = parallelism.tensor;
  const bool attends = model.layers(TokenMixer::attention) + model.layers(TokenMixer::local_attention) > 0;
  const bool recurrent = model.layers(TokenMixer::delta_rule) + model.layers(TokenMixer::state_space) > 0;
  const auto tensor_must = [&](std::string_view expected) { return Violation{"tensor", double(tensor), expected}; };
  if (attends && !divides(tensor, model.heads.query_heads)) {
    return tensor_must("a divisor of the model's query heads");
  }
  if (attends && !shared_or_repeated(tensor, model.heads.kv_heads)) {
    return tensor_must("a divisor or a multiple of the model's KV heads");
  }
  if (model.layers(TokenMixer::latent_attention) > 0 && !divides(tensor, model.latent.heads.query_heads)) {
    return tensor_must("a divisor of the model's heads of latent attention");
  }
  if (recurrent && !divides(tensor, model.recurrence.key_heads)) {  // which divide the value heads
    return tensor_must("a divisor of the recurrence's key heads or groups");
  }
  if (recurrent && parallelism.context > 1) {
    return Violation{"context", double(parallelism.context), "1 for a model with recurrent layers"};
  }
  if (model.layers(TokenMixer::latent_attention) > 0 && model.latent.indexer_heads > 0 && parallelism.context > 1) {
    return Violation{"context", double(parallelism.context), "1 for a model with an indexer"};
  }
  if (model.layers(FeedForward::dense) > 0 && !divides(tensor, model.intermediate_size)) {
    return tensor_must("a divisor of the model's intermediate size");
  }
  if (parallelism.pipeline > model.layers()) {
    return Violation{"pipeline", double(parallelism.pipeline), "at most the model's layers"};
  }
  if (!parallelism.exchanges_with_all() && !divides(tensor, model.experts.shared_intermediate_size)) {
    return tensor_must("a divisor of the shared experts' intermediate size");
  }
  return std::nullopt;
}

}  // namespace detail

/// A valid model and parallelism that fit each other: `tensor` divides the heads of each mixer (of KV heads there
/// may be fewer, which ranks then repeat) and the features of feed-forward blocks; experts and what the ranks that share
/// one cut divide evenly; there are no more stages than layers. The vocabulary
/// need not divide: it is padded. Sequences cannot be cut for a recurrence, nor for an indexer, whose choice needs all keys.
constexpr std::optional<Violation> violation(const ModelConfig& model, const Parallelism& parallelism) noexcept {
  if (const auto found = detail::violation_without_experts(model, parallelism)) return found;
  const std::int32_t expert = parallelism.expert;
  if (model.layers(FeedForward::experts) == 0) {
    if (expert > 1) return Violation{"expert", double(expert), "1 for a model without experts"};
    return std::nullopt;
  }
  if (!detail::divides(expert, model.experts.experts)) {
    return Violation{"expert", double(expert), "a divisor of the model's experts"};
  }
  if (parallelism.exchanges_tokens() && parallelism.expert_dispatch == ExpertDispatch::all_to_all &&
      parallelism.expert_tensor() > 1) {
    return Violation{"expert", double(expert),
                     "tensor x context x data where tokens are exchanged all to all (or dispatch by all_gather)"};
  }
  if (!detail::divides(parallelism.expert_tensor(), model.experts.intermediate_size)) {
    return Violation{"expert", double(expert),
                     "enough ranks for the others to divide an expert's intermediate size"};
  }
  return std::nullopt;
}

/// The rank's share of all layers: the pass of one batch through every stage of the pipeline, one after the other. For
/// a valid pair. Replicated on every rank: norms, the router, the latents' down projections, an indexer, Kimi's low
/// ranks; KV heads where they are fewer than ranks; shared experts where tokens are divided
/// before they are sent. Padded: the vocabulary, to a multiple of `tensor`.
constexpr ModelShard shard_of(const ModelConfig& model, const Parallelism& parallelism) noexcept {
  ModelShard shard{model, {.parallelism = parallelism, .stage_transfers = parallelism.pipeline - 1}};
  ModelConfig& own = shard.model;
  const std::int32_t tensor = parallelism.tensor;
  own.heads.query_heads = detail::share_or_one(own.heads.query_heads, tensor);
  own.heads.kv_heads = detail::share_or_one(own.heads.kv_heads, tensor);
  own.latent.heads.query_heads /= tensor;
  own.recurrence.value_heads /= tensor;
  own.recurrence.key_heads /= tensor;
  own.intermediate_size /= tensor;
  own.experts.intermediate_size /= parallelism.expert_tensor();
  if (!parallelism.exchanges_with_all()) own.experts.shared_intermediate_size /= tensor;
  own.vocabulary_size = detail::largest_share(own.vocabulary_size, tensor);
  return shard;
}

/// Consecutive layers of a model.
struct LayerSpan {
  std::int32_t first = 0;
  std::int32_t count = 0;

  friend constexpr bool operator==(const LayerSpan&, const LayerSpan&) noexcept = default;
};

/// The layers of one of `pipeline` stages, counted from 0: as many in each, those left over one each in the stages
/// before the last, from the back, because the last has the LM head (vLLM, get_pp_indices in distributed/utils.py).
constexpr LayerSpan layers_of_stage(std::int32_t layers, std::int32_t pipeline, std::int32_t stage) noexcept {
  const std::int32_t each = layers / pipeline;
  const std::int32_t without_more = pipeline - 1 - layers % pipeline;  // of the stages before the last
  const bool last = stage == pipeline - 1;
  const std::int32_t more_before = stage > without_more ? stage - without_more : 0;
  return {stage * each + more_before, each + (!last && stage >= without_more ? 1 : 0)};
}

/// The rank's share of one stage of the pipeline, counted from 0: its layers, the embedding in the first, the final norm
/// and the LM head in the last. Its pass begins with the transfer from the stage before.
constexpr ModelShard shard_of(const ModelConfig& model, const Parallelism& parallelism,
                              std::int32_t stage) noexcept {
  const LayerSpan span = layers_of_stage(model.layers(), parallelism.pipeline, stage);
  ModelShard shard = shard_of(with_layers(model, span.first, span.count), parallelism);
  shard.place.first_stage = stage == 0;
  shard.place.last_stage = stage == parallelism.pipeline - 1;
  shard.place.stage_transfers = stage == 0 ? 0 : 1;
  return shard;
}

}  // namespace opcost
