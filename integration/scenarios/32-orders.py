"""The operator's orders: suspend, resume, hold, release, bounce, delete, retry; under traffic, and killed in their middle."""

import email
import json
import sqlite3
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Iterator

from internet import addresses
from internet.clock import Clock
from internet.inside import Bed, wait_for
from internet.injector import Injector, Ledger, wait_until_settled
from internet.listeners import accepted, events, toml
from internet.ownhosts import OwnHost, pour
from internet.relay import Relay, program
from internet.scenario import cases, note
from internet.smtpwire import Wire
from internet.submission import Letter

LONG = True
DOMAIN, OTHER = "orders.example", "orders-other.example"
HOSTS = {DOMAIN: "127.1.6.7", OTHER: "127.1.6.8"}
# What failed waits for the order.
PATIENT = {"retry": {"minimum": toml("1h"), "maximum": toml("2h"), "lifetime": toml("5d")}}
MANY = 2000
# Long enough for what must not happen to have happened.
WHILE = 3.0


@dataclass(frozen=True)
class Rig:
    relay: Relay
    hosts: dict[str, OwnHost]

    @property
    def host(self) -> OwnHost:
        return self.hosts[DOMAIN]

    def json(self, *words: str, code: int = 0) -> dict:  # type: ignore[type-arg]
        found, answer = self.relay.ctl_json(*words)
        assert found == code, (words, found, answer)
        return answer  # type: ignore[return-value]

    def order(self, verb: str, *selectors: str, code: int = 0) -> dict:  # type: ignore[type-arg]
        return self.json("queue", verb, *selectors, "--yes", code=code)

    def suspend(self, domain: str = DOMAIN, *words: str) -> dict:  # type: ignore[type-arg]
        return self.json("destinations", "suspend", domain, *words)

    def resume(self, domain: str = DOMAIN) -> None:
        assert self.json("destinations", "resume", domain)["resumed"]

    def send(self, recipient: str = f"someone@{DOMAIN}", name: str = "orders") -> tuple[Letter, str]:
        """A letter that was accepted, and its queue id."""
        letter = Letter.to(recipient, name=name)
        self.relay.submit(letter)
        return letter, accepted(self.relay, letter)["queue_id"]

    def recipient(self, id: str) -> dict:  # type: ignore[type-arg]
        return self.json("queue", "show", id)["recipients"][0]

    def came(self, letter: Letter, limit: float = 60) -> None:
        for recipient in letter.recipients:
            host = self.hosts[recipient.split("@")[1]]
            wait_for(f"copy of {letter.identity}", lambda: host.first(letter.sender, recipient), limit)

    def stays(self, letter: Letter) -> None:
        time.sleep(WHILE)
        assert not [host for host in self.hosts.values() if host.first(letter.sender)], "it was delivered"

    def restart(self) -> None:
        assert self.relay.stop() == 0
        self.relay.start()


@contextmanager
def rig(bed: Bed, name: str, number: int, clock: bool = False) -> Iterator[Rig]:
    with ExitStack() as stack:
        hosts = {domain: stack.enter_context(OwnHost(address)) for domain, address in HOSTS.items()}
        moved = Clock(bed.folder / "relays" / name) if clock else None
        yield Rig(stack.enter_context(Relay(bed, name, number, more=PATIENT, clock=moved)), hosts)


def destination(here: Rig, name: str) -> dict:  # type: ignore[type-arg]
    return next(one for one in here.json("destinations")["destinations"] if one["name"] == name)


def scenario_suspend(bed: Bed) -> None:
    """suspend --for, with a reason: mail waits, says why, survives a restart; resume: it goes"""
    with rig(bed, "32-orders-suspend", 221) as here:
        said = here.suspend(DOMAIN, "--for", "2h", "--reason", "their maintenance")
        assert said["destination"] == DOMAIN and said["reason"] == "their maintenance" and said["until"] - said["since"] == 7200, said
        letter, id = here.send()
        free, _ = here.send(f"someone@{OTHER}")
        here.came(free)
        here.stays(letter)
        waiting = here.recipient(id)["waiting"]
        assert waiting["state"] == "suspended" and waiting["reason"] == "their maintenance", waiting
        found = destination(here, DOMAIN)
        assert found["state"] == "suspended" and found["reason"] == "their maintenance" and found["due"] == 1, found
        here.restart()
        assert [one["name"] for one in here.json("destinations", "list", "--suspended")["destinations"]] == [DOMAIN]
        here.order("retry", "--destination", DOMAIN, code=here.relay.ctl("queue", "retry", "--destination", DOMAIN)[0])
        here.stays(letter)
        here.resume()
        here.came(letter)
        assert here.relay.ctl("destinations", "resume", DOMAIN)[0] == 1
        assert not [line for line in events(here.relay, "delivery", status="deferred") if "attempt" in line]


