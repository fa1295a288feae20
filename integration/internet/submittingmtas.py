"""MTAs whose next hop is relayd: Postfix, Exim and OpenSMTPD, each with a queue, a configuration and a log of its own.

What their clients can (Debian 12):
Postfix   3.7  PIPELINING, SIZE, 8BITMIME, SMTPUTF8, DSN, STARTTLS, implicit TLS, client certificates, AUTH (Cyrus SASL: PLAIN, LOGIN,
               SCRAM-SHA-256), XFORWARD, LMTP over TCP and Unix sockets. No CHUNKING, no REQUIRETLS, no LIMITS.
Exim      4.96 PIPELINING (also before EHLO, where it is offered), SIZE, 8BITMIME, SMTPUTF8, DSN, CHUNKING, STARTTLS, implicit TLS, AUTH PLAIN and LOGIN, LMTP.
OpenSMTPD 6.8  SIZE, 8BITMIME, DSN, STARTTLS, implicit TLS, AUTH PLAIN and LOGIN within TLS, LMTP. (Here it is its server that fails every
               handshake with OpenSSL 3; its client does not.)
"""

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from . import addresses
from .inside import wait_for
from .ports import wait_for_port
from .postfix import Instance
from .relay import Relay
from .smtpwire import stuffed
from .submission import Letter
from .submitters import in_own_mounts, naming, run

LMTP_SERVICE = "lmtp unix - - n - - lmtp"


class PostfixClient:
    """A Postfix of the scenario's own; `settings` go above what every one has. Use as a context.

    With `listen`, an address, it also takes mail there; `services` are further lines of its master.cf.
    """

    def __init__(self, relay: Relay, name: str, listen: str = "", services: tuple[str, ...] = (), **settings: str) -> None:
        self.instance = Instance(name, relay.bed.folder)
        shutil.rmtree(self.instance.configuration, ignore_errors=True)
        self.instance.write(
            {
                "myhostname": f"{name}.example",
                "myorigin": addresses.SENDER_DOMAIN,
                "mynetworks": "127.0.0.0/8",
                "relayhost": f"[{relay.address}]:{addresses.RELAY_PORT}",
                "smtp_tls_security_level": "none",
                "smtp_tls_loglevel": "1",
                "smtpd_relay_restrictions": "permit_mynetworks, reject",
                "smtputf8_enable": "yes",
                "smtp_address_preference": "ipv4",
                "queue_run_delay": "2s", "minimal_backoff_time": "2s", "maximal_backoff_time": "4s", "transport_retry_time": "2s",
            } | settings, [LMTP_SERVICE, *services, *([f"{listen}:25 inet n - n - - smtpd"] if listen else [])])

    def __enter__(self) -> "PostfixClient":
        self.instance.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.instance.stop()

    @property
    def configuration(self) -> Path:
        return self.instance.configuration

    def log(self) -> str:
        return self.instance.log.read_text(errors="replace") if self.instance.log.exists() else ""

    def sendmail(self, letter: Letter, *options: str) -> None:
        run(["sendmail", "-i", "-C", self.configuration, *options, "-f", letter.sender, *letter.recipients], stdin=letter.content)

    def queue(self, letter: Letter) -> dict[str, str]:
        """What `postqueue -j` says of the letter's recipients: address to reason; "" before an attempt."""
        listing = subprocess.run(["postqueue", "-c", str(self.configuration), "-j"], capture_output=True, text=True, check=True).stdout
        return {recipient["address"]: recipient.get("delay_reason", "")
                for line in listing.splitlines() if (entry := json.loads(line))["sender"] == letter.sender
                for recipient in entry["recipients"]}

    def reason(self, letter: Letter, recipient: str, limit: float = 40) -> str:
        """Why a recipient is still in the queue, as soon as that is known."""
        return wait_for(f"reason in the queue for {recipient}", lambda: self.queue(letter).get(recipient), limit)

    def outcome(self, letter: Letter, recipient: str, status: str, limit: float = 40) -> str:
        """The log line that says status=… of a recipient of the letter."""
        def found() -> str:
            log = self.log().splitlines()
            queue_ids = {line.split("]: ")[1].split(":")[0] for line in log if f"from=<{letter.sender}>" in line and "]: " in line}
            return next((line for line in log if f"status={status}" in line and f"to=<{recipient}>" in line
                         and line.split("]: ")[1].split(":")[0] in queue_ids), "")
        return wait_for(f"status={status} of {recipient}", found, limit)


