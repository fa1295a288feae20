"""One letter to each domain without MTA-STS: what became of it, what the log says, what relayctl says."""

import re
import time
from contextlib import contextmanager
from typing import Iterator

from internet import addresses, dnsfaults, outcomes
from internet.domains import BY_NAME, DANE_DOMAINS, KNOWN_RECIPIENT, Domain, absolute
from internet.inside import Bed, wait_for
from internet.outcomes import Post, connections
from internet.ownhosts import Knocks
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases, note
from internet.submission import Letter

HELD_BACK = outcomes.held_back(DANE_DOMAINS)
# Seconds: what lookups may take that have nothing to do with a fault.
SWIFT = 2.0
BURST = 20
# Addresses that one attempt may try: delivery.host_limit.
HOSTS_TRIED = 10


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


def sent(relay: Relay, address: str, **more: object) -> Letter:
    letter = Letter.to(address, name="10-faults", **more)  # type: ignore[arg-type]
    relay.submit(letter)
    return letter


def outcome(relay: Relay, letter: Letter, number: int = 0) -> dict[str, str]:
    return relay.wait_attempt(letter, letter.recipients[number], ("delivered", "deferred", "bounced"), outcomes.LIMIT)[0]


def found_swiftly(relay: Relay, address: str) -> None:
    """Delivered, and its lookups took no longer than without a fault elsewhere."""
    last = outcome(relay, sent(relay, address))
    assert last["status"] == "delivered" and int(last["ms"].split("/")[0]) < SWIFT * 1000, last


def scenario_dropped_query(post: Post) -> None:
    """F2 While nobody answers one domain's MX query, other mail is delivered; then that domain's is deferred"""
    letter = sent(post.relay, "someone@fault-2-waiting.example")
    found_swiftly(post.relay, "someone@good.example")
    assert not post.relay.attempts(letter), "its lookup did not wait"
    last = outcome(post.relay, letter)
    assert (last["status"], last["cause"]) == ("deferred", "dns-temp") and float(last["delay"].rstrip("s")) > SWIFT, last


def scenario_why_bogus(post: Post) -> None:
    """F3 The reason of the deferral says that a signature expired"""
    last, _ = outcomes.first_outcome(post, BY_NAME["bogus.example"])
    assert last["cause"] == "dns-bogus" and "expired" in last["reason"], last


def scenario_no_address_asked(post: Post) -> None:
    """F9 Of a domain with a null MX no address is asked"""
    last, _ = outcomes.first_outcome(post, BY_NAME["fault-9.example"])
    assert last["status"] == "bounced", last
    asked = dnsfaults.questions(post.bed.folder, "fault-9.example")
    assert "MX" in asked and not {"A", "AAAA"} & set(asked), asked


def relay_with(post: Post, number: int, **delivery: str) -> Relay:
    address = addresses.relay(number)
    return Relay(post.bed, f"10-domains-{number}", number, more={"delivery": {"source_ipv4": quoted(address)} | delivery})


def scenario_loopback(post: Post) -> None:
    """F11 Where loopback addresses are not allowed no host that has one is met"""
    with relay_with(post, 101, loopback="false") as relay:
        last = outcome(relay, sent(relay, "someone@good.example"))
        assert last["status"] != "delivered" and last["cause"] == "no-host-address", last
        assert not connections(post.bed, "mx.good.example", relay)
        last = outcome(relay, sent(relay, "someone@fault-11-localhost.example"))
        assert (last["status"], last["cause"]) == ("bounced", "no-host-address"), last
    assert connections(post.bed, "mx.good.example", post.relay), "the log does not show connections"


def scenario_many_hosts(post: Post) -> None:
    """F13 F16 Of 200 MX the best are tried, in order and no more than host_limit in one attempt; a failing AAAA lookup stops nobody"""
    with relay_with(post, 102, ipv6="true") as relay, Knocks("127.1.7.1") as first, Knocks("127.1.7.6") as last_before, Knocks("127.1.7.7") as behind:
        found = outcome(relay, sent(relay, "someone@fault-13.example"))
        assert (found["status"], found["host"]) == ("delivered", "mx.fault-13.example"), found
        assert (first.count, last_before.count, behind.count) == (1, 1, 0), (first.count, last_before.count, behind.count)
        found = outcome(relay, sent(relay, "someone@fault-16.example"))
        assert (found["status"], found["verified"]) == ("delivered", "dane"), found
        assert "AAAA" in dnsfaults.questions(post.bed.folder, "mx.fault-16.example")


