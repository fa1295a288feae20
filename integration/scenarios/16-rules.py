"""The operator's rules: [[rule]] in relayd.toml, for destinations and hosts, and ways round MX."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from internet import certificates
from internet.domains import BY_NAME, absolute
from internet.inside import Bed, wait_for
from internet.postfix import SMARTHOST_PASSWORD, SMARTHOST_USER
from internet.relay import Relay
from internet.relayconfig import quoted
from internet.scenario import cases
from internet.submission import Letter

LIMIT = 40
SMARTHOST = "mx.smarthost.example"
WRONG_PASSWORD = "amber-varnish"


@dataclass(frozen=True)
class Case:
    """A rule, and what becomes of a letter. Keys are TOML text; {folder}, {certificates} and {fingerprint…} are filled in."""

    domain: str
    rule: dict[str, str]
    status: str
    verified: str = ""
    by: str = ""
    cause: str = ""
    host: str = "mx"
    headers: str = ""
    selector: str = "destination"
    policy: int | None = None  # exit code of relayctl policy


def _pkix(**more: str) -> dict[str, str]:
    return {"level": quoted("authenticated"), "by": '["pkix"]'} | more


def _fingerprint(digest: str) -> dict[str, str]:
    return {"level": quoted("authenticated"), "by": '["fingerprint"]', "fingerprints": f"[{quoted(digest)}]"}


def _smarthost(port: int, password: str) -> dict[str, str]:
    implicit = {"implicit_tls": "true"} if port == 465 else {}
    return _pkix(next_hop=quoted(f"[{SMARTHOST}]:{port}"), credentials=quoted(f"{{folder}}/{password}"), **implicit)


CASES = (
    Case("rule-encrypted.example", {"level": quoted("encrypted")}, "deferred", cause="starttls-missing", policy=1),
    Case("rule-mx.example", {"level": quoted("encrypted")}, "deferred", cause="starttls-missing", selector="mx", policy=1),
    # The MX records are unsigned: the host's own name proves nothing about the domain, names that the operator wrote do.
    Case("rule-pkix.example", _pkix(), "delivered", "webpki", "local", policy=1),
    Case("rule-pkix-selfsigned.example", _pkix(), "deferred", cause="certificate-invalid", policy=1),
    Case("rule-names.example", _pkix(names='["rule-names.example"]'), "delivered", "webpki", "local", policy=0),
    Case("rule-ca.example", _pkix(ca_file=quoted("{certificates}/ca.crt")), "delivered", "webpki", "local"),
    Case("rule-fingerprint.example", _fingerprint("{fingerprint certificate}"), "delivered", "fingerprint", "local", policy=0),
    Case("rule-fingerprint-key.example", _fingerprint("{fingerprint public-key}"), "delivered", "fingerprint", "local"),
    Case("rule-fingerprint-wrong.example", _fingerprint("certificate:" + "00" * 32), "deferred", cause="fingerprint-mismatch", policy=0),
    Case("rule-dane.example", {"level": quoted("authenticated"), "by": '["dane"]'}, "deferred", cause="dane-required", policy=2),
    Case("rule-sts.example", {"level": quoted("authenticated"), "by": '["mta-sts"]'}, "deferred", cause="sts-required", policy=2),
    Case("rule-version.example", {"level": quoted("encrypted"), "minimum_version": quoted("1.3")}, "deferred", cause="tls-handshake-failed"),
    Case("rule-client.example", {"client_certificate": quoted("{certificates}/" + certificates.CLIENT + ".crt"),
                                 "client_key": quoted("{certificates}/" + certificates.CLIENT + ".key")}, "delivered", "encrypted"),
    Case("rule-requiretls.example", {"requiretls": "true"}, "bounced", cause="requiretls-unsupported"),
    # The operator's rule wins over the sender's TLS-Required: No, unless it says otherwise.
    Case("rule-optional.example", {"level": quoted("encrypted")}, "deferred", cause="starttls-missing", headers="TLS-Required: No\n"),
    Case("rule-optional-honoured.example", {"level": quoted("encrypted"), "tls_required_no": quoted("honour")}, "delivered", "none",
         headers="TLS-Required: No\n"),
    Case("rule-sts-off.example", {"mta_sts": quoted("off")}, "delivered", "encrypted", policy=1),
    Case("rule-dane-off.example", {"dane": quoted("off")}, "delivered", "encrypted", policy=1),
    Case("rule-no-lowering.example", {"level": quoted("none")}, "deferred", cause="dane-mismatch", policy=0),
    Case("rule-smarthost.example", _smarthost(465, "right"), "delivered", "webpki", "local", host=f"{SMARTHOST}."),
    Case("rule-submission.example", _smarthost(587, "right"), "delivered", "webpki", "local", host=f"{SMARTHOST}."),
    # A port of its own: one next hop has one password.
    Case("rule-password.example", _smarthost(2587, "wrong"), "deferred", cause="auth-failed"),
)
BY_SMARTHOST = tuple(case for case in CASES if case.host == f"{SMARTHOST}.")
WITH_POLICY = tuple(case for case in CASES if case.policy is not None)


def why(case: Case) -> str:
    return f"a test of {case.domain}"


def rule(bed: Bed, folder: Path, case: Case) -> dict[str, str]:
    keys = bed.folder / "certificates"
    name = f"mx.{case.domain}"
    lines = {case.selector: quoted(name if case.selector == "mx" else case.domain), "reason": quoted(why(case))}
    for key, value in case.rule.items():
        value = value.replace("{folder}", str(folder)).replace("{certificates}", str(keys))
        for what in ("certificate", "public-key"):
            if f"{{fingerprint {what}}}" in value:
                value = value.replace(f"{{fingerprint {what}}}", certificates.fingerprint(keys, name, what))
        lines[key] = value
    return lines


def write_passwords(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, password in (("right", SMARTHOST_PASSWORD), ("wrong", WRONG_PASSWORD)):
        (folder / name).write_text(f"{SMARTHOST_USER}:{password}\n")
        (folder / name).chmod(0o600)


@dataclass
class Ruled:
    relay: Relay
    letters: dict[str, Letter]


@contextmanager
def fixture(bed: Bed) -> Iterator[Ruled]:
    folder = bed.folder / "rules"
    write_passwords(folder)
    with Relay(bed, "16-rules", 16, rules=tuple(rule(bed, folder, case) for case in CASES)) as relay:
        letters = {}
        for case in CASES:
            letters[case.domain] = letter = Letter.to(f"someone@{case.domain}", name="rules", headers=case.headers)
            relay.submit(letter)
        yield Ruled(relay, letters)


@cases(CASES, lambda case: f"{case.domain}, {case.status} {case.verified or case.cause}")
def scenario_rule(ruled: Ruled, case: Case) -> None:
    """The log's word"""
    letter = ruled.letters[case.domain]
    last = ruled.relay.wait_attempt(letter, letter.recipients[0], ("delivered", "deferred", "bounced"), LIMIT)[0]
    wanted = {"status": case.status}
    if case.status == "delivered":
        wanted |= {"verified": case.verified, "host": absolute(case.host, case.domain)}
    else:
        wanted |= {"cause": case.cause}
    assert {key: last.get(key, "") for key in wanted} == wanted, last
    if case.by:
        assert last.get("by") == case.by, last
    # The operator's own words stand wherever his rule has a part in it, but not for a route: that is in `destination`.
    if "next_hop" not in case.rule:
        assert why(case) in last.get("rule", ""), last
    if case.status == "delivered":
        assert wait_for("copy", lambda: ruled.relay.bed.delivered(case.domain, letter.mark), 10)
    elif case.cause != "auth-failed":
        assert not ruled.relay.bed.saw_envelope(case.domain, letter.sender), ruled.relay.bed.sessions(case.domain)


