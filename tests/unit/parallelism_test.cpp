// SPDX-License-Identifier: Apache-2.0
//
// A step divided over ranks: what each computes, repeats and sends, by hand and against the whole model.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

struct Executed {
  std::int32_t count = 0;
  Cost cost{};
};

/// The operations of a rank, and what it communicates.
struct Visited {
  std::map<std::string, Executed> operations;
  std::map<std::string, std::pair<std::int32_t, Collective>> collectives;

  bool has(const std::string& name) const { return collectives.count(name) != 0; }
  const Collective& collective(const std::string& name) const { return collectives.at(name).second; }
  std::int32_t count(const std::string& name) const { return collectives.at(name).first; }
  double flops(const std::string& name) const { return operations.at(name).cost.matrix_flops.value; }
};

Visited visited(const ModelShard& shard, const StepBatch& batch, const ModelPrecision& precision = {}) {
  Visited all;
  visit_operations(shard, batch, precision,
                   [&]<class T>(std::string_view name, std::int32_t count, const T& operation) {
                     if constexpr (std::same_as<T, Collective>) {
                       all.collectives[std::string(name)] = {count, operation};
                     } else {
                       all.operations[std::string(name)] = {count, operation.cost() * count};
                     }
                   });
  return all;
}

Visited visited(const ModelConfig& model, const Parallelism& parallelism, const StepBatch& batch,
                const ModelPrecision& precision = {}) {
  REQUIRE_FALSE(violation(model, parallelism, batch));
  return visited(shard_of(model, parallelism), batch, precision);
}

StepBatch mixed(const ModelConfig& model) {
  StepBatch batch(model);
  for (const std::int32_t context : {100, 1025, 4096, 9000}) batch.add({1, context, 1});
  batch.add({512, 2048, 0});
  batch.add({1024, 1024, 1});
  return batch;
}

StepBatch decoding(const ModelConfig& model, std::int32_t sequences, std::int32_t context) {
  StepBatch batch(model);
  for (std::int32_t i = 0; i < sequences; ++i) batch.add({1, context, 1});
  return batch;
}

std::string message(const std::optional<Violation>& violation) {
  return violation ? InvalidValue(*violation).what() : "valid";
}

std::string message(const ModelConfig& model, const Parallelism& parallelism) {
  return message(violation(model, parallelism));
}

constexpr StepBatch one_of_each(const ModelConfig& model) {
  StepBatch batch(model);
  batch.add({1, 100, 1});
  batch.add({512, 700, 0});
  return batch;
}
constexpr ModelShard middle_stage = shard_of(models::llama_3_1_70b, {.tensor = 8, .pipeline = 3}, 1);
static_assert(middle_stage.model.layers() == 27 && !middle_stage.place.first_stage &&
              !middle_stage.place.last_stage);
static_assert(step_cost(middle_stage, one_of_each(middle_stage.model), {}).matrix_flops.value > 0.0);
static_assert(step_bound(middle_stage, one_of_each(middle_stage.model), {}, accelerators::h100_sxm,
                         Fabric::of(accelerators::h100_sxm))
                  .communication.time.value > 0.0);

/// Projections that every tensor-parallel rank repeats.
bool repeated(const std::string& name) {
  const auto starts_with = [&](std::string_view prefix) { return name.rfind(prefix, 0) == 0; };
  return name == "router" || name == "query_down_projection" || name == "key_value_down_projection" ||
         starts_with("indexer_") || name.find("attention_indexer") != std::string::npos ||
         name == "shared_expert_gate";
}

}  // namespace

TEST_CASE("tensor-parallel ranks do the whole model's matrix products, and repeat what is known to be repeated") {
  for (const ModelConfig& model : model_catalogue) {
    const StepBatch batch = mixed(model);
    const Visited whole = visited(ModelShard{model}, batch);
    CHECK(whole.collectives.empty());
    for (const std::int32_t tensor : {2, 4, 8}) {
      const Parallelism parallelism{.tensor = tensor};
      if (violation(model, parallelism)) continue;
      const Visited rank = visited(model, parallelism, batch);
      REQUIRE(rank.operations.size() == whole.operations.size());
      for (const auto& [name, executed] : rank.operations) {
        INFO(model.name.view() << ", tensor " << tensor << ": " << name);
        CHECK(executed.count == whole.operations.at(name).count);
        const double expected = whole.flops(name);
        const double together = executed.cost.matrix_flops.value * (repeated(name) ? 1.0 : tensor);
        const bool padded = name == "lm_head" && model.vocabulary_size % tensor != 0;
        const bool repeats_keys = name == "qkv_projection" && model.heads.kv_heads < tensor;
        const RecurrenceConfig& rule = model.recurrence;
        if (name == "delta_gate_projection" && rule.decay == DeltaRuleDecay::per_channel) {
          // Kimi's low ranks, two of one head's dimension, are repeated, its β a head are shared
          const double low_ranks = 2.0 * rule.value_dimension;
          CHECK(executed.cost.matrix_flops.value / expected ==
                Approx((low_ranks + double(rule.value_heads) / tensor) / (low_ranks + rule.value_heads)));
        } else if (padded || repeats_keys) {
          CHECK(together > expected);
        } else {
          CHECK(together == Approx(expected).epsilon(1e-12));
        }
      }
    }
  }
}

