"""A small disk that fills up, and one that turns read-only: an honest 4xx, never a false 250."""

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.submission import Letter, submit

SIZE = 24 * 1024 * 1024
FLOOR = "4 MB"


@contextmanager
def small_disk(bed: Bed, name: str) -> Iterator[Path]:
    store = bed.folder / "relays" / f"{name}-disk"
    store.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "disk", store], check=True)
    try:
        yield store
    finally:
        subprocess.run(["umount", "-l", store], check=True)


def senders_in_queue(relay: Relay) -> set[str]:
    _, page = relay.ctl_json("queue", "list", "--all")
    return {message["sender"] for message in page["messages"]}  # type: ignore[index]


def fill(relay: Relay, size: int) -> tuple[list[Letter], int, str]:
    """Mail that stays in the queue, until it is refused: what was acknowledged, and the refusal."""
    taken: list[Letter] = []
    for _ in range(2 * SIZE // size):
        letter = Letter.to("someone@mismatch.example", body=(b"%071d\n" % 3) * (size // 72), name="disk")
        code, text = submit(letter, relay.address)
        if code != 250:
            return taken, code, text
        taken.append(letter)
    raise AssertionError(f"took {len(taken)} messages of {size} octets on a disk of {SIZE}")


def fills_up(bed: Bed, name: str, number: int, size: int, floor: str) -> None:
    with small_disk(bed, name) as store:
        relay = Relay(bed, name, number, more={"store": {"minimum_free": f'"{floor}"'}}, store=store)
        with relay:
            letters, code, text = fill(relay, size)
            assert letters and 400 <= code < 500, (code, text)
            if floor == FLOOR:
                assert code == 452 and text.startswith("4.3.1"), (code, text)
            assert relay.process and relay.process.poll() is None, relay.tail()
            acknowledged = {letter.sender for letter in letters}
            assert acknowledged <= senders_in_queue(relay), f"{len(acknowledged - senders_in_queue(relay))} lost"
            wait_for("attempt on the full disk", lambda: relay.attempts(letters[0]), 20)
            relay.stop()
            relay.start()
            assert acknowledged == senders_in_queue(relay), "the queue is not what was acknowledged"


def scenario_full_above_the_floor(bed: Bed) -> None:
    """Disk at the floor: 452 4.3.1; what was acknowledged is there, also after a restart"""
    fills_up(bed, "30-disk-floor", 30, 500_000, FLOOR)


def scenario_full_small_messages(bed: Bed) -> None:
    """The same with small messages, which lie in the database"""
    fills_up(bed, "30-disk-small", 31, 60_000, FLOOR)


def scenario_full_without_floor(bed: Bed) -> None:
    """No floor to speak of, ENOSPC in the middle of a message: 4xx, no false 250"""
    fills_up(bed, "30-disk-bare", 32, 700_000, "1 B")


def scenario_heals(bed: Bed) -> None:
    """Once there is room again, mail is taken again; mail accepted before is delivered all along"""
    with small_disk(bed, "30-disk-heals") as store:
        ballast = store / "ballast"
        with Relay(bed, "30-disk-heals", 33, more={"store": {"minimum_free": f'"{FLOOR}"'}}, store=store) as relay:
            first = Letter.to("someone@greylist.example", name="heals")
            relay.submit(first)
            ballast.write_bytes(b"\0" * (SIZE - 6 * 1024 * 1024 + 2_500_000))
            wait_for("refusal", lambda: submit(Letter.to("someone@good.example"), relay.address)[0] == 452, 20)
            relay.wait_attempt(first, first.recipients[0], ("delivered",), 40)
            ballast.unlink()
            wait_for("acceptance", lambda: submit(Letter.to("someone@good.example"), relay.address)[0] == 250, 20)


def scenario_read_only(bed: Bed) -> None:
    """The store turns read-only under the daemon: 4xx, the daemon lives, and after the repair all is there"""
    with small_disk(bed, "30-disk-ro") as store:
        with Relay(bed, "30-disk-ro", 34, more={"store": {"minimum_free": '"1 MB"'}}, store=store) as relay:
            held = Letter.to("someone@mismatch.example", name="ro")
            relay.submit(held)
            # A bind mount laid over itself can be remounted read-only although files are open for writing.
            subprocess.run(["mount", "-o", "remount,ro", store], capture_output=True)
            if not _is_read_only(store):
                from internet.scenario import Skip
                raise Skip("this kernel does not remount a busy tmpfs read-only")
            code, text = submit(Letter.to("someone@good.example"), relay.address)
            assert 400 <= code < 500, (code, text)
            subprocess.run(["mount", "-o", "remount,rw", store], check=True)
            wait_for("acceptance", lambda: submit(Letter.to("someone@good.example"), relay.address)[0] == 250, 30)
            assert held.sender in senders_in_queue(relay)


def scenario_read_only_at_start(bed: Bed) -> None:
    """A store that cannot be written at start: exit 78 and one clear line"""
    with small_disk(bed, "30-disk-start") as store:
        relay = Relay(bed, "30-disk-start", 35, store=store)
        subprocess.run(["mount", "-o", "remount,ro", store], check=True)
        relay.launch()
        assert relay.wait_exit() == 78, relay.tail()
        assert str(store) in relay.tail() and relay.tail().count("\n") <= 3, relay.tail()


def _is_read_only(path: Path) -> bool:
    try:
        (path / "probe").touch()
        (path / "probe").unlink()
    except OSError:
        return True
    return False
