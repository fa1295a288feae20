"""Running relayd: start, wait, stop, kill, and reading what it says."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from . import addresses, relayconfig
from .clock import PREFIX, Clock
from .inside import Bed, wait_for
from .logreading import LogReading
from .network import Network
from .ports import wait_for_port
from .submission import Letter, submit

CHECKOUT = Path(__file__).resolve().parent.parent.parent
START_LIMIT = 20.0  # seconds
CONTROL_LIMIT = 2.0  # seconds from the first greeting


def program(name: str) -> Path:
    """relayd or relayctl: $RELAYD and $RELAYCTL, else the release build, else the debug build."""
    if chosen := os.environ.get(name.upper()):
        return Path(chosen).resolve()
    if name == "relayctl" and (daemon := os.environ.get("RELAYD")):
        return Path(daemon).resolve().parent / name
    for build in ("release", "debug"):
        if (path := CHECKOUT / ".build" / build / name).exists():
            return path
    raise FileNotFoundError(f"{name} is not built: swift build -c release, or set {name.upper()}")


class Relay:
    """One relayd with its folder (configuration, log, store). Use as a context: it is started, and ended with it."""

    def __init__(self, bed: Bed, name: str, number: int, more: dict[str, dict[str, str]] | None = None,
                 store: Path | None = None, address: str = "", rules: tuple[dict[str, str], ...] = (),
                 network: Network | None = None, clock: Clock | None = None, tables: tuple[tuple[str, dict[str, str]], ...] = ()) -> None:
        self.bed, self.name, self.clock = bed, name, clock
        self.folder = bed.folder / "relays" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address = address or addresses.relay(number)
        self.settings = relayconfig.Settings(bed.folder, self.folder, self.address, store=store, more=more or {}, rules=rules,
                                             tables=tables)
        self.network = network or Network()
        self.store = store or self.folder / "store"
        self.store.mkdir(mode=0o700, exist_ok=True)
        self.toml = self.folder / "relayd.toml"
        self.toml.write_text(relayconfig.text(self.settings))
        self.log_path = self.folder / "relayd.log"
        self.reading = LogReading(self.log_path)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Relay":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def launch(self) -> None:
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, program("relayd"), "--config", self.toml], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder, env=self.environment())

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words before a command of its own."""
        return (*self.network.prefix, *(PREFIX if self.clock else ()))

    def environment(self) -> dict[str, str]:
        return os.environ | (self.clock.environment() if self.clock else {})

    def start(self) -> None:
        self.launch()
        end = time.monotonic() + START_LIMIT
        while True:
            assert self.process and self.process.poll() is None, f"relayd ended with {self.process.poll()}:\n{self.tail()}"
            try:
                with self.network.entered():
                    wait_for_port(self.address, addresses.RELAY_PORT, 0.05)
                return self.await_control()
            except TimeoutError:
                assert time.monotonic() < end, f"relayd does not listen:\n{self.tail()}"

    def await_control(self) -> None:
        """Mail is taken a moment before orders are; the port of the metrics is there by then."""
        end = time.monotonic() + CONTROL_LIMIT
        while time.monotonic() < end:
            try:
                with socket.socket(socket.AF_UNIX) as link:
                    link.connect(str(self.settings.control))
                    return
            except OSError:
                time.sleep(0.02)

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def stop(self, limit: float = 30) -> int:
        """SIGTERM; its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(limit)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def wait_exit(self, limit: float = 20) -> int:
        assert self.process
        return self.process.wait(limit)

    def workers(self) -> list[int]:
        """Its children: the resolver worker."""
        children = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == self.pid:
                    children.append(int(entry.name))
            except OSError:
                continue
        return children

    def peak_memory(self) -> int:
        """The most bytes the daemon ever held in memory (VmHWM), without its worker."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def tail(self, size: int = 1200) -> str:
        return self.log().read_text(errors="replace")[-size:] if self.log_path.exists() else ""

    def events(self) -> list[dict[str, str]]:
        self.log()
        return self.reading.events()

    def log(self) -> Path:
        """Its log so far. relayd keeps lines for some milliseconds, to write several at once: this waits until it is quiet."""
        size = -1
        for _ in range(10):
            if size == (size := self.log_path.stat().st_size if self.log_path.exists() else 0):
                break
            time.sleep(0.02)
        return self.log_path

    def attempts(self, letter: Letter, recipient: str | None = None) -> list[dict[str, str]]:
        """The `delivery` events of one letter, in order."""
        self.log()
        return self._told(letter, recipient)

    def _told(self, letter: Letter, recipient: str | None) -> list[dict[str, str]]:
        """As far as the log has them, which may be some milliseconds behind."""
        return [event for event in self.reading.deliveries(letter.sender) if recipient in (None, event.get("to"))]

    def wait_attempt(self, letter: Letter, recipient: str, status: tuple[str, ...], limit: float = 30) -> list[dict[str, str]]:
        """All its attempts, as soon as one has one of these statuses."""
        def done() -> list[dict[str, str]]:
            attempts = self._told(letter, recipient)
            return attempts if any(attempt.get("status") in status for attempt in attempts) else []
        return wait_for(f"delivery event of <{recipient}> with status {' or '.join(status)}", done, limit)

    def submit(self, letter: Letter, options: tuple[str, ...] = (), expect: int = 250, tls: bool = False) -> str:
        trust = self.bed.folder / "certificates" / "webpki.crt" if tls else None
        with self.network.entered():
            code, text = submit(letter, self.address, options=options, trust=trust)
        assert code == expect, f"relayd answered {code} {text}, not {expect}"
        return text

    def ctl(self, *words: str) -> tuple[int, str, str]:
        """relayctl against this daemon: exit code, stdout, stderr."""
        done = subprocess.run([*(PREFIX if self.clock else ()), program("relayctl"), *words, "--socket", self.settings.control], capture_output=True, text=True,
                              timeout=60, env=self.environment())
        return done.returncode, done.stdout, done.stderr

    def ctl_json(self, *words: str) -> tuple[int, object]:
        """As `ctl`, with --json: stdout must be one JSON value and nothing else."""
        code, output, error = self.ctl(*words, "--json")
        try:
            return code, json.loads(output)
        except ValueError:
            raise AssertionError(f"relayctl {' '.join(words)} --json: exit {code}, not JSON: {output[:300]!r} {error[:300]!r}") from None

    def queue_text(self) -> str:
        return json.dumps(self.ctl_json("queue", "list")[1])
