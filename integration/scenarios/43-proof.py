"""Proof: what left how (compliance), letters to postmasters, canaries."""

import csv
import io
import os
import random
import re
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Callable, Iterator

from internet import addresses, changes
from internet.brokensites import KEY, OTHER_KEY, Site
from internet.domains import STS
from internet.inside import Bed, wait_for
from internet.injector import Injector, Ledger, read_maildirs, wait_until_settled
from internet.listeners import accepted, events
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases, note
from internet.smtpwire import Wire
from internet.submission import Letter

LONG = True
LIMIT = 60
KILLS = 12
SEED = int(os.environ.get("SEED", "1"))
LEVELS = ("dane", "sts", "fingerprint", "dane_host", "encrypted", "clear")
REQUIRETLS_DOMAIN = "proof-requiretls.example"

Rows = dict[str, dict[str, tuple[int, int]]]


def yesterday() -> str:
    """A day that a scenario that runs over midnight does not leave."""
    return (datetime.now(timezone.utc) - timedelta(days=1)).strftime("%Y-%m-%d")


def counted(relay: Relay, side: str = "destination") -> Rows:
    """Messages and recipients by name and level, from JSON; the totals must be their sums."""
    code, answer = relay.ctl_json("compliance", "--since", yesterday(), "--by", side)
    assert isinstance(answer, dict) and answer["by"] == side and answer["is_complete"] and code == (0 if answer["rows"] else 1), (code, answer)
    rows = {row["name"]: {level: (row[level]["messages"], row[level]["recipients"]) for level in LEVELS if row[level]["messages"]} for row in answer["rows"]}
    for row in (*answer["rows"], answer["total"]):
        for what in ("messages", "recipients"):
            assert row["total"][what] == sum(row[level][what] for level in LEVELS), row
    for level in LEVELS:
        for number, what in enumerate(("messages", "recipients")):
            assert answer["total"][level][what] == sum(row.get(level, (0, 0))[number] for row in rows.values()), (level, answer["total"])
    order = [row["total"]["messages"] for row in answer["rows"]]
    assert order == sorted(order, reverse=True), order
    return rows


def from_csv(relay: Relay, side: str) -> Rows:
    code, text, error = relay.ctl("compliance", "--since", yesterday(), "--by", side, "--csv")
    assert code == 0 and text.count("\n") > 1, (code, text, error)
    rows: Rows = {}
    for line in csv.DictReader(io.StringIO(text, newline="")):
        levels = {level: (int(line[f"{level}_messages"]), int(line[f"{level}_recipients"])) for level in LEVELS}
        rows[line[side]] = {level: count for level, count in levels.items() if count[0]}
        assert (int(line["messages"]), int(line["recipients"])) == tuple(map(sum, zip(*levels.values()))), line
    return rows


@dataclass
class Sent:
    relay: Relay
    by_destination: Rows
    by_sender: Rows
    required: Letter


# Domain, recipients of each of its letters, level.
MAIL = (
    ("good.example", (1, 1, 3), "dane"), ("dane-ta.example", (2,), "dane"), ("sts-enforce.example", (1, 2), "sts"),
    ("dane-host.example", (1,), "dane_host"), ("insecure.example", (1, 1), "encrypted"), ("unusable.example", (2,), "encrypted"),
    ("plain.example", (1, 1, 1, 2), "clear"),
)
# Nothing of it is delivered, and so nothing is counted.
HELD = ("mismatch.example", "sts-mx-unlisted.example")
OTHER_SENDERS = "good.example"


def add(rows: Rows, name: str, level: str, recipients: int) -> None:
    messages, people = rows.setdefault(name, {}).get(level, (0, 0))
    rows[name][level] = (messages + 1, people + recipients)


