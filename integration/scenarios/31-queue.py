"""Who gets a turn: dead destinations, slow ones, bulk senders, limits, and an outage of everything."""

import sqlite3
import statistics
import threading
import time
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Iterator

from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.listeners import Table, events, toml
from internet.ownhosts import Knocks, OwnHost, Silence, pour
from internet.planned import PlannedHost, Session
from internet.relay import Relay
from internet.scenario import cases, note
from internet.submission import Letter

LONG = True
LIVE, OTHER, DEAD, SILENT, SITE, DARK = (f"127.1.6.{number}" for number in range(1, 7))
MANY = 10_000
LETTERS = 20
# As it is by default: what failed waits, and what is tried again within a scenario is a probe.
PATIENT = {"retry": {"minimum": toml("5m"), "maximum": toml("2h"), "lifetime": toml("5d")}}


def rule(**keys: object) -> Table:
    return "queue.rule", {key: toml(value) for key, value in keys.items()}


def people(domain: str, count: int, name: str = "user") -> list[str]:
    return [f"{name}{number}@{domain}" for number in range(count)]


@contextmanager
def relay_for(bed: Bed, part: str, number: int, *tables: Table, more: dict[str, dict[str, str]] | None = None,
              clock: Clock | None = None) -> Iterator[Relay]:
    with Relay(bed, f"31-queue-{part}", number, more=PATIENT | (more or {}), tables=tables, clock=clock) as relay:
        yield relay


def rows(relay: Relay, destination: str) -> dict[int, tuple[object, ...]]:
    """What is on disk of a destination's recipients."""
    with sqlite3.connect(f"file:{relay.store}/queue.db?mode=ro", uri=True, timeout=30) as database:
        found = database.execute("SELECT number, state, attempts, next_attempt, last_attempt, deadline, expires_at FROM recipient WHERE destination = ?",
                                 (destination,)).fetchall()
    return {row[0]: row[1:] for row in found}


def delay(relay: Relay, host: OwnHost, domain: str) -> float:
    """Seconds from the beginning of a letter's submission to the end of its delivery."""
    letter = Letter.to(f"someone@{domain}", name="live")
    began = time.monotonic()
    relay.submit(letter)
    return wait_for(f"letter at {domain}", lambda: host.first(letter.sender), 60).time - began


KINDS = (("queue-dead.example", DEAD, "it refuses connections", 231), ("queue-silent.example", SILENT, "it does not answer at all", 232))


@cases(KINDS, lambda case: case[2])
def scenario_dead_beside_live(bed: Bed, case: tuple[str, str, str, int]) -> None:
    """10,000 letters to a dead destination beside a live one whose mail goes at once"""
    domain, address, _, number = case
    with ExitStack() as stack:
        host = stack.enter_context(OwnHost(LIVE))
        if address == SILENT:
            stack.enter_context(Silence(address))
        knocks = stack.enter_context(Knocks(address))
        relay = stack.enter_context(relay_for(bed, domain.split(".")[0], number))
        before = [delay(relay, host, "queue-live.example") for _ in range(LETTERS)]
        pour(relay.address, "bulk@sender.example", people(domain, MANY))
        during = [delay(relay, host, "queue-live.example") for _ in range(LETTERS)]
        wait_for("a first failure", lambda: [one for one in events(relay, "delivery") if one.get("destination") == domain], 60)
        time.sleep(10)
        first = rows(relay, domain)
        time.sleep(20)
        second = rows(relay, domain)
        changed = [key for key in first if first[key] != second[key]]
        tried = sum(1 for row in second.values() if row[1])
        note(f"live letters: {statistics.median(before) * 1000:.0f} ms before, {statistics.median(during) * 1000:.0f} ms beside {MANY} dead ones "
             f"(slowest {max(before) * 1000:.0f} and {max(during) * 1000:.0f}); {knocks.count} connects to the dead host, {tried} of {len(second)} rows "
             f"with an attempt, {len(changed)} rewritten in 20 s; peak memory {relay.peak_memory() / 1e6:.0f} MB")
        assert statistics.median(during) < statistics.median(before) + 1, (before, during)
        assert max(during) < 10, during
        assert len(second) == MANY
        assert 1 <= knocks.count <= 12, knocks.count
        assert tried <= 12 and len(changed) <= 2, (tried, len(changed))


