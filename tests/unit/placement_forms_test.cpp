// SPDX-License-Identifier: Apache-2.0
//
// The closed forms of disaggregation against the figures that their papers print, and against pipelines played out.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <tuple>
#include <vector>

#include "golden.hpp"
#include "model_totals.hpp"
#include "opcost/hardware/catalogue.hpp"
#include "opcost/model/catalogue.hpp"
#include "opcost/placement/attention_disaggregation.hpp"
#include "opcost/placement/ping_pong.hpp"
#include "opcost/placement/unit_cost.hpp"

using namespace opcost;
using namespace opcost::literals;
using namespace opcost::testing;

namespace {

void check_printed(std::string_view source, double actual, double expected, double last_digit) {
  INFO(source << ": " << actual << ", printed " << expected);
  CHECK(matches(printed(source, actual, expected, last_digit)));
}

/// Step-3's accelerators: FP8 for the first two, FP16 for the others. Its ridge points and costs are those of 2.0 TB/s
/// for the A800 (2.039 as NVIDIA states it) and of 280 TFLOPS and 1.6 TB/s for the 910B.
struct Step3Accelerator {
  std::string_view name;
  double dollars_per_hour;
  FlopsPerSecond peak;
  BytesPerSecond bandwidth;

  constexpr UnitCost cost() const noexcept { return unit_cost(dollars_per_hour, peak, bandwidth); }
};

constexpr Step3Accelerator h800{"H800", 2.0, 1979_TFLOPS, 3.35_TBps};
constexpr Step3Accelerator h20{"H20", 0.8, 296_TFLOPS, 4_TBps};
constexpr Step3Accelerator a800{"A800", 0.75, 312_TFLOPS, 2_TBps};
constexpr Step3Accelerator ascend_910b{"910B", 0.67, 280_TFLOPS, 1.6_TBps};

/// Uniform in the logarithm, over six decades around `middle`.
double anything_around(double middle, std::mt19937_64& random) {
  return middle * std::pow(10.0, std::uniform_real_distribution(-3.0, 3.0)(random));
}

/// How many times dearer the cheaper of two kinds alone is, both disaggregated.
double gain_of_two_kinds(const DecodeWork& work, const UnitCost& attention, const UnitCost& matmul) {
  return std::min(disaggregated_dollars_per_token(work, attention), disaggregated_dollars_per_token(work, matmul)) /
         disaggregated_dollars_per_token(work, attention, matmul);
}

/// A ping-pong pipeline played out: attention, the link there, the experts and the link back each take one micro-batch
/// at a time, in the order of arrival.
Seconds played_out(const PingPong& pipeline, std::int32_t micro_batches, std::int32_t layers) {
  const Seconds duration[] = {pipeline.attention_time, pipeline.transfer_time, pipeline.expert_time,
                              pipeline.transfer_time};
  Seconds free[4]{};
  std::vector<Seconds> ready(static_cast<std::size_t>(micro_batches));
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    for (Seconds& time : ready) {
      for (std::size_t stage = 0; stage < 4; ++stage) {
        time = std::max(time, free[stage]) + duration[stage];
        free[stage] = time;
      }
    }
  }
  return ready.back();
}

/// The time of one layer for all batches of a rotational pipeline, after many: each batch goes to the pool for
/// attention and then to the next replica of the model in turn.
double played_out_rotation(double model_time, double attention_time, int batches) {
  const int layers = 2000;
  std::vector<double> replica_free(static_cast<std::size_t>(batches - 1));
  std::vector<double> ready(static_cast<std::size_t>(batches));
  double attention_free = 0.0;
  double half_way = 0.0;
  for (int layer = 0; layer < layers; ++layer) {
    if (layer == layers / 2) half_way = ready.front();
    for (int batch = 0; batch < batches; ++batch) {
      double& time = ready[static_cast<std::size_t>(batch)];
      double& free = replica_free[static_cast<std::size_t>((batch + layer) % (batches - 1))];
      time = std::max(time, free) + model_time;
      free = time;
      time = std::max(time, attention_free) + attention_time;
      attention_free = time;
    }
  }
  return (ready.front() - half_way) / (layers / 2);
}

}  // namespace

