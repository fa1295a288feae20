"""Somebody who owns the relay's network plays every mail host: where a policy protects, he is not told so much as a sender."""

import re
from dataclasses import dataclass, field

from internet.attacker import MODES, Attacker
from internet.domains import MAIL_DOMAINS, Domain
from internet.inside import Bed, wait_for
from internet.relay import Relay
from internet.scenario import cases, note
from internet.submission import Letter

LONG = True
# Held back for the sake of TLS even where the real host is met.
TLS_CAUSES = ("dane-mismatch", "starttls-missing", "tlsa-lookup-failed", "sts-mx-mismatch", "certificate-invalid")
# Only encryption is demanded of them: safe from him who strips, not from him who shows any certificate.
ENCRYPTED_ONLY = ("unusable.example", "fault-33.example", "fault-35.example")
MAIL = re.compile(rb"^MAIL FROM:<([^>]*)>", re.M | re.I)
# First contact with a policy waits at most sts.first_wait; a host that fails is soon tried again.
LIMIT = 60


def is_protected(domain: Domain) -> bool:
    expect = domain.expect
    if domain.name in ENCRYPTED_ONLY:
        return False
    return expect.policy == 0 or expect.verified == "dane-host" or expect.cause in TLS_CAUSES


PROTECTED = tuple(domain for domain in MAIL_DOMAINS if is_protected(domain))
DANE = tuple(domain for domain in PROTECTED if domain.sts is None)
ENFORCED = tuple(domain for domain in PROTECTED if domain.sts is not None)
# Nothing protects these: they prove that he can hear at all.
CONTROLS = ("insecure.example", "plain.example", "testing-good.example", "sts-none.example")


@dataclass
class Siege:
    """Letters under attack: to protected domains, and to others."""

    relay: Relay
    attacker: Attacker
    held: dict[str, Letter] = field(default_factory=dict)
    free: dict[str, Letter] = field(default_factory=dict)

    def post(self, domains: tuple[str, ...], letters: dict[str, Letter], headers: str = "") -> None:
        for domain in domains:
            letter = Letter.to(f"someone@{domain}", name="attacked", headers=headers)
            self.relay.submit(letter)
            letters[domain] = letter

    def wait_attempts(self, number: int) -> None:
        """Until every letter to a protected domain has been tried `number` times."""
        def open_ones() -> list[str]:
            counts: dict[str, int] = {}
            for event in self.relay.events():
                if event.get("event") == "delivery":
                    counts[event.get("from", "")] = counts.get(event.get("from", ""), 0) + 1
            return [domain for domain, letter in self.held.items() if counts.get(letter.sender, 0) < number]
        wait_for(f"attempt {number} of every letter", lambda: not open_ones(), LIMIT)

    def check(self, when: str) -> None:
        """He was told no sender but those of letters that may go to anybody."""
        allowed = {letter.sender for letter in self.free.values()}
        told = {found.decode() for session in self.attacker.sessions() for found in MAIL.findall(session.octets)} - allowed
        domains = sorted(domain for domain, letter in self.held.items() if letter.sender in told)
        assert not told, f"{when}, he was told senders of mail to {', '.join(domains) or told}"
        contents = [session for session in self.attacker.sessions() if any(letter.mark in session.octets.replace(b"\r\n", b"\n")
                                                                           for letter in self.held.values())]
        assert not contents, f"{when}, he got content"
        for domain, letter in self.held.items():
            statuses = {attempt["status"] for attempt in self.relay.attempts(letter)}
            assert statuses == {"deferred"}, f"{when}, mail to {domain} was {statuses}: {self.relay.attempts(letter)}"

    def heard(self, letter: Letter) -> bool:
        return any(f"MAIL FROM:<{letter.sender}>".encode() in session.octets for session in self.attacker.sessions())


def besiege(bed: Bed, mode: str, kind: str, domains: tuple[Domain, ...]) -> None:
    name = f"14-attacker-{kind}-{mode}"
    protected = tuple(domain.name for domain in domains)
    if mode.startswith("strip") and kind == "dane":
        protected += ENCRYPTED_ONLY
    with Attacker(bed, mode) as attacker, Relay(bed, name, 14, network=attacker) as relay:
        siege = Siege(relay, attacker)
        siege.post(protected, siege.held)
        siege.post(CONTROLS, siege.free)
        siege.wait_attempts(1)
        siege.check("on first contact")
        for domain in CONTROLS:
            wait_for(f"MAIL FROM for {domain} in his ears", lambda: siege.heard(siege.free[domain]), LIMIT)
        # From now on he keeps policy hosts silent, too.
        attacker.block_policies = True
        siege.wait_attempts(2)
        siege.check("later")
        before = max(len(relay.attempts(letter)) for letter in siege.held.values())
        assert relay.stop() == 0, relay.tail()
        relay.start()
        # Whoever asks for no protection may be heard.
        siege.post(protected[:1], siege.free, headers="TLS-Required: No\n")
        siege.wait_attempts(before + 1)
        siege.check("after a restart")
        handshakes = sum(session.handshakes for session in attacker.sessions())
        note(f"{mode}: {len(protected)} domains, {len(attacker.sessions())} connections, {handshakes} of them with TLS, no sender told")


@cases(MODES, str)
def scenario_dane(bed: Bed, mode: str) -> None:
    """F35 F44 DANE: not told on first contact, nor later, nor after a restart"""
    besiege(bed, mode, "dane", DANE)


@cases(MODES, str)
def scenario_sts(bed: Bed, mode: str) -> None:
    """F53 F76 MTA-STS enforce: not told on first contact, nor later with policy hosts silenced, nor after a restart"""
    besiege(bed, mode, "sts", ENFORCED)
