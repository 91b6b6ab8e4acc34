// SPDX-License-Identifier: Apache-2.0
//
// Data types, tensor formats, and precision policies: which type each tensor of an operation has.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/units.hpp"

namespace opcost {

/// The type of one number. It decides how many bytes a tensor takes and which peak rate the arithmetic has.
/// `fp8` stands for E4M3 and E5M2 alike, `fp4` for E2M1: hardware runs them at one rate.
enum class DataType : std::uint8_t { fp64, fp32, tf32, bf16, fp16, fp8, int8, fp4, int4 };

inline constexpr std::size_t data_type_count = 9;

/// Every data type, in the order of their enumerators.
inline constexpr std::array<DataType, data_type_count> data_types{DataType::fp64, DataType::fp32, DataType::tf32,
                                                                  DataType::bf16, DataType::fp16, DataType::fp8,
                                                                  DataType::int8, DataType::fp4,  DataType::int4};

namespace detail {

inline constexpr std::array<std::string_view, data_type_count> data_type_names{
    "fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"};

// tf32 is a compute mode of 32-bit tensors, so it takes 4
inline constexpr std::array<double, data_type_count> data_type_bytes{8.0, 4.0, 4.0, 2.0, 2.0, 1.0, 1.0, 0.5, 0.5};

constexpr double ceil_divide(std::int32_t numerator, std::int32_t denominator) noexcept {
  const std::int32_t quotient = numerator / denominator + (numerator % denominator != 0 ? 1 : 0);
  return quotient;
}

}  // namespace detail

/// The name used in data files and on the command line: "bf16", "fp8", …
constexpr std::string_view name(DataType type) noexcept {
  return detail::data_type_names[static_cast<std::size_t>(type)];
}

/// The data type of that name, or nothing.
constexpr std::optional<DataType> data_type_named(std::string_view text) noexcept {
  for (const DataType type : data_types) {
    if (name(type) == text) return type;
  }
  return std::nullopt;
}

/// Bytes of one element in memory; half a byte for the 4-bit types.
constexpr double bytes_per_element(DataType type) noexcept {
  return detail::data_type_bytes[static_cast<std::size_t>(type)];
}

/// How a tensor is stored: its element type and, for block-scaled formats, one scale per
/// `scale_rows` × `scale_columns` block. No scales if `scale_rows` is 0; a single scale for a whole tensor is a
/// kernel argument and not counted as traffic.
struct TensorFormat {
  DataType element = DataType::bf16;
  DataType scale = DataType::fp32;
  std::int32_t scale_rows = 0;
  std::int32_t scale_columns = 0;

  friend constexpr bool operator==(const TensorFormat&, const TensorFormat&) noexcept = default;
};

/// Bytes of a rows × columns tensor in this format, scales included; blocks at the edge count whole.
/// Exact while rows·columns < 2⁵³.
constexpr Bytes tensor_bytes(const TensorFormat& format, std::int32_t rows, std::int32_t columns) noexcept {
  double bytes = static_cast<double>(rows) * static_cast<double>(columns) * bytes_per_element(format.element);
  if (format.scale_rows != 0) {
    bytes += detail::ceil_divide(rows, format.scale_rows) * detail::ceil_divide(columns, format.scale_columns) *
             bytes_per_element(format.scale);
  }
  return {bytes};
}

/// Formats in common use, by the names the serving stacks use.
namespace formats {

inline constexpr TensorFormat fp64{DataType::fp64};
inline constexpr TensorFormat fp32{DataType::fp32};
inline constexpr TensorFormat tf32{DataType::tf32};
inline constexpr TensorFormat bf16{DataType::bf16};
inline constexpr TensorFormat fp16{DataType::fp16};
inline constexpr TensorFormat fp8{DataType::fp8};
inline constexpr TensorFormat int8{DataType::int8};
/// DeepSeek-V3's 128 × 128 weight blocks with fp32 scales (arXiv 2412.19437, section 3.3.2).
inline constexpr TensorFormat fp8_block{DataType::fp8, DataType::fp32, 128, 128};
/// DeepSeek-V3's activations: one fp32 scale per token and 128 channels (same section).
inline constexpr TensorFormat fp8_token_group{DataType::fp8, DataType::fp32, 1, 128};
/// GPTQ and AWQ weights with group size 128 and fp16 scales (arXiv 2210.17323, 2306.00978); symmetric, so
/// without zero points.
inline constexpr TensorFormat int4_group{DataType::int4, DataType::fp16, 1, 128};
/// OCP MX: groups of 32 with one 8-bit exponent (OCP Microscaling Formats specification 1.0).
inline constexpr TensorFormat mxfp4{DataType::fp4, DataType::fp8, 1, 32};
/// NVFP4: groups of 16 with one E4M3 scale (NVIDIA Blackwell).
inline constexpr TensorFormat nvfp4{DataType::fp4, DataType::fp8, 1, 16};

}  // namespace formats

/// The type in which tensor cores multiply two operands: the wider one, because the narrower is converted first
/// (int4 weights under bf16 activations run at the bf16 rate). Of equal widths, the first operand's.
constexpr DataType multiply_type(DataType first, DataType second) noexcept {
  return bytes_per_element(second) > bytes_per_element(first) ? second : first;
}

/// A precision policy of a matrix product: the formats of its two inputs and its output, which may be data or
/// part of the type. Accumulators stay in registers, move no bytes and so have no format here.
template <class P>
concept LinearPrecision = requires(const P& precision) {
  { precision.activation } -> std::convertible_to<TensorFormat>;
  { precision.weight } -> std::convertible_to<TensorFormat>;
  { precision.output } -> std::convertible_to<TensorFormat>;
};

/// The formats as data, chosen at run time.
struct RuntimeLinearPrecision {
  TensorFormat activation = formats::bf16;
  TensorFormat weight = formats::bf16;
  TensorFormat output = formats::bf16;

