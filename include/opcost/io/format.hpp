// SPDX-License-Identifier: Apache-2.0
//
// Prints opcost's types through fmt, each quantity with the decimal prefix that suits it: "70.1 µs", "1.11 GB",
// "14.8 GFLOP", "295 FLOP/B". `{}` gives three significant digits, `{:.5}` five.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "opcost/hardware/interconnect.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/name.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// A number with `digits` significant digits, neither rounded away nor in exponent form: 0.0123, 62.1, 8192.
/// "inf" and "–" (not a number) for what is not finite.
inline std::string significant(double value, int digits = 3) {
  if (std::isnan(value)) return "–";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0.0) return "0";
  // how many places after rounding to that many digits: 99.96 becomes 100, not 100.0
  const std::string rounded = fmt::format("{:.{}e}", value, digits - 1);
  const int exponent = std::stoi(rounded.substr(rounded.find('e') + 1));
  const int decimals = digits - 1 - exponent;
  return fmt::format("{:.{}f}", value, decimals > 0 ? decimals : 0);
}

namespace detail {

/// A value with the decimal prefix that leaves 1 to 999 before the point, within the prefixes from `smallest`
/// to `largest` (powers of 1000).
inline std::string with_prefix(double value, std::string_view unit, int smallest, int largest, int digits) {
  constexpr std::array<std::string_view, 9> prefixes{"n", "µ", "m", "", "k",
                                                     "M", "G", "T", "P"};  // 1000^−3 … 1000^5
  if (value == 0.0 || !std::isfinite(value)) return fmt::format("{} {}", significant(value, digits), unit);
  const std::string rounded = fmt::format("{:.{}e}", value, digits - 1);
  const int exponent = std::stoi(rounded.substr(rounded.find('e') + 1));
  int power = static_cast<int>(std::floor(exponent / 3.0));
  power = power < smallest ? smallest : (power > largest ? largest : power);
  return fmt::format("{} {}{}", significant(value / std::pow(1000.0, power), digits),
                     prefixes[static_cast<std::size_t>(power + 3)], unit);
}

inline std::string shown(Flops flops, int digits) { return with_prefix(flops.value, "FLOP", 0, 5, digits); }
inline std::string shown(Bytes bytes, int digits) { return with_prefix(bytes.value, "B", 0, 5, digits); }
inline std::string shown(Seconds time, int digits) { return with_prefix(time.value, "s", -3, 0, digits); }
inline std::string shown(FlopsPerSecond rate, int digits) {
  return with_prefix(rate.value, "FLOP/s", 0, 5, digits);
}
inline std::string shown(BytesPerSecond rate, int digits) { return with_prefix(rate.value, "B/s", 0, 5, digits); }
inline std::string shown(Hertz rate, int digits) { return with_prefix(rate.value, "Hz", 0, 3, digits); }
inline std::string shown(Intensity intensity, int digits) {
  return significant(intensity.value, digits) + " FLOP/B";
}

/// Formats through the string formatter, so that width and alignment work.
template <class T>
struct NameFormatter : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return fmt::formatter<std::string_view>::format(name(value), context);
  }
};

}  // namespace detail
}  // namespace opcost

template <int Flop, int Byte, int Second>
struct fmt::formatter<opcost::Quantity<Flop, Byte, Second>> {
  int digits = 3;

  constexpr auto parse(fmt::format_parse_context& context) {
    auto position = context.begin();
    if (position != context.end() && *position == '.') {
      digits = 0;
      while (++position != context.end() && *position >= '0' && *position <= '9')
        digits = digits * 10 + (*position - '0');
      if (digits < 1 || digits > 17) throw fmt::format_error("a quantity has 1 to 17 significant digits");
    }
    if (position != context.end() && *position != '}') throw fmt::format_error("expected {} or {:.DIGITS}");
    return position;
  }
  template <class Context>
  auto format(opcost::Quantity<Flop, Byte, Second> quantity, Context& context) const {
    return fmt::format_to(context.out(), "{}", opcost::detail::shown(quantity, digits));
  }
};

template <>
struct fmt::formatter<opcost::DataType> : opcost::detail::NameFormatter<opcost::DataType> {};
template <>
struct fmt::formatter<opcost::LinkKind> : opcost::detail::NameFormatter<opcost::LinkKind> {};
template <>
struct fmt::formatter<opcost::Limiter> : opcost::detail::NameFormatter<opcost::Limiter> {};

template <>
struct fmt::formatter<opcost::Name> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const opcost::Name& name, Context& context) const {
    return fmt::formatter<std::string_view>::format(name.view(), context);
  }
};
