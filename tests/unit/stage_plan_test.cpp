// SPDX-License-Identifier: Apache-2.0
//
// What blocks take on ranks, what plans of them take on groups of accelerators, and what those hold.
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "opcost/opcost.hpp"
#include "opcost/placement/attention_disaggregation.hpp"
#include "opcost/placement/block_times.hpp"
#include "opcost/placement/cluster.hpp"
#include "opcost/placement/ping_pong.hpp"
#include "opcost/placement/pipeline_simulation.hpp"
#include "opcost/placement/plan_estimate.hpp"
#include "opcost/placement/stage_plan.hpp"

using namespace opcost;
using namespace opcost::literals;

namespace {

const ModelPrecision fp8_block = *model_precision_named("fp8_block");

Approx near(double value) { return Approx(value).epsilon(1e-9).margin(1e-15); }

const Calibration h100_calibration = default_calibration(accelerators::h100_sxm);
const Calibration h20_calibration = default_calibration(accelerators::h20);

Platform h100() {
  Platform platform(accelerators::h100_sxm, h100_calibration);
  platform.system = serving_systems::vllm;
  return platform;
}
Platform h20() { return {accelerators::h20, h20_calibration}; }

std::vector<Parallelism> parallelisms_of(const ModelConfig& model) {
  std::vector<Parallelism> found;
  for (const Parallelism& ranks :
       {Parallelism{}, Parallelism{.tensor = 2}, Parallelism{.tensor = 4}, Parallelism{.tensor = 4, .expert = 4},
        Parallelism{.expert = 8, .data = 8}, Parallelism{.tensor = 2, .expert = 4, .data = 2},
        Parallelism{.data = 3}, Parallelism{.tensor = 2, .context = 2},
        Parallelism{.tensor = 4, .sequence = true}}) {
    if (!violation(model, ranks)) found.push_back(ranks);
  }
  return found;
}

/// Decoding, a chunk of a prompt, and both.
std::vector<StepBatch> batches_of(const ModelConfig& model) {
  StepBatch decode(model);
  decode.add({1, 3000, 1}, 48);
  decode.add({1, 100, 1}, 3);
  StepBatch prefill(model);
  prefill.add({1500, 2000, 1});
  StepBatch mixed = decode;
  mixed.add({700, 900, 0});
  return {decode, prefill, mixed};
}

template <class Value>
Value sum_over_pass(const BlockCosts<Value>& costs, const BlockLayers& layers) {
  Value sum = costs.expert_dispatch * double(layers[Block::experts]);
  sum += costs.expert_combine * double(layers[Block::experts]);
  for (std::size_t i = 0; i < placed_block_count; ++i) sum += costs.each.values[i] * double(layers.values[i]);
  return sum;
}

/// Two pools of eight, and a link between them whose transfers of so many bytes take as many nanoseconds.
struct TwoPools {
  std::array<Pool, 2> pools;
  Cluster cluster;

  explicit TwoPools(const Platform& first = h100(), const Platform& second = h20())
      : pools{Pool{first, 8}, Pool{second, 8}}, cluster(pools) {
    cluster.connect_all({.bandwidth = 1_GBps});
  }
  TwoPools(const TwoPools&) = delete;
};

struct Built {
  std::unique_ptr<PlanVisits> visits = std::make_unique<PlanVisits>();
  std::array<BlockTimes, most_groups> times{};

  Built(const PlacedModel& placed, const Cluster& cluster, const StagePlan& plan, const MicroBatch& batch)
      : times(plan_times(placed, cluster, plan, batch)) {
    visits->build(placed, cluster, plan, times, batch);
  }
  std::size_t size() const { return visits->visits().size(); }
  const PipelineVisit& operator[](std::size_t index) const { return visits->visits()[index]; }

  /// What leaves a group in a step over a link of 1 GB/s.
  double bytes_from(std::int32_t group) const {
    double sum = 0.0;
    for (const PipelineVisit& visit : visits->visits())
      sum += visit.pool == group ? visit.transfer.value * 1e9 : 0.0;
    return sum;
  }
};

MicroBatch decode_batch(std::int32_t sequences, std::int32_t context) {
  return {.decoding = sequences, .decode = {1, context, 1}};
}

std::string_view field(const std::optional<Violation>& violation) { return violation ? violation->field : ""; }

}  // namespace

