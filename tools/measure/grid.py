# SPDX-License-Identifier: Apache-2.0
"""Reads grid.toml into rows. Unknown keys and wrong types are errors that name the place."""

import hashlib
import itertools
import tomllib
from pathlib import Path

from errors import UserError
from rows import KERNEL_OF_LINEAR, AttentionRow, LinearRow

DEFAULT = Path(__file__).with_name("grid.toml")
CASE_LISTS = ("heads", "batches", "contexts", "windows")


class Grid:
    """The rows to measure, in the file's order, with the file's name and digest for the metadata."""

    def __init__(self, path, quick=False):
        self.path = Path(path)
        self.quick = quick
        try:
            data = self.path.read_bytes()
            table = tomllib.loads(data.decode())
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: not TOML: {error}") from None
        self.digest = hashlib.sha256(data).hexdigest()
        self._check(table, (), ("linear", "attention"), "the file")
        rows = list(self._linear(table.get("linear", {}))) + list(self._attention(table.get("attention", {})))
        self.rows = list(dict.fromkeys(rows))
        if not self.rows:
            raise UserError(f"{self.path}: no rows")

    def _fail(self, place, message):
        raise UserError(f"{self.path}: {place}: {message}")

    def _check(self, table, required, optional, place):
        if not isinstance(table, dict):
            self._fail(place, "expected a table")
        for name in required:
            if name not in table:
                self._fail(place, f"{name} is missing")
        for name in table:
            if name not in required and name not in optional:
                self._fail(place, f"unknown key {name}")

    def _count(self, value, place, lowest=1):
        if type(value) is not int or not lowest <= value < 2**31:
            self._fail(place, f"expected a whole number from {lowest}, not {value!r}")
        return value

    def _list(self, table, name, place):
        """The list `name`, or `quick_<name>` where there is one and the grid is a quick one."""
        values = table.get(f"quick_{name}", table[name]) if self.quick else table[name]
        if not isinstance(values, list):
            self._fail(f"{place}, {name}", "expected a list")
        return values

    def _linear(self, table):
        if not table:
            return
        self._check(table, ("dtypes", "tokens", "shape"), ("quick_dtypes", "quick_tokens"), "linear")
        dtypes = self._list(table, "dtypes", "linear")
        for dtype in dtypes:
            if dtype not in KERNEL_OF_LINEAR:
                self._fail("linear, dtypes", f"{dtype!r} is none of {', '.join(KERNEL_OF_LINEAR)}")
        tokens = [self._count(m, "linear, tokens") for m in self._list(table, "tokens", "linear")]
        for shape in table["shape"]:
            place = f"linear, shape {shape.get('name', '(unnamed)')}"
            self._check(shape, ("name", "n", "k"), ("quick",), place)
            n, k = self._count(shape["n"], place), self._count(shape["k"], place)
            if n % 16 or k % 16:
                self._fail(place, "n and k have to be multiples of 16")
            if self.quick and not shape.get("quick", False):
                continue
            for dtype, m in itertools.product(dtypes, tokens):
                yield LinearRow(KERNEL_OF_LINEAR[dtype], dtype, m, n, k)

    def _attention(self, table):
        if not table:
            return
        self._check(table, ("maximum_tokens", "maximum_kv_gib", "case"), (), "attention")
        maximum_tokens = self._count(table["maximum_tokens"], "attention, maximum_tokens")
        maximum_kv_bytes = self._count(table["maximum_kv_gib"], "attention, maximum_kv_gib") * 2**30
        for case in table["case"]:
            for row in self._case(case):
                if row.batch * row.query_tokens <= maximum_tokens and row.kv_bytes <= maximum_kv_bytes:
                    yield row

    def _case(self, case):
        place = f"attention, case {case.get('name', '(unnamed)')}"
        quick_lists = tuple(f"quick_{name}" for name in CASE_LISTS)
        self._check(case, ("name", "phase", "kernels") + CASE_LISTS, quick_lists, place)
        if case["phase"] not in ("prefill", "decode"):
            self._fail(place, f"phase is prefill or decode, not {case['phase']!r}")
        heads, batches, contexts, windows = (self._list(case, name, place) for name in CASE_LISTS)
        kernels = case["kernels"]
        for shape, window, context, batch, kernel in itertools.product(heads, windows, contexts, batches, kernels):
            if not isinstance(shape, list) or len(shape) != 3:
                self._fail(place, "heads are [query heads, KV heads, head dimension]")
            query_heads, kv_heads, head_dim = (self._count(size, f"{place}, heads") for size in shape)
            if query_heads % kv_heads or head_dim % 16:
                self._fail(place, "query heads have to be a multiple of KV heads, the head dimension one of 16")
            self._count(batch, f"{place}, batches")
            self._count(context, f"{place}, contexts")
            self._count(window, f"{place}, windows", 0)
            if window >= context:
                continue  # that is full attention
            query_tokens = context if case["phase"] == "prefill" else 1
            yield AttentionRow(kernel, case["phase"], "bfloat16", "bfloat16", batch, query_tokens, context,
                               query_heads, kv_heads, head_dim, window)
