// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "opcost/latency/kernel/attention.hpp"
#include "opcost/latency/kernel/collective.hpp"
#include "opcost/latency/kernel/constant_kernel.hpp"
#include "opcost/latency/kernel/encoder_attention.hpp"
#include "opcost/latency/kernel/experts.hpp"
#include "opcost/latency/kernel/grouped_matmul.hpp"
#include "opcost/latency/kernel/latent_attention.hpp"
#include "opcost/latency/kernel/matmul.hpp"
#include "opcost/latency/kernel/recurrent.hpp"
#include "opcost/latency/kernel/short_convolution.hpp"
#include "opcost/name.hpp"

namespace opcost {

/// Kernels that share a model and its factors. Which one an operation belongs to follows from its type and formats,
/// and how it runs.
enum class KernelFamily : std::uint8_t {
  linear_16bit,
  linear_fp8,
  linear_fp8_block,
  grouped_contiguous,
  grouped_masked,
  experts_16bit,
  experts_16bit_untuned,
  experts_fp8,
  experts_fp8_block,
  experts_fp8_block_parallel,
  experts_int4,
  experts_mxfp4,
  prefill_attention,
  prefill_attention_fp8_cache,
  decode_attention,
  decode_attention_fp8_cache,
  encoder_attention,
  latent_attention,
  gated_delta_prefill,
  gated_delta_decode,
  kimi_delta_prefill,
  kimi_delta_decode,
  short_convolution_prefill,
  short_convolution_decode,
  ring_collective,
  exchange_collective,
  custom_all_reduce,
  elementwise
};

/// A family's name, and what its models are asked about.
struct KernelFamilyDescription {
  std::string_view name;
  kernel::ShapeKind shape;
};

/// In the order of the enumerators.
inline constexpr std::array<KernelFamilyDescription, 28> kernel_families{
    {{"linear_16bit", kernel::ShapeKind::matmul},
     {"linear_fp8", kernel::ShapeKind::matmul},
     {"linear_fp8_block", kernel::ShapeKind::matmul},
     {"grouped_contiguous", kernel::ShapeKind::grouped_matmul},
     {"grouped_masked", kernel::ShapeKind::grouped_matmul},
     {"experts_16bit", kernel::ShapeKind::experts},
     {"experts_16bit_untuned", kernel::ShapeKind::experts},
     {"experts_fp8", kernel::ShapeKind::experts},
     {"experts_fp8_block", kernel::ShapeKind::experts},
     {"experts_fp8_block_parallel", kernel::ShapeKind::experts},
     {"experts_int4", kernel::ShapeKind::experts},
     {"experts_mxfp4", kernel::ShapeKind::experts},
     {"prefill_attention", kernel::ShapeKind::attention},
     {"prefill_attention_fp8_cache", kernel::ShapeKind::attention},
     {"decode_attention", kernel::ShapeKind::attention},
     {"decode_attention_fp8_cache", kernel::ShapeKind::attention},
     {"encoder_attention", kernel::ShapeKind::attention},
     {"latent_attention", kernel::ShapeKind::attention},
     {"gated_delta_prefill", kernel::ShapeKind::recurrence},
     {"gated_delta_decode", kernel::ShapeKind::recurrence},
     {"kimi_delta_prefill", kernel::ShapeKind::recurrence},
     {"kimi_delta_decode", kernel::ShapeKind::recurrence},
     {"short_convolution_prefill", kernel::ShapeKind::convolution},
     {"short_convolution_decode", kernel::ShapeKind::convolution},
     {"ring_collective", kernel::ShapeKind::collective},
     {"exchange_collective", kernel::ShapeKind::collective},
     {"custom_all_reduce", kernel::ShapeKind::collective},
     {"elementwise", kernel::ShapeKind::any}}};

inline constexpr std::size_t kernel_family_count = kernel_families.size();

constexpr std::string_view name(KernelFamily family) noexcept {
  return kernel_families[static_cast<std::size_t>(family)].name;
}

constexpr kernel::ShapeKind shape_kind(KernelFamily family) noexcept {
  return kernel_families[static_cast<std::size_t>(family)].shape;
}

/// The family of that name, or nothing.
constexpr std::optional<KernelFamily> kernel_family_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kernel_family_count; ++i) {
    if (kernel_families[i].name == text) return static_cast<KernelFamily>(i);
  }
  return std::nullopt;
}

