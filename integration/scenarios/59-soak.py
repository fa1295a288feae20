"""Mail for a long time, to good domains and bad ones: memory, descriptors and threads come back to where they were."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from internet.domains import DANE_DOMAINS, STS_DOMAINS
from internet.inside import Bed, wait_for
from internet.injector import Injector, Ledger, wait_until_settled
from internet.relay import Relay
from internet.scenario import note, slow

LONG = True
# $SOAK_MINUTES asks for more: half an hour to see, a day for a release.
MINUTES = float(os.environ.get("SOAK_MINUTES", "3"))
INJECTORS = 4
PAUSE = 0.1  # seconds between two messages of an injector
WARM_UP = 30.0  # seconds until the caches know every domain
DRAIN_LIMIT = 300.0  # seconds
REST = 60.0  # seconds until buffers, connections and memory that a crowd took are given back
# What comes back is less than this: caches have bounds, and reach them.
GROWTH = 48 << 20
FEW = 8  # descriptors


@dataclass(frozen=True)
class Use:
    """What a process holds."""

    memory: int
    descriptors: int
    threads: int

    @staticmethod
    def of(pid: int) -> "Use":
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return Use(int(fields["VmRSS"].split()[0]) * 1024, len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"]))

    def __str__(self) -> str:
        return f"{self.memory >> 20} MiB, {self.descriptors} descriptors, {self.threads} threads"


def uses(relay: Relay) -> tuple[Use, Use]:
    (worker,) = relay.workers()
    return Use.of(relay.pid), Use.of(worker)


@slow
def scenario_soak(bed: Bed) -> None:
    """Mail without end: nothing lost, nothing twice, and memory, descriptors and threads are what they were"""
    # Only these take it; the others' mail would be kept for days.
    good = tuple(sorted({domain.name for domain in (*DANE_DOMAINS, *STS_DOMAINS) if domain.expect.status == "delivered" and domain.expect.attempts == 1
                         and (bed.maildir(domain.name) / "new").exists()}))
    with Relay(bed, "59-soak", 59) as relay:
        ledger, stop = Ledger(relay.folder / "ledger"), threading.Event()
        injectors = [Injector(f"soak{number}", relay.address, good, ledger, stop, pause=PAUSE) for number in range(INJECTORS)]
        for injector in injectors:
            injector.start()
        stop.wait(WARM_UP)
        began, pid = time.monotonic(), relay.pid
        first = worst = uses(relay)
        shown = began
        while time.monotonic() < began + MINUTES * 60:
            stop.wait(2)
            now = uses(relay)
            worst = (max(worst[0], now[0], key=lambda use: use.memory), max(worst[1], now[1], key=lambda use: use.memory))
            if time.monotonic() - shown >= max(60.0, MINUTES * 6):
                shown = time.monotonic()
                note(f"{(shown - began) / 60:.0f} min, {len(ledger.acknowledged)} messages: relayd {now[0]}; resolver {now[1]}")
        stop.set()
        for injector in injectors:
            injector.join(60)
        assert not [injector.error for injector in injectors if injector.error]
        found = wait_until_settled(bed, good, "soak", ledger.acknowledged, DRAIN_LIMIT)
        wait_for("an empty queue", lambda: relay.ctl("queue", "list")[0] == 1, DRAIN_LIMIT)
        end = time.monotonic() + REST
        while (last := uses(relay))[0].descriptors > first[0].descriptors and time.monotonic() < end:
            time.sleep(1)
        note(f"{len(ledger.acknowledged)} messages to {len(good)} domains, {found.duplicates} duplicates, {len(found.mangled)} mangled, {len(found.missing)} missing")
        note(f"relayd at first {first[0]}; at the most {worst[0]}; at last {last[0]}")
        note(f"resolver at first {first[1]}; at the most {worst[1]}; at last {last[1]}")
        assert not found.missing and not found.mangled and found.duplicates == 0, found
        assert relay.pid == pid and len(ledger.acknowledged) > 60 * MINUTES, len(ledger.acknowledged)
        for before, after in zip(first, last, strict=True):
            assert after.memory <= before.memory + GROWTH, (before, after)
            assert after.descriptors <= before.descriptors + FEW, (before, after)
            assert after.threads <= before.threads + 2, (before, after)
