// SPDX-License-Identifier: Apache-2.0
//
// Communication: exact counts, the bound of the links, the kernel models, and overlap.
#include <catch2/catch.hpp>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include "opcost/hardware/catalogue.hpp"
#include "opcost/hardware/fabric.hpp"
#include "opcost/latency/collective_bound.hpp"
#include "opcost/latency/kernel/collective.hpp"
#include "opcost/latency/overlap.hpp"
#include "opcost/operation/collective.hpp"

using namespace opcost;
using kernel::CollectiveShape;

namespace {

constexpr std::initializer_list<CollectiveKind> kinds{CollectiveKind::all_reduce, CollectiveKind::reduce_scatter,
                                                      CollectiveKind::all_gather, CollectiveKind::all_to_all,
                                                      CollectiveKind::point_to_point};

const Accelerator& h100 = accelerators::h100_sxm;
constexpr Fabric hgx = Fabric::of(accelerators::h100_sxm, 8, true);
const kernel::Machine machine = kernel::Machine::of(h100, DataType::bf16);

constexpr kernel::NcclRing ring;
constexpr kernel::NcclPointToPoint sends;
constexpr kernel::VllmAllReduce vllm;

bool is_ring(CollectiveKind kind) { return kind <= CollectiveKind::all_gather; }

kernel::KernelTime nccl(const Collective& collective, const Fabric& fabric, const kernel::Machine& on = machine) {
  const CollectiveShape shape = CollectiveShape::of(collective, fabric);
  return is_ring(collective.pattern) ? ring.time(shape, on) : sends.time(shape, on);
}

double bus_gb_per_s(const Collective& collective, double microseconds) {
  return collective.bus_bandwidth({microseconds * 1e-6}).value * 1e-9;
}

/// C(n, k), exact for the sizes below.
double choose(int n, int k) {
  double product = 1.0;
  for (int i = 1; i <= k; ++i) product = product * (n - k + i) / i;
  return n < k ? 0.0 : product;
}

}  // namespace

static_assert(Operation<Collective>);
static_assert(Validatable<Collective> && Validatable<ExpertExchange> && Validatable<Fabric>);

TEST_CASE("collective kinds have names") {
  for (const CollectiveKind kind : kinds) CHECK(collective_kind_named(name(kind)) == kind);
  CHECK(name(CollectiveKind::all_to_all) == "all_to_all");
  CHECK_FALSE(collective_kind_named("allreduce"));
}

TEST_CASE("what passes a rank's port, by hand") {
  // 8 ranks, 64 MB: all but one's own eighth is 56 MB
  const auto port = [](CollectiveKind kind, bool in_switch) {
    return Collective{kind, 8, {64e6}}.port_bytes(in_switch).value;
  };
  CHECK(port(CollectiveKind::all_reduce, false) == 112e6);
  CHECK(port(CollectiveKind::all_reduce, true) == 64e6);
  CHECK(port(CollectiveKind::reduce_scatter, false) == 56e6);
  CHECK(port(CollectiveKind::reduce_scatter, true) == 56e6);
  CHECK(port(CollectiveKind::all_gather, false) == 56e6);
  CHECK(port(CollectiveKind::all_gather, true) == 56e6);
  CHECK(port(CollectiveKind::all_to_all, false) == 56e6);
  CHECK(port(CollectiveKind::point_to_point, false) == 64e6);
  // two ranks exchange their vectors: no switch can save anything
  CHECK(Collective{CollectiveKind::all_reduce, 2, {64e6}}.port_bytes(false).value == 64e6);
  CHECK(Collective{CollectiveKind::all_reduce, 2, {64e6}}.port_bytes(true).value == 64e6);
}

TEST_CASE("an all-reduce is a reduce-scatter and an all-gather") {
  for (const int n : {1, 2, 3, 7, 8, 64}) {
    const Collective all{CollectiveKind::all_reduce, n, {1e6}};
    const Collective scatter{CollectiveKind::reduce_scatter, n, {1e6}};
    const Collective gather{CollectiveKind::all_gather, n, {1e6}};
    CHECK(all.port_bytes().value == Approx(scatter.port_bytes().value + gather.port_bytes().value));
    CHECK(all.ring_steps() == scatter.ring_steps() + gather.ring_steps());
    CHECK(all.reduction_flops() == scatter.reduction_flops());
  }
}

