"""Fault 113: the power goes while mail pours in. What was acknowledged was on the disk by then, and is delivered as it was accepted.

`CUTS=200 SEED=7 integration/run integration/scenarios/53-power-cut.py` is a campaign.
"""

import os
import random
import threading
import time
from pathlib import Path

from internet.injector import Injector, Ledger, wait_until_settled
from internet.inside import Bed, wait_for
from internet.powercut import PowerCutDisk
from internet.relay import Relay
from internet.scenario import note

LONG = True
CUTS = int(os.environ.get("CUTS", "3"))
SEED = int(os.environ["SEED"]) if "SEED" in os.environ else random.SystemRandom().randrange(1 << 32)
DOMAINS = ("good.example", "dane-ta.example", "expired.example", "first-fails.example", "insecure.example", "greylist.example")
INJECTORS = 6
DRAIN_LIMIT = 120.0  # seconds
FILES = 20


def scenario_control(bed: Bed) -> None:
    """F113 What is not synced is lost with the power: so is a program that does not sync, and one that syncs keeps everything"""
    with PowerCutDisk(bed.folder / "power-cut" / "control", 64 << 20) as disk:
        root = disk.root
        for number in range(FILES):
            write(root / f"careless-{number}", b"taken")
            write(root / f"renamed-{number}.new", b"taken", sync=True)
            (root / f"renamed-{number}.new").rename(root / f"renamed-{number}")
        disk.cut()
        disk.plug_in()
        assert not contents(root, "careless-"), "nothing was lost: this disk proves nothing"
        assert len(contents(root, "renamed-")) < FILES, "no rename was lost: this disk keeps what nobody synced"
        for number in range(FILES):
            write(root / f"careful-{number}", b"taken", sync=True)
        disk.cut()
        disk.plug_in()
        assert contents(root, "careful-") == [b"taken"] * FILES, contents(root, "careful-")


def write(path: Path, content: bytes, sync: bool = False) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def contents(root: Path, prefix: str) -> list[bytes]:
    """Of the files that have any, and the name they were given last."""
    found = [path.read_bytes() for path in root.iterdir() if path.name.startswith(prefix) and not path.name.endswith(".new")]
    return [content for content in found if content]


def cut_power(disk: PowerCutDisk, relay: Relay) -> None:
    """What was written last is to be gone afterwards: the disk was really cut."""
    assert relay.process
    (disk.root / "canary").write_bytes(b"not synced")
    disk.cut(relay.process)
    disk.plug_in()
    canary = disk.root / "canary"
    assert not canary.exists() or not canary.read_bytes(), "what nobody had synced is still there"
    canary.unlink(missing_ok=True)


def rounds(bed: Bed, name: str, number: int, cuts: int) -> None:
    note(f"seed {SEED}")
    generator = random.Random(SEED)
    stop = threading.Event()
    with PowerCutDisk(bed.folder / "power-cut" / name) as disk:
        relay = Relay(bed, name, number, store=disk.root / "store")
        # On another disk: what the client knows outlives the relay's power.
        ledger = Ledger(relay.folder / "ledger")
        injectors = [Injector(f"{name}{one}", relay.address, DOMAINS, ledger, stop, pause=0.01) for one in range(INJECTORS)]
        slowest, before, taken = 0.0, 0, []
        try:
            relay.start()
            for thread in injectors:
                thread.start()
            for _ in range(cuts):
                wait_for("mail to be taken", lambda: len(ledger.acknowledged) >= before + INJECTORS, 30)
                stop.wait(generator.uniform(0.05, 1.2))
                cut_power(disk, relay)
                taken.append(len(ledger.acknowledged) - before)
                before = len(ledger.acknowledged)
                began = time.monotonic()
                relay.start()
                slowest = max(slowest, time.monotonic() - began)
            stop.set()
            for thread in injectors:
                thread.join(60)
            errors = [injector.error for injector in injectors if injector.error]
            assert not errors, errors
            found = wait_until_settled(bed, DOMAINS, name, ledger.acknowledged, DRAIN_LIMIT)
            note(f"{disk.cuts} cuts, {len(ledger.acknowledged)} acknowledged ({min(taken)} to {max(taken)} before a cut), "
                 f"{sum(found.copies.values())} copies delivered, {found.duplicates} duplicates (at most {max(found.copies.values())} copies of one), "
                 f"{found.unacknowledged} delivered without a 250 that got through, {len(found.missing)} missing, {len(found.mangled)} mangled; slowest start {slowest:.2f} s")
            assert not found.missing, found.missing[:20]
            assert not found.mangled, found.mangled[:20]
            # A copy can be doubled only by a cut between the host's 250 and ours on disk: at most what was in flight.
            assert found.duplicates <= cuts * INJECTORS * 4, found.duplicates
            wait_for("the queue to be empty", lambda: relay.ctl("queue", "list")[0] == 1, 60)
            relay.stop()
        finally:
            stop.set()
            if relay.process and relay.process.poll() is None:
                relay.kill()


def scenario_power_cut(bed: Bed) -> None:
    """F113 The power is cut at random moments under load: all that was acknowledged is delivered, and as it was accepted"""
    rounds(bed, "53-power-cut", 1, CUTS)
