// SPDX-License-Identifier: Apache-2.0
#include "fitting.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <type_traits>

#include <fmt/format.h>
#include <Eigen/Core>
#include <unsupported/Eigen/LevenbergMarquardt>

#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

constexpr double robust_scale = 0.05;  // log errors beyond 5 % count less than squared (soft L1)

/// A free factor as an unbounded variable and back: value = lowest + (highest − lowest) · (1 + sin u) / 2.
double to_value(double u, double lowest, double highest) {
  return lowest + (highest - lowest) * 0.5 * (1.0 + std::sin(u));
}
double to_variable(double value, double lowest, double highest) {
  const double share = std::clamp((value - lowest) / (highest - lowest), 1e-6, 1.0 - 1e-6);
  return std::asin(2.0 * share - 1.0);
}

/// FlashInfer's decode kernel reads either cache with the same factors: both families then share the model.
void set_model(Calibration& calibration, KernelFamily family, const KernelModel& model) {
  calibration[family].model = model;
  if (std::holds_alternative<kernel::FlashInferDecode>(model)) {
    calibration[KernelFamily::decode_attention].model = model;
    calibration[KernelFamily::decode_attention_fp8_cache].model = model;
  }
}

/// Whether a start says that the kernel has no part that this factor would stand for: see model_for_kernel.
template <class Model>
bool lacks_part(const Model& start, const kernel::Factor<Model>& factor) {
  constexpr bool differs_in_parts =
      std::is_same_v<Model, kernel::FusedExperts> || std::is_same_v<Model, kernel::ShortConvolution>;
  return differs_in_parts && start.*(factor.value) <= factor.lowest;
}

/// Residuals of a model's free factors over samples: soft-L1 log errors, then the priors.
template <class Model>
struct Problem : Eigen::DenseFunctor<double> {
  Problem(std::vector<kernel::Factor<Model>> free_factors, const Model& start_model,
          std::vector<Sample> fit_samples, const Accelerator& fit_accelerator, const Calibration& fit_calibration,
          KernelFamily fit_family, const FitOptions& fit_options)
      : DenseFunctor<double>(static_cast<int>(free_factors.size()),
                             static_cast<int>(fit_samples.size() + free_factors.size())),
        factors(std::move(free_factors)),
        start(start_model),
        samples(std::move(fit_samples)),
        accelerator(fit_accelerator),
        calibration(fit_calibration),
        family(fit_family),
        options(fit_options) {}

  Model model(const Eigen::VectorXd& u) const {
    Model result = start;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      result.*(factors[i].value) = to_value(u[static_cast<Eigen::Index>(i)], factors[i].lowest, factors[i].highest);
    }
    return result;
  }

  int operator()(const Eigen::VectorXd& u, Eigen::VectorXd& residuals) const {
    Calibration trial = calibration;
    set_model(trial, family, model(u));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double expected = estimate_of(samples[i], accelerator, trial).expected.value;
      const double error = std::log(expected / samples[i].measured.value) / robust_scale;
      const double soft = std::sqrt(2.0 * (std::sqrt(1.0 + error * error) - 1.0));
      residuals[static_cast<Eigen::Index>(i)] = error < 0.0 ? -soft : soft;
    }
    const Model current = model(u);
    for (std::size_t j = 0; j < factors.size(); ++j) {
      const kernel::Factor<Model>& factor = factors[j];
      const double before = start.*(factor.value);
      const double scale = std::max(std::abs(before), 0.05 * (factor.highest - factor.lowest));
      residuals[static_cast<Eigen::Index>(samples.size() + j)] =
          options.prior / robust_scale * (current.*(factor.value) - before) / scale;
    }
    return 0;
  }

  /// Central differences.
  int df(const Eigen::VectorXd& u, Eigen::MatrixXd& jacobian) const {
    constexpr double step = 1e-4;
    Eigen::VectorXd forward(values());
    Eigen::VectorXd backward(values());
    for (Eigen::Index j = 0; j < u.size(); ++j) {
      Eigen::VectorXd moved = u;
      moved[j] = u[j] + step;
      (*this)(moved, forward);
      moved[j] = u[j] - step;
      (*this)(moved, backward);
      jacobian.col(j) = (forward - backward) / (2.0 * step);
    }
    return 0;
  }

  std::vector<kernel::Factor<Model>> factors;
  Model start;
  std::vector<Sample> samples;
  const Accelerator& accelerator;
  const Calibration& calibration;
  KernelFamily family;
  const FitOptions& options;
};

