// SPDX-License-Identifier: Apache-2.0
//
// The blocks of a model: which operations belong to each, what each holds in memory, and what goes from one to another.
#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "opcost/opcost.hpp"
#include "opcost/placement/attention_disaggregation.hpp"
#include "opcost/placement/block_flow.hpp"
#include "opcost/placement/block_memory.hpp"

using namespace opcost;

namespace {

const ModelPrecision fp8_block = *model_precision_named("fp8_block");

/// One rank, tensor parallel, with expert parallel of both kinds, and the stages of a pipeline.
std::vector<ModelShard> shards_of(const ModelConfig& model) {
  std::vector<ModelShard> shards;
  for (const Parallelism& parallelism :
       {Parallelism{}, Parallelism{.tensor = 2}, Parallelism{.tensor = 4}, Parallelism{.tensor = 4, .expert = 4},
        Parallelism{.tensor = 2, .expert = 4, .data = 2}, Parallelism{.tensor = 2, .pipeline = 3},
        Parallelism{.tensor = 2, .context = 2}}) {
    if (violation(model, parallelism)) continue;
    shards.push_back(shard_of(model, parallelism));
    if (parallelism.pipeline == 1) continue;
    for (std::int32_t stage = 0; stage < parallelism.pipeline; ++stage) {
      shards.push_back(shard_of(model, parallelism, stage));
    }
  }
  return shards;
}

/// Every kind of layer, tied, with a gate and an indexer.
ModelConfig model_with_everything() {
  ModelConfig model = models::qwen3_next_80b_a3b;
  model.layer_groups = {};
  model.layer_order = {};
  model.latent = models::deepseek_v3_2.latent;
  model.intermediate_size = 4096;
  model.sliding_window = 512;
  model.tied_embeddings = true;
  REQUIRE(model.add_layers(TokenMixer::attention, FeedForward::dense, 3));
  REQUIRE(model.add_layers(TokenMixer::local_attention, FeedForward::experts, 5));
  REQUIRE(model.add_layers(TokenMixer::latent_attention, FeedForward::none, 7));
  REQUIRE(model.add_layers(TokenMixer::delta_rule, FeedForward::experts, 11));
  REQUIRE(model.add_layers(TokenMixer::state_space, FeedForward::none, 13));
  REQUIRE(model.add_layers(TokenMixer::none, FeedForward::dense, 17));
  REQUIRE_FALSE(model.violation());
  return model;
}

std::vector<ModelConfig> all_models() {
  std::vector<ModelConfig> all(model_catalogue.begin(), model_catalogue.end());
  all.push_back(model_with_everything());
  return all;
}

double times_layers(const BlockBytes& bytes, const BlockLayers& layers) {
  double sum = 0.0;
  for (std::size_t i = 0; i < placed_block_count; ++i) sum += bytes.values[i].value * layers.values[i];
  return sum;
}

/// Under which block each operation is visited.
struct BlockRecorder {
  Block current = Block::embedding;
  bool entered = false;
  std::multimap<std::string_view, Block> blocks_of{};
  std::map<Block, std::int32_t> most{};  // executions of an operation of the block

  void enter(Block block) {
    current = block;
    entered = true;
  }
  template <class T>
  void operator()(std::string_view name, std::int32_t count, const T& /*operation*/) {
    REQUIRE(entered);
    blocks_of.emplace(name, current);
    if (count > most[current]) most[current] = count;
  }
};

/// The flow between two blocks; of several the one that is gathered or not.
BlockFlow flow(const BlockFlows& flows, Block from, Block to, bool gathered) {
  const BlockFlow* found = nullptr;
  for (const BlockFlow& each : flows) {
    if (each.from != from || each.to != to || each.gathered != gathered) continue;
    REQUIRE(found == nullptr);
    found = &each;
  }
  INFO(name(from) << " to " << name(to));
  REQUIRE(found != nullptr);
  return *found;
}

void check_flow(const BlockFlows& flows, Block from, Block to, double layers, double per_token, bool gathered) {
  INFO(name(from) << " to " << name(to));
  CHECK(flow(flows, from, to, gathered) == BlockFlow{from, to, layers, Bytes{per_token}, gathered});
}

}  // namespace

