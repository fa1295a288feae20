"""TLS-RPT: a letter to every domain, midnight, and the reports that arrive: held against the table, the hosts' logs, and other readers.

The clock of the relays here is moved (clock.py). Day one begins at noon; on day two, at five, every report is due.
"""

import gzip
import json
import os
import random
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from typing import Any, Iterator

from internet import addresses, changes, outcomes, reports, reportsink, sessions
from internet.domains import BY_NAME, Domain
from internet.inside import Bed, wait_for
from internet.outcomes import Post
from internet.relay import program
from internet.relayconfig import quoted
from internet.reporting import COUNTED, DANE_REQUIRED, ELSEWHERE, MAILED, RESULT_TYPES, SAYINGS, SILENT, Reporting, Said, check_policy, check_said
from internet.reports import Report
from internet.scenario import cases, note
from internet.sessions import Seen
from internet.submission import Letter

LONG = True
# Seconds: the relay looks at its clock every five.
LIMIT = 60
KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED", "1"))

REACHED = tuple(domain for domain in COUNTED if domain.reports.reached(domain.name))
UNREACHED = tuple(domain for domain in COUNTED if domain not in REACHED and domain.name != ELSEWHERE)
# Their own mailbox takes the report, whatever DANE, MTA-STS or STARTTLS say of it.
AT_HOME = tuple(domain for domain in REACHED if domain.reports.uris(domain.name) == (f"mailto:tlsrpt@{domain.name}",))
# 503 twice: later than the others.
LATER = ("report-503.example",)
GROUPS = tuple(sessions.groups(COUNTED))
# Delivered without a rest that would be tried again.
DONE_WITH = ("good.example", "unusable.example", "plain.example", "sts-enforce.example", "testing-selfsigned.example", "insecure.example",
             "report-both.example", "report-https.example")


@dataclass
class Campaign:
    reporting: Reporting
    day: str  # day one
    seen: Seen  # by the hosts, on day one

    @property
    def bed(self) -> Bed:
        return self.reporting.bed


def mail(reporting: Reporting, domains: tuple[Domain, ...]) -> Post:
    """A letter for each; returns when each has had its first outcome."""
    post = Post(reporting.bed, reporting.relay)
    for domain in domains:
        post.letters[domain.name] = letter = Letter.to(outcomes.recipient(domain), name=reporting.name)
        reporting.relay.submit(letter)
    for domain in domains:
        if domain.name == DANE_REQUIRED:
            letter = post.letters[domain.name]
            assert reporting.relay.wait_attempt(letter, letter.recipients[0], ("deferred",))[0]["cause"] == "dane-required"
        else:
            outcomes.check_outcome(post, domain)
    return post


def next_day(reporting: Reporting) -> None:
    """The relay stops, and starts on the next day at five: past midnight and past tlsrpt.spread."""
    reporting.relay.stop()
    reporting.clock.to_next_day(hour=5)
    reporting.relay.start()


def missing(reporting: Reporting, domains: tuple[Domain, ...], day: str) -> list[str]:
    return [f"{domain.name} at {uri}" for domain in domains for uri in domain.reports.reached(domain.name)
            if not reporting.at(uri, domain.name, day)]


def wait_reports(reporting: Reporting, domains: tuple[Domain, ...], day: str, limit: float = LIMIT) -> None:
    end = time.monotonic() + limit
    while absent := missing(reporting, domains, day):
        assert time.monotonic() < end, f"after {limit:.0f} s no report for {', '.join(absent[:20])}"
        time.sleep(1)


def status(reporting: Reporting) -> dict[str, dict[str, Any]]:
    """What `tlsrpt status --json` says of the last report of each domain."""
    code, found = reporting.relay.ctl_json("tlsrpt", "status", "--all")
    assert code == 0 and isinstance(found, dict) and found["enabled"] and {"domains", "suppressed"} <= set(found), str(found)[:400]
    return {domain["domain"]: domain["last"] for domain in found["domains"] if domain.get("last")}


