"""Alarms: what is silent elsewhere, made here, told, and cleared when the cause is gone; and what `relayctl doctor` says of it.

Not made here: canary-delivered and canary-refused, which belong to the canaries' own file; exception-unneeded is in 38-exceptions.
"""

import json
import shutil
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Iterator

from internet import certificates, changes, dkimkeys, policies, reportsink, watching
from internet.attacker import Attacker
from internet.changinghosts import ChangingHost, certificate
from internet.clock import Clock
from internet.domains import BY_NAME, STS
from internet.inside import Bed, wait_for
from internet.listeners import events, intake, toml
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.reporting import Reporting, key_table
from internet.scenario import cases
from internet.submission import Letter
from internet.watchdomains import ISSUER, ISSUER_STS, MANY, STARTTLS
from internet.watching import alarms, answer, cleared, outcome, raised, send, settled
from internet.words import GOOD

LONG = True
LIMIT = 60
POST = "ok/alarms-39"
SUSPICION = "it may be this side's fault"


def alarm(**keys: Any) -> dict[str, dict[str, str]]:
    """Keys of [alarm], for a Relay's `more`."""
    return {"alarm": {key: toml(value) for key, value in keys.items()}}


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    folder = bed.folder / "relays" / "39-alarms"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "page-me"
    script.write_text('#!/bin/sh\ncat >> "$1"\n')
    script.chmod(0o755)
    hooks = alarm(command=(str(script), str(folder / "tidings")), post=f"https://{reportsink.NAME}/{POST}")
    with Relay(bed, "39-alarms", 39, more=hooks | watching.FORGETFUL | watching.SHORT_IDLE) as relay:
        yield relay


def delivered(relay: Relay, domain: str, verified: str) -> dict[str, str]:
    last = outcome(relay, f"someone@{domain}", "alarm")
    assert (last["status"], last["verified"]) == ("delivered", verified), last
    return last


def mailed(relay: Relay, domain: str, probe: Any, what: str) -> None:
    """Letters, one after the other, until it shows."""
    def once() -> Any:
        assert outcome(relay, f"someone@{domain}", "alarm")["status"] == "delivered"
        time.sleep(watching.APART)
        return probe()
    wait_for(what, once, LIMIT)


def alarmed(relay: Relay, domain: str, kind: str, subject: str) -> dict[str, Any]:
    """Mail shows it."""
    mailed(relay, domain, lambda: alarms(relay, kind, subject), f"alarm {kind} {subject}")
    return raised(relay, kind, subject)


def well_again(relay: Relay, domain: str, kind: str, subject: str) -> dict[str, Any]:
    mailed(relay, domain, lambda: not alarms(relay, kind, subject), f"end of alarm {kind} {subject}")
    return cleared(relay, kind, subject)


def suspected(relay: Relay, letter: Letter, kind: str) -> None:
    """A deferral of it says what may really be at fault: in the log, and in the queue."""
    found = wait_for(f"suspicion of {kind}", lambda: [one for one in relay.attempts(letter) if one.get("suspect") == kind], LIMIT)
    assert found[-1]["status"] == "deferred", found[-1]
    def shown() -> bool:
        text = " ".join(relay.ctl("queue", "show", found[-1]["queue_id"])[1].split())
        return SUSPICION in text and "relayctl alarms" in text
    wait_for("the suspicion in the queue", shown, LIMIT)


def checks(relay: Relay, code: int | tuple[int, ...]) -> dict[str, dict[str, Any]]:
    """What relayctl doctor says, by the names of its checks."""
    return {check["name"]: check for check in answer(relay, "doctor", codes=code if isinstance(code, tuple) else (code,))["checks"]}


def fault(relay: Relay, name: str) -> None:
    """doctor finds it, ends with 2 and says what to do."""
    check = checks(relay, 2)[name]
    assert check["state"] == "fault" and check["words"] and check["cure"], check
    code, text, _ = relay.ctl("doctor")
    assert code == 2 and name in text and "cure:" in text, (code, text)


