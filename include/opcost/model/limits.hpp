// SPDX-License-Identifier: Apache-2.0
//
// Steps asked backwards: how many sequences, tokens or keys keep a step within a time, and from how many on compute
// limits it.
//
// Every answer is exact to one: n keeps the limit and n + 1 does not, unless n is the most allowed, which is tried first;
// 0 where not even 1 does. Times of real kernels are not monotone: they fall where larger tiles or another form take
// over, most with block-scaled fp8, where a step can take 1.5 times as long as one of more tokens. There, larger numbers
// may keep the limit again and smaller ones miss it; bisection does not look for them.
//
// None of these functions throws, allocates or locks. Each asks for about log₂ of the most allowed estimates. A step that
// 31 bits cannot count (see its `violation`) keeps no limit. Models, batches and sequences must be valid.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>

#include "opcost/latency/roofline.hpp"
#include "opcost/mathematics.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/step.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/model/step_operations.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// Whose estimates a search asks for: a StepEstimator, or a type of one's own that corrects them.
// clang-format off
template <class T>
concept EstimatesSteps = requires(T& estimator, const StepBatch& batch) {
  { estimator.shard() } noexcept -> std::convertible_to<const ModelShard&>;
  { estimator.estimate(batch) } noexcept -> std::same_as<StepEstimate>;
};
// clang-format on

/// How long a step may take, and which of its times must keep that: `&StepEstimate::high` where a promise is at stake.
/// No step keeps NaN, or no time.
struct StepLimit {
  Seconds time{};
  Seconds StepEstimate::*compared = &StepEstimate::expected;

  constexpr bool kept_by(const StepEstimate& estimate) const noexcept { return estimate.*compared <= time; }
};

/// The most sequences that a search considers unless it is told.
inline constexpr std::int32_t most_sequences = 1 << 20;

namespace detail {

/// The longest context that a search considers unless it is told: the model's own, 2²⁴ where that is not stated.
constexpr std::int32_t longest_considered(const ModelConfig& model) noexcept {
  return model.maximum_context > 0 ? model.maximum_context : 1 << 24;
}

constexpr bool countable(const ModelShard& shard, const StepBatch& batch) noexcept {
  return !size_violation(shard.model, batch) && !size_violation(shard.place.parallelism, batch);
}

template <EstimatesSteps Estimator>
bool keeps(Estimator& estimator, const StepBatch& batch, const StepLimit& limit) noexcept {
  return countable(estimator.shard(), batch) && limit.kept_by(estimator.estimate(batch));
}

constexpr StepBatch with(StepBatch batch, const StepSequence& sequence, std::int32_t number = 1) noexcept {
  batch.add(sequence, number);
  return batch;
}

}  // namespace detail

/// The step if one more sequence joined the batch. What it takes longer than before is what the newcomer costs the
/// others.
template <EstimatesSteps Estimator>
StepEstimate estimate_with(Estimator& estimator, const StepBatch& batch, const StepSequence& sequence) noexcept {
  return estimator.estimate(detail::with(batch, sequence));
}

/// How many sequences like this one can join the batch, which is that of one data-parallel rank.
template <EstimatesSteps Estimator>
std::int32_t most_joining(Estimator& estimator, const StepBatch& batch, const StepSequence& sequence,
                          const StepLimit& limit, std::int32_t most = most_sequences) noexcept {
  const std::int64_t countable =
      (std::numeric_limits<std::int32_t>::max() - batch.tokens()) / sequence.query_tokens;
  const auto tried = static_cast<std::int32_t>(most < countable ? most : countable);
  return mathematics::largest_that(tried, [&](std::int32_t number) noexcept {
    return detail::keeps(estimator, detail::with(batch, sequence, number), limit);
  });
}

/// How many sequences of so many keys can decode together: the largest batch under a limit on the time per output token.
template <EstimatesSteps Estimator>
std::int32_t largest_decode_batch(Estimator& estimator, std::int32_t context_tokens, const StepLimit& limit,
                                  std::int32_t most = most_sequences) noexcept {
  return most_joining(estimator, StepBatch(estimator.shard().model), {1, context_tokens, 1}, limit, most);
}

