// SPDX-License-Identifier: Apache-2.0
#include "list_command.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "op_catalogue.hpp"
#include "opcost/io/format.hpp"
#include "opcost/latency/catalogue.hpp"
#include "opcost/opcost.hpp"
#include "output.hpp"
#include "table.hpp"
#include "usage.hpp"

namespace opcost::program {
namespace {

template <class Number>
std::string or_dash(const Number& number, const std::string& text) {
  return number == Number{} ? "–" : text;
}

Table gpus() {
  std::vector<Table::Column> columns{{"name", false}, {"product", false}};
  constexpr std::array<DataType, 4> shown{DataType::bf16, DataType::fp8, DataType::fp4, DataType::fp32};
  for (const DataType type : shown) columns.push_back({fmt::format("{} TFLOPS", type)});
  for (const char* heading : {"memory", "bandwidth", "ridge bf16", "link/direction"}) columns.push_back({heading});
  Table table(columns);
  for (const AcceleratorEntry& entry : accelerator_catalogue) {
    const Accelerator& a = entry.specification;
    std::vector<Cell> cells{std::string(a.name.view()), std::string(entry.product)};
    for (const DataType type : shown) {
      cells.emplace_back(or_dash(a.peaks[type], fmt::format("{:g}", a.peaks[type].value * 1e-12)));
    }
    cells.emplace_back(fmt::format("{:g} GB", a.memory_capacity.value * 1e-9));
    cells.emplace_back(fmt::format("{:g} TB/s", a.memory_bandwidth.value * 1e-12));
    cells.emplace_back(significant(a.peaks[DataType::bf16] / a.memory_bandwidth / Intensity{1.0}));
    cells.emplace_back(or_dash(a.scale_up.bandwidth,
                               fmt::format("{:g} GB/s {}", a.scale_up.bandwidth.value * 1e-9, a.scale_up.kind)));
    table.add_row(cells);
  }
  return table;
}

/// What a model's layers are made of: "80 attention", "48: 12 attention, 36 delta rule".
std::string layers(const ModelConfig& m) {
  const std::int32_t local = m.local_layers();
  const std::array<std::pair<std::int32_t, std::string>, 6> kinds{
      {{m.global_layers(), "attention"},
       {local, fmt::format("local ({})", m.sliding_window)},
       {m.layers(TokenMixer::latent_attention), m.latent.indexer_heads > 0 ? "sparse latent" : "latent"},
       {m.layers(TokenMixer::delta_rule), "delta rule"},
       {m.layers(TokenMixer::state_space), "state space"},
       {m.layers(TokenMixer::none), "feed-forward alone"}}};
  std::string text;
  for (const auto& [count, kind] : kinds) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, kind);
  }
  return text.find(',') == std::string::npos ? text : fmt::format("{}: {}", m.layers(), text);
}

std::string experts(const ModelConfig& m) {
  if (m.layers(FeedForward::experts) == 0) return "–";
  return fmt::format("{} of {}{}", m.experts.experts_per_token, m.experts.experts,
                     m.experts.shared_intermediate_size > 0 ? " + shared" : "");
}

Table models() {
  Table table({{"name", false},
               {"parameters"},
               {"active"},
               {"layers", false},
               {"experts", false},
               {"hidden"},
               {"KV bytes/token (bf16)"},
               {"state/sequence"}});
  for (const ModelConfig& m : model_catalogue) {
    table.add_row({std::string(m.name.view()), fmt::format("{:.2f} B", parameters(m) * 1e-9),
                   fmt::format("{:.2f} B", active_parameters(m) * 1e-9), layers(m), experts(m),
                   fmt::format("{}", m.hidden_size), fmt::format("{}", kv_cache_bytes_per_token(m, formats::bf16)),
                   or_dash(recurrent_state_bytes(m), fmt::format("{}", recurrent_state_bytes(m)))});
  }
  return table;
}

/// A row for each kind; two in text, so that it fits a terminal.
Table operations(TableFormat format) {
  if (format != TableFormat::text) {
    Table table({{"kind", false},
                 {"descriptor", false},
                 {"explained by", false},
                 {"FLOPs", false},
                 {"elements moved", false},
                 {"source", false}});
    for (const OperationDescription& known : operation_descriptions()) {
      table.add_row({std::string(known.kind), std::string(known.descriptor),
                     fmt::format("opcost op {}", known.command), std::string(known.flops), std::string(known.bytes),
                     std::string(known.source)});
    }
    return table;
  }
  Table table(
      {{"kind, descriptor", false}, {"FLOPs, then elements moved", false}, {"source, then `opcost op`", false}});
  for (const OperationDescription& known : operation_descriptions()) {
    table.add_row({std::string(known.kind), std::string(known.flops), std::string(known.source)});
    table.add_row(
        {fmt::format("  {}", known.descriptor), std::string(known.bytes), fmt::format("  {}", known.command)});
  }
  return table;
}

