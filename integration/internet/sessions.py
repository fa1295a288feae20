"""What the mail hosts of the bed say of the SMTP sessions they had with one relay: what its TLS-RPT counts are held against.

Counted is what D3 (a) of Waxwing's decisions counts: a connection that reached the STARTTLS decision. That is one with EHLO and STARTTLS, or
with EHLO at a host that offers no STARTTLS. A connection with EHLO and no STARTTLS at a host that offers it is the clear one that
follows a failed handshake, and counts nowhere.
"""

import re
from collections import Counter
from dataclasses import dataclass

from .domains import BY_NAME, DOMAINS, Domain, Host, absolute
from .inside import Bed, wait_for
from .scripted import SCRIPTS

_HOSTS: dict[str, tuple[Domain, Host]] = {absolute(host.name, domain.name): (domain, host) for domain in DOMAINS for host in domain.hosts}
_BY_ADDRESS = {host.address: name for name, (_, host) in _HOSTS.items()}


@dataclass(frozen=True)
class Seen:
    """Connections from one address, by full name of the host."""

    decided: Counter[str]
    # Clear ones after a failed handshake.
    in_clear: Counter[str]
    # Not ended yet: their logs may say more.
    open: int


def _postfix(bed: Bed, address: str) -> Seen:
    seen = Seen(Counter(), Counter(), 0)
    begun = 0
    for log in ("postfix-receivers.log", "postfix-sender.log"):
        for line in bed.log(log).splitlines():
            found = re.search(rf"postfix/(\S+)/smtpd\[\d+\]: (dis)?connect from \S+\[{re.escape(address)}\](.*)", line)
            if not found:
                continue
            begun += -1 if found[2] else 1
            if found[2] and re.search(r" ehlo=[1-9]", found[3]):
                offers = _HOSTS[found[1]][1].certificate != "none"
                (seen.decided if " starttls=" in found[3] or not offers else seen.in_clear)[found[1]] += 1
    return Seen(seen.decided, seen.in_clear, begun)


def _exim(bed: Bed, address: str) -> Seen:
    """Its hosts have no fault that a relay would meet in clear: every connection got as far as STARTTLS."""
    log = bed.log("exim-mainlog")
    begun = re.findall(rf"SMTP connection from \[{re.escape(address)}\] I=\[([0-9.]+)\]:25 \(TCP/IP connection count", log)
    ended = re.findall(rf"SMTP connection from (?:\(\S+\) )?\[{re.escape(address)}\] I=\[[0-9.]+\]:25 (?!\(TCP)\S", log)
    return Seen(Counter(_BY_ADDRESS[host] for host in begun), Counter(), len(begun) - len(ended))


def _opensmtpd(bed: Bed, address: str) -> Seen:
    """Its log names no listener: a session that broke off was at the host that offers TLS, others say for whom they brought mail."""
    decided: Counter[str] = Counter()
    in_clear: Counter[str] = Counter()
    log = bed.log("opensmtpd.log")
    begun = re.findall(rf"^(\w+) smtp connected address={re.escape(address)} ", log, re.M)
    said: dict[str, list[str]] = {session: [] for session in begun}
    for session, line in re.findall(r"^(\w+) smtp (.*)", log, re.M):
        if session in said:
            said[session].append(line)
    still_open = 0
    for lines in said.values():
        recipients = re.findall(r" to=<[^>]*@([^>]*)>", "\n".join(lines))
        if not any(line.startswith("disconnected") for line in lines):
            still_open += 1
        elif any("io-error" in line for line in lines):
            decided.update(name for name, (_, host) in _HOSTS.items() if host.server == "opensmtpd" and host.certificate != "none")
        elif recipients:
            name, (_, host) = next((name, pair) for name, pair in _HOSTS.items() if pair[0].name == recipients[0])
            (decided if host.certificate == "none" else in_clear)[name] += 1
    return Seen(decided, in_clear, still_open)


def _scripted(bed: Bed, address: str) -> Seen:
    decided: Counter[str] = Counter()
    in_clear: Counter[str] = Counter()
    still_open = 0
    for name, (_, host) in _HOSTS.items():
        if host.server not in SCRIPTS:
            continue
        sessions: dict[str, list[str]] = {}
        for peer, line in re.findall(rf"^\S+ \[({re.escape(address)}:\d+)\] (.*)", bed.log(f"scripted-{name}.log"), re.M):
            # A port may come again.
            if line == "-: connected" and peer in sessions:
                sessions[f"{peer} {len(sessions)}"] = sessions.pop(peer)
            sessions.setdefault(peer, []).append(line)
        for lines in sessions.values():
            still_open += "-: closed" not in lines
            if any(line.startswith("C: EHLO") for line in lines):
                (decided if "C: STARTTLS" in lines else in_clear)[name] += 1
    return Seen(decided, in_clear, still_open)


def seen(bed: Bed, address: str) -> Seen:
    """What all hosts saw of the relay at `address` so far (its delivery.source_ipv4)."""
    parts = [look(bed, address) for look in (_postfix, _exim, _opensmtpd, _scripted)]
    decided, in_clear = Counter[str](), Counter[str]()
    for part in parts:
        decided.update(part.decided)
        in_clear.update(part.in_clear)
    return Seen(decided, in_clear, sum(part.open for part in parts))


def settled(bed: Bed, address: str, limit: float = 60) -> Seen:
    """The same, once every connection has ended and is in the logs: for a relay that has been stopped."""
    def quiet() -> Seen | None:
        found = seen(bed, address)
        return found if found.open <= 0 else None
    first = wait_for("the end of all sessions in the hosts' logs", quiet, limit)
    # A log that is behind has not even the beginning.
    wait_for("logs at rest", lambda: seen(bed, address) == first or None, 20)
    return seen(bed, address)


def hosts_for(domain: Domain) -> frozenset[str]:
    """Full names of the hosts that mail to the domain may reach."""
    if domain.alias_of:
        return hosts_for(BY_NAME[domain.alias_of])
    names = [absolute(record.split()[1], domain.name) for record in domain.mx] if domain.mx else [domain.name]
    # An alias among them is logged under its own host's name.
    return frozenset(name for name in names if name in _HOSTS) | frozenset(
        absolute(host.name, domain.name) for host in domain.hosts if domain.mx is not None and absolute(host.name, domain.name) not in names)


def groups(domains: tuple[Domain, ...]) -> list[tuple[Domain, ...]]:
    """Domains that share a host together: a host's log does not say for which of them a session was."""
    found: list[tuple[set[str], list[Domain]]] = []
    for domain in domains:
        hosts = set(hosts_for(domain))
        members = [domain]
        for other in [other for other in found if other[0] & hosts]:
            found.remove(other)
            hosts |= other[0]
            members = other[1] + members
        found.append((hosts, members))
    return [tuple(members) for _, members in found]
