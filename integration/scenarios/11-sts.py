"""One letter to each domain with MTA-STS: what became of it, what the log says, what relayctl says."""

import time
from contextlib import contextmanager
from typing import Iterator

from internet import outcomes, policies
from internet.domains import BY_NAME, STS_DOMAINS, Domain, absolute
from internet.inside import Bed, wait_for
from internet.outcomes import Post
from internet.scenario import cases
from internet.submission import Letter

HELD_BACK = outcomes.held_back(STS_DOMAINS)
# A policy is in force.
IN_FORCE = tuple(domain for domain in STS_DOMAINS if domain.expect.sts in ("enforce", "testing"))
# A policy could not be fetched.
UNKNOWN = tuple(domain for domain in STS_DOMAINS if domain.expect.sts == "unknown" and not domain.faults)
# How TLS-RPT sorts the fault of a policy host (RFC 8460 §4.3.2.2).
RESULT_TYPES = dict.fromkeys(("html", "no-type", "invalid", "bom", "nul", "mode", "no-mx"), "sts-policy-invalid")
OBSERVED = (
    ("testing-expired.example", "sts:certificate-expired"), ("testing-selfsigned.example", "sts:certificate-not-trusted/self-signed"),
    ("testing-wrongname.example", "sts:certificate-host-mismatch"), ("testing-plain.example", "sts:starttls-not-supported"),
)


@contextmanager
def fixture(bed: Bed) -> Iterator[Post]:
    with outcomes.posted(bed, "11-sts", 11, STS_DOMAINS) as post:
        yield post


@cases(STS_DOMAINS, lambda domain: f"{domain.name}, {domain.expect.status}")
def scenario_outcome(post: Post, domain: Domain) -> None:
    """The log's word"""
    outcomes.check_outcome(post, domain)


@cases(STS_DOMAINS, lambda domain: f"{domain.name}, {domain.expect.by or 'nobody'}, {domain.expect.sts or 'no policy'}")
def scenario_marks(post: Post, domain: Domain) -> None:
    """The log says who demanded TLS, and under which MTA-STS mode"""
    outcomes.check_marks(post, domain)


@cases(outcomes.with_status(STS_DOMAINS, "delivered"), lambda domain: domain.name)
def scenario_arrival(post: Post, domain: Domain) -> None:
    """Arrived once, byte for byte, over the TLS the log claims"""
    outcomes.check_arrival(post, domain)


@cases(HELD_BACK, lambda domain: domain.name)
def scenario_held_back(post: Post, domain: Domain) -> None:
    """Nothing was told to the host, the letter is in the queue, and it is tried again"""
    outcomes.check_held_back(post, domain)


@cases(IN_FORCE, lambda domain: f"{domain.name}, {outcomes.OUTCOMES[domain.expect.policy]}")
def scenario_policy(post: Post, domain: Domain) -> None:
    """relayctl policy shows the policy and what follows for each host"""
    found = outcomes.check_policy(post, domain)
    sts = domain.sts
    assert sts
    record, policy = found["mta_sts"]["record"], found["mta_sts"]["policy"]
    # The strings of a record are joined.
    assert record["id"] == policy["id"] == sts.id.replace('" "', ""), found["mta_sts"]
    assert policy["mode"] == sts.mode and policy["max_age"] == sts.max_age, policy
    assert policy["mx"] == [absolute(name, domain.name) for name in sts.mx], policy
    assert policy["fetched_at"] and policy["expires_at"] and policy["source"], policy
    for host in found["hosts"]:
        # A wildcard stands for one label; the table has no other kind than *.DOMAIN.
        listed = any(host["host"] == pattern or (pattern.startswith("*.") and host["host"].split(".", 1)[1] == pattern[2:])
                     for pattern in policy["mx"])
        assert host["sts_match"] == listed, host
        requirement = host["requirement"]
        if listed and domain.expect.verified == "webpki" and host["host"] == absolute(domain.expect.host, domain.name):
            assert requirement["by"] == "mta-sts" and requirement["cleartext_allowed"] is False, requirement
        if sts.mode == "testing" and domain.expect.verified in ("encrypted", "none"):
            assert requirement["level"] == "opportunistic" and requirement["by"] is None, requirement


