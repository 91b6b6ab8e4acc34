// SPDX-License-Identifier: Apache-2.0
//
// Which keys a query sees. A mask turns (query tokens, context tokens) of one sequence into two exact counts.
// The context counts every key the sequence has after this step, the new tokens' own included, so
// context − query tokens are a cached prefix: 0 in a plain prefill, all but one in a decode step.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/validation.hpp"

namespace opcost {

/// A mask answers, for one sequence of `context_tokens` keys whose last `query_tokens` are new:
///  - `attention_kind`: what attention under the mask is called;
///  - `pairs`: query–key pairs that are scored, exactly;
///  - `visible_keys`: keys that at least one query sees, so that must be read.
// clang-format off
template <class M>
concept AttentionMask = Validatable<M> && requires(const M& mask, std::int32_t tokens) {
  { M::attention_kind } -> std::convertible_to<std::string_view>;
  { mask.pairs(tokens, tokens) } noexcept -> std::same_as<std::int64_t>;
  { mask.visible_keys(tokens, tokens) } noexcept -> std::same_as<std::int64_t>;
};
// clang-format on

/// Every query sees every key: encoders, and cross attention with the encoder's tokens as context.
struct Bidirectional {
  static constexpr std::string_view attention_kind = "bidirectional_attention";

  /// q · c.
  constexpr std::int64_t pairs(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    return std::int64_t{query_tokens} * context_tokens;
  }
  constexpr std::int64_t visible_keys(std::int32_t /*query_tokens*/, std::int32_t context_tokens) const noexcept {
    return context_tokens;
  }
  constexpr std::optional<Violation> violation() const noexcept { return std::nullopt; }
  friend constexpr bool operator==(const Bidirectional&, const Bidirectional&) noexcept = default;
};

/// A query at position i (from 1) sees the keys 1…i: full attention of a decoder.
struct Causal {
  static constexpr std::string_view attention_kind = "full_attention";

  /// Σ_{i=p+1}^{p+q} i = q·p + q·(q+1)/2 = q·(2c − q + 1)/2 with p = c − q cached tokens.
  constexpr std::int64_t pairs(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    const std::int64_t q = query_tokens;
    const std::int64_t c = context_tokens;
    return (q * (2 * c - q + 1)) >> 1;  // even, as q and 2c − q + 1 are not both odd
  }
  constexpr std::int64_t visible_keys(std::int32_t /*query_tokens*/, std::int32_t context_tokens) const noexcept {
    return context_tokens;
  }
  constexpr std::optional<Violation> violation() const noexcept { return std::nullopt; }
  friend constexpr bool operator==(const Causal&, const Causal&) noexcept = default;
};

namespace detail {

/// Σ_{i=p+1}^{p+q} min(i, W): the first r = clamp(W − p, 0, q) queries see all i keys, the others W.
constexpr std::int64_t sliding_window_pairs(std::int64_t q, std::int64_t context, std::int64_t window) noexcept {
  const std::int64_t p = context - q;
  const std::int64_t growing = window - p < q ? window - p : q;  // one after the other: two selects, no branches
  const std::int64_t r = growing > 0 ? growing : 0;
  return ((r * (2 * p + r + 1)) >> 1) + (q - r) * window;
}

/// The first query, at position p + 1, sees back to key p + 2 − W: together min(c, q + W − 1) keys.
constexpr std::int64_t sliding_window_keys(std::int64_t q, std::int64_t context, std::int64_t window) noexcept {
  const std::int64_t reach = q + window - 1;
  return context < reach ? context : reach;
}

}  // namespace detail

/// Causal, and a query sees the last `window` keys only, itself included.
struct SlidingWindow {
  static constexpr std::string_view attention_kind = "sliding_window_attention";

  std::int32_t window = 1;

  constexpr std::int64_t pairs(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    return detail::sliding_window_pairs(query_tokens, context_tokens, window);
  }
  constexpr std::int64_t visible_keys(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    return detail::sliding_window_keys(query_tokens, context_tokens, window);
  }
  constexpr std::optional<Violation> violation() const noexcept {
    return detail::require_positive("window", window);
  }
  friend constexpr bool operator==(const SlidingWindow&, const SlidingWindow&) noexcept = default;
};

/// The same with the window as part of the type.
// clang-format off
template <std::int32_t Window>
  requires(Window >= 1)
struct StaticSlidingWindow {
  // clang-format on
  static constexpr std::string_view attention_kind = SlidingWindow::attention_kind;
  static constexpr std::int32_t window = Window;

  constexpr std::int64_t pairs(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    return detail::sliding_window_pairs(query_tokens, context_tokens, Window);
  }
  constexpr std::int64_t visible_keys(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    return detail::sliding_window_keys(query_tokens, context_tokens, Window);
  }
  constexpr std::optional<Violation> violation() const noexcept { return std::nullopt; }
  friend constexpr bool operator==(const StaticSlidingWindow&, const StaticSlidingWindow&) noexcept = default;
};

/// Causal, and a query sees the `top_k` keys that an indexer chose for it, or all while there are fewer
/// (DeepSeek sparse attention, arXiv 2512.02556, section 2.1: top_k 2048).
struct TopKeys {
  static constexpr std::string_view attention_kind = "sparse_attention";

  std::int32_t top_k = 1;

  /// Σ_{i=p+1}^{p+q} min(i, top_k) with p = c − q: as many as under a sliding window of top_k. Exact.
  constexpr std::int64_t pairs(std::int32_t query_tokens, std::int32_t context_tokens) const noexcept {
    return detail::sliding_window_pairs(query_tokens, context_tokens, top_k);
  }
  /// min(c, top_k): the keys of the last query, which the others may share. Exact for one query token and for a
  /// context within top_k. Else how many keys the queries choose together depends on the data, up to
  /// min(c, pairs), and a kernel that gathers for each query on its own reads `pairs`; this is the least there can
  /// be, so that the roofline stays a lower bound.
  constexpr std::int64_t visible_keys(std::int32_t /*query_tokens*/, std::int32_t context_tokens) const noexcept {
    return context_tokens < top_k ? context_tokens : top_k;
  }
  constexpr std::optional<Violation> violation() const noexcept { return detail::require_positive("top_k", top_k); }
  friend constexpr bool operator==(const TopKeys&, const TopKeys&) noexcept = default;
};

}  // namespace opcost
