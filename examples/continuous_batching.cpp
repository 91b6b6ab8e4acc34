// SPDX-License-Identifier: Apache-2.0
//
// Continuous batching with opcost in the loop. Requests arrive, their prompts are prefilled in chunks beside the
// sequences that decode, and every step must end within a target time, so that nobody who is reading waits longer for the
// next token. Schedulers limit the tokens of a step by a constant that somebody tunes for a model, a GPU and a load
// (vLLM's RFC 52906). Here the chunk is as long as keeps this very step within the target, and there is nothing to tune:
// the batch is updated in O(1), a step is estimated in about a microsecond, and nothing is allocated in the loop.
//
// The clock is opcost's own expected time, so that steps take what was planned; on real GPUs plan with
// {target, &StepEstimate::high}.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"

namespace {

using namespace opcost;
using namespace opcost::literals;

struct Request {
  Seconds arrival{};
  std::int32_t prompt = 0;
  std::int32_t output = 0;
  std::int32_t cached = 0;     ///< Tokens in the cache.
  std::int32_t generated = 0;  ///< Tokens that the user has.
  Seconds first_token{};
};

/// Prompts of 100 to 8000 tokens, answers of 50 to 400, about 3 a second: the same on every run.
std::vector<Request> requests() {
  std::uint32_t state = 12345;
  const auto draw = [&state](std::int32_t low, std::int32_t high) {
    state = state * 1664525U + 1013904223U;
    return low + static_cast<std::int32_t>((state >> 8) % static_cast<std::uint32_t>(high - low + 1));
  };
  std::vector<Request> all(200);
  Seconds now{};
  for (Request& request : all) {
    now += Seconds{1e-3 * draw(0, 600)};
    request = {.arrival = now, .prompt = draw(100, 8000), .output = draw(50, 400)};
  }
  return all;
}

struct Result {
  std::int32_t steps = 0;
  std::int32_t late = 0;  ///< Steps beyond the target while somebody decodes.
  Seconds longest{};      ///< Of those.
  Seconds end{};
  std::vector<Seconds> waits;  ///< For the first token.
};

/// Serves all requests. `budget` is the most tokens of a step; 0: as many as keep the target.
Result serve(StepEstimator& estimator, Seconds target, std::int32_t budget) {
  std::vector<Request> all = requests();
  Result result;
  result.waits.reserve(all.size());
  const ModelConfig& model = estimator.shard().model;
  StepBatch decoding(model);  // the sequences that decode, as their next step sees them
  std::size_t waiting = 0;    // the first request whose prompt is not in the cache
  std::size_t done = 0;
  Seconds now{};
  while (done < all.size()) {
    if (decoding.sequences() == 0 && now < all[waiting].arrival) now = all[waiting].arrival;
    StepBatch step = decoding;

    // one prompt after the other, each as long a chunk as there is room for (see limits.hpp on times that fall)
    const std::size_t first = waiting;
    while (waiting < all.size() && all[waiting].arrival <= now) {
      Request& request = all[waiting];
      const StepSequence prompt{request.prompt - request.cached, request.prompt, 1};
      const auto room = static_cast<std::int32_t>(budget - step.tokens());
      const std::int32_t tokens = budget > 0 ? std::clamp(prompt.query_tokens, 0, std::max(room, 0))
                                             : largest_prefill_chunk(estimator, step, prompt, {target});
      if (tokens == 0 && step.sequences() == 0) {
        fmt::print("not even one token of a prompt is done within {}\n", target);
        std::exit(1);
      }
      if (tokens == 0) break;
      step.add(chunk_of(prompt, tokens));
      request.cached += tokens;
      if (request.cached < request.prompt) break;
      ++waiting;
    }

    const Seconds time = estimator.estimate(step).expected;
    now += time;
    ++result.steps;
    if (decoding.sequences() > 0) {
      if (time > target) ++result.late;
      result.longest = std::max(result.longest, time);
    }

    for (std::size_t i = 0; i < waiting; ++i) {
      Request& request = all[i];
      if (request.generated == request.output) continue;
      const bool decoded = i < first;
      if (decoded) decoding.remove({1, request.cached + 1, 1});
      request.cached += decoded ? 1 : 0;
      ++request.generated;
      if (!decoded) {
        request.first_token = now;
        result.waits.push_back(now - request.arrival);
      }
      if (request.generated == request.output) {
        ++done;
      } else {
        decoding.add({1, request.cached + 1, 1});
      }
    }
  }
  result.end = now;
  std::sort(result.waits.begin(), result.waits.end());
  return result;
}

}  // namespace

int main() {
  const ModelConfig& model = models::llama_3_1_70b;
  Platform platform(accelerators::h100_sxm, calibrations::h100_sxm_vllm_0_24);
  platform.system = serving_systems::vllm;
  StepEstimator estimator(shard_of(model, {.tensor = 4}), *model_precision_named("fp8"), platform);
  const Seconds target = 60.0_ms;

  fmt::print("{} in fp8 on 4 {}, 200 requests, a target of {} a step\n\n", model.name, accelerators::h100_sxm.name,
             target);
  fmt::print("tokens of a step   steps   beyond target   longest   first token: median     p99   all done\n");
  for (const std::int32_t budget : {256, 512, 768, 1024, 2048, 8192, 0}) {
    const Result result = serve(estimator, target, budget);
    const auto wait = [&](double share) {
      return result.waits[static_cast<std::size_t>(share * static_cast<double>(result.waits.size() - 1))];
    };
    fmt::print("{:<18} {:5} {:13.1f} % {:>9} {:>21} {:>7} {:>10}\n",
               budget == 0 ? "as many as fit" : fmt::format("{}", budget), result.steps,
               100.0 * result.late / result.steps, fmt::format("{}", result.longest), fmt::format("{}", wait(0.5)),
               fmt::format("{}", wait(0.99)), fmt::format("{}", result.end));
  }
}
