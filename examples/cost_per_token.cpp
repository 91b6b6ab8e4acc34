// SPDX-License-Identifier: Apache-2.0
//
// What a decoded token costs with attention and matrix products on the same accelerators, on accelerators of their own
// of one kind, and of two kinds: the closed forms of "Operator-level disaggregated serving" (Carnegie Mellon CSD PhD
// blog, 2026-05-15) on exact bytes and FLOPs of real models.
//
// The forms are at peak rates, and communication is free in all of them. Disaggregated, neither side waits, and matrix
// products are compute-bound, however many tokens that takes: the gains are the most there can be. Their bound
// (1 + √η) / 2 is that of two kinds over the cheaper kind alone, both disaggregated, for η ≥ 1. Over co-located
// serving there is none: what a small batch pays for its weights comes on top.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include <fmt/core.h>

#include "opcost/io/format.hpp"
#include "opcost/opcost.hpp"
#include "opcost/placement/attention_disaggregation.hpp"

namespace {

using namespace opcost;

/// An accelerator at a list's price, in bf16.
struct Kind {
  Accelerator accelerator{};
  double price = 0.0;
  UnitCost cost{};
};

Kind kind(const PriceList& prices, const Accelerator& accelerator) {
  const double price = prices.per_hour(accelerator.name.view()).value();
  return {accelerator, price, unit_cost(price, accelerator, DataType::bf16)};
}

/// A decode step by who does what. Where the blog counts the KV cache for attention and the weights for matrix
/// products, these are all bytes of such operations: queries, new keys, activations, too.
struct DecodeCounts {
  DecodeWork work{};
  Flops attention_flops{};
  Bytes cached{};  ///< What attention reads of the KV cache.
  Bytes others{};  ///< Of norms, rotary embedding and so on, which the forms leave out.
};

DecodeCounts decode(const ModelConfig& model, std::int32_t batch, std::int32_t context) {
  DecodeCounts counts{.work = {.batch = batch}};
  for (const ModelOperation& entry : model_operations(model, UniformBatch{batch, 1, context}, ModelPrecision{})) {
    const Cost cost = entry.operation.cost() * entry.count;
    if (cost.kv_cache_read > Bytes{}) {
      counts.work.attention_bytes += cost.bytes();
      counts.attention_flops += cost.matrix_flops;
      counts.cached += cost.kv_cache_read;
    } else if (cost.matrix_flops > Flops{}) {
      counts.work.matmul_bytes += cost.bytes();
      counts.work.matmul_flops += cost.matrix_flops;
    } else {
      counts.others += cost.bytes();
    }
  }
  return counts;
}

double ridge_point_ratio(const Kind& attention, const Kind& matmul) {
  return matmul.cost.ridge_point() / attention.cost.ridge_point();
}

/// How many times dearer the cheaper of two kinds alone is than both, all disaggregated.
double gain_over_one_kind(const DecodeWork& work, const Kind& attention, const Kind& matmul) {
  return std::min(disaggregated_dollars_per_token(work, attention.cost),
                  disaggregated_dollars_per_token(work, matmul.cost)) /
         disaggregated_dollars_per_token(work, attention.cost, matmul.cost);
}

/// The largest batch that eight accelerators hold. Fewer than eight KV heads are cut by four, the experts by eight.
std::int32_t most_on_eight(const ModelConfig& model, std::int32_t context, const Kind& kind) {
  const auto parallelism =
      model.heads.kv_heads < 8 ? Parallelism{.tensor = 4, .expert = 8, .data = 2} : Parallelism{.tensor = 8};
  if (const auto found = violation(model, parallelism)) throw InvalidValue(*found);
  return parallelism.data * largest_batch(model, parallelism, {}, kind.accelerator, {}, context);
}

void print_costs(const ModelConfig& model, std::int32_t context, const Kind& attention, const Kind& matmul) {
  fmt::print("{:15} {:7}", model.name, context);
  double cheapest = std::numeric_limits<double>::infinity();
  for (const Kind* together : {&matmul, &attention}) {
    const std::int32_t batch = most_on_eight(model, context, *together);
    const double dollars = colocated_dollars_per_token(decode(model, batch, context).work, together->cost);
    cheapest = std::min(cheapest, dollars);
    fmt::print(" {:7.3f} {:>6}", 1e6 * dollars, fmt::format("({})", batch));
  }
  const DecodeWork work = decode(model, 256, context).work;  // a token's share is the same in any batch
  const double both = disaggregated_dollars_per_token(work, attention.cost, matmul.cost);
  fmt::print(" {:9.3f} {:6.3f} {:6.3f} {:9.2f} {:10.2f}\n",
             1e6 * disaggregated_dollars_per_token(work, matmul.cost),
             1e6 * disaggregated_dollars_per_token(work, attention.cost), 1e6 * both,
             gain_over_one_kind(work, attention, matmul), cheapest / both);
}

void print_assumptions(const ModelConfig& model, const Kind& attention, const Kind& matmul) {
  const auto step = [&](std::int32_t batch) { return decode(model, batch, 8192); };
  const std::int32_t memory_bound = mathematics::largest_that(65536, [&](std::int32_t batch) {
    const DecodeWork work = step(batch).work;
    return matmul.cost.dollars(work.matmul_bytes) > matmul.cost.dollars(work.matmul_flops);
  });
  const DecodeCounts counts = step(memory_bound + 1);
  const DecodeWork& work = counts.work;
  const double both = disaggregated_dollars_per_token(work, attention.cost, matmul.cost) * work.batch;
  fmt::print("{:15} {:9.1f} FLOP/byte {:12.2f} % {:13} tokens {:14.1f} %\n", model.name,
             (counts.attention_flops / work.attention_bytes).value,
             100.0 * (work.attention_bytes / counts.cached - 1.0), work.batch,
             100.0 * attention.cost.dollars(counts.others) / both);
}

/// Two kinds pay while one is cheaper a byte and the other a FLOP: while the ratio of their prices is between the
/// ratios of their bandwidths and of their peaks.
void print_gain(const DecodeWork& work, const PriceList& prices, const Accelerator& for_attention,
                const Accelerator& for_matmul) {
  const Kind attention = kind(prices, for_attention);
  const Kind matmul = kind(prices, for_matmul);
  const double bandwidths = for_matmul.memory_bandwidth / for_attention.memory_bandwidth;
  const double peaks = for_matmul.peaks[DataType::bf16] / for_attention.peaks[DataType::bf16];
  const double eta = ridge_point_ratio(attention, matmul);
  fmt::print("{:15} {} {:9} {:9} {:11.2f} {:>13} {:7.2f} {:6.2f} {:6.2f}\n", prices.name, prices.date,
             for_attention.name, for_matmul.name, matmul.price / attention.price,
             bandwidths < peaks ? fmt::format("{:.2f} – {:.2f}", bandwidths, peaks) : std::string("never"), eta,
             greatest_gain_of_two_kinds(eta), gain_over_one_kind(work, attention, matmul));
}

}  // namespace

