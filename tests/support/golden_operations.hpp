// SPDX-License-Identifier: Apache-2.0
//
// Hand calculations for every operation, small enough to follow with a pencil.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "golden.hpp"
#include "opcost/opcost.hpp"

namespace opcost::testing {

/// Formula by formula from the docstring of LinearProjection.
template <class Input>
constexpr auto linear_projection_golden(Input input) {
  const std::string_view hand = "hand: 3 tokens, 5 in, 7 out, bf16";
  const LinearProjection<> plain{.tokens = input(3), .in_features = input(5), .out_features = input(7)};
  const Cost cost = plain.cost();
  const LinearProjection<> with_bias{
      .tokens = input(3), .in_features = input(5), .out_features = input(7), .bias = input(true)};
  const Cost biased = with_bias.cost();

  // DeepSeek-V3's fp8: weight 200 × 300 in blocks of 128 × 128: ⌈200/128⌉·⌈300/128⌉ = 2·3 fp32 scales;
  // activation 2 × 300 in groups of 128: 2·⌈300/128⌉ = 6 scales.
  const std::string_view blocks = "hand: 2 tokens, 300 in, 200 out, fp8 with block scales, bf16 out";
  const LinearProjection<> scaled{
      .tokens = input(2),
      .in_features = input(300),
      .out_features = input(200),
      .precision = {input(formats::fp8_token_group), input(formats::fp8_block), input(formats::bf16)}};
  const Cost fp8 = scaled.cost();

  // GPTQ groups run along the input features (arXiv 2210.17323, section 4): every one of 24 output features has
  // ⌈200/128⌉ = 2 fp16 scales for its 200 inputs.
  const std::string_view groups = "hand: 2 tokens, 200 in, 24 out, int4 weights in groups of 128, bf16 activations";
  const LinearProjection<> grouped{.tokens = input(2),
                                   .in_features = input(200),
                                   .out_features = input(24),
                                   .precision = {.weight = input(formats::int4_group)}};
  const Cost int4 = grouped.cost();
  return std::array{
      Golden{hand, cost.matrix_flops.value, 210.0},  // 2·3·5·7
      Golden{hand, cost.vector_flops.value, 0.0},
      Golden{hand, cost.exponentials, 0.0},
      Golden{hand, cost.weight_read.value, 70.0},       // 5·7·2
      Golden{hand, cost.activation_read.value, 30.0},   // 3·5·2
      Golden{hand, cost.activation_write.value, 42.0},  // 3·7·2
      Golden{hand, cost.kv_cache_read.value + cost.kv_cache_write.value, 0.0},
      Golden{hand, cost.bytes().value, 142.0},
      Golden{hand, cost.arithmetic_intensity().value, 210.0 / 142.0},
      Golden{"hand: with bias", biased.matrix_flops.value, 210.0},
      Golden{"hand: with bias, one addition an output", biased.vector_flops.value, 21.0},
      Golden{"hand: with bias, 7 elements more", biased.weight_read.value, 84.0},
      Golden{"hand: with bias, both kinds of FLOPs", biased.flops().value, 231.0},
      Golden{blocks, fp8.matrix_flops.value, 240000.0},   // 2·2·300·200
      Golden{blocks, fp8.weight_read.value, 60024.0},     // 60000 + 6·4
      Golden{blocks, fp8.activation_read.value, 624.0},   // 600 + 6·4
      Golden{blocks, fp8.activation_write.value, 800.0},  // 2·200·2
      Golden{"fp8 operands multiply in fp8", double(scaled.compute_type() == DataType::fp8), 1.0},
      Golden{groups, int4.weight_read.value, 2496.0},     // 200·24/2 + 24·2·2
      Golden{groups, int4.activation_read.value, 800.0},  // bf16: not one byte wide
      Golden{"int4 weights are converted: bf16 rate", double(grouped.compute_type() == DataType::bf16), 1.0}};
}

// Attention's heads for the hand calculations: 4 query heads, 2 KV heads, queries and keys 8 wide, values 6.
// A token's K and V take (8 + 6)·2 heads·2 B = 56 B; a pair takes 2·4 heads·(8 + 6) = 112 FLOPs.
template <class Input>
constexpr AttentionHeads hand_heads(Input input) {
  return {
      .query_heads = input(4), .kv_heads = input(2), .query_key_dimension = input(8), .value_dimension = input(6)};
}

template <class Input>
constexpr auto full_attention_golden(Input input) {
  const AttentionHeads heads = hand_heads(input);
  const auto cost = [&](std::int32_t sequences, std::int32_t query_tokens, std::int32_t context_tokens) {
    return FullAttention{heads, input(sequences), input(query_tokens), input(context_tokens), {}, {}}.cost();
  };
  const Cost decode = cost(3, 1, 10);
  const Cost prefill = cost(1, 5, 5);
  const Cost chunk = cost(1, 4, 10);
  const FullAttention fp8_cache{.heads = heads,
                                .sequences = input(1),
                                .query_tokens = input(1),
                                .context_tokens = input(10),
                                .precision = {.kv_cache = input(formats::fp8)}};
  const FullAttention scaled_cache{.heads = heads,
                                   .query_tokens = input(1),
                                   .context_tokens = input(10),
                                   .precision = {.kv_cache = input(formats::fp8_token_group)}};
  return std::array{
      Golden{"hand: decode, 3 sequences of 10 keys: 30 pairs", decode.matrix_flops.value, 3360.0},
      Golden{"hand: decode, one exponential a pair and query head", decode.exponentials, 120.0},
      Golden{"hand: decode, Q 3·4·8·2", decode.activation_read.value, 192.0},
      Golden{"hand: decode, output 3·4·6·2", decode.activation_write.value, 144.0},
      Golden{"hand: decode, K and V once per KV head, 30·56", decode.kv_cache_read.value, 1680.0},
      Golden{"hand: decode, K and V of 3 new tokens, 3·56", decode.kv_cache_write.value, 168.0},
      Golden{"hand: decode, no weights", decode.weight_read.value, 0.0},
      Golden{"hand: decode, no vector FLOPs", decode.vector_flops.value, 0.0},
      Golden{"hand: prefill of 5: 1+2+3+4+5 = 15 pairs, not 12.5", prefill.matrix_flops.value, 1680.0},
      Golden{"hand: prefill of 5: 5 keys", prefill.kv_cache_read.value, 280.0},
      Golden{"hand: prefill of 5: 5 new keys", prefill.kv_cache_write.value, 280.0},
      Golden{"hand: 4 after 6 cached: 7+8+9+10 = 34 pairs", chunk.matrix_flops.value, 3808.0},
      Golden{"hand: 4 after 6 cached: all 10 keys", chunk.kv_cache_read.value, 560.0},
      Golden{"hand: 4 after 6 cached: 4 new keys", chunk.kv_cache_write.value, 224.0},
      Golden{"hand: 4 after 6 cached: Q 4·4·8·2", chunk.activation_read.value, 256.0},
      Golden{"hand: fp8 cache, one byte an element", fp8_cache.cost().kv_cache_read.value, 280.0},
      Golden{"hand: fp8 cache leaves queries alone", fp8_cache.cost().activation_read.value, 64.0},
      Golden{"hand: fp8 cache, multiplied as bf16", double(fp8_cache.compute_type() == DataType::bf16), 1.0},
      // one fp32 scale per head vector: (8 + 4 + 6 + 4)·2 heads = 44 B a token
      Golden{"hand: fp8 cache with scales", scaled_cache.cost().kv_cache_read.value, 440.0}};
}

template <class Input>
constexpr auto masked_attention_golden(Input input) {
  const AttentionHeads heads = hand_heads(input);
  const auto local = [&](std::int32_t query_tokens, std::int32_t context_tokens, std::int32_t window) {
    return SlidingWindowAttention{heads, 1, input(query_tokens), input(context_tokens), {input(window)}, {}}.cost();
  };
  const Cost decode = local(1, 10, 3);
  const Cost prefill = local(5, 5, 3);
  const Cost chunk = local(4, 10, 3);
  const Cost crossing = local(4, 6, 4);
  const Cost wide = local(4, 10, 10);
  const Cost everything = BidirectionalAttention{heads, 1, input(4), input(10), {}, {}}.cost();
  return std::array{
      Golden{"hand: window 3, decode at 10: 3 pairs", decode.matrix_flops.value, 336.0},
      Golden{"hand: window 3, decode at 10: 3 keys", decode.kv_cache_read.value, 168.0},
      Golden{"hand: window 3, decode at 10: 1 new key", decode.kv_cache_write.value, 56.0},
      Golden{"hand: window 3, prefill of 5: 1+2+3+3+3 = 12 pairs", prefill.matrix_flops.value, 1344.0},
      Golden{"hand: window 3, prefill of 5: 5 keys", prefill.kv_cache_read.value, 280.0},
      Golden{"hand: window 3, 4 after 6 cached: 12 pairs", chunk.matrix_flops.value, 1344.0},
      Golden{"hand: window 3, 4 after 6 cached: keys 5 to 10", chunk.kv_cache_read.value, 336.0},
      Golden{"hand: window 4, 4 after 2 cached: 3+4+4+4 = 15 pairs", crossing.matrix_flops.value, 1680.0},
      Golden{"hand: window 4, 4 after 2 cached: all 6 keys", crossing.kv_cache_read.value, 336.0},
      Golden{"hand: a window as wide as the context is full attention", wide.matrix_flops.value, 3808.0},
      Golden{"hand: bidirectional, 4 queries, 10 keys: 40 pairs", everything.matrix_flops.value, 4480.0},
      Golden{"hand: bidirectional, exponentials", everything.exponentials, 160.0},
      Golden{"hand: bidirectional, all 10 keys", everything.kv_cache_read.value, 560.0}};
}

/// 3 tokens of 8 elements in bf16: 48 B.
template <class Input>
constexpr auto elementwise_golden(Input input) {
  const Cost norm = RmsNorm<>{.rows = input(3), .width = input(8)}.cost();
  const Cost rotary = RotaryEmbedding<>{.tokens = input(3), .heads = input(5), .rotary_dimension = input(4)}.cost();
  const auto activation = [&](ActivationFunction function, bool gated) {
    return Activation<>{.tokens = input(3), .width = input(8), .function = input(function), .gated = input(gated)}
        .cost();
  };
  const Cost swiglu = activation(ActivationFunction::silu, true);
  const Cost silu = activation(ActivationFunction::silu, false);
  const Cost geglu = activation(ActivationFunction::gelu_tanh, true);
  const Cost relu = activation(ActivationFunction::relu, false);
  const Cost residual = ResidualAdd<>{.tokens = input(3), .width = input(8)}.cost();
  const Cost lookup = EmbeddingLookup<>{.tokens = input(3), .width = input(8)}.cost();
  const Cost scaled = EmbeddingLookup<>{.tokens = input(3), .width = input(8), .scaled = input(true)}.cost();
  const Cost to_fp8 =
      RmsNorm<>{.rows = input(3), .width = input(8), .precision = {formats::bf16, input(formats::fp8)}}.cost();
  return std::array{
      // a row: 8 squares, 7 additions, 3 for mean, ε and rsqrt, 16 multiplications
      Golden{"hand: RMSNorm, 3·34", norm.vector_flops.value, 102.0},
      Golden{"hand: RMSNorm, weight 8·2", norm.weight_read.value, 16.0},
      Golden{"hand: RMSNorm, reads 48", norm.activation_read.value, 48.0},
      Golden{"hand: RMSNorm, writes 48", norm.activation_write.value, 48.0},
      Golden{"hand: RMSNorm that quantises writes 24", to_fp8.activation_write.value, 24.0},
      Golden{"hand: rotary, 6 FLOPs a pair, 3·5·2 pairs", rotary.vector_flops.value, 180.0},
      Golden{"hand: rotary, 120 B of heads, 3·(2 + 2)·2 B of cosines and sines", rotary.activation_read.value,
             144.0},
      Golden{"hand: rotary, writes 3·5·4·2", rotary.activation_write.value, 120.0},
      Golden{"hand: SwiGLU, add, divide, times up: 24·3", swiglu.vector_flops.value, 72.0},
      Golden{"hand: SwiGLU, one exponential an element", swiglu.exponentials, 24.0},
      Golden{"hand: SwiGLU reads gate and up", swiglu.activation_read.value, 96.0},
      Golden{"hand: SwiGLU writes one", swiglu.activation_write.value, 48.0},
      Golden{"hand: SiLU, add and divide", silu.vector_flops.value, 48.0},
      Golden{"hand: SiLU reads one", silu.activation_read.value, 48.0},
      // u: x·x, ·x, ·0.044715, + x, ·√(2/π); tanh: 2u, + 1, 2/, 1 −; + 1, ·x, ·½; times up: 13
      Golden{"hand: GeGLU, 24·13", geglu.vector_flops.value, 312.0},
      Golden{"hand: GeGLU, one exponential an element", geglu.exponentials, 24.0},
      Golden{"hand: ReLU, one maximum an element", relu.vector_flops.value, 24.0},
      Golden{"hand: ReLU, no exponential", relu.exponentials, 0.0},
      Golden{"hand: residual, one addition an element", residual.vector_flops.value, 24.0},
      Golden{"hand: residual, reads both", residual.activation_read.value, 96.0},
      Golden{"hand: residual, writes one", residual.activation_write.value, 48.0},
      Golden{"hand: embedding, 3 rows", lookup.weight_read.value, 48.0},
      Golden{"hand: embedding, 3 ids of 4 B", lookup.activation_read.value, 12.0},
      Golden{"hand: embedding, writes 48", lookup.activation_write.value, 48.0},
      Golden{"hand: embedding, a gather has no FLOPs", lookup.flops().value, 0.0},
      Golden{"hand: Gemma's embedding, one multiplication an element", scaled.vector_flops.value, 24.0}};
}

}  // namespace opcost::testing
