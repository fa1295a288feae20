"""What a message costs: allocations, counted and held against stored bounds (44-cost.toml), so that a regression is seen where it is made."""

import os
import tomllib
from datetime import date
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from internet.allocations import Count
from internet.changinghosts import ChangingHost
from internet.costdomains import CLEAR, DANE
from internet.counted import CountedRelay
from internet.domains import BY_NAME
from internet.inside import Bed
from internet.ownhosts import OwnHost
from internet.scenario import note
from internet.waves import Waves

ALONE = True
BOUNDS = Path(__file__).with_suffix(".toml")
SESSIONS, SIZE = 20, 2048  # octets
WARM, MEASURED = 10, 10  # waves of 20 messages
# More of them give a profiler time to look: docs/performance.md.
REPETITIONS = int(os.environ.get("REPETITIONS", "6"))


@dataclass(frozen=True)
class Cost:
    """Of one message."""

    allocations: float
    octets: float

    def __str__(self) -> str:
        return f"{self.allocations:.0f} allocations, {self.octets / 1000:.1f} kB"


@dataclass(frozen=True)
class Bound:
    name: str
    set: date
    cost: Cost


def bound(name: str) -> Bound:
    table = tomllib.loads(BOUNDS.read_text())[name]
    return Bound(name, table["set"], Cost(table["allocations"], table["octets"]))


def cost(count: Count) -> Cost:
    messages = MEASURED * SESSIONS
    return Cost(count.calls / messages, count.octets / messages)


def judge(found: Cost, allowed: Bound) -> float:
    """The part of the bound that is used."""
    share = max(found.allocations / allowed.cost.allocations, found.octets / allowed.cost.octets)
    assert share <= 1, (f"{allowed.name}: a message costs {found}; the bound of {allowed.set} is {allowed.cost}. See what allocates, as "
                        f"docs/performance.md says under \"What a message costs\", and spare it; or raise the bound in {BOUNDS.name}, with the "
                        "reason in the commit's message")
    return share


def hold(name: str, counts: list[Count], chosen: int) -> None:
    """A repetition against the stored bound."""
    found, allowed = cost(counts[chosen]), bound(name)
    # The dearest may have a lookup in it, or a timer's work.
    calls = sorted(count.calls for count in counts)[:-1]
    shown = f"{name}: {found} a message; repetitions within {calls[-1] / calls[0] - 1:.1%}"
    note(f"{shown}; {judge(found, allowed):.0%} of the bound ({allowed.cost}; {allowed.set})")


def cheapest(pairs: list[tuple[Count, Count]]) -> int:
    """A timer, a lookup that was due again or a machine that makes batches small can only add: the least is what mail itself costs. Of both halves
    together: where the journal's time came too early, what the one has less the other has more."""
    sums = [first.calls + second.calls for first, second in pairs]
    return sums.index(min(sums))


def measure(relay: CountedRelay, domain: str, arrived: Callable[[], int] | None = None) -> tuple[list[Count], list[Count], int]:
    """Repetitions: until taken (and arrived), and into the tables; and which of them counts."""
    with Waves(relay.address, SESSIONS, SIZE) as waves:
        relay.cost(waves, domain, WARM, arrived)
        pairs = [relay.cost(waves, domain, MEASURED, arrived) for _ in range(REPETITIONS)]
    return [first for first, _ in pairs], [second for _, second in pairs], cheapest(pairs)


def scenario_accept(bed: Bed) -> None:
    """Accepting a message, and keeping it"""
    with CountedRelay(bed, "44-cost-accept", 193) as relay:
        assert relay.ctl("destinations", "suspend", CLEAR)[0] == 0
        accepting, keeping, chosen = measure(relay, CLEAR)
        hold("accept", accepting, chosen)
        hold("tables", keeping, chosen)


def scenario_clear(bed: Bed) -> None:
    """End to end in clear"""
    with OwnHost(BY_NAME[CLEAR].hosts[0].address) as host, CountedRelay(bed, "44-cost-clear", 194) as relay:
        counts, _, chosen = measure(relay, CLEAR, lambda: len(host.taken))
        assert len(host.connects) <= 4, f"{len(host.connects)} connections: they did not stay open, and are in the count"
        hold("clear", counts, chosen)


def scenario_dane(bed: Bed) -> None:
    """End to end, verified by DANE"""
    key = bed.folder / "certificates" / f"mx.{DANE}"
    with ChangingHost(f"mx.{DANE}", BY_NAME[DANE].hosts[0].address, key) as host, CountedRelay(bed, "44-cost-dane", 195) as relay:
        counts, _, chosen = measure(relay, DANE, lambda: len(host.taken))
        verified = {event.get("verified") for event in relay.events() if event.get("event") == "delivery"}
        assert verified == {"dane"}, verified
        hold("dane", counts, chosen)


def scenario_can_fail(bed: Bed) -> None:
    """A bound that is exceeded is told, by allocations or by octets alone"""
    allowed = Bound("test", date(2026, 1, 1), Cost(100, 1000))
    judge(Cost(100, 1000), allowed)
    for found in (Cost(101, 10), Cost(10, 1001)):
        try:
            judge(found, allowed)
        except AssertionError as error:
            assert "raise the bound" in str(error), error
        else:
            raise AssertionError(f"{found} passed for {allowed.cost}")