template <class Model>
Model fit_model(const Model& start, const std::vector<Sample>& samples, KernelFamily family,
                const Accelerator& accelerator, const Calibration& calibration, const FitOptions& options) {
  // from another calibration and with few samples, the kernel's shape stays and only its efficiencies move
  const bool few = options.from_base && samples.size() < 3 * Model::factors().size();
  std::vector<kernel::Factor<Model>> free_factors;
  for (const kernel::Factor<Model>& factor : Model::factors()) {
    const bool needs_write = factor.name.starts_with("cache_write");
    const bool first_to_move =
        factor.name == "launch" || factor.name == "matrix_efficiency" || factor.name == "memory_efficiency";
    if (!factor.fitted || lacks_part(start, factor) || (needs_write && !options.times_cache_write)) continue;
    if (few && !first_to_move) continue;
    free_factors.push_back(factor);
  }
  Problem<Model> problem(free_factors, start, samples, accelerator, calibration, family, options);
  Eigen::VectorXd u(static_cast<Eigen::Index>(free_factors.size()));
  for (std::size_t i = 0; i < free_factors.size(); ++i) {
    u[static_cast<Eigen::Index>(i)] =
        to_variable(start.*(free_factors[i].value), free_factors[i].lowest, free_factors[i].highest);
  }
  Eigen::LevenbergMarquardt<Problem<Model>> solver(problem);
  solver.setMaxfev(60);
  solver.setFtol(1e-7);
  solver.setXtol(1e-7);
  solver.minimize(u);
  return problem.model(u);
}

/// Which fold each shape group falls into: by a fixed hash of its name, so that it depends on nothing else.
std::size_t fold_of(const std::string& group, std::size_t folds) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char character : group) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 1099511628211U;
  }
  hash ^= hash >> 29U;
  return static_cast<std::size_t>(hash % folds);
}

ErrorInterval interval_of(const std::vector<double>& ratios) {
  return {std::min(1.0, quantile(ratios, 0.1)), std::max(1.0, quantile(ratios, 0.9))};
}

/// Where the fit of a fused layer starts: the rule of its tiles, which no fit finds, and the parts that it has.
struct ExpertsStart {
  std::string_view name;               ///< A part of the kernel's, in small letters.
  std::vector<KernelFamily> families;  ///< Of any where empty.
  kernel::FusedExperts model;
};

