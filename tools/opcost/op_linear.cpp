// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include "op_groups.hpp"
#include "op_options.hpp"

namespace opcost::program {
namespace {

using LinearOptions = OperationOptions<LinearProjection<>>;
using BatchedOptions = OperationOptions<BatchedProjection<>>;

void explain_linear(const LinearOptions& options) {
  const ModelPrecision model = find_precision(options.data_type);
  LinearProjection<> operation = options.operation;
  operation.precision = {model.activation, model.weight, model.hidden};
  const RuntimeLinearPrecision& precision = operation.precision;
  const auto [m, k, n] = std::tuple(operation.tokens, operation.in_features, operation.out_features);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  explanation.title = fmt::format("linear projection: activation[{} × {}] × weight[{} × {}], {}, computed in {}", m,
                                  k, k, n, options.data_type, explanation.compute_type);
  const Formula tokens{"tokens", m};
  const Formula in{"in", k};
  const Formula out{"out", n};
  const Formula output = out * element_size(precision.output);
  const Formula weight = in * out * element_size(precision.weight);
  add_formula(explanation, "FLOPs", 2 * tokens * in * out, cost.matrix_flops);
  if (operation.bias) add_formula(explanation, "bias FLOPs", tokens * out, cost.vector_flops);
  add_formula(explanation, "weight read", operation.bias ? weight + output : weight, cost.weight_read);
  add_formula(explanation, "activation read", tokens * in * element_size(precision.activation),
              cost.activation_read);
  add_formula(explanation, "activation write", tokens * output, cost.activation_write);
  set_growth(explanation, operation, "tokens", &LinearProjection<>::tokens);
  finish_explanation(explanation, operation, options);
}

void explain_batched(const BatchedOptions& options) {
  const ModelPrecision model = find_precision(options.data_type);
  BatchedProjection<> operation = options.operation;
  operation.precision = {model.activation, model.weight, model.hidden};
  const RuntimeLinearPrecision& precision = operation.precision;
  const auto [b, m, k, n] =
      std::tuple(operation.batches, operation.tokens, operation.in_features, operation.out_features);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  explanation.title =
      fmt::format("batched projection: {} × (activation[{} × {}] × weight[{} × {}]), {}, computed in {}", b, m, k,
                  k, n, options.data_type, explanation.compute_type);
  const Formula batches{"batches", b};
  const Formula tokens = batches * Formula("tokens", m);
  const Formula in{"in", k};
  const Formula out{"out", n};
  add_formula(explanation, "FLOPs", 2 * tokens * in * out, cost.matrix_flops);
  add_formula(explanation, "weight read", batches * in * out * element_size(precision.weight), cost.weight_read);
  add_formula(explanation, "activation read", tokens * in * element_size(precision.activation),
              cost.activation_read);
  add_formula(explanation, "activation write", tokens * out * element_size(precision.output),
              cost.activation_write);
  set_growth(explanation, operation, "tokens", &BatchedProjection<>::tokens);
  explanation.remarks = {"The number of batches changes nothing: each brings a weight of its own."};
  finish_explanation(explanation, operation, options);
}

}  // namespace

void add_linear_operations(CLI::App& op) {
  const auto linear = std::make_shared<LinearOptions>();
  add_operation(op,
                {"linear", "A linear projection: activation[tokens, in] × weight[in, out]",
                 "--tokens 64 --in 5376 --out 21504 --gpu h100-sxm --gpu h20", "Weights and activations"},
                linear,
                {{"--tokens", "tokens", &linear->operation.tokens, "The rows of the activation"},
                 {"--in", "in_features", &linear->operation.in_features, "The input features"},
                 {"--out", "out_features", &linear->operation.out_features, "The output features"}},
                explain_linear,
                [&](CLI::App& command) { command.add_flag("--bias", linear->operation.bias, "Add a bias"); });

  const auto batched = std::make_shared<BatchedOptions>();
  add_operation(op,
                {"batched", "Linear projections of one shape, each with a weight of its own, in one kernel",
                 "--batches 128 --tokens 64 --in 128 --out 512 --gpu h100-sxm", "Weights and activations"},
                batched,
                {{"--batches", "batches", &batched->operation.batches, "The projections"},
                 {"--tokens", "tokens", &batched->operation.tokens, "The rows of each activation"},
                 {"--in", "in_features", &batched->operation.in_features, "The input features"},
                 {"--out", "out_features", &batched->operation.out_features, "The output features"}},
                explain_batched);
}

}  // namespace opcost::program
