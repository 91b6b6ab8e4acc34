// SPDX-License-Identifier: Apache-2.0
//
// Golden cases: each computes a value with opcost and states what a published source or a calculation written out
// beside it says the value must be. They stand once, in the golden_*.hpp files of this folder, as constexpr
// functions of an `input` function through which every number goes: tests/static calls them with `as_written`
// inside static_assert, tests/unit with `laundered`, so that the run-time code is really executed.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace opcost::testing {

/// One expected value. `tolerance` is relative; 0 asks for the same double. Figures printed with few digits have
/// half a unit of their last digit as tolerance (see `printed`).
struct Golden {
  std::string_view source;
  double actual = 0.0;
  double expected = 0.0;
  double tolerance = 0.0;
};

constexpr bool matches(const Golden& golden) noexcept {
  if (golden.actual == golden.expected) return true;  // infinities, too
  const double difference =
      golden.actual > golden.expected ? golden.actual - golden.expected : golden.expected - golden.actual;
  const double size = golden.expected < 0.0 ? -golden.expected : golden.expected;
  return difference <= golden.tolerance * size;  // false for NaN
}

/// A value as a text prints it: exact up to half a unit of its last printed digit.
constexpr Golden printed(std::string_view source, double actual, double expected, double last_digit) noexcept {
  return {source, actual, expected, 0.5 * last_digit / expected * (1.0 + 1e-12)};
}

/// The index of the first case that does not match, or −1. GCC prints it where the static_assert fails.
template <std::size_t Size>
constexpr int first_mismatch(const std::array<Golden, Size>& cases) noexcept {
  for (std::size_t i = 0; i < Size; ++i) {
    if (!matches(cases[i])) return static_cast<int>(i);
  }
  return -1;
}

/// The input function of the compile-time run.
struct AsWritten {
  template <class T>
  constexpr T operator()(T value) const noexcept {
    return value;
  }
};
inline constexpr AsWritten as_written{};

/// The input function of the run-time run: the optimiser cannot see what the volatile pointer points at.
struct Laundered {
  template <class T>
  T operator()(T value) const noexcept {
    const T* const volatile pointer = &value;
    return *pointer;
  }
};
inline constexpr Laundered laundered{};

}  // namespace opcost::testing
