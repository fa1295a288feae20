"""Clients that attack the intake: what they send is refused, nothing they hide in it becomes mail, and memory does not grow."""

import re
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet.inside import Bed, wait_for
from internet.listeners import events, intake, toml, trust
from internet.relay import Relay
from internet.scenario import cases, note
from internet.smtpwire import Wire, stuffed
from internet.submission import Letter, submit
from internet.submittingmtas import PostfixClient

MEGABYTE = 1_000_000
# Over the peak before the fault: what is asked of the daemon at once may take some buffers, never what it is sent.
ALLOWANCE = 24 * MEGABYTE
# Who may not relay here.
STRANGER = "127.9.0.1"
# The Postfix that sends mail back to where it came from.
LOOP = "127.1.8.20"
RECEIVED_LIMIT = 25
COMMAND_TIMEOUT = 5  # seconds


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    more = intake(networks=("127.0.0.0/16", "127.1.0.0/16"), received_limit=RECEIVED_LIMIT,
                  command_timeout=f"{COMMAND_TIMEOUT}s", data_timeout="5s", stress_timeout="5s")
    rule = {"destination": toml("looping.example"), "next_hop": toml(f"[{LOOP}]:25")}
    with Relay(bed, "24-intake-faults", 24, more=more, rules=(rule,)) as relay:
        letter = Letter.to("someone@good.example", name="warm")
        relay.submit(letter)
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
        yield relay


@contextmanager
def flat_memory(relay: Relay, what: str, allowance: int = ALLOWANCE) -> Iterator[None]:
    """The daemon's peak within is not far above the one before."""
    before = relay.peak_memory()
    yield
    assert relay.process and relay.process.poll() is None, relay.tail()
    grown = relay.peak_memory() - before
    note(f"{what}: peak memory {grown / MEGABYTE:+.1f} MB")
    assert grown < allowance, f"grew by {grown} octets"


def in_step(wire: Wire) -> None:
    """Each command gets its own reply: nothing that was sent before is answered late."""
    assert wire.ask("NOOP")[0] == 250
    code, text = wire.ask("VRFY someone@good.example")
    assert code == 252, (code, text)
    assert wire.ask("RSET")[0] == 250


ENDS = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n")


@cases(ENDS, lambda end: repr(end)[2:-1])
def scenario_smuggling(relay: Relay, end: bytes) -> None:
    """F100 SRV-12 No second message behind a false end of the content"""
    letter = Letter.to("someone@good.example", name="smuggled")
    with Wire(relay.address) as wire:
        wire.ehlo()
        wire.envelope(letter)
        assert wire.ask("DATA")[0] == 354
        smuggled = f"MAIL FROM:<hidden-{letter.sender}>\r\nRCPT TO:<someone@good.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
        code, text = wire.ask(b"Subject: first\r\n\r\nbody" + end + smuggled.encode() + b"\r\n.")
        # Where CRLF ends every line the octets are content, however odd.
        assert 500 <= code < 600 or (b"\0" in end and code == 250), (code, text)
        in_step(wire)
    assert not events(relay, "accepted", **{"from": f"hidden-{letter.sender}"})


def scenario_starttls_injection(relay: Relay) -> None:
    """F101 SRV-37 Commands behind STARTTLS, in the clear, are never obeyed"""
    letter = Letter.to("someone@good.example", name="injected")
    with Wire(relay.address) as wire:
        wire.ehlo()
        wire.send(f"STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<{letter.sender}>\r\n".encode())
        code, text = wire.reply()
        assert code == 220, (code, text)
        wire.start_tls(trust(relay), command=False)
        code, text = wire.ask(f"RCPT TO:<{letter.recipients[0]}>")
        assert code == 503, (code, text)
        wire.ehlo()
        in_step(wire)


def scenario_long_command(relay: Relay) -> None:
    """F104 A command of 100 MB without an end: 500 once, or the end"""
    with flat_memory(relay, "command of 100 MB"), Wire(relay.address) as wire:
        wire.ehlo()
        try:
            for _ in range(100):
                wire.send(b"A" * MEGABYTE)
            wire.send(b"\r\n")
        except OSError:
            return
        code, text = wire.reply()
        assert code in (500, 421), (code, text)
        assert code == 421 or wire.ask("NOOP")[0] == 250


def content(relay: Relay, pieces: Iterator[bytes]) -> tuple[int, str]:
    letter = Letter.to("someone@good.example", name="long")
    with Wire(relay.address, timeout=60) as wire:
        wire.ehlo()
        wire.envelope(letter)
        assert wire.ask("DATA")[0] == 354
        for piece in pieces:
            wire.send(piece)
        answer = wire.ask(b"\r\n.")
        in_step(wire)
        return answer


def scenario_long_header_line(relay: Relay) -> None:
    """F104 A header field of 100 MB on one line: refused behind the content"""
    with flat_memory(relay, "header line of 100 MB"):
        code, text = content(relay, iter((b"X-Long: ", *[b"a" * MEGABYTE] * 100)))
        assert 500 <= code < 600, (code, text)


