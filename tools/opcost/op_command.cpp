// SPDX-License-Identifier: Apache-2.0
#include "op_command.hpp"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "explanation.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

struct CommonOptions {
  std::vector<std::string> gpus;
  std::string data_type = "bf16";
  std::string format = "table";
  std::string calibration;  // "": each accelerator's default
};

struct LinearOptions : CommonOptions {
  std::int32_t tokens = 0;
  std::int32_t in_features = 0;
  std::int32_t out_features = 0;
  bool bias = false;
};

struct AttentionOptions : CommonOptions {
  std::int32_t query_heads = 0;
  std::int32_t kv_heads = 0;  // 0: as many as query heads
  std::int32_t head_dimension = 128;
  std::int32_t value_dimension = 0;  // 0: head_dimension
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 0;
  std::int32_t window = 0;
  bool bidirectional = false;
  std::string cache_type;
};

constexpr std::int32_t largest_size = 1 << 24;  // tokens; no forward pass is larger

void add_common_options(CLI::App& command, CommonOptions& options, const std::string& data_type_help) {
  add_gpus(command, options.gpus);
  command.add_option("--dtype", options.data_type, data_type_help)->type_name("TYPE");
  command
      .add_option("--calibration", options.calibration,
                  "Estimate with this calibration: a name of `opcost list calibrations` or a file (default: each "
                  "GPU's own)")
      ->type_name("NAME|FILE");
  add_choice(command, "--format", options.format, "How to print (default: table)", {"table", "json"});
}

void show(const Explanation& explanation, const std::string& format) {
  print(format == "json" ? explanation_json(explanation) : explanation_text(explanation, colour_wanted()));
}

/// "2 B", or "1 B + scales" for block-scaled formats.
std::string element_size(const TensorFormat& format) {
  return fmt::format("{:g} B", bytes_per_element(format.element)) + (format.scale_rows != 0 ? " and scales" : "");
}

template <class T>
void add_estimates(Explanation& explanation, const T& operation, const std::string& calibration) {
  for (const Accelerator& accelerator : explanation.accelerators) {
    explanation.calibrations.push_back(calibration_for(accelerator, calibration, false));
    explanation.estimates.push_back(estimate_latency(operation, accelerator, explanation.calibrations.back()));
  }
}

void add_totals(Explanation& explanation) {
  const Cost& cost = explanation.cost;
  explanation.formulas.push_back({"bytes", "reads + writes", "", fmt::format("{}", cost.bytes())});
  explanation.formulas.push_back({"intensity", "FLOPs / bytes", fmt::format("{} / {}", cost.flops(), cost.bytes()),
                                  fmt::format("{}", cost.arithmetic_intensity())});
}

void explain_linear(const LinearOptions& options) {
  require_option(options.tokens != 0, "--tokens", "the rows of the activation");
  require_option(options.in_features != 0, "--in", "the input features");
  require_option(options.out_features != 0, "--out", "the output features");
  const ModelPrecision model = find_precision(options.data_type);
  const RuntimeLinearPrecision precision{model.activation, model.weight, model.hidden};
  const LinearProjection<> operation{options.tokens, options.in_features, options.out_features, options.bias,
                                     precision};
  const Cost cost = operation.cost();

  Explanation explanation;
  explanation.accelerators = find_accelerators(options.gpus);
  explanation.compute_type = operation.compute_type();
  require_support(explanation.accelerators, explanation.compute_type);
  explanation.kind = operation.kind;
  explanation.cost = cost;
  const auto [m, k, n] = std::tuple(operation.tokens, operation.in_features, operation.out_features);
  explanation.title = fmt::format("linear projection: activation[{} × {}] × weight[{} × {}], {}, computed in {}", m,
                                  k, k, n, options.data_type, explanation.compute_type);
  explanation.formulas = {
      {"FLOPs", "2 × tokens × in × out", fmt::format("2 × {} × {} × {}", m, k, n),
       fmt::format("{}", cost.matrix_flops)},
      {"weight read", "in × out × " + element_size(precision.weight),
       fmt::format("{} × {} × {}", k, n, element_size(precision.weight)), fmt::format("{}", cost.weight_read)},
      {"activation read", "tokens × in × " + element_size(precision.activation),
       fmt::format("{} × {} × {}", m, k, element_size(precision.activation)),
       fmt::format("{}", cost.activation_read)},
      {"activation write", "tokens × out × " + element_size(precision.output),
       fmt::format("{} × {} × {}", m, n, element_size(precision.output)),
       fmt::format("{}", cost.activation_write)}};
  if (options.bias) {
    explanation.formulas.insert(
        explanation.formulas.begin() + 1,
        {"bias FLOPs", "tokens × out", fmt::format("{} × {}", m, n), fmt::format("{}", cost.vector_flops)});
  }
  add_totals(explanation);
  explanation.size_name = "tokens";
  explanation.size = m;
  explanation.largest_size = largest_size;
  explanation.cost_at_size = [operation](std::int32_t tokens) {
    LinearProjection<> other = operation;
    other.tokens = tokens;
    return other.cost();
  };
  add_estimates(explanation, operation, options.calibration);
  show(explanation, options.format);
}

