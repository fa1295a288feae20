"""`python3 -m internet.runfile [--slow] [--faults] [--rows ROWS] [--text TEXT] FILE`: one scenario file, inside the bed."""

import argparse
from pathlib import Path

from . import scenario

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="internet.runfile")
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", default="")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--rows", type=scenario.rows_of, default=frozenset())
    wish = parser.parse_args()
    scenario.run_file(wish.file, scenario.Wish(wish.text, wish.slow, wish.faults, wish.rows))
