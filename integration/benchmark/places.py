"""Where things are inside the benchmark's namespace, and how many there are of them."""

from pathlib import Path

# On a tmpfs of the namespace: zones, certificates, the name servers' logs.
WORLD = Path("/run/bench")
# The journaled file system that holds all state of the relay under test, its configuration, its log, and TMPDIR.
STATE = Path("/run/state")

# Every relay listens here, in its turn.
RELAY, RELAY_PORT = "127.1.1.2", 2525
# The sink: its port at every address, so that each domain can have an MX host of its own.
SINK_PORT = 25

# Domains of the rows: d1.bench … with TLSA records, p1.bench … without.
DOMAINS = 50
# Stem of the one certificate the sink shows, in WORLD/certificates.
SINK_CERTIFICATE = "sink"


def host_address(number: int) -> str:
    """Of the MX host with this number."""
    return f"127.20.{number // 250}.{number % 250 + 1}"
