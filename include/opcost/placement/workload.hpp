// SPDX-License-Identifier: Apache-2.0
//
// What is to be served, within which limits, and what a good plan is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "opcost/mathematics.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Alike requests: a prompt of `input_tokens` after a cached prefix, then `output_tokens`. Without input, prompts
/// are prefilled elsewhere; without output, only prompts are served.
struct Workload {
  std::int32_t prefix_tokens = 0;
  std::int32_t input_tokens = 0;
  std::int32_t output_tokens = 0;

  constexpr bool prefills() const noexcept { return input_tokens > 0; }
  constexpr bool decodes() const noexcept { return output_tokens > 0; }
  /// Whether an instance that prefills hands over to one that decodes, where none does both.
  constexpr bool hands_over() const noexcept { return prefills() && decodes(); }
  constexpr std::int32_t prompt_tokens() const noexcept { return prefix_tokens + input_tokens; }
  /// Keys of a decoding sequence in the middle of its output.
  constexpr std::int32_t decode_context() const noexcept { return prompt_tokens() + (output_tokens + 1) / 2; }
  constexpr std::int32_t longest_context() const noexcept { return prompt_tokens() + output_tokens; }

  /// Nothing negative, some input or output, and a length that 31 bits count.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found =
        detail::first_of(detail::require_at_least("prefix_tokens", prefix_tokens, 0, "a number ≥ 0"),
                         detail::require_at_least("input_tokens", input_tokens, 0, "a number ≥ 0"),
                         detail::require_at_least("output_tokens", output_tokens, 0, "a number ≥ 0"),
                         detail::require_int32("prefix + input + output tokens",
                                               double(prefix_tokens) + input_tokens + output_tokens));
    if (found) return found;
    if (!prefills() && !decodes())
      return Violation{"output_tokens", 0.0, "a positive number where there is no input"};
    return std::nullopt;
  }

  friend constexpr bool operator==(const Workload&, const Workload&) noexcept = default;
};

/// Limits on what a user waits for.
struct Targets {
  Seconds time_to_first_token{std::numeric_limits<double>::infinity()};
  Seconds time_per_output_token{std::numeric_limits<double>::infinity()};

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(
        detail::require_positive("time_to_first_token_ms", time_to_first_token.value * 1e3),
        detail::require_positive("time_per_output_token_ms", time_per_output_token.value * 1e3));
  }

  friend constexpr bool operator==(const Targets&, const Targets&) noexcept = default;
};

/// What a plan is to make most of.
enum class Objective : std::uint8_t {
  throughput,             ///< Tokens a second, of the whole cluster.
  throughput_per_dollar,  ///< Tokens for a dollar, of the accelerators that are used.
  throughput_per_joule    ///< Tokens for a joule, at their rated power.
};

namespace detail {
inline constexpr std::array<std::string_view, 3> objective_names{"throughput", "throughput_per_dollar",
                                                                 "throughput_per_joule"};
inline constexpr std::array<std::string_view, 3> phase_names{"mixed", "prefill", "decode"};
}  // namespace detail

constexpr std::string_view name(Objective objective) noexcept {
  return detail::objective_names[static_cast<std::size_t>(objective)];
}

/// The objective of that name, or nothing.
constexpr std::optional<Objective> objective_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < detail::objective_names.size(); ++i) {
    if (detail::objective_names[i] == text) return static_cast<Objective>(i);
  }
  return std::nullopt;
}

/// What an objective makes most of, in tokens a second, for a dollar (an hour has 3600 seconds) or for a joule.
constexpr double value_of(Objective objective, double tokens_per_second, double dollars_per_hour,
                          double watts) noexcept {
  switch (objective) {
    case Objective::throughput: break;
    case Objective::throughput_per_dollar: return tokens_per_second * 3600.0 / dollars_per_hour;
    case Objective::throughput_per_joule: return tokens_per_second / watts;
  }
  return tokens_per_second;
}

/// What an instance of a plan serves of a request.
enum class Phase : std::uint8_t {
  mixed,    ///< All: each step decodes and has as many new tokens of prompts as keep up with it.
  prefill,  ///< The prompt.
  decode    ///< The output.
};

