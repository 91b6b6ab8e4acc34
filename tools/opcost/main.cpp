// SPDX-License-Identifier: Apache-2.0
//
// The opcost program. Exit code 0: done; 1: a fault of ours; 2: something the user can mend, said in one line.

#include <cstdio>
#include <exception>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "calibrate_command.hpp"
#include "evaluate_command.hpp"
#include "fit_command.hpp"
#include "limits_command.hpp"
#include "list_command.hpp"
#include "op_command.hpp"
#include "opcost/io/json.hpp"
#include "opcost/version.hpp"
#include "ops_command.hpp"
#include "place_command.hpp"
#include "plot_command.hpp"
#include "step_command.hpp"
#include "usage.hpp"

namespace {

/// One line, whatever a library put into its message.
std::string one_line(std::string text) {
  for (char& character : text) {
    if (character == '\n' || character == '\r') character = ' ';
  }
  return text;
}

int complain(const std::string& message, int exit_code) {
  fmt::print(stderr, "opcost: {}\n", one_line(message));
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"opcost: what an LLM operation costs on an accelerator, why, and how sure we are", "opcost"};
  app.set_version_flag("--version", "opcost " OPCOST_VERSION);
  opcost::program::require_subcommand(app);
  app.footer(
      "Examples:\n"
      "  opcost ops --model gemma-3-27b --gpu h100-sxm --gpu h20 --batch 64 --context 8192\n"
      "  opcost op linear --tokens 64 --in 5376 --out 21504 --gpu h100-sxm\n"
      "  opcost step --model llama-3.1-70b --gpu h100-sxm --tp 4 --decode 64@8192 --prefill 2048\n"
      "  opcost fit --model llama-3.1-70b --gpu h100-sxm --gpu h20 --tp 4 --context 8192\n"
      "  opcost limits --model llama-3.1-70b --gpu h100-sxm --gpu h20 --tp 4 --tpot 30\n"
      "  opcost place --model gemma-3-27b --pool h100-sxm:2 --pool h20:2 --link 400Gbps,33us --context 8192 --tpot "
      "50\n"
      "  opcost plot roofline --model gemma-3-27b --gpu h100-sxm --gpu h20 --out roofline.svg\n"
      "`opcost COMMAND --help` tells more.");
  opcost::program::add_ops_command(app);
  opcost::program::add_op_command(app);
  opcost::program::add_step_command(app);
  opcost::program::add_fit_command(app);
  opcost::program::add_limits_command(app);
  opcost::program::add_place_command(app);
  opcost::program::add_list_command(app);
  opcost::program::add_plot_command(app);
  opcost::program::add_evaluate_command(app);
  opcost::program::add_calibrate_command(app);

  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return complain(fmt::format("{} (see opcost --help)", error.what()), 2);
  } catch (const opcost::InputError& error) {
    return complain(error.what(), 2);
  } catch (const std::exception& error) {
    return complain(fmt::format("internal error: {}", error.what()), 1);
  }
}
