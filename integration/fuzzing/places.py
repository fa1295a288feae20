"""Where things are."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = [CHECKOUT / ".build" / "fuzz-build" / "release" / name for name in ("waxwing-fuzz", "waxwing-fuzz-relay")]
# Short ones, made by hand and found by fuzzing; a folder for each target.
SEEDS = CHECKOUT / "Tests" / "Fuzz" / "Seeds"
DICTIONARIES = CHECKOUT / "Tests" / "Fuzz" / "Dictionaries"
LEDGER = CHECKOUT / "Tests" / "Fuzz" / "executions.json"
DOCUMENT = CHECKOUT / "docs" / "reliability.md"
# What is made here: what libFuzzer keeps of its inputs, the cases of others as seeds, and what was found.
WORK = CHECKOUT / ".build" / "fuzz"


def kept(target: str) -> Path:
    return WORK / "kept" / target


def vectors(target: str) -> Path:
    return WORK / "vectors" / target


def found(target: str) -> Path:
    return WORK / "found" / target


def corpus() -> Path | None:
    """The folder of cases from other projects' tests, where there is one at hand."""
    text = os.environ.get("WAXWING_CORPUS")
    return Path(text) if text else None
