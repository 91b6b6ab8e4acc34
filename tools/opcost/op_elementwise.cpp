// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <utility>

#include "op_groups.hpp"
#include "op_options.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

struct ActivationOptions : OperationOptions<Activation<>> {
  std::string function = "silu";
  bool plain = false;
};

struct LayerNormOptions : OperationOptions<LayerNorm<>> {
  bool no_bias = false;
};

struct QuantiseOptions : OperationOptions<Quantise<>> {
  std::string scales = "dynamic";
};

struct CacheWriteOptions : OperationOptions<KvCacheWrite<>> {
  std::string cache_type;
  bool latent = false;
};

struct SamplingOptions : OperationOptions<Sampling<>> {
  std::string method = "categorical";
};

/// What reads the hidden state and feeds a projection: in hidden format, out in the projection's.
RuntimeElementwisePrecision to_projection(const std::string& data_type) {
  const ModelPrecision model = find_precision(data_type);
  return {model.hidden, model.activation};
}

RuntimeElementwisePrecision in_hidden(const std::string& data_type) {
  const ModelPrecision model = find_precision(data_type);
  return {model.hidden, model.hidden};
}

/// "bf16", or "bf16 → fp8".
std::string types_text(const RuntimeElementwisePrecision& precision) {
  return precision.input == precision.output
             ? fmt::format("{}", precision.input.element)
             : fmt::format("{} → {}", precision.input.element, precision.output.element);
}

template <class Norm>
std::string norm_title(const std::string& name, const Norm& norm) {
  return fmt::format("{}: {} rows × {}, {}", name, norm.rows, norm.width, types_text(norm.precision));
}

/// A norm of `element_flops` × width + 2 FLOPs a row.
template <class Norm>
void explain_norm(const Norm& operation, const CommonOptions& options, const std::string& name, int element_flops,
                  const Formula& parameters) {
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula rows{"rows", operation.rows};
  const Formula width{"width", operation.width};
  const Formula in = element_size(operation.precision.input);
  explanation.title = norm_title(name, operation);
  add_formula(explanation, "FLOPs", rows * (element_flops * width + 2), cost.vector_flops);
  add_formula(explanation, "weight read", parameters * in, cost.weight_read);
  add_formula(explanation, "rows read", rows * width * in, cost.activation_read);
  add_formula(explanation, "rows written", rows * width * element_size(operation.precision.output),
              cost.activation_write);
  set_growth(explanation, operation, "rows", &Norm::rows);
  finish_explanation(explanation, operation, options);
}

void explain_rms_norm(const OperationOptions<RmsNorm<>>& options) {
  RmsNorm<> operation = options.operation;
  operation.precision = to_projection(options.data_type);
  explain_norm(operation, options, "RMS norm", 4, {"width", operation.width});
}

void explain_layer_norm(const LayerNormOptions& options) {
  LayerNorm<> operation = options.operation;
  operation.bias = !options.no_bias;
  operation.precision = to_projection(options.data_type);
  explain_norm(operation, options, "layer norm", operation.bias ? 7 : 6,
               (operation.bias ? 2 : 1) * Formula("width", operation.width));
}

void explain_add_rms_norm(const OperationOptions<AddRmsNorm<>>& options) {
  AddRmsNorm<> operation = options.operation;
  operation.precision = to_projection(options.data_type);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula rows{"rows", operation.rows};
  const Formula width{"width", operation.width};
  const Formula in = element_size(operation.precision.input);
  explanation.title = norm_title("residual addition and RMS norm", operation);
  add_formula(explanation, "FLOPs", rows * (5 * width + 2), cost.vector_flops);
  add_formula(explanation, "weight read", width * in, cost.weight_read);
  add_formula(explanation, "x, residual read", 2 * rows * width * in, cost.activation_read);
  add_formula(explanation, "residual, y written", rows * width * (in + element_size(operation.precision.output)),
              cost.activation_write);
  set_growth(explanation, operation, "rows", &AddRmsNorm<>::rows);
  finish_explanation(explanation, operation, options);
}

