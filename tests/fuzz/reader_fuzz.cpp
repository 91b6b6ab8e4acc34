// SPDX-License-Identifier: Apache-2.0
//
// Malformed input for the JSON readers: whatever the bytes, they return or throw InputError with one line.
//
//   opcost_fuzz_test DATA_DIR CORPUS_DIR [ITERATIONS [SEED]]
//
// First every file of the corpus, which must be refused; then seeded mutations of every data file, the same on
// every machine. Built with -fsanitize=fuzzer -DOPCOST_LIBFUZZER it is a libFuzzer target instead.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "files.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/calibration_json.hpp"
#include "opcost/io/model_json.hpp"
#include "opcost/io/price_list_json.hpp"
#include "opcost/io/serving_system_json.hpp"
#include "opcost/io/step_batch_json.hpp"

namespace {

using namespace opcost;

struct Outcome {
  int accepted = 0;
  int refused = 0;
};

[[noreturn]] void report(std::string_view what, const std::string& text) {
  std::fprintf(stderr, "%.*s\nthe input, %zu bytes:\n", static_cast<int>(what.size()), what.data(), text.size());
  std::fwrite(text.data(), 1, text.size() < 4096 ? text.size() : 4096, stderr);
  std::fputc('\n', stderr);
  std::abort();
}

template <class Read>
void try_reader(const std::string& text, Outcome& outcome, Read read) {
  try {
    read();
    ++outcome.accepted;
  } catch (const InputError& error) {
    const std::string_view message = error.what();
    if (message.find_first_of("\r\n") != std::string_view::npos) report("a message of several lines", text);
    if (message.substr(0, 9) != "fuzz.json") report("a message that does not name the file", text);
    ++outcome.refused;
  } catch (const std::exception& error) {
    report(std::string("not an InputError: ") + error.what(), text);
  }
}

/// All readers on one text.
void try_readers(const std::string& text, Outcome& outcome) {
  try_reader(text, outcome, [&] {
    const JsonDocument document(text, "fuzz.json");
    // what a reader accepts must keep its contract
    try_reader(text, outcome, [&] {
      if (read_accelerator(document.root()).specification.violation())
        report("accepted an invalid accelerator", text);
    });
    try_reader(text, outcome, [&] {
      if (read_interconnect(document.root()).specification.violation())
        report("accepted an invalid interconnect", text);
    });
    try_reader(text, outcome, [&] {
      if (read_price_list(document.root()).specification.violation())
        report("accepted an invalid price list", text);
    });
    try_reader(text, outcome, [&] {
      if (read_serving_system(document.root()).specification.violation()) {
        report("accepted an invalid serving system", text);
      }
    });
    try_reader(text, outcome, [&] {
      for (const StepSequences& alike : read_step_batch(document.root())) {
        if (alike.sequence.violation() || alike.count < 1) report("accepted an invalid sequence", text);
      }
    });
    try_reader(text, outcome, [&] {
      if (read_model(document.root(), "fallback").config.violation()) report("accepted an invalid model", text);
    });
    try_reader(text, outcome, [&] {
      const CalibrationFile file = read_calibration(document.root());
      const std::string written = calibration_text(file.calibration, file.source);
      if (calibration_text(read_calibration(JsonDocument(written, "fuzz.json").root()).calibration, file.source) !=
          written) {
        report("accepted a calibration that does not read back", text);
      }
    });
    try_reader(text, outcome, [&] { read_calibration_defaults(document.root()); });
  });
}

#ifndef OPCOST_LIBFUZZER

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string mutated(std::string text) {
    for (std::size_t round = 0, rounds = 1 + below(3); round < rounds; ++round) mutate(text);
    return text;
  }

  /// 0 ≤ result < bound; plain arithmetic, because the standard's distributions differ between libraries.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound); }

 private:
  void mutate(std::string& text) {
    const std::size_t at = below(text.size());
    switch (below(10)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << below(8)));
        break;
      case 1: text.resize(at); break;
      case 2: text.insert(at, 1, static_cast<char>(below(256))); break;
      case 3: text.insert(below(text.size()), std::string(text, at, below(200))); break;  // a slice twice
      case 4: text.erase(at, below(50)); break;
      case 5: text.insert(at, below(50) == 0 ? std::string(100'000, "[{"[below(2)]) : "[[[{"); break;
      case 6: replace_token(text, at, "\"", "\""); break;
      default: replace_token(text, at, "0123456789", ".eE+-"); break;
    }
  }

  /// Replaces the next token that starts with one of `first` (and goes on with those or `more`).
  void replace_token(std::string& text, std::size_t at, const std::string& first, const std::string& more) {
    static const std::vector<std::string> values{
        "1e999",      "-1e999",     "1e308",    "1e-320",  "-1",          "0",
        "-0",         "2.7",        "1e9",      "null",    "true",        "[]",
        "{}",         "\"\"",       "NaN",      "\"\\n\"", "\"\\u0000\"", "9223372036854775808",
        "4294967297", "2147483648", "\"silu\"", "\"name\""};
    const std::size_t start = text.find_first_of(first, at);
    if (start == std::string::npos) return;
    std::size_t end = text.find_first_not_of(first + more, start + 1);
    if (first == "\"") end = text.find('"', start + 1) == std::string::npos ? end : text.find('"', start + 1) + 1;
    text.replace(start, (end == std::string::npos ? text.size() : end) - start, values[below(values.size())]);
  }

  std::mt19937_64 random_;
};

#endif

}  // namespace

#ifdef OPCOST_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Outcome outcome;
  try_readers(std::string(reinterpret_cast<const char*>(data), size), outcome);
  return 0;
}

#else

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fputs("usage: opcost_fuzz_test DATA_DIR CORPUS_DIR [ITERATIONS [SEED]]\n", stderr);
    return 2;
  }
  const std::filesystem::path data(argv[1]);
  const unsigned long iterations = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 3000;
  Mutator mutator(argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1);

  const auto corpus = opcost::testing::files_in(argv[2], ".json");
  for (const auto& path : corpus) {
    Outcome outcome;
    const std::string text = opcost::testing::file_text(path);
    try_readers(text, outcome);
    // a text that parses counts once as accepted, for the document
    if (outcome.accepted > 1) report(path.string() + " was accepted, expected a refusal", text);
  }

  std::vector<std::string> seeds{
      R"({"sequences": [{"id": "a", "query_tokens": 1, "context_tokens": 8192, "sampled_tokens": 1, "count": 64},
                        {"query_tokens": 2048, "context_tokens": 4096}]})"};
  for (const char* const folder :
       {"calibrations", "hardware", "interconnects", "models", "prices", "serving_systems"}) {
    for (const auto& path : opcost::testing::files_in(data / folder, ".json")) {
      seeds.push_back(opcost::testing::file_text(path));
    }
  }
  for (const std::string& seed : seeds) {
    Outcome outcome;
    try_readers(seed, outcome);
    if (outcome.accepted != 2) report("a data file was refused", seed);
  }
  Outcome outcome;
  for (unsigned long i = 0; i < iterations; ++i) {
    try_readers(mutator.mutated(seeds[mutator.below(seeds.size())]), outcome);
  }
  std::printf("%zu corpus files refused; of %lu mutations of %zu files: %d readings accepted, %d refused\n",
              corpus.size(), iterations, seeds.size(), outcome.accepted, outcome.refused);
  return 0;
}

#endif
