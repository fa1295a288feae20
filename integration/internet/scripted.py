"""Mail hosts that misbehave in ways no real server can be configured to. One thread a connection, a transcript a host.

greylist      says 451 to the first RCPT of each sender and recipient, then behaves
starttls-454  offers STARTTLS, answers it with 454
starttls-554  the same with 554: a line anybody on the path could write
refuses-all   says 550 to every RCPT, in 900 octets
busy          says 451 to every MAIL, and keeps the connection
hangs-up      answers STARTTLS with 220, then hangs up
injects       puts a reply in the clear behind its 220 to STARTTLS
requiretls    offers REQUIRETLS within TLS, refuses the parameter outside (no server of Debian 12 knows it)
dsn           offers DSN and SMTPUTF8, so that its transcript has what came of them
slow          answers the content after SLOWNESS seconds, with 250; the sender may be gone by then
"""

import os
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

from .domains import hosts_of

SCRIPTS = ("greylist", "starttls-454", "starttls-554", "refuses-all", "busy", "hangs-up", "injects", "requiretls", "dsn", "slow")
SLOWNESS = 16.0  # seconds; relayd waits 10 at least for an answer it hands on


class Part:
    """Whom a session plays, and where it puts what it learns."""

    def __init__(self, name: str, script: str, context: ssl.SSLContext | None) -> None:
        self.name, self.script, self.context = name, script, context

    def note(self, who: str, line: str) -> None:
        """A line of the transcript."""

    def is_new(self, sender: str, recipient: str) -> bool:
        """True the first time."""
        return False

    def deliver(self, sender: str, recipients: list[str], content: bytes, secure: bool) -> None:
        raise NotImplementedError


class Connection:
    """One SMTP session: a plain, honest server with a hook at each fault."""

    def __init__(self, host: Part, peer: socket.socket) -> None:
        self.host = host
        self.socket = peer
        self.buffer = b""
        self.secure = False

    def say(self, line: str, more: bytes = b"") -> None:
        self.host.note("S", line)
        self.socket.sendall(line.replace("\n", "\r\n").encode() + b"\r\n" + more)

    def receive(self) -> bytes:
        return self.socket.recv(65536)

    def line(self) -> bytes | None:
        while b"\n" not in self.buffer:
            if not (part := self.receive()):
                return None
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def content(self) -> bytes:
        while b"\r\n.\r\n" not in b"\r\n" + self.buffer:
            if not (part := self.receive()):
                raise ConnectionError("closed within the content")
            self.buffer += part
        whole, rest = (b"\r\n" + self.buffer).split(b"\r\n.\r\n", 1)
        self.buffer = rest
        return whole[2:].replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n") + b"\n"

    def greeting(self) -> str:
        return f"220 {self.host.name} ESMTP scripted"

    def serve(self) -> None:
        self.say(self.greeting())
        sender, recipients = "", []
        while (raw := self.line()) is not None:
            line = raw.decode("latin-1")
            self.host.note("C", line)
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO")):
                offered = "".join(f"250-{word}\n" for word in self.extensions())
                self.say(f"250-{self.host.name}\n{offered}250-PIPELINING\n250-8BITMIME\n250 SIZE 150000000")
            elif verb == "STARTTLS":
                if not self.start_tls():
                    return
            elif verb.startswith("MAIL FROM:") and self.host.script == "busy":
                self.say("451 4.3.2 busy")
            elif verb.startswith("MAIL FROM:") and "REQUIRETLS" in verb.split() and "REQUIRETLS" not in self.extensions():
                self.say("555 5.5.4 REQUIRETLS is not offered here")
            elif verb.startswith("MAIL FROM:"):
                sender, recipients = line[10:].split()[0], []
                self.say("250 2.1.0 ok")
            elif verb.startswith("RCPT TO:"):
                recipient = line[8:].split()[0]
                if self.host.script == "greylist" and self.host.is_new(sender, recipient):
                    self.say("451 4.7.1 greylisted, come back")
                elif self.host.script == "refuses-all":
                    self.say("550 5.1.1 " + "nobody of that name here, " * 18)
                else:
                    recipients.append(recipient)
                    self.say("250 2.1.5 ok")
            elif verb == "DATA":
                if not recipients:
                    self.say("554 5.5.1 no valid recipients")
                    continue
                self.say("354 go on")
                content = self.content()
                if self.host.script == "slow":
                    time.sleep(SLOWNESS)
                self.host.deliver(sender, recipients, content, self.secure)
                self.say("250 2.0.0 taken")
            elif verb == "RSET":
                sender, recipients = "", []
                self.say("250 2.0.0 ok")
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("502 5.5.2 what?")

    def extensions(self) -> list[str]:
        if self.host.script == "dsn":
            return ["DSN", "SMTPUTF8", *([] if self.secure else ["STARTTLS"])]
        if not self.secure:
            return ["STARTTLS"]
        return ["REQUIRETLS"] if self.host.script == "requiretls" else []

    def start_tls(self) -> bool:
        match self.host.script:
            case "starttls-454":
                self.say("454 4.7.0 TLS not available")
                return True
            case "starttls-554":
                self.say("554 5.7.0 no TLS for you")
                return True
            case "hangs-up":
                self.say("220 2.0.0 go ahead")
                return False
            case "injects":
                self.say("220 2.0.0 go ahead", b"250-injected\r\n250 AUTH PLAIN\r\n")
        if self.host.script != "injects":
            self.say("220 2.0.0 go ahead")
        assert self.host.context
        self.socket = self.host.context.wrap_socket(self.socket, server_side=True)
        self.buffer, self.secure = b"", True
        self.host.note("-", f"{self.socket.version()} from here")
        return True