TEST_CASE("Step-3 (arXiv 2507.19427): unit costs and ridge points") {
  // 2 / 3600 / 1979e12 is 2.807e-19; the paper prints 2.80, cut off rather than rounded
  check_printed("H800 FLOP", h800.cost().dollars_per_flop, 2.80e-19, 0.02e-19);
  check_printed("H800 byte", h800.cost().dollars_per_byte, 1.66e-16, 0.01e-16);
  check_printed("H20 FLOP", h20.cost().dollars_per_flop, 7.51e-19, 0.01e-19);
  check_printed("H20 byte", h20.cost().dollars_per_byte, 5.56e-17, 0.01e-17);
  check_printed("H800 ridge", h800.cost().ridge_point().value, 591.0, 1.0);
  check_printed("H20 ridge", h20.cost().ridge_point().value, 74.0, 1.0);
  check_printed("A800 ridge", a800.cost().ridge_point().value, 156.0, 1.0);
  check_printed("910B ridge", ascend_910b.cost().ridge_point().value, 175.0, 1.0);
  // the catalogue has the same H800 and H20
  for (const auto& [price, accelerator, expected] :
       {std::tuple{2.0, accelerators::h800_sxm, h800}, std::tuple{0.8, accelerators::h20, h20}}) {
    const UnitCost cost = unit_cost(price, accelerator, DataType::fp8);
    CHECK(cost.dollars_per_flop == expected.cost().dollars_per_flop);
    CHECK(cost.dollars_per_byte == expected.cost().dollars_per_byte);
  }
}

TEST_CASE("a data type that an accelerator lacks costs infinitely much, no work in it nothing") {
  const UnitCost cost = unit_cost(0.75, accelerators::a800_sxm, DataType::fp8);
  CHECK(cost.dollars(1_FLOP) == std::numeric_limits<double>::infinity());
  CHECK(cost.dollars(0_FLOP) == 0.0);
  CHECK(cost.ridge_point() == Intensity{0.0});
}

TEST_CASE("Step-3: dollars per million tokens of attention at a context of 8192") {
  const auto million = [](const Step3Accelerator& accelerator, double attention, double kv_cache, double linear) {
    return 1e6 * attention_dollars_per_token(accelerator.cost(), Flops{attention}, Bytes{kv_cache}, Flops{linear});
  };
  SECTION("with the counts as printed") {
    const auto deepseek = [&](const Step3Accelerator& of) { return million(of, 1.47e11, 2.88e8, 2.28e10); };
    check_printed("DeepSeek-V3, H800", deepseek(h800), 0.054, 0.001);
    // 0.1275 and 0.1134: printed from the unrounded 1.474e11, as below
    check_printed("DeepSeek-V3, H20", deepseek(h20), 0.128, 0.002);
    check_printed("DeepSeek-V3, A800", deepseek(a800), 0.114, 0.002);
    check_printed("DeepSeek-V3, 910B", deepseek(ascend_910b), 0.113, 0.001);
    const auto qwen = [&](const Step3Accelerator& of) { return million(of, 2.52e10, 7.89e8, 1.34e10); };
    check_printed("Qwen3-235B, H800", qwen(h800), 0.135, 0.001);
    check_printed("Qwen3-235B, H20", qwen(h20), 0.054, 0.001);
    check_printed("Qwen3-235B, A800", qwen(a800), 0.091, 0.001);
    check_printed("Qwen3-235B, 910B", qwen(ascend_910b), 0.101, 0.001);
  }
  SECTION("with the exact counts of the catalogue's models") {
    ModelPrecision precision;
    precision.kv_cache = formats::fp8;  // its KV bytes are those of one byte an element
    const UniformBatch token{1, 1, 8192, 1};
    const ModelTotals deepseek = model_totals(models::deepseek_v3, token, precision);
    // it takes 576 elements for the values, too, where the kernel multiplies 512
    const auto as_the_paper = [&](const Step3Accelerator& of) {
      return million(of, deepseek.attention_flops * 1152.0 / 1088.0, deepseek.kv_read, deepseek.linear_flops);
    };
    check_printed("DeepSeek-V3, H800", as_the_paper(h800), 0.054, 0.001);
    check_printed("DeepSeek-V3, H20", as_the_paper(h20), 0.128, 0.001);
    check_printed("DeepSeek-V3, A800", as_the_paper(a800), 0.114, 0.001);
    check_printed("DeepSeek-V3, 910B", as_the_paper(ascend_910b), 0.113, 0.001);
    const auto exact = [&](const Step3Accelerator& of) {
      return million(of, deepseek.attention_flops, deepseek.kv_read, deepseek.linear_flops);
    };
    // attention is bound by its FLOPs on all but the H800: 5 % below the paper there
    CHECK(exact(h800) == Approx(as_the_paper(h800)).epsilon(1e-12));
    CHECK(exact(h20) == Approx(0.128).epsilon(0.055));
    CHECK(exact(a800) == Approx(0.114).epsilon(0.055));
    CHECK(exact(ascend_910b) == Approx(0.113).epsilon(0.055));
    const ModelTotals model = model_totals(models::qwen3_235b_a22b, token, precision);
    const auto qwen = [&](const Step3Accelerator& of) {
      return million(of, model.attention_flops, model.kv_read, model.linear_flops);
    };
    check_printed("Qwen3-235B, H800", qwen(h800), 0.135, 0.001);
    check_printed("Qwen3-235B, H20", qwen(h20), 0.054, 0.001);
    check_printed("Qwen3-235B, A800", qwen(a800), 0.091, 0.001);
    check_printed("Qwen3-235B, 910B", qwen(ascend_910b), 0.101, 0.001);
  }
}

