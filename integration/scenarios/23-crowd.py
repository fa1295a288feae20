"""Many clients that are slow or idle: a fast one is served as before, and those beyond a limit learn why."""

import select
import statistics
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import Iterator

from internet import addresses
from internet.crowd import CrowdProcess
from internet.inside import Bed, wait_for
from internet.listeners import events, intake, toml
from internet.relay import Relay
from internet.scenario import note
from internet.smtpwire import Wire
from internet.submission import Letter, submit

ALONE = True
IDLE, SLOW = 5000, 1000
CROWD = intake(connection_limit=20_000, client_connection_limit=100)
# What the fast one sends stays in the queue: to a destination that is held back there is nothing to deliver.
HELD = {"retry": {"minimum": toml("1h"), "maximum": toml("2h")}}
MESSAGES = 400  # of one round
ROUNDS = 6  # without the crowd, then as many with it
CYCLES, ENOUGH = 8, 3  # at most, at least
LOSS = 0.1


def fast(relay: Relay) -> float:
    """Messages a second of one client with one connection."""
    began = time.monotonic()
    # Without a timeout (smtp-source has one of its own): with one, Python asks every 50 ms whether it has ended, a quarter of what is measured.
    subprocess.run(["smtp-source", "-d", "-s", "1", "-m", str(MESSAGES), "-l", "1000", "-f", "fast@sender.example", "-t", "someone@mismatch.example",
                    "-M", "fast.example", f"{relay.address}:{addresses.RELAY_PORT}"], check=True)
    return MESSAGES / (time.monotonic() - began)


def undisturbed(rates: list[float]) -> float:
    """The median of the fastest quarter: whatever else the machine does only ever takes from a round, never adds to it."""
    return statistics.median(sorted(rates)[-max(1, len(rates) // 4):])


@contextmanager
def memory_disk(bed: Bed, name: str) -> Iterator[Relay]:
    """A relay whose store is in memory: its disk's moods are not what is measured."""
    store = bed.folder / "relays" / f"{name}-store"
    store.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "store", store], check=True)
    try:
        with Relay(bed, name, 23, more=CROWD | HELD, store=store) as relay:
            yield relay
    finally:
        subprocess.run(["umount", "-l", store], check=True)


def scenario_fast_beside_slow(bed: Bed) -> None:
    """F105 1,000 slow and 5,000 idle clients take less than a tenth from a fast one's rate

    Rounds without and with the crowd alternate on one daemon, and only their relation counts. A loss that the crowd caused would be in
    every round with it, so that the fastest ones show it as well as all others; more cycles cannot hide it. They can only show
    that it was the machine that was busy with something else, which is why they go on until that is clear, for a while.
    """
    with memory_disk(bed, "23-crowd-rate") as relay:
        relay.submit(Letter.to("someone@good.example"))
        fast(relay)
        alone: list[float] = []
        beside: list[float] = []
        for cycle in range(1, CYCLES + 1):
            alone += [fast(relay) for _ in range(ROUNDS)]
            with CrowdProcess(relay.address, IDLE, SLOW) as crowd:
                beside += [fast(relay) for _ in range(ROUNDS)]
                standing = crowd.standing()
                assert standing == IDLE + SLOW, f"{IDLE + SLOW - standing} of the crowd are gone"
            if cycle >= ENOUGH and undisturbed(beside) > (1 - LOSS) * undisturbed(alone):
                break
        note(f"a fast client: {undisturbed(alone):.0f} messages a second alone, {undisturbed(beside):.0f} beside {IDLE + SLOW} others; "
             f"medians of all rounds {statistics.median(alone):.0f} and {statistics.median(beside):.0f}, {cycle} cycles")
        assert undisturbed(beside) > (1 - LOSS) * undisturbed(alone), (sorted(alone), sorted(beside))


def refused(relay: Relay, source: str = "") -> str:
    """What a client is told that is refused at once."""
    with Wire(relay.address, source=source) as wire:
        code, text = wire.greeting
        assert code == 421, (code, text)
        assert wire.is_closed()
        return text


def scenario_limits(bed: Bed) -> None:
    """F105 Clients beyond connection_limit and client_connection_limit get 421 and the reason; when others leave there is room again"""
    with Relay(bed, "23-crowd-limits", 232, more=intake(connection_limit=12, client_connection_limit=5)) as relay, ExitStack() as stack:
        for number in range(5):
            stack.enter_context(Wire(relay.address, source="127.0.1.1"))
        assert "too many connections from your address" in refused(relay, "127.0.1.1")
        for number in range(7):
            stack.enter_context(Wire(relay.address, source="127.0.1.2" if number < 5 else "127.0.1.3"))
        text = refused(relay, "127.0.1.4")
        assert "too many connections" in text and "your address" not in text, text
        assert {event["reason"] for event in events(relay, "connection-refused")} == {"too many connections"}
        stack.close()
        wait_for("room", lambda: submit_from(relay, "127.0.1.1"), 10)


def submit_from(relay: Relay, source: str) -> bool:
    try:
        return submit(Letter.to("someone@good.example"), relay.address, source=source)[0] == 250
    except OSError:
        return False


def scenario_stress(bed: Bed) -> None:
    """F105 Under stress idle clients are sent away with 421 and the reason until it is over, without it they may stay"""
    limit, percent = 20, 50
    more = intake(connection_limit=limit, client_connection_limit=limit, stress_percent=percent, stress_timeout="1s", command_timeout="5m")
    with Relay(bed, "23-crowd-stress", 233, more=more) as relay, ExitStack() as stack:
        calm = stack.enter_context(Wire(relay.address, timeout=3))
        calm.ehlo()
        assert not calm.is_closed(), "an idle client was sent away without stress"
        crowd = [calm, *(stack.enter_context(Wire(relay.address)) for _ in range(limit - 2))]
        told: list[Wire] = []

        def left() -> int:
            for wire in {*crowd} - {*told}:
                if select.select([wire.link], [], [], 0)[0]:
                    code, text = wire.reply()
                    assert code == 421 and text.startswith("4.4.2 "), (code, text)
                    told.append(wire)
            return len(crowd) - len(told)

        wait_for("the end of the stress", lambda: left() <= limit * percent // 100, 15)
        note(f"{len(told)} of {len(crowd)} idle clients were sent away, {len({*told} & {*crowd[:10]})} of the first ten")
        assert submit_from(relay, "127.0.1.9")


def scenario_slow_content(bed: Bed) -> None:
    """F105 Content that comes more slowly than minimum_data_rate: 421, though it never pauses"""
    # The rate is taken over whole megabytes: what takes so long that a megabyte cannot come in time is over.
    more = intake(minimum_data_rate="1 MB", data_timeout="2s", stress_timeout="1s")
    with Relay(bed, "23-crowd-content", 234, more=more) as relay, Wire(relay.address) as wire:
        wire.ehlo()
        wire.envelope(Letter.to("someone@good.example"))
        assert wire.ask("DATA")[0] == 354
        wire.link.setblocking(False)
        answer, end = b"", time.monotonic() + 20
        while not answer and time.monotonic() < end:
            try:
                wire.send(b"x\r\n")
                answer = wire.link.recv(4096)
            except BlockingIOError:
                pass
            time.sleep(0.05)
        assert answer.startswith(b"421 4.4.2 "), answer
