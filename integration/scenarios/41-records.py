"""Decision records: `relayctl explain` and `relayctl bundle`, days after, after SIGKILL, and what they cost on disk."""

import json
import re
import sqlite3
import stat
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates
from internet.brokensites import KEY, OTHER_KEY, Site
from internet.inside import Bed, wait_for
from internet.listeners import accepted, add_user, intake, listener
from internet.ownhosts import pour
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases, note
from internet.smtpwire import plain, secured
from internet.submission import Letter

LIMIT = 60
MANY = 1000
# What a record may cost.
OCTETS = 400
PHASES = ("lookup", "connect", "greeting", "EHLO", "TLS", "envelope", "content", "final reply")
PASSWORD = "nine bees in amber"


@dataclass(frozen=True)
class Held:
    """A letter that was deferred by a policy, delivered after the repair."""

    domain: str
    way: str
    rule: tuple[tuple[str, str], ...] = ()


_BY = (("level", quoted("authenticated")),)
HELD = (
    Held("records-tlsa.example", "tlsa"),
    Held("records-starttls.example", "starttls"),
    Held("records-handshake.example", "handshake"),
    Held("records-certificate.example", "expired"),
    Held("records-policy.example", "policy"),
    Held("records-lookup.example", "lookup"),
    Held("records-needs-dane.example", "needs-dane", (*_BY, ("by", '["dane"]'))),
    Held("records-needs-sts.example", "needs-sts", (*_BY, ("by", '["mta-sts"]'))),
    Held("records-unknown.example", "unknown", (*_BY, ("by", '["mta-sts"]'))),
    Held("records-fingerprint.example", "fingerprint", (*_BY, ("by", '["fingerprint"]'))),
)
# Delivered or returned in one attempt: what the host had to show, how it did, a word of the prose.
ENDED = (
    ("good.example", "authenticated", "dane", "delivered", "RFC 7672"),
    ("sts-enforce.example", "authenticated", "webpki", "delivered", "RFC 8461"),
    ("plain.example", "opportunistic", None, "delivered", "RFC"),
    ("insecure.example", "opportunistic", None, "delivered", "RFC"),
    ("rejects.example", "authenticated", "dane", "bounced remote-reply", "RFC 7672"),
)
# Held back for good, each by a decision that nobody made before: for the kill.
KILLED = ("mismatch.example", "agility.example", "no-starttls.example", "starttls-454.example", "sts-mx-unlisted.example", "tlsa-servfail.example")


@dataclass
class Records:
    relay: Relay
    sites: dict[str, Site]
    letters: dict[str, Letter]

    def id(self, letter: Letter) -> str:
        return accepted(self.relay, letter)["queue_id"]

    def explained(self, key: str) -> tuple[dict, list[dict], dict]:  # type: ignore[type-arg]
        """The one message, its attempts, and the whole answer."""
        code, answer = self.relay.ctl_json("explain", key)
        assert code == 0 and len(answer["matches"]) == 1, (code, answer)  # type: ignore[index, call-overload]
        message = answer["matches"][0]["message"]  # type: ignore[index, call-overload]
        return message, [event["attempt"] for event in message["events"] if event["event"] == "attempt"], answer  # type: ignore[return-value]


@contextmanager
def fixture(bed: Bed) -> Iterator[Records]:
    with ExitStack() as stack:
        sites = {held.domain: stack.enter_context(Site(bed, held.domain, held.way)) for held in HELD}
        folder = sites["records-fingerprint.example"].host.folder(OTHER_KEY)
        digest = certificates.fingerprint(folder, "mx.records-fingerprint.example", "public-key")
        rules = []
        for held in HELD:
            if held.rule:
                prints = {"fingerprints": f"[{quoted(digest)}]"} if held.way == "fingerprint" else {}
                rules.append({"destination": quoted(held.domain), "reason": quoted("a test"), **dict(held.rule), **prints})
        relay = stack.enter_context(Relay(bed, "41-records", 61, rules=tuple(rules)))
        letters = {}
        for domain, *_ in ENDED:
            letters[domain] = letter = Letter.to(f"someone@{domain}", name="records")
            relay.submit(letter)
        yield Records(relay, sites, letters)


def check_phases(attempt: dict) -> None:  # type: ignore[type-arg]
    """Eight numbers; that of TLS may say that the session was resumed."""
    assert re.fullmatch(r"\d+/\d+/\d+r?(/\d+){5}", attempt["phases"]), attempt


