// SPDX-License-Identifier: Apache-2.0
//
// The estimate path does not allocate: every global operator new of this program is counted.
#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string_view>

#include "opcost/opcost.hpp"

namespace {

std::size_t allocations = 0;  // the program has one thread

void* counted_allocation(std::size_t size, std::size_t alignment) noexcept {
  ++allocations;
  return std::aligned_alloc(alignment, (size / alignment + 1) * alignment);
}

void* counted_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = counted_allocation(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

#if defined(__GNUC__) && !defined(__clang__)
// GCC inlines our operator delete and then does not recognise our operator new as its counterpart.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

// Every form, because a sanitizer replaces those that are left out with its own.
void* operator new(std::size_t size) { return counted_or_throw(size, usual); }
void* operator new[](std::size_t size) { return counted_or_throw(size, usual); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted_allocation(size, usual); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted_allocation(size, usual); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace opcost;

namespace {

/// Allocations during work(); its result is kept from the optimiser.
template <class Work>
std::size_t allocations_of(Work work) {
  const std::size_t before = allocations;
  volatile double kept = work();
  static_cast<void>(kept);
  return allocations - before;
}

double estimate(const auto& operation, const Accelerator& accelerator) {
  return operation.cost().bytes().value + roofline_bound(operation, accelerator).time.value;
}

constexpr AttentionHeads heads{64, 8, 128, 128};

}  // namespace

TEST_CASE("the counter counts") {
  CHECK(allocations_of([] {
          ::operator delete(::operator new(1));  // called as functions, so that the pair is not elided
          return 0.0;
        }) == 1);
}

TEST_CASE("no operation allocates") {
  const Accelerator& h20 = *accelerator_named("h20");
  CHECK(allocations_of([&] { return estimate(LinearProjection<>{64, 8192, 8192, true, {}}, h20); }) == 0);
  CHECK(allocations_of([&] { return estimate(FullAttention{heads, 64, 1, 8192, {}, {}}, h20); }) == 0);
  CHECK(allocations_of([&] {
          return estimate(SlidingWindowAttention{heads, 1, 512, 8192, {1024}, {}}, h20);
        }) == 0);
  CHECK(allocations_of([&] { return estimate(BidirectionalAttention{heads, 1, 512, 512, {}, {}}, h20); }) == 0);
  CHECK(allocations_of([&] { return estimate(RmsNorm<>{64, 8192, {}}, h20); }) == 0);
  CHECK(allocations_of([&] { return estimate(RotaryEmbedding<>{64, 72, 128, {}}, h20); }) == 0);
  CHECK(allocations_of([&] { return estimate(Activation<>{64, 28672, {}, true, {}}, h20); }) == 0);
  CHECK(allocations_of([&] { return estimate(ResidualAdd<>{64, 8192, {}}, h20); }) == 0);
  CHECK(allocations_of([&] { return estimate(EmbeddingLookup<>{64, 8192, true, {}}, h20); }) == 0);
}

TEST_CASE("no estimate allocates") {
  const Accelerator& h100 = accelerators::h100_sxm;
  const auto allocated = [&](const auto& operation) {
    return allocations_of([&] {
      double sum = 0.0;
      for (const Calibration* calibration : calibration_catalogue) {
        sum += estimate_latency(operation, h100, *calibration).high.value;
        sum += estimate_latency(
                   operation, h100, calibration->carried_to(h100.name, 1.5),
                   {.sustained_power = true, .cold_cache = false, .cache_write = false, .cuda_graph = false})
                   .high.value;
      }
      return sum + estimate_latency(operation, h100, default_calibration(h100)).high.value;
    });
  };
  const auto allocated_by_both = [&](const auto& operation) {
    return allocated(operation) + allocated(AnyOperation(operation));
  };
  CHECK(allocated_by_both(LinearProjection<>{64, 8192, 8192, true, {}}) == 0);
  CHECK(allocated_by_both(LinearProjection<>{64, 8192, 8192, false, {formats::fp8, formats::fp8, formats::bf16}}) ==
        0);
  CHECK(allocated_by_both(LinearProjection<>{
            64, 8192, 8192, false, {formats::fp8_token_group, formats::fp8_block, formats::bf16}}) == 0);
  CHECK(allocated_by_both(FullAttention{heads, 64, 1, 8192, {}, {}}) == 0);
  CHECK(allocated_by_both(FullAttention{heads, 64, 1, 8192, {}, {formats::bf16, formats::fp8, formats::bf16}}) ==
        0);
  CHECK(allocated_by_both(FullAttention{heads, 1, 8192, 8192, {}, {}}) == 0);
  CHECK(allocated_by_both(SlidingWindowAttention{heads, 1, 512, 8192, {1024}, {}}) == 0);
  CHECK(allocated_by_both(BidirectionalAttention{heads, 1, 512, 512, {}, {}}) == 0);
  CHECK(allocated_by_both(RmsNorm<>{64, 8192, {}}) == 0);
  CHECK(allocated_by_both(RotaryEmbedding<>{64, 72, 128, {}}) == 0);
  CHECK(allocated_by_both(Activation<>{64, 28672, {}, true, {}}) == 0);
  CHECK(allocated_by_both(ResidualAdd<>{64, 8192, {}}) == 0);
  CHECK(allocated_by_both(EmbeddingLookup<>{64, 8192, true, {}}) == 0);
}

TEST_CASE("lists of any operation do not allocate") {
  CHECK(allocations_of([] {
          const std::array<AnyOperation, 3> list{LinearProjection<>{64, 8192, 8192, false, {}},
                                                 FullAttention{heads, 64, 1, 8192, {}, {}},
                                                 RmsNorm<>{64, 8192, {}}};
          double sum = roofline_bound(list, accelerators::h100_sxm).time.value;
          for (const AnyOperation& operation : list) sum += estimate(operation, accelerators::h20);
          return sum;
        }) == 0);
}

TEST_CASE("a ragged batch does not allocate as it grows") {
  CHECK(allocations_of([] {
          RaggedAttention<SlidingWindow> attention{heads, AttentionBatch(SlidingWindow{1024}), {}};
          double sum = 0.0;
          for (std::int32_t i = 1; i <= 10'000; ++i) {
            attention.batch.add({1, i});
            attention.batch.replace({1, i}, {1, i + 1});
            sum += roofline_bound(attention, accelerators::h20).time.value;
            if (i % 2 == 0) attention.batch.remove({1, i + 1});
          }
          return sum;
        }) == 0);
}

TEST_CASE("a model's step does not allocate") {
  CHECK(allocations_of([] {
          const ModelConfig& model = *model_named("gemma-3-27b");
          const UniformBatch batch{64, 1, 8192, 1};
          if (violation(model, batch)) return 0.0;
          const ModelOperations list = model_operations(model, batch, *model_precision_named("fp8_block"));
          double sum =
              total_cost(list).bytes().value + kv_cache_bytes(model, formats::fp8, 8192).value + parameters(model);
          for (const AcceleratorEntry& entry : accelerator_catalogue) {
            sum += roofline_bound(list, entry.specification).time.value;
          }
          return sum + double(list.find("lm_head")->count);
        }) == 0);
}

TEST_CASE("what fits is found without allocation") {
  CHECK(allocations_of([] {
          const ModelShard shard = shard_of(*model_named("gemma-3-27b"), {.tensor = 2});
          CacheBatch cache(shard, 16);
          for (std::int32_t i = 1; i <= 100; ++i) cache.add(50 * i);
          const MemoryUse use = memory_use(shard, {}, cache);
          return headroom(use, accelerators::h20).value + parameters(shard) +
                 largest_batch(shard, {}, accelerators::h20, {}, 8192) +
                 longest_context(shard, {}, accelerators::h20, {}, 8);
        }) == 0);
}

TEST_CASE("a step of a ragged batch does not allocate") {
  for (const std::string_view name : {"gemma-3-27b", "deepseek-v3.2", "nemotron-h-8b", "qwen3-next-80b-a3b"}) {
    const ModelConfig* const model = model_named(name);
    REQUIRE(model != nullptr);
    CHECK(allocations_of([&] {
            StepBatch batch(*model);
            for (std::int32_t i = 2; i <= 100; ++i) batch.add({i % 3 == 0 ? i : 1, 50 * i, 1});
            batch.replace({1, 100, 1}, {1, 101, 1});
            if (violation(*model, batch)) return 0.0;
            return step_cost(*model, batch, {}).bytes().value +
                   step_bound(*model, batch, {}, accelerators::h20).time.value +
                   step_estimate(*model, batch, {}, accelerators::h20, default_calibration(accelerators::h20))
                       .high.value;
          }) == 0);
  }
}

TEST_CASE("steps asked backwards do not allocate") {
  for (const std::string_view name : {"gemma-3-27b", "deepseek-v3.2", "nemotron-h-8b", "qwen3-next-80b-a3b"}) {
    const ModelConfig* const model = model_named(name);
    REQUIRE(model != nullptr);
    const Calibration calibration = default_calibration(accelerators::h20);
    CHECK(allocations_of([&] {
            StepEstimator estimator(*model, {}, {accelerators::h20, calibration});
            const StepSequence prompt{3000, 4000, 1};
            const StepLimit limit{estimate_with(estimator, StepBatch(*model), {1000, 4000, 0}).expected};
            double sum = largest_decode_batch(estimator, 5000, limit) +
                         longest_decode_context(estimator, 8, limit) + compute_bound_prompt(estimator).value_or(0) +
                         balanced_chunk_limit(estimator, prompt, 2)->time.value;
            for_each_equal_cost_chunk(
                estimator, prompt, limit,
                [&](const StepSequence& chunk, const StepEstimate&) { sum += chunk.query_tokens; });
            return sum;
          }) == 0);
  }
}

TEST_CASE("a step on the ranks of a parallelism does not allocate") {
  const ModelConfig& model = models::deepseek_v3;
  const Calibration calibration = default_calibration(accelerators::h100_sxm);
  Platform platform(accelerators::h100_sxm, calibration);
  platform.system = serving_systems::vllm;
  CHECK(allocations_of([&] {
          const Parallelism parallelism{.tensor = 2, .pipeline = 2, .expert = 16, .data = 8};
          StepBatch batch(model);
          for (std::int32_t i = 2; i <= 100; ++i) batch.add({i % 3 == 0 ? i : 1, 50 * i, 1});
          if (violation(model, parallelism, batch)) return 0.0;
          const ModelShard shard = shard_of(model, parallelism);
          StepEstimator estimator(shard, {}, platform);
          return estimator.estimate(batch).high.value + step_cost(shard, batch, {}).bytes().value +
                 resource_times(shard, batch, {}, platform).total().value +
                 step_bound(shard_of(model, parallelism, 1), batch, {}, accelerators::h100_sxm, platform.fabric)
                     .time()
                     .value;
        }) == 0);
}

TEST_CASE("valid values are validated without allocating") {
  CHECK(allocations_of([] { return double(validated(FullAttention{heads, 1, 1, 1, {}, {}}).sequences); }) == 0);
  CHECK(allocations_of([] { return validated(accelerators::h20).power_watts; }) == 0);
}