TEST_CASE("Step-3: minimum sparsity of a pool of eight accelerators") {
  // hidden 7168, 61 layers; a third of 50 ms a token; eight NICs of 400 Gb/s, of 200 Gb/s for the A800 and 910B
  const auto sparsity = [](const Step3Accelerator& of, BytesPerSecond network) {
    const ExpertPool pool{.hidden_size = 7168,
                          .layers = 61,
                          .ridge_point = of.cost().ridge_point(),
                          .network_bandwidth = network,
                          .network_time = {0.050 / 3.0}};
    return minimum_sparsity(pool);
  };
  check_printed("H800", sparsity(h800, 400_GBps), 0.058, 0.001);
  check_printed("H20", sparsity(h20, 400_GBps), 0.007, 0.001);
  check_printed("A800", sparsity(a800, 200_GBps), 0.031, 0.001);
  check_printed("910B", sparsity(ascend_910b, 200_GBps), 0.034, 0.001);
  // the form as printed, hidden · FLOP/s · layers / (network · bandwidth · 11.1 ms): 11.1 is 50 / 3 · 2 / 3
  const double as_printed = 7168.0 * 1979e12 * 61.0 / (400e9 * 3.35e12 * 11.1e-3);
  CHECK(sparsity(h800, 400_GBps) == Approx(as_printed).epsilon(0.0011));
}

TEST_CASE("at the minimum sparsity experts take as long to compute as to read, and the network is full") {
  const ExpertPool pool{.hidden_size = 4096,
                        .layers = 48,
                        .ridge_point = {300.0},
                        .network_bandwidth = 100_GBps,
                        .network_time = 20_ms,
                        .bytes_per_weight = 2.0,
                        .bytes_per_element = 4.0};
  const double share = minimum_sparsity(pool);
  const double tokens = 100e9 * 20e-3 / (4.0 * 4096.0 * 48.0);  // what the network carries: 2543.1
  // a weight: 2 · tokens · share FLOPs at 300 FLOP a byte, against 2 bytes
  CHECK(2.0 * tokens * share / 300.0 == Approx(2.0).epsilon(1e-12));
}

TEST_CASE("operator-level disaggregation: dollars per token, by hand") {
  // 10 tokens; $3600 an hour, 1 TFLOPS, 1 TB/s, then $7200 an hour, 4 TFLOPS, 0.5 TB/s
  const UnitCost first = unit_cost(3600.0, 1_TFLOPS, 1_TBps);
  const UnitCost second = unit_cost(7200.0, 4_TFLOPS, 0.5_TBps);
  const DecodeWork work{.batch = 10, .attention_bytes = 5_TB, .matmul_bytes = 3_TB, .matmul_flops = 2_TFLOP};
  CHECK(colocated_dollars_per_token(work, first) == Approx(0.8).epsilon(1e-12));      // 1 · (5 + max(3, 2)) / 10
  CHECK(disaggregated_dollars_per_token(work, first) == Approx(0.7).epsilon(1e-12));  // 1 · (5 + 2) / 10
  CHECK(disaggregated_dollars_per_token(work, first, second) ==
        Approx(0.6).epsilon(1e-12));  // (5 + 2 · 2 / 4) / 10
  // bound by its FLOPs, 4 of them, co-located is disaggregated on one kind
  const DecodeWork larger{.batch = 10, .attention_bytes = 5_TB, .matmul_bytes = 3_TB, .matmul_flops = 4_TFLOP};
  CHECK(colocated_dollars_per_token(larger, first) == disaggregated_dollars_per_token(larger, first));
}