@contextmanager
def fixture(bed: Bed) -> Iterator[Campaign]:
    reporting = Reporting(bed, "17-tlsrpt", 17)
    with reporting.relay:
        day = reporting.day
        mail(reporting, MAILED)
        # Fetches of policies may take longer than the letters waited.
        wait_for("the slowest fetch", lambda: any(event.get("event") == "sts-fetch-failed" and event.get("domain") == "policy-slow.example"
                                                  for event in reporting.relay.events()), 20)
        reporting.relay.stop()
        campaign = Campaign(reporting, day, sessions.settled(bed, reporting.address))
        reporting.clock.to_next_day(hour=5)
        reporting.relay.start()
        try:
            wait_reports(reporting, tuple(domain for domain in REACHED if domain.name not in LATER), day)
        except AssertionError as error:
            # Each that is missing is a scenario's fault; where all are, it is all the same fault.
            assert len(missing(reporting, REACHED, day)) < len(REACHED), error
            note(str(error))
        yield campaign


@cases(tuple(domain for domain in REACHED if domain.name not in LATER), lambda domain: f"{domain.name}: {', '.join(domain.reports.reached(domain.name))}")
def scenario_report(campaign: Campaign, domain: Domain) -> None:
    """RPTF-01 Each address gets one report: right by schema, headers, file name, dkimpy, opendkim and parsedmarc"""
    found = campaign.reporting.received(domain, campaign.day)
    for uri in domain.reports.reached(domain.name):
        assert len(found[uri]) == 1, f"{len(found[uri])} reports at {uri}"
        campaign.reporting.check(found[uri][0], domain.name)
        check_policy(found[uri][0], domain)
    # RPTF-05: the same report wherever it goes.
    assert len({report.id for those in found.values() for report in those}) == 1
    assert len({report.compressed for those in found.values() for report in those}) == 1


@cases(UNREACHED, lambda domain: f"{domain.name}, {domain.reports.outcome}")
def scenario_no_report(campaign: Campaign, domain: Domain) -> None:
    """RPTC-02 No report arrives where none is asked for or none can be taken"""
    found = campaign.reporting.received(domain, campaign.day)
    assert not any(found.values()), {uri: len(those) for uri, those in found.items()}
    assert not reports.mailed(campaign.bed, "reports.example", domain.name, campaign.reporting.sender.organization)


@cases(SILENT, lambda domain: f"{domain.name}, {domain.expect.cause}")
def scenario_silent(campaign: Campaign, domain: Domain) -> None:
    """RPTC-17 Where no host was met nothing is counted, and nothing reported as a session"""
    for those in campaign.reporting.received(domain, campaign.day).values():
        for report in those:
            # Of DNS failures a report may tell, of connections it must not.
            assert not report.connections(), report.document


@cases(SAYINGS, str)
def scenario_said(campaign: Campaign, said: Said) -> None:
    """RPTC-14 The report says what happened"""
    check_said(campaign.reporting.first(said.domain, campaign.day), said)


BOTH = (Said("dane-sts-selfsigned.example", "tlsa", policy_domain="mx.dane-sts-selfsigned.example"),
        Said("dane-sts-selfsigned.example", "sts", "certificate-not-trusted"),
        Said("dane-wrong-sts.example", "tlsa", "validation-failure", "tlsa-mismatch", "mx.dane-wrong-sts.example"), Said("dane-wrong-sts.example", "sts"))


@cases(BOTH, str)
def scenario_dane_and_sts(campaign: Campaign, said: Said) -> None:
    """F74 DANE right and the certificate wrong for MTA-STS, and the reverse: each is counted by itself"""
    check_said(campaign.reporting.first(said.domain, campaign.day), said)


def scenario_own_mailbox(campaign: Campaign) -> None:
    """F125 A report that is wanted at our own domain arrives there, and causes none"""
    assert len(campaign.reporting.received_of("fault-125.example", campaign.day)) == 1


def scenario_every_result_type(campaign: Campaign) -> None:
    """RFC 8460 §4.3: every result type occurs, and no other"""
    told = {detail["result-type"] for domain in REACHED for those in campaign.reporting.received(domain, campaign.day).values()
            for report in those for count in report.counts().values() for detail in count.details}
    assert told == set(RESULT_TYPES), told ^ set(RESULT_TYPES)


def is_comparable(group: tuple[Domain, ...]) -> bool:
    return all(domain in REACHED and domain.name not in LATER for domain in group)