/// The longest context, at most `most` keys, at which so many sequences can decode together; 0 where not even one cached
/// key is left.
template <EstimatesSteps Estimator>
std::int32_t longest_decode_context(Estimator& estimator, std::int32_t sequences, const StepLimit& limit,
                                    std::int32_t most) noexcept {
  const StepBatch empty(estimator.shard().model);
  const std::int32_t cached =
      mathematics::largest_that(most > 1 ? most - 1 : 0, [&](std::int32_t cached_tokens) noexcept {
        return detail::keeps(estimator, detail::with(empty, {1, cached_tokens + 1, 1}, sequences), limit);
      });
  return cached > 0 ? cached + 1 : 0;
}
template <EstimatesSteps Estimator>
std::int32_t longest_decode_context(Estimator& estimator, std::int32_t sequences, const StepLimit& limit) noexcept {
  return longest_decode_context(estimator, sequences, limit, detail::longest_considered(estimator.shard().model));
}

/// The first `tokens` new tokens of a prompt, or of what is left of it. The prompt's last positions are sampled.
constexpr StepSequence chunk_of(const StepSequence& prompt, std::int32_t tokens) noexcept {
  const std::int32_t left = prompt.query_tokens - tokens;
  const std::int32_t sampled = prompt.sampled_tokens > left ? prompt.sampled_tokens - left : 0;
  return {tokens, prompt.context_tokens - left, sampled < tokens ? sampled : tokens};
}

/// How many of a prompt's new tokens, at most `most`, can join the batch as one chunk. `prompt` is all that is left:
/// {remaining tokens, cached + remaining tokens, 1}. With an empty batch, the chunk at this offset of the KV cache whose
/// cost is that of the limit.
template <EstimatesSteps Estimator>
std::int32_t largest_prefill_chunk(Estimator& estimator, const StepBatch& batch, const StepSequence& prompt,
                                   const StepLimit& limit,
                                   std::int32_t most = std::numeric_limits<std::int32_t>::max()) noexcept {
  return mathematics::largest_that(
      prompt.query_tokens < most ? prompt.query_tokens : most, [&](std::int32_t tokens) noexcept {
        return detail::keeps(estimator, detail::with(batch, chunk_of(prompt, tokens)), limit);
      });
}

namespace detail {

/// Cuts a prompt into at most so many chunks, each as long as the limit lets it be. Returns their tokens.
template <EstimatesSteps Estimator, class Visit>
std::int32_t cut_into_chunks(Estimator& estimator, const StepSequence& prompt, const StepLimit& limit,
                             std::int32_t chunks, Visit&& visit) noexcept {
  const StepBatch empty(estimator.shard().model);
  StepSequence left = prompt;
  while (left.query_tokens > 0 && chunks-- > 0) {
    const std::int32_t tokens = largest_prefill_chunk(estimator, empty, left, limit);
    if (tokens == 0) break;
    const StepSequence chunk = chunk_of(left, tokens);
    const StepEstimate estimate = estimate_with(estimator, empty, chunk);
    visit(chunk, estimate);
    left.query_tokens -= tokens;
  }
  return prompt.query_tokens - left.query_tokens;
}

}  // namespace detail

/// Cuts a prompt into chunks that are each a step of their own and as long as the limit lets them be: of equal cost but
/// for the last. Calls `visit(chunk, estimate)` for each, which must not throw. Returns how many tokens the chunks have:
/// fewer than the prompt where not one more keeps the limit.
template <EstimatesSteps Estimator, std::invocable<const StepSequence&, const StepEstimate&> Visit>
std::int32_t for_each_equal_cost_chunk(Estimator& estimator, const StepSequence& prompt, const StepLimit& limit,
                                       Visit&& visit) noexcept {
  return detail::cut_into_chunks(estimator, prompt, limit, std::numeric_limits<std::int32_t>::max(), visit);
}

