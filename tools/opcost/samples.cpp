// SPDX-License-Identifier: Apache-2.0
#include "samples.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "opcost/io/format.hpp"
#include "opcost/io/json.hpp"

namespace opcost::program {
namespace {

/// DeepGEMM's benchmark of grouped products draws the loads of experts within 30 % of their mean.
constexpr RoutingKind grouped_benchmark_routing = RoutingKind::near_balanced;

struct NamedFormats {
  std::string_view name;
  TensorFormat activation;
  TensorFormat weight;
};

/// The formats that the column dtype names, out of those that this kind of kernel has. Throws InputError.
template <std::size_t Count>
const NamedFormats& formats_of(const MeasuredRow& row, const std::array<NamedFormats, Count>& known) {
  const std::string& type = row.text("dtype");
  const std::string_view full = type == "bf16" ? "bfloat16" : type == "fp16" ? "float16" : std::string_view(type);
  for (const NamedFormats& formats : known) {
    if (formats.name == full) return formats;
  }
  std::vector<std::string_view> names;
  for (const NamedFormats& formats : known) names.push_back(formats.name);
  row.fail("dtype", fmt::format("one of: {}", fmt::join(names, ", ")));
}

constexpr std::array<NamedFormats, 4> linear_formats{{{"bfloat16", formats::bf16, formats::bf16},
                                                      {"float16", formats::fp16, formats::fp16},
                                                      {"fp8", formats::fp8, formats::fp8},
                                                      {"fp8_block", formats::fp8_token_group, formats::fp8_block}}};

constexpr std::array<NamedFormats, 6> experts_formats{{{"bfloat16", formats::bf16, formats::bf16},
                                                       {"float16", formats::fp16, formats::fp16},
                                                       {"fp8", formats::fp8, formats::fp8},
                                                       {"fp8_block", formats::fp8_token_group, formats::fp8_block},
                                                       {"int4_wo", formats::bf16, formats::int4_group},
                                                       {"w4a16_mxfp4", formats::bf16, formats::mxfp4}}};

TensorFormat attention_format(const MeasuredRow& row, std::string_view column) {
  const std::string& type = row.text(column);
  if (type == "bfloat16" || type == "bf16") return formats::bf16;
  if (type == "float16" || type == "fp16") return formats::fp16;
  if (type == "fp8") return formats::fp8;
  row.fail(column, "one of: bfloat16, float16, fp8");
}

/// Turns rows into samples, under the conditions of the benchmarks: short ones, replayed from a CUDA graph, the data
/// in L2 where they fit.
class SampleReader {
 public:
  explicit SampleReader(bool times_cache_write)
      : conditions_{.cold_cache = false, .cache_write = times_cache_write} {}

  void read(const MeasuredRow& row) {
    switch (row.kind) {
      case MeasuredKind::linear: return add_linear(row);
      case MeasuredKind::grouped_matmul: return add_grouped(row);
      case MeasuredKind::experts: return add_experts(row);
      case MeasuredKind::attention: return add_attention(row);
      case MeasuredKind::latent_attention: return add_latent_attention(row);
      case MeasuredKind::delta_rule: return add_delta_rule(row);
      case MeasuredKind::state_space: return add_state_space(row);
      case MeasuredKind::collective: return add_collective(row);
      case MeasuredKind::quantise: return add_quantise(row);
    }
  }

  std::vector<Sample> samples;

 private:
  /// A sample of an operation: its family and dimensions are those that its estimate asks for. `group` is the shape
  /// without its token dimension.
  template <Operation T>
  Sample& add(const T& operation, const MeasuredRow& row, std::string group,
              const ExecutionConditions& conditions) {
    const auto query = kernel_query(operation, conditions);
    const auto dimensions = query.shape.dimensions();
    Sample& sample = add(row, std::move(group), conditions);
    sample.query = query;
    sample.family = query.family;
    sample.dimensions.assign(dimensions.begin(), dimensions.end());
    sample.windowed = query.windowed;
    return sample;
  }
  template <Operation T>
  Sample& add(const T& operation, const MeasuredRow& row, std::string group) {
    return add(operation, row, std::move(group), conditions_);
  }

