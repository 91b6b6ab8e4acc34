// SPDX-License-Identifier: Apache-2.0
//
// What every kind of operation promises, for random valid fields: finite costs that are never negative, never fall
// with more tokens or sequences, and a bound that no estimate goes below. A kind that is added to AnyOperation needs
// an overload of `fill` here before this compiles.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "generators.hpp"
#include "opcost/opcost.hpp"
#include "routing_simulation.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

/// Draws of valid values; the same on every platform.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_.below(count); }
  bool coin() { return random_.below(2) == 1; }
  /// 1 to `highest`, spread over magnitudes, as shapes are.
  std::int32_t size(std::int32_t highest) {
    return static_cast<std::int32_t>(std::pow(double(highest) + 0.5, random_.share()));
  }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  template <class Enumeration>
  Enumeration enumerator(std::size_t count) {
    return static_cast<Enumeration>(below(count));
  }
  /// Formats that stand for their kind: all widths, with and without scales.
  TensorFormat format() {
    return of({formats::bf16, formats::fp16, formats::fp32, formats::fp8, formats::int8, formats::fp8_block,
               formats::fp8_token_group, formats::int4_group, formats::mxfp4, formats::nvfp4});
  }
  RuntimeLinearPrecision linear() {
    return {of({formats::bf16, formats::fp16, formats::fp8, formats::fp8_token_group}), format(),
            of({formats::bf16, formats::fp16, formats::fp32})};
  }
  RuntimeElementwisePrecision elementwise() { return {format(), format()}; }
  RuntimeAttentionPrecision attention() {
    return {of({formats::bf16, formats::fp16, formats::fp8}), format(), of({formats::bf16, formats::fp8})};
  }
  RuntimeLogitPrecision logits() { return {of({formats::fp32, formats::bf16})}; }
  RuntimeRecurrencePrecision recurrence() {
    return {of({formats::bf16, formats::fp16}), of({formats::fp32, formats::bf16}),
            of({formats::fp32, formats::bf16}), formats::bf16};
  }

 private:
  RandomNumbers random_;
};

/// Fields of which a larger value never costs less: groups of them that grow together. `bounds`: a field that the
/// first of the group must not pass.
struct Growth {
  std::vector<std::int32_t*> fields;
  const std::int32_t* bound = nullptr;
};
using Growths = std::vector<Growth>;

// One overload for each kind: fills it with valid values, and says what may grow.

Growths fill(LinearProjection<>& o, Draw& draw) {
  o = {draw.size(1'000'000), draw.size(200'000), draw.size(200'000), draw.coin(), draw.linear()};
  return {{{&o.tokens}}, {{&o.in_features}}, {{&o.out_features}}};
}

