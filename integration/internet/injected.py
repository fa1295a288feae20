"""A relayd whose system calls fail, wait or kill it as told (strace --inject)."""

import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .relay import Relay


class Traced(Relay):
    """Started beneath strace, with an injection from its first system call on: "fdatasync:signal=KILL:when=3". `-D` makes strace the
    grandchild, so that the process is relayd's own."""

    injection = ""

    @property
    def prefix(self) -> tuple[str, ...]:
        if not self.injection:
            return super().prefix
        call = self.injection.split(":", 1)[0]
        return ("strace", "-D", "-f", "-qq", "-o", str(self.folder / "strace"), "-e", f"trace={call}", "-e", f"inject={self.injection}",
                *super().prefix)


def counted(output: Path) -> int:
    """How many calls were tampered with, as strace wrote it down."""
    return len(re.findall(r"INJECTED|DELAYED", output.read_text(errors="replace"))) if output.exists() else 0


@contextmanager
def injecting(relay: Relay, injection: str) -> Iterator[Path]:
    """The same to one that runs already, for as long as the context lasts. What strace saw goes to the file."""
    call = injection.split(":", 1)[0]
    output = relay.folder / f"strace-{time.monotonic_ns()}"
    words = ["strace", "-f", "-qq", "-o", str(output), "-e", f"trace={call}", "-e", f"inject={injection}", "-p", str(relay.pid)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 10
        while f"TracerPid:\t{process.pid}" not in Path(f"/proc/{relay.pid}/status").read_text():
            assert process.poll() is None and time.monotonic() < end, process.stderr and process.stderr.read()
            time.sleep(0.02)
        try:
            yield output
        finally:
            # Lets go of it; what hangs in a delayed call goes on.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