  Sample& add(const MeasuredRow& row, std::string group, const ExecutionConditions& conditions) {
    Sample& sample = samples.emplace_back();
    sample.conditions = conditions;
    sample.kernel = row.text("kernel");
    sample.data_type = row.text("dtype");
    sample.phase = row.text("phase");
    sample.group = std::move(group);
    if (row.kind != MeasuredKind::grouped_matmul) sample.measured = row.latency();
    sample.file = row.file;
    sample.line = row.line;
    return sample;
  }

  /// C[m, n] = A[m, k] · B[k, n].
  void add_linear(const MeasuredRow& row) {
    const NamedFormats& types = formats_of(row, linear_formats);
    const std::int32_t n = row.count("n");
    const std::int32_t k = row.count("k");
    add(LinearProjection<>{row.count("m"), k, n, false, {types.activation, types.weight, formats::bf16}}, row,
        fmt::format("{} {}", n, k));
  }

  /// Both products of a rank's experts: hidden → 2 · intermediate and intermediate → hidden.
  void add_grouped(const MeasuredRow& row) {
    const NamedFormats& types = formats_of(row, linear_formats);
    const std::string& phase = row.text("phase");
    if (phase != "prefill" && phase != "decode") row.fail("phase", "prefill or decode");
    const std::int32_t hidden = row.count("hidden_size");
    const std::int32_t intermediate = row.count("intermediate_size");
    const std::int32_t top_k = row.count("topk");
    const std::int32_t tokens = row.count("tokens_per_gpu");
    if (tokens > 2147483647 / top_k) row.fail("tokens_per_gpu", "at most 2147483647 rows");
    if (intermediate > 1073741823) row.fail("intermediate_size", "at most 1073741823");
    GroupedProjection<> operation{{tokens * top_k, row.count("num_local_experts"), 1, 1, grouped_benchmark_routing},
                                  hidden,
                                  2 * intermediate,
                                  phase == "decode" ? GroupedLayout::masked : GroupedLayout::contiguous,
                                  {types.activation, types.weight, formats::bf16}};
    const std::string group = fmt::format("{} {} {}", hidden, intermediate, row.count("num_experts"));
    const std::string ranks = fmt::format("{} ranks", row.count("num_gpus"));
    Sample& up = add(operation, row, group);
    up.measured = row.latency("up_proj_us");
    up.divided = ranks;
    operation.in_features = intermediate;
    operation.out_features = hidden;
    Sample& down = add(operation, row, group);
    down.measured = row.latency("down_proj_us");
    down.divided = ranks;
  }

  struct ExpertsLayer {
    std::int32_t hidden, intermediate, experts, top_k;
  };

  /// Experts without a gate: the layers of Nemotron 3 Nano, Super and Ultra.
  static bool known_ungated(const ExpertsLayer& shape) {
    constexpr std::array<std::array<std::int32_t, 4>, 3> ungated{
        {{2688, 1856, 128, 6}, {2048, 5120, 512, 22}, {8192, 5120, 512, 22}}};
    const std::array<std::int32_t, 4> key{shape.hidden, shape.intermediate, shape.experts, shape.top_k};
    return std::find(ungated.begin(), ungated.end(), key) != ungated.end();
  }

