// SPDX-License-Identifier: Apache-2.0
//
// A number that counts what is done to it: naive algorithms run on it, and the tally is what their operation must
// cost.
#pragma once

#include <cmath>
#include <cstdint>

#include "opcost/operation/cost.hpp"

namespace opcost::testing {

/// What has been done since the last reset; one for the whole test program, which has one thread.
struct Tally {
  double flops = 0.0;
  double exponentials = 0.0;  ///< And logarithms.
};
inline Tally tally;

/// One of + − · ÷, a comparison or a reciprocal square root is one FLOP; changing a sign or taking |x| is none.
struct Counting {
  double value = 0.0;

  friend Counting operator+(Counting a, Counting b) { return counted(a.value + b.value); }
  friend Counting operator-(Counting a, Counting b) { return counted(a.value - b.value); }
  friend Counting operator*(Counting a, Counting b) { return counted(a.value * b.value); }
  friend Counting operator/(Counting a, Counting b) { return counted(a.value / b.value); }
  friend Counting operator-(Counting a) { return {-a.value}; }
  Counting& operator+=(Counting other) { return *this = *this + other; }
  Counting& operator*=(Counting other) { return *this = *this * other; }
  friend bool operator<(Counting a, Counting b) {
    tally.flops += 1.0;
    return a.value < b.value;
  }
  friend Counting exponential(Counting a) { return special(std::exp(a.value)); }
  friend Counting logarithm(Counting a) { return special(std::log(a.value)); }
  friend Counting reciprocal_square_root(Counting a) { return counted(1.0 / std::sqrt(a.value)); }
  friend Counting magnitude(Counting a) { return {std::abs(a.value)}; }
  friend Counting larger(Counting a, Counting b) { return a < b ? b : a; }
  friend Counting smaller(Counting a, Counting b) { return b < a ? b : a; }

 private:
  static Counting counted(double value) {
    tally.flops += 1.0;
    return {value};
  }
  static Counting special(double value) {
    tally.exponentials += 1.0;
    return {value};
  }
};

/// Runs the function and returns what it did.
template <class Function>
Tally tally_of(const Function& function) {
  tally = {};
  function();
  return tally;
}

/// Repeatable numbers between −1 and 1.
class Numbers {
 public:
  explicit Numbers(std::uint32_t seed) : state_(seed * 2654435761u + 1u) {}
  Counting operator()() { return {2.0 * uniform() - 1.0}; }
  double uniform() {
    state_ = state_ * 1664525u + 1013904223u;
    return (double(state_ >> 8) + 0.5) / 16777216.0;
  }

 private:
  std::uint32_t state_;
};

/// Whether no member of `larger_cost` is below that of `smaller_cost`.
inline bool nowhere_below(const Cost& larger_cost, const Cost& smaller_cost) {
  return larger_cost.matrix_flops >= smaller_cost.matrix_flops &&
         larger_cost.vector_flops >= smaller_cost.vector_flops &&
         larger_cost.exponentials >= smaller_cost.exponentials &&
         larger_cost.weight_read >= smaller_cost.weight_read &&
         larger_cost.activation_read >= smaller_cost.activation_read &&
         larger_cost.activation_write >= smaller_cost.activation_write &&
         larger_cost.kv_cache_read >= smaller_cost.kv_cache_read &&
         larger_cost.kv_cache_write >= smaller_cost.kv_cache_write;
}

}  // namespace opcost::testing
