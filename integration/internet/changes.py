"""Changing what a domain publishes while the bed is up: its policy, its policy host, its MTA-STS records, its DKIM keys."""

import os
import signal
import subprocess

from . import addresses, dkimkeys, policies, zones
from .domains import BY_NAME, STS
from .inside import Bed, wait_for


def publish(bed: Bed, domain: str, sts: STS) -> None:
    """A new policy, its host's behaviour, its id. Returns when the name server knows."""
    policies.publish(bed.folder, domain, sts)
    _rezone(bed, domain, zones.sts_lines(domain, sts), f"id={sts.id};")


def serve(bed: Bed, domain: str, sts: STS) -> None:
    """The policy host alone: DNS stays as it is."""
    policies.publish(bed.folder, domain, sts)


def forget_record(bed: Bed, domain: str) -> None:
    """The TXT record vanishes, the policy host stays."""
    sts = BY_NAME[domain].sts
    assert sts
    _rezone(bed, domain, zones.sts_lines(domain, sts)[1:], "NXDOMAIN")


def publish_key(bed: Bed, selector: str) -> None:
    """The record of a DKIM key that was not published, or not rightly, from now on as it should be."""
    key = dkimkeys.BY_SELECTOR[selector]
    kind, value = key.kind, dkimkeys.public(dkimkeys.path(bed.folder, selector), key.kind)
    assert key.published == "no", "there would be two records"
    text = f"v=DKIM1; k={kind}; p={value}"
    strings = " ".join(f'"{text[start:start + 255]}"' for start in range(0, len(text), 255))
    _rezone(bed, key.domain, [f"{key.record_name}. {zones.SHORT_TTL} TXT {strings}"], "DKIM1", key.record_name)


def _rezone(bed: Bed, domain: str, records: list[str], sign_of_it: str, name: str = "") -> None:
    signer = zones.Signer(bed.folder / "zones")
    lines = zones.domain_lines(BY_NAME[domain], bed.folder / "certificates")
    zones.write_domain(signer, BY_NAME[domain], lines + records)
    os.kill(int((bed.folder / "nsd-domains" / "pid").read_text()), signal.SIGHUP)
    question = ["drill", "-t", f"@{addresses.ZONE_SERVER}", name or f"_mta-sts.{domain}", "TXT"]
    wait_for(f"{sign_of_it} in DNS", lambda: sign_of_it in subprocess.run(question, capture_output=True, text=True).stdout, 10)
