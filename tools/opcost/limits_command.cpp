// SPDX-License-Identifier: Apache-2.0
#include "limits_command.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "gpu_figures.hpp"
#include "memory_options.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "step_options.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int32_t longest_prompt = 1 << 20;
constexpr std::int32_t longest_searched = 1 << 24;  // context, where a model states none
constexpr std::int32_t most_chunks = 1 << 12;       // more are not counted

struct LimitsOptions {
  DeploymentOptions deployment;
  StepBatchOptions with;  ///< Sequences that run already.
  MemoryPolicy policy;
  double milliseconds = 0.0;  ///< 0: not given.
  std::int32_t context_tokens = 8192;
  std::int32_t prompt_tokens = 8192;
  bool high = false;
  std::string format = "table";

  bool has_sequences() const noexcept {
    return !with.decodes.empty() || !with.prefills.empty() || !with.file.empty() || with.drafted != 0;
  }
  StepLimit limit() const noexcept {
    return {Seconds{milliseconds * 1e-3}, high ? &StepEstimate::high : &StepEstimate::expected};
  }
};

/// How many sequences keep a limit on time, and how many fit.
struct MostSequences {
  std::int32_t by_time = 0;
  std::int32_t by_memory = 0;
  Seconds time{};                     ///< Of a step with as many as keep it …
  std::optional<Seconds> one_more{};  ///< … and with one more, where that can be counted.

  std::int32_t sequences() const noexcept { return std::min(by_time, by_memory); }
  std::string_view limiter() const noexcept {
    if (by_memory < by_time) return "memory";
    return by_time < most_sequences ? "time" : "nothing";
  }
};

/// The longest context of so many sequences that decode together.
struct LongestContext {
  std::int32_t sequences = 1;
  std::int32_t by_time = 0;  ///< At most what a search considers.
  FittingContext fitting{};

  std::int32_t tokens() const noexcept { return std::min(by_time, fitting.tokens()); }
  std::string_view limiter() const noexcept {
    if (by_time < fitting.tokens()) return by_time < longest_searched ? "time" : "nothing";
    return fitting.by_memory < fitting.by_model ? "memory" : "model";
  }
};

struct LargestChunk {
  std::int32_t cached_tokens = 0;
  std::int32_t new_tokens = 0;
};

struct EqualChunks {
  std::int32_t count = 0;
  std::int32_t first = 0;
  std::int32_t last = 0;
  std::int32_t tokens = 0;  ///< Of all: fewer than the prompt's where a chunk cannot keep the limit.
};

struct GpuLimits {
  bool fits = false;  ///< The model does, and the sequences that run already.
  MostSequences batch{};
  std::vector<LongestContext> contexts{};
  StepEstimate step{};                     ///< Of the sequences that run already …
  std::optional<StepEstimate> one_more{};  ///< … and with one more, where that can be counted.
  MostSequences joining{};
  std::vector<LargestChunk> chunks{};
  EqualChunks equal{};
  std::optional<std::int32_t> compute_bound_prompt{};
  std::optional<std::int32_t> compute_bound_batch{};
};

struct Limits {
  LimitsOptions options;
  Deployment deployment;
  std::optional<GivenBatch> with;
  std::vector<GpuLimits> gpus{};
};

std::optional<GivenBatch> sequences_at_work(const LimitsOptions& options, const Deployment& deployment) {
  StepBatchOptions one;  // checks what accelerators compute and communicate, whatever runs already
  one.decodes = {fmt::format("1@{}", options.context_tokens)};
  (void)resolve(one, deployment);
  if (!options.has_sequences()) return std::nullopt;
  return resolve(options.with, deployment);
}

/// How many sequences' longest context is asked for: as many as decode already, else some.
std::vector<std::int32_t> batches_of_interest(const std::optional<GivenBatch>& with) {
  const std::int64_t decodes = with ? with->batch.decoding().causal.counts().sequences : 0;
  if (decodes > 0) return {static_cast<std::int32_t>(decodes)};
  return {1, 16, 64};
}

