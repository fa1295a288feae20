"""BDAT (RFC 3030): content in chunks, and everything that can be wrong with them."""

import os
import threading
from contextlib import contextmanager
from typing import Iterator

from internet.inside import Bed
from internet.listeners import accepted, arrived, events, intake
from internet.relay import Relay
from internet.scenario import cases, note
from internet.smtpwire import Wire
from internet.submission import Letter

MEGABYTE = 1_000_000
ALLOWANCE = 24 * MEGABYTE
# CHUNKS=1000000 is a campaign.
CHUNKS = int(os.environ.get("CHUNKS", "200000"))


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "27-chunking", 27, more=intake(message_limit="2 MB")) as relay:
        yield relay


def begun(relay: Relay, letter: Letter) -> Wire:
    wire = Wire(relay.address, timeout=60)
    assert "CHUNKING" in wire.ehlo()
    wire.envelope(letter)
    return wire


def chunk(wire: Wire, octets: bytes, last: bool = False) -> tuple[int, str]:
    wire.send(f"BDAT {len(octets)}{' LAST' if last else ''}\r\n".encode() + octets)
    return wire.reply()


def letter() -> Letter:
    return Letter.to("someone@good.example", body=b".\n..dots\nnever\n.\nstuffed\n", name="chunking")


def scenario_chunks(relay: Relay) -> None:
    """F102 In chunks of every size, none of them a line; a dot alone is content"""
    sent = letter()
    content = sent.content.replace(b"\n", b"\r\n")
    with begun(relay, sent) as wire:
        place = 0
        for size in (0, 1, 2, 3, 50, 0, len(content)):
            part = content[place : place + size]
            place += size
            assert chunk(wire, part)[0] == 250
        code, text = chunk(wire, b"", last=True)
        assert code == 250 and "queued as" in text, (code, text)
    accepted(relay, sent)
    arrived(relay, sent, "good.example")


def scenario_pipelined(relay: Relay) -> None:
    """Envelope and chunks in one go, and two messages in one session"""
    with Wire(relay.address) as wire:
        wire.ehlo()
        for sent in (letter(), letter()):
            content = sent.content.replace(b"\n", b"\r\n")
            wire.send(f"MAIL FROM:<{sent.sender}> BODY=8BITMIME SIZE={len(content)}\r\nRCPT TO:<{sent.recipients[0]}>\r\nBDAT 10\r\n".encode()
                      + content[:10] + f"BDAT {len(content) - 10} LAST\r\n".encode() + content[10:])
            assert [wire.reply()[0] for _ in range(4)] == [250] * 4
            arrived(relay, sent, "good.example")


WRONG = ("BDAT", "BDAT -1", "BDAT 99999999999999999999", "BDAT 18446744073709551616", "BDAT 0x10", "BDAT 1 LAST LAST", "BDAT 1 FIRST", "BDAT ten", "BDAT 1,0")


@cases(WRONG, lambda command: command)
def scenario_wrong(relay: Relay, command: str) -> None:
    """F102 Refused, and nothing behind it becomes mail"""
    sent = letter()
    with begun(relay, sent) as wire:
        code, text = wire.ask(command)
        # Where its size cannot be believed nobody knows what is a command behind it, and the session may have to end.
        assert 500 <= code < 600 or code == 421, (code, text)
    assert not events(relay, "accepted", **{"from": sent.sender})


def scenario_order(relay: Relay) -> None:
    """F102 SRV-42 DATA after BDAT, BDAT after LAST, BDAT without a recipient: 503, and their octets are swallowed"""
    sent = letter()
    with begun(relay, sent) as wire:
        assert chunk(wire, b"Subject: x\r\n\r\n")[0] == 250
        assert wire.ask("DATA")[0] == 503
        assert wire.ask("MAIL FROM:<b@sender.example>")[0] == 503
        assert wire.ask("RSET")[0] == 250
        # What a refused chunk holds is never read as a command.
        assert chunk(wire, b"MAIL FROM:<smuggled@sender.example>\r\n")[0] == 503
        assert wire.ask("RCPT TO:<someone@good.example>")[0] == 503
        wire.envelope(sent)
        assert wire.content(sent)[0] == 250
        assert chunk(wire, b"MAIL FROM:<smuggled@sender.example>\r\n", last=True)[0] == 503
        assert wire.ask("NOOP")[0] == 250
    arrived(relay, sent, "good.example")


def scenario_bare_ends(relay: Relay) -> None:
    """F100 F102 Bare CR and LF are refused in chunks too, also where they are the ends of two; the next message is none the worse"""
    for parts in ((b"a\nb\r\n",), (b"a\r", b"b\r\n"), (b"a", b"\nb\r\n"), (b"a\r\n.\n",)):
        refused, sent = letter(), letter()
        with begun(relay, refused) as wire:
            assert chunk(wire, b"Subject: x\r\n\r\n")[0] == 250
            codes = [chunk(wire, part, last=number == len(parts) - 1)[0] for number, part in enumerate(parts)]
            assert 500 <= codes[-1] < 600, (parts, codes)
            wire.envelope(sent)
            assert wire.content(sent)[0] == 250
        assert not events(relay, "accepted", **{"from": refused.sender})


def scenario_too_large(relay: Relay) -> None:
    """F102 More than message_limit in one chunk or in many: 552, the octets are swallowed, and the session is in step"""
    for sizes in ((3 * MEGABYTE,), (MEGABYTE,) * 3):
        sent = letter()
        with begun(relay, sent) as wire:
            line = b"%078d\r\n" % 7
            codes = [chunk(wire, line * (size // 80), last=number == len(sizes) - 1)[0] for number, size in enumerate(sizes)]
            assert 552 in codes and set(codes) <= {250, 552, 503}, codes
            assert wire.ask("RSET")[0] == 250 and wire.ask("NOOP")[0] == 250
        assert not events(relay, "accepted", **{"from": sent.sender})


def scenario_many_chunks(relay: Relay) -> None:
    """F102 Hundreds of thousands of chunks of one octet: each answered, the content whole, no memory for them"""
    sent = Letter.to("someone@good.example", body=(b"x" * 70 + b"\n") * (CHUNKS // 72), name="chunks")
    content = sent.content.replace(b"\n", b"\r\n")
    before = relay.peak_memory()
    with begun(relay, sent) as wire:
        def send() -> None:
            for start in range(0, len(content), 5000):
                wire.send(b"".join(b"BDAT 1\r\n" + content[place : place + 1] for place in range(start, min(start + 5000, len(content)))))
            wire.send(b"BDAT 0 LAST\r\n")

        sender = threading.Thread(target=send)
        sender.start()
        codes = {wire.reply()[0] for _ in range(len(content) + 1)}
        sender.join()
    assert codes == {250}, codes
    arrived(relay, sent, "good.example")
    grown = relay.peak_memory() - before
    note(f"{len(content)} chunks of one octet: peak memory {grown / MEGABYTE:+.1f} MB")
    assert grown < ALLOWANCE
