"""Keys for DKIM, by the openssl command, and the records that publish them.

Those of sender.example sign mail, those of waxwing.example TLS-RPT reports. A key file is FOLDER/dkim/SELECTOR.DOMAIN.pem (PKCS #8).
"""

import base64
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import addresses


@dataclass(frozen=True)
class Key:
    selector: str
    domain: str
    kind: str = "rsa"  # rsa | ed25519
    published: str = "own"  # own | stranger (the record is another key's) | revoked (an empty p=) | no
    bits: int = 2048
    tags: str = ""  # further tags of the record, each with its semicolon

    @property
    def record_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


KEYS = (
    Key("rsa", addresses.SENDER_DOMAIN),
    Key("ed", addresses.SENDER_DOMAIN, "ed25519"),
    # As after a rotation that somebody forgot to finish: what they sign would be worse than not signed.
    Key("unpublished", addresses.SENDER_DOMAIN, published="no"),
    Key("unpublished-ed", addresses.SENDER_DOMAIN, "ed25519", published="no"),
    Key("mismatched", addresses.SENDER_DOMAIN, published="stranger"),
    Key("revoked", addresses.SENDER_DOMAIN, published="revoked"),
    # Lines of its record and signature are longer than any other's.
    Key("large", addresses.SENDER_DOMAIN, bits=4096),
    # Published while 39-alarms runs.
    Key("alarm", "alarm-key.example", "ed25519", published="no"),
    Key("tlsrpt", addresses.ORGANIZATION_DOMAIN),
    Key("tlsrpt-ed", addresses.ORGANIZATION_DOMAIN, "ed25519"),
    # RFC 8460 §3 wants the service type tlsrpt, which was never registered. Alone it is no key for ordinary verifiers; "email:tlsrpt" is
    # right by RFC 6376 §3.6.1, and dkimpy, which knows no lists, refuses it. Without s= everybody is content.
    Key("service-alone", addresses.ORGANIZATION_DOMAIN, "ed25519", tags="s=tlsrpt;"),
    Key("service-list", addresses.ORGANIZATION_DOMAIN, "ed25519", tags="s=email:tlsrpt;"),
)
BY_SELECTOR = {key.selector: key for key in KEYS}
# What the records of "stranger" hold.
_STRANGER = Key("stranger", "invalid")


def path(folder: Path, selector: str) -> Path:
    """The file of one of KEYS; `folder` is the bed's."""
    return _file(folder / "dkim", BY_SELECTOR[selector])


def _file(own: Path, key: Key) -> Path:
    return own / f"{key.selector}.{key.domain}.pem"


def make_all(own: Path) -> None:
    own.mkdir(mode=0o700)

    def make(key: Key) -> None:
        form = ("RSA", "-pkeyopt", f"rsa_keygen_bits:{key.bits}") if key.kind == "rsa" else ("ED25519",)
        _openssl("genpkey", "-algorithm", *form, "-out", str(_file(own, key)))
        # relayd insists on secrecy of them.
        _file(own, key).chmod(0o600)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, (*KEYS, _STRANGER)))


def _openssl(*arguments: str) -> bytes:
    done = subprocess.run(["openssl", *arguments], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


def public(file: Path, kind: str) -> str:
    """What stands in p=: the SubjectPublicKeyInfo of an RSA key (RFC 6376 §3.6.1), the bare 32 octets of Ed25519 (RFC 8463 §4.2)."""
    data = _openssl("pkey", "-in", str(file), "-pubout", "-outform", "DER")
    return base64.b64encode(data if kind == "rsa" else data[-32:]).decode()


def record(own: Path, key: Key) -> str:
    """The text that is in DNS; "" for a key that is not."""
    if key.published == "no":
        return ""
    shown = {"own": key, "stranger": _STRANGER}.get(key.published)
    return f"v=DKIM1; k={key.kind}; {key.tags}{' ' if key.tags else ''}p={public(_file(own, shown), shown.kind) if shown else ''}"


def lines(own: Path, domain: str) -> list[str]:
    """The records of a domain's zone, with complete names; a string of TXT holds 255 octets at most."""
    found = []
    for key in KEYS:
        if key.domain == domain and (text := record(own, key)):
            strings = " ".join(f'"{text[start:start + 255]}"' for start in range(0, len(text), 255))
            found.append(f"{key.record_name}. TXT {strings}")
    return found
