"""A relayd whose allocations are counted, and what a message costs it."""

import shutil
import time
from typing import Callable

from .allocations import Allocations, Count, compiler
from .inside import Bed, wait_for
from .relay import Relay, program
from .relayconfig import quoted
from .scenario import Skip
from .waves import Waves

# Connections stay open, so that no handshake is in what is counted.
KEPT = {"delivery": {"destination_connections": "4", "messages_per_connection": "10000", "connection_age": quoted("1h"),
                     "idle_timeout": quoted("5m")}}
# What is done behind the last reply is over when a look sees no more than what an idle relay does: timers, no mail.
LOOK, STIR = 0.15, 40  # seconds, allocations
QUIET_LIMIT = 10.0  # seconds


class CountedRelay(Relay):
    def __init__(self, bed: Bed, name: str, number: int) -> None:
        if "debug" in program("relayd").parts:
            raise Skip("a debug build allocates several times more than the release build that the bounds are for")
        found = compiler()
        if found is None:
            raise Skip("no C compiler here to make what counts allocations: clang beside swift, clang, gcc or cc")
        # Where the bed has stayed up: a queue left over from another run would cost something too.
        shutil.rmtree(bed.folder / "relays" / name, ignore_errors=True)
        super().__init__(bed, name, number, more=KEPT)
        self.allocations = Allocations(self.folder, found)

    def environment(self) -> dict[str, str]:
        return super().environment() | self.allocations.environment()

    def quiet(self) -> Count:
        """The count as soon as it hardly moves."""
        before, end = self.allocations.read(), time.monotonic() + QUIET_LIMIT
        assert before.calls, "nothing was counted: has relayd an allocator of its own now, which LD_PRELOAD does not replace?"
        while True:
            time.sleep(LOOK)
            now = self.allocations.read()
            if (now - before).calls <= STIR:
                return now
            assert time.monotonic() < end, f"relayd is not quiet after {QUIET_LIMIT:.0f} s"
            before = now

    def bring_into_tables(self) -> None:
        """What lies in the journal goes into the tables (docs/architecture.md): at once, and not when its time has come."""
        code, _, error = self.ctl("queue", "list", "--limit", "1")
        assert code in (0, 1), error  # 1: nothing is queued

    def cost(self, waves: Waves, domain: str, count: int, arrived: Callable[[], int] | None) -> tuple[Count, Count]:
        """Of so many waves: until they are taken, and where `arrived` counts them, arrived; then of bringing what is left into the tables."""
        there = arrived() if arrived else 0
        start = self.quiet()
        sent = waves.send(domain, count)
        if arrived:
            wait_for(f"{sent} messages at the host", lambda: arrived() >= there + sent, 30)
        taken = self.quiet()
        self.bring_into_tables()
        return taken - start, self.quiet() - taken
