"""Domains of 38-exceptions and 39-alarms: what is wrong with them is mended, and what is right about them breaks, while mail flows.

What is expected here is what becomes of an ordinary letter before anything changes.
"""

from .words import GOOD, STS, Domain, Expect, Host, Reports, deferred, delivered

_STRANGER = ("3 1 1 stranger",)
_MISMATCH, _MISSING = deferred("dane-mismatch"), deferred("starttls-missing")
_ENCRYPTED, _PLAIN = delivered("encrypted"), delivered("none")


def _excepted(name: str, what: str, expect: Expect, *hosts: Host, **more) -> Domain:  # noqa: ANN003
    return Domain(name, what, expect, hosts, **({"only": "38"} | more))


def _alarmed(name: str, what: str, expect: Expect, *hosts: Host, **more) -> Domain:  # noqa: ANN003
    return Domain(name, what, expect, hosts, **({"only": "39"} | more))


def _own(address: str) -> tuple[str, ...]:
    """Its host is one that the scenario plays (changinghosts.py)."""
    return (f"mx A {address}",)


# Each in a network of its own, so that nothing relates one host to another.
MANY = {f"alarm-many{number}.example": f"127.2.{number}.1" for number in range(1, 6)}
ISSUER, ISSUER_STS, STARTTLS, CERTIFICATE = "127.2.21.1", "127.2.22.1", "127.2.23.1", "127.2.38.1"

WATCHED = (
    # A name below it has no policy, and no exception, but its own: it is delegated to nobody, and its MX is the same host.
    _excepted("exception-dane.example", "fails DANE", _MISMATCH, Host("mx", "postfix", tlsa=_STRANGER), records=("sub MX 10 mx",)),
    _excepted("exception-sts.example", "MTA-STS enforce, certificate self-signed", deferred("certificate-invalid", sts="enforce"),
              Host("mx", "postfix"), dns="unsigned", sts=STS()),
    _excepted("exception-plain.example", "TLSA exists, no STARTTLS", _MISSING, Host("mx", "postfix", "none", _STRANGER)),
    _excepted("exception-requiretls.example", "offers REQUIRETLS, fails DANE", _MISMATCH, Host("mx", "requiretls", tlsa=_STRANGER)),
    _excepted("exception-fixed.example", "fails DANE until its zone is mended", _MISMATCH, Host("mx", "postfix", tlsa=_STRANGER)),
    _excepted("exception-quiet.example", "the same, and nobody mails it meanwhile", _MISMATCH, Host("mx", "postfix", tlsa=_STRANGER)),
    _excepted("exception-left.example", "the same, and the exception is left to the operator", _MISMATCH, Host("mx", "postfix", tlsa=_STRANGER)),
    _excepted("exception-certificate.example", "MTA-STS enforce, its host gets the right certificate later",
              deferred("certificate-invalid", sts="enforce"), dns="unsigned", sts=STS(), records=_own(CERTIFICATE)),
    _excepted("observe-plain.example", "a plain host", _PLAIN, Host("mx", "postfix", "none"), dns="unsigned"),
    _excepted("observe-names.example", "a self-signed certificate", _ENCRYPTED, Host("mx", "postfix"), dns="unsigned"),
    _excepted("observe-dane.example", "no TLSA", _ENCRYPTED, Host("mx", "postfix"), dns="unsigned"),
    _excepted("observe-good.example", "TLS, which is all the rule wants", _ENCRYPTED, Host("mx", "postfix"), dns="unsigned"),
    _excepted("observe-good-dane.example", "DANE, which is what the rule wants", delivered("dane"), Host("mx", "postfix", tlsa=GOOD)),

    _alarmed("alarm-sts-record.example", "its TXT record vanishes", delivered("webpki", sts="enforce"), Host("mx", "postfix", "webpki"),
             dns="unsigned", sts=STS()),
    _alarmed("alarm-sts-fetch.example", "its policy host fails", delivered("webpki", sts="enforce"), Host("mx", "postfix", "webpki"),
             dns="unsigned", sts=STS()),
    _alarmed("alarm-tlsa.example", "its TLSA records vanish", delivered("dane"), Host("mx", "postfix", tlsa=GOOD)),
    _alarmed("alarm-issuer.example", "DANE-TA by either of two CAs", delivered("dane"), records=_own(ISSUER)),
    _alarmed("alarm-issuer-sts.example", "MTA-STS; two public CAs sign its certificate", delivered("webpki", sts="enforce"), dns="unsigned",
             sts=STS(), records=_own(ISSUER_STS)),
    _alarmed("alarm-starttls.example", "its host loses STARTTLS", _ENCRYPTED, dns="unsigned", records=_own(STARTTLS)),
    # Its signatures are mended, which must not be: a resolver's self-test wants it bogus.
    _alarmed("alarm-bogus.example", "DNSSEC signatures expired", deferred("dns-bogus", 2), dns="expired", mx=None, records=("@ A 127.2.9.9",)),
    _alarmed("alarm-report.example", "the mailbox for its reports answers 550", _ENCRYPTED, Host("mx", "postfix"), dns="unsigned",
             reports=Reports(("mailto:nobody@rejects.example",), outcome="undelivered")),
    _alarmed("alarm-held.example", "fails DANE: its mail waits until it expires", _MISMATCH, Host("mx", "postfix", tlsa=_STRANGER)),
    _alarmed("alarm-key.example", "a DKIM key that is not published yet", delivered("none"), mx=None),
    *(_alarmed(name, "a host of its own in a network of its own", _ENCRYPTED, dns="unsigned", records=_own(address))
      for name, address in MANY.items()),
)
