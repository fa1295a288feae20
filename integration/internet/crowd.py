"""Thousands of clients of one process: idle ones, and slow ones that send an octet now and then. One thread, by epoll."""

import random
import resource
import select
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType

from . import addresses

# Clients sit on as many addresses of 127.0.0.0/16 as keep each below the relay's limit for one client.
PER_ADDRESS = 40
CONNECT_LIMIT = 60.0  # seconds until all stand
AT_ONCE = 64  # connections in the making


def source(number: int) -> str:
    """The loopback address of client `number`."""
    block = number // PER_ADDRESS
    return f"127.0.{1 + block // 250}.{1 + block % 250}"


@dataclass
class Member:
    """One client: what it still has to say before it is where it shall be, and what it then says an octet at a time."""

    link: socket.socket
    opening: list[bytes]
    words: bytes = b""
    place: int = 0
    buffer: bytes = b""
    last: bytes = b""
    next: float = 0.0
    stands: bool = False
    is_over: bool = False


OPENING = [b"EHLO crowd.example\r\n"]
WITHIN_DATA = [*OPENING, b"MAIL FROM:<crowd@sender.example>\r\n", b"RCPT TO:<someone@good.example>\r\n", b"DATA\r\n"]
LINE = b"a line that takes its time, and is followed by others\r\n"


class Crowd:
    """`idle` clients say EHLO and no more; `slow` ones an octet each `pause` seconds, half of them within commands, half within DATA."""

    def __init__(self, address: str, idle: int, slow: int, pause: float) -> None:
        self.address, self.pause = address, pause
        self.epoll = select.epoll()
        self.members: dict[int, Member] = {}
        self.slow: list[Member] = []
        self.arrived, self.lost = 0, 0
        self.random = random.Random(7)
        self.outside = deque(self.planned(number, idle) for number in range(idle + slow))

    @staticmethod
    def planned(number: int, idle: int) -> tuple[int, list[bytes], bytes]:
        if number < idle:
            return number, list(OPENING), b""
        return (number, list(WITHIN_DATA), LINE) if number % 2 == 0 else (number, list(OPENING), b"NOOP\r\n")

    def enter(self) -> None:
        """Some more of those that are not there yet: never so many at once that the listener's queue overflows."""
        while self.outside and len(self.members) - self.standing() < AT_ONCE:
            self.join(*self.outside.popleft())

    def join(self, number: int, opening: list[bytes], words: bytes) -> None:
        link = socket.socket()
        link.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        link.bind((source(number), 0))
        link.setblocking(False)
        link.connect_ex((self.address, addresses.RELAY_PORT))
        member = self.members[link.fileno()] = Member(link, opening, words)
        if words:
            self.slow.append(member)
        self.epoll.register(link, select.EPOLLIN)

    def turn(self, limit: float) -> None:
        """What there is to read, for at most so many seconds."""
        for number, _ in self.epoll.poll(limit, 1024):
            member = self.members[number]
            try:
                part = member.link.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            if not part:
                member.is_over = True
                self.lost += member.stands
                self.epoll.unregister(number)
                continue
            member.buffer += part
            while b"\n" in member.buffer:
                line, member.buffer = member.buffer.split(b"\n", 1)
                if line[3:4] == b"-":
                    continue
                member.last = line
                if member.opening:
                    member.link.sendall(member.opening.pop(0))
                elif not member.stands and line[:1] in b"23":
                    member.stands = True
                    self.arrived += 1

    def standing(self) -> int:
        """Clients that are where they shall be."""
        return self.arrived - self.lost

    def dawdle(self, now: float) -> None:
        for member in self.slow:
            if not member.is_over and now >= member.next:
                member.next = now + self.pause * self.random.uniform(0.5, 1.5)
                try:
                    member.link.send(member.words[member.place : member.place + 1])
                except OSError:
                    continue
                member.place = (member.place + 1) % len(member.words)


def main() -> None:
    """Prints a line when all stand, then one for each line of standard input: how many stand still. Ends with its input."""
    address, idle, slow, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(address, idle, slow, pause)
    end = time.monotonic() + CONNECT_LIMIT
    while crowd.standing() < idle + slow and time.monotonic() < end:
        crowd.enter()
        crowd.turn(0.2)
    print(crowd.standing(), flush=True)
    while True:
        crowd.turn(0.1)
        crowd.dawdle(time.monotonic())
        if select.select([sys.stdin], [], [], 0)[0]:
            if not sys.stdin.readline():
                return
            print(crowd.standing(), flush=True)


class CrowdProcess:
    """A crowd in a process of its own, so that its work is no work of the one that measures. Use as a context."""

    def __init__(self, address: str, idle: int, slow: int, pause: float = 4.0) -> None:
        self.wanted = idle + slow
        self.words = [sys.executable, "-m", "internet.crowd", address, str(idle), str(slow), str(pause)]
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "CrowdProcess":
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        standing = self.answer()
        assert standing == self.wanted, f"{standing} of {self.wanted} clients stand"
        return self

    def answer(self) -> int:
        assert self.process and self.process.stdout
        return int(self.process.stdout.readline())

    def standing(self) -> int:
        """How many are still where they shall be."""
        assert self.process and self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answer()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait(30)


if __name__ == "__main__":
    main()