kernel::FusedExperts experts_start(KernelFamily family, const std::string& kernel) {
  using enum KernelFamily;
  constexpr double any = 1e9;
  static const std::vector<ExpertsStart> starts{{"vllm_unquantized",
                                                 {},
                                                 {.single_launch = 10.0,
                                                  .wave_tail = 0.0,
                                                  .operand_feed = 60.0,
                                                  .tile_overhead = 1000.0,
                                                  .single_traffic = 4.0,
                                                  .tile_16_limit = 32.0,
                                                  .tile_32_limit = 96.0,
                                                  .tile_64_limit = 512.0,
                                                  .narrow_limit = 64.0}},
                                                {"sglang_fused_moe_triton",  // with a configuration of its own
                                                 {experts_16bit},
                                                 {.ranks_launch = 0.0,
                                                  .operand_feed = 60.0,
                                                  .tile_latency = 0.0,
                                                  .tile_overhead = 1500.0,
                                                  .tile_measure = 1.0,
                                                  .tile_16_limit = 8.0,
                                                  .tile_32_limit = 16.0,
                                                  .tile_64_limit = 32.0}},
                                                {"sglang_fused_moe_triton",  // without
                                                 {experts_16bit_untuned},
                                                 {.single_launch = 2.0,
                                                  .wave_tail = 0.9,
                                                  .matrix_efficiency = 0.4,
                                                  .operand_feed = 50.0,
                                                  .tile_latency = 100.0,
                                                  .tile_overhead = 0.0,
                                                  .single_traffic = 1.0,
                                                  .tile_measure = 2.0,
                                                  .tile_16_limit = 1.0,
                                                  .tile_32_limit = 1.0,
                                                  .tile_64_limit = any,
                                                  .tile_columns = 64.0}},
                                                {"sglang_fused_moe_triton",
                                                 {experts_mxfp4},
                                                 {.wave_tail = 0.0,
                                                  .matrix_efficiency = 0.3,
                                                  .operand_feed = 10.0,
                                                  .tile_latency = 100.0,
                                                  .tile_overhead = 100.0,
                                                  .tile_measure = 2.0,
                                                  .tile_16_limit = 1.0,
                                                  .tile_32_limit = 1.0,
                                                  .tile_64_limit = any,
                                                  .tile_columns = 64.0}},
                                                {"sglang_fused_moe_triton",
                                                 {},
                                                 {.ranks_launch = 0.0,
                                                  .expert_launch = 5.0,
                                                  .wave_tail = 0.0,
                                                  .tile_overhead = 0.0,
                                                  .tile_16_limit = 0.0,
                                                  .tile_32_limit = 0.0,
                                                  .tile_64_limit = any}},
                                                {"cutlass",  // untuned in the measured release
                                                 {experts_fp8},
                                                 {.launch = 30.0,
                                                  .ranks_launch = 0.0,
                                                  .routing = 5.0,
                                                  .expert_launch = 4.0,
                                                  .wave_tail = 0.0,
                                                  .matrix_efficiency = 0.2,
                                                  .memory_efficiency = 0.2,
                                                  .idle_bandwidth_loss = 0.0,
                                                  .operand_feed = 100.0,
                                                  .tile_latency = 4000.0,
                                                  .tile_overhead = 4000.0,
                                                  .activation_traffic = 0.0,
                                                  .sum_traffic = 0.6,
                                                  .single_traffic = 2.0,
                                                  .tile_measure = 1.0,
                                                  .tile_16_limit = 16.0,
                                                  .tile_32_limit = 32.0,
                                                  .tile_64_limit = 64.0}},
                                                {"cutlass",
                                                 {},
                                                 {.ranks_launch = 0.0,
                                                  .single_launch = 10.0,
                                                  .routing = 3.0,
                                                  .expert_launch = 4.0,
                                                  .wave_tail = 0.0,
                                                  .matrix_efficiency = 0.6,
                                                  .operand_feed = 0.0,
                                                  .tile_latency = 0.0,
                                                  .tile_overhead = 100.0,
                                                  .activation_traffic = 0.0,
                                                  .sum_traffic = 0.6,
                                                  .row_traffic = 9.0,
                                                  .single_traffic = 3.0,
                                                  .tile_measure = 1.0,
                                                  .tile_16_limit = 16.0,
                                                  .tile_32_limit = 32.0,
                                                  .tile_64_limit = any}},
                                                {"marlin",
                                                 {},
                                                 {.wave_tail = 0.1,
                                                  .matrix_efficiency = 0.5,
                                                  .tile_overhead = 3000.0,
                                                  .activation_traffic = 1.0,
                                                  .sum_traffic = 3.0,
                                                  .tile_measure = 3.0,
                                                  .tile_16_limit = 14.4,
                                                  .tile_32_limit = 28.8,
                                                  .tile_64_limit = any}},
                                                {"triton",
                                                 {experts_mxfp4},
                                                 {.launch = 30.0,
                                                  .ranks_launch = 20.0,
                                                  .routing = 0.0,
                                                  .wave_tail = 0.9,
                                                  .operand_feed = 60.0,
                                                  .tile_latency = 0.0,
                                                  .tile_overhead = 5000.0,
                                                  .activation_traffic = 0.0,
                                                  .sum_traffic = 0.5,
                                                  .tile_measure = 3.0,
                                                  .tile_16_limit = 16.0,
                                                  .tile_32_limit = 32.0,
                                                  .tile_64_limit = 64.0}},
                                                {"triton",
                                                 {experts_fp8_block, experts_fp8_block_parallel},
                                                 {.launch = 25.0,
                                                  .ranks_launch = 0.0,
                                                  .single_launch = 10.0,
                                                  .wave_tail = 0.7,
                                                  .matrix_efficiency = 0.4,
                                                  .operand_feed = 5.0,
                                                  .tile_latency = 2000.0,
                                                  .tile_overhead = 0.0,
                                                  .sum_traffic = 3.0,
                                                  .single_traffic = 4.0,
                                                  .tile_16_limit = 64.0,
                                                  .tile_32_limit = 64.0,
                                                  .tile_64_limit = any}}};
  for (const ExpertsStart& start : starts) {
    const std::vector<KernelFamily>& families = start.families;
    const bool suits = families.empty() || std::find(families.begin(), families.end(), family) != families.end();
    if (suits && kernel_named(kernel, start.name)) return start.model;
  }
  return {};
}

