"""Networks that lose, and name servers that mean harm: mail goes on, costs stay bounded, and nothing counts as secure that is not."""

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates, policyhost
from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.netdomains import INSECURE, ITERATED, KEYS, MANY_POLICIES, NAME_SERVERS, PLAIN_HOST, POLICY_ADDRESSES, REFERRAL, VICTIM
from internet.ownhosts import OwnHost, pour
from internet.packetloss import NarrowPath, PacketLoss
from internet.planned import PlannedHost, Session, wait_and_say
from internet.playednames import PlayedNameServer, forge_authenticated, refuse
from internet.policies import host_name
from internet.policyhost import PolicyHost
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases, note, slow
from internet.submission import Letter

NETWORK = "127.3.55"
FORWARDER = "127.1.0.23"
TIMES = {"connect_timeout": "5s", "command_timeout": "8s", "data_start_timeout": "8s", "data_block_timeout": "3s", "data_end_timeout": "8s"}
# What a domain may cost the resolver, and what mail to another may take meanwhile, in seconds.
WORK, CONTROL = 4.0, 10.0


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "55-networks", 1, more={"delivery": {key: quoted(value) for key, value in TIMES.items()}}) as relay:
        yield relay


def check_control(relay: Relay) -> None:
    """Mail for others goes on."""
    letter = Letter.to("someone@good.example", name="control")
    began = time.monotonic()
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
    assert time.monotonic() - began < CONTROL, f"{time.monotonic() - began:.1f} s"


def work_of_resolver(relay: Relay) -> float:
    """Processor time of the worker that speaks DNS, in seconds."""
    total = 0
    for worker in relay.workers():
        fields = Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def sent(relay: Relay, recipient: str, body: bytes = b"Hello.\n") -> Letter:
    letter = Letter.to(recipient, name="networks", body=body)
    relay.submit(letter)
    return letter


def deferred_twice(relay: Relay, letter: Letter, limit: float) -> list[dict[str, str]]:
    attempts = wait_for("a second attempt", lambda: len(found := relay.attempts(letter)) > 1 and found, limit)
    assert {attempt["status"] for attempt in attempts} == {"deferred"}, attempts
    return attempts


def scenario_path_dies(relay: Relay) -> None:
    """F95 The path dies in the middle of the content, without a word: given up in time, mail for others goes on, and it is delivered later, once"""
    loss = PacketLoss(f"{NETWORK}.95", 100)
    died: list[float] = []

    def die(session: Session) -> bool:
        session.send(b"354 go on\r\n")
        session.socket.recv(65_536)
        loss.begin()
        died.append(time.monotonic())
        time.sleep(20)
        return False

    with PlannedHost(loss.address, first={"DATA": die}) as host:
        try:
            letter = sent(relay, f"someone@[{host.address}]", b"x" * 70 + b"\n" + (b"y" * 70 + b"\n") * 110_000)
            wait_for("the path to die", lambda: died, 20)
            check_control(relay)
            first = relay.wait_attempt(letter, letter.recipients[0], ("deferred",), 40)[0]
            note(f"given up {time.monotonic() - died[0]:.1f} s after the path died, {loss.lost} packets lost: {first['cause']}")
            assert first["cause"] == "timed-out" and loss.lost > 0, first
            wait_for("the connection to be let go", lambda: relay.ctl_json("status")[1]["delivery"]["connections"] == 0, 20)  # type: ignore[index]
        finally:
            loss.end()
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 40)
        assert host.copies(letter.sender) == 1, host.copies(letter.sender)


@slow
def scenario_loss_and_delay(relay: Relay) -> None:
    """F94 One packet of five is lost, and the host takes its time for each answer: all letters arrive whole, twice only where the last reply was lost"""
    plan = {"connect": wait_and_say(0.6, b"220 far.example ESMTP\r\n"), "MAIL": wait_and_say(0.6, b"250 2.1.0 ok\r\n"),
            "RCPT": wait_and_say(0.6, b"250 2.1.5 ok\r\n"), ".": wait_and_say(0.6, b"250 2.0.0 taken\r\n")}
    with PlannedHost(f"{NETWORK}.94", plan) as host, PacketLoss(host.address, 20) as loss:
        letters = [sent(relay, f"someone{number}@[{host.address}]", (b"%070d\n" % number) * 3000) for number in range(10)]
        check_control(relay)
        for letter in letters:
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 180)
        note(f"{loss.lost} packets lost, {len(host.connects)} connections")
        assert loss.lost >= 10, loss.lost
        for letter in letters:
            copies = [one.content for one in host.taken if one.sender == f"<{letter.sender}>"]
            unanswered = [event for event in relay.events()
                          if event.get("from") == f"{letter.sender}" and "after the content" in event.get("reason", "")]
            assert 1 <= len(copies) <= 1 + len(unanswered), (letter.identity, len(copies), unanswered)
            assert all(letter.arrived_whole(copy) for copy in copies), letter.identity


