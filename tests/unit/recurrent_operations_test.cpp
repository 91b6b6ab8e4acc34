// SPDX-License-Identifier: Apache-2.0
//
// The recurrent operations and the attention indexer: the algorithms that the docstrings name are run, token by
// token and chunk by chunk, must agree with each other, and must do as much work as their operations say.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "brute_force.hpp"
#include "counting.hpp"
#include "opcost/operation/attention.hpp"
#include "opcost/operation/attention_indexer.hpp"
#include "opcost/operation/attention_mask.hpp"
#include "opcost/operation/gated_delta_rule.hpp"
#include "opcost/operation/short_convolution.hpp"
#include "opcost/operation/state_space_scan.hpp"

using namespace opcost;
using namespace opcost::testing;

namespace {

static_assert(Operation<ShortConvolution<>> && Operation<GatedDeltaRule<>> && Operation<StateSpaceScan<>>);
static_assert(Operation<AttentionIndexer<>> && Operation<IndexTopK<>> && Operation<Attention<TopKeys>>);
static_assert(Validatable<ShortConvolution<>> && Validatable<GatedDeltaRule<>> && Validatable<StateSpaceScan<>>);
static_assert(Validatable<AttentionIndexer<>> && Validatable<IndexTopK<>> && AttentionMask<TopKeys>);

// A static format costs what the same format costs at run time, and takes no space.
template <class Static, class Runtime>
constexpr bool same_cost(Static with_static, Runtime with_runtime) {
  return with_static.cost() == with_runtime.cost() && with_static.compute_type() == with_runtime.compute_type() &&
         sizeof(Static) < sizeof(Runtime);
}
using Narrow = StaticRecurrencePrecision<formats::fp8, formats::bf16, formats::bf16, formats::fp16>;
constexpr RuntimeRecurrencePrecision narrow{formats::fp8, formats::bf16, formats::bf16, formats::fp16};
static_assert(same_cost(
    GatedDeltaRule<Narrow>{2, 70, 2, 4},
    GatedDeltaRule<>{.sequences = 2, .query_tokens = 70, .key_heads = 2, .value_heads = 4, .precision = narrow}));
static_assert(same_cost(StateSpaceScan<Narrow>{.heads = 4, .form = RecurrenceForm::chunked},
                        StateSpaceScan<>{.heads = 4, .form = RecurrenceForm::chunked, .precision = narrow}));
static_assert(
    same_cost(ShortConvolution<StaticElementwisePrecision<formats::fp16>>{2, 3, 5},
              ShortConvolution<>{
                  .sequences = 2, .query_tokens = 3, .channels = 5, .precision = {formats::fp16, formats::fp16}}));
static_assert(same_cost(AttentionIndexer<StaticIndexerPrecision<formats::bf16, formats::bf16>>{.context_tokens = 9},
                        AttentionIndexer<>{.context_tokens = 9, .precision = {formats::bf16, formats::bf16}}));
static_assert(same_cost(IndexTopK<StaticLogitPrecision<formats::bf16>>{.context_tokens = 9},
                        IndexTopK<>{.context_tokens = 9, .precision = {formats::bf16}}));
static_assert(same_cost(GatedDeltaRule<StaticRecurrencePrecision<>>{}, GatedDeltaRule<>{}));

constexpr GatedDeltaRule<> chunked_delta{.query_tokens = 3, .form = RecurrenceForm::chunked};
static_assert(chunked_delta.compute_type() == DataType::bf16 &&
              GatedDeltaRule<>{}.compute_type() == DataType::fp32);
static_assert(AttentionIndexer<>{}.compute_type() == DataType::fp8);

using Matrix = std::vector<std::vector<double>>;

Matrix matrix(std::size_t rows, std::size_t columns) { return Matrix(rows, std::vector<double>(columns, 0.0)); }

Matrix random_matrix(std::size_t rows, std::size_t columns, Numbers& numbers) {
  Matrix result = matrix(rows, columns);
  for (auto& row : result) {
    for (double& x : row) x = numbers().value;
  }
  return result;
}

/// Work by unit, counted while it is done.
struct Work {
  double matrix = 0.0;
  double vector = 0.0;
  double exponentials = 0.0;

  void multiply_add(double& sum, double a, double b) {
    sum += a * b;
    matrix += 2.0;
  }
  double exponential(double x) {
    exponentials += 1.0;
    return std::exp(x);
  }
};

/// One head's inputs of one sequence. Log decays are a column, or one for each key channel.
struct DeltaInputs {
  Matrix q, k, v, log_decay;
  std::vector<double> beta;
  Matrix state;  // as it was before