TEST_CASE("reduction, memory traffic and steps, by hand") {
  const Collective all_reduce{CollectiveKind::all_reduce, 4, {16e6}, DataType::bf16};
  CHECK(all_reduce.reduction_flops().value == 6e6);  // 8e6 elements, of which three quarters arrive
  CHECK(all_reduce.reduction_flops(true).value == 0.0);
  CHECK(Collective{CollectiveKind::all_reduce, 4, {16e6}, DataType::fp32}.reduction_flops().value == 3e6);
  CHECK(all_reduce.cost().vector_flops.value == 6e6);
  CHECK(all_reduce.cost().activation_read.value == 16e6);
  CHECK(all_reduce.cost().activation_write.value == 16e6);
  CHECK(all_reduce.ring_steps() == 6);
  CHECK(all_reduce.total_bytes().value == 4 * 24e6);

  const Collective scatter{CollectiveKind::reduce_scatter, 4, {16e6}};
  CHECK(scatter.cost().activation_read.value == 16e6);
  CHECK(scatter.cost().activation_write.value == 4e6);
  CHECK(scatter.ring_steps() == 3);
  const Collective gather{CollectiveKind::all_gather, 4, {16e6}};
  CHECK(gather.cost().activation_read.value == 4e6);
  CHECK(gather.cost().activation_write.value == 12e6);
  CHECK(gather.cost().vector_flops.value == 0.0);
  const Collective exchange{CollectiveKind::all_to_all, 4, {16e6}};
  CHECK(exchange.cost().bytes().value == 24e6);
  const Collective neighbours{CollectiveKind::point_to_point, 4, {16e6}};
  CHECK(neighbours.cost().bytes().value == 32e6);
  CHECK(neighbours.ring_steps() == 1);
  CHECK(all_reduce.compute_type() == DataType::fp32);
}

TEST_CASE("one rank and no bytes cost nothing") {
  for (const CollectiveKind kind : kinds) {
    for (const Collective& none : {Collective{kind, 1, {1e9}}, Collective{kind, 8, {0.0}}}) {
      CHECK(none.port_bytes().value == 0.0);
      CHECK(none.cost() == Cost{});
      CHECK(none.ring_steps() == 0);
      CHECK(collective_bound(none, hgx) == CollectiveBound{});
      CHECK(collective_bound(none, hgx).limiter() == CollectiveLimiter::nothing);
      CHECK(nccl(none, hgx).total == 0.0);
      CHECK(vllm.time(CollectiveShape::of(none, hgx), machine).total == 0.0);
      CHECK(vllm.time_or(ring, CollectiveShape::of(none, hgx, true), machine).total == 0.0);
    }
  }
}

TEST_CASE("what is no collective is a violation") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_FALSE(Collective{CollectiveKind::all_reduce, 1, {0.0}}.violation());
  CHECK(Collective{CollectiveKind::all_reduce, 0, {1.0}}.violation()->field == "ranks");
  CHECK(Collective{CollectiveKind::all_reduce, -8, {1.0}}.violation()->field == "ranks");
  for (const double bytes : {-1.0, nan, infinity, -infinity}) {
    CHECK(Collective{CollectiveKind::all_reduce, 8, {bytes}}.violation()->field == "bytes");
  }
  CHECK_FALSE(hgx.violation());
  CHECK(Fabric{{LinkKind::nvlink, {450e9}}, {}, 0}.violation()->field == "ranks_per_node");
  CHECK(Fabric{{LinkKind::nvlink, {nan}}, {}, 8}.violation()->field == "scale_up.gb_per_s");
  CHECK_FALSE(ExpertExchange{128, 7168, 256, 8, 32}.violation());
  CHECK(ExpertExchange{128, 7168, 256, 8, 3}.violation()->field == "ranks");
  CHECK(ExpertExchange{128, 7168, 4, 8, 2}.violation()->field == "experts_per_token");
  CHECK(ExpertExchange{0, 7168, 256, 8, 32}.violation()->field == "tokens");
}

TEST_CASE("only floating point of 16 bits or more is added in the switch") {
  CHECK(Collective{CollectiveKind::all_reduce, 8, {1e6}, DataType::bf16}.summed_in_switch());
  CHECK_FALSE(Collective{CollectiveKind::all_reduce, 8, {1e6}, DataType::int8}.summed_in_switch());
  CHECK_FALSE(Collective{CollectiveKind::all_reduce, 8, {1e6}, DataType::fp8}.summed_in_switch());
  CHECK_FALSE(CollectiveShape::of({CollectiveKind::all_reduce, 8, {1e6}, DataType::int8}, hgx).in_switch);
}

