"""All processes of one relay: who they are, what they have used of the processors, and their end.

A cgroup (version 2, else version 1 with cpuacct) counts what has ended as well. Where neither can be made, the times of /proc are
summed, with those of children that were waited for.
"""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

# Programs that run beside a relay and are not of it.
_MEASURING = ("waxwing-bench", "perf", "strace", "cat", "sync")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Time:
    """Seconds of processors."""

    user: float
    system: float

    @property
    def total(self) -> float:
        return self.user + self.system

    def __sub__(self, other: "Time") -> "Time":
        return Time(self.user - other.user, self.system - other.system)


def hierarchies() -> dict[str, Path]:
    """Where cgroups are made: "v2" and "cpuacct", as far as they are mounted."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found.setdefault("v2", Path(place))
        elif kind == "cgroup" and "cpuacct" in options.split(","):
            found.setdefault("cpuacct", Path(place))
    return found


class Group:
    """`words(command)` starts a command in it; everything that comes from it belongs to it."""

    def __init__(self, name: str) -> None:
        self.name, self.path, self.kind = name, None, "proc"
        for kind, place in hierarchies().items():
            path = place / name
            try:
                path.mkdir(exist_ok=True)
                # Without the right, or where the version does not count it, this is not to be had.
                self._read(kind, path)
            except OSError:
                continue
            if self.path is None or kind == "v2":
                self.path, self.kind = path, kind
        self._strangers: set[int] = set()

    def begin(self) -> None:
        """What runs already is not of it, should it be known by /proc only."""
        self._strangers = set(_all_processes())

    @property
    def what(self) -> str:
        return {"v2": "cgroup version 2", "cpuacct": "cgroup version 1, cpuacct", "proc": "/proc, summed over all processes"}[self.kind]

    def words(self, *command: str | Path) -> list[str]:
        if self.path is None:
            return [str(word) for word in command]
        return ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.path / "cgroup.procs"), *(str(word) for word in command)]

    def processes(self) -> list[int]:
        if self.path is None:
            return [number for number in _all_processes() if number not in self._strangers and _name(number) not in _MEASURING]
        return [int(line) for line in (self.path / "cgroup.procs").read_text().split() if line != "0"]

    def time(self) -> Time:
        if self.path is None:
            return self._summed()
        return self._read(self.kind, self.path)

    @staticmethod
    def _read(kind: str, path: Path) -> Time:
        if kind == "v2":
            facts = dict(line.split() for line in (path / "cpu.stat").read_text().splitlines())
            return Time(int(facts["user_usec"]) / 1e6, int(facts["system_usec"]) / 1e6)
        facts = dict(line.split() for line in (path / "cpuacct.stat").read_text().splitlines())
        return Time(int(facts["user"]) / _TICKS, int(facts["system"]) / _TICKS)

    def _summed(self) -> Time:
        # Orphans that have ended were waited for by process 1, which does nothing else.
        user, system = _times(1, ended_only=True)
        for number in self.processes():
            more = _times(number)
            user, system = user + more[0], system + more[1]
        return Time(user / _TICKS, system / _TICKS)

    def end(self, limit: float = 10) -> None:
        """Kills what is left of it."""
        until = time.monotonic() + limit
        while processes := self.processes():
            for number in processes:
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            if time.monotonic() > until:
                raise RuntimeError(f"{len(processes)} processes of {self.name} do not end")
            time.sleep(0.02)


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _name(number: int) -> str:
    try:
        return Path(f"/proc/{number}/comm").read_text().strip()
    except OSError:
        return ""


def _times(number: int, ended_only: bool = False) -> tuple[int, int]:
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0, 0
    own = (0, 0) if ended_only else (int(fields[11]), int(fields[12]))
    return own[0] + int(fields[13]), own[1] + int(fields[14])


def remove_all(prefix: str) -> None:
    """The groups whose name begins so, once their processes have ended."""
    for place in hierarchies().values():
        for path in place.glob(f"{prefix}*"):
            for _ in range(100):
                try:
                    path.rmdir()
                except OSError:
                    time.sleep(0.05)
                    continue
                break


def quiet(group: Group, limit: float = 5.0) -> None:
    """Until it has done nothing worth mention for a moment: what was put off belongs to the cost."""
    until = time.monotonic() + limit
    before = group.time().total
    while time.monotonic() < until:
        time.sleep(0.15)
        now = group.time().total
        if now - before < 0.004:
            return
        before = now


