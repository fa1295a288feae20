"""The two ends of a measurement: the sink, which takes all mail for the destinations, and the source, which sends it."""

import json
import os
import select
import subprocess
from pathlib import Path

from internet.ports import wait_for_port

from .places import RELAY, RELAY_PORT, SINK_CERTIFICATE, SINK_PORT, WORLD, host_address

Report = dict[str, float]


def program() -> Path:
    """waxwing-bench: $WAXWING_BENCH, else the release build."""
    return Path(os.environ["WAXWING_BENCH"])


class Sink:
    """At port 25 of every address. Use as a context."""

    def __init__(self, tls: bool, delay: int = 0) -> None:
        words = ["sink", "--listen", f"0.0.0.0:{SINK_PORT}"]
        if tls:
            stem = WORLD / "certificates" / SINK_CERTIFICATE
            words += ["--certificate", f"{stem}.crt", "--key", f"{stem}.key"]
        if delay:
            words += ["--delay", str(delay)]
        with open(WORLD / "log" / "sink.log", "ab") as log:
            self._process = subprocess.Popen([program(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        wait_for_port(host_address(1), SINK_PORT, 10)

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self, limit: float) -> str:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], limit)[0]:
            raise RuntimeError(f"not all messages have come to the sink within {limit:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sink has ended:\n{(WORLD / 'log' / 'sink.log').read_text()[-1000:]}")
        return line

    def reset(self) -> None:
        self._tell("reset")

    def expect(self, messages: int) -> None:
        """Asked for before they are sent; `arrived` waits for them."""
        self._tell(f"expect {messages}")

    def arrived(self, limit: float) -> int:
        """The moment of the last one, in nanoseconds of the monotonic clock. Waits so many seconds."""
        line = self._hear(limit)
        word, moment, *_ = line.split()
        if word != "done":
            raise RuntimeError(f"the sink says {line!r}")
        return int(moment)

    def report(self) -> Report:
        self._tell("report")
        return json.loads(self._hear(10))


class Source:
    """One run of the source. What it reports at its end is the result."""

    def __init__(self, sessions: int, messages: int, size: int, domain: str, destinations: int, address: str = RELAY,
                 port: int = RELAY_PORT, more: tuple[str, ...] = ()) -> None:
        words = ["source", "--to", f"{address}:{port}", "--sessions", str(max(1, min(sessions, messages))), "--messages", str(messages), "--size", str(size),
                 "--domain", domain, "--domain-count", str(destinations), *more]
        with open(WORLD / "log" / "source.log", "ab") as log:
            self._process = subprocess.Popen([program(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)

    @property
    def process(self) -> "subprocess.Popen[str]":
        return self._process

    def wait(self, limit: float = 600) -> Report:
        try:
            output, _ = self._process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"the source has not ended after {limit:.0f} s") from None
        if self._process.returncode != 0:
            log = (WORLD / "log" / "source.log").read_text(errors="replace")
            raise RuntimeError(f"the source ended with {self._process.returncode}: {output[-300:]}{log[-1000:]}")
        return json.loads(output.splitlines()[-1])
