"""A relay that sends TLS-RPT reports, on a clock of its own, and what its reports must say of the domains of the table."""

from dataclasses import dataclass
from pathlib import Path

from . import addresses, dkimkeys, reports
from .clock import Clock
from .domains import BY_NAME, DOMAINS, MAIL_DOMAINS, Domain
from .inside import Bed
from .relay import Relay
from .relayconfig import quoted
from .reports import Report, Sender

# Each domain that gets a letter.
MAILED = (*MAIL_DOMAINS, *(domain for domain in DOMAINS if domain.only == "17"))
# No host of these is ever met: nothing is counted.
SILENT_CAUSES = ("dns-bogus", "dns-temp", "null-mx", "no-such-domain", "no-host-address", "loop", "connect-failed")
COUNTED = tuple(domain for domain in MAILED if domain.expect.cause not in SILENT_CAUSES)
SILENT = tuple(domain for domain in MAILED if domain not in COUNTED)
# The bed's only means to make dane-required: a rule of the operator.
DANE_REQUIRED = "report-dane-required.example"
# Its reports go to a folder.
ELSEWHERE = "report-elsewhere.example"


@dataclass(frozen=True)
class Said:
    """An entry that the report of a domain must have: a success (no result), or a failure with its result type and reason code."""

    domain: str
    policy: str  # policy-type
    result: str = ""
    reason: str | None = None  # failure-reason-code; "": none, None: whatever it is
    policy_domain: str = ""  # the domain's own name where it is not said; of tlsa: the TLSA base domain

    def __str__(self) -> str:
        return f"{self.domain}, {self.policy}: {self.result or 'a success'}{f' ({self.reason})' if self.reason else ''}"


def _fetch(result: str, *kinds: str) -> tuple[Said, ...]:
    """A policy that could not be had: one failure, and the letter went as without a policy."""
    return tuple(said for kind in kinds for said in (Said(f"policy-{kind}.example", "sts", result),
                                                      Said(f"policy-{kind}.example", "no-policy-found")))


def _fault(number: str, result: str = "", policy: str = "tlsa", base: str = "mx") -> tuple[Said, ...]:
    """Of a domain of faultdomains.py; `base`: the host whose TLSA records were in force."""
    domain = f"fault-{number}.example"
    return (Said(domain, policy, result, policy_domain=f"{base}.{domain}" if policy == "tlsa" else ""),)


