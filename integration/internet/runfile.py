"""`python3 -m internet.runfile FILE [TEXT]`: one scenario file, inside the bed."""

import sys
from pathlib import Path

from . import scenario

if __name__ == "__main__":
    scenario.run_file(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
