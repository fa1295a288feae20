"""One letter to each domain without MTA-STS: what became of it, what the log says, what relayctl says."""

import re
import time
from contextlib import contextmanager
from typing import Iterator

from internet import outcomes
from internet.domains import DANE_DOMAINS, KNOWN_RECIPIENT, Domain
from internet.inside import Bed, wait_for
from internet.outcomes import Post
from internet.scenario import cases
from internet.submission import Letter

HELD_BACK = outcomes.held_back(DANE_DOMAINS)


@contextmanager
def fixture(bed: Bed) -> Iterator[Post]:
    with outcomes.posted(bed, "10-domains", 10, DANE_DOMAINS) as post:
        yield post


@cases(DANE_DOMAINS, lambda domain: f"{domain.name}, {domain.expect.status}")
def scenario_outcome(post: Post, domain: Domain) -> None:
    """The log's word"""
    outcomes.check_outcome(post, domain)


@cases(DANE_DOMAINS, lambda domain: domain.name)
def scenario_marks(post: Post, domain: Domain) -> None:
    """The log says who demanded TLS, and no MTA-STS"""
    outcomes.check_marks(post, domain)


@cases(outcomes.with_status(DANE_DOMAINS, "delivered"), lambda domain: domain.name)
def scenario_arrival(post: Post, domain: Domain) -> None:
    """Arrived once, byte for byte, over the TLS the log claims"""
    outcomes.check_arrival(post, domain)


@cases(outcomes.with_status(DANE_DOMAINS, "bounced"), lambda domain: domain.name)
def scenario_notice(post: Post, domain: Domain) -> None:
    """The sender got one DSN that says why"""
    outcomes.check_notice(post, domain)


@cases(HELD_BACK, lambda domain: domain.name)
def scenario_held_back(post: Post, domain: Domain) -> None:
    """Nothing was told to the host, the letter is in the queue, and it is tried again"""
    outcomes.check_held_back(post, domain)


@cases(DANE_DOMAINS, lambda domain: f"{domain.name}, {outcomes.OUTCOMES[domain.expect.policy]}")
def scenario_policy(post: Post, domain: Domain) -> None:
    """relayctl policy"""
    outcomes.check_policy(post, domain)


def scenario_mixed_recipients(post: Post) -> None:
    """F87 One letter, seven recipients, each with a fate of its own"""
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
    assert status["intake"]["accepted_total"] >= len(DANE_DOMAINS), status
    assert status["resolver"]["state"] == "running" and status["resolver"]["validates"] is True, status
    assert status["store"]["messages"] >= len(HELD_BACK), status


def scenario_daemon_absent(post: Post) -> None:
    """relayctl without a daemon says so and exits 69"""
    import subprocess

    from internet.relay import program
    done = subprocess.run([program("relayctl"), "status", "--socket", "/nowhere/control.sock"], capture_output=True, text=True)
    assert done.returncode == 69 and done.stderr.count("\n") == 1 and not done.stdout, done
