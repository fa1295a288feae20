"""Mail hosts with STARTTLS that a scenario opens itself and turns from right to wrong and back while they run.

They keep no mail: only who connected how often, how many MAIL commands there were, and which envelopes were taken.
"""

import shutil
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from . import certificates
from .answerdomains import ADDRESS
from .inside import Bed
from .scripted import Connection, Part

# Instead of a kind of certificate: STARTTLS is not offered; it is answered with 220, and then the host hangs up.
NO_STARTTLS, HANGS_UP = "none", "hangs-up"


@dataclass(frozen=True)
class Taken:
    """A letter that was acknowledged."""

    sender: str
    recipients: tuple[str, ...]
    secure: bool


class _Session(Connection):
    host: "ChangingHost"

    def extensions(self) -> list[str]:
        if self.secure:
            return ["REQUIRETLS"] if self.host.requiretls else []
        return [] if self.host.kind == NO_STARTTLS else ["STARTTLS"]

    def start_tls(self) -> bool:
        context = self.host.context
        if not context and self.host.kind == NO_STARTTLS:
            self.say("502 5.5.1 no STARTTLS here")
            return True
        self.say("220 2.0.0 go ahead")
        if not context:
            return False
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.buffer, self.secure = b"", True
        return True


class ChangingHost(Part):
    """`mx` of a domain of answerdomains.py. Use as a context."""

    def __init__(self, bed: Bed, domain: str, kind: str = "self-signed", requiretls: bool = False) -> None:
        self.bed, self.domain, self.requiretls = bed, domain, requiretls
        self.address = ADDRESS[domain]
        super().__init__(f"mx.{domain}", "changing", None)
        self.connects, self.mails = 0, 0
        self.taken: list[Taken] = []
        self.lock = threading.Lock()
        self.show(kind)

    def show(self, kind: str) -> None:
        """What clients are shown from now on: a certificate of this kind (certificates.py), NO_STARTTLS or HANGS_UP."""
        context = None
        if kind not in (NO_STARTTLS, HANGS_UP):
            folder = self.folder(kind)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / f"{self.name}.crt", folder / f"{self.name}.key")
        # A context of its own for each: no session of the one before is resumed.
        self.kind, self.context = kind, context

    def folder(self, kind: str) -> Path:
        """Where its certificate of this kind lies; made at the first time."""
        folder = self.bed.folder / "changing" / kind
        if not (folder / f"{self.name}.pem").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for authority in (certificates.PRIVATE_CA, certificates.WEBPKI, certificates.INTERMEDIATE):
                for end in ("crt", "key"):
                    shutil.copy(self.bed.folder / "certificates" / f"{authority}.{end}", folder)
            certificates.make(folder, self.name, kind, self.domain)
        return folder

    def tlsa(self, kind: str, record: str = "3 1 1 own") -> str:
        """A TLSA record for its certificate of this kind, as a line of the domain's zone."""
        return f"_25._tcp.mx 2 TLSA {certificates.tlsa(self.folder(kind), self.name, record)}"

    def __enter__(self) -> "ChangingHost":
        self.listener = socket.create_server((self.address, 25), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.listener.fileno() < 0:
            return
        # Wakes the thread that waits in accept, too.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connects += 1
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        session = _Session(self, peer)
        try:
            peer.settimeout(60)
            session.serve()
        except OSError:
            pass
        finally:
            session.socket.close()

    def note(self, who: str, line: str) -> None:
        if who == "C" and line.upper().startswith("MAIL FROM:"):
            with self.lock:
                self.mails += 1

    def deliver(self, sender: str, recipients: list[str], content: bytes, secure: bool) -> None:
        with self.lock:
            self.taken.append(Taken(sender.strip("<>"), tuple(one.strip("<>") for one in recipients), secure))

    def got(self, sender: str) -> list[Taken]:
        return [one for one in list(self.taken) if one.sender == sender]
