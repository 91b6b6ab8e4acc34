// SPDX-License-Identifier: Apache-2.0
//
// Every rule of every contract: validated() throws one line with the field, its value and what was expected.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

template <class T>
std::string complaint(const T& value) {
  try {
    static_cast<void>(validated(value));
  } catch (const InvalidValue& error) {
    const auto violation = value.violation();
    REQUIRE(violation.has_value());
    CHECK(violation->field == error.violation().field);
    return error.what();
  }
  return "valid";
}

constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();

}  // namespace

TEST_CASE("validated returns valid values unchanged") {
  const LinearProjection<> projection{1, 2, 3, true, {}};
  CHECK(validated(projection) == projection);
  CHECK(validated(accelerators::h20) == accelerators::h20);
  CHECK(validated(models::gemma_3_27b) == models::gemma_3_27b);
}

TEST_CASE("linear projection's contract") {
  CHECK(complaint(LinearProjection<>{0, 1, 1, false, {}}) == "tokens is 0, expected a positive number");
  CHECK(complaint(LinearProjection<>{-5, 1, 1, false, {}}) == "tokens is -5, expected a positive number");
  CHECK(complaint(LinearProjection<>{1, 0, 1, false, {}}) == "in_features is 0, expected a positive number");
  CHECK(complaint(LinearProjection<>{1, 1, -1, false, {}}) == "out_features is -1, expected a positive number");
  CHECK(complaint(LinearProjection<>{largest, largest, largest, false, {}}) == "valid");
}

TEST_CASE("attention's contract") {
  const auto attention = [](AttentionHeads heads, std::int32_t sequences, std::int32_t query,
                            std::int32_t context) {
    return complaint(FullAttention{heads, sequences, query, context, {}, {}});
  };
  const AttentionHeads heads{8, 2, 64, 64};
  CHECK(attention(heads, 1, 1, 1) == "valid");
  CHECK(attention({0, 2, 64, 64}, 1, 1, 1) == "query_heads is 0, expected a positive number");
  CHECK(attention({8, 0, 64, 64}, 1, 1, 1) == "kv_heads is 0, expected a positive number");
  CHECK(attention({8, 2, 0, 64}, 1, 1, 1) == "query_key_dimension is 0, expected a positive number");
  CHECK(attention({8, 2, 64, -64}, 1, 1, 1) == "value_dimension is -64, expected a positive number");
  CHECK(attention({8, 3, 64, 64}, 1, 1, 1) == "kv_heads is 3, expected a divisor of query_heads");
  CHECK(attention({2, 8, 64, 64}, 1, 1, 1) == "kv_heads is 8, expected a divisor of query_heads");
  CHECK(attention(heads, 0, 1, 1) == "sequences is 0, expected a positive number");
  CHECK(attention(heads, 1, 0, 1) == "query_tokens is 0, expected a positive number");
  CHECK(attention(heads, 1, 5, 4) == "context_tokens is 4, expected at least query_tokens");
  CHECK(complaint(SlidingWindowAttention{heads, 1, 1, 1, {0}, {}}) == "window is 0, expected a positive number");
  CHECK(complaint(BidirectionalAttention{heads, 1, 2, 1, {}, {}}) ==
        "context_tokens is 1, expected at least query_tokens");
  CHECK(complaint(RaggedAttention<>{{8, 3, 64, 64}, {}, {}}) == "kv_heads is 3, expected a divisor of query_heads");
  CHECK(complaint(SequenceTokens{-1, 1}) == "query_tokens is -1, expected a positive number");
}

