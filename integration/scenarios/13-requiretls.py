"""REQUIRETLS and TLS-Required: No (RFC 8689): what a sender may ask for, and what becomes of it."""

import re
import smtplib
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Iterator

from internet import addresses
from internet.domains import BY_NAME, absolute
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter, submit

LIMIT = 40


@dataclass(frozen=True)
class Case:
    domain: str
    why: str
    status: str
    verified: str = ""
    host: str = "mx"
    by: tuple[str, ...] = ()
    cause: str = ""
    code: str = ""


REQUIRED = (
    Case("requiretls.example", "DANE", "delivered", "dane", by=("dane", "requiretls")),
    Case("requiretls-sts.example", "MTA-STS vouches for the MX name", "delivered", "webpki", by=("mta-sts", "requiretls")),
    Case("requiretls-webpki.example", "DNSSEC vouches for the MX name, the public CA for the host", "delivered", "webpki", by=("requiretls",)),
    Case("requiretls-second.example", "the first MX does not offer it", "delivered", "dane", "mx2", by=("dane", "requiretls")),
    Case("requiretls-unsupported.example", "authenticated, and does not offer it", "bounced", cause="requiretls-unsupported", code=r"5\.7\.30"),
    Case("requiretls-unvalidated.example", "nothing vouches for the MX name", "bounced", cause="requiretls-unvalidated", code=r"5\.7\.10"),
    Case("requiretls-testing.example", "a policy in testing vouches for nothing", "bounced", cause="requiretls-unvalidated", code=r"5\.7\.10"),
    Case("requiretls-mismatch.example", "fails DANE, which may pass", "deferred", cause="dane-mismatch"),
    Case("requiretls-selfsigned.example", "its certificate proves nothing, which may pass", "deferred", cause="certificate-invalid"),
)
BOUNCED = tuple(case for case in REQUIRED if case.status == "bounced")
# Ordinary letters to these are held back.
OPTIONAL = (
    Case("tls-optional.example", "DANE mismatch", "delivered", "encrypted"),
    Case("tls-optional-plain.example", "STARTTLS missing under DANE", "delivered", "none"),
    Case("tls-optional-servfail.example", "TLSA lookup fails", "delivered", "encrypted"),
    Case("tls-optional-sts.example", "not in the enforced policy", "delivered", "encrypted"),
)
NO = "TLS-Required: No\n"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "13-requiretls", 13) as relay:
        yield relay


def send(relay: Relay, domain: str, required: bool = True, headers: str = "",
         sender_domain: str = addresses.SENDER_DOMAIN) -> Letter:
    letter = Letter.to(f"someone@{domain}", name="requiretls", headers=headers, sender_domain=sender_domain)
    relay.submit(letter, options=("REQUIRETLS",) if required else (), tls=True)
    return letter


def outcome(relay: Relay, letter: Letter) -> dict[str, str]:
    return relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"), LIMIT)[0]


def check(case: Case, last: dict[str, str]) -> None:
    wanted = {"status": case.status}
    wanted |= {"verified": case.verified, "host": absolute(case.host, case.domain)} if case.status == "delivered" else {"cause": case.cause}
    assert {key: last.get(key, "") for key in wanted} == wanted, last
    if case.by:
        assert last.get("by") in case.by, last


def commands(bed: Bed, domain: str, sender: str) -> list[str]:
    """MAIL commands with this sender that the domain's scripted hosts were given, within TLS only."""
    found = []
    for session in bed.sessions(domain):
        _, _, secure = session.partition(" from here")
        found += re.findall(rf"C: (MAIL FROM:<{re.escape(sender)}>.*)", secure)
    return found


def scenario_offered_within_tls(relay: Relay) -> None:
    """The relay offers REQUIRETLS within TLS, and refuses it outside"""
    with smtplib.SMTP(relay.address, addresses.RELAY_PORT, local_hostname="injector.example", timeout=20) as client:
        client.ehlo()
        assert client.has_extn("starttls") and not client.has_extn("requiretls"), client.esmtp_features
    code, text = submit(Letter.to("someone@requiretls.example"), relay.address, options=("REQUIRETLS",))
    assert 500 <= code < 600 and text.startswith("5.7.10"), (code, text)
    letter = Letter.to("someone@requiretls.example")
    trust = relay.bed.folder / "certificates" / "webpki.crt"
    code, text = submit(letter, relay.address, options=("REQUIRETLS=1",), trust=trust)
    assert 500 <= code < 600, (code, text)


@cases(REQUIRED, lambda case: f"{case.domain}, {case.why}: {case.status}")
def scenario_required(relay: Relay, case: Case) -> None:
    """REQUIRETLS"""
    letter = send(relay, case.domain)
    check(case, outcome(relay, letter))
    if case.status == "delivered":
        assert wait_for("copy", lambda: relay.bed.delivered(case.domain, letter.mark), 10)
        told = commands(relay.bed, case.domain, letter.sender)
        assert len(told) == 1 and "REQUIRETLS" in told[0].split(), told
    # A host without the keyword, or without proof, is not told a sender.
    elif BY_NAME[case.domain].hosts[0].server == "requiretls":
        assert not relay.bed.saw_envelope(case.domain, letter.sender), relay.bed.sessions(case.domain)
    else:
        assert not any(" mail=" in session for session in relay.bed.sessions(case.domain)), relay.bed.sessions(case.domain)


