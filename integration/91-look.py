"""scratch"""
import contextlib, time
from internet.clock import Clock
from internet.relay import Relay
from internet.inside import Bed
from internet.scenario import note
from internet.submission import Letter
from internet import dkimkeys, addresses
from internet.relayconfig import quoted

def scenario_look(bed: Bed) -> None:
    """Look"""
    q = quoted
    keys = tuple(("dkim.key", {"domain": q(k.domain), "selector": q(k.selector), "file": q(dkimkeys.path(bed.folder, k.selector)), **({"use": q("reports")} if k.domain == addresses.ORGANIZATION_DOMAIN else {})})
        for k in dkimkeys.KEYS if k.selector in ("rsa","ed","tlsrpt","tlsrpt-ed"))
    clock = Clock(bed.folder / "relays" / "look")
    with Relay(bed, "look", 91, more={"tlsrpt": {"organization": q("Waxwing"), "contact": q(f"tlsrpt@{addresses.ORGANIZATION_DOMAIN}")}, "log": {"level": q("debug")}}, tables=keys, clock=clock) as relay:
        for d in ("good.example", "report-https.example", "report-both.example", "report-loopback.example", "report-none.example", "report-404.example", "sts-enforce.example"):
            letter = Letter.to(f"someone@{d}")
            relay.submit(letter)
            relay.wait_attempt(letter, f"someone@{d}", ("delivered",))
        time.sleep(1)
        clock.to_next_day(hour=5)
        time.sleep(25)
        open("/tmp/look.log","w").write(relay.log_path.read_text())
        import subprocess
        for p in sorted((bed.folder / "mail" / "reports.example" / "new").glob("*"))[:2]: open("/tmp/look.eml","w").write(p.read_text())

