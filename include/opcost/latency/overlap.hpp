// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "opcost/units.hpp"

namespace opcost {

/// The part of a communication that the step has to wait for when it runs beside a computation:
///
///   exposed = communication − min(overlap_share · communication, computation)
///
/// `overlap_share` is the part of the communication that does not depend on the computation beside it: 0 for an
/// all-reduce between two layers, (c−1)/c for one cut into c chunks that follow their computation chunk by chunk, 1
/// for another micro-batch's. What lies outside [0, 1] counts as the nearer end. The step takes computation +
/// exposed, never less than the longer of the two. That the two slow each other down where they share
/// multiprocessors and memory is not in it. Does not throw, allocate or lock.
constexpr Seconds exposed_time(Seconds communication, Seconds computation, double overlap_share) noexcept {
  const double share = overlap_share > 0.0 ? (overlap_share < 1.0 ? overlap_share : 1.0) : 0.0;
  const Seconds may_hide = communication * share;
  return communication - (may_hide < computation ? may_hide : computation);
}

}  // namespace opcost