@cases(ENDED, lambda line: f"{line[0]}, {line[3]}")
def scenario_ended(records: Records, line: tuple[str, str, str | None, str, str]) -> None:
    """explain by queue id and by Message-ID tells the same"""
    domain, level, verified, result, word = line
    relay, letter = records.relay, records.letters[domain]
    relay.wait_attempt(letter, letter.recipients[0], ("delivered", "bounced"), LIMIT)
    id = records.id(letter)
    message, attempts, answer = wait_for("ended life", lambda: (found := records.explained(id))[0]["state"] == "ended" and found, LIMIT)
    assert [one["result"] for one in attempts] == [result], attempts
    (attempt,) = attempts
    decision, evidence = answer["decisions"][attempt["decision"]], answer["evidence"][attempt["evidence"]]
    (host,) = [one for one in decision["policy"]["hosts"] if one["host"] == attempt["host"]]
    assert host["requirement"]["level"] == level and attempt.get("required") == level, (host, attempt)
    assert attempt.get("verified") == verified or (verified is None and attempt.get("verified") in (None, "none", "encrypted")), attempt
    assert any(reason.get("source") for reason in host["reasons"]), host["reasons"]
    assert attempt["address"] in host["addresses"] and decision["policy"]["mx"]["records"], decision
    assert evidence["kind"] == ("starttls-not-offered" if domain == "plain.example" else "established"), evidence
    check_phases(attempt)
    code, text, error = relay.ctl("explain", id)
    assert code == 0, error
    flat = " ".join(text.split())
    for wanted in (id, domain, attempt["host"], attempt["address"], word, level, "MX", "DNSSEC: ", result):
        assert wanted in flat, (wanted, text)
    # Without a recipient there was no content.
    for phase in PHASES[:6] if result.startswith("bounced") else PHASES:
        assert re.search(rf"{phase}( \(resumed\))? \d+ ms", flat), (phase, text)
    for key in (f"<{letter.identity}@{addresses.SENDER_DOMAIN}>", f"{letter.identity}@{addresses.SENDER_DOMAIN}"):
        code, same = relay.ctl_json("explain", key)
        # Letters here have their sender for a Message-ID: a notice to him is found by it, too.
        (match,) = [one for one in same["matches"] if one["message"]["kind"] == "mail"]  # type: ignore[index, call-overload]
        assert code == 0 and match["message"] == message, (key, match, message)
    if domain == "good.example":
        assert host["tlsa"]["security"] == "secure" and evidence["matched"], (host, evidence)
        assert "matched the leaf" in flat, text
    if domain == "sts-enforce.example":
        policy = decision["policy"]["mta_sts"]["policy"]
        assert (policy["mode"], policy["id"]) == ("enforce", "1") and "mode enforce, id 1" in flat, text


@cases(HELD, lambda held: f"{held.domain}, {held.way}")
def scenario_held(records: Records, held: Held) -> None:
    """Deferred by a policy, mended, delivered: every attempt is told with its decision and what the host showed"""
    relay, site, letter = records.relay, records.sites[held.domain], Letter.to(f"someone@{held.domain}", name="records")
    relay.submit(letter)
    first = relay.wait_attempt(letter, letter.recipients[0], ("deferred", "delivered"), LIMIT)[0]
    assert (first["status"], first.get("cause")) == ("deferred", site.cause), first
    id = records.id(letter)
    code, text, _ = relay.ctl("explain", id)
    flat = " ".join(text.split())
    assert code == 0 and site.cause in flat and "Next attempt" in flat and "Given up" in flat, text
    assert not site.host.mails, "the host was told a sender"
    if held.way == "fingerprint":
        site.host.show(OTHER_KEY)
    else:
        site.mend()
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
    message, attempts, answer = wait_for("ended life", lambda: (found := records.explained(id))[0]["state"] == "ended" and found, LIMIT)
    assert len(attempts) >= 2 and attempts[-1]["result"] == "delivered", attempts
    assert all(re.fullmatch(rf"(deferred|skipped) {site.cause}", one["result"]) for one in attempts[:-1]), attempts
    for attempt in attempts:
        assert attempt["decision"] in answer["decisions"], attempt
        if attempt.get("address"):
            assert attempt["evidence"] in answer["evidence"], attempt
            check_phases(attempt)
    before, after = attempts[0], attempts[-1]
    # What was wrong is in one of the two, and is another thing afterwards.
    assert (before["decision"], before.get("evidence")) != (after["decision"], after["evidence"]), attempts
    code, text, _ = relay.ctl("explain", id)
    flat = " ".join(text.split())
    assert "no record of the decision" not in flat and "is gone" not in flat, text
    assert "Attempt 1," in flat and f"Attempt {len(attempts)}," in flat and site.cause in flat, text
    only = relay.ctl("explain", id, "--attempt", str(len(attempts)))[1]
    assert "Attempt 1," not in only and f"Attempt {len(attempts)}," in only and "as in attempt" not in only, only


