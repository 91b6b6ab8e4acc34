// SPDX-License-Identifier: Apache-2.0
//
// Operations for ragged batches: exactly the sum over the sequences, whatever joined and left before.
#include <catch2/catch.hpp>

#include <cstdint>
#include <random>
#include <vector>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

struct Sequences {
  std::mt19937 random{20240501};

  std::int32_t between(std::int32_t low, std::int32_t high) {
    return std::uniform_int_distribution<std::int32_t>(low, high)(random);
  }
  SequenceTokens next() {
    const std::int32_t tokens = between(0, 1) != 0 ? between(1, 16) : between(1, 5000);
    return {tokens, tokens + (between(0, 2) != 0 ? between(1, 20000) : 0)};
  }
};

void require_close(const Cost& found, const Cost& expected) {
  const auto close = [](double a, double b) { return a == Approx(b).epsilon(1e-13); };
  CHECK(close(found.matrix_flops.value, expected.matrix_flops.value));
  CHECK(close(found.vector_flops.value, expected.vector_flops.value));
  CHECK(close(found.exponentials, expected.exponentials));
  CHECK(close(found.weight_read.value, expected.weight_read.value));
  CHECK(close(found.activation_read.value, expected.activation_read.value));
  CHECK(close(found.activation_write.value, expected.activation_write.value));
  CHECK(close(found.kv_cache_read.value, expected.kv_cache_read.value));
  CHECK(close(found.kv_cache_write.value, expected.kv_cache_write.value));
}

/// The operation for one sequence alone.
template <class T>
T alone(T operation, SequenceTokens sequence) {
  operation.sequences = 1;
  operation.query_tokens = sequence.query_tokens;
  if constexpr (requires { operation.context_tokens; }) operation.context_tokens = sequence.context_tokens;
  if constexpr (requires { operation.has_initial_state; }) {
    operation.has_initial_state = sequence.query_tokens < sequence.context_tokens;
  }
  return operation;
}

/// Sequences join, advance and leave; after each, the ragged operation costs the sum over those that are there.
template <class T>
void require_sum(const T& operation, const typename T::Batch& empty) {
  Sequences source;
  Ragged<T> ragged{operation, empty};
  CHECK(ragged.cost() == Cost{});
  CHECK(ragged.compute_type() == operation.compute_type());
  CHECK(!ragged.violation());
  CHECK(Ragged<T>::kind == T::kind);
  std::vector<SequenceTokens> there;
  for (int i = 0; i < 100; ++i) {
    there.push_back(source.next());
    ragged.batch.add(there.back());
    const auto some = static_cast<std::size_t>(source.between(0, static_cast<std::int32_t>(there.size()) - 1));
    const SequenceTokens after = source.next();
    ragged.batch.replace(there[some], after);
    there[some] = after;
    if (i % 3 == 0) {
      const auto leaves = static_cast<std::size_t>(source.between(0, static_cast<std::int32_t>(there.size()) - 1));
      ragged.batch.remove(there[leaves]);
      there.erase(there.begin() + static_cast<std::ptrdiff_t>(leaves));
    }
    Cost sum;
    for (const SequenceTokens& sequence : there) {
      Cost one = alone(operation, sequence).cost();
      if (&sequence != there.data()) one.weight_read = {};  // weights once
      sum += one;
    }
    require_close(ragged.cost(), sum);
    const auto estimate = estimate_latency(ragged, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
    CHECK(estimate.in_fitted_range == false);
    if (there.empty()) {
      CHECK(estimate.expected.value == 0.0);
      continue;
    }
    CHECK(estimate.bound == roofline_bound(ragged, accelerators::h100_sxm));
    CHECK(estimate.bound.time <= estimate.low);
    CHECK(estimate.low <= estimate.expected);
    CHECK(estimate.expected <= estimate.high);
  }
  while (!there.empty()) {
    ragged.batch.remove(there.front());
    there.erase(there.begin());
  }
  CHECK(ragged.batch == empty);
}

}  // namespace