class Search {
 public:
  Search(const Limits& limits, std::size_t index)
      : limits_(limits),
        accelerator_(limits.deployment.accelerators[index]),
        stages_(stages_of(limits.deployment.model, limits.deployment.parallelism())),
        estimator_(limits.deployment.shard, limits.deployment.precision, limits.deployment.platform(index)) {}

  GpuLimits answer() {
    const LimitsOptions& options = limits_.options;
    const StepLimit limit = options.limit();
    const StepBatch empty(limits_.deployment.model);
    GpuLimits gpu;
    gpu.fits = sequences_fit(stages_, estimator_.precision(), accelerator_, options.policy,
                             limits_.with ? limits_.with->sequences : std::vector<StepSequences>{});
    gpu.batch = most_beside(empty, {});
    for (const std::int32_t sequences : batches_of_interest(limits_.with)) {
      gpu.contexts.push_back({sequences, longest_decode_context(estimator_, sequences, limit),
                              context_that_fits(limits_.deployment.model, limits_.deployment.parallelism(),
                                                estimator_.precision(), accelerator_, options.policy, sequences)});
    }
    const StepBatch& batch = limits_.with ? limits_.with->batch : empty;
    if (limits_.with) {
      gpu.step = estimator_.estimate(batch);
      gpu.one_more = with_one_more(batch);
      gpu.joining = most_beside(batch, limits_.with->sequences);
    }
    const std::int32_t prompt = options.prompt_tokens;
    for (const std::int32_t cached : {0, prompt / 2, prompt}) {
      gpu.chunks.push_back({cached, largest_prefill_chunk(estimator_, batch, {prompt, cached + prompt, 1}, limit)});
    }
    const auto visit = [&](const StepSequence& chunk, const StepEstimate& /*estimate*/) noexcept {
      if (gpu.equal.count++ == 0) gpu.equal.first = chunk.query_tokens;
      gpu.equal.last = chunk.query_tokens;
    };
    gpu.equal.tokens = opcost::detail::cut_into_chunks(estimator_, {prompt, prompt, 1}, limit, most_chunks, visit);
    gpu.compute_bound_prompt = compute_bound_prompt(estimator_);
    gpu.compute_bound_batch = compute_bound_decode_batch(estimator_, options.context_tokens);
    return gpu;
  }

 private:
  std::optional<StepEstimate> with_one_more(const StepBatch& batch) {
    const StepBatch joined = opcost::detail::with(batch, decode_);
    if (!opcost::detail::countable(estimator_.shard(), joined)) return std::nullopt;
    return estimator_.estimate(joined);
  }

  /// As many sequences as can join the batch, which `held` are.
  MostSequences most_beside(const StepBatch& batch, const std::vector<StepSequences>& held) {
    const StepLimit limit = limits_.options.limit();
    MostSequences most;
    most.by_time = most_joining(estimator_, batch, decode_, limit);
    most.by_memory = sequences_that_fit(stages_, estimator_.precision(), accelerator_, limits_.options.policy,
                                        decode_.context_tokens, held);
    StepBatch joined = batch;
    joined.add(decode_, most.by_time);
    most.time = estimator_.estimate(joined).*limit.compared;
    if (const auto one_more = with_one_more(joined)) most.one_more = (*one_more).*limit.compared;
    return most;
  }

  const Limits& limits_;
  const Accelerator& accelerator_;
  std::vector<ModelShard> stages_;
  StepEstimator estimator_;
  StepSequence decode_{1, limits_.options.context_tokens, 1};
};

std::string sequences_text(const MostSequences& most) {
  if (most.limiter() == "nothing") return fmt::format("{} or more", most.sequences());
  return fmt::format("{} ({})", most.sequences(), most.limiter());
}

/// "33: 29.9 ms, 34: 30.1 ms"
std::string time_text(const MostSequences& most) {
  if (most.by_time >= most_sequences || !most.one_more) return fmt::format("{} or more", most.by_time);
  const std::string more = fmt::format("{}: {}", most.by_time + 1, *most.one_more);
  return most.by_time == 0 ? more : fmt::format("{}: {}, {}", most.by_time, most.time, more);
}

