# SPDX-License-Identifier: Apache-2.0
"""The files that a campaign writes: CSV rows, details beside them, and one metadata file.

    OUT/metadata.json
    OUT/cold/linear.csv      OUT/cold/linear.details.jsonl      and the same for attention
    OUT/warm/linear.csv      OUT/warm/linear.details.jsonl
"""

import json
import math
import os
from datetime import datetime, timezone

from errors import UserError
from rows import key

L2_STATES = ("cold", "warm")


def drop_partial_line(path):
    """Cuts off what follows the last newline: an interrupted write."""
    try:
        with open(path, "r+b") as file:
            text = file.read()
            if text and not text.endswith(b"\n"):
                file.truncate(text.rfind(b"\n") + 1)
    except FileNotFoundError:
        pass


class CsvFile:
    """One CSV file that is appended to row by row. Rows already in it are known by their key."""

    def __init__(self, path, row_type):
        self.path = path
        self.details_path = path.with_suffix(".details.jsonl")
        self.latencies = {}  # key -> microseconds
        self._header = ",".join(row_type.columns)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            drop_partial_line(path)
            drop_partial_line(self.details_path)
            self._read(row_type)
            self._file = open(path, "a", encoding="utf-8", newline="")
            self._details = open(self.details_path, "a", encoding="utf-8", newline="")
            if self._file.tell() == 0:
                self._write(self._file, self._header)
        except OSError as error:
            raise UserError(f"{error.filename or path}: {error.strerror}") from None

    def _read(self, row_type):
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines and lines[0] != self._header:
            raise UserError(f"{self.path}:1: expected the columns {self._header}")
        for number, line in enumerate(lines[1:], 2):
            *cells, latency = line.split(",")
            try:
                latency = float(latency)
            except ValueError:
                latency = math.nan
            if len(cells) != len(row_type.columns) - 1 or not 0 < latency < math.inf:
                raise UserError(f"{self.path}:{number}: not a row of this file: {line}")
            self.latencies[tuple(cells)] = latency

    @staticmethod
    def _write(file, line):
        file.write(line + "\n")
        file.flush()

    def append(self, row, latency_us, details):
        """Writes one row and its details through to the file."""
        self.latencies[key(row)] = latency_us
        self._write(self._file, ",".join((*key(row), f"{latency_us:.4f}")))
        self._write(self._details, json.dumps({"row": dict(zip(row.columns, key(row))), **details}))

    def close(self):
        self._file.close()
        self._details.close()


def now():
    """The time as ISO 8601 in UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class Metadata:
    """OUT/metadata.json: the device, the software and the method. A folder holds one GPU and one stack only."""

    SAME = (("device", "name"), ("software", "torch"), ("software", "cuda"), ("software", "driver"))

    def __init__(self, folder, description):
        """`description`: JSON-ready. Raises UserError if the folder belongs to another GPU or stack."""
        self.path = folder / "metadata.json"
        self.content = {**description, "started": now(), "updated": now(), "skipped": []}
        if self.path.exists():
            self._continue()
        elif any(next((folder / state).glob("*.csv"), None) for state in L2_STATES):
            raise UserError(f"{folder}: has measurements but no metadata.json: which GPU they are from is unknown")
        self.save()

    def _continue(self):
        try:
            before = json.loads(self.path.read_text(encoding="utf-8"))
            for group, name in self.SAME:
                was, is_now = before[group][name], self.content[group][name]
                if was != is_now and (name != "driver" or None not in (was, is_now)):  # nvidia-smi may not answer
                    raise UserError(f"{self.path}: measured with {name} {was!r}, this machine has {is_now!r}: "
                                    "use another folder")
            self.content["started"] = before["started"]
        except OSError as error:
            raise UserError(f"{self.path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{self.path}: not a metadata file of this kit") from None

    def skipped(self, text):
        if text not in self.content["skipped"]:
            self.content["skipped"].append(text)

    def save(self):
        """Replaces the file as a whole, so that it is never half written."""
        self.content["updated"] = now()
        temporary = self.path.with_suffix(".json.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self.content, indent=2) + "\n", encoding="utf-8")
            os.replace(temporary, self.path)
        except OSError as error:
            raise UserError(f"{self.path}: {error.strerror}") from None
