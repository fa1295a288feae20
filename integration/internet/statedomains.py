"""Domains of 46-clock-steps, 51-state-faults and 52-process-faults: each has one MX host, which the scenario itself opens (turninghosts.py).

Their records live for two seconds, so that what a scenario publishes is seen at once.
"""

from .answerdomains import ADDRESS
from .words import STS, Domain, deferred, delivered

_ADDRESSES = iter(f"127.1.6.{number}" for number in range(200, 250))


def _domain(name: str, what: str, only: str, dns: str = "unsigned", sts: STS | None = STS(), cause: str = "", address: str = "",
            **more) -> Domain:  # noqa: ANN003
    ADDRESS[name] = address = address or next(_ADDRESSES)
    expect = deferred(cause) if cause else delivered("webpki", sts="enforce") if sts else delivered("encrypted")
    return Domain(name, what, expect, dns=dns, mx=None, only=only, sts=sts, records=("@ 2 MX 10 mx", f"mx 2 A {address}"), **more)


_SHARED = next(_ADDRESSES)

STATE_TABLE = (
    _domain("state-clock.example", "MTA-STS, an expired certificate", "46"),
    _domain("state-damaged.example", "what is kept of its policy is damaged", "51"),
    _domain("state-age.example", "its policy lives for nought, a second, longer than a year", "51"),
    _domain("state-reload.example", "its policy comes an octet a second", "51"),
    _domain("state-removed.example", "its TXT record vanishes, then STARTTLS", "51"),
    *(_domain(f"state-{fault}.example", "a policy is held, and the next cannot be had", "51") for fault in ("404", "503", "down", "alert")),
    _domain("state-lookup.example", "nobody answers the MX query", "52", "faulty", None, "dns-temp", faults=("@ MX drop",)),
    _domain("state-policy.example", "MTA-STS, and the resolver dies", "52"),
    _domain("state-open.example", "nothing is demanded of its host", "52", sts=None, address=_SHARED),
    _domain("state-dane.example", "TLSA of another key, and the host of state-open.example", "52", "signed", None, "dane-mismatch", address=_SHARED),
    _domain("state-ticket.example", "gives out session tickets; then its TLSA names another key", "52", "signed", None),
)
