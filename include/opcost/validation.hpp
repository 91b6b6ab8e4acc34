// SPDX-License-Identifier: Apache-2.0
//
// Checking a value once, at the boundary where it enters; everything behind the boundary trusts it.
#pragma once

#include <concepts>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace opcost {

/// A field of a value that breaks its contract: which one, what it is, and what was expected.
struct Violation {
  std::string_view field;
  double value = 0.0;
  std::string_view expected;
};

/// Thrown by `validated`: what() is one line naming the field, its value and what was expected. (Without a std::string,
/// whose header would be the largest here.)
class InvalidValue : public std::exception {
 public:
  explicit InvalidValue(const Violation& violation) noexcept : violation_(violation) {
    std::snprintf(message_, sizeof message_, "%.*s is %.15g, expected %.*s", length(violation.field),
                  violation.field.data(), violation.value, length(violation.expected), violation.expected.data());
  }

  const char* what() const noexcept override { return message_; }
  const Violation& violation() const noexcept { return violation_; }

 private:
  static int length(std::string_view text) noexcept { return static_cast<int>(text.size()); }

  Violation violation_;
  char message_[256];
};

/// A value whose type says what it must satisfy: `violation()` names the first broken rule, or nothing.
template <class T>
concept Validatable = requires(const T& value) {
  { value.violation() } -> std::same_as<std::optional<Violation>>;
};

/// Returns the value unchanged if it satisfies its contract, else throws InvalidValue. In a constant
/// expression a violation is a compile error.
template <Validatable T>
constexpr T validated(const T& value) {
  if (const std::optional<Violation> violation = value.violation()) throw InvalidValue(*violation);
  return value;
}

namespace detail {

constexpr std::optional<Violation> require_positive(std::string_view field, double value) noexcept {
  // written so that NaN fails, too
  if (!(value > 0.0)) return Violation{field, value, "a positive number"};
  return std::nullopt;
}

constexpr std::optional<Violation> require_at_least(std::string_view field, double value, double minimum,
                                                    std::string_view expected) noexcept {
  if (!(value >= minimum)) return Violation{field, value, expected};
  return std::nullopt;
}

constexpr std::optional<Violation> require_int32(std::string_view field, double value) noexcept {
  if (!(value <= 2147483647.0)) return Violation{field, value, "at most 2147483647"};
  return std::nullopt;
}

/// The first of several checks that found something.
template <class... Checks>
constexpr std::optional<Violation> first_of(const Checks&... checks) noexcept {
  for (const std::optional<Violation>* check : {&checks...}) {
    if (*check) return *check;
  }
  return std::nullopt;
}

}  // namespace detail
}  // namespace opcost
