// SPDX-License-Identifier: Apache-2.0
//
// Models of communication kernels: NCCL's rings, NCCL's grouped sends and receives, and vLLM's own all-reduce. A
// library has several protocols, each the better one for some sizes; the fastest counts. Docstrings use n ranks, S
// bytes (as Collective counts them), b the port's bandwidth in one direction and B the memory's. What is a share of
// a port's or the memory's rate carries over to other accelerators by their data sheets; latencies are in
// microseconds. Times never decrease with bytes. Fitted to public measurements on one node of eight H100 and
// checked on sizes, and on numbers of ranks, that no fit had seen; what concerns several nodes is not fitted. See
// docs/accuracy.md.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "opcost/hardware/fabric.hpp"
#include "opcost/latency/kernel/kernel.hpp"
#include "opcost/operation/collective.hpp"

namespace opcost::kernel {

/// A collective and the links it runs over, in the units of the models.
struct CollectiveShape {
  static constexpr ShapeKind kind = ShapeKind::collective;
  static constexpr std::array<std::string_view, 2> dimension_names{"ranks", "bytes"};

  CollectiveKind pattern = CollectiveKind::all_reduce;
  double ranks = 1.0;
  double bytes = 0.0;           ///< S.
  double port_bandwidth = 1.0;  ///< Within a node, one direction, bytes per microsecond.
  double ranks_per_node = 8.0;
  double nodes = 1.0;
  double nic_bandwidth = 0.0;  ///< Between nodes, of one rank, one direction, bytes per microsecond.
  bool in_switch = false;      ///< The switch can add up these elements and multiply copies.
  bool eager = false;          ///< Launched one by one, not by a CUDA graph.

  static constexpr CollectiveShape of(const Collective& collective, const Fabric& all_ranks,
                                      bool eager = false) noexcept {
    const Fabric fabric = all_ranks.strided(collective.stride);
    return {collective.pattern,
            double(collective.ranks),
            collective.bytes.value,
            fabric.scale_up.bandwidth.value * 1e-6,
            double(fabric.ranks_per_node),
            double(fabric.nodes(collective.ranks)),
            fabric.scale_out.bandwidth.value * 1e-6,
            fabric.in_switch_reduction && collective.summed_in_switch(),
            eager};
  }

  constexpr std::array<double, 2> dimensions() const noexcept { return {ranks, bytes}; }
  /// One rank and no bytes take no time.
  constexpr bool empty() const noexcept { return !(ranks > 1.0) || !(bytes > 0.0); }
};

/// The time of one protocol, and what of it bytes take over links and memory.
struct Protocol {
  double total = 0.0;
  double transfer = 0.0;

  static constexpr Protocol sum(double latency, double transfer) noexcept { return {latency + transfer, transfer}; }
};

inline constexpr Protocol faster(const Protocol& a, const Protocol& b) noexcept {
  return b.total < a.total ? b : a;
}
inline constexpr Protocol operator+(const Protocol& a, const Protocol& b) noexcept {
  return {a.total + b.total, a.transfer + b.transfer};
}

/// A communication's time: bytes count as memory (they pass both link and memory), all else as overhead.
inline constexpr KernelTime kernel_time(const Protocol& protocol) noexcept {
  // not a plain difference, because where there is no link, both are infinite
  const double overhead = protocol.transfer < protocol.total ? protocol.total - protocol.transfer : 0.0;
  return {protocol.total, 0.0, protocol.transfer, overhead};
}

/// Bytes v in chunks over a link that takes `transfer` for all of them, when filling the pipeline with a chunk
/// costs `latency`: the best chunk size leaves transfer + 2·√(latency · transfer).
inline double pipeline_fill(double latency, double transfer) noexcept {
  return 2.0 * square_root(latency * transfer);
}

/// NCCL's ring all-reduce, reduce-scatter and all-gather. With k steps (n−1, for an all-reduce 2(n−1)),
/// v = k·S/n bytes through a port and a rank's own block S/n:
///
///   LL         ll_launch + ll_step·k + (v + S/n)/ll_rate           flag beside every word: latency, few channels
///   LL128      ll128_launch + ll128_step·k + (v + S/n)/(ll128_share·b)
///   Simple     simple_launch + simple_step·k + w + 2·√(pipeline_latency·w) + 2·S/n/(copy_share·B),
///              w = v/(simple_share·b)
///   in switch  switch_launch + (S + S/n)/(switch_share·b)           all-reduce only (NVLink SHARP)
///
/// Over m nodes of p ranks: within the node as above, and the same ring between nodes on S/p bytes, one after the
/// other; libraries that pipeline the two are faster. Never decreases with ranks or nodes, except in the switch,
/// where more ranks leave smaller own blocks.
struct NcclRing {
  static constexpr std::string_view form = "nccl_ring";
  using Shape = CollectiveShape;

