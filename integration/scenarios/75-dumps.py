"""Memory of relayd is its own: no other process reads it, no core file is made of it, also behind a change of the user."""

import os
import re
import subprocess
from typing import Callable

from internet.droppedrights import Dropping
from internet.inside import Bed
from internet.relayconfig import quoted
from internet.scenario import cases
from internet.users import WAXWING

NAME = "75-dumps"


class AsUser(Dropping):
    """Started as the user already."""

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("setpriv", "--reuid", str(WAXWING), "--regid", str(WAXWING), "--clear-groups")


def may_read_memory(process: int) -> bool:
    """May another process of the same user?"""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(WAXWING)
            os.setuid(WAXWING)
            with open(f"/proc/{process}/mem", "rb") as memory, open(f"/proc/{process}/maps") as maps:
                memory.seek(int(maps.readline().split("-")[0], 16))
                memory.read(16)
        except BaseException:  # noqa: BLE001 -- whatever it is, the child ends here
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@cases((AsUser, Dropping), lambda kind: "started as the user" if kind is AsUser else "started as root")
def scenario_memory(bed: Bed, kind: Callable[..., Dropping]) -> None:
    """No other process of relayd's own user may read its memory, or its resolver's"""
    sleeper = subprocess.Popen(["sleep", "60"], user=WAXWING, group=WAXWING, extra_groups=(), cwd="/")
    certificate = {"intake": {"tls_certificate": quoted(""), "tls_key": quoted("")}}
    try:
        assert may_read_memory(sleeper.pid), "it could not fail"
        with kind(bed, f"{NAME}-{'user' if kind is AsUser else 'root'}", 1 if kind is AsUser else 2, more=certificate) as own:
            for process in (own.pid, *own.workers()):
                assert not may_read_memory(process), process
    finally:
        sleeper.kill()
        sleeper.wait()


class Watched(Dropping):
    """Its changes of user and of what may be dumped are written down."""

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("strace", "-D", "-f", "-qq", "-o", str(self.folder / "strace"), "-e", "trace=prctl,setresuid,execve", *super().prefix)


def scenario_not_dumpable_again(bed: Bed) -> None:
    """Started as root: that no memory may be dumped is said once more behind the change of the user, which takes it back"""
    with Watched(bed, f"{NAME}-again", 3) as own:
        assert own.stop() == 0
    calls = (own.folder / "strace").read_text().splitlines()
    (last,) = [place for place, line in enumerate(calls) if re.search(rf"setresuid\({WAXWING}, ", line)][-1:]
    first = next(place for place, line in enumerate(calls) if "PR_SET_DUMPABLE, SUID_DUMP_DISABLE" in line)
    worker = next(place for place, line in enumerate(calls) if place > last and "execve(" in line)
    again = [line for line in calls[last:worker] if "PR_SET_DUMPABLE, SUID_DUMP_DISABLE" in line]
    assert first < last and again, [calls[first], calls[last], calls[worker]]
