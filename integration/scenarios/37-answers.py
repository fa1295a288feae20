"""Questions that operators of other mail systems asked in public, each answered here by one command of relayctl.

docs/answers.md has them with the answers. What is answered now is compared with that: times, identifiers, digests, addresses and how
long things took are masked on both sides, and no word is. What was answered lies in .build/bed/answers, a file for each question;
ANSWERS=renew puts it into docs/answers.md instead of comparing.
"""

import os
import re
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Iterator

from internet import changes, relayconfig
from internet.domains import STS
from internet.inside import Bed, wait_for
from internet.listeners import accepted, toml
from internet.ownhosts import OwnHost
from internet.relay import CHECKOUT, Relay
from internet.submission import Letter
from internet.zones import SHORT_TTL

DOCUMENT = CHECKOUT / "docs" / "answers.md"
ANSWERS = CHECKOUT / ".build" / "bed" / "answers"
QUESTIONS = 12
LIMIT = 60
# One attempt, and the next after all questions. A connection for each letter, so that each is a look at the host.
PATIENT = {"retry": {"minimum": toml("1h"), "maximum": toml("2h"), "jitter": "0", "lifetime": toml("5d")}, "delivery": {"messages_per_connection": "1"}}
SILENCE = 5  # seconds that a host may be silent

MASKS = tuple((re.compile(pattern), mask) for pattern, mask in (
    # Which versions a machine has is its own affair: each line of them, and the lines that go on with it.
    (r"(?m)^\w+ +libraries +.*\n(?: {20}.*\n)*", ""),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d UTC", "TIME"),
    (r"\b\d{4}-\d\d-\d\d\b", "DAY"),
    (r"(?<=\s)/tmp/\S*/", ""),
    (r"\b[a-z]+-[0-9a-f]{12}\b", "LETTER"),
    (r"\b[0-9a-f]{16,}\b", "DIGEST"),
    (r"\b[0-9b-df-hj-np-tv-z]{20}\b", "ID"),
    (r"\b127(?:\.\d+){3}\b", "ADDRESS"),
    (r"\btimes\s+lookup \d+\s+ms(?:,\s+[A-Za-z ()]+\s+\d+\s+ms)*", "times SPANS"),
    (r"\b\d+ ms\b", "SPAN"),
    (r"\b\d+ (?:second|minute|hour|day)s?\b", "SPAN"),
    (r"\bqueued as \w+", "queued as ID"),
    (r"\b(?:in )?\d+[smhd](?:\d+[mh])?\b(?: ago)?", "SPAN"),
    (r"(?<=\()now(?=\))|\bnow(?= {2}|$)", "SPAN"),
    (r"\b\d+(?:\.\d+)? (?:B|kB|MB|GB|TB)\b", "SIZE"),
    (r"\b\d{1,3}(?:,\d{3})+\b", "COUNT"),
))


