"""Domains of 54-policy-hosts and 55-networks: policy hosts and report endpoints that the scenario plays itself, and zones that are traps."""

from . import keytrap
from .words import GOOD, Domain, Host, Reports, deferred, delivered

# Who plays the policy hosts of 54, the endpoints of its reports, and what a stranger's record must not lead to.
POLICY_PEER, REPORT_PEER = "127.1.4.20", "127.1.4.21"
INSIDE, METADATA = "10.55.0.1", "169.254.169.254"
ENDPOINT = "rua-peer.example"
# One host for all.
MX = (f"10 mx.{ENDPOINT}.",)

# How a policy host fails: names of policyhost.py.
TOO_LONG = ("too-long", "a-gigabyte", "chunks", "says-more", "says-less")
COMPRESSED = ("gzip",)
SLOW = ("drips", "endless-head", "big-head")


def peer_domain(fault: str) -> str:
    return f"peer-{fault}.example"


def _peer(fault: str) -> Domain:
    """The policy would refuse this host: read by mistake, it would show."""
    return Domain(peer_domain(fault), f"its policy host fails so: {fault}", delivered("encrypted", sts="unknown"), dns="unsigned", mx=MX,
                  records=('_mta-sts TXT "v=STSv1; id=1;"', f"mta-sts A {POLICY_PEER}"), only="54")


def _wanting(name: str, what: str, *rua: str, **more) -> Domain:  # noqa: ANN003
    reports = Reports(rua, **({"outcome": "undelivered", "reach": ()} | more))
    return Domain(f"rua-{name}.example", what, delivered("encrypted"), dns="unsigned", mx=MX, reports=reports, only="54")


def _strings(text: str) -> str:
    """Cut as a TXT record needs it (Reports)."""
    return '" "'.join(text[start:start + 200] for start in range(0, len(text), 200))


MANY = 1000
REPORT_TRAPS = (
    _wanting("metadata", "the address of a cloud's metadata", f"https://{METADATA}/{{domain}}"),
    _wanting("ipv6", "the loopback address of IPv6", "https://[::1]/{domain}"),
    _wanting("number", "127.0.0.1 as one number", "https://2130706433/{domain}"),
    _wanting("inside", "a name at a private address", f"https://inside.{ENDPOINT}/{{domain}}"),
    _wanting("link", "a name at a link-local address", f"https://link.{ENDPOINT}/{{domain}}"),
    _wanting("port", "the port of SMTP", f"https://{ENDPOINT}:25/{{domain}}"),
)
RUA_REDIRECT = _wanting("redirect", "it sends reports on to a private address", f"https://{ENDPOINT}/redirect/{{domain}}")
RUA_LATER = _wanting("later", "come back in ten years", f"https://{ENDPOINT}/later/{{domain}}")
RUA_TALKS = _wanting("talks", "a megabyte for an answer", f"https://{ENDPOINT}/talks/{{domain}}", outcome="accepted", reach=None)
RUA_MANY = _wanting("many", "a thousand addresses", outcome="accepted", reach=(), records=(
    _strings("v=TLSRPTv1; rua=" + ",".join(f"mailto:m{number}@reports.example" for number in range(MANY))),))
RUA = (*REPORT_TRAPS, RUA_REDIRECT, RUA_LATER, RUA_TALKS, RUA_MANY)

PEER_DOMAINS = tuple(_peer(fault) for fault in (*TOO_LONG, *COMPRESSED, *SLOW))

# 55: who is asked a thousand names of a stranger's choice.
VICTIM = "127.1.0.22"
NAME_SERVERS = 1000
KEYS, ITERATED, REFERRAL, INSECURE = "net-keys.example", "net-iterated.example", "net-referral.example", "net-insecure.example"
# 55: below it, as many domains with a policy as a scenario likes, all with one mail host, and with policy hosts at some addresses.
MANY_POLICIES, PLAIN_HOST = "net-policies.example", "127.3.55.72"
POLICY_ADDRESSES = tuple(f"127.1.4.{100 + number}" for number in range(20))
_TRAPS = (
    Domain(MANY_POLICIES, "a policy for every name below it", delivered("none"), dns="unsigned", mx=("10 mx",), only="55",
           records=(f"mx A {PLAIN_HOST}", *(line for number, address in enumerate(POLICY_ADDRESSES) for line in (
               f'*.g{number} TXT "v=STSv1; id=1;"', f"*.g{number} A {address}", f"*.g{number} MX 10 mx")))),
    Domain(KEYS, "many keys with one tag, many signatures", deferred("dns-bogus", 2), dns="signed", mx=MX, records=keytrap.keys(),
           tampered=(keytrap.tampering(),), only="55"),
    Domain(ITERATED, "NSEC3 of 2,500 rounds", delivered("dane"), (Host("mx", "postfix", tlsa=GOOD),), dns="iterated", only="55"),
    Domain(REFERRAL, "below it, a zone with a thousand name servers that have no address", delivered("encrypted"), dns="unsigned", mx=MX, only="55",
           records=("victim NS ns.victim", f"ns.victim A {VICTIM}", *(f"trap NS n{number}.victim" for number in range(NAME_SERVERS)))),
    Domain(INSECURE, "unsigned, with a TLSA record of another key", delivered("encrypted"), (Host("mx", "postfix", tlsa=("3 1 1 stranger",)),),
           dns="unsigned", only="55"),
)

NET_TABLE = (
    *_TRAPS,
    *PEER_DOMAINS, *RUA,
    Domain(ENDPOINT, "where those reports would go", delivered("encrypted"), (Host("mx", "postfix"),), dns="unsigned", only="54",
           records=(f"@ A {REPORT_PEER}", f"inside A {INSIDE}", f"link A {METADATA}")),
)
