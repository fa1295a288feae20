"""What a relay says of its exceptions and alarms; and a resolver that forgets soon, for what scenarios change in DNS."""

from typing import Any

from .inside import wait_for
from .listeners import events
from .relay import Relay
from .relayconfig import quoted
from .submission import Letter

# Seconds a relay with FORGETFUL may go by what it knows.
DNS_MEMORY = 2
FORGETFUL = {"dns.unbound": {quoted(f"{option}:"): quoted(DNS_MEMORY) for option in ("cache-max-ttl", "cache-max-negative-ttl", "val-bogus-ttl")}}


# Only who connects sees how a host is: letters that are this far apart (seconds) go over connections of their own.
APART = 2.0
SHORT_IDLE = {"delivery": {"idle_timeout": quoted("1s")}}


def send(relay: Relay, recipient: str, name: str, options: tuple[str, ...] = (), tls: bool = False, **more: Any) -> Letter:
    """A letter; `more` is for Letter.to."""
    letter = Letter.to(recipient, name=name, **more)
    relay.submit(letter, options=options, tls=tls)
    return letter


def settled(relay: Relay, letter: Letter, limit: float = 40) -> dict[str, str]:
    """Its first outcome."""
    return relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"), limit)[0]


def outcome(relay: Relay, recipient: str, name: str, limit: float = 40, **more: Any) -> dict[str, str]:
    """What became of a new letter at first."""
    return settled(relay, send(relay, recipient, name, **more), limit)


def answer(relay: Relay, *words: str, codes: tuple[int, ...] = (0, 1)) -> Any:
    code, found = relay.ctl_json(*words)
    assert code in codes, (words, code, found)
    return found


def alarms(relay: Relay, kind: str, subject: str | None = None, *words: str) -> list[dict[str, Any]]:
    """Those that stand; with `history`, those that are over."""
    return [alarm for alarm in answer(relay, "alarms", *(words or ("list",)))["alarms"]
            if alarm["kind"] == kind and subject in (None, alarm["subject"])]


def raised(relay: Relay, kind: str, subject: str = "", limit: float = 60) -> dict[str, Any]:
    """The alarm, as soon as it stands; the log tells it once."""
    (alarm,) = wait_for(f"alarm {kind} {subject}", lambda: alarms(relay, kind, subject), limit)
    assert alarm["standing"] and alarm["words"] and alarm["number"] > 0, alarm
    told = {"kind": kind} | ({"subject": subject} if subject else {})
    assert events(relay, "alarm-raised", **told), f"not in the log: {told}"
    return alarm


def cleared(relay: Relay, kind: str, subject: str = "", limit: float = 60) -> dict[str, Any]:
    """The alarm, as soon as it is over: log and history say how long it stood, and why it does no more."""
    told = {"kind": kind} | ({"subject": subject} if subject else {})
    event = wait_for(f"end of alarm {kind} {subject}", lambda: events(relay, "alarm-cleared", **told), limit)[-1]
    assert event.get("stood") and event.get("reason"), event
    assert not alarms(relay, kind, subject)
    over = alarms(relay, kind, subject, "history")[0]
    assert over["cleared_at"] >= over["raised_at"] and over["clearing"] and not over["standing"], over
    return over
