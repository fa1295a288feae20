"""What is wrong at start or runs out later: the store is another's, there is no room, there are no inodes, keys and anchors are not right."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from internet import addresses, dkimkeys, judges, storefiles, zones
from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.reporting import key_table
from internet.scenario import cases, slow
from internet.smtpwire import Wire
from internet.submission import Letter, submit
from internet.watching import alarms, outcome

MEGABYTE = 1024 * 1024
LARGE = b"%071d\n" % 7 * 5000
SUSPENDED, NOBODY = "good.example", 65534


@contextmanager
def disk(bed: Bed, name: str, options: str) -> Iterator[Path]:
    """An empty file system in memory, for a store."""
    store = bed.folder / "relays" / f"{name}-disk"
    store.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "disk", store], check=True)
    try:
        yield store
    finally:
        subprocess.run(["umount", "-l", store], check=True)


def read_only(store: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", store], check=True)


def linked(store: Path) -> None:
    target = store / "elsewhere"
    target.write_bytes(b"")
    (store / "queue.db").unlink()
    (store / "queue.db").symlink_to(target)


STORES: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("it is mounted read-only", read_only),
    ("it belongs to another user", lambda store: os.chown(store, NOBODY, NOBODY)),
    ("its database belongs to another user", lambda store: os.chown(store / "queue.db", NOBODY, NOBODY)),
    ("others may read it", lambda store: store.chmod(0o755)),
    ("its database is a symbolic link", linked),
)


@cases(STORES, lambda case: case[0])
def scenario_store_refused(bed: Bed, case: tuple[str, Callable[[Path], None]]) -> None:
    """F120 A store that is not fit to be written: exit 78, one line that names it"""
    number = 20 + STORES.index(case)
    with disk(bed, f"61-start-faults-store{number}", "size=80m") as store:
        relay = Relay(bed, f"61-start-faults-store{number}", number, store=store, more={"store": {"minimum_free": quoted("1 MB")}})
        with relay:
            assert relay.stop() == 0
        case[1](store)
        assert str(store) in storefiles.refused(relay)


def scenario_second_daemon(bed: Bed) -> None:
    """F120 A second daemon on the same store: exit 78, one line; the first goes on"""
    with Relay(bed, "61-start-faults-first", 25) as relay:
        second = Relay(bed, "61-start-faults-second", 26, store=relay.store)
        said = storefiles.refused(second)
        assert str(relay.store) in said and "in use" in said, said
        assert outcome(relay, "someone@good.example", "first")["status"] == "delivered"


def scenario_port_taken(bed: Bed) -> None:
    """A start whose port is taken ends with 69 and closes the queue in order: the next one finds it clean"""
    relay = Relay(bed, "61-start-faults-port", 41)
    with relay:
        assert relay.stop() == 0
    with socket.create_server((relay.address, addresses.RELAY_PORT)):
        relay.launch()
        assert relay.wait_exit() == 69, relay.tail()
    with relay:
        assert events(relay, "store-opened")[-1]["clean"] == "true", events(relay, "store-opened")


def killed_with_records(relay: Relay) -> tuple[Letter, set[str]]:
    """Kills the relay while its journal alone has two letters at least; the first of them, and the senders of all others."""
    letters: list[Letter] = []
    for _ in range(10):
        fresh = [Letter.to(f"someone@{SUSPENDED}", name="journal") for _ in range(5)]
        for letter in fresh:
            relay.submit(letter)
        letters += fresh
        relay.kill()
        known = storefiles.senders(relay)
        alone = [letter for letter in fresh if letter.sender not in known]
        if len(alone) > 1:
            return alone[0], {letter.sender for letter in letters} - {alone[0].sender}
        relay.start()
    raise AssertionError("the journal was always empty: this shows nothing")


def scenario_journal_damaged(bed: Bed) -> None:
    """One record of the journal cannot be read behind a crash: an error says so and what it means, and all other mail is there"""
    with Relay(bed, "61-start-faults-journal", 42) as relay:
        assert relay.ctl("destinations", "suspend", SUSPENDED)[0] == 0
        damaged, others = killed_with_records(relay)
        place = (relay.store / "journal").read_bytes().find(damaged.sender.encode())
        assert place > 0, "it is not in the journal any more"
        storefiles.flip(relay.store / "journal", place)
        relay.start()
        (told,) = events(relay, "journal-damaged")
        assert told["records"] == "1" and told["reason"] and told["cure"], told
        _, page = relay.ctl_json("queue", "list", "--all")
        assert {message["sender"] for message in page["messages"]} == others, page  # type: ignore[index]


@dataclass(frozen=True)
class Shortage:
    what: str
    options: str
    store: dict[str, str]
    size: int  # octets of a letter


SHORTAGES = (Shortage("space", "size=80m", {"minimum_free": quoted("4 MB")}, 500_000),
             Shortage("inodes", "size=200m,nr_inodes=60", {"minimum_free": quoted("1 MB"), "minimum_free_inodes": "10"}, 300_000))


@slow
@cases(SHORTAGES, lambda case: case.what)
def scenario_runs_short(bed: Bed, case: Shortage) -> None:
    """F114 It runs short: 452 4.3.1, already to MAIL; what was accepted goes out, which makes room, and mail is accepted again"""
    name = f"61-start-faults-{case.what}"
    with disk(bed, name, case.options) as store, Relay(bed, name, 27 + SHORTAGES.index(case), store=store, more={"store": case.store}) as relay:
        assert relay.ctl("destinations", "suspend", SUSPENDED)[0] == 0
        taken: list[Letter] = []
        size, refusals = case.size, 0

        def at_mail() -> bool:
            with Wire(relay.address) as wire:
                wire.ehlo()
                code, text = wire.ask("MAIL FROM:<someone@sender.example>")
                return (code, text[:5]) == (452, "4.3.1")
        end = time.monotonic() + 120
        while not events(relay, "room-short"):
            assert time.monotonic() < end, "it never ends"
            letter = Letter.to(f"someone@{SUSPENDED}", body=b"%071d\n" % 7 * (size // 72), name="short")
            code, text = submit(letter, relay.address)
            if code == 250:
                taken.append(letter)
                refusals = 0
                continue
            # What came last is counted for more than it is until the disk is looked at again, a second later; or this one is too large.
            assert code == 452 and text.startswith("4.3.1"), (code, text)
            refusals += 1
            size = size if refusals < 2 else max(size // 2, 1000)
            time.sleep(1.1)
        wait_for("the refusal of MAIL", at_mail, 10)
        told = events(relay, "room-short")[-1]
        assert told["of"] == case.what, told
        assert relay.ctl("destinations", "resume", SUSPENDED)[0] == 0
        for letter in taken:
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)
        wait_for("room in the log", lambda: events(relay, "room-back"), 20)
        after = Letter.to(f"someone@{SUSPENDED}", name="short")
        wait_for("acceptance", lambda: submit(after, relay.address)[0] == 250, 20)
        relay.wait_attempt(after, after.recipients[0], ("delivered",))
        for letter in taken:
            (copy,) = relay.bed.delivered(SUSPENDED, letter.mark)
            assert letter.arrived_whole(copy)
        assert not events(relay, "settle-failed")


def signing(bed: Bed, name: str, number: int, file: Path, **dkim: str) -> Relay:
    table, keys = key_table(bed.folder, "rsa")
    return Relay(bed, name, number, more={"dkim": dkim} if dkim else {}, tables=((table, keys | {"file": quoted(file)}),))


KEYS: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("is missing", lambda path: path.unlink()), ("is no key", lambda path: path.write_text("no key\n") and None),
    ("is empty", lambda path: path.write_text("") and None), ("is a folder", lambda path: (path.unlink(), path.mkdir(0o700)) and None))


@cases(KEYS, lambda case: case[0])
def scenario_key_file(bed: Bed, case: tuple[str, Callable[[Path], None]]) -> None:
    """F126 The file of a DKIM key is not what it should be: exit 78, and the line names it"""
    number = 30 + KEYS.index(case)
    file = bed.folder / "relays" / f"51-key{number}.pem"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(dkimkeys.path(bed.folder, "rsa"), file)
    file.chmod(0o600)
    relay = signing(bed, f"61-start-faults-key{number}", number, file)
    case[1](file)
    assert str(file) in storefiles.refused(relay)


def scenario_no_last_line_end(bed: Bed) -> None:
    """F126 Content that ends within a line (BDAT): what arrives is signed, and the signature holds"""
    with signing(bed, "61-start-faults-unended", 35, dkimkeys.path(bed.folder, "rsa")) as relay:
        letter = Letter.to(f"someone@{SUSPENDED}", body=b"first\nlast", name="dkim")
        content = letter.content.replace(b"\n", b"\r\n")
        assert not content.endswith(b"\n")
        with Wire(relay.address) as wire:
            wire.ehlo()
            wire.envelope(letter)
            wire.send(f"BDAT {len(content)} LAST\r\n".encode() + content)
            code, text = wire.reply()
            assert code == 250, (code, text)
        (copy,) = wait_for("copy", lambda: relay.bed.delivered(SUSPENDED, letter.mark), 30)
        assert b"\nfirst\nlast\n" in copy
        assert [tags["s"] for tags in judges.signatures(copy)] == ["rsa"]
        assert judges.dkimpy_accepts(copy, Clock(relay.folder / "no-clock").now) == [True] and judges.opendkim_accepts(copy) == [True]


def scenario_unsignable(bed: Bed) -> None:
    """F126 unsignable = "bounce": a letter with two From fields goes back with 5.7.5, and no host sees it"""
    with signing(bed, "61-start-faults-unsignable", 36, dkimkeys.path(bed.folder, "rsa"), unsignable=quoted("bounce")) as relay:
        letter = Letter.to(f"someone@{SUSPENDED}", name="dkim", headers="From: mallory@sender.example\n")
        relay.submit(letter)
        last = relay.wait_attempt(letter, letter.recipients[0], ("bounced",))[-1]
        assert last["cause"] == "dkim-unsignable", last
        (notice,) = wait_for("notice", lambda: relay.bed.bounces(letter.sender), 30)
        assert "5.7.5" in notice.as_string() and not relay.bed.delivered(SUSPENDED, letter.mark)


def scenario_no_anchor(bed: Bed) -> None:
    """F19 The file of the root's trust anchor is empty: exit 78, and the line names it"""
    empty = bed.folder / "relays" / "51-empty.key"
    empty.parent.mkdir(parents=True, exist_ok=True)
    empty.write_text("")
    relay = Relay(bed, "61-start-faults-no-anchor", 37, more={"dns": {"root_trust_anchor": quoted(empty)}})
    assert str(empty) in storefiles.refused(relay)


def scenario_stale_anchor(bed: Bed) -> None:
    """F19 The root's key is another than the anchor: nothing is delivered, neither as insecure, and an alarm stands"""
    signer = zones.Signer(bed.folder / "relays" / "51-anchor")
    signer.write("", [". 60 SOA a.root-server. hostmaster.example. 1 3600 600 86400 2", ". NS a.root-server."])
    signer.sign("")
    stale = signer.folder / "stale.key"
    stale.write_text(signer.dnskey(""))
    with Relay(bed, "61-start-faults-stale-anchor", 38, more={"dns": {"root_trust_anchor": quoted(stale)}}) as relay:
        for domain in ("good.example", "insecure.example", "plain.example"):
            last = outcome(relay, f"someone@{domain}", "anchor")
            assert (last["status"], last["cause"]) == ("deferred", "dns-bogus"), last
        wait_for("an alarm of the resolver", lambda: alarms(relay, "resolver-does-not-validate") or alarms(relay, "resolver-fails"), 60)
        assert relay.ctl("doctor")[0] == 2
