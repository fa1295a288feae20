"""Delivery status notifications, read by Python's email package and by flufl.bounce, the reader of mailing lists."""

import email
import email.utils
import quopri
import re
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Iterator

from internet import addresses, judges
from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases
from internet.smtpwire import Wire
from internet.submission import Letter

LIMIT = 40
STRANGER, SECOND, MISMATCH = "Stranger@rejects.example", "another@rejects.example", "someone@mismatch.example"
# Words of the trade, which stand in the lines for administrators only.
JARGON = re.compile(r"\b(TLSA?|DANE|DNS\w*|MTA-STS|STARTTLS|REQUIRETLS|SMTP\w*|MX|certificates?|handshake)\b")


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "33-notices", 133, more={"retry": {"delayed_after": quoted("4h")}},
               clock=Clock(bed.folder / "relays" / "33-notices")) as relay:
        yield relay


def advance(relay: Relay, **amount: float) -> None:
    assert relay.clock
    relay.clock.advance(**amount)


@dataclass(frozen=True)
class Notice:
    """One notice, taken apart by its border, and what others make of it."""

    raw: bytes
    whole: Message
    types: tuple[str, ...]
    human: str
    message: Message  # the fields on the message
    recipients: tuple[Message, ...]  # those on each recipient
    original: bytes

    def words(self, address: str) -> str:
        """The human part's paragraph on a recipient, without the lines for administrators."""
        return unwrapped(self.human.split(f"<{address}>\n", 1)[1].split("For administrators:", 1)[0].split("\n<", 1)[0])

    def failures(self) -> tuple[set[bytes], set[bytes]]:
        """The addresses that flufl.bounce takes for delayed, and for failed."""
        delayed, failed = judges.module("flufl.bounce").bounce.all_failures(self.whole)
        return set(delayed), set(failed)


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def _part(piece: bytes) -> tuple[Message, bytes]:
    head, _, body = piece.partition(b"\n\n")
    fields = email.message_from_bytes(head + b"\n\n")
    encoding = fields.get("Content-Transfer-Encoding", "7bit")
    assert encoding in ("7bit", "quoted-printable"), encoding
    return fields, quopri.decodestring(body) if encoding == "quoted-printable" else body


def _group(octets: bytes) -> Message:
    return email.message_from_string(octets.decode() + "\n\n")


def read(stored: bytes, letter: Letter) -> Notice:
    """What holds of every notice; then its parts."""
    raw = stored.replace(b"\r\n", b"\n")
    whole = email.message_from_bytes(raw)
    assert not [part.defects for part in (whole, *whole.get_payload()) if part.defects], raw.decode(errors="replace")
    assert whole.get_content_type() == "multipart/report" and whole.get_param("report-type") == "delivery-status", whole["Content-Type"]
    assert whole["Return-Path"] == "<>", whole["Return-Path"]
    assert whole["Auto-Submitted"] == "auto-replied", whole["Auto-Submitted"]
    assert whole["To"] == f"<{letter.sender}>" and "postmaster@relay.example" in whole["From"], whole.items()
    assert email.utils.parsedate_to_datetime(whole["Date"]) and whole["Message-ID"].endswith(f"@{addresses.RELAY_NAME}>")
    identifier = f"<{letter.identity}@{addresses.SENDER_DOMAIN}>"
    assert whole["In-Reply-To"] == identifier and unwrapped(whole["References"]) == identifier, whole.items()
    body = raw.split(b"\n\n", 1)[1]
    assert all(octet < 0x80 for octet in body) and all(len(line) <= 998 for line in body.split(b"\n"))
    border = str(whole.get_boundary()).encode()
    pieces = (b"\n" + body).split(b"\n--" + border)
    assert len(pieces) == 5 and pieces[4].startswith(b"--"), f"{len(pieces) - 2} parts"
    parts = [_part(piece.lstrip(b"\n")) for piece in pieces[1:4]]
    groups = [_group(group) for group in parts[1][1].strip(b"\n").split(b"\n\n")]
    message, recipients = groups[0], tuple(groups[1:])
    assert recipients and message["Reporting-MTA"] == f"dns; {addresses.RELAY_NAME}", message.items()
    assert "injector.example ([127." in message["Received-From-MTA"], message.items()
    for field in [message["Arrival-Date"], *(one[name] for one in recipients for name in ("Last-Attempt-Date", "Will-Retry-Until"))]:
        assert field is None or re.search(r" [+-]\d{4}$", field), field
    for one in recipients:
        assert re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", one["Status"]), one.items()
        assert (one["Action"] == "delayed") == ("Will-Retry-Until" in one), one.items()
        assert one["Action"] == "relayed" or re.match(r"[a-z0-9-]+; \S", one["X-Waxwing-Reason"]), one.items()
    return Notice(raw, whole, tuple(fields.get_content_type() for fields, _ in parts), parts[0][1].decode(), message, recipients,
                  parts[2][1])


