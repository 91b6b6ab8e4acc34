// SPDX-License-Identifier: Apache-2.0
//
// In which order a model's layers stand, and the model that is left of some of them.
#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "opcost/io/model_json.hpp"
#include "opcost/opcost.hpp"

using namespace opcost;

namespace {

/// A letter a layer: none, global, local, latent, delta rule, state space.
std::string mixers(const ModelConfig& model) {
  const LayerOrder order = model.groups_in_order();
  std::string letters;
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(model.layers()); ++layer) {
    letters += "-gl*ds"[static_cast<std::size_t>(model.layer_groups[order[layer]].mixer)];
  }
  return letters;
}
/// A letter a layer: none, dense, experts.
std::string feed_forwards(const ModelConfig& model) {
  const LayerOrder order = model.groups_in_order();
  std::string letters;
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(model.layers()); ++layer) {
    letters += "-de"[static_cast<std::size_t>(model.layer_groups[order[layer]].feed_forward)];
  }
  return letters;
}
std::string times(int count, std::string_view text) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

std::string complaint(const ModelConfig& model) {
  const auto violation = model.violation();
  return violation ? InvalidValue(*violation).what() : "valid";
}
/// Two kinds of layers, in no stated order.
ModelConfig two_kinds(std::int32_t local, std::int32_t global) {
  ModelConfig model = models::gemma_3_27b;
  model.layer_order = {};
  model.layer_groups = {{{TokenMixer::local_attention, FeedForward::dense, local},
                         {TokenMixer::attention, FeedForward::dense, global}}};
  return model;
}

}  // namespace

TEST_CASE("published orders of token mixers") {
  // modeling_gemma3.py: layer i is local unless (i + 1) is a multiple of sliding_window_pattern, 6
  CHECK(mixers(models::gemma_3_27b) == times(10, "lllllg") + "ll");
  CHECK(mixers(models::gemma_3_4b) == times(5, "lllllg") + "llll");
  // Gemma 2's report, arXiv 2408.00118, section 2: every other layer, the first one local
  CHECK(mixers(models::gemma_2_9b) == times(21, "lg"));
  // config.json, layer_types
  CHECK(mixers(models::gpt_oss_20b) == times(12, "lg"));
  CHECK(mixers(models::gpt_oss_120b) == times(18, "lg"));
  // full_attention_interval 4
  CHECK(mixers(models::qwen3_next_80b_a3b) == times(12, "dddg"));
  CHECK(mixers(models::qwen3_5_397b_a17b) == times(15, "dddg"));
  // no_rope_layer_interval 4: every fourth layer attends to everything
  CHECK(mixers(models::llama_4_maverick) == times(12, "lllg"));
  // linear_attn_config, full_attn_layers: 4, 8, 12, 16, 20, 24, 27, counted from 1
  CHECK(mixers(models::kimi_linear_48b_a3b) == times(6, "ddd*") + "dd*");
  CHECK(mixers(models::llama_3_1_8b) == times(32, "g"));
}

TEST_CASE("published orders of feed-forward blocks") {
  // first_k_dense_replace: 3, 1, 1, 3, 1
  CHECK(feed_forwards(models::deepseek_v3) == times(3, "d") + times(58, "e"));
  CHECK(feed_forwards(models::deepseek_v2) == times(1, "d") + times(59, "e"));
  CHECK(feed_forwards(models::kimi_k2) == times(1, "d") + times(60, "e"));
  CHECK(feed_forwards(models::glm_4_5) == times(3, "d") + times(89, "e"));
  CHECK(feed_forwards(models::kimi_linear_48b_a3b) == times(1, "d") + times(26, "e"));
  // interleave_moe_layer_step: 2 and 1
  CHECK(feed_forwards(models::llama_4_maverick) == times(24, "de"));
  CHECK(feed_forwards(models::llama_4_scout) == times(48, "e"));
}

TEST_CASE("Nemotron-H's order is its hybrid_override_pattern") {
  for (const ModelConfig& model : {models::nemotron_h_8b, models::nemotron_nano_9b_v2}) {
    const std::string file = std::string(model.name.view()) + ".json";
    const JsonDocument document = JsonDocument::read(std::filesystem::path(OPCOST_DATA_DIR) / "models" / file);
    const std::string pattern = JsonObject(document.root()).member("hybrid_override_pattern").as_string();
    std::string read;
    for (const char mixer : mixers(model)) read += mixer == 's' ? 'M' : mixer == 'g' ? '*' : '-';
    CHECK(read == pattern);
  }
}

