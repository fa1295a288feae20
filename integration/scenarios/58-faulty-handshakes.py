"""Hosts whose STARTTLS goes wrong, numbered as in docs/reliability.md: where TLS is demanded nothing is said in the clear, and where not, late.

The hosts of dN.planned.example have TLSA records; those found by their address, `[127.58.0.N]`, do not. The last scenario reads the day's report.
"""

import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

from internet import certificates, changes, planned, reports
from internet.faultdomains import HANDSHAKES
from internet.inside import Bed, wait_for
from internet.planned import PlannedHost
from internet.relay import Relay
from internet.reporting import Reporting, Said, check_said
from internet.scenario import Skip, cases, note
from internet.submission import Letter

DOMAIN = "planned.example"
GOOD = "mx.good.example"
# Seconds, of `delivery`.
PATIENCE = 3
TIMES = {f"{step}_timeout": f'"{PATIENCE}s"' for step in ("connect", "greeting", "command", "tls")}
SWIFT = 2.0
MEGABYTE = 1_000_000
ALLOWANCE = 30 * MEGABYTE


@dataclass
class World:
    bed: Bed
    reporting: Reporting
    number: int = 0
    # What the report must say in the end.
    sayings: list[Said] = field(default_factory=list)

    @property
    def relay(self) -> Relay:
        return self.reporting.relay

    @property
    def certificates(self) -> Path:
        return self.bed.folder / "certificates"

    def next(self) -> tuple[str, str]:
        """A domain with TLSA records and its host's address, which no scenario has used."""
        self.number += 1
        assert self.number <= HANDSHAKES - 10
        return f"d{self.number}.{DOMAIN}", f"127.58.0.{self.number}"


@contextmanager
def fixture(bed: Bed) -> Iterator[World]:
    reporting = Reporting(bed, "58-faulty-handshakes", 1, delivery=TIMES)
    with reporting.relay as relay:
        # The first letter finds cold caches.
        warm = Letter.to("someone@good.example", name="handshake-warm")
        relay.submit(warm)
        relay.wait_attempt(warm, warm.recipients[0], ("delivered",))
        yield World(bed, reporting)


def others_go_on(world: World) -> None:
    control = Letter.to("someone@good.example", name="handshake-control")
    world.relay.submit(control)
    last = world.relay.wait_attempt(control, control.recipients[0], ("delivered",), 10)[-1]
    assert float(last["delay"].rstrip("s")) < SWIFT, last


