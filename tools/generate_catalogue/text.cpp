// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "opcost/io/json.hpp"

namespace generate_catalogue {

namespace fs = std::filesystem;

std::vector<fs::path> json_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) throw std::runtime_error(directory.string() + ": no *.json files");
  return files;
}

void require_matching_name(const fs::path& path, std::string_view name) {
  std::string stem(name);
  std::replace(stem.begin(), stem.end(), '/', '_');
  if (path.stem() != fs::path(stem)) {
    throw opcost::InputError(fmt::format("{}: /name is \"{}\", expected the file's name", path.string(), name));
  }
}

std::string identifier(std::string_view name) {
  std::string text(name);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '-' || c == '.' || c == '/'; }, '_');
  return text;
}

std::string literal(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '"' || character == '\\') escaped += '\\';
    escaped += character;
  }
  return '"' + escaped + '"';
}

std::string literals(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + literal(text);
  return list;
}

std::string number(double value) {
  std::string digits = fmt::format("{}", value);
  if (digits.find_first_not_of("0123456789") != std::string::npos || digits.size() < 4) return digits;
  const std::size_t exponent = (digits.size() - 1) / 3 * 3;
  std::string mantissa = digits.substr(0, digits.size() - exponent) + "." + digits.substr(digits.size() - exponent);
  mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.back() == '.') mantissa.pop_back();
  return fmt::format("{}e{}", mantissa, exponent);
}

}  // namespace generate_catalogue