/// Every model of a kernel.
using KernelModel =
    std::variant<kernel::ConstantKernel, kernel::CublasMatmul, kernel::CutlassMatmul,
                 kernel::DeepGemmQuantisingMatmul, kernel::DeepGemmMatmul, kernel::FlashAttentionDecode,
                 kernel::FlashAttentionPrefill, kernel::FlashInferDecode, kernel::FlashAttentionEncoder,
                 kernel::LatentAttention, kernel::FusedExperts, kernel::GroupedMatmul, kernel::ChunkedRecurrence,
                 kernel::FusedChunkedRecurrence, kernel::RecurrentUpdate, kernel::ShortConvolution,
                 kernel::NcclRing, kernel::NcclPointToPoint, kernel::VllmAllReduce>;

/// The 10 % and 90 % quantiles of measured over expected time, on shapes that the fit never saw: an 80 % interval.
struct ErrorInterval {
  double low = 1.0;   ///< At most 1.
  double high = 1.0;  ///< At least 1.

  /// The interval with both sides `factor` times as far from 1.
  constexpr ErrorInterval widened(double factor) const noexcept {
    return {1.0 / (1.0 + factor * (1.0 / low - 1.0)), 1.0 + factor * (high - 1.0)};
  }

  friend constexpr bool operator==(const ErrorInterval&, const ErrorInterval&) noexcept = default;
};

/// Errors in percent on shapes that the fit never saw.
struct HeldOutError {
  double mean = 0.0;  ///< Mean absolute percentage error.
  double median = 0.0;
  double p90 = 0.0;

  friend constexpr bool operator==(const HeldOutError&, const HeldOutError&) noexcept = default;
};

/// The smallest and largest value that a fit saw.
struct DimensionRange {
  double lowest = 0.0;
  double highest = 0.0;

  constexpr bool contains(double value) const noexcept { return lowest <= value && value <= highest; }
  friend constexpr bool operator==(const DimensionRange&, const DimensionRange&) noexcept = default;
};

/// The most dimensions that a shape has.
inline constexpr std::size_t dimension_count = 7;

/// A kernel model with fitted factors, and how far to trust it.
struct KernelCalibration {
  KernelModel model{};
  Name kernel{};            ///< As the measurements call it.
  Name transferred_from{};  ///< The calibration whose factors these are, where this one's data had none.
  std::int32_t rows = 0;    ///< Measurements behind it.
  std::int32_t groups = 0;  ///< Distinct shapes (without the token dimension) among them.
  HeldOutError error{};
  ErrorInterval interval{};
  ErrorInterval windowed_interval{};  ///< For sliding windows.
  std::array<DimensionRange, dimension_count> range{};
};

/// Fitted efficiency factors of one accelerator and one software stack, for every family.
struct Calibration {
  Name name{};
  Name accelerator{};
  bool times_cache_write = false;  ///< Whether the measured attention kernels store new keys and values, too.
  double sustained_share = 1.0;    ///< Matrix rate under a constantly busy server, over that of a benchmark.
  double eager_launch = 0.0;       ///< Microseconds that a kernel takes longer outside a CUDA graph.
  double interval_factor = 1.0;    ///< How much wider the intervals are than where it was fitted: 1 there.
  std::array<KernelCalibration, kernel_family_count> kernels{};

  constexpr const KernelCalibration& operator[](KernelFamily family) const noexcept {
    return kernels[static_cast<std::size_t>(family)];
  }
  constexpr KernelCalibration& operator[](KernelFamily family) noexcept {
    return kernels[static_cast<std::size_t>(family)];
  }

  /// The same factors for another accelerator, carried by its specifications, with intervals wider by `factor`.
  constexpr Calibration carried_to(const Name& other, double factor) const noexcept {
    Calibration calibration = *this;
    calibration.accelerator = other;
    calibration.interval_factor *= factor;
    for (KernelCalibration& kernel : calibration.kernels) {
      kernel.interval = kernel.interval.widened(factor);
      kernel.windowed_interval = kernel.windowed_interval.widened(factor);
    }
    return calibration;
  }

  /// Whether its models find all they need in the accelerator's data sheet. Constants need nothing; models of tiled
  /// kernels need multiprocessors, their clock and L2, and without them estimate +infinity.
  constexpr bool answers_for(const Accelerator& target) const noexcept {
    for (const KernelCalibration& kernel : kernels) {
      if (!std::holds_alternative<kernel::ConstantKernel>(kernel.model) && !kernel::has_tiles(target)) return false;
    }
    return true;
  }
};

}  // namespace opcost