constexpr std::string_view name(Phase phase) noexcept {
  return detail::phase_names[static_cast<std::size_t>(phase)];
}

/// A micro-batch of a phase, and what becomes of requests with it.
struct PhaseStep {
  MicroBatch micro_batch{};
  double requests = 0.0;          ///< That one step of one micro-batch serves.
  std::int32_t context_tokens{};  ///< Kept of a sequence on average …
  std::int32_t longest_tokens{};  ///< … and at the end, for which a group has room for one.
  std::int32_t input_tokens{};    ///< Of a prompt; 0 where prompts are not served.

  /// Sequences that decode, or prompts where none does.
  constexpr std::int32_t size() const noexcept {
    return micro_batch.decoding > 0 ? micro_batch.decoding : micro_batch.prompts;
  }
  /// Steps until the last token of a prompt is in, if each of so many token groups takes prompts of its own.
  constexpr std::int32_t steps_to_first(std::int32_t token_groups) const noexcept {
    if (input_tokens == 0) return 0;
    const std::int32_t together = micro_batch.prompts * micro_batch.prompt.query_tokens;
    const std::int32_t tokens = detail::largest_share(together, token_groups);
    const std::int32_t longest =
        tokens < micro_batch.prompt.query_tokens ? tokens : micro_batch.prompt.query_tokens;
    return detail::largest_share(input_tokens, longest);
  }
};

/// A decode step of so many sequences.
constexpr PhaseStep decode_step(const Workload& workload, std::int32_t sequences) noexcept {
  return {.micro_batch = {.decoding = sequences, .decode = {1, workload.decode_context(), 1}},
          .requests = double(sequences) / workload.output_tokens,
          .context_tokens = workload.decode_context(),
          .longest_tokens = workload.longest_context()};
}

/// A step over prompts, or over a chunk where one is longer than `most_tokens`; chunks stand for the mean one.
constexpr PhaseStep prefill_step(const Workload& workload, std::int32_t prompts,
                                 std::int32_t most_tokens) noexcept {
  const std::int32_t chunks = detail::largest_share(workload.input_tokens, most_tokens);
  const std::int32_t tokens = detail::largest_share(workload.input_tokens, chunks);
  const std::int32_t keys = workload.prefix_tokens + (workload.input_tokens + tokens) / 2;
  return {.micro_batch = {.prompts = prompts, .prompt = {tokens, keys, 1}},
          .requests = double(prompts) / chunks,
          .context_tokens = workload.prompt_tokens(),
          .longest_tokens = workload.prompt_tokens(),
          .input_tokens = workload.input_tokens};
}

/// A step that decodes so many sequences and takes in as many new tokens of prompts as replace those that end:
/// whole prompts where more than one ends a step, else an equal part of one in every step, which stands at its mean
/// position.
constexpr PhaseStep mixed_step(const Workload& workload, std::int32_t sequences) noexcept {
  PhaseStep step = decode_step(workload, sequences);
  step.input_tokens = workload.input_tokens;
  if (step.requests >= 1.0) {
    step.micro_batch.prompts = static_cast<std::int32_t>(mathematics::ceiling(step.requests));
    step.micro_batch.prompt = {workload.input_tokens, workload.prompt_tokens(), 1};
  } else {
    const double part = workload.input_tokens * step.requests;
    const auto tokens = static_cast<std::int32_t>(part) + (part > static_cast<std::int32_t>(part) ? 1 : 0);
    step.micro_batch.prompts = 1;
    step.micro_batch.prompt = {tokens, workload.prefix_tokens + (workload.input_tokens + tokens) / 2, 1};
  }
  return step;
}

/// The same step with another number of sequences, or of prompts where nothing decodes.
constexpr PhaseStep resized(const PhaseStep& step, const Workload& workload, Phase phase,
                            std::int32_t number) noexcept {
  if (phase == Phase::decode) return decode_step(workload, number);
  if (phase == Phase::mixed) return mixed_step(workload, number);
  PhaseStep other = step;
  other.micro_batch.prompts = number;
  other.requests *= double(number) / step.micro_batch.prompts;
  return other;
}

}  // namespace opcost
