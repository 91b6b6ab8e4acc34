// SPDX-License-Identifier: Apache-2.0
//
// A user of opcost::core alone.
#include "opcost/opcost.hpp"

#if defined(FMT_VERSION) || defined(NLOHMANN_JSON_VERSION_MAJOR)
#error "opcost/opcost.hpp must need nothing but the standard library"
#endif

int main() {
  const opcost::LinearProjection<> projection{.tokens = 64, .in_features = 5376, .out_features = 8192};
  const opcost::RooflineBound bound = opcost::roofline_bound(projection, opcost::accelerators::h100_sxm);
  return bound.limiter() == opcost::Limiter::memory ? 0 : 1;
}
