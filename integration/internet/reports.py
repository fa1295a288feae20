"""TLS-RPT reports that arrived in the bed, by mail and by POST: found, unpacked, and held against RFC 8460 and what others make of them."""

import email.policy
import gzip
import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import getaddresses

from . import judges, reportsink
from .clock import Clock
from .inside import Bed

# A gzip member that swells beyond this is an attack, not a report.
SIZE_LIMIT = 10_000_000


class Fault(AssertionError):
    """A report that is not as it must be."""


def _insist(holds: object, what: str) -> None:
    if not holds:
        raise Fault(what)


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """I-JSON: no name twice (RFC 7493 §2.3)."""
    _insist(len(dict(pairs)) == len(pairs), f"a name twice: {[name for name, _ in pairs]}")
    return dict(pairs)


def _constant(word: str) -> None:
    raise Fault(f"{word} is no number of JSON")


def _number(text: str) -> int:
    raise Fault(f"{text}: only whole numbers belong here")


def unpack(data: bytes) -> bytes:
    """The one gzip member, strictly: nothing behind it."""
    decoder = zlib.decompressobj(wbits=31)
    text = decoder.decompress(data, SIZE_LIMIT)
    _insist(decoder.eof and not decoder.unused_data, "not exactly one whole gzip member")
    return text


def read(text: bytes) -> dict:
    """UTF-8 without a mark, names once, whole numbers only."""
    _insist(not text.startswith(b"\xef\xbb\xbf"), "begins with a byte order mark")
    return json.loads(text.decode("utf-8", "strict"), object_pairs_hook=_pairs, parse_float=_number, parse_constant=_constant)


@dataclass(frozen=True)
class Count:
    """What a report says of one policy."""

    successes: int
    failures: int
    details: tuple[dict, ...]

    @property
    def without_connection(self) -> int:
        """Of the failures, those that were no connection: hosts passed over, fetches that failed (D3 b and c; RPTC-20)."""
        return sum(detail["failed-session-count"] for detail in self.details if "receiving-ip" not in detail)

    @property
    def connections(self) -> int:
        """D3 a"""
        return self.successes + self.failures - self.without_connection


@dataclass(frozen=True)
class Report:
    """One report as one address got it."""

    by: str  # mail | post
    where: str  # the mailbox, or the URL
    compressed: bytes
    document: dict
    mail: bytes = b""  # as it lies in the maildir
    post: reportsink.Post | None = None

    @property
    def id(self) -> str:
        return self.document["report-id"]

    @property
    def day(self) -> str:
        return self.document["date-range"]["start-datetime"][:10]

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.mail, policy=email.policy.default)  # type: ignore[return-value]

    def counts(self) -> dict[tuple[str, str, tuple[str, ...]], Count]:
        """By policy-type, policy-domain and policy-string."""
        found = {}
        for entry in self.document["policies"]:
            policy, summary = entry["policy"], entry["summary"]
            key = (policy["policy-type"], policy["policy-domain"], tuple(policy.get("policy-string", ())))
            _insist(key not in found, f"the same policy twice: {key}")
            found[key] = Count(summary["total-successful-session-count"], summary["total-failure-session-count"],
                               tuple(entry.get("failure-details", ())))
        return found

    def of_type(self, kind: str) -> list[Count]:
        return [count for key, count in self.counts().items() if key[0] == kind]

    def connections(self) -> Counter[str]:
        """Sessions that reached the STARTTLS decision, by policy-type."""
        total: Counter[str] = Counter()
        for (kind, _, _), count in self.counts().items():
            total[kind] += count.connections
        return +total


# --- Finding ---------------------------------------------------------------------------------------------------------------------


def mailed(bed: Bed, mailbox_domain: str, domain: str, organization: str) -> list[Report]:
    """The reports about `domain` in the maildir of `mailbox_domain`, oldest first."""
    found = []
    # Only those that may be it are parsed: a mailbox holds the reports of a hundred domains.
    for stored in bed.delivered(mailbox_domain, f"TLS-Report-Domain: {domain}\n".encode()):
        message: EmailMessage = message_from_bytes(stored, policy=email.policy.default)  # type: ignore[assignment]
        if message["TLS-Report-Domain"] != domain:
            continue
        part = next((part for part in message.walk() if part.get_content_type() in ("application/tlsrpt+gzip", "application/tlsrpt+json")), None)
        _insist(part is not None, f"a report mail about {domain} without a report")
        data = part.get_payload(decode=True)  # type: ignore[union-attr]
        is_packed = part.get_content_type() == "application/tlsrpt+gzip"  # type: ignore[union-attr]
        document = read(unpack(data) if is_packed else data)  # type: ignore[arg-type]
        if document["organization-name"] == organization:
            (_, address), *_ = getaddresses([str(message["To"])])
            found.append(Report("mail", address, data if is_packed else b"", document, mail=stored))  # type: ignore[arg-type]
    return found


