"""From sendmail through the real Postfix and relayd to the maildir, and the bounce back home."""

import subprocess
from contextlib import contextmanager
from typing import Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.submission import Letter


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "60-postfix", 0, address=addresses.RELAY) as relay:
        yield relay


def sendmail(bed: Bed, letter: Letter) -> None:
    subprocess.run(["sendmail", "-C", str(bed.folder / "postfix-sender"), "-f", letter.sender, *letter.recipients],
                   input=letter.content, check=True)


def scenario_delivery(relay: Relay) -> None:
    """sendmail, Postfix, relayd, DANE, maildir"""
    letter = Letter.to("someone@good.example", name="sendmail")
    sendmail(relay.bed, letter)
    copies = wait_for("copy", lambda: relay.bed.delivered("good.example", letter.mark), 30)
    assert letter.arrived_whole(copies[0]), copies[0]
    log = wait_for("Postfix's log line", lambda: [line for line in relay.bed.log("postfix-sender.log").splitlines()
                                                  if "status=sent" in line and "someone@good.example" in line], 10)
    attempt = relay.wait_attempt(letter, "someone@good.example", ("delivered",))[-1]
    assert any(attempt["queue_id"] in line for line in log), "our queue id is not in Postfix's log"


def scenario_bounce(relay: Relay) -> None:
    """The DSN for an unknown recipient comes home through DANE"""
    letter = Letter.to("stranger@rejects.example", name="sendmail")
    sendmail(relay.bed, letter)
    wait_for("DSN", lambda: relay.bed.bounces(letter.sender), 30)


def scenario_down_and_up(relay: Relay) -> None:
    """Postfix keeps what relayd cannot take while it is down"""
    relay.stop()
    letter = Letter.to("someone@good.example", name="sendmail")
    sendmail(relay.bed, letter)
    relay.start()
    wait_for("copy", lambda: relay.bed.delivered("good.example", letter.mark), 60)
