// SPDX-License-Identifier: Apache-2.0
//
// Pools, the links between them, and the time of a message, by hand.
#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "opcost/hardware/catalogue.hpp"
#include "opcost/latency/catalogue.hpp"
#include "opcost/placement/cluster.hpp"

using namespace opcost;
using namespace opcost::literals;

namespace {

Approx near(double seconds) { return Approx(seconds).epsilon(1e-12).margin(1e-18); }

constexpr Bytes megabyte{1e6};

Platform h100(std::int32_t ranks_per_node = 8) {
  return {accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24, ranks_per_node};
}

std::string_view field(const std::optional<Violation>& violation) { return violation ? violation->field : ""; }

}  // namespace

TEST_CASE("a message takes its bytes over the bandwidth of one card, and the latency") {
  const PoolLink link{.bandwidth = 50_GBps, .latency = 10.0_us};
  const HopTime hop = hop_time(link, megabyte, 1, 1);
  CHECK(hop.transfer.value == near(20e-6));  // 1 MB at 50 GB/s
  CHECK(hop.latency.value == near(10e-6));
  CHECK(hop.sender == Seconds{});
  CHECK(hop.receiver == Seconds{});
}

TEST_CASE("as many cards send as the smaller group has") {
  const PoolLink link{.bandwidth = 50_GBps};
  CHECK(hop_time(link, megabyte, 4, 4).transfer.value == near(5e-6));
  CHECK(hop_time(link, megabyte, 4, 2).transfer.value == near(10e-6));
  CHECK(hop_time(link, megabyte, 2, 4).transfer.value == near(10e-6));
  CHECK(hop_time(link, megabyte, 8, 1).transfer.value == near(20e-6));
  // latency is a message's, however many go side by side
  CHECK(hop_time({.bandwidth = 50_GBps, .latency = 3.0_us}, megabyte, 4, 4).latency.value == near(3e-6));
}

TEST_CASE("accelerators that share a card share its bandwidth") {
  const PoolLink link{.bandwidth = 50_GBps, .accelerators_per_card = 4};
  CHECK(hop_time(link, megabyte, 8, 8).transfer.value == near(10e-6));  // two cards
  CHECK(hop_time(link, megabyte, 8, 4).transfer.value == near(20e-6));  // one
  CHECK(hop_time(link, megabyte, 2, 2).transfer.value == near(20e-6));  // one, half of whose accelerators send
  CHECK(hop_time(link, megabyte, 7, 7).transfer.value == near(20e-6));  // only whole cards count
}

TEST_CASE("switches may carry less than all cards") {
  const PoolLink link{.bandwidth = 50_GBps, .oversubscription = 2.5};
  CHECK(hop_time(link, megabyte, 4, 4).transfer.value == near(12.5e-6));  // 4 x 50 / 2.5 = 80 GB/s
  CHECK(hop_time(link, megabyte, 1, 1).transfer.value == near(50e-6));
}

TEST_CASE("metadata, staging and reordering add what they take") {
  const PoolLink link{
      .bandwidth = 50_GBps, .latency = 10.0_us, .metadata = 4.0_us, .staging = 100_GBps, .reordering = 500_GBps};
  const HopTime hop = hop_time(link, megabyte, 2, 4);
  // 1 MB over two cards, 10 us; copied out of and into buffers by the two pairs, 2 x 1 MB at 200 GB/s
  CHECK(hop.transfer.value == near(10e-6 + 10e-6));
  CHECK(hop.latency.value == near(14e-6));
  CHECK(hop.sender == Seconds{});
  // all four receivers put 1 MB in order, at 2000 GB/s
  CHECK(hop.receiver.value == near(0.5e-6));
}

TEST_CASE("an exposed transfer keeps the sender and leaves the link nothing") {
  const PoolLink overlapped{
      .bandwidth = 50_GBps, .latency = 10.0_us, .metadata = 4.0_us, .staging = 100_GBps, .reordering = 500_GBps};
  PoolLink exposed = overlapped;
  exposed.overlaps = false;
  const HopTime beside = hop_time(overlapped, megabyte, 2, 4);
  const HopTime instead = hop_time(exposed, megabyte, 2, 4);
  CHECK(instead.sender.value == near(beside.transfer.value + beside.latency.value));
  CHECK(instead.transfer == Seconds{});
  CHECK(instead.latency == Seconds{});
  CHECK(instead.receiver == beside.receiver);
}

TEST_CASE("no bytes take a latency, and no link takes for ever") {
  const HopTime nothing = hop_time({.bandwidth = 50_GBps, .latency = 10.0_us}, {}, 1, 1);
  CHECK(nothing.transfer == Seconds{});
  CHECK(nothing.latency.value == near(10e-6));
  CHECK(hop_time({}, megabyte, 1, 1).transfer.value > 1e300);
  STATIC_REQUIRE(hop_time({.bandwidth = 1_GBps}, Bytes{1e9}, 1, 1).transfer == Seconds{1.0});
}

