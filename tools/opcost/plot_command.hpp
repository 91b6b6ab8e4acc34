// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost plot roofline`: charts as SVG files.
void add_plot_command(CLI::App& app);

}  // namespace opcost::program
