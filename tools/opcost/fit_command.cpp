// SPDX-License-Identifier: Apache-2.0
#include "fit_command.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
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

struct FitOptions {
  DeploymentOptions deployment;
  MemoryPolicy policy;
  std::int32_t context_tokens = 8192;
  std::int32_t sequences = 0;  ///< 0: not given.
  std::string format = "table";

  std::int32_t wanted() const noexcept { return std::max(1, sequences); }
};

/// A rank of one stage.
struct StageMemory {
  std::int32_t stage = 0;
  MemoryUse use{};                        ///< Without caches.
  Bytes left{};                           ///< For caches; negative where that much is missing.
  Bytes token{};                          ///< KV cache that one more token of a sequence takes; no window is full.
  Bytes sequence{};                       ///< What a sequence holds.
  std::int32_t sequences = 0;             ///< As many fit.
  std::optional<std::int64_t> tokens{0};  ///< As many fit altogether; nothing where none takes memory.
};

/// What fits an accelerator.
struct GpuFit {
  Bytes available{};
  StageMemory limiting{};  ///< The stage that the fewest sequences fit.
  std::optional<std::int64_t> tokens{};
  FittingContext alone{};
  std::optional<FittingContext> together{};  ///< Of as many sequences as asked for.
  Bytes missing{};                           ///< For one sequence, or as many as asked for; 0 where they fit.
  std::optional<Parallelism> helps{};        ///< The fewest tensor-parallel ranks that they fit, where they do not.

  bool fits() const noexcept { return !(missing > Bytes{}); }
};

struct Fit {
  FitOptions options;
  Deployment deployment;
  std::vector<GpuFit> gpus;
};

StageMemory stage_memory(const ModelShard& shard, std::int32_t stage, const Deployment& deployment,
                         const Accelerator& accelerator, const FitOptions& options) {
  const MemoryPolicy& policy = options.policy;
  const ModelPrecision& precision = deployment.precision;
  const CacheBatch cache(shard, policy.block_tokens);
  const std::int32_t context_ranks = shard.place.parallelism.context;
  StageMemory memory{.stage = stage, .use = memory_use(shard, precision, cache, policy)};
  memory.left = cache_capacity(shard, precision, accelerator, policy);
  memory.token = kv_cache_bytes_per_token(shard.model, precision.kv_cache) / context_ranks;
  memory.sequence =
      cache_bytes(shard.model, precision, cache.of_sequence(options.context_tokens), policy.block_tokens).total();
  memory.sequences = largest_batch(shard, precision, accelerator, policy, options.context_tokens);
  if (!(memory.token > Bytes{})) {
    memory.tokens.reset();
  } else if (memory.left > Bytes{}) {
    const std::int64_t block = std::int64_t{policy.block_tokens} * context_ranks;
    memory.tokens = static_cast<std::int64_t>(memory.left / (memory.token * static_cast<double>(block))) * block;
  }
  return memory;
}

Bytes missing_on(const StageMemory& memory, std::int32_t sequences) {
  const Bytes missing = memory.sequence * sequences - memory.left;
  return missing > Bytes{} ? missing : Bytes{};
}

std::vector<StageMemory> stage_memories(const Deployment& deployment, const Parallelism& parallelism,
                                        const Accelerator& accelerator, const FitOptions& options) {
  std::vector<StageMemory> memories;
  for (const ModelShard& shard : stages_of(deployment.model, parallelism)) {
    memories.push_back(
        stage_memory(shard, static_cast<std::int32_t>(memories.size()), deployment, accelerator, options));
  }
  return memories;
}

/// The fewest tensor-parallel ranks (a power of two) on which what is wanted fits, the other degrees as they are: but
/// experts that are spread over all ranks stay so.
std::optional<Parallelism> fewest_tensor_ranks(const Deployment& deployment, const Accelerator& accelerator,
                                               const FitOptions& options) {
  const Parallelism& given = deployment.parallelism();
  const bool spread = given.expert > 1 && given.expert == given.ranks_per_stage();
  for (std::int32_t tensor = 1; tensor <= 1024; tensor *= 2) {
    Parallelism other = given;
    other.tensor = tensor;
    other.expert = 1;
    if (other.violation()) continue;  // more ranks than 31 bits count
    other.expert = spread ? other.ranks_per_stage() : given.expert;
    if (violation(deployment.model, other)) continue;
    const std::vector<StageMemory> memories = stage_memories(deployment, other, accelerator, options);
    const auto fits = [&](const StageMemory& memory) { return memory.sequences >= options.wanted(); };
    if (std::all_of(memories.begin(), memories.end(), fits)) return other;
  }
  return std::nullopt;
}

