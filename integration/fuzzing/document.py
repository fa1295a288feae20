"""The table of docs/reliability.md."""

from fuzzing import places
from fuzzing.ledger import Entry

START = "<!-- The table of executions begins here; `integration/fuzz --write-docs` writes it. -->"
END = "<!-- The table of executions ends here. -->"


class NoPlace(Exception):
    """The page has no place for the table."""


def write(entries: dict[str, Entry]) -> None:
    text = places.DOCUMENT.read_text()
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise NoPlace(f"{places.DOCUMENT} lacks the lines that begin and end the table")
    places.DOCUMENT.write_text(f"{before}{START}\n\n{table(entries)}\n{END}{after}")


def table(entries: dict[str, Entry]) -> str:
    if not entries:
        return "No run has been written down yet.\n"
    lines = ["| target | executions | CPU minutes | edges reached | runs | that found something | last run |",
             "|---|---:|---:|---:|---:|---:|---|"]
    for target, entry in sorted(entries.items()):
        lines.append(f"| `{target}` | {entry.executions:,} | {entry.cpu_seconds / 60:.1f} | {entry.coverage:,} | {entry.runs} "
                     f"| {entry.finds} | {entry.date} |")
    executions = sum(entry.executions for entry in entries.values())
    minutes = sum(entry.cpu_seconds for entry in entries.values()) / 60
    lines.append(f"| together | {executions:,} | {minutes:.1f} | | | | |")
    return "\n".join(lines) + "\n"
