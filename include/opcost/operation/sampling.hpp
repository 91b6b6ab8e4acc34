// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/operation/cost.hpp"
#include "opcost/operation/logit_precision.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/precision.hpp"
#include "opcost/validation.hpp"

namespace opcost {

/// How the next token is chosen. `categorical` draws from the whole vocabulary; the others narrow it first.
enum class SamplingMethod : std::uint8_t { greedy, categorical, min_p, top_k, top_p };

namespace detail {

struct SamplingWork {
  double passes;             // over the logits
  double flops;              // an element, all passes together
  double special_functions;  // an element: exponentials and logarithms
};

// One line a pass, its FLOPs (and special functions) an element in brackets. Every element takes part in every
// pass, whether it can still be chosen or not, as the lanes of a warp do; bins stay on chip and are not counted.
//   draw        x · 1/temperature − ln(−ln u), running maximum [3 (2)]
//   threshold   comparison with a threshold, draw [4 (2)]
//   maximum     [1]
//   digit       of radix select over 32-bit keys in digits of 11, 11 and 10 bits: adds 1 to the digit's bin [1], in
//               the second and third pass if the higher digits match [2]
//   mass digit  the same adding e^((x − maximum) · 1/temperature) [+ 2 (1)]; the first pass's bins sum to softmax's
//               denominator
// greedy: maximum.  categorical: draw.  min_p: maximum, threshold.  top_k: 3 digits, threshold.
// top_p: maximum, 3 mass digits, threshold.
inline constexpr std::array<SamplingWork, 5> sampling_work{
    {{1.0, 1.0, 0.0}, {1.0, 3.0, 2.0}, {2.0, 5.0, 2.0}, {4.0, 9.0, 2.0}, {5.0, 16.0, 5.0}}};

}  // namespace detail

/// Sampling one token for each of `sequences` from its logits[vocabulary], without sorting: thresholds by radix
/// select (AIR top-k, doi 10.1145/3581784.3607062; TensorRT-LLM's AIR top-p), the draw by the Gumbel-max trick
/// (arXiv 1411.0030; vLLM's gumbel_sample), which needs no normalised probabilities.
///
///   reads              the logits once a pass, each pass a launch; passes by method: see detail::sampling_work
///   writes             the token ids, 4 bytes each
///   vector FLOPs       an element: see detail::sampling_work; a comparison is one, random bits are none
///   exponentials       an element: likewise; logarithms are among them, as they run on the same units
///
/// Top-p among the survivors of a top-k touches k elements and is not counted: use top_k for both together.
/// Rejection sampling (FlashInfer) takes a number of passes that depends on the probabilities.
template <LogitPrecision P = RuntimeLogitPrecision>
struct Sampling {
  static constexpr std::string_view kind = "sampling";

  std::int32_t sequences = 1;
  std::int32_t vocabulary = 1;
  SamplingMethod method = SamplingMethod::categorical;
  [[no_unique_address]] P precision{};

  /// Exact counts. Does not throw, allocate or lock.
  constexpr Cost cost() const noexcept {
    const detail::SamplingWork work = detail::sampling_work[static_cast<std::size_t>(method)];
    const double elements = double(sequences) * double(vocabulary);
    Cost cost;
    cost.vector_flops = {elements * work.flops};
    cost.exponentials = elements * work.special_functions;
    cost.activation_read = work.passes * tensor_bytes(precision.logits, sequences, vocabulary);
    cost.activation_write = {4.0 * sequences};
    return cost;
  }

  /// Vector work only.
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }

  constexpr std::optional<Violation> violation() const noexcept {
    return detail::first_of(detail::require_positive("sequences", sequences),
                            detail::require_positive("vocabulary", vocabulary));
  }

  friend constexpr bool operator==(const Sampling&, const Sampling&) noexcept = default;
};

}  // namespace opcost
