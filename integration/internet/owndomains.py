"""Domains that one scenario file keeps for itself: it changes them, or sends them mail that asks for more or less than usual.

What is expected stands in the scenario; here, what becomes of an ordinary letter.
"""

from .words import GOOD, STS, Domain, Expect, Host, deferred, delivered

_STRANGER = ("3 1 1 stranger",)
_HELD = deferred("certificate-invalid", sts="enforce")


def _changing(name: str, what: str, sts: STS = STS(), expect: Expect = _HELD, certificate: str = "self-signed") -> Domain:
    """12-sts-cache: while the policy is enforced the letter is held back; without it, it would be delivered."""
    return Domain(name, what, expect, (Host("mx", "postfix", certificate),), dns="unsigned", sts=sts, only="12")


def _requiretls(name: str, what: str, expect: Expect, *hosts: Host, **more) -> Domain:  # noqa: ANN003
    return Domain(name, what, expect, hosts, **({"only": "13"} | more))


def _ruled(name: str, what: str, expect: Expect, host: Host, **more) -> Domain:  # noqa: ANN003
    return Domain(name, what, expect, (host,), **({"dns": "unsigned", "only": "16"} | more))


def _own(name: str, what: str, address: str, expect: Expect, only: str, **more) -> Domain:  # noqa: ANN003
    """Its host is one that the scenario opens itself (ownhosts.py)."""
    return Domain(name, what, expect, **({"dns": "unsigned", "only": only, "records": (f"mx A {address}",)} | more))


_ENCRYPTED = delivered("encrypted")
_PLAIN, _DEAD = delivered("none"), deferred("connect-failed")

