"""Exim (GnuTLS): a process for each connection, and one more for each message it delivers."""

import shutil
import subprocess
from pathlib import Path

from .places import RELAY, RELAY_PORT
from .relays import RelayUnderTest, said
from .rows import EXIM


class Exim(RelayUnderTest):
    name = EXIM
    proof = "CV=dane"

    def start(self) -> None:
        spool = self.folder / "spool"
        spool.mkdir()
        shutil.chown(spool, "Debian-exim", "Debian-exim")
        place = Path("/etc/exim4")
        place.mkdir(exist_ok=True)
        # Exim keeps its rights for this file only.
        (place / "exim4.conf").write_text(self.configuration(spool))
        with open(self.folder / "output.log", "wb") as log:
            # A daemon with -q looks through the queue as it starts, and would deliver what is to be kept.
            runs = () if self.row.accept else ("-q1h",)
            self.process = subprocess.Popen(self.group.words("exim4", "-bdf", *runs), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def configuration(self, spool: Path) -> str:
        """Limits that would refuse or put off the load are lifted; what it syncs is its own choice."""
        return f"""\
primary_hostname = relay.bench
local_interfaces = {RELAY}
daemon_smtp_ports = {RELAY_PORT}
spool_directory = {spool}
log_file_path = {spool}/log/%slog
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
smtp_connect_backlog = 512
smtp_accept_max_nonmail = 1000000
check_spool_space = 0
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
dns_dnssec_ok = 1
disable_ipv6
acl_smtp_rcpt = accept
acl_smtp_data = accept
{"queue_only" if self.row.accept else ""}

begin routers
world:
  driver = dnslookup
  dnssec_request_domains = *
  self = send
  transport = out

begin transports
out:
  driver = smtp
  hosts_try_dane = {"*" if self.row.security == "dane" else ""}
  {"" if self.row.security != "clear" else "hosts_avoid_tls = *"}

begin retry
* * F,1h,5s
"""

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @classmethod
    def version(cls) -> str:
        return " ".join(said("exim4", "-bV").split()[:3]).replace("Exim version", "Exim") + ", GnuTLS"
