"""Endless input, a very long session, and an hour without names: memory and processor stay as they are, and everything else goes on."""

import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from internet import addresses
from internet.attacker import Attacker
from internet.inside import Bed, wait_for
from internet.listeners import arrived, events, toml
from internet.ownhosts import pour
from internet.relay import Relay
from internet.scenario import cases, note, slow
from internet.smtpwire import Wire
from internet.submission import Letter
from internet.watching import outcome

MEGABYTE = 1_000_000
GIGABYTE = 1000 * MEGABYTE
# Over the peak before the fault.
ALLOWANCE = 24 * MEGABYTE
TICKS = os.sysconf("SC_CLK_TCK")
# SESSION=1000000 is a campaign.
SESSION = int(os.environ.get("SESSION", "50000"))
QUEUED = 5000
OUTAGE = 30.0
# What is ready in memory has its bound (docs/queue.md): it is reached first.
FIRST = 25_000


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "56-load-faults-load", 20) as relay:
        assert outcome(relay, "someone@good.example", "warm")["status"] == "delivered"
        yield relay


@contextmanager
def flat_memory(relay: Relay, what: str, allowance: int = ALLOWANCE) -> Iterator[None]:
    before = relay.peak_memory()
    yield
    assert relay.process and relay.process.poll() is None, relay.tail()
    grown = relay.peak_memory() - before
    note(f"{what}: peak memory {grown / MEGABYTE:+.1f} MB")
    assert grown < allowance, f"grew by {grown} octets"


def content(relay: Relay, pieces: Iterator[bytes]) -> tuple[int, str]:
    """The reply to content of these pieces; (421, "") where the session ended first."""
    with Wire(relay.address, timeout=120) as wire:
        wire.ehlo()
        wire.envelope(Letter.to("someone@good.example", name="endless"))
        assert wire.ask("DATA")[0] == 354
        try:
            for piece in pieces:
                wire.send(piece)
            return wire.ask(b"\r\n.")
        except OSError:
            return 421, ""


def scenario_command(relay: Relay) -> None:
    """F104 A command of a gigabyte without an end: 500 once, or the end; memory stays, others are served"""
    with flat_memory(relay, "a command of 1 GB"), Wire(relay.address, timeout=120) as wire:
        wire.ehlo()
        try:
            for _ in range(1000):
                wire.send(b"A" * MEGABYTE)
            wire.send(b"\r\n")
            code, text = wire.reply()
            assert code in (500, 421), (code, text)
        except OSError:
            # It was shut before its end, as it may be.
            pass
        assert outcome(relay, "someone@good.example", "beside")["status"] == "delivered"


CONTENTS: tuple[tuple[str, Callable[[], Iterator[bytes]]], ...] = (
    ("a header line of 1 GB", lambda: iter((b"X-Long: ", *[b"a" * MEGABYTE] * 1000))),
    ("ten million header fields", lambda: iter([b"X: y\r\n" * 100_000] * 100)),
)


@slow
@cases(CONTENTS, lambda case: case[0])
def scenario_content(relay: Relay, case: tuple[str, Callable[[], Iterator[bytes]]]) -> None:
    """F104 Content without measure: refused, or taken within the limits; memory stays"""
    with flat_memory(relay, case[0]):
        code, text = content(relay, case[1]())
        assert code in (250, 421) or 500 <= code < 600, (code, text)
    assert outcome(relay, "someone@good.example", "beside")["status"] == "delivered"


def scenario_nested(relay: Relay) -> None:
    """F104 Multiparts within one another, 100,000 deep: the letter arrives as it is, and memory stays"""
    depth = 100_000
    inner = "".join(f"--b{level}\nContent-Type: multipart/mixed; boundary=b{level + 1}\n\n" for level in range(depth))
    letter = Letter.to("someone@good.example", name="nested", body=inner.encode() + b"--b100000\n\nGr\xc3\xbc\xc3\x9fe\n",
                       headers="MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n")
    # Its own octets are held once or twice while it is under way.
    with flat_memory(relay, f"{depth} levels", ALLOWANCE + 3 * len(letter.content)):
        relay.submit(letter, options=("BODY=8BITMIME",))
        arrived(relay, letter, "good.example", 60)


