// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "opcost/precision.hpp"

namespace opcost {

/// Which format each kind of tensor in a model has. Quantised serving leaves the residual stream, norms,
/// attention's queries, embedding and LM head in `hidden` and quantises the layers' projections.
///
/// Whoever produces a projection's input (norm, attention, activation) writes it in `activation` format: the
/// quantisation is fused into the producer.
struct ModelPrecision {
  TensorFormat hidden = formats::bf16;      ///< Residual stream, projection outputs, queries, embedding, LM head.
  TensorFormat activation = formats::bf16;  ///< Inputs of the layers' linear projections.
  TensorFormat weight = formats::bf16;      ///< Weights of the layers' linear projections.
  TensorFormat kv_cache = formats::bf16;
  /// Routed experts' own formats, where they differ (gpt-oss has mxfp4 experts, everything else in bf16).
  TensorFormat expert_activation = activation;
  TensorFormat expert_weight = weight;
  TensorFormat recurrent_state = formats::fp32;  ///< Of delta rules and state spaces.

  friend constexpr bool operator==(const ModelPrecision&, const ModelPrecision&) noexcept = default;
};

/// A precision by the name it goes by on command lines, and what it stands for.
struct NamedModelPrecision {
  std::string_view name;
  std::string_view description;
  ModelPrecision precision;
};

/// Precisions that serving stacks offer. The KV cache is in the hidden format until chosen otherwise.
inline constexpr std::array<NamedModelPrecision, 10> model_precisions{{
    {"bf16", "everything in bfloat16", {}},
    {"fp16", "everything in float16", {formats::fp16, formats::fp16, formats::fp16, formats::fp16}},
    {"fp32", "everything in float32", {formats::fp32, formats::fp32, formats::fp32, formats::fp32}},
    {"tf32", "float32 tensors multiplied as tf32", {formats::tf32, formats::tf32, formats::tf32, formats::tf32}},
    {"fp8",
     "fp8 weights and activations, one scale per tensor",
     {formats::bf16, formats::fp8, formats::fp8, formats::bf16}},
    {"fp8_block",
     "fp8 with DeepSeek-V3's block scales",
     {formats::bf16, formats::fp8_token_group, formats::fp8_block, formats::bf16}},
    {"int8",
     "int8 weights and activations, one scale per tensor",
     {formats::bf16, formats::int8, formats::int8, formats::bf16}},
    {"int4",
     "int4 weights in groups of 128 (GPTQ, AWQ), bf16 activations",
     {formats::bf16, formats::bf16, formats::int4_group, formats::bf16}},
    {"mxfp4", "MXFP4 weights, bf16 activations", {formats::bf16, formats::bf16, formats::mxfp4, formats::bf16}},
    {"nvfp4", "NVFP4 weights and activations", {formats::bf16, formats::nvfp4, formats::nvfp4, formats::bf16}},
}};

/// The precision of that name, or nothing.
constexpr std::optional<ModelPrecision> model_precision_named(std::string_view name) noexcept {
  for (const NamedModelPrecision& known : model_precisions) {
    if (known.name == name) return known.precision;
  }
  return std::nullopt;
}

}  // namespace opcost
