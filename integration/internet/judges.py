"""Programs of others that judge signatures and reports: dkimpy, opendkim-testmsg, parsedmarc, jsonschema (see `fetch-python`)."""

import json
import os
import subprocess
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from unittest import mock

INTEGRATION = Path(__file__).resolve().parent.parent
MODULES = INTEGRATION.parent / ".build" / "bed" / "python"
SCHEMA = INTEGRATION / "schema" / "tlsrpt.schema.json"

Tags = dict[str, str]


@cache
def module(name: str) -> ModuleType:
    """One of integration/python-packages."""
    if str(MODULES) not in sys.path:
        sys.path.append(str(MODULES))
    try:
        return __import__(name)
    except ImportError as error:
        raise AssertionError(f"{name} is not there: integration/fetch-python puts it into {MODULES} ({error})") from None


def as_sent(stored: bytes) -> bytes:
    """A message of a maildir with the line ends it had on its way."""
    return stored.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def split(message: bytes) -> tuple[list[bytes], bytes]:
    """Fields with their line ends, and the rest from the empty line on. `message` has CRLF."""
    head, separator, body = message.partition(b"\r\n\r\n")
    fields: list[bytes] = []
    for line in (head + b"\r\n").splitlines(keepends=True):
        if line[:1] in b" \t" and fields:
            fields[-1] += line
        else:
            fields.append(line)
    return fields, separator[2:] + body


def _is_signature(field: bytes) -> bool:
    return field.lower().startswith(b"dkim-signature:")


def tags(field: bytes) -> Tags:
    found: Tags = {}
    for part in field.split(b":", 1)[1].decode().split(";"):
        name, equals, value = part.partition("=")
        if equals:
            assert name.strip() not in found, f"tag {name.strip()} twice"
            found[name.strip()] = value.strip() if name.strip() not in ("b", "bh", "h") else "".join(value.split())
    return found


def signatures(stored: bytes) -> list[Tags]:
    """The tags of each DKIM-Signature, from the top."""
    return [tags(field) for field in split(as_sent(stored))[0] if _is_signature(field)]


def dkimpy_accepts(stored: bytes, at: datetime) -> list[bool]:
    """For each DKIM-Signature from the top: does it verify at this time? Keys come from the bed's own resolver (/etc/resolv.conf)."""
    dkim = module("dkim")
    message = as_sent(stored)
    verdicts = []
    # It counts fields named so from the top, too.
    for index in range(len(signatures(stored))):
        with mock.patch.object(dkim.time, "time", at.timestamp):
            try:
                verdicts.append(bool(dkim.DKIM(message).verify(idx=index)))
            except dkim.DKIMException:
                verdicts.append(False)
    return verdicts


def opendkim_accepts(stored: bytes, environment: dict[str, str] | None = None) -> list[bool]:
    """The same by opendkim-testmsg, which is shown one signature at a time. `environment`: that of a Clock."""
    fields, rest = split(as_sent(stored))
    others = [field for field in fields if not _is_signature(field)]
    verdicts = []
    for signature in (field for field in fields if _is_signature(field)):
        done = subprocess.run(["opendkim-testmsg"], input=b"".join([signature, *others]) + rest, capture_output=True,
                              env=os.environ | (environment or {}))
        verdicts.append(done.returncode == 0)
    return verdicts


def schema_faults(document: object) -> list[str]:
    jsonschema = module("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}" for fault in validator.iter_errors(document)]


def parsedmarc_reads(data: bytes) -> dict:
    """A mail, or the file of a report, as parsedmarc takes it: a report of type smtp_tls, or an AssertionError."""
    parsedmarc = module("parsedmarc")
    try:
        found = parsedmarc.parse_report_file(data, offline=True, always_use_local_files=True)
    except parsedmarc.ParserError as error:
        raise AssertionError(f"parsedmarc: {error}") from None
    assert found["report_type"] == "smtp_tls", found["report_type"]
    return found["report"]
