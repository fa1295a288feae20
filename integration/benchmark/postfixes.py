"""Postfix twice: as Debian installs it, and well tuned."""

import subprocess

from internet.postfix import Instance

from .group import Group
from .places import RELAY, RELAY_PORT
from .relays import RelayUnderTest
from .rows import POSTFIX, TUNED, Row

_TLS = {"clear": "none", "may": "may", "dane": "dane"}

TUNING = {
    "default_destination_concurrency_limit": "100",
    "initial_destination_concurrency": "20",
    "qmgr_message_active_limit": "100000",
    "qmgr_message_recipient_limit": "100000",
    "in_flow_delay": "0",
    "smtpd_peername_lookup": "no",
    # Processes that take 5,000 turns before they are started anew; 100 are too few here.
    "max_use": "5000",
    # Open connections are kept always, and for as long as relayd keeps them.
    "smtp_connection_cache_destinations": "static:all",
    "smtp_connection_cache_time_limit": "5s",
    "connection_cache_ttl_limit": "5s",
}


def processes(row: Row) -> str:
    """default_process_limit: of 40, 100 and 300 the best on two processors in accepting, in clear and over DANE; each session takes one."""
    return "100" if row.sessions > 20 else "40"


class Postfix(RelayUnderTest):
    name = POSTFIX
    proof = "Verified TLS connection established"
    tuning: dict[str, str] = {}

    def __init__(self, row: Row, group: Group, talkative: bool = False) -> None:
        super().__init__(row, group, talkative)
        self.instance = Instance("bench", self.folder)

    def start(self) -> None:
        (self.folder / "log").mkdir()
        (self.folder / "log").chmod(0o1777)
        self.instance.write_with(self.settings(), [f"{RELAY}:{RELAY_PORT} inet n - n - - smtpd", "tlsproxy unix - - n - 0 tlsproxy"])
        self.instance.start(prefix=tuple(self.group.words()) if self.group.path else ())

    def settings(self) -> dict[str, str]:
        settings = {
            "myhostname": "relay.bench",
            "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            # All load comes from one address.
            "smtpd_client_connection_count_limit": "0",
            "smtp_dns_support_level": "dnssec",
            "smtp_tls_security_level": _TLS[self.row.security],
            # As Debian's own main.cf has it.
            "smtp_tls_session_cache_database": "btree:${data_directory}/smtp_scache",
        } | self.tuning
        if self.talkative:
            # Else it does not say whether it verified, and a line more for each connection costs time.
            settings["smtp_tls_loglevel"] = "1"
        if self.row.accept:
            settings["smtpd_recipient_restrictions"] = "check_client_access static:HOLD"
        if self.tuning:
            settings["default_process_limit"] = processes(self.row)
            settings["smtp_tls_connection_reuse"] = "yes" if self.row.reuse else "no"
        if not self.row.reuse:
            settings |= {"smtp_connection_cache_on_demand": "no", "smtp_connection_cache_destinations": ""}
        return settings

    def stop(self) -> None:
        self.instance.stop()

    @classmethod
    def version(cls) -> str:
        return "Postfix " + subprocess.run(["postconf", "-d", "-h", "mail_version"], capture_output=True, text=True).stdout.strip()


class TunedPostfix(Postfix):
    name = TUNED
    tuning = TUNING

    @classmethod
    def version(cls) -> str:
        return f"{super().version()} with {', '.join(f'{key} {value}' for key, value in TUNING.items())}, smtp_tls_connection_reuse yes, default_process_limit 40 (for 100 sessions 100)"