void explain_rotary(const OperationOptions<RotaryEmbedding<>>& options) {
  RotaryEmbedding<> operation = options.operation;
  operation.precision = in_hidden(options.data_type);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const auto [t, h, d] = std::tuple(operation.tokens, operation.heads, operation.rotary_dimension);
  explanation.title =
      fmt::format("rotary embedding: {} tokens, {} heads × {}, {}", t, h, d, types_text(operation.precision));
  const Formula tokens{"tokens", t};
  const Formula heads{"heads", h};
  const Formula dimension{"dimension", d};
  const Formula size = element_size(operation.precision.input);
  add_formula(explanation, "FLOPs", 3 * tokens * heads * dimension, cost.vector_flops);
  add_formula(explanation, "read", tokens * Formula("(heads + 1)", h + 1) * dimension * size, cost.activation_read);
  add_formula(explanation, "written", tokens * heads * dimension * size, cost.activation_write);
  set_growth(explanation, operation, "tokens", &RotaryEmbedding<>::tokens);
  finish_explanation(explanation, operation, options);
}

template <class T>
Formula tokens_by_width(const T& operation) {
  return Formula("tokens", operation.tokens) * Formula("width", operation.width);
}

void explain_activation(const ActivationOptions& options) {
  Activation<> operation = options.operation;
  operation.function = options.function == "relu"   ? ActivationFunction::relu
                       : options.function == "silu" ? ActivationFunction::silu
                                                    : ActivationFunction::gelu_tanh;
  operation.gated = !options.plain;
  operation.precision = to_projection(options.data_type);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const auto [t, w] = std::pair(operation.tokens, operation.width);
  explanation.title = fmt::format("activation: {}{}, {} tokens × {}, {}", options.function,
                                  operation.gated ? ", gated" : "", t, w, types_text(operation.precision));
  const Formula elements = tokens_by_width(operation);
  add_formula(explanation, "FLOPs", elements * (cost.vector_flops.value / (double(t) * w)), cost.vector_flops);
  if (cost.exponentials > 0.0) add_formula(explanation, "exponentials", elements, cost.exponentials);
  add_formula(explanation, "read", (operation.gated ? 2 : 1) * elements * element_size(operation.precision.input),
              cost.activation_read);
  add_formula(explanation, "written", elements * element_size(operation.precision.output), cost.activation_write);
  set_growth(explanation, operation, "tokens", &Activation<>::tokens);
  finish_explanation(explanation, operation, options);
}

void explain_residual(const OperationOptions<ResidualAdd<>>& options) {
  ResidualAdd<> operation = options.operation;
  operation.precision = in_hidden(options.data_type);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula elements = tokens_by_width(operation);
  const Formula size = element_size(operation.precision.input);
  explanation.title = fmt::format("residual addition: {} tokens × {}, {}", operation.tokens, operation.width,
                                  types_text(operation.precision));
  add_formula(explanation, "FLOPs", elements, cost.vector_flops);
  add_formula(explanation, "read", 2 * elements * size, cost.activation_read);
  add_formula(explanation, "written", elements * size, cost.activation_write);
  set_growth(explanation, operation, "tokens", &ResidualAdd<>::tokens);
  finish_explanation(explanation, operation, options);
}

void explain_embedding(const OperationOptions<EmbeddingLookup<>>& options) {
  EmbeddingLookup<> operation = options.operation;
  operation.precision = in_hidden(options.data_type);
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula elements = tokens_by_width(operation);
  const Formula size = element_size(operation.precision.input);
  explanation.title = fmt::format("embedding lookup: {} tokens × {}, {}", operation.tokens, operation.width,
                                  types_text(operation.precision));
  add_formula(explanation, "FLOPs", operation.scaled ? elements : Formula("none: a gather", ""), cost.vector_flops);
  add_formula(explanation, "table rows read", elements * size, cost.weight_read);
  add_formula(explanation, "token ids read", Formula("tokens", operation.tokens) * "4 B", cost.activation_read);
  add_formula(explanation, "written", elements * size, cost.activation_write);
  set_growth(explanation, operation, "tokens", &EmbeddingLookup<>::tokens);
  finish_explanation(explanation, operation, options);
}

