"""What a service manager is told (Type=notify, WatchdogSec): when it serves, reads its configuration again, lives, ends."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import CHECKOUT, Relay
from internet.scenario import Skip, note, slow
from internet.servicemanager import ServiceManager, environment_of, now
from internet.smtpwire import Wire
from internet.submission import Letter

NAME, WATCHDOG = "72-notices", 2.0


class Managed(Relay):
    """Started as systemd starts a service of Type=notify."""

    manager: ServiceManager | None = None

    def environment(self) -> dict[str, str]:
        return super().environment() | (self.manager.environment() if self.manager else {})


@contextmanager
def managed(bed: Bed, name: str, number: int, watchdog: float = WATCHDOG) -> Iterator[tuple[Managed, ServiceManager]]:
    relay = Managed(bed, name, number)
    with ServiceManager(relay.folder / "notify.sock", lambda: is_served(relay), watchdog) as manager:
        relay.manager = manager
        with relay:
            yield relay, manager


@contextmanager
def fixture(bed: Bed) -> Iterator[tuple[Managed, ServiceManager]]:
    with managed(bed, NAME, 1) as both:
        yield both


def is_served(relay: Relay) -> list[str]:
    """Which of its doors answer now, at the first try."""
    found = []
    try:
        with Wire(relay.address, timeout=5) as wire:
            assert wire.greeting[0] == 220
            found.append("intake")
    except (OSError, AssertionError):
        pass
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(relay.settings.control))
            found.append("control")
    except OSError:
        pass
    return found


def scenario_ready(both: tuple[Managed, ServiceManager]) -> None:
    """READY=1 comes once, and when it comes clients are greeted and orders are taken"""
    _, manager = both
    (ready,) = wait_for("READY=1", lambda: manager.of("READY"), 10)
    assert ready.fields["READY"] == "1" and ready.seen == ["intake", "control"], ready
    assert manager.order == ["READY"], manager.order


def scenario_not_ready(both: tuple[Managed, ServiceManager]) -> None:
    """A start that fails says READY=1 at no time"""
    relay = Managed(both[0].bed, f"{NAME}-busy", 2)
    with ServiceManager(relay.folder / "notify.sock") as manager, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((relay.address, addresses.RELAY_PORT))
        other.listen()
        relay.manager = manager
        relay.launch()
        assert relay.wait_exit() == 69 and "cannot listen" in relay.tail()
        assert not manager.of("READY"), manager.heard


def scenario_children_hear_nothing(both: tuple[Managed, ServiceManager]) -> None:
    """The resolver is not told where the manager listens: it could not speak for relayd"""
    relay, manager = both
    assert "NOTIFY_SOCKET" in environment_of(relay.pid)
    (worker,) = relay.workers()
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(environment_of(worker)), environment_of(worker)


def scenario_reload(both: tuple[Managed, ServiceManager]) -> None:
    """A reload, by SIGHUP or by order, good or refused: RELOADING=1 with the monotonic time, then READY=1"""
    relay, manager = both
    good = relay.toml.read_text()

    def by_signal() -> None:
        assert relay.process
        relay.process.send_signal(signal.SIGHUP)

    def refused() -> None:
        relay.toml.write_text(good.replace("[log]", "[log]\nno_such_key = 1"))
        assert relay.ctl("reload")[0] == 78
    for reload in (by_signal, lambda: relay.ctl("reload"), refused):
        heard, began = len(manager.heard), now()
        try:
            reload()
            wait_for("READY=1 behind RELOADING=1", lambda: manager.order_from(heard) == ["RELOADING", "READY"], 15)
        finally:
            relay.toml.write_text(good)
        reloading, ready = (next(notice for notice in manager.heard[heard:] if key in notice.fields) for key in ("RELOADING", "READY"))
        assert reloading.fields["RELOADING"] == "1", reloading
        assert began <= int(reloading.fields["MONOTONIC_USEC"]) <= reloading.time <= ready.time, (began, reloading, ready)
        assert ready.seen == ["intake", "control"]
    assert len(events(relay, "reload-refused")) == 1 and len(events(relay, "reloaded")) == 2


def scenario_watchdog(both: tuple[Managed, ServiceManager]) -> None:
    """WATCHDOG=1 comes from the start on, under mail too, and never later than half the manager's patience allows"""
    relay, manager = both
    for _ in range(30):
        relay.submit(Letter.to("someone@good.example", name="notices"))
    wait_for("signs of life", lambda: len(manager.of("WATCHDOG")) >= 5, 20)
    times = [notice.time for notice in manager.of("WATCHDOG")]
    longest = max(later - earlier for earlier, later in zip(times, times[1:])) / 1e6
    # At most once in each half; the machine may be busy.
    assert longest < WATCHDOG, times
    assert min(later - earlier for earlier, later in zip(times, times[1:])) / 1e6 > WATCHDOG / 4, times
    assert times[0] - manager.of("READY")[0].time < WATCHDOG * 1e6


