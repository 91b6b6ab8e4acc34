// SPDX-License-Identifier: Apache-2.0
//
// The Operation concept: what satisfies it, and what must not.
#include "opcost/operation/operation.hpp"

#include <array>
#include <concepts>

#include "opcost/opcost.hpp"

namespace {

using namespace opcost;

static_assert(Operation<LinearProjection<>> && Operation<LinearProjection<StaticLinearPrecision<>>>);
static_assert(Operation<FullAttention> && Operation<SlidingWindowAttention> && Operation<BidirectionalAttention>);
static_assert(Operation<RaggedAttention<>> && Operation<RaggedAttention<SlidingWindow>>);
static_assert(Operation<RmsNorm<>> && Operation<RotaryEmbedding<>> && Operation<Activation<>>);
static_assert(Operation<ResidualAdd<>> && Operation<EmbeddingLookup<>> && Operation<AnyOperation>);
static_assert(Operation<GroupedProjection<>> && Operation<GroupedProjection<StaticLinearPrecision<>>>);
static_assert(Operation<MixtureOfExperts<>> && Operation<MixtureOfExperts<StaticLinearPrecision<>>>);
static_assert(Operation<BatchedProjection<>> && Operation<BatchedProjection<StaticLinearPrecision<>>>);
static_assert(Operation<LatentAttention<>> && Operation<LatentAttention<Causal, StaticAttentionPrecision<>>>);
static_assert(Operation<SparseAttention> && Operation<SparseLatentAttention>);
static_assert(Operation<RaggedAttention<TopKeys>> && Operation<GatedDeltaRule<>> && Operation<StateSpaceScan<>>);
static_assert(Operation<ShortConvolution<>> && Operation<AttentionIndexer<>> && Operation<IndexTopK<>>);
static_assert(Operation<ExpertGate<>> && Operation<AddRmsNorm<>> && Operation<LayerNorm<>>);
static_assert(Operation<Quantise<>> && Operation<KvCacheWrite<>> && Operation<Softcap<>> && Operation<Sampling<>>);
static_assert(!Operation<ExpertRouting> && !Operation<LatentProjections<>> && !Operation<LatentHeads>);

// Every descriptor states its contract.
static_assert(Validatable<LinearProjection<>> && Validatable<FullAttention> && Validatable<RaggedAttention<>>);
static_assert(Validatable<MixtureOfExperts<>> && Validatable<GroupedProjection<>> && Validatable<ExpertRouting>);
static_assert(Validatable<BatchedProjection<>> && Validatable<LatentAttention<>> && Validatable<LatentHeads>);
static_assert(Validatable<AnyOperation> && Validatable<ModelConfig> && Validatable<UniformBatch>);
static_assert(Validatable<Accelerator> && Validatable<Interconnect> && Validatable<PriceList> &&
              !Validatable<Cost>);

// A user's own operation.
struct Softmax {
  double rows = 1.0;
  constexpr Cost cost() const noexcept { return {.exponentials = rows}; }
  constexpr DataType compute_type() const noexcept { return DataType::fp32; }
};
static_assert(Operation<Softmax>);

struct MayThrow {
  Cost cost() const { return {}; }
  DataType compute_type() const noexcept { return DataType::fp32; }
};
struct Impure {
  Cost cost() noexcept { return {}; }
  DataType compute_type() const noexcept { return DataType::fp32; }
};
struct NoType {
  Cost cost() const noexcept { return {}; }
};
struct WrongResult {
  double cost() const noexcept { return 0.0; }
  DataType compute_type() const noexcept { return DataType::fp32; }
};
struct LooseType {
  Cost cost() const noexcept { return {}; }
  int compute_type() const noexcept { return 0; }
};
static_assert(!Operation<MayThrow>, "cost() promises noexcept");
static_assert(!Operation<Impure>, "cost() is const");
static_assert(!Operation<NoType> && !Operation<WrongResult> && !Operation<LooseType>);
static_assert(!Operation<Cost> && !Operation<int> && !Operation<ModelOperations>);

// The roofline takes operations and ranges of them, and nothing else.
template <class T>
concept bounded = requires(const T& value, const Accelerator& accelerator) {
  roofline_bound(value, accelerator);
};
static_assert(bounded<Softmax> && bounded<std::array<Softmax, 3>> && bounded<std::array<AnyOperation, 3>>);
static_assert(bounded<ModelOperations> && bounded<std::span<const AnyOperation>>);
static_assert(!bounded<MayThrow> && !bounded<Cost> && !bounded<int> && !bounded<std::array<int, 3>>);
static_assert(noexcept(roofline_bound(LinearProjection<>{}, accelerators::h100_sxm)));
static_assert(noexcept(roofline_bound(ModelOperations{}, accelerators::h100_sxm)));
static_assert(noexcept(model_operations(ModelConfig{}, UniformBatch{}, ModelPrecision{})));

// AnyOperation passes everything through.
template <class T>
constexpr bool passes_through(const T& operation) {
  const AnyOperation any(operation);
  return any.cost() == operation.cost() && any.compute_type() == operation.compute_type() &&
         any.kind() == operation.kind && any == AnyOperation(operation);
}
static_assert(passes_through(LinearProjection<>{3, 5, 7, true, {.weight = formats::fp8}}));
static_assert(passes_through(FullAttention{{8, 2, 16, 16}, 2, 3, 9, {}, {.query = formats::fp16}}));
static_assert(passes_through(SlidingWindowAttention{{8, 2, 16, 16}, 2, 3, 9, {4}, {}}));
static_assert(passes_through(BidirectionalAttention{{8, 2, 16, 16}, 2, 3, 9, {}, {}}));
static_assert(passes_through(RmsNorm<>{3, 8, {}}) && passes_through(RotaryEmbedding<>{3, 4, 8, {}}));
static_assert(passes_through(Activation<>{3, 8, ActivationFunction::relu, false, {}}));
static_assert(passes_through(ResidualAdd<>{3, 8, {}}) && passes_through(EmbeddingLookup<>{3, 8, true, {}}));
static_assert(passes_through(BatchedProjection<>{2, 3, 5, 7, {.weight = formats::fp8}}));
static_assert(passes_through(LatentAttention<>{{}, LatentForm::expanded, 2, 3, 9, {}, {}}));
static_assert(passes_through(SparseLatentAttention{{}, LatentForm::absorbed, 2, 3, 9, {4}, {}}));
static_assert(passes_through(SparseAttention{{8, 2, 16, 16}, 2, 3, 9, {4}, {}}));
static_assert(AnyOperation(FullAttention{}) != AnyOperation(BidirectionalAttention{}));
static_assert(!std::constructible_from<AnyOperation, Softmax>, "the built-in kinds only");
static_assert(!std::constructible_from<AnyOperation, LinearProjection<StaticLinearPrecision<>>>);

static_assert(FullAttention::kind == "full_attention" && BidirectionalAttention::kind == "bidirectional_attention");
static_assert(SlidingWindowAttention::kind == "sliding_window_attention");
static_assert(RaggedAttention<SlidingWindow>::kind == "sliding_window_attention");
static_assert(SparseAttention::kind == "sparse_attention" && LatentAttention<>::kind == "latent_attention");
static_assert(SparseLatentAttention::kind == "sparse_latent_attention");

// Golden costs of what is new in mixtures of experts and latent attention.
constexpr Cost batched_cost = BatchedProjection<>{3, 4, 10, 20, {.weight = formats::fp8}}.cost();
static_assert(batched_cost.matrix_flops == Flops{3 * 2.0 * 4 * 10 * 20} && batched_cost.flops().value == 4800.0);
static_assert(batched_cost.weight_read == Bytes{600.0} && batched_cost.activation_read == Bytes{240.0});
static_assert(batched_cost.activation_write == Bytes{480.0} && batched_cost.bytes() == Bytes{1320.0});

// A decode step of DeepSeek-V3 over 8,192 tokens: 2 · 128 · 8192 · (576 + 512) FLOPs, 576 elements a key.
constexpr Cost latent_cost = LatentAttention<>{.context_tokens = 8192}.cost();
static_assert(latent_cost.matrix_flops == Flops{2'281'701'376.0} && latent_cost.exponentials == 1'048'576.0);
static_assert(latent_cost.kv_cache_read == Bytes{9'437'184.0} && latent_cost.kv_cache_write == Bytes{1152.0});
static_assert(latent_cost.activation_read == Bytes{2.0 * 128 * 576});
static_assert(latent_cost.activation_write == Bytes{2.0 * 128 * 512});
// Its prefill: 2 · 128 · (8192 · 8193 / 2) · (192 + 128) FLOPs.
constexpr LatentAttention<> latent_prefill{
    .form = LatentForm::expanded, .query_tokens = 8192, .context_tokens = 8192};
static_assert(latent_prefill.cost().matrix_flops == Flops{2'749'114'613'760.0});
static_assert(latent_prefill.cost().kv_cache_read == Bytes{} &&
              latent_prefill.cost().kv_cache_write == 8192 * Bytes{1152.0});

// A rank with 12 rows on 4 experts.
constexpr GroupedProjection<> grouped{{.tokens = 12, .experts = 8, .top_k = 2, .ranks = 2}, 100, 60, {}};
static_assert(grouped.cost(RankLoad{12.0, 4.0, {}}).matrix_flops == Flops{144'000.0});
static_assert(grouped.cost(RankLoad{12.0, 4.0, {}}).weight_read == Bytes{48'000.0});
constexpr MixtureOfExperts<> experts{{.tokens = 12, .experts = 8, .top_k = 2, .ranks = 2}, 100, 30};
static_assert(experts.cost(RankLoad{12.0, 4.0, {}}).matrix_flops == Flops{2.0 * 12 * 3 * 100 * 30});
static_assert(experts.cost(RankLoad{12.0, 4.0, {}}).weight_read == Bytes{4 * 2.0 * 3 * 100 * 30});
static_assert(experts.cost(RankLoad{}) == Cost{} && experts.tokens_with_rows(24.0) == 12.0);

// Precision as a part of the type costs the same and takes no space.
using Fp8Linear = StaticLinearPrecision<formats::fp8_token_group, formats::fp8_block>;
constexpr RuntimeLinearPrecision fp8_linear{formats::fp8_token_group, formats::fp8_block, formats::bf16};
static_assert(BatchedProjection<Fp8Linear>{3, 4, 10, 20, {}}.cost() ==
              BatchedProjection<>{3, 4, 10, 20, fp8_linear}.cost());
static_assert(sizeof(BatchedProjection<Fp8Linear>) == 4 * sizeof(std::int32_t));
using Fp8Cache = StaticAttentionPrecision<formats::bf16, formats::fp8, formats::bf16>;
static_assert(
    LatentAttention<Causal, Fp8Cache>{.query_tokens = 5, .context_tokens = 9}.cost() ==
    LatentAttention<>{.query_tokens = 5, .context_tokens = 9, .precision = {.kv_cache = formats::fp8}}.cost());
static_assert(sizeof(LatentAttention<Causal, Fp8Cache>) < sizeof(LatentAttention<>));
static_assert(AttentionMask<TopKeys> && !Validatable<AttentionFeatures>);

// Costs add and multiply, member by member.
constexpr Cost one{{1.0}, {2.0}, 3.0, {4.0}, {5.0}, {6.0}, {7.0}, {8.0}};
constexpr Cost two{{2.0}, {4.0}, 6.0, {8.0}, {10.0}, {12.0}, {14.0}, {16.0}};
static_assert(one + one == two && one * 2.0 == two && 2.0 * one == two && one != two);
static_assert(one.flops() == Flops{3.0} && one.bytes() == Bytes{30.0});
static_assert(one.arithmetic_intensity() == Intensity{0.1});
static_assert(sizeof(Cost) == 8 * sizeof(double));

// A violated contract is found, and stops a constant expression.
static_assert(validated(LinearProjection<>{1, 2, 3, false, {}}).in_features == 2);
static_assert(LinearProjection<>{0, 1, 1, false, {}}.violation()->field == "tokens");

}  // namespace
