// SPDX-License-Identifier: Apache-2.0
#include "cluster_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "opcost/hardware/catalogue.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/price_list_json.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

using Json = nlohmann::ordered_json;

/// `factor` / `divisor` base units; two numbers, so that 33 us are the double nearest to 33 µs.
struct Unit {
  std::string_view name;
  double factor = 1.0;
  double divisor = 1.0;
};

constexpr std::array<Unit, 6> bandwidth_units{
    {{"Mbps", 1e6, 8.0}, {"Gbps", 1e9, 8.0}, {"Tbps", 1e12, 8.0}, {"MBps", 1e6}, {"GBps", 1e9}, {"TBps", 1e12}}};
constexpr std::array<Unit, 2> time_units{{{"us", 1.0, 1e6}, {"ms", 1.0, 1e3}}};

/// "400Gbps" in base units, or nothing.
std::optional<double> quantity(std::string_view text, std::span<const Unit> known) {
  double number = 0.0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc{} || !std::isfinite(number) || number < 0.0) return std::nullopt;
  for (const Unit& one : known) {
    if (unit == one.name) return number * one.factor / one.divisor;
  }
  return std::nullopt;
}

/// A finite number above 0, or nothing.
std::optional<double> positive_number(std::string_view text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(number) && number > 0.0 ? std::optional(number) : std::nullopt;
}

/// A positive whole number, or nothing.
std::optional<std::int32_t> positive_count(std::string_view text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && number > 0 ? std::optional(number) : std::nullopt;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string_view pool_name(const Pool& pool) { return pool.platform.accelerator->name.view(); }

std::size_t find_pool(const std::vector<Pool>& pools, std::string_view option, std::string_view name) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    if (pool_name(pools[i]) == name) return i;
    known.emplace_back(pool_name(pools[i]));
  }
  fail_unknown(fmt::format("pool of {}", option), name, known);
}

Interconnect find_interconnect(const std::string& name_or_file) {
  std::vector<std::string> known;
  for (const Interconnect& interconnect : interconnect_catalogue) {
    if (interconnect.name.view() == name_or_file) return interconnect;
    known.emplace_back(interconnect.name.view());
  }
  if (name_or_file.ends_with(".json")) return read_interconnect_file(name_or_file).specification;
  fail_unknown("interconnect", name_or_file, known);
}

constexpr std::int32_t most_of_pool = 1 << 16;

/// Between which pools; nothing: all.
struct GivenLink {
  std::optional<std::pair<std::size_t, std::size_t>> pools{};
  PoolLink link{};
};

class LinkParser {
 public:
  LinkParser(const std::vector<Pool>& pools, const std::string& text) : pools_(pools), text_(text) {}

  GivenLink parse() const {
    GivenLink given;
    std::string_view rest = text_;
    const std::size_t equals = rest.find('=');
    if (equals != std::string_view::npos && equals < rest.find(',')) {
      const std::vector<std::string> ends = split(rest.substr(0, equals), ':');
      if (ends.size() != 2) fail("FROM:TO=BANDWIDTH,LATENCY such as h100-sxm:h20=400Gbps,33us");
      given.pools = {find_pool(pools_, "--link", ends[0]), find_pool(pools_, "--link", ends[1])};
      rest.remove_prefix(equals + 1);
    }
    const std::vector<std::string> parts = split(rest, ',');
    std::size_t next = 1;
    if (parts[0].empty() || (parts[0][0] >= '0' && parts[0][0] <= '9') || parts[0][0] == '-') {
      given.link.bandwidth = bandwidth(parts[0]);
      if (parts.size() < 2) fail("a latency after the bandwidth: 400Gbps,33us");
      given.link.latency = time(parts[1]);
      next = 2;
    } else {
      given.link = PoolLink::of(find_interconnect(parts[0]));
    }
    std::set<std::string> seen;
    for (; next < parts.size(); ++next) {
      const std::string key = parts[next].substr(0, parts[next].find('='));
      if (!seen.insert(key).second) fail(fmt::format("{} once", key));
      set(given.link, key, parts[next]);
    }
    if (const auto found = given.link.violation()) fail_violation(*found, {});
    return given;
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw InputError(fmt::format("--link is '{}', expected {}", text_, expected));
  }

  BytesPerSecond bandwidth(std::string_view text) const {
    const auto value = quantity(text, bandwidth_units);
    if (!value || !(*value > 0.0)) fail("a bandwidth above 0 in Gbps (bits) or GBps (bytes): 400Gbps, 50GBps");
    return {*value};
  }
  Seconds time(std::string_view text) const {
    const auto value = quantity(text, time_units);
    if (!value) fail("a latency of 0 or more in us or ms: 33us");
    return {*value};
  }