def sasl_passwords(folder: Path, destination: str, user: str, password: str) -> str:
    """smtp_sasl_password_maps for one destination."""
    table = folder / "sasl-passwords"
    table.write_text(f"{destination} {user}:{password}\n")
    return f"texthash:{table}"


class EximClient:
    """An Exim that sends all it gets to one place, one message at a time. `transport` and `rest` are lines of its configuration."""

    def __init__(self, relay: Relay, name: str, port: int = addresses.RELAY_PORT, transport: str = "", authenticators: str = "",
                 main: str = "") -> None:
        self.folder = relay.folder / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        spool = self.folder / "spool"
        spool.mkdir()
        shutil.chown(self.folder, "Debian-exim", "Debian-exim")
        shutil.chown(spool, "Debian-exim", "Debian-exim")
        self.file = self.folder / "exim.conf"
        self.log_file = self.folder / "mainlog"
        self.file.write_text(f"""\
primary_hostname = {name}.example
spool_directory = {spool}
log_file_path = {self.folder}/%slog
log_selector = +tls_cipher +smtp_confirmation +received_recipients
keep_environment =
host_lookup =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
check_spool_space = 0
trusted_users = root
{main}
acl_smtp_rcpt = accept
begin acl
begin routers
relay:
  driver = manualroute
  transport = relay
  route_list = * {relay.address}::{port}
begin transports
relay:
  driver = smtp
  allow_localhost
  hosts_try_fastopen =
{transport}
begin retry
* * F,1h,5s
begin authenticators
{authenticators}
""")

    def send(self, letter: Letter, mail: str = "", rcpt: str = "") -> str:
        """By its own SMTP on standard input, with these parameters; delivered before it returns. Its log of it."""
        before = len(self.log())
        lines = ["EHLO injector.example", f"MAIL FROM:<{letter.sender}> {mail}".rstrip(),
                 *(f"RCPT TO:<{one}> {rcpt}".rstrip() for one in letter.recipients), "DATA"]
        typed = "".join(line + "\r\n" for line in lines).encode() + stuffed(letter) + b".\r\nQUIT\r\n"
        said = run(["exim4", "-C", self.file, "-odf", "-bs"], stdin=typed)
        assert said.count("\n250 OK id=") == 1, said
        return self._settled(before)

    def _settled(self, before: int) -> str:
        return wait_for("Exim's log", lambda: (new := self.log()[before:]) and any(mark in new for mark in (" => ", " == ", " ** ")) and new, 30)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


class OpenSMTPDClient:
    """An OpenSMTPD that relays all it gets at `address`:25 to `url`. Use as a context."""

    def __init__(self, relay: Relay, name: str, address: str, url: str = "", options: str = "", tables: str = "") -> None:
        self.relay, self.address = relay, address
        self.folder = relay.folder / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.log_file = self.folder / "smtpd.log"
        self.file = self.folder / "smtpd.conf"
        url = url or f"smtp+notls://{relay.address}:{addresses.RELAY_PORT}"
        self.file.write_text(f'{tables}\nlisten on {address} port 25 hostname {name}.example\n'
                             f'action "relay" relay host {url} helo {name}.example {options}\nmatch from any for any action "relay"\n')
        self.file.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "OpenSMTPDClient":
        # Its queue, its socket and its authorities lie where it wants them.
        setup = ("mount -t tmpfs spool /var/spool && mkdir -m 711 /var/spool/smtpd && mount -t tmpfs run /run && "
                 f"mount --bind '{self.relay.bed.folder}/certificates/webpki.crt' /etc/ssl/certs/ca-certificates.crt")
        command = naming(self.relay, in_own_mounts(setup, ["/usr/sbin/smtpd", "-d", "-f", self.file]))
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([str(word) for word in command],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for_port(self.address, 25, 20)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def outcome(self, letter: Letter, limit: float = 40) -> str:
        """The log line of the first attempt's end."""
        return wait_for("OpenSMTPD's word", lambda: next((line for line in self.log().splitlines() if f"from=<{letter.sender}>" in line
                                                          and " result=" in line), ""), limit)
