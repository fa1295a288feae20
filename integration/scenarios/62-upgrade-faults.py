"""An upgrade of a queue with ten thousand letters, killed at one point after the other."""

from internet import storefiles
from internet.injected import Traced
from internet.inside import Bed, wait_for
from internet.listeners import events, toml
from internet.ownhosts import pour
from internet.scenario import note, slow

# What the two versions behind schema 4 added is taken away again.
TO_SCHEMA_4 = """
    DROP TABLE exception; DROP TABLE alarm; DROP TABLE known_fact; DROP TABLE fact_change; DROP TABLE delivery_day; DROP TABLE delivery_count;
    DROP TABLE requiretls_proof; DROP TABLE observed_count; DROP TABLE journal_ahead; DROP TABLE suspension; DROP TABLE hold_rule;
    DROP INDEX recipient_due; DROP INDEX recipient_deadline; DROP INDEX recipient_destination;
    ALTER TABLE attempt DROP COLUMN decision; ALTER TABLE attempt DROP COLUMN evidence; ALTER TABLE attempt DROP COLUMN times;
    ALTER TABLE message DROP COLUMN message_id; ALTER TABLE recipient DROP COLUMN lane; ALTER TABLE recipient DROP COLUMN expires_at;
    ALTER TABLE recipient DROP COLUMN deadline; ALTER TABLE recipient DROP COLUMN held_at; ALTER TABLE recipient DROP COLUMN hold_reason;
    CREATE INDEX recipient_due ON recipient (next_attempt, destination) WHERE state = 0;
    CREATE INDEX recipient_destination ON recipient (destination, next_attempt) WHERE state = 0;
    DELETE FROM fact WHERE name LIKE 'journal%' OR name = 'routes';
    PRAGMA user_version = 4;
"""
MESSAGES = 10_000


@slow
def scenario_killed_in_migration(bed: Bed) -> None:
    """F121 An upgrade with 10,000 letters is killed at one write after the other: each schema is whole, and in the end all letters are there"""
    relay = Traced(bed, "62-upgrade-faults", 11, more={"retry": {"minimum": toml("1h"), "maximum": toml("2h")}})
    with relay:
        pour(relay.address, "bulk@sender.example", [f"user{number}@mismatch.example" for number in range(MESSAGES)])
        assert relay.stop() == 0
        database = relay.store / "queue.db"
        newest = storefiles.version(database)
        storefiles.script(database, TO_SCHEMA_4)
        (relay.store / "journal").unlink()
        before, points, met = relay.folder / "before", 0, set()
        storefiles.copy(relay.store, before, "queue.db")
        while True:
            points = points * 4 // 3 + 1
            storefiles.copy(before, relay.store, "queue.db", "queue.db-wal", "queue.db-shm", "journal")
            relay.injection = f"pwrite64:signal=KILL:when={points}"
            starts = len(events(relay, "started"))
            relay.launch()
            try:
                process = relay.process
                assert process
                wait_for("the end, or the start", lambda: process.poll() is not None or len(events(relay, "started")) > starts, 120)
                is_over = process.poll() is None
            finally:
                relay.kill()
            if is_over:
                break
            met.add(storefiles.version(database))
        note(f"killed at up to the write of number {points} of a thread; schemas that were met: {sorted(met)}")
        assert len(met) > 1 and min(met) == 4, met
        storefiles.copy(before, relay.store, "queue.db", "queue.db-wal", "queue.db-shm", "journal")
        relay.injection = ""
        relay.start()
        assert relay.stop() == 0 and storefiles.version(database) == newest
        assert storefiles.change(relay, "UPDATE recipient SET attempts = attempts") == MESSAGES
