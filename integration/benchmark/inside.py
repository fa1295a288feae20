"""The first process of the benchmark's namespace: furnishes it, starts the name servers, and lets a child measure.

What is found goes to standard output, a line of JSON each. Its end ends everything.
"""

import json
import os
import resource
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from internet import addresses, namespace, users
from internet.ports import wait_for_port

from . import further, machine, names
from .counting import Counting
from .disk import Disk
from .group import Group
from .measure import CLASSES, Figures, Ground, one, prove
from .places import STATE, WORLD
from .rows import BY_NAME, STRAIGHT, Row

DESCRIPTORS = 65_536


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def start(name: str, command: list[str]) -> "subprocess.Popen[bytes]":
    with open(WORLD / "log" / f"{name}.log", "ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=WORLD)


class Bench:
    def __init__(self, order: dict) -> None:
        self.order = order
        self.repetitions, self.seconds = int(order["repetitions"]), float(order["seconds"])

    def furnish(self) -> None:
        users.add()
        namespace.write_etc(addresses.RESOLVER)
        # Without rights of its own, Postfix and Exim must reach what is theirs.
        WORLD.mkdir(mode=0o755)
        (WORLD / "log").mkdir()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, most), most))
        disk = Disk(Path(self.order["image"]), STATE, int(self.order["image_size"]))
        (STATE / "tmp").mkdir(mode=0o1777)
        (STATE / "tmp").chmod(0o1777)
        os.environ["TMPDIR"] = str(STATE / "tmp")
        # As systemd has it at boot; a new namespace has 10, and whoever writes more lines at once to Postfix's log would have to wait.
        with suppress(OSError):
            Path("/proc/sys/net/unix/max_dgram_qlen").write_text("512")
        resolver, group = Group(f"{self.order['groups']}resolver"), Group(f"{self.order['groups']}relay")
        say(now="making certificates and zones")
        names.make_certificates()
        commands = names.make_zones(int(self.order["cold"]))
        if self.order["cold"]:
            commands["nginx"] = names.policy_hosts(int(self.order["cold"]))
        for name, command in commands.items():
            if name != "unbound":
                start(name, command)
        for address in (addresses.ROOT_SERVER, addresses.TLD_SERVER, addresses.ZONE_SERVER):
            wait_for_port(address, 53, 30)

        running: list[subprocess.Popen[bytes]] = []

        def start_resolver() -> None:
            for process in running:
                process.kill()
                process.wait()
            running[:] = [start("unbound", resolver.words(*commands["unbound"]))]
            wait_for_port(addresses.RESOLVER, 53, 30)

        start_resolver()
        self.ground = Ground(disk, group, resolver, Counting(group), start_resolver)
        say(machine=machine.facts() | {"state of all relays on": disk.what, "processors' time by": group.what, "counts by": self.ground.counting.what},
            versions={name: CLASSES[name].version() for name in self.order["relays"]})

    def run_rows(self) -> None:
        rows = [BY_NAME[name] for name in self.order["rows"]]
        if any(row.security == "dane" and STRAIGHT not in row.relays for row in rows):
            for relay in self.order["relays"]:
                say(now=f"{relay}: does it verify by DANE?")
                prove(self.ground, BY_NAME["dane-20"], relay)
        for row in rows:
            relays = [relay for relay in row.relays_of(self.order["few"]) if relay == STRAIGHT or relay in self.order["relays"]]
            # The first repetition finds out how many messages all others have, too.
            messages = dict.fromkeys(relays, 0)
            for repetition in range(self.repetitions):
                for relay in list(messages):
                    messages[relay] = self.attempt(row, relay, f"{repetition + 1} of {self.repetitions}", messages[relay])
                    if not messages[relay]:
                        del messages[relay]
            for relay, count in messages.items():
                if relay != STRAIGHT and self.order["counts"]:
                    # With as many messages: what waits takes memory.
                    self.attempt(row, relay, "counts", count, counted=True)

    def attempt(self, row: Row, relay: str, what: str, messages: int, counted: bool = False) -> int:
        """How many messages it had; 0 where it failed, which is a result, too."""
        say(now=f"{row.name} {relay} {what}")
        try:
            figures: Figures = one(self.ground, row, relay, messages, counted, self.seconds)
        except Exception as error:  # noqa: BLE001
            say(row=row.name, relay=relay, failure=f"{error}" if isinstance(error, RuntimeError) else traceback.format_exc())
            return 0
        say(row=row.name, relay=relay, counted=counted, figures=figures)
        return messages or int(figures["messages"])

    def run_further(self) -> None:
        for name in self.order["further"]:
            say(now=name)
            try:
                for found in further.PARTS[name].run(self.ground, self.order):
                    say(part=name, found=found)
            except Exception as error:  # noqa: BLE001
                say(part=name, failure=f"{error}" if isinstance(error, RuntimeError) else traceback.format_exc())


def main() -> None:
    order = json.loads(sys.argv[1])
    os.umask(0o022)
    namespace.furnish(Path(order["packages"]))
    # A child measures, for process 1 has to take the status of every orphan.
    child = os.fork()
    if child:
        while True:
            number, status = os.wait()
            if number == child:
                # The servers end with this process.
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    bench = Bench(order)
    bench.furnish()
    bench.run_rows()
    bench.run_further()
    sys.stdout.flush()
    time.sleep(0.05)


if __name__ == "__main__":
    main()
