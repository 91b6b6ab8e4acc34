// SPDX-License-Identifier: Apache-2.0
//
// Measurements as the operations that they timed, sorted into kernel families and shape groups. What fitting and
// evaluating share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "measurements.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/opcost.hpp"

namespace opcost::program {

/// One measured operation.
struct Sample {
  AnyOperation operation;
  KernelFamily family = KernelFamily::linear_16bit;
  std::string kernel;
  std::string data_type;
  std::string phase;  ///< "prefill" or "decode"; "" where there is no such thing.
  std::string group;  ///< The shape without its token dimension: what is kept back as a whole.
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

/// Reads the measurements of files and directories. Throws InputError: see read_measurements, and for a value that no
/// operation has.
Measurements measurements_of(const std::vector<std::filesystem::path>& paths);

/// How the measurements were taken: short benchmarks, replayed from a CUDA graph with a warm L2.
ExecutionConditions measured_conditions(bool times_cache_write);

/// The estimate of a sample.
LatencyEstimate estimate_of(const Sample& sample, const Accelerator& accelerator, const Calibration& calibration,
                            const ExecutionConditions& conditions);

/// Throws InputError if the latencies are in another unit: were they in milliseconds, most would lie far below the
/// roofline bound.
void require_microseconds(const std::vector<Sample>& samples, const Accelerator& accelerator,
                          const ExecutionConditions& conditions);

}  // namespace opcost::program
