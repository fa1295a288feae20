"""Started as root with `server.user`: ports are bound and keys read, then relayd is that user for good; who owns what, and with which mode."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, certificates, dkimkeys, judges
from internet.droppedrights import GROUPS_AT_START, LOW_PORT, Dropping, facts, owners, threads
from internet.inside import Bed, wait_for
from internet.listeners import add_user, arrived, events, intake
from internet.relay import program
from internet.relayconfig import quoted
from internet.reporting import key_table
from internet.smtpwire import Wire
from internet.submission import Letter, submit
from internet.users import LOOKERS, LOOKERS_GROUP, WATCHERS, WAXWING, WAXWING_USER

NAME, NUMBER = "70-rights", 1
PASSWORD = "bees and wax 70"
CAPABILITIES = ("CapPrm", "CapEff", "CapAmb", "CapInh")
NOTHING = "0" * 16
GROUPS = [str(WAXWING), str(WATCHERS)]


@contextmanager
def fixture(bed: Bed) -> Iterator[Dropping]:
    """Its keys are root's, and nobody else may read them; it listens below 1024; its alarms run a program that says with which rights."""
    keys = keys_of(bed)
    keys.mkdir(parents=True, exist_ok=True)
    for kind in ("crt", "key"):
        shutil.copy(bed.folder / "certificates" / f"{addresses.RELAY_NAME}.{kind}", keys / f"own.{kind}")
    shutil.copy(dkimkeys.path(bed.folder, "rsa"), keys / "dkim.pem")
    add_user(keys / "users", "anna", PASSWORD)
    for name in ("own.key", "dkim.pem", "users"):
        (keys / name).chmod(0o600)
        os.chown(keys / name, 0, 0)
    # What runs as the relay's user writes here.
    told = keys / "told"
    told.mkdir(exist_ok=True)
    os.chown(told, WAXWING, WAXWING)
    own = addresses.relay(NUMBER)
    more = intake(listen=(f"{own}:{LOW_PORT}", f"{own}:{addresses.RELAY_PORT}"), tls_certificate=keys / "own.crt", tls_key=keys / "own.key",
                  users_file=keys / "users")
    # Certificates of the bed end within the year: an alarm.
    more["alarm"] = {"certificate_before": quoted("366d"), "command": f'["/bin/cp", "/proc/self/status", {quoted(told / "status")}]'}
    table, key = key_table(bed.folder, "rsa")
    with Dropping(bed, NAME, NUMBER, more=more, tables=((table, key | {"file": quoted(keys / "dkim.pem")}),)) as relay:
        yield relay


def keys_of(bed: Bed) -> Path:
    return bed.folder / "relays" / f"{NAME}-keys"


def is_the_user(process: int | str) -> None:
    found = facts(process)
    assert set(found["Uid"].split()) == {str(WAXWING)} == set(found["Gid"].split()), (process, found["Name"], found["Uid"], found["Gid"])
    # initgroups(3): its own group and those it was made a member of, and none of whoever started it.
    assert found["Groups"].split() == GROUPS and not set(GROUPS_AT_START) & set(found["Groups"].split()), (process, found["Groups"])
    held = {name: found[name] for name in CAPABILITIES}
    assert set(held.values()) == {NOTHING}, (process, found["Name"], held)


def scenario_every_thread(relay: Dropping) -> None:
    """Every thread is the user, with its groups alone and without any capability, and so says `ps`"""
    assert events(relay, "rights-given-up", user=WAXWING_USER)
    for thread in threads(relay.pid):
        is_the_user(thread)
    is_the_user(relay.pid)
    assert Path(f"/proc/{relay.pid}/limits").read_text().split("Max core file size")[1].split()[:2] == ["0", "0"]


def scenario_programs(relay: Dropping) -> None:
    """What relayd starts is the user too, and gains no rights by a set-uid program: the resolver, and the program of alarms"""
    (worker,) = relay.workers()
    told = keys_of(relay.bed) / "told" / "status"

    def whole() -> str:
        """It is written anew for each alarm; this line is its last."""
        text = told.read_text() if told.exists() else ""
        return text if "\nnonvoluntary_ctxt_switches:" in text else ""
    of_alarm = dict(line.split(":", 1) for line in wait_for("the program of an alarm", whole, 20).splitlines())
    assert told.stat().st_uid == WAXWING
    assert set(of_alarm["Uid"].split()) == {str(WAXWING)} and of_alarm["Groups"].split() == GROUPS, of_alarm
    assert {of_alarm[name].strip() for name in CAPABILITIES} == {NOTHING}
    is_the_user(worker)
    assert facts(worker)["NoNewPrivs"] == "1" == of_alarm["NoNewPrivs"].strip()


