// SPDX-License-Identifier: Apache-2.0
#include <concepts>

#include "op_groups.hpp"
#include "op_options.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

struct LatentOptions : OperationOptions<LatentAttention<>> {
  std::string form = "auto";
  std::int32_t top_k = 0;
  std::string cache_type;
};

struct IndexerOptions : OperationOptions<AttentionIndexer<>> {
  std::string cache_type = "fp8";
};

using IndexTopKOptions = OperationOptions<IndexTopK<>>;

const std::string causal_pairs = "new × cached + new × (new + 1) / 2";
const std::string top_k_pairs = "sum over new tokens of min(position, top-k)";

/// The new tokens of each sequence, the cached ones before them held.
template <class T>
void set_token_growth(Explanation& explanation, const T& operation) {
  const std::int32_t before = operation.context_tokens - operation.query_tokens;
  set_growth(explanation, operation, "new tokens a sequence", operation.query_tokens,
             [before](T& other, std::int32_t query_tokens) {
               other.query_tokens = query_tokens;
               other.context_tokens = before + query_tokens;
             });
  explanation.size_condition = fmt::format("after {} cached", before);
}

template <AttentionMask Mask>
void explain_latent(const LatentOptions& options, Mask mask) {
  const ModelPrecision model = find_precision(options.data_type);
  const TensorFormat cache = options.cache_type.empty() ? model.kv_cache : find_cache_format(options.cache_type);
  LatentAttention<Mask> operation;
  operation.heads = options.operation.heads;
  operation.sequences = options.operation.sequences;
  operation.query_tokens = options.operation.query_tokens;
  operation.context_tokens = options.operation.context_tokens;
  operation.mask = mask;
  operation.precision = {model.hidden, cache, model.hidden};
  const bool absorbed =
      options.form == "absorbed" || (options.form == "auto" && operation.query_tokens < operation.context_tokens);
  operation.form = absorbed ? LatentForm::absorbed : LatentForm::expanded;
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const AttentionCounts counts = count_sequence(mask, {operation.query_tokens, operation.context_tokens});

  const LatentHeads& heads = operation.heads;
  explanation.title = fmt::format(
      "{}latent attention, {}: {} × {} new tokens at {} tokens of context; {} heads, latent {} + {}; {}, cache {}",
      std::same_as<Mask, Causal> ? "" : "sparse ", absorbed ? "absorbed" : "expanded", operation.sequences,
      operation.query_tokens, operation.context_tokens, heads.query_heads, heads.latent_rank, heads.rope_dimension,
      model.hidden.element, cache.element);
  explanation.formulas = {
      {"pairs", std::same_as<Mask, Causal> ? causal_pairs : top_k_pairs, "per sequence",
       fmt::format("{}", counts.pairs)},
      {"keys read", std::same_as<Mask, Causal> ? "the context" : "min(context, top-k), at least", "per sequence",
       fmt::format("{}", counts.visible_keys)}};
  const std::int32_t query_key = absorbed ? heads.cached_dimension() : heads.query_key_dimension();
  const std::int32_t value = absorbed ? heads.latent_rank : heads.value_dimension;
  const Formula sequences{"sequences", operation.sequences};
  const Formula tokens = sequences * Formula("new", operation.query_tokens);
  const Formula keys = sequences * Formula("keys", counts.visible_keys);
  const Formula query_heads{"heads", heads.query_heads};
  const Formula latent = Formula("(latent + rope)", heads.cached_dimension()) * element_size(cache);
  const Formula key_dimension{absorbed ? "(latent + rope)" : "(nope + rope)", query_key};
  const Formula value_dimension{absorbed ? "latent" : "value", value};
  const std::string hidden = element_size(model.hidden);
  add_formula(explanation, "FLOPs",
              2 * sequences * Formula("pairs", counts.pairs) * query_heads *
                  Formula("(" + key_dimension.symbols + " + " + value_dimension.symbols + ")", query_key + value),
              cost.matrix_flops);
  if (absorbed) add_formula(explanation, "cache read", keys * latent, cost.kv_cache_read);
  add_formula(explanation, "cache write", tokens * latent, cost.kv_cache_write);
  const Bytes queries = double(operation.sequences) * operation.query_tokens * heads.query_heads *
                        tensor_bytes(model.hidden, 1, query_key);
  add_formula(explanation, "query read", tokens * query_heads * key_dimension * hidden, queries);
  if (!absorbed) {
    add_formula(explanation, "keys, values read",
                keys * query_heads * Formula("(nope + rope + value)", query_key + value) * hidden,
                Bytes{cost.activation_read.value - queries.value});
  }
  add_formula(explanation, "output write", tokens * query_heads * value_dimension * hidden, cost.activation_write);
  set_token_growth(explanation, operation);
  explanation.remarks = {
      absorbed
          ? "All heads share one latent vector a key: more heads on the GPU raise the intensity, more sequences "
            "do not."
          : "The projection that expands the latents is an operation of its own: `opcost op linear`."};
  finish_explanation(explanation, operation, options);
}