@cases(UNKNOWN, lambda domain: domain.name)
def scenario_fault(post: Post, domain: Domain) -> None:
    """relayctl policy and the log say why there is no policy"""
    outcomes.first_outcome(post, domain)
    found = outcomes.check_policy(post, domain)
    assert found["mta_sts"]["policy"] is None and found["mta_sts"]["error"], found["mta_sts"]
    # The letter waited for sts.first_wait at most, the fetch may take longer.
    failures = wait_for("sts-fetch-failed", lambda: [
        event for event in post.relay.events() if event.get("event") == "sts-fetch-failed" and event.get("domain") == domain.name], 10)
    assert domain.sts
    wanted = RESULT_TYPES.get(domain.sts.http, "sts-policy-fetch-error" if domain.sts.certificate == "webpki" else "sts-webpki-invalid")
    assert failures[0]["type"] == wanted and "keeps" not in failures[0] and failures[0]["reason"], failures[0]


@cases(OBSERVED, lambda case: f"{case[0]}, {case[1]}")
def scenario_observed(post: Post, case: tuple[str, str]) -> None:
    """The log says what mode testing found wrong"""
    last = post.relay.attempts(post.letters[case[0]])[-1]
    assert last["status"] == "delivered" and last.get("observed") == case[1], last


def scenario_passed_over(post: Post) -> None:
    """F64 Each host that was left for the next has a line: sts-second.example"""
    lines = [event for event in post.relay.events()
             if event.get("event") == "host-failed" and event.get("destination") == "sts-second.example"]
    assert [(line["host"], line["cause"]) for line in lines] == [("mx1.sts-second.example", "sts-mx-mismatch")], lines


def scenario_none(post: Post) -> None:
    """F67 sts-none.example: mode none is known, and demands nothing"""
    domain = next(domain for domain in STS_DOMAINS if domain.name == "sts-none.example")
    found = outcomes.check_policy(post, domain)
    assert found["mta_sts"]["policy"]["mode"] == "none", found["mta_sts"]


def scenario_two_records(post: Post) -> None:
    """F63 policy-two-records.example: two TXT records are none, and nothing is fetched"""
    domain = next(domain for domain in STS_DOMAINS if domain.name == "policy-two-records.example")
    found = outcomes.check_policy(post, domain)
    assert found["mta_sts"]["policy"] is None and found["mta_sts"]["error"], found["mta_sts"]
    assert not policies.requests(post.bed.folder, domain.name)


def scenario_fetched(post: Post) -> None:
    """Each fetch is in the log, with mode, id, max_age and mx"""
    by_domain = {event["domain"]: event for event in post.relay.events() if event.get("event") == "sts-fetched"}
    missing = [domain.name for domain in IN_FORCE if domain.name not in by_domain]
    assert not missing, f"no sts-fetched for {missing}"
    found = by_domain["sts-enforce.example"]
    assert (found["mode"], found["id"], found["max_age"], found["mx"]) == ("enforce", "1", "86400", "mx.sts-enforce.example"), found


def scenario_one_fetch(post: Post) -> None:
    """F55 After a failed GET the next one waits: letters and retries make no more of them"""
    before = policies.requests(post.bed.folder, "policy-404.example")
    for _ in range(5):
        letter = Letter.to("someone@policy-404.example")
        post.relay.submit(letter)
        post.relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
    assert policies.requests(post.bed.folder, "policy-404.example") == before, "another GET for the same id"


def scenario_redirect_not_followed(post: Post) -> None:
    """F56 A redirect is not followed"""
    assert "200" not in policies.requests(post.bed.folder, "policy-redirect.example")


def scenario_slow_policy_host(post: Post) -> None:
    """F60 policy-slow.example keeps its own letter waiting for sts.first_wait, and no other"""
    slow = post.relay.attempts(post.letters["policy-slow.example"])[0]
    assert 3 <= float(slow["delay"].rstrip("s")) <= 9, slow
    began = time.monotonic()
    letter = Letter.to("someone@sts-enforce.example")
    post.relay.submit(letter)
    post.relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 3)
    assert time.monotonic() - began < 3


def scenario_record_unknown(post: Post) -> None:
    """F52 The lookup of the TXT record fails and nothing is known: delivered, marked as unknown, and nothing is fetched"""
    name = "fault-52.example"
    last, _ = outcomes.first_outcome(post, BY_NAME[name])
    assert (last["status"], last["sts"]) == ("delivered", "unknown"), last
    _, found = post.relay.ctl_json("policy", name)
    assert isinstance(found, dict) and found["mta_sts"]["policy"] is None and found["mta_sts"]["error"], found["mta_sts"]
    assert not policies.requests(post.bed.folder, name)
