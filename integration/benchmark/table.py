"""The table of a run, as text: a block for each row, a line for each relay, and how many times better Waxwing is than Postfix."""

from dataclasses import dataclass

from . import targets
from .result import Result
from .rows import POSTFIX, ROWS, TUNED, WAXWING


@dataclass(frozen=True)
class Column:
    """One figure. `better`: "more", "less", or "" where neither is."""

    figure: str
    head: str
    better: str = ""
    digits: int = 2
    factor: float = 1.0

    def cell(self, value: float | None) -> str:
        if value is None:
            return "–"
        return f"{value * self.factor:,.{0 if abs(value * self.factor) >= 100 else self.digits}f}"


COLUMNS = (
    Column("rate", "msg/s", "more", 0),
    Column("cpu", "CPU ms", "less", 3),
    Column("memory", "PSS MB", "less", 0),
    Column("processes", "procs", "", 0),
    Column("calls", "calls", "less", 1),
    Column("switches", "switches", "less", 1),
    Column("disk", "disk B/B", "less", 1),
    Column("data_p50", "DATA p50", "less", 1),
    Column("data_p99", "p99 ms", "less", 1),
    Column("way_p50", "way p50", "less", 1),
    Column("way_p99", "p99 ms", "less", 1),
    Column("ends_share", "ends %", "", 0, 100),
    Column("others_share", "others %", "", 0, 100),
)
# An end has one thread: from this part of a processor on it is likely the limit of a rate.
END_LIMIT = 0.7
# Above these the machine was not quiet.
OTHERS_LIMIT = 0.3
SPREADS = ("rate", "cpu")
SPREAD_LIMIT = 0.25
# Further parts, in their order; those of a result that was added to come as they were measured.
PARTS = ("idle", "cold", "queue", "decisions", "resolver", "handshakes", "million")


def syncs(result: Result, row: str, relay: str) -> float | None:
    counts = result.counts.get(row, {}).get(relay, {})
    return counts["fsync"] + counts["fdatasync"] if "fsync" in counts else None


def peer(result: Result, row: str, figure: str, better: str) -> float | None:
    """The better of Postfix's two."""
    values = [value for name in (POSTFIX, TUNED) if (value := figure_of(result, row, name, figure)) is not None]
    return (max(values) if better == "more" else min(values)) if values else None


def figure_of(result: Result, row: str, relay: str, figure: str) -> float | None:
    return syncs(result, row, relay) if figure == "syncs" else result.median(row, relay, figure)


def ratio(result: Result, row: str, figure: str, better: str) -> float | None:
    """How many times better than the better of Postfix's two; above 1 is better."""
    ours, theirs = figure_of(result, row, WAXWING, figure), peer(result, row, figure, better)
    if not ours or not theirs:
        return None
    return ours / theirs if better == "more" else theirs / ours


def short(line: dict) -> str:
    """One line from inside, for somebody who watches."""
    if "failure" in line:
        return f"FAILED: {line['failure']}"
    if "machine" in line:
        return "; ".join(line["machine"].values())
    if "part" in line:
        return ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in line["found"].items())
    shown = line["figures"]
    names = ("memory", "calls", "fsync", "fdatasync", "switches", "disk") if line["counted"] else ("messages", "rate", "cpu", "data_p99", "way_p99")
    return f"{line['row']} {line['relay']}: " + ", ".join(f"{name} {shown[name]:.4g}" for name in names if name in shown)


def head(result: Result) -> list[str]:
    facts = result.facts()
    width = max((len(name) for name, _ in facts), default=0)
    return [f"{name:<{width}}  {value}" for name, value in facts]


_COLUMNS = (*COLUMNS[:4], Column("syncs", "syncs", "less", 2), *COLUMNS[4:])


