// SPDX-License-Identifier: Apache-2.0
//
// Whole models against published figures: what the operations of a forward pass add up to.
#include <catch2/catch.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

#include "golden.hpp"
#include "model_totals.hpp"
#include "opcost/opcost.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

/// NanoFlow's network traffic: the all-reduces of all layers of a dense batch of 2048 over eight ranks, n − 1 hops each
/// way for all ranks together.
Bytes nanoflow_network(const ModelConfig& model) {
  StepBatch batch(model);
  for (int i = 0; i < 2048; ++i) batch.add({1, 1024, 1});
  Bytes bytes{};
  visit_operations(shard_of(model, {.tensor = 8}), batch, {},
                   [&]<class T>(std::string_view name, std::int32_t count, const T& operation) {
                     if constexpr (std::same_as<T, Collective>) {
                       const bool in_layer = name == "attention_all_reduce" || name == "feed_forward_all_reduce";
                       if (in_layer) bytes += operation.total_bytes() * count;
                     }
                   });
  return bytes;
}

void check_printed(std::string_view source, double actual, double expected, double last_digit) {
  INFO(source << ": " << actual << ", printed " << expected);
  CHECK(matches(printed(source, actual, expected, last_digit)));
}

Cost operation_cost(const ModelOperations& operations, std::string_view name) {
  const ModelOperation* const found = operations.find(name);
  REQUIRE(found != nullptr);
  return found->operation.cost() * found->count;
}

}  // namespace

TEST_CASE("Step-3 (arXiv 2507.19427): bytes and FLOPs a token at a context of 8192") {
  ModelPrecision precision;
  precision.kv_cache = formats::fp8;  // its KV bytes are those of one byte an element
  const UniformBatch token{1, 1, 8192, 1};
  const ModelTotals deepseek = model_totals(models::deepseek_v3, token, precision);
  check_printed("DeepSeek-V3 KV", deepseek.kv_read, 2.88e8, 0.01e8);
  // it takes 576 elements for the values, too, where the kernel multiplies 512: 1152 / 1088 of the exact count
  check_printed("DeepSeek-V3 attention", deepseek.attention_flops * 1152.0 / 1088.0, 1.47e11, 0.01e11);
  check_printed("DeepSeek-V3 linear", deepseek.linear_flops, 2.28e10, 0.01e10);
  check_printed("DeepSeek-V3 feed-forward", deepseek.feed_forward_flops, 4.84e10, 0.01e10);
  const ModelTotals qwen = model_totals(models::qwen3_235b_a22b, token, precision);
  check_printed("Qwen3-235B KV", qwen.kv_read, 7.89e8, 0.01e8);
  check_printed("Qwen3-235B attention", qwen.attention_flops, 2.52e10, 0.01e10);
  check_printed("Qwen3-235B linear", qwen.linear_flops, 1.34e10, 0.01e10);
  check_printed("Qwen3-235B feed-forward", qwen.feed_forward_flops, 2.84e10, 0.01e10);
}

TEST_CASE("InferSim's example, Qwen3-30B-A3B in bf16: FLOPs a token") {
  // 4096 tokens in, 2048 out: a context of 5120 on average
  const ModelTotals totals = model_totals(models::qwen3_30b_a3b, {1, 1, 5120, 1}, {});
  check_printed("attention core", totals.attention_flops * 1e-9, 4.03, 0.01);
  check_printed("mixture of experts", totals.feed_forward_flops * 1e-9, 3.62, 0.01);
  check_printed("others", totals.linear_flops * 1e-9, 1.81, 0.01);
  CHECK(kv_cache_bytes(models::qwen3_30b_a3b, formats::bf16, 1) == Bytes{96.0 * 1024.0});
}

TEST_CASE("NanoFlow (arXiv 2408.12757), Table 2: LLaMA-2-70B at a dense batch of 2048") {
  const ModelOperations dense = model_operations(models::llama_2_70b, {2048, 1, 1024, 1}, {});
  const auto check = [&](std::string_view name, double gflop, double gigabytes) {
    const Cost cost = operation_cost(dense, name);
    check_printed(name, cost.matrix_flops.value * 1e-9, gflop, 0.1);
    check_printed(name, cost.bytes().value * 1e-9, gigabytes, 0.1);
  };
  check("qkv_projection", 27487.8, 19.5);
  check("output_projection", 21990.2, 16.1);
  check("gate_up_projection", 153931.6, 96.6);
  check("down_projection", 76965.8, 49.7);
  // prompts of 512 and outputs of 1024: two thirds of the batch decode, at a context of 1024 on average
  const Cost attention = operation_cost(dense, "attention") * (2.0 / 3.0);
  // printed 3665.9; 4 · 8192 · 1024 · 2048 · 2/3 · 80 is 3665.0
  check_printed("decode attention", attention.matrix_flops.value * 1e-9, 3665.9, 2.0);
  check_printed("decode attention", attention.bytes().value * 1e-9, 462.2, 0.1);
}