TEST_CASE("elementwise operations' contracts") {
  CHECK(complaint(RmsNorm<>{0, 1, {}}) == "rows is 0, expected a positive number");
  CHECK(complaint(RmsNorm<>{1, 0, {}}) == "width is 0, expected a positive number");
  CHECK(complaint(RotaryEmbedding<>{0, 1, 2, {}}) == "tokens is 0, expected a positive number");
  CHECK(complaint(RotaryEmbedding<>{1, 0, 2, {}}) == "heads is 0, expected a positive number");
  CHECK(complaint(RotaryEmbedding<>{1, 1, 0, {}}) == "rotary_dimension is 0, expected a positive number");
  CHECK(complaint(RotaryEmbedding<>{1, 1, 3, {}}) == "rotary_dimension is 3, expected an even number");
  CHECK(complaint(Activation<>{0, 1, {}, true, {}}) == "tokens is 0, expected a positive number");
  CHECK(complaint(Activation<>{1, 0, {}, true, {}}) == "width is 0, expected a positive number");
  CHECK(complaint(ResidualAdd<>{0, 1, {}}) == "tokens is 0, expected a positive number");
  CHECK(complaint(ResidualAdd<>{1, 0, {}}) == "width is 0, expected a positive number");
  CHECK(complaint(EmbeddingLookup<>{0, 1, false, {}}) == "tokens is 0, expected a positive number");
  CHECK(complaint(EmbeddingLookup<>{1, 0, false, {}}) == "width is 0, expected a positive number");
  CHECK(complaint(AnyOperation(EmbeddingLookup<>{1, 0, false, {}})) == "width is 0, expected a positive number");
}

TEST_CASE("accelerator's contract") {
  const Accelerator good = accelerators::h100_sxm;
  const std::string not_negative = ", expected a number ≥ 0, where 0 means not published";
  const auto with = [&](auto change) {
    Accelerator accelerator = good;
    change(accelerator);
    return complaint(accelerator);
  };
  CHECK(with([](Accelerator& a) { a.memory_bandwidth = {}; }) ==
        "memory.bandwidth_tb_per_s is 0, expected a positive number");
  CHECK(with([](Accelerator& a) { a.memory_bandwidth = {std::nan("")}; }) ==
        "memory.bandwidth_tb_per_s is nan, expected a positive number");
  CHECK(with([](Accelerator& a) { a.memory_capacity = {-8e9}; }) ==
        "memory.capacity_gb is -8, expected a positive number");
  CHECK(with([](Accelerator& a) { a.peaks.set(DataType::fp8, {-1e12}); }) == "peak_tflops is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.peaks.set(DataType::fp8, {std::nan("")}); }) ==
        "peak_tflops is nan" + not_negative);
  CHECK(with([](Accelerator& a) { a.usable_memory = {-1048576.0}; }) == "memory.usable_mib is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.l2_cache = {-1e6}; }) == "memory.l2_cache_mb is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.multiprocessors = -1; }) == "multiprocessors.count is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.tensor_clock = {-1e6}; }) ==
        "multiprocessors.tensor_clock_mhz is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.maximum_clock = {-1e6}; }) ==
        "multiprocessors.maximum_clock_mhz is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.shared_memory = {-1e3}; }) ==
        "multiprocessors.shared_memory_kb is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.scale_up.bandwidth = {-1e9}; }) ==
        "links.scale_up.gb_per_s is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.host.bandwidth = {-1e9}; }) == "links.host.gb_per_s is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.scale_out.bandwidth = {-1e9}; }) ==
        "links.scale_out.gb_per_s is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.power_watts = -1.0; }) == "power_watts is -1" + not_negative);
  CHECK(with([](Accelerator& a) { a.usable_memory = {}; }) == "valid");  // 0: not published
}

TEST_CASE("interconnect's contract") {
  CHECK(complaint(Interconnect{"link", {}, {1e-6}}) == "bandwidth_gb_per_s is 0, expected a positive number");
  CHECK(complaint(Interconnect{"link", {1e9}, {-1e-6}}) == "latency_us is -1, expected a positive number");
  CHECK(complaint(Interconnect{"link", {1e9}, {1e-6}}) == "valid");
}