  double ll_launch = 4.52;
  double ll_step = 0.806;
  double ll_rate = 15.6;
  double ll128_launch = 5.16;
  double ll128_step = 0.939;
  double ll128_share = 0.45;
  double simple_launch = 10.6;
  double simple_step = 0.568;
  double simple_share = 0.864;
  double pipeline_latency = 1.74;
  double copy_share = 0.489;
  double switch_launch = 73.4;
  double switch_share = 0.668;
  double nic_step = 14.0;
  double nic_share = 0.71;

  static constexpr std::array<Factor<NcclRing>, 15> factors() noexcept {
    using K = NcclRing;
    return {
        {{"ll_launch", "us", "launch and synchronisation, protocol LL", &K::ll_launch, 1.0, 20.0, 4.5},
         {"ll_step", "us", "one step of the ring, LL", &K::ll_step, 0.05, 5.0, 0.8},
         {"ll_rate", "GB/s", "rate of the few channels that LL opens", &K::ll_rate, 2.0, 100.0, 15.0},
         {"ll128_launch", "us", "launch and synchronisation, protocol LL128", &K::ll128_launch, 1.0, 30.0, 5.2},
         {"ll128_step", "us", "one step of the ring, LL128", &K::ll128_step, 0.05, 8.0, 0.95},
         {"ll128_share", "1", "share of the port's bandwidth that LL128 reaches", &K::ll128_share, 0.05, 1.0, 0.45},
         {"simple_launch", "us", "launch and synchronisation, protocol Simple", &K::simple_launch, 1.0, 60.0, 10.5},
         {"simple_step", "us", "one step of the ring, Simple", &K::simple_step, 0.01, 8.0, 0.6},
         {"simple_share", "1", "share of the port's bandwidth that Simple reaches", &K::simple_share, 0.3, 1.0,
          0.85},
         {"pipeline_latency", "us", "filling the pipeline with one chunk, Simple", &K::pipeline_latency, 0.0, 20.0,
          1.7},
         {"copy_share", "1", "share of the memory's bandwidth when a rank copies its own block", &K::copy_share,
          0.1, 1.0, 0.5},
         {"switch_launch", "us", "launch and setup of in-switch reduction", &K::switch_launch, 5.0, 200.0, 73.0},
         {"switch_share", "1", "share of the port's bandwidth with in-switch reduction", &K::switch_share, 0.3, 1.0,
          0.67},
         {"nic_step", "us", "one step between nodes, as NCCL's own tuning table has it", &K::nic_step, 0.0, 200.0,
          14.0, false},
         {"nic_share", "1", "share of the network card's bandwidth that NCCL reached (arXiv 2405.01814)",
          &K::nic_share, 0.1, 1.0, 0.71, false}}};
  }

  KernelTime time(const CollectiveShape& s, const Machine& machine) const noexcept {
    if (s.empty()) return {};
    const double passes = s.pattern == CollectiveKind::all_reduce ? 2.0 : 1.0;
    const double local = smaller(s.ranks, s.ranks_per_node);
    Protocol all;
    if (local > 1.0) all = within_node(s, local, passes, machine);
    if (s.nodes > 1.0) {
      const double steps = passes * (s.nodes - 1.0);
      all =
          all + Protocol::sum(nic_step * steps, steps * s.bytes / (local * s.nodes * nic_share * s.nic_bandwidth));
    }
    return kernel_time(all);
  }

