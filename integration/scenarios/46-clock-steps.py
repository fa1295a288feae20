"""Fault 123: the wall clock is set to another time while mail waits. No mail is given up for it, none is sent in a burst, and the operator is told."""

from contextlib import contextmanager
from datetime import timedelta
from typing import Iterator

from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.submission import Letter

# Seconds a step must stand.
PATIENCE = 6


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    more = {"queue": {"clock_patience": f'"{PATIENCE}s"'}, "retry": {"minimum": '"5s"', "maximum": '"10s"', "lifetime": '"2d"'}}
    with Relay(bed, "46-clock-steps", 1, more=more, clock=Clock(bed.folder / "relays" / "46-clock-steps")) as relay:
        yield relay


def shift(relay: Relay, days: float) -> None:
    """Sets the clock to so many days from the true time, also back."""
    assert relay.clock
    relay.clock.shift = timedelta(days=days)
    relay.clock._write()


def events(relay: Relay, name: str) -> list[dict[str, str]]:
    return [event for event in relay.events() if event.get("event") == name]


def alarms(relay: Relay) -> list[str]:
    _, page = relay.ctl_json("alarms")
    return [alarm["kind"] for alarm in page["alarms"]]  # type: ignore[index]


def waits(relay: Relay, letter: Letter) -> bool:
    _, page = relay.ctl_json("queue", "list", "--sender", letter.sender)
    return bool(page["messages"])  # type: ignore[index]


def deferred(relay: Relay, domain: str) -> Letter:
    letter = Letter.to(f"someone@{domain}", name="step")
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
    return letter


def goes_on(relay: Relay, letter: Letter) -> None:
    """It is tried again at its usual pace, and not given up."""
    count = len(relay.attempts(letter))
    wait_for("the next attempt", lambda: len(relay.attempts(letter)) > count, 25)
    assert {attempt["status"] for attempt in relay.attempts(letter)} == {"deferred"}, relay.attempts(letter)
    assert waits(relay, letter)


def scenario_forwards(relay: Relay) -> None:
    """Thirty days forwards at once: told, not believed, no mail is given up; then believed, and still none is given up"""
    letter = deferred(relay, "mismatch.example")
    shift(relay, 30)
    wait_for("the step to be told", lambda: events(relay, "clock-stepped"), 5)
    code, status = relay.ctl_json("status")
    assert code == 0 and any("the clock was set forwards" in words for words in status["warnings"]), status  # type: ignore[index]
    assert "clock-stepped" in alarms(relay), alarms(relay)
    assert waits(relay, letter)
    believed = wait_for("the step to be believed", lambda: events(relay, "clock-believed"), PATIENCE + 5)[-1]
    assert int(believed["moved"]) >= 1, believed
    assert "clock-stepped" not in alarms(relay)
    goes_on(relay, letter)


def scenario_back(relay: Relay) -> None:
    """Back again: mail that waits is tried at its usual pace, not thirty days later"""
    letter = deferred(relay, "starttls-454.example")
    before = len(events(relay, "clock-believed"))
    shift(relay, 0)
    wait_for("the step back to be believed", lambda: len(events(relay, "clock-believed")) > before, PATIENCE + 8)
    goes_on(relay, letter)


def scenario_taken_back(relay: Relay) -> None:
    """A step that is set right within the patience was never believed: nothing was moved"""
    letter = deferred(relay, "agility.example")
    believed, right = len(events(relay, "clock-believed")), len(events(relay, "clock-right"))
    shift(relay, 400)
    wait_for("the step to be told", lambda: "clock-stepped" in alarms(relay), 5)
    shift(relay, 0)
    wait_for("its end to be told", lambda: len(events(relay, "clock-right")) > right, 5)
    assert len(events(relay, "clock-believed")) == believed
    assert "clock-stepped" not in alarms(relay)
    goes_on(relay, letter)


def scenario_restart(relay: Relay) -> None:
    """The relay is away for a month, or comes up with such a date: its mail is tried again, not given up unread"""
    letter = deferred(relay, "mismatch.example")
    relay.kill()
    shift(relay, 29)
    relay.start()
    wait_for("the absence to be told", lambda: events(relay, "absence"), 10)
    goes_on(relay, letter)


def scenario_lifetime(relay: Relay) -> None:
    """Time that passes does count: mail still ends at its lifetime"""
    letter = deferred(relay, "bogus.example")
    assert relay.clock
    code, _, error = relay.ctl("queue", "list")
    assert code == 0, error
    # An hour at a time, which is no step.
    for _ in range(50):
        relay.clock.advance(minutes=59)
        wait_for("the clock to be followed", lambda: True, 1)
    relay.clock.advance(minutes=59)
    wait_for("the mail to be given up", lambda: not waits(relay, letter), 30)
