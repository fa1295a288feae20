"""Counts of what a program asks of the heap, read while it runs (allocations.c).

Unlike times and rates they hardly depend on the machine, or on what else it does: a change of code is what changes them.
"""

import mmap
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
# As in allocations.c.
SLOTS, SLOT = 1024, 64


@dataclass(frozen=True)
class Count:
    """What was asked for: how often, and how much."""

    calls: int
    octets: int

    def __sub__(self, earlier: "Count") -> "Count":
        return Count(self.calls - earlier.calls, self.octets - earlier.octets)


def compiler() -> str | None:
    """A C compiler: that of the Swift toolchain, which whoever built relayd has, else the system's."""
    if swift := shutil.which("swift"):
        beside = Path(swift).resolve().with_name("clang")
        if beside.exists():
            return str(beside)
    return next((found for name in ("clang", "gcc", "cc") if (found := shutil.which(name))), None)


class Allocations:
    """The counts of one program, which is started with `environment`. `folder` takes library and counts."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self.library, self.path = folder / "allocations.so", folder / "allocations"
        done = subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-Wall", "-Werror", "-fno-builtin", "-o", self.library, SOURCE],
                              capture_output=True, text=True)
        assert done.returncode == 0, f"{compiler}: {done.stderr}"
        self.path.write_bytes(bytes(SLOTS * SLOT))
        with open(self.path, "rb") as file:
            self.shared = mmap.mmap(file.fileno(), SLOTS * SLOT, prot=mmap.PROT_READ)

    def environment(self) -> dict[str, str]:
        """Of the program. A child that gets another environment is not counted."""
        return {"LD_PRELOAD": str(self.library), "ALLOCATIONS": str(self.path)}

    def read(self) -> Count:
        """All since its start. Each half is exact; other threads may get between the two."""
        words = struct.unpack(f"={SLOTS * SLOT // 8}Q", self.shared)
        return Count(sum(words[0 :: SLOT // 8]), sum(words[1 :: SLOT // 8]))
