// SPDX-License-Identifier: Apache-2.0
#include "calibrate_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fitting.hpp"
#include "measurements.hpp"
#include "opcost/io/calibration_json.hpp"
#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"
#include "opcost/latency/catalogue.hpp"
#include "output.hpp"
#include "samples.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string gpu;
  std::string name;
  std::string out;
  std::string base;
  std::vector<std::string> from_base;
  std::vector<std::string> fill;
  std::vector<std::string> sources;
  std::int32_t points = 0;
  bool times_cache_write = false;
  std::optional<double> sustained_share;
  std::optional<double> eager_launch;
};

/// Shows where a long fit is, on a terminal only, in one line that is overwritten.
void show_progress(const std::string& text) {
  if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K{}", text);
}

/// The kernel with the most samples of a family: the others are left out, because each needs factors of its own.
std::vector<Sample> most_used_kernel(const std::vector<Sample>& samples, std::vector<std::string>& left_out) {
  std::map<std::string, std::size_t> counts;
  for (const Sample& sample : samples) ++counts[sample.kernel];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<Sample> chosen;
  for (const Sample& sample : samples) {
    if (sample.kernel == most->first) chosen.push_back(sample);
  }
  for (const auto& [kernel, count] : counts) {
    if (kernel != most->first) left_out.push_back(fmt::format("{} ({} rows)", kernel, count));
  }
  return chosen;
}

/// A family without measurements: as the first of the sources that has any, said so, with an interval twice as wide.
/// What nobody measured stays as the first source has it.
KernelCalibration filled(const std::vector<Calibration>& sources, KernelFamily family, const Name& own_name) {
  for (const Calibration& source : sources) {
    KernelCalibration kernel = source[family];
    if (kernel.rows == 0) continue;
    if (kernel.transferred_from.empty() && source.name != own_name) {
      kernel.transferred_from = source.name;
      kernel.interval = kernel.interval.widened(2.0);
      kernel.windowed_interval = kernel.windowed_interval.widened(2.0);
    }
    return kernel;
  }
  return sources.front()[family];
}

Table summary(const Calibration& calibration, const std::map<KernelFamily, std::vector<std::string>>& at_bound) {
  Table table({{"family", false},
               {"kernel", false},
               {"rows"},
               {"groups"},
               {"mean"},
               {"median"},
               {"p90"},
               {"80 % interval"},
               {"remarks", false}});
  for (std::size_t i = 0; i < kernel_family_count; ++i) {
    const auto family = static_cast<KernelFamily>(i);
    const KernelCalibration& kernel = calibration[family];
    std::string remarks;
    if (!kernel.transferred_from.empty()) remarks = fmt::format("from {}", kernel.transferred_from);
    const auto bounds = at_bound.find(family);
    if (bounds != at_bound.end() && !bounds->second.empty()) {
      remarks = fmt::format("at its bound: {}", fmt::join(bounds->second, ", "));
    }
    table.add_row({std::string(name(family)), std::string(kernel.kernel.view()), fmt::format("{}", kernel.rows),
                   fmt::format("{}", kernel.groups), fmt::format("{:.1f} %", kernel.error.mean),
                   fmt::format("{:.1f} %", kernel.error.median), fmt::format("{:.1f} %", kernel.error.p90),
                   fmt::format("{:.2f} – {:.2f}", kernel.interval.low, kernel.interval.high), remarks});
  }
  return table;
}