def scenario_down_with_mail_in_memory(bed: Bed) -> None:
    """Fresh letters wait behind the first while its host thinks, which then hangs up: each has its line, with the reason and the next time"""
    asked, may_fail = threading.Event(), threading.Event()

    def fail(_: Session) -> bool:
        asked.set()
        may_fail.wait(30)
        return False

    with (PlannedHost(LIVE, {"connect": fail}),
          relay_for(bed, "memory", 245, more={"delivery": {"destination_connections": "1"}}) as relay):
        first, *others = (Letter.to("someone@queue-live.example", name=f"memory{number}") for number in range(4))
        relay.submit(first)
        assert asked.wait(20), relay.tail()
        for letter in others:
            relay.submit(letter)
        assert not any(relay.attempts(letter) for letter in others)
        may_fail.set()
        (down,) = wait_for("the end of trust", lambda: events(relay, "destination-down"), 20)
        for letter in others:
            (told,) = relay.wait_attempt(letter, letter.recipients[0], ("deferred",), 10)
            assert (told["cause"], told["next"]) == (down["cause"], down["next"]) and "attempt" not in told and told["host"] == "-", told


def overtaken(host: OwnHost, since: float, letter: str, by: str) -> int:
    """How many of a bulk sender's letters were taken between a moment and a letter's arrival."""
    arrival = host.first(letter)
    assert arrival
    return sum(1 for one in list(host.taken) if one.sender == by and since < one.time < arrival.time)


def scenario_bulk_beside_single(bed: Bed) -> None:
    """10,000 letters of one sender to a slow destination: another's single letter leaves within seconds"""
    with OwnHost(LIVE, pause=0.2) as host, relay_for(bed, "single", 233, more={"delivery": {"destination_connections": "1"}}) as relay:
        pour(relay.address, "bulk@sender.example", people("queue-live.example", MANY))
        wait_for("bulk under way", lambda: len(host.taken) > 5, 60)
        for number in range(3):
            letter = Letter.to("someone@queue-live.example", name="single")
            began = time.monotonic()
            relay.submit(letter)
            arrival = wait_for("single letter", lambda: host.first(letter.sender), 60)
            note(f"single letter {number + 1}: {arrival.time - began:.1f} s, behind {overtaken(host, began, letter.sender, 'bulk@sender.example')} of {MANY} bulk letters")
            assert arrival.time - began < 10
            assert overtaken(host, began, letter.sender, "bulk@sender.example") <= 6


def scenario_bulk_on_disk(bed: Bed) -> None:
    """The same, and a sender of high priority, after a restart with all of it on disk"""
    urgent = rule(sender="urgent@sender.example", priority="high")
    with OwnHost(LIVE, pause=0.2) as host, relay_for(bed, "disk", 234, urgent, more={"delivery": {"destination_connections": "1"}}) as relay:
        host.shut()
        pour(relay.address, "bulk@sender.example", people("queue-live.example", MANY))
        pour(relay.address, "single@sender.example", ["someone@queue-live.example"])
        pour(relay.address, "urgent@sender.example", people("queue-live.example", 10))
        assert relay.stop() == 0
        host.open()
        relay.start()
        began = time.monotonic()
        wait_for("urgent letters", lambda: sum(1 for one in list(host.taken) if one.sender.startswith("urgent")) == 10, 120)
        wait_for("single letter", lambda: host.first("single@sender.example"), 120)
        order = [one.sender.split("@")[0] for one in host.taken]
        note(f"after the restart: single letter {host.first('single@sender.example').time - began:.1f} s, as number {order.index('single') + 1}; "
             f"the last of ten urgent ones as number {max(place for place, name in enumerate(order, 1) if name == 'urgent')}; order {' '.join(name[0] for name in order[:24])}")
        assert order.index("single") < 16, order
        assert max(place for place, name in enumerate(order) if name == "urgent") < 30, order


# Letters of each sender: some have little, and the last of them has more than a destination's mail in memory.
SENDERS = (30, 100, 260, 300, 450, 600, 700, 900, 1200, 2600)


