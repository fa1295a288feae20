"""relayd, as it comes. What differs is what a machine without a network needs, and room for the load."""

import http.client
import signal
import socket
import subprocess
from pathlib import Path

from internet.ports import wait_for_port
from internet.relay import program
from internet.relayconfig import quoted

from .places import RELAY, RELAY_PORT, WORLD
from .relays import RelayUnderTest, said
from .rows import WAXWING


class _ControlSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


class Waxwing(RelayUnderTest):
    name = WAXWING
    proof = "verified=dane"
    # Further keys of the configuration, in tables that are there.
    more: dict[str, dict[str, str]] = {}

    def start(self) -> None:
        (self.folder / "store").mkdir(mode=0o700)
        toml = self.folder / "relayd.toml"
        toml.write_text(self.configuration())
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(self.group.words(program("relayd"), "--config", toml), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.folder)
        if self.row.accept:
            self.suspend(self.row.domain, self.row.destinations)

    def configuration(self) -> str:
        zones = WORLD / "zones"
        tables: dict[str, dict[str, str]] = {
            "server": {"hostname": quoted("relay.bench")},
            "store": {"directory": quoted(self.folder / "store"), "minimum_free": quoted("10 MB")},
            # All load comes from one address.
            "intake": {"listen": f'["{RELAY}:{RELAY_PORT}"]', "client_connection_limit": "1000"},
            "dns": {"root_trust_anchor": quoted(zones / "root.key"), "root_hints": quoted(zones / "root.hints"),
                    "self_test_secure": quoted("d1.bench"), "self_test_bogus": quoted("")},
            # Every name server here has a loopback address.
            "dns.unbound": {quoted("do-not-query-localhost:"): quoted("no")},
            "delivery": {"loopback": "true", "ipv6": "false"},
            "tls": {"ca_file": quoted(WORLD / "certificates" / "webpki.crt")},
            "control": {"socket": quoted(self.folder / "control.sock")},
            "metrics": {"listen": quoted("")},
        }
        for table, keys in self.more.items():
            tables[table] |= keys
        if not self.row.reuse:
            tables["delivery"]["messages_per_connection"] = "1"
        lines: list[str] = []
        for table, keys in tables.items():
            lines += [f"[{table}]", *(f"{key} = {value}" for key, value in keys.items())]
        return "\n".join(lines) + "\n"

    def suspend(self, domain: str, count: int) -> None:
        """Mail is accepted and kept: no attempts for any of these destinations."""
        wait_for_port(RELAY, RELAY_PORT, 30)
        # As relayctl destinations suspend, without fifty processes.
        self.order(*(("POST", f"/v1/destinations/{domain % number}/suspend?reason=benchmark") for number in range(1, count + 1)))

    def finish(self) -> None:
        """Who lists the queue has what lies in the journal brought into the tables (docs/architecture.md)."""
        self.order(("GET", "/v1/queue?limit=1"))

    def order(self, *requests: tuple[str, str]) -> None:
        door = _ControlSocket(self.folder / "control.sock")
        for verb, path in requests:
            door.request(verb, path)
            with door.getresponse() as reply:
                said = reply.read()
                if reply.status != 200:
                    raise RuntimeError(f"{verb} {path}: {reply.status} {said!r}")
        door.close()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @classmethod
    def version(cls) -> str:
        return "relayd " + said(program("relayd"), "--version")