def stored(relay: Relay, letter: Letter) -> list[bytes]:
    """Notices about the letter in its sender's mailbox."""
    return [copy for copy in relay.bed.delivered(addresses.SENDER_DOMAIN, letter.sender.encode()) if b"multipart/report" in copy]


def notice(relay: Relay, letter: Letter, limit: float = LIMIT) -> Notice:
    """The one notice about the letter."""
    copies = wait_for("notice", lambda: stored(relay, letter), limit)
    assert len(copies) == 1, f"{len(copies)} notices"
    return read(copies[0], letter)


def send(relay: Relay, letter: Letter, options: str = "", *each: str) -> None:
    """MAIL with these options, each RCPT with its own."""
    with Wire(relay.address) as wire:
        wire.ehlo()
        commands = [f"MAIL FROM:<{letter.sender}> {options}".rstrip()]
        commands += [f"RCPT TO:<{one}> {more}".rstrip() for one, more in zip(letter.recipients, each or [""] * len(letter.recipients), strict=True)]
        for command in commands:
            code, text = wire.ask(command)
            assert code == 250, (command, code, text)
        code, text = wire.content(letter)
        assert code == 250, (code, text)


def is_empty(relay: Relay) -> bool:
    return relay.ctl_json("queue", "list", "--all")[1]["messages"] == []  # type: ignore[index]


def scenario_failed(relay: Relay) -> None:
    """Failed, with ENVID, RET=FULL and ORCPT: all of it comes back, with the host's own words"""
    letter = Letter.to(STRANGER, name="failed")
    send(relay, letter, "RET=FULL ENVID=QQ+2BB", "NOTIFY=FAILURE ORCPT=rfc822;Old+2Bname@Rejects.example")
    found = notice(relay, letter)
    (one,) = found.recipients
    assert found.types == ("text/plain", "message/delivery-status", "message/rfc822"), found.types
    assert found.message["Original-Envelope-Id"] == "QQ+B", found.message.items()
    assert one["Original-Recipient"] == "rfc822; Old+name@Rejects.example" and one["Final-Recipient"] == f"rfc822; {STRANGER}", one.items()
    assert (one["Action"], one["Status"], one["Remote-MTA"]) == ("failed", "5.1.1", "dns; mx.rejects.example"), one.items()
    assert one["Diagnostic-Code"].startswith("smtp; 550 5.1.1 <"), one.items()
    assert letter.content.rstrip(b"\n") in found.original, found.original
    assert "knows no mailbox of that name" in found.words(STRANGER) and "What you can do:" in found.words(STRANGER), found.human
    assert "mx.rejects.example said:" in found.human and "550 5.1.1 <" in found.human, found.human
    assert found.failures() == (set(), {b"Old+name@Rejects.example"}), found.failures()
    # What the email package makes of the machine part is what its border gives.
    (status,) = [part for part in found.whole.walk() if part.get_content_type() == "message/delivery-status"]
    assert [dict(group.items()) for group in status.get_payload()][1] == dict(one.items())  # type: ignore[union-attr]


def scenario_headers_only(relay: Relay) -> None:
    """RET=HDRS: the header comes back, the body does not"""
    letter = Letter.to(STRANGER, name="headers")
    send(relay, letter, "RET=HDRS")
    found = notice(relay, letter)
    assert found.types[2] == "text/rfc822-headers" and letter.identity.encode() in found.original, found.types
    assert b"Hello." not in found.raw
    assert "Original-Envelope-Id" not in found.message and "Original-Recipient" not in found.recipients[0]


def scenario_several(relay: Relay) -> None:
    """Two refused, one of them NOTIFY=NEVER: the notice names the other alone"""
    letter = Letter.to(STRANGER, SECOND, name="several")
    send(relay, letter, "", "NOTIFY=FAILURE", "NOTIFY=NEVER")
    found = notice(relay, letter)
    assert [one["Final-Recipient"] for one in found.recipients] == [f"rfc822; {STRANGER}"], found.recipients
    assert SECOND not in found.human and found.failures() == (set(), {STRANGER.encode()})


