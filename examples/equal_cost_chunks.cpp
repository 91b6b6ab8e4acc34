// SPDX-License-Identifier: Apache-2.0
//
// Data-parallel ranks that prefill long prompts wait for each other after every step. Chunks of as many tokens do not cost
// the same: the attention of a chunk grows with what is cached before it, even where most layers are recurrent. So each
// rank takes the chunk whose cost is the others' (TensorRT-LLM's pull request 18528).
//
// The experts are spread over all ranks, so what a rank's experts do depends on all chunks together, whoever's they are:
// a time that is common to all ranks. An estimator of one's own says so; searches take any that estimates steps.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"

namespace {

using namespace opcost;

/// Estimates steps of one rank while all ranks together have `mean_tokens` each on average.
class RankAmongOthers {
 public:
  RankAmongOthers(const ModelShard& shard, const Platform& platform, std::int32_t mean_tokens)
      : estimator_(shard, {}, platform) {
    StepBatch mean(shard.model);
    mean.add({mean_tokens, mean_tokens, 0});
    common_ = experts(mean);
  }

  const ModelShard& shard() const noexcept { return estimator_.shard(); }

  StepEstimate estimate(const StepBatch& batch) noexcept {
    StepEstimate step = estimator_.estimate(batch);
    step.expected = step.expected - experts(batch) + common_;
    return step;
  }

 private:
  /// As if every rank had such a batch.
  Seconds experts(const StepBatch& batch) const noexcept {
    Seconds time{};
    visit_estimates(
        estimator_.shard(), batch, estimator_.precision(), estimator_.platform(),
        [&](std::string_view name, std::int32_t count, const auto& /*operation*/, const auto& estimate) {
          if (name == "experts") time += estimate.expected * count;
        });
    return time;
  }

  StepEstimator estimator_;
  Seconds common_{};
};

}  // namespace

int main() {
  constexpr std::size_t ranks = 8;
  constexpr std::int32_t chunk = 8192;
  const ModelConfig& model = models::qwen3_next_80b_a3b;  // 36 recurrent layers, 12 with attention
  Platform platform(accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  const Parallelism parallelism{.expert = ranks, .data = ranks};
  if (const auto found = violation(model, parallelism)) throw InvalidValue(*found);
  RankAmongOthers estimator(shard_of(model, parallelism), platform, chunk);
  const StepBatch empty(model);

  // where each rank's prompt of 256 Ki tokens is, and what a chunk of 8192 tokens takes there
  std::array<std::int32_t, ranks> cached{};
  std::array<Seconds, ranks> equal_tokens{};
  Seconds sum{};
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    cached[rank] = static_cast<std::int32_t>(rank) * 32768;
    equal_tokens[rank] = estimate_with(estimator, empty, {chunk, cached[rank] + chunk, 0}).expected;
    sum += equal_tokens[rank];
  }
  const double per_key = (equal_tokens.back() - equal_tokens.front()).value / cached.back();
  fmt::print("{} on {} {}: a chunk of {} tokens takes {} + {:.2f} µs for each cached token\n\n", model.name, ranks,
             accelerators::h100_sxm.name, chunk, equal_tokens.front(), per_key * 1e6);

  // the same tokens in a step altogether, in chunks of one cost
  const auto tokens_within = [&](Seconds cost) {
    std::array<std::int32_t, ranks> tokens{};
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const StepSequence prompt{262144 - cached[rank], 262144, 1};
      tokens[rank] = largest_prefill_chunk(estimator, empty, prompt, {cost});
    }
    return tokens;
  };
  const auto total = [](const std::array<std::int32_t, ranks>& tokens) {
    std::int32_t all = 0;
    for (const std::int32_t one : tokens) all += one;
    return all;
  };
  Seconds low{};
  Seconds high = equal_tokens.back();
  while (high - low > Seconds{1e-6}) {
    const Seconds middle = (low + high) * 0.5;
    (total(tokens_within(middle)) < static_cast<std::int32_t>(ranks) * chunk ? low : high) = middle;
  }
  const auto equal_cost = tokens_within(high);

  fmt::print("rank   cached   {} tokens take   equal cost: tokens    take\n", chunk);
  Seconds longest{};
  Seconds busy{};
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::int32_t tokens = equal_cost[rank];
    const Seconds time = estimate_with(estimator, empty, {tokens, cached[rank] + tokens, 0}).expected;
    longest = std::max(longest, time);
    busy += time;
    fmt::print("{:4} {:8} {:>18} {:20} {:>7}\n", rank, cached[rank], fmt::format("{}", equal_tokens[rank]), tokens,
               fmt::format("{}", time));
  }
  const auto lost = [](Seconds together, Seconds slowest) {
    return 100.0 * (1.0 - together / (slowest * static_cast<double>(ranks)));
  };
  fmt::print(
      "\na step takes {} instead of {}; of the ranks' time {:.1f} % instead of {:.1f} % is lost in waiting\n",
      longest, equal_tokens.back(), lost(busy, longest), lost(sum, equal_tokens.back()));
}
