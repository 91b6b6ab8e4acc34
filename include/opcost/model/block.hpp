// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace opcost {

/// The blocks that a pass consists of: operations that stay together wherever a model is placed. In the order of a layer.
enum class Block : std::uint8_t {
  embedding,
  residual,           ///< The residual stream: its norms and adds.
  attention_input,    ///< Query, key and value projection, head norms, rotary embedding.
  attention,          ///< Scores and values over all keys, and the KV cache.
  local_attention,    ///< The same over a window.
  attention_output,   ///< Gate and output projection.
  latent_input,       ///< Down and up projections, latent norm, rotary embedding; projections of an indexer.
  latent_attention,   ///< Absorption or expansion, indexer, attention, and its cache.
  latent_output,      ///< Output projection.
  recurrence_input,   ///< Input projections of a delta rule or a state space.
  recurrence,         ///< Short convolution and recurrence, and their state.
  recurrence_output,  ///< Norm, gate and output projection.
  feed_forward,       ///< A dense one.
  router,             ///< The choice of experts, and the shared experts.
  experts,            ///< Routed experts.
  head,               ///< LM head.
  // what ranks send each other, which goes with the blocks beside it
  mixer_sum,         ///< After attention_output, latent_output and recurrence_output.
  feed_forward_sum,  ///< After feed_forward and experts.
  expert_dispatch,   ///< From router to experts on the same ranks …
  expert_combine     ///< … and back.
};

inline constexpr std::size_t block_count = 20;
/// Those before `mixer_sum`, which a plan places.
inline constexpr std::size_t placed_block_count = 16;

namespace detail {
inline constexpr std::array<std::string_view, block_count> block_names{
    "embedding",       "residual",         "attention_input", "attention",
    "local_attention", "attention_output", "latent_input",    "latent_attention",
    "latent_output",   "recurrence_input", "recurrence",      "recurrence_output",
    "feed_forward",    "router",           "experts",         "head",
    "mixer_sum",       "feed_forward_sum", "expert_dispatch", "expert_combine"};
}  // namespace detail

constexpr std::string_view name(Block block) noexcept {
  return detail::block_names[static_cast<std::size_t>(block)];
}

/// The placed block of that name, or nothing.
constexpr std::optional<Block> block_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < placed_block_count; ++i) {
    if (detail::block_names[i] == text) return static_cast<Block>(i);
  }
  return std::nullopt;
}

}  // namespace opcost
