"""Faults of zones, name servers, policy hosts and mail hosts, numbered as in docs/reliability.md: each a domain like any other of the table."""

from .words import AT_HOME, GOOD, STS, Domain, Expect, Host, Reports, bounced, deferred, delivered

_STRANGER = ("3 1 1 stranger",)
_GARBAGE = "aa" * 32
_NOT_REPORTED = Reports((), outcome="unwanted")
_UNSIGNED = {"dns": "unsigned"}
# Not in the zone that names them: an answer would carry all their signed addresses, and a validator take seconds for it.
_DEAD = tuple(f"dead{number}.fault-14-target.example." for number in range(199))


def _signed(number: str, what: str, expect: Expect, *hosts: Host, **more) -> Domain:  # noqa: ANN003
    return Domain(f"fault-{number}.example", what, expect, hosts or (Host("mx", "postfix", tlsa=GOOD),), **more)


def _faulty(number: str, what: str, expect: Expect, faults: tuple[str, ...], *hosts: Host, **more) -> Domain:  # noqa: ANN003
    return _signed(number, what, expect, *hosts, **({"dns": "faulty", "faults": faults} | more))


def _hostless(number: str, what: str, expect: Expect, **more) -> Domain:  # noqa: ANN003
    """Nobody's host, or another domain's."""
    return Domain(f"fault-{number}.example", what, expect, **more)