TEST_CASE("fewer KV heads than ranks are repeated, and the vocabulary is padded") {
  const ModelShard shard = shard_of(models::llama_3_1_70b, {.tensor = 16});
  CHECK(shard.model.heads.query_heads == 4);  // 64 / 16
  CHECK(shard.model.heads.kv_heads == 1);     // 8 heads, each on two ranks
  CHECK(shard.model.qkv_features() == 4 * 128 + 2 * 128);
  CHECK(shard.model.intermediate_size == 1792);                                       // 28672 / 16
  CHECK(shard_of(models::qwen3_0_6b, {.tensor = 16}).model.vocabulary_size == 9496);  // 151936 / 16
  CHECK(shard_of(models::llama_2_7b, {.tensor = 32}).model.vocabulary_size == 1000);
  CHECK(shard_of(models::granite_3_1_8b, {.tensor = 8}).model.vocabulary_size == 6145);  // ⌈49155 / 8⌉
}

TEST_CASE("what tensor-parallel ranks send: two all-reduces a layer, one after the embedding, the logits") {
  const ModelConfig& model = models::llama_3_1_70b;
  StepBatch batch = decoding(model, 60, 4000);
  batch.add({452, 452, 1});  // 512 tokens, 61 sampled
  const Visited rank = visited(model, {.tensor = 8}, batch);
  const Bytes hidden{512.0 * 8192.0 * 2.0};
  const Collective all_reduce{CollectiveKind::all_reduce, 8, hidden, DataType::bf16};
  CHECK(rank.collective("embedding_all_reduce") == all_reduce);
  CHECK(rank.collective("attention_all_reduce") == all_reduce);
  CHECK(rank.collective("feed_forward_all_reduce") == all_reduce);
  CHECK(rank.count("embedding_all_reduce") == 1);
  CHECK(rank.count("attention_all_reduce") == 80);
  CHECK(rank.count("feed_forward_all_reduce") == 80);
  const Collective logits{CollectiveKind::all_gather, 8, {61.0 * 128256.0 * 2.0}, DataType::bf16};
  CHECK(rank.collective("logits_all_gather") == logits);
  CHECK(rank.collectives.size() == 4);

  SECTION("sequence parallel: reduce-scatter and all-gather of the same bytes, norms on a share of the tokens") {
    const Visited share = visited(model, {.tensor = 8, .sequence = true}, batch);
    for (const std::string name : {"attention", "feed_forward"}) {
      CHECK(share.collective(name + "_reduce_scatter") ==
            Collective{CollectiveKind::reduce_scatter, 8, hidden, DataType::bf16});
      CHECK(share.collective(name + "_all_gather") ==
            Collective{CollectiveKind::all_gather, 8, hidden, DataType::bf16});
      CHECK(share.count(name + "_reduce_scatter") == 80);
      CHECK(share.count(name + "_all_gather") == 80);
    }
    CHECK(share.has("embedding_reduce_scatter"));
    CHECK(share.has("final_all_gather"));
    CHECK(share.collectives.size() == 7);
    const Bytes port = share.collective("attention_reduce_scatter").port_bytes() +
                       share.collective("attention_all_gather").port_bytes();
    CHECK(port.value == Approx(all_reduce.port_bytes().value));
    for (const std::string name : {"first_norm", "attention_norm", "feed_forward_norm", "final_norm"}) {
      CHECK(share.operations.at(name).cost.activation_read * 8.0 == rank.operations.at(name).cost.activation_read);
    }
    CHECK(share.flops("qkv_projection") == rank.flops("qkv_projection"));
  }
}

