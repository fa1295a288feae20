"""One letter to each domain of the table: what became of it, what the log says, what relayctl says."""

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Iterator

from internet.domains import KNOWN_RECIPIENT, MAIL_DOMAINS, Domain, absolute
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter


@dataclass
class Post:
    bed: Bed
    relay: Relay
    letters: dict[str, Letter] = field(default_factory=dict)


@contextmanager
def fixture(bed: Bed) -> Iterator[Post]:
    with Relay(bed, "10-domains", 10) as relay:
        post = Post(bed, relay)
        for domain in MAIL_DOMAINS:
            post.letters[domain.name] = letter = Letter.to(f"someone@{domain.name}", name="domains")
            relay.submit(letter)
        yield post


def recipient(domain: Domain) -> str:
    return f"someone@{domain.name}"


def verdicts(domain: Domain) -> dict[str, str]:
    expect = domain.expect
    wanted = {"status": expect.status}
    if expect.status == "delivered":
        wanted |= {"verified": expect.verified, "host": absolute(expect.host, domain.name)}
    else:
        wanted |= {"cause": expect.cause}
    return wanted


@cases(MAIL_DOMAINS, lambda domain: f"{domain.name}, {domain.expect.status}")
def scenario_outcome(post: Post, domain: Domain) -> None:
    """The log's word"""
    expect, letter = domain.expect, post.letters[domain.name]
    final = ("delivered", "bounced") if expect.status != "deferred" else ("delivered", "deferred", "bounced")
    attempts = post.relay.wait_attempt(letter, recipient(domain), final, 40)
    last = next(attempt for attempt in attempts if attempt["status"] in final)
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
    before = attempts[:attempts.index(last)]
    if expect.attempts > 1:
        assert before and {attempt.get("cause") for attempt in before} == {expect.cause_before}, before
    else:
        assert not before, f"took {len(before) + 1} attempts: {before}"


@cases([domain for domain in MAIL_DOMAINS if domain.expect.status == "delivered"], lambda domain: domain.name)
def scenario_arrival(post: Post, domain: Domain) -> None:
    """Arrived once, byte for byte, over the TLS the log claims"""
    letter = post.letters[domain.name]
    copies = wait_for("copy in the maildir", lambda: post.bed.delivered(domain.name, letter.mark), 40)
    assert len(copies) == 1, f"{len(copies)} copies"
    assert letter.arrived_whole(copies[0]), copies[0].decode(errors="replace")
    head = copies[0].split(b"\n\n", 1)[0].decode(errors="replace")
    by_host = head.split("Received:")[1]
    encrypted = bool(re.search(r"\bESMTPS\b|\besmtps\b|TLS", by_host))
    assert encrypted == (domain.expect.verified != "none"), by_host
    assert "relay.example" in head.split("Received:", 2)[2], f"no Received of ours:\n{head}"


@cases([domain for domain in MAIL_DOMAINS if domain.expect.status == "bounced"], lambda domain: domain.name)
def scenario_notice(post: Post, domain: Domain) -> None:
    """The sender got one DSN that says why"""
    letter = post.letters[domain.name]
    notices = wait_for("DSN", lambda: post.bed.bounces(letter.sender), 30)
    assert len(notices) == 1, f"{len(notices)} DSNs"
    parts = [part for part in notices[0].walk() if part.get_content_type() == "message/delivery-status"]
    assert len(parts) == 1, [part.get_content_type() for part in notices[0].walk()]
    fields = {key.lower(): value for group in parts[0].get_payload() for key, value in group.items()}
    assert fields["final-recipient"].split(";")[1].strip() == recipient(domain), fields
    assert fields["action"] == "failed", fields
    assert re.fullmatch(domain.expect.code, fields["status"]), fields
    assert notices[0]["Auto-Submitted"] == "auto-replied", notices[0].items()
    assert ("diagnostic-code" in fields) == (domain.expect.cause == "remote-reply"), fields


# A host that says "later" was told a sender; one that is kept from us by policy or DNS must not be.
HELD_BACK = [
    domain for domain in MAIL_DOMAINS if domain.expect.status == "deferred" and domain.expect.cause != "remote-reply"
]


