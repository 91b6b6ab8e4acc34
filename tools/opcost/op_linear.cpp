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
  add_formula(explanation, "FLOPs", "2 × tokens × in × out", product(2, m, k, n), cost.matrix_flops);
  if (operation.bias) add_formula(explanation, "bias FLOPs", "tokens × out", product(m, n), cost.vector_flops);
  const std::string weight = element_size(precision.weight);
  const std::string activation = element_size(precision.activation);
  const std::string output = element_size(precision.output);
  if (operation.bias) {
    add_formula(explanation, "weight read", product("in × out", weight) + " + " + product("out", output),
                product(k, n, weight) + " + " + product(n, output), cost.weight_read);
  } else {
    add_formula(explanation, "weight read", product("in × out", weight), product(k, n, weight), cost.weight_read);
  }
  add_formula(explanation, "activation read", product("tokens × in", activation), product(m, k, activation),
              cost.activation_read);
  add_formula(explanation, "activation write", product("tokens × out", output), product(m, n, output),
              cost.activation_write);
  set_growth(explanation, operation, "tokens", m,
             [](LinearProjection<>& other, std::int32_t tokens) { other.tokens = tokens; });
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
  const std::string weight = element_size(precision.weight);
  const std::string activation = element_size(precision.activation);
  const std::string output = element_size(precision.output);
  add_formula(explanation, "FLOPs", "2 × batches × tokens × in × out", product(2, b, m, k, n), cost.matrix_flops);
  add_formula(explanation, "weight read", product("batches × in × out", weight), product(b, k, n, weight),
              cost.weight_read);
  add_formula(explanation, "activation read", product("batches × tokens × in", activation),
              product(b, m, k, activation), cost.activation_read);
  add_formula(explanation, "activation write", product("batches × tokens × out", output), product(b, m, n, output),
              cost.activation_write);
  set_growth(explanation, operation, "tokens", m,
             [](BatchedProjection<>& other, std::int32_t tokens) { other.tokens = tokens; });
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