TEST_CASE("NanoFlow, Table 2: times on 8 A100 of 312 TFLOPS, 2 TB/s and 300 GB/s one way") {
  const ModelOperations dense = model_operations(models::llama_2_70b, {2048, 1, 1024, 1}, {});
  const auto check = [&](std::string_view name, double compute_ms, double memory_ms) {
    const Cost cost = operation_cost(dense, name);
    check_printed(name, cost.matrix_flops.value / (8.0 * 312e12) * 1e3, compute_ms, 0.01);
    check_printed(name, cost.bytes().value / (8.0 * 2e12) * 1e3, memory_ms, 0.01);
  };
  check("qkv_projection", 11.01, 1.22);
  check("output_projection", 8.81, 1.01);
  check("gate_up_projection", 61.67, 6.04);
  check("down_projection", 30.84, 3.10);  // printed 3.11, from the rounded 49.7 GB
  const Bytes network = nanoflow_network(models::llama_2_70b);
  check_printed("network", network.value * 1e-9, 75.2, 0.1);
  check_printed("network", network.value / (8.0 * 300e9) * 1e3, 31.33, 0.03);  // printed from the rounded 75.2 GB
}

TEST_CASE("NanoFlow, Figure 2: network over compute time, eight ranks, a dense batch of 2048") {
  struct Row {
    std::string_view what;
    const ModelConfig* model;
    double parameters;  // as the name has them
    double tflops, gigabytes_per_second;
    double printed;
  };
  for (const Row& row : {Row{"V100, 70B", &models::llama_2_70b, 70e9, 125.0, 150.0, 0.218},
                         Row{"A100, 70B", &models::llama_2_70b, 70e9, 312.0, 300.0, 0.273},
                         Row{"H100, 70B", &models::llama_2_70b, 70e9, 989.0, 450.0, 0.576},
                         Row{"MI300, 70B", &models::llama_2_70b, 70e9, 1307.0, 512.0, 0.669},
                         Row{"A100, 8B", &models::llama_3_1_8b, 8e9, 312.0, 300.0, 0.477},
                         Row{"A100, 405B", &models::llama_3_1_405b, 405e9, 312.0, 300.0, 0.148}}) {
    const double network = nanoflow_network(*row.model).value / (8.0 * row.gigabytes_per_second * 1e9);
    const double compute = 2.0 * 2048.0 * row.parameters / (8.0 * row.tflops * 1e12);
    check_printed(row.what, network / compute, row.printed, 0.001);
  }
  // optimal throughput, Compute / (2 · P): the printed 1857 tokens/s and GPU are those of 260 TFLOPS
  check_printed("throughput", 260e12 / (2.0 * 70e9), 1857.0, 1.0);
  // ours: every weight but the embedding's, and the same order of magnitude as the name's 70e9
  const Cost token = step_cost(models::llama_2_70b,
                               [] {
                                 StepBatch one(models::llama_2_70b);
                                 one.add({1, 1, 1});
                                 return one;
                               }(),
                               {});
  CHECK(token.matrix_flops.value / 2.0 == Approx(70e9).epsilon(0.025));
}

TEST_CASE("Scaling book: a decode step is the cache's bytes, then the weights' bytes or FLOPs") {
  // its formula: batch · cache / bandwidth + max(2 · batch · parameters / FLOP/s, weights / bandwidth)
  const auto book = [](double parameters, double bytes_each, double cache, double batch, double chips,
                       double bandwidth) {
    const double compute = 2.0 * batch * parameters / (chips * 1.97e14);
    const double memory = parameters * bytes_each / (chips * bandwidth);
    return (batch * cache / (chips * bandwidth) + (compute > memory ? compute : memory)) * 1e3;
  };
  // 30B in int8 on 16 v5e of 8.1e11 B/s, 100 kB of KV a token of 8192
  check_printed("30B, batch 4", book(30e9, 1.0, 8192.0 * 100e3, 4.0, 16.0, 8.1e11), 2.57, 0.01);
  check_printed("30B, batch 256", book(30e9, 1.0, 8192.0 * 100e3, 256.0, 16.0, 8.1e11), 21.0, 1.0);
  // LLaMA-13B in bf16 on 8 of 8.2e11, 6.7 GB of KV a sequence of 8192
  const ModelShard shard = shard_of(models::llama_2_13b, {.tensor = 8});
  for (const auto& [sequences, milliseconds] :
       {std::pair{1, 4.98}, std::pair{8, 12.13}, std::pair{16, 20.30}, std::pair{32, 36.65}, std::pair{64, 69.33},
        std::pair{240, 249.09}}) {
    check_printed("LLaMA-13B", book(13e9, 2.0, 6.7e9, sequences, 8.0, 8.2e11), milliseconds, 0.02);
    // exact: the embedding is not read, a sequence has 6.71 GB, activations pass memory; 8.19e11 B/s
    StepBatch batch(models::llama_2_13b);
    for (int i = 0; i < sequences; ++i) batch.add({1, 8192, 1});
    const StepBound bound = step_bound(shard, batch, {}, accelerators::tpu_v5e, Fabric::of(accelerators::tpu_v5e));
    CHECK(bound.operations.memory_time.value * 1e3 == Approx(milliseconds).epsilon(0.015));
  }
}
