// SPDX-License-Identifier: Apache-2.0
//
// Random valid values for the properties, and costs compared.
#pragma once

#include <cmath>
#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "opcost/opcost.hpp"

namespace opcost {

// rapidcheck prints what it found
inline std::ostream& operator<<(std::ostream& stream, const SequenceTokens& sequence) {
  return stream << "{" << sequence.query_tokens << " of " << sequence.context_tokens << "}";
}
inline std::ostream& operator<<(std::ostream& stream, const AttentionHeads& heads) {
  return stream << "{" << heads.query_heads << "/" << heads.kv_heads << " heads of " << heads.query_key_dimension
                << " and " << heads.value_dimension << "}";
}
inline std::ostream& operator<<(std::ostream& stream, const AnyOperation& operation) {
  const Cost cost = operation.cost();
  return stream << operation.kind() << " of " << cost.flops().value << " FLOP and " << cost.bytes().value << " B";
}

}  // namespace opcost

namespace opcost::testing {

/// Fails the test case if the property does; rapidcheck prints the smallest counterexample it found.
template <class Property>
void require_property(const std::string& description, Property property) {
  const bool holds = rc::check(description, property);
  REQUIRE(holds);
}
template <class Property>
void require_property(Property property) {
  require_property(Catch::getResultCapture().getCurrentTestName(), property);
}

inline rc::Gen<SequenceTokens> any_sequence() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 20000), rc::gen::inRange(0, 130000)),
                      [](std::pair<int, int> tokens) {
                        return SequenceTokens{tokens.first, tokens.first + tokens.second};
                      });
}

inline rc::Gen<AttentionHeads> any_heads() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(1, 17), rc::gen::inRange(1, 17), rc::gen::inRange(1, 300),
                                     rc::gen::inRange(1, 300)),
                      [](const std::tuple<int, int, int, int>& heads) {
                        const auto& [kv, group, keys, values] = heads;
                        return AttentionHeads{kv * group, kv, keys, values};
                      });
}

/// A size, small ones as likely as large ones: 1 to 2^20.
inline rc::Gen<std::int32_t> any_size() {
  return rc::gen::mapcat(rc::gen::inRange(0, 20), [](int bits) { return rc::gen::inRange(1 << bits, 2 << bits); });
}

inline rc::Gen<TensorFormat> any_format() {
  return rc::gen::element(formats::bf16, formats::fp16, formats::fp32, formats::fp8, formats::int8,
                          formats::fp8_block, formats::fp8_token_group, formats::int4_group, formats::mxfp4,
                          formats::nvfp4);
}

inline const Accelerator& any_accelerator() {
  return accelerator_catalogue[*rc::gen::inRange<std::size_t>(0, accelerator_catalogue.size())].specification;
}

/// Calls visit(member of a, member of b) for every member of two costs.
template <class Visit>
void visit_members(const Cost& a, const Cost& b, Visit visit) {
  visit(a.matrix_flops.value, b.matrix_flops.value);
  visit(a.vector_flops.value, b.vector_flops.value);
  visit(a.exponentials, b.exponentials);
  visit(a.weight_read.value, b.weight_read.value);
  visit(a.activation_read.value, b.activation_read.value);
  visit(a.activation_write.value, b.activation_write.value);
  visit(a.kv_cache_read.value, b.kv_cache_read.value);
  visit(a.kv_cache_write.value, b.kv_cache_write.value);
}

inline bool nearly_equal(const Cost& a, const Cost& b, double tolerance) {
  bool equal = true;
  visit_members(a, b, [&](double x, double y) { equal = equal && std::abs(x - y) <= tolerance * std::abs(y); });
  return equal;
}

/// Whether no member of `larger` is below that of `smaller`.
inline bool not_below(const Cost& larger, const Cost& smaller) {
  bool holds = true;
  visit_members(larger, smaller, [&](double x, double y) { holds = holds && x >= y; });
  return holds;
}

}  // namespace opcost::testing