def scenario_long_reply(relay: Relay) -> None:
    """A reply of 500 octets stands in the notice as it came"""
    letter = Letter.to("someone@refuses-all.example", name="long")
    send(relay, letter)
    (one,) = notice(relay, letter).recipients
    assert one["Diagnostic-Code"].strip() == "smtp; 550 5.1.1 " + ("nobody of that name here, " * 18).strip(), one.items()


UNDELIVERABLE = (("someone@null-mx.example", "5.1.10", "null-mx", "takes no mail"),
                 ("someone@absent.example", "5.1.2", "no-such-domain", "There is no domain named absent.example."))


@cases(UNDELIVERABLE, lambda case: case[2])
def scenario_no_remote(relay: Relay, case: tuple[str, str, str, str]) -> None:
    """Refused without a host: no Remote-MTA, no Diagnostic-Code"""
    recipient, status, cause, words = case
    letter = Letter.to(recipient, name="no-remote")
    send(relay, letter)
    found = notice(relay, letter)
    (one,) = found.recipients
    assert one["Status"] == status and one["X-Waxwing-Reason"].startswith(f"{cause}; "), one.items()
    assert "Remote-MTA" not in one and "Diagnostic-Code" not in one, one.items()
    assert words in found.words(recipient), found.human


def try_again(relay: Relay) -> None:
    """One attempt more, hours later. Of all that waits for the host, one finds out that it is still down."""
    count = len(events(relay, "delivery", to=MISMATCH))
    advance(relay, hours=5)
    wait_for("an attempt more", lambda: len(events(relay, "delivery", to=MISMATCH)) > count, LIMIT)


def scenario_delayed(relay: Relay) -> None:
    """Delayed by a policy: one notice, in a sender's words, with how long it is tried"""
    letter = Letter.to(MISMATCH, name="delayed")
    send(relay, letter, "RET=FULL")
    relay.wait_attempt(letter, MISMATCH, ("deferred",))
    assert not stored(relay, letter)
    advance(relay, hours=4, minutes=1)
    wait_for("notice", lambda: stored(relay, letter), LIMIT)
    try_again(relay)
    found = notice(relay, letter)
    (one,) = found.recipients
    assert found.types == ("text/plain", "message/delivery-status", "text/rfc822-headers") and b"Hello." not in found.raw, found.types
    assert (one["Action"], one["Status"]) == ("delayed", "4.7.5") and one["X-Waxwing-Reason"].startswith("dane-mismatch; "), one.items()
    assert one["Remote-MTA"] == "dns; mx.mismatch.example" and "Diagnostic-Code" not in one, one.items()
    until, arrived = (email.utils.parsedate_to_datetime(text) for text in (one["Will-Retry-Until"], found.message["Arrival-Date"]))
    assert (until - arrived).total_seconds() == 5 * 86400, (until, arrived)
    words = found.words(MISMATCH)
    assert "mismatch.example asks for a verified secure connection, and its mail server could not prove who it is." in words, words
    assert "It is tried until" in words and not JARGON.search(words), words
    assert "There is nothing you need to do" in unwrapped(found.human) and "TLSA" in found.human.split("For administrators:", 1)[1], found.human
    assert found.failures() == ({MISMATCH.encode()}, set()), found.failures()


def scenario_not_delayed(relay: Relay) -> None:
    """Delayed by a policy, with NOTIFY=FAILURE: no notice"""
    letter = Letter.to(MISMATCH, name="not-delayed")
    send(relay, letter, "", "NOTIFY=FAILURE")
    relay.wait_attempt(letter, MISMATCH, ("deferred",))
    advance(relay, hours=4, minutes=1)
    try_again(relay)
    assert not stored(relay, letter)


def scenario_relayed(relay: Relay) -> None:
    """NOTIFY=SUCCESS, and the host knows no DSN: relayed, with its reply, and no failure for a mailing list"""
    letter = Letter.to("someone@dane-ta.example", name="relayed")
    send(relay, letter, "RET=FULL ENVID=a", "NOTIFY=SUCCESS")
    found = notice(relay, letter)
    (one,) = found.recipients
    assert one["Action"] == "relayed" and re.match(r"2\.\d", one["Status"]) and one["Diagnostic-Code"].startswith("smtp; 250 "), one.items()
    assert one["Remote-MTA"] == "dns; mx.dane-ta.example" and "X-Waxwing-Reason" not in one, one.items()
    assert found.types[2] == "text/rfc822-headers" and "this is the last you hear of it" in unwrapped(found.human), found.human
    assert found.failures() == (set(), set())


