"""Who lives at which loopback address. Everything is 127/8 in a network namespace of its own."""

# The bed's top-level domain is example., since unbound answers test. by itself (RFC 6761).
ROOT_SERVER = "127.1.0.1"
TLD_SERVER = "127.1.0.2"
ZONE_SERVER = "127.1.0.3"
# Serves the zones whose `dns` is "faulty": a proxy before ZONE_SERVER that lies as told (dnsfaults.py).
FAULTY_SERVER = "127.1.0.4"
# A validating unbound, for the bed's own look at itself; relayd never asks it.
RESOLVER = "127.1.0.5"

# The submitting Postfix: `sendmail` feeds it, it relays to RELAY, and it is the MX of sender.example (so DSNs end there).
SENDER_MX = "127.1.1.1"
# relayd of the demo. Postfix's relayhost is [127.1.1.2]:2525.
RELAY = "127.1.1.2"
RELAY_PORT = 2525
METRICS_PORT = 9425
# Scenarios start relays of their own, on addresses of this network: 127.3.FILE.NUMBER, see relay().
RELAY_NETWORK = "127.3"

# Mail hosts, numbered by hosts in domains.py.
HOST_NETWORK = "127.1.2"

# nginx with every domain's MTA-STS policy, and an address where nothing listens.
POLICY_SERVER = "127.1.4.1"
NOBODY = "127.1.4.9"
# Behind the same nginx: what answers POSTs of reports (reportsink.py).
REPORT_SINK = "127.1.4.2"

# Who looks at mail hosts beside the relays, Postfix as a judge among them: what other scenarios read of sessions there leaves it out.
LOOKER = "127.0.9.3"

SENDER_DOMAIN = "sender.example"
RELAY_NAME = "relay.example"
# Whose relay it is: reports of its TLS sessions are signed for this domain.
ORGANIZATION_DOMAIN = "waxwing.example"

_file = 0


def begin_file(number: int) -> None:
    """From now on relay() gives addresses of this scenario file. Files run side by side, so each has a network of its own."""
    global _file
    _file = number


def relay(number: int) -> str:
    """Where a scenario file's relay with this number lives."""
    return f"{RELAY_NETWORK}.{_file}.{number}"