def scenario_suspension_ends(bed: Bed) -> None:
    """A suspension ends by itself when its time is over, and what waited is delivered, not expired"""
    with rig(bed, "32-orders-ends", 222, clock=True) as here:
        here.suspend(DOMAIN, "--for", "2h")
        letter, _ = here.send()
        assert here.relay.clock
        here.relay.clock.advance(hours=1, minutes=55)
        here.stays(letter)
        here.relay.clock.advance(minutes=6)
        here.came(letter, 90)
        assert here.relay.bed.bounces(letter.sender) == []


def scenario_hold(bed: Bed) -> None:
    """hold, dry first: kept over a restart and a retry, a second one finds nothing to do; release: it goes"""
    with rig(bed, "32-orders-hold", 223) as here:
        here.suspend()
        letter, id = here.send()
        assert here.order("hold", "--id", id, "--dry-run")["touched"] == 1
        assert here.recipient(id)["state"] == "queued"
        said = here.order("hold", "--id", id, "--reason", "who is that?")
        assert (said["verb"], said["touched"], said["complete"], said["dry_run"]) == ("hold", 1, True, False), said
        assert [(one["id"], one["sender"], one["recipient"]) for one in said["examples"]] == [(id, letter.sender, letter.recipients[0])], said
        assert said["by_destination"] == [{"destination": DOMAIN, "recipients": 1}], said
        again = here.order("hold", "--id", id, code=here.relay.ctl("queue", "hold", "--id", id)[0])
        assert (again["touched"], again["skipped"]) == (0, 1), again
        here.resume()
        here.restart()
        here.order("retry", "--id", id, code=here.relay.ctl("queue", "retry", "--id", id)[0])
        here.stays(letter)
        found = here.recipient(id)
        assert found["state"] == "held" and found["waiting"]["reason"] == "who is that?", found
        assert [one["id"] for one in here.json("queue", "list", "--state", "held")["messages"]] == [id]
        assert here.order("release", "--id", id)["touched"] == 1
        here.came(letter)


def scenario_hold_lifetime(bed: Bed) -> None:
    """Mail that is held does not expire: its lifetime goes on at the release"""
    with rig(bed, "32-orders-lifetime", 224, clock=True) as here:
        here.suspend()
        letter, id = here.send()
        before = wait_for("its row", lambda: on_disk(here.relay, "state = 0", "max(expires_at)"), 10)
        here.order("hold", "--id", id)
        assert here.relay.clock
        here.relay.clock.advance(days=6)
        time.sleep(WHILE)
        here.order("release", "--id", id)
        moved = on_disk(here.relay, "state = 0", "max(expires_at)") - before
        assert abs(moved - 6 * 86400) < 600, moved
        here.resume()
        here.came(letter)
        assert here.relay.bed.bounces(letter.sender) == []


RULES = (("--sender", "@held.example", "a sender's domain"), ("--recipient", f"marked@{DOMAIN}", "a recipient"), ("--destination", OTHER, "a destination"))