UTF8 = (("jürgen@refuses-all.example", "5.6.7", "utf-8; jürgen@refuses-all.example"),
        ("someone@refuses-all.example", "5.6.9", "rfc822; someone@refuses-all.example"))


@cases(UTF8, lambda case: case[0])
def scenario_utf8(relay: Relay, case: tuple[str, str, str]) -> None:
    """F98 SMTPUTF8 that the host lacks: the types of RFC 6533, in seven bits"""
    recipient, status, final = case
    letter = Letter.to(recipient, name="utf8", headers="X-Words: schöne Grüße\n", body="Hallo Jürgen.\n".encode())
    send(relay, letter, "SMTPUTF8 BODY=8BITMIME")
    found = notice(relay, letter)
    (one,) = found.recipients
    assert found.types == ("text/plain", "message/global-delivery-status", "message/global"), found.types
    assert (one["Action"], one["Status"], one["Final-Recipient"]) == ("failed", status, final), one.items()
    assert letter.content.rstrip(b"\n") in found.original, found.original
    assert "letters beyond plain English ones" in found.words(recipient), found.human


def scenario_requiretls(relay: Relay) -> None:
    """REQUIRETLS: headers only, whatever RET says, and the code of RFC 8689"""
    recipient = "someone@notices-requiretls.example"
    letter = Letter.to(recipient, name="requiretls")
    relay.submit(letter, options=("REQUIRETLS", "RET=FULL"), tls=True)
    found = notice(relay, letter)
    assert found.types[2] == "text/rfc822-headers" and b"Hello." not in found.raw, found.types
    assert found.recipients[0]["Status"] == "5.7.30", found.recipients[0].items()
    assert "is to travel over verified secure connections only" in found.words(recipient), found.human


def scenario_null_sender(relay: Relay) -> None:
    """From <>: no notice, whatever NOTIFY says; the operator is told"""
    letter = Letter.to(f"null-{STRANGER}", name="null")
    with Wire(relay.address) as wire:
        wire.ehlo()
        for command in ("MAIL FROM:<>", f"RCPT TO:<{letter.recipients[0]}> NOTIFY=SUCCESS,FAILURE"):
            code, text = wire.ask(command)
            assert code == 250, (code, text)
        assert wire.content(letter)[0] == 250
    wait_for("event", lambda: events(relay, "undeliverable-notice", to=letter.recipients[0]), LIMIT)
    assert not relay.bed.bounces(letter.identity)


def scenario_failing_notice(relay: Relay) -> None:
    """A notice that cannot be delivered makes nothing"""
    letter = Letter.to(STRANGER, name="failing", sender_domain="rejects.example")
    send(relay, letter)
    wait_for("event", lambda: events(relay, "undeliverable-notice", to=letter.sender), LIMIT)
    tried = [event for event in events(relay, "delivery") if event.get("to") == letter.sender]
    assert [event["status"] for event in tried] == ["bounced"] and not tried[0]["from"].strip("<>"), tried
    assert not relay.bed.bounces(letter.identity)
    wait_for("queue without it", lambda: letter.sender not in relay.queue_text(), 20)


def scenario_expired(relay: Relay) -> None:
    """Given up: failed, with a status of class 4, and what kept it back for people and for programs"""
    letter = Letter.to(MISMATCH, name="expired")
    send(relay, letter, "", "NOTIFY=FAILURE")
    relay.wait_attempt(letter, MISMATCH, ("deferred",))
    advance(relay, days=5, minutes=1)
    found = notice(relay, letter)
    (one,) = found.recipients
    assert (one["Action"], one["Status"]) == ("failed", "4.4.7"), one.items()
    assert one["X-Waxwing-Reason"].startswith("expired; ") and one["X-Waxwing-Kept-Back-By"] == "dane-mismatch", one.items()
    words = found.words(MISMATCH)
    assert "The administrators of mismatch.example have to mend this" in words and not JARGON.search(words), (words, JARGON.search(words))
    assert found.failures() == (set(), {MISMATCH.encode()}), found.failures()


def scenario_nothing_left(relay: Relay) -> None:
    """What was given up or refused left nothing in the queue"""
    wait_for("empty queue", lambda: is_empty(relay), 30)


def scenario_own_name(relay: Relay) -> None:
    """The relay's name has no SPF record: a warning at start"""
    (event,) = wait_for("event", lambda: events(relay, "own-name"), 20)
    assert event["name"] == addresses.RELAY_NAME and event["cure"], event
