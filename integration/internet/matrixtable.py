"""The faults of a run as a table: on the terminal, and between the marks of docs/reliability.md. Made from what `Matrix.document` says."""

import textwrap
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

from .matrix import RUN, STATES

BEGINS = "<!-- The table of the last full run begins here; `integration/run --faults --write-docs` writes it. -->"
ENDS = "<!-- The table of the last full run ends here. -->"
HEADS = ("rows", "run", *STATES)
Row = dict[str, Any]


class Unmarked(Exception):
    """The page has no place for the table."""


def by_group(document: Row) -> list[tuple[str, list[int]]]:
    """For each group, and for all of them, how many rows it has, how many were run, and how many are in each state."""
    lines = []
    for group, rows in groupby(document["rows"], lambda row: row["group"]):
        states = Counter(row["state"] for row in rows)
        lines.append((group, [states.total(), sum(states[state] for state in RUN), *(states[state] for state in STATES)]))
    return [*lines, ("all", [sum(column) for column in zip(*(numbers for _, numbers in lines))])]


def stand_in(row: Row) -> str:
    """What there is of a row without a scenario."""
    return f"{row['why']}{'; unit tests: ' if row['units'] else ''}{'; '.join(row['units'])}"


def terminal(document: Row) -> list[str]:
    table = by_group(document)
    width = max(len(group) for group, _ in table)
    lines = ["", " " * width + "".join(f"  {head:>{max(4, len(head))}}" for head in HEADS)]
    lines += [f"{group:<{width}}" + "".join(f"  {number or '-':>{max(4, len(head))}}" for head, number in zip(HEADS, numbers))
              for group, numbers in table]
    for state, said in (("failed", "FAILED"), ("skipped", "skipped")):
        for row in in_state(document, state):
            lines += ["", f"{said}: {row['number']} {row['what']}", *(f"    {line}" for line in shortened(not_passed(row)))]
    if document["scenarios"] < document["of"]:
        return [*lines, "", f"Of {document['of']} scenarios that check a fault {document['scenarios']} were run: rows are judged by these."]
    for state, said in (("unit tests", "By unit tests alone"), ("open", "Open: neither a scenario nor a unit test")):
        if rows := in_state(document, state):
            lines += ["", f"{said}:", *(f"    {row['number']} {row['what']}: {stand_in(row)}" for row in rows)]
    return lines


def in_state(document: Row, state: str) -> list[Row]:
    return [row for row in document["rows"] if row["state"] == state]


def not_passed(row: Row) -> list[str]:
    """The scenarios that did not pass with their reason; those of a file that have the same one together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in row["not passed"]:
        reason = one["detail"].splitlines()[0] if one["detail"] else one["word"]
        reasons.setdefault((one["file"], textwrap.shorten(reason, 200, placeholder=" …")), []).append(one["title"])
    return [f"{file} {titles[0] if len(titles) == 1 else f'{len(titles)} scenarios'}: {reason}" for (file, reason), titles in reasons.items()]


def shortened(lines: list[str], most: int = 5) -> list[str]:
    return lines if len(lines) <= most + 1 else [*lines[:most], f"and {len(lines) - most} more"]


def cell(text: str) -> str:
    """As Markdown shows it in a table: nothing of it is markup but what stands between backticks."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        for special in ("\\", "*", "_", "<", "["):
            parts[place] = parts[place].replace(special, "\\" + special)
    return "`".join(parts).replace("|", "\\|")


def how(row: Row) -> str:
    """The scenarios of a row by their files, each file once; else what stands in for them."""
    files = []
    for file, ways in groupby(sorted(row["ways"], key=lambda way: way["file"]), lambda way: way["file"]):
        said = [f"{way['what']}{f' ({count} scenarios)' if (count := way['scenarios']) > 1 else ''}" for way in ways]
        files.append(f"**{file}** {cell(' · '.join(said))}")
    if not files:
        return cell(stand_in(row))
    if row["rest"]:
        files.append(cell(f"Not by a scenario: {row['rest']}"))
    return "<br>".join(files)


def result(row: Row) -> str:
    reasons = {one["detail"].splitlines()[0] for one in row["not passed"] if one["word"] == "skip" and one["detail"]}
    words = {"failed": "**failed**", "skipped": f"skipped: {cell('; '.join(sorted(reasons)))}", "unit tests": "by unit tests", "open": "**open**"}
    return words.get(row["state"], row["state"])


def page(document: Row) -> str:
    """What stands between the marks."""
    lines = [f"Run on {document['date']} at {document['commit']}: {document['scenarios']} scenarios in {document['seconds'] / 60:.0f} minutes.", ""]
    lines += ["| group | " + " | ".join(HEADS[:-1]) + " |", "|---|" + "--:|" * (len(HEADS) - 1)]
    lines += [f"| {group} | " + " | ".join(str(number) for number in numbers[:-1]) + " |" for group, numbers in by_group(document)]
    lines += ["", "| # | what is broken | how it is checked | result | seconds |", "|--:|---|---|---|--:|"]
    for row in document["rows"]:
        seconds = f"{row['seconds']:.0f}" if row["state"] in RUN else "–"
        lines.append(f"| {row['number']} | {cell(row['what'])} | {how(row)} | {result(row)} | {seconds} |")
    return "\n".join(lines)


def write(path: Path, text: str) -> None:
    before, begins, rest = path.read_text().partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise Unmarked(f"{path} has no marks between which the table stands")
    path.write_text(f"{before}{begins}\n\n{text}\n\n{ends}{after}")
