"""acknowledge = "delivered": the submitting Postfix's own queue and log say what the remote host, or a policy, said."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.listeners import arrived, events, listener
from internet.relay import Relay
from internet.scenario import cases
from internet.smtpwire import Wire
from internet.submission import Letter
from internet.submittingmtas import PostfixClient

ADDRESS = addresses.relay(22)
DELIVERED, LMTP = 2526, 24
# Recipients of full.example are put off, slow.example answers after more than the listener waits, rejects.example knows one.
FULL, SLOW, STRANGER, MISMATCH = "someone@full.example", "someone@slow.example", "stranger@rejects.example", "someone@mismatch.example"
FULL_REPLY = "450 4.2.2 <someone@full.example>: Recipient address rejected: the mailbox is full, says its host"


@dataclass(frozen=True)
class Rig:
    relay: Relay
    postfix: PostfixClient  # by SMTP, one recipient at a time
    lmtp: PostfixClient

    def empty(self) -> bool:
        """Nothing is in relayd's queue."""
        return self.relay.ctl_json("queue", "list", "--all")[1]["messages"] == []  # type: ignore[index]


@contextmanager
def fixture(bed: Bed) -> Iterator[Rig]:
    waiting = {"acknowledge": "delivered", "acknowledge_timeout": "10s"}
    tables = (listener("delivered", f"{ADDRESS}:{DELIVERED}", **waiting), listener("lmtp", f"{ADDRESS}:{LMTP}", protocol="lmtp", **waiting))
    with ExitStack() as stack:
        relay = stack.enter_context(Relay(bed, "22-delivered", 22, tables=tables))
        postfix = stack.enter_context(PostfixClient(relay, "delivered", relayhost=f"[{ADDRESS}]:{DELIVERED}",
                                                    smtp_destination_recipient_limit="1", **PATIENT))
        lmtp = stack.enter_context(PostfixClient(relay, "by-lmtp", default_transport=f"lmtp:[{ADDRESS}]:{LMTP}", relayhost="", **PATIENT))
        yield Rig(relay, postfix, lmtp)


# A second attempt, were it made, would change what the queue says.
PATIENT = {"minimal_backoff_time": "60s", "maximal_backoff_time": "60s", "queue_run_delay": "60s"}


def sent(postfix: PostfixClient, *recipients: str) -> Letter:
    letter = Letter.to(*recipients, name="delivered")
    postfix.sendmail(letter)
    return letter


def scenario_success(rig: Rig) -> None:
    """Delivered: Postfix's log has the remote's reply"""
    letter = sent(rig.postfix, "someone@good.example")
    line = rig.postfix.outcome(letter, "someone@good.example", "sent")
    stored = arrived(rig.relay, letter, "good.example").decode()
    # The remote's own queue id: it is in its Received field, and in its reply, which Postfix got.
    remote = stored.split("with ESMTPS id ", 1)[1].split()[0]
    assert f"(250 2.0.0 Ok: queued as {remote})" in line, (line, stored)
    assert rig.empty()


DEFERRED = ((FULL, FULL_REPLY, "a remote's 4yz"), (MISMATCH, "4.7.5", "a DANE mismatch, held back by policy"),
            ("someone@busy.example", "451 4.3.2 busy", "a remote's 4yz to MAIL"))


@cases(DEFERRED, lambda case: case[2])
def scenario_deferred(rig: Rig, case: tuple[str, str, str]) -> None:
    """Deferred: mailq says why"""
    recipient, words, _ = case
    letter = sent(rig.postfix, recipient)
    reason = rig.postfix.reason(letter, recipient)
    assert words in reason, reason
    if recipient == MISMATCH:
        assert "DANE TLSA" in reason, reason
    assert rig.empty(), rig.relay.queue_text()
    line = rig.postfix.outcome(letter, recipient, "deferred")
    assert f"relay={ADDRESS}" in line, line


