"""Large messages are streamed: the daemon's memory does not grow with them."""

import hashlib
import socket
import threading
import uuid

from internet import addresses
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.scenario import note
from internet.submission import Letter

ALONE = True
MEGABYTE = 1_000_000
# Over the peak of a daemon that has just delivered a small letter.
ALLOWANCE = 48 * MEGABYTE
LINE = b"%094d\r\n" % 5


def send_large(address: str, recipient: str, size: int) -> tuple[str, str]:
    """Streams a message of about `size` octets; its identity and the digest of its body (LF line ends)."""
    identity = f"large-{uuid.uuid4().hex[:12]}"
    count = size // len(LINE)
    digest = hashlib.sha256()
    with socket.create_connection((address, addresses.RELAY_PORT), timeout=300) as link:
        replies = link.makefile("rb")

        def expect(code: bytes, command: bytes = b"") -> None:
            if command:
                link.sendall(command + b"\r\n")
            while (line := replies.readline())[3:4] == b"-":
                pass
            assert line.startswith(code), (command, line)

        expect(b"220")
        expect(b"250", b"EHLO injector.example")
        expect(b"250", f"MAIL FROM:<{identity}@{addresses.SENDER_DOMAIN}>".encode())
        expect(b"250", f"RCPT TO:<{recipient}>".encode())
        expect(b"354", b"DATA")
        link.sendall(f"Subject: large\r\nX-Bed-Identity: {identity}\r\n\r\n".encode())
        batch = LINE * 1000
        for start in range(0, count, 1000):
            part = batch[:len(LINE) * min(1000, count - start)]
            link.sendall(part)
            digest.update(part.replace(b"\r\n", b"\n"))
        expect(b"250", b".")
    return identity, digest.hexdigest()


def arrived(bed: Bed, domain: str, identity: str, digest: str) -> bool:
    mark = f"X-Bed-Identity: {identity}\n".encode()
    for path in (bed.maildir(domain) / "new").iterdir():
        with path.open("rb") as file:
            if mark in file.read(4096):
                file.seek(0)
                while file.readline() not in (b"\n", b""):
                    pass
                found = hashlib.file_digest(file, "sha256").hexdigest()
                assert found == digest, "the content is damaged"
                return True
    return False


def warmed(relay: Relay) -> int:
    letter = Letter.to("someone@good.example", name="warm")
    relay.submit(letter)
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
    return relay.peak_memory()


def scenario_hundred_megabytes(bed: Bed) -> None:
    """100 MB through the relay"""
    with Relay(bed, "40-memory-large", 40) as relay:
        before = warmed(relay)
        identity, digest = send_large(relay.address, "someone@good.example", 100 * MEGABYTE)
        wait_for("100 MB in the maildir", lambda: arrived(bed, "good.example", identity, digest), 120)
        grown = relay.peak_memory() - before
        note(f"100 MB message: peak memory {relay.peak_memory() / MEGABYTE:.0f} MB, {grown / MEGABYTE:.0f} MB over idle")
        assert grown < ALLOWANCE, f"grew by {grown} octets"


def scenario_many_of_five(bed: Bed) -> None:
    """Twenty messages of 5 MB at the same time"""
    with Relay(bed, "40-memory-many", 41) as relay:
        before = warmed(relay)
        sent: list[tuple[str, str]] = []
        threads = [threading.Thread(target=lambda: sent.append(send_large(relay.address, "someone@dane-ta.example", 5 * MEGABYTE)))
                   for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(sent) == 20
        for identity, digest in sent:
            wait_for("5 MB in the maildir", lambda: arrived(bed, "dane-ta.example", identity, digest), 120)
        grown = relay.peak_memory() - before
        note(f"20 x 5 MB: peak memory {relay.peak_memory() / MEGABYTE:.0f} MB, {grown / MEGABYTE:.0f} MB over idle")
        assert grown < 2 * ALLOWANCE, f"grew by {grown} octets"