@contextmanager
def fixture(bed: Bed) -> Iterator[Sent]:
    """A relay that was given letters from two domains and from nobody, each to one domain, and one to two."""
    with Site(bed, REQUIRETLS_DOMAIN, requiretls=True), Relay(bed, "43-proof", 81) as relay:
        assert relay.ctl("compliance", "--since", yesterday())[0] == 1
        by_destination: Rows = {}
        by_sender: Rows = {}
        letters: list[tuple[Letter, int]] = []
        for domain, sizes, level in MAIL:
            for number, size in enumerate(sizes):
                sender = addresses.SENDER_DOMAIN if number % 2 == 0 else OTHER_SENDERS
                letter = Letter.to(*(f"someone{one}@{domain}" for one in range(size)), name="proof", sender_domain=sender)
                relay.submit(letter)
                letters.append((letter, size))
                add(by_destination, domain, level, size)
                add(by_sender, sender, level, size)
        # One to two domains is a message to each of them.
        both = Letter.to("someone@good.example", "someone@plain.example", name="proof")
        relay.submit(both)
        letters.append((both, 2))
        for domain, level in (("good.example", "dane"), ("plain.example", "clear")):
            add(by_destination, domain, level, 1)
            add(by_sender, addresses.SENDER_DOMAIN, level, 1)
        with Wire(relay.address) as wire:
            wire.ehlo()
            for command in ("MAIL FROM:<>", "RCPT TO:<someone@good.example>"):
                assert wire.ask(command)[0] == 250
            assert wire.content(both)[0] == 250
        add(by_destination, "good.example", "dane", 1)
        add(by_sender, "", "dane", 1)
        for domain in HELD:
            relay.submit(Letter.to(f"someone@{domain}", name="proof"))
        required = Letter.to(f"someone@{REQUIRETLS_DOMAIN}", name="proof")
        relay.submit(required, options=("REQUIRETLS",), tls=True)
        letters.append((required, 1))
        add(by_destination, REQUIRETLS_DOMAIN, "dane", 1)
        add(by_sender, addresses.SENDER_DOMAIN, "dane", 1)
        for letter, size in letters:
            for recipient in letter.recipients:
                relay.wait_attempt(letter, recipient, ("delivered",), LIMIT)
        wait_for("what nobody sent", lambda: [one for one in events(relay, "delivery", status="delivered") if one.get("from") in ("", "<>")], LIMIT)
        yield Sent(relay, by_destination, by_sender, required)


# Compliance ---------------------------------------------------------------------------------------------------------------------------


@cases(("destination", "sender"), lambda side: side)
def scenario_compliance(sent: Sent, side: str) -> None:
    """compliance as JSON, CSV and table is what was really sent, by"""
    wanted = sent.by_destination if side == "destination" else sent.by_sender
    assert counted(sent.relay, side) == from_csv(sent.relay, side) == wanted
    code, text, error = sent.relay.ctl("compliance", "--since", yesterday(), "--by", side)
    assert code == 0, error
    lines = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    # A level that nothing left by is not shown, but for clear.
    shown = [level for level in LEVELS if level == "clear" or any(level in row for row in wanted.values())]
    for level in shown:
        messages = sum(row.get(level, (0, 0))[0] for row in wanted.values())
        people = sum(row.get(level, (0, 0))[1] for row in wanted.values())
        (line,) = [line for line in lines if line[0] == level.replace("_", "-") and len(line) >= 5]
        assert (line[1], line[3]) == (str(messages), str(people)), (level, line, messages, people)
        whole = sum(count[0] for row in wanted.values() for count in row.values())
        share = float(line[2].rstrip("%"))
        assert abs(share - 100 * messages / whole) <= 0.1 + 1e-9, (line, messages, whole)
    for name, row in wanted.items():
        (line,) = [line for line in lines if line[0] == (name or "<>") and len(line) == 3 + len(shown)]
        assert line[1:3] == [str(sum(count[number] for count in row.values())) for number in (0, 1)], (name, line, row)
        assert line[3:] == [("100%" if len(row) == 1 else line[3 + place]) if level in row else "-" for place, level in enumerate(shown)], line
    day = (datetime.now(timezone.utc) - timedelta(days=40)).strftime("%Y-%m-%d")
    assert sent.relay.ctl("compliance", "--since", day, "--until", day)[0] == 1
    assert sent.relay.ctl("compliance", "--since", "yesterday")[0] == 64