TEST_CASE("operator-level disaggregation: H20 and H100 gain up to 1.912") {
  // Lamina's figures: H20 148 TFLOPS, 4.0 TB/s, $4.63; H100 989 TFLOPS, 3.35 TB/s, $11.06
  const UnitCost attention = unit_cost(4.63, 148_TFLOPS, 4_TBps);
  const UnitCost matmul = unit_cost(11.06, 989_TFLOPS, 3.35_TBps);
  const double ratio = matmul.ridge_point() / attention.ridge_point();
  check_printed("eta", ratio, 7.98, 0.01);
  check_printed("gain", greatest_gain_of_two_kinds(ratio), 1.912, 0.001);
  // These prices are nearly the worst for one kind alone (11.06 / 4.63 = 2.389, √η β₂ / β₁ = 2.366): 1.912 for work
  // of which attention on H20 is 0.4926 of the cost, where both kinds alone cost the same.
  const DecodeWork work{.batch = 1,
                        .attention_bytes = {0.4926 / attention.dollars_per_byte},
                        .matmul_flops = {0.5074 / matmul.dollars_per_flop}};
  check_printed("gain at these prices", gain_of_two_kinds(work, attention, matmul), 1.912, 0.001);
}

TEST_CASE("operator-level disaggregation: two kinds never gain more than the bound") {
  // With s the share of attention in the cost on both kinds, x = a₂ / a₁ and y = g₁ / g₂ the ratios of what attention
  // and matrix products cost on the other kind, x y = η and the gain is min(s + (1 − s) y, s x + 1 − s). It is largest
  // over s where the two are the same, (x y − 1) / (x + y − 2) for x, y > 1, and this where x = y = √η.
  std::mt19937_64 random(20260515);
  double closest = 0.0;
  for (int i = 0; i < 100000; ++i) {
    const auto kind = [&] {
      return unit_cost(anything_around(3.0, random), FlopsPerSecond{anything_around(500e12, random)},
                       BytesPerSecond{anything_around(3e12, random)});
    };
    const UnitCost attention = kind();
    const UnitCost matmul = kind();
    const DecodeWork work{.batch = 64,
                          .attention_bytes = {anything_around(50e9, random)},
                          .matmul_bytes = {anything_around(50e9, random)},
                          .matmul_flops = {anything_around(10e12, random)}};
    const double bound = greatest_gain_of_two_kinds(matmul.ridge_point() / attention.ridge_point());
    const double gain = gain_of_two_kinds(work, attention, matmul);
    if (!(gain <= bound * (1.0 + 1e-12))) FAIL("gain " << gain << " above " << bound);
    if (bound > 1.5) closest = std::max(closest, gain / bound);
    for (const UnitCost& one : {attention, matmul}) {
      const double disaggregated = disaggregated_dollars_per_token(work, one);
      if (!(disaggregated <= colocated_dollars_per_token(work, one))) FAIL("co-located cheaper on one kind");
    }
  }
  CHECK(closest > 0.95);  // the bound is near at times
}

