"""The wall clock is set to another time while mail waits. No mail is given up for it, no policy is forgotten in silence, and the operator is told."""

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Iterator

from internet import changes
from internet.clock import Clock
from internet.domains import STS
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.scenario import slow
from internet.submission import Letter
from internet.turninghosts import ChangingHost

# Seconds a step must stand.
PATIENCE = 6
# The queue is looked through once in 30 seconds, whatever it waits for (docs/queue.md).
LIMIT = 90


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    more = {"queue": {"clock_patience": f'"{PATIENCE}s"'}, "retry": {"minimum": '"5s"', "maximum": '"10s"', "lifetime": '"2d"'}}
    with Relay(bed, "46-clock-steps", 1, more=more, clock=Clock(bed.folder / "relays" / "46-clock-steps")) as relay:
        yield relay


def clock_of(relay: Relay) -> Clock:
    assert relay.clock
    return relay.clock


def alarms(relay: Relay) -> list[str]:
    _, page = relay.ctl_json("alarms")
    return [alarm["kind"] for alarm in page["alarms"]]  # type: ignore[index]


def waits(relay: Relay, letter: Letter) -> bool:
    _, page = relay.ctl_json("queue", "list", "--sender", letter.sender)
    return bool(page["messages"])  # type: ignore[index]


# A domain of its own for each letter: of several to one that is down, one alone finds out whether it still is.
def deferred(relay: Relay, domain: str) -> Letter:
    letter = Letter.to(f"someone@{domain}", name="step")
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
    return letter


def told(relay: Relay) -> None:
    wait_for("the step to be told", lambda: "clock-stepped" in alarms(relay), 10)


def believed(relay: Relay, before: int) -> dict[str, str]:
    return wait_for("the step to be believed", lambda: events(relay, "clock-believed")[before:], PATIENCE + 20)[-1]


def goes_on(relay: Relay, letter: Letter) -> None:
    """It is tried again at its usual pace, and not given up."""
    count = len(relay.attempts(letter))
    wait_for("the next attempt", lambda: len(relay.attempts(letter)) > count, LIMIT)
    assert {attempt["status"] for attempt in relay.attempts(letter)} == {"deferred"}, relay.attempts(letter)
    assert waits(relay, letter)
@slow
def scenario_forwards(relay: Relay) -> None:
    """F123 Thirty days forwards at once: told, not believed, no mail is given up; then believed, and still none is given up"""
    letter = deferred(relay, "mismatch.example")
    clock_of(relay).jump(days=30)
    told(relay)
    code, status = relay.ctl_json("status")
    assert code == 0 and any("the clock was set forwards" in words for words in status["warnings"]), status  # type: ignore[index]
    assert events(relay, "clock-stepped") and not events(relay, "clock-believed")
    assert waits(relay, letter)
    assert int(believed(relay, 0)["moved"]) >= 1
    wait_for("the alarm to end", lambda: "clock-stepped" not in alarms(relay), 10)
    # As long as it took, and not the thirty days besides.
    assert int(events(relay, "alarm-cleared", kind="clock-stepped")[-1]["stood"]) < PATIENCE + 60
    goes_on(relay, letter)


@slow
def scenario_back(relay: Relay) -> None:
    """F123 Thirty days back: mail that waits is tried at its usual pace, not thirty days later"""
    letter = deferred(relay, "starttls-454.example")
    before = len(events(relay, "clock-believed"))
    clock_of(relay).jump()
    believed(relay, before)
    goes_on(relay, letter)


@slow
def scenario_day_back(relay: Relay) -> None:
    """F123 A day back, then two forwards to the second before midnight: nothing is tried in a burst"""
    letter = deferred(relay, "no-starttls.example")
    before = len(events(relay, "clock-believed"))
    clock_of(relay).jump(days=-1)
    told(relay)
    believed(relay, before)
    goes_on(relay, letter)
    begun, began = len(relay.attempts(letter)), time.monotonic()
    clock_of(relay).set(clock_of(relay).now.replace(hour=23, minute=59, second=59) + timedelta(days=2))
    believed(relay, before + 1)
    goes_on(relay, letter)
    # Between five seconds and ten each, as ever.
    assert len(relay.attempts(letter)) - begun <= 1 + (time.monotonic() - began) / 4, relay.attempts(letter)
    count = len(events(relay, "clock-believed"))
    clock_of(relay).jump()
    believed(relay, count)


