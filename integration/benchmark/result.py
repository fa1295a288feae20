"""What a run has found: figures of every repetition, and their medians."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

Figures = dict[str, float]


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

    def take(self, line: dict) -> None:
        """One line from inside."""
        if "failure" in line:
            self.failures.append(line)
        elif "machine" in line:
            self.machine, self.versions = line["machine"], line["versions"]
        elif "part" in line:
            self.parts.setdefault(line["part"], []).append(line["found"])
        elif line["counted"]:
            self.counts.setdefault(line["row"], {})[line["relay"]] = line["figures"]
        else:
            self.runs.setdefault(line["row"], {}).setdefault(line["relay"], []).append(line["figures"])

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
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(vars(self), indent=1, ensure_ascii=False) + "\n")

    @staticmethod
    def read(path: Path) -> "Result":
        return Result(**json.loads(path.read_text()))