TEST_CASE("the times of the blocks add up to the step's") {
  int cases = 0;
  for (const ModelConfig& model : model_catalogue) {
    const BlockLayers layers = block_layers(model);
    for (const Parallelism& ranks : parallelisms_of(model)) {
      const ModelShard shard = shard_of(model, ranks);
      for (const Platform& platform : {h100(), h20()}) {
        StepEstimator estimator(shard, {}, platform);
        for (const StepBatch& batch : batches_of(shard.model)) {
          ++cases;
          INFO(model.name.view() << " on " << platform.accelerator->name.view() << ", tensor " << ranks.tensor
                                 << ", expert " << ranks.expert << ", data " << ranks.data << ", context "
                                 << ranks.context << ", " << batch.tokens() << " tokens");
          const StepEstimate step = estimator.estimate(batch);
          const BlockTimes times = block_times(shard, batch, {}, platform);
          CHECK(sum_over_pass(times, layers).value == near((step.expected - step.host).value));
          CHECK(sum_over_pass(block_times(shard, batch, {}, platform, EstimateEnd::low), layers).value ==
                near((step.low - step.host).value));
          CHECK(sum_over_pass(block_times(shard, batch, {}, platform, EstimateEnd::high), layers).value ==
                near((step.high - step.host).value));
          const ResourceTimes of_step = resource_times(shard, batch, {}, platform);
          const auto by_block = block_resource_times(shard, batch, {}, platform);
          const ResourceTimes of_blocks = sum_over_pass(by_block, layers);
          for (const Resource resource :
               {Resource::compute, Resource::memory, Resource::network, Resource::overhead}) {
            CHECK(of_blocks[resource].value == near(of_step[resource].value));
          }
          for (std::size_t i = 0; i < placed_block_count; ++i) {
            const auto block = static_cast<Block>(i);
            INFO(name(block));
            CHECK(by_block[block].total().value == near(times[block].value));
            CHECK((times[block] > Seconds{}) == (layers[block] > 0));
          }
          const Collective gather{CollectiveKind::all_gather, ranks.tensor,
                                  Bytes{2.0 * double(batch.tokens()) * model.hidden_size}};
          CHECK(times.gather == detail::estimate_on(platform, gather).expected);
        }
      }
    }
  }
  CHECK(cases > 1000);
}

TEST_CASE("an empty batch takes no time in any block") {
  for (const ModelConfig& model : {models::gemma_3_27b, models::deepseek_v3_2, models::qwen3_next_80b_a3b}) {
    const ModelShard shard = shard_of(model, {.tensor = 2});
    const BlockTimes times = block_times(shard, StepBatch(shard.model), {}, h100());
    for (const Seconds time : times.each.values) CHECK(time == Seconds{});
    CHECK(times.expert_dispatch == Seconds{});
    CHECK(times.expert_combine == Seconds{});
    CHECK(times.gather == Seconds{});
  }
}

TEST_CASE("a plan with everything on one group takes a step's time, host included") {
  const TwoPools two;
  for (const ModelConfig& model : model_catalogue) {
    const PlacedModel placed(model, {});
    for (const Parallelism& ranks : parallelisms_of(model)) {
      if (ranks.context > 1) continue;
      INFO(model.name.view() << ", tensor " << ranks.tensor << ", data " << ranks.data);
      const StagePlan plan = colocated_plan(model, {0, ranks});
      REQUIRE_FALSE(violation(model, two.cluster, plan));
      const PlanEstimate estimate = plan_estimate(placed, two.cluster, plan, decode_batch(48, 3000));
      const ModelShard shard = shard_of(model, ranks);
      StepBatch batch(shard.model);
      batch.add({1, 3000, 1}, 48 / ranks.data);
      StepEstimator estimator(shard, {}, h100());
      const Seconds expected = estimator.estimate(batch).expected;
      CHECK(estimate.period.value == near(expected.value));
      CHECK(estimate.round_trip.value == near(expected.value));
      // while tokens are on their way to experts and back the group is free for other micro-batches
      const BlockTimes times = plan_times(placed, two.cluster, plan, decode_batch(48, 3000))[0];
      const Seconds exchange =
          (times.expert_dispatch + times.expert_combine) * double(placed.layers()[Block::experts]);
      CHECK((estimate.busy[0] + exchange).value == near(expected.value));
      CHECK(estimate.settled);
    }
  }
}

