"""Exceptions to the policy of a domain, from the order to their end, and rules that are only tried."""

import random
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator

from internet import addresses, changes, watching
from internet.changinghosts import ChangingHost, certificate
from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.listeners import events, toml
from internet.relay import Relay, program
from internet.relayconfig import quoted
from internet.scenario import cases
from internet.watchdomains import CERTIFICATE
from internet.watching import answer, outcome, send, settled
from internet.words import GOOD

LIMIT = 40
# What was put off waits for the order, not for its turn.
PATIENT = {"retry": {"minimum": toml("1h"), "maximum": toml("2h")}} | watching.FORGETFUL | watching.SHORT_IDLE
DANE, STS, PLAIN = "exception-dane.example", "exception-sts.example", "exception-plain.example"
MANY = 50
KILLS = 10


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "38-exceptions", 38, more=PATIENT) as relay:
        yield relay


def why(domain: str) -> str:
    return f"a test of {domain}"


def addition(relay: Relay, domain: str, allow: str = "encrypted", span: str = "7d", *more: str) -> dict[str, Any]:
    return answer(relay, "exception", "add", domain, "--allow", allow, "--for", span, "--reason", why(domain), *more, codes=(0,))


def add(relay: Relay, domain: str, allow: str = "encrypted", span: str = "7d", *more: str) -> dict[str, Any]:
    return addition(relay, domain, allow, span, *more)["exception"]


def remove(relay: Relay, domain: str) -> None:
    answer(relay, "exception", "remove", domain, codes=(0,))


def listed(relay: Relay) -> dict[str, dict[str, Any]]:
    return {one["domain"]: one for one in answer(relay, "exception", "list")["exceptions"]}


def ended(relay: Relay, domain: str, because: str, limit: float = 60) -> dict[str, str]:
    """Its end, by itself."""
    event = wait_for(f"end of the exception for {domain}", lambda: events(relay, "exception-ended", domain=domain), limit)[-1]
    assert event["because"] == because, event
    assert domain not in listed(relay)
    return event


def held(relay: Relay, domain: str, cause: str, user: str = "someone", **more: Any) -> str:
    """A letter that the policy holds back: the sender, by whom it is found again."""
    letter = send(relay, f"{user}@{domain}", "exception", **more)
    last = settled(relay, letter)
    assert (last["status"], last["cause"]) == ("deferred", cause), last
    assert "exception" not in last, last
    return letter.sender


def last_attempt(relay: Relay, sender: str) -> dict[str, str]:
    return [event for event in relay.events() if event.get("event") == "delivery" and event.get("from") == sender][-1]


def left(relay: Relay, sender: str) -> dict[str, str]:
    """The delivery of what was held back."""
    wait_for("delivery of what waited", lambda: last_attempt(relay, sender)["status"] == "delivered", LIMIT)
    return last_attempt(relay, sender)


@dataclass(frozen=True)
class Case:
    domain: str
    cause: str
    allow: str
    verified: str


CASES = (Case(DANE, "dane-mismatch", "encrypted", "encrypted"), Case(STS, "certificate-invalid", "encrypted", "encrypted"),
         Case(PLAIN, "starttls-missing", "opportunistic", "none"))


def scenario_encrypted_is_no_cleartext(relay: Relay) -> None:
    """--allow encrypted never sends in clear: a host without STARTTLS gets nothing"""
    sender = held(relay, PLAIN, "starttls-missing")
    add(relay, PLAIN)
    wait_for("another attempt", lambda: last_attempt(relay, sender)["attempt"] == "2", LIMIT)
    attempt = last_attempt(relay, sender)
    assert (attempt["status"], attempt["cause"]) == ("deferred", "starttls-missing"), attempt
    assert attempt["exception"].startswith("encrypted-until-"), attempt
    assert outcome(relay, f"someone@{PLAIN}", "exception")["status"] == "deferred"
    assert not relay.bed.saw_envelope(PLAIN, sender)
    remove(relay, PLAIN)


