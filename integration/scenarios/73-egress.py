"""Where relayd's packets go: to name servers, mail hosts and policy hosts, and nowhere else."""

import os
import socket
from contextlib import contextmanager
from typing import Iterator

from internet import addresses
from internet.domains import DOMAINS
from internet.droppedrights import Dropping
from internet.egress import EgressWatch, Way
from internet.inside import Bed
from internet.submission import Letter
from internet.users import COURIER, COURIER_USER

NAME = "73-egress"
# Two of each kind: DANE, MTA-STS and its broken policies, no security, cleartext, no MX, null MX, no such domain, hosts that fail.
MAILED = ("good.example", "dane-ta.example", "mismatch.example", "sts-enforce.example", "dane-sts.example", "sts-wrongname.example",
          "policy-404.example", "policy-redirect.example", "policy-down.example", "insecure.example", "plain.example", "implicit.example",
          "alias.example", "null-mx.example", "no-such-domain.example", "first-fails.example", "bogus.example", "tlsa-servfail.example",
          "broken-tls.example", "[127.1.2.1]")


class Watched(Dropping):
    user = (COURIER, COURIER_USER)


@contextmanager
def fixture(bed: Bed) -> Iterator[tuple[Dropping, EgressWatch]]:
    """It is watched from before its first packet on: the relay's user is nobody else's."""
    with EgressWatch(COURIER) as watch, Watched(bed, NAME, 1) as relay:
        yield relay, watch


def allowed() -> set[Way]:
    names = {Way(protocol, server, 53) for protocol in ("tcp", "udp")
             for server in (addresses.ROOT_SERVER, addresses.TLD_SERVER, addresses.ZONE_SERVER, addresses.FAULTY_SERVER)}
    hosts = {Way("tcp", host.address, 25) for domain in DOMAINS for host in domain.hosts}
    return names | hosts | {Way("tcp", server, 443) for server in (addresses.POLICY_SERVER, addresses.NOBODY)}


def scenario_mixed_mail(both: tuple[Dropping, EgressWatch]) -> None:
    """Twenty deliveries of every kind: packets go to port 53 of name servers, 25 of mail hosts, 443 of policy hosts, and nowhere else"""
    relay, watch = both
    letters = [Letter.to(f"someone@{domain}", name="egress") for domain in MAILED]
    for letter in letters:
        relay.submit(letter)
    for letter in letters:
        relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"), 60)
    for words in (("status",), ("doctor",), ("policy", "sts-enforce.example"), ("sts", "refresh", "sts-enforce.example"), ("metrics",)):
        relay.ctl(*words)
    found = watch.ways()
    assert not found - allowed(), sorted(found - allowed())
    # It did watch: each kind was seen.
    assert {way.port for way in found} == {53, 25, 443}, sorted(found)
    assert {Way("tcp", addresses.POLICY_SERVER, 443), Way("udp", addresses.ROOT_SERVER, 53)} <= found, sorted(found)
    assert len({way.address for way in found if way.port == 25}) > 6, sorted(found)
    assert watch.others() == 0


def scenario_watch_sees(both: tuple[Dropping, EgressWatch]) -> None:
    """What goes elsewhere would be seen: a packet, and a connection that nobody takes"""
    _, watch = both
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(COURIER)
            os.setuid(COURIER)
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.9.9.9", 9))
            socket.socket().connect_ex(("127.9.9.9", 99))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert {Way("udp", "127.9.9.9", 9), Way("tcp", "127.9.9.9", 99)} <= watch.ways()
