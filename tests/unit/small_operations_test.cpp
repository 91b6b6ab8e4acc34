// SPDX-License-Identifier: Apache-2.0
//
// The small operations against naive algorithms that count their own work, and against hand calculations.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "counting.hpp"
#include "opcost/operation/add_rms_norm.hpp"
#include "opcost/operation/expert_gate.hpp"
#include "opcost/operation/kv_cache_write.hpp"
#include "opcost/operation/layer_norm.hpp"
#include "opcost/operation/quantise.hpp"
#include "opcost/operation/residual_add.hpp"
#include "opcost/operation/rms_norm.hpp"
#include "opcost/operation/sampling.hpp"
#include "opcost/operation/softcap.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

static_assert(Operation<LayerNorm<>> && Operation<AddRmsNorm<>> && Operation<Quantise<>> &&
              Operation<KvCacheWrite<>>);
static_assert(Operation<Softcap<>> && Operation<Sampling<>> && Operation<ExpertGate<>>);
static_assert(Validatable<LayerNorm<>> && Validatable<AddRmsNorm<>> && Validatable<Quantise<>>);
static_assert(Validatable<KvCacheWrite<>> && Validatable<Softcap<>> && Validatable<Sampling<>>);
static_assert(Validatable<ExpertGate<>>);

// A static format costs what the same format costs at run time, and takes no space.
using Bf16ToFp8 = StaticElementwisePrecision<formats::bf16, formats::fp8>;
constexpr RuntimeElementwisePrecision bf16_to_fp8{formats::bf16, formats::fp8};
static_assert(LayerNorm<Bf16ToFp8>{3, 8, true, {}}.cost() == LayerNorm<>{3, 8, true, bf16_to_fp8}.cost());
static_assert(AddRmsNorm<Bf16ToFp8>{3, 8, {}}.cost() == AddRmsNorm<>{3, 8, bf16_to_fp8}.cost());
static_assert(Quantise<Bf16ToFp8>{3, 8, ScaleSource::given, {}}.cost() ==
              Quantise<>{3, 8, ScaleSource::given, bf16_to_fp8}.cost());
static_assert(KvCacheWrite<Bf16ToFp8>{3, 2, 8, 6, {}}.cost() == KvCacheWrite<>{3, 2, 8, 6, bf16_to_fp8}.cost());
using Bf16Logits = StaticLogitPrecision<formats::bf16>;
static_assert(Softcap<Bf16Logits>{3, 8, {}}.cost() == Softcap<>{3, 8, {formats::bf16}}.cost());
static_assert(Sampling<Bf16Logits>{3, 8, SamplingMethod::top_p, {}}.cost() ==
              Sampling<>{3, 8, SamplingMethod::top_p, {formats::bf16}}.cost());
static_assert(sizeof(Softcap<Bf16Logits>) == 2 * sizeof(std::int32_t));
static_assert(Softcap<StaticLogitPrecision<>>{3, 8, {}}.cost() == Softcap<>{3, 8, {}}.cost());

std::vector<Counting> random_row(std::int32_t size, std::uint32_t seed) {
  Numbers numbers(seed);
  std::vector<Counting> row(static_cast<std::size_t>(size));
  for (Counting& x : row) x = numbers();
  return row;
}

/// Sum of all, in size − 1 additions.
Counting sum(const std::vector<Counting>& row) { return std::accumulate(row.begin() + 1, row.end(), row.front()); }

void layer_norm(std::vector<Counting> row, bool bias) {
  const Counting width{double(row.size())};
  const Counting mean = sum(row) / width;
  std::vector<Counting> squares;
  for (Counting& x : row) {
    x = x - mean;
    squares.push_back(x * x);
  }
  const Counting factor = reciprocal_square_root(sum(squares) / width + Counting{1e-6});
  for (Counting& x : row) {
    x = x * factor * Counting{0.5};
    if (bias) x += Counting{0.25};
  }
}