def scenario_hold_rules(bed: Bed) -> None:
    """Hold rules catch what comes and what is there; removed with --release they let it go"""
    with rig(bed, "32-orders-rules", 225) as here:
        for option, value, _ in RULES:
            sender = "held.example" if option == "--sender" else addresses.SENDER_DOMAIN
            to = {"--recipient": value, "--destination": f"someone@{OTHER}"}.get(option, f"someone@{DOMAIN}")
            here.suspend(to.split("@")[1])
            there = Letter.to(to, name="there", sender_domain=sender)
            here.relay.submit(there)
            made = here.json("queue", "holds", "add", option, value, "--reason", "looks like a break-in")
            assert made["held"]["touched"] == 1, made
            here.resume(to.split("@")[1])
            fresh = Letter.to(to, name="fresh", sender_domain=sender)
            here.relay.submit(fresh)
            others, _ = here.send(f"free@{DOMAIN}")
            here.came(others)
            here.stays(there)
            here.stays(fresh)
            held = here.json("queue", "list", "--state", "held")["messages"]
            assert {one["sender"] for one in held} == {there.sender, fresh.sender}, held
            (rule,) = here.json("queue", "holds")["holds"]
            assert rule["number"] == made["rule"]["number"] and rule["reason"] == "looks like a break-in", rule
            here.restart()
            here.stays(fresh)
            gone = here.json("queue", "holds", "remove", str(rule["number"]), "--release")
            assert gone["released"]["touched"] == 2, gone
            here.came(there)
            here.came(fresh)
            assert here.relay.ctl("queue", "holds", "remove", str(rule["number"]))[0] == 1


def scenario_hold_rule_without_reason(bed: Bed) -> None:
    """A hold rule needs no reason, and holds what is there all the same"""
    with rig(bed, "32-orders-reason", 249) as here:
        here.suspend()
        here.send()
        made = here.json("queue", "holds", "add", "--destination", DOMAIN)
        assert made["held"]["touched"] == 1, made


def notices(relay: Relay, words: str) -> list[Message]:
    return [one for one in relay.bed.bounces(words)]


def scenario_bounce(bed: Bed) -> None:
    """bounce, dry first: one notice with the operator's words, and the message is gone"""
    with rig(bed, "32-orders-bounce", 226) as here:
        here.suspend()
        letter, id = here.send()
        dry = here.order("bounce", "--id", id, "--dry-run", "--reason", "this mailbox is closed")
        assert dry["dry_run"] and dry["touched"] == 1, dry
        assert here.relay.ctl("queue", "bounce", "--id", id)[0] == 64, "without --yes and without a terminal"
        assert here.recipient(id)["state"] == "queued"
        assert here.order("bounce", "--id", id, "--reason", "this mailbox is closed")["touched"] == 1
        (found,) = wait_for("notice", lambda: notices(here.relay, letter.sender), 60)
        human, machine = found.get_payload()[0].get_payload(decode=True).decode(), found.get_payload()[1].get_payload()
        assert "this mailbox is closed" in " ".join(human.split()), human
        (one,) = [part for part in machine if "Final-Recipient" in part]
        assert one["Final-Recipient"] == f"rfc822; {letter.recipients[0]}" and one["Action"] == "failed" and one["Status"].startswith("5.7."), one.items()
        assert "bounced-by-operator" in one["X-Waxwing-Reason"] and "this mailbox is closed" in " ".join(one["X-Waxwing-Reason"].split()), one.items()
        assert here.relay.ctl("queue", "show", id)[0] == 1
        here.resume()
        here.stays(letter)
        here.order("bounce", "--id", id, code=1)


def scenario_delete(bed: Bed) -> None:
    """delete: gone, nobody is told"""
    with rig(bed, "32-orders-delete", 227) as here:
        here.suspend()
        letter, id = here.send()
        assert here.order("delete", "--id", id, "--dry-run")["touched"] == 1 and here.recipient(id)["state"] == "queued"
        assert here.order("delete", "--id", id)["touched"] == 1
        here.resume()
        here.stays(letter)
        assert notices(here.relay, letter.sender) == [] and here.relay.ctl("queue", "show", id)[0] == 1
        (found,) = wait_for("trace", lambda: here.relay.ctl_json("trace", id)[1]["matches"], 20)  # type: ignore[index]
        assert found["recipients"][0]["outcome"] == "deleted", found


def scenario_retry(bed: Bed) -> None:
    """retry: what waits for its next attempt goes now, also to a destination that was down"""
    with rig(bed, "32-orders-retry", 228) as here:
        here.host.puts_off = True
        letter, id = here.send()
        here.relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
        here.host.puts_off = False
        assert here.order("retry", "--destination", DOMAIN, "--dry-run")["touched"] == 1
        here.stays(letter)
        assert here.order("retry", "--destination", DOMAIN)["touched"] == 1
        here.came(letter, 20)
        here.host.shut()
        letter, id = here.send()
        second, _ = here.send()
        here.relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
        here.host.open()
        here.stays(letter)
        here.order("retry", "--all")
        here.came(letter, 20)
        here.came(second, 20)


