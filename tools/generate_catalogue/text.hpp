// SPDX-License-Identifier: Apache-2.0
//
// What the catalogues' writers share: where the data are, and values as C++ text.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace generate_catalogue {

/// The start of a generated header; its arguments are the data it comes from and further includes.
inline constexpr std::string_view preamble = R"(// SPDX-License-Identifier: Apache-2.0
//
// Generated from {} by generate_catalogue. Do not edit: change the data.
// clang-format off
#pragma once

#include <array>
{}
namespace opcost {{
)";

/// The *.json files of a directory, sorted; throws if there are none.
std::vector<std::filesystem::path> json_files(const std::filesystem::path& directory);

/// Throws unless the file is called as what it describes, with "_" for "/".
void require_matching_name(const std::filesystem::path& path, std::string_view name);

/// A name as a C++ identifier: "llama-3.1-8b" is llama_3_1_8b.
std::string identifier(std::string_view name);

/// A string as a C++ literal.
std::string literal(std::string_view text);
std::string literals(const std::vector<std::string>& texts);

/// The shortest text that reads back as the same double, with whole thousands as an exponent: 989.4e12.
std::string number(double value);

}  // namespace generate_catalogue