TEST_CASE("a price list's contract") {
  const PriceList list{.name = "mine", .date = "2026-01", .size = 2, .prices = {{{"h20", 1.0}, {"h100-sxm", 2.0}}}};
  CHECK(complaint(list) == "valid");
  const auto with = [&](auto change) {
    PriceList other = list;
    change(other);
    return complaint(other);
  };
  CHECK(with([](PriceList& l) { l.date = "2026-00"; }) == "date is 0, expected a year and month such as 2024-05");
  CHECK(with([](PriceList& l) { l.size = 0; }) == "prices is 0, expected 1 to 32 prices");
  CHECK(with([](PriceList& l) { l.size = 33; }) == "prices is 33, expected 1 to 32 prices");
  CHECK(with([](PriceList& l) { l.prices[1].per_hour = 0.0; }) == "price is 0, expected a positive number");
  CHECK(with([](PriceList& l) { l.prices[1].accelerator = "h20"; }) ==
        "prices of one accelerator is 2, expected one");
}

TEST_CASE("model's contract") {
  const auto with = [](auto change) {
    ModelConfig model = models::gemma_3_27b;
    change(model);
    return complaint(model);
  };
  CHECK(with([](ModelConfig& m) { m.layer_groups = {}; }) == "layers is 0, expected a positive number");
  CHECK(with([](ModelConfig& m) { m.hidden_size = 0; }) == "hidden_size is 0, expected a positive number");
  CHECK(with([](ModelConfig& m) { m.intermediate_size = -1; }) ==
        "intermediate_size is -1, expected a positive number");
  CHECK(with([](ModelConfig& m) { m.vocabulary_size = 0; }) == "vocabulary_size is 0, expected a positive number");
  CHECK(with([](ModelConfig& m) { m.heads.kv_heads = 5; }) == "kv_heads is 5, expected a divisor of query_heads");
  CHECK(with([](ModelConfig& m) { m.sliding_window = -1; }) ==
        "sliding_window is -1, expected a positive number, or 0 for none");
  CHECK(with([](ModelConfig& m) { m.sliding_window = 0; }) ==
        "sliding_window is 0, expected a positive number where layers have local attention");
  CHECK(with([](ModelConfig& m) { m.layer_groups[0].layers = -1; }) ==
        "layers of a group is 9, expected a number ≥ 0 in every group");
  CHECK(with([](ModelConfig& m) {
          m.layer_groups[0] = {TokenMixer::none, FeedForward::none, 1};
        }) == "layer_groups is 11, expected layers that mix tokens or have a feed-forward block");
  CHECK(with([](ModelConfig& m) { m.layer_groups[0].layers = m.layer_groups[1].layers = largest; }) ==
        "layers is 4294967294, expected at most 256");
  CHECK(with([](ModelConfig& m) { m.maximum_context = -1; }) ==
        "maximum_context is -1, expected a positive number, or 0 if not stated");
  CHECK(with([](ModelConfig& m) { m.rotary_dimension = 127; }) ==
        "rotary_dimension is 127, expected an even number");
  CHECK(with([](ModelConfig& m) { m.rotary_dimension = 130; }) ==
        "rotary_dimension is 130, expected a number from 0 to query_key_dimension");
  CHECK(with([](ModelConfig& m) { m.intermediate_size = largest; }) ==
        "gate_up_features is 4294967294, expected at most 2147483647");
  CHECK(with([](ModelConfig& m) {
          m.heads = {2, 1, largest - 1, 2};
        }) == "qkv_features is 6442450940, expected at most 2147483647");
}