GpuFit gpu_fit(const Deployment& deployment, const Accelerator& accelerator, const FitOptions& options) {
  const MemoryPolicy& policy = options.policy;
  const Parallelism& parallelism = deployment.parallelism();
  const std::vector<StageMemory> memories = stage_memories(deployment, parallelism, accelerator, options);
  GpuFit fit{.available = available_memory(accelerator, policy)};
  fit.limiting =
      *std::min_element(memories.begin(), memories.end(), [](const StageMemory& a, const StageMemory& b) {
        return a.sequences != b.sequences ? a.sequences < b.sequences : a.left < b.left;
      });
  for (const StageMemory& memory : memories) {
    if (memory.tokens) fit.tokens = std::min(fit.tokens.value_or(*memory.tokens), *memory.tokens);
    fit.missing = std::max(fit.missing, missing_on(memory, options.wanted()));
  }
  const auto longest = [&](std::int32_t sequences) {
    return context_that_fits(deployment.model, parallelism, deployment.precision, accelerator, policy, sequences);
  };
  fit.alone = longest(1);
  if (options.sequences > 0) fit.together = longest(options.sequences);
  if (!fit.fits()) fit.helps = fewest_tensor_ranks(deployment, accelerator, options);
  return fit;
}

/// What a longest context is limited by.
std::string_view limiter(const FittingContext& context) {
  if (context.tokens() == unlimited_by_memory) return "nothing";
  return context.by_memory < context.by_model ? "memory" : "model";
}

std::string context_text(const FittingContext& context) {
  if (context.tokens() == unlimited_by_memory) return "unlimited";
  return fmt::format("{} ({})", context.tokens(), limiter(context));
}

Table readable_table(const Fit& fit) {
  const Parallelism& parallelism = fit.deployment.parallelism();
  FigureTable table("memory of a GPU", fit.deployment.accelerators);
  using Gpu = const GpuFit&;
  const auto add = [&](const std::string& label, const auto& text_of, Emphasis emphasis = Emphasis::none) {
    table.add(label, fit.gpus, text_of, emphasis);
  };
  const auto bytes = [](Bytes size) { return fmt::format("{}", size); };
  if (parallelism.pipeline > 1) {
    add("stage that limits",
        [&](Gpu gpu) { return fmt::format("{} of {}", gpu.limiting.stage + 1, parallelism.pipeline); });
  }
  add("available", [&](Gpu gpu) { return bytes(gpu.available); });
  add("weights", [&](Gpu gpu) { return bytes(gpu.limiting.use.weights); });
  add("activations", [&](Gpu gpu) { return bytes(gpu.limiting.use.activations); });
  add("reserve", [&](Gpu gpu) { return bytes(gpu.limiting.use.reserve); });
  add("left for caches", [&](Gpu gpu) { return bytes(gpu.limiting.left); });
  table.add_rule();
  add("KV cache of a token", [&](Gpu gpu) { return bytes(gpu.limiting.token); });
  add(fmt::format("a sequence of {} tokens", fit.options.context_tokens),
      [&](Gpu gpu) { return bytes(gpu.limiting.sequence); });
  add(
      "as many of them fit", [&](Gpu gpu) { return fitting_text(gpu.limiting.sequences); }, Emphasis::strong);
  if (parallelism.data > 1) {
    add(fmt::format("  on all {} data-parallel ranks", parallelism.data), [&](Gpu gpu) {
      const std::int32_t each = gpu.limiting.sequences;
      return each == unlimited_by_memory ? fitting_text(each)
                                         : fmt::format("{}", std::int64_t{each} * parallelism.data);
    });
  }
  add("tokens altogether",
      [&](Gpu gpu) { return gpu.tokens ? fmt::format("{}", *gpu.tokens) : fitting_text(unlimited_by_memory); });
  add("longest context of 1 sequence", [](Gpu gpu) { return context_text(gpu.alone); });
  if (fit.options.sequences > 0) {
    add(fmt::format("longest context of {}", plural(fit.options.sequences, "sequence")),
        [](Gpu gpu) { return context_text(*gpu.together); });
  }
  return table.table();
}

std::string helps_text(const Fit& fit, const GpuFit& gpu) {
  const bool one = fit.options.wanted() == 1;
  if (!gpu.helps)
    return fmt::format("no --tp of 1, 2, 4, … that the model allows makes {} fit", one ? "it" : "them");
  const bool experts = gpu.helps->expert != fit.deployment.parallelism().expert;
  return fmt::format("{} with --tp {}{}", one ? "it fits" : "they fit", gpu.helps->tensor,
                     experts ? fmt::format(" --ep {}", gpu.helps->expert) : "");
}

std::string notes(const Fit& fit) {
  const FitOptions& options = fit.options;
  const Parallelism& parallelism = fit.deployment.parallelism();
  std::string text;
  for (std::size_t i = 0; i < fit.gpus.size(); ++i) {
    const GpuFit& gpu = fit.gpus[i];
    if (gpu.fits()) continue;
    text += fmt::format("{}: {} of {} tokens {} not fit: {} are missing on a GPU; {}.\n",
                        fit.deployment.accelerators[i].name, plural(options.wanted(), "sequence"),
                        options.context_tokens, options.wanted() == 1 ? "does" : "do", gpu.missing,
                        helps_text(fit, gpu));
  }
  text += fmt::format(
      "Available is {:g} % of what software can use; activations are those of {} new tokens a step; caches come in "
      "blocks of {}.\n",
      100.0 * options.policy.utilisation, options.policy.step_tokens, plural(options.policy.block_tokens, "token"));
  if (fit.deployment.model.local_layers() > 0) {
    text +=
        "Tokens altogether count as long as no window is full; layers with a window hold no more than that of a "
        "sequence.\n";
  }
  if (parallelism.data > 1) text += "Sequences, contexts and tokens are those of one data-parallel rank.\n";
  if (parallelism.pipeline > 1) {
    text += "Memory is that of the stage that the fewest sequences fit; each answer is the least of all stages.\n";
  }
  return text + fit.deployment.context_text(options.context_tokens);
}