def scenario_selectors(bed: Bed) -> None:
    """Selectors, together and alone, counted by dry runs; exit codes"""
    with rig(bed, "32-orders-selectors", 229) as here:
        for domain in HOSTS:
            here.suspend(domain)
        first, id = here.send(f"one@{DOMAIN}")
        second, other = here.send(f"two@{OTHER}")
        third = Letter.to(f"three@{DOMAIN}", sender_domain="orders-elsewhere.example")
        here.relay.submit(third)
        with Wire(here.relay.address) as wire:
            wire.ehlo()
            for command in ("MAIL FROM:<>", f"RCPT TO:<null@{DOMAIN}>"):
                assert wire.ask(command)[0] == 250
            assert wire.content(first)[0] == 250
        time.sleep(1.1)
        table = ((("--id", id), 1), (("--id", id, "--id", other), 2), (("--destination", DOMAIN), 3), (("--sender", first.sender), 1),
                 (("--sender", f"@{addresses.SENDER_DOMAIN}"), 2), (("--sender", "<>"), 1), (("--recipient", f"two@{OTHER}"), 1),
                 (("--recipient", f"@{DOMAIN}"), 3), (("--older-than", "1s"), 4), (("--older-than", "1h"), 0), (("--all",), 4),
                 (("--sender", f"@{addresses.SENDER_DOMAIN}", "--destination", OTHER), 1), (("--sender", "<>", "--destination", OTHER), 0),
                 (("--sender", "@example"), 0), (("--id", "0123456789bcdfghjklm"), 0))
        for selectors, count in table:
            for verb in ("hold", "bounce", "delete"):
                found = here.order(verb, *selectors, "--dry-run", code=0 if count else 1)
                assert found["touched"] == count, (verb, selectors, found)
            if selectors != ("--all",):
                listed = here.relay.ctl_json("queue", "list", *selectors)
                assert (listed[0], len(listed[1]["messages"])) == (0 if count else 1, count), (selectors, listed)  # type: ignore[index]
        for words in (("hold",), ("delete",), ("release", "--older-than", "soon"), ("hold", "--all", "--destination", DOMAIN), ("delete", "--all"), ("bounce", "--all")):
            assert here.relay.ctl("queue", *words)[0] == 64, words
        assert len(here.json("queue", "list")["messages"]) == 4


def scenario_top(bed: Bed) -> None:
    """top --once and destinations say what waits where, and why"""
    with rig(bed, "32-orders-top", 230) as here:
        here.suspend(DOMAIN, "--reason", "their maintenance")
        pour(here.relay.address, "bulk@sender.example", [f"user{number}@{DOMAIN}" for number in range(25)])
        pour(here.relay.address, "bulk@sender.example", [f"user{number}@{OTHER}" for number in range(5)])
        wait_for("others", lambda: len(here.hosts[OTHER].taken) == 5, 60)
        # A letter is in the journal first, and in the queue that is counted soon after.
        wait_for("all of them", lambda: here.json("top", "--once")["destinations"][0]["due"] == 25, 20)
        code, text, error = here.relay.ctl("top", "--once")
        assert code == 0 and DOMAIN in text and "25" in next(line for line in text.splitlines() if DOMAIN in line), (code, text, error)
        found = here.json("top", "--once")
        assert found["status"] and found["destinations"][0]["name"] == DOMAIN and found["destinations"][0]["due"] == 25, found
        assert "their maintenance" in here.relay.ctl("destinations")[1]


