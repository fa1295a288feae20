"""Mail hosts that a scenario opens itself, at addresses of their own, and shuts as it likes; and what counts who knocks at them.

They speak no TLS, take what they are given and keep no mail: only who came when, how many at once, and what envelopes they brought.
"""

import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Iterable

from . import addresses

GREETING = b"220 own.example ESMTP\r\n"
EHLO = b"250-own.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 150000000\r\n"


@dataclass(frozen=True)
class Taken:
    """A letter that was acknowledged."""

    time: float  # monotonic
    sender: str
    recipient: str
    connects: int  # connections the host had ever had by then


class OwnHost:
    """One address, port 25. Use as a context; `pause` is how many seconds each letter takes, `puts_off` makes it say 451 to every RCPT."""

    def __init__(self, address: str, pause: float = 0.0) -> None:
        self.address, self.pause, self.puts_off = address, pause, False
        self.taken: list[Taken] = []
        self.connects: list[float] = []
        self.now, self.most = 0, 0  # connections open
        self.loop = asyncio.new_event_loop()
        self.server: asyncio.Server | None = None
        self.links: set[asyncio.StreamWriter] = set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> "OwnHost":
        self.thread.start()
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def open(self) -> None:
        asyncio.run_coroutine_threadsafe(self._open(), self.loop).result(10)

    def shut(self) -> None:
        """Refuses connections and drops those there are, until it is opened again."""
        asyncio.run_coroutine_threadsafe(self._shut(), self.loop).result(10)

    async def _open(self) -> None:
        self.server = await asyncio.start_server(self._serve, self.address, 25, backlog=256, limit=1 << 20)

    async def _shut(self) -> None:
        if self.server:
            self.server.close()
            self.server = None
        for writer in list(self.links):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects.append(time.monotonic())
        self.now += 1
        self.most = max(self.most, self.now)
        self.links.add(writer)
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            self.now -= 1
            self.links.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        sender, recipients = "", []
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(EHLO)
            elif verb == b"MAIL":
                sender, recipients = _path(line), []
                writer.write(b"250 2.1.0 ok\r\n")
            elif verb == b"RCPT" and self.puts_off:
                writer.write(b"451 4.2.1 not now\r\n")
            elif verb == b"RCPT":
                recipients.append(_path(line))
                writer.write(b"250 2.1.5 ok\r\n")
            elif verb == b"DATA" and not recipients:
                writer.write(b"554 5.5.1 no valid recipients\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                if self.pause:
                    await asyncio.sleep(self.pause)
                self.taken += [Taken(time.monotonic(), sender, recipient, len(self.connects)) for recipient in recipients]
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return await writer.drain()
            else:
                writer.write(b"250 2.0.0 ok\r\n")
            await writer.drain()

    def copies(self) -> Counter[tuple[str, str]]:
        """How often each letter came: sender and recipient."""
        return Counter((one.sender, one.recipient) for one in list(self.taken))

    def first(self, sender: str, recipient: str = "") -> Taken | None:
        return next((one for one in list(self.taken) if one.sender == sender and recipient in ("", one.recipient)), None)


def _path(line: bytes) -> str:
    return line[line.index(b"<") + 1:line.index(b">")].decode()


class Silence:
    """An address that answers no connection request, not even with a refusal: its queue of them is full."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __enter__(self) -> "Silence":
        self.listener = socket.create_server((self.address, 25), backlog=0)
        self.fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self.address, 25))
            self.fillers.append(filler)
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self.fillers, self.listener):
            one.close()


class Knocks:
    """Counts who wants to connect to an address, whether or not anybody is there: requests by their source port."""

    def __init__(self, address: str) -> None:
        self.address, self.sources = address, []  # type: str, list[int]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)

    def __enter__(self) -> "Knocks":
        self.socket.bind((self.address, 0))
        self.socket.settimeout(0.2)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self.socket.close()

    def _listen(self) -> None:
        while not self.over.is_set():
            try:
                packet = self.socket.recv(2048)
            except TimeoutError:
                continue
            tcp = packet[4 * (packet[0] & 15):]
            source, target = struct.unpack_from("!HH", tcp)
            # SYN without ACK; the same port again is the kernel's own repetition.
            if target == 25 and tcp[13] & 0x12 == 0x02 and source not in self.sources:
                self.sources.append(source)

    @property
    def count(self) -> int:
        return len(self.sources)


def pour(address: str, sender: str, recipients: Iterable[str], connections: int = 8, size: int = 600,
         port: int = addresses.RELAY_PORT) -> list[str]:
    """One letter to each of these, as fast as they are taken; those that got a 250. Their Message-IDs are <RECIPIENT.SENDER>."""
    waiting, taken, lock = iter(recipients), [], threading.Lock()
    errors: list[Exception] = []

    def work() -> None:
        try:
            with socket.create_connection((address, port), timeout=120) as link:
                replies = link.makefile("rb")

                def expect(code: bytes) -> None:
                    while (line := replies.readline())[3:4] == b"-":
                        pass
                    if not line.startswith(code):
                        raise ConnectionError(f"wanted {code!r}: {line!r}")

                expect(b"220")
                link.sendall(b"EHLO injector.example\r\n")
                expect(b"250")
                while True:
                    with lock:
                        recipient = next(waiting, None)
                    if recipient is None:
                        return
                    link.sendall(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
                    for code in (b"250", b"250", b"354"):
                        expect(code)
                    head = f"From: {sender}\r\nTo: {recipient}\r\nMessage-ID: <{recipient}.{sender}>\r\n\r\n".encode()
                    link.sendall(head + b"%070d\r\n" % 4 * max(1, (size - len(head)) // 72) + b".\r\n")
                    expect(b"250")
                    with lock:
                        taken.append(recipient)
        except (OSError, ValueError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return taken
