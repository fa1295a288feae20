"""What the measurements were made on."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path


def facts() -> dict[str, str]:
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.M)
    system = re.search(r'^PRETTY_NAME="(.+)"', Path("/etc/os-release").read_text(), re.M)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "processors": f"{os.cpu_count()} × {cpu[1] if cpu else platform.machine()}",
        "memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "",
        "system": f"{system[1] if system else platform.system()}, Linux {platform.release()}",
        "TLS": _first("openssl", "version"),
        "resolver of Postfix and Exim": _first("unbound", "-V"),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _first(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.split("\n", 1)[0]
