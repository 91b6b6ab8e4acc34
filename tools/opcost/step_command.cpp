// SPDX-License-Identifier: Apache-2.0
#include "step_command.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "memory_options.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "step_options.hpp"
#include "step_report.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

/// Everything that is shown.
struct Step {
  Deployment deployment;
  GivenBatch given;
  StepReport report;
};

std::string share_text(double share) { return fmt::format("{:.1f} %", 100.0 * share); }

Cell limit_cell(std::string_view limiter) {
  if (limiter == name(Limiter::compute)) return limiter_cell(Limiter::compute);
  if (limiter == name(Limiter::memory)) return limiter_cell(Limiter::memory);
  return std::string(limiter);
}

/// Rows beside the operations: what hides, and the host.
template <class Add>
void add_host_rows(const Step& step, const Add& add) {
  const auto any = [&](Seconds StepEstimate::*time) {
    return std::any_of(step.report.gpus.begin(), step.report.gpus.end(),
                       [time](const StepOnGpu& gpu) { return (gpu.estimate.*time).value > 0.0; });
  };
  if (any(&StepEstimate::hidden)) add("beside operations", &StepEstimate::hidden, -1.0);
  if (any(&StepEstimate::host)) add("host", &StepEstimate::host, 1.0);
}

/// For people: figures with units.
Table operations_table(const Step& step) {
  const StepReport& report = step.report;
  std::vector<Table::Column> columns{{"operation", false}, {"count"}, {"FLOPs"}, {"bytes"}};
  for (const Accelerator& accelerator : step.deployment.accelerators) {
    columns.push_back({fmt::format("{}", accelerator.name)});
    columns.push_back({"limit", false});
    columns.push_back({"estimate"});
    columns.push_back({"80 %"});
    columns.push_back({"share"});
  }
  Table table(columns);
  for (const StepOperation& operation : report.operations) {
    std::vector<Cell> cells{std::string(operation.name), fmt::format("{}", operation.count)};
    if (operation.message) {
      cells.emplace_back(fmt::format("{} ranks", operation.message->ranks));
      cells.emplace_back(fmt::format("{}", operation.message->bytes));
    } else {
      cells.emplace_back(fmt::format("{}", operation.cost.flops()));
      cells.emplace_back(fmt::format("{}", operation.cost.bytes()));
    }
    for (const OperationOnGpu& gpu : operation.gpus) {
      cells.emplace_back(fmt::format("{}", gpu.bound));
      cells.push_back(limit_cell(gpu.limiter));
      cells.emplace_back(fmt::format("{}", gpu.expected));
      cells.emplace_back(interval_text(gpu.expected, gpu.low, gpu.high));
      cells.emplace_back(share_text(gpu.share));
    }
    table.add_row(cells);
  }
  add_host_rows(step, [&](const char* label, Seconds StepEstimate::*time, double sign) {
    std::vector<Cell> cells{label, "", "", ""};
    for (const StepOnGpu& gpu : report.gpus) {
      const Seconds added = gpu.estimate.*time * sign;
      cells.insert(cells.end(), {"", "", fmt::format("{}", added), "", share_text(added / gpu.estimate.expected)});
    }
    table.add_row(cells);
  });
  table.add_rule();
  std::vector<Cell> cells{{"total", Emphasis::strong},
                          "",
                          {fmt::format("{}", report.cost.flops()), Emphasis::strong},
                          {fmt::format("{}", report.cost.bytes()), Emphasis::strong}};
  for (const StepOnGpu& gpu : report.gpus) {
    const StepEstimate& estimate = gpu.estimate;
    cells.emplace_back(fmt::format("{}", gpu.bound.time()), Emphasis::strong);
    cells.emplace_back("");
    cells.emplace_back(fmt::format("{}", estimate.expected), Emphasis::strong);
    cells.emplace_back(interval_text(estimate.expected, estimate.low, estimate.high));
    cells.emplace_back("");
  }
  table.add_row(cells);
  return table;
}

