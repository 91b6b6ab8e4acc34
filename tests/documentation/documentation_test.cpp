// SPDX-License-Identifier: Apache-2.0
//
// What the documentation shows is what happens: every `$ opcost …` in a console block is run and its output
// compared, and every C++ block that names an example is that example's text. A line "…" stands for any lines.

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

namespace fs = std::filesystem;

const fs::path source_directory = OPCOST_SOURCE_DIR;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string file_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Block {
  std::string language;
  std::vector<std::string> lines;
};

std::vector<Block> code_blocks(const fs::path& document) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(file_text(document))) {
    if (line.rfind("```", 0) == 0) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), {}});
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
  }
  return blocks;
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer{};
  for (std::size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), count);
  }
  CHECK(pclose(pipe) == 0);
  return output;
}

/// Whether the printed lines are the documented ones, of which "…" stands for any number.
bool matches(const std::vector<std::string>& documented, const std::vector<std::string>& printed, std::size_t d = 0,
             std::size_t p = 0) {
  for (; d < documented.size(); ++d, ++p) {
    if (documented[d] == "…") {
      for (std::size_t rest = p; rest <= printed.size(); ++rest) {
        if (matches(documented, printed, d + 1, rest)) return true;
      }
      return false;
    }
    if (p >= printed.size() || documented[d] != printed[p]) return false;
  }
  return p == printed.size();
}

std::vector<fs::path> documents() {
  std::vector<fs::path> paths{source_directory / "README.md"};
  for (const auto& entry : fs::directory_iterator(source_directory / "docs")) {
    if (entry.path().extension() == ".md") paths.push_back(entry.path());
  }
  return paths;
}

}  // namespace

TEST_CASE("every documented command prints what the documentation shows") {
  int commands = 0;
  for (const fs::path& document : documents()) {
    for (const Block& block : code_blocks(document)) {
      if (block.language != "console") continue;
      for (std::size_t i = 0; i < block.lines.size();) {
        const std::string command = block.lines[i++];
        INFO(document << ": " << command);
        REQUIRE(command.rfind("$ ", 0) == 0);
        std::vector<std::string> documented;
        while (i < block.lines.size() && block.lines[i].rfind("$ ", 0) != 0) documented.push_back(block.lines[i++]);
        if (command.rfind("$ opcost ", 0) != 0 || documented.empty()) continue;
        const std::string printed = output_of(OPCOST_PROGRAM + command.substr(8));
        INFO("printed:\n" << printed);
        CHECK(matches(documented, lines_of(printed)));
        ++commands;
      }
    }
  }
  CHECK(commands >= 3);
}

TEST_CASE("every C++ block that names an example is its text") {
  int blocks = 0;
  for (const fs::path& document : documents()) {
    for (const Block& block : code_blocks(document)) {
      if (block.language != "cpp" || block.lines.empty() || block.lines[0].rfind("// examples/", 0) != 0) continue;
      std::string text;
      for (std::size_t i = 1; i < block.lines.size(); ++i) text += block.lines[i] + "\n";
      INFO(document << ":\n" << text);
      CHECK(file_text(source_directory / block.lines[0].substr(3)).find(text) != std::string::npos);
      ++blocks;
    }
  }
  CHECK(blocks >= 1);
}

TEST_CASE("the README's pictures are what the program draws") {
  const auto check = [](const std::string& file, const std::string& command) {
    INFO(file);
    CHECK(output_of(std::string(OPCOST_PROGRAM) + " plot " + command + " --out -") ==
          file_text(source_directory / file));
  };
  check("docs/roofline.svg", "roofline --model gemma-3-27b --gpu h100-sxm --gpu h20 --batch 64 --context 8192");
  check("docs/step.svg", "step --model llama-3.1-70b --gpu h100-sxm --gpu h20 --tp 4 --decode 64@8192");
  check("docs/placement.svg",
        "pareto --model llama-3.1-70b --pool h100-sxm:8 --pool h20:8 --link 400Gbps,33us --input 1000 --output 1000 "
        "--ttft 2000");
}
