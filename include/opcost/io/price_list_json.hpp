// SPDX-License-Identifier: Apache-2.0
//
// Reads data/prices/*.json, ours or a user's own.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "opcost/hardware/price_list.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/json.hpp"

namespace opcost {

/// What a file of prices says.
struct PriceListFile {
  PriceList specification;
  Source source;
};

/// Reads a price list from a parsed document; throws InputError. Accelerators need not be in the catalogue.
inline PriceListFile read_price_list(const JsonNode& node) {
  JsonObject root(node);
  PriceListFile file;
  PriceList& list = file.specification;
  list.name = detail::read_name(root);

  const JsonNode date = root.member("date");
  const std::string month = date.as_string();
  if (!detail::is_year_and_month(month)) date.fail("a year and month such as 2024-05");
  list.date = Name(month);

  const JsonNode unit_node = root.member("unit");
  const auto unit = price_unit_named(unit_node.as_string());
  if (!unit) unit_node.fail("one of: dollars, relative");
  list.unit = *unit;

  const JsonNode prices_node = root.member("prices_per_hour");
  const std::vector<JsonNode> prices = prices_node.as_array();
  if (prices.empty() || prices.size() > PriceList::capacity) {
    prices_node.fail("1 to " + std::to_string(PriceList::capacity) + " prices");
  }
  for (const JsonNode& price_node : prices) {
    JsonObject price(price_node);
    const Name accelerator = detail::read_name(price, "accelerator");
    if (list.per_hour(accelerator.view())) price.member("accelerator").fail("each accelerator once");
    list.prices[list.size++] = {accelerator, price.member("price").as_positive_number()};
    price.finish();
  }
  file.source = read_source(root.member("source"));
  root.finish();
  return file;
}

/// Reads a file of prices; throws InputError.
inline PriceListFile read_price_list_file(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return read_price_list(document.root());
}

}  // namespace opcost