def scenario_bounced(rig: Rig) -> None:
    """Refused: Postfix bounces with the remote's words, and relayd writes no notice"""
    letter = sent(rig.postfix, STRANGER)
    line = rig.postfix.outcome(letter, STRANGER, "bounced")
    assert "said: 550 5.1.1 <stranger@rejects.example>: Recipient address rejected" in line, line
    (notice,) = wait_for("notice", lambda: rig.relay.bed.bounces(letter.sender), 40)
    assert "delivered.example" in notice.as_string() and "Recipient address rejected" in notice.as_string(), notice.as_string()
    assert rig.empty()


def scenario_second_recipient(rig: Rig) -> None:
    """A second recipient is put off with 452 4.5.3, and Postfix sends it in a transaction of its own"""
    with Wire(ADDRESS, DELIVERED) as wire:
        assert wire.ehlo().get("LIMITS") == "RCPTMAX=1"
        assert wire.ask("MAIL FROM:<someone@sender.example>")[0] == 250 and wire.ask("RCPT TO:<someone@good.example>")[0] == 250
        code, text = wire.ask("RCPT TO:<another@good.example>")
        assert code == 452 and text.startswith("4.5.3 "), (code, text)
    letter = sent(rig.postfix, "someone@good.example", FULL)
    rig.postfix.outcome(letter, "someone@good.example", "sent")
    assert FULL_REPLY in rig.postfix.reason(letter, FULL)
    arrived(rig.relay, letter, "good.example")


def scenario_notices(rig: Rig) -> None:
    """NOTIFY=SUCCESS to a host without DSN: the sender is told "relayed", once; a failure is the client's to tell"""
    letter = Letter.to("someone@dane-ta.example", name="delivered")
    refused = Letter.to(STRANGER, name="delivered")
    with Wire(ADDRESS, DELIVERED) as wire:
        wire.ehlo()
        for one, code in ((letter, 250), (refused, 550)):
            assert wire.ask(f"MAIL FROM:<{one.sender}>")[0] == 250
            assert wire.ask(f"RCPT TO:<{one.recipients[0]}> NOTIFY=SUCCESS,FAILURE")[0] == 250
            assert wire.content(one)[0] == code
    (notice,) = wait_for("notice of success", lambda: rig.relay.bed.bounces(letter.sender), 30)
    assert "Action: relayed" in notice.as_string(), notice.as_string()
    assert not rig.relay.bed.bounces(refused.sender)
    wait_for("empty queue", rig.empty, 30)


def scenario_timeout(rig: Rig) -> None:
    """A remote that takes longer than acknowledge_timeout: 4yz, and nothing is kept"""
    letter = sent(rig.postfix, SLOW)
    line = rig.postfix.outcome(letter, SLOW, "deferred")
    assert "said: 451 4.4.7" in line or "said: 451 4.4.2" in line or "said: 450 4." in line or "said: 451 4." in line, line
    wait_for("empty queue", rig.empty, 30)


def scenario_killed(rig: Rig) -> None:
    """relayd is killed while the remote has the content: the message is in Postfix's queue, and not in relayd's"""
    letter = sent(rig.postfix, SLOW)
    wait_for("content at the slow host", lambda: letter.sender in rig.relay.bed.log("scripted-mx.slow.example.log").split("S: 354")[-2], 20)
    rig.relay.kill()
    assert rig.postfix.reason(letter, SLOW)
    rig.relay.start()
    assert rig.empty(), rig.relay.queue_text()
    assert list(rig.postfix.queue(letter)) == [SLOW]
    assert not events(rig.relay, "delivery", **{"from": letter.sender, "status": "delivered"})


def scenario_lmtp(rig: Rig) -> None:
    """LMTP from a Postfix, three recipients: one delivered, one refused, one put off, each by its own host's words"""
    letter = sent(rig.lmtp, "someone@good.example", STRANGER, FULL)
    assert "250 2.0.0 Ok: queued as" in rig.lmtp.outcome(letter, "someone@good.example", "sent")
    assert "550 5.1.1 <stranger@rejects.example>" in rig.lmtp.outcome(letter, STRANGER, "bounced")
    assert FULL_REPLY in rig.lmtp.reason(letter, FULL)
    arrived(rig.relay, letter, "good.example")
    (notice,) = wait_for("notice", lambda: rig.relay.bed.bounces(letter.sender), 40)
    assert "<stranger@rejects.example>" in notice.as_string()
    assert rig.empty()
