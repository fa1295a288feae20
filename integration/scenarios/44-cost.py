"""What a message costs: allocations, counted, and held against stored bounds (44-cost.toml), so that a regression is seen where it is made."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator

from internet.allocations import Allocations, Count, compiler
from internet.changinghosts import ChangingHost
from internet.costdomains import CLEAR, DANE
from internet.domains import BY_NAME
from internet.inside import Bed, wait_for
from internet.ownhosts import OwnHost
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import Skip, note
from internet.waves import Waves

SESSIONS, SIZE = 20, 2048
WARM, MEASURED, REPETITIONS = 10, 15, 5  # waves, waves, times
# Connections stay open, so that no handshake is in what is measured.
KEPT = {"delivery": {"destination_connections": "4", "messages_per_connection": "10000", "connection_age": quoted("1h"), "idle_timeout": quoted("5m")}}


class CountedRelay(Relay):
    def __init__(self, bed: Bed, name: str, number: int) -> None:
        found = compiler()
        if found is None:
            raise Skip("no C compiler here (clang of the Swift toolchain, gcc or cc) to make what counts allocations")
        super().__init__(bed, name, number, more=KEPT)
        self.allocations = Allocations(self.folder, found)

    def environment(self) -> dict[str, str]:
        return super().environment() | self.allocations.environment()

    def quiet(self) -> Count:
        """The count as soon as it hardly moves: all work is done, what comes behind the last reply as well."""
        before = self.allocations.read()
        while True:
            time.sleep(0.15)
            now = self.allocations.read()
            if (now - before).calls < 40:
                return now
            before = now


def measure(relay: CountedRelay, domain: str, done: Callable[[], int] | None) -> list[tuple[float, float]]:
    figures = []
    with Waves(relay.address, SESSIONS, SIZE) as waves:
        sent = 0
        for number in range(REPETITIONS + 1):
            before = relay.quiet()
            began = time.monotonic()
            count = waves.send(domain, MEASURED if number else WARM)
            sent += count
            if done:
                wait_for(f"{sent} messages at the host", lambda: done() >= sent, 30)
            took = time.monotonic() - began
            cost = relay.quiet() - before
            note(f"{domain} {number}: {cost.calls / count:.1f} {cost.octets / count:.0f} {took:.2f} s")
            if number:
                figures.append((cost.calls / count, cost.octets / count))
    return figures


def scenario_accept(bed: Bed) -> None:
    """Accepting"""
    with CountedRelay(bed, "44-cost-accept", 193) as relay:
        assert relay.ctl("destinations", "suspend", CLEAR)[0] == 0
        measure(relay, CLEAR, None)


def scenario_clear(bed: Bed) -> None:
    """End to end in clear"""
    with OwnHost(BY_NAME[CLEAR].hosts[0].address) as host, CountedRelay(bed, "44-cost-clear", 194) as relay:
        measure(relay, CLEAR, lambda: len(host.taken))
        note(f"{len(host.connects)} connections")


def scenario_dane(bed: Bed) -> None:
    """End to end with DANE"""
    key = bed.folder / "certificates" / f"mx.{DANE}"
    with ChangingHost(f"mx.{DANE}", BY_NAME[DANE].hosts[0].address, key) as host, CountedRelay(bed, "44-cost-dane", 195) as relay:
        measure(relay, DANE, lambda: len(host.taken))
        assert all(one.secure for one in host.taken)
