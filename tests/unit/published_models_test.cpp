// SPDX-License-Identifier: Apache-2.0
//
// Whole models against published figures: what the operations of a forward pass add up to.
#include <catch2/catch.hpp>

#include <string_view>

#include "golden.hpp"
#include "opcost/opcost.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

/// Sums over the operations of a pass by what the papers call them.
struct Totals {
  double attention_flops = 0.0;
  double linear_flops = 0.0;  ///< Projections around attention.
  double feed_forward_flops = 0.0;
  double kv_read = 0.0;
};

bool is_any(std::string_view name, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

Totals totals_of(const ModelConfig& model, const UniformBatch& batch, const ModelPrecision& precision) {
  Totals totals;
  for (const ModelOperation& entry : model_operations(model, batch, precision)) {
    const Cost cost = entry.operation.cost() * entry.count;
    const double flops = cost.matrix_flops.value;
    totals.kv_read += cost.kv_cache_read.value;
    if (entry.name == "attention" || entry.name == "latent_attention") {
      totals.attention_flops += flops;
    } else if (is_any(entry.name, {"lm_head", "router"})) {  // in neither of the papers' sums
    } else if (is_any(entry.name, {"experts", "shared", "gate_up", "down_projection"}) &&
               !is_any(entry.name, {"query_down", "key_value_down"})) {
      totals.feed_forward_flops += flops;
    } else {
      totals.linear_flops += flops;
    }
  }
  return totals;
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
  const Totals deepseek = totals_of(models::deepseek_v3, token, precision);
  check_printed("DeepSeek-V3 KV", deepseek.kv_read, 2.88e8, 0.01e8);
  // it takes 576 elements for the values, too, where the kernel multiplies 512: 1152 / 1088 of the exact count
  check_printed("DeepSeek-V3 attention", deepseek.attention_flops * 1152.0 / 1088.0, 1.47e11, 0.01e11);
  check_printed("DeepSeek-V3 linear", deepseek.linear_flops, 2.28e10, 0.01e10);
  check_printed("DeepSeek-V3 feed-forward", deepseek.feed_forward_flops, 4.84e10, 0.01e10);
  const Totals qwen = totals_of(models::qwen3_235b_a22b, token, precision);
  check_printed("Qwen3-235B KV", qwen.kv_read, 7.89e8, 0.01e8);
  check_printed("Qwen3-235B attention", qwen.attention_flops, 2.52e10, 0.01e10);
  check_printed("Qwen3-235B linear", qwen.linear_flops, 1.34e10, 0.01e10);
  check_printed("Qwen3-235B feed-forward", qwen.feed_forward_flops, 2.84e10, 0.01e10);
}

TEST_CASE("InferSim's example, Qwen3-30B-A3B in bf16: FLOPs a token") {
  // 4096 tokens in, 2048 out: a context of 5120 on average
  const Totals totals = totals_of(models::qwen3_30b_a3b, {1, 1, 5120, 1}, {});
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
