"""Folders and logs that grow while scenarios look at them again and again: what was read once is not read again."""

import codecs
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

# Octets of a message that are kept in memory and searched. What a scenario marks a message by stands in its head: of a larger
# one the rest is read only where the mark was found, for campaigns leave hundreds of letters of 300 KB each.
KEPT = 65536


@dataclass
class GrowingFolder:
    """A maildir's `new`: a file's content does not change once it has its name."""

    path: Path
    # When it came, its first octets, and whether they are all of it.
    known: dict[str, tuple[float, bytes, bool]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def containing(self, mark: bytes) -> list[bytes]:
        """Contents that contain the mark within their first KEPT octets, oldest first."""
        with self.lock:
            return self._containing(mark)

    def _containing(self, mark: bytes) -> list[bytes]:
        names = set(os.listdir(self.path)) if self.path.exists() else set()
        for gone in self.known.keys() - names:
            del self.known[gone]
        for name in names - self.known.keys():
            try:
                with (self.path / name).open("rb") as file:
                    status = os.fstat(file.fileno())
                    self.known[name] = (status.st_mtime, file.read(KEPT), status.st_size <= KEPT)
            except FileNotFoundError:
                continue
        found = []
        for name, (time, head, is_whole) in self.known.items():
            if mark in head:
                found.append((time, head if is_whole else (self.path / name).read_bytes()))
        return [content for _, content in sorted(found, key=lambda one: one[0])]


@dataclass
class GrowingLog:
    """A log that somebody appends to; a new file of the name is begun anew."""

    path: Path
    identity: tuple[int, int] = (0, 0)
    offset: int = 0
    text: str = ""
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> str:
        with self.lock:
            return self._read()

    def _read(self) -> str:
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            if (status.st_dev, status.st_ino) != self.identity or status.st_size < self.offset:
                self.identity, self.offset, self.text = (status.st_dev, status.st_ino), 0, ""
                self.decoder.reset()
            file.seek(self.offset)
            more = file.read()
        self.offset += len(more)
        if more:
            self.text += self.decoder.decode(more)
        return self.text