@cases(WITH_POLICY, lambda case: f"{case.domain}, {case.policy}")
def scenario_policy(ruled: Ruled, case: Case) -> None:
    """relayctl policy obeys the rule, and says why it is there"""
    code, output, error = ruled.relay.ctl("policy", case.domain)
    assert code == case.policy, (code, output, error)
    assert why(case) in " ".join(output.split()), output
    _, found = ruled.relay.ctl_json("policy", case.domain)
    requirement = found["hosts"][0]["requirement"]  # type: ignore[index]
    if case.by == "local":
        assert (requirement["level"], requirement["by"]) == ("authenticated", "local"), requirement


@cases(BY_SMARTHOST, lambda case: case.domain)
def scenario_smarthost(ruled: Ruled, case: Case) -> None:
    """By the smarthost with a password over TLS; the domain's own MX is not asked"""
    letter = ruled.letters[case.domain]
    (copy,) = wait_for("copy", lambda: ruled.relay.bed.delivered(case.domain, letter.mark), LIMIT)
    received = copy.split(b"\n\n", 1)[0].decode().split("Received:")[1]
    assert SMARTHOST in received and f"Authenticated sender: {SMARTHOST_USER}" in received and "TLS" in received, received
    assert not ruled.relay.bed.saw_envelope(case.domain, letter.sender)


