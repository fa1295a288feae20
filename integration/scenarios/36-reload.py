"""A new configuration while the relay runs: SIGHUP and `relayctl reload` under traffic."""

import re
import shutil
import signal
import smtplib
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates
from internet.controlwire import memory
from internet.inside import Bed, wait_for
from internet.listeners import events, intake
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import note
from internet.submission import Letter, submit

NUMBER = 36
SECOND_PORT = 2526
DOMAINS = ("good.example", "dane-ta.example", "insecure.example")
MEGABYTE = 1_000_000
# Nearly as many as there may be. Read, they are some ten megabytes, of which the parser's library keeps half: it copies keys and texts.
RULES = 9000
RELOADS, GROWTH = 20, 150 * MEGABYTE


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    folder = bed.folder / "relays" / "36-reload"
    folder.mkdir(parents=True, exist_ok=True)
    bought = bed.folder / "certificates"
    for kind in ("crt", "key"):
        shutil.copy(bought / f"{addresses.RELAY_NAME}.{kind}", folder / f"own.{kind}")
    more = intake(tls_certificate=folder / "own.crt", tls_key=folder / "own.key")
    with Relay(bed, "36-reload", NUMBER, more=more) as relay:
        yield relay


class Traffic:
    """Letters to live domains, one after the other, over connections that are kept for some of them each."""

    def __init__(self, relay: Relay, clients: int = 3) -> None:
        self.relay, self.letters, self.failures = relay, [], []  # type: Relay, list[Letter], list[str]
        self.over, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.client) for _ in range(clients)]

    def __enter__(self) -> "Traffic":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # What happened may have taken less time than a few letters do.
        try:
            wait_for("traffic", lambda: self.failures or len(self.letters) > 10, 30)
        finally:
            self.over.set()
        for thread in self.threads:
            thread.join()

    def client(self) -> None:
        try:
            while not self.over.is_set():
                with smtplib.SMTP(self.relay.address, addresses.RELAY_PORT, local_hostname="injector.example", timeout=60) as client:
                    for _ in range(20):
                        if self.over.is_set():
                            break
                        with self.lock:
                            letter = Letter.to(f"someone@{DOMAINS[len(self.letters) % len(DOMAINS)]}", name="reload")
                            self.letters.append(letter)
                        client.sendmail(letter.sender, letter.recipients, letter.content.replace(b"\n", b"\r\n"))
        except (OSError, smtplib.SMTPException) as error:
            self.failures.append(repr(error))

    def check(self) -> None:
        """No client lost its connection or was refused, and every letter arrived."""
        assert not self.failures, self.failures
        assert len(self.letters) > 10, len(self.letters)
        for letter in self.letters:
            self.relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)
        senders = {letter.sender for letter in self.letters}
        bounced = [event for event in self.relay.events() if event.get("status") == "bounced" and event.get("from") in senders]
        assert not bounced, bounced[:5]


def change(relay: Relay, pattern: str, text: str) -> None:
    """Replaces a line of the configuration, or adds one behind its table's head."""
    before = relay.toml.read_text()
    after = re.sub(pattern, lambda _: text, before, count=1, flags=re.MULTILINE)
    assert after != before, pattern
    temporary = relay.toml.with_suffix(".new")
    temporary.write_text(after)
    temporary.replace(relay.toml)


def hang_up(relay: Relay, word: str = "reloaded") -> dict[str, str]:
    """SIGHUP; the event that it led to."""
    count = len(events(relay, word))
    assert relay.process
    relay.process.send_signal(signal.SIGHUP)
    return wait_for(f"event {word}", lambda: events(relay, word)[count:], 30)[0]


def size_limit(relay: Relay, port: int = addresses.RELAY_PORT) -> int:
    with smtplib.SMTP(relay.address, port, local_hostname="injector.example", timeout=30) as client:
        client.ehlo()
        return int(client.esmtp_features["size"])


