// SPDX-License-Identifier: Apache-2.0
//
// Every header in another translation unit: see first.cpp.
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/io/model_json.hpp"
#include "opcost/io/plot.hpp"
#include "opcost/io/plot/svg.hpp"
#include "opcost/opcost.hpp"

const opcost::Accelerator* accelerator_of_second() { return &opcost::accelerators::h100_sxm; }