  void set(PoolLink& link, const std::string& key, const std::string& part) const {
    if (part == "exposed") {
      link.overlaps = false;
      return;
    }
    const std::string_view value = key.size() < part.size() ? std::string_view(part).substr(key.size() + 1) : "";
    if (key == "cards") {
      const auto cards = positive_count(value);
      if (!cards) fail("the accelerators that share a card: cards=2");
      link.accelerators_per_card = *cards;
    } else if (key == "oversubscription") {
      const auto factor = positive_number(value);
      if (!factor || *factor < 1.0) fail("a number of at least 1: oversubscription=2");
      link.oversubscription = *factor;
    } else if (key == "metadata") {
      link.metadata = time(value);
    } else if (key == "staging") {
      link.staging = bandwidth(value);
    } else if (key == "reordering") {
      link.reordering = bandwidth(value);
    } else {
      fail(
          "after bandwidth and latency any of: cards=, oversubscription=, exposed, metadata=, staging=, "
          "reordering=");
    }
  }

  const std::vector<Pool>& pools_;
  const std::string& text_;
};

PriceList find_price_list(const std::string& name_or_file) {
  if (const PriceList* built_in = price_list_named(name_or_file)) return *built_in;
  if (name_or_file.ends_with(".json")) return read_price_list_file(name_or_file).specification;
  std::vector<std::string> known;
  for (const PriceListEntry& entry : price_list_catalogue) known.emplace_back(entry.specification.name.view());
  fail_unknown("price list", name_or_file, known);
}

void set_prices(const ClusterOptions& options, std::vector<Pool>& pools) {
  std::vector<bool> given(pools.size(), false);
  for (const std::string& text : options.prices) {
    const std::size_t equals = text.rfind('=');
    const auto price =
        equals == std::string::npos ? std::nullopt : positive_number(std::string_view(text).substr(equals + 1));
    if (!price) {
      throw InputError(
          fmt::format("--price is '{}', expected GPU=DOLLARS an hour such as h20=4.63, above 0", text));
    }
    const std::size_t pool = find_pool(pools, "--price", text.substr(0, equals));
    if (given[pool])
      throw InputError(fmt::format("--price names {} twice, expected each pool once", pool_name(pools[pool])));
    given[pool] = true;
    pools[pool].dollars_per_hour = *price;
  }
  if (options.price_list.empty()) return;
  const PriceList list = find_price_list(options.price_list);
  if (list.unit != PriceUnit::dollars) {
    throw InputError(
        fmt::format("--prices {} has relative prices, expected dollars: give them by --price", list.name));
  }
  for (std::size_t i = 0; i < pools.size(); ++i) {
    if (given[i]) continue;
    const auto price = list.dollars_per_hour(pool_name(pools[i]));
    if (!price) {
      throw InputError(fmt::format("--prices {} has no price of {}, expected --price {}=DOLLARS beside it",
                                   list.name, pool_name(pools[i]), pool_name(pools[i])));
    }
    pools[i].dollars_per_hour = *price;
  }
}

void require_links(const Cluster& cluster) {
  for (std::size_t from = 0; from < cluster.pools().size(); ++from) {
    for (std::size_t to = 0; to < cluster.pools().size(); ++to) {
      if (cluster.link(from, to).exists()) continue;
      const std::string_view sender = pool_name(cluster.pool(from));
      const std::string_view receiver = pool_name(cluster.pool(to));
      // a node whose accelerators have no link of their own: plans on several of its groups are left out
      if (from == to && cluster.is_one_node(from)) continue;
      throw InputError(from == to
                           ? fmt::format("{} has no link between its nodes, expected --link BANDWIDTH,LATENCY "
                                         "or --link {}:{}=BANDWIDTH,LATENCY",
                                         sender, sender, sender)
                           : fmt::format("there is no link from {} to {}, expected --link BANDWIDTH,LATENCY or "
                                         "--link {}:{}=BANDWIDTH,LATENCY",
                                         sender, receiver, sender, receiver));
    }
  }
}

/// "50.0 GB/s after 33.0 µs, 2 GPUs a card"
std::string link_text(const PoolLink& link) {
  std::string text = fmt::format("{} after {}", link.bandwidth, link.latency);
  if (link.accelerators_per_card > 1) text += fmt::format(", {} GPUs a card", link.accelerators_per_card);
  if (link.oversubscription > 1.0) text += fmt::format(", oversubscribed {:g} times", link.oversubscription);
  if (!link.overlaps) text += ", exposed";
  if (link.metadata > Seconds{}) text += fmt::format(", {} for metadata", link.metadata);
  if (link.staging > BytesPerSecond{}) text += fmt::format(", staged at {}", link.staging);
  if (link.reordering > BytesPerSecond{}) text += fmt::format(", reordered at {}", link.reordering);
  return text;
}

}  // namespace

void add_cluster_options(CLI::App& command, ClusterOptions& options) {
  const auto add = [&](const char* flag, std::vector<std::string>& values, const char* description) {
    return command.add_option(flag, values, description)->expected(1)->take_all();
  };
  add("--pool", options.pools, "Alike accelerators, and how many: h100-sxm:8; repeatable, each GPU once")
      ->type_name("GPU:N");
  add("--link", options.links,
      "What joins pools, and nodes within one: bandwidth of a card and latency, or an interconnect's name, then "
      "cards=2 (GPUs a card), oversubscription=2, exposed, metadata=5us, staging=20GBps, reordering=1TBps; "
      "FROM:TO= before it: in that direction only; repeatable")
      ->type_name("[FROM:TO=]400Gbps,33us|NAME[,KEY=…]");
  add("--price", options.prices, "Dollars an hour of one accelerator: h20=4.63; repeatable")
      ->type_name("GPU=DOLLARS");
  command
      .add_option("--prices", options.price_list,
                  "Prices of the pools without --price: a name of `opcost list prices` or a file")
      ->type_name("NAME|FILE");
}