TEST_CASE("hidden states of a tensor-parallel layer") {
  const Collective all = collective_over_hidden_states(CollectiveKind::all_reduce, 2048, 8192, 8);
  CHECK(all.bytes.value == 2048.0 * 8192.0 * 2.0);
  CHECK(all.element == DataType::bf16);
  // an fp8 gather carries its scales: 56 of 4 bytes for each row of 7168
  const Collective gather =
      collective_over_hidden_states(CollectiveKind::all_gather, 10, 7168, 8, formats::fp8_token_group);
  CHECK(gather.bytes.value == 10.0 * (7168.0 + 56.0 * 4.0));
}

TEST_CASE("NanoFlow's network time of LLaMA-2-70B (arXiv 2408.12757, Table 2)") {
  // 8 × A100, dense batch 2048, hidden 8192, 80 layers of two all-gathers and an all-reduce, which on a ring take
  // (N−1) + (N−1) + 2(N−1) hops of the tensor: 75.2 GB from all ranks, 31.33 ms at 300 GB/s one way.
  const Collective gather = collective_over_hidden_states(CollectiveKind::all_gather, 2048, 8192, 8);
  const Collective reduce = collective_over_hidden_states(CollectiveKind::all_reduce, 2048, 8192, 8);
  const Bytes all_ranks = 80.0 * (2.0 * gather.total_bytes() + reduce.total_bytes());
  CHECK(all_ranks.value * 1e-9 == Approx(75.2).epsilon(0.001));
  CHECK(all_ranks.value == Approx(80.0 * 28.0 * 2048.0 * 8192.0 * 2.0));
  const Fabric a100 = Fabric::of(accelerators::a100_sxm_80gb);
  const Seconds time = 80.0 * (2.0 * collective_bound(gather, a100).time + collective_bound(reduce, a100).time);
  CHECK(time.value * 1e3 == Approx(31.33).epsilon(0.001));
}

TEST_CASE("distinct ranks among a token's experts") {
  // against the binomial coefficients themselves
  for (const int experts : {8, 64, 256}) {
    for (const int k : {1, 2, 4, 8}) {
      for (const int ranks : {1, 2, 4, 8}) {
        const double closed = ranks * (1.0 - choose(experts - experts / ranks, k) / choose(experts, k));
        CHECK(ExpertExchange{1, 1, experts, k, ranks}.ranks_per_token() == Approx(closed).epsilon(1e-12));
      }
    }
  }
  // by counting: 4 experts on 2 ranks, 2 of them: 6 pairs, 2 of them on one rank → (2·1 + 4·2) / 6
  CHECK(ExpertExchange{1, 1, 4, 2, 2}.ranks_per_token() == Approx(10.0 / 6.0));
  CHECK(ExpertExchange{1, 1, 8, 8, 4}.ranks_per_token() == 4.0);  // all experts: all ranks
  CHECK(ExpertExchange{1, 1, 64, 1, 8}.ranks_per_token() == Approx(1.0));
  // one expert a rank: every expert is a rank of its own
  CHECK(ExpertExchange{1, 1, 64, 6, 64}.ranks_per_token() == Approx(6.0));
}

TEST_CASE("dispatch and combine of a mixture of experts") {
  // 128 tokens of DeepSeek-V3 on 8 ranks: fp8 rows with scales out, bf16 rows back, once for each rank or expert
  ExpertExchange exchange{128, 7168, 256, 8, 8};
  exchange.dispatch_format = formats::fp8_token_group;
  const double copies = exchange.ranks_per_token();
  CHECK(copies == Approx(8.0 * (1.0 - choose(224, 8) / choose(256, 8))));
  CHECK(exchange.dispatch().pattern == CollectiveKind::all_to_all);
  CHECK(exchange.dispatch().ranks == 8);
  CHECK(exchange.dispatch().bytes.value == Approx(128.0 * copies * (7168.0 + 224.0)));
  CHECK(exchange.combine().bytes.value == Approx(128.0 * copies * 7168.0 * 2.0));
  exchange.deduplicated = false;
  CHECK(exchange.dispatch().bytes.value == Approx(128.0 * 8.0 * (7168.0 + 224.0)));
  CHECK(exchange.copies_per_token() == 8.0);
  exchange.ranks = 1;
  CHECK(exchange.dispatch().port_bytes().value == 0.0);
}

