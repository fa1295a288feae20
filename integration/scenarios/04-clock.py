"""The clock that scenarios move (libfaketime): does relayd live by it, and by nothing else in it?"""

import json
import subprocess
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Iterator

from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.submission import Letter


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "04-clock", 4, clock=Clock(bed.folder / "relays" / "04-clock")) as relay:
        yield relay


def received_at(relay: Relay, letter: Letter) -> datetime:
    _, page = relay.ctl_json("queue", "list", "--sender", letter.sender)
    return datetime.fromtimestamp(page["messages"][0]["received_at"], timezone.utc)  # type: ignore[index]


def clock_of(relay: Relay) -> Clock:
    assert relay.clock
    return relay.clock


def scenario_other_programs(relay: Relay) -> None:
    """A program sees the moved clock at once, and its monotonic one unmoved"""
    clock = Clock(relay.folder / "other")
    clock.advance(days=2, hours=3)
    source = "import json, time; print(json.dumps([time.time(), time.monotonic()]))"
    output = subprocess.run(["/usr/bin/python3", "-c", source], env=clock.environment(), capture_output=True, text=True, check=True).stdout
    wall, monotonic = json.loads(output)
    assert abs(wall - time.time() - 51 * 3600) < 5 and abs(monotonic - time.monotonic()) < 5, (wall - time.time(), monotonic)


def scenario_moved(relay: Relay) -> None:
    """F123 A running relayd is moved over three midnights: it goes on delivering, with DNSSEC, DANE and MTA-STS"""
    clock = clock_of(relay)
    for _ in range(4):
        held = Letter.to("someone@mismatch.example", name="clock")
        relay.submit(held)
        relay.wait_attempt(held, held.recipients[0], ("deferred",))
        assert abs(received_at(relay, held) - clock.now) < timedelta(seconds=5), (received_at(relay, held), clock.now)
        for domain, verified in (("good.example", "dane"), ("sts-enforce.example", "webpki")):
            letter = Letter.to(f"someone@{domain}", name="clock")
            relay.submit(letter)
            last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",))[-1]
            assert (last["verified"], last["attempt"]) == (verified, "1"), last
        clock.to_next_day(hour=3)
    assert clock.now - datetime.now(timezone.utc) > timedelta(days=3)


# Each letter to a domain of its own: of several to one that is down, one alone finds out whether it still is.
def scenario_timers(relay: Relay) -> None:
    """F123 A letter that waits for its next attempt is tried again soon after the clock was moved, not a day later"""
    letter = Letter.to("someone@agility.example", name="clock")
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
    clock_of(relay).advance(hours=30)
    count = len(relay.attempts(letter))
    wait_for("attempt after the move", lambda: len(relay.attempts(letter)) > count, 20)


def scenario_restart(relay: Relay) -> None:
    """F123 The queue outlives a SIGKILL and a day"""
    letter = Letter.to("someone@starttls-454.example", name="clock")
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
    relay.kill()
    clock_of(relay).to_next_day(hour=5)
    relay.start()
    count = len(relay.attempts(letter))
    wait_for("attempt after the restart", lambda: len(relay.attempts(letter)) > count, 20)


def scenario_certificates(relay: Relay) -> None:
    """TLS lives by the same clock: certificates of the bed end after thirty days"""
    clock_of(relay).advance(days=40)
    letter = Letter.to("someone@dane-ta.example", name="clock")
    relay.submit(letter)
    last = relay.wait_attempt(letter, letter.recipients[0], ("deferred", "delivered", "bounced"))[0]
    assert last["status"] == "deferred" and "expired" in last["reason"], last