 private:
  Protocol within_node(const CollectiveShape& s, double ranks, double passes,
                       const Machine& machine) const noexcept {
    const double port = s.port_bandwidth;
    const double block = s.bytes / ranks;
    const double steps = passes * (ranks - 1.0);
    const double through_port = steps * block;
    const double wire = through_port / (simple_share * port);
    const Protocol ll =
        Protocol::sum(ll_launch + ll_step * steps, (through_port + block) / smaller(ll_rate * 1e3, port));
    const Protocol ll128 =
        Protocol::sum(ll128_launch + ll128_step * steps, (through_port + block) / (ll128_share * port));
    const Protocol simple =
        Protocol::sum(simple_launch + simple_step * steps + pipeline_fill(pipeline_latency, wire),
                      wire + 2.0 * block / (copy_share * machine.bandwidth));
    const Protocol ring = faster(faster(ll, ll128), simple);
    if (!s.in_switch || s.pattern != CollectiveKind::all_reduce) return ring;
    return faster(ring, Protocol::sum(switch_launch, (s.bytes + block) / (switch_share * port)));
  }
};

/// NCCL's grouped sends and receives: all-to-all, and point to point between neighbours. With q peers, S/n bytes
/// for each (point to point: one peer, S bytes) and v bytes in all through a port:
///
///   LL      ll_launch + ll_step·q + max((bytes of one peer)/ll_rate, v/b)         a channel for each peer
///   Simple  max(batch_launch + batch_step·q, simple_launch + w + 2·√(pipeline_latency·w)),  w = v/(simple_share·b)
///
/// Over several nodes, the peers of other nodes come after those of the own. Never decreases with bytes. At fixed S
/// more ranks may be faster, because each peer gets less through a channel of its own; so they are in measurements.
struct NcclPointToPoint {
  static constexpr std::string_view form = "nccl_point_to_point";
  using Shape = CollectiveShape;

  double ll_launch = 6.2;
  double ll_step = 0.205;
  double ll_rate = 6.05;
  double batch_launch = 14.25;
  double batch_step = 0.162;
  double simple_launch = 5.78;
  double simple_share = 0.737;
  double pipeline_latency = 2.82;
  double nic_step = 14.0;
  double nic_share = 0.71;

  static constexpr std::array<Factor<NcclPointToPoint>, 10> factors() noexcept {
    using K = NcclPointToPoint;
    return {{{"ll_launch", "us", "launch and synchronisation, protocol LL", &K::ll_launch, 1.0, 20.0, 6.2},
             {"ll_step", "us", "one peer more, LL", &K::ll_step, 0.0, 5.0, 0.2},
             {"ll_rate", "GB/s", "rate of a peer's channel, LL", &K::ll_rate, 0.5, 100.0, 6.0},
             {"batch_launch", "us", "least time of a group of sends and receives, protocol Simple",
              &K::batch_launch, 1.0, 60.0, 14.0},
             {"batch_step", "us", "one peer more, Simple", &K::batch_step, 0.0, 5.0, 0.15},
             {"simple_launch", "us", "part of the launch that transfer does not hide, Simple", &K::simple_launch,
              0.0, 60.0, 6.0},
             {"simple_share", "1", "share of the port's bandwidth that Simple reaches", &K::simple_share, 0.3, 1.0,
              0.74},
             {"pipeline_latency", "us", "filling the pipeline with one chunk, Simple", &K::pipeline_latency, 0.0,
              20.0, 2.8},
             {"nic_step", "us", "one exchange between nodes, as NCCL's own tuning table has it", &K::nic_step, 0.0,
              200.0, 14.0, false},
             {"nic_share", "1", "share of the network card's bandwidth that NCCL reached (arXiv 2405.01814)",
              &K::nic_share, 0.1, 1.0, 0.71, false}}};
  }

