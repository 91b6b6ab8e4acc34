// SPDX-License-Identifier: Apache-2.0
//
// What a step's intermediate tensors take in memory at their peak.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "opcost/mathematics.hpp"
#include "opcost/model/cache_batch.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/model_shard.hpp"
#include "opcost/precision.hpp"
#include "opcost/units.hpp"

namespace opcost {

namespace detail {

constexpr double largest_of(std::initializer_list<double> numbers) noexcept {
  double largest = 0.0;
  for (const double number : numbers) largest = mathematics::larger(largest, number);
  return largest;
}

/// The tensors that are alive together, in bytes, block by block; see `activation_bytes`.
class ActivationPeak {
 public:
  constexpr ActivationPeak(const ModelShard& shard, const ModelPrecision& precision, std::int32_t step_tokens,
                           std::int32_t sampled_tokens) noexcept
      : model_(shard.model),
        place_(shard.place),
        precision_(precision),
        step_tokens_(step_tokens),
        sampled_tokens_(largest_share(sampled_tokens, shard.place.parallelism.context)),
        tokens_(largest_share(step_tokens, shard.place.parallelism.context)) {}

  constexpr double bytes() const noexcept {
    const Parallelism& ranks = place_.parallelism;
    const std::int32_t residual_tokens = ranks.sequence ? largest_share(tokens_, ranks.tensor) : tokens_;
    double block = double(tokens_) * (input() + output());  // a norm, between blocks
    for (const LayerGroup& group : model_.layer_groups) {
      if (group.layers > 0) block = largest_of({block, mixer(group.mixer), feed_forward(group.feed_forward)});
    }
    if (model_.norm_placement == NormPlacement::parallel) block += tokens_ * output();
    return largest_of({residual_tokens * output() + block, head()});
  }

 private:
  /// Bytes that a token takes: of a tensor in the hidden format …
  constexpr double hidden(double width) const noexcept {
    return width * bytes_per_element(precision_.hidden.element);
  }
  /// … and of what a projection reads.
  constexpr double activation(double width) const noexcept {
    return tensor_bytes(precision_.activation, 1, static_cast<std::int32_t>(width)).value;
  }
  constexpr double input() const noexcept { return activation(model_.hidden_size); }
  constexpr double output() const noexcept { return hidden(model_.hidden_size); }

  constexpr double mixer(TokenMixer mixer) const noexcept {
    switch (mixer) {
      case TokenMixer::none: break;
      case TokenMixer::attention:
      case TokenMixer::local_attention: return attention(mixer);
      case TokenMixer::latent_attention: return latent_attention();
      case TokenMixer::delta_rule: return delta_rule();
      case TokenMixer::state_space: return state_space();
    }
    return 0.0;
  }
  constexpr double feed_forward(FeedForward kind) const noexcept {
    switch (kind) {
      case FeedForward::none: break;
      case FeedForward::dense: return tokens_ * dense(model_.intermediate_size);
      case FeedForward::experts: return experts();
    }
    return 0.0;
  }

  /// Keys and values of all new tokens, on every context-parallel rank.
  constexpr double gathered_keys(TokenMixer mixer) const noexcept {
    if (place_.parallelism.context == 1) return 0.0;
    return step_tokens_ * kv_cache_bytes_per_token_and_layer(model_, mixer, precision_.kv_cache).value;
  }

  constexpr double attention(TokenMixer mixer) const noexcept {
    const double qkv = hidden(model_.qkv_features());
    const double attended = activation(model_.attention_features());
    return largest_of({tokens_ * (input() + qkv), tokens_ * (qkv + attended) + gathered_keys(mixer),
                       tokens_ * (attended + output())});
  }

  constexpr double latent_attention() const noexcept {
    const LatentConfig& latent = model_.latent;
    const LatentHeads& heads = latent.heads;
    const double count = heads.query_heads;
    const double cached = hidden(heads.cached_dimension());
    const double queries = hidden(count * heads.query_key_dimension());
    const double attended = hidden(count * heads.value_dimension);
    const double low_rank = latent.query_rank > 0 ? activation(latent.query_rank) : input();
    const double projections = tokens_ * largest_of({input() + hidden(latent.query_rank) + cached,
                                                     low_rank + cached + queries, attended + output()});
    if (latent.indexer_heads > 0) {  // absorbed
      const double absorbed = count * cached;
      const double latents = hidden(count * heads.latent_rank);
      return largest_of({projections, tokens_ * (queries + absorbed),
                         tokens_ * (absorbed + latents) + gathered_keys(TokenMixer::latent_attention),
                         tokens_ * (latents + attended)});
    }
    const double expanded = hidden(count * (double(heads.nope_dimension) + heads.value_dimension));
    const double keys = hidden(count * heads.query_key_dimension());
    return largest_of({projections, tokens_ * (queries + attended) + step_tokens_ * (expanded + keys) +
                                        gathered_keys(TokenMixer::latent_attention)});
  }

  /// A chunk's state, in the share of one of its tokens.
  constexpr double chunk_states() const noexcept {
    return hidden(model_.recurrence.state_elements() / model_.recurrence.chunk_tokens);
  }

