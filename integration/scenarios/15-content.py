"""Content that is easily damaged arrives as it was sent."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet.inside import wait_for
from internet.inside import Bed
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter, digest_is_right

MEGABYTE = 1_000_000
# More than make a notice of 256 KiB, so that it lies in a file of the store.
MANY = 500

BODIES: list[tuple[str, bytes]] = [
    ("dots at the start of lines", b".\n..\n...x\n.x\n\n.\n"),
    ("8-bit", "Grüße aus Köln, ὦ ξεῖνε\n".encode() + bytes(range(0xA0, 0xFF)) + b"\n"),
    ("a line of 998 octets", b"x" * 998 + b"\n"),
    ("empty body", b""),
    ("blank lines at the end", b"x\n\n\n\n"),
    ("words of SMTP", b"QUIT\nRSET\n354 go\nDATA\n"),
    ("1 MB, so it lies in a file of the store", (b"%071d\n" % 7) * (MEGABYTE // 72)),
    ("10 MB", (b"%071d\n" % 8) * (10 * MEGABYTE // 72)),
]
# Postfix, Exim and the scripted host end lines, dots and content each in their own way.
HOSTS = ("good.example", "dane-ta.example")


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "15-content", 15) as relay:
        yield relay


@cases([(what, body, host) for what, body in BODIES for host in HOSTS], lambda case: f"{case[0]}, to {case[2]}")
def scenario_content(relay: Relay, case: tuple[str, bytes, str]) -> None:
    """Arrives as sent"""
    _, body, domain = case
    letter = Letter.to(f"someone@{domain}", body=body, name="content")
    options = ("BODY=8BITMIME",) if any(octet >= 0x80 for octet in body) else ()
    relay.submit(letter, options)
    copies = wait_for("copy", lambda: relay.bed.delivered(domain, letter.mark), 60)
    assert copies[0].replace(b"\r\n", b"\n").endswith(letter.content), copies[0][-2000:]
    assert digest_is_right(copies[0])


def scenario_long_line(relay: Relay) -> None:
    """A line of 999 octets is refused with 5.6.0 and its number"""
    text = relay.submit(Letter.to("someone@good.example", body=b"short\n" + b"x" * 999 + b"\n"), expect=554)
    assert text.startswith("5.6.0"), text


def scenario_message_limit(relay: Relay) -> None:
    """SIZE over the limit is refused at MAIL"""
    from internet.submission import submit
    code, text = submit(Letter.to("someone@good.example"), relay.address, options=("SIZE=999999999",))
    assert code == 552, (code, text)


def scenario_long_notice(relay: Relay) -> None:
    """500 recipients refused in many words: one DSN names them all, and other mail goes on"""
    letter = Letter.to(*(f"nobody{number}@refuses-all.example" for number in range(MANY)), name="many")
    relay.submit(letter)
    other = Letter.to("someone@good.example", name="besides")
    relay.submit(other)
    wait_for("the other letter", lambda: relay.bed.delivered("good.example", other.mark), 20)
    notices = wait_for("DSN", lambda: relay.bed.bounces(letter.sender), 40)
    assert len(notices) == 1, f"{len(notices)} DSNs"
    text = notices[0].as_string()
    assert all(f"rfc822; nobody{number}@refuses-all.example" in text for number in range(MANY))


def scenario_refused_connections(relay: Relay) -> None:
    """A host that says 451 to MAIL is left with a QUIT: no connection stays behind"""
    for _ in range(5):
        relay.submit(Letter.to("someone@busy.example", name="busy"))
    wait_for("attempts", lambda: sum(event.get("destination") == "busy.example" for event in relay.events()) >= 5, 30)
    wait_for("no connection left", lambda: relay.ctl_json("status")[1]["delivery"]["connections"] == 0, 15)  # type: ignore[index]
    assert relay.process
    own = {os.readlink(link).removeprefix("socket:[").rstrip("]") for link in Path(f"/proc/{relay.process.pid}/fd").iterdir()}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    left = [line[2] for line in lines if line[9] in own and line[2].endswith(":0019")]
    assert not left, f"still connected to port 25 of {left}"