  /// Whether the serving system has a tuned configuration for 16-bit experts: vLLM picks its own by rule, SGLang's
  /// Triton layer has files for these local experts and intermediate sizes (H100, fused_moe_triton/configs).
  static bool known_tuned(const std::string& kernel, std::int32_t local_experts, std::int32_t intermediate) {
    if (!kernel_named(kernel, "sglang")) return true;
    if (!kernel_named(kernel, "fused_moe_triton")) return false;
    constexpr std::array<std::pair<std::int32_t, std::int32_t>, 16> tuned{{{128, 768},
                                                                           {128, 384},
                                                                           {128, 192},
                                                                           {128, 704},
                                                                           {128, 352},
                                                                           {64, 1536},
                                                                           {64, 768},
                                                                           {64, 384},
                                                                           {64, 192},
                                                                           {8, 7168},
                                                                           {8, 3584},
                                                                           {8, 1792},
                                                                           {8, 4096},
                                                                           {8, 2048},
                                                                           {16, 2048},
                                                                           {16, 1024}}};
    return std::find(tuned.begin(), tuned.end(), std::pair(local_experts, intermediate)) != tuned.end();
  }

  /// SGLang's benchmark of these models keeps the tokens of other ranks and sends them to expert 0.
  static bool sends_remote_tokens_to_first_expert(const std::string& kernel, const ExpertsLayer& shape,
                                                  std::int32_t ranks) {
    constexpr std::array<std::array<std::int32_t, 3>, 4> affected{
        {{6144, 16384, 8}, {4096, 14336, 8}, {5120, 8192, 16}, {2816, 704, 128}}};
    const std::array<std::int32_t, 3> key{shape.hidden, shape.intermediate, shape.experts};
    return ranks > 1 && kernel_named(kernel, "sglang_fused_moe_triton") &&
           std::find(affected.begin(), affected.end(), key) != affected.end();
  }

  /// "balanced", "uniform" or "power_law_1.2".
  static void set_routing(const MeasuredRow& row, ExpertRouting& routing) {
    const std::string& text = row.text("routing");
    constexpr std::string_view power_law = "power_law_";
    if (text.starts_with(power_law)) {
      routing.kind = RoutingKind::power_law;
      const char* const end = text.data() + text.size();
      const auto [at, error] = std::from_chars(text.data() + power_law.size(), end, routing.exponent);
      if (error == std::errc{} && at == end && !routing.violation()) return;
    } else if (text != "power_law") {
      const auto kind = routing_kind_named(text);
      if (kind) {
        routing.kind = *kind;
        return;
      }
    }
    row.fail("routing", "balanced, uniform or power_law_ and an exponent up to 8, like power_law_1.2");
  }

  /// A fused layer of experts on the busiest rank; `tokens` are those of the expert-parallel group.
  void add_experts(const MeasuredRow& row) {
    const NamedFormats& types = formats_of(row, experts_formats);
    const ExpertsLayer shape{row.count("hidden"), row.count("intermediate"), row.count("experts"),
                             row.count("top_k")};
    const std::int32_t ranks = row.count("ep");
    if (shape.top_k > shape.experts) row.fail("top_k", "at most experts");
    if (shape.experts % ranks != 0) row.fail("ep", "a divisor of experts");
    const std::int32_t shards = row.count("tp");
    const std::int32_t intermediate = (shape.intermediate - 1) / shards + 1;
    const std::string& kernel = row.text("kernel");
    ExpertRouting routing{row.count("tokens"), shape.experts, shape.top_k, ranks};
    set_routing(row, routing);
    ExecutionConditions conditions = conditions_;
    conditions.tuned_experts = row.flag("tuned").value_or(known_tuned(kernel, shape.experts / ranks, intermediate));
    MixtureOfExperts<> operation;
    operation.routing = routing;
    operation.hidden_size = shape.hidden;
    operation.intermediate_size = intermediate;
    operation.gated = row.flag("gated").value_or(!known_ungated(shape));
    operation.precision = {types.activation, types.weight, formats::bf16};
    Sample& sample =
        add(operation, row,
            fmt::format("{} {} {} {}", shape.hidden, shape.intermediate, shape.experts, shape.top_k), conditions);
    sample.divided = fmt::format("tp {} ep {}", shards, ranks);
    if (sends_remote_tokens_to_first_expert(kernel, shape, ranks)) {
      sample.flaw = "with expert parallelism, tokens of other ranks went to the first expert";
    }
  }