  DeltaInputs(std::size_t tokens, std::size_t keys, std::size_t values, std::size_t decays, bool has_state,
              Numbers& numbers)
      : q(random_matrix(tokens, keys, numbers)),
        k(random_matrix(tokens, keys, numbers)),
        v(random_matrix(tokens, values, numbers)),
        log_decay(random_matrix(tokens, decays, numbers)),
        state(has_state ? random_matrix(keys, values, numbers) : matrix(keys, values)) {
    for (auto& row : log_decay) {
      for (double& x : row) x = -0.3 * std::abs(x);
    }
    for (std::size_t t = 0; t < tokens; ++t) beta.push_back(numbers.uniform());
  }

  std::size_t tokens() const { return q.size(); }
  std::size_t keys() const { return state.size(); }
  std::size_t values() const { return state[0].size(); }
  double decay_at(const Matrix& of, std::size_t t, std::size_t channel) const {
    return of[t][of[t].size() == 1 ? 0 : channel];
  }
};

struct Outputs {
  Matrix output, state;
};

/// The recurrence as it stands in the papers. Vector work: every operation is one.
Outputs recurrent_delta_rule(const DeltaInputs& in, Work& work) {
  Outputs out{matrix(in.tokens(), in.values()), in.state};
  for (std::size_t t = 0; t < in.tokens(); ++t) {
    std::vector<double> decays;
    for (const double g : in.log_decay[t]) decays.push_back(work.exponential(g));
    std::vector<double> error = in.v[t];
    for (std::size_t i = 0; i < in.keys(); ++i) {
      for (std::size_t j = 0; j < in.values(); ++j) {
        out.state[i][j] *= decays[decays.size() == 1 ? 0 : i];
        work.vector += 1.0;
      }
    }
    for (std::size_t j = 0; j < in.values(); ++j) {
      double seen = 0.0;
      for (std::size_t i = 0; i < in.keys(); ++i) {
        seen += out.state[i][j] * in.k[t][i];
        work.vector += 2.0;
      }
      error[j] = in.beta[t] * (error[j] - seen);
      work.vector += 2.0;
    }
    std::vector<double> q = in.q[t];
    for (double& x : q) {
      x *= 1.0 / std::sqrt(double(in.keys()));
      work.vector += 1.0;
    }
    for (std::size_t i = 0; i < in.keys(); ++i) {
      for (std::size_t j = 0; j < in.values(); ++j) {
        out.state[i][j] += in.k[t][i] * error[j];
        out.output[t][j] += out.state[i][j] * q[i];
        work.vector += 4.0;
      }
    }
  }
  return out;
}

/// Decays between tokens of a chunk, one a head or one a channel, as factors that the chunked form multiplies with.
struct ChunkDecays {
  Matrix pair;                  // a head's: Γ[i][j] for j < i
  Matrix since_start, inverse;  // [token][channel or 0]
  Matrix until_end;             // [token][channel]; a head's: the last row of Γ
  bool per_channel;

  /// `sums` are the summed log decays since the chunk's start.
  ChunkDecays(const Matrix& sums, bool continues, Work& work) : per_channel(sums[0].size() > 1) {
    const std::size_t c = sums.size();
    const std::size_t channels = sums[0].size();
    pair = matrix(c, c);
    since_start = inverse = until_end = matrix(c, channels);
    for (std::size_t i = 0; i < c; ++i) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        if (per_channel || continues) since_start[i][channel] = work.exponential(sums[i][channel]);
        if (per_channel) inverse[i][channel] = work.exponential(-sums[i][channel]);
        if (per_channel) until_end[i][channel] = work.exponential(sums[c - 1][channel] - sums[i][channel]);
      }
      if (per_channel) continue;
      pair[i][i] = 1.0;
      for (std::size_t j = 0; j < i; ++j) pair[i][j] = work.exponential(sums[i][0] - sums[j][0]);
    }
    if (!per_channel) {
      for (std::size_t i = 0; i < c; ++i) until_end[i][0] = pair[c - 1][i];
    }
  }

  /// Σ over channels of a[i]·b[j], decayed from j to i: the matrix product, its operands or result scaled.
  double decayed_product(const Matrix& a, std::size_t i, const Matrix& b, std::size_t j, std::size_t token_i,
                         std::size_t token_j, Work& work) const {
    double product = 0.0;
    for (std::size_t channel = 0; channel < a[i].size(); ++channel) {
      const double left = per_channel ? a[i][channel] * since_start[token_i][channel] : a[i][channel];
      const double right = per_channel ? b[j][channel] * inverse[token_j][channel] : b[j][channel];
      work.multiply_add(product, left, right);
    }
    return per_channel ? product : product * pair[token_i][token_j];
  }
  double from_start(std::size_t i, std::size_t channel) const { return since_start[i][per_channel ? channel : 0]; }
  double to_end(std::size_t i, std::size_t channel) const { return until_end[i][per_channel ? channel : 0]; }
};