void add_rms_norm(std::vector<Counting> row, std::vector<Counting> residual) {
  std::vector<Counting> squares;
  for (std::size_t i = 0; i < row.size(); ++i) {
    residual[i] += row[i];
    squares.push_back(residual[i] * residual[i]);
  }
  const Counting factor = reciprocal_square_root(sum(squares) / Counting{double(row.size())} + Counting{1e-6});
  for (Counting& x : residual) x = x * factor * Counting{0.5};
}

/// Quantises rows × columns in blocks, each with the scale that makes its largest element 448.
void quantise(std::int32_t rows, std::int32_t columns, std::int32_t block_rows, std::int32_t block_columns) {
  const std::vector<Counting> x = random_row(rows * columns, 5);
  for (std::int32_t r0 = 0; r0 < rows; r0 += block_rows) {
    for (std::int32_t c0 = 0; c0 < columns; c0 += block_columns) {
      std::vector<std::size_t> block;
      for (std::int32_t r = r0; r < std::min(rows, r0 + block_rows); ++r) {
        for (std::int32_t c = c0; c < std::min(columns, c0 + block_columns); ++c) {
          block.push_back(static_cast<std::size_t>(r * columns + c));
        }
      }
      Counting largest{0.0};
      for (const std::size_t i : block) {
        tally.flops += 1.0;  // |x| counts here
        largest = larger(largest, magnitude(x[i]));
      }
      const Counting scale = larger(largest, Counting{1e-12}) / Counting{448.0};
      const Counting inverse = Counting{1.0} / scale;
      for (const std::size_t i : block) {
        const Counting y = smaller(larger(x[i] * inverse, Counting{-448.0}), Counting{448.0});
        REQUIRE(y.value * scale.value == Approx(x[i].value).margin(1e-9));
      }
    }
  }
}

/// The indices of the `chosen` largest, by repeated maximum among those left.
std::vector<std::size_t> select(const std::vector<Counting>& scores, std::vector<std::size_t> left, int chosen) {
  std::vector<std::size_t> result;
  for (int i = 0; i < chosen; ++i) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < left.size(); ++j) {
      if (scores[left[best]] < scores[left[j]]) best = j;
    }
    result.push_back(left[best]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
  }
  return result;
}

std::vector<std::size_t> indices(std::size_t from, std::size_t count) {
  std::vector<std::size_t> result(count);
  std::iota(result.begin(), result.end(), from);
  return result;
}

void softmax(std::vector<Counting>& x, bool sorted) {
  Counting maximum = x[0];
  if (!sorted) {
    for (std::size_t i = 1; i < x.size(); ++i) maximum = larger(maximum, x[i]);
  }
  for (Counting& value : x) value = exponential(value - maximum);
  const Counting total = sum(x);
  for (Counting& value : x) value = value / total;
}

/// One token through the gate, as DeepSeek's and Mixtral's reference code do it.
void gate(const ExpertGate<>& operation, std::uint32_t seed) {
  const std::size_t experts = static_cast<std::size_t>(operation.experts);
  const std::size_t groups = static_cast<std::size_t>(operation.groups);
  const std::size_t group_size = experts / groups;
  const bool of_selected = operation.scoring == GateScoring::softmax_of_selected;
  std::vector<Counting> scores = random_row(operation.experts, seed);
  if (operation.scoring == GateScoring::softmax) softmax(scores, false);
  if (operation.scoring == GateScoring::sigmoid) {
    for (Counting& score : scores) score = Counting{1.0} / (Counting{1.0} + exponential(-score));
  }
  std::vector<Counting> choice = scores;
  if (operation.selection_bias) {
    for (Counting& score : choice) score += Counting{0.01};
  }
  std::vector<std::size_t> candidates = indices(0, experts);
  if (groups > 1) {
    std::vector<Counting> group_scores;
    for (std::size_t group = 0; group < groups; ++group) {
      const auto best = select(choice, indices(group * group_size, group_size), operation.selection_bias ? 2 : 1);
      group_scores.push_back(operation.selection_bias ? choice[best[0]] + choice[best[1]] : choice[best[0]]);
    }
    candidates.clear();
    for (const std::size_t group : select(group_scores, indices(0, groups), operation.groups_per_token)) {
      for (const std::size_t expert : indices(group * group_size, group_size)) candidates.push_back(expert);
    }
  }
  std::vector<Counting> weights;
  for (const std::size_t expert : select(choice, candidates, operation.experts_per_token)) {
    weights.push_back(scores[expert]);
  }
  if (of_selected) softmax(weights, true);
  if (operation.normalised && !of_selected) {
    const Counting total = sum(weights);
    for (Counting& weight : weights) weight = weight / total;
  }
  if (operation.scaled) {
    for (Counting& weight : weights) weight *= Counting{2.5};
  }
}

