"""What a service manager hears of relayd: a socket for sd_notify(3), every datagram with its time and what was true when it came."""

import os
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Callable


@dataclass
class Notice:
    """One datagram: its lines as keys and values, when it came (monotonic microseconds), and what `look` saw on its receipt."""

    fields: dict[str, str]
    time: int
    seen: object = None


@dataclass
class ServiceManager:
    """As a context. `look` is called as soon as READY=1 has come, before anything else."""

    path: Path
    look: Callable[[], object] = lambda: None
    watchdog: float = 0.0  # seconds; 0: nobody watches
    heard: list[Notice] = field(default_factory=list)

    def __enter__(self) -> "ServiceManager":
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"", str(self.path))
        self.thread.join()
        self.socket.close()
        self.path.unlink(missing_ok=True)

    def _listen(self) -> None:
        while text := self.socket.recv(65536).decode():
            fields = dict(line.split("=", 1) for line in text.split("\n") if line)
            self.heard.append(Notice(fields, time.monotonic_ns() // 1000, self.look() if "READY" in fields else None))

    def environment(self, of: int | None = None) -> dict[str, str]:
        """Of the process that it starts."""
        watched = {"WATCHDOG_USEC": str(int(self.watchdog * 1_000_000))} if self.watchdog else {}
        return {"NOTIFY_SOCKET": str(self.path)} | watched | ({"WATCHDOG_PID": str(of)} if of is not None else {})

    def of(self, key: str) -> list[Notice]:
        return [notice for notice in list(self.heard) if key in notice.fields]

    @property
    def order(self) -> list[str]:
        """The keys of what came, without the signs of life."""
        return self.order_from(0)

    def order_from(self, first: int) -> list[str]:
        return [key for notice in self.heard[first:] for key in notice.fields if key in ("READY", "RELOADING", "STOPPING")]


def now() -> int:
    """Monotonic microseconds, as MONOTONIC_USEC has them."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def environment_of(process: int) -> dict[str, str]:
    """What it was started with."""
    entries = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return {key: value for key, _, value in (os.fsdecode(entry).partition("=") for entry in entries if entry)}
