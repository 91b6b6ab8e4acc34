// SPDX-License-Identifier: Apache-2.0
//
// Every header in one translation unit; second.cpp is the other. A function that a header defines without
// `inline` or a template does not link.
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/io/model_json.hpp"
#include "opcost/io/plot.hpp"
#include "opcost/io/plot/svg.hpp"
#include "opcost/opcost.hpp"

const opcost::Accelerator* accelerator_of_second();

// An inline variable is one object in the whole program.
int main() { return accelerator_of_second() == &opcost::accelerators::h100_sxm ? 0 : 1; }