/// Gated DeltaNet, section 3.3: WY representation and UT transform, chunk by chunk.
Outputs chunked_delta_rule(const DeltaInputs& in, std::size_t chunk_tokens, bool has_state, Work& work) {
  Outputs out{matrix(in.tokens(), in.values()), in.state};
  const std::size_t keys = in.keys();
  const std::size_t values = in.values();
  const double scale = 1.0 / std::sqrt(double(keys));
  for (std::size_t start = 0; start < in.tokens(); start += chunk_tokens) {
    const std::size_t c = std::min(chunk_tokens, in.tokens() - start);
    const bool continues = has_state || start > 0;
    Matrix sums(in.log_decay.begin() + std::ptrdiff_t(start), in.log_decay.begin() + std::ptrdiff_t(start + c));
    for (std::size_t i = 1; i < c; ++i) {
      for (std::size_t channel = 0; channel < sums[i].size(); ++channel) sums[i][channel] += sums[i - 1][channel];
    }
    const ChunkDecays decays(sums, continues, work);

    Matrix a = matrix(c, c);
    Matrix t = matrix(c, c);
    for (std::size_t i = 0; i < c; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        a[i][j] = in.beta[start + i] * decays.decayed_product(in.k, start + i, in.k, start + j, i, j, work);
      }
      t[i][i] = 1.0;
      for (std::size_t j = 0; j < i; ++j) {
        t[i][j] = -a[i][j];
        for (std::size_t m = j + 1; m < i; ++m) work.multiply_add(t[i][j], -a[i][m], t[m][j]);
      }
    }
    Matrix u = matrix(c, values);
    Matrix w = matrix(c, keys);
    for (std::size_t i = 0; i < c; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const double beta = in.beta[start + j];
        for (std::size_t y = 0; y < values; ++y) work.multiply_add(u[i][y], t[i][j], beta * in.v[start + j][y]);
        if (!continues) continue;
        for (std::size_t x = 0; x < keys; ++x) {
          work.multiply_add(w[i][x], t[i][j], beta * in.k[start + j][x] * decays.from_start(j, x));
        }
      }
    }
    for (std::size_t i = 0; i < c; ++i) {
      auto& output = out.output[start + i];
      if (continues) {
        for (std::size_t x = 0; x < keys; ++x) {
          const double q = in.q[start + i][x] * scale * decays.from_start(i, x);
          for (std::size_t y = 0; y < values; ++y) {
            work.multiply_add(u[i][y], -w[i][x], out.state[x][y]);
            work.multiply_add(output[y], q, out.state[x][y]);
          }
        }
      }
    }
    for (std::size_t i = 0; i < c; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const double score = scale * decays.decayed_product(in.q, start + i, in.k, start + j, i, j, work);
        for (std::size_t y = 0; y < values; ++y) work.multiply_add(out.output[start + i][y], score, u[j][y]);
      }
    }
    for (std::size_t x = 0; x < keys; ++x) {
      for (std::size_t y = 0; y < values; ++y) {
        if (continues) out.state[x][y] *= decays.from_start(c - 1, x);
        for (std::size_t j = 0; j < c; ++j) {
          work.multiply_add(out.state[x][y], in.k[start + j][x] * decays.to_end(j, x), u[j][y]);
        }
      }
    }
  }
  return out;
}

bool close(const Matrix& a, const Matrix& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].size(); ++j) {
      if (std::abs(a[i][j] - b[i][j]) > 1e-8 * (1.0 + std::abs(b[i][j]))) return false;
    }
  }
  return a.size() == b.size();
}

/// Both forms of all heads of one operation, which agree with each other.
void check_delta_rule(GatedDeltaRule<> operation) {
  Numbers numbers(7);
  Work recurrent;
  Work chunked;
  const std::size_t keys = std::size_t(operation.key_dimension);
  for (std::int32_t head = 0; head < operation.sequences * operation.value_heads; ++head) {
    const DeltaInputs in(std::size_t(operation.query_tokens), keys, std::size_t(operation.value_dimension),
                         operation.decay == DeltaRuleDecay::per_head ? 1 : keys, operation.has_initial_state,
                         numbers);
    const Outputs expected = recurrent_delta_rule(in, recurrent);
    const Outputs actual =
        chunked_delta_rule(in, std::size_t(operation.chunk_tokens), operation.has_initial_state, chunked);
    REQUIRE(close(actual.output, expected.output));
    REQUIRE(close(actual.state, expected.state));
  }
  operation.form = RecurrenceForm::recurrent;
  CHECK(operation.cost().vector_flops.value == recurrent.vector);
  CHECK(operation.cost().exponentials == recurrent.exponentials);
  CHECK(operation.cost().matrix_flops.value == 0.0);
  operation.form = RecurrenceForm::chunked;
  CHECK(operation.cost().matrix_flops.value == chunked.matrix);
  CHECK(operation.cost().exponentials == chunked.exponentials);
  CHECK(operation.cost().vector_flops.value == 0.0);
}

/// One sequence of a state-space scan.
struct ScanInputs {
  std::vector<Matrix> x;     // [head][token][P]
  std::vector<Matrix> b, c;  // [group][token][N]
  Matrix step;               // [head][token]
  std::vector<Matrix> state;

