"""Puts the result of a run into docs/performance.md, between its marks, and draws the pictures beside it."""

from pathlib import Path

from . import pictures, table, targets
from .result import Result, Unreadable
from .rows import ROWS

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = DOCS / "performance.md"
BEGIN, END = "<!-- written by integration/bench --write-docs: begin -->", "<!-- written by integration/bench --write-docs: end -->"


REPETITIONS = 3


def missing(result: Result, parts: list[str]) -> str:
    """What a full run has and this has not, in words; empty where it is one."""
    words = []
    for row in ROWS:
        for relay in row.relays:
            if (found := len(result.runs.get(row.name, {}).get(relay, []))) < REPETITIONS:
                words.append(f"{row.name} {relay} ({found} of {REPETITIONS})")
    words += [part for part in parts if part not in result.parts]
    return ", ".join(words[:8]) + (f" and {len(words) - 8} more" if len(words) > 8 else "")


def write(result: Result) -> None:
    text = PAGE.read_text()
    if BEGIN not in text or END not in text.split(BEGIN, 1)[1]:
        raise Unreadable(f"{PAGE} has lost the marks between which results stand: {BEGIN}")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    drawn = pictures.all_of(result)
    PAGE.write_text(f"{before}{BEGIN}\n{section(result, list(drawn))}{END}{after}")
    for old in DOCS.glob("performance-*.svg"):
        if old.name not in drawn:
            old.unlink()
    for name, picture in drawn.items():
        (DOCS / name).write_text(picture)


def section(result: Result, drawn: list[str]) -> str:
    lines = ["", *(f"- {name}: {value}" for name, value in result.facts())]
    for name in drawn:
        lines += ["", f"![{pictures.TITLES[name]}]({name})"]
    if result.failures:
        lines += ["", "Not measured, because it failed:", ""]
        lines += [f"- {line.get('row', line.get('part'))} {line.get('relay', '')}: {line['failure'].splitlines()[0]}" for line in result.failures]
    if reached := targets.judged(result, ratio_of=table.ratio, figure_of=table.figure_of):
        lines += ["", *markdown(["target", "measured", "wanted", "stretch", "verdict"], reached, 1)]
    for title, block in table.blocks(result):
        name, what = title.split(": ", 1)
        lines += ["", f"**{what}** (`{name}`)", "", *markdown(table.heads(), block, 1)]
    lines += ["", table.LEGEND]
    for name, found in table.parts_of(result):
        keys = list(dict.fromkeys(key for line in found for key in line))
        lines += ["", f"**{name}**", "", *markdown(keys, [[table.plain(line.get(key)) for key in keys] for line in found], 1)]
    return "\n".join(lines) + "\n\n"


def markdown(heads: list[str], lines: list[list[str]], left: int) -> list[str]:
    """A table; its first columns to the left, the others to the right."""
    rule = [":--" if place < left else "--:" for place in range(len(heads))]
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines)]