TEST_CASE("the share of a micro-batch is that of the busiest token group") {
  const ModelConfig& model = models::llama_3_1_8b;
  // 10 sequences over 4: three; 5 prompts over 4: two; 3 prompts of 100 tokens over 4: 75 tokens of one
  StepBatch expected(model);
  expected.add({1, 500, 1}, 3);
  expected.add({100, 300, 1}, 2);
  const MicroBatch many{.decoding = 10, .decode = {1, 500, 1}, .prompts = 5, .prompt = {100, 300, 1}};
  CHECK(many.share(model, 4) == expected);
  CHECK(many.tokens() == 510.0);
  CHECK(many.sampled_tokens() == 15.0);
  StepBatch cut(model);
  cut.add({75, 300, 1});
  CHECK(MicroBatch{.prompts = 3, .prompt = {100, 300, 1}}.share(model, 4) == cut);
  CHECK(MicroBatch{}.share(model, 4) == StepBatch(model));
}

TEST_CASE("a group that has everything holds what a rank holds") {
  for (const ModelConfig& model : model_catalogue) {
    for (const Parallelism& ranks : parallelisms_of(model)) {
      if (ranks.context > 1) continue;
      for (const ModelPrecision& precision : {ModelPrecision{}, fp8_block}) {
        INFO(model.name.view() << ", tensor " << ranks.tensor << ", data " << ranks.data << ", tied "
                               << model.tied_embeddings);
        const PlacedModel placed(model, precision);
        StagePlan plan = colocated_plan(model, {0, ranks});
        plan.micro_batches = 3;
        const MemoryUse use = group_memory(placed, plan, 0, decode_batch(24, 2000), 2100);
        const ModelShard shard = shard_of(model, ranks);
        const MemoryPolicy policy{.step_tokens = 24 / ranks.data, .sampled_tokens = 24 / ranks.data};
        CacheBatch cache(shard, policy.block_tokens);
        for (std::int32_t i = 0; i < 3 * (24 / ranks.data); ++i) cache.add(2100);
        CHECK(use == memory_use(shard, precision, cache, policy));
      }
    }
  }
}

TEST_CASE("groups hold all of a model together, and a tied table twice where embedding and head are apart") {
  for (const ModelConfig& model : {models::gemma_3_4b, models::qwen3_next_80b_a3b, models::llama_3_1_8b}) {
    const PlacedModel placed(model, {});
    const MicroBatch batch = decode_batch(4, 2000);
    const MemoryUse whole = group_memory(placed, colocated_plan(model, {}), 0, batch, 2000);
    const auto sum_of = [&](const StagePlan& plan, auto member) {
      return (group_memory(placed, plan, 0, batch, 2000).*member +
              group_memory(placed, plan, 1, batch, 2000).*member)
          .value;
    };
    const StagePlan offloaded = offloaded_attention_plan(model, {}, {}, 1);
    CHECK(sum_of(offloaded, &MemoryUse::weights) == whole.weights.value);
    CHECK(sum_of(offloaded, &MemoryUse::kv_cache) == whole.kv_cache.value);
    CHECK(sum_of(offloaded, &MemoryUse::recurrent_state) == whole.recurrent_state.value);
    CHECK(group_memory(placed, offloaded, 0, batch, 2000).kv_cache == Bytes{});
    const double table =
        model.tied_embeddings ? 2.0 * double(model.vocabulary_size) * double(model.hidden_size) : 0.0;
    const StagePlan head_apart = two_group_plan(model, {}, {}, {Block::head}, 1);
    CHECK(sum_of(head_apart, &MemoryUse::weights) == whole.weights.value + table);
  }
}

