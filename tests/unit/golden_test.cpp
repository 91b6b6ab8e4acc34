// SPDX-License-Identifier: Apache-2.0
//
// The golden cases of tests/support at run time, each through values that the optimiser cannot see.
#include <catch2/catch.hpp>

#include <limits>

#include "golden.hpp"
#include "golden_model_sizes.hpp"
#include "golden_models.hpp"
#include "golden_operations.hpp"
#include "golden_published.hpp"
#include "golden_roofline.hpp"

using namespace opcost::testing;

namespace {

template <std::size_t Size>
void require_all(const std::array<Golden, Size>& cases) {
  for (const Golden& golden : cases) {
    INFO(golden.source << ": " << golden.actual << ", expected " << golden.expected);
    CHECK(matches(golden));
  }
}

}  // namespace

TEST_CASE("golden: linear projection") { require_all(linear_projection_golden(laundered)); }
TEST_CASE("golden: full attention") { require_all(full_attention_golden(laundered)); }
TEST_CASE("golden: masked attention") { require_all(masked_attention_golden(laundered)); }
TEST_CASE("golden: elementwise operations") { require_all(elementwise_golden(laundered)); }
TEST_CASE("golden: CSE 599K") { require_all(cse599k_golden(laundered)); }
TEST_CASE("golden: Lamina") { require_all(lamina_golden(laundered)); }
TEST_CASE("golden: LLM-Viewer") { require_all(llm_viewer_golden(laundered)); }
TEST_CASE("golden: scaling book") { require_all(scaling_book_golden(laundered)); }
TEST_CASE("golden: roofline") { require_all(roofline_golden(laundered)); }
TEST_CASE("golden: catalogue bounds") { require_all(catalogue_bound_golden(laundered)); }
TEST_CASE("golden: parameters") { require_all(parameters_golden(laundered)); }
TEST_CASE("golden: KV cache") { require_all(kv_cache_golden(laundered)); }
TEST_CASE("golden: every model's parameters") {
  REQUIRE(published_models.size() == opcost::model_catalogue.size());
  for (std::size_t i = 0; i < published_models.size(); ++i) {
    CHECK(opcost::model_catalogue[i].name.view() == published_models[i].name);
  }
  require_all(model_sizes_golden(laundered));
}
TEST_CASE("golden: every model's KV cache") { require_all(model_kv_cache_golden(laundered)); }
TEST_CASE("golden: what sequences hold") { require_all(sequence_memory_golden(laundered)); }
TEST_CASE("golden: models' shapes") { require_all(model_shapes_golden(laundered)); }
TEST_CASE("golden: operation counts") { require_all(operation_counts_golden(laundered)); }
TEST_CASE("golden: model totals") { require_all(model_totals_golden(laundered)); }

TEST_CASE("golden: a NaN matches nothing") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(matches({"", nan, 1.0, 1.0}));
  CHECK_FALSE(matches({"", nan, nan, 1.0}));
}
