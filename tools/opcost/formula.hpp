// SPDX-License-Identifier: Apache-2.0
//
// A formula written once, as symbols and with the numbers filled in: with Formula rows{"rows", 64}, `rows * "2 B"` is
// both "rows × 2 B" and "64 × 2 B".
#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>

namespace opcost::program {

struct Formula {
  std::string symbols;
  std::string numbers;
  bool is_sum = false;

  template <class Number>
  Formula(std::string symbol, const Number& number)
      : symbols(std::move(symbol)), numbers(fmt::format("{}", number)) {}
  /// A constant, which stands for itself.
  template <class Number>
  Formula(const Number& constant) : Formula(fmt::format("{}", constant), constant) {}
};

inline Formula in_brackets(const Formula& a) { return {"(" + a.symbols + ")", "(" + a.numbers + ")"}; }

inline Formula operator+(const Formula& a, const Formula& b) {
  Formula sum{a.symbols + " + " + b.symbols, a.numbers + " + " + b.numbers};
  sum.is_sum = true;
  return sum;
}

inline Formula operator*(const Formula& a, const Formula& b) {
  if (a.is_sum) return in_brackets(a) * b;
  if (b.is_sum) return a * in_brackets(b);
  return {a.symbols + " × " + b.symbols, a.numbers + " × " + b.numbers};
}

}  // namespace opcost::program
