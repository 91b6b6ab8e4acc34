// SPDX-License-Identifier: Apache-2.0
//
// What the subcommands of `opcost op` share: options, checks, and the steps from an operation to its explanation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "explanation.hpp"
#include "formula.hpp"
#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"
#include "usage.hpp"

namespace opcost::program {

/// An option that sets a size of an operation.
struct SizeOption {
  std::string flag;   ///< "--kv-heads"
  std::string field;  ///< What the library calls it in its errors: "kv_heads".
  std::int32_t* value = nullptr;
  std::string help;
  bool required = true;  ///< Else the present value is the default.
};

struct CommonOptions {
  std::vector<std::string> gpus;
  std::string data_type = "bf16";
  std::string format = "table";
  std::string calibration;  ///< "": each accelerator's default
  std::vector<SizeOption> sizes;
};

/// The options of an operation whose sizes are set directly.
template <class T>
struct OperationOptions : CommonOptions {
  T operation{};
};

/// What a subcommand is called, does and looks like in use.
struct CommandText {
  std::string name;
  std::string description;
  std::string example;    ///< Its options.
  std::string data_type;  ///< What `--dtype` chooses.
};

inline constexpr std::int32_t largest_size = 1 << 24;  ///< Tokens; no forward pass is larger.

CLI::App* add_operation_command(CLI::App& op, const CommandText& text);
void add_sizes(CLI::App& command, CommonOptions& options, const std::vector<SizeOption>& sizes);
void add_common_options(CLI::App& command, CommonOptions& options, const CommandText& text);

/// Fails unless the required sizes were given and all are small enough to add and double.
void check_sizes(const CommonOptions& options);

/// Fails with a violation's message, in which fields are called by their flags.
[[noreturn]] void fail_violation(const Violation& violation, const std::vector<SizeOption>& sizes);

/// Adds a subcommand: its sizes, what else `add_others` adds, the common options; then `explain` does the work.
template <class Options>
void add_operation(CLI::App& op, const CommandText& text, const std::shared_ptr<Options>& options,
                   const std::vector<SizeOption>& sizes, void (*explain)(const Options&),
                   const std::function<void(CLI::App&)>& add_others = {}) {
  CLI::App* command = add_operation_command(op, text);
  add_sizes(*command, *options, sizes);
  if (add_others) add_others(*command);
  add_common_options(*command, *options, text);
  command->callback([options, explain] {
    check_sizes(*options);
    explain(*options);
  });
}

/// "2 B", or "1 B and scales" for block-scaled formats.
std::string element_size(const TensorFormat& format);

/// "512", or "2.30" where the count is an expectation.
std::string count_text(double count);

/// "2 × 64 × 5376"
template <class First, class... Others>
std::string product(const First& first, const Others&... others) {
  std::string text = fmt::format("{}", first);
  ((text += fmt::format(" × {}", others)), ...);
  return text;
}

template <class Result>
void add_formula(Explanation& explanation, const std::string& quantity, const std::string& symbols,
                 const std::string& numbers, const Result& result) {
  explanation.formulas.push_back({quantity, symbols, numbers, fmt::format("{}", result)});
}
/// A pure number.
inline void add_formula(Explanation& explanation, const std::string& quantity, const std::string& symbols,
                        const std::string& numbers, double result) {
  explanation.formulas.push_back({quantity, symbols, numbers, count_text(result)});
}

template <class Result>
void add_formula(Explanation& explanation, const std::string& quantity, const Formula& formula,
                 const Result& result) {
  add_formula(explanation, quantity, formula.symbols, formula.numbers, result);
}

/// Checks the operation and starts its explanation: accelerators, type, kind, cost.
template <class T>
Explanation start_explanation(const T& operation, const CommonOptions& options) {
  if (const auto violation = operation.violation()) fail_violation(*violation, options.sizes);
  Explanation explanation;
  explanation.accelerators = find_accelerators(options.gpus);
  explanation.compute_type = operation.compute_type();
  explanation.kind = T::kind;
  explanation.cost = operation.cost();
  if (explanation.cost.matrix_flops.value > 0.0) {
    require_support(explanation.accelerators, explanation.compute_type);
  }
  return explanation;
}

/// The size whose growth may change the limiter; `set` gives it to a copy of the operation.
template <class T, class Set>
void set_growth(Explanation& explanation, const T& operation, const std::string& name, std::int32_t size,
                const Set& set) {
  explanation.size_name = name;
  explanation.size = size;
  explanation.largest_size = largest_size;
  explanation.cost_at_size = [operation, set](std::int32_t other_size) {
    T other = operation;
    set(other, other_size);
    return other.cost();
  };
}

/// The same of one of its members.
template <class T>
void set_growth(Explanation& explanation, const T& operation, const std::string& name, std::int32_t T::*size) {
  set_growth(explanation, operation, name, operation.*size, [size](T& other, std::int32_t n) { other.*size = n; });
}

/// Adds bytes and intensity.
void add_totals(Explanation& explanation);
void show(const Explanation& explanation, const std::string& format);

/// Adds totals and estimates, and prints.
template <class T>
void finish_explanation(Explanation& explanation, const T& operation, const CommonOptions& options,
                        const ExecutionConditions& conditions = {}) {
  add_totals(explanation);
  for (const Accelerator& accelerator : explanation.accelerators) {
    explanation.calibrations.push_back(calibration_for(accelerator, options.calibration, false));
    explanation.estimates.push_back(
        estimate_latency(operation, accelerator, explanation.calibrations.back(), conditions));
  }
  show(explanation, options.format);
}

}  // namespace opcost::program
