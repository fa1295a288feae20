"""Counts of a relay's system calls, syncs and context switches, in a repetition of their own, for counting costs time.

`perf stat` with tracepoints limited to the relay's cgroup counts everything and disturbs little. Where it cannot, `strace -c` attaches to
every process; it has no context switches, and slows the relay down, which changes counts a little. Where neither works nothing is counted.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .group import Group
from .places import WORLD

_EVENTS = {"raw_syscalls:sys_enter": "calls", "syscalls:sys_enter_fsync": "fsync", "syscalls:sys_enter_fdatasync": "fdatasync",
           "context-switches": "switches"}


def perf_counts(text: str) -> dict[str, int]:
    """Of what `perf stat -x,` wrote: VALUE,UNIT,EVENT,CGROUP,…"""
    counts: dict[str, int] = {}
    for line in text.splitlines():
        fields = line.split(",")
        if len(fields) > 2 and fields[2] in _EVENTS and fields[0].isdigit():
            counts[_EVENTS[fields[2]]] = int(fields[0])
    return counts


_LINE = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)\s*$", re.M)


def strace_counts(text: str) -> dict[str, int]:
    """Of the table of `strace -c`: % TIME, SECONDS, MICROSECONDS, CALLS, [ERRORS,] NAME."""
    counts = {"calls": 0, "fsync": 0, "fdatasync": 0}
    for calls, name in _LINE.findall(text):
        if name == "total":
            continue
        counts["calls"] += int(calls)
        if name in counts:
            counts[name] += int(calls)
    return counts


class Counting:
    """What counts, and the words for it."""

    def __init__(self, group: Group) -> None:
        self._group, self.what = group, "not counted: neither perf nor strace works here"
        if self._perf_works():
            self.what = "perf stat, tracepoints of the relay's cgroup"
            self._words = self._perf
        elif self._strace_works():
            self.what = "strace -c -f; context switches are not counted"
            self._words = self._strace
        else:
            self._words = None
        self._output = WORLD / "counts"
        self._process: subprocess.Popen[bytes] | None = None

    def _perf(self) -> list[str]:
        names = list(_EVENTS)
        return ["perf", "stat", "-x,", "-a", "-e", ",".join(names), "-G", ",".join([self._group.name] * len(names)), "-o", str(self._output),
                # It ends with its standard input, and perf with it.
                "--", "cat"]

    def _perf_works(self) -> bool:
        if self._group.kind != "v2" or not shutil.which("perf"):
            return False
        if not Path("/sys/kernel/tracing/events").exists():
            # In this mount namespace only.
            subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], capture_output=True)
        name = self._group.name
        done = subprocess.run(["perf", "stat", "-x,", "-a", "-e", ",".join(_EVENTS), "-G", ",".join([name] * len(_EVENTS)), "true"],
                              capture_output=True, text=True)
        # Nothing runs in the group yet: "<not counted>" is no fault.
        return done.returncode == 0 and "not supported" not in done.stderr

    def _strace(self) -> list[str]:
        attached = [word for number in self._group.processes() for word in ("-p", str(number))]
        return ["strace", "-c", "-f", "-qq", "-U", "time-percent,total-time,avg-time,calls,errors,name", "-o", str(self._output), *attached]

    @staticmethod
    def _strace_works() -> bool:
        return bool(shutil.which("strace")) and subprocess.run(["strace", "-qq", "-c", "-o", "/dev/null", "true"],
                                                               capture_output=True).returncode == 0

    def start(self) -> None:
        if self._words is None:
            return
        self._output.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._words(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.7)

    def stop(self) -> dict[str, int]:
        if self._process is None:
            return {}
        if self._words == self._strace:
            self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)
        self._process = None
        text = self._output.read_text() if self._output.exists() else ""
        return perf_counts(text) if self._words == self._perf else strace_counts(text)