TEST_CASE("operator-level disaggregation: where the bound is attained, and where it is no bound") {
  const FlopsPerSecond peak1{148e12}, peak2{989e12};
  const BytesPerSecond bandwidth1{4e12}, bandwidth2{3.35e12};
  const double ratio = (bandwidth1 / bandwidth2) * (peak2 / peak1);
  const UnitCost attention = unit_cost(4.0, peak1, bandwidth1);
  const UnitCost matmul = unit_cost(4.0 * std::sqrt(ratio) * (bandwidth2 / bandwidth1), peak2, bandwidth2);
  const DecodeWork half{.batch = 1,
                        .attention_bytes = {1.0 / attention.dollars_per_byte},
                        .matmul_flops = {1.0 / matmul.dollars_per_flop}};
  CHECK(gain_of_two_kinds(half, attention, matmul) == Approx(greatest_gain_of_two_kinds(ratio)).epsilon(1e-12));
  for (const double factor : {0.5, 0.9, 1.1, 2.0}) {  // any other work gains less
    const DecodeWork other{
        .batch = 1, .attention_bytes = half.attention_bytes * factor, .matmul_flops = half.matmul_flops};
    CHECK(gain_of_two_kinds(other, attention, matmul) < 0.99 * greatest_gain_of_two_kinds(ratio));
  }
  // The blog's (1 + √η) / 2 is below 1 for kinds with the roles swapped, where a gain of 1 is still near: nearly all
  // work is attention, and its kind costs as much for it as the other
  CHECK(greatest_gain_of_two_kinds(1.0 / ratio) == 1.0);
  const UnitCost same_bytes = unit_cost(4.0 * (bandwidth1 / bandwidth2), peak1, bandwidth1);
  const DecodeWork nearly_all{.batch = 1,
                              .attention_bytes = {1.0 / same_bytes.dollars_per_byte},
                              .matmul_flops = {1e-3 / same_bytes.dollars_per_flop}};
  CHECK(gain_of_two_kinds(nearly_all, unit_cost(4.0, peak2, bandwidth2), same_bytes) > 0.99);
  // Against co-located serving it is no bound: weights of a small batch may cost anything there.
  const DecodeWork small{.batch = 1,
                         .attention_bytes = half.attention_bytes,
                         .matmul_bytes = half.attention_bytes * 100.0,
                         .matmul_flops = half.matmul_flops};
  const double colocated =
      std::min(colocated_dollars_per_token(small, attention), colocated_dollars_per_token(small, matmul));
  CHECK(colocated / disaggregated_dollars_per_token(small, attention, matmul) > 10.0);
}

TEST_CASE("Lamina (arXiv 2405.01814): minimum interconnect bandwidth") {
  // LLaMA3-70B, 100 tokens: (2 + 2 / 8) · 2 · 8192 · 100 · 80 = 294,912,000 bytes
  const OffloadedAttention attention{.batch = 100, .layers = 80, .hidden_size = 8192, .queries_per_kv_head = 8};
  CHECK(attention.transferred() == 294912_kB);
  // in a fifth of 40 ms + 60 ms: 14.7456 GB/s
  const BytesPerSecond bandwidth = minimum_interconnect_bandwidth(attention, 40_ms, 60_ms, 0.2);
  CHECK(bandwidth.value == Approx(14.7456e9).epsilon(1e-12));
  CHECK((attention.transferred() / bandwidth).value == Approx(0.2 * 0.1).epsilon(1e-12));
  // queries, keys, values and attention's output of the catalogue's model in bf16
  const ModelConfig& model = models::llama_3_1_70b;
  const double elements = model.heads.query_heads * 128.0 + 2.0 * model.heads.kv_heads * 128.0 + 64.0 * 128.0;
  CHECK(attention.transferred() == Bytes{elements * 2.0 * 100.0 * model.layers()});
  // a KV head for each query head: 4 · 1024 elements; one for eight: 2.25 · 1024
  CHECK(OffloadedAttention{.hidden_size = 1024, .queries_per_kv_head = 1}.transferred() == 8192_B);
  CHECK(OffloadedAttention{.hidden_size = 1024, .queries_per_kv_head = 8}.transferred() == 4608_B);
}

TEST_CASE("Lamina: a rotational pipeline has no gaps at t_m / (n - 1)") {
  for (const int batches : {2, 3, 4, 7}) {
    const double model_time = 3.0;
    const double attention_time = balanced_attention_time(Seconds{model_time}, batches).value;
    CHECK(attention_time == Approx(model_time / (batches - 1)).epsilon(1e-15));
    // a layer takes what each batch needs, and attention is busy all the time; so are the replicas, n · t_m / (n − 1)
    CHECK(played_out_rotation(model_time, attention_time, batches) ==
          Approx(model_time + attention_time).epsilon(1e-9));
    CHECK(batches * attention_time == Approx(model_time + attention_time).epsilon(1e-12));
    // slower attention keeps the replicas waiting: n · t_a
    CHECK(played_out_rotation(model_time, 1.25 * attention_time, batches) ==
          Approx(1.25 * batches * attention_time).epsilon(1e-9));
    // faster attention does not help, the replicas are busy: n · t_m / (n − 1), on average over a rotation
    CHECK(played_out_rotation(model_time, 0.75 * attention_time, batches) ==
          Approx(model_time * batches / (batches - 1)).epsilon(1e-3));
  }
}