def loops(relay: Relay) -> list[int]:
    """Its threads with an event loop."""
    return sorted(int(entry.name) for entry in Path(f"/proc/{relay.pid}/task").iterdir() if re.fullmatch(r"loop-\d+\n", (entry / "comm").read_text()))


@contextmanager
def standing_still(thread: int, folder: Path) -> Iterator[None]:
    """One thread alone hangs in epoll for as long as the context lasts."""
    with subprocess.Popen(["strace", "-qq", "-o", str(folder / f"strace-{thread}"), "-e", "trace=epoll_wait,epoll_pwait,epoll_pwait2", "-e",
                           "inject=epoll_wait,epoll_pwait,epoll_pwait2:delay_exit=60s", "-p", str(thread)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tracer:
        try:
            wait_for("the tracer", lambda: f"TracerPid:\t{tracer.pid}" in Path(f"/proc/{thread}/status").read_text(), 10)
            yield
        finally:
            tracer.kill()


@slow
def scenario_one_loop_stands_still(both: tuple[Managed, ServiceManager]) -> None:
    """One loop of several stands still: WATCHDOG=1 comes no more; when it turns again, so it does"""
    relay, manager = both
    for thread in loops(relay):
        with standing_still(thread, relay.folder):
            time.sleep(WATCHDOG)
            heard = len(manager.of("WATCHDOG"))
            time.sleep(2 * WATCHDOG)
            assert len(manager.of("WATCHDOG")) == heard, f"loop {thread} stands still, and relayd says that it lives"
        wait_for("a sign of life", lambda: len(manager.of("WATCHDOG")) > heard, 20)


def scenario_watched_is_another(both: tuple[Managed, ServiceManager]) -> None:
    """WATCHDOG_PID of another process: no sign of life is given; no time: neither"""
    bed = both[0].bed

    class Other(Managed):
        def environment(self) -> dict[str, str]:
            assert self.manager
            return super().environment() | self.manager.environment(of=1)
    relay = Other(bed, f"{NAME}-other", 3)
    with ServiceManager(relay.folder / "notify.sock", watchdog=0.2) as manager:
        relay.manager = manager
        with relay:
            wait_for("READY=1", lambda: manager.of("READY"), 10)
            time.sleep(1)
            assert not manager.of("WATCHDOG")
    with managed(bed, f"{NAME}-unwatched", 4, watchdog=0) as (_, manager):
        wait_for("READY=1", lambda: manager.of("READY"), 10)
        time.sleep(1)
        assert not manager.of("WATCHDOG")


def scenario_abstract_name(both: tuple[Managed, ServiceManager]) -> None:
    """NOTIFY_SOCKET with a name that has no file (@…), as some managers have it"""
    name = f"waxwing-{os.getpid()}"

    class Abstract(Managed):
        def environment(self) -> dict[str, str]:
            return os.environ | {"NOTIFY_SOCKET": f"@{name}"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        own.bind(f"\0{name}")
        own.settimeout(10)
        with Abstract(both[0].bed, f"{NAME}-abstract", 5):
            assert own.recv(4096) == b"READY=1"


def scenario_manager_gone(both: tuple[Managed, ServiceManager]) -> None:
    """Nobody listens there any more, or nobody reads: mail goes on"""
    relay = Managed(both[0].bed, f"{NAME}-gone", 6)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.bind(str(relay.folder / "notify.sock"))
        relay.manager = ServiceManager(relay.folder / "notify.sock", watchdog=0.02)
        with relay:
            for gone in (False, True):
                if gone:
                    (relay.folder / "notify.sock").unlink()
                time.sleep(0.5)
                letter = Letter.to("someone@good.example", name="notices")
                relay.submit(letter)
                relay.wait_attempt(letter, letter.recipients[0], ("delivered",))


def scenario_stopping(both: tuple[Managed, ServiceManager]) -> None:
    """SIGTERM: STOPPING=1 at once, before the last letter has gone, and nothing is said behind it"""
    with managed(both[0].bed, f"{NAME}-stop", 7) as (relay, manager):
        wait_for("READY=1", lambda: manager.of("READY"), 10)
        with Wire(relay.address) as wire:
            wire.ehlo()
            assert relay.process
            relay.process.send_signal(signal.SIGTERM)
            wait_for("STOPPING=1", lambda: manager.of("STOPPING"), 5)
            assert relay.process.poll() is None or wire.is_closed()
        assert relay.wait_exit() == 0
        assert manager.order == ["READY", "STOPPING"] and list(manager.heard[-1].fields) == ["STOPPING"], manager.order


def scenario_stopping_at_once(both: tuple[Managed, ServiceManager]) -> None:
    """SIGTERM with a patience of 60 seconds, as the unit has it: the end does not wait for the next sign of life"""
    with managed(both[0].bed, f"{NAME}-stop-at-once", 8, watchdog=60) as (relay, manager):
        wait_for("WATCHDOG=1", lambda: manager.of("WATCHDOG"), 10)
        assert relay.process
        began = time.monotonic()
        relay.process.send_signal(signal.SIGTERM)
        assert relay.wait_exit() == 0
        took = time.monotonic() - began
        note(f"{took:.2f} s")
        assert took < 10, took


def scenario_status(both: tuple[Managed, ServiceManager]) -> None:
    """STATUS= says in one line how it goes, for `systemctl status`, and says so anew when that has changed"""
    relay, manager = both
    wait_for("STATUS=", lambda: manager.of("STATUS"), 10)
    first = manager.of("STATUS")[0].fields["STATUS"]
    assert "accepted" in first and "delivered" in first, first
    letter = Letter.to("someone@good.example", name="status")
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
    wait_for("another", lambda: manager.of("STATUS")[-1].fields["STATUS"] != first, 30)


UNIT = CHECKOUT / "conf" / "waxwing.service"


def scenario_unit(both: tuple[Managed, ServiceManager]) -> None:
    """conf/waxwing.service: an exposure of 1.5 at most by `systemd-analyze security`, a watchdog, and bounds of memory, tasks and core files"""
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#"))
    assert {"WatchdogSec", "MemoryMax", "TasksMax", "User"} <= set(settings), settings
    assert (settings["Type"], settings["LimitCORE"]) == ("notify", "0"), settings
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze")
    words = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", str(UNIT)]
    done = subprocess.run(words, capture_output=True, text=True)
    told = re.search(r"Overall exposure level for waxwing.service: ([0-9.]+)", done.stdout)
    assert done.returncode == 0 and told and float(told[1]) <= 1.5, (done.returncode, done.stdout[-300:], done.stderr)
    note(f"exposure {told[1]}")
