// SPDX-License-Identifier: Apache-2.0
//
// Mixtures of experts against hand calculations, and against naive experts run on a routing written out token by
// token.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "counting.hpp"
#include "opcost/operation/mixture_of_experts.hpp"
#include "routing_simulation.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

static_assert(Operation<MixtureOfExperts<>> && Validatable<MixtureOfExperts<>>);
static_assert(Operation<GroupedProjection<>> && Validatable<GroupedProjection<>>);

constexpr std::int32_t million = 1'000'000;

constexpr ExpertRouting balanced(std::int32_t tokens, std::int32_t experts, std::int32_t top_k,
                                 std::int32_t ranks = 1) {
  return {tokens, experts, top_k, ranks, RoutingKind::balanced, 0.0};
}
constexpr ExpertRouting uniform(std::int32_t tokens, std::int32_t experts, std::int32_t top_k,
                                std::int32_t ranks = 1) {
  return {tokens, experts, top_k, ranks, RoutingKind::uniform, 0.0};
}

/// Experts of a token, for every token.
using Choices = std::vector<std::vector<std::int32_t>>;

Choices random_choices(const ExpertRouting& routing, RandomNumbers& random) {
  Choices choices(static_cast<std::size_t>(routing.tokens));
  for (std::vector<std::int32_t>& chosen : choices) {
    std::set<std::int32_t> distinct;
    while (static_cast<std::int32_t>(distinct.size()) < routing.top_k) {
      distinct.insert(static_cast<std::int32_t>(random.below(static_cast<std::size_t>(routing.experts))));
    }
    chosen.assign(distinct.begin(), distinct.end());
  }
  return choices;
}

/// What one rank does for those choices, counted as it is done.
struct RankWork {
  RankLoad load{};
  double tokens_with_rows = 0.0;
  double multiply_flops = 0.0;  ///< Of both projections.
  Tally activation{};
  double sum_flops = 0.0;
  double weight_elements = 0.0;  ///< Elements of weights that are touched at all.
  double up_read = 0.0, up_write = 0.0, middle_read = 0.0, middle_write = 0.0;
  double down_read = 0.0, down_write = 0.0, sum_read = 0.0, sum_write = 0.0;  ///< Elements.
};

std::vector<Counting> multiplied(const std::vector<Counting>& x, std::int32_t columns) {
  std::vector<Counting> result(static_cast<std::size_t>(columns));
  for (Counting& y : result) {
    for (const Counting& value : x) y += value * Counting{0.5};
  }
  return result;
}

RankWork run(const MixtureOfExperts<>& block, const Choices& choices, std::int32_t rank) {
  const std::int32_t n = block.routing.experts / block.routing.ranks;
  std::set<std::pair<std::int32_t, std::int32_t>> weights;  // (expert, element)
  std::set<std::int32_t> active;
  RankWork work;
  for (const std::vector<std::int32_t>& chosen : choices) {
    bool has_row = false;
    for (const std::int32_t expert : chosen) {
      if (expert / n != rank) continue;
      has_row = true;
      active.insert(expert);
      work.load.rows += 1.0;
      const std::vector<Counting> hidden(static_cast<std::size_t>(block.hidden_size), Counting{0.25});
      std::vector<Counting> up, gate, down;
      work.multiply_flops += tally_of([&] {
                               up = multiplied(hidden, block.intermediate_size);
                               if (block.gated) gate = multiplied(hidden, block.intermediate_size);
                             }).flops;
      const std::int32_t matrices = block.gated ? 3 : 2;
      for (std::int32_t i = 0; i < matrices * block.hidden_size * block.intermediate_size; ++i) {
        weights.insert({expert, i});
      }
      work.up_read += double(hidden.size());
      work.up_write += double(up.size() + gate.size());
      work.middle_read += double(up.size() + gate.size());
      const Tally done = tally_of([&] {
        for (std::size_t i = 0; i < up.size(); ++i) {
          const Counting x = block.gated ? gate[i] : up[i];
          const Counting silu = x / (Counting{1.0} + exponential(-x));
          up[i] = block.gated ? silu * up[i] : silu;
        }
      });
      work.activation.flops += done.flops;
      work.activation.exponentials += done.exponentials;
      work.middle_write += double(up.size());
      work.down_read += double(up.size());
      work.multiply_flops += tally_of([&] { down = multiplied(up, block.hidden_size); }).flops;
      work.down_write += double(down.size());
      work.sum_read += double(down.size());
      std::vector<Counting> result(down.size());
      work.sum_flops += tally_of([&] {
                          for (std::size_t i = 0; i < down.size(); ++i) result[i] += down[i] * Counting{0.125};
                        }).flops;
    }
    if (has_row) work.tokens_with_rows += 1.0;
  }
  work.sum_write = work.tokens_with_rows * block.hidden_size;
  work.load.active_experts = double(active.size());
  work.weight_elements = double(weights.size());
  return work;
}