def scenario_nothing(records: Records) -> None:
    """explain of what is not known: exit 1; of what is no key: 64"""
    assert records.relay.ctl("explain", "<nobody.ever@sent.example>")[0] == 1
    assert records.relay.ctl("explain", "0123456789bcdfghjklm")[0] == 1
    assert records.relay.ctl("explain", "0123456789bcdfghjklm", "--attempt", "0")[0] == 64


def trace(relay: Relay, query: str) -> list[tuple]:  # type: ignore[type-arg]
    with sqlite3.connect(f"file:{relay.store}/trace.db?mode=ro", uri=True, timeout=30) as database:
        return database.execute(query).fetchall()


def documents(relay: Relay) -> tuple[int, int]:
    """How many, and their octets with the keys they are found by (twice: in the row and in its index)."""
    ((count, size),) = trace(relay, "SELECT count(*), coalesce(sum(length(body) + 2 * length(key)), 0) FROM document")
    return count, size


def pages(relay: Relay) -> int:
    """Octets of the whole trace, what is in its write-ahead log among them."""
    return trace(relay, "PRAGMA page_count")[0][0] * trace(relay, "PRAGMA page_size")[0][0]


def scenario_newest(records: Records) -> None:
    """explain of an address tells the newest first, also where older ones wait"""
    relay, person = records.relay, "newest@mismatch.example"
    letters = []
    for _ in range(3):
        letters.append(letter := Letter.to(person, name="newest"))
        relay.submit(letter)
        relay.wait_attempt(letter, person, ("deferred",), LIMIT)
        time.sleep(1.1)  # The time a message is received is kept in seconds.
    code, found = relay.ctl_json("explain", person, "--limit", "2")
    ids = [one["message"]["id"] for one in found["matches"]]  # type: ignore[index, call-overload]
    assert code == 0 and ids == [records.id(letter) for letter in letters[:0:-1]], (code, ids, [records.id(letter) for letter in letters])


def scenario_cost(records: Records) -> None:
    """A thousand letters to one domain: its decision is stored once, and records cost less than 400 octets a message"""
    relay, domain = records.relay, "records-many.example"
    sender = f"records-many@{addresses.SENDER_DOMAIN}"
    with Site(relay.bed, domain) as site:
        time.sleep(1)
        (count, size), whole = documents(relay), pages(relay)
        people = [f"someone{number}@{domain}" for number in range(MANY)]
        pour(relay.address, sender, people)
        wait_for("a thousand letters", lambda: len(site.host.got(sender)) == MANY, 180)
        query = f"SELECT body FROM life WHERE instr(CAST(body AS TEXT), '\"s\":\"{sender}\"') > 0"
        lives = wait_for("their lives", lambda: len(found := trace(relay, query)) == MANY and found, 30)
        more, octets = documents(relay)
        records_of_lives, decisions = 0, set()
        for (body,) in lives:
            for recipient in json.loads(body)["r"]:
                for attempt in recipient["t"]:
                    decisions.add(attempt["d"])
                    # As they stand in the record: ,"d":"KEY"
                    records_of_lives += sum(len(f',"{key}":{json.dumps(attempt[key])}') for key in ("d", "e", "f"))
    grown = (pages(relay) - whole) / MANY
    each = (octets - size + records_of_lives) / MANY
    note(f"{more - count} documents of {octets - size} octets for {MANY} letters under {len(decisions)} decision(s); records cost {each:.0f} octets "
         f"a message, of {grown:.0f} by which trace.db grew")
    # One decision; the next one may come with an hour's end. What the host shows differs by TLS session, not by message.
    assert 1 <= len(decisions) <= 2, decisions
    assert 1 <= more - count <= 8, more - count
    assert 0 < each < OCTETS, each


@cases(tuple(enumerate(KILLED)), lambda case: case[1])
def scenario_killed(records: Records, case: tuple[int, str]) -> None:
    """F111 SIGKILL at the moment of a deferral: what is in the queue has its decisions afterwards"""
    number, domain = case
    with Relay(records.relay.bed, f"41-records-kill{number}", 62 + number, more={"retry": {"minimum": quoted("1h"), "maximum": quoted("2h")}}) as relay:
        own = Records(relay, {}, {})
        letter = Letter.to(f"someone@{domain}", name="records")
        relay.submit(letter)
        end = time.monotonic() + LIMIT
        while not relay.attempts(letter):
            assert time.monotonic() < end, "no attempt"
            time.sleep(0.005)
        relay.kill()
        (attempt_told,) = relay.attempts(letter)
        relay.start()
        message, attempts, answer = own.explained(own.id(letter))
        assert message["state"] == "in queue" and answer["matches"][0]["waiting"], answer["matches"]
        # Where the kill came before the settlement, there was no attempt as far as the queue knows, and another follows.
        attempts = attempts or wait_for("another attempt", lambda: own.explained(own.id(letter))[1], LIMIT)
        answer = own.explained(own.id(letter))[2]
        assert all(one["decision"] in answer["decisions"] for one in attempts), attempts
        assert attempt_told["cause"] in attempts[0]["result"], attempts
        assert all(one["evidence"] in answer["evidence"] for one in attempts if one.get("evidence")), attempts


