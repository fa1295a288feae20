"""Somebody who owns the relay's whole network: the relay's only way to the bed leads through here.

The relay is put in a network namespace of its own, in which every address of the bed is the attacker. DNS and policy hosts are
passed on untouched (they have signatures of their own), unless `block_policies` or `block_names` is set. Port 25 of every mail host is played by the
attacker, an SMTP server that takes all mail and writes down every octet it is told, inside and outside TLS. Modes:

strip                              offers no STARTTLS
strip-454                          offers it, and answers it with 454
wrong-certificate                  terminates TLS with the right name, signed by itself
wrong-certificate-webpki-other     terminates TLS with somebody else's certificate from the public CA
"""

import os
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Iterator

from . import addresses, certificates, network
from .domains import DOMAINS, absolute
from .inside import Bed
from .namespace import loopback_up
from .scripted import Connection, Part

MODES = ("strip", "strip-454", "wrong-certificate", "wrong-certificate-webpki-other")
DNS_SERVERS = (addresses.ROOT_SERVER, addresses.TLD_SERVER, addresses.ZONE_SERVER, addresses.FAULTY_SERVER)
# Seconds a name server gets for an answer; those that drop queries on purpose are waited for in vain.
DNS_LIMIT = 5.0


class Overheard:
    """What one connection told the attacker."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.octets = b""
        self.handshakes = 0


class _Session(Connection):
    """The attacker as a mail host. What it reads it writes down before it looks at it."""

    def __init__(self, attacker: "Attacker", peer: socket.socket, overheard: Overheard) -> None:
        self.attacker, self.overheard = attacker, overheard
        super().__init__(attacker.played(overheard.address), peer)

    def receive(self) -> bytes:
        part = super().receive()
        self.overheard.octets += part
        return part

    def extensions(self) -> list[str]:
        # REQUIRETLS, too: what asks for it must not be told it here either.
        if self.secure:
            return ["REQUIRETLS"]
        return [] if self.attacker.mode == "strip" else ["STARTTLS"]

    def start_tls(self) -> bool:
        if self.host.context is None:
            self.say("454 4.7.0 TLS not available")
            return True
        return super().start_tls()


class _Played(Part):
    """A mail host, as the attacker plays it."""

    def __init__(self, name: str, context: ssl.SSLContext | None) -> None:
        super().__init__(name, "attacker", context)

    def deliver(self, sender: str, recipients: list[str], content: bytes, secure: bool) -> None:
        """Taken, and never seen again."""


class Attacker(network.Network):
    """As a context: the network stands, and falls with it. `entered()` brings a thread into it."""

    def __init__(self, bed: Bed, mode: str) -> None:
        self.bed, self.mode = bed, mode
        self.block_policies = False
        self.block_names = False
        self.names = {host.address: absolute(host.name, domain.name) for domain in DOMAINS for host in domain.hosts}
        self.heard: list[Overheard] = []
        self.lock = threading.Lock()
        self.contexts: dict[str, ssl.SSLContext] = {}
        self.listeners: list[socket.socket] = []
        self.resolving = ThreadPoolExecutor(64)
        self.outside = network.of_this_thread()
        self.inside = -1

    def __enter__(self) -> "Attacker":
        self._forge()
        # A thread whose only work it is to be the first in the new network: it opens what listens there.
        birth = threading.Thread(target=self._listen)
        birth.start()
        birth.join()
        if self.inside < 0:
            raise RuntimeError("no network for the attacker")
        self.prefix = ("nsenter", f"--net=/proc/{os.getpid()}/fd/{self.inside}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for listener in self.listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.resolving.shutdown(wait=False, cancel_futures=True)
        os.close(self.inside)
        os.close(self.outside)

    @contextmanager
    def entered(self) -> Iterator[None]:
        network.enter(self.inside)
        try:
            yield
        finally:
            network.enter(self.outside)

    def sessions(self) -> list[Overheard]:
        with self.lock:
            return list(self.heard)

    def forget(self) -> None:
        with self.lock:
            self.heard.clear()

    def _forge(self) -> None:
        """Certificates with the right names, from nobody."""
        self.folder = self.bed.folder / "attacker" / self.mode
        if self.mode == "wrong-certificate" and not self.folder.exists():
            self.folder.mkdir(parents=True)
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda name: certificates.make(self.folder, name, "self-signed"), set(self.names.values())))

    def played(self, address: str) -> _Played:
        """The host the attacker is at this address."""
        name = self.names[address]
        stem: Path | None = None
        if self.mode == "wrong-certificate":
            stem = self.folder / name
        elif self.mode == "wrong-certificate-webpki-other":
            stem = self.bed.folder / "certificates" / certificates.SOMEBODY_ELSE
        if stem is None:
            return _Played(name, None)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{stem}.crt", f"{stem}.key")
        return _Played(name, context)

    def _listen(self) -> None:
        network.leave_for_new()
        loopback_up()
        for address in self.names:
            self._serve(socket.create_server((address, 25), backlog=64), self._mail)
        for address in DNS_SERVERS:
            self._serve(socket.create_server((address, 53), backlog=64), self._pass_on)
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind((address, 53))
            self.listeners.append(datagrams)
            threading.Thread(target=self._pass_on_datagrams, args=(datagrams,), daemon=True).start()
        self._serve(socket.create_server((addresses.POLICY_SERVER, 443), backlog=64), self._pass_on)
        self.inside = network.of_this_thread()

    def _serve(self, listener: socket.socket, talk) -> None:  # noqa: ANN001
        self.listeners.append(listener)

        def accept() -> None:
            # What these threads open themselves is opened in the bed.
            network.enter(self.outside)
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(peer,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def _mail(self, peer: socket.socket) -> None:
        overheard = Overheard(peer.getsockname()[0])
        with self.lock:
            self.heard.append(overheard)
        session = _Session(self, peer, overheard)
        try:
            peer.settimeout(60)
            session.serve()
        except OSError:
            pass
        finally:
            overheard.handshakes = int(session.secure)
            session.socket.close()

    def _pass_on(self, peer: socket.socket) -> None:
        address, port = peer.getsockname()[:2]
        if port == 443 and self.block_policies or port == 53 and self.block_names:
            return peer.close()
        try:
            server = socket.create_connection((address, port), timeout=10)
        except OSError:
            return peer.close()
        server.settimeout(None)
        back = threading.Thread(target=_pump, args=(server, peer), daemon=True)
        back.start()
        _pump(peer, server)
        back.join()
        server.close()
        peer.close()

    def _pass_on_datagrams(self, listener: socket.socket) -> None:
        network.enter(self.outside)
        while True:
            try:
                query, peer = listener.recvfrom(65_535)
            except OSError:
                return
            if self.block_names:
                continue
            try:
                self.resolving.submit(self._resolve, listener, query, peer)
            except RuntimeError:
                return

    def _resolve(self, listener: socket.socket, query: bytes, peer: tuple[str, int]) -> None:
        # A thread of the pool is born by whichever thread asked: one that is in the bed.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(DNS_LIMIT)
            try:
                ask.sendto(query, listener.getsockname())
                listener.sendto(ask.recv(65_535), peer)
            except OSError:
                pass


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
