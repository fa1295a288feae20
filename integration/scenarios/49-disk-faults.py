"""The disk fails, fills, hangs, or the process ends, in the middle of a commit."""

import http.client
import os
import re
import smtplib
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import Iterator

from internet import addresses
from internet.injected import Traced, counted, injecting
from internet.injector import Injector, Ledger, wait_until_settled
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.loopdisk import ext4, frozen
from internet.ownhosts import OwnHost
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases, note, slow
from internet.submission import Letter, submit

DOMAINS = ("good.example", "dane-ta.example", "insecure.example")
# Takes its time with each letter, so that a fault can come in between.
SLOW, OTHER = "127.1.7.251", "127.1.7.253"
PAUSE = 3.0
# Points one after the other that are not reached before the walk is at its end: a run makes so many of these calls, and no more.
UNREACHED = 3
# Seconds within which a point is reached; which thread makes the calls that are counted for it is chance, so each is tried again.
WITHIN = (6, 12)
# Of a campaign each point up to the last; of a test some.
POINTS = tuple(range(1, int(os.environ["CRASH_POINTS"]) + 1)) if "CRASH_POINTS" in os.environ else (1, 2, 3, 5, 8, 13, 21)


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "49-disk-faults", 1, more={"delivery": {"destination_connections": "1"}}) as relay:
        yield relay


def goes_on(relay: Relay) -> None:
    """Mail is taken again, and goes out."""
    again = Letter.to("someone@good.example", name="again")
    wait_for("mail to be taken again", lambda: submit(again, relay.address)[0] == 250, 60)
    relay.wait_attempt(again, again.recipients[0], ("delivered",))


@cases((1, 3), lambda count: f"{count} in a row")
def scenario_sync_fails(relay: Relay, count: int) -> None:
    """F116 Syncs of the disk fail with EIO, then it is well: the client is told 451, what was refused never comes, and the relay goes on"""
    goes_on(relay)
    with injecting(relay, "fdatasync,fsync:error=EIO") as output:
        refused = []
        for _ in range(count):
            refused.append(letter := Letter.to("someone@good.example", name="eio"))
            code, text = submit(letter, relay.address)
            assert code == 451, (code, text)
        assert counted(output) >= count, "nothing failed"
    goes_on(relay)
    # Neither now nor by the next start: a sync that failed is not tried again as if it had not happened.
    relay.kill()
    relay.start()
    goes_on(relay)
    for letter in refused:
        assert not relay.attempts(letter) and not relay.bed.delivered("good.example", letter.mark), relay.attempts(letter)


def scenario_writes_fail_for_a_while(relay: Relay) -> None:
    """F116 Every sync fails with EIO: status, doctor and an alarm say so with the error; once syncs work again, all of it ends without a restart"""
    goes_on(relay)
    # Not by the log: an alarm that comes back within ten minutes is not told twice.
    def stands() -> bool:
        return any(alarm["kind"] == "store-not-writable" for alarm in relay.ctl_json("alarms")[1]["alarms"])  # type: ignore[index]
    with injecting(relay, "fdatasync,fsync:error=EIO") as output:
        assert submit(Letter.to("someone@good.example", name="eio"), relay.address)[0] == 451
        wait_for("the alarm", stands, 30)
        text = " ".join(relay.ctl("status")[1].split())
        assert "the store cannot be written since 2" in text and "Input/output error" in text, text
        # Nothing was accepted that lies there.
        assert "safe in the journal" not in text, text
        checks = {check["name"]: check for check in relay.ctl_json("doctor")[1]["checks"]}  # type: ignore[index]
        assert all(checks[name]["state"] == "fault" for name in ("disk-space", "store-writing")), checks
        assert counted(output), "nothing failed"
    wait_for("its end", lambda: not stands(), 60)
    # The journal looks a moment later.
    wait_for("a status without it", lambda: "cannot be written" not in relay.ctl("status")[1], 60)
    goes_on(relay)


