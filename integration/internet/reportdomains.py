"""Domains that ask for TLS-RPT reports in every way that is right or wrong; 17-tlsrpt mails them.

All take mail over TLS that nothing demands. What stands in `_smtp._tls` is the difference, and what becomes of their report.
"""

from .addresses import ORGANIZATION_DOMAIN
from .words import Domain, Expect, Host, Reports, delivered

_POST = "https://reports-post.example"
_MAILBOX = "mailto:{domain}@reports.example"
# The one local part that rejects.example knows is another.
_REFUSED = "mailto:nobody@rejects.example"


def _wanting(name: str, what: str, reports: Reports, expect: Expect = delivered("encrypted"), **more) -> Domain:  # noqa: ANN003
    return Domain(name, what, expect, (Host("mx", "postfix"),), **({"dns": "unsigned", "reports": reports, "only": "17"} | more))


REPORT_TABLE = (
    _wanting("report-https.example", "POSTed, answered 201", Reports((f"{_POST}/ok/{{domain}}",))),
    _wanting("report-both.example", "mailed and POSTed: each gets the same report", Reports((_MAILBOX, f"{_POST}/ok/{{domain}}"))),
    _wanting("report-503.example", "the endpoint answers 503 twice, then 201: tried again, later and later",
             Reports((f"{_POST}/503-twice/{{domain}}",))),
    _wanting("report-expired.example", "the endpoint's certificate expired: POSTed all the same, by default",
             Reports(("https://expired.reports-post.example/ok/{domain}",))),
    _wanting("report-404.example", "the endpoint answers 404: nobody takes it", Reports((f"{_POST}/404/{{domain}}",), outcome="undelivered")),
    _wanting("report-redirect.example", "the endpoint answers 302: a redirect is not followed",
             Reports((f"{_POST}/302/{{domain}}",), outcome="undelivered")),
    _wanting("report-slow.example", "the endpoint takes three seconds for its 201", Reports((f"{_POST}/slow/{{domain}}",))),
    _wanting("report-loopback.example", "the endpoint is 127.0.0.1: not asked unless private addresses are allowed",
             Reports(("https://127.0.0.1/ok/{domain}",), outcome="undelivered", reach=())),
    _wanting("report-refused.example", "the mailbox answers 550: the address is left alone for a while",
             Reports((_REFUSED,), outcome="undelivered")),
    _wanting("report-second.example", "the first address answers 550, the second takes it", Reports((_REFUSED, _MAILBOX), reach=(_MAILBOX,))),
    _wanting("report-words.example", "a record of several strings, with blanks and unknown fields",
             Reports((_MAILBOX, f"{_POST}/ok/{{domain}}"),
                     (f"v=TLSRPTv1; rua={_MAILBOX} ,\" \" {_POST}/ok/{{domain}}; \" \"x-later=1;",))),
    _wanting("fault-125.example", "the mailbox is at the domain of who reports", Reports((f"mailto:tlsrpt@{ORGANIZATION_DOMAIN}",))),
    _wanting("report-percent.example", "a + in the mailbox's name, percent-encoded", Reports(("mailto:report%2Bpercent@reports.example",))),
    _wanting("report-malformed.example", "rua is no URI: no record", Reports((), ("v=TLSRPTv1; rua=reports.example",), "unwanted")),
    _wanting("report-scheme.example", "rua is of a scheme nobody knows", Reports((), ("v=TLSRPTv1; rua=ftp://reports.example/{domain}",), "no-destination")),
    _wanting("report-version.example", "a record of another version: no record", Reports((), (f"v=TLSRPTv2; rua={_MAILBOX}",), "unwanted")),
    _wanting("report-two.example", "two records: none", Reports((), (f"v=TLSRPTv1; rua={_MAILBOX}", "v=TLSRPTv1; rua=mailto:x@reports.example"), "unwanted")),
    _wanting("report-none.example", "no record", Reports((), outcome="unwanted")),
    _wanting("report-servfail.example", "the lookup of the record fails: asked again, no report", Reports(outcome="unknown"),
             dns="faulty", faults=("_smtp._tls TXT SERVFAIL",)),
    # Held back by a rule of 17-tlsrpt that demands DANE, so that dane-required is reported.
    _wanting("report-dane-required.example", "no TLSA, and the operator's rule demands DANE", Reports()),
    # 17-tlsrpt's rule that sends its reports elsewhere.
    _wanting("report-elsewhere.example", "an override sends its reports to a directory", Reports(reach=())),
)