TEST_CASE("ragged latent attention is the sum over its sequences") {
  for (const LatentForm form : {LatentForm::absorbed, LatentForm::expanded}) {
    require_sum(LatentAttention<>{.form = form}, {});
    require_sum(SparseLatentAttention{.form = form, .mask = {2048}}, AttentionBatch(TopKeys{2048}));
  }
}

TEST_CASE("ragged index operations are the sum over their sequences") {
  require_sum(AttentionIndexer<>{}, {});
  require_sum(IndexTopK<>{.top_k = 512}, IndexBatch{{}, AttentionBatch(TopKeys{512})});
}

TEST_CASE("ragged recurrences are the sum over their sequences") {
  for (const std::int32_t chunk : {1, 64, 100, most_chunk_tokens}) {
    for (const RecurrenceForm form : {RecurrenceForm::recurrent, RecurrenceForm::chunked}) {
      for (const bool stores : {false, true}) {
        for (const DeltaRuleDecay decay : {DeltaRuleDecay::per_head, DeltaRuleDecay::per_channel}) {
          require_sum(GatedDeltaRule<>{.key_heads = 16,
                                       .value_heads = 32,
                                       .decay = decay,
                                       .form = form,
                                       .chunk_tokens = chunk,
                                       .stores_every_state = stores},
                      RecurrenceBatch(chunk));
        }
        for (const bool selective : {false, true}) {
          require_sum(StateSpaceScan<>{.heads = 80,
                                       .groups = 8,
                                       .form = form,
                                       .chunk_tokens = chunk,
                                       .selective = selective,
                                       .stores_every_state = stores},
                      RecurrenceBatch(chunk));
        }
      }
    }
  }
}

TEST_CASE("a ragged short convolution is the sum over its sequences") {
  for (const bool stores : {false, true}) {
    require_sum(ShortConvolution<>{.channels = 8192, .bias = true, .stores_every_state = stores},
                RecurrenceBatch{});
  }
}

TEST_CASE("a ragged batch of alike sequences asks the kernel models as the uniform one") {
  const auto latency = [](const auto& operation) {
    return estimate_latency(operation, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24).expected.value;
  };
  const auto require_alike = [&](auto operation, auto batch, SequenceTokens sequence) {
    operation = alone(operation, sequence);
    operation.sequences = 24;
    for (int i = 0; i < 24; ++i) batch.add(sequence);
    CHECK(latency(Ragged<decltype(operation)>{operation, batch}) == Approx(latency(operation)).epsilon(1e-12));
  };
  for (const SequenceTokens sequence : {SequenceTokens{1, 3000}, SequenceTokens{512, 512}}) {
    const bool chunked = sequence.query_tokens > 1;
    const RecurrenceForm form = chunked ? RecurrenceForm::chunked : RecurrenceForm::recurrent;
    require_alike(LatentAttention<>{.form = chunked ? LatentForm::expanded : LatentForm::absorbed},
                  AttentionBatch<>{}, sequence);
    require_alike(AttentionIndexer<>{}, AttentionBatch<>{}, sequence);
    require_alike(GatedDeltaRule<>{.key_heads = 16, .value_heads = 32, .form = form}, RecurrenceBatch{}, sequence);
    require_alike(StateSpaceScan<>{.heads = 80, .groups = 8, .form = form, .chunk_tokens = 64}, RecurrenceBatch{},
                  sequence);
    require_alike(ShortConvolution<>{.channels = 8192}, RecurrenceBatch{}, sequence);
  }
}

TEST_CASE("a million sequences of a million tokens are counted exactly") {
  constexpr std::int32_t tokens = 1'000'000;
  constexpr RecurrenceCounts one = count_recurrence(most_chunk_tokens, {tokens, tokens});
  RecurrenceBatch batch(most_chunk_tokens);
  for (int i = 0; i < 1'000'000; ++i) batch.add({tokens, tokens});
  CHECK(batch.counts().triples == one.triples * 1'000'000);
  CHECK(batch.counts().pairs == one.pairs * 1'000'000);
  CHECK(one.query_tokens == tokens);
  CHECK(one.continuing_tokens == tokens - most_chunk_tokens);
}
