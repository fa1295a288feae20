"""Faults 112, 115, 116 and 117: the disk fails, fills, hangs, or the process ends, in the middle of a commit."""

import os
import threading
import time
from contextlib import contextmanager
from typing import Iterator

from internet.injected import Traced, injecting
from internet.injector import Injector, Ledger, wait_until_settled
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.scenario import cases, note
from internet.submission import Letter, submit

DOMAINS = ("good.example", "dane-ta.example", "insecure.example")
# Of a campaign each point up to the last; of a test some.
POINTS = tuple(range(1, int(os.environ["CRASH_POINTS"]) + 1)) if "CRASH_POINTS" in os.environ else (1, 2, 3, 5, 8, 13, 21)


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "49-disk-faults", 1) as relay:
        yield relay


def events(relay: Relay, name: str) -> list[dict[str, str]]:
    return [event for event in relay.events() if event.get("event") == name]


def scenario_sync_fails(relay: Relay) -> None:
    """116: fdatasync fails once with EIO, then the disk is well: the client is told 4yz, nothing is doubled or lost, and the relay goes on"""
    letter = Letter.to("someone@good.example", name="eio")
    with injecting(relay, "fdatasync:error=EIO:when=1"):
        code, text = submit(letter, relay.address)
    assert code // 100 == 4, (code, text)
    again = Letter.to("someone@good.example", name="eio")

    def taken() -> bool:
        return submit(again, relay.address)[0] == 250
    wait_for("mail to be taken again", taken, 30)
    relay.wait_attempt(again, again.recipients[0], ("delivered",))
    time.sleep(1)
    # Refused mail does not come back.
    assert not relay.attempts(letter), relay.attempts(letter)


def scenario_sync_waits(relay: Relay) -> None:
    """117: a sync takes five seconds: clients wait for it, nobody is told 250 before, and the relay answers meanwhile"""
    letter = Letter.to("someone@good.example", name="slow")
    with injecting(relay, "fdatasync:delay_enter=5000000"):
        began = time.monotonic()
        result: list[tuple[int, str]] = []
        thread = threading.Thread(target=lambda: result.append(submit(letter, relay.address)))
        thread.start()
        time.sleep(1)
        code, _, error = relay.ctl("status")
        assert code == 0, error
        assert not result, result
        thread.join(60)
        assert result and result[0][0] == 250 and time.monotonic() - began > 4, (result, time.monotonic() - began)
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)


def scenario_settling_finds_no_room(relay: Relay) -> None:
    """115: there is no room to write down that a letter was delivered: it is tried again, no second copy goes out, and the operator is told"""
    held = Letter.to("someone@good.example", name="settle")
    relay.ctl("destinations", "suspend", "good.example", "--yes")
    relay.submit(held)
    # In the tables, so that the settlement is written there.
    relay.ctl("queue", "list")
    with injecting(relay, "pwrite64:error=ENOSPC"):
        relay.ctl("destinations", "resume", "good.example", "--yes")
        wait_for("the copy", lambda: relay.bed.delivered("good.example", held.mark), 30)
        wait_for("the failure to be told", lambda: events(relay, "settle-failed"), 20)
        time.sleep(3)
        assert len(relay.bed.delivered("good.example", held.mark)) == 1
    wait_for("it to be written down", lambda: relay.ctl("queue", "list", "--sender", held.sender)[0] == 1, 60)
    time.sleep(3)
    assert len(relay.bed.delivered("good.example", held.mark)) == 1, "there is another copy"


@cases(("fdatasync", "pwrite64", "unlinkat"), lambda call: call)
def scenario_crash_walk(bed: Bed, call: str) -> None:
    """112: SIGKILL at the n-th call, under load, for one n after the other: nothing acknowledged is lost, nothing is mangled"""
    relay = Traced(bed, f"49-walk-{call}", {"fdatasync": 2, "pwrite64": 3, "unlinkat": 4}[call])
    ledger = Ledger(relay.folder / "ledger")
    stop = threading.Event()
    injectors = [Injector(f"walk{call}{number}", relay.address, DOMAINS, ledger, stop, pause=0.01) for number in range(3)]
    killed = 0
    try:
        for thread in injectors:
            thread.start()
        for point in POINTS:
            relay.injection = f"{call}:signal=KILL:when={point}"
            relay.launch()
            try:
                relay.wait_exit(6)
                killed += 1
            except Exception:  # noqa: BLE001 -- the point was not reached
                relay.kill()
        relay.injection = ""
        relay.start()
        time.sleep(1)
        stop.set()
        for thread in injectors:
            thread.join(60)
        found = wait_until_settled(bed, DOMAINS, f"walk{call}", ledger.acknowledged, 120)
        note(f"{killed} of {len(POINTS)} points reached, {len(ledger.acknowledged)} acknowledged, {found.duplicates} duplicates, "
             f"{len(found.missing)} missing, {len(found.mangled)} mangled")
        assert killed >= len(POINTS) // 2 and ledger.acknowledged
        assert not found.missing, found.missing[:20]
        assert not found.mangled, found.mangled[:20]
    finally:
        stop.set()
        if relay.process and relay.process.poll() is None:
            relay.stop()
