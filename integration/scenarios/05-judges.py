"""Do the judges of reports and signatures judge? Shown reports made here by hand: one that is right, and one for each way of being wrong."""

import base64
import gzip
import json
import smtplib
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any, Callable

from internet import addresses, dkimkeys, judges, reports, reportsink
from internet.domains import BY_NAME
from internet.inside import Bed, wait_for
from internet.reports import Fault, Sender
from internet.scenario import cases

# No other scenario has reports of it: what is wrong on purpose here must not be read there.
DOMAIN = "judged.example"
SENDER = Sender("A hand", f"tlsrpt@{addresses.ORGANIZATION_DOMAIN}", ("tlsrpt-ed", "tlsrpt"), f"tlsrpt@{addresses.ORGANIZATION_DOMAIN}")
DAY = 1_795_219_200  # 2026-11-21T00:00:00Z


def document() -> dict[str, Any]:
    return {
        "organization-name": SENDER.organization,
        "date-range": {"start-datetime": "2026-11-21T00:00:00Z", "end-datetime": "2026-11-21T23:59:59Z"},
        "contact-info": SENDER.contact,
        "report-id": "hand1@relay.example",
        "policies": [
            {"policy": {"policy-type": "tlsa", "policy-domain": "mx.good.example", "policy-string": ["3 1 1 " + "ab" * 32]},
             "summary": {"total-successful-session-count": 3, "total-failure-session-count": 2},
             "failure-details": [
                 {"result-type": "validation-failure", "failure-reason-code": "tlsa-mismatch", "sending-mta-ip": "127.3.5.5",
                  "receiving-mx-hostname": "mx.good.example", "receiving-ip": "127.1.2.1", "failed-session-count": 1},
                 {"result-type": "dnssec-invalid", "receiving-mx-hostname": "mx.good.example", "failed-session-count": 1}]},
        ],
    }


@dataclass
class Made:
    """A report mail before it is signed, and what may be done wrong with it."""

    document: dict[str, Any] = field(default_factory=document)
    text: Callable[[dict[str, Any]], bytes] = lambda document: json.dumps(document).encode()
    packed: Callable[[bytes], bytes] = gzip.compress
    kind: str = "tlsrpt+gzip"
    name: str = f"{addresses.ORGANIZATION_DOMAIN}!{DOMAIN}!{DAY}!{DAY + 86_399}!hand1.json.gz"
    headers: dict[str, str] = field(default_factory=lambda: {
        "From": f"Waxwing <{SENDER.address}>", "To": f"{DOMAIN}@reports.example",
        "Subject": f"Report Domain: {DOMAIN} Submitter: {SENDER.submitter} Report-ID: <hand1@relay.example>",
        "Date": "Sun, 22 Nov 2026 01:00:00 +0000", "Message-ID": "<hand1@relay.example>", "TLS-Report-Domain": DOMAIN,
        "TLS-Report-Submitter": SENDER.submitter, "TLS-Required": "No", "Auto-Submitted": "auto-generated"})
    selectors: tuple[str, ...] = ("tlsrpt", "tlsrpt-ed")
    signed: tuple[str, ...] = ("From", "To", "Subject", "Date", "Message-ID", "TLS-Report-Domain", "TLS-Report-Submitter", "Content-Type")
    domain: str = SENDER.submitter
    length: bool = False
    after: Callable[[bytes], bytes] = lambda message: message
    envelope: str = SENDER.address

    def mail(self, bed: Bed) -> bytes:
        message = MIMEMultipart("report")
        message.set_param("report-type", "tlsrpt")
        for key, value in self.headers.items():
            message[key] = value
        message.attach(MIMEText("A report.\n"))
        part = MIMEApplication(self.packed(self.text(self.document)), self.kind)
        part.add_header("Content-Disposition", "attachment", filename=self.name)
        message.attach(part)
        data = judges.as_sent(message.as_bytes())
        dkim = judges.module("dkim")
        for selector in self.selectors:
            key, algorithm = dkim_key(bed, selector)
            data = dkim.sign(data, selector.encode(), self.domain.encode(), key, canonicalize=(b"relaxed", b"relaxed"),
                             signature_algorithm=algorithm, include_headers=[name.lower().encode() for name in self.signed],
                             length=self.length) + data
        return self.after(data)


def dkim_key(bed: Bed, selector: str) -> tuple[bytes, bytes]:
    """A key and its algorithm, as dkimpy wants them."""
    file = dkimkeys.path(bed.folder, selector)
    if dkimkeys.BY_SELECTOR[selector].kind == "rsa":
        return file.read_bytes(), b"rsa-sha256"
    private = subprocess.run(["openssl", "pkey", "-in", file, "-outform", "DER"], capture_output=True, check=True).stdout
    return base64.b64encode(private[-32:]), b"ed25519-sha256"