def scenario_many_keys(relay: Relay) -> None:
    """F21 Forty keys with one tag and a hundred signatures: bounded work, that domain's mail waits, other mail goes on"""
    before = work_of_resolver(relay)
    letter = sent(relay, f"someone@{KEYS}")
    check_control(relay)
    attempts = deferred_twice(relay, letter, 60)
    spent = work_of_resolver(relay) - before
    note(f"{spent:.2f} s of processor time for {len(attempts)} attempts: {attempts[0]['reason']}")
    assert attempts[0]["cause"] == "dns-bogus", attempts[0]
    assert spent < WORK, spent
    check_control(relay)


def scenario_many_rounds(relay: Relay) -> None:
    """F21 A zone with NSEC3 of 2,500 rounds: bounded work, and what its signatures prove counts"""
    before = work_of_resolver(relay)
    letter = sent(relay, f"someone@{ITERATED}")
    absent = sent(relay, f"someone@nowhere.{ITERATED}")
    check_control(relay)
    first = relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"))[0]
    assert (first["status"], first["verified"]) == ("delivered", "dane"), first
    other = relay.wait_attempt(absent, absent.recipients[0], ("deferred", "bounced"))[0]
    spent = work_of_resolver(relay) - before
    note(f"{spent:.2f} s of processor time; a name that it denies: {other['status']}, {other['cause']}")
    assert spent < WORK, spent


def scenario_referral(relay: Relay) -> None:
    """F22 A zone with a thousand name servers of somebody else's names: that one is asked little, that domain's mail waits, other mail goes on"""
    with PlayedNameServer(VICTIM, refuse) as victim:
        letter = sent(relay, f"someone@trap.{REFERRAL}")
        check_control(relay)
        attempts = deferred_twice(relay, letter, 60)
        names = {name for name, _ in victim.questions}
        note(f"{len(victim.questions)} questions for {len(names)} names of {NAME_SERVERS} in {len(attempts)} attempts: {attempts[0]['reason']}")
        assert attempts[0]["cause"] == "dns-temp", attempts[0]
        assert names, "the name servers' zone was never asked: this shows nothing"
        # Unbound looks up a handful of name servers for a query, and a lookup asks each of them for both kinds of addresses, again after a failure.
        assert len(victim.questions) < NAME_SERVERS / 2 * len(attempts), len(victim.questions)
        check_control(relay)


def scenario_forged_authenticated(bed: Relay) -> None:
    """F20 A forwarder that says of everything that it was validated: what no signature proves stays unproven"""
    world = bed.bed
    with PlayedNameServer(FORWARDER, forge_authenticated) as forwarder:
        with Relay(world, "55-forwarder", 2, more={"dns": {"forward": f"[{quoted(FORWARDER)}]"}}) as relay:
            insecure, secure = sent(relay, f"someone@{INSECURE}"), sent(relay, "someone@good.example")
            first = relay.wait_attempt(insecure, insecure.recipients[0], ("delivered", "deferred", "bounced"))[0]
            # Were it believed, its TLSA record would hold the letter back.
            assert (first["status"], first["verified"]) == ("delivered", "encrypted"), first
            assert relay.wait_attempt(secure, secure.recipients[0], ("delivered",))[0]["verified"] == "dane"
            bogus = sent(relay, "someone@bogus.example")
            attempt = relay.wait_attempt(bogus, bogus.recipients[0], ("delivered", "deferred", "bounced"))[0]
            assert attempt["status"] == "deferred", attempt
            assert any(INSECURE in name for name, _ in forwarder.questions), "the forwarder was not asked"


POLICIES = int(os.environ.get("POLICIES", "2000"))
# Of fetches at once: for mail (sts.fetches), and for what is fetched anew (docs/tls-policy.md).
FETCHES, REFRESHES = 64, 32
LIMIT = 120 + POLICIES / 10  # seconds


def policy_names(count: int) -> list[str]:
    return [f"d{number}.g{number % len(POLICY_ADDRESSES)}.{MANY_POLICIES}" for number in range(count)]


