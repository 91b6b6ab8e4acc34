# SPDX-License-Identifier: Apache-2.0
"""The kernels, each under the name that the `kernel` column bears. Nothing is ever substituted for another.

A kernel is a function (torch, row, inputs) -> launcher. `inputs` are one set of buffers; the launcher runs the
operation once and returns its output. It raises Unavailable where the case cannot run here.
"""

import inspect
import math
from dataclasses import replace

from errors import Unavailable, first_line
from rows import AttentionRow, LinearRow, slots

FP8_MAXIMUM = 448.0  # of float8_e4m3fn
CHUNK = 2**27        # elements


def imported(module, name):
    """`name` of an importable module; Unavailable otherwise."""
    try:
        return getattr(__import__(module, fromlist=[name]), name)
    except (ImportError, AttributeError, OSError) as error:
        raise Unavailable(f"{module}.{name} cannot be imported: {first_line(error)}") from None


# --- linear: inputs are the activation [m, k] in bfloat16 and the weight [n, k]


def linear_bfloat16(torch, row, inputs):
    activation, weight = inputs
    linear = torch.nn.functional.linear
    return lambda: linear(activation, weight)


def linear_fp8(torch, row, inputs):
    """Dynamic per-tensor scaling in plain PyTorch (largest magnitude, divide, cast), then torch._scaled_mm."""
    if torch.cuda.get_device_capability() < (8, 9):
        raise Unavailable("fp8 needs compute capability 8.9")
    if not hasattr(torch, "_scaled_mm"):
        raise Unavailable("this PyTorch has no torch._scaled_mm")
    activation, weight = inputs
    weight_column_major = weight.t()  # [k, n] with stride(0) = 1, as _scaled_mm demands
    weight_scale = torch.ones((), device="cuda", dtype=torch.float32)

    def launch():
        scale = torch.linalg.vector_norm(activation, ord=math.inf, dtype=torch.float32) / FP8_MAXIMUM
        quantised = (activation / scale).to(torch.float8_e4m3fn)  # a 0-dimensional divisor leaves the bfloat16 as it is
        return torch._scaled_mm(quantised, weight_column_major, scale_a=scale, scale_b=weight_scale,
                                out_dtype=torch.bfloat16, use_fast_accum=True)

    return launch


# --- attention: inputs are q [batch, query tokens, query heads, head dim], k and v [batch, context, KV heads, head dim]


def sdpa(backend_name):
    def build(torch, row, inputs):
        if row.window:
            raise Unavailable("scaled_dot_product_attention has no sliding window")
        backend = getattr(imported("torch.nn.attention", "SDPBackend"), backend_name, None)
        if backend is None:
            raise Unavailable(f"this PyTorch has no SDPBackend.{backend_name}")
        sdpa_kernel = imported("torch.nn.attention", "sdpa_kernel")
        attention = torch.nn.functional.scaled_dot_product_attention
        q, k, v = (tensor.transpose(1, 2) for tensor in inputs)
        causal, grouped = row.phase == "prefill", row.query_heads != row.kv_heads

        def launch():
            with sdpa_kernel(backend):  # this backend or an error, never another
                return attention(q, k, v, is_causal=causal, enable_gqa=grouped)

        return launch
    return build


def varlen_attn(torch, row, inputs):
    """torch.nn.attention.varlen: FlashAttention on packed sequences; its window_size came after PyTorch 2.10.

    sdpa_kernel pins the backend: later versions may otherwise prefer cuDNN.
    """
    attention = imported("torch.nn.attention.varlen", "varlen_attn")
    parameters = inspect.signature(attention).parameters
    if "window_size" not in parameters:
        raise Unavailable("torch.nn.attention.varlen.varlen_attn of this PyTorch has no window_size")
    q, k, v = (tensor.flatten(0, 1) for tensor in inputs)
    options = {"window_size": (row.window - 1 if row.window else -1, 0)}
    if "enable_gqa" in parameters:
        options["enable_gqa"] = row.query_heads != row.kv_heads
    starts_q, starts_k = (torch.arange(row.batch + 1, device="cuda", dtype=torch.int32) * tokens
                          for tokens in (row.query_tokens, row.context_tokens))
    sdpa_kernel, backend = imported("torch.nn.attention", "sdpa_kernel"), imported("torch.nn.attention", "SDPBackend")

    def launch():
        with sdpa_kernel(backend.FLASH_ATTENTION):
            return attention(q, k, v, starts_q, starts_k, row.query_tokens, row.context_tokens, **options)

    return launch


