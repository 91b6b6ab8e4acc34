// SPDX-License-Identifier: Apache-2.0
//
// What commands about one step share: a model divided over ranks, and the sequences of a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "opcost/io/json.hpp"
#include "opcost/io/step_batch_json.hpp"
#include "opcost/opcost.hpp"
#include "target.hpp"

namespace opcost::program {

/// The command line as typed; "" where nothing was.
struct DeploymentOptions : TargetOptions {
  Parallelism parallelism;
  std::string expert_dispatch = "all_to_all";
  std::int32_t ranks_per_node = 8;
  std::string system;
  bool eager = false;
};

/// The same, resolved and checked: a model on the ranks of a parallelism.
struct Deployment : Target {
  ModelShard shard;
  std::int32_t ranks_per_node = 8;
  std::optional<ServingSystem> system;
  ExecutionConditions conditions;

  const Parallelism& parallelism() const noexcept { return shard.place.parallelism; }
  /// On the accelerator of that number; refers to this deployment.
  Platform platform(std::size_t index) const noexcept;
  /// "32 GPUs (expert 32, data 32), 8 a node", "1 GPU"
  std::string ranks_text() const;
};

/// The degrees, and how ranks stand in nodes.
nlohmann::ordered_json parallelism_json(const Deployment& deployment);

/// The options of a target, and `--tp` … `--eager`.
void add_deployment_options(CLI::App& command, DeploymentOptions& options);

/// Throws InputError.
Deployment resolve(const DeploymentOptions& options);

/// The command line as typed.
struct StepBatchOptions {
  std::string decode_flag = "--decode";
  std::vector<std::string> decodes;
  std::vector<std::string> prefills;
  std::int32_t drafted = 0;
  std::string file;
};

/// The sequences of a step as they were given, and as sums made for a model.
struct GivenBatch {
  std::vector<StepSequences> sequences;
  StepBatch batch;

  std::int32_t longest_context() const noexcept;
  /// The new tokens of each sequence if all decode and sample every one of them, else nothing.
  std::optional<std::int32_t> decoded_tokens() const noexcept;
  /// "64 decodes at 8192 tokens of context, 1 prefill of 2048 new tokens after 4096 cached"
  std::string description() const;
};

/// `--decode`, `--prefill`, `--drafted`, `--batch`.
void add_batch_options(CLI::App& command, StepBatchOptions& options);

/// Checks the batch against the deployment, too: its accelerators have a rate for every type that the step computes
/// in, and links where its ranks communicate. Throws InputError.
GivenBatch resolve(const StepBatchOptions& options, const Deployment& deployment);

}  // namespace opcost::program
