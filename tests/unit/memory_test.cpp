// SPDX-License-Identifier: Apache-2.0
//
// What a rank holds in memory: weights, KV cache in blocks, recurrent state, activations; and what fits.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "opcost/opcost.hpp"

using namespace opcost;
using namespace opcost::literals;

namespace {

ModelShard whole(const ModelConfig& model) { return shard_of(model, {}); }

/// Everything to the token and to the byte, and nothing but weights and caches that counts.
constexpr MemoryPolicy bare{1.0, 1, 1, 0, {}};

/// Parameters that every tensor-parallel rank has whole, without the repeated KV heads. Of `experts` routed experts.
double replicated_parameters(const ModelConfig& model, double experts) {
  const double hidden = model.hidden_size;
  const double norm = model.norm == NormKind::layer        ? 2.0 * hidden
                      : model.norm == NormKind::unweighted ? 0.0
                                                           : hidden;
  double sum = norm;  // final
  for (const LayerGroup& group : model.layer_groups) {
    double layer = 0.0;
    const double blocks = (group.mixer != TokenMixer::none) + (group.feed_forward != FeedForward::none);
    const double norms = model.norm_placement == NormPlacement::before_and_after ? 2.0 * blocks
                         : model.norm_placement == NormPlacement::parallel       ? 1.0
                                                                                 : blocks;
    layer += norms * norm;
    if (group.mixer == TokenMixer::attention || group.mixer == TokenMixer::local_attention) {
      if (model.attention_output_bias) layer += hidden;
      if (model.query_key_norm == QueryKeyNorm::head) layer += 2.0 * model.heads.query_key_dimension;
    } else if (group.mixer == TokenMixer::latent_attention) {
      const LatentConfig& latent = model.latent;
      const double rank = latent.query_rank;
      const double keys = latent.indexer_dimension;
      layer += hidden * rank + rank + hidden * latent.heads.cached_dimension() + latent.heads.latent_rank;
      layer += rank * latent.indexer_heads * keys + hidden * keys + hidden * latent.indexer_heads + 2.0 * keys;
    } else if (group.mixer == TokenMixer::delta_rule) {
      layer += model.recurrence.value_dimension;  // norm of a head
      if (model.recurrence.decay == DeltaRuleDecay::per_channel) {
        layer += 2.0 * hidden * model.recurrence.value_dimension;
      }
    }
    if (group.feed_forward == FeedForward::dense && model.feed_forward_bias) layer += hidden;
    if (group.feed_forward == FeedForward::experts) {
      const double all = model.experts.experts;
      layer += hidden * all;
      if (model.experts.selection_bias) layer += all;
      if (model.experts.shared_gate) layer += hidden;
      if (model.experts.bias) layer += all + experts * hidden;  // of the gate, and after each down projection
    }
    sum += layer * group.layers;
  }
  return sum;
}

/// KV heads that ranks repeat, and rows of the vocabulary that pad it, over all ranks.
double repeated_and_padded(const ModelConfig& model, std::int32_t ranks) {
  const AttentionHeads& heads = model.heads;
  const double layers = model.global_layers() + model.local_layers();
  double head = model.hidden_size * (double(heads.query_key_dimension) + heads.value_dimension);
  if (model.attention_bias) head += double(heads.query_key_dimension) + heads.value_dimension;
  if (model.query_key_norm == QueryKeyNorm::projection) head += heads.query_key_dimension;
  const double repeated = std::max(0, ranks - heads.kv_heads);
  const double rows = (ranks - model.vocabulary_size % ranks) % ranks;
  return layers * repeated * head + rows * model.hidden_size * (model.tied_embeddings ? 1.0 : 2.0);
}

CacheBatch batch_of(const ModelShard& shard, std::int32_t block_tokens, std::int32_t sequences,
                    std::int32_t context) {
  CacheBatch cache(shard, block_tokens);
  for (std::int32_t i = 0; i < sequences; ++i) cache.add(context);
  return cache;
}

}  // namespace

