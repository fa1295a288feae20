"""What monitoring sees: figures that agree with what was delivered, /health and /ready, logs as JSON, promtool's word on all of it."""

import http.client
import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import Skip
from internet.submission import Letter, submit

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SUBJECT = "Zinnober-Quittenmus"
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def ask(relay: Relay, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, type and body of what the metrics port answers."""
    connection = http.client.HTTPConnection(relay.address, addresses.METRICS_PORT, timeout=20)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read().decode()
    finally:
        connection.close()


def samples(text: str) -> Samples:
    found: Samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, line
        key = match[1], frozenset(LABEL.findall(match[2] or ""))
        assert key not in found, f"twice: {line}"
        found[key] = float(match[3])
    return found


def value(relay: Relay, name: str, **labels: str) -> float:
    return samples(ask(relay, "/metrics")[2])[name, frozenset(labels.items())]


def total(relay: Relay, name: str, **labels: str) -> float:
    """The sum over all series that have these labels among theirs."""
    wanted = set(labels.items())
    return sum(number for (other, found), number in samples(ask(relay, "/metrics")[2]).items() if other == name and wanted <= found)


def promtool(*words: object, text: str = "") -> str:
    if not shutil.which("promtool"):
        raise Skip("no promtool here: integration/fetch brings it with the package prometheus")
    done = subprocess.run(["promtool", *map(str, words)], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "34-metrics", 34, more={"log": {"format": quoted("json"), "level": quoted("trace")}}) as relay:
        yield relay


def delivered(relay: Relay, recipient: str) -> Letter:
    letter = Letter.to(recipient, name="metrics", headers=f"X-Secret: {SUBJECT}\n")
    before = total(relay, "waxwing_deliveries_total")
    relay.submit(letter)
    wait_for("delivery", lambda: total(relay, "waxwing_deliveries_total") > before, 30)
    return letter


def scenario_figures(relay: Relay) -> None:
    """What was accepted, delivered and deferred is counted once, with its level"""
    listener = f"{relay.address}:{addresses.RELAY_PORT}"
    taken = value(relay, "waxwing_messages_accepted_total", listener=listener)
    dane = total(relay, "waxwing_deliveries_total", verified="dane", required_by="dane")
    delivered(relay, "someone@good.example")
    assert value(relay, "waxwing_messages_accepted_total", listener=listener) == taken + 1
    assert total(relay, "waxwing_deliveries_total", verified="dane", required_by="dane") == dane + 1
    assert value(relay, "waxwing_delivery_attempts_total", outcome="delivered", cause="none") >= 1
    assert value(relay, "waxwing_queue_time_seconds_count", outcome="delivered") >= 1
    assert value(relay, "waxwing_delivery_seconds_count", step="tls") >= 1
    assert value(relay, "waxwing_dns_lookups_total", result="secure") >= 1
    assert total(relay, "waxwing_tlsa_lookups_total", result="usable") >= 1
    assert value(relay, "waxwing_store_commits_total") >= 2 and value(relay, "waxwing_store_commits_failed_total") == 0


def scenario_policy(relay: Relay) -> None:
    """Mail that a policy holds back shows under its cause, as TLS-RPT failure, and in the queue"""
    relay.submit(Letter.to("someone@mismatch.example", name="metrics"))
    wait_for("deferral", lambda: value(relay, "waxwing_recipients_total", outcome="deferred", cause="dane-mismatch"), 30)
    assert value(relay, "waxwing_tls_failures_total", policy="tlsa", result="validation-failure") >= 1
    wait_for("queue", lambda: value(relay, "waxwing_queue_messages"), 20)


def scenario_sts(relay: Relay) -> None:
    """A policy that was fetched is counted, and lies in memory"""
    delivered(relay, "someone@sts-enforce.example")
    assert value(relay, "waxwing_sts_fetches_total", result="success") >= 1
    assert value(relay, "waxwing_sts_policies", mode="enforce") >= 1
    assert total(relay, "waxwing_deliveries_total", verified="webpki", required_by="mta-sts") >= 1


def scenario_refusals(relay: Relay) -> None:
    """A refused command shows with its class and its reason"""
    before = value(relay, "waxwing_refusals_total", **{"class": "5yz", "reason": "address"})
    code, _ = submit(Letter.to("nobody@unqualified", name="metrics"), relay.address)
    assert code >= 500
    assert value(relay, "waxwing_refusals_total", **{"class": "5yz", "reason": "address"}) > before


def scenario_promtool(relay: Relay) -> None:
    """promtool takes the exposition and the alert rules"""
    status, kind, text = ask(relay, "/metrics")
    assert status == 200 and kind.startswith("text/plain; version=0.0.4"), kind
    promtool("check", "metrics", text=text)
    promtool("check", "rules", CHECKOUT / "conf" / "prometheus-alerts.yml")


def scenario_control_socket(relay: Relay) -> None:
    """relayctl metrics prints the same families"""
    code, output, error = relay.ctl("metrics")
    assert code == 0, error
    names = {name for name, _ in samples(output)}
    assert names == {name for name, _ in samples(ask(relay, "/metrics")[2])}


def scenario_http(relay: Relay) -> None:
    """HEAD, health, readiness, and what is not there"""
    wait_for("readiness", lambda: ask(relay, "/ready")[0] == 200, 20)
    assert ask(relay, "/health")[0] == 200
    status, _, body = ask(relay, "/metrics", "HEAD")
    assert status == 200 and body == ""
    assert ask(relay, "/metrics", "POST")[0] == 405 and ask(relay, "/")[0] == 404


def scenario_json(relay: Relay) -> None:
    """Every line of the log is one JSON object with time, level and event, and no word of a message"""
    letter = delivered(relay, "someone@good.example")
    def told() -> list[dict[str, object]]:
        text = relay.log().read_text(errors="strict")
        found = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        return [line for line in found if line.get("event") == "delivery" and line["from"] == f"<{letter.sender}>"]

    wait_for("the line of the delivery", told, 30)
    raw = relay.log().read_text(errors="strict")
    lines = [json.loads(line) for line in raw.splitlines()]
    assert lines and all(line["time"].endswith("Z") and line["level"] and ("event" in line or "message" in line) for line in lines)
    delivery = [line for line in lines if line.get("event") == "delivery" and line["from"] == f"<{letter.sender}>"]
    assert isinstance(delivery[0]["delay"], int) and delivery[0]["attempt"] == 1, delivery
    assert SUBJECT not in raw and "Subject" not in raw


def scenario_levels(first: Relay) -> None:
    """Levels of stations: the intake logs nothing below a warning, the deliveries all"""
    more = {"log": {"levels": '{ intake = "warning" }'}}
    with Relay(first.bed, "34-metrics-levels", 135, more=more) as relay:
        letter = Letter.to("someone@good.example", name="levels")
        relay.submit(letter)
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
        assert "event=accepted" not in relay.log().read_text()


def scenario_disk(first: Relay) -> None:
    """F114 At the disk's floor /ready answers 503 and says why, /health 200; with room again both are 200"""
    store = first.bed.folder / "relays" / "34-metrics-disk" / "disk"
    store.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "disk", store], check=True)
    try:
        with Relay(first.bed, "34-metrics-disk", 136, more={"store": {"minimum_free": quoted("4 MB")}}, store=store) as relay:
            wait_for("readiness", lambda: ask(relay, "/ready")[0] == 200, 20)
            disk, ballast = os.statvfs(store), store / "ballast"
            ballast.write_bytes(b"\0" * (disk.f_bavail * disk.f_frsize - 2_000_000))
            wait_for("refusal", lambda: ask(relay, "/ready")[0] == 503, 20)
            assert "minimum_free" in ask(relay, "/ready")[2]
            assert ask(relay, "/health")[0] == 200 and value(relay, "waxwing_intake_short", of="space") == 1
            ballast.unlink()
            wait_for("readiness", lambda: ask(relay, "/ready")[0] == 200, 20)
    finally:
        subprocess.run(["umount", "-l", store], check=True)


