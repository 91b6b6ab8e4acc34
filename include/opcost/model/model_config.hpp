// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "opcost/name.hpp"
#include "opcost/operation/activation.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// A dense decoder-only transformer, as far as its cost depends on it.
///
/// Layers with a sliding window (local) alternate with full ones (global): counted from 1, layer i is global if
/// `global_layer_period` divides i. Without a window every layer is global.
struct ModelConfig {
  Name name{};
  std::int32_t layers = 1;
  std::int32_t hidden_size = 1;
  std::int32_t intermediate_size = 1;  ///< Feed-forward dimension.
  std::int32_t vocabulary_size = 1;
  AttentionHeads heads{};
  std::int32_t sliding_window = 0;       ///< Keys that a local layer sees; 0: no local layers.
  std::int32_t global_layer_period = 1;  ///< 6: five local layers, then a global one. 0: no global layers.
  ActivationFunction activation = ActivationFunction::silu;
  bool gated_feed_forward = true;  ///< gate and up projections, or up alone.
  bool query_key_norm = false;     ///< RMSNorm of each query and key head.
  bool post_norms = false;         ///< A norm after attention and after the feed-forward, too (Gemma).
  bool tied_embeddings = false;    ///< The LM head reads the embedding table.
  bool scaled_embedding = false;   ///< Gemma multiplies embeddings by √hidden_size.
  bool attention_bias = false;     ///< Biases of the qkv and output projections.
  bool feed_forward_bias = false;
  std::int32_t maximum_context = 0;  ///< Positions that the model was made for; 0: not stated.

  constexpr std::int32_t global_layers() const noexcept {
    if (sliding_window == 0) return layers;
    return global_layer_period == 0 ? 0 : layers / global_layer_period;
  }
  constexpr std::int32_t local_layers() const noexcept { return layers - global_layers(); }

  /// Output features of the fused query, key and value projection.
  constexpr std::int32_t qkv_features() const noexcept {
    return heads.query_heads * heads.query_key_dimension +
           heads.kv_heads * (heads.query_key_dimension + heads.value_dimension);
  }
  /// Input features of the output projection.
  constexpr std::int32_t attention_features() const noexcept { return heads.query_heads * heads.value_dimension; }

  /// Output features of the first feed-forward projection: gate and up together where gated.
  constexpr std::int32_t gate_up_features() const noexcept {
    return gated_feed_forward ? 2 * intermediate_size : intermediate_size;
  }

  /// Positive sizes, valid heads, an even head dimension (rotary embedding turns pairs), and projections whose
  /// features fit in 31 bits.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        detail::require_positive("layers", layers), detail::require_positive("hidden_size", hidden_size),
        detail::require_positive("intermediate_size", intermediate_size),
        detail::require_positive("vocabulary_size", vocabulary_size), heads.violation(),
        detail::require_at_least("sliding_window", sliding_window, 0, "a positive number, or 0 for none"),
        detail::require_at_least("global_layer_period", global_layer_period, 0, "a number ≥ 0"),
        detail::require_at_least("maximum_context", maximum_context, 0, "a positive number, or 0 if not stated"));
    if (found) return found;
    if (heads.query_key_dimension % 2 != 0) {
      return Violation{"query_key_dimension", double(heads.query_key_dimension), "an even number"};
    }
    const double qkv = double(heads.query_heads) * heads.query_key_dimension +
                       double(heads.kv_heads) * (double(heads.query_key_dimension) + heads.value_dimension);
    const double attention = double(heads.query_heads) * heads.value_dimension;
    const double gate_up = (gated_feed_forward ? 2.0 : 1.0) * intermediate_size;
    return detail::first_of(detail::require_int32("qkv_features", qkv),
                            detail::require_int32("attention_features", attention),
                            detail::require_int32("gate_up_features", gate_up));
  }

  friend constexpr bool operator==(const ModelConfig&, const ModelConfig&) noexcept = default;
};

}  // namespace opcost