@cases(CASES, lambda case: f"{case.domain}, {case.allow}")
def scenario_waiting_mail_leaves(relay: Relay, case: Case) -> None:
    """What waits leaves at once, and log, policy, explain and list say by what"""
    sender = held(relay, case.domain, case.cause)
    told = addition(relay, case.domain, case.allow)
    exception = told["exception"]
    # Nobody has met a host under it yet, and mail waits.
    assert exception["state"] == "unknown" and told["waiting"] >= 1, told
    assert exception["until"] - exception["since"] == 7 * 86_400, exception
    last = left(relay, sender)
    assert last["verified"] == case.verified and last["exception"].startswith(f"{case.allow}-until-"), last
    (told,) = events(relay, "exception-added", domain=case.domain, allow=case.allow)
    assert told["reason"] == why(case.domain), told

    _, text, _ = relay.ctl("policy", case.domain)
    assert why(case.domain) in " ".join(text.split()), text
    document = relay.ctl_json("policy", case.domain)[1]
    assert document["exception"]["allow"] == case.allow, document  # type: ignore[index,call-overload]
    # The true policy is evaluated all the while.
    shadows = [one for one in document["hosts"][0]["shadows"] if one["kind"] == "without-exception"]  # type: ignore[index,call-overload]
    assert shadows and (shadows[0]["skipped"] or shadows[0]["level"] == "authenticated" or case.domain == PLAIN), document

    words = wait_for("the explanation", lambda: "verdict delivered" in (text := " ".join(relay.ctl("explain", last["queue_id"])[1].split())) and text, LIMIT)
    assert f"the operator allowed {case.allow} until" in words and why(case.domain) in words, words
    row = wait_for("its connection in the list", lambda: (found := listed(relay)[case.domain])["connections"] > 0 and found, LIMIT)
    assert (row["allow"], row["reason"], row["state"]) == (case.allow, why(case.domain), "needed"), row
    assert why(case.domain) in " ".join(relay.ctl("exception", "list")[1].split())


def scenario_below(relay: Relay) -> None:
    """An exception is not for subdomains"""
    assert DANE in listed(relay)
    held(relay, f"sub.{DANE}", "dane-mismatch")


def scenario_requiretls(relay: Relay) -> None:
    """What its sender sent with REQUIRETLS is refused still; other mail to the same host goes"""
    domain = "exception-requiretls.example"
    strict = send(relay, f"strict@{domain}", "exception", options=("REQUIRETLS",), tls=True)
    first = settled(relay, strict)
    assert first["status"] == "deferred", first
    waiting = held(relay, domain, "dane-mismatch")
    add(relay, domain, "opportunistic")
    assert left(relay, waiting)["verified"] == "encrypted"
    later = send(relay, f"strict@{domain}", "exception", options=("REQUIRETLS",), tls=True)
    assert settled(relay, later)["status"] in ("deferred", "bounced"), settled(relay, later)
    for letter in (strict, later):
        assert not [attempt for attempt in relay.attempts(letter) if attempt["status"] == "delivered"], relay.attempts(letter)
        assert not relay.bed.delivered(domain, letter.mark)
    remove(relay, domain)


def scenario_removed(relay: Relay) -> None:
    """Removed, the policy holds again for the very next letter; there is none to remove then"""
    for domain, cause in ((DANE, "dane-mismatch"), (STS, "certificate-invalid")):
        assert outcome(relay, f"someone@{domain}", "exception")["status"] == "delivered"
        remove(relay, domain)
        assert domain not in listed(relay)
        held(relay, domain, cause)
        (event,) = events(relay, "exception-ended", domain=domain)
        assert event["because"] == "removed", event
        code, _, error = relay.ctl("exception", "remove", domain)
        assert code == 1 and domain in error, (code, error)


