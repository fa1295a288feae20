"""Messages with an identity, and handing them in."""

import hashlib
import smtplib
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import addresses


@dataclass(frozen=True)
class Letter:
    """A message that can be recognised and checked wherever it turns up."""

    identity: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes  # with LF line ends, as it must lie in a maildir

    @staticmethod
    def to(*recipients: str, body: bytes = b"Hello.\n", name: str = "test", headers: str = "",
           sender_domain: str = addresses.SENDER_DOMAIN) -> "Letter":
        """`headers` are whole lines, each with its LF."""
        identity = f"{name}-{uuid.uuid4().hex[:12]}"
        sender = f"{identity}@{sender_domain}"
        folded = ",\n ".join(recipients)
        head = (f"From: {sender}\nTo: {folded}\nSubject: {identity}\n"
                f"Message-ID: <{identity}@{addresses.SENDER_DOMAIN}>\nDate: Mon, 05 Jan 2026 10:00:00 +0000\n"
                f"X-Bed-Identity: {identity}\nX-Bed-Digest: {hashlib.sha256(body).hexdigest()}\n{headers}\n")
        return Letter(identity, sender, recipients, head.encode() + body)

    @property
    def mark(self) -> bytes:
        return f"X-Bed-Identity: {self.identity}\n".encode()

    def arrived_whole(self, stored: bytes) -> bool:
        """Hosts put trace fields before the message and change nothing in it. (Exim and OpenSMTPD may end it with one more line.)"""
        return stored.replace(b"\r\n", b"\n").rstrip(b"\n").endswith(self.content.rstrip(b"\n"))


def submit(letter: Letter, address: str, port: int = addresses.RELAY_PORT, options: tuple[str, ...] = (),
           timeout: float = 60, trust: Path | None = None, source: str = "") -> tuple[int, str]:
    """The reply that decided: the first refusal, or the one to the content. With `trust`, a CA's certificate, over TLS.

    `source` is the client's own address, where it matters.
    """
    with smtplib.SMTP(address, port, local_hostname="injector.example", timeout=timeout,
                      source_address=(source, 0) if source else None) as client:
        client.ehlo()
        if trust:
            client._host = addresses.RELAY_NAME  # type: ignore[attr-defined]  # the name its certificate must have
            client.starttls(context=ssl.create_default_context(cafile=str(trust)))
            client.ehlo()
        code, text = client.docmd("MAIL", " ".join([f"FROM:<{letter.sender}>", *options]))
        if code != 250:
            return code, text.decode()
        accepted = 0
        for recipient in letter.recipients:
            code, text = client.rcpt(recipient)
            accepted += code in (250, 251)
        if not accepted:
            return code, text.decode()
        try:
            code, text = client.data(letter.content.replace(b"\n", b"\r\n"))
        except smtplib.SMTPDataError as refused:  # DATA itself was refused: room was measured since MAIL
            code, text = refused.smtp_code, refused.smtp_error
        return code, text.decode()


def digest_is_right(stored: bytes) -> bool:
    """Does the body match the digest in the header (a message of `Letter.to`)?"""
    stored = stored.replace(b"\r\n", b"\n")
    head, _, body = stored.partition(b"\n\n")
    wanted = [line[14:].strip().decode() for line in head.split(b"\n") if line.startswith(b"X-Bed-Digest: ")]
    return wanted == [hashlib.sha256(body).hexdigest()]
