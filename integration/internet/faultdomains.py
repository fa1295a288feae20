"""Faults of DNS and DANE that a zone or its server can have, numbered as in docs/reliability.md: each is a domain like any other of the table."""

from .words import AT_HOME, GOOD, Domain, Host, deferred, delivered

_STRANGER = ("3 1 1 stranger",)
_GARBAGE = "aa" * 32


def _faulty(number: str, what: str, expect, faults: tuple[str, ...], *hosts: Host, **more) -> Domain:  # noqa: ANN001, ANN003
    return Domain(f"fault-{number}.example", what, expect, hosts or (Host("mx", "postfix", tlsa=GOOD),), **({"dns": "faulty", "faults": faults} | more))


def _signed(number: str, what: str, expect, *hosts: Host, **more) -> Domain:  # noqa: ANN001, ANN003
    return Domain(f"fault-{number}.example", what, expect, hosts or (Host("mx", "postfix", tlsa=GOOD),), **more)


FAULT_TABLE = (
    # DNS and DNSSEC.
    _faulty("2", "nobody answers the MX query", deferred("dns-temp", 2), ("@ MX drop",)),
    _signed("4", "the MX was changed behind its signature, to a host of somebody else", deferred("dns-bogus", 2),
            Host("mx", "postfix", tlsa=GOOD), Host("evil", "postfix", tlsa=GOOD), tampered=((r"(\sMX\s+10\s+)mx\.", r"\1evil."),)),
    _signed("5", "the signatures were taken out, the DS is in the parent", deferred("dns-bogus", 2), dns="stripped"),
    _signed("6", "the DS in the parent is another key's", deferred("dns-bogus", 2), dns="other key"),
    _faulty("8", "NXDOMAIN without a proof: forged", deferred("dns-bogus", 2), ("@ MX NXDOMAIN",)),
    _signed("10", "a null MX beside a real one, which counts", delivered("dane"), mx=("0 .", "10 mx")),
    _signed("11", "two MX, the first does not answer, the second is this relay", deferred("connect-failed"), Host("mx", "nothing", tlsa=GOOD),
            mx=("10 mx", "20 relay.example.")),
    _faulty("12", "two MX, the address lookup of the first fails", delivered("dane", "mx2"), ("mx1 A SERVFAIL",),
            Host("mx1", "nothing", tlsa=GOOD), Host("mx2", "postfix", tlsa=GOOD), mx=("10 mx1", "20 mx2")),
    # More are named than are looked at (50), and more are tried before the good one than most relays try.
    _signed("13", "200 MX, six dead ones before the good one", delivered("dane", policy=1), Host("mx", "postfix", tlsa=GOOD),
            mx=(*(f"{1 + number} dead{number}" for number in range(6)), "10 mx", *(f"20 dead{number}" for number in range(6, 199))),
            records=tuple(f"dead{number} A 127.1.7.{number + 1}" for number in range(199))),
    _signed("15-loop", "the MX is an alias of itself", deferred("dns-temp", 2), Host("mx", "nothing"), mx=("10 a",), records=("a CNAME b", "b CNAME a")),
    _faulty("17-refused", "answers are cut short over UDP, and TCP is refused", deferred("dns-temp", 2), ("@ MX TC-refused",)),
    _faulty("17-stall", "answers are cut short over UDP, and TCP says nothing", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA TC-stall",)),
    _faulty("18", "TLSA records come over TCP only", delivered("dane"), ("_25._tcp.mx TLSA TC",)),
    _signed("25", "times to live of nought and of 68 years", delivered("dane"), mx=None, records=("@ 0 MX 10 mx", "mx 2147483647 TXT far")),
    _faulty("26-id", "somebody guesses: a forged answer with another id comes first", delivered("dane"), ("@ MX wrong-id", "mx A wrong-id")),
    _faulty("26-question", "a forged answer to another question comes first", delivered("dane"), ("@ MX wrong-question", "mx A wrong-question")),
    _faulty("26-torn", "the answer ends within its records", deferred("dns-temp", 2), ("@ MX torn",)),
    # DANE.
    _faulty("28", "two MX, the TLSA lookup of the first fails", delivered("dane", "mx2"), ("_25._tcp.mx1 TLSA SERVFAIL",),
            Host("mx1", "postfix", tlsa=GOOD), Host("mx2", "postfix", tlsa=GOOD), mx=("10 mx1", "20 mx2")),
    _signed("30", "a TLSA record was changed behind its signature", deferred("tlsa-lookup-failed", 2),
            tampered=((r"(TLSA\s+3 1 1 )[0-9a-f]{4}", r"\g<1>0000"),)),
    _faulty("31-notimp", "TLSA queries are answered NOTIMP", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA NOTIMP",)),
    _faulty("31-formerr", "TLSA queries are answered FORMERR", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA FORMERR",)),
    _faulty("31-refused", "TLSA queries are refused", deferred("tlsa-lookup-failed", 2), ("_25._tcp.mx TLSA REFUSED",)),
    _faulty("32", "the TLSA lookup fails where the alias leads; the record at the MX name is no way out", deferred("tlsa-lookup-failed", 2),
            ("_25._tcp.real TLSA SERVFAIL",), Host("real", "postfix", tlsa=GOOD),
            records=("mx CNAME real", f"_25._tcp.mx TLSA 3 1 1 {_GARBAGE}")),
    _signed("33", "TLSA records cut short: three octets, a digest of one and of 31", delivered("encrypted", by="dane"), Host("mx", "postfix"),
            records=(r"_25._tcp.mx TYPE52 \# 3 030101", "_25._tcp.mx TLSA 3 1 1 aa", f"_25._tcp.mx TLSA 3 1 1 {_GARBAGE[2:]}"), reports=AT_HOME),
    _signed("35", "only unusable TLSA records, and no STARTTLS", deferred("starttls-missing"), Host("mx", "postfix", "none", ("3 1 9 garbage",))),
    _signed("37", "3 1 1 is stale, 2 1 1 names the CA", delivered("dane"), Host("mx", "exim", "private-ca", ("3 1 1 stranger", "2 1 1 ca"))),
    _signed("42", "sixty TLSA records, one of them right", delivered("dane"),
            records=tuple(f"_25._tcp.mx TLSA 3 1 1 {number:064x}" for number in range(59))),
    _signed("43", "usages 0 and 1 among those of DANE", delivered("dane"),
            Host("mx", "exim", "private-ca", ("0 0 1 ca", "1 1 1 own", "2 0 1 ca"))),
    _signed("45", "two MX: the first fails DANE, the second is signed and has no TLSA", delivered("encrypted", "mx2"),
            Host("mx1", "postfix", tlsa=_STRANGER), Host("mx2", "postfix"), mx=("10 mx1", "20 mx2")),
)
