// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/mathematics.hpp"
#include "opcost/operation/activation.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/expert_routing.hpp"
#include "opcost/operation/grouped_projection.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How far a mixture of experts is fused: which of its intermediate tensors cross device memory.
enum class ExpertFusion : std::uint8_t {
  separate,    ///< A kernel for each part, as the Triton and CUTLASS layers of vLLM and SGLang: all of them.
  activation,  ///< The activation ends the first projection: only its result does.
  layer        ///< One kernel: none does, and hidden states are read once a token. The least possible.
};

/// The routed experts of a feed-forward block, on the busiest rank of an expert-parallel group: for each token and
/// chosen expert an up (and gate) projection, the activation and the down projection; then the weighted sum over a
/// token's experts. Without the gate's own projection, its top-k, shared experts and communication, which are
/// operations of their own (LinearProjection, ExpertGate, Collective).
///
///   up projection    a GroupedProjection hidden → intermediate, or 2 · intermediate if gated
///   activation       rows · intermediate, quantised on the way out to the activation's format
///   down projection  a GroupedProjection intermediate → hidden
///   weighted sum     2 vector FLOPs a row and hidden element; reads the rows and an fp32 weight each, writes the hidden
///                    state of every token that has a row here
///
/// `routing.tokens` are those of the whole group, `routing.experts` all experts, `intermediate_size` is this
/// tensor-parallel rank's shard. Tokens with a row on a rank that gets the share s of all rows:
/// T · (1 − Π_{i<k} (1 − s·E/(E − i))), for even routing the hypergeometric T · (1 − C(E−n, k)/C(E, k)); at least the
/// rows over the most that a token can have there, min(k, n), and at most the rows.
template <LinearPrecision P = RuntimeLinearPrecision>
struct MixtureOfExperts {
  static constexpr std::string_view kind = "mixture_of_experts";

  ExpertRouting routing{};
  std::int32_t hidden_size = 1;
  std::int32_t intermediate_size = 1;
  bool gated = true;
  ActivationFunction function = ActivationFunction::silu;
  ExpertFusion fusion = ExpertFusion::separate;
  [[no_unique_address]] P precision{};
  /// The rank has the rows that were sent to it (an ExpertExchange's), not every token of the group. The cost is the
  /// same; kernels that run over all tokens' rows then run over the rank's.
  bool dispatched = false;

  constexpr GroupedProjection<P> up_projection() const noexcept {
    return {routing, hidden_size, (gated ? 2 : 1) * intermediate_size, {}, precision};
  }
  constexpr GroupedProjection<P> down_projection() const noexcept {
    return {routing, intermediate_size, hidden_size, {}, precision};
  }

  /// Tokens with at least one row on a rank with so many rows.
  constexpr double tokens_with_rows(double rows) const noexcept {
    if (routing.tokens <= 0) return 0.0;
    const double share = rows / (double(routing.tokens) * routing.top_k);
    double none = 1.0;
    for (std::int32_t i = 0; i < routing.top_k; ++i) {
      const double chosen = share * routing.experts / (routing.experts - i);
      none *= chosen < 1.0 ? 1.0 - chosen : 0.0;
    }
    const double most_rows = mathematics::smaller(routing.top_k, routing.experts_per_rank());  // of a token here
    return mathematics::clamped(routing.tokens * (1.0 - none), rows / most_rows,
                                mathematics::smaller(rows, routing.tokens));
  }

  /// Of the activation, an intermediate row for each row of the rank.
  constexpr Cost activation_cost(const RankLoad& load) const noexcept {
    return Activation<>{1, intermediate_size, function, gated, {precision.output, precision.activation}}.cost() *
           load.rows;
  }
  /// Of the weighted sum.
  constexpr Cost sum_cost(const RankLoad& load) const noexcept {
    Cost sum;
    const Bytes row = tensor_bytes(precision.output, 1, hidden_size);
    sum.vector_flops = {2.0 * load.rows * hidden_size};
    sum.activation_read = load.rows * (row + Bytes{4.0});
    sum.activation_write = tokens_with_rows(load.rows) * row;
    return sum;
  }

  /// Exact counts of the rank's load. Does not throw, allocate or lock.
  constexpr Cost cost(const RankLoad& load) const noexcept {
    Cost up = up_projection().cost(load);
    Cost down = down_projection().cost(load);
    Cost between = activation_cost(load);
    Cost sum = sum_cost(load);
    if (fusion != ExpertFusion::separate) up.activation_write = between.activation_read = {};
    if (fusion == ExpertFusion::layer) {
      up.activation_read = tokens_with_rows(load.rows) * tensor_bytes(precision.activation, 1, hidden_size);
      between.activation_write = down.activation_read = down.activation_write = {};
      sum.activation_read = load.rows * Bytes{4.0};
    }
    return up + between + down + sum;
  }

  /// Exact counts of the expected load. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept { return cost(busiest_rank(routing)); }

  /// The type in which the tensor cores multiply: the wider of activation and weight.
  constexpr DataType compute_type() const noexcept { return up_projection().compute_type(); }

  /// A routing as ExpertRouting wants it, positive sizes.
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(routing.violation(), detail::require_positive("hidden_size", hidden_size),
                            detail::require_positive("intermediate_size", intermediate_size));
  }

  friend constexpr bool operator==(const MixtureOfExperts&, const MixtureOfExperts&) noexcept = default;
};

}  // namespace opcost
