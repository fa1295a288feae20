"""The configuration relayd gets in the bed: the private root, loopback hosts, short times."""

from dataclasses import dataclass, field
from pathlib import Path

from . import addresses


@dataclass(frozen=True)
class Settings:
    """One relayd. `more` overrides or adds keys: {"delivery": {"port": "25"}}, values as TOML text."""

    bed: Path
    folder: Path
    address: str
    port: int = addresses.RELAY_PORT
    store: Path | None = None
    more: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def control(self) -> Path:
        return self.folder / "control.sock"


def _quoted(text: object) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def text(settings: Settings) -> str:
    zones = settings.bed / "zones"
    tables: dict[str, dict[str, str]] = {
        "server": {"hostname": _quoted(addresses.RELAY_NAME)},
        "store": {"directory": _quoted(settings.store or settings.folder / "store"), "minimum_free": _quoted("10 MB")},
        "intake": {"listen": f"[{_quoted(f'{settings.address}:{settings.port}')}]", "networks": '["127.0.0.0/8"]',
                   "message_limit": _quoted("120 MB"), "client_connection_limit": "200"},
        "dns": {"root_trust_anchor": _quoted(zones / "root.key"), "root_hints": _quoted(zones / "root.hints"),
                "lookup_timeout": _quoted("10s"), "self_test_secure": _quoted("good.example"), "self_test_bogus": _quoted("bogus.example")},
        # Every name server of the bed has a loopback address.
        "dns.unbound": {_quoted("do-not-query-localhost:"): _quoted("no")},
        "delivery": {"loopback": "true", "ipv6": "false", "connect_timeout": _quoted("5s"), "greeting_timeout": _quoted("10s"),
                     "command_timeout": _quoted("20s"), "tls_timeout": _quoted("10s"), "shutdown_timeout": _quoted("10s")},
        "retry": {"minimum": _quoted("2s"), "maximum": _quoted("4s"), "jitter": "0.1", "delayed_after": _quoted("0s")},
        "control": {"socket": _quoted(settings.control)},
        "log": {"level": _quoted("info"), "format": _quoted("text")},
    }
    for table, keys in settings.more.items():
        tables.setdefault(table, {}).update(keys)
    lines: list[str] = []
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f"{key} = {value}" for key, value in keys.items()), ""]
    return "\n".join(lines)
