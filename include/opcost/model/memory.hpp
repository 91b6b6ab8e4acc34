// SPDX-License-Identifier: Apache-2.0
//
// What a model holds in memory.
#pragma once

#include "opcost/model/cache_batch.hpp"
#include "opcost/model/weights.hpp"
