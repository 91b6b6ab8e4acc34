// SPDX-License-Identifier: Apache-2.0
//
// Generated from data/hardware/*.json, data/interconnects/*.json and data/prices/*.json by generate_catalogue. Do not edit: change the data.
// clang-format off
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "opcost/hardware/accelerator.hpp"
#include "opcost/hardware/interconnect.hpp"
#include "opcost/hardware/price_list.hpp"

namespace opcost {

namespace accelerators {

/// NVIDIA A100 SXM4 40 GB.
inline constexpr Accelerator a100_sxm_40gb{
    .name = "a100-sxm-40gb",
    .peaks = {{DataType::fp64, {9.7e12}}, {DataType::fp32, {19.5e12}}, {DataType::tf32, {156e12}}, {DataType::bf16, {312e12}}, {DataType::fp16, {312e12}}, {DataType::int8, {624e12}}},
    .memory_bandwidth = {1.555e12},
    .memory_capacity = {40e9},
    .usable_memory = {0},
    .l2_cache = {40e6},
    .multiprocessors = 108,
    .tensor_clock = {1.41e9},
    .maximum_clock = {1.41e9},
    .shared_memory = {164e3},
    .scale_up = {LinkKind::nvlink, {300e9}},
    .host = {LinkKind::pcie4, {32e9}},
    .scale_out = {LinkKind::nic, {25e9}},
    .power_watts = 400,
};

/// NVIDIA A100 SXM4 80 GB.
inline constexpr Accelerator a100_sxm_80gb{
    .name = "a100-sxm-80gb",
    .peaks = {{DataType::fp64, {9.7e12}}, {DataType::fp32, {19.5e12}}, {DataType::tf32, {156e12}}, {DataType::bf16, {312e12}}, {DataType::fp16, {312e12}}, {DataType::int8, {624e12}}},
    .memory_bandwidth = {2.039e12},
    .memory_capacity = {80e9},
    .usable_memory = {0},
    .l2_cache = {40e6},
    .multiprocessors = 108,
    .tensor_clock = {1.41e9},
    .maximum_clock = {1.41e9},
    .shared_memory = {164e3},
    .scale_up = {LinkKind::nvlink, {300e9}},
    .host = {LinkKind::pcie4, {32e9}},
    .scale_out = {LinkKind::nic, {25e9}},
    .power_watts = 400,
};

/// NVIDIA A800 SXM4 80 GB.
inline constexpr Accelerator a800_sxm{
    .name = "a800-sxm",
    .peaks = {{DataType::fp64, {9.7e12}}, {DataType::fp32, {19.5e12}}, {DataType::tf32, {156e12}}, {DataType::bf16, {312e12}}, {DataType::fp16, {312e12}}, {DataType::int8, {624e12}}},
    .memory_bandwidth = {2.039e12},
    .memory_capacity = {80e9},
    .usable_memory = {0},
    .l2_cache = {40e6},
    .multiprocessors = 108,
    .tensor_clock = {1.41e9},
    .maximum_clock = {1.41e9},
    .shared_memory = {164e3},
    .scale_up = {LinkKind::nvlink, {200e9}},
    .host = {LinkKind::pcie4, {32e9}},
    .scale_out = {LinkKind::nic, {25e9}},
    .power_watts = 400,
};

/// NVIDIA B200 SXM 180 GB.
inline constexpr Accelerator b200{
    .name = "b200",
    .peaks = {{DataType::fp64, {37e12}}, {DataType::fp32, {75e12}}, {DataType::tf32, {1.125e15}}, {DataType::bf16, {2.25e15}}, {DataType::fp16, {2.25e15}}, {DataType::fp8, {4.5e15}}, {DataType::int8, {4.5e15}}, {DataType::fp4, {9e15}}},
    .memory_bandwidth = {7.7e12},
    .memory_capacity = {180e9},
    .usable_memory = {0},
    .l2_cache = {126e6},
    .multiprocessors = 148,
    .tensor_clock = {1.965e9},
    .maximum_clock = {1.965e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink, {900e9}, true},
    .host = {},
    .scale_out = {LinkKind::nic, {100e9}},
    .power_watts = 1e3,
};

/// NVIDIA B300 SXM 288 GB.
inline constexpr Accelerator b300{
    .name = "b300",
    .peaks = {{DataType::fp64, {1.25e12}}, {DataType::fp32, {75e12}}, {DataType::tf32, {1.125e15}}, {DataType::bf16, {2.25e15}}, {DataType::fp16, {2.25e15}}, {DataType::fp8, {4.5e15}}, {DataType::int8, {150e12}}, {DataType::fp4, {1.35e+16}}},
    .memory_bandwidth = {7.7e12},
    .memory_capacity = {288e9},
    .usable_memory = {0},
    .l2_cache = {126e6},
    .multiprocessors = 148,
    .tensor_clock = {0},
    .maximum_clock = {0},
    .shared_memory = {0},
    .scale_up = {LinkKind::nvlink, {900e9}, true},
    .host = {LinkKind::pcie6, {128e9}},
    .scale_out = {LinkKind::nic, {100e9}},
    .power_watts = 1.1e3,
};

/// NVIDIA GB200, one GPU of the superchip.
inline constexpr Accelerator gb200{
    .name = "gb200",
    .peaks = {{DataType::fp64, {40e12}}, {DataType::fp32, {80e12}}, {DataType::tf32, {1.25e15}}, {DataType::bf16, {2.5e15}}, {DataType::fp16, {2.5e15}}, {DataType::fp8, {5e15}}, {DataType::int8, {5e15}}, {DataType::fp4, {1e+16}}},
    .memory_bandwidth = {8e12},
    .memory_capacity = {186e9},
    .usable_memory = {198.674743296e9},
    .l2_cache = {126e6},
    .multiprocessors = 148,
    .tensor_clock = {2.062e9},
    .maximum_clock = {2.062e9},
    .shared_memory = {0},
    .scale_up = {LinkKind::nvlink, {900e9}, true},
    .host = {},
    .scale_out = {LinkKind::nic, {100e9}},
    .power_watts = 1.2e3,
};

/// NVIDIA GB300, one GPU of the superchip.
inline constexpr Accelerator gb300{
    .name = "gb300",
    .peaks = {{DataType::fp64, {1.3e12}}, {DataType::fp32, {80e12}}, {DataType::tf32, {1.25e15}}, {DataType::bf16, {2.5e15}}, {DataType::fp16, {2.5e15}}, {DataType::fp8, {5e15}}, {DataType::int8, {165e12}}, {DataType::fp4, {1.5e+16}}},
    .memory_bandwidth = {8e12},
    .memory_capacity = {288e9},
    .usable_memory = {0},
    .l2_cache = {126e6},
    .multiprocessors = 0,
    .tensor_clock = {0},
    .maximum_clock = {0},
    .shared_memory = {0},
    .scale_up = {LinkKind::nvlink, {900e9}, true},
    .host = {},
    .scale_out = {LinkKind::nic, {100e9}},
    .power_watts = 1.4e3,
};

/// NVIDIA H100 NVL 94 GB.
inline constexpr Accelerator h100_nvl{
    .name = "h100-nvl",
    .peaks = {{DataType::fp64, {30e12}}, {DataType::fp32, {60e12}}, {DataType::tf32, {418e12}}, {DataType::bf16, {835e12}}, {DataType::fp16, {835e12}}, {DataType::fp8, {1.671e15}}, {DataType::int8, {1.671e15}}},
    .memory_bandwidth = {3.9e12},
    .memory_capacity = {94e9},
    .usable_memory = {0},
    .l2_cache = {50e6},
    .multiprocessors = 132,
    .tensor_clock = {1.785e9},
    .maximum_clock = {1.785e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink_bridge, {300e9}},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {},
    .power_watts = 400,
};

/// NVIDIA H100 PCIe 80 GB.
inline constexpr Accelerator h100_pcie{
    .name = "h100-pcie",
    .peaks = {{DataType::fp64, {26e12}}, {DataType::fp32, {51e12}}, {DataType::tf32, {378e12}}, {DataType::bf16, {756e12}}, {DataType::fp16, {756e12}}, {DataType::fp8, {1.513e15}}, {DataType::int8, {1.513e15}}},
    .memory_bandwidth = {2e12},
    .memory_capacity = {80e9},
    .usable_memory = {0},
    .l2_cache = {50e6},
    .multiprocessors = 114,
    .tensor_clock = {1.62e9},
    .maximum_clock = {1.755e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink_bridge, {300e9}},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {},
    .power_watts = 350,
};

/// NVIDIA H100 SXM5 80 GB.
inline constexpr Accelerator h100_sxm{
    .name = "h100-sxm",
    .peaks = {{DataType::fp64, {33.5e12}}, {DataType::fp32, {66.9e12}}, {DataType::tf32, {494.7e12}}, {DataType::bf16, {989.4e12}}, {DataType::fp16, {989.4e12}}, {DataType::fp8, {1.9789e15}}, {DataType::int8, {1.9789e15}}},
    .memory_bandwidth = {3.35e12},
    .memory_capacity = {80e9},
    .usable_memory = {85.520809984e9},
    .l2_cache = {50e6},
    .multiprocessors = 132,
    .tensor_clock = {1.83e9},
    .maximum_clock = {1.98e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink, {450e9}, true},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {LinkKind::nic, {50e9}},
    .power_watts = 700,
};

/// NVIDIA H20-3e 141 GB.
inline constexpr Accelerator h20_3e{
    .name = "h20-3e",
    .peaks = {{DataType::fp64, {1e12}}, {DataType::fp32, {39.5e12}}, {DataType::tf32, {74e12}}, {DataType::bf16, {148e12}}, {DataType::fp16, {148e12}}, {DataType::fp8, {296e12}}, {DataType::int8, {296e12}}},
    .memory_bandwidth = {4.8e12},
    .memory_capacity = {141e9},
    .usable_memory = {0},
    .l2_cache = {60e6},
    .multiprocessors = 78,
    .tensor_clock = {0},
    .maximum_clock = {0},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink, {450e9}, true},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {LinkKind::nic, {50e9}},
    .power_watts = 500,
};

/// NVIDIA H20 96 GB.
inline constexpr Accelerator h20{
    .name = "h20",
    .peaks = {{DataType::fp64, {1e12}}, {DataType::fp32, {39.5e12}}, {DataType::tf32, {74e12}}, {DataType::bf16, {148e12}}, {DataType::fp16, {148e12}}, {DataType::fp8, {296e12}}, {DataType::int8, {296e12}}},
    .memory_bandwidth = {4e12},
    .memory_capacity = {96e9},
    .usable_memory = {102.112428032e9},
    .l2_cache = {60e6},
    .multiprocessors = 78,
    .tensor_clock = {1.98e9},
    .maximum_clock = {1.98e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink, {450e9}, true},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {LinkKind::nic, {50e9}},
    .power_watts = 400,
};

/// NVIDIA H200 SXM 141 GB.
inline constexpr Accelerator h200_sxm{
    .name = "h200-sxm",
    .peaks = {{DataType::fp64, {34e12}}, {DataType::fp32, {67e12}}, {DataType::tf32, {494.5e12}}, {DataType::bf16, {989e12}}, {DataType::fp16, {989e12}}, {DataType::fp8, {1.979e15}}, {DataType::int8, {1.979e15}}},
    .memory_bandwidth = {4.8e12},
    .memory_capacity = {141e9},
    .usable_memory = {150.754820096e9},
    .l2_cache = {50e6},
    .multiprocessors = 132,
    .tensor_clock = {1.83e9},
    .maximum_clock = {1.98e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink, {450e9}, true},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {LinkKind::nic, {50e9}},
    .power_watts = 700,
};

/// NVIDIA H800 SXM5 80 GB.
inline constexpr Accelerator h800_sxm{
    .name = "h800-sxm",
    .peaks = {{DataType::fp64, {1e12}}, {DataType::fp32, {67e12}}, {DataType::tf32, {494e12}}, {DataType::bf16, {989e12}}, {DataType::fp16, {989e12}}, {DataType::fp8, {1.979e15}}, {DataType::int8, {1.979e15}}},
    .memory_bandwidth = {3.35e12},
    .memory_capacity = {80e9},
    .usable_memory = {0},
    .l2_cache = {50e6},
    .multiprocessors = 132,
    .tensor_clock = {1.83e9},
    .maximum_clock = {1.98e9},
    .shared_memory = {228e3},
    .scale_up = {LinkKind::nvlink, {200e9}, true},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {LinkKind::nic, {50e9}},
    .power_watts = 700,
};

/// NVIDIA L20 48 GB.
inline constexpr Accelerator l20{
    .name = "l20",
    .peaks = {{DataType::fp64, {930e9}}, {DataType::fp32, {59.6e12}}, {DataType::tf32, {59.8e12}}, {DataType::bf16, {119.5e12}}, {DataType::fp16, {119.5e12}}, {DataType::fp8, {239e12}}, {DataType::int8, {239e12}}},
    .memory_bandwidth = {864e9},
    .memory_capacity = {48e9},
    .usable_memory = {0},
    .l2_cache = {96e6},
    .multiprocessors = 92,
    .tensor_clock = {2.52e9},
    .maximum_clock = {2.52e9},
    .shared_memory = {100e3},
    .scale_up = {LinkKind::pcie4, {32e9}},
    .host = {LinkKind::pcie4, {32e9}},
    .scale_out = {},
    .power_watts = 275,
};

/// NVIDIA L4 24 GB.
inline constexpr Accelerator l4{
    .name = "l4",
    .peaks = {{DataType::fp64, {500e9}}, {DataType::fp32, {30.3e12}}, {DataType::tf32, {60e12}}, {DataType::bf16, {121e12}}, {DataType::fp16, {121e12}}, {DataType::fp8, {242e12}}, {DataType::int8, {242e12}}},
    .memory_bandwidth = {300e9},
    .memory_capacity = {24e9},
    .usable_memory = {0},
    .l2_cache = {48e6},
    .multiprocessors = 58,
    .tensor_clock = {2.04e9},
    .maximum_clock = {2.04e9},
    .shared_memory = {100e3},
    .scale_up = {LinkKind::pcie4, {32e9}},
    .host = {LinkKind::pcie4, {32e9}},
    .scale_out = {},
    .power_watts = 72,
};

/// NVIDIA L40S 48 GB.
inline constexpr Accelerator l40s{
    .name = "l40s",
    .peaks = {{DataType::fp64, {1.4e12}}, {DataType::fp32, {91.6e12}}, {DataType::tf32, {183e12}}, {DataType::bf16, {362e12}}, {DataType::fp16, {362e12}}, {DataType::fp8, {733e12}}, {DataType::int8, {733e12}}},
    .memory_bandwidth = {864e9},
    .memory_capacity = {48e9},
    .usable_memory = {0},
    .l2_cache = {96e6},
    .multiprocessors = 142,
    .tensor_clock = {2.52e9},
    .maximum_clock = {2.52e9},
    .shared_memory = {100e3},
    .scale_up = {LinkKind::pcie4, {32e9}},
    .host = {LinkKind::pcie4, {32e9}},
    .scale_out = {},
    .power_watts = 350,
};

/// AMD Instinct MI300X 192 GB.
inline constexpr Accelerator mi300x{
    .name = "mi300x",
    .peaks = {{DataType::fp64, {81.7e12}}, {DataType::fp32, {163.4e12}}, {DataType::tf32, {654e12}}, {DataType::bf16, {1.307e15}}, {DataType::fp16, {1.307e15}}, {DataType::fp8, {2.615e15}}, {DataType::int8, {2.615e15}}},
    .memory_bandwidth = {5.3e12},
    .memory_capacity = {192e9},
    .usable_memory = {0},
    .l2_cache = {256e6},
    .multiprocessors = 304,
    .tensor_clock = {2.1e9},
    .maximum_clock = {2.1e9},
    .shared_memory = {0},
    .scale_up = {LinkKind::infinity_fabric, {448e9}},
    .host = {},
    .scale_out = {},
    .power_watts = 750,
};

/// AMD Instinct MI325X 256 GB.
inline constexpr Accelerator mi325x{
    .name = "mi325x",
    .peaks = {{DataType::fp64, {81.7e12}}, {DataType::fp32, {163.4e12}}, {DataType::tf32, {654e12}}, {DataType::bf16, {1.307e15}}, {DataType::fp16, {1.307e15}}, {DataType::fp8, {2.615e15}}, {DataType::int8, {2.615e15}}},
    .memory_bandwidth = {6e12},
    .memory_capacity = {256e9},
    .usable_memory = {0},
    .l2_cache = {256e6},
    .multiprocessors = 304,
    .tensor_clock = {2.1e9},
    .maximum_clock = {2.1e9},
    .shared_memory = {0},
    .scale_up = {LinkKind::infinity_fabric, {448e9}},
    .host = {},
    .scale_out = {},
    .power_watts = 1e3,
};

/// AMD Instinct MI355X 288 GB.
inline constexpr Accelerator mi355x{
    .name = "mi355x",
    .peaks = {{DataType::fp64, {78.6e12}}, {DataType::fp32, {157.3e12}}, {DataType::bf16, {2.517e15}}, {DataType::fp16, {2.517e15}}, {DataType::fp8, {5.033e15}}, {DataType::int8, {5.033e15}}, {DataType::fp4, {1.0066e+16}}},
    .memory_bandwidth = {8e12},
    .memory_capacity = {288e9},
    .usable_memory = {0},
    .l2_cache = {256e6},
    .multiprocessors = 256,
    .tensor_clock = {2.4e9},
    .maximum_clock = {2.4e9},
    .shared_memory = {0},
    .scale_up = {LinkKind::infinity_fabric, {537e9}},
    .host = {},
    .scale_out = {},
    .power_watts = 1.4e3,
};

/// NVIDIA RTX PRO 6000 Blackwell 96 GB.
inline constexpr Accelerator rtx_pro_6000{
    .name = "rtx-pro-6000",
    .peaks = {{DataType::fp32, {120e12}}, {DataType::bf16, {504e12}}, {DataType::fp16, {504e12}}, {DataType::fp8, {1.008e15}}, {DataType::int8, {1.008e15}}, {DataType::fp4, {2.016e15}}},
    .memory_bandwidth = {1.792e12},
    .memory_capacity = {96e9},
    .usable_memory = {0},
    .l2_cache = {128e6},
    .multiprocessors = 188,
    .tensor_clock = {2.6e9},
    .maximum_clock = {2.6e9},
    .shared_memory = {100e3},
    .scale_up = {LinkKind::pcie5, {64e9}},
    .host = {LinkKind::pcie5, {64e9}},
    .scale_out = {},
    .power_watts = 600,
};

/// Google Cloud TPU v5e.
inline constexpr Accelerator tpu_v5e{
    .name = "tpu-v5e",
    .peaks = {{DataType::bf16, {197e12}}, {DataType::int8, {393e12}}},
    .memory_bandwidth = {819e9},
    .memory_capacity = {16e9},
    .usable_memory = {0},
    .l2_cache = {0},
    .multiprocessors = 0,
    .tensor_clock = {0},
    .maximum_clock = {0},
    .shared_memory = {0},
    .scale_up = {LinkKind::ici, {200e9}},
    .host = {},
    .scale_out = {},
    .power_watts = 0,
};

/// Google Cloud TPU v6e (Trillium).
inline constexpr Accelerator tpu_v6e{
    .name = "tpu-v6e",
    .peaks = {{DataType::bf16, {918e12}}, {DataType::int8, {1.836e15}}},
    .memory_bandwidth = {1.638e12},
    .memory_capacity = {32e9},
    .usable_memory = {0},
    .l2_cache = {0},
    .multiprocessors = 0,
    .tensor_clock = {0},
    .maximum_clock = {0},
    .shared_memory = {0},
    .scale_up = {LinkKind::ici, {400e9}},
    .host = {},
    .scale_out = {},
    .power_watts = 0,
};

}  // namespace accelerators