std::string context_text(const LongestContext& context) {
  if (context.limiter() == "nothing") return fmt::format("{} or more", context.tokens());
  return fmt::format("{} ({})", context.tokens(), context.limiter());
}

std::string chunks_text(const EqualChunks& chunks, std::int32_t prompt) {
  if (chunks.count == 0) return "none";
  const std::string lengths = chunks.count == 1
                                  ? fmt::format("1: {}", chunks.first)
                                  : fmt::format("{}: {} … {}", chunks.count, chunks.first, chunks.last);
  return chunks.tokens == prompt ? lengths : fmt::format("{}, ends at {}", lengths, chunks.tokens);
}

std::string or_never(const std::optional<std::int32_t>& from) {
  return from ? fmt::format("{}", *from) : std::string("never");
}

Table readable_table(const Limits& limits) {
  const LimitsOptions& options = limits.options;
  const StepLimit limit = options.limit();
  FigureTable table(fmt::format("within {}", limit.time), limits.deployment.accelerators);
  using Gpu = const GpuLimits&;
  const auto add = [&](const std::string& label, const auto& text_of, Emphasis emphasis = Emphasis::none) {
    table.add(label, limits.gpus, text_of, emphasis);
  };
  const auto add_most = [&](const std::string& label, const MostSequences GpuLimits::*most) {
    add(
        label, [most](Gpu gpu) { return sequences_text(gpu.*most); }, Emphasis::strong);
    add("  by time", [most](Gpu gpu) { return time_text(gpu.*most); });
    add("  by memory", [most](Gpu gpu) { return fitting_text((gpu.*most).by_memory); });
  };
  add_most(fmt::format("largest batch of decodes at {}", options.context_tokens), &GpuLimits::batch);
  if (limits.with) {
    add("these sequences take", [&](Gpu gpu) { return fmt::format("{}", gpu.step.*limit.compared); });
    add(fmt::format("  with one more at {}", options.context_tokens),
        [&](Gpu gpu) { return gpu.one_more ? fmt::format("{}", (*gpu.one_more).*limit.compared) : "–"; });
    add_most(fmt::format("more of them at {} can join", options.context_tokens), &GpuLimits::joining);
  }
  for (std::size_t i = 0; i < limits.gpus.front().contexts.size(); ++i) {
    add(fmt::format("longest context of {}", plural(limits.gpus.front().contexts[i].sequences, "decode")),
        [i](Gpu gpu) { return context_text(gpu.contexts[i]); });
  }
  table.add_rule();
  for (std::size_t i = 0; i < limits.gpus.front().chunks.size(); ++i) {
    add(fmt::format("largest chunk{} after {} cached", limits.with ? " with them" : "",
                    limits.gpus.front().chunks[i].cached_tokens),
        [i](Gpu gpu) { return fmt::format("{}", gpu.chunks[i].new_tokens); });
  }
  add(fmt::format("chunks of a prompt of {}", options.prompt_tokens),
      [&](Gpu gpu) { return chunks_text(gpu.equal, options.prompt_tokens); });
  table.add_rule();
  add("compute-bound from prompts of", [](Gpu gpu) { return or_never(gpu.compute_bound_prompt); });
  add(fmt::format("compute-bound from decodes at {}", options.context_tokens),
      [](Gpu gpu) { return or_never(gpu.compute_bound_batch); });
  return table.table();
}

/// Said where not even the host's part keeps the limit.
std::string host_text(const Limits& limits) {
  if (!limits.deployment.system) return {};
  const ServingSystem& system = *limits.deployment.system;
  const Seconds host = system.host_time(1);
  if (host <= limits.options.limit().time) return {};
  return fmt::format("{}'s host time alone takes longer than the limit: {} with one sequence.\n", system.name,
                     host);
}

