// SPDX-License-Identifier: Apache-2.0
#include "op_options.hpp"

#include <algorithm>
#include <cmath>

#include "opcost/io/json.hpp"
#include "output.hpp"
#include "table.hpp"

namespace opcost::program {

CLI::App* add_operation_command(CLI::App& op, const CommandText& text) {
  CLI::App* command = op.add_subcommand(text.name, text.description);
  command->footer(fmt::format("Example:\n  opcost op {} {}", text.name, text.example));
  return command;
}

void add_sizes(CLI::App& command, CommonOptions& options, const std::vector<SizeOption>& sizes) {
  for (const SizeOption& size : sizes) {
    if (size.required) *size.value = 0;
    add_count(command, size.flag, *size.value, size.help);
    options.sizes.push_back(size);
  }
}

void add_common_options(CLI::App& command, CommonOptions& options, const CommandText& text) {
  add_gpus(command, options.gpus);
  const std::string help =
      fmt::format("{}: see `opcost list dtypes` (default: {})", text.data_type, options.data_type);
  command.add_option("--dtype", options.data_type, help)->type_name("TYPE");
  command
      .add_option("--calibration", options.calibration,
                  "Estimate with this calibration: a name of `opcost list calibrations` or a file (default: each "
                  "GPU's own)")
      ->type_name("NAME|FILE");
  add_choice(command, "--format", options.format, "How to print (default: table)", {"table", "json"});
}

void check_sizes(const CommonOptions& options) {
  constexpr std::int32_t largest = 1 << 30;
  for (const SizeOption& size : options.sizes) {
    std::string expected = size.help.substr(0, size.help.find(" (default"));
    if (!expected.empty() && expected[0] >= 'A' && expected[0] <= 'Z') expected[0] += 'a' - 'A';
    require_option(!size.required || *size.value != 0, size.flag, expected);
    if (*size.value > largest) {
      throw InputError(fmt::format("{} is {}, expected at most {}", size.flag, *size.value, largest));
    }
  }
}

void fail_violation(const Violation& violation, const std::vector<SizeOption>& sizes) {
  const std::string message = InvalidValue(violation).what();
  const auto in_word = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  std::string text;
  for (std::size_t at = 0; at < message.size();) {
    std::size_t end = at;
    while (end < message.size() && in_word(message[end])) ++end;
    if (end == at) {
      text += message[at++];
      continue;
    }
    const std::string word = message.substr(at, end - at);
    const auto named =
        std::find_if(sizes.begin(), sizes.end(), [&](const SizeOption& size) { return size.field == word; });
    text += named != sizes.end() ? named->flag : word;
    at = end;
  }
  throw InputError(text);
}

std::string element_size(const TensorFormat& format) {
  return fmt::format("{:g} B", bytes_per_element(format.element)) + (format.scale_rows != 0 ? " and scales" : "");
}

std::string count_text(double count) {
  return count == std::round(count) && count < 1e15 ? fmt::format("{:.0f}", count) : significant(count);
}

void add_totals(Explanation& explanation) {
  const Cost& cost = explanation.cost;
  add_formula(explanation, "bytes", "reads + writes", "", cost.bytes());
  add_formula(explanation, "intensity", "FLOPs / bytes", fmt::format("{} / {}", cost.flops(), cost.bytes()),
              cost.arithmetic_intensity());
}

void show(const Explanation& explanation, const std::string& format) {
  print(format == "json" ? explanation_json(explanation) : explanation_text(explanation, colour_wanted()));
}

}  // namespace opcost::program
