// SPDX-License-Identifier: Apache-2.0
//
// Communication between ranks: what each must send, receive, add up and touch in memory, before any link or library
// enters; and the collectives that tensor and expert parallelism ask for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Who sends what to whom. In `point_to_point` every rank sends to the next and receives from the one before, as
/// pipeline stages do.
enum class CollectiveKind : std::uint8_t { all_reduce, reduce_scatter, all_gather, all_to_all, point_to_point };

inline constexpr std::size_t collective_kind_count = 5;

namespace detail {
inline constexpr std::array<std::string_view, collective_kind_count> collective_kind_names{
    "all_reduce", "reduce_scatter", "all_gather", "all_to_all", "point_to_point"};
}  // namespace detail

/// "all_reduce", "reduce_scatter", …
constexpr std::string_view name(CollectiveKind kind) noexcept {
  return detail::collective_kind_names[static_cast<std::size_t>(kind)];
}

/// The kind of that name, or nothing.
constexpr std::optional<CollectiveKind> collective_kind_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < collective_kind_count; ++i) {
    if (detail::collective_kind_names[i] == text) return static_cast<CollectiveKind>(i);
  }
  return std::nullopt;
}

/// A collective over n ranks. `bytes` is S, the longer of a rank's input and output, as nccl-tests counts it:
///
///                   S is                                    a rank's port, in its busier direction
///   all_reduce      the vector that each has and gets       2S·(n−1)/n; S if the switch adds
///   reduce_scatter  the vector that each has (gets S/n)     S·(n−1)/n
///   all_gather      the vector that each gets (has S/n)     S·(n−1)/n
///   all_to_all      what each has for all, itself included  S·(n−1)/n
///   point_to_point  what each sends to the next             S
///
/// These are minima: those of Patarasu and Yuan (2009, "Bandwidth optimal all-reduce algorithms for clusters of
/// workstations") where ranks add, and where a switch adds, that every rank's data must leave it once. Rings reach
/// them. One rank moves nothing, and zero bytes cost nothing. All counts are of one rank.
struct Collective {
  static constexpr std::string_view kind = "collective";

  CollectiveKind pattern = CollectiveKind::all_reduce;
  std::int32_t ranks = 1;
  Bytes bytes{};
  DataType element = DataType::bf16;  ///< Of what is added up; without effect where nothing is.
  std::int32_t stride = 1;            ///< Ranks of the deployment from one member to the next.

  /// Whether ranks add up what they receive.
  constexpr bool reduces() const noexcept {
    return pattern == CollectiveKind::all_reduce || pattern == CollectiveKind::reduce_scatter;
  }

  /// Whether NVLink SHARP of the H100 generation can add the elements in the switch: floating point of 16 bits or
  /// more (PTX ISA, multimem.ld_reduce on sm_90).
  constexpr bool summed_in_switch() const noexcept {
    return pattern == CollectiveKind::all_reduce && element != DataType::int8 && bytes_per_element(element) >= 2.0;
  }

  /// The least that must pass a rank's port in its busier direction. `in_switch`: switches add up and multiply
  /// copies, so that an all-reduce sends S and receives S (for the others, one direction keeps its bytes).
  constexpr Bytes port_bytes(bool in_switch = false) const noexcept {
    if (ranks <= 1) return {};
    if (pattern == CollectiveKind::point_to_point) return bytes;
    if (pattern == CollectiveKind::all_reduce) return in_switch ? bytes : 2.0 * others();
    return others();
  }

  /// What the ports of all ranks send together: n times a rank's.
  constexpr Bytes total_bytes(bool in_switch = false) const noexcept { return port_bytes(in_switch) * ranks; }

  /// Additions, at one an element received; none if the switch adds.
  constexpr Flops reduction_flops(bool in_switch = false) const noexcept {
    if (ranks <= 1 || !reduces() || in_switch) return {};
    return {others().value / bytes_per_element(element)};
  }

