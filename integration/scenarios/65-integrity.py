"""Mail without end, with kills and with orders about it, and SQLite's own opinion of the database all the while and at the end."""

import os
import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field

from internet.inside import Bed, wait_for
from internet.injector import Injector, Ledger, wait_until_settled
from internet.relay import Relay
from internet.scenario import note, slow

LONG = True
# $INTEGRITY_MINUTES asks for more: a day (1440) for a release, with $INTEGRITY_EVERY=3600.
MINUTES = float(os.environ.get("INTEGRITY_MINUTES", "2"))
EVERY = float(os.environ.get("INTEGRITY_EVERY", "20"))  # seconds between two checks; each second one follows a SIGKILL
INJECTORS = 4
# A day's mail must fit on the disk of who tries this.
PAUSE, SIZES = (0.02, (400, 400, 20_000, 300_000)) if MINUTES <= 10 else (1.0, (400, 400, 400, 20_000))
DRAIN_LIMIT = 300.0
GOOD = ("good.example", "sts-enforce.example")
# Nobody listens there: what waits for it is what orders are about.
DEAD = "127.65.0.1"


def integrity(relay: Relay) -> str:
    """As another process that only reads; in WAL mode it holds up nobody."""
    with closing(sqlite3.connect(f"file:{relay.store / 'queue.db'}?mode=ro", uri=True, timeout=60)) as database:
        return "; ".join(line for (line,) in database.execute("PRAGMA integrity_check"))


@dataclass
class Orders(threading.Thread):
    """An operator who never rests: lists, holds, releases, retries, and takes back."""

    relay: Relay
    stop: threading.Event
    given: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    error: Exception | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    # Told apart by identity, as threads are.
    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        chance = random.Random(7)
        choices = (("queue", "list"), ("status",), ("queue", "hold", "--destination", f"[{DEAD}]", "--yes"),
                   ("queue", "release", "--destination", f"[{DEAD}]", "--yes"), ("queue", "retry", "--destination", f"[{DEAD}]", "--yes"),
                   ("queue", "delete", "--destination", f"[{DEAD}]", "--older-than", "1s", "--yes"), ("metrics",),
                   ("explain", "someone@good.example"))
        try:
            while not self.stop.is_set():
                code, _, _ = self.relay.ctl(*chance.choice(choices))
                self.answers[code] = self.answers.get(code, 0) + 1
                self.given += 1
                self.stop.wait(0.1)
        except Exception as error:  # noqa: BLE001 -- the scenario reads it
            self.error = error


@slow
def scenario_integrity(bed: Bed) -> None:
    """Writing without end beside orders and kills: integrity_check finds nothing, meanwhile and at the end, and no mail is lost"""
    with Relay(bed, "65-integrity", 65) as relay:
        ledger, stop = Ledger(relay.folder / "ledger"), threading.Event()
        unheeded = Ledger(relay.folder / "unheeded")
        injectors = [Injector(f"whole{number}", relay.address, GOOD, ledger, stop, PAUSE, SIZES) for number in range(INJECTORS)]
        injectors.append(Injector("dead", relay.address, (f"[{DEAD}]", "[127.65.0.2]"), unheeded, stop, 2 * PAUSE, SIZES))
        orders = Orders(relay, stop)
        for thread in (*injectors, orders):
            thread.start()
        checks, kills, end = 0, 0, time.monotonic() + MINUTES * 60
        try:
            while time.monotonic() < end:
                stop.wait(EVERY)
                assert relay.process and relay.process.poll() is None, relay.tail()
                if checks % 2:
                    relay.kill()
                    relay.start()
                    kills += 1
                found = integrity(relay)
                assert found == "ok", f"check {checks}: {found}"
                checks += 1
        finally:
            stop.set()
        for thread in (*injectors, orders):
            thread.join(60)
        assert not [one.error for one in (*injectors, orders) if one.error], [one.error for one in (*injectors, orders)]
        assert checks > 2 and kills and orders.given > 10 and orders.answers.get(0, 0) > 5, (checks, kills, orders.answers)
        for literal in (DEAD, "127.65.0.2"):
            assert relay.ctl("queue", "delete", "--destination", f"[{literal}]", "--yes")[0] in (0, 1)
        result = wait_until_settled(bed, GOOD, "whole", ledger.acknowledged, DRAIN_LIMIT)
        wait_for("an empty queue", lambda: relay.ctl("queue", "list")[0] == 1, DRAIN_LIMIT)
        assert relay.stop() == 0
        found = integrity(relay)
        note(f"{len(ledger.acknowledged)} messages, {len(unheeded.acknowledged)} more that waited, {orders.given} orders {orders.answers}, "
             f"{kills} kills, {checks} checks; {result.duplicates} duplicates, {len(result.missing)} missing")
        assert found == "ok", found
        assert not result.missing and not result.mangled, result
        assert len(ledger.acknowledged) > 30 * MINUTES
