"""The memory of many clients is free again once they are gone."""

from internet.crowd import CrowdProcess
from internet.inside import Bed, wait_for
from internet.listeners import intake
from internet.relay import Relay
from internet.scenario import note
from internet.submission import Letter

ALONE = True
IDLE, SLOW = 5000, 1000
CROWD = intake(connection_limit=20_000, client_connection_limit=100)
MEGABYTE = 1_000_000


def memory(relay: Relay) -> int:
    """PSS of the daemon without its worker."""
    with open(f"/proc/{relay.pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def scenario_memory_comes_back(bed: Bed) -> None:
    """F105 Once the crowd is gone its memory is free again"""
    with Relay(bed, "23-memory", 231, more=CROWD) as relay:
        letter = Letter.to("someone@good.example")
        relay.submit(letter)
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
        before = memory(relay)
        with CrowdProcess(relay.address, IDLE, SLOW):
            crowded = memory(relay)
        bound = before * 1.1 + 5 * MEGABYTE
        try:
            wait_for("memory to come back", lambda: memory(relay) < bound, 60)
        finally:
            note(f"memory: {before / MEGABYTE:.1f} MB, {crowded / MEGABYTE:.1f} MB with {IDLE + SLOW} clients "
                 f"({(crowded - before) / (IDLE + SLOW) / 1000:.1f} kB each), {memory(relay) / MEGABYTE:.1f} MB after them, "
                 f"{relay.ctl_json('status')[1]['intake']['connections']} of them still there")