TEST_CASE("contracts of what a model's layers need") {
  const auto with = [](ModelConfig model, auto change) {
    change(model);
    return complaint(model);
  };
  const ModelConfig& deepseek = models::deepseek_v3_2;
  CHECK(with(deepseek, [](ModelConfig&) {}) == "valid");
  CHECK(with(deepseek, [](ModelConfig& m) { m.heads = {0, 0, 0, 0}; }) == "valid");  // no layer needs them
  CHECK(with(deepseek, [](ModelConfig& m) { m.latent.heads.latent_rank = 0; }) ==
        "latent_rank is 0, expected a positive number");
  CHECK(with(deepseek, [](ModelConfig& m) { m.latent.query_rank = 0; }) ==
        "query_rank is 0, expected a positive number");
  CHECK(with(models::deepseek_v3, [](ModelConfig& m) { m.latent.query_rank = 0; }) == "valid");
  CHECK(with(deepseek, [](ModelConfig& m) { m.latent.indexer_top_k = 0; }) ==
        "indexer_top_k is 0, expected a positive number");
  CHECK(with(deepseek, [](ModelConfig& m) { m.latent.heads.query_heads = largest / 100; }) ==
        "query features is 4123168512, expected at most 2147483647");
  CHECK(with(deepseek, [](ModelConfig& m) { m.experts.experts = 0; }) ==
        "experts is 0, expected a positive number");
  CHECK(with(deepseek, [](ModelConfig& m) { m.experts.groups = 7; }) ==
        "groups is 7, expected a divisor of experts");
  CHECK(with(deepseek, [](ModelConfig& m) { m.experts.groups_per_token = 9; }) ==
        "groups_per_token is 9, expected at most groups");
  CHECK(with(deepseek, [](ModelConfig& m) { m.experts.experts_per_token = 129; }) ==
        "experts_per_token is 129, expected at most the experts of the groups chosen from");
  CHECK(with(deepseek, [](ModelConfig& m) { m.experts.shared_intermediate_size = -1; }) ==
        "shared_intermediate_size is -1, expected a number ≥ 0");
  CHECK(with(deepseek, [](ModelConfig& m) { m.experts.intermediate_size = largest; }) ==
        "experts gate_up_features is 4294967294, expected at most 2147483647");

  const ModelConfig& hybrid = models::qwen3_next_80b_a3b;
  CHECK(with(hybrid, [](ModelConfig& m) { m.recurrence.key_heads = 0; }) ==
        "recurrence key_heads is 0, expected a positive number");
  CHECK(with(hybrid, [](ModelConfig& m) { m.recurrence.key_heads = 15; }) ==
        "recurrence key_heads is 15, expected a divisor of value_heads");
  CHECK(with(hybrid, [](ModelConfig& m) {
          m.recurrence.value_dimension = largest;
        }).find("recurrence features is ") == 0);
  CHECK(with(hybrid, [](ModelConfig& m) { m.recurrence.convolution_width = -1; }) ==
        "convolution_width is -1, expected a positive number, or 0 for none");
  CHECK(with(hybrid, [](ModelConfig& m) { m.intermediate_size = 0; }) == "valid");  // no layer is dense
}

TEST_CASE("batch's contract") {
  CHECK(complaint(UniformBatch{0, 1, 1, 1}) == "sequences is 0, expected a positive number");
  CHECK(complaint(UniformBatch{1, 0, 1, 0}) == "query_tokens is 0, expected a positive number");
  CHECK(complaint(UniformBatch{1, 5, 4, 1}) == "context_tokens is 4, expected at least query_tokens");
  CHECK(complaint(UniformBatch{1, 5, 5, -1}) == "sampled_tokens is -1, expected a number ≥ 0");
  CHECK(complaint(UniformBatch{1, 5, 5, 6}) == "sampled_tokens is 6, expected at most query_tokens");
  CHECK(complaint(UniformBatch{65536, 65536, 65536, 1}) == "tokens is 4294967296, expected at most 2147483647");
  CHECK(complaint(UniformBatch{1, 5, 5, 0}) == "valid");
  // 48 heads, query and key: 100 million tokens are 4.8e9 head vectors
  const auto found = violation(models::gemma_3_27b, UniformBatch{1, 100'000'000, 100'000'000, 1});
  REQUIRE(found.has_value());
  CHECK(found->field == "tokens x heads");
  CHECK(found->value == 4.8e9);
}

TEST_CASE("a name") {
  const std::string longest(63, 'x');
  CHECK(Name().empty());
  CHECK(Name("h20").view() == "h20");
  CHECK(Name(std::string_view(longest)).view() == longest);
  CHECK_THROWS_AS(Name(std::string_view(longest + "x")), InvalidValue);
  CHECK(Name("a") == Name("a"));
  CHECK_FALSE(Name("a") == Name("ab"));
  const Name copy = Name("copied");
  CHECK(copy.view() == "copied");
}