/// Bits in the order of the numbers: what radix select sorts by.
std::uint32_t key(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

constexpr double temperature = 0.7;

/// The key at which the mass of all larger keys and its own first reaches `share` of the total (for top-k: `share`
/// elements), in three passes over the logits.
std::uint32_t radix_threshold(const std::vector<Counting>& logits, double share, bool mass, Counting maximum,
                              int& passes) {
  std::uint32_t prefix = 0;
  double above = 0.0;  // the mass of keys that are larger than the prefix's range
  double target = share;
  int shift = 32;
  for (const int bits : {11, 11, 10}) {
    ++passes;
    shift -= bits;
    std::vector<Counting> bins(std::size_t{1} << bits);
    for (const Counting x : logits) {
      const std::uint32_t digits = key(float(x.value)) >> shift;
      Counting weight{1.0};
      if (mass) weight = exponential((x - maximum) * Counting{1.0 / temperature});
      bool matches = true;
      if (shift + bits < 32) {
        tally.flops += 1.0;  // the comparison of the higher digits
        matches = (digits >> bits) == prefix;
      }
      bins[digits & ((1u << bits) - 1u)] += Counting{matches ? weight.value : 0.0};
    }
    if (mass && shift + bits == 32) {
      double total = 0.0;
      for (const Counting& bin : bins) total += bin.value;
      target = share * total;
    }
    std::uint32_t digit = (1u << bits) - 1u;
    while (digit > 0 && above + bins[digit].value < target) above += bins[digit--].value;
    prefix = (prefix << bits) | digit;
  }
  return prefix;
}

/// One token from the logits of one sequence; returns it and counts the passes.
std::size_t sample(std::vector<Counting> logits, SamplingMethod method, double parameter, Numbers& noise,
                   int& passes) {
  const auto pass_for_maximum = [&] {
    ++passes;
    Counting maximum{-1e30};
    for (const Counting x : logits) maximum = larger(maximum, x);
    return maximum;
  };
  std::uint32_t threshold = 0;
  bool narrowed = true;
  if (method == SamplingMethod::greedy) {
    const Counting maximum = pass_for_maximum();
    return static_cast<std::size_t>(
        std::find_if(logits.begin(), logits.end(), [&](Counting x) { return x.value == maximum.value; }) -
        logits.begin());
  }
  switch (method) {
    case SamplingMethod::min_p:
      threshold = key(float(pass_for_maximum().value + temperature * std::log(parameter)));
      break;
    case SamplingMethod::top_k: threshold = radix_threshold(logits, parameter, false, {}, passes); break;
    case SamplingMethod::top_p:
      threshold = radix_threshold(logits, parameter, true, pass_for_maximum(), passes);
      break;
    default: narrowed = false;
  }
  ++passes;
  std::size_t best = 0;
  Counting largest{-1e30};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    bool allowed = true;
    if (narrowed) {
      tally.flops += 1.0;  // the comparison with the threshold
      allowed = key(float(logits[i].value)) >= threshold;
    }
    const Counting gumbel = -logarithm(-logarithm(Counting{noise.uniform()}));
    Counting noisy = logits[i] * Counting{1.0 / temperature} + gumbel;
    if (!allowed) noisy.value = -1e30;
    if (largest < noisy) {
      largest = noisy;
      best = i;
    }
  }
  return best;
}