  /// A causal prefill (query tokens = context tokens), a decode step, or an encoder's attention, which has no mask;
  /// window 0 is full attention.
  void add_attention(const MeasuredRow& row) {
    const std::int32_t head_dimension = row.count("head_dim");
    const AttentionHeads heads{row.count("query_heads"), row.count("kv_heads"), head_dimension, head_dimension};
    if (heads.query_heads % heads.kv_heads != 0) row.fail("kv_heads", "a divisor of query_heads");
    const auto [query_tokens, context_tokens] = tokens_of(row);
    const std::string& phase = row.text("phase");
    if (phase != "prefill" && phase != "decode" && phase != "encoder") {
      row.fail("phase", "prefill, decode or encoder");
    }
    const RuntimeAttentionPrecision precision{attention_format(row, "dtype"), attention_format(row, "kv_dtype"),
                                              formats::bf16};
    const std::int32_t batch = row.count("batch");
    const std::int32_t window = row.count("window", 0);
    const std::string group = fmt::format("{} {} {} {}", heads.query_heads, heads.kv_heads, head_dimension, window);
    if (phase == "encoder") {
      if (window != 0) row.fail("window", "0 in an encoder");
      ExecutionConditions conditions = conditions_;
      conditions.cache_write = false;
      add(BidirectionalAttention{heads, batch, query_tokens, context_tokens, {}, precision}, row, group,
          conditions);
    } else if (window == 0) {
      add(FullAttention{heads, batch, query_tokens, context_tokens, {}, precision}, row, group);
    } else {
      add(SlidingWindowAttention{heads, batch, query_tokens, context_tokens, {window}, precision}, row, group);
    }
    name_cache_type(row);
  }

  /// The absorbed form, in prefill as in decode.
  void add_latent_attention(const MeasuredRow& row) {
    const LatentHeads heads{.query_heads = row.count("query_heads"),
                            .latent_rank = row.count("latent_rank"),
                            .rope_dimension = row.count("rope_dim")};
    const auto [query_tokens, context_tokens] = tokens_of(row);
    const std::string& phase = row.text("phase");
    if (phase != "prefill" && phase != "decode") row.fail("phase", "prefill or decode");
    ExecutionConditions conditions = conditions_;
    conditions.cache_write = false;
    add(LatentAttention<>{heads,
                          LatentForm::absorbed,
                          row.count("batch"),
                          query_tokens,
                          context_tokens,
                          {},
                          {attention_format(row, "dtype"), attention_format(row, "kv_dtype"), formats::bf16}},
        row, fmt::format("{}", heads.query_heads), conditions);
    name_cache_type(row);
  }

  struct Tokens {
    std::int32_t query, context;
  };
  static Tokens tokens_of(const MeasuredRow& row) {
    const Tokens tokens{row.count("query_tokens"), row.count("context_tokens")};
    if (tokens.query > tokens.context) row.fail("context_tokens", "at least query_tokens");
    return tokens;
  }

  void name_cache_type(const MeasuredRow& row) {
    Sample& sample = samples.back();
    if (sample.data_type != row.text("kv_dtype")) sample.data_type += "/" + row.text("kv_dtype");
  }

  static void require_recurrent_phase(const MeasuredRow& row) {
    const std::string& phase = row.text("phase");
    if (phase != "prefill" && phase != "decode" && phase != "verify") {
      row.fail("phase", "prefill, decode or verify");
    }
  }

  static bool is_convolution(const MeasuredRow& row) { return kernel_named(row.text("kernel"), "conv1d"); }

  void add_convolution(const MeasuredRow& row, double channels, const char* widest) {
    if (channels > 2147483647.0) row.fail(widest, "at most 2147483647 channels");
    const std::string& phase = row.text("phase");
    add(ShortConvolution<>{.sequences = row.count("batch"),
                           .query_tokens = row.count("query_tokens"),
                           .channels = static_cast<std::int32_t>(channels),
                           .width = row.count("conv_width"),
                           .has_initial_state = phase != "prefill",
                           .stores_every_state = phase == "verify"},
        row, fmt::format("{:.0f}", channels));
    samples.back().data_type = "bfloat16";
  }

