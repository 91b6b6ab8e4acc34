// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "op_groups.hpp"
#include "op_options.hpp"

namespace opcost::program {
namespace {

struct DeltaRuleOptions : OperationOptions<GatedDeltaRule<>> {
  std::string form = "auto";
  std::string decay = "head";
  bool starts_here = false;
};

struct StateSpaceOptions : OperationOptions<StateSpaceScan<>> {
  std::string form = "auto";
  bool starts_here = false;
  bool constant_decay = false;
  bool no_skip = false;
};

struct ConvolutionOptions : OperationOptions<ShortConvolution<>> {
  bool starts_here = false;
  bool no_silu = false;
};

/// One new token a sequence is a decode step, which runs token by token; more run in chunks.
RecurrenceForm form_of(const std::string& name, std::int32_t query_tokens) {
  const bool chunked = name == "chunked" || (name == "auto" && query_tokens > 1);
  return chunked ? RecurrenceForm::chunked : RecurrenceForm::recurrent;
}

template <class T>
void set_token_growth(Explanation& explanation, const T& operation) {
  set_growth(explanation, operation, "new tokens a sequence", &T::query_tokens);
  explanation.remarks = {
      "The number of sequences changes next to nothing: each brings a state of its own, of one size however long "
      "the context."};
}

/// `state` is read if there is one, and `stored` written.
template <class T>
void add_state_formulas(Explanation& explanation, const T& operation, const Formula& state, const Formula& stored) {
  if (operation.has_initial_state) add_formula(explanation, "state read", state, explanation.cost.kv_cache_read);
  add_formula(explanation, "state written", stored, explanation.cost.kv_cache_write);
}

/// Of the recurrences, which may store the state after every token.
template <class T>
void add_state_formulas(Explanation& explanation, const T& operation, const Formula& state) {
  add_state_formulas(explanation, operation, state,
                     operation.stores_every_state ? Formula("new", operation.query_tokens) * state : state);
}

template <class T>
std::string form_text(const T& operation) {
  return operation.form == RecurrenceForm::recurrent ? "recurrent"
                                                     : fmt::format("in chunks of {}", operation.chunk_tokens);
}

void explain_delta_rule(const DeltaRuleOptions& options) {
  GatedDeltaRule<> operation = options.operation;
  const TensorFormat hidden = find_precision(options.data_type).hidden;
  operation.precision = {hidden, formats::fp32, formats::fp32, hidden};
  operation.form = form_of(options.form, operation.query_tokens);
  operation.decay = options.decay == "head" ? DeltaRuleDecay::per_head : DeltaRuleDecay::per_channel;
  operation.has_initial_state = !options.starts_here;
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const auto [k, v] = std::pair(operation.key_dimension, operation.value_dimension);
  explanation.title = fmt::format(
      "gated delta rule, {}: {} × {} new tokens; {} key heads × {}, {} value heads × {}; {}, state fp32",
      form_text(operation), operation.sequences, operation.query_tokens, operation.key_heads, k,
      operation.value_heads, v, hidden.element);
  const Formula sequences{"sequences", operation.sequences};
  const Formula tokens = sequences * Formula("new", operation.query_tokens);
  const Formula heads{"value heads", operation.value_heads};
  const Formula state{"KV", product(k, v)};
  if (operation.form == RecurrenceForm::recurrent) {
    add_formula(
        explanation, "FLOPs",
        tokens * heads * (Formula("7KV", product(7, k, v)) + Formula("2V", product(2, v)) + Formula("K", k)),
        cost.vector_flops);
  } else {
    const auto chunks = opcost::detail::ChunkCounts::of(operation.query_tokens, operation.chunk_tokens,
                                                        operation.has_initial_state);
    const double states = double(operation.sequences) * operation.value_heads;
    const double with_state = 2.0 * states * k * v * (2.0 * chunks.continuing + chunks.tokens);
    add_formula(explanation, "FLOPs in chunks", "pairs of a chunk's tokens: A, its inverse, U, W, QKᵀ and its use",
                "", Flops{cost.matrix_flops.value - with_state});
    add_formula(explanation, "FLOPs, state",
                2 * sequences * heads * state *
                    (2 * Formula("new after a state", chunks.continuing) + Formula("new", chunks.tokens)),
                Flops{with_state});
  }
  add_formula(explanation, "exponentials", "decays", "", cost.exponentials);
  add_state_formulas(explanation, operation, sequences * heads * state * "4 B");
  const Formula values = Formula("V", v) * element_size(hidden);
  const Formula gates = operation.decay == DeltaRuleDecay::per_head ? Formula(2) : Formula("(1 + K)", 1 + k);
  add_formula(explanation, "input read",
              tokens * (2 * Formula("key heads", operation.key_heads) * Formula("K", k) * element_size(hidden) +
                        heads * (values + gates * "4 B")),
              cost.activation_read);
  add_formula(explanation, "output write", tokens * heads * values, cost.activation_write);
  set_token_growth(explanation, operation);
  finish_explanation(explanation, operation, options);
}

void explain_state_space(const StateSpaceOptions& options) {
  StateSpaceScan<> operation = options.operation;
  const TensorFormat hidden = find_precision(options.data_type).hidden;
  operation.precision = {hidden, formats::fp32, formats::fp32, hidden};
  operation.form = form_of(options.form, operation.query_tokens);
  operation.has_initial_state = !options.starts_here;
  operation.selective = !options.constant_decay;
  operation.skip = !options.no_skip;
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const auto [p, n] = std::pair(operation.head_dimension, operation.state_dimension);
  explanation.title =
      fmt::format("state-space scan, {}: {} × {} new tokens; {} heads × {} in {} groups, state {}; {}, state fp32",
                  form_text(operation), operation.sequences, operation.query_tokens, operation.heads, p,
                  operation.groups, n, hidden.element);
  const Formula sequences{"sequences", operation.sequences};
  const Formula tokens = sequences * Formula("new", operation.query_tokens);
  const Formula heads{"heads", operation.heads};
  const Formula outputs = heads * Formula("P", p);
  const Formula inner = Formula("groups", operation.groups) * Formula("N", n);
  const Formula state{"PN", product(p, n)};
  if (operation.form == RecurrenceForm::recurrent) {
    Formula work{"5PN", product(5, p, n)};
    if (operation.selective) work = work + Formula("N", n) + 1;
    if (operation.skip) work = work + Formula("2P", product(2, p));
    add_formula(explanation, "FLOPs", tokens * heads * in_brackets(work), cost.vector_flops);
  } else {
    const auto chunks = opcost::detail::ChunkCounts::of(operation.query_tokens, operation.chunk_tokens,
                                                        operation.has_initial_state);
    const double s = operation.sequences;
    const double h = operation.heads;
    add_formula(explanation, "FLOPs in chunks",
                2 * sequences * Formula("pairs in chunks", chunks.pairs) * (inner + outputs),
                Flops{2.0 * s * chunks.pairs * (double(operation.groups) * n + h * p)});
    add_formula(explanation, "FLOPs, state",
                2 * sequences * heads * state *
                    (Formula("new", chunks.tokens) + Formula("new after a state", chunks.continuing)),
                Flops{2.0 * s * h * p * n * (chunks.tokens + chunks.continuing)});
  }
  add_formula(explanation, "exponentials", "decays", "", cost.exponentials);
  add_formula(explanation, "weight read", heads * (operation.skip ? "8 B" : "4 B"), cost.weight_read);
  add_state_formulas(explanation, operation, sequences * heads * state * "4 B");
  const std::string size = element_size(hidden);
  Formula input = (outputs + 2 * inner) * size;
  if (operation.selective) input = input + heads * "4 B";
  add_formula(explanation, "input read", tokens * in_brackets(input), cost.activation_read);
  add_formula(explanation, "output write", tokens * outputs * size, cost.activation_write);
  set_token_growth(explanation, operation);
  finish_explanation(explanation, operation, options);
}

void explain_convolution(const ConvolutionOptions& options) {
  ShortConvolution<> operation = options.operation;
  const TensorFormat hidden = find_precision(options.data_type).hidden;
  operation.precision = {hidden, hidden};
  operation.silu = !options.no_silu;
  operation.has_initial_state = !options.starts_here;
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const std::int32_t w = operation.width;
  explanation.title =
      fmt::format("short convolution: {} × {} new tokens, {} channels, width {}, {}", operation.sequences,
                  operation.query_tokens, operation.channels, w, hidden.element);
  const Formula sequences{"sequences", operation.sequences};
  const Formula channels{"channels", operation.channels};
  const Formula width{"width", w};
  const std::string size = element_size(hidden);
  const Formula elements = sequences * Formula("new", operation.query_tokens) * channels;
  const Formula state = sequences * channels * Formula("(width − 1)", w - 1) * size;
  add_formula(explanation, "FLOPs", elements * in_brackets(operation.silu ? 2 * width + 2 : 2 * width),
              cost.vector_flops);
  add_formula(explanation, "weight read",
              channels * (operation.bias ? Formula("(width + 1)", w + 1) : width) * size, cost.weight_read);
  add_formula(explanation, "input read", elements * size, cost.activation_read);
  add_formula(explanation, "output write", elements * size, cost.activation_write);
  add_state_formulas(explanation, operation, state, state);
  set_token_growth(explanation, operation);
  finish_explanation(explanation, operation, options);
}

void add_form(CLI::App& command, std::string& form) {
  add_choice(command, "--form", form,
             "Token by token, or matrix products of chunks (default: auto, recurrent for one new token)",
             {"auto", "recurrent", "chunked"});
}

void add_start(CLI::App& command, bool& starts_here) {
  command.add_flag("--start", starts_here, "The sequences start here: there is no state before");
}

/// --batch and --query.
template <class T>
std::vector<SizeOption> token_sizes(T& operation) {
  return {{"--batch", "sequences", &operation.sequences, "Sequences (default: 1)", false},
          {"--query", "query_tokens", &operation.query_tokens,
           "New tokens of each sequence (default: 1, a decode step)", false}};
}

}  // namespace

void add_recurrent_operations(CLI::App& op) {
  const auto delta = std::make_shared<DeltaRuleOptions>();
  GatedDeltaRule<>& rule = delta->operation;
  std::vector<SizeOption> sizes = token_sizes(rule);
  sizes.push_back({"--key-heads", "key_heads", &rule.key_heads, "Key heads"});
  sizes.push_back({"--value-heads", "value_heads", &rule.value_heads, "Value heads"});
  sizes.push_back({"--key-dim", "key_dimension", &rule.key_dimension, "Of a key head (default: 128)", false});
  sizes.push_back(
      {"--value-dim", "value_dimension", &rule.value_dimension, "Of a value head (default: 128)", false});
  sizes.push_back({"--chunk", "chunk_tokens", &rule.chunk_tokens, "Tokens of a chunk (default: 64)", false});
  add_operation(
      op,
      {"delta-rule", "The gated delta rule (Gated DeltaNet, Kimi delta attention)",
       "--key-heads 16 --value-heads 32 --batch 64 --gpu h100-sxm", "Inputs and output"},
      delta, sizes, explain_delta_rule, [&](CLI::App& command) {
        add_form(command, delta->form);
        add_choice(command, "--decay", delta->decay, "What a decay holds for (default: head)", {"head", "channel"});
        add_start(command, delta->starts_here);
        command.add_flag("--every-state", rule.stores_every_state,
                         "The state is stored after every token (speculative decoding)");
      });

  const auto space = std::make_shared<StateSpaceOptions>();
  StateSpaceScan<>& scan = space->operation;
  sizes = token_sizes(scan);
  sizes.push_back({"--heads", "heads", &scan.heads, "Heads"});
  sizes.push_back({"--groups", "groups", &scan.groups, "Groups that share B and C (default: 1)", false});
  sizes.push_back({"--head-dim", "head_dimension", &scan.head_dimension, "Of a head (default: 64)", false});
  sizes.push_back({"--state-dim", "state_dimension", &scan.state_dimension, "Of the state (default: 128)", false});
  sizes.push_back({"--chunk", "chunk_tokens", &scan.chunk_tokens, "Tokens of a chunk (default: 256)", false});
  add_operation(op,
                {"state-space", "The state-space scan (Mamba-2), or lightning attention",
                 "--heads 128 --groups 8 --batch 64 --gpu h100-sxm", "Inputs and output"},
                space, sizes, explain_state_space, [&](CLI::App& command) {
                  add_form(command, space->form);
                  add_start(command, space->starts_here);
                  command.add_flag("--constant-decay", space->constant_decay,
                                   "Decays are constants of the head (lightning attention)");
                  command.add_flag("--no-skip", space->no_skip, "Without the D·x term");
                  command.add_flag("--every-state", scan.stores_every_state,
                                   "The state is stored after every token (speculative decoding)");
                });

  const auto convolution = std::make_shared<ConvolutionOptions>();
  ShortConvolution<>& short_convolution = convolution->operation;
  sizes = token_sizes(short_convolution);
  sizes.push_back({"--channels", "channels", &short_convolution.channels, "Channels"});
  sizes.push_back({"--width", "width", &short_convolution.width, "Inputs a channel sums over (default: 4)", false});
  add_operation(op,
                {"convolution", "The short causal convolution in front of a recurrent operation",
                 "--channels 8192 --batch 64 --gpu h100-sxm", "Input and output"},
                convolution, sizes, explain_convolution, [&](CLI::App& command) {
                  command.add_flag("--bias", short_convolution.bias, "Add a bias");
                  command.add_flag("--no-silu", convolution->no_silu, "Without SiLU at the end");
                  add_start(command, convolution->starts_here);
                });
}

}  // namespace opcost::program