  ScanInputs(const StateSpaceScan<>& scan, Numbers& numbers) {
    const auto tokens = std::size_t(scan.query_tokens);
    const auto p = std::size_t(scan.head_dimension);
    const auto n = std::size_t(scan.state_dimension);
    for (std::int32_t head = 0; head < scan.heads; ++head) {
      x.push_back(random_matrix(tokens, p, numbers));
      step.emplace_back();
      for (std::size_t t = 0; t < tokens; ++t) step.back().push_back(scan.selective ? numbers.uniform() : 1.0);
      state.push_back(scan.has_initial_state ? random_matrix(p, n, numbers) : matrix(p, n));
    }
    for (std::int32_t group = 0; group < scan.groups; ++group) {
      b.push_back(random_matrix(tokens, n, numbers));
      c.push_back(random_matrix(tokens, n, numbers));
    }
  }
};

constexpr double scan_a = -0.4;
constexpr double scan_d = 0.7;

/// Token by token. Vector work: every operation is one.
std::vector<Outputs> recurrent_scan(const StateSpaceScan<>& scan, const ScanInputs& in, Work& work) {
  std::vector<Outputs> result;
  const auto p = std::size_t(scan.head_dimension);
  const auto n = std::size_t(scan.state_dimension);
  for (std::size_t head = 0; head < std::size_t(scan.heads); ++head) {
    const std::size_t group = head / std::size_t(scan.heads / scan.groups);
    Outputs out{matrix(in.x[head].size(), p), in.state[head]};
    for (std::size_t t = 0; t < in.x[head].size(); ++t) {
      double decay = std::exp(scan_a);  // a constant of the head
      std::vector<double> b = in.b[group][t];
      if (scan.selective) {
        work.vector += 1.0;
        decay = work.exponential(scan_a * in.step[head][t]);
        for (double& value : b) {
          value *= in.step[head][t];
          work.vector += 1.0;
        }
      }
      for (std::size_t i = 0; i < p; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          out.state[i][j] = out.state[i][j] * decay + in.x[head][t][i] * b[j];
          out.output[t][i] += out.state[i][j] * in.c[group][t][j];
          work.vector += 5.0;
        }
        if (scan.skip) {
          out.output[t][i] += scan_d * in.x[head][t][i];
          work.vector += 2.0;
        }
      }
    }
    result.push_back(out);
  }
  return result;
}

/// Mamba-2, section 6: the four steps, chunk by chunk.
std::vector<Outputs> chunked_scan(const StateSpaceScan<>& scan, const ScanInputs& in, Work& work) {
  std::vector<Outputs> result;
  const auto p = std::size_t(scan.head_dimension);
  const auto n = std::size_t(scan.state_dimension);
  const auto tokens = std::size_t(scan.query_tokens);
  const auto chunk_tokens = std::size_t(scan.chunk_tokens);
  Work constants;  // decays that do not depend on the tokens are tables
  for (std::size_t head = 0; head < std::size_t(scan.heads); ++head) {
    result.push_back({matrix(tokens, p), in.state[head]});
  }
  for (std::size_t start = 0; start < tokens; start += chunk_tokens) {
    const std::size_t c = std::min(chunk_tokens, tokens - start);
    const bool continues = scan.has_initial_state || start > 0;
    for (std::size_t group = 0; group < std::size_t(scan.groups); ++group) {
      Matrix cb = matrix(c, c);
      for (std::size_t i = 0; i < c; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          for (std::size_t x = 0; x < n; ++x) {
            work.multiply_add(cb[i][j], in.c[group][start + i][x], in.b[group][start + j][x]);
          }
        }
      }
      const std::size_t per_group = std::size_t(scan.heads / scan.groups);
      for (std::size_t head = group * per_group; head < (group + 1) * per_group; ++head) {
        Outputs& out = result[head];
        Matrix sums = matrix(c, 1);
        for (std::size_t i = 0; i < c; ++i) {
          sums[i][0] = (i > 0 ? sums[i - 1][0] : 0.0) + scan_a * in.step[head][start + i];
        }
        const ChunkDecays decays(sums, continues, scan.selective ? work : constants);
        for (std::size_t i = 0; i < c; ++i) {
          for (std::size_t y = 0; y < p; ++y) {
            double& output = out.output[start + i][y];
            if (scan.skip) output += scan_d * in.x[head][start + i][y];
            if (continues) {
              for (std::size_t x = 0; x < n; ++x) {
                work.multiply_add(output, in.c[group][start + i][x] * decays.from_start(i, 0), out.state[y][x]);
              }
            }
            for (std::size_t j = 0; j <= i; ++j) {
              work.multiply_add(output, cb[i][j] * decays.pair[i][j] * in.step[head][start + j],
                                in.x[head][start + j][y]);
            }
          }
        }
        for (std::size_t y = 0; y < p; ++y) {
          for (std::size_t x = 0; x < n; ++x) {
            if (continues) out.state[y][x] *= decays.from_start(c - 1, 0);
            for (std::size_t j = 0; j < c; ++j) {
              work.multiply_add(out.state[y][x], in.x[head][start + j][y],
                                in.b[group][start + j][x] * decays.to_end(j, 0) * in.step[head][start + j]);
            }
          }
        }
      }
    }
  }
  return result;
}

