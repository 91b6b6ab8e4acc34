// SPDX-License-Identifier: Apache-2.0
//
// Generated from data/calibrations/*.json and data/serving_systems/*.json by generate_catalogue. Do not edit: change the data.
// clang-format off
#pragma once

#include <array>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/latency/calibration.hpp"
#include "opcost/latency/serving_system.hpp"

namespace opcost {

namespace calibrations {

namespace shared {  // by several families or calibrations

inline constexpr KernelCalibration others_of_constant{
            .model = KernelModel(std::in_place_type<kernel::ConstantKernel>, kernel::ConstantKernel{.compute_efficiency = 0.7, .memory_efficiency = 0.8, .launch = 2.5}),
            .kernel = "any kernel", .transferred_from = {}, .rows = 0, .groups = 0,
            .error = {0, 0, 0}, .interval = {0.4, 2.5}, .windowed_interval = {0.4, 2.5},
            .range = {}};
inline constexpr KernelCalibration grouped_contiguous_from_h800_sxm_deepgemm_flashinfer{
            .model = KernelModel(std::in_place_type<kernel::GroupedMatmul>, kernel::GroupedMatmul{.launch = 10.48017844760349, .matrix_efficiency = 0.6622326988828027, .memory_efficiency = 0.7523428208308047, .wave_tail = 0.2134181848156751, .granule_overhead = 144.27391420405445, .small_tile_limit = 0}),
            .kernel = "deep_gemm_grouped", .transferred_from = "h800-sxm/deepgemm-flashinfer", .rows = 48, .groups = 6,
            .error = {4.721574243394017, 3.238136891177057, 10.730294453308218}, .interval = {0.8472751371456441, 1.1524912899278594}, .windowed_interval = {0.8472751371456441, 1.1524912899278594},
            .range = {{{4, 256}, {32, 32.768e3}, {4.096e3, 7.168e3}, {2.048e3, 7.168e3}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration grouped_masked_from_h800_sxm_deepgemm_flashinfer{
            .model = KernelModel(std::in_place_type<kernel::GroupedMatmul>, kernel::GroupedMatmul{.launch = 10.47320962934819, .matrix_efficiency = 0.6308747817869746, .memory_efficiency = 0.8610060069548346, .wave_tail = 0.07575757042499548, .granule_overhead = 547.714322401202, .small_tile_limit = 64}),
            .kernel = "deep_gemm_grouped", .transferred_from = "h800-sxm/deepgemm-flashinfer", .rows = 82, .groups = 7,
            .error = {9.573506440393933, 4.117508862747204, 25.186814929682487}, .interval = {0.6875548111947353, 1.227543621213404}, .windowed_interval = {0.6875548111947353, 1.227543621213404},
            .range = {{{1, 256}, {1, 4.096e3}, {4.096e3, 7.168e3}, {2.048e3, 7.168e3}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration experts_fp8_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 33.62909050978638, .ranks_launch = 0, .single_launch = 0, .routing = 5.81083274571421, .expert_launch = 4.256967705971113, .wave_tail = 0, .matrix_efficiency = 0.16574796209210818, .memory_efficiency = 0.17425255467173484, .l2_speedup = 2, .idle_bandwidth_loss = 0, .operand_feed = 101.745335415539, .tile_latency = 7999.99998833314, .tile_overhead = 6730.50552564232, .unaligned_compute = 1.3887831255005385, .unaligned_memory = 1.1639895319674076, .activation_traffic = 0, .sum_traffic = 0.03736778245093053, .row_traffic = 0, .single_traffic = 2.088141623609603, .tile_measure = 1, .tile_16_limit = 16, .tile_32_limit = 32, .tile_64_limit = 64, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_modeloptfp8moe_flashinfer_cutlass_flashinferexperts", .transferred_from = "h100-sxm/vllm-0.24", .rows = 9396, .groups = 10,
            .error = {11.580937405041432, 8.086194734824325, 26.02707250213551}, .interval = {0.7255595762200533, 1.4108094627327397}, .windowed_interval = {0.7255595762200533, 1.4108094627327397},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {22, 16.384e3}, {8, 512}, {1, 256}, {1, 22}, {0, 0}}}};
inline constexpr KernelCalibration encoder_attention_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionEncoder>, kernel::FlashAttentionEncoder{.launch = 8.848013702794614, .wide_launch = 2.0530011522579454, .matrix_efficiency = 0.9999999856800674, .softmax = 0.7887154740765563, .round_latency = 4.948114705551789, .short_round = 0.4331609277236877, .row_bytes_per_cycle = 16.34910980024852, .tail = 0.7726665190795268, .combine = 8.126902447020434, .memory_efficiency = 0.7412158255381527, .l2_bytes_per_cycle = 18.78913584733222}),
            .kernel = "vllm_vit_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 5486, .groups = 25,
            .error = {6.458581038379031, 5.168590608385809, 13.2407978397731}, .interval = {0.8317879806794918, 1.2396946050672453}, .windowed_interval = {0.8317879806794918, 1.2396946050672453},
            .range = {{{1, 64}, {1, 65.536e3}, {1, 65.536e3}, {1, 32}, {1, 32}, {64, 80}, {0, 0}}}};
inline constexpr KernelCalibration custom_all_reduce_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::VllmAllReduce>, kernel::VllmAllReduce{.launch = 4.166040190732433, .rank_launch = 0.07562661223156009, .peer_share = 0.5772188990903293, .second_shot = 2.437176315947661, .symmetric_launch = 9.453121978781265, .symmetric_share = 0.6931056798698723, .copy_share = 0.87, .eager_launch = 19.555097657150174, .eager_rank = 0.4680800266728369, .eager_symmetric = 17.56194584609173}),
            .kernel = "vLLM_custom", .transferred_from = "h100-sxm/vllm-0.24", .rows = 138, .groups = 23,
            .error = {2.8264457434709125, 1.9572477402741373, 5.851998275074337}, .interval = {0.9170519031670724, 1.0756344265518072}, .windowed_interval = {0.9170519031670724, 1.0756344265518072},
            .range = {{{2, 8}, {256, 1.073741824e9}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration experts_16bit_untuned_from_h100_sxm_sglang_0_5_14{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 10.584979743499801, .ranks_launch = 3.8423595180404724, .single_launch = 4.649179204727605, .routing = 19.78830320847795, .expert_launch = 0, .wave_tail = 0.9929455820766198, .matrix_efficiency = 0.41633715136651944, .memory_efficiency = 0.7582192375177161, .l2_speedup = 2, .idle_bandwidth_loss = 0.9998850181795707, .operand_feed = 106.82932059811807, .tile_latency = 0, .tile_overhead = 0, .unaligned_compute = 1.5122440364761618, .unaligned_memory = 1.7280641734953344, .activation_traffic = 1.208692594987069, .sum_traffic = 2.465872793975656, .row_traffic = 0, .single_traffic = 0, .tile_measure = 2, .tile_16_limit = 1, .tile_32_limit = 1, .tile_64_limit = 1e9, .tile_columns = 64, .narrow_limit = 0}),
            .kernel = "sglang_fused_moe_triton", .transferred_from = "h100-sxm/sglang-0.5.14", .rows = 23247, .groups = 12,
            .error = {12.137349827464995, 9.84431010225344, 25.27872778039}, .interval = {0.7093610950487796, 1.4314098834102555}, .windowed_interval = {0.7093610950487796, 1.4314098834102555},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {16, 16.384e3}, {8, 256}, {1, 256}, {1, 8}, {0, 0}}}};
inline constexpr KernelCalibration latent_attention_from_h100_sxm_sglang_0_5_14{
            .model = KernelModel(std::in_place_type<kernel::LatentAttention>, kernel::LatentAttention{.launch = 12.412606216068257, .round_latency = 7.074318741204853, .row_bytes_per_cycle = 46.574288998497046, .matrix_efficiency = 0.9, .feed_bytes_per_cycle = 24.414057663144714, .imbalance = 0.8999999996041904, .combine = 4.577558657631001, .combine_bytes_per_cycle = 24.055146250841936, .memory_efficiency = 0.9882219933575729, .l2_bytes_per_cycle = 17.220859643948216, .l2_share = 0.892931547014653, .memory_ramp = 10.694066680915423, .conversion_launch = 5.0621765644859975, .conversion_bytes = 11.264451672506684}),
            .kernel = "flash_attention", .transferred_from = "h100-sxm/sglang-0.5.14", .rows = 6182, .groups = 8,
            .error = {4.09693321265133, 3.046792968663492, 8.91358825929242}, .interval = {0.8844670332183674, 1.1370558789813332}, .windowed_interval = {0.8844670332183674, 1.1370558789813332},
            .range = {{{1, 1.024e3}, {1, 32.768e3}, {1, 131.072e3}, {1, 128}, {1, 1}, {544, 544}, {0, 0}}}};
inline constexpr KernelCalibration kimi_delta_prefill_from_h100_sxm_sglang_0_5_14{
            .model = KernelModel(std::in_place_type<kernel::ChunkedRecurrence>, kernel::ChunkedRecurrence{.launch = 14.125587011944686, .floor = 13.283816860866674, .inverse = 22.206405729730193, .chunk_latency = 0.9894747559366065, .tile_latency = 15.005844182273444, .passes = 7.564278229908276, .memory_efficiency = 0.85}),
            .kernel = "chunk_kda", .transferred_from = "h100-sxm/sglang-0.5.14", .rows = 208, .groups = 2,
            .error = {2.9735976239638657, 2.232002136457284, 7.382519820999188}, .interval = {0.924412450491047, 1.1041912064485224}, .windowed_interval = {0.924412450491047, 1.1041912064485224},
            .range = {{{1, 64}, {1, 32.768e3}, {12, 24}, {128, 128}, {12, 24}, {128, 128}, {0, 0}}}};
inline constexpr KernelCalibration kimi_delta_decode_from_h100_sxm_sglang_0_5_14{
            .model = KernelModel(std::in_place_type<kernel::RecurrentUpdate>, kernel::RecurrentUpdate{.launch = 5.564864167241298, .token_latency = 2.0996944171972776, .memory_efficiency = 0.8198133020632539, .l2_bytes_per_cycle = 18.711831126563567, .l2_share = 0.4894490390065044}),
            .kernel = "fused_sigmoid_gating_delta_rule_update", .transferred_from = "h100-sxm/sglang-0.5.14", .rows = 54, .groups = 2,
            .error = {4.70232018136394, 2.8513494375764004, 11.399463030085997}, .interval = {0.871732542524348, 1.2249641126282498}, .windowed_interval = {0.871732542524348, 1.2249641126282498},
            .range = {{{1, 256}, {2, 8}, {12, 24}, {128, 128}, {12, 24}, {128, 128}, {0, 0}}}};
inline constexpr KernelCalibration linear_16bit_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::CublasMatmul>, kernel::CublasMatmul{.matrix_efficiency = 0.8852440242640762, .memory_efficiency = 0.8893900232023579, .launch = 2.393042841178748, .wave_tail = 0.25715878644225737, .operand_feed = 68.057420515122, .granule_overhead = 500.71156216779156, .split_launch = 2.4661275237732028, .split_traffic = 0.6255521612177295, .idle_bandwidth_loss = 0.12300134772665539, .power_slowdown = 0.09092532160653025, .power_onset = 0.5300543686748524}),
            .kernel = "torch.nn.functional.linear", .transferred_from = "h100-sxm/vllm-0.24", .rows = 27898, .groups = 377,
            .error = {5.651722197828372, 3.7286199255008867, 12.38407010472999}, .interval = {0.8620144270805327, 1.1944785306647985}, .windowed_interval = {0.8620144270805327, 1.1944785306647985},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration linear_fp8_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::CutlassMatmul>, kernel::CutlassMatmul{.matrix_efficiency = 0.8953647326368943, .wide_tile_efficiency = 0.9999999988725365, .memory_efficiency = 0.815256345256373, .launch = 4.943626949348836, .wave_tail = 0.9294843592628443, .operand_feed = 21.256720142081143, .step_latency = 6.931253208323371, .granule_overhead = 245.4234297910023, .idle_bandwidth_loss = 0.2832287404295642, .power_slowdown = 0.3180129216137372, .power_onset = 0.11655060623391415, .quantise_traffic = 7.0751179571196205, .quantise_row = 0.894830153128265, .partial_tile_loss = 0.22020610611603153}),
            .kernel = "CutlassFP8ScaledMMLinearKernel", .transferred_from = "h100-sxm/vllm-0.24", .rows = 25974, .groups = 351,
            .error = {5.8523265712442925, 4.3053259447674685, 12.002383045008113}, .interval = {0.8613830670797616, 1.2008192957389618}, .windowed_interval = {0.8613830670797616, 1.2008192957389618},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration experts_16bit_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 17.519041597328155, .ranks_launch = 9.148322849250501, .single_launch = 12.63573278757841, .routing = 13.741140974173769, .expert_launch = 0, .wave_tail = 0, .matrix_efficiency = 0.999999989970068, .memory_efficiency = 0.88361144382302, .l2_speedup = 2, .idle_bandwidth_loss = 0.8732072476260707, .operand_feed = 72.39160369259979, .tile_latency = 1462.251620814029, .tile_overhead = 949.0495434708101, .unaligned_compute = 4.049610629817282, .unaligned_memory = 1.0000066762886994, .activation_traffic = 2.997920344266574, .sum_traffic = 1.968132704078479, .row_traffic = 0, .single_traffic = 3.986876899552848, .tile_measure = 0, .tile_16_limit = 32, .tile_32_limit = 96, .tile_64_limit = 512, .tile_columns = 128, .narrow_limit = 64}),
            .kernel = "vllm_unquantizedfusedmoe_triton_tritonexperts", .transferred_from = "h100-sxm/vllm-0.24", .rows = 13986, .groups = 14,
            .error = {5.675149855654361, 4.025550977980203, 12.517099761899807}, .interval = {0.8677835143346972, 1.2204972080119671}, .windowed_interval = {0.8677835143346972, 1.2204972080119671},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {16, 16.384e3}, {8, 512}, {1, 256}, {1, 22}, {0, 0}}}};
