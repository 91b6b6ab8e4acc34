// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost op KIND`: one operation explained, from its formula to what would change its limiter.
void add_op_command(CLI::App& app);

}  // namespace opcost::program