/// A row for each part that any accelerator spends time on: its time and share.
class PartsTable {
 public:
  PartsTable(const Step& step, const char* heading) : step_(step), table_(columns(step, heading)) {}

  /// `time_of(gpu)` of a StepOnGpu.
  template <class TimeOf>
  void add(std::string_view part, const TimeOf& time_of) {
    std::string label(part);
    std::replace(label.begin(), label.end(), '_', ' ');
    std::vector<Cell> cells{label};
    bool any = false;
    for (const StepOnGpu& gpu : step_.report.gpus) {
      const Seconds time = time_of(gpu);
      any = any || time.value > 0.0;
      cells.emplace_back(fmt::format("{}", time));
      cells.emplace_back(share_text(time / gpu.estimate.expected));
    }
    if (any) table_.add_row(cells);
  }

  const Table& table() const noexcept { return table_; }

 private:
  static std::vector<Table::Column> columns(const Step& step, const char* heading) {
    std::vector<Table::Column> columns{{heading, false}};
    for (const Accelerator& accelerator : step.deployment.accelerators) {
      columns.push_back({fmt::format("{}", accelerator.name)});
      columns.push_back({"share"});
    }
    return columns;
  }

  const Step& step_;
  Table table_;
};

Table work_table(const Step& step) {
  PartsTable parts(step, "by kind");
  for (std::size_t i = 0; i < work_count; ++i) {
    parts.add(name(static_cast<Work>(i)), [i](const StepOnGpu& gpu) { return gpu.work[i]; });
  }
  parts.add("host", [](const StepOnGpu& gpu) { return gpu.estimate.host; });
  return parts.table();
}

Table resource_table(const Step& step) {
  PartsTable parts(step, "by resource");
  for (std::size_t i = 0; i < resource_count; ++i) {
    const auto resource = static_cast<Resource>(i);
    parts.add(name(resource), [resource](const StepOnGpu& gpu) { return gpu.resources[resource]; });
  }
  return parts.table();
}

/// The time of an output token of each sequence, if all decode: less where drafted tokens are accepted.
std::string output_token_text(Seconds expected, std::int32_t tokens) {
  if (tokens == 1) return fmt::format("{}", expected);
  return fmt::format("{} – {}", expected / tokens, expected);
}

Table summary_table(const Step& step) {
  std::vector<Table::Column> columns{{"the step", false}};
  for (const Accelerator& accelerator : step.deployment.accelerators) {
    columns.push_back({fmt::format("{}", accelerator.name)});
  }
  Table table(columns);
  const auto add = [&](const char* label, const auto& text_of, Emphasis emphasis = Emphasis::none) {
    std::vector<Cell> cells{label};
    for (const StepOnGpu& gpu : step.report.gpus) cells.emplace_back(text_of(gpu), emphasis);
    table.add_row(cells);
  };
  using Gpu = const StepOnGpu&;
  const std::int32_t ranks = step.deployment.parallelism().ranks();
  add(
      "expected", [](Gpu gpu) { return fmt::format("{}", gpu.estimate.expected); }, Emphasis::strong);
  add("80 % interval", [](Gpu gpu) { return fmt::format("{} – {}", gpu.estimate.low, gpu.estimate.high); });
  add("bound", [](Gpu gpu) { return fmt::format("{}", gpu.bound.time()); });
  if (step.deployment.parallelism().pipeline > 1) {
    add("slowest stage", [](Gpu gpu) { return fmt::format("{}", gpu.slowest_stage); });
  }
  add("new tokens/s", [](Gpu gpu) { return significant(gpu.tokens_per_second); });
  if (ranks > 1) {
    add("new tokens/s per GPU", [ranks](Gpu gpu) { return significant(gpu.tokens_per_second / ranks); });
  }
  if (const auto tokens = step.given.decoded_tokens()) {
    add("time per output token", [tokens](Gpu gpu) { return output_token_text(gpu.estimate.expected, *tokens); });
  }
  return table;
}

