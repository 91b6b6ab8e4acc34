// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "op_groups.hpp"
#include "op_options.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

struct AttentionOptions : CommonOptions {
  std::int32_t query_heads = 0;
  std::int32_t kv_heads = 0;  // 0: as many as query heads
  std::int32_t head_dimension = 128;
  std::int32_t value_dimension = 0;  // 0: head_dimension
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 0;
  std::int32_t window = 0;
  std::int32_t top_k = 0;
  bool bidirectional = false;
  bool no_cache_write = false;
  bool sinks = false;
  bool softcap = false;
  std::string cache_type;
};

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
  operation.features = {!options.no_cache_write, options.sinks, options.softcap};
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const AttentionCounts counts = count_sequence(mask, {operation.query_tokens, operation.context_tokens});

  const AttentionHeads& heads = operation.heads;
  explanation.title = fmt::format(
      "{}: {} × {} new tokens at {} tokens of context; {} query heads, {} KV heads × {}{}; {}, KV cache {}",
      explanation.kind, operation.sequences, operation.query_tokens, operation.context_tokens, heads.query_heads,
      heads.kv_heads, heads.query_key_dimension,
      heads.value_dimension == heads.query_key_dimension ? "" : fmt::format("/{}", heads.value_dimension),
      model.hidden.element, cache.element);
  std::replace(explanation.title.begin(),
               explanation.title.begin() + static_cast<std::ptrdiff_t>(explanation.kind.size()), '_', ' ');
  explanation.formulas = {
      {"pairs", pairs_formula, "per sequence", fmt::format("{}", counts.pairs)},
      {"keys read", options.top_k != 0 ? "min(context, top-k), at least" : "keys that some query sees",
       "per sequence", fmt::format("{}", counts.visible_keys)}};
  const Formula sequences{"sequences", operation.sequences};
  const Formula tokens = sequences * Formula("new", operation.query_tokens);
  const Formula query_heads{"query heads", heads.query_heads};
  const Formula dimensions{"(d_qk + d_v)", heads.query_key_dimension + heads.value_dimension};
  const Formula cached = Formula("KV heads", heads.kv_heads) * dimensions * element_size(cache);
  const std::string hidden = element_size(model.hidden);
  add_formula(explanation, "FLOPs", 2 * sequences * Formula("pairs", counts.pairs) * query_heads * dimensions,
              cost.matrix_flops);
  add_formula(explanation, "KV read", sequences * Formula("keys", counts.visible_keys) * cached,
              cost.kv_cache_read);
  if (!options.no_cache_write) add_formula(explanation, "KV write", tokens * cached, cost.kv_cache_write);
  add_formula(explanation, "query read", tokens * query_heads * Formula("d_qk", heads.query_key_dimension) * hidden,
              cost.activation_read);
  if (options.sinks) add_formula(explanation, "sink read", query_heads * hidden, cost.weight_read);
  add_formula(explanation, "output write", tokens * query_heads * Formula("d_v", heads.value_dimension) * hidden,
              cost.activation_write);
  const bool grows = !options.no_cache_write;  // else the keys are another text's
  const std::int32_t before = operation.context_tokens - operation.query_tokens;
  set_growth(explanation, operation, "new tokens a sequence", operation.query_tokens,
             [before, grows](Attention<Mask>& other, std::int32_t query_tokens) {
               other.query_tokens = query_tokens;
               if (grows) other.context_tokens = before + query_tokens;
             });
  explanation.size_condition =
      grows ? fmt::format("after {} cached", before) : fmt::format("at {} keys", operation.context_tokens);
  explanation.remarks = {
      "The number of sequences changes nothing: each brings its own KV cache, so the intensity stays."};
  if (options.top_k != 0 && operation.query_tokens > 1) {
    explanation.remarks.emplace_back(
        "Queries that choose different keys read more: up to min(context, pairs) keys a sequence.");
  }
  finish_explanation(explanation, operation, options);
}

void run_attention(const AttentionOptions& options) {
  const int masks = (options.bidirectional ? 1 : 0) + (options.window != 0 ? 1 : 0) + (options.top_k != 0 ? 1 : 0);
  if (masks > 1) throw InputError("--window, --top-k and --bidirectional exclude each other");
  if (options.no_cache_write && !options.bidirectional) {
    throw InputError("--no-cache-write was given, expected only with --bidirectional");
  }
  if (options.bidirectional) {
    explain_attention(options, Bidirectional{}, "new × context");
  } else if (options.window != 0) {
    explain_attention(options, SlidingWindow{options.window}, "sum over new tokens of min(position, window)");
  } else if (options.top_k != 0) {
    explain_attention(options, TopKeys{options.top_k}, "sum over new tokens of min(position, top-k)");
  } else {
    explain_attention(options, Causal{}, "new × cached + new × (new + 1) / 2");
  }
}

}  // namespace

void add_attention_operations(CLI::App& op) {
  const auto options = std::make_shared<AttentionOptions>();
  add_operation(
      op,
      {"attention", "Attention over a KV cache: full, sliding-window, sparse or bidirectional",
       "--query-heads 32 --kv-heads 16 --batch 64 --context 8192 --window 1024 --gpu h20", "Queries and output"},
      options,
      {{"--query-heads", "query_heads", &options->query_heads, "The number of query heads"},
       {"--kv-heads", "kv_heads", &options->kv_heads, "KV heads (default: as many as query heads)", false},
       {"--head-dim", "query_key_dimension", &options->head_dimension,
        "Dimension of a query, key and value head (default: 128)", false},
       {"--value-dim", "value_dimension", &options->value_dimension,
        "Dimension of a value head (default: --head-dim)", false},
       {"--batch", "sequences", &options->sequences, "Sequences (default: 1)", false},
       {"--query", "query_tokens", &options->query_tokens,
        "New tokens of each sequence (default: 1, a decode step)", false},
       {"--context", "context_tokens", &options->context_tokens, "The tokens of each sequence after the step"},
       {"--window", "window", &options->window, "Keys that a query sees (default: all)", false},
       {"--top-k", "top_k", &options->top_k, "Keys that an indexer chose for each query (default: all)", false}},
      run_attention, [&](CLI::App& command) {
        command.add_flag("--bidirectional", options->bidirectional, "Every token sees every token");
        command.add_flag("--no-cache-write", options->no_cache_write,
                         "With --bidirectional: keys and values are not stored (encoders, cross attention)");
        command.add_flag("--sinks", options->sinks, "A learned logit a head joins the softmax (gpt-oss)");
        command.add_flag("--softcap", options->softcap, "Scores are capped by tanh (Gemma 2)");
        command
            .add_option("--kv-dtype", options->cache_type,
                        "KV cache (default: bf16, or --dtype where that is a 16- or 32-bit type)")
            ->type_name("TYPE");
      });
}

}  // namespace opcost::program