# Every result type of RFC 8460 §4.3, and successes of every policy type.
SAYINGS = (
    Said("good.example", "tlsa", policy_domain="mx.good.example"),
    Said("dane-ta.example", "tlsa", policy_domain="mx.dane-ta.example"),
    Said("expired.example", "tlsa", policy_domain="mx.expired.example"),
    Said("implicit.example", "tlsa", policy_domain="implicit.example"),
    Said("alias.example", "tlsa", policy_domain="mx.good.example"),
    Said("dane-host.example", "tlsa", policy_domain="mx.good.example"),
    Said("first-fails.example", "tlsa", "validation-failure", "tlsa-mismatch", "mx1.first-fails.example"),
    Said("first-fails.example", "tlsa", policy_domain="mx2.first-fails.example"),
    Said("sts-enforce.example", "sts"), Said("sts-wildcard.example", "sts"), Said("testing-good.example", "sts"),
    Said("xn--bcher-kva.example", "sts"), Said("alias-sts.example", "sts"),
    Said("dane-sts.example", "tlsa", policy_domain="mx.dane-sts.example"), Said("dane-sts.example", "sts"),
    Said("dane-sts-selfsigned.example", "tlsa", policy_domain="mx.dane-sts-selfsigned.example"),
    Said("dane-sts-selfsigned.example", "sts", "certificate-not-trusted", "self-signed"),
    Said("insecure.example", "no-policy-found"), Said("sts-none.example", "no-policy-found"),
    Said("greylist.example", "tlsa", policy_domain="mx.greylist.example"), Said("busy.example", "no-policy-found"),

    Said("plain.example", "no-policy-found", "starttls-not-supported"),
    Said("no-starttls.example", "tlsa", "starttls-not-supported", policy_domain="mx.no-starttls.example"),
    Said("starttls-454.example", "tlsa", "starttls-not-supported", policy_domain="mx.starttls-454.example"),
    Said("starttls-554.example", "tlsa", "starttls-not-supported", policy_domain="mx.starttls-554.example"),
    Said("sts-no-starttls.example", "sts", "starttls-not-supported"), Said("testing-plain.example", "sts", "starttls-not-supported"),

    Said("sts-wrongname.example", "sts", "certificate-host-mismatch"), Said("sts-cn-only.example", "sts", "certificate-host-mismatch"),
    Said("sts-next-hop-name.example", "sts", "certificate-host-mismatch"),
    Said("testing-wrongname.example", "sts", "certificate-host-mismatch"),
    Said("sts-expired.example", "sts", "certificate-expired"), Said("testing-expired.example", "sts", "certificate-expired"),
    Said("sts-second-expired.example", "sts", "certificate-expired"), Said("sts-second-expired.example", "sts"),
    Said("sts-selfsigned.example", "sts", "certificate-not-trusted", "self-signed"),
    Said("sts-private-ca.example", "sts", "certificate-not-trusted", "self-signed-in-chain"),
    Said("testing-selfsigned.example", "sts", "certificate-not-trusted", "self-signed"),

    # No type of its own for these: D4.
    Said("mismatch.example", "tlsa", "validation-failure", "tlsa-mismatch", "mx.mismatch.example"),
    Said("agility.example", "tlsa", "validation-failure", "tlsa-mismatch", "mx.agility.example"),
    Said("sts-mx-unlisted.example", "sts", "validation-failure", "mx-mismatch"),
    Said("testing-mx-unlisted.example", "sts", "validation-failure", "mx-mismatch"),
    Said("sts-second.example", "sts", "validation-failure", "mx-mismatch"), Said("sts-second.example", "sts"),
    Said("dane-sts-unlisted.example", "sts", "validation-failure", "mx-mismatch"),
    Said("injects.example", "no-policy-found", "validation-failure", "starttls-injection"),
    Said("broken-tls.example", "no-policy-found", "validation-failure"),
    Said("hangs-up.example", "no-policy-found", "validation-failure", "tls-connection-lost"),

    Said("unusable.example", "tlsa", "tlsa-invalid", policy_domain="mx.unusable.example"),
    Said("unusable-sts.example", "tlsa", "tlsa-invalid", policy_domain="mx.unusable-sts.example"), Said("unusable-sts.example", "sts"),
    Said("tlsa-servfail.example", "tlsa", "dnssec-invalid", policy_domain="mx.tlsa-servfail.example"),
    Said(DANE_REQUIRED, "tlsa", "dane-required", policy_domain=f"mx.{DANE_REQUIRED}"),

    *_fault("12", policy="tlsa", base="mx2"), *_fault("16"), *_fault("18"), *_fault("25"), *_fault("37"), *_fault("39"), *_fault("42"), *_fault("43"),
    *_fault("17-stall", "dnssec-invalid"), *_fault("28", "dnssec-invalid", base="mx1"), *_fault("28", base="mx2"), *_fault("30", "dnssec-invalid"),
    *_fault("31-notimp", "dnssec-invalid"), *_fault("31-formerr", "dnssec-invalid"), *_fault("31-refused", "dnssec-invalid"),
    *_fault("32", "dnssec-invalid", base="real"), *_fault("29", policy="no-policy-found"), *_fault("33", "tlsa-invalid"),
    *_fault("35", "tlsa-invalid"), *_fault("35", "starttls-not-supported"), *_fault("40", "validation-failure"),
    Said("fault-41.example", "tlsa", "certificate-host-mismatch", policy_domain="mx.fault-41-host.example"),
    *_fault("44", "starttls-not-supported", base="mx1"), *_fault("44", base="mx2"),
    *_fault("45", "validation-failure", base="mx1"), *_fault("45", policy="no-policy-found"),
    Said("fault-45-insecure.example", "tlsa", "validation-failure", "tlsa-mismatch", "mx1.fault-45.example"),
    *_fault("45-insecure", policy="no-policy-found"), *_fault("52", policy="no-policy-found"),
    *(said for number in ("55-alert", "56-found", "56-temporary", "56-partial", "56-unmodified")
      for said in (*_fault(number, "sts-policy-fetch-error", "sts"), *_fault(number, policy="no-policy-found"))),
    *_fault("57", "sts-webpki-invalid", "sts"), *(said for number in ("61", "62-bom", "62-nul", "62-mode", "62-mx")
                                                 for said in _fault(number, "sts-policy-invalid", "sts")),
    *_fetch("sts-policy-fetch-error", "404", "503", "redirect", "empty", "down", "slow", "oversize"),
    *_fetch("sts-policy-invalid", "html", "invalid"),
    *_fetch("sts-webpki-invalid", "expired", "wrong-name", "cn-only", "selfsigned"),
)
RESULT_TYPES = ("starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted", "validation-failure",
                "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid")