class ScriptedHost(Part):
    """One address: what it remembers, and where it puts mail."""

    def __init__(self, folder: Path, name: str, maildir: Path, address: str, script: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        super().__init__(name, script, context)
        self.address, self.mail = address, maildir
        context.load_cert_chain(folder / "certificates" / f"{name}.crt", folder / "certificates" / f"{name}.key")
        self.transcript = open(folder / "log" / f"scripted-{name}.log", "a", buffering=1)
        self.lock = threading.Lock()
        # Whom the thread talks to.
        self.thread = threading.local()
        self.seen: set[tuple[str, str]] = set()
        self.count = 0

    def note(self, who: str, line: str) -> None:
        with self.lock:
            for part in line.split("\n"):
                self.transcript.write(f"{time.time():.3f} [{self.thread.peer}] {who}: {part}\n")

    def is_new(self, sender: str, recipient: str) -> bool:
        with self.lock:
            known = (sender, recipient) in self.seen
            self.seen.add((sender, recipient))
            return not known

    def deliver(self, sender: str, recipients: list[str], content: bytes, secure: bool) -> None:
        with self.lock:
            self.count += 1
            name = f"{time.time():.6f}.{os.getpid()}.{self.count}"
        for part in ("tmp", "new", "cur"):
            (self.mail / part).mkdir(parents=True, exist_ok=True)
        protocol = "ESMTPS" if secure else "ESMTP"
        trace = f"Return-Path: {sender}\nDelivered-To: {', '.join(recipients)}\nReceived: by {self.name} with {protocol}\n"
        (self.mail / "tmp" / name).write_bytes(trace.encode() + content)
        (self.mail / "tmp" / name).rename(self.mail / "new" / name)

    def accept(self) -> None:
        listener = socket.create_server((self.address, 25), backlog=128)
        while True:
            peer, (address, port) = listener.accept()
            threading.Thread(target=self.talk, args=(peer, f"{address}:{port}"), daemon=True).start()

    def talk(self, peer: socket.socket, name: str) -> None:
        self.thread.peer = name
        connection = Connection(self, peer)
        self.note("-", "connected")
        try:
            peer.settimeout(60)
            connection.serve()
        except (OSError, ssl.SSLError) as error:
            self.note("-", f"{error!r}")
        finally:
            connection.socket.close()
            self.note("-", "closed")


def main(folder: Path) -> None:
    threads = []
    for script in SCRIPTS:
        for domain, name, host in hosts_of(script):
            scripted = ScriptedHost(folder, name, folder / "mail" / domain, host.address, script)
            threads.append(threading.Thread(target=scripted.accept))
            threads[-1].start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
