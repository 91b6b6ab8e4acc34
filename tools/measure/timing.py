# SPDX-License-Identifier: Apache-2.0
"""Times a launch: on the GPU with CUDA events around a CUDA graph, or, in a dry run, from a roofline."""

import gc
import math
import statistics
import zlib
from dataclasses import dataclass, replace

from errors import UserError, first_line
from rows import EAGER, key, slots

REPLAY_US = 1500.0         # one graph replay runs about this long, so that its own launch does not count
WARM_UP_US = 30_000.0      # untimed replays before each row
MEASURE_US = 40_000.0      # timed replays of each row
REPETITIONS = (9, 25)      # at least, at most
MAXIMUM_LAUNCHES = 2000    # in one graph, unless more sets of buffers have to be rotated through
SETTLE_SECONDS = 15.0      # the longest wait for the clock


def launches_per_replay(launch_us, buffer_sets):
    """A whole number of rotations through the sets of buffers, about REPLAY_US long."""
    rotations = math.ceil(REPLAY_US / (launch_us * buffer_sets))
    return buffer_sets * max(1, min(rotations, MAXIMUM_LAUNCHES // buffer_sets))


def repetitions(replay_us):
    return max(REPETITIONS[0], min(REPETITIONS[1], math.ceil(MEASURE_US / replay_us)))


@dataclass(frozen=True)
class Measurement:
    """Microseconds per launch: the median over the repetitions, and their spread."""

    latency_us: float
    lowest_us: float
    highest_us: float
    launch: str  # "graph" or "eager"
    launches: int  # per repetition
    repetitions: int
    buffer_sets: int


def roofline_us(row, l2_state="cold", l2_bytes=50 * 2**20):
    """A plausible time on an H100 in microseconds, for plans and dry runs. Not a measurement, not a calibration."""
    peak = 989.4e12 * (2 if row.dtype == "fp8" else 1)
    bandwidth = 5.5e12 if l2_state == "warm" and row.touched_bytes < l2_bytes else 3.35e12
    quantise_us = 10.0 if row.dtype == "fp8" else 0.0
    return 4.0 + quantise_us + 1e6 * max(row.flops / (0.65 * peak), row.touched_bytes / (0.85 * bandwidth))


def expected_seconds(row, l2_state, l2_bytes):
    """Wall-clock seconds that measuring a row is expected to take, all included."""
    time_us, sets = roofline_us(row, l2_state, l2_bytes), slots(row, l2_state, l2_bytes)
    replay_us = time_us * launches_per_replay(time_us, sets)
    timed_us = max(2 * replay_us, WARM_UP_US) + repetitions(replay_us) * replay_us + 3 * replay_us
    host_seconds = 0.12 + 0.0005 * sets + (5.0 if row.kernel == "flex_attention" else 0.0)
    return host_seconds + 1e-6 * timed_us


class DryTimer:
    """Deterministic synthetic times: the roofline, and up to 2 % that depend on the row alone."""

    def __init__(self, l2_bytes):
        self._l2_bytes = l2_bytes

    def prepare(self, rows, l2_states):
        return None

    def settle(self):
        pass

    def recover(self, error):
        raise error

    def measure(self, row, l2_state, buffer_sets):
        scatter = zlib.crc32(",".join(key(row)).encode()) / 2**32
        time_us = roofline_us(row, l2_state, self._l2_bytes) * (1 + 0.02 * scatter)
        launches = launches_per_replay(time_us, buffer_sets)
        count = repetitions(time_us * launches)
        return Measurement(time_us, time_us, time_us, "graph", launches, count, buffer_sets)


class GpuTimer:
    """CUDA events around replays of a CUDA graph of many launches, back to back, on one stream."""

    def __init__(self, torch, kernels, l2_bytes):
        self._torch = torch
        self._kernels = kernels
        self._l2_bytes = l2_bytes
        self._stream = torch.cuda.Stream()
        gc.collect()
        gc.freeze()  # torch.cuda.graph collects garbage at each capture: let it not go through all of PyTorch

    def prepare(self, rows, l2_states):
        """Allocates the buffers that the rows share."""
        self._kernels.allocate(rows, l2_states, self._l2_bytes)
        self._torch.cuda.synchronize()

    def settle(self):
        """Multiplies matrices until two successive tenths of a second differ by less than 1 %."""
        torch = self._torch
        a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)

        def burst():
            for _ in range(70):
                torch.mm(a, a)

        burst()
        before, spent = self._events_us(burst), 0.0
        while spent < SETTLE_SECONDS * 1e6:
            after = self._events_us(burst)
            spent += after
            if abs(after - before) < 0.01 * before:
                return
            before = after

    def measure(self, row, l2_state, buffer_sets):
        """Times one row. Raises Unavailable, or what PyTorch raises, where the kernel does not run."""
        torch = self._torch
        with torch.no_grad(), torch.cuda.stream(self._stream):
            launchers = self._kernels.launchers(row, buffer_sets)

            def rotate(count, outputs):
                for i in range(count):
                    outputs[i % buffer_sets] = launchers[i % buffer_sets]()

            outputs = {}
            rotate(buffer_sets, outputs)  # compiles, and lets libraries choose their kernels outside the capture
            launch_us = max(self._events_us(lambda: rotate(buffer_sets, outputs)) / buffer_sets, 1.0)
            count = launches_per_replay(launch_us, buffer_sets)
            outputs.clear()
            replay, launch = self._capture(rotate, count)
            replay()
            replay_us = self._events_us(replay)
            enough = launches_per_replay(replay_us / count, buffer_sets)
            if launch == "graph" and enough > 2 * count:  # launched eagerly, small kernels wait for the host
                count = enough
                replay, launch = self._capture(rotate, count)
                replay_us = self._events_us(replay)
            for _ in range(max(2, math.ceil(WARM_UP_US / replay_us))):
                replay()
            # Everything is queued before anything is waited for: the GPU never idles between repetitions.
            events = [torch.cuda.Event(enable_timing=True) for _ in range(repetitions(replay_us) + 1)]
            events[0].record()
            for event in events[1:]:
                replay()
                event.record()
            events[-1].synchronize()
        times = [1e3 * start.elapsed_time(end) / count for start, end in zip(events, events[1:])]
        return Measurement(statistics.median(times), min(times), max(times), launch, count, len(times), buffer_sets)

    def recover(self, error):
        """After a failed row. Raises UserError if the GPU itself is in error: then nothing more can be measured."""
        try:
            self._torch.cuda.synchronize()
            self._torch.cuda.empty_cache()
        except RuntimeError:
            raise UserError(f"the GPU stopped ({first_line(error)}): run again to continue") from None

    def _events_us(self, run):
        """Microseconds that `run` takes on the current stream, once, after what is queued already."""
        start, end = (self._torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        return 1e3 * start.elapsed_time(end)

    def _capture(self, rotate, count):
        """A function that runs `count` launches, as a graph if they can be captured, and how it launches."""
        torch = self._torch
        outputs = {}  # by set of buffers; keeping them gives each set its own memory in the graph
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self._stream):
                rotate(count, outputs)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:
            torch.cuda.synchronize()
            outputs.clear()
            return (lambda: rotate(count, outputs)), "eager"

        return graph.replay, "graph"


def named(row, measurement):
    """The row as it is filed: an eager measurement is a kernel family of its own."""
    if measurement.launch == "graph":
        return row
    return replace(row, kernel=row.kernel + EAGER)
