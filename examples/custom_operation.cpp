// SPDX-License-Identifier: Apache-2.0
//
// An operation of your own: anything with cost() and compute_type() satisfies opcost::Operation and gets bounds.
// Here a low-rank adapter (LoRA, arXiv 2106.09685) on a projection: y += (x · A) · B, as one fused kernel that
// keeps the rank-wide intermediate on chip.

#include <cstdint>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"

struct LowRankAdapter {
  std::int32_t tokens = 1;
  std::int32_t in_features = 1;
  std::int32_t rank = 16;
  std::int32_t out_features = 1;

  constexpr opcost::Cost cost() const noexcept {
    const opcost::Cost down = opcost::LinearProjection<>{tokens, in_features, rank}.cost();
    const opcost::Cost up = opcost::LinearProjection<>{tokens, rank, out_features}.cost();
    opcost::Cost cost = down + up;
    cost.activation_write -= down.activation_write;  // stays on chip…
    cost.activation_read -= up.activation_read;      // …and is read there
    cost.activation_read += up.activation_write;     // y is read to be added to
    return cost;
  }
  constexpr opcost::DataType compute_type() const noexcept { return opcost::DataType::bf16; }
};

static_assert(opcost::Operation<LowRankAdapter>);

int main() {
  for (const std::int32_t tokens : {1, 64, 4096}) {
    const LowRankAdapter adapter{.tokens = tokens, .in_features = 4096, .rank = 16, .out_features = 4096};
    const opcost::LinearProjection<> base{.tokens = tokens, .in_features = 4096, .out_features = 4096};
    const auto adapter_bound = roofline_bound(adapter, opcost::accelerators::h100_sxm);
    const auto base_bound = roofline_bound(base, opcost::accelerators::h100_sxm);
    fmt::print("{:4} tokens: adapter {} ({}, {}), {:.1f} % of its projection\n", tokens, adapter_bound.time,
               adapter_bound.limiter(), adapter_bound.intensity(), 100.0 * (adapter_bound.time / base_bound.time));
  }
}
