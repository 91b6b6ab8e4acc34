// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "evaluation.hpp"

namespace opcost::program {

/// `opcost evaluate`: a calibration's estimates against measurements.
void add_evaluate_command(CLI::App& app);

/// What `evaluate` and `plot accuracy` are asked.
struct EvaluationOptions {
  std::vector<std::string> paths;
  std::string calibration;
  std::string gpu;
};

void add_evaluation_options(CLI::App& command, EvaluationOptions& options);

/// The measurements with their estimates, and what they were made with.
struct Evaluation {
  Calibration calibration;
  Accelerator accelerator;
  std::vector<std::filesystem::path> files;
  std::vector<Evaluated> evaluated;
};

/// Reads the measurements and estimates each. Throws InputError.
Evaluation evaluate(const EvaluationOptions& options);

}  // namespace opcost::program
