"""Listeners and clients of relayd's intake as tables of its configuration, and what its log says of what came in."""

import subprocess
from pathlib import Path

from .inside import wait_for
from .relay import Relay, program
from .relayconfig import quoted
from .submission import Letter

Table = tuple[str, dict[str, str]]


def toml(value: object) -> str:
    """A value as TOML has it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case tuple() | list():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return quoted(value)


def listener(name: str, *listen: str, **keys: object) -> Table:
    """A `[[intake.listener]]`; `listen` as in "127.3.21.21:587", "unix:/path", "systemd:NAME"."""
    return "intake.listener", {key: toml(value) for key, value in ({"name": name, "listen": listen} | keys).items()}


def client(**keys: object) -> Table:
    """An `[[intake.client]]`: whom it is about (networks, users, fingerprints), and what they may."""
    return "intake.client", {key: toml(value) for key, value in keys.items()}


def intake(**keys: object) -> dict[str, dict[str, str]]:
    """Keys of `[intake]`, for a Relay's `more`."""
    return {"intake": {key: toml(value) for key, value in keys.items()}}


def certificates(relay: Relay) -> Path:
    return relay.bed.folder / "certificates"


def trust(relay: Relay) -> Path:
    """The CA that vouches for the relay's own certificate."""
    return certificates(relay) / "webpki.crt"


def events(relay: Relay, word: str, **wanted: str) -> list[dict[str, str]]:
    """Events of one kind with these values."""
    return [event for event in relay.events() if event.get("event") == word and wanted.items() <= event.items()]


def accepted(relay: Relay, letter: Letter, limit: float = 10, **wanted: str) -> dict[str, str]:
    """The one `accepted` event of a letter, which must say this."""
    (found,) = wait_for(f"accepted event of {letter.sender}", lambda: events(relay, "accepted", **{"from": letter.sender}), limit)
    assert wanted.items() <= found.items(), f"wanted {wanted}: {found}"
    return found


def arrived(relay: Relay, letter: Letter, domain: str, limit: float = 30) -> bytes:
    """The one copy of a letter in a domain's mailbox, whole, with its envelope."""
    found = wait_for(f"copy at {domain}", lambda: relay.bed.delivered(domain, letter.mark), limit)
    assert len(found) == 1, f"{len(found)} copies"
    assert letter.arrived_whole(found[0]), found[0].decode(errors="replace")
    assert f"<{letter.sender}>".encode() in found[0].split(b"\n\n", 1)[0], found[0]
    return found[0]


def add_user(users: Path, name: str, password: str) -> None:
    """`relayctl user add`, the password by standard input."""
    done = subprocess.run([program("relayctl"), "user", "add", name, "--password-stdin", "--replace", "--file", users], input=f"{password}\n", text=True, capture_output=True)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
