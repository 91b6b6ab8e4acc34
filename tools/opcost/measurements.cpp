// SPDX-License-Identifier: Apache-2.0
#include "measurements.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#if __has_include(<libfccp/csv.h>)
#include <libfccp/csv.h>
#else
#include <csv.h>
#endif

#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

namespace fs = std::filesystem;

/// Turns the CSV library's errors, which name column and line, into ours.
template <class Read>
void with_errors(const fs::path& path, const Read& read) {
  try {
    read();
  } catch (const io::error::missing_column_in_header& error) {
    throw InputError(fmt::format("{}: the column {} is missing", path.string(), error.column_name));
  } catch (const io::error::base& error) {
    throw InputError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

[[noreturn]] void fail_row(const fs::path& path, std::size_t line, std::string_view column, double value,
                           std::string_view expected) {
  throw InputError(fmt::format("{}:{}: {} is {:g}, expected {}", path.string(), line, column, value, expected));
}

void require_positive(const fs::path& path, std::size_t line,
                      std::initializer_list<std::pair<std::string_view, double>> columns) {
  for (const auto& [column, value] : columns) {
    if (!(value > 0.0) || !std::isfinite(value)) fail_row(path, line, column, value, "a positive number");
  }
}

using LinearReader = io::CSVReader<6, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>>;
using QuantiseReader = io::CSVReader<5, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>>;
using AttentionReader = io::CSVReader<12, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>>;

void read_linear(const fs::path& path, std::size_t file, std::vector<LinearMeasurement>& rows) {
  with_errors(path, [&] {
    LinearReader reader(path.string());
    reader.read_header(io::ignore_extra_column, "kernel", "dtype", "m", "n", "k", "latency_us");
    LinearMeasurement row;
    double latency = 0.0;
    while (reader.read_row(row.kernel, row.data_type, row.m, row.n, row.k, latency)) {
      row.line = reader.get_file_line();
      require_positive(path, row.line, {{"m", row.m}, {"n", row.n}, {"k", row.k}, {"latency_us", latency}});
      row.file = file;
      row.latency = {latency * 1e-6};
      rows.push_back(row);
    }
  });
}

void read_attention(const fs::path& path, std::size_t file, std::vector<AttentionMeasurement>& rows) {
  with_errors(path, [&] {
    AttentionReader reader(path.string());
    reader.read_header(io::ignore_extra_column, "kernel", "phase", "dtype", "kv_dtype", "batch", "query_tokens",
                       "context_tokens", "query_heads", "kv_heads", "head_dim", "window", "latency_us");
    AttentionMeasurement row;
    double latency = 0.0;
    while (reader.read_row(row.kernel, row.phase, row.data_type, row.kv_data_type, row.batch, row.query_tokens,
                           row.context_tokens, row.query_heads, row.kv_heads, row.head_dimension, row.window,
                           latency)) {
      row.line = reader.get_file_line();
      require_positive(path, row.line,
                       {{"batch", row.batch},
                        {"query_tokens", row.query_tokens},
                        {"context_tokens", row.context_tokens},
                        {"query_heads", row.query_heads},
                        {"kv_heads", row.kv_heads},
                        {"head_dim", row.head_dimension},
                        {"latency_us", latency}});
      if (row.window < 0) fail_row(path, row.line, "window", row.window, "a number ≥ 0");
      if (row.query_heads % row.kv_heads != 0) {
        fail_row(path, row.line, "kv_heads", row.kv_heads, "a divisor of query_heads");
      }
      if (row.query_tokens > row.context_tokens) {
        fail_row(path, row.line, "context_tokens", row.context_tokens, "at least query_tokens");
      }
      if (row.phase != "prefill" && row.phase != "decode") {
        throw InputError(
            fmt::format("{}:{}: phase is '{}', expected prefill or decode", path.string(), row.line, row.phase));
      }
      row.file = file;
      row.latency = {latency * 1e-6};
      rows.push_back(row);
    }
  });
}

void read_quantise(const fs::path& path, std::size_t file, std::vector<QuantiseMeasurement>& rows) {
  with_errors(path, [&] {
    QuantiseReader reader(path.string());
    reader.read_header(io::ignore_extra_column, "kernel", "dtype", "m", "k", "latency_us");
    QuantiseMeasurement row;
    double latency = 0.0;
    while (reader.read_row(row.kernel, row.data_type, row.m, row.k, latency)) {
      row.line = reader.get_file_line();
      require_positive(path, row.line, {{"m", row.m}, {"k", row.k}, {"latency_us", latency}});
      row.file = file;
      row.latency = {latency * 1e-6};
      rows.push_back(row);
    }
  });
}

std::string header_of(const fs::path& path) {
  std::ifstream stream(path);
  if (!stream) throw InputError(fmt::format("{}: cannot be opened", path.string()));
  std::string line(4096, '\0');
  stream.getline(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount() - 1, 0)));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

bool has_column(const std::string& header, const std::string& column) {
  return ("," + header + ",").find("," + column + ",") != std::string::npos;
}

}  // namespace

Measurements read_measurements(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error)) {
      throw InputError(fmt::format("{}: does not exist, expected a directory or CSV file", path.string()));
    }
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    bool any = false;
    for (const char* known : {"linear.csv", "attention.csv", "quantise.csv"}) {
      if (fs::exists(path / known, error)) {
        files.push_back(path / known);
        any = true;
      }
    }
    if (!any) {
      throw InputError(fmt::format("{}: has none of linear.csv, attention.csv and quantise.csv", path.string()));
    }
  }
  Measurements measurements;
  measurements.files = files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string columns = header_of(files[i]);
    if (has_column(columns, "query_heads") && has_column(columns, "kv_heads")) {
      read_attention(files[i], i, measurements.attention);
    } else if (has_column(columns, "n")) {
      read_linear(files[i], i, measurements.linear);
    } else if (has_column(columns, "m") && has_column(columns, "k")) {
      read_quantise(files[i], i, measurements.quantise);
    } else {
      throw InputError(
          fmt::format("{}: its columns are {}, expected those of linear.csv (m, n, k), attention.csv "
                      "(query_heads, kv_heads) or quantise.csv (m, k)",
                      files[i].string(), columns.empty() ? "none" : columns));
    }
  }
  if (measurements.linear.empty() && measurements.attention.empty() && measurements.quantise.empty()) {
    throw InputError(fmt::format("{}: no measurements", files.empty() ? "nothing" : files.front().string()));
  }
  return measurements;
}

}  // namespace opcost::program
