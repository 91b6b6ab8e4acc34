// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "opcost/io/json.hpp"

namespace opcost::program {

void print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw InputError(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
  }
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  namespace fs = std::filesystem;
  const auto fail = [&path](const std::string& why) {
    throw InputError(fmt::format("{}: cannot be written: {}", path.string(), why));
  };
  std::error_code error;
  if (fs::is_directory(path, error)) fail("it is a directory");
  const bool special = fs::exists(path, error) && !fs::is_regular_file(path, error);  // a device cannot be replaced
  const fs::path target = special ? path : fs::path(path.string() + fmt::format(".{}.tmp", getpid()));
  errno = 0;
  std::ofstream stream(target, std::ios::binary | std::ios::trunc);
  if (!stream) fail(std::strerror(errno));
  stream << text;
  stream.close();
  if (!stream) {
    const std::string why = std::strerror(errno);
    if (!special) fs::remove(target, error);
    fail(why);
  }
  if (special) return;
  fs::rename(target, path, error);
  if (error) {
    const std::string why = error.message();
    fs::remove(target, error);
    fail(why);
  }
}

}  // namespace opcost::program
