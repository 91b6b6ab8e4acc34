// SPDX-License-Identifier: Apache-2.0
#include "measurements.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#if __has_include(<libfccp/csv.h>)
#include <libfccp/csv.h>
#else
#include <csv.h>
#endif

#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

namespace fs = std::filesystem;

/// A kind of file: its name in a directory and the columns that it must have.
struct FileKind {
  MeasuredKind kind;
  std::string_view name;
  std::vector<std::string_view> columns;
};

const std::vector<std::string_view> attention_columns{"kernel",   "phase",        "dtype",          "kv_dtype",
                                                      "batch",    "query_tokens", "context_tokens", "query_heads",
                                                      "kv_heads", "head_dim",     "window",         "latency_us"};
const std::vector<std::string_view> delta_rule_columns{"kernel",       "operation",  "phase",     "batch",
                                                       "query_tokens", "conv_width", "key_heads", "key_dim",
                                                       "value_heads",  "value_dim",  "latency_us"};

const std::array<FileKind, 11> file_kinds{
    {{MeasuredKind::linear, "linear.csv", {"kernel", "dtype", "m", "n", "k", "latency_us"}},
     {MeasuredKind::grouped_matmul,
      "grouped_gemm.csv",
      {"kernel", "dtype", "phase", "num_experts", "num_gpus", "num_local_experts", "topk", "hidden_size",
       "intermediate_size", "tokens_per_gpu", "up_proj_us", "down_proj_us"}},
     {MeasuredKind::experts,
      "moe.csv",
      {"kernel", "dtype", "tokens", "hidden", "intermediate", "experts", "top_k", "tp", "ep", "routing",
       "latency_us"}},
     {MeasuredKind::attention, "attention.csv", attention_columns},
     {MeasuredKind::attention, "encoder_attention.csv", attention_columns},
     {MeasuredKind::latent_attention,
      "latent_attention.csv",
      {"kernel", "phase", "dtype", "kv_dtype", "batch", "query_tokens", "context_tokens", "query_heads",
       "latent_rank", "nope_dim", "rope_dim", "latency_us"}},
     {MeasuredKind::delta_rule, "gated_delta_net.csv", delta_rule_columns},
     {MeasuredKind::delta_rule, "kimi_delta_attention.csv", delta_rule_columns},
     {MeasuredKind::state_space,
      "mamba2.csv",
      {"kernel", "phase", "batch", "query_tokens", "state", "conv_width", "heads", "head_dim", "groups",
       "latency_us"}},
     {MeasuredKind::collective, "collective.csv", {"kernel", "dtype", "op", "gpus", "bytes", "latency_us"}},
     {MeasuredKind::quantise, "quantise.csv", {"kernel", "dtype", "m", "k", "latency_us"}}}};

/// Every column that some file has.
// clang-format off
constexpr std::array<const char*, 49> known_columns{
    "kernel", "dtype", "latency_us", "m", "n", "k", "phase", "kv_dtype", "batch", "query_tokens", "context_tokens",
    "query_heads", "kv_heads", "head_dim", "window", "num_experts", "num_gpus", "num_local_experts", "topk",
    "hidden_size", "intermediate_size", "tokens_per_gpu", "up_proj_us", "down_proj_us", "tokens", "hidden",
    "intermediate", "experts", "top_k", "tp", "ep", "routing", "gated", "tuned", "latent_rank", "nope_dim",
    "rope_dim", "operation", "conv_width", "key_heads", "key_dim", "value_heads", "value_dim", "state", "heads",
    "groups", "op", "gpus", "bytes"};
// clang-format on

using Reader = io::CSVReader<known_columns.size(), io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>>;

std::vector<std::string> header_of(const fs::path& path) {
  std::ifstream stream(path);
  if (!stream) throw InputError(fmt::format("{}: cannot be opened", path.string()));
  std::string line;
  std::getline(stream, line);
  std::vector<std::string> columns(1);
  for (const char character : line) {
    if (character == ',') {
      columns.emplace_back();
    } else if (character != ' ' && character != '\t' && character != '\r' && character != '"') {
      columns.back() += character;
    }
  }
  return columns;
}