@cases(tuple(group for group in GROUPS if is_comparable(group)), lambda group: " ".join(domain.name for domain in group))
def scenario_sessions(campaign: Campaign, group: tuple[Domain, ...]) -> None:
    """RPTC-07 The report counts as many connections as the hosts had"""
    hosts = frozenset[str]().union(*(sessions.hosts_for(domain) for domain in group))
    had = sum(campaign.seen.decided[host] for host in hosts)
    least = most = 0
    for domain in group:
        by_type = campaign.reporting.first(domain.name, campaign.day).connections()
        # Under DANE and MTA-STS a connection counts for each that was judged; where there is one of them, or none, it counts once.
        is_once = domain.expect.sts not in ("enforce", "testing")
        least += sum(by_type.values()) if is_once else max(by_type.values(), default=0)
        most += sum(by_type.values())
    assert least <= had <= most, f"the hosts had {had} sessions, the reports count {least}" + (f" to {most}" if most > least else "")


@cases(AT_HOME, lambda domain: f"{domain.name}, {domain.what}")
def scenario_at_home(campaign: Campaign, domain: Domain) -> None:
    """F125 RPTF-20 A domain whose own TLS is broken still receives its report, at itself"""
    (report,) = campaign.reporting.at(f"mailto:tlsrpt@{domain.name}", domain.name, campaign.day)
    assert report.by == "mail" and report.message["TLS-Required"] == "No"


def scenario_override(campaign: Campaign) -> None:
    """An override sends reports to a folder: one file, named as RFC 8460 §5.1 has it, and nothing by mail"""
    files = [path for path in campaign.reporting.elsewhere.iterdir() if not path.name.startswith(".")]
    assert len(files) == 1, files
    data = files[0].read_bytes()
    document = reports.read(reports.unpack(data))
    assert re.fullmatch(reports.file_name_pattern(document, ELSEWHERE, campaign.reporting.sender.submitter), files[0].name), files[0].name
    campaign.reporting.check(Report("post", str(files[0]), data, document, post=reportsink.Post(
        0, "", "", "POST", 201, "application/tlsrpt+gzip", "", "", "", data)), ELSEWHERE)


