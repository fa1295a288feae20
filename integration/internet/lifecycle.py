"""Bringing the bed up, entering it, taking it down. Runs on the machine, outside the namespace."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from . import addresses, namespace, relayconfig
from .domains import DOMAINS, absolute

INTEGRATION = Path(__file__).resolve().parent.parent
CHECKOUT = INTEGRATION.parent
BUILD = CHECKOUT / ".build" / "bed"
CURRENT = BUILD / "current.json"
START_LIMIT = 60.0  # seconds


class BedError(Exception):
    """Something the user should read, without a trace."""


@dataclass(frozen=True)
class Bed:
    folder: Path
    unshare: int  # process number of `unshare`, which lives as long as the bed
    first: int  # of the namespace's first process

    @property
    def settings(self) -> Path:
        return self.folder / "bed.json"

    def alive(self) -> bool:
        try:
            return b"unshare" in Path(f"/proc/{self.unshare}/cmdline").read_bytes() and namespace.child_of(self.unshare) == self.first
        except OSError:
            return False


def current() -> Bed | None:
    """The bed of this checkout, where it is up."""
    if os.environ.get("WAXWING_BED"):
        raise BedError("this is inside the bed already")
    try:
        facts = json.loads(CURRENT.read_text())
    except (OSError, ValueError):
        return None
    bed = Bed(Path(facts["folder"]), facts["unshare"], facts["first"])
    return bed if bed.alive() else None


@contextmanager
def _locked() -> Iterator[None]:
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / ".lifecycle", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def up() -> tuple[Bed, bool]:
    """The bed, and whether this call made it."""
    if os.geteuid() != 0:
        raise BedError("namespaces and mounts need root")
    if subprocess.run([str(INTEGRATION / "fetch")]).returncode != 0:
        raise BedError("could not fetch the servers' packages (integration/fetch)")
    with _locked():
        if bed := current():
            return bed, False
        _remove_leftover()
        # In the machine's temporary folder, for servers that drop their rights must be able to reach it.
        folder = Path(tempfile.mkdtemp(prefix="waxwing-bed-"))
        folder.chmod(0o755)
        try:
            bed = _start(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _write_settings(bed)
        CURRENT.write_text(json.dumps({"folder": str(folder), "unshare": bed.unshare, "first": bed.first}))
        return bed, True


def _start(folder: Path) -> Bed:
    log = folder / "world.log"
    environment = os.environ | {"PYTHONPATH": str(INTEGRATION), "PYTHONDONTWRITEBYTECODE": "1",
                                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    command = [*namespace.UNSHARE, sys.executable, "-m", "internet.world", str(folder), str(BUILD / "root"), str(INTEGRATION)]
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   start_new_session=True, cwd="/", env=environment)
    end = time.monotonic() + START_LIMIT
    while not (folder / "ready").exists():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            process.wait()
            raise BedError(f"did not come up:\n{log.read_text()}{_server_logs(folder)}")
        time.sleep(0.02)
    first = namespace.child_of(process.pid)
    if first is None:
        raise BedError("the namespace ended at once")
    return Bed(folder, process.pid, first)


def _server_logs(folder: Path) -> str:
    logs = sorted((folder / "log").glob("*")) if (folder / "log").exists() else []
    return "".join(f"--- {path.name}\n{path.read_text(errors='replace')[-800:]}" for path in logs if path.stat().st_size)


def _write_settings(bed: Bed) -> None:
    """bed.json: what a test, a benchmark or a person needs to know; relayd.toml: a configuration that works inside."""
    relay = bed.folder / "relay"
    relay.mkdir()
    toml = relayconfig.text(relayconfig.Settings(bed.folder, relay, addresses.RELAY))
    (relay / "relayd.toml").write_text(toml)
    facts = {
        "folder": str(bed.folder),
        "relayd_toml": str(relay / "relayd.toml"),
        "relay": f"{addresses.RELAY}:{addresses.RELAY_PORT}",
        "control_socket": str(relay / "control.sock"),
        "sender_smtp": f"{addresses.SENDER_MX}:25",
        "sender_domain": addresses.SENDER_DOMAIN,
        "sendmail": ["sendmail", "-C", str(bed.folder / "postfix-sender")],
        "resolver": addresses.RESOLVER,
        "root_hints": str(bed.folder / "zones" / "root.hints"),
        "root_trust_anchor": str(bed.folder / "zones" / "root.key"),
        "mail": str(bed.folder / "mail"),
        "log": str(bed.folder / "log"),
        "domains": {
            domain.name: {
                "what": domain.what,
                "hosts": {absolute(host.name, domain.name): host.address for host in domain.hosts},
                "expect": vars(domain.expect),
            } for domain in DOMAINS
        },
    }
    bed.settings.write_text(json.dumps(facts, indent=1))


def _runs(process: int) -> bool:
    """False for one that has ended, though nobody may have taken its status yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def down() -> bool:
    """Ends it. False where it was not up."""
    # A second ^C must not leave it half ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with _locked():
        bed = current()
        if bed:
            os.kill(bed.first, signal.SIGKILL)
            end = time.monotonic() + 10
            while _runs(bed.unshare) and time.monotonic() < end:
                time.sleep(0.01)
        _remove_leftover()
        return bed is not None


def _remove_leftover() -> None:
    """The run folder of a bed that is no more."""
    try:
        folder = Path(json.loads(CURRENT.read_text())["folder"])
    except (OSError, ValueError, KeyError):
        return
    if folder.name.startswith("waxwing-bed-"):
        shutil.rmtree(folder, ignore_errors=True)
    CURRENT.unlink(missing_ok=True)


def run(words: list[str]) -> int:
    """Runs a command inside and returns its exit code; a bed made for it is ended with it."""
    bed, made = up()
    try:
        return enter(bed, words)
    finally:
        if made:
            down()


def enter(bed: Bed, words: list[str]) -> int:
    environment = os.environ | {"WAXWING_BED": str(bed.settings), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = environment.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
    try:
        return subprocess.run([*namespace.entering(bed.first), *words], env=environment).returncode
    except KeyboardInterrupt:
        return 130


def describe(bed: Bed) -> str:
    return f"up: {bed.folder}\nsettings: {bed.settings}\n{(bed.folder / 'world.log').read_text().rstrip()}"
