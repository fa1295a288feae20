"""The two control sockets: who may only ask changes nothing, who may neither cannot come in, and whoever floods them costs nothing."""

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator

from internet.controlwire import answers, asked, crowding, memory, opened, orders_of_source, poured, relayctl_as, rest_of
from internet.droppedrights import Dropping
from internet.inside import Bed, wait_for
from internet.listeners import arrived, events
from internet.relayconfig import quoted
from internet.scenario import cases, note, slow
from internet.submission import Letter
from internet.users import WATCHERS, WATCHERS_GROUP, WAXWING

NAME, WAITING = "71-doors", "insecure.example"
SECRET = b"the words of a letter that nobody may read here"
MEGABYTE = 1 << 20
# Octets that a flood may cost, for all of it. Some tens of kilobytes were measured.
COST = 8 * MEGABYTE
# What the log says of changes.
OF_ORDERS = ("ordered", "suspended", "resumed", "hold-rule-added", "hold-rule-removed", "reloaded", "reload-refused", "alarm-acknowledged",
             "exception-added", "exception-removed")


@contextmanager
def fixture(bed: Bed) -> Iterator[Dropping]:
    """With an alarm (certificates of the bed end within the year), a letter that waits, a suspended destination, a hold rule and an exception."""
    more = {"control": {"read_socket": quoted(bed.folder / "relays" / NAME / "read.sock"), "read_group": quoted(WATCHERS_GROUP)},
            "alarm": {"certificate_before": quoted("366d")}}
    with Dropping(bed, NAME, 1, more=more) as relay:
        for words in (("destinations", "suspend", WAITING, "--reason", "by us"),
                      ("queue", "holds", "add", "--sender", "held@sender.example", "--reason", "by us"),
                      ("exception", "add", WAITING, "--allow", "opportunistic", "--for", "1d", "--reason", "by us")):
            code, output, error = relay.ctl(*words)
            assert code == 0, (words, output, error)
        relay.submit(Letter.to(f"someone@{WAITING}", name="doors", body=SECRET + b"\n"))
        wait_for("an alarm", lambda: asked_of(relay, "alarms")["alarms"], 20)
        yield relay


def asked_of(relay: Dropping, *words: str) -> dict[str, Any]:
    answer = relay.ctl_json(*words)[1]
    assert isinstance(answer, dict), answer
    return answer


def message(relay: Dropping) -> str:
    return str(asked_of(relay, "queue", "list")["messages"][0]["id"])


def state(relay: Dropping) -> dict[str, object]:
    """All that an order could change."""
    page = asked_of(relay, "queue", "list")
    waiting = [(one["id"], [(to["address"], to["state"], to["attempts"]) for to in one["recipients"]]) for one in page["messages"]]
    alarms = [(one["number"], one.get("acknowledged_at")) for one in asked_of(relay, "alarms")["alarms"]]
    suspended = [one["name"] for one in asked_of(relay, "destinations", "--suspended")["destinations"]]
    exceptions = [one["domain"] for one in asked_of(relay, "exception")["exceptions"]]
    told = [event["event"] for event in relay.events() if event.get("event") in OF_ORDERS]
    holds = asked_of(relay, "queue", "holds")
    return {"queue": waiting, "alarms": alarms, "suspended": suspended, "holds": holds, "exceptions": exceptions, "told": told}


# Each order by its name in the source: how relayctl gives it, and where it goes. {id}: a message that waits; {toml}: a configuration.
ORDERS: dict[str, tuple[tuple[str, ...], str]] = {
    **{f"order {verb}": (("queue", verb, "--id", "{id}", "--yes"), f"queue/{verb}?id={{id}}")
       for verb in ("retry", "hold", "release", "bounce", "delete")},
    "suspend": (("destinations", "suspend", "good.example"), "destinations/good.example/suspend"),
    "resume": (("destinations", "resume", WAITING), f"destinations/{WAITING}/resume"),
    "addHold": (("queue", "holds", "add", "--sender", "other@sender.example"), "holds/add?sender=other@sender.example"),
    "removeHold": (("queue", "holds", "remove", "1"), "holds/1/remove"),
    "reload": (("reload",), "reload"),
    "refresh": (("sts", "refresh", "sts-enforce.example"), "sts/sts-enforce.example/refresh"),
    "sendReports": (("tlsrpt", "send"), "tlsrpt/send"),
    "simulate": (("simulate", "--config", "{toml}"), "simulate?file=x"),
    "acknowledge": (("alarms", "ack", "1"), "alarms/1/acknowledge"),
    "add": (("exception", "add", "good.example", "--allow", "opportunistic", "--for", "1d", "--reason", "theirs"),
            "exceptions/add?domain=good.example&allow=opportunistic&seconds=60&reason=theirs"),
    "remove": (("exception", "remove", WAITING), f"exceptions/{WAITING}/remove"),
}


