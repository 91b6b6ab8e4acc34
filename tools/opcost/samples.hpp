// SPDX-License-Identifier: Apache-2.0
//
// Measurements as what they ask the kernel models, sorted into kernel families and shape groups. What fitting and
// evaluating share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "measurements.hpp"
#include "opcost/latency/collective_estimate.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/opcost.hpp"

namespace opcost::program {

/// What a measured operation asks the kernel models; a collective asks on the accelerator's fabric.
using MeasuredQuery = std::variant<KernelQuery<kernel::BoundShape>, KernelQuery<kernel::MatmulShape>,
                                   KernelQuery<kernel::GroupedMatmulShape>, KernelQuery<kernel::ExpertsShape>,
                                   KernelQuery<kernel::AttentionShape>, KernelQuery<kernel::RecurrentShape>,
                                   KernelQuery<kernel::ConvolutionShape>, Collective>;

/// One measured operation.
struct Sample {
  MeasuredQuery query;
  ExecutionConditions conditions;  ///< As it was measured.
  KernelFamily family = KernelFamily::linear_16bit;
  std::string kernel;
  std::string data_type;
  std::string phase;    ///< "prefill", "decode", …; "" where there is no such thing.
  std::string group;    ///< The shape without its token dimension: what is kept back as a whole.
  std::string divided;  ///< How ranks divide it: groups, where there is one shape only.
  std::string flaw;     ///< Why the row does not time what it says it does; "" of a sound one.
  bool windowed = false;
  Seconds measured{};
  std::size_t file = 0;
  std::size_t line = 0;
  std::vector<double> dimensions;  ///< In the order of its shape's dimension names; none for elementwise.
};

/// The measurements of one accelerator, from any number of files.
struct Measurements {
  std::vector<std::filesystem::path> files;
  std::vector<Sample> samples;
};

/// Whether the name of a kernel has that part, which is in small letters; the name may have capitals.
bool kernel_named(const std::string& kernel, std::string_view part);

/// Reads the measurements of files and directories; a row may hold several. `times_cache_write`: the attention kernels
/// stored the new keys and values. Throws InputError: see read_measurements, and for a value that no operation has.
Measurements measurements_of(const std::vector<std::filesystem::path>& paths, bool times_cache_write);

/// The estimate of a sample under its conditions.
LatencyEstimate estimate_of(const Sample& sample, const Accelerator& accelerator, const Calibration& calibration);

/// Throws InputError if the latencies are in another unit: were they in milliseconds, most would lie far below the
/// roofline bound.
void require_microseconds(const std::vector<Sample>& samples, const Accelerator& accelerator);

}  // namespace opcost::program
