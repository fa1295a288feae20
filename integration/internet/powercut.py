"""A disk that loses what was not synced when its power is cut.

nbdkit keeps all writes back until somebody asks for a sync; nbdfuse shows what it keeps as a file, on which an ext4 lies. The cut stops nbdkit in the
middle of whatever it does, so that no write and no sync is confirmed any more, ends who wrote, and then nbdkit: what it kept back is nowhere.
What was synced lies in `disk`, and the next `plug_in` finds that, as after a power failure: a dirty file system whose journal is replayed.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from .inside import wait_for
from .scenario import Skip

# The journal of ext4 would be committed, and the disk so synced, by itself after five seconds: here only who syncs is safe.
OPTIONS = "loop,commit=300,data=ordered"
START_LIMIT = 10.0  # seconds


class PowerCutDisk:
    """As a context: it is plugged in, mounted at `root`. Mount points and processes are gone with it."""

    def __init__(self, folder: Path, size: int = 512 << 20) -> None:
        self.folder, self.root, self.disk = folder, folder / "root", folder / "disk"
        self.block, self.socket = folder / "block", folder / "socket"
        self.servers: list[subprocess.Popen[bytes]] = []
        self.cuts = 0
        for program in ("nbdkit", "nbdfuse", "mkfs.ext4"):
            if not shutil.which(program):
                raise Skip(f"no {program} here")
        if not Path("/dev/fuse").exists() or not Path("/dev/loop-control").exists():
            raise Skip("no FUSE or no loop devices here")
        for path in (self.root, self.block):
            path.mkdir(parents=True, exist_ok=True)
        with open(self.disk, "wb") as file:
            file.truncate(size)
        _run("mkfs.ext4", "-q", "-F", str(self.disk))

    def __enter__(self) -> "PowerCutDisk":
        self.plug_in()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.servers:
            self.cut()
        self.disk.unlink(missing_ok=True)

    def plug_in(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._serve("nbdkit", "-f", "-U", str(self.socket), "--filter=cache", "file", str(self.disk), "cache=writeback")
        wait_for("nbdkit", self.socket.exists, START_LIMIT)
        file = self.block / "disk"
        self._serve("nbdfuse", str(file), f"nbd+unix:///?socket={self.socket}")
        wait_for("nbdfuse", file.exists, START_LIMIT)
        _run("mount", "-o", OPTIONS, str(file), str(self.root))

    def cut(self, *writers: subprocess.Popen[bytes]) -> None:
        """The writers end with it, without having seen an error."""
        self.servers[0].send_signal(signal.SIGSTOP)
        for process in (*writers, *self.servers):
            process.kill()
        # Not before: who waits for the disk cannot end while it is silent.
        for process in (*writers, *self.servers):
            process.wait(10)
        self.servers = []
        self.cuts += 1
        # What still is in memory of the file system has nowhere to go.
        for mounted in (self.root, self.block):
            with suppress(RuntimeError):
                _run("umount", "-l", str(mounted))

    def _serve(self, *command: str) -> None:
        with open(self.folder / "log", "ab") as log:
            # nbdkit keeps the writes back in a nameless file of this folder.
            self.servers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                                 env=os.environ | {"TMPDIR": str(self.folder)}))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