def scenario_all_is_well(relay: Relay) -> None:
    """Nothing stands: alarms ends with 0, its history with 1, doctor with 0 or 1"""
    assert relay.ctl("alarms")[0] == 0 and answer(relay, "alarms", codes=(0,))["standing"] == 0
    assert relay.ctl("alarms", "history")[0] == 1
    delivered(relay, "good.example", "dane")
    found = wait_for("the connection in doctor's eyes", lambda: (all := checks(relay, (0, 1)))["port-25"]["state"] == "ok" and all, LIMIT)
    assert {found[name]["state"] for name in ("resolver", "must-fail", "starttls", "certificate", "disk-space", "queue", "mta-sts")} == {"ok"}, found


def scenario_sts_record(relay: Relay) -> None:
    """sts-record-missing: the TXT record vanishes while the policy is cached, and comes back"""
    domain = "alarm-sts-record.example"
    delivered(relay, domain, "webpki")
    assert not alarms(relay, "sts-record-missing")
    changes.forget_record(relay.bed, domain)
    assert "TXT" in alarmed(relay, domain, "sts-record-missing", domain)["words"]
    changes.publish(relay.bed, domain, STS())
    well_again(relay, domain, "sts-record-missing", domain)


def scenario_sts_fetch(relay: Relay) -> None:
    """sts-fetch-failing: a policy is cached, and the fetch of the next fails twice; then one is fetched"""
    domain = "alarm-sts-fetch.example"
    delivered(relay, domain, "webpki")
    changes.publish(relay.bed, domain, STS(id="2", http="503"))
    mailed(relay, domain, lambda: "503" in policies.requests(relay.bed.folder, domain), "a fetch that fails")
    assert not alarms(relay, "sts-fetch-failing", domain), "after one failure already"
    assert relay.ctl("sts", "refresh", domain)[0] == 1
    assert raised(relay, "sts-fetch-failing", domain)["words"]
    changes.serve(relay.bed, domain, STS())
    assert relay.ctl("sts", "refresh", domain)[0] == 0
    cleared(relay, "sts-fetch-failing", domain)


def scenario_tlsa(relay: Relay) -> None:
    """tlsa-gone and authentication-lost: secure TLSA records vanish, mail goes on without, and they come back"""
    domain = "alarm-tlsa.example"
    delivered(relay, domain, "dane")
    changes.publish_tlsa(relay.bed, domain)
    alarmed(relay, domain, "tlsa-gone", f"mx.{domain}")
    (lost,) = wait_for("alarm authentication-lost", lambda: [one for one in alarms(relay, "authentication-lost") if domain in one["subject"]], LIMIT)
    assert "dane" in lost["words"], lost
    delivered(relay, domain, "encrypted")
    changes.publish_tlsa(relay.bed, domain, *GOOD)
    well_again(relay, domain, "tlsa-gone", f"mx.{domain}")
    well_again(relay, domain, "authentication-lost", lost["subject"])
    code, text, _ = relay.ctl("history", domain)
    assert code == 0 and "dane -> encrypted" in text and "removed" in text and "added" in text, text


@dataclass(frozen=True)
class Issued:
    domain: str
    address: str
    verified: str
    first: str
    second: str


ISSUED = (Issued("alarm-issuer.example", ISSUER, "dane", "private-ca", "webpki"),
          Issued("alarm-issuer-sts.example", ISSUER_STS, "webpki", "webpki", "webpki-root"))


