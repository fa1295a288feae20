"""A DNS server that lies as told: it passes queries on to ZONE_SERVER, except those named in a domain's `faults`.

Faults are "name type what"; what: SERVFAIL, REFUSED, NOTIMP, FORMERR, NXDOMAIN (forged: no proof), drop;
TC (cut short over UDP, whole over TCP), TC-refused and TC-stall (then TCP is closed, or says nothing);
wrong-id, wrong-question (a false answer comes before the true one, as of somebody who guesses), torn (an answer that ends within its records).
A * stands for one label at the beginning of a name. A file with a domain's name in the folder MENDED of the run folder ends its faults (changes.py).
Each question is a line "NAME TYPE" of the file QUESTIONS.
"""

import asyncio
import struct
import sys
from pathlib import Path

from . import addresses
from .domains import DOMAINS, absolute

TYPES = {"A": 1, "NS": 2, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52}
# Below the working folder, which is the run folder.
MENDED = "dns-mended"
QUESTIONS = "log/dns-questions.log"
CODES = {"FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}

Faults = dict[tuple[str, int], str]


def faults_of_table() -> Faults:
    faults: Faults = {}
    for domain in DOMAINS:
        for line in domain.faults:
            name, kind, what = line.split()
            faults[absolute(name, domain.name).lower(), TYPES[kind]] = what
    return faults


def question(query: bytes) -> tuple[str, int, int]:
    """Name in lower case, type, and where the question section ends."""
    labels, at = [], 12
    while (length := query[at]) != 0:
        labels.append(query[at + 1:at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    kind = struct.unpack_from("!H", query, at + 1)[0]
    return ".".join(labels), kind, at + 5


def fault_of(query: bytes, faults: Faults) -> str:
    """What is to be done to it; empty where the truth is to be told."""
    name, kind, _ = question(query)
    mended = any(name.endswith(f".{path.name}") for path in Path(MENDED).glob("*"))
    return "" if mended else faults.get((name, kind)) or faults.get(("*." + name.partition(".")[2], kind), "")


def note_question(query: bytes) -> None:
    name, kind, _ = question(query)
    word = next((word for word, number in TYPES.items() if number == kind), str(kind))
    with open(QUESTIONS, "a") as log:
        log.write(f"{name} {word}\n")


def questions(folder: Path, name: str) -> list[str]:
    """The types that were asked of this name, in order; none before the first question to this server at all."""
    log = folder / QUESTIONS
    return [kind for asked, kind in map(str.split, log.read_text().splitlines() if log.exists() else ()) if asked == name]


def empty(query: bytes, more: int) -> bytes:
    """An answer without records; `more`: flags and code."""
    _, _, end = question(query)
    flags = 0x8000 | (struct.unpack_from("!H", query, 2)[0] & 0x0110) | more
    return query[:2] + struct.pack("!HHHHH", flags, 1, 0, 0, 0) + query[12:end]


async def answers(query: bytes, faults: Faults, over_tcp: bool) -> list[bytes] | None:
    """What is sent, in order; None: nothing, and a connection is closed."""
    note_question(query)
    what = fault_of(query, faults)
    if code := CODES.get(what):
        return [empty(query, code)]
    if what == "drop":
        return []
    if what.startswith("TC"):
        if not over_tcp:
            return [empty(query, 0x0200)]
        if what != "TC":
            return None if what == "TC-refused" else []
    truth = await ask_truth(query)
    if what == "wrong-id":
        return [bytes([truth[0] ^ 0x55, truth[1] ^ 0xAA]) + empty(query, 3)[2:], truth]
    if what == "wrong-question":
        other = empty(query, 3)
        return [other[:13] + bytes([other[13] ^ 1]) + other[14:], truth]
    if what == "torn":
        return [truth[:len(truth) - len(truth) // 3]]
    return [truth]


async def ask_truth(query: bytes) -> bytes:
    """Over TCP always: no truncation, and the backend is next door."""
    reader, writer = await asyncio.open_connection(addresses.ZONE_SERVER, 53)
    try:
        writer.write(struct.pack("!H", len(query)) + query)
        length = struct.unpack("!H", await reader.readexactly(2))[0]
        return await reader.readexactly(length)
    finally:
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, query: bytes, peer: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(query, peer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, query: bytes, peer: tuple[str, int]) -> None:
        try:
            replies = await answers(query, self.faults, over_tcp=False) or []
        except (OSError, IndexError, struct.error, asyncio.IncompleteReadError) as error:
            print(f"{peer}: {error!r}", file=sys.stderr, flush=True)
            return
        for reply in replies:
            self.transport.sendto(reply, peer)  # type: ignore[attr-defined]


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Faults) -> None:
    try:
        while True:
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            replies = await answers(await reader.readexactly(length), faults, over_tcp=True)
            if replies is None:
                writer.close()
                return
            for reply in replies:
                writer.write(struct.pack("!H", len(reply)) + reply)
    except (OSError, IndexError, asyncio.IncompleteReadError):
        writer.close()


async def main() -> None:
    faults = faults_of_table()
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(faults), local_addr=(addresses.FAULTY_SERVER, 53))
    server = await asyncio.start_server(lambda r, w: _stream(r, w, faults), addresses.FAULTY_SERVER, 53)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
