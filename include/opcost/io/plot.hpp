// SPDX-License-Identifier: Apache-2.0
//
// Charts as standalone SVG documents. Standard library only.
#pragma once

#include "opcost/io/plot/accuracy_chart.hpp"
#include "opcost/io/plot/frontier_chart.hpp"
#include "opcost/io/plot/roofline_chart.hpp"
#include "opcost/io/plot/step_chart.hpp"
