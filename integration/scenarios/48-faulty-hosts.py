"""Hosts that break the protocol, numbered as in docs/reliability.md: what becomes of the letter, and that all other mail goes on.

They are found by their address, `[127.48.0.N]`, so nothing demands TLS. Their handshakes are 58-faulty-handshakes' business.
"""

import re
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from internet import addresses, planned
from internet.inside import Bed, wait_for
from internet.planned import PlannedHost, Session
from internet.relay import Relay
from internet.scenario import cases, note, slow
from internet.submission import Letter

NETWORK = "127.48.0"
# Seconds, of `delivery`: short, so that a host that says nothing is given up soon.
PATIENCE = 3
LAST_PATIENCE = 8  # for the reply to the content
TIMES = {"connect_timeout": PATIENCE, "greeting_timeout": PATIENCE, "command_timeout": PATIENCE, "data_start_timeout": PATIENCE,
         "data_block_timeout": PATIENCE, "data_end_timeout": LAST_PATIENCE, "tls_timeout": PATIENCE}
# What mail may take that has nothing to do with a fault.
SWIFT = 2.0
# Octets of the daemon's memory: what a host says is read in pieces, and not kept.
ALLOWANCE = 30_000_000


@dataclass
class World:
    bed: Bed
    relay: Relay
    number: int = 0

    def address(self) -> str:
        """One that no scenario has used: what is known of a host stays with it."""
        self.number += 1
        return f"{NETWORK}.{self.number}"


@contextmanager
def fixture(bed: Bed) -> Iterator[World]:
    with Relay(bed, "48-faulty-hosts", 1, more={"delivery": {key: f'"{value}s"' for key, value in TIMES.items()}}) as relay:
        world = World(bed, relay)
        # The first letter finds cold caches.
        warm = Letter.to("someone@good.example", name="faulty-warm")
        relay.submit(warm)
        relay.wait_attempt(warm, warm.recipients[0], ("delivered",))
        yield world


def submit(world: World, host: PlannedHost, *names: str, body: bytes = b"Hello.\n") -> Letter:
    letter = Letter.to(*(f"{name}@[{host.address}]" for name in names or ("someone",)), name="faulty", body=body)
    world.relay.submit(letter)
    return letter


def outcome(world: World, letter: Letter, name: int = 0, limit: float = 30) -> dict[str, str]:
    return world.relay.wait_attempt(letter, letter.recipients[name], ("delivered", "deferred", "bounced"), limit)[0]


def others_go_on(world: World) -> None:
    control = Letter.to("someone@good.example", name="faulty-control")
    world.relay.submit(control)
    last = world.relay.wait_attempt(control, control.recipients[0], ("delivered",), 10)[-1]
    assert float(last["delay"].rstrip("s")) < SWIFT, last


@dataclass(frozen=True)
class Fault:
    number: str
    what: str
    plan: planned.Plan
    status: str
    cause: str
    # Commands that must not have been sent.
    never: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.what


LATER = b"421 4.3.2 not now\r\n"
LONG = 10_000_000
MAIL, CONTENT = ("MAIL", "RCPT", "DATA"), ("DATA",)
NOBODY = b"550 5.1.1 nobody\r\n"


def _odd(what: str, octets: bytes) -> Fault:
    return Fault("84", what, {"MAIL": octets}, "deferred", "protocol-error")


def _later(what: str, place: str, never: tuple[str, ...] = ()) -> Fault:
    return Fault("92", f"421 {what}, and the end", {place: planned.say_and_hang_up(LATER)}, "deferred", "remote-reply", never)


