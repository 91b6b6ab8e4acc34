// SPDX-License-Identifier: Apache-2.0
#include "step_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

constexpr std::int32_t most_tokens = 1 << 24;  // no step has more

/// Calls a parallelism's fields by their flags.
[[noreturn]] void fail_parallelism(const Violation& violation) {
  fail_violation(violation, {{"tensor x context x data", "--tp x --cp x --dp"},
                             {"dispatch by all_gather", "--expert-dispatch all_gather"},
                             {"tokens x ranks that have their own", "new tokens x --cp x --dp"},
                             {"tokens x heads", "new tokens x heads"},
                             {"keys of prefilling sequences", "the context tokens of all prefills"},
                             {"ranks is", "--tp x --pp x --dp x --cp is"},
                             {"tensor is", "--tp is"},
                             {"pipeline is", "--pp is"},
                             {"expert is", "--ep is"},
                             {"data is", "--dp is"},
                             {"context is", "--cp is"}});
}

/// A positive whole number, or nothing.
std::optional<std::int32_t> whole_number(std::string_view text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

/// What stands before a separator and after it; `first` is nothing if there is no separator.
struct Parts {
  std::optional<std::string_view> first;
  std::string_view rest;
};

Parts split(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {std::nullopt, text};
  return {text.substr(0, at), text.substr(at + 1)};
}

/// "64@8192": sequences at a context.
StepSequences parse_decode(const std::string& flag, const std::string& text, std::int32_t drafted) {
  const Parts parts = split(text, '@');
  const auto count = whole_number(parts.first.value_or(""));
  const auto context = whole_number(parts.rest);
  if (!parts.first || !count || !context) {
    throw InputError(fmt::format(
        "{} is '{}', expected SEQUENCES@CONTEXT such as 64@8192, whole numbers from 1 to 2147483647", flag, text));
  }
  if (*context - drafted < 2) {
    throw InputError(fmt::format("{} is '{}', expected a context above {}, because some tokens are cached", flag,
                                 text, plural(1 + std::int64_t{drafted}, "new token")));
  }
  return {{1 + drafted, *context, 1 + drafted}, *count, {}};
}

/// "2048", "2048@4096", "4x512@1024": new tokens after cached ones, of so many sequences.
StepSequences parse_prefill(const std::string& text) {
  const Parts by_count = split(text, 'x');
  const auto count = by_count.first ? whole_number(*by_count.first) : 1;
  const std::size_t at = by_count.rest.find('@');
  const auto added = whole_number(by_count.rest.substr(0, at));
  std::optional<std::int32_t> cached = 0;
  if (at != std::string_view::npos && by_count.rest.substr(at + 1) != "0") {
    cached = whole_number(by_count.rest.substr(at + 1));
  }
  if (!count || !added || !cached) {
    throw InputError(
        fmt::format("--prefill is '{}', expected [SEQUENCESx]NEW[@CACHED] such as 2048, 2048@4096 or 4x512@1024, "
                    "whole numbers up to 2147483647",
                    text));
  }
  const std::int64_t context = std::int64_t{*added} + *cached;
  if (context > 2147483647) {
    throw InputError(fmt::format("--prefill is '{}', expected at most 2147483647 tokens of context", text));
  }
  return {{*added, static_cast<std::int32_t>(context), 1}, *count, {}};
}

std::vector<StepSequences> given_sequences(const StepBatchOptions& options) {
  if (options.drafted != 0 && options.decodes.empty()) {
    throw InputError(fmt::format("--drafted is {}, expected only with {}", options.drafted, options.decode_flag));
  }
  std::vector<StepSequences> sequences;
  for (const std::string& text : options.decodes) {
    sequences.push_back(parse_decode(options.decode_flag, text, options.drafted));
  }
  for (const std::string& text : options.prefills) sequences.push_back(parse_prefill(text));
  if (!options.file.empty()) {
    for (StepSequences& read : read_step_batch_file(options.file)) sequences.push_back(std::move(read));
  }
  if (sequences.empty()) {
    throw InputError(
        "the batch is empty, expected sequences: --decode 64@8192, --prefill 2048@4096 or --batch FILE.json");
  }
  std::int64_t tokens = 0;
  for (const StepSequences& alike : sequences) {
    tokens += std::int64_t{alike.count} * alike.sequence.query_tokens;
    if (tokens > most_tokens) {
      throw InputError(
          fmt::format("the batch has {} new tokens or more, expected at most {}", tokens, most_tokens));
    }
  }
  return sequences;
}

/// Fails unless every accelerator can compute and communicate what the step asks.
void require_platforms(const Deployment& deployment, const StepBatch& batch) {
  std::vector<DataType> types;
  visit_operations(deployment.shard, batch, deployment.precision,
                   [&](std::string_view, std::int32_t, const auto& operation) noexcept {
                     if (operation.cost().matrix_flops.value > 0.0) types.push_back(operation.compute_type());
                   });
  for (const DataType type : types) require_support(deployment.accelerators, type);
  for (std::size_t i = 0; i < deployment.accelerators.size(); ++i) {
    const Accelerator& accelerator = deployment.accelerators[i];
    const Fabric fabric = deployment.platform(i).fabric;
    const StepBound bound = step_bound(deployment.shard, batch, deployment.precision, accelerator, fabric);
    if (!std::isfinite(bound.communication.time.value)) {
      fail_without_link(accelerator, fabric, deployment.parallelism().ranks());
    }
  }
}

}  // namespace