_DNS = (
    _faulty("2", "nobody answers the MX query", deferred("dns-temp", 2), ("@ MX drop",)),
    _faulty("2-waiting", "the same, and never asked before", deferred("dns-temp", 2), ("@ MX drop",), only="10"),
    _signed("4", "the MX was changed behind its signature, to a host of somebody else", deferred("dns-bogus", 2),
            Host("mx", "postfix", tlsa=GOOD), Host("evil", "postfix", tlsa=GOOD), tampered=((r"(\sMX\s+10\s+)mx\.", r"\1evil."),)),
    _signed("5", "the signatures were taken out, the DS is in the parent", deferred("dns-bogus", 2), dns="stripped"),
    _signed("6", "the DS in the parent is another key's", deferred("dns-bogus", 2), dns="other key"),
    _faulty("8", "NXDOMAIN without a proof: forged", deferred("dns-bogus", 2), ("@ MX NXDOMAIN",)),
    _hostless("9", "a null MX: no address is asked for", bounced("null-mx", r"5\.1\.10"), dns="faulty", mx=("0 .",), records=("@ A 127.1.7.254",)),
    _signed("10", "a null MX beside a real one, which counts", delivered("dane"), mx=("0 .", "10 mx")),
    _signed("11", "the first MX does not answer, the second is this relay, and none behind it is asked", deferred("connect-failed"),
            Host("mx", "nothing", tlsa=GOOD), Host("mx3", "postfix", tlsa=GOOD), mx=("10 mx", "20 relay.example.", "30 mx3")),
    _hostless("11-address", "the MX is an IP address written as a name", bounced("no-host-address", r"5\.(1\.2|4\.4)"), mx=("10 192.0.2.1.",)),
    # The bed allows loopback addresses.
    _hostless("11-localhost", "the MX is localhost", deferred("connect-failed", 1), mx=("10 localhost.",)),
    _faulty("12", "two MX, the address lookup of the first fails", delivered("dane", "mx2"), ("mx1 A SERVFAIL",),
            Host("mx1", "nothing", tlsa=GOOD), Host("mx2", "postfix", tlsa=GOOD), mx=("10 mx1", "20 mx2")),
    # More are named than are looked at (50), and more are tried before the good one than most relays try.
    _signed("13", "200 MX, six dead ones before the good one", delivered("dane", policy=1), Host("mx", "postfix", tlsa=GOOD),
            mx=(*(f"{1 + number} {name}" for number, name in enumerate(_DEAD[:6])), "10 mx", *(f"20 {name}" for name in _DEAD[6:]))),
    _signed("14", "the MX is an alias, and its TLSA record is at the name of the alias only", delivered("dane"), Host("real", "postfix"),
            records=("mx CNAME real", "_25._tcp.mx TLSA {3 1 1 own of real.fault-14.example}")),
    _hostless("14-insecure", "the MX is a signed alias into an unsigned domain: TLSA at its own name counts", delivered("dane"),
              records=("mx CNAME mx.fault-14-target.example.", "_25._tcp.mx TLSA {3 1 1 own of mx.fault-14-target.example}"), reports=_NOT_REPORTED),
    _signed("14-target", "unsigned, and its MX is another domain's by an alias", delivered("encrypted"), Host("mx", "postfix"),
            reports=_NOT_REPORTED, records=tuple(f"{name} A 127.1.7.{number}" for number, name in enumerate(_DEAD, 1)), **_UNSIGNED),
    _signed("15-loop", "the MX is an alias of itself", deferred("dns-temp", 2), Host("mx", "nothing"), mx=("10 a",),
            records=("a CNAME b", "b CNAME a")),
    _signed("15-chain", "the MX is an alias at the head of twenty", deferred("dns-temp", 2), Host("mx", "postfix", tlsa=GOOD), mx=("10 c0",),
            records=(*(f"c{number} CNAME c{number + 1}" for number in range(20)), "c20 CNAME mx")),
    _faulty("16", "the IPv4 address is secure, the lookup of the IPv6 address fails", delivered("dane"), ("mx AAAA SERVFAIL",)),
    _faulty("17-refused", "answers are cut short over UDP, and TCP is refused", deferred("dns-temp", 2), ("@ MX TC-refused",)),
    _faulty("17-stall", "answers are cut short over UDP, and TCP says nothing", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA TC-stall",)),
    # Ten stalled lookups below it, and its own, which needs TCP.
    _faulty("17-many", "names below it are answered by TCP that says nothing", delivered("dane", "mx.good.example."), ("@ MX TC", "* MX TC-stall"),
            mx=("10 mx.good.example.",), records=tuple(f"stalled{number} MX 10 mx.good.example." for number in range(10)), only="10"),
    _faulty("18", "TLSA records come over TCP only", delivered("dane"), ("_25._tcp.mx TLSA TC",)),
    _faulty("25", "times to live of nought and of 68 years", delivered("dane"), (), Host("mx", "postfix"), mx=(),
            records=("@ 0 MX 10 mx", "_25._tcp.mx 2147483647 TLSA {3 1 1 own of mx.fault-25.example}")),
    _faulty("26-id", "somebody guesses: a forged answer with another id comes first", delivered("dane"), ("@ MX wrong-id", "mx A wrong-id")),
    _faulty("26-question", "the answer is to another question", deferred("dns-temp", 2), ("@ MX wrong-question",)),
    _faulty("26-torn", "the answer ends within its records", deferred("dns-temp", 2), ("@ MX torn",)),
    _signed("27", "MX names with a NUL, a dot within a label, the longest label and the longest name; then a good one", delivered("dane"),
            mx=(r"5 m\000x", r"6 a\.b", f"7 {'l' * 63}", f"8 {'.'.join(['n' * 59] * 3 + ['n' * 56])}", "10 mx"),
            records=(r"m\000x A 127.1.7.250", r"a\.b A 127.1.7.251")),
    _hostless("27-only", "no MX name that a host could have", bounced("no-host-address", r"5\.(1\.2|4\.4)"), mx=(r"5 m\000x\027[2J", r"6 a\.b\032c")),
)
_DANE = (
    _faulty("28", "two MX, the TLSA lookup of the first fails", delivered("dane", "mx2"), ("_25._tcp.mx1 TLSA SERVFAIL",),
            Host("mx1", "postfix", tlsa=GOOD), Host("mx2", "postfix", tlsa=GOOD), mx=("10 mx1", "20 mx2")),
    _faulty("29", "unsigned, and TLSA queries are not answered: they need not be asked", delivered("encrypted"), ("_25._tcp.mx TLSA drop",),
            Host("mx", "postfix"), dns="unsigned faulty"),
    _signed("30", "a TLSA record was changed behind its signature", deferred("tlsa-lookup-failed", 2),
            tampered=((r"(TLSA\s+3 1 1 )[0-9a-f]{4}", r"\g<1>0000"),)),
    _faulty("31-notimp", "TLSA queries are answered NOTIMP", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA NOTIMP",)),
    _faulty("31-formerr", "TLSA queries are answered FORMERR", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA FORMERR",)),
    _faulty("31-refused", "TLSA queries are refused", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA REFUSED",)),
    _faulty("32", "the TLSA lookup fails where the alias leads; the good record at the MX name is no way out", deferred("tlsa-lookup-failed", 2),
            ("_25._tcp.real TLSA SERVFAIL",), Host("real", "postfix", tlsa=GOOD),
            records=("mx CNAME real", "_25._tcp.mx TLSA {3 1 1 own of real.fault-32.example}")),
    # The signer writes three octets in a way that the server does not read.
    # FAILS in 17-tlsrpt: the report's policy-string is "3 1 1 ", which is no TLSA record (RFC 6698 §2.2 wants hexadecimal digits at the end).
    _signed("33", "TLSA records cut short: three octets, a digest of one and of 31", delivered("encrypted", by="dane"), Host("mx", "postfix"),
            records=(r"_25._tcp.mx TYPE52 \# 3 030101", "_25._tcp.mx TLSA 3 1 1 aa", f"_25._tcp.mx TLSA 3 1 1 {_GARBAGE[2:]}"),
            tampered=((r"TLSA\s+3 1 1 *\n", r"TYPE52 \\# 3 030101\n"),), reports=AT_HOME),
    _signed("35", "only unusable TLSA records, and no STARTTLS", deferred("starttls-missing", 1), Host("mx", "postfix", "none", ("3 1 9 garbage",))),
    _signed("37", "3 1 1 is stale, 2 1 1 names the CA", delivered("dane"), Host("mx", "exim", "private-ca", ("3 1 1 stranger", "2 1 1 ca"))),
    _signed("39", "3 1 1 matches a certificate that expired in 2021, for another host, signed by itself", delivered("dane"),
            Host("mx", "postfix", "all-wrong", GOOD)),
    _signed("40", "2 0 1 names a root that the host does not send", deferred("dane-mismatch"), Host("mx", "postfix", "webpki", ("2 0 1 root",))),
    _hostless("41", "unsigned; its MX is a DANE-TA host whose certificate names this domain only", deferred("dane-mismatch", 1),
              mx=("10 mx.fault-41-host.example.",), **_UNSIGNED),
    _signed("41-host", "a DANE-TA host whose certificate names another domain that it serves", deferred("dane-mismatch"),
            Host("mx", "postfix", "webpki for fault-41.example", ("2 1 1 webpki",))),
    _signed("42", "sixty TLSA records, one of them right", delivered("dane"),
            records=tuple(f"_25._tcp.mx TLSA 3 1 1 {number:064x}" for number in range(59))),
    _signed("43", "usages 0 and 1 among those of DANE", delivered("dane"), Host("mx", "exim", "private-ca", ("0 0 1 ca", "1 1 1 own", "2 0 1 ca"))),
    _signed("44", "two MX with TLSA: the first offers no STARTTLS", delivered("dane", "mx2"), Host("mx1", "postfix", "none", _STRANGER),
            Host("mx2", "postfix", tlsa=GOOD), mx=("10 mx1", "20 mx2")),
    _signed("45", "two MX: the first fails DANE, the second is signed and has no TLSA", delivered("encrypted", "mx2"),
            Host("mx1", "postfix", tlsa=_STRANGER), Host("mx2", "postfix"), mx=("10 mx1", "20 mx2")),
    _signed("45-insecure", "two MX, unsigned: the first is a DANE host and fails, the second is nobody's", delivered("encrypted"),
            Host("mx", "postfix"), mx=("10 mx1.fault-45.example.", "20 mx"), **_UNSIGNED),
    # 17-tlsrpt mends the one, and mails the other what waives TLS.
    _signed("48", "a TLSA record of another key, and none of them lives long", deferred("dane-mismatch"), Host("mx", "postfix"),
            records=(f"_25._tcp.mx 1 TLSA 3 1 1 {_GARBAGE}",), only="17"),
    _signed("49", "a TLSA record of another key", deferred("dane-mismatch"), Host("mx", "postfix", tlsa=_STRANGER), only="17"),
)
_UNKNOWN = delivered("encrypted", "mx.fault-52.example.", sts="unknown")
# Their policy would refuse the host they share: read by mistake, it would show.
_ENFORCED = deferred("certificate-invalid", sts="enforce")


def _policy(number: str, what: str, http: str = "ok", expect: Expect = _UNKNOWN, certificate: str = "webpki", **more) -> Domain:  # noqa: ANN003
    sts = STS(mx=("mx.fault-52.example.",), http=http, certificate=certificate)
    return _hostless(number, what, expect, **(_UNSIGNED | {"mx": ("10 mx.fault-52.example.",), "sts": sts} | more))


_STS = (
    _faulty("51", "a policy is known, then the lookup of its TXT record fails", _ENFORCED, ("_mta-sts TXT SERVFAIL",),
            Host("mx", "postfix"), sts=STS(), only="12"),
    _faulty("52", "the lookup of the TXT record fails, and no policy is known", delivered("encrypted", sts="unknown"), ("_mta-sts TXT SERVFAIL",),
            Host("mx", "postfix"), sts=STS()),
    _policy("55", "the policy host says 404, to a hundred letters", "404", only="12"),
    _policy("55-alert", "the policy host breaks off the handshake by an alert", "alert"),
    _policy("56-found", "the policy host redirects by a 302", "302"),
    _policy("56-temporary", "the policy host redirects by a 307", "307"),
    _policy("56-partial", "the policy comes with status 203", "203"),
    _policy("56-unmodified", "the policy host says 304", "304"),
    _policy("57", "a CA nobody trusts signed the policy host's certificate", certificate="private-ca"),
    _policy("57-held", "a policy is known, then its host's certificate expires", "ok", _ENFORCED, only="12"),
    _policy("61", "the policy has no media type", "no-type"),
    # RFC 8461 §3.2 heeds no parameter of the type.
    _policy("61-charset", "the policy is text/plain in UTF-16, as its host says, and in ASCII, as it is", "utf-16", _ENFORCED),
    _policy("62-lf", "the policy's lines end in LF", "lf", _ENFORCED),
    _policy("62-end", "the policy's last line has no end", "no-end", _ENFORCED),
    _policy("62-bom", "the policy begins with a byte order mark", "bom"),
    _policy("62-nul", "the policy has a NUL in a field nobody knows", "nul"),
    _policy("62-mode", "the policy's mode is Enforce", "mode"),
    _policy("62-mx", "the policy enforces, and lists no MX", "no-mx"),
    _policy("63", "the TXT record of MTA-STS has one of SPF beside it", "ok", _ENFORCED, records=('_mta-sts TXT "v=spf1 -all"',)),
    _policy("63-split", "the TXT record is cut into two strings within the id", "ok", _ENFORCED,
            sts=STS(mx=("mx.fault-52.example.",), id='a1" "b2')),
)
_CLIENT = (
    _signed("80", "the host asks for a client certificate, and there is none", delivered("dane"),
            Host("mx", "postfix", tlsa=GOOD, options=("smtpd_tls_ask_ccert=yes",))),
    _signed("98", "the host offers neither 8BITMIME nor SMTPUTF8", delivered("dane"),
            Host("mx", "postfix", tlsa=GOOD, options=("{smtpd_discard_ehlo_keywords=8bitmime, smtputf8}",))),
)
# Hosts of 63-strange-keys, which publishes the TLSA records itself.
STRANGE_HOSTS = 40
# Hosts of 58-faulty-handshakes, each at an address of its own: TLSA records of a key that is good.example's too, but for the last ten.
HANDSHAKES = 60
_PLANNED = (
    _hostless("66", "MTA-STS enforced, and its host is played by the scenario", deferred("tls-handshake-failed", sts="enforce"),
              records=("mx A 127.58.1.1",), sts=STS(), only="58", **_UNSIGNED),
    Domain("planned.example", "domains below it, whose hosts are played by the scenario", delivered("dane"), mx=None, only="58", records=tuple(
        line for number in range(1, HANDSHAKES + 1) for line in (
            f"d{number} MX 10 mx{number}", f"mx{number} A 127.58.0.{number}",
            f'_smtp._tls.d{number} TXT "v=TLSRPTv1; rua=mailto:d{number}@reports.example"',
            *((f"_25._tcp.mx{number} TLSA {{3 1 1 own of mx.good.example}}",) if number <= HANDSHAKES - 10 else ())))),
    Domain("strange.example", "domains below it, whose hosts show keys that no honest program makes", delivered("dane"), mx=None, only="63",
           records=tuple(line for number in range(1, STRANGE_HOSTS + 1) for line in (f"d{number} MX 10 mx{number}", f"mx{number} A 127.63.0.{number}"))),
)
FAULT_TABLE = (*_PLANNED, *_DNS, *_DANE, *_STS, *_CLIENT)
