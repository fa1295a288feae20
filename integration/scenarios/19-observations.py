"""TLS-RPT of two: what another MTA of the machine tells by libtlsrpt goes into the report of what the relay saw itself."""

import json
import socket
from contextlib import contextmanager
from typing import Iterator

from internet.inside import Bed, wait_for
from internet.relayconfig import quoted
from internet.reporting import Reporting
from internet.submission import Letter

DOMAIN = "good.example"


@contextmanager
def fixture(bed: Bed) -> Iterator[Reporting]:
    path = bed.folder / "relays" / "19-observations" / "tlsrpt.sock"
    reporting = Reporting(bed, "19-observations", 19, tlsrpt={"socket": quoted(path), "spread": quoted("0s")})
    with reporting.relay:
        yield reporting


def tell(reporting: Reporting, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(str(reporting.folder / "tlsrpt.sock"))
        for datagram in datagrams:
            sender.send(datagram)


def observed(*policies: dict[str, object], domain: str = DOMAIN, version: str = "1") -> bytes:
    """As libtlsrpt 0.5 writes it: policy types 1 tlsa, 2 sts, 9 none found; f 0 success, 1 failure; c 2xx the result type."""
    return json.dumps({"dpv": version, "d": domain, "pr": "v=TLSRPTv1;rua=mailto:x@y", "policies": list(policies)}).encode()


# Postfix names no policy-domain where it found no policy.
NO_POLICY = {"policy-type": 9, "t": 0, "f": 0}
MISMATCH = {"policy-type": 1, "policy-domain": "mx.good.example", "policy-string": ["3 1 1 ABCDEF"], "f": 1, "t": 1,
            "failure-details": [{"c": 204, "s": "192.0.2.7", "n": "mx.good.example", "h": "mx\x07.good.example", "r": "192.0.2.8"}]}
GARBAGE = (b"", b"not JSON", b"{" * 5000, b"\xff\xfe", observed(NO_POLICY, version="2"), observed({"policy-type": 77, "f": 0}),
           observed(NO_POLICY, domain="no domain at all"), b"[]", observed())


def seen(reporting: Reporting) -> dict[str, object]:
    return reporting.relay.ctl_json("tlsrpt", "status", "--domain", DOMAIN)[1]  # type: ignore[return-value]


def scenario_together(reporting: Reporting) -> None:
    """A day of both: one report, with what each saw; malformed datagrams are counted and dropped"""
    relay = reporting.relay
    letter = Letter.to(f"someone@{DOMAIN}")
    relay.submit(letter)
    relay.wait_attempt(letter, f"someone@{DOMAIN}", ("delivered",))
    tell(reporting, observed(NO_POLICY), observed(NO_POLICY), *GARBAGE, observed(MISMATCH))
    wait_for("three datagrams counted", lambda: seen(reporting).get("observations_taken") == 3, 10)
    wait_for("the others dropped", lambda: seen(reporting).get("observations_dropped") == len(GARBAGE), 10)
    day = reporting.day
    reporting.clock.to_next_day(hour=1)
    wait_for("the report", lambda: reporting.received_of(DOMAIN, day), 40)
    (report,) = reporting.received_of(DOMAIN, day)
    reporting.check(report, DOMAIN)
    counts = {key[:2]: (count.successes, count.failures) for key, count in report.counts().items() if key[0] != "tlsa"}
    assert counts == {("no-policy-found", DOMAIN): (2, 0)}, counts
    own, others = (sum(count.successes for count in report.of_type("tlsa")), [count for count in report.of_type("tlsa") if count.failures])
    assert own == 1 and len(others) == 1 and others[0].failures == 1, report.document
    (detail,) = others[0].details
    assert detail["sending-mta-ip"] == "192.0.2.7" and detail["receiving-ip"] == "192.0.2.8", detail


def scenario_flood(reporting: Reporting) -> None:
    """Ten thousand ever-different datagrams: the relay goes on, and the store keeps to its bounds"""
    relay = reporting.relay
    day = reporting.day
    before = seen(reporting)["observations_taken"]
    for start in range(0, 10_000, 100):
        tell(reporting, *(observed(MISMATCH | {"policy-string": [f"3 1 1 {number:08X}"]}) for number in range(start, start + 100)))
    wait_for("most of them counted", lambda: seen(reporting)["observations_taken"] - before >= 9_900, 60)
    letter = Letter.to(f"someone@{DOMAIN}")
    relay.submit(letter)
    relay.wait_attempt(letter, f"someone@{DOMAIN}", ("delivered",))
    (preview,) = relay.ctl_json("tlsrpt", "preview", "--domain", DOMAIN, "--day", day)[1]["reports"]  # type: ignore[index]
    policies = json.loads(preview["report"])["policies"]
    assert len(policies) <= 43, len(policies)
    assert sum(entry["summary"]["total-failure-session-count"] for entry in policies) >= 9_900
