"""A run as the machine sees it: the namespace is made, what it finds is shown and kept, and all of it is removed."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from internet import lifecycle, namespace

from . import further, group, table
from .result import Result
from .rows import BY_NAME, ROWS, STRAIGHT

RESULTS = Path(__file__).resolve().parent / "results"
GIB = 1 << 30
# Cold domains: their zones take half a second each ten.
COLD = {"full": 2000, "quick": 200}
GROUPS = "waxwing-bench-"
__all__ = ["Result", "Wish", "parts", "run"]


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    quick: bool
    names: tuple[str, ...]
    relays: tuple[str, ...]
    repetitions: int | None
    seconds: float | None
    counts: bool
    json: Path | None
    add_to: Path | None

    def order(self) -> dict:
        """What the run inside gets to know, without places."""
        rows = [row.name for row in ROWS if (row.name in self.names if self.names else row.quick or not self.quick)]
        more = [name for name, part in parts().items() if (name in self.names if self.names else part.quick or not self.quick)]
        return {"rows": rows, "further": more, "relays": list(self.relays), "repetitions": self.repetitions or (2 if self.quick else 3),
                "seconds": self.seconds or (1.5 if self.quick else 4), "counts": self.counts, "quick": self.quick,
                # Of a row that was named every relay is wanted.
                "few": self.quick and not self.names,
                "cold": COLD["quick" if self.quick else "full"] if {"cold", "resolver"} & set(more) else 0,
                "queue": 10_000 if self.quick else 1_000_000,
                "image_size": (14 if {"million", "queue"} & set(more) else 4) * GIB}


def programs() -> dict[str, str]:
    """What the environment of the run inside must name: release builds, or what was chosen. Never another build: its figures would be taken
    for these."""
    found = {}
    for name, variable in (("relayd", "RELAYD"), ("relayctl", "RELAYCTL"), ("waxwing-bench", "WAXWING_BENCH")):
        path = Path(os.environ.get(variable) or lifecycle.CHECKOUT / ".build" / "release" / name)
        if not os.access(path, os.X_OK):
            raise FileNotFoundError(f"there is no {path}: make bench-release, or set {variable}")
        found[variable] = str(path.resolve())
    return found


def parts() -> dict:
    return further.PARTS


class Progress:
    """On standard error, so that a table can be redirected."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def show(self, text: str) -> None:
        seconds = int(time.monotonic() - self._began)
        print(f"{seconds // 60:4d}:{seconds % 60:02d}  {text}", file=sys.stderr, flush=True)


def run(wish: Wish) -> int:
    if os.geteuid() != 0:
        return _fail("namespaces and mounts need root")
    order = wish.order()
    if idle := [name for name in order["rows"] if name in wish.names and not {STRAIGHT, *wish.relays} & set(BY_NAME[name].relays)]:
        return _fail(f"{', '.join(idle)}: not measured for {', '.join(wish.relays)} (--list)")
    try:
        found = programs()
    except FileNotFoundError as error:
        return _fail(str(error))
    os.environ.update(found)
    base = Result.read(wish.add_to) if wish.add_to else None
    file = wish.json or wish.add_to or RESULTS / f"{time.strftime('%Y-%m-%d-%H%M%S')}{'-quick' if wish.quick else ''}.json"
    place = lifecycle.CHECKOUT / ".build"
    try:
        if subprocess.run([str(lifecycle.INTEGRATION / "fetch")]).returncode != 0:
            return _fail("could not fetch the servers' packages (integration/fetch)")
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(place / "bench.lock", "w") as lock, open(file, "a"):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _measure(wish, order, base, file, place)
    except BlockingIOError:
        return _fail("another run is on in this checkout: each would measure the other")
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _fail(str(error))
    finally:
        if file.exists() and file.stat().st_size == 0:
            file.unlink()


def _measure(wish: Wish, order: dict, base: Result | None, file: Path, place: Path) -> int:
    _remove_leftovers(place)
    if shutil.disk_usage(place).free < order["image_size"] + GIB:
        return _fail(f"{order['image_size'] // GIB + 1} GB are needed in {place}")
    found = Found(base, order["repetitions"], file, not order["rows"])
    code = _follow(order, place, found)
    result = found.result
    if result.runs or result.parts:
        print(table.text(result))
        found.progress.show(f"{'ended early' if code else 'done'}; as JSON: {file}")
    elif not code:
        return _fail("nothing was measured: none of the relays has any of these rows (--list)")
    return code if code else (1 if found.fresh.failures else 0)


