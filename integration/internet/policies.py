"""The policy hosts of MTA-STS: one nginx, one address, a certificate and a folder for each domain.

How a host misbehaves is a file in its folder, `fault-NAME`, looked for at each request: a scenario can change it while it runs.

redirect 302 307   a redirect to a good policy on the same host; `redirect` by a 301
203        a good policy with this status
404 503 304        these statuses
html       the policy, as text/html
no-type    the policy without a media type
utf-16     the policy, as text/plain of this character set
oversize   65,537 octets that begin with a good policy
slow       the policy, an octet a second
empty      the connection is closed without an answer
invalid    the policy without its version
lf no-end  the policy with LF for line ends; without the last one
bom nul mode no-mx         the policy with a byte order mark; a NUL in a further field; mode Enforce; without its MX
down       (of the table, not a file) the name has an address where nothing listens
alert      (so too) the TLS handshake ends in an alert
"""

from pathlib import Path

from . import addresses, reportsink
from .domains import DOMAINS, STS, Domain, absolute

# RFC 8461 §3.3 suggests 64 KB; one more is too many.
OVERSIZE = 65_537
# Who looks at the bed itself (User-Agent).
INSPECTOR = "bed-inspector"
REDIRECTS = {"redirect": 301, "302": 302, "307": 307}
TEXTS = ("oversize", "invalid", "lf", "no-end", "bom", "nul", "mode", "no-mx")
TYPES = {"html": 'types { text/html txt; }', "no-type": 'types { } default_type "";', "utf-16": 'types { } default_type "text/plain; charset=utf-16";'}
FAULTS = ("203", "304", "404", "503", "slow", "empty", *REDIRECTS, *TEXTS, *TYPES)


def host_name(domain: str) -> str:
    return f"mta-sts.{domain}"


def text(domain: str, sts: STS) -> bytes:
    lines = ["version: STSv1", f"mode: {sts.mode}", *(f"mx: {absolute(name, domain)}" for name in sts.mx), f"max_age: {sts.max_age}"]
    return "".join(line + "\r\n" for line in lines).encode()


def _odd(good: bytes) -> dict[str, bytes]:
    """A good policy, altered in the ways of TEXTS."""
    filler = b"x-filler: " + b"x" * 50 + b"\r\n"
    return {
        "oversize": (good + filler * (OVERSIZE // len(filler) + 1))[:OVERSIZE], "invalid": good.removeprefix(b"version: STSv1\r\n"),
        "lf": good.replace(b"\r\n", b"\n"), "no-end": good.removesuffix(b"\r\n"), "bom": b"\xef\xbb\xbf" + good, "nul": good + b"x-nul: a\0b\r\n",
        "mode": good.replace(b"mode: e", b"mode: E"), "no-mx": b"".join(line for line in good.splitlines(True) if not line.startswith(b"mx:")),
    }


def publish(folder: Path, domain: str, sts: STS) -> None:
    """Writes the policy and how it is served. Holds for the next request."""
    own = folder / "policies" / domain
    own.mkdir(parents=True, exist_ok=True)
    good = text(domain, sts)
    for name, content in {"good": good, **_odd(good)}.items():
        # A request must not meet half a file.
        (own / "new").write_bytes(content)
        (own / "new").rename(own / f"{name}.txt")
    for fault in FAULTS:
        mark = own / f"fault-{fault}"
        if fault == sts.http:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)


def requests(folder: Path, domain: str) -> list[str]:
    """Status codes of the requests this domain's policy host got, in order; without the bed's own."""
    log = folder / "log" / "nginx-access.log"
    lines = (line.split(maxsplit=3) for line in log.read_text().splitlines()) if log.exists() else ()
    return [status for _, name, status, agent in lines if name == host_name(domain) and agent != INSPECTOR]


def _server(folder: Path, domain: Domain) -> str:
    name = host_name(domain.name)
    own = folder / "policies" / domain.name
    if domain.sts and domain.sts.http == "alert":
        # As for any name the server does not know.
        return ""
    redirects = "\n".join(f"      if (-f {own}/fault-{fault}) {{ return {status} https://{name}/good.txt; }}" for fault, status in REDIRECTS.items())
    texts = "\n".join(f"      if (-f {own}/fault-{fault}) {{ rewrite ^ /{fault}.txt last; }}" for fault in TEXTS)
    types = "\n".join(f"      if (-f {own}/fault-{fault}) {{ rewrite ^ /{fault}/good.txt last; }}" for fault in TYPES)
    places = "\n".join(f"    location /{fault}/ {{ alias {own}/; {words} }}" for fault, words in TYPES.items())
    return f"""
  server {{
    listen {addresses.POLICY_SERVER}:443 ssl;
    server_name {name};
    ssl_certificate {folder}/certificates/{name}.crt;
    ssl_certificate_key {folder}/certificates/{name}.key;
    root {own};
    location = /.well-known/mta-sts.txt {{
{redirects}
      error_page 418 =203 /good.txt;
      if (-f {own}/fault-203) {{ return 418; }}
      if (-f {own}/fault-304) {{ return 304; }}
      if (-f {own}/fault-404) {{ return 404; }}
      if (-f {own}/fault-503) {{ return 503; }}
      if (-f {own}/fault-empty) {{ return 444; }}
{texts}
{types}
      if (-f {own}/fault-slow) {{ set $limit_rate 1; }}
      rewrite ^ /good.txt last;
    }}
{places}
  }}
"""


def write(folder: Path) -> list[str]:
    """Writes the configuration and the policies, returns the command."""
    own = folder / "nginx"
    own.mkdir()
    domains = [domain for domain in DOMAINS if domain.sts is not None]
    for domain in domains:
        if domain.sts is not None:
            publish(folder, domain.name, domain.sts)
    temporary = "\n".join(f"  {kind}_temp_path {own}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (own / "nginx.conf").write_text(f"""\
user root;
daemon off;
worker_processes 1;
pid {own}/pid;
error_log {folder}/log/nginx.log warn;
events {{ worker_connections 2000; }}
http {{
{temporary}
  log_format bed '$msec $host $status $http_user_agent';
  access_log {folder}/log/nginx-access.log bed;
  {reportsink.nginx_log_format()}
  server_names_hash_bucket_size 128;
  default_type text/plain;
  types {{ text/plain txt; }}
  # Where a rate is set (fault-slow), the head goes at full speed.
  limit_rate_after 200;
  # A client that names no host, or one that has no policy, is not served.
  server {{
    listen {addresses.POLICY_SERVER}:443 ssl default_server;
    ssl_reject_handshake on;
  }}
{"".join(_server(folder, domain) for domain in domains)}{reportsink.nginx_servers(folder)}}}
""")
    return ["nginx", "-e", f"{folder}/log/nginx.log", "-c", str(own / "nginx.conf")]