def normalised(text: str) -> str:
    """The words, without what is another each time. Lines count for nothing, for their breaks depend on what was masked."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return " ".join(text.split())


def documented() -> dict[int, str]:
    """The answer to each question: the first block of code of its section."""
    sections = re.split(r"^## (\d+)\. ", DOCUMENT.read_text(), flags=re.M)[1:] if DOCUMENT.exists() else []
    found = {int(number): re.search(r"^```\n(\$ relayctl .*?)^```$", text, re.M | re.S) for number, text in zip(sections[::2], sections[1::2])}
    return {number: block[1] for number, block in found.items() if block}


def compare(number: int, answer: str) -> None:
    stands = documented().get(number)
    assert stands, f"docs/answers.md has no answer to question {number}"
    if os.environ.get("ANSWERS") == "renew":
        DOCUMENT.write_text(DOCUMENT.read_text().replace(f"```\n{stands}```\n", f"```\n{answer}```\n"))
        return
    wanted, found = normalised(stands), normalised(answer)
    place = len(os.path.commonprefix((wanted, found)))
    assert wanted == found, f"docs/answers.md, question {number}: {wanted[max(0, place - 60):place + 60]!r}; answered now: {found[max(0, place - 60):place + 60]!r}"


def ask(relay: Relay, number: int, *words: str, code: int = 0, **told: str) -> str:
    """One command. `told` are the parts that the answer must have, each a pattern; then it is compared with docs/answers.md."""
    found, output, error = relay.ctl(*words)
    assert found == code, (words, found, output, error)
    shown = [word.rpartition("/")[2] if word.startswith(str(relay.folder)) else f"'{word}'" if " " in word else word for word in words]
    answer = f"$ relayctl {' '.join(shown)}\n{output.rstrip()}\n"
    ANSWERS.mkdir(parents=True, exist_ok=True)
    (ANSWERS / f"{number:02}.txt").write_text(answer)
    flat = " ".join(output.split())
    missing = {part: pattern for part, pattern in told.items() if not re.search(pattern, flat)}
    assert not missing, f"question {number}: not told: {missing}\n{output}"
    compare(number, answer)
    return output


def send(relay: Relay, domain: str) -> tuple[Letter, str]:
    """A letter that was taken, and its queue id."""
    letter = Letter.to(f"someone@{domain}", name="letter")
    relay.submit(letter)
    return letter, accepted(relay, letter)["queue_id"]


def sent(relay: Relay, domain: str, status: str, cause: str | None = None) -> str:
    """The queue id of a letter that came to this, and whose attempts are written down with all they rest on."""
    letter, id = send(relay, domain)
    last = relay.wait_attempt(letter, letter.recipients[0], (status,), LIMIT)[-1]
    assert cause in (None, last.get("cause")), last

    def recorded() -> bool:
        code, answer = relay.ctl_json("explain", id)
        attempts = [event["attempt"] for match in answer["matches"] for event in match["message"]["events"] if event.get("attempt")] if code == 0 else []  # type: ignore[index,call-overload]
        return bool(attempts) and all(one.get(key) is None or one[key] in answer[kind] for one in attempts  # type: ignore[call-overload,operator]
                                      for key, kind in (("decision", "decisions"), ("evidence", "evidence")))
    wait_for(f"record of {id}", recorded, LIMIT)
    return id


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    more = PATIENT | {"delivery": PATIENT["delivery"] | {"data_end_timeout": toml(f"{SILENCE}s")}}
    with Relay(bed, "37-answers", 37, more=more) as relay:
        yield relay


def scenario_masks(_: Relay) -> None:
    """What is masked in answers is times, identifiers and lengths, and nothing that answers"""
    one = "Attempt 1, 2026-11-22T05:15:20Z, at mx.a.example [127.1.2.9]: dane-mismatch (RFC 7672 §2.2), 12 ms, 0123456789bcdfghjklm, in 1h59m"
    assert normalised(one) == "Attempt 1, TIME, at mx.a.example [ADDRESS]: dane-mismatch (RFC 7672 §2.2), SPAN, ID, SPAN", normalised(one)
    for word, other in (("dane-mismatch", "starttls-missing"), ("mx.a.example", "mx.b.example"), ("7672", "8461"), ("§2.2", "§2.1"), ("Attempt 1", "Attempt 2")):
        assert normalised(one.replace(word, other)) != normalised(one), word
    other = one.replace("05:15:20", "23:00:01").replace("127.1.2.9", "127.1.2.120").replace("12 ms", "3004 ms").replace("0123456789bcdfghjklm", "zyxwvtsrqpnmlkjhgfdc")
    for span in ("1 second", "16 seconds", "9 minutes", "2 hours", "3 days"):
        assert normalised(f"root.key is {span} old") == "root.key is SPAN old", span
    lines = "ok       clock    right\nunknown  libraries          some 1.2: what is\n                            known of it\nok       resolver           good\n"
    assert normalised(lines) == "ok clock right ok resolver good", normalised(lines)
    assert normalised(other.replace("1h59m", "3s").replace(", at", ",\n    at")) == normalised(one)


def scenario_deferred(relay: Relay) -> None:
    """Why is this deferred?"""
    id = sent(relay, "mismatch.example", "deferred", "dane-mismatch")
    ask(relay, 1, "explain", id, cause="dane-mismatch", host=r"mx\.mismatch\.example", record=r"TLSA 3 1 1 [0-9a-f]+.* at _25\._tcp\.mx\.mismatch\.example",
        section=r"RFC 7672 §2\.2", step=r"relayctl letter mismatch\.example")


def scenario_one_of_several(relay: Relay) -> None:
    """One MX of several is broken: does mail go?"""
    id = sent(relay, "answers-partly.example", "delivered")
    ask(relay, 2, "explain", id, broken=r"gone\.answers-partly\.example", taken=r"mx2\.answers-partly\.example.*delivered", section="RFC 7672 §",
        end=r"someone@answers-partly\.example: delivered by mx2\.answers-partly\.example")


def scenario_them_or_us(relay: Relay) -> None:
    """The TLSA lookup fails: is it them or us?"""
    id = sent(relay, "tlsa-servfail.example", "deferred", "tlsa-lookup-failed")
    ask(relay, 3, "explain", id, cause="tlsa-lookup-failed", record=r"_25\._tcp\.mx\.tlsa-servfail\.example", whose="SERVFAIL", section=r"RFC 7672 §2\.1\.2",
        step="relayctl doctor")


def scenario_since_when(relay: Relay) -> None:
    """Since when is their policy like this?"""
    domain = "answers-id.example"
    changes.publish(relay.bed, domain, STS())
    sent(relay, domain, "delivered")
    wait_for("first look", lambda: relay.ctl("history", domain)[0] == 0, LIMIT)
    changes.publish(relay.bed, domain, STS(id="2", mx=("mx", "backup")))

    def changed() -> bool:
        # The record that is cached lives on for its TTL.
        time.sleep(SHORT_TTL)
        sent(relay, domain, "delivered")
        found = {change["kind"] for change in relay.ctl_json("history", domain)[1]["changes"]}  # type: ignore[index,call-overload]
        return {"sts-id", "sts-policy"} <= found
    wait_for("change in the history", changed, LIMIT)
    ask(relay, 4, "history", domain, since=r"MTA-STS id \S+Z 2\b", change=r"MTA-STS id 1 -> 2", list=r"mx \+ backup\.answers-id\.example")


def scenario_timed_out(relay: Relay) -> None:
    """Which step timed out?"""
    with OwnHost("127.37.0.1", pause=3600):
        id = sent(relay, "answers-slow.example", "deferred", "timed-out")
    output = ask(relay, 8, "explain", id, cause="timed-out", host=r"mx\.answers-slow\.example", step=r"final reply \d+ ms")
    times = {step: int(span) for step, span in re.findall(r"([A-Za-z ]+) (\d+) ms", " ".join(output.split()))}
    assert max(times, key=times.get).strip() == "final reply" and times[" final reply"] >= 1000 * SILENCE, times  # type: ignore[arg-type]


def scenario_letter(relay: Relay) -> None:
    """What do I write to the postmaster over there?"""
    ask(relay, 10, "letter", "mismatch.example", to="To: postmaster@mismatch.example", record=r"_25\._tcp\.mx\.mismatch\.example\. IN TLSA 3 1 1 [0-9a-f]{64}",
        section=r"RFC 7672 §2\.2", see=r"dig \+dnssec .*openssl s_client", step="publish the record below")


def scenario_stripped(relay: Relay) -> None:
    """Everybody lost STARTTLS at once: is it us?"""
    with ExitStack() as stack:
        for number in range(1, 6):
            stack.enter_context(OwnHost(f"127.37.{number}.1"))
        here = stack.enter_context(Relay(relay.bed, "37-answers-near", 171, more=PATIENT))
        for number in range(1, 6):
            sent(here, f"answers-near{number}.example", "deferred", "starttls-missing")
        wait_for("alarm", lambda: [one for one in here.ctl_json("alarms")[1]["alarms"] if one["kind"] == "starttls-stripped"], LIMIT)  # type: ignore[index,call-overload]
        ask(here, 5, "doctor", code=2, verdict="5 of 5 hosts offer no STARTTLS, 5 of them unrelated", host=r"mx\.answers-near1\.example", alarm="starttls-stripped",
            step="look for a firewall or proxy that inspects SMTP")
        # A deferral of now says so as well.
        letter, id = send(here, "answers-near1.example")
        here.wait_attempt(letter, letter.recipients[0], ("deferred",), LIMIT)
        wait_for("suspicion", lambda: "something near this relay strips STARTTLS" in " ".join(here.ctl("explain", id)[1].split()), LIMIT)


def scenario_exception(relay: Relay) -> None:
    """How do I let mail to this one domain through, for a week? And is the exception needed still?"""
    domain = "answers-list.example"
    changes.publish(relay.bed, domain, STS(mx=("other",)))
    with Relay(relay.bed, "37-answers-exception", 172, more=PATIENT) as here:
        letter, id = send(here, domain)
        here.wait_attempt(letter, letter.recipients[0], ("deferred",), LIMIT)
        ask(here, 6, "exception", "add", domain, "--allow", "encrypted", "--for", "7d", "--reason", "their policy lists another host; told them", domain=domain,
            allowed="over TLS with any certificate, and never in the clear", until=r"until \S+Z \(in 7d|until \S+Z \(in 6d23h", step=f"relayctl exception remove {domain}")
        here.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
        wait_for("second attempt in the record", lambda: "Attempt 2" in here.ctl("explain", id)[1], LIMIT)
        assert here.ctl_json("exception", "list")[1]["exceptions"][0].get("unneeded_since") is None  # type: ignore[index,call-overload]
        changes.publish(relay.bed, domain, STS(id="2"))
        wait_for("new policy", lambda: here.ctl_json("sts", "refresh", domain)[1]["policy"]["id"] == "2", LIMIT)  # type: ignore[index,call-overload]
        sent(here, domain, "delivered")
        wait_for("end of the need", lambda: here.ctl_json("exception", "list")[1]["exceptions"][0].get("unneeded_since"), LIMIT)  # type: ignore[index,call-overload]
        ask(here, 7, "exception", "list", domain=domain, state="not needed since", why="told them", step=f"relayctl exception remove {domain}")
        # The message that went under it says so, still.
        explained = here.ctl("explain", id)[1]
        assert "told them" in " ".join(explained.split()), explained


def scenario_proof(relay: Relay) -> None:
    """Can I prove that mail was DANE-verified? And what if I demanded TLS everywhere?"""
    day = datetime.now(timezone.utc).date().isoformat()
    with Relay(relay.bed, "37-answers-proof", 173, more=PATIENT) as here:
        for domain in ("good.example", "good.example", "dane-ta.example", "sts-enforce.example", "insecure.example", "plain.example"):
            sent(here, domain, "delivered")
        new = here.folder / "new.toml"
        tls = here.settings.more.get("tls", {}) | {"minimum_level": toml("encrypted")}
        new.write_text(relayconfig.text(replace(here.settings, more=here.settings.more | {"tls": tls})))
        ask(here, 12, "simulate", "--config", str(new), code=1, domain=r"plain\.example", cause="STARTTLS", change=r"1 domain goes from clear to put off, 1 message", rest=r"3 domains unchanged")
        ask(here, 9, "compliance", "--since", day, total=r"dane 3 50\.0%", sts=r"sts 1 16\.6%", clear=r"clear 1 16\.6%", domain=r"good\.example 2 2 100%")
        # It was a question only.
        sent(here, "plain.example", "delivered")


def scenario_forecast(relay: Relay) -> None:
    """When will it be returned?"""
    with Relay(relay.bed, "37-answers-forecast", 174, more=PATIENT) as here:
        # Behind two failures the destination rests, and a third would not be tried.
        for _ in range(2):
            sent(here, "mismatch.example", "deferred", "dane-mismatch")
        ask(here, 11, "forecast", "--within", "6d", destination=r"mismatch\.example dane-mismatch 2 2", time=r"\w{3} \d\d:\d\d UTC \(in 4d23h|\w{3} \d\d:\d\d UTC \(in 5d",
            cause="no matching DANE TLSA records", step=r"relayctl exception add mismatch\.example .*relayctl letter mismatch\.example")


def scenario_document(_: Relay) -> None:
    """docs/answers.md names for each question who asked it, what was done here, and the answer"""
    text = DOCUMENT.read_text()
    sections = re.split(r"^## (\d+)\. ", text, flags=re.M)[1:]
    assert [int(number) for number in sections[::2]] == list(range(1, QUESTIONS + 1)) == sorted(documented())
    for number, section in zip(sections[::2], sections[1::2]):
        assert re.search(r"^Asked in: `[\w.-]+/[\w.-]+#\d+`", section, re.M), f"question {number}: who asked it?"
        assert re.search(r"^Done here: ", section, re.M), f"question {number}: what was done?"