std::vector<PoolCount> parse_pools(const ClusterOptions& options) {
  require_option(!options.pools.empty(), "--pool", "a GPU and a number such as h100-sxm:8");
  if (options.pools.size() > most_pools) {
    throw InputError(fmt::format("there are {} pools, expected at most {}", options.pools.size(), most_pools));
  }
  std::vector<PoolCount> pools;
  for (const std::string& text : options.pools) {
    const std::size_t colon = text.rfind(':');
    const auto number =
        colon == std::string::npos ? std::nullopt : positive_count(std::string_view(text).substr(colon + 1));
    if (!number || *number > most_of_pool || colon == 0) {
      throw InputError(
          fmt::format("--pool is '{}', expected GPU:N such as h100-sxm:8, N from 1 to {}", text, most_of_pool));
    }
    const std::string gpu = text.substr(0, colon);
    for (const PoolCount& earlier : pools) {
      if (earlier.gpu == gpu) throw InputError(fmt::format("--pool names {} twice, expected each GPU once", gpu));
    }
    pools.push_back({gpu, *number});
  }
  return pools;
}

std::vector<Pool> pools_of(const ClusterOptions& options, const std::vector<PoolCount>& counts,
                           const Deployment& deployment) {
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < counts.size(); ++i) pools.push_back({deployment.platform(i), counts[i].accelerators});
  set_prices(options, pools);
  return pools;
}

Cluster cluster_of(const ClusterOptions& options, const std::vector<Pool>& pools, bool joined) {
  Cluster cluster(pools);
  std::vector<GivenLink> links;
  for (const std::string& text : options.links) {
    links.push_back(LinkParser(pools, text).parse());
    for (std::size_t i = 0; i + 1 < links.size(); ++i) {
      if (links[i].pools != links.back().pools) continue;
      throw InputError(fmt::format("--link is '{}', expected one {}", text,
                                   links[i].pools ? "in each direction between two pools" : "for all pools"));
    }
  }
  for (const GivenLink& given : links) {
    if (!given.pools) cluster.connect_all(given.link);
  }
  for (const GivenLink& given : links) {
    if (given.pools) cluster.set_link(given.pools->first, given.pools->second, given.link);
  }
  if (joined) require_links(cluster);
  return cluster;
}

std::string pools_text(const Cluster& cluster) {
  std::vector<std::string> texts;
  for (const Pool& pool : cluster.pools()) {
    const std::string price =
        pool.dollars_per_hour > 0.0 ? fmt::format(" (${:.2f}/h)", pool.dollars_per_hour) : std::string();
    texts.push_back(fmt::format("{} x {}{}", pool.accelerators, pool_name(pool), price));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string links_text(const Cluster& cluster) {
  std::optional<PoolLink> first;
  bool alike = true;
  std::vector<std::string> texts;
  cluster.visit_links([&](std::size_t from, std::size_t to, const PoolLink& link) {
    alike = alike && link == first.value_or(link);
    first = link;
    texts.push_back(
        fmt::format("{} to {} {}", pool_name(cluster.pool(from)), pool_name(cluster.pool(to)), link_text(link)));
  });
  if (!first) return {};
  return "links: " + (alike ? link_text(*first) : fmt::format("{}", fmt::join(texts, "; ")));
}

Json pools_json(const Cluster& cluster) {
  Json json = Json::array();
  for (const Pool& pool : cluster.pools()) {
    json.push_back(
        {{"gpu", pool_name(pool)},
         {"calibration", pool.platform.calibration->name.view()},
         {"accelerators", pool.accelerators},
         {"accelerators_per_node", pool.platform.fabric.ranks_per_node},
         {"dollars_per_hour", pool.dollars_per_hour > 0.0 ? Json(pool.dollars_per_hour) : Json(nullptr)}});
  }
  return json;
}

Json links_json(const Cluster& cluster) {
  Json json = Json::array();
  cluster.visit_links([&](std::size_t from, std::size_t to, const PoolLink& link) {
    const auto or_null = [](double value) { return value > 0.0 ? Json(value) : Json(nullptr); };
    json.push_back({{"from", pool_name(cluster.pool(from))},
                    {"to", pool_name(cluster.pool(to))},
                    {"bytes_per_second", link.bandwidth.value},
                    {"latency_us", link.latency.value * 1e6},
                    {"accelerators_per_card", link.accelerators_per_card},
                    {"oversubscription", link.oversubscription},
                    {"overlaps", link.overlaps},
                    {"metadata_us", link.metadata.value * 1e6},
                    {"staging_bytes_per_second", or_null(link.staging.value)},
                    {"reordering_bytes_per_second", or_null(link.reordering.value)}});
  });
  return json;
}

}  // namespace opcost::program
