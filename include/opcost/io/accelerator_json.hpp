// SPDX-License-Identifier: Apache-2.0
//
// Reads data/hardware/*.json and data/interconnects/*.json, ours or a user's own.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/hardware/interconnect.hpp"
#include "opcost/io/json.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// A rate that somebody measured on the accelerator: a sanity check on its peaks, never an input.
struct MeasuredRate {
  std::string what;
  std::string resource;  ///< "memory", "scale_up" or a data type.
  double rate = 0.0;     ///< Byte/s for memory and links, FLOP/s for a data type.
};

/// What a hardware file says.
struct AcceleratorFile {
  Accelerator specification;
  std::string product;
  std::string architecture;
  std::vector<MeasuredRate> measured;
  Source source;
};

namespace detail {

inline double number_or_zero(JsonObject& object, const std::string& key, int exponent) {
  const JsonNode node = object.member(key);  // the key must be there, so that leaving it out is no accident
  return node.is_null() ? 0.0 : node.as_positive_number(exponent);
}

inline Name read_name(JsonObject& object, const std::string& key = "name") {
  const JsonNode node = object.member(key);
  const std::string text = node.as_string();
  if (text.empty() || text.size() > Name::capacity) node.fail("a name of 1 to 63 characters");
  return Name(text);
}

inline Link read_link(JsonObject& links, const std::string& key) {
  const JsonNode node = links.member(key);
  if (node.is_null()) return {};
  JsonObject object(node);
  const JsonNode kind_node = object.member("kind");
  const auto kind = link_kind_named(kind_node.as_string());
  if (!kind || *kind == LinkKind::none) {
    std::string known;
    for (const std::string_view name : link_kind_names) {
      if (name != "none") known += (known.empty() ? "" : ", ") + std::string(name);
    }
    kind_node.fail("one of: " + known);
  }
  Link link{*kind, {object.member("gb_per_s").as_positive_number(9)}};
  if (key == "scale_up") {
    if (const auto reduces = object.optional("reduces")) link.reduces = reduces->as_bool();
  }
  object.finish();
  return link;
}

inline MeasuredRate read_measured(const JsonNode& node) {
  JsonObject object(node);
  MeasuredRate measured{object.member("what").as_string(), object.member("resource").as_string(), 0.0};
  if (measured.resource == "memory") {
    measured.rate = object.member("tb_per_s").as_positive_number(12);
  } else if (measured.resource == "scale_up") {
    measured.rate = object.member("gb_per_s").as_positive_number(9);
  } else if (data_type_named(measured.resource)) {
    measured.rate = object.member("tflops").as_positive_number(12);
  } else {
    object.member("resource").fail("memory, scale_up or a data type");
  }
  object.finish();
  return measured;
}

}  // namespace detail

/// Reads an accelerator from a parsed document; throws InputError.
inline AcceleratorFile read_accelerator(const JsonNode& node) {
  JsonObject root(node);
  AcceleratorFile file;
  Accelerator& accelerator = file.specification;
  accelerator.name = detail::read_name(root);
  file.product = root.member("product").as_string();
  file.architecture = root.member("architecture").as_string();

  JsonObject peaks(root.member("peak_tflops"));
  for (const DataType type : data_types) {
    if (type == DataType::int4) continue;  // no accelerator here multiplies int4: such weights are converted
    accelerator.peaks.set(type, {detail::number_or_zero(peaks, std::string(name(type)), 12)});
  }
  peaks.finish();

  JsonObject memory(root.member("memory"));
  accelerator.memory_capacity = {memory.member("capacity_gb").as_positive_number(9)};
  accelerator.usable_memory = {detail::number_or_zero(memory, "usable_mib", 0) * 1048576.0};
  accelerator.memory_bandwidth = {memory.member("bandwidth_tb_per_s").as_positive_number(12)};
  accelerator.l2_cache = {detail::number_or_zero(memory, "l2_cache_mb", 6)};
  memory.finish();

  JsonObject multiprocessors(root.member("multiprocessors"));
  const JsonNode count = multiprocessors.member("count");
  accelerator.multiprocessors = count.is_null() ? 0 : count.as_integer(1);
  accelerator.tensor_clock = {detail::number_or_zero(multiprocessors, "tensor_clock_mhz", 6)};
  accelerator.maximum_clock = {detail::number_or_zero(multiprocessors, "maximum_clock_mhz", 6)};
  accelerator.shared_memory = {detail::number_or_zero(multiprocessors, "shared_memory_kb", 3)};
  multiprocessors.finish();

  JsonObject links(root.member("links"));
  accelerator.scale_up = detail::read_link(links, "scale_up");
  accelerator.host = detail::read_link(links, "host");
  accelerator.scale_out = detail::read_link(links, "scale_out");
  links.finish();

  accelerator.power_watts = detail::number_or_zero(root, "power_watts", 0);
  for (const JsonNode& measured : root.member("measured").as_array()) {
    file.measured.push_back(detail::read_measured(measured));
  }
  file.source = read_source(root.member("source"));
  root.finish();
  return file;
}

/// Reads a hardware file; throws InputError.
inline AcceleratorFile read_accelerator_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_accelerator(document.root());
}

/// What an interconnect file says.
struct InterconnectFile {
  Interconnect specification;
  std::string description;
  Source source;
};

/// Reads an interconnect from a parsed document; throws InputError.
inline InterconnectFile read_interconnect(const JsonNode& node) {
  JsonObject root(node);
  InterconnectFile file;
  file.specification.name = detail::read_name(root);
  file.description = root.member("description").as_string();
  file.specification.bandwidth = {root.member("bandwidth_gb_per_s").as_positive_number(9)};
  file.specification.latency = {root.member("latency_us").as_positive_number(-6)};
  file.source = read_source(root.member("source"));
  root.finish();
  return file;
}

/// Reads an interconnect file; throws InputError.
inline InterconnectFile read_interconnect_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_interconnect(document.root());
}

}  // namespace opcost
