"""What is kept of MTA-STS policies: damaged, of any age, fetched while the configuration changes, and held against a domain that offers less."""

import json
import re
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Iterator

from internet import changes, policies, storefiles, watching
from internet.domains import BY_NAME, STS
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.reporting import key_table
from internet.scenario import cases, slow
from internet.turninghosts import NO_STARTTLS, ChangingHost
from internet.watching import answer, outcome, raised, send, settled

LIMIT = 40
REPORTS = {"tlsrpt": {"organization": quoted("Waxwing 51"), "contact": quoted("tlsrpt@waxwing.example")}}
YEAR = 31_557_600
# Answers every ClientHello with an alert.
ALERTING = "127.1.7.252"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "45-policy-faults-policies", 50, more=watching.FORGETFUL | watching.SHORT_IDLE | REPORTS,
               tables=(key_table(bed.folder, "tlsrpt", use="reports"),)) as relay:
        yield relay


def enforced(relay: Relay, domain: str) -> None:
    last = outcome(relay, f"someone@{domain}", "policy")
    assert (last["status"], last["verified"], last["sts"]) == ("delivered", "webpki", "enforce"), last


def turn(host: ChangingHost, kind: str) -> None:
    """What the host shows from now on, and no connection is left that saw the former."""
    host.show(kind)
    time.sleep(watching.APART)


def cached(relay: Relay, domain: str) -> dict[str, Any]:
    """What is remembered of its policy; empty where nothing is."""
    return next((one for one in answer(relay, "sts", "cache")["policies"] if one["domain"] == domain), {})


def counted(relay: Relay, domain: str) -> Counter[tuple[str, str]]:
    """Sessions of today's report by policy type and result; "" of the successes."""
    found: Counter[tuple[str, str]] = Counter()
    for report in answer(relay, "tlsrpt", "preview", "--domain", domain)["reports"]:
        for entry in json.loads(report["report"])["policies"]:
            kind = entry["policy"]["policy-type"]
            found[kind, ""] += entry["summary"]["total-successful-session-count"]
            for detail in entry.get("failure-details", ()):
                found[kind, detail["result-type"]] += detail["failed-session-count"]
    return found


def publish(relay: Relay, domain: str, sts: STS) -> None:
    """A new policy, and the relay has it: mail goes by it."""
    changes.publish(relay.bed, domain, sts)

    def known() -> bool:
        enforced(relay, domain)
        return cached(relay, domain).get("id") == sts.id
    wait_for(f"the policy of id {sts.id}", known, LIMIT)


DAMAGES = ("mode = 'none'", "expires_at = 1", "text = x'00ff', patterns = 'mx.elsewhere.example'")


@cases(DAMAGES, lambda damage: damage)
def scenario_damaged(relay: Relay, damage: str) -> None:
    """F70 What is kept of a policy is damaged, and its host is down: mail waits, for it may be enforced; then it is fetched, and mail goes"""
    domain = "state-damaged.example"
    with ChangingHost(relay.bed, domain, "webpki") as host:
        changes.serve(relay.bed, domain, STS())
        enforced(relay, domain)
        assert relay.stop() == 0
        assert storefiles.change(relay, f"UPDATE sts_policy SET {damage} WHERE domain = ?", domain) == 1
        changes.serve(relay.bed, domain, STS(http="503"))
        mails, told = host.mails, len(events(relay, "sts-cache-damaged", domain=domain))
        relay.start()
        letter = send(relay, f"someone@{domain}", "damaged")
        last = settled(relay, letter)
        assert (last["status"], last["cause"]) == ("deferred", "policy-unknown"), last
        assert len(events(relay, "sts-cache-damaged", domain=domain)) > told and host.mails == mails
        assert outcome(relay, "someone@good.example", "other")["status"] == "delivered"
        changes.serve(relay.bed, domain, STS())
        assert relay.ctl("sts", "refresh", domain)[0] == 0
        last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
        assert (last["verified"], last["sts"]) == ("webpki", "enforce"), last
@slow
def scenario_ages(relay: Relay) -> None:
    """F68 max_age beyond a year counts as a year; of a second it ends, and not in silence; of nought it is fetched for each letter"""
    domain = "state-age.example"
    with ChangingHost(relay.bed, domain, "webpki") as host:
        for id, age in (("2", YEAR + 1), ("3", 9_999_999_999), ("4", YEAR)):
            publish(relay, domain, STS(id=id, max_age=age))
            found = cached(relay, domain)
            assert (found["id"], found["max_age"]) == (id, YEAR) and found["expires_at"] - found["fetched_at"] == YEAR, found
        publish(relay, domain, STS(id="5", max_age=1))
        changes.serve(relay.bed, domain, STS(id="5", max_age=1, http="503"))

        def ran_out() -> bool:
            return outcome(relay, f"someone@{domain}", "age").get("sts") == "unknown"
        wait_for("its end", ran_out, LIMIT)
        assert events(relay, "sts-ran-out", domain=domain)
        changes.publish(relay.bed, domain, STS(id="6", max_age=0))
        time.sleep(watching.DNS_MEMORY)
        before = policies.requests(relay.bed.folder, domain).count("200")
        for number in range(1, 3):
            enforced(relay, domain)
            assert policies.requests(relay.bed.folder, domain).count("200") == before + number
        assert not cached(relay, domain).get("id"), cached(relay, domain)
        # And it is enforced: not only said.
        turn(host, "self-signed")
        last = outcome(relay, f"someone@{domain}", "age")
        assert (last["status"], last["cause"], last["sts"]) == ("deferred", "certificate-invalid", "enforce"), last