Platform Deployment::platform(std::size_t index) const noexcept {
  Platform platform(accelerators[index], calibrations[index]);
  platform.fabric = Fabric::of(accelerators[index], ranks_per_node);
  platform.conditions = conditions;
  platform.system = system.value_or(ServingSystem{});
  return platform;
}

std::string Deployment::ranks_text() const {
  const Parallelism& p = parallelism();
  if (p.ranks() == 1) return "1 GPU";
  std::vector<std::string> degrees;
  for (const auto& [degree, what] :
       {std::pair{p.tensor, "tensor"}, std::pair{p.pipeline, "pipeline"}, std::pair{p.expert, "expert"},
        std::pair{p.data, "data"}, std::pair{p.context, "context"}}) {
    if (degree > 1) degrees.push_back(fmt::format("{} {}", what, degree));
  }
  if (p.sequence) degrees.emplace_back("sequence parallel");
  const std::string node = p.ranks() > ranks_per_node ? fmt::format(", {} a node", ranks_per_node) : "";
  return fmt::format("{} GPUs ({}){}", p.ranks(), fmt::join(degrees, ", "), node);
}

nlohmann::ordered_json parallelism_json(const Deployment& deployment) {
  const Parallelism& parallelism = deployment.parallelism();
  return {{"tensor", parallelism.tensor},
          {"pipeline", parallelism.pipeline},
          {"expert", parallelism.expert},
          {"data", parallelism.data},
          {"context", parallelism.context},
          {"sequence_parallel", parallelism.sequence},
          {"expert_dispatch", name(parallelism.expert_dispatch)},
          {"ranks", parallelism.ranks()},
          {"ranks_per_node", deployment.ranks_per_node}};
}

void add_deployment_options(CLI::App& command, DeploymentOptions& options) {
  add_target_options(command, options);
  Parallelism& parallelism = options.parallelism;
  add_count(command, "--tp", parallelism.tensor, "Tensor-parallel ranks: each projection is cut (default: 1)");
  add_count(command, "--pp", parallelism.pipeline, "Pipeline stages (default: 1)");
  add_count(command, "--ep", parallelism.expert,
            "Ranks that experts are spread over, a divisor of --tp x --cp x --dp (default: 1)");
  add_count(command, "--dp", parallelism.data,
            "Data-parallel ranks, each with a batch like the one given (default: 1)");
  add_count(command, "--cp", parallelism.context, "Context-parallel ranks: each sequence is cut (default: 1)");
  command.add_flag("--sequence-parallel", parallelism.sequence,
                   "Norms and residual adds on a share of the tokens, with --tp");
  add_choice(command, "--expert-dispatch", options.expert_dispatch,
             "How tokens reach experts of other ranks (default: all_to_all)", {"all_to_all", "all_gather"});
  add_count(command, "--ranks-per-node", options.ranks_per_node, "GPUs of a node (default: 8)");
  command
      .add_option("--system", options.system,
                  "Add a serving system's host time: a name of `opcost list serving-systems` or a file")
      ->type_name("NAME|FILE");
  command.add_flag("--eager", options.eager, "Kernels are launched one by one, not by CUDA graphs");
}