def flex_attention(torch, row, inputs):
    """Compiled for each shape anew, fullgraph, so that it never falls back to the unfused form."""
    attention = imported("torch.nn.attention.flex_attention", "flex_attention")
    create_block_mask = imported("torch.nn.attention.flex_attention", "create_block_mask")
    q, k, v = (tensor.transpose(1, 2) for tensor in inputs)
    first, window = row.context_tokens - row.query_tokens, row.window or row.context_tokens

    def visible(batch, head, q_index, kv_index):
        position = q_index + first
        return (kv_index <= position) & (position - kv_index < window)

    compiled, mask = flex_attention.compiled.get(row, (None, None))
    if compiled is None:
        torch.compiler.reset()
        mask = create_block_mask(visible, B=None, H=None, Q_LEN=row.query_tokens, KV_LEN=row.context_tokens,
                                 device="cuda")
        compiled = torch.compile(attention, fullgraph=True, dynamic=False)
        flex_attention.compiled = {row: (compiled, mask)}
    grouped = row.query_heads != row.kv_heads
    return lambda: compiled(q, k, v, block_mask=mask, enable_gqa=grouped)


flex_attention.compiled = {}  # the latest row only: cold and warm, and all sets of buffers, share one compilation


def flash_attn(module):
    """Dao-AILab's packages: flash_attn is FlashAttention 2, flash_attn_interface FlashAttention 3."""
    def build(torch, row, inputs):
        window = (row.window - 1, 0) if row.window else (-1, -1)
        q, k, v = inputs
        if row.phase == "prefill":
            attention = imported(module, "flash_attn_func")
            return lambda: attention(q, k, v, causal=True, window_size=window)
        attention = imported(module, "flash_attn_with_kvcache")
        lengths = torch.full((row.batch,), row.context_tokens, device="cuda", dtype=torch.int32)
        return lambda: attention(q, k, v, cache_seqlens=lengths, causal=True, window_size=window)
    return build


KERNELS = {
    "torch.nn.functional.linear": linear_bfloat16,
    "torch._scaled_mm": linear_fp8,
    "sdpa_cudnn": sdpa("CUDNN_ATTENTION"),
    "sdpa_flash": sdpa("FLASH_ATTENTION"),
    "varlen_attn": varlen_attn,
    "flex_attention": flex_attention,
    "flash_attn_2": flash_attn("flash_attn"),
    "flash_attn_3": flash_attn("flash_attn_interface"),
}


def case_of(row):
    """What decides whether a kernel can run: rows of one case are checked once and left out together."""
    if isinstance(row, LinearRow):
        return f"{row.kernel} {row.dtype}"
    return f"{row.kernel} {row.phase}, head dimension {row.head_dim}{', sliding window' if row.window else ''}"