OWN = (
    _changing("changes-id.example", "a new id, and the policy host fails"),
    _changing("changes-txt.example", "the TXT record vanishes"),
    _changing("changes-mode.example", "enforce becomes none"),
    _changing("changes-age.example", "max_age of eight seconds", STS(max_age=8)),
    _changing("changes-list.example", "the MX gets into the policy by a new id", STS(mx=("other",)),
              deferred("sts-mx-mismatch", 2, "enforce"), "webpki"),
    _changing("changes-refresh.example", "an operator fetches the policy again"),
    _changing("changes-slow.example", "the policy comes an octet a second", STS(http="slow"), delivered("encrypted", sts="unknown")),

    _requiretls("requiretls.example", "DANE, offers REQUIRETLS", delivered("dane"), Host("mx", "requiretls", tlsa=GOOD)),
    _requiretls("requiretls-sts.example", "MTA-STS, offers REQUIRETLS", delivered("webpki", sts="enforce"),
                Host("mx", "requiretls", "webpki"), dns="unsigned", sts=STS()),
    _requiretls("requiretls-testing.example", "MTA-STS testing, offers REQUIRETLS", delivered("encrypted", sts="testing"),
                Host("mx", "requiretls", "webpki"), dns="unsigned", sts=STS("testing")),
    _requiretls("requiretls-webpki.example", "signed MX, public certificate, offers REQUIRETLS", _ENCRYPTED,
                Host("mx", "requiretls", "webpki")),
    _requiretls("requiretls-selfsigned.example", "signed MX, self-signed certificate, offers REQUIRETLS", _ENCRYPTED,
                Host("mx", "requiretls")),
    _requiretls("requiretls-unvalidated.example", "nothing vouches for the MX name, offers REQUIRETLS", _ENCRYPTED,
                Host("mx", "requiretls", "webpki"), dns="unsigned"),
    _requiretls("requiretls-unsupported.example", "DANE, does not know REQUIRETLS", delivered("dane"), Host("mx", "postfix", tlsa=GOOD), fault=(50,)),
    _requiretls("requiretls-second.example", "the second MX offers REQUIRETLS", delivered("dane", "mx1"),
                Host("mx1", "postfix", tlsa=GOOD), Host("mx2", "requiretls", tlsa=GOOD), mx=("10 mx1", "20 mx2"), fault=(50,)),
    _requiretls("requiretls-mismatch.example", "offers REQUIRETLS, fails DANE", deferred("dane-mismatch"),
                Host("mx", "requiretls", tlsa=_STRANGER)),
    _requiretls("tls-optional.example", "fails DANE", deferred("dane-mismatch"), Host("mx", "postfix", tlsa=_STRANGER), fault=(49,)),
    _requiretls("tls-optional-plain.example", "TLSA exists, no STARTTLS", deferred("starttls-missing"),
                Host("mx", "postfix", "none", _STRANGER)),
    _requiretls("tls-optional-servfail.example", "the TLSA lookup fails", deferred("tlsa-lookup-failed", 2),
                Host("mx", "postfix", tlsa=GOOD), dns="faulty", faults=("_25._tcp.mx TLSA SERVFAIL",)),
    _requiretls("tls-optional-sts.example", "not in its policy, certificate self-signed", deferred("sts-mx-mismatch", 2, "enforce"),
                Host("mx", "postfix"), dns="unsigned", sts=STS(mx=("other",))),

    _ruled("rule-encrypted.example", "a plain host", delivered("none"), Host("mx", "postfix", "none")),
    _ruled("rule-pkix.example", "a public certificate", _ENCRYPTED, Host("mx", "postfix", "webpki")),
    _ruled("rule-pkix-selfsigned.example", "a self-signed certificate", _ENCRYPTED, Host("mx", "postfix")),
    _ruled("rule-names.example", "the certificate names the mail domain", _ENCRYPTED, Host("mx", "postfix", "next-hop-name")),
    _ruled("rule-ca.example", "a certificate of the private CA", _ENCRYPTED, Host("mx", "postfix", "private-ca")),
    _ruled("rule-fingerprint.example", "a self-signed certificate", _ENCRYPTED, Host("mx", "postfix")),
    _ruled("rule-fingerprint-key.example", "a self-signed certificate", _ENCRYPTED, Host("mx", "exim")),
    _ruled("rule-fingerprint-wrong.example", "a self-signed certificate", _ENCRYPTED, Host("mx", "postfix")),
    _ruled("rule-dane.example", "no TLSA", _ENCRYPTED, Host("mx", "postfix", "webpki")),
    _ruled("rule-sts.example", "no MTA-STS", _ENCRYPTED, Host("mx", "postfix", "webpki")),
    _ruled("rule-version.example", "TLS 1.2 at most", _ENCRYPTED, Host("mx", "postfix", options=("smtpd_tls_protocols=<=TLSv1.2",))),
    _ruled("rule-client.example", "asks for a client certificate", _ENCRYPTED,
           Host("mx", "postfix", options=("smtpd_tls_ask_ccert=yes", "smtpd_tls_fingerprint_digest=sha256"))),
    _ruled("rule-requiretls.example", "does not know REQUIRETLS", delivered("dane"), Host("mx", "postfix", tlsa=GOOD), dns="signed"),
    _ruled("rule-optional.example", "a plain host", delivered("none"), Host("mx", "postfix", "none")),
    _ruled("rule-optional-honoured.example", "a plain host", delivered("none"), Host("mx", "postfix", "none")),
    _ruled("rule-sts-off.example", "MTA-STS enforce, certificate self-signed", _HELD, Host("mx", "postfix"), sts=STS()),
    _ruled("rule-dane-off.example", "fails DANE", deferred("dane-mismatch"), Host("mx", "postfix", tlsa=_STRANGER), dns="signed"),
    _ruled("rule-no-lowering.example", "fails DANE, and the rule says level none", deferred("dane-mismatch"),
           Host("mx", "postfix", tlsa=_STRANGER), dns="signed"),
    _ruled("rule-mx.example", "found by the name of its MX", delivered("none"), Host("mx", "postfix", "none")),
    # Their mail takes another way: its MX must not be asked.
    _ruled("rule-smarthost.example", "goes by the smarthost, port 465", _ENCRYPTED, Host("mx", "postfix")),
    _ruled("rule-submission.example", "goes by the smarthost, port 587", _ENCRYPTED, Host("mx", "postfix")),
    _ruled("rule-password.example", "goes by the smarthost, with a wrong password", _ENCRYPTED, Host("mx", "postfix")),

    # 21-submitters and 22-delivered.
    Domain("dsn.example", "offers DSN and SMTPUTF8", _ENCRYPTED, (Host("mx", "dsn"),), dns="unsigned", only="21"),
    Domain("full.example", "a Postfix that puts every recipient off", deferred("remote-reply"),
           (Host("mx", "postfix", tlsa=GOOD,
                 options=("{smtpd_recipient_restrictions=check_recipient_access static:{450 4.2.2 the mailbox is full, says its host}}",)),),
           only="22"),
    Domain("notices-requiretls.example", "DANE, does not know REQUIRETLS", delivered("dane"), (Host("mx", "postfix", tlsa=GOOD),), only="33"),
    _own("queue-live.example", "a host that takes what comes", "127.1.6.1", _PLAIN, "31"),
    _own("queue-other.example", "another", "127.1.6.2", _PLAIN, "31"),
    _own("queue-dead.example", "nobody listens at its host", "127.1.6.3", _DEAD, "31"),
    _own("queue-silent.example", "its host answers no connection request", "127.1.6.4", _DEAD, "31"),
    *(_own(f"queue-site{number}.example", "shares its MX host with others", "127.1.6.5", _PLAIN, "31", mx=("10 mx.queue-site1.example.",))
      for number in (1, 2, 3)),
    *(_own(f"queue-dark{number}.example", "an MX of its own at a dead address that it shares", "127.1.6.6", _DEAD, "31") for number in range(10)),
    _own("orders.example", "a host that takes what comes", "127.1.6.7", _PLAIN, "32"),
    _own("orders-other.example", "another", "127.1.6.8", _PLAIN, "32"),
    # 37-answers.
    Domain("answers-partly.example", "two MX, the first is a name that does not exist", delivered("dane", "mx2"),
           (Host("mx2", "postfix", tlsa=GOOD),), mx=("10 gone", "20 mx2"), only="37"),
    Domain("answers-id.example", "its policy is changed", delivered("webpki", sts="enforce"), (Host("mx", "postfix", "webpki"),),
           dns="unsigned", sts=STS(), only="37"),
    Domain("answers-list.example", "its policy does not list its MX", deferred("sts-mx-mismatch", 2, "enforce"),
           (Host("mx", "postfix", "webpki"),), dns="unsigned", sts=STS(mx=("other",)), only="37"),
    _own("answers-slow.example", "its host never answers the content", "127.37.0.1", deferred("timed-out"), "37"),
    # Each in a network of its own, so that they count as unrelated.
    *(_own(f"answers-near{number}.example", "TLSA exists, its host offers no STARTTLS", "", deferred("starttls-missing"), "37", dns="signed",
           records=(f"mx A 127.37.{number}.1", f"_25._tcp.mx TLSA 3 1 1 {number:064x}")) for number in range(1, 6)),
    Domain("slow.example", "takes its time behind the content", _ENCRYPTED, (Host("mx", "slow"),), dns="unsigned", only="22"),
)

# Behind all others, for addresses are given out in order.
LATER = (
    Domain("stop-hosts.example", "two MX, both played by the scenario", delivered("none", "mx2"), (Host("mx1", "nothing", "none"),
           Host("mx2", "nothing", "none")), dns="unsigned", mx=("10 mx1", "20 mx2"), only="20"),
)
