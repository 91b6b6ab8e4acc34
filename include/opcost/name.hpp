// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "opcost/validation.hpp"

namespace opcost {

/// A short name that lives inside the value it names, so that specifications can be copied, compared and made
/// constexpr without anyone owning a string elsewhere.
class Name {
 public:
  static constexpr std::size_t capacity = 63;

  constexpr Name() noexcept = default;
  /// Throws InvalidValue past `capacity` characters.
  constexpr Name(std::string_view text) : size_(text.size()) {  // NOLINT: names are written as literals
    if (text.size() > capacity) fail(text.size());
    const char* const characters = text.data();
    for (std::size_t i = 0; i < size_; ++i) text_[i] = characters[i];
  }
  /// The same, and plain enough for the compiler to read a catalogue's names in no time.
  constexpr Name(const char* text) {  // NOLINT: the same
    for (; *text != '\0'; ++text) {
      if (size_ == capacity) fail(capacity + 1);
      text_[size_++] = *text;
    }
  }

  constexpr std::string_view view() const noexcept { return {text_, size_}; }
  constexpr bool empty() const noexcept { return size_ == 0; }

  friend constexpr bool operator==(const Name& a, const Name& b) noexcept { return a.view() == b.view(); }

 private:
  [[noreturn]] static void fail(std::size_t size) {
    throw InvalidValue({"characters of a name", static_cast<double>(size), "at most 63"});
  }

  char text_[capacity]{};  // NOLINT: a std::array takes the compiler longer
  std::size_t size_ = 0;
};

}  // namespace opcost