TEST_CASE("Lamina: dollars per hour of its degrees of parallelism") {
  // Table 1: H100 $11.06, H20 $4.63 an hour
  check_printed("DOP (1, 2)", OffloadParallelism{1, 2}.dollars_per_hour(11.06, 4.63), 20.32, 0.01);
  check_printed("DOP (2, 4)", OffloadParallelism{2, 4}.dollars_per_hour(11.06, 4.63), 40.64, 0.01);
  check_printed("two H100", OffloadParallelism{2, 0}.dollars_per_hour(11.06, 4.63), 22.12, 0.01);
  check_printed("four H100", OffloadParallelism{4, 0}.dollars_per_hour(11.06, 4.63), 44.24, 0.01);
}

TEST_CASE("MegaScale-Infer (arXiv 2504.02263): micro-batches and iteration time") {
  const auto micro_batches = [](double transfer) {
    return PingPong{Seconds{1.0}, Seconds{1.0}, Seconds{transfer}}.minimum_micro_batches();
  };
  // its rule: 3 for T_c < T_f / 2, else 4
  for (const double transfer : {1e-6, 0.1, 0.25, 0.4999}) CHECK(micro_batches(transfer) == 3);
  for (const double transfer : {0.5001, 0.75, 1.0}) CHECK(micro_batches(transfer) == 4);
  // and the two edges where the rule asks for one more than its inequality
  CHECK(micro_batches(0.5) == 3);
  CHECK(micro_batches(0.0) == 2);
  // by hand: (2 + 3 + 2 · 1) + 3 · (4 · 5 − 1) = 64
  CHECK(PingPong{2_ms, 3_ms, 1_ms}.iteration_time(4, 5).value == Approx(64e-3).epsilon(1e-12));
  CHECK(PingPong{3_ms, 2_ms, 1_ms}.iteration_time(4, 5).value == Approx(64e-3).epsilon(1e-12));
}

TEST_CASE("MegaScale-Infer: the iteration time is that of the pipeline played out") {
  std::mt19937_64 random(20250402);
  std::uniform_real_distribution<double> up_to_1(0.0, 1.0);
  for (int i = 0; i < 3000; ++i) {
    const double slower = 0.5 + up_to_1(random);
    const double faster = slower * (0.01 + 0.99 * up_to_1(random));
    const bool attention_slower = i % 2 == 0;
    const PingPong pipeline{Seconds{attention_slower ? slower : faster},
                            Seconds{attention_slower ? faster : slower}, Seconds{slower * up_to_1(random)}};
    REQUIRE(!pipeline.violation());
    const std::int32_t layers = 1 + i % 7;
    const double hides = (slower + faster + 2.0 * pipeline.transfer_time.value) / slower;
    for (std::int32_t count = 1; count <= 6; ++count) {
      const double form = pipeline.iteration_time(count, layers).value;
      const double played = played_out(pipeline, count, layers).value;
      INFO(count << " micro-batches, " << layers << " layers, hidden by " << hides << ": " << form << ", "
                 << played);
      if (count >= pipeline.minimum_micro_batches()) CHECK(played == Approx(form).epsilon(1e-12));
      // the exact condition: a micro-batch is back before the slower side has served the others
      if (count >= hides * (1.0 + 1e-9) || layers == 1) CHECK(played == Approx(form).epsilon(1e-12));
      if (count <= hides * (1.0 - 1e-9) && layers > 1) CHECK(played > form);
    }
  }
}

TEST_CASE("MegaScale-Infer: transfers longer than a stage break the closed form") {
  const PingPong pipeline{1_ms, 1_ms, 1.5_ms};
  CHECK(played_out(pipeline, 8, 4) > pipeline.iteration_time(8, 4));
  REQUIRE(pipeline.violation());
  CHECK(pipeline.violation()->field == "stage_time");
  CHECK(PingPong{0_ms, 1_ms, 1_ms}.violation()->field == "attention_time");
  CHECK(PingPong{1_ms, 0_ms, 1_ms}.violation()->field == "expert_time");
  CHECK(PingPong{1_ms, 1_ms, {-1.0}}.violation()->field == "transfer_time");
  CHECK(!PingPong{1_ms, 2_ms, 2_ms}.violation());
}
