// SPDX-License-Identifier: Apache-2.0
//
// The built-in accelerators, interconnects, price lists and models are valid, distinct and found by name.
#include "opcost/hardware/catalogue.hpp"

#include "opcost/latency/catalogue.hpp"
#include "opcost/model/catalogue.hpp"
#include "opcost/model/model_operations.hpp"

namespace {

using namespace opcost;

static_assert([] {
  for (const AcceleratorEntry& entry : accelerator_catalogue) {
    const Accelerator& accelerator = entry.specification;
    if (accelerator.violation() || accelerator.name.empty()) return false;
    if (accelerator_named(accelerator.name.view()) != &entry.specification) return false;  // or a name twice
    if (entry.citations.empty() || entry.product.empty() || entry.architecture.empty()) return false;
    if (!accelerator.supports(DataType::bf16)) return false;
  }
  return true;
}());
static_assert(accelerator_named("H100") == nullptr && accelerator_named("") == nullptr);
static_assert(accelerator_named("h100-sxm")->peaks[DataType::bf16] == FlopsPerSecond{989.4e12});

// Facts that a formula would get wrong (shared data, each with its source in data/hardware).
static_assert(accelerators::h20.peaks[DataType::bf16] == FlopsPerSecond{148e12}, "capped, not 632.6");
static_assert(accelerators::h800_sxm.peaks[DataType::fp64] == FlopsPerSecond{1e12}, "capped");
static_assert(accelerators::h800_sxm.scale_up.bandwidth == BytesPerSecond{200e9});
static_assert(!accelerators::a100_sxm_80gb.supports(DataType::fp8), "Ampere has no fp8");
static_assert(!accelerators::h100_sxm.supports(DataType::fp4), "Hopper has no fp4");
static_assert(accelerators::b300.peaks[DataType::int8] == FlopsPerSecond{150e12}, "cut, not 4500");
static_assert(accelerators::a100_sxm_80gb.memory_bandwidth == BytesPerSecond{2.039e12}, "exactly as printed");

/// By name: GCC's sanitizers do not let a found entry's address be compared with null at compile time.
constexpr bool known_accelerator(std::string_view name) {
  for (const AcceleratorEntry& entry : accelerator_catalogue) {
    if (entry.specification.name.view() == name) return true;
  }
  return false;
}

static_assert([] {
  for (const Calibration* const calibration : calibration_catalogue) {
    if (calibration_named(calibration->name.view()) != calibration) return false;  // or a name twice
    if (!calibration->accelerator.empty() && !known_accelerator(calibration->accelerator.view())) return false;
  }
  for (const DefaultCalibration& entry : default_calibrations) {
    if (!known_accelerator(entry.accelerator)) return false;
  }
  return true;
}());
static_assert(calibration_named("ideal") == &calibrations::ideal && calibration_named("Ideal") == nullptr);
static_assert(default_calibration(Accelerator{}).name == calibrations::constant.name);

static_assert([] {
  for (const Interconnect& interconnect : interconnect_catalogue) {
    if (interconnect.violation() || interconnect.name.empty()) return false;
  }
  return true;
}());
static_assert(interconnects::lamina_400g_host_bypassed.latency == Seconds{33.0e-6});

static_assert([] {
  for (const PriceListEntry& entry : price_list_catalogue) {
    const PriceList& list = entry.specification;
    if (list.violation() || price_list_named(list.name.view()) != &list || entry.source.empty()) return false;
    for (std::size_t i = 0; i < list.size; ++i) {
      if (!known_accelerator(list.prices[i].accelerator.view())) return false;
    }
  }
  return true;
}());
static_assert(price_list_named("Lamina") == nullptr);
static_assert(price_list_named("lamina")->dollars_per_hour("h100-sxm") == 11.06, "arXiv 2405.01814, Table 1");
static_assert(price_lists::step_3.dollars_per_hour("h20") == 0.8, "arXiv 2507.19427");
static_assert(!price_lists::step_3.per_hour("h100-sxm"), "has no price there, rather than another's");
static_assert(price_lists::megascale_infer.per_hour("h800-sxm") == 5.28, "arXiv 2504.02263, Table 3");
static_assert(!price_lists::megascale_infer.dollars_per_hour("h800-sxm"), "relative prices are no dollars");

static_assert([] {
  for (const ModelConfig& model : model_catalogue) {
    if (model.violation() || model_named(model.name.view()) != &model) return false;
    if (violation(model, UniformBatch{64, 1, 8192, 1})) return false;
  }
  return true;
}());
static_assert(model_named("gpt-2") == nullptr);

// Precisions by name.
static_assert([] {
  for (const NamedModelPrecision& named : model_precisions) {
    if (model_precision_named(named.name) != named.precision) return false;
  }
  return true;
}());
static_assert(!model_precision_named("bf17"));

}  // namespace
