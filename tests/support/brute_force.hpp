// SPDX-License-Identifier: Apache-2.0
//
// Attention masks by their definition: a double loop over queries and keys.
#pragma once

#include <cstdint>

namespace opcost::testing {

struct Counted {
  std::int64_t pairs = 0;
  std::int64_t visible_keys = 0;
};

/// Counts the pairs for which sees(query position, key position), and the keys in at least one. Positions count
/// from 1; the last `query_tokens` of `context_tokens` positions are the queries.
template <class Sees>
constexpr Counted counted(std::int32_t query_tokens, std::int32_t context_tokens, Sees sees) {
  Counted result;
  for (std::int32_t key = 1; key <= context_tokens; ++key) {
    bool visible = false;
    for (std::int32_t query = context_tokens - query_tokens + 1; query <= context_tokens; ++query) {
      if (!sees(query, key)) continue;
      ++result.pairs;
      visible = true;
    }
    if (visible) ++result.visible_keys;
  }
  return result;
}

}  // namespace opcost::testing
