"""The most memory that all processes of a relay held together: PSS, in which a shared page counts once."""

import re
import threading
from pathlib import Path

from .group import Group

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)


def pss(processes: list[int]) -> int:
    """Octets of these together; one that has just ended has none."""
    total = 0
    for number in processes:
        try:
            if found := _PSS.search(Path(f"/proc/{number}/smaps_rollup").read_text()):
                total += int(found[1]) * 1024
        except OSError:
            continue
    return total


class Sampler:
    """Looks every so often from a thread of its own. Looking costs time: only a repetition without a clock does it."""

    def __init__(self, group: Group, interval: float = 0.2) -> None:
        self._group, self._interval = group, interval
        self.peak, self.processes = 0, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while True:
            processes = self._group.processes()
            self.processes = max(self.processes, len(processes))
            self.peak = max(self.peak, pss(processes))
            if self._over.wait(self._interval):
                return

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