void check_scan(StateSpaceScan<> scan) {
  Numbers numbers(11);
  Work recurrent;
  Work chunked;
  for (std::int32_t sequence = 0; sequence < scan.sequences; ++sequence) {
    const ScanInputs in(scan, numbers);
    const std::vector<Outputs> expected = recurrent_scan(scan, in, recurrent);
    const std::vector<Outputs> actual = chunked_scan(scan, in, chunked);
    for (std::size_t head = 0; head < expected.size(); ++head) {
      REQUIRE(close(actual[head].output, expected[head].output));
      REQUIRE(close(actual[head].state, expected[head].state));
    }
  }
  scan.form = RecurrenceForm::recurrent;
  CHECK(scan.cost().vector_flops.value == recurrent.vector);
  CHECK(scan.cost().exponentials == recurrent.exponentials);
  CHECK(scan.cost().matrix_flops.value == 0.0);
  scan.form = RecurrenceForm::chunked;
  CHECK(scan.cost().matrix_flops.value == chunked.matrix);
  CHECK(scan.cost().exponentials == chunked.exponentials);
  CHECK(scan.cost().vector_flops.value == 0.0);
}

/// The operation with another number of new tokens.
template <class T>
T with_tokens(T operation, std::int32_t tokens) {
  operation.query_tokens = tokens;
  return operation;
}

}  // namespace

TEST_CASE("the short convolution costs what its loop does") {
  for (const std::int32_t tokens : {1, 2, 3, 9}) {
    for (const std::int32_t width : {1, 2, 4}) {
      for (const bool bias : {false, true}) {
        for (const bool silu : {false, true}) {
          constexpr std::int32_t channels = 3;
          const Tally work = tally_of([&] {
            Numbers numbers(3);
            std::vector<std::vector<Counting>> x(std::size_t(tokens + width - 1), std::vector<Counting>(channels));
            for (auto& row : x) {
              for (Counting& value : row) value = numbers();
            }
            for (std::size_t t = 0; t < std::size_t(tokens); ++t) {
              for (std::size_t channel = 0; channel < channels; ++channel) {
                Counting y{bias ? 0.5 : 0.0};
                for (std::size_t i = 0; i < std::size_t(width); ++i) y += Counting{0.3} * x[t + i][channel];
                if (silu) y = y / (Counting{1.0} + exponential(-y));
              }
            }
          });
          const ShortConvolution<> operation{1, tokens, channels, width, bias, silu, true, {}};
          CHECK(operation.cost().vector_flops.value == work.flops);
          CHECK(operation.cost().exponentials == work.exponentials);
        }
      }
    }
  }
  // 2 sequences of 5 tokens, 3 channels, width 4, bf16: 30 elements, 60 B; weights 24 B, bias 6 B; state 2·3·3·2 B
  const Cost cost = ShortConvolution<>{2, 5, 3, 4, true, true, true, {}}.cost();
  CHECK(cost.weight_read.value == 30.0);
  CHECK(cost.activation_read.value == 60.0);
  CHECK(cost.activation_write.value == 60.0);
  CHECK(cost.kv_cache_read.value == 36.0);
  CHECK(cost.kv_cache_write.value == 36.0);
  const Cost start = ShortConvolution<>{2, 5, 3, 4, false, true, false, {}}.cost();
  CHECK(start.weight_read.value == 24.0);
  CHECK(start.kv_cache_read.value == 0.0);
  CHECK(start.kv_cache_write.value == 36.0);
  CHECK(ShortConvolution<>{.width = 1}.cost().kv_cache_write.value == 0.0);
  CHECK(ShortConvolution<>{.width = 0}.violation()->field == "width");
}

TEST_CASE("both forms of the gated delta rule agree, and cost what they do") {
  for (const DeltaRuleDecay decay : {DeltaRuleDecay::per_head, DeltaRuleDecay::per_channel}) {
    for (const bool has_state : {false, true}) {
      for (const std::int32_t tokens : {1, 2, 3, 4, 5, 8, 11, 12, 13}) {
        for (const std::int32_t chunk : {1, 2, 4, 5, 64}) {
          INFO("tokens " << tokens << ", chunk " << chunk << ", state " << has_state << ", decay " << int(decay));
          check_delta_rule({.sequences = 2,
                            .query_tokens = tokens,
                            .key_heads = 1,
                            .value_heads = 2,
                            .key_dimension = 3,
                            .value_dimension = 5,
                            .decay = decay,
                            .chunk_tokens = chunk,
                            .has_initial_state = has_state});
        }
      }
    }
  }
}

