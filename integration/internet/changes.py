"""Changing what a domain publishes while the bed is up: its policy, its policy host, its MTA-STS records, its DKIM keys, its zone."""

import itertools
import os
import signal
import subprocess
from dataclasses import replace
from typing import Callable

from . import addresses, certificates, dkimkeys, dnsfaults, policies, zones
from .domains import BY_NAME, STS, Domain
from .inside import Bed, wait_for


def publish(bed: Bed, domain: str, sts: STS) -> None:
    """A new policy, its host's behaviour, its id. Returns when the name server knows."""
    policies.publish(bed.folder, domain, sts)
    _rezone(bed, domain, zones.sts_lines(domain, sts), f"id={sts.id};")


def serve(bed: Bed, domain: str, sts: STS) -> None:
    """The policy host alone: DNS stays as it is."""
    policies.publish(bed.folder, domain, sts)


def certify(bed: Bed, domain: str, kind: str) -> None:
    """Another certificate of the policy host, of a kind of certificates.py. Returns when it is shown."""
    name, folder = policies.host_name(domain), bed.folder / "certificates"
    certificates.make(folder, name, kind)
    os.kill(int((bed.folder / "nginx" / "pid").read_text()), signal.SIGHUP)
    ask = ["openssl", "s_client", "-connect", f"{addresses.POLICY_SERVER}:443", "-servername", name]
    wanted = (folder / f"{name}.crt").read_text().splitlines()[1]
    wait_for("the new certificate", lambda: wanted in subprocess.run(ask, input="", capture_output=True, text=True).stdout, 10)


def forget_record(bed: Bed, domain: str) -> None:
    """The TXT record vanishes, the policy host stays."""
    sts = BY_NAME[domain].sts
    assert sts
    _rezone(bed, domain, zones.sts_lines(domain, sts)[1:], "NXDOMAIN")


def rewrite(bed: Bed, domain: Domain, *more: str, question: tuple[str, str], shows: Callable[[str], bool]) -> None:
    """The zone of a domain as it is now to be, `more` lines included. Returns when the answer to the question (name, type) shows it."""
    signer = zones.Signer(bed.folder / "zones")
    lines = zones.domain_lines(domain, bed.folder / "certificates")
    zones.write_domain(signer, domain, lines + (zones.sts_lines(domain.name, domain.sts) if domain.sts else []) + list(more))
    os.kill(int((bed.folder / "nsd-domains" / "pid").read_text()), signal.SIGHUP)
    ask = ["drill", "-D", f"@{addresses.ZONE_SERVER}", *question]
    wait_for(f"the new {' '.join(question)}", lambda: shows(subprocess.run(ask, capture_output=True, text=True).stdout), 10)


def publish_tlsa(bed: Bed, domain: str, *records: str) -> None:
    """The first host's TLSA records, as in the table, instead of those that are there; none takes them away."""
    found = BY_NAME[domain]
    host = replace(found.hosts[0], tlsa=records)
    name = f"{host.name}.{domain}"
    wanted = [certificates.tlsa(bed.folder / "certificates", name, record).split()[-1] for record in records]
    rewrite(bed, replace(found, hosts=(host, *found.hosts[1:])), question=(f"_25._tcp.{name}", "TLSA"),
            shows=lambda answer: all(one in answer.lower() for one in wanted) and bool(wanted) != ("NXDOMAIN" in answer))


def publish_key(bed: Bed, selector: str) -> None:
    """The record of a DKIM key that was not published, or not rightly, from now on as it should be."""
    key = dkimkeys.BY_SELECTOR[selector]
    kind, value = key.kind, dkimkeys.public(dkimkeys.path(bed.folder, selector), key.kind)
    assert key.published == "no", "there would be two records"
    text = f"v=DKIM1; k={kind}; p={value}"
    strings = " ".join(f'"{text[start:start + 255]}"' for start in range(0, len(text), 255))
    _rezone(bed, key.domain, [f"{key.record_name}. {zones.SHORT_TTL} TXT {strings}"], "DKIM1", key.record_name)


def republish(bed: Bed, domain: str, *records: str, dns: str = "", sts: STS | None = None) -> None:
    """The zone of the table with these records; `dns` where it is to be signed otherwise than the table says."""
    mark = f"turn-{next(_turns)}"
    policy = sts or BY_NAME[domain].sts
    lines = [*records, *(zones.sts_lines(domain, policy) if policy else ()), f'_turn {zones.SHORT_TTL} TXT "{mark}"']
    _rezone(bed, domain, lines, f'"{mark}"', f"_turn.{domain}", dns)


_turns = itertools.count(1)


def break_lookups(bed: Bed, domain: str) -> None:
    """The `faults` of the table hold again."""
    (bed.folder / dnsfaults.MENDED / domain).unlink(missing_ok=True)


def mend_lookups(bed: Bed, domain: str) -> None:
    """The name server that lies tells the truth about this domain."""
    (bed.folder / dnsfaults.MENDED).mkdir(exist_ok=True)
    (bed.folder / dnsfaults.MENDED / domain).touch()


def _rezone(bed: Bed, domain: str, records: list[str], sign_of_it: str, name: str = "", dns: str = "") -> None:
    signer = zones.Signer(bed.folder / "zones")
    told: Domain = replace(BY_NAME[domain], dns=dns or BY_NAME[domain].dns)
    lines = zones.domain_lines(told, bed.folder / "certificates")
    zones.write_domain(signer, told, lines + records)
    os.kill(int((bed.folder / "nsd-domains" / "pid").read_text()), signal.SIGHUP)
    question = ["drill", "-t", f"@{addresses.ZONE_SERVER}", name or f"_mta-sts.{domain}", "TXT"]
    wait_for(f"{sign_of_it} in DNS", lambda: sign_of_it in subprocess.run(question, capture_output=True, text=True).stdout, 10)