TEST_CASE("a pass executes each operation within one block, which the model has") {
  for (const ModelConfig& model : model_catalogue) {
    for (const ModelShard& shard : shards_of(model)) {
      INFO(model.name.view() << ", tensor " << shard.place.parallelism.tensor << ", layers "
                             << shard.model.layers());
      StepBatch batch(shard.model);
      batch.add({1, 3000, 1});
      batch.add({700, 900, 1});
      BlockRecorder recorder;
      visit_operations(shard, batch, {}, recorder);
      for (const auto& [operation, block] : recorder.blocks_of) {
        INFO(operation);
        // what context-parallel ranks send each other has one name in both kinds of attention
        CHECK((recorder.blocks_of.count(operation) == 1 || shard.place.parallelism.context > 1));
      }
      const BlockLayers layers = block_layers(shard);
      for (std::size_t i = 0; i < placed_block_count; ++i) {
        const auto block = static_cast<Block>(i);
        INFO(name(block));
        CHECK((recorder.most.count(block) > 0) == (layers[block] > 0));
        // once a layer some operation of the block; norms and adds of the residual stream in part
        if (block == Block::residual) {
          CHECK(recorder.most[block] <= layers[block]);
        } else {
          CHECK(recorder.most[block] == layers[block]);
        }
      }
    }
  }
}

TEST_CASE("the weights and caches of the blocks are those of the rank") {
  int shards = 0;
  for (const ModelConfig& model : all_models()) {
    for (const ModelShard& shard : shards_of(model)) {
      ++shards;
      for (const ModelPrecision& precision : {ModelPrecision{}, fp8_block}) {
        INFO(model.name.view() << ", tensor " << shard.place.parallelism.tensor << ", layers "
                               << shard.model.layers());
        const BlockBytes weights = block_weight_bytes(shard, precision);
        BlockLayers layers = block_layers(shard);
        const Bytes tied = tied_table_bytes(shard, precision);
        CHECK((tied > Bytes{}) == (model.tied_embeddings && shard.place.first_stage && shard.place.last_stage));
        for (const std::int32_t tokens : {0, 1, 17, 5000}) {
          for (const std::int32_t block_tokens : {1, 16}) {
            CacheBatch cache(shard, block_tokens);
            cache.add(tokens);
            CHECK(times_layers(block_cache_bytes(shard, precision, tokens, block_tokens), layers) ==
                  cache_bytes(shard, precision, cache).total().value);
          }
        }
        layers[Block::residual] = 1;  // has the weights of all
        CHECK(times_layers(weights, layers) == weight_bytes(shard, precision).value + tied.value);
      }
    }
  }
  CHECK(shards > 250);
}

TEST_CASE("DeepSeek-V3's weights by block, by hand") {
  const BlockBytes bytes = block_weight_bytes(shard_of(models::deepseek_v3, {}), {});
  CHECK(bytes[Block::embedding].value == 2.0 * 129280 * 7168);
  CHECK(bytes[Block::head].value == 2.0 * 129280 * 7168);
  CHECK(bytes[Block::residual].value == 2.0 * (2 * 61 + 1) * 7168);
  // queries down to 1536 and up to 128 heads of 192, latent and rotary key 576; the norms of both ranks
  CHECK(bytes[Block::latent_input].value == 2.0 * (7168.0 * 1536 + 1536.0 * 128 * 192 + 7168.0 * 576 + 1536 + 512));
  CHECK(bytes[Block::latent_attention].value == 2.0 * 512 * 128 * (128 + 128));
  CHECK(bytes[Block::latent_output].value == 2.0 * 128 * 128 * 7168);
  CHECK(bytes[Block::feed_forward].value == 2.0 * 3 * 7168 * 18432);
  CHECK(bytes[Block::router].value == 2.0 * (3.0 * 7168 * 2048 + 7168.0 * 256 + 256));
  CHECK(bytes[Block::experts].value == 2.0 * 256 * 3 * 7168 * 2048);
  CHECK(bytes[Block::attention_input] == Bytes{});
  CHECK(bytes[Block::recurrence] == Bytes{});
  // a 64th of the experts; an fp32 scale for each 128 x 128 weights
  const ModelShard shard = shard_of(models::deepseek_v3, {.expert = 64, .data = 64});
  CHECK(block_weight_bytes(shard, fp8_block)[Block::experts].value ==
        4.0 * 3 * (7168.0 * 2048 + 4.0 * 7168 * 2048 / (128 * 128)));
  // 128 tokens of 512 + 64 elements, in blocks of 64
  CHECK(block_cache_bytes(shard, fp8_block, 100, 64)[Block::latent_attention].value == 2.0 * 576 * 128);
}