TEST_CASE("Gated DeltaNet by hand: 16 key heads, 32 value heads, 128 by 128") {
  const GatedDeltaRule<> decode{.sequences = 8, .key_heads = 16, .value_heads = 32};
  const Cost step = decode.cost();
  // a state: 32·128·128·4 B = 2 MiB; a token: q and k 2·16·128·2 B, v 32·128·2 B, α and β 32·2·4 B
  CHECK(step.kv_cache_read.value == 8.0 * 2097152.0);
  CHECK(step.kv_cache_write.value == 8.0 * 2097152.0);
  CHECK(step.activation_read.value == 8.0 * (8192.0 + 8192.0 + 256.0));
  CHECK(step.activation_write.value == 8.0 * 8192.0);
  CHECK(step.vector_flops.value == 8.0 * 32.0 * (7.0 * 16384.0 + 256.0 + 128.0));
  CHECK(step.exponentials == 256.0);

  // prefill of two whole chunks of 64 after a prefix. A head and chunk, s = 2016, p = 2080:
  // A 2·2016·128; T 64·63·62/3; U and W 2·2080·256; W·S, Q·S, Kᵀ(U − WS) 3·2·64·16384; QKᵀ and times U 2·2080·256
  GatedDeltaRule<> prefill = decode;
  prefill.sequences = 1;
  prefill.query_tokens = 128;
  prefill.form = RecurrenceForm::chunked;
  CHECK(prefill.cost().matrix_flops.value == 2.0 * 32.0 * (516096.0 + 83328.0 + 1064960.0 + 6291456.0 + 1064960.0));
  CHECK(prefill.cost().exponentials == 2.0 * 32.0 * (2016.0 + 64.0));
  CHECK(prefill.cost().kv_cache_read.value == 2097152.0);
  CHECK(prefill.cost().kv_cache_write.value == 2097152.0);
  // the first chunk without a state spares W (2·2080·128), W·S and Q·S (2·2·64·16384)
  GatedDeltaRule<> start = prefill;
  start.has_initial_state = false;
  CHECK((prefill.cost().matrix_flops - start.cost().matrix_flops).value == 32.0 * (532480.0 + 4194304.0));
  CHECK(start.cost().kv_cache_read.value == 0.0);
  CHECK(start.cost().kv_cache_write.value == 2097152.0);

  // verification of 4 tokens keeps a state for each; Kimi's decays are 128 a token and head
  GatedDeltaRule<> verify = decode;
  verify.query_tokens = 4;
  verify.stores_every_state = true;
  verify.decay = DeltaRuleDecay::per_channel;
  CHECK(verify.cost().kv_cache_read.value == 8.0 * 2097152.0);
  CHECK(verify.cost().kv_cache_write.value == 32.0 * 2097152.0);
  CHECK(verify.cost().activation_read.value == 32.0 * (8192.0 + 8192.0 + 32.0 * 129.0 * 4.0));
  CHECK(verify.cost().exponentials == 32.0 * 32.0 * 128.0);

  CHECK(GatedDeltaRule<>{.key_heads = 3, .value_heads = 4}.violation()->field == "key_heads");
  CHECK(GatedDeltaRule<>{.chunk_tokens = 0}.violation()->field == "chunk_tokens");
  CHECK(GatedDeltaRule<>{.query_tokens = 0}.violation()->field == "query_tokens");
  CHECK_FALSE(decode.violation());
}

TEST_CASE("both forms of the state-space scan agree, and cost what they do") {
  for (const bool selective : {false, true}) {
    for (const bool has_state : {false, true}) {
      for (const std::int32_t tokens : {1, 2, 3, 5, 8, 11, 12}) {
        for (const std::int32_t chunk : {1, 3, 4, 64}) {
          for (const std::int32_t groups : {1, 2, 4}) {
            INFO("tokens " << tokens << ", chunk " << chunk << ", state " << has_state << ", groups " << groups);
            check_scan({.sequences = 2,
                        .query_tokens = tokens,
                        .heads = 4,
                        .groups = groups,
                        .head_dimension = 3,
                        .state_dimension = 5,
                        .chunk_tokens = chunk,
                        .selective = selective,
                        .skip = selective,
                        .has_initial_state = has_state});
          }
        }
      }
    }
  }
}

