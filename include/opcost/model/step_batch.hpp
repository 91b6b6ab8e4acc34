// SPDX-License-Identifier: Apache-2.0
//
// The sequences of one inference step, prefill chunks and decodes mixed freely, as the sums that its cost depends on.
#pragma once

#include <cstdint>
#include <optional>

#include "opcost/model/model_config.hpp"
#include "opcost/operation/attention_batch.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/recurrence_batch.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// One sequence's share of a step: `query_tokens` new tokens, `context_tokens` keys after the step (so context − query
/// tokens are cached), and positions whose logits are wanted. A decode has 1 new token, 1 + k to verify k drafted ones;
/// a prefill has its prompt, or a chunk of it that samples nothing before the last.
struct StepSequence {
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  std::int32_t sampled_tokens = 1;

  constexpr SequenceTokens tokens() const noexcept { return {query_tokens, context_tokens}; }

  /// 1 ≤ query_tokens ≤ context_tokens, 0 ≤ sampled_tokens ≤ query_tokens.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        tokens().violation(), detail::require_at_least("sampled_tokens", sampled_tokens, 0, "a number ≥ 0"));
    if (found) return found;
    if (sampled_tokens > query_tokens) {
      return Violation{"sampled_tokens", double(sampled_tokens), "at most query_tokens"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const StepSequence&, const StepSequence&) noexcept = default;
};

/// New tokens few enough for the forms of a decode, which verification of drafted tokens takes, too: a recurrence takes
/// them one after another, and for latent attention two more matrix products a token cost less than expanding every key.
constexpr bool takes_few_tokens(SequenceTokens sequence) noexcept { return sequence.query_tokens <= 16; }

/// Few new tokens after cached ones.
constexpr bool decodes(SequenceTokens sequence) noexcept {
  return takes_few_tokens(sequence) && sequence.query_tokens < sequence.context_tokens;
}

/// The sums over one part of a step's sequences: those that decode, or the others. Kernels are launched for each part.
struct StepPopulation {
  AttentionBatch<Causal> causal{};
  AttentionBatch<SlidingWindow> local{};  ///< Of models with local attention.
  AttentionBatch<TopKeys> chosen{};       ///< Of models with an indexer.
  RecurrenceBatch recurrent{};            ///< Of models with a recurrence; see StepBatch.

  friend constexpr bool operator==(const StepPopulation&, const StepPopulation&) noexcept = default;
};

/// A step's sequences as sums, updated in O(1) as a scheduler admits, advances and retires them: integers, so that any
/// order leaves nothing behind. Made for a model, whose windows and chunks the sums depend on; sums that the model has
/// no layers for stay 0. It does not remember the sequences: remove only what was added, with the same tokens.
///
/// The populations go by `decodes`, except that a recurrence takes whatever has few tokens (a whole prompt of up to 16,
/// too) in its recurrent form, so with the decoding ones. No member throws, allocates or locks.
class StepBatch {
 public:
  constexpr StepBatch() noexcept = default;
  constexpr explicit StepBatch(const ModelConfig& model) noexcept
      : windowed_(model.local_layers() > 0),
        indexed_(model.layers(TokenMixer::latent_attention) > 0 && model.latent.indexer_heads > 0),
        recurrent_(model.layers(TokenMixer::delta_rule) + model.layers(TokenMixer::state_space) > 0) {
    for (StepPopulation* population : {&decoding_, &prefilling_}) {
      if (windowed_) population->local = AttentionBatch(SlidingWindow{model.sliding_window});
      if (indexed_) population->chosen = AttentionBatch(TopKeys{model.latent.indexer_top_k});
      if (recurrent_) population->recurrent = RecurrenceBatch(model.recurrence.chunk_tokens);
    }
  }

  /// So many alike sequences.
  constexpr void add(const StepSequence& sequence, std::int64_t number = 1) noexcept {
    const SequenceTokens tokens = sequence.tokens();
    StepPopulation& population = decodes(tokens) ? decoding_ : prefilling_;
    population.causal.add(tokens, number);
    if (windowed_) population.local.add(tokens, number);
    if (indexed_) population.chosen.add(tokens, number);
    if (recurrent_) (takes_few_tokens(tokens) ? decoding_ : prefilling_).recurrent.add(tokens, number);
    sampled_tokens_ += sequence.sampled_tokens * number;
  }
  constexpr void remove(const StepSequence& sequence) noexcept {
    const SequenceTokens tokens = sequence.tokens();
    StepPopulation& population = decodes(tokens) ? decoding_ : prefilling_;
    population.causal.remove(tokens);
    if (windowed_) population.local.remove(tokens);
    if (indexed_) population.chosen.remove(tokens);
    if (recurrent_) (takes_few_tokens(tokens) ? decoding_ : prefilling_).recurrent.remove(tokens);
    sampled_tokens_ -= sequence.sampled_tokens;
  }
  /// Both in one: a sequence that took a step.
  constexpr void replace(const StepSequence& before, const StepSequence& after) noexcept {
    remove(before);
    add(after);
  }

  constexpr const StepPopulation& decoding() const noexcept { return decoding_; }
  constexpr const StepPopulation& prefilling() const noexcept { return prefilling_; }

  constexpr std::int64_t sequences() const noexcept {
    return decoding_.causal.counts().sequences + prefilling_.causal.counts().sequences;
  }
  /// New tokens of all sequences.
  constexpr std::int64_t tokens() const noexcept {
    return decoding_.causal.counts().query_tokens + prefilling_.causal.counts().query_tokens;
  }
  /// Positions that the LM head scores.
  constexpr std::int64_t sampled_tokens() const noexcept { return sampled_tokens_; }

  /// Whether the sums are what this model's cost depends on.
  constexpr bool made_for(const ModelConfig& model) const noexcept {
    const StepBatch other(model);
    return windowed_ == other.windowed_ && indexed_ == other.indexed_ && recurrent_ == other.recurrent_ &&
           decoding_.local.mask() == other.decoding_.local.mask() &&
           decoding_.chosen.mask() == other.decoding_.chosen.mask() &&
           decoding_.recurrent.chunk_tokens() == other.decoding_.recurrent.chunk_tokens();
  }

  friend constexpr bool operator==(const StepBatch&, const StepBatch&) noexcept = default;

 private:
  StepPopulation decoding_{};
  StepPopulation prefilling_{};
  std::int64_t sampled_tokens_ = 0;
  bool windowed_ = false;
  bool indexed_ = false;
  bool recurrent_ = false;
};

}  // namespace opcost
