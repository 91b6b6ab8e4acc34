// SPDX-License-Identifier: Apache-2.0
//
// The golden cases of tests/support at compile time.
#include "golden.hpp"

#include "golden_model_sizes.hpp"
#include "golden_models.hpp"
#include "golden_operations.hpp"
#include "golden_published.hpp"
#include "golden_roofline.hpp"

namespace opcost::testing {

static_assert(first_mismatch(linear_projection_golden(as_written)) == -1);
static_assert(first_mismatch(full_attention_golden(as_written)) == -1);
static_assert(first_mismatch(masked_attention_golden(as_written)) == -1);
static_assert(first_mismatch(elementwise_golden(as_written)) == -1);

static_assert(first_mismatch(cse599k_golden(as_written)) == -1);
static_assert(first_mismatch(lamina_golden(as_written)) == -1);
static_assert(first_mismatch(llm_viewer_golden(as_written)) == -1);
static_assert(first_mismatch(scaling_book_golden(as_written)) == -1);

static_assert(first_mismatch(roofline_golden(as_written)) == -1);
static_assert(first_mismatch(catalogue_bound_golden(as_written)) == -1);

static_assert(first_mismatch(parameters_golden(as_written)) == -1);
static_assert(first_mismatch(kv_cache_golden(as_written)) == -1);
static_assert(published_models.size() == model_catalogue.size());
static_assert(first_mismatch(model_sizes_golden(as_written)) == -1);
static_assert(first_mismatch(model_kv_cache_golden(as_written)) == -1);
static_assert(first_mismatch(sequence_memory_golden(as_written)) == -1);
static_assert(first_mismatch(model_shapes_golden(as_written)) == -1);
static_assert(first_mismatch(operation_counts_golden(as_written)) == -1);
static_assert(first_mismatch(model_totals_golden(as_written)) == -1);

// The comparison itself: what a golden case must refuse.
static_assert(matches({"", 1.0, 1.0}));
static_assert(!matches({"", 1.0, 1.0000000000000002}));
static_assert(matches({"", 1.04, 1.0, 0.05}) && !matches({"", 1.06, 1.0, 0.05}));
static_assert(matches(printed("", 0.95, 1.0, 0.1)) && !matches(printed("", 0.94, 1.0, 0.1)));
static_assert(!matches({"", std::numeric_limits<double>::infinity(), 1.0, 1.0}));
static_assert(matches({"", std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()}));

}  // namespace opcost::testing
