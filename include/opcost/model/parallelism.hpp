// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/validation.hpp"

namespace opcost {

/// How tokens of different data- or context-parallel ranks reach experts that are spread over all of them.
enum class ExpertDispatch : std::uint8_t {
  all_to_all,  ///< Each token to the ranks of its experts and back (DeepEP). Every rank holds whole experts.
  all_gather   ///< Every token to every rank; the outputs are reduced and scattered (vLLM's default).
};

namespace detail {
inline constexpr std::array<std::string_view, 2> expert_dispatch_names{"all_to_all", "all_gather"};
}  // namespace detail

constexpr std::string_view name(ExpertDispatch dispatch) noexcept {
  return detail::expert_dispatch_names[static_cast<std::size_t>(dispatch)];
}

/// The dispatch of that name, or nothing.
constexpr std::optional<ExpertDispatch> expert_dispatch_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < detail::expert_dispatch_names.size(); ++i) {
    if (detail::expert_dispatch_names[i] == text) return static_cast<ExpertDispatch>(i);
  }
  return std::nullopt;
}

/// How a model is divided over ranks. Ranks stand tensor within context within data within pipeline.
///
///   tensor    each projection is cut: by heads in mixers, by intermediate features in feed-forward blocks, by
///             vocabulary in embedding and LM head (Megatron-LM, arXiv 1909.08053)
///   context   each sequence's tokens are cut, prompts so that every rank scores as many pairs; the keys of the cache
///             are, too (arXiv 2411.01783)
///   data      each rank has sequences of its own, alike in number and length
///   pipeline  each stage has consecutive layers
///   expert    routed experts are spread over so many of a stage's ranks; the ranks that are left share each expert,
///             cut as by tensor: `expert` is a divisor of tensor · context · data
///
/// Data-parallel ranks of a model without experts are replicas that exchange nothing.
struct Parallelism {
  std::int32_t tensor = 1;
  std::int32_t pipeline = 1;
  std::int32_t expert = 1;
  std::int32_t data = 1;
  std::int32_t context = 1;
  /// Norms and residual adds on a share of the tokens: reduce-scatter and all-gather for each all-reduce
  /// (arXiv 2205.05198).
  bool sequence = false;
  ExpertDispatch expert_dispatch = ExpertDispatch::all_to_all;

  /// Ranks of a stage that have tokens of their own, each with `tensor` ranks that share them.
  constexpr std::int32_t token_groups() const noexcept { return context * data; }
  constexpr std::int32_t ranks_per_stage() const noexcept { return tensor * token_groups(); }
  constexpr std::int32_t ranks() const noexcept { return ranks_per_stage() * pipeline; }
  /// Ranks that share an expert.
  constexpr std::int32_t expert_tensor() const noexcept { return ranks_per_stage() / expert; }
  /// Whether experts get tokens of other ranks than those that share them anyway.
  constexpr bool exchanges_tokens() const noexcept { return token_groups() > 1; }
  /// Whether every rank of a stage has experts of its own, whole ones, and gets the tokens of others for them. Ranks that
  /// share tokens then divide them first, and gather them again after (vLLM's sequence-parallel experts). Otherwise each
  /// of them exchanges all its tokens, and they sum up what they have of the outputs.
  constexpr bool exchanges_with_all() const noexcept { return exchanges_tokens() && expert == ranks_per_stage(); }

  /// Positive degrees, as many ranks as 31 bits count, and `expert` a divisor of a stage's ranks.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found =
        detail::first_of(detail::require_positive("tensor", tensor), detail::require_positive("pipeline", pipeline),
                         detail::require_positive("expert", expert), detail::require_positive("data", data),
                         detail::require_positive("context", context),
                         detail::require_int32("ranks", double(tensor) * pipeline * (double(data) * context)));
    if (found) return found;
    if (ranks_per_stage() % expert != 0) {
      return Violation{"expert", double(expert), "a divisor of tensor x context x data"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const Parallelism&, const Parallelism&) noexcept = default;
};

}  // namespace opcost
