"""The system users the servers insist on. They exist only in the namespace's own /etc/passwd."""

from pathlib import Path

# Owner of all maildirs.
MAIL_READER = 64110
# Whom relayd becomes where it is started as root (droppedrights.py).
WAXWING, WAXWING_USER = 64111, "waxwing"
# The same for the one relay whose packets are watched: what this user sends is that relay's.
COURIER, COURIER_USER = 64114, "waxcourier"
# A group that may only look at a relay.
LOOKERS, LOOKERS_GROUP = 64112, "waxlook"
# The same, and relayd's user is a member of it.
WATCHERS, WATCHERS_GROUP = 64113, "waxwatch"

_USERS = {
    "postfix": 64101, "Debian-exim": 64102, "opensmtpd": 64103, "opensmtpq": 64104, "waxmail": MAIL_READER,
    WAXWING_USER: WAXWING, COURIER_USER: COURIER,
}
_GROUPS = _USERS | {"postdrop": 64105, LOOKERS_GROUP: LOOKERS, WATCHERS_GROUP: WATCHERS}
_MEMBERS = {WATCHERS_GROUP: WAXWING_USER}


def add(etc: Path = Path("/etc")) -> None:
    """Adds those that are missing."""
    _append(etc / "passwd", {name: f"{name}:x:{number}:{number}::/nonexistent:/bin/sh" for name, number in _USERS.items()})
    _append(etc / "group", {name: f"{name}:x:{number}:{_MEMBERS.get(name, '')}" for name, number in _GROUPS.items()})
    _append(etc / "shadow", {name: f"{name}:*:19000::::::" for name in _USERS})


def _append(path: Path, wanted: dict[str, str]) -> None:
    text = path.read_text()
    present = {line.split(":", 1)[0] for line in text.splitlines()}
    missing = [line for name, line in wanted.items() if name not in present]
    path.write_text(text.rstrip("\n") + "\n" + "".join(line + "\n" for line in missing))