def scenario_who_comes_in(relay: Dropping) -> None:
    """Modes and groups are as documented: who is in one group comes in by its socket alone, who is in neither by none"""
    control, looking = relay.settings.control, relay.folder / "read.sock"
    for path, group in ((control, WAXWING), (looking, WATCHERS)):
        found = path.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (WAXWING, group, 0o660), (path, found)
    for groups, may in (((), ()), ((WATCHERS,), (looking,)), ((WAXWING,), (control,)), ((WATCHERS, WAXWING), (looking, control))):
        for path in (control, looking):
            code, output, error = relayctl_as(groups, path, "status")
            assert (code == 0 and "relayd" in output) if path in may else (code == 69 and "permission denied" in error), (groups, path, code, error)


def scenario_questions(relay: Dropping) -> None:
    """Who may only ask is answered whatever relayd answers, by relayctl and by HTTP, and reads no word of a letter"""
    looking, own = relay.folder / "read.sock", message(relay)
    for words in (("status",), ("queue", "list"), ("queue", "show", own), ("queue", "holds"), ("destinations",), ("policy", "good.example"),
                  ("metrics",), ("sts", "cache"), ("trace", own), ("explain", own), ("alarms",), ("exception",), ("observed",), ("doctor",),
                  ("canaries",), ("forecast",), ("top", "--once")):
        code, output, error = relayctl_as((WATCHERS,), looking, *words)
        assert code in (0, 1, 2) and output and SECRET.decode() not in output, (words, code, output, error)
    for question, (status, answer) in answers(looking, own, WAITING).items():
        assert status == 200 or (question.split("/")[2], status) in (("history", 404), ("letter", 404)), (question, status, answer)
        assert answer and SECRET.decode() not in answer, question


def scenario_no_changes(relay: Dropping) -> None:
    """Every order that relayd's source knows is refused in words at the socket for questions, by relayctl and by HTTP, and nothing is changed"""
    assert set(ORDERS) == orders_of_source(), "an order came or went: it belongs into ORDERS"
    looking, before = relay.folder / "read.sock", state(relay)
    own = message(relay)
    for words, place in ORDERS.values():
        place = place.format(id=own)
        # Who has no rights could not read the file of a configuration: what counts is the socket.
        code, output, error = relay.ctl_at(relay.folder / "read.sock", *(word.format(id=own, toml=relay.toml) for word in words))
        assert code != 0 and not output.strip(), (words, code, output)
        assert "nothing can be changed over this socket" in error and "control.socket" in error, (words, error)
        for line in (f"POST /v1/{place}", f"post /v1/{place}", f"PUT /v1/{place}", f"DELETE /v1/{place}", f" POST /v1/{place}", f"GET\t/v1/{place}"):
            status, answer = asked(looking, f"{line} HTTP/1.1")
            assert status == 403 and json.loads(answer)["error"]["code"] == "questions-only", (line, status, answer)
        for head in (f"GET /v1/{place} HTTP/1.1", f"GET /v1/{place} HTTP/1.1\nX-HTTP-Method-Override: POST"):
            status, answer = asked(looking, head)
            assert status == 405 and "this is an order" in answer, (head, status, answer)
        # What comes behind the one request of a connection is not read as another.
        status, answer = asked(looking, f"GET /v1/status HTTP/1.1\n\nPOST /v1/{place} HTTP/1.1")
        assert status == 200 and "HTTP/1.1" not in answer, (place, answer)
    after = state(relay)
    # relayd may raise an alarm of its own meanwhile: those that stood are as they were.
    after["alarms"] = [alarm for alarm in after["alarms"] if alarm[0] in {number for number, _ in before["alarms"]}]
    assert after == before, (before, after)


def scenario_exit_code(relay: Dropping) -> None:
    """An order at the socket for questions ends with 69: it may not be given there"""
    code, _, error = relay.ctl_at(relay.folder / "read.sock", "reload")
    assert code == 69, (code, error)


def scenario_words_for_lookers(relay: Dropping) -> None:
    """Who may not even ask is not told to join the group that gives orders"""
    code, _, error = relayctl_as((), relay.folder / "read.sock", "status")
    assert code == 69 and "adduser NAME waxwing" not in error, error


@dataclass(frozen=True)
class Flood:
    what: str
    status: int
    first: bytes
    piece: bytes = b""


FLOODS = (
    Flood("100 MB of header fields", 431, b"GET /v1/status HTTP/1.1\r\n", (b"X-Flood: " + b"a" * 500 + b"\r\n") * 100),
    Flood("a request line without an end", 431, b"GET /v1/", b"a" * 65536),
    Flood("a field without an end", 431, b"GET /v1/status HTTP/1.1\r\nX-Flood: ", b"a" * 65536),
    Flood("a body of 10 GB", 413, b"POST /v1/simulate HTTP/1.1\r\nContent-Length: 10000000000\r\n\r\n", b"a" * 65536),
    Flood("a body where none belongs", 413, b"POST /v1/reload HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n", b"a" * 65536),
    Flood("a body in chunks", 400, b"POST /v1/simulate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n"),
)


