"""A zone that costs who validates it: many keys with one tag, and many signatures that each of them might have made.

Who tries every key on every signature makes KEYS × SIGNATURES verifications for one answer, each with an exponent as long as the modulus.
All numbers come from one seed: every process of the bed makes the same zone.
"""

import base64
import random

KEYS, SIGNATURES, OCTETS = 40, 100, 256
TAG = 21210
_RSASHA256 = 8


def key_tag(rdata: bytes) -> int:
    """RFC 4034, appendix B."""
    total = sum(octet << 8 if index % 2 == 0 else octet for index, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


def _key(generator: random.Random) -> bytes:
    """RDATA of a DNSKEY with the tag. No such key was ever made: it is an odd number, and another one below it."""
    modulus = bytearray(generator.randbytes(OCTETS))
    modulus[0] |= 0x80
    modulus[-1] |= 1
    exponent = bytearray(generator.randbytes(OCTETS))
    exponent[0] &= 0x7F
    exponent[-1] |= 1
    head = b"\x01\x00\x03" + bytes((_RSASHA256, 0)) + OCTETS.to_bytes(2) + bytes(exponent)
    # Its second and third octet stand where a word of the tag's sum does.
    # A carry may make one more of it.
    for word in (0, -1, 1):
        modulus[1:3] = ((TAG - key_tag(head + bytes(modulus[:1] + b"\0\0" + modulus[3:])) + word) & 0xFFFF).to_bytes(2)
        if key_tag(head + bytes(modulus)) == TAG:
            return head + bytes(modulus)
    raise AssertionError("no such key")


def keys() -> tuple[str, ...]:
    """DNSKEY records, as in a zone file."""
    generator = random.Random(21)
    return tuple(f"@ DNSKEY 256 3 {_RSASHA256} {base64.b64encode(_key(generator)[4:]).decode()}" for _ in range(KEYS))


def tampering() -> tuple[str, str]:
    """For Domain.tampered: the signature of the MX records gives way to those that nobody made."""
    generator = random.Random(22)
    forged = (base64.b64encode(b"\x3f" + generator.randbytes(OCTETS - 1)).decode() for _ in range(SIGNATURES))
    lines = "\n".join(rf"\g<1>{_RSASHA256} \g<2> {TAG} \g<3> {signature}" for signature in forged)
    return r"(?m)^(\S+\s+\d+\s+IN\s+RRSIG\s+MX )13 (\d+ \d+ \d+ \d+) \d+ (\S+) .*$", lines
