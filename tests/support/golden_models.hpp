// SPDX-License-Identifier: Apache-2.0
//
// Whole models: published parameter counts, KV caches, and the operations of a forward pass.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "golden.hpp"
#include "opcost/opcost.hpp"

namespace opcost::testing {

/// Parameter counts as Hugging Face's safetensors metadata states them, and Gemma 3 27B's from gemma.cpp.
template <class Input>
constexpr auto parameters_golden(Input input) {
  const ModelConfig gemma = input(models::gemma_3_27b);
  const double qk_norm = 2.0 * 128;
  const double norms = 62 * (4.0 * 5376 + qk_norm) + 5376;
  return std::array{
      // 5376·(32·128 + 2·16·128) + 32·128·5376
      Golden{"google/gemma.cpp configs.cc: attention", attention_parameters(gemma).total() - qk_norm, 66'060'288.0},
      Golden{"google/gemma.cpp configs.cc: feed-forward, 3·5376·21504", feed_forward_parameters(gemma).total(),
             346'816'512.0},
      printed("google/gemma.cpp configs.cc: 27.008e9 without norms", 1e-9 * (parameters(gemma) - norms), 27.008,
              0.001),
      Golden{"hand: 62·(66060288 + 346816512) + 262208·5376", parameters(gemma) - norms, 27'007'991'808.0},
      Golden{"google/gemma-3-27b-it, text model with norms", parameters(gemma), 27'009'346'304.0},
      Golden{"google/gemma.cpp configs.cc: global layers", double(gemma.global_layers()), 10.0},
      Golden{"google/gemma.cpp configs.cc: local layers", double(gemma.local_layers()), 52.0},
      Golden{"meta-llama/Llama-3.1-8B", parameters(input(models::llama_3_1_8b)), 8'030'261'248.0},
      Golden{"meta-llama/Llama-3.1-70B", parameters(input(models::llama_3_1_70b)), 70'553'706'496.0},
      Golden{"Qwen/Qwen3-8B", parameters(input(models::qwen3_8b)), 8'190'735'360.0},
      Golden{"Qwen/Qwen3-32B", parameters(input(models::qwen3_32b)), 32'762'123'264.0}};
}

/// Gemma 3 27B's KV cache (Gemma 3 technical report, arXiv 2503.19786, section 2: the reason for local layers).
template <class Input>
constexpr auto kv_cache_golden(Input input) {
  const ModelConfig gemma = input(models::gemma_3_27b);
  ModelConfig all_global = gemma;
  all_global.layer_groups = {};
  all_global.add_layers(TokenMixer::attention, FeedForward::dense, gemma.layers());
  const auto gigabytes = [&](const ModelConfig& model, std::int32_t context) {
    return kv_cache_bytes(model, input(formats::bf16), input(context)).value * 1e-9;
  };
  return std::array{
      Golden{"hand: 2·16·128·2 B a token and layer",
             kv_cache_bytes_per_token_and_layer(gemma, input(formats::bf16)).value, 8192.0},
      printed("gemma: 1.107 GB at 8,192 tokens", gigabytes(gemma, 8192), 1.107, 0.001),
      Golden{"hand: (10·8192 + 52·1024)·8192 B", gigabytes(gemma, 8192) * 1e9, 1'107'296'256.0, 1e-15},
      printed("gemma: 4.161 GB at 8,192 tokens if all were global", gigabytes(all_global, 8192), 4.161, 0.001),
      printed("gemma: 11.17 GB at 131,072 tokens", gigabytes(gemma, 131072), 11.17, 0.01),
      printed("gemma: 66.57 GB at 131,072 tokens if all were global", gigabytes(all_global, 131072), 66.57, 0.01),
      Golden{"hand: within the window, 62 layers alike", gigabytes(gemma, 1000), gigabytes(all_global, 1000)},
      Golden{"hand: in fp8, half", kv_cache_bytes(gemma, input(formats::fp8), input(8192)).value, 553'648'128.0}};
}

/// How often Gemma 3 27B's forward pass runs each operation (transformers, modeling_gemma3.py).
template <class Input>
constexpr auto operation_counts_golden(Input input) {
  const ModelOperations list = model_operations(
      input(models::gemma_3_27b), UniformBatch{input(64), input(1), input(8192), input(1)}, ModelPrecision{});
  const auto count = [&](std::string_view name) {
    const ModelOperation* const found = list.find(name);
    return found == nullptr ? 0.0 : double(found->count);
  };
  const ModelOperations llama = model_operations(
      input(models::llama_3_1_8b), UniformBatch{input(1), input(512), input(512), input(0)}, ModelPrecision{});
  const auto has = [&](std::string_view name) { return llama.find(name) == nullptr ? 0.0 : 1.0; };
  return std::array{Golden{"gemma: entries", double(list.size()), 18.0},
                    Golden{"gemma: embedding_lookup", count("embedding_lookup"), 1.0},
                    Golden{"gemma: first_norm, without a residual add", count("first_norm"), 1.0},
                    Golden{"gemma: attention_norm", count("attention_norm"), 61.0},
                    Golden{"gemma: qkv_projection", count("qkv_projection"), 62.0},
                    Golden{"gemma: query_norm", count("query_norm"), 62.0},
                    Golden{"gemma: key_norm", count("key_norm"), 62.0},
                    Golden{"gemma: rotary_embedding", count("rotary_embedding"), 62.0},
                    Golden{"gemma: local_attention", count("local_attention"), 52.0},
                    Golden{"gemma: global_attention", count("global_attention"), 10.0},
                    Golden{"gemma: output_projection", count("output_projection"), 62.0},
                    Golden{"gemma: post_attention_norm", count("post_attention_norm"), 62.0},
                    Golden{"gemma: feed_forward_norm", count("feed_forward_norm"), 62.0},
                    Golden{"gemma: gate_up_projection", count("gate_up_projection"), 62.0},
                    Golden{"gemma: activation", count("activation"), 62.0},
                    Golden{"gemma: down_projection", count("down_projection"), 62.0},
                    Golden{"gemma: post_feed_forward_norm", count("post_feed_forward_norm"), 62.0},
                    Golden{"gemma: residual adds are in the norms", count("residual_add"), 0.0},
                    Golden{"gemma: final_norm", count("final_norm"), 1.0},
                    Golden{"gemma: lm_head", count("lm_head"), 1.0},
                    Golden{"llama: one kind of attention", has("attention"), 1.0},
                    Golden{"llama: no local attention", has("local_attention"), 0.0},
                    Golden{"llama: no qk-norm", has("query_norm") + has("key_norm"), 0.0},
                    Golden{"llama: no post-norms", has("post_attention_norm") + has("post_feed_forward_norm"), 0.0},
                    Golden{"mid-prompt nothing is sampled: no LM head", has("lm_head"), 0.0}};
}

/// The sums of a pass. Weights: every parameter once (a tied table once, by the LM head), and one row of the
/// embedding a token.
template <class Input>
constexpr auto model_totals_golden(Input input) {
  const ModelPrecision bf16{};  // clang 14 cannot initialise one within a lambda at compile time
  const auto total = [&](const ModelConfig& model, UniformBatch batch) {
    return total_cost(model_operations(input(model), input(batch), bf16));
  };
  const Cost decode = total(models::gemma_3_27b, {64, 1, 8192, 1});
  const Cost prefill = total(models::gemma_3_27b, {1, 8192, 8192, 1});
  const Cost llama = total(models::llama_3_1_8b, {8, 1, 1000, 1});
  const double linears = 62.0 * (66'060'288 + 346'816'512);
  const double table = 262208.0 * 5376;
  const double pair = 4.0 * 32 * 128;  // FLOPs: 2 for QKᵀ, 2 for PV
  const double causal = 8192.0 * 8193 / 2;
  const double local = 1024.0 * 1025 / 2 + (8192.0 - 1024) * 1024;
  return std::array{
      Golden{"gemma decode: weights", decode.weight_read.value, 2.0 * (27'009'346'304.0 + 64.0 * 5376)},
      Golden{"gemma decode: KV read", decode.kv_cache_read.value, 64.0 * 1'107'296'256.0},
      Golden{"gemma decode: KV written", decode.kv_cache_write.value, 64.0 * 62 * 8192},
      Golden{"gemma decode: matrix FLOPs", decode.matrix_flops.value,
             2.0 * 64 * (linears + table) + 64 * pair * (10 * 8192.0 + 52 * 1024.0), 1e-15},
      Golden{"gemma prefill: weights", prefill.weight_read.value, 2.0 * (27'009'346'304.0 + 8192.0 * 5376)},
      Golden{"gemma prefill: matrix FLOPs, LM head on one position", prefill.matrix_flops.value,
             2.0 * 8192 * linears + 2.0 * table + pair * (10 * causal + 52 * local), 1e-15},
      Golden{"gemma prefill: KV written", prefill.kv_cache_write.value, 8192.0 * 62 * 8192},
      // Llama's table and LM head are two: of the table only the 8 rows are read
      Golden{"llama decode: weights", llama.weight_read.value,
             2.0 * (8'030'261'248.0 - 128256.0 * 4096 + 8.0 * 4096)}};
}

}  // namespace opcost::testing
