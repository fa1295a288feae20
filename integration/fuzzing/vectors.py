"""The cases of other projects' tests as seeds. They stay out of the repository, for their licences."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from fuzzing import places

Case = dict

# Octets of a seed: libFuzzer would cut it, and what is longer was generated to be.
LENGTH_LIMIT = 16384


def write(folder: Path) -> int:
    """Makes a file of each case, for the targets that read the like; how many there are."""
    count = 0
    for target, octets in seeds(folder):
        if len(octets) > LENGTH_LIMIT:
            continue
        file = places.vectors(target) / hashlib.sha256(octets).hexdigest()[:16]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)
        count += 1
    return count


def seeds(folder: Path) -> Iterator[tuple[str, bytes]]:
    for makers in (smtp, dns, dkim, reports):
        yield from makers(folder)


def smtp(folder: Path) -> Iterator[tuple[str, bytes]]:
    for case in cases(folder / "smtp-commands.json"):
        line = octets(case, "line")
        if case.get("kind") in ("path", "reverse-path", "address"):
            yield "path", line.strip(b"<>")
        yield "command", line
        yield "server", b"\x01EHLO a.example\r\n" + line + b"\r\n"
    for case in cases(folder / "smtp-commands.json", "data_cases"):
        yield "content", octets(case, "data")
        yield "bdat", b"\x05\x01\x00\x02" + octets(case, "data")
        yield "server", b"\x01EHLO a\r\nMAIL FROM:<s@a.example>\r\nRCPT TO:<r@b.example>\r\nDATA\r\n" + octets(case, "data")
    for case in cases(folder / "smtp-replies.json"):
        yield "reply", octets(case, "bytes")
    for case in cases(folder / "smtp-replies.json", "sessions"):
        said = b"".join(b"\x00" + step["send"].encode() + b"\x00" for step in case["server_script"] if "send" in step)
        for kind in (b"\x11", b"\x1d"):
            yield "client", kind + said
    for name in ("maddy-sessions.json", "go-smtp-sequences.json"):
        for case in cases(folder / "smtp-sessions" / name):
            said = [step.get("send") or f"EHLO {step['ehlo']}\r\n" for step in case["steps"] if "send" in step or "ehlo" in step]
            for kind in (b"\x01", b"\x13"):
                yield "server", kind + "".join(said).encode()


def dns(folder: Path) -> Iterator[tuple[str, bytes]]:
    for target, name in (("sts-record", "mta-sts-txt.json"), ("tlsrpt-record", "tlsrpt-txt.json")):
        for case in cases(folder / name):
            yield target, b"\xff".join(unescaped("".join(strings)) for strings in case.get("txt", []))
    for case in cases(folder / "mta-sts-policies.json"):
        if "policy" in case or "policy_hex" in case:
            yield "sts-policy", octets(case, "policy")
    for case in cases(folder / "mta-sts-mx-match.json"):
        for name in [*case["mx_patterns"], case["mx_host"]]:
            yield "domain", name.encode()
            yield "idna", name.encode()
    for case in cases(folder / "tlsrpt-txt.json"):
        for strings in case.get("txt", []):
            for uri in re.findall(r"(?:mailto|https):[^,; ]+", "".join(strings)):
                yield "report-uri", uri.encode()
    for case in cases(folder / "dane-cases.json", "chain_cases"):
        for record in case["tlsa"]:
            text = record if isinstance(record, str) else " ".join(str(value) for value in record.values())
            yield "tlsa-text", text.encode()


def dkim(folder: Path) -> Iterator[tuple[str, bytes]]:
    folder = folder / "dkim-vectors"
    for case in cases(folder / "records.json"):
        yield "dkim-signature" if "signature" in case["kind"] else "dkim-key", octets(case, "input")
    for case in cases(folder / "canonicalization.json"):
        yield "dkim-body", octets(case, "input")
        yield "header", octets(case, "input")
    for case in cases(folder / "messages.json"):
        file = folder / "messages" / Path(case["file"]).name
        if not file.exists():
            continue
        message = file.read_bytes()
        for target in ("dkim-signable", "header"):
            yield target, message
        yield "content", message + b"\r\n.\r\n"
        for record in (case.get("dns_txt") or {}).values():
            text = record if isinstance(record, str) else "".join(map(str, record)) if isinstance(record, list) else ""
            yield "dkim-key", text.encode()
            yield "dkim-verify", text.encode().replace(b"\n", b"") + b"\n" + message
        for value in re.findall(rb"(?is)^DKIM-Signature:(.*?\r?\n)(?![ \t])", message, re.M):
            yield "dkim-signature", value.rstrip()


def reports(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted((folder / "tlsrpt-reports").glob("*")):
        if file.suffix == ".eml":
            yield "mime", file.read_bytes()
        elif file.suffix == ".gz":
            yield "gzip", file.read_bytes()
        elif file.suffix == ".json" and file.name != "manifest.json":
            yield "report", file.read_bytes()
            yield "json", file.read_bytes()


def cases(file: Path, name: str = "cases") -> list[Case]:
    return json.loads(file.read_text()).get(name, []) if file.exists() else []


def octets(case: Case, name: str) -> bytes:
    """As text, or in hexadecimal where JSON cannot hold them; nothing for what would be generated."""
    if text := case.get(f"{name}_hex"):
        return bytes.fromhex(text)
    return unescaped(case.get(name, ""))


def unescaped(text: str) -> bytes:
    r"""Octets stand there as \xNN."""
    return re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())