def scenario_requiretls(sent: Sent) -> None:
    """compliance --requiretls: the one message that asked for it, with its proof"""
    relay, letter = sent.relay, sent.required
    code, answer = relay.ctl_json("compliance", "--since", yesterday(), "--requiretls")
    (proof,) = answer["proofs"]  # type: ignore[index, call-overload]
    told = relay.attempts(letter)[-1]
    assert code == 0 and abs(proof.pop("time") - time.time()) < 3600
    assert proof == {"id": accepted(relay, letter)["queue_id"], "sender": letter.sender, "destination": REQUIRETLS_DOMAIN, "recipients": 1,
                     "host": f"mx.{REQUIRETLS_DOMAIN}", "address": told["address"], "tls": told["tls"], "verified": "dane"}, (proof, told)
    assert proof["tls"].startswith("TLSv1.")
    (line,) = csv.DictReader(io.StringIO(relay.ctl("compliance", "--since", yesterday(), "--requiretls", "--csv")[1], newline=""))
    assert (line["queue_id"], line["verified"], line["host"]) == (proof["id"], "dane", proof["host"]), line
    text = relay.ctl("compliance", "--since", yesterday(), "--requiretls")[1]
    assert proof["id"] in text and proof["address"] in text and "dane" in text, text


KILL_LEVELS = {"good.example": "dane", "dane-ta.example": "dane", "sts-enforce.example": "sts", "insecure.example": "encrypted", "plain.example": "clear"}


def scenario_killed(sent: Sent) -> None:
    """F111 SIGKILL at random moments under load: each delivery that was settled is counted once"""
    bed, generator, names = sent.relay.bed, random.Random(SEED), tuple(KILL_LEVELS)
    relay = Relay(bed, "43-proof-kill", 82)
    ledger, stop = Ledger(relay.folder / "ledger"), threading.Event()
    with relay:
        injectors = [Injector(f"count{number}-{os.getpid()}", relay.address, names, ledger, stop, pause=0.05, sizes=(400, 4000)) for number in range(4)]
        for thread in injectors:
            thread.start()
        for _ in range(KILLS):
            stop.wait(generator.uniform(0.2, 1.5))
            relay.kill()
            relay.start()
        stop.wait(2)
        stop.set()
        for thread in injectors:
            thread.join(60)
        assert not [injector.error for injector in injectors if injector.error], [injector.error for injector in injectors]
        found = wait_until_settled(bed, names, "count", ledger.acknowledged, 120)
        assert not found.missing, found.missing[:10]
        wait_for("empty queue", lambda: relay.ctl("queue", "list")[0] == 1, 120)
        # The queue is empty and nothing was returned: what arrived at least once was settled exactly once, acknowledged to us or not.
        known: dict = {}
        read_maildirs(bed, names, "count", known)
        settled = Counter(domain for _, domain in {(identity, path.parent.parent.name) for path, identity in known.items() if identity})
        wanted = {domain: {KILL_LEVELS[domain]: (settled[domain],) * 2} for domain in names}
        rows = counted(relay)
        copies = sum(found.copies.values())
        note(f"seed {SEED}: {KILLS} kills, {len(ledger.acknowledged)} acknowledged, {sum(settled.values())} deliveries settled, "
             f"{copies - sum(settled.values())} copies came twice; counted: {sum(count[1] for row in rows.values() for count in row.values())}")
        assert len(ledger.acknowledged) > 5 * KILLS, len(ledger.acknowledged)
        assert rows == wanted, (rows, wanted)
        (sender,) = counted(relay, "sender").items()
        assert sender[0] == addresses.SENDER_DOMAIN and sum(count[1] for count in sender[1].values()) == sum(settled.values()), sender
        relay.kill()
        relay.start()
        assert counted(relay) == rows


# Letters ------------------------------------------------------------------------------------------------------------------------------


def shell(bed: Bed, command: str) -> tuple[int, str]:
    """A command of a letter, as a postmaster would paste it; the public CA of the bed is his machine's."""
    authority = str(bed.folder / "certificates" / "webpki.crt")
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, errors="replace",
                          env=os.environ | {"SSL_CERT_FILE": authority, "CURL_CA_BUNDLE": authority})
    output = done.stdout + done.stderr
    assert done.returncode not in (126, 127) and "usage:" not in output.lower(), (command, output)
    return done.returncode, output


