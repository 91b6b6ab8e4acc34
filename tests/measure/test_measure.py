#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tools/measure without PyTorch and a GPU: the grid, the files, resuming, the timer on a fake GPU."""

import contextlib
import io
import json
import math
import os
import signal
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

KIT = Path(__file__).resolve().parents[2] / "tools" / "measure"
sys.path.insert(0, str(KIT))

import campaign  # noqa: E402
import device  # noqa: E402
import kernels  # noqa: E402
import measure  # noqa: E402
import timing  # noqa: E402
from errors import Unavailable, UserError  # noqa: E402
from grid import DEFAULT, Grid  # noqa: E402
from rows import AttentionRow, LinearRow, key, slots  # noqa: E402

MIB = 2**20
L2_SIZES = {"L4": 48 * MIB, "H100": 50 * MIB, "H20": 60 * MIB, "A100": 40 * MIB, "B200": 126 * MIB}
LINEAR_HEADER = "kernel,dtype,m,n,k,latency_us"
ATTENTION_HEADER = ("kernel,phase,dtype,kv_dtype,batch,query_tokens,context_tokens,query_heads,kv_heads,head_dim,"
                    "window,latency_us")


class GridTest(unittest.TestCase):
    full, quick = Grid(DEFAULT), Grid(DEFAULT, quick=True)

    def test_holds_the_shapes_of_gemma_3_27b(self):
        for grid in (self.full, self.quick):
            shapes = {(row.dtype, row.n, row.k) for row in grid.rows if row.operation == "linear"}
            for dtype in ("bfloat16", "fp8"):
                for n, k in ((8192, 5376), (5376, 4096), (43008, 5376), (5376, 21504)):
                    self.assertIn((dtype, n, k), shapes)
            attention = {(row.phase, row.query_heads, row.kv_heads, row.head_dim, row.window)
                         for row in grid.rows if row.operation == "attention"}
            for phase in ("prefill", "decode"):
                for window in (0, 1024):
                    self.assertIn((phase, 32, 16, 128, window), attention)

    def test_holds_llama_and_qwen(self):
        shapes = {(row.n, row.k) for row in self.full.rows if row.operation == "linear"}
        # n and k by hand: (query heads + 2 KV heads) x 128, 2 x feed-forward
        self.assertLessEqual({(6144, 4096), (28672, 4096), (4096, 14336), (10240, 8192), (57344, 8192), (8192, 28672),
                              (24576, 4096), (4096, 12288), (51200, 5120), (5120, 25600)}, shapes)

    def test_ranges(self):
        linear = [row for row in self.full.rows if row.operation == "linear"]
        attention = [row for row in self.full.rows if row.operation == "attention"]
        self.assertEqual((min(row.m for row in linear), max(row.m for row in linear)), (1, 16384))
        for phase in ("prefill", "decode"):
            contexts = [row.context_tokens for row in attention if row.phase == phase]
            self.assertEqual((min(contexts), max(contexts)), (128, 32768))
        self.assertEqual({row.batch for row in attention if row.phase == "decode"}, {1, 2, 4, 8, 16, 32, 64, 128, 256})

    def test_rows_are_consistent(self):
        for row in self.full.rows + self.quick.rows:
            self.assertIn(row.kernel, kernels.KERNELS)
            if row.operation == "linear":
                self.assertEqual((row.n % 16, row.k % 16), (0, 0), row)  # torch._scaled_mm
                continue
            self.assertEqual(row.query_tokens, row.context_tokens if row.phase == "prefill" else 1, row)
            self.assertEqual(row.query_heads % row.kv_heads, 0, row)
            self.assertLess(row.window, row.context_tokens, row)
            if row.kernel.startswith("sdpa"):
                self.assertEqual(row.window, 0, row)

    def test_no_row_twice_and_quick_is_part_of_full(self):
        for grid in (self.full, self.quick):
            self.assertEqual(len(grid.rows), len(set(grid.rows)))
        self.assertEqual(set(self.quick.rows) - set(self.full.rows), set())

    def test_cold_working_set_exceeds_twice_the_l2(self):
        for name, l2_bytes in L2_SIZES.items():
            for row in self.full.rows:
                sets = slots(row, "cold", l2_bytes)
                self.assertGreater(sets * row.touched_bytes, 2 * l2_bytes, (name, row))
                if sets > 1:  # no more than needed, and more than one L2 is read before a set comes round again
                    self.assertLessEqual((sets - 1) * row.touched_bytes, 2 * l2_bytes, (name, row))
                    self.assertGreater((sets - 1) * row.touched_bytes, l2_bytes, (name, row))
                self.assertEqual(slots(row, "warm", l2_bytes), 1)

    def test_buffers_fit_into_an_h100(self):
        for row in self.full.rows:
            self.assertLess(slots(row, "cold", 50 * MIB) * row.allocated_bytes, 0.6 * 80e9, row)

    def test_expected_time(self):
        def seconds(grid, but=()):
            return sum(timing.expected_seconds(row, state, 50 * MIB) for row in grid.rows if row.kernel not in but
                       for state in ("cold", "warm") if state == "cold" or slots(row, "cold", 50 * MIB) > 1)
        self.assertLess(seconds(self.full), 25 * 60)
        self.assertGreater(seconds(self.full, but=("flash_attn_2", "flash_attn_3")), 8 * 60)
        self.assertLess(seconds(self.quick), 4 * 60)

    def assert_rejected(self, text, message):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "grid.toml"
            path.write_text(text)
            with self.assertRaisesRegex(UserError, message):
                Grid(path)

    def test_rejects_bad_grids(self):
        case = ('[attention]\nmaximum_tokens = 1\nmaximum_kv_gib = 1\n'
                '[[attention.case]]\nname = "x"\nphase = "decode"\nkernels = ["sdpa_flash"]\n'
                'batches = [1]\ncontexts = [128]\nwindows = [0]\n')
        self.assert_rejected("[linear", "not TOML")
        self.assert_rejected("", "no rows")
        self.assert_rejected("[conv]", "unknown key conv")
        self.assert_rejected('[linear]\ndtypes = ["int8"]\ntokens = [1]\nshape = []', "int8")
        self.assert_rejected('[linear]\ndtypes = ["fp8"]\ntokens = [0]\nshape = []', "from 1, not 0")
        self.assert_rejected('[linear]\ndtypes = ["fp8"]\ntokens = [1]\n[[linear.shape]]\nname = "x"\nn = 8\nk = 16',
                             "multiples of 16")
        self.assert_rejected(case, "heads is missing")
        self.assert_rejected(case + "heads = [[3, 2, 128]]", "multiple of KV heads")
        self.assert_rejected(case + "heads = [[4, 2]]", "query heads, KV heads, head dimension")
        self.assert_rejected(case + "heads = [[4, 2, 64]]\ncolour = 1", "unknown key colour")