void explain_quantise(const QuantiseOptions& options) {
  Quantise<> operation = options.operation;
  operation.precision = to_projection(options.data_type);
  operation.scales = options.scales == "given" ? ScaleSource::given : ScaleSource::dynamic;
  const RuntimeElementwisePrecision& precision = operation.precision;
  if (precision.input == precision.output) {
    throw InputError(
        fmt::format("--dtype is '{}', expected one with quantised activations: fp8, fp8_block, int8, nvfp4",
                    options.data_type));
  }
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const auto [t, w] = std::pair(operation.tokens, operation.width);
  const bool dynamic = operation.scales == ScaleSource::dynamic;
  const bool blocks = precision.output.scale_rows != 0;
  const double scale_count =
      blocks ? double(t) * ((w + precision.output.scale_columns - 1) / precision.output.scale_columns) : 1.0;
  const bool twice = dynamic && !blocks;
  explanation.title = fmt::format(
      "quantise: {} tokens × {}, {}, {}, {} scales", t, w, types_text(precision),
      blocks ? fmt::format("blocks of {}", precision.output.scale_columns) : "one block", options.scales);
  const Formula elements = tokens_by_width(operation);
  add_formula(explanation, "FLOPs", dynamic ? elements * 5 + Formula("scales", scale_count) * 3 : elements * 3,
              cost.vector_flops);
  Formula read = (twice ? 2 * elements : elements) * element_size(precision.input);
  Formula written = elements * element_size({precision.output.element});
  if (blocks) {
    const std::string scale = fmt::format("{:g} B", bytes_per_element(precision.output.scale));
    Formula& scaled = dynamic ? written : read;
    scaled = scaled + Formula("scales", product(scale_count, scale));
  }
  add_formula(explanation, "read", read, cost.activation_read);
  add_formula(explanation, "written", written, cost.activation_write);
  set_growth(explanation, operation, "tokens", &Quantise<>::tokens);
  if (twice) {
    explanation.remarks = {"One scale for the whole tensor needs its maximum first: the input is read twice."};
  }
  finish_explanation(explanation, operation, options);
}

void explain_cache_write(const CacheWriteOptions& options) {
  const ModelPrecision model = find_precision(options.data_type);
  const TensorFormat cache = options.cache_type.empty() ? model.kv_cache : find_cache_format(options.cache_type);
  KvCacheWrite<> operation = options.operation;
  operation.precision = {model.hidden, cache};
  if (options.latent) operation.value_dimension = 0;
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula tokens{"tokens", operation.tokens};
  const Formula heads{"heads", operation.kv_heads};
  const Formula dimensions{"(d_k + d_v)", operation.key_dimension + operation.value_dimension};
  explanation.title =
      fmt::format("KV-cache write: {} tokens, {} KV heads × ({} + {}), {}", operation.tokens, operation.kv_heads,
                  operation.key_dimension, operation.value_dimension, types_text(operation.precision));
  add_formula(explanation, "FLOPs",
              cost.vector_flops.value > 0.0 ? tokens * heads * dimensions : Formula("none: a copy", ""),
              cost.vector_flops);
  add_formula(explanation, "read", tokens * (heads * dimensions * element_size(model.hidden) + "8 B"),
              cost.activation_read);
  add_formula(explanation, "cache write", tokens * heads * dimensions * element_size(cache), cost.kv_cache_write);
  set_growth(explanation, operation, "tokens", &KvCacheWrite<>::tokens);
  explanation.remarks = {"The attention operations count this write already: use it for its time, not on top."};
  finish_explanation(explanation, operation, options);
}

void explain_softcap(const OperationOptions<Softcap<>>& options) {
  Softcap<> operation = options.operation;
  operation.precision = {find_precision(options.data_type).hidden};
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula elements = Formula("rows", operation.rows) * Formula("width", operation.width);
  const Formula size = element_size(operation.precision.logits);
  explanation.title = fmt::format("softcap: {} rows × {}, logits {}", operation.rows, operation.width,
                                  operation.precision.logits.element);
  add_formula(explanation, "FLOPs", 6 * elements, cost.vector_flops);
  add_formula(explanation, "exponentials", elements, cost.exponentials);
  add_formula(explanation, "read", elements * size, cost.activation_read);
  add_formula(explanation, "written", elements * size, cost.activation_write);
  set_growth(explanation, operation, "rows", &Softcap<>::rows);
  finish_explanation(explanation, operation, options);
}