TEST_CASE("gpt-oss-120b's weights and caches by block, by hand") {
  const ModelShard shard = shard_of(models::gpt_oss_120b, {.tensor = 2});
  const BlockBytes bytes = block_weight_bytes(shard, {});
  // on each of two ranks 32 query heads and 4 KV heads of 64; biases: qkv divided, output whole, a sink a query head
  CHECK(bytes[Block::attention_input].value == 2.0 * (2880.0 + 1) * (32 + 2 * 4) * 64);
  CHECK(bytes[Block::attention].value == 2.0 * 32);
  CHECK(bytes[Block::local_attention].value == 2.0 * 32);
  CHECK(bytes[Block::attention_output].value == 2.0 * (32.0 * 64 * 2880 + 2880));
  CHECK(bytes[Block::router].value == 2.0 * (2880.0 + 1) * 128);
  // each rank half of every expert: 1440 wide
  CHECK(bytes[Block::experts].value == 2.0 * 128 * (3.0 * 2880 * 1440 + 2 * 1440 + 2880));
  // a window of 128 tokens touches 9 blocks of 16
  const BlockBytes cache = block_cache_bytes(shard, {}, 5000, 16);
  CHECK(cache[Block::attention].value == 2.0 * 2 * 4 * 64 * 313 * 16);
  CHECK(cache[Block::local_attention].value == 2.0 * 2 * 4 * 64 * 9 * 16);
}

TEST_CASE("the weights of recurrent blocks, by hand") {
  // Kimi Linear: 32 heads of 128 for keys and values; convolution of width 4 over q, k, v; a decay's scale a head and bias
  // a key channel; low ranks of 128 for decay and output gate; a norm over a head
  const BlockBytes kimi = block_weight_bytes(shard_of(models::kimi_linear_48b_a3b, {}), {});
  CHECK(kimi[Block::recurrence_input].value ==
        2.0 * (2304.0 * 3 * 4096 + 2304.0 * 32 + 2 * 2304.0 * 128 + 2 * 128.0 * 4096));
  CHECK(kimi[Block::recurrence].value == 2.0 * (3 * 4096 * 4 + 32 + 4096));
  CHECK(kimi[Block::recurrence_output].value == 2.0 * (4096.0 * 2304 + 128));
  // the state in fp32, the last three inputs of the convolution in bf16
  CHECK(block_cache_bytes(shard_of(models::kimi_linear_48b_a3b, {}), {}, 9, 16)[Block::recurrence].value ==
        4.0 * 32 * 128 * 128 + 2.0 * 3 * 3 * 4096);
}

TEST_CASE("embedding and head of a tied model have one table where a rank has both") {
  const double table = 2.0 * 128256 * 2048;
  const ModelShard whole = shard_of(models::llama_3_2_1b, {});
  CHECK(block_weight_bytes(whole, {})[Block::embedding].value == table);
  CHECK(block_weight_bytes(whole, {})[Block::head].value == table);
  CHECK(tied_table_bytes(whole, {}).value == table);
  const ModelShard first = shard_of(models::llama_3_2_1b, {.pipeline = 2}, 0);
  CHECK(block_weight_bytes(first, {})[Block::embedding].value == table);
  CHECK(block_weight_bytes(first, {})[Block::head] == Bytes{});
  CHECK(tied_table_bytes(first, {}) == Bytes{});
  CHECK(tied_table_bytes(shard_of(models::llama_3_1_8b, {}), {}) == Bytes{});
}

