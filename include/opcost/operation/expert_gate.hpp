// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/logit_precision.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How router logits become expert weights. `softmax_of_selected` chooses by logit and takes the softmax of the
/// chosen ones (Mixtral, gpt-oss); the others score every expert first.
enum class GateScoring : std::uint8_t { softmax, sigmoid, softmax_of_selected };

namespace detail {

/// Comparisons that find the `chosen` largest of `candidates` by repeated maximum, each among those left:
/// Σ_{i<chosen} (candidates − 1 − i).
constexpr double selection_comparisons(double candidates, double chosen) noexcept {
  return 0.5 * chosen * (2.0 * candidates - chosen - 1.0);
}

}  // namespace detail

/// The choice of experts in a mixture of experts, from router logits[tokens, experts] to the ids and weights of
/// `experts_per_token` = k; the router's matrix product is a LinearProjection. A token takes, with E experts in G
/// groups of g:
///
///   softmax              4E − 2 FLOPs, E exponentials: maximum (E − 1), subtract, sum (E − 1), divide
///   sigmoid              2E FLOPs, E exponentials: 1/(1 + e^−x)
///   softmax_of_selected  3k − 1 FLOPs, k exponentials: the maximum is known
///   selection bias       E additions; the bias serves the choice only, and is read once, 4 bytes an expert
///   groups (G > 1)       a group's score is its maximum (g − 1 comparisons; DeepSeek-V2), or with a selection
///                        bias the sum of its two largest (2g − 3, and an addition; DeepSeek-V3); then groups are
///                        chosen
///   choices              by repeated maximum: Σ_{i<k} (n − 1 − i) comparisons for k of n
///   normalised           2k − 1: k − 1 additions, k divisions; nothing more after softmax_of_selected
///   scaled               k multiplications
///   reads, writes        the logits; an id and a weight of 4 bytes each for every chosen expert
///
/// Sources: arXiv 2401.04088 section 2.1, 2405.04434 section 2.2.2, 2412.19437 section 2.1.2; vLLM's topk_softmax
/// and grouped_topk, which keep a token's scores in registers.
template <LogitPrecision P = RuntimeLogitPrecision>
struct ExpertGate {
  static constexpr std::string_view kind = "expert_gate";

  std::int32_t tokens = 1;
  std::int32_t experts = 1;
  std::int32_t experts_per_token = 1;
  std::int32_t groups = 1;
  std::int32_t groups_per_token = 1;  ///< Groups that a token's experts may come from.
  GateScoring scoring = GateScoring::softmax;
  bool selection_bias = false;
  bool normalised = false;
  bool scaled = false;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const double e = experts;
    const double k = experts_per_token;
    const bool of_selected = scoring == GateScoring::softmax_of_selected;
    double flops = of_selected ? 3.0 * k - 1.0 : scoring == GateScoring::softmax ? 4.0 * e - 2.0 : 2.0 * e;
    double candidates = e;
    if (selection_bias) flops += e;
    if (groups > 1) {
      const double size = e / groups;
      const double group_score = selection_bias ? detail::selection_comparisons(size, 2.0) + 1.0
                                                : detail::selection_comparisons(size, 1.0);
      flops += groups * group_score + detail::selection_comparisons(groups, groups_per_token);
      candidates = groups_per_token * size;
    }
    flops += detail::selection_comparisons(candidates, k);
    if (normalised && !of_selected) flops += 2.0 * k - 1.0;
    if (scaled) flops += k;
    Cost cost;
    cost.vector_flops = {tokens * flops};
    cost.exponentials = tokens * (of_selected ? k : e);
    if (selection_bias) cost.weight_read = {4.0 * e};
    cost.activation_read = tensor_bytes(precision.logits, tokens, experts);
    cost.activation_write = {8.0 * tokens * k};
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  /// All positive; the groups divide the experts, and a token's groups hold its experts; groups under a selection
  /// bias have at least two experts.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto positive = detail::first_of(
        detail::require_positive("tokens", tokens), detail::require_positive("experts", experts),
        detail::require_positive("experts_per_token", experts_per_token),
        detail::require_positive("groups", groups), detail::require_positive("groups_per_token", groups_per_token));
    if (positive) return positive;
    if (experts % groups != 0) return Violation{"groups", double(groups), "a divisor of experts"};
    if (groups_per_token > groups) {
      return Violation{"groups_per_token", double(groups_per_token), "at most groups"};
    }
    if (experts_per_token > groups_per_token * (experts / groups)) {
      return Violation{"experts_per_token", double(experts_per_token), "at most the experts of a token's groups"};
    }
    if (selection_bias && groups > 1 && experts / groups < 2) {
      return Violation{"groups", double(groups), "groups of at least two experts"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const ExpertGate&, const ExpertGate&) noexcept = default;
};

}  // namespace opcost
