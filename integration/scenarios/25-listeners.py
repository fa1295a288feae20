"""Every kind of listener: TLS, roles, certificates of clients, LMTP, Unix sockets, sockets of systemd, PROXY headers."""

import os
import re
import socket
import ssl
import stat
import struct
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates
from internet.inside import Bed, wait_for
from internet.listeners import accepted, add_user, arrived, client, events, intake, listener
from internet.relay import Relay
from internet.scenario import cases
from internet.smtpwire import Wire, plain, secured
from internet.submission import Letter

ADDRESS = addresses.relay(25)
REQUIRED, IMPLICIT, LMTP, CLOSED = 587, 465, 24, 2526
GROUP = "waxmail"
NOBODY = 65534
BALANCER = "127.1.9.1"
# Whom the balancer speaks for: one that may relay, one that may not.
KNOWN, UNKNOWN = "192.0.2.7", "192.0.2.8"
PASSWORD = "bees and wax 7"
BY_CA, BY_FINGERPRINT = "ca-client.example", "own-client.example"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    folder = bed.folder / "relays" / "25-listeners"
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users"
    add_user(users, "anna", PASSWORD)
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
        client(networks=(f"{KNOWN}/32",), connections=2),
    )
    more = intake(users_file=users, client_ca_file=own / "ca.crt", client_fingerprints=(fingerprint,), proxy_networks=(f"{BALANCER}/32",),
                  networks=("127.0.0.0/8", f"{KNOWN}/32"))
    with Relay(bed, "25-listeners", 25, more=more, tables=tables) as relay:
        yield relay


def letter(**more: str) -> Letter:
    return Letter.to("someone@good.example", name="listeners", **more)


@cases((1, 20_000), lambda lines: f"{lines} lines")
def scenario_required(relay: Relay, lines: int) -> None:
    """tls = "required": nothing but STARTTLS before it; the submission role wants a login and completes the header"""
    with Wire(relay.address, REQUIRED) as wire:
        assert "AUTH" not in wire.ehlo()
        code, text = wire.ask("MAIL FROM:<a@sender.example>")
        assert code == 530 and text.startswith("5.7.0 "), (code, text)
    identity = letter().identity
    sent = Letter(identity, f"{identity}@sender.example", ("someone@good.example",),
                  f"From: anna@sender.example\nX-Bed-Identity: {identity}\n\n".encode() + b"Hello, with bees and wax.\n" * lines)
    with secured(relay, REQUIRED) as wire:
        keywords = wire.ehlo()
        assert {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"} <= set(keywords["AUTH"].split()) and "STARTTLS" not in keywords, keywords
        assert wire.ask("MAIL FROM:<a@sender.example>")[0] == 530
        assert wire.ask(plain("anna", PASSWORD))[0] == 235
        assert wire.letter(sent)[0] == 250
    accepted(relay, sent, user="anna", listener="required")
    (copy,) = wait_for("copy", lambda: relay.bed.delivered("good.example", sent.mark), 20)
    header = copy.split(b"\n\n")[0].split(b"\r\n\r\n")[0]
    assert len(re.findall(rb"^Date: ", header, re.M)) == 1 and len(re.findall(rb"^Message-ID: <.*@", header, re.M | re.I)) == 1, header
    assert copy.count(b"Hello, with bees and wax.") == lines


def scenario_implicit(relay: Relay) -> None:
    """tls = "implicit": TLS from the first octet, and no STARTTLS within"""
    sent = letter()
    with secured(relay, IMPLICIT, implicit=True) as wire:
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


def may_connect(path: Path, group: int) -> bool:
    """May a process of nobody's in this group connect?"""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(NOBODY)
            socket.socket(socket.AF_UNIX).connect(str(path))
        except BaseException:  # noqa: BLE001 -- whatever it is, the child ends here
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def scenario_unix_socket(relay: Relay) -> None:
    """A Unix socket with its mode and group: who may write to it may send"""
    path = relay.folder / "intake.sock"
    facts = path.stat()
    assert stat.S_ISSOCK(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o660, oct(facts.st_mode)
    # The bed's own file of groups.
    assert any(line.startswith(f"{GROUP}:") and line.split(":")[2] == str(facts.st_gid) for line in Path("/etc/group").read_text().splitlines())
    assert not may_connect(path, NOBODY) and may_connect(path, facts.st_gid)
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
        with proxied(relay, header(version, KNOWN)) as second:
            assert second.reply()[0] == 220
            with proxied(relay, header(version, KNOWN)) as third:
                code, text = third.reply()
                assert code == 421 and "from your address" in text, (code, text)
        with proxied(relay, header(version, UNKNOWN)) as other:
            assert other.reply()[0] == 220
            other.ehlo()
            other.ask("MAIL FROM:<a@sender.example>")
            assert other.ask("RCPT TO:<someone@good.example>")[0] == 550


@cases((b"", b"EHLO x\r\nMAIL FROM:<a@sender.example>\r\n"), lambda between: "commands between" if between else "nothing between")
def scenario_proxy_implicit(relay: Relay, between: bytes) -> None:
    """F101 F110 A PROXY header and the ClientHello in one segment; what somebody puts between them is never read as a command"""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl._create_unverified_context().wrap_bio(incoming, outgoing)
    with Wire(relay.address, IMPLICIT, source=BALANCER, greeting=False, timeout=8) as wire:

        def heard() -> bytes:
            """What comes next inside TLS; nothing where the connection is over."""
            front = header(1, KNOWN) + between
            while True:
                try:
                    return tls.read(4096)
                except ssl.SSLWantReadError:
                    wire.send(front + outgoing.read())
                    front = b""
                    try:
                        part = wire.link.recv(65536)
                    except (ConnectionError, TimeoutError):
                        return b""
                    if not part:
                        return b""
                    incoming.write(part)
                except ssl.SSLError:
                    return b""

        assert heard().startswith(b"220 ") is not bool(between)


def scenario_proxy_wrong(relay: Relay) -> None:
    """F110 A balancer's connection without a good header is closed; LOCAL is the balancer itself"""
    for octets in (b"EHLO injector.example\r\n", b"PROXY TCP4 192.0.2.7\r\n", header(2, KNOWN)[:12] + b"\x31" + header(2, KNOWN)[13:]):
        with proxied(relay, octets) as wire:
            assert wire.is_closed(), octets
    wait_for("log of three", lambda: len(events(relay, "proxy-refused")) >= 3, 5)
    with proxied(relay, header(2, "")) as wire:
        assert wire.reply()[0] == 220