@slow
def scenario_session(first: Relay) -> None:
    """F107 Fifty thousand letters of one octet in one session, or a million: all are taken, and memory is flat"""
    more = {"retry": {"minimum": toml("1h"), "maximum": toml("2h")}}
    with Relay(first.bed, "56-load-faults-session", 21, more=more) as relay:
        assert relay.ctl("destinations", "suspend", "good.example")[0] == 0

        def send(count: int) -> None:
            words = ["smtp-source", "-d", "-s", "1", "-m", str(count), "-l", "1", "-f", "one@sender.example", "-t", "someone@good.example",
                     "-M", "one.example"]
            subprocess.run([*words, f"{relay.address}:{addresses.RELAY_PORT}"], check=True, timeout=600 + SESSION / 50)
        send(FIRST)
        began = time.monotonic()
        with flat_memory(relay, f"{SESSION} letters in one session"):
            send(SESSION)
        note(f"{SESSION / (time.monotonic() - began):.0f} letters a second")
        wait_for("the count", lambda: re.search(f"^waxwing_queue_messages(?:{{[^}}]*}})? {FIRST + SESSION}$", relay.ctl("metrics")[1], re.M), 60)


def processor_time(relay: Relay) -> float:
    fields = Path(f"/proc/{relay.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@slow
def scenario_no_names(first: Relay) -> None:
    """F24 No name server answers, with thousands of letters: no busy loop, no bounce, few attempts; then all go, once each and not in a burst"""
    # An hour's outage as it looks to those who wait five seconds instead of five minutes. (Where libfaketime moves the clock the runtime's own
    # timers spin, and nothing could be said of the processor.)
    more = {"retry": {"minimum": toml("5s"), "maximum": toml("20s"), "lifetime": toml("5d")}, "dns": {"lookup_timeout": toml("3s")}}
    with Attacker(first.bed, "wrong-certificate-webpki-other") as attacker, \
            Relay(first.bed, "56-load-faults-names", 22, more=more, network=attacker) as relay:
        attacker.block_names = True
        domains = ("insecure.example", "plain.example")
        with attacker.entered():
            for domain in domains:
                pour(relay.address, "bulk@sender.example", [f"user{number}@{domain}" for number in range(QUEUED // 2)])
        wait_for("the outage to be known", lambda: len(events(relay, "destination-down")) >= len(domains), 60)
        time.sleep(10)
        before, attempts = processor_time(relay), len(events(relay, "delivery"))
        time.sleep(OUTAGE)
        spent = processor_time(relay) - before
        told = events(relay, "delivery")
        assert {event["status"] for event in told} == {"deferred"} and not attacker.sessions()
        note(f"{QUEUED} letters wait: {spent:.2f} s of processor and {len(told) - attempts} attempts in {OUTAGE:.0f} s")
        assert spent < OUTAGE / 10, spent
        assert len(told) - attempts < OUTAGE, len(told) - attempts
        attacker.block_names = False
        found = wait_for("all of them", lambda: all_ if len(all_ := delivered(relay)) >= QUEUED else [], 300)
        assert len({event["to"] for event in found}) == len(found) == QUEUED
        wait_for("an empty queue", lambda: relay.ctl("queue", "list")[0] == 1, 30)
        note(f"{len(attacker.sessions())} connections for {QUEUED} letters")
        assert len(attacker.sessions()) < QUEUED / 5
        assert not [event for event in events(relay, "delivery") if event["status"] == "bounced"]


def delivered(relay: Relay) -> list[dict[str, str]]:
    return [event for event in events(relay, "delivery") if event["status"] == "delivered"]
