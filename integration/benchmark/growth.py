"""What a message costs while others wait: the queue grows step by step, and at each step fresh mail goes through it."""

from collections.abc import Iterator

from .ends import Sink, Source
from .measure import WARM_UP, Ground, send
from .memory import pss
from .places import DOMAINS
from .rows import BY_NAME, WAXWING
from .waxwing import Waxwing

STEPS = (0, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
FRESH = 3000
_ROW = BY_NAME["clear-20"]
# Mail that waits is for suspended destinations; fresh mail is for the others.
WAITING = "d%d.bench"


class _Roomy(Waxwing):
    more = {"intake": {"queue_limit": str(2 * STEPS[-1])}}


def run(ground: Ground, order: dict) -> Iterator[dict[str, float | str]]:
    steps = [step for step in STEPS if step <= int(order["queue"])]
    if WAXWING not in order["relays"]:
        return
    with Sink(tls=False) as sink, _Roomy(_ROW, ground.group) as relay:
        assert isinstance(relay, _Roomy)
        relay.suspend(WAITING, DOMAINS)
        send(_ROW, relay, sink, WARM_UP)
        waiting = 0
        for step in steps:
            filled: dict[str, float] = {}
            if step > waiting:
                used = ground.group.time()
                sent = Source(_ROW.sessions, step - waiting, _ROW.size, WAITING, DOMAINS).wait(1800)
                relay.rest()
                used = ground.group.time() - used
                filled = {"enqueue_rate": sent["rate"], "enqueue_cpu": used.total * 1000 / (step - waiting)}
                waiting = step
            rates, costs = [], []
            for _ in range(3):
                relay.rest()
                before = ground.group.time()
                rates.append(send(_ROW, relay, sink, FRESH)[0]["rate"])
                relay.rest()
                costs.append((ground.group.time() - before).total * 1000 / FRESH)
            yield {"waiting": step, "rate": sorted(rates)[1], "cpu": sorted(costs)[1], "memory": pss(ground.group.processes()) / 1e6} | filled
