"""Domains of 41-records, 42-ahead and 43-proof: each has one MX host, which the scenario itself opens (brokensites.py).

Their records live for two seconds, so that what a scenario publishes is seen at once.
"""

from .words import STS, Domain, deferred, delivered

_ADDRESSES = iter(f"127.1.6.{number}" for number in range(100, 200))
# By the name of the domain.
ADDRESS: dict[str, str] = {}


def _domain(name: str, what: str, only: str, dns: str = "signed", cause: str = "", sts: STS | None = None, **more) -> Domain:  # noqa: ANN003
    ADDRESS[name] = address = next(_ADDRESSES)
    return Domain(name, what, deferred(cause) if cause else delivered("none"), dns=dns, mx=None, only=only, sts=sts,
                  records=("@ 2 MX 10 mx", f"mx 2 A {address}"), **more)


def _lookup(name: str, only: str) -> Domain:
    return _domain(name, "the TLSA lookup fails", only, "faulty", "tlsa-lookup-failed", faults=("_25._tcp.mx TLSA SERVFAIL",))


ANSWER_TABLE = (
    _domain("records-tlsa.example", "TLSA of another key", "41", fault=(36,)),
    _domain("records-starttls.example", "MTA-STS, no STARTTLS", "41", "unsigned", sts=STS()),
    _domain("records-handshake.example", "TLSA, hangs up at STARTTLS", "41"),
    _domain("records-certificate.example", "MTA-STS, expired certificate", "41", "unsigned", sts=STS()),
    _domain("records-policy.example", "not in its policy", "41", "unsigned", sts=STS(mx=("other",))),
    _lookup("records-lookup.example", "41"),
    _domain("records-needs-dane.example", "a rule demands DANE", "41"),
    _domain("records-needs-sts.example", "a rule demands MTA-STS", "41", "unsigned", sts=STS()),
    _domain("records-unknown.example", "a rule demands MTA-STS, the policy cannot be had", "41", "unsigned", sts=STS(http="503")),
    _domain("records-fingerprint.example", "a rule names another key", "41", "unsigned"),
    _domain("records-many.example", "takes a thousand letters", "41"),
    _domain("records-bundle.example", "TLSA of another key", "41"),

    _domain("ahead-mx.example", "its MX, TLSA and issuer change", "42"),
    _domain("ahead-sts.example", "its policy changes", "42", "unsigned", sts=STS()),
    _domain("ahead-tlsa.example", "TLSA of another key", "42"),
    _domain("ahead-expired.example", "MTA-STS, expired certificate", "42", "unsigned", sts=STS()),
    _domain("ahead-name.example", "MTA-STS, certificate of another host", "42", "unsigned", sts=STS()),
    _domain("ahead-starttls.example", "MTA-STS, no STARTTLS", "42", "unsigned", sts=STS()),
    _lookup("ahead-lookup.example", "42"),
    _domain("ahead-returned.example", "TLSA of another key, until the mail is returned", "42"),
    _domain("ahead-mended.example", "TLSA of another key, mended in time", "42"),

    _domain("letter-tlsa.example", "TLSA of another key", "43"),
    _domain("letter-expired.example", "MTA-STS, expired certificate", "43", "unsigned", sts=STS()),
    _domain("letter-policy.example", "not in its policy", "43", "unsigned", sts=STS(mx=("other",))),
    _domain("letter-starttls.example", "TLSA, no STARTTLS", "43"),
    _domain("letter-bogus.example", "DNSSEC signatures expired", "43", "expired"),
    _domain("canary-good.example", "DANE: a canary must arrive", "43"),
    _domain("canary-bad.example", "TLSA of another key: a canary must not arrive", "43"),
    _domain("proof-requiretls.example", "DANE, offers REQUIRETLS", "43"),
)
