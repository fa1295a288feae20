"""The files of the store are damaged, older than they were, or of another version."""

import os
from pathlib import Path
from typing import Callable

from internet import storefiles
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter

# In a file of its own, and in a row.
LARGE, MIDDLE = b"%071d\n" % 7 * 5000, b"%071d\n" % 7 * 900
SUSPENDED = "good.example"


def suspend(relay: Relay) -> None:
    code, _, error = relay.ctl("destinations", "suspend", SUSPENDED)
    assert code == 0, error


def resume(relay: Relay) -> None:
    code, _, error = relay.ctl("destinations", "resume", SUSPENDED)
    assert code == 0, error


def held(relay: Relay, body: bytes = b"Hello.\n", recipient: str = f"someone@{SUSPENDED}") -> Letter:
    letter = Letter.to(recipient, body=body, name="state")
    relay.submit(letter)
    return letter


def listed(relay: Relay, letter: Letter) -> dict:  # type: ignore[type-arg]
    """The letter as `relayctl queue list` shows it."""
    _, page = relay.ctl_json("queue", "list", "--sender", letter.sender)
    (message,) = page["messages"]  # type: ignore[index]
    return message


def goes(relay: Relay, letter: Letter) -> None:
    """It is delivered, once and whole."""
    relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 20)
    (copy,) = wait_for("copy", lambda: relay.bed.delivered(letter.recipients[0].split("@")[1], letter.mark), 20)
    assert letter.arrived_whole(copy)


def opened(relay: Relay) -> dict[str, str]:
    return events(relay, "store-opened")[-1]


def spool(relay: Relay, letter: Letter) -> Path:
    return relay.store / "spool" / listed(relay, letter)["id"]