std::string notes(const Limits& limits) {
  const LimitsOptions& options = limits.options;
  const Parallelism& parallelism = limits.deployment.parallelism();
  std::string text = host_text(limits);
  for (std::size_t i = 0; i < limits.gpus.size(); ++i) {
    if (limits.gpus[i].fits) continue;
    text += fmt::format("{} does not hold the model{}: see `opcost fit`.\n", limits.deployment.accelerators[i].name,
                        limits.with ? " with these sequences" : "");
  }
  text += fmt::format(
      "Each number keeps the limit by the {} of a step, and one more does not; in brackets, what limits.\n"
      "Times can fall where kernels change, so that a larger number may keep it again. They come from {}.\n"
      "A chunk has at most {} new tokens; chunks of a prompt are steps of their own, of equal cost but the last.\n",
      options.high ? "upper end of the 80 % interval" : "expected time", limits.deployment.calibrations_text(),
      options.prompt_tokens);
  if (std::any_of(limits.gpus.begin(), limits.gpus.end(),
                  [](const GpuLimits& gpu) { return gpu.equal.count == most_chunks; })) {
    text += fmt::format("No more than {} chunks are counted.\n", most_chunks);
  }
  if (!limits.deployment.system) text += "Host time is not in it: see --system.\n";
  if (parallelism.data > 1) text += "Sequences are those of one data-parallel rank; the others have as many.\n";
  if (parallelism.pipeline > 1) {
    text += fmt::format(
        "The limit is for one batch through all {} stages, one after the other; others that fill them meanwhile "
        "share "
        "the memory.\n",
        parallelism.pipeline);
  }
  return text + limits.deployment.context_text(options.context_tokens);
}

std::string readable_text(const Limits& limits, TableFormat format) {
  const Deployment& deployment = limits.deployment;
  return fmt::format("{}{}; {}; {}\n\n{}\n{}", deployment.model.name,
                     limits.with ? fmt::format(", with {}", limits.with->description()) : "",
                     deployment.precision_text(), deployment.ranks_text(),
                     readable_table(limits).render(format, colour_wanted()), notes(limits));
}

Json most_json(const MostSequences& most) {
  Json json;
  json["sequences"] = most.sequences();
  json["limited_by"] = most.limiter();
  json["by_time"] = most.by_time;
  json["by_memory"] = fitting_json(most.by_memory);
  json["time_us"] = most.time.value * 1e6;
  json["time_of_one_more_us"] = nullptr;
  if (most.one_more) json["time_of_one_more_us"] = most.one_more->value * 1e6;
  return json;
}

Json or_null(const std::optional<std::int32_t>& number) {
  if (number) return *number;
  return nullptr;
}

Json gpu_json(const Limits& limits, std::size_t index) {
  const GpuLimits& gpu = limits.gpus[index];
  Json json;
  json["gpu"] = limits.deployment.accelerators[index].name.view();
  json["calibration"] = limits.deployment.calibrations[index].name.view();
  json["fits"] = gpu.fits;
  json["decode_batch"] = most_json(gpu.batch);
  json["step"] = nullptr;
  json["joining"] = nullptr;
  if (limits.with) {
    const auto step = [](const StepEstimate& estimate) {
      return Json{{"estimate_us", estimate.expected.value * 1e6},
                  {"low_us", estimate.low.value * 1e6},
                  {"high_us", estimate.high.value * 1e6}};
    };
    json["step"] = {{"now", step(gpu.step)}, {"with_one_more", gpu.one_more ? step(*gpu.one_more) : Json(nullptr)}};
    json["joining"] = most_json(gpu.joining);
  }
  json["longest_contexts"] = Json::array();
  for (const LongestContext& context : gpu.contexts) {
    json["longest_contexts"].push_back({{"sequences", context.sequences},
                                        {"tokens", context.tokens()},
                                        {"limited_by", context.limiter()},
                                        {"by_time", context.by_time},
                                        {"by_memory", fitting_json(context.fitting.by_memory)}});
  }
  json["prefill_chunks"] = Json::array();
  for (const LargestChunk& chunk : gpu.chunks) {
    json["prefill_chunks"].push_back({{"cached_tokens", chunk.cached_tokens}, {"new_tokens", chunk.new_tokens}});
  }
  json["equal_cost_chunks"] = {{"count", gpu.equal.count},
                               {"first_tokens", gpu.equal.first},
                               {"last_tokens", gpu.equal.last},
                               {"tokens", gpu.equal.tokens}};
  json["compute_bound_prompt_tokens"] = or_null(gpu.compute_bound_prompt);
  json["compute_bound_decodes"] = or_null(gpu.compute_bound_batch);
  return json;
}

