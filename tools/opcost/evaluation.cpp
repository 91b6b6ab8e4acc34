// SPDX-License-Identifier: Apache-2.0
#include "evaluation.hpp"

#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "fitting.hpp"

namespace opcost::program {
namespace {

/// Buckets of measured latency, in microseconds; numbered so that they sort.
std::string bucket_of(Seconds measured) {
  constexpr std::array<std::pair<double, const char*>, 5> buckets{{{15.0, "1: < 15 us"},
                                                                   {40.0, "2: 15 - 40 us"},
                                                                   {150.0, "3: 40 - 150 us"},
                                                                   {1000.0, "4: 150 us - 1 ms"},
                                                                   {1e300, "5: > 1 ms"}}};
  for (const auto& [limit, label] : buckets) {
    if (measured.value * 1e6 < limit) return label;
  }
  return buckets.back().second;
}

std::string operation_name(const Sample& sample) {
  if (sample.family == KernelFamily::latent_attention) return "latent attention";
  return std::string(name(shape_kind(sample.family)));
}

/// Whether a projection is one of the large ones that a transformer's layers are made of.
bool large_projection(const Sample& sample) {
  const auto* query = std::get_if<KernelQuery<kernel::MatmulShape>>(&sample.query);
  return query != nullptr && query->shape.n >= 1024.0 && query->shape.k >= 1024.0;
}

Accuracy accuracy_of(std::string by, std::string value, const std::vector<const Evaluated*>& members) {
  std::vector<double> absolute;
  double bias = 0.0;
  std::size_t covered = 0;
  for (const Evaluated* member : members) {
    const double error = member->estimate.expected / member->sample.measured - 1.0;
    absolute.push_back(100.0 * std::abs(error));
    bias += 100.0 * error;
    const Seconds measured = member->sample.measured;
    if (member->estimate.low <= measured && measured <= member->estimate.high) ++covered;
  }
  const HeldOutError error = error_of(absolute);
  const auto count = static_cast<double>(members.size());
  return {std::move(by),
          std::move(value),
          members.size(),
          error.mean,
          error.median,
          error.p90,
          quantile(absolute, 0.99),
          bias / count,
          static_cast<double>(covered) / count};
}

}  // namespace

std::vector<Evaluated> evaluate(const std::vector<Sample>& samples, const Accelerator& accelerator,
                                const Calibration& calibration) {
  std::vector<Evaluated> evaluated;
  evaluated.reserve(samples.size());
  for (const Sample& sample : samples) {
    evaluated.push_back({sample, estimate_of(sample, accelerator, calibration)});
  }
  return evaluated;
}

std::vector<Accuracy> accuracies(const std::vector<Evaluated>& evaluated) {
  std::vector<std::pair<std::string, std::map<std::string, std::vector<const Evaluated*>>>> tables{
      {"all", {}},  {"operation", {}}, {"kernel", {}},  {"dtype", {}},
      {"mask", {}}, {"phase", {}},     {"latency", {}}, {"shape", {}}};
  for (const Evaluated& member : evaluated) {
    const Sample& sample = member.sample;
    if (!sample.flaw.empty()) continue;
    const std::string operation = operation_name(sample);
    tables[0].second["all"].push_back(&member);
    tables[1].second[operation].push_back(&member);
    tables[2].second[sample.kernel].push_back(&member);
    tables[3].second[operation + " " + sample.data_type].push_back(&member);
    if (operation == "attention") {
      tables[4].second[sample.phase + (sample.windowed ? " sliding window" : " full")].push_back(&member);
      tables[5].second[sample.phase].push_back(&member);
    } else if (!sample.phase.empty()) {
      tables[5].second[operation + " " + sample.phase].push_back(&member);
    }
    tables[6].second[bucket_of(sample.measured)].push_back(&member);
    if (large_projection(sample)) {
      tables[7].second["linear " + sample.data_type + ", n and k >= 1024"].push_back(&member);
    }
  }
  std::vector<Accuracy> result;
  for (const auto& [by, values] : tables) {
    for (const auto& [value, members] : values) result.push_back(accuracy_of(by, value, members));
  }
  return result;
}

}  // namespace opcost::program
