// SPDX-License-Identifier: Apache-2.0
//
// Decode with attention on accelerators of its own: what the split saves, and what it asks of the network.
#pragma once

#include <cstdint>

#include "opcost/mathematics.hpp"
#include "opcost/placement/unit_cost.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// One decode step of a batch, as the costs below see it: attention is bound by memory.
struct DecodeWork {
  std::int32_t batch = 1;   ///< Tokens of the step.
  Bytes attention_bytes{};  ///< The KV cache of the whole batch.
  Bytes matmul_bytes{};     ///< Weights.
  Flops matmul_flops{};     ///< Of the whole batch.
};

/// Dollars a token where attention and matrix products take turns on the same accelerators:
/// (c / b) · (D_attention / β + max(D_matmul / β, W_matmul / F)).
/// Carnegie Mellon CSD PhD blog, "Operator-level disaggregated serving" (2026). Does not throw, allocate or lock.
constexpr double colocated_dollars_per_token(const DecodeWork& work, const UnitCost& cost) noexcept {
  const double matmul = mathematics::larger(cost.dollars(work.matmul_bytes), cost.dollars(work.matmul_flops));
  return (cost.dollars(work.attention_bytes) + matmul) / work.batch;
}

/// Dollars a token where each has accelerators of its own kind: (1 / b) · (c₁ D_attention / β₁ + c₂ W_matmul / F₂).
/// The matrix products are compute-bound, since their accelerators gather the tokens of many attention
/// accelerators; transfers are hidden and neither side waits. Same source. Does not throw, allocate or lock.
constexpr double disaggregated_dollars_per_token(const DecodeWork& work, const UnitCost& attention,
                                                 const UnitCost& matmul) noexcept {
  return (attention.dollars(work.attention_bytes) + matmul.dollars(work.matmul_flops)) / work.batch;
}

/// The same with one kind for both. Never dearer than co-located.
constexpr double disaggregated_dollars_per_token(const DecodeWork& work, const UnitCost& cost) noexcept {
  return disaggregated_dollars_per_token(work, cost, cost);
}

/// How many times dearer the cheaper of two kinds alone, disaggregated, can be than both: (1 + √η) / 2, where η =
/// β₁F₂ / (β₂F₁) is the ridge point of the kind for matrix products over that for attention. Attained where
/// attention and matrix products cost the same on their own kind and c₂ / c₁ = √η β₂ / β₁. For η < 1 the kinds have
/// the wrong roles and nothing is gained: 1. Against co-located serving the factor from compute-bound matrix
/// products comes on top. Same source. Does not throw, allocate or lock.
inline double greatest_gain_of_two_kinds(double ridge_point_ratio) noexcept {
  return mathematics::larger(1.0, (1.0 + mathematics::square_root(ridge_point_ratio)) / 2.0);
}

/// A decode step with attention on other accelerators, for what crosses between them (Lamina, arXiv 2405.01814).
struct OffloadedAttention {
  std::int32_t batch = 1;
  std::int32_t layers = 1;
  std::int32_t hidden_size = 1;  ///< Also query heads times head dimension.
  std::int32_t queries_per_kv_head = 1;
  double bytes_per_element = 2.0;

  /// Queries there and attention's output back, keys and values there: (2 + 2/G) · e · d · B · L.
  constexpr Bytes transferred() const noexcept {
    const double elements = 2.0 + 2.0 / queries_per_kv_head;
    return {elements * bytes_per_element * hidden_size * batch * layers};
  }
};

/// The bandwidth at which the transfers take `tolerated_overhead` (above 0) of the time of the step without them,
/// (2 + 2/G) · e · d · B · L / (α · (MTIME + ATIME)), where nothing overlaps. Same source.
/// Does not throw, allocate or lock.
constexpr BytesPerSecond minimum_interconnect_bandwidth(const OffloadedAttention& attention, Seconds model_time,
                                                        Seconds attention_time,
                                                        double tolerated_overhead) noexcept {
  return attention.transferred() / (tolerated_overhead * (model_time + attention_time));
}

/// The attention time of one batch and layer at which a rotational pipeline has no gaps, t_m / (n − 1): n ≥ 2
/// batches take turns on n − 1 replicas of the model, each `model_time` a layer, and one pool for attention. While
/// n − 1 are in a replica one is in attention: n · t_a = t_m + t_a. Lamina. Does not throw, allocate or lock.
constexpr Seconds balanced_attention_time(Seconds model_time, std::int32_t batches) noexcept {
  return model_time / (batches - 1.0);
}

/// Lamina's degree of parallelism (a, b): a accelerators for the model, b for attention.
struct OffloadParallelism {
  std::int32_t model = 1;
  std::int32_t attention = 1;

  /// Dollars an hour, from those of one accelerator of each kind.
  constexpr double dollars_per_hour(double of_model_accelerator, double of_attention_accelerator) const noexcept {
    return model * of_model_accelerator + attention * of_attention_accelerator;
  }
};

}  // namespace opcost