def scenario_its_own_end(relay: Relay) -> None:
    """It ends to the second, by itself: what comes from then on waits again, also behind an open connection"""
    until = add(relay, DANE, "encrypted", "15s")["until"]
    first = settled(relay, send(relay, f"someone@{DANE}", "exception"))
    assert first["status"] == "delivered" and "exception" in first, first
    after = []
    while time.time() < until + 3:
        began = time.time()
        letter = send(relay, f"someone@{DANE}", "exception")
        if began >= until:
            after.append(letter)
        time.sleep(0.2)
    assert len(after) > 3, len(after)
    for letter in after:
        wait_for("its outcome", lambda: relay.attempts(letter), LIMIT)
        assert {attempt["status"] for attempt in relay.attempts(letter)} == {"deferred"}, relay.attempts(letter)
        assert not relay.bed.delivered(DANE, letter.mark)
    assert last_attempt(relay, after[0].sender)["cause"] == "dane-mismatch", last_attempt(relay, after[0].sender)
    ended(relay, DANE, "expired")


def mend(relay: Relay, domain: str) -> None:
    changes.publish_tlsa(relay.bed, domain, *GOOD)


def mailed_until(relay: Relay, domain: str, word: str) -> dict[str, str]:
    """Letters, one after the other, until the log says so of the domain."""
    def probe() -> list[dict[str, str]]:
        assert outcome(relay, f"someone@{domain}", "exception")["status"] == "delivered"
        time.sleep(watching.APART)
        return events(relay, word, domain=domain)
    return wait_for(f"{word} for {domain}", probe, 60)[0]


def scenario_until_fixed(relay: Relay) -> None:
    """--until-fixed: where the zone is mended the exception ends with the mail that shows it, which goes by DANE again"""
    domain = "exception-fixed.example"
    sender = held(relay, domain, "dane-mismatch")
    assert add(relay, domain, "encrypted", "7d", "--until-fixed")["until_fixed"]
    assert left(relay, sender)["verified"] == "encrypted"
    assert domain in listed(relay) and not events(relay, "exception-unneeded", domain=domain)
    mend(relay, domain)
    mailed_until(relay, domain, "exception-ended")
    ended(relay, domain, "fixed")
    last = wait_for("mail by DANE", lambda: (one := outcome(relay, f"someone@{domain}", "exception"))["verified"] == "dane" and one, LIMIT)
    assert "exception" not in last, last


def scenario_until_fixed_certificate(relay: Relay) -> None:
    """--until-fixed: the same where the host gets the certificate that its MTA-STS policy wants"""
    domain = "exception-certificate.example"
    name = f"mx.{domain}"
    bad, good = (certificate(relay.bed, relay.folder / "certificates", name, kind) for kind in ("self-signed", "webpki"))
    with ChangingHost(name, CERTIFICATE, bad) as host:
        sender = held(relay, domain, "certificate-invalid")
        add(relay, domain, "encrypted", "7d", "--until-fixed")
        assert left(relay, sender)["verified"] == "encrypted"
        assert (taken := host.took(sender)) and taken.secure
        assert domain in listed(relay)
        host.show(good)
        mailed_until(relay, domain, "exception-ended")
        ended(relay, domain, "fixed")
        last = outcome(relay, f"someone@{domain}", "exception")
        assert (last["status"], last["verified"]) == ("delivered", "webpki") and "exception" not in last, last


