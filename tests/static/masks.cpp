// SPDX-License-Identifier: Apache-2.0
//
// Attention masks against the definition, counted out one pair at a time, at compile time.
#include "opcost/operation/attention_mask.hpp"

#include "brute_force.hpp"

namespace {

using namespace opcost;
using testing::counted;

static_assert(AttentionMask<Causal> && AttentionMask<Bidirectional> && AttentionMask<SlidingWindow>);
static_assert(AttentionMask<StaticSlidingWindow<1>> && !AttentionMask<int>);

template <std::int32_t Window>
concept window_compiles = requires {
  typename StaticSlidingWindow<Window>;
};
static_assert(window_compiles<1> && !window_compiles<0> && !window_compiles<-1>);

template <class Mask>
constexpr bool agrees(const Mask& mask, std::int32_t largest, auto sees) {
  for (std::int32_t q = 1; q <= largest; ++q) {
    for (std::int32_t prefix = 0; prefix <= largest; ++prefix) {
      const auto expected = counted(q, q + prefix, sees);
      if (mask.pairs(q, q + prefix) != expected.pairs) return false;
      if (mask.visible_keys(q, q + prefix) != expected.visible_keys) return false;
    }
  }
  return true;
}
static_assert(agrees(Causal{}, 6, [](int query, int key) { return key <= query; }));
static_assert(agrees(Bidirectional{}, 6, [](int, int) { return true; }));
static_assert(agrees(SlidingWindow{1}, 6, [](int query, int key) { return key == query; }));
static_assert(agrees(SlidingWindow{4}, 6, [](int query, int key) { return key <= query && key > query - 4; }));
static_assert(agrees(StaticSlidingWindow<4>{}, 6,
                     [](int query, int key) { return key <= query && key > query - 4; }));

// Large sizes: no overflow of 32 bits anywhere on the way.
static_assert(Causal{}.pairs(2'147'483'647, 2'147'483'647) == 2'305'843'008'139'952'128);  // (2³¹−1)·2³¹/2
static_assert(Bidirectional{}.pairs(2'147'483'647, 2'147'483'647) == 4'611'686'014'132'420'609);  // (2³¹−1)²
static_assert(SlidingWindow{2'147'483'647}.pairs(2'147'483'647, 2'147'483'647) == 2'305'843'008'139'952'128);
static_assert(SlidingWindow{2'147'483'647}.visible_keys(2'147'483'647, 2'147'483'647) == 2'147'483'647);
static_assert(SlidingWindow{1024}.pairs(1, 131'072) == 1024);

}  // namespace