TEST_CASE("Mamba-2 and lightning attention by hand") {
  // 128 heads of 64, 8 groups, state 128: a state 128·64·128·4 B = 4 MiB; a token: x 16384 B, B and C 2·8·128·2 B,
  // time steps 512 B; A and D 1024 B
  const StateSpaceScan<> decode{.sequences = 4, .heads = 128, .groups = 8};
  const Cost step = decode.cost();
  CHECK(step.kv_cache_read.value == 4.0 * 4194304.0);
  CHECK(step.kv_cache_write.value == 4.0 * 4194304.0);
  CHECK(step.weight_read.value == 1024.0);
  CHECK(step.activation_read.value == 4.0 * (16384.0 + 4096.0 + 512.0));
  CHECK(step.activation_write.value == 4.0 * 16384.0);
  CHECK(step.vector_flops.value == 4.0 * 128.0 * (5.0 * 8192.0 + 129.0 + 128.0));

  // a prefill of one chunk of 256 from nothing, p = 32896: CBᵀ a group 2·32896·128; a head 2·32896·64, 2·256·8192
  StateSpaceScan<> prefill{.query_tokens = 256, .heads = 128, .groups = 8, .form = RecurrenceForm::chunked};
  prefill.has_initial_state = false;
  CHECK(prefill.cost().matrix_flops.value == 8.0 * 8421376.0 + 128.0 * (4210688.0 + 4194304.0));
  CHECK(prefill.cost().exponentials == 128.0 * 32640.0);

  // MiniMax-01: 64 heads of 128 with keys of their own, fixed decays: nothing but S, Σ and q, k, v, o
  const StateSpaceScan<> lightning{
      .heads = 64, .groups = 64, .head_dimension = 128, .state_dimension = 128, .selective = false, .skip = false};
  CHECK(lightning.cost().vector_flops.value == 64.0 * 5.0 * 16384.0);
  CHECK(lightning.cost().exponentials == 0.0);
  CHECK(lightning.cost().activation_read.value == 3.0 * 64.0 * 256.0);
  CHECK(lightning.cost().weight_read.value == 256.0);

  CHECK(StateSpaceScan<>{.heads = 4, .groups = 3}.violation()->field == "groups");
  CHECK(StateSpaceScan<>{.head_dimension = 0}.violation()->field == "head_dimension");
  CHECK_FALSE(decode.violation());
}

TEST_CASE("recurrent operations: sequences add up, tokens cost no less, whole chunks and steps add up") {
  const auto check = [](auto operation) {
    auto three = operation;
    three.sequences = 3;
    Cost expected = operation.cost() * 3.0;
    expected.weight_read = operation.cost().weight_read;
    CHECK(three.cost() == expected);
    for (std::int32_t tokens = 1; tokens < 300; ++tokens) {
      REQUIRE(nowhere_below(with_tokens(operation, tokens + 1).cost(), with_tokens(operation, tokens).cost()));
    }
    // a prefill in two parts, cut at a whole chunk, does the work of one; the state moves once more
    auto rest = with_tokens(operation, 72);
    rest.has_initial_state = true;
    const Cost parts = with_tokens(operation, 128).cost() + rest.cost();
    const Cost whole = with_tokens(operation, 200).cost();
    CHECK(parts.flops() == whole.flops());
    CHECK(parts.exponentials == whole.exponentials);
    CHECK(parts.activation_read == whole.activation_read);
    CHECK(parts.activation_write == whole.activation_write);
    CHECK(parts.kv_cache_write.value == 2.0 * whole.kv_cache_write.value);
  };
  for (const bool has_state : {false, true}) {
    check(ShortConvolution<>{.channels = 12, .has_initial_state = has_state});
    for (const RecurrenceForm form : {RecurrenceForm::recurrent, RecurrenceForm::chunked}) {
      for (const DeltaRuleDecay decay : {DeltaRuleDecay::per_head, DeltaRuleDecay::per_channel}) {
        check(GatedDeltaRule<>{
            .key_heads = 2, .value_heads = 4, .decay = decay, .form = form, .has_initial_state = has_state});
      }
      check(StateSpaceScan<>{
          .heads = 4, .groups = 2, .form = form, .chunk_tokens = 64, .has_initial_state = has_state});
    }
  }
}

TEST_CASE("the top-keys mask agrees with a loop over the keys that queries choose") {
  for (std::int32_t q = 1; q <= 9; ++q) {
    for (std::int32_t context = q; context <= q + 9; ++context) {
      for (std::int32_t top_k = 1; top_k <= 14; ++top_k) {
        INFO("q " << q << ", context " << context << ", top " << top_k);
        const TopKeys mask{top_k};
        // the choices that share the most: every query takes the first keys; those that share the least: the last
        const Counted shared =
            counted(q, context, [&](int query, int key) { return key <= query && key <= top_k; });
        const Counted spread =
            counted(q, context, [&](int query, int key) { return key <= query && key > query - top_k; });
        REQUIRE(mask.pairs(q, context) == shared.pairs);
        REQUIRE(mask.pairs(q, context) == spread.pairs);
        REQUIRE(mask.visible_keys(q, context) == shared.visible_keys);
        REQUIRE(mask.visible_keys(q, context) <= spread.visible_keys);
        if (q == 1 || context <= top_k) REQUIRE(mask.visible_keys(q, context) == spread.visible_keys);
      }
    }
  }
  CHECK(TopKeys{0}.violation()->field == "top_k");
  // a decode step at 100000 of DeepSeek's 2048 latent vectors costs what one at 2048 does
  const AttentionHeads heads{128, 1, 576, 512};
  const Cost far = Attention<TopKeys>{heads, 1, 1, 100000, {2048}, {}}.cost();
  CHECK(far == FullAttention{heads, 1, 1, 2048, {}, {}}.cost());
}

