"""What changed, what will be returned, what is mended, and what another configuration would do: history, forecast, wake on repair, simulate."""

import re
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from internet import addresses, changes
from internet.brokensites import KEY, OTHER_KEY, TRUSTED, Site
from internet.domains import BY_NAME, STS
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.postfix import SMARTHOST_PASSWORD, SMARTHOST_USER
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases, note
from internet.submission import Letter

LONG = True
LIMIT = 60
# No retry comes to the help of what is waited for.
PATIENT = {"retry": {"minimum": quoted("2h"), "maximum": quoted("4h"), "lifetime": quoted("5d"), "dsn_lifetime": quoted("2d")}}
# Records live for two seconds (answerdomains.py).
TTL = 2.5


def send(relay: Relay, domain: str, name: str = "ahead") -> Letter:
    letter = Letter.to(f"someone@{domain}", name=name)
    relay.submit(letter)
    return letter


# History ------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """Something a domain does, and the change that is seen of it: of what, what it says of before and of now."""

    what: str
    name: str
    kind: str
    old: str
    new: str
    do: Callable[[Site], None]


def _second_mx(site: Site) -> None:
    site.publish(site.host.tlsa(KEY), "@ 2 MX 20 mx2", f"mx2 2 A {site.address}")


def _rollover(site: Site) -> None:
    site.publish(site.host.tlsa(KEY), site.host.tlsa(OTHER_KEY))


def _new_issuer(site: Site) -> None:
    site.publish(site.host.tlsa(TRUSTED), site.host.tlsa(KEY))
    site.host.show(TRUSTED)


def _policy(site: Site, id: str, mode: str) -> None:
    changes.publish(site.bed, site.domain, STS(mode, id=id))


MX, STS_DOMAIN = "ahead-mx.example", "ahead-sts.example"
TURNS = (
    Turn("a second MX", MX, "mx", "mx.ahead-mx.example", "mx2.ahead-mx.example", _second_mx),
    Turn("a second TLSA record", f"mx.{MX}", "tlsa", "3 1 1", "3 1 1", _rollover),
    Turn("another issuer", f"mx.{MX}", "issuer", "", "Intermediate of the public CA", _new_issuer),
    Turn("a new id", STS_DOMAIN, "sts-id", "1", "2", lambda site: _policy(site, "2", "enforce")),
    Turn("another mode", STS_DOMAIN, "sts-policy", "enforce", "testing", lambda site: _policy(site, "3", "testing")),
)


@dataclass
class Past:
    relay: Relay
    sites: dict[str, Site]

    def history(self, name: str) -> dict:  # type: ignore[type-arg]
        return self.relay.ctl_json("history", name)[1]  # type: ignore[return-value]

    def seen(self, turn: Turn, after: int) -> list[dict]:  # type: ignore[type-arg]
        """Changes of that kind since then; mail goes there as long as none is seen."""
        domain = turn.name.removeprefix("mx.")
        found = [one for one in self.history(domain)["changes"] if (one["name"], one["kind"]) == (turn.name, turn.kind) and one["number"] > after]
        if not found:
            letter = send(self.relay, domain)
            self.relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
            time.sleep(1)
        return found


@contextmanager
def fixture(bed: Bed) -> Iterator[Past]:
    with ExitStack() as stack:
        sites = {domain: stack.enter_context(Site(bed, domain)) for domain in (MX, STS_DOMAIN)}
        changes.publish(bed, STS_DOMAIN, STS())
        relay = stack.enter_context(Relay(bed, "42-ahead", 71))
        assert relay.ctl("history", MX)[0] == 1
        for domain in sites:
            letter = send(relay, domain)
            relay.wait_attempt(letter, letter.recipients[0], ("delivered",), LIMIT)
        past = Past(relay, sites)
        for name, kinds in ((MX, {"mx", "tlsa", "issuer", "starttls", "verified"}), (STS_DOMAIN, {"sts-id", "sts-policy", "issuer", "verified"})):
            wait_for(f"what is known of {name}", lambda: kinds <= {fact["kind"] for fact in past.history(name).get("known", ())}, LIMIT)
        yield past


