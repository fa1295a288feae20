"""DKIM: letters of sender.example are signed on their way out, and what arrives is verified by dkimpy and by opendkim."""

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Iterator

from internet import addresses, changes, dkimkeys, judges
from internet.clock import Clock
from internet.domains import BY_NAME
from internet.inside import Bed, wait_for
from internet.relay import Relay, program
from internet.relayconfig import quoted
from internet.reporting import key_table
from internet.scenario import cases
from internet.submission import Letter

LIMIT = 30
BOTH = ("rsa", "ed")


def signing(bed: Bed, name: str, number: int, *selectors: str, clock: Clock | None = None, dkim: dict[str, str] | None = None,
            **more: str) -> Relay:
    return Relay(bed, name, number, more={"dkim": dkim} if dkim else {}, tables=tuple(key_table(bed.folder, selector, **more) for selector in selectors),
                 clock=clock)


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with signing(bed, "18-dkim", 18, *BOTH) as relay:
        yield relay


def arrived(relay: Relay, letter: Letter, options: tuple[str, ...] = (), domain: str = "good.example") -> bytes:
    relay.submit(letter, options=options)
    (copy,) = wait_for("copy", lambda: relay.bed.delivered(domain, letter.mark), LIMIT)
    assert letter.arrived_whole(copy), copy.decode(errors="replace")[:2000]
    return copy


def check_signed(relay: Relay, copy: bytes, *selectors: str) -> None:
    """By these keys, each signature by itself, ours on top and well made."""
    found = judges.signatures(copy)
    assert {tags["s"] for tags in found} == set(selectors) and len(found) == len(selectors), [tags["s"] for tags in found]
    now = relay.clock.now if relay.clock else Clock(relay.folder / "no-clock").now
    assert judges.dkimpy_accepts(copy, now) == [True] * len(found), judges.dkimpy_accepts(copy, now)
    environment = relay.clock.environment() if relay.clock else None
    assert judges.opendkim_accepts(copy, environment) == [True] * len(found), judges.opendkim_accepts(copy, environment)
    for tags in found:
        named = tags["h"].lower().split(":")
        assert {"v", "a", "b", "bh", "c", "d", "h", "s", "t"} <= set(tags) and "l" not in tags, tags
        assert tags["a"] == {"rsa": "rsa-sha256", "ed25519": "ed25519-sha256"}[dkimkeys.BY_SELECTOR[tags["s"]].kind], tags
        assert tags["d"] == addresses.SENDER_DOMAIN and named.count("from") == 2 and "received" not in named, tags
    head = copy.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    signature_lines = re.findall(rb"^DKIM-Signature:.*(?:\n[ \t].*)*", head, re.M)
    assert all(len(line) <= 78 for signature in signature_lines for line in signature.split(b"\n")), "a signature is not folded"


@dataclass(frozen=True)
class Kind:
    what: str
    body: bytes = b"Hello.\n"
    headers: str = ""
    options: tuple[str, ...] = ()


