// SPDX-License-Identifier: Apache-2.0
//
// Every operation in one line: by which formulas it is counted, where they come from, what explains them.
#pragma once

#include <span>
#include <string_view>

namespace opcost::program {

struct OperationDescription {
  std::string_view kind;
  std::string_view descriptor;
  std::string_view command;  ///< After `opcost op`.
  std::string_view flops;
  std::string_view bytes;  ///< Elements that cross device memory.
  std::string_view source;
};

std::span<const OperationDescription> operation_descriptions();

}  // namespace opcost::program