/// The tokens that a method may choose, by sorting.
std::vector<bool> allowed_tokens(const std::vector<Counting>& logits, SamplingMethod method, double parameter) {
  std::vector<std::size_t> order = indices(0, logits.size());
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a].value > logits[b].value; });
  const double maximum = logits[order.front()].value;
  const auto mass = [&](std::size_t i) { return std::exp((logits[i].value - maximum) / temperature); };
  double total = 0.0;
  for (const std::size_t i : order) total += mass(i);
  std::vector<bool> allowed(logits.size(), false);
  double before = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::size_t i = order[rank];
    allowed[i] = method == SamplingMethod::greedy  ? rank == 0
                 : method == SamplingMethod::top_k ? double(rank) < parameter
                 : method == SamplingMethod::top_p ? before < parameter * total
                 : method == SamplingMethod::min_p ? mass(i) >= parameter
                                                   : true;
    before += mass(i);
  }
  return allowed;
}

}  // namespace

TEST_CASE("layer normalisation costs what its loop does") {
  for (const std::int32_t rows : {1, 2, 5}) {
    for (const std::int32_t width : {1, 2, 7, 64}) {
      for (const bool bias : {false, true}) {
        const Tally work = tally_of([&] {
          for (std::int32_t row = 0; row < rows; ++row) {
            layer_norm(random_row(width, static_cast<std::uint32_t>(row)), bias);
          }
        });
        const LayerNorm<> operation{rows, width, bias, {}};
        CHECK(operation.cost().vector_flops.value == work.flops);
        CHECK(operation.cost().exponentials == work.exponentials);
      }
    }
  }
  // 3 rows of 8 in bf16: 48 B; weight and bias 16 B each
  const Cost cost = LayerNorm<>{3, 8, true, {formats::bf16, formats::fp32}}.cost();
  CHECK(cost.weight_read.value == 32.0);
  CHECK(cost.activation_read.value == 48.0);
  CHECK(cost.activation_write.value == 96.0);
  CHECK((LayerNorm<>{3, 8, false, {}}.cost().weight_read.value) == 16.0);
}

TEST_CASE("the fused residual addition saves one read and no FLOPs") {
  for (const std::int32_t width : {1, 2, 7, 64}) {
    const Tally work = tally_of([&] { add_rms_norm(random_row(width, 1), random_row(width, 2)); });
    CHECK((AddRmsNorm<>{1, width, {}}.cost().vector_flops.value) == work.flops);
    const Cost fused = AddRmsNorm<>{5, width, {}}.cost();
    const Cost unfused = ResidualAdd<>{5, width, {}}.cost() + RmsNorm<>{5, width, {}}.cost();
    CHECK(fused.vector_flops == unfused.vector_flops);
    CHECK(fused.weight_read == unfused.weight_read);
    CHECK((unfused.bytes() - fused.bytes()).value == 5.0 * width * 2.0);
  }
  // 3 rows of 8: x and residual in, residual out in bf16 (48 B each), y in fp8 (24 B)
  const Cost cost = AddRmsNorm<>{3, 8, bf16_to_fp8}.cost();
  CHECK(cost.activation_read.value == 96.0);
  CHECK(cost.activation_write.value == 72.0);
}

TEST_CASE("quantisation costs what its loop does, block by block") {
  for (const std::int32_t rows : {1, 3, 4}) {
    for (const std::int32_t columns : {1, 5, 12}) {
      for (const std::int32_t block_rows : {1, 2}) {
        for (const std::int32_t block_columns : {1, 4, 12}) {
          const Tally work = tally_of([&] { quantise(rows, columns, block_rows, block_columns); });
          const TensorFormat format{DataType::fp8, DataType::fp32, block_rows, block_columns};
          const Quantise<> operation{rows, columns, ScaleSource::dynamic, {formats::bf16, format}};
          CHECK(operation.cost().vector_flops.value == work.flops);
        }
      }
      const Tally whole = tally_of([&] { quantise(rows, columns, rows, columns); });
      CHECK((Quantise<>{rows, columns, ScaleSource::dynamic, bf16_to_fp8}.cost().vector_flops.value) ==
            whole.flops);
    }
  }
}