def one(outputs: dict[str, tuple[int, str]], *words: str) -> tuple[int, str]:
    """Of the one command with all these words."""
    (found,) = [output for command, output in outputs.items() if all(word in command for word in words)]
    return found


def _sees_tlsa(site: Site, outputs: dict[str, tuple[int, str]], fault: dict) -> None:  # type: ignore[type-arg]
    published = site.host.tlsa(OTHER_KEY).split()[-1]
    code, text = one(outputs, "dig", "TLSA")
    assert code == 0 and published[:50] in text.lower().replace(" ", ""), text
    code, text = one(outputs, "openssl s_client", "sha256sum")
    assert site.host.tlsa(KEY).split()[-1] == text.split()[0], text
    (record,) = fault["records"]
    assert record.lower().endswith(f"tlsa 3 1 1 {text.split()[0]}"), record


def _sees_expired(site: Site, outputs: dict[str, tuple[int, str]], fault: dict) -> None:  # type: ignore[type-arg]
    assert "certificate has expired" in one(outputs, "-verify_hostname")[1], outputs
    text = one(outputs, "-noout -subject")[1]
    assert "Jan  1 00:00:00 2021" in text and f"mx.{site.domain}" in text, text


def _sees_policy(site: Site, outputs: dict[str, tuple[int, str]], fault: dict) -> None:  # type: ignore[type-arg]
    assert f"10 mx.{site.domain}." in one(outputs, "dig", "MX")[1], outputs
    assert "v=STSv1; id=1;" in one(outputs, "dig", "TXT")[1], outputs
    assert f"mx: other.{site.domain}" in one(outputs, "curl")[1], outputs
    assert fault["records"] == [f"mx: mx.{site.domain}"], fault["records"]


def _sees_no_starttls(site: Site, outputs: dict[str, tuple[int, str]], fault: dict) -> None:  # type: ignore[type-arg]
    assert "STARTTLS" in one(outputs, "openssl s_client")[1].upper(), outputs


def _sees_bogus(site: Site, outputs: dict[str, tuple[int, str]], fault: dict) -> None:  # type: ignore[type-arg]
    (plain,) = [text for command, (_, text) in outputs.items() if command.startswith("dig") and "+cd" not in command]
    (unchecked,) = [text for command, (_, text) in outputs.items() if command.startswith("dig") and "+cd" in command]
    assert "SERVFAIL" in plain and "NOERROR" in unchecked and site.domain in unchecked, outputs


def _publish_record(site: Site, fault: dict) -> None:  # type: ignore[type-arg]
    # Beside the record that is there, as the letter says, and just as it stands in the letter.
    site.publish(site.host.tlsa(OTHER_KEY), *fault["records"])


def _publish_line(site: Site, fault: dict) -> None:  # type: ignore[type-arg]
    (line,) = fault["records"]
    changes.publish(site.bed, site.domain, STS(mx=("other", line.removeprefix("mx: ") + "."), id="2"))


@dataclass(frozen=True)
class Complaint:
    domain: str
    way: str
    kind: str
    words: tuple[str, ...]
    sees: Callable[[Site, dict[str, tuple[int, str]], dict], None]  # type: ignore[type-arg]
    mend: Callable[[Site, dict], None] = lambda site, _: site.mend()  # type: ignore[type-arg]


COMPLAINTS = (
    Complaint("letter-tlsa.example", "tlsa", "dane-mismatch", ("RFC 7672", "TLSA 3 1 1", "only if the key above is yours"), _sees_tlsa, _publish_record),
    Complaint("letter-expired.example", "expired", "certificate-expired", ("RFC 8461", "2021-01-01", "renew the certificate"), _sees_expired),
    Complaint("letter-policy.example", "policy", "sts-mx-mismatch", ("RFC 8461", "mx: mx.letter-policy.example", "new id"), _sees_policy, _publish_line),
    Complaint("letter-starttls.example", "starttls", "starttls-missing", ("RFC 7672", "offer STARTTLS"), _sees_no_starttls),
    Complaint("letter-bogus.example", "bogus", "dnssec-bogus", ("RFC 4035", "sign the zone"), _sees_bogus),
)


