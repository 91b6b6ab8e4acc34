// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// Whether a quantisation is told its scales or finds them in its input.
enum class ScaleSource : std::uint8_t { given, dynamic };

/// Conversion of a tensor[tokens, width] from the input's format to the output's. A narrower output element
/// quantises, any other dequantises or converts.
///
///   quantise      y = clamp(x · 1/scale): 3 FLOPs an element
///     dynamic     + 2: |x| and the maximum of a block; + 3 a scale: at least ε, divided by the format's largest
///                 number, inverse
///     given       the scales of a block format are read, not written; a single one is a kernel argument
///   from a format with scales, and in every dequantisation: 1 FLOP an element, x · scale
///   reads         the input once, scales included: a block stays on chip between its maximum and its output; a
///                 dynamic scale for the whole tensor needs a first launch for the maximum, so reads it twice
///   writes        the output; its scales if they are dynamic
///
/// A per-token scale is a block of 1 × width. Sources: vLLM's static_scaled_fp8_quant, dynamic_scaled_fp8_quant and
/// per_token_group_quant; arXiv 2412.19437, section 3.3.2.
template <ElementwisePrecision P = RuntimeElementwisePrecision>
struct Quantise {
  static constexpr std::string_view kind = "quantise";

  std::int32_t tokens = 1;
  std::int32_t width = 1;
  ScaleSource scales = ScaleSource::dynamic;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const TensorFormat input = precision.input;
    const TensorFormat output = precision.output;
    const double elements = double(tokens) * double(width);
    const bool narrows = bytes_per_element(output.element) < bytes_per_element(input.element);
    const bool finds_scales = narrows && scales == ScaleSource::dynamic;
    const Bytes written_elements = tensor_bytes(TensorFormat{output.element}, tokens, width);
    const Bytes output_scales = tensor_bytes(output, tokens, width) - written_elements;
    Cost cost;
    cost.activation_read = tensor_bytes(input, tokens, width);
    cost.activation_write = written_elements;
    double flops = !narrows || input.scale_rows != 0 ? elements : 0.0;
    if (narrows) flops += 3.0 * elements;
    if (finds_scales) {
      const double blocks = output.scale_rows != 0 ? detail::ceil_divide(tokens, output.scale_rows) *
                                                         detail::ceil_divide(width, output.scale_columns)
                                                   : 1.0;
      flops += 2.0 * elements + 3.0 * blocks;
      if (output.scale_rows == 0) cost.activation_read += cost.activation_read;
      cost.activation_write += output_scales;
    } else {
      cost.activation_read += output_scales;
    }
    cost.vector_flops = {flops};
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("tokens", tokens), detail::require_positive("width", width));
  }

  friend constexpr bool operator==(const Quantise&, const Quantise&) noexcept = default;
};

}  // namespace opcost
