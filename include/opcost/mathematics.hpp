// SPDX-License-Identifier: Apache-2.0
//
// The few functions that closed forms need. GCC's and Clang's built-ins where there are, because <cmath> takes longer
// to compile than all of them together.
#pragma once

#include <cstdint>

#if !defined(__GNUC__)
#include <cmath>
#endif

namespace opcost::mathematics {

#if defined(__GNUC__)
inline double square_root(double x) noexcept { return __builtin_sqrt(x); }
inline double cube_root(double x) noexcept { return __builtin_cbrt(x); }
inline double binary_logarithm(double x) noexcept { return __builtin_log2(x); }
inline double exponential(double x) noexcept { return __builtin_exp(x); }
inline double logarithm(double x) noexcept { return __builtin_log(x); }
#else
inline double square_root(double x) noexcept { return std::sqrt(x); }
inline double cube_root(double x) noexcept { return std::cbrt(x); }
inline double binary_logarithm(double x) noexcept { return std::log2(x); }
inline double exponential(double x) noexcept { return std::exp(x); }
inline double logarithm(double x) noexcept { return std::log(x); }
#endif

inline constexpr double square(double x) noexcept { return x * x; }
inline constexpr double cube(double x) noexcept { return x * x * x; }
inline constexpr double fourth(double x) noexcept { return square(square(x)); }
inline double fourth_root(double x) noexcept { return square_root(square_root(x)); }
inline constexpr double larger(double a, double b) noexcept { return a < b ? b : a; }
inline constexpr double smaller(double a, double b) noexcept { return b < a ? b : a; }
inline constexpr double clamped(double x, double lowest, double highest) noexcept {
  return larger(lowest, smaller(x, highest));
}

/// The greatest whole number that is not above x, for 0 ≤ x < 2⁶³.
inline constexpr double whole_part(double x) noexcept { return static_cast<double>(static_cast<std::int64_t>(x)); }
/// The least whole number that is not below x, for 0 ≤ x < 2⁶³.
inline constexpr double ceiling(double x) noexcept {
  const double whole = whole_part(x);
  return whole < x ? whole + 1.0 : whole;
}

/// `most` if it holds for that; else an n < most for which it does while for n + 1 it does not; 0 where not for 1. Asks
/// about log₂ most times; the largest where it holds for all numbers up to one.
template <class Holds>
constexpr std::int32_t largest_that(std::int32_t most, const Holds& holds) noexcept {
  if (most < 1) return 0;
  if (holds(most)) return most;
  std::int32_t low = 0;
  std::int32_t high = most;
  while (high - low > 1) {
    const std::int32_t middle = low + (high - low) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace opcost::mathematics
