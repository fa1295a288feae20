"""The domains of the mini-internet: what each one is, and what must become of mail to it.

This table is the bed: zones, certificates, servers, scenarios and the demo are made from it.
To add a domain, add a line (integration/README.md explains the words).
"""

from dataclasses import dataclass, replace

from .addresses import HOST_NETWORK, SENDER_MX


@dataclass(frozen=True)
class Host:
    """A mail host. Its name is made in the zone of the domain that lists it."""

    name: str
    server: str  # postfix | exim | opensmtpd | sender | nothing (no port open) | a script of scripted.py
    certificate: str = "self-signed"  # a kind of certificates.py, or none for a host without STARTTLS
    tlsa: tuple[str, ...] = ()  # "usage selector matching-type what"; what: own | stranger | ca | webpki | garbage
    options: tuple[str, ...] = ()  # "key=value" of a Postfix listener
    number: int = 0  # last octet of its address; 0 is filled in from the order of the table

    @property
    def address(self) -> str:
        return SENDER_MX if self.server == "sender" else f"{HOST_NETWORK}.{self.number}"


@dataclass(frozen=True)
class STS:
    """An MTA-STS policy, and how its host serves it."""

    mode: str = "enforce"  # enforce | testing | none
    mx: tuple[str, ...] = ("mx",)  # patterns; as in the zone: "mx", "*", or complete with a dot at the end
    id: str = "1"
    max_age: int = 86400  # seconds
    http: str = "ok"  # a fault of policies.py: redirect | 404 | 503 | html | oversize | slow | empty | down | invalid
    certificate: str = "webpki"  # of the policy host: a kind of certificates.py


@dataclass(frozen=True)
class Expect:
    """What the first final outcome of mail to the domain is, in the words of relayd's log."""

    status: str  # delivered | deferred | bounced
    verified: str = ""  # dane | dane-host | webpki | fingerprint | encrypted | none; of a delivery
    host: str = ""  # the MX that took it
    cause: str = ""  # of a deferral or bounce: Reason.Cause
    code: str = ""  # enhanced status code in the DSN, a regular expression
    attempts: int = 1  # attempts until then
    policy: int = 0  # exit code of `relayctl policy`: 0 authenticated, 1 partly unauthenticated, 2 undeliverable
    cause_before: str = ""  # cause of the deferrals before, where attempts > 1
    by: str = ""  # who demanded what was verified: dane | dane-host | mta-sts | requiretls | local; "": nobody
    sts: str = ""  # enforce | testing | unknown: the MTA-STS mark of the attempt; "": none in force


@dataclass(frozen=True)
class Domain:
    name: str
    what: str  # a sentence for people
    expect: Expect
    hosts: tuple[Host, ...] = ()
    # signed | unsigned | expired (signatures of the year 2020) | faulty (signed, behind dnsfaults.py) | absent, or
    # "alias of NAME": a CNAME in the signed zone example.
    dns: str = "signed"
    mx: tuple[str, ...] | None = ("10 mx",)  # "preference name"; names without a dot at the end are in the zone. None: no MX
    records: tuple[str, ...] = ()  # further records, as in a zone file
    faults: tuple[str, ...] = ()  # "name type rcode|drop", where dns is faulty
    sts: STS | None = None
    only: str = ""  # number of the one scenario file that mails it; "": a line of 02-judge, 10-domains or 11-sts, and of the demo

    @property
    def alias_of(self) -> str:
        return self.dns.removeprefix("alias of ") if self.dns.startswith("alias of ") else ""


# Who demanded it, where the table says nothing else.
_DEMANDED_BY = {"dane": "dane", "dane-host": "dane-host", "webpki": "mta-sts", "fingerprint": "local"}


def _delivered(verified: str, host: str = "mx", **more: object) -> Expect:
    defaults = {"policy": 0 if verified in ("dane", "webpki", "fingerprint") else 1, "by": _DEMANDED_BY.get(verified, "")}
    return Expect("delivered", verified, host, **(defaults | more))  # type: ignore[arg-type]


def _deferred(cause: str, policy: int = 0, sts: str = "") -> Expect:
    return Expect("deferred", cause=cause, policy=policy, sts=sts)


def _bounced(cause: str, code: str, policy: int = 2) -> Expect:
    return Expect("bounced", cause=cause, code=code, policy=policy)


