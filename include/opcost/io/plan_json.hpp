// SPDX-License-Identifier: Apache-2.0
//
// Plans as files: which accelerators execute which blocks, in how many micro-batches of how many sequences.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/model/block.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/model/step_operations.hpp"
#include "opcost/placement/block_memory.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/stage_plan.hpp"
#include "opcost/placement/workload.hpp"
#include "opcost/validation.hpp"

namespace opcost {

inline constexpr std::string_view plan_schema = "opcost-plan-1";

/// Copies of a plan, and what one micro-batch of it has.
struct PlannedPart {
  Phase phase = Phase::decode;
  std::int32_t copies = 1;
  StagePlan plan{};
  PhaseStep step{};

  friend constexpr bool operator==(const PlannedPart& a, const PlannedPart& b) noexcept {
    return a.phase == b.phase && a.copies == b.copies && a.plan == b.plan &&
           a.step.micro_batch == b.step.micro_batch;
  }
};

/// Sequences of a micro-batch: those that decode, or prompts where none does.
constexpr std::int32_t sequences_of(const MicroBatch& micro_batch) noexcept {
  return micro_batch.decoding > 0 ? micro_batch.decoding : micro_batch.prompts;
}

namespace detail {

inline std::string pool_name(const Cluster& cluster, std::size_t pool) {
  return std::string(cluster.pool(pool).platform.accelerator->name.view());
}

inline constexpr double most_tokens_of_micro_batch = 1 << 24;

inline std::optional<PhaseStep> phase_step(const Workload& workload, Phase phase, std::int32_t sequences,
                                           std::int32_t most_prompt_tokens) noexcept {
  const double tokens_each = phase == Phase::decode ? 1.0 : double(workload.input_tokens) + 1.0;
  if (sequences > most_tokens_of_micro_batch / tokens_each) return std::nullopt;
  switch (phase) {
    case Phase::mixed: return mixed_step(workload, sequences);
    case Phase::prefill: return prefill_step(workload, sequences, most_prompt_tokens);
    case Phase::decode: break;
  }
  return decode_step(workload, sequences);
}

/// Reads `parts` of a plan for a model on a cluster.
class PlanReader {
 public:
  PlanReader(const ModelConfig& model, const Workload& workload, const Cluster& cluster,
             std::int32_t most_prompt_tokens) noexcept
      : model_(model), workload_(workload), cluster_(cluster), most_prompt_tokens_(most_prompt_tokens) {}

  std::vector<PlannedPart> read(const JsonNode& parts_node) {
    std::vector<PlannedPart> parts;
    const std::vector<JsonNode> nodes = parts_node.as_array();
    if (nodes.empty()) parts_node.fail("at least one part");
    std::array<double, most_pools> taken{};
    std::array<bool, 3> served{};
    for (const JsonNode& node : nodes) {
      const PlannedPart part = read_part(node);
      served[static_cast<std::size_t>(part.phase)] = true;
      for (const AcceleratorGroup& group : part.plan.used_groups()) {
        const auto pool = static_cast<std::size_t>(group.pool);
        taken[pool] += double(part.copies) * group.accelerators();
        if (taken[pool] <= cluster_.pool(pool).accelerators) continue;
        fail_at(node, "takes more accelerators of " + pool_name(cluster_, pool) +
                          " than the parts before it leave" + ", expected at most " +
                          std::to_string(cluster_.pool(pool).accelerators) + " in all");
      }
      parts.push_back(part);
    }
    const auto [mixed, prefill, decode] = served;
    if (workload_.hands_over() && prefill != decode) {
      fail_at(parts_node, std::string("have phase ") + (prefill ? "prefill" : "decode") + " only, expected " +
                              (prefill ? "decode" : "prefill") + ", too, as this workload has both");
    }
    return parts;
  }

 private:
  [[noreturn]] static void fail_at(const JsonNode& node, const std::string& what) {
    throw InputError(node.file() + ": " + node.pointer() + " " + what);
  }
  [[noreturn]] static void fail_violation(const JsonNode& node, const Violation& violation) {
    throw InputError(node.file() + ": " + node.pointer() + ": " + InvalidValue(violation).what());
  }

