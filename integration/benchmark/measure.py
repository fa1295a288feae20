"""One run of one row with one relay, from a start with nothing on the disk to figures."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .counting import Counting
from .disk import Disk
from .ends import Report, Sink, Source
from .exims import Exim
from .group import Group
from .memory import Sampler
from .places import SINK_PORT, host_address
from .postfixes import Postfix, TunedPostfix
from .relays import RelayUnderTest
from .rows import EXIM, POSTFIX, STRAIGHT, TUNED, WAXWING, Row
from .waxwing import Waxwing

CLASSES: dict[str, type[RelayUnderTest]] = {WAXWING: Waxwing, POSTFIX: Postfix, TUNED: TunedPostfix, EXIM: Exim}
WARM_UP = 100
# What the trial sends, to learn how many messages make a run of the wanted length.
TRIAL = 400

Figures = dict[str, float]


@dataclass
class Ground:
    """What all runs share."""

    disk: Disk
    group: Group
    # Of the resolver that Postfix and Exim ask; relayd has its own among its processes.
    resolver: Group
    counting: Counting
    # Starts the resolver anew, with nothing in its cache.
    start_resolver: Callable[[], None]


def load(row: Row, messages: int, more: tuple[str, ...] = ()) -> Source:
    if row.rate:
        more += ("--rate", str(row.rate))
    return Source(row.sessions, messages, row.size, row.domain, row.destinations, more=more)


def straight(row: Row, messages: int) -> Figures:
    """Source into sink: what both ends can do without a relay."""
    tls = row.security != "clear"
    with Sink(tls=tls) as sink:
        def send(count: int) -> Report:
            return Source(row.sessions, count, row.size, row.domain, row.destinations, host_address(1), SINK_PORT, ("--tls",) if tls else ()).wait()
        sink.expect(WARM_UP)
        send(WARM_UP)
        sink.arrived(60)
        sink.reset()
        sink.expect(messages)
        sent = send(messages)
        end = sink.arrived(60)
        return through(sent, end) | ends(sent, sink.report(), messages)


def one(ground: Ground, row: Row, name: str, messages: int, counted: bool, seconds: float) -> Figures:
    """`counted`: counts, memory and disk instead of times. `messages` 0: as many as make a run of so many seconds."""
    if name == STRAIGHT:
        return straight(row, messages or wanted(straight(row, 20_000)["rate"], seconds))
    if not messages:
        # In a life of its own: the first repetition begins as all others do.
        with warm(ground, row, name) as (sink, relay):
            trial = TRIAL if row.size < 50_000 and name != EXIM else TRIAL // 4
            messages = wanted(send(row, relay, sink, trial)[0]["rate"], seconds)
    with warm(ground, row, name) as (sink, relay):
        return measured(ground, row, relay, sink, messages, counted)


@contextmanager
def warm(ground: Ground, row: Row, name: str) -> Iterator[tuple[Sink, RelayUnderTest]]:
    """A relay that has just begun, and has sent some mail."""
    with Sink(tls=row.security != "clear", delay=row.delay) as sink, CLASSES[name](row, ground.group) as relay:
        try:
            send(row, relay, sink, WARM_UP)
            yield sink, relay
        except (RuntimeError, OSError) as error:
            raise RuntimeError(f"{row.name}, {name}: {error}\n{relay.log()}") from error


def prove(ground: Ground, row: Row, name: str) -> None:
    """That mail of a row with DANE goes only where DANE verified the host."""
    with Sink(tls=True) as sink, CLASSES[name](row, ground.group, talkative=True) as relay:
        send(row, relay, sink, 20)
        relay.rest()
        relay.check()


def send(row: Row, relay: RelayUnderTest, sink: Sink, messages: int) -> tuple[Figures, Report, Report]:
    sink.reset()
    if not row.accept:
        sink.expect(messages)
    sent = load(row, messages).wait(relay.patience)
    if sent["refused"]:
        raise RuntimeError(f"{sent['refused']:.0f} of {messages} messages were refused")
    if row.accept:
        # What was put off to be done later belongs to the time it takes: else a short run would outpace what can be kept up.
        relay.finish()
        seconds = (time.monotonic_ns() - sent["first"]) / 1e9
        if arrived := sink.report()["messages"]:
            raise RuntimeError(f"{arrived:.0f} messages were delivered, which were to be kept")
        return {"messages": messages, "seconds": seconds, "rate": messages / seconds, "burst_rate": messages / sent["seconds"]}, sent, {}
    figures = through(sent, sink.arrived(relay.patience))
    received = sink.report()
    if row.security != "clear" and received["tls_full"] + received["tls_resumed"] < 0.95 * received["connections"]:
        raise RuntimeError(f"of {received['connections']:.0f} connections only {received['tls_full'] + received['tls_resumed']:.0f} had TLS")
    return figures, sent, received


def measured(ground: Ground, row: Row, relay: RelayUnderTest, sink: Sink, messages: int, counted: bool) -> Figures:
    relay.rest()
    ground.disk.settle()
    written, time_before, resolver_before = ground.disk.written(), ground.group.time(), ground.resolver.time()
    sampler = Sampler(ground.group) if counted else None
    if counted:
        ground.counting.start()
    busy = machine_busy()
    try:
        figures, sent, received = send(row, relay, sink, messages)
    except BaseException:
        if sampler:
            sampler.stop()
        raise
    finally:
        busy = machine_busy() - busy
        meanwhile = ground.group.time() - time_before
    # Of the cost of a message is what the relay does behind its last one as well.
    relay.rest()
    if sampler:
        sampler.stop()
    used = ground.group.time() - time_before
    per = 1000 / messages
    figures |= ends(sent, received, messages)
    if sampler:
        counts = ground.counting.stop()
        if row.accept:
            # What the end of a relay writes belongs to mail that stays, as does what its database writes twice.
            relay.end()
        ground.disk.settle()
        mail = messages * row.size
        return {"memory": sampler.peak / 1e6, "processes": sampler.processes, "disk": (ground.disk.written() - written) / mail,
                **{name: count / messages for name, count in counts.items()}}
    both = (figures["source_cpu"] + figures["sink_cpu"]) / per
    machine = figures["seconds"] * (os.cpu_count() or 1)
    return figures | {
        "cpu": used.total * per, "cpu_user": used.user * per, "cpu_system": used.system * per,
        "resolver_cpu": (ground.resolver.time() - resolver_before).total * per,
        "data_p50": sent["reply_p50"] / 1000, "data_p99": sent["reply_p99"] / 1000, "refused": sent["refused"],
        # Which part of the machine the two ends took, and which all that is neither relay nor end: the kernel's own threads,
        # the resolver, and whatever else runs here, and should not.
        "ends_share": both / machine, "busier_end": max(figures["source_cpu"], figures["sink_cpu"]) / per / figures["seconds"],
        "deferred": sent["deferred"], "others_share": max(0.0, busy - both - meanwhile.total) / machine,
    }


def through(sent: Report, end: int) -> Figures:
    """From the first word of the source to the last arrival."""
    seconds = (end - sent["first"]) / 1e9
    return {"messages": sent["messages"], "seconds": seconds, "rate": sent["messages"] / seconds}


def ends(sent: Report, received: Report, messages: int) -> Figures:
    figures = {"source_cpu": sent["cpu"] * 1000 / messages, "sink_cpu": received.get("cpu", 0.0) * 1000 / messages}
    if received:
        figures |= {"way_p50": received["latency_p50"] / 1000, "way_p99": received["latency_p99"] / 1000, "connections": received["connections"],
                    "tls_full": received["tls_full"], "tls_resumed": received["tls_resumed"], "duplicates": received["duplicates"]}
    return figures


def machine_busy() -> float:
    """Seconds in which its processors did something."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


def wanted(rate: float, seconds: float) -> int:
    """How many messages make a run of about so many seconds."""
    return max(300, min(200_000, int(rate * seconds) // 100 * 100))