def scenario_trace(bed: Bed) -> None:
    """trace by queue id, Message-ID, sender and recipient: in the queue, delivered, bounced, and after a restart"""
    with rig(bed, "32-orders-trace", 231) as here:
        delivered, first = here.send(f"traced-one@{DOMAIN}")
        here.came(delivered)
        here.suspend()
        bounced, second = here.send(f"traced-two@{DOMAIN}")

        def outcomes(letter: Letter, id: str) -> set[tuple[str, str, str]]:
            found = set()
            for key in (id, f"<{letter.identity}@{addresses.SENDER_DOMAIN}>", f"{letter.identity}@{addresses.SENDER_DOMAIN}", letter.sender, letter.recipients[0]):
                code, answer = here.relay.ctl_json("trace", key)
                found |= {(one["id"], one["state"], one["recipients"][0]["outcome"]) for one in answer["matches"] if one.get("kind") == "mail"}  # type: ignore[index]
                assert code == (0 if answer["matches"] else 1), (key, code)  # type: ignore[index]
            return found

        wait_for("life of the delivered", lambda: outcomes(delivered, first) == {(first, "ended", "delivered")}, 20)
        assert outcomes(bounced, second) == {(second, "in queue", "queued")}, outcomes(bounced, second)
        here.order("bounce", "--id", second, "--reason", "no such thing")
        wait_for("life of the bounced", lambda: outcomes(bounced, second) == {(second, "ended", "bounced")}, 20)
        here.restart()
        assert outcomes(delivered, first) == {(first, "ended", "delivered")} and outcomes(bounced, second) == {(second, "ended", "bounced")}
        code, text, _ = here.relay.ctl("trace", second)
        assert code == 0 and "no such thing" in text and "received" in text, text
        assert here.relay.ctl("trace", "nobody@nowhere.example")[0] == 1


LIVE = ("good.example", "dane-ta.example", "insecure.example")


def scenario_under_traffic(bed: Bed) -> None:
    """Orders under traffic of twenty letters a second: nothing is lost, nothing comes twice"""
    with rig(bed, "32-orders-traffic", 241) as here:
        ledger, stop = Ledger(here.relay.folder / "ledger"), threading.Event()
        injectors = [Injector(f"order{number}", here.relay.address, LIVE, ledger, stop, pause=0.15, sizes=(400, 4000)) for number in range(3)]
        for thread in injectors:
            thread.start()
        counts: dict[str, int] = {}
        end = time.monotonic() + 30
        while time.monotonic() < end:
            here.suspend(LIVE[0], "--for", "10m")
            rule = here.json("queue", "holds", "add", "--destination", LIVE[1], "--reason", "a look at it")["rule"]["number"]
            time.sleep(1)
            for verb in ("hold", "retry", "release", "hold"):
                code, said = here.relay.ctl_json("queue", verb, "--destination", LIVE[0], "--yes")
                assert code in (0, 1), (verb, code, said)
                counts[verb] = counts.get(verb, 0) + said["touched"]  # type: ignore[index]
            here.resume(LIVE[0])
            here.json("queue", "holds", "remove", str(rule), "--release")
            counts["release"] += here.relay.ctl_json("queue", "release", "--all", "--yes")[1]["touched"]  # type: ignore[index]
            here.relay.ctl("queue", "retry", "--all")
        stop.set()
        for thread in injectors:
            thread.join(60)
        assert not [injector.error for injector in injectors if injector.error], [injector.error for injector in injectors]
        found = wait_until_settled(bed, LIVE, "order", ledger.acknowledged, 120)
        note(f"{len(ledger.acknowledged)} acknowledged, {sum(found.copies.values())} copies, {found.duplicates} twice, {len(found.missing)} missing; touched: {counts}")
        assert len(ledger.acknowledged) > 100
        assert not found.missing and not found.mangled and found.duplicates == 0, (found.missing[:5], found.mangled[:5], found.duplicates)
        assert min(counts.values()) > 0, counts


def on_disk(relay: Relay, condition: str, what: str = "count(*)") -> int:
    """What the tables hold; mail that has just come lies in the journal for two seconds."""
    with sqlite3.connect(f"file:{relay.store}/queue.db?mode=ro", uri=True, timeout=30) as database:
        return int(database.execute(f"SELECT {what} FROM recipient WHERE destination = '{DOMAIN}' AND {condition}").fetchone()[0] or 0)


