// SPDX-License-Identifier: Apache-2.0
//
// Reads the sequences of a step: {"sequences": [{"query_tokens": 1, "context_tokens": 8192, "count": 64}, …]}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/model/step_batch.hpp"

namespace opcost {

/// Alike sequences of a step.
struct StepSequences {
  StepSequence sequence{};
  std::int32_t count = 1;
  std::string id{};  ///< The caller's own name for them; may be empty.
};

/// Reads sequences from a parsed document: of each `query_tokens` and `context_tokens`, and optionally `sampled_tokens`
/// (default 1), `count` (default 1) and `id` (each once). Every sequence is valid. Throws InputError.
inline std::vector<StepSequences> read_step_batch(const JsonNode& node) {
  JsonObject root(node);
  const JsonNode sequences = root.member("sequences");
  const std::vector<JsonNode> elements = sequences.as_array();
  if (elements.empty()) sequences.fail("at least one sequence");
  std::vector<StepSequences> batch;
  std::map<std::string, std::string> places;  // of each id
  for (const JsonNode& element : elements) {
    JsonObject object(element);
    const JsonNode context = object.member("context_tokens");
    StepSequences read;
    StepSequence& sequence = read.sequence;
    sequence.query_tokens = object.member("query_tokens").as_integer(1);
    sequence.context_tokens = context.as_integer(1);
    if (sequence.context_tokens < sequence.query_tokens) context.fail("at least query_tokens");
    if (const auto sampled = object.optional("sampled_tokens")) {
      sequence.sampled_tokens = sampled->as_integer(0);
      if (sequence.sampled_tokens > sequence.query_tokens) sampled->fail("at most query_tokens");
    }
    if (const auto count = object.optional("count")) read.count = count->as_integer(1);
    if (const auto id = object.optional("id")) {
      read.id = id->as_string();
      const auto [first, is_new] = places.emplace(read.id, id->pointer());
      if (!is_new) id->fail("each id once (it is that of " + first->second + ", too)");
    }
    object.finish();
    batch.push_back(read);
  }
  root.finish();
  return batch;
}

/// Reads a file of sequences; throws InputError.
inline std::vector<StepSequences> read_step_batch_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_step_batch(document.root());
}

}  // namespace opcost
