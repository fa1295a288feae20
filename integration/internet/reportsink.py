"""Where TLS-RPT reports are POSTed: nginx takes them and keeps each body as a file; what is behind it only chooses the answer.

The answer is the first part of the path; what follows names the domain:

ok           201
503-twice    503 to the first two requests of each path, then 201
503  404     these statuses
302          elsewhere on the same host
slow         201 after SLOW seconds
"""

import json
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import addresses

NAME = "reports-post.example"
EXPIRED_NAME = f"expired.{NAME}"
PORT = 8080
SLOW = 3.0  # seconds
LOG = "nginx-posts.log"


@dataclass(frozen=True)
class Post:
    """One request, with what nginx knows of it."""

    at: float
    host: str
    path: str
    method: str
    status: int
    media_type: str
    encoding: str  # Content-Encoding
    agent: str
    peer: str
    body: bytes


def posts(folder: Path, part: str = "") -> list[Post]:
    """The requests whose path or host contains `part`, in the order in which they were answered."""
    log = folder / "log" / LOG
    found = []
    for line in log.read_text().splitlines() if log.exists() else ():
        facts = json.loads(line)
        if part in facts["host"] + facts["uri"]:
            body = Path(facts["file"]).read_bytes() if facts["file"] else b""
            found.append(Post(facts["at"], facts["host"], facts["uri"], facts["method"], facts["status"], facts["type"], facts["encoding"],
                              facts["agent"], facts["peer"], body))
    return found


def names() -> dict[str, str]:
    """Names that need a certificate, and of which kind."""
    return {NAME: "webpki", EXPIRED_NAME: "webpki-expired"}


def nginx_log_format() -> str:
    return ("log_format posts escape=json '{\"at\":$msec,\"host\":\"$host\",\"uri\":\"$request_uri\",\"method\":\"$request_method\","
            "\"status\":$status,\"type\":\"$content_type\",\"encoding\":\"$http_content_encoding\",\"agent\":\"$http_user_agent\","
            "\"peer\":\"$remote_addr\",\"file\":\"$request_body_file\"}';")


def nginx_servers(folder: Path) -> str:
    """For the http block of the policy hosts' nginx (policies.py)."""
    (folder / "posts").mkdir()
    # Who follows a rua to 127.0.0.1 is heard.
    listening = {NAME: (f"{addresses.POLICY_SERVER}:443", "127.0.0.1:443"), EXPIRED_NAME: (f"{addresses.POLICY_SERVER}:443",)}
    return "".join(f"""
  server {{
{"".join(f"    listen {where} ssl;" for where in listening[name])}
    server_name {name};
    ssl_certificate {folder}/certificates/{name}.crt;
    ssl_certificate_key {folder}/certificates/{name}.key;
    client_max_body_size 20m;
    client_body_in_file_only on;
    client_body_temp_path {folder}/posts;
    access_log {folder}/log/{LOG} posts;
    location / {{
      proxy_pass http://{addresses.REPORT_SINK}:{PORT};
      proxy_set_header Host $host;
    }}
  }}
""" for name in names())


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()
    lock = threading.Lock()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fault, _, rest = self.path.lstrip("/").partition("/")
        with self.lock:
            self.asked[self.path] += 1
            count = self.asked[self.path]
        where = ""
        match fault:
            case "ok":
                status = 201
            case "slow":
                time.sleep(SLOW)
                status = 201
            case "503-twice":
                status = 503 if count <= 2 else 201
            case "302":
                status, where = 302, f"https://{NAME}/ok/redirected-{rest}"
            case "503" | "404":
                status = int(fault)
            case _:
                status = 400
        self.send_response(status)
        if where:
            self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()


def main() -> None:
    ThreadingHTTPServer((addresses.REPORT_SINK, PORT), _Answer).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