void run(const Options& options) {
  const bool only_fills = options.paths.empty() && !options.base.empty() && !options.fill.empty();
  require_option(!options.paths.empty() || only_fills, "PATH",
                 "a directory or files of measurements (or --base and --fill, to fill its gaps only)");
  require_option(!options.gpu.empty(), "--gpu", "the accelerator that was measured");
  require_option(!options.name.empty(), "--name", "the software stack's name and version");
  require_option(!options.out.empty(), "--out", "the file to write");
  const Accelerator accelerator = find_accelerator(options.gpu);
  std::optional<Calibration> base;
  if (!options.base.empty()) base = find_calibration(options.base);
  // families without data: from the base, or from what the accelerator is answered with today; then from others
  std::vector<Calibration> fillers{base ? *base : default_calibration(accelerator)};
  for (const std::string& other : options.fill) fillers.push_back(find_calibration(other));

  const bool times_cache_write = options.times_cache_write || (only_fills && base->times_cache_write);
  std::vector<Sample> samples;
  if (!only_fills) {
    samples = measurements_of({options.paths.begin(), options.paths.end()}, times_cache_write).samples;
    require_microseconds(samples, accelerator);
  }

  Calibration calibration;
  calibration.name = Name(fmt::format("{}/{}", accelerator.name, options.name));
  calibration.accelerator = accelerator.name;
  calibration.times_cache_write = times_cache_write;
  calibration.sustained_share = options.sustained_share.value_or(base ? base->sustained_share : 1.0);
  calibration.eager_launch = options.eager_launch.value_or(base ? base->eager_launch : 0.0);

  std::array<std::vector<Sample>, kernel_family_count> by_family;
  std::map<std::string, std::size_t> flaws;
  for (const Sample& sample : samples) {
    if (sample.flaw.empty()) {
      by_family[static_cast<std::size_t>(sample.family)].push_back(sample);
    } else {
      ++flaws[fmt::format("of {}: {}", sample.kernel, sample.flaw)];
    }
  }
  std::vector<std::string> left_out;
  for (const auto& [flaw, count] : flaws) left_out.push_back(fmt::format("{} rows {}", count, flaw));
  std::map<KernelFamily, std::vector<std::string>> at_bound;
  for (std::size_t i = 0; i < kernel_family_count; ++i) {
    const auto family = static_cast<KernelFamily>(i);
    const bool skipped =
        std::find(options.from_base.begin(), options.from_base.end(), name(family)) != options.from_base.end();
    if (by_family[i].empty() || skipped) {
      calibration[family] = filled(fillers, family, calibration.name);
      continue;
    }
    std::vector<Sample> chosen = most_used_kernel(by_family[i], left_out);
    KernelModel start = model_for_kernel(family, chosen.front().kernel);
    if (std::holds_alternative<kernel::FlashInferDecode>(start)) {  // one kernel for both caches: fit them together
      chosen = by_family[static_cast<std::size_t>(KernelFamily::decode_attention)];
      const std::vector<Sample>& narrow =
          by_family[static_cast<std::size_t>(KernelFamily::decode_attention_fp8_cache)];
      chosen.insert(chosen.end(), narrow.begin(), narrow.end());
    }
    FitOptions fit;
    fit.times_cache_write = options.times_cache_write;
    fit.points = static_cast<std::size_t>(options.points);
    fit.progress = show_progress;
    if (base && can_start_at((*base)[family].model, start)) {
      start = (*base)[family].model;
      fit.from_base = true;
    }
    try {
      const FittedKernel fitted = fit_kernel(family, chosen, start, accelerator, calibration, fit);
      calibration[family] = fitted.calibration;
      at_bound[family] = fitted.at_bound;
    } catch (const InputError& error) {
      if (!base) throw;
      left_out.push_back(fmt::format("{} ({} rows): {}", name(family), chosen.size(), error.what()));
      calibration[family] = filled(fillers, family, calibration.name);
    }
  }
  show_progress("");

  Source source;
  source.citations = options.sources;
  if (source.citations.empty()) source.citations.push_back("measurements given to opcost calibrate");
  source.notes = {
      "Fitted by opcost calibrate. Errors and intervals are of whole shape groups that the fit did not see."};
  write_file(options.out, calibration_text(calibration, source));
  print(fmt::format("{}: errors on shape groups that the fit did not see\n\n", calibration.name) +
        summary(calibration, at_bound).render(TableFormat::text, colour_wanted()));
  for (const std::string& kernel : left_out) print(fmt::format("left out: {}\n", kernel));
  fmt::print(stderr, "wrote {}\n", options.out);
}

}  // namespace

void add_calibrate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("calibrate", "Fit efficiency factors to your own measurements");
  command->footer(
      "Example:\n"
      "  opcost calibrate measurements/ --gpu h100-sxm --name my-stack-1.0 --base h100-sxm/vllm-0.24 --out "
      "mine.json");
  const auto options = std::make_shared<Options>();
  command->add_option("paths", options->paths, "Directories or files: " + measurement_file_names())
      ->type_name("PATH");
  command->add_option("--gpu", options->gpu, "The accelerator that was measured")->type_name("NAME|FILE");
  command->add_option("--name", options->name, "The software stack and its version")->type_name("STACK");
  command->add_option("--out", options->out, "The calibration file to write")->type_name("FILE");
  command
      ->add_option(
          "--base", options->base,
          "Start from this calibration, which also fills families without data (default: the GPU's own fills them)")
      ->type_name("NAME|FILE");
  command
      ->add_option("--from-base", options->from_base, "Take this family from --base in spite of data; repeatable")
      ->expected(1)
      ->take_all()
      ->type_name("FAMILY");
  command
      ->add_option("--fill", options->fill,
                   "Families without data that --base has none of either: as this calibration has them; repeatable")
      ->expected(1)
      ->take_all()
      ->type_name("NAME|FILE");
  add_count(*command, "--points", options->points, "Use only so many measurements of a family");
  command->add_flag("--times-cache-write", options->times_cache_write,
                    "The attention latencies include storing the new keys and values");
  command->add_option("--sustained-share", options->sustained_share,
                      "Matrix rate of a constantly busy server over a benchmark's (default: the base's, or 1)");
  command->add_option("--eager-launch", options->eager_launch,
                      "Microseconds that a launch outside a CUDA graph adds (default: the base's, or 0)");
  command->add_option("--source", options->sources, "Where the measurements come from; repeatable")
      ->expected(1)
      ->take_all()
      ->type_name("TEXT");
  command->callback([options] { run(*options); });
}

}  // namespace opcost::program
