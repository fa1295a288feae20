"""Zone files from the table, signed offline with ldns: root, example. and one zone for each domain."""

import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import addresses, certificates, dkimkeys
from .domains import DOMAINS, STS, Domain, absolute
from .policies import host_name

TTL = 60
# Of what scenarios change: MTA-STS records. Negative answers live as long (SOA).
SHORT_TTL = 2


def _soa(server: str) -> str:
    return f"@ {TTL} SOA {server} hostmaster.example. 1 3600 600 86400 {SHORT_TTL}"


def _zone_text(zone: str, lines: list[str]) -> str:
    return "\n".join([f"$ORIGIN {zone}." if zone else "$ORIGIN .", f"$TTL {TTL}", *lines, ""])


def sts_lines(domain: str, sts: STS) -> list[str]:
    """The TXT record and the address of the policy host, with complete names."""
    address = addresses.NOBODY if sts.http == "down" else addresses.POLICY_SERVER
    return [f'_mta-sts.{domain}. {SHORT_TTL} TXT "v=STSv1; id={sts.id};"', f"{host_name(domain)}. {SHORT_TTL} A {address}"]


def reports_lines(domain: Domain) -> list[str]:
    """The TLSRPT record or records, with complete names. Quotation marks within a text end one string of it and begin another."""
    return [f'_smtp._tls.{domain.name}. TXT "{text}"' for text in domain.reports.texts(domain.name)]


def _with_keys(line: str, certificate_folder: Path) -> str:
    """In a line of `records` {3 1 1 own of mx.good.example} stands for the TLSA record of another name's certificate."""
    return re.sub(r"\{(\d \d \d \w+) of (\S+)\}", lambda found: certificates.tlsa(certificate_folder, found[2], found[1]), line)


def domain_lines(domain: Domain, certificate_folder: Path) -> list[str]:
    """The zone of the table, without its MTA-STS records."""
    server = addresses.FAULTY_SERVER if domain.is_faulty else addresses.ZONE_SERVER
    lines = [_soa("ns"), "@ NS ns", f"ns A {server}"]
    lines += [f"@ MX {mx}" for mx in domain.mx or ()]
    for host in domain.hosts:
        lines.append(f"{host.name} A {host.address}")
        owner = "_25._tcp" if host.name == "@" else f"_25._tcp.{host.name}"
        name = absolute(host.name, domain.name)
        lines += [f"{owner} TLSA {certificates.tlsa(certificate_folder, name, record)}" for record in host.tlsa]
    return lines + [_with_keys(line, certificate_folder) for line in domain.records] + reports_lines(domain) + dkimkeys.lines(certificate_folder.parent / "dkim", domain.name)


class Signer:
    """One folder of zones with their keys; a zone is signed before its parent asks for its DS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}{done.stdout}")
        return done.stdout

    def write(self, zone: str, lines: list[str]) -> None:
        (self.folder / f"{zone or 'root'}.zone").write_text(_zone_text(zone, lines))

    def sign(self, zone: str, expired: bool = False, iterations: int | None = None) -> str:
        """Signs and returns the DS record; the key is made at the first time and kept. With `iterations`, NSEC3."""
        name = zone or "root"
        key_file = self.folder / f"{name}.keyname"
        if not key_file.exists():
            key_file.write_text(self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", zone or ".").strip())
        key = key_file.read_text()
        if expired:
            dates = ("-i", "20200101000000", "-e", "20200201000000")
        else:
            now = time.time()
            stamp = [time.strftime("%Y%m%d%H%M%S", time.gmtime(now + shift)) for shift in (-86400, 30 * 86400)]
            dates = ("-i", stamp[0], "-e", stamp[1])
        # NSEC3 for example., NSEC elsewhere: both denials are in the world. The KSK signs everything (one key a zone).
        rounds = 0 if zone == "example" else iterations
        denial = ("-n", "-t", str(rounds)) if rounds is not None else ()
        self._run("ldns-signzone", *dates, *denial, "-o", zone or ".", "-f", f"{name}.signed", f"{name}.zone", key)
        return self._run("ldns-key2ds", "-n", "-2", f"{key}.key").strip()

    def dnskey(self, zone: str) -> str:
        key = (self.folder / f"{zone or 'root'}.keyname").read_text()
        return (self.folder / f"{key}.key").read_text()


def write_domain(signer: Signer, domain: Domain, lines: list[str]) -> str:
    """Writes and signs a domain's zone; its DS, "" where it is unsigned."""
    signer.write(domain.name, lines)
    if domain.dns in ("unsigned", "unsigned faulty"):
        return ""
    ds = signer.sign(domain.name, expired=domain.dns == "expired", iterations=2500 if domain.dns == "iterated" else None)
    if domain.dns == "other key":
        # As in a parent that never heard of a new key, or that somebody else filled in.
        (signer.folder / f"{domain.name}.keyname").unlink()
        ds = signer.sign(domain.name)
        (signer.folder / f"{domain.name}.keyname").unlink()
        signer.sign(domain.name)
    for before, after in domain.tampered:
        file = signer.folder / f"{domain.name}.signed"
        text, count = re.subn(before, after, file.read_text())
        assert count, f"{domain.name}: no {before!r} to tamper with"
        file.write_text(text)
    return ds


def serving_file(domain: Domain) -> str:
    return f"{domain.name}.zone" if domain.dns in ("unsigned", "unsigned faulty", "stripped") else f"{domain.name}.signed"


def make_all(folder: Path, certificate_folder: Path) -> None:
    """Leaves the zones, `root.key` (trust anchor) and `root.hints` in `folder`."""
    signer = Signer(folder)

    def make(domain: Domain) -> list[str]:
        policy = sts_lines(domain.name, domain.sts) if domain.sts else []
        if domain.dns == "absent":
            return []
        if domain.alias_of:
            return [f"{domain.name}. CNAME {domain.alias_of}.", *policy, *reports_lines(domain)]
        ds = write_domain(signer, domain, domain_lines(domain, certificate_folder) + policy)
        server = addresses.FAULTY_SERVER if domain.is_faulty else addresses.ZONE_SERVER
        return [f"{domain.name}. NS ns.{domain.name}.", f"ns.{domain.name}. A {server}", *([ds] if ds else [])]

    with ThreadPoolExecutor(4) as pool:
        delegations = [line for lines in pool.map(make, DOMAINS) for line in lines]

    signer.write("example", [_soa("ns"), "@ NS ns", f"ns A {addresses.TLD_SERVER}", *delegations])
    ds = signer.sign("example")
    signer.write("", [_soa("a.root-server."), ". NS a.root-server.", f"a.root-server. A {addresses.ROOT_SERVER}",
                      "example. NS ns.example.", f"ns.example. A {addresses.TLD_SERVER}", ds])
    signer.sign("")
    (folder / "root.key").write_text(signer.dnskey(""))
    (folder / "root.hints").write_text(f". 3600000 NS a.root-server.\na.root-server. 3600000 A {addresses.ROOT_SERVER}\n")
