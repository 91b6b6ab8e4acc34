// SPDX-License-Identifier: Apache-2.0
//
// Units: layout, dimensional arithmetic, literals, and what must not compile.
#include "opcost/units.hpp"

#include <concepts>
#include <type_traits>

namespace {

using namespace opcost;
using namespace opcost::literals;

// A quantity costs what its double costs.
static_assert(sizeof(Flops) == 8 && alignof(Flops) == alignof(double));
static_assert(std::is_trivially_copyable_v<Seconds> && std::is_standard_layout_v<Seconds>);
static_assert(std::is_aggregate_v<Bytes>);
static_assert(Bytes{}.value == 0.0);

// What must not compile. As templates, so that the failure is an answer and not an error.
template <class A, class B>
concept addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept subtractable = requires(A a, B b) {
  a - b;
};
template <class A, class B>
concept comparable = requires(A a, B b) {
  a == b;
}
|| requires(A a, B b) { a < b; }
|| requires(A a, B b) { a >= b; };
template <class A, class B>
concept assignable_plus = requires(A a, B b) {
  a += b;
};

static_assert(addable<Flops, Flops> && subtractable<Seconds, Seconds> && comparable<Bytes, Bytes>);
static_assert(assignable_plus<Seconds, Seconds>);
static_assert(!addable<Flops, Bytes>, "FLOPs and bytes do not add");
static_assert(!addable<Flops, FlopsPerSecond>);
static_assert(!addable<Seconds, double> && !addable<double, Seconds>, "a bare number has no unit");
static_assert(!subtractable<Bytes, BytesPerSecond>);
static_assert(!comparable<Seconds, Bytes>, "time and bytes do not compare");
static_assert(!comparable<Seconds, double>);
static_assert(!assignable_plus<Flops, Bytes> && !assignable_plus<Flops, double>);
static_assert(!std::convertible_to<double, Seconds> && !std::convertible_to<Seconds, double>);
static_assert(!std::convertible_to<Flops, Bytes> && !std::constructible_from<Flops, Bytes>);

// Dimensions.
static_assert(std::same_as<decltype(Flops{} / FlopsPerSecond{}), Seconds>);
static_assert(std::same_as<decltype(Bytes{} / BytesPerSecond{}), Seconds>);
static_assert(std::same_as<decltype(Flops{} / Bytes{}), Intensity>);
static_assert(std::same_as<decltype(FlopsPerSecond{} / BytesPerSecond{}), Intensity>, "the ridge point");
static_assert(std::same_as<decltype(FlopsPerSecond{} * Seconds{}), Flops>);
static_assert(std::same_as<decltype(Flops{} / Seconds{}), FlopsPerSecond>);
static_assert(std::same_as<decltype(Bytes{} / Bytes{}), double>, "a ratio is a number");
static_assert(std::same_as<decltype(Hertz{} * Seconds{}), double>);
static_assert(std::same_as<decltype(2.0 * Flops{}), Flops> && std::same_as<decltype(Flops{} * 2.0), Flops>);

// Values.
static_assert(Flops{6.0} / FlopsPerSecond{2.0} == Seconds{3.0});
static_assert(Intensity{4.0} * Bytes{2.0} == Flops{8.0});
static_assert(Bytes{6.0} / Bytes{3.0} == 2.0);
static_assert(Flops{1.0} + Flops{2.0} == Flops{3.0} && Flops{1.0} - Flops{2.0} == Flops{-1.0});
static_assert(Bytes{1.0} < Bytes{2.0} && Bytes{2.0} > Bytes{1.0} && Bytes{1.0} != Bytes{2.0});
static_assert(Bytes{1.0} <= Bytes{1.0} && Bytes{1.0} >= Bytes{1.0} && !(Bytes{1.0} < Bytes{1.0}));
static_assert(Seconds{6.0} / 2.0 == Seconds{3.0});
static_assert([] {
  Seconds time{1.0};
  time += Seconds{2.0};
  time -= Seconds{0.5};
  return time;
}() == Seconds{2.5});

// Literals: decimal unless they say otherwise, and exactly the double that the plain number is.
static_assert(80_GB == Bytes{80e9} && 80_GiB == Bytes{85'899'345'920.0});
static_assert(989.4_TFLOPS == FlopsPerSecond{989.4e12} && 3.35_TBps == BytesPerSecond{3.35e12});
static_assert(33.0_us == Seconds{33.0e-6} && 33_us == Seconds{33.0e-6});
static_assert(1_ms == Seconds{1e-3} && 1_ns == Seconds{1e-9} && 1_s == Seconds{1.0});
static_assert(1_kB == Bytes{1e3} && 1_KiB == Bytes{1024.0} && 1_MiB == Bytes{1048576.0} && 1_MB == Bytes{1e6});
static_assert(1_TB == Bytes{1e12} && 3_B == Bytes{3.0});
static_assert(2_GFLOP == Flops{2e9} && 2_TFLOP == Flops{2e12} && 5_FLOP == Flops{5.0});
static_assert(2_GFLOPS == FlopsPerSecond{2e9} && 450_GBps == BytesPerSecond{450e9} && 1830_MHz == Hertz{1.83e9});
static_assert(std::same_as<decltype(1_GFLOP), Flops> && std::same_as<decltype(1_GFLOPS), FlopsPerSecond>);

}  // namespace