/// The weights and caches of the rank that holds most: of whichever stage.
std::string memory_text(const Step& step) {
  const Deployment& deployment = step.deployment;
  Bytes weights{};
  Bytes cache{};
  for (const ModelShard& shard : stages_of(deployment.model, deployment.parallelism())) {
    const Bytes held = held_by(step.given.sequences, shard, deployment.precision, 1);
    const Bytes own = weight_bytes(shard, deployment.precision);
    if (own + held <= weights + cache) continue;
    weights = own;
    cache = held;
  }
  return deployment.memory_text(weights, cache, deployment.parallelism().ranks() > 1);
}

/// What the figures leave out and the user should know before using them.
std::string notes(const Step& step) {
  const Deployment& deployment = step.deployment;
  const Parallelism& parallelism = deployment.parallelism();
  std::string text = fmt::format(
      "FLOPs and bytes are of one execution on one GPU; bound and estimate of all executions, one after the "
      "other.\n"
      "The bound is a lower limit from peak rates; the estimate has an 80 % interval and comes from {}.\n",
      deployment.calibrations_text());
  if (parallelism.ranks() > 1) {
    text += "Bytes of a communication are its message, the longer of what a rank has and gets; not in the total.\n";
  }
  if (parallelism.data > 1) {
    text += fmt::format("Each of {} data-parallel ranks has such a batch; tokens/s are those of all.\n",
                        parallelism.data);
  }
  if (parallelism.pipeline > 1) {
    text += fmt::format(
        "The time is that of one batch through all {} stages, one after the other. Other batches may fill them "
        "meanwhile, which tokens/s leave out: a full pipeline ends one each time of the slowest stage.\n",
        parallelism.pipeline);
  }
  if (step.given.decoded_tokens().value_or(1) > 1) {
    text += "An output token takes the longer time if no drafted token is accepted, the shorter one if all are.\n";
  }
  const std::int64_t sequences = step.given.batch.sequences();
  if (deployment.system) {
    text += fmt::format("Host time is {}'s: {} a step and {} a sequence.\n", deployment.system->name,
                        deployment.system->host_per_step, deployment.system->host_per_sequence);
  } else {
    text += fmt::format("Host time is not in it: --system vllm would add {} for {}.\n",
                        serving_systems::vllm.host_time(sequences), plural(sequences, "sequence"));
  }
  text += memory_text(step);
  return text + deployment.context_text(step.given.longest_context());
}

std::string readable_text(const Step& step, TableFormat format) {
  const Deployment& deployment = step.deployment;
  std::string text = fmt::format("{}, {}; {}; {}\n\n", deployment.model.name, step.given.description(),
                                 deployment.precision_text(), deployment.ranks_text());
  for (const Table& table : {operations_table(step), work_table(step), resource_table(step), summary_table(step)}) {
    text += table.render(format, colour_wanted()) + "\n";
  }
  return text + notes(step);
}

