// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost place`: the best plans for a model on pools of accelerators.
void add_place_command(CLI::App& app);

}  // namespace opcost::program
