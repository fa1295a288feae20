"""One target, run for so many seconds of a processor."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from fuzzing import places

# Octets of an input. A mail with a report in it has more than others.
LENGTHS = {"mime": 16384, "report": 16384, "configuration": 4096}
USUAL_LENGTH = 8192
# Seconds of the clock for one input. None needs a thousandth of it, but on a busy machine a target may have to wait for its turn.
INPUT_LIMIT = 120
MEMORY_LIMIT = 2048
# Seconds of a processor to make what was found smaller.
SHRINKING = 20


class NoProgram(Exception):
    """It is not built, or does not say what it has."""


@dataclass
class Run:
    """What came of a target."""

    target: str
    executions: int = 0
    cpu_seconds: float = 0.0
    # Edges of the code that some input reached.
    coverage: int = 0
    # Why it ended, where the target found something, and the smallest input that does it.
    find: str = ""
    input: Path | None = None


def targets() -> dict[str, Path]:
    """The program of each target."""
    found: dict[str, Path] = {}
    for program in places.PROGRAMS:
        if not program.exists():
            continue
        done = subprocess.run([program, "-runs=0"], capture_output=True, text=True, env=environment(""), check=False)
        if not (names := re.search(r"one of: (.+)", done.stdout)):
            raise NoProgram(f"{program} does not name its targets: {done.stderr[-500:]}")
        found |= dict.fromkeys(names[1].split(), program)
    if not found:
        raise NoProgram(f"{places.PROGRAMS[0]} is not built: make fuzz")
    return found


def environment(target: str) -> dict[str, str]:
    # A trap is libFuzzer's to tell of: Swift's own handler would keep the input from it.
    return os.environ | {"FUZZ": target, "SWIFT_BACKTRACE": "enable=no"}


def run(target: str, program: Path, seconds: float) -> Run:
    """Feeds the seeds, then what libFuzzer makes of them until the time is over or something is found."""
    kept, found = places.kept(target), places.found(target)
    for folder in (kept, found):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [folder for folder in (places.SEEDS / target, places.vectors(target)) if folder.is_dir()]
    length = LENGTHS.get(target, USUAL_LENGTH)
    command = [program, kept, *seeds, f"-max_len={length}", f"-timeout={INPUT_LIMIT}", f"-rss_limit_mb={MEMORY_LIMIT}",
               "-print_final_stats=1", f"-artifact_prefix={found}/", *dictionary(target)]
    if seconds == 0:
        command.append("-runs=0")
    log = places.WORK / f"{target}.log"
    before = set(found.iterdir())
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment(target))
        status, cpu_seconds = await_end(process, seconds)
    text = log.read_text(errors="replace")
    result = Run(target, executions(text), cpu_seconds, coverage(text))
    if status != 0:
        why = re.findall(r"FOUND: .+|Fatal error: .+|ERROR: libFuzzer: .+|FUZZ: .+", text)
        result.find = why[0] if why else f"it ended with {status}: {text[-300:]}"
        if fresh := sorted(set(found.iterdir()) - before):
            result.input = shrunk(fresh[0], target, program)
    return result


def await_end(process: subprocess.Popen, seconds: float) -> tuple[int, float]:
    """Its status, and the seconds it had of a processor: libFuzzer itself counts those of the clock."""
    is_told = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid != 0:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_utime + usage.ru_stime
        if seconds and not is_told and used(process.pid) >= seconds:
            # libFuzzer ends in good order.
            process.send_signal(signal.SIGUSR1)
            is_told = True
        time.sleep(0.2)


def used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dictionary(target: str) -> list[str]:
    file = places.DICTIONARIES / f"{target}.dict"
    return [f"-dict={file}"] if file.exists() else []


def executions(text: str) -> int:
    counts = re.findall(r"stat::number_of_executed_units:\s+(\d+)|^#(\d+)", text, re.M)
    return max((int(one or other) for one, other in counts), default=0)


def coverage(text: str) -> int:
    return max((int(number) for number in re.findall(r"\bcov: (\d+)", text)), default=0)


def shrunk(file: Path, target: str, program: Path) -> Path:
    """The smallest input libFuzzer comes to that ends it too, beside the one it was made of."""
    smallest = file.with_name(f"smallest-{file.name}")
    subprocess.run(
        [program, "-minimize_crash=1", f"-max_total_time={SHRINKING}", f"-exact_artifact_path={smallest}",
         f"-timeout={INPUT_LIMIT}", file],
        capture_output=True, env=environment(target), check=False)
    return smallest if smallest.exists() else file
