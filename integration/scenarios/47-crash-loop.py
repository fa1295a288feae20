"""A fault of relayd's own in the middle of a delivery: the next start holds back who was under way, and in the end for good."""

import os
import signal
from contextlib import contextmanager
from typing import Iterator

from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.ownhosts import Knocks, Silence
from internet.relay import Relay
from internet.submission import Letter

SILENT, OTHER = "127.1.7.250", "127.1.7.249"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "47-crash-loop", 1, more={"delivery": {"connect_timeout": '"60s"'}}) as relay:
        yield relay


def scenario_held_in_the_end(relay: Relay) -> None:
    """SIGSEGV while a letter is being delivered, three times: it waits, waits longer, is held, and is released; other mail goes on"""
    letter = Letter.to(f"someone@[{SILENT}]", name="crash")
    with Silence(SILENT) as silence, Knocks(SILENT) as knocks:
        relay.submit(letter)
        for crashes, state in ((1, "deferred"), (2, "deferred"), (3, "held")):
            wait_for("the attempt to begin", lambda: begun(silence, knocks) == crashes, 10)
            os.kill(relay.pid, signal.SIGSEGV)
            assert relay.wait_exit() == -signal.SIGSEGV, relay.tail()
            relay.start()
            crashed = wait_for("the crash to be told", lambda: events(relay, "crashed")[crashes - 1:], 10)[-1]
            assert (crashed["signal"], crashed["suspects"]) == (str(int(signal.SIGSEGV)), "1"), crashed
            suspect = wait_for("the suspect", lambda: events(relay, "crash-suspect")[crashes - 1:], 5)[-1]
            assert suspect["crashes"] == str(crashes) and ("until" in suspect) == (state != "held"), suspect
            other = Letter.to("someone@good.example", name="crash")
            relay.submit(other)
            relay.wait_attempt(other, other.recipients[0], ("delivered",))
            assert begun(silence, knocks) == crashes and not relay.attempts(letter), (begun(silence, knocks), relay.attempts(letter))
            if state != "held":
                code, _, error = relay.ctl("queue", "retry", "--id", letter_id(relay, letter), "--yes")
                assert code == 0, error
        _, page = relay.ctl_json("queue", "list", "--sender", letter.sender)
        recipient = page["messages"][0]["recipients"][0]  # type: ignore[index]
        assert recipient["state"] == "held", page
        code, alarms = relay.ctl_json("alarms")
        assert code == 1 and "crash-suspect" in [alarm["kind"] for alarm in alarms["alarms"]], alarms  # type: ignore[index]
        code, _, error = relay.ctl("queue", "release", "--id", letter_id(relay, letter), "--yes")
        assert code == 0, error
        wait_for("the alarm to end", lambda: "crash-suspect" not in str(relay.ctl_json("alarms")[1]), 20)
        wait_for("it to be tried again", lambda: begun(silence, knocks) == 4, 20)


def scenario_kill_says_nothing(relay: Relay) -> None:
    """SIGKILL makes nobody a suspect"""
    letter = Letter.to(f"someone@[{OTHER}]", name="crash")
    before = len(events(relay, "crashed"))
    with Silence(OTHER) as silence, Knocks(OTHER) as knocks:
        relay.submit(letter)
        wait_for("the attempt to begin", lambda: begun(silence, knocks) == 1, 10)
        relay.kill()
        relay.start()
        wait_for("the attempt to begin again", lambda: begun(silence, knocks) == 2, 10)
    assert len(events(relay, "crashed")) == before


def begun(silence: Silence, knocks: Knocks) -> int:
    """Attempts; who keeps the address silent knocks there too, again and again."""
    own = {filler.getsockname()[1] for filler in silence.fillers}
    return len([source for source in knocks.sources if source not in own])


def letter_id(relay: Relay, letter: Letter) -> str:
    _, page = relay.ctl_json("queue", "list", "--sender", letter.sender)
    return page["messages"][0]["id"]  # type: ignore[index]