TEST_CASE("tensor-parallel ranks have the whole model together, and what each has whole") {
  int pairs = 0;
  for (const ModelConfig& model : model_catalogue) {
    for (const std::int32_t ranks : {2, 4, 8}) {
      const Parallelism parallelism{.tensor = ranks};
      if (violation(model, parallelism)) continue;
      ++pairs;
      INFO(model.name.view() << " over " << ranks);
      const ModelShard shard = shard_of(model, parallelism);
      CHECK(parameters(shard) * ranks == parameters(model) +
                                             (ranks - 1) * replicated_parameters(model, model.experts.experts) +
                                             repeated_and_padded(model, ranks));
      CHECK(parameter_count(shard).experts * ranks == parameter_count(model).experts);
      CHECK(weight_bytes(shard, {}) == Bytes{2.0} * parameters(shard));
    }
    INFO(model.name.view());
    CHECK(parameter_count(whole(model)) == parameter_count(model));
    for (const NamedModelPrecision& named : model_precisions) {
      CHECK(weight_bytes(whole(model), named.precision) == weight_bytes(model, named.precision));
    }
  }
  CHECK(pairs > 100);
}

TEST_CASE("a stage's ranks have each routed expert once, however they are divided") {
  int cases = 0;
  for (const ModelConfig& model : model_catalogue) {
    if (model.layers(FeedForward::experts) == 0) continue;
    for (const std::int32_t tensor : {1, 2, 4}) {
      for (const std::int32_t data : {1, 4, 8}) {
        for (const std::int32_t expert : {1, 2, 4, 8, 32}) {
          for (const ExpertDispatch dispatch : {ExpertDispatch::all_to_all, ExpertDispatch::all_gather}) {
            const Parallelism parallelism{
                .tensor = tensor, .expert = expert, .data = data, .expert_dispatch = dispatch};
            if (violation(model, parallelism)) continue;
            ++cases;
            INFO(model.name.view() << " tensor " << tensor << " data " << data << " expert " << expert);
            const ModelShard shard = shard_of(model, parallelism);
            CHECK(parameter_count(shard).experts * parallelism.ranks_per_stage() == parameter_count(model).experts);
            CHECK(shard.local_experts() * expert == model.experts.experts);
            CHECK(weight_bytes(shard, {}) == Bytes{2.0} * parameters(shard));
          }
        }
      }
    }
  }
  CHECK(cases > 200);

  // Whole experts on tensor-parallel ranks: gpt-oss has a bias of each expert where the expert is, here once.
  const ModelConfig& gpt_oss = models::gpt_oss_120b;
  const ModelShard shard = shard_of(gpt_oss, {.tensor = 8, .expert = 8});
  CHECK(parameters(shard) * 8 ==
        parameters(gpt_oss) + 7 * replicated_parameters(gpt_oss, 0) + repeated_and_padded(gpt_oss, 8));
  // DeepSeek-V3 on 32 ranks that each have tokens of their own: all but 8 of 256 experts, the whole rest.
  const ModelShard deepseek = shard_of(models::deepseek_v3, {.expert = 32, .data = 32});
  CHECK(parameters(models::deepseek_v3) - parameters(deepseek) == 58.0 * 248.0 * 3.0 * 7168.0 * 2048.0);
}

TEST_CASE("stages: embedding first, final norm and LM head last, a copy of a tied table on both") {
  for (const ModelConfig& model : model_catalogue) {
    for (const std::int32_t stages : {2, 3, 8}) {
      INFO(model.name.view() << " in " << stages);
      double sum = 0.0;
      Bytes weights{};
      Bytes cache{};
      for (std::int32_t stage = 0; stage < stages; ++stage) {
        const ModelShard shard = shard_of(model, {.pipeline = stages}, stage);
        sum += parameters(shard);
        weights += weight_bytes(shard, {});
        cache += cache_bytes(shard, {}, batch_of(shard, 1, 1, 5000)).total();
      }
      const double copy = model.tied_embeddings ? double(model.vocabulary_size) * model.hidden_size : 0.0;
      CHECK(sum == parameters(model) + copy);
      CHECK(weights == Bytes{2.0} * sum);
      CHECK(cache == kv_cache_bytes(model, ModelPrecision{}, 5000));
    }
  }
  // a stage in the middle has layers alone: 8 of Llama-3.1-8B's 32, 218,112,000 each
  CHECK(parameters(shard_of(models::llama_3_1_8b, {.pipeline = 4}, 1)) == 8.0 * 218'112'000.0);
}

