#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times linear projections and attention on this machine's GPU, in the files that opcost calibrate reads.

Run it again with the same --out to continue after an interruption. README.md says how the times are taken.
"""

import argparse
import sys
from pathlib import Path

from campaign import Campaign, duration
from device import DRY, MIB, Monitor, describe, import_torch
from errors import UserError
from grid import DEFAULT, Grid
from kernels import KERNELS, Kernels
from results import L2_STATES, CsvFile, Metadata
from rows import ROW_TYPES
from timing import MEASURE_US, REPETITIONS, REPLAY_US, WARM_UP_US, DryTimer, GpuTimer

METHOD = {
    "latency_us": "median over repetitions of (time between two CUDA events) / (launches between them)",
    "launch": "CUDA graph of many launches, replayed back to back; kernels named *-eager could not be captured",
    "launches_per_repetition": f"whole rotations through the sets of buffers, about {REPLAY_US:g} us",
    "warm_up": f"matrix products until the clock settles, then {WARM_UP_US:g} us of untimed replays for each row",
    "repetitions": f"{REPETITIONS[0]} to {REPETITIONS[1]}, about {MEASURE_US:g} us in all",
    "cold": "buffers rotated: the inputs of all sets together exceed twice the L2",
    "warm": "one set of buffers",
    "inputs": "normal random numbers",
    "fp8": "times include quantising the activation (dynamic, per tensor, in plain PyTorch)",
    "attention": "attention alone: without writing the KV cache; contiguous cache",
    "readings": "nvidia-smi every 200 ms; the latest stands beside each row in *.details.jsonl",
}


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("expected a whole number from 1")
    return value


def parse(arguments):
    parser = argparse.ArgumentParser(prog="measure.py", description=__doc__.split("\n\n", maxsplit=1)[0],
                                     epilog="Exit code: 0 done, 2 error, 130 interrupted (complete up to there).")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for cold/, warm/ and metadata.json")
    parser.add_argument("--only", choices=sorted(ROW_TYPES), help="one operation")
    parser.add_argument("--kernel", action="append", choices=list(KERNELS), metavar="NAME",
                        help=f"one kernel, may be repeated: {', '.join(KERNELS)}")
    parser.add_argument("--l2", choices=L2_STATES, help="one state of the L2 (default: both)")
    parser.add_argument("--quick", action="store_true", help="the grid's quick lists: a few minutes")
    parser.add_argument("--limit", type=positive, metavar="N", help="measure at most N rows in this run")
    parser.add_argument("--grid", type=Path, default=DEFAULT, metavar="FILE", help="another grid (default: grid.toml)")
    parser.add_argument("--l2-mib", type=positive, metavar="N", help="size of the L2, where PyTorch does not report it")
    parser.add_argument("--plan", action="store_true", help="print how many rows there are and the expected time")
    parser.add_argument("--dry-run", action="store_true", help="synthetic times, without PyTorch and a GPU")
    options = parser.parse_args(arguments)
    if options.out is None and not options.plan:
        parser.error("--out DIR is needed")
    return options


def selected(options):
    grid = Grid(options.grid, options.quick)
    rows = [row for row in grid.rows if options.only in (None, row.operation)
            and (options.kernel is None or row.kernel in options.kernel)]
    if not rows:
        raise UserError("no row of the grid is selected")
    return grid, rows


class NoFile:
    """Stands for a file where only a plan is asked for."""

    latencies = {}


def plan(options):
    _, rows = selected(options)
    states = (options.l2,) if options.l2 else L2_STATES
    files = {(state, operation): NoFile for state in states for operation in ROW_TYPES}
    campaign = Campaign(rows, states, files, (options.l2_mib or 50) * MIB)
    for kernel in dict.fromkeys(row.kernel for row in campaign.rows):
        own = [row for row in campaign.rows if row.kernel == kernel]
        print(f"{kernel}: {len(own)} rows, {duration(sum(map(campaign.expected_seconds, own)))}")
    total = duration(sum(map(campaign.expected_seconds, campaign.rows)))
    print(f"in all {len(campaign.rows)} rows, about {total} on an H100 that runs every kernel")
    return 0


def measure(options):
    grid, rows = selected(options)
    torch = None if options.dry_run else import_torch()
    description = describe(torch, options.l2_mib and options.l2_mib * MIB) if torch else DRY
    l2_bytes = description["device"]["l2_bytes"]
    metadata = Metadata(options.out, {**description, "method": METHOD,
                                      "grid": {"file": grid.path.name, "sha256": grid.digest, "quick": grid.quick}})
    states = (options.l2,) if options.l2 else L2_STATES
    operations = dict.fromkeys(row.operation for row in rows)
    files = {(state, operation): CsvFile(options.out / state / f"{operation}.csv", ROW_TYPES[operation])
             for state in states for operation in operations}
    campaign = Campaign(rows, states, files, l2_bytes)
    there = len(rows) - len(campaign.rows)
    name = description["device"]["name"]
    print(f"{name}: {len(campaign.rows)} rows to measure, {there} there already", file=sys.stderr)
    monitor = Monitor(torch)
    try:
        timer = GpuTimer(torch, Kernels(torch), l2_bytes) if torch else DryTimer(l2_bytes)
        if campaign.rows:
            timer.prepare(campaign.rows, states)
            timer.settle()
        measured, interrupted = campaign.run(timer, metadata, lambda: monitor.latest, options.limit)
    finally:
        monitor.close()
        for file in files.values():
            file.close()
        metadata.save()
    print(f"{measured} rows measured, in {options.out}", file=sys.stderr)
    return 130 if interrupted else 0


def main(arguments=None):
    options = parse(arguments)
    try:
        return plan(options) if options.plan else measure(options)
    except UserError as error:
        print(f"measure.py: {error}", file=sys.stderr)
    except OSError as error:
        print(f"measure.py: {error.filename or options.out}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main())