TEST_CASE("the link of an interconnect has its bandwidth and latency, a card for each accelerator") {
  const PoolLink link = PoolLink::of({.name = "measured", .bandwidth = 48_GBps, .latency = 33.0_us});
  CHECK(link == PoolLink{.bandwidth = 48_GBps, .latency = 33.0_us});
  CHECK(link.accelerators_per_card == 1);
  CHECK(link.oversubscription == 1.0);
  CHECK(link.overlaps);
}

TEST_CASE("a pool within a node is joined by its scale-up link, and to no other pool") {
  const std::array pools{Pool{h100(), 8}, Pool{h100(), 9}, Pool{h100(4), 4}};
  const Cluster cluster(pools);
  CHECK(cluster.link(0, 0).bandwidth == 450_GBps);  // H100's NVLink, in one direction
  CHECK(cluster.link(0, 0).latency > Seconds{});
  CHECK(cluster.link(0, 0).latency < 100.0_us);
  CHECK_FALSE(cluster.link(1, 1).exists());  // nine of them are two nodes
  CHECK(cluster.link(2, 2) == cluster.link(0, 0));
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      if (from != to) CHECK_FALSE(cluster.link(from, to).exists());
    }
  }
  CHECK_FALSE(cluster.violation());  // links may be missing
}

TEST_CASE("an ideal calibration has no latency in a node, and an accelerator without a link no link") {
  Accelerator lonely = accelerators::h100_sxm;
  lonely.scale_up = {};
  const std::array pools{Pool{{accelerators::h100_sxm, calibrations::ideal}, 8},
                         Pool{{lonely, calibrations::ideal}, 8}};
  const Cluster cluster(pools);
  CHECK(cluster.link(0, 0).latency.value < 1e-11);  // of a byte at 450 GB/s
  CHECK_FALSE(cluster.link(1, 1).exists());
}

TEST_CASE("a link is set in one direction, and connect_all leaves links in a node") {
  const std::array pools{Pool{h100(), 8}, Pool{h100(), 16}};
  Cluster cluster(pools);
  const PoolLink slow{.bandwidth = 10_GBps, .latency = 50.0_us};
  cluster.set_link(0, 1, slow);
  CHECK(cluster.link(0, 1) == slow);
  CHECK_FALSE(cluster.link(1, 0).exists());
  const PoolLink network{.bandwidth = 50_GBps, .latency = 20.0_us};
  cluster.connect_all(network);
  CHECK(cluster.link(0, 1) == network);
  CHECK(cluster.link(1, 0) == network);
  CHECK(cluster.link(1, 1) == network);  // two nodes
  CHECK(cluster.link(0, 0).bandwidth == 450_GBps);
}

TEST_CASE("what a pool, a link and a cluster may not be") {
  const PoolLink good{.bandwidth = 50_GBps};
  CHECK_FALSE(good.violation());
  const auto broken = [&](auto&& change) {
    PoolLink link = good;
    change(link);
    return link.violation();
  };
  CHECK(field(PoolLink{}.violation()) == "bandwidth_gb_per_s");
  CHECK(field(broken([](PoolLink& link) { link.latency = Seconds{-1e-6}; })) == "latency_us");
  CHECK(field(broken([](PoolLink& link) { link.accelerators_per_card = 0; })) == "accelerators_per_card");
  CHECK(field(broken([](PoolLink& link) { link.oversubscription = 0.5; })) == "oversubscription");
  CHECK(field(broken([](PoolLink& link) { link.metadata = Seconds{-1e-6}; })) == "metadata_us");
  CHECK(field(broken([](PoolLink& link) { link.staging = BytesPerSecond{-1.0}; })) == "staging_gb_per_s");
  CHECK(field(broken([](PoolLink& link) { link.reordering = BytesPerSecond{-1.0}; })) == "reordering_gb_per_s");
  CHECK(broken([](PoolLink& link) { link.latency = Seconds{-1e-6}; })->value == Approx(-1.0));

  CHECK_FALSE(Pool{h100(), 1}.violation());
  CHECK(field(Pool{h100(), 0}.violation()) == "accelerators");
  CHECK(field(Pool{h100(), 1, -1.0}.violation()) == "dollars_per_hour");

  CHECK(field(Cluster({}).violation()) == "pools");
  const std::vector<Pool> eight(8, Pool{h100(), 1});
  const std::vector<Pool> nine(9, Pool{h100(), 1});
  CHECK_FALSE(Cluster(eight).violation());
  CHECK(field(Cluster(nine).violation()) == "pools");
  CHECK(Cluster(nine).violation()->value == 9.0);
  const std::array dear{Pool{h100(), 1}, Pool{h100(), 1, -2.0}};
  CHECK(field(Cluster(dear).violation()) == "dollars_per_hour");
}
