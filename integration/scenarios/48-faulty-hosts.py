"""Hosts that break the protocol, numbered as in docs/reliability.md: what becomes of the letter, and that all other mail goes on."""

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from internet import planned
from internet.inside import Bed, wait_for
from internet.planned import PlannedHost
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter

NETWORK = "127.3.48"
# Seconds, of `delivery`: short, so that a host that says nothing is given up soon.
PATIENCE = 3
TIMES = {"connect_timeout": "3s", "greeting_timeout": "3s", "command_timeout": "3s", "data_start_timeout": "3s", "data_block_timeout": "3s",
         "data_end_timeout": "8s", "tls_timeout": "3s"}


@dataclass
class World:
    bed: Bed
    relay: Relay
    number: int = 100

    def address(self) -> str:
        """One that no scenario has used: what is known of a host stays with it."""
        self.number += 1
        return f"{NETWORK}.{self.number}"


@contextmanager
def fixture(bed: Bed) -> Iterator[World]:
    more = {"delivery": {key: f'"{value}"' for key, value in TIMES.items()}}
    with Relay(bed, "48-faulty-hosts", 1, more=more) as relay:
        yield World(bed, relay)


def submit(world: World, host: PlannedHost, *names: str, body: bytes = b"Hello.\n") -> Letter:
    letter = Letter.to(*(f"{name}@[{host.address}]" for name in names or ("someone",)), name="faulty", body=body)
    world.relay.submit(letter)
    return letter


def outcome(world: World, letter: Letter, name: int = 0, limit: float = 30) -> dict[str, str]:
    return world.relay.wait_attempt(letter, letter.recipients[name], ("delivered", "deferred", "bounced"), limit)[0]


@dataclass(frozen=True)
class Fault:
    number: str
    what: str
    plan: planned.Plan
    status: str
    cause: str
    # Commands that must not have been sent.
    never: tuple[str, ...] = ()


def _at(place: str, octets: bytes) -> planned.Plan:
    return {place: octets}


LONG = 10_000_000
BEFORE_MAIL = ("MAIL", "RCPT", "DATA")
FAULTS = (
    Fault("83", "ten megabytes without a line end for a reply", {"MAIL": planned.flood(b"2" * 65536, LONG)}, "deferred", "protocol-error", ("DATA",)),
    Fault("83", "a reply of a million lines", {"EHLO": planned.flood(b"250-more and more\r\n", LONG)}, "deferred", "protocol-error", BEFORE_MAIL),
    Fault("83", "a line of a reply each second, for ever", {"EHLO": planned.dribble(b"250-more\r\n", 1)}, "deferred", "timed-out", BEFORE_MAIL),
    Fault("83", "an octet of a reply each half second, for ever", {"connect": planned.dribble(b"2", 0.5)}, "deferred", "timed-out", BEFORE_MAIL),
    Fault("84", "two codes in one reply", _at("MAIL", b"250-yes\r\n550 no\r\n"), "deferred", "protocol-error", ("DATA",)),
    Fault("84", "a code of four digits", _at("MAIL", b"2500 ok\r\n"), "deferred", "protocol-error", ("DATA",)),
    Fault("84", "a code that begins with 1", _at("MAIL", b"150 wait\r\n"), "deferred", "protocol-error", ("DATA",)),
    Fault("84", "a code that begins with 6", _at("MAIL", b"650 what\r\n"), "deferred", "protocol-error", ("DATA",)),
    Fault("84", "the letter O for a nought", _at("MAIL", b"25O ok\r\n"), "deferred", "protocol-error", ("DATA",)),
    Fault("84", "no reply at all but an empty line", _at("MAIL", b"\r\n"), "deferred", "protocol-error", ("DATA",)),
    Fault("76", "EHLO is answered 354", _at("EHLO", b"354 go on\r\n"), "deferred", "protocol-error", BEFORE_MAIL),
    Fault("92", "421 for a greeting", _at("connect", b"421 4.3.2 not now\r\n"), "deferred", "remote-reply", BEFORE_MAIL),
    Fault("92", "421 to EHLO", {"EHLO": planned.say_and_hang_up(b"421 4.3.2 not now\r\n")}, "deferred", "remote-reply", BEFORE_MAIL),
    Fault("92", "421 to MAIL", {"MAIL": planned.say_and_hang_up(b"421 4.3.2 not now\r\n")}, "deferred", "remote-reply"),
    Fault("92", "421 to RCPT", {"RCPT": planned.say_and_hang_up(b"421 4.3.2 not now\r\n")}, "deferred", "remote-reply"),
    Fault("92", "421 to DATA", {"DATA": planned.say_and_hang_up(b"421 4.3.2 not now\r\n")}, "deferred", "remote-reply"),
    Fault("92", "421 to the content", {".": planned.say_and_hang_up(b"421 4.3.2 not now\r\n")}, "deferred", "remote-reply"),
    Fault("78", "reset behind the greeting", {"EHLO": planned.reset}, "deferred", "connection-lost", BEFORE_MAIL),
    Fault("89", "hangs up within the reply to MAIL", {"MAIL": planned.say_and_hang_up(b"25")}, "deferred", "connection-lost"),
    Fault("93", "says nothing to RCPT", {"RCPT": planned.silence}, "deferred", "timed-out"),
    Fault("91", "550 to RCPT, and hangs up while DATA is on its way", {"RCPT": planned.say_and_hang_up(b"550 5.1.1 nobody\r\n")}, "bounced", "remote-reply"),
    Fault("82", "EHLO is not known, HELO is", _at("EHLO", b"500 5.5.2 what?\r\n"), "delivered", "", ("STARTTLS",)),
)


