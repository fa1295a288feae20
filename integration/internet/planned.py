"""A mail host that does as a plan says: at each command either what an honest server does, or a fault.

A plan is {place: act}. Places: "connect", "EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "." and "QUIT"; a number behind a place
("RCPT 3") is its third time in the session, and goes before the bare place. An act is octets that are said instead of the usual reply, or
a function that is given the session and returns what `Session.serve` is to do: True to go on, False to hang up.
"""

import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

Act = bytes | Callable[["Session"], bool]
Plan = dict[str, Act]


@dataclass
class Taken:
    """A letter that was acknowledged, or would have been: `said` is whether the host got so far as to say so."""

    sender: str
    recipients: list[str]
    content: bytes
    secure: bool
    said: bool


@dataclass
class PlannedHost:
    """One address, port 25, one thread a connection. Use as a context. `first`: a plan for the first connection alone."""

    address: str
    plan: Plan = field(default_factory=dict)
    first: Plan | None = None
    certificate: Path | None = None  # a stem, of which there are .crt and .key; without one there is no STARTTLS
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SIZE 150000000")
    context: ssl.SSLContext | None = None  # its TLS, where it is not just of the certificate

    def __post_init__(self) -> None:
        self.taken: list[Taken] = []
        self.lines: list[str] = []  # of all sessions, in order
        self.ahead: list[str] = []  # of those, the ones that more was sent behind without waiting
        self.secured = 0  # handshakes that came to their end
        self.connects: list[float] = []
        self.links: set[socket.socket] = set()
        if self.certificate and not self.context:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(f"{self.certificate}.crt", f"{self.certificate}.key")

    def __enter__(self) -> "PlannedHost":
        self.listener = socket.create_server((self.address, 25), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for link in list(self.links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def copies(self, sender: str) -> int:
        """How often a letter came whole."""
        return sum(one.sender == f"<{sender}>" for one in self.taken)

    def verbs(self) -> Counter[str]:
        return Counter(line.split(" ")[0].split(":")[0].upper() for line in self.lines)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            plan = self.first if self.first is not None and not self.connects else self.plan
            self.connects.append(time.monotonic())
            threading.Thread(target=self._talk, args=(peer, plan), daemon=True).start()

    def _talk(self, peer: socket.socket, plan: Plan) -> None:
        link = peer.dup()
        self.links.add(link)
        session = Session(self, peer, plan)
        try:
            peer.settimeout(60)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session.serve()
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            self.links.discard(link)
            session.socket.close()
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()


class Session:
    def __init__(self, host: PlannedHost, peer: socket.socket, plan: Plan) -> None:
        self.host, self.socket, self.plan = host, peer, plan
        self.buffer, self.secure = b"", False
        self.sender, self.recipients = "", []  # type: str, list[str]
        self.content = b""
        self.times: Counter[str] = Counter()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def reset(self) -> None:
        """RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for link in list(self.host.links):
            with suppress(OSError):
                if link.getpeername() == self.socket.getpeername():
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.host.links.discard(link)
                    link.close()
        self.socket.close()

    def line(self) -> str | None:
        while b"\n" not in self.buffer:
            if not (part := self.socket.recv(65536)):
                return None
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        text = line.rstrip(b"\r").decode("latin-1")
        self.host.lines.append(text)
        if self.buffer:
            self.host.ahead.append(text)
        return text

    def read_content(self) -> bytes:
        while b"\r\n.\r\n" not in b"\r\n" + self.buffer:
            if not (part := self.socket.recv(65536)):
                raise ConnectionError("closed within the content")
            self.buffer += part
        whole, self.buffer = (b"\r\n" + self.buffer).split(b"\r\n.\r\n", 1)
        return whole[2:]

    def at(self, place: str, usual: bytes) -> bool:
        """Says what is to be said there. False where the session is over."""
        self.times[place] += 1
        act = self.plan.get(f"{place} {self.times[place]}", self.plan.get(place, usual))
        if callable(act):
            return act(self)
        self.send(act)
        return True

    def serve(self) -> None:
        if not self.at("connect", b"220 planned.example ESMTP\r\n"):
            return
        while (line := self.line()) is not None:
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO")):
                offered = (*self.host.extensions, *(("STARTTLS",) if self.host.context and not self.secure else ())) if verb.startswith("EHLO") else ()
                *most, last = ("planned.example", *offered)
                alive = self.at(verb[:4], ("".join(f"250-{word}\r\n" for word in most) + f"250 {last}\r\n").encode())
            elif verb == "STARTTLS":
                alive = self.at("STARTTLS", b"220 2.0.0 go ahead\r\n") and ("STARTTLS" in self.plan or start_tls(self))
            elif verb.startswith("MAIL FROM:"):
                self.sender, self.recipients = line[10:].split()[0], []
                alive = self.at("MAIL", b"250 2.1.0 ok\r\n")
            elif verb.startswith("RCPT TO:"):
                self.recipients.append(line[8:].split()[0])
                alive = self.at("RCPT", b"250 2.1.5 ok\r\n")
            elif verb == "DATA":
                alive, act = self.at("DATA", b"354 go on\r\n"), self.plan.get("DATA", b"354")
                if alive and not callable(act) and act.startswith(b"354"):
                    self.content = self.read_content()
                    letter = Taken(self.sender, self.recipients, self.content, self.secure, "." not in self.plan)
                    self.host.taken.append(letter)
                    alive = self.at(".", b"250 2.0.0 taken\r\n")
            elif verb == "QUIT":
                self.at("QUIT", b"221 2.0.0 bye\r\n")
                return
            else:
                alive = self.at(verb[:4], b"250 2.0.0 ok\r\n")
            if not alive:
                return


def start_tls(session: Session) -> bool:
    assert session.host.context
    session.socket = session.host.context.wrap_socket(session.socket, server_side=True)
    session.buffer, session.secure = b"", True
    session.host.secured += 1
    return True


def octet_by_octet(every: float) -> Act:
    """STARTTLS, and a handshake whose octets come with such a pause between them."""
    def act(session: Session) -> bool:
        assert session.host.context
        session.send(b"220 2.0.0 go ahead\r\n")
        arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        machine = session.host.context.wrap_bio(arrived, leaving, server_side=True)
        while True:
            try:
                machine.do_handshake()
                return False
            except ssl.SSLWantReadError:
                for octet in leaving.read():
                    session.send(bytes([octet]))
                    time.sleep(every)
                if not (part := session.socket.recv(65536)):
                    return False
                arrived.write(part)
    return act


def secure_and(then: Act) -> Act:
    """STARTTLS with its handshake; what happens behind it."""
    def act(session: Session) -> bool:
        session.send(b"220 2.0.0 go ahead\r\n")
        assert callable(then)
        return start_tls(session) and then(session)
    return act


# Acts.

def hang_up(session: Session) -> bool:
    return False


def reset(session: Session) -> bool:
    session.reset()
    return False


def say_and(octets: bytes, then: Act) -> Act:
    def act(session: Session) -> bool:
        session.send(octets)
        assert callable(then)
        return then(session)
    return act


def hear_and(then: Act) -> Act:
    """Once something more has come, which stays unread as far as it is more than a few octets."""
    def act(session: Session) -> bool:
        assert callable(then)
        return bool(session.socket.recv(8)) and then(session)
    return act


def go_on(session: Session) -> bool:
    return True


def say_and_hang_up(octets: bytes) -> Act:
    def act(session: Session) -> bool:
        session.send(octets)
        return False
    return act


def wait_and_say(seconds: float, octets: bytes) -> Act:
    def act(session: Session) -> bool:
        time.sleep(seconds)
        session.send(octets)
        return True
    return act


def silence(session: Session) -> bool:
    """Says nothing until the other side goes."""
    while session.socket.recv(65536):
        pass
    return False


def stop_reading(session: Session) -> bool:
    """Says 354 and takes nothing more: what is sent fills all buffers."""
    session.send(b"354 go on\r\n")
    time.sleep(60)
    return False


def flood(piece: bytes, size: int) -> Act:
    """The piece again and again, until so many octets are sent."""
    def act(session: Session) -> bool:
        block = piece * max(1, 65536 // len(piece))
        for _ in range(0, size, len(block)):
            session.send(block)
        return False
    return act


def dribble(piece: bytes, every: float) -> Act:
    """The piece again and again, with a pause each time, for ever."""
    def act(session: Session) -> bool:
        while True:
            session.send(piece)
            time.sleep(every)
    return act
