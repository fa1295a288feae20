"""What all runs come to: executions and seconds of a processor for each target, as JSON."""

import fcntl
import json
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fuzzing import places
from fuzzing.program import Run


@dataclass
class Entry:
    """One target, over the runs that were added up."""

    executions: int = 0
    cpu_seconds: float = 0.0
    runs: int = 0
    # Runs that found something.
    finds: int = 0
    # Of the newest run, as the three below.
    coverage: int = 0
    date: str = ""
    commit: str = ""

    def take(self, run: Run) -> None:
        self.executions += run.executions
        self.cpu_seconds = round(self.cpu_seconds + run.cpu_seconds, 1)
        self.runs += 1
        self.finds += bool(run.find)
        self.coverage = run.coverage
        self.date = datetime.now(UTC).strftime("%Y-%m-%d")
        self.commit = commit()


def read(file: Path) -> dict[str, Entry]:
    if not file.exists():
        return {}
    return {target: Entry(**fields) for target, fields in json.loads(file.read_text())["targets"].items()}


def write(file: Path, entries: dict[str, Entry]) -> None:
    targets = {target: asdict(entries[target]) for target in sorted(entries)}
    file.write_text(json.dumps({"targets": targets}, indent=2) + "\n")


def add(file: Path, run: Run) -> None:
    """Adds a run to what the file has; several programs may do so at once."""
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = read(file)
        entries.setdefault(run.target, Entry()).take(run)
        write(file, entries)


def commit() -> str:
    done = subprocess.run(
        ["git", "-C", places.CHECKOUT, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