TEST_CASE("quantisation's traffic, by hand: 2 × 300 in bf16 are 1200 B, in fp8 600 B, 2·3 scales 24 B") {
  const auto cost = [](const TensorFormat& from, const TensorFormat& to, ScaleSource scales) {
    return Quantise<>{2, 300, scales, {from, to}}.cost();
  };
  const Cost tensor = cost(formats::bf16, formats::fp8, ScaleSource::given);
  CHECK(tensor.vector_flops.value == 1800.0);
  CHECK(tensor.activation_read.value == 1200.0);
  CHECK(tensor.activation_write.value == 600.0);
  const Cost dynamic_tensor = cost(formats::bf16, formats::fp8, ScaleSource::dynamic);
  CHECK(dynamic_tensor.vector_flops.value == 3003.0);
  CHECK(dynamic_tensor.activation_read.value == 2400.0);
  CHECK(dynamic_tensor.activation_write.value == 600.0);
  const Cost groups = cost(formats::bf16, formats::fp8_token_group, ScaleSource::dynamic);
  CHECK(groups.vector_flops.value == 3018.0);
  CHECK(groups.activation_read.value == 1200.0);
  CHECK(groups.activation_write.value == 624.0);
  const Cost given_groups = cost(formats::bf16, formats::fp8_token_group, ScaleSource::given);
  CHECK(given_groups.vector_flops.value == 1800.0);
  CHECK(given_groups.activation_read.value == 1224.0);
  CHECK(given_groups.activation_write.value == 600.0);
  for (const ScaleSource scales : {ScaleSource::given, ScaleSource::dynamic}) {  // no scales to find
    const Cost back = cost(formats::fp8_token_group, formats::bf16, scales);
    CHECK(back.vector_flops.value == 600.0);
    CHECK(back.activation_read.value == 624.0);
    CHECK(back.activation_write.value == 1200.0);
  }
  // fp8 in groups to mxfp4: 1 to dequantise, 5 to quantise, 3 for each of 2·10 scales; 300 B and 20 B written
  const Cost again = cost(formats::fp8_token_group, formats::mxfp4, ScaleSource::dynamic);
  CHECK(again.vector_flops.value == 3660.0);
  CHECK(again.activation_read.value == 624.0);
  CHECK(again.activation_write.value == 320.0);
}

TEST_CASE("the KV-cache write, by hand") {
  // 3 tokens of 2 heads with 8 + 6 elements: 84 elements, 168 B in bf16; slots 24 B
  const Cost plain = KvCacheWrite<>{3, 2, 8, 6, {}}.cost();
  CHECK(plain.flops().value == 0.0);
  CHECK(plain.activation_read.value == 192.0);
  CHECK(plain.kv_cache_write.value == 168.0);
  CHECK(plain.activation_write.value + plain.kv_cache_read.value + plain.weight_read.value == 0.0);
  const Cost fp8 = KvCacheWrite<>{3, 2, 8, 6, bf16_to_fp8}.cost();
  CHECK(fp8.vector_flops.value == 84.0);
  CHECK(fp8.activation_read.value == 192.0);
  CHECK(fp8.kv_cache_write.value == 84.0);
  // scales per head vector: 3·2 of keys and 3·2 of values, 4 B each
  CHECK((KvCacheWrite<>{3, 2, 8, 6, {formats::bf16, formats::fp8_token_group}}.cost().kv_cache_write.value) ==
        132.0);
  // DeepSeek's latent: 576 elements a token
  const KvCacheWrite<> latent{3, 1, 576, 0, {}};
  CHECK(latent.cost().kv_cache_write.value == 3456.0);
  CHECK_FALSE(latent.violation());
  CHECK(KvCacheWrite<>{3, 1, 576, -1, {}}.violation()->field == "value_dimension");
  CHECK(KvCacheWrite<>{3, 1, 0, 1, {}}.violation()->field == "key_dimension");
}