@cases(HELD_BACK, lambda domain: domain.name)
def scenario_held_back(post: Post, domain: Domain) -> None:
    """Nothing was told to the host, the letter is in the queue, and it is tried again"""
    letter = post.letters[domain.name]
    post.relay.wait_attempt(letter, recipient(domain), ("deferred",), 40)
    wait_for("second attempt", lambda: len(post.relay.attempts(letter)) >= 2, 40)
    assert {attempt["status"] for attempt in post.relay.attempts(letter)} == {"deferred"}
    assert not post.bed.saw_envelope(domain.name, letter.sender), post.bed.sessions(domain.name)
    assert not post.bed.delivered(domain.name, letter.mark)
    if domain.expect.policy == 2:
        assert not post.bed.sessions(domain.name), f"it connected: {post.bed.sessions(domain.name)}"
    code, page = post.relay.ctl_json("queue", "list", "--sender", letter.sender)
    assert code == 0, page
    message = page["messages"][0]  # type: ignore[index]
    assert message["recipients"][0]["address"] == recipient(domain), message
    assert message["recipients"][0]["reason"]["cause"] == domain.expect.cause, message


OUTCOMES = {0: "authenticated", 1: "unauthenticated", 2: "undeliverable"}


@cases(MAIL_DOMAINS, lambda domain: f"{domain.name}, {OUTCOMES[domain.expect.policy]}")
def scenario_policy(post: Post, domain: Domain) -> None:
    """relayctl policy"""
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
        level = {"dane": "authenticated", "dane-host": "authenticated", "encrypted": None, "none": "opportunistic"}[domain.expect.verified]
        requirement = next(host["requirement"] for host in found["hosts"] if host["host"] == absolute(domain.expect.host, domain.name))
        assert level is None or requirement["level"] == level, requirement
        if domain.expect.verified in ("dane", "dane-host"):
            assert requirement["by"] == domain.expect.verified, requirement


def scenario_mixed_recipients(post: Post) -> None:
    """One letter, seven recipients, each with a fate of its own"""
    fates = {
        "one@good.example": "delivered", "two@good.example": "delivered", "three@dane-ta.example": "delivered",
        f"{KNOWN_RECIPIENT}@rejects.example": "delivered", "stranger@rejects.example": "bounced",
        "four@absent.example": "bounced", "five@mismatch.example": "deferred",
    }
    letter = Letter.to(*fates, name="mixed")
    post.relay.submit(letter)
    for address, status in fates.items():
        attempts = post.relay.wait_attempt(letter, address, ("delivered", "bounced", "deferred"), 30)
        assert attempts[0]["status"] == status, attempts[0]
    notices = wait_for("two DSNs", lambda: len(found := post.bed.bounces(letter.sender)) >= 2 and found, 20)
    failed = sorted(re.findall(r"Final-Recipient: rfc822; ?(\S+)", "".join(notice.as_string() for notice in notices)))
    assert failed == ["four@absent.example", "stranger@rejects.example"], failed
    time.sleep(3)  # through one retry of the deferred recipient: the others get nothing more
    assert len(post.bed.delivered("rejects.example", letter.mark)) == 1
    code, page = post.relay.ctl_json("queue", "list", "--sender", letter.sender)
    left = [one["address"] for one in page["messages"][0]["recipients"] if one["state"] not in ("delivered", "bounced")]  # type: ignore[index]
    assert left == ["five@mismatch.example"], page


def scenario_status(post: Post) -> None:
    """relayctl status counts what happened"""
    code, status = post.relay.ctl_json("status")
    assert code == 0 and isinstance(status, dict)
    assert status["intake"]["accepted_total"] >= len(MAIL_DOMAINS), status
    assert status["resolver"]["state"] == "running" and status["resolver"]["validates"] is True, status
    assert status["store"]["messages"] >= len(HELD_BACK), status


def scenario_daemon_absent(post: Post) -> None:
    """relayctl without a daemon says so and exits 69"""
    import subprocess

    from internet.relay import program
    done = subprocess.run([program("relayctl"), "status", "--socket", "/nowhere/control.sock"], capture_output=True, text=True)
    assert done.returncode == 69 and done.stderr.count("\n") == 1 and not done.stdout, done
