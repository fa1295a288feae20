"""A small disk that fills up, and one that turns read-only: an honest 4xx, never a false 250."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.relay import Relay
from internet.scenario import Skip, cases
from internet.submission import Letter, submit

# The journal takes 32 MiB, the reserve 16.
SIZE = 72 * 1024 * 1024
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
    """F114 Disk at the floor: 452 4.3.1; what was acknowledged is there, also after a restart"""
    fills_up(bed, "30-disk-floor", 30, 500_000, FLOOR)


def scenario_full_small_messages(bed: Bed) -> None:
    """F114 The same with messages that lie in the database"""
    fills_up(bed, "30-disk-small", 31, 60_000, FLOOR)


def scenario_full_journal(bed: Bed) -> None:
    """F114 The same with small messages, which go through the journal"""
    fills_up(bed, "30-disk-journal", 36, 12_000, FLOOR)


@cases((("the reserve is there", True, 37), ("the reserve is gone", False, 38)), lambda case: case[0])
def scenario_full_behind_a_kill(bed: Bed, case: tuple[str, bool, int]) -> None:
    """F111 F114 SIGKILL with mail in the journal, then no octet free: a start brings it all back, or says what it needs"""
    _, has_reserve, number = case
    with small_disk(bed, f"30-disk-kill{number}") as store:
        relay = Relay(bed, f"30-disk-kill{number}", number, more={"store": {"minimum_free": '"1 MB"'}}, store=store)
        letters = [Letter.to("someone@mismatch.example", body=(b"%071d\n" % 3) * 280, name="killed") for _ in range(200)]
        with relay:
            for letter in letters:
                relay.submit(letter)
            relay.kill()
            start_without_room(relay, store, has_reserve)
            assert int(events(relay, "store-opened")[-1]["from_journal"]) > 0, "nothing lay in the journal: this shows nothing"
            assert {letter.sender for letter in letters} == senders_in_queue(relay)


@cases((("the reserve is there", True, 61), ("the reserve is gone", False, 62)), lambda case: case[0])
def scenario_full_behind_a_stop(bed: Bed, case: tuple[str, bool, int]) -> None:
    """F114 Stopped in order, then no octet free: a start goes on by the room of the reserve, or ends with 69 and says what is full"""
    _, has_reserve, number = case
    with small_disk(bed, f"30-disk-stop{number}") as store:
        relay = Relay(bed, f"30-disk-stop{number}", number, more={"store": {"minimum_free": '"1 MB"'}}, store=store)
        letter = Letter.to("someone@mismatch.example", name="stopped")
        with relay:
            relay.submit(letter)
            relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
            assert relay.stop() == 0, relay.tail()
            start_without_room(relay, store, has_reserve)
            assert senders_in_queue(relay) == {letter.sender}


def start_without_room(relay: Relay, store: Path, has_reserve: bool) -> None:
    """No octet is free: a start goes on by the room of the reserve, or ends with 69 and says what is full, until there is room again."""
    if not has_reserve:
        (store / "reserve").unlink()
    ballast = fill_up(store)
    if not has_reserve:
        relay.launch()
        assert relay.wait_exit() == 69, relay.tail()
        assert "is full. Nothing is lost" in relay.tail() and "make room" in relay.tail(), relay.tail()
        ballast.unlink()
    relay.start()


def fill_up(folder: Path) -> Path:
    """The last octet of the disk is taken."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


def scenario_full_without_floor(bed: Bed) -> None:
    """F114 Messages larger than the floor, ENOSPC in the middle of one: 4xx, no false 250"""
    fills_up(bed, "30-disk-bare", 32, 1_500_000, "1 MB")


def scenario_heals(bed: Bed) -> None:
    """F114 Once there is room again, mail is taken again; mail accepted before is delivered all along"""
    with small_disk(bed, "30-disk-heals") as store:
        with Relay(bed, "30-disk-heals", 33, more={"store": {"minimum_free": f'"{FLOOR}"'}}, store=store) as relay:
            first = Letter.to("someone@greylist.example", name="heals")
            relay.submit(first)
            disk = os.statvfs(store)
            ballast = store / "ballast"
            # Below the floor, with a little left to settle what is under way.
            ballast.write_bytes(b"\0" * (disk.f_bavail * disk.f_frsize - 2_000_000))
            wait_for("refusal", lambda: submit(Letter.to("someone@good.example"), relay.address)[0] == 452, 20)
            relay.wait_attempt(first, first.recipients[0], ("delivered",), 40)
            ballast.unlink()
            wait_for("acceptance", lambda: submit(Letter.to("someone@good.example"), relay.address)[0] == 250, 20)


