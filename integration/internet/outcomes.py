"""One letter to each domain of a part of the table, and whether all became of it that the table says."""

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Iterator

from . import addresses
from .domains import Domain, absolute
from .inside import Bed, wait_for
from .relay import Relay
from .relayconfig import quoted
from .submission import Letter

# Seconds until the first outcome of each letter.
LIMIT = 40
OUTCOMES = {0: "authenticated", 1: "unauthenticated", 2: "undeliverable"}
# What the log says where a key has nothing to say.
NOTHING = ("", "-")


@dataclass
class Post:
    bed: Bed
    relay: Relay
    letters: dict[str, Letter] = field(default_factory=dict)


@contextmanager
def posted(bed: Bed, name: str, number: int, domains: tuple[Domain, ...]) -> Iterator[Post]:
    """A relay that was given a letter for each of the domains."""
    # What Postfix logs of its sessions is told apart by the address.
    with Relay(bed, name, number, more={"delivery": {"source_ipv4": quoted(addresses.relay(number))}}) as relay:
        post = Post(bed, relay)
        for domain in domains:
            post.letters[domain.name] = letter = Letter.to(recipient(domain), name=name)
            relay.submit(letter)
        yield post


def connections(bed: Bed, host: str, relay: Relay) -> int:
    """How often a relay with a source address of its own connected to a host that Postfix plays."""
    return len([line for line in bed.log("postfix-receivers.log").splitlines()
                if f"postfix/{host}/smtpd" in line and ": connect from " in line and f"[{relay.address}]" in line])


def recipient(domain: Domain) -> str:
    return f"someone@{domain.name}"


def with_status(domains: tuple[Domain, ...], status: str) -> tuple[Domain, ...]:
    return tuple(domain for domain in domains if domain.expect.status == status)


def held_back(domains: tuple[Domain, ...]) -> tuple[Domain, ...]:
    """A host that says "later" was told a sender; one that is kept from us by policy or DNS must not be."""
    return tuple(domain for domain in with_status(domains, "deferred") if domain.expect.cause != "remote-reply")


def verdicts(domain: Domain) -> dict[str, str]:
    expect = domain.expect
    wanted = {"status": expect.status}
    if expect.status == "delivered":
        wanted |= {"verified": expect.verified, "host": absolute(expect.host, domain.name)}
    else:
        wanted |= {"cause": expect.cause}
    return wanted