def check_said(report: Report, said: Said) -> None:
    entries = report.counts()
    wanted = said.policy_domain or said.domain
    of_policy = [count for (kind, domain, _), count in entries.items() if (kind, domain) == (said.policy, wanted)]
    assert of_policy, f"no {said.policy} for {wanted} among {[key[:2] for key in entries]}"
    if not said.result:
        assert sum(count.successes for count in of_policy) > 0, f"no success: {entries}"
        return
    details = [detail for count in of_policy for detail in count.details if detail["result-type"] == said.result]
    assert details, f"no {said.result} among {[detail['result-type'] for count in of_policy for detail in count.details]}"
    reasons = {detail.get("failure-reason-code", "") for detail in details}
    assert said.reason is None or said.reason in reasons, f"reasons: {reasons}"


def check_policy(report: Report, domain: Domain) -> None:
    """policy-string and mx-host say what the table says (RPTF-07, RPTF-08)."""
    for entry in report.document["policies"]:
        policy = entry["policy"]
        if policy["policy-type"] == "sts" and (strings := policy.get("policy-string")):
            assert domain.sts and strings[0] == "version: STSv1" and f"mode: {domain.sts.mode}" in strings, strings
            named = [line.partition(":")[2].strip() for line in strings if line.startswith("mx:")]
            assert policy["mx-host"] == named and len(named) == len(domain.sts.mx), policy
        for detail in entry.get("failure-details", ()):
            # With whom there was a connection, who called whom is told.
            if "receiving-ip" in detail:
                assert detail["sending-mta-ip"].startswith(f"{addresses.RELAY_NETWORK}.") and detail["receiving-mx-hostname"], detail


class Reporting:
    """Makes relays that report, each with an organization of its own, so that reports can be told apart."""

    def __init__(self, bed: Bed, name: str, number: int, tlsrpt: dict[str, str] | None = None, retry: dict[str, str] | None = None,
                 delivery: dict[str, str] | None = None) -> None:
        self.bed, self.name = bed, name
        self.folder = bed.folder / "relays" / name
        self.elsewhere = self.folder / "elsewhere"
        self.elsewhere.mkdir(parents=True, exist_ok=True)
        self.sender = Sender(f"Waxwing {name}", f"tlsrpt@{addresses.ORGANIZATION_DOMAIN}", ("tlsrpt", "tlsrpt-ed"),
                             f"tlsrpt@{addresses.ORGANIZATION_DOMAIN}")
        self.clock = Clock(self.folder)
        # Noon: no midnight passes by itself.
        self.clock.to_next_day(hour=12)
        self.address = addresses.relay(number)
        table = {"organization": quoted(self.sender.organization), "contact": quoted(self.sender.contact)} | (tlsrpt or {})
        self.relay = Relay(
            bed, name, number, clock=self.clock,
            # What the hosts log is told apart by the address.
            more={"tlsrpt": table, "delivery": {"source_ipv4": quoted(self.address)} | (delivery or {})} | ({"retry": retry} if retry else {}),
            rules=({"destination": quoted(DANE_REQUIRED), "level": quoted("authenticated"), "by": '["dane"]', "reason": quoted("17-tlsrpt")},),
            tables=(*(key_table(bed.folder, selector, use="reports") for selector in self.sender.selectors),
                    ("tlsrpt.override", {"domain": quoted(ELSEWHERE), "to": f"[{quoted(f'directory:{self.elsewhere}')}]"})))

    @property
    def day(self) -> str:
        """Of the relay's clock."""
        return self.clock.now.strftime("%Y-%m-%d")

    def at(self, uri: str, domain: str, day: str = "") -> list[Report]:
        """The reports of a day that reached a `rua`."""
        return [report for report in reports.at(self.bed, uri, domain, self.sender.organization) if day in ("", report.day)]

    def received(self, domain: Domain, day: str = "") -> dict[str, list[Report]]:
        return {uri: self.at(uri, domain.name, day) for uri in domain.reports.uris(domain.name)}

    def received_of(self, domain: str, day: str) -> list[Report]:
        return [report for those in self.received(BY_NAME[domain], day).values() for report in those]

    def first(self, domain: str, day: str) -> Report:
        """The report about a domain, wherever it came in."""
        found = [report for those in self.received(BY_NAME[domain], day).values() for report in those]
        assert found, f"no report for {domain} of {day}"
        return found[0]

    def check(self, report: Report, domain: str) -> None:
        reports.check(report, domain, self.sender, self.clock)


def key_table(folder: Path, selector: str, **more: str) -> tuple[str, dict[str, str]]:
    """A [[dkim.key]] for Relay(tables=…)."""
    key = dkimkeys.BY_SELECTOR[selector]
    return "dkim.key", {"domain": quoted(key.domain), "selector": quoted(key.selector), "file": quoted(dkimkeys.path(folder, selector))} | {
        name: value if value in ("true", "false") else quoted(value) for name, value in more.items()}