/// The elements of a bf16 block, with an fp32 weight a row for the sum; as many hidden states are written, and read by
/// a fused layer, as given.
Cost cost_of(const RankWork& work, ExpertFusion fusion, double tokens_with_rows, std::int32_t hidden_size) {
  Cost cost;
  cost.matrix_flops = {work.multiply_flops};
  cost.vector_flops = {work.activation.flops + work.sum_flops};
  cost.exponentials = work.activation.exponentials;
  cost.weight_read = {2.0 * work.weight_elements};
  double read = work.up_read + work.middle_read + work.down_read + work.sum_read;
  double write = work.up_write + work.middle_write + work.down_write + tokens_with_rows * hidden_size;
  if (fusion != ExpertFusion::separate) read -= work.middle_read, write -= work.up_write;
  if (fusion == ExpertFusion::layer) {
    read += tokens_with_rows * hidden_size - work.up_read - work.down_read - work.sum_read;
    write -= work.middle_write + work.down_write;
  }
  cost.activation_read = {2.0 * read + 4.0 * work.load.rows};
  cost.activation_write = {2.0 * write};
  return cost;
}

void require_alike(const Cost& a, const Cost& b, double tolerance = 1e-12) {
  const auto alike = [tolerance](double x, double y) { CHECK(x == Approx(y).epsilon(tolerance).margin(1e-9)); };
  alike(a.matrix_flops.value, b.matrix_flops.value);
  alike(a.vector_flops.value, b.vector_flops.value);
  alike(a.exponentials, b.exponentials);
  alike(a.weight_read.value, b.weight_read.value);
  alike(a.activation_read.value, b.activation_read.value);
  alike(a.activation_write.value, b.activation_write.value);
  CHECK(a.kv_cache_read == Bytes{});
  CHECK(a.kv_cache_write == Bytes{});
}

constexpr std::array fusions{ExpertFusion::separate, ExpertFusion::activation, ExpertFusion::layer};

/// Every set of `count` of 0 … experts − 1.
Choices all_sets(std::int32_t experts, std::int32_t count) {
  Choices sets;
  for (std::uint32_t bits = 0; bits < (1u << experts); ++bits) {
    std::vector<std::int32_t> set;
    for (std::int32_t e = 0; e < experts; ++e) {
      if ((bits >> e & 1u) != 0) set.push_back(e);
    }
    if (static_cast<std::int32_t>(set.size()) == count) sets.push_back(set);
  }
  return sets;
}

const TensorFormat& weight_of(const MixtureOfExperts<>& block) { return block.precision.weight; }

MixtureOfExperts<> with_weight(MixtureOfExperts<> block, const TensorFormat& weight) {
  block.precision.weight = weight;
  return block;
}

MixtureOfExperts<> deepseek_v3(std::int32_t tokens, std::int32_t ranks = 1) {
  return {.routing = balanced(tokens, 256, 8, ranks), .hidden_size = 7168, .intermediate_size = 2048};
}

}  // namespace

TEST_CASE("mixture of experts: the cost of a routing's load is what naive experts do") {
  RandomNumbers random(1);
  for (const ExpertFusion fusion : fusions) {
    for (const bool gated : {false, true}) {
      for (const ExpertRouting& routing :
           {uniform(5, 8, 3, 2), uniform(7, 6, 2, 3), uniform(3, 9, 4), uniform(2, 4, 4, 4)}) {
        const MixtureOfExperts<> block{routing, 6, 5, gated, ActivationFunction::silu, fusion, {}};
        const Choices choices = random_choices(routing, random);
        double rows = 0.0;
        for (std::int32_t rank = 0; rank < routing.ranks; ++rank) {
          const RankWork work = run(block, choices, rank);
          rows += work.load.rows;
          CAPTURE(rank, gated, int(fusion), work.load.rows, work.load.active_experts);
          const double written = block.tokens_with_rows(work.load.rows);
          require_alike(block.cost(work.load), cost_of(work, fusion, written, 6));
          // how many tokens share the rows is an expectation, within what is possible
          CHECK(written <= work.load.rows);
          CHECK(written <= routing.tokens);
          CHECK(written * std::min(routing.top_k, routing.experts / routing.ranks) >=
                work.load.rows * (1.0 - 1e-12));
        }
        CHECK(rows == routing.rows());
      }
    }
  }
}

