// SPDX-License-Identifier: Apache-2.0
//
// Masks and batches against their definitions: brute force, chunks and ragged sums.
#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

#include <rapidcheck.h>

#include "brute_force.hpp"
#include "generators.hpp"
#include "opcost/operation/attention.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

template <class Mask, class Sees>
bool agrees(const Mask& mask, std::int32_t q, std::int32_t context, Sees sees) {
  const Counted expected = counted(q, context, sees);
  return mask.pairs(q, context) == expected.pairs && mask.visible_keys(q, context) == expected.visible_keys;
}

bool all_agree(std::int32_t q, std::int32_t prefix, std::int32_t window) {
  const std::int32_t context = q + prefix;
  return agrees(Causal{}, q, context, [](int query, int key) { return key <= query; }) &&
         agrees(Bidirectional{}, q, context, [](int, int) { return true; }) &&
         agrees(SlidingWindow{window}, q, context,
                [window](int query, int key) { return key <= query && key > query - window; });
}

template <class Mask>
void require_ragged_is_sum(const Mask& mask) {
  const auto sequences = *rc::gen::container<std::vector<SequenceTokens>>(any_sequence());
  const AttentionHeads heads = *any_heads();
  AttentionBatch<Mask> batch(mask);
  AttentionCounts counts;
  Cost cost;
  for (const SequenceTokens& sequence : sequences) {
    batch.add(sequence);
    const Attention<Mask> alone{heads, 1, sequence.query_tokens, sequence.context_tokens, mask, {}};
    counts += {1, sequence.query_tokens, mask.pairs(sequence.query_tokens, sequence.context_tokens),
               mask.visible_keys(sequence.query_tokens, sequence.context_tokens)};
    cost += alone.cost();
  }
  RC_ASSERT(batch.counts() == counts);
  const RaggedAttention<Mask> ragged{heads, batch, {}};
  RC_ASSERT(nearly_equal(ragged.cost(), cost, 1e-12));
}

}  // namespace

TEST_CASE("masks agree with a double loop, exhaustively for small sizes") {
  for (std::int32_t q = 1; q <= 12; ++q) {
    for (std::int32_t prefix = 0; prefix <= 12; ++prefix) {
      for (std::int32_t window = 1; window <= 14; ++window) {
        INFO("q " << q << ", prefix " << prefix << ", window " << window);
        REQUIRE(all_agree(q, prefix, window));
      }
    }
  }
}

TEST_CASE("masks agree with a double loop") {
  require_property([] {
    const auto q = *rc::gen::inRange(1, 200);
    const auto prefix = *rc::gen::inRange(0, 200);
    const auto window = *rc::gen::inRange(1, 450);
    RC_ASSERT(all_agree(q, prefix, window));
  });
}

TEST_CASE("a window that covers the context is full attention") {
  require_property([] {
    const SequenceTokens sequence = *any_sequence();
    const auto window = *rc::gen::inRange(sequence.context_tokens, sequence.context_tokens + 1000);
    RC_ASSERT(count_sequence(SlidingWindow{window}, sequence) == count_sequence(Causal{}, sequence));
  });
}

TEST_CASE("chunks of a prefill score the pairs of the whole") {
  require_property([] {
    const auto chunks =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int32_t>>(rc::gen::inRange(1, 5000)));
    const SlidingWindow window{*rc::gen::inRange(1, 20000)};
    std::int32_t context = 0;
    std::int64_t causal = 0;
    std::int64_t local = 0;
    for (const std::int32_t chunk : chunks) {
      context += chunk;
      causal += Causal{}.pairs(chunk, context);
      local += window.pairs(chunk, context);
    }
    RC_ASSERT(causal == Causal{}.pairs(context, context));
    RC_ASSERT(local == window.pairs(context, context));
  });
}

TEST_CASE("a ragged batch is the sum of its sequences") {
  require_property("causal", [] { require_ragged_is_sum(Causal{}); });
  require_property("sliding window", [] { require_ragged_is_sum(SlidingWindow{*rc::gen::inRange(1, 40000)}); });
  require_property("static window", [] { require_ragged_is_sum(StaticSlidingWindow<1024>{}); });
  require_property("bidirectional", [] { require_ragged_is_sum(Bidirectional{}); });
}

TEST_CASE("alike sequences cost the same as a ragged batch of them") {
  require_property([] {
    const SequenceTokens sequence = *any_sequence();
    const auto count = *rc::gen::inRange(1, 50);
    const AttentionHeads heads = *any_heads();
    RaggedAttention<> ragged{heads, {}, {}};
    for (std::int32_t i = 0; i < count; ++i) ragged.batch.add(sequence);
    const FullAttention uniform{heads, count, sequence.query_tokens, sequence.context_tokens, {}, {}};
    RC_ASSERT(nearly_equal(ragged.cost(), uniform.cost(), 1e-12));
  });
}

TEST_CASE("what is added and removed leaves nothing behind") {
  require_property([] {
    auto sequences = *rc::gen::container<std::vector<SequenceTokens>>(any_sequence());
    AttentionBatch<SlidingWindow> batch(SlidingWindow{*rc::gen::inRange(1, 40000)});
    const auto empty = batch;
    for (const SequenceTokens& sequence : sequences) batch.add(sequence);
    const auto keys = *rc::gen::container<std::vector<int>>(sequences.size(), rc::gen::arbitrary<int>());
    std::vector<std::size_t> order(sequences.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    for (const std::size_t index : order) {
      SequenceTokens stepped = sequences[index];
      ++stepped.context_tokens;
      batch.replace(sequences[index], stepped);
      batch.remove(stepped);
    }
    RC_ASSERT(batch == empty);
    RC_ASSERT(batch.counts() == AttentionCounts{});
  });
}
