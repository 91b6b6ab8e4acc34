// SPDX-License-Identifier: Apache-2.0
#include "op_groups.hpp"
#include "op_options.hpp"
#include "op_routing.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

struct ExpertsOptions : RoutingOptions {
  std::int32_t hidden_size = 0;
  std::int32_t intermediate_size = 0;
  std::int32_t tensor_parallel = 1;
  bool no_gate = false;
  bool untuned = false;
  std::string fusion = "separate";
  std::string function = "silu";
};

struct GroupedOptions : RoutingOptions {
  std::int32_t in_features = 0;
  std::int32_t out_features = 0;
  bool masked = false;
};

struct GateOptions : OperationOptions<ExpertGate<>> {
  std::string scoring = "softmax";
};

ActivationFunction function_named(const std::string& name) {
  return name == "relu"   ? ActivationFunction::relu
         : name == "silu" ? ActivationFunction::silu
                          : ActivationFunction::gelu_tanh;
}

ExpertFusion fusion_named(const std::string& name) {
  return name == "layer"        ? ExpertFusion::layer
         : name == "activation" ? ExpertFusion::activation
                                : ExpertFusion::separate;
}

/// Bytes a row of each tensor between the kernels that crosses device memory.
struct RowTraffic {
  std::string symbols;
  std::string numbers;

  void add(const std::string& tensor, Bytes bytes) {
    symbols += (symbols.empty() ? "" : " + ") + tensor;
    numbers += (numbers.empty() ? "" : " + ") + fmt::format("{}", bytes);
  }
};

void add_activation_formulas(Explanation& explanation, const MixtureOfExperts<>& moe, const RankLoad& load) {
  const RuntimeLinearPrecision& precision = moe.precision;
  const Bytes hidden_in = tensor_bytes(precision.activation, 1, moe.hidden_size);
  const Bytes hidden_out = tensor_bytes(precision.output, 1, moe.hidden_size);
  const Bytes between_in = (moe.gated ? 2.0 : 1.0) * tensor_bytes(precision.output, 1, moe.intermediate_size);
  const Bytes between_out = tensor_bytes(precision.activation, 1, moe.intermediate_size);
  const std::string rows = count_text(load.rows);
  const std::string tokens = count_text(moe.tokens_with_rows(load.rows));
  const std::string tokens_out = fmt::format("{} × {}", tokens, hidden_out);
  if (moe.fusion == ExpertFusion::layer) {
    add_formula(explanation, "activation read", "tokens × hidden + rows × routing weight",
                fmt::format("{} × {} + {} × {}", tokens, hidden_in, rows, Bytes{4.0}),
                explanation.cost.activation_read);
    add_formula(explanation, "activation write", "tokens × hidden", tokens_out, explanation.cost.activation_write);
    return;
  }
  RowTraffic read;
  RowTraffic written;
  read.add("hidden", hidden_in);
  if (moe.fusion == ExpertFusion::separate) {
    written.add("up", between_in);
    read.add("up", between_in);
  }
  written.add("activation", between_out);
  read.add("activation", between_out);
  written.add("down", hidden_out);
  read.add("down", hidden_out);
  read.add("routing weight", Bytes{4.0});
  add_formula(explanation, "activation read", fmt::format("rows × ({})", read.symbols),
              fmt::format("{} × ({})", rows, read.numbers), explanation.cost.activation_read);
  add_formula(explanation, "activation write", fmt::format("rows × ({}) + tokens × hidden", written.symbols),
              fmt::format("{} × ({}) + {}", rows, written.numbers, tokens_out), explanation.cost.activation_write);
}