  KernelTime time(const CollectiveShape& s, const Machine& /*machine*/) const noexcept {
    if (s.empty()) return {};
    const double local = smaller(s.ranks, s.ranks_per_node);
    const bool neighbour = s.pattern == CollectiveKind::point_to_point;
    const double peers = neighbour ? smaller(local - 1.0, 1.0) : local - 1.0;
    const double for_each = neighbour ? s.bytes : s.bytes / s.ranks;
    Protocol all;
    if (peers > 0.0) {
      const double wire = peers * for_each / (simple_share * s.port_bandwidth);
      const double ll_transfer = larger(for_each / (ll_rate * 1e3), peers * for_each / s.port_bandwidth);
      const Protocol ll = Protocol::sum(ll_launch + ll_step * peers, ll_transfer);
      const double fill = pipeline_fill(pipeline_latency, wire);
      all = faster(ll, {larger(batch_launch + batch_step * peers, simple_launch + fill + wire), wire});
    }
    if (s.nodes > 1.0) {
      const double across = neighbour ? s.bytes : s.bytes - local * for_each;
      const double latency = neighbour ? ll_launch + nic_step : nic_step;
      const Protocol network = Protocol::sum(latency, across / (nic_share * s.nic_bandwidth));
      if (!neighbour) {
        all = all + network;
      } else if (all.total < network.total) {
        all = network;  // the neighbours within the nodes are served meanwhile
      }
    }
    return kernel_time(all);
  }
};

/// vLLM's all-reduce of one node, whose ranks read each other's memory. With launch L = launch + rank_launch·n:
///
///   one shot          L + S·(n−1)/(peer_share·b)                       each reads all vectors
///   two shots         L + second_shot + 2·S·(n−1)/n/(peer_share·b)     reduce-scatter, then all-gather
///   symmetric memory  symmetric_launch + u/(symmetric_share·b) + 4·S/(copy_share·B)
///                     u = S + S/n in the switch, S for two ranks; copies in and out
///
/// The kernels of the first two serve messages shorter than `own_limit`, symmetric memory those up to `longest`
/// where switches reduce, both from vLLM's table for Hopper (all_reduce_utils.py); NCCL does the rest. Outside CUDA
/// graphs a copy into a registered buffer comes first (2·S/(copy_share·B)), and the host needs its time, however
/// small the message: eager_launch + eager_rank·n, symmetric memory eager_symmetric more. Never decreases with
/// bytes; with ranks it may, as vLLM's limits differ.
struct VllmAllReduce {
  static constexpr std::string_view form = "vllm_all_reduce";
  using Shape = CollectiveShape;

  double launch = 4.18;
  double rank_launch = 0.0758;
  double peer_share = 0.604;
  double second_shot = 2.9;
  double symmetric_launch = 9.51;
  double symmetric_share = 0.712;
  double copy_share = 0.87;
  double eager_launch = 19.6;
  double eager_rank = 0.468;
  double eager_symmetric = 17.6;

  static constexpr std::array<Factor<VllmAllReduce>, 10> factors() noexcept {
    using K = VllmAllReduce;
    return {
        {{"launch", "us", "launch and barrier of the ranks", &K::launch, 0.5, 20.0, 4.2},
         {"rank_launch", "us", "barrier with one rank more", &K::rank_launch, 0.0, 2.0, 0.08},
         {"peer_share", "1", "share of the port's bandwidth when reading peers' memory", &K::peer_share, 0.2, 1.0,
          0.6},
         {"second_shot", "us", "second barrier", &K::second_shot, 0.0, 20.0, 2.9},
         {"symmetric_launch", "us", "launch of copy, reduction and copy over symmetric memory",
          &K::symmetric_launch, 1.0, 40.0, 9.5},
         {"symmetric_share", "1", "share of the port's bandwidth over symmetric memory", &K::symmetric_share, 0.3,
          1.0, 0.71},
         {"copy_share", "1", "share of the memory's bandwidth of a copy", &K::copy_share, 0.3, 1.0, 0.87, false},
         {"eager_launch", "us", "least time outside a CUDA graph", &K::eager_launch, 1.0, 100.0, 19.5},
         {"eager_rank", "us", "the same, for one rank more", &K::eager_rank, 0.0, 5.0, 0.5},
         {"eager_symmetric", "us", "the same, for symmetric memory", &K::eager_symmetric, 0.0, 100.0, 17.5}}};
  }

