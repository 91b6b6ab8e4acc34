// SPDX-License-Identifier: Apache-2.0
//
// A step on each accelerator, operation by operation: what `opcost step` prints and `opcost plot step` draws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "opcost/opcost.hpp"
#include "step_options.hpp"

namespace opcost::program {

/// What kind of work an operation is, coarser than its kind.
enum class Work : std::uint8_t { projections, attention, experts, recurrences, elementwise, communication };

inline constexpr std::size_t work_count = 6;

constexpr std::string_view name(Work work) noexcept {
  constexpr std::array<std::string_view, work_count> names{
      "linear_projections", "attention", "experts", "recurrences", "norms_and_elementwise", "communication"};
  return names[static_cast<std::size_t>(work)];
}

/// All executions of an operation together, on one accelerator.
struct OperationOnGpu {
  Seconds bound{};
  std::string_view limiter;  ///< A Limiter's name, of communication a CollectiveLimiter's.
  Seconds expected{};
  Seconds low{};
  Seconds high{};
  double share = 0.0;  ///< Of the step's expected time.
  ResourceTimes resources{};
  bool in_fitted_range = false;
};

struct StepOperation {
  std::string_view name;
  std::string_view kind;
  Work work = Work::elementwise;
  std::int32_t count = 1;
  Cost cost{};  ///< Of one execution.
  std::optional<Collective> message{};
  std::vector<OperationOnGpu> gpus{};
};

/// The whole step on one accelerator.
struct StepOnGpu {
  StepEstimate estimate{};
  StepBound bound{};
  ResourceTimes resources{};
  std::array<Seconds, work_count> work{};  ///< Of communication, what does not hide beside operations.
  double tokens_per_second = 0.0;          ///< New tokens of all data-parallel ranks.
  Seconds slowest_stage{};                 ///< Of a pipeline, without the host's time: the pace that it can keep.
};

struct StepReport {
  std::vector<StepOperation> operations;  ///< As they run within a layer.
  Cost cost{};                            ///< Of all but communication.
  std::vector<StepOnGpu> gpus;
};

StepReport report(const Deployment& deployment, const StepBatch& batch);

}  // namespace opcost::program