def arrived(bed: Bed, made: Made) -> list[reports.Report]:
    """What the real host keeps of it."""
    mark = f"X-Bed-Made: {datetime.now(timezone.utc).timestamp()}"
    # Not signed, so it may be put on top.
    message = mark.encode() + b"\r\n" + made.mail(bed)
    (host,) = BY_NAME["reports.example"].hosts
    with smtplib.SMTP(host.address, 25, local_hostname="injector.example", timeout=20) as client:
        client.sendmail(made.envelope, [f"{DOMAIN}@reports.example"], message)
    (stored,) = wait_for("the copy", lambda: bed.delivered("reports.example", mark.encode()), 10)
    found = [report for report in reports.at(bed, f"mailto:{DOMAIN}@reports.example", DOMAIN, SENDER.organization) if report.mail == stored]
    for path in (bed.maildir("reports.example") / "new").iterdir():
        if path.read_bytes() == stored:
            path.unlink()
    return found


def scenario_right(bed: Bed) -> None:
    """A report that is right passes: by mail, signed twice, and its counts are read"""
    (report,) = arrived(bed, Made())
    reports.check(report, DOMAIN, SENDER)
    assert (report.by, report.day, report.id) == ("mail", "2026-11-21", "hand1@relay.example")
    ((key, count),) = report.counts().items()
    assert key[:2] == ("tlsa", "mx.good.example") and (count.successes, count.failures, count.without_connection) == (3, 2, 1)
    assert dict(report.connections()) == {"tlsa": 4}, report.connections()


def _header(**changes: str) -> Callable[[Made], None]:
    return lambda made: made.headers.update({key.replace("_", "-"): value for key, value in changes.items()})


def _policy(made: Made) -> dict[str, Any]:
    return made.document["policies"][0]


WRONG: tuple[tuple[str, Callable[[Made], object]], ...] = (
    ("counts as strings", lambda made: _policy(made)["summary"].update({"total-successful-session-count": "3"})),
    ("counts with a point", lambda made: _policy(made)["summary"].update({"total-successful-session-count": 3.0})),
    ("a name twice", lambda made: setattr(made, "text", lambda document: json.dumps(document).encode().replace(b'{"org', b'{"report-id": "x@y", "org', 1))),
    ("null for what is not known", lambda made: _policy(made)["policy"].update({"mx-host": None})),
    ("policies that are no array", lambda made: made.document.update({"policies": _policy(made)})),
    ("a result type that is none", lambda made: _policy(made)["failure-details"][0].update({"result-type": "tls-broken"})),
    ("a policy type that is none", lambda made: _policy(made)["policy"].update({"policy-type": "dane"})),
    ("a domain of its own in the policy", lambda made: _policy(made).update(
        policy={"policy-type": "no-policy-found", "policy-domain": "other.example"})),
    ("failures without details", lambda made: _policy(made).pop("failure-details")),
    ("a detail beyond its total", lambda made: _policy(made)["failure-details"][0].update({"failed-session-count": 9})),
    ("half a day", lambda made: made.document["date-range"].update({"end-datetime": "2026-11-21T11:59:59Z"})),
    ("a contact with a name", lambda made: made.document.update({"contact-info": f"Waxwing <{SENDER.contact}>"})),
    ("a byte order mark", lambda made: setattr(made, "text", lambda document: b"\xef\xbb\xbf" + json.dumps(document).encode())),
    ("octets behind the gzip member", lambda made: setattr(made, "packed", lambda text: gzip.compress(text) + b"x")),
    ("half a gzip member", lambda made: setattr(made, "packed", lambda text: gzip.compress(text)[:-9])),
    ("not compressed", lambda made: (setattr(made, "packed", lambda text: text), setattr(made, "kind", "tlsrpt+json"))),
    ("another file name", lambda made: setattr(made, "name", "report.json.gz")),
    ("the domain of another in the subject", _header(Subject=f"Report Domain: x.example Submitter: {SENDER.submitter} Report-ID: <hand1@relay.example>")),
    ("another id in the subject", _header(Subject=f"Report Domain: {DOMAIN} Submitter: {SENDER.submitter} Report-ID: <hand2@relay.example>")),
    ("another submitter", _header(TLS_Report_Submitter="relay.example")),
    ("no TLS-Required", lambda made: made.headers.pop("TLS-Required")),
    ("no Auto-Submitted", lambda made: made.headers.pop("Auto-Submitted")),
    ("another author", _header(From="someone@sender.example")),
    ("a null envelope sender", lambda made: setattr(made, "envelope", "")),
    ("not signed", lambda made: setattr(made, "selectors", ())),
    ("signed by one key of two", lambda made: setattr(made, "selectors", ("tlsrpt-ed",))),
    ("signed for another domain", lambda made: (setattr(made, "domain", "sender.example"), setattr(made, "selectors", ("ed", "rsa")))),
    ("TLS-Report-Domain not signed", lambda made: setattr(made, "signed", tuple(name for name in made.signed if name != "TLS-Report-Domain"))),
    ("l= in the signature", lambda made: setattr(made, "length", True)),
    ("changed after it was signed", lambda made: setattr(made, "after", lambda message: message.replace(b"A report.", b"A report!"))),
    ("a header changed after it was signed", lambda made: setattr(made, "after", lambda message: message.replace(b"Waxwing <", b"Waxwong <"))),
)


