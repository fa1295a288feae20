"""The first process of the namespace: makes certificates and zones, starts the servers, then waits to be killed."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import addresses, certificates, exim, namespace, nameservers, opensmtpd, policies, postfix, reportsink, users, zones
from .domains import DOMAINS, hosts_of
from .ports import wait_for_port

START_LIMIT = 30.0  # seconds until every server must listen


class World:
    def __init__(self, folder: Path, packages: Path, code: Path) -> None:
        self.folder, self.packages, self.code = folder, packages, code
        self.started = time.monotonic()
        self.servers: dict[str, subprocess.Popen[bytes]] = {}

    def step(self, what: str) -> None:
        print(f"{time.monotonic() - self.started:6.2f} s  {what}", flush=True)

    def start(self, name: str, command: list[str]) -> None:
        log = open(self.folder / "log" / f"{name}.log", "ab")
        environment = os.environ | {"PYTHONPATH": str(self.code), "PYTHONDONTWRITEBYTECODE": "1"}
        self.servers[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env=environment, cwd=self.folder)

    def build(self) -> None:
        namespace.furnish(self.packages)
        users.add()
        namespace.write_etc(addresses.RESOLVER)
        for name in ("log", "mail"):
            (self.folder / name).mkdir()
        (self.folder / "log").chmod(0o1777)
        os.chown(self.folder / "mail", users.MAIL_READER, users.MAIL_READER)
        for domain in DOMAINS:
            maildir = self.folder / "mail" / domain.name
            for path in (maildir, *(maildir / part for part in ("tmp", "new", "cur"))):
                path.mkdir()
                os.chown(path, users.MAIL_READER, users.MAIL_READER)
        self.step("the namespace stands")
        certificates.make_all(self.folder / "certificates")
        self.step("certificates are made")
        zones.make_all(self.folder / "zones", self.folder / "certificates")
        self.step("zones are signed")

    def start_servers(self) -> None:
        for name, command in nameservers.commands(self.folder).items():
            self.start(name, command)
        self.start("dnsfaults", [sys.executable, "-m", "internet.dnsfaults"])
        self.start("scripted", [sys.executable, "-m", "internet.scripted", str(self.folder)])
        self.start("exim", exim.write(self.folder))
        self.start("opensmtpd", opensmtpd.write(self.folder))
        self.start("reportsink", [sys.executable, "-m", "internet.reportsink"])
        self.start("nginx", policies.write(self.folder))
        instances = [postfix.sender(self.folder), postfix.receivers(self.folder)]
        postfix.judge(self.folder)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(postfix.Instance.start, instances))
        for address, port in self.ports():
            wait_for_port(address, port, START_LIMIT)

    def ports(self) -> list[tuple[str, int]]:
        names = [addresses.ROOT_SERVER, addresses.TLD_SERVER, addresses.ZONE_SERVER, addresses.FAULTY_SERVER, addresses.RESOLVER]
        hosts = [host for domain in DOMAINS for host in domain.hosts if host.server != "nothing"]
        mail = [(host.address, port) for host in hosts for port in (postfix.SMARTHOST_PORTS if host.server == "smarthost" else (25,))]
        return [(name, 53) for name in names] + mail + [(addresses.POLICY_SERVER, 443), (addresses.REPORT_SINK, reportsink.PORT)]

    def stand(self) -> None:
        """Reaps orphans (this is process 1) and notices a server that dies."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            try:
                number, status = os.wait()
            except ChildProcessError:
                time.sleep(1)
                continue
            for name, server in self.servers.items():
                if server.pid == number:
                    self.step(f"{name} ended: {os.waitstatus_to_exitcode(status)}")


def main() -> None:
    folder, packages, code = (Path(argument) for argument in sys.argv[1:4])
    os.umask(0o022)
    world = World(folder, packages, code)
    world.build()
    world.start_servers()
    world.step("every server listens")
    (folder / "ready").touch()
    world.stand()


if __name__ == "__main__":
    main()