def scenario_many_fields(relay: Relay) -> None:
    """F104 A million header fields: taken or refused, and not kept in memory"""
    with flat_memory(relay, "a million header fields"):
        code, text = content(relay, (b"X: y\r\n" * 10_000 for _ in range(100)))
        assert code == 250 or 500 <= code < 600, (code, text)


def scenario_never_reads(relay: Relay) -> None:
    """F106 A client that never reads its replies: it is held up, then left; others are served"""
    with flat_memory(relay, "replies nobody reads"), Wire(relay.address) as wire:
        wire.link.settimeout(30)
        sent = 0
        try:
            while sent < 200 * MEGABYTE:
                sent += wire.link.send(b"NOOP\r\n" * 10_000)
        except (ConnectionError, BrokenPipeError):
            pass
        assert sent < 200 * MEGABYTE, "the daemon goes on reading"
        assert submit(Letter.to("someone@good.example"), relay.address)[0] == 250


UNCLEAN = (
    b"EHLO in\0jector.example", b"EHLO in\rjector.example", "EHLO ünicode.example".encode(), b"EHLO \xff\xfe",
    b"MAIL FROM:<a\0b@sender.example>", b"MAIL FROM:<a\rb@sender.example>", b"MAIL FROM:<a\x1bb@sender.example>",
    b"MAIL FROM:<\xff@sender.example>", b"MAIL FROM:<a@sender.example> ENVID=a+00b\0", b"MAIL FROM:<a@sender.example> AUTH=<\x01>",
    b"MAIL FROM:<a@sender.example>\0", b"\0\0\0\0", b"\xff\xf4\xff\xfd\x06", b"NOOP \x1b[31m\x07",
)


@cases(UNCLEAN, lambda line: repr(line)[2:-1])
def scenario_unclean(relay: Relay, line: bytes) -> None:
    """F108 Controls and stray octets in a command: refused, and never raw in the log"""
    with Wire(relay.address) as wire:
        if not line.startswith(b"EHLO"):
            wire.ehlo()
        code, text = wire.ask(line)
        assert 500 <= code < 600 or line.startswith(b"NOOP") and code == 250, (code, text)
        assert all(0x20 <= ord(letter) < 0x7F or letter == "\n" for letter in text), text
    clean(relay)


@cases((b"RCPT TO:<a\0b@good.example>", b"RCPT TO:<a\nb@good.example>", b"RCPT TO:<\xe9@good.example>",
        b"RCPT TO:<a@good.example> ORCPT=rfc822;a+00b@c", b"RCPT TO:<a@good.example> ORCPT=rfc822;a+0Ab@c",
        b"RCPT TO:<a@good.example> ORCPT=rfc822;a+0D+0Ab"), lambda line: repr(line)[2:-1])
def scenario_unclean_recipient(relay: Relay, line: bytes) -> None:
    """F108 Controls in a recipient, also as hexadecimal of ORCPT: refused"""
    with Wire(relay.address) as wire:
        wire.ehlo()
        assert wire.ask("MAIL FROM:<a@sender.example>")[0] == 250
        code, text = wire.ask(line)
        assert 500 <= code < 600, (code, text)
    clean(relay)


PATHS = ("a@../../../../tmp/owned.example", "a@..", "a@sub/domain.example", "a@" + "l" * 63 + ".example" * 31)


@cases(PATHS, lambda address: address[:40])
def scenario_domain_as_path(relay: Relay, address: str) -> None:
    """F71 A domain that would be a path, or is too long for a name: refused, and no file is made"""
    before = files(relay)
    with Wire(relay.address) as wire:
        wire.ehlo()
        assert wire.ask("MAIL FROM:<a@sender.example>")[0] == 250
        code, text = wire.ask(f"RCPT TO:<{address}>")
        assert code in (501, 553), (code, text)
        in_step(wire)
    assert files(relay) == before


def files(relay: Relay) -> set[str]:
    """What lies in the relay's folder, and where a path of dots would lead from there; without what the store makes and unmakes."""
    return {str(path) for path in relay.folder.rglob("*") if not path.is_relative_to(relay.store)} | {
        str(path) for folder in ("/", "/tmp") for path in Path(folder).glob("*owned*")} | {
        str(path) for path in relay.store.rglob("*") if "example" in path.name or "owned" in path.name}


def scenario_dripping_command(relay: Relay) -> None:
    """F105 A command that drips, an octet at a time: 421 when command_timeout is over, and others are served meanwhile"""
    began = time.monotonic()
    with Wire(relay.address) as wire:
        wire.ehlo()
        wire.link.settimeout(0.5)
        answer = b""
        while not answer and time.monotonic() - began < 30:
            wire.send(b"N")
            assert submit(Letter.to("someone@good.example"), relay.address)[0] == 250
            try:
                answer = wire.link.recv(4096)
            except TimeoutError:
                continue
        assert answer.startswith(b"421 "), answer
        took = time.monotonic() - began
        assert COMMAND_TIMEOUT <= took < 5 * COMMAND_TIMEOUT, took