  friend constexpr bool operator==(const RuntimeLinearPrecision&, const RuntimeLinearPrecision&) noexcept = default;
};

/// The formats as part of the type: an empty class, in the manner of std::mdspan's static extents.
template <TensorFormat Activation = formats::bf16, TensorFormat Weight = Activation,
          TensorFormat Output = formats::bf16>
struct StaticLinearPrecision {
  static constexpr TensorFormat activation = Activation;
  static constexpr TensorFormat weight = Weight;
  static constexpr TensorFormat output = Output;

  friend constexpr bool operator==(const StaticLinearPrecision&, const StaticLinearPrecision&) noexcept = default;
};

/// A precision policy of an attention: queries, the KV cache and the output have formats of their own.
/// Scores are multiplied in the query's element type; a cache of another type is converted on the way.
template <class P>
concept AttentionPrecision = requires(const P& precision) {
  { precision.query } -> std::convertible_to<TensorFormat>;
  { precision.kv_cache } -> std::convertible_to<TensorFormat>;
  { precision.output } -> std::convertible_to<TensorFormat>;
};

/// The formats as data, chosen at run time.
struct RuntimeAttentionPrecision {
  TensorFormat query = formats::bf16;
  TensorFormat kv_cache = formats::bf16;
  TensorFormat output = formats::bf16;

  friend constexpr bool operator==(const RuntimeAttentionPrecision&,
                                   const RuntimeAttentionPrecision&) noexcept = default;
};

/// The formats as part of the type.
template <TensorFormat Query = formats::bf16, TensorFormat KvCache = formats::bf16,
          TensorFormat Output = formats::bf16>
struct StaticAttentionPrecision {
  static constexpr TensorFormat query = Query;
  static constexpr TensorFormat kv_cache = KvCache;
  static constexpr TensorFormat output = Output;

  friend constexpr bool operator==(const StaticAttentionPrecision&,
                                   const StaticAttentionPrecision&) noexcept = default;
};

/// A precision policy of an elementwise operation: the formats it reads and writes.
template <class P>
concept ElementwisePrecision = requires(const P& precision) {
  { precision.input } -> std::convertible_to<TensorFormat>;
  { precision.output } -> std::convertible_to<TensorFormat>;
};

/// The formats as data, chosen at run time.
struct RuntimeElementwisePrecision {
  TensorFormat input = formats::bf16;
  TensorFormat output = formats::bf16;

  friend constexpr bool operator==(const RuntimeElementwisePrecision&,
                                   const RuntimeElementwisePrecision&) noexcept = default;
};

/// The formats as part of the type.
template <TensorFormat Input = formats::bf16, TensorFormat Output = Input>
struct StaticElementwisePrecision {
  static constexpr TensorFormat input = Input;
  static constexpr TensorFormat output = Output;

  friend constexpr bool operator==(const StaticElementwisePrecision&,
                                   const StaticElementwisePrecision&) noexcept = default;
};

}  // namespace opcost