def shown(relay: Relay) -> bytes:
    """The certificate a client gets by STARTTLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP(relay.address, addresses.RELAY_PORT, local_hostname="injector.example", timeout=30) as client:
        client.ehlo()
        client.starttls(context=context)
        found = client.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
        assert found
        return found


def der(path: Path) -> bytes:
    first = path.read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    return ssl.PEM_cert_to_DER_cert(first[first.index("-----BEGIN") :])


def scenario_hangup_under_traffic(relay: Relay) -> None:
    """SIGHUP twenty times under traffic: no connection is dropped, every letter arrives, limits are those of the file"""
    with Traffic(relay) as traffic:
        for turn in range(20):
            change(relay, r"^message_limit = .*$", f'message_limit = "{100 + turn % 2} MB"')
            told = hang_up(relay)
            assert told.get("changed") == "intake.message_limit", told
            assert size_limit(relay) == (100 + turn % 2) * 1_000_000
    traffic.check()
    assert relay.process and relay.process.poll() is None


def scenario_order_under_traffic(relay: Relay) -> None:
    """`relayctl reload` under traffic says what changed and what waits for a restart, and ends with 0"""
    with Traffic(relay) as traffic:
        change(relay, r"^\[log\]$", "[dsn]\npostmaster = \"postmaster@sender.example\"\n\n[log]")
        code, answer = relay.ctl_json("reload")
        assert code == 0 and answer["applied"] and answer["changed"] == ["dsn.postmaster"], answer  # type: ignore[index, call-overload]
        change(relay, r"^hostname = .*$", 'hostname = "other-relay.example"')
        try:
            code, answer = relay.ctl_json("reload")
            assert code == 0 and answer["restart_needed"] == ["server.hostname"], answer  # type: ignore[index, call-overload]
        finally:
            change(relay, r"^hostname = .*$", f"hostname = {quoted(addresses.RELAY_NAME)}")
    traffic.check()


def scenario_bad_file(relay: Relay) -> None:
    """A bad file is refused with file, line and column, by both ways, and everything goes on as before"""
    good = relay.toml.read_text()
    limit = size_limit(relay)
    with Traffic(relay, clients=1) as traffic:
        try:
            change(relay, r"^message_limit = .*$", 'message_limit = "much"')
            line = 1 + relay.toml.read_text().splitlines().index('message_limit = "much"')
            told = hang_up(relay, "reload-refused")
            assert told.get("key") == "intake.message_limit" and told.get("line") == str(line), told
            assert told.get("column") == "17" and told.get("file") == str(relay.toml) and told.get("cure"), told
            code, output, error = relay.ctl("reload")
            assert code != 0 and f"{relay.toml}:{line}:17" in output + error, (code, output, error)
            assert size_limit(relay) == limit
        finally:
            relay.toml.write_text(good)
    traffic.check()
    assert not hang_up(relay).get("changed")


def scenario_certificate(relay: Relay) -> None:
    """A renewed certificate is shown after SIGHUP, one whose key does not fit is not"""
    folder = relay.folder
    own = folder / "renewed"
    own.mkdir(exist_ok=True)
    certificates.make(own, addresses.RELAY_NAME, "self-signed")
    before = shown(relay)
    assert before == der(folder / "own.crt")
    shutil.copy(own / f"{addresses.RELAY_NAME}.crt", folder / "own.crt")
    told = hang_up(relay, "reload-refused")
    assert told.get("key", "").startswith("intake.tls_"), told
    assert shown(relay) == before
    shutil.copy(own / f"{addresses.RELAY_NAME}.key", folder / "own.key")
    told = hang_up(relay)
    assert set(told.get("changed", "").split(",")) == {"intake.tls_certificate", "intake.tls_key"}, told
    assert shown(relay) == der(own / f"{addresses.RELAY_NAME}.crt") != before


def scenario_listeners(relay: Relay) -> None:
    """A listener is added and removed: who is connected there goes on to the end, who comes later is refused"""
    first = quoted(f"{relay.address}:{addresses.RELAY_PORT}")
    second = quoted(f"{relay.address}:{SECOND_PORT}")
    change(relay, r"^listen = .*$", f"listen = [{first}, {second}]")
    assert hang_up(relay).get("changed") == "intake.listen"
    letter = Letter.to("someone@good.example", name="listener")
    with smtplib.SMTP(relay.address, SECOND_PORT, local_hostname="injector.example", timeout=30) as client:
        client.ehlo()
        change(relay, r"^listen = .*$", f"listen = [{first}]")
        assert hang_up(relay).get("changed") == "intake.listen"
        try:
            submit(letter, relay.address, port=SECOND_PORT, timeout=5)
            raise AssertionError("the removed listener lets clients in")
        except ConnectionRefusedError:
            pass
        client.sendmail(letter.sender, letter.recipients, letter.content.replace(b"\n", b"\r\n"))
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",))
    relay.submit(Letter.to("someone@good.example", name="listener"))


def scenario_routes(relay: Relay) -> None:
    """Mail that waits for a dead next hop goes by the rule that is written while it waits"""
    letter = Letter.to("someone@good.example", name="route")
    good = relay.toml.read_text()
    try:
        relay.toml.write_text(f'{good}\n[[rule]]\ndestination = "good.example"\nnext_hop = "[127.1.2.250]"\nlevel = "opportunistic"\n')
        assert hang_up(relay).get("changed") == "rule"
        relay.submit(letter)
        relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
    finally:
        relay.toml.write_text(good)
    assert hang_up(relay).get("changed") == "rule"
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)
    assert events(relay, "rerouted")


def scenario_resolver(relay: Relay) -> None:
    """Another [dns] under traffic: a new resolver takes over, the old one ends; settings it cannot use are refused"""
    (old,) = relay.workers()
    with Traffic(relay) as traffic:
        change(relay, r"^lookup_timeout = .*$", 'lookup_timeout = "11s"')
        assert hang_up(relay).get("changed") == "dns.lookup_timeout"
        wait_for("the old resolver's end", lambda: old not in relay.workers() and relay.workers(), 30)
        (new,) = relay.workers()
        good = relay.toml.read_text()
        try:
            change(relay, r"^\[dns\.unbound\]$", '[dns.unbound]\n"no-such-option:" = "1"')
            told = hang_up(relay, "reload-refused")
            assert "no-such-option" in told.get("key", "") and "syntax error" in told.get("reason", "") and told.get("line"), told
            assert relay.workers() == [new]
        finally:
            relay.toml.write_text(good)
    traffic.check()


def scenario_memory(relay: Relay) -> None:
    """A file of thousands of rules, reloaded again and again: the parser's objects are not kept"""
    good = relay.toml.read_text()
    rules = [f'\n[[rule]]\ndestination = "d{number}.partner.example"\nlevel = "encrypted"\nreason = "contract %s"\n' for number in range(RULES)]

    def reload(times: int) -> int:
        for turn in range(times):
            relay.toml.write_text(good + "".join(rules) % ((str(turn % 2),) * RULES))
            assert "rule" in hang_up(relay).get("changed", "")
        return memory(relay)

    try:
        # The first ones grow what is used again.
        before = reload(4)
        grown = reload(RELOADS) - before
    finally:
        relay.toml.write_text(good)
        hang_up(relay)
    note(f"{RELOADS} reloads of {RULES} rules: {grown / MEGABYTE:+.1f} MB")
    assert grown < GROWTH, grown