template <AttentionMask Mask>
void explain_attention(const AttentionOptions& options, Mask mask, const std::string& pairs_formula) {
  const ModelPrecision model = find_precision(options.data_type);
  const TensorFormat cache = options.cache_type.empty() ? model.kv_cache : find_cache_format(options.cache_type);
  Attention<Mask> operation;
  operation.heads = {options.query_heads, options.kv_heads != 0 ? options.kv_heads : options.query_heads,
                     options.head_dimension,
                     options.value_dimension != 0 ? options.value_dimension : options.head_dimension};
  operation.sequences = options.sequences;
  operation.query_tokens = options.query_tokens;
  operation.context_tokens = options.context_tokens;
  operation.mask = mask;
  operation.precision = {model.hidden, cache, model.hidden};
  if (const auto violation = operation.violation()) {
    fail_violation(*violation, {{"query_tokens", "--query"},
                                {"context_tokens", "--context"},
                                {"query_heads", "--query-heads"},
                                {"kv_heads", "--kv-heads"}});
  }
  const Cost cost = operation.cost();
  const AttentionCounts counts = count_sequence(mask, {operation.query_tokens, operation.context_tokens});

  Explanation explanation;
  explanation.accelerators = find_accelerators(options.gpus);
  explanation.compute_type = operation.compute_type();
  require_support(explanation.accelerators, explanation.compute_type);
  explanation.kind = operation.kind;
  explanation.cost = cost;
  const AttentionHeads& heads = operation.heads;
  const std::int32_t s = operation.sequences;
  const std::int32_t dimensions = heads.query_key_dimension + heads.value_dimension;
  const std::string cached = element_size(cache);
  const std::string hidden = element_size(model.hidden);
  explanation.title = fmt::format(
      "{}: {} × {} new tokens at {} tokens of context; {} query heads, {} KV heads × {}{}; {}, KV cache {}",
      explanation.kind, s, operation.query_tokens, operation.context_tokens, heads.query_heads, heads.kv_heads,
      heads.query_key_dimension,
      heads.value_dimension == heads.query_key_dimension ? "" : fmt::format("/{}", heads.value_dimension),
      model.hidden.element, cache.element);
  std::replace(explanation.title.begin(),
               explanation.title.begin() + static_cast<std::ptrdiff_t>(explanation.kind.size()), '_', ' ');
  explanation.formulas = {
      {"pairs", pairs_formula, "per sequence", fmt::format("{}", counts.pairs)},
      {"keys read", "keys that some query sees", "per sequence", fmt::format("{}", counts.visible_keys)},
      {"FLOPs", "2 × sequences × pairs × query heads × (d_qk + d_v)",
       fmt::format("2 × {} × {} × {} × {}", s, counts.pairs, heads.query_heads, dimensions),
       fmt::format("{}", cost.matrix_flops)},
      {"KV read", "sequences × keys × KV heads × (d_qk + d_v) × " + cached,
       fmt::format("{} × {} × {} × {} × {}", s, counts.visible_keys, heads.kv_heads, dimensions, cached),
       fmt::format("{}", cost.kv_cache_read)},
      {"KV write", "sequences × new × KV heads × (d_qk + d_v) × " + cached,
       fmt::format("{} × {} × {} × {} × {}", s, operation.query_tokens, heads.kv_heads, dimensions, cached),
       fmt::format("{}", cost.kv_cache_write)},
      {"query read", "sequences × new × query heads × d_qk × " + hidden,
       fmt::format("{} × {} × {} × {} × {}", s, operation.query_tokens, heads.query_heads,
                   heads.query_key_dimension, hidden),
       fmt::format("{}", cost.activation_read)},
      {"output write", "sequences × new × query heads × d_v × " + hidden,
       fmt::format("{} × {} × {} × {} × {}", s, operation.query_tokens, heads.query_heads, heads.value_dimension,
                   hidden),
       fmt::format("{}", cost.activation_write)}};
  add_totals(explanation);
  const std::int32_t before = operation.context_tokens - operation.query_tokens;
  explanation.size_name = "new tokens a sequence";
  explanation.size_condition = fmt::format("after {} cached", before);
  explanation.size = operation.query_tokens;
  explanation.largest_size = largest_size;
  explanation.cost_at_size = [operation, before](std::int32_t query_tokens) {
    Attention<Mask> other = operation;
    other.query_tokens = query_tokens;
    other.context_tokens = before + query_tokens;
    return other.cost();
  };
  explanation.remarks = {
      "The number of sequences changes nothing: each brings its own KV cache, so the intensity stays."};
  add_estimates(explanation, operation, options.calibration);
  show(explanation, options.format);
}