TEST_CASE("mixture of experts: the expected cost of a rank is the mean over every possible routing") {
  const ExpertRouting routing = uniform(3, 6, 2, 3);
  const Choices sets = all_sets(6, 2);
  REQUIRE(sets.size() == 15);
  for (const ExpertFusion fusion : fusions) {
    const MixtureOfExperts<> block{routing, 4, 3, true, ActivationFunction::silu, fusion, {}};
    Cost sum;
    double count = 0.0;
    for (const auto& first : sets) {
      for (const auto& second : sets) {
        for (const auto& third : sets) {
          const RankWork work = run(block, {first, second, third}, 1);
          sum += cost_of(work, fusion, work.tokens_with_rows, 4);
          count += 1.0;
        }
      }
    }
    require_alike(block.cost(mean_rank(routing)), sum * (1.0 / count));
  }
}

TEST_CASE("mixture of experts: balanced routing by hand") {
  // 12 tokens of 2 experts each: 24 rows, 3 for each of 8 experts; 12 rows and 4 experts on each of 2 ranks
  const MixtureOfExperts<> block{balanced(12, 8, 2, 2),  100, 30, true, ActivationFunction::silu,
                                 ExpertFusion::separate, {}};
  const Cost cost = block.cost();
  CHECK(cost.matrix_flops == Flops{2.0 * 12 * 100 * 60 + 2.0 * 12 * 30 * 100});
  CHECK(cost.vector_flops == Flops{3.0 * 12 * 30 + 2.0 * 12 * 100});
  CHECK(cost.exponentials == 12.0 * 30);
  CHECK(cost.weight_read == Bytes{4 * (2.0 * 100 * 60 + 2.0 * 30 * 100)});
  // up: rows · 100; activation: rows · 60; down: rows · 30; sum: rows · (100 and an fp32 weight)
  CHECK(cost.activation_read == Bytes{12 * (200.0 + 120.0 + 60.0 + 204.0)});
  // 12 · (1 − C(4,2)/C(8,2)) = 12 · 22/28 tokens have a row here
  CHECK(cost.activation_write.value ==
        Approx(12 * (120.0 + 60.0 + 200.0) + 12.0 * 22.0 / 28.0 * 200.0).epsilon(1e-14));
  CHECK(block.compute_type() == DataType::bf16);
}

TEST_CASE("mixture of experts: a fused layer reads a hidden state once") {
  const auto layer_of = [](const ExpertRouting& routing) {
    MixtureOfExperts<> block{.routing = routing, .hidden_size = 100, .intermediate_size = 30};
    block.fusion = ExpertFusion::layer;
    return block;
  };
  // 12 tokens of 2 experts on one rank: each in and out once, and an fp32 weight for each of 24 rows
  const Cost cost = layer_of(balanced(12, 8, 2)).cost();
  CHECK(cost.activation_read == Bytes{12 * 200.0 + 24 * 4.0});
  CHECK(cost.activation_write == Bytes{12 * 200.0});
  // on one of 2 ranks, 12 · 22/28 tokens have some of its 12 rows
  CHECK(layer_of(balanced(12, 8, 2, 2)).cost().activation_read.value ==
        Approx(12.0 * 22.0 / 28.0 * 200.0 + 12 * 4.0).epsilon(1e-14));
  // read in the format that the experts multiply: fp8, with an fp32 scale
  MixtureOfExperts<> narrow = layer_of(balanced(12, 8, 2));
  narrow.precision.activation = formats::fp8_token_group;
  CHECK(narrow.cost().activation_read == Bytes{12 * 104.0 + 24 * 4.0});
}