def scenario_stalled_tcp(post: Post) -> None:
    """F17 Ten lookups wait for TCP that says nothing: another that needs TCP is answered meanwhile"""
    letters = [sent(post.relay, f"someone@stalled{number}.fault-17-many.example") for number in range(10)]
    wait_for("the ten questions", lambda: all(dnsfaults.questions(post.bed.folder, f"stalled{number}.fault-17-many.example") for number in range(10)), 10)
    found_swiftly(post.relay, "someone@fault-17-many.example")
    for letter in letters:
        last = outcome(post.relay, letter)
        assert (last["status"], last["cause"]) == ("deferred", "dns-temp"), last


def scenario_no_time_to_live(post: Post) -> None:
    """F25 A burst of letters to a domain whose MX record may not be kept is no burst of questions"""
    before = dnsfaults.questions(post.bed.folder, "fault-25.example").count("MX")
    letters = [sent(post.relay, "someone@fault-25.example") for _ in range(BURST)]
    for letter in letters:
        assert outcome(post.relay, letter)["status"] == "delivered"
    asked = dnsfaults.questions(post.bed.folder, "fault-25.example").count("MX") - before
    note(f"{asked} MX questions for {BURST} letters")
    assert asked <= BURST // 2, asked


def scenario_odd_names(post: Post) -> None:
    """F27 MX names with controls and dots in their labels: a bad host's reason names it without raw octets"""
    last, _ = outcomes.first_outcome(post, BY_NAME["fault-27-only.example"])
    raw = post.relay.log().read_bytes()
    assert not re.search(rb"[\0-\x09\x0b-\x1f\x7f]", raw), "the log has raw controls"
    code, text, _ = post.relay.ctl("policy", "fault-27-only.example")
    assert code == 2 and not re.search(r"[\0-\x09\x0b-\x1f\x7f]", text), text


def scenario_next_host(post: Post) -> None:
    """F28 No connection to the host whose TLSA lookup failed, and the mail goes to the next"""
    outcomes.check_outcome(post, BY_NAME["fault-28.example"])
    wait_for("a session in the log", lambda: connections(post.bed, "mx2.fault-28.example", post.relay), 5)
    assert not connections(post.bed, "mx1.fault-28.example", post.relay)


def scenario_insecure_never_asks(post: Post) -> None:
    """F29 Where the address is not signed TLSA is not asked"""
    outcomes.check_outcome(post, BY_NAME["fault-29.example"])
    assert dnsfaults.questions(post.bed.folder, "mx.fault-29.example")
    assert not dnsfaults.questions(post.bed.folder, "_25._tcp.mx.fault-29.example")


@cases(("no-starttls.example", "fault-44.example"), str)
def scenario_quits(post: Post, name: str) -> None:
    """F44 A host that had to offer STARTTLS is left by QUIT, and has heard no sender"""
    outcomes.check_outcome(post, BY_NAME[name])
    host = absolute(BY_NAME[name].hosts[0].name, name)

    def left() -> list[str]:
        return [line for line in post.bed.sessions(name) if f"postfix/{host}/" in line and f"[{post.relay.address}]" in line]
    for line in wait_for("the end of a session", left, 10):
        assert " quit=1 " in line and " mail=" not in line, line


EIGHT_BITS = "Grüße.\n".encode()


def scenario_seven_bits(post: Post) -> None:
    """F98 A host without 8BITMIME gets no eight bits: bounced, with the status that says so"""
    letter = Letter.to("someone@fault-98.example", name="eight", body=EIGHT_BITS)
    post.relay.submit(letter, ("BODY=8BITMIME",))
    last = outcome(post.relay, letter)
    assert last["status"] == "bounced", last
    notice = wait_for("the notice", lambda: post.bed.bounces(letter.sender), 20)[0].as_string()
    assert re.search(r"^Status: 5\.6\.3$", notice, re.M), notice
    assert not post.bed.delivered("fault-98.example", letter.mark)