void explain_sampling(const SamplingOptions& options) {
  Sampling<> operation = options.operation;
  operation.method = options.method == "greedy"        ? SamplingMethod::greedy
                     : options.method == "categorical" ? SamplingMethod::categorical
                     : options.method == "min_p"       ? SamplingMethod::min_p
                     : options.method == "top_k"       ? SamplingMethod::top_k
                                                       : SamplingMethod::top_p;
  operation.precision = {find_precision(options.data_type).hidden};
  const opcost::detail::SamplingWork work =
      opcost::detail::sampling_work[static_cast<std::size_t>(operation.method)];
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const Formula sequences{"sequences", operation.sequences};
  const Formula vocabulary{"vocabulary", operation.vocabulary};
  explanation.title = fmt::format("sampling, {}: {} sequences from {} logits in {}", options.method,
                                  operation.sequences, operation.vocabulary, operation.precision.logits.element);
  add_formula(explanation, "FLOPs", sequences * vocabulary * work.flops, cost.vector_flops);
  if (cost.exponentials > 0.0) {
    add_formula(explanation, "exponentials", sequences * vocabulary * work.special_functions, cost.exponentials);
  }
  add_formula(explanation, "logits read",
              Formula("passes", work.passes) * sequences * vocabulary * element_size(operation.precision.logits),
              cost.activation_read);
  add_formula(explanation, "token ids written", sequences * "4 B", cost.activation_write);
  set_growth(explanation, operation, "sequences", &Sampling<>::sequences);
  finish_explanation(explanation, operation, options);
}

const std::string written_type = "What reads the output decides how it is written";

/// --rows and --width.
template <class T>
std::vector<SizeOption> row_sizes(T& operation) {
  return {{"--rows", "rows", &operation.rows, "The rows: tokens, or tokens × heads"},
          {"--width", "width", &operation.width, "The elements of a row"}};
}

/// --tokens and --width.
template <class T>
std::vector<SizeOption> token_sizes(T& operation) {
  return {{"--tokens", "tokens", &operation.tokens, "The tokens"},
          {"--width", "width", &operation.width, "The elements of a token"}};
}

void add_norms(CLI::App& op) {
  const auto rms = std::make_shared<OperationOptions<RmsNorm<>>>();
  add_operation(
      op, {"rms-norm", "Root-mean-square normalisation", "--rows 64 --width 5376 --gpu h100-sxm", written_type},
      rms, row_sizes(rms->operation), explain_rms_norm);
  const auto layer = std::make_shared<LayerNormOptions>();
  add_operation(op, {"layer-norm", "Layer normalisation", "--rows 64 --width 5376 --gpu h100-sxm", written_type},
                layer, row_sizes(layer->operation), explain_layer_norm,
                [&](CLI::App& command) { command.add_flag("--no-bias", layer->no_bias, "Without a bias"); });
  const auto add = std::make_shared<OperationOptions<AddRmsNorm<>>>();
  add_operation(op,
                {"add-rms-norm", "Residual addition and RMS norm in one kernel",
                 "--rows 64 --width 5376 --gpu h100-sxm", written_type},
                add, row_sizes(add->operation), explain_add_rms_norm);
}

