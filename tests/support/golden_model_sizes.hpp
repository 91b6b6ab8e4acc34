// SPDX-License-Identifier: Apache-2.0
//
// Every model of the catalogue against published figures: parameters, active parameters, KV cache of a token.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "golden.hpp"
#include "opcost/opcost.hpp"

namespace opcost::testing {

/// What a published number of active parameters counts of the vocabulary's tables.
enum class Tables : std::uint8_t { both, head_only, none };

/// A published figure with the value of its last printed digit; exact if that is 0. `cut`: the source drops further
/// digits instead of rounding.
struct Figure {
  double value = 0.0;
  double digit = 0.0;
  bool cut = false;
};

struct PublishedModel {
  std::string_view name;
  std::string_view source;  ///< Of the total: "safetensors" is the parameter count of Hugging Face's file metadata.
  Figure total;
  double beside;              ///< What that counts and the catalogue's model does not have.
  double kv_bytes_per_token;  ///< In bf16.
  std::string_view active_source = {};
  Figure active = {};
  Tables tables = Tables::both;
};

/// A layer for multi-token prediction: a layer of that group, a projection of two hidden states to one, three norms,
/// and tables of its own where the release has them.
constexpr double prediction_layer(const ModelConfig& model, TokenMixer mixer, bool own_tables) noexcept {
  const double hidden = model.hidden_size;
  return layer_parameters(model, {mixer, FeedForward::experts, 1}, model.experts.experts).total() +
         2.0 * hidden * hidden + 3.0 * hidden + (own_tables ? 2.0 * model.vocabulary_size * hidden : 0.0);
}

/// The scales of fp8 weights in blocks of 128 × 128, which file metadata count as parameters.
constexpr double block_scales(const ModelConfig& model) noexcept {
  const ModelPrecision precision{.activation = formats::fp8_token_group, .weight = formats::fp8_block};
  const ParameterCount count = parameter_count(model);
  const double weights = count.projections + count.experts + 2.0 * count.others;
  return (weight_bytes(model, precision).value - weights) / bytes_per_element(DataType::fp32);
}
/// The same of DeepSeek's prediction layer, which is one more layer with experts; its other parts are in bf16.
constexpr double block_scales_with_prediction(ModelConfig model) noexcept {
  model.add_layers(TokenMixer::latent_attention, FeedForward::experts);
  return block_scales(model);
}

/// Gemma 3's vision tower, SigLIP So400m: 27 layers of 1152 and 4304, patches of 14 × 14, 4096 positions; a norm and a
/// projection to the hidden size.
constexpr double gemma_vision(const ModelConfig& model) noexcept {
  const double layer = 4.0 * (1152.0 * 1152 + 1152) + 2.0 * 1152 * 4304 + 4304 + 1152 + 4.0 * 1152;
  return 27 * layer + (14.0 * 14 * 3 + 1) * 1152 + 4096.0 * 1152 + 2 * 1152 + 1152 + 1152.0 * model.hidden_size;
}

/// Llama 4's vision tower: 34 layers of 1408 and 5632, patches of 14 × 14, 577 positions; an adapter and a projection.
constexpr double llama4_vision() noexcept {
  const double layer = 4.0 * (1408.0 * 1408 + 1408) + 2.0 * 1408 * 5632 + 5632 + 1408 + 4.0 * 1408;
  return 34 * layer + 14.0 * 14 * 3 * 1408 + 1408 + 577.0 * 1408 + 4.0 * 1408 + 5632.0 * 4096 + 4096.0 * 4096 +
         4096.0 * 5120;
}

/// Qwen3.5-397B-A17B's vision tower: 27 layers of 1152 and 4304, patches of 2 · 16 × 16, 2304 positions; a projection of
/// four patches to the hidden size.
constexpr double qwen3_5_vision() noexcept {
  const double layer = 4.0 * (1152.0 * 1152 + 1152) + 2.0 * 1152 * 4304 + 4304 + 1152 + 4.0 * 1152;
  return 27 * layer + (3.0 * 2 * 16 * 16 + 1) * 1152 + 2304.0 * 1152 + 2 * 1152 + 4608.0 * 4608 + 4608 +
         4608.0 * 4096 + 4096;
}

/// KV cache of attention: a key and a value of two bytes an element.
constexpr double kv(double layers, double heads, double dimension) noexcept {
  return 2.0 * layers * heads * dimension * 2.0;
}
/// Of latent attention: 512 latent and 64 rotary elements of two bytes.
constexpr double latent_kv(double layers) noexcept { return layers * (512 + 64) * 2.0; }

/// In the catalogue's order.
inline constexpr std::array published_models{
    PublishedModel{
        "command-r-35b", "CohereForAI/c4ai-command-r-v01, model card: 35B", {35e9, 1e9}, 0, kv(40, 64, 128)},
    PublishedModel{"deepseek-v2-lite",
                   "deepseek-ai/DeepSeek-V2-Lite, safetensors",
                   {15'706'484'224},
                   0,
                   latent_kv(27),
                   "DeepSeek-V2 (arXiv 2405.04434), appendix B: 2.4B",
                   {2.4e9, 0.1e9, true},
                   Tables::head_only},
    PublishedModel{"deepseek-v2",
                   "deepseek-ai/DeepSeek-V2, safetensors",
                   {235'741'434'880},
                   0,
                   latent_kv(60),
                   "DeepSeek-V2 (arXiv 2405.04434), abstract: 21B",
                   {21e9, 1e9}},
    // DeepSeek-V3's file metadata are 684531386000; V3.2 adds an indexer a layer and 824 scales of it
    PublishedModel{"deepseek-v3.2",
                   "deepseek-ai/DeepSeek-V3.2-Exp, safetensors",
                   {685'396'921'376},
                   prediction_layer(models::deepseek_v3_2, TokenMixer::latent_attention, true) +
                       block_scales_with_prediction(models::deepseek_v3_2),
                   latent_kv(61) + 61 * (128 + 4),
                   "deepseek-ai/DeepSeek-V3, README: 37B",
                   {37e9, 1e9},
                   Tables::head_only},
    PublishedModel{"deepseek-v3",
                   "deepseek-ai/DeepSeek-V3, safetensors",
                   {684'531'386'000},
                   prediction_layer(models::deepseek_v3, TokenMixer::latent_attention, true) +
                       block_scales_with_prediction(models::deepseek_v3),
                   70'272,
                   "deepseek-ai/DeepSeek-V3, README: 37B",
                   {37e9, 1e9},
                   Tables::head_only},
    PublishedModel{"gemma-2-27b", "google/gemma-2-27b, safetensors", {27'227'128'320}, 0, kv(46, 16, 128)},
    PublishedModel{"gemma-2-9b", "google/gemma-2-9b, safetensors", {9'241'705'984}, 0, kv(42, 8, 256)},
    PublishedModel{"gemma-3-12b",
                   "google/gemma-3-12b-it, safetensors",
                   {12'187'325'040},
                   gemma_vision(models::gemma_3_12b),
                   kv(48, 8, 256)},
    PublishedModel{"gemma-3-27b",
                   "google/gemma-3-27b-it, safetensors",
                   {27'432'406'640},
                   gemma_vision(models::gemma_3_27b),
                   kv(62, 16, 128)},
    PublishedModel{"gemma-3-4b",
                   "google/gemma-3-4b-it, safetensors",
                   {4'300'079'472},
                   gemma_vision(models::gemma_3_4b),
                   kv(34, 4, 256)},
    PublishedModel{"glm-4.5-air",
                   "zai-org/GLM-4.5-Air, safetensors",
                   {110'468'824'832},
                   prediction_layer(models::glm_4_5_air, TokenMixer::attention, true),
                   kv(46, 8, 128),
                   "GLM-4.5 (arXiv 2508.06471), Table 1, without tables: 12B",
                   {12e9, 1e9},
                   Tables::none},
    PublishedModel{"glm-4.5",
                   "zai-org/GLM-4.5, safetensors",
                   {358'337'791'296},
                   prediction_layer(models::glm_4_5, TokenMixer::attention, true),
                   kv(92, 8, 128),
                   "GLM-4.5 (arXiv 2508.06471), Table 1, without tables: 32B",
                   {32e9, 1e9},
                   Tables::none},
    PublishedModel{"glm-5",
                   "zai-org/GLM-5, safetensors",
                   {753'864'139'008},
                   prediction_layer(models::glm_5, TokenMixer::latent_attention, false),
                   latent_kv(78) + 78 * (128 + 4),
                   "zai-org/GLM-5, model card: 40B",
                   {40e9, 1e9},
                   Tables::none},
    PublishedModel{"gpt-oss-120b",
                   "openai/gpt-oss-120b, safetensors",
                   {116'829'156'672},
                   0,
                   kv(36, 8, 64),
                   "gpt-oss model card (arXiv 2508.10925), Table 1, with the head only: 5.13B",
                   {5.13e9, 0.01e9},
                   Tables::head_only},
    PublishedModel{"gpt-oss-20b",
                   "openai/gpt-oss-20b, safetensors",
                   {20'914'757'184},
                   0,
                   kv(24, 8, 64),
                   "gpt-oss model card (arXiv 2508.10925), Table 1, with the head only: 3.61B",
                   {3.61e9, 0.01e9},
                   Tables::head_only},
    PublishedModel{"granite-3.1-8b",
                   "ibm-granite/granite-3.1-8b-base, model card: 8.1B",
                   {8.1e9, 0.1e9, true},
                   0,
                   kv(40, 8, 128)},
    // the release's metadata are 3416 higher, 56 a layer
    PublishedModel{"kimi-k2",
                   "moonshotai/Kimi-K2-Base, safetensors",
                   {1'026'470'731'056, 1e4},
                   block_scales(models::kimi_k2),
                   latent_kv(61),
                   "moonshotai/Kimi-K2-Instruct, README: 32B",
                   {32e9, 1e9},
                   Tables::head_only},
    PublishedModel{"kimi-linear-48b-a3b",
                   "moonshotai/Kimi-Linear-48B-A3B-Instruct, file size: 49B",
                   {49e9, 1e9},
                   0,
                   latent_kv(7),
                   "Kimi Linear (arXiv 2510.26692), section 5: 3B",
                   {3e9, 1e9}},
    // the releases hold an array of rotary frequencies, half a head a layer
    PublishedModel{"llama-2-13b", "meta-llama/Llama-2-13b-hf, safetensors", {13'015'866'880}, 40 * 64, 819'200},
    PublishedModel{"llama-2-70b", "togethercomputer/llama-2-70b", {68'976'648'192}, 0, kv(80, 8, 128)},
    PublishedModel{
        "llama-2-7b", "meta-llama/Llama-2-7b-hf, safetensors", {6'738'417'664}, 32 * 64, kv(32, 32, 128)},
    PublishedModel{"llama-3.1-405b", "meta-llama/Llama-3.1-405B, safetensors", {405'853'388'800}, 0, 516'096},
    PublishedModel{"llama-3.1-70b", "meta-llama/Llama-3.1-70B, safetensors", {70'553'706'496}, 0, kv(80, 8, 128)},
    PublishedModel{"llama-3.1-8b", "meta-llama/Llama-3.1-8B, safetensors", {8'030'261'248}, 0, kv(32, 8, 128)},
    PublishedModel{"llama-3.2-1b", "meta-llama/Llama-3.2-1B, safetensors", {1'235'814'400}, 0, kv(16, 8, 64)},
    PublishedModel{"llama-3.2-3b", "meta-llama/Llama-3.2-3B, safetensors", {3'212'749'824}, 0, kv(28, 8, 128)},
    PublishedModel{"llama-4-maverick",
                   "meta-llama/Llama-4-Maverick-17B-128E-Instruct, safetensors",
                   {401'583'781'376},
                   llama4_vision(),
                   kv(48, 8, 128),
                   "meta-llama/Llama-4-Maverick-17B-128E-Instruct, model card: 17B",
                   {17e9, 1e9}},
    PublishedModel{"llama-4-scout",
                   "meta-llama/Llama-4-Scout-17B-16E-Instruct, safetensors",
                   {108'641'793'536},
                   llama4_vision(),
                   kv(48, 8, 128),
                   "meta-llama/Llama-4-Scout-17B-16E-Instruct, model card: 17B",
                   {17e9, 1e9}},
    PublishedModel{"minimax-m2",
                   "MiniMaxAI/MiniMax-M2, safetensors",
                   {228'689'764'864},
                   0,
                   kv(62, 8, 128),
                   "MiniMaxAI/MiniMax-M2, model card: 10B",
                   {10e9, 1e9},
                   Tables::none},
    PublishedModel{"mistral-7b", "mistralai/Mistral-7B-v0.1, safetensors", {7'241'732'096}, 0, kv(32, 8, 128)},
    PublishedModel{"mistral-small-24b",
                   "mistralai/Mistral-Small-24B-Instruct-2501, safetensors",
                   {23'572'403'200},
                   0,
                   kv(40, 8, 128)},
    PublishedModel{"mixtral-8x22b",
                   "mistral-community/Mixtral-8x22B-v0.1, safetensors",
                   {140'620'634'112},
                   0,
                   kv(56, 8, 128),
                   "mistralai/Mixtral-8x22B-v0.1, announcement: 39B",
                   {39e9, 1e9}},
    PublishedModel{"mixtral-8x7b",
                   "mistralai/Mixtral-8x7B-v0.1, safetensors",
                   {46'702'792'704},
                   0,
                   kv(32, 8, 128),
                   "mistral.ai, announcement of Mixtral 8x7B: 12.9B",
                   {12.9e9, 0.1e9}},
    PublishedModel{
        "nemotron-h-8b", "nvidia/Nemotron-H-8B-Base-8K, file size: 8.1B", {8.1e9, 0.1e9}, 0, kv(4, 8, 128)},
    PublishedModel{
        "nemotron-nano-9b-v2", "nvidia/NVIDIA-Nemotron-Nano-9B-v2, safetensors", {8'888'227'328}, 0, kv(4, 8, 128)},
    PublishedModel{"olmo-2-13b", "allenai/OLMo-2-1124-13B, safetensors", {13'716'198'400}, 0, kv(40, 40, 128)},
    PublishedModel{"olmo-2-7b", "allenai/OLMo-2-1124-7B, safetensors", {7'298'617'344}, 0, kv(32, 32, 128)},
    PublishedModel{
        "phi-3-mini", "microsoft/Phi-3-mini-4k-instruct, safetensors", {3'821'079'552}, 0, kv(32, 32, 96)},
    PublishedModel{"phi-4", "microsoft/phi-4, safetensors", {14'659'507'200}, 0, kv(40, 10, 128)},
    PublishedModel{"qwen2.5-72b", "Qwen/Qwen2.5-72B, safetensors", {72'706'203'648}, 0, 327'680},
    PublishedModel{"qwen2.5-7b", "Qwen/Qwen2.5-7B, safetensors", {7'615'616'512}, 0, kv(28, 4, 128)},
    // the file holds the tied head, too
    PublishedModel{"qwen3-0.6b", "Qwen/Qwen3-0.6B, safetensors", {751'632'384}, 151936.0 * 1024, kv(28, 8, 128)},
    PublishedModel{"qwen3-14b", "Qwen/Qwen3-14B, safetensors", {14'768'307'200}, 0, kv(40, 8, 128)},
    PublishedModel{"qwen3-235b-a22b",
                   "Qwen/Qwen3-235B-A22B, safetensors",
                   {235'093'634'560},
                   0,
                   kv(94, 4, 128),
                   "Qwen3 Technical Report (arXiv 2505.09388), Table 2: 22B",
                   {22e9, 1e9}},
    PublishedModel{"qwen3-30b-a3b",
                   "Qwen/Qwen3-30B-A3B, safetensors",
                   {30'532'122'624},
                   0,
                   96 * 1024,
                   "Qwen/Qwen3-30B-A3B, model card: 3.3B",
                   {3.3e9, 0.1e9, true}},
    PublishedModel{"qwen3-32b", "Qwen/Qwen3-32B, safetensors", {32'762'123'264}, 0, kv(64, 8, 128)},
    PublishedModel{"qwen3-4b", "Qwen/Qwen3-4B, safetensors", {4'022'468'096}, 0, kv(36, 8, 128)},
    PublishedModel{"qwen3-8b", "Qwen/Qwen3-8B, safetensors", {8'190'735'360}, 0, kv(36, 8, 128)},
    PublishedModel{"qwen3-next-80b-a3b",
                   "Qwen/Qwen3-Next-80B-A3B-Instruct, safetensors",
                   {81'324'862'720},
                   prediction_layer(models::qwen3_next_80b_a3b, TokenMixer::attention, false),
                   kv(12, 2, 256),
                   "Qwen/Qwen3-Next-80B-A3B-Instruct, model card, without tables: 3B",
                   {3e9, 1e9},
                   Tables::none},
    PublishedModel{"qwen3.5-397b-a17b",
                   "Qwen/Qwen3.5-397B-A17B, model card, with vision: 397B",
                   {397e9, 1e9},
                   qwen3_5_vision(),
                   kv(15, 2, 256),
                   "Qwen/Qwen3.5-397B-A17B, model card: 17B",
                   {17e9, 1e9}},
};

constexpr Golden golden(std::string_view source, double actual, const Figure& figure) noexcept {
  if (figure.digit == 0.0) return {source, actual, figure.value};
  return printed(source, actual, figure.value + (figure.cut ? 0.5 * figure.digit : 0.0), figure.digit);
}

/// All parameters and, of models with experts, the active ones.
template <class Input>
constexpr auto model_sizes_golden(Input input) {
  std::array<Golden, 2 * published_models.size()> cases{};
  for (std::size_t i = 0; i < published_models.size(); ++i) {
    const PublishedModel& published = published_models[i];
    const ModelConfig model = input(model_catalogue[i]);
    cases[2 * i] = golden(published.source, parameters(model) + published.beside, published.total);
    if (published.active_source.empty()) {
      cases[2 * i + 1] = {"dense: all parameters are active", active_parameters(model), parameters(model)};
      continue;
    }
    const double table = double(model.vocabulary_size) * model.hidden_size;
    const double left_out = published.tables == Tables::both        ? 0.0
                            : published.tables == Tables::head_only ? table
                                                                    : 2.0 * table;
    cases[2 * i + 1] = golden(published.active_source, active_parameters(model) - left_out, published.active);
  }
  return cases;
}

/// Published: DeepSeek-V3, Qwen2.5-72B and Llama-3.1-405B (arXiv 2505.09343, Table 1), Qwen3-30B-A3B (InferSim's
/// README), a Llama-2-13B (jax-ml/scaling-book); elsewhere by hand from the table above.
template <class Input>
constexpr auto model_kv_cache_golden(Input input) {
  std::array<Golden, published_models.size()> cases{};
  for (std::size_t i = 0; i < published_models.size(); ++i) {
    cases[i] = {published_models[i].name, kv_cache_bytes_per_token(input(model_catalogue[i]), formats::bf16).value,
                published_models[i].kv_bytes_per_token};
  }
  return cases;
}

/// What sequences hold beside a growing cache, and published sums.
template <class Input>
constexpr auto sequence_memory_golden(Input input) {
  const ModelConfig next = input(models::qwen3_next_80b_a3b);
  const ModelConfig nano = input(models::nemotron_nano_9b_v2);
  const ModelConfig kimi = input(models::kimi_linear_48b_a3b);
  const ModelConfig deepseek = input(models::deepseek_v3);
  const ModelConfig qwen = input(models::qwen3_235b_a22b);
  const ModelConfig oss = input(models::gpt_oss_120b);
  const auto bytes = [&](const ModelConfig& model, const TensorFormat& format, std::int32_t context) {
    return kv_cache_bytes(model, input(format), input(context)).value;
  };
  const ModelPrecision mxfp4_experts{.expert_weight = formats::mxfp4};
  return std::array{
      Golden{"hand: 36 layers · (32·128·128·4 B + 3 inputs · (2·16·128 + 32·128) · 2 B)",
             recurrent_state_bytes(next).value, 36.0 * (32 * 128 * 128 * 4 + 3 * (2 * 16 * 128 + 32 * 128) * 2)},
      Golden{"hand: 27 layers · (128·80·128·4 B + 3 inputs · (2·8·128 + 128·80) · 2 B)",
             recurrent_state_bytes(nano).value, 27.0 * (128 * 80 * 128 * 4 + 3 * (2 * 8 * 128 + 128 * 80) * 2)},
      Golden{"hand: 20 layers · (32·128·128·4 B + 3 inputs · 3·32·128 · 2 B)", recurrent_state_bytes(kimi).value,
             20.0 * (32 * 128 * 128 * 4 + 3 * 3 * 32 * 128 * 2)},
      Golden{"hand: no recurrence", recurrent_state_bytes(qwen).value, 0.0},
      Golden{"hand: the state and 12 layers of 2 heads of 256", bytes(next, formats::bf16, 1000),
             recurrent_state_bytes(next).value + 1000.0 * 12 * 2 * 2 * 256 * 2},
      Golden{"hand: state in bf16, cache in fp8",
             kv_cache_bytes(next, {.kv_cache = formats::fp8, .recurrent_state = formats::bf16}, input(1000)).value,
             36.0 * (32 * 128 * 128 * 2 + 3 * (2 * 16 * 128 + 32 * 128) * 2) + 1000.0 * 12 * 2 * 2 * 256},
      Golden{"hand: 18 layers keep 128 tokens, 18 all", bytes(oss, formats::bf16, 8192),
             18.0 * 2 * 8 * 64 * 2 * (128 + 8192)},
      // Step-3 (arXiv 2507.19427), Table 1: KV bytes at 8K in fp8
      printed("Step-3: DeepSeek-V3 2.88e8", bytes(deepseek, formats::fp8, 8192), 2.88e8, 0.01e8),
      printed("Step-3: Qwen3-235B 7.89e8", bytes(qwen, formats::fp8, 8192), 7.89e8, 0.01e8),
      printed("Lamina (arXiv 2405.01814): 29.8 requests of 8192 tokens in 80 GB, LLaMA3-70B",
              80e9 / bytes(input(models::llama_3_1_70b), formats::bf16, 8192), 29.8, 0.1),
      // of 36 layers, 128 experts: 3·2880·2880 weights at 4.25 bits
      Golden{"hand: gpt-oss-120b, mxfp4 experts, the rest bf16", weight_bytes(oss, mxfp4_experts).value,
             36.0 * 128 * 3 * 2880 * 2880 * 4.25 / 8 + 2.0 * (116'829'156'672 - 36.0 * 128 * 3 * 2880 * 2880)},
      Golden{"MiniMaxAI/MiniMax-M2.5, safetensors: with scales of fp8 blocks",
             parameters(input(models::minimax_m2)) + block_scales(input(models::minimax_m2)), 228'703'644'928},
      Golden{"Qwen/Qwen3-Coder-Next, safetensors: without a prediction layer", parameters(next), 79'674'391'296},
      Golden{"all in bf16: two bytes a parameter", weight_bytes(deepseek, ModelPrecision{}).value,
             2.0 * 671'026'419'200}};
}

/// The shapes that their reports state.
template <class Input>
constexpr auto model_shapes_golden(Input input) {
  const ModelConfig v3 = input(models::deepseek_v3);
  const ModelConfig v32 = input(models::deepseek_v3_2);
  const ModelConfig k2 = input(models::kimi_k2);
  const ModelConfig qwen = input(models::qwen3_235b_a22b);
  const ModelConfig oss = input(models::gpt_oss_120b);
  const ModelConfig llama = input(models::llama_3_1_70b);
  const auto is = [](std::string_view source, double actual, double expected) {
    return Golden{source, actual, expected};
  };
  return std::array{is("DeepSeek-V3 (arXiv 2412.19437): layers", v3.layers(), 61),
                    is("dense first", v3.layers(FeedForward::dense), 3),
                    is("hidden", v3.hidden_size, 7168),
                    is("heads", v3.latent.heads.query_heads, 128),
                    is("query rank", v3.latent.query_rank, 1536),
                    is("latent rank", v3.latent.heads.latent_rank, 512),
                    is("feed-forward", v3.intermediate_size, 18432),
                    is("experts", v3.experts.experts, 256),
                    is("a token's experts", v3.experts.experts_per_token, 8),
                    is("an expert's width, and the shared one's", v3.experts.intermediate_size,
                       v3.experts.shared_intermediate_size),
                    is("vocabulary", v3.vocabulary_size, 129280),
                    is("all layers latent", v3.layers(TokenMixer::latent_attention), 61),
                    is("DeepSeek-V3.2 (arXiv 2512.02556): indexer heads", v32.latent.indexer_heads, 64),
                    is("indexer dimension", v32.latent.indexer_dimension, 128),
                    is("indexer top-k", v32.latent.indexer_top_k, 2048),
                    is("Kimi K2 (arXiv 2507.20534): heads", k2.latent.heads.query_heads, 64),
                    is("experts", k2.experts.experts, 384),
                    is("dense first", k2.layers(FeedForward::dense), 1),
                    is("vocabulary", k2.vocabulary_size, 163840),
                    is("Qwen3-235B-A22B (arXiv 2505.09388): layers", qwen.layers(FeedForward::experts), 94),
                    is("query heads", qwen.heads.query_heads, 64),
                    is("KV heads", qwen.heads.kv_heads, 4),
                    is("an expert's width", qwen.experts.intermediate_size, 1536),
                    is("gpt-oss-120b (arXiv 2508.10925): local layers", oss.local_layers(), 18),
                    is("global layers", oss.global_layers(), 18),
                    is("window", oss.sliding_window, 128),
                    is("head dimension", oss.heads.query_key_dimension, 64),
                    is("a token's experts", oss.experts.experts_per_token, 4),
                    is("Llama-3.1-70B (arXiv 2407.21783): layers", llama.layers(), 80),
                    is("feed-forward", llama.intermediate_size, 28672)};
}

}  // namespace opcost::testing