void fill(Causal&, Draw&) {}
void fill(Bidirectional&, Draw&) {}
void fill(SlidingWindow& mask, Draw& draw) { mask.window = draw.size(200'000); }
void fill(TopKeys& mask, Draw& draw) { mask.top_k = draw.size(200'000); }

/// Sequences, new tokens within the context, and the context alone and with them.
template <class O>
Growths fill_sequences(O& o, Draw& draw) {
  o.sequences = draw.size(4096);
  o.context_tokens = draw.size(1'000'000);
  o.query_tokens = draw.of({1, o.context_tokens, draw.size(o.context_tokens)});
  return {{{&o.sequences}},
          {{&o.context_tokens}},
          {{&o.query_tokens}, &o.context_tokens},
          {{&o.query_tokens, &o.context_tokens}}};
}

template <class Mask>
Growths fill(Attention<Mask>& o, Draw& draw) {
  const std::int32_t kv_heads = draw.size(32);
  o.heads = {kv_heads * draw.size(16), kv_heads, draw.size(512), draw.size(512)};
  fill(o.mask, draw);
  o.precision = draw.attention();
  o.features = {draw.coin(), draw.coin(), draw.coin()};
  return fill_sequences(o, draw);
}

template <class Mask>
Growths fill(LatentAttention<Mask>& o, Draw& draw) {
  o.heads = {draw.size(128), draw.size(1024), draw.size(128), draw.size(256), draw.size(256)};
  o.form = draw.of({LatentForm::absorbed, LatentForm::expanded});
  fill(o.mask, draw);
  o.precision = draw.attention();
  return fill_sequences(o, draw);
}

Growths fill(AttentionIndexer<>& o, Draw& draw) {
  o.heads = draw.size(128);
  o.dimension = draw.size(256);
  o.precision = {draw.of({formats::fp8, formats::bf16}), draw.format(), draw.of({formats::fp32, formats::bf16})};
  return fill_sequences(o, draw);
}

Growths fill(IndexTopK<>& o, Draw& draw) {
  o.top_k = draw.size(4096);
  o.precision = draw.logits();
  return fill_sequences(o, draw);
}

/// A routing of at least one token.
void fill(ExpertRouting& o, Draw& draw) {
  const std::int32_t experts_per_rank = draw.size(64);
  o.ranks = draw.size(64);
  o.experts = experts_per_rank * o.ranks;
  o.top_k = draw.size(std::min(o.experts, 16));
  o.tokens = draw.size(1'000'000);
  o.kind = draw.enumerator<RoutingKind>(4);
  o.exponent = 0.2 + 0.01 * double(draw.below(280));
}

Growths fill(MixtureOfExperts<>& o, Draw& draw) {
  fill(o.routing, draw);
  o.hidden_size = draw.size(16384);
  o.intermediate_size = draw.size(32768);
  o.gated = draw.coin();
  o.function = draw.enumerator<ActivationFunction>(3);
  o.fusion = draw.enumerator<ExpertFusion>(3);
  o.precision = draw.linear();
  return {{{&o.routing.tokens}}, {{&o.hidden_size}}, {{&o.intermediate_size}}};
}

Growths fill(GroupedProjection<>& o, Draw& draw) {
  fill(o.routing, draw);
  o.in_features = draw.size(16384);
  o.out_features = draw.size(16384);
  o.precision = draw.linear();
  return {{{&o.routing.tokens}}, {{&o.in_features}}, {{&o.out_features}}};
}

Growths fill(BatchedProjection<>& o, Draw& draw) {
  o = {draw.size(256), draw.size(100'000), draw.size(16384), draw.size(16384), draw.linear()};
  return {{{&o.batches}}, {{&o.tokens}}, {{&o.in_features}}, {{&o.out_features}}};
}

template <class O>
Growths fill_rows(O& o, Draw& draw) {
  o.rows = draw.size(1'000'000);
  o.width = draw.size(200'000);
  return {{{&o.rows}}, {{&o.width}}};
}
template <class O>
Growths fill_tokens(O& o, Draw& draw) {
  o.tokens = draw.size(1'000'000);
  o.width = draw.size(200'000);
  return {{{&o.tokens}}, {{&o.width}}};
}

Growths fill(RmsNorm<>& o, Draw& draw) {
  o.precision = draw.elementwise();
  return fill_rows(o, draw);
}
Growths fill(AddRmsNorm<>& o, Draw& draw) {
  o.precision = draw.elementwise();
  return fill_rows(o, draw);
}
Growths fill(LayerNorm<>& o, Draw& draw) {
  o.bias = draw.coin();
  o.precision = draw.elementwise();
  return fill_rows(o, draw);
}
Growths fill(Softcap<>& o, Draw& draw) {
  o.precision = draw.logits();
  return fill_rows(o, draw);
}
Growths fill(Activation<>& o, Draw& draw) {
  o.function = draw.enumerator<ActivationFunction>(3);
  o.gated = draw.coin();
  o.precision = draw.elementwise();
  return fill_tokens(o, draw);
}
Growths fill(ResidualAdd<>& o, Draw& draw) {
  o.precision = draw.elementwise();
  return fill_tokens(o, draw);
}
Growths fill(EmbeddingLookup<>& o, Draw& draw) {
  o.scaled = draw.coin();
  o.precision = draw.elementwise();
  return fill_tokens(o, draw);
}
Growths fill(Quantise<>& o, Draw& draw) {
  o.scales = draw.of({ScaleSource::given, ScaleSource::dynamic});
  o.precision = draw.elementwise();
  return fill_tokens(o, draw);
}
Growths fill(RotaryEmbedding<>& o, Draw& draw) {
  o = {draw.size(1'000'000), draw.size(256), 2 * draw.size(128), draw.elementwise()};
  return {{{&o.tokens}}, {{&o.heads}}};
}
Growths fill(KvCacheWrite<>& o, Draw& draw) {
  o = {draw.size(1'000'000), draw.size(64), draw.size(1024), draw.size(512) - 1, draw.elementwise()};
  return {{{&o.tokens}}, {{&o.kv_heads}}, {{&o.key_dimension}}, {{&o.value_dimension}}};
}
Growths fill(Sampling<>& o, Draw& draw) {
  o = {draw.size(4096), draw.size(300'000), draw.enumerator<SamplingMethod>(5), draw.logits()};
  return {{{&o.sequences}}, {{&o.vocabulary}}};
}
Growths fill(ExpertGate<>& o, Draw& draw) {
  const std::int32_t group = 1 + draw.size(64);
  o.groups = draw.size(8);
  o.experts = o.groups * group;
  o.groups_per_token = draw.size(o.groups);
  o.experts_per_token = draw.size(o.groups_per_token * group);
  o.tokens = draw.size(1'000'000);
  o.scoring = draw.enumerator<GateScoring>(3);
  o.selection_bias = draw.coin();
  o.normalised = draw.coin();
  o.scaled = draw.coin();
  o.precision = draw.logits();
  return {{{&o.tokens}}};
}
Growths fill(GatedDeltaRule<>& o, Draw& draw) {
  o.key_heads = draw.size(16);
  o.value_heads = o.key_heads * draw.size(8);
  o.key_dimension = draw.size(512);
  o.value_dimension = draw.size(512);
  o.decay = draw.of({DeltaRuleDecay::per_head, DeltaRuleDecay::per_channel});
  o.form = draw.of({RecurrenceForm::recurrent, RecurrenceForm::chunked});
  o.chunk_tokens = draw.size(512);
  o.has_initial_state = draw.coin();
  o.stores_every_state = draw.coin();
  o.precision = draw.recurrence();
  o.sequences = draw.size(4096);
  o.query_tokens = draw.size(1'000'000);
  return {{{&o.sequences}}, {{&o.query_tokens}}, {{&o.value_dimension}}};
}
Growths fill(StateSpaceScan<>& o, Draw& draw) {
  o.groups = draw.size(16);
  o.heads = o.groups * draw.size(16);
  o.head_dimension = draw.size(256);
  o.state_dimension = draw.size(256);
  o.form = draw.of({RecurrenceForm::recurrent, RecurrenceForm::chunked});
  o.chunk_tokens = draw.size(512);
  o.selective = draw.coin();
  o.skip = draw.coin();
  o.has_initial_state = draw.coin();
  o.stores_every_state = draw.coin();
  o.precision = draw.recurrence();
  o.sequences = draw.size(4096);
  o.query_tokens = draw.size(1'000'000);
  return {{{&o.sequences}}, {{&o.query_tokens}}, {{&o.head_dimension}}};
}
Growths fill(ShortConvolution<>& o, Draw& draw) {
  o = {draw.size(4096), draw.size(1'000'000), draw.size(65536), draw.size(8),      draw.coin(),
       draw.coin(),     draw.coin(),          draw.coin(),      draw.elementwise()};
  return {{{&o.sequences}}, {{&o.query_tokens}}, {{&o.channels}}};
}

/// Calls visit(value of the kind) for every kind.
template <class Visit, std::size_t... Index>
void for_each_kind(const Visit& visit, std::index_sequence<Index...>) {
  (visit(std::variant_alternative_t<Index, AnyOperation::Variant>{}), ...);
}
template <class Visit>
void for_each_kind(const Visit& visit) {
  for_each_kind(visit, std::make_index_sequence<std::variant_size_v<AnyOperation::Variant>>{});
}

/// Of every kind; REQUIRE once a kind, as a hundred thousand assertions take their time.
constexpr int cases = 4000;

template <class O>
constexpr bool routed = requires(const O& o) {
  o.routing;
};

/// Whether the types of arithmetic and of the operands agree.
template <class O>
bool sensible_type(const O& o) {
  const DataType type = o.compute_type();
  if (o.cost().matrix_flops.value == 0.0) return type == DataType::fp32;
  if constexpr (requires { o.precision.weight; }) {
    return type == multiply_type(o.precision.activation.element, o.precision.weight.element);
  } else if constexpr (requires { o.precision.query; }) {
    return type == o.precision.query.element;
  } else if constexpr (requires { o.precision.input; }) {
    return type == o.precision.input.element;
  } else {
    return false;
  }
}

bool sound(const Cost& cost) {
  bool good = true;
  visit_members(cost, cost, [&](double x, double) { good = good && std::isfinite(x) && x >= 0.0; });
  return good && cost.bytes().value > 0.0;
}

/// Not below, but for what rounding leaves; of weights, `weight_tolerance`.
bool grows(const Cost& larger, const Cost& smaller, double weight_tolerance) {
  bool good = larger.weight_read >= smaller.weight_read * (1.0 - weight_tolerance);
  Cost other = larger;
  other.weight_read = smaller.weight_read;
  visit_members(other, smaller, [&](double x, double y) { good = good && x >= y * (1.0 - 1e-9); });
  return good;
}

/// Where the closed form of the busiest rank's active experts may fall with the tokens: by up to 5 % from a single
/// token, by a tenth of a percent from up to five.
template <class O>
bool few_active_experts(const O& o) {
  if constexpr (routed<O>) return o.routing.kind == RoutingKind::uniform && o.routing.tokens <= 5;
  return false;
}

std::string described(const AnyOperation& operation, int number) {
  const Cost cost = operation.cost();
  return std::string(operation.kind()) + " " + std::to_string(number) + ": " + std::to_string(cost.flops().value) +
         " FLOP, " + std::to_string(cost.bytes().value) + " B";
}
std::string described(const ExpertRouting& routing) {
  return std::string(name(routing.kind)) + " " + std::to_string(routing.exponent) + ", T " +
         std::to_string(routing.tokens) + ", E " + std::to_string(routing.experts) + ", k " +
         std::to_string(routing.top_k) + ", R " + std::to_string(routing.ranks);
}

bool ordered(const LatencyEstimate& estimate, const RooflineBound& bound) {
  return std::isfinite(estimate.high.value) && estimate.bound == bound && bound.time > Seconds{} &&
         bound.time <= estimate.low && estimate.low <= estimate.expected && estimate.expected <= estimate.high;
}

}  // namespace

TEST_CASE("every operation has a name of its own") {
  std::set<std::string_view> names;
  for_each_kind([&](const auto& operation) {
    const std::string_view kind = AnyOperation(operation).kind();
    CAPTURE(kind);
    CHECK_FALSE(kind.empty());
    CHECK(kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK(names.insert(kind).second);
  });
  CHECK(names.size() == std::variant_size_v<AnyOperation::Variant>);
}

TEST_CASE("every operation is valid as it is made") {
  for_each_kind([](const auto& operation) {
    CAPTURE(AnyOperation(operation).kind());
    CHECK_FALSE(operation.violation());
    CHECK(sound(operation.cost()));
  });
}

TEST_CASE("every operation costs something finite and nothing negative, in a type that suits it") {
  for_each_kind([]<class O>(O operation) {
    Draw draw(1);
    for (int i = 0; i < cases; ++i) {
      fill(operation, draw);
      const AnyOperation any(operation);
      const bool valid = !operation.violation();
      const bool good = sound(operation.cost());
      const bool typed = sensible_type(operation);
      const bool same = any.cost() == operation.cost() && any.compute_type() == operation.compute_type() &&
                        any.kind() == O::kind && any == AnyOperation(operation) && !any.violation();
      if (valid && good && typed && same) continue;
      INFO(described(any, i));
      CHECK(valid);
      CHECK(good);
      CHECK(typed);
      CHECK(same);
      break;
    }
    SUCCEED();
  });
}

TEST_CASE("no operation costs less for more of anything") {
  for_each_kind([]<class O>(O operation) {
    Draw draw(2);
    for (int i = 0; i < cases; ++i) {
      const Growths growths = fill(operation, draw);
      if constexpr (routed<O>) {
        // the power law's sampler has two regimes, and the busiest rank of the sparse one has more rows
        if (operation.routing.kind == RoutingKind::power_law) continue;
      }
      const O before = operation;
      for (const Growth& growth : growths) {
        std::int32_t step = draw.size(100'000);
        if (growth.bound != nullptr) step = std::min(step, *growth.bound - *growth.fields.front());
        for (std::int32_t* const field : growth.fields) *field += step;
        const bool valid = !operation.violation();
        const bool good = grows(operation.cost(), before.cost(), few_active_experts(before) ? 0.05 : 1e-9);
        if (!(valid && good)) {
          INFO(described(before, i) << ", field group " << &growth - growths.data() << " by " << step);
          if constexpr (routed<O>) UNSCOPED_INFO(described(before.routing));
          CHECK(valid);
          CHECK(good);
          return;
        }
        operation = before;
      }
    }
    SUCCEED();
  });
}

TEST_CASE("every operation's bound is below its estimate, with every calibration that answers") {
  for_each_kind([]<class O>(O operation) {
    Draw draw(3);
    int asked = 0;
    for (int i = 0; i < cases; ++i) {
      fill(operation, draw);
      const Accelerator& accelerator =
          accelerator_catalogue[draw.below(accelerator_catalogue.size())].specification;
      const Calibration& calibration = *calibration_catalogue[draw.below(calibration_catalogue.size())];
      if (!calibration.answers_for(accelerator)) continue;
      if (operation.cost().matrix_flops.value > 0.0 && !accelerator.supports(operation.compute_type())) continue;
      const ExecutionConditions conditions{draw.coin(), draw.coin(), draw.coin(), draw.coin()};
      const LatencyEstimate estimate = estimate_latency(operation, accelerator, calibration, conditions);
      const LatencyEstimate carried =
          estimate_latency(operation, accelerator, calibration.carried_to(accelerator.name, 1.5), conditions);
      const LatencyEstimate of_any =
          estimate_latency(AnyOperation(operation), accelerator, calibration, conditions);
      // without the cache's update in this kernel, the bound is that of the rest
      RooflineBound bound = roofline_bound(operation, accelerator);
      if (!conditions.cache_write) bound = estimate.bound.bytes <= bound.bytes ? estimate.bound : bound;
      const bool good = ordered(estimate, bound);
      const bool good_carried = ordered(carried, bound) && carried.high >= estimate.high;
      const bool same = of_any.expected == estimate.expected && of_any.bound == estimate.bound;
      ++asked;
      if (good && good_carried && same) continue;
      INFO(described(AnyOperation(operation), i)
           << " on " << accelerator.name.view() << " by " << calibration.name.view() << ": bound "
           << bound.time.value << ", low " << estimate.low.value << ", expected " << estimate.expected.value
           << ", high " << estimate.high.value);
      CHECK(good);
      CHECK(good_carried);
      CHECK(same);
      break;
    }
    CHECK(asked > 1);
  });
}

TEST_CASE("no part of an estimate is negative") {
  for_each_kind([]<class O>(O operation) {
    Draw draw(4);
    for (int i = 0; i < cases; ++i) {
      fill(operation, draw);
      const Accelerator& accelerator =
          accelerator_catalogue[draw.below(accelerator_catalogue.size())].specification;
      const Calibration& calibration = *calibration_catalogue[draw.below(calibration_catalogue.size())];
      if (!calibration.answers_for(accelerator)) continue;
      const LatencyEstimate estimate = estimate_latency(operation, accelerator, calibration);
      if (estimate.compute.value >= 0.0 && estimate.memory.value >= 0.0 && estimate.overhead.value >= 0.0) continue;
      INFO(described(AnyOperation(operation), i)
           << " on " << accelerator.name.view() << " by " << calibration.name.view() << ": compute "
           << estimate.compute.value << ", memory " << estimate.memory.value << ", overhead "
           << estimate.overhead.value);
      CHECK(estimate.compute.value >= 0.0);
      CHECK(estimate.memory.value >= 0.0);
      CHECK(estimate.overhead.value >= 0.0);
      break;
    }
    SUCCEED();
  });
}

TEST_CASE("no tokens of a routing take no FLOPs, and an estimate stays finite") {
  for (const RoutingKind kind :
       {RoutingKind::balanced, RoutingKind::uniform, RoutingKind::power_law, RoutingKind::near_balanced}) {
    const MixtureOfExperts<> block{.routing = {0, 64, 4, 8, kind, 1.2}, .hidden_size = 64, .intermediate_size = 32};
    CHECK(block.cost() == Cost{});
    for (const Calibration* calibration : calibration_catalogue) {
      const LatencyEstimate estimate = estimate_latency(block, accelerators::h100_sxm, *calibration);
      CAPTURE(calibration->name.view());
      CHECK(std::isfinite(estimate.high.value));
      CHECK(estimate.low >= Seconds{});
      CHECK(estimate.low <= estimate.expected);
      CHECK(estimate.expected <= estimate.high);
    }
  }
}