def scenario_sync_waits(relay: Relay) -> None:
    """F117 A sync takes five seconds: clients wait for it, nobody is told 250 before, and the relay answers meanwhile"""
    letter = Letter.to("someone@good.example", name="slow")
    with injecting(relay, "fdatasync,fsync:delay_enter=5000000") as output:
        began = time.monotonic()
        result: list[tuple[int, str]] = []
        thread = threading.Thread(target=lambda: result.append(submit(letter, relay.address)))
        thread.start()
        time.sleep(1)
        code, _, error = relay.ctl("status")
        assert code == 0, error
        assert not result, result
        thread.join(60)
        assert counted(output), "nothing was delayed"
        assert result and result[0][0] == 250 and time.monotonic() - began > 4, (result, time.monotonic() - began)
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)


def ready(relay: Relay) -> tuple[int, str]:
    return monitored(relay, "/ready")


def monitored(relay: Relay, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(relay.address, addresses.METRICS_PORT, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


HANGS = 12.0
CLIENTS = 30
# More than a port of relayd serves at once.
SCRAPES = 40


@slow
def scenario_disk_hangs(first: Relay) -> None:
    """F117 The disk hangs: nobody is told 250, who is beyond the bound is turned away, the relay answers and is not ready; then all is there"""
    bed = first.bed
    limits = {"intake": {"client_connection_limit": str(CLIENTS // 2)}, "store": {"minimum_free": quoted("1 MB")}}
    with ext4(bed, "49-hangs") as store, Relay(bed, "49-hangs", 6, store=store, more=limits) as relay, OwnHost(SLOW, pause=HANGS / 3) as host:
        goes_on(relay)
        wait_for("readiness", lambda: ready(relay)[0] == 200, 20)
        letters = [Letter.to("someone@good.example", name="hang") for _ in range(CLIENTS)]
        answers: dict[str, int] = {}

        def hand_in(letter: Letter) -> None:
            try:
                answers[letter.sender] = submit(letter, relay.address, timeout=120)[0]
            except (OSError, smtplib.SMTPException) as error:
                answers[letter.sender] = getattr(error, "smtp_code", 0)
        threads = [threading.Thread(target=hand_in, args=(letter,)) for letter in letters]
        # A delivery that ends while the disk hangs: what it leaves in memory must not be a page of a file there.
        under_way = Letter.to(f"someone@[{SLOW}]", name="hang")
        relay.submit(under_way)
        # What was answered a moment before is known; the disk is asked anew all the same.
        assert monitored(relay, "/metrics")[0] == 200 and relay.ctl("doctor")[0] in (0, 1)
        wait_for("a delivery under way", lambda: host.now == 1, 20)
        with frozen(store):
            for thread in threads:
                thread.start()
            wait_for("those beyond the bound to be turned away", lambda: list(answers.values()).count(421) >= CLIENTS // 2, 20)
            time.sleep(HANGS)
            assert set(answers.values()) == {421}, answers
            scrapes: list[int] = []
            scraping = [threading.Thread(target=lambda: scrapes.append(monitored(relay, "/metrics")[0])) for _ in range(SCRAPES)]
            for thread in scraping:
                thread.start()
            for thread in scraping:
                thread.join(30)
            assert scrapes == [200] * SCRAPES, scrapes
            assert monitored(relay, "/health")[0] == 200
            code, status, error = relay.ctl("status")
            assert code == 0 and "has not answered for" in status, (status, error)
            code, doctor, error = relay.ctl("doctor")
            assert code != 69 and "has not answered for" in doctor, (code, doctor, error)
            meanwhile = ready(relay)
        for thread in threads:
            thread.join(120)
        taken = [letter for letter in letters if answers[letter.sender] == 250]
        assert taken, answers
        for letter in taken:
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)
            assert len(bed.delivered("good.example", letter.mark)) == 1
        relay.wait_attempt(under_way, under_way.recipients[0], ("delivered",), 60)
        assert len(host.taken) == 1, host.taken
        wait_for("readiness", lambda: ready(relay)[0] == 200, 20)
        assert meanwhile[0] == 503 and "store" in meanwhile[1], meanwhile
@slow
def scenario_settling_finds_no_room(relay: Relay) -> None:
    """F115 No room to write down that a letter was delivered: nothing more is delivered until there is, and no second copy goes out"""
    first, second, other = (Letter.to(f"someone@[{address}]", name="settle") for address in (SLOW, SLOW, OTHER))
    with OwnHost(OTHER) as late, OwnHost(SLOW, pause=PAUSE) as host:
        late.puts_off = True
        relay.submit(other)
        relay.wait_attempt(other, other.recipients[0], ("deferred",))
        relay.submit(first)
        relay.submit(second)
        wait_for("the connection", lambda: host.connects, 10)
        before = len(events(relay, "settle-failed"))
        with injecting(relay, "pwrite64:error=ENOSPC") as output:
            wait_for("the first copy", lambda: host.taken, 10)
            failed = wait_for("the failure to be told", lambda: events(relay, "settle-failed")[before:], 20)[0]
            assert counted(output) and failed["reason"] and failed["cure"], failed
            late.puts_off = False
            text = relay.ctl("metrics")[1]
            assert re.search("^waxwing_store_unsettled [1-9]", text, re.M), text
            assert ready(relay)[0] == 503
            # As long as the second would have taken, and the other to come to its turn.
            time.sleep(2 * PAUSE)
            assert len(host.taken) == 1 and not late.taken, "delivered without being able to write it down"
            assert submit(Letter.to("someone@good.example"), relay.address)[0] in (451, 452)
        wait_for("the others", lambda: len(host.taken) == 2 and late.taken, 60)
        for letter in (first, second, other):
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
            wait_for("the end of it", lambda: relay.ctl("queue", "list", "--sender", letter.sender)[0] == 1, 30)
        assert set((host.copies() + late.copies()).values()) == {1}, (host.copies(), late.copies())
    goes_on(relay)


def ends_at(relay: Traced, injection: str, seconds: float) -> bool:
    """Whether the relay comes to the call at which it is killed. If not, it is killed wherever it is."""
    relay.injection = injection
    relay.launch()
    try:
        relay.wait_exit(seconds)
    except subprocess.TimeoutExpired:
        relay.kill()
        return False
    return True


CALLS = {"fdatasync": 2, "fsync": 5, "pwrite64": 3, "unlinkat": 4}


@slow
@cases(tuple(CALLS), lambda call: call)
def scenario_crash_walk(first: Relay, call: str) -> None:
    """F112 SIGKILL at the n-th call, under load, for one n after the other: nothing acknowledged is lost, nothing is mangled"""
    bed = first.bed
    relay = Traced(bed, f"49-walk-{call}", CALLS[call])
    ledger = Ledger(relay.folder / "ledger")
    stop = threading.Event()
    injectors = [Injector(f"walk{call}{number}", relay.address, DOMAINS, ledger, stop, pause=0.01) for number in range(3)]
    killed = unreached = tried = 0
    try:
        for thread in injectors:
            thread.start()
        for point in POINTS:
            tried += 1
            if any(ends_at(relay, f"{call}:signal=KILL:when={point}", within) for within in WITHIN):
                killed, unreached = killed + 1, 0
            else:
                unreached += 1
                if unreached == UNREACHED:
                    break
        relay.injection = ""
        relay.start()
        time.sleep(1)
        stop.set()
        for thread in injectors:
            thread.join(60)
        found = wait_until_settled(bed, DOMAINS, f"walk{call}", ledger.acknowledged, 120)
        note(f"{killed} of {tried} points reached, {unreached} at the end not; {len(ledger.acknowledged)} acknowledged, "
             f"{found.duplicates} duplicates, {len(found.missing)} missing, {len(found.mangled)} mangled")
        assert killed >= 3 and ledger.acknowledged, (killed, tried)
        assert not found.missing, found.missing[:20]
        assert not found.mangled, found.mangled[:20]
    finally:
        stop.set()
        if relay.process and relay.process.poll() is None:
            relay.stop()
