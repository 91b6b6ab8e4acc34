# SPDX-License-Identifier: Apache-2.0
"""Goes through the rows: what is there is left, what cannot run is told once, the rest is measured and filed."""

import signal
import sys
import time
from collections import Counter
from dataclasses import asdict, replace

from errors import Unavailable, UserError, first_line
from kernels import case_of
from rows import EAGER, key, slots
from timing import expected_seconds, named

MEASURED_ONCE = "one launch reads more than twice the L2: measured once for cold and warm"
FAILURES = 3  # of one case, until the rest of it is left out


class Interrupt:
    """Ctrl-C: the first ends the run after the row in hand, the second at once."""

    def __enter__(self):
        self.requested = False
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, *_):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        print("\nstopping after this row (Ctrl-C again: now)", file=sys.stderr)


class Progress:
    """One line on stderr: rows done, time spent, time left; rewritten on a terminal, every ten seconds elsewhere."""

    def __init__(self, expected):
        """`expected`: expected seconds of each row, in order."""
        self._expected, self._total = expected, sum(expected)
        self._terminal = sys.stderr.isatty()
        self._begin = self._shown = time.monotonic()
        self._done = 0

    def step(self, row):
        self._done += 1
        clock = time.monotonic()
        if clock - self._shown < (0.2 if self._terminal else 10) and self._done < len(self._expected):
            return
        self._shown = clock
        spent, work = clock - self._begin, sum(self._expected[:self._done])
        left = spent / work * (self._total - work)
        text = (f"{self._done}/{len(self._expected)} rows, {duration(spent)} spent, {duration(left)} left: "
                f"{' '.join(key(row))}")
        if self._terminal:
            text = f"\r\033[K{text}"
        print(text, end="" if self._terminal else "\n", file=sys.stderr, flush=True)

    def close(self):
        if self._terminal:
            print(file=sys.stderr)


def duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def out_of_memory(error):
    """Memory that is not there, told by the kit itself or by PyTorch (torch.cuda.OutOfMemoryError)."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


class Campaign:
    """The rows, the states of the L2 and the files they go to."""

    def __init__(self, rows, l2_states, files, l2_bytes):
        """`files`: (L2 state, operation) -> CsvFile."""
        self._files, self._l2_states, self._l2_bytes = files, l2_states, l2_bytes
        self.rows = [row for row in rows if self.missing(row)]

    def filed(self, row, l2_state):
        """The row's latency in microseconds if it was measured before, as a graph or eagerly; None otherwise."""
        latencies = self._files[l2_state, row.operation].latencies
        return latencies.get(key(row), latencies.get(key(replace(row, kernel=row.kernel + EAGER))))

    def missing(self, row):
        return [state for state in self._l2_states if self.filed(row, state) is None]

    def expected_seconds(self, row):
        states = self.missing(row)
        if self._one_serves_all(row):
            states = states[:1]
        return sum(expected_seconds(row, state, self._l2_bytes) for state in states)

    def _one_serves_all(self, row):
        return slots(row, "cold", self._l2_bytes) == 1

    def run(self, timer, metadata, reading, limit=None):
        """Measures until done, interrupted, or `limit` rows are measured. Returns (rows measured, interrupted)."""
        progress = Progress([self.expected_seconds(row) for row in self.rows])
        measured, failures, left_out = 0, Counter(), set()
        with Interrupt() as interrupt:
            for row in self.rows:
                if interrupt.requested or measured == limit:
                    break
                if case_of(row) in left_out:
                    progress.step(row)
                    continue
                try:
                    self._measure(row, timer, reading)
                    measured += 1
                except Unavailable as error:
                    left_out.add(case_of(row))
                    self._tell(metadata, f"left out: {case_of(row)}: {error}")
                except UserError:
                    raise
                except Exception as error:  # whatever PyTorch, a compiler or a library raises for a shape
                    timer.recover(error)
                    self._tell(metadata, f"left out: {' '.join(key(row))}: {first_line(error)}")
                    if not out_of_memory(error):  # a smaller row of the same case may fit
                        failures[case_of(row)] += 1
                    if failures[case_of(row)] == FAILURES:
                        left_out.add(case_of(row))
                        self._tell(metadata, f"left out: {case_of(row)}: the rest, after {FAILURES} failures")
                progress.step(row)
            progress.close()
            return measured, interrupt.requested

    @staticmethod
    def _tell(metadata, text):
        print(f"\n{text}", file=sys.stderr)
        metadata.skipped(text)

    def _measure(self, row, timer, reading):
        """Measures the row in each state that is missing; once for both where the L2 makes no difference."""
        for state in self.missing(row):
            file = self._files[state, row.operation]
            other = self._other(row, state) if self._one_serves_all(row) else None
            if other:
                filed_row, latency_us = other
                file.append(filed_row, latency_us, {"l2": MEASURED_ONCE})
                continue
            measurement = timer.measure(row, state, slots(row, state, self._l2_bytes))
            details = {**asdict(measurement), "reading": reading()}
            file.append(named(row, measurement), measurement.latency_us, details)

    def _other(self, row, state):
        """(row as filed, microseconds) from the other state's file."""
        for other in self._l2_states:
            for filed_row in (row, replace(row, kernel=row.kernel + EAGER)):
                latency_us = self._files[other, row.operation].latencies.get(key(filed_row))
                if other != state and latency_us is not None:
                    return filed_row, latency_us
        return None
