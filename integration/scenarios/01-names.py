"""Is the DNS of the bed what the table says? Asked through a validating unbound, with drill."""

import re
import subprocess

from internet import addresses
from internet.domains import BY_NAME, DOMAINS, Domain
from internet.inside import Bed
from internet.scenario import cases

# What a validating resolver says to a lookup of each kind of zone: response code and whether AD is set.
MX_ANSWER = {"signed": ("NOERROR", True), "unsigned": ("NOERROR", False), "expired": ("SERVFAIL", False),
             "faulty": ("NOERROR", True), "unsigned faulty": ("NOERROR", False), "absent": ("NXDOMAIN", True),
             "stripped": ("SERVFAIL", False), "other key": ("SERVFAIL", False), "iterated": ("NOERROR", True)}
NO_ANSWER = ("", False)
# Faults that a resolver gets over.
HARMLESS = ("wrong-id", "TC")


def expected(domain: Domain) -> tuple[str, bool]:
    for fault in domain.faults:
        name, kind, what = fault.split()
        if (name, kind) == ("@", "MX") and what not in HARMLESS:
            return NO_ANSWER if what == "drop" else ("SERVFAIL", False)
    if any("MX" in before for before, _ in domain.tampered):
        return "SERVFAIL", False
    # An alias is in a signed zone: as secure as what it leads to.
    return expected(BY_NAME[domain.alias_of]) if domain.alias_of else MX_ANSWER[domain.dns]


def ask(name: str, kind: str, *flags: str) -> tuple[str, bool]:
    try:
        output = subprocess.run(["drill", "-D", *flags, f"@{addresses.RESOLVER}", name, kind], capture_output=True, text=True, timeout=4).stdout
    except subprocess.TimeoutExpired:
        return NO_ANSWER
    code = re.search(r"rcode: (\w+)", output)
    flags_line = re.search(r"flags: ([a-z ]*);", output)
    assert code and flags_line, output
    return code[1], "ad" in flags_line[1].split()


@cases(DOMAINS, lambda domain: domain.name)
def scenario_security(bed: Bed, domain: Domain) -> None:
    """MX lookup"""
    wanted, found = expected(domain), ask(domain.name, "MX")
    # Who got no answer for long enough says so.
    assert found == wanted or (wanted == NO_ANSWER and found == ("SERVFAIL", False)), f"{found}, not {wanted}"


def scenario_expired_signatures_are_why(bed: Bed) -> None:
    """bogus.example exists, and only its signatures are wrong"""
    assert ask("bogus.example", "MX", "-o", "CD") == ("NOERROR", False)


def scenario_tlsa_servfail(bed: Bed) -> None:
    """tlsa-servfail.example: the address is secure, the TLSA lookup fails"""
    assert ask("mx.tlsa-servfail.example", "A") == ("NOERROR", True)
    assert ask("_25._tcp.mx.tlsa-servfail.example", "TLSA") == ("SERVFAIL", False)