TEST_CASE("mixture of experts: one token") {
  const MixtureOfExperts<> block{uniform(1, 64, 6), 512, 96, true, ActivationFunction::silu, {}, {}};
  const Cost cost = block.cost();
  CHECK(cost.matrix_flops.value == Approx(2.0 * 6 * 3 * 512 * 96));
  CHECK(cost.weight_read.value == Approx(2.0 * 6 * 3 * 512 * 96));  // its six experts, each once
  CHECK(block.tokens_with_rows(6.0) == Approx(1.0));
}

TEST_CASE("mixture of experts: all experts for every token are so many dense blocks") {
  for (const RoutingKind kind : {RoutingKind::balanced, RoutingKind::uniform}) {
    MixtureOfExperts<> block{uniform(10, 4, 4), 64, 48, false, ActivationFunction::relu, {}, {}};
    block.routing.kind = kind;
    const Cost up = LinearProjection<>{10, 64, 48, false, {}}.cost();
    const Cost middle = Activation<>{10, 48, ActivationFunction::relu, false, {}}.cost();
    const Cost down = LinearProjection<>{10, 48, 64, false, {}}.cost();
    Cost sum;
    sum.vector_flops = {2.0 * 40 * 64};
    sum.activation_read = {40 * (2.0 * 64 + 4.0)};
    sum.activation_write = {10 * 2.0 * 64};
    require_alike(block.cost(), 4.0 * (up + middle + down) + sum);
  }
}

TEST_CASE("mixture of experts: no tokens cost nothing") {
  for (const RoutingKind kind : {RoutingKind::balanced, RoutingKind::uniform, RoutingKind::power_law}) {
    for (const ExpertFusion fusion : fusions) {
      MixtureOfExperts<> block{{0, 16, 2, 4, kind, 1.2}, 64, 48, true, ActivationFunction::silu, fusion, {}};
      CHECK_FALSE(block.violation());
      CHECK(block.cost() == Cost{});
      CHECK(block.up_projection().cost() == Cost{});
      CHECK(block.tokens_with_rows(0.0) == 0.0);
    }
  }
}

TEST_CASE("mixture of experts: separate is the sum of its parts, and each fusion moves fewer bytes") {
  for (const bool gated : {false, true}) {
    for (const TensorFormat& format : {formats::bf16, formats::fp8_token_group}) {
      MixtureOfExperts<> block{uniform(100, 32, 4, 4),
                               384,
                               256,
                               gated,
                               ActivationFunction::gelu_tanh,
                               ExpertFusion::separate,
                               {format, formats::fp8_block, formats::bf16}};
      const RankLoad load = busiest_rank(block.routing);
      Cost sum;
      sum.vector_flops = {2.0 * load.rows * 384};
      sum.activation_read = {load.rows * (2.0 * 384 + 4.0)};
      sum.activation_write = {block.tokens_with_rows(load.rows) * 2.0 * 384};
      const Activation<> middle{1, 256, ActivationFunction::gelu_tanh, gated, {formats::bf16, format}};
      require_alike(block.cost(), block.up_projection().cost() + middle.cost() * load.rows +
                                      block.down_projection().cost() + sum);

      const Cost separate = block.cost();
      block.fusion = ExpertFusion::activation;
      const Cost fused = block.cost();
      block.fusion = ExpertFusion::layer;
      const Cost layer = block.cost();
      CHECK(fused.bytes() < separate.bytes());
      CHECK(layer.bytes() < fused.bytes());
      for (const Cost& cost : {fused, layer}) {
        CHECK(cost.matrix_flops == separate.matrix_flops);
        CHECK(cost.vector_flops == separate.vector_flops);
        CHECK(cost.exponentials == separate.exponentials);
        CHECK(cost.weight_read == separate.weight_read);
      }
      // what the first fusion saves: the up projection's result, written and read
      const double up_bytes = load.rows * (gated ? 2.0 : 1.0) * 256 * 2.0;
      CHECK((separate.bytes() - fused.bytes()).value == Approx(2.0 * up_bytes));
      // and the second: the activation's and the down projection's, and hidden states of tokens with several rows
      const double middle_bytes = tensor_bytes(format, 1, 256).value;
      const double repeated = load.rows - block.tokens_with_rows(load.rows);
      CHECK(repeated > 0.0);
      CHECK((fused.bytes() - layer.bytes()).value ==
            Approx(load.rows * 2.0 * (middle_bytes + 2.0 * 384) + repeated * tensor_bytes(format, 1, 384).value));
    }
  }
}

