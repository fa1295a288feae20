"""Mail hosts that a scenario plays itself, with TLS, and changes while mail flows: certificate, STARTTLS, what they say of the time."""

import shutil
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType

from . import certificates
from .inside import Bed
from .scripted import Connection, Part


@dataclass(frozen=True)
class Taken:
    """A letter that was acknowledged."""

    sender: str
    secure: bool


class ChangingHost(Part):
    """One address, port 25. As a context. What changes holds from the next connection on; those there are get closed."""

    def __init__(self, name: str, address: str, certificate: Path | None = None) -> None:
        """`certificate`: a stem, of which there are .crt and .key; without one it has no STARTTLS."""
        super().__init__(name, "changing", None)
        self.address = address
        self.taken: list[Taken] = []
        self.greets_with: timedelta | None = None  # the greeting has a date, off by so much
        self.lock = threading.Lock()
        self.listener: socket.socket | None = None
        self.links: set[socket.socket] = set()
        self.show(certificate)

    def __enter__(self) -> "ChangingHost":
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shut()

    def show(self, certificate: Path | None) -> None:
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        self.context = context
        self.hang_up()

    def date(self, off: timedelta | None) -> None:
        self.greets_with = off
        self.hang_up()

    def open(self) -> None:
        self.listener = socket.create_server((self.address, 25), backlog=64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuses connections and ends those there are, until it is opened again."""
        if self.listener:
            with suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.hang_up()

    def hang_up(self) -> None:
        with self.lock:
            links = list(self.links)
        for link in links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def took(self, sender: str) -> Taken | None:
        with self.lock:
            return next((one for one in self.taken if one.sender == f"<{sender}>"), None)

    def deliver(self, sender: str, recipients: list[str], content: bytes, secure: bool) -> None:
        with self.lock:
            self.taken.append(Taken(sender, secure))

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        # Another handle: the one that becomes TLS's cannot be reached any more.
        link = peer.dup()
        with self.lock:
            self.links.add(link)
        session = _Session(self, peer)
        try:
            peer.settimeout(60)
            # Replies to a batch of commands go out one by one: none of them waits for the acknowledgement of the one before.
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session.serve()
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.links.discard(link)
            session.socket.close()
            link.close()


class _Session(Connection):
    host: ChangingHost

    def __init__(self, host: ChangingHost, peer: socket.socket) -> None:
        super().__init__(host, peer)
        self.context = host.context  # as it is when the connection begins

    def greeting(self) -> str:
        off = self.host.greets_with
        return super().greeting() + ("" if off is None else f"; {format_datetime(datetime.now(timezone.utc) + off)}")

    def extensions(self) -> list[str]:
        return ["STARTTLS"] if self.context and not self.secure else []

    def start_tls(self) -> bool:
        assert self.context
        self.say("220 2.0.0 go ahead")
        self.socket = self.context.wrap_socket(self.socket, server_side=True)
        self.buffer, self.secure = b"", True
        return True


def certificate(bed: Bed, folder: Path, name: str, kind: str) -> Path:
    """A new key and certificate for a host, of a kind of certificates.py, or `webpki-root`: by the public CA itself. Its stem.

    TLSA records of `own` are of the one that was made last.
    """
    keys = bed.folder / "certificates"
    if kind == "webpki-root":
        certificates.make_by(keys, name, certificates.WEBPKI)
    else:
        certificates.make(keys, name, kind)
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("crt", "key"):
        shutil.copy(keys / f"{name}.{ending}", folder / f"{name}.{kind}.{ending}")
    return folder / f"{name}.{kind}"