std::vector<Sample> every_nth(const std::vector<Sample>& samples, std::size_t count) {
  if (count == 0 || count >= samples.size()) return samples;
  std::vector<Sample> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(samples[i * samples.size() / count]);
  return chosen;
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double share = position - static_cast<double>(below);
  return below + 1 < values.size() ? values[below] * (1.0 - share) + values[below + 1] * share : values[below];
}

HeldOutError error_of(std::vector<double> absolute_percentages) {
  if (absolute_percentages.empty()) return {};
  const double mean = std::accumulate(absolute_percentages.begin(), absolute_percentages.end(), 0.0) /
                      static_cast<double>(absolute_percentages.size());
  return {mean, quantile(absolute_percentages, 0.5), quantile(absolute_percentages, 0.9)};
}

KernelModel model_for_kernel(KernelFamily family, const std::string& kernel) {
  switch (family) {
    case KernelFamily::linear_16bit: return kernel::CublasMatmul{};
    case KernelFamily::linear_fp8: return kernel::CutlassMatmul{};
    case KernelFamily::linear_fp8_block:
      // SGLang's and vLLM's rows include quantising the activations, the bare kernel's do not
      if (kernel == "deep_gemm") return kernel::DeepGemmMatmul{};
      return kernel::DeepGemmQuantisingMatmul{};
    case KernelFamily::grouped_contiguous: return kernel::GroupedMatmul{};
    case KernelFamily::grouped_masked: return kernel::GroupedMatmul{.small_tile_limit = 64.0};
    case KernelFamily::experts_16bit:
    case KernelFamily::experts_16bit_untuned:
    case KernelFamily::experts_fp8:
    case KernelFamily::experts_fp8_block:
    case KernelFamily::experts_fp8_block_parallel:
    case KernelFamily::experts_int4:
    case KernelFamily::experts_mxfp4: return experts_start(family, kernel);
    case KernelFamily::prefill_attention:
    case KernelFamily::prefill_attention_fp8_cache: return kernel::FlashAttentionPrefill{};
    case KernelFamily::decode_attention:
    case KernelFamily::decode_attention_fp8_cache:
      if (kernel_named(kernel, "flashinfer")) return kernel::FlashInferDecode{};
      return kernel::FlashAttentionDecode{};
    case KernelFamily::encoder_attention: return kernel::FlashAttentionEncoder{};
    case KernelFamily::latent_attention: return kernel::LatentAttention{};
    case KernelFamily::gated_delta_prefill:
      if (kernel_named(kernel, "flashinfer")) return kernel::FusedChunkedRecurrence{};
      return kernel::ChunkedRecurrence{};
    case KernelFamily::kimi_delta_prefill: return kernel::ChunkedRecurrence{};
    case KernelFamily::gated_delta_decode:
    case KernelFamily::kimi_delta_decode: return kernel::RecurrentUpdate{};
    case KernelFamily::short_convolution_prefill:
      return kernel::ShortConvolution{.row_cycles = 20.0, .short_row = 1.1};
    case KernelFamily::short_convolution_decode: return kernel::ShortConvolution{};
    case KernelFamily::ring_collective: return kernel::NcclRing{};
    case KernelFamily::exchange_collective: return kernel::NcclPointToPoint{};
    case KernelFamily::custom_all_reduce: return kernel::VllmAllReduce{};
    case KernelFamily::elementwise: break;
  }
  return kernel::ConstantKernel{};
}

bool can_start_at(const KernelModel& other, const KernelModel& usual) {
  if (other.index() != usual.index()) return false;
  const auto* const layer = std::get_if<kernel::FusedExperts>(&usual);
  if (layer == nullptr) return true;
  constexpr kernel::FusedExperts unknown{};
  bool known = false;
  bool alike = true;
  for (const auto& factor : kernel::FusedExperts::factors()) {
    if (factor.fitted) continue;
    known = known || layer->*(factor.value) != unknown.*(factor.value);
    alike = alike && layer->*(factor.value) == std::get<kernel::FusedExperts>(other).*(factor.value);
  }
  return alike || !known;
}

