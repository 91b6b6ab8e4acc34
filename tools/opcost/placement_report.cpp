// SPDX-License-Identifier: Apache-2.0
#include "placement_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster_options.hpp"
#include "memory_options.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/plan_json.hpp"
#include "opcost/placement/plan_explanation.hpp"
#include "table.hpp"

namespace opcost::program {
namespace {

using Json = nlohmann::ordered_json;

constexpr double as_good = 1.0 + 1e-9;

std::string_view gpu_name(const Cluster& cluster, std::size_t pool) {
  return cluster.pool(pool).platform.accelerator->name.view();
}

double dollars_per_million_tokens(const Fleet& fleet) {
  return fleet.dollars_per_hour / 3600.0 / fleet.tokens_per_second * 1e6;
}

// what was asked

std::string workload_text(const Workload& workload) {
  if (!workload.prefills() && workload.output_tokens == 1) {
    return fmt::format("decodes at {} tokens of context", workload.longest_context());
  }
  std::vector<std::string> parts;
  if (workload.prefix_tokens > 0) parts.push_back(fmt::format("{} cached", workload.prefix_tokens));
  if (workload.prefills()) parts.push_back(fmt::format("{} new", workload.input_tokens));
  if (workload.decodes()) parts.push_back(fmt::format("{} output", workload.output_tokens));
  return fmt::format("requests of {} tokens", fmt::join(parts, " + "));
}

std::string targets_text(const Targets& targets) {
  std::vector<std::string> parts;
  if (std::isfinite(targets.time_to_first_token.value)) {
    parts.push_back(fmt::format("{} to the first token", targets.time_to_first_token));
  }
  if (std::isfinite(targets.time_per_output_token.value)) {
    parts.push_back(fmt::format("{} per output token", targets.time_per_output_token));
  }
  return parts.empty() ? "no limit on time" : fmt::format("at most {}", fmt::join(parts, ", "));
}

std::string_view objective_text(Objective objective) {
  switch (objective) {
    case Objective::throughput: break;
    case Objective::throughput_per_dollar: return "most tokens for a dollar";
    case Objective::throughput_per_joule: return "most tokens for a joule";
  }
  return "most tokens a second";
}

std::string head_text(const Placement& placement) {
  const PlacementTask& task = placement.task;
  const Deployment& deployment = task.deployment;
  const std::string links = links_text(task.cluster);
  return fmt::format("{}; {}; {}{}\n{}{}\n{}; {}; {}\n", deployment.model.name, deployment.precision_text(),
                     deployment.calibrations_text(),
                     deployment.system ? fmt::format("; {}", deployment.system->name) : std::string(),
                     pools_text(task.cluster), links.empty() ? "" : "; " + links, workload_text(task.workload),
                     targets_text(task.targets),
                     placement.given() ? "the plan given" : objective_text(task.objective));
}

// the levels

std::string accelerators_text(const Cluster& cluster, const AcceleratorCounts& counts) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < cluster.pools().size(); ++i) {
    if (counts[i] > 0) parts.push_back(fmt::format("{} {}", counts[i], gpu_name(cluster, i)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string or_dash(bool known, const std::string& text) { return known ? text : "–"; }

/// By the objective.
std::optional<double> gain(const Placement& placement, const Fleet& fleet) {
  if (!(placement.colocated_value > 0.0) || fleet.empty()) return std::nullopt;
  return fleet.value / placement.colocated_value;
}

Table level_table(const Placement& placement) {
  const PlacementTask& task = placement.task;
  std::vector<Table::Column> columns{{placement.given() ? "plan" : "level", false}, {"tokens/s"}};
  if (!placement.given()) columns.push_back({"gain"});
  if (task.has_prices()) columns.push_back({"$/Mtoken"});
  for (const char* heading : {"tokens/J", "TTFT", "TPOT"}) columns.push_back({heading});
  columns.push_back({"accelerators", false});
  Table table(columns);
  for (const PlacedLevel& level : placement.levels) {
    const Fleet& fleet = level.fleet;
    const bool found = !fleet.empty();
    const bool best = &level == &placement.best_level();
    const auto own_gain = gain(placement, fleet);
    std::vector<Cell> cells{
        level.name,
        {or_dash(found, significant(fleet.tokens_per_second, 4)), best ? Emphasis::strong : Emphasis::none}};
    if (!placement.given())
      cells.emplace_back(or_dash(own_gain.has_value(), fmt::format("{:.2f}", own_gain.value_or(0))));
    if (task.has_prices()) cells.emplace_back(or_dash(found, significant(dollars_per_million_tokens(fleet))));
    cells.emplace_back(or_dash(fleet.watts > 0.0, significant(fleet.tokens_per_second / fleet.watts)));
    const auto time = [](Seconds seconds) { return or_dash(seconds > Seconds{}, fmt::format("{}", seconds)); };
    cells.emplace_back(time(fleet.time_to_first_token));
    cells.emplace_back(time(fleet.time_per_output_token));
    cells.emplace_back(or_dash(found, accelerators_text(task.cluster, fleet.accelerators)));
    table.add_row(cells);
  }
  return table;
}

// the best level's parts

/// Whichever is shorter: "attention, local_attention" or "all but attention".
std::string blocks_text(const BlockLayers& layers, const LayerRange& range, std::size_t group) {
  std::vector<std::string_view> on;
  std::vector<std::string_view> off;
  for (std::size_t i = 0; i < placed_block_count; ++i) {
    const auto block = static_cast<Block>(i);
    if (layers[block] > 0) (range[block] == group ? on : off).push_back(name(block));
  }
  if (off.empty()) return "all";
  if (on.size() <= off.size()) return fmt::format("{}", fmt::join(on, ", "));
  return fmt::format("all but {}", fmt::join(off, ", "));
}

std::string blocks_text(const PlacedModel& model, const StagePlan& plan, std::size_t group) {
  if (plan.range_count == 1) return blocks_text(model.layers(), plan.ranges[0], group);
  std::vector<std::string> texts;
  std::int32_t first = 1;
  for (const LayerRange& range : plan.used_ranges()) {
    const std::string text = blocks_text(model.layers(), range, group);
    if (!text.empty()) texts.push_back(fmt::format("{} of layers {} to {}", text, first, first + range.layers - 1));
    first += range.layers;
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::string group_text(const Cluster& cluster, const AcceleratorGroup& group) {
  const Parallelism& ranks = group.parallelism;
  std::vector<std::string> degrees;
  for (const auto& [degree, what] :
       {std::pair{ranks.tensor, "tensor"}, std::pair{ranks.expert, "expert"}, std::pair{ranks.data, "data"}}) {
    if (degree > 1) degrees.push_back(fmt::format("{} {}", what, degree));
  }
  const std::string text =
      fmt::format("{} {}", group.accelerators(), gpu_name(cluster, static_cast<std::size_t>(group.pool)));
  return degrees.empty() ? text : fmt::format("{} ({})", text, fmt::join(degrees, ", "));
}

/// "memory 71 %, compute 20 %"
std::string waits_text(const ResourceTimes& waits) {
  std::vector<std::pair<double, std::string_view>> shares;
  for (std::size_t i = 0; i < resource_count; ++i) {
    const auto resource = static_cast<Resource>(i);
    const double share = waits[resource] / waits.total();
    if (share >= 0.05) shares.emplace_back(share, name(resource));
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> texts;
  for (const auto& [share, what] : shares) texts.push_back(fmt::format("{} {:.0f} %", what, 100.0 * share));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What keeps an instance from more.
struct Bottleneck {
  std::string_view kind;  ///< "group", "link", "round_trip" or "hand_over".
  std::size_t group = 0;
  std::size_t to_group = 0;
};

Bottleneck bottleneck_of(const Instance& instance) {
  const double steps = instance.step.requests * instance.plan.micro_batches / instance.estimate.period.value;
  if (instance.requests_per_second * as_good < steps) return {"hand_over"};
  const PipelineBound& bound = instance.estimate.bound;
  const auto from = static_cast<std::size_t>(bound.pool);
  switch (bound.limiter) {
    case PipelineLimiter::round_trip: break;
    case PipelineLimiter::pool: return {"group", from};
    case PipelineLimiter::link: return {"link", from, static_cast<std::size_t>(bound.to_pool)};
  }
  return {"round_trip"};
}

std::string bottleneck_text(const Cluster& cluster, const Instance& instance) {
  const Bottleneck found = bottleneck_of(instance);
  const auto gpu = [&](std::size_t group) {
    return gpu_name(cluster, static_cast<std::size_t>(instance.plan.groups[group].pool));
  };
  if (found.kind == "group") return fmt::format("group {} ({}) limits", found.group + 1, gpu(found.group));
  if (found.kind == "link") {
    return fmt::format("the link from group {} ({}) to group {} ({}) limits", found.group + 1, gpu(found.group),
                       found.to_group + 1, gpu(found.to_group));
  }
  if (found.kind == "hand_over") return "the hand-over of the cache limits";
  return "the round trip limits: groups and links rest in turn";
}

std::string part_text(const PlacementTask& task, std::size_t number, const FleetPart& part) {
  const Instance& instance = part.instance;
  const MicroBatch& batch = instance.step.micro_batch;
  std::vector<std::string> sequences;
  if (batch.decoding > 0) sequences.push_back(plural(batch.decoding, "decode"));
  if (batch.prompts > 0) {
    const bool whole = batch.prompt.query_tokens == task.workload.input_tokens;
    sequences.push_back(fmt::format("{} new tokens of {}", batch.prompts * std::int64_t{batch.prompt.query_tokens},
                                    whole ? plural(batch.prompts, "prompt") : "a prompt"));
  }
  const std::string batches =
      instance.plan.micro_batches == 1
          ? fmt::format("{}", fmt::join(sequences, " and "))
          : fmt::format("{} micro-batches of {}", instance.plan.micro_batches, fmt::join(sequences, " and "));
  const double requests = instance.requests_per_second * part.copies;
  const bool decodes_only = !task.workload.prefills();
  const std::string rate = decodes_only
                               ? fmt::format("{} tokens/s", significant(requests * task.workload.output_tokens, 4))
                               : fmt::format("{} requests/s", significant(requests));
  return fmt::format("part {}: {} x {}, {} in {}; {}; {}\n", number + 1, part.copies,
                     instance.phase == Phase::mixed ? "prefill and decode" : name(instance.phase), batches,
                     instance.estimate.period, rate, bottleneck_text(task.cluster, instance));
}

Table group_table(const PlacementTask& task, const std::vector<FleetPart>& parts) {
  Table table({{"part"},
               {"group"},
               {"accelerators", false},
               {"busy"},
               {"memory"},
               {"available"},
               {"waits for", false},
               {"blocks", false}});
  for (std::size_t number = 0; number < parts.size(); ++number) {
    const Instance& instance = parts[number].instance;
    const auto groups = explain(task.model, task.cluster, instance, task.policy);
    for (std::size_t i = 0; i < instance.plan.used_groups().size(); ++i) {
      table.add_row({fmt::format("{}", number + 1), fmt::format("{}", i + 1),
                     group_text(task.cluster, instance.plan.groups[i]),
                     fmt::format("{:.0f} %", 100.0 * groups[i].utilisation),
                     fmt::format("{}", groups[i].memory.total()), fmt::format("{}", groups[i].available),
                     waits_text(groups[i].waits), blocks_text(task.model, instance.plan, i)});
    }
  }
  return table;
}

// what would have to change

/// Of the links between pools, and between nodes of one.
std::string bandwidths_text(const Cluster& cluster) {
  BytesPerSecond least{std::numeric_limits<double>::infinity()};
  BytesPerSecond most{};
  cluster.visit_links([&](std::size_t /*from*/, std::size_t /*to*/, const PoolLink& link) {
    least = std::min(least, link.bandwidth, [](auto a, auto b) { return a < b; });
    most = std::max(most, link.bandwidth, [](auto a, auto b) { return a < b; });
  });
  return least == most ? fmt::format("{}", most) : fmt::format("{} to {}", least, most);
}

std::string flips_text(const Placement& placement) {
  const PlacementTask& task = placement.task;
  const std::string& best = placement.best_level().name;
  std::string text;
  for (const BandwidthFlip& flip : placement.bandwidths) {
    text += flip.from ? fmt::format("{} beats {} from {} of link on; you have {}.\n", best, flip.other, *flip.from,
                                    bandwidths_text(task.cluster))
                      : fmt::format("{} beats {} whatever the links' bandwidth.\n", best, flip.other);
  }
  for (const PriceFlip& flip : placement.prices) {
    text += fmt::format("Per dollar, {} {} {} while one {} costs {} than ${:.2f}/h; you pay ${:.2f}/h.\n", best,
                        flip.better ? "beats" : "would beat", flip.other, gpu_name(task.cluster, flip.pool),
                        flip.while_cheaper ? "less" : "more", flip.dollars_per_hour,
                        task.cluster.pool(flip.pool).dollars_per_hour);
  }
  return text;
}

/// Where a given plan does not hold.
std::string misses_text(const Placement& placement) {
  const PlacementTask& task = placement.task;
  const Fleet& fleet = placement.best_level().fleet;
  std::string text;
  const auto miss = [&](std::string_view flag, Seconds time, Seconds limit) {
    if (time > limit) text += fmt::format("The plan misses {}: {}, {} too many.\n", flag, time, time - limit);
  };
  miss("--ttft", fleet.time_to_first_token, task.targets.time_to_first_token);
  miss("--tpot", fleet.time_per_output_token, task.targets.time_per_output_token);
  for (std::size_t number = 0; number < fleet.parts.size(); ++number) {
    const Instance& instance = fleet.parts[number].instance;
    const auto groups = explain(task.model, task.cluster, instance, task.policy);
    for (std::size_t i = 0; i < instance.plan.used_groups().size(); ++i) {
      const Bytes missing = groups[i].memory.total() - groups[i].available;
      if (missing > Bytes{}) {
        text += fmt::format("Group {} of part {} does not fit: {} are missing on each of its GPUs.\n", i + 1,
                            number + 1, missing);
      }
    }
  }
  return text;
}

std::string notes(const Placement& placement) {
  const PlacementTask& task = placement.task;
  std::string text;
  if (!placement.given()) {
    for (const PlacedLevel& level : placement.levels) {
      if (level.fleet.empty()) text += fmt::format("{}: nothing keeps the targets.\n", level.name);
    }
  }
  if (task.workload.hands_over()) {
    double prefill = 0.0;
    double decode = 0.0;
    for (const FleetPart& part : placement.best_level().fleet.parts) {
      const double rate = part.instance.requests_per_second * part.copies;
      if (part.instance.phase == Phase::prefill) prefill += rate;
      if (part.instance.phase == Phase::decode) decode += rate;
    }
    if (prefill > 0.0) {
      text += fmt::format("Prefill could serve {} requests/s, decode {}: the fewer are served.\n",
                          significant(prefill), significant(decode));
    }
  }
  if (!task.workload.decodes()) text += "Tokens are those of prompts.\n";
  if (!task.deployment.system) text += "Host time is not in it: see --system.\n";
  return text + task.deployment.context_text(task.workload.longest_context());
}

// JSON

Json seconds_json(Seconds time) {
  return time > Seconds{} && std::isfinite(time.value) ? Json(time.value * 1e6) : Json(nullptr);
}

Json accelerators_json(const Cluster& cluster, const AcceleratorCounts& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < cluster.pools().size(); ++i) json[std::string(gpu_name(cluster, i))] = counts[i];
  return json;
}

Json level_json(const Placement& placement, const PlacedLevel& level) {
  const Fleet& fleet = level.fleet;
  const bool found = !fleet.empty();
  const auto number = [&](bool known, double value) { return found && known ? Json(value) : Json(nullptr); };
  const auto own_gain = gain(placement, fleet);
  Json json;
  json["level"] = level.name;
  json["keeps_targets"] = found && keeps(placement.task.targets, fleet);
  json["requests_per_second"] = number(true, fleet.requests_per_second);
  json["tokens_per_second"] = number(true, fleet.tokens_per_second);
  json["gain"] = own_gain ? Json(*own_gain) : Json(nullptr);
  json["dollars_per_hour"] = number(placement.task.has_prices(), fleet.dollars_per_hour);
  json["dollars_per_million_tokens"] = number(placement.task.has_prices(), dollars_per_million_tokens(fleet));
  json["tokens_per_joule"] = number(fleet.watts > 0.0, fleet.tokens_per_second / fleet.watts);
  json["time_to_first_token_us"] = seconds_json(fleet.time_to_first_token);
  json["time_per_output_token_us"] = seconds_json(fleet.time_per_output_token);
  json["accelerators"] = accelerators_json(placement.task.cluster, fleet.accelerators);
  return json;
}

Json estimate_json(const PlacementTask& task, const Instance& instance) {
  const PlanEstimate& estimate = instance.estimate;
  const Bottleneck bottleneck = bottleneck_of(instance);
  Json json;
  json["requests_per_second"] = instance.requests_per_second;
  json["period_us"] = estimate.period.value * 1e6;
  json["round_trip_us"] = estimate.round_trip.value * 1e6;
  json["bound_us"] = estimate.bound.period.value * 1e6;
  json["time_to_first_token_us"] = seconds_json(instance.time_to_first_token);
  json["time_per_output_token_us"] = seconds_json(instance.time_per_output_token);
  json["limited_by"] = bottleneck.kind;
  json["limiting_groups"] = Json::array();
  if (bottleneck.kind == "group" || bottleneck.kind == "link") json["limiting_groups"].push_back(bottleneck.group);
  if (bottleneck.kind == "link") json["limiting_groups"].push_back(bottleneck.to_group);
  json["groups"] = Json::array();
  const auto groups = explain(task.model, task.cluster, instance, task.policy);
  for (std::size_t i = 0; i < instance.plan.used_groups().size(); ++i) {
    const GroupExplanation& group = groups[i];
    Json waits = Json::object();
    for (std::size_t r = 0; r < resource_count; ++r) {
      const auto resource = static_cast<Resource>(r);
      waits[std::string(name(resource))] = group.waits[resource].value * 1e6;
    }
    json["groups"].push_back({{"busy_us", group.busy.value * 1e6},
                              {"utilisation", group.utilisation},
                              {"waits_us", waits},
                              {"weights_bytes", group.memory.weights.value},
                              {"kv_cache_bytes", group.memory.kv_cache.value},
                              {"recurrent_state_bytes", group.memory.recurrent_state.value},
                              {"activations_bytes", group.memory.activations.value},
                              {"reserve_bytes", group.memory.reserve.value},
                              {"available_bytes", group.available.value},
                              {"fits", group.memory.total() <= group.available}});
  }
  return json;
}

Json explanation_json(const Placement& placement) {
  Json json;
  json["bandwidths"] = Json::array();
  for (const BandwidthFlip& flip : placement.bandwidths) {
    json["bandwidths"].push_back(
        {{"beats", flip.other}, {"from_bytes_per_second", flip.from ? Json(flip.from->value) : Json(nullptr)}});
  }
  json["prices"] = Json::array();
  for (const PriceFlip& flip : placement.prices) {
    json["prices"].push_back({{"beats", flip.other},
                              {"gpu", gpu_name(placement.task.cluster, flip.pool)},
                              {"while", flip.while_cheaper ? "below" : "above"},
                              {"dollars_per_hour", flip.dollars_per_hour},
                              {"now", flip.better}});
  }
  return json;
}

/// Fleets to compare the best one with: what serves everything on one group, and the next best that differs.
std::vector<const PlacedLevel*> others_of(const std::vector<PlacedLevel>& levels, std::size_t best) {
  std::vector<const PlacedLevel*> others;
  const PlacedLevel* next = nullptr;
  for (std::size_t i = 0; i < best; ++i) {
    if (levels[i].fleet.empty()) continue;
    if (others.empty()) others.push_back(&levels[i]);
    if (!next || levels[i].fleet.value > next->fleet.value * as_good) next = &levels[i];
  }
  if (next && next != others.front()) others.push_back(next);
  return others;
}

void compare(Placement& placement, const PlacedLevel& other) {
  const PlacementTask& task = placement.task;
  const Fleet& best = placement.best_level().fleet;
  placement.bandwidths.push_back(
      {other.name, bandwidth_to_reach(task.model, task.workload, task.targets, task.cluster, best, task.objective,
                                      other.fleet.value)});
  if (!task.has_prices()) return;
  const double own = best.tokens_per_second / best.dollars_per_hour;
  const double others = other.fleet.tokens_per_second / other.fleet.dollars_per_hour;
  if (own == others) return;
  for (std::size_t pool = 0; pool < task.cluster.pools().size(); ++pool) {
    const auto price = price_to_match(task.cluster, best, other.fleet, pool);
    if (!price) continue;
    const bool better = own > others;
    const bool cheaper_now = task.cluster.pool(pool).dollars_per_hour < *price;
    placement.prices.push_back({other.name, pool, *price, better, better == cheaper_now});
  }
}

}  // namespace

bool PlacementTask::has_prices() const noexcept {
  return std::all_of(cluster.pools().begin(), cluster.pools().end(),
                     [](const Pool& pool) { return pool.dollars_per_hour > 0.0; });
}

Placement placement_of(const PlacementTask& task, std::vector<PlacedLevel> levels, double colocated_value) {
  Placement placement{task, std::move(levels), colocated_value};
  for (std::size_t i = 0; i < placement.levels.size(); ++i) {
    if (placement.levels[i].fleet.value > placement.best_level().fleet.value * as_good) placement.best = i;
  }
  if (placement.given()) return placement;
  for (const PlacedLevel* other : others_of(placement.levels, placement.best)) compare(placement, *other);
  return placement;
}

std::string question_text(const PlacementTask& task) {
  std::string text =
      fmt::format("{}; {}; {}", workload_text(task.workload), task.deployment.data_type, pools_text(task.cluster));
  if (const std::string links = links_text(task.cluster); !links.empty()) text += "; " + links;
  if (task.targets != Targets{}) text += "; " + targets_text(task.targets);
  return text;
}

std::string fleet_text(const Cluster& cluster, const Fleet& fleet) {
  std::vector<std::string> parts;
  for (const FleetPart& part : fleet.parts) {
    std::vector<std::string> groups;
    for (const AcceleratorGroup& group : part.instance.plan.used_groups()) {
      groups.push_back(
          fmt::format("{} {}", group.accelerators(), gpu_name(cluster, static_cast<std::size_t>(group.pool))));
    }
    parts.push_back(fmt::format("{} x {} on {}", part.copies, name(part.instance.phase), fmt::join(groups, " + ")));
  }
  return fmt::format("{} tokens/s: {}", significant(fleet.tokens_per_second, 4), fmt::join(parts, ", "));
}

std::string placement_text(const Placement& placement) {
  const PlacementTask& task = placement.task;
  const std::vector<FleetPart>& parts = placement.best_level().fleet.parts;
  const bool colour = colour_wanted();
  std::string text = head_text(placement) + "\n" + level_table(placement).render(TableFormat::text, colour) + "\n";
  if (!placement.given()) text += fmt::format("{}:\n", placement.best_level().name);
  for (std::size_t i = 0; i < parts.size(); ++i) text += part_text(task, i, parts[i]);
  text += "\n" + group_table(task, parts).render(TableFormat::text, colour) + "\n";
  return text + (placement.given() ? misses_text(placement) : flips_text(placement)) + notes(placement);
}

Json placement_json(const Placement& placement) {
  const PlacementTask& task = placement.task;
  const Deployment& deployment = task.deployment;
  Json json;
  json["schema"] = plan_schema;
  json["model"] = deployment.model.name.view();
  json["dtype"] = deployment.data_type;
  json["kv_dtype"] = deployment.cache_type;
  json["system"] = deployment.system ? Json(deployment.system->name.view()) : Json(nullptr);
  json["cuda_graph"] = deployment.conditions.cuda_graph;
  json["pools"] = pools_json(task.cluster);
  json["links"] = links_json(task.cluster);
  json["workload"] = {{"prefix_tokens", task.workload.prefix_tokens},
                      {"input_tokens", task.workload.input_tokens},
                      {"output_tokens", task.workload.output_tokens}};
  json["targets"] = {{"time_to_first_token_us", seconds_json(task.targets.time_to_first_token)},
                     {"time_per_output_token_us", seconds_json(task.targets.time_per_output_token)}};
  json["objective"] = name(task.objective);
  json["policy"] = policy_json(task.policy);
  json["levels"] = Json::array();
  for (const PlacedLevel& level : placement.levels) json["levels"].push_back(level_json(placement, level));
  json["level"] = placement.best_level().name;
  json["parts"] = Json::array();
  for (const FleetPart& part : placement.best_level().fleet.parts) {
    const Instance& instance = part.instance;
    Json entry =
        plan_json(deployment.model, task.cluster, {instance.phase, part.copies, instance.plan, instance.step});
    entry["estimate"] = estimate_json(task, instance);
    json["parts"].push_back(entry);
  }
  json["explanation"] = explanation_json(placement);
  return json;
}

}  // namespace opcost::program