@cases(WRONG, lambda case: case[0])
def scenario_wrong(bed: Bed, case: tuple[str, Callable[[Made], object]]) -> None:
    """A report that is wrong is found out"""
    made = Made()
    case[1](made)
    try:
        found = arrived(bed, made)
        for report in found:
            reports.check(report, DOMAIN, SENDER)
    except (Fault, ValueError):
        return
    raise AssertionError(f"{len(found)} taken for right")


def scenario_parsedmarc_is_asked(bed: Bed) -> None:
    """parsedmarc refuses what is no report"""
    for data in (b"{}", b"nothing", gzip.compress(b'{"policies": 3}')):
        try:
            judges.parsedmarc_reads(data)
        except AssertionError:
            continue
        raise AssertionError(f"taken: {data!r}")


def scenario_post(bed: Bed) -> None:
    """A report that is POSTed is kept as it came, with the answer it got"""
    data = gzip.compress(json.dumps(document()).encode())
    trust = bed.folder / "certificates" / "webpki.crt"
    for path, host in (("503-twice/hand", reportsink.NAME), ("302/hand", reportsink.NAME), ("ok/hand", reportsink.EXPIRED_NAME)):
        for _ in range(3):
            # curl -k for the certificate that expired.
            subprocess.run(["curl", "-s", *(("--cacert", trust) if host == reportsink.NAME else ("-k",)), "--data-binary", "@-", "-H",
                            "Content-Type: application/tlsrpt+gzip", f"https://{host}/{path}"], input=data, check=True)
    uri = f"https://{reportsink.NAME}/503-twice/hand"
    # nginx writes its line when the answer is out.
    tries = wait_for("three lines", lambda: len(found := reports.tried(bed, uri, SENDER.organization)) == 3 and found, 5)
    assert [report.post and report.post.status for report in tries] == [503, 503, 201]
    (report,) = reports.posted(bed, uri, SENDER.organization)
    assert report.compressed == data
    reports.check(report, DOMAIN, SENDER)
    assert not reports.posted(bed, f"https://{reportsink.NAME}/302/hand", SENDER.organization)
    assert len(reports.posted(bed, f"https://{reportsink.EXPIRED_NAME}/ok/hand", SENDER.organization)) == 3


@cases((("tlsrpt", True, True), ("tlsrpt-ed", True, True), ("service-list", False, True), ("service-alone", False, False)), lambda case: case[0])
def scenario_service_type(bed: Bed, case: tuple[str, bool, bool]) -> None:
    """What dkimpy and opendkim make of s= in a key record"""
    selector, by_dkimpy, by_opendkim = case
    mail = Made(selectors=(selector,)).mail(bed)
    assert judges.dkimpy_accepts(mail, datetime.now(timezone.utc)) == [by_dkimpy], "dkimpy"
    assert judges.opendkim_accepts(mail) == [by_opendkim], "opendkim"


@cases(dkimkeys.KEYS, lambda key: f"{key.record_name}, {key.kind}, published: {key.published}")
def scenario_key(bed: Bed, key: dkimkeys.Key) -> None:
    """The DKIM key is published as the table says: asked with opendkim-testkey and drill"""
    configuration = bed.folder / "opendkim-testkey.conf"
    unbound = bed.folder / "opendkim-unbound.conf"
    unbound.write_text(f'server:\n do-not-query-localhost: no\nforward-zone:\n name: "."\n forward-addr: {addresses.RESOLVER}\n')
    configuration.write_text(f"TrustAnchorFile {bed.folder}/zones/root.key\nResolverConfiguration {unbound}\n")
    done = subprocess.run(["opendkim-testkey", "-x", configuration, "-vv", "-d", key.domain, "-s", key.selector,
                           "-k", dkimkeys.path(bed.folder, key.selector)], capture_output=True, text=True)
    said = "key type mismatch" if key.selector == "service-alone" else {"own": "key secure", "stranger": "keys do not match", "revoked": "Revoked key", "no": "record not found"}[key.published]
    assert said in done.stdout + done.stderr, done.stdout + done.stderr
    # opendkim-testkey compares RSA keys only.
    assert (done.returncode == 0) == (key.published == "own") or key.kind != "rsa", done
    if key.published == "own":
        shown = subprocess.run(["drill", "-t", f"@{addresses.RESOLVER}", key.record_name, "TXT"], capture_output=True, text=True, check=True).stdout
        assert dkimkeys.public(dkimkeys.path(bed.folder, key.selector), key.kind) in shown.replace('" "', ""), shown