TEST_CASE("a fabric's nodes") {
  CHECK(hgx.scale_up.bandwidth.value == 450e9);
  CHECK(hgx.scale_out.bandwidth.value == 50e9);
  CHECK(hgx.nodes(1) == 1);
  CHECK(hgx.nodes(8) == 1);
  CHECK(hgx.nodes(9) == 2);
  CHECK(hgx.most_in_node(4) == 4);
  CHECK(hgx.most_in_node(12) == 8);
  CHECK(hgx.fewest_in_node(12) == 4);
  CHECK(hgx.fewest_in_node(16) == 8);
}

TEST_CASE("the bound of the links, by hand") {
  const Fabric plain = Fabric::of(h100, 8, false);
  const auto time_us = [](CollectiveKind kind, int ranks, const Fabric& fabric) {
    return collective_bound({kind, ranks, {450e6}}, fabric).time.value * 1e6;
  };
  // one node: 450 MB are 1 ms of the port
  CHECK(time_us(CollectiveKind::all_reduce, 8, plain) == Approx(1750.0));
  CHECK(time_us(CollectiveKind::all_reduce, 8, hgx) == Approx(1000.0));
  CHECK(time_us(CollectiveKind::all_gather, 8, plain) == Approx(875.0));
  CHECK(time_us(CollectiveKind::point_to_point, 8, plain) == Approx(1000.0));
  // two nodes of 8 with 50 GB/s for each rank
  const CollectiveBound reduce = collective_bound({CollectiveKind::all_reduce, 16, {450e6}}, plain);
  CHECK(reduce.scale_up_time.value == Approx(2.0 * 450e6 * 15.0 / 16.0 / 500e9));
  CHECK(reduce.scale_out_time.value == Approx(450e6 / (8 * 50e9)));
  CHECK(reduce.limiter() == CollectiveLimiter::scale_up);
  const CollectiveBound exchange = collective_bound({CollectiveKind::all_to_all, 16, {450e6}}, plain);
  CHECK(exchange.scale_out_time.value == Approx(450e6 * 0.5 / 50e9));
  CHECK(exchange.limiter() == CollectiveLimiter::scale_out);
  CHECK(collective_bound({CollectiveKind::all_gather, 16, {450e6}}, plain).scale_out_time.value ==
        Approx(450e6 * 0.5 / (8 * 50e9)));
  // nine ranks: the ninth has one card to give its vector and get the sum
  CHECK(collective_bound({CollectiveKind::all_reduce, 9, {450e6}}, plain).scale_out_time.value ==
        Approx(450e6 / 50e9));
  CHECK(collective_bound({CollectiveKind::all_reduce, 8, {450e6}}, plain).limiter() == CollectiveLimiter::scale_up);
}

TEST_CASE("where there is no link, bytes never arrive") {
  const Fabric alone = Fabric::of(accelerators::l20, 8);  // no network card published
  CHECK(std::isinf(collective_bound({CollectiveKind::all_to_all, 16, {1e6}}, alone).time.value));
  CHECK(std::isfinite(collective_bound({CollectiveKind::all_to_all, 8, {1e6}}, alone).time.value));
  CHECK(collective_bound({CollectiveKind::all_to_all, 16, {0.0}}, alone).time.value == 0.0);
  CHECK(std::isinf(nccl({CollectiveKind::all_to_all, 16, {1e6}}, alone).total));
}

TEST_CASE("bound ≤ model, and both grow with bytes") {
  const Fabric plain = Fabric::of(h100, 8, false);
  const Fabric h800 = Fabric::of(accelerators::h800_sxm, 8, true);
  const Fabric l20 = Fabric::of(accelerators::l20, 8, false);
  for (const Fabric& fabric : {hgx, plain, h800, l20}) {
    for (const CollectiveKind kind : kinds) {
      for (const int ranks : {2, 3, 4, 6, 8, 16, 64}) {
        if (ranks > 8 && fabric == l20) continue;
        double before = 0.0;
        double bound_before = 0.0;
        for (double bytes = 1.0; bytes < 3e10; bytes *= 1.37) {
          const Collective collective{kind, ranks, {bytes}};
          const double bound = collective_bound(collective, fabric).time.value * 1e6;
          const kernel::KernelTime time = nccl(collective, fabric);
          REQUIRE(std::isfinite(time.total));
          REQUIRE(bound <= time.total);
          REQUIRE(before <= time.total);
          REQUIRE(bound_before < bound);
          REQUIRE(time.memory >= 0.0);
          REQUIRE(time.overhead >= 0.0);
          REQUIRE(time.memory + time.overhead == Approx(time.total));
          before = time.total;
          bound_before = bound;
        }
      }
    }
  }
}

