"""One letter to every domain of the bed, through Postfix and relayd, and a table of what became of each."""

import os
import shutil
import subprocess
import sys
import textwrap
import time

from . import addresses, judges, reports
from .clock import Clock
from .domains import BY_NAME, MAIL_DOMAINS, Domain
from .inside import Bed, wait_for
from .relay import Relay, program
from .relayconfig import quoted
from .reporting import key_table
from .submission import Letter

LIMIT = 60.0  # seconds until the table is printed, whatever is still open

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
GREEN, YELLOW, RED, BOLD, DIM = "32", "33", "31", "1", "2"

# Added where MTA-STS has a say in what was delivered without proof.
WHAT_STS_MEANS = {"testing": "the MTA-STS policy is in testing", "unknown": "an MTA-STS policy is announced and could not be had"}
WHAT_VERIFIED_MEANS = {
    "dane": "host proved its identity by DANE; {tls}",
    "dane-host": "host proved its identity by DANE, but unsigned DNS named the host; {tls}",
    "webpki": "host proved its identity by a public certificate, and MTA-STS lists it; {tls}",
    "encrypted": "encrypted, nobody's identity proved; {tls}",
    "none": "in cleartext: nothing here demands TLS",
}


def paint(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if COLOUR else text


def progress(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)


def section(text: str) -> None:
    progress("")
    print(f"\n{paint(text, BOLD)}", flush=True)


class Row:
    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.letter = Letter.to(f"someone@{domain.name}", name="demo")
        self.attempts: list[dict[str, str]] = []

    @property
    def last(self) -> dict[str, str]:
        return self.attempts[-1] if self.attempts else {}

    @property
    def is_decided(self) -> bool:
        status = self.last.get("status")
        return status in ("delivered", "bounced") or (status == "deferred" and self.domain.expect.status == "deferred")

    def happened(self, bed: Bed) -> tuple[str, str]:
        """In words, and their colour."""
        match self.last.get("status"):
            case "delivered":
                arrived = bed.delivered(self.domain.name, self.letter.mark)
                if not arrived:
                    return "delivered, but not in the maildir", RED
                return "delivered", GREEN if self.last.get("verified") in ("dane", "dane-host", "webpki") else YELLOW
            case "deferred":
                return "held back, will retry", YELLOW
            case "bounced":
                return "returned to sender" if bed.bounces(self.letter.sender) else "bounced", RED
        return "no word yet", RED

    def why(self) -> str:
        last = self.last
        if not last:
            return ""
        if last["status"] != "delivered":
            reason, reply = last.get("reason", ""), last.get("reply", "")
            return reason if reply in reason else f'{reason}: "{reply}"'
        text = WHAT_VERIFIED_MEANS[last["verified"]].format(tls=last["tls"])
        if (mark := WHAT_STS_MEANS.get(last.get("sts", ""))) and last["verified"] in ("encrypted", "none"):
            text += f"; {mark}"
        if (host := last.get("host")) and len(self.domain.hosts) > 1:
            text = f"by {host}: {text}"
        if len(self.attempts) > 1:
            text += f"; attempt {len(self.attempts)}, before: {self.attempts[0].get('reply') or self.attempts[0].get('reason', '')}"
        return text


def send(bed: Bed, letter: Letter) -> None:
    subprocess.run(["sendmail", "-C", str(bed.folder / "postfix-sender"), "-f", letter.sender, *letter.recipients],
                   input=letter.content, check=True)


def wait(relay: Relay, rows: list[Row]) -> None:
    end = time.monotonic() + LIMIT
    while True:
        by_sender: dict[str, list[dict[str, str]]] = {}
        for event in relay.events():
            if event.get("event") == "delivery":
                by_sender.setdefault(event.get("from", ""), []).append(event)
        for row in rows:
            row.attempts = by_sender.get(row.letter.sender, [])
        open_rows = [row for row in rows if not row.is_decided]
        if not open_rows or time.monotonic() > end:
            return
        waiting = ", ".join(row.domain.name for row in open_rows[:3]) + (" …" if len(open_rows) > 3 else "")
        progress(f"  {len(rows) - len(open_rows)} of {len(rows)} decided; waiting for {waiting}")
        time.sleep(0.25)


def table(bed: Bed, rows: list[Row]) -> None:
    width = max(100, min(shutil.get_terminal_size((160, 24)).columns, 200))
    name = max(len(row.domain.name) for row in rows)
    what = min(46, (width - name) // 3)
    did = max(len("WHAT HAPPENED"), max(len(row.happened(bed)[0]) for row in rows))
    why = width - name - what - did - 6
    order = {"delivered": 0, "deferred": 1, "bounced": 2}
    print(paint(f"{'DOMAIN':<{name}}  {'WHAT IT IS':<{what}}  {'WHAT HAPPENED':<{did}}  WHY", DIM))
    previous = None
    for row in sorted(rows, key=lambda row: order.get(row.last.get("status", ""), 3)):
        status = row.last.get("status")
        if previous not in (None, status):
            print()
        previous = status
        happened, colour = row.happened(bed)
        left = textwrap.wrap(row.domain.what, what) or [""]
        right = textwrap.wrap(row.why(), why) or [""]
        for number in range(max(len(left), len(right))):
            cells = [row.domain.name if number == 0 else "", left[number] if number < len(left) else "",
                     happened if number == 0 else "", right[number] if number < len(right) else ""]
            middle = paint(cells[2], colour) + " " * (did - len(cells[2])) if cells[2] else " " * did
            print(f"{cells[0]:<{name}}  {cells[1]:<{what}}  {middle}  {cells[3]}".rstrip())


def policy(relay: Relay, domain: str) -> None:
    print(paint(f"$ relayctl policy {domain}", BOLD))
    sys.stdout.flush()
    code = subprocess.run([program("relayctl"), "policy", domain, "--socket", relay.settings.control]).returncode
    print(paint(f"(exit {code})", DIM) + "\n")


ORGANIZATION = "Waxwing demo"
# Whose report is shown: its host shows another certificate than its TLSA record names.
REPORTED = "mismatch.example"


def signatures(bed: Bed, clock: Clock, letter: Letter) -> None:
    """What two verifiers who know nothing of each other make of a letter that arrived."""
    (copy,) = bed.delivered("good.example", letter.mark)
    verdicts = zip(judges.dkimpy_accepts(copy, clock.now), judges.opendkim_accepts(copy, clock.environment()))
    for tags, accepted in zip(judges.signatures(copy), verdicts):
        words = ", ".join(f"{name} {paint('accepts', GREEN) if accepts else paint('refuses', RED)} it"
                          for name, accepts in zip(("dkimpy", "opendkim"), accepted))
        print(f"  {tags['a']:<15} d={tags['d']} s={tags['s']}: {words}")


def report(bed: Bed, relay: Relay, clock: Clock) -> None:
    """The day ends, and one of the reports it brings, as the postmaster who gets it can read it."""
    day = clock.now.strftime("%Y-%m-%d")
    clock.to_next_day(hour=5)
    (uri,) = BY_NAME[REPORTED].reports.uris(REPORTED)
    found = wait_for("the report", lambda: [one for one in reports.at(bed, uri, REPORTED, ORGANIZATION) if one.day == day], 60)
    begun = [event for event in relay.events() if event.get("event") == "report-begun"]
    print(f"{len(begun)} domains asked for a report; that of {REPORTED} reached {uri}.\n")
    file = relay.folder / "report.eml"
    file.write_bytes(found[0].mail)
    print(paint("$ relayctl tlsrpt read report.eml", BOLD))
    sys.stdout.flush()
    subprocess.run([program("relayctl"), "tlsrpt", "read", file])


def main() -> int:
    bed = Bed.here()
    clock = Clock(bed.folder / "relays" / "demo")
    section("relayd starts. It resolves from the bed's own signed root and speaks to real mail servers")
    tables = (*(key_table(bed.folder, selector) for selector in ("rsa", "ed")),
              *(key_table(bed.folder, selector, use="reports") for selector in ("tlsrpt", "tlsrpt-ed")))
    about = {"organization": quoted(ORGANIZATION), "contact": quoted(f"tlsrpt@{addresses.ORGANIZATION_DOMAIN}")}
    with Relay(bed, "demo", 0, address=addresses.RELAY, clock=clock, tables=tables, more={"tlsrpt": about}) as relay:
        rows = [Row(domain) for domain in MAIL_DOMAINS]
        section(f"sendmail hands one letter for each of {len(rows)} domains to Postfix, and Postfix to relayd")
        for row in rows:
            send(bed, row.letter)
        wait(relay, rows)
        time.sleep(1)  # the last notice is on its way home
        section("What became of them: DNSSEC and DANE")
        table(bed, [row for row in rows if row.domain.sts is None])
        section("What became of them: MTA-STS, alone and beside DANE")
        table(bed, [row for row in rows if row.domain.sts is not None])
        counts = {status: sum(row.last.get("status") == status for row in rows) for status in ("delivered", "deferred", "bounced")}
        print(f"\n{counts['delivered']} delivered, {counts['deferred']} held back and retried until a safe delivery is possible, "
              f"{counts['bounced']} returned to the sender, {len(rows) - sum(counts.values())} without a word.")
        section("What relayd would do now, and why, before any mail is sent")
        policy(relay, "first-fails.example")
        policy(relay, "dane-host.example")
        policy(relay, "sts-behind-dane.example")
        section("Every letter was signed twice. Two verifiers look at the one that reached good.example")
        signatures(bed, clock, next(row.letter for row in rows if row.domain.name == "good.example"))
        section("relayd's clock is moved past midnight: reports go out to the domains that ask for them")
        report(bed, relay, clock)
    return 0 if all(row.is_decided for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