def counted(relay: Relay, *names: str) -> int:
    text = relay.log().read_text()
    return sum(text.count(f" event={name} ") for name in names)


def shared_certificates(bed: Bed, hosts: list[str]) -> dict[str, Path]:
    """Stems of certificates of the public CA, each for many names: one for each would take minutes."""
    stems = {}
    for start in range(0, len(hosts), 200):
        some = hosts[start:start + 200]
        certificates.make(bed.folder / "certificates", some[0], "webpki", more=tuple(some[1:]))
        stems |= dict.fromkeys(some, bed.folder / "certificates" / some[0])
    return stems


@slow
def scenario_many_policies(relay: Relay) -> None:
    """F72 Thousands of policies are due in the same second after a restart: never more fetches than the cap, all are made, mail goes on"""
    clock = Clock(relay.bed.folder / "relays" / "55-policies")
    names = policy_names(POLICIES)
    stems = shared_certificates(relay.bed, [host_name(name) for name in names])
    policy = policyhost.say(policyhost.OK, f"version: STSv1\r\nmode: testing\r\nmx: mx.{MANY_POLICIES}\r\nmax_age: 604800\r\n".encode())
    with PolicyHost(relay.bed, POLICY_ADDRESSES[0], dict.fromkeys(stems, policy), stems, POLICY_ADDRESSES[1:]) as host, OwnHost(PLAIN_HOST) as mx:
        many = Relay(relay.bed, "55-policies", 5, clock=clock, more={"sts": {"fetch_timeout": quoted("60s")}})
        with many:
            began = time.monotonic()
            pour(many.address, f"policies@{addresses.SENDER_DOMAIN}", [f"someone@{name}" for name in names])
            wait_for("all mail to arrive", lambda: len(mx.copies()) == POLICIES, LIMIT)
            note(f"first contact: {host.connects} fetches in {time.monotonic() - began:.0f} s, at most {host.most} at once")
            assert host.most <= FETCHES, host.most
            # A policy that the letter did not wait for comes behind it; one whose host had too many waiting is not held, and not fetched anew.
            wait_for("the fetches to end", lambda: counted(many, "sts-fetched", "sts-fetch-failed", "sts-fetch-prevented") >= POLICIES, 120)
            held = counted(many, "sts-fetched")
            assert held > POLICIES * 0.9, held
            many.stop()
            host.most = 0
            clock.advance(hours=30)
            many.start()
            began, slowest = time.monotonic(), 0.0
            while counted(many, "sts-refreshed") < held and time.monotonic() - began < LIMIT:
                letter = Letter.to("someone@good.example", name="control")
                sent_at = time.monotonic()
                many.submit(letter)
                many.wait_attempt(letter, letter.recipients[0], ("delivered",))
                slowest = max(slowest, time.monotonic() - sent_at)
            note(f"{counted(many, 'sts-refreshed')} of {held} fetched anew in {time.monotonic() - began:.0f} s, at most {host.most} at once; "
                 f"other mail took at most {slowest:.1f} s; {many.peak_memory() >> 20} MB at most")
            assert counted(many, "sts-refreshed") == held
            assert host.most <= REFRESHES + 1, host.most
            assert slowest < CONTROL, slowest


# Sixty TLSA records: three thousand octets.
LARGE = "fault-42.example"


@cases((("as we ask", None, 3), ("as an operator wishes, four times as large", 4096, 4)), lambda case: case[0])
def scenario_pieces_lost(relay: Relay, case: tuple[str, int | None, int]) -> None:
    """F18 Large answers on a path that loses the pieces of large packets: they come over TCP, and DANE holds"""
    _, size, number = case
    more = {"dns.unbound": {quoted("edns-buffer-size:"): quoted(size)}, "dns": {"lookup_timeout": quoted("20s")}} if size else {}
    with NarrowPath(relay.bed) as path, Relay(relay.bed, f"55-narrow-{number}", number, network=path, more=more) as narrow:
        letter = sent(narrow, f"someone@{LARGE}")
        attempts = narrow.wait_attempt(letter, letter.recipients[0], ("delivered",), 120)
        note(f"asked for at most {path.largest_asked} octets, {path.pieces_lost()} pieces lost, {len(attempts)} attempts")
        assert attempts[-1]["verified"] == "dane", attempts[-1]
        if size:
            assert path.largest_asked == size and path.pieces_lost() > 0, (path.largest_asked, path.pieces_lost())
        else:
            # RFC 9715: what fits every path.
            assert path.largest_asked <= 1232 and path.pieces_lost() == 0, (path.largest_asked, path.pieces_lost())