TEST_CASE("soft capping costs what its loop does") {
  const std::vector<Counting> logits = random_row(60, 3);
  const Tally work = tally_of([&] {
    for (const Counting x : logits) {
      const Counting u = x * Counting{1.0 / 30.0};
      const Counting tanh = Counting{1.0} - Counting{2.0} / (exponential(Counting{2.0} * u) + Counting{1.0});
      const Counting y = tanh * Counting{30.0};
      REQUIRE(y.value == Approx(30.0 * std::tanh(x.value / 30.0)));
    }
  });
  const Cost cost = Softcap<>{3, 20, {}}.cost();
  CHECK(cost.vector_flops.value == work.flops);
  CHECK(cost.exponentials == work.exponentials);
  CHECK(cost.activation_read.value == 240.0);  // fp32
  CHECK(cost.activation_write.value == 240.0);
}

TEST_CASE("sampling without sorting draws allowed tokens, and costs what it does") {
  constexpr std::int32_t sequences = 20;
  const auto agrees = [](SamplingMethod method, double parameter, std::int32_t vocabulary) {
    INFO("method " << int(method) << ", vocabulary " << vocabulary);
    int passes = 0;
    const Tally work = tally_of([&] {
      for (std::uint32_t sequence = 0; sequence < sequences; ++sequence) {
        const std::vector<Counting> logits = random_row(vocabulary, sequence);
        Numbers noise(sequence + 100);
        const std::size_t token = sample(logits, method, parameter, noise, passes);
        REQUIRE(allowed_tokens(logits, method, parameter)[token]);
      }
    });
    const Cost cost = Sampling<>{sequences, vocabulary, method, {}}.cost();
    CHECK(cost.vector_flops.value == work.flops);
    CHECK(cost.exponentials == work.exponentials);
    CHECK(cost.activation_read.value == passes * 4.0 * vocabulary);
    CHECK(cost.activation_write.value == 4.0 * sequences);
  };
  for (const std::int32_t vocabulary : {1, 2, 50, 300}) {
    agrees(SamplingMethod::greedy, 0.0, vocabulary);
    agrees(SamplingMethod::categorical, 0.0, vocabulary);
    agrees(SamplingMethod::min_p, 0.3, vocabulary);
    agrees(SamplingMethod::top_k, std::min(vocabulary, 7), vocabulary);
    agrees(SamplingMethod::top_p, 0.6, vocabulary);
  }
}

TEST_CASE("the expert gate costs what its loop does") {
  for (const GateScoring scoring : {GateScoring::softmax, GateScoring::sigmoid, GateScoring::softmax_of_selected}) {
    for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7}) {
      const auto agrees = [&](std::int32_t experts, std::int32_t k, std::int32_t groups, std::int32_t chosen) {
        const ExpertGate<> operation{
            3, experts, k, groups, chosen, scoring, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, {}};
        REQUIRE_FALSE(operation.violation());
        const Tally work = tally_of([&] {
          for (std::uint32_t token = 0; token < 3; ++token) gate(operation, token);
        });
        CHECK(operation.cost().vector_flops.value == work.flops);
        CHECK(operation.cost().exponentials == work.exponentials);
      };
      agrees(1, 1, 1, 1);
      agrees(8, 2, 1, 1);
      agrees(8, 8, 1, 1);
      agrees(32, 6, 1, 1);
      agrees(32, 4, 4, 2);
      agrees(32, 8, 8, 2);
      agrees(6, 2, 3, 3);
    }
  }
}

TEST_CASE("DeepSeek-V3's gate, by hand: 256 experts, 8 of 4 of 8 groups") {
  const ExpertGate<> gate{10, 256, 8, 8, 4, GateScoring::sigmoid, true, true, true, {}};
  const Cost cost = gate.cost();
  // sigmoid 512; bias 256; 8 groups of 31 + 30 + 1; 4 of 8: 7 + 6 + 5 + 4; 8 of 128: 127 + … + 120; 15; 8
  CHECK(cost.vector_flops.value == 10.0 * (512 + 256 + 496 + 22 + 988 + 15 + 8));
  CHECK(cost.exponentials == 2560.0);
  CHECK(cost.weight_read.value == 1024.0);
  CHECK(cost.activation_read.value == 10240.0);
  CHECK(cost.activation_write.value == 640.0);
  auto broken = gate;
  broken.groups = 7;
  CHECK(broken.violation()->field == "groups");
  broken.groups = 8;
  broken.groups_per_token = 9;
  CHECK(broken.violation()->field == "groups_per_token");
  broken.groups_per_token = 1;
  broken.experts_per_token = 33;
  CHECK(broken.violation()->field == "experts_per_token");
  broken = ExpertGate<>{1, 8, 2, 8, 2, GateScoring::sigmoid, true, false, false, {}};
  CHECK(broken.violation()->field == "groups");
  broken.selection_bias = false;
  CHECK_FALSE(broken.violation());
}