TEST_CASE("vLLM's all-reduce: bound ≤ model, and both grow with bytes, across all limits") {
  for (const bool in_switch : {true, false}) {
    for (const bool eager : {true, false}) {
      const Fabric fabric = Fabric::of(h100, 8, in_switch);
      for (const int ranks : {2, 4, 6, 8}) {
        double before = 0.0;
        for (double bytes = 16.0; bytes < 3e9; bytes *= 1.13) {
          const Collective collective{CollectiveKind::all_reduce, ranks, {bytes}};
          const CollectiveShape shape = CollectiveShape::of(collective, fabric, eager);
          const double time = vllm.time_or(ring, shape, machine).total;
          REQUIRE(collective_bound(collective, fabric).time.value * 1e6 <= time);
          REQUIRE(before <= time);
          before = time;
        }
      }
    }
  }
}

TEST_CASE("rings take longer with more ranks") {
  const Fabric plain = Fabric::of(h100, 8, false);
  for (const CollectiveKind kind :
       {CollectiveKind::all_reduce, CollectiveKind::reduce_scatter, CollectiveKind::all_gather}) {
    for (double bytes = 1.0; bytes < 3e10; bytes *= 3.0) {
      double before = 0.0;
      double bound_before = 0.0;
      for (const int ranks : {1, 2, 3, 4, 5, 6, 7, 8, 16, 24, 32, 64}) {
        const double time = nccl({kind, ranks, {bytes}}, plain).total;
        REQUIRE(before <= time);
        before = time;
        if (ranks > 8) continue;
        const double bound = collective_bound({kind, ranks, {bytes}}, plain).time.value;
        REQUIRE(bound_before <= bound);
        bound_before = bound;
      }
    }
  }
  // an all-to-all of a fixed S sends less to each peer
  CHECK(nccl({CollectiveKind::all_to_all, 8, {65536.0}}, plain).total <
        nccl({CollectiveKind::all_to_all, 2, {65536.0}}, plain).total);
}

TEST_CASE("bus bandwidth of an all-reduce on eight H100 behind NVSwitch") {
  // as measured with another NCCL release: 16 MB 234, 134 MB 401, 1 GB 466 GB/s
  const auto bus = [](double bytes) {
    const Collective collective{CollectiveKind::all_reduce, 8, {bytes}};
    return bus_gb_per_s(collective, nccl(collective, hgx).total);
  };
  CHECK(bus(16e6) == Approx(234.0).epsilon(0.1));
  CHECK(bus(134e6) == Approx(401.0).epsilon(0.1));
  CHECK(bus(1e9) == Approx(466.0).epsilon(0.1));
  // above the port's 450 GB/s, because the switch adds; a ring alone cannot
  CHECK(bus(30e9) > 450.0);
  const Collective int8{CollectiveKind::all_reduce, 8, {30e9}, DataType::int8};
  CHECK(bus_gb_per_s(int8, nccl(int8, hgx).total) < 450.0);
}

TEST_CASE("a port of fewer links slows large messages, not small ones") {
  // H800 has 200 of H100's 450 GB/s; H20 has all
  const Fabric h800 = Fabric::of(accelerators::h800_sxm);
  const Fabric h20 = Fabric::of(accelerators::h20);
  const Fabric plain = Fabric::of(h100);
  const kernel::Machine on_h800 = kernel::Machine::of(accelerators::h800_sxm, DataType::bf16);
  const kernel::Machine on_h20 = kernel::Machine::of(accelerators::h20, DataType::bf16);
  for (const CollectiveKind kind : kinds) {
    const Collective large{kind, 8, {1e9}};
    const Collective small{kind, 8, {1e3}};
    CHECK(nccl(large, h800, on_h800).total / nccl(large, plain).total == Approx(450.0 / 200.0).epsilon(0.1));
    CHECK(nccl(small, h800, on_h800).total == Approx(nccl(small, plain).total));
    CHECK(nccl(large, h20, on_h20).total == Approx(nccl(large, plain).total).epsilon(0.02));
  }
}

