// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `opcost op`, a file for each group of alike operations.
#pragma once

#include <CLI/CLI.hpp>

namespace opcost::program {

void add_linear_operations(CLI::App& op);       ///< linear, batched
void add_expert_operations(CLI::App& op);       ///< moe, grouped, gate
void add_attention_operations(CLI::App& op);    ///< attention
void add_latent_operations(CLI::App& op);       ///< latent, indexer, index-top-k
void add_recurrent_operations(CLI::App& op);    ///< delta-rule, state-space, convolution
void add_elementwise_operations(CLI::App& op);  ///< rms-norm … sampling
void add_collective_operations(CLI::App& op);   ///< collective

}  // namespace opcost::program