/// The kind whose columns the file has; of several, the one with the most. If a file has most columns of a kind and
/// lacks one, the error names that one.
const FileKind& kind_of(const fs::path& path) {
  const std::vector<std::string> header = header_of(path);
  const auto lacks = [&header](std::string_view column) {
    return std::find(header.begin(), header.end(), column) == header.end();
  };
  const FileKind* best = nullptr;
  for (const FileKind& kind : file_kinds) {
    const bool complete = std::none_of(kind.columns.begin(), kind.columns.end(), lacks);
    if (complete && (best == nullptr || kind.columns.size() > best->columns.size())) best = &kind;
  }
  if (best != nullptr) return *best;
  for (const FileKind& kind : file_kinds) {
    if (path.filename() != kind.name) continue;
    const auto missing = std::find_if(kind.columns.begin(), kind.columns.end(), lacks);
    throw InputError(fmt::format("{}: the column {} is missing, expected {}", path.string(), *missing,
                                 fmt::join(kind.columns, ", ")));
  }
  throw InputError(fmt::format("{}: its columns are {}, expected those of one of: {}", path.string(),
                               fmt::join(header, ", "), measurement_file_names()));
}

template <std::size_t... I>
void read_columns(Reader& reader, std::index_sequence<I...>) {
  reader.read_header(io::ignore_extra_column | io::ignore_missing_column, known_columns[I]...);
}

template <std::size_t... I>
bool read_fields(Reader& reader, std::vector<std::string>& fields, std::index_sequence<I...>) {
  return reader.read_row(fields[I]...);
}

/// Calls `visit` with each row; returns how many there are.
std::size_t read_file(const fs::path& path, std::size_t index,
                      const std::function<void(const MeasuredRow&)>& visit) {
  constexpr auto columns = std::make_index_sequence<known_columns.size()>{};
  MeasuredRow row(kind_of(path).kind, index, path);
  row.fields.resize(known_columns.size());
  std::size_t rows = 0;
  try {
    Reader reader(path.string());
    read_columns(reader, columns);
    while (read_fields(reader, row.fields, columns)) {
      row.line = reader.get_file_line();
      visit(row);
      ++rows;
    }
  } catch (const io::error::base& error) {  // too few or too many fields, a line too long, …
    throw InputError(fmt::format("{}: {}", path.string(), error.what()));
  }
  return rows;
}

std::vector<fs::path> files_of(const std::vector<fs::path>& paths) {
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
    const std::size_t before = files.size();
    for (const FileKind& kind : file_kinds) {
      if (fs::exists(path / kind.name, error)) files.push_back(path / kind.name);
    }
    if (files.size() == before) {
      throw InputError(fmt::format("{}: has none of {}", path.string(), measurement_file_names()));
    }
  }
  return files;
}

}  // namespace

const std::string& MeasuredRow::text(std::string_view column) const {
  const auto* const found = std::find(known_columns.begin(), known_columns.end(), column);
  return fields.at(static_cast<std::size_t>(found - known_columns.begin()));
}

std::int32_t MeasuredRow::count(std::string_view column, std::int32_t minimum) const {
  const std::string& field = text(column);
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc{} || end != field.data() + field.size() || number < minimum) {
    fail(column, fmt::format("a whole number from {} to 2147483647", minimum));
  }
  return number;
}

std::optional<bool> MeasuredRow::flag(std::string_view column) const {
  const std::string& field = text(column);
  if (field.empty()) return std::nullopt;
  if (field != "true" && field != "false") fail(column, "true or false");
  return field == "true";
}

double MeasuredRow::positive(std::string_view column) const {
  const std::string& field = text(column);
  double number = 0.0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc{} || end != field.data() + field.size() || !(number > 0.0) || !std::isfinite(number)) {
    fail(column, "a positive number");
  }
  return number;
}

void MeasuredRow::fail(std::string_view column, std::string_view expected) const {
  throw InputError(
      fmt::format("{}:{}: {} is '{}', expected {}", path_->string(), line, column, text(column), expected));
}

std::vector<fs::path> read_measurements(const std::vector<fs::path>& paths,
                                        const std::function<void(const MeasuredRow&)>& visit) {
  const std::vector<fs::path> files = files_of(paths);
  std::size_t rows = 0;
  for (std::size_t i = 0; i < files.size(); ++i) rows += read_file(files[i], i, visit);
  if (rows == 0) throw InputError(fmt::format("{}: no measurements", files.front().string()));
  return files;
}

std::string measurement_file_names() {
  std::vector<std::string_view> names;
  for (const FileKind& kind : file_kinds) names.push_back(kind.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace opcost::program
