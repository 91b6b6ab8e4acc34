// SPDX-License-Identifier: Apache-2.0
//
// The measurement files of `opcost calibrate` and `opcost evaluate`: every kind is read as the operation it timed,
// under the conditions it ran in, and a value that no operation has is one clear line.

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "opcost/io/calibration_json.hpp"
#include "opcost/latency/collective_estimate.hpp"
#include "opcost/opcost.hpp"
#include "program.hpp"
#include "temporary_directory.hpp"

using namespace opcost;
using opcost::testing::contents;
using opcost::testing::Run;
using opcost::testing::run;
using opcost::testing::TemporaryDirectory;

namespace {

const std::string grouped_header =
    "kernel,dtype,phase,num_experts,num_gpus,num_local_experts,topk,hidden_size,intermediate_size,tokens_per_gpu,"
    "up_proj_us,down_proj_us\n";
const std::string experts_header =
    "kernel,dtype,tokens,hidden,intermediate,experts,top_k,tp,ep,routing,latency_us\n";
const std::string attention_header =
    "kernel,phase,dtype,kv_dtype,batch,query_tokens,context_tokens,query_heads,kv_heads,head_dim,window,latency_"
    "us\n";
const std::string latent_header =
    "kernel,phase,dtype,kv_dtype,batch,query_tokens,context_tokens,query_heads,latent_rank,nope_dim,rope_dim,"
    "latency_us\n";
const std::string delta_rule_header =
    "kernel,operation,phase,batch,query_tokens,conv_width,key_heads,key_dim,value_heads,value_dim,latency_us\n";
const std::string state_space_header =
    "kernel,phase,batch,query_tokens,hidden,state,conv_width,heads,head_dim,groups,chunk,latency_us\n";
const std::string collective_header = "kernel,dtype,op,gpus,bytes,latency_us\n";

/// A model for every family, each with an answer of its own.
Calibration every_model() {
  Calibration calibration = calibrations::h100_sxm_vllm_0_24;
  calibration.name = Name("h100-sxm/every-model");
  calibration.times_cache_write = true;
  double launch = 10.0;
  for (const KernelFamily family :
       {KernelFamily::experts_16bit, KernelFamily::experts_16bit_untuned, KernelFamily::experts_fp8,
        KernelFamily::experts_fp8_block, KernelFamily::experts_fp8_block_parallel, KernelFamily::experts_int4,
        KernelFamily::experts_mxfp4}) {
    calibration[family].model = kernel::FusedExperts{.launch = launch += 1.0};
  }
  calibration[KernelFamily::grouped_contiguous].model = kernel::GroupedMatmul{};
  calibration[KernelFamily::grouped_masked].model = kernel::GroupedMatmul{.launch = 9.0, .small_tile_limit = 64.0};
  calibration[KernelFamily::encoder_attention].model = kernel::FlashAttentionEncoder{};
  calibration[KernelFamily::latent_attention].model = kernel::LatentAttention{};
  calibration[KernelFamily::gated_delta_prefill].model = kernel::FusedChunkedRecurrence{};
  calibration[KernelFamily::kimi_delta_prefill].model = kernel::ChunkedRecurrence{};
  calibration[KernelFamily::gated_delta_decode].model = kernel::RecurrentUpdate{};
  calibration[KernelFamily::kimi_delta_decode].model = kernel::RecurrentUpdate{.launch = 5.0};
  calibration[KernelFamily::short_convolution_prefill].model = kernel::ShortConvolution{};
  calibration[KernelFamily::short_convolution_decode].model = kernel::ShortConvolution{.launch = 3.0};
  calibration[KernelFamily::ring_collective].model = kernel::NcclRing{};
  calibration[KernelFamily::exchange_collective].model = kernel::NcclPointToPoint{};
  calibration[KernelFamily::custom_all_reduce].model = kernel::VllmAllReduce{};
  return calibration;
}

constexpr ExecutionConditions benchmark{.cold_cache = false};

double microseconds(const AnyOperation& operation, const ExecutionConditions& conditions = benchmark) {
  return estimate_latency(operation, accelerators::h100_sxm, every_model(), conditions).expected.value * 1e6;
}
double microseconds(const Collective& collective, const ExecutionConditions& conditions = benchmark) {
  return estimate_latency(collective, Fabric::of(accelerators::h100_sxm), accelerators::h100_sxm, every_model(),
                          conditions)
             .expected.value *
         1e6;
}

MixtureOfExperts<> experts(const ExpertRouting& routing, std::int32_t hidden, std::int32_t intermediate, bool gated,
                           const TensorFormat& activation, const TensorFormat& weight) {
  MixtureOfExperts<> operation;
  operation.routing = routing;
  operation.hidden_size = hidden;
  operation.intermediate_size = intermediate;
  operation.gated = gated;
  operation.precision = {activation, weight, formats::bf16};
  return operation;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

/// Of each row of a predictions file, the column estimate_us.
std::vector<double> estimates(const std::string& predictions) {
  std::istringstream stream(predictions);
  std::string line;
  std::getline(stream, line);
  const std::vector<std::string> header = fields_of(line);
  const auto column = std::find(header.begin(), header.end(), "estimate_us") - header.begin();
  std::vector<double> values;
  while (std::getline(stream, line))
    values.push_back(std::stod(fields_of(line).at(static_cast<std::size_t>(column))));
  return values;
}

}  // namespace

TEST_CASE("every kind of measurement is estimated as the operation that it timed") {
  struct Case {
    std::string file;
    std::string text;
    double expected;
  };
  const ExpertRouting power_law{64, 128, 8, 4, RoutingKind::power_law, 1.2};
  const ExpertRouting balanced{64, 128, 8, 1, RoutingKind::balanced};
  const TensorFormat bf16 = formats::bf16;
  ExecutionConditions untuned = benchmark;
  untuned.tuned_experts = false;
  ExecutionConditions library = benchmark;
  library.custom_all_reduce = false;
  ExecutionConditions eager = benchmark;
  eager.cuda_graph = false;
  const auto convolution = [](std::int32_t tokens, std::int32_t channels, bool every_state) {
    return ShortConvolution<>{.sequences = 16,
                              .query_tokens = tokens,
                              .channels = channels,
                              .has_initial_state = tokens < 100,
                              .stores_every_state = every_state};
  };
  const auto delta_rule = [](std::int32_t tokens, DeltaRuleDecay decay, bool every_state) {
    return GatedDeltaRule<>{.sequences = 16,
                            .query_tokens = tokens,
                            .key_heads = 4,
                            .value_heads = 8,
                            .decay = decay,
                            .form = tokens < 100 ? RecurrenceForm::recurrent : RecurrenceForm::chunked,
                            .has_initial_state = tokens < 100,
                            .stores_every_state = every_state};
  };
  const std::vector<Case> cases{
      {"moe.csv", experts_header + "vllm_triton,bfloat16,64,2048,768,128,8,2,4,power_law_1.2,1000\n",
       microseconds(experts(power_law, 2048, 384, true, bf16, bf16))},
      {"moe.csv", experts_header + "vllm_triton,fp8,64,2048,768,128,8,1,4,power_law_1.2,1000\n",
       microseconds(experts(power_law, 2048, 768, true, formats::fp8, formats::fp8))},
      {"moe.csv", experts_header + "vllm_triton,fp8_block,64,2048,768,128,8,1,1,balanced,1000\n",
       microseconds(experts(balanced, 2048, 768, true, formats::fp8_token_group, formats::fp8_block))},
      {"moe.csv", experts_header + "vllm_triton,fp8_block,64,2048,768,128,8,1,4,power_law_1.2,1000\n",
       microseconds(experts(power_law, 2048, 768, true, formats::fp8_token_group, formats::fp8_block))},
      {"moe.csv", experts_header + "vllm_marlin,int4_wo,64,2048,768,128,8,1,1,balanced,1000\n",
       microseconds(experts(balanced, 2048, 768, true, bf16, formats::int4_group))},
      {"moe.csv", experts_header + "vllm_triton,w4a16_mxfp4,64,2048,768,128,8,1,1,balanced,1000\n",
       microseconds(experts(balanced, 2048, 768, true, bf16, formats::mxfp4))},
      // Nemotron 3 Nano has no gate; SGLang has a configuration for 128 experts of 768, and none for 1000
      {"moe.csv", experts_header + "vllm_triton,bfloat16,64,2688,1856,128,6,1,1,balanced,1000\n",
       microseconds(experts({64, 128, 6, 1, RoutingKind::balanced}, 2688, 1856, false, bf16, bf16))},
      {"moe.csv", experts_header + "sglang_fused_moe_triton,bfloat16,64,2048,768,128,8,1,1,balanced,1000\n",
       microseconds(experts(balanced, 2048, 768, true, bf16, bf16))},
      {"moe.csv", experts_header + "sglang_fused_moe_triton,bfloat16,64,2048,1000,128,8,1,1,balanced,1000\n",
       microseconds(experts(balanced, 2048, 1000, true, bf16, bf16), untuned)},
      {"moe.csv",
       "gated,tuned," + experts_header + "false,false,mine,bfloat16,64,2048,768,128,8,1,1,balanced,1000\n",
       microseconds(experts(balanced, 2048, 768, false, bf16, bf16), untuned)},
      {"latent_attention.csv", latent_header + "fa3,decode,bfloat16,fp8,16,1,4096,32,512,128,64,1000\n",
       microseconds(LatentAttention<>{
           {.query_heads = 32}, LatentForm::absorbed, 16, 1, 4096, {}, {bf16, formats::fp8, bf16}})},
      {"encoder_attention.csv", attention_header + "fa3,encoder,bfloat16,bfloat16,4,729,729,16,16,72,0,1000\n",
       microseconds(BidirectionalAttention{{16, 16, 72, 72}, 4, 729, 729, {}, {}},
                    {.cold_cache = false, .cache_write = false})},
      {"gated_delta_net.csv",
       delta_rule_header + "causal_conv1d_fn,gated_delta_net,prefill,16,512,4,4,128,8,128,99\n",
       microseconds(convolution(512, 2048, false))},
      {"gated_delta_net.csv", delta_rule_header + "flashinfer,gated_delta_net,prefill,16,512,4,4,128,8,128,99\n",
       microseconds(delta_rule(512, DeltaRuleDecay::per_head, false))},
      {"gated_delta_net.csv", delta_rule_header + "packed_decode,gated_delta_net,decode,16,1,4,4,128,8,128,99\n",
       microseconds(delta_rule(1, DeltaRuleDecay::per_head, false))},
      {"kimi_delta_attention.csv",
       delta_rule_header + "chunk_kda,kimi_delta_attention,prefill,16,512,4,4,128,8,128,99\n",
       microseconds(delta_rule(512, DeltaRuleDecay::per_channel, false))},
      {"kimi_delta_attention.csv", delta_rule_header + "update,kimi_delta_attention,verify,16,4,4,4,128,8,128,99\n",
       microseconds(delta_rule(4, DeltaRuleDecay::per_channel, true))},
      {"kimi_delta_attention.csv",
       delta_rule_header + "causal_conv1d_update,kimi_delta_attention,verify,16,4,4,4,128,8,128,99\n",
       microseconds(convolution(4, 2048, true))},
      {"mamba2.csv", state_space_header + "causal_conv1d_update,decode,16,1,4096,128,4,128,64,8,256,99\n",
       microseconds(convolution(1, 128 * 64 + 2 * 8 * 128, false))},
      {"collective.csv", collective_header + "NCCL,half,all_gather,4,1048576,99\n",
       microseconds(Collective{CollectiveKind::all_gather, 4, {1048576.0}})},
      {"collective.csv", collective_header + "NCCL,half,alltoall,8,1048576,99\n",
       microseconds(Collective{CollectiveKind::all_to_all, 8, {1048576.0}})},
      {"collective.csv", collective_header + "NCCL,int8,all_reduce,8,268435456,999\n",
       microseconds(Collective{CollectiveKind::all_reduce, 8, {268435456.0}, DataType::int8}, library)},
      {"collective.csv", collective_header + "vLLM_custom_graph,bfloat16,all_reduce,8,1048576,99\n",
       microseconds(Collective{CollectiveKind::all_reduce, 8, {1048576.0}})},
      {"collective.csv", collective_header + "vLLM_custom_eager,bfloat16,all_reduce,8,1048576,99\n",
       microseconds(Collective{CollectiveKind::all_reduce, 8, {1048576.0}}, eager)},
      {"quantise.csv", "kernel,dtype,m,k,latency_us\nquant,fp8,4096,8192,99\n",
       microseconds(Quantise<>{4096, 8192, ScaleSource::given, {bf16, formats::fp8}})},
  };
  const TemporaryDirectory directory;
  const std::string calibration =
      directory.write("every.json", calibration_text(every_model(), {{"a test"}, {}, {}})).string();
  const std::string predictions = (directory.path() / "predictions.csv").string();
  for (const Case& known : cases) {
    INFO(known.text);
    const std::string data = directory.write("data/" + known.file, known.text).string();
    const Run result = run("evaluate " + data + " --calibration " + calibration + " --predictions " + predictions);
    INFO(result.errors);
    REQUIRE(result.exit_code == 0);
    const std::vector<double> rows = estimates(contents(predictions));
    REQUIRE(rows.size() == 1);
    CHECK(rows.front() == Approx(known.expected).epsilon(1e-4));
  }
}

TEST_CASE("a row of a grouped product holds two, and is predicted as one") {
  const TemporaryDirectory directory;
  const std::string calibration =
      directory.write("every.json", calibration_text(every_model(), {{"a test"}, {}, {}})).string();
  const std::string predictions = (directory.path() / "predictions.csv").string();
  const std::string data =
      directory
          .write("grouped_gemm.csv", grouped_header + "dg,fp8_block,prefill,128,4,32,8,2048,768,1024,300,200\n" +
                                         "dg,fp8_block,decode,128,4,32,8,2048,768,64,60,40\n")
          .string();
  const Run result =
      run("evaluate " + data + " --calibration " + calibration + " --format json --predictions " + predictions);
  REQUIRE(result.exit_code == 0);
  CHECK(nlohmann::json::parse(result.output).at("accuracy").at(0).at("count") == 4);
  const std::vector<double> rows = estimates(contents(predictions));
  REQUIRE(rows.size() == 2);
  const auto both = [](std::int32_t tokens, GroupedLayout layout) {
    const ExpertRouting routing{8 * tokens, 32, 1, 1, RoutingKind::near_balanced};
    const RuntimeLinearPrecision precision{formats::fp8_token_group, formats::fp8_block, formats::bf16};
    return microseconds(GroupedProjection<>{routing, 2048, 1536, layout, precision}) +
           microseconds(GroupedProjection<>{routing, 768, 2048, layout, precision});
  };
  CHECK(rows[0] == Approx(both(1024, GroupedLayout::contiguous)).epsilon(1e-4));
  CHECK(rows[1] == Approx(both(64, GroupedLayout::masked)).epsilon(1e-4));
}

TEST_CASE("a measurement that no operation has is one clear line") {
  struct Case {
    std::string file;
    std::string text;
    std::string expected;
  };
  const std::vector<Case> cases{
      {"moe.csv", experts_header + "a,float9,64,2048,768,128,8,1,1,balanced,10\n",
       "dtype is 'float9', expected one of"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,200,1,1,balanced,10\n",
       "top_k is '200', expected at most"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,8,1,3,balanced,10\n", "ep is '3', expected a divisor"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,8,0,1,balanced,10\n",
       "tp is '0', expected a whole number"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,8,1,1,fair,10\n", "routing is 'fair', expected balanced"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,8,1,1,power_law_9,10\n", "routing is 'power_law_9'"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,8,1,1,power_law_1.2x,10\n",
       "routing is 'power_law_1.2x'"},
      {"moe.csv", experts_header + "a,fp8,64,2048,768,128,8,1,1,power_law,10\n", "routing is 'power_law'"},
      {"moe.csv", "gated," + experts_header + "yes,a,fp8,64,2048,768,128,8,1,1,balanced,10\n",
       ":2: gated is 'yes', expected true or false"},
      {"moe.csv", "kernel,dtype,tokens,hidden\na,fp8,1,2\n", "intermediate is missing"},
      {"grouped_gemm.csv", grouped_header + "dg,fp8_block,encoder,128,4,32,8,2048,768,64,60,40\n",
       "phase is 'encoder', expected prefill or decode"},
      {"grouped_gemm.csv", grouped_header + "dg,fp8_block,decode,128,4,32,8,2048,768,64,60,0\n",
       "down_proj_us is '0', expected a positive number"},
      {"grouped_gemm.csv", grouped_header + "dg,fp8_block,decode,128,4,32,8,2048,768,2147483647,60,40\n",
       "tokens_per_gpu is '2147483647', expected at most"},
      {"latent_attention.csv", latent_header + "a,decode,bfloat16,fp8,16,2,1,32,512,128,64,10\n",
       "context_tokens is '1', expected at least query_tokens"},
      {"latent_attention.csv", latent_header + "a,verify,bfloat16,fp8,16,1,1,32,512,128,64,10\n",
       "phase is 'verify'"},
      {"encoder_attention.csv", attention_header + "a,encoder,bfloat16,bfloat16,1,64,64,16,16,72,32,10\n",
       "window is '32', expected 0 in an encoder"},
      {"attention.csv", attention_header + "a,train,bfloat16,bfloat16,1,64,64,16,16,72,0,10\n",
       "phase is 'train', expected prefill, decode or encoder"},
      {"gated_delta_net.csv", delta_rule_header + "a,rwkv,decode,16,1,4,4,128,8,128,9\n",
       "operation is 'rwkv', expected gated_delta_net or kimi_delta_attention"},
      {"gated_delta_net.csv", delta_rule_header + "a,gated_delta_net,decode,16,1,4,3,128,8,128,9\n",
       "key_heads is '3', expected a divisor of value_heads"},
      {"kimi_delta_attention.csv", delta_rule_header + "a,kimi_delta_attention,draft,16,1,4,4,128,8,128,9\n",
       "phase is 'draft', expected prefill, decode or verify"},
      {"mamba2.csv", state_space_header + "chunk_scan,prefill,16,1,4096,128,4,128,64,8,256,9\n",
       "kernel is 'chunk_scan', expected one with conv1d"},
      {"collective.csv", collective_header + "NCCL,half,gather,8,1024,9\n", "op is 'gather', expected one of"},
      {"collective.csv", collective_header + "NCCL,half,all_gather,1,1024,9\n",
       "gpus is '1', expected a whole number from 2"},
      {"collective.csv", collective_header + "NCCL,fp4,all_gather,8,1024,9\n", "dtype is 'fp4', expected one of"},
  };
  const TemporaryDirectory directory;
  for (const Case& mistake : cases) {
    INFO(mistake.text);
    const std::string data = directory.write(mistake.file, mistake.text).string();
    const Run result = run("evaluate " + data + " --calibration h100-sxm/vllm-0.24");
    CHECK(result.exit_code == 2);
    CHECK_THAT(result.errors, Catch::Contains(mistake.expected));
    CHECK_THAT(result.errors, Catch::Contains(mistake.file));
    CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
  }
}

TEST_CASE("calibrate recovers known factors of experts, and leaves out rows that time something else") {
  kernel::FusedExperts known;
  known.launch = 21.0;
  known.memory_efficiency = 0.8;
  known.matrix_efficiency = 0.7;
  Calibration calibration = every_model();
  calibration[KernelFamily::experts_16bit].model = known;
  const auto time = [&calibration](const ExpertRouting& routing, std::int32_t hidden, std::int32_t intermediate) {
    const auto operation = experts(routing, hidden, intermediate, true, formats::bf16, formats::bf16);
    return estimate_latency(operation, accelerators::h100_sxm, calibration, benchmark).expected.value * 1e6;
  };
  std::string text = experts_header;
  for (const std::int32_t hidden : {2048, 3072, 4096, 7168}) {
    for (const std::int32_t intermediate : {768, 1536, 2048}) {
      for (const std::int32_t experts : {64, 256}) {
        for (const std::int32_t ranks : {1, 4}) {
          for (const std::int32_t tokens : {1, 8, 64, 256, 1024, 4096, 16384}) {
            const ExpertRouting routing{tokens, experts, 8, ranks, RoutingKind::power_law, 1.2};
            text += fmt::format("mine,bfloat16,{},{},{},{},8,1,{},power_law_1.2,{:.6f}\n", tokens, hidden,
                                intermediate, experts, ranks, time(routing, hidden, intermediate));
          }
        }
      }
    }
  }
  text += "sglang_fused_moe_triton,bfloat16,64,4096,14336,8,2,1,4,balanced,12345\n";
  const TemporaryDirectory directory;
  const std::string data = directory.write("moe.csv", text).string();
  const std::string out = (directory.path() / "out.json").string();
  const Run fitting = run("calibrate " + data + " --gpu h100-sxm --name x --out " + out);
  INFO(fitting.errors);
  REQUIRE(fitting.exit_code == 0);
  const std::string left_out = "left out: 1 rows of sglang_fused_moe_triton: with expert parallelism";
  CHECK_THAT(fitting.output, Catch::Contains(left_out));
  const KernelCalibration fitted = read_calibration_file(out).calibration[KernelFamily::experts_16bit];
  CHECK(fitted.rows == 4 * 3 * 2 * 2 * 7);
  CHECK(fitted.groups == 24);
  CHECK(fitted.error.mean < 1.0);
  const auto& model = std::get<kernel::FusedExperts>(fitted.model);
  CHECK(model.launch == Approx(known.launch).epsilon(0.1));
  CHECK(model.memory_efficiency == Approx(known.memory_efficiency).epsilon(0.05));
  CHECK(model.row_traffic == 0.0);  // a part that the start lacks

  // the rule of tiles is the kernel's own where it is known, else the base's
  std::get<kernel::FusedExperts>(calibration[KernelFamily::experts_16bit].model).narrow_limit = 16.0;
  const std::string base =
      directory.write("base.json", calibration_text(calibration, {{"a test"}, {}, {}})).string();
  const auto narrow_limit = [&](std::string rows, const std::string& kernel) {
    for (std::size_t at = 0; (at = rows.find("mine,", at)) != std::string::npos;) rows.replace(at, 4, kernel);
    const std::string renamed = directory.write("renamed/moe.csv", rows).string();
    const std::string based = (directory.path() / "based.json").string();
    REQUIRE(run("calibrate " + renamed + " --gpu h100-sxm --name x --base " + base + " --out " + based).exit_code ==
            0);
    const Calibration result = read_calibration_file(based).calibration;
    return std::get<kernel::FusedExperts>(result[KernelFamily::experts_16bit].model).narrow_limit;
  };
  CHECK(narrow_limit(text, "vllm_unquantized_triton") == 64.0);
  CHECK(narrow_limit(text, "another") == 16.0);

  const std::string predictions = (directory.path() / "predictions.csv").string();
  const Run evaluated = run("evaluate " + data + " --calibration " + out + " --predictions " + predictions);
  REQUIRE(evaluated.exit_code == 0);
  CHECK_THAT(evaluated.output, Catch::Contains("against 336 measurements"));
  CHECK_THAT(evaluated.output, Catch::Contains(left_out));
  CHECK(estimates(contents(predictions)).size() == 337);
}

TEST_CASE("calibrate fits NCCL's all-reduce apart from the serving system's own") {
  Calibration calibration = every_model();
  std::get<kernel::NcclRing>(calibration[KernelFamily::ring_collective].model).ll_launch = 6.0;
  std::get<kernel::VllmAllReduce>(calibration[KernelFamily::custom_all_reduce].model).launch = 6.0;
  std::string text = collective_header;
  for (double bytes = 512.0; bytes < 1e9; bytes *= 2.0) {
    for (const std::int32_t ranks : {2, 4, 8}) {
      const Collective all_reduce{CollectiveKind::all_reduce, ranks, {bytes}};
      const auto row = [&](const char* kernel, const ExecutionConditions& conditions) {
        const auto estimate = estimate_latency(all_reduce, Fabric::of(accelerators::h100_sxm),
                                               accelerators::h100_sxm, calibration, conditions);
        text += fmt::format("{},bfloat16,all_reduce,{},{:.0f},{:.6f}\n", kernel, ranks, bytes,
                            estimate.expected.value * 1e6);
      };
      row("NCCL", {.cold_cache = false, .custom_all_reduce = false});
      row("vLLM_custom_graph", {.cold_cache = false});
      row("vLLM_custom_eager", {.cold_cache = false, .cuda_graph = false});
    }
  }
  const TemporaryDirectory directory;
  const std::string data = directory.write("collective.csv", text).string();
  const std::string out = (directory.path() / "out.json").string();
  const Run fitting = run("calibrate " + data + " --gpu h100-sxm --name x --out " + out);
  INFO(fitting.errors);
  REQUIRE(fitting.exit_code == 0);
  const Calibration fitted = read_calibration_file(out).calibration;
  const KernelCalibration& ring = fitted[KernelFamily::ring_collective];
  const KernelCalibration& custom = fitted[KernelFamily::custom_all_reduce];
  CHECK(ring.rows == 63);
  CHECK(custom.rows == 126);
  CHECK(ring.error.mean < 1.0);
  CHECK(custom.error.mean < 1.0);
  CHECK(std::get<kernel::NcclRing>(ring.model).ll_launch == Approx(6.0).epsilon(0.05));
  CHECK(std::get<kernel::VllmAllReduce>(custom.model).launch == Approx(6.0).epsilon(0.05));
}
