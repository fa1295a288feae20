"""The policy hosts of MTA-STS: one nginx, one address, a certificate and a folder for each domain.

How a host misbehaves is a file in its folder, `fault-NAME`, looked for at each request: a scenario can change it while it runs.

redirect   301 to a good policy on the same host
404 503    these statuses
html       the policy, as text/html
oversize   65,537 octets that begin with a good policy
slow       the policy, an octet a second
empty      the connection is closed without an answer
invalid    the policy without its version
down       (of the table, not a file) the name has an address where nothing listens
"""

from pathlib import Path

from . import addresses, reportsink
from .domains import DOMAINS, STS, Domain, absolute

# RFC 8461 §3.3 suggests 64 KB; one more is too many.
OVERSIZE = 65_537
# Who looks at the bed itself (User-Agent).
INSPECTOR = "bed-inspector"
FAULTS = ("redirect", "404", "503", "html", "oversize", "slow", "empty", "invalid")


def host_name(domain: str) -> str:
    return f"mta-sts.{domain}"


def text(domain: str, sts: STS) -> bytes:
    lines = ["version: STSv1", f"mode: {sts.mode}", *(f"mx: {absolute(name, domain)}" for name in sts.mx), f"max_age: {sts.max_age}"]
    return "".join(line + "\r\n" for line in lines).encode()


def publish(folder: Path, domain: str, sts: STS) -> None:
    """Writes the policy and how it is served. Holds for the next request."""
    own = folder / "policies" / domain
    own.mkdir(parents=True, exist_ok=True)
    good = text(domain, sts)
    filler = b"x-filler: " + b"x" * 50 + b"\r\n"
    contents = {"good": good, "oversize": (good + filler * (OVERSIZE // len(filler) + 1))[:OVERSIZE], "invalid": good.removeprefix(b"version: STSv1\r\n")}
    for name, content in contents.items():
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
    return f"""
  server {{
    listen {addresses.POLICY_SERVER}:443 ssl;
    server_name {name};
    ssl_certificate {folder}/certificates/{name}.crt;
    ssl_certificate_key {folder}/certificates/{name}.key;
    root {own};
    location = /.well-known/mta-sts.txt {{
      if (-f {own}/fault-redirect) {{ return 301 https://{name}/good.txt; }}
      if (-f {own}/fault-404) {{ return 404; }}
      if (-f {own}/fault-503) {{ return 503; }}
      if (-f {own}/fault-empty) {{ return 444; }}
      if (-f {own}/fault-html) {{ rewrite ^ /html/good.txt last; }}
      if (-f {own}/fault-oversize) {{ rewrite ^ /oversize.txt last; }}
      if (-f {own}/fault-invalid) {{ rewrite ^ /invalid.txt last; }}
      if (-f {own}/fault-slow) {{ set $limit_rate 1; }}
      rewrite ^ /good.txt last;
    }}
    location /html/ {{
      alias {own}/;
      types {{ text/html txt; }}
    }}
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