TEST_CASE("weights of Llama-3 on ranks") {
  // 80 layers of 8192 · (8 + 1 + 1) · 128 + 1024 · 8192 + 8192 · 2 · 3584 + 3584 · 8192 + 2 · 8192 = 106,971,136,
  // 2 tables of 128256 / 8 · 8192 and a norm of 8192: 8,820,367,360 parameters of 2 bytes
  const ModelShard shard = shard_of(models::llama_3_1_70b, {.tensor = 8});
  CHECK(parameters(shard) == 80.0 * 106'971'136.0 + 2.0 * 16032.0 * 8192.0 + 8192.0);
  CHECK(weight_bytes(shard, {}) == Bytes{17'640'734'720.0});
  // vllm-project/vllm pull request 10511 logs 14.96 GiB for Llama-3-8B, and 7.48 on each of two ranks
  CHECK(weight_bytes(models::llama_3_1_8b, {}) / 1.0_GiB == Approx(14.96).margin(0.005));
  CHECK(weight_bytes(shard_of(models::llama_3_1_8b, {.tensor = 2}), {}) / 1.0_GiB == Approx(7.48).margin(0.005));
  // Qwen3-30B-A3B's experts of 768 over 8 ranks in blocks of 128 × 128: 2 · 96 gate and up features take 2 blocks
  // across, 96 inputs of the down projection 1; hidden size 2048 takes 16. 48 layers, 128 experts.
  const ModelPrecision blocks = *model_precision_named("fp8_block");
  const ModelShard experts = shard_of(models::qwen3_30b_a3b, {.tensor = 8});
  ModelPrecision unscaled = blocks;
  unscaled.expert_weight = formats::fp8;
  CHECK(weight_bytes(experts, blocks) - weight_bytes(experts, unscaled) == Bytes{48.0 * 128.0 * 3.0 * 16.0 * 4.0});
}

TEST_CASE("KV cache with windows: Gemma 3 27B and gpt-oss-120b") {
  const auto gigabytes = [](const ModelConfig& model, std::int32_t context) {
    return kv_cache_bytes(model, formats::bf16, context).value * 1e-9;
  };
  // 8192 bytes a token and layer: 10 global layers have all tokens, 52 local ones 1024
  CHECK(gigabytes(models::gemma_3_27b, 8192) == Approx(1.107296256));  // 10 · 8192² + 52 · 1024 · 8192
  CHECK(gigabytes(models::gemma_3_27b, 131072) == Approx(11.17362586));
  ModelConfig global = models::gemma_3_27b;
  for (LayerGroup& group : global.layer_groups) {
    if (group.mixer == TokenMixer::local_attention) group.mixer = TokenMixer::attention;
  }
  CHECK(gigabytes(global, 8192) == Approx(4.160749568));  // 62 · 8192²
  CHECK(gigabytes(global, 131072) == Approx(66.57199309));
  // in blocks of 16 a window of 1024 touches 65: 52 · 16 tokens more
  const CacheBatch blocks = batch_of(whole(models::gemma_3_27b), 16, 1, 8192);
  CHECK(blocks.counts() == CacheCounts{1, 512, 65});
  CHECK(cache_bytes(whole(models::gemma_3_27b), {}, blocks).kv_cache == Bytes{1107296256.0 + 52.0 * 16.0 * 8192.0});
  // Half of gpt-oss's layers have a window of 128. Charging them for all tokens takes 2 / (1 + 128 / 65536) as much.
  ModelConfig unwindowed = models::gpt_oss_120b;
  unwindowed.sliding_window = 65536;
  CHECK(gigabytes(unwindowed, 65536) / gigabytes(models::gpt_oss_120b, 65536) == Approx(1.996).margin(0.0005));
}

TEST_CASE("KV cache of full attention, latents and hybrids on ranks") {
  // 80 layers · 2 · 8 heads · 128 · 2 bytes · 8192 tokens: an 80 GB accelerator without weights holds 29.8
  const Bytes request = kv_cache_bytes(models::llama_3_1_70b, formats::bf16, 8192);
  CHECK(request == Bytes{327'680.0 * 8192.0});
  CHECK(80.0_GB / request == Approx(29.8).margin(0.05));
  // 8 ranks have a head each; 16 repeat them
  CHECK(cache_bytes(shard_of(models::llama_3_1_70b, {.tensor = 8}), {},
                    batch_of(shard_of(models::llama_3_1_70b, {.tensor = 8}), 1, 1, 8192))
            .kv_cache == request / 8.0);
  CHECK(cache_bytes(shard_of(models::llama_3_1_70b, {.tensor = 16}), {},
                    batch_of(shard_of(models::llama_3_1_70b, {.tensor = 16}), 1, 1, 8192))
            .kv_cache == request / 8.0);
  // 61 layers · (512 + 64) · 2 bytes, on every rank; of 4 context-parallel ones a fourth, rounded up
  const ModelShard latent = shard_of(models::deepseek_v3, {.tensor = 8});
  CHECK(cache_bytes(latent, {}, batch_of(latent, 1, 1, 4097)).kv_cache == Bytes{70'272.0 * 4097.0});
  const ModelShard divided = shard_of(models::deepseek_v3, {.tensor = 2, .expert = 8, .context = 4});
  CHECK(cache_bytes(divided, {}, batch_of(divided, 1, 1, 4097)).kv_cache == Bytes{70'272.0 * 1025.0});
  CHECK(cache_bytes(divided, {}, batch_of(divided, 16, 1, 4097)).kv_cache == Bytes{70'272.0 * 65.0 * 16.0});
  // Qwen3-Next: 12 layers with 2 KV heads of 256; 36 with states of 32 · 128 · 128 in fp32 and 3 inputs of 8192
  // channels in bf16
  const ModelShard hybrid = whole(models::qwen3_next_80b_a3b);
  const CacheBytes held = cache_bytes(hybrid, {}, batch_of(hybrid, 16, 3, 8193));
  CHECK(held.kv_cache == Bytes{3.0 * 24'576.0 * 8208.0});
  CHECK(held.recurrent_state == Bytes{3.0 * 36.0 * (2'097'152.0 + 49'152.0)});
  CHECK(cache_bytes(shard_of(models::qwen3_next_80b_a3b, {.tensor = 2}), {}, batch_of(hybrid, 16, 3, 8193)) ==
        CacheBytes{held.kv_cache / 2.0, held.recurrent_state / 2.0});
}

TEST_CASE("blocks that a window can touch, against every alignment") {
  ModelConfig model = models::gemma_3_27b;
  for (const std::int32_t block : {1, 2, 3, 16, 64}) {
    for (const std::int32_t window : {1, 2, 3, 15, 16, 17, 18, 31, 33, 64, 65, 66, 100}) {
      model.sliding_window = window;
      const CacheBatch cache(model, block);
      std::int64_t most = 0;
      for (std::int32_t context = 0; context <= 400; ++context) {
        std::set<std::int32_t> all;
        std::set<std::int32_t> seen;
        for (std::int32_t token = 0; token < context; ++token) all.insert(token / block);
        for (std::int32_t token = std::max(0, context - window); token < context; ++token) {
          seen.insert(token / block);
        }
        const CacheCounts counts = cache.of_sequence(context);
        most = std::max(most, static_cast<std::int64_t>(seen.size()));  // so far: what it once took is kept
        if (counts.blocks != static_cast<std::int64_t>(all.size()) ||
            counts.local_blocks < static_cast<std::int64_t>(seen.size()) || counts.sequences != 1) {
          FAIL("block " << block << " window " << window << " context " << context);
        }
        // before the window is full nothing has left it
        if (context <= window) REQUIRE(counts.local_blocks == static_cast<std::int64_t>(seen.size()));
      }
      INFO("block " << block << " window " << window);
      CHECK(cache.of_sequence(400).local_blocks == most);  // as many as the worst alignment touches, and no more
    }
  }
}

TEST_CASE("context-parallel ranks that are dealt keys in turn") {
  ModelConfig model = models::gemma_3_27b;
  for (const std::int32_t ranks : {2, 3, 8}) {
    for (const std::int32_t window : {1, 5, 16, 63}) {
      model.sliding_window = window;
      const CacheBatch cache(shard_of(model, {.context = ranks}), 1);
      std::int64_t most = 0;
      for (std::int32_t context = 1; context <= 200; ++context) {
        std::vector<std::int64_t> all(static_cast<std::size_t>(ranks));
        std::vector<std::int64_t> seen(static_cast<std::size_t>(ranks));
        for (std::int32_t token = 0; token < context; ++token) {
          ++all[static_cast<std::size_t>(token % ranks)];
          if (token >= context - window) ++seen[static_cast<std::size_t>(token % ranks)];
        }
        REQUIRE(cache.of_sequence(context).blocks == *std::max_element(all.begin(), all.end()));
        REQUIRE(cache.of_sequence(context).local_blocks == *std::max_element(seen.begin(), seen.end()));
        most = std::max(most, cache.of_sequence(context).local_blocks);
      }
      CHECK(most == (window + ranks - 1) / ranks);
    }
  }
}

TEST_CASE("caches of many sequences are the sum of each, in any order") {
  for (const ModelConfig& model : model_catalogue) {
    INFO(model.name.view());
    const ModelShard shard = whole(model);
    CacheBatch cache(model, 1);
    CHECK(cache.made_for(shard));
    Bytes sum{};
    for (std::int32_t context = 1; context < 200'000; context = context * 3 + 1) {
      cache.add(context);
      sum += kv_cache_bytes(model, ModelPrecision{}, context);
    }
    CHECK(cache_bytes(shard, {}, cache).total() == sum);
    cache.replace(1, 2);
    cache.add(77);
    cache.remove(4);
    sum += kv_cache_bytes(model, ModelPrecision{}, 2) - kv_cache_bytes(model, ModelPrecision{}, 1) +
           kv_cache_bytes(model, ModelPrecision{}, 77) - kv_cache_bytes(model, ModelPrecision{}, 4);
    CHECK(cache_bytes(shard, {}, cache).total() == sum);
  }
  CHECK_FALSE(CacheBatch(models::llama_3_1_8b, 16).made_for(whole(models::gemma_3_27b)));
  CHECK_FALSE(CacheBatch(whole(models::llama_3_1_8b), 16).made_for(shard_of(models::llama_3_1_8b, {.context = 2})));
}

TEST_CASE("activations: the largest set of tensors alive at once") {
  const auto activations = [](const ModelConfig& model, const Parallelism& parallelism, std::int32_t tokens,
                              std::int32_t sampled, const ModelPrecision& precision = {}) {
    return activation_bytes(shard_of(model, parallelism), precision, tokens, sampled).value;
  };
  // Llama-3.1-8B, 2 bytes: residual 4096, gate and up 28672, activated 14336
  CHECK(activations(models::llama_3_1_8b, {}, 8192, 0) == 8192.0 * 2.0 * (4096 + 28672 + 14336));
  // activated in fp8 with a scale for each 128: 14336 + 112 · 4 bytes
  CHECK(activations(models::llama_3_1_8b, {}, 8192, 0, *model_precision_named("fp8_block")) ==
        8192.0 * (2.0 * (4096 + 28672) + 14336 + 448));
  // many scored positions: final hidden states, logits of 128256 in bf16 and fp32; the same on 8 ranks, which gather
  CHECK(activations(models::llama_3_1_8b, {}, 8192, 1024) == 8192.0 * 2.0 * 4096 + 1024.0 * 128256 * 6);
  CHECK(activations(models::llama_3_1_8b, {.tensor = 8}, 8192, 1024) == 8192.0 * 2.0 * 4096 + 1024.0 * 128256 * 6);
  // on 8 ranks: residual 4096, and the widest of gate and up with input, 4096 + 3584, or … + output, 1792 + 4096, or a
  // norm's two of 4096; norms on a share of the tokens leave an eighth of the residual stream
  CHECK(activations(models::llama_3_1_8b, {.tensor = 8}, 8192, 0) == 8192.0 * 2.0 * (4096 + 8192));
  CHECK(activations(models::llama_3_1_8b, {.tensor = 8, .sequence = true}, 8192, 0) == 8192.0 * 2.0 * (512 + 8192));
  // Qwen3-30B-A3B: residual and input 2048 each, 8 rows a token of 768 activated and 2048 out (or 1536 and 768)
  CHECK(activations(models::qwen3_30b_a3b, {}, 4096, 0) == 4096.0 * 2.0 * (2048 + 2048 + 8 * (768 + 2048)));
  // DeepSeek-V3 on 8 ranks: residual, input, shared experts' output, 8 rows out and their sum, 7168 each
  CHECK(activations(models::deepseek_v3, {.tensor = 8}, 1024, 0) == 1024.0 * 2.0 * 7168 * (3 + 8 + 1));
  // 32 ranks with tokens of their own: 32 · 1024 · 8 / 32 rows received and made 4096 wide, beside a residual stream,
  // input and shared output of 7168
  CHECK(activations(models::deepseek_v3, {.expert = 32, .data = 32}, 1024, 0) ==
        1024.0 * 2.0 * (3 * 7168 + 8 * (7168 + 4096)));
  // its attention alone, 128 heads: queries 192, keys and values 256, keys again 192, attended 128
  ModelConfig dense = models::deepseek_v3;
  dense.layer_groups = {{{TokenMixer::latent_attention, FeedForward::none, 61}}};
  CHECK(activations(dense, {}, 1024, 0) == 1024.0 * 2.0 * (7168 + 128 * (192 + 256 + 192 + 128)));
  // More of anything never takes less, and nothing at all takes nothing.
  for (const ModelConfig& model : model_catalogue) {
    INFO(model.name.view());
    CHECK(activations(model, {}, 0, 0) == 0.0);
    CHECK(activations(model, {}, 1000, 10) <= activations(model, {}, 1001, 10));
    CHECK(activations(model, {}, 1000, 10) <= activations(model, {}, 1000, 11));
    // residual stream and the widest projection, at least
    CHECK(activations(model, {}, 1000, 0) >= 2000.0 * (2.0 * model.hidden_size));
  }
}

TEST_CASE("available memory, headroom and what is missing") {
  CHECK(available_memory(accelerators::h100_pcie) == 72.0_GB);  // no usable memory published: 0.9 · 80 GB
  CHECK(available_memory(accelerators::h100_sxm) == Bytes{76'968'728'985.0});  // 0.9 · 81559 MiB, whole bytes
  // Llama-3.1-405B in bf16: 405,853,388,800 parameters; activations 8192 · 2 · (16384 + 106496 + 53248)
  const ModelShard large = whole(models::llama_3_1_405b);
  const MemoryUse use = memory_use(large, {}, batch_of(large, 16, 0, 0));
  CHECK(use.weights == Bytes{811'706'777'600.0});
  CHECK(use.activations == Bytes{2'885'681'152.0});
  CHECK(use.reserve == 2.0_GiB);
  CHECK(use.total() == Bytes{811'706'777'600.0 + 2'885'681'152.0 + 2'147'483'648.0});
  const Bytes missing{76'968'728'985.0 - 816'739'942'400.0};
  CHECK(cache_capacity(large, {}, accelerators::h100_sxm) == missing);
  CHECK(headroom(use, accelerators::h100_sxm) == missing);
  CHECK_FALSE(fits(use, accelerators::h100_sxm));
  CHECK(largest_batch(large, {}, accelerators::h100_sxm, {}, 1) == 0);
  CHECK(longest_context(large, {}, accelerators::h100_sxm, {}, 1) == 0);
  // Llama-3.1-70B on 8: 17,640,734,720 of weights; 327680 / 8 bytes a token
  const ModelShard shard = shard_of(models::llama_3_1_70b, {.tensor = 8});
  const Bytes capacity = cache_capacity(shard, {}, accelerators::h100_sxm, bare);
  CHECK(capacity == Bytes{85'520'809'984.0 - 17'640'734'720.0 - 2.0 * (8192.0 + 8192.0 + 8192.0)});
  CHECK(largest_batch(shard, {}, accelerators::h100_sxm, bare, 8192) == 202);       // 67.88e9 / 335.5e6
  CHECK(longest_context(shard, {}, accelerators::h100_sxm, bare, 202) == 8204);     // / 202 / 40960
  CHECK(longest_context(shard, {}, accelerators::h100_sxm, bare, 2'000'000) == 0);  // 0.8 tokens each
}

TEST_CASE("what vLLM finds left for its cache") {
  // pull request 10511: Llama-3-8B on an H100 of 79.22 GiB at a utilisation of 0.90, 8192 tokens and 256 sequences a
  // step: 53.29 GiB
  Accelerator accelerator = accelerators::h100_sxm;
  accelerator.usable_memory = 79.22_GiB;
  const Bytes capacity = cache_capacity(whole(models::llama_3_1_8b), {}, accelerator, {.sampled_tokens = 256});
  CHECK(capacity / 1.0_GiB == Approx(53.29).epsilon(0.01));
}

TEST_CASE("the largest batch and the longest context fit, and one more does not") {
  int fitting = 0;
  for (const ModelConfig& model : model_catalogue) {
    for (const Parallelism& parallelism : {Parallelism{}, Parallelism{.tensor = 4},
                                           Parallelism{.tensor = 8, .expert = 8}, Parallelism{.context = 3}}) {
      if (violation(model, parallelism)) continue;
      const ModelShard shard = shard_of(model, parallelism);
      for (const Accelerator& accelerator : {accelerators::h100_sxm, accelerators::h200_sxm}) {
        for (const MemoryPolicy& policy : {MemoryPolicy{}, MemoryPolicy{.utilisation = 0.95, .block_tokens = 1}}) {
          for (const ModelPrecision& precision : {ModelPrecision{}, *model_precision_named("mxfp4")}) {
            INFO(model.name.view() << " tensor " << parallelism.tensor << " context " << parallelism.context
                                   << " on " << accelerator.name.view() << " in blocks of " << policy.block_tokens);
            const auto holds = [&](std::int32_t sequences, std::int32_t context) {
              CacheBatch cache(shard, policy.block_tokens);
              for (std::int32_t i = 0; i < sequences; ++i) cache.add(context);
              return fits(memory_use(shard, precision, cache, policy), accelerator, policy);
            };
            const bool room = cache_capacity(shard, precision, accelerator, policy) >= Bytes{};
            CHECK(room == holds(0, 0));
            const std::int32_t batch = largest_batch(shard, precision, accelerator, policy, 5001);
            CHECK(holds(batch, 5001) == room);
            CHECK_FALSE(holds(batch + 1, 5001));
            fitting += batch > 0;
            for (const std::int32_t sequences : {1, 7, 300}) {
              const std::int32_t longest = longest_context(shard, precision, accelerator, policy, sequences);
              if (longest == 0) {
                CHECK_FALSE(holds(sequences, 1));
              } else {
                CHECK(holds(sequences, longest));
              }
              if (longest < unlimited_by_memory) CHECK_FALSE(holds(sequences, longest + 1));
            }
          }
        }
      }
    }
  }
  CHECK(fitting > 500);
}

TEST_CASE("contexts that memory does not limit") {
  ModelConfig recurrent = models::nemotron_h_8b;
  for (LayerGroup& group : recurrent.layer_groups) {
    if (group.mixer == TokenMixer::attention) group.layers = 0;
  }
  CHECK(longest_context(whole(recurrent), {}, accelerators::h100_sxm, {}, 4) == unlimited_by_memory);
  CHECK(longest_context(whole(recurrent), {}, accelerators::h100_sxm, {}, 1'000'000) == 0);
  ModelConfig windowed = models::gemma_3_4b;
  for (LayerGroup& group : windowed.layer_groups) {
    if (group.mixer == TokenMixer::attention) group.mixer = TokenMixer::local_attention;
  }
  CHECK(longest_context(whole(windowed), {}, accelerators::h100_sxm, {}, 4) == unlimited_by_memory);
  // a rank without mixers holds nothing a sequence
  ModelConfig feed_forward = models::llama_3_1_8b;
  feed_forward.layer_groups[0].mixer = TokenMixer::none;
  CHECK(largest_batch(whole(feed_forward), {}, accelerators::h100_sxm, {}, 8192) == unlimited_by_memory);
}

TEST_CASE("a memory policy") {
  CHECK_FALSE(MemoryPolicy{}.violation());
  const auto field = [](MemoryPolicy policy) { return policy.violation().value().field; };
  CHECK(field({.utilisation = 0.0}) == "utilisation");
  CHECK(field({.utilisation = 1.01}) == "utilisation");
  CHECK(field({.block_tokens = 0}) == "block_tokens");
  CHECK(field({.step_tokens = 0}) == "step_tokens");
  CHECK(field({.sampled_tokens = -1}) == "sampled_tokens");
  CHECK(field({.runtime_reserve = Bytes{-1.0}}) == "runtime_reserve");

  // all of it at compile time
  constexpr ModelShard shard = shard_of(models::llama_3_1_70b, {.tensor = 8});
  STATIC_REQUIRE(largest_batch(shard, {}, accelerators::h100_sxm, bare, 8192) == 202);
  STATIC_REQUIRE(longest_context(shard, {}, accelerators::h100_sxm, bare, 202) == 8204);
  STATIC_REQUIRE(noexcept(memory_use(shard, {}, CacheBatch{}, {})));
}

TEST_CASE("what fits a pipeline is what fits the stage that holds most") {
  const Parallelism parallelism{.tensor = 8, .pipeline = 2};
  const ModelConfig& model = models::llama_3_1_405b;
  const MemoryPolicy policy{};
  const Accelerator& h100 = accelerators::h100_sxm;
  REQUIRE_FALSE(violation(model, parallelism));
  const std::int32_t batch = largest_batch(model, parallelism, {}, h100, policy, 4096);
  const std::int32_t context = longest_context(model, parallelism, {}, h100, policy, 32);
  CHECK(batch > 0);
  bool first = false;
  bool second = false;
  for (std::int32_t stage = 0; stage < 2; ++stage) {
    const ModelShard shard = shard_of(model, parallelism, stage);
    CHECK(batch <= largest_batch(shard, {}, h100, policy, 4096));
    CHECK(context <= longest_context(shard, {}, h100, policy, 32));
    first = first || batch == largest_batch(shard, {}, h100, policy, 4096);
    second = second || context == longest_context(shard, {}, h100, policy, 32);
  }
  CHECK(first);
  CHECK(second);
  // all layers at once do not fit
  CHECK(largest_batch(shard_of(model, parallelism), {}, h100, policy, 4096) == 0);
}