class Found:
    """What a run finds, in its file as it comes."""

    def __init__(self, base: Result | None, repetitions: int, file: Path, parts_only: bool) -> None:
        self._base, self._repetitions, self._file, self._parts_only = base, repetitions, file, parts_only
        self._ended: set[str] = set()
        self._part = ""
        self._cannot_write = False
        self.fresh = Result()
        self.progress = Progress()

    @property
    def result(self) -> Result:
        return self._base.with_later(self.fresh, self._repetitions, frozenset(self._ended)) if self._base else self.fresh

    def take(self, line: dict) -> None:
        if "machine" in line:
            line["machine"]["commit"] = _commit()
            line["versions"] |= {"waxwing": f"{line['versions']['waxwing']}, {_checksum()}"} if "waxwing" in line["versions"] else {}
        self.fresh.take(line)
        self.progress.show("  " + table.short(line))
        if "machine" in line:
            if self._base and (why := self._base.differences(self.fresh, self._parts_only)):
                raise _NotTheSame(why)
            return
        self._write()

    def begins(self, what: str) -> None:
        """A row, a relay or a part begins: the part before has ended."""
        self.progress.show(what)
        if self._part:
            self._ended.add(self._part)
        self._part = what if what in parts() else ""

    def ends(self) -> None:
        if self._part:
            self._ended.add(self._part)
        if self.fresh.runs or self.fresh.parts:
            self._write()

    def _write(self) -> None:
        try:
            self.result.write(self._file)
        except OSError as error:
            if not self._cannot_write:
                self.progress.show(f"{self._file} cannot be written: {error.strerror}; the table is still to come")
            self._cannot_write = True


def _follow(order: dict, place: Path, found: Found) -> int:
    groups = f"{GROUPS}{os.getpid()}-"
    folder = place / f"bench-{os.getpid()}"
    folder.mkdir()
    order |= {"groups": groups, "image": str(folder / "state.img"), "packages": str(lifecycle.BUILD / "root")}
    log = folder / "log"
    environment = os.environ | {"PYTHONPATH": str(lifecycle.INTEGRATION), "PYTHONDONTWRITEBYTECODE": "1",
                                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    # Whatever becomes of this process, the namespace ends with it.
    command = ["setpriv", "--pdeathsig", "KILL", *namespace.UNSHARE, sys.executable, "-m", "benchmark.inside", json.dumps(order)]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    found.progress.show(f"writing a disk of {order['image_size'] // GIB} GiB")
    with open(log, "wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
                                   cwd="/", env=environment)
    try:
        for text in process.stdout or ():
            line = json.loads(text)
            if "now" in line:
                found.begins(line["now"])
            else:
                found.take(line)
        if code := process.wait():
            _fail(log.read_text(errors="replace")[-4000:])
        else:
            found.ends()
        return code
    except _NotTheSame as why:
        return _fail(f"the result to add to is of another machine or program: {why}")
    except (KeyboardInterrupt, _Terminated) as reason:
        found.progress.show("interrupted")
        return 130 if isinstance(reason, KeyboardInterrupt) else 143
    finally:
        # A second ^C must not leave it half ended.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        process.kill()
        process.wait()
        group.remove_all(groups)
        shutil.rmtree(folder, ignore_errors=True)


class _NotTheSame(Exception):
    """Rows of different machines or programs do not belong into one table."""


class _Terminated(Exception):
    """SIGTERM, or the terminal is gone."""


def _terminate(*_: object) -> None:
    raise _Terminated


def _remove_leftovers(place: Path) -> None:
    """Of runs that were killed: a log, two cgroups without a process, and the image where it was not mounted yet."""
    for path in (*place.glob("bench-*"), *(path for hierarchy in group.hierarchies().values() for path in hierarchy.glob(f"{GROUPS}*"))):
        number = path.name.removeprefix(GROUPS).removeprefix("bench-").split("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            if path.parent == place:
                shutil.rmtree(path, ignore_errors=True)
            else:
                group.remove_all(f"{GROUPS}{number}-")


def _commit() -> str:
    words = ["git", "-C", str(lifecycle.CHECKOUT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(words, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def _checksum() -> str:
    """Which relayd it was: versions do not tell builds apart."""
    with open(os.environ["RELAYD"], "rb") as file:
        return f"sha256 {hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def _fail(text: str) -> int:
    print(f"bench: {text}", file=sys.stderr)
    return 1