  /// Kimi delta attention convolves q, k and v one after the other: another kernel than one over all channels.
  void mark_three_convolutions() {
    Sample& sample = samples.back();
    if (!kernel_named(sample.kernel, "qkv3")) sample.kernel += "_qkv3";
  }

  /// One kernel of a gated delta net or of Kimi delta attention: the convolution over q, k and v, or the recurrence.
  void add_delta_rule(const MeasuredRow& row) {
    const std::string& operation = row.text("operation");
    if (operation != "gated_delta_net" && operation != "kimi_delta_attention") {
      row.fail("operation", "gated_delta_net or kimi_delta_attention");
    }
    require_recurrent_phase(row);
    const std::int32_t key_heads = row.count("key_heads");
    const std::int32_t value_heads = row.count("value_heads");
    const std::int32_t key_dimension = row.count("key_dim");
    const std::int32_t value_dimension = row.count("value_dim");
    if (value_heads % key_heads != 0) row.fail("key_heads", "a divisor of value_heads");
    if (is_convolution(row)) {
      add_convolution(row, 2.0 * key_heads * key_dimension + double(value_heads) * value_dimension, "value_heads");
      if (operation == "kimi_delta_attention") mark_three_convolutions();
      return;
    }
    const std::string& phase = row.text("phase");
    add(GatedDeltaRule<>{.sequences = row.count("batch"),
                         .query_tokens = row.count("query_tokens"),
                         .key_heads = key_heads,
                         .value_heads = value_heads,
                         .key_dimension = key_dimension,
                         .value_dimension = value_dimension,
                         .decay = operation == "gated_delta_net" ? DeltaRuleDecay::per_head
                                                                 : DeltaRuleDecay::per_channel,
                         .form = phase == "prefill" ? RecurrenceForm::chunked : RecurrenceForm::recurrent,
                         .has_initial_state = phase != "prefill",
                         .stores_every_state = phase == "verify"},
        row, fmt::format("{} {}", key_heads, value_heads));
    samples.back().data_type = "bfloat16";
  }

  /// The convolution of a Mamba-2 layer, over x, B and C.
  void add_state_space(const MeasuredRow& row) {
    require_recurrent_phase(row);
    if (!is_convolution(row)) row.fail("kernel", "one with conv1d in its name: no other is known");
    add_convolution(
        row, double(row.count("heads")) * row.count("head_dim") + 2.0 * row.count("groups") * row.count("state"),
        "heads");
  }

  /// A library's collective, or a serving system's own all-reduce; "…_eager" ran outside a CUDA graph.
  void add_collective(const MeasuredRow& row) {
    struct NamedType {
      std::string_view name;
      DataType type;
    };
    constexpr std::array<NamedType, 4> types{{{"bfloat16", DataType::bf16},
                                              {"half", DataType::fp16},
                                              {"float", DataType::fp32},
                                              {"int8", DataType::int8}}};
    const auto* const type = std::find_if(
        types.begin(), types.end(), [&row](const NamedType& known) { return known.name == row.text("dtype"); });
    if (type == types.end()) row.fail("dtype", "one of: bfloat16, half, float, int8");
    const std::string& operation = row.text("op");
    const auto pattern = collective_kind_named(operation == "alltoall" ? "all_to_all" : operation);
    if (!pattern) row.fail("op", "one of: all_reduce, reduce_scatter, all_gather, alltoall, point_to_point");
    const Collective collective{*pattern, row.count("gpus", 2), {double(row.count("bytes"))}, type->type};
    std::string kernel = row.text("kernel");
    ExecutionConditions conditions = conditions_;
    conditions.cuda_graph = !kernel.ends_with("_eager");
    conditions.custom_all_reduce = !kernel_named(kernel, "nccl");
    for (const std::string_view launched : {"_eager", "_graph"}) {
      if (kernel.ends_with(launched)) kernel.resize(kernel.size() - launched.size());  // of one kernel, both
    }
    Sample& sample = add(row, fmt::format("{:.0f}", collective.bytes.value), conditions);
    sample.query = collective;
    const auto shape = kernel::CollectiveShape::of(collective, Fabric{}, !conditions.cuda_graph);
    const auto dimensions = shape.dimensions();
    sample.family = collective_family(shape, conditions.custom_all_reduce);
    sample.dimensions.assign(dimensions.begin(), dimensions.end());
    sample.kernel = std::move(kernel);
  }