def posted(bed: Bed, uri: str, organization: str) -> list[Report]:
    """What was POSTed to this URL and answered with 2xx, oldest first."""
    return [report for report in tried(bed, uri, organization) if report.post and 200 <= report.post.status < 300]


def tried(bed: Bed, uri: str, organization: str) -> list[Report]:
    """What was POSTed to this URL, however it was answered."""
    host, _, path = uri.removeprefix("https://").partition("/")
    found = []
    for post in reportsink.posts(bed.folder, f"{host}/{path}"):
        if post.host != host or post.path != f"/{path}":
            continue
        document = read(unpack(post.body) if post.body[:2] == b"\x1f\x8b" else post.body)
        if document["organization-name"] == organization:
            found.append(Report("post", uri, post.body, document, post=post))
    return found


def at(bed: Bed, uri: str, domain: str, organization: str) -> list[Report]:
    """The reports about `domain` that reached a `rua`."""
    if uri.startswith("https:"):
        return posted(bed, uri, organization)
    mailbox = uri.removeprefix("mailto:").replace("%2B", "+")
    return [report for report in mailed(bed, mailbox.split("@")[1], domain, organization) if report.where == mailbox]


# --- Judging ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sender:
    """Who the relay says it is."""

    organization: str
    contact: str
    selectors: tuple[str, ...]  # of the keys that sign reports
    address: str  # `from`

    @property
    def submitter(self) -> str:
        return self.contact.split("@")[1]


def check(report: Report, domain: str, sender: Sender, clock: Clock | None = None) -> None:
    """Everything that can be said of one report by itself. Raises at the first fault."""
    _check_document(report.document, domain, sender)
    if report.by == "mail":
        _check_mail(report, domain, sender)
        _check_signatures(report, sender, clock)
    else:
        _check_post(report)
    _check_reader(report)


def _check_document(document: dict, domain: str, sender: Sender) -> None:
    faults = judges.schema_faults(document)
    _insist(not faults, f"the schema says: {faults[:5]}")
    _insist(document["organization-name"] == sender.organization, document["organization-name"])
    _insist(document["contact-info"] == sender.contact, document["contact-info"])
    begin, end = (datetime.fromisoformat(document["date-range"][key].replace("Z", "+00:00")) for key in ("start-datetime", "end-datetime"))
    _insist((begin.hour, begin.minute, begin.second) == (0, 0, 0) and (end - begin).total_seconds() == 86_399, str(document["date-range"]))
    for entry in document["policies"]:
        summary, details = entry["summary"], entry.get("failure-details", [])
        failures = summary["total-failure-session-count"]
        _insist(failures + summary["total-successful-session-count"] > 0, f"nothing was counted: {entry}")
        # Details may overlap (RFC 8460 §4), so that their sum may be more than the sessions, but none alone can be, nor all together less.
        _insist(bool(details) == (failures > 0), f"{failures} failures and {len(details)} details: {entry}")
        _insist(all(0 < detail["failed-session-count"] <= failures for detail in details), f"a detail beyond its total: {entry}")
        _insist(sum(detail["failed-session-count"] for detail in details) >= failures, f"failures without a detail: {entry}")
        policy = entry["policy"]
        if policy["policy-type"] != "tlsa":
            _insist(policy["policy-domain"] == domain, f"policy-domain {policy['policy-domain']} in the report for {domain}")


def epoch(document: dict, key: str) -> int:
    return int(datetime.fromisoformat(document["date-range"][key].replace("Z", "+00:00")).replace(tzinfo=timezone.utc).timestamp())


def file_name_pattern(document: dict, domain: str, submitter: str) -> str:
    """RFC 8460 §5.1"""
    begin, end = epoch(document, "start-datetime"), epoch(document, "end-datetime")
    return rf"{re.escape(submitter)}!{re.escape(domain)}!{begin}!{end}(![A-Za-z0-9]+)?\.json\.gz"


