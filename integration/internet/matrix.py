"""What a run of scenarios says of the 126 faults: which of them were checked by what, which passed, and what stands in for the others."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import scenario
from .faultrows import GROUPS, Row

# These look at the bed itself, or at Postfix in it: they run beside the checks of a fault, and are none.
BED_ONLY = ("01-names", "02-judge", "03-certificates", "05-judges")
STATES = ("passed", "failed", "skipped", "unit tests", "open", "not asked for")
# A row was run where its scenarios were.
RUN = STATES[:3]


@dataclass(frozen=True)
class Check:
    """A scenario of faults, and what it is about."""

    file: str
    run: scenario.Run
    faults: tuple[int, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.file, self.run.title

    def how(self, number: int) -> str:
        """What it is called in the table: its words, without its cases; or the domain of the table that has the fault."""
        if number not in self.run.named:
            return ", ".join(f"`{name}`" for name in domains_of(self.run, number))
        return self.run.words if number not in scenario.numbers(self.run.base) else scenario.without_numbers(self.run.base)


def checks_of(files: list[Path]) -> list[Check]:
    return [Check(file.stem, run, faults) for file in files for run in scenario.runs_of(scenario.load(file)) if (faults := run.faults)]


def domains_of(run: scenario.Run, number: int) -> list[str]:
    """Those that are why it is a check of the fault."""
    found = [match[0] for match in scenario.FAULT_DOMAIN.finditer(run.title) if int(match[1]) == number]

    def look(line: Any) -> None:
        if isinstance(line, tuple):
            for part in line:
                look(part)
        elif number in scenario.faults_of(line):
            found.append(getattr(line, "domain", "") or getattr(line, "name", "") or "a line of its table")

    look(run.arguments)
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Outcome:
    word: str  # ok | FAIL | skip
    seconds: float
    detail: str


DID_NOT_RUN = Outcome("FAIL", 0, "did not run")


@dataclass
class Matrix:
    """Of all scenarios those that check a fault, and what became of the ones that were wished for."""

    checks: list[Check]
    wished: set[tuple[str, str]]
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)

    @staticmethod
    def of(checks: list[Check], files: list[Path], wish: scenario.Wish) -> "Matrix":
        stems = {file.stem for file in files}
        return Matrix(checks, {check.key for check in checks if check.file in stems and wish.wants(check.file, check.run)})

    def take(self, word: str, file: str, title: str, seconds: float, detail: str) -> None:
        if (file, title) in self.wished and word in ("ok", "FAIL", "skip"):
            self.outcomes[file, title] = Outcome(word, seconds, detail)

    @property
    def progress(self) -> str:
        return f"{len(self.outcomes)}/{len(self.wished)}"

    @property
    def is_whole(self) -> bool:
        """Everything that checks a fault was wished for, and ran."""
        return set(self.outcomes) == {check.key for check in self.checks}

    def of_row(self, row: Row) -> list[Check]:
        return [check for check in self.checks if row.number in check.faults and check.file not in BED_ONLY]

    def outcome(self, check: Check) -> Outcome:
        return self.outcomes.get(check.key, DID_NOT_RUN)

    def state(self, row: Row) -> str:
        checks = self.of_row(row)
        if not checks:
            return "unit tests" if row.units else "open"
        words = {self.outcome(check).word for check in checks if check.key in self.wished}
        return "failed" if "FAIL" in words else "skipped" if "skip" in words else "passed" if words else "not asked for"

    def seconds(self, row: Row) -> float:
        return sum(self.outcome(check).seconds for check in self.of_row(row))

    def counts(self, group: str) -> Counter[str]:
        return Counter(self.state(row) for row in GROUPS[group])

    def rows(self, *states: str) -> list[Row]:
        return [row for rows in GROUPS.values() for row in rows if self.state(row) in states]

    @property
    def failed(self) -> bool:
        return bool(self.rows("failed"))

    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "scenarios": len(self.outcomes), "of": len(self.checks),
            "rows": [self._row(group, row) for group, rows in GROUPS.items() for row in rows],
        }

    def _row(self, group: str, row: Row) -> dict[str, Any]:
        checks = self.of_row(row)
        ways = Counter((check.file, check.how(row.number)) for check in checks)
        return {
            "number": row.number, "group": group, "what": row.what, "state": self.state(row), "seconds": round(self.seconds(row), 1),
            "ways": [{"file": file, "what": what, "scenarios": count} for (file, what), count in ways.items()],
            "not passed": [{"file": check.file, "title": check.run.title, "word": outcome.word, "detail": outcome.detail.replace("\v", "\n")}
                           for check in checks if check.key in self.wished and (outcome := self.outcome(check)).word != "ok"],
            "units": list(row.units), "why": "" if checks else row.why, "rest": row.rest if checks else "",
        }