def scenario_first_is_left(relay: Relay) -> None:
    """F50 requiretls-second.example: the MX that does not offer it is left without MAIL"""
    first = [session for session in relay.bed.sessions("requiretls-second.example") if "postfix/mx1." in session]
    assert first and not any(" mail=" in session for session in first), first


def parts_of(notice: Message) -> list[str]:
    return [part.get_content_type() for part in notice.walk()]


@cases(BOUNCED, lambda case: f"{case.domain}, {case.code}")
def scenario_notice(relay: Relay, case: Case) -> None:
    """The notice has the code, and headers only"""
    letter = send(relay, case.domain)
    (notice,) = wait_for("DSN", lambda: relay.bed.bounces(letter.sender), LIMIT)
    status = re.findall(r"^Status: (\S+)", notice.as_string(), re.M)
    assert status and re.fullmatch(case.code, status[0]), status
    assert "text/rfc822-headers" in parts_of(notice) and "message/rfc822" not in parts_of(notice), parts_of(notice)
    assert "Hello." not in notice.as_string()


def scenario_notice_with_keyword(relay: Relay) -> None:
    """The notice goes with REQUIRETLS where the sender's host offers it"""
    letter = send(relay, "requiretls-unsupported.example", sender_domain="requiretls.example")
    copies = wait_for("DSN", lambda: [copy for copy in relay.bed.delivered("requiretls.example", letter.sender.encode())
                                      if b"multipart/report" in copy], LIMIT)
    assert len(copies) == 1 and b"Hello." not in copies[0]
    assert any("REQUIRETLS" in command.split() for command in commands(relay.bed, "requiretls.example", ""))


@cases(OPTIONAL, lambda case: f"{case.domain}, {case.why}")
def scenario_optional(relay: Relay, case: Case) -> None:
    """F49 TLS-Required: No is delivered all the same, at once"""
    letter = send(relay, case.domain, required=False, headers=NO)
    check(case, outcome(relay, letter))
    copies = wait_for("copy", lambda: relay.bed.delivered(case.domain, letter.mark), 10)
    assert letter.arrived_whole(copies[0]), copies[0]


@cases((("TLS-Required: Yes\n", "another value"), (NO + NO, "twice"), ("", "no header")), lambda case: case[1])
def scenario_not_optional(relay: Relay, case: tuple[str, str]) -> None:
    """tls-optional.example holds back what does not say exactly TLS-Required: No"""
    letter = send(relay, "tls-optional.example", required=False, headers=case[0])
    last = outcome(relay, letter)
    assert (last["status"], last.get("cause")) == ("deferred", "dane-mismatch"), last


def scenario_required_wins(relay: Relay) -> None:
    """With the parameter, the header does not count"""
    letter = send(relay, "tls-optional.example", headers=NO)
    last = outcome(relay, letter)
    assert (last["status"], last.get("cause")) == ("deferred", "dane-mismatch"), last


def scenario_ordinary_mail(relay: Relay) -> None:
    """An ordinary letter carries no keyword to a host that offers it"""
    letter = send(relay, "requiretls.example", required=False)
    assert outcome(relay, letter)["status"] == "delivered"
    told = commands(relay.bed, "requiretls.example", letter.sender)
    assert len(told) == 1 and "REQUIRETLS" not in told[0], told


def scenario_no_hold_up(relay: Relay) -> None:
    """What only one kind of mail fails by holds up no other kind"""
    for _ in range(4):
        assert outcome(relay, send(relay, "tls-optional.example", required=False))["cause"] == "dane-mismatch"
        assert outcome(relay, send(relay, "requiretls-selfsigned.example"))["cause"] == "certificate-invalid"
    last = outcome(relay, send(relay, "tls-optional.example", required=False, headers=NO))
    assert (last["status"], last.get("attempt"), last.get("demand"), last.get("observed")) == (
        "delivered", "1", "optional", "tlsa:validation-failure/tlsa-mismatch"), last
    last = outcome(relay, send(relay, "requiretls-selfsigned.example", required=False))
    assert (last["status"], last.get("attempt")) == ("delivered", "1") and "demand" not in last, last


def scenario_kept_over_restart(relay: Relay) -> None:
    """What the sender asked for outlives the daemon"""
    letter = send(relay, "requiretls-mismatch.example")
    outcome(relay, letter)
    before = len(relay.attempts(letter))
    relay.kill()
    relay.start()
    wait_for("attempt after the restart", lambda: len(relay.attempts(letter)) > before, LIMIT)
    assert {attempt["status"] for attempt in relay.attempts(letter)} == {"deferred"}
    assert not relay.bed.saw_envelope("requiretls-mismatch.example", letter.sender)