def scenario_taken_back(relay: Relay) -> None:
    """F123 A step that is set right within the patience was never believed: nothing was moved"""
    letter = deferred(relay, "agility.example")
    count, right = len(events(relay, "clock-believed")), len(events(relay, "clock-right"))
    was = clock_of(relay).shift
    clock_of(relay).jump(days=was.days + 400)
    told(relay)
    clock_of(relay).jump(days=was.days)
    wait_for("its end to be told", lambda: len(events(relay, "clock-right")) > right, 10)
    assert len(events(relay, "clock-believed")) == count
    wait_for("the alarm to end", lambda: "clock-stepped" not in alarms(relay), 10)
    goes_on(relay, letter)


def sts(relay: Relay, domain: str) -> dict[str, Any]:
    _, found = relay.ctl_json("policy", domain)
    return found["mta_sts"]  # type: ignore[index]


@slow
def scenario_policy(relay: Relay) -> None:
    """F69 Two days back, then 400 forwards, with a policy in the cache: it holds; where it ends and cannot be had again, the log says so"""
    domain = "state-clock.example"
    with ChangingHost(relay.bed, domain, "webpki-expired") as host:
        letter = deferred(relay, domain)
        fetched = sts(relay, domain)["policy"]

        def enforced() -> None:
            count = len(relay.attempts(letter))
            last = wait_for("one attempt more", lambda: (found := relay.attempts(letter))[count:], LIMIT)[-1]
            assert (last["status"], last["cause"], last["sts"]) == ("deferred", "certificate-invalid", "enforce"), last
            assert sts(relay, domain)["policy"]["id"] == fetched["id"] and not host.mails

        for days, is_back in ((-2, True), (400, False)):
            before = len(events(relay, "clock-believed"))
            changes.serve(relay.bed, domain, STS(http="503"))
            clock_of(relay).jump(days=days)
            told(relay)
            assert sts(relay, domain)["policy"]["mode"] == "enforce"
            believed(relay, before)
            if is_back:
                enforced()
        # What the domain itself said is over: not by a silent step, but as after 400 days of failures.
        wait_for("the end of the policy in the log", lambda: events(relay, "sts-ran-out", domain=domain), LIMIT)
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
    count = len(events(relay, "clock-believed"))
    clock_of(relay).jump()
    believed(relay, count)


def scenario_restart(relay: Relay) -> None:
    """F123 The relay is away for a month, or comes up with such a date: its mail is tried again, not given up unread"""
    letter = deferred(relay, "starttls-554.example")
    relay.kill()
    clock_of(relay).advance(days=29)
    relay.start()
    wait_for("the absence to be told", lambda: events(relay, "absence"), 10)
    goes_on(relay, letter)


def scenario_forecast(relay: Relay) -> None:
    """F123 After the month away nobody is told that mail will be returned soon: that time does not count for it"""
    wrong = [alarm["words"] for alarm in relay.ctl_json("alarms")[1]["alarms"] if alarm["kind"] == "mail-will-expire"]  # type: ignore[index]
    assert not wrong, wrong


def scenario_lifetime(relay: Relay) -> None:
    """F123 Time that passes does count: mail still ends at its lifetime"""
    letter, steps = deferred(relay, "bogus.example"), len(events(relay, "clock-stepped"))
    # An hour at a time is no step; each must have been seen before the next.
    for _ in range(51):
        clock_of(relay).advance(minutes=59)
        assert relay.ctl("status")[0] == 0
    wait_for("the mail to be given up", lambda: not waits(relay, letter), 30)
    assert {attempt["status"] for attempt in relay.attempts(letter)} == {"deferred", "bounced"}, relay.attempts(letter)
    assert len(events(relay, "clock-stepped")) == steps
