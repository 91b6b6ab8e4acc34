// SPDX-License-Identifier: Apache-2.0
//
// opcost: what an LLM operation costs on an accelerator, why, and how sure we are. Everything up to whole
// models, with nothing but the standard library. Reading files and printing live in opcost/io.
#pragma once

#include "opcost/hardware/accelerator.hpp"
#include "opcost/hardware/catalogue.hpp"
#include "opcost/hardware/interconnect.hpp"
#include "opcost/latency/roofline.hpp"
#include "opcost/model/catalogue.hpp"
#include "opcost/model/memory.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_operations.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/name.hpp"
#include "opcost/operation/activation.hpp"
#include "opcost/operation/any_operation.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/attention_batch.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/cost.hpp"
#include "opcost/operation/embedding_lookup.hpp"
#include "opcost/operation/linear_projection.hpp"
#include "opcost/operation/operation.hpp"
#include "opcost/operation/residual_add.hpp"
#include "opcost/operation/rms_norm.hpp"
#include "opcost/operation/rotary_embedding.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"
#include "opcost/validation.hpp"
#include "opcost/version.hpp"
