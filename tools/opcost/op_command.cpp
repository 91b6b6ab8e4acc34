// SPDX-License-Identifier: Apache-2.0
#include "op_command.hpp"

#include "op_groups.hpp"
#include "usage.hpp"

namespace opcost::program {

void add_op_command(CLI::App& app) {
  CLI::App* op = app.add_subcommand("op", "One operation explained: formula, bytes by role, bound, what limits it");
  require_subcommand(*op);
  op->footer("Example:\n  opcost op linear --tokens 64 --in 5376 --out 21504 --gpu h100-sxm --gpu h20");
  add_linear_operations(*op);
  add_expert_operations(*op);
  add_attention_operations(*op);
  add_latent_operations(*op);
  add_recurrent_operations(*op);
  add_elementwise_operations(*op);
  add_collective_operations(*op);
}

}  // namespace opcost::program
