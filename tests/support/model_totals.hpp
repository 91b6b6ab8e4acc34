// SPDX-License-Identifier: Apache-2.0
//
// What papers print of whole models, out of the operations of a forward pass.
#pragma once

#include <initializer_list>
#include <string_view>

#include "opcost/model/model_operations.hpp"

namespace opcost::testing {

/// Sums over the operations of a pass by what the papers call them.
struct ModelTotals {
  double attention_flops = 0.0;
  double linear_flops = 0.0;  ///< Projections around attention.
  double feed_forward_flops = 0.0;
  double kv_read = 0.0;
};

inline bool contains_any(std::string_view name, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

inline ModelTotals model_totals(const ModelConfig& model, const UniformBatch& batch,
                                const ModelPrecision& precision) {
  ModelTotals totals;
  for (const ModelOperation& entry : model_operations(model, batch, precision)) {
    const Cost cost = entry.operation.cost() * entry.count;
    const double flops = cost.matrix_flops.value;
    totals.kv_read += cost.kv_cache_read.value;
    if (entry.name == "attention" || entry.name == "latent_attention") {
      totals.attention_flops += flops;
    } else if (contains_any(entry.name, {"lm_head", "router"})) {  // in neither of the papers' sums
    } else if (contains_any(entry.name, {"experts", "shared", "gate_up", "down_projection"}) &&
               !contains_any(entry.name, {"query_down", "key_value_down"})) {
      totals.feed_forward_flops += flops;
    } else {
      totals.linear_flops += flops;
    }
  }
  return totals;
}

}  // namespace opcost::testing