TEST_CASE("mixture of experts: tokens with a row on a rank, under even routing, are those of an enumeration") {
  for (std::int32_t experts = 1; experts <= 8; ++experts) {
    for (std::int32_t top_k = 1; top_k <= experts; ++top_k) {
      for (std::int32_t ranks = 1; ranks <= experts; ++ranks) {
        if (experts % ranks != 0) continue;
        double with = 0.0, sets = 0.0;
        for (const auto& set : all_sets(experts, top_k)) {
          bool here = false;
          for (const std::int32_t expert : set) here = here || expert < experts / ranks;
          with += here ? 1.0 : 0.0;
          sets += 1.0;
        }
        const std::int32_t tokens = 840;
        const MixtureOfExperts<> block{.routing = uniform(tokens, experts, top_k, ranks)};
        CAPTURE(experts, top_k, ranks);
        CHECK(block.tokens_with_rows(tokens * top_k / double(ranks)) ==
              Approx(tokens * with / sets).epsilon(1e-13));
        if (ranks == 1) CHECK(block.tokens_with_rows(double(tokens) * top_k) == tokens);
      }
    }
  }
}

TEST_CASE("mixture of experts: tokens with a row are possible on any rank") {
  // one expert a rank: every row is a token of its own, on the idlest and the busiest rank alike
  const MixtureOfExperts<> single{.routing = uniform(100, 4, 2, 4)};
  for (const double rows : {1.0, 10.0, 50.0, 75.0, 100.0}) CHECK(single.tokens_with_rows(rows) == Approx(rows));
  // a rank that gets a single row has one token
  const MixtureOfExperts<> idle{.routing = uniform(100, 8, 4)};
  CHECK(idle.tokens_with_rows(1.0) == 1.0);
  double before = 0.0;
  const MixtureOfExperts<> block{.routing = uniform(1000, 64, 6, 8)};
  for (double rows = 0.0; rows <= 6000.0; rows += 50.0) {
    const double tokens = block.tokens_with_rows(rows);
    CHECK(tokens >= before);
    CHECK(tokens <= std::min(rows, 1000.0));
    CHECK(tokens >= rows / 6.0 * (1.0 - 1e-12));
    before = tokens;
  }
}

TEST_CASE("mixture of experts: tensor-parallel shards sum to the whole") {
  MixtureOfExperts<> whole{uniform(77, 16, 3, 2), 512, 1024, true, ActivationFunction::silu, {}, {}};
  MixtureOfExperts<> shard = whole;
  for (const std::int32_t ways : {2, 4, 8}) {
    shard.intermediate_size = whole.intermediate_size / ways;
    const Cost parts = shard.cost() * ways;
    CHECK(parts.matrix_flops.value == Approx(whole.cost().matrix_flops.value));
    CHECK(parts.exponentials == Approx(whole.cost().exponentials));
    CHECK(parts.weight_read.value == Approx(whole.cost().weight_read.value));
    // every shard sums partial results of the whole hidden state
    CHECK((parts.vector_flops - whole.cost().vector_flops).value ==
          Approx((ways - 1) * 2.0 * busiest_rank(whole.routing).rows * 512));
  }
}

TEST_CASE("mixture of experts: expert-parallel ranks sum to the whole") {
  for (const std::int32_t ranks : {1, 2, 4, 8, 16}) {
    MixtureOfExperts<> block{balanced(64, 16, 4), 96, 80, true, ActivationFunction::silu, {}, {}};
    const Cost whole = block.cost();
    block.routing.ranks = ranks;
    const Cost parts = block.cost() * ranks;
    CHECK(parts.matrix_flops == whole.matrix_flops);
    CHECK(parts.vector_flops == whole.vector_flops);
    CHECK(parts.exponentials == whole.exponentials);
    CHECK(parts.weight_read == whole.weight_read);
    CHECK(parts.activation_read == whole.activation_read);
    CHECK(parts.activation_write >=
          whole.activation_write);  // a token's sum is written by every rank it has rows on

    // of any routing, in the mean
    block.routing = uniform(61, 16, 4, ranks);
    const Cost mean = block.cost(mean_rank(block.routing)) * ranks;
    const Cost together =
        MixtureOfExperts<>{uniform(61, 16, 4), 96, 80, true, ActivationFunction::silu, {}, {}}.cost();
    CHECK(mean.matrix_flops.value == Approx(together.matrix_flops.value));
    CHECK(mean.weight_read.value == Approx(together.weight_read.value));
    // and the busiest has no less than the mean
    CHECK(block.cost().matrix_flops.value * ranks >= mean.matrix_flops.value * (1.0 - 1e-12));
  }
}

