"""Domains of answerdomains.py with their hosts, broken in one of the ways that keep mail back, and mended again."""

from types import TracebackType

from . import changes
from .answerdomains import ADDRESS
from .turninghosts import HANGS_UP, NO_STARTTLS, ChangingHost
from .domains import BY_NAME, STS
from .inside import Bed

# Of whoever is right.
KEY, OTHER_KEY = "self-signed", "rsa"
TRUSTED = "webpki"

# What keeps mail back, in the word of the log; by the way a site is broken.
CAUSES = {
    "tlsa": "dane-mismatch", "starttls": "starttls-missing", "handshake": "tls-handshake-failed", "expired": "certificate-invalid",
    "name": "certificate-invalid", "policy": "sts-mx-mismatch", "lookup": "tlsa-lookup-failed", "bogus": "dns-bogus",
    "needs-dane": "dane-required", "needs-sts": "sts-required", "unknown": "policy-unknown", "fingerprint": "fingerprint-mismatch",
}


class Site:
    """One domain, its zone and its host. Use as a context: broken from the beginning, by the way it is told."""

    def __init__(self, bed: Bed, domain: str, way: str = "", requiretls: bool = False) -> None:
        self.bed, self.domain, self.way = bed, domain, way
        self.address = ADDRESS[domain]
        self.host = ChangingHost(bed, domain, TRUSTED if BY_NAME[domain].sts else KEY, requiretls)

    @property
    def cause(self) -> str:
        return CAUSES[self.way]

    @property
    def has_policy(self) -> bool:
        return BY_NAME[self.domain].sts is not None

    def __enter__(self) -> "Site":
        self.host.__enter__()
        if self.way:
            self.break_down()
        else:
            self.mend()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.host.__exit__(kind, error, trace)

    def publish(self, *records: str, dns: str = "", sts: STS | None = None) -> None:
        """The zone of the table with these records, signed as `dns` says; seen by the name server."""
        changes.republish(self.bed, self.domain, *records, dns=dns, sts=sts)

    def break_down(self) -> None:
        way, host = self.way, self.host
        if way == "tlsa":
            self.publish(host.tlsa(OTHER_KEY))
        elif way == "starttls":
            host.show(NO_STARTTLS)
            if not self.has_policy:
                self.publish(host.tlsa(KEY))
        elif way == "handshake":
            host.show(HANGS_UP)
            self.publish(host.tlsa(KEY))
        elif way == "expired":
            host.show("webpki-expired")
        elif way == "name":
            host.show("webpki-wrong-name")
        elif way == "lookup":
            self.publish(host.tlsa(KEY))
            changes.break_lookups(self.bed, self.domain)
        elif way == "needs-sts":
            changes.forget_record(self.bed, self.domain)
        # The others are broken in the table, or by a rule.

    def mend(self) -> None:
        """As it should be, whatever was wrong."""
        host = self.host
        if self.has_policy:
            host.show(TRUSTED)
            changes.publish(self.bed, self.domain, STS(id="2"))
        else:
            host.show(KEY)
            self.publish(*(() if self.way == "fingerprint" else (host.tlsa(KEY),)), dns="signed" if self.way == "bogus" else "")
            changes.mend_lookups(self.bed, self.domain)