@cases(FAULTS, lambda fault: f"{fault.number}: {fault.what}")
def scenario_fault(world: World, fault: Fault) -> None:
    """A host that breaks the protocol"""
    before = world.relay.peak_memory()
    with PlannedHost(world.address(), fault.plan) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert (last["status"], last.get("cause", "")) == (fault.status, fault.cause), last
        sent = host.verbs()
        assert not [verb for verb in fault.never if sent[verb]], host.lines
        assert host.copies(letter.sender) <= 1
    assert world.relay.peak_memory() - before < 30_000_000, (before, world.relay.peak_memory())
    others_go_on(world)


def others_go_on(world: World) -> None:
    control = Letter.to("someone@good.example", name="faulty-control")
    world.relay.submit(control)
    world.relay.wait_attempt(control, control.recipients[0], ("delivered",), 10)


def scenario_early_replies(world: World) -> None:
    """85: replies that come before their commands: nobody is taken for refused or accepted by an answer to something else"""
    early = b"220 planned.example ESMTP\r\n250 planned.example\r\n250 ok\r\n250 ok\r\n"
    with PlannedHost(world.address(), {"connect": early, "RCPT": b"550 5.1.1 nobody\r\n"}) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert last["status"] != "delivered" and not host.copies(letter.sender), (last, host.lines)
        assert (last["status"], last["cause"]) == ("deferred", "protocol-error"), last


def scenario_data_without_recipients(world: World) -> None:
    """86: 354 to DATA though each recipient was refused: nothing of the letter is sent"""
    with PlannedHost(world.address(), {"RCPT": b"550 5.1.1 nobody\r\n"}) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert (last["status"], last["cause"]) == ("bounced", "remote-reply"), last
        time.sleep(1)
        assert all(not one.content for one in host.taken), host.taken


def scenario_fates(world: World) -> None:
    """87: 250, 550 and 450 for three recipients: each has its own fate"""
    plan: planned.Plan = {"RCPT 2": b"550 5.1.1 nobody\r\n", "RCPT 3": b"450 4.2.1 later\r\n", "RCPT": b"250 2.1.5 ok\r\n"}
    with PlannedHost(world.address(), plan) as host:
        letter = submit(world, host, "one", "two", "three")
        found = sorted(outcome(world, letter, number)["status"] for number in range(3))
        assert found == ["bounced", "deferred", "delivered"], found
        assert host.taken and len(host.taken[0].recipients) == 3


def scenario_too_many(world: World) -> None:
    """88: 552 from the third recipient on: the rest goes in another transaction, and nobody is given up"""
    plan: planned.Plan = {"RCPT 3": b"552 5.5.3 too many recipients\r\n", "RCPT 4": b"552 5.5.3 too many recipients\r\n"}
    with PlannedHost(world.address(), plan) as host:
        letter = submit(world, host, "one", "two", "three", "four")
        for number in range(4):
            attempts = world.relay.wait_attempt(letter, letter.recipients[number], ("delivered", "bounced"), 30)
            assert attempts[-1]["status"] == "delivered", attempts
        assert host.copies(letter.sender) == 2