def goes_on(relay: Dropping, memory_before: int) -> None:
    """It takes mail and delivers it, answers at the other door, and holds no more memory than before, or hardly."""
    letter = Letter.to("someone@good.example", name="doors")
    relay.submit(letter)
    arrived(relay, letter, "good.example")
    assert memory(relay) - memory_before < COST, (memory_before, memory(relay))


@cases(FLOODS, lambda case: case.what)
def scenario_flood(relay: Dropping, case: Flood) -> None:
    """A request that never ends is ended by relayd, in words, and costs it nothing"""
    goes_on(relay, memory(relay))
    before = memory(relay)
    for path in (relay.settings.control, relay.folder / "read.sock"):
        status = 403 if case.first.startswith(b"POST") and path != relay.settings.control else case.status
        for _ in range(20):
            sent, answer = poured(path, case.first, case.piece, 100 * MEGABYTE)
            # What the kernel holds for a socket, beyond what relayd reads.
            assert sent < 2 * MEGABYTE, f"{sent} octets were taken"
            assert not answer or answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
        assert relay.ctl_at(path, "status")[0] == 0
    goes_on(relay, before)


CROWDS: tuple[tuple[str, bytes], ...] = (("silent ones", b""), ("half a request each", b"GET /v1/status HTTP/1.1\r\nX-Slow:"),
                                         ("half a body each", b"POST /v1/simulate HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n# "))


@cases(CROWDS, lambda case: case[0])
def scenario_crowd(relay: Dropping, case: tuple[str, bytes]) -> None:
    """1,000 connections at one door: the other door answers at once, mail goes on, memory stays; when they are gone, so does this one"""
    control, looking = relay.settings.control, relay.folder / "read.sock"
    goes_on(relay, memory(relay))
    before = memory(relay)
    for crowded, other in ((looking, control), (control, looking)):
        with crowding(crowded, 1000, case[1]):
            assert relay.ctl_at(other, "status")[0] == 0
            goes_on(relay, before)
        assert relay.ctl_at(crowded, "status")[0] == 0
    note(f"{case[0]}: {(memory(relay) - before) // 1024} kB more after 2,000 connections")


@slow
def scenario_half_open(relay: Dropping) -> None:
    """A request that stays half open, or comes octet by octet, is ended after five seconds, with 408"""
    for path in (relay.settings.control, relay.folder / "read.sock"):
        for first in (b"", b"GET /v1/sta", b"GET /v1/status HTTP/1.1\r\nX-Slow: "):
            with opened(path, first) as link:
                answer = rest_of(link)
            assert answer.startswith(b"HTTP/1.1 408 ") and b"took too long" in answer, answer
        began = time.monotonic()
        with opened(path, b"GET /v1/status HTTP/1.1\r\nX-Slow: ") as link:
            try:
                while time.monotonic() - began < 60:
                    link.sendall(b"a")
                    time.sleep(0.2)
            except ConnectionError:
                pass
        assert time.monotonic() - began < 25, path


def scenario_bodies(relay: Dropping) -> None:
    """40 configurations, each but for its last octet: what 32 of them may hold, for five seconds, and is given back"""
    goes_on(relay, memory(relay))
    before = memory(relay)
    body = b"# a line of a configuration\n" * 36_000
    with crowding(relay.settings.control, 40, f"POST /v1/simulate HTTP/1.1\r\nContent-Length: {len(body) + 1}\r\n\r\n".encode()) as held:
        for link in held[:32]:
            link.sendall(body)
        most = max(memory(relay) for _ in range(200))
        assert most - before < 120 * MEGABYTE, (before, most)
        assert relay.ctl_at(relay.folder / "read.sock", "status")[0] == 0
    note(f"32 bodies of a megabyte: {(most - before) // MEGABYTE} MB more")
    wait_for("the memory", lambda: memory(relay) - before < 2 * COST, 60)


@cases(("read.sock", "control.sock"), str)
def scenario_honest_one_in_a_crowd(relay: Dropping, name: str) -> None:
    """An honest relayctl gets its answer though 1,000 connections stand silent before it at the same door"""
    path = relay.folder / name
    with crowding(path, 1000):
        code, _, error = relay.ctl_at(path, "status")
        assert code == 0, (code, error)


def scenario_nothing_failed(relay: Dropping) -> None:
    """After all this no door was closed"""
    assert not events(relay, "control-failed")
    for path in (relay.settings.control, relay.folder / "read.sock"):
        assert relay.ctl_at(path, "status")[0] == 0