namespace interconnects {

/// Lamina's network stack, which keeps the host out of the data path, between nodes with different accelerators over a 400 Gb/s link, as measured. Source: Lamina: Efficient and Economic Large Language Model Inference with Attention Offloading (arXiv 2405.01814).
inline constexpr Interconnect lamina_400g_host_bypassed{.name = "lamina-400g-host-bypassed", .bandwidth = {45.7e9}, .latency = {3.3e-05}};

/// NCCL between nodes with different accelerators over a 400 Gb/s link, as measured. Source: Lamina: Efficient and Economic Large Language Model Inference with Attention Offloading (arXiv 2405.01814).
inline constexpr Interconnect nccl_400g_heterogeneous{.name = "nccl-400g-heterogeneous", .bandwidth = {35.5e9}, .latency = {6.66e-05}};

}  // namespace interconnects

namespace detail {

inline constexpr std::array<std::string_view, 2> a100_sxm_40gb_citations{"NVIDIA A100 Tensor Core GPU data sheet", "NVIDIA A100 Tensor Core GPU Architecture white paper"};
inline constexpr std::array<std::string_view, 1> a100_sxm_40gb_unconfirmed{"/peak_tflops/fp64"};
inline constexpr std::array<std::string_view, 2> a100_sxm_80gb_citations{"NVIDIA A100 Tensor Core GPU data sheet", "NVIDIA A100 Tensor Core GPU Architecture white paper"};
inline constexpr std::array<std::string_view, 1> a100_sxm_80gb_unconfirmed{"/peak_tflops/fp64"};
inline constexpr std::array<std::string_view, 2> a800_sxm_citations{"Step-3 is Large yet Affordable: Model-system Co-design for Cost-effective Decoding (arXiv 2507.19427)", "MegaScale-Infer: Serving Mixture-of-Experts at Scale with Disaggregated Expert Parallelism (arXiv 2504.02263), Table 3"};
inline constexpr std::array<std::string_view, 2> a800_sxm_unconfirmed{"/peak_tflops/fp64", "/links/scale_up/gb_per_s"};
inline constexpr std::array<std::string_view, 2> b200_citations{"NVIDIA HGX platform specifications (HGX B200 and HGX B300)", "NVIDIA Blackwell Architecture technical brief"};
inline constexpr std::array<std::string_view, 0> b200_unconfirmed{};
inline constexpr std::array<std::string_view, 1> b300_citations{"NVIDIA HGX platform specifications (HGX B200 and HGX B300)"};
inline constexpr std::array<std::string_view, 2> b300_unconfirmed{"/memory/l2_cache_mb", "/multiprocessors/count"};
inline constexpr std::array<std::string_view, 3> gb200_citations{"NVIDIA GB200 NVL72 data sheet", "NVIDIA Blackwell Architecture technical brief", "MLPerf Inference v6.1 system description, https://raw.githubusercontent.com/mlcommons/inference_results_v6.1/main/closed/Crusoe/systems/GB200-NVL72_GB200-186GB_aarch64x16_Dynamo.json"};
inline constexpr std::array<std::string_view, 0> gb200_unconfirmed{};
inline constexpr std::array<std::string_view, 1> gb300_citations{"NVIDIA GB300 NVL72 data sheet"};
inline constexpr std::array<std::string_view, 2> gb300_unconfirmed{"/peak_tflops/fp64", "/memory/l2_cache_mb"};
inline constexpr std::array<std::string_view, 2> h100_nvl_citations{"NVIDIA H100 Tensor Core GPU data sheet", "NVIDIA H100 NVL GPU product brief"};
inline constexpr std::array<std::string_view, 11> h100_nvl_unconfirmed{"/peak_tflops/fp64", "/peak_tflops/fp32", "/peak_tflops/tf32", "/peak_tflops/bf16", "/peak_tflops/fp16", "/peak_tflops/fp8", "/peak_tflops/int8", "/memory/l2_cache_mb", "/multiprocessors/tensor_clock_mhz", "/multiprocessors/maximum_clock_mhz", "/links/scale_up/gb_per_s"};
inline constexpr std::array<std::string_view, 2> h100_pcie_citations{"NVIDIA H100 Tensor Core GPU data sheet", "NVIDIA H100 Tensor Core GPU Architecture white paper"};
inline constexpr std::array<std::string_view, 2> h100_pcie_unconfirmed{"/multiprocessors/tensor_clock_mhz", "/multiprocessors/maximum_clock_mhz"};
inline constexpr std::array<std::string_view, 2> h100_sxm_citations{"NVIDIA H100 Tensor Core GPU data sheet", "NVIDIA H100 Tensor Core GPU Architecture white paper"};
inline constexpr std::array<std::string_view, 0> h100_sxm_unconfirmed{};
inline constexpr std::array<std::string_view, 1> h20_3e_citations{"Step-3 is Large yet Affordable: Model-system Co-design for Cost-effective Decoding (arXiv 2507.19427)"};
inline constexpr std::array<std::string_view, 7> h20_3e_unconfirmed{"/peak_tflops/fp64", "/peak_tflops/fp32", "/peak_tflops/int8", "/memory/l2_cache_mb", "/multiprocessors/count", "/links/scale_up/gb_per_s", "/power_watts"};
inline constexpr std::array<std::string_view, 3> h20_citations{"Lamina: Efficient and Economic Large Language Model Inference with Attention Offloading (arXiv 2405.01814), Table 1", "Step-3 is Large yet Affordable: Model-system Co-design for Cost-effective Decoding (arXiv 2507.19427)", "MegaScale-Infer: Serving Mixture-of-Experts at Scale with Disaggregated Expert Parallelism (arXiv 2504.02263), Table 3"};
inline constexpr std::array<std::string_view, 0> h20_unconfirmed{};
inline constexpr std::array<std::string_view, 2> h200_sxm_citations{"NVIDIA H200 Tensor Core GPU data sheet", "MLPerf Inference v4.1 system description, https://raw.githubusercontent.com/mlcommons/inference_results_v4.1/main/closed/NVIDIA/systems/H200-SXM-141GBx8_TRT_MaxQ.json"};
inline constexpr std::array<std::string_view, 0> h200_sxm_unconfirmed{};
inline constexpr std::array<std::string_view, 3> h800_sxm_citations{"Step-3 is Large yet Affordable: Model-system Co-design for Cost-effective Decoding (arXiv 2507.19427)", "MegaScale-Infer: Serving Mixture-of-Experts at Scale with Disaggregated Expert Parallelism (arXiv 2504.02263), Table 3", "Insights into DeepSeek-V3: Scaling Challenges and Reflections on Hardware for AI Architectures (arXiv 2505.09343)"};
inline constexpr std::array<std::string_view, 3> h800_sxm_unconfirmed{"/peak_tflops/fp32", "/peak_tflops/tf32", "/peak_tflops/int8"};
inline constexpr std::array<std::string_view, 1> l20_citations{"MegaScale-Infer: Serving Mixture-of-Experts at Scale with Disaggregated Expert Parallelism (arXiv 2504.02263), Table 3"};
inline constexpr std::array<std::string_view, 2> l20_unconfirmed{"/peak_tflops/fp8", "/peak_tflops/int8"};
inline constexpr std::array<std::string_view, 2> l4_citations{"NVIDIA L4 Tensor Core GPU data sheet", "NVIDIA Ada GPU Architecture white paper"};
inline constexpr std::array<std::string_view, 3> l4_unconfirmed{"/peak_tflops/fp64", "/peak_tflops/fp32", "/peak_tflops/tf32"};
inline constexpr std::array<std::string_view, 2> l40s_citations{"NVIDIA L40S GPU data sheet", "NVIDIA Ada GPU Architecture white paper"};
inline constexpr std::array<std::string_view, 1> l40s_unconfirmed{"/peak_tflops/fp64"};
inline constexpr std::array<std::string_view, 2> mi300x_citations{"AMD Instinct MI300X data sheet", "AMD GPU specifications, https://rocm.docs.amd.com/en/7.13.0-preview/reference/gpu-specs.html"};
inline constexpr std::array<std::string_view, 1> mi300x_unconfirmed{"/peak_tflops/fp64"};
inline constexpr std::array<std::string_view, 2> mi325x_citations{"AMD Instinct MI325X data sheet", "AMD GPU specifications, https://rocm.docs.amd.com/en/7.13.0-preview/reference/gpu-specs.html"};
inline constexpr std::array<std::string_view, 1> mi325x_unconfirmed{"/peak_tflops/fp64"};
inline constexpr std::array<std::string_view, 2> mi355x_citations{"AMD Instinct MI355X data sheet", "AMD GPU specifications, https://rocm.docs.amd.com/en/7.13.0-preview/reference/gpu-specs.html"};
inline constexpr std::array<std::string_view, 1> mi355x_unconfirmed{"/peak_tflops/fp64"};
inline constexpr std::array<std::string_view, 1> rtx_pro_6000_citations{"NVIDIA RTX PRO 6000 Blackwell data sheet"};
inline constexpr std::array<std::string_view, 5> rtx_pro_6000_unconfirmed{"/peak_tflops/bf16", "/peak_tflops/fp16", "/peak_tflops/fp8", "/peak_tflops/int8", "/peak_tflops/fp4"};
inline constexpr std::array<std::string_view, 2> tpu_v5e_citations{"Google Cloud documentation, TPU v5e, https://docs.cloud.google.com/tpu/docs/v5e", "How to Scale Your Model, https://github.com/jax-ml/scaling-book"};
inline constexpr std::array<std::string_view, 0> tpu_v5e_unconfirmed{};
inline constexpr std::array<std::string_view, 2> tpu_v6e_citations{"Google Cloud documentation, TPU v6e, https://docs.cloud.google.com/tpu/docs/v6e.md.txt", "Lamina: Efficient and Economic Large Language Model Inference with Attention Offloading (arXiv 2405.01814), Table 1"};
inline constexpr std::array<std::string_view, 0> tpu_v6e_unconfirmed{};

}  // namespace detail