TEST_CASE("the stages of any split add up to the model") {
  const ModelPrecision precision{};
  for (const ModelConfig& model : model_catalogue) {
    CAPTURE(std::string(model.name.view()));
    CHECK(with_layers(model, 0, model.layers()) == model);
    const double rest = parameters(with_layers(model, 0, 0));  // embedding, final norm and LM head
    for (std::int32_t stages = 1; stages <= model.layers(); ++stages) {
      std::string mixer_letters;
      std::string feed_forward_letters;
      double layer_parameters = 0.0;
      Bytes cache{};
      std::array<std::int32_t, layer_group_capacity> groups{};
      bool valid = true;
      for (std::int32_t stage = 0; stage < stages; ++stage) {
        const std::int32_t first = model.layers() * stage / stages;
        const ModelConfig part = with_layers(model, first, model.layers() * (stage + 1) / stages - first);
        valid = valid && !part.violation();
        mixer_letters += mixers(part);
        feed_forward_letters += feed_forwards(part);
        layer_parameters += parameters(part) - rest;
        cache += kv_cache_bytes(part, precision, 10'000);
        for (std::size_t i = 0; i < groups.size(); ++i) groups[i] += part.layer_groups[i].layers;
      }
      CAPTURE(stages);
      REQUIRE(valid);
      REQUIRE(mixer_letters == mixers(model));
      REQUIRE(feed_forward_letters == feed_forwards(model));
      REQUIRE(layer_parameters == parameters(model) - rest);  // whole numbers: exact
      REQUIRE(cache == kv_cache_bytes(model, precision, 10'000));
      for (std::size_t i = 0; i < groups.size(); ++i) REQUIRE(groups[i] == model.layer_groups[i].layers);
    }
  }
}

TEST_CASE("some layers of a model") {
  // layers 3 to 6 of lllllg lll…: two local, one global, one local
  const ModelConfig stage = with_layers(models::gemma_3_27b, 3, 4);
  CHECK(stage.layer_groups[0] == LayerGroup{TokenMixer::local_attention, FeedForward::dense, 3});
  CHECK(stage.layer_groups[1] == LayerGroup{TokenMixer::attention, FeedForward::dense, 1});
  CHECK(mixers(stage) == "llgl");
  // groups keep their places
  const ModelConfig global = with_layers(models::gemma_3_27b, 5, 1);
  CHECK(global.layer_groups[0].layers == 0);
  CHECK(global.layer_groups[1].layers == 1);
  CHECK(mixers(global) == "g");
  CHECK_FALSE(global.violation());
  // a part of a part
  CHECK(with_layers(with_layers(models::gemma_3_27b, 3, 20), 2, 5) == with_layers(models::gemma_3_27b, 5, 5));
  // layers that there are not
  CHECK(mixers(with_layers(models::gemma_3_27b, 60, 5)) == "ll");
  CHECK(mixers(with_layers(models::gemma_3_27b, -2, 5)) == "lll");
  CHECK(with_layers(models::gemma_3_27b, 62, 5).layers() == 0);
  CHECK(with_layers(models::gemma_3_27b, 5, -1).layers() == 0);
  CHECK(with_layers(models::gemma_3_27b, 0, 2147483647) == models::gemma_3_27b);
  static_assert(with_layers(models::deepseek_v3, 0, 4).layers(FeedForward::dense) == 3);
  static_assert(with_layers(models::deepseek_v3, 3, 4).layers(FeedForward::dense) == 0);
}

TEST_CASE("an order that is not stated is group after group") {
  const ModelConfig model = two_kinds(3, 2);
  CHECK_FALSE(model.violation());
  CHECK(mixers(model) == "lllgg");
  CHECK(mixers(with_layers(model, 2, 2)) == "lg");
  const ModelConfig one = two_kinds(0, 4);
  CHECK_FALSE(one.violation());
  CHECK(mixers(one) == "gggg");
}

TEST_CASE("layers are added at the end") {
  ModelConfig model = two_kinds(3, 2);
  CHECK(model.add_layers(TokenMixer::local_attention, FeedForward::dense, 2));
  CHECK(mixers(model) == "lllggll");
  CHECK(model.layer_groups[0].layers == 5);
  CHECK_FALSE(model.violation());
  // to the group of their kind, though the one before it is unused
  ModelConfig global = with_layers(models::gemma_3_27b, 5, 1);
  CHECK(global.add_layers(TokenMixer::attention, FeedForward::dense));
  CHECK(global.layer_groups[1].layers == 2);
  CHECK(global.add_layers(TokenMixer::local_attention, FeedForward::dense));
  CHECK(mixers(global) == "ggl");
  // afresh, where there were others
  model = models::gemma_3_27b;
  model.layer_groups = {};
  CHECK(model.add_layers(TokenMixer::attention, FeedForward::dense, 3));
  CHECK(mixers(model) == "ggg");
  CHECK_FALSE(model.violation());
}

TEST_CASE("no more layers than there is room for") {
  ModelConfig model = two_kinds(200, 56);
  CHECK(complaint(model) == "valid");
  const ModelConfig full = model;
  CHECK_FALSE(model.add_layers(TokenMixer::attention, FeedForward::dense));
  CHECK_FALSE(model.add_layers(TokenMixer::attention, FeedForward::dense, 2147483647));
  CHECK_FALSE(model.add_layers(TokenMixer::attention, FeedForward::dense, -1));
  CHECK(model == full);
  CHECK(complaint(two_kinds(200, 57)) == "layers is 257, expected at most 256");
  ModelConfig empty;
  CHECK_FALSE(empty.add_layers(TokenMixer::attention, FeedForward::dense, 257));
  CHECK(empty.add_layers(TokenMixer::attention, FeedForward::dense, 256));
}

TEST_CASE("an order that does not fit the groups") {
  ModelConfig model = models::gemma_3_27b;
  model.layer_groups[1].layers = 11;  // 63 layers, of which the order says that 53 are local
  CHECK(complaint(model) == "layer_order is 53, expected as many layers of each group as layer_groups says");
  model = models::gemma_3_27b;
  model.layer_groups[0].layers = 51;  // the same, of the first 61
  model.layer_groups[1].layers = 10;
  CHECK(complaint(model) == "valid");  // the last of 62 layers is local
  model = models::gemma_3_27b;
  model.layer_order[0] = 2;  // a group without layers
  CHECK(complaint(model) == "layer_order is 51, expected as many layers of each group as layer_groups says");
  model.layer_order[0] = 255;  // no group at all
  CHECK(complaint(model) == "layer_order is 51, expected as many layers of each group as layer_groups says");
  model = models::gemma_3_27b;
  model.layer_order[62] = 1;
  CHECK(complaint(model) == "layer_order is 1, expected 0 past the last layer");
  model = two_kinds(3, 2);
  model.layer_order[5] = 1;
  CHECK(complaint(model) == "layer_order is 1, expected 0 past the last layer");
}