TEST_CASE("every flow joins blocks that the model has, and is never empty") {
  for (const ModelConfig& model : all_models()) {
    const BlockLayers layers = block_layers(model);
    const BlockFlows flows = block_flows(model, fp8_block);
    PerBlock<int> into;
    PerBlock<int> out_of;
    for (const BlockFlow& each : flows) {
      INFO(model.name.view() << ": " << name(each.from) << " to " << name(each.to));
      CHECK(each.layers > 0.0);
      CHECK(each.layers <= layers[each.from]);
      CHECK(each.layers <= layers[each.to]);
      CHECK(each.per_token > Bytes{});
      ++into[each.to];
      ++out_of[each.from];
    }
    for (std::size_t i = 0; i < placed_block_count; ++i) {
      INFO(model.name.view() << ": " << name(static_cast<Block>(i)));
      CHECK((into.values[i] > 0) == (layers.values[i] > 0));
      CHECK((out_of.values[i] > 0) == (layers.values[i] > 0));
    }
  }
  // 1 from the embedding, 2 about the head; attention 7, latents 5, recurrences 6, feed-forward 2, router and experts 4
  CHECK(block_flows(model_with_everything(), {}).size() == BlockFlows::capacity);
  constexpr BlockFlows at_compile_time = block_flows(models::llama_3_1_8b, ModelPrecision{});
  static_assert(at_compile_time.size() == 9);
}

TEST_CASE("around attention of Llama 3 flows what Lamina counts") {
  // arXiv 2405.01814: (2 + 2/G) e d B L
  for (const ModelConfig* const model : {&models::llama_3_1_8b, &models::llama_3_1_70b, &models::llama_3_1_405b}) {
    INFO(model->name.view());
    const AttentionHeads& heads = model->heads;
    REQUIRE(heads.query_heads * heads.query_key_dimension == model->hidden_size);
    const OffloadedAttention lamina{.batch = 64,
                                    .layers = model->layers(),
                                    .hidden_size = model->hidden_size,
                                    .queries_per_kv_head = heads.query_heads / heads.kv_heads};
    const BlockFlows flows = block_flows(*model, {});
    double bytes = 0.0;
    for (const BlockFlow& each : flows) {
      if (each.to == Block::attention || each.from == Block::attention) {
        bytes += each.per_token.value * each.layers * 64;
      }
    }
    CHECK(bytes == lamina.transferred().value);
  }
}

TEST_CASE("DeepSeek-V3's flows in fp8, by hand") {
  const BlockFlows flows = block_flows(models::deepseek_v3, fp8_block);
  const double hidden = 2.0 * 7168;
  const double quantised = 7168 + 4.0 * 7168 / 128;  // an fp32 scale for 128
  check_flow(flows, Block::embedding, Block::residual, 1, hidden, true);
  check_flow(flows, Block::residual, Block::latent_input, 61, quantised, true);
  check_flow(flows, Block::latent_input, Block::latent_attention, 61, 2.0 * 128 * (128 + 64), false);  // queries
  check_flow(flows, Block::latent_input, Block::latent_attention, 61, 2.0 * (512 + 64),
             true);  // latent, rotary key
  check_flow(flows, Block::latent_attention, Block::latent_output, 61, 2.0 * 128 * 128, false);
  check_flow(flows, Block::latent_output, Block::residual, 61, hidden, true);
  check_flow(flows, Block::residual, Block::feed_forward, 3, quantised, true);
  check_flow(flows, Block::feed_forward, Block::residual, 3, hidden, true);
  check_flow(flows, Block::residual, Block::router, 58, quantised, true);
  check_flow(flows, Block::router, Block::residual, 58, hidden, true);
  check_flow(flows, Block::router, Block::experts, 58, quantised, true);
  check_flow(flows, Block::experts, Block::router, 58, hidden, true);
  check_flow(flows, Block::residual, Block::head, 1, hidden, true);
  check_flow(flows, Block::head, Block::embedding, 1, 4, true);
  CHECK(flows.size() == 14);
  // V3.2's indexer: 64 queries of 128 in fp8, each with a weight in fp32; a key of 128 with a scale in fp32
  check_flow(block_flows(models::deepseek_v3_2, fp8_block), Block::latent_input, Block::latent_attention, 61,
             2.0 * (512 + 64) + 64 * (128 + 4) + (128 + 4), true);
}