@cases(COMPLAINTS, lambda complaint: f"{complaint.domain}, {complaint.kind}")
def scenario_letter(sent: Sent, complaint: Complaint) -> None:
    """letter: evidence, commands that run and show it, and what to publish, which really mends the domain"""
    bed, number = sent.relay.bed, 83 + COMPLAINTS.index(complaint)
    # The resolver remembers for a minute that keys were bogus, whatever this says of answers.
    more = {"dns.unbound": {quoted("val-bogus-ttl:"): quoted("1")}} if complaint.way == "bogus" else {}
    with Site(bed, complaint.domain, complaint.way) as site, Relay(bed, f"43-proof-{complaint.way}", number, more=more) as relay:
        letters = [Letter.to(f"anastasia.secret@{complaint.domain}", name="plea") for _ in range(2)]
        for letter in letters:
            relay.submit(letter)
        first = relay.wait_attempt(letters[0], letters[0].recipients[0], ("deferred", "delivered"), LIMIT)[0]
        assert (first["status"], first["cause"]) == ("deferred", site.cause), first
        code, found = relay.ctl_json("letter", complaint.domain)
        assert code == 0 and isinstance(found, dict), (code, found)
        assert found["to"] == f"postmaster@{complaint.domain}" and found["waiting"] == 2 and complaint.domain in found["subject"], found
        (fault,) = [one for one in found["faults"] if one["kind"] == complaint.kind]
        code, text, _ = relay.ctl("letter", accepted(relay, letters[0])["queue_id"])
        flat = " ".join(text.split())
        for word in (*complaint.words, f"To: postmaster@{complaint.domain}", "2 messages", addresses.RELAY_NAME):
            assert word in flat, (word, text)
        for secret in ("anastasia", letters[0].identity, "plea-", addresses.SENDER_DOMAIN, "Hello."):
            assert secret not in text, (secret, text)
        assert fault["commands"] and all(f"    {line}\n" in text for line in (*fault["commands"], *fault["records"])), (fault, text)
        outputs = {command: shell(bed, command) for command in fault["commands"]}
        complaint.sees(site, outputs, fault)
        complaint.mend(site, fault)
        for letter in letters:
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 3 * LIMIT)
            assert site.host.got(letter.sender)[0].secure
        code, output, error = relay.ctl("letter", complaint.domain)
        assert code == 1 and "nothing to complain about" in error, (code, output, error)


def scenario_no_letter(sent: Sent) -> None:
    """letter to a domain that is as it should be, or that only a host's silence keeps mail from: exit 1"""
    for domain in ("good.example", "sts-enforce.example", "plain.example", "busy.example"):
        code, output, error = sent.relay.ctl("letter", domain)
        assert code == 1 and not output and "nothing to complain about" in error, (domain, code, output, error)
    # Praise for what nobody could look at would be false.
    code, output, error = sent.relay.ctl("letter", "mx-servfail.example")
    assert code == 1 and not output and "cannot be judged" in error and "meets" not in error, (code, output, error)


# Canaries -----------------------------------------------------------------------------------------------------------------------------

GOOD, BAD = "canary-good.example", "canary-bad.example"
EVERY, WITHIN = 10, 6