TEST_CASE("the attention indexer and its top-k cost what their loops do") {
  constexpr std::int32_t heads = 3;
  constexpr std::int32_t dimension = 5;
  for (std::int32_t q = 1; q <= 6; ++q) {
    for (std::int32_t context = q; context <= q + 6; ++context) {
      for (const bool scales : {false, true}) {
        Work products;
        double scores = 0.0;
        std::set<std::int32_t> keys;
        const Tally others = tally_of([&] {
          for (std::int32_t query = context - q + 1; query <= context; ++query) {
            for (std::int32_t key = 1; key <= query; ++key) {
              keys.insert(key);
              Counting score{0.0};
              for (std::int32_t head = 0; head < heads; ++head) {
                double logit = 0.0;
                for (std::int32_t i = 0; i < dimension; ++i) products.multiply_add(logit, 0.5, 0.25);
                score += Counting{0.7} * larger(Counting{logit}, Counting{0.0});
              }
              if (scales) score *= Counting{2.0};
              ++scores;
            }
          }
        });
        AttentionIndexer<> indexer{heads, dimension, 2, q, context, {}};
        if (!scales) indexer.precision.key_cache = formats::fp8;
        const Cost cost = indexer.cost();
        const double key_bytes = scales ? 9.0 : 5.0;  // 5 of fp8 and an fp32 scale
        CHECK(cost.matrix_flops.value == 2.0 * products.matrix);
        CHECK(cost.vector_flops.value == 2.0 * others.flops);
        CHECK(cost.exponentials == 0.0);
        CHECK(cost.activation_read.value == 2.0 * q * heads * (dimension + 4.0));
        CHECK(cost.activation_write.value == 2.0 * scores * 4.0);
        CHECK(cost.kv_cache_read.value == 2.0 * double(keys.size()) * key_bytes);
        CHECK(cost.kv_cache_write.value == 2.0 * q * key_bytes);

        for (const std::int32_t top_k : {1, 4, 100}) {
          double indices = 0.0;
          for (std::int32_t query = context - q + 1; query <= context; ++query) indices += std::min(query, top_k);
          const Cost choice = IndexTopK<>{2, q, context, top_k, {}}.cost();
          CHECK(choice.vector_flops.value == 2.0 * scores);
          CHECK(choice.activation_read.value == 2.0 * scores * 4.0);
          CHECK(choice.activation_write.value == 2.0 * indices * 4.0);
        }
      }
    }
  }
}

TEST_CASE("DeepSeek-V3.2's indexer by hand: a decode step at 4096") {
  const Cost cost = AttentionIndexer<>{.sequences = 2, .context_tokens = 4096}.cost();
  CHECK(cost.matrix_flops.value == 2.0 * 2.0 * 4096.0 * 64.0 * 128.0);
  CHECK(cost.kv_cache_read.value == 2.0 * 4096.0 * 132.0);  // 128 fp8 and an fp32 scale
  CHECK(cost.kv_cache_write.value == 2.0 * 132.0);
  CHECK(cost.activation_read.value == 2.0 * 64.0 * 132.0);
  CHECK(cost.activation_write.value == 2.0 * 4096.0 * 4.0);
  CHECK(IndexTopK<>{.sequences = 2, .context_tokens = 4096}.cost().activation_write.value == 2.0 * 2048.0 * 4.0);
  CHECK(AttentionIndexer<>{.query_tokens = 3, .context_tokens = 2}.violation()->field == "context_tokens");
  CHECK(AttentionIndexer<>{.heads = 0}.violation()->field == "heads");
  CHECK(IndexTopK<>{.top_k = 0}.violation()->field == "top_k");
  for (std::int32_t n = 1; n < 60; ++n) {
    REQUIRE(nowhere_below(AttentionIndexer<>{64, 128, 1, 1, n + 1, {}}.cost(),
                          AttentionIndexer<>{64, 128, 1, 1, n, {}}.cost()));
    REQUIRE(nowhere_below(AttentionIndexer<>{64, 128, 1, n + 1, 99, {}}.cost(),
                          AttentionIndexer<>{64, 128, 1, n, 99, {}}.cost()));
    REQUIRE(nowhere_below(IndexTopK<>{1, 1, n + 1, 20, {}}.cost(), IndexTopK<>{1, 1, n, 20, {}}.cost()));
    REQUIRE(nowhere_below(IndexTopK<>{1, 40, 60, n + 1, {}}.cost(), IndexTopK<>{1, 40, 60, n, {}}.cost()));
  }
}