Deployment resolve(const DeploymentOptions& options) {
  Deployment deployment{resolve_target(options), {}, options.ranks_per_node, {}, {}};
  Parallelism parallelism = options.parallelism;
  parallelism.expert_dispatch = *expert_dispatch_named(options.expert_dispatch);
  if (const auto found = violation(deployment.model, parallelism)) fail_parallelism(*found);
  deployment.shard = shard_of(deployment.model, parallelism);
  if (!options.system.empty()) deployment.system = find_serving_system(options.system);
  deployment.conditions.cuda_graph = !options.eager;
  return deployment;
}

std::int32_t GivenBatch::longest_context() const noexcept {
  std::int32_t longest = 0;
  for (const StepSequences& alike : sequences) longest = std::max(longest, alike.sequence.context_tokens);
  return longest;
}

std::optional<std::int32_t> GivenBatch::decoded_tokens() const noexcept {
  const std::int32_t tokens = sequences.front().sequence.query_tokens;
  for (const StepSequences& alike : sequences) {
    const StepSequence& sequence = alike.sequence;
    const bool same = sequence.query_tokens == tokens && sequence.sampled_tokens == tokens;
    if (!same || !decodes(sequence.tokens())) return std::nullopt;
  }
  return tokens;
}

std::string GivenBatch::description() const {
  constexpr std::size_t most_kinds = 4;
  if (sequences.size() > most_kinds) {
    return fmt::format("{}: {} new tokens ({} decode, {} prefill), contexts up to {}",
                       plural(batch.sequences(), "sequence"), batch.tokens(),
                       batch.decoding().causal.counts().sequences, batch.prefilling().causal.counts().sequences,
                       longest_context());
  }
  std::vector<std::string> kinds;
  for (const StepSequences& alike : sequences) {
    const StepSequence& sequence = alike.sequence;
    const std::int32_t added = sequence.query_tokens;
    const std::int32_t cached = sequence.context_tokens - added;
    if (decodes(sequence.tokens())) {
      kinds.push_back(fmt::format("{} at {} tokens of context{}", plural(alike.count, "decode"),
                                  sequence.context_tokens, added > 1 ? fmt::format(" ({} new)", added) : ""));
    } else {
      kinds.push_back(fmt::format("{} of {}{}", plural(alike.count, "prefill"), plural(added, "new token"),
                                  cached > 0 ? fmt::format(" after {} cached", cached) : ""));
    }
  }
  return fmt::format("{}", fmt::join(kinds, ", "));
}

void add_batch_options(CLI::App& command, StepBatchOptions& options) {
  const auto add = [&](const char* flag, std::vector<std::string>& values, const char* description) {
    return command.add_option(flag, values, description)->expected(1)->take_all();
  };
  add(options.decode_flag.c_str(), options.decodes,
      "Sequences that add one token, and the tokens that each has then: 64@8192; repeatable")
      ->type_name("N@CONTEXT");
  add("--prefill", options.prefills,
      "New tokens of a sequence, after cached ones: 2048, 2048@4096, 4x512@1024; repeatable")
      ->type_name("[Nx]NEW[@CACHED]");
  add_count(command, "--drafted", options.drafted,
            "Each " + options.decode_flag + " verifies so many drafted tokens, too (default: 0)", 0);
  command.add_option("--batch", options.file, "A file of sequences (docs/program.md), besides the others")
      ->type_name("FILE");
}

GivenBatch resolve(const StepBatchOptions& options, const Deployment& deployment) {
  GivenBatch given{given_sequences(options), StepBatch(deployment.model)};
  for (const StepSequences& alike : given.sequences) {
    for (std::int32_t i = 0; i < alike.count; ++i) given.batch.add(alike.sequence);
  }
  if (const auto found = violation(deployment.model, deployment.parallelism(), given.batch)) {
    fail_parallelism(*found);
  }
  require_platforms(deployment, given.batch);
  return given;
}

}  // namespace opcost::program
