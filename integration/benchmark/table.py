"""The table of a run, as text."""

from .result import Result


def short(line: dict) -> str:
    """One line from inside, for somebody who watches."""
    if "failure" in line:
        return f"FAILED: {line['failure']}"
    if "machine" in line:
        return "; ".join(line["machine"].values())
    if "part" in line:
        return ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in line["found"].items())
    return f"{line['row']} {line['relay']}: " + ", ".join(f"{key} {value:.4g}" for key, value in line["figures"].items())


def text(result: Result) -> str:
    return ""
