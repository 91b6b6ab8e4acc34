// SPDX-License-Identifier: Apache-2.0
//
// Measured kernel latencies, read from CSV files named after what they hold: linear.csv, attention.csv
// and quantise.csv. The
// columns are documented in docs/calibration.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "opcost/opcost.hpp"

namespace opcost::program {

/// What every row has.
struct Measurement {
  std::string kernel;
  std::string data_type;  ///< As written: "bfloat16", "float16", "fp8", "fp8_block".
  Seconds latency{};
  std::size_t file = 0;  ///< Index into Measurements::files.
  std::size_t line = 0;  ///< From 1, the header's.
};

/// C[m, n] = A[m, k] · B[k, n].
struct LinearMeasurement : Measurement {
  std::int32_t m = 0;
  std::int32_t n = 0;
  std::int32_t k = 0;
};

/// A causal prefill (query tokens = context tokens) or a decode step.
struct AttentionMeasurement : Measurement {
  std::string phase;  ///< "prefill" or "decode".
  std::string kv_data_type;
  std::int32_t batch = 0;
  std::int32_t query_tokens = 0;
  std::int32_t context_tokens = 0;
  std::int32_t query_heads = 0;
  std::int32_t kv_heads = 0;
  std::int32_t head_dimension = 0;
  std::int32_t window = 0;  ///< 0: full attention.
};

/// Quantising an m × k activation from bf16 to fp8 with a given scale: the measured elementwise kernel.
struct QuantiseMeasurement : Measurement {
  std::int32_t m = 0;
  std::int32_t k = 0;
};

/// The measurements of one accelerator, from any number of files.
struct Measurements {
  std::vector<LinearMeasurement> linear;
  std::vector<AttentionMeasurement> attention;
  std::vector<QuantiseMeasurement> quantise;
  std::vector<std::filesystem::path> files;
};

/// Reads files, told apart by their columns, and those of these names in directories. Throws InputError: columns of no known file, a
/// missing column, a time that is not positive, latencies in milliseconds or seconds, no rows at all.
Measurements read_measurements(const std::vector<std::filesystem::path>& paths);

}  // namespace opcost::program