TEST_CASE("offloaded attention of Llama-3.2-1B, by hand") {
  const ModelConfig& model = models::llama_3_2_1b;  // 16 layers, 32 query and 8 KV heads of 64, hidden 2048
  const TwoPools two;
  const StagePlan plan = offloaded_attention_plan(model, {0}, {1}, 2);
  REQUIRE_FALSE(violation(model, two.cluster, plan));
  const PlacedModel placed(model, {});
  const Built built(placed, two.cluster, plan, decode_batch(8, 1000));
  REQUIRE(built.size() == 2 * 16);
  const BlockTimes& own = built.times[0];
  const BlockTimes& core = built.times[1];
  const Seconds after = own[Block::attention_output] + own[Block::residual] + own[Block::feed_forward] +
                        own[Block::residual];  // that of the next layer, or of the head
  for (std::size_t layer = 0; layer < 16; ++layer) {
    const PipelineVisit& there = built[2 * layer];
    const PipelineVisit& back = built[2 * layer + 1];
    CHECK(there.pool == 0);
    CHECK(back.pool == 1);
    // 8 tokens: queries, key and value of bf16 there, the output back
    CHECK(there.transfer.value == near(8 * 2.0 * (32 + 2 * 8) * 64 * 1e-9));
    CHECK(back.transfer.value == near(8 * 2.0 * 32 * 64 * 1e-9));
    CHECK(there.latency == Seconds{});
    CHECK(back.busy.value == near(core[Block::attention].value));
    // the first visit is the end of a step and the begin of the next
    const Seconds expected =
        (layer == 0 ? after + own[Block::head] + own[Block::embedding] + own[Block::residual] : after) +
        own[Block::attention_input];
    CHECK(there.busy.value == near(expected.value));
  }
  // Lamina's (2 + 2 / G) e d B L
  const OffloadedAttention lamina{.batch = 8, .layers = 16, .hidden_size = 2048, .queries_per_kv_head = 4};
  CHECK(built.bytes_from(0) + built.bytes_from(1) == near(lamina.transferred().value));
}

TEST_CASE("only the global attention of Gemma 3 27B elsewhere: 10 round trips a step") {
  const ModelConfig& model = models::gemma_3_27b;  // 62 layers, every sixth global; 32 and 16 heads of 128
  const TwoPools two;
  const StagePlan plan = two_group_plan(model, {0, {.tensor = 2}}, {1, {.tensor = 2}}, {Block::attention}, 2);
  REQUIRE_FALSE(violation(model, two.cluster, plan));
  const Built built(PlacedModel(model, {}), two.cluster, plan, decode_batch(16, 8000));
  REQUIRE(built.size() == 2 * 10);
  // over two cards
  CHECK(built[2].transfer.value == near(16 * 2.0 * (32 + 2 * 16) * 128 / 2 * 1e-9));
  CHECK(built[3].transfer.value == near(16 * 2.0 * 32 * 128 / 2 * 1e-9));
  CHECK(built[3].busy.value == near(built.times[1][Block::attention].value));  // nothing to gather: heads
}

TEST_CASE("the experts of DeepSeek-V3 elsewhere: a copy of a token for each rank that has some of its experts") {
  const ModelConfig& model = models::deepseek_v3;  // 58 of 61 layers have experts, 8 of 256; 4 of 8 groups are open
  const TwoPools two;
  const AcceleratorGroup attention{0, {.tensor = 8}};
  const StagePlan plan = two_group_plan(model, attention, {1, {.expert = 8, .data = 8}}, {Block::experts}, 3);
  REQUIRE_FALSE(violation(model, two.cluster, plan));
  const PlacedModel placed(model, fp8_block);
  const Built built(placed, two.cluster, plan, decode_batch(64, 4000));
  REQUIRE(built.size() == 2 * 58);
  // a rank has one group: of 4 open ones with 32 experts each, those that have one of the 8: 4 (1 - C(96,8) / C(128,8))
  double none = 1.0;
  for (int i = 0; i < 8; ++i) none *= (96.0 - i) / (128.0 - i);
  const double copies = 4.0 * (1.0 - none);
  // fp8 with a scale of 4 bytes for 128 elements there, bf16 back; over 8 cards
  CHECK(built[0].transfer.value == near(64 * copies * (7168 + 4.0 * 7168 / 128) / 8 * 1e-9));
  CHECK(built[1].transfer.value == near(64 * copies * 2.0 * 7168 / 8 * 1e-9));
  // they exchange nothing among each other, and gather nothing
  CHECK(built[1].busy.value == near(built.times[1][Block::experts].value));

  // the same group of experts with the router: a token goes there once, and they exchange it among each other
  const StagePlan routed = attention_feed_forward_plan(model, attention, {1, {.expert = 8, .data = 8}}, 3, true);
  const Built with_router(placed, two.cluster, routed, decode_batch(64, 4000));
  // three dense feed-forward blocks are there, too; around experts on its own ranks a group is free twice
  REQUIRE(with_router.size() == 2 * 61 + 2 * 58);
  const BlockTimes& routed_times = with_router.times[1];
  const PipelineVisit& router = with_router[2 * 61 + 2 * 58 - 3];
  CHECK(router.pool == 1);
  CHECK(router.busy.value == near(routed_times[Block::router].value));
  CHECK(router.transfer == routed_times.expert_dispatch);
  CHECK(routed_times.expert_dispatch > Seconds{});
  const PipelineVisit& experts = with_router[2 * 61 + 2 * 58 - 2];
  CHECK(experts.pool == 1);
  CHECK(experts.busy.value == near(routed_times[Block::experts].value));
  CHECK(experts.transfer == routed_times.expert_combine);
  CHECK(routed_times.expert_combine > Seconds{});
  const PipelineVisit& last = with_router[2 * 61 + 2 * 58 - 1];
  CHECK(last.transfer.value == near(64 * 2.0 * 7168 / 8 * 1e-9));
  CHECK(last.busy == Seconds{});
  // the router with attention: its part twice a layer, of which one is only the way back
  const StagePlan apart = attention_feed_forward_plan(model, attention, {1, {.expert = 8, .data = 8}}, 3);
  const Built without_router(placed, two.cluster, apart, decode_batch(64, 4000));
  CHECK(without_router.size() == 2 * 61);
  // tensor-parallel experts share all tokens: one copy, which they gather, and they sum up
  const StagePlan cut = two_group_plan(model, attention, {1, {.tensor = 8}}, {Block::experts}, 3);
  const Built summed(placed, two.cluster, cut, decode_batch(64, 4000));
  CHECK(summed[0].transfer.value == near(64 * (7168 + 4.0 * 7168 / 128) / 8 * 1e-9));
  CHECK(summed[1].busy.value == near((summed.times[1][Block::experts] + summed.times[1].gather).value));
  CHECK(summed.times[1].gather > Seconds{});
}

