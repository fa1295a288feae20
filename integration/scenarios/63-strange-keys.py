"""Hosts whose certificates no honest program makes: the handshake fails in words and in bounded time, nothing is told, and the relay goes on.

Two hosts show each: one whose TLSA record names the very key, one that nothing demands TLS of. Past faults of TLS libraries are among them: a
curve whose field is no field, at which a square root is sought for ever (CVE-2022-0778); keys so large that a look at them takes minutes
(CVE-2023-3446 and its kin).
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from internet import barecertificates as bare
from internet import changes
from internet.inside import Bed, wait_for
from internet.planned import PlannedHost
from internet.relay import Relay
from internet.scenario import cases, note
from internet.submission import Letter

DOMAIN = "strange.example"
TIMES = {"delivery": {f"{step}_timeout": '"10s"' for step in ("connect", "greeting", "command", "tls")}}
# Of processor, for two attempts or three at hosts that ask for as much as they can.
COST = 3.0  # seconds
ALLOWANCE = 30_000_000  # octets
CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass
class World:
    bed: Bed
    relay: Relay


@contextmanager
def fixture(bed: Bed) -> Iterator[World]:
    changes.republish(bed, DOMAIN, *(f"_25._tcp.mx{number} TLSA {bare.tlsa(strange.public)}" for number, strange in enumerate(STRANGE, 1)))
    with Relay(bed, "63-strange-keys", 63, more=TIMES) as relay:
        world = World(bed, relay)
        others_go_on(world)
        yield world


def others_go_on(world: World) -> None:
    control = Letter.to("someone@good.example", name="strange-control")
    world.relay.submit(control)
    world.relay.wait_attempt(control, control.recipients[0], ("delivered",), 40)


@dataclass(frozen=True)
class Strange:
    what: str
    public: bytes
    cipher: bytes = bare.ECDHE_ECDSA
    # Instead of one certificate of that key.
    chain: tuple[bytes, ...] = ()
    # Octets of an RSA signature: as many as the modulus has, for it to be looked at.
    width: int = 0

    @property
    def signature(self) -> bytes:
        return b"\x01" * self.width if self.width else bare.der(0x30, bare.number(1), bare.number(1))

    @property
    def shown(self) -> tuple[bytes, ...]:
        return self.chain or (bare.certificate(self.public),)


_COMPRESSED = b"\x02" + bare.X.to_bytes(32)
_ON_P256 = bare.named(bare.GENERATOR)
_PLAIN = bare.certificate(_ON_P256)
STRANGE = (
    # 697 is 17 · 41: a root of 8³ + 696 · 8 + 23 was sought there for ever.
    Strange("a curve over no field, its generator compressed", bare.explicit(697, b"\x02\x00\x08", coefficients=(696, 23))),
    Strange("a curve over a large composite, its generator compressed", bare.explicit(bare.PRIME - 2, _COMPRESSED)),
    Strange("P-256 written out, as a curve of its own", bare.explicit(bare.PRIME, _COMPRESSED)),
    Strange("a curve over a prime of 65,536 bits", bare.explicit((1 << 65_536) - 1, b"\x02" + (1).to_bytes(8192))),
    Strange("a curve with a cofactor beyond all measure", bare.explicit(bare.PRIME, _COMPRESSED, 1 << 4096)),
    Strange("a point off P-256", bare.named(b"\x04" + bare.X.to_bytes(32) + (1).to_bytes(32))),
    Strange("the point at infinity", bare.named(b"\0")),
    Strange("a point of no octets", bare.named(b"")),
    Strange("a compressed point that is none", bare.named(b"\x02" + b"\xff" * 32)),
    Strange("RSA of 16,384 bits with an exponent of as many", bare.rsa((1 << 16_384) - 1, (1 << 16_383) + 1), bare.ECDHE_RSA, width=2048),
    Strange("RSA of 400,000 bits with an exponent of as many", bare.rsa((1 << 400_000) - 1, (1 << 399_999) + 1), bare.ECDHE_RSA, width=50_000),
    Strange("RSA of one bit", bare.rsa(1), bare.ECDHE_RSA, width=1),
    Strange("RSA of nought, exponent nought", bare.rsa(0, 0), bare.ECDHE_RSA, width=1),
    Strange("RSA of a negative modulus", bare.rsa(-(1 << 2048), -3), bare.ECDHE_RSA, width=256),
    Strange("an RSA key for an exchange that is ECDSA's", bare.rsa((1 << 2047) + 1)),
    Strange("a DSA key without parameters", bare.key(bare.DSA_KEY, b"", bare.number(7))),
    Strange("an algorithm that nobody knows", bare.key(b"\x2a\x03\x04", b"", b"\0" * 32)),
    Strange("no certificate at all", _ON_P256, chain=(b"",)),
    Strange("a thousand certificates of no octets", _ON_P256, chain=(b"",) * 1000),
    Strange("a certificate that claims four gigabytes", _ON_P256, chain=(b"\x30\x84\xff\xff\xff\xff" + _PLAIN[4:],)),
    Strange("a certificate cut in half", _ON_P256, chain=(_PLAIN[:len(_PLAIN) // 2],)),
    Strange("a certificate with something behind its end", _ON_P256, chain=(_PLAIN + b"\0" * 100,)),
    Strange("sequences within one another, 50,000 deep", _ON_P256, chain=(b"\x30\x80" * 50_000,)),
    Strange("a good certificate whose key signed nothing", _ON_P256),
    Strange("the same, a name of 60,000 octets", _ON_P256, chain=(bare.certificate(_ON_P256, "x" * 60_000),)),
)


def processor(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


@cases(STRANGE, lambda strange: strange.what)
def scenario_strange(world: World, strange: Strange) -> None:
    """The certificate is strange: no proof, no word of the letter where TLS is demanded, and the relay goes on"""
    relay = world.relay
    number = STRANGE.index(strange) + 1
    domain, held_address, free_address = f"d{number}.{DOMAIN}", f"127.63.0.{number}", f"127.63.1.{number}"
    used, memory, pid = processor(relay.pid), relay.peak_memory(), relay.pid
    answers: list[bytes] = []
    plan = {"STARTTLS": bare.shows(strange.shown, strange.cipher, strange.signature, answers)}
    offers = ("PIPELINING", "8BITMIME", "SIZE 150000000", "STARTTLS")
    with PlannedHost(held_address, plan, extensions=offers) as held_host, PlannedHost(free_address, plan, extensions=offers) as free_host:
        held, free = (Letter.to(f"someone@{where}", name="strange") for where in (domain, f"[{free_address}]"))
        relay.submit(held)
        relay.submit(free)
        first = relay.wait_attempt(held, held.recipients[0], ("delivered", "deferred", "bounced"), 40)[0]
        others_go_on(world)
        # Not demanded: later, in the clear, as with any handshake that fails.
        last = relay.wait_attempt(free, free.recipients[0], ("delivered", "bounced"), 60)[-1]
        note(f"{first['cause']}: {first['reason']}")
        assert (first["status"], first["cause"]) in (("deferred", "tls-handshake-failed"), ("deferred", "dane-mismatch")), first
        assert len(first["reason"]) > 10 and answers, first
        assert not held_host.verbs()["MAIL"] and not held_host.taken, held_host.lines
        assert (last["status"], last["verified"]) == ("delivered", "none"), last
        assert not free_host.taken[0].secure
        assert relay.ctl("queue", "delete", "--sender", held.sender, "--yes")[0] == 0
    assert relay.pid == pid and relay.process and relay.process.poll() is None, relay.tail()
    cost = processor(pid) - used
    assert cost < COST, f"{cost:.1f} s of CPU"
    assert relay.peak_memory() - memory < ALLOWANCE


def scenario_all_is_well(world: World) -> None:
    """After all of them the relay delivers by DANE as before, and has not been started anew"""
    letter = Letter.to("someone@good.example", name="strange-last")
    world.relay.submit(letter)
    last = world.relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 10)[-1]
    assert last["verified"] == "dane", last
    assert wait_for("nothing left", lambda: world.relay.ctl("queue", "list")[0] == 1, 20)
