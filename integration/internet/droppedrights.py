"""A relayd that is started as root and becomes a user of its own (`server.user`), and what the kernel says of a process's rights."""

import os
import subprocess
from pathlib import Path

from .inside import Bed
from .listeners import Table
from .relay import Relay, program
from .relayconfig import quoted
from .users import WAXWING, WAXWING_USER

# Below 1024: only root may bind it.
LOW_PORT = 25
# Groups that whoever starts relayd happens to be in; it must leave them.
GROUPS_AT_START = ("0", "4", "27")


class Dropping(Relay):
    """Its folder and store belong to the user it becomes. It is started in groups of root's."""

    # Number and name.
    user = (WAXWING, WAXWING_USER)

    def __init__(self, bed: Bed, name: str, number: int, more: dict[str, dict[str, str]] | None = None, tables: tuple[Table, ...] = ()) -> None:
        more = {"server": {"user": quoted(self.user[1])}} | (more or {})
        super().__init__(bed, name, number, more=more, tables=tables)
        for path in (self.folder, self.store):
            os.chown(path, self.user[0], self.user[0])

    @property
    def prefix(self) -> tuple[str, ...]:
        return (*super().prefix, "setpriv", "--groups", ",".join(GROUPS_AT_START))

    def ctl_at(self, path: Path, *words: str) -> tuple[int, str, str]:
        """relayctl, as root, at this one of its control sockets: exit code, stdout, stderr."""
        done = subprocess.run([program("relayctl"), *words, "--socket", path], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr


def facts(process: int | str) -> dict[str, str]:
    """/proc/PID/status, or of a thread: "PID/task/TID"."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def threads(process: int) -> list[str]:
    return [f"{process}/task/{entry.name}" for entry in Path(f"/proc/{process}/task").iterdir()]


def owners(folder: Path) -> dict[str, tuple[int, int]]:
    """User and mode of all that lies below a folder, and of itself."""
    return {str(path.relative_to(folder)): (path.lstat().st_uid, path.lstat().st_mode & 0o7777) for path in (folder, *folder.rglob("*"))}