def blocks(result: Result) -> list[tuple[str, list[list[str]]]]:
    """For each row its title, and its lines of cells."""
    found = []
    for row in ROWS:
        if not (relays := result.relays(row.name)):
            continue
        lines = []
        for relay in relays:
            cells = [relay]
            for column in _COLUMNS:
                cell = column.cell(figure_of(result, row.name, relay, column.figure))
                if column.figure in SPREADS:
                    spread = result.spread(row.name, relay, column.figure)
                    several = len(result.values(row.name, relay, column.figure)) > 1
                    cells += [cell, f"{spread * 100:.0f}{'!' if spread > SPREAD_LIMIT else ''}" if several else "–"]
                elif column.figure == "ends_share" and (result.median(row.name, relay, "busier_end") or 0) > END_LIMIT:
                    cells.append(cell + "*")
                elif column.figure == "others_share" and (result.median(row.name, relay, "others_share") or 0) > OTHERS_LIMIT:
                    cells.append(cell + "!")
                else:
                    cells.append(cell)
            lines.append(cells)
        if WAXWING in relays and {POSTFIX, TUNED} & set(relays):
            cells = ["better by" if {POSTFIX, TUNED} <= set(relays) else f"better than {next(name for name in (POSTFIX, TUNED) if name in relays)}"]
            for column in _COLUMNS:
                value = ratio(result, row.name, column.figure, column.better) if column.better else None
                cells.append(f"{value:.1f}×" if value else "")
                if column.figure in SPREADS:
                    cells.append("")
            lines.append(cells)
        found.append((f"{row.name}: {row.what}", lines))
    return found


def heads() -> list[str]:
    names = ["relay"]
    for column in _COLUMNS:
        names += [column.head, "± %"] if column.figure in SPREADS else [column.head]
    return names


def aligned(lines: list[list[str]], left: int = 1) -> list[str]:
    """Cells under each other; the first `left` to the left, all others to the right."""
    widths = [max(len(line[place]) for line in lines if place < len(line)) for place in range(max(map(len, lines)))]
    return ["  ".join(cell.ljust(widths[place]) if place < left else cell.rjust(widths[place]) for place, cell in enumerate(line)).rstrip()
            for line in lines]


def parts_of(result: Result) -> list[tuple[str, list[dict]]]:
    return [(name, result.parts[name]) for name in PARTS if name in result.parts]


def parts(result: Result) -> list[str]:
    """The further parts, a small table each."""
    shown: list[str] = []
    for name, found in parts_of(result):
        keys = list(dict.fromkeys(key for line in found for key in line))
        words = [key for key in keys if any(isinstance(line.get(key), str) for line in found)]
        keys = words + [key for key in keys if key not in words]
        lines = [[*keys], *([plain(line.get(key)) for key in keys] for line in found)]
        shown += ["", name, *("  " + line for line in aligned(lines, len(words)))]
    return shown


def plain(value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def text(result: Result) -> str:
    found = blocks(result)
    lines = [cells for _, block in found for cells in block]
    shown = aligned([heads(), *lines]) if lines else []
    output = [*head(result), ""]
    place = 1
    if shown:
        output.append(shown[0])
    for title, block in found:
        output += ["", title, *shown[place:place + len(block)]]
        place += len(block)
    output += ["", LEGEND] if shown else []
    if reached := targets.judged(result, ratio_of=ratio, figure_of=figure_of):
        output += ["", "targets: what Waxwing is meant to reach, against the better of Postfix's two (a short run says little)", *("  " + line for line in aligned(
            [["", "measured", "target", "stretch", ""], *reached]))]
    output += parts(result)
    output += ["", *(f"FAILED {line.get('row', line.get('part'))} {line.get('relay', '')}: {line['failure'].splitlines()[0]}"
                     for line in result.failures)] if result.failures else []
    return "\n".join(output) + "\n"


LEGEND = ("Medians. ± %: fastest to slowest repetition. CPU ms: of all processes of the relay, for each message. PSS: the most, all processes\n"
          "together. syncs, calls, switches: for each message. disk: octets written for each octet of mail. DATA: the reply to the content.\n"
          "way: from its submission to its arrival at the sink. ends %: the part of the machine that source and sink took (*: one of them likely\n"
          "was the limit of the rate: compare CPU); others %: all that is neither relay nor end, the kernel's own threads and the resolver among it. !: the\n"
          "machine was not quiet. better by: against the better of Postfix's two.")