  constexpr double delta_rule() const noexcept {
    const RecurrenceConfig& rule = model_.recurrence;
    const double keys = rule.key_features();
    const double values = rule.value_features();
    const double projected =
        hidden(rule.decay == DeltaRuleDecay::per_head
                   ? 2.0 * keys + 2.0 * values + 2.0 * rule.value_heads
                   : 3.0 * keys + 2.0 * values + 2.0 * rule.value_dimension + rule.value_heads);
    const double convolved = hidden(rule.convolution_channels());
    const double chunked = hidden(double(rule.value_heads) * rule.key_dimension + 2.0 * values) + chunk_states();
    return tokens_ * largest_of({input() + projected, projected + convolved + chunked + hidden(values),
                                 projected + hidden(values) + activation(values), activation(values) + output()});
  }

  constexpr double state_space() const noexcept {
    const RecurrenceConfig& scan = model_.recurrence;
    const double values = scan.value_features();
    const double projected =
        hidden(2.0 * values + 2.0 * scan.key_features() + (scan.selective ? scan.value_heads : 0));
    const double convolved = scan.convolution_width > 0 ? hidden(scan.convolution_channels()) : 0.0;
    return tokens_ * largest_of({input() + projected, projected + convolved + chunk_states() + hidden(values),
                                 projected + hidden(values) + activation(values), activation(values) + output()});
  }

  constexpr double dense(std::int32_t width) const noexcept {
    const double wide = hidden((model_.gated_feed_forward ? 2.0 : 1.0) * width);
    const double activated = activation(width);
    return largest_of({input() + wide, wide + activated, activated + output()});
  }

  constexpr double experts() const noexcept {
    const Parallelism& ranks = place_.parallelism;
    const ExpertsConfig& e = model_.experts;
    const double tokens = ranks.exchanges_with_all() ? largest_share(tokens_, ranks.tensor) : tokens_;
    const double all_tokens = double(tokens_) * ranks.token_groups();
    const double rows = mathematics::ceiling(all_tokens * e.experts_per_token / ranks.expert);
    const double wide = hidden((model_.gated_feed_forward ? 2.0 : 1.0) * e.intermediate_size);
    const double activated = tensor_bytes(precision_.expert_activation, 1, e.intermediate_size).value;
    const double received_width = tensor_bytes(precision_.expert_activation, 1, model_.hidden_size).value;
    const bool all_to_all = ranks.expert_dispatch == ExpertDispatch::all_to_all;
    const double received = ranks.exchanges_tokens() ? (all_to_all ? rows : all_tokens) * received_width : 0.0;
    const double combined = (ranks.exchanges_tokens() && !all_to_all ? all_tokens : tokens) * output();
    const double routed = largest_of({received + rows * wide, rows * (wide + activated),
                                      rows * (activated + output()), rows * output() + combined});
    const double shared = e.shared_intermediate_size > 0 ? tokens * output() : 0.0;
    return largest_of({tokens * dense(e.shared_intermediate_size), tokens_ * input() + shared + routed});
  }

  constexpr double head() const noexcept {
    if (!place_.last_stage) return 0.0;
    const double vocabulary = double(model_.vocabulary_size) * place_.parallelism.tensor;
    return tokens_ * output() +
           sampled_tokens_ * (hidden(vocabulary) + vocabulary * bytes_per_element(DataType::fp32));
  }

  const ModelConfig& model_;
  const RankPlace& place_;
  const ModelPrecision& precision_;
  std::int32_t step_tokens_;
  std::int32_t sampled_tokens_;
  std::int32_t tokens_;  // of the context-parallel rank
};

}  // namespace detail

/// Bytes of a rank's intermediate tensors in a step of `step_tokens` new tokens (of the ranks that share them), of which
/// `sampled_tokens` are scored: the largest set that is alive at once. An estimate of the peak that an allocator
/// reaches, for a runtime that frees a tensor after its last reader and fuses no more than gate and up projection.
///
/// In each layer: the residual stream, and of one operation after another what it reads and writes:
///   attention    input + qkv | qkv + attended | attended + output; context parallel: keys and values of all new tokens
///   latents      input + low ranks | low ranks + queries | queries + attended + for each head keys and values of all
///                new tokens, and the keys again with their rotary part; with an indexer instead queries + absorbed
///                queries | these + attended latents | latents + attended
///   delta rule   input + projected | projected + convolved + the chunked form's rows (keys and two of values), states
///                of the chunks and outputs | projected + outputs, gated | gated + output
///   state space  likewise, of the chunked form the states and outputs alone
///   dense        input + gate and up | these + activated | activated + output
///   experts      the block's input and, where there are any, the shared experts' output, + rows received from other
///                ranks + gate and up of k rows a token | these + activated | activated + outputs | outputs + their
///                sum; rows as balanced routing spreads them over ranks
/// Where blocks run side by side (NormPlacement::parallel), one more input. At the end of the last stage instead: the
/// final hidden states and, for each scored position, logits of the whole vocabulary in the hidden format and in fp32.
/// A sampler that sorts them holds more.
constexpr Bytes activation_bytes(const ModelShard& shard, const ModelPrecision& precision, std::int32_t step_tokens,
                                 std::int32_t sampled_tokens) noexcept {
  return Bytes{mathematics::ceiling(detail::ActivationPeak(shard, precision, step_tokens, sampled_tokens).bytes())};
}

}  // namespace opcost
