// SPDX-License-Identifier: Apache-2.0
//
// What the commands share: turning what the user typed into values, with one clear line where that fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "opcost/io/json.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/opcost.hpp"

namespace opcost::program {

/// The known names nearest to what was typed, if any are near.
std::vector<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

/// The error for a name that is not known: suggests the nearest, lists all.
[[noreturn]] void fail_unknown(std::string_view what, std::string_view typed,
                               const std::vector<std::string>& known);

/// Fails unless an option was given. (CLI11's own check would hide a misspelt option behind the missing one.)
void require_option(bool given, std::string_view flag, std::string_view expected);

/// Fails unless one of a command's subcommands was given, listing them.
void require_subcommand(CLI::App& command);

/// Fails with a violation's message, in which each field is called by its flag.
[[noreturn]] void fail_violation(const Violation& violation,
                                 const std::vector<std::pair<std::string, std::string>>& flags);

/// A built-in name, or the path of a file in the format of data/hardware (data/models).
Accelerator find_accelerator(const std::string& name_or_file);
ModelConfig find_model(const std::string& name_or_file);

/// A built-in calibration's name, or the path of a calibration file.
Calibration find_calibration(const std::string& name_or_file);

/// A built-in serving system's name, or the path of a file in the format of data/serving_systems.
ServingSystem find_serving_system(const std::string& name_or_file);

/// The calibration to use on an accelerator: the one asked for, or its default. Fails if one of another accelerator
/// was asked for, unless `carry`: then its factors are carried over by specifications, with wider intervals.
Calibration calibration_for(const Accelerator& accelerator, const std::string& asked, bool carry);

ModelPrecision find_precision(const std::string& name);
TensorFormat find_cache_format(const std::string& name);

/// The formats a KV cache may have, by name.
std::vector<std::string> cache_format_names();

/// An option that takes a whole number of at least `minimum`; anything else is one clear error.
CLI::Option* add_count(CLI::App& command, const std::string& flags, std::int32_t& value,
                       const std::string& description, std::int32_t minimum = 1);

/// An option that takes a number above `above` and at most `most`, in words `expected`; anything else is one clear error.
CLI::Option* add_number(CLI::App& command, const std::string& flag, double& value, const std::string& description,
                        double above, double most, const std::string& expected);

/// "16MiB", "64kB", "4096" as `flag` takes them: decimal and binary prefixes, above 0.
Bytes parse_bytes(std::string_view flag, std::string_view text);

/// An option that takes one of a few words.
CLI::Option* add_choice(CLI::App& command, const std::string& flags, std::string& value,
                        const std::string& description, const std::vector<std::string>& choices);

/// Fails unless every accelerator has a peak rate for the type.
void require_support(const std::vector<Accelerator>& accelerators, DataType type);

/// The error for ranks that no link joins.
[[noreturn]] void fail_without_link(const Accelerator& accelerator, const Fabric& fabric, std::int32_t ranks);

/// Adds `--gpu` (repeatable); find_accelerators then resolves it, refusing none and duplicates.
void add_gpus(CLI::App& command, std::vector<std::string>& names);
std::vector<Accelerator> find_accelerators(const std::vector<std::string>& names);

}  // namespace opcost::program