def scenario_until_fixed_without_mail(first: Relay) -> None:
    """--until-fixed: where nobody mails the domain, a look that sends nothing ends it"""
    domain = "exception-quiet.example"
    clock = Clock(first.bed.folder / "relays" / "38-exceptions-quiet")
    with Relay(first.bed, "38-exceptions-quiet", 180, more=PATIENT, clock=clock) as relay:
        add(relay, domain, "encrypted", "7d", "--until-fixed")
        # A look while it is broken, and one more, end nothing.
        wait_for("a look", lambda: relay.bed.sessions(domain), LIMIT)
        clock.advance(minutes=11)
        wait_for("another", lambda: len(relay.bed.sessions(domain)) > 1, LIMIT)
        time.sleep(1)
        assert domain in listed(relay) and not events(relay, "exception-ended", domain=domain)
        mend(relay, domain)
        time.sleep(watching.DNS_MEMORY + 1)
        clock.advance(minutes=11)
        ended(relay, domain, "fixed")
        assert not events(relay, "delivery")
        assert not [session for session in relay.bed.sessions(domain) if " mail=" in session], "mail was sent"


def scenario_no_longer_needed(relay: Relay) -> None:
    """Without --until-fixed it stays, and is announced as needed no longer: event, list, alarm, until it is removed"""
    domain = "exception-left.example"
    sender = held(relay, domain, "dane-mismatch")
    add(relay, domain)
    left(relay, sender)
    mend(relay, domain)
    event = mailed_until(relay, domain, "exception-unneeded")
    assert domain in event["cure"], event
    row = listed(relay)[domain]
    assert row["state"] == "unneeded" and row["unneeded_since"], row
    assert f"relayctl exception remove {domain}" in " ".join(relay.ctl("exception", "list")[1].split())
    watching.raised(relay, "exception-unneeded", domain)
    assert not events(relay, "exception-ended", domain=domain)
    # Broken again, it is needed again; then the alarm is over.
    changes.publish_tlsa(relay.bed, domain, "3 1 1 stranger")
    mailed_until(relay, domain, "exception-needed")
    watching.cleared(relay, "exception-unneeded", domain)
    assert listed(relay)[domain]["state"] == "needed"
    mend(relay, domain)
    wait_for("the alarm", lambda: mailed_until(relay, domain, "exception-unneeded") and watching.alarms(relay, "exception-unneeded", domain), LIMIT)
    remove(relay, domain)
    wait_for("its end", lambda: not watching.alarms(relay, "exception-unneeded", domain), LIMIT)


def scenario_killed(relay: Relay) -> None:
    """SIGKILL directly after `exception add` returned: it is there after the restart, in force, and ends in its time"""
    held(relay, DANE, "dane-mismatch")
    before = add(relay, DANE, "encrypted", "7d", "--until-fixed")
    relay.kill()
    relay.start()
    after = listed(relay)[DANE]
    same = ("allow", "since", "until", "reason", "until_fixed")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}, (before, after)
    last = outcome(relay, f"someone@{DANE}", "exception")
    assert last["status"] == "delivered" and "exception" in last, last
    remove(relay, DANE)
    relay.kill()
    relay.start()
    assert DANE not in listed(relay)
    assert outcome(relay, f"someone@{DANE}", "exception")["status"] == "deferred"


