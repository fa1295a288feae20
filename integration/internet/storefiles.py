"""The files of a stopped relay's store, damaged, replaced and made older; and a start that must be refused."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from .relay import Relay

# Of sysexits.h: the store or the configuration has to be seen to.
CONFIGURATION = 78
PAGE = 4096


def change(relay: Relay, statement: str, *values: object) -> int:
    """Runs SQL on the queue's database, as no program of ours would; how many rows it touched."""
    with closing(sqlite3.connect(relay.store / "queue.db")) as database, database:
        return database.execute(statement, values).rowcount


def senders(relay: Relay) -> set[str]:
    """Of the mail that is in the queue's database, whatever its journal has beside."""
    with closing(sqlite3.connect(relay.store / "queue.db")) as database:
        return {"@".join(row) for row in database.execute("SELECT reverse_local, reverse_domain FROM message")}


def script(database: Path, statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(statements)


def version(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("PRAGMA user_version").fetchone()[0]


def flip(path: Path, place: int, count: int = 1) -> None:
    """Every bit of these octets is another."""
    with open(path, "r+b") as file:
        file.seek(place)
        octets = file.read(count)
        assert len(octets) == count, f"{path.name} has no {count} octets at {place}"
        file.seek(place)
        file.write(bytes(octet ^ 0xFF for octet in octets))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy(source: Path, target: Path, *names: str) -> None:
    """These files alone, where they are there; those of the target that are not are removed."""
    target.mkdir(exist_ok=True, mode=0o700)
    for name in names:
        if (source / name).exists():
            shutil.copy2(source / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)


def refused(relay: Relay, code: int = CONFIGURATION) -> str:
    """What a start says that is refused: with this exit code, and in one event. Its key, reason and cure as a sentence."""
    before = len(relay.events())
    relay.launch()
    found = relay.wait_exit()
    said = [event for event in relay.events()[before:] if event.get("event") == "start-failed"]
    assert found == code and len(said) == 1 and said[0]["reason"], (found, said)
    (event,) = said
    return "".join((f"{event['key']}: " if "key" in event else "", event["reason"], f". {event['cure']}." if "cure" in event else ""))
