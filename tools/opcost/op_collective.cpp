// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <string_view>

#include "op_groups.hpp"
#include "op_options.hpp"
#include "opcost/hardware/fabric.hpp"
#include "opcost/io/json.hpp"
#include "opcost/latency/collective_estimate.hpp"
#include "opcost/operation/collective.hpp"
#include "output.hpp"
#include "table.hpp"

namespace opcost::program {
namespace {

struct CollectiveOptions : CommonOptions {
  std::string pattern = "all_reduce";
  std::string bytes;
  std::int32_t ranks = 0;
  std::int32_t ranks_per_node = 8;
  std::int32_t tokens = 0;
  std::int32_t width = 0;
  std::int32_t experts = 0;
  std::int32_t top_k = 0;
  bool no_switch_reduction = false;
  bool eager = false;
  bool copy_each = false;
};

/// What is known of the collective on one accelerator's links.
struct OnFabric {
  Accelerator accelerator;
  Fabric fabric;
  CollectiveBound bound;
  Calibration calibration;
  CollectiveEstimate estimate;
};

struct CollectiveExplanation {
  std::string title;
  std::vector<FormulaLine> formulas;
  Collective collective;
  std::vector<OnFabric> fabrics;
};

/// S, by the options that give it, with the line that explains it.
Bytes vector_bytes(const CollectiveOptions& options, const TensorFormat& format, FormulaLine& line) {
  const std::string size = element_size(format);
  const bool tensor = options.tokens != 0 || options.width != 0;
  if (!options.bytes.empty()) {
    if (tensor || options.experts != 0 || options.top_k != 0) {
      throw InputError("--bytes and --tokens, --width, --experts, --top-k exclude each other");
    }
    line = {"S", "as given", options.bytes, ""};
    return parse_bytes("--bytes", options.bytes);
  }
  require_option(tensor, "--bytes", "what each rank has, or gets, such as 16MiB (or --tokens and --width)");
  require_option(options.tokens != 0, "--tokens", "the tokens of each rank");
  require_option(options.width != 0, "--width", "the elements of a token");
  if (options.experts == 0 && options.top_k == 0) {
    line = {"S", "tokens × width × " + size, product(options.tokens, options.width, size), ""};
    return tensor_bytes(format, options.tokens, options.width);
  }
  if (options.pattern != "all_to_all") {
    throw InputError("--experts and --top-k were given, expected only with --op all_to_all");
  }
  require_option(options.experts != 0, "--experts", "the routed experts of all ranks");
  require_option(options.top_k != 0, "--top-k", "the experts that each token chooses");
  const ExpertExchange exchange{options.tokens, options.width,      options.experts, options.top_k,
                                options.ranks,  !options.copy_each, format,          format};
  if (const auto violation = exchange.violation()) fail_violation(*violation, options.sizes);
  line = {"S",
          fmt::format("tokens × {} × width × {}", options.copy_each ? "top-k" : "ranks of a token's experts", size),
          product(options.tokens, significant(exchange.copies_per_token()), options.width, size), ""};
  return exchange.dispatch().bytes;
}

std::string port_formula(CollectiveKind pattern) {
  switch (pattern) {
    case CollectiveKind::all_reduce: return "2 × S × (ranks − 1) / ranks";
    case CollectiveKind::point_to_point: return "S";
    default: return "S × (ranks − 1) / ranks";
  }
}

CollectiveExplanation explain(const CollectiveOptions& options) {
  if (options.copy_each && options.experts == 0) {
    throw InputError("--copy-each was given, expected only with --experts");
  }
  const TensorFormat format = find_precision(options.data_type).activation;
  CollectiveExplanation explanation;
  Collective& collective = explanation.collective;
  FormulaLine size;
  collective = {*collective_kind_named(options.pattern), options.ranks, vector_bytes(options, format, size),
                format.element};
  if (const auto violation = collective.violation()) fail_violation(*violation, options.sizes);
  size.result = fmt::format("{}", collective.bytes);
  const std::int32_t n = collective.ranks;
  const std::string ranks = fmt::format("{} ranks", n);
  explanation.formulas = {
      size,
      {"through a port", port_formula(collective.pattern), ranks, fmt::format("{}", collective.port_bytes())}};
  if (collective.summed_in_switch() && !options.no_switch_reduction) {
    explanation.formulas.push_back(
        {"  if switches add", "S", ranks, fmt::format("{}", collective.port_bytes(true))});
  }
  explanation.formulas.push_back(
      {"messages of a ring", "one after the other", "", fmt::format("{}", collective.ring_steps())});
  if (collective.reduces()) {
    explanation.formulas.push_back(
        {"additions", "an element received", "per rank", fmt::format("{}", collective.reduction_flops())});
  }
  const Cost cost = collective.cost();
  explanation.formulas.push_back({"memory read", "per rank", "", fmt::format("{}", cost.activation_read)});
  explanation.formulas.push_back({"memory written", "per rank", "", fmt::format("{}", cost.activation_write)});
  explanation.title = fmt::format("{} of {} over {} rank{}, {} a node, {}", options.pattern, collective.bytes, n,
                                  n == 1 ? "" : "s", options.ranks_per_node, format.element);
  ExecutionConditions conditions;
  conditions.cuda_graph = !options.eager;
  for (const Accelerator& accelerator : find_accelerators(options.gpus)) {
    Fabric fabric = Fabric::of(accelerator, options.ranks_per_node);
    if (options.no_switch_reduction) fabric.in_switch_reduction = false;
    const Calibration calibration = calibration_for(accelerator, options.calibration, false);
    const OnFabric on{accelerator, fabric, collective_bound(collective, fabric), calibration,
                      estimate_latency(collective, fabric, accelerator, calibration, conditions)};
    if (!std::isfinite(on.bound.time.value)) fail_without_link(accelerator, fabric, options.ranks);
    explanation.fabrics.push_back(on);
  }
  return explanation;
}

/// What one more node would do, or why the network between nodes counts.
std::string reach_text(const Collective& collective, const OnFabric& on) {
  const std::int32_t nodes = on.fabric.nodes(collective.ranks);
  if (nodes > 1) {
    return fmt::format("{} nodes: {}", nodes,
                       on.bound.limiter() == CollectiveLimiter::scale_out
                           ? "the network cards between them limit"
                           : "even so the links within a node limit");
  }
  if (!(on.fabric.scale_out.bandwidth.value > 0.0)) {
    return "all ranks in one node; no network card is stated for more";
  }
  Collective wider = collective;
  wider.ranks = 2 * on.fabric.ranks_per_node;
  return fmt::format("all ranks in one node; {} ranks in two nodes would take at least {}", wider.ranks,
                     collective_bound(wider, on.fabric).time);
}

std::string text_of(const CollectiveExplanation& explanation, bool colour) {
  std::string text = explanation.title + "\n\n" + formulas_text(explanation.formulas) + "\n";
  std::vector<Table::Column> columns{{"", false}};
  for (const OnFabric& on : explanation.fabrics) columns.push_back({fmt::format("{}", on.accelerator.name)});
  Table table(columns);
  const auto row = [&](const std::string& label, const auto& cell_of) {
    std::vector<Cell> cells{label};
    for (const OnFabric& on : explanation.fabrics) cells.push_back(cell_of(on));
    table.add_row(cells);
  };
  const auto link = [](const Link& known) -> Cell {
    if (!(known.bandwidth.value > 0.0)) return "–";
    return fmt::format("{} {}", known.bandwidth, known.kind);
  };
  using F = const OnFabric&;
  row("scale-up, one direction", [&](F on) { return link(on.fabric.scale_up); });
  row("scale-out, one direction", [&](F on) { return link(on.fabric.scale_out); });
  row("switches add", [&](F on) -> Cell {
    return on.fabric.in_switch_reduction && explanation.collective.summed_in_switch() ? "yes" : "no";
  });
  row("scale-up time", [](F on) -> Cell { return fmt::format("{}", on.bound.scale_up_time); });
  row("scale-out time", [](F on) -> Cell { return fmt::format("{}", on.bound.scale_out_time); });
  row("bound", [](F on) -> Cell { return {fmt::format("{}", on.bound.time), Emphasis::strong}; });
  row("limiter", [](F on) -> Cell { return std::string(name(on.bound.limiter())); });
  row("bus bandwidth at most", [&](F on) -> Cell {
    if (!(on.bound.time.value > 0.0)) return "–";
    return fmt::format("{}", explanation.collective.bus_bandwidth(on.bound.time));
  });
  table.add_rule();
  row("expected", [](F on) -> Cell { return {fmt::format("{}", on.estimate.expected), Emphasis::strong}; });
  row("80 % interval", [](F on) -> Cell { return fmt::format("{} – {}", on.estimate.low, on.estimate.high); });
  row("  transfer", [](F on) -> Cell { return fmt::format("{}", on.estimate.transfer); });
  row("  overhead", [](F on) -> Cell { return fmt::format("{}", on.estimate.overhead); });
  row("bound / expected", [](F on) -> Cell {
    if (!(on.estimate.expected.value > 0.0)) return "–";
    return fmt::format("{:.0f} %", 100.0 * (on.bound.time / on.estimate.expected));
  });
  row("as measured", [](F on) -> Cell { return on.estimate.in_fitted_range ? "in range" : "beyond"; });
  text += table.render(TableFormat::text, colour);
  std::string sources;
  for (const OnFabric& on : explanation.fabrics) {
    sources += fmt::format("{}{}", sources.empty() ? "" : ", ", on.calibration.name);
  }
  text += fmt::format("Estimates from {}. The bound is from bandwidth alone.\n\n", sources);
  text += "What the ranks are joined by:\n";
  for (const OnFabric& on : explanation.fabrics) {
    text += fmt::format("  {}: {}\n", on.accelerator.name, reach_text(explanation.collective, on));
  }
  return text;
}

std::string json_of(const CollectiveExplanation& explanation) {
  using Json = nlohmann::ordered_json;
  const Collective& collective = explanation.collective;
  const Cost cost = collective.cost();
  Json json;
  json["schema"] = "opcost-op-1";
  json["kind"] = Collective::kind;
  json["pattern"] = name(collective.pattern);
  json["ranks"] = collective.ranks;
  json["bytes_per_rank"] = collective.bytes.value;
  json["flops"] = cost.flops().value;
  json["bytes"] = cost.bytes().value;
  json["gpus"] = Json::array();
  for (const OnFabric& on : explanation.fabrics) {
    json["gpus"].push_back({{"gpu", on.accelerator.name.view()},
                            {"port_bytes", on.bound.port_bytes.value},
                            {"bound_us", on.bound.time.value * 1e6},
                            {"scale_up_us", on.bound.scale_up_time.value * 1e6},
                            {"scale_out_us", on.bound.scale_out_time.value * 1e6},
                            {"limiter", name(on.bound.limiter())},
                            {"calibration", on.calibration.name.view()},
                            {"estimate_us", on.estimate.expected.value * 1e6},
                            {"low_us", on.estimate.low.value * 1e6},
                            {"high_us", on.estimate.high.value * 1e6},
                            {"transfer_us", on.estimate.transfer.value * 1e6},
                            {"overhead_us", on.estimate.overhead.value * 1e6},
                            {"in_fitted_range", on.estimate.in_fitted_range}});
  }
  return json.dump(2) + "\n";
}

void explain_collective(const CollectiveOptions& options) {
  const CollectiveExplanation explanation = explain(options);
  print(options.format == "json" ? json_of(explanation) : text_of(explanation, colour_wanted()));
}

}  // namespace

void add_collective_operations(CLI::App& op) {
  const auto options = std::make_shared<CollectiveOptions>();
  add_operation(
      op,
      {"collective", "Communication between ranks: what each link must carry, the bound and the expected time",
       "--op all_reduce --ranks 8 --tokens 64 --width 5376 --gpu h100-sxm --gpu h20", "What is sent and added up"},
      options,
      {{"--ranks", "ranks", &options->ranks, "The ranks that take part"},
       {"--ranks-per-node", "ranks_per_node", &options->ranks_per_node, "Ranks of a node (default: 8)", false},
       {"--tokens", "tokens", &options->tokens, "Tokens of the tensor, with --width; of each rank", false},
       {"--width", "width", &options->width, "Elements of a token", false},
       {"--experts", "experts", &options->experts,
        "With --op all_to_all: tokens go to the ranks of their experts, of so many", false},
       {"--top-k", "experts_per_token", &options->top_k, "With --experts: experts that each token chooses", false}},
      explain_collective, [&](CLI::App& command) {
        add_choice(command, "--op", options->pattern, "Which one (default: all_reduce)",
                   {"all_reduce", "reduce_scatter", "all_gather", "all_to_all", "point_to_point"});
        command
            .add_option("--bytes", options->bytes,
                        "The longer of a rank's input and output, as nccl-tests counts it: 16MiB, 64kB, 4096")
            ->type_name("SIZE");
        command.add_flag("--no-switch-reduction", options->no_switch_reduction,
                         "No switch adds up and copies, even where the GPU's usual ones do (NVLink SHARP)");
        command.add_flag("--eager", options->eager, "Launched one by one, not by a CUDA graph");
        command.add_flag("--copy-each", options->copy_each,
                         "With --experts: a token is sent once an expert, not once a rank");
      });
}

}  // namespace opcost::program
