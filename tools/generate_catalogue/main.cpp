// SPDX-License-Identifier: Apache-2.0
//
// Writes the built-in catalogues (include/opcost/{hardware,model}/catalogue.hpp) from data/*.json, the source of
// truth, so that header-only users need no files at run time. A test regenerates and compares them.
//
//   generate_catalogue DATA_DIR INCLUDE_DIR

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/model_json.hpp"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view preamble = R"(// SPDX-License-Identifier: Apache-2.0
//
// Generated from {} by generate_catalogue. Do not edit: change the data.
// clang-format off
#pragma once

#include <array>
{}
namespace opcost {{
)";

std::vector<fs::path> json_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) throw std::runtime_error(directory.string() + ": no *.json files");
  return files;
}

void require_matching_name(const fs::path& path, std::string_view name) {
  if (path.stem() != fs::path(name)) {
    throw opcost::InputError(fmt::format("{}: /name is \"{}\", expected the file's name", path.string(), name));
  }
}

/// A name as a C++ identifier: "llama-3.1-8b" is llama_3_1_8b.
std::string identifier(std::string_view name) {
  std::string text(name);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return text;
}

/// A string as a C++ literal.
std::string literal(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '"' || character == '\\') escaped += '\\';
    escaped += character;
  }
  return '"' + escaped + '"';
}

std::string literals(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + literal(text);
  return list;
}

/// The shortest text that reads back as the same double, with whole thousands as an exponent: 989.4e12.
std::string number(double value) {
  std::string digits = fmt::format("{}", value);
  if (digits.find_first_not_of("0123456789") != std::string::npos || digits.size() < 4) return digits;
  const std::size_t exponent = (digits.size() - 1) / 3 * 3;
  std::string mantissa = digits.substr(0, digits.size() - exponent) + "." + digits.substr(digits.size() - exponent);
  mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.back() == '.') mantissa.pop_back();
  return fmt::format("{}e{}", mantissa, exponent);
}

std::string link(const opcost::Link& link) {
  if (link.kind == opcost::LinkKind::none) return "{}";
  return fmt::format("{{LinkKind::{}, {{{}}}}}", name(link.kind), number(link.bandwidth.value));
}

/// The record of a catalogue entry's provenance, which needs storage of its own for the lists.
std::string provenance(std::string_view id, const opcost::Source& source) {
  std::string text;
  const auto list = [&](std::string_view what, const std::vector<std::string>& items) {
    text += fmt::format("inline constexpr std::array<std::string_view, {}> {}_{}{{{}}};\n", items.size(), id, what,
                        literals(items));
  };
  list("citations", source.citations);
  list("unconfirmed", source.unconfirmed);
  return text;
}

std::string accelerator(const opcost::Accelerator& a) {
  std::string peaks;
  for (const opcost::DataType type : opcost::data_types) {
    if (!a.supports(type)) continue;
    peaks += fmt::format("{}{{DataType::{}, {{{}}}}}", peaks.empty() ? "" : ", ", name(type),
                         number(a.peaks[type].value));
  }
  return fmt::format(
      "inline constexpr Accelerator {}{{\n"
      "    .name = {},\n    .peaks = {{{}}},\n    .memory_bandwidth = {{{}}},\n    .memory_capacity = {{{}}},\n"
      "    .usable_memory = {{{}}},\n    .l2_cache = {{{}}},\n    .multiprocessors = {},\n    .tensor_clock = "
      "{{{}}},\n"
      "    .maximum_clock = {{{}}},\n    .shared_memory = {{{}}},\n    .scale_up = {},\n    .host = {},\n"
      "    .scale_out = {},\n    .power_watts = {},\n}};\n",
      identifier(a.name.view()), literal(a.name.view()), peaks, number(a.memory_bandwidth.value),
      number(a.memory_capacity.value), number(a.usable_memory.value), number(a.l2_cache.value), a.multiprocessors,
      number(a.tensor_clock.value), number(a.maximum_clock.value), number(a.shared_memory.value), link(a.scale_up),
      link(a.host), link(a.scale_out), number(a.power_watts));
}

std::string hardware_catalogue(const fs::path& data) {
  std::string constants;
  std::string lists;
  std::string entries;
  const std::vector<fs::path> files = json_files(data / "hardware");
  for (const fs::path& path : files) {
    const opcost::AcceleratorFile file = opcost::read_accelerator_file(path);
    const std::string_view name = file.specification.name.view();
    require_matching_name(path, name);
    const std::string id = identifier(name);
    constants += "\n/// " + file.product + ".\n" + accelerator(file.specification);
    lists += provenance(id, file.source);
    entries += fmt::format("    {{accelerators::{0}, {1}, {2}, detail::{0}_citations, detail::{0}_unconfirmed}},\n",
                           id, literal(file.product), literal(file.architecture));
  }
  std::string interconnects;
  std::string interconnect_names;
  const std::vector<fs::path> interconnect_files = json_files(data / "interconnects");
  for (const fs::path& path : interconnect_files) {
    const opcost::InterconnectFile file = opcost::read_interconnect_file(path);
    const opcost::Interconnect& specification = file.specification;
    require_matching_name(path, specification.name.view());
    const std::string id = identifier(specification.name.view());
    interconnects += fmt::format(
        "\n/// {}. Source: {}.\ninline constexpr Interconnect {}{{.name = {}, .bandwidth = {{{}}}, .latency = "
        "{{{}}}}};\n",
        file.description, file.source.citations.front(), id, literal(specification.name.view()),
        number(specification.bandwidth.value), number(specification.latency.value));
    interconnect_names += (interconnect_names.empty() ? "" : ", ") + ("interconnects::" + id);
  }
  return fmt::format(preamble, "data/hardware/*.json and data/interconnects/*.json",
                     "#include <span>\n#include <string_view>\n\n#include \"opcost/hardware/accelerator.hpp\"\n"
                     "#include \"opcost/hardware/interconnect.hpp\"\n") +
         "\nnamespace accelerators {\n" + constants +
         "\n}  // namespace accelerators\n\nnamespace interconnects {\n" + interconnects +
         "\n}  // namespace interconnects\n\nnamespace detail {\n\n" + lists +
         fmt::format(R"(
}}  // namespace detail

