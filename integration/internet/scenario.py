"""Finding and running scenarios. A scenario is a function `scenario_…` in integration/scenarios/NN-name.py.

It is called with what the file's `fixture(bed)` (a context manager) yields, or with the bed where there is none.
`@cases(table, name)` calls it once for each line of a table. It fails by an exception; `Skip` says why it cannot run here.
A file that says `ALONE = True` measures, and runs when all others have ended; one that says `LONG = True` takes minutes, and is begun first.
`@slow` keeps it out of `make test`; `make test-faults` runs it. A title, or the name of a case, that begins with `F113` is a check of fault 113 of
docs/reliability.md; so is each case about a domain `fault-113….example`, and one whose line of a table has `fault=(113,)`.
"""

import argparse
import importlib.util
import inspect
import itertools
import re
import shutil
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Iterable

from . import addresses
from .domains import BY_NAME
from .inside import Bed

FAILED = Path(__file__).resolve().parent.parent.parent / ".build" / "bed" / "failed"


class Skip(Exception):
    """This machine cannot run it."""


def cases(table: Iterable[Any], name: Callable[[Any], str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def mark(function: Callable[..., None]) -> Callable[..., None]:
        function.cases = [(name(line), line) for line in table]  # type: ignore[attr-defined]
        return function
    return mark


def slow(function: Callable[..., None]) -> Callable[..., None]:
    function.slow = True  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True)
class Wish:
    """Which scenarios are to run."""

    pattern: str = ""
    # Slow ones too, and of all only those that a fault of the matrix names.
    slow: bool = False
    faults: bool = False
    # Of those only these; all where there are none.
    rows: frozenset[int] = frozenset()

    def wants(self, stem: str, run: "Run") -> bool:
        if self.pattern not in f"{stem} {run.title}" or (run.is_slow and not self.slow):
            return False
        return not self.faults or bool(self.rows.intersection(run.faults) if self.rows else run.faults)

    @property
    def marks(self) -> list[str]:
        """As arguments of `internet.runfile`."""
        marks = [word for word, is_set in (("--slow", self.slow), ("--faults", self.faults)) if is_set]
        if self.rows:
            marks.append(f"--rows={','.join(map(str, sorted(self.rows)))}")
        return [*marks, f"--text={self.pattern}"]


def rows_of(text: str) -> frozenset[int]:
    """Numbers and spans of them: 21,58-60."""
    rows: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        try:
            span = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            span = range(0)
        if not span:
            raise argparse.ArgumentTypeError(f"{part!r} is no row of the table, and no span of rows as 58-60 is")
        rows.update(span)
    return frozenset(rows)


@dataclass(frozen=True)
class Run:
    title: str
    function: Callable[..., None]
    arguments: tuple[Any, ...]

    @property
    def is_slow(self) -> bool:
        return getattr(self.function, "slow", False)

    @property
    def base(self) -> str:
        """The title without its case."""
        return title_of(self.function)

    @property
    def faults(self) -> tuple[int, ...]:
        """The numbers of the faults it is a check of: those it is named by, that of a domain `fault-47….example`, those of its line of a table."""
        of_domain = (int(number) for number in FAULT_DOMAIN.findall(self.title))
        return tuple(dict.fromkeys((*self.named, *of_domain, *faults_of(self.arguments))))

    @property
    def named(self) -> tuple[int, ...]:
        """Those that the title, or the name of its case, begins with: `F47 F48 …`."""
        return numbers(self.base) + numbers(self.title[len(self.base):].removeprefix(": "))

    @property
    def words(self) -> str:
        """The title without those numbers."""
        return ": ".join(without_numbers(part) for part in (self.base, self.title[len(self.base):].removeprefix(": ")) if part)


def title_of(function: Callable[..., None]) -> str:
    return (inspect.getdoc(function) or function.__name__).splitlines()[0].rstrip(".")


def numbers(text: str) -> tuple[int, ...]:
    """Of the faults that it begins with."""
    return tuple(int(word[1:]) for word in itertools.takewhile(_FAULT.fullmatch, text.split()))


def without_numbers(text: str) -> str:
    return " ".join(itertools.dropwhile(_FAULT.fullmatch, text.split(" ")))


def faults_of(line: Any) -> tuple[int, ...]:
    """Those that a line of a table names as its `fault`, or the domain that it is about does; of several lines, those of all."""
    domain = BY_NAME.get(getattr(line, "domain", ""))
    of_parts = (number for part in line for number in faults_of(part)) if isinstance(line, tuple) else ()
    return (*getattr(line, "fault", ()), *(domain.fault if domain else ()), *of_parts)


_FAULT = re.compile(r"F[0-9]{1,3}")
FAULT_DOMAIN = re.compile(r"\bfault-([0-9]{1,3})[a-z-]*\.example\b")


def runs_of(module: ModuleType) -> list[Run]:
    runs = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("scenario_") or function.__module__ != module.__name__:
            continue
        title = title_of(function)
        found = getattr(function, "cases", None)
        runs += [Run(f"{title}: {case}", function, (line,)) for case, line in found] if found is not None else [Run(title, function, ())]
    return sorted(runs, key=lambda run: run.function.__code__.co_firstlineno)


def load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("scenario_" + path.stem.replace("-", "_"), path)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def is_marked(path: Path, word: str) -> bool:
    """ALONE: it measures, and nothing runs beside it. LONG: it takes minutes, and is begun first."""
    return bool(re.search(f"^{word} = True$", path.read_text(), re.M))


def is_early(path: Path) -> bool:
    """Up to 11-sts, scenarios look at the bed as it was made, which later ones change."""
    return int(path.stem.split("-")[0]) < 12


def run_file(path: Path, wish: Wish) -> None:
    """Prints a line for each scenario: `ok`, `skip` or `FAIL`, tab separated, for `run` to render."""
    bed = Bed.here()
    addresses.begin_file(int(path.stem.split("-")[0]))
    module = load(path)
    runs = [run for run in runs_of(module) if wish.wants(path.stem, run)]
    if not runs:
        return
    failed = False
    with ExitStack() as stack:
        try:
            subject = stack.enter_context(module.fixture(bed)) if hasattr(module, "fixture") else bed
        except Exception as error:  # noqa: BLE001 -- whatever it is, these scenarios did not run
            for number, run in enumerate(runs):
                why = explained(error) if number == 0 else "as above: what this file starts with failed"
                report("skip" if isinstance(error, Skip) else "FAIL", path, run.title, 0.0, why)
            return keep_logs(bed, path)
        for run in runs:
            began = time.monotonic()
            try:
                run.function(subject, *run.arguments)
            except Skip as error:
                report("skip", path, run.title, time.monotonic() - began, str(error))
            except Exception as error:  # noqa: BLE001
                failed = True
                report("FAIL", path, run.title, time.monotonic() - began, explained(error))
            else:
                report("ok", path, run.title, time.monotonic() - began, "")
    if failed:
        keep_logs(bed, path)


def note(text: str) -> None:
    """A figure worth seeing in the run's output."""
    print(f"note\t\t{text}\t0\t", flush=True)


def report(word: str, path: Path, title: str, seconds: float, detail: str) -> None:
    flat = detail.replace("\t", " ").replace("\n", "\v")
    print(f"{word}\t{path.stem}\t{title}\t{seconds:.1f}\t{flat}", flush=True)


def explained(error: Exception) -> str:
    if isinstance(error, Skip):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = next((frame for frame in reversed(frames) if any(f"/{folder}/" in frame.filename for folder in ("scenarios", "pending"))), frames[-1])
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return f"{kind}{error or where.line} (line {where.lineno})"


def keep_logs(bed: Bed, path: Path) -> None:
    """Logs of the relays of this file and of all hosts, for after the bed is gone."""
    target = FAILED / path.stem
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copytree(bed.folder / "log", target / "bed")
    for relay in (bed.folder / "relays").glob(f"{path.stem}*"):
        (target / relay.name).mkdir()
        for kept in (*relay.glob("*.log"), *relay.glob("*.toml")):
            shutil.copy(kept, target / relay.name)
