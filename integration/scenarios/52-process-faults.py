"""The process runs short of descriptors and memory, its resolver falls; connections and tickets of one domain are nothing to another."""

import os
import re
import signal
import socket
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, changes, watching
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.scenario import Skip, note, slow
from internet.submission import Letter
from internet.turninghosts import ChangingHost, _Session
from internet.watching import outcome, send, settled

MEGABYTE = 1_000_000
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "52-process-faults-process", 1, more=watching.FORGETFUL) as relay:
        assert outcome(relay, "someone@good.example", "warm")["status"] == "delivered"
        yield relay


def scenario_other_domains_connection(relay: Relay) -> None:
    """F46 A connection lies open to a host; another domain at the same host has TLSA records: its mail goes over none but its own"""
    with ChangingHost(relay.bed, "state-open.example") as host:
        changes.republish(relay.bed, "state-dane.example", host.tlsa("rsa"))
        assert outcome(relay, "someone@state-open.example", "open")["verified"] == "encrypted"
        assert (host.connects, host.mails) == (1, 1)
        last = outcome(relay, "someone@state-dane.example", "dane")
        assert (last["status"], last["cause"]) == ("deferred", "dane-mismatch"), last
        assert host.connects >= 2 and host.mails == 1, (host.connects, host.mails)
        connects = host.connects
        # It did lie open all the time.
        assert outcome(relay, "someone@state-open.example", "open")["status"] == "delivered"
        assert (host.connects, host.mails) == (connects, 2), "the connection was not kept open: this shows nothing"


class TicketHost(ChangingHost):
    """Notes of each TLS session whether it was a resumed one."""

    def __init__(self, bed: Bed, domain: str) -> None:
        self.resumed: list[bool] = []
        super().__init__(bed, domain)

    def _talk(self, peer: socket.socket) -> None:
        session = _TicketSession(self, peer)
        try:
            peer.settimeout(60)
            session.serve()
        except OSError:
            pass
        finally:
            session.socket.close()


class _TicketSession(_Session):
    host: TicketHost

    def start_tls(self) -> bool:
        goes_on = super().start_tls()
        self.host.resumed.append(bool(self.socket.session_reused))  # type: ignore[attr-defined]
        return goes_on


@slow
def scenario_ticket(first: Relay) -> None:
    """F47 A ticket of an unverified session is not used where DANE demands a proof: neither for a wrong key nor for the right one"""
    bed, domain = first.bed, "state-ticket.example"
    with TicketHost(bed, domain) as host, Relay(bed, "52-process-faults-ticket", 2, more=watching.FORGETFUL | watching.SHORT_IDLE) as relay:
        for _ in range(2):
            assert outcome(relay, f"someone@{domain}", "ticket")["verified"] == "encrypted"
            time.sleep(watching.APART)
        assert host.resumed == [False, True], f"no ticket was used at all, and this shows nothing: {host.resumed}"
        changes.republish(bed, domain, host.tlsa("rsa"))
        time.sleep(watching.DNS_MEMORY)
        letter = send(relay, f"someone@{domain}", "ticket")
        last = settled(relay, letter)
        assert (last["status"], last["cause"]) == ("deferred", "dane-mismatch"), last
        changes.republish(bed, domain, host.tlsa("self-signed"))
        last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 40)[-1]
        assert last["verified"] == "dane" and host.mails == 3, (last, host.mails)
        assert not any(host.resumed[2:]), host.resumed


LEVELS = {"good.example": "dane", "dane-ta.example": "dane", "unusable.example": "encrypted", "insecure.example": "encrypted"}


ROUNDS = 3


def lookups_open(relay: Relay) -> int:
    return int(re.findall(r"^waxwing_dns_lookups_open (\d+)", relay.ctl("metrics")[1], re.M)[0])


def scenario_resolver_falls(first: Relay) -> None:
    """F23 The resolver dies by SIGSEGV with lookups under way: they fail, no level is lowered, no policy forgotten, and a new resolver comes"""
    bed, policed = first.bed, "state-policy.example"
    with ChangingHost(bed, policed, "webpki") as host, Relay(bed, "52-process-faults-falls", 5, more=watching.FORGETFUL | watching.SHORT_IDLE) as relay:
        assert outcome(relay, f"someone@{policed}", "falls")["sts"] == "enforce"
        host.show("self-signed")
        # Nothing but a new connection sees the other certificate.
        time.sleep(watching.APART)
        waiting = send(relay, "someone@state-lookup.example", "falls")
        letters: list[Letter] = []
        for _ in range(ROUNDS):
            # A failure is remembered for five seconds; then the letter's next attempt asks again, and hears nothing for ten.
            wait_for("a lookup that waits", lambda: lookups_open(relay) == 1, 40)
            (worker,), told = relay.workers(), len(relay.attempts(waiting))
            letters += [send(relay, f"someone@{domain}", "falls") for domain in LEVELS]
            assert len(relay.attempts(waiting)) == told, "the lookup is over before the fault"
            began = time.monotonic()
            os.kill(worker, signal.SIGSEGV)
            wait_for("the lookup's end", lambda: len(relay.attempts(waiting)) > told, 20)
            took, last = time.monotonic() - began, relay.attempts(waiting)[told]
            note(f"what waited for an answer was told after {took:.1f} s: {last['reason']}")
            assert (last["status"], last["cause"]) == ("deferred", "dns-temp") and "resolver process died" in last["reason"], last
            # Not at the end of its own patience, which is ten seconds.
            assert took < 5, took
            wait_for("a new resolver", lambda: set(relay.workers()) - {worker}, 20)
            known = len(events(relay, "delivery", destination=policed, sts="enforce"))
            assert outcome(relay, f"someone@{policed}", "falls")["cause"] == "certificate-invalid"
            # The destination rests, and is tried again for one of the letters.
            wait_for("an attempt under the policy", lambda: len(events(relay, "delivery", destination=policed, sts="enforce")) > known, 20)
        for letter in letters:
            domain = letter.recipients[0].split("@")[1]
            last = relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)[-1]
            assert last["verified"] == LEVELS[domain], last
            assert len(bed.delivered(domain, letter.mark)) == 1
        assert host.mails == 1 and relay.process and relay.process.poll() is None


