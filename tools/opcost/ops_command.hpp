// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost ops`: every operation of a model's step, its cost and its bound on each accelerator.
void add_ops_command(CLI::App& app);

}  // namespace opcost::program