  /// Messages one after the other on a ring: n−1, twice for an all-reduce, one for point to point.
  constexpr std::int32_t ring_steps() const noexcept {
    if (ranks <= 1 || !(bytes.value > 0.0)) return 0;
    if (pattern == CollectiveKind::point_to_point) return 1;
    return pattern == CollectiveKind::all_reduce ? 2 * (ranks - 1) : ranks - 1;
  }

  /// What nccl-tests prints as bus bandwidth: the port bytes of a ring over the time.
  constexpr BytesPerSecond bus_bandwidth(Seconds time) const noexcept { return port_bytes() / time; }

  /// The additions, and the least traffic with the device's memory: in place, and partial sums never leave the
  /// chip. Sent once, received once: all-reduce S and S, reduce-scatter S and S/n, all-gather S/n and S·(n−1)/n,
  /// all-to-all S·(n−1)/n both ways, point to point S and S. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    Cost cost;
    if (ranks <= 1) return cost;
    cost.vector_flops = reduction_flops();
    const Bytes block = bytes / double(ranks);
    switch (pattern) {
      case CollectiveKind::all_reduce:
      case CollectiveKind::point_to_point:
        cost.activation_read = bytes;
        cost.activation_write = bytes;
        break;
      case CollectiveKind::reduce_scatter:
        cost.activation_read = bytes;
        cost.activation_write = block;
        break;
      case CollectiveKind::all_gather:
        cost.activation_read = block;
        cost.activation_write = others();
        break;
      case CollectiveKind::all_to_all:
        cost.activation_read = others();
        cost.activation_write = others();
        break;
    }
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  /// At least one rank, a positive stride; bytes finite and not negative.
  constexpr std::optional<Violation> violation() const noexcept {
    if (const auto found = detail::require_positive("ranks", ranks)) return found;
    if (const auto found = detail::require_positive("stride", stride)) return found;
    if (!(bytes.value >= 0.0 && bytes.value <= std::numeric_limits<double>::max())) {
      return Violation{"bytes", bytes.value, "a finite number ≥ 0"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const Collective&, const Collective&) noexcept = default;

 private:
  /// S·(n−1)/n: all blocks but one's own.
  constexpr Bytes others() const noexcept { return bytes * (double(ranks - 1) / double(ranks)); }
};

/// A collective whose S is a tokens × width tensor: hidden states between the layers of a tensor-parallel model.
/// All-reduce after a row-parallel projection (Megatron-LM, arXiv 1909.08053), or reduce-scatter and all-gather
/// around it (sequence parallel, arXiv 2205.05198).
constexpr Collective collective_over_hidden_states(CollectiveKind pattern, std::int32_t tokens, std::int32_t width,
                                                   std::int32_t ranks,
                                                   const TensorFormat& format = formats::bf16) noexcept {
  return {pattern, ranks, tensor_bytes(format, tokens, width), format.element};
}

/// The all-to-alls around the experts of a mixture of experts whose experts are spread over ranks. Each rank has
/// `tokens` tokens, each of which goes to `experts_per_token` of `experts` experts, chosen uniformly and without
/// repetition; every rank holds experts / ranks of them.
///
/// `deduplicated`: a token goes once to each rank that holds one of its experts, and that rank adds up its experts'
/// weighted outputs before it sends one back (DeepEP, arXiv 2412.19437 section 3.2.2). Otherwise once for each
/// expert. The counts are expectations. A token's own rank counts as a destination here, and as always in an
/// all-to-all's S.
struct ExpertExchange {
  std::int32_t tokens = 1;  ///< Of each rank.
  std::int32_t width = 1;
  std::int32_t experts = 1;
  std::int32_t experts_per_token = 1;
  std::int32_t ranks = 1;
  bool deduplicated = true;
  TensorFormat dispatch_format = formats::bf16;
  TensorFormat combine_format = formats::bf16;
  std::int32_t groups = 1;            ///< Of consecutive experts, as many in each …
  std::int32_t groups_per_token = 1;  ///< … of which so many are open to a token, all sets being equally likely.

  /// Expected distinct ranks among a token's experts: r·(1 − P), where P is the chance that a rank gets none. With o
  /// open experts, of which the rank holds h, P = C(o − h, k) / C(o, k). Of g groups, p are open, o = E·p/g. A rank of
  /// several groups holds h = j·E/g, j of its g/r groups being open by the hypergeometric distribution; a rank within
  /// one group h = E/r with the chance p/g, and else nothing. (Where neither divides the other, groups count as one.)
  constexpr double ranks_per_token() const noexcept {
    const double all = experts;
    if (groups_per_token >= groups || (groups % ranks != 0 && ranks % groups != 0)) {
      return ranks * (1.0 - chance_of_none(all, all / ranks));
    }
    const double open = all * groups_per_token / groups;
    if (ranks >= groups) {
      const double share = double(groups_per_token) / groups;
      return ranks * share * (1.0 - chance_of_none(open, all / ranks));
    }
    const std::int32_t own = groups / ranks;
    double none = 0.0;
    for (std::int32_t j = 0; j <= own && j <= groups_per_token; ++j) {
      const double chance =
          binomial(own, j) * binomial(groups - own, groups_per_token - j) / binomial(groups, groups_per_token);
      none += chance * chance_of_none(open, all / groups * j);
    }
    return ranks * (1.0 - none);
  }

  /// Expected copies of a token that leave for some rank.
  constexpr double copies_per_token() const noexcept {
    return deduplicated ? ranks_per_token() : double(experts_per_token);
  }

  /// Tokens to their experts.
  constexpr Collective dispatch() const noexcept { return exchange(dispatch_format); }

  /// The experts' outputs back to the tokens.
  constexpr Collective combine() const noexcept { return exchange(combine_format); }

  /// All positive, experts_per_token at most experts, ranks and groups divisors of experts.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto positive = detail::first_of(
        detail::require_positive("tokens", tokens), detail::require_positive("width", width),
        detail::require_positive("experts", experts),
        detail::require_positive("experts_per_token", experts_per_token), detail::require_positive("ranks", ranks));
    if (positive) return positive;
    if (experts_per_token > experts) {
      return Violation{"experts_per_token", double(experts_per_token), "at most experts"};
    }
    if (experts % ranks != 0) return Violation{"ranks", double(ranks), "a divisor of experts"};
    if (groups < 1 || experts % groups != 0) return Violation{"groups", double(groups), "a divisor of experts"};
    if (groups_per_token < 1 || groups_per_token > groups) {
      return Violation{"groups_per_token", double(groups_per_token), "a number from 1 to groups"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const ExpertExchange&, const ExpertExchange&) noexcept = default;

 private:
  /// That none of a token's experts, drawn from `open` ones, is among `held` of them: Π_{i<k} (o − h − i) / (o − i).
  constexpr double chance_of_none(double open, double held) const noexcept {
    double none = 1.0;
    for (std::int32_t i = 0; i < experts_per_token; ++i) {
      const double left = open - held - double(i);
      none *= left > 0.0 ? left / (open - double(i)) : 0.0;
    }
    return none;
  }
  /// C(n, k); 0 where there are not k.
  static constexpr double binomial(std::int32_t n, std::int32_t k) noexcept {
    if (k < 0 || k > n) return 0.0;
    double ways = 1.0;
    for (std::int32_t i = 0; i < k; ++i) ways = ways * (n - i) / (i + 1);
    return ways;
  }

  constexpr Collective exchange(const TensorFormat& format) const noexcept {
    return {CollectiveKind::all_to_all, ranks,
            tensor_bytes(format, 1, width) * (double(tokens) * copies_per_token()), format.element};
  }
};

}  // namespace opcost