@cases(TURNS, lambda turn: turn.what)
def scenario_history(past: Past, turn: Turn) -> None:
    """history shows a change with what was and what is, and when"""
    domain = turn.name.removeprefix("mx.")
    before = max((one["number"] for one in past.history(domain)["changes"]), default=0)
    began = int(time.time())
    turn.do(past.sites[domain])
    time.sleep(TTL)
    change = wait_for(f"change of {turn.kind}", lambda: past.seen(turn, before), LIMIT)[0]
    assert turn.old in (change.get("old") or "") and turn.new in change["new"] and change.get("old") != change["new"], change
    assert began <= change["time"] <= int(time.time()) + 1 and change["words"], change
    if turn.kind == "tlsa":
        added = past.sites[domain].host.tlsa(OTHER_KEY).split()[-1]
        assert added in change["new"] and added not in change["old"], change
    code, text, error = past.relay.ctl("history", domain)
    assert code == 0 and time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(change["time"])) in text, (code, text, error)
    (known,) = [fact for fact in past.history(domain)["known"] if (fact["name"], fact["kind"]) == (turn.name, turn.kind)]
    assert known["value"] == change["new"] and known["since"] == change["time"], (known, change)


def scenario_history_killed(past: Past) -> None:
    """SIGKILL: the history that was shown is there afterwards"""
    before = {domain: past.history(domain) for domain in past.sites}
    past.relay.kill()
    past.relay.start()
    for domain, page in before.items():
        assert past.history(domain)["changes"] == page["changes"] != [], domain
    assert len(past.relay.ctl_json("history", MX, "--limit", "1")[1]["changes"]) == 1  # type: ignore[index, call-overload]


# Wake on repair -----------------------------------------------------------------------------------------------------------------------

WAYS = {"ahead-tlsa.example": "tlsa", "ahead-expired.example": "expired", "ahead-name.example": "name", "ahead-starttls.example": "starttls",
        "ahead-lookup.example": "lookup"}
# How long nothing is mended: two looks fall into it.
UNREPAIRED = 75.0
A_MINUTE = 60.0


def scenario_wake(past: Past) -> None:
    """F36 F48 Wake on repair: with two hours to the next attempt, mail leaves within a minute of it, and looks are few"""
    with ExitStack() as stack:
        sites = {domain: stack.enter_context(Site(past.relay.bed, domain, way)) for domain, way in WAYS.items()}
        relay = stack.enter_context(Relay(past.relay.bed, "42-ahead-wake", 72, more=PATIENT))
        letters = {domain: [send(relay, domain) for _ in range(3)] for domain in sites}
        for domain, site in sites.items():
            first = relay.wait_attempt(letters[domain][0], f"someone@{domain}", ("deferred", "delivered"), LIMIT)[0]
            assert (first["status"], first.get("cause")) == ("deferred", site.cause), first
        first_connects = {domain: site.host.connects for domain, site in sites.items()}
        time.sleep(UNREPAIRED)
        looks = {domain: site.host.connects - first_connects[domain] for domain, site in sites.items()}
        note(f"connections in {UNREPAIRED:.0f} s without repair: {looks}")
        for domain, site in sites.items():
            assert not site.host.mails and not events(relay, "repaired", destination=domain), domain
            # Whether DNS is mended, DNS says; the others take a handshake each half minute.
            assert looks[domain] <= (0 if site.way == "lookup" else 4), looks
            if site.way != "lookup":
                assert looks[domain] >= 1, looks
        took = {}
        for domain, site in sites.items():
            site.mend()
            took[domain] = time.monotonic()
        for domain, site in sites.items():
            for letter in letters[domain]:
                wait_for(f"{domain} woken", lambda: site.host.got(letter.sender), A_MINUTE - (time.monotonic() - took[domain]))
            took[domain] = time.monotonic() - took[domain]
            (repaired,) = wait_for("event", lambda: events(relay, "repaired", destination=domain), 10)
            assert repaired["cause"] == site.cause and int(repaired["recipients"]) >= 1, repaired
            assert all(len(site.host.got(letter.sender)) == 1 for letter in letters[domain]), "twice"
        note("seconds from the repair to the last letter: " + ", ".join(f"{site.way} {took[domain]:.0f}" for domain, site in sites.items()))
        wait_for("empty queue", lambda: relay.ctl("queue", "list")[0] == 1, 20)