void run_latent(const LatentOptions& options) {
  if (options.top_k != 0) {
    explain_latent(options, TopKeys{options.top_k});
  } else {
    explain_latent(options, Causal{});
  }
}

void explain_indexer(const IndexerOptions& options) {
  AttentionIndexer<> operation = options.operation;
  const TensorFormat query = find_precision(options.data_type).activation;
  // fp8 keys have a scale each, as DeepSeek-V3.2's
  const TensorFormat cache =
      options.cache_type == "fp8" ? formats::fp8_token_group : find_cache_format(options.cache_type);
  operation.precision = {{query.element}, cache, formats::fp32};
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const std::int64_t pairs = Causal{}.pairs(operation.query_tokens, operation.context_tokens);
  explanation.title = fmt::format(
      "attention indexer: {} × {} new tokens at {} tokens of context; {} heads × {}; queries {}, key cache {}",
      operation.sequences, operation.query_tokens, operation.context_tokens, operation.heads, operation.dimension,
      query.element, cache.element);
  explanation.formulas = {{"pairs", causal_pairs, "per sequence", fmt::format("{}", pairs)}};
  const Formula sequences{"sequences", operation.sequences};
  const Formula tokens = sequences * Formula("new", operation.query_tokens);
  const Formula scores = sequences * Formula("pairs", pairs);
  const Formula heads{"heads", operation.heads};
  const Formula dimension{"dimension", operation.dimension};
  const Formula key = dimension * element_size(cache);
  add_formula(explanation, "FLOPs", 2 * scores * heads * dimension, cost.matrix_flops);
  const bool scaled = cache.scale_rows != 0;
  add_formula(explanation, "vector FLOPs",
              scores * Formula(scaled ? "(3 × heads + 1)" : "(3 × heads)",
                               3 * std::int64_t{operation.heads} + (scaled ? 1 : 0)),
              cost.vector_flops);
  add_formula(explanation, "keys read", sequences * Formula("context", operation.context_tokens) * key,
              cost.kv_cache_read);
  add_formula(explanation, "keys written", tokens * key, cost.kv_cache_write);
  add_formula(explanation, "query read",
              tokens * heads * (dimension * element_size(operation.precision.query) + "4 B"), cost.activation_read);
  add_formula(explanation, "scores written", scores * "4 B", cost.activation_write);
  set_token_growth(explanation, operation);
  finish_explanation(explanation, operation, options);
}

void explain_index_top_k(const IndexTopKOptions& options) {
  IndexTopK<> operation = options.operation;
  operation.precision = {find_precision(options.data_type).hidden};
  Explanation explanation = start_explanation(operation, options);
  const Cost& cost = explanation.cost;
  const std::int64_t pairs = Causal{}.pairs(operation.query_tokens, operation.context_tokens);
  const std::int64_t chosen = TopKeys{operation.top_k}.pairs(operation.query_tokens, operation.context_tokens);
  const Formula sequences{"sequences", operation.sequences};
  const Formula scores = sequences * Formula("pairs", pairs);
  explanation.title = fmt::format("index top-k: {} × {} new tokens choose {} of {} keys; scores {}",
                                  operation.sequences, operation.query_tokens, operation.top_k,
                                  operation.context_tokens, operation.precision.logits.element);
  explanation.formulas = {{"pairs", causal_pairs, "per sequence", fmt::format("{}", pairs)},
                          {"chosen", top_k_pairs, "per sequence", fmt::format("{}", chosen)}};
  add_formula(explanation, "FLOPs", scores, cost.vector_flops);
  add_formula(explanation, "scores read", scores * element_size(operation.precision.logits), cost.activation_read);
  add_formula(explanation, "indices written", sequences * Formula("chosen", chosen) * "4 B", cost.activation_write);
  set_token_growth(explanation, operation);
  finish_explanation(explanation, operation, options);
}