  /// An m × k activation from bf16 to fp8 with a given scale: the measured elementwise kernel.
  void add_quantise(const MeasuredRow& row) {
    const std::int32_t k = row.count("k");
    add(Quantise<>{row.count("m"), k, ScaleSource::given, {formats::bf16, formats::fp8}}, row,
        fmt::format("{}", k));
  }

  ExecutionConditions conditions_;
};

/// Where a family has one shape only, how ranks divide it tells its groups.
void divide_single_groups(std::vector<Sample>& samples) {
  std::map<KernelFamily, std::string> first;
  std::map<KernelFamily, bool> several;
  for (const Sample& sample : samples) {
    if (first.emplace(sample.family, sample.group).first->second != sample.group) several[sample.family] = true;
  }
  for (Sample& sample : samples) {
    if (!several[sample.family] && !sample.divided.empty()) sample.group += " " + sample.divided;
  }
}

LatencyEstimate as_latency(const CollectiveEstimate& collective) {
  LatencyEstimate estimate;
  estimate.expected = collective.expected;
  estimate.low = collective.low;
  estimate.high = collective.high;
  estimate.memory = collective.transfer;
  estimate.overhead = collective.overhead;
  estimate.bound.time = collective.bound.time;
  estimate.in_fitted_range = collective.in_fitted_range;
  return estimate;
}

}  // namespace

bool kernel_named(const std::string& kernel, std::string_view part) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::search(kernel.begin(), kernel.end(), part.begin(), part.end(),
                     [&small](char a, char b) { return small(a) == b; }) != kernel.end();
}

Measurements measurements_of(const std::vector<std::filesystem::path>& paths, bool times_cache_write) {
  Measurements measurements;
  SampleReader reader(times_cache_write);
  measurements.files = read_measurements(paths, [&reader](const MeasuredRow& row) { reader.read(row); });
  divide_single_groups(reader.samples);
  measurements.samples = std::move(reader.samples);
  return measurements;
}

LatencyEstimate estimate_of(const Sample& sample, const Accelerator& accelerator, const Calibration& calibration) {
  return std::visit(
      [&](const auto& query) {
        if constexpr (std::is_same_v<std::decay_t<decltype(query)>, Collective>) {
          return as_latency(
              estimate_latency(query, Fabric::of(accelerator), accelerator, calibration, sample.conditions));
        } else {
          return estimate_latency(query, accelerator, calibration, sample.conditions);
        }
      },
      sample.query);
}

void require_microseconds(const std::vector<Sample>& samples, const Accelerator& accelerator) {
  const Calibration ideal{};
  std::size_t below = 0;
  for (const Sample& sample : samples) {
    const Seconds bound = estimate_of(sample, accelerator, ideal).bound.time;
    if (sample.measured < bound * 0.1) ++below;
  }
  if (2 * below > samples.size()) {
    throw InputError(fmt::format(
        "{} of {} latencies lie below a tenth of {}'s roofline bound, expected microseconds in latency_us "
        "(milliseconds would be a factor of 1000 too small) and measurements of that accelerator",
        below, samples.size(), accelerator.name));
  }
}

}  // namespace opcost::program
