// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "opcost/name.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// What the prices of a list are in: dollars, or multiples of one of them, which say how many times dearer one
/// accelerator is than another and nothing more.
enum class PriceUnit : std::uint8_t { dollars, relative };

namespace detail {
inline constexpr std::array<std::string_view, 2> price_unit_names{"dollars", "relative"};
}  // namespace detail

/// The name used in data files: "dollars" or "relative".
constexpr std::string_view name(PriceUnit unit) noexcept {
  return detail::price_unit_names[static_cast<std::size_t>(unit)];
}

/// The price unit of that name, or nothing.
constexpr std::optional<PriceUnit> price_unit_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < detail::price_unit_names.size(); ++i) {
    if (detail::price_unit_names[i] == text) return static_cast<PriceUnit>(i);
  }
  return std::nullopt;
}

namespace detail {

/// Four digits, a hyphen and 01 to 12.
constexpr bool is_year_and_month(std::string_view text) noexcept {
  if (text.size() != 7 || text[4] != '-') return false;
  for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  const int month = (text[5] - '0') * 10 + (text[6] - '0');
  return month >= 1 && month <= 12;
}

}  // namespace detail

/// What renting one accelerator costs.
struct AcceleratorPrice {
  Name accelerator{};  ///< By its name in the catalogue or in a user's own file.
  double per_hour = 0.0;

  friend constexpr bool operator==(const AcceleratorPrice&, const AcceleratorPrice&) noexcept = default;
};

/// Rental prices of one source at one date. Markets move: an input to every cost, never a fact of an accelerator.
struct PriceList {
  static constexpr std::size_t capacity = 32;

  Name name{};
  Name date{};  ///< Year and month, "2024-05".
  PriceUnit unit = PriceUnit::dollars;
  std::size_t size = 0;
  std::array<AcceleratorPrice, capacity> prices{};  ///< The first `size` are meant.

  /// The price of an accelerator for an hour in the list's unit, or nothing. Does not throw, allocate or lock.
  constexpr std::optional<double> per_hour(std::string_view accelerator) const noexcept {
    for (std::size_t i = 0; i < size; ++i) {
      if (prices[i].accelerator.view() == accelerator) return prices[i].per_hour;
    }
    return std::nullopt;
  }

  /// The same in dollars: nothing where the prices are relative. Does not throw, allocate or lock.
  constexpr std::optional<double> dollars_per_hour(std::string_view accelerator) const noexcept {
    return unit == PriceUnit::dollars ? per_hour(accelerator) : std::nullopt;
  }

  /// Dated, with 1 to `capacity` prices, each positive and no accelerator twice.
  constexpr std::optional<Violation> violation() const noexcept {
    if (!detail::is_year_and_month(date.view())) return Violation{"date", 0.0, "a year and month such as 2024-05"};
    if (size < 1 || size > capacity) return Violation{"prices", static_cast<double>(size), "1 to 32 prices"};
    for (std::size_t i = 0; i < size; ++i) {
      if (const auto found = detail::require_positive("price", prices[i].per_hour)) return found;
      for (std::size_t j = 0; j < i; ++j) {
        if (prices[i].accelerator == prices[j].accelerator) {
          return Violation{"prices of one accelerator", 2.0, "one"};
        }
      }
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const PriceList&, const PriceList&) noexcept = default;
};

}  // namespace opcost
