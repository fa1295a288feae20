"""What single clients and users may: rates, sender domains, refusal, logins; and how they are told."""

import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.listeners import add_user, client, events, intake, listener
from internet.relay import CHECKOUT, Relay
from internet.scenario import cases
from internet.smtpwire import Wire, plain, secured

ADDRESS = addresses.relay(28)
SUBMISSION = 587
# Clients with limits of their own, and one without.
SLOWED, BUSY, DOMAINS, BANNED, CONNECTING, OTHER = (f"127.1.9.{number}" for number in (20, 21, 22, 23, 24, 25))
PASSWORD = "bees and wax 7"
FILTER = CHECKOUT / "conf" / "fail2ban" / "filter.d" / "waxwing.conf"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    folder = bed.folder / "relays" / "28-terms"
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users"
    for name in ("anna", "bert"):
        add_user(users, name, PASSWORD)
    tables = (
        listener("submission", f"{ADDRESS}:{SUBMISSION}", role="submission", tls="required", networks=()),
        client(networks=(f"{SLOWED}/32",), message_rate="3/4s"),
        client(networks=(f"{BUSY}/32",), recipient_rate="3/4s"),
        client(networks=(f"{CONNECTING}/32",), connection_rate="3/4s"),
        client(networks=(f"{DOMAINS}/32",), sender_domains=("sender.example", ".below.example")),
        client(networks=(f"{BANNED}/32",), refuse="retired, ask the postmaster"),
        client(users=("bert",), message_rate="2/4s", name="newsletter"),
    )
    with Relay(bed, "28-terms", 28, more=intake(users_file=users, auth_failure_limit=3), tables=tables) as relay:
        yield relay


def mail(relay: Relay, source: str, count: int = 1, sender: str = "a@sender.example") -> list[tuple[int, str]]:
    """What MAIL and each RCPT are answered with, until one is refused; a message where none is."""
    with Wire(relay.address, source=source) as wire:
        wire.ehlo()
        answers = [wire.ask(f"MAIL FROM:<{sender}>")]
        for number in range(count):
            if answers[-1][0] == 250:
                answers.append(wire.ask(f"RCPT TO:<r{number}@good.example>"))
        if answers[-1][0] == 250:
            assert wire.ask("DATA")[0] == 354
            answers.append(wire.ask(b"Subject: rate\r\n\r\nx\r\n."))
        return answers


RATES = ((SLOWED, 1, "Your messages come too fast", "message_rate"), (BUSY, 4, "Your recipients come too fast", "recipient_rate"))


@cases(RATES, lambda case: case[3])
def scenario_rate(relay: Relay, case: tuple[str, int, str, str]) -> None:
    """Too fast: 452 4.7.0 with the reason, and taken again later"""
    source, count, words, _ = case
    answers: list[tuple[int, str]] = []
    for _ in range(12):
        answers = mail(relay, source, count)
        if answers[-1][0] != 250:
            break
    code, text = answers[-1]
    assert code == 452 and text.startswith("4.7.0 ") and words in text, answers
    wait_for("recovery", lambda: mail(relay, source)[-1][0] == 250, 15)
    # Others are not concerned.
    assert mail(relay, OTHER, count)[-1][0] == 250


def scenario_connection_rate(relay: Relay) -> None:
    """Too many connections in a time: 421 with the reason, and room again later"""
    def greeting() -> tuple[int, str]:
        with Wire(relay.address, source=CONNECTING) as wire:
            return wire.greeting

    greetings = [greeting() for _ in range(8)]
    assert greetings[0][0] == 220 and greetings[-1][0] == 421 and "too fast" in greetings[-1][1], greetings
    wait_for("recovery", lambda: greeting()[0] == 220, 15)


def scenario_user_rate(relay: Relay) -> None:
    """A rate of a user holds wherever that user comes from, and for nobody else"""
    def sent_by(user: str, source: str) -> int:
        with secured(relay, SUBMISSION, source=source) as wire:
            wire.ehlo()
            assert wire.ask(plain(user, PASSWORD))[0] == 235
            code, _ = wire.ask("MAIL FROM:<a@sender.example>")
            if code == 250:
                code, _ = wire.ask("RCPT TO:<someone@good.example>")
            if code == 250:
                assert wire.ask("DATA")[0] == 354
                code, _ = wire.ask(b"From: a@sender.example\r\n\r\nx\r\n.")
            return code

    codes = [sent_by("bert", f"127.1.9.{100 + number}") for number in range(6)]
    assert codes[0] == 250 and 452 in codes and set(codes) <= {250, 452}, codes
    assert sent_by("anna", "127.1.9.100") == 250


def scenario_sender_domains(relay: Relay) -> None:
    """sender_domains: others are refused with 5.7.1, bounces never"""
    codes = {sender: mail(relay, DOMAINS, sender=sender)[0] for sender in ("a@sender.example", "a@x.below.example", "", "a@below.example", "a@good.example")}
    assert [codes[sender][0] for sender in ("a@sender.example", "a@x.below.example", "")] == [250] * 3, codes
    for sender in ("a@below.example", "a@good.example"):
        assert codes[sender][0] in (550, 553) and codes[sender][1].startswith("5.7.1 "), codes


def scenario_refuse(relay: Relay) -> None:
    """SRV-34 refuse: a 554 greeting in the operator's words, then 503 until QUIT"""
    with Wire(relay.address, source=BANNED) as wire:
        assert wire.greeting[0] == 554 and "retired, ask the postmaster" in wire.greeting[1], wire.greeting
        assert wire.ask("EHLO injector.example")[0] == 503 and wire.ask("QUIT")[0] == 221


def scenario_failed_logins(relay: Relay) -> None:
    """F108 Failed logins: slowed, ended after auth_failure_limit, and each a line that fail2ban reads"""
    source = "127.1.9.7"
    before = len(events(relay, "auth-failed"))
    began = time.monotonic()
    with secured(relay, SUBMISSION, source=source) as wire:
        wire.ehlo()
        codes = [wire.ask(plain(user, "wrong"))[0] for user in ("anna", "no such\x7f user", "anna")]
        assert codes[:2] == [535, 535] and codes[2] in (535, 421), codes
        assert wire.is_closed()
    took = time.monotonic() - began
    assert took > 1.0, f"three failed logins took {took:.2f} s"
    failed = events(relay, "auth-failed")[before:]
    assert [event["client"] for event in failed] == [source] * 3 and failed[0]["user"] == "anna", failed
    assert {"mechanism", "reason"} <= failed[0].keys(), failed
    # Where it will lie: it includes what lies there.
    shutil.copy(FILTER, "/etc/fail2ban/filter.d/")
    done = subprocess.run(["fail2ban-regex", relay.log(), "waxwing"], capture_output=True, text=True)
    lines = len(events(relay, "auth-failed"))
    assert re.search(rf"Lines: .* {lines} matched", done.stdout), done.stdout[-800:] + done.stderr[-500:]
    # With the address that is to be banned.
    found = subprocess.run(["fail2ban-regex", "--out", "ip", relay.log(), "waxwing"], capture_output=True, text=True).stdout.split()
    assert found.count(source) == len(events(relay, "auth-failed", client=source)), found