void explain_experts(const ExpertsOptions& options) {
  const ModelPrecision model = find_precision(options.data_type);
  MixtureOfExperts<> moe;
  moe.routing = routing_of(options);
  moe.hidden_size = options.hidden_size;
  if (options.intermediate_size % options.tensor_parallel != 0) {
    throw InputError(fmt::format("--tp is {}, expected a divisor of --intermediate {}", options.tensor_parallel,
                                 options.intermediate_size));
  }
  moe.intermediate_size = options.intermediate_size / options.tensor_parallel;
  moe.gated = !options.no_gate;
  moe.function = function_named(options.function);
  moe.fusion = fusion_named(options.fusion);
  moe.precision = {model.activation, model.weight, model.hidden};
  Explanation explanation = start_explanation(moe, options);
  const Cost& cost = explanation.cost;
  const RankLoad load = busiest_rank(moe.routing);
  const std::int32_t matrices = moe.gated ? 3 : 2;
  const Bytes expert = moe.up_projection().expert_weight() + moe.down_projection().expert_weight();
  const double elements = double(matrices) * moe.hidden_size * moe.intermediate_size;

  explanation.title =
      fmt::format("mixture of experts: {}; hidden {}, intermediate {}{}; {}, computed in {}",
                  routing_text(moe.routing), moe.hidden_size, moe.intermediate_size,
                  options.tensor_parallel > 1
                      ? fmt::format(" (of {} on {} ranks)", options.intermediate_size, options.tensor_parallel)
                      : "",
                  options.data_type, explanation.compute_type);
  add_routing_formulas(explanation, moe.routing, load);
  explanation.details.emplace_back("expert_weight_bytes", expert.value);
  const std::string rows = count_text(load.rows);
  const std::string weight = element_size(model.weight);
  add_formula(explanation, "FLOPs", fmt::format("2 × rows × {} × hidden × intermediate", matrices),
              product(2, rows, matrices, moe.hidden_size, moe.intermediate_size), cost.matrix_flops);
  add_formula(explanation, "vector FLOPs", "activation, and 2 × rows × hidden for the weighted sum", "",
              cost.vector_flops);
  add_formula(explanation, "an expert's weights", fmt::format("{} × hidden × intermediate × {}", matrices, weight),
              product(matrices, moe.hidden_size, moe.intermediate_size, weight), expert);
  add_formula(explanation, "weight read", "experts touched × an expert's weights",
              product(count_text(load.active_experts), expert), cost.weight_read);
  add_formula(explanation, "weights held", "experts / ranks × an expert's weights",
              product(count_text(moe.routing.experts_per_rank()), expert), moe.routing.experts_per_rank() * expert);
  add_activation_formulas(explanation, moe, load);
  set_growth(explanation, moe, "tokens", moe.routing.tokens,
             [](MixtureOfExperts<>& other, std::int32_t tokens) { other.routing.tokens = tokens; });
  add_routing_reasons(explanation, moe.routing, elements, expert);
  if (moe.routing.ranks > 1) explanation.size_condition = "of the whole group";
  finish_explanation(explanation, moe, options, {.tuned_experts = !options.untuned});
}

void explain_grouped(const GroupedOptions& options) {
  const ModelPrecision model = find_precision(options.data_type);
  const GroupedProjection<> operation{routing_of(options),
                                      options.in_features,
                                      options.out_features,
                                      options.masked ? GroupedLayout::masked : GroupedLayout::contiguous,
                                      {model.activation, model.weight, model.hidden}};
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const RankLoad load = busiest_rank(operation.routing);
  explanation.title =
      fmt::format("grouped projection: {}; {} → {}; {}, computed in {}", routing_text(operation.routing),
                  operation.in_features, operation.out_features, options.data_type, explanation.compute_type);
  add_routing_formulas(explanation, operation.routing, load);
  const Formula rows{"rows", count_text(load.rows)};
  const Formula experts{"experts touched", count_text(load.active_experts)};
  const Formula in{"in", operation.in_features};
  const Formula out{"out", operation.out_features};
  add_formula(explanation, "FLOPs", 2 * rows * in * out, cost.matrix_flops);
  add_formula(explanation, "weight read", experts * in * out * element_size(model.weight), cost.weight_read);
  add_formula(explanation, "activation read", rows * in * element_size(model.activation), cost.activation_read);
  add_formula(explanation, "activation write", rows * out * element_size(model.hidden), cost.activation_write);
  set_growth(explanation, operation, "tokens", operation.routing.tokens,
             [](GroupedProjection<>& other, std::int32_t tokens) { other.routing.tokens = tokens; });
  add_routing_reasons(explanation, operation.routing, double(operation.in_features) * operation.out_features,
                      operation.expert_weight());
  if (operation.routing.ranks > 1) explanation.size_condition = "of the whole group";
  finish_explanation(explanation, operation, options);
}

/// FLOPs a token by part, as in the descriptor's docstring.
void explain_gate(const GateOptions& options) {
  ExpertGate<> gate = options.operation;
  gate.scoring = options.scoring == "softmax"   ? GateScoring::softmax
                 : options.scoring == "sigmoid" ? GateScoring::sigmoid
                                                : GateScoring::softmax_of_selected;
  const TensorFormat logits = find_precision(options.data_type).hidden;
  gate.precision = {logits};
  Explanation explanation = start_explanation(gate, options);
  const Cost& cost = explanation.cost;
  const Formula tokens{"tokens", gate.tokens};
  const Formula experts{"experts", gate.experts};
  const Formula top_k{"top-k", gate.experts_per_token};
  explanation.title = fmt::format(
      "expert gate: {} tokens choose {} of {} experts{}, {}, logits {}", gate.tokens, gate.experts_per_token,
      gate.experts, gate.groups > 1 ? fmt::format(" in {} of {} groups", gate.groups_per_token, gate.groups) : "",
      options.scoring, logits.element);
  add_formula(explanation, "FLOPs",
              tokens * Formula("(scores + groups + choice + weights)",
                               fmt::format("{:.0f}", cost.vector_flops.value / gate.tokens)),
              cost.vector_flops);
  const bool selected = gate.scoring == GateScoring::softmax_of_selected;
  add_formula(explanation, "exponentials", tokens * (selected ? top_k : experts), cost.exponentials);
  if (gate.selection_bias) add_formula(explanation, "bias read", experts * "4 B", cost.weight_read);
  add_formula(explanation, "logits read", tokens * experts * element_size(logits), cost.activation_read);
  add_formula(explanation, "ids, weights written", tokens * top_k * "8 B", cost.activation_write);
  set_growth(explanation, gate, "tokens", &ExpertGate<>::tokens);
  finish_explanation(explanation, gate, options);
}

}  // namespace