TEST_CASE("an output gate and a recurrence's values come to the output whether or not its core is elsewhere") {
  // Qwen3-Next: 36 delta rules with 16 key and 32 value heads of 128, 12 gated attentions of 16 heads of 256, 2 KV heads
  const ModelConfig& model = models::qwen3_next_80b_a3b;
  const TwoPools two;
  const PlacedModel placed(model, {});
  const MicroBatch one = decode_batch(1, 1000);
  const double hidden = 2.0 * 2048;
  {  // core apart: gate and values stay
    const Built built(placed, two.cluster, offloaded_attention_plan(model, {0}, {1}, 1), one);
    CHECK(built.size() == 2 * 48);
    CHECK(built.bytes_from(1) == near(36 * 2.0 * 32 * 128 + 12 * 2.0 * 16 * 256));
  }
  {  // the output apart: gate or values go along with what the core sends
    using enum Block;
    const StagePlan plan = two_group_plan(model, {0}, {1}, {attention_output, recurrence_output}, 1);
    const Built built(placed, two.cluster, plan, one);
    CHECK(built.bytes_from(0) == near(36 * 2 * 2.0 * 32 * 128 + 12 * 2 * 2.0 * 16 * 256));
    CHECK(built.bytes_from(1) == near(48 * hidden));
  }
}

TEST_CASE("a pipeline of layers: two visits, and what is to be added crosses with the residual stream") {
  const ModelConfig& model = models::llama_3_2_1b;
  const TwoPools two;
  const StagePlan plan = layer_pipeline_plan(model, {0}, {1}, 6, 2);
  REQUIRE_FALSE(violation(model, two.cluster, plan));
  const PlacedModel placed(model, {});
  const Built built(placed, two.cluster, plan, {.decoding = 8, .decode = {3, 1000, 2}});
  REQUIRE(built.size() == 2);
  // 24 tokens: the residual stream and what the last feed-forward block adds to it, as vLLM's stages send both
  CHECK(built[0].transfer.value == near(24 * 2 * 2.0 * 2048 * 1e-9));
  CHECK(built[1].transfer.value == near(16 * 4.0 * 1e-9));  // sampled tokens
  const auto layer = [](const BlockTimes& times) {
    return times[Block::residual] * 2.0 + times[Block::attention_input] + times[Block::attention] +
           times[Block::attention_output] + times[Block::feed_forward];
  };
  CHECK(built[0].busy.value == near((built.times[0][Block::embedding] + layer(built.times[0]) * 6.0).value));
  CHECK(built[1].busy.value ==
        near((layer(built.times[1]) * 10.0 + built.times[1][Block::residual] + built.times[1][Block::head]).value));
}

