"""Puts the result of a run into docs/performance.md, between its marks, and draws the pictures beside it."""

from pathlib import Path

from . import pictures, table, targets
from .result import Result

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = DOCS / "performance.md"
BEGIN, END = "<!-- written by integration/bench --write-docs: begin -->", "<!-- written by integration/bench --write-docs: end -->"


def write(result: Result) -> None:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    PAGE.write_text(f"{before}{BEGIN}\n{section(result)}{END}{after}")
    for name, picture in pictures.all_of(result).items():
        (DOCS / name).write_text(picture)


def section(result: Result) -> str:
    lines = ["", *(f"- {name}: {value}" for name, value in result.facts())]
    if reached := targets.judged(result, ratio_of=table.ratio, figure_of=table.figure_of):
        lines += ["", *markdown(["target", "measured", "wanted", "stretch", "verdict"], reached, 1)]
    for title, block in table.blocks(result):
        name, what = title.split(": ", 1)
        lines += ["", f"**{what}** (`{name}`)", "", *markdown(table.heads(), block, 1)]
    lines += ["", table.LEGEND]
    for name, found in result.parts.items():
        keys = list(dict.fromkeys(key for line in found for key in line))
        lines += ["", f"**{name}**", "", *markdown(keys, [[table.plain(line.get(key)) for key in keys] for line in found], 1)]
    return "\n".join(lines) + "\n\n"


def markdown(heads: list[str], lines: list[list[str]], left: int) -> list[str]:
    """A table; its first columns to the left, the others to the right."""
    rule = [":--" if place < left else "--:" for place in range(len(heads))]
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines)]
