"""`relayd --check` and the start say the same: each fault with its line, column and cure, and in the log as the event start-failed."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from internet import storefiles
from internet.inside import Bed
from internet.relay import Relay, program
from internet.relayconfig import quoted
from internet.scenario import cases

NAME = "77-check"
BAD = 78
UNAVAILABLE = 69
KEY = {"domain": quoted("sender.example"), "selector": quoted("s"), "file": quoted("/nonexistent/key")}


@dataclass(frozen=True)
class Fault:
    """What is wrong in a configuration, the key it is told of by, and words that must be there."""

    name: str
    key: str
    words: str
    more: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: tuple[tuple[str, dict[str, str]], ...] = ()


FAULTS = (
    Fault("folder", "control.socket", "that relayd cannot make. Create /nonexistent/run", {"control": {"socket": quoted("/nonexistent/run/c.sock")}}),
    Fault("read-folder", "control.read_socket", "that relayd cannot make", {"control": {"read_socket": quoted("/nonexistent/run/r.sock")}}),
    Fault("group", "control.read_group", "addgroup --system no-such-group",
          {"control": {"read_socket": quoted("/tmp/waxwing-77.sock"), "read_group": quoted("no-such-group")}}),
    Fault("same", "control.read_socket", "is the path of control.socket",
          {"control": {"socket": quoted("/tmp/waxwing-77.sock"), "read_socket": quoted("/tmp/waxwing-77.sock")}}),
    Fault("key", "dkim.key[0].file", "/nonexistent/key", tables=(("dkim.key", KEY),)),
    Fault("certificate", "intake.tls_certificate", "certificate", {"intake": {"tls_certificate": quoted("/etc/hostname")}}),
    Fault("user", "server.user", "adduser --system", {"server": {"user": quoted("no-such-user")}}),
    Fault("option", 'dns.unbound."nonsense:"', "see unbound.conf(5)", {"dns.unbound": {quoted("nonsense:"): quoted("1")}}),
    Fault("level", "log.level", 'Did you mean "warning"?', {"log": {"level": quoted("warn")}}),
)


def check(relay: Relay) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([program("relayd"), "--config", relay.toml, "--check"], capture_output=True, text=True, timeout=60)


def number(fault: Fault) -> int:
    return 2 + FAULTS.index(fault)


@cases(FAULTS, lambda fault: fault.name)
def scenario_said_alike(bed: Bed, fault: Fault) -> None:
    """What a start stumbles over is told by `--check` first, with file, line, column and a cure; both end with 78"""
    relay = Relay(bed, f"{NAME}-{fault.name}", number(fault), more=fault.more, tables=fault.tables)
    done = check(relay)
    (line,) = [line for line in done.stderr.splitlines() if f": {fault.key}: " in line]
    place, _, _ = line.removeprefix(f"{relay.toml}:").partition(": ")
    assert done.returncode == BAD and fault.words in line, (done.returncode, done.stderr)
    assert len([part for part in place.split(":") if part.isdigit()]) == 2, line
    relay.launch()
    assert relay.wait_exit() == BAD, relay.tail()
    (said,) = [line for line in relay.log().read_text().splitlines() if "event=start-failed" in line]
    row, column = place.split(":")
    assert f"line={row} column={column} " in said and "reason=" in said, said


def scenario_all_at_once(bed: Bed) -> None:
    """Faults of files, keys and names are told in one run, in the order of the file"""
    relay = Relay(bed, f"{NAME}-all", 20, more={"server": {"user": quoted("no-such-user")}, "control": {"socket": quoted("/nonexistent/run/c.sock")}},
                  tables=(("dkim.key", KEY),))
    keys = ("server.user", "control.socket", "dkim.key[0].file")
    told = [line.split(": ")[1] for line in check(relay).stderr.splitlines()]
    assert [key for key in told if key in keys] == list(keys), told


def scenario_json(bed: Bed) -> None:
    """Where the log is JSON, so is the last line of a start that fails, whatever log.level is"""
    relay = Relay(bed, f"{NAME}-json", 21, more={"server": {"user": quoted("no-such-user")},
                                                 "log": {"format": quoted("json"), "level": quoted("critical")}})
    relay.launch()
    assert relay.wait_exit() == BAD, relay.tail()
    said = [json.loads(line) for line in relay.log().read_text().splitlines()]
    assert [line["event"] for line in said] == ["start-failed"] and said[0]["key"] == "server.user" and said[0]["level"] == "error", said


def scenario_journal(bed: Bed) -> None:
    """`--check` in a unit speaks to the journal: an event with its priority"""
    relay = Relay(bed, f"{NAME}-journal", 22, more={"server": {"user": quoted("no-such-user")}, "log": {"format": quoted("")}})
    path: Path = relay.folder / "journal"
    with open(path, "wb") as journal:
        status = os.fstat(journal.fileno())
        done = subprocess.run([program("relayd"), "--config", relay.toml, "--check"], stderr=journal, timeout=60,
                              env=os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
    said = path.read_text()
    assert done.returncode == BAD and said.startswith("<3>event=start-failed ") and "key=server.user" in said, said


def scenario_no_such_address(bed: Bed) -> None:
    """An address that this machine does not have is told of in words, with a cure; it may come later: 69"""
    relay = Relay(bed, f"{NAME}-address", 23, more={"intake": {"listen": '["192.0.2.77:2525"]'}})
    said = storefiles.refused(relay, UNAVAILABLE)
    assert "intake.listen[0]: cannot listen on 192.0.2.77:2525" in said and "no such address" in said, said


def scenario_alarm_command(bed: Bed) -> None:
    """A program for alarms that is not there is a warning with its place: mail goes on without it"""
    relay = Relay(bed, f"{NAME}-alarm", 24, more={"alarm": {"command": '["/nonexistent/page-me"]'}})
    done = check(relay)
    assert done.returncode == 0 and ": alarm.command[0]: /nonexistent/page-me does not exist." in done.stdout, done
