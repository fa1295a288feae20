"""Every kind of listener, and who may do what there: addresses, passwords, certificates, sockets of systemd, PROXY headers, rates."""

import base64
import re
import socket
import stat
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates
from internet.inside import Bed, wait_for
from internet.listeners import accepted, add_user, arrived, client, events, intake, listener, trust
from internet.relay import CHECKOUT, Relay
from internet.scenario import cases
from internet.smtpwire import Wire
from internet.submission import Letter

ADDRESS = f"{addresses.RELAY_NETWORK}.25"
REQUIRED, IMPLICIT, LMTP, CLOSED = 587, 465, 24, 2526
GROUP = "waxmail"
NOBODY = 65534
BALANCER = "127.1.9.1"
# Whom the balancer speaks for: one that may relay, one that may not.
KNOWN, UNKNOWN = "192.0.2.7", "192.0.2.8"
# Clients with limits of their own.
SLOWED, BUSY, DOMAINS, BANNED, CONNECTING = "127.1.9.2", "127.1.9.3", "127.1.9.4", "127.1.9.5", "127.1.9.6"
PASSWORD = "bees and wax 7"
BY_CA, BY_FINGERPRINT = "ca-client.example", "own-client.example"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    folder = bed.folder / "relays" / "25-listeners"
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users"
    for name in ("anna", "bert"):
        add_user(users, name, PASSWORD)
    own = bed.folder / "certificates"
    certificates.make(own, BY_CA, "private-ca")
    certificates.make(own, BY_FINGERPRINT, "self-signed")
    fingerprint = certificates.fingerprint(own, BY_FINGERPRINT, "certificate").removeprefix("certificate:")
    tables = (
        listener("required", f"{ADDRESS}:{REQUIRED}", role="submission", tls="required", networks=()),
        listener("implicit", f"{ADDRESS}:{IMPLICIT}", role="submission", tls="implicit", networks=()),
        listener("lmtp", f"{ADDRESS}:{LMTP}", protocol="lmtp"),
        listener("closed", f"{ADDRESS}:{CLOSED}", networks=()),
        listener("socket", f"unix:{folder}/intake.sock", socket_mode="0660", socket_group=GROUP),
        client(networks=(f"{SLOWED}/32",), message_rate="3/4s"),
        client(networks=(f"{BUSY}/32",), recipient_rate="3/4s"),
        client(networks=(f"{CONNECTING}/32",), connection_rate="3/4s"),
        client(networks=(f"{DOMAINS}/32",), sender_domains=("sender.example", ".below.example")),
        client(networks=(f"{BANNED}/32",), refuse="retired, ask the postmaster"),
        client(networks=(f"{KNOWN}/32",), connections=2),
        client(users=("bert",), message_rate="2/4s", name="newsletter"),
    )
    more = intake(users_file=users, client_ca_file=own / "ca.crt", client_fingerprints=(fingerprint,), proxy_networks=(f"{BALANCER}/32",),
                  networks=("127.0.0.0/8", f"{KNOWN}/32"), auth_failure_limit=3)
    with Relay(bed, "25-listeners", 25, more=more, tables=tables) as relay:
        yield relay


def letter(**more: str) -> Letter:
    return Letter.to("someone@good.example", name="listeners", **more)


def plain(user: str, password: str) -> str:
    return "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def secured(relay: Relay, port: int, certificate: str = "", source: str = "") -> Wire:
    """A session within TLS, with a certificate of the bed where it is named."""
    implicit = port == IMPLICIT
    wire = Wire(relay.address, port, source=source, greeting=not implicit)
    own = relay.bed.folder / "certificates"
    if not implicit:
        wire.ehlo()
    wire.start_tls(trust(relay), (own / f"{certificate}.crt", own / f"{certificate}.key") if certificate else None, command=not implicit)
    if implicit:
        assert wire.reply()[0] == 220
    return wire