/// A built-in accelerator and where its figures come from.
struct AcceleratorEntry {
  Accelerator specification{};
  std::string_view product{};
  std::string_view architecture{};
  std::span<const std::string_view> citations{};
  std::span<const std::string_view> unconfirmed{};  ///< JSON pointers into the data file.
};

/// Every built-in accelerator, by name.
inline constexpr std::array<AcceleratorEntry, 23> accelerator_catalogue{{
    {accelerators::a100_sxm_40gb, "NVIDIA A100 SXM4 40 GB", "Ampere", detail::a100_sxm_40gb_citations, detail::a100_sxm_40gb_unconfirmed},
    {accelerators::a100_sxm_80gb, "NVIDIA A100 SXM4 80 GB", "Ampere", detail::a100_sxm_80gb_citations, detail::a100_sxm_80gb_unconfirmed},
    {accelerators::a800_sxm, "NVIDIA A800 SXM4 80 GB", "Ampere", detail::a800_sxm_citations, detail::a800_sxm_unconfirmed},
    {accelerators::b200, "NVIDIA B200 SXM 180 GB", "Blackwell", detail::b200_citations, detail::b200_unconfirmed},
    {accelerators::b300, "NVIDIA B300 SXM 288 GB", "Blackwell Ultra", detail::b300_citations, detail::b300_unconfirmed},
    {accelerators::gb200, "NVIDIA GB200, one GPU of the superchip", "Blackwell", detail::gb200_citations, detail::gb200_unconfirmed},
    {accelerators::gb300, "NVIDIA GB300, one GPU of the superchip", "Blackwell Ultra", detail::gb300_citations, detail::gb300_unconfirmed},
    {accelerators::h100_nvl, "NVIDIA H100 NVL 94 GB", "Hopper", detail::h100_nvl_citations, detail::h100_nvl_unconfirmed},
    {accelerators::h100_pcie, "NVIDIA H100 PCIe 80 GB", "Hopper", detail::h100_pcie_citations, detail::h100_pcie_unconfirmed},
    {accelerators::h100_sxm, "NVIDIA H100 SXM5 80 GB", "Hopper", detail::h100_sxm_citations, detail::h100_sxm_unconfirmed},
    {accelerators::h20_3e, "NVIDIA H20-3e 141 GB", "Hopper", detail::h20_3e_citations, detail::h20_3e_unconfirmed},
    {accelerators::h20, "NVIDIA H20 96 GB", "Hopper", detail::h20_citations, detail::h20_unconfirmed},
    {accelerators::h200_sxm, "NVIDIA H200 SXM 141 GB", "Hopper", detail::h200_sxm_citations, detail::h200_sxm_unconfirmed},
    {accelerators::h800_sxm, "NVIDIA H800 SXM5 80 GB", "Hopper", detail::h800_sxm_citations, detail::h800_sxm_unconfirmed},
    {accelerators::l20, "NVIDIA L20 48 GB", "Ada Lovelace", detail::l20_citations, detail::l20_unconfirmed},
    {accelerators::l4, "NVIDIA L4 24 GB", "Ada Lovelace", detail::l4_citations, detail::l4_unconfirmed},
    {accelerators::l40s, "NVIDIA L40S 48 GB", "Ada Lovelace", detail::l40s_citations, detail::l40s_unconfirmed},
    {accelerators::mi300x, "AMD Instinct MI300X 192 GB", "CDNA 3", detail::mi300x_citations, detail::mi300x_unconfirmed},
    {accelerators::mi325x, "AMD Instinct MI325X 256 GB", "CDNA 3", detail::mi325x_citations, detail::mi325x_unconfirmed},
    {accelerators::mi355x, "AMD Instinct MI355X 288 GB", "CDNA 4", detail::mi355x_citations, detail::mi355x_unconfirmed},
    {accelerators::rtx_pro_6000, "NVIDIA RTX PRO 6000 Blackwell 96 GB", "Blackwell", detail::rtx_pro_6000_citations, detail::rtx_pro_6000_unconfirmed},
    {accelerators::tpu_v5e, "Google Cloud TPU v5e", "TPU v5e", detail::tpu_v5e_citations, detail::tpu_v5e_unconfirmed},
    {accelerators::tpu_v6e, "Google Cloud TPU v6e (Trillium)", "TPU v6e", detail::tpu_v6e_citations, detail::tpu_v6e_unconfirmed},
}};

