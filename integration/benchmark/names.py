"""The names of the benchmark: a signed root, bench., and a signed zone for each domain mail is for."""

from concurrent.futures import ThreadPoolExecutor

from internet import addresses, certificates, nameservers
from internet.zones import Signer

from .places import DOMAINS, SINK_CERTIFICATE, WORLD, host_address

# Longer than any run: a row measures deliveries, not lookups of what was known.
TTL = 7200
# MX hosts of the domains with MTA-STS: one wildcard certificate is right for all of them.
HOSTS = "mx.bench"

_SOA = f"@ {TTL} SOA ns hostmaster.bench. 1 3600 600 86400 {TTL}"


def make_certificates() -> None:
    """The sink's: ECDSA P-256, a chain of two, right for DANE-EE as for MTA-STS."""
    folder = WORLD / "certificates"
    folder.mkdir()
    certificates.make_authorities(folder)
    certificates.make(folder, SINK_CERTIFICATE, "next-hop-name", f"*.{HOSTS}")
    for path in folder.iterdir():
        path.chmod(0o644)


def make_zones(cold: int) -> dict[str, list[str]]:
    """Signs everything; the command lines of the name servers by name. `cold`: how many domains nothing asks for but one row."""
    folder = WORLD / "zones"
    signer = Signer(folder)
    tlsa = certificates.tlsa(WORLD / "certificates", SINK_CERTIFICATE, "3 1 1 own")

    def domain(name: str, number: int, secured: bool) -> list[str]:
        lines = [_SOA, f"@ {TTL} NS ns", f"ns {TTL} A {addresses.ZONE_SERVER}", f"@ {TTL} MX 10 mx", f"mx {TTL} A {host_address(number)}"]
        if secured:
            lines.append(f"_25._tcp.mx {TTL} TLSA {tlsa}")
        return delegated(name, lines)

    def delegated(name: str, lines: list[str]) -> list[str]:
        signer.write(name, lines)
        ds = signer.sign(name)
        return [f"{name}. {TTL} NS ns.{name}.", f"ns.{name}. {TTL} A {addresses.ZONE_SERVER}", ds]

    def with_policy(name: str, number: int) -> list[str]:
        return delegated(name, [_SOA, f"@ {TTL} NS ns", f"ns {TTL} A {addresses.ZONE_SERVER}", f"@ {TTL} MX 10 h{number}.{HOSTS}.",
                                f'_mta-sts {TTL} TXT "v=STSv1; id=1;"', f"mta-sts {TTL} A {addresses.POLICY_SERVER}"])

    jobs = [(domain, f"d{number}.bench", number, True) for number in range(1, DOMAINS + 1)]
    jobs += [(domain, f"p{number}.bench", DOMAINS + number, False) for number in range(1, DOMAINS + 1)]
    # Cold ones: DANE and MTA-STS in turn.
    first = 2 * DOMAINS
    jobs += [(domain, f"c{number}.bench", first + number, True) if number % 2 else (with_policy, f"c{number}.bench", first + number)
             for number in range(1, cold + 1)]
    with ThreadPoolExecutor(4) as pool:
        delegations = [line for lines in pool.map(lambda job: job[0](*job[1:]), jobs) for line in lines]
    hosts = [f"h{first + number} {TTL} A {host_address(first + number)}" for number in range(2, cold + 1, 2)]
    delegations += delegated(HOSTS, [_SOA, f"@ {TTL} NS ns", f"ns {TTL} A {addresses.ZONE_SERVER}", *hosts])
    _write_top(signer, delegations)
    served = {job[1]: folder / f"{job[1]}.signed" for job in jobs} | {HOSTS: folder / f"{HOSTS}.signed"}
    return {
        "nsd-root": nameservers.nsd(WORLD, "root", addresses.ROOT_SERVER, {".": folder / "root.signed"}),
        "nsd-bench": nameservers.nsd(WORLD, "bench", addresses.TLD_SERVER, {"bench": folder / "bench.signed"}),
        "nsd-domains": nameservers.nsd(WORLD, "domains", addresses.ZONE_SERVER, served),
        "unbound": nameservers.unbound(WORLD, folder),
    }


def _write_top(signer: Signer, delegations: list[str]) -> None:
    signer.write("bench", [_SOA, f"@ {TTL} NS ns", f"ns {TTL} A {addresses.TLD_SERVER}", *delegations])
    ds = signer.sign("bench")
    signer.write("", [f"@ {TTL} SOA a.root-server. hostmaster.bench. 1 3600 600 86400 {TTL}", f". {TTL} NS a.root-server.",
                      f"a.root-server. {TTL} A {addresses.ROOT_SERVER}", f"bench. {TTL} NS ns.bench.",
                      f"ns.bench. {TTL} A {addresses.TLD_SERVER}", ds])
    signer.sign("")
    (signer.folder / "root.key").write_text(signer.dnskey(""))
    (signer.folder / "root.hints").write_text(f". 3600000 NS a.root-server.\na.root-server. 3600000 A {addresses.ROOT_SERVER}\n")


def policy_hosts(cold: int) -> list[str]:
    """Certificates and policies of the cold domains with MTA-STS, and the command line of their nginx."""
    own = WORLD / "nginx"
    own.mkdir()
    names = [f"mta-sts.c{number}.bench" for number in range(2, cold + 1, 2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: certificates.make(WORLD / "certificates", name, "webpki"), names))
    policy = f"version: STSv1\r\nmode: enforce\r\nmx: *.{HOSTS}\r\nmax_age: 604800\r\n"
    temporary = "\n".join(f"  {kind}_temp_path {own}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (own / "mta-sts.txt").write_bytes(policy.encode())
    (own / "nginx.conf").write_text(f"""\
user root;
daemon off;
worker_processes 1;
pid {own}/pid;
error_log {WORLD}/log/nginx.log warn;
events {{ worker_connections 4000; }}
http {{
{temporary}
  access_log off;
  default_type text/plain;
  types {{ text/plain txt; }}
  server {{
    listen {addresses.POLICY_SERVER}:443 ssl backlog=4000;
    ssl_certificate {WORLD}/certificates/$ssl_server_name.crt;
    ssl_certificate_key {WORLD}/certificates/$ssl_server_name.key;
    location = /.well-known/mta-sts.txt {{ alias {own}/mta-sts.txt; }}
  }}
}}
""")
    return ["nginx", "-e", f"{WORLD}/log/nginx.log", "-c", str(own / "nginx.conf")]