inline constexpr KernelCalibration experts_fp8_block_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 30.39991677809439, .ranks_launch = 0, .single_launch = 12.130308151269158, .routing = 9.890518362346707, .expert_launch = 0, .wave_tail = 0.7507706328155139, .matrix_efficiency = 0.3919229642087645, .memory_efficiency = 0.8790066352508892, .l2_speedup = 2, .idle_bandwidth_loss = 0.8804558475798372, .operand_feed = 0.9480887405298288, .tile_latency = 2198.749161262608, .tile_overhead = 0, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 2.546811143523673, .sum_traffic = 3.0137656494519236, .row_traffic = 0, .single_traffic = 4.785758300209201, .tile_measure = 0, .tile_16_limit = 64, .tile_32_limit = 64, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_fp8moe_triton_tritonexperts", .transferred_from = "h100-sxm/vllm-0.24", .rows = 4530, .groups = 13,
            .error = {3.4409545753218556, 2.199571432726782, 7.048988826989184}, .interval = {0.9201108934816853, 1.1083150808243647}, .windowed_interval = {0.9201108934816853, 1.1083150808243647},
            .range = {{{1, 16.384e3}, {2.048e3, 7.168e3}, {128, 16.384e3}, {8, 512}, {1, 1}, {1, 10}, {0, 0}}}};
inline constexpr KernelCalibration experts_fp8_block_parallel_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 22.04263401301172, .ranks_launch = 0, .single_launch = 11.365520031663472, .routing = 2.379204623467266, .expert_launch = 4.034776052502808, .wave_tail = 0, .matrix_efficiency = 0.5862497537744137, .memory_efficiency = 0.8565658104570583, .l2_speedup = 2, .idle_bandwidth_loss = 0.03874637103119005, .operand_feed = 0, .tile_latency = 0, .tile_overhead = 0.00014443631712879323, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 0, .sum_traffic = 0.6264994747731734, .row_traffic = 9.239488359003316, .single_traffic = 2.7299259735063375, .tile_measure = 1, .tile_16_limit = 16, .tile_32_limit = 32, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_fp8moe_flashinfer_cutlass_flashinferexperts", .transferred_from = "h100-sxm/vllm-0.24", .rows = 7047, .groups = 13,
            .error = {6.126659588286711, 4.460806366899761, 13.3229680571479}, .interval = {0.8464298223634901, 1.2089493055679736}, .windowed_interval = {0.8464298223634901, 1.2089493055679736},
            .range = {{{1, 16.384e3}, {2.048e3, 7.168e3}, {768, 16.384e3}, {8, 512}, {2, 256}, {1, 10}, {0, 0}}}};
inline constexpr KernelCalibration experts_int4_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 35.23773321619105, .ranks_launch = 10.186247273082017, .single_launch = 0, .routing = 8.009647411988396e-07, .expert_launch = 0, .wave_tail = 0.031214220008271065, .matrix_efficiency = 0.39794323645946894, .memory_efficiency = 0.9999999978082715, .l2_speedup = 2, .idle_bandwidth_loss = 0.04610096682917164, .operand_feed = 37.169053063834966, .tile_latency = 829.2086003954751, .tile_overhead = 2621.0060588658034, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 2.0693063929044797e-09, .sum_traffic = 3.9311209540381213, .row_traffic = 0, .single_traffic = 0, .tile_measure = 3, .tile_16_limit = 14.4, .tile_32_limit = 28.8, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_compressedtensorswna16marlinmoe_marlin_marlinexperts", .transferred_from = "h100-sxm/vllm-0.24", .rows = 1053, .groups = 13,
            .error = {4.227111682876461, 2.5141309730560835, 9.859993733104234}, .interval = {0.878131615804986, 1.096629726077766}, .windowed_interval = {0.878131615804986, 1.096629726077766},
            .range = {{{1, 16.384e3}, {7.168e3, 7.168e3}, {64, 2.048e3}, {384, 384}, {1, 128}, {8, 8}, {0, 0}}}};
inline constexpr KernelCalibration experts_mxfp4_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 29.569280530399432, .ranks_launch = 26.077778318708948, .single_launch = 0, .routing = 0, .expert_launch = 0, .wave_tail = 1, .matrix_efficiency = 0.9999999929200752, .memory_efficiency = 0.7776551240163466, .l2_speedup = 2, .idle_bandwidth_loss = 0.9999995084463564, .operand_feed = 61.19922956791294, .tile_latency = 0, .tile_overhead = 6012.107168714674, .unaligned_compute = 1.050323070320017, .unaligned_memory = 1.2331517748780532, .activation_traffic = 0, .sum_traffic = 0.5154718834344296, .row_traffic = 0, .single_traffic = 0, .tile_measure = 3, .tile_16_limit = 16, .tile_32_limit = 32, .tile_64_limit = 64, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_gptossmxfp4moe_triton_oaitritonmxfp4expertsmonolithic", .transferred_from = "h100-sxm/vllm-0.24", .rows = 1944, .groups = 2,
            .error = {6.187046576541018, 4.613012168378766, 13.602168450932488}, .interval = {0.8583421622061417, 1.2447072108840516}, .windowed_interval = {0.8583421622061417, 1.2447072108840516},
            .range = {{{1, 16.384e3}, {2.88e3, 2.88e3}, {90, 2.88e3}, {32, 128}, {1, 128}, {4, 4}, {0, 0}}}};
inline constexpr KernelCalibration prefill_attention_fp8_cache_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 9.854077810463878, .launch_per_head_doubling = 1.057003922073084, .matrix_efficiency = 0.9997526540380489, .softmax = 1.0494988442335587, .round_latency = 3.4924011798735157, .row_bytes_per_cycle = 7.1314730883598045, .packed_saving = 0.6488573358108349, .many_tokens = 0.19543107981043223, .imbalance = 0.5070233665165824, .combine = 4.650379002029918, .window_edge = 0.5478337218444729, .memory_efficiency = 0.4725291061251078, .l2_bytes_per_cycle = 9.801419768824104, .conversion = 0.010675200212685337, .conversion_growth = 0.08377524682606191, .windowed_launch = 0.1871303265239339, .head_192_launch = -2.3034350524039833, .cache_write_efficiency = 0.3918442784255378, .cache_write_token = 4.149781278624327, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 18615, .groups = 161,
            .error = {7.354677345587677, 5.731172491460912, 15.887904762860297}, .interval = {0.8072423248714474, 1.2018422465358451}, .windowed_interval = {0.7800428085189751, 1.273169552977028},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 64}, {1, 64}, {64, 256}, {0, 8.192e3}}}};
inline constexpr KernelCalibration decode_attention_of_h20_deepgemm_flashinfer{
            .model = KernelModel(std::in_place_type<kernel::FlashInferDecode>, kernel::FlashInferDecode{.launch = 23.240379394548327, .vector_launch = 9.022501338616014, .matrix_efficiency = 0.5722997298320015, .vector_efficiency = 0.4237341996467031, .memory_efficiency = 0.969999990870226}),
            .kernel = "flashinfer", .transferred_from = {}, .rows = 334, .groups = 7,
            .error = {12.175094231483662, 8.616887496505864, 22.84636659712176}, .interval = {0.8795377250838792, 1.2507525919659956}, .windowed_interval = {0.8795377250838792, 1.2507525919659956},
            .range = {{{1, 512}, {1, 1}, {1.024e3, 131.072e3}, {16, 128}, {1, 8}, {128, 256}, {0, 0}}}};
inline constexpr KernelCalibration gated_delta_prefill_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::FusedChunkedRecurrence>, kernel::FusedChunkedRecurrence{.launch = 4.912698148001478, .round_latency = 6.881686458920493, .chunk_latency = 3.017424802730068, .memory_efficiency = 0.5189473968698246}),
            .kernel = "chunk_gated_delta_rule_flashinfer", .transferred_from = "h100-sxm/vllm-0.24", .rows = 3022, .groups = 13,
            .error = {3.2696826065145617, 2.402511546898717, 7.365244981254271}, .interval = {0.9068343571833762, 1.100743330931504}, .windowed_interval = {0.9068343571833762, 1.100743330931504},
            .range = {{{1, 64}, {1, 32.768e3}, {1, 16}, {128, 128}, {2, 64}, {128, 128}, {0, 0}}}};
