"""The configuration relayd gets in the bed: the private root, loopback hosts, short times."""

from dataclasses import dataclass, field
from pathlib import Path

from . import addresses


@dataclass(frozen=True)
class Settings:
    """One relayd. `more` overrides or adds keys: {"delivery": {"port": "25"}}, values as TOML text; `rules` are its [[rule]] tables,
    `tables` those of other arrays of tables: ("dkim.key", {…})."""

    bed: Path
    folder: Path
    address: str
    port: int = addresses.RELAY_PORT
    store: Path | None = None
    more: dict[str, dict[str, str]] = field(default_factory=dict)
    rules: tuple[dict[str, str], ...] = ()
    tables: tuple[tuple[str, dict[str, str]], ...] = ()

    @property
    def control(self) -> Path:
        return self.folder / "control.sock"


def quoted(text: object) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def text(settings: Settings) -> str:
    zones, certificates = settings.bed / "zones", settings.bed / "certificates"
    tables: dict[str, dict[str, str]] = {
        "server": {"hostname": quoted(addresses.RELAY_NAME)},
        "store": {"directory": quoted(settings.store or settings.folder / "store"), "minimum_free": quoted("10 MB")},
        "intake": {"listen": f"[{quoted(f'{settings.address}:{settings.port}')}]", "networks": '["127.0.0.0/8"]',
                   "message_limit": quoted("120 MB"), "client_connection_limit": "200",
                   "tls_certificate": quoted(certificates / f"{addresses.RELAY_NAME}.crt"),
                   "tls_key": quoted(certificates / f"{addresses.RELAY_NAME}.key")},
        "dns": {"root_trust_anchor": quoted(zones / "root.key"), "root_hints": quoted(zones / "root.hints"),
                "lookup_timeout": quoted("10s"), "self_test_secure": quoted("good.example"), "self_test_bogus": quoted("bogus.example")},
        # Every name server of the bed has a loopback address.
        "dns.unbound": {quoted("do-not-query-localhost:"): quoted("no")},
        "delivery": {"loopback": "true", "ipv6": "false", "connect_timeout": quoted("5s"), "greeting_timeout": quoted("10s"),
                     "command_timeout": quoted("20s"), "tls_timeout": quoted("10s"), "shutdown_timeout": quoted("10s")},
        "tls": {"ca_file": quoted(certificates / "webpki.crt")},
        # First contact with policy-slow.example waits this long.
        "sts": {"first_wait": quoted("4s"), "fetch_timeout": quoted("8s")},
        "retry": {"minimum": quoted("2s"), "maximum": quoted("4s"), "jitter": "0.1", "delayed_after": quoted("0s")},
        # A scenario moves the clock for time to have passed.
        "queue": {"clock_patience": quoted("0")},
        "control": {"socket": quoted(settings.control)},
        "metrics": {"listen": quoted(f"{settings.address}:{addresses.METRICS_PORT}")},
        "log": {"level": quoted("info"), "format": quoted("text")},
    }
    for table, keys in settings.more.items():
        tables.setdefault(table, {}).update(keys)
    lines: list[str] = []
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f"{key} = {value}" for key, value in keys.items()), ""]
    for name, keys in (*(("rule", rule) for rule in settings.rules), *settings.tables):
        lines += [f"[[{name}]]", *(f"{key} = {value}" for key, value in keys.items()), ""]
    return "\n".join(lines)