  PlannedPart read_part(const JsonNode& node) {
    JsonObject object(node);
    PlannedPart part;
    part.phase = read_phase(object.member("phase"));
    part.copies = object.member("copies").as_integer(1);
    part.plan.micro_batches = object.member("micro_batches").as_integer(1);
    const JsonNode sequences = object.member("sequences");
    const auto step = phase_step(workload_, part.phase, sequences.as_integer(1), most_prompt_tokens_);
    if (!step) sequences.fail("so many that a micro-batch has at most 16777216 tokens");
    part.step = *step;
    read_groups(object.member("groups"), part.plan);
    read_ranges(object.member("layer_ranges"), part.plan);
    object.ignore({"micro_batch", "estimate"});
    object.finish();
    if (const auto found = opcost::violation(model_, cluster_, part.plan)) fail_violation(node, *found);
    for (const AcceleratorGroup& group : part.plan.used_groups()) {
      const StepBatch share = part.step.micro_batch.share(model_, group.parallelism.token_groups());
      if (const auto found = opcost::violation(model_, group.parallelism, share)) fail_violation(node, *found);
    }
    return part;
  }

  /// Only those that the workload has something for.
  Phase read_phase(const JsonNode& node) const {
    const std::string text = node.as_string();
    std::string known;
    for (const Phase phase : {Phase::mixed, Phase::prefill, Phase::decode}) {
      const bool possible =
          (phase == Phase::decode || workload_.prefills()) && (phase == Phase::prefill || workload_.decodes());
      if (!possible) continue;
      if (text == name(phase)) return phase;
      known += (known.empty() ? "" : ", ") + std::string(name(phase));
    }
    node.fail("one of this workload's phases: " + known);
  }

  void read_groups(const JsonNode& groups_node, StagePlan& plan) const {
    const std::vector<JsonNode> nodes = groups_node.as_array();
    if (nodes.empty() || nodes.size() > most_groups) groups_node.fail("1 to 8 groups");
    plan.group_count = static_cast<std::int32_t>(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      JsonObject object(nodes[i]);
      AcceleratorGroup& group = plan.groups[i];
      group.pool = read_pool(object.member("pool"));
      Parallelism& ranks = group.parallelism;
      ranks.tensor = object.member("tensor").as_integer(1);
      ranks.data = object.member("data").as_integer(1);
      ranks.expert = object.member("expert").as_integer(1);
      const JsonNode accelerators = object.member("accelerators");
      if (accelerators.as_integer(1) != std::int64_t{ranks.tensor} * ranks.data) {
        accelerators.fail("tensor x data, " + std::to_string(std::int64_t{ranks.tensor} * ranks.data));
      }
      object.finish();
      if (const auto found = opcost::violation(model_, ranks)) fail_violation(nodes[i], *found);
    }
  }

  std::int32_t read_pool(const JsonNode& node) const {
    const std::string text = node.as_string();
    std::string known;
    for (std::size_t i = 0; i < cluster_.pools().size(); ++i) {
      if (text == pool_name(cluster_, i)) return static_cast<std::int32_t>(i);
      known += (known.empty() ? "" : ", ") + pool_name(cluster_, i);
    }
    node.fail("one of the pools: " + known);
  }

  void read_ranges(const JsonNode& ranges_node, StagePlan& plan) const {
    const std::vector<JsonNode> nodes = ranges_node.as_array();
    if (nodes.empty() || nodes.size() > most_layer_ranges) ranges_node.fail("1 to 8 layer ranges");
    plan.range_count = static_cast<std::int32_t>(nodes.size());
    std::int64_t layers = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      JsonObject object(nodes[i]);
      LayerRange& range = plan.ranges[i];
      range.layers = object.member("layers").as_integer(1);
      layers += range.layers;
      read_blocks(object.member("blocks"), plan.group_count, range);
      object.finish();
    }
    if (layers != model_.layers()) {
      fail_at(ranges_node, "have " + std::to_string(layers) + " layers, expected the " +
                               std::to_string(model_.layers()) + " of " + std::string(model_.name.view()));
    }
  }

