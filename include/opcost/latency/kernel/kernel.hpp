// SPDX-License-Identifier: Apache-2.0
//
// What the kernel models share: the shapes they are asked about, the machine as they see it, their answer, and how
// their factors describe themselves. All times are in microseconds, because factors are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/mathematics.hpp"

namespace opcost::kernel {

/// A factor of a kernel model: what a fit may change, within physical bounds.
template <class Model>
struct Factor {
  std::string_view name;
  std::string_view unit;     ///< "1" for shares and ratios.
  std::string_view meaning;  ///< The physical reason.
  double Model::*value;
  double lowest;
  double highest;
  double usual;        ///< Where a fit starts, and stays where the data do not tell.
  bool fitted = true;  ///< False: the measurements cannot tell it from another; set by hand.
};

/// What a model is asked about. A model names its own as `Shape`; a shape names the dimensions that a fit's range has.
enum class ShapeKind : std::uint8_t {
  any,
  matmul,
  grouped_matmul,
  experts,
  attention,
  recurrence,
  convolution,
  collective
};

/// What the program calls operations of this shape.
constexpr std::string_view name(ShapeKind kind) noexcept {
  switch (kind) {
    case ShapeKind::matmul: return "linear";
    case ShapeKind::grouped_matmul: return "grouped linear";
    case ShapeKind::experts: return "experts";
    case ShapeKind::attention: return "attention";
    case ShapeKind::recurrence: return "recurrence";
    case ShapeKind::convolution: return "convolution";
    case ShapeKind::collective: return "collective";
    case ShapeKind::any: break;
  }
  return "elementwise";
}

/// Nothing but the bound's times: what every operation has.
struct BoundShape {
  static constexpr ShapeKind kind = ShapeKind::any;
  static constexpr std::array<std::string_view, 0> dimension_names{};

  double compute = 0.0;  ///< At the peak rate.
  double memory = 0.0;   ///< At the full bandwidth of memory, or of links.

  constexpr std::array<double, 0> dimensions() const noexcept { return {}; }
};

/// A matrix product C[m, n] = A[m, k] · B[k, n].
struct MatmulShape {
  static constexpr ShapeKind kind = ShapeKind::matmul;
  static constexpr std::array<std::string_view, 3> dimension_names{"tokens", "out_features", "in_features"};

  double m = 1.0;
  double n = 1.0;
  double k = 1.0;
  double bytes = 0.0;          ///< Traffic: A, B, C, scales.
  double operand_bytes = 2.0;  ///< Of one element as the tensor cores read it.

  constexpr std::array<double, 3> dimensions() const noexcept { return {m, n, k}; }
};

/// A uniform batch of causal attention over a KV cache.
struct AttentionShape {
  static constexpr ShapeKind kind = ShapeKind::attention;
  static constexpr std::array<std::string_view, 7> dimension_names{
      "sequences", "query_tokens", "context_tokens", "query_heads", "kv_heads", "head_dimension", "window"};

  double sequences = 1.0;
  double query_tokens = 1.0;
  double context_tokens = 1.0;
  double query_heads = 1.0;
  double kv_heads = 1.0;
  double head_dimension = 128.0;  ///< The mean of the query–key and the value dimension.
  double window = 0.0;            ///< Keys that a query sees; 0: all.
  double pairs = 1.0;             ///< Scored query–key pairs of a sequence.
  double visible_keys = 1.0;      ///< Keys of a sequence that are read.
  double kv_bytes = 2.0;          ///< Of one cached element.
  double read_and_written = 0.0;  ///< Bytes of Q, K, V and the output, all sequences.
  double cache_write = 0.0;       ///< Bytes of the new keys and values; 0 if another kernel stores them.
  double flops = 0.0;             ///< Matrix FLOPs, all sequences.
  bool cold = true;               ///< The KV cache is in device memory, not in L2.

