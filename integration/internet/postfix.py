"""The Postfix instances: the submitting one, and one that plays many mail hosts, each with its own address and certificate."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import addresses
from .domains import DOMAINS, KNOWN_RECIPIENT, hosts_of
from .users import MAIL_READER

# Above the largest message a scenario sends.
MESSAGE_LIMIT = 150_000_000
SMARTHOST_USER, SMARTHOST_PASSWORD = "waxwing", "sealing-wax"
SMARTHOST_PORTS = (465, 587, 2587)

_MASTER = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

# For instances of the mini-internet: nothing but what a test asks for takes time, or is refused.
_OF_THE_BED = {
    "biff": "no",
    "smtpd_peername_lookup": "no",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_error_sleep_time": "0",
    "in_flow_delay": "0",
    "message_size_limit": str(MESSAGE_LIMIT),
    "mailbox_size_limit": "0",
    "virtual_mailbox_limit": "0",
    "virtual_uid_maps": f"static:{MAIL_READER}",
    "virtual_gid_maps": f"static:{MAIL_READER}",
    "recipient_delimiter": "+",
    # Deliveries to a maildir are cheap, and the kill test wants many at once.
    "virtual_destination_concurrency_limit": "50",
    "default_process_limit": "200",
}


@dataclass(frozen=True)
class Instance:
    """A Postfix with its own configuration, queue and log."""

    name: str
    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / f"postfix-{self.name}"

    @property
    def log(self) -> Path:
        return self.folder / "log" / f"postfix-{self.name}.log"

    def write(self, settings: dict[str, str], listeners: list[str]) -> None:
        self.write_with(_OF_THE_BED | {"virtual_mailbox_base": f"{self.folder}/mail"} | settings, listeners)

    def write_with(self, settings: dict[str, str], listeners: list[str]) -> None:
        """Folders, main.cf and master.cf: where things are, these settings, and else Postfix's own defaults."""
        own = self.configuration
        own.mkdir()
        (own / "queue").mkdir()
        (own / "data").mkdir()
        shutil.chown(own / "data", "postfix", "postfix")
        places = {
            "compatibility_level": "3.6",
            "queue_directory": f"{own}/queue",
            "data_directory": f"{own}/data",
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "meta_directory": "/etc/postfix",
            "shlib_directory": "/usr/lib/postfix",
            "maillog_file": str(self.log),
            "maillog_file_prefixes": str(self.folder),
            "inet_protocols": "ipv4",
            "inet_interfaces": "127.0.0.1",
            "mydestination": "",
            "local_transport": "error:there are no local users",
            "alias_maps": "",
        }
        (own / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in (places | settings).items()))
        (own / "master.cf").write_text(_MASTER + "".join(line + "\n" for line in listeners))

    def start(self, prefix: tuple[str, ...] = ()) -> None:
        """`prefix`: words before the command."""
        done = subprocess.run([*prefix, "postfix", "-c", str(self.configuration), "start"], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"postfix {self.name}: {done.stderr}{done.stdout}{_tail(self.log)}")

    def stop(self) -> None:
        subprocess.run(["postfix", "-c", str(self.configuration), "stop"], capture_output=True)


def _tail(log: Path) -> str:
    return log.read_text()[-2000:] if log.exists() else ""


def _listener(address: str, name: str, certificate: Path | None, more: tuple[str, ...] = (), port: int = 25) -> str:
    options = [f"myhostname={name}", f"syslog_name=postfix/{name}", *more]
    if certificate:
        options += ["smtpd_tls_security_level=may", f"smtpd_tls_chain_files={certificate}"]
    return " ".join([f"{address}:{port} inet n - n - - smtpd", *(f"-o {option}" for option in options)])


def _certificate(folder: Path, name: str, kind: str) -> Path | None:
    return None if kind == "none" else folder / "certificates" / f"{name}.pem"


