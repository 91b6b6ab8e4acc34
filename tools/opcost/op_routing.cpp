// SPDX-License-Identifier: Apache-2.0
#include "op_routing.hpp"

#include <algorithm>
#include <charconv>

#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

/// The fewest tokens from which 99 % of the experts have a row, or 0 if even the largest batch does not get there.
std::int32_t tokens_for_all_experts(ExpertRouting routing) {
  const auto all_active = [&routing](std::int32_t tokens) {
    routing.tokens = tokens;
    return distinct_experts(routing) >= 0.99 * routing.experts;
  };
  if (!all_active(largest_size)) return 0;
  std::int32_t below = 0;
  std::int32_t first = largest_size;
  while (first - below > 1) {
    const std::int32_t middle = below + (first - below) / 2;
    (all_active(middle) ? first : below) = middle;
  }
  return first;
}

std::string distinct_experts_formula(const ExpertRouting& routing) {
  if (routing.kind == RoutingKind::uniform) return "experts × (1 − (1 − top-k / experts)^tokens)";
  if (routing.kind == RoutingKind::balanced) return "min(experts, rows), as evenly as can be";
  if (routing.kind == RoutingKind::near_balanced) return "experts with a row, loads within 30 % of their mean";
  return "experts with a row, loads ~ x^−exponent";
}

std::string distinct_experts_numbers(const ExpertRouting& routing) {
  const std::int32_t e = routing.experts;
  if (routing.kind == RoutingKind::uniform) {
    return fmt::format("{} × (1 − (1 − {} / {})^{})", e, routing.top_k, e, routing.tokens);
  }
  if (routing.kind == RoutingKind::balanced) return fmt::format("min({}, {})", e, routing.rows());
  if (routing.kind == RoutingKind::near_balanced) {
    return fmt::format("mean {} / {}", count_text(routing.rows()), e);
  }
  return fmt::format("exponent {:g}", routing.exponent);
}

}  // namespace

std::vector<SizeOption> routing_sizes(RoutingOptions& options) {
  ExpertRouting& routing = options.routing;
  return {{"--tokens", "tokens", &routing.tokens, "Tokens of the whole expert-parallel group"},
          {"--experts", "experts", &routing.experts, "Routed experts, of all ranks"},
          {"--top-k", "top_k", &routing.top_k, "Experts that each token chooses"},
          {"--ep", "ranks", &routing.ranks, "Ranks that the experts are spread over (default: 1)", false}};
}

void add_routing_options(CLI::App& command, RoutingOptions& options) {
  add_choice(command, "--routing", options.routing_name, "How tokens choose experts (default: uniform)",
             {"uniform", "balanced", "near_balanced", "power_law"});
  command
      .add_option_function<std::string>(
          "--exponent",
          [&options](const std::string& text) {
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), options.exponent, std::chars_format::fixed);
            if (error != std::errc{} || end != text.data() + text.size() || !(options.exponent > 0.0)) {
              throw InputError(fmt::format("--exponent is '{}', expected a positive number up to 8", text));
            }
          },
          "With --routing power_law: how uneven, from 0 (even) to 8; public benchmarks use 1.01 and 1.2")
      ->type_name("X");
}

ExpertRouting routing_of(const RoutingOptions& options) {
  ExpertRouting routing = options.routing;
  constexpr std::int32_t most_experts = 1 << 16;
  if (routing.experts > most_experts) {
    throw InputError(fmt::format("--experts is {}, expected at most {}", routing.experts, most_experts));
  }
  routing.kind = *routing_kind_named(options.routing_name);
  const bool power_law = routing.kind == RoutingKind::power_law;
  require_option(!power_law || options.exponent != 0.0, "--exponent", "a positive number up to 8");
  if (!power_law && options.exponent != 0.0) {
    throw InputError(fmt::format("--exponent is {:g}, expected only with --routing power_law", options.exponent));
  }
  if (options.exponent > 8.0) {
    throw InputError(fmt::format("--exponent is {:g}, expected a positive number up to 8", options.exponent));
  }
  routing.exponent = options.exponent;
  return routing;
}

std::string routing_text(const ExpertRouting& routing) {
  const std::string kind =
      routing.kind == RoutingKind::power_law       ? fmt::format("power-law routing ({:g})", routing.exponent)
      : routing.kind == RoutingKind::near_balanced ? std::string("near-balanced routing")
                                                   : fmt::format("{} routing", name(routing.kind));
  return fmt::format("{} tokens, top-{} of {} experts{}, {}", routing.tokens, routing.top_k, routing.experts,
                     routing.ranks > 1 ? fmt::format(" on {} ranks", routing.ranks) : "", kind);
}

