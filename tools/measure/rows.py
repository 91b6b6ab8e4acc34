# SPDX-License-Identifier: Apache-2.0
"""One row of a measurement file: what is timed, and how many bytes and FLOPs that takes.

The columns are those of opcost's measurement files, latency_us (microseconds) last.
"""

from dataclasses import astuple, dataclass

KERNEL_OF_LINEAR = {"bfloat16": "torch.nn.functional.linear", "fp8": "torch._scaled_mm"}
EAGER = "-eager"  # appended to a kernel's name where no CUDA graph could be captured: a family of its own


def key(row):
    """The row's cells before latency_us, as text: what a measurement is known by."""
    return tuple(str(cell) for cell in astuple(row))


@dataclass(frozen=True)
class LinearRow:
    """C[m,n] = A[m,k] . B[k,n]; A and C are bfloat16, B is `dtype`."""

    kernel: str
    dtype: str
    m: int
    n: int
    k: int

    operation = "linear"
    columns = ("kernel", "dtype", "m", "n", "k", "latency_us")

    @property
    def weight_bytes(self):
        return self.n * self.k * (1 if self.dtype == "fp8" else 2)

    @property
    def activation_bytes(self):
        return self.m * self.k * 2

    @property
    def touched_bytes(self):
        """Input bytes that one launch reads (the output comes on top)."""
        return self.weight_bytes + self.activation_bytes

    @property
    def allocated_bytes(self):
        """Input bytes that one launch's buffers hold."""
        return self.touched_bytes

    @property
    def flops(self):
        return 2.0 * self.m * self.n * self.k


@dataclass(frozen=True)
class AttentionRow:
    """Causal attention. A query sees the last `window` keys, itself included; window 0 means all of them.

    prefill: query_tokens = context_tokens. decode: query_tokens = 1, the newest of context_tokens keys.
    """

    kernel: str
    phase: str
    dtype: str
    kv_dtype: str
    batch: int
    query_tokens: int
    context_tokens: int
    query_heads: int
    kv_heads: int
    head_dim: int
    window: int

    operation = "attention"
    columns = ("kernel", "phase", "dtype", "kv_dtype", "batch", "query_tokens", "context_tokens", "query_heads",
               "kv_heads", "head_dim", "window", "latency_us")

    @property
    def query_bytes(self):
        return self.batch * self.query_tokens * self.query_heads * self.head_dim * 2

    @property
    def kv_bytes(self):
        """Keys and values of the whole context."""
        return self.batch * self.context_tokens * self.kv_heads * self.head_dim * 2 * 2

    @property
    def touched_bytes(self):
        """Input bytes that one launch reads: a windowed decode reads only the window of its cache."""
        seen = self.context_tokens
        if self.phase == "decode" and self.window:
            seen = min(seen, self.window)
        return self.query_bytes + self.kv_bytes // self.context_tokens * seen

    @property
    def allocated_bytes(self):
        """Input bytes that one launch's buffers hold."""
        return self.query_bytes + self.kv_bytes

    @property
    def pairs(self):
        """Query-key pairs of one sequence and query head."""
        if self.phase == "decode":
            return min(self.context_tokens, self.window or self.context_tokens)
        tokens, window = self.query_tokens, self.window or self.query_tokens
        if window >= tokens:
            return tokens * (tokens + 1) // 2
        return window * (window + 1) // 2 + (tokens - window) * window

    @property
    def flops(self):
        return 4.0 * self.batch * self.query_heads * self.head_dim * self.pairs


ROW_TYPES = {row_type.operation: row_type for row_type in (LinearRow, AttentionRow)}


def slots(row, l2_state, l2_bytes):
    """How many sets of buffers to rotate through.

    warm: 1. cold: so many that the inputs of all sets together exceed twice the L2; 1 where a single launch
    already reads more than that, and then cold and warm are the same measurement.
    """
    if l2_state == "warm":
        return 1
    return 2 * l2_bytes // row.touched_bytes + 1
