"""Pictures of a result as SVG: rate and CPU per message beside the peers, and the cost of a message against the queue's length."""

import math
from dataclasses import dataclass
from html import escape

from .result import Result
from .rows import BY_NAME, EXIM, POSTFIX, TUNED, WAXWING

# Told apart by people who see few colours, on light and on dark pages.
COLOURS = {WAXWING: "#0b7285", POSTFIX: "#b0b7bd", TUNED: "#8a7f72", EXIM: "#e0a458"}
SHOWN = ("accept-1", "accept-20", "accept-100", "accept-100k-20", "clear-20", "clear-100", "may-20", "dane-20", "dane-100", "dane-30ms-20",
         "dane-fresh-20")
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 900, 300, 90, 13, 16, 66


@dataclass(frozen=True)
class Bar:
    relay: str
    value: float


TITLES = {"performance-rate.svg": "Messages per second", "performance-cpu.svg": "CPU per message, milliseconds",
          "performance-queue.svg": "CPU per message while others wait, milliseconds"}


def all_of(result: Result) -> dict[str, str]:
    """By file name; only what the result has figures for."""
    found = {"performance-rate.svg": bars(result, "rate", TITLES["performance-rate.svg"], "more is better", ".0f"),
             "performance-cpu.svg": bars(result, "cpu", TITLES["performance-cpu.svg"], "less is better", ".3f")}
    if points := [line for line in result.parts.get("queue", []) if "cpu" in line]:
        found["performance-queue.svg"] = curve([(float(line["waiting"]), float(line["cpu"])) for line in points])
    return {name: picture for name, picture in found.items() if picture}


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'


def _picture(height: float, title: str, parts: list[str]) -> str:
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>", f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>', *parts, "</svg>", ""])


def bars(result: Result, figure: str, title: str, which: str, form: str) -> str:
    """A group of bars for each row, each group to its own scale: what counts is the ratio within it."""
    groups = []
    for name in SHOWN:
        found = [Bar(relay, value) for relay in COLOURS if (value := result.median(name, relay, figure)) is not None]
        if found:
            groups.append((BY_NAME[name].what, found))
    if not groups:
        return ""
    parts = [_text(20, 26, f"{title} ({which}; each group to its own scale)", 'font-size="16" font-weight="bold" fill="#222"')]
    x = 20.0
    for relay, colour in COLOURS.items():
        parts += [f'<rect x="{x}" y="40" width="11" height="11" fill="{colour}"/>', _text(x + 16, 50, relay, 'fill="#222"')]
        x += 36 + 7 * len(relay)
    y = float(TOP)
    for what, found in groups:
        middle = y + len(found) * (BAR + 2) / 2 + 3
        parts.append(_text(LEFT - 10, middle, what, 'text-anchor="end" fill="#222"'))
        most = max(bar.value for bar in found)
        for bar in found:
            length = max(1.0, bar.value / most * (WIDTH - LEFT - RIGHT))
            weight = ' font-weight="bold"' if bar.relay == WAXWING else ""
            parts += [f'<rect x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="{BAR}" fill="{COLOURS[bar.relay]}"/>',
                      _text(LEFT + length + 5, y + BAR - 2, f"{bar.value:,{form}}", f'font-size="11" fill="#444"{weight}')]
            y += BAR + 2
        y += GAP
    return _picture(y + 6, title, parts)


def curve(points: list[tuple[float, float]]) -> str:
    """CPU per message over how many wait; the first point, with an empty queue, stands at the left edge."""
    title, height, bottom = TITLES["performance-queue.svg"], 320.0, 262.0
    most = max(value for _, value in points) * 1.25
    top = max(math.log10(max(waiting, 100)) for waiting, _ in points)

    def place(waiting: float, value: float) -> tuple[float, float]:
        return 70 + (math.log10(max(waiting, 100)) - 2) / max(1e-9, top - 2) * (WIDTH - 130), bottom - value / most * 200

    parts = [_text(20, 26, title, 'font-size="16" font-weight="bold" fill="#222"')]
    for step in range(5):
        value = most * step / 4
        _, y = place(100, value)
        parts += [f'<line x1="70" x2="{WIDTH - 60}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e6e8"/>',
                  _text(62, y + 4, f"{value:.2f}", 'text-anchor="end" fill="#444"')]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[WAXWING]}" stroke-width="2.5"/>')
    for waiting, value in points:
        x, y = place(waiting, value)
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[WAXWING]}"/>',
                  _text(x, y - 10, f"{value:.3f}", 'text-anchor="middle" font-size="11" fill="#444"'),
                  _text(x, bottom + 20, f"{waiting:,.0f}", 'text-anchor="middle" fill="#444"')]
    parts.append(_text(WIDTH / 2, bottom + 44, "messages that wait in the queue", 'text-anchor="middle" fill="#222"'))
    return _picture(height, title, parts)
