// SPDX-License-Identifier: Apache-2.0
//
// Gemma 3 27B decoding 64 sequences at 8192 tokens: each operation's lower bound on an H100 and an H20.

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"

int main() {
  using namespace opcost;

  const UniformBatch decode{.sequences = 64, .query_tokens = 1, .context_tokens = 8192};
  const ModelOperations step = model_operations(models::gemma_3_27b, decode, ModelPrecision{});

  for (const ModelOperation& entry : step) {
    const RooflineBound h100 = roofline_bound(entry.operation, accelerators::h100_sxm);
    const RooflineBound h20 = roofline_bound(entry.operation, accelerators::h20);
    fmt::print("{:3} x {:22}  H100 {:>8} ({:7})  H20 {:>8} ({:7})\n", entry.count, entry.name,
               fmt::to_string(h100.time), h100.limiter(), fmt::to_string(h20.time), h20.limiter());
  }
  fmt::print("one step: H100 {}, H20 {}\n", roofline_bound(step, accelerators::h100_sxm).time,
             roofline_bound(step, accelerators::h20).time);
}