FAULTS = (
    Fault("82", "EHLO is not known, HELO is", {"EHLO": b"500 5.5.2 what?\r\n"}, "delivered", "", ("STARTTLS",)),
    Fault("83", "ten megabytes without a line end for a reply", {"EHLO": planned.flood(b"2" * 65536, LONG)}, "deferred", "protocol-error", MAIL),
    Fault("83", "a reply of a million lines", {"EHLO": planned.flood(b"250-more\r\n", LONG)}, "deferred", "protocol-error", MAIL),
    Fault("83", "a line of a reply each second, for ever", {"EHLO": planned.dribble(b"250-more\r\n", 1)}, "deferred", "timed-out", MAIL),
    Fault("83", "an octet of a greeting each half second, for ever", {"connect": planned.dribble(b"2", 0.5)}, "deferred", "timed-out", ("EHLO",)),
    _odd("two codes in one reply", b"250-yes\r\n550 no\r\n"), _odd("a code of four digits", b"2500 ok\r\n"),
    _odd("a code that begins with 1", b"150 wait\r\n"), _odd("a code that begins with 6", b"650 what\r\n"),
    _odd("the letter O for a nought", b"25O ok\r\n"), _odd("no code", b"ok\r\n"), _odd("no blank behind the code", b"250ok\r\n"),
    _odd("an empty line", b"\r\n"), _odd("a NUL within the code", b"2\x0050 ok\r\n"),
    Fault("84", "354 to EHLO", {"EHLO": b"354 go on\r\n"}, "deferred", "remote-reply", MAIL),
    Fault("84", "354 to MAIL", {"MAIL": b"354 go on\r\n"}, "deferred", "protocol-error"),
    Fault("84", "250 to DATA", {"DATA": b"250 ok\r\n"}, "deferred", "protocol-error"),
    Fault("91", "550 to RCPT, and the end while DATA is on its way", {"RCPT": planned.say_and_hang_up(NOBODY)}, "bounced", "remote-reply"),
    Fault("91", "550 to MAIL, and a reset with commands unread", {"MAIL": planned.say_and(NOBODY, planned.reset)}, "bounced", "remote-reply"),
    Fault("92", "421 for a greeting", {"connect": planned.say_and_hang_up(LATER)}, "deferred", "remote-reply", ("EHLO",)),
    _later("to EHLO", "EHLO", MAIL), _later("to MAIL", "MAIL"), _later("to RCPT", "RCPT"), _later("to DATA", "DATA"), _later("to the content", "."),
    Fault("93", "nothing is said to RCPT", {"RCPT": planned.silence}, "deferred", "timed-out"),
    Fault("78", "a reset behind the greeting", {"EHLO": planned.reset}, "deferred", "connection-lost", MAIL),
    Fault("78", "the end within the reply to MAIL", {"MAIL": planned.say_and_hang_up(b"25")}, "deferred", "connection-lost"),
)


def numbered(number: str) -> list[Fault]:
    return [fault for fault in FAULTS if fault.number == number]


@cases(numbered("78"), str)
def scenario_reset(world: World, fault: Fault) -> None:
    """F78 The connection breaks off"""
    check(world, fault)


@cases(numbered("82"), str)
def scenario_old_greeting(world: World, fault: Fault) -> None:
    """F82 Where nothing demands TLS"""
    check(world, fault)


@cases(numbered("83"), str)
def scenario_endless(world: World, fault: Fault) -> None:
    """F83 A reply that does not end is left, and not kept"""
    check(world, fault)


@cases(numbered("84"), str)
def scenario_odd(world: World, fault: Fault) -> None:
    """F84 A reply that is none, or out of place"""
    check(world, fault)


@cases(numbered("91"), str)
def scenario_last_words(world: World, fault: Fault) -> None:
    """F91 A refusal that came before the end is the last word"""
    check(world, fault)


@cases(numbered("92"), str)
def scenario_closing(world: World, fault: Fault) -> None:
    """F92 The host ends the session, and the letter waits"""
    check(world, fault)


@cases(numbered("93"), str)
def scenario_silent(world: World, fault: Fault) -> None:
    """F93 A host falls silent"""
    check(world, fault)


def check(world: World, fault: Fault) -> None:
    before = world.relay.peak_memory()
    with PlannedHost(world.address(), fault.plan) as host:
        letter = submit(world, host)
        wait_for("a connection", lambda: host.connects, 10)
        others_go_on(world)
        last = outcome(world, letter)
        assert (last["status"], last.get("cause", "")) == (fault.status, fault.cause), (last, host.lines)
        sent = host.verbs()
        assert not [verb for verb in fault.never if sent[verb]], host.lines
        assert (host.copies(letter.sender) == 1) == (fault.status == "delivered" or "." in fault.plan), host.taken
        if fault.status == "deferred":
            assert last["reason"], last
            _, page = world.relay.ctl_json("queue", "list", "--sender", letter.sender)
            assert page["messages"][0]["recipients"][0]["reason"]["cause"] == fault.cause, page  # type: ignore[index]
    grown = world.relay.peak_memory() - before
    assert grown < ALLOWANCE, grown