TEST_CASE("tokens add up, and more of anything costs no less") {
  const auto additive = [](auto one, auto three) {
    const Cost left = one.cost() * 3.0;
    Cost right = three.cost();
    right.weight_read = left.weight_read;  // read once, however many tokens there are
    CHECK(left == right);
    CHECK(three.cost().weight_read == one.cost().weight_read);
  };
  additive(LayerNorm<>{1, 40, true, {}}, LayerNorm<>{3, 40, true, {}});
  additive(AddRmsNorm<>{1, 40, {}}, AddRmsNorm<>{3, 40, {}});
  additive(KvCacheWrite<>{1, 2, 40, 30, bf16_to_fp8}, KvCacheWrite<>{3, 2, 40, 30, bf16_to_fp8});
  additive(Quantise<>{1, 40, ScaleSource::dynamic, {formats::bf16, formats::fp8_token_group}},
           Quantise<>{3, 40, ScaleSource::dynamic, {formats::bf16, formats::fp8_token_group}});
  additive(Softcap<>{1, 40, {}}, Softcap<>{3, 40, {}});
  additive(Sampling<>{1, 40, SamplingMethod::top_p, {}}, Sampling<>{3, 40, SamplingMethod::top_p, {}});
  additive(ExpertGate<>{1, 32, 4, 4, 2, GateScoring::softmax, true, true, true, {}},
           ExpertGate<>{3, 32, 4, 4, 2, GateScoring::softmax, true, true, true, {}});

  const auto quantised = [](std::int32_t tokens, std::int32_t width, const TensorFormat& format) {
    return Quantise<>{tokens, width, ScaleSource::dynamic, {formats::bf16, format}}.cost();
  };
  for (std::int32_t n = 1; n < 40; ++n) {
    for (const TensorFormat& format :
         {formats::fp8, formats::fp8_token_group, formats::fp8_block, formats::nvfp4}) {
      REQUIRE(nowhere_below(quantised(n + 1, 9, format), quantised(n, 9, format)));
      REQUIRE(nowhere_below(quantised(9, n + 1, format), quantised(9, n, format)));
    }
    REQUIRE(nowhere_below(ExpertGate<>{.experts = 64, .experts_per_token = n + 1}.cost(),
                          ExpertGate<>{.experts = 64, .experts_per_token = n}.cost()));
    REQUIRE(nowhere_below(ExpertGate<>{.experts = n + 9, .experts_per_token = 8}.cost(),
                          ExpertGate<>{.experts = n + 8, .experts_per_token = 8}.cost()));
  }
}

TEST_CASE("sizes of zero and below are violations") {
  CHECK(LayerNorm<>{0, 8, true, {}}.violation()->field == "rows");
  CHECK(LayerNorm<>{8, -1, true, {}}.violation()->field == "width");
  CHECK(AddRmsNorm<>{0, 8, {}}.violation()->field == "rows");
  CHECK(Quantise<>{.tokens = 0}.violation()->field == "tokens");
  CHECK(KvCacheWrite<>{.tokens = 0}.violation()->field == "tokens");
  CHECK(Softcap<>{0, 8, {}}.violation()->field == "rows");
  CHECK(Sampling<>{.sequences = 0}.violation()->field == "sequences");
  CHECK(ExpertGate<>{.experts = 0}.violation()->field == "experts");
  // and cost nothing a token
  CHECK(Softcap<>{0, 8, {}}.cost() == Cost{});
  CHECK(Sampling<>{0, 8, SamplingMethod::top_k, {}}.cost() == Cost{});
  CHECK(KvCacheWrite<>{.tokens = 0}.cost() == Cost{});
}