def scenario_canaries(sent: Sent) -> None:
    """Canaries: a good one arrives, a bad one is refused and leaves no bounce; alarms when it is the other way round, and their clearing"""
    bed, sender = sent.relay.bed, f"canary-{os.getpid()}-{random.randrange(10**9)}@{addresses.SENDER_DOMAIN}"
    tables = tuple(("canary", {"name": quoted(name), "sender": quoted(sender), "recipient": quoted(f"someone@{domain}"), "expect": quoted(expect),
                               "every": quoted(f"{EVERY}s"), "within": quoted(f"{WITHIN}s")})
                   for name, domain, expect in (("good one", GOOD, "delivered"), ("bad one", BAD, "refused")))
    with Site(bed, GOOD) as good, Site(bed, BAD, "tlsa") as bad, Relay(bed, "43-proof-canary", 89, tables=tables) as relay:

        def result(name: str) -> dict:  # type: ignore[type-arg]
            answer = relay.ctl_json("canaries")[1]
            return next(one for one in answer["canaries"] if one["name"] == name)  # type: ignore[index, call-overload]

        def next_result(name: str, wanted: str) -> dict:  # type: ignore[type-arg]
            """Of a run that began after now."""
            before = len(events(relay, "canary-sent", canary=name))

            def done() -> dict | None:  # type: ignore[type-arg]
                runs = events(relay, "canary-sent", canary=name)[before:]
                ended = [one for one in events(relay, "canary-result", canary=name) if one.get("queue_id") in {run["queue_id"] for run in runs}]
                return next((one for one in ended if one.get("result") == wanted), None)
            return wait_for(f"run of {name} that is {wanted}", done, LIMIT * 2)

        def alarm(kind: str, subject: str) -> list[dict]:  # type: ignore[type-arg]
            answer = relay.ctl_json("alarms", "list", "--all")[1]
            return [one for one in answer["alarms"] if (one["kind"], one["subject"]) == (kind, subject)]  # type: ignore[index, call-overload]

        def stands(kind: str, subject: str) -> None:
            wait_for(f"alarm {kind}", lambda: [one for one in alarm(kind, subject) if one["standing"]], LIMIT)

        def is_over(kind: str, subject: str, times: int) -> None:
            wait_for(f"clearing of {kind}", lambda: len(found := alarm(kind, subject)) == times and not [one for one in found if one["standing"]], LIMIT)

        first = next_result("good one", "good"), next_result("bad one", "good")
        assert good.host.got(sender) and not bad.host.mails, (good.host.taken, bad.host.mails)
        assert result("good one")["result"] == "good" and result("bad one")["cause"] == "dane-mismatch", first
        assert relay.ctl("canaries")[0] == 0 and not alarm("canary-refused", "good one") and not alarm("canary-delivered", "bad one")

        # The bad one is mended: what should be refused is delivered.
        bad.mend()
        next_result("bad one", "bad")
        stands("canary-delivered", "bad one")
        assert bad.host.got(sender) and relay.ctl("canaries")[0] == 1
        bad.break_down()
        next_result("bad one", "good")
        is_over("canary-delivered", "bad one", 1)

        # The same by an exception, which is what such a canary is for.
        assert relay.ctl("exception", "add", BAD, "--allow", "encrypted", "--for", "1h", "--reason", "a test of canaries")[0] == 0
        next_result("bad one", "bad")
        stands("canary-delivered", "bad one")
        assert relay.ctl("exception", "remove", BAD)[0] == 0
        next_result("bad one", "good")
        # Within minutes of the first it is the same alarm, under its number.
        is_over("canary-delivered", "bad one", 1)

        # The good one is refused.
        good.publish(good.host.tlsa(OTHER_KEY))
        next_result("good one", "bad")
        stands("canary-refused", "good one")
        assert result("good one")["cause"] == "dane-mismatch"
        # Nobody answers: that says nothing of policies, and changes nothing of the alarm.
        good.mend()
        next_result("good one", "good")
        is_over("canary-refused", "good one", 1)
        good.host.__exit__()
        next_result("good one", "unknown")
        assert relay.ctl("canaries")[0] == 0 and not [one for one in alarm("canary-refused", "good one") if one["standing"]]

        # Neither bounces nor counts; what was refused left the queue.
        refused = {run["queue_id"] for run in events(relay, "canary-result", canary="bad one", result="good")}
        _, page = relay.ctl_json("queue", "list", "--all")
        assert refused and not refused & {message["id"] for message in page["messages"]}, page  # type: ignore[index, call-overload]
        assert not bed.bounces(sender) and not events(relay, "dsn-sent"), "a bounce"
        assert counted(relay) == {}
