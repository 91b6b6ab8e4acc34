// SPDX-License-Identifier: Apache-2.0
//
// Where a step's time goes: operation by operation, and by what it waits for.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "opcost/latency/collective_estimate.hpp"
#include "opcost/latency/estimate.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/model/step.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/model/step_operations.hpp"
#include "opcost/units.hpp"

namespace opcost {

/// What a step waits for.
enum class Resource : std::uint8_t {
  compute,   ///< Tensor and vector units.
  memory,    ///< The accelerator's own, its caches included.
  network,   ///< Links between ranks, with the steps of their protocols.
  overhead,  ///< Launches, prologues, reductions, the KV-cache write.
  host       ///< The serving system.
};

inline constexpr std::size_t resource_count = 5;

constexpr std::string_view name(Resource resource) noexcept {
  constexpr std::array<std::string_view, resource_count> names{"compute", "memory", "network", "overhead", "host"};
  return names[static_cast<std::size_t>(resource)];
}

/// A time by what it waits for. Times add.
class ResourceTimes {
 public:
  constexpr Seconds operator[](Resource resource) const noexcept {
    return times_[static_cast<std::size_t>(resource)];
  }
  constexpr Seconds& operator[](Resource resource) noexcept { return times_[static_cast<std::size_t>(resource)]; }

  constexpr Seconds total() const noexcept {
    Seconds sum{};
    for (const Seconds time : times_) sum += time;
    return sum;
  }

  constexpr ResourceTimes& operator+=(const ResourceTimes& other) noexcept {
    for (std::size_t i = 0; i < resource_count; ++i) times_[i] += other.times_[i];
    return *this;
  }
  friend constexpr ResourceTimes operator*(ResourceTimes times, double count) noexcept {
    for (Seconds& time : times.times_) time = time * count;
    return times;
  }

  friend constexpr bool operator==(const ResourceTimes&, const ResourceTimes&) noexcept = default;

 private:
  std::array<Seconds, resource_count> times_{};
};

/// The expected time of an operation: its overhead, and the rest as the longer of compute and memory has it, which hides
/// the other.
constexpr ResourceTimes resource_times(const LatencyEstimate& estimate) noexcept {
  ResourceTimes times;
  const bool all_overhead = estimate.overhead > estimate.expected;
  times[Resource::overhead] = all_overhead ? estimate.expected : estimate.overhead;
  const bool modelled = !(estimate.compute == estimate.memory);
  const bool compute = modelled ? estimate.compute > estimate.memory : estimate.bound.limiter() == Limiter::compute;
  times[compute ? Resource::compute : Resource::memory] = estimate.expected - times[Resource::overhead];
  return times;
}

constexpr ResourceTimes resource_times(const CollectiveEstimate& estimate) noexcept {
  ResourceTimes times;
  times[Resource::network] = estimate.expected;
  return times;
}

/// Calls `visit(name, count, operation, estimate)` for everything that `visit_operations` visits: a LatencyEstimate of
/// one execution, or a CollectiveEstimate. `visit` must not throw. Does not throw, allocate or lock.
template <class Visit>
void visit_estimates(const ModelShard& shard, const StepBatch& batch, const ModelPrecision& precision,
                     const Platform& platform, Visit&& visit) noexcept {
  visit_operations(shard, batch, precision,
                   [&](std::string_view name, std::int32_t count, const auto& operation) noexcept {
                     visit(name, count, operation, detail::estimate_on(platform, operation));
                   });
}

/// A step's expected time by what it waits for; communication that hides beside operations is not waited for. The total
/// is StepEstimate::expected, but for rounding. Does not throw, allocate or lock.
template <std::same_as<ModelShard> Shard>
ResourceTimes resource_times(const Shard& shard, const StepBatch& batch, const ModelPrecision& precision,
                             const Platform& platform) noexcept {
  ResourceTimes times;
  detail::PartEstimate sum;
  visit_estimates(
      shard, batch, precision, platform,
      [&](std::string_view /*name*/, std::int32_t count, const auto& /*operation*/, const auto& estimate) noexcept {
        times += resource_times(estimate) * count;
        detail::add_estimate(sum, estimate, count);
      });
  const StepEstimate step = detail::with_system(sum, platform.system, batch.sequences());
  times[Resource::network] = step.communication.expected - step.hidden;
  times[Resource::host] = step.host;
  return times;
}

}  // namespace opcost
