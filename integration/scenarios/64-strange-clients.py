"""Clients that try what broke other servers: renegotiation, HTTP at a port of TLS, addresses that are programs elsewhere.

Addresses are data: they reach the host, the queue, the log and the notice as they were given, and nothing is run, expanded or asked of them.
"""

import ssl
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from internet import addresses, planned
from internet.inside import Bed, wait_for
from internet.listeners import events, listener
from internet.planned import PlannedHost
from internet.relay import Relay
from internet.scenario import cases
from internet.smtpwire import Wire
from internet.submission import Letter

IMPLICIT = 2465
PEER = "127.64.0.1"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    tables = (listener("implicit", f"{addresses.relay(64)}:{IMPLICIT}", tls="implicit"),)
    with Relay(bed, "64-strange-clients", 64, tables=tables) as relay:
        yield relay


def takes_mail(relay: Relay) -> None:
    letter = Letter.to("someone@good.example", name="strange-client")
    relay.submit(letter, tls=True)
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 40)


def renegotiation(relay: Relay, *words: str) -> str:
    """What openssl says that connects by TLS 1.2, greets, and asks for another handshake."""
    command = ["openssl", "s_client", "-tls1_2", "-crlf", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        assert client.stdin
        # A capital R alone on its line asks for it.
        for line in (b"EHLO injector.example\n", b"R\n", b"NOOP\n"):
            time.sleep(0.5)
            try:
                client.stdin.write(line)
                client.stdin.flush()
            except BrokenPipeError:
                break
        try:
            return client.communicate(timeout=20)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            client.kill()
            return client.communicate()[0].decode(errors="replace")


@cases((("STARTTLS", ("-starttls", "smtp"), addresses.RELAY_PORT), ("implicit TLS", (), IMPLICIT)), lambda case: case[0])
def scenario_renegotiation(relay: Relay, case: tuple[str, tuple[str, ...], int]) -> None:
    """A client that renegotiates is told no: there is one handshake, and others are served"""
    _, words, port = case
    told = renegotiation(relay, *words, "-connect", f"{relay.address}:{port}")
    assert "RENEGOTIATING" in told and "TLSv1.2" in told, told
    assert "no renegotiation" in told.split("RENEGOTIATING", 1)[1], told
    assert relay.process and relay.process.poll() is None, relay.tail()
    takes_mail(relay)


@cases(("h2", "http/1.1", ""), lambda protocol: protocol or "no ALPN")
def scenario_browser(relay: Relay, protocol: str) -> None:
    """A browser that was led to the port of TLS hears 500 and the end, and nothing it said comes back to it"""
    context = ssl.create_default_context(cafile=str(relay.bed.folder / "certificates" / "webpki.crt"))
    if protocol:
        context.set_alpn_protocols([protocol])
    with Wire(relay.address, IMPLICIT, greeting=False) as wire:
        wire.link = context.wrap_socket(wire.link, server_hostname=addresses.RELAY_NAME)
        assert isinstance(wire.link, ssl.SSLSocket) and wire.link.selected_alpn_protocol() is None
        assert wire.reply()[0] == 220
        mark = "reflected-a1b2"
        request = f"POST /{mark} HTTP/1.1\r\nHost: {mark}.example\r\nCookie: {mark}\r\n\r\n"
        smtp = "EHLO x\r\nMAIL FROM:<a@sender.example>\r\nRCPT TO:<someone@good.example>\r\nDATA\r\n<script>\r\n.\r\n"
        wire.send((request + smtp).encode())
        code, text = wire.reply()
        assert code == 500 and mark not in text, (code, text)
        rest = b""
        try:
            while part := wire.link.recv(65536):
                rest += part
        except OSError:
            pass
        assert mark.encode() not in rest and b"250" not in rest, rest
    assert not events(relay, "accepted", **{"from": "a@sender.example"})


@dataclass(frozen=True)
class Hostile:
    what: str
    local: str  # as it stands in a path, quoted where it must be

    def __str__(self) -> str:
        return self.what


# A file that would appear where relayd runs, or above.
OWNED = "waxwing-owned"
HOSTILE = (
    Hostile("a command between semicolons", f'";touch$IFS{OWNED};"'),
    Hostile("a pipe", f'"|/bin/touch {OWNED}"'),
    Hostile("backticks", f"`touch-{OWNED}`"),
    Hostile("an expansion of Exim's", "${run{/bin/true}}"),
    Hostile("a substitution of a shell's", '"$(id)"'),
    Hostile("a lookup of a Java program's", '"${jndi:ldap://x/a}"'),
    Hostile("an end of an SQL text", '"x\');DROP TABLE message;--"'),
    Hostile("another end of an SQL text", "x'--"),
    Hostile("signs of a format", "%s%n%1000000d"),
    Hostile("an option", f"-oQ{OWNED}"),
    Hostile("a path", f'"../../{OWNED}"'),
    Hostile("lines of a state file, as far as a path may have them", '"type: mda\\\\nmda-exec: /bin/touch"'),
    Hostile("a header field", '"Bcc: victim@good.example"'),
)


def nothing_ran(relay: Relay) -> None:
    assert not list(relay.bed.folder.glob(f"relays/**/*{OWNED}*")) and not list(relay.bed.folder.glob(f"*{OWNED}*"))


@cases(HOSTILE, str)
def scenario_hostile_sender(relay: Relay, hostile: Hostile) -> None:
    """A sender and a recipient that are programs elsewhere are addresses here: they wait, and are given to the host, as they came"""
    number = HOSTILE.index(hostile)
    peer = f"127.64.1.{number + 1}"
    sender, recipient = f"{hostile.local}@sender.example", f"{hostile.local}@[{peer}]"
    with Wire(relay.address) as wire:
        wire.ehlo()
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
            code, text = wire.ask(command)
            assert code == 250, (command, code, text)
        assert wire.ask("DATA")[0] == 354
        code, text = wire.ask(f"Subject: {number}\r\n\r\n{hostile.local}\r\n.")
        assert code == 250, (code, text)
    # Nobody listens there yet: it waits on disk.
    identity = text.split()[-1]
    wait_for("a deferral", lambda: [event for event in relay.events() if event.get("queue_id") == identity and event.get("status") == "deferred"], 40)
    shown = relay.ctl("queue", "show", identity)
    assert shown[0] == 0 and hostile.local in shown[1], shown
    with PlannedHost(peer) as host:
        assert relay.ctl("queue", "retry", "--id", identity)[0] == 0
        (taken,) = wait_for("the letter", lambda: host.taken, 40)
    told = [line for line in host.lines if line.startswith(("MAIL", "RCPT"))]
    assert len(told) == 2 and told[0].startswith(f"MAIL FROM:<{sender}>") and told[1] == f"RCPT TO:<{recipient}>", told
    assert taken.content.endswith(f"Subject: {number}\r\n\r\n{hostile.local}".encode()), taken.content
    assert relay.process and relay.process.poll() is None, relay.tail()
    nothing_ran(relay)


def scenario_state_in_a_reply(relay: Relay) -> None:
    """A refusal in many lines, which are fields of a state file elsewhere, is one value: in the queue, the notice and after a restart"""
    lines = ("550-5.1.1 no", "550-type: mda", f"550-mda-exec: /bin/touch {OWNED}", "550-Status: 2.0.0", "550-", "550-Action: delivered",
             "550 \tdsn-to: ")
    refusal = "".join(f"{line}\r\n" for line in lines).encode()
    letter = Letter.to(f"someone@[{PEER}]", name="state-in-a-reply")
    plan: planned.Plan = {"RCPT": refusal}
    with PlannedHost(PEER, plan):
        relay.submit(letter)
        last = relay.wait_attempt(letter, letter.recipients[0], ("bounced",), 40)[-1]
        assert "mda-exec" in last["reply"], last
        (notice,) = wait_for("the notice", lambda: relay.bed.bounces(letter.sender), 60)
    _, machine, *_ = notice.get_payload()
    fields = [part for part in machine.get_payload()][-1]
    assert fields["Action"] == "failed" and fields["Status"] == "5.1.1", str(fields)
    assert fields.get_all("Status") == ["5.1.1"] and not fields["mda-exec"] and not fields["type"] and not fields["dsn-to"], str(fields)
    assert "mda-exec: /bin/touch" in str(fields["Diagnostic-Code"]), str(fields)
    nothing_ran(relay)


def scenario_kept_over_restart(relay: Relay) -> None:
    """SIGKILL: the hostile addresses that wait are read back as they were"""
    hostile = HOSTILE[6]
    peer = "127.64.2.1"
    with Wire(relay.address) as wire:
        wire.ehlo()
        for command in (f"MAIL FROM:<{hostile.local}@sender.example>", f"RCPT TO:<{hostile.local}@[{peer}]>"):
            assert wire.ask(command)[0] == 250
        assert wire.ask("DATA")[0] == 354
        code, text = wire.ask("Subject: kept\r\n\r\nx\r\n.")
        assert code == 250, (code, text)
    identity = text.split()[-1]
    relay.kill()
    relay.start()
    with PlannedHost(peer) as host:
        wait_for("the letter", lambda: host.taken, 60)
    told = [line for line in host.lines if line.startswith(("MAIL", "RCPT"))]
    assert told[0].startswith(f"MAIL FROM:<{hostile.local}@sender.example>") and told[1] == f"RCPT TO:<{hostile.local}@[{peer}]>", told
    wait_for("the line of it", lambda: events(relay, "delivery", queue_id=identity, status="delivered"), 20)
    takes_mail(relay)