/// The schema is documented in docs/program.md; keys are only ever added.
Json json_of(const Limits& limits) {
  const Deployment& deployment = limits.deployment;
  const LimitsOptions& options = limits.options;
  Json json;
  json["schema"] = "opcost-limits-1";
  json["model"] = deployment.model.name.view();
  json["dtype"] = deployment.data_type;
  json["kv_dtype"] = deployment.cache_type;
  json["parallelism"] = parallelism_json(deployment);
  json["policy"] = policy_json(options.policy);
  json["system"] = nullptr;
  if (deployment.system) json["system"] = deployment.system->name.view();
  json["cuda_graph"] = deployment.conditions.cuda_graph;
  json["limit_us"] = options.limit().time.value * 1e6;
  json["compared"] = options.high ? "high" : "expected";
  json["context_tokens"] = options.context_tokens;
  json["prompt_tokens"] = options.prompt_tokens;
  json["gpus"] = Json::array();
  for (std::size_t i = 0; i < limits.gpus.size(); ++i) json["gpus"].push_back(gpu_json(limits, i));
  return json;
}

void run(const LimitsOptions& options) {
  require_option(options.milliseconds > 0.0, "--tpot", "a time in milliseconds");
  if (options.prompt_tokens > longest_prompt) {
    throw InputError(fmt::format("--prompt is {}, expected at most {}", options.prompt_tokens, longest_prompt));
  }
  Limits limits{options, resolve(options.deployment), {}};
  limits.with = sequences_at_work(options, limits.deployment);
  for (std::size_t i = 0; i < limits.deployment.accelerators.size(); ++i) {
    limits.gpus.push_back(Search(limits, i).answer());
  }
  if (options.format == "json") {
    print(json_of(limits).dump(2) + "\n");
  } else if (options.format == "csv") {
    print(flat_table(json_of(limits).at("gpus")).render(TableFormat::csv, false));
  } else {
    print(readable_text(limits, table_format(options.format)));
  }
}

}  // namespace

void add_limits_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "limits", "How many sequences, tokens and keys keep a step within a time, and from where on compute limits");
  command->footer(
      "Examples:\n"
      "  opcost limits --model llama-3.1-70b --gpu h100-sxm --gpu h20 --tp 4 --tpot 30\n"
      "  opcost limits --model qwen3-8b --gpu h100-sxm --tpot 20 --high --with 64@8192 --prompt 32768");
  const auto options = std::make_shared<LimitsOptions>();
  add_deployment_options(*command, options->deployment);
  constexpr double longest = 1e9;
  add_number(*command, "--tpot", options->milliseconds, "Most time of a step, in milliseconds: 30", 0.0, longest,
             "a time in milliseconds above 0 and at most 1000000000");
  command->add_flag("--high", options->high,
                    "Compare the upper end of the 80 % interval, not the expected time, with it");
  add_count(*command, "--context", options->context_tokens, "Tokens of a sequence that decodes (default: 8192)", 2);
  add_count(*command, "--prompt", options->prompt_tokens, "Tokens of a prompt that is cut (default: 8192)");
  options->with.decode_flag = "--with";
  add_batch_options(*command, options->with);
  add_memory_options(*command, options->policy);
  add_choice(*command, "--format", options->format, "How to print (default: table)",
             {"table", "markdown", "csv", "json"});
  command->callback([options] { run(*options); });
}

}  // namespace opcost::program
