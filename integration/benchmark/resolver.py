"""How many validated answers a second unbound gives, cold and warm: what a relay's lookups can cost at the least.

It is the resolver that Postfix and Exim ask; relayd has the same library in a process of its own, which the part `cold` shows at work.
"""

import select
import socket
import struct
import time
from collections.abc import Iterator

from internet import addresses

from .group import quiet
from .measure import Ground

_TYPES = {"MX": 15, "A": 1, "TLSA": 52}
OUTSTANDING = 50


def question(number: int, name: str, kind: int) -> bytes:
    """RFC 1035 §4.1, with the DO bit of RFC 3225 and the AD bit of RFC 6840 §5.7."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0x0120, 1, 0, 0, 1) + labels + struct.pack(">BHH", 0, kind, 1) + struct.pack(">BHHIH", 0, 41, 1232, 0x8000, 0)


def run(ground: Ground, order: dict) -> Iterator[dict[str, float | str]]:
    """What the deliveries to cold domains with DANE ask for."""
    numbers = range(1, order["cold"] + 1, 2)
    names = [(name.format(number), kind) for number in numbers for name, kind in
             (("c{}.bench", _TYPES["MX"]), ("mx.c{}.bench", _TYPES["A"]), ("_25._tcp.mx.c{}.bench", _TYPES["TLSA"]))]
    questions = [question(number % 65536, *asked) for number, asked in enumerate(names)]
    ground.start_resolver()
    for what, times in (("cold", 1), ("warm", 10)):
        quiet(ground.resolver)
        used, began = ground.resolver.time(), time.monotonic()
        answers, secure = _ask(questions * times)
        seconds = time.monotonic() - began
        yield {"what": f"unbound, {what}", "rate": answers / seconds, "microseconds": (ground.resolver.time() - used).total * 1e6 / answers,
               "answers": answers, "secure": secure}


def _ask(questions: list[bytes]) -> tuple[int, int]:
    """How many answers came, and how many of them were validated. A lost one is not asked for again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        link.connect((addresses.RESOLVER, 53))
        sent, answers, secure = 0, 0, 0
        while answers < len(questions):
            while sent < len(questions) and sent - answers < OUTSTANDING:
                link.send(questions[sent])
                sent += 1
            if not select.select([link], [], [], 5)[0]:
                break
            reply = link.recv(4096)
            answers += 1
            # AD, and no error.
            secure += bool(reply[3] & 0x20 and not reply[3] & 0x0F)
        if answers < len(questions) * 0.99:
            raise RuntimeError(f"{len(questions) - answers} of {len(questions)} answers have not come")
        return answers, secure
