// SPDX-License-Identifier: Apache-2.0
//
// Measured kernel latencies, read from CSV files. What a file holds is told by its columns; docs/accuracy.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/units.hpp"

namespace opcost::program {

/// What a file measures. Encoders' attention has the columns of attention, Kimi delta attention those of gated delta
/// net.
enum class MeasuredKind : std::uint8_t {
  linear,
  grouped_matmul,
  experts,
  attention,
  latent_attention,
  delta_rule,
  state_space,
  collective,
  quantise
};

/// A line of a file, as long as it is being read.
class MeasuredRow {
 public:
  MeasuredRow(MeasuredKind of_kind, std::size_t of_file, const std::filesystem::path& path) noexcept
      : kind(of_kind), file(of_file), path_(&path) {}

  MeasuredKind kind;
  std::size_t file;      ///< Which of the files.
  std::size_t line = 0;  ///< From 1, the header's.

  /// The text of a column; empty if the file lacks it.
  const std::string& text(std::string_view column) const;
  /// A whole number from `minimum` on that fits in 31 bits. Throws InputError.
  std::int32_t count(std::string_view column, std::int32_t minimum = 1) const;
  /// "true" or "false", or nothing where the column is missing or empty. Throws InputError.
  std::optional<bool> flag(std::string_view column) const;
  /// A positive, finite number. Throws InputError.
  double positive(std::string_view column) const;
  /// The column latency_us, or another in microseconds. Throws InputError.
  Seconds latency(std::string_view column = "latency_us") const { return {positive(column) * 1e-6}; }
  /// Throws InputError: file, line, column, its value, what was expected.
  [[noreturn]] void fail(std::string_view column, std::string_view expected) const;

  /// All fields, in the order of the known columns: for the reader.
  std::vector<std::string> fields;

 private:
  const std::filesystem::path* path_;
};

/// Reads files, and in directories those of known names, and calls `visit` with each row. Returns the files. Throws
/// InputError: columns of no known file, no rows at all, and what `visit` throws. Numbers are checked where a row is
/// asked for them.
std::vector<std::filesystem::path> read_measurements(const std::vector<std::filesystem::path>& paths,
                                                     const std::function<void(const MeasuredRow&)>& visit);

/// The names that measurement files have in a directory: "linear.csv, attention.csv, …".
std::string measurement_file_names();

}  // namespace opcost::program
