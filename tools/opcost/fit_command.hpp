// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost fit`: what a rank of a model holds in memory, and how many sequences of how many tokens fit beside it.
void add_fit_command(CLI::App& app);

}  // namespace opcost::program
