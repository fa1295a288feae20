"""What every relay under test has in common: a folder on the disk, its processes, a start and an end."""

import shutil
import subprocess
from pathlib import Path

from internet.ports import wait_for_port

from .group import Group, quiet
from .places import RELAY, RELAY_PORT, STATE
from .rows import Row


class RelayUnderTest:
    """One relay, ready for one row. A subclass writes its configuration and starts it."""

    name = ""
    # Seconds until its last message must have arrived.
    patience = 300.0

    def __init__(self, row: Row, group: Group, talkative: bool = False) -> None:
        self.row, self.group, self.talkative = row, group, talkative
        self._has_ended = False
        # A folder of its own for each start: nothing of the last run is in it.
        self.folder = STATE / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.folder.chmod(0o755)

    def __enter__(self) -> "RelayUnderTest":
        self.group.begin()
        try:
            self.start()
            wait_for_port(RELAY, RELAY_PORT, 30)
        except BaseException:
            self.group.end()
            raise
        return self

    def end(self) -> None:
        """Stops it, once."""
        if not self._has_ended:
            self._has_ended = True
            self.stop()

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        finally:
            self.group.end()
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Written, started, and, in a row that only accepts, told to keep what comes."""
        raise NotImplementedError

    def stop(self) -> None:
        """Politely; what remains is killed."""

    def rest(self) -> None:
        """Until it has nothing left to do."""
        self.finish()
        quiet(self.group)

    def finish(self) -> None:
        """Does at once what it has put off: that belongs to the cost of the mail before."""

    # Words of its log at a delivery to a host that DANE verified.
    proof = ""

    def check(self) -> None:
        """That it was DANE, as its log says where it is talkative."""
        if self.proof not in self.whole_log():
            raise RuntimeError(f"{self.name} has not verified by DANE: no {self.proof!r} in its log")

    def whole_log(self) -> str:
        files = self.folder.rglob("*log*") if self.folder.exists() else ()
        return "".join(file.read_text(errors="replace") for file in files if file.is_file())

    def log(self) -> str:
        """The end of its log, for a failure."""
        files = sorted(self.folder.rglob("*log*")) if self.folder.exists() else []
        return "".join(file.read_text(errors="replace")[-1500:] for file in files if file.is_file())

    @classmethod
    def version(cls) -> str:
        raise NotImplementedError


def said(*command: str | Path) -> str:
    """First line of a short command's output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return (done.stdout or done.stderr).split("\n", 1)[0].strip()