TEST_CASE("mixture of experts: weight bytes by format, blocks at the edge whole") {
  // one expert, one row; up 300 → 2 · 200, stored as 400 rows of 300; down 200 → 300, stored as 300 rows of 200
  const MixtureOfExperts<> block{balanced(1, 1, 1), 300, 200, true, ActivationFunction::silu, {}, {}};
  const auto weight = [&](const TensorFormat& format) { return with_weight(block, format).cost().weight_read; };
  constexpr double up = 400.0 * 300.0, down = 300.0 * 200.0;
  CHECK(weight(formats::bf16) == Bytes{2.0 * (up + down)});
  CHECK(weight(formats::fp8) == Bytes{up + down});
  // 128 × 128: ⌈400/128⌉ · ⌈300/128⌉ = 4 · 3 and ⌈300/128⌉ · ⌈200/128⌉ = 3 · 2 scales of 4 bytes
  CHECK(weight(formats::fp8_block) == Bytes{up + down + 4.0 * (12 + 6)});
  // 1 × 128, fp16: 400 · 3 and 300 · 2 scales of 2 bytes
  CHECK(weight(formats::int4_group) == Bytes{0.5 * (up + down) + 2.0 * (1200 + 600)});
  // 1 × 32, one byte: 400 · 10 and 300 · 7
  CHECK(weight(formats::mxfp4) == Bytes{0.5 * (up + down) + 4000.0 + 2100.0});
  CHECK(weight_of(block) == formats::bf16);

  CHECK(with_weight(block, formats::int4_group).compute_type() == DataType::bf16);
  MixtureOfExperts<> narrow = with_weight(block, formats::fp8_block);
  narrow.precision.activation = formats::fp8_token_group;
  CHECK(narrow.compute_type() == DataType::fp8);
  // fp8 rows in: 300 and 3 scales into the up projection, 200 and 2 scales into the down projection
  CHECK(narrow.up_projection().cost().activation_read == Bytes{300.0 + 3 * 4.0});
  CHECK(narrow.down_projection().cost().activation_read == Bytes{200.0 + 2 * 4.0});
}