def scenario_wrong_password(ruled: Ruled) -> None:
    """A wrong password holds mail back, with the server's words, and bounces nothing"""
    letter = ruled.letters["rule-password.example"]
    attempts = ruled.relay.wait_attempt(letter, letter.recipients[0], ("deferred",), LIMIT)
    assert "535" in str(attempts[0]), attempts[0]
    wait_for("second attempt", lambda: len(ruled.relay.attempts(letter)) >= 2, LIMIT)
    assert {attempt["status"] for attempt in ruled.relay.attempts(letter)} == {"deferred"}
    log = ruled.relay.log().read_text(errors="replace")
    assert SMARTHOST_PASSWORD not in log and WRONG_PASSWORD not in log, "a password in the log"


def scenario_client_certificate(ruled: Ruled) -> None:
    """The client certificate is shown to the host that asks for it"""
    letter = ruled.letters["rule-client.example"]
    (copy,) = wait_for("copy", lambda: ruled.relay.bed.delivered("rule-client.example", letter.mark), LIMIT)
    assert f'Client CN "{certificates.CLIENT}"' in " ".join(copy.decode().split()), copy.decode()


def scenario_policy_survives_a_rule(ruled: Ruled) -> None:
    """A rule for one domain leaves the policies of others alone"""
    letter = Letter.to("someone@mismatch.example", name="rules")
    ruled.relay.submit(letter)
    last = ruled.relay.wait_attempt(letter, letter.recipients[0], ("deferred", "delivered"), LIMIT)[0]
    assert last["cause"] == "dane-mismatch", last


def scenario_open_password(ruled: Ruled) -> None:
    """A password that others may read: the relay refuses to start, and names the file"""
    folder = ruled.relay.bed.folder / "rules-open"
    write_passwords(folder)
    (folder / "right").chmod(0o644)
    case = next(case for case in CASES if case.domain == "rule-smarthost.example")
    relay = Relay(ruled.relay.bed, "16-rules-open", 161, rules=(rule(ruled.relay.bed, folder, case),))
    relay.launch()
    assert relay.wait_exit() == 78, relay.tail()
    assert str(folder / "right") in relay.tail(), relay.tail()


def scenario_minimum_level(ruled: Ruled) -> None:
    """tls.minimum_level = "encrypted" holds for every destination"""
    with Relay(ruled.relay.bed, "16-rules-minimum", 162, more={"tls": {"minimum_level": quoted("encrypted")}}) as relay:
        for domain, status in (("plain.example", "deferred"), ("insecure.example", "delivered"), ("good.example", "delivered"),
                               ("testing-plain.example", "deferred")):
            letter = Letter.to(f"someone@{domain}", name="minimum")
            relay.submit(letter)
            last = relay.wait_attempt(letter, letter.recipients[0], ("deferred", "delivered"), LIMIT)[0]
            assert last["status"] == status, last
            if status == "deferred":
                assert last["cause"] == "starttls-missing", last


def scenario_table_is_whole(ruled: Ruled) -> None:
    """Every domain that is kept for rules has one"""
    kept = {name for name, domain in BY_NAME.items() if domain.only == "16"}
    assert kept == {case.domain for case in CASES}, kept ^ {case.domain for case in CASES}