SECRETS = ("the-plans-of-the-vault", "A subject nobody else may read", "X-Vault", "meet-me-at-noon")


def scenario_bundle(records: Records) -> None:
    """bundle: one file, 0600, with certificates, DNS answers and explanation; no content, no local part, no login; never over another file"""
    bed, domain, folder = records.relay.bed, "records-bundle.example", records.relay.bed.folder / "relays" / "41-records-bundle"
    folder.mkdir(parents=True)
    add_user(folder / "users", "wendelgard", PASSWORD)
    address = addresses.relay(69)
    tables = (listener("submission", f"{address}:587", role="submission", tls="required", networks=()),)
    with Site(bed, domain, "tlsa") as site, Relay(bed, "41-records-bundle", 69, more=intake(users_file=folder / "users"), tables=tables) as relay:
        own = Records(relay, {}, {})
        whole = Letter.to(f"benedikta.huber@{domain}", f"xaver+private@{domain}", body=b"meet-me-at-noon, with the-plans-of-the-vault\n", name="gundelinde",
                          headers="X-Vault: the-plans-of-the-vault\n")
        content = whole.content.replace(f"Subject: {whole.identity}".encode(), b"Subject: A subject nobody else may read")
        letter = Letter(whole.identity, whole.sender, whole.recipients, content)
        with secured(relay, 587) as wire:
            wire.ehlo()
            assert wire.ask(plain("wendelgard", PASSWORD))[0] == 235
            assert wire.letter(letter)[0] == 250
        accepted(relay, letter, user="wendelgard")
        relay.wait_attempt(letter, letter.recipients[0], ("deferred",), LIMIT)
        site.mend()
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
        id, path = own.id(letter), folder / "ticket.txt"
        wait_for("ended life", lambda: own.explained(id)[0]["state"] == "ended", LIMIT)
        explained = " ".join(relay.ctl("explain", id)[1].split())
        # Otherwise their absence from the file would mean nothing.
        assert "wendelgard" in explained and "benedikta.huber" in explained and whole.identity in explained, explained
        assert "benedikta.huber" in relay.log().read_text()
        words = ("bundle", id, "--output", str(path), "--log", str(relay.log()))
        code, output, error = relay.ctl(*words)
        assert code == 0, (code, output, error)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, oct(path.stat().st_mode)
        text = path.read_text()
        for secret in (*SECRETS, "wendelgard", PASSWORD, "benedikta", "huber", "xaver", "private", "gundelinde", whole.identity, "injector.example"):
            assert secret.lower() not in text.lower(), (secret, [line for line in text.splitlines() if secret.lower() in line.lower()])
        check_bundle(text, id, domain, site)
        inode = path.stat().st_ino
        path.write_text("mine")
        assert relay.ctl(*words)[0] not in (0, 1) and path.read_text() == "mine" and path.stat().st_ino == inode
        link = folder / "link.txt"
        link.symlink_to(folder / "elsewhere.txt")
        assert relay.ctl("bundle", id, "--output", str(link))[0] != 0 and not (folder / "elsewhere.txt").exists(), "followed a link"
        assert relay.ctl(*words, "--force")[0] == 0 and id in path.read_text()
        assert relay.ctl("bundle", "0123456789bcdfghjklm", "--output", str(folder / "none.txt"))[0] == 1 and not (folder / "none.txt").exists()


def check_bundle(text: str, id: str, domain: str, site: Site) -> None:
    """What a ticket needs is in it: attempts, both TLSA records, the host's certificate, the log."""
    for wanted in (id, "Explanation", "dane-mismatch", "delivered", f"_25._tcp.mx.{domain}", "RFC 7672", "tls.minimum_level", "OpenSSL"):
        assert wanted in text, wanted
    for kind in (KEY, OTHER_KEY):
        assert site.host.tlsa(kind).split()[-1] in text.lower(), f"no TLSA data of {kind}"
    chains = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
    shown = [subprocess.run(["openssl", "x509", "-outform", "DER"], input=pem.encode(), capture_output=True, check=True).stdout for pem in chains]
    own = subprocess.run(["openssl", "x509", "-outform", "DER", "-in", Path(site.host.folder(KEY)) / f"mx.{domain}.crt"], capture_output=True, check=True).stdout
    assert own in shown, "the host's certificate is not in it"
    lines = [line for line in text.splitlines() if f"queue_id={id}" in line]
    assert any("event=delivery" in line and "status=deferred" in line for line in lines) and any("status=delivered" in line for line in lines), lines
