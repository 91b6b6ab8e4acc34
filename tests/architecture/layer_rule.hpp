// SPDX-License-Identifier: Apache-2.0
//
// The layer rule of the design: a header includes headers of its own or lower layers only, third-party headers
// only in io/, and is a well-formed part of the library.
#pragma once

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace opcost::testing {

/// Headers by their path under include/, for example "opcost/latency/roofline.hpp", and their text.
using SourceTree = std::map<std::string, std::string>;

/// What a path belongs to: a layer's number and, within it, a group; groups of one layer do not see each other.
struct Place {
  int layer = -1;
  std::string group;
};

inline bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// The place of a header; layer −1 for one that the design does not know.
inline Place place_of(const std::string& path) {
  static const std::map<std::string, int> folders{{"operation", 1}, {"hardware", 1}, {"latency", 2}, {"model", 3},
                                                  {"placement", 4}, {"serving", 5},  {"io", 6}};
  static const std::set<std::string> foundations{"opcost/mathematics.hpp", "opcost/name.hpp",
                                                 "opcost/precision.hpp",   "opcost/units.hpp",
                                                 "opcost/validation.hpp",  "opcost/version.hpp"};
  if (foundations.count(path) != 0) return {0, "foundation"};
  if (path == "opcost/opcost.hpp") return {6, "opcost.hpp"};
  const std::string rest = starts_with(path, "opcost/") ? path.substr(7) : std::string();
  const std::string folder = rest.substr(0, rest.find('/'));
  const auto found = folders.find(folder);
  if (found == folders.end() || folder == rest) return {};
  return {found->second, folder};
}

/// The headers that a text includes, without brackets or quotes.
inline std::vector<std::string> includes_of(const std::string& text) {
  std::vector<std::string> includes;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string packed;  // "#include<fmt/core.h>", however it is spaced
    for (const char character : line) {
      if (character != ' ' && character != '\t') packed += character;
    }
    if (!starts_with(packed, "#include") || packed.size() < 9) continue;
    const std::size_t end = packed.find_first_of(">\"", 9);
    includes.push_back(packed.substr(9, end == std::string::npos ? end : end - 9));
  }
  return includes;
}

/// The words of a CMake file.
inline std::set<std::string> words_of(std::string text) {
  for (char& character : text) {
    if (character == '(' || character == ')') character = ' ';
  }
  std::istringstream stream(text);
  std::set<std::string> words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

/// Why `path` may not include `included`, or an empty text.
inline std::string forbidden(const std::string& path, const std::string& included) {
  if (!starts_with(included, "opcost/")) {
    if (included.find_first_of("/.") == std::string::npos) return {};  // the standard library
    if (starts_with(included, "fmt/")) return place_of(path).group == "io" ? "" : "fmt is for io/ only";
    if (starts_with(included, "nlohmann/"))
      return path == "opcost/io/json.hpp" ? "" : "nlohmann is for io/json.hpp only";
    return "neither the standard library nor a known dependency";
  }
  const Place from = place_of(path);
  const Place to = place_of(included);
  if (to.layer < 0) return "a header of no known layer";
  if (path == "opcost/opcost.hpp") return to.layer <= 3 ? "" : "opcost.hpp is layers 0 to 3";
  if (to.group == "opcost.hpp") return from.group == "io" ? "" : "opcost.hpp is for users";
  if (to.layer > from.layer) return "a header of a higher layer";
  if (to.layer == from.layer && to.group != from.group) return "a header of a folder beside it";
  return {};
}

/// Every breach of the rules, one line each. `library` is the text of the list of installed headers.
inline std::vector<std::string> breaches(const SourceTree& headers, const std::string& library) {
  const std::set<std::string> listed = words_of(library);
  std::vector<std::string> found;
  for (const auto& [path, text] : headers) {
    if (place_of(path).layer < 0) found.push_back(path + ": in no known layer");
    if (!starts_with(text, "// SPDX-License-Identifier: Apache-2.0\n")) found.push_back(path + ": no SPDX line");
    if (text.find("\n#pragma once\n") == std::string::npos) found.push_back(path + ": no #pragma once");
    if (listed.count(path) == 0) found.push_back(path + ": not in the library's list of headers");
    for (const std::string& included : includes_of(text)) {
      const std::string reason = forbidden(path, included);
      if (!reason.empty()) found.push_back(path + " includes " + included + ": " + reason);
      if (starts_with(included, "opcost/") && headers.count(included) == 0) {
        found.push_back(path + " includes " + included + ": no such header");
      }
    }
  }
  return found;
}

}  // namespace opcost::testing