@cases(ISSUED, lambda case: f"{case.domain}, {case.first}, then {case.second}")
def scenario_issuer(relay: Relay, case: Issued) -> None:
    """issuer-changed: somebody else signs the certificate, and both are valid; the former issuer ends it"""
    name = f"mx.{case.domain}"
    first, second = (certificate(relay.bed, relay.folder / "certificates", name, kind) for kind in (case.first, case.second))
    if case.verified == "dane":
        keys = relay.bed.folder / "certificates"
        records = [f"_25._tcp.mx TLSA {certificates.tlsa(keys, name, f'2 0 1 {whose}')}" for whose in ("ca", "webpki")]
        changes.rewrite(relay.bed, BY_NAME[case.domain], *records, question=(f"_25._tcp.{name}", "TLSA"), shows=lambda text: "NXDOMAIN" not in text)
    with ChangingHost(name, case.address, first) as host:
        delivered(relay, case.domain, case.verified)
        # The same issuer's next certificate is no news.
        host.show(certificate(relay.bed, relay.folder / "certificates", name, case.first))
        delivered(relay, case.domain, case.verified)
        assert not alarms(relay, "issuer-changed", name)
        host.show(second)
        words = alarmed(relay, case.domain, "issuer-changed", name)["words"]
        assert "CA" in words and "mini-internet" in words, words
        assert outcome(relay, f"someone@{case.domain}", "alarm")["verified"] == case.verified
        host.show(first)
        well_again(relay, case.domain, "issuer-changed", name)


def scenario_starttls(relay: Relay) -> None:
    """starttls-gone, acknowledged, through a SIGKILL and a restart: the same alarm, raised once, until STARTTLS is back"""
    domain, kind = "alarm-starttls.example", "starttls-gone"
    name = f"mx.{domain}"
    own = certificate(relay.bed, relay.folder / "certificates", name, "self-signed")
    with ChangingHost(name, STARTTLS, own) as host:
        delivered(relay, domain, "encrypted")
        host.show(None)
        number = alarmed(relay, domain, kind, name)["number"]
        delivered(relay, domain, "none")
        before = alarms(relay, kind, name)[0]
        assert relay.ctl("alarms")[0] == 1
        relay.kill()
        relay.start()
        after = alarms(relay, kind, name)[0]
        assert [after[key] for key in ("number", "raised_at", "subject")] == [before[key] for key in ("number", "raised_at", "subject")], (before, after)

        assert answer(relay, "alarms", "ack", str(number), "--words", "told their postmaster", codes=(0,))["acknowledged_at"]
        assert relay.ctl("alarms", "ack", "99999")[0] == 1
        assert relay.ctl("alarms")[0] == 0, "what is acknowledged counts still"
        relay.kill()
        relay.start()
        after = alarms(relay, kind, name)[0]
        assert after["acknowledgement"] == "told their postmaster" and after["number"] == number, after
        assert relay.stop() == 0
        relay.start()
        assert "told their postmaster" in " ".join(relay.ctl("alarms")[1].split())
        assert len(events(relay, "alarm-raised", kind=kind, subject=name)) == 1
        host.show(own)
        over = well_again(relay, domain, kind, name)
        assert over["number"] == number and over["raised_at"] == before["raised_at"], over
    code, text, _ = relay.ctl("alarms", "history")
    assert code == 0 and "cleared after" in text and name in text, text
    # A tiding is told once, and one that a kill cuts off is not told again.
    wait_for("the end to be told", lambda: any(is_cleared(tiding, name) for tiding in from_post(relay)), LIMIT)
    relay.kill()
    relay.start()
    assert alarms(relay, kind, name, "history")[0]["number"] == number and not alarms(relay, kind, name)


def from_post(relay: Relay) -> list[dict[str, Any]]:
    return [json.loads(post.body) for post in reportsink.posts(relay.bed.folder, POST)]


def is_cleared(tiding: dict[str, Any], name: str) -> bool:
    return tiding["event"] == "cleared" and tiding["alarm"]["subject"] == name


