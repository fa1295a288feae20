"""relayd is killed again and again while mail pours in: no acknowledged message is lost or mangled."""

import os
import random
import subprocess
import threading
import time
from collections import Counter

from internet import addresses
from internet.inside import Bed, wait_for
from internet.injector import Injector, Ledger, wait_until_settled
from internet.relay import Relay
from internet.scenario import note

LONG = True
# $KILLS asks for more rounds: a campaign instead of a test.
KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("SEED", "1"))
DOMAINS = ("good.example", "dane-ta.example", "expired.example", "first-fails.example", "unusable.example", "insecure.example",
           "greylist.example")
INJECTORS = 6
# Of one message at one host: each kill that it meets in flight may cost one more. Of 50 kills a message met up to four (of 3,000: 150 one, 14 two).
COPIES = 8
DRAIN_LIMIT = 180.0  # seconds


def smtp_source(relay: Relay, stop: threading.Event) -> None:
    """Postfix's own load generator, for another hand at the wire; its mail carries no identity."""
    while not stop.is_set():
        subprocess.run(["smtp-source", "-s", "4", "-m", "40", "-l", "2000", "-f", f"load@{addresses.SENDER_DOMAIN}",
                        "-t", "load@implicit.example", f"inet:{relay.address}:{addresses.RELAY_PORT}"], capture_output=True)
        stop.wait(0.5)


def scenario_kill(bed: Bed) -> None:
    """F111 SIGKILL at random moments under load"""
    generator = random.Random(SEED)
    relay = Relay(bed, "50-kill", 50)
    ledger = Ledger(relay.folder / "ledger")
    stop = threading.Event()
    with relay:
        injectors = [Injector(f"kill{number}", relay.address, DOMAINS, ledger, stop, pause=0.05) for number in range(INJECTORS)]
        load = threading.Thread(target=smtp_source, args=(relay, stop), daemon=True)
        for thread in (*injectors, load):
            thread.start()
        slowest = 0.0
        for _ in range(KILLS):
            stop.wait(generator.uniform(0.05, 1.2))
            relay.kill()
            began = time.monotonic()
            relay.start()
            slowest = max(slowest, time.monotonic() - began)
        # What was in flight at the last kill has to end like all the rest.
        stop.wait(2)
        stop.set()
        for thread in (*injectors, load):
            thread.join(60)
        assert not [injector.error for injector in injectors if injector.error], [injector.error for injector in injectors]
        found = wait_until_settled(bed, DOMAINS, "kill", ledger.acknowledged, DRAIN_LIMIT)
        _, page = relay.ctl_json("queue", "list", "--all")
        queued = {message["sender"].split("@")[0] for message in page["messages"]}  # type: ignore[index]
        lost = [one for one in found.missing if one[0] not in queued]
        refused = sum((injector.refused for injector in injectors), start=type(injectors[0].refused)())
        note(f"seed {SEED}: {KILLS} kills, {len(ledger.acknowledged)} acknowledged, {sum(found.copies.values())} copies delivered, "
             f"{found.duplicates} duplicates, {found.unacknowledged} delivered without a 250 that got through")
        note(f"{len(found.missing)} still queued, {len(lost)} lost, {len(found.mangled)} mangled; slowest start {slowest:.2f} s; "
             f"refused: {dict(refused) or 'none'}")
        assert len(ledger.acknowledged) > 5 * KILLS, f"too little load to mean anything: {len(ledger.acknowledged)}"
        assert not lost, lost[:20]
        assert not found.mangled, found.mangled[:20]
        # A copy can be doubled only by a kill between the host's 250 and ours on disk: at most what was in flight.
        assert found.duplicates <= KILLS * INJECTORS * 4, found.duplicates
        most = [f"{count} {domain}" for (_, domain), count in found.copies.most_common(4)]
        note(f"copies of a message: {dict(sorted(Counter(found.copies.values()).items()))}; most: {', '.join(most)}")
        assert max(found.copies.values()) <= COPIES, found.copies.most_common(5)
        # Accepted, and killed before the client heard of it: one message of each client at most.
        assert found.unacknowledged <= KILLS * INJECTORS, found.unacknowledged
        wait_for("drained queue", lambda: relay.ctl("queue", "list")[0] == 1, 60)
