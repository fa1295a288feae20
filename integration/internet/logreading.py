"""A log that grows: each of its lines is read and parsed once, however often a scenario asks."""

import threading
from pathlib import Path

from .inside import parse_log


class LogReading:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._rest = b""
        self._events: list[dict[str, str]] = []
        self._deliveries: dict[str, list[dict[str, str]]] = {}

    def events(self) -> list[dict[str, str]]:
        """Of all lines that are whole by now."""
        with self._lock:
            self._go_on()
            return list(self._events)

    def deliveries(self, sender: str) -> list[dict[str, str]]:
        """The `delivery` events of letters from there, in order."""
        with self._lock:
            self._go_on()
            return list(self._deliveries.get(sender, ()))

    def _go_on(self) -> None:
        if not self.path.exists():
            return
        if self.path.stat().st_size < self._offset:
            self._forget()
        with open(self.path, "rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for event in parse_log("\n".join(line.decode(errors="replace") for line in lines)):
            self._events.append(event)
            if event.get("event") == "delivery":
                self._deliveries.setdefault(event.get("from", ""), []).append(event)