  /// Every block that the model has, and no other.
  void read_blocks(const JsonNode& node, std::int32_t groups, LayerRange& range) const {
    JsonObject object(node);
    const BlockLayers layers = block_layers(model_);
    for (std::size_t i = 0; i < placed_block_count; ++i) {
      const auto block = static_cast<Block>(i);
      if (layers[block] == 0) continue;
      const JsonNode group = object.member(std::string(name(block)));
      const std::int32_t index = group.as_integer(0);
      if (index >= groups) {
        group.fail("the index of a group, " +
                   (groups == 1 ? std::string("0") : "0 to " + std::to_string(groups - 1)));
      }
      range.groups[i] = static_cast<std::uint8_t>(index);
    }
    object.finish();
  }

  const ModelConfig& model_;
  const Workload& workload_;
  const Cluster& cluster_;
  std::int32_t most_prompt_tokens_;
};

}  // namespace detail

/// Reads the parts of a plan from a parsed document that was made for this model, on a cluster, whose pools are
/// called by their accelerators' names. `most_prompt_tokens`: prompts are cut into chunks of no more. What else an
/// opcost-plan-1 document has says what it was made for and what was expected of it: not read. Every part is valid,
/// and the pools have accelerators for all of them. Throws InputError.
inline std::vector<PlannedPart> read_plan(const JsonNode& node, const ModelConfig& model, const Workload& workload,
                                          const Cluster& cluster, std::int32_t most_prompt_tokens) {
  JsonObject root(node);
  const JsonNode schema = root.member("schema");
  if (schema.as_string() != plan_schema) schema.fail("\"" + std::string(plan_schema) + "\"");
  if (const auto made_for = root.present("model")) {
    if (made_for->as_string() != model.name.view()) made_for->fail("\"" + std::string(model.name.view()) + "\"");
  }
  auto parts = detail::PlanReader(model, workload, cluster, most_prompt_tokens).read(root.member("parts"));
  root.ignore({"dtype", "kv_dtype", "system", "cuda_graph", "pools", "links", "workload", "targets", "objective",
               "policy", "levels", "level", "explanation"});
  root.finish();
  return parts;
}

/// Reads a file; throws InputError.
inline std::vector<PlannedPart> read_plan_file(const std::filesystem::path& path, const ModelConfig& model,
                                               const Workload& workload, const Cluster& cluster,
                                               std::int32_t most_prompt_tokens) {
  const JsonDocument document = JsonDocument::read(path);
  return read_plan(document.root(), model, workload, cluster, most_prompt_tokens);
}

/// A part as `read_plan` reads it, with what its micro-batch has.
inline nlohmann::ordered_json plan_json(const ModelConfig& model, const Cluster& cluster, const PlannedPart& part) {
  using Json = nlohmann::ordered_json;
  const MicroBatch& micro_batch = part.step.micro_batch;
  Json json;
  json["phase"] = name(part.phase);
  json["copies"] = part.copies;
  json["micro_batches"] = part.plan.micro_batches;
  json["sequences"] = sequences_of(micro_batch);
  json["micro_batch"] = {
      {"decodes", micro_batch.decoding},
      {"decode_context_tokens", micro_batch.decoding > 0 ? micro_batch.decode.context_tokens : 0},
      {"prompts", micro_batch.prompts},
      {"prompt_tokens", micro_batch.prompts > 0 ? micro_batch.prompt.query_tokens : 0},
      {"prompt_context_tokens", micro_batch.prompts > 0 ? micro_batch.prompt.context_tokens : 0}};
  json["groups"] = Json::array();
  for (const AcceleratorGroup& group : part.plan.used_groups()) {
    json["groups"].push_back({{"pool", detail::pool_name(cluster, static_cast<std::size_t>(group.pool))},
                              {"accelerators", group.accelerators()},
                              {"tensor", group.parallelism.tensor},
                              {"data", group.parallelism.data},
                              {"expert", group.parallelism.expert}});
  }
  const BlockLayers layers = block_layers(model);
  json["layer_ranges"] = Json::array();
  for (const LayerRange& range : part.plan.used_ranges()) {
    Json blocks = Json::object();
    for (std::size_t i = 0; i < placed_block_count; ++i) {
      const auto block = static_cast<Block>(i);
      if (layers[block] > 0) blocks[std::string(name(block))] = range[block];
    }
    json["layer_ranges"].push_back({{"layers", range.layers}, {"blocks", blocks}});
  }
  return json;
}

}  // namespace opcost