TEST_CASE("attention and feed-forward blocks of alike layers are a ping-pong") {
  const ModelConfig& model = models::llama_3_1_70b;
  TwoPools two;
  two.cluster.connect_all({.bandwidth = 50_GBps, .latency = 5.0_us});
  const PlacedModel placed(model, {});
  for (const std::int32_t sequences : {1, 32, 256}) {
    for (std::int32_t m = 1; m <= 5; ++m) {
      const StagePlan plan = attention_feed_forward_plan(model, {1, {.tensor = 8}}, {0, {.tensor = 4}}, m);
      const Built built(placed, two.cluster, plan, decode_batch(sequences, 4000));
      REQUIRE(built.size() == 2 * 80);
      const PlanEstimate estimate = plan_estimate(plan, *built.visits);
      const PingPong layer{built[2].busy, built[3].busy, built[2].transfer + built[2].latency};
      CHECK(estimate.period.value >= layer.stage_time().value * m * 80 * (1.0 - 1e-9));
      CHECK(estimate.period.value >= estimate.bound.period.value * (1.0 - 1e-9));
      if (m == 1) CHECK(estimate.period.value == near(estimate.round_trip.value));
      const PipelineSimulation simulation = simulate({built.visits->visits(), m});
      CHECK(estimate.period.value == Approx(simulation.period.value).epsilon(0.02));
    }
  }
}

TEST_CASE("a plan never runs faster than its busiest group, also where nobody waits in the first step") {
  // The second micro-batch starts when the head, visited once, would be free again, and comes there just as the first one
  // leaves: in the first step neither waits. From then on both wait for the head: 2 x 4 s a step, not the 4 s + 3 a of a
  // round trip.
  for (int i = 1; i <= 1000; ++i) {
    const Seconds a{0.001 * i};
    const std::array visits{PipelineVisit{.pool = 0, .busy = a}, PipelineVisit{.pool = 1, .busy = a},
                            PipelineVisit{.pool = 0, .busy = a}, PipelineVisit{.pool = 2, .busy = 4.0_s}};
    const PipelineSteadyState state = steady_state({visits, 2});
    INFO("a is " << a.value << " s");
    CHECK(state.period.value == near(8.0));
  }
}

namespace {

/// Plans of all kinds, always the same from the same generator.
class RandomPlans {
 public:
  ModelConfig model{};
  StagePlan plan{};
  PoolLink link{};
  MicroBatch batch{};

  RandomPlans() {
    for (const Platform& platform : {h100(), h20(), h100()}) pools_.push_back({platform, 8});
  }

  Cluster cluster() const {
    Cluster cluster(pools_);
    cluster.connect_all(link);
    return cluster;
  }

  void next() {
    const std::array kinds{models::llama_3_2_1b,        models::gemma_3_4b,    models::gpt_oss_20b,
                           models::deepseek_v2_lite,    models::qwen3_30b_a3b, models::nemotron_h_8b,
                           models::kimi_linear_48b_a3b, models::command_r_35b, models::deepseek_v3_2};
    do {
      draw(kinds[below(kinds.size())]);
    } while (violation(model, cluster(), plan));
  }

  std::size_t below(std::size_t limit) { return generator_() % limit; }

 private:
  void draw(const ModelConfig& its) {
    model = its;
    plan = {};
    plan.group_count = std::int32_t(2 + below(2));
    for (std::size_t i = 0; i < std::size_t(plan.group_count); ++i) {
      plan.groups[i].pool = std::int32_t(i);
      plan.groups[i].parallelism.tensor = 1 << below(3);
      if (model.layers(FeedForward::experts) > 0 && below(2) == 0) {
        plan.groups[i].parallelism.data = 2;
        plan.groups[i].parallelism.expert = 2 * plan.groups[i].parallelism.tensor;
      }
    }
    const auto first = std::int32_t(below(3)) == 0 ? std::int32_t(1 + below(std::size_t(model.layers() - 1))) : 0;
    plan.range_count = first > 0 ? 2 : 1;
    plan.ranges[0].layers = first > 0 ? first : model.layers();
    plan.ranges[1].layers = model.layers() - first;
    const std::size_t cuts = 1 + below(5);
    for (LayerRange& range : plan.ranges) {  // most blocks together
      const std::size_t most = below(std::size_t(plan.group_count));
      for (std::uint8_t& group : range.groups) {
        group = std::uint8_t(below(cuts) > 0 ? most : below(std::size_t(plan.group_count)));
      }
    }
    plan.micro_batches = std::int32_t(1 + below(6));
    link = {.bandwidth = BytesPerSecond{1e9 * std::pow(10.0, double(below(4)))},
            .latency = Seconds{double(below(3)) * 1e-5},
            .overlaps = below(4) > 0,
            .reordering = BytesPerSecond{below(3) == 0 ? 1e12 : 0.0}};
    batch = decode_batch(std::int32_t(6 << below(8)), std::int32_t(100 << below(8)));
  }