int main() {
  namespace gpu = accelerators;
  const ModelConfig& llama = models::llama_3_1_70b;
  const ModelConfig& gemma = models::gemma_3_27b;
  const ModelConfig& qwen = models::qwen3_235b_a22b;
  const PriceList& prices = price_lists::lamina;
  const Kind h100 = kind(prices, gpu::h100_sxm);
  const Kind h20 = kind(prices, gpu::h20);

  fmt::print(
      "Dollars per million decoded tokens, in bf16; an H100 at ${:.2f} and an H20 at ${:.2f} an hour\n"
      "co-located: the largest batch that eight of a kind hold; both: attention on H20, products on H100\n\n"
      "                               co-located             disaggregated         gain of both over\n"
      "model           context    H100 (batch)    H20 (batch)     H100    H20   both  one kind co-located\n",
      h100.price, h20.price);
  for (const ModelConfig* model : {&llama, &gemma, &qwen}) {
    for (const std::int32_t context : {2048, 8192, 32768, 65536}) {
      if (context <= model->maximum_context) print_costs(*model, context, h20, h100);
    }
  }
  const double eta = ridge_point_ratio(h20, h100);  // the blog's 1.912 is that of 989 TFLOPS, not 989.4
  fmt::print(
      "\nOver one kind, both gain at most (1 + √η) / 2 = {:.2f} (η = {:.2f}): nearly so where attention and\n"
      "products cost the same, little where attention is nearly all. Over co-located, nothing bounds it.\n",
      greatest_gain_of_two_kinds(eta), eta);

  fmt::print(
      "\nWhat the forms assume, by exact counts at 8192 tokens: attention is memory-bound (below {:.0f}\n"
      "FLOP/byte on H20) and moves the cache alone, products on H100 are compute-bound, others are free\n\n"
      "model           attention does      beyond cache  compute-bound from     others cost\n",
      h20.cost.ridge_point().value);
  for (const ModelConfig* model : {&llama, &gemma, &qwen, &models::deepseek_v3}) {
    print_assumptions(*model, h20, h100);
  }
  fmt::print("\nAttention of deepseek-v3 is compute-bound on H20: the forms do not hold for it.\n");

  const DecodeWork work = decode(llama, 256, 8192).work;
  fmt::print(
      "\nOther prices and kinds: {} at 8192 tokens, over the cheaper kind alone\n\n"
      "prices          date    attention products  price ratio   pays within       η  bound   gain\n",
      llama.name);
  print_gain(work, price_lists::lamina, gpu::h20, gpu::h100_sxm);
  print_gain(work, price_lists::lamina, gpu::h20, gpu::tpu_v6e);
  print_gain(work, price_lists::lamina, gpu::h100_sxm, gpu::tpu_v6e);
  print_gain(work, price_lists::step_3, gpu::h20, gpu::h800_sxm);
  print_gain(work, price_lists::step_3, gpu::h20, gpu::a800_sxm);
  print_gain(work, price_lists::step_3, gpu::a800_sxm, gpu::h800_sxm);
  print_gain(work, price_lists::megascale_infer, gpu::h20, gpu::l40s);
  print_gain(work, price_lists::megascale_infer, gpu::l40s, gpu::h800_sxm);
  fmt::print("\nA kind that is dearer both a byte and a FLOP only adds to the cost: a gain below 1.\n");
}