# Forecast -----------------------------------------------------------------------------------------------------------------------------

LIFETIME = 150
SHORT = {"retry": {"minimum": quoted(f"{LIFETIME - 10}s"), "maximum": quoted(f"{LIFETIME - 5}s"), "lifetime": quoted(f"{LIFETIME}s"),
                   "dsn_lifetime": quoted(f"{LIFETIME}s")}}
RETURNED, MENDED = "ahead-returned.example", "ahead-mended.example"


def alarms(relay: Relay, kind: str) -> list[dict]:  # type: ignore[type-arg]
    answer = relay.ctl_json("alarms", "list", "--all")[1]
    return [one for one in answer["alarms"] if one["kind"] == kind]  # type: ignore[index, call-overload]


def scenario_forecast(past: Past) -> None:
    """forecast names destination, cause, count and time; mail-will-expire is raised while there is time, and clears by itself"""
    with ExitStack() as stack:
        sites = {domain: stack.enter_context(Site(past.relay.bed, domain, "tlsa")) for domain in (RETURNED, MENDED)}
        relay = stack.enter_context(Relay(past.relay.bed, "42-ahead-forecast", 73, more=SHORT))
        assert relay.ctl("forecast", "--within", "1h")[0] == 1
        began = int(time.time())
        counts = {RETURNED: 3, MENDED: 2}
        letters = {domain: [send(relay, domain) for _ in range(counts[domain])] for domain in sites}
        ended = int(time.time()) + 1
        for domain in sites:
            relay.wait_attempt(letters[domain][0], f"someone@{domain}", ("deferred",), LIMIT)

        def rows() -> dict[str, dict]:  # type: ignore[type-arg]
            answer = relay.ctl_json("forecast", "--within", "1h")[1]
            return {one["destination"]: one for one in answer["destinations"] if one.get("cause")}  # type: ignore[index, call-overload]

        # Those whose destination is down since the first one's deferral wait for no cause of their own.
        found = wait_for("rows", lambda: len(now := rows()) == 2 and now, 20)
        answer = relay.ctl_json("forecast", "--within", "1h")[1]
        for domain, row in found.items():
            of_domain = [one for one in answer["destinations"] if one["destination"] == domain]  # type: ignore[index, call-overload]
            assert sum(one["messages"] for one in of_domain) == counts[domain], of_domain
            assert row["cause"] == "dane-mismatch" and row["is_policy"], row
            assert began + LIFETIME <= min(one["first"] for one in of_domain) <= max(one["last"] for one in of_domain) <= ended + LIFETIME, of_domain
        code, text, _ = relay.ctl("forecast", "--within", "1h")
        assert code == 0 and all(domain in text for domain in sites) and "dane-mismatch" in text, text
        for advice in (f"relayctl exception add {RETURNED}", f"relayctl letter {RETURNED}"):
            assert advice in " ".join(text.split()), text
        assert relay.ctl("forecast", "--within", "1s")[0] == 1
        standing = wait_for("alarms", lambda: len(now := [one for one in alarms(relay, "mail-will-expire") if one["standing"]]) == 2 and now, LIFETIME)
        assert {one["subject"] for one in standing} == set(sites), standing
        early = began + LIFETIME - int(time.time())
        note(f"mail-will-expire was raised {early} s before the mail is returned, of {LIFETIME}")
        assert early > 0, early
        for one in standing:
            assert "dane-mismatch" in one["words"] and str(counts[one["subject"]]) in one["words"] and "UTC" in one["words"], one
        wait_for("its event", lambda: events(relay, "alarm-raised", kind="mail-will-expire", subject=RETURNED), 20)
        # One is mended: its alarm goes with its mail. The other's mail is returned, and then there is nothing to warn of.
        sites[MENDED].mend()
        for letter in letters[MENDED]:
            wait_for("delivery", lambda: sites[MENDED].host.got(letter.sender), A_MINUTE)
        for domain in (MENDED, RETURNED):
            (over,) = wait_for(f"clearing of {domain}", lambda: [one for one in alarms(relay, "mail-will-expire") if one["subject"] == domain
                                                               and not one["standing"]], LIFETIME + 60)
            assert over["cleared_at"] >= over["raised_at"] and over["clearing"], over
        assert not sites[RETURNED].host.mails
        for letter in letters[RETURNED]:
            wait_for("notice", lambda: past.relay.bed.bounces(letter.sender), LIMIT)


