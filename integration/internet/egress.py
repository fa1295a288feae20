"""Where the packets of one user's processes go, by nftables in the bed's namespace."""

import json
from dataclasses import dataclass
from types import TracebackType

from .packetloss import nft


@dataclass(frozen=True, order=True)
class Way:
    protocol: str  # tcp: a connection that was begun; udp: any packet
    address: str
    port: int


class EgressWatch:
    """As a context: what the processes of `user` begin towards anybody. Answers on connections of others' are none of it."""

    def __init__(self, user: int) -> None:
        self.user, self.table = user, f"egress_{user}"

    def __enter__(self) -> "EgressWatch":
        nft(rules=f"""table inet {self.table} {{
            set tcp_ways {{ type ipv4_addr . inet_service; flags dynamic; size 65535; }}
            set udp_ways {{ type ipv4_addr . inet_service; flags dynamic; size 65535; }}
            counter other {{ }}
            counter six {{ }}
            chain output {{
                type filter hook output priority 0;
                meta skuid {self.user} meta nfproto ipv6 counter name six
                meta skuid {self.user} tcp flags & (syn | ack) == syn add @tcp_ways {{ ip daddr . tcp dport }}
                meta skuid {self.user} meta l4proto udp add @udp_ways {{ ip daddr . udp dport }}
                meta skuid {self.user} meta l4proto != {{ tcp, udp }} counter name other
            }}
        }}
        """)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        nft("delete", "table", "inet", self.table)

    def ways(self) -> set[Way]:
        found = set()
        for protocol in ("tcp", "udp"):
            for entry in json.loads(nft("-j", "list", "set", "inet", self.table, f"{protocol}_ways"))["nftables"]:
                for element in entry.get("set", {}).get("elem", []):
                    address, port = (element.get("elem", {}).get("val", element) if "elem" in element else element)["concat"]
                    found.add(Way(protocol, address, int(port)))
        return found

    def others(self) -> int:
        """Packets of other protocols, and those of IPv6."""
        listed = json.loads(nft("-j", "list", "counters", "table", "inet", self.table))["nftables"]
        return sum(entry["counter"]["packets"] for entry in listed if "counter" in entry)