def scenario_hooks(relay: Relay) -> None:
    """Each tiding reached the command as JSON on its standard input, and the web service by POST, in order"""
    name = "mx.alarm-starttls.example"
    wanted = ["raised", "acknowledged", "cleared"]

    def check(tidings: list[dict[str, Any]]) -> bool:
        own = [one for one in tidings if one["alarm"]["kind"] == "starttls-gone" and one["alarm"]["subject"] == name]
        if [one["event"] for one in own] != wanted:
            return False
        assert {one["hostname"] for one in own} == {"relay.example"}, own
        assert own[0]["alarm"]["words"] and own[0]["alarm"]["number"] > 0 and own[0]["alarm"]["standing"], own[0]
        assert own[1]["alarm"]["acknowledgement"] == "told their postmaster" and not own[2]["alarm"]["standing"], own[1:]
        return True

    def from_command() -> list[dict[str, Any]]:
        file = relay.folder / "tidings"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    wait_for("the tidings at the command", lambda: check(from_command()), LIMIT)
    wait_for("the tidings by POST", lambda: check(from_post(relay)), LIMIT)
    for post in reportsink.posts(relay.bed.folder, POST):
        assert (post.method, post.status, post.media_type) == ("POST", 201, "application/json"), post
    # All that the log tells was told there, too.
    told = {(event["kind"], event.get("subject", "")) for event in events(relay, "alarm-raised")}
    heard = {(one["alarm"]["kind"], one["alarm"]["subject"]) for one in from_command() if one["event"] == "raised"}
    assert told == heard, told ^ heard


@contextmanager
def many(relay: Relay, is_open: bool = True) -> Iterator[dict[str, ChangingHost]]:
    """Hosts that have nothing to do with each other, by their domains."""
    with ExitStack() as stack:
        hosts = {}
        for domain, address in MANY.items():
            own = certificate(relay.bed, relay.folder / "certificates", f"mx.{domain}", "self-signed")
            hosts[domain] = host = ChangingHost(f"mx.{domain}", address, own)
            stack.callback(host.shut)
            if is_open:
                host.open()
        yield hosts


def mail_all(relay: Relay, status: str = "delivered", verified: str = "") -> None:
    letters = [send(relay, f"someone@{domain}", "alarm") for domain in MANY]
    for letter in letters:
        last = settled(relay, letter)
        assert last["status"] == status and verified in ("", last["verified"]), last


def scenario_stripped(first: Relay) -> None:
    """starttls-stripped: many unrelated hosts lose STARTTLS at once; one that loses it alone is none"""
    kind = "starttls-stripped"
    with Relay(first.bed, "39-alarms-stripped", 183, more=alarm(starttls_hosts=4)) as relay, many(relay) as hosts:
        mail_all(relay, verified="encrypted")
        one = next(iter(hosts))
        hosts[one].show(None)
        delivered(relay, one, "none")
        assert not alarms(relay, kind)
        for host in hosts.values():
            host.show(None)
        mail_all(relay, verified="none")
        assert "STARTTLS" in raised(relay, kind)["words"]
        suspected(relay, send(relay, "someone@no-starttls.example", "alarm"), kind)
        fault(relay, "starttls")
        for domain, host in hosts.items():
            host.show(certificate(relay.bed, relay.folder / "certificates", host.name, "self-signed"))
        mail_all(relay, verified="encrypted")
        cleared(relay, kind)
        assert "suspect" not in settled(relay, send(relay, "someone@no-starttls.example", "alarm"))


def scenario_port_blocked(first: Relay) -> None:
    """port-25-blocked: nobody anywhere takes a connection; the first that does ends it, and what waited goes"""
    kind = "port-25-blocked"
    with Relay(first.bed, "39-alarms-port", 184, more=alarm(port25_hosts=4)) as relay, many(relay, is_open=False) as hosts:
        letters = [send(relay, f"someone@{domain}", "alarm") for domain in MANY]
        raised(relay, kind)
        suspected(relay, letters[0], kind)
        fault(relay, "port-25")
        for host in hosts.values():
            host.open()
        cleared(relay, kind)
        for letter in letters:
            last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)[-1]
            assert "suspect" not in last, last
        assert checks(relay, (0, 1))["port-25"]["state"] == "ok"