def tls(world: World, stem: str = GOOD, ciphers: str = "", newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        chain: Path | None = None) -> ssl.SSLContext:
    """A server's, of any strength."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    context.load_cert_chain(chain or world.certificates / f"{stem}.crt", world.certificates / f"{stem}.key")
    return context


def old(version: ssl.TLSVersion) -> Callable[[World], ssl.SSLContext]:
    return lambda world: tls(world, newest=version)


def unciphered(world: World) -> ssl.SSLContext:
    return tls(world, ciphers="eNULL", newest=ssl.TLSVersion.TLSv1_2)


def long_chain(count: int) -> Callable[[World], ssl.SSLContext]:
    def made(world: World) -> ssl.SSLContext:
        chain = world.reporting.folder / f"chain-{count}.crt"
        chain.write_bytes((world.certificates / f"{GOOD}.crt").read_bytes() + (world.certificates / "ca.crt").read_bytes() * count)
        return tls(world, chain=chain)
    return made


@dataclass(frozen=True)
class Fault:
    number: str
    what: str
    plan: planned.Plan
    cause: str = "tls-handshake-failed"  # where TLS is demanded
    # Result type in the report.
    result: str = "validation-failure"
    context: Callable[[World], ssl.SSLContext] = tls
    # Where nothing demands TLS: the cause of a first attempt that failed, before one in the clear.
    before: str = "tls-handshake-failed"

    def __str__(self) -> str:
        return self.what


def _refusal(octets: bytes) -> Fault:
    return Fault("76", f"STARTTLS is answered {octets.decode().split()[0]}", {"STARTTLS": octets}, "starttls-missing", "starttls-not-supported",
                 before="")


GO = b"220 2.0.0 go ahead\r\n"
FATAL = b"\x15\x03\x01\x00\x02\x02\x28"  # an alert: handshake_failure
FAULTS = (
    _refusal(b"454 4.7.0 not now\r\n"), _refusal(b"500 5.5.2 what?\r\n"), _refusal(b"502 5.5.1 no\r\n"),
    Fault("76", "STARTTLS is answered with nonsense", {"STARTTLS": b"yes please\r\n"}),
    Fault("76", "STARTTLS is answered with nothing", {"STARTTLS": planned.silence}),
    Fault("76", "STARTTLS is answered 220 in lines without an end", {"STARTTLS": planned.dribble(b"220-wait\r\n", 1)}),
    Fault("77", "the ClientHello gets no answer", {"STARTTLS": planned.say_and(GO, planned.silence)}),
    Fault("77", "the ServerHello comes an octet each half second", {"STARTTLS": planned.octet_by_octet(0.5)}),
    Fault("78", "an alert instead of a ServerHello", {"STARTTLS": planned.say_and(GO, planned.hear_and(planned.say_and_hang_up(FATAL)))}),
    Fault("78", "a reset behind the ClientHello", {"STARTTLS": planned.say_and(GO, planned.hear_and(planned.reset))}),
    Fault("78", "the end behind the ClientHello", {"STARTTLS": planned.say_and(GO, planned.hear_and(planned.hang_up))}),
    Fault("79", "TLS 1.0 at most", {}, context=old(ssl.TLSVersion.TLSv1)),
    Fault("79", "TLS 1.1 at most", {}, context=old(ssl.TLSVersion.TLSv1_1)),
    Fault("79", "ciphers that hide nothing", {}, context=unciphered),
    Fault("80", "a certificate with a chain of a megabyte", {}, context=long_chain(2000)),
)


def numbered(number: str) -> list[Fault]:
    return [fault for fault in FAULTS if fault.number == number]


@cases(numbered("76"), str)
def scenario_no_starttls(world: World, fault: Fault) -> None:
    """F76 STARTTLS is offered and not given"""
    check(world, fault)


@cases(numbered("77"), str)
def scenario_stalled(world: World, fault: Fault) -> None:
    """F77 The handshake has its deadline"""
    check(world, fault)


@cases(numbered("78"), str)
def scenario_broken_off(world: World, fault: Fault) -> None:
    """F78 The handshake breaks off"""
    check(world, fault)


@cases(numbered("79"), str)
def scenario_weak(world: World, fault: Fault) -> None:
    """F79 The host can do no better"""
    check(world, fault)


@cases(numbered("80"), str)
def scenario_huge(world: World, fault: Fault) -> None:
    """F80 The host shows too much"""
    check(world, fault)


def check(world: World, fault: Fault) -> None:
    """Under TLSA records and without, at once."""
    before = world.relay.peak_memory()
    domain, address = world.next()
    base = f"mx{world.number}.{DOMAIN}"
    _, free_address = world.next()
    context = fault.context(world)
    with PlannedHost(address, fault.plan, context=context) as host, PlannedHost(free_address, fault.plan, context=context) as free_host:
        held, free = (Letter.to(f"someone@{where}", name="handshake") for where in (domain, f"[{free_address}]"))
        world.relay.submit(held)
        world.relay.submit(free)
        wait_for("connections", lambda: host.connects and free_host.connects, 10)
        others_go_on(world)

        attempts = wait_for("a second attempt", lambda: len(found := world.relay.attempts(held)) > 1 and found, 40)
        assert {(one["status"], one["cause"]) for one in attempts} == {("deferred", fault.cause)}, attempts
        assert "STARTTLS" in host.lines and not host.verbs()["MAIL"] and not host.taken, host.lines
        assert world.relay.ctl("queue", "delete", "--sender", held.sender, "--yes")[0] == 0

        *earlier, last = world.relay.wait_attempt(free, free.recipients[0], ("delivered", "bounced"), 40)
        assert (last["status"], last["verified"]) == ("delivered", "none"), last
        assert [one["cause"] for one in earlier] == ([fault.before] if fault.before else []), earlier
        assert len(free_host.connects) <= 3 and free_host.copies(free.sender) == 1 and not free_host.taken[0].secure, free_host.lines
    world.sayings.append(Said(domain, "tlsa", fault.result, policy_domain=base))
    grown = world.relay.peak_memory() - before
    assert grown < ALLOWANCE, grown


def delivered_by_dane(world: World, host: PlannedHost, domain: str) -> dict[str, str]:
    letter = Letter.to(f"someone@{domain}", name="handshake")
    world.relay.submit(letter)
    last = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"))[0]
    assert (last["status"], last.get("verified")) == ("delivered", "dane"), (last, host.lines)
    assert host.copies(letter.sender) == 1 and host.taken[0].secure
    return last


def scenario_reply_of_two_lines(world: World) -> None:
    """F76 STARTTLS is answered 220 in two lines: one reply, and the handshake follows"""
    domain, address = world.next()
    plan: planned.Plan = {"STARTTLS": planned.say_and(b"220-2.0.0 go\r\n220 2.0.0 ahead\r\n", planned.start_tls)}
    with PlannedHost(address, plan, context=tls(world)) as host:
        delivered_by_dane(world, host, domain)


def scenario_reset_behind_finished(world: World) -> None:
    """F78 A reset as the handshake ends: tried again over TLS, never in the clear"""
    domain, address = world.next()
    with PlannedHost(address, first={"STARTTLS": planned.secure_and(planned.reset)}, context=tls(world)) as host:
        letter = Letter.to(f"someone@{domain}", name="handshake")
        world.relay.submit(letter)
        attempts = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "bounced"), 40)
        assert host.copies(letter.sender) == 1 and host.taken[0].secure and len(host.connects) == 2, (attempts, host.lines)
        assert attempts[-1]["verified"] == "dane", attempts


def scenario_closing_at_starttls(world: World) -> None:
    """F92 421 to STARTTLS, and the end: later, and nothing in the clear, though nothing demands TLS"""
    _, address = world.next()
    with PlannedHost(address, first={"STARTTLS": planned.say_and_hang_up(b"421 4.3.2 not now\r\n")}, context=tls(world)) as host:
        letter = Letter.to(f"someone@[{address}]", name="handshake")
        world.relay.submit(letter)
        attempts = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "bounced"), 40)
        assert [(one["status"], one.get("cause", "")) for one in attempts] == [("deferred", "remote-reply"), ("delivered", "")], attempts
        assert host.taken[0].secure, host.lines


def scenario_weak_key(world: World) -> None:
    """F79 A key of 512 bits that the TLSA record names: no proof"""
    stem, number = "weak.planned.example", HANDSHAKES
    certificates.make_by(world.certificates, stem, "", kind="rsa-512")
    record = certificates.tlsa(world.certificates, stem, "3 1 1 own")
    changes.republish(world.bed, DOMAIN, f"_25._tcp.mx{number} 2 TLSA {record}")
    with PlannedHost(f"127.58.0.{number}", context=tls(world, stem, newest=ssl.TLSVersion.TLSv1_2)) as host:
        letter = Letter.to(f"someone@d{number}.{DOMAIN}", name="handshake")
        world.relay.submit(letter)
        last = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"))[0]
        assert (last["status"], last["cause"]) == ("deferred", "dane-mismatch") and "key too weak" in last["reason"], last
        assert not host.verbs()["MAIL"], host.lines


def scenario_chain_of_hundred(world: World) -> None:
    """F80 A chain of a hundred certificates behind the one that the TLSA record names: decided, and memory does not grow"""
    before = world.relay.peak_memory()
    domain, address = world.next()
    with PlannedHost(address, context=long_chain(100)(world)) as host:
        letter = Letter.to(f"someone@{domain}", name="handshake")
        world.relay.submit(letter)
        last = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"))[0]
        note(f"{last['status']} {last.get('verified')} {last.get('cause')} {last.get('reason')}")
        assert (last["status"], last.get("verified")) == ("delivered", "dane"), (last, host.lines)
    assert world.relay.peak_memory() - before < ALLOWANCE


def scenario_extensions_forgotten(world: World) -> None:
    """F81 What was offered before TLS is forgotten behind it: no SIZE, no BODY, and no command before the reply to the last"""
    domain, address = world.next()
    with PlannedHost(address, {"EHLO 2": b"250 planned.example\r\n"}, context=tls(world)) as host:
        delivered_by_dane(world, host, domain)
        (command,) = [line for line in host.lines if line.startswith("MAIL")]
        assert command.endswith(">") and not host.ahead, (command, host.ahead)
    domain, address = world.next()
    with PlannedHost(address, context=tls(world)) as host:
        delivered_by_dane(world, host, domain)
        (command,) = [line for line in host.lines if line.startswith("MAIL")]
        assert " SIZE=" in command and host.ahead, (command, host.ahead)


def scenario_no_helo(world: World) -> None:
    """F82 EHLO is not known, and TLS is demanded: no HELO, nothing in the clear"""
    domain, address = world.next()
    with PlannedHost(address, {"EHLO": b"500 5.5.2 what?\r\n"}, context=tls(world)) as host:
        letter = Letter.to(f"someone@{domain}", name="handshake")
        world.relay.submit(letter)
        last = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"))[0]
        assert (last["status"], last["cause"]) == ("deferred", "starttls-missing"), last
        sent = host.verbs()
        assert sent["EHLO"] and not sent["HELO"] and not sent["MAIL"], host.lines
    world.sayings.append(Said(domain, "tlsa", "starttls-not-supported", policy_domain=f"mx{world.number}.{DOMAIN}"))


def scenario_enforced(world: World) -> None:
    """F66 F79 MTA-STS enforced: TLS 1.1 at most, then a certificate signed over SHA-1, are refused; what is right is delivered"""
    name, address = "mx.fault-66.example", "127.58.1.1"
    letter = Letter.to("someone@fault-66.example", name="handshake")

    def refused(context: ssl.SSLContext, cause: str) -> None:
        seen = len(world.relay.attempts(letter))
        with PlannedHost(address, context=context) as host:
            if not seen:
                world.relay.submit(letter)
            wait_for(cause, lambda: any(one.get("cause") == cause for one in world.relay.attempts(letter)[seen:]), 30)
            assert not host.verbs()["MAIL"] and not host.taken, host.lines
        assert {one["status"] for one in world.relay.attempts(letter)} == {"deferred"}
    certificates.make_by(world.certificates, name, certificates.WEBPKI)
    good = tls(world, name)
    refused(tls(world, name, newest=ssl.TLSVersion.TLSv1_1), "tls-handshake-failed")
    certificates.make_by(world.certificates, name, certificates.WEBPKI, digest="sha1")
    refused(tls(world, name), "certificate-invalid")
    with PlannedHost(address, context=good):
        last = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "bounced"), 30)[-1]
        assert (last["status"], last["verified"]) == ("delivered", "webpki"), last


def scenario_report(world: World) -> None:
    """F76 F77 F78 F79 F80 F82 The day's report has each of these failures under the policy that applied"""
    if not world.sayings:
        raise Skip("no handshake failed")
    world.relay.stop()
    day = world.reporting.day
    world.reporting.clock.to_next_day(hour=5)
    world.relay.start()
    for said in world.sayings:
        found = wait_for(f"the report to {said.domain}", lambda: [
            report for report in reports.mailed(world.bed, "reports.example", said.domain, world.reporting.sender.organization)
            if report.day == day], 60)
        check_said(found[0], said)