/// For programs: base units, full precision.
Table raw_table(const Step& step) {
  std::vector<Table::Column> columns{{"operation"}, {"kind"},  {"group"}, {"count"},
                                     {"flops"},     {"bytes"}, {"ranks"}, {"message_bytes"}};
  for (const Accelerator& accelerator : step.deployment.accelerators) {
    for (const std::string_view figure : {"bound_us", "limiter", "estimate_us", "low_us", "high_us", "share"}) {
      columns.push_back({fmt::format("{}_{}", accelerator.name, figure)});
    }
  }
  Table table(columns);
  const auto number = [](double value) { return fmt::format("{}", value); };
  for (const StepOperation& operation : step.report.operations) {
    std::vector<Cell> cells{std::string(operation.name),
                            std::string(operation.kind),
                            std::string(name(operation.work)),
                            fmt::format("{}", operation.count),
                            number(operation.cost.flops().value),
                            number(operation.cost.bytes().value),
                            operation.message ? fmt::format("{}", operation.message->ranks) : "",
                            operation.message ? number(operation.message->bytes.value) : ""};
    for (const OperationOnGpu& gpu : operation.gpus) {
      cells.insert(cells.end(),
                   {number(gpu.bound.value * 1e6), std::string(gpu.limiter), number(gpu.expected.value * 1e6),
                    number(gpu.low.value * 1e6), number(gpu.high.value * 1e6), number(gpu.share)});
    }
    table.add_row(cells);
  }
  add_host_rows(step, [&](const char* label, Seconds StepEstimate::*time, double sign) {
    std::vector<Cell> cells{label, "", "", "", "", "", "", ""};
    for (const StepOnGpu& gpu : step.report.gpus) {
      const Seconds added = gpu.estimate.*time * sign;
      const std::string us = number(added.value * 1e6);
      cells.insert(cells.end(), {"", "", us, us, us, number(added / gpu.estimate.expected)});
    }
    table.add_row(cells);
  });
  std::vector<Cell> cells{
      "total", "", "", "", number(step.report.cost.flops().value), number(step.report.cost.bytes().value), "", ""};
  for (const StepOnGpu& gpu : step.report.gpus) {
    cells.insert(cells.end(), {number(gpu.bound.time().value * 1e6), "", number(gpu.estimate.expected.value * 1e6),
                               number(gpu.estimate.low.value * 1e6), number(gpu.estimate.high.value * 1e6), "1"});
  }
  table.add_row(cells);
  return table;
}

using Json = nlohmann::ordered_json;

double microseconds(Seconds time) { return time.value * 1e6; }

Json resources_json(const ResourceTimes& times) {
  Json json;
  for (std::size_t i = 0; i < resource_count; ++i) {
    const auto resource = static_cast<Resource>(i);
    json[std::string(name(resource))] = microseconds(times[resource]);
  }
  return json;
}

Json operation_json(const Step& step, const StepOperation& operation) {
  Json json;
  json["name"] = operation.name;
  json["kind"] = operation.kind;
  json["group"] = name(operation.work);
  json["count"] = operation.count;
  json["flops"] = operation.cost.flops().value;
  json["bytes"] = operation.cost.bytes().value;
  if (operation.message) {
    json["message"] = {{"pattern", name(operation.message->pattern)},
                       {"ranks", operation.message->ranks},
                       {"stride", operation.message->stride},
                       {"bytes", operation.message->bytes.value}};
  }
  json["gpus"] = Json::array();
  for (std::size_t i = 0; i < operation.gpus.size(); ++i) {
    const OperationOnGpu& gpu = operation.gpus[i];
    json["gpus"].push_back({{"gpu", step.deployment.accelerators[i].name.view()},
                            {"bound_us", microseconds(gpu.bound)},
                            {"limiter", gpu.limiter},
                            {"estimate_us", microseconds(gpu.expected)},
                            {"low_us", microseconds(gpu.low)},
                            {"high_us", microseconds(gpu.high)},
                            {"share", gpu.share},
                            {"resources_us", resources_json(gpu.resources)},
                            {"in_fitted_range", gpu.in_fitted_range}});
  }
  return json;
}

