// SPDX-License-Identifier: Apache-2.0
//
// Estimates of collectives on a fabric: what they promise on any accelerator, and which model answers.
#include <catch2/catch.hpp>

#include <cmath>
#include <initializer_list>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

constexpr std::initializer_list<CollectiveKind> kinds{CollectiveKind::all_reduce, CollectiveKind::reduce_scatter,
                                                      CollectiveKind::all_gather, CollectiveKind::all_to_all,
                                                      CollectiveKind::point_to_point};
const Accelerator& h100 = accelerators::h100_sxm;
const Calibration& vllm = calibrations::h100_sxm_vllm_0_24;
constexpr Fabric hgx = Fabric::of(accelerators::h100_sxm);

Seconds expected(const Collective& collective, const Calibration& calibration = vllm,
                 const ExecutionConditions& conditions = {}) {
  return estimate_latency(collective, hgx, h100, calibration, conditions).expected;
}

}  // namespace

template <class T>
concept EstimatedWithoutFabric = requires(const T& operation) {
  kernel_query(operation, ExecutionConditions{});
};
static_assert(EstimatedWithoutFabric<RmsNorm<>> && !EstimatedWithoutFabric<Collective>);

TEST_CASE("bound ≤ low ≤ expected ≤ high for collectives everywhere") {
  for (const AcceleratorEntry& entry : accelerator_catalogue) {
    const Accelerator& accelerator = entry.specification;
    const Fabric fabric = Fabric::of(accelerator);
    for (const Calibration* calibration : calibration_catalogue) {
      if (!calibration->answers_for(accelerator)) continue;
      for (const CollectiveKind kind : kinds) {
        for (const std::int32_t ranks : {2, 3, 4, 7, 8, 9, 16, 72}) {
          for (double bytes = 1.0; bytes < 1e12; bytes *= 37.0) {
            for (const bool cuda_graph : {true, false}) {
              const CollectiveEstimate e = estimate_latency({kind, ranks, {bytes}}, fabric, accelerator,
                                                            *calibration, {.cuda_graph = cuda_graph});
              INFO(entry.product << ' ' << name(kind) << ' ' << ranks << ' ' << bytes);
              REQUIRE((e.bound.time <= e.low && e.low <= e.expected && e.expected <= e.high));
              const bool linked = fabric.nodes(ranks) == 1 ? accelerator.scale_up.bandwidth.value > 0.0
                                                           : accelerator.scale_out.bandwidth.value > 0.0;
              REQUIRE(std::isfinite(e.high.value) == linked);
              REQUIRE((fabric.nodes(ranks) == 1 || !e.in_fitted_range));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("one rank and no bytes take no time to communicate") {
  for (const CollectiveKind kind : kinds) {
    CHECK(expected({kind, 1, {1e6}}) == Seconds{});
    CHECK(expected({kind, 8, {}}) == Seconds{});
    CHECK(expected({kind, 1, {1e6}}, vllm, {.cuda_graph = false}) == Seconds{});
  }
}

TEST_CASE("the ideal calibration estimates a collective's bound, constants a share of it") {
  for (const CollectiveKind kind : kinds) {
    const Collective collective{kind, 8, {16e6}};
    const Seconds bound = collective_bound(collective, hgx).time;
    CHECK(expected(collective, calibrations::ideal).value == Approx(bound.value).epsilon(1e-12));
    CHECK(expected(collective, calibrations::constant).value == Approx(2.5e-6 + bound.value / 0.8));
  }
}

TEST_CASE("which model answers for a collective") {
  const auto family = [](CollectiveKind kind, std::int32_t ranks) {
    return collective_family(kernel::CollectiveShape::of({kind, ranks, {1e6}}, hgx));
  };
  CHECK(family(CollectiveKind::all_to_all, 8) == KernelFamily::exchange_collective);
  CHECK(family(CollectiveKind::point_to_point, 2) == KernelFamily::exchange_collective);
  CHECK(family(CollectiveKind::all_gather, 8) == KernelFamily::ring_collective);
  CHECK(family(CollectiveKind::reduce_scatter, 8) == KernelFamily::ring_collective);
  CHECK(family(CollectiveKind::all_reduce, 8) == KernelFamily::custom_all_reduce);
  CHECK(family(CollectiveKind::all_reduce, 3) == KernelFamily::ring_collective);   // vLLM has no kernel for three
  CHECK(family(CollectiveKind::all_reduce, 16) == KernelFamily::ring_collective);  // two nodes
  const auto shape = kernel::CollectiveShape::of({CollectiveKind::all_reduce, 8, {1e6}}, hgx);
  CHECK(collective_family(shape, false) == KernelFamily::ring_collective);
}

TEST_CASE("launching one by one costs a collective time, once") {
  for (const CollectiveKind kind : kinds) {
    const Collective small{kind, 8, {4096}};
    CHECK(expected(small, vllm, {.cuda_graph = false}) > expected(small));
  }
  const Collective gather{CollectiveKind::all_gather, 8, {4096}};
  CHECK((expected(gather, vllm, {.cuda_graph = false}) - expected(gather)).value ==
        Approx(vllm.eager_launch * 1e-6));
}