GOOD = ("3 1 1 own",)

_TABLE = (
    # DANE as it should be.
    Domain("good.example", "DANE-EE (3 1 1) matches", _delivered("dane"), (Host("mx", "postfix", tlsa=GOOD),)),
    Domain("dane-ta.example", "DANE-TA (2 0 1): a private CA named in DNS", _delivered("dane"),
           (Host("mx", "exim", "private-ca", ("2 0 1 ca",)),)),
    Domain("expired.example", "DANE-EE, certificate expired in 2021 (DANE-EE ignores dates)", _delivered("dane"),
           (Host("mx", "postfix", "expired", GOOD),)),
    Domain("rollover.example", "key rollover: one TLSA record stale, one current", _delivered("dane"),
           (Host("mx", "exim", tlsa=("3 1 1 stranger", "3 1 1 own")),)),
    Domain("implicit.example", "no MX record: the domain's own address, with DANE", _delivered("dane", "@"),
           (Host("@", "postfix", "rsa", GOOD),), mx=None),
    Domain("cname-mx.example", "the MX is an alias of a DANE host", _delivered("dane", "mx"),
           (Host("real", "postfix", tlsa=GOOD),), records=("mx CNAME real",)),
    Domain("first-dead.example", "two MX, the first does not answer", _delivered("dane", "mx2"),
           (Host("mx1", "nothing", tlsa=GOOD), Host("mx2", "exim", tlsa=GOOD)), mx=("10 mx1", "20 mx2")),
    Domain("first-fails.example", "two MX, the first fails DANE", _delivered("dane", "mx2"),
           (Host("mx1", "postfix", tlsa=("3 1 1 stranger",)), Host("mx2", "postfix", tlsa=GOOD)), mx=("10 mx1", "20 mx2")),
    # DANE that must hold the mail back.
    Domain("mismatch.example", "TLSA names another key: an impostor, or a rollover gone wrong", _deferred("dane-mismatch"),
           (Host("mx", "postfix", tlsa=("3 1 1 stranger",)),)),
    Domain("agility.example", "3 1 1 matches, the stronger 3 1 2 does not", _deferred("dane-mismatch"),
           (Host("mx", "postfix", tlsa=("3 1 1 own", "3 1 2 stranger")),)),
    Domain("no-starttls.example", "TLSA exists, the host offers no STARTTLS: stripped?", _deferred("starttls-missing"),
           (Host("mx", "postfix", "none", ("3 1 1 stranger",)),)),
    Domain("starttls-454.example", "TLSA exists, STARTTLS is answered 454", _deferred("starttls-missing"),
           (Host("mx", "starttls-454", tlsa=("3 1 1 stranger",)),)),
    Domain("starttls-554.example", "TLSA exists, STARTTLS is answered 554: bounced by a stranger's line?",
           _deferred("starttls-missing"), (Host("mx", "starttls-554", tlsa=("3 1 1 stranger",)),)),
    Domain("tlsa-servfail.example", "addresses are signed, the TLSA lookup fails", _deferred("tlsa-lookup-failed", 2),
           (Host("mx", "postfix", tlsa=GOOD),), dns="faulty", faults=("_25._tcp.mx TLSA SERVFAIL",)),
    Domain("unusable.example", "only unusable TLSA records: TLS, unauthenticated", _delivered("encrypted"),
           (Host("mx", "postfix", tlsa=("0 0 1 own", "3 1 9 garbage")),)),
    # DNS trouble.
    Domain("bogus.example", "DNSSEC signatures expired: anyone may have forged it", _deferred("dns-bogus", 2),
           (Host("mx", "postfix"),), dns="expired"),
    Domain("mx-servfail.example", "the MX lookup fails, the address would answer", _deferred("dns-temp", 2),
           (Host("mx", "postfix"),), dns="faulty", faults=("@ MX SERVFAIL",)),
    Domain("null-mx.example", "null MX: takes no mail", _bounced("null-mx", r"5\.1\.10"), mx=("0 .",)),
    Domain("absent.example", "no such domain", _bounced("no-such-domain", r"5\.1\.2"), dns="absent"),
    Domain("no-address.example", "the MX names a host that does not exist", _bounced("no-host-address", r"5\.(1\.2|4\.4)"),
           mx=("10 nowhere",)),
    Domain("loop.example", "the MX is this relay itself", _bounced("loop", r"5\.4\.6"), mx=("10 relay.example.",)),
    # No DNSSEC.
    Domain("insecure.example", "unsigned domain, TLS offered", _delivered("encrypted"), (Host("mx", "exim"),), dns="unsigned"),
    Domain("plain.example", "unsigned domain, no TLS at all", _delivered("none"), (Host("mx", "opensmtpd", "none"),), dns="unsigned"),
    Domain("dane-host.example", "unsigned domain whose MX is a DANE host", _delivered("dane-host", "mx.good.example."),
           dns="unsigned", mx=("10 mx.good.example.",)),
    # Debian 12's OpenSMTPD (6.8.0p2 with OpenSSL 3) offers STARTTLS and fails every handshake: a broken peer as found in the wild.
    Domain("broken-tls.example", "unsigned domain, every handshake fails: clear on the second attempt",
           _delivered("none", attempts=2, cause_before="tls-handshake-failed"), (Host("mx", "opensmtpd"),), dns="unsigned"),
    Domain("hangs-up.example", "unsigned domain, the host hangs up after its 220 to STARTTLS",
           _delivered("none", attempts=2, cause_before="tls-handshake-failed"), (Host("mx", "hangs-up"),), dns="unsigned"),
    # Answers of the remote.
    Domain("greylist.example", "says 451 first, accepts later", _delivered("dane", attempts=2, cause_before="remote-reply"),
           (Host("mx", "greylist", tlsa=GOOD),)),
    Domain("rejects.example", "knows one recipient, refuses all others with 550", _bounced("remote-reply", r"5\.1\.1", 0),
           (Host("mx", "postfix", tlsa=GOOD),)),
    Domain("refuses-all.example", "refuses every recipient in many words", _bounced("remote-reply", r"5\.1\.1", 1),
           (Host("mx", "refuses-all"),), dns="unsigned"),
    Domain("busy.example", "answers MAIL with 451", _deferred("remote-reply", 1), (Host("mx", "busy"),), dns="unsigned"),
    Domain("injects.example", "sends bytes behind its 220 to STARTTLS", _deferred("tls-handshake-failed", 1),
           (Host("mx", "injects"),), dns="unsigned"),
    # Where mail comes from. Its MX is the submitting Postfix, so bounces come home.
    Domain("sender.example", "the senders' own domain", _delivered("dane"), (Host("mx", "sender", tlsa=GOOD),)),
    Domain("relay.example", "the relay", _delivered("none"), mx=None, records=("@ A 127.1.1.2", "@ MX 10 mx.sender.example.")),
)