def offline(*words: str) -> tuple[int, str, str]:
    done = subprocess.run([program("relayctl"), *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def scenario_read(campaign: Campaign) -> None:
    """relayctl tlsrpt read renders a report of ours: as mail, as file, and compressed"""
    report = campaign.reporting.first("mismatch.example", campaign.day)
    folder = campaign.reporting.folder
    for name, content in (("report.eml", report.mail), ("report.json.gz", report.compressed), ("report.json", gzip.decompress(report.compressed))):
        (folder / name).write_bytes(content)
        code, output, error = offline("tlsrpt", "read", str(folder / name))
        assert code == 0 and "mismatch.example" in output and "validation-failure" in output, (name, code, output, error)
    (folder / "broken.json").write_text("{")
    assert offline("tlsrpt", "read", str(folder / "broken.json"))[0] == 1


def scenario_preview(campaign: Campaign) -> None:
    """relayctl tlsrpt preview shows the report of day one as it was sent"""
    code, found = campaign.reporting.relay.ctl_json("tlsrpt", "preview", "--day", campaign.day, "--domain", "mismatch.example")
    assert code == 0 and "validation-failure" in json.dumps(found) and "tlsa-mismatch" in json.dumps(found), found


def scenario_status(campaign: Campaign) -> None:
    """relayctl tlsrpt status tells what became of each report"""
    found = status(campaign.reporting)
    absent = [domain.name for domain in REACHED if domain.name not in found]
    assert not absent, f"not in the status: {absent}"
    for name in ("good.example", "mismatch.example", "report-https.example", "report-both.example", "report-second.example"):
        assert found[name]["outcome"] == "accepted", found[name]
    for name in ("report-none.example", "report-two.example", "report-malformed.example", "report-version.example"):
        assert found[name]["outcome"] == "unwanted", found[name]
    assert found["report-scheme.example"]["outcome"] == "no-destination", found["report-scheme.example"]
    assert found["report-refused.example"]["outcome"] == "undelivered", found["report-refused.example"]
    assert "550" in json.dumps(found["report-refused.example"]), found["report-refused.example"]
    # Not given up yet: the endpoints are tried for a day.
    for name, word in (("report-404.example", "404"), ("report-redirect.example", "302")):
        assert found[name]["state"] != "ended" and word in json.dumps(found[name]), found[name]


def scenario_redirect(campaign: Campaign) -> None:
    """F124 RPTF-23 A redirect is not followed"""
    assert not reportsink.posts(campaign.bed.folder, "/ok/redirected-")
    assert reportsink.posts(campaign.bed.folder, "/302/report-redirect.example")


def scenario_no_answer(campaign: Campaign) -> None:
    """F125 RPTF-21 A bounced report ends silently: nothing comes home to the sender of reports"""
    for content in campaign.bed.delivered(addresses.ORGANIZATION_DOMAIN, b"multipart/report"):
        parts = [part.get_content_type() for part in message_from_bytes(content).walk()]
        assert "message/delivery-status" not in parts, content.decode(errors="replace")[:800]


def tries(campaign: Campaign, domain: str) -> list[Report]:
    (uri,) = BY_NAME[domain].reports.uris(domain)
    return reports.tried(campaign.bed, uri, campaign.reporting.sender.organization)


def scenario_503(campaign: Campaign) -> None:
    """F124 RPTF-25 An endpoint that says 503 is asked again, later and later, with the same report, until it takes it"""
    domain = LATER[0]
    for count in (1, 2, 3):
        wait_for(f"POST number {count}", lambda: len(tries(campaign, domain)) >= count, 30)
        if count < 3:
            # Not at once.
            time.sleep(6)
            assert len(tries(campaign, domain)) == count, f"{len(tries(campaign, domain))} tries"
            campaign.reporting.clock.advance(minutes=10 * count)
    found = [report for report in tries(campaign, domain) if report.day == campaign.day]
    assert [report.post and report.post.status for report in found] == [503, 503, 201]
    assert len({report.id for report in found}) == 1 and len({report.compressed for report in found}) == 1
    campaign.reporting.check(found[-1], domain)
    wait_for("the status", lambda: status(campaign.reporting)[domain]["outcome"] == "accepted", 10)


def scenario_given_up(campaign: Campaign) -> None:
    """F124 RPTF-25 After 24 hours an endpoint that never takes it is given up"""
    def ends() -> dict[str, str]:
        return {event["domain"]: event.get("status", "") for event in campaign.reporting.relay.events()
                if event.get("event") == "report-sent" and event.get("day") == campaign.day and "next" not in event}

    wanted = ("report-404.example", "report-redirect.example", "report-loopback.example")
    for _ in range(9):
        campaign.reporting.clock.advance(hours=3)
        # Two looks of the relay at its clock.
        time.sleep(6)
    wait_for("the ends", lambda: set(wanted) <= set(ends()), 20)
    assert {ends()[name] for name in wanted} == {"failed"}, ends()
    posts = [report for report in tries(campaign, "report-404.example") if report.day == campaign.day]
    note(f"report-404.example was asked {len(posts)} times in a day")
    assert 3 <= len(posts) <= 20, len(posts)


def scenario_loopback_not_asked(campaign: Campaign) -> None:
    """F124 SEC A record that names 127.0.0.1 makes nobody connect to it"""
    assert not reportsink.posts(campaign.bed.folder, "report-loopback.example")


def scenario_no_loop(campaign: Campaign) -> None:
    """F125 RPTC-18 On the third day no report is caused by reports"""
    reporting = Reporting(campaign.bed, "17-tlsrpt-loop", 171)
    with reporting.relay:
        first = reporting.day
        mail(reporting, tuple(BY_NAME[name] for name in DONE_WITH))
        next_day(reporting)
        second = reporting.day
        wait_reports(reporting, tuple(BY_NAME[name] for name in DONE_WITH), first)
        # Without it this could not fail.
        letter = Letter.to("someone@dane-ta.example", name="loop")
        reporting.relay.submit(letter)
        reporting.relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
        next_day(reporting)
        wait_reports(reporting, (BY_NAME["dane-ta.example"],), second)
        time.sleep(8)
        for name in (*DONE_WITH, "reports.example", addresses.ORGANIZATION_DOMAIN):
            domain = BY_NAME[name]
            for uri in domain.reports.uris(name):
                caused = reporting.at(uri, name, second)
                assert not caused, f"{name}: {caused[0].document}"


def scenario_states(campaign: Campaign) -> None:
    """F48 F49 F50 TLSA mended between attempts, mail that waives TLS and mail that wants more than the host has: each session counts as what it was"""
    reporting = Reporting(campaign.bed, "17-tlsrpt-states", 177)
    mended, waived, demanding = "fault-48.example", "fault-49.example", "good.example"
    with reporting.relay as relay:
        day = reporting.day
        letter = Letter.to(f"someone@{mended}", name="states")
        relay.submit(letter)
        assert relay.wait_attempt(letter, letter.recipients[0], ("deferred",))[0]["cause"] == "dane-mismatch"
        changes.rewrite(campaign.bed, replace(BY_NAME[mended], records=("_25._tcp.mx 1 TLSA {3 1 1 own of mx.fault-48.example}",)),
                        question=(f"_25._tcp.mx.{mended}", "TLSA"), shows=lambda answer: "aaaaaaaa" not in answer.lower())
        last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",))[-1]
        assert last["verified"] == "dane", last

        letter = Letter.to(f"someone@{waived}", name="states", headers="TLS-Required: No\n")
        relay.submit(letter)
        last = relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred"))[0]
        assert last["status"] == "delivered" and last["observed"].startswith("tlsa:validation-failure"), last

        letter = Letter.to(f"someone@{demanding}", name="states")
        relay.submit(letter, ("REQUIRETLS",), tls=True)
        last = relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"))[0]
        assert last["status"] == "bounced", last
        notice = wait_for("the notice", lambda: campaign.bed.bounces(letter.sender), 20)[0].as_string()
        assert re.search(r"^Status: 5\.7\.30$", notice, re.M), notice

        next_day(reporting)
        wait_reports(reporting, tuple(BY_NAME[name] for name in (mended, waived, demanding)), day)
        for said in (Said(mended, "tlsa", "validation-failure", "tlsa-mismatch", f"mx.{mended}"), Said(mended, "tlsa", policy_domain=f"mx.{mended}"),
                     Said(waived, "tlsa", "validation-failure", "tlsa-mismatch", f"mx.{waived}"),
                     Said(demanding, "tlsa", policy_domain=f"mx.{demanding}")):
            check_said(reporting.first(said.domain, day), said)
        assert sum(count.failures for count in reporting.first(demanding, day).counts().values()) == 0


def scenario_kills(campaign: Campaign) -> None:
    """F111 Killed again and again, before and after midnight and while reports go out: none is lost, none doubled, counts are whole"""
    generator = random.Random(SEED)
    reporting = Reporting(campaign.bed, "17-tlsrpt-kill", 172)
    domains = tuple(BY_NAME[name] for name in DONE_WITH)

    def killed(times: int, longest: float) -> None:
        for _ in range(times):
            time.sleep(generator.uniform(0.05, longest))
            reporting.relay.kill()
            reporting.relay.start()

    with reporting.relay:
        day = reporting.day
        letters = []
        for _ in range(KILLS):
            letters += [Letter.to(outcomes.recipient(domain), name="kill") for domain in domains]
            for letter in letters[-len(domains):]:
                reporting.relay.submit(letter)
            killed(1, 0.6)
        for letter in letters:
            wait_for("copy", lambda: campaign.bed.delivered(letter.recipients[0].split("@")[1], letter.mark), LIMIT)
        reporting.relay.stop()
        had = sessions.settled(campaign.bed, reporting.address)
        reporting.clock.to_next_day(hour=0)
        reporting.relay.start()
        # Planned for some time within four hours.
        killed(KILLS // 2, 1.0)
        reporting.clock.advance(hours=5)
        killed(KILLS, 2.0)
        wait_reports(reporting, domains, day)
        reporting.relay.stop()
        short = 0
        for domain in domains:
            found = reporting.received(domain, day)
            for uri, those in found.items():
                ids = {report.id for report in those}
                assert len(ids) == 1, f"{uri}: {len(ids)} different reports"
                # A kill between the taker's 250 and our note of it may repeat a copy: same id, so that it can be dropped (RPTF-05).
                assert len(those) <= 2, f"{uri}: {len(those)} copies"
                short += len(those) - 1
            hosts = sessions.hosts_for(domain)
            counted = max(reporting.first(domain.name, day).connections().values())
            seen = sum(had.decided[host] for host in hosts)
            # A connection that a kill cut off was never settled, so it is counted nowhere.
            assert counted <= seen and seen - counted <= 2 * KILLS, f"{domain.name}: {counted} counted, {seen} had"
        note(f"seed {SEED}: {len(letters)} letters, {KILLS + KILLS // 2 + KILLS} kills, {short} copies of a report more than one")


def scenario_midnight_passes(campaign: Campaign) -> None:
    """F123 A relay that runs through midnight sends the reports by itself, within tlsrpt.spread"""
    reporting = Reporting(campaign.bed, "17-tlsrpt-running", 173, tlsrpt={"spread": quoted("4h")})
    domains = tuple(BY_NAME[name] for name in DONE_WITH)
    with reporting.relay:
        day = reporting.day
        mail(reporting, domains)
        reporting.clock.to_next_day(hour=0, minute=1)
        wait_for("the plan", lambda: any(event.get("event") == "reports-planned" for event in reporting.relay.events()), 20)
        reporting.clock.advance(hours=4)
        wait_reports(reporting, domains, day)


def scenario_certificates_verified(campaign: Campaign) -> None:
    """RPTF-24 tlsrpt.certificates = "verify": no POST to an endpoint whose certificate expired"""
    reporting = Reporting(campaign.bed, "17-tlsrpt-verify", 174, tlsrpt={"certificates": quoted("verify")})
    domains = (BY_NAME["report-expired.example"], BY_NAME["report-https.example"])
    with reporting.relay:
        day = reporting.day
        mail(reporting, domains)
        next_day(reporting)
        wait_reports(reporting, domains[1:], day)
        wait_for("the failure", lambda: any(event.get("event") == "report-sent" and event.get("domain") == "report-expired.example"
                                            for event in reporting.relay.events()), 20)
        assert not reporting.received(domains[0], day)[domains[0].reports.uris(domains[0].name)[0]]


def scenario_send(campaign: Campaign) -> None:
    """relayctl tlsrpt send does not wait for the time that was drawn"""
    reporting = Reporting(campaign.bed, "17-tlsrpt-send", 175)
    domain = BY_NAME["good.example"]
    with reporting.relay:
        day = reporting.day
        mail(reporting, (domain,))
        # Reports are planned a minute after midnight.
        reporting.clock.to_next_day(hour=0, minute=2)
        wait_for("the plan", lambda: any(event.get("event") == "reports-planned" for event in reporting.relay.events()), 20)
        code, output, error = reporting.relay.ctl("tlsrpt", "send", "--day", day, "--domain", domain.name)
        assert code == 0, (code, output, error)
        wait_reports(reporting, (domain,), day)
        found = reporting.first(domain.name, day)
        code, output, error = reporting.relay.ctl("tlsrpt", "send", "--day", day, "--domain", domain.name)
        assert code == 0, (code, output, error)
        (uri,) = domain.reports.uris(domain.name)
        wait_for("the second copy", lambda: len(reporting.at(uri, domain.name, day)) == 2, LIMIT)
        assert {report.id for report in reporting.at(uri, domain.name, day)} == {found.id}


def scenario_not_configured(campaign: Campaign) -> None:
    """RPTF-04 Half a configuration is said at --check; without keys nothing is sent"""
    for broken in ({"contact": ""}, {"organization": ""}):
        reporting = Reporting(campaign.bed, "17-tlsrpt-broken", 176)
        text = reporting.relay.toml.read_text()
        for key in broken:
            text = "\n".join(line for line in text.splitlines() if not line.startswith(f"{key} ="))
        reporting.relay.toml.write_text(text)
        done = subprocess.run([program("relayd"), "--config", reporting.relay.toml, "--check"], capture_output=True, text=True)
        assert f"tlsrpt.{next(iter(broken))}" in done.stdout + done.stderr, done