  std::mt19937 generator_{20240501};
  std::vector<Pool> pools_{};
};

}  // namespace

TEST_CASE("random plans take what a simulation of their visits takes, and all their blocks' time") {
  RandomPlans plans;
  int settled = 0;
  int simulated = 0;
  for (int trial = 0; trial < 250; ++trial) {
    plans.next();
    INFO("trial " << trial << ", " << plans.model.name.view() << ", " << plans.plan.group_count << " groups, "
                  << plans.plan.micro_batches << " micro-batches");
    const PlacedModel placed(plans.model, {});
    const Cluster cluster = plans.cluster();
    const Built built(placed, cluster, plans.plan, plans.batch);
    const PlanEstimate estimate = plan_estimate(plans.plan, *built.visits);
    CHECK(estimate.period.value >= estimate.bound.period.value * (1.0 - 1e-9));
    CHECK(estimate.bound.period.value >= estimate.round_trip.value * (1.0 - 1e-9));
    const Pipeline pipeline{built.visits->visits(), plans.plan.micro_batches};
    // a router apart from both its neighbours is also passed without work: who is served first of those that it then
    // lets go at once is not said
    if (!pipeline.violation()) {
      ++simulated;
      const PipelineSimulation simulation = simulate(pipeline, PipelineStart::evenly, 400);
      // measured over 3000 plans: 5e-5 where settled; of the 0.7 % that are not, one in nine by more than 2 %, at most 6
      CHECK(estimate.period.value == Approx(simulation.period.value).epsilon(estimate.settled ? 0.001 : 0.1));
    }
    settled += estimate.settled ? 1 : 0;
    for (std::size_t i = 0; i < built.size(); ++i) {
      const std::size_t after = i + 1 < built.size() ? i + 1 : 0;
      if (built.size() > 1) CHECK((built[i].pool != built[after].pool || built[i].transfer > Seconds{}));
    }
    // from scratch is the same
    CHECK(plan_estimate(placed, cluster, plans.plan, plans.batch).period == estimate.period);
    // no block is lost
    if (plans.plan.range_count > 1 || !plans.link.overlaps || plans.link.reordering.value > 0.0) continue;
    const LayerRange& range = plans.plan.ranges[0];
    for (std::size_t group = 0; group < std::size_t(plans.plan.group_count); ++group) {
      Seconds least{};
      for (std::size_t i = 0; i < placed_block_count; ++i) {
        const auto block = static_cast<Block>(i);
        if (range[block] == group) least += built.times[group][block] * double(placed.layers()[block]);
      }
      const double gathers = (estimate.busy[group] - least).value / built.times[group].gather.value;
      if (plans.plan.groups[group].parallelism.tensor == 1) {
        CHECK(estimate.busy[group].value == near(least.value));
      } else {  // once at most for each visit
        CHECK(gathers >= -1e-6);
        CHECK(gathers <= double(built.size()) + 1e-6);
        CHECK(std::abs(gathers - std::round(gathers)) < 1e-4);
      }
    }
  }
  CHECK(settled >= 245);
  CHECK(simulated >= 220);
}

TEST_CASE("a faster link never makes a plan's bound longer, an exposed one never shorter") {
  RandomPlans plans;
  for (int trial = 0; trial < 150; ++trial) {
    plans.next();
    INFO("trial " << trial << ", " << plans.model.name.view());
    const PlacedModel placed(plans.model, {});
    const auto bound = [&](const PoolLink& link) {
      plans.link = link;
      return plan_estimate(placed, plans.cluster(), plans.plan, plans.batch).bound.period.value;
    };
    PoolLink link = plans.link;
    double before = bound(link);
    for (int doubling = 0; doubling < 6; ++doubling) {
      link.bandwidth = link.bandwidth * 2.0;
      const double now = bound(link);
      CHECK(now <= before * (1.0 + 1e-12));
      before = now;
    }
    link.overlaps = true;
    const double beside = bound(link);
    link.overlaps = false;
    CHECK(bound(link) >= beside * (1.0 - 1e-12));
  }
}

