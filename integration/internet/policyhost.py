"""HTTPS hosts that a scenario plays itself: policy hosts and report endpoints that answer what no honest server would.

An answer is a function that gets the exchange and writes octets. Each name has a certificate of the public CA.
"""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from . import certificates
from .inside import Bed

POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: other.example\r\nmax_age: 86400\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
MEGABYTE = 1 << 20
# What an endless answer would come to. It is never sent: a client that takes it all has failed by then.
ENDLESS = 1 << 30


class Exchange:
    """One connection: what was asked, how much of the answer was sent, and how long the client stayed."""

    def __init__(self, name: str, link: ssl.SSLSocket, host: "PolicyHost") -> None:
        self.name, self.link, self.host = name, link, host
        self.request, self.sent, self.seconds = b"", 0, 0.0

    def read(self) -> None:
        """The request: its head, and a body of the length it says."""
        while b"\r\n\r\n" not in self.request:
            part = self.link.recv(65_536)
            if not part:
                raise EOFError
            self.request += part
        head, _, body = self.request.partition(b"\r\n\r\n")
        sizes = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < sum(sizes):
            part = self.link.recv(65_536)
            if not part:
                raise EOFError
            body += part

    def send(self, octets: bytes) -> None:
        self.link.sendall(octets)
        self.sent += len(octets)

    def field(self, name: bytes) -> bytes | None:
        """Of the request's head."""
        lines = (line.partition(b":") for line in self.request.split(b"\r\n\r\n")[0].split(b"\r\n"))
        return next((value.strip() for word, _, value in lines if word.lower() == name.lower()), None)

    @property
    def path(self) -> str:
        return self.request.split(b" ", 2)[1].decode()


Answer = Callable[[Exchange], None]


class PolicyHost:
    """One address, port 443. Use as a context. `answers` by name; a name that is none of them is not served.

    `stems`: files of certificates that exist, by name; else each name gets one. `more`: further addresses of the same host.
    """

    def __init__(self, bed: Bed, address: str, answers: dict[str, Answer], stems: dict[str, Path] | None = None, more: tuple[str, ...] = ()) -> None:
        self.bed, self.addresses, self.answers = bed, (address, *more), answers
        self.listeners: list[socket.socket] = []
        self.connects = 0
        self.exchanges: list[Exchange] = []
        self.now = self.most = 0  # connections open
        self.lock = threading.Lock()
        self.over = threading.Event()
        with ThreadPoolExecutor(2) as pool:
            stems = stems or dict(zip(answers, pool.map(self._stem, answers)))
        of_stems = {stem: _context(stem) for stem in set(stems.values())}
        self.contexts = {name: of_stems[stem] for name, stem in stems.items()}

    def _stem(self, name: str) -> Path:
        folder = self.bed.folder / "certificates"
        if not (folder / f"{name}.crt").exists():
            certificates.make(folder, name, "webpki")
        return folder / name

    def __enter__(self) -> "PolicyHost":
        for address in self.addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = socket.create_server((address, 443), family=family, backlog=256)
            self.listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over.set()
        for listener in self.listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def of(self, name: str) -> list[Exchange]:
        """The exchanges of a name that are over."""
        with self.lock:
            return [exchange for exchange in self.exchanges if exchange.name == name]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.connects += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        asked: list[str] = []

        def choose(link: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
            if name not in self.contexts:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            asked.append(name)
            link.context = self.contexts[name]
            return None

        began = time.monotonic()
        exchange: Exchange | None = None
        try:
            peer.settimeout(60)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.sni_callback = choose  # type: ignore[assignment]
            with context.wrap_socket(peer, server_side=True) as link:
                exchange = Exchange(asked[0], link, self)
                exchange.read()
                self.answers[exchange.name](exchange)
                link.unwrap()
        except (OSError, EOFError, IndexError):
            pass
        finally:
            peer.close()
            with self.lock:
                self.now -= 1
                if exchange:
                    exchange.seconds = time.monotonic() - began
                    self.exchanges.append(exchange)


def _context(stem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{stem}.crt", f"{stem}.key")
    return context


# Answers.

def say(head: bytes, body: bytes = b"", length: int | None = None) -> Answer:
    """The head goes without its length and the empty line."""
    def answer(exchange: Exchange) -> None:
        exchange.send(head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % (len(body) if length is None else length) + body)
    return answer


def flood(head: bytes, piece: bytes, size: int = ENDLESS) -> Answer:
    """The piece again and again."""
    def answer(exchange: Exchange) -> None:
        exchange.send(head)
        block = piece * max(1, 65_536 // len(piece))
        while exchange.sent < size and not exchange.host.over.is_set():
            exchange.send(block)
    return answer


def drip(head: bytes, piece: bytes, every: float) -> Answer:
    """The same with a pause each time."""
    def answer(exchange: Exchange) -> None:
        exchange.send(head)
        while not exchange.host.over.wait(every):
            exchange.send(piece)
    return answer


def bomb(size: int) -> bytes:
    """A policy and blank lines, which gzip makes a thousand times smaller."""
    return gzip.compress(POLICY + b"\n" * size, 9)


FAULTS: dict[str, Answer] = {
    # RFC 8461 §3.3 suggests 64 KB; one more is too many.
    "too-long": say(OK, (POLICY + (b"x-filler: " + b"x" * 52 + b"\r\n") * 1100)[:65_537]),
    "a-gigabyte": flood(OK + b"Content-Length: %d\r\n\r\n" % ENDLESS + POLICY, b"x-filler: x\r\n"),
    "chunks": flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4094 + b"\r\n" + b"\r\n"),
    "says-more": say(OK, POLICY, len(POLICY) + 100),
    "says-less": say(OK, POLICY, 20),
    "gzip": say(OK + b"Content-Encoding: gzip\r\n", bomb(50 * MEGABYTE)),
    "drips": drip(OK + b"Content-Length: %d\r\n\r\n" % len(POLICY), POLICY[:1], 1),
    "endless-head": drip(OK, b"X-More: and more\r\n", 0.5),
    "big-head": flood(OK, b"X-More: " + b"x" * 54 + b"\r\n"),
}
