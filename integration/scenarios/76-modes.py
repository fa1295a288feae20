"""What lies there when a relay with `server.user` starts: files of another owner, files that others may read or write, folders that are missing."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import Iterator

from internet import addresses, dkimkeys, storefiles
from internet.droppedrights import Dropping, owners
from internet.inside import Bed, wait_for
from internet.listeners import add_user, events, intake
from internet.relay import program
from internet.relayconfig import quoted
from internet.reporting import key_table
from internet.scenario import cases
from internet.users import WAXWING

NAME = "76-modes"
PASSWORD = "bees and wax 76"
WRONG_OWNERS = (".", "queue.db", "spool", "spool/aside", "lock")


@contextmanager
def refusing(bed: Bed, name: str, number: int) -> Iterator[Dropping]:
    """A relay that was started once and ended, so that it has a queue."""
    relay = Dropping(bed, name, number)
    with relay:
        assert relay.stop() == 0
    yield relay


def scenario_wrong_owner(bed: Bed) -> None:
    """What a start as root left of the queue is root's: each file is named, with whose it is, and the exit code is 78"""
    with refusing(bed, f"{NAME}-owner", 2) as relay:
        for name in WRONG_OWNERS:
            path = relay.store / name
            os.chown(path, 0, 0)
            said = storefiles.refused(relay)
            assert str(path) in said and ("belongs to user 0" in said or "Permission denied" in said), said
            os.chown(path, WAXWING, WAXWING)
        # What mail does not need is told of, and mail goes on.
        os.chown(relay.store / "trace.db", 0, 0)
        with relay:
            (told,) = events(relay, "trace-off")
            assert "trace.db" in told["reason"] and told["cure"], told


@cases((*WRONG_OWNERS, "journal"), str)
def scenario_wrong_owner_cure(bed: Bed, name: str) -> None:
    """A file of the queue that is another's: the line names it, and says chown"""
    with refusing(bed, f"{NAME}-cure", 3) as relay:
        path = relay.store / name
        os.chown(path, 0, 0)
        try:
            said = storefiles.refused(relay)
            assert str(path) in said and "chown" in said, said
        finally:
            os.chown(path, WAXWING, WAXWING)


def scenario_wrong_modes(bed: Bed) -> None:
    """Queue and keys that others may read or write: refused with the mode and a chmod, exit 78; a listener's key is warned of"""
    with refusing(bed, f"{NAME}-modes", 4) as relay:
        for path, wrong, right in ((relay.store, 0o777, 0o700), (relay.store / "queue.db", 0o666, 0o600), (relay.store / "spool", 0o750, 0o700)):
            path.chmod(wrong)
            said = storefiles.refused(relay)
            assert f"{path} refused: mode {wrong:o} lets others in: chmod 0{right:o}" in said, said
            path.chmod(right)
    own = relay.folder / "keys"
    own.mkdir()
    shutil.copy(dkimkeys.path(bed.folder, "rsa"), own / "dkim.pem")
    shutil.copy(bed.folder / "certificates" / f"{addresses.RELAY_NAME}.key", own / "own.key")
    add_user(own / "users", "anna", PASSWORD)
    table, key = key_table(bed.folder, "rsa")
    signing = Dropping(bed, f"{NAME}-dkim", 5, tables=((table, key | {"file": quoted(own / "dkim.pem")}),))
    for mode in (0o644, 0o640, 0o622):
        (own / "dkim.pem").chmod(mode)
        said = storefiles.refused(signing)
        assert f"(mode {mode:o})" in said and f"chmod 600 {own / 'dkim.pem'}" in said, said
    users = Dropping(bed, f"{NAME}-users", 6, more=intake(users_file=own / "users"))
    (own / "users").chmod(0o644)
    said = storefiles.refused(users)
    assert str(own / "users") in said and "0644" in said and "0640" in said, said
    (own / "own.key").chmod(0o644)
    with Dropping(bed, f"{NAME}-listener", 7, more=intake(tls_key=own / "own.key")) as open_key:
        (told,) = events(open_key, "rights-too-wide")
        words = f"intake.tls_key: anybody on this machine can read or change {own / 'own.key'} (mode 644). Cure: chmod 640 it."
        assert words in told["reason"], told


def scenario_no_such_user(bed: Bed) -> None:
    """A user that there is not, or that is root: exit 78 in one line, at start and by `--check`"""
    for user, words in (("no-such-user", "adduser --system --group --no-create-home no-such-user"), ("root", "name one with few rights")):
        relay = Dropping(bed, f"{NAME}-{user}", 8, more={"server": {"user": quoted(user)}})
        said = storefiles.refused(relay)
        assert "server.user: " in said and words in said, said
        done = subprocess.run([program("relayd"), "--config", relay.toml, "--check"], capture_output=True, text=True)
        assert done.returncode == 78 and "server.user: " in done.stderr and words in done.stderr, (done.returncode, done.stderr)


def scenario_folder_is_made(bed: Bed) -> None:
    """The folder of the sockets is made where it is not there, as after each start of the machine: for the user, 0711"""
    at = bed.folder / "relays" / f"{NAME}-made"
    relay = Dropping(bed, f"{NAME}-made", 10, more={"control": {"socket": quoted(at / "run" / "control.sock")}})
    # Its parent is root's: the user could not make it.
    os.chown(relay.folder, 0, 0)
    done = subprocess.run([program("relayd"), "--config", relay.toml, "--check"], capture_output=True, text=True)
    assert done.returncode == 0 and not (at / "run").exists(), (done.returncode, done.stderr)
    with relay:
        wait_for("the socket", (at / "run" / "control.sock").exists, 10)
        found = owners(at)
        assert (found["run"], found["run/control.sock"]) == ((WAXWING, 0o711), (WAXWING, 0o660)), found


def scenario_queue_is_not_made(bed: Bed) -> None:
    """A folder of the queue that is not there is refused, by `--check` as well: it may be a disk that is not mounted"""
    at = bed.folder / "relays" / f"{NAME}-gone"
    relay = Dropping(bed, f"{NAME}-gone", 11, more={"store": {"directory": quoted(at / "queue")}})
    said = storefiles.refused(relay)
    assert "store.directory: " in said and f"{at / 'queue'} does not exist" in said and not (at / "queue").exists(), said
    done = subprocess.run([program("relayd"), "--config", relay.toml, "--check"], capture_output=True, text=True)
    assert done.returncode == 78 and f"{at / 'queue'} does not exist" in done.stderr, (done.returncode, done.stderr)
