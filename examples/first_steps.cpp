// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "opcost/opcost.hpp"

int main() {
  using namespace opcost;
  const FullAttention decode{.heads = {.query_heads = 32, .kv_heads = 8}, .sequences = 64, .context_tokens = 8192};
  const RooflineBound bound = roofline_bound(decode, accelerators::h20);
  std::printf("%.0f MB, at least %.0f us on an H20, limited by %s\n", bound.bytes.value * 1e-6,
              bound.time.value * 1e6, name(bound.limiter()).data());
}