void add_routing_formulas(Explanation& explanation, const ExpertRouting& routing, const RankLoad& load) {
  constexpr double tile_rows = 64.0;
  const double touched = distinct_experts(routing);
  const double tiles = load.tiles(tile_rows);
  const double largest = largest_expert_rows(routing);
  const bool spread = routing.ranks > 1;
  add_formula(explanation, spread ? "rows, all ranks" : "rows", "tokens × top-k",
              product(routing.tokens, routing.top_k), routing.rows());
  add_formula(explanation, spread ? "experts touched, all" : "experts touched", distinct_experts_formula(routing),
              distinct_experts_numbers(routing), touched);
  if (spread) {
    add_formula(explanation, "rows, busiest rank", "expected maximum over the ranks",
                fmt::format("the mean is {}", count_text(routing.rows() / routing.ranks)), load.rows);
    add_formula(explanation, "experts touched there", "experts with a row",
                fmt::format("of {} / {}", routing.experts, routing.ranks), load.active_experts);
  }
  add_formula(explanation, "rows an expert", "rows / experts touched",
              fmt::format("{} / {}", count_text(load.rows), count_text(load.active_experts)),
              load.rows / load.active_experts);
  add_formula(explanation, "rows, busiest expert", "expected maximum over the experts", "", largest);
  add_formula(explanation, "tiles of 64 rows", "sum over experts of ⌈rows / 64⌉",
              fmt::format("{:.0f} % of their rows used", 100.0 * load.rows / (tiles * tile_rows)), tiles);
  explanation.details = {{"rows", routing.rows()},
                         {"experts_touched", touched},
                         {"busiest_rank_rows", load.rows},
                         {"busiest_rank_experts_touched", load.active_experts},
                         {"rows_per_expert", load.rows / load.active_experts},
                         {"busiest_expert_rows", largest},
                         {"tiles_of_64_rows", tiles}};
}

void add_routing_reasons(Explanation& explanation, const ExpertRouting& routing, double expert_elements,
                         Bytes expert_weight) {
  const RankLoad load = busiest_rank(routing);
  const double rows = load.rows / load.active_experts;
  const double bytes_per_weight = expert_weight.value / expert_elements;
  const double experts = routing.experts_per_rank();
  std::vector<std::string>& reasons = explanation.reasons;

  reasons.push_back(fmt::format(
      "{} token{} × {} experts are {} rows. {}{} of {} experts are touched, and each one's {} of weights is read "
      "for "
      "{} rows.",
      routing.tokens, routing.tokens == 1 ? "" : "s", routing.top_k, count_text(routing.rows()),
      routing.ranks > 1
          ? fmt::format("The busiest of {} ranks gets {} of them. ", routing.ranks, count_text(load.rows))
          : "",
      count_text(load.active_experts), count_text(experts), expert_weight, count_text(rows)));
  std::string ridges;
  for (const Accelerator& accelerator : explanation.accelerators) {
    const RooflineBound bound = roofline_bound(explanation.cost, explanation.compute_type, accelerator);
    ridges += fmt::format("{}{} {}", ridges.empty() ? "" : ", ", accelerator.name, bound.ridge_point);
  }
  reasons.push_back(
      fmt::format("Rows per expert is what counts: a weight takes {} B and serves 2 FLOPs a row, so 2 × {} / {} = "
                  "{} FLOP/B; with "
                  "activations {}. The ridge: {}.",
                  significant(bytes_per_weight), count_text(rows), significant(bytes_per_weight),
                  significant(2.0 * rows / bytes_per_weight), explanation.cost.arithmetic_intensity(), ridges));

  ExpertRouting twice = routing;
  twice.tokens = std::min(2 * routing.tokens, largest_size);
  const RankLoad doubled = busiest_rank(twice);
  const double weights = doubled.active_experts / load.active_experts;
  const std::string growth =
      fmt::format("twice the tokens read {}× the weights and bring {}× the rows per expert.", significant(weights),
                  significant(doubled.rows / doubled.active_experts / rows));
  const std::int32_t all = tokens_for_all_experts(routing);
  if (weights > 1.05) {
    const double grown =
        explanation.cost.arithmetic_intensity() / explanation.cost_at_size(1).arithmetic_intensity();
    reasons.push_back(fmt::format(
        "More tokens touch more experts, so the intensity falls behind them: {}{}",
        routing.tokens > 1 ? fmt::format("since 1 token it grew {}×, not {}×; ", significant(grown), routing.tokens)
                           : "",
        growth));
    if (all > routing.tokens) {
      reasons.push_back(fmt::format(
          "From {} tokens on 99 % of the experts are touched; from there on rows per expert grow with the tokens.",
          all));
    }
  } else {
    reasons.push_back("More tokens touch hardly any further expert, so rows per expert grow with them: " + growth);
  }
  explanation.note_at_size = [routing](std::int32_t tokens) {
    ExpertRouting other = routing;
    other.tokens = tokens;
    const RankLoad there = busiest_rank(other);
    return fmt::format("{} rows per expert", significant(there.rows / there.active_experts));
  };
}

}  // namespace opcost::program
