"""Networks that lose packets, by nftables."""

import fcntl
import re
import socket
import struct
import subprocess
from types import TracebackType

from .attacker import Attacker
from .dnsfaults import empty
from .playednames import asked_size, over_tcp

SIOCSIFMTU = 0x8922
PATH_MTU = 1280


def nft(*words: str, rules: str = "") -> str:
    done = subprocess.run(["nft", *words, *(("-f", "-") if rules else ())], input=rules, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"nft: {done.stderr.strip()}")
    return done.stdout


class PacketLoss:
    """So many of a hundred packets from and to an address are lost. As a context, or from `begin` to `end`."""

    def __init__(self, address: str, percent: int) -> None:
        self.address, self.percent = address, percent
        self.table = "loss_" + address.replace(".", "_")

    def __enter__(self) -> "PacketLoss":
        self.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def begin(self) -> None:
        chance = "counter drop" if self.percent >= 100 else f"numgen random mod 100 < {self.percent} counter drop"
        nft(rules=f"""table inet {self.table} {{
            chain input {{
                type filter hook input priority 0;
                ip daddr {self.address} {chance}
                ip saddr {self.address} {chance}
            }}
        }}
        """)

    @property
    def lost(self) -> int:
        return sum(map(int, re.findall(r"counter packets (\d+)", nft("list", "table", "inet", self.table))))

    def end(self) -> None:
        nft("delete", "table", "inet", self.table)


class NarrowPath(Attacker):
    """A network of the relay's own that only fits packets of PATH_MTU octets, and loses the pieces of larger ones. Hosts and policies are the bed's.

    Its name servers answer over UDP as large as they are asked to.
    """

    def __init__(self, bed, mode: str = "strip") -> None:  # noqa: ANN001
        super().__init__(bed, mode)
        self.largest_asked = 0  # the largest answer that was asked for over UDP

    def __enter__(self) -> "NarrowPath":
        super().__enter__()
        with self.entered():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFMTU, struct.pack("16si12x", b"lo", PATH_MTU))
            nft(rules="table inet narrow { chain pieces { type filter hook prerouting priority -450; ip frag-off & 0x1fff != 0 counter drop; }; }\n")
        return self

    def pieces_lost(self) -> int:
        with self.entered():
            return sum(map(int, re.findall(r"counter packets (\d+)", nft("list", "table", "inet", "narrow"))))

    def _mail(self, peer: socket.socket) -> None:
        self._pass_on(peer)

    def _resolve(self, listener: socket.socket, query: bytes, peer: tuple[str, int]) -> None:
        size = asked_size(query)
        self.largest_asked = max(self.largest_asked, size)
        try:
            answer = over_tcp(query, listener.getsockname()[0])
            listener.sendto(answer if len(answer) <= size else empty(query, 0x0200), peer)
        except OSError:
            pass