  constexpr std::array<double, 7> dimensions() const noexcept {
    return {sequences, query_tokens, context_tokens, query_heads, kv_heads, head_dimension, window};
  }
  constexpr bool windowed() const noexcept { return window > 0.0 && window < context_tokens; }
  constexpr bool fp8_cache() const noexcept { return kv_bytes < 2.0; }
};

/// Whether the data sheet has what the models of tiled kernels need.
constexpr bool has_tiles(const Accelerator& accelerator) noexcept {
  return accelerator.multiprocessors > 0 && accelerator.tensor_clock.value > 0.0 &&
         accelerator.l2_cache.value > 0.0;
}

/// An accelerator in the units of the models.
struct Machine {
  double multiprocessors;
  double cycles;       ///< Per microsecond, at the tensor clock.
  double bandwidth;    ///< Device memory, bytes per microsecond.
  double peak;         ///< Dense peak for the operation's type, FLOP per microsecond.
  double fp8_peak;     ///< The same for fp8, or `peak` where there is none.
  double vector_peak;  ///< The same for fp32 on the vector units.
  double l2_bytes;

  static constexpr Machine of(const Accelerator& accelerator, DataType type) noexcept {
    const double peak = accelerator.peaks[type].value * 1e-6;
    const double fp8 = accelerator.peaks[DataType::fp8].value * 1e-6;
    return {double(accelerator.multiprocessors),
            accelerator.tensor_clock.value * 1e-6,
            accelerator.memory_bandwidth.value * 1e-6,
            peak,
            fp8 > 0.0 ? fp8 : peak,
            accelerator.peaks[DataType::fp32].value * 1e-6,
            accelerator.l2_cache.value};
  }

  /// Whether the models of tiled kernels can answer: multiprocessors, clock, L2 and a peak for the type.
  constexpr bool complete() const noexcept {
    return multiprocessors > 0.0 && cycles > 0.0 && peak > 0.0 && l2_bytes > 0.0;
  }
};

/// Where a kernel's time goes, in microseconds. Compute and memory overlap; overhead does not.
struct KernelTime {
  double total = 0.0;
  double compute = 0.0;
  double memory = 0.0;
  double overhead = 0.0;  ///< Launch, prologue, reductions, quantisation, the KV-cache write.
};

using namespace mathematics;  // of these models, every other word is a function

/// Two overlapping times: nearly the longer one, somewhat more where they are alike.
inline double overlapped(double a, double b) noexcept { return fourth_root(fourth(a) + fourth(b)); }

/// Cycles of one multiprocessor for one k16 step of a 64 × 64 granule (131072 FLOP) at the peak rate.
inline constexpr double granule_cycles(const Machine& machine, double efficiency) noexcept {
  return 131072.0 * machine.multiprocessors * machine.cycles / (machine.peak * efficiency);
}

/// The share of a warm replay's traffic that L2 misses, 1 if cold. `odds` are the footprint over what L2 keeps, to
/// the fourth power, or to a higher one where the transition is sharper.
inline constexpr double l2_miss(bool cold, double odds) noexcept {
  return !cold && odds < 1e30 ? odds / (1.0 + odds) : 1.0;
}

/// The time of traffic whose share `miss` goes to device memory and the rest to L2, at bytes per microsecond.
inline constexpr double traffic_time(double bytes, double miss, double memory_rate, double l2_rate) noexcept {
  return bytes * (miss / memory_rate + (1.0 - miss) / l2_rate);
}

/// The same, with an L2 that is never slower than device memory.
inline constexpr double traffic_time(double bytes, double miss, double memory_efficiency, double l2_bytes_per_cycle,
                                     const Machine& machine) noexcept {
  const double rate = memory_efficiency * machine.bandwidth;
  return traffic_time(bytes, miss, rate,
                      larger(l2_bytes_per_cycle * machine.multiprocessors * machine.cycles, rate));
}

}  // namespace opcost::kernel
