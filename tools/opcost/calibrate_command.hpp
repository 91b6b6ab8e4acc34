// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

/// `opcost calibrate`: fits a calibration to measurements.
void add_calibrate_command(CLI::App& app);

}  // namespace opcost::program