  /// The message from which vLLM's own kernels hand over: 8 MiB, but 512 KiB for six ranks and 256 KiB for eight
  /// where symmetric memory takes over.
  static constexpr double own_limit(double ranks, bool in_switch) noexcept {
    if (!in_switch || ranks <= 4.0) return 8388608.0;
    return ranks <= 6.0 ? 524288.0 : 262144.0;
  }

  /// The longest message that is not NCCL's.
  static constexpr double longest(double ranks, bool in_switch) noexcept {
    if (!in_switch) return 8388607.0;
    return ranks > 2.0 && ranks <= 4.0 ? 33554432.0 : 67108864.0;
  }

  /// Whether these are ranks that vLLM's kernels are compiled for: 2, 4, 6 or 8 of one node, in an all-reduce.
  static constexpr bool supports(const CollectiveShape& s) noexcept {
    const bool even = s.ranks == 2.0 || s.ranks == 4.0 || s.ranks == 6.0 || s.ranks == 8.0;
    return even && s.pattern == CollectiveKind::all_reduce && s.nodes <= 1.0;
  }

  /// Whether vLLM does this without NCCL.
  static constexpr bool covers(const CollectiveShape& s) noexcept {
    return supports(s) && s.bytes <= longest(s.ranks, s.in_switch);
  }

  KernelTime time(const CollectiveShape& s, const Machine& machine) const noexcept {
    if (s.empty()) return {};
    const double block = s.bytes / s.ranks;
    const double others = s.bytes - block;
    const double peer = peer_share * s.port_bandwidth;
    const double copy = s.bytes / (copy_share * machine.bandwidth);
    const double barrier = launch + rank_launch * s.ranks;
    const Protocol one_shot = Protocol::sum(barrier, others * s.ranks / peer);
    const Protocol two_shots = Protocol::sum(barrier + second_shot, 2.0 * others / peer);
    Protocol chosen = faster(one_shot, two_shots);
    bool three_launches = false;
    if (s.in_switch) {
      const double through_port = s.ranks > 2.0 ? s.bytes + block : s.bytes;
      const Protocol symmetric =
          Protocol::sum(symmetric_launch, through_port / (symmetric_share * s.port_bandwidth) + 4.0 * copy);
      three_launches = s.bytes >= own_limit(s.ranks, true);
      chosen = three_launches ? symmetric : faster(chosen, symmetric);
    }
    if (s.eager) {
      const double host = eager_launch + eager_rank * s.ranks + (three_launches ? eager_symmetric : 0.0);
      chosen.transfer += 2.0 * copy;
      chosen.total = larger(chosen.total + 2.0 * copy, host);
    }
    return kernel_time(chosen);
  }

  /// Whichever of the two does it in vLLM. At the limit NCCL may be the faster one; the time is held there, so that
  /// it never decreases with bytes.
  KernelTime time_or(const NcclRing& nccl, const CollectiveShape& s, const Machine& machine) const noexcept {
    if (covers(s)) return time(s, machine);
    KernelTime other = nccl.time(s, machine);
    if (!supports(s)) return other;
    if (s.eager) {
      const double copy = 2.0 * s.bytes / (copy_share * machine.bandwidth);
      other.memory += copy;
      other.total += copy;
    }
    CollectiveShape limit = s;
    limit.bytes = longest(s.ranks, s.in_switch);
    const KernelTime own = time(limit, machine);
    return own.total > other.total ? own : other;
  }
};

}  // namespace opcost::kernel
