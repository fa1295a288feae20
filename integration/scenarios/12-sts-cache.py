"""What is remembered of a policy, and for how long: records vanish, policy hosts fail, the daemon is killed, policies change and end."""

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import Iterator

from internet import changes, dnsfaults, policies
from internet.domains import BY_NAME, STS
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.submission import Letter

# In time for two attempts of a host that fails.
LIMIT = 40
MANY = 20


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "12-sts-cache", 12) as relay:
        yield relay


def held(relay: Relay, domain: str) -> Letter:
    """A letter that the domain's policy holds back."""
    letter = Letter.to(f"someone@{domain}", name="cache")
    relay.submit(letter)
    wait_held(relay, letter, 0)
    return letter


def wait_held(relay: Relay, letter: Letter, after: int) -> None:
    """One more attempt than `after`, and the policy was enforced in all of them."""
    attempts = wait_for("attempt", lambda: len(found := relay.attempts(letter)) > after and found, LIMIT)
    domain = BY_NAME[letter.recipients[0].split("@")[1]]
    for attempt in attempts:
        assert (attempt["status"], attempt.get("cause"), attempt.get("sts")) == ("deferred", domain.expect.cause, "enforce"), attempt


def events(relay: Relay, name: str, domain: str) -> list[dict[str, str]]:
    return [event for event in relay.events() if event.get("event") == name and event.get("domain") == domain]


def shown(relay: Relay, domain: str) -> dict:
    _, found = relay.ctl_json("policy", domain)
    assert isinstance(found, dict)
    return found["mta_sts"]


def scenario_new_id_host_down(relay: Relay) -> None:
    """F54 A new id, the policy host fails, the daemon is killed: the old policy stays in force"""
    domain = "changes-id.example"
    letter = held(relay, domain)
    changes.publish(relay.bed, domain, STS(id="2", http="503"))
    wait_for("failed fetch in the log", lambda: events(relay, "sts-fetch-failed", domain), LIMIT)
    wait_held(relay, letter, len(relay.attempts(letter)))
    relay.kill()
    relay.start()
    wait_held(relay, letter, len(relay.attempts(letter)))
    failure = events(relay, "sts-fetch-failed", domain)[0]
    assert (failure["id"], failure["keeps"], failure["type"]) == ("2", "1", "sts-policy-fetch-error"), failure
    found = shown(relay, domain)
    assert found["record"]["id"] == "2" and found["policy"]["id"] == "1" and found["policy"]["mode"] == "enforce", found
    assert found["error"], found


def scenario_one_get_for_an_id(relay: Relay) -> None:
    """F54 For the id that failed there is one GET in five minutes, for the id that is held there is none"""
    failed = policies.requests(relay.bed.folder, "changes-id.example")
    assert failed.count("503") == 1, failed


def scenario_record_vanished(relay: Relay) -> None:
    """F53 The TXT record vanishes, the daemon restarts: the policy stays, and the log warns; the record's return is told, too"""
    domain = "changes-txt.example"
    letter = held(relay, domain)
    changes.forget_record(relay.bed, domain)
    wait_for("warning in the log", lambda: events(relay, "sts-record-missing", domain), LIMIT)
    relay.stop()
    relay.start()
    wait_held(relay, letter, len(relay.attempts(letter)))
    found = shown(relay, domain)
    assert found["record"] is None and found["policy"]["mode"] == "enforce", found
    changes.publish(relay.bed, domain, STS())
    wait_for("word of its return", lambda: events(relay, "sts-record-back", domain), LIMIT)
    wait_held(relay, letter, len(relay.attempts(letter)))


def scenario_mode_none(relay: Relay) -> None:
    """F67 enforce becomes none, by a new id: the letter goes out"""
    domain = "changes-mode.example"
    letter = held(relay, domain)
    changes.publish(relay.bed, domain, STS("none", (), id="2"))
    last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
    assert last["verified"] == "encrypted" and last.get("sts", "-") in ("", "-"), last


def scenario_list_changed(relay: Relay) -> None:
    """F64 A host that no policy listed is in the next one: delivered with no more waiting than a retry"""
    domain = "changes-list.example"
    letter = held(relay, domain)
    changes.publish(relay.bed, domain, STS(id="2"))
    last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
    assert (last["verified"], last["by"], last["sts"]) == ("webpki", "mta-sts", "enforce"), last


