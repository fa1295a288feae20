"""Real programs that hand mail to relayd: swaks, curl, gsasl; the submitting MTAs are in submittingmtas.py.

What they can (Debian 12):
swaks     STARTTLS, implicit TLS, client certificates, AUTH PLAIN and LOGIN, PIPELINING, LMTP, Unix sockets, XCLIENT, PROXY v1 and v2.
          No DSN, SMTPUTF8, SIZE or CHUNKING.
curl      STARTTLS, implicit TLS, AUTH PLAIN, LOGIN and (with libgsasl only) SCRAM, SIZE, SMTPUTF8. No DSN, PIPELINING, LMTP.
gsasl     STARTTLS and AUTH by every mechanism, SCRAM-SHA-256-PLUS with tls-exporter among them; what follows is typed in.
smtplib   STARTTLS, implicit TLS, client certificates, AUTH PLAIN and LOGIN, LMTP, Unix sockets (LMTP only), and any parameter
          of MAIL and RCPT. No PIPELINING, no SCRAM.
"""

import subprocess
import threading
from pathlib import Path

from . import addresses
from .relay import Relay
from .smtpwire import stuffed
from .submission import Letter

LIMIT = 30  # seconds for one session of a client


class ClientFailed(AssertionError):
    """A client ended with an error: its exit code and all it said."""

    def __init__(self, done: "subprocess.CompletedProcess[bytes]") -> None:
        self.code, self.said = done.returncode, (done.stdout + done.stderr).decode(errors="replace")
        super().__init__(f"{done.args[0]} ended with {self.code}:\n{self.said[-1500:]}")


def run(command: list[object], stdin: bytes = b"") -> str:
    """What it said on both outputs; ClientFailed where it ended with an error."""
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, timeout=LIMIT)
    if done.returncode != 0:
        raise ClientFailed(done)
    return (done.stdout + done.stderr).decode(errors="replace")


def in_own_mounts(setup: str, command: list[object]) -> list[object]:
    """A command that sees other mounts than the rest of the bed: `setup`, a line of shell, is run before it."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{setup} && exec "$@"', "sh", *command]


def naming(relay: Relay, command: list[object], name: str = addresses.RELAY_NAME) -> list[object]:
    """For clients that check the certificate: to them the relay's name is this relay's address."""
    hosts = relay.folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{relay.address} {name}\n")
    return in_own_mounts(f"mount --bind '{hosts}' /etc/hosts", command)


def swaks(relay: Relay, letter: Letter, *options: object, server: str = "", trust: Path | None = None, ehlo: str = "swaks.example") -> str:
    """`server` as swaks has it, without it the relay's first listener. With `trust`, its certificate must be good."""
    content = relay.folder / f"{letter.identity}.eml"
    content.write_bytes(letter.content)
    verify = ("--tls-verify", "--tls-ca-path", trust) if trust else ()
    where = () if "--socket" in options else ("--server", server or f"{relay.address}:{addresses.RELAY_PORT}")
    return run(["swaks", *where, "--from", letter.sender, "--to", ",".join(letter.recipients), "--ehlo", ehlo,
                "--data", f"@{content}", *verify, *options])


def curl(relay: Relay, letter: Letter, url: str, trust: Path, *options: object) -> str:
    """`url` names the relay by its name."""
    recipients = [word for one in letter.recipients for word in ("--mail-rcpt", one)]
    return run(naming(relay, ["curl", "--silent", "--show-error", "--verbose", "--url", url, "--cacert", trust,
                              "--mail-from", letter.sender, *recipients, "--upload-file", "-", *options]),
               stdin=letter.content.replace(b"\n", b"\r\n"))


def gsasl(relay: Relay, port: int, mechanism: str, user: str, password: str, trust: Path, letter: Letter | None = None,
          starttls: bool = True, *options: object) -> str:
    """Logs in, and then sends the letter; all replies are in what it says."""
    command = ["gsasl", "--smtp", f"--connect={addresses.RELAY_NAME}:{port}", f"--x509-ca-file={trust}", f"--mechanism={mechanism}",
               f"--authentication-id={user}", f"--password={password}", "--starttls" if starttls else "--no-starttls", "--verbose", *options]
    if not letter:
        return run(naming(relay, command))
    lines = [f"MAIL FROM:<{letter.sender}>", *(f"RCPT TO:<{one}>" for one in letter.recipients), "DATA"]
    typed = "".join(line + "\r\n" for line in lines).encode() + stuffed(letter) + b".\r\nQUIT\r\n"
    # It looks for input with poll(2), and ends with it: nothing may be buffered, and the input must not end before the server says so.
    client = subprocess.Popen([str(word) for word in naming(relay, ["stdbuf", "--input=0", "--output=0", *command])], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    alarm = threading.Timer(LIMIT, client.kill)
    alarm.start()
    assert client.stdin and client.stdout
    client.stdin.write(typed)
    client.stdin.flush()
    said: list[bytes] = []
    for line in client.stdout:
        said.append(line)
        if line.startswith(b"221 "):
            client.stdin.close()
    alarm.cancel()
    client.wait()
    return b"".join(said).decode(errors="replace")