def scenario_low_port(relay: Dropping) -> None:
    """A letter over TLS at port 25, with keys that only root may read: delivered, and signed; the queue is the user's"""
    letter = Letter.to("someone@good.example", name="rights")
    code, text = submit(letter, relay.address, port=LOW_PORT, trust=relay.bed.folder / "certificates" / "webpki.crt")
    assert code == 250, (code, text)
    assert judges.signatures(arrived(relay, letter, "good.example", 30))
    found = owners(relay.store)
    assert len(found) > 8 and {user for user, _ in found.values()} == {WAXWING}, found
    assert not {path: oct(mode) for path, (_, mode) in found.items() if mode & 0o077}


def scenario_reload(relay: Dropping) -> None:
    """A reload reads keys as the user: root's are refused by name, with a cure, and the old go on; no port below 1024 is added"""
    key, before = keys_of(relay.bed) / "own.key", relay.toml.read_text()
    code, _, error = relay.ctl("reload")
    assert code == 78 and f"intake.tls_key: {key} may not be read by the user this runs as" in error, error
    assert "let the user of relayd read" in error, error
    refused = wait_for("the refusal", lambda: events(relay, "reload-refused", key="intake.tls_key"), 5)[-1]
    assert str(key) in refused["reason"] and refused["cure"], refused
    scenario_low_port(relay)
    for name in ("own.key", "users", "dkim.pem"):
        code, _, error = relay.ctl("reload")
        assert code == 78 and str(keys_of(relay.bed) / name) in error, (name, error)
        os.chown(keys_of(relay.bed) / name, WAXWING, WAXWING)
    code, output, error = relay.ctl("reload")
    assert code == 0, (output, error)
    scenario_low_port(relay)
    relay.toml.write_text(before.replace(f':{LOW_PORT}"', f':{LOW_PORT}", "{relay.address}:{LOW_PORT + 1}"'))
    try:
        code, _, error = relay.ctl("reload")
        assert code == 78 and f"cannot listen on {relay.address}:{LOW_PORT + 1}" in error and "EACCES" in error, error
        assert "restart it to listen there" in error, error
    finally:
        relay.toml.write_text(before)
    scenario_low_port(relay)


def scenario_check_as_root(fixture: Dropping) -> None:
    """`relayd --check` as root says which keys the user of relayd will not be able to read at a reload"""
    bed = fixture.bed
    own = bed.folder / "relays" / f"{NAME}-check-keys"
    own.mkdir(parents=True, exist_ok=True)
    certificates.make(own, addresses.RELAY_NAME, "self-signed")
    key = own / f"{addresses.RELAY_NAME}.key"
    key.chmod(0o600)
    relay = Dropping(bed, f"{NAME}-check", 9, more=intake(tls_certificate=own / f"{addresses.RELAY_NAME}.crt", tls_key=key))
    done = subprocess.run([program("relayd"), "--config", relay.toml, "--check"], capture_output=True, text=True)
    assert str(key) in done.stdout + done.stderr, (done.stdout, done.stderr)


def scenario_read_group(fixture: Dropping) -> None:
    """Started as root, the socket for questions is given to a group that the user is not in"""
    at = fixture.bed.folder / "relays" / f"{NAME}-group"
    with Dropping(fixture.bed, f"{NAME}-group", 11,
                  more={"control": {"read_socket": quoted(at / "read.sock"), "read_group": quoted(LOOKERS_GROUP)}}) as relay:
        found = wait_for("the socket", (relay.folder / "read.sock").exists, 10) and (relay.folder / "read.sock").stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (WAXWING, LOOKERS, 0o660), found


class AsUser(Dropping):
    """Started as the user already, as systemd does."""

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("setpriv", "--reuid", WAXWING_USER, "--regid", WAXWING_USER, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")


def scenario_never_root(fixture: Dropping) -> None:
    """Started as a user of its own it never was root, whatever server.user says: nothing is given up, and mail goes"""
    own = fixture.bed.folder / "relays" / f"{NAME}-user-keys"
    own.mkdir(parents=True, exist_ok=True)
    certificates.make(own, addresses.RELAY_NAME, "self-signed")
    os.chown(own / f"{addresses.RELAY_NAME}.key", WAXWING, WAXWING)
    certificate = intake(tls_certificate=own / f"{addresses.RELAY_NAME}.crt", tls_key=own / f"{addresses.RELAY_NAME}.key")
    with AsUser(fixture.bed, f"{NAME}-user", 12, more=certificate) as relay:
        for process in (relay.pid, *relay.workers()):
            found = facts(process)
            assert set(found["Uid"].split()) == {str(WAXWING)} and {found[name] for name in (*CAPABILITIES, "CapBnd")} == {NOTHING}, found
        letter = Letter.to("someone@good.example", name="rights")
        with Wire(relay.address) as wire:
            wire.ehlo()
            assert wire.letter(letter)[0] == 250
        arrived(relay, letter, "good.example")
        assert not events(relay, "rights-given-up") and not events(relay, "runs-as-root")
