"""A journaled file system of the benchmark's own, in an image file mounted by loop, and what is written to it.

The machine's own may have no journal, or be of another kind: then figures of queues are wrong in both directions.
"""

import os
import subprocess
from pathlib import Path

SECTOR = 512
_ZEROS = bytes(1 << 20)


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


class Disk:
    """Mounted in this mount namespace only. Neither the mount nor the image outlives it."""

    def __init__(self, image: Path, mount: Path, size: int) -> None:
        self.mount = mount
        mount.mkdir(parents=True)
        try:
            # Written through once: space that is only allocated costs the machine's file system a commit of its own at each first
            # write, and who writes the same place again and again would not pay that.
            with open(image, "wb", buffering=0) as file:
                for _ in range(0, size, len(_ZEROS)):
                    file.write(_ZEROS)
                os.fsync(file.fileno())
            # All tables at once: else the kernel writes them later, while something is measured.
            _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", image)
            # mount frees the loop device with the mount; the file needs no name any more.
            _run("mount", "-o", "loop", image, mount)
        finally:
            image.unlink(missing_ok=True)
        source = _run("findmnt", "-n", "-o", "SOURCE", mount)
        self._statistics = Path("/sys/block") / Path(source).name / "stat"
        self.what = f"ext4 with a journal on {source.split('/')[-1].rstrip('0123456789')}, {size >> 30} GiB"

    def settle(self) -> None:
        """Until everything is on the disk."""
        _run("sync", "-f", self.mount)

    def written(self) -> int:
        """Octets the device has been told to write, since it exists."""
        return int(self._statistics.read_text().split()[6]) * SECTOR