# Simulate -----------------------------------------------------------------------------------------------------------------------------

SIMULATED = ("good.example", "dane-ta.example", "expired.example", "implicit.example", "first-dead.example", "first-fails.example",
             "mismatch.example", "no-starttls.example", "tlsa-servfail.example", "unusable.example", "insecure.example", "plain.example",
             "dane-host.example", "broken-tls.example", "sts-enforce.example", "sts-exim.example", "sts-mx-unlisted.example",
             "sts-second-expired.example", "sts-signed.example", "testing-plain.example")
SMARTHOST = "mx.smarthost.example"


@dataclass(frozen=True)
class Plan:
    """A new configuration: rules, and keys in place of others."""

    what: str
    number: int
    rules: tuple[dict[str, str], ...] = ()
    keys: tuple[tuple[str, str, str], ...] = ()
    # A domain that must be found changed so: the plan would otherwise prove nothing.
    sure: tuple[str, str] = ("", "")


_STAR = {"destination": quoted("*"), "reason": quoted("all of them")}
PLANS = (
    Plan("authenticated for all", 74, ({**_STAR, "level": quoted("authenticated")},), sure=("plain.example", "refused")),
    Plan("dane off", 75, ({**_STAR, "dane": quoted("off")},), sure=("mismatch.example", "freed")),
    Plan("minimum_level encrypted", 76, keys=(("tls", "minimum_level", quoted("encrypted")),), sure=("plain.example", "refused")),
    Plan("a route", 77, ({"destination": quoted("plain.example"), "next_hop": quoted(f"[{SMARTHOST}]:587"), "credentials": quoted("{password}"),
                          "level": quoted("authenticated"), "by": '["pkix"]'},), sure=("plain.example", "stricter")),
)


def mails(relay: Relay, domains: tuple[str, ...]) -> int:
    """MAIL commands that came from this relay's address, at those hosts whose logs name it."""
    bed, address = relay.bed, re.escape(relay.address)
    found = len(re.findall(rf"disconnect from \S+\[{address}\].* mail=[1-9]", bed.log("postfix-receivers.log")))
    for domain in domains:
        for host in BY_NAME[domain].hosts:
            if host.server not in ("postfix", "exim", "opensmtpd", "nothing"):
                found += len(re.findall(rf"\[{address}:\d+\] C: MAIL FROM", bed.log(f"scripted-{host.name}.{domain}.log")))
    return found + len(re.findall(rf"<= .*H=\S* ?(?:\(\S+\) )?\[{address}\]", bed.log("exim-mainlog")))


def planned(relay: Relay, plan: Plan) -> str:
    """The text of the new configuration."""
    password = relay.folder / "password"
    password.write_text(f"{SMARTHOST_USER}:{SMARTHOST_PASSWORD}\n")
    password.chmod(0o600)
    text = relay.toml.read_text()
    for table, key, value in plan.keys:
        text = text.replace(f"[{table}]\n", f"[{table}]\n{key} = {value}\n", 1)
    for rule in plan.rules:
        text += "\n[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in rule.items()).replace("{password}", str(password))
    return text


def outcome(relay: Relay, letter: Letter) -> dict[str, str]:
    """What became of it: the delivery, else what it is deferred for after a second attempt in clear would have come."""
    domain = letter.recipients[0].split("@")[1]
    # Clear on the second attempt, where that is allowed: opportunistic_fallback = "after-retry".
    patience = 2 if domain == "broken-tls.example" else 1

    def done() -> dict[str, str] | None:
        # Without `attempt` there was none: its destination is down since the one before.
        attempts = [one for one in relay.attempts(letter) if one.get("attempt")]
        last = next((one for one in attempts if one["status"] in ("delivered", "bounced")), None)
        return last or (attempts[-1] if len(attempts) >= patience else None)
    return wait_for(f"outcome of {letter.recipients[0]}", done, LIMIT)