@cases(("fresh", "behind a restart"), lambda case: case)
def scenario_backlog(bed: Bed, case: str) -> None:
    """A backlog to one destination, of ten senders, three times what fits in memory: its connections are never idle, and nothing is left lying"""
    number = 243 if case == "fresh" else 244
    with OwnHost(LIVE, pause=0.03) as host, relay_for(bed, f"backlog{number}", number) as relay:
        if case != "fresh":
            assert relay.ctl("destinations", "suspend", "queue-live.example")[0] == 0
        for place, count in enumerate(SENDERS):
            pour(relay.address, f"sender{place}@sender.example", people("queue-live.example", count, name=f"of{place}-"))
        if case != "fresh":
            assert relay.stop() == 0
            relay.start()
            assert relay.ctl("destinations", "resume", "queue-live.example")[0] == 0
        try:
            wait_for("all of it", lambda: len(host.taken) >= sum(SENDERS), 90)
        finally:
            times = [one.time for one in list(host.taken)]
            gap = max((after - before for before, after in pairwise(times)), default=0)
            note(f"{len(times)} of {sum(SENDERS)} taken in {times[-1] - times[0]:.1f} s, the longest pause {gap:.1f} s")
        # The queue is looked through every 30 seconds, whatever is known of it: nobody is to wait for that.
        assert gap < 5, gap
        assert set(host.copies().values()) == {1}
        wait_for("an empty queue", lambda: relay.ctl("queue", "list")[0] == 1, 30)


def scenario_high_priority(bed: Bed) -> None:
    """priority = "high" by a rule: four turns of five, and the rest is not held up"""
    urgent = rule(sender="urgent@sender.example", priority="high")
    with OwnHost(LIVE, pause=0.1) as host, relay_for(bed, "high", 235, urgent, more={"delivery": {"destination_connections": "1"}}) as relay:
        pour(relay.address, "bulk@sender.example", people("queue-live.example", 2000))
        wait_for("bulk under way", lambda: len(host.taken) > 5, 60)
        pour(relay.address, "urgent@sender.example", people("queue-live.example", 80))
        wait_for("urgent letters", lambda: sum(1 for one in list(host.taken) if one.sender.startswith("urgent")) == 80, 120)
        order = [one.sender.split("@")[0] for one in host.taken]
        first, last = order.index("urgent"), max(place for place, name in enumerate(order) if name == "urgent")
        others = order[first:last].count("bulk")
        note(f"while 80 urgent letters went out, {others} others did")
        assert 10 <= others <= 30, f"{others} others: " + "".join(one[0] for one in order[first:last])


LIMITS = (("delivery.site_connections", 236, (), {"delivery": {"site_connections": "3"}}, 3),
          ("[[queue.rule]] mx", 237, (rule(mx="mx.queue-site1.example", connections=2),), {}, 2),
          ("[[queue.rule]] destination", 238, (rule(destination="*.example", connections=1),), {}, 3))


@cases(LIMITS, lambda case: case[0])
def scenario_connections(bed: Bed, case: tuple[str, int, tuple[Table, ...], dict[str, dict[str, str]], int]) -> None:
    """Three domains that share one host never have more connections there than they may"""
    name, number, rules, more, limit = case
    with OwnHost(SITE, pause=0.05) as host, relay_for(bed, f"limit{number}", number, *rules, more=more) as relay:
        for domain in (1, 2, 3):
            pour(relay.address, "bulk@sender.example", people(f"queue-site{domain}.example", 150))
        wait_for("all letters", lambda: len(host.taken) >= 450, 120)
        note(f"{name}: {host.most} connections at the most, {len(host.connects)} in all")
        assert set(host.copies().values()) == {1}
        assert host.most <= limit, host.most
        assert host.most == limit, f"never more than {host.most}"


RATES = (("destination", 239, rule(destination="queue-site1.example", rate="60/1m"), 1), ("mx", 240, rule(mx="mx.queue-site1.example", rate="120/1m"), 2))