EARLY = {
    "as far as RCPT, which is refused": (b"220 planned.example ESMTP\r\n250 planned.example\r\n250 ok\r\n250 ok\r\n", {"RCPT": NOBODY}),
    "as many as there will be commands": (
        b"220 planned.example ESMTP\r\n250 planned.example\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n221 bye\r\n",
        dict.fromkeys(("EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"), b"")),
}


@cases(EARLY, str)
def scenario_early_replies(world: World, which: str) -> None:
    """F85 Replies come before their commands: no answer to something else is taken for a fate"""
    octets, more = EARLY[which]
    with PlannedHost(world.address(), {"connect": octets, **more}) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert (last["status"], last.get("cause")) == ("deferred", "protocol-error"), (last, host.lines)
        assert not host.copies(letter.sender), host.lines


def scenario_data_without_recipients(world: World) -> None:
    """F86 354 to DATA though each recipient was refused: nothing of the letter is sent"""
    with PlannedHost(world.address(), {"RCPT": NOBODY}) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert (last["status"], last["cause"]) == ("bounced", "remote-reply"), last
        # The session is over, one way or another.
        wait_for("its end", lambda: not host.links, 10)
        assert all(not one.content for one in host.taken), host.taken


def scenario_fates(world: World) -> None:
    """F87 250, 550 and 450 for three recipients: each has its own fate"""
    plan: planned.Plan = {"RCPT 1": b"250 2.1.5 ok\r\n", "RCPT 2": NOBODY, "RCPT 3": b"450 4.2.1 later\r\n"}
    with PlannedHost(world.address(), first=plan) as host:
        letter = submit(world, host, "one", "two", "three")
        found = [outcome(world, letter, number) for number in range(3)]
        assert sorted(one["status"] for one in found) == ["bounced", "deferred", "delivered"], found
        put_off = next(one["to"] for one in found if one["status"] == "deferred")
        assert "450 4.2.1 later" in next(one["reason"] for one in found if one["to"] == put_off), found
        assert "550 5.1.1 nobody" in next(one["reason"] for one in found if one["status"] == "bounced"), found
        world.relay.wait_attempt(letter, put_off, ("delivered",))
        assert [one.recipients for one in host.taken][1:] == [[f"<{put_off}>"]], host.taken


CROWD, ROOM = 150, 100


def scenario_too_many(world: World) -> None:
    """F88 552 from the 101st recipient on: the rest goes in a further transaction, and nobody is given up or mailed twice"""
    def some(session: Session) -> bool:
        session.send(b"250 2.1.5 ok\r\n" if len(session.recipients) <= ROOM else b"552 5.5.3 too many recipients\r\n")
        if len(session.recipients) > ROOM:
            session.recipients.pop()
        return True
    with PlannedHost(world.address(), {"RCPT": some}) as host:
        letter = submit(world, host, *(f"r{number}" for number in range(CROWD)))
        for number in range(CROWD):
            (only,) = world.relay.wait_attempt(letter, letter.recipients[number], ("delivered", "deferred", "bounced"), 30)
            assert only["status"] == "delivered", only
        assert [len(one.recipients) for one in host.taken] == [ROOM, CROWD - ROOM]
        assert sorted(address for one in host.taken for address in one.recipients) == sorted(f"<{address}>" for address in letter.recipients)


def scenario_lost_behind_the_dot(world: World) -> None:
    """F89 The end behind the content, before its reply: tried again, and there is one copy more"""
    with PlannedHost(world.address(), first={".": planned.hang_up}) as host:
        letter = submit(world, host)
        attempts = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 30)
        found = [(attempt["status"], attempt.get("cause", "")) for attempt in attempts]
        assert found == [("deferred", "connection-lost"), ("delivered", "")], attempts
        assert host.copies(letter.sender) == 2