def scenario_required(relay: Relay) -> None:
    """tls = "required": nothing but STARTTLS before it; the submission role wants a login and completes the header"""
    with Wire(relay.address, REQUIRED) as wire:
        assert "AUTH" not in wire.ehlo()
        code, text = wire.ask("MAIL FROM:<a@sender.example>")
        assert code == 530 and text.startswith("5.7.0 "), (code, text)
    identity = letter().identity
    sent = Letter(identity, f"{identity}@sender.example", ("someone@good.example",),
                  f"From: anna@sender.example\nX-Bed-Identity: {identity}\n\nHello.\n".encode())
    with secured(relay, REQUIRED) as wire:
        keywords = wire.ehlo()
        assert {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"} <= set(keywords["AUTH"].split()) and "STARTTLS" not in keywords, keywords
        assert wire.ask("MAIL FROM:<a@sender.example>")[0] == 530
        assert wire.ask(plain("anna", PASSWORD))[0] == 235
        assert wire.letter(sent)[0] == 250
    accepted(relay, sent, user="anna", listener="required")
    (copy,) = wait_for("copy", lambda: relay.bed.delivered("good.example", sent.mark), 20)
    assert re.search(rb"^Date: ", copy, re.M) and re.search(rb"^Message-ID: <.*@", copy, re.M | re.I), copy


def scenario_implicit(relay: Relay) -> None:
    """tls = "implicit": TLS from the first octet, and no STARTTLS within"""
    sent = letter()
    with secured(relay, IMPLICIT) as wire:
        assert "STARTTLS" not in wire.ehlo() and wire.ask("STARTTLS")[0] == 503
        assert wire.ask(plain("anna", PASSWORD))[0] == 235 and wire.letter(sent)[0] == 250
    accepted(relay, sent, user="anna", tls="TLSv1.3", listener="implicit")
    copy = arrived(relay, sent, "good.example")
    assert b"with ESMTPSA" in copy, copy


def scenario_lmtp(relay: Relay) -> None:
    """LMTP: LHLO only, and a reply for each recipient that was taken"""
    sent = Letter.to("someone@good.example", "someone@dane-ta.example", name="listeners")
    with Wire(relay.address, LMTP) as wire:
        assert wire.ask("EHLO injector.example")[0] == 500 and wire.ask("HELO injector.example")[0] == 500
        wire.ehlo(verb="LHLO")
        wire.envelope(sent)
        assert wire.ask("RCPT TO:<not an address>")[0] >= 500
        assert [wire.content(sent)[0], wire.reply()[0]] == [250, 250]
        assert wire.ask("NOOP")[0] == 250
    arrived(relay, sent, "good.example")
    arrived(relay, sent, "dane-ta.example")


CERTIFICATES = ((BY_CA, True, "issued by client_ca_file"), (BY_FINGERPRINT, True, "one of client_fingerprints"),
                (certificates.CLIENT, False, "of another authority"), ("", False, "none"))


@cases(CERTIFICATES, lambda case: case[2])
def scenario_certificate(relay: Relay, case: tuple[str, bool, str]) -> None:
    """A client's certificate"""
    name, may, _ = case
    sent = letter()
    with secured(relay, CLOSED, name) as wire:
        wire.ehlo()
        if may:
            assert wire.letter(sent)[0] == 250
        else:
            wire.ask(f"MAIL FROM:<{sent.sender}>")
            code, text = wire.ask(f"RCPT TO:<{sent.recipients[0]}>")
            assert code == 550 and text.startswith("5.7.1 "), (code, text)
    if may:
        accepted(relay, sent, listener="closed")


def scenario_unix_socket(relay: Relay) -> None:
    """A Unix socket with its mode and group: who may write to it may send"""
    path = relay.folder / "intake.sock"
    facts = path.stat()
    assert stat.S_ISSOCK(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o660, oct(facts.st_mode)
    # The bed's own file of groups.
    assert any(line.startswith(f"{GROUP}:") and line.split(":")[2] == str(facts.st_gid) for line in Path("/etc/group").read_text().splitlines())
    probe = [sys.executable, "-c", f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(path)!r}); print(s.recv(99))"]
    assert subprocess.run(probe, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True).returncode != 0
    let_in = subprocess.run(probe, user=NOBODY, group=facts.st_gid, extra_groups=[], capture_output=True)
    assert b"220 " in let_in.stdout, let_in
    sent = letter()
    with Wire(path) as wire:
        wire.ehlo()
        assert wire.letter(sent)[0] == 250
    accepted(relay, sent, client="unix:0", listener="socket")
    arrived(relay, sent, "good.example")


class Activated(Relay):
    """A relay that is started as systemd starts a service with sockets."""

    sockets: tuple[str, ...] = ()

    @property
    def prefix(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "internet.activator", *self.sockets, "--")


def scenario_inherited(relay: Relay) -> None:
    """Sockets of systemd, TCP and Unix, by their names; they outlive a restart"""
    folder = relay.bed.folder / "relays" / "25-inherited"
    tables = (listener("tcp", "systemd:smtp"), listener("local", "systemd:local", protocol="lmtp"))
    second = Activated(relay.bed, "25-inherited", 235, more={"intake": {"listen": "[]"}}, tables=tables)
    second.sockets = (f"smtp={second.address}:{addresses.RELAY_PORT}", f"local=unix:{folder}/local.sock")
    with second:
        sent = letter()
        second.submit(sent)
        accepted(second, sent, listener="tcp")
        local = letter()
        with Wire(folder / "local.sock") as wire:
            wire.ehlo(verb="LHLO")
            assert wire.letter(local)[0] == 250
        accepted(second, local, client="unix:0", listener="local")
    # One that nobody hands over: said by its name.
    alone = Relay(relay.bed, "25-uninherited", 236, more={"intake": {"listen": "[]"}}, tables=(listener("tcp", "systemd:smtp"),))
    alone.launch()
    assert alone.wait_exit() in (69, 78) and "smtp" in alone.tail(), alone.tail()


def header(version: int, original: str) -> bytes:
    """A PROXY header of the balancer; no original is LOCAL of version 2."""
    if version == 1:
        return f"PROXY TCP4 {original} 192.0.2.1 4711 25\r\n".encode()
    ports = socket.inet_aton(original or "0.0.0.0") + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 4711, 25)
    start = b"\r\n\r\n\0\r\nQUIT\n" + (b"\x21\x11" if original else b"\x20\x00")
    return start + struct.pack("!H", len(ports)) + ports