class RowTest(unittest.TestCase):
    def test_bytes_and_flops_by_hand(self):
        row = LinearRow("torch._scaled_mm", "fp8", 4, 32, 16)
        self.assertEqual(row.touched_bytes, 32 * 16 + 4 * 16 * 2)
        self.assertEqual(row.flops, 2 * 4 * 32 * 16)
        decode = AttentionRow("x", "decode", "bfloat16", "bfloat16", 2, 1, 100, 4, 2, 16, 10)
        self.assertEqual(decode.touched_bytes, 2 * 4 * 16 * 2 + 2 * 10 * 2 * 16 * 2 * 2)
        self.assertEqual(decode.allocated_bytes, 2 * 4 * 16 * 2 + 2 * 100 * 2 * 16 * 2 * 2)

    def test_pairs_against_counting(self):
        for tokens in (1, 2, 7, 16):
            for window in (0, 1, 3, 7, 20):
                row = AttentionRow("x", "prefill", "bfloat16", "bfloat16", 1, tokens, tokens, 1, 1, 16, window)
                counted = sum(1 for q in range(tokens) for k in range(q + 1) if not window or q - k < window)
                self.assertEqual(row.pairs, counted, (tokens, window))


class FilesTest(unittest.TestCase):
    """Whole dry runs in a folder of their own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name) / "out"

    def run_kit(self, *arguments, code=0):
        self.stderr = io.StringIO()
        with contextlib.redirect_stderr(self.stderr):
            got = measure.main(["--dry-run", "--quick", "--out", str(self.out), *arguments])
        self.assertEqual(got, code, self.stderr.getvalue())
        if code == 2:
            self.assertEqual(self.stderr.getvalue().strip().count("\n"), 0, self.stderr.getvalue())

    def lines(self, state="cold", operation="linear"):
        text = (self.out / state / f"{operation}.csv").read_text()
        self.assertTrue(text.endswith("\n"))
        return text.splitlines()

    def metadata(self):
        return json.loads((self.out / "metadata.json").read_text())

    def test_writes_every_row_of_the_schema(self):
        self.run_kit()
        grid = Grid(DEFAULT, quick=True)
        for state in ("cold", "warm"):
            for operation, header in (("linear", LINEAR_HEADER), ("attention", ATTENTION_HEADER)):
                lines = self.lines(state, operation)
                self.assertEqual(lines[0], header)
                cells = [line.split(",") for line in lines[1:]]
                self.assertEqual({tuple(row[:-1]) for row in cells},
                                 {key(row) for row in grid.rows if row.operation == operation})
                self.assertTrue(all(float(row[-1]) > 0 for row in cells))
                details = (self.out / state / f"{operation}.details.jsonl").read_text().splitlines()
                self.assertEqual(len(details), len(cells))
        content = self.metadata()
        for name in ("device", "software", "clocks", "method", "grid", "started", "updated", "skipped"):
            self.assertIn(name, content)

    def test_warm_is_faster_where_it_fits_and_the_same_where_one_launch_fills_the_l2(self):
        self.run_kit("--only", "linear")
        cold, warm = ({tuple(line.split(",")[:-1]): float(line.split(",")[-1]) for line in self.lines(state)[1:]}
                      for state in ("cold", "warm"))
        small = ("torch.nn.functional.linear", "bfloat16", "1", "4096", "4096")
        large = ("torch.nn.functional.linear", "bfloat16", "1", "43008", "5376")
        self.assertLess(warm[small], cold[small])
        self.assertEqual(warm[large], cold[large])

    def test_is_deterministic(self):
        self.run_kit("--only", "linear", "--limit", "5")
        before = self.lines()
        (self.out / "cold" / "linear.csv").unlink()
        self.run_kit("--only", "linear", "--limit", "5")
        self.assertEqual(self.lines(), before)

    def test_resumes_without_measuring_again(self):
        self.run_kit("--only", "linear", "--limit", "7")
        self.assertEqual(len(self.lines()), 8)
        started = self.metadata()["started"]
        with mock.patch.object(timing.DryTimer, "measure", autospec=True, side_effect=timing.DryTimer.measure) as timer:
            self.run_kit("--only", "linear", "--l2", "cold")
        count = len(self.lines()) - 1
        self.assertEqual(timer.call_count, count - 7)
        self.assertEqual(len(set(self.lines())), count + 1)
        self.assertEqual(self.metadata()["started"], started)
        with mock.patch.object(timing.DryTimer, "measure", side_effect=AssertionError):
            self.run_kit("--only", "linear", "--l2", "cold")
        self.assertIn(f"0 rows to measure, {count} there already", self.stderr.getvalue())

    def test_limit_counts_new_rows(self):
        for _ in range(2):
            self.run_kit("--only", "attention", "--limit", "3")
        self.assertEqual(len(self.lines(operation="attention")), 7)

    def test_drops_a_truncated_last_line(self):
        self.run_kit("--only", "linear", "--limit", "5")
        path = self.out / "cold" / "linear.csv"
        whole = path.read_bytes()
        for cut in (1, 3, 12):  # a missing newline alone too: the number before it may be cut off
            path.write_bytes(whole[:-cut])
            self.run_kit("--only", "linear", "--limit", "1")
            self.assertEqual(path.read_bytes(), whole)

    def test_an_empty_or_headless_file_gets_its_header(self):
        self.run_kit("--only", "linear", "--limit", "1")
        for text in ("", "kernel,dty"):
            (self.out / "cold" / "linear.csv").write_text(text)
            self.run_kit("--only", "linear", "--limit", "1")
            self.assertEqual(self.lines()[0], LINEAR_HEADER)
            self.assertEqual(len(self.lines()), 2)

    def test_rejects_foreign_files(self):
        self.run_kit("--only", "linear", "--limit", "2")
        path = self.out / "cold" / "linear.csv"
        good = path.read_text()
        for bad, message in (("m,n\n", "linear.csv:1: expected the columns"),
                             (good + "a,b\n", "linear.csv:4: not a row"),
                             (good.replace("\n", "\nx,y,1,1,1,0\n", 1), "linear.csv:2: not a row"),
                             (good + "x,y,1,1,1,nan\n", "linear.csv:4: not a row")):
            path.write_text(bad)
            self.run_kit("--only", "linear", code=2)
            self.assertIn(message, self.stderr.getvalue())
            self.assertEqual(path.read_text(), bad)

    def test_rejects_a_folder_of_another_gpu_or_stack(self):
        self.run_kit("--limit", "1")
        path = self.out / "metadata.json"
        content = self.metadata()
        for group, name in (("device", "name"), ("software", "torch")):
            other = json.loads(json.dumps(content))
            other[group][name] = "something else"
            path.write_text(json.dumps(other))
            self.run_kit(code=2)
            self.assertIn("something else", self.stderr.getvalue())
            self.assertEqual(json.loads(path.read_text()), other)
        for text in ("{", "[]", "{}"):
            path.write_text(text)
            self.run_kit(code=2)
            self.assertIn("not a metadata file", self.stderr.getvalue())
        path.unlink()
        self.run_kit(code=2)
        self.assertIn("no metadata.json", self.stderr.getvalue())

    def test_one_line_errors(self):
        self.out.write_text("a file, not a folder")
        self.run_kit(code=2)
        self.out.unlink()
        self.run_kit("--grid", "/no/such/grid.toml", code=2)
        self.assertIn("/no/such/grid.toml: No such file", self.stderr.getvalue())
        self.run_kit("--only", "linear", "--kernel", "sdpa_flash", code=2)
        self.assertIn("no row of the grid", self.stderr.getvalue())

    def test_without_pytorch_or_a_gpu(self):
        no_gpu = mock.Mock()
        no_gpu.cuda.is_available.return_value = False
        for module, message in ((None, "PyTorch is not installed"), (no_gpu, "no CUDA device")):
            stderr = io.StringIO()
            with mock.patch.dict(sys.modules, torch=module), contextlib.redirect_stderr(stderr):
                self.assertEqual(measure.main(["--out", str(self.out)]), 2)
            self.assertIn(message, stderr.getvalue())
            self.assertEqual(stderr.getvalue().count("\n"), 1)
        self.assertFalse(self.out.exists())

    def test_usage(self):
        for arguments, code in ((["--help"], 0), ([], 2), (["--out", "x", "--limit", "0"], 2),
                                (["--out", "x", "--only", "moe"], 2)):
            with self.assertRaises(SystemExit) as stop, contextlib.redirect_stdout(io.StringIO()), \
                    contextlib.redirect_stderr(io.StringIO()):
                measure.main(arguments)
            self.assertEqual(stop.exception.code, code)
        stdout = io.StringIO()
        with contextlib.redirect_stdout(stdout):
            self.assertEqual(measure.main(["--plan"]), 0)
        self.assertIn("in all", stdout.getvalue())

    def interrupting(self, at, signals):
        real, count = timing.DryTimer.measure, 0

        def timer(*arguments):
            nonlocal count
            count += 1
            if count == at:
                for _ in range(signals):
                    os.kill(os.getpid(), signal.SIGINT)
            return real(*arguments)
        return mock.patch.object(timing.DryTimer, "measure", timer)

    def test_interrupt_finishes_the_row(self):
        before = signal.getsignal(signal.SIGINT)
        with self.interrupting(at=3, signals=1):
            self.run_kit("--only", "linear", "--l2", "cold", code=130)
        self.assertEqual(len(self.lines()), 1 + 3)
        self.assertEqual(signal.getsignal(signal.SIGINT), before)
        self.run_kit("--only", "linear", "--l2", "cold")

    def test_second_interrupt_ends_at_once(self):
        with self.interrupting(at=3, signals=2):
            self.run_kit("--only", "linear", "--l2", "cold", code=130)
        self.assertEqual(len(self.lines()), 1 + 2)

    def test_unavailable_kernels_are_told_once_and_never_replaced(self):
        real = timing.DryTimer.measure

        def timer(self, row, *arguments):
            if row.kernel == "sdpa_cudnn":
                raise Unavailable("not here")
            return real(self, row, *arguments)

        with mock.patch.object(timing.DryTimer, "measure", timer):
            self.run_kit("--only", "attention")
        self.assertEqual(self.stderr.getvalue().count("not here"), 1)
        self.assertEqual(self.metadata()["skipped"], ["left out: sdpa_cudnn prefill, head dimension 128: not here"])
        self.assertFalse([line for line in self.lines(operation="attention") if line.startswith("sdpa_cudnn")])

    def failing(self, error):
        real, calls = timing.DryTimer.measure, []

        def timer(self, row, *arguments):
            if row.kernel == "sdpa_cudnn":
                calls.append(row)
                raise error
            return real(self, row, *arguments)

        with mock.patch.object(timing.DryTimer, "measure", timer), mock.patch.object(timing.DryTimer, "recover"):
            self.run_kit("--only", "attention")
        return len(calls)

    def test_failures_leave_out_a_row_then_the_case(self):
        self.assertEqual(self.failing(RuntimeError("No available kernel\nmore")), campaign.FAILURES)
        self.assertIn("the rest", self.metadata()["skipped"][-1])

    def test_rows_that_do_not_fit_are_left_out_one_by_one(self):
        rows = [row for row in Grid(DEFAULT, quick=True).rows if row.kernel == "sdpa_cudnn"]
        self.assertEqual(self.failing(MemoryError("too large")), len(rows))

    def test_eager_rows_are_a_family_of_their_own_and_resume(self):
        real = timing.DryTimer.measure

        def timer(*arguments):
            return replace(real(*arguments), launch="eager")

        with mock.patch.object(timing.DryTimer, "measure", timer):
            self.run_kit("--only", "linear", "--limit", "2")
        self.assertTrue(all(line.startswith("torch.nn.functional.linear-eager,") for line in self.lines()[1:]))
        details = json.loads((self.out / "cold" / "linear.details.jsonl").read_text().splitlines()[0])
        self.assertEqual(details["launch"], "eager")
        self.run_kit("--only", "linear", "--limit", "1")
        self.assertEqual(len(self.lines()), 1 + 3)
        self.assertEqual(len({line.replace("-eager", "").rsplit(",", 1)[0] for line in self.lines()}), 1 + 3)


class FakeGpu:
    """As much of PyTorch as the timer uses. A launch takes `launch_us` of a clock that nothing else moves."""

    class OutOfMemoryError(RuntimeError):
        pass

    def __init__(self, launch_us, can_capture=True, eager_us=0.0):
        fake = self
        self.eager_us = eager_us or launch_us
        self.clock_us, self.capturing, self.sets_used, self.launch_us = 0.0, None, [], launch_us

        class Event:
            def __init__(self, enable_timing):
                assert enable_timing

            def record(self):
                self.at = fake.clock_us

            def synchronize(self):
                pass

            def elapsed_time(self, end):
                return (end.at - self.at) / 1e3

        class CUDAGraph:
            def replay(self):
                for buffer_set in self.recorded:
                    fake.run(buffer_set, fake.launch_us)

        @contextlib.contextmanager
        def graph(cuda_graph, stream):
            fake.capturing = cuda_graph.recorded = []
            try:
                yield
            finally:
                fake.capturing = None
            if not can_capture:
                raise RuntimeError("operation not permitted when stream is capturing")

        self.cuda = mock.Mock(Event=Event, CUDAGraph=CUDAGraph, graph=graph, OutOfMemoryError=self.OutOfMemoryError,
                              stream=lambda stream: contextlib.nullcontext())
        self.no_grad = contextlib.nullcontext

    def launch(self, buffer_set):
        if self.capturing is not None:
            self.capturing.append(buffer_set)
            return
        self.run(buffer_set, self.eager_us)

    def run(self, buffer_set, time_us):
        self.clock_us += time_us
        self.sets_used.append(buffer_set)

    def launchers(self, row, buffer_sets):
        return [lambda i=i: self.launch(i) for i in range(buffer_sets)]


class TimerTest(unittest.TestCase):
    row = LinearRow("torch.nn.functional.linear", "bfloat16", 1, 4096, 4096)

    def measure(self, buffer_sets, **fake):
        gpu = FakeGpu(**fake)
        return gpu, timing.GpuTimer(gpu, gpu, 50 * MIB).measure(self.row, "cold", buffer_sets)

    def test_time_of_one_launch_and_the_rotation(self):
        for buffer_sets, launch_us in ((1, 5.0), (4, 20.0), (300, 3.0), (2, 40_000.0)):
            gpu, measurement = self.measure(buffer_sets, launch_us=launch_us)
            self.assertAlmostEqual(measurement.latency_us, launch_us)
            self.assertEqual((measurement.launch, measurement.launches % buffer_sets), ("graph", 0))
            self.assertGreaterEqual(measurement.repetitions, 9)
            self.assertEqual(gpu.sets_used, [i % buffer_sets for i in range(len(gpu.sets_used))])
            self.assertGreaterEqual(measurement.launches * launch_us, min(timing.REPLAY_US, 2000 * launch_us))

    def test_graphs_are_long_even_where_eager_launches_wait_for_the_host(self):
        _, measurement = self.measure(4, launch_us=5.0, eager_us=100.0)
        self.assertAlmostEqual(measurement.latency_us, 5.0)
        self.assertGreaterEqual(measurement.launches * 5.0, timing.REPLAY_US)

    def test_eager_where_no_graph_can_be_captured(self):
        _, measurement = self.measure(4, launch_us=20.0, can_capture=False)
        self.assertAlmostEqual(measurement.latency_us, 20.0)
        self.assertEqual(measurement.launch, "eager")
        self.assertEqual(timing.named(self.row, measurement).kernel, "torch.nn.functional.linear-eager")


class KernelTest(unittest.TestCase):
    """What the kernels ask of the libraries, with stand-ins that record it."""

    row = AttentionRow("x", "prefill", "bfloat16", "bfloat16", 2, 64, 64, 4, 2, 16, 16)

    def call(self, name, row, **functions):
        """The recorded arguments of one launch."""
        with mock.patch.object(kernels, "imported", lambda module, function: functions[function]):
            torch = mock.MagicMock()
            kernels.KERNELS[name](torch, row, [mock.MagicMock() for _ in range(3)])()
        return torch

    def test_windows_count_the_query_itself(self):
        for name, function in (("flash_attn_2", "flash_attn_func"), ("flash_attn_3", "flash_attn_func")):
            for window, expected in ((16, (15, 0)), (0, (-1, -1))):
                attention = mock.Mock()
                self.call(name, replace(self.row, window=window), **{function: attention})
                self.assertEqual(attention.call_args.kwargs, {"causal": True, "window_size": expected})

        def varlen_attn(query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, *, window_size, enable_gqa):
            self.assertEqual((max_q, max_k, enable_gqa), (64, 64, True))
            windows.append(window_size)

        windows = []
        for window in (16, 0):
            self.call("varlen_attn", replace(self.row, window=window), varlen_attn=varlen_attn,
                      sdpa_kernel=mock.MagicMock(), SDPBackend=mock.Mock())
        self.assertEqual(windows, [(15, 0), (-1, 0)])

    def test_varlen_attn_without_windows_is_not_used(self):
        with self.assertRaisesRegex(Unavailable, "window_size"):
            self.call("varlen_attn", self.row, varlen_attn=lambda query, key, value, is_causal: None)

    def test_scaled_dot_product_attention_pins_its_backend(self):
        for row, causal in ((self.row, True), (replace(self.row, phase="decode", query_tokens=1), False)):
            sdpa_kernel = mock.MagicMock()
            torch = self.call("sdpa_cudnn", replace(row, window=0), sdpa_kernel=sdpa_kernel,
                              SDPBackend=mock.Mock(CUDNN_ATTENTION="cudnn"))
            sdpa_kernel.assert_called_once_with("cudnn")
            self.assertEqual(torch.nn.functional.scaled_dot_product_attention.call_args.kwargs,
                             {"is_causal": causal, "enable_gqa": True})
        with self.assertRaisesRegex(Unavailable, "sliding window"):
            self.call("sdpa_flash", self.row)

    def test_flex_attention_masks_what_the_row_says(self):
        for row in (self.row, replace(self.row, window=0), replace(self.row, phase="decode", query_tokens=1),
                    replace(self.row, phase="decode", query_tokens=1, window=0)):
            create_block_mask = mock.Mock()
            torch = self.call("flex_attention", row, flex_attention=mock.Mock(), create_block_mask=create_block_mask)
            self.assertEqual(torch.compile.call_args.kwargs, {"fullgraph": True, "dynamic": False})
            visible, sizes = create_block_mask.call_args.args[0], create_block_mask.call_args.kwargs
            counted = sum(visible(0, 0, q, k) for q in range(sizes["Q_LEN"]) for k in range(sizes["KV_LEN"]))
            self.assertEqual(counted, row.pairs, row)

    def test_fp8_scales_and_layout(self):
        torch = mock.MagicMock()
        torch.cuda.get_device_capability.return_value = (9, 0)
        activation, weight = mock.MagicMock(), mock.MagicMock()
        row = LinearRow("torch._scaled_mm", "fp8", 4, 32, 16)
        kernels.KERNELS[row.kernel](torch, row, [activation, weight])()
        arguments = torch._scaled_mm.call_args
        self.assertIs(arguments.args[1], weight.t.return_value)  # column-major
        self.assertEqual(set(arguments.kwargs), {"scale_a", "scale_b", "out_dtype", "use_fast_accum"})
        torch.cuda.get_device_capability.return_value = (8, 0)
        with self.assertRaisesRegex(Unavailable, "8.9"):
            kernels.KERNELS[row.kernel](torch, row, [activation, weight])

    def test_buffers_of_one_launch_are_what_the_row_counts(self):
        for row in Grid(DEFAULT, quick=True).rows:
            allocated = sum(math.prod(shape) * size for shape, size in kernels.shapes(row))
            self.assertEqual(allocated, row.allocated_bytes, row)


class DeviceTest(unittest.TestCase):
    def test_parses_nvidia_smi(self):
        self.assertEqual(device.parse_reading("1980, 2619, 512.25, [N/A]", device.READING),
                         {"clocks.sm": 1980, "clocks.mem": 2619, "power.draw": 512.25, "temperature.gpu": None})
        answer = device.parse_reading("550.10, 1980, 2619, 700.00, Enabled", device.QUERY)
        self.assertEqual(answer["driver_version"], "550.10")
        self.assertIsNone(device.parse_reading("No devices were found", device.READING))


if __name__ == "__main__":
    unittest.main()