def clean(relay: Relay) -> None:
    raw = relay.log().read_bytes()
    raw.decode()
    assert not re.search(rb"[\0-\x09\x0b-\x1f\x7f]", raw), "the log has raw controls"


def scenario_after_refusal(relay: Relay) -> None:
    """F103 A refused content leaves the session in step: the next transaction is as good as the first"""
    letter = Letter.to("someone@good.example", name="after")
    with Wire(relay.address) as wire:
        wire.ehlo()
        assert wire.ask("RCPT TO:<a@good.example>")[0] == 503 and wire.ask("DATA")[0] == 503
        wire.envelope(Letter.to("someone@good.example"))
        assert wire.ask("DATA")[0] == 354
        assert 500 <= wire.ask(b"bare \n feed\r\n.")[0] < 600
        assert wire.ask("RCPT TO:<a@good.example>")[0] == 503
        wire.envelope(letter)
        assert wire.ask("MAIL FROM:<second@sender.example>")[0] == 503
        assert wire.content(letter)[0] == 250
    wait_for("copy", lambda: relay.bed.delivered("good.example", letter.mark), 20)


def scenario_cut_off(relay: Relay) -> None:
    """SRV-26 A connection reset within the content, or before the last dot: never mail"""
    for cut in (10, 200, None):
        letter = Letter.to("someone@good.example", name="cut")
        with Wire(relay.address) as wire:
            wire.ehlo()
            wire.envelope(letter)
            assert wire.ask("DATA")[0] == 354
            wire.send(stuffed(letter)[:cut])
            wire.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert submit(Letter.to("someone@good.example"), relay.address)[0] == 250
        assert not events(relay, "accepted", **{"from": letter.sender})


def scenario_stranger(relay: Relay) -> None:
    """F110 SRV-23 A client that may not relay is told so, and nothing it claims to be helps: PROXY, XCLIENT, XFORWARD"""
    letter = Letter.to("someone@good.example", name="stranger")
    claims = (b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 25", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\1\x7f\0\0\1\x12\x67\0\x19",
              b"XCLIENT ADDR=127.0.0.1 LOGIN=anna", b"XFORWARD ADDR=127.0.0.1 NAME=localhost")
    attempt = f"EHLO stranger.example\r\nMAIL FROM:<{letter.sender}>\r\nRCPT TO:<{letter.recipients[0]}>\r\nDATA\r\nQUIT\r\n"
    for claim in (b"", *claims):
        answers: list[tuple[int, str]] = []
        with Wire(relay.address, source=STRANGER, timeout=5) as wire:
            wire.send((claim and claim + b"\r\n") + attempt.encode())
            try:
                while True:
                    answers.append(wire.reply())
            except ConnectionError:
                pass
        codes = [code for code, _ in answers]
        assert 354 not in codes and (not claim or any(500 <= code < 600 for code in codes[:1])), (claim, answers)
        if not claim:
            assert any(code == 550 and text.startswith("5.7.1 ") for code, text in answers), answers
    assert not events(relay, "accepted", **{"from": letter.sender})


def scenario_loop(relay: Relay) -> None:
    """F109 SRV-33 A loop through a Postfix ends with 554 5.4.6, and the sender learns it"""
    with PostfixClient(relay, "24-loop", listen=LOOP, hopcount_limit="200") as postfix:
        letter = Letter.to("someone@looping.example", name="loop")
        relay.submit(letter)
        assert "554 5.4.6" in postfix.outcome(letter, letter.recipients[0], "bounced")
        (notice,) = wait_for("notice", lambda: relay.bed.bounces(letter.sender), 30)
        assert "5.4.6" in notice.as_string()
    rounds = len(events(relay, "accepted", **{"from": letter.sender}))
    assert RECEIVED_LIMIT // 2 - 1 <= rounds <= RECEIVED_LIMIT, rounds


def scenario_many_recipients(relay: Relay) -> None:
    """F107 SRV-17 100,000 recipients: those beyond the limit get 452, or the session its end"""
    letter = Letter.to("someone@mismatch.example", name="many")
    codes: list[int] = []
    with flat_memory(relay, "100,000 recipients"), Wire(relay.address, timeout=60) as wire:
        wire.ehlo()
        assert wire.ask(f"MAIL FROM:<{letter.sender}>")[0] == 250

        def send() -> None:
            try:
                for batch in range(100):
                    wire.send("".join(f"RCPT TO:<r{batch * 1000 + number}@mismatch.example>\r\n" for number in range(1000)).encode())
            except OSError:
                pass

        sender = threading.Thread(target=send)
        sender.start()
        try:
            while len(codes) < 100_000 and codes[-1:] != [421]:
                codes.append(wire.reply()[0])
        except OSError:
            pass
        sender.join()
    assert codes[:1000] == [250] * 1000 and set(codes[1000:]) <= {452, 421}, (len(codes), set(codes))