def scenario_lost_behind_the_dot(world: World) -> None:
    """89: hung up behind the content, before its reply: tried again, and one copy more at most"""
    with PlannedHost(world.address(), first={".": planned.hang_up}) as host:
        letter = submit(world, host)
        attempts = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 30)
        assert [attempt["status"] for attempt in attempts] == ["deferred", "delivered"], attempts
        assert host.copies(letter.sender) == 2


def scenario_late_reply(world: World) -> None:
    """90: the reply to the content comes as late as it may: waited for, and no second copy"""
    with PlannedHost(world.address(), {".": planned.wait_and_say(6, b"250 2.0.0 taken\r\n")}) as host:
        letter = submit(world, host)
        assert outcome(world, letter)["status"] == "delivered"
        time.sleep(5)
        assert host.copies(letter.sender) == 1 and len(host.connects) == 1


def scenario_never_reads(world: World) -> None:
    """93: the host takes nothing of a long content: given up in time, and its place is free again"""
    with PlannedHost(world.address(), {"DATA": planned.stop_reading}) as host:
        letter = submit(world, host, body=b"All work and no play.\n" * 1_000_000)
        began = time.monotonic()
        last = outcome(world, letter, limit=40)
        assert (last["status"], last["cause"]) == ("deferred", "timed-out"), last
        assert time.monotonic() - began < 20
    others_go_on(world)


def scenario_idle_close(world: World) -> None:
    """96: the host closes a connection that was kept: the next letter goes over a new one at once, and is not deferred"""
    with PlannedHost(world.address(), first={".": planned.say_and_hang_up(b"250 2.0.0 taken\r\n")}) as host:
        for _ in range(2):
            letter = submit(world, host)
            last = outcome(world, letter)
            assert (last["status"], last["attempt"]) == ("delivered", "1"), last
        assert len(host.connects) == 2


NASTY = b"550 5.1.1 \x1b[2J\x1b]0;owned\x07 %n%s \"quoted\" \\back \xf0\x9f\x92 \x00 \x7f\r\n"


def scenario_words(world: World) -> None:
    """99: escapes, format signs, half a character and a NUL in the host's words: seen, and harmless, in log, queue, notice and JSON"""
    with PlannedHost(world.address(), {"RCPT": NASTY}) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert last["status"] in ("bounced", "deferred"), last
    raw = (world.relay.folder / "log").read_bytes() if (world.relay.folder / "log").is_file() else world.relay.tail(200_000).encode()
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", raw.replace(b"\r\n", b"\n")), "a control character in the log"
    code, text, _ = world.relay.ctl("trace", letter.sender)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text), text
    world.relay.ctl_json("trace", letter.sender)
    if last["status"] == "bounced":
        notice = wait_for("the notice", lambda: world.bed.bounces(letter.sender), 20)[0].as_bytes()
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", notice), notice


TLS_FAULTS: tuple[tuple[str, planned.Plan, str], ...] = (
    ("answers STARTTLS with nonsense", {"STARTTLS": b"yes please\r\n"}, "protocol-error"),
    ("answers STARTTLS with nothing", {"STARTTLS": planned.silence}, "timed-out"),
    ("says 220 in two lines, and never shakes hands", {"STARTTLS": planned.dribble(b"220-wait\r\n", 2)}, "timed-out"),
    ("77: does not answer the ClientHello", {"STARTTLS": lambda session: session.send(b"220 go\r\n") or planned.silence(session)}, "tls-handshake-failed"),
    ("78: resets behind the ClientHello", {"STARTTLS": lambda session: session.send(b"220 go\r\n") or bool(session.socket.recv(100)) and planned.reset(session)},
     "tls-handshake-failed"),
    ("78: an alert instead of a ServerHello", {"STARTTLS": planned.say_and_hang_up(b"220 go\r\n\x15\x03\x01\x00\x02\x02\x28")}, "tls-handshake-failed"),
)


@cases(TLS_FAULTS, lambda case: case[0])
def scenario_tls(world: World, case: tuple[str, planned.Plan, str]) -> None:
    """76: a host that offers STARTTLS, and nothing demands it: the first attempt is deferred, nothing was said in the clear"""
    _, plan, cause = case
    certificate = world.bed.folder / "certificates" / "mx.good.example"
    with PlannedHost(world.address(), plan, certificate=certificate) as host:
        letter = submit(world, host)
        last = outcome(world, letter)
        assert (last["status"], last["cause"]) == ("deferred", cause), last
        first = host.lines[:host.lines.index("STARTTLS") + 1]
        assert not [line for line in first if line.startswith("MAIL")], host.lines
