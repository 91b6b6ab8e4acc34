// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost limits`: the largest batches, chunks and contexts whose step keeps a time, and from where on compute limits.
void add_limits_command(CLI::App& app);

}  // namespace opcost::program