def scenario_orders_on_a_full_disk(bed: Bed) -> None:
    """F114 An order that the full disk does not take: said with what is full and what to do; with room again it is taken"""
    order = ("queue", "holds", "add", "--sender", "nobody@example.org", "--new-only", "--reason", "disk")
    with small_disk(bed, "30-disk-orders") as store:
        with Relay(bed, "30-disk-orders", 39, more={"store": {"minimum_free": '"1 MB"'}}, store=store) as relay:
            ballast = fill_up(store)
            # What the database has room for in its own files it takes.
            said = wait_for("refusal", lambda: (found := relay.ctl(*order))[0] and found, 60)
            assert said[0] == 70 and "the disk of the store is full" in said[2] and "df -h" in said[2], said
            text = " ".join(relay.ctl("status")[1].split())
            assert " free of " in text and "; mail is refused below 1.0 MB" in text, text
            ballast.unlink()
            wait_for("an order that is taken", lambda: relay.ctl(*order)[0] == 0, 20)
            wait_for("a status without it", lambda: "is full" not in relay.ctl("status")[1] and "452" not in relay.ctl("status")[1], 10)


def scenario_read_only(bed: Bed) -> None:
    """F120 The store's file system turns read-only under the daemon: 4xx, the daemon lives, after a repair all is there"""
    with failing_disk(bed, "30-disk-ro") as (store, fail, repair):
        relay = Relay(bed, "30-disk-ro", 34, more={"store": {"minimum_free": '"1 MB"'}}, store=store)
        with relay:
            held = Letter.to("someone@mismatch.example", name="ro")
            relay.submit(held)
            fail()
            code, text = submit(Letter.to("someone@good.example"), relay.address)
            assert 400 <= code < 500, (code, text)
            assert relay.process and relay.process.poll() is None, relay.tail()
            wait_for("the alarm", lambda: events(relay, "alarm-raised", kind="store-not-writable"), 30)
            text = " ".join(relay.ctl("status")[1].split())
            assert "the store cannot be written since 2" in text and "ead-only file system" in text, text
            checks = {check["name"]: check for check in relay.ctl_json("doctor")[1]["checks"]}  # type: ignore[index]
            for name in ("disk-space", "store-writing"):
                assert checks[name]["state"] == "fault" and "findmnt" in checks[name]["cure"], checks[name]
            relay.stop()
            repair()
            relay.start()
            assert held.sender in senders_in_queue(relay)
            relay.submit(Letter.to("someone@good.example"))


def scenario_read_only_at_start(bed: Bed) -> None:
    """F120 A store that cannot be written at start: refused with one clear line"""
    with small_disk(bed, "30-disk-start") as store:
        relay = Relay(bed, "30-disk-start", 35, store=store)
        subprocess.run(["mount", "-o", "remount,ro", store], check=True)
        relay.launch()
        assert relay.wait_exit() in (69, 78), relay.tail()
        assert str(store) in relay.tail() and relay.tail().count("\n") <= 3, relay.tail()


@contextmanager
def failing_disk(bed: Bed, name: str) -> Iterator[tuple[Path, Callable[[], None], Callable[[], None]]]:
    """An ext4 in a file, what turns it read-only as an I/O error would, and what repairs it."""
    image, store = bed.folder / "relays" / f"{name}.img", bed.folder / "relays" / f"{name}-disk"
    store.mkdir(parents=True, exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(96 * 1024 * 1024)
    if shutil.which("mkfs.ext4") is None:
        raise Skip("no mkfs.ext4 here (e2fsprogs)")
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    mounted = subprocess.run(["mount", "-o", "loop,errors=remount-ro", image, store], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise Skip(f"no loop devices here: {mounted.stderr.strip()}")
    store.chmod(0o700)
    shutil.rmtree(store / "lost+found")
    device = next(line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if line.split()[1] == str(store))

    def fail() -> None:
        try:
            Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("made by a test\n")
        except OSError as error:
            raise Skip(f"ext4 cannot be made to fail here: {error}") from None

    def repair() -> None:
        subprocess.run(["umount", store], check=True)
        subprocess.run(["fsck.ext4", "-y", image], capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, store], check=True)

    try:
        yield store, fail, repair
    finally:
        subprocess.run(["umount", "-l", store], capture_output=True)
