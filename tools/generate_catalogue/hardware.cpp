// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "catalogues.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/price_list_json.hpp"
#include "text.hpp"

namespace generate_catalogue {

namespace fs = std::filesystem;

namespace {

std::string link(const opcost::Link& link) {
  if (link.kind == opcost::LinkKind::none) return "{}";
  return fmt::format("{{LinkKind::{}, {{{}}}{}}}", name(link.kind), number(link.bandwidth.value),
                     link.reduces ? ", true" : "");
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

/// The price lists and the list of them.
std::string price_lists(const fs::path& data) {
  std::string constants;
  std::string entries;
  const std::vector<fs::path> files = json_files(data / "prices");
  for (const fs::path& path : files) {
    const opcost::PriceListFile file = opcost::read_price_list_file(path);
    const opcost::PriceList& list = file.specification;
    require_matching_name(path, list.name.view());
    const std::string id = identifier(list.name.view());
    std::string prices;
    for (std::size_t i = 0; i < list.size; ++i) {
      const opcost::AcceleratorPrice& price = list.prices[i];
      prices += fmt::format("{}{{{}, {}}}", i == 0 ? "" : ", ", literal(price.accelerator.view()),
                            number(price.per_hour));
    }
    constants += fmt::format(
        "\n/// Source: {}.\ninline constexpr PriceList {}{{.name = {}, .date = {}, .unit = PriceUnit::{}, .size = "
        "{}, .prices = {{{{{}}}}}}};\n",
        file.source.citations.front(), id, literal(list.name.view()), literal(list.date.view()), name(list.unit),
        list.size, prices);
    entries += fmt::format("    {{price_lists::{}, {}}},\n", id, literal(file.source.citations.front()));
  }
  return "namespace price_lists {\n" + constants +
         fmt::format(R"(
}}  // namespace price_lists

/// A built-in price list and where its prices come from.
struct PriceListEntry {{
  PriceList specification{{}};
  std::string_view source{{}};
}};

/// Every built-in price list, by name.
inline constexpr std::array<PriceListEntry, {}> price_list_catalogue{{{{
{}}}}};

/// The built-in price list of that name, or null.
constexpr const PriceList* price_list_named(std::string_view name) noexcept {{
  for (const PriceListEntry& entry : price_list_catalogue) {{
    if (entry.specification.name.view() == name) return &entry.specification;
  }}
  return nullptr;
}}
)",
                     files.size(), entries);
}

}  // namespace

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
  return fmt::format(
             preamble, "data/hardware/*.json, data/interconnects/*.json and data/prices/*.json",
             "#include <span>\n#include <string_view>\n\n#include \"opcost/hardware/accelerator.hpp\"\n"
             "#include \"opcost/hardware/interconnect.hpp\"\n#include \"opcost/hardware/price_list.hpp\"\n") +
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

{}
}}  // namespace opcost
)",
                     files.size(), entries, interconnect_files.size(), interconnect_names, price_lists(data));
}

}  // namespace generate_catalogue