TEST_CASE("the flows of Gemma 3 27B and gpt-oss-120b, by hand") {
  const BlockFlows gemma = block_flows(models::gemma_3_27b, {});
  check_flow(gemma, Block::residual, Block::attention_input, 62, 2.0 * 5376, true);
  // 32 query heads, 16 KV heads of 128
  check_flow(gemma, Block::attention_input, Block::attention, 10, 2.0 * (32 + 2 * 16) * 128, false);
  check_flow(gemma, Block::attention_input, Block::local_attention, 52, 2.0 * (32 + 2 * 16) * 128, false);
  check_flow(gemma, Block::attention, Block::attention_output, 10, 2.0 * 32 * 128, false);
  check_flow(gemma, Block::local_attention, Block::attention_output, 52, 2.0 * 32 * 128, false);
  check_flow(gemma, Block::attention_output, Block::residual, 62, 2.0 * 5376, true);
  check_flow(gemma, Block::residual, Block::feed_forward, 62, 2.0 * 5376, true);
  CHECK(gemma.size() == 11);

  ModelPrecision fp8_cache;
  fp8_cache.kv_cache = formats::fp8;
  const BlockFlows oss = block_flows(models::gpt_oss_120b, fp8_cache);
  // 64 query heads of 64 in bf16, 8 keys and values in fp8
  check_flow(oss, Block::attention_input, Block::attention, 18, 2.0 * 64 * 64 + 2 * 8 * 64, false);
  check_flow(oss, Block::attention_input, Block::local_attention, 18, 2.0 * 64 * 64 + 2 * 8 * 64, false);
  check_flow(oss, Block::residual, Block::router, 36, 2.0 * 2880, true);
  check_flow(oss, Block::router, Block::experts, 36, 2.0 * 2880, true);
  CHECK(oss.size() == 13);
}

TEST_CASE("flows around recurrences, gates and norms after blocks, by hand") {
  // Kimi Linear: q, k, v of 32 heads of 128 in bf16; a β and 128 decays a head in fp32
  const BlockFlows kimi = block_flows(models::kimi_linear_48b_a3b, {});
  check_flow(kimi, Block::recurrence_input, Block::recurrence, 20, 2.0 * 3 * 32 * 128 + 4.0 * 32 * (1 + 128),
             false);
  check_flow(kimi, Block::recurrence, Block::recurrence_output, 20, 2.0 * 32 * 128, false);
  check_flow(kimi, Block::recurrence_input, Block::recurrence_output, 20, 2.0 * 32 * 128, false);
  // Nemotron-H 8B (Mamba-2): x of 128 heads of 64, B and C of 8 groups of 128, a time step a head in fp32
  const BlockFlows nemotron = block_flows(models::nemotron_h_8b, {});
  check_flow(nemotron, Block::recurrence_input, Block::recurrence, 24, 2.0 * (128 * 64 + 2 * 8 * 128) + 4.0 * 128,
             false);
  // Qwen3-Next: a gate for each of 16 heads of 256
  check_flow(block_flows(models::qwen3_next_80b_a3b, {}), Block::attention_input, Block::attention_output, 12,
             2.0 * 16 * 256, false);
  // OLMo 2 has no norm that would quantise before its blocks
  check_flow(block_flows(models::olmo_2_7b, fp8_block), Block::residual, Block::attention_input, 32, 2.0 * 4096,
             true);
}
