"""What is no row: idle connections, cold domains, a growing queue, decisions, handshakes, a million queued."""

import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import growth, resolver
from .ends import Sink, Source, program
from .measure import CLASSES, WARM_UP, Ground, send, through, wanted
from .memory import pss
from .places import SINK_CERTIFICATE, SINK_PORT, STATE, WORLD, host_address
from .postfixes import TunedPostfix
from .rows import BY_NAME, EXIM, TUNED, WAXWING, Row
from .waxwing import Waxwing

Found = dict[str, float | str]

# Idle connections beside the load. Postfix and Exim have a process for each: no more than their limits, and a machine, can take.
IDLE = {WAXWING: 10_000, TUNED: 250, EXIM: 1000}
# What relayd wants besides: for each connection a second descriptor, and these (docs/intake.md).
_RESERVE = 1000
_ACCEPT = BY_NAME["accept-20"]
COLD = Row("cold", "", "dane", 20)


@dataclass(frozen=True)
class Part:
    """`run` yields what it finds, a line of the table each."""

    what: str
    run: Callable[[Ground, dict], Iterator[Found]]
    quick: bool = False


class _Crowded(Waxwing):
    more = {"intake": {"connection_limit": "11000", "client_connection_limit": "11000", "stress_percent": "100"},
            "delivery": {"connection_limit": "50"}}


class _CrowdedPostfix(TunedPostfix):
    def settings(self) -> dict[str, str]:
        return super().settings() | {"default_process_limit": str(IDLE[TUNED] + 50)}


_CROWDED = {WAXWING: _Crowded, TUNED: _CrowdedPostfix}


