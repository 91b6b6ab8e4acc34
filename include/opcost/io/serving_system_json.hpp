// SPDX-License-Identifier: Apache-2.0
//
// Reads data/serving_systems/*.json, ours or a user's own.
#pragma once

#include <filesystem>
#include <string>

#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/json.hpp"
#include "opcost/latency/serving_system.hpp"
#include "opcost/units.hpp"

namespace opcost {

struct ServingSystemFile {
  ServingSystem specification;
  std::string product;
  Source source;
};

namespace detail {

/// Microseconds, 0 included.
inline Seconds read_microseconds(const JsonNode& node) {
  return {node.as_number(0.0) == 0.0 ? 0.0 : node.as_positive_number(-6)};
}

}  // namespace detail

/// Reads a serving system from a parsed document; throws InputError.
inline ServingSystemFile read_serving_system(const JsonNode& node) {
  JsonObject root(node);
  ServingSystemFile file;
  ServingSystem& system = file.specification;
  system.name = detail::read_name(root);
  file.product = root.member("product").as_string();
  system.host_per_step = detail::read_microseconds(root.member("host_per_step_us"));
  system.host_per_sequence = detail::read_microseconds(root.member("host_per_sequence_us"));
  const JsonNode overlap = root.member("collective_overlap");
  system.collective_overlap = overlap.as_number(0.0);
  if (system.collective_overlap > 1.0) overlap.fail("a share from 0 to 1");
  file.source = read_source(root.member("source"));
  root.finish();
  return file;
}

/// Reads a serving-system file; throws InputError.
inline ServingSystemFile read_serving_system_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_serving_system(document.root());
}

}  // namespace opcost