/// The limit under which `for_each_equal_cost_chunk` cuts a prompt into at most so many chunks, the costliest as cheap
/// as can be: to a millionth, by bisection. What data-parallel ranks that wait for each other should run side by side,
/// and pipeline stages one after the other. Nothing where so few chunks cannot be counted,
/// or the accelerator lacks the data type.
template <EstimatesSteps Estimator>
std::optional<StepLimit> balanced_chunk_limit(Estimator& estimator, const StepSequence& prompt, std::int32_t chunks,
                                              Seconds StepEstimate::*compared = &StepEstimate::expected) noexcept {
  if (chunks < 1) return std::nullopt;
  const auto suffices = [&](Seconds cost) noexcept {
    const auto visit = [](const StepSequence& /*chunk*/, const StepEstimate& /*estimate*/) noexcept {};
    return detail::cut_into_chunks(estimator, prompt, {cost, compared}, chunks, visit) == prompt.query_tokens;
  };
  const std::int32_t tokens = detail::largest_share(prompt.query_tokens, chunks);
  const StepSequence last{tokens, prompt.context_tokens, 1};  // of chunks of as many tokens, the costliest
  const StepBatch batch = detail::with(StepBatch(estimator.shard().model), last);
  if (!detail::countable(estimator.shard(), batch)) return std::nullopt;
  Seconds low{};
  Seconds high = estimator.estimate(batch).*compared;
  constexpr double never = std::numeric_limits<double>::infinity();
  while (high.value < never && !suffices(high)) {  // where times fall
    low = high;
    high = high * 2.0;
  }
  if (!(high.value < never)) return std::nullopt;
  while (low < high * (1.0 - 1e-6)) {
    const Seconds middle = (low + high) * 0.5;
    (suffices(middle) ? high : low) = middle;
  }
  return StepLimit{high, compared};
}

namespace detail {

/// The number from which on compute limits the batches, at most `most`.
template <std::same_as<StepEstimator> Estimator, class BatchOf>
std::optional<std::int32_t> least_compute_bound(const Estimator& estimator, std::int32_t most,
                                                const BatchOf& batch_of) noexcept {
  const ModelShard& shard = estimator.shard();
  const Platform& platform = estimator.platform();
  const std::int32_t memory_bound = mathematics::largest_that(most, [&](std::int32_t number) noexcept {
    const StepBatch batch = batch_of(number);
    return countable(shard, batch) &&
           step_bound(shard, batch, estimator.precision(), *platform.accelerator, platform.fabric)
                   .operations.limiter() == Limiter::memory;
  });
  if (memory_bound >= most || !countable(shard, batch_of(memory_bound + 1))) return std::nullopt;
  return memory_bound + 1;
}

}  // namespace detail

/// The length from which on compute limits (most of) the bound of a step over one whole prompt; one token less and
/// memory does. Nothing if it does for `most` tokens. Communication is left out.
template <std::same_as<StepEstimator> Estimator>
std::optional<std::int32_t> compute_bound_prompt(const Estimator& estimator, std::int32_t most) noexcept {
  const StepBatch empty(estimator.shard().model);
  return detail::least_compute_bound(estimator, most, [&](std::int32_t tokens) noexcept {
    return detail::with(empty, {tokens, tokens, 1});
  });
}
template <std::same_as<StepEstimator> Estimator>
std::optional<std::int32_t> compute_bound_prompt(const Estimator& estimator) noexcept {
  return compute_bound_prompt(estimator, detail::longest_considered(estimator.shard().model));
}

/// The same of decodes of so many keys each, which may never be limited by compute, however many.
template <std::same_as<StepEstimator> Estimator>
std::optional<std::int32_t> compute_bound_decode_batch(const Estimator& estimator, std::int32_t context_tokens,
                                                       std::int32_t most = most_sequences) noexcept {
  const StepBatch empty(estimator.shard().model);
  return detail::least_compute_bound(estimator, most, [&](std::int32_t sequences) noexcept {
    return detail::with(empty, {1, context_tokens, 1}, sequences);
  });
}

}  // namespace opcost
