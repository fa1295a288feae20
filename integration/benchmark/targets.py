"""What Waxwing is held to: ratios against the better of Postfix's two in the same run, and plain bounds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .result import Result
from .rows import POSTFIX, TUNED, WAXWING

MILLION = 1_000_000
Ratio = Callable[[Result, str, str, str], float | None]
Figure = Callable[[Result, str, str, str], float | None]


@dataclass(frozen=True)
class Target:
    """A ratio that must be reached ("more" and "less" say which way the figure is better), or a bound (`better` is empty)."""

    row: str
    figure: str
    better: str
    least: float
    stretch: float

    @property
    def what(self) -> str:
        words = {"rate": "messages per second", "cpu": "CPU per message", "memory": "peak memory", "data_p99": "p99 of the reply to DATA, ms",
                 "syncs": "syncs per message", "calls": "system calls per message"}
        return f"{self.row}: {words[self.figure]}"


TARGETS = (
    *(Target(row, "rate", "more", 5, 8) for row in ("accept-20", "accept-100")),
    *(Target(row, "cpu", "less", 6, 10) for row in ("accept-20", "accept-100")),
    Target("accept-1", "rate", "more", 2, 4),
    *(Target(row, "rate", "more", 4, 6) for row in ("clear-20", "clear-100")),
    *(Target(row, "rate", "more", 5, 7) for row in ("dane-20", "dane-100")),
    *(Target(row, "cpu", "less", 6, 10) for row in ("dane-20", "dane-100")),
    Target("accept-100k-20", "rate", "more", 2.5, 4),
    Target("dane-30ms-20", "rate", "more", 3, 10),
    Target("dane-fresh-20", "cpu", "less", 5, 8),
    Target("accept-100", "memory", "less", 5, 10),
    Target("accept-100", "data_p99", "", 50, 20),
    Target("accept-100", "syncs", "", 0.1, 0.03),
    Target("accept-20", "calls", "", 40, 20),
)


def judged(result: Result, ratio_of: Ratio, figure_of: Figure) -> list[list[str]]:
    """For each target that was measured: what it is, what was reached, what was wanted, and the verdict."""
    lines = []
    for target in TARGETS:
        if target.row not in result.runs and target.row not in result.counts and not result.has_any_failure(target.row):
            continue
        if target.better:
            if any(figure_of(result, target.row, name, target.figure) is None for name in (POSTFIX, TUNED)):
                lines.append([target.what, "", f"≥ {target.least:g}×", f"≥ {target.stretch:g}×", "not both of Postfix's two"])
                continue
            value = ratio_of(result, target.row, target.figure, target.better)
            met = value is not None and value >= target.least
            far = value is not None and value >= target.stretch
            words = [f"{value:.2f}×" if value else "", f"≥ {target.least:g}×", f"≥ {target.stretch:g}×"]
        else:
            value = figure_of(result, target.row, WAXWING, target.figure)
            met = value is not None and value < target.least
            far = value is not None and value <= target.stretch
            words = [f"{value:.3g}" if value is not None else "", f"< {target.least:g}", f"≤ {target.stretch:g}"]
        lines.append([target.what, *words, "not measured" if value is None else "stretch" if far else "met" if met else "MISSED"])
    return lines + [[what, f"{value:.3g}", wanted, "", "met" if met else "MISSED"] for what, value, wanted, met in _of_parts(result)]


def _of_parts(result: Result) -> Iterator[tuple[str, float, str, bool]]:
    for line in result.parts.get("idle", []):
        if line["relay"] == WAXWING:
            yield f"idle: MB with {line['connections']:,.0f} connections", line["memory"], "< 150", line["memory"] < 150
    steps = [line for line in result.parts.get("queue", []) if "enqueue_rate" in line]
    if steps and steps[-1]["waiting"] >= MILLION:
        # The first thousands are over too soon to be a measure.
        part = steps[-1]["enqueue_rate"] / next(line for line in steps if line["waiting"] >= 10_000)["enqueue_rate"]
        yield "queue: MB with a million", steps[-1]["memory"], "< 400", steps[-1]["memory"] < 400
        yield "queue: enqueue rate of the last step as a part of that up to 10,000", part, "≥ 0.9", part >= 0.9
    for line in result.parts.get("million", []):
        if line["what"].startswith("restart") and (found := re.match(r"([\d.]+) s", line["found"])):
            yield f"million: seconds, {line['what']}", float(found[1]), "< 10", float(found[1]) < 10
