// SPDX-License-Identifier: Apache-2.0
#include "op_catalogue.hpp"

#include <array>

#include "opcost/opcost.hpp"
#include "opcost/operation/collective.hpp"

namespace opcost::program {
namespace {

// Elements stand for bytes; each tensor has its own width. In full: the headers under include/opcost/operation.
constexpr std::array descriptions{
    OperationDescription{LinearProjection<>::kind, "LinearProjection", "linear", "2·tokens·in·out",
                         "in·out weights + tokens·(in + out)", "jax-ml/scaling-book, All about rooflines"},
    OperationDescription{BatchedProjection<>::kind, "BatchedProjection", "batched", "2·batches·tokens·in·out",
                         "batches·(in·out + tokens·(in + out))", "arXiv 2405.04434 §2.1"},
    OperationDescription{GroupedProjection<>::kind, "GroupedProjection", "grouped",
                         "2·rows·in·out, rows = tokens·top-k",
                         "E·(1 − (1 − k/E)^T)·in·out weights + rows·(in + out)", "arXiv 1701.06538"},
    OperationDescription{MixtureOfExperts<>::kind, "MixtureOfExperts", "moe",
                         "6·rows·hidden·intermediate (4 without gate) + activation + sum",
                         "E·(1 − (1 − k/E)^T)·3·hidden·intermediate weights + rows",
                         "arXiv 1701.06538, 2412.19437 §2.1.2"},
    OperationDescription{ExpertGate<>::kind, "ExpertGate", "gate",
                         "tokens·(4E − 2 softmax or 2E sigmoid, + Σ_{i<k} (E − 1 − i))",
                         "tokens·E logits + tokens·k·8 B", "arXiv 2401.04088 §2.1, 2412.19437 §2.1.2"},
    OperationDescription{FullAttention::kind, "FullAttention", "attention",
                         "2·pairs·query heads·(d_qk + d_v), pairs = new·(2·context − new + 1)/2",
                         "(context + new)·KV heads·(d_qk + d_v) + queries + output", "arXiv 2205.14135"},
    OperationDescription{SlidingWindowAttention::kind, "SlidingWindowAttention", "attention --window",
                         "the same, pairs = Σ min(position, window)",
                         "the same, min(context, new + window − 1) keys read", "arXiv 2310.06825 §2"},
    OperationDescription{BidirectionalAttention::kind, "BidirectionalAttention", "attention --bidirectional",
                         "the same, pairs = new·context", "the same, every key read", "arXiv 1810.04805"},
    OperationDescription{SparseAttention::kind, "SparseAttention", "attention --top-k",
                         "the same, pairs = Σ min(position, top-k)",
                         "the same, min(context, top-k) keys read at least", "arXiv 2512.02556 §2.1"},
    OperationDescription{LatentAttention<>::kind, "LatentAttention", "latent",
                         "2·pairs·heads·(2·latent + rope) absorbed, ·(nope + rope + value) expanded",
                         "(context + new)·(latent + rope), once for all heads + queries + output",
                         "arXiv 2405.04434 §2.1"},
    OperationDescription{SparseLatentAttention::kind, "SparseLatentAttention", "latent --top-k",
                         "the same, pairs = Σ min(position, top-k)",
                         "the same, min(context, top-k) keys read at least", "arXiv 2512.02556 §2.1"},
    OperationDescription{AttentionIndexer<>::kind, "AttentionIndexer", "indexer", "2·pairs·heads·d + 3·pairs·heads",
                         "(context + new)·d keys + queries + pairs·4 B scores", "arXiv 2512.02556 §2.1"},
    OperationDescription{IndexTopK<>::kind, "IndexTopK", "index-top-k", "pairs",
                         "pairs·4 B scores + Σ min(position, top-k)·4 B", "arXiv 2512.02556 §2.1"},
    OperationDescription{GatedDeltaRule<>::kind, "GatedDeltaRule", "delta-rule",
                         "tokens·heads·(7KV + 2V + K), or matrix products of chunks",
                         "2·sequences·heads·KV state + q, k, v, gates, output", "arXiv 2412.06464, 2510.26692"},
    OperationDescription{StateSpaceScan<>::kind, "StateSpaceScan", "state-space",
                         "tokens·heads·(5PN + N + 1 + 2P), or matrix products of chunks",
                         "2·sequences·heads·PN state + x, B, C, steps, output", "arXiv 2405.21060, 2401.04658"},
    OperationDescription{ShortConvolution<>::kind, "ShortConvolution", "convolution",
                         "tokens·channels·(2·width + 2)",
                         "2·tokens·channels + 2·sequences·channels·(width − 1) + weights", "arXiv 2312.00752 §3.4"},
    OperationDescription{RmsNorm<>::kind, "RmsNorm", "rms-norm", "rows·(4·width + 2)", "2·rows·width + width",
                         "arXiv 1910.07467"},
    OperationDescription{LayerNorm<>::kind, "LayerNorm", "layer-norm", "rows·(7·width + 2), 6 without bias",
                         "2·rows·width + 2·width", "arXiv 1607.06450"},
    OperationDescription{AddRmsNorm<>::kind, "AddRmsNorm", "add-rms-norm", "rows·(5·width + 2)",
                         "4·rows·width + width", "vLLM, fused_add_rms_norm"},
    OperationDescription{RotaryEmbedding<>::kind, "RotaryEmbedding", "rotary", "3·tokens·heads·d",
                         "tokens·(2·heads + 1)·d", "arXiv 2104.09864"},
    OperationDescription{Activation<>::kind, "Activation", "activation",
                         "tokens·width·3 (gated SiLU), 13 (gated GELU), …", "3·tokens·width, 2 plain",
                         "arXiv 2002.05202, 1606.08415"},
    OperationDescription{ResidualAdd<>::kind, "ResidualAdd", "residual", "tokens·width", "3·tokens·width", "–"},
    OperationDescription{EmbeddingLookup<>::kind, "EmbeddingLookup", "embedding", "none, or tokens·width if scaled",
                         "2·tokens·width + tokens·4 B", "–"},
    OperationDescription{Quantise<>::kind, "Quantise", "quantise",
                         "tokens·width·5 + scales·3, or tokens·width·3 with given scales",
                         "tokens·width read (twice for one scale) and written, scales", "arXiv 2412.19437 §3.3.2"},
    OperationDescription{KvCacheWrite<>::kind, "KvCacheWrite", "kv-write",
                         "none, or 1 an element into a narrower cache",
                         "2·tokens·KV heads·(d_k + d_v) + tokens·8 B", "vLLM, reshape_and_cache"},
    OperationDescription{Softcap<>::kind, "Softcap", "softcap", "6·rows·width", "2·rows·width",
                         "arXiv 2408.00118 §2"},
    OperationDescription{Sampling<>::kind, "Sampling", "sampling", "sequences·vocabulary·(1 greedy … 16 top-p)",
                         "passes·sequences·vocabulary + sequences·4 B",
                         "arXiv 1411.0030, doi 10.1145/3581784.3607062"},
    OperationDescription{Collective::kind, "Collective", "collective",
                         "S·(ranks − 1)/ranks additions where ranks add",
                         "2S all-reduce; through a port 2S·(ranks − 1)/ranks", "Patarasu and Yuan 2009"},
};

}  // namespace

std::span<const OperationDescription> operation_descriptions() { return descriptions; }

}  // namespace opcost::program