@cases(RATES, lambda case: case[0])
def scenario_rate(bed: Bed, case: tuple[str, int, Table, int]) -> None:
    """A rate is spread evenly over its span"""
    _, number, table, each_second = case
    with OwnHost(SITE) as host, relay_for(bed, f"rate{number}", number, table) as relay:
        count = 20 * each_second
        for domain in range(1, 1 + each_second):
            pour(relay.address, "bulk@sender.example", people(f"queue-site{domain}.example", 20))
        wait_for("all letters", lambda: len(host.taken) >= count, 120)
        times = [one.time for one in host.taken]
        busiest = max(sum(1 for other in times if one <= other < one + 5) for one in times)
        note(f"{count} letters in {times[-1] - times[0]:.1f} s, at most {busiest} within 5 s")
        assert times[-1] - times[0] >= 16, times
        assert times[-1] - times[0] <= 60, "far slower than the rate"
        assert busiest <= 7 * each_second, busiest


def scenario_shared_learning(bed: Bed) -> None:
    """Ten domains at one dead address: few connections find it out for all"""
    with Knocks(DARK) as knocks, relay_for(bed, "dark", 241) as relay:
        for turn in range(3):
            for number in range(10):
                pour(relay.address, f"turn{turn}@sender.example", people(f"queue-dark{number}.example", 5), connections=1)
            time.sleep(3)
        lines = [one for one in events(relay, "delivery") if one.get("destination", "").startswith("queue-dark")]
        note(f"150 letters to ten domains at one dead address: {knocks.count} connects, {len(lines)} attempts in the log")
        wait_for("attempts", lambda: lines, 1)
        assert knocks.count <= 12, knocks.count
        assert not [one for one in events(relay, "delivery") if one["status"] == "bounced"]


def scenario_outage(bed: Bed) -> None:
    """F24 An hour's outage of everything, then recovery: no burst, everything arrives, once"""
    hosts = {"queue-live.example": LIVE, "queue-other.example": OTHER, "queue-site1.example": SITE}
    clock = Clock(bed.folder / "relays" / "31-queue-outage")
    with ExitStack() as stack:
        own = {domain: stack.enter_context(OwnHost(address, pause=0.02)) for domain, address in hosts.items()}
        knocks = stack.enter_context(Knocks(LIVE))
        relay = stack.enter_context(relay_for(bed, "outage", 242, clock=clock))
        for domain, host in own.items():
            delay(relay, host, domain)
            host.shut()
        known = knocks.count
        for part in range(6):
            for domain in own:
                pour(relay.address, f"part{part}@sender.example", people(domain, 300))
            clock.advance(minutes=10)
            time.sleep(8)
        lost = knocks.count - known
        marks = {domain: (len(host.taken), len(host.connects)) for domain, host in own.items()}
        for host in own.values():
            host.most = 0
            host.open()
        began = time.monotonic()
        # The next probe is half an hour away at the most, and retries two hours. (Dead addresses rest by monotonic time: that is over.)
        clock.advance(hours=2, minutes=30)
        for domain, host in own.items():
            wait_for(f"mail of the outage at {domain}", lambda: len(host.taken) - marks[domain][0] >= 1800, 240)
        for domain, host in own.items():
            taken, connects = host.taken[marks[domain][0]:], host.connects[marks[domain][1]:]
            # What a connection may lean on: two to begin with, and one more for each delivery.
            ahead = max(one.connects - marks[domain][1] - place for place, one in enumerate(taken))
            first = sum(1 for one in taken if one.time < taken[0].time + 1)
            note(f"{domain}: back {taken[0].time - began:.1f} s after the hosts, {len(connects)} connects, at most {host.most} at once, {first} letters in the "
                 f"first second, all in {taken[-1].time - taken[0].time:.1f} s; {ahead} connections ahead of deliveries")
            assert set(host.copies().values()) == {1}, [one for one, count in host.copies().items() if count > 1][:5]
            assert connects[0] <= taken[0].time and taken[0].connects - marks[domain][1] <= 2, taken[0]
            assert ahead <= 3, ahead
            assert host.most <= 20, host.most
        note(f"{lost} connects to one host within the outage's hour")
        assert lost <= 40, lost
        wait_for("empty queue", lambda: relay.ctl_json("queue", "list")[1]["messages"] == [], 60)  # type: ignore[index]