def scenario_self_test(first: Relay) -> None:
    """A self-test that fails: /ready answers 503 and names it, /health 200"""
    more = {"dns": {"self_test_secure": quoted("insecure.example")}}
    with Relay(first.bed, "34-metrics-resolver", 137, more=more) as relay:
        wait_for("the self-test's end", lambda: "self-test failed" in ask(relay, "/ready")[2], 30)
        assert ask(relay, "/ready")[0] == 503 and ask(relay, "/health")[0] == 200
        assert value(relay, "waxwing_resolver_self_test", result="does-not-validate") == 1


def scenario_port_taken(first: Relay) -> None:
    """Where the port is taken, the relay runs all the same and says so"""
    taken = f"{first.address}:{addresses.METRICS_PORT}"
    with Relay(first.bed, "34-metrics-second", 138, more={"metrics": {"listen": quoted(taken)}}) as second:
        second.submit(Letter.to("someone@good.example", name="second"))
        wait_for("its event", lambda: events(second, "metrics-failed"), 20)
        _, status = second.ctl_json("status")
        assert any("metrics.listen" in warning for warning in status["warnings"])  # type: ignore[index]
        (check,) = (check for check in second.ctl_json("doctor")[1]["checks"] if check["name"] == "metrics")  # type: ignore[index]
        assert check["state"] == "warning" and taken in check["words"] and check["cure"], check
