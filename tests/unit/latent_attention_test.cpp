// SPDX-License-Identifier: Apache-2.0
//
// Latent and sparse attention, and attention's features, against naive algorithms that count their own work and
// against published counts.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "brute_force.hpp"
#include "counting.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/latent_attention.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

static_assert(Operation<LatentAttention<>> && Operation<SparseLatentAttention> && Operation<BatchedProjection<>>);
static_assert(Validatable<LatentAttention<>> && Validatable<LatentHeads> && Validatable<BatchedProjection<>>);
static_assert(AttentionMask<TopKeys>);

using Vector = std::vector<Counting>;
using Matrix = std::vector<Vector>;

Vector random_vector(std::int32_t size, Numbers& numbers) {
  Vector vector(static_cast<std::size_t>(size));
  for (Counting& x : vector) x = numbers();
  return vector;
}

Matrix random_matrix(std::int32_t rows, std::int32_t columns, Numbers& numbers) {
  Matrix matrix;
  for (std::int32_t row = 0; row < rows; ++row) matrix.push_back(random_vector(columns, numbers));
  return matrix;
}

Counting dot(const Vector& a, const Vector& b) {
  Counting sum;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// matrix · x.
Vector product(const Matrix& matrix, const Vector& x) {
  Vector result;
  for (const Vector& row : matrix) result.push_back(dot(row, x));
  return result;
}

Vector joined(Vector a, const Vector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Everything a latent attention needs, for one sequence.
struct LatentProblem {
  LatentHeads heads{};
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  std::int32_t top_k = 1;          ///< Keys that a query sees: of its causal ones, the first that many.
  std::vector<Matrix> query_nope;  ///< [token][head]
  std::vector<Matrix> query_rope;
  Matrix latents;                ///< [key]
  Matrix rope_keys;              ///< [key]
  std::vector<Matrix> key_up;    ///< [head]: nope × latent.
  std::vector<Matrix> value_up;  ///< [head]: value × latent.

  LatentProblem(const LatentHeads& h, std::int32_t q, std::int32_t context, std::int32_t keys)
      : heads(h), query_tokens(q), context_tokens(context), top_k(keys) {
    Numbers numbers(7);
    for (std::int32_t t = 0; t < q; ++t) {
      query_nope.push_back(random_matrix(h.query_heads, h.nope_dimension, numbers));
      query_rope.push_back(random_matrix(h.query_heads, h.rope_dimension, numbers));
    }
    latents = random_matrix(context, h.latent_rank, numbers);
    rope_keys = random_matrix(context, h.rope_dimension, numbers);
    for (std::int32_t head = 0; head < h.query_heads; ++head) {
      key_up.push_back(random_matrix(h.nope_dimension, h.latent_rank, numbers));
      value_up.push_back(random_matrix(h.value_dimension, h.latent_rank, numbers));
    }
  }
};

/// What a naive kernel did.
struct LatentWork {
  double matrix_flops = 0.0;  ///< Of scores and values.
  double exponentials = 0.0;
  double query_elements = 0.0;
  double output_elements = 0.0;
  std::set<std::tuple<std::int32_t, std::int32_t, std::size_t>> key_elements;  ///< (KV head, key, element) touched.
  double absorb_flops = 0.0;   ///< Into the latent space and out of it.
  double expand_flops = 0.0;   ///< Of the keys and values.
  std::vector<Matrix> result;  ///< [token][head][value dimension]
};

/// Softmax over the scores, and the weighted sum of values(key).
template <class Values>
Vector attended(const Vector& scores, std::size_t width, const Values& values, LatentWork& work) {
  Vector weights;
  work.exponentials += tally_of([&] {
                         for (const Counting& score : scores) weights.push_back(exponential(score));
                       }).exponentials;
  double sum = 0.0;
  for (const Counting& weight : weights) sum += weight.value;
  Vector result(width);
  work.matrix_flops += tally_of([&] {
                         for (std::size_t key = 0; key < weights.size(); ++key) {
                           const Vector& value = values(key);
                           for (std::size_t i = 0; i < width; ++i) result[i] += weights[key] * value[i];
                         }
                       }).flops;
  for (Counting& x : result) x.value /= sum;
  return result;
}

LatentWork run(const LatentProblem& p, LatentForm form) {
  LatentWork work;
  const auto head_count = static_cast<std::size_t>(p.heads.query_heads);
  const auto contexts = static_cast<std::size_t>(p.context_tokens);
  std::vector<Matrix> keys(head_count), values(head_count);  // [head][key]
  if (form == LatentForm::expanded) {
    for (std::size_t head = 0; head < head_count; ++head) {
      for (std::size_t key = 0; key < contexts; ++key) {
        work.expand_flops +=
            tally_of([&] {
              keys[head].push_back(joined(product(p.key_up[head], p.latents[key]), p.rope_keys[key]));
              values[head].push_back(product(p.value_up[head], p.latents[key]));
            }).flops;
      }
    }
  }
  for (std::int32_t token = 0; token < p.query_tokens; ++token) {
    const std::int32_t position = p.context_tokens - p.query_tokens + token + 1;
    const auto seen = static_cast<std::size_t>(std::min(position, p.top_k));
    const auto t = static_cast<std::size_t>(token);
    Matrix row;
    for (std::size_t head = 0; head < head_count; ++head) {
      Vector query = p.query_nope[t][head];
      if (form == LatentForm::absorbed) {  // qᵀ·W: into the latent space
        Vector latent(static_cast<std::size_t>(p.heads.latent_rank));
        work.absorb_flops += tally_of([&] {
                               for (std::size_t i = 0; i < query.size(); ++i) {
                                 for (std::size_t j = 0; j < latent.size(); ++j) {
                                   latent[j] += query[i] * p.key_up[head][i][j];
                                 }
                               }
                             }).flops;
        query = latent;
      }
      query = joined(query, p.query_rope[t][head]);
      work.query_elements += double(query.size());
      const auto kv_head = static_cast<std::int32_t>(form == LatentForm::absorbed ? 0 : head);
      Vector scores;
      for (std::size_t key = 0; key < seen; ++key) {
        const Vector vector =
            form == LatentForm::absorbed ? joined(p.latents[key], p.rope_keys[key]) : keys[head][key];
        work.matrix_flops += tally_of([&] { scores.push_back(dot(query, vector)); }).flops;
        // the absorbed value is a part of the key
        const std::size_t elements = vector.size() + (form == LatentForm::absorbed ? 0 : values[head][key].size());
        for (std::size_t i = 0; i < elements; ++i) {
          work.key_elements.insert({kv_head, static_cast<std::int32_t>(key), i});
        }
      }
      Vector output;
      if (form == LatentForm::absorbed) {
        output = attended(
            scores, p.latents[0].size(), [&](std::size_t key) { return p.latents[key]; }, work);
        work.output_elements += double(output.size());
        work.absorb_flops += tally_of([&] { output = product(p.value_up[head], output); }).flops;
      } else {
        output = attended(
            scores, static_cast<std::size_t>(p.heads.value_dimension),
            [&](std::size_t key) { return values[head][key]; }, work);
        work.output_elements += double(output.size());
      }
      row.push_back(output);
    }
    work.result.push_back(row);
  }
  return work;
}

template <class Mask>
void require_counts(const LatentProblem& p, const Mask& mask, std::int32_t sequences, bool reads_known) {
  constexpr RuntimeAttentionPrecision precision{formats::bf16, formats::fp8, formats::fp32};
  for (const LatentForm form : {LatentForm::absorbed, LatentForm::expanded}) {
    const LatentWork work = run(p, form);
    const LatentAttention<Mask> attention{p.heads,          form, sequences, p.query_tokens,
                                          p.context_tokens, mask, precision};
    REQUIRE_FALSE(attention.violation());
    const Cost cost = attention.cost();
    CAPTURE(int(form), p.query_tokens, p.context_tokens, p.top_k);
    CHECK(cost.matrix_flops == Flops{work.matrix_flops * sequences});
    CHECK(cost.exponentials == work.exponentials * sequences);
    CHECK(cost.vector_flops == Flops{});
    CHECK(cost.weight_read == Bytes{});
    CHECK(cost.activation_write == Bytes{4.0 * work.output_elements * sequences});
    CHECK(cost.kv_cache_write ==
          Bytes{1.0 * sequences * p.query_tokens * (p.heads.latent_rank + p.heads.rope_dimension)});
    if (!reads_known) continue;
    const auto touched = double(work.key_elements.size());
    if (form == LatentForm::absorbed) {
      CHECK(cost.activation_read == Bytes{2.0 * work.query_elements * sequences});
      CHECK(cost.kv_cache_read == Bytes{1.0 * touched * sequences});
    } else {
      CHECK(cost.activation_read == Bytes{2.0 * (work.query_elements + touched) * sequences});
      CHECK(cost.kv_cache_read == Bytes{});
    }
  }
}

constexpr LatentAttention<> deepseek_v3_decode(std::int32_t context) {
  return {.context_tokens = context, .precision = {formats::bf16, formats::fp8, formats::bf16}};
}

}  // namespace

TEST_CASE("latent attention: both forms cost what naive ones do, and give the same result") {
  const LatentHeads heads{3, 5, 2, 4, 6};
  for (const auto& [query, context] : std::vector<std::pair<int, int>>{{1, 1}, {1, 7}, {4, 4}, {3, 8}}) {
    const LatentProblem problem(heads, query, context, context);
    require_counts(problem, Causal{}, 2, true);
    const LatentWork absorbed = run(problem, LatentForm::absorbed);
    const LatentWork expanded = run(problem, LatentForm::expanded);
    for (std::size_t t = 0; t < absorbed.result.size(); ++t) {
      for (std::size_t head = 0; head < 3; ++head) {
        REQUIRE(absorbed.result[t][head].size() == 6);
        for (std::size_t i = 0; i < 6; ++i) {
          CHECK(absorbed.result[t][head][i].value == Approx(expanded.result[t][head][i].value).margin(1e-12));
        }
      }
    }
    // the projections between the forms
    const LatentProjections<> projections{heads, 16, 0, {}};
    CHECK((projections.query_absorb(query).cost() + projections.value_absorb(query).cost()).matrix_flops ==
          Flops{absorbed.absorb_flops});
    CHECK(projections.key_value_up(context).cost().matrix_flops == Flops{expanded.expand_flops});
  }
}

TEST_CASE("latent attention: a sparse one scores the chosen keys only") {
  const LatentHeads heads{2, 3, 1, 2, 4};
  for (const std::int32_t top_k : {1, 2, 5, 6, 9}) {
    for (const auto& [query, context] : std::vector<std::pair<int, int>>{{1, 1}, {1, 6}, {4, 4}, {3, 6}, {6, 6}}) {
      // the naive kernel's queries all choose the first keys, which is the fewest that they can read together
      require_counts(LatentProblem(heads, query, context, top_k), TopKeys{top_k}, 3, true);
    }
  }
  // top_k that covers the context is latent attention
  const LatentAttention<> dense{{}, LatentForm::absorbed, 2, 5, 100, {}, {}};
  const SparseLatentAttention sparse{{}, LatentForm::absorbed, 2, 5, 100, {100}, {}};
  CHECK(sparse.cost() == dense.cost());
  CHECK(LatentAttention<>::kind == "latent_attention");
  CHECK(SparseLatentAttention::kind == "sparse_latent_attention");
}

TEST_CASE("top keys: pairs are the sum of min(position, top_k), visible keys exact for a decode") {
  for (std::int32_t top_k = 1; top_k <= 14; ++top_k) {
    for (std::int32_t query = 1; query <= 12; ++query) {
      for (std::int32_t prefix = 0; prefix <= 12; ++prefix) {
        std::int64_t pairs = 0;
        for (std::int32_t i = prefix + 1; i <= prefix + query; ++i) pairs += std::min(i, top_k);
        const TopKeys mask{top_k};
        CAPTURE(top_k, query, prefix);
        CHECK(mask.pairs(query, prefix + query) == pairs);
        // any choice of the first keys: between the last query's own and all
        const Counted first = counted(query, prefix + query,
                                      [top_k](int position, int key) { return key <= position && key <= top_k; });
        CHECK(first.pairs == pairs);
        CHECK(mask.visible_keys(query, prefix + query) == first.visible_keys);
        CHECK(mask.visible_keys(query, prefix + query) <= std::min<std::int64_t>(pairs, prefix + query));
      }
    }
  }
  CHECK(TopKeys{2048}.pairs(1, 131072) == 2048);
  CHECK(TopKeys{2048}.visible_keys(1, 131072) == 2048);
  CHECK(TopKeys{2048}.pairs(1'000'000, 1'000'000) == 2048LL * 2049 / 2 + (1'000'000LL - 2048) * 2048);
  CHECK(TopKeys{0}.violation()->field == "top_k");
}

// arXiv 2412.19437, section 4.2; arXiv 2405.04434, table 1: (4 + 1/2) · 128 elements a token and layer.
TEST_CASE("latent attention: the cache of DeepSeek-V3 has 576 elements a token") {
  CHECK(LatentHeads{}.cached_dimension() == 576);
  CHECK(LatentHeads{}.query_key_dimension() == 192);
  for (const LatentForm form : {LatentForm::absorbed, LatentForm::expanded}) {
    const LatentAttention<> prefill{{}, form, 1, 1000, 1000, {}, {}};
    CHECK(prefill.cost().kv_cache_write == Bytes{1000 * 576 * 2.0});
  }
  CHECK(deepseek_v3_decode(4096).cost().kv_cache_read == Bytes{4096.0 * 576});
  CHECK(deepseek_v3_decode(4096).cost().kv_cache_write == Bytes{576.0});
  // the heads share it: fewer heads on a rank read as much
  LatentAttention<> shard = deepseek_v3_decode(4096);
  shard.heads.query_heads = 16;
  CHECK(shard.cost().kv_cache_read == deepseek_v3_decode(4096).cost().kv_cache_read);
  CHECK(shard.cost().matrix_flops * 8.0 == deepseek_v3_decode(4096).cost().matrix_flops);
}

// arXiv 2507.19427, table 3, at a context of 8,192: KV bytes (one a number) and attention FLOPs of a token.
TEST_CASE("latent attention: DeepSeek-V3 in the Step-3 paper, exactly and by its convention") {
  const Cost token = deepseek_v3_decode(8192).cost() * 61;
  CHECK(token.kv_cache_read.value == Approx(2.88e8).epsilon(0.005 / 2.88));
  CHECK(token.kv_cache_read == Bytes{287'834'112.0});
  const double pairs = 61.0 * 8192 * 128;
  CHECK(token.matrix_flops == Flops{2.0 * pairs * (576 + 512)});
  CHECK(token.matrix_flops.value == Approx(1.39e11).epsilon(0.005 / 1.39));
  // the paper multiplies values by 576 elements, too
  const double printed = token.matrix_flops.value * (576.0 + 576) / (576 + 512);
  CHECK(printed == 2.0 * pairs * (576 + 576));
  CHECK(printed == Approx(1.47e11).epsilon(0.005 / 1.47));
}

TEST_CASE("latent attention: the projections of DeepSeek-V3") {
  const LatentProjections<> projections{.precision = {.weight = formats::fp8}};
  const auto parameters = [](const auto& projection) { return projection.cost().weight_read.value; };
  CHECK(parameters(projections.query_down(1)) == 7168.0 * 1536);
  CHECK(parameters(projections.query_up(1)) == 1536.0 * 128 * 192);
  CHECK(parameters(projections.key_value_down(1)) == 7168.0 * 576);
  CHECK(parameters(projections.key_value_up(1)) == 512.0 * 128 * 256);
  CHECK(parameters(projections.output(1)) == 128.0 * 128 * 7168);
  const double expanded = parameters(projections.query_down(1)) + parameters(projections.query_up(1)) +
                          parameters(projections.key_value_down(1)) + parameters(projections.key_value_up(1)) +
                          parameters(projections.output(1));
  CHECK(expanded == 187'105'280.0);
  // the absorbed form has the same weights, folded into the heads
  CHECK(parameters(projections.query_absorb(1)) == 128.0 * 128 * 512);
  CHECK(parameters(projections.query_absorb(1)) + parameters(projections.value_absorb(1)) ==
        parameters(projections.key_value_up(1)));
  // arXiv 2507.19427, table 3: 2.28e10 linear FLOPs a token
  CHECK(2.0 * 61 * expanded == Approx(2.28e10).epsilon(0.005 / 2.28));
  const Cost absorbed_step = projections.query_down(1).cost() + projections.query_up(1).cost() +
                             projections.key_value_down(1).cost() + projections.query_absorb(1).cost() +
                             projections.value_absorb(1).cost() + projections.output(1).cost();
  CHECK(absorbed_step.matrix_flops == Flops{2.0 * expanded});
}

TEST_CASE("latent attention: what a projection gives is what the next takes") {
  for (const LatentHeads& heads :
       {LatentHeads{}, LatentHeads{16, 512, 64, 128, 128}, LatentHeads{5, 96, 32, 24, 48}}) {
    const LatentProjections<> projections{heads, 2048, 384, {}};
    const double tokens = 10;
    const LatentAttention<> absorbed{heads, LatentForm::absorbed, 1, 10, 10, {}, {}};
    const LatentAttention<> expanded{heads, LatentForm::expanded, 1, 10, 10, {}, {}};
    CHECK(projections.query_down(10).out_features == projections.query_up(10).in_features);
    CHECK(projections.query_up(10).out_features ==
          heads.query_heads * expanded.computed_heads().query_key_dimension);
    CHECK(projections.query_absorb(10).out_features + heads.rope_dimension ==
          absorbed.computed_heads().query_key_dimension);
    CHECK(projections.value_absorb(10).in_features == absorbed.computed_heads().value_dimension);
    CHECK(projections.value_absorb(10).cost().activation_read == absorbed.cost().activation_write);
    CHECK(projections.value_absorb(10).cost().activation_write == expanded.cost().activation_write);
    CHECK(projections.output(10).cost().activation_read == expanded.cost().activation_write);
    CHECK(projections.key_value_down(10).cost().activation_write == absorbed.cost().kv_cache_write);
    // keys and values of every head: key_value_up's, and the rotary key
    const Bytes queries{2.0 * tokens * heads.query_heads * heads.query_key_dimension()};
    CHECK(expanded.cost().activation_read - queries ==
          projections.key_value_up(10).cost().activation_write +
              Bytes{2.0 * tokens * heads.query_heads * heads.rope_dimension});
    CHECK_FALSE(projections.query_absorb(10).violation());
    CHECK_FALSE(projections.query_up(10).violation());
  }
  const LatentProjections<> at_once{.query_rank = 0};  // DeepSeek-V2-Lite
  CHECK(at_once.query_up(3).in_features == 7168);
}

TEST_CASE("latent attention: the absorbed form computes more and reads less") {
  LatentAttention<> attention{{}, LatentForm::absorbed, 4, 512, 2048, {}, {}};
  const Cost absorbed = attention.cost();
  attention.form = LatentForm::expanded;
  const Cost expanded = attention.cost();
  CHECK(absorbed.matrix_flops.value * (192 + 128) == expanded.matrix_flops.value * (576 + 512));
  CHECK(absorbed.exponentials == expanded.exponentials);
  CHECK(absorbed.kv_cache_write == expanded.kv_cache_write);
  CHECK(absorbed.bytes() < expanded.bytes());
  CHECK(attention.compute_type() == DataType::bf16);
  // ordinary multi-head attention reads the same, from a cache
  const FullAttention multi_head{{128, 128, 192, 128}, 4, 512, 2048, {}, {}, {.stores_keys = false}};
  CHECK(expanded.matrix_flops == multi_head.cost().matrix_flops);
  CHECK(expanded.activation_read == multi_head.cost().activation_read + multi_head.cost().kv_cache_read);
  CHECK(expanded.activation_write == multi_head.cost().activation_write);
}

TEST_CASE("latent attention: violations name the field") {
  const auto field = [](const auto& operation) {
    const auto violation = operation.violation();
    return violation ? violation->field : std::string_view{};
  };
  const LatentAttention<> good{{}, LatentForm::absorbed, 2, 3, 9, {}, {}};
  CHECK(field(good).empty());
  LatentAttention<> bad = good;
  bad.heads.query_heads = 0;
  CHECK(field(bad) == "query_heads");
  bad = good;
  bad.heads.latent_rank = -512;
  CHECK(field(bad) == "latent_rank");
  bad = good;
  bad.heads.rope_dimension = 0;
  CHECK(field(bad) == "rope_dimension");
  bad = good;
  bad.heads.nope_dimension = 0;
  CHECK(field(bad) == "nope_dimension");
  bad = good;
  bad.heads.value_dimension = 0;
  CHECK(field(bad) == "value_dimension");
  bad = good;
  bad.sequences = 0;
  CHECK(field(bad) == "sequences");
  bad = good;
  bad.query_tokens = 10;
  CHECK(field(bad) == "context_tokens");
  bad = good;
  bad.query_tokens = 0;
  CHECK(field(bad) == "query_tokens");
  SparseLatentAttention sparse;
  sparse.mask.top_k = 0;
  CHECK(field(sparse) == "top_k");
  CHECK(field(BatchedProjection<>{0, 1, 1, 1, {}}) == "batches");
  CHECK(field(BatchedProjection<>{1, 1, 0, 1, {}}) == "in_features");
}

TEST_CASE("batched projection: as many projections, each with its own weight") {
  const BatchedProjection<> batched{7, 5, 24, 40, {formats::bf16, formats::fp8_block, formats::fp32}};
  const Cost cost = batched.cost();
  CHECK(cost.matrix_flops == Flops{7 * 2.0 * 5 * 24 * 40});
  CHECK(cost.weight_read == Bytes{7 * (24.0 * 40 + 4.0)});  // a block each
  CHECK(cost.activation_read == Bytes{7 * 5 * 24 * 2.0});
  CHECK(cost.activation_write == Bytes{7 * 5 * 40 * 4.0});
  CHECK(batched.compute_type() == DataType::bf16);
  CHECK(BatchedProjection<>{1, 5, 24, 40, {}}.cost() == LinearProjection<>{5, 24, 40, false, {}}.cost());
}

TEST_CASE("attention features: a sink is one exponential a query and head, a softcap one a pair and head") {
  const std::int32_t query = 3, context = 8, sequences = 2;
  for (const bool sinks : {false, true}) {
    for (const bool softcap : {false, true}) {
      Numbers numbers(3);
      Tally work;
      for (std::int32_t rows = 0; rows < sequences * 6; ++rows) {  // of six query heads
        for (std::int32_t position = context - query + 1; position <= context; ++position) {
          const Tally row = tally_of([&] {
            Counting sum{0.0};
            for (std::int32_t key = 0; key < position; ++key) {
              Counting score = numbers();
              // cap · tanh(score / cap), tanh x = 1 − 2/(e^{2x} + 1)
              if (softcap) score = Counting{1.0} - Counting{2.0} / (exponential(score + score) + Counting{1.0});
              sum += exponential(score);
            }
            if (sinks) sum += exponential(numbers());
          });
          work.exponentials += row.exponentials;
        }
      }
      FullAttention attention{{6, 2, 16, 16}, sequences, query, context, {}, {}, {true, sinks, softcap}};
      const Cost cost = attention.cost();
      CHECK(cost.exponentials == work.exponentials);
      CHECK(cost.weight_read == Bytes{sinks ? 6 * 2.0 : 0.0});  // one logit a head, however many sequences
      attention.features = {};
      const Cost plain = attention.cost();
      CHECK(cost.matrix_flops == plain.matrix_flops);
      CHECK(cost.bytes() - cost.weight_read == plain.bytes());

      RaggedAttention<> ragged{{6, 2, 16, 16}, {}, {}, {true, sinks, softcap}};
      for (std::int32_t i = 0; i < sequences; ++i) ragged.batch.add({query, context});
      CHECK(ragged.cost() == cost);
    }
  }
}

TEST_CASE("attention features: without stored keys nothing goes into the cache") {
  FullAttention attention{{6, 2, 16, 24}, 2, 3, 8, {}, {}, {}};
  const Cost storing = attention.cost();
  CHECK(storing.kv_cache_write == Bytes{2 * 3 * 2 * (16 + 24) * 2.0});
  attention.features.stores_keys = false;
  Cost expected = storing;
  expected.kv_cache_write = {};
  CHECK(attention.cost() == expected);
}

TEST_CASE("attention features: cross attention may have more queries than keys, if it stores none") {
  // 100 decoder tokens attend to an encoder's 20
  BidirectionalAttention cross{{4, 4, 16, 16}, 2, 100, 20, {}, {}, {.stores_keys = false}};
  CHECK_FALSE(cross.violation());
  CHECK(cross.cost().matrix_flops == Flops{2.0 * 2 * 100 * 20 * 4 * 32});
  CHECK(cross.cost().kv_cache_read == Bytes{2 * 20 * 4 * 32 * 2.0});
  cross.features.stores_keys = true;
  REQUIRE(cross.violation());
  CHECK(cross.violation()->field == "context_tokens");
  cross.features.stores_keys = false;
  cross.context_tokens = 0;
  REQUIRE(cross.violation());
  CHECK(cross.violation()->field == "context_tokens");
}

TEST_CASE("attention features: under a causal mask the queries are among the keys, stored or not") {
  const auto refused = [](auto attention) {
    attention.query_tokens = 100;
    attention.context_tokens = 20;
    attention.features.stores_keys = false;
    const auto violation = attention.violation();
    return violation && violation->field == "context_tokens";
  };
  CHECK(refused(FullAttention{}));
  CHECK(refused(SlidingWindowAttention{.mask = {16}}));
  CHECK(refused(SparseAttention{.mask = {16}}));
}
