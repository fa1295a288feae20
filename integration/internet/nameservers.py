"""Configuration of the name servers: three NSDs (root, example., the domains) and a validating unbound."""

from pathlib import Path

from . import addresses
from .domains import DOMAINS
from .zones import serving_file


def nsd(folder: Path, name: str, address: str, zones: dict[str, Path]) -> list[str]:
    """Writes the configuration of one NSD and returns its command line."""
    own = folder / f"nsd-{name}"
    own.mkdir()
    lines = ["server:", f" ip-address: {address}", " server-count: 1", ' username: ""', ' chroot: ""',
             f' zonesdir: "{own}"', f' database: ""', f' pidfile: "{own}/pid"', f' xfrdfile: "{own}/xfrd"',
             f' xfrdir: "{own}"', f' zonelistfile: "{own}/zones"', " hide-version: yes",
             # Tests ask as fast as they can.
             " rrl-ratelimit: 0", "remote-control:", " control-enable: no"]
    for zone, path in zones.items():
        lines += ["zone:", f' name: "{zone}"', f' zonefile: "{path}"']
    configuration = own / "nsd.conf"
    configuration.write_text("\n".join(lines) + "\n")
    return ["nsd", "-d", "-c", str(configuration)]


def unbound(folder: Path, zones: Path) -> list[str]:
    """The same of the resolver. `zones` holds the root's hints and key."""
    own = folder / "unbound"
    own.mkdir()
    (own / "unbound.conf").write_text(f"""server:
 interface: {addresses.RESOLVER}
 access-control: 127.0.0.0/8 allow
 username: ""
 chroot: ""
 directory: "{own}"
 pidfile: "{own}/pid"
 use-syslog: no
 logfile: ""
 val-log-level: 2
 do-not-query-localhost: no
 module-config: "validator iterator"
 root-hints: "{zones}/root.hints"
 trust-anchor-file: "{zones}/root.key"
 do-ip6: no
remote-control:
 control-enable: no
""")
    return ["unbound", "-d", "-p", "-c", str(own / "unbound.conf")]


def commands(folder: Path) -> dict[str, list[str]]:
    """Command lines of the servers, by name."""
    zones = folder / "zones"
    served = {domain.name: zones / serving_file(domain) for domain in DOMAINS if domain.dns != "absent" and not domain.alias_of}
    return {
        "nsd-root": nsd(folder, "root", addresses.ROOT_SERVER, {".": zones / "root.signed"}),
        "nsd-example": nsd(folder, "example", addresses.TLD_SERVER, {"example": zones / "example.signed"}),
        "nsd-domains": nsd(folder, "domains", addresses.ZONE_SERVER, served),
        "unbound": unbound(folder, zones),
    }
