"""The domains of the mini-internet: what each one is, and what must become of mail to it.

This table is the bed: zones, certificates, servers, policy hosts, scenarios and the demo are made from it. Domains with MTA-STS
are in stsdomains.py, those with numbered faults in faultdomains.py, those that one scenario keeps for itself in owndomains.py,
answerdomains.py, reportdomains.py, statedomains.py, netdomains.py and costdomains.py.
To add a domain, add a line (integration/README.md explains the words).
"""

import itertools
from dataclasses import replace

from .addresses import POLICY_SERVER
from .answerdomains import ANSWER_TABLE
from .costdomains import COST
from .faultdomains import FAULT_TABLE
from .netdomains import NET_TABLE
from .owndomains import LATER, OWN
from .reportdomains import REPORT_TABLE
from .statedomains import STATE_TABLE
from .stsdomains import STS_TABLE
from .watchdomains import WATCHED
from .words import AT_HOME, GOOD, STS, Domain, Expect, Host, absolute, bounced, deferred, delivered

__all__ = ["BY_NAME", "DANE_DOMAINS", "DOMAINS", "Domain", "Expect", "Host", "KNOWN_RECIPIENT", "MAIL_DOMAINS", "SCENERY", "STS",
           "STS_DOMAINS", "absolute", "hosts_of"]

_DANE = (
    # DANE as it should be.
    Domain("good.example", "DANE-EE (3 1 1) matches", delivered("dane"), (Host("mx", "postfix", tlsa=GOOD),)),
    Domain("dane-ta.example", "DANE-TA (2 0 1): a private CA named in DNS", delivered("dane"),
           (Host("mx", "exim", "private-ca", ("2 0 1 ca",)),)),
    Domain("expired.example", "DANE-EE, certificate expired in 2021 (DANE-EE ignores dates)", delivered("dane"),
           (Host("mx", "postfix", "expired", GOOD),), fault=(39,)),
    Domain("rollover.example", "key rollover: one TLSA record stale, one current", delivered("dane"),
           (Host("mx", "exim", tlsa=("3 1 1 stranger", "3 1 1 own")),), fault=(37,)),
    Domain("implicit.example", "no MX record: the domain's own address, with DANE", delivered("dane", "@"),
           (Host("@", "postfix", "rsa", GOOD),), mx=None),
    Domain("cname-mx.example", "the MX is an alias of a DANE host", delivered("dane", "mx"),
           (Host("real", "postfix", tlsa=GOOD),), records=("mx CNAME real",), fault=(14,)),
    Domain("first-dead.example", "two MX, the first does not answer", delivered("dane", "mx2"),
           (Host("mx1", "nothing", tlsa=GOOD), Host("mx2", "exim", tlsa=GOOD)), mx=("10 mx1", "20 mx2")),
    Domain("first-fails.example", "two MX, the first fails DANE", delivered("dane", "mx2"),
           (Host("mx1", "postfix", tlsa=("3 1 1 stranger",)), Host("mx2", "postfix", tlsa=GOOD)), mx=("10 mx1", "20 mx2"), fault=(45,)),
    Domain("alias.example", "an alias of good.example: DANE of where it leads", delivered("dane", "mx.good.example."), mx=None,
           dns="alias of good.example"),
    Domain("dane-ta-domain.example", "DANE-TA, the certificate names the mail domain", delivered("dane"),
           (Host("mx", "postfix", "next-hop-name", ("2 1 1 webpki",)),), fault=(41,)),
    # DANE that must hold the mail back.
    Domain("mismatch.example", "TLSA names another key: an impostor, or a rollover gone wrong", deferred("dane-mismatch"),
           (Host("mx", "postfix", tlsa=("3 1 1 stranger",)),), reports=AT_HOME, fault=(36,)),
    Domain("agility.example", "3 1 1 matches, the stronger 3 1 2 does not", deferred("dane-mismatch"),
           (Host("mx", "postfix", tlsa=("3 1 1 own", "3 1 2 stranger")),), reports=AT_HOME, fault=(38,)),
    Domain("no-starttls.example", "TLSA exists, the host offers no STARTTLS: stripped?", deferred("starttls-missing"),
           (Host("mx", "postfix", "none", ("3 1 1 stranger",)),), reports=AT_HOME, fault=(44,)),
    Domain("starttls-454.example", "TLSA exists, STARTTLS is answered 454", deferred("starttls-missing"),
           (Host("mx", "starttls-454", tlsa=("3 1 1 stranger",)),), reports=AT_HOME, fault=(76,)),
    Domain("starttls-554.example", "TLSA exists, STARTTLS is answered 554: bounced by a stranger's line?",
           deferred("starttls-missing"), (Host("mx", "starttls-554", tlsa=("3 1 1 stranger",)),), reports=AT_HOME, fault=(76,)),
    Domain("tlsa-servfail.example", "addresses are signed, the TLSA lookup fails", deferred("tlsa-lookup-failed", 2),
           (Host("mx", "postfix", tlsa=GOOD),), dns="faulty", faults=("_25._tcp.mx TLSA SERVFAIL",), reports=AT_HOME, fault=(28,)),
    Domain("unusable.example", "only unusable TLSA records: TLS, unauthenticated", delivered("encrypted", by="dane"),
           (Host("mx", "postfix", tlsa=("0 0 1 own", "3 1 9 garbage")),), reports=AT_HOME, fault=(34,)),
    # DNS trouble.
    Domain("bogus.example", "DNSSEC signatures expired: anyone may have forged it", deferred("dns-bogus", 2),
           (Host("mx", "postfix"),), dns="expired", fault=(3,)),
    Domain("mx-servfail.example", "the MX lookup fails, the address would answer", deferred("dns-temp", 2),
           (Host("mx", "postfix"),), dns="faulty", faults=("@ MX SERVFAIL",), fault=(1,)),
    Domain("null-mx.example", "null MX: takes no mail", bounced("null-mx", r"5\.1\.10"), mx=("0 .",), fault=(9,)),
    Domain("absent.example", "no such domain", bounced("no-such-domain", r"5\.1\.2"), dns="absent", fault=(7,)),
    Domain("no-address.example", "the MX names a host that does not exist", bounced("no-host-address", r"5\.(1\.2|4\.4)"),
           mx=("10 nowhere",)),
    Domain("loop.example", "the MX is this relay itself", bounced("loop", r"5\.4\.6"), mx=("10 relay.example.",), fault=(11,)),
    # No DNSSEC.
    Domain("insecure.example", "unsigned domain, TLS offered", delivered("encrypted"), (Host("mx", "exim"),), dns="unsigned"),
    Domain("plain.example", "unsigned domain, no TLS at all", delivered("none"), (Host("mx", "opensmtpd", "none"),), dns="unsigned", reports=AT_HOME),
    Domain("dane-host.example", "unsigned domain whose MX is a DANE host", delivered("dane-host", "mx.good.example."),
           dns="unsigned", mx=("10 mx.good.example.",)),
    # Debian 12's OpenSMTPD (6.8.0p2 with OpenSSL 3) offers STARTTLS and fails every handshake: a broken peer as found in the wild.
    Domain("broken-tls.example", "unsigned domain, every handshake fails: clear on the second attempt",
           delivered("none", attempts=2, cause_before="tls-handshake-failed"), (Host("mx", "opensmtpd"),), dns="unsigned", reports=AT_HOME),
    Domain("hangs-up.example", "unsigned domain, the host hangs up after its 220 to STARTTLS",
           delivered("none", attempts=2, cause_before="tls-handshake-failed"), (Host("mx", "hangs-up"),), dns="unsigned", reports=AT_HOME),
    # Answers of the remote.
    Domain("greylist.example", "says 451 first, accepts later", delivered("dane", attempts=2, cause_before="remote-reply"),
           (Host("mx", "greylist", tlsa=GOOD),), fault=(97,)),
    Domain("rejects.example", "knows one recipient, refuses all others with 550", bounced("remote-reply", r"5\.1\.1", 0),
           (Host("mx", "postfix", tlsa=GOOD),)),
    Domain("refuses-all.example", "refuses every recipient in many words", bounced("remote-reply", r"5\.1\.1", 1),
           (Host("mx", "refuses-all"),), dns="unsigned"),
    Domain("busy.example", "answers MAIL with 451", deferred("remote-reply", 1), (Host("mx", "busy"),), dns="unsigned"),
    Domain("injects.example", "sends bytes behind its 220 to STARTTLS", deferred("tls-handshake-failed", 1),
           (Host("mx", "injects"),), dns="unsigned", fault=(75,)),
)

