"""The system users the servers insist on. They exist only in the namespace's own /etc/passwd."""

from pathlib import Path

# Owner of all maildirs.
MAIL_READER = 64110

_USERS = {
    "postfix": 64101, "Debian-exim": 64102, "opensmtpd": 64103, "opensmtpq": 64104, "waxmail": MAIL_READER,
}
_GROUPS = _USERS | {"postdrop": 64105}


def add(etc: Path = Path("/etc")) -> None:
    """Adds those that are missing."""
    _append(etc / "passwd", {name: f"{name}:x:{number}:{number}::/nonexistent:/bin/sh" for name, number in _USERS.items()})
    _append(etc / "group", {name: f"{name}:x:{number}:" for name, number in _GROUPS.items()})
    _append(etc / "shadow", {name: f"{name}:*:19000::::::" for name in _USERS})


def _append(path: Path, wanted: dict[str, str]) -> None:
    text = path.read_text()
    present = {line.split(":", 1)[0] for line in text.splitlines()}
    missing = [line for name, line in wanted.items() if name not in present]
    path.write_text(text.rstrip("\n") + "\n" + "".join(line + "\n" for line in missing))
