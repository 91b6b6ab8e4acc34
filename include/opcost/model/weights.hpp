// SPDX-License-Identifier: Apache-2.0
//
// What a model's weights take in memory, each matrix in its format.
#pragma once

#include <cstdint>

#include "opcost/model/block.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/parameters.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

namespace detail {

/// Gives `add(block, bytes)` the bytes of the weights that it is told about.
template <class Add>
struct WeightBytes {
  const ModelPrecision& precision;
  const Add& add;
  double times = 1.0;

  constexpr void projection(Block block, std::int32_t in, std::int32_t out) const noexcept {
    add(block, times * tensor_bytes(precision.weight, in, out));
  }
  constexpr void expert(double used, std::int32_t in, std::int32_t out) const noexcept {
    add(Block::experts, times * used * tensor_bytes(precision.expert_weight, in, out));
  }
  constexpr void other(Block block, double parameters) const noexcept {
    add(block, times * parameters * Bytes{bytes_per_element(precision.hidden.element)});
  }
};

/// `add(block, bytes)` for all weights: see visit_model_weights.
template <class Add>
constexpr void visit_weight_bytes(const ModelConfig& model, double routed_experts, const RankPlace& place,
                                  const ModelPrecision& precision, const Add& add) noexcept {
  WeightBytes<Add> weights{precision, add};
  visit_model_weights(model, routed_experts, place, weights);
}

constexpr Bytes weight_bytes(const ModelConfig& model, double routed_experts, const RankPlace& place,
                             const ModelPrecision& precision) noexcept {
  Bytes sum{};
  visit_weight_bytes(model, routed_experts, place, precision, [&sum](Block, Bytes bytes) { sum += bytes; });
  return sum;
}

}  // namespace detail

/// Bytes of all weights that a rank holds, block scales included: the layers' projections and shared experts in the
/// precision's weight format, routed experts in theirs, everything else hidden. Scales are those of the rank's own
/// matrices: a block that ranks cut counts on each.
constexpr Bytes weight_bytes(const ModelShard& shard, const ModelPrecision& precision) noexcept {
  return detail::weight_bytes(shard.model, shard.local_experts(), shard.place, precision);
}
/// The same of the whole model on one rank.
constexpr Bytes weight_bytes(const ModelConfig& model, const ModelPrecision& precision) noexcept {
  return detail::weight_bytes(model, model.experts.experts, RankPlace{}, precision);
}

}  // namespace opcost
