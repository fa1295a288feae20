"""Hosts of strangers that HTTPS leads to: policies that never end, and reports that a record wants posted where nobody may.

All letters go out on day one (the relay has a clock of its own); the reports on day two.
"""

import fcntl
import socket
import struct
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Iterator

from internet import policyhost, reports
from internet.inside import Bed, wait_for
from internet.netdomains import (COMPRESSED, ENDPOINT, INSIDE, METADATA, PEER_DOMAINS, POLICY_PEER, REPORT_PEER, REPORT_TRAPS, RUA, RUA_LATER,
                                 RUA_MANY, RUA_REDIRECT, RUA_TALKS, SLOW, TOO_LONG, peer_domain)
from internet.ownhosts import Knocks
from internet.policyhost import MEGABYTE, Exchange, PolicyHost
from internet.policies import host_name
from internet.reporting import Reporting, Said, check_said
from internet.scenario import cases, note
from internet.submission import Letter

SIOCSIFADDR = 0x8916
# What a relay may grow by while gigabytes are offered to it, and what a socket holds of them before it is closed.
GROWTH, BUFFERED = 48 * MEGABYTE, 24 * MEGABYTE
LIMIT = 60
# Destinations that are kept of one record (docs/tlsrpt.md).
DESTINATIONS = 10


@dataclass
class Campaign:
    reporting: Reporting
    policies: PolicyHost
    endpoint: PolicyHost
    forbidden: tuple[PolicyHost, ...]  # addresses that no stranger's record leads to
    smtp: Knocks  # at the endpoint's port 25
    day: str
    letters: dict[str, Letter]
    growth: int  # of memory, octets
    control: list[dict[str, str]]  # attempts of a letter to another domain, meanwhile

    def outcome(self, domain: str) -> dict[str, str]:
        letter = self.letters[domain]
        return self.reporting.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"), LIMIT)[0]

    def events(self, name: str, domain: str) -> list[dict[str, str]]:
        return [event for event in self.reporting.relay.events() if event.get("event") == name and event.get("domain") == domain]

    def outcome_of_report(self, domain: str) -> str:
        _, found = self.reporting.relay.ctl_json("tlsrpt", "status", "--all")
        assert isinstance(found, dict)
        return next((one["last"].get("outcome", "") for one in found["domains"] if one["domain"] == domain and one.get("last")), "")