def scenario_clock(first: Relay) -> None:
    """clock-off: many hosts' greetings say another time; when they agree again it is over"""
    kind = "clock-off"
    clock = Clock(first.bed.folder / "relays" / "39-alarms-clock")
    with Relay(first.bed, "39-alarms-clock", 185, more=alarm(clock_peers=4), clock=clock) as relay, many(relay) as hosts:
        for host in hosts.values():
            host.date(timedelta())
        mail_all(relay)
        # One host that is wrong is wrong itself.
        (one, *_) = hosts.values()
        one.date(timedelta(hours=3))
        mail_all(relay)
        assert not alarms(relay, kind)
        one.date(timedelta())
        clock.advance(hours=2)
        for host in hosts.values():
            host.hang_up()
        mail_all(relay)
        words = raised(relay, kind)["words"]
        assert "ahead of" in words, words
        suspected(relay, send(relay, "someone@mismatch.example", "alarm"), kind)
        fault(relay, "clock")
        for host in hosts.values():
            host.date(timedelta(hours=2))
        mail_all(relay)
        cleared(relay, kind)
        assert checks(relay, (0, 1))["clock"]["state"] == "ok"


def scenario_resolver(first: Relay) -> None:
    """F24 resolver-fails: no name server answers any more; mail waits, and says so, until they do"""
    kind = "resolver-fails"
    soon = {"dns.unbound": watching.FORGETFUL["dns.unbound"] | {quoted("infra-host-ttl:"): quoted(1)}, "dns": {"lookup_timeout": quoted("4s")}}
    with Attacker(first.bed, "wrong-certificate-webpki-other") as attacker, Relay(first.bed, "39-alarms-resolver", 186, more=soon, network=attacker) as relay:
        wait_for("the self-test", lambda: events(relay, "resolver", state="validates"), LIMIT)
        assert not alarms(relay, kind)
        attacker.block_names = True
        letters = [send(relay, f"someone@{domain}", "alarm") for domain in ("good.example", "insecure.example", "sts-enforce.example", "dane-ta.example")]
        # Nobody asks for it: that lookups fail makes the relay test its resolver.
        assert raised(relay, kind, limit=120)["words"]
        for letter in letters[:1]:
            suspected(relay, letter, kind)
        fault(relay, "resolver")
        code, text, _ = relay.ctl("status")
        assert code == 0 and "FAILS since 20" in (said := " ".join(text.split())) and "relayctl doctor says more" in said, text
        attacker.block_names = False
        cleared(relay, kind, limit=240)


def scenario_validation(first: Relay) -> None:
    """resolver-does-not-validate: a name that must fail validation is answered, until it fails again"""
    kind, domain = "resolver-does-not-validate", BY_NAME["alarm-bogus.example"]
    bogus = {"dns": {"self_test_bogus": quoted(domain.name)}} | watching.FORGETFUL
    with Relay(first.bed, "39-alarms-validation", 187, more=bogus) as relay:
        wait_for("the self-test", lambda: events(relay, "resolver", state="validates"), LIMIT)
        assert not alarms(relay, kind)
        changes.rewrite(first.bed, replace(domain, dns="signed"), question=(domain.name, "A"), shows=lambda text: "RRSIG" in text and "20200201000000" not in text)
        try:
            # What was bogus is remembered for a minute.
            wait_for("a doctor who finds it", lambda: relay.ctl("doctor")[0] == 2, 120)
            assert domain.name in raised(relay, kind)["words"]
            fault(relay, "resolver")
            suspected(relay, send(relay, "someone@tlsa-servfail.example", "alarm"), kind)
        finally:
            changes.rewrite(first.bed, domain, question=(domain.name, "A"), shows=lambda text: "20200201000000" in text)
        wait_for("a doctor who finds nothing", lambda: relay.ctl("doctor")[0] < 2, 120)
        cleared(relay, kind)