// arXiv 2412.19437, section 4.2: 256 routed experts of 3 · 7168 · 2048 parameters, 8 a token.
TEST_CASE("mixture of experts: a layer of DeepSeek-V3") {
  constexpr double expert = 3.0 * 7168 * 2048;
  const MixtureOfExperts<> block = deepseek_v3(4096);
  CHECK(with_weight(block, formats::fp8).cost().weight_read == Bytes{256 * expert});
  CHECK(256 * expert == 11'274'289'152.0);
  // fp8_block: 32 · 56 scales up, 56 · 16 down, an expert
  CHECK(with_weight(block, formats::fp8_block).cost().weight_read ==
        Bytes{256 * (expert + 4.0 * (32 * 56 + 56 * 16))});
  CHECK(block.cost().matrix_flops == Flops{4096 * 8 * 2.0 * expert});
  // 32 ranks have 8 experts each
  CHECK(with_weight(deepseek_v3(4096, 32), formats::fp8).cost().weight_read == Bytes{8 * expert});
}

// Step-3 (arXiv 2507.19427), table 3: 4.84e10 FLOPs of feed-forward a token of DeepSeek-V3: 58 layers of 8 routed
// experts and a shared one, 3 dense layers of 18432.
TEST_CASE("mixture of experts: the feed-forward FLOPs of DeepSeek-V3 a token") {
  const auto dense = [](std::int32_t width) {
    return (LinearProjection<>{1, 7168, 2 * width, false, {}}.cost() +
            LinearProjection<>{1, width, 7168, false, {}}.cost())
        .matrix_flops.value;
  };
  const double flops = 58 * (deepseek_v3(1).cost().matrix_flops.value + dense(2048)) + 3 * dense(18432);
  CHECK(flops == Approx(4.84e10).epsilon(0.005 / 4.84));
}

TEST_CASE("mixture of experts: a grouped projection is a part of it") {
  const GroupedProjection<> one{balanced(6, 1, 1), 40, 24, {}};
  CHECK(one.cost() == LinearProjection<>{6, 40, 24, false, {}}.cost());
  const GroupedProjection<> grouped{balanced(9, 6, 2, 3), 40, 24, {}, {.weight = formats::fp8}};
  // 18 rows, 3 an expert; a rank has 2 experts
  const Cost cost = grouped.cost();
  CHECK(cost.matrix_flops == Flops{2.0 * 6 * 40 * 24});
  CHECK(cost.weight_read == Bytes{2.0 * 40 * 24});
  CHECK(cost.activation_read == Bytes{6 * 80.0});
  CHECK(cost.activation_write == Bytes{6 * 48.0});
  CHECK(grouped.expert_weight() == Bytes{40.0 * 24});
  CHECK(grouped.compute_type() == DataType::bf16);
}

TEST_CASE("mixture of experts: violations name the field and what was expected") {
  const auto refused = [](const MixtureOfExperts<>& block, std::string_view field, double value,
                          std::string_view expected) {
    const auto violation = block.violation();
    REQUIRE(violation);
    CHECK(violation->field == field);
    CHECK(violation->value == value);
    CHECK(violation->expected == expected);
    CHECK_THROWS_AS(validated(block), InvalidValue);
  };
  MixtureOfExperts<> good{uniform(16, 8, 2, 4), 64, 32, true, ActivationFunction::silu, {}, {}};
  CHECK_FALSE(good.violation());
  MixtureOfExperts<> bad = good;
  bad.routing.top_k = 9;
  refused(bad, "top_k", 9, "at most the number of experts");
  bad = good;
  bad.routing.ranks = 3;
  refused(bad, "ranks", 3, "a divisor of the number of experts");
  bad = good;
  bad.routing.tokens = -1;
  refused(bad, "tokens", -1, "at least 0");
  bad = good;
  bad.hidden_size = -64;
  refused(bad, "hidden_size", -64, "a positive number");
  bad = good;
  bad.intermediate_size = 0;
  refused(bad, "intermediate_size", 0, "a positive number");
  bad = good;
  bad.routing.experts = 0;
  refused(bad, "experts", 0, "a positive number");
  bad = good;
  bad.routing.kind = RoutingKind::power_law;
  refused(bad, "exponent", 0, "a positive number up to 8");

  GroupedProjection<> projection = good.up_projection();
  CHECK_FALSE(projection.violation());
  projection.in_features = -1;
  CHECK(projection.violation()->field == "in_features");
  projection = good.down_projection();
  projection.out_features = 0;
  CHECK(projection.violation()->field == "out_features");
  projection.routing.top_k = 100;
  CHECK(projection.violation()->field == "top_k");
}

TEST_CASE("mixture of experts: large sizes do not overflow") {
  const MixtureOfExperts<> block{balanced(million, 256, 8), 7168, 18432, true, ActivationFunction::silu, {}, {}};
  CHECK(block.cost().matrix_flops == Flops{8.0 * million * 6.0 * 7168 * 18432});
}

TEST_CASE("mixture of experts: a static precision costs what the same costs at run time") {
  using Fp8 = StaticLinearPrecision<formats::fp8_token_group, formats::fp8_block>;
  const RuntimeLinearPrecision fp8{formats::fp8_token_group, formats::fp8_block, formats::bf16};
  for (const ExpertFusion fusion : fusions) {
    const ExpertRouting routing = uniform(33, 16, 4, 2);
    const MixtureOfExperts<Fp8> fixed{routing, 320, 192, true, ActivationFunction::silu, fusion, {}};
    const MixtureOfExperts<> chosen{routing, 320, 192, true, ActivationFunction::silu, fusion, fp8};
    CHECK(fixed.cost() == chosen.cost());
    CHECK(fixed.compute_type() == chosen.compute_type());
  }
  CHECK(sizeof(MixtureOfExperts<Fp8>) < sizeof(MixtureOfExperts<>));
}
