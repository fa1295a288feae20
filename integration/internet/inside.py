"""What a scenario, the demo or a benchmark sees from inside the bed."""

import json
import os
import re
import time
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Callable, TypeVar

from . import addresses
from .domains import BY_NAME
from .growing import GrowingFolder, GrowingLog

T = TypeVar("T")


class NotInside(Exception):
    pass


@cache
def _log(path: Path) -> GrowingLog:
    return GrowingLog(path)


@cache
def _folder(path: Path) -> GrowingFolder:
    return GrowingFolder(path)


@dataclass(frozen=True)
class Bed:
    folder: Path

    @staticmethod
    def here() -> "Bed":
        path = os.environ.get("WAXWING_BED")
        if not path:
            raise NotInside("this runs inside the bed only: integration/bed run …")
        return Bed(Path(json.loads(Path(path).read_text())["folder"]))

    def log(self, name: str) -> str:
        return _log(self.folder / "log" / name).read()

    def maildir(self, domain: str) -> Path:
        return self.folder / "mail" / domain

    def delivered(self, domain: str, mark: bytes) -> list[bytes]:
        """Messages in the domain's maildir that contain the mark, oldest first."""
        return _folder(self.maildir(domain) / "new").containing(mark)

    def bounces(self, mark: str) -> list[Message]:
        """DSNs that reached the senders' domain and name the mark (a sender's address, a message id)."""
        return [message_from_bytes(content) for content in self.delivered(addresses.SENDER_DOMAIN, mark.encode())
                if b"multipart/report" in content]

    def sessions(self, domain: str, by_looker: bool = False) -> list[str]:
        """What the domain's own hosts saw of relays: one text for each SMTP session that got as far as EHLO. `by_looker`: of who looks at the bed itself."""
        found = []
        for host in BY_NAME[domain].hosts:
            name = domain if host.name == "@" else f"{host.name}.{domain}"
            if host.server == "postfix":
                log = self.log("postfix-receivers.log")
                found += [line for line in log.splitlines() if f"postfix/{name}/smtpd" in line and " disconnect " in line and "ehlo=" in line
                          and (f"[{addresses.LOOKER}]" in line) == by_looker]
            elif host.server not in ("exim", "opensmtpd", "nothing", "sender"):
                transcript = re.split(r"^.* -: connected$", self.log(f"scripted-{name}.log"), flags=re.M)
                found += [session for session in transcript if "C: EHLO" in session and "C: EHLO injector.example" not in session]
        return found

    def saw_envelope(self, domain: str, sender: str, by_looker: bool = False) -> bool:
        """True where a host of the domain was told this sender: what must not happen without the TLS demanded.

        Postfix logs no sender it did not accept mail from, so with it any MAIL counts, whoever sent it.
        """
        return any(" mail=" in session or f"C: MAIL FROM:<{sender}" in session for session in self.sessions(domain, by_looker))


def wait_for(what: str, probe: Callable[[], T], limit: float) -> T:
    """The first true value of `probe`; AssertionError after `limit` seconds, with `what` was awaited."""
    end = time.monotonic() + limit
    while True:
        if value := probe():
            return value
        assert time.monotonic() < end, f"after {limit:.0f} s still no {what}"
        time.sleep(0.1)


_PAIR = re.compile(r'(?:^|\s)([a-z0-9_]+)=("(?:[^"\\]|\\.)*"|\S*)')


def parse_log(text: str) -> list[dict[str, str]]:
    """One dictionary a line that holds key=value pairs; what stands before them is ignored."""
    return [pairs for line in text.splitlines() if (pairs := _pairs(line))]


@cache
def _pairs(line: str) -> dict[str, str]:
    return {key: _plain(value) for key, value in _PAIR.findall(line)}


def _plain(value: str) -> str:
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.removeprefix("<").removesuffix(">") if value.startswith("<") and value.endswith(">") else value