def proxied(relay: Relay, octets: bytes, at_once: bytes = b"") -> Wire:
    wire = Wire(relay.address, source=BALANCER, greeting=False, timeout=8)
    wire.send(octets + at_once)
    return wire


@cases((1, 2), lambda version: f"version {version}")
def scenario_proxy(relay: Relay, version: int) -> None:
    """PROXY header: the client is who it says, for the log, the networks and the limits"""
    sent = letter()
    with proxied(relay, header(version, KNOWN)) as wire:
        assert wire.reply()[0] == 220
        wire.ehlo()
        assert wire.letter(sent)[0] == 250
        accepted(relay, sent, client=KNOWN)
        assert f"[{KNOWN}]".encode() in arrived(relay, sent, "good.example")
        # Two of its connections at once, and no third; another's are not counted with them.
        with proxied(relay, header(version, KNOWN)) as second, proxied(relay, header(version, KNOWN)) as third:
            assert second.reply()[0] == 220
            code, text = third.reply()
            assert code == 421 and "from your address" in text, (code, text)
        with proxied(relay, header(version, UNKNOWN)) as other:
            assert other.reply()[0] == 220
            other.ehlo()
            other.ask("MAIL FROM:<a@sender.example>")
            assert other.ask("RCPT TO:<someone@good.example>")[0] == 550


def scenario_proxy_wrong(relay: Relay) -> None:
    """A balancer's connection without a good header is closed; LOCAL is the balancer itself"""
    for octets in (b"EHLO injector.example\r\n", b"PROXY TCP4 192.0.2.7\r\n", header(2, KNOWN)[:12] + b"\x31" + header(2, KNOWN)[13:]):
        with proxied(relay, octets) as wire:
            assert wire.is_closed(), octets
    wait_for("log of three", lambda: len(events(relay, "proxy-refused")) >= 3, 5)
    with proxied(relay, header(2, "")) as wire:
        assert wire.reply()[0] == 220


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
    assert mail(relay, "127.1.9.77", count)[-1][0] == 250


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
        with secured(relay, REQUIRED, source=source) as wire:
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
    """sender_domains: 550 5.7.1 for others, never for bounces"""
    codes = {sender: mail(relay, DOMAINS, sender=sender)[0] for sender in ("a@sender.example", "a@x.below.example", "", "a@below.example", "a@good.example")}
    assert [codes[sender][0] for sender in ("a@sender.example", "a@x.below.example", "")] == [250] * 3, codes
    for sender in ("a@below.example", "a@good.example"):
        assert codes[sender][0] == 550 and codes[sender][1].startswith("5.7.1 "), codes


def scenario_refuse(relay: Relay) -> None:
    """SRV-34 refuse: a 554 greeting in the operator's words, then 503 until QUIT"""
    with Wire(relay.address, source=BANNED) as wire:
        assert wire.greeting[0] == 554 and "retired, ask the postmaster" in wire.greeting[1], wire.greeting
        assert wire.ask("EHLO injector.example")[0] == 503 and wire.ask("QUIT")[0] == 221


def scenario_failed_logins(relay: Relay) -> None:
    """Failed logins: slowed, ended after auth_failure_limit, and each a line that fail2ban reads"""
    source = "127.1.9.7"
    before = len(events(relay, "auth-failed"))
    began = time.monotonic()
    with secured(relay, REQUIRED, source=source) as wire:
        wire.ehlo()
        codes = [wire.ask(plain(user, "wrong"))[0] for user in ("anna", "no such\x7f user", "anna")]
        assert codes[:2] == [535, 535] and codes[2] in (535, 421), codes
        assert wire.is_closed()
    took = time.monotonic() - began
    assert took > 1.0, f"three failed logins took {took:.2f} s"
    failed = events(relay, "auth-failed")[before:]
    assert [event["client"] for event in failed] == [source] * 3 and failed[0]["user"] == "anna", failed
    assert {"mechanism", "reason"} <= failed[0].keys(), failed
    done = subprocess.run(["fail2ban-regex", relay.log_path, CHECKOUT / "conf" / "fail2ban" / "filter.d" / "waxwing.conf"], capture_output=True, text=True)
    lines = len(events(relay, "auth-failed"))
    assert re.search(rf"Lines: .* {lines} matched", done.stdout), done.stdout[-800:] + done.stderr[-500:]
    # With the address that is to be banned.
    found = subprocess.run(["fail2ban-regex", "--out", "ip", relay.log_path, CHECKOUT / "conf" / "fail2ban" / "filter.d" / "waxwing.conf"],
                           capture_output=True, text=True).stdout.split()
    assert found.count(source) == 3, found
