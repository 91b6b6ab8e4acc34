// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost step`: the operations of one rank's step over a ragged batch, and what the step takes.
void add_step_command(CLI::App& app);

}  // namespace opcost::program