# Domains that are part of the scenery: no mail is sent there to see what happens.
SCENERY = ("sender.example", "relay.example")
# The one local part rejects.example knows; every other domain takes all.
KNOWN_RECIPIENT = "known"


def _numbered() -> tuple[Domain, ...]:
    number = 0
    domains = []
    for domain in _TABLE:
        hosts = []
        for host in domain.hosts:
            number += 1
            hosts.append(replace(host, number=number))
        domains.append(replace(domain, hosts=tuple(hosts)))
    return tuple(domains)


DOMAINS = _numbered()
BY_NAME = {domain.name: domain for domain in DOMAINS}
MAIL_DOMAINS = tuple(domain for domain in DOMAINS if domain.name not in SCENERY and not domain.only)
# The same without and with MTA-STS: 10-domains and 11-sts.
DANE_DOMAINS = tuple(domain for domain in MAIL_DOMAINS if domain.sts is None)
STS_DOMAINS = tuple(domain for domain in MAIL_DOMAINS if domain.sts is not None)


def absolute(name: str, zone: str) -> str:
    """`mx` in `good.example` is `mx.good.example`; `@` is the zone; a dot at the end means it is complete."""
    if name.endswith("."):
        return name[:-1]
    return zone if name == "@" else f"{name}.{zone}"


def hosts_of(server: str) -> list[tuple[str, str, Host]]:
    """Domain, full name and host of all that one make of server plays."""
    return [(domain.name, absolute(host.name, domain.name), host)
            for domain in DOMAINS for host in domain.hosts if host.server == server]
