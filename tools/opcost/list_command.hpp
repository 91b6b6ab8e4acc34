// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost list gpus|models|operations|dtypes|calibrations|serving-systems|prices`: what there is to choose from.
void add_list_command(CLI::App& app);

}  // namespace opcost::program