def reload(relay: Relay, pattern: str, line: str) -> None:
    text = relay.toml.read_text()
    relay.toml.write_text(re.sub(pattern, line, text, count=1, flags=re.M))
    assert relay.toml.read_text() != text and relay.process
    count = len(events(relay, "reloaded"))
    relay.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: events(relay, "reloaded")[count:], 30)


def scenario_reload_in_fetch(relay: Relay) -> None:
    """F73 SIGHUP while a policy is fetched, twice: mail goes on, and the newest policy is what is held in the end, also after a restart"""
    domain = "state-reload.example"
    with ChangingHost(relay.bed, domain, "webpki") as host:
        changes.serve(relay.bed, domain, STS(http="slow"))
        first = send(relay, f"someone@{domain}", "reload")
        wait_for("the fetch", lambda: relay.ctl("status")[0] == 0, 5)
        reload(relay, r"^fetch_timeout = .*$", 'fetch_timeout = "9s"')
        changes.publish(relay.bed, domain, STS(id="2"))
        reload(relay, r"^fetch_timeout = .*$", 'fetch_timeout = "8s"')
        assert settled(relay, first)["status"] == "delivered"
        wait_for("the newest policy", lambda: outcome(relay, f"someone@{domain}", "reload").get("sts") == "enforce", LIMIT)
        turn(host, "self-signed")
        assert cached(relay, domain)["id"] == "2"
        assert outcome(relay, f"someone@{domain}", "reload")["cause"] == "certificate-invalid"
        assert relay.stop() == 0
        relay.start()
        assert cached(relay, domain)["id"] == "2"


def scenario_record_and_starttls_gone(relay: Relay) -> None:
    """F53 The TXT record vanishes while the policy is held, then STARTTLS does: nothing is told to the host, after a restart neither; an alarm"""
    domain = "state-removed.example"
    with ChangingHost(relay.bed, domain, "webpki") as host:
        enforced(relay, domain)
        changes.forget_record(relay.bed, domain)
        turn(host, NO_STARTTLS)
        mails, connects = host.mails, host.connects
        letter = send(relay, f"someone@{domain}", "removed")
        last = settled(relay, letter)
        assert (last["status"], last["cause"], last["sts"]) == ("deferred", "starttls-missing", "enforce"), last
        raised(relay, "sts-record-missing", domain)
        relay.kill()
        relay.start()
        count = len(relay.attempts(letter))
        wait_for("one attempt more", lambda: len(relay.attempts(letter)) > count, LIMIT)
        assert host.connects > connects and host.mails == mails
        assert {attempt["status"] for attempt in relay.attempts(letter)} == {"deferred"}
        assert counted(relay, domain)["sts", "starttls-not-supported"] >= 2, counted(relay, domain)
        turn(host, "webpki")
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)


class Alerting(threading.Thread):
    """Says "handshake failure" to whoever connects. Use as a context."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server((ALERTING, 443))
        self.hellos = 0

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
                with peer:
                    self.hellos += bool(peer.recv(65536))
                    peer.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
            except OSError:
                return

    def __enter__(self) -> "Alerting":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@cases(("404", "503", "down", "alert"), lambda fault: fault)
def scenario_next_policy_fails(relay: Relay, fault: str) -> None:
    """F54 A new id, and its policy cannot be had: the one that is held stays in force, one GET in five minutes, an alarm, and the report says both"""
    domain = f"state-{fault}.example"
    with ChangingHost(relay.bed, domain, "webpki") as host, Alerting() as alerting:
        enforced(relay, domain)
        if fault == "alert":
            lines = (f'_mta-sts.{domain}. 2 TXT "v=STSv1; id=2;"', f"{policies.host_name(domain)}. 2 A {ALERTING}")
            changes.rewrite(relay.bed, replace(BY_NAME[domain], sts=None), *lines, question=(f"_mta-sts.{domain}", "TXT"),
                            shows=lambda text: "id=2;" in text)
        else:
            changes.publish(relay.bed, domain, STS(id="2", http=fault))

        def failed() -> list[dict[str, str]]:
            enforced(relay, domain)
            return events(relay, "sts-fetch-failed", domain=domain)
        failure = wait_for("a fetch that fails", failed, LIMIT)[0]
        assert (failure["id"], failure["keeps"]) == ("2", "1"), failure
        assert failure["type"] == "sts-policy-fetch-error", failure
        for _ in range(5):
            enforced(relay, domain)
        assert len(events(relay, "sts-fetch-failed", domain=domain)) == 1
        assert policies.requests(relay.bed.folder, domain).count(fault) == (fault in ("404", "503"))
        assert alerting.hellos == (fault == "alert")
        turn(host, NO_STARTTLS)
        last = outcome(relay, f"someone@{domain}", "held")
        assert (last["cause"], last["sts"]) == ("starttls-missing", "enforce"), last
        assert relay.ctl("sts", "refresh", domain)[0] == 1
        raised(relay, "sts-fetch-failing", domain)
        found = counted(relay, domain)
        assert found["sts", ""] >= 1 and found["sts", "sts-policy-fetch-error"] >= 1 and not found["no-policy-found", ""], found
