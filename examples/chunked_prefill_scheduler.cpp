// SPDX-License-Identifier: Apache-2.0
//
// A scheduler with opcost in its loop: 48 sequences decode while a prompt of 8,192 tokens is prefilled beside
// them, and each step takes the largest chunk of the prompt that keeps the step under a time budget. The
// attention batch is updated in O(1) as sequences grow; a probe costs well under a microsecond.

#include <array>
#include <cstdint>
#include <vector>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"

namespace {

using namespace opcost;
using namespace opcost::literals;

/// One forward pass of a dense model over a ragged mix of decodes and a prefill chunk, as a lower bound.
Seconds step_bound(const ModelConfig& model, const AttentionBatch<Causal>& batch, std::int32_t sampled,
                   const Accelerator& gpu) {
  const auto tokens = static_cast<std::int32_t>(batch.counts().query_tokens);
  const std::array<LinearProjection<>, 4> projections{{{tokens, model.hidden_size, model.qkv_features()},
                                                       {tokens, model.attention_features(), model.hidden_size},
                                                       {tokens, model.hidden_size, model.gate_up_features()},
                                                       {tokens, model.intermediate_size, model.hidden_size}}};
  const RaggedAttention<Causal> attention{model.heads, batch};
  const LinearProjection<> lm_head{sampled, model.hidden_size, model.vocabulary_size};
  const RooflineBound layer = roofline_bound(projections, gpu) + roofline_bound(attention, gpu);
  return layer.time * model.layers() + roofline_bound(lm_head, gpu).time;
}

}  // namespace

int main() {
  const ModelConfig& model = models::llama_3_1_8b;
  const Accelerator& gpu = accelerators::h100_sxm;
  const Seconds budget = 20.0_ms;
  const std::int32_t prompt = 8192;

  AttentionBatch<Causal> batch;
  std::vector<SequenceTokens> decoding;
  for (std::int32_t i = 0; i < 48; ++i) decoding.push_back({1, 1000 + 150 * i});
  for (const SequenceTokens& sequence : decoding) batch.add(sequence);

  std::int32_t cached = 0;
  for (int step = 1; cached < prompt; ++step) {
    // the largest chunk within the budget: the bound grows with the chunk, so bisect
    std::int32_t fits = 0;
    std::int32_t too_large = prompt - cached + 1;
    while (too_large - fits > 1) {
      const std::int32_t chunk = fits + (too_large - fits) / 2;
      AttentionBatch<Causal> probe = batch;
      probe.add({chunk, cached + chunk});
      const auto sampled = static_cast<std::int32_t>(decoding.size());
      (step_bound(model, probe, sampled, gpu) <= budget ? fits : too_large) = chunk;
    }
    if (fits == 0) {
      fmt::print("the decodes alone take {}: no room for a chunk\n", budget);
      return 1;
    }
    fmt::print("step {:2}: {} decodes + a chunk of {:3} after {:4} cached tokens\n", step, decoding.size(), fits,
               cached);

    cached += fits;
    for (SequenceTokens& sequence : decoding) {
      const SequenceTokens before = sequence;
      ++sequence.context_tokens;
      batch.replace(before, sequence);
    }
  }
}
