// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks have in common: varied shapes, and a loop that makes one estimate an iteration.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "opcost/opcost.hpp"

namespace opcost::benchmarks {

inline constexpr std::size_t shape_count = 1024;

/// Random but alike in every run, and wide enough that both limiters, short and long contexts, and decode and
/// prefill occur.
class Shapes {
 public:
  std::int32_t between(std::int32_t low, std::int32_t high) {
    return std::uniform_int_distribution<std::int32_t>(low, high)(generator_);
  }
  std::int32_t features() { return 128 * between(1, 224); }
  AttentionHeads heads() {
    const std::int32_t kv_heads = 1 << between(0, 4);
    return {kv_heads << between(0, 3), kv_heads, 128, 128};
  }

  template <LinearPrecision P>
  LinearProjection<P> linear() {
    LinearProjection<P> projection;
    projection.tokens = between(1, 8192);
    projection.in_features = features();
    projection.out_features = features();
    return projection;
  }

  /// A decode step, or a chunk of a prefill, after a cached prefix.
  template <AttentionMask Mask, AttentionPrecision P>
  Attention<Mask, P> attention(Mask mask) {
    Attention<Mask, P> attention;
    attention.heads = heads();
    attention.sequences = between(1, 64);
    attention.query_tokens = between(0, 1) == 0 ? 1 : between(2, 2048);
    attention.context_tokens = attention.query_tokens + between(0, 8192);
    attention.mask = mask;
    return attention;
  }

  /// A decode or prefill step of a layer like those of today's models, alone or over ranks.
  MixtureOfExperts<> experts(RoutingKind routing) {
    MixtureOfExperts<> experts;
    const std::int32_t count = 1 << between(3, 9);
    experts.routing = {between(1, 16384),  count,   between(1, 8),
                       1 << between(0, 3), routing, routing == RoutingKind::power_law ? 1.2 : 0.0};
    experts.hidden_size = features();
    experts.intermediate_size = features();
    return experts;
  }

  Collective collective() {
    return {static_cast<CollectiveKind>(between(0, 4)), 1 << between(1, 4), {std::ldexp(1.0, between(8, 30))}};
  }

 private:
  std::mt19937 generator_{20240607};
};

template <class Make>
auto make_shapes(Make make) {
  Shapes source;
  std::vector<decltype(make(source))> shapes;
  shapes.reserve(shape_count);
  for (std::size_t i = 0; i < shape_count; ++i) shapes.push_back(make(source));
  return shapes;
}

/// One estimate an iteration.
template <class T, class Estimate>
void measure(benchmark::State& state, const std::vector<T>& shapes, Estimate estimate) {
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(estimate(shapes[i]));
    i = (i + 1) % shape_count;
  }
}

struct Work {
  double flops;
  double bytes;
};
struct Rates {
  double peak;
  double bandwidth;
};

/// The least that a roofline can be: two divisions and a max on plain doubles.
template <class Tag>
void bare_loop(benchmark::State& state) {
  Rates rates{989.4e12, 3.35e12};
  benchmark::DoNotOptimize(rates);  // the optimiser does not know them
  const auto shapes = make_shapes([](Shapes& source) {
    return Work{1e6 * source.between(1, 1 << 20), 1e3 * source.between(1, 1 << 20)};
  });
  measure(state, shapes,
          [&](const Work& work) { return std::max(work.flops / rates.peak, work.bytes / rates.bandwidth); });
}

/// bare_loop as two divisions: baseline.cpp is compiled without SLP vectorisation.
void baseline(benchmark::State& state);

}  // namespace opcost::benchmarks
