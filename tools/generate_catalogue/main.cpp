// SPDX-License-Identifier: Apache-2.0
//
// Writes the built-in catalogues (include/opcost/{hardware,latency,model}/catalogue.hpp) from data/*.json, the source
// of truth, so that header-only users need no files at run time. A test regenerates and compares them.
//
//   generate_catalogue DATA_DIR INCLUDE_DIR

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "catalogues.hpp"

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error(path.string() + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: generate_catalogue DATA_DIR INCLUDE_DIR\n", stderr);
    return 2;
  }
  try {
    const fs::path data(argv[1]);
    const fs::path include(argv[2]);
    const std::string hardware = generate_catalogue::hardware_catalogue(data);
    const std::string models = generate_catalogue::model_catalogue(data);
    const std::string latency = generate_catalogue::latency_catalogue(data);
    write(include / "opcost/hardware/catalogue.hpp", hardware);
    write(include / "opcost/model/catalogue.hpp", models);
    write(include / "opcost/latency/catalogue.hpp", latency);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "generate_catalogue: {}\n", error.what());
    return 2;
  }
}