void add_feed_forward(CLI::App& op) {
  const auto rotary = std::make_shared<OperationOptions<RotaryEmbedding<>>>();
  RotaryEmbedding<>& embedding = rotary->operation;
  add_operation(op,
                {"rotary", "Rotary position embedding of queries and keys",
                 "--tokens 64 --heads 48 --dim 128 --gpu h100-sxm", "Queries and keys"},
                rotary,
                {{"--tokens", "tokens", &embedding.tokens, "The tokens"},
                 {"--heads", "heads", &embedding.heads, "Query heads and KV heads together"},
                 {"--dim", "rotary_dimension", &embedding.rotary_dimension, "The rotated dimensions of a head"}},
                explain_rotary);
  const auto activation = std::make_shared<ActivationOptions>();
  add_operation(op,
                {"activation", "The activation between a feed-forward block's projections",
                 "--tokens 64 --width 21504 --function gelu_tanh --gpu h100-sxm", written_type},
                activation, token_sizes(activation->operation), explain_activation, [&](CLI::App& command) {
                  add_choice(command, "--function", activation->function, "Which one (default: silu)",
                             {"silu", "gelu_tanh", "relu"});
                  command.add_flag("--plain", activation->plain, "Not multiplied by a second input");
                });
  const auto residual = std::make_shared<OperationOptions<ResidualAdd<>>>();
  add_operation(
      op,
      {"residual", "The sum into the residual stream", "--tokens 64 --width 5376 --gpu h100-sxm", "Hidden states"},
      residual, token_sizes(residual->operation), explain_residual);
  const auto lookup = std::make_shared<OperationOptions<EmbeddingLookup<>>>();
  add_operation(op,
                {"embedding", "A gather of one table row a token", "--tokens 64 --width 5376 --gpu h100-sxm",
                 "Table and output"},
                lookup, token_sizes(lookup->operation), explain_embedding, [&](CLI::App& command) {
                  command.add_flag("--scaled", lookup->operation.scaled, "Multiplied by a constant (Gemma)");
                });
}

void add_conversions(CLI::App& op) {
  const auto quantise = std::make_shared<QuantiseOptions>();
  quantise->data_type = "fp8_block";
  add_operation(op,
                {"quantise", "Conversion of activations to a narrower format",
                 "--tokens 64 --width 7168 --dtype fp8_block --gpu h100-sxm", "Into this one's activations"},
                quantise, token_sizes(quantise->operation), explain_quantise, [&](CLI::App& command) {
                  add_choice(command, "--scales", quantise->scales,
                             "Found in the input, or given (default: dynamic)", {"dynamic", "given"});
                });
  const auto write = std::make_shared<CacheWriteOptions>();
  KvCacheWrite<>& cache = write->operation;
  add_operation(op,
                {"kv-write", "Keys and values of new tokens into the paged KV cache",
                 "--tokens 64 --kv-heads 8 --kv-dtype fp8 --gpu h100-sxm", "Keys and values"},
                write,
                {{"--tokens", "tokens", &cache.tokens, "The new tokens"},
                 {"--kv-heads", "kv_heads", &cache.kv_heads, "KV heads (1 for a latent cache)"},
                 {"--key-dim", "key_dimension", &cache.key_dimension, "Of a key (default: 128)", false},
                 {"--value-dim", "value_dimension", &cache.value_dimension, "Of a value (default: 128)", false}},
                explain_cache_write, [&](CLI::App& command) {
                  command.add_flag("--no-values", write->latent, "Keys only, as latent attention stores them");
                  command
                      .add_option("--kv-dtype", write->cache_type,
                                  "KV cache (default: bf16, or --dtype where that is a 16- or 32-bit type)")
                      ->type_name("TYPE");
                });
}

void add_logits(CLI::App& op) {
  const auto softcap = std::make_shared<OperationOptions<Softcap<>>>();
  softcap->data_type = "fp32";
  add_operation(op,
                {"softcap", "Soft capping of logits by tanh", "--rows 64 --width 262208 --gpu h100-sxm", "Logits"},
                softcap, row_sizes(softcap->operation), explain_softcap);
  const auto sampling = std::make_shared<SamplingOptions>();
  sampling->data_type = "fp32";
  add_operation(op,
                {"sampling", "The choice of each sequence's next token",
                 "--batch 64 --vocabulary 262208 --method top_p --gpu h100-sxm", "Logits"},
                sampling,
                {{"--batch", "sequences", &sampling->operation.sequences, "The sequences"},
                 {"--vocabulary", "vocabulary", &sampling->operation.vocabulary, "The logits of each"}},
                explain_sampling, [&](CLI::App& command) {
                  add_choice(command, "--method", sampling->method, "How (default: categorical)",
                             {"greedy", "categorical", "min_p", "top_k", "top_p"});
                });
}

}  // namespace

void add_elementwise_operations(CLI::App& op) {
  add_norms(op);
  add_feed_forward(op);
  add_conversions(op);
  add_logits(op);
}

}  // namespace opcost::program
