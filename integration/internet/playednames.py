"""Name servers that a scenario plays itself: they count who asks what, and answer as a function of the scenario says."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from . import addresses
from .dnsfaults import CODES, empty, question

# A query, and whether it came over TCP; None: no answer.
Play = Callable[[bytes, bool], bytes | None]


def asked_size(query: bytes) -> int:
    """How large an answer over UDP may be: what EDNS says, which is the last record of a query here."""
    _, _, end = question(query)
    if struct.unpack_from("!H", query, 10)[0] == 0 or query[end:end + 3] != b"\0\0\x29":
        return 512
    return max(512, struct.unpack_from("!H", query, end + 3)[0])


def over_tcp(query: bytes, server: str) -> bytes:
    """The truth."""
    with socket.create_connection((server, 53), timeout=5) as link:
        link.sendall(struct.pack("!H", len(query)) + query)
        stream = link.makefile("rb")
        return stream.read(struct.unpack("!H", stream.read(2))[0])


def fitting(query: bytes, answer: bytes) -> bytes:
    """Over UDP: cut short where it is larger than asked for."""
    return answer if len(answer) <= asked_size(query) else empty(query, 0x0200)


def refuse(query: bytes, _: bool) -> bytes:
    return empty(query, CODES["SERVFAIL"])


def forge_authenticated(query: bytes, is_tcp: bool) -> bytes:
    """What the bed's resolver says, with AD: "all of this was validated"."""
    answer = over_tcp(query, addresses.RESOLVER)
    answer = answer[:3] + bytes((answer[3] | 0x20,)) + answer[4:]
    return answer if is_tcp else fitting(query, answer)


class PlayedNameServer:
    """UDP and TCP of one address. Use as a context; `questions` are the names and types that were asked, in order."""

    def __init__(self, address: str, play: Play) -> None:
        self.address, self.play = address, play
        self.questions: list[tuple[str, int]] = []

    def __enter__(self) -> "PlayedNameServer":
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((self.address, 53))
        self.listener = socket.create_server((self.address, 53), backlog=64)
        threading.Thread(target=self._receive, daemon=True).start()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for one in (self.datagrams, self.listener):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _answer(self, query: bytes, is_tcp: bool) -> bytes | None:
        name, kind, _ = question(query)
        self.questions.append((name, kind))
        return self.play(query, is_tcp)

    def _receive(self) -> None:
        while True:
            try:
                query, peer = self.datagrams.recvfrom(65_535)
            except OSError:
                return
            threading.Thread(target=self._reply, args=(query, peer), daemon=True).start()

    def _reply(self, query: bytes, peer: tuple[str, int]) -> None:
        with suppress(OSError, IndexError, struct.error):
            if (answer := self._answer(query, False)) is not None:
                self.datagrams.sendto(answer, peer)

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._stream, args=(link,), daemon=True).start()

    def _stream(self, link: socket.socket) -> None:
        with suppress(OSError, IndexError, struct.error), link:
            link.settimeout(30)
            stream = link.makefile("rb")
            while len(size := stream.read(2)) == 2:
                if (answer := self._answer(stream.read(struct.unpack("!H", size)[0]), True)) is not None:
                    link.sendall(struct.pack("!H", len(answer)) + answer)