def scenario_late_reply(world: World) -> None:
    """F90 The reply to the content comes as late as it may: waited for, and there is no second copy"""
    with PlannedHost(world.address(), {".": planned.wait_and_say(LAST_PATIENCE - 2, b"250 2.0.0 taken\r\n")}) as host:
        letter = submit(world, host)
        others_go_on(world)
        (only,) = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred"), 30)
        assert only["status"] == "delivered", only
        assert world.relay.ctl_json("queue", "list", "--sender", letter.sender)[0] == 1, "still in the queue"
        assert host.copies(letter.sender) == 1 and len(host.connects) == 1


@slow
def scenario_latest_reply(world: World) -> None:
    """F90 The reply to the content comes after 590 seconds: the default time for it is ten minutes"""
    with Relay(world.bed, "48-faulty-hosts-patient", 2) as relay, PlannedHost(world.address(), {".": planned.wait_and_say(590, b"250 2.0.0 taken\r\n")}) as host:
        letter = Letter.to(f"someone@[{host.address}]", name="patient")
        relay.submit(letter)
        (only,) = relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred"), 660)
        assert only["status"] == "delivered" and host.copies(letter.sender) == 1, only


def scenario_never_reads(world: World) -> None:
    """F93 The host takes nothing of a long content: given up in time, and memory does not hold it"""
    with PlannedHost(world.address(), {"DATA": planned.stop_reading}) as host:
        letter = submit(world, host, body=b"All work and no play.\n" * 1_000_000)
        before = world.relay.peak_memory()
        wait_for("DATA", lambda: "DATA" in host.lines, 10)
        others_go_on(world)
        last = outcome(world, letter, limit=60)
        assert (last["status"], last["cause"]) == ("deferred", "timed-out"), last
        grown = world.relay.peak_memory() - before
        assert grown < ALLOWANCE, grown


@cases(("without a word", "with 421"), str)
def scenario_idle_close(world: World, how: str) -> None:
    """F96 The host ends a connection as the second letter begins: it goes over a new one at once, and is not deferred"""
    end: planned.Act = planned.hang_up if how == "without a word" else planned.say_and_hang_up(LATER)
    with PlannedHost(world.address(), first={"MAIL 2": end}) as host:
        for _ in range(2):
            letter = submit(world, host)
            last = outcome(world, letter)
            assert (last["status"], last["attempt"]) == ("delivered", "1"), (last, host.lines)
        assert len(host.connects) == 2 and host.verbs()["MAIL"] == 3, host.lines


NASTY = b"550 5.1.1 \x1b[2J\x1b]0;owned\x07 %n%s \"quoted\" \\back \xf0\x9f\x92 \x7f event=forged\r\n"
RAW = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"


def scenario_words(world: World) -> None:
    """F99 Escapes, format signs, quotes and half a character in a host's words: harmless in log, JSON, queue, metrics and notice"""
    relay = world.relay
    with PlannedHost(world.address(), {"RCPT": NASTY}) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
    assert (last["status"], last["cause"]) == ("bounced", "remote-reply") and last["event"] == "delivery", last
    assert "owned" in last["reason"] and '"quoted"' in last["reason"] and "%n%s" in last["reason"], last
    notice = wait_for("the notice", lambda: world.bed.bounces(letter.sender), 20)[0].as_bytes()
    assert b"owned" in notice and not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", notice), notice
    with urllib.request.urlopen(f"http://{relay.address}:{addresses.METRICS_PORT}/metrics", timeout=5) as answer:
        metrics = answer.read().decode()
    assert "owned" not in metrics and not re.search(RAW, metrics)
    code, text, error = relay.ctl("trace", letter.sender)
    assert code == 0 and "owned" in text and not re.search(RAW, text + error), (code, text, error)
    assert "owned" in str(relay.ctl_json("trace", letter.sender)[1])
    raw = relay.log().read_bytes()
    assert not re.search(RAW.encode().replace(b"-\\x9f", b""), raw), "a control character in the log"
    raw.decode()
    note(last["reason"])