/// A built-in accelerator and where its figures come from.
struct AcceleratorEntry {{
  Accelerator specification{{}};
  std::string_view product{{}};
  std::string_view architecture{{}};
  std::span<const std::string_view> citations{{}};
  std::span<const std::string_view> unconfirmed{{}};  ///< JSON pointers into the data file.
}};

/// Every built-in accelerator, by name.
inline constexpr std::array<AcceleratorEntry, {}> accelerator_catalogue{{{{
{}}}}};

/// The built-in accelerator of that name, or null.
constexpr const Accelerator* accelerator_named(std::string_view name) noexcept {{
  for (const AcceleratorEntry& entry : accelerator_catalogue) {{
    if (entry.specification.name.view() == name) return &entry.specification;
  }}
  return nullptr;
}}

/// Every built-in interconnect, by name.
inline constexpr std::array<Interconnect, {}> interconnect_catalogue{{{}}};

}}  // namespace opcost
)",
                     files.size(), entries, interconnect_files.size(), interconnect_names);
}

std::string model(const opcost::ModelConfig& m) {
  constexpr std::array<std::string_view, 3> functions{"relu", "silu", "gelu_tanh"};
  return fmt::format(
      "inline constexpr ModelConfig {}{{\n    .name = {},\n    .layers = {},\n    .hidden_size = {},\n"
      "    .intermediate_size = {},\n    .vocabulary_size = {},\n"
      "    .heads = {{.query_heads = {}, .kv_heads = {}, .query_key_dimension = {}, .value_dimension = {}}},\n"
      "    .sliding_window = {},\n    .global_layer_period = {},\n    .activation = ActivationFunction::{},\n"
      "    .gated_feed_forward = {},\n    .query_key_norm = {},\n    .post_norms = {},\n    .tied_embeddings = "
      "{},\n"
      "    .scaled_embedding = {},\n    .attention_bias = {},\n    .feed_forward_bias = {},\n    .maximum_context "
      "= {},\n}};\n",
      identifier(m.name.view()), literal(m.name.view()), m.layers, m.hidden_size, m.intermediate_size,
      m.vocabulary_size, m.heads.query_heads, m.heads.kv_heads, m.heads.query_key_dimension,
      m.heads.value_dimension, m.sliding_window, m.global_layer_period,
      functions[static_cast<std::size_t>(m.activation)], m.gated_feed_forward, m.query_key_norm, m.post_norms,
      m.tied_embeddings, m.scaled_embedding, m.attention_bias, m.feed_forward_bias, m.maximum_context);
}

std::string model_catalogue(const fs::path& data) {
  std::string constants;
  std::string entries;
  const std::vector<fs::path> files = json_files(data / "models");
  for (const fs::path& path : files) {
    const opcost::ModelFile file = opcost::read_model_file(path);
    const std::string_view name = file.config.name.view();
    require_matching_name(path, name);
    if (!file.source) throw opcost::InputError(path.string() + ": /source is missing");
    constants += "\n/// Source: " + file.source->citations.front() + "\n" + model(file.config);
    entries += "    models::" + identifier(name) + ",\n";
  }
  return fmt::format(preamble, "data/models/*.json",
                     "#include <string_view>\n\n#include \"opcost/model/model_config.hpp\"\n") +
         "\nnamespace models {\n" + constants +
         fmt::format(R"(
}}  // namespace models

/// Every built-in model, by name.
inline constexpr std::array<ModelConfig, {}> model_catalogue{{
{}}};

/// The built-in model of that name, or null.
constexpr const ModelConfig* model_named(std::string_view name) noexcept {{
  for (const ModelConfig& model : model_catalogue) {{
    if (model.name.view() == name) return &model;
  }}
  return nullptr;
}}

}}  // namespace opcost
)",
                     files.size(), entries);
}

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
    const std::string hardware = hardware_catalogue(data);
    const std::string models = model_catalogue(data);
    write(include / "opcost/hardware/catalogue.hpp", hardware);
    write(include / "opcost/model/catalogue.hpp", models);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "generate_catalogue: {}\n", error.what());
    return 2;
  }
}
