// SPDX-License-Identifier: Apache-2.0
//
// Written out as JSON and read back, random accelerators and models are what they were, to the last bit.
#include <catch2/catch.hpp>

#include <string>

#include <rapidcheck.h>

#include "generators.hpp"
#include "json_text.hpp"
#include "opcost/io/accelerator_json.hpp"
#include "opcost/io/model_json.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

/// A figure as data sheets print it, up to 7 digits, times 10^exponent.
double figure(int exponent) {
  const std::string digits = std::to_string(*rc::gen::inRange(1, 10'000'000));
  return nlohmann::json::parse(digits + "e" + std::to_string(exponent - *rc::gen::inRange(0, 4))).get<double>();
}
double figure_or_zero(int exponent) { return *rc::gen::arbitrary<bool>() ? figure(exponent) : 0.0; }

Name any_name() {
  return Name(*rc::gen::nonEmpty(rc::gen::resize(
      static_cast<int>(Name::capacity) - 1,
      rc::gen::container<std::string>(rc::gen::element('a', 'Z', '0', '-', '.', '"', '\\', '/', '~', ' ', '\n')))));
}

Link any_link() {
  const int kind = *rc::gen::inRange(0, static_cast<int>(detail::link_kind_names.size()));
  return kind == 0 ? Link{} : Link{static_cast<LinkKind>(kind), {figure(9)}};
}

Accelerator random_accelerator() {
  Accelerator a{.name = any_name(), .memory_bandwidth = {figure(12)}, .memory_capacity = {figure(9)}};
  for (const DataType type : data_types) {
    if (type != DataType::int4) a.peaks.set(type, {figure_or_zero(12)});
  }
  a.usable_memory = {figure_or_zero(0) * 1048576.0};
  a.l2_cache = {figure_or_zero(6)};
  a.multiprocessors = *rc::gen::inRange(0, 1000);
  a.tensor_clock = {figure_or_zero(6)};
  a.maximum_clock = {figure_or_zero(6)};
  a.shared_memory = {figure_or_zero(3)};
  a.scale_up = any_link();
  a.scale_up.reduces = a.scale_up.kind != LinkKind::none && *rc::gen::arbitrary<bool>();
  a.host = any_link();
  a.scale_out = any_link();
  a.power_watts = figure_or_zero(0);
  return a;
}

struct PatternedModel {
  ModelConfig config;
  std::int32_t global_period = 1;
};

PatternedModel random_model() {
  const int family = *rc::gen::inRange(0, 3);  // llama, qwen3, gemma3_text
  ModelConfig m{.name = any_name()};
  m.hidden_size = *any_size();
  m.intermediate_size = *any_size();
  m.vocabulary_size = *any_size();
  m.heads = *any_heads();
  m.heads.query_key_dimension = m.heads.value_dimension = m.rotary_dimension = 2 * *rc::gen::inRange(1, 200);
  m.activation = static_cast<ActivationFunction>(*rc::gen::inRange(0, 3));
  m.query_key_norm = family != 0 ? QueryKeyNorm::head : QueryKeyNorm::none;
  m.norm_placement = family == 2 ? NormPlacement::before_and_after : NormPlacement::before;
  m.scaled_embedding = family == 2;
  m.tied_embeddings = *rc::gen::arbitrary<bool>();
  m.attention_bias = m.attention_output_bias = *rc::gen::arbitrary<bool>();
  m.feed_forward_bias = *rc::gen::arbitrary<bool>();
  m.maximum_context = *rc::gen::arbitrary<bool>() ? *any_size() : 0;
  const std::int32_t layers = *rc::gen::inRange(1, 100);
  const std::int32_t period = *rc::gen::arbitrary<bool>() ? *rc::gen::inRange(0, layers + 1) : 1;
  for (std::int32_t layer = 1; layer <= layers; ++layer) {
    const bool global = period != 0 && layer % period == 0;
    m.add_layers(global ? TokenMixer::attention : TokenMixer::local_attention, FeedForward::dense);
  }
  if (m.local_layers() > 0) m.sliding_window = *any_size();
  return {m, period};
}

}  // namespace

TEST_CASE("an accelerator survives being written and read") {
  require_property([] {
    const Accelerator accelerator = random_accelerator();
    const std::string text = written(accelerator).dump(*rc::gen::element(-1, 2));
    const Accelerator read = read_accelerator(JsonDocument(text, "random.json").root()).specification;
    RC_LOG(text);
    RC_ASSERT(read == accelerator);
    RC_ASSERT(!read.violation().has_value());
  });
}

TEST_CASE("the catalogue survives being written and read") {
  for (const AcceleratorEntry& entry : accelerator_catalogue) {
    const std::string text = written(entry.specification).dump();
    CHECK(read_accelerator(JsonDocument(text, "catalogue.json").root()).specification == entry.specification);
  }
  // one of each family that `written` knows; the others are read from their files
  for (const auto& [model, period] : {PatternedModel{models::gemma_3_27b, 6}, PatternedModel{models::qwen3_32b, 1},
                                      PatternedModel{models::llama_3_1_405b, 1}}) {
    for (const bool list_layer_types : {false, true}) {
      const std::string text = written(model, period, list_layer_types).dump();
      CHECK(read_model(JsonDocument(text, "catalogue.json").root(), "fallback").config == model);
    }
  }
}

TEST_CASE("a model survives being written and read") {
  require_property([] {
    const auto [model, period] = random_model();
    // without a list, a missing pattern is Gemma's default of 6, so a window in all its layers needs the list
    const bool must_list = model.norm_placement == NormPlacement::before_and_after && period == 0;
    const std::string text = written(model, period, must_list || *rc::gen::arbitrary<bool>()).dump();
    RC_LOG(text);
    RC_ASSERT(read_model(JsonDocument(text, "random.json").root(), "fallback").config == model);
  });
}
