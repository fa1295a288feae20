"""Keys, passwords and words of letters are searched for wherever relayd leaves something: log, answers, crash, core file, memory of others."""

import base64
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates, dkimkeys, hiddenwords
from internet.controlwire import answers
from internet.domains import BY_NAME
from internet.injected import injecting
from internet.hiddenwords import IN_BODY, IN_FIELD, IN_PLACE, IN_SUBJECT, PASSWORD, WRONG, secrets
from internet.inside import Bed, wait_for
from internet.listeners import add_user, arrived, events, intake, listener
from internet.postfix import SMARTHOST_PASSWORD, SMARTHOST_USER
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.reporting import key_table
from internet.scenario import Skip, cases, slow
from internet.smtpwire import Wire, plain, secured
from internet.submission import Letter

NAME, SUBMISSION = "74-secrets", 587
WAITING, SMARTHOST_DOMAIN = "insecure.example", "plain.example"


class Roomy(Relay):
    """Whoever starts it lets it write core files as large as it likes."""

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("prlimit", "--core=unlimited:unlimited", *super().prefix)


def check(relay: Relay, what: str, text: bytes) -> None:
    hiddenwords.check(relay.bed, relay.bed.folder / "relays" / NAME / "users", what, text)


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    """At the most verbose level, with every kind of secret that a configuration can name."""
    folder = bed.folder / "relays" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    add_user(folder / "users", "anna", PASSWORD)
    (folder / "password").write_text(f"{SMARTHOST_USER}:{SMARTHOST_PASSWORD}\n")
    (folder / "password").chmod(0o600)
    (smarthost,) = (host.address for host in BY_NAME["smarthost.example"].hosts)
    own = bed.folder / "certificates"
    rules = ({"destination": quoted(SMARTHOST_DOMAIN), "level": quoted("encrypted"), "next_hop": quoted(f"[{smarthost}]:587"),
              "credentials": quoted(folder / "password")},
             {"destination": quoted("good.example"), "client_certificate": quoted(own / f"{certificates.CLIENT}.crt"),
              "client_key": quoted(own / f"{certificates.CLIENT}.key"), "level": quoted("encrypted")})
    address = addresses.relay(1)
    more = intake(users_file=folder / "users") | {"log": {"level": quoted("trace")}}
    table, key = key_table(bed.folder, "rsa")
    tables = (listener("submission", f"{address}:{SUBMISSION}", role="submission", tls="required", networks=()), (table, key))
    with Roomy(bed, NAME, 1, more=more, rules=rules, tables=tables) as relay:
        assert secrets(bed, folder / "users") and relay.ctl("destinations", "suspend", WAITING)[0] == 0
        talk(relay)
        yield relay


def letter(domain: str) -> Letter:
    return Letter.to(f"someone@{domain}", name="secrets", body=f"{IN_BODY}\n".encode() * 20,
                     headers=f"Comments: {IN_FIELD}\nX-Second-Subject: {IN_SUBJECT}\n")


def talk(relay: Relay) -> None:
    """Logins right, wrong and garbled, letters that go, wait, and go on with a password of ours."""
    with secured(relay, SUBMISSION) as wire:
        wire.ehlo()
        assert wire.ask(plain("anna", WRONG))[0] == 535
        # Out of step: what was meant as an answer comes as a command.
        assert wire.ask(base64.b64encode(IN_PLACE.encode()))[0] == 500
        assert wire.ask(f"AUTH PLAIN {IN_PLACE}")[0] >= 500
        assert wire.ask("AUTH LOGIN")[0] == 334 and wire.ask(base64.b64encode(b"anna"))[0] == 334
        assert wire.ask(base64.b64encode(WRONG.encode()))[0] == 535
    with secured(relay, SUBMISSION) as wire:
        wire.ehlo()
        assert wire.ask(plain("anna", PASSWORD))[0] == 235
        assert wire.letter(letter("good.example"))[0] == 250
        assert wire.letter(letter(SMARTHOST_DOMAIN))[0] == 250
        assert wire.letter(letter(WAITING))[0] == 250
        # A line of the content where a command is expected: the client believed in another reply.
        assert wire.ask(IN_BODY)[0] == 500
    wait_for("two deliveries", lambda: len(events(relay, "delivery", status="delivered")) >= 2, 30)


def scenario_log(relay: Relay) -> None:
    """No line of the log at level trace holds a word of a key, a password or a letter, while letters arrive by all of these"""
    assert any(event for event in relay.events() if "listener" in event)
    check(relay, "the log", relay.log().read_bytes())
    told = events(relay, "delivery", status="delivered")
    assert {event["to"].split("@")[1] for event in told} == {"good.example", SMARTHOST_DOMAIN}
    # It could be found: it stands in what arrived.
    stored = b"".join(path.read_bytes() for path in (relay.bed.maildir("good.example") / "new").iterdir())
    assert IN_BODY.encode() in stored and IN_FIELD.encode() in stored and b"DKIM-Signature" in stored