std::string readable_text(const Fit& fit, TableFormat format) {
  const Deployment& deployment = fit.deployment;
  return fmt::format("{}; {}; {}\n\n{}\n{}", deployment.model.name, deployment.precision_text(),
                     deployment.ranks_text(), readable_table(fit).render(format, colour_wanted()), notes(fit));
}

Json context_json(std::int32_t sequences, const FittingContext& context) {
  return {{"sequences", sequences}, {"tokens", fitting_json(context.tokens())}, {"limited_by", limiter(context)}};
}

Json gpu_json(const Fit& fit, std::size_t index) {
  const GpuFit& gpu = fit.gpus[index];
  const StageMemory& memory = gpu.limiting;
  const std::int32_t data = fit.deployment.parallelism().data;
  Json json;
  json["gpu"] = fit.deployment.accelerators[index].name.view();
  json["fits"] = gpu.fits();
  json["missing_bytes"] = gpu.missing.value;
  json["fitting_tensor"] = nullptr;
  json["fitting_expert"] = nullptr;
  if (gpu.helps) {
    json["fitting_tensor"] = gpu.helps->tensor;
    json["fitting_expert"] = gpu.helps->expert;
  }
  json["stage"] = memory.stage;
  json["available_bytes"] = gpu.available.value;
  json["weights_bytes"] = memory.use.weights.value;
  json["activations_bytes"] = memory.use.activations.value;
  json["reserve_bytes"] = memory.use.reserve.value;
  json["cache_capacity_bytes"] = memory.left.value;
  json["token_bytes"] = memory.token.value;
  json["sequence_bytes"] = memory.sequence.value;
  json["sequences"] = fitting_json(memory.sequences);
  json["sequences_of_all_data_ranks"] = nullptr;
  if (memory.sequences != unlimited_by_memory) {
    json["sequences_of_all_data_ranks"] = std::int64_t{memory.sequences} * data;
  }
  json["tokens"] = nullptr;
  if (gpu.tokens) json["tokens"] = *gpu.tokens;
  json["longest_contexts"] = Json::array({context_json(1, gpu.alone)});
  if (gpu.together) json["longest_contexts"].push_back(context_json(fit.options.sequences, *gpu.together));
  return json;
}

/// The schema is documented in docs/program.md; keys are only ever added.
Json json_of(const Fit& fit) {
  const Deployment& deployment = fit.deployment;
  Json json;
  json["schema"] = "opcost-fit-1";
  json["model"] = deployment.model.name.view();
  json["dtype"] = deployment.data_type;
  json["kv_dtype"] = deployment.cache_type;
  json["parallelism"] = parallelism_json(deployment);
  json["policy"] = policy_json(fit.options.policy);
  json["context_tokens"] = fit.options.context_tokens;
  json["wanted_sequences"] = fit.options.wanted();
  json["gpus"] = Json::array();
  for (std::size_t i = 0; i < fit.gpus.size(); ++i) json["gpus"].push_back(gpu_json(fit, i));
  return json;
}

void run(const FitOptions& options) {
  Fit fit{options, resolve(options.deployment), {}};
  for (const Accelerator& accelerator : fit.deployment.accelerators) {
    fit.gpus.push_back(gpu_fit(fit.deployment, accelerator, options));
  }
  if (options.format == "json") {
    print(json_of(fit).dump(2) + "\n");
  } else if (options.format == "csv") {
    print(flat_table(json_of(fit).at("gpus")).render(TableFormat::csv, false));
  } else {
    print(readable_text(fit, table_format(options.format)));
  }
}

}  // namespace

void add_fit_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "fit", "What a GPU holds of a model: weights, activations, and how many sequences of how many tokens");
  command->footer(
      "Examples:\n"
      "  opcost fit --model llama-3.1-70b --gpu h100-sxm --gpu h20 --tp 4 --context 8192\n"
      "  opcost fit --model deepseek-v3 --dtype fp8_block --gpu h100-sxm --ep 32 --dp 32 --batch 64");
  const auto options = std::make_shared<FitOptions>();
  add_deployment_options(*command, options->deployment);
  for (const char* of_time : {"--calibration", "--ranks-per-node", "--system", "--eager"}) {
    command->remove_option(command->get_option(of_time));
  }
  add_count(*command, "--context", options->context_tokens, "Tokens of a sequence (default: 8192)");
  add_count(*command, "--batch", options->sequences,
            "Sequences that should fit, and whose longest context is asked for");
  add_memory_options(*command, options->policy);
  add_choice(*command, "--format", options->format, "How to print (default: table)",
             {"table", "markdown", "csv", "json"});
  command->callback([options] { run(*options); });
}

}  // namespace opcost::program
