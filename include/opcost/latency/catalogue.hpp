// SPDX-License-Identifier: Apache-2.0
//
// Generated from data/calibrations/*.json by generate_catalogue. Do not edit: change the data.
// clang-format off
#pragma once

#include <array>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/latency/calibration.hpp"

namespace opcost {

namespace calibrations {

namespace shared {  // by several families or calibrations

inline constexpr KernelCalibration others_of_constant{
            .model = kernel::ConstantKernel{.compute_efficiency = 0.7, .memory_efficiency = 0.8, .launch = 2.5},
            .kernel = "any kernel", .transferred_from = {}, .rows = 0, .groups = 0,
            .error = {0, 0, 0}, .interval = {0.4, 2.5}, .windowed_interval = {0.4, 2.5},
            .range = {}};
inline constexpr KernelCalibration linear_16bit_from_h100_sxm_vllm_0_24{
            .model = kernel::CublasMatmul{.matrix_efficiency = 0.8852440242639097, .memory_efficiency = 0.8893900232023457, .launch = 2.393042841178849, .wave_tail = 0.2571587864422018, .operand_feed = 68.05742051511761, .granule_overhead = 500.7115621676879, .split_launch = 2.466127523773214, .split_traffic = 0.6255521612175491, .idle_bandwidth_loss = 0.12300134772654364, .power_slowdown = 0.09092532160674688, .power_onset = 0.5300543686849509},
            .kernel = "torch.nn.functional.linear", .transferred_from = "h100-sxm/vllm-0.24", .rows = 27898, .groups = 377,
            .error = {5.651722197839443, 3.7286199255992525, 12.384070104976797}, .interval = {0.8620144270804736, 1.1944785306437984}, .windowed_interval = {0.8620144270804736, 1.1944785306437984},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration linear_fp8_from_h100_sxm_vllm_0_24{
            .model = kernel::CutlassMatmul{.matrix_efficiency = 0.8953647324732847, .wide_tile_efficiency = 0.9999999988730315, .memory_efficiency = 0.8152563451820087, .launch = 4.943626950323828, .wave_tail = 0.9294843567434641, .operand_feed = 21.256720161061903, .step_latency = 6.931253193132659, .granule_overhead = 245.42342763327895, .idle_bandwidth_loss = 0.2832287400503561, .power_slowdown = 0.31801292067196085, .power_onset = 0.11655060349858999, .quantise_traffic = 7.075117953620503, .quantise_row = 0.894830153532003, .partial_tile_loss = 0.22020610580330513},
            .kernel = "CutlassFP8ScaledMMLinearKernel", .transferred_from = "h100-sxm/vllm-0.24", .rows = 25974, .groups = 351,
            .error = {5.85232880143228, 4.305328052694479, 12.002379160304503}, .interval = {0.8613825948836622, 1.2008192924265444}, .windowed_interval = {0.8613825948836622, 1.2008192924265444},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration prefill_attention_fp8_cache_from_h100_sxm_vllm_0_24{
            .model = kernel::FlashAttentionPrefill{.launch = 9.846586878599146, .launch_per_head_doubling = 1.0627317663270506, .matrix_efficiency = 0.998592783350605, .softmax = 1.0490477280313155, .round_latency = 3.4893517532452893, .row_bytes_per_cycle = 7.155875719849911, .packed_saving = 0.6470018468083216, .many_tokens = 0.20967680951704648, .imbalance = 0.5067860662153177, .combine = 4.652331524555439, .window_edge = 0.547713174983449, .memory_efficiency = 0.4728918806587999, .l2_bytes_per_cycle = 9.787719718805615, .conversion = 0.010648710782548532, .conversion_growth = 0.0837992490504808, .windowed_launch = 0.18738017234952054, .head_192_launch = -2.30325335403274, .cache_write_efficiency = 0.39170296068227295, .cache_write_token = 4.149421384590885, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 18615, .groups = 161,
            .error = {7.35673030298906, 5.73472207144865, 15.895211291017429}, .interval = {0.8070035248724171, 1.20215245050696}, .windowed_interval = {0.7798506832902757, 1.2731203615959452},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 64}, {1, 64}, {64, 256}, {0, 8.192e3}}}};
inline constexpr KernelCalibration decode_attention_of_h20_deepgemm_flashinfer{
            .model = kernel::FlashInferDecode{.launch = 23.24037939455006, .vector_launch = 9.022501338616323, .matrix_efficiency = 0.5722997298320066, .vector_efficiency = 0.4237341996466947, .memory_efficiency = 0.9699999908702263},
            .kernel = "flashinfer", .transferred_from = {}, .rows = 334, .groups = 7,
            .error = {12.175094231484255, 8.616887496512028, 22.846366597121765}, .interval = {0.8795377250839552, 1.2507525919662625}, .windowed_interval = {0.8795377250839552, 1.2507525919662625},
            .range = {{{1, 512}, {1, 1}, {1.024e3, 131.072e3}, {16, 128}, {1, 8}, {128, 256}, {0, 0}}}};
inline constexpr KernelCalibration elementwise_from_h100_sxm_vllm_0_24{
            .model = kernel::ConstantKernel{.compute_efficiency = 0.999999762499986, .memory_efficiency = 0.9558974866055931, .launch = 2.068992962456279},
            .kernel = "static_scaled_fp8_quant", .transferred_from = "h100-sxm/vllm-0.24", .rows = 1110, .groups = 15,
            .error = {17.568603040931496, 9.829207439568949, 53.63468012449561}, .interval = {0.5508217620728164, 1.6390048576550273}, .windowed_interval = {0.5508217620728164, 1.6390048576550273},
            .range = {}};
inline constexpr KernelCalibration others_of_ideal{
            .model = kernel::ConstantKernel{.compute_efficiency = 1, .memory_efficiency = 1, .launch = 0},
            .kernel = "the roofline", .transferred_from = {}, .rows = 0, .groups = 0,
            .error = {0, 0, 0}, .interval = {1, 1}, .windowed_interval = {1, 1},
            .range = {}};

}  // namespace shared

/// Source: rule of thumb, not fitted
inline constexpr Calibration constant{
    .name = "constant",
    .accelerator = {},
    .times_cache_write = false,
    .sustained_share = 1,
    .eager_launch = 0,
    .kernels = {{
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant}},
};

/// Source: ai-dynamo/aiconfigurator (Apache-2.0), measured on NVIDIA H100 80GB HBM3, SGLang 0.5.14
inline constexpr Calibration h100_sxm_sglang_0_5_14{
    .name = "h100-sxm/sglang-0.5.14",
    .accelerator = "h100-sxm",
    .times_cache_write = false,
    .sustained_share = 0.88,
    .eager_launch = 8,
    .kernels = {{
        KernelCalibration{
            .model = kernel::CublasMatmul{.matrix_efficiency = 0.8333536399334704, .memory_efficiency = 0.8575217596975562, .launch = 2.5071960289022344, .wave_tail = 0.2453546268682144, .operand_feed = 73.72773834493205, .granule_overhead = 481.57436991735756, .split_launch = 2.5897092125318135, .split_traffic = 1.0411175879402932, .idle_bandwidth_loss = 0.1622022083413186, .power_slowdown = 0.1980539005998303, .power_onset = 1.2824812093256595},
            .kernel = "sglang_torch_linear", .transferred_from = {}, .rows = 27898, .groups = 377,
            .error = {5.810028226937491, 4.289045278689397, 13.179114213950829}, .interval = {0.9283957095321065, 1.1260240220179032}, .windowed_interval = {0.9283957095321065, 1.1260240220179032},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = kernel::CutlassMatmul{.matrix_efficiency = 0.9080019439835401, .wide_tile_efficiency = 0.8800556791408589, .memory_efficiency = 0.7974731974584143, .launch = 4.817823375128394, .wave_tail = 0.999961414108862, .operand_feed = 19.85530780200188, .step_latency = 5.456210676269392, .granule_overhead = 636.3423447330146, .idle_bandwidth_loss = 0.27223387487008077, .power_slowdown = 1.3431667775131357, .power_onset = 5.098939621666232, .quantise_traffic = 5.258253738359822, .quantise_row = 0.043703730222293735, .partial_tile_loss = 0.24264166917000973},
            .kernel = "sglang_sgl_kernel_fp8_scaled_mm", .transferred_from = {}, .rows = 25974, .groups = 351,
            .error = {8.340633813514867, 6.603139170815719, 17.08191317113866}, .interval = {0.8924717941984557, 1.1557566215402995}, .windowed_interval = {0.8924717941984557, 1.1557566215402995},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = kernel::DeepGemmQuantisingMatmul{.matrix_efficiency = 0.796605197497479, .memory_efficiency = 0.8266767702514055, .launch = 3.3677279512198846, .pipeline_fill = 0.6538278547422605, .wave_tail = 0.22262305488484274, .wide_wave_tail = 0.5179998287999754, .chain = 28.4159170211812, .operand_feed = 53.64574431183231, .granule_overhead = 530.1077437701412, .idle_bandwidth_loss = 0.08860672066323155, .power_slowdown = 0.24738539025123046, .power_onset = 3.782605363583723, .quantise_traffic = 2.8561645647130964, .quantise_odd_k = 0.5914351788412026, .quantise_row = 0.08026084792715821, .partial_tile_loss = 0.1345693751520768, .wide_wave_loss = 1.5500170196010803, .spill_loss = 2.6651546804924147},
            .kernel = "sglang_deepgemm_gemm_nt_f8f8bf16", .transferred_from = {}, .rows = 22348, .groups = 302,
            .error = {9.195125006735754, 7.016668387847435, 19.26220440830572}, .interval = {0.8859551046634769, 1.18055380879809}, .windowed_interval = {0.8859551046634769, 1.18055380879809},
            .range = {{{1, 32.768e3}, {128, 65.536e3}, {128, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        KernelCalibration{
            .model = kernel::FlashAttentionPrefill{.launch = 9.552497755905078, .launch_per_head_doubling = 0.5553096029410309, .matrix_efficiency = 0.7271424042909759, .softmax = 0.5067107931073764, .round_latency = 3.8359905435147987, .row_bytes_per_cycle = 28.16190263508258, .packed_saving = -0.1045735398231955, .many_tokens = 0.7986355575488746, .imbalance = 1.0433408926697663, .combine = 7.7640911620657, .window_edge = -1.14137888661769, .memory_efficiency = 0.4421451691147992, .l2_bytes_per_cycle = 10.431320269611316, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = 0.4250585019960287, .head_192_launch = 6.859291811720864, .cache_write_efficiency = 0.6, .cache_write_token = 3, .cache_write_launch = 2},
            .kernel = "fa3", .transferred_from = {}, .rows = 11809, .groups = 102,
            .error = {8.733748452679063, 6.038219356339547, 19.968991836076405}, .interval = {0.8921502977027171, 1.1637483536312452}, .windowed_interval = {0.9054726019600129, 1.2511572778001658},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 96}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionPrefill{.launch = 9.714857668068436, .launch_per_head_doubling = 0.5246486994292958, .matrix_efficiency = 0.9999981401539138, .softmax = 1.0019771628171648, .round_latency = 4.319022486729945, .row_bytes_per_cycle = 17.078686995243885, .packed_saving = 0.16858373418642358, .many_tokens = 0.43063522977603075, .imbalance = 1.1765851212522125, .combine = 6.9376995508288815, .window_edge = -0.832537706750867, .memory_efficiency = 0.4088075211819683, .l2_bytes_per_cycle = 8.181927965995676, .conversion = 0.017068915613979913, .conversion_growth = 0.0034487799086340143, .windowed_launch = 0.6529508317058559, .head_192_launch = 7.665904238805966, .cache_write_efficiency = 0.6, .cache_write_token = 3, .cache_write_launch = 2},
            .kernel = "fa3", .transferred_from = {}, .rows = 11969, .groups = 104,
            .error = {8.284953408282474, 6.239788297500315, 17.477035481104263}, .interval = {0.899658036344878, 1.1541630987981646}, .windowed_interval = {0.8782967255921142, 1.2810585437828035},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 96}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionDecode{.launch = 8.409694185288373, .launch_per_head_doubling = 1.2596209329581616, .round_latency = 2.2172537823889966, .round_latency_per_head_doubling = 0.9824389916837963, .combine = 1.9170702804593804, .combine_per_split = 0.07067915531068547, .memory_efficiency = 0.9437182526946452, .l2_bytes_per_cycle = 62.78071353820712, .l2_share = 0.7682540960388723, .matrix_efficiency = 1, .memory_ramp = 3.0455049380646164, .per_sequence = 0.013963243443939389, .window_first = 4.500683659092175e-08, .window_round = 1.213515794489099, .conversion = 0.03400000000000003, .conversion_growth = 0.09999999999999998, .windowed_launch = 1.244983563082617, .head_192_launch = 6.476716279552406, .cache_write_efficiency = 0.1, .cache_write_launch = 2},
            .kernel = "fa3", .transferred_from = {}, .rows = 14098, .groups = 92,
            .error = {5.8524448117613765, 4.1034637757079215, 13.355867726717232}, .interval = {0.9134528471638086, 1.1044807294515342}, .windowed_interval = {0.9141418103723626, 1.132608032538543},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 128}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionDecode{.launch = 11.732269864840791, .launch_per_head_doubling = 1.7275628023909775, .round_latency = 2.240400398081799, .round_latency_per_head_doubling = 1.3823737143066577, .combine = 0.725568230807558, .combine_per_split = 0.12851416905773794, .memory_efficiency = 0.7599251349491714, .l2_bytes_per_cycle = 13.716814119785894, .l2_share = 0.7591543040245329, .matrix_efficiency = 0.85, .memory_ramp = 7.175317350292449, .per_sequence = 0.014309279851213292, .window_first = 0, .window_round = 0.8328659285323659, .conversion = 0.0350704937354559, .conversion_growth = 3.6981809281577682e-09, .windowed_launch = 1.1999951945153726, .head_192_launch = 7.545415686692419, .cache_write_efficiency = 0.1, .cache_write_launch = 2},
            .kernel = "fa3", .transferred_from = {}, .rows = 13715, .groups = 90,
            .error = {8.011756301086512, 6.230502583044517, 17.444946421513606}, .interval = {0.880405523799582, 1.1435609112203333}, .windowed_interval = {0.9282643859839581, 1.1158757997393642},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 128}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        KernelCalibration{
            .model = kernel::ConstantKernel{.compute_efficiency = 0.9999999999997734, .memory_efficiency = 0.9558612548482829, .launch = 2.068994952711778},
            .kernel = "static_scaled_fp8_quant", .transferred_from = {}, .rows = 1110, .groups = 15,
            .error = {17.569164474150593, 9.829222956619299, 53.63575071926275}, .interval = {0.7103245991191987, 1.3194750502888846}, .windowed_interval = {0.7103245991191987, 1.3194750502888846},
            .range = {}}}},
};

/// Source: ai-dynamo/aiconfigurator (Apache-2.0), measured on NVIDIA H100 80GB HBM3, vLLM 0.24.0
inline constexpr Calibration h100_sxm_vllm_0_24{
    .name = "h100-sxm/vllm-0.24",
    .accelerator = "h100-sxm",
    .times_cache_write = true,
    .sustained_share = 0.88,
    .eager_launch = 8,
    .kernels = {{
        KernelCalibration{
            .model = kernel::CublasMatmul{.matrix_efficiency = 0.8852440242639097, .memory_efficiency = 0.8893900232023457, .launch = 2.393042841178849, .wave_tail = 0.2571587864422018, .operand_feed = 68.05742051511761, .granule_overhead = 500.7115621676879, .split_launch = 2.466127523773214, .split_traffic = 0.6255521612175491, .idle_bandwidth_loss = 0.12300134772654364, .power_slowdown = 0.09092532160674688, .power_onset = 0.5300543686849509},
            .kernel = "torch.nn.functional.linear", .transferred_from = {}, .rows = 27898, .groups = 377,
            .error = {5.651722197839443, 3.7286199255992525, 12.384070104976797}, .interval = {0.9258944662765694, 1.0972392653218992}, .windowed_interval = {0.9258944662765694, 1.0972392653218992},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = kernel::CutlassMatmul{.matrix_efficiency = 0.8953647324732847, .wide_tile_efficiency = 0.9999999988730315, .memory_efficiency = 0.8152563451820087, .launch = 4.943626950323828, .wave_tail = 0.9294843567434641, .operand_feed = 21.256720161061903, .step_latency = 6.931253193132659, .granule_overhead = 245.42342763327895, .idle_bandwidth_loss = 0.2832287400503561, .power_slowdown = 0.31801292067196085, .power_onset = 0.11655060349858999, .quantise_traffic = 7.075117953620503, .quantise_row = 0.894830153532003, .partial_tile_loss = 0.22020610580330513},
            .kernel = "CutlassFP8ScaledMMLinearKernel", .transferred_from = {}, .rows = 25974, .groups = 351,
            .error = {5.85232880143228, 4.305328052694479, 12.002379160304503}, .interval = {0.9255298693039506, 1.1004096462132722}, .windowed_interval = {0.9255298693039506, 1.1004096462132722},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = kernel::DeepGemmQuantisingMatmul{.matrix_efficiency = 0.796605197497479, .memory_efficiency = 0.8266767702514055, .launch = 3.3677279512198846, .pipeline_fill = 0.6538278547422605, .wave_tail = 0.22262305488484274, .wide_wave_tail = 0.5179998287999754, .chain = 28.4159170211812, .operand_feed = 53.64574431183231, .granule_overhead = 530.1077437701412, .idle_bandwidth_loss = 0.08860672066323155, .power_slowdown = 0.24738539025123046, .power_onset = 3.782605363583723, .quantise_traffic = 2.8561645647130964, .quantise_odd_k = 0.5914351788412026, .quantise_row = 0.08026084792715821, .partial_tile_loss = 0.1345693751520768, .wide_wave_loss = 1.5500170196010803, .spill_loss = 2.6651546804924147},
            .kernel = "sglang_deepgemm_gemm_nt_f8f8bf16", .transferred_from = "h100-sxm/sglang-0.5.14", .rows = 22348, .groups = 302,
            .error = {9.195125006735754, 7.016668387847435, 19.26220440830572}, .interval = {0.7952597856443243, 1.36110761759618}, .windowed_interval = {0.7952597856443243, 1.36110761759618},
            .range = {{{1, 32.768e3}, {128, 65.536e3}, {128, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        KernelCalibration{
            .model = kernel::FlashAttentionPrefill{.launch = 9.619770430791672, .launch_per_head_doubling = -0.026969587560806474, .matrix_efficiency = 0.9999999942299125, .softmax = 0.8810184448062086, .round_latency = 3.359315539256331, .row_bytes_per_cycle = 22.1810119417649, .packed_saving = 0.5781377371047289, .many_tokens = 1.0425293262712643, .imbalance = 0.6731331288106046, .combine = 5.142995465999672, .window_edge = 0.10685333745863623, .memory_efficiency = 0.74956058622905, .l2_bytes_per_cycle = 21.23048861398713, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = -0.034732792221021436, .head_192_launch = -0.06402886412028508, .cache_write_efficiency = 0.6207763630427711, .cache_write_token = 2.625373132225588, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 18700, .groups = 162,
            .error = {6.027069090190612, 4.581385917351794, 13.331926680576974}, .interval = {0.9198522661074156, 1.0861334891540322}, .windowed_interval = {0.8993787994233906, 1.1246253386331138},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionPrefill{.launch = 9.846586878599146, .launch_per_head_doubling = 1.0627317663270506, .matrix_efficiency = 0.998592783350605, .softmax = 1.0490477280313155, .round_latency = 3.4893517532452893, .row_bytes_per_cycle = 7.155875719849911, .packed_saving = 0.6470018468083216, .many_tokens = 0.20967680951704648, .imbalance = 0.5067860662153177, .combine = 4.652331524555439, .window_edge = 0.547713174983449, .memory_efficiency = 0.4728918806587999, .l2_bytes_per_cycle = 9.787719718805615, .conversion = 0.010648710782548532, .conversion_growth = 0.0837992490504808, .windowed_launch = 0.18738017234952054, .head_192_launch = -2.30325335403274, .cache_write_efficiency = 0.39170296068227295, .cache_write_token = 4.149421384590885, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 18615, .groups = 161,
            .error = {7.35673030298906, 5.73472207144865, 15.895211291017429}, .interval = {0.8931952968153676, 1.10107622525348}, .windowed_interval = {0.8763102327759591, 1.1365601807979726},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 64}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionDecode{.launch = 8.50533890751785, .launch_per_head_doubling = 1.050705809163133, .round_latency = 2.437737996081938, .round_latency_per_head_doubling = 0.5425609042448933, .combine = 1.2592068243179173, .combine_per_split = 0.0622385173524318, .memory_efficiency = 0.9999999861250582, .l2_bytes_per_cycle = 63.99874794537185, .l2_share = 0.7517778270681597, .matrix_efficiency = 0.7774984414788715, .memory_ramp = 3.885475007602681, .per_sequence = 0.020143419108891517, .window_first = 4.404547638230633, .window_round = 2.50760891800198, .conversion = 0.03400000000000003, .conversion_growth = 0.09999999999999998, .windowed_launch = -0.032765382769065265, .head_192_launch = -0.34394767356767897, .cache_write_efficiency = 0.10006686013808669, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 23892, .groups = 148,
            .error = {3.754407183221966, 2.7876379552556783, 8.228614675298234}, .interval = {0.9520233304626678, 1.0680372740271524}, .windowed_interval = {0.9430519097599077, 1.0683240910137761},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 96}, {1, 8}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionDecode{.launch = 8.892210498657695, .launch_per_head_doubling = 2.2299088245313685, .round_latency = 2.139597131000082, .round_latency_per_head_doubling = 0.8408373557673847, .combine = 1.610840205511375, .combine_per_split = 0.07728054134971807, .memory_efficiency = 0.8200491469512649, .l2_bytes_per_cycle = 14.881163509866822, .l2_share = 0.685834130728403, .matrix_efficiency = 0.85, .memory_ramp = 5.186818191181391, .per_sequence = 0.02000678965825366, .window_first = 4.7202646207714505, .window_round = 2.205573325578423, .conversion = 0.03358298841211371, .conversion_growth = 0.13443923224541254, .windowed_launch = 0.05539515144439777, .head_192_launch = -0.9864398404900454, .cache_write_efficiency = 0.04886631763890555, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 23244, .groups = 144,
            .error = {4.421357558733234, 2.9872699826749005, 10.377217971967978}, .interval = {0.9199028047176323, 1.0794657133286911}, .windowed_interval = {0.9414171618738534, 1.0663085290720027},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 96}, {1, 8}, {64, 256}, {0, 8.192e3}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        KernelCalibration{
            .model = kernel::ConstantKernel{.compute_efficiency = 0.999999762499986, .memory_efficiency = 0.9558974866055931, .launch = 2.068992962456279},
            .kernel = "static_scaled_fp8_quant", .transferred_from = {}, .rows = 1110, .groups = 15,
            .error = {17.568603040931496, 9.829207439568949, 53.63468012449561}, .interval = {0.7103611459986121, 1.3195024288275137}, .windowed_interval = {0.7103611459986121, 1.3195024288275137},
            .range = {}}}},
};

/// Source: alibaba/InferSim (Apache-2.0), H20
inline constexpr Calibration h20_deepgemm_flashinfer{
    .name = "h20/deepgemm-flashinfer",
    .accelerator = "h20",
    .times_cache_write = false,
    .sustained_share = 1,
    .eager_launch = 8,
    .kernels = {{
        shared::linear_16bit_from_h100_sxm_vllm_0_24,
        shared::linear_fp8_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = kernel::DeepGemmMatmul{.matrix_efficiency = 0.9414060411782887, .memory_efficiency = 0.6669266244094442, .launch = 3.8637489967285346, .wave_tail = 0.11305435010102782, .chain = 20.999999999999996, .operand_feed = 2.441404856057261e-08, .granule_overhead = 866.237711037974},
            .kernel = "deep_gemm", .transferred_from = {}, .rows = 278, .groups = 25,
            .error = {4.099707986717814, 2.8194776937255805, 7.727224358810862}, .interval = {0.9414538552026772, 1.0577815192075222}, .windowed_interval = {0.9414538552026772, 1.0577815192075222},
            .range = {{{8, 131.072e3}, {576, 51.2e3}, {512, 25.6e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        KernelCalibration{
            .model = kernel::FlashAttentionPrefill{.launch = 18.611924320779078, .launch_per_head_doubling = -0.026969587560806474, .matrix_efficiency = 0.9999999999991345, .softmax = 0.8810184448062086, .round_latency = 3.359315539256331, .row_bytes_per_cycle = 22.1810119417649, .packed_saving = 0.5781377371047289, .many_tokens = 1.0425293262712643, .imbalance = 0.6731331288106046, .combine = 5.142995465999672, .window_edge = 0.10685333745863623, .memory_efficiency = 0.74956058622905, .l2_bytes_per_cycle = 21.23048861398713, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = -0.034732792221021436, .head_192_launch = -0.06402886412028508, .cache_write_efficiency = 0.6207763630427711, .cache_write_token = 2.625373132225588, .cache_write_launch = 2},
            .kernel = "flash_attention_3", .transferred_from = {}, .rows = 10, .groups = 2,
            .error = {5.27877646652708, 1.8627516406394151, 15.647467702087674}, .interval = {0.9345713818375545, 1.021271024147273}, .windowed_interval = {0.9345713818375545, 1.021271024147273},
            .range = {{{1, 1}, {1.024e3, 32.768e3}, {1.024e3, 32.768e3}, {16, 64}, {1, 8}, {128, 256}, {0, 0}}}},
        shared::prefill_attention_fp8_cache_from_h100_sxm_vllm_0_24,
        shared::decode_attention_of_h20_deepgemm_flashinfer,
        shared::decode_attention_of_h20_deepgemm_flashinfer,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::elementwise_from_h100_sxm_vllm_0_24}},
};

/// Source: alibaba/InferSim (Apache-2.0), H800
inline constexpr Calibration h800_sxm_deepgemm_flashinfer{
    .name = "h800-sxm/deepgemm-flashinfer",
    .accelerator = "h800-sxm",
    .times_cache_write = false,
    .sustained_share = 0.88,
    .eager_launch = 8,
    .kernels = {{
        shared::linear_16bit_from_h100_sxm_vllm_0_24,
        shared::linear_fp8_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = kernel::DeepGemmMatmul{.matrix_efficiency = 0.724007571621327, .memory_efficiency = 0.7460168948491523, .launch = 6.337745346806011, .wave_tail = 0.4319137061635919, .chain = 20.03963026720547, .operand_feed = 3.6991626761739838e-06, .granule_overhead = 0.1952148796649511},
            .kernel = "deep_gemm", .transferred_from = {}, .rows = 55, .groups = 5,
            .error = {12.746057059508093, 7.943413398097454, 30.71931206102513}, .interval = {0.9135180083962413, 1.3559952885674669}, .windowed_interval = {0.9135180083962413, 1.3559952885674669},
            .range = {{{16, 32.768e3}, {512, 7.168e3}, {7.168e3, 18.432e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        KernelCalibration{
            .model = kernel::FlashAttentionPrefill{.launch = 9.619770430791672, .launch_per_head_doubling = -0.026969587560806474, .matrix_efficiency = 0.9999999942299125, .softmax = 0.8810184448062086, .round_latency = 3.359315539256331, .row_bytes_per_cycle = 22.1810119417649, .packed_saving = 0.5781377371047289, .many_tokens = 1.0425293262712643, .imbalance = 0.6731331288106046, .combine = 5.142995465999672, .window_edge = 0.10685333745863623, .memory_efficiency = 0.74956058622905, .l2_bytes_per_cycle = 21.23048861398713, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = -0.034732792221021436, .head_192_launch = -0.06402886412028508, .cache_write_efficiency = 0.6207763630427711, .cache_write_token = 2.625373132225588, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 18700, .groups = 162,
            .error = {6.027069090190612, 4.581385917351794, 13.331926680576974}, .interval = {0.851598570495997, 1.1722669783080644}, .windowed_interval = {0.8171556198919402, 1.2492506772662275},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        shared::prefill_attention_fp8_cache_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = kernel::FlashInferDecode{.launch = 23.129849728458108, .vector_launch = 17.406986610074934, .matrix_efficiency = 0.8374003040256848, .vector_efficiency = 0.9999963413410996, .memory_efficiency = 0.9699999972124481},
            .kernel = "flashinfer", .transferred_from = {}, .rows = 205, .groups = 5,
            .error = {6.150650870525775, 2.572909980192961, 17.970009133596427}, .interval = {0.9325050326334298, 1.1146290516760602}, .windowed_interval = {0.9325050326334298, 1.1146290516760602},
            .range = {{{1, 512}, {1, 1}, {1.024e3, 131.072e3}, {16, 128}, {2, 8}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = kernel::FlashAttentionDecode{.launch = 8.892210498657695, .launch_per_head_doubling = 2.2299088245313685, .round_latency = 2.139597131000082, .round_latency_per_head_doubling = 0.8408373557673847, .combine = 1.610840205511375, .combine_per_split = 0.07728054134971807, .memory_efficiency = 0.8200491469512649, .l2_bytes_per_cycle = 14.881163509866822, .l2_share = 0.685834130728403, .matrix_efficiency = 0.85, .memory_ramp = 5.186818191181391, .per_sequence = 0.02000678965825366, .window_first = 4.7202646207714505, .window_round = 2.205573325578423, .conversion = 0.03358298841211371, .conversion_growth = 0.13443923224541254, .windowed_launch = 0.05539515144439777, .head_192_launch = -0.9864398404900454, .cache_write_efficiency = 0.04886631763890555, .cache_write_launch = 2},
            .kernel = "vllm_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 23244, .groups = 144,
            .error = {4.421357558733234, 2.9872699826749005, 10.377217971967978}, .interval = {0.851685208271598, 1.1589314266573822}, .windowed_interval = {0.8893183678854133, 1.1326170581440054},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 96}, {1, 8}, {64, 256}, {0, 8.192e3}}}},
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::others_of_constant,
        shared::elementwise_from_h100_sxm_vllm_0_24}},
};

/// Source: by definition: the roofline bound itself, no kernel measured
inline constexpr Calibration ideal{
    .name = "ideal",
    .accelerator = {},
    .times_cache_write = false,
    .sustained_share = 1,
    .eager_launch = 0,
    .kernels = {{
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal,
        shared::others_of_ideal}},
};

}  // namespace calibrations

/// Every built-in calibration, by name.
inline constexpr std::array<const Calibration*, 6> calibration_catalogue{
    &calibrations::constant,
    &calibrations::h100_sxm_sglang_0_5_14,
    &calibrations::h100_sxm_vllm_0_24,
    &calibrations::h20_deepgemm_flashinfer,
    &calibrations::h800_sxm_deepgemm_flashinfer,
    &calibrations::ideal,
};

/// The built-in calibration of that name, or null.
constexpr const Calibration* calibration_named(std::string_view name) noexcept {
  for (const Calibration* const calibration : calibration_catalogue) {
    if (calibration->name.view() == name) return calibration;
  }
  return nullptr;
}

/// The calibration that an accelerator takes by default, and how much wider its intervals are there.
struct DefaultCalibration {
  std::string_view accelerator{};
  const Calibration* calibration = nullptr;
  double interval_factor = 1.0;
};

/// Accelerators that are not listed take the calibration `constant`.
inline constexpr std::array<DefaultCalibration, 23> default_calibrations{{
    {"a100-sxm-40gb", &calibrations::h100_sxm_vllm_0_24, 3},
    {"a100-sxm-80gb", &calibrations::h100_sxm_vllm_0_24, 3},
    {"a800-sxm", &calibrations::h100_sxm_vllm_0_24, 3},
    {"b200", &calibrations::h100_sxm_vllm_0_24, 3},
    {"b300", &calibrations::constant, 1},
    {"gb200", &calibrations::h100_sxm_vllm_0_24, 3},
    {"gb300", &calibrations::constant, 1},
    {"h100-nvl", &calibrations::h100_sxm_vllm_0_24, 1.5},
    {"h100-pcie", &calibrations::h100_sxm_vllm_0_24, 1.5},
    {"h100-sxm", &calibrations::h100_sxm_vllm_0_24, 1},
    {"h20", &calibrations::h20_deepgemm_flashinfer, 1},
    {"h20-3e", &calibrations::constant, 1},
    {"h200-sxm", &calibrations::h100_sxm_vllm_0_24, 1.5},
    {"h800-sxm", &calibrations::h800_sxm_deepgemm_flashinfer, 1},
    {"l20", &calibrations::h100_sxm_vllm_0_24, 3},
    {"l4", &calibrations::h100_sxm_vllm_0_24, 3},
    {"l40s", &calibrations::h100_sxm_vllm_0_24, 3},
    {"mi300x", &calibrations::constant, 1},
    {"mi325x", &calibrations::constant, 1},
    {"mi355x", &calibrations::constant, 1},
    {"rtx-pro-6000", &calibrations::h100_sxm_vllm_0_24, 3},
    {"tpu-v5e", &calibrations::constant, 1},
    {"tpu-v6e", &calibrations::constant, 1},
}};

/// The best known calibration of an accelerator, by its name; carried from another accelerator where there is none
/// of its own.
constexpr Calibration default_calibration(const Accelerator& accelerator) noexcept {
  for (const DefaultCalibration& entry : default_calibrations) {
    if (entry.accelerator != accelerator.name.view()) continue;
    const Calibration& calibration = *entry.calibration;
    const bool own = calibration.accelerator.empty() || calibration.accelerator == accelerator.name;
    if (own && entry.interval_factor == 1.0) return calibration;
    return calibration.carried_to(accelerator.name, entry.interval_factor);
  }
  return calibrations::constant;
}

}  // namespace opcost