class Kernels:
    """Builds launchers over buffers that are filled once, with normal random numbers (zeros would draw less power)."""

    def __init__(self, torch):
        self._torch = torch
        self._pool = self._fp8_pool = torch.empty(0, device="cuda", dtype=torch.bfloat16)
        self._checked = set()

    def allocate(self, rows, l2_states, l2_bytes):
        """One pool per element size for the largest need among the rows, at most three fifths of the free memory."""
        torch = self._torch
        need = {2: 2 * CHUNK, 1: 16}
        for row in rows:
            sets = max(slots(row, state, l2_bytes) for state in l2_states)
            for size in need:
                need[size] = max(need[size], sets * sum(rounded(*each) for each in shapes(row) if each[1] == size))
        limit = torch.cuda.mem_get_info()[0] * 3 // 5
        fp8_bytes = min(need[1], limit // 4)
        self._pool = torch.empty(min(need[2], limit - fp8_bytes) // 2, device="cuda", dtype=torch.bfloat16)
        for chunk in self._pool.split(CHUNK):
            chunk.normal_()
        if fp8_bytes > 16 and hasattr(torch, "float8_e4m3fn"):
            self._fp8_pool = torch.empty(fp8_bytes, device="cuda", dtype=torch.float8_e4m3fn)
            for chunk in self._fp8_pool.split(CHUNK):
                chunk.copy_(self._pool[:chunk.numel()])

    def launchers(self, row, buffer_sets):
        """One launcher per set of buffers; the sets do not overlap."""
        if row.kernel not in KERNELS:
            raise Unavailable(f"unknown kernel; the kit has {', '.join(KERNELS)}")
        if case_of(row) not in self._checked:
            self._check(row)
            self._checked.add(case_of(row))
        offsets = {2: 0, 1: 0}
        sets = []
        for _ in range(buffer_sets):
            inputs = []
            for shape, size in shapes(row):
                pool = self._pool if size == 2 else self._fp8_pool
                count, begin = math.prod(shape), offsets[size] // size
                if begin + count > pool.numel():
                    raise MemoryError("its buffers do not fit into this GPU's free memory")
                inputs.append(pool[begin:begin + count].view(shape))
                offsets[size] += rounded(shape, size)
            sets.append(inputs)
        return [KERNELS[row.kernel](self._torch, row, inputs) for inputs in sets]

    def _check(self, row):
        """Runs a small case against plain arithmetic: a wrong window, mask or layout must not be filed as a time."""
        torch = self._torch
        if isinstance(row, LinearRow):
            small = replace(row, m=64, n=128, k=256)
            tolerance = 0.02 if row.dtype == "bfloat16" else 0.1  # of the largest output; fp8 keeps 3 bits of mantissa
        else:
            small = replace(row, batch=2, query_tokens=256 if row.phase == "prefill" else 1, context_tokens=256,
                            query_heads=4, kv_heads=2, window=16 if row.window else 0)
            tolerance = 0.02
        inputs = [torch.randn(shape, device="cuda").to(torch.bfloat16 if size == 2 else torch.float8_e4m3fn)
                  for shape, size in shapes(small)]
        output = KERNELS[row.kernel](torch, small, inputs)()
        output = output[0] if isinstance(output, tuple) else output
        expected = reference(torch, small, [tensor.float() for tensor in inputs])
        if isinstance(row, AttentionRow) and row.kernel.startswith(("sdpa", "flex")):
            output = output.transpose(1, 2)
        error = (output.float().reshape(expected.shape) - expected).abs().max() / expected.abs().max()
        if not error.item() < tolerance:
            raise Unavailable(f"gives wrong results here (off by {error.item():.3g} of the largest value)")


def shapes(row):
    """(shape, bytes per element) of the inputs of one launch."""
    if isinstance(row, LinearRow):
        return [((row.m, row.k), 2), ((row.n, row.k), 1 if row.dtype == "fp8" else 2)]
    cache = ((row.batch, row.context_tokens, row.kv_heads, row.head_dim), 2)
    return [((row.batch, row.query_tokens, row.query_heads, row.head_dim), 2), cache, cache]


def rounded(shape, size):
    """Bytes of a tensor, rounded up to 256: the alignment that kernels expect of an allocation."""
    return -(-math.prod(shape) * size // 256) * 256


def reference(torch, row, inputs):
    """The operation in float32, written out. TF32 does not apply: the tolerance is wider than its error anyway."""
    if isinstance(row, LinearRow):
        return inputs[0] @ inputs[1].t()
    q, k, v = (tensor.transpose(1, 2) for tensor in inputs)
    k, v = (tensor.repeat_interleave(row.query_heads // row.kv_heads, 1) for tensor in (k, v))
    position = torch.arange(row.query_tokens, device="cuda")[:, None] + row.context_tokens - row.query_tokens
    distance = position - torch.arange(row.context_tokens, device="cuda")[None, :]
    hidden = (distance < 0) | (distance >= (row.window or row.context_tokens))
    scores = (q @ k.transpose(2, 3) / math.sqrt(row.head_dim)).masked_fill(hidden, -math.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2)