TEST_CASE("a norm over all queries and keys needs their sums of squares from every rank") {
  const ModelConfig& model = models::olmo_2_13b;
  const Visited rank = visited(model, {.tensor = 4}, decoding(model, 32, 500));
  CHECK(rank.collective("query_key_norm_all_reduce") ==
        Collective{CollectiveKind::all_reduce, 4, {32.0 * 2.0 * 4.0}, DataType::fp32});
  CHECK(rank.count("query_key_norm_all_reduce") == model.layers());
  CHECK_FALSE(
      visited(models::qwen3_8b, {.tensor = 4}, decoding(models::qwen3_8b, 1, 9)).has("query_key_norm_all_reduce"));
}

TEST_CASE("experts spread over tensor-parallel ranks: whole ones, tokens are there already") {
  const ModelConfig& model = models::qwen3_235b_a22b;  // 94 layers, 128 experts of 1536, top 8
  const StepBatch batch = decoding(model, 64, 1000);
  const Visited cut = visited(model, {.tensor = 4}, batch);
  const Visited spread = visited(model, {.tensor = 4, .expert = 4}, batch);
  for (const Visited& rank : {cut, spread}) {
    CHECK(rank.count("feed_forward_all_reduce") == 94);
    CHECK(rank.count("attention_all_reduce") == 94);
    CHECK(rank.collectives.size() == 4);  // and embedding, logits
  }
  const ModelShard whole_experts = shard_of(model, {.tensor = 4, .expert = 4});
  CHECK(whole_experts.model.experts.intermediate_size == 1536);
  CHECK(whole_experts.local_experts() == 32.0);
  const ModelShard thin_experts = shard_of(model, {.tensor = 4, .expert = 2});
  CHECK(thin_experts.model.experts.intermediate_size == 768);
  CHECK(thin_experts.local_experts() == 64.0);
  // the same work in the mean; the busiest rank of the spread ones has more
  CHECK(spread.flops("experts") > cut.flops("experts"));
  CHECK(spread.flops("experts") < 2.0 * cut.flops("experts"));
}

TEST_CASE("data-parallel attention with expert-parallel feed-forward blocks (DeepSeek-V3, arXiv 2412.19437)") {
  const ModelConfig& model = models::deepseek_v3;
  const ModelPrecision fp8 = *model_precision_named("fp8_block");
  const StepBatch batch = decoding(model, 128, 4096);
  const Parallelism parallelism{.expert = 32, .data = 32};
  const Visited rank = visited(model, parallelism, batch, fp8);
  CHECK(rank.collectives.size() == 2);
  CHECK(rank.count("expert_dispatch") == 58);
  CHECK(rank.count("expert_combine") == 58);
  // 4 of 8 groups of 32 are open to a token; a rank's 8 experts are in one. If it is open, the chance that none of the
  // token's 8 of 128 experts is among them is Π_{i<8} (120 − i)/(128 − i)
  double none = 1.0;
  for (int i = 0; i < 8; ++i) none *= (120.0 - i) / (128.0 - i);
  const double copies = 128.0 * 32.0 * 0.5 * (1.0 - none);
  // 7168 fp8 values with an fp32 scale for each 128; back in bf16
  CHECK(rank.collective("expert_dispatch").bytes.value == Approx(copies * (7168.0 + 4.0 * 56.0)));
  CHECK(rank.collective("expert_combine").bytes.value == Approx(copies * 7168.0 * 2.0));
  CHECK(rank.collective("expert_dispatch").ranks == 32);
  const MixtureOfExperts<> experts{.routing = {128 * 32, 256, 8, 32},
                                   .hidden_size = 7168,
                                   .intermediate_size = 2048,
                                   .precision = {fp8.activation, fp8.weight, fp8.hidden},
                                   .dispatched = true};
  CHECK(rank.operations.at("experts").cost == experts.cost() * 58);
  // attention, dense layers and shared experts are each rank's own
  const Visited alone = visited(ModelShard{model}, batch, fp8);
  for (const std::string name : {"decode_latent_attention", "gate_up_projection", "shared_gate_up_projection"}) {
    CHECK(rank.operations.at(name).cost == alone.operations.at(name).cost);
  }

  SECTION("tensor-parallel ranks divide their tokens before they send them, and gather them after") {
    const Parallelism both{.tensor = 4, .expert = 32, .data = 8};
    const Visited divided = visited(model, both, batch, fp8);
    CHECK(divided.collective("expert_dispatch").bytes.value ==
          Approx(rank.collective("expert_dispatch").bytes.value / 4.0));
    CHECK(divided.collective("expert_token_all_gather") ==
          Collective{CollectiveKind::all_gather, 4, {128.0 * 7168.0 * 2.0}, DataType::bf16});
    CHECK(divided.count("feed_forward_all_reduce") == 3);  // the dense layers
    CHECK(divided.count("attention_all_reduce") == 61);
    // shared experts whole, on a quarter of the tokens
    CHECK(divided.flops("shared_down_projection") * 4.0 == rank.flops("shared_down_projection"));
    CHECK(shard_of(model, both).model.experts.shared_intermediate_size == 2048);
    CHECK(shard_of(model, both).model.intermediate_size == 18432 / 4);
  }
  SECTION("all-gather: every token to every rank, with 8 indices and weights of 4 bytes each") {
    // whole experts on each of 8 ranks: those that share tokens divide them first and gather them after
    const Visited gathered = visited(
        model, {.tensor = 2, .expert = 8, .data = 4, .expert_dispatch = ExpertDispatch::all_gather}, batch, fp8);
    const double tokens = 128.0 * 4.0;
    CHECK(gathered.collective("expert_all_gather") ==
          Collective{CollectiveKind::all_gather, 8, {tokens * (7168.0 * 2.0 + 64.0)}, DataType::bf16});
    CHECK(gathered.collective("expert_reduce_scatter") ==
          Collective{CollectiveKind::reduce_scatter, 8, {tokens * 7168.0 * 2.0}, DataType::bf16});
    CHECK(gathered.collective("expert_token_all_gather").bytes == Bytes{128.0 * 7168.0 * 2.0});
    CHECK(gathered.count("feed_forward_all_reduce") == 3);
    // experts of two ranks each: every rank exchanges all its tokens, and both sum up
    const Visited shared = visited(
        model, {.tensor = 2, .expert = 4, .data = 4, .expert_dispatch = ExpertDispatch::all_gather}, batch, fp8);
    CHECK(shared.collective("expert_all_gather") ==
          Collective{CollectiveKind::all_gather, 4, {tokens * (7168.0 * 2.0 + 64.0)}, DataType::bf16, 2});
    CHECK(shared.collective("expert_reduce_scatter") ==
          Collective{CollectiveKind::reduce_scatter, 4, {tokens * 7168.0 * 2.0}, DataType::bf16, 2});
    CHECK(shared.count("feed_forward_all_reduce") == 61);
    CHECK(shared.collectives.count("expert_token_all_gather") == 0);
  }
}