/// The built-in accelerator of that name, or null.
constexpr const Accelerator* accelerator_named(std::string_view name) noexcept {
  for (const AcceleratorEntry& entry : accelerator_catalogue) {
    if (entry.specification.name.view() == name) return &entry.specification;
  }
  return nullptr;
}

/// Every built-in interconnect, by name.
inline constexpr std::array<Interconnect, 2> interconnect_catalogue{interconnects::lamina_400g_host_bypassed, interconnects::nccl_400g_heterogeneous};

namespace price_lists {

/// Source: Lamina: Efficient and Economic Large Language Model Inference with Attention Offloading (arXiv 2405.01814), Table 1.
inline constexpr PriceList lamina{.name = "lamina", .date = "2024-05", .unit = PriceUnit::dollars, .size = 3, .prices = {{{"h100-sxm", 11.06}, {"h20", 4.63}, {"tpu-v6e", 2.7}}}};

/// Source: MegaScale-Infer: Serving Mixture-of-Experts at Scale with Disaggregated Expert Parallelism (arXiv 2504.02263), Table 3.
inline constexpr PriceList megascale_infer{.name = "megascale-infer", .date = "2025-04", .unit = PriceUnit::relative, .size = 5, .prices = {{{"l20", 1}, {"h800-sxm", 5.28}, {"a800-sxm", 2.26}, {"h20", 1.85}, {"l40s", 1.08}}}};

/// Source: Step-3 is Large yet Affordable: Model-system Co-design for Cost-effective Decoding (arXiv 2507.19427).
inline constexpr PriceList step_3{.name = "step-3", .date = "2025-07", .unit = PriceUnit::dollars, .size = 3, .prices = {{{"h800-sxm", 2}, {"h20", 0.8}, {"a800-sxm", 0.75}}}};

}  // namespace price_lists

/// A built-in price list and where its prices come from.
struct PriceListEntry {
  PriceList specification{};
  std::string_view source{};
};

/// Every built-in price list, by name.
inline constexpr std::array<PriceListEntry, 3> price_list_catalogue{{
    {price_lists::lamina, "Lamina: Efficient and Economic Large Language Model Inference with Attention Offloading (arXiv 2405.01814), Table 1"},
    {price_lists::megascale_infer, "MegaScale-Infer: Serving Mixture-of-Experts at Scale with Disaggregated Expert Parallelism (arXiv 2504.02263), Table 3"},
    {price_lists::step_3, "Step-3 is Large yet Affordable: Model-system Co-design for Cost-effective Decoding (arXiv 2507.19427)"},
}};

/// The built-in price list of that name, or null.
constexpr const PriceList* price_list_named(std::string_view name) noexcept {
  for (const PriceListEntry& entry : price_list_catalogue) {
    if (entry.specification.name.view() == name) return &entry.specification;
  }
  return nullptr;
}

}  // namespace opcost
