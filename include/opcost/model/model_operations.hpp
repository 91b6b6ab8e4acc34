// SPDX-License-Identifier: Apache-2.0
//
// A model's forward pass over alike sequences, as a list of operations and their counts. What makes or walks a list is
// a template, so that only who calls it pays for compiling every kind of layer.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "opcost/latency/roofline.hpp"
#include "opcost/model/forward_pass.hpp"
#include "opcost/model/model_config.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/model/step_batch.hpp"
#include "opcost/operation/any_operation.hpp"

namespace opcost {

/// `sequences` alike sequences in one forward pass, each with `query_tokens` new tokens and `context_tokens`
/// keys after the pass. Decode: query_tokens 1. Prefill: the prompt, or a chunk of it.
struct UniformBatch {
  std::int32_t sequences = 1;
  std::int32_t query_tokens = 1;
  std::int32_t context_tokens = 1;
  std::int32_t sampled_tokens = 1;  ///< Positions of each sequence that the LM head scores; 0 mid-prompt.

  constexpr std::int32_t tokens() const noexcept { return sequences * query_tokens; }

  /// At least one sequence and token, query tokens within the context, sampled within the query tokens, and a
  /// total that fits in 31 bits.
  constexpr std::optional<Violation> violation() const noexcept {
    const auto found = detail::first_of(
        detail::require_positive("sequences", sequences), SequenceTokens{query_tokens, context_tokens}.violation(),
        detail::require_at_least("sampled_tokens", sampled_tokens, 0, "a number ≥ 0"),
        detail::require_int32("tokens", double(sequences) * double(query_tokens)));
    if (found) return found;
    if (sampled_tokens > query_tokens) {
      return Violation{"sampled_tokens", double(sampled_tokens), "at most query_tokens"};
    }
    return std::nullopt;
  }

  friend constexpr bool operator==(const UniformBatch&, const UniformBatch&) noexcept = default;
};

/// A valid model and batch, and no more tokens than head vectors can be counted in 31 bits (16 million tokens for
/// 128 query heads); keys to expand for latent attention likewise.
constexpr std::optional<Violation> violation(const ModelConfig& model, const UniformBatch& batch) noexcept {
  return detail::first_of(
      model.violation(), batch.violation(),
      detail::require_int32("tokens x heads",
                            double(batch.sequences) * double(batch.query_tokens) * detail::most_heads(model)),
      model.layers(TokenMixer::latent_attention) == 0
          ? std::nullopt
          : detail::require_int32("sequences x context_tokens", double(batch.sequences) * batch.context_tokens));
}

/// An operation of a model's forward pass and how many times the pass executes it.
struct ModelOperation {
  std::string_view name{};
  std::int32_t count = 0;
  AnyOperation operation{};
};

/// The operations of a forward pass, in execution order within a layer. Holds them in place: no allocation.
class ModelOperations {
 public:
  static constexpr std::size_t capacity = 56;  ///< Of a model with every kind of layer.

  constexpr const ModelOperation* begin() const noexcept { return operations_.data(); }
  constexpr const ModelOperation* end() const noexcept { return operations_.data() + size_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr const ModelOperation& operator[](std::size_t index) const noexcept { return operations_[index]; }

  /// The operation of that name, or null.
  constexpr const ModelOperation* find(std::string_view name) const noexcept {
    for (const ModelOperation& operation : *this) {
      if (operation.name == name) return &operation;
    }
    return nullptr;
  }

  /// Adds an operation, unless its count is 0.
  constexpr void add(std::string_view name, std::int32_t count, const AnyOperation& operation) noexcept {
    if (count > 0) operations_[size_++] = {name, count, operation};
  }

 private:
  std::array<ModelOperation, capacity> operations_{};
  std::size_t size_ = 0;
};

namespace detail {

/// A pass over alike sequences, into a list.
class UniformPass {
 public:
  constexpr UniformPass(const UniformBatch& batch, ModelOperations& list) noexcept : batch_(batch), list_(list) {}

  constexpr std::int32_t tokens() const noexcept { return batch_.tokens(); }
  constexpr std::int32_t sampled_tokens() const noexcept { return batch_.sequences * batch_.sampled_tokens; }
  /// New tokens of sequences that decode.
  constexpr std::int32_t decoding_tokens() const noexcept { return decodes(sequence()) ? tokens() : 0; }
  /// Keys of sequences that do not, the new tokens' included.
  constexpr std::int32_t prefilling_keys() const noexcept {
    return decodes(sequence()) ? 0 : batch_.sequences * batch_.context_tokens;
  }

  template <class T>
  constexpr void add(std::string_view name, std::int32_t count, const T& operation) const noexcept {
    if (count > 0) list_.add(name, count, operation);
  }
  /// Adds an operation that mixes tokens, given all but its sequences.
  template <class T>
  constexpr void mix(const PhaseNames& names, std::int32_t count, T operation) const noexcept {
    if (count == 0) return;
    operation.sequences = batch_.sequences;
    operation.query_tokens = batch_.query_tokens;
    if constexpr (requires { operation.context_tokens; }) operation.context_tokens = batch_.context_tokens;
    if constexpr (requires { operation.has_initial_state; }) {
      operation.has_initial_state = batch_.query_tokens < batch_.context_tokens;
    }
    take_form(operation, {decodes(sequence()), takes_few_tokens(sequence())});
    list_.add(names.plain(), count, operation);
  }
  /// One rank has nobody to exchange with.
  constexpr void communicate(std::string_view /*name*/, std::int32_t /*count*/,
                             const Collective& /*collective*/) const noexcept {}
  template <class Mask>
  constexpr void exchange_context(std::int32_t /*count*/, Mask /*mask*/, const ContextExchange& /*exchange*/,
                                  std::int32_t /*stride*/) const noexcept {}

 private:
  constexpr SequenceTokens sequence() const noexcept { return {batch_.query_tokens, batch_.context_tokens}; }

  const UniformBatch& batch_;
  ModelOperations& list_;
};
}  // namespace detail

/// The operations of one forward pass over a valid batch. Does not throw, allocate or lock.
///
/// A layer is a token mixer and a feed-forward block, each with the norms that the model has around it and a residual
/// add, which is one kernel with an RMSNorm that follows it; attention is qkv projection, query and key norm, rotary
/// embedding, attention, output projection. Around the layers: embedding, final norm, LM head on the sampled positions. Like operations of all layers are one entry with a
/// count. Flattened, because operations that pass through memory on their way into the list take twice as long.
template <std::same_as<ModelConfig> Model>
[[gnu::flatten]] constexpr ModelOperations model_operations(const Model& model, const UniformBatch& batch,
                                                            const ModelPrecision& precision) noexcept {
  ModelOperations list;
  const detail::UniformPass pass(batch, list);
  constexpr RankPlace alone{};
  detail::PassBuilder(model, alone, precision, pass).build();
  return list;
}

/// The cost of the whole pass.
template <std::same_as<ModelOperations> List>
constexpr Cost total_cost(const List& operations) noexcept {
  Cost sum;
  for (const auto& entry : operations) sum += entry.operation.cost() * entry.count;
  return sum;
}

/// The bound of the whole pass: its operations one after the other.
template <std::same_as<ModelOperations> List>
constexpr RooflineBound roofline_bound(const List& operations, const Accelerator& accelerator) noexcept {
  RooflineBound sum;
  for (const auto& entry : operations) {
    sum += roofline_bound(entry.operation, accelerator) * entry.count;
  }
  return sum;
}

}  // namespace opcost
