"""A run as the machine sees it: the namespace is made, what it finds is shown and kept, and all of it is removed."""

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
from .result import NotTheSame, Result
from .rows import ROWS
from .waxwing import programs

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
    if subprocess.run([str(lifecycle.INTEGRATION / "fetch")]).returncode != 0:
        return _fail("could not fetch the servers' packages (integration/fetch)")
    ends = os.environ.setdefault("WAXWING_BENCH", str(lifecycle.CHECKOUT / ".build" / "release" / "waxwing-bench"))
    try:
        os.environ.update(programs())
    except FileNotFoundError as error:
        return _fail(str(error))
    if not os.access(ends, os.X_OK):
        return _fail(f"{ends} is not there: swift build -c release --product waxwing-bench, or set WAXWING_BENCH")
    order = wish.order()
    place = lifecycle.CHECKOUT / ".build"
    if shutil.disk_usage(place).free < order["image_size"] + GIB:
        return _fail(f"{order['image_size'] // GIB + 1} GB are needed in {place}")
    result, progress = Result(), Progress()
    file = wish.json or wish.add_to or RESULTS / f"{time.strftime('%Y-%m-%d-%H%M')}{'-quick' if wish.quick else ''}.json"
    if wish.add_to:
        result = Result.read(wish.add_to)
        result.add_to()
    try:
        code = _follow(order, place, result, file, progress)
    except NotTheSame as error:
        return _fail(f"{wish.add_to} is of another machine or version: {error}")
    if result.runs or result.parts:
        print(table.text(result))
        progress.show(f"{'ended early' if code else 'done'}; as JSON: {file}")
    return code if code else (1 if result.failures else 0)


def _follow(order: dict, place: Path, result: Result, file: Path, progress: Progress) -> int:
    """Takes what the run inside finds, and writes it to `file` as it comes."""
    groups = f"{GROUPS}{os.getpid()}"
    folder = place / f"bench-{os.getpid()}"
    _remove_leftovers(place)
    folder.mkdir()
    order |= {"groups": groups, "image": str(folder / "state.img"), "packages": str(lifecycle.BUILD / "root")}
    log = folder / "log"
    environment = os.environ | {"PYTHONPATH": str(lifecycle.INTEGRATION), "PYTHONDONTWRITEBYTECODE": "1",
                                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    # Whatever becomes of this process, the namespace ends with it.
    command = ["setpriv", "--pdeathsig", "KILL", *namespace.UNSHARE, sys.executable, "-m", "benchmark.inside", json.dumps(order)]
    signal.signal(signal.SIGTERM, _terminate)
    with open(log, "wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
                                   cwd="/", env=environment)
    try:
        for text in process.stdout or ():
            line = json.loads(text)
            if "now" in line:
                progress.show(line["now"])
            else:
                if "machine" in line:
                    line["machine"]["commit"] = _commit()
                result.take(line)
                if "machine" not in line:
                    result.write(file)
                progress.show("  " + table.short(line))
        if code := process.wait():
            _fail(log.read_text(errors="replace")[-4000:])
        return code
    except (KeyboardInterrupt, _Terminated) as reason:
        progress.show("interrupted")
        return 130 if isinstance(reason, KeyboardInterrupt) else 143
    finally:
        # A second ^C must not leave it half ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.kill()
        process.wait()
        group.remove_all(groups)
        shutil.rmtree(folder, ignore_errors=True)


class _Terminated(Exception):
    """SIGTERM."""


def _terminate(*_: object) -> None:
    raise _Terminated


def _remove_leftovers(place: Path) -> None:
    """Of runs that were killed: all that outlives one is a log and two cgroups without a process."""
    for path in (*place.glob("bench-*"), *(path for hierarchy in group.hierarchies().values() for path in hierarchy.glob(f"{GROUPS}*"))):
        number = path.name.removeprefix(GROUPS).removeprefix("bench-").split("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            if path.parent == place:
                shutil.rmtree(path, ignore_errors=True)
            else:
                group.remove_all(path.name)


def _commit() -> str:
    words = ["git", "-C", str(lifecycle.CHECKOUT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(words, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def _fail(text: str) -> int:
    print(f"bench: {text}", file=sys.stderr)
    return 1