def scenario_expiry(relay: Relay) -> None:
    """F68 max_age is over and the policy cannot be had again: it is applied no longer, and not before"""
    domain = "changes-age.example"
    began = time.monotonic()
    letter = held(relay, domain)
    changes.serve(relay.bed, domain, STS(max_age=8, http="503"))
    last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)[-1]
    # Fetched no sooner than the letter was there.
    assert time.monotonic() - began >= 8, "before its time"
    assert (last["verified"], last["sts"]) == ("encrypted", "unknown"), last


def scenario_refresh(relay: Relay) -> None:
    """The same id hides a new policy, until the operator fetches it: relayctl sts cache, sts refresh"""
    domain = "changes-refresh.example"
    letter = held(relay, domain)
    fetched = policies.requests(relay.bed.folder, domain)
    wait_held(relay, letter, len(relay.attempts(letter)))
    assert policies.requests(relay.bed.folder, domain) == fetched == ["200"], "fetched again for the same id"
    code, cache = relay.ctl_json("sts", "cache")
    assert code == 0 and domain in str(cache), cache
    changes.serve(relay.bed, domain, STS(http="404"))
    code, _, error = relay.ctl("sts", "refresh", domain)
    assert code == 1, (code, error)
    wait_held(relay, letter, len(relay.attempts(letter)))
    changes.serve(relay.bed, domain, STS("none", ()))
    code, found = relay.ctl_json("sts", "refresh", domain)
    assert code == 0, (code, found)
    assert policies.requests(relay.bed.folder, domain) == ["200", "404", "200"]
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)


def scenario_slow_policy_host(first: Relay) -> None:
    """F60 A slow policy host delays its own domain by sts.first_wait, and nobody else"""
    bed = first.bed
    with Relay(bed, "12-sts-cache-slow", 120, more={"sts": {"first_wait": quoted("10s"), "fetch_timeout": quoted("15s")}}) as relay:
        slow = [Letter.to("someone@changes-slow.example", name="slow") for _ in range(MANY)]
        others = [Letter.to(f"someone@{domain}", name="swift") for domain in ("good.example", "sts-enforce.example") for _ in range(MANY)]
        for letter in (*slow, *others):
            relay.submit(letter)
        for letter in others:
            last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
            assert float(last["delay"].rstrip("s")) < 6, last
        for letter in slow:
            last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
            assert last["sts"] == "unknown" and 9 <= float(last["delay"].rstrip("s")) < 20, last
        assert len(policies.requests(bed.folder, "changes-slow.example")) <= 1, "more than one fetch for many letters"


def scenario_record_lookup_fails(relay: Relay) -> None:
    """F51 The lookup of the TXT record fails while a policy is known: it stays in force, and the log warns"""
    domain = "fault-51.example"
    changes.mend_lookups(relay.bed, domain)
    letter = held(relay, domain)
    changes.break_lookups(relay.bed, domain)
    asked = lookups(relay, domain)
    wait_for("a lookup that failed", lambda: lookups(relay, domain) > asked, LIMIT)
    wait_held(relay, letter, len(relay.attempts(letter)))
    assert policies.requests(relay.bed.folder, domain) == ["200"]
    wait_for("the warning", lambda: events(relay, "sts-record-missing", domain), LIMIT)
    assert shown(relay, domain)["policy"]["mode"] == "enforce"


def lookups(relay: Relay, domain: str) -> int:
    return dnsfaults.questions(relay.bed.folder, f"_mta-sts.{domain}").count("TXT")


def scenario_hundred_letters(relay: Relay) -> None:
    """F55 A hundred letters to a domain whose policy cannot be fetched cause one GET, and all arrive"""
    domain = "fault-55.example"
    letters = [Letter.to(f"someone@{domain}", name="hundred") for _ in range(100)]
    for letter in letters:
        relay.submit(letter)
    for letter in letters:
        last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
        assert last["sts"] == "unknown", last
    assert policies.requests(relay.bed.folder, domain) == ["404"]


def scenario_policy_host_expires(relay: Relay) -> None:
    """F57 A new id, and the policy host's certificate has expired: the old policy stays in force"""
    domain = "fault-57-held.example"
    sts = BY_NAME[domain].sts
    assert sts
    letter = held(relay, domain)
    changes.certify(relay.bed, domain, "webpki-expired")
    changes.publish(relay.bed, domain, replace(sts, id="2"))
    failure = wait_for("failed fetch in the log", lambda: events(relay, "sts-fetch-failed", domain), LIMIT)[0]
    assert (failure["id"], failure["keeps"], failure["type"]) == ("2", "1", "sts-webpki-invalid"), failure
    wait_held(relay, letter, len(relay.attempts(letter)))
    assert shown(relay, domain)["policy"]["id"] == "1"