@cases(PLANS, lambda plan: plan.what)
def scenario_simulate(past: Past, plan: Plan) -> None:
    """simulate against what really happens after the reload: domain by domain they agree, and it sends nothing"""
    address = addresses.relay(plan.number)
    with Relay(past.relay.bed, f"42-ahead-simulate{plan.number}", plan.number, more={"delivery": {"source_ipv4": quoted(address), "idle_timeout": quoted("1s")}}) as relay:
        before = {domain: send(relay, domain) for domain in SIMULATED}
        old = {domain: outcome(relay, letter) for domain, letter in before.items()}
        file = relay.folder / "new.toml"
        file.write_text(planned(relay, plan))
        wait_for("quiet", lambda: relay.ctl_json("status") and _stable(lambda: mails(relay, SIMULATED)), LIMIT)
        count, text = mails(relay, SIMULATED), relay.toml.read_text()
        code, answer = relay.ctl_json("simulate", "--config", str(file))
        people = relay.ctl("simulate", "--config", str(file))
        _stable(lambda: mails(relay, SIMULATED))
        assert mails(relay, SIMULATED) == count > 0, "a MAIL command was sent"
        assert relay.toml.read_text() == text and len(relay.events()) and not events(relay, "reloaded")
        assert isinstance(answer, dict)
        found = {one["domain"]: one for one in answer["destinations"]}
        assert answer["unchanged"] + len(found) == len(SIMULATED) and set(found) <= set(SIMULATED), answer
        assert found[plan.sure[0]]["change"] == plan.sure[1], found.get(plan.sure[0])
        refused = [one for one in found.values() if one["change"] in ("refused", "returned")]
        assert code == people[0] == (1 if refused else 0), (code, people)
        assert all(one["domain"] in people[1] for one in refused), people[1]
        for domain, one in found.items():
            # Seen by deliveries, or by the queue.
            waits = old[domain]["status"] == "deferred"
            assert (one["messages"], one["queued"]) == ((0, 1) if waits else (1, 0)), one
            assert one["now"]["outcome"] == old[domain]["status"], (one, old[domain])
        # Else it is they that are tried at a destination that is down, and not what comes after.
        relay.ctl("queue", "delete", "--all", "--yes")
        relay.toml.write_text(file.read_text())
        assert relay.ctl_json("reload")[0] == 0
        letters = {domain: send(relay, domain) for domain in SIMULATED}
        new = {domain: outcome(relay, letter) for domain, letter in letters.items()}
        disagreeing = []
        for domain, last in new.items():
            simulated = found[domain]["then"] if domain in found else None
            wanted = (simulated["outcome"], simulated.get("cause") or simulated.get("verified")) if simulated else facts(old[domain])
            if facts(last) != wanted:
                disagreeing.append((domain, wanted, facts(last)))
        assert not disagreeing, disagreeing
        note(f"{plan.what}: {len(found)} of {len(SIMULATED)} domains change ({len(refused)} refused), and all went as simulated")


def facts(attempt: dict[str, str]) -> tuple[str, str]:
    """In the words of a simulation."""
    return attempt["status"], attempt["verified"] if attempt["status"] == "delivered" else attempt["cause"]


def _stable(probe: Callable[[], int]) -> bool:
    """Logs of hosts are behind by a moment, and some tell of a connection when it ends."""
    first = probe()
    time.sleep(2.5)
    return probe() == first


def scenario_simulate_bad(past: Past) -> None:
    """simulate with a bad file: file, line, column, exit 78; nothing is tried"""
    relay = past.relay
    file = Path(relay.folder / "bad.toml")
    file.write_text(relay.toml.read_text() + '\n[[rule]]\ndestination = "*"\nlevel = "certain"\n')
    line = len(file.read_text().splitlines())
    code, output, error = relay.ctl("simulate", "--config", str(file))
    assert code == 78 and f"{file}:{line}:9" in error and not output, (code, output, error)
    assert relay.ctl("simulate", "--config", str(relay.folder / "nowhere.toml"))[0] in (64, 78)
    # What cannot be tried is named.
    file.write_text(relay.toml.read_text().replace('[log]\n', '[log]\n', 1).replace('level = "info"', 'level = "debug"', 1))
    code, answer = relay.ctl_json("simulate", "--config", str(file))
    assert code == 0 and answer["not_simulated"] == ["log.level"] and not answer["destinations"], answer  # type: ignore[index, call-overload]
