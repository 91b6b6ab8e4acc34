// SPDX-License-Identifier: Apache-2.0
//
// Every built-in operation in one type, for lists of mixed operations without allocation.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "opcost/operation/activation.hpp"
#include "opcost/operation/add_rms_norm.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/attention_indexer.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/batched_projection.hpp"
#include "opcost/operation/embedding_lookup.hpp"
#include "opcost/operation/expert_gate.hpp"
#include "opcost/operation/gated_delta_rule.hpp"
#include "opcost/operation/grouped_projection.hpp"
#include "opcost/operation/kv_cache_write.hpp"
#include "opcost/operation/latent_attention.hpp"
#include "opcost/operation/layer_norm.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/mixture_of_experts.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/operation/quantise.hpp"
#include "opcost/operation/residual_add.hpp"
#include "opcost/operation/rms_norm.hpp"
#include "opcost/operation/rotary_embedding.hpp"
#include "opcost/operation/sampling.hpp"
#include "opcost/operation/short_convolution.hpp"
#include "opcost/operation/softcap.hpp"
#include "opcost/operation/state_space_scan.hpp"

namespace opcost {

/// An operation of one of these kinds. A template, so that only who asks it something pays for compiling all kinds.
template <Operation... Kinds>
struct OperationOf {
  using Variant = std::variant<Kinds...>;
  Variant variant{};

  constexpr OperationOf() noexcept = default;
  /// In place: where std::variant converts, the compiler tries every kind.
  template <class T>
  requires(std::same_as<T, Kinds> ||
           ...) constexpr OperationOf(const T& operation) noexcept  // NOLINT: a value of any kind
      : variant(std::in_place_type<T>, operation) {}

  /// Calls `function` with the operation as the kind it is. A chain of comparisons, because std::visit's table of
  /// function pointers hides the operation from the compiler and takes longer than the estimate itself.
  template <std::size_t Index = 0, class Function>
  [[gnu::always_inline]] constexpr decltype(auto) visit(const Function& function) const noexcept {
    if constexpr (Index + 1 == sizeof...(Kinds)) {
      return function(*std::get_if<Index>(&variant));
    } else {
      if (const auto* operation = std::get_if<Index>(&variant)) return function(*operation);
      return visit<Index + 1>(function);
    }
  }

  constexpr Cost cost() const noexcept {
    return visit([](const auto& operation) noexcept { return operation.cost(); });
  }
  constexpr DataType compute_type() const noexcept {
    return visit([](const auto& operation) noexcept { return operation.compute_type(); });
  }
  /// "linear_projection", "full_attention", …: the snake_case name of the descriptor.
  constexpr std::string_view kind() const noexcept {
    return visit([](const auto& operation) noexcept { return operation.kind; });
  }
  constexpr std::optional<Violation> violation() const noexcept {
    return visit([](const auto& operation) noexcept { return operation.violation(); });
  }

  friend constexpr bool operator==(const OperationOf&, const OperationOf&) noexcept = default;
};

/// A built-in operation of any kind, with its precision chosen at run time. Itself an Operation.
struct AnyOperation : OperationOf<LinearProjection<>, FullAttention, SlidingWindowAttention, BidirectionalAttention,
                                  RmsNorm<>, RotaryEmbedding<>, Activation<>, ResidualAdd<>, EmbeddingLookup<>,
                                  MixtureOfExperts<>, GroupedProjection<>, BatchedProjection<>, LatentAttention<>,
                                  SparseLatentAttention, SparseAttention, GatedDeltaRule<>, StateSpaceScan<>,
                                  ShortConvolution<>, AttentionIndexer<>, IndexTopK<>, ExpertGate<>, AddRmsNorm<>,
                                  LayerNorm<>, Quantise<>, KvCacheWrite<>, Softcap<>, Sampling<>> {
  using OperationOf::OperationOf;

  friend constexpr bool operator==(const AnyOperation&, const AnyOperation&) noexcept = default;
};

}  // namespace opcost
