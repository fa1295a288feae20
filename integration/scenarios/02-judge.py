"""Do the mail hosts of the bed do what the table says? Asked with Postfix at level `dane` in the place of relayd."""

import re
import subprocess
from contextlib import contextmanager
from typing import Iterator

from internet.domains import MAIL_DOMAINS, Domain, absolute
from internet.inside import Bed, wait_for
from internet.postfix import Instance
from internet.scenario import cases
from internet.submission import Letter

# Where Postfix 3.7 by its own rules does something else than relayd must: its status and why.
OTHERWISE = {
    "starttls-554.example": ("bounced", "takes a 554 in the clear for the last word; relayd does not (DANE-18)"),
    "broken-tls.example": ("deferred", "this asks for the first attempt only"),
    "hangs-up.example": ("deferred", "this asks for the first attempt only"),
    "greylist.example": ("deferred", "this asks for the first attempt only"),
    "loop.example": ("deferred", "it is not Postfix's own name: it finds nobody at the relay's port 25"),
    "injects.example": ("sent", "Postfix discards what lies behind the 220"),
    "fault-10.example": ("bounced", "a null MX among others is the domain's word for Postfix; relayd heeds those that name hosts (RFC 7505 §3 forbids both)"),
    "fault-11.example": ("sent", "it is not Postfix's own name"),
    "fault-11-localhost.example": ("bounced", "that is Postfix itself"),
    "fault-11-address.example": ("deferred", "it takes the name for the address it looks like, where there is no way to"),
}
# Postfix knows no MTA-STS: it would deliver what a policy holds back.
HELD_BY_STS = ("sts-mx-mismatch", "certificate-invalid")
# A TLSA record of three octets ends Postfix 3.7's process, each time. And the mail domain's name in a certificate will do for it, also where unsigned
# MX records lead to the host (DANE-38 says no). Of 200 MX records it keeps the hundred that come first, in an order that changes with each answer, and
# tries five addresses: what becomes of that is chance.
NOT_ASKED = ("fault-13.example", "fault-33.example", "fault-41.example")
JUDGED = tuple(domain for domain in MAIL_DOMAINS
               if domain.expect.cause not in HELD_BY_STS and domain.name not in ("sts-no-starttls.example", *NOT_ASKED))
STATUS = {"delivered": "sent", "deferred": "deferred", "bounced": "bounced"}


class Judge:
    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.postfix = Instance("judge", bed.folder)
        self.letters: dict[str, Letter] = {}

    def send(self, domain: str) -> None:
        letter = Letter.to(f"someone@{domain}", name="judge")
        self.letters[domain] = letter
        subprocess.run(["sendmail", "-C", str(self.postfix.configuration), "-f", letter.sender, f"someone@{domain}"],
                       input=letter.content, check=True)

    def verdict(self, domain: str) -> tuple[str, str]:
        """Status and reason of the first attempt."""
        found = re.search(rf"to=<someone@{re.escape(domain)}>.* status=(\w+) (.*)", self.bed.log("postfix-judge.log"))
        return (found[1], found[2]) if found else ("", "")


@contextmanager
def fixture(bed: Bed) -> Iterator[Judge]:
    judge = Judge(bed)
    judge.postfix.start()
    try:
        for domain in JUDGED:
            judge.send(domain.name)
        yield judge
    finally:
        judge.postfix.stop()


@cases(JUDGED, lambda domain: domain.name)
def scenario_postfix_agrees(judge: Judge, domain: Domain) -> None:
    """Postfix's verdict"""
    status, reason = wait_for("verdict", lambda: judge.verdict(domain.name)[0] and judge.verdict(domain.name), 30)
    wanted, _ = OTHERWISE.get(domain.name, (STATUS[domain.expect.status], ""))
    assert status == wanted, f"{status}, not {wanted}: {reason}"
    letter = judge.letters[domain.name]
    arrived = judge.bed.delivered(domain.name, letter.mark)
    if status == "sent":
        arrived = wait_for("message in the maildir", lambda: judge.bed.delivered(domain.name, letter.mark), 10)
        assert letter.arrived_whole(arrived[0]), arrived[0]
        if domain.expect.verified in ("dane", "dane-host"):
            pattern = rf"Verified TLS connection established to {re.escape(absolute(domain.expect.host, domain.name))}\["
            if domain.expect.verified == "dane":
                assert re.search(pattern, judge.bed.log("postfix-judge.log")), "no verified TLS session in Postfix's log"
    elif domain.expect.attempts == 1:
        assert not arrived
    if domain.expect.status == "deferred" and domain.expect.cause != "remote-reply" and domain.name not in OTHERWISE:
        assert not judge.bed.saw_envelope(domain.name, letter.sender, True), judge.bed.sessions(domain.name, True)
