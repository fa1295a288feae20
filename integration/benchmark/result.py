"""What a run has found: figures of every repetition, and their medians."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

Figures = dict[str, float]
# Facts of the machine that are of one run, and no reason not to put another's rows beside its own.
OF_A_RUN = ("date", "load before", "commit", "state of all relays on")


class Unreadable(Exception):
    """A file that is no result, in words."""


class NotTheSame(Exception):
    """Rows of different machines or versions do not belong into one table."""


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
    _fresh: set[str] | None = field(default=None, repr=False, compare=False)

    def add_to(self) -> None:
        """What is taken from now on stands in the place of what is there, row by row."""
        self._fresh = set()

    def take(self, line: dict) -> None:
        """One line from inside."""
        if "machine" in line:
            self._meet(line["machine"], line["versions"])
            return
        self._make_way(line.get("row") or line["part"])
        if "failure" in line:
            self.failures.append(line)
        elif "part" in line:
            self.parts.setdefault(line["part"], []).append(line["found"])
        elif line["counted"]:
            self.counts.setdefault(line["row"], {})[line["relay"]] = line["figures"]
        else:
            self.runs.setdefault(line["row"], {}).setdefault(line["relay"], []).append(line["figures"])

    def _meet(self, machine: dict[str, str], versions: dict[str, str]) -> None:
        if self._fresh is None or not self.machine:
            self.machine, self.versions = machine, versions
            return
        other = [f"{name}: {value} instead of {self.machine[name]}" for name, value in machine.items()
                 if name not in OF_A_RUN and self.machine.get(name, value) != value]
        other += [f"{name}: {value} instead of {self.versions[name]}" for name, value in versions.items() if self.versions.get(name, value) != value]
        if other:
            raise NotTheSame("; ".join(other))
        self.versions |= versions
        self.added.append(f"{machine['date']}, {machine.get('commit', '')}")

    def _make_way(self, name: str) -> None:
        if self._fresh is None or name in self._fresh:
            return
        self._fresh.add(name)
        for found in (self.runs, self.counts, self.parts):
            found.pop(name, None)
        self.failures = [line for line in self.failures if name not in (line.get("row"), line.get("part"))]
        if self.added:
            self.added[-1] += f"{',' if ': ' in self.added[-1] else ':'} {name}"

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
        fields = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        new = path.with_name(path.name + ".new")
        new.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n")
        new.replace(path)

    @staticmethod
    def read(path: Path) -> "Result":
        try:
            return Result(**json.loads(path.read_text()))
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from error
        except (ValueError, TypeError, UnicodeDecodeError) as error:
            raise Unreadable(f"{path} is no result of integration/bench") from error
