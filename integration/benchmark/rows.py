"""THE TABLE of what is measured, and the relays it is measured of."""

from dataclasses import dataclass
from typing import Literal

Security = Literal["clear", "may", "dane"]

WAXWING, POSTFIX, TUNED, EXIM = RELAYS = ("waxwing", "postfix", "postfix-tuned", "exim")
# Not a relay: the source straight into the sink, which shows that neither end is the limit.
STRAIGHT = "straight"

KIB = 1024


@dataclass(frozen=True)
class Row:
    """One load. `accept`: the relay takes mail and keeps it. Else it delivers all of it, and the last arrival stops the clock."""

    name: str
    what: str
    security: Security
    sessions: int
    size: int = 2 * KIB
    accept: bool = False
    destinations: int = 50
    # Milliseconds by which the sink delays each reply.
    delay: int = 0
    # Messages a second that the source sends; 0: as fast as they are taken.
    rate: int = 0
    # Whether the relays may use a connection for more than one message.
    reuse: bool = True
    relays: tuple[str, ...] = (WAXWING, POSTFIX, TUNED)
    # Part of the short run, for the relays that it has time for.
    quick: bool = False
    quick_relays: tuple[str, ...] = ()

    def relays_of(self, quick: bool) -> tuple[str, ...]:
        return self.quick_relays if quick and self.quick_relays else self.relays

    @property
    def domain(self) -> str:
        """What the source makes domains of. Only those whose name begins with d have TLSA records."""
        return "d%d.bench" if self.security == "dane" else "p%d.bench"


_ALL = (*RELAYS,)
_ENDS = (STRAIGHT,)
_FEW = (WAXWING, POSTFIX, TUNED)

ROWS = (
    Row("straight-20", "source into sink, 20 sessions", "clear", 20, relays=_ENDS, quick=True),
    Row("straight-tls-20", "the same over TLS", "dane", 20, relays=_ENDS),
    Row("straight-100k-20", "source into sink, 20 sessions, 100 KiB", "clear", 20, size=100 * KIB, relays=_ENDS),
    Row("accept-1", "accept, 1 session", "clear", 1, accept=True, relays=_ALL),
    Row("accept-20", "accept, 20 sessions", "clear", 20, accept=True, relays=_ALL, quick=True),
    Row("accept-100", "accept, 100 sessions", "clear", 100, accept=True, relays=_ALL, quick=True, quick_relays=_FEW),
    Row("accept-100k-20", "accept, 20 sessions, 100 KiB", "clear", 20, size=100 * KIB, accept=True, relays=_ALL),
    Row("clear-1", "clear, 1 session", "clear", 1),
    Row("clear-20", "clear, 20 sessions", "clear", 20, relays=_ALL),
    Row("clear-100", "clear, 100 sessions", "clear", 100),
    Row("clear-100k-20", "clear, 20 sessions, 100 KiB", "clear", 20, size=100 * KIB),
    Row("clear-30ms-20", "clear, 20 sessions, 30 ms a reply", "clear", 20, delay=30),
    Row("may-20", "TLS not verified, 20 sessions", "may", 20),
    Row("may-100", "TLS not verified, 100 sessions", "may", 100),
    Row("dane-1", "DANE, 1 session", "dane", 1),
    Row("dane-20", "DANE, 20 sessions", "dane", 20, relays=_ALL, quick=True, quick_relays=_FEW),
    Row("dane-100", "DANE, 100 sessions", "dane", 100, quick=True, quick_relays=_FEW),
    Row("dane-100k-20", "DANE, 20 sessions, 100 KiB", "dane", 20, size=100 * KIB),
    Row("dane-30ms-20", "DANE, 20 sessions, 30 ms a reply", "dane", 20, delay=30),
    Row("dane-single-20", "DANE, 20 sessions, 1 destination", "dane", 20, destinations=1),
    Row("dane-fresh-20", "DANE, 20 sessions, a connection a message", "dane", 20, reuse=False),
    Row("dane-steady", "DANE, 20 sessions, 200 messages a second", "dane", 20, rate=200),
)

BY_NAME = {row.name: row for row in ROWS}