def scenario_answers(relay: Relay) -> None:
    """Nor does any answer of relayctl or of the control socket, about a letter that waits and all else"""
    own = relay.ctl_json("queue", "list")[1]["messages"][0]["id"]  # type: ignore[index, call-overload]
    for question, (status, text) in answers(relay.settings.control, own, WAITING).items():
        assert status in (200, 404), (question, status)
        check(relay, question, text.encode())
    bundle = ("bundle", own, "--output", "-", "--log", str(relay.log()))
    for words in (("queue", "show", own), ("trace", own), ("explain", own), bundle, ("status",), ("doctor",), ("policy", WAITING), ("metrics",)):
        code, output, error = relay.ctl(*words)
        check(relay, " ".join(words), (output + error).encode())


def scenario_faulty_files(relay: Relay) -> None:
    """What is said of a key, a file of users or of credentials that cannot be used quotes nothing of it"""
    own = relay.folder
    good = relay.toml.read_text()
    for name, content in (("password", f"{SMARTHOST_PASSWORD}\n"), ("password", f"{SMARTHOST_USER}:{SMARTHOST_PASSWORD}\n{PASSWORD}\n"),
                          ("users", (own / "users").read_text().replace(":", ";")), ("users", f"anna:{PASSWORD}\n")):
        before = (own / name).read_text()
        (own / name).write_text(content)
        try:
            code, output, error = relay.ctl("reload")
            assert code == 78 and name in error, (name, code, error)
            check(relay, f"the refusal of {name}", (output + error).encode())
        finally:
            (own / name).write_text(before)
    broken = own / "broken.pem"
    broken.write_text(dkimkeys.path(relay.bed.folder, "rsa").read_text().replace("-----BEGIN", "----BEGIN"))
    broken.chmod(0o600)
    for key in ("tls_key", "file"):
        relay.toml.write_text(re.sub(rf"^{key} = .*$", f"{key} = {quoted(broken)}", good, flags=re.M))
        try:
            code, output, error = relay.ctl("reload")
            assert code == 78 and str(broken) in error, (code, error)
            check(relay, f"the refusal of {key}", (output + error).encode())
        finally:
            relay.toml.write_text(good)
    assert relay.ctl("reload")[0] == 0
    check(relay, "the log", relay.log().read_bytes())


def cores(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*core*") if path.is_file()]


def cores_are_made(folder: Path) -> None:
    """A program that does nothing about it leaves one here, or this machine shows nothing."""
    if not (pattern := Path("/proc/sys/kernel/core_pattern").read_text().strip()) or pattern[0] in "/|":
        raise Skip(f"core files of this machine go elsewhere: {pattern}")
    folder.mkdir()
    unlimited = resource.RLIM_INFINITY
    sleeper = subprocess.Popen(["prlimit", f"--core={unlimited}", "sleep", "60"], cwd=folder)
    wait_for("sleep", lambda: Path(f"/proc/{sleeper.pid}/comm").read_text() == "sleep\n", 5)
    sleeper.send_signal(signal.SIGSEGV)
    assert sleeper.wait(10) == -signal.SIGSEGV and cores(folder), "this machine makes none at all"
    shutil.rmtree(folder)


@slow
@cases((signal.SIGSEGV, signal.SIGABRT), lambda number: number.name)
def scenario_crash(relay: Relay, number: signal.Signals) -> None:
    """A crash leaves no core file, though whoever started relayd allows it, and what it says holds no secret"""
    limits = Path(f"/proc/{relay.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    cores_are_made(relay.folder / "control")
    (worker,) = relay.workers()
    os.kill(worker, number)
    wait_for("another resolver", lambda: relay.workers() and relay.workers() != [worker], 20)
    os.kill(relay.pid, number)
    assert relay.wait_exit(60) != 0
    assert not cores(relay.folder) and not cores(relay.store), (cores(relay.folder), cores(relay.store))
    check(relay, "the log", relay.log().read_bytes())
    relay.start()
    check(relay, "the log", relay.log().read_bytes())


def scenario_crash_amid_a_letter(relay: Relay) -> None:
    """A crash as the first octets of a letter are read: what is written of it shows no word of the letter, and the end takes no five seconds"""
    words = b"ZQXJ"
    # What it asks itself at first is over: the first octets that come are the letter's.
    wait_for("its first lookups", lambda: [event["event"] for event in relay.events()
                                          if event.get("event") in ("started", "resolver")][-1] == "resolver", 20)
    own = Letter.to("someone@good.example", name="secrets")
    with Wire(relay.address) as wire:
        wire.ehlo()
        wire.envelope(own)
        assert wire.ask("DATA")[0] == 354
        before = len(relay.log().read_bytes())
        with injecting(relay, "recvfrom:signal=SIGSEGV:when=1"):
            wire.send(words * 400 + b"\r\n")
            began = time.monotonic()
            assert relay.wait_exit(60) == -signal.SIGSEGV
            took = time.monotonic() - began
    said = relay.log().read_bytes()[before:]
    relay.start()
    assert events(relay, "crashed", signal=str(int(signal.SIGSEGV)))
    assert words not in said and words.hex(" ").encode() not in said, [line for line in said.splitlines() if words in line]
    assert took < 5, f"{took:.1f} s"
