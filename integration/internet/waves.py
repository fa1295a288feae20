"""Mail in waves: one message of each of many kept sessions, as like another as can be, so that what relayd does for it can be counted."""

from types import TracebackType

from . import addresses
from .smtpwire import Wire


class Waves:
    """Sessions that stay open. Use as a context."""

    def __init__(self, address: str, sessions: int, size: int) -> None:
        self.address, self.count, self.size = address, sessions, size
        self.wires: list[Wire] = []

    def __enter__(self) -> "Waves":
        for _ in range(self.count):
            self.wires.append(Wire(self.address, timeout=60))
            assert "PIPELINING" in self.wires[-1].ehlo()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for wire in self.wires:
            wire.link.close()

    def send(self, domain: str, waves: int) -> int:
        """So many waves to one domain; how many messages that were. A wave goes out when all of the one before are acknowledged."""
        sender = f"cost@{addresses.SENDER_DOMAIN}"
        head = (f"From: {sender}\r\nTo: someone@{domain}\r\nSubject: what a message costs\r\nMessage-ID: <cost@{addresses.SENDER_DOMAIN}>\r\n"
                "Date: Mon, 05 Jan 2026 10:00:00 +0000\r\n\r\n").encode()
        content = head + b"%070d\r\n" % 4 * ((self.size - len(head)) // 72) + b".\r\n"
        envelope = f"MAIL FROM:<{sender}>\r\nRCPT TO:<someone@{domain}>\r\nDATA\r\n".encode()
        for _ in range(waves):
            for wire in self.wires:
                wire.send(envelope)
            for wire in self.wires:
                codes = [wire.reply()[0] for _ in range(3)]
                assert codes == [250, 250, 354], codes
            for wire in self.wires:
                wire.send(content)
            for wire in self.wires:
                code, text = wire.reply()
                assert code == 250, (code, text)
        return waves * len(self.wires)
