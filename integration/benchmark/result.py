"""What a run has found: figures of every repetition, and their medians."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from .rows import WAXWING

Figures = dict[str, float]
# Facts that are of one run, and no reason not to put another's rows beside its own.
OF_A_RUN = ("date", "load before", "commit", "state of all relays on")


class Unreadable(Exception):
    """A file that is no result, in words."""


@dataclass
class Result:
    """As it goes into the JSON file."""

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    # Of each row and relay: the repetitions' figures, in order, and those of the repetition that counted.
    runs: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    counts: dict[str, dict[str, Figures]] = field(default_factory=dict)
    # Of each further part: what it found, line by line.
    parts: dict[str, list[dict]] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    # Rows and parts of later runs, in the place of those of the first: when, of which commit, and which.
    added: list[str] = field(default_factory=list)

    def take(self, line: dict) -> None:
        """One line from inside."""
        if "machine" in line:
            self.machine, self.versions = line["machine"], line["versions"]
        elif "failure" in line:
            self.failures.append(line)
        elif "part" in line:
            self.parts.setdefault(line["part"], []).append(line["found"])
        elif line["counted"]:
            self.counts.setdefault(line["row"], {})[line["relay"]] = line["figures"]
        else:
            self.runs.setdefault(line["row"], {}).setdefault(line["relay"], []).append(line["figures"])

    def has_failed(self, name: str, relay: str | None = None) -> bool:
        return any(name in (line.get("row"), line.get("part")) and line.get("relay") == relay for line in self.failures)

    def has_any_failure(self, name: str) -> bool:
        return any(name in (line.get("row"), line.get("part")) for line in self.failures)

    def with_later(self, later: "Result", repetitions: int, ended: frozenset[str] = frozenset()) -> "Result":
        """This, with what `later` has found in its place: relays that have all repetitions of a row, and parts that have ended. What failed
        or was not finished replaces nothing."""
        merged = Result(self.machine, later.versions | self.versions, {row: dict(relays) for row, relays in self.runs.items()},
                        {row: dict(relays) for row, relays in self.counts.items()}, dict(self.parts), list(self.failures), list(self.added))
        names: dict[str, list[str]] = {}
        for row, relays in later.runs.items():
            for relay, runs in relays.items():
                if len(runs) < repetitions or later.has_failed(row, relay):
                    continue
                merged.runs.setdefault(row, {})[relay] = runs
                if relay in later.counts.get(row, {}):
                    merged.counts.setdefault(row, {})[relay] = later.counts[row][relay]
                merged.failures = [line for line in merged.failures if (line.get("row"), line.get("relay")) != (row, relay)]
                names.setdefault(row, []).append(relay)
        for part, found in later.parts.items():
            if part in ended and not later.has_failed(part):
                merged.parts[part] = found
                merged.failures = [line for line in merged.failures if line.get("part") != part]
                names[part] = []
        if names:
            which = ", ".join(f"{name} ({', '.join(relays)})" if relays else name for name, relays in names.items())
            program = later.versions.get(WAXWING, "")
            other = f", by {program}" if program != self.versions.get(WAXWING, program) else ""
            merged.added.append(f"{later.machine.get('date', '')}, {later.machine.get('commit', '')}: {which}{other}")
        return merged

    def differences(self, later: "Result", parts_only: bool = False) -> str:
        """Why rows of `later` do not belong into this table; empty where they do. A further part is compared with no row: it may be of
        another relayd, and the head says of which."""
        pairs = [(self.machine, later.machine), (self.versions, later.versions)]
        return "; ".join(f"{name}: {new[name]} instead of {value}" for old, new in pairs for name, value in old.items()
                         if name not in OF_A_RUN and not (parts_only and name == WAXWING) and new.get(name, value) != value)

    def facts(self) -> list[tuple[str, str]]:
        """Its head: machine, versions, and which rows are of later runs."""
        known = (*self.machine.items(), *self.versions.items(), *(("later", words) for words in self.added))
        return [(name, value) for name, value in known if value]

    def relays(self, row: str) -> list[str]:
        return list(self.runs.get(row, {}))

    def values(self, row: str, relay: str, figure: str) -> list[float]:
        return [run[figure] for run in self.runs.get(row, {}).get(relay, []) if figure in run]

    def median(self, row: str, relay: str, figure: str) -> float | None:
        """Of its repetitions; of a count, what was counted."""
        if values := self.values(row, relay, figure):
            return statistics.median(values)
        return self.counts.get(row, {}).get(relay, {}).get(figure)

    def spread(self, row: str, relay: str, figure: str) -> float:
        """Of the slowest from the fastest, as a part of the median."""
        values = self.values(row, relay, figure)
        middle = statistics.median(values) if values else 0
        return (max(values) - min(values)) / middle if middle else 0

    def write(self, path: Path) -> None:
        """Whole or not at all: it is written again with each figure, and a run may end at any time."""
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(json.dumps(vars(self), indent=1, ensure_ascii=False) + "\n")
        new.replace(path)

    @staticmethod
    def read(path: Path) -> "Result":
        try:
            fields = json.loads(path.read_text())
            result = Result(**fields)
            result.check()
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from error
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise Unreadable(f"{path} is no result of integration/bench") from error
        return result

    def check(self) -> None:
        """That a file holds what it should: ValueError or one of its kind where not."""
        texts = [*self.machine.values(), *self.versions.values(), *self.added]
        texts += [line["failure"] for line in self.failures]
        runs = [run for relays in self.runs.values() for repetitions in relays.values() for run in repetitions]
        runs += [run for relays in self.counts.values() for run in relays.values()]
        figures = [value for run in runs for value in run.values()]
        lines = [line for found in self.parts.values() for line in found]
        if not (runs or lines):
            raise ValueError("nothing was measured")
        figures += [value for line in lines for value in line.values() if not isinstance(value, str)]
        if not all(isinstance(text, str) for text in texts) or not all(isinstance(value, int | float) for value in figures):
            raise ValueError("of other types")