TEST_CASE("vLLM's choice among its all-reduces") {
  using K = kernel::VllmAllReduce;
  const auto shape = [](int ranks, double bytes, bool eager = false) {
    return CollectiveShape::of({CollectiveKind::all_reduce, ranks, {bytes}}, hgx, eager);
  };
  CHECK(K::covers(shape(8, 67108864.0)));
  CHECK_FALSE(K::covers(shape(8, 67108865.0)));
  CHECK(K::covers(shape(4, 33554432.0)));
  CHECK_FALSE(K::covers(shape(4, 33554433.0)));
  CHECK_FALSE(K::covers(shape(3, 1024.0)));
  CHECK_FALSE(K::covers(shape(16, 1024.0)));
  CHECK_FALSE(K::covers(CollectiveShape::of({CollectiveKind::all_gather, 8, {1024.0}}, hgx)));
  CHECK(vllm.time_or(ring, shape(16, 1024.0), machine).total == ring.time(shape(16, 1024.0), machine).total);
  CHECK(vllm.time_or(ring, shape(8, 1e9), machine).total == ring.time(shape(8, 1e9), machine).total);
  // by hand: 8 ranks, 64 KiB, one shot
  CHECK(vllm.time(shape(8, 65536.0), machine).total == Approx(4.18 + 8 * 0.0758 + 7 * 65536.0 / (0.604 * 450e3)));
  // outside a graph the host decides for small messages, a copy more for large ones
  CHECK(vllm.time(shape(8, 1024.0, true), machine).total == Approx(19.6 + 8 * 0.468));
  CHECK(vllm.time(shape(8, 524288.0, true), machine).total == Approx(19.6 + 8 * 0.468 + 17.6));
  CHECK(vllm.time(shape(2, 4e6, true), machine).total ==
        Approx(vllm.time(shape(2, 4e6), machine).total + 2.0 * 4e6 / (0.87 * 3.35e6)));
  // far below NCCL for the messages of decode
  CHECK(vllm.time(shape(8, 65536.0), machine).total < 0.5 * ring.time(shape(8, 65536.0), machine).total);
}

TEST_CASE("several nodes pay for their network") {
  const Collective within{CollectiveKind::all_reduce, 8, {64e6}};
  const Collective across{CollectiveKind::all_reduce, 16, {64e6}};
  // two steps of 64 MB / 16 over 71 % of 50 GB/s
  CHECK(nccl(across, hgx).total - nccl(within, hgx).total == Approx(2.0 * (14.0 + 64e6 / 16.0 / (0.71 * 50e3))));
  // one rank a node: the network alone
  const Fabric spread = Fabric::of(h100, 1);
  CHECK(nccl({CollectiveKind::all_gather, 4, {4e6}}, spread).total == Approx(3.0 * (14.0 + 1e6 / (0.71 * 50e3))));
  CHECK(nccl({CollectiveKind::point_to_point, 2, {4e6}}, spread).total == Approx(6.2 + 14.0 + 4e6 / (0.71 * 50e3)));
}

TEST_CASE("factors describe themselves") {
  const auto check = [](const auto& model) {
    using Model = std::decay_t<decltype(model)>;
    for (const auto& factor : Model::factors()) {
      CAPTURE(factor.name);
      CHECK(factor.lowest <= model.*factor.value);
      CHECK(model.*factor.value <= factor.highest);
      CHECK(factor.lowest <= factor.usual);
      CHECK(factor.usual <= factor.highest);
    }
  };
  check(ring);
  check(sends);
  check(vllm);
}

TEST_CASE("what of a communication is exposed") {
  using namespace opcost::literals;
  CHECK(exposed_time(10.0_us, 100.0_us, 0.0).value == Approx(10e-6));
  CHECK(exposed_time(10.0_us, 100.0_us, 1.0).value == Approx(0.0).margin(1e-18));
  CHECK(exposed_time(10.0_us, 100.0_us, 0.75).value == Approx(2.5e-6));
  CHECK(exposed_time(10.0_us, 4.0_us, 1.0).value == Approx(6e-6));  // only as much as there is to hide behind
  CHECK(exposed_time(10.0_us, 4.0_us, 0.2).value == Approx(8e-6));
  CHECK(exposed_time(10.0_us, 4.0_us, -1.0).value == Approx(10e-6));
  CHECK(exposed_time(10.0_us, 100.0_us, 7.0).value == Approx(0.0).margin(1e-18));
  CHECK(exposed_time(0.0_us, 4.0_us, 0.5).value == 0.0);
  static_assert(exposed_time(Seconds{3.0}, Seconds{1.0}, 1.0) == Seconds{2.0});
}