Json total_json(const Step& step, std::size_t index) {
  const StepOnGpu& gpu = step.report.gpus[index];
  const StepEstimate& estimate = gpu.estimate;
  Json json;
  json["gpu"] = step.deployment.accelerators[index].name.view();
  json["calibration"] = step.deployment.calibrations[index].name.view();
  json["slowest_stage_us"] = microseconds(gpu.slowest_stage);
  json["bound_us"] = microseconds(gpu.bound.time());
  json["operations_bound_us"] = microseconds(gpu.bound.operations.time);
  json["communication_bound_us"] = microseconds(gpu.bound.communication.time);
  json["estimate_us"] = microseconds(estimate.expected);
  json["low_us"] = microseconds(estimate.low);
  json["high_us"] = microseconds(estimate.high);
  json["operations_us"] = microseconds(estimate.operations.expected);
  json["communication_us"] = microseconds(estimate.communication.expected);
  json["hidden_us"] = microseconds(estimate.hidden);
  json["host_us"] = microseconds(estimate.host);
  for (std::size_t i = 0; i < work_count; ++i) {
    json["groups_us"][std::string(name(static_cast<Work>(i)))] = microseconds(gpu.work[i]);
  }
  json["resources_us"] = resources_json(gpu.resources);
  json["tokens_per_second"] = gpu.tokens_per_second;
  json["tokens_per_second_per_gpu"] = gpu.tokens_per_second / step.deployment.parallelism().ranks();
  return json;
}

/// The schema is documented in docs/program.md; keys are only ever added.
std::string json_text(const Step& step) {
  const Deployment& deployment = step.deployment;
  const StepBatch& batch = step.given.batch;
  Json json;
  json["schema"] = "opcost-step-1";
  json["model"] = deployment.model.name.view();
  json["dtype"] = deployment.data_type;
  json["kv_dtype"] = deployment.cache_type;
  json["parallelism"] = parallelism_json(deployment);
  json["batch"] = {{"sequences", batch.sequences()},
                   {"decodes", batch.decoding().causal.counts().sequences},
                   {"prefills", batch.prefilling().causal.counts().sequences},
                   {"tokens", batch.tokens()},
                   {"sampled_tokens", batch.sampled_tokens()},
                   {"longest_context", step.given.longest_context()}};
  json["system"] = nullptr;
  if (deployment.system) json["system"] = deployment.system->name.view();
  json["cuda_graph"] = deployment.conditions.cuda_graph;
  json["operations"] = Json::array();
  for (const StepOperation& operation : step.report.operations) {
    json["operations"].push_back(operation_json(step, operation));
  }
  json["totals"] = {{"flops", step.report.cost.flops().value},
                    {"bytes", step.report.cost.bytes().value},
                    {"gpus", Json::array()}};
  for (std::size_t i = 0; i < step.report.gpus.size(); ++i) {
    json["totals"]["gpus"].push_back(total_json(step, i));
  }
  return json.dump(2) + "\n";
}

void run(const DeploymentOptions& deployment_options, const StepBatchOptions& batch_options,
         const std::string& format) {
  const Deployment deployment = resolve(deployment_options);
  const GivenBatch given = resolve(batch_options, deployment);
  const Step step{deployment, given, report(deployment, given.batch)};
  if (format == "json") {
    print(json_text(step));
  } else if (format == "csv") {
    print(raw_table(step).render(TableFormat::csv, false));
  } else {
    print(readable_text(step, table_format(format)));
  }
}

}  // namespace

void add_step_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "step", "One step of a model on one or many GPUs: how long it takes, and where the time goes");
  command->footer(
      "Examples:\n"
      "  opcost step --model llama-3.1-70b --gpu h100-sxm --tp 4 --decode 64@8192 --prefill 2048\n"
      "  opcost step --model deepseek-v3 --dtype fp8_block --gpu h100-sxm --ep 32 --dp 32 --decode 64@4096");
  const auto deployment = std::make_shared<DeploymentOptions>();
  const auto batch = std::make_shared<StepBatchOptions>();
  const auto format = std::make_shared<std::string>("table");
  add_deployment_options(*command, *deployment);
  add_batch_options(*command, *batch);
  add_choice(*command, "--format", *format, "How to print (default: table)", {"table", "markdown", "csv", "json"});
  command->callback([deployment, batch, format] { run(*deployment, *batch, *format); });
}

}  // namespace opcost::program
