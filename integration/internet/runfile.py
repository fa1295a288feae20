"""`python3 -m internet.runfile [--slow] [--faults] FILE [TEXT]`: one scenario file, inside the bed."""

import sys
from pathlib import Path

from . import scenario

if __name__ == "__main__":
    marks = {word for word in sys.argv[1:] if word in ("--slow", "--faults")}
    file, *text = [word for word in sys.argv[1:] if word not in marks]
    scenario.run_file(Path(file), scenario.Wish(text[0] if text else "", "--slow" in marks, "--faults" in marks))