def give_address(number: int, address: str) -> None:
    """Of the namespace's loopback device."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFADDR, struct.pack("16sHH4s8x", f"lo:{number}".encode(), socket.AF_INET, 0, socket.inet_aton(address)))


def answer_report(exchange: Exchange) -> None:
    """By the first part of the path."""
    match exchange.path.split("/")[1]:
        case "redirect":
            policyhost.say(b"HTTP/1.1 302 Found\r\nLocation: https://inside.%s/\r\n" % ENDPOINT.encode())(exchange)
        case "later":
            policyhost.say(b"HTTP/1.1 503 Later\r\nRetry-After: 315360000\r\n")(exchange)
        case "talks":
            policyhost.say(b"HTTP/1.1 200 OK\r\n", b"x" * MEGABYTE)(exchange)
        case _:
            policyhost.say(b"HTTP/1.1 201 Created\r\n")(exchange)


@contextmanager
def fixture(bed: Bed) -> Iterator[Campaign]:
    give_address(54, INSIDE)
    give_address(55, METADATA)
    reporting = Reporting(bed, "54-policy-hosts", 54)
    answers = {host_name(peer_domain(fault)): policyhost.FAULTS[fault] for fault in (*TOO_LONG, *COMPRESSED, *SLOW)}
    trap = {f"{label}.{ENDPOINT}": answer_report for label in ("inside", "link")}
    with ExitStack() as stack:
        policies = stack.enter_context(PolicyHost(bed, POLICY_PEER, answers))
        endpoint = stack.enter_context(PolicyHost(bed, REPORT_PEER, {ENDPOINT: answer_report}))
        forbidden = tuple(stack.enter_context(PolicyHost(bed, address, trap)) for address in (INSIDE, METADATA, "::1"))
        smtp = stack.enter_context(Knocks(REPORT_PEER))
        relay = stack.enter_context(reporting.relay)
        warm = Letter.to("someone@sts-enforce.example", name="peers")
        relay.submit(warm)
        relay.wait_attempt(warm, warm.recipients[0], ("delivered",))
        before = relay.peak_memory()
        letters = {domain.name: Letter.to(f"someone@{domain.name}", name="peers") for domain in (*PEER_DOMAINS, *RUA)}
        for letter in letters.values():
            relay.submit(letter)
        # While they flood and drip.
        wait_for("the policy hosts to be asked", lambda: policies.connects >= len(PEER_DOMAINS), 20)
        control = Letter.to("someone@good.example", name="peers")
        relay.submit(control)
        meanwhile = relay.wait_attempt(control, control.recipients[0], ("delivered",))
        slowest = [host_name(peer_domain(fault)) for fault in SLOW]
        wait_for("the slowest to be given up", lambda: all(policies.of(name) for name in slowest), LIMIT)
        campaign = Campaign(reporting, policies, endpoint, forbidden, smtp, reporting.day, letters, relay.peak_memory() - before, meanwhile)
        for domain in letters:
            assert campaign.outcome(domain)["status"] == "delivered", campaign.outcome(domain)
        relay.stop()
        reporting.clock.to_next_day(hour=5)
        relay.start()
        yield campaign


def check_failed(campaign: Campaign, fault: str, kind: str) -> Exchange:
    """Asked once, within bounds; the letter went as without a policy, and the log and the report say so with one word."""
    domain = peer_domain(fault)
    first = campaign.outcome(domain)
    assert (first["verified"], first["sts"]) == ("encrypted", "unknown"), first
    (failure,) = campaign.events("sts-fetch-failed", domain)
    assert failure["type"] == kind, failure
    (exchange,) = campaign.policies.of(host_name(domain))
    assert exchange.sent < BUFFERED, f"took {exchange.sent} octets"
    note(f"{fault}: {exchange.sent} octets offered, {exchange.seconds:.1f} s: {failure.get('reason', '')[:120]}")
    wait_for(f"the report about {domain}", lambda: campaign.reporting.received_of(domain, campaign.day), LIMIT)
    report = campaign.reporting.first(domain, campaign.day)
    check_said(report, Said(domain, "sts", kind))
    check_said(report, Said(domain, "no-policy-found"))
    return exchange


@cases(TOO_LONG, str)
def scenario_too_long(campaign: Campaign, fault: str) -> None:
    """F58 A policy longer than allowed, or than it says, is no policy, and no more of it is read"""
    check_failed(campaign, fault, "sts-policy-invalid" if fault == "says-less" else "sts-policy-fetch-error")


def scenario_memory(campaign: Campaign) -> None:
    """F58 F59 F60 While gigabytes are offered, memory stays flat, and mail for others goes on"""
    note(f"{campaign.growth / MEGABYTE:.1f} MB more memory")
    assert campaign.growth < GROWTH, campaign.growth
    assert len(campaign.control) == 1 and sum(map(int, campaign.control[0]["ms"].split("/"))) < 5000, campaign.control


@cases(COMPRESSED, str)
def scenario_compressed(campaign: Campaign, fault: str) -> None:
    """F59 A compressed policy was not asked for, and is not unpacked"""
    exchange = check_failed(campaign, fault, "sts-policy-invalid")
    assert exchange.field(b"Accept-Encoding") in (None, b"identity"), exchange.request


@cases(SLOW, str)
def scenario_slow(campaign: Campaign, fault: str) -> None:
    """F60 A policy host that drips, or whose head never ends, is given up in time"""
    exchange = check_failed(campaign, fault, "sts-policy-fetch-error")
    assert exchange.seconds < 40, f"{exchange.seconds:.0f} s for a fetch that may take 8"


def sent(campaign: Campaign, domain: str) -> list[dict[str, str]]:
    return wait_for(f"word of the report about {domain}", lambda: campaign.events("report-sent", domain), LIMIT)


@cases(REPORT_TRAPS, lambda domain: domain.what)
def scenario_not_asked(campaign: Campaign, domain) -> None:  # noqa: ANN001
    """F124 A record that wants reports posted where only this machine can reach: nobody is asked"""
    last = sent(campaign, domain.name)[-1]
    assert last["status"] == "failed" and "next" not in last, last
    note(last.get("reason", str(last)))
    wait_for("the end", lambda: campaign.outcome_of_report(domain.name) == "undelivered", 20)
    assert [host.connects for host in campaign.forbidden] == [0, 0, 0]
    assert campaign.smtp.count == 0, "somebody knocked at port 25"


def scenario_redirect(campaign: Campaign) -> None:
    """F124 An endpoint that sends reports on to a private address: nobody goes there"""
    last = sent(campaign, RUA_REDIRECT.name)[0]
    assert "302" in str(last), last
    assert campaign.endpoint.of(ENDPOINT)
    assert [host.connects for host in campaign.forbidden] == [0, 0, 0]


def scenario_talks(campaign: Campaign) -> None:
    """F124 An endpoint that answers with a megabyte: the report is accepted, the megabyte is not kept"""
    last = sent(campaign, RUA_TALKS.name)[-1]
    assert last["status"] == "accepted", last
    assert campaign.reporting.relay.peak_memory() < 300 * MEGABYTE, campaign.reporting.relay.peak_memory()


def scenario_many(campaign: Campaign) -> None:
    """F124 A record with a thousand addresses: ten get the report"""
    def found() -> int:
        return len(reports.mailed(campaign.reporting.bed, "reports.example", RUA_MANY.name, campaign.reporting.sender.organization))
    wait_for("the reports", lambda: found() >= DESTINATIONS, LIMIT)
    assert len(campaign.events("report-sent", RUA_MANY.name)) <= DESTINATIONS
    assert found() == DESTINATIONS, found()


def scenario_later(campaign: Campaign) -> None:
    """F124 An endpoint that is to be asked again in ten years: the report is given up, within a day"""
    assert "503" in str(sent(campaign, RUA_LATER.name)[0])
    wait_for("the end", lambda: campaign.outcome_of_report(RUA_LATER.name) == "undelivered", 20)

    def planned() -> int:
        return sum(event.get("event") == "reports-planned" for event in campaign.reporting.relay.events())

    # Past the next midnight, and the day the report had. Of a day without mail there are no reports.
    letter, before = Letter.to("someone@good.example", name="peers"), planned()
    campaign.reporting.relay.submit(letter)
    campaign.reporting.relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
    campaign.reporting.clock.advance(hours=25)
    wait_for("the next day's plan", lambda: planned() > before, LIMIT)
    asked = [exchange for exchange in campaign.endpoint.of(ENDPOINT) if exchange.path.startswith("/later/")]
    assert 1 <= len(asked) <= 2, f"asked {len(asked)} times"