def killed_within(here: Rig, verb: str, done: str) -> tuple[int, int]:
    """SIGKILL while the order changes the queue; how many it had changed, and the exit code of relayctl."""
    client = subprocess.Popen([program("relayctl"), "queue", verb, "--destination", DOMAIN, "--yes", "--json", "--socket", here.relay.settings.control],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    before = on_disk(here.relay, done)
    end = time.monotonic() + 60
    while abs(on_disk(here.relay, done) - before) < 50 and client.poll() is None and time.monotonic() < end:
        pass
    here.relay.kill()
    output, error = client.communicate(timeout=60)
    here.relay.start()
    note(f"{verb}: killed with {abs(on_disk(here.relay, done) - before)} of {MANY} changed; relayctl said {client.returncode} {(error or output)[:90].decode().strip()!r}")
    assert client.returncode != 0 or json.loads(output)["complete"], "relayctl knew nothing of the end"
    return abs(on_disk(here.relay, done) - before), client.returncode


KILLS = (("hold", 242, "state = 1"), ("release", 243, "state = 1"), ("retry", 244, "next_attempt <= unixepoch()"), ("delete", 245, "state <= 2"), ("bounce", 246, "state <= 2"))


@cases(KILLS, lambda case: case[0])
def scenario_killed_within(bed: Bed, case: tuple[str, int, str]) -> None:
    """F111 SIGKILL in the middle of an order over 2,000 messages: nothing is lost, nothing comes twice"""
    verb, number, done = case
    people = {f"{verb}{one}@{DOMAIN}" for one in range(MANY)}
    sender = f"kill-{verb}@{addresses.SENDER_DOMAIN}"
    with rig(bed, f"32-orders-kill-{verb}", number) as here:
        if verb == "retry":
            here.host.puts_off = True
            pour(here.relay.address, sender, sorted(people))
            wait_for("deferrals", lambda: on_disk(here.relay, "attempts > 0") == MANY, 120)
            here.suspend()
            here.host.puts_off = False
        else:
            here.suspend()
            pour(here.relay.address, sender, sorted(people))
        if verb == "release":
            assert here.order("hold", "--destination", DOMAIN)["touched"] == MANY
        killed_within(here, verb, done)
        open_now = on_disk(here.relay, "state <= 2")
        if verb in ("hold", "release"):
            here.order("release", "--destination", DOMAIN)
        if verb == "retry":
            here.order("retry", "--destination", DOMAIN)
        here.resume()
        wait_for("all that is left", lambda: len(here.host.taken) >= open_now, 180)
        time.sleep(WHILE)
        copies = here.host.copies()
        assert set(copies.values()) <= {1}, "delivered twice"
        arrived = {recipient for _, recipient in copies}
        assert len(arrived) == open_now, (len(arrived), open_now)
        if verb not in ("delete", "bounce"):
            assert arrived == people
        if verb == "bounce":
            told = wait_for_notices(here, sender, MANY - open_now)
            # The kill may double a copy that was on its way to the host, but no notice is made twice.
            note(f"{len(told)} notices, {len(told) - len(set(told))} of them came twice")
            assert len({recipient for _, recipient in told}) == len(set(told)) == MANY - open_now, f"{len(set(told))} notices for {MANY - open_now}"
            assert len(told) - len(set(told)) <= 20
            returned = {recipient for _, recipient in told}
            assert not arrived & returned and arrived | returned == people
        assert here.relay.ctl("queue", "list", "--destination", DOMAIN)[0] == 1


def wait_for_notices(here: Rig, sender: str, count: int) -> list[tuple[str, str]]:
    """Message-ID and recipient of each notice to the sender, as soon as there are so many."""
    known: dict[str, tuple[str, str] | None] = {}
    end = time.monotonic() + 120
    while True:
        for path in (here.relay.bed.maildir(addresses.SENDER_DOMAIN) / "new").iterdir():
            if path.name not in known:
                content = path.read_bytes()
                known[path.name] = returned(content) if sender.encode() in content and b"multipart/report" in content else None
        found = [one for one in known.values() if one]
        if len(set(found)) >= count or time.monotonic() > end:
            return found
        time.sleep(1)


def returned(content: bytes) -> tuple[str, str]:
    notice = email.message_from_bytes(content)
    (recipient,) = (part["Final-Recipient"] for part in notice.get_payload()[1].get_payload() if part["Final-Recipient"])
    return notice["Message-ID"], recipient.split(";")[1].strip()