def scenario_contents_damaged(bed: Bed) -> None:
    """F118 Contents are gone, cut short, longer, or have another octet: these letters are set apart and listed, never sent, and all others go"""
    with Relay(bed, "51-state-faults-contents", 1) as relay:
        suspend(relay)
        gone, short, long, other = (held(relay, LARGE) for _ in range(4))
        row, digest = held(relay, MIDDLE), held(relay, MIDDLE)
        sound = [held(relay, body) for body in (LARGE, MIDDLE, b"Hello.\n")]
        files = {letter.sender: spool(relay, letter) for letter in (gone, short, long, other)}
        ids = {letter.sender: listed(relay, letter)["id"] for letter in (row, digest)}
        assert relay.stop() == 0
        files[gone.sender].unlink()
        os.truncate(files[short.sender], files[short.sender].stat().st_size // 2)
        with open(files[long.sender], "ab") as file:
            file.write(b"more\r\n")
        storefiles.flip(files[other.sender], 100_000)
        by_id = "SELECT number FROM message WHERE id = ?"
        other_octets = f"UPDATE content SET bytes = CAST(replace(bytes, x'37', x'38') AS BLOB) WHERE message = ({by_id})"
        assert storefiles.change(relay, other_octets, ids[row.sender]) == 1
        assert storefiles.change(relay, "UPDATE message SET digest = zeroblob(32) WHERE id = ?", ids[digest.sender]) == 1
        relay.start()
        assert opened(relay)["quarantined"] == "3", opened(relay)
        resume(relay)
        for letter in sound:
            goes(relay, letter)
        for letter in (gone, short, long, other, row, digest):
            wait_for("quarantine", lambda: listed(relay, letter)["recipients"][0]["state"] == "quarantined", 20)
            assert not relay.bed.delivered(SUSPENDED, letter.mark)
            assert {attempt["cause"] for attempt in relay.attempts(letter)} == {"suspended"}, relay.attempts(letter)
        assert relay.ctl("queue", "list", "--state", "quarantined")[0] == 0
        assert "waxwing_queue_messages_quarantined 6" in relay.ctl("metrics")[1]


def scenario_why_quarantined(bed: Bed) -> None:
    """F118 Of a letter that was set apart at start, log and queue say which it is and what its content lacks"""
    with Relay(bed, "51-state-faults-why", 12) as relay:
        letter = held(relay, LARGE, "someone@mismatch.example")
        id = listed(relay, letter)["id"]
        assert relay.stop() == 0
        (relay.store / "spool" / id).unlink()
        relay.start()
        text = relay.ctl("queue", "show", id)[1]
        assert "quarantined" in text and "missing" in text, text
        assert events(relay, "quarantined", queue_id=id)


# What of the letter's rows is made of nonsense.
ROWS = ("UPDATE recipient SET domain = 7.5 WHERE message = {number}", "UPDATE recipient SET local = x'00ff' WHERE message = {number}",
        "UPDATE message SET reverse_domain = x'ff' WHERE number = {number}", "UPDATE message SET size = -1 WHERE number = {number}",
        "UPDATE content SET bytes = 'text' WHERE message = {number}")


@cases(ROWS, lambda statement: " ".join(statement.split()[1:4]))
def scenario_row_damaged(bed: Bed, statement: str) -> None:
    """F118 A row of a letter makes no sense: the daemon starts and lives, the letter is not sent, all others go"""
    with Relay(bed, f"51-state-faults-row{ROWS.index(statement)}", 13 + ROWS.index(statement)) as relay:
        suspend(relay)
        damaged, sound = held(relay, MIDDLE), held(relay, MIDDLE)
        id = listed(relay, damaged)["id"]
        number = f"(SELECT number FROM message WHERE id = '{id}')"
        assert relay.stop() == 0
        assert storefiles.change(relay, statement.format(number=number)) == 1
        relay.start()
        resume(relay)
        goes(relay, sound)
        assert not relay.bed.delivered(SUSPENDED, damaged.mark)
        goes(relay, held(relay))
        code, text, error = relay.ctl("queue", "list", "--state", "quarantined")
        assert code == 0 and id in text, (code, text, error)


def scenario_page_damaged(bed: Bed) -> None:
    """F118 A page of the database is garbage: the start is refused in one line, and nothing was changed"""
    relay = Relay(bed, "51-state-faults-page", 6)
    with relay:
        for _ in range(20):
            held(relay, MIDDLE, "someone@mismatch.example")
        assert relay.stop() == 0
        database = relay.store / "queue.db"
        good = database.read_bytes()
        # The root page of a table, which no check can pass over.
        storefiles.flip(database, 2 * storefiles.PAGE, storefiles.PAGE)
        before = storefiles.digest(database)
        said = storefiles.refused(relay)
        assert f"store {database} is damaged" in said, said
        assert storefiles.digest(database) == before
        database.write_bytes(good)
        relay.start()
        assert len(relay.ctl_json("queue", "list", "--all")[1]["messages"]) == 20  # type: ignore[index]


def without_shm(store: Path) -> None:
    (store / "queue.db-shm").unlink()


def without_wal_end(store: Path) -> None:
    wal = store / "queue.db-wal"
    os.truncate(wal, wal.stat().st_size // 2)


BESIDE = (("-shm is gone", without_shm, 7), ("the second half of -wal is gone", without_wal_end, 8))


@cases(BESIDE, lambda case: case[0])
def scenario_beside_the_database(bed: Bed, case: tuple[str, Callable[[Path], None], int]) -> None:
    """F118 A file beside the database suffered behind a SIGKILL: the start says it was unclean, what is on the disk is there, and mail goes on"""
    _, damage, number = case
    with Relay(bed, f"51-state-faults-beside{number}", number) as relay:
        letters = [held(relay, MIDDLE, "someone@mismatch.example") for _ in range(20)]
        relay.wait_attempt(letters[0], letters[0].recipients[0], ("deferred",))
        relay.kill()
        damage(relay.store)
        relay.start()
        assert opened(relay)["clean"] == "false", opened(relay)
        _, page = relay.ctl_json("queue", "list", "--all")
        found = {message["sender"] for message in page["messages"]}  # type: ignore[index]
        # What a disk forgets that it had synced cannot be brought back from it.
        assert found == {letter.sender for letter in letters} if damage is without_shm else found <= {letter.sender for letter in letters}, found
        goes(relay, held(relay))


def scenario_yesterday(bed: Bed) -> None:
    """F119 The database of yesterday: its mail is there, contents that only the newer one knew lie aside, counted and whole"""
    tables = ("queue.db", "queue.db-wal", "queue.db-shm", "journal")
    with Relay(bed, "51-state-faults-yesterday", 9) as relay:
        suspend(relay)
        old = held(relay)
        assert relay.stop() == 0
        backup = relay.folder / "backup"
        storefiles.copy(relay.store, backup, *tables)
        relay.start()
        newer = held(relay, LARGE)
        content = spool(relay, newer)
        whole = content.read_bytes()
        assert relay.stop() == 0
        storefiles.copy(backup, relay.store, *tables)
        relay.start()
        assert opened(relay)["set_aside"] == "1", opened(relay)
        (aside,) = (relay.store / "spool" / "aside").iterdir()
        assert aside.name.startswith(content.name) and aside.read_bytes() == whole
        resume(relay)
        goes(relay, old)
        assert not relay.bed.delivered(SUSPENDED, newer.mark)


def killed(relay: Relay) -> None:
    relay.kill()


def stopped(relay: Relay) -> None:
    assert relay.stop() == 0


TABLES = ("queue.db", "queue.db-wal", "queue.db-shm")


@cases((stopped, killed), lambda end: end.__name__)
def scenario_queue_lost(bed: Bed, end: Callable[[Relay], None]) -> None:
    """F119 queue.db is lost: the start is refused in words; given up, it begins anew with what the journal still has, and the mail goes out"""
    with Relay(bed, f"51-state-faults-lost-{end.__name__}", 18 if end is stopped else 19) as relay:
        assert opened(relay)["new"] == "true", opened(relay)
        suspend(relay)
        letters = [held(relay) for _ in range(3)]
        end(relay)
        for name in TABLES:
            (relay.store / name).unlink(missing_ok=True)
        said = storefiles.refused(relay)
        assert "has lost its queue" in said and "journal.given-up" in said, said
        (relay.store / "journal.given-up").touch()
        relay.start()
        assert opened(relay)["new"] == "true" and opened(relay)["from_journal"] == "3", opened(relay)
        assert events(relay, "journal-later")[-1]["messages"] == "3"
        for letter in letters:
            goes(relay, letter)
        end(relay)
        relay.start()
        assert opened(relay)["new"] == "false" and len(events(relay, "journal-later")) == 1, opened(relay)
        goes(relay, held(relay))


@cases((stopped, killed), lambda end: end.__name__)
def scenario_older_beside_a_journal(bed: Bed, end: Callable[[Relay], None]) -> None:
    """F119 A queue.db of a backup, put back beside the journal of a later life: what came in last is not passed over, and goes out with the rest"""
    with Relay(bed, f"51-state-faults-older-{end.__name__}", 20 if end is stopped else 21) as relay:
        suspend(relay)
        old = held(relay)
        assert relay.stop() == 0
        backup = relay.folder / "backup"
        storefiles.copy(relay.store, backup, *TABLES)
        relay.start()
        newer = held(relay)
        end(relay)
        storefiles.copy(backup, relay.store, *TABLES)
        relay.start()
        assert events(relay, "journal-later")[-1]["messages"] == "1", events(relay, "journal-later")
        resume(relay)
        for letter in (old, newer):
            goes(relay, letter)


def scenario_newer_schema(bed: Bed) -> None:
    """F121 The store of a newer version: refused in one line, and left as it is"""
    with Relay(bed, "51-state-faults-newer", 10) as relay:
        letter = held(relay, recipient="someone@mismatch.example")
        assert relay.stop() == 0
        database = relay.store / "queue.db"
        known = storefiles.version(database)
        storefiles.script(database, "PRAGMA user_version = 99")
        before = storefiles.digest(database)
        said = storefiles.refused(relay)
        assert "has schema 99" in said and "newer" in said, said
        assert storefiles.digest(database) == before
        storefiles.script(database, f"PRAGMA user_version = {known}")
        relay.start()
        assert listed(relay, letter)
