"""An SMTP client that sends exactly the octets it is told: for what no honest client would send, and for slow ones."""

import base64
import socket
import ssl
from collections import deque
from pathlib import Path
from types import TracebackType

from . import addresses
from .relay import Relay
from .submission import Letter


class Wire:
    """One connection. Replies are (code, text), lines joined with LF, without their codes."""

    def __init__(self, address: str | Path, port: int = addresses.RELAY_PORT, source: str = "", timeout: float = 20,
                 greeting: bool = True) -> None:
        if isinstance(address, Path):
            self.link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.link.settimeout(timeout)
            self.link.connect(str(address))
        else:
            self.link = socket.create_connection((address, port), timeout=timeout, source_address=(source, 0) if source else None)
        self.buffer = b""
        self.lines: deque[bytes] = deque()
        self.greeting = self.reply() if greeting else (0, "")

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.link.close()

    def send(self, octets: bytes) -> None:
        self.link.sendall(octets)

    def line(self) -> bytes:
        while not self.lines:
            if not (part := self.link.recv(65536)):
                raise ConnectionError(f"closed after {self.buffer!r}")
            *whole, self.buffer = (self.buffer + part).split(b"\n")
            self.lines.extend(whole)
        return self.lines.popleft().rstrip(b"\r")

    def reply(self) -> tuple[int, str]:
        texts: list[str] = []
        while True:
            line = self.line()
            texts.append(line[4:].decode(errors="backslashreplace"))
            if line[3:4] != b"-":
                return int(line[:3]), "\n".join(texts)

    def ask(self, command: str | bytes) -> tuple[int, str]:
        self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return self.reply()

    def ehlo(self, name: str = "injector.example", verb: str = "EHLO") -> dict[str, str]:
        """Keywords and their parameters."""
        code, text = self.ask(f"{verb} {name}")
        assert code == 250, (code, text)
        return {word.upper(): rest for word, _, rest in (line.partition(" ") for line in text.split("\n")[1:])}

    def start_tls(self, trust: Path, certificate: tuple[Path, Path] | None = None, command: bool = True) -> None:
        """STARTTLS (or at once, without `command`), checked as for the relay's own name."""
        if command:
            code, text = self.ask("STARTTLS")
            assert code == 220, (code, text)
        context = ssl.create_default_context(cafile=str(trust))
        if certificate:
            context.load_cert_chain(*map(str, certificate))
        assert not self.buffer and not self.lines, (self.buffer, self.lines)
        self.link = context.wrap_socket(self.link, server_hostname=addresses.RELAY_NAME)

    def envelope(self, letter: Letter, options: str = "") -> None:
        """MAIL and RCPT, which must be taken."""
        for command in (f"MAIL FROM:<{letter.sender}>{options and ' ' + options}", *(f"RCPT TO:<{one}>" for one in letter.recipients)):
            code, text = self.ask(command)
            assert code == 250, (command, code, text)

    def content(self, letter: Letter) -> tuple[int, str]:
        """DATA; the reply to the content, or the refusal of the command."""
        code, text = self.ask("DATA")
        return self.ask(stuffed(letter) + b".") if code == 354 else (code, text)

    def letter(self, letter: Letter, options: str = "") -> tuple[int, str]:
        self.envelope(letter, options)
        return self.content(letter)

    def is_closed(self) -> bool:
        """Waits for the end, and throws away what comes before it."""
        try:
            while self.link.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True


def stuffed(letter: Letter) -> bytes:
    """Content as it goes behind DATA, without the dot that ends it."""
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in letter.content.split(b"\n")[:-1])


def plain(user: str, password: str) -> str:
    """AUTH PLAIN with its initial response (RFC 4616)."""
    return "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def secured(relay: Relay, port: int, certificate: str = "", source: str = "", implicit: bool = False) -> Wire:
    """A session within TLS, by STARTTLS or from the first octet, with a certificate of the bed where one is named."""
    own = relay.bed.folder / "certificates"
    wire = Wire(relay.address, port, source=source, greeting=not implicit)
    if not implicit:
        wire.ehlo()
    wire.start_tls(own / "webpki.crt", (own / f"{certificate}.crt", own / f"{certificate}.key") if certificate else None, command=not implicit)
    if implicit:
        code, text = wire.reply()
        assert code == 220, (code, text)
    return wire
