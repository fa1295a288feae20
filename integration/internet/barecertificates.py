"""Certificates that no honest program makes, octet by octet, and a host that shows them.

The host speaks just enough of TLS 1.2 to show a chain: ServerHello, Certificate, a ServerKeyExchange that nobody signed, and the end of its
flight. Whether a client takes the certificate is seen before it is asked whether the signature holds.
"""

import hashlib
import os
import socket
from contextlib import suppress

from .planned import Act, Session

# Object identifiers, encoded.
EC_KEY, PRIME_FIELD, P256 = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0101"), bytes.fromhex("2a8648ce3d030107")
RSA_KEY, DSA_KEY, SIGNED = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce380401"), bytes.fromhex("2a8648ce3d040302")
COMMON_NAME = bytes.fromhex("550403")
# ECDHE-RSA and ECDHE-ECDSA with AES128-GCM-SHA256.
ECDHE_RSA, ECDHE_ECDSA = b"\xc0\x2f", b"\xc0\x2b"
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
COEFFICIENT = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
X = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
Y = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5
GENERATOR = b"\x04" + X.to_bytes(32) + Y.to_bytes(32)


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8 or 1)
    return bytes([tag]) + (length if size < 128 else bytes([0x80 | len(length)]) + length) + content


def number(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def key(algorithm: bytes, parameters: bytes, octets: bytes) -> bytes:
    """SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)."""
    return der(0x30, der(0x30, der(0x06, algorithm), parameters), der(0x03, b"\0", octets))


def rsa(modulus: int, exponent: int = 65537) -> bytes:
    return key(RSA_KEY, der(0x05), der(0x30, number(modulus), number(exponent)))


def named(point: bytes) -> bytes:
    """A key on P-256, or off it."""
    return key(EC_KEY, der(0x06, P256), point)


def explicit(prime: int, generator: bytes, cofactor: int = 1, coefficients: tuple[int, int] | None = None) -> bytes:
    """A key on a curve of its own (RFC 3279 §2.3.5); `prime` may be none."""
    width = (prime.bit_length() + 7) // 8
    first, second = coefficients or ((prime - 3), COEFFICIENT % prime)
    curve = der(0x30, der(0x04, first.to_bytes(width)), der(0x04, second.to_bytes(width)))
    parameters = der(0x30, number(1), der(0x30, der(0x06, PRIME_FIELD), number(prime)), curve, der(0x04, generator), number(ORDER), number(cofactor))
    return key(EC_KEY, parameters, generator)


def certificate(public: bytes, name: str = "mx.planned.example") -> bytes:
    """Version 3, of its own name, valid for long, and signed by nobody."""
    names = der(0x30, der(0x31, der(0x30, der(0x06, COMMON_NAME), der(0x0C, name.encode()))))
    signature = der(0x30, der(0x06, SIGNED))
    validity = der(0x30, der(0x17, b"250101000000Z"), der(0x17, b"490101000000Z"))
    told = der(0x30, der(0xA0, number(2)), number(7), signature, names, validity, names, public)
    return der(0x30, told, signature, der(0x03, b"\0", der(0x30, number(1), number(1))))


def tlsa(public: bytes) -> str:
    """`3 1 1` of this key, whatever it is worth."""
    return f"3 1 1 {hashlib.sha256(public).hexdigest()}"


def _vector(octets: bytes, width: int) -> bytes:
    return len(octets).to_bytes(width) + octets


def flight(chain: tuple[bytes, ...], cipher: bytes, signature: bytes) -> bytes:
    """The messages of a server up to ServerHelloDone (RFC 5246 §7.3), in records."""
    # renegotiation_info, extended_master_secret, and points in full.
    extensions = bytes.fromhex("ff0100010000170000000b00020100")
    hello = b"\x03\x03" + os.urandom(32) + b"\0" + cipher + b"\0" + _vector(extensions, 2)
    shown = _vector(b"".join(_vector(one, 3) for one in chain), 3)
    # A point of P-256, and a signature over it, with SHA-256.
    algorithm = b"\x04\x01" if cipher == ECDHE_RSA else b"\x04\x03"
    exchange = b"\x03\x00\x17" + _vector(GENERATOR, 1) + algorithm + _vector(signature, 2)
    messages = b"".join(bytes([kind]) + _vector(body, 3) for kind, body in ((2, hello), (11, shown), (12, exchange), (14, b"")))
    return b"".join(b"\x16\x03\x03" + _vector(messages[place:place + 16000], 2) for place in range(0, len(messages), 16000))


def shows(chain: tuple[bytes, ...], cipher: bytes, signature: bytes, answers: list[bytes]) -> Act:
    """At STARTTLS; what the client answers to the flight is added to `answers`: an alert, or that it went."""
    def act(session: Session) -> bool:
        session.send(b"220 2.0.0 go ahead\r\n")
        session.socket.settimeout(20)
        if session.socket.recv(65536):
            session.send(flight(chain, cipher, signature))
            answers.append(b"")
            with suppress(OSError, socket.timeout):
                while part := session.socket.recv(65536):
                    answers[-1] += part
        return False
    return act