inline constexpr KernelCalibration gated_delta_decode_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::RecurrentUpdate>, kernel::RecurrentUpdate{.launch = 4.223119386812871, .token_latency = 2.0999999999999996, .memory_efficiency = 0.8853530901729381, .l2_bytes_per_cycle = 25.175226023734332, .l2_share = 0.7404942322047161}),
            .kernel = "fused_recurrent_gated_delta_rule_packed_decode", .transferred_from = "h100-sxm/vllm-0.24", .rows = 295, .groups = 13,
            .error = {1.9646925156175916, 1.2406720310896402, 4.909519446320594}, .interval = {0.9410971855882908, 1.0740717073894261}, .windowed_interval = {0.9410971855882908, 1.0740717073894261},
            .range = {{{1, 1.024e3}, {1, 1}, {1, 16}, {128, 128}, {2, 64}, {128, 128}, {0, 0}}}};
inline constexpr KernelCalibration short_convolution_prefill_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::ShortConvolution>, kernel::ShortConvolution{.launch = 2.057381849497382, .chain = 1.667460852548509, .row_cycles = 0.0005211936870974654, .short_row = 1.8789638095268584, .memory_efficiency = 0.6667276647786697, .l2_bytes_per_cycle = 18.285987675326574, .l2_share = 0.44450154215363147}),
            .kernel = "causal_conv1d_fn", .transferred_from = "h100-sxm/vllm-0.24", .rows = 2833, .groups = 11,
            .error = {3.395226394613047, 2.4660332944685504, 7.611240902649133}, .interval = {0.9018327483955988, 1.1234909514640514}, .windowed_interval = {0.9018327483955988, 1.1234909514640514},
            .range = {{{1, 64}, {2, 32.768e3}, {512, 12.288e3}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration short_convolution_decode_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::ShortConvolution>, kernel::ShortConvolution{.launch = 1.875193012225882, .chain = 1.4000000000000001, .row_cycles = 0, .short_row = 1, .memory_efficiency = 0.661557032007742, .l2_bytes_per_cycle = 16.1059451143429, .l2_share = 1.0604041275273206}),
            .kernel = "causal_conv1d_update", .transferred_from = "h100-sxm/vllm-0.24", .rows = 297, .groups = 11,
            .error = {2.685816460042064, 2.197556462122363, 5.846369944526074}, .interval = {0.9090879323803679, 1.0717561451782838}, .windowed_interval = {0.9090879323803679, 1.0717561451782838},
            .range = {{{1, 1.024e3}, {1, 1}, {512, 12.288e3}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration ring_collective_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::NcclRing>, kernel::NcclRing{.ll_launch = 4.51823212149234, .ll_step = 0.8055475965685045, .ll_rate = 15.636936153181768, .ll128_launch = 5.1565191464338085, .ll128_step = 0.9386381530604537, .ll128_share = 0.4498598701789607, .simple_launch = 10.596889036081926, .simple_step = 0.5679460210848007, .simple_share = 0.8634760594957975, .pipeline_latency = 1.740272913076223, .copy_share = 0.48857711620905975, .switch_launch = 73.43070450352883, .switch_share = 0.668077490645959, .nic_step = 14, .nic_share = 0.71}),
            .kernel = "NCCL", .transferred_from = "h100-sxm/vllm-0.24", .rows = 378, .groups = 21,
            .error = {3.9107858872331835, 2.4524491394111667, 8.573465512893865}, .interval = {0.8936406822307642, 1.144191822366179}, .windowed_interval = {0.8936406822307642, 1.144191822366179},
            .range = {{{2, 8}, {512, 536.870912e6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration exchange_collective_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::NcclPointToPoint>, kernel::NcclPointToPoint{.ll_launch = 6.204335604660933, .ll_step = 0.20458081925650434, .ll_rate = 6.048306997851218, .batch_launch = 14.253218730111342, .batch_step = 0.16244295784030416, .simple_launch = 5.77981567893688, .simple_share = 0.7369514694224056, .pipeline_latency = 2.8175472723153727, .nic_step = 14, .nic_share = 0.71}),
            .kernel = "NCCL", .transferred_from = "h100-sxm/vllm-0.24", .rows = 126, .groups = 21,
            .error = {5.867615056930094, 3.269222139205974, 8.608392546354015}, .interval = {0.8957781066085709, 1.175534647148218}, .windowed_interval = {0.8957781066085709, 1.175534647148218},
            .range = {{{2, 8}, {512, 536.870912e6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}};
inline constexpr KernelCalibration elementwise_from_h100_sxm_vllm_0_24{
            .model = KernelModel(std::in_place_type<kernel::ConstantKernel>, kernel::ConstantKernel{.compute_efficiency = 0.7, .memory_efficiency = 0.9559101620309195, .launch = 2.0689924853150354}),
            .kernel = "static_scaled_fp8_quant", .transferred_from = "h100-sxm/vllm-0.24", .rows = 1110, .groups = 15,
            .error = {17.829843470303253, 9.704964870143511, 55.20601154078863}, .interval = {0.5409499285437183, 1.6720531133222045}, .windowed_interval = {0.5409499285437183, 1.6720531133222045},
            .range = {}};
inline constexpr KernelCalibration others_of_ideal{
            .model = KernelModel(std::in_place_type<kernel::ConstantKernel>, kernel::ConstantKernel{.compute_efficiency = 1, .memory_efficiency = 1, .launch = 0}),
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

/// Source: ai-dynamo/aiconfigurator (Apache-2.0), measured on NVIDIA H100 80GB HBM3, SGLang 0.5.14 and NCCL 2.29.2
inline constexpr Calibration h100_sxm_sglang_0_5_14{
    .name = "h100-sxm/sglang-0.5.14",
    .accelerator = "h100-sxm",
    .times_cache_write = false,
    .sustained_share = 0.88,
    .eager_launch = 8,
    .kernels = {{
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::CublasMatmul>, kernel::CublasMatmul{.matrix_efficiency = 0.8333536399335011, .memory_efficiency = 0.8575217596975913, .launch = 2.5071960289022153, .wave_tail = 0.24535462686814213, .operand_feed = 73.72773834493034, .granule_overhead = 481.5743699173857, .split_launch = 2.589709212531753, .split_traffic = 1.041117587941078, .idle_bandwidth_loss = 0.16220220834184745, .power_slowdown = 0.19805390059944983, .power_onset = 1.2824812093188416}),
            .kernel = "sglang_torch_linear", .transferred_from = {}, .rows = 27898, .groups = 377,
            .error = {5.810028226937787, 4.28904527868792, 13.179114213940293}, .interval = {0.9283957095319235, 1.126024022017878}, .windowed_interval = {0.9283957095319235, 1.126024022017878},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::CutlassMatmul>, kernel::CutlassMatmul{.matrix_efficiency = 0.9080019439833902, .wide_tile_efficiency = 0.8800556791406304, .memory_efficiency = 0.797473197458445, .launch = 4.817823375128146, .wave_tail = 0.9999614141090292, .operand_feed = 19.855307802024356, .step_latency = 5.456210676255596, .granule_overhead = 636.342344733108, .idle_bandwidth_loss = 0.2722338748701784, .power_slowdown = 1.343166777515604, .power_onset = 5.098939621689104, .quantise_traffic = 5.258253738359411, .quantise_row = 0.0437037302222949, .partial_tile_loss = 0.24264166917008534}),
            .kernel = "sglang_sgl_kernel_fp8_scaled_mm", .transferred_from = {}, .rows = 25974, .groups = 351,
            .error = {8.340633813324326, 6.603139168088423, 17.08191316553003}, .interval = {0.8924717941974998, 1.1557566214876707}, .windowed_interval = {0.8924717941974998, 1.1557566214876707},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::DeepGemmQuantisingMatmul>, kernel::DeepGemmQuantisingMatmul{.matrix_efficiency = 0.7966051974976534, .memory_efficiency = 0.8266767702514313, .launch = 3.3677279512199894, .pipeline_fill = 0.6538278547416415, .wave_tail = 0.22262305488485223, .wide_wave_tail = 0.5179998288000313, .chain = 28.415917021182253, .operand_feed = 53.64574431182806, .granule_overhead = 530.107743770357, .idle_bandwidth_loss = 0.08860672066444175, .power_slowdown = 0.24738539025039188, .power_onset = 3.7826053635379693, .quantise_traffic = 2.8561645647136915, .quantise_odd_k = 0.5914351788407979, .quantise_row = 0.08026084792710309, .partial_tile_loss = 0.13456937515208028, .wide_wave_loss = 1.5500170196010625, .spill_loss = 2.665154680492803}),
            .kernel = "sglang_deepgemm_gemm_nt_f8f8bf16", .transferred_from = {}, .rows = 22348, .groups = 302,
            .error = {9.195125006735703, 7.016668387846181, 19.262204408305323}, .interval = {0.8859551046635051, 1.1805538087981216}, .windowed_interval = {0.8859551046635051, 1.1805538087981216},
            .range = {{{1, 32.768e3}, {128, 65.536e3}, {128, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::grouped_contiguous_from_h800_sxm_deepgemm_flashinfer,
        shared::grouped_masked_from_h800_sxm_deepgemm_flashinfer,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 13.833555052951954, .ranks_launch = 0, .single_launch = 0, .routing = 17.097821047555335, .expert_launch = 0, .wave_tail = 0.9999984684112625, .matrix_efficiency = 0.9999988335246152, .memory_efficiency = 0.8915830277232029, .l2_speedup = 2, .idle_bandwidth_loss = 0.4908377258253116, .operand_feed = 58.75386982027892, .tile_latency = 0, .tile_overhead = 1735.5496139345541, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 1.4944856567604792, .sum_traffic = 1.9309829594035404, .row_traffic = 0, .single_traffic = 0, .tile_measure = 1, .tile_16_limit = 8, .tile_32_limit = 16, .tile_64_limit = 32, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "sglang_fused_moe_triton", .transferred_from = {}, .rows = 2997, .groups = 10,
            .error = {5.457332427689905, 3.8703899496031924, 11.768971305357471}, .interval = {0.9193530179997045, 1.0805422856445976}, .windowed_interval = {0.9193530179997045, 1.0805422856445976},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {192, 7.168e3}, {8, 256}, {1, 32}, {1, 8}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 10.584979743499801, .ranks_launch = 3.8423595180404724, .single_launch = 4.649179204727605, .routing = 19.78830320847795, .expert_launch = 0, .wave_tail = 0.9929455820766198, .matrix_efficiency = 0.41633715136651944, .memory_efficiency = 0.7582192375177161, .l2_speedup = 2, .idle_bandwidth_loss = 0.9998850181795707, .operand_feed = 106.82932059811807, .tile_latency = 0, .tile_overhead = 0, .unaligned_compute = 1.5122440364761618, .unaligned_memory = 1.7280641734953344, .activation_traffic = 1.208692594987069, .sum_traffic = 2.465872793975656, .row_traffic = 0, .single_traffic = 0, .tile_measure = 2, .tile_16_limit = 1, .tile_32_limit = 1, .tile_64_limit = 1e9, .tile_columns = 64, .narrow_limit = 0}),
            .kernel = "sglang_fused_moe_triton", .transferred_from = {}, .rows = 23247, .groups = 12,
            .error = {12.137349827464995, 9.84431010225344, 25.27872778039}, .interval = {0.829972200845646, 1.2157049417051278}, .windowed_interval = {0.829972200845646, 1.2157049417051278},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {16, 16.384e3}, {8, 256}, {1, 256}, {1, 8}, {0, 0}}}},
        shared::experts_fp8_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 21.014145015903924, .ranks_launch = 0, .single_launch = 0, .routing = 3.8879749739838076, .expert_launch = 3.182284147307257e-07, .wave_tail = 0, .matrix_efficiency = 0.829292738666948, .memory_efficiency = 0.8931474231010819, .l2_speedup = 2, .idle_bandwidth_loss = 0.8788347306310106, .operand_feed = 38.43409150768946, .tile_latency = 2052.1654077095563, .tile_overhead = 0, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 2.8222198076175653, .sum_traffic = 1.767940056363146, .row_traffic = 0, .single_traffic = 0, .tile_measure = 0, .tile_16_limit = 0, .tile_32_limit = 0, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "sglang_fused_moe_triton", .transferred_from = {}, .rows = 4536, .groups = 13,
            .error = {4.396550026705395, 2.8215736267226452, 10.472119831832277}, .interval = {0.9393872891360838, 1.0718589254230733}, .windowed_interval = {0.9393872891360838, 1.0718589254230733},
            .range = {{{1, 16.384e3}, {2.048e3, 7.168e3}, {128, 16.384e3}, {8, 512}, {1, 1}, {1, 10}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 20.925368982396673, .ranks_launch = 0, .single_launch = 0, .routing = 5.95387680133038, .expert_launch = 5.002085208309697, .wave_tail = 0, .matrix_efficiency = 0.8721902480577112, .memory_efficiency = 0.8661151679999631, .l2_speedup = 2, .idle_bandwidth_loss = 0.9999999635306293, .operand_feed = 35.755176783109846, .tile_latency = 2094.623784067107, .tile_overhead = 0, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 1.64530632100413, .sum_traffic = 2.554006203829519, .row_traffic = 0, .single_traffic = 0, .tile_measure = 0, .tile_16_limit = 0, .tile_32_limit = 0, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "sglang_fused_moe_triton", .transferred_from = {}, .rows = 21708, .groups = 11,
            .error = {4.722163148856572, 3.3983810023484775, 10.090229482776248}, .interval = {0.9300071820971795, 1.0700718962575118}, .windowed_interval = {0.9300071820971795, 1.0700718962575118},
            .range = {{{1, 16.384e3}, {2.048e3, 7.168e3}, {128, 8.192e3}, {128, 512}, {2, 256}, {1, 10}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 16.58960547858748, .ranks_launch = 4.749639282885491, .single_launch = 0, .routing = 14.634372644110023, .expert_launch = 0, .wave_tail = 0.025132086974761547, .matrix_efficiency = 0.522524593627261, .memory_efficiency = 1, .l2_speedup = 2, .idle_bandwidth_loss = 2.546282462656535e-09, .operand_feed = 54.318176548624244, .tile_latency = 123.01680063555543, .tile_overhead = 7906.98560811124, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 1.170825960907223, .sum_traffic = 2.9213539236351247, .row_traffic = 0, .single_traffic = 0, .tile_measure = 3, .tile_16_limit = 14.4, .tile_32_limit = 28.8, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "sglang_marlin_moe", .transferred_from = {}, .rows = 3078, .groups = 38,
            .error = {5.528090455393073, 3.7909382668671556, 13.198954497922571}, .interval = {0.907722497392607, 1.0858118847214193}, .windowed_interval = {0.907722497392607, 1.0858118847214193},
            .range = {{{1, 16.384e3}, {7.168e3, 7.168e3}, {64, 2.048e3}, {384, 384}, {1, 128}, {8, 8}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 17.87226684186747, .ranks_launch = 5.184746891686849, .single_launch = 0, .routing = 31.53471734017718, .expert_launch = 0, .wave_tail = 0, .matrix_efficiency = 0.2992301059352412, .memory_efficiency = 0.2375724695306999, .l2_speedup = 2, .idle_bandwidth_loss = 0.31628188584808353, .operand_feed = 22.185170299419575, .tile_latency = 16.493754760297907, .tile_overhead = 2093.2311728799746, .unaligned_compute = 1.0001381311461244, .unaligned_memory = 1.0000008935827096, .activation_traffic = 3.454316635051545, .sum_traffic = 1.7548278960783004, .row_traffic = 0, .single_traffic = 0, .tile_measure = 2, .tile_16_limit = 1, .tile_32_limit = 1, .tile_64_limit = 1e9, .tile_columns = 64, .narrow_limit = 0}),
            .kernel = "sglang_fused_moe_triton", .transferred_from = {}, .rows = 5751, .groups = 2,
            .error = {11.707463066588073, 8.473878962854197, 25.7644838037425}, .interval = {0.8207180858159986, 1.1829985849881712}, .windowed_interval = {0.8207180858159986, 1.1829985849881712},
            .range = {{{1, 16.384e3}, {2.88e3, 2.88e3}, {90, 2.88e3}, {32, 128}, {1, 128}, {4, 4}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 9.552497755903762, .launch_per_head_doubling = 0.5553096029416205, .matrix_efficiency = 0.72714240429096, .softmax = 0.5067107931074051, .round_latency = 3.835990543513014, .row_bytes_per_cycle = 28.16190263511321, .packed_saving = -0.10457353982387319, .many_tokens = 0.7986355575515725, .imbalance = 1.0433408926695673, .combine = 7.764091162063134, .window_edge = -1.1413788866174661, .memory_efficiency = 0.4421451691147923, .l2_bytes_per_cycle = 10.43132026961149, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = 0.42505850199554995, .head_192_launch = 6.859291811721205, .cache_write_efficiency = 0.6, .cache_write_token = 3, .cache_write_launch = 2}),
            .kernel = "fa3", .transferred_from = {}, .rows = 11809, .groups = 102,
            .error = {8.733748452678862, 6.038219356342955, 19.968991836075833}, .interval = {0.8921502977027127, 1.1637483536312998}, .windowed_interval = {0.905472601960049, 1.2511572778001827},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 96}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 9.71485766406331, .launch_per_head_doubling = 0.5246486992281818, .matrix_efficiency = 0.999998143808563, .softmax = 1.0019771696091595, .round_latency = 4.319022489507143, .row_bytes_per_cycle = 17.078687036459478, .packed_saving = 0.1685837349260062, .many_tokens = 0.4306352331757937, .imbalance = 1.1765851247145542, .combine = 6.937699559367097, .window_edge = -0.8325377069583122, .memory_efficiency = 0.4088075211696419, .l2_bytes_per_cycle = 8.181927960220603, .conversion = 0.01706891569386515, .conversion_growth = 0.003448780149463704, .windowed_launch = 0.652950830479194, .head_192_launch = 7.665904241230349, .cache_write_efficiency = 0.6, .cache_write_token = 3, .cache_write_launch = 2}),
            .kernel = "fa3", .transferred_from = {}, .rows = 11969, .groups = 104,
            .error = {8.284953408544922, 6.239788297700732, 17.477035477551464}, .interval = {0.8996580363142962, 1.1541630987667342}, .windowed_interval = {0.8782967255828968, 1.2810585437345159},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 96}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionDecode>, kernel::FlashAttentionDecode{.launch = 8.409694185282602, .launch_per_head_doubling = 1.2596209329572317, .round_latency = 2.2172537823928273, .round_latency_per_head_doubling = 0.9824389916828051, .combine = 1.917070280447053, .combine_per_split = 0.0706791553107704, .memory_efficiency = 0.9437182526947014, .l2_bytes_per_cycle = 62.780713529679986, .l2_share = 0.7682540960457657, .matrix_efficiency = 1, .memory_ramp = 3.0455049380904087, .per_sequence = 0.013963243443884998, .window_first = 4.5007176319167286e-08, .window_round = 1.2135157944928943, .conversion = 0.03400000000000003, .conversion_growth = 0.09999999999999998, .windowed_launch = 1.244983563083725, .head_192_launch = 6.476716279556145, .cache_write_efficiency = 0.1, .cache_write_launch = 2}),
            .kernel = "fa3", .transferred_from = {}, .rows = 14098, .groups = 92,
            .error = {5.852444811762103, 4.103463775684002, 13.35586772687224}, .interval = {0.9134528471680704, 1.1044807294513732}, .windowed_interval = {0.914141810372379, 1.1326080325380443},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 128}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionDecode>, kernel::FlashAttentionDecode{.launch = 11.732269864836983, .launch_per_head_doubling = 1.7275628023939078, .round_latency = 2.2404003980815608, .round_latency_per_head_doubling = 1.3823737143066859, .combine = 0.7255682308077946, .combine_per_split = 0.12851416905772206, .memory_efficiency = 0.7599251349494701, .l2_bytes_per_cycle = 13.716814119786378, .l2_share = 0.7591543040246628, .matrix_efficiency = 0.85, .memory_ramp = 7.175317350315135, .per_sequence = 0.014309279851211672, .window_first = 0, .window_round = 0.832865928532544, .conversion = 0.03507049373545379, .conversion_growth = 3.698181094691222e-09, .windowed_launch = 1.199995194518471, .head_192_launch = 7.54541568668977, .cache_write_efficiency = 0.1, .cache_write_launch = 2}),
            .kernel = "fa3", .transferred_from = {}, .rows = 13715, .groups = 90,
            .error = {8.011756301087297, 6.2305025830393435, 17.444946421509734}, .interval = {0.8804055237995982, 1.14356091122036}, .windowed_interval = {0.9282643859839566, 1.115875799739161},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 128}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        shared::encoder_attention_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::LatentAttention>, kernel::LatentAttention{.launch = 12.412606216068257, .round_latency = 7.074318741204853, .row_bytes_per_cycle = 46.574288998497046, .matrix_efficiency = 0.9, .feed_bytes_per_cycle = 24.414057663144714, .imbalance = 0.8999999996041904, .combine = 4.577558657631001, .combine_bytes_per_cycle = 24.055146250841936, .memory_efficiency = 0.9882219933575729, .l2_bytes_per_cycle = 17.220859643948216, .l2_share = 0.892931547014653, .memory_ramp = 10.694066680915423, .conversion_launch = 5.0621765644859975, .conversion_bytes = 11.264451672506684}),
            .kernel = "flash_attention", .transferred_from = {}, .rows = 6182, .groups = 8,
            .error = {4.09693321265133, 3.046792968663492, 8.91358825929242}, .interval = {0.9386919671476975, 1.0685279394906666}, .windowed_interval = {0.9386919671476975, 1.0685279394906666},
            .range = {{{1, 1.024e3}, {1, 32.768e3}, {1, 131.072e3}, {1, 128}, {1, 1}, {544, 544}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ChunkedRecurrence>, kernel::ChunkedRecurrence{.launch = 8.524944629295168, .floor = 14.21732311251138, .inverse = 17.790503982812975, .chunk_latency = 1.2999406293945162, .tile_latency = 11.17699591781738, .passes = 4.005949516709922, .memory_efficiency = 0.85}),
            .kernel = "chunk_gated_delta_rule", .transferred_from = {}, .rows = 2909, .groups = 13,
            .error = {10.575447722519288, 7.06610786987234, 25.6106532445405}, .interval = {0.8409048905488983, 1.1609313678144917}, .windowed_interval = {0.8409048905488983, 1.1609313678144917},
            .range = {{{1, 64}, {1, 32.768e3}, {1, 16}, {128, 128}, {2, 64}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::RecurrentUpdate>, kernel::RecurrentUpdate{.launch = 4.0801709352883435, .token_latency = 2.0999999999999996, .memory_efficiency = 0.8917603061848742, .l2_bytes_per_cycle = 24.620526653693837, .l2_share = 0.7361591918938069}),
            .kernel = "fused_recurrent_gated_delta_rule_packed_decode", .transferred_from = {}, .rows = 295, .groups = 13,
            .error = {1.913164016437572, 1.2411287887567068, 4.671122598925063}, .interval = {0.9710908062331811, 1.0348596096167866}, .windowed_interval = {0.9710908062331811, 1.0348596096167866},
            .range = {{{1, 1.024e3}, {1, 1}, {1, 16}, {128, 128}, {2, 64}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ChunkedRecurrence>, kernel::ChunkedRecurrence{.launch = 14.125587011944686, .floor = 13.283816860866674, .inverse = 22.206405729730193, .chunk_latency = 0.9894747559366065, .tile_latency = 15.005844182273444, .passes = 7.564278229908276, .memory_efficiency = 0.85}),
            .kernel = "chunk_kda", .transferred_from = {}, .rows = 208, .groups = 2,
            .error = {2.9735976239638657, 2.232002136457284, 7.382519820999188}, .interval = {0.9607217519873843, 1.0520956032242612}, .windowed_interval = {0.9607217519873843, 1.0520956032242612},
            .range = {{{1, 64}, {1, 32.768e3}, {12, 24}, {128, 128}, {12, 24}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::RecurrentUpdate>, kernel::RecurrentUpdate{.launch = 5.564864167241298, .token_latency = 2.0996944171972776, .memory_efficiency = 0.8198133020632539, .l2_bytes_per_cycle = 18.711831126563567, .l2_share = 0.4894490390065044}),
            .kernel = "fused_sigmoid_gating_delta_rule_update", .transferred_from = {}, .rows = 54, .groups = 2,
            .error = {4.70232018136394, 2.8513494375764004, 11.399463030085997}, .interval = {0.9314712681638468, 1.112482056314125}, .windowed_interval = {0.9314712681638468, 1.112482056314125},
            .range = {{{1, 256}, {2, 8}, {12, 24}, {128, 128}, {12, 24}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ShortConvolution>, kernel::ShortConvolution{.launch = 2.031984371837158, .chain = 1.5552658400058206, .row_cycles = 0.38045485384541333, .short_row = 1.8789653147750423, .memory_efficiency = 0.6974705296032182, .l2_bytes_per_cycle = 17.983254901435146, .l2_share = 0.4518853791319958}),
            .kernel = "causal_conv1d_fn", .transferred_from = {}, .rows = 2720, .groups = 11,
            .error = {3.1408645970943687, 2.2714919243499776, 7.112634652821761}, .interval = {0.9437882473220126, 1.055022379157824}, .windowed_interval = {0.9437882473220126, 1.055022379157824},
            .range = {{{1, 64}, {2, 32.768e3}, {512, 12.288e3}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ShortConvolution>, kernel::ShortConvolution{.launch = 1.623304848756927, .chain = 1.4000000000000001, .row_cycles = 0, .short_row = 1, .memory_efficiency = 0.614567603194899, .l2_bytes_per_cycle = 11.640051075291403, .l2_share = 0.8415041824113401}),
            .kernel = "causal_conv1d_update", .transferred_from = {}, .rows = 297, .groups = 11,
            .error = {1.8984972976385173, 1.2812858821157014, 3.7456442924935294}, .interval = {0.9769534709198786, 1.0274118954112201}, .windowed_interval = {0.9769534709198786, 1.0274118954112201},
            .range = {{{1, 1.024e3}, {1, 1}, {512, 12.288e3}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::NcclRing>, kernel::NcclRing{.ll_launch = 4.518240730431019, .ll_step = 0.8055460033598973, .ll_rate = 15.636668155081692, .ll128_launch = 5.156514546989246, .ll128_step = 0.9386506492741679, .ll128_share = 0.4498598603705797, .simple_launch = 10.596808060522376, .simple_step = 0.5679123843264211, .simple_share = 0.8634757661072445, .pipeline_latency = 1.7403467348281032, .copy_share = 0.4885952939613236, .switch_launch = 73.4305990766745, .switch_share = 0.6680773550379746, .nic_step = 14, .nic_share = 0.71}),
            .kernel = "NCCL", .transferred_from = {}, .rows = 378, .groups = 21,
            .error = {3.9107931842600894, 2.4513084384015116, 8.573454553455525}, .interval = {0.943834000332564, 1.0720978267091832}, .windowed_interval = {0.943834000332564, 1.0720978267091832},
            .range = {{{2, 8}, {512, 536.870912e6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::NcclPointToPoint>, kernel::NcclPointToPoint{.ll_launch = 6.204335983849319, .ll_step = 0.20457430001202148, .ll_rate = 6.0482836027776035, .batch_launch = 14.253241608759815, .batch_step = 0.16242891645364604, .simple_launch = 5.779810181493347, .simple_share = 0.7369527811356241, .pipeline_latency = 2.8175933199586156, .nic_step = 14, .nic_share = 0.71}),
            .kernel = "NCCL", .transferred_from = {}, .rows = 126, .groups = 21,
            .error = {5.86761985782745, 3.269222608387634, 8.608346675676303}, .interval = {0.9450240372719556, 1.0877667786208525}, .windowed_interval = {0.9450240372719556, 1.0877667786208525},
            .range = {{{2, 8}, {512, 536.870912e6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::custom_all_reduce_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ConstantKernel>, kernel::ConstantKernel{.compute_efficiency = 0.7, .memory_efficiency = 0.955889691723183, .launch = 2.0689943685214485}),
            .kernel = "static_scaled_fp8_quant", .transferred_from = {}, .rows = 1110, .groups = 15,
            .error = {17.83081391255527, 9.70382245112273, 55.21242036002908}, .interval = {0.7020672295427896, 1.3360280117234125}, .windowed_interval = {0.7020672295427896, 1.3360280117234125},
            .range = {}}}},
};

/// Source: ai-dynamo/aiconfigurator (Apache-2.0), measured on NVIDIA H100 80GB HBM3, vLLM 0.24.0 and NCCL 2.29.2
inline constexpr Calibration h100_sxm_vllm_0_24{
    .name = "h100-sxm/vllm-0.24",
    .accelerator = "h100-sxm",
    .times_cache_write = true,
    .sustained_share = 0.88,
    .eager_launch = 8,
    .kernels = {{
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::CublasMatmul>, kernel::CublasMatmul{.matrix_efficiency = 0.8852440242640762, .memory_efficiency = 0.8893900232023579, .launch = 2.393042841178748, .wave_tail = 0.25715878644225737, .operand_feed = 68.057420515122, .granule_overhead = 500.71156216779156, .split_launch = 2.4661275237732028, .split_traffic = 0.6255521612177295, .idle_bandwidth_loss = 0.12300134772665539, .power_slowdown = 0.09092532160653025, .power_onset = 0.5300543686748524}),
            .kernel = "torch.nn.functional.linear", .transferred_from = {}, .rows = 27898, .groups = 377,
            .error = {5.651722197828372, 3.7286199255008867, 12.38407010472999}, .interval = {0.9258944662766034, 1.0972392653323992}, .windowed_interval = {0.9258944662766034, 1.0972392653323992},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::CutlassMatmul>, kernel::CutlassMatmul{.matrix_efficiency = 0.8953647326368943, .wide_tile_efficiency = 0.9999999988725365, .memory_efficiency = 0.815256345256373, .launch = 4.943626949348836, .wave_tail = 0.9294843592628443, .operand_feed = 21.256720142081143, .step_latency = 6.931253208323371, .granule_overhead = 245.4234297910023, .idle_bandwidth_loss = 0.2832287404295642, .power_slowdown = 0.3180129216137372, .power_onset = 0.11655060623391415, .quantise_traffic = 7.0751179571196205, .quantise_row = 0.894830153128265, .partial_tile_loss = 0.22020610611603153}),
            .kernel = "CutlassFP8ScaledMMLinearKernel", .transferred_from = {}, .rows = 25974, .groups = 351,
            .error = {5.8523265712442925, 4.3053259447674685, 12.002383045008113}, .interval = {0.9255301418757892, 1.100409647869481}, .windowed_interval = {0.9255301418757892, 1.100409647869481},
            .range = {{{1, 32.768e3}, {32, 65.536e3}, {32, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::DeepGemmQuantisingMatmul>, kernel::DeepGemmQuantisingMatmul{.matrix_efficiency = 0.7966051974976534, .memory_efficiency = 0.8266767702514313, .launch = 3.3677279512199894, .pipeline_fill = 0.6538278547416415, .wave_tail = 0.22262305488485223, .wide_wave_tail = 0.5179998288000313, .chain = 28.415917021182253, .operand_feed = 53.64574431182806, .granule_overhead = 530.107743770357, .idle_bandwidth_loss = 0.08860672066444175, .power_slowdown = 0.24738539025039188, .power_onset = 3.7826053635379693, .quantise_traffic = 2.8561645647136915, .quantise_odd_k = 0.5914351788407979, .quantise_row = 0.08026084792710309, .partial_tile_loss = 0.13456937515208028, .wide_wave_loss = 1.5500170196010625, .spill_loss = 2.665154680492803}),
            .kernel = "sglang_deepgemm_gemm_nt_f8f8bf16", .transferred_from = "h100-sxm/sglang-0.5.14", .rows = 22348, .groups = 302,
            .error = {9.195125006735703, 7.016668387846181, 19.262204408305323}, .interval = {0.7952597856443696, 1.361107617596243}, .windowed_interval = {0.7952597856443696, 1.361107617596243},
            .range = {{{1, 32.768e3}, {128, 65.536e3}, {128, 65.536e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::grouped_contiguous_from_h800_sxm_deepgemm_flashinfer,
        shared::grouped_masked_from_h800_sxm_deepgemm_flashinfer,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 17.519041597328155, .ranks_launch = 9.148322849250501, .single_launch = 12.63573278757841, .routing = 13.741140974173769, .expert_launch = 0, .wave_tail = 0, .matrix_efficiency = 0.999999989970068, .memory_efficiency = 0.88361144382302, .l2_speedup = 2, .idle_bandwidth_loss = 0.8732072476260707, .operand_feed = 72.39160369259979, .tile_latency = 1462.251620814029, .tile_overhead = 949.0495434708101, .unaligned_compute = 4.049610629817282, .unaligned_memory = 1.0000066762886994, .activation_traffic = 2.997920344266574, .sum_traffic = 1.968132704078479, .row_traffic = 0, .single_traffic = 3.986876899552848, .tile_measure = 0, .tile_16_limit = 32, .tile_32_limit = 96, .tile_64_limit = 512, .tile_columns = 128, .narrow_limit = 64}),
            .kernel = "vllm_unquantizedfusedmoe_triton_tritonexperts", .transferred_from = {}, .rows = 13986, .groups = 14,
            .error = {5.675149855654361, 4.025550977980203, 12.517099761899807}, .interval = {0.929212093023319, 1.1102486040059836}, .windowed_interval = {0.929212093023319, 1.1102486040059836},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {16, 16.384e3}, {8, 512}, {1, 256}, {1, 22}, {0, 0}}}},
        shared::experts_16bit_untuned_from_h100_sxm_sglang_0_5_14,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 33.62909050978638, .ranks_launch = 0, .single_launch = 0, .routing = 5.81083274571421, .expert_launch = 4.256967705971113, .wave_tail = 0, .matrix_efficiency = 0.16574796209210818, .memory_efficiency = 0.17425255467173484, .l2_speedup = 2, .idle_bandwidth_loss = 0, .operand_feed = 101.745335415539, .tile_latency = 7999.99998833314, .tile_overhead = 6730.50552564232, .unaligned_compute = 1.3887831255005385, .unaligned_memory = 1.1639895319674076, .activation_traffic = 0, .sum_traffic = 0.03736778245093053, .row_traffic = 0, .single_traffic = 2.088141623609603, .tile_measure = 1, .tile_16_limit = 16, .tile_32_limit = 32, .tile_64_limit = 64, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_modeloptfp8moe_flashinfer_cutlass_flashinferexperts", .transferred_from = {}, .rows = 9396, .groups = 10,
            .error = {11.580937405041432, 8.086194734824325, 26.02707250213551}, .interval = {0.840955694858635, 1.2054047313663698}, .windowed_interval = {0.840955694858635, 1.2054047313663698},
            .range = {{{1, 16.384e3}, {2.048e3, 6.144e3}, {22, 16.384e3}, {8, 512}, {1, 256}, {1, 22}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 30.39991677809439, .ranks_launch = 0, .single_launch = 12.130308151269158, .routing = 9.890518362346707, .expert_launch = 0, .wave_tail = 0.7507706328155139, .matrix_efficiency = 0.3919229642087645, .memory_efficiency = 0.8790066352508892, .l2_speedup = 2, .idle_bandwidth_loss = 0.8804558475798372, .operand_feed = 0.9480887405298288, .tile_latency = 2198.749161262608, .tile_overhead = 0, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 2.546811143523673, .sum_traffic = 3.0137656494519236, .row_traffic = 0, .single_traffic = 4.785758300209201, .tile_measure = 0, .tile_16_limit = 64, .tile_32_limit = 64, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_fp8moe_triton_tritonexperts", .transferred_from = {}, .rows = 4530, .groups = 13,
            .error = {3.4409545753218556, 2.199571432726782, 7.048988826989184}, .interval = {0.9583934934229481, 1.0541575404121823}, .windowed_interval = {0.9583934934229481, 1.0541575404121823},
            .range = {{{1, 16.384e3}, {2.048e3, 7.168e3}, {128, 16.384e3}, {8, 512}, {1, 1}, {1, 10}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 22.04263401301172, .ranks_launch = 0, .single_launch = 11.365520031663472, .routing = 2.379204623467266, .expert_launch = 4.034776052502808, .wave_tail = 0, .matrix_efficiency = 0.5862497537744137, .memory_efficiency = 0.8565658104570583, .l2_speedup = 2, .idle_bandwidth_loss = 0.03874637103119005, .operand_feed = 0, .tile_latency = 0, .tile_overhead = 0.00014443631712879323, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 0, .sum_traffic = 0.6264994747731734, .row_traffic = 9.239488359003316, .single_traffic = 2.7299259735063375, .tile_measure = 1, .tile_16_limit = 16, .tile_32_limit = 32, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_fp8moe_flashinfer_cutlass_flashinferexperts", .transferred_from = {}, .rows = 7047, .groups = 13,
            .error = {6.126659588286711, 4.460806366899761, 13.3229680571479}, .interval = {0.9168285868347084, 1.1044746527839868}, .windowed_interval = {0.9168285868347084, 1.1044746527839868},
            .range = {{{1, 16.384e3}, {2.048e3, 7.168e3}, {768, 16.384e3}, {8, 512}, {2, 256}, {1, 10}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 35.23773321619105, .ranks_launch = 10.186247273082017, .single_launch = 0, .routing = 8.009647411988396e-07, .expert_launch = 0, .wave_tail = 0.031214220008271065, .matrix_efficiency = 0.39794323645946894, .memory_efficiency = 0.9999999978082715, .l2_speedup = 2, .idle_bandwidth_loss = 0.04610096682917164, .operand_feed = 37.169053063834966, .tile_latency = 829.2086003954751, .tile_overhead = 2621.0060588658034, .unaligned_compute = 3, .unaligned_memory = 1.5, .activation_traffic = 2.0693063929044797e-09, .sum_traffic = 3.9311209540381213, .row_traffic = 0, .single_traffic = 0, .tile_measure = 3, .tile_16_limit = 14.4, .tile_32_limit = 28.8, .tile_64_limit = 1e9, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_compressedtensorswna16marlinmoe_marlin_marlinexperts", .transferred_from = {}, .rows = 1053, .groups = 13,
            .error = {4.227111682876461, 2.5141309730560835, 9.859993733104234}, .interval = {0.9351119042087048, 1.048314863038883}, .windowed_interval = {0.9351119042087048, 1.048314863038883},
            .range = {{{1, 16.384e3}, {7.168e3, 7.168e3}, {64, 2.048e3}, {384, 384}, {1, 128}, {8, 8}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedExperts>, kernel::FusedExperts{.launch = 29.569280530399432, .ranks_launch = 26.077778318708948, .single_launch = 0, .routing = 0, .expert_launch = 0, .wave_tail = 1, .matrix_efficiency = 0.9999999929200752, .memory_efficiency = 0.7776551240163466, .l2_speedup = 2, .idle_bandwidth_loss = 0.9999995084463564, .operand_feed = 61.19922956791294, .tile_latency = 0, .tile_overhead = 6012.107168714674, .unaligned_compute = 1.050323070320017, .unaligned_memory = 1.2331517748780532, .activation_traffic = 0, .sum_traffic = 0.5154718834344296, .row_traffic = 0, .single_traffic = 0, .tile_measure = 3, .tile_16_limit = 16, .tile_32_limit = 32, .tile_64_limit = 64, .tile_columns = 128, .narrow_limit = 0}),
            .kernel = "vllm_gptossmxfp4moe_triton_oaitritonmxfp4expertsmonolithic", .transferred_from = {}, .rows = 1944, .groups = 2,
            .error = {6.187046576541018, 4.613012168378766, 13.602168450932488}, .interval = {0.9237719292631834, 1.1223536054420258}, .windowed_interval = {0.9237719292631834, 1.1223536054420258},
            .range = {{{1, 16.384e3}, {2.88e3, 2.88e3}, {90, 2.88e3}, {32, 128}, {1, 128}, {4, 4}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 9.61977043066439, .launch_per_head_doubling = -0.026969587459213518, .matrix_efficiency = 0.9999999942299124, .softmax = 0.8810184448059368, .round_latency = 3.3593155392232834, .row_bytes_per_cycle = 22.18101194446199, .packed_saving = 0.5781377370949183, .many_tokens = 1.0425293264783895, .imbalance = 0.6731331288328035, .combine = 5.142995466084966, .window_edge = 0.10685333745639802, .memory_efficiency = 0.7495605862574113, .l2_bytes_per_cycle = 21.230488618410707, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = -0.03473279222218517, .head_192_launch = -0.06402886412957542, .cache_write_efficiency = 0.6207763630369723, .cache_write_token = 2.6253731322175486, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 18700, .groups = 162,
            .error = {6.027069091098062, 4.581385916987446, 13.331926647531137}, .interval = {0.9198522659735797, 1.0861334891473418}, .windowed_interval = {0.8993787993937523, 1.1246253386639393},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 9.854077810463878, .launch_per_head_doubling = 1.057003922073084, .matrix_efficiency = 0.9997526540380489, .softmax = 1.0494988442335587, .round_latency = 3.4924011798735157, .row_bytes_per_cycle = 7.1314730883598045, .packed_saving = 0.6488573358108349, .many_tokens = 0.19543107981043223, .imbalance = 0.5070233665165824, .combine = 4.650379002029918, .window_edge = 0.5478337218444729, .memory_efficiency = 0.4725291061251078, .l2_bytes_per_cycle = 9.801419768824104, .conversion = 0.010675200212685337, .conversion_growth = 0.08377524682606191, .windowed_launch = 0.1871303265239339, .head_192_launch = -2.3034350524039833, .cache_write_efficiency = 0.3918442784255378, .cache_write_token = 4.149781278624327, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 18615, .groups = 161,
            .error = {7.354677345587677, 5.731172491460912, 15.887904762860297}, .interval = {0.893341544475911, 1.1009211232679226}, .windowed_interval = {0.8764315159004333, 1.136584776488514},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 64}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionDecode>, kernel::FlashAttentionDecode{.launch = 8.505325459053202, .launch_per_head_doubling = 1.0506828097634722, .round_latency = 2.4376524626505027, .round_latency_per_head_doubling = 0.5424311311248615, .combine = 1.2592238742256665, .combine_per_split = 0.062239971010049855, .memory_efficiency = 0.9999999947234283, .l2_bytes_per_cycle = 63.999988440723364, .l2_share = 0.751774267075445, .matrix_efficiency = 0.7775021898837607, .memory_ramp = 3.8853947702599276, .per_sequence = 0.020142805005253853, .window_first = 4.4045483017942075, .window_round = 2.5076069337070415, .conversion = 0.03400000000000003, .conversion_growth = 0.09999999999999998, .windowed_launch = -0.03276630838545014, .head_192_launch = -0.3439500817599779, .cache_write_efficiency = 0.10001773231479189, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 23892, .groups = 148,
            .error = {3.75440925034619, 2.787229764797061, 8.228581810580451}, .interval = {0.952023338127969, 1.0680324635184504}, .windowed_interval = {0.9430519944423399, 1.068324158449462},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 96}, {1, 8}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionDecode>, kernel::FlashAttentionDecode{.launch = 8.892210498617686, .launch_per_head_doubling = 2.2299088245123446, .round_latency = 2.139597131002354, .round_latency_per_head_doubling = 0.8408373559786088, .combine = 1.610840205555621, .combine_per_split = 0.07728054135580309, .memory_efficiency = 0.8200491469761191, .l2_bytes_per_cycle = 14.88116350365404, .l2_share = 0.6858341307507978, .matrix_efficiency = 0.85, .memory_ramp = 5.186818194760985, .per_sequence = 0.020006789658580278, .window_first = 4.720264620837995, .window_round = 2.205573325600894, .conversion = 0.033582988352174215, .conversion_growth = 0.134439232313797, .windowed_launch = 0.05539515146814722, .head_192_launch = -0.9864398404463817, .cache_write_efficiency = 0.048866317643245546, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = {}, .rows = 23244, .groups = 144,
            .error = {4.421357558748738, 2.9872699826786695, 10.377217971797212}, .interval = {0.9199028047200615, 1.079465713360224}, .windowed_interval = {0.9414171618739291, 1.0663085290720404},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 96}, {1, 8}, {64, 256}, {0, 8.192e3}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionEncoder>, kernel::FlashAttentionEncoder{.launch = 8.848013702794614, .wide_launch = 2.0530011522579454, .matrix_efficiency = 0.9999999856800674, .softmax = 0.7887154740765563, .round_latency = 4.948114705551789, .short_round = 0.4331609277236877, .row_bytes_per_cycle = 16.34910980024852, .tail = 0.7726665190795268, .combine = 8.126902447020434, .memory_efficiency = 0.7412158255381527, .l2_bytes_per_cycle = 18.78913584733222}),
            .kernel = "vllm_vit_flash_attn_fa3", .transferred_from = {}, .rows = 5486, .groups = 25,
            .error = {6.458581038379031, 5.168590608385809, 13.2407978397731}, .interval = {0.9081705846447847, 1.1198473025336226}, .windowed_interval = {0.9081705846447847, 1.1198473025336226},
            .range = {{{1, 64}, {1, 65.536e3}, {1, 65.536e3}, {1, 32}, {1, 32}, {64, 80}, {0, 0}}}},
        shared::latent_attention_from_h100_sxm_sglang_0_5_14,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FusedChunkedRecurrence>, kernel::FusedChunkedRecurrence{.launch = 4.912698148001478, .round_latency = 6.881686458920493, .chunk_latency = 3.017424802730068, .memory_efficiency = 0.5189473968698246}),
            .kernel = "chunk_gated_delta_rule_flashinfer", .transferred_from = {}, .rows = 3022, .groups = 13,
            .error = {3.2696826065145617, 2.402511546898717, 7.365244981254271}, .interval = {0.9511411977313853, 1.050371665465752}, .windowed_interval = {0.9511411977313853, 1.050371665465752},
            .range = {{{1, 64}, {1, 32.768e3}, {1, 16}, {128, 128}, {2, 64}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::RecurrentUpdate>, kernel::RecurrentUpdate{.launch = 4.223119386812871, .token_latency = 2.0999999999999996, .memory_efficiency = 0.8853530901729381, .l2_bytes_per_cycle = 25.175226023734332, .l2_share = 0.7404942322047161}),
            .kernel = "fused_recurrent_gated_delta_rule_packed_decode", .transferred_from = {}, .rows = 295, .groups = 13,
            .error = {1.9646925156175916, 1.2406720310896402, 4.909519446320594}, .interval = {0.9696548864997414, 1.037035853694713}, .windowed_interval = {0.9696548864997414, 1.037035853694713},
            .range = {{{1, 1.024e3}, {1, 1}, {1, 16}, {128, 128}, {2, 64}, {128, 128}, {0, 0}}}},
        shared::kimi_delta_prefill_from_h100_sxm_sglang_0_5_14,
        shared::kimi_delta_decode_from_h100_sxm_sglang_0_5_14,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ShortConvolution>, kernel::ShortConvolution{.launch = 2.057381849497382, .chain = 1.667460852548509, .row_cycles = 0.0005211936870974654, .short_row = 1.8789638095268584, .memory_efficiency = 0.6667276647786697, .l2_bytes_per_cycle = 18.285987675326574, .l2_share = 0.44450154215363147}),
            .kernel = "causal_conv1d_fn", .transferred_from = {}, .rows = 2833, .groups = 11,
            .error = {3.395226394613047, 2.4660332944685504, 7.611240902649133}, .interval = {0.9483828156354885, 1.0617454757320257}, .windowed_interval = {0.9483828156354885, 1.0617454757320257},
            .range = {{{1, 64}, {2, 32.768e3}, {512, 12.288e3}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ShortConvolution>, kernel::ShortConvolution{.launch = 1.875193012225882, .chain = 1.4000000000000001, .row_cycles = 0, .short_row = 1, .memory_efficiency = 0.661557032007742, .l2_bytes_per_cycle = 16.1059451143429, .l2_share = 1.0604041275273206}),
            .kernel = "causal_conv1d_update", .transferred_from = {}, .rows = 297, .groups = 11,
            .error = {2.685816460042064, 2.197556462122363, 5.846369944526074}, .interval = {0.9523793189000586, 1.0358780725891419}, .windowed_interval = {0.9523793189000586, 1.0358780725891419},
            .range = {{{1, 1.024e3}, {1, 1}, {512, 12.288e3}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::NcclRing>, kernel::NcclRing{.ll_launch = 4.51823212149234, .ll_step = 0.8055475965685045, .ll_rate = 15.636936153181768, .ll128_launch = 5.1565191464338085, .ll128_step = 0.9386381530604537, .ll128_share = 0.4498598701789607, .simple_launch = 10.596889036081926, .simple_step = 0.5679460210848007, .simple_share = 0.8634760594957975, .pipeline_latency = 1.740272913076223, .copy_share = 0.48857711620905975, .switch_launch = 73.43070450352883, .switch_share = 0.668077490645959, .nic_step = 14, .nic_share = 0.71}),
            .kernel = "NCCL", .transferred_from = {}, .rows = 378, .groups = 21,
            .error = {3.9107858872331835, 2.4524491394111667, 8.573465512893865}, .interval = {0.9438334216373396, 1.0720959111830894}, .windowed_interval = {0.9438334216373396, 1.0720959111830894},
            .range = {{{2, 8}, {512, 536.870912e6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::NcclPointToPoint>, kernel::NcclPointToPoint{.ll_launch = 6.204335604660933, .ll_step = 0.20458081925650434, .ll_rate = 6.048306997851218, .batch_launch = 14.253218730111342, .batch_step = 0.16244295784030416, .simple_launch = 5.77981567893688, .simple_share = 0.7369514694224056, .pipeline_latency = 2.8175472723153727, .nic_step = 14, .nic_share = 0.71}),
            .kernel = "NCCL", .transferred_from = {}, .rows = 126, .groups = 21,
            .error = {5.867615056930094, 3.269222139205974, 8.608392546354015}, .interval = {0.9450242129982842, 1.087767323574109}, .windowed_interval = {0.9450242129982842, 1.087767323574109},
            .range = {{{2, 8}, {512, 536.870912e6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::VllmAllReduce>, kernel::VllmAllReduce{.launch = 4.166040190732433, .rank_launch = 0.07562661223156009, .peer_share = 0.5772188990903293, .second_shot = 2.437176315947661, .symmetric_launch = 9.453121978781265, .symmetric_share = 0.6931056798698723, .copy_share = 0.87, .eager_launch = 19.555097657150174, .eager_rank = 0.4680800266728369, .eager_symmetric = 17.56194584609173}),
            .kernel = "vLLM_custom", .transferred_from = {}, .rows = 138, .groups = 23,
            .error = {2.8264457434709125, 1.9572477402741373, 5.851998275074337}, .interval = {0.9567314287652344, 1.0378172132759036}, .windowed_interval = {0.9567314287652344, 1.0378172132759036},
            .range = {{{2, 8}, {256, 1.073741824e9}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::ConstantKernel>, kernel::ConstantKernel{.compute_efficiency = 0.7, .memory_efficiency = 0.9559101620309195, .launch = 2.0689924853150354}),
            .kernel = "static_scaled_fp8_quant", .transferred_from = {}, .rows = 1110, .groups = 15,
            .error = {17.829843470303253, 9.704964870143511, 55.20601154078863}, .interval = {0.7020992941087261, 1.3360265566611023}, .windowed_interval = {0.7020992941087261, 1.3360265566611023},
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
            .model = KernelModel(std::in_place_type<kernel::DeepGemmMatmul>, kernel::DeepGemmMatmul{.matrix_efficiency = 0.9414060411783061, .memory_efficiency = 0.6669266244094096, .launch = 3.863748996728333, .wave_tail = 0.11305435010110587, .chain = 20.999999999999996, .operand_feed = 2.441404856057261e-08, .granule_overhead = 866.2377110380429}),
            .kernel = "deep_gemm", .transferred_from = {}, .rows = 278, .groups = 25,
            .error = {3.9363222204203456, 2.7250050625766575, 7.617053844789857}, .interval = {0.9461080323726065, 1.059128396462173}, .windowed_interval = {0.9461080323726065, 1.059128396462173},
            .range = {{{8, 131.072e3}, {576, 51.2e3}, {512, 25.6e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::GroupedMatmul>, kernel::GroupedMatmul{.launch = 14.99999999558277, .matrix_efficiency = 0.9009868395710467, .memory_efficiency = 0.9999999054415833, .wave_tail = 0.3030381441760914, .granule_overhead = 342.22235368241303, .small_tile_limit = 0}),
            .kernel = "deep_gemm_grouped", .transferred_from = {}, .rows = 228, .groups = 8,
            .error = {5.670377499018576, 4.550502622015829, 11.993597199041098}, .interval = {0.923260349439295, 1.104671871064101}, .windowed_interval = {0.923260349439295, 1.104671871064101},
            .range = {{{4, 512}, {54.857142857142854, 65.536e3}, {1.024e3, 5.12e3}, {512, 5.12e3}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::GroupedMatmul>, kernel::GroupedMatmul{.launch = 5.548247096889774, .matrix_efficiency = 0.8661417359715236, .memory_efficiency = 0.9999999701307711, .wave_tail = 0.0158397472326533, .granule_overhead = 1301.7537866960263, .small_tile_limit = 64}),
            .kernel = "deep_gemm_grouped", .transferred_from = {}, .rows = 368, .groups = 8,
            .error = {11.67474394174103, 7.620349011513705, 26.719467773988075}, .interval = {0.8598099077822092, 1.2355729559308992}, .windowed_interval = {0.8598099077822092, 1.2355729559308992},
            .range = {{{1, 256}, {0.8571428571428571, 4.096e3}, {1.024e3, 5.12e3}, {512, 5.12e3}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::experts_16bit_from_h100_sxm_vllm_0_24,
        shared::experts_16bit_untuned_from_h100_sxm_sglang_0_5_14,
        shared::experts_fp8_from_h100_sxm_vllm_0_24,
        shared::experts_fp8_block_from_h100_sxm_vllm_0_24,
        shared::experts_fp8_block_parallel_from_h100_sxm_vllm_0_24,
        shared::experts_int4_from_h100_sxm_vllm_0_24,
        shared::experts_mxfp4_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 18.611924320769024, .launch_per_head_doubling = -0.026969587459213518, .matrix_efficiency = 0.9999999999991345, .softmax = 0.8810184448059368, .round_latency = 3.3593155392232834, .row_bytes_per_cycle = 22.18101194446199, .packed_saving = 0.5781377370949183, .many_tokens = 1.0425293264783895, .imbalance = 0.6731331288328035, .combine = 5.142995466084966, .window_edge = 0.10685333745639802, .memory_efficiency = 0.7495605862574113, .l2_bytes_per_cycle = 21.230488618410707, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = -0.03473279222218517, .head_192_launch = -0.06402886412957542, .cache_write_efficiency = 0.6207763630369723, .cache_write_token = 2.6253731322175486, .cache_write_launch = 2}),
            .kernel = "flash_attention_3", .transferred_from = {}, .rows = 10, .groups = 2,
            .error = {5.278779507755511, 1.8627516642705122, 15.647470926949678}, .interval = {0.9345713611669821, 1.0212710241465937}, .windowed_interval = {0.9345713611669821, 1.0212710241465937},
            .range = {{{1, 1}, {1.024e3, 32.768e3}, {1.024e3, 32.768e3}, {16, 64}, {1, 8}, {128, 256}, {0, 0}}}},
        shared::prefill_attention_fp8_cache_from_h100_sxm_vllm_0_24,
        shared::decode_attention_of_h20_deepgemm_flashinfer,
        shared::decode_attention_of_h20_deepgemm_flashinfer,
        shared::encoder_attention_from_h100_sxm_vllm_0_24,
        shared::latent_attention_from_h100_sxm_sglang_0_5_14,
        shared::gated_delta_prefill_from_h100_sxm_vllm_0_24,
        shared::gated_delta_decode_from_h100_sxm_vllm_0_24,
        shared::kimi_delta_prefill_from_h100_sxm_sglang_0_5_14,
        shared::kimi_delta_decode_from_h100_sxm_sglang_0_5_14,
        shared::short_convolution_prefill_from_h100_sxm_vllm_0_24,
        shared::short_convolution_decode_from_h100_sxm_vllm_0_24,
        shared::ring_collective_from_h100_sxm_vllm_0_24,
        shared::exchange_collective_from_h100_sxm_vllm_0_24,
        shared::custom_all_reduce_from_h100_sxm_vllm_0_24,
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
            .model = KernelModel(std::in_place_type<kernel::DeepGemmMatmul>, kernel::DeepGemmMatmul{.matrix_efficiency = 0.7240075716137593, .memory_efficiency = 0.7460168948483059, .launch = 6.337745346969697, .wave_tail = 0.4319137061143505, .chain = 20.03963026891831, .operand_feed = 3.6991626761739838e-06, .granule_overhead = 0.19521488070772808}),
            .kernel = "deep_gemm", .transferred_from = {}, .rows = 55, .groups = 5,
            .error = {12.746057058838284, 7.943413398292987, 30.719312061023324}, .interval = {0.9135180083954935, 1.3559952885634896}, .windowed_interval = {0.9135180083954935, 1.3559952885634896},
            .range = {{{16, 32.768e3}, {512, 7.168e3}, {7.168e3, 18.432e3}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::GroupedMatmul>, kernel::GroupedMatmul{.launch = 10.48017844760349, .matrix_efficiency = 0.6622326988828027, .memory_efficiency = 0.7523428208308047, .wave_tail = 0.2134181848156751, .granule_overhead = 144.27391420405445, .small_tile_limit = 0}),
            .kernel = "deep_gemm_grouped", .transferred_from = {}, .rows = 48, .groups = 6,
            .error = {4.721574243394017, 3.238136891177057, 10.730294453308218}, .interval = {0.9173242470581064, 1.0762456449639297}, .windowed_interval = {0.9173242470581064, 1.0762456449639297},
            .range = {{{4, 256}, {32, 32.768e3}, {4.096e3, 7.168e3}, {2.048e3, 7.168e3}, {0, 0}, {0, 0}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::GroupedMatmul>, kernel::GroupedMatmul{.launch = 10.47320962934819, .matrix_efficiency = 0.6308747817869746, .memory_efficiency = 0.8610060069548346, .wave_tail = 0.07575757042499548, .granule_overhead = 547.714322401202, .small_tile_limit = 64}),
            .kernel = "deep_gemm_grouped", .transferred_from = {}, .rows = 82, .groups = 7,
            .error = {9.573506440393933, 4.117508862747204, 25.186814929682487}, .interval = {0.8148533092184049, 1.113771810606702}, .windowed_interval = {0.8148533092184049, 1.113771810606702},
            .range = {{{1, 256}, {1, 4.096e3}, {4.096e3, 7.168e3}, {2.048e3, 7.168e3}, {0, 0}, {0, 0}, {0, 0}}}},
        shared::experts_16bit_from_h100_sxm_vllm_0_24,
        shared::experts_16bit_untuned_from_h100_sxm_sglang_0_5_14,
        shared::experts_fp8_from_h100_sxm_vllm_0_24,
        shared::experts_fp8_block_from_h100_sxm_vllm_0_24,
        shared::experts_fp8_block_parallel_from_h100_sxm_vllm_0_24,
        shared::experts_int4_from_h100_sxm_vllm_0_24,
        shared::experts_mxfp4_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionPrefill>, kernel::FlashAttentionPrefill{.launch = 9.61977043066439, .launch_per_head_doubling = -0.026969587459213518, .matrix_efficiency = 0.9999999942299124, .softmax = 0.8810184448059368, .round_latency = 3.3593155392232834, .row_bytes_per_cycle = 22.18101194446199, .packed_saving = 0.5781377370949183, .many_tokens = 1.0425293264783895, .imbalance = 0.6731331288328035, .combine = 5.142995466084966, .window_edge = 0.10685333745639802, .memory_efficiency = 0.7495605862574113, .l2_bytes_per_cycle = 21.230488618410707, .conversion = 0.009999999999999981, .conversion_growth = 0.08000000000000002, .windowed_launch = -0.03473279222218517, .head_192_launch = -0.06402886412957542, .cache_write_efficiency = 0.6207763630369723, .cache_write_token = 2.6253731322175486, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 18700, .groups = 162,
            .error = {6.027069091098062, 4.581385916987446, 13.331926647531137}, .interval = {0.8515985702665746, 1.1722669782946835}, .windowed_interval = {0.8171556198430064, 1.2492506773278786},
            .range = {{{1, 256}, {1, 16.384e3}, {1, 16.384e3}, {1, 96}, {1, 64}, {64, 256}, {0, 8.192e3}}}},
        shared::prefill_attention_fp8_cache_from_h100_sxm_vllm_0_24,
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashInferDecode>, kernel::FlashInferDecode{.launch = 23.12984972847082, .vector_launch = 17.406986610074966, .matrix_efficiency = 0.8374003040331871, .vector_efficiency = 0.9999963413410553, .memory_efficiency = 0.9699999972124476}),
            .kernel = "flashinfer", .transferred_from = {}, .rows = 205, .groups = 5,
            .error = {6.15065086637647, 2.5729099527492028, 17.970009133602677}, .interval = {0.9325050326345925, 1.1146290515603265}, .windowed_interval = {0.9325050326345925, 1.1146290515603265},
            .range = {{{1, 512}, {1, 1}, {1.024e3, 131.072e3}, {16, 128}, {2, 8}, {128, 128}, {0, 0}}}},
        KernelCalibration{
            .model = KernelModel(std::in_place_type<kernel::FlashAttentionDecode>, kernel::FlashAttentionDecode{.launch = 8.892210498617686, .launch_per_head_doubling = 2.2299088245123446, .round_latency = 2.139597131002354, .round_latency_per_head_doubling = 0.8408373559786088, .combine = 1.610840205555621, .combine_per_split = 0.07728054135580309, .memory_efficiency = 0.8200491469761191, .l2_bytes_per_cycle = 14.88116350365404, .l2_share = 0.6858341307507978, .matrix_efficiency = 0.85, .memory_ramp = 5.186818194760985, .per_sequence = 0.020006789658580278, .window_first = 4.720264620837995, .window_round = 2.205573325600894, .conversion = 0.033582988352174215, .conversion_growth = 0.134439232313797, .windowed_launch = 0.05539515146814722, .head_192_launch = -0.9864398404463817, .cache_write_efficiency = 0.048866317643245546, .cache_write_launch = 2}),
            .kernel = "vllm_flash_attn_fa3", .transferred_from = "h100-sxm/vllm-0.24", .rows = 23244, .groups = 144,
            .error = {4.421357558748738, 2.9872699826786695, 10.377217971797212}, .interval = {0.8516852082757626, 1.1589314267204478}, .windowed_interval = {0.8893183678855485, 1.1326170581440809},
            .range = {{{1, 2.048e3}, {1, 1}, {2, 131.072e3}, {1, 96}, {1, 8}, {64, 256}, {0, 8.192e3}}}},
        shared::encoder_attention_from_h100_sxm_vllm_0_24,
        shared::latent_attention_from_h100_sxm_sglang_0_5_14,
        shared::gated_delta_prefill_from_h100_sxm_vllm_0_24,
        shared::gated_delta_decode_from_h100_sxm_vllm_0_24,
        shared::kimi_delta_prefill_from_h100_sxm_sglang_0_5_14,
        shared::kimi_delta_decode_from_h100_sxm_sglang_0_5_14,
        shared::short_convolution_prefill_from_h100_sxm_vllm_0_24,
        shared::short_convolution_decode_from_h100_sxm_vllm_0_24,
        shared::ring_collective_from_h100_sxm_vllm_0_24,
        shared::exchange_collective_from_h100_sxm_vllm_0_24,
        shared::custom_all_reduce_from_h100_sxm_vllm_0_24,
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

namespace serving_systems {

/// SGLang. Source: A first study of SGLang's decode steps, before this project: the part of a step's time that does not depend on its operations, by sequences.
inline constexpr ServingSystem sglang{.name = "sglang", .host_per_step = {0.001}, .host_per_sequence = {1.5e-05}, .collective_overlap = 0};

/// TensorRT-LLM. Source: A first study of TensorRT-LLM's decode steps, before this project: the part of a step's time that does not depend on its operations, by sequences.
inline constexpr ServingSystem tensorrt_llm{.name = "tensorrt-llm", .host_per_step = {0.0007}, .host_per_sequence = {2e-06}, .collective_overlap = 0};

/// vLLM. Source: A first study of vLLM's decode steps, before this project: the part of a step's time that does not depend on its operations, by sequences.
inline constexpr ServingSystem vllm{.name = "vllm", .host_per_step = {0.0021}, .host_per_sequence = {2.7e-05}, .collective_overlap = 0};

}  // namespace serving_systems

/// A built-in serving system with what it is called and where its figures come from.
struct ServingSystemEntry {
  ServingSystem specification;
  std::string_view product;
  std::string_view source;
};

/// Every built-in serving system, by name.
inline constexpr std::array<ServingSystemEntry, 3> serving_system_catalogue{{{serving_systems::sglang, "SGLang", "A first study of SGLang's decode steps, before this project: the part of a step's time that does not depend on its operations, by sequences"}, {serving_systems::tensorrt_llm, "TensorRT-LLM", "A first study of TensorRT-LLM's decode steps, before this project: the part of a step's time that does not depend on its operations, by sequences"}, {serving_systems::vllm, "vLLM", "A first study of vLLM's decode steps, before this project: the part of a step's time that does not depend on its operations, by sequences"}}};

/// The built-in serving system of that name, or null.
constexpr const ServingSystem* serving_system_named(std::string_view name) noexcept {
  for (const ServingSystemEntry& entry : serving_system_catalogue) {
    if (entry.specification.name.view() == name) return &entry.specification;
  }
  return nullptr;
}

}  // namespace opcost