class Limited(Relay):
    """With so few descriptors."""

    descriptors = 64

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("prlimit", f"--nofile={self.descriptors}:{self.descriptors}", *super().prefix)


def processor_time(relay: Relay) -> float:
    fields = Path(f"/proc/{relay.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def scenario_few_descriptors(first: Relay) -> None:
    """F122 64 descriptors and 100 clients: no spinning, those beyond wait or are told 421, mail goes out meanwhile, and all is well again"""
    with Limited(first.bed, "52-process-faults-descriptors", 3) as relay:
        assert events(relay, "descriptors-short")[-1]["limit"] == "64"
        waiting = send(relay, "someone@greylist.example", "few")
        with ExitStack() as stack:
            answers: list[bytes] = []
            links = [stack.enter_context(socket.create_connection((relay.address, addresses.RELAY_PORT), timeout=10)) for _ in range(100)]
            time.sleep(2)
            before = processor_time(relay)
            time.sleep(3)
            spent = processor_time(relay) - before
            for link in links:
                link.setblocking(False)
                try:
                    answers.append(link.recv(200))
                except BlockingIOError:
                    continue
            greeted = sum(answer.startswith(b"220") for answer in answers)
            assert all(answer[:3] in (b"220", b"421", b"") for answer in answers), set(answers)
            note(f"{greeted} of 100 clients are served, {len(answers) - greeted} were told to go, {100 - len(answers)} wait; "
                 f"{spent:.2f} s of processor in 3 s")
            assert 0 < greeted < 64 and spent < 1.0, spent
            relay.wait_attempt(waiting, waiting.recipients[0], ("delivered",), 60)
        assert outcome(relay, "someone@good.example", "few")["status"] == "delivered"
        assert relay.process and relay.process.poll() is None


@contextmanager
def memory_group(name: str) -> Iterator[Path]:
    """A group of processes whose memory is counted and can be bounded."""
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()
              if line.split()[2] == "cgroup" and "memory" in line.split()[3].split(",")]
    if not places:
        raise Skip("no memory controller of cgroup version 1 here")
    path = Path(places[0]) / name
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise Skip(f"no group can be made here: {error}") from None
    try:
        yield path
    finally:
        for _ in range(50):
            try:
                path.rmdir()
                break
            except OSError:
                time.sleep(0.1)


def scenario_out_of_memory(first: Relay) -> None:
    """F122 The kernel kills the relay for want of memory while mail comes in: what was acknowledged is there, once each"""
    with memory_group(f"waxwing-{os.getpid()}") as group, Relay(first.bed, "52-process-faults-memory", 4) as relay:
        assert relay.ctl("destinations", "suspend", "good.example")[0] == 0
        (group / "cgroup.procs").write_text(str(relay.pid))
        resident = int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{relay.pid}/status").read_text())[0]) * 1024
        letters: list[Letter] = []
        # What it holds already is counted elsewhere: this much more it may have, and no file of the disk in memory counts.
        (group / "memory.limit_in_bytes").write_text(str(8 * MEGABYTE))
        try:
            for _ in range(400):
                letter = Letter.to("someone@good.example", body=b"%071d\n" % 7 * 2000, name="oom")
                relay.submit(letter)
                letters.append(letter)
        except (OSError, AssertionError):
            pass
        assert relay.wait_exit(30) == -signal.SIGKILL, relay.tail()
        note(f"killed at {resident / MEGABYTE:.0f} MB and more, {len(letters)} acknowledged")
        relay.start()
        _, page = relay.ctl_json("queue", "list", "--all")
        assert {letter.sender for letter in letters} <= {message["sender"] for message in page["messages"]}  # type: ignore[index]
        assert relay.ctl("destinations", "resume", "good.example")[0] == 0
        for letter in letters:
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)
        wait_for("the copies", lambda: all(len(first.bed.delivered("good.example", letter.mark)) == 1 for letter in letters[-5:]), 20)