def first_outcome(post: Post, domain: Domain) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The attempt that decided, and those before it."""
    final = ("delivered", "bounced") if domain.expect.status != "deferred" else ("delivered", "deferred", "bounced")
    attempts = post.relay.wait_attempt(post.letters[domain.name], recipient(domain), final, LIMIT)
    last = next(attempt for attempt in attempts if attempt["status"] in final)
    return last, attempts[:attempts.index(last)]


def check_outcome(post: Post, domain: Domain) -> None:
    expect = domain.expect
    last, before = first_outcome(post, domain)
    wanted = verdicts(domain)
    assert {key: last.get(key, "") for key in wanted} == wanted, last
    for key in ("queue_id", "from", "to", "destination", "delay"):
        assert last.get(key), f"no {key} in {last}"
    if expect.status != "delivered":
        assert last.get("reason"), f"no reason in {last}"
    elif expect.verified == "none":
        assert last["tls"] == "-", last
    else:
        assert re.fullmatch(r"TLSv1\.[23]", last["tls"]), last
    if expect.attempts > 1:
        assert before and {attempt.get("cause") for attempt in before} == {expect.cause_before}, before
    else:
        assert not before, f"took {len(before) + 1} attempts: {before}"


def check_marks(post: Post, domain: Domain) -> None:
    """Of a delivery: who demanded what was verified. Of both: the MTA-STS mode that was in force."""
    last, _ = first_outcome(post, domain)
    wanted = {"sts": domain.expect.sts} | ({"by": domain.expect.by} if domain.expect.status == "delivered" else {})
    found = {key: "" if last.get(key, "") in NOTHING else last[key] for key in wanted}
    assert found == wanted, last


def check_arrival(post: Post, domain: Domain) -> None:
    letter = post.letters[domain.name]
    copies = wait_for("copy in the maildir", lambda: post.bed.delivered(domain.name, letter.mark), LIMIT)
    assert len(copies) == 1, f"{len(copies)} copies"
    assert letter.arrived_whole(copies[0]), copies[0].decode(errors="replace")
    head = copies[0].split(b"\n\n", 1)[0].decode(errors="replace")
    by_host = head.split("Received:")[1]
    encrypted = bool(re.search(r"\bESMTPS\b|\besmtps\b|TLS", by_host))
    assert encrypted == (domain.expect.verified != "none"), by_host
    assert "relay.example" in head.split("Received:", 2)[2], f"no Received of ours:\n{head}"


def check_notice(post: Post, domain: Domain) -> None:
    notices = wait_for("DSN", lambda: post.bed.bounces(post.letters[domain.name].sender), 30)
    assert len(notices) == 1, f"{len(notices)} DSNs"
    parts = [part for part in notices[0].walk() if part.get_content_type() == "message/delivery-status"]
    assert len(parts) == 1, [part.get_content_type() for part in notices[0].walk()]
    fields = {key.lower(): value for group in parts[0].get_payload() for key, value in group.items()}
    assert fields["final-recipient"].split(";")[1].strip() == recipient(domain), fields
    assert fields["action"] == "failed", fields
    assert re.fullmatch(domain.expect.code, fields["status"]), fields
    assert notices[0]["Auto-Submitted"] == "auto-replied", notices[0].items()
    assert ("diagnostic-code" in fields) == (domain.expect.cause == "remote-reply"), fields


def check_held_back(post: Post, domain: Domain) -> None:
    letter = post.letters[domain.name]
    attempts = post.relay.wait_attempt(letter, recipient(domain), ("delivered", "deferred", "bounced"), LIMIT)
    assert attempts[0]["status"] == "deferred", attempts[0]
    wait_for("second attempt", lambda: len(post.relay.attempts(letter)) >= 2, LIMIT)
    assert {attempt["status"] for attempt in post.relay.attempts(letter)} == {"deferred"}
    assert not post.bed.saw_envelope(domain.name, letter.sender), post.bed.sessions(domain.name)
    assert not post.bed.delivered(domain.name, letter.mark)
    if domain.expect.policy == 2:
        assert not post.bed.sessions(domain.name), f"it connected: {post.bed.sessions(domain.name)}"
        for host in domain.hosts:
            assert not connections(post.bed, absolute(host.name, domain.name), post.relay), f"it connected to {host.name}"
    code, page = post.relay.ctl_json("queue", "list", "--sender", letter.sender)
    assert code == 0, page
    message = page["messages"][0]  # type: ignore[index]
    assert message["recipients"][0]["address"] == recipient(domain), message
    assert message["recipients"][0]["reason"]["cause"] == domain.expect.cause, message


def check_policy(post: Post, domain: Domain) -> dict:
    """The contract of `relayctl policy --json`; its answer, for more."""
    code, found = post.relay.ctl_json("policy", domain.name)
    assert code == domain.expect.policy, f"exit {code}: {found}"
    assert isinstance(found, dict)
    assert found["domain"] == domain.name and found["outcome"] == OUTCOMES[domain.expect.policy] and found["because"], found
    assert {"security", "implicit", "null", "records", "error"} <= set(found["mx"]), found["mx"]
    for host in found["hosts"]:
        assert {"host", "preference", "addresses", "address_security", "tlsa", "requirement"} <= set(host), host
        assert {"base_domain", "lookup", "security", "records"} <= set(host["tlsa"]), host["tlsa"]
        assert host["requirement"] is None or {"level", "by", "cleartext_allowed", "reason"} <= set(host["requirement"]), host
    if domain.expect.status == "delivered":
        level = {"none": "opportunistic", "encrypted": None}.get(domain.expect.verified, "authenticated")
        requirement = next(host["requirement"] for host in found["hosts"] if host["host"] == absolute(domain.expect.host, domain.name))
        assert level is None or requirement["level"] == level, requirement
        if domain.expect.verified in ("dane", "dane-host"):
            assert requirement["by"] == domain.expect.verified, requirement
    return found