TEST_CASE("what a plan may not be") {
  const ModelConfig& model = models::qwen3_30b_a3b;  // 48 layers, 128 experts, 4 KV heads
  const TwoPools two;
  const StagePlan good = attention_feed_forward_plan(model, {0, {.tensor = 4}}, {1, {.expert = 8, .data = 8}}, 2);
  const auto found = [&](auto&& change) {
    StagePlan plan = good;
    change(plan);
    return violation(model, two.cluster, plan);
  };
  CHECK_FALSE(found([](StagePlan&) {}));
  CHECK(field(found([](StagePlan& plan) { plan.group_count = 0; })) == "groups");
  CHECK(field(found([](StagePlan& plan) { plan.group_count = 9; })) == "groups");
  CHECK(field(found([](StagePlan& plan) { plan.range_count = 0; })) == "layer ranges");
  CHECK(field(found([](StagePlan& plan) { plan.range_count = 9; })) == "layer ranges");
  CHECK(field(found([](StagePlan& plan) { plan.micro_batches = 0; })) == "micro_batches");
  CHECK(field(found([](StagePlan& plan) { plan.micro_batches = 65; })) == "micro_batches");
  CHECK_FALSE(found([](StagePlan& plan) { plan.micro_batches = 64; }));
  CHECK(field(found([](StagePlan& plan) { plan.groups[1].pool = 2; })) == "pool");
  CHECK(field(found([](StagePlan& plan) { plan.groups[1].pool = -1; })) == "pool");
  CHECK(field(found([](StagePlan& plan) { plan.groups[0].parallelism.pipeline = 2; })) == "pipeline");
  CHECK(field(found([](StagePlan& plan) { plan.groups[0].parallelism.tensor = 0; })) == "tensor");
  CHECK(field(found([](StagePlan& plan) { plan.groups[0].parallelism.tensor = 5; })) == "tensor");
  CHECK_FALSE(found([](StagePlan& plan) {
    plan.groups[0].parallelism.tensor = 2;
    plan.groups[0].parallelism.data = 3;
  }));
  CHECK(field(found([](StagePlan& plan) { plan.groups[1].parallelism.expert = 4; })) == "expert");  // all to all
  CHECK(field(found([](StagePlan& plan) { plan.groups[0].pool = 1; })) == "accelerators");          // 4 and 8 of 8
  CHECK(found([](StagePlan& plan) { plan.groups[0].pool = 1; })->value == 12.0);
  CHECK(field(found([](StagePlan& plan) { plan.ranges[0].layers = 0; })) == "layers");
  CHECK(field(found([](StagePlan& plan) { plan.ranges[0].layers = 47; })) == "layers");
  CHECK(field(found([](StagePlan& plan) { plan.ranges[0].layers = 49; })) == "layers");
  CHECK(field(found([](StagePlan& plan) { plan.range_count = 2; })) == "layers");  // the second has none
  CHECK(field(found([](StagePlan& plan) { plan.ranges[0].put({Block::head}, 2); })) == "group");
  CHECK(field(found([](StagePlan& plan) { plan.ranges[0].groups.fill(0); })) == "groups");  // the second has none
  // a block that the model lacks does not make a group used
  CHECK(field(found([](StagePlan& plan) {
          plan.ranges[0].groups.fill(0);
          plan.ranges[0].put({Block::recurrence}, 1);
        })) == "groups");

  Cluster one_way(two.pools);
  one_way.set_link(0, 1, {.bandwidth = 1_GBps});
  CHECK(field(violation(model, one_way, good)) == "link");
  one_way.set_link(1, 0, {.bandwidth = 1_GBps});
  CHECK_FALSE(violation(model, one_way, good));
  // the sampled token goes back to the embedding
  Cluster forward(two.pools);
  forward.set_link(0, 1, {.bandwidth = 1_GBps});
  CHECK(field(violation(model, forward,
                        layer_pipeline_plan(model, {0, {.tensor = 4}}, {1, {.tensor = 4}}, 24, 2))) == "link");

  ModelConfig broken = model;
  broken.hidden_size = 0;
  CHECK(field(violation(broken, two.cluster, good)) == "hidden_size");
}