Table data_types_table() {
  Table table({{"name", false}, {"what it is", false}});
  for (const NamedModelPrecision& precision : model_precisions) {
    table.add_row({std::string(precision.name), std::string(precision.description)});
  }
  return table;
}

/// A row for each measured family; in text, long kernel names are cut so that a row fits a wide terminal.
Table calibrations(TableFormat format) {
  constexpr std::size_t longest = 32;
  const auto kernel_name = [format](std::string_view kernel) {
    if (format != TableFormat::text || kernel.size() <= longest) return std::string(kernel);
    return std::string(kernel.substr(0, longest - 1)) + "…";
  };

  Table table({{"name", false},
               {"for", false},
               {"family", false},
               {"kernel", false},
               {"measurements"},
               {"mean error"},
               {"80 % interval"},
               {"factors from", false}});
  for (const Calibration* calibration : calibration_catalogue) {
    std::string title(calibration->name.view());
    std::string target(calibration->accelerator.empty() ? "any GPU" : calibration->accelerator.view());
    const KernelCalibration* unmeasured = nullptr;
    const auto add = [&](std::string_view family, const KernelCalibration& kernel) {
      const bool measured = kernel.rows != 0;
      table.add_row({std::exchange(title, ""), std::exchange(target, ""), std::string(family),
                     kernel_name(kernel.kernel.view()), measured ? fmt::format("{}", kernel.rows) : "–",
                     measured ? fmt::format("{:.1f} %", kernel.error.mean) : "–",
                     fmt::format("{:.2f} – {:.2f}", kernel.interval.low, kernel.interval.high),
                     std::string(kernel.transferred_from.view())});
    };
    for (std::size_t i = 0; i < kernel_family_count; ++i) {
      const KernelCalibration& kernel = calibration->kernels[i];
      if (kernel.rows != 0) add(kernel_families[i].name, kernel);
      if (kernel.rows == 0) unmeasured = &kernel;
    }
    if (unmeasured != nullptr) add("others", *unmeasured);
    table.add_rule();
  }
  return table;
}

Table serving_systems_table() {
  Table table(
      {{"name", false}, {"product", false}, {"host/step"}, {"host/sequence"}, {"overlap"}, {"source", false}});
  for (const ServingSystemEntry& entry : serving_system_catalogue) {
    const ServingSystem& system = entry.specification;
    table.add_row({std::string(system.name.view()), std::string(entry.product),
                   fmt::format("{}", system.host_per_step), fmt::format("{}", system.host_per_sequence),
                   fmt::format("{:g} %", 100.0 * system.collective_overlap), std::string(entry.source)});
  }
  return table;
}

/// A row for each price; in text, its list is named in the first only.
Table prices(TableFormat format) {
  Table table({{"list", false}, {"date", false}, {"gpu", false}, {"price/h"}, {"source", false}});
  for (const PriceListEntry& entry : price_list_catalogue) {
    const PriceList& list = entry.specification;
    for (std::size_t i = 0; i < list.size; ++i) {
      const AcceleratorPrice& price = list.prices[i];
      const bool named = i == 0 || format != TableFormat::text;
      table.add_row({std::string(named ? list.name.view() : ""), std::string(named ? list.date.view() : ""),
                     std::string(price.accelerator.view()),
                     fmt::format("{}{:.2f}", list.unit == PriceUnit::dollars ? "$" : "× ", price.per_hour),
                     std::string(named ? entry.source : "")});
    }
    table.add_rule();
  }
  return table;
}

}  // namespace

void add_list_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("list",
                         "What there is to choose from: gpus, models, operations, dtypes, calibrations, "
                         "serving-systems, prices");
  command->footer("Example:\n  opcost list gpus");
  const auto what = std::make_shared<std::string>();
  const auto format = std::make_shared<std::string>("table");
  add_choice(*command, "what", *what, "What to list",
             {"gpus", "models", "operations", "dtypes", "calibrations", "serving-systems", "prices"})
      ->required();
  add_choice(*command, "--format", *format, "How to print (default: table)", {"table", "markdown", "csv"});
  command->callback([what, format] {
    const TableFormat as = table_format(*format);
    const Table table = *what == "gpus"              ? gpus()
                        : *what == "models"          ? models()
                        : *what == "dtypes"          ? data_types_table()
                        : *what == "calibrations"    ? calibrations(as)
                        : *what == "serving-systems" ? serving_systems_table()
                        : *what == "prices"          ? prices(as)
                                                     : operations(as);
    print(table.render(as, colour_wanted()));
  });
}

}  // namespace opcost::program
