# SPDX-License-Identifier: Apache-2.0
#
# The header-only library as four targets. core needs the standard library only; a consumer of format or json
# brings fmt or nlohmann_json, found here if they are installed.

find_package(fmt 9 QUIET GLOBAL)
find_package(nlohmann_json 3.11 QUIET GLOBAL)

set(OPCOST_INCLUDE_DIR "${PROJECT_SOURCE_DIR}/include")

# opcost_library(NAME LINK target... HEADERS header...)
function(opcost_library name)
  cmake_parse_arguments(PARSE_ARGV 1 library "" "" "LINK;HEADERS")
  list(TRANSFORM library_HEADERS PREPEND "${OPCOST_INCLUDE_DIR}/")
  add_library(opcost_${name} INTERFACE)
  add_library(opcost::${name} ALIAS opcost_${name})
  set_target_properties(opcost_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(opcost_${name} INTERFACE cxx_std_20)
  target_link_libraries(opcost_${name} INTERFACE ${library_LINK})
  target_sources(opcost_${name} INTERFACE
                 FILE_SET HEADERS BASE_DIRS "${OPCOST_INCLUDE_DIR}" FILES ${library_HEADERS})
endfunction()

set(core_headers
    opcost/opcost.hpp
    opcost/hardware/accelerator.hpp
    opcost/hardware/catalogue.hpp
    opcost/hardware/fabric.hpp
    opcost/hardware/interconnect.hpp
    opcost/hardware/price_list.hpp
    opcost/latency/calibration.hpp
    opcost/latency/catalogue.hpp
    opcost/latency/collective_bound.hpp
    opcost/latency/collective_estimate.hpp
    opcost/latency/estimate.hpp
    opcost/latency/kernel/attention.hpp
    opcost/latency/kernel/collective.hpp
    opcost/latency/kernel/constant_kernel.hpp
    opcost/latency/kernel/encoder_attention.hpp
    opcost/latency/kernel/experts.hpp
    opcost/latency/kernel/grouped_matmul.hpp
    opcost/latency/kernel/kernel.hpp
    opcost/latency/kernel/latent_attention.hpp
    opcost/latency/kernel/matmul.hpp
    opcost/latency/kernel/recurrent.hpp
    opcost/latency/kernel/short_convolution.hpp
    opcost/latency/kernel_query.hpp
    opcost/latency/overlap.hpp
    opcost/latency/roofline.hpp
    opcost/latency/serving_system.hpp
    opcost/mathematics.hpp
    opcost/model/activations.hpp
    opcost/model/block.hpp
    opcost/model/cache_batch.hpp
    opcost/model/catalogue.hpp
    opcost/model/limits.hpp
    opcost/model/memory.hpp
    opcost/model/forward_pass.hpp
    opcost/model/model_config.hpp
    opcost/model/model_operations.hpp
    opcost/model/model_precision.hpp
    opcost/model/model_shard.hpp
    opcost/model/parallelism.hpp
    opcost/model/parameters.hpp
    opcost/model/step.hpp
    opcost/model/step_batch.hpp
    opcost/model/step_breakdown.hpp
    opcost/model/step_operations.hpp
    opcost/model/weights.hpp
    opcost/name.hpp
    opcost/operation/activation.hpp
    opcost/operation/add_rms_norm.hpp
    opcost/operation/any_operation.hpp
    opcost/operation/attention.hpp
    opcost/operation/attention_batch.hpp
    opcost/operation/attention_indexer.hpp
    opcost/operation/attention_mask.hpp
    opcost/operation/batched_projection.hpp
    opcost/operation/collective.hpp
    opcost/operation/cost.hpp
    opcost/operation/embedding_lookup.hpp
    opcost/operation/expert_gate.hpp
    opcost/operation/expert_routing.hpp
    opcost/operation/gated_delta_rule.hpp
    opcost/operation/grouped_projection.hpp
    opcost/operation/kv_cache_write.hpp
    opcost/operation/latent_attention.hpp
    opcost/operation/layer_norm.hpp
    opcost/operation/linear_projection.hpp
    opcost/operation/logit_precision.hpp
    opcost/operation/mixture_of_experts.hpp
    opcost/operation/operation.hpp
    opcost/operation/quantise.hpp
    opcost/operation/ragged.hpp
    opcost/operation/recurrence.hpp
    opcost/operation/recurrence_batch.hpp
    opcost/operation/residual_add.hpp
    opcost/operation/rms_norm.hpp
    opcost/operation/rotary_embedding.hpp
    opcost/operation/sampling.hpp
    opcost/operation/short_convolution.hpp
    opcost/operation/softcap.hpp
    opcost/operation/state_space_scan.hpp
    opcost/placement/attention_disaggregation.hpp
    opcost/placement/block_flow.hpp
    opcost/placement/block_memory.hpp
    opcost/placement/block_times.hpp
    opcost/placement/cluster.hpp
    opcost/placement/fleet.hpp
    opcost/placement/instance.hpp
    opcost/placement/ping_pong.hpp
    opcost/placement/pipeline.hpp
    opcost/placement/pipeline_simulation.hpp
    opcost/placement/plan_estimate.hpp
    opcost/placement/plan_explanation.hpp
    opcost/placement/plan_search.hpp
    opcost/placement/stage_plan.hpp
    opcost/placement/unit_cost.hpp
    opcost/placement/workload.hpp
    opcost/precision.hpp
    opcost/units.hpp
    opcost/validation.hpp
    opcost/version.hpp)

opcost_library(core HEADERS ${core_headers})
opcost_library(format LINK opcost_core fmt::fmt HEADERS opcost/io/format.hpp opcost/io/plot.hpp
               opcost/io/plot/accuracy_chart.hpp opcost/io/plot/frontier_chart.hpp opcost/io/plot/label_placement.hpp
               opcost/io/plot/roofline_chart.hpp opcost/io/plot/step_chart.hpp opcost/io/plot/svg.hpp)
opcost_library(json LINK opcost_core nlohmann_json::nlohmann_json
               HEADERS opcost/io/json.hpp opcost/io/accelerator_json.hpp opcost/io/calibration_json.hpp
                       opcost/io/model_families.hpp opcost/io/model_json.hpp opcost/io/model_quantisation.hpp
                       opcost/io/model_reading.hpp opcost/io/plan_json.hpp opcost/io/price_list_json.hpp
                       opcost/io/serving_system_json.hpp opcost/io/step_batch_json.hpp)
opcost_library(opcost LINK opcost_core opcost_format opcost_json)
