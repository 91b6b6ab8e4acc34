// SPDX-License-Identifier: Apache-2.0
#include "shapes.hpp"

namespace opcost::benchmarks {

namespace {
struct Scalar {};
}  // namespace

void baseline(benchmark::State& state) { bare_loop<Scalar>(state); }

}  // namespace opcost::benchmarks