def sender(folder: Path) -> Instance:
    """Takes mail from `sendmail` and SMTP, relays all of it to relayd, and is the MX of the senders' domain."""
    instance = Instance("sender", folder)
    domain = addresses.SENDER_DOMAIN
    _, name, host = hosts_of("sender")[0]
    mailboxes = folder / "sender-mailboxes"
    mailboxes.write_text(f"@{domain} {domain}/\n")
    instance.write(
        {
            "myhostname": name,
            "myorigin": domain,
            "mynetworks": "127.0.0.0/8",
            "relayhost": f"[{addresses.RELAY}]:{addresses.RELAY_PORT}",
            "smtp_tls_security_level": "none",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "virtual_mailbox_domains": domain,
            "virtual_mailbox_maps": f"texthash:{mailboxes}",
            "smtpd_tls_received_header": "yes",
            "default_destination_concurrency_limit": "50",
            "initial_destination_concurrency": "20",
            # Tests restart relayd under it: be back soon.
            "queue_run_delay": "2s",
            "minimal_backoff_time": "2s",
            "maximal_backoff_time": "4s",
            "transport_retry_time": "2s",
        },
        [_listener(addresses.SENDER_MX, name, _certificate(folder, name, host.certificate))])
    return instance


def receivers(folder: Path) -> Instance:
    """One Postfix that is many mail hosts."""
    instance = Instance("receivers", folder)
    mailboxes = folder / "receivers-mailboxes"
    lines = [f"{KNOWN_RECIPIENT}@rejects.example rejects.example/"]
    lines += [f"@{domain.name} {domain.name}/" for domain in _received() if domain.name != "rejects.example"]
    mailboxes.write_text("\n".join(lines) + "\n")
    instance.write(
        {
            "myhostname": "receivers.invalid",
            "mynetworks": "",
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "virtual_mailbox_domains": ", ".join(domain.name for domain in _received()),
            "virtual_mailbox_maps": f"texthash:{mailboxes}",
            "smtpd_tls_loglevel": "1",
            "smtpd_tls_received_header": "yes",
            "smtpd_sasl_mechanism_filter": "plain, login",
        },
        [_listener(host.address, name, _certificate(folder, name, host.certificate), host.options)
         for _, name, host in hosts_of("postfix")] + _smarthost(folder))
    return instance


def _smarthost(folder: Path, passwords: Path = Path("/etc/sasldb2")) -> list[str]:
    """Listeners that take mail for every domain here, over TLS and for the password of SMARTHOST_USER only."""
    subprocess.run(["saslpasswd2", "-p", "-c", "-f", passwords, "-u", "smarthost", SMARTHOST_USER], input=SMARTHOST_PASSWORD.encode(),
                   capture_output=True, check=True)
    passwords.chmod(0o644)
    options = ("smtpd_sasl_auth_enable=yes", "smtpd_tls_auth_only=yes", "smtpd_sasl_local_domain=smarthost",
               "smtpd_sasl_authenticated_header=yes", "smtpd_client_restrictions=permit_sasl_authenticated,reject")
    ((_, name, host),) = hosts_of("smarthost")
    certificate = _certificate(folder, name, host.certificate)
    return [_listener(host.address, name, certificate, options if port != 465 else (*options, "smtpd_tls_wrappermode=yes"), port=port)
            for port in SMARTHOST_PORTS]


def _received() -> list:
    """Every domain, for an MX may be shared (dane-host.example is served by mx.good.example)."""
    return [domain for domain in DOMAINS if domain.name != addresses.SENDER_DOMAIN]


def judge(folder: Path) -> Instance:
    """Postfix in the place of relayd, `dane` level: the second opinion that the bed is what it claims to be."""
    instance = Instance("judge", folder)
    instance.write(
        {
            "myhostname": "judge.invalid",
            "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "smtp_dns_support_level": "dnssec",
            "smtp_tls_security_level": "dane",
            "smtp_tls_loglevel": "1",
            "smtp_host_lookup": "dns",
            "minimal_backoff_time": "2s",
            "maximal_backoff_time": "4s",
            "queue_run_delay": "2s",
            # So that what it does at a host is not taken for a relay's doing.
            "smtp_bind_address": addresses.LOOKER,
            # No connection reuse: each delivery is judged for itself.
            "smtp_connection_cache_on_demand": "no",
        },
        [])
    return instance
