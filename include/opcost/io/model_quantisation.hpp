// SPDX-License-Identifier: Apache-2.0
//
// Reads the quantization_config of a config.json: which formats the weights are stored in, and so which the inputs
// of the projections have.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "opcost/io/json.hpp"
#include "opcost/model/model_precision.hpp"
#include "opcost/precision.hpp"

namespace opcost::detail {

/// torch_dtype (dtype in newer files): the format of what is not quantised; bf16 where it is not said.
inline TensorFormat read_element_type(JsonObject& config) {
  auto node = config.present("torch_dtype");
  if (!node) node = config.present("dtype");
  if (!node) return formats::bf16;
  const std::string text = node->as_string();
  if (text == "bfloat16") return formats::bf16;
  if (text == "float16") return formats::fp16;
  if (text == "float32") return formats::fp32;
  node->fail("bfloat16, float16 or float32");
}

/// One scale for `group` weights of an output feature; −1: for all of them.
inline TensorFormat grouped_format(DataType type, std::int32_t group) {
  if (group > 0) return {type, DataType::fp16, 1, group};
  return {type, DataType::fp16, std::numeric_limits<std::int32_t>::max(), 1};
}

inline DataType integer_type(const JsonNode& bits) {
  const std::int32_t number = bits.as_integer(1);
  if (number == 4) return DataType::int4;
  if (number == 8) return DataType::int8;
  bits.fail("4 or 8");
}

/// Group size of GPTQ, AWQ and compressed-tensors: positive, or −1 for one scale an output feature.
inline std::int32_t read_group_size(const JsonNode& node) {
  const std::int32_t size = node.as_integer(-1);
  if (size == 0) node.fail("a positive number, or -1 for one scale an output feature");
  return size;
}

/// Whether a list of modules left alone names attention as a whole: then only experts are quantised.
inline bool spares_attention(const std::optional<JsonNode>& modules) {
  if (!modules) return false;
  bool all = false;
  for (const std::string& module : modules->as_strings()) {
    const bool pattern = module.find('*') != std::string::npos || module.rfind("re:", 0) == 0;
    const std::size_t at = module.find("self_attn");
    all = all || (pattern && at != std::string::npos);
  }
  return all;
}

/// The tensors of one group of compressed-tensors: num_bits, type and strategy. Nothing where they are not quantised.
inline std::optional<TensorFormat> read_compressed_tensor(const std::optional<JsonNode>& node, bool activations) {
  if (!node) return std::nullopt;
  JsonObject tensor(*node);
  const JsonNode bits_node = tensor.member("num_bits");
  const std::int32_t bits = bits_node.as_integer(1);
  const JsonNode type_node = tensor.member("type");
  const std::string type = type_node.as_string();
  const auto strategy_node = tensor.present("strategy");
  const std::string strategy = strategy_node ? strategy_node->as_string() : "tensor";
  const auto group = tensor.present("group_size");
  const auto block = tensor.present("block_structure");
  tensor.ignore({"actorder", "dynamic", "observer", "observer_kwargs", "scale_dtype", "symmetric", "zp_dtype"});
  tensor.finish();
  if (type != "float" && type != "int") type_node.fail("float or int");
  if (type == "float" && bits == 4) {
    const std::int32_t size = group ? read_group_size(*group) : 16;
    if (size == 16) return formats::nvfp4;
    if (size == 32) return formats::mxfp4;
    group->fail("16 (NVFP4) or 32 (MXFP4)");
  }
  if (type == "float" && bits != 8) bits_node.fail("4 or 8");
  const DataType element = type == "float" ? DataType::fp8 : integer_type(bits_node);
  if (strategy == "tensor" || (activations && strategy == "token")) return TensorFormat{element};
  if (strategy == "channel")
    return TensorFormat{element, DataType::fp32, std::numeric_limits<std::int32_t>::max(), 1};
  if (strategy == "group" || strategy == "tensor_group") {
    const std::int32_t size = group ? read_group_size(*group) : -1;
    return element == DataType::fp8 ? TensorFormat{element, DataType::fp32, 1, size}
                                    : grouped_format(element, size);
  }
  if (strategy == "block") {
    if (!block) strategy_node->fail("a block_structure beside it");
    const auto sizes = block->as_array();
    if (sizes.size() != 2) block->fail("two numbers, rows and columns");
    return TensorFormat{element, DataType::fp32, sizes[0].as_integer(1), sizes[1].as_integer(1)};
  }
  strategy_node->fail("one of: tensor, token, channel, group, tensor_group, block");
}

/// What a quantization_config stands for, everything else in `hidden`.
inline ModelPrecision read_quantisation(const JsonNode& node, const TensorFormat& hidden, bool has_experts) {
  JsonObject object(node);
  const JsonNode method_node = object.member("quant_method");
  const std::string method = method_node.as_string();
  TensorFormat weight = hidden;
  TensorFormat activation = hidden;
  TensorFormat cache = hidden;
  bool experts_only = false;

  if (method == "fp8" || method == "fbgemm_fp8") {
    weight = activation = formats::fp8;
    if (const auto block = object.present("weight_block_size")) {
      const auto sizes = block->as_array();
      if (sizes.size() != 2) block->fail("two numbers, rows and columns");
      weight = {DataType::fp8, DataType::fp32, sizes[0].as_integer(1), sizes[1].as_integer(1)};
      activation = {DataType::fp8, DataType::fp32, 1, sizes[1].as_integer(1)};
    }
    object.ignore({"activation_scale_ub", "activation_scheme", "fmt", "ignored_layers", "kv_cache_scheme",
                   "modules_to_not_convert", "scale_fmt"});
  } else if (method == "mxfp4") {
    weight = formats::mxfp4;
    experts_only = spares_attention(object.present("modules_to_not_convert"));
  } else if (method == "awq" || method == "gptq") {
    const auto bits = object.present("bits");
    const auto width = bits ? bits : std::optional(object.member("w_bit"));
    const auto group = object.present("group_size");
    weight = grouped_format(integer_type(*width), group ? read_group_size(*group) : 128);
    object.ignore({"backend",
                   "batch_size",
                   "block_name_to_quantize",
                   "cache_block_outputs",
                   "checkpoint_format",
                   "damp_percent",
                   "dataset",
                   "desc_act",
                   "do_fuse",
                   "exllama_config",
                   "hyb_act",
                   "is_marlin_format",
                   "lm_head",
                   "max_input_length",
                   "meta",
                   "model_file_base_name",
                   "model_name_or_path",
                   "modules_in_block_to_quantize",
                   "modules_to_not_convert",
                   "pad_token_id",
                   "q_group_size",
                   "quantizer",
                   "static_groups",
                   "sym",
                   "tokenizer",
                   "true_sequential",
                   "use_cuda_fp16",
                   "use_exllama",
                   "version",
                   "zero_point"});
  } else if (method == "compressed-tensors") {
    JsonObject groups(object.member("config_groups"));
    JsonObject group(groups.member("group_0"));
    const auto weights = read_compressed_tensor(group.present("weights"), false);
    const auto inputs = read_compressed_tensor(group.present("input_activations"), true);
    group.ignore({"format", "output_activations", "targets"});
    group.finish();
    groups.finish();
    if (weights) weight = *weights;
    if (inputs) activation = *inputs;
    experts_only = spares_attention(object.present("ignore"));
    if (const auto scheme = object.present("kv_cache_scheme")) {
      JsonObject cache_scheme(*scheme);
      const JsonNode bits = cache_scheme.member("num_bits");
      if (bits.as_integer(1) != 8) bits.fail("8");
      cache = formats::fp8;
    }
    object.ignore({"format", "global_compression_ratio", "quantization_status", "sparsity_config",
                   "transform_config", "version"});
  } else if (method == "modelopt" || method == "modelopt_fp4") {
    const JsonNode algorithm = object.member("quant_algo");
    const std::string text = algorithm.as_string();
    if (text == "NVFP4") {
      weight = activation = formats::nvfp4;
    } else if (text == "FP8") {
      weight = activation = formats::fp8;
    } else {
      algorithm.fail("NVFP4 or FP8");
    }
    if (const auto kind = object.present("kv_cache_quant_algo")) {
      if (kind->as_string() != "FP8") kind->fail("FP8");
      cache = formats::fp8;
    }
    if (object.present("kv_cache_scheme")) cache = formats::fp8;
    const auto excluded = object.present("ignore");
    experts_only = spares_attention(excluded ? excluded : object.present("exclude_modules"));
    object.ignore({"config_groups", "exclude_modules", "group_size", "producer"});
  } else {
    method_node.fail("one of: awq, compressed-tensors, fbgemm_fp8, fp8, gptq, modelopt, mxfp4");
  }
  object.finish();
  if (experts_only && !has_experts)
    node.fail("projections that are quantised: this leaves attention alone, which is supported with experts only");

  ModelPrecision precision{.hidden = hidden, .activation = activation, .weight = weight, .kv_cache = cache};
  if (experts_only) precision.activation = precision.weight = hidden;
  return precision;
}

}  // namespace opcost::detail
