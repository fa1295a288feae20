"""Injectors that write a synced ledger of every 250 they got, and the audit of what became of those messages."""

import hashlib
import os
import random
import socket
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import addresses
from .inside import Bed
from .submission import digest_is_right


class Ledger:
    """One line for each acknowledged message: identity and recipients. On disk before the next message goes out."""

    def __init__(self, path: Path) -> None:
        self.file = open(path, "ab")
        self.lock = threading.Lock()
        self.acknowledged: dict[str, tuple[str, ...]] = {}

    def write(self, identity: str, recipients: tuple[str, ...]) -> None:
        with self.lock:
            self.file.write(f"{identity} {' '.join(recipients)}\n".encode())
            self.file.flush()
            os.fdatasync(self.file.fileno())
            self.acknowledged[identity] = recipients


class Injector(threading.Thread):
    """Sends one message after the other over a connection as long as it lasts, with `pause` seconds between them."""

    def __init__(self, name: str, address: str, domains: tuple[str, ...], ledger: Ledger, stop: threading.Event,
                 pause: float, sizes: tuple[int, ...] = (400, 400, 400, 20_000, 300_000)) -> None:
        super().__init__(daemon=True)
        self.prefix, self.address, self.domains, self.ledger, self.stop = name, address, domains, ledger, stop
        self.pause, self.sizes = pause, sizes
        self.random = random.Random(name)
        self.refused: Counter[str] = Counter()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                try:
                    self.session()
                except OSError:
                    self.stop.wait(0.02)
        except Exception as error:  # noqa: BLE001 -- the scenario reads it
            self.error = error

    def session(self) -> None:
        with socket.create_connection((self.address, addresses.RELAY_PORT), timeout=30) as link:
            replies = link.makefile("rb")

            def ask(command: bytes) -> bytes:
                link.sendall(command)
                while (line := replies.readline())[3:4] == b"-":
                    pass
                if not line.endswith(b"\n"):
                    raise ConnectionError("the relay went away")
                return line

            ask(b"")
            ask(b"EHLO injector.example\r\n")
            while not self.stop.is_set():
                self.message(ask)
                self.stop.wait(self.pause)

    def message(self, ask) -> None:  # noqa: ANN001
        identity = f"{self.prefix}-{uuid.uuid4().hex[:16]}"
        chosen = self.random.sample(self.domains, self.random.choice((1, 1, 2)))
        recipients = tuple(f"someone@{domain}" for domain in chosen)
        body = (identity.encode() + b" x\r\n") * (self.random.choice(self.sizes) // 26)
        digest = hashlib.sha256(body.replace(b"\r\n", b"\n")).hexdigest()
        head = f"Subject: {identity}\r\nX-Bed-Identity: {identity}\r\nX-Bed-Digest: {digest}\r\n\r\n"
        replies = [ask(f"MAIL FROM:<{identity}@{addresses.SENDER_DOMAIN}>\r\n".encode())]
        replies += [ask(f"RCPT TO:<{recipient}>\r\n".encode()) for recipient in recipients]
        if all(reply.startswith(b"250") for reply in replies):
            replies.append(ask(b"DATA\r\n"))
            if replies[-1].startswith(b"354"):
                replies.append(ask(head.encode() + body + b".\r\n"))
                if replies[-1].startswith(b"250"):
                    return self.ledger.write(identity, recipients)
        self.refused[replies[-1][:60].decode(errors="replace").strip()] += 1
        ask(b"RSET\r\n")


@dataclass
class Audit:
    """What of the acknowledged mail is where."""

    copies: Counter[tuple[str, str]] = field(default_factory=Counter)
    mangled: list[str] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    unacknowledged: int = 0

    @property
    def duplicates(self) -> int:
        return sum(count - 1 for count in self.copies.values())


def read_maildirs(bed: Bed, domains: tuple[str, ...], prefix: str, known: dict[Path, str]) -> None:
    """Adds files not seen before to `known`: path to identity, "" for other mail, "!NAME" for a mangled message."""
    for domain in domains:
        for entry in os.scandir(bed.maildir(domain) / "new"):
            path = Path(entry.path)
            if path in known:
                continue
            stored = path.read_bytes()
            lines = stored.split(b"\n\n", 1)[0].split(b"\n")
            identity = next((line[16:].strip().decode() for line in lines if line.startswith(b"X-Bed-Identity: ")), "")
            if not identity.startswith(prefix):
                known[path] = ""
            else:
                known[path] = identity if digest_is_right(stored) else f"!{identity}"


def audit(bed: Bed, domains: tuple[str, ...], prefix: str, acknowledged: dict[str, tuple[str, ...]], known: dict[Path, str]) -> Audit:
    read_maildirs(bed, domains, prefix, known)
    result = Audit()
    for path, identity in known.items():
        if identity.startswith("!"):
            result.mangled.append(f"{path.parent.parent.name}: {identity[1:]}")
        elif identity:
            result.copies[identity, path.parent.parent.name] += 1
    wanted = {(identity, recipient.split("@")[1]) for identity, recipients in acknowledged.items() for recipient in recipients}
    result.missing = sorted(wanted - set(result.copies))
    result.unacknowledged = len({identity for identity, _ in result.copies} - set(acknowledged))
    return result


def wait_until_settled(bed: Bed, domains: tuple[str, ...], prefix: str, acknowledged: dict[str, tuple[str, ...]], limit: float) -> Audit:
    """Until nothing is missing, or `limit` seconds are over."""
    known: dict[Path, str] = {}
    end = time.monotonic() + limit
    while True:
        found = audit(bed, domains, prefix, acknowledged, known)
        if not found.missing or time.monotonic() > end:
            return found
        time.sleep(1)
