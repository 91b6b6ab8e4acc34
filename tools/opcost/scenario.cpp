// SPDX-License-Identifier: Apache-2.0
#include "scenario.hpp"

#include <fmt/format.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

constexpr std::int32_t default_decode_context = 8192;
constexpr std::int32_t default_prompt = 2048;

/// Tokens of one sequence, from --phase, --prompt and --context.
SequenceTokens sequence_tokens(const ScenarioOptions& options) {
  if (options.phase == "decode") {
    if (options.prompt != 0) {
      throw InputError(
          fmt::format("--prompt is {}, expected only with --phase prefill (a decode step adds one token; "
                      "--context says how many there are)",
                      options.prompt));
    }
    return {1, options.context != 0 ? options.context : default_decode_context};
  }
  const std::int32_t prompt =
      options.prompt != 0 ? options.prompt : (options.context != 0 ? options.context : default_prompt);
  const std::int32_t context = options.context != 0 ? options.context : prompt;
  if (context < prompt) {
    throw InputError(fmt::format("--context is {}, expected at least the prompt's {} tokens", context, prompt));
  }
  return {prompt, context};
}

}  // namespace

void add_scenario_options(CLI::App& command, ScenarioOptions& options) {
  add_target_options(command, options);
  add_choice(command, "--phase", options.phase, "What the step does (default: decode)", {"decode", "prefill"});
  add_count(command, "--batch", options.batch, "Sequences in the batch (default: 1)");
  add_count(command, "--context", options.context,
            fmt::format("Tokens that each sequence has after the step (default: decode {}, prefill the prompt)",
                        default_decode_context));
  add_count(command, "--prompt", options.prompt,
            fmt::format("Prefill: new tokens of each sequence; those of --context before them are cached "
                        "(default: the context, or {})",
                        default_prompt));
}

Scenario resolve(const ScenarioOptions& options) {
  Scenario scenario{resolve_target(options), {}, {}, {}};
  scenario.phase = options.phase;
  const SequenceTokens tokens = sequence_tokens(options);
  scenario.batch = {.sequences = options.batch,
                    .query_tokens = tokens.query_tokens,
                    .context_tokens = tokens.context_tokens,
                    .sampled_tokens = 1};
  if (const auto found = violation(scenario.model, scenario.batch)) {
    fail_violation(*found, {{"tokens x heads", "--batch x --prompt x heads"}, {"tokens", "--batch x --prompt"}});
  }
  scenario.operations = model_operations(scenario.model, scenario.batch, scenario.precision);
  for (const ModelOperation& entry : scenario.operations) {
    if (entry.operation.cost().matrix_flops.value > 0.0) {
      require_support(scenario.accelerators, entry.operation.compute_type());
    }
  }
  return scenario;
}

std::string Scenario::description() const {
  const std::int32_t cached = batch.context_tokens - batch.query_tokens;
  const std::string tokens =
      phase == "decode"
          ? fmt::format("{} at {} tokens of context", plural(batch.sequences, "sequence"), batch.context_tokens)
          : fmt::format("{} of {}{}", plural(batch.sequences, "sequence"), plural(batch.query_tokens, "new token"),
                        cached > 0 ? fmt::format(" after {} cached", cached) : "");
  return fmt::format("{}: {}; {}", phase, tokens, precision_text());
}

}  // namespace opcost::program
