// SPDX-License-Identifier: Apache-2.0
//
// Runs the opcost program as a user would.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "temporary_directory.hpp"

namespace opcost::testing {

struct Run {
  int exit_code = -1;
  std::string output;  // standard output
  std::string errors;  // standard error
};

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline Run run(const std::string& arguments) {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "out").string();
  const std::string err = (directory.path() / "err").string();
  const int status = std::system((OPCOST_PROGRAM " >" + out + " 2>" + err + " " + arguments).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out), contents(err)};
}

}  // namespace opcost::testing
