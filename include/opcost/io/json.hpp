// SPDX-License-Identifier: Apache-2.0
//
// Strict JSON reading: every key is known, appears once and has the type and range that its reader asks for.
// Errors are one line: file, JSON pointer, value, what was expected. The only header that includes nlohmann_json.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace opcost {

/// What a reader throws: what() is one line naming the file, the place in it, the value and what was expected.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// A key as a step of a JSON pointer (RFC 6901): "~" and "/" are written "~0" and "~1". Control characters
/// become "?", so that messages stay on one line.
inline std::string escape_pointer(const std::string& key) {
  std::string step;
  for (const char character : key) {
    if (character == '~') {
      step += "~0";
    } else if (character == '/') {
      step += "~1";
    } else if (static_cast<unsigned char>(character) < 0x20 || character == '\x7f') {
      step += '?';
    } else {
      step += character;
    }
  }
  return step;
}

}  // namespace detail

/// A parsed value that knows where it came from. Object members are read through the typed accessors below, and
/// `finish` then rejects the members that nobody asked for. Shares the document; cheap to copy.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string file, std::string pointer)
      : value_(&value), file_(std::move(file)), pointer_(std::move(pointer)) {}

  const std::string& file() const noexcept { return file_; }
  const std::string& pointer() const noexcept { return pointer_; }

  [[noreturn]] void fail(const std::string& expected) const {
    throw InputError(file_ + ": " + (pointer_.empty() ? std::string("the document") : pointer_) + " is " + shown() +
                     ", expected " + expected);
  }

  bool is_null() const noexcept { return value_->is_null(); }
  bool is_object() const noexcept { return value_->is_object(); }

  std::string as_string() const {
    if (!value_->is_string()) fail("a string");
    return value_->get<std::string>();
  }
  bool as_bool() const {
    if (!value_->is_boolean()) fail("true or false");
    return value_->get<bool>();
  }
  /// A finite number of at least `minimum`.
  double as_number(double minimum) const {
    if (!value_->is_number()) fail("a number");
    const double number = value_->get<double>();
    if (!std::isfinite(number) || number < minimum) fail("a finite number ≥ " + plain(minimum));
    return number;
  }
  /// A finite number > 0, times 10^`exponent`: how figures in GB or TFLOPS become bytes or FLOP/s. Scaled as
  /// decimal text, so that 2.039 TB/s are 2039000000000 byte/s and not the product's rounding.
  double as_positive_number(int exponent = 0) const {
    const double number = as_number(0.0);
    if (number == 0.0) fail("a positive number");
    const std::string digits = plain(number);
    const bool decimal = digits.find('e') == std::string::npos;
    const double scaled = decimal ? nlohmann::json::parse(digits + "e" + std::to_string(exponent)).get<double>()
                                  : number * std::pow(10.0, exponent);
    if (!std::isfinite(scaled) || scaled == 0.0) fail("a number within the range of a double in base units");
    return scaled;
  }
  /// A whole number from `minimum` to 2³¹ − 1; 2.0 and 2.7 are refused alike.
  std::int32_t as_integer(std::int32_t minimum) const {
    const std::string expected = "a whole number from " + std::to_string(minimum) + " to 2147483647";
    if (!value_->is_number_integer()) fail(expected);
    if (value_->is_number_unsigned()) {
      if (value_->get<std::uint64_t>() > 2147483647U) fail(expected);
    } else if (value_->get<std::int64_t>() < minimum) {
      fail(expected);
    }
    const auto number = value_->get<std::int32_t>();
    if (number < minimum) fail(expected);
    return number;
  }
  std::vector<JsonNode> as_array() const {
    if (!value_->is_array()) fail("an array");
    std::vector<JsonNode> elements;
    for (std::size_t i = 0; i < value_->size(); ++i) {
      elements.emplace_back((*value_)[i], file_, pointer_ + "/" + std::to_string(i));
    }
    return elements;
  }
  std::vector<std::string> as_strings() const {
    std::vector<std::string> strings;
    for (const JsonNode& element : as_array()) strings.push_back(element.as_string());
    return strings;
  }

 private:
  friend class JsonObject;

  static std::string plain(double number) { return nlohmann::json(number).dump(); }

  std::string shown() const {
    if (value_->is_object()) return "an object";
    if (value_->is_array()) return "an array";
    std::string text = value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return text.size() <= 60 ? text : text.substr(0, 57) + "...";
  }

  const nlohmann::json* value_;
  std::string file_;
  std::string pointer_;
};

/// An object that is being read: remembers which members were asked for.
class JsonObject {
 public:
  explicit JsonObject(JsonNode node) : node_(std::move(node)) {
    if (!node_.is_object()) node_.fail("an object");
  }

  const JsonNode& node() const noexcept { return node_; }

  /// The member, which must exist.
  JsonNode member(const std::string& key) {
    if (auto found = optional(key)) return *found;
    throw InputError(node_.file() + ": " + child(key) + " is missing");
  }

  /// The member if it exists and is not null.
  std::optional<JsonNode> optional(const std::string& key) {
    read_.insert(key);
    const auto found = node_.value_->find(key);
    if (found == node_.value_->end()) return std::nullopt;
    return JsonNode(*found, node_.file(), child(key));
  }