_SCENERY = (
    # Where mail comes from. Its MX is the submitting Postfix, so bounces come home.
    Domain("sender.example", "the senders' own domain", delivered("dane"), (Host("mx", "sender", tlsa=GOOD),)),
    Domain("relay.example", "the relay", delivered("none"), mx=None, records=("@ A 127.1.1.2", "@ MX 10 mx.sender.example.")),
    # The organisation whose relay it is: its reports are signed for it, and their bounces come here.
    Domain("waxwing.example", "who sends TLS-RPT reports", delivered("dane"), (Host("mx", "postfix", tlsa=GOOD),)),
    # Takes mail for every domain, over TLS and for a password: 465 and 587 (postfix.py).
    Domain("smarthost.example", "the smarthost of rules", delivered("none"), (Host("mx", "smarthost", "webpki"),)),
    # Mailboxes for TLS-RPT reports, one for each domain that has none of its own; and where they are POSTed (reportsink.py).
    Domain("reports.example", "takes reports by mail", delivered("dane"), (Host("mx", "postfix", tlsa=GOOD),)),
    Domain("reports-post.example", "takes reports by HTTPS", bounced("no-mx", ""), mx=None,
           records=(f"@ A {POLICY_SERVER}", f"expired A {POLICY_SERVER}")),
)

# Domains that are part of the scenery: no mail is sent there to see what happens.
SCENERY = tuple(domain.name for domain in _SCENERY)
# The one local part rejects.example knows; every other domain takes all.
KNOWN_RECIPIENT = "known"


def _numbered() -> tuple[Domain, ...]:
    number = 0
    domains = []
    tables = (_DANE, FAULT_TABLE, STS_TABLE, OWN, ANSWER_TABLE, REPORT_TABLE, WATCHED, STATE_TABLE, _SCENERY, COST, NET_TABLE, LATER)
    for domain in itertools.chain(*tables):
        hosts = []
        for host in domain.hosts:
            number += 1
            hosts.append(replace(host, number=number))
        domains.append(replace(domain, hosts=tuple(hosts)))
    return tuple(domains)


DOMAINS = _numbered()
BY_NAME = {domain.name: domain for domain in DOMAINS}
MAIL_DOMAINS = tuple(domain for domain in DOMAINS if domain.name not in SCENERY and not domain.only)
# The same without and with MTA-STS: 10-domains and 11-sts.
DANE_DOMAINS = tuple(domain for domain in MAIL_DOMAINS if domain.sts is None)
STS_DOMAINS = tuple(domain for domain in MAIL_DOMAINS if domain.sts is not None)


def hosts_of(server: str) -> list[tuple[str, str, Host]]:
    """Domain, full name and host of all that one make of server plays."""
    return [(domain.name, absolute(host.name, domain.name), host)
            for domain in DOMAINS for host in domain.hosts if host.server == server]