void add_expert_operations(CLI::App& op) {
  const auto experts = std::make_shared<ExpertsOptions>();
  std::vector<SizeOption> sizes = routing_sizes(*experts);
  sizes.push_back({"--hidden", "hidden_size", &experts->hidden_size, "The hidden size"});
  sizes.push_back({"--intermediate", "intermediate_size", &experts->intermediate_size,
                   "The intermediate size of an expert, of all tensor-parallel ranks"});
  sizes.push_back({"--tp", "tensor_parallel", &experts->tensor_parallel,
                   "Ranks that share an expert's intermediate size (default: 1)", false});
  add_operation(op,
                {"moe", "The routed experts of a feed-forward block, on the busiest rank",
                 "--tokens 64 --hidden 7168 --intermediate 2048 --experts 256 --top-k 8 --dtype fp8_block --gpu "
                 "h100-sxm",
                 "Weights and activations"},
                experts, sizes, explain_experts, [&](CLI::App& command) {
                  add_routing_options(command, *experts);
                  command.add_flag("--no-gate", experts->no_gate, "Up and down projection only, without a gate");
                  command.add_flag("--untuned", experts->untuned,
                                   "The serving system has no configuration tuned for this shape (16-bit weights)");
                  add_choice(command, "--activation", experts->function, "Between them (default: silu)",
                             {"silu", "gelu_tanh", "relu"});
                  add_choice(
                      command, "--fusion", experts->fusion,
                      "What one kernel takes together: nothing, the activation and the up projection, or the "
                      "layer (default: separate)",
                      {"separate", "activation", "layer"});
                });

  const auto grouped = std::make_shared<GroupedOptions>();
  sizes = routing_sizes(*grouped);
  sizes.push_back({"--in", "in_features", &grouped->in_features, "The input features"});
  sizes.push_back({"--out", "out_features", &grouped->out_features, "The output features"});
  add_operation(op,
                {"grouped", "A linear projection with a weight for each expert (grouped GEMM), on the busiest rank",
                 "--tokens 64 --in 7168 --out 4096 --experts 256 --top-k 8 --dtype fp8_block --gpu h100-sxm",
                 "Weights and activations"},
                grouped, sizes, explain_grouped, [&](CLI::App& command) {
                  add_routing_options(command, *grouped);
                  command.add_flag(
                      "--masked", grouped->masked,
                      "Every expert has a slot for its rows, as in decoding (default: one after another)");
                });

  const auto options = std::make_shared<GateOptions>();
  ExpertGate<>& gate = options->operation;
  options->data_type = "fp32";
  add_operation(op,
                {"gate", "The choice of experts from the router's logits",
                 "--tokens 64 --experts 256 --top-k 8 --groups 8 --top-groups 4 --scoring sigmoid --bias "
                 "--normalised --scaled --gpu h100-sxm",
                 "Logits"},
                options,
                {{"--tokens", "tokens", &gate.tokens, "The tokens"},
                 {"--experts", "experts", &gate.experts, "The experts to choose from"},
                 {"--top-k", "experts_per_token", &gate.experts_per_token, "Experts that each token chooses"},
                 {"--groups", "groups", &gate.groups, "Groups of experts (default: 1)", false},
                 {"--top-groups", "groups_per_token", &gate.groups_per_token,
                  "Groups that a token's experts may come from (default: 1)", false}},
                explain_gate, [&gate, options](CLI::App& command) {
                  add_choice(command, "--scoring", options->scoring, "How logits become weights (default: softmax)",
                             {"softmax", "sigmoid", "softmax_of_selected"});
                  command.add_flag("--bias", gate.selection_bias, "A bias serves the choice (DeepSeek-V3)");
                  command.add_flag("--normalised", gate.normalised, "The chosen weights are made to sum to 1");
                  command.add_flag("--scaled", gate.scaled, "The chosen weights are scaled");
                });
}

}  // namespace opcost::program
