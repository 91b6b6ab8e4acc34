# SPDX-License-Identifier: Apache-2.0
"""The GPU and the software that a campaign measures, and readings of clock and power while it runs."""

import platform
import subprocess
import threading

from errors import UserError

MIB = 2**20
DRY = {
    "device": {"name": "dry run (no GPU: synthetic times from the specifications of an H100 SXM)",
               "multiprocessors": 132, "l2_bytes": 50 * MIB, "memory_bytes": 80 * 10**9, "compute_capability": "9.0"},
    "software": {"torch": None, "cuda": None, "cudnn": None, "driver": None, "python": platform.python_version()},
    "clocks": None,
}
QUERY = ("driver_version", "clocks.max.sm", "clocks.max.mem", "power.limit", "persistence_mode")
READING = ("clocks.sm", "clocks.mem", "power.draw", "temperature.gpu")  # MHz, MHz, W, degrees Celsius


def import_torch():
    """PyTorch with a CUDA device, or a UserError."""
    try:
        import torch
    except ImportError:
        raise UserError("PyTorch is not installed (try --dry-run, which needs neither it nor a GPU)") from None
    if not torch.cuda.is_available():
        raise UserError("no CUDA device (try --dry-run, which needs none)")
    if torch.version.cuda is None:
        raise UserError("this PyTorch is not built for CUDA")
    return torch


def _nvidia_smi(torch):
    """The nvidia-smi command for the current device; without a UUID it may only guess if there is one GPU."""
    uuid = getattr(torch.cuda.get_device_properties(0), "uuid", None)
    if uuid is not None:
        return ["nvidia-smi", "-i", f"GPU-{uuid}"]
    return ["nvidia-smi"] if torch.cuda.device_count() == 1 else None


def _query(command, fields, *options):
    return command + [f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits", *options]


def number(text):
    """nvidia-smi's text as a number where it is one; None for [N/A] and the like."""
    try:
        return float(text)
    except ValueError:
        return None if text.startswith("[") else text


def parse_reading(line, fields):
    """One line of nvidia-smi's CSV by field name; None if it is not one."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(fields):
        return None
    return {field: cell if field == "driver_version" else number(cell) for field, cell in zip(fields, cells)}


def describe(torch, l2_bytes=None):
    """The device, software and clocks groups of the metadata. `l2_bytes` overrides what PyTorch reports."""
    properties = torch.cuda.get_device_properties(0)
    l2_bytes = l2_bytes or getattr(properties, "L2_cache_size", 0)
    if not l2_bytes:
        raise UserError("this PyTorch does not report the size of the L2: give it with --l2-mib")
    clocks = {}
    command = _nvidia_smi(torch)
    try:
        if command:
            output = subprocess.run(_query(command, QUERY), capture_output=True, text=True, timeout=20, check=True)
            clocks = parse_reading(output.stdout.splitlines()[0], QUERY) or {}
    except (OSError, subprocess.SubprocessError, IndexError):
        pass  # best effort: the metadata then says null
    # Which implementation SDPBackend.FLASH_ATTENTION is, where it can be exchanged; None: FlashAttention 2.
    flash = getattr(getattr(torch.nn, "attention", None), "current_flash_attention_impl", lambda: None)()
    major, minor = torch.cuda.get_device_capability(0)
    return {
        "device": {"name": properties.name, "multiprocessors": properties.multi_processor_count, "l2_bytes": l2_bytes,
                   "memory_bytes": properties.total_memory, "compute_capability": f"{major}.{minor}"},
        "software": {"torch": str(torch.__version__), "cuda": torch.version.cuda,
                     "cudnn": torch.backends.cudnn.version(), "driver": clocks.get("driver_version"),
                     "python": platform.python_version(), "flash_attention": flash and str(flash)},
        "clocks": {"maximum_sm_mhz": clocks.get("clocks.max.sm"), "maximum_memory_mhz": clocks.get("clocks.max.mem"),
                   "power_limit_watts": clocks.get("power.limit"), "persistence_mode": clocks.get("persistence_mode")},
    }


class Monitor:
    """Latest clocks and power, read by one nvidia-smi in the background. Best effort: readings may be None."""

    def __init__(self, torch):
        self.latest = None
        self._process = None
        command = _nvidia_smi(torch) if torch else None
        if command:
            try:
                self._process = subprocess.Popen(_query(command, READING, "-lms", "200"), text=True,
                                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                                 start_new_session=True)  # Ctrl-C is for us alone
                threading.Thread(target=self._read, daemon=True).start()
            except OSError:
                pass

    def _read(self):
        for line in self._process.stdout:
            self.latest = parse_reading(line, READING)

    def close(self):
        if self._process:
            self._process.terminate()
            self._process.wait()