def scenario_key(first: Relay) -> None:
    """dkim-key-failing: the record of a key that is to sign is not there; it is published"""
    key = dkimkeys.BY_SELECTOR["alarm"]
    with Relay(first.bed, "39-alarms-key", 188, more={"dkim": {"check_interval": quoted("60s")}} | watching.FORGETFUL, tables=(key_table(first.bed.folder, "alarm"),)) as relay:
        outcome(relay, "someone@good.example", "alarm", sender_domain=key.domain)
        assert raised(relay, "dkim-key-failing", key.record_name)["words"]
        assert checks(relay, 1)["dkim"]["state"] == "warning"
        changes.publish_key(first.bed, "alarm")
        # Looked up anew once a minute.
        cleared(relay, "dkim-key-failing", key.record_name, 150)


def scenario_certificate(first: Relay) -> None:
    """certificate-expiring: the certificate of a listener ends soon; a new one, and SIGHUP, end the alarm"""
    keys, folder = first.bed.folder / "certificates", first.bed.folder / "relays" / "39-alarms-certificate"
    folder.mkdir(parents=True, exist_ok=True)

    def install(name: str) -> None:
        for ending in ("crt", "key"):
            shutil.copy(keys / f"{name}.{ending}", folder / f"own.{ending}")
        (folder / "own.key").chmod(0o600)

    install("relay.example")
    file = str(folder / "own.crt")
    with Relay(first.bed, "39-alarms-certificate", 189, more=intake(tls_certificate=file, tls_key=folder / "own.key") | alarm(certificate_before="40d")) as relay:
        assert "ends at" in raised(relay, "certificate-expiring", file)["words"]
        assert checks(relay, 1)["certificate"]["state"] == "warning"
        certificates.make_by(keys, "alarm-relay.example", certificates.WEBPKI, days=90)
        install("alarm-relay.example")
        assert relay.ctl("reload")[0] == 0
        cleared(relay, "certificate-expiring", file)
        assert checks(relay, (0, 1))["certificate"]["state"] == "ok"


def scenario_report_address(bed: Relay) -> None:
    """report-address-failing: the mailbox for a domain's reports refuses them, and is left alone for a time"""
    reporting = Reporting(bed.bed, "39-alarms-reports", 190)
    relay, domain = reporting.relay, "alarm-report.example"
    subject = f"mailto:nobody@rejects.example of {domain}"
    with relay:
        delivered(relay, domain, "encrypted")
        assert relay.stop() == 0
        reporting.clock.to_next_day(hour=5)
        relay.start()
        wait_for("an address that is left alone", lambda: "nobody@rejects.example" in json.dumps(answer(relay, "tlsrpt", "status", "--all")["suppressed"]), LIMIT)
        # Addresses are looked at when the daemon starts, and every five minutes.
        assert relay.stop() == 0
        relay.start()
        assert "550" in raised(relay, "report-address-failing", subject)["words"]
        assert relay.stop() == 0
        reporting.clock.advance(days=9)
        relay.start()
        cleared(relay, "report-address-failing", subject)


def scenario_expiry(first: Relay) -> None:
    """mail-will-expire: mail waits that will be returned soon; when it has gone, nothing will"""
    domain = "alarm-held.example"
    with Relay(first.bed, "39-alarms-expiry", 192, more={"retry": {"lifetime": quoted("90s"), "dsn_lifetime": quoted("90s")}}) as relay:
        letter = send(relay, f"someone@{domain}", "alarm")
        assert settled(relay, letter)["status"] == "deferred"
        words = raised(relay, "mail-will-expire", domain)["words"]
        assert "dane-mismatch" in words or "DANE" in words, words
        answer(relay, "exception", "add", domain, "--allow", "encrypted", "--for", "1h", "--reason", "it would expire", codes=(0,))
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
        cleared(relay, "mail-will-expire", domain)
