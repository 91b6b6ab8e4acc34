// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace opcost::program {

/// Writes to standard output; throws InputError if that fails (a full disk, say).
void print(const std::string& text);

/// Writes a file whole or not at all: beside it first, then renamed into place. Throws InputError.
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace opcost::program
