// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/activation.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/operation/recurrence_batch.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// The depthwise causal convolution in front of a recurrent operation (Mamba's causal_conv1d, arXiv 2312.00752,
/// section 3.4), over `query_tokens` new tokens of each of `sequences` sequences (1 in a decode step):
///
///   y[t, channel] = f(bias[channel] + Σ_{i<width} weight[channel, i] · x[t − i, channel]),  f: SiLU or nothing
///
///   vector FLOPs  2 · width an element, as the sum starts from the bias or zero; SiLU 2 more and 1 exponential
///   weight read   channels · width, and channels with a bias (in the input's type)
///   reads, writes x and y, tokens · channels
///   state         the last width − 1 inputs of each sequence (in the input's type), counted as KV cache: read
///                 once if there are earlier tokens, written once, or after every token (speculative decoding)
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct ShortConvolution {
  static constexpr std::string_view kind = "short_convolution";
  using Batch = RecurrenceBatch;

  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t channels = 1;
  std::int32_t width = 4;
  bool bias = false;
  bool silu = true;
  bool has_initial_state = true;    ///< False: the sequences start here.
  bool stores_every_state = false;  ///< After every token, not only the last.
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    return cost_of(detail::RecurrenceSums::recurrent(query_tokens, has_initial_state), sequences);
  }

  /// The cost given counts of sequences: see Ragged.
  constexpr Cost cost_of(const RecurrenceCounts& counts) const noexcept {
    return cost_of(detail::RecurrenceSums::of(counts), 1.0);
  }

  /// The cost of sums over sequences, `times` over; the weights once.
  constexpr Cost cost_of(const detail::RecurrenceSums& sums, double times) const noexcept {
    const double tokens = sums.chunks.tokens * times;
    const double elements = tokens * double(channels);
    constexpr detail::ActivationWork work =
        detail::activation_work[static_cast<std::size_t>(ActivationFunction::silu)];
    Cost cost;
    cost.vector_flops = {elements * (2.0 * width + (silu ? work.flops : 0.0))};
    cost.exponentials = silu ? elements * work.exponentials : 0.0;
    cost.weight_read = tensor_bytes(precision.input, channels, width);
    if (bias) cost.weight_read += tensor_bytes(precision.input, 1, channels);
    cost.activation_read = tokens * tensor_bytes(precision.input, 1, channels);
    cost.activation_write = tokens * tensor_bytes(precision.output, 1, channels);
    const Bytes state = times * tensor_bytes(precision.input, width - 1, channels);
    cost.kv_cache_read = sums.continuing_sequences * state;
    cost.kv_cache_write = (stores_every_state ? sums.chunks.tokens : sums.sequences) * state;
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(
        detail::require_positive("sequences", sequences), detail::require_positive("query_tokens", query_tokens),
        detail::require_positive("channels", channels), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const ShortConvolution&, const ShortConvolution&) noexcept = default;
};

}  // namespace opcost