void run_attention(const AttentionOptions& options) {
  require_option(options.query_heads != 0, "--query-heads", "the number of query heads");
  require_option(options.context_tokens != 0, "--context", "the tokens of each sequence after the step");
  if (options.bidirectional) {
    if (options.window != 0) throw InputError("--window and --bidirectional exclude each other");
    explain_attention(options, Bidirectional{}, "new × context");
  } else if (options.window != 0) {
    explain_attention(options, SlidingWindow{options.window}, "sum over new tokens of min(position, window)");
  } else {
    explain_attention(options, Causal{}, "new × cached + new × (new + 1) / 2");
  }
}

void add_linear(CLI::App& op) {
  CLI::App* command = op.add_subcommand("linear", "A linear projection: activation[tokens, in] × weight[in, out]");
  command->footer("Example:\n  opcost op linear --tokens 64 --in 5376 --out 21504 --gpu h100-sxm --gpu h20");
  const auto options = std::make_shared<LinearOptions>();
  add_count(*command, "--tokens", options->tokens, "Rows of the activation");
  add_count(*command, "--in", options->in_features, "Input features");
  add_count(*command, "--out", options->out_features, "Output features");
  command->add_flag("--bias", options->bias, "Add a bias");
  add_common_options(*command, *options, "Weights and activations: see `opcost list dtypes` (default: bf16)");
  command->callback([options] { explain_linear(*options); });
}

void add_attention(CLI::App& op) {
  CLI::App* command =
      op.add_subcommand("attention", "Attention over a KV cache: full, sliding-window or bidirectional");
  command->footer(
      "Example:\n"
      "  opcost op attention --query-heads 32 --kv-heads 16 --batch 64 --context 8192 --window 1024 --gpu h20");
  const auto options = std::make_shared<AttentionOptions>();
  add_count(*command, "--query-heads", options->query_heads, "Query heads");
  add_count(*command, "--kv-heads", options->kv_heads, "KV heads (default: as many as query heads)");
  add_count(*command, "--head-dim", options->head_dimension,
            "Dimension of a query, key and value head (default: 128)");
  add_count(*command, "--value-dim", options->value_dimension, "Dimension of a value head (default: --head-dim)");
  add_count(*command, "--batch", options->sequences, "Sequences (default: 1)");
  add_count(*command, "--query", options->query_tokens, "New tokens of each sequence (default: 1, a decode step)");
  add_count(*command, "--context", options->context_tokens, "Tokens of each sequence after the step");
  add_count(*command, "--window", options->window, "Keys that a query sees (default: all)");
  command->add_flag("--bidirectional", options->bidirectional, "Every token sees every token");
  command
      ->add_option("--kv-dtype", options->cache_type,
                   "KV cache (default: bf16, or --dtype where that is a 16- or 32-bit type)")
      ->type_name("TYPE");
  add_common_options(*command, *options, "Queries and output: see `opcost list dtypes` (default: bf16)");
  command->callback([options] { run_attention(*options); });
}

}  // namespace

void add_op_command(CLI::App& app) {
  CLI::App* op = app.add_subcommand("op", "One operation explained: formula, bytes by role, bound, what limits it");
  require_subcommand(*op);
  op->footer("Example:\n  opcost op linear --tokens 64 --in 5376 --out 21504 --gpu h100-sxm --gpu h20");
  add_linear(*op);
  add_attention(*op);
}

}  // namespace opcost::program