FittedKernel fit_kernel(KernelFamily family, const std::vector<Sample>& all_samples, const KernelModel& start,
                        const Accelerator& accelerator, const Calibration& others, const FitOptions& options) {
  const std::vector<Sample> samples = every_nth(all_samples, options.points);
  std::map<std::string, std::size_t> groups;
  for (const Sample& sample : samples) ++groups[sample.group];
  const std::size_t factor_count = std::visit([](const auto& model) { return model.factors().size(); }, start);
  if (samples.size() < (options.from_base ? 6 : 2 * factor_count)) {
    throw InputError(fmt::format("{} has {} measurements, expected at least {} for the {} factors of its model{}",
                                 name(family), samples.size(), options.from_base ? 6 : 2 * factor_count,
                                 factor_count, options.from_base ? "" : " (or --base)"));
  }
  if (groups.size() < 2) {
    throw InputError(fmt::format("{} has one shape only ({}), expected several: nothing could be held out",
                                 name(family), groups.empty() ? "none" : groups.begin()->first));
  }
  Calibration scratch = others;

  const auto fit_on = [&](const std::vector<Sample>& part) -> KernelModel {
    return std::visit(
        [&](const auto& model) -> KernelModel {
          return fit_model(model, part, family, accelerator, scratch, options);
        },
        start);
  };

  FittedKernel fitted;
  fitted.family = family;
  KernelCalibration& calibration = fitted.calibration;
  calibration.kernel = Name(samples.front().kernel.substr(0, Name::capacity));
  calibration.rows = static_cast<std::int32_t>(samples.size());
  calibration.groups = static_cast<std::int32_t>(groups.size());

  // held-out errors: every group is predicted by factors from the other folds
  const auto folds =
      static_cast<std::size_t>(std::min<std::size_t>(static_cast<std::size_t>(options.folds), groups.size()));
  std::map<std::string, std::size_t> fold_of_group;
  if (groups.size() < 10 * folds) {  // so few that a hash would leave folds unequal: deal them out in order
    std::size_t next = 0;
    for (const auto& [group, count] : groups) fold_of_group[group] = next++ % folds;
  } else {
    for (const auto& [group, count] : groups) fold_of_group[group] = fold_of(group, folds);
  }
  std::vector<double> percentages;
  std::vector<double> full;
  std::vector<double> windowed;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    options.progress(fmt::format("{}: held-out fold {} of {}", name(family), fold + 1, folds));
    std::vector<Sample> seen;
    std::vector<Sample> unseen;
    for (const Sample& sample : samples) (fold_of_group[sample.group] == fold ? unseen : seen).push_back(sample);
    if (unseen.empty() || seen.empty()) continue;
    set_model(scratch, family, fit_on(seen));
    for (const Sample& sample : unseen) {
      const double expected = estimate_of(sample, accelerator, scratch).expected.value;
      percentages.push_back(100.0 * std::abs(expected / sample.measured.value - 1.0));
      (sample.windowed ? windowed : full).push_back(sample.measured.value / expected);
    }
  }
  calibration.error = error_of(percentages);
  calibration.interval = full.empty() ? interval_of(windowed) : interval_of(full);
  calibration.windowed_interval = windowed.empty() ? calibration.interval : interval_of(windowed);

  options.progress(fmt::format("{}: all {} measurements", name(family), samples.size()));
  calibration.model = fit_on(samples);
  std::visit(
      [&](const auto& model) {
        using Model = std::decay_t<decltype(model)>;
        for (const auto& factor : model.factors()) {
          const double margin = 1e-3 * (factor.highest - factor.lowest);
          const double value = model.*(factor.value);
          if (factor.fitted && !lacks_part(std::get<Model>(start), factor) &&
              (value < factor.lowest + margin || value > factor.highest - margin)) {
            fitted.at_bound.emplace_back(factor.name);
          }
        }
      },
      calibration.model);

  for (const Sample& sample : samples) {
    for (std::size_t i = 0; i < sample.dimensions.size(); ++i) {
      DimensionRange& range = calibration.range[i];
      const bool first = &sample == &samples.front();
      const double value = sample.dimensions[i];
      range.lowest = first ? value : std::min(range.lowest, value);
      range.highest = first ? value : std::max(range.highest, value);
    }
  }
  return fitted;
}

}  // namespace opcost::program