TEST_CASE("experts whose tokens are sent to them are timed by the rows that the rank got") {
  const MixtureOfExperts<> masked{
      .routing = {128 * 32, 128, 8, 32}, .hidden_size = 4096, .intermediate_size = 1536};
  MixtureOfExperts<> dispatched = masked;
  dispatched.dispatched = true;
  CHECK(dispatched.cost() == masked.cost());
  const auto time = [](const MixtureOfExperts<>& experts) {
    return estimate_latency(experts, accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  };
  CHECK(time(dispatched).expected < time(masked).expected);
  // as a rank alone with its 4 experts, each token of which has 8 rows (of these 4, which only the kernel's sums see)
  const RankLoad load = busiest_rank(masked.routing);
  const auto query = kernel_query(dispatched, ExecutionConditions{});
  CHECK(query.shape.experts == 4.0);
  CHECK(query.shape.ranks == 1.0);
  CHECK(query.shape.rows() == Approx(load.rows));
}

TEST_CASE("experts behind an all-to-all in block-scaled fp8 are DeepGEMM's grouped products") {
  const ModelPrecision fp8 = *model_precision_named("fp8_block");
  const RuntimeLinearPrecision formats{fp8.expert_activation, fp8.expert_weight, fp8.hidden};
  for (const std::int32_t tokens : {1, 64, 127, 128, 2048}) {
    const ExpertRouting routing{tokens * 32, 256, 8, 32};
    const MixtureOfExperts<> experts{.routing = routing,
                                     .hidden_size = 7168,
                                     .intermediate_size = 2048,
                                     .precision = formats,
                                     .dispatched = true};
    // as many rows an expert as tokens a rank here: 8 · 32 / 256 = 1
    const GroupedLayout layout = tokens < 128 ? GroupedLayout::masked : GroupedLayout::contiguous;
    for (const Accelerator* const accelerator : {&accelerators::h20, &accelerators::h800_sxm}) {
      const Calibration calibration = default_calibration(*accelerator);
      const auto time = [&](const auto& operation) {
        return estimate_latency(operation, *accelerator, calibration);
      };
      const LatencyEstimate products = time(GroupedProjection<>{routing, 7168, 4096, layout, formats}) +
                                       time(GroupedProjection<>{routing, 2048, 7168, layout, formats});
      const LatencyEstimate layer = time(experts);
      CHECK(layer.expected > products.expected);  // by the activation and the sum
      CHECK(layer.expected < products.expected * 1.5 + Seconds{10e-6});
      CHECK(layer.bound == roofline_bound(experts, *accelerator));
      CHECK(layer.bound.time <= layer.low);
      CHECK(layer.low <= layer.expected);
      CHECK(layer.expected <= layer.high);
      MixtureOfExperts<> alone = experts;
      alone.dispatched = false;
      CHECK(roofline_bound(alone, *accelerator) == layer.bound);
    }
  }
}

TEST_CASE("ranks of a token whose choice is limited to groups of experts, against drawing") {
  std::mt19937 random(20240501);
  for (const std::int32_t ranks : {2, 4, 8, 16, 64}) {
    const ExpertExchange exchange{
        .experts = 256, .experts_per_token = 8, .ranks = ranks, .groups = 8, .groups_per_token = 4};
    REQUIRE_FALSE(exchange.violation());
    std::vector<std::int32_t> groups{0, 1, 2, 3, 4, 5, 6, 7};
    double sum = 0.0;
    constexpr int draws = 20000;
    for (int draw = 0; draw < draws; ++draw) {
      std::shuffle(groups.begin(), groups.end(), random);
      std::vector<std::int32_t> open;
      for (int g = 0; g < 4; ++g) {
        for (std::int32_t e = 0; e < 32; ++e) open.push_back(groups[static_cast<std::size_t>(g)] * 32 + e);
      }
      std::shuffle(open.begin(), open.end(), random);
      std::set<std::int32_t> reached;
      for (std::size_t k = 0; k < 8; ++k) reached.insert(open[k] / (256 / ranks));
      sum += static_cast<double>(reached.size());
    }
    INFO(ranks);
    CHECK(exchange.ranks_per_token() == Approx(sum / draws).epsilon(0.01));
  }
  const ExpertExchange all{.experts = 64, .experts_per_token = 6, .ranks = 8, .groups = 8, .groups_per_token = 8};
  const ExpertExchange none{.experts = 64, .experts_per_token = 6, .ranks = 8};
  CHECK(all.ranks_per_token() == none.ranks_per_token());
}

TEST_CASE("pipeline stages send the residual stream") {
  const ModelConfig& model = models::llama_3_1_405b;
  const StepBatch batch = decoding(model, 100, 2000);
  const Visited rank = visited(model, {.tensor = 8, .pipeline = 2}, batch);
  CHECK(rank.count("stage_transfer") == 1);
  CHECK(rank.collective("stage_transfer") ==  // the stream and what is yet to be added, an eighth each
        Collective{CollectiveKind::point_to_point, 2, {2.0 * 12.5 * 16384.0 * 2.0}, DataType::bf16, 8});
  CHECK(rank.collective("stage_all_gather").bytes.value == 2.0 * 100.0 * 16384.0 * 2.0);
  CHECK(rank.count("attention_all_reduce") == 126);  // of both stages, one after the other
  const Fabric fabric = Fabric::of(accelerators::h100_sxm);
  const CollectiveBound between_nodes = collective_bound(rank.collective("stage_transfer"), fabric);
  CHECK(between_nodes.limiter() == CollectiveLimiter::scale_out);
  CHECK(between_nodes.time.value == Approx(25.0 * 32768.0 / 50e9));
  // the last add of a stage is in the first norm of the next
  CHECK(rank.operations.at("first_norm").count == 1);
  CHECK(rank.operations.at("attention_norm").count == 125);
  CHECK(rank.operations.at("feed_forward_norm").count == 126);
  CHECK(rank.operations.count("residual_add") == 0);
  CHECK(rank.operations.at("final_norm").count == 1);
  const Visited within = visited(model, {.tensor = 4, .pipeline = 2}, batch);
  CHECK(collective_bound(within.collective("stage_transfer"), fabric).limiter() == CollectiveLimiter::scale_up);
}

TEST_CASE("stages: layers left over go before the last stage, and all stages together are the whole pass") {
  // vLLM's get_pp_indices: 126 layers on 4 stages are 31, 32, 32, 31; 61 on 4 are 15, 15, 16, 15
  const auto counts = [](std::int32_t layers, std::int32_t pipeline) {
    std::vector<std::int32_t> all;
    std::int32_t next = 0;
    for (std::int32_t stage = 0; stage < pipeline; ++stage) {
      const LayerSpan span = layers_of_stage(layers, pipeline, stage);
      CHECK(span.first == next);
      next += span.count;
      all.push_back(span.count);
    }
    CHECK(next == layers);
    return all;
  };
  CHECK(counts(126, 4) == std::vector{31, 32, 32, 31});
  CHECK(counts(61, 4) == std::vector{15, 15, 16, 15});
  CHECK(counts(80, 4) == std::vector{20, 20, 20, 20});
  CHECK(counts(7, 4) == std::vector{2, 2, 2, 1});
  CHECK(counts(5, 1) == std::vector{5});
  CHECK(counts(5, 5) == std::vector{1, 1, 1, 1, 1});

  for (const ModelConfig& model : model_catalogue) {
    for (const std::int32_t pipeline : {2, 3, 4, 7}) {
      const Parallelism parallelism{.tensor = 2, .pipeline = pipeline};
      if (violation(model, parallelism)) continue;
      const StepBatch batch = mixed(model);
      const Cost whole = step_cost(shard_of(model, parallelism), batch, {});
      Cost stages{};
      for (std::int32_t stage = 0; stage < pipeline; ++stage) {
        stages += step_cost(shard_of(model, parallelism, stage), batch, {});
      }
      INFO(model.name.view() << ", " << pipeline << " stages");
      CHECK(stages.matrix_flops.value == Approx(whole.matrix_flops.value).epsilon(1e-12));
      CHECK(stages.weight_read.value == Approx(whole.weight_read.value).epsilon(1e-12));
      CHECK(stages.bytes().value == Approx(whole.bytes().value).epsilon(1e-12));
    }
  }
}

TEST_CASE("every s-th rank: fewer in a node") {
  const Fabric fabric = Fabric::of(accelerators::h100_sxm);  // 8 a node
  CHECK(fabric.strided(1) == fabric);
  CHECK(fabric.strided(2).ranks_per_node == 4);
  CHECK(fabric.strided(2).nodes(4) == 1);
  CHECK(fabric.strided(2).nodes(8) == 2);
  CHECK(fabric.strided(8).nodes(4) == 4);
  CHECK(fabric.strided(16).nodes(4) == 4);
  CHECK(fabric.strided(3).ranks_per_node == 2);
}

TEST_CASE("context-parallel ranks share the pairs: prompts by queries, the cache by keys") {
  for (const ModelConfig* const model : {&models::llama_3_1_70b, &models::gemma_3_27b, &models::deepseek_v3}) {
    StepBatch batch(*model);
    batch.add({4096, 65536, 0});
    for (int i = 0; i < 8; ++i) batch.add({1, 32768, 1});
    const Visited whole = visited(ModelShard{*model}, batch);
    Parallelism parallelism{.context = 4};
    if (model->experts.experts > 0) parallelism.expert = 4;
    const Visited rank = visited(*model, parallelism, batch);
    for (const auto& [name, executed] : rank.operations) {
      INFO(model->name.view() << ": " << name);
      const bool expands = name == "key_value_up_projection";  // every rank expands all keys of a prompt
      const bool experts = name == "experts" || name == "router";
      if (experts) continue;
      CHECK(executed.cost.matrix_flops.value * (expands ? 1.0 : 4.0) == Approx(whole.flops(name)).epsilon(1e-4));
    }
  }
  const ModelConfig& model = models::llama_3_1_70b;
  StepBatch batch(model);
  batch.add({4096, 65536, 0});
  for (int i = 0; i < 8; ++i) batch.add({1, 32768, 1});
  const Visited rank = visited(model, {.tensor = 2, .context = 4}, batch);
  const double keys = 65536.0 * 4.0 * 2.0 * 128.0 * 2.0;  // 4 of 8 KV heads, key and value, bf16
  CHECK(rank.collective("prefill_key_value_all_gather") ==
        Collective{CollectiveKind::all_gather, 4, {keys}, DataType::bf16, 2});
  CHECK(rank.collective("decode_query_all_gather").bytes.value == 8.0 * 32.0 * 128.0 * 2.0);
  CHECK(rank.collective("decode_output_all_to_all").bytes.value == 8.0 * 32.0 * (128.0 * 2.0 + 4.0));
  CHECK(rank.count("decode_query_all_gather") == 80);
  // a rank reads a quarter of the cached keys of decodes and all of the prompt's
  const Visited tensor_only = visited(model, {.tensor = 2}, batch);
  CHECK(rank.operations.at("decode_attention").cost.kv_cache_read * 4.0 ==
        tensor_only.operations.at("decode_attention").cost.kv_cache_read);
  CHECK(rank.operations.at("prefill_attention").cost.kv_cache_read ==
        tensor_only.operations.at("prefill_attention").cost.kv_cache_read);
}

TEST_CASE("degrees that do not fit a model are refused with what would") {
  CHECK(message(models::llama_3_1_70b, {.tensor = 3}) ==
        "tensor is 3, expected a divisor of the model's query heads");
  CHECK(message(models::qwen2_5_7b, {.tensor = 7}) ==  // 28 query, 4 KV heads
        "tensor is 7, expected a divisor or a multiple of the model's KV heads");
  CHECK(message(models::deepseek_v3, {.tensor = 256}) ==
        "tensor is 256, expected a divisor of the model's heads of latent attention");
  CHECK(message(models::qwen3_next_80b_a3b, {.tensor = 32}) != "valid");
  CHECK(message(models::nemotron_h_8b, {.tensor = 16}) ==
        "tensor is 16, expected a divisor of the recurrence's key heads or groups");
  CHECK(message(models::nemotron_h_8b, {.context = 2}) ==
        "context is 2, expected 1 for a model with recurrent layers");
  CHECK(message(models::deepseek_v3_2, {.expert = 2, .context = 2}) ==
        "context is 2, expected 1 for a model with an indexer");
  CHECK(message(models::llama_3_1_8b, {.pipeline = 33}) == "pipeline is 33, expected at most the model's layers");
  CHECK(message(models::llama_3_1_8b, {.expert = 2}) ==
        "expert is 2, expected a divisor of tensor x context x data");
  CHECK(message(models::llama_3_1_8b, {.expert = 2, .data = 2}) ==
        "expert is 2, expected 1 for a model without experts");
  CHECK(message(models::deepseek_v3, {.expert = 3, .data = 3}) ==
        "expert is 3, expected a divisor of the model's experts");
  CHECK(message(models::deepseek_v3, {.expert = 4, .data = 8}) ==
        "expert is 4, expected tensor x context x data where tokens are exchanged all to all (or dispatch by "
        "all_gather)");
  CHECK(message(models::deepseek_v3, {.expert = 4, .data = 8, .expert_dispatch = ExpertDispatch::all_gather}) ==
        "valid");
  CHECK(message(models::qwen3_30b_a3b, {.tensor = 4, .data = 2, .expert_dispatch = ExpertDispatch::all_gather}) ==
        "valid");  // 768 / 8
  CHECK(message(models::mixtral_8x7b, {.data = 4}) != "valid");
  CHECK(message(models::llama_3_1_8b, {.data = 4}) == "valid");  // replicas
  CHECK(message(models::llama_3_1_8b, {.tensor = 0}) == "tensor is 0, expected a positive number");
  CHECK(message(Parallelism{.tensor = 65536, .pipeline = 65536}.violation()) ==
        "ranks is 4294967296, expected at most 2147483647");
  const ModelConfig& many = models::deepseek_v3;
  StepBatch batch(many);
  for (int i = 0; i < 16; ++i) batch.add({1 << 20, 1 << 20, 0});
  CHECK(message(violation(many, Parallelism{.expert = 256, .data = 256}, batch)).find("expected at most") !=
        std::string::npos);
}

TEST_CASE("replicas of a model without experts exchange nothing") {
  const ModelConfig& model = models::llama_3_1_8b;
  const StepBatch batch = mixed(model);
  CHECK(visited(model, {.data = 8}, batch).collectives.empty());
  CHECK(step_cost(shard_of(model, {.data = 8}), batch, {}) == step_cost(model, batch, {}));
}

TEST_CASE("a rank's step: bound within estimate, sums of its parts, monotone in the batch") {
  const Fabric fabric = Fabric::of(accelerators::h100_sxm);
  Platform platform(accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  for (const ModelConfig& model : model_catalogue) {
    for (const Parallelism& parallelism :
         {Parallelism{.tensor = 2}, Parallelism{.tensor = 8, .sequence = true},
          Parallelism{.tensor = 4, .pipeline = 4}, Parallelism{.expert = 8, .data = 8},
          Parallelism{.tensor = 2, .expert = 16, .data = 8}, Parallelism{.tensor = 4, .expert = 4}}) {
      if (violation(model, parallelism)) continue;
      const ModelShard shard = shard_of(model, parallelism);
      StepEstimator estimator(shard, {}, platform);
      const StepBatch batch = mixed(model);
      const StepBound bound = step_bound(shard, batch, {}, accelerators::h100_sxm, fabric);
      const StepEstimate step = estimator.estimate(batch);
      INFO(model.name.view());
      CHECK(step.bound() == bound);
      CHECK(bound.time().value < step.expected.value);
      CHECK(bound.time().value <= step.low.value);
      CHECK(step.low.value <= step.expected.value);
      CHECK(step.expected.value <= step.high.value);
      CHECK(step.expected == step.operations.expected + step.communication.expected);
      CHECK(step.communication.expected.value > 0.0);
      CHECK(step.hidden == Seconds{});
      CHECK(step.host == Seconds{});
      StepBatch more = batch;
      more.add({1, 3000, 1});
      CHECK(bound.time() <= step_bound(shard, more, {}, accelerators::h100_sxm, fabric).time());
      CHECK(StepEstimator(shard, {}, platform).estimate(more).expected == estimator.estimate(more).expected);
      const Cost cost = step_cost(shard, batch, {});
      CHECK(cost.matrix_flops.value < step_cost(model, batch, {}).matrix_flops.value * 1.0001 * parallelism.data);
    }
  }
}

TEST_CASE("a step's time by what it waits for adds up to the step") {
  Platform platform(accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  platform.system = {.host_per_step = {1e-3}, .collective_overlap = 0.5};
  for (const ModelConfig& model : model_catalogue) {
    const Parallelism parallelism{.tensor = 8};
    if (violation(model, parallelism)) continue;
    const ModelShard shard = shard_of(model, parallelism);
    const StepBatch batch = mixed(model);
    const ResourceTimes times = resource_times(shard, batch, {}, platform);
    const StepEstimate step = StepEstimator(shard, {}, platform).estimate(batch);
    INFO(model.name.view());
    CHECK(times.total().value == Approx(step.expected.value).epsilon(1e-12));
    CHECK(times[Resource::host] == Seconds{1e-3});
    CHECK(times[Resource::network].value == Approx(0.5 * step.communication.expected.value));
    CHECK(times[Resource::compute].value > 0.0);
    CHECK(times[Resource::memory].value > 0.0);
    CHECK(times[Resource::overhead].value > 0.0);
  }
  // what an operation waits for: its overhead, then the longer of compute and memory
  const LatencyEstimate estimate{.expected = {10e-6}, .compute = {7e-6}, .memory = {5e-6}, .overhead = {3e-6}};
  CHECK(resource_times(estimate)[Resource::compute].value == Approx(7e-6));
  CHECK(resource_times(estimate)[Resource::memory] == Seconds{});
  CHECK(resource_times(estimate)[Resource::overhead] == Seconds{3e-6});
}

TEST_CASE("every thread gets the same answers") {
  const ModelConfig& model = models::deepseek_v3;
  const ModelShard shard = shard_of(model, {.tensor = 2, .expert = 16, .data = 8});
  const Platform platform(accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  const auto answers = [&] {
    StepEstimator estimator(shard, *model_precision_named("fp8_block"), platform);
    StepBatch batch(model);
    std::vector<double> times;
    for (std::int32_t i = 1; i <= 200; ++i) {
      batch.add({i % 7 == 0 ? 64 : 1, 100 * i, 1});
      times.push_back(estimator.estimate(batch).expected.value);
    }
    return times;
  };
  const std::vector<double> expected = answers();
  std::vector<std::vector<double>> found(8);
  std::vector<std::thread> threads;
  for (std::vector<double>& times : found) threads.emplace_back([&] { times = answers(); });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<double>& times : found) CHECK(times == expected);
}

TEST_CASE("a serving system adds its host's time and hides communication") {
  const ModelConfig& model = models::llama_3_1_70b;
  const ModelShard shard = shard_of(model, {.tensor = 8});
  const StepBatch batch = decoding(model, 64, 4096);
  Platform platform(accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  const StepEstimate bare = StepEstimator(shard, {}, platform).estimate(batch);
  platform.system = serving_systems::vllm;
  const StepEstimate served = StepEstimator(shard, {}, platform).estimate(batch);
  const double host = 2.1e-3 + 64 * 27e-6;
  CHECK(served.host.value == Approx(host));
  CHECK(served.expected.value == Approx(bare.expected.value + host));
  CHECK(served.low.value == Approx(bare.low.value + host));
  CHECK(served.high.value == Approx(bare.high.value + host));
  platform.system = {.collective_overlap = 0.75};
  const StepEstimate overlapped = StepEstimator(shard, {}, platform).estimate(batch);
  CHECK(overlapped.hidden.value == Approx(0.75 * bare.communication.expected.value));
  CHECK(overlapped.expected.value == Approx(bare.expected.value - overlapped.hidden.value));
  CHECK(StepEstimator(shard, {}, platform).estimate(StepBatch(model)).expected == Seconds{});
  CHECK(message(ServingSystem{.host_per_step = {-1e-6}}.violation()) ==
        "host_per_step_us is -1, expected a number ≥ 0");
  CHECK(message(ServingSystem{.collective_overlap = std::numeric_limits<double>::quiet_NaN()}.violation())
            .find("expected a share from 0 to 1") != std::string::npos);
}
