"""Secrets of a relay in every shape they could turn up in: keys, passwords, words of letters."""

import base64
import re
from functools import cache
from pathlib import Path

from . import addresses, certificates, dkimkeys
from .inside import Bed
from .postfix import SMARTHOST_PASSWORD, SMARTHOST_USER

# Of the user "anna": the right one, a wrong one, and one that comes where a command is expected.
PASSWORD, WRONG, IN_PLACE = "Bienenwachs-4711-geheim", "Kerzendocht-0815-falsch", "Wabenrahmen-2323-verrutscht"
# Each in a place of a letter of its own.
IN_BODY, IN_FIELD, IN_SUBJECT = "Honigkuchenrezept", "Imkerpfeifenkopf", "Drohnenschlacht"


def words_of_key(path: Path) -> list[bytes]:
    """Lines of the file, and pieces of what they hold."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("-----")]
    octets = base64.b64decode("".join(lines))
    return [line.encode() for line in lines if len(line) > 30] + [octets[at:at + 24] for at in range(40, len(octets) - 24, 24)]


def words_of_password(user: str, password: str) -> list[bytes]:
    return [password.encode(), base64.b64encode(password.encode()), base64.b64encode(f"\0{user}\0{password}".encode())]


@cache
def secrets(bed: Bed, users: Path) -> list[bytes]:
    """All that nobody may find, as the file of users was at first."""
    own = bed.folder / "certificates"
    files = (own / f"{addresses.RELAY_NAME}.key", own / f"{certificates.CLIENT}.key", dkimkeys.path(bed.folder, "rsa"))
    keys = [word for path in files for word in words_of_key(path)]
    passwords = [word for password in (PASSWORD, WRONG, IN_PLACE) for word in words_of_password("anna", password)]
    verifier = [part.encode() for part in re.split(r"[$:,]", users.read_text().split()[-1]) if len(part) > 30]
    assert verifier and len(keys) > 60, len(keys)
    of_letters = [word.encode() for word in (IN_BODY, IN_FIELD, IN_SUBJECT)]
    return [*keys, *passwords, *verifier, *words_of_password(SMARTHOST_USER, SMARTHOST_PASSWORD), *of_letters]


def check(bed: Bed, users: Path, what: str, text: bytes) -> None:
    assert text, f"{what} is empty"
    found = [word for word in secrets(bed, users) if word in text]
    assert not found, (what, found[:3])
