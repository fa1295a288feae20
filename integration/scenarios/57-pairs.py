"""A fault during a fault: letters to domains with faults of all kinds, while relayd itself is hit; drawn by a seed."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from typing import Callable

from internet import outcomes
from internet.domains import DANE_DOMAINS, STS_DOMAINS, Domain
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.scenario import note, slow
from internet.submission import Letter

LONG = True
# $PAIRS asks for more: a campaign.
PAIRS = int(os.environ.get("PAIRS", "500"))
SEED = int(os.environ.get("SEED", "1"))
AT_ONCE = 10  # letters, each to another domain, that meet one fault of relayd
DRAIN_LIMIT = 240.0  # seconds


def killed(relay: Relay, generator: random.Random) -> None:
    relay.kill()
    relay.start()


def restarted(relay: Relay, generator: random.Random) -> None:
    assert relay.stop() == 0
    relay.start()


def reloaded(relay: Relay, generator: random.Random) -> None:
    code, _, error = relay.ctl("reload")
    assert code == 0, error


def stopped(relay: Relay, generator: random.Random) -> None:
    """As a machine does that swaps, or is moved."""
    os.kill(relay.pid, signal.SIGSTOP)
    time.sleep(generator.uniform(0.1, 1.5))
    os.kill(relay.pid, signal.SIGCONT)


def without_resolver(relay: Relay, generator: random.Random) -> None:
    for worker in relay.workers():
        os.kill(worker, signal.SIGKILL)


def flushed(relay: Relay, generator: random.Random) -> None:
    """Everything is tried at once."""
    code, _, error = relay.ctl("queue", "retry", "--all", "--yes")
    assert code in (0, 1), error


FAULTS: tuple[Callable[[Relay, random.Random], None], ...] = (killed, restarted, reloaded, stopped, without_resolver, flushed)


def outcome(bed: Bed, queued: set[str], domain: Domain, letter: Letter) -> str:
    """What became of a letter, as the world sees it."""
    if copies := bed.delivered(domain.name, letter.mark):
        return "delivered" if letter.arrived_whole(copies[0]) else "mangled"
    if bed.bounces(letter.sender):
        return "bounced"
    return "deferred" if letter.sender in queued else "lost"


def senders(relay: Relay) -> set[str]:
    _, page = relay.ctl_json("queue", "list", "--all")
    return {message["sender"] for message in page["messages"]}  # type: ignore[index]


@slow
def scenario_pairs(bed: Bed) -> None:
    """Whatever happens to relayd meanwhile, each letter ends as the table of domains says: nothing lost, nothing in clear"""
    generator = random.Random(SEED)
    known = (*DANE_DOMAINS, *STS_DOMAINS)
    met: Counter[str] = Counter()
    posted: list[tuple[Domain, Letter]] = []
    duplicates = 0
    with Relay(bed, "57-pairs", 57) as relay:
        while sum(met.values()) < PAIRS:
            fault = generator.choice(FAULTS)
            for domain in generator.sample(known, AT_ONCE):
                letter = Letter.to(outcomes.recipient(domain), name="pairs")
                relay.submit(letter)
                posted.append((domain, letter))
            time.sleep(generator.uniform(0, 0.6))
            fault(relay, generator)
            met[fault.__name__] += AT_ONCE
        wanted = {letter.sender: domain.expect.status for domain, letter in posted}

        def different() -> list[tuple[str, str, str]]:
            queued = senders(relay)
            found = [(domain.name, outcome(bed, queued, domain, letter), wanted[letter.sender]) for domain, letter in posted]
            return [line for line in found if line[1] != line[2]]

        end = time.monotonic() + DRAIN_LIMIT
        while (left := different()) and time.monotonic() < end:
            assert not [line for line in left if line[1] in ("mangled", "lost")], left
            time.sleep(2)
        duplicates = sum(max(0, len(bed.delivered(domain.name, letter.mark)) - 1) for domain, letter in posted)
        note(f"seed {SEED}: {len(posted)} pairs of a domain's fault and one of relayd's ({', '.join(f'{name} {count}' for name, count in met.items())}); "
             f"{len(left)} ended otherwise, {duplicates} duplicates")
        assert not left, left[:20]
        # Only what was under way when relayd was killed may come twice.
        assert duplicates <= met["killed"], duplicates
        wait_for("a daemon that answers", lambda: relay.ctl("status")[0] == 0, 10)
    assert not subprocess.run(["grep", "-c", "event=crashed", str(relay.log_path)], capture_output=True, text=True).stdout.strip("0\n")
