// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string_view>

namespace opcost {

/// A short name that lives inside the value it names, so that specifications can be copied, compared and made
/// constexpr without anyone owning a string elsewhere.
class Name {
 public:
  static constexpr std::size_t capacity = 63;

  constexpr Name() noexcept = default;
  /// Throws std::length_error past `capacity` characters.
  constexpr Name(std::string_view text) : size_(text.size()) {  // NOLINT: names are written as literals
    if (text.size() > capacity) throw std::length_error("a name has at most 63 characters");
    for (std::size_t i = 0; i < text.size(); ++i) text_[i] = text[i];
  }
  constexpr Name(const char* text) : Name(std::string_view(text)) {}  // NOLINT: the same

  constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }
  constexpr bool empty() const noexcept { return size_ == 0; }

  friend constexpr bool operator==(const Name& a, const Name& b) noexcept { return a.view() == b.view(); }

 private:
  std::array<char, capacity> text_{};
  std::size_t size_ = 0;
};

}  // namespace opcost