KINDS = (
    Kind("an ordinary letter"),
    Kind("folded headers, tabs and blanks", headers="X-Folded: one\n\ttwo\n  three   four \nReply-To:  Somebody\n <someone@sender.example>\n"),
    Kind("headers in strange spelling", headers="mImE-vErSiOn:1.0\ncontent-TYPE:text/plain;\tcharset=us-ascii\nX-Empty:\nX-Blank: \n"),
    Kind("8-bit text", "Grüße, naïve façade €\n".encode() * 20, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
         "Content-Transfer-Encoding: 8bit\n", ("BODY=8BITMIME",)),
    Kind("8-bit octets that are no UTF-8", bytes(range(128, 256)) * 3 + b"\n", "MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\n"
         "Content-Transfer-Encoding: 8bit\n", ("BODY=8BITMIME",)),
    Kind("no body", b""),
    Kind("a body of empty lines", b"\n\n\n"),
    Kind("empty lines at its end", b"Hello.\n\n\n\n"),
    Kind("blanks at line ends and between words", b"one  two\t three \t \n  four \n \n"),
    Kind("leading dots", b".\n..\n...\n.hidden\n. \nend\n"),
    Kind("a very long header", headers="X-Long: " + "\n ".join("word" * 20 for _ in range(400)) + "\n"),
    Kind("a header line of 990 octets", headers="X-Line: " + "y" * 982 + "\n"),
    Kind("many recipients in To, threading and list fields", headers="Cc: " + ",\n ".join(f"r{number}@good.example" for number in range(60)) +
         "\nIn-Reply-To: <a@b.example>\nReferences: <a@b.example>\n <c@d.example>\nList-Unsubscribe: <mailto:leave@sender.example>\n"),
    Kind("a field twice", headers="Comments: first\nComments: second\n"),
    Kind("lines of 998 octets", (b"z" * 998 + b"\n") * 3),
    Kind("three megabytes", b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n" * 50_000),
    Kind("somebody else's signature", headers="DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example; s=x;\n h=from:to; bh=AAAA;\n b=AAAA\n"),
)
# Each of another make; exim and Postfix write Received fields of their own.
ELSEWHERE = ("dane-ta.example", "insecure.example", "plain.example", "greylist.example", "sts-enforce.example")


@cases(KINDS, lambda kind: kind.what)
def scenario_signed(relay: Relay, kind: Kind) -> None:
    """F126 DKIM-04 Signed by both keys, and both hold at the receiver"""
    copy = arrived(relay, Letter.to("someone@good.example", body=kind.body, name="dkim", headers=kind.headers), kind.options)
    if "DKIM-Signature" in kind.headers:
        # Ours stand above theirs, and theirs is as it was: DKIM-17.
        fields = [field for field in judges.split(judges.as_sent(copy))[0] if field.lower().startswith(b"dkim-signature:")]
        assert judges.tags(fields[-1])["d"] == "list.example" and len(fields) == 3, fields
        copy = copy.replace(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example", b"X-Theirs: d=list.example")
    check_signed(relay, copy, *BOTH)


@cases(ELSEWHERE, lambda domain: f"{domain}, {BY_NAME[domain].hosts[0].server}")
def scenario_hosts(relay: Relay, domain: str) -> None:
    """DKIM-13 What is signed is what other makes of host receive"""
    body = b".dot\n\nbody of every host \n..\n\n"
    check_signed(relay, arrived(relay, Letter.to(f"someone@{domain}", body=body, name="dkim"), domain=domain), *BOTH)


def scenario_several_destinations(relay: Relay) -> None:
    """One letter to three domains bears the same signatures everywhere"""
    domains = ("good.example", "dane-ta.example", "insecure.example")
    letter = Letter.to(*(f"someone@{domain}" for domain in domains), name="dkim")
    relay.submit(letter)
    copies = [wait_for("copy", lambda: relay.bed.delivered(domain, letter.mark), LIMIT)[0] for domain in domains]
    for copy in copies:
        check_signed(relay, copy, *BOTH)
    assert len({str(judges.signatures(copy)) for copy in copies}) == 1


def scenario_changed_afterwards(relay: Relay) -> None:
    """DKIM-16 A From that is added later breaks the signatures, and so does another body"""
    copy = arrived(relay, Letter.to("someone@good.example", name="dkim"))
    now = Clock(relay.folder / "no-clock").now
    assert judges.dkimpy_accepts(copy, now) == [True, True]
    assert judges.dkimpy_accepts(b"From: mallory@evil.example\n" + copy, now) == [False, False]
    assert judges.dkimpy_accepts(copy.replace(b"Hello.", b"Hallo."), now) == [False, False]
    assert judges.opendkim_accepts(copy.replace(b"Hello.", b"Hallo.")) == [False, False]


def from_somebody_else(author: str) -> Letter:
    letter = Letter.to("someone@good.example", name="dkim")
    return Letter(letter.identity, letter.sender, letter.recipients, letter.content.replace(f"From: {letter.sender}".encode(), f"From: {author}".encode()))


@cases(("someone@good.example", "someone@below.sender.example", "someone@notsender.example", "\"x@sender.example\" <someone@good.example>"), lambda author: author)
def scenario_others_untouched(relay: Relay, author: str) -> None:
    """Mail from other domains passes as it is"""
    assert not judges.signatures(arrived(relay, from_somebody_else(author)))


def scenario_signed_before(relay: Relay) -> None:
    """Mail that sender.example signed itself passes as it is"""
    dkim = judges.module("dkim")
    letter = Letter.to("someone@good.example", name="dkim")
    sent = judges.as_sent(letter.content)
    signature = dkim.sign(sent, b"large", addresses.SENDER_DOMAIN.encode(), dkimkeys.path(relay.bed.folder, "large").read_bytes(),
                          canonicalize=(b"relaxed", b"simple"))
    signed = Letter(letter.identity, letter.sender, letter.recipients, (signature + sent).replace(b"\r\n", b"\n"))
    check_own = arrived(relay, signed)
    assert [tags["s"] for tags in judges.signatures(check_own)] == ["large"]
    assert judges.dkimpy_accepts(check_own, Clock(relay.folder / "no-clock").now) == [True]


def scenario_two_authors(relay: Relay) -> None:
    """F126 DKIM-22 Two From fields: not signed, and said"""
    letter = Letter.to("someone@good.example", name="dkim", headers="From: mallory@sender.example\n")
    assert not judges.signatures(arrived(relay, letter))
    wait_for("dkim-unsigned", lambda: [event for event in relay.events() if event.get("event") == "dkim-unsigned"], 5)


def scenario_large_key(relay: Relay) -> None:
    """DKIM-24 A key of 4096 bits"""
    with signing(relay.bed, "18-dkim-large", 181, "large") as other:
        check_signed(other, arrived(other, Letter.to("someone@good.example", name="dkim")), "large")


def scenario_subdomains(relay: Relay) -> None:
    """subdomains = true: mail from names below is signed by the domain's key"""
    with signing(relay.bed, "18-dkim-below", 182, "rsa", subdomains="true") as other:
        check_signed(other, arrived(other, from_somebody_else("someone@below.sender.example")), "rsa")


def scenario_restart(relay: Relay) -> None:
    """What waited in the queue through a SIGKILL is signed as well"""
    with signing(relay.bed, "18-dkim-kill", 183, *BOTH) as other:
        letter = Letter.to("someone@greylist.example", name="dkim")
        other.submit(letter)
        other.kill()
        other.start()
        (copy,) = wait_for("copy", lambda: relay.bed.delivered("greylist.example", letter.mark), LIMIT)
        check_signed(other, copy, *BOTH)


@cases((("mismatched", "rsa"), ("revoked", "ed"), ("unpublished", "ed")), lambda case: case[0])
def scenario_other_key(relay: Relay, case: tuple[str, str]) -> None:
    """F126 DKIM-23 unpublished = "other-key": the key whose record is wrong does not sign, the other does, and the log alarms"""
    bad, good = case
    number = 184 + ("mismatched", "revoked", "unpublished").index(bad)
    with signing(relay.bed, f"18-dkim-{bad}", number, bad, good, dkim={"unpublished": quoted("other-key")}) as other:
        check_signed(other, arrived(other, Letter.to("someone@good.example", name="dkim")), good)
        alarms = [event for event in other.events() if event.get("event") == "dkim-key-unpublished"]
        assert [alarm["record"] for alarm in alarms] == [f"{bad}._domainkey.sender.example"], alarms


def scenario_none_left(relay: Relay) -> None:
    """F126 unpublished = "other-key" without another key: the mail waits, unseen by the host"""
    with signing(relay.bed, "18-dkim-none", 188, "mismatched") as other:
        letter = Letter.to("someone@good.example", name="dkim")
        other.submit(letter)
        last = other.wait_attempt(letter, letter.recipients[0], ("deferred", "delivered"))[0]
        assert (last["status"], last.get("cause")) == ("deferred", "dkim-key-unpublished"), last
        assert not relay.bed.delivered("good.example", letter.mark)


def scenario_unsigned(relay: Relay) -> None:
    """unpublished = "unsigned": the mail goes out unsigned, and the log says so"""
    with signing(relay.bed, "18-dkim-unsigned", 189, "mismatched", dkim={"unpublished": quoted("unsigned")}) as other:
        assert not judges.signatures(arrived(other, Letter.to("someone@good.example", name="dkim")))
        assert any(event.get("event") == "dkim-unsigned" for event in other.events())


def scenario_wait(relay: Relay) -> None:
    """unpublished = "wait": the mail waits for every key's record, and goes out signed by all when it is there"""
    clock = Clock(relay.bed.folder / "relays" / "18-dkim-wait")
    with signing(relay.bed, "18-dkim-wait", 190, "rsa", "unpublished-ed", clock=clock, dkim={"unpublished": quoted("wait")}) as other:
        letter = Letter.to("someone@good.example", name="dkim")
        other.submit(letter)
        last = other.wait_attempt(letter, letter.recipients[0], ("deferred", "delivered"))[0]
        assert (last["status"], last.get("cause")) == ("deferred", "dkim-key-unpublished"), last
        changes.publish_key(relay.bed, "unpublished-ed")
        clock.advance(minutes=3)
        (copy,) = wait_for("copy", lambda: relay.bed.delivered("good.example", letter.mark), LIMIT)
        check_signed(other, copy, "rsa", "unpublished-ed")


def scenario_rotation(relay: Relay) -> None:
    """DKIM-23 A key with not_before takes over at its time, without a restart"""
    clock = Clock(relay.bed.folder / "relays" / "18-dkim-rotation")
    when = clock.now.replace(microsecond=0)
    begins = (when + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tables = (key_table(relay.bed.folder, "rsa"), ("dkim.key", key_table(relay.bed.folder, "large")[1] | {"not_before": quoted(begins)}))
    with Relay(relay.bed, "18-dkim-rotation", 191, clock=clock, tables=tables) as other:
        check_signed(other, arrived(other, Letter.to("someone@good.example", name="dkim")), "rsa")
        clock.advance(days=2, minutes=1)
        check_signed(other, arrived(other, Letter.to("someone@good.example", name="dkim")), "large")


def key_record(bed: Bed, selector: str) -> str:
    key = dkimkeys.BY_SELECTOR[selector]
    return f"{key.record_name}={dkimkeys.record(bed.folder / 'dkim', key)}"


def scenario_verify_command(relay: Relay) -> None:
    """relayctl dkim verify: exit 0 for what arrived, 1 for what was changed"""
    copy = judges.as_sent(arrived(relay, Letter.to("someone@good.example", name="dkim")))
    records = [word for selector in BOTH for word in ("--key-record", key_record(relay.bed, selector))]
    for name, content, code in (("right.eml", copy, 0), ("wrong.eml", copy.replace(b"Hello.", b"Hallo."), 1)):
        (relay.folder / name).write_bytes(content)
        done = subprocess.run([program("relayctl"), "dkim", "verify", relay.folder / name, *records], capture_output=True, text=True)
        assert done.returncode == code, done


def scenario_open_key(relay: Relay) -> None:
    """F126 A key file that others may read: the relay refuses to start, and names it"""
    other = signing(relay.bed, "18-dkim-open", 192, "rsa")
    copy = other.folder / "open.pem"
    copy.write_bytes(dkimkeys.path(relay.bed.folder, "rsa").read_bytes())
    copy.chmod(0o644)
    other.toml.write_text(other.toml.read_text().replace(str(dkimkeys.path(relay.bed.folder, "rsa")), str(copy)))
    other.launch()
    assert other.wait_exit() == 78 and str(copy) in other.tail(), other.tail()


@cases((512, 1000), lambda bits: f"{bits} bits")
def scenario_short_key(relay: Relay, bits: int) -> None:
    """F126 DKIM-02 An RSA key that is too short: the relay refuses to start"""
    other = signing(relay.bed, f"18-dkim-short-{bits}", 193, "rsa")
    short = other.folder / "short.pem"
    subprocess.run(["openssl", "genrsa", "-out", short, str(bits)], check=True, capture_output=True)
    short.chmod(0o600)
    other.toml.write_text(other.toml.read_text().replace(str(dkimkeys.path(relay.bed.folder, "rsa")), str(short)))
    other.launch()
    assert other.wait_exit() == 78 and str(short) in other.tail(), other.tail()
