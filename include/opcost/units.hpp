// SPDX-License-Identifier: Apache-2.0
//
// Strong units. A Quantity is one double with its dimension in the type: adding FLOPs to bytes does not
// compile, FLOPs divided by FLOP/s are seconds. Everything is constexpr and costs what the bare double costs.
#pragma once

namespace opcost {

/// A number whose unit is FLOP^Flop · byte^Byte · second^Second, held in those base units (never GFLOP or µs).
///
/// The comparisons are written out because GCC 12 turns std::max over a defaulted `<=>` into extra compares
/// and moves, whereas these become the same single instruction as on a plain double.
template <int Flop, int Byte, int Second>
struct Quantity {
  double value = 0.0;

  friend constexpr bool operator==(Quantity a, Quantity b) noexcept { return a.value == b.value; }
  friend constexpr bool operator!=(Quantity a, Quantity b) noexcept { return a.value != b.value; }
  friend constexpr bool operator<(Quantity a, Quantity b) noexcept { return a.value < b.value; }
  friend constexpr bool operator>(Quantity a, Quantity b) noexcept { return a.value > b.value; }
  friend constexpr bool operator<=(Quantity a, Quantity b) noexcept { return a.value <= b.value; }
  friend constexpr bool operator>=(Quantity a, Quantity b) noexcept { return a.value >= b.value; }

  friend constexpr Quantity operator+(Quantity a, Quantity b) noexcept { return {a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) noexcept { return {a.value - b.value}; }
  friend constexpr Quantity operator*(Quantity a, double factor) noexcept { return {a.value * factor}; }
  friend constexpr Quantity operator*(double factor, Quantity a) noexcept { return {factor * a.value}; }
  friend constexpr Quantity operator/(Quantity a, double divisor) noexcept { return {a.value / divisor}; }
  constexpr Quantity& operator+=(Quantity other) noexcept { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) noexcept { return *this = *this - other; }
};

/// The ratio of two quantities: a quantity of the difference of dimensions, a plain double if nothing remains.
template <int F1, int B1, int S1, int F2, int B2, int S2>
constexpr auto operator/(Quantity<F1, B1, S1> a, Quantity<F2, B2, S2> b) noexcept {
  if constexpr (F1 == F2 && B1 == B2 && S1 == S2) {
    return a.value / b.value;
  } else {
    return Quantity<F1 - F2, B1 - B2, S1 - S2>{a.value / b.value};
  }
}

/// The product of two quantities: a quantity of the sum of dimensions, a plain double if nothing remains.
template <int F1, int B1, int S1, int F2, int B2, int S2>
constexpr auto operator*(Quantity<F1, B1, S1> a, Quantity<F2, B2, S2> b) noexcept {
  if constexpr (F1 + F2 == 0 && B1 + B2 == 0 && S1 + S2 == 0) {
    return a.value * b.value;
  } else {
    return Quantity<F1 + F2, B1 + B2, S1 + S2>{a.value * b.value};
  }
}

using Flops = Quantity<1, 0, 0>;            ///< Floating-point (or integer) operations; a multiply-add is two.
using Bytes = Quantity<0, 1, 0>;            ///< Bytes moved or held.
using Seconds = Quantity<0, 0, 1>;          ///< Time.
using FlopsPerSecond = Quantity<1, 0, -1>;  ///< Compute rate.
using BytesPerSecond = Quantity<0, 1, -1>;  ///< Bandwidth.
using Hertz = Quantity<0, 0, -1>;           ///< Clock rate.
using Intensity = Quantity<1, -1, 0>;       ///< Arithmetic intensity, FLOP per byte.

/// Literals are decimal (`80_GB` is 80·10⁹ bytes); binary ones say so (`_GiB`). Both `1_us` and `1.5_us` work.
namespace literals {

#define OPCOST_LITERAL(suffix, Type, scale)                                   \
  constexpr Type operator""_##suffix(long double number) noexcept {           \
    return {static_cast<double>(number * (scale))};                           \
  }                                                                           \
  constexpr Type operator""_##suffix(unsigned long long number) noexcept {    \
    return {static_cast<double>(static_cast<long double>(number) * (scale))}; \
  }

OPCOST_LITERAL(FLOP, Flops, 1.0L)
OPCOST_LITERAL(GFLOP, Flops, 1e9L)
OPCOST_LITERAL(TFLOP, Flops, 1e12L)
OPCOST_LITERAL(GFLOPS, FlopsPerSecond, 1e9L)
OPCOST_LITERAL(TFLOPS, FlopsPerSecond, 1e12L)
OPCOST_LITERAL(B, Bytes, 1.0L)
OPCOST_LITERAL(kB, Bytes, 1e3L)
OPCOST_LITERAL(MB, Bytes, 1e6L)
OPCOST_LITERAL(GB, Bytes, 1e9L)
OPCOST_LITERAL(TB, Bytes, 1e12L)
OPCOST_LITERAL(KiB, Bytes, 1024.0L)
OPCOST_LITERAL(MiB, Bytes, 1048576.0L)
OPCOST_LITERAL(GiB, Bytes, 1073741824.0L)
OPCOST_LITERAL(GBps, BytesPerSecond, 1e9L)
OPCOST_LITERAL(TBps, BytesPerSecond, 1e12L)
OPCOST_LITERAL(ns, Seconds, 1e-9L)
OPCOST_LITERAL(us, Seconds, 1e-6L)
OPCOST_LITERAL(ms, Seconds, 1e-3L)
OPCOST_LITERAL(s, Seconds, 1.0L)
OPCOST_LITERAL(MHz, Hertz, 1e6L)

#undef OPCOST_LITERAL

}  // namespace literals
}  // namespace opcost