def _check_mail(report: Report, domain: str, sender: Sender) -> None:
    message, document = report.message, report.document
    _insist(not message.defects, f"defects: {message.defects}")
    head = report.mail.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    # Above our first field stand those of the receiving host.
    _insist(max(map(len, head.split(b"\n"))) <= 998 and head.isascii(), "a header line that is too long, or not ASCII")
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "TLS-Report-Domain", "TLS-Report-Submitter"):
        _insist(len(message.get_all(name, [])) == 1, f"{name}: {message.get_all(name)}")
    _insist(message["TLS-Report-Submitter"] == sender.submitter, message["TLS-Report-Submitter"])
    _insist(message["Auto-Submitted"] == "auto-generated", f"Auto-Submitted: {message['Auto-Submitted']}")
    _insist(message["TLS-Required"] == "No", f"TLS-Required: {message['TLS-Required']}")
    subject = re.fullmatch(r"Report Domain: (\S+) Submitter: (\S+) Report-ID: <([^<>@\s]+@[^<>@\s]+)>", str(message["Subject"]))
    _insist(subject, f"Subject: {message['Subject']}")
    _insist(subject and subject.groups() == (domain, sender.submitter, report.id), f"Subject: {message['Subject']}, not of {domain}, {report.id}")
    ((_, author),) = getaddresses([str(message["From"])])
    _insist(author == sender.address and author.split("@")[1] == sender.submitter, f"From: {author}")
    # Reports are bounced to somebody, and the envelope is aligned with the signature.
    return_path = str(message["Return-Path"]).strip("<> ")
    _insist(return_path.endswith(f"@{sender.submitter}"), f"Return-Path: {return_path}")
    _insist(message.get_content_type() == "multipart/report" and message.get_param("report-type") == "tlsrpt", str(message["Content-Type"]))
    parts = list(message.iter_parts())
    _insist([part.get_content_type() for part in parts] == ["text/plain", "application/tlsrpt+gzip"], f"parts: {[p.get_content_type() for p in parts]}")
    _insist(parts[0].get_content().strip(), "the text for people is empty")
    attached = parts[1]
    _insist(str(attached["Content-Transfer-Encoding"]).lower() == "base64", str(attached["Content-Transfer-Encoding"]))
    _insist(attached.get_content_disposition() == "attachment", str(attached["Content-Disposition"]))
    pattern = file_name_pattern(document, domain, sender.submitter)
    _insist(re.fullmatch(pattern, attached.get_filename() or ""), f"file name {attached.get_filename()}, not {pattern}")


def _check_signatures(report: Report, sender: Sender, clock: Clock | None) -> None:
    """RFC 8460 §3, §5.3"""
    found = judges.signatures(report.mail)
    _insist([tags["s"] for tags in found] == list(sender.selectors), f"signed by {[(tags['d'], tags['s']) for tags in found]}")
    for tags in found:
        named = tags["h"].lower().split(":")
        _insist(tags["d"] == sender.submitter and "l" not in tags, f"tags: {tags}")
        _insist({"from", "to", "subject", "date", "message-id", "tls-report-domain", "tls-report-submitter"} <= set(named), f"h={tags['h']}")
        _insist("received" not in named and "return-path" not in named, f"h={tags['h']}")
    now = clock.now if clock else datetime.now(timezone.utc)
    _insist(all(judges.dkimpy_accepts(report.mail, now)), f"dkimpy: {judges.dkimpy_accepts(report.mail, now)}")
    verdicts = judges.opendkim_accepts(report.mail, clock.environment() if clock else None)
    _insist(all(verdicts), f"opendkim: {verdicts}")


def _check_post(report: Report) -> None:
    post = report.post
    _insist(post and post.method == "POST", f"{post and post.method}")
    # The type says gzip; a Content-Encoding would say it a second time.
    _insist(post and post.media_type == "application/tlsrpt+gzip" and not post.encoding, f"{post and (post.media_type, post.encoding)}")
    _insist(report.compressed[:2] == b"\x1f\x8b", "not compressed")


def _check_reader(report: Report) -> None:
    """parsedmarc finds the same in it."""
    taken = judges.parsedmarc_reads(report.mail or gzip.decompress(report.compressed))
    _insist(taken["report_id"] == report.id, taken["report_id"])
    ours = Counter((key[0], key[1], count.successes, count.failures) for key, count in report.counts().items())
    theirs = Counter((policy["policy_type"], policy["policy_domain"], policy["successful_session_count"], policy["failed_session_count"])
                     for policy in taken["policies"])
    _insist(ours == theirs, f"parsedmarc reads {theirs}, not {ours}")