def idle(ground: Ground, order: dict) -> Iterator[Found]:
    for name, count in IDLE.items():
        if name not in order["relays"]:
            continue
        _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(count, (descriptors - _RESERVE) // 2) if descriptors != resource.RLIM_INFINITY else count
        kind = _CROWDED.get(name, CLASSES[name])
        with kind(_ACCEPT, ground.group) as relay, Sink(tls=False) as sink:
            send(_ACCEPT, relay, sink, WARM_UP)
            before = pss(ground.group.processes())
            idler = Source(1, 0, _ACCEPT.size, _ACCEPT.domain, 1, more=("--idle", str(count)))
            try:
                line = idler.process.stdout.readline() if idler.process.stdout else ""
                if not line.startswith("idle "):
                    log = (WORLD / "log" / "source.log").read_text(errors="replace")
                    raise RuntimeError(f"{name}: {count} idle connections do not stand: {line!r} {log[-600:]}{relay.log()[-600:]}")
                memory = pss(ground.group.processes())
                rate = send(_ACCEPT, relay, sink, 500)[0]["rate"]
                messages = wanted(rate, order["seconds"])
                relay.rest()
                used = ground.group.time()
                rate = send(_ACCEPT, relay, sink, messages)[0]["rate"]
                relay.rest()
                used = ground.group.time() - used
            finally:
                idler.process.terminate()
                idler.process.wait(20)
            yield {"relay": name, "connections": int(line.split()[1]), "memory": memory / 1e6, "kB_each": (memory - before) / count / 1000,
                   "rate": rate, "cpu": used.total * 1000 / messages}


def cold(ground: Ground, order: dict) -> Iterator[Found]:
    """Each message for a domain nobody has asked for: DNS, and the policy host, from nothing. Then the same once more."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(order["repetitions"]):
        for name in (WAXWING, TUNED):
            if name in order["relays"]:
                for temperature, figures in _cold_and_warm(ground, name, order["cold"]):
                    found.setdefault((name, temperature), []).append(figures)
    for (name, temperature), runs in found.items():
        yield {"relay": name, "what": temperature, "domains": order["cold"]} | {
            figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


def _cold_and_warm(ground: Ground, name: str, domains: int) -> Iterator[tuple[str, dict[str, float]]]:
    ground.start_resolver()
    with Sink(tls=True) as sink, CLASSES[name](COLD, ground.group) as relay:
        # The way to the zones of the domains, and all programs, are warm; the domains are not.
        send(COLD, relay, sink, WARM_UP)
        for temperature in ("cold", "warm"):
            relay.rest()
            before = ground.group.time().total + ground.resolver.time().total
            sink.reset()
            sink.expect(domains)
            sent = Source(COLD.sessions, domains, COLD.size, "c%d.bench", domains).wait()
            try:
                figures, report = through(sent, sink.arrived(relay.patience)), sink.report()
            except RuntimeError as error:
                put_off = [line for line in relay.whole_log().splitlines() if "status=deferred" in line]
                raise RuntimeError("\n".join([f"{name}, {temperature}, {domains} domains: {error}", *put_off[:20]])) from error
            relay.rest()
            used = ground.group.time().total + ground.resolver.time().total - before
            yield temperature, {"rate": figures["rate"], "cpu": used * 1000 / domains, "way_p50": report["latency_p50"] / 1000,
                                "way_p99": report["latency_p99"] / 1000}
        if name == WAXWING and (proven := relay.whole_log().count("verified=webpki")) < domains:
            # One half of them, twice.
            raise RuntimeError(f"of {domains} deliveries to domains with MTA-STS only {proven} were verified by it")


def decisions(ground: Ground, order: dict) -> Iterator[Found]:
    """By the code that delivers, on one thread, from warm caches."""
    seconds = "1" if order["quick"] else "5"
    done = subprocess.run([program(), "decisions", "--seconds", seconds], capture_output=True, text=True)
    for rules, rate, microseconds in re.findall(r"rules (\d+): (\d+) decisions/s, ([\d.]+) us", done.stdout):
        yield {"what": f"{rules} rules", "rate": float(rate), "microseconds": float(microseconds)}
    if done.returncode != 0:
        raise RuntimeError(f"decisions: {done.stderr}")


def handshakes(ground: Ground, order: dict) -> Iterator[Found]:
    """The source's and the sink's, a connection and a small message each, beside those of openssl s_time."""
    messages = 1000 if order["quick"] else 5000
    with Sink(tls=True) as sink:
        for what, more in (("full", ()), ("resumed", ("--resume",))):
            sink.reset()
            sink.expect(messages)
            sent = Source(20, messages, 512, "d%d.bench", 1, host_address(1), SINK_PORT, ("--tls", "--reconnect", *more)).wait()
            sink.arrived(60)
            report = sink.report()
            yield {"what": f"source and sink, {what}, and a message", "rate": sent["rate"], "client_cpu": sent["cpu"] * 1e6 / messages,
                   "server_cpu": report["cpu"] * 1e6 / messages, "full": report["tls_full"], "resumed": report["tls_resumed"]}
    yield from _openssl("1" if order["quick"] else "10")


def _openssl(seconds: str) -> Iterator[Found]:
    stem, address = WORLD / "certificates" / SINK_CERTIFICATE, "127.1.9.1:4433"
    server = subprocess.Popen(["openssl", "s_server", "-accept", address, "-cert", f"{stem}.crt", "-key", f"{stem}.key", "-quiet", "-www"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # s_time takes no TLS 1.3 ticket: its resumption is that of 1.2.
        for what, words in (("TLS 1.3, full", ("-new",)), ("TLS 1.2, full", ("-new", "-tls1_2")), ("TLS 1.2, resumed", ("-reuse", "-tls1_2"))):
            for _ in range(20):
                done = subprocess.run(["openssl", "s_time", "-connect", address, "-time", seconds, *words], capture_output=True, text=True)
                if found := re.search(r"(\d+) connections in (\d+) real seconds", done.stdout):
                    yield {"what": f"openssl s_time, {what}", "rate": int(found[1]) / max(1, int(found[2]))}
                    break
    finally:
        server.kill()
        server.wait()


def million(ground: Ground, order: dict) -> Iterator[Found]:
    """What integration/million prints, line by line."""
    command = [sys.executable, str(Path(__file__).resolve().parent.parent / "million"), "--folder", str(STATE / "tmp"), "--count", str(order["queue"])]
    process = subprocess.Popen(ground.group.words(*command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    for line in process.stdout or ():
        if found := re.match(r"  (.{58}) (.+)$", line):
            yield {"what": found[1].strip(), "found": found[2].strip()}
    if process.wait() != 0:
        raise RuntimeError(f"integration/million ended with {process.returncode}")


PARTS: dict[str, Part] = {
    "idle": Part("10,000 idle client connections: memory, and accepting beside them", idle),
    "cold": Part("2,000 domains with DANE or MTA-STS that nobody has asked for", cold),
    "queue": Part("cost of a message while up to a million others wait", growth.run),
    "decisions": Part("decisions a second, on one thread", decisions, quick=True),
    "resolver": Part("validated answers a second, cold and warm", resolver.run),
    "handshakes": Part("handshakes a second, beside openssl s_time", handshakes, quick=True),
    "million": Part("integration/million: enqueue, memory, restart of a million", million),
}