  /// As optional, with null counted as absent.
  std::optional<JsonNode> present(const std::string& key) {
    auto found = optional(key);
    if (found && found->is_null()) found.reset();
    return found;
  }

  /// Members that may be there and mean nothing to this reader.
  void ignore(std::initializer_list<const char*> keys) { read_.insert(keys.begin(), keys.end()); }

  /// Throws if the object has a member that was neither read nor ignored.
  void finish() const {
    for (const auto& [key, value] : node_.value_->items()) {
      if (read_.count(key) != 0) continue;
      std::string known;
      for (const std::string& name : read_) known += (known.empty() ? "" : ", ") + name;
      throw InputError(node_.file() + ": " + child(key) + " is an unknown key, expected one of: " + known);
    }
  }

 private:
  std::string child(const std::string& key) const { return node_.pointer() + "/" + detail::escape_pointer(key); }

  JsonNode node_;
  std::set<std::string> read_;
};

namespace detail {

/// Builds the value while refusing duplicate keys, of which nlohmann_json would silently keep the last.
class DuplicateKeyCheck {
 public:
  explicit DuplicateKeyCheck(std::string file) : file_(std::move(file)) {}

  bool operator()(int /*depth*/, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        count_element();
        if (frames_.size() == maximum_depth) {
          throw InputError(file_ + ": " + pointer() + " is nested too deeply, expected at most " +
                           std::to_string(maximum_depth) + " levels");
        }
        frames_.push_back({event == Event::array_start, 0, {}, {}});
        break;
      case Event::key: {
        Frame& frame = frames_.back();
        frame.key = parsed.get<std::string>();
        if (!frame.keys.insert(frame.key).second) {
          throw InputError(file_ + ": " + pointer() + " is a duplicate key, expected each key once");
        }
        break;
      }
      case Event::object_end:
      case Event::array_end: frames_.pop_back(); break;
      case Event::value: count_element(); break;
    }
    return true;
  }

 private:
  // Memory for hostile input: a file of 4 MiB of "[" would otherwise take 700 MB.
  static constexpr std::size_t maximum_depth = 64;

  struct Frame {
    bool array;
    std::size_t elements;
    std::string key;
    std::set<std::string> keys;
  };

  void count_element() {
    if (!frames_.empty() && frames_.back().array) ++frames_.back().elements;
  }
  std::string pointer() const {
    std::string text;
    for (const Frame& frame : frames_) {
      text += '/';
      text += frame.array ? std::to_string(frame.elements - 1) : escape_pointer(frame.key);
    }
    return text;
  }

  std::string file_;
  std::vector<Frame> frames_;
};

}  // namespace detail

/// A parsed document, the owner of every JsonNode made from it.
class JsonDocument {
 public:
  /// Files of specifications are a few kilobytes; this is room enough for any, and a bound on what is read.
  static constexpr std::uintmax_t maximum_bytes = 4U << 20U;

  /// Parses text; `file` is the name that errors give.
  JsonDocument(const std::string& text, std::string file) : file_(std::move(file)) {
    try {
      detail::DuplicateKeyCheck check(file_);
      value_ =
          nlohmann::json::parse(text, [&check](int depth, nlohmann::json::parse_event_t event,
                                               nlohmann::json& parsed) { return check(depth, event, parsed); });
    } catch (const nlohmann::json::exception& error) {
      std::string message = error.what();
      for (char& character : message) {
        if (character == '\n' || character == '\r') character = ' ';
      }
      throw InputError(file_ + ": not valid JSON: " + message);
    }
  }

  /// Reads and parses a file.
  static JsonDocument read(const std::filesystem::path& path) {
    const std::string file = path.string();
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
      throw InputError(file + ": is a directory, expected a JSON file");
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw InputError(file + ": cannot be opened, expected a readable JSON file");
    std::string text;
    std::string block(std::size_t{1} << 16U, '\0');
    while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0) {
      text.append(block, 0, static_cast<std::size_t>(stream.gcount()));
      if (text.size() > maximum_bytes) {
        throw InputError(file + ": is larger than " + std::to_string(maximum_bytes >> 20U) +
                         " MiB, expected a specification of a few kilobytes");
      }
    }
    return JsonDocument(text, file);
  }

  JsonNode root() const { return {value_, file_, ""}; }

 private:
  std::string file_;
  nlohmann::json value_;
};

/// Where a data file's facts come from: every file of ours has a `source` object of this shape.
struct Source {
  std::vector<std::string> citations;
  std::vector<std::string> unconfirmed;  ///< JSON pointers of values that no second source confirms.
  std::vector<std::string> notes;
};

inline Source read_source(const JsonNode& node) {
  JsonObject object(node);
  Source source{object.member("citations").as_strings(), object.member("unconfirmed").as_strings(),
                object.member("notes").as_strings()};
  object.finish();
  if (source.citations.empty()) {
    throw InputError(node.file() + ": " + node.pointer() + "/citations is empty, expected at least one source");
  }
  return source;
}

}  // namespace opcost
