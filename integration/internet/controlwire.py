"""The control sockets as nobody's own client sees them: octets of HTTP, who may connect, and the orders that relayd's source knows."""

import re
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .relay import CHECKOUT, Relay, program

NOBODY = 65534
SOURCE = CHECKOUT / "Sources" / "Relay" / "Operations" / "Control"


def opened(path: Path, octets: bytes = b"", timeout: float = 20) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(timeout)
    link.connect(str(path))
    link.sendall(octets)
    return link


def rest_of(link: socket.socket) -> bytes:
    """All that still comes."""
    found = b""
    try:
        while part := link.recv(65536):
            found += part
    except ConnectionError:
        pass
    return found


def asked(path: Path, head: str, body: bytes = b"") -> tuple[int, str]:
    """Status and body of the answer to a request whose line, and whose fields, are these."""
    with opened(path, head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body) as link:
        answer = rest_of(link).decode()
    return int(answer.split(" ", 2)[1]), answer.partition("\r\n\r\n")[2]


def poured(path: Path, first: bytes, piece: bytes, most: int) -> tuple[int, bytes]:
    """How much is sent before relayd has had enough, and its last words."""
    sent = len(first)
    with opened(path, first) as link:
        try:
            while sent < most:
                link.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            pass
        return sent, rest_of(link)


def relayctl_as(groups: tuple[int, ...], path: Path, *words: str) -> tuple[int, str, str]:
    """relayctl, called by somebody without rights who is in these groups. It may lie where he could not reach it."""
    with open(program("relayctl"), "rb") as file:
        done = subprocess.run([f"/proc/self/fd/{file.fileno()}", *words, "--socket", str(path)], pass_fds=(file.fileno(),), user=NOBODY, group=NOBODY,
                              extra_groups=groups, capture_output=True, text=True, timeout=60, cwd="/")
    return done.returncode, done.stdout, done.stderr


@contextmanager
def crowding(path: Path, count: int, octets: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections that say no more than this."""
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            held.append(opened(path, octets))
        yield held
    finally:
        for link in held:
            link.close()


def memory(relay: Relay) -> int:
    """Bytes it holds now."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{relay.pid}/status").read_text(), re.M)
    assert found
    return int(found[1]) * 1024


def orders_of_source() -> set[str]:
    """What relayd takes by POST alone, as its source names it: the cases of `isOrder`, and the verbs about the queue."""
    found: set[str] = set()
    for file in sorted(SOURCE.glob("*.swift")):
        for body in re.findall(r"var isOrder: Bool \{(.*?)\n    \}", file.read_text(), re.S):
            for line in body.splitlines():
                if "true" in line and "case" in line:
                    found |= set(re.findall(r"\.([a-zA-Z]+)", line.split("true")[0]))
    verbs = re.search(r"enum QueueVerb.*?\n\}", (SOURCE / "QueueSelectors.swift").read_text(), re.S)
    assert verbs and "order" in found
    return found - {"order"} | {f"order {verb}" for verb in re.findall(r"^    case (\w+)", verbs[0], re.M)}


def questions_of_source() -> list[str]:
    """The paths that relayd names to whoever asks for something else."""
    listed = re.search(r"static let questions = \[(.*?)\]", (SOURCE / "ControlPlace.swift").read_text(), re.S)
    assert listed
    return [f"/v1/{place}" for place in re.findall(r'"([^"]+)"', listed[1])]


def answers(path: Path, message: str, domain: str) -> dict[str, tuple[int, str]]:
    """Status and body of each question that relayd names, about a message of the queue and a domain."""
    about = f"?key={message}"
    keys = {"trace": about, "explain": about, "bundle": about, "letter": f"?key={domain}", "compliance": "?since=2026-01-01"}
    return {question: asked(path, f"GET {question.replace('ID', message).replace('NAME', domain).replace('DOMAIN', domain)}"
                                  f"{keys.get(question.rsplit('/', 1)[-1], '')} HTTP/1.1") for question in questions_of_source()}