/// --batch, --query and --context.
template <class T>
std::vector<SizeOption> token_sizes(T& operation) {
  return {{"--batch", "sequences", &operation.sequences, "Sequences (default: 1)", false},
          {"--query", "query_tokens", &operation.query_tokens,
           "New tokens of each sequence (default: 1, a decode step)", false},
          {"--context", "context_tokens", &operation.context_tokens, "The tokens of each sequence after the step"}};
}

}  // namespace

void add_latent_operations(CLI::App& op) {
  const auto latent = std::make_shared<LatentOptions>();
  LatentHeads& heads = latent->operation.heads;
  std::vector<SizeOption> sizes = token_sizes(latent->operation);
  sizes.push_back({"--heads", "query_heads", &heads.query_heads, "Query heads on this rank (default: 128)", false});
  sizes.push_back({"--latent", "latent_rank", &heads.latent_rank, "Of the cached vector (default: 512)", false});
  sizes.push_back(
      {"--rope", "rope_dimension", &heads.rope_dimension, "Of the cached rotary key (default: 64)", false});
  sizes.push_back({"--nope", "nope_dimension", &heads.nope_dimension,
                   "Of a head's query and key without position (default: 128)", false});
  sizes.push_back(
      {"--value", "value_dimension", &heads.value_dimension, "Of a head's value (default: 128)", false});
  sizes.push_back({"--top-k", "top_k", &latent->top_k,
                   "Keys that an indexer chose for each query: sparse attention (default: all)", false});
  add_operation(op,
                {"latent", "Multi-head latent attention (DeepSeek), dense or sparse",
                 "--batch 64 --context 8192 --heads 128 --gpu h100-sxm", "Queries and output"},
                latent, sizes, run_latent, [&](CLI::App& command) {
                  add_choice(
                      command, "--form", latent->form,
                      "Absorbed: all heads attend to the latents; expanded: a key and value a head (default: auto, "
                      "expanded if nothing is cached before)",
                      {"auto", "absorbed", "expanded"});
                  command
                      .add_option("--kv-dtype", latent->cache_type,
                                  "Cache (default: bf16, or --dtype where that is a 16- or 32-bit type)")
                      ->type_name("TYPE");
                });

  const auto indexer = std::make_shared<IndexerOptions>();
  indexer->data_type = "fp8";
  sizes = token_sizes(indexer->operation);
  sizes.push_back({"--heads", "heads", &indexer->operation.heads, "Indexer heads (default: 64)", false});
  sizes.push_back({"--dim", "dimension", &indexer->operation.dimension, "Of a head (default: 128)", false});
  add_operation(op,
                {"indexer", "The lightning indexer: scores all keys for every new token (DeepSeek-V3.2)",
                 "--batch 64 --context 65536 --gpu h100-sxm", "Queries"},
                indexer, sizes, explain_indexer, [&](CLI::App& command) {
                  command.add_option("--kv-dtype", indexer->cache_type, "The indexer's key cache (default: fp8)")
                      ->type_name("TYPE");
                });

  const auto choice = std::make_shared<IndexTopKOptions>();
  choice->data_type = "fp32";
  sizes = token_sizes(choice->operation);
  choice->operation.top_k = 2048;
  sizes.push_back(
      {"--top-k", "top_k", &choice->operation.top_k, "Keys that each token keeps (default: 2048)", false});
  add_operation(op,
                {"index-top-k", "The choice of the keys with the highest scores",
                 "--batch 64 --context 65536 --top-k 2048 --gpu h100-sxm", "Scores"},
                choice, sizes, explain_index_top_k);
}

}  // namespace opcost::program
