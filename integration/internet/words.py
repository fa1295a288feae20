"""The words the table of domains is written in."""

from dataclasses import dataclass

from .addresses import HOST_NETWORK, SENDER_MX


@dataclass(frozen=True)
class Host:
    """A mail host. Its name is made in the zone of the domain that lists it."""

    name: str
    server: str  # postfix | exim | opensmtpd | sender | smarthost | nothing (no port open) | a script of scripted.py
    certificate: str = "self-signed"  # a kind of certificates.py, or none for a host without STARTTLS
    tlsa: tuple[str, ...] = ()  # "usage selector matching-type what"; what: own | stranger | ca | webpki | root | garbage
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
    id: str = "1"  # quotation marks within end one string of the record and begin another
    max_age: int = 86400  # seconds
    http: str = "ok"  # a fault of policies.py: redirect | 404 | slow | down | …
    certificate: str = "webpki"  # of the policy host: a kind of certificates.py


@dataclass(frozen=True)
class Reports:
    """The `_smtp._tls` record of a domain: who wants reports (RFC 8460 §3). {domain} in a text stands for the domain's name."""

    rua: tuple[str, ...] = ("mailto:{domain}@reports.example",)  # none: no record
    records: tuple[str, ...] = ()  # whole texts of TXT records, where they are not just made of `rua`
    # What becomes of a report where there is one to send, in the word of `relayctl tlsrpt status`:
    # accepted | undelivered | unwanted (no record) | no-destination (no address that could be used) | unknown (the lookup fails)
    outcome: str = "accepted"
    reach: tuple[str, ...] | None = None  # those of `rua` that get it; None: all where it is accepted, else none

    def texts(self, domain: str) -> tuple[str, ...]:
        made = (f"v=TLSRPTv1; rua={','.join(self.rua)}",) if self.rua else ()
        return tuple(text.replace("{domain}", domain) for text in self.records or made)

    def uris(self, domain: str) -> tuple[str, ...]:
        return tuple(uri.replace("{domain}", domain) for uri in self.rua)

    def reached(self, domain: str) -> tuple[str, ...]:
        found = self.reach if self.reach is not None else self.rua if self.outcome == "accepted" else ()
        return tuple(uri.replace("{domain}", domain) for uri in found)


# A domain whose own mailbox takes its reports, whatever is wrong with its TLS (RFC 8460 §3).
AT_HOME = Reports(("mailto:tlsrpt@{domain}",))


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
    # signed | unsigned | expired (signatures of the year 2020) | faulty (signed, behind dnsfaults.py) | unsigned faulty | absent |
    # stripped (served unsigned, with its DS in the parent) | other key (the DS is another key's) | iterated (NSEC3 of 2,500 rounds),
    # or "alias of NAME": a CNAME in the signed zone example.
    dns: str = "signed"
    mx: tuple[str, ...] | None = ("10 mx",)  # "preference name"; names without a dot at the end are in the zone. None: no MX
    records: tuple[str, ...] = ()  # further records, as in a zone file; {3 1 1 own of NAME} is the TLSA record of a host's certificate
    faults: tuple[str, ...] = ()  # "name type what", where dns is faulty: words of dnsfaults.py
    tampered: tuple[tuple[str, str], ...] = ()  # regular expression and replacement in the signed zone
    sts: STS | None = None
    reports: Reports = Reports()
    only: str = ""  # number of the one scenario file that mails it; "": a line of 02-judge, 10-domains or 11-sts, and of the demo
    fault: tuple[int, ...] = ()  # the faults of docs/reliability.md that it has, beside the one in a name `fault-28.example`

    @property
    def is_faulty(self) -> bool:
        return self.dns.endswith("faulty")

    @property
    def alias_of(self) -> str:
        return self.dns.removeprefix("alias of ") if self.dns.startswith("alias of ") else ""


# Who demanded it, where the table says nothing else.
_DEMANDED_BY = {"dane": "dane", "dane-host": "dane-host", "webpki": "mta-sts", "fingerprint": "local"}


def delivered(verified: str, host: str = "mx", **more: object) -> Expect:
    defaults = {"policy": 0 if verified in ("dane", "webpki", "fingerprint") else 1, "by": _DEMANDED_BY.get(verified, "")}
    return Expect("delivered", verified, host, **(defaults | more))  # type: ignore[arg-type]


def deferred(cause: str, policy: int = 0, sts: str = "") -> Expect:
    return Expect("deferred", cause=cause, policy=policy, sts=sts)


def bounced(cause: str, code: str, policy: int = 2) -> Expect:
    return Expect("bounced", cause=cause, code=code, policy=policy)


GOOD = ("3 1 1 own",)


def absolute(name: str, zone: str) -> str:
    """`mx` in `good.example` is `mx.good.example`; `@` is the zone; a dot at the end means it is complete."""
    if name.endswith("."):
        return name[:-1]
    return zone if name == "@" else f"{name}.{zone}"