def scenario_many_kills(first: Relay) -> None:
    """Fifty exceptions and ten kills: none that was acknowledged is lost, none that was removed comes back"""
    random.seed(38)
    with Relay(first.bed, "38-exceptions-kills", 181) as relay:
        wanted: dict[str, int] = {}
        gone: set[str] = set()
        for number in range(MANY):
            domain = f"many{number}.example"
            wanted[domain] = add(relay, domain, random.choice(("encrypted", "opportunistic")))["until"]
            if number % 4 == 3:
                victim = random.choice(sorted(wanted))
                remove(relay, victim)
                del wanted[victim]
                gone.add(victim)
            if number % (MANY // KILLS) == MANY // KILLS - 1:
                # One is under way when the daemon dies: it may be kept or not, unless it was acknowledged.
                asked = f"asked{number}.example"
                under_way = subprocess.Popen(
                    [program("relayctl"), "exception", "add", asked, "--allow", "encrypted", "--for", "7d", "--reason", "a kill", "--socket", relay.settings.control],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(random.uniform(0, 0.08))
                relay.kill()
                acknowledged = under_way.wait(30) == 0
                relay.start()
                found = listed(relay)
                assert not acknowledged or asked in found, f"{asked} was acknowledged"
                if asked in found:
                    wanted[asked] = found[asked]["until"]
                assert {domain: one["until"] for domain, one in found.items()} == wanted, set(found) ^ set(wanted)
                assert not gone & set(found), gone & set(found)
        assert relay.stop() == 0
        relay.start()
        assert {domain: one["until"] for domain, one in listed(relay).items()} == wanted


@dataclass(frozen=True)
class Tried:
    """A rule in mode observe. `cause`: why it would refuse; "": it would not."""

    domain: str
    rule: dict[str, str]
    cause: str
    without: str  # `verified` without the rule


TRIED = (
    Tried("observe-plain.example", {"level": quoted("encrypted")}, "starttls-missing", "none"),
    Tried("observe-names.example", {"level": quoted("authenticated"), "by": '["pkix"]', "names": '["observe-names.example"]'}, "certificate-invalid", "encrypted"),
    Tried("observe-dane.example", {"level": quoted("authenticated"), "by": '["dane"]'}, "dane-required", "encrypted"),
    Tried("observe-good.example", {"level": quoted("encrypted")}, "", "encrypted"),
    Tried("observe-good-dane.example", {"level": quoted("authenticated"), "by": '["dane"]'}, "", "dane"),
)


def metric(relay: Relay, verdict: str) -> float:
    with urllib.request.urlopen(f"http://{relay.address}:{addresses.METRICS_PORT}/metrics", timeout=20) as response:
        for line in response.read().decode().splitlines():
            if line.startswith(f'waxwing_observed_total{{verdict="{verdict}"}} '):
                return float(line.split()[1])
    raise AssertionError("no such metric")


def scenario_observe(first: Relay) -> None:
    """Rules in mode observe keep nothing back, and log, metric, observed and policy say what they would do; enforced, they do just that"""
    rules = tuple({"destination": quoted(one.domain), "reason": quoted(why(one.domain)), "mode": quoted("observe")} | one.rule for one in TRIED)
    with Relay(first.bed, "38-exceptions-observe", 182, rules=rules) as relay:
        for one in TRIED:
            last = outcome(relay, f"someone@{one.domain}", "observe")
            assert (last["status"], last["verified"]) == ("delivered", one.without), last
            assert last.get("observed_rules", "") == (f"would refuse: {one.cause}" if one.cause else ""), last
            _, document = relay.ctl_json("policy", one.domain)
            assert "mode observe" in str(document), document
            text = " ".join(relay.ctl("policy", one.domain)[1].split())
            assert "mode observe" in text and "enforced" in text, text
        refusing = [one for one in TRIED if one.cause]
        wait_for("the counters", lambda: (metric(relay, "refuse"), metric(relay, "go")) == (len(refusing), len(TRIED) - len(refusing)), LIMIT)
        relay.kill()
        relay.start()
        rows = {row["destination"]: row for row in answer(relay, "observed", "--days", "2", codes=(0,))["observed"]}
        assert set(rows) == {one.domain for one in TRIED}, rows
        for one in TRIED:
            row = rows[one.domain]
            assert (row["would_refuse"], row["went_through"]) == ((1, 0) if one.cause else (0, 1)), row
            assert [count["cause"] for count in row["causes"]] == ([one.cause] if one.cause else []), row
            assert one.domain in row["rule"], row

        relay.toml.write_text(relay.toml.read_text().replace('mode = "observe"', 'mode = "enforce"'))
        answer(relay, "reload", codes=(0,))
        for one in TRIED:
            last = outcome(relay, f"someone@{one.domain}", "observe")
            if one.cause:
                assert (last["status"], last["cause"]) == ("deferred", one.cause), last
            else:
                assert last["status"] == "delivered", last
            assert "observed_rules" not in last, last
