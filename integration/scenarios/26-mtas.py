"""Postfix, Exim and OpenSMTPD hand mail in by every extension their clients know."""

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.listeners import accepted, add_user, arrived, intake, listener, trust
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter, submit
from internet.submittingmtas import EximClient, OpenSMTPDClient, PostfixClient, sasl_passwords

ADDRESS = addresses.relay(26)
SUBMISSION, SUBMISSIONS, LMTP = 587, 465, 24
USER, PASSWORD = "anna", "bees-and-wax-7"
# Postfix's own address towards the relay, where it may say XFORWARD.
FORWARDER = "127.1.8.10"
# Where they take mail themselves, and from whom.
POSTFIX, OPENSMTPD, OPENSMTPD_TLS = "127.1.8.11", "127.1.8.12", "127.1.8.13"
ORIGINAL = "127.1.8.14"
BODY = "..dots\n.\n.x\nGrüße\n".encode()
TLS = "TLSv1.3"


@dataclass(frozen=True)
class Rig:
    relay: Relay
    postfix: PostfixClient


def _services(relay: Relay) -> tuple[str, ...]:
    """Ways to the relay, each a transport of the Postfix."""
    tls = f"-o smtp_tls_security_level=secure -o smtp_tls_CAfile={trust(relay)} -o smtp_tls_secure_cert_match={addresses.RELAY_NAME}"
    sasl = (f"{tls} -o smtp_sasl_auth_enable=yes -o smtp_sasl_security_options=noanonymous -o smtp_sasl_password_maps="
            f"{sasl_passwords(relay.folder, relay.address, USER, PASSWORD)}")
    ways = {
        "forwarding": f"-o smtp_send_xforward_command=yes -o smtp_bind_address={FORWARDER}",
        "secure": tls,
        "scram": f"{sasl} -o smtp_sasl_mechanism_filter=scram-sha-256",
        "plain": f"{sasl} -o smtp_sasl_mechanism_filter=plain",
        "wrapped": f"{sasl} -o smtp_sasl_mechanism_filter=login -o smtp_tls_wrappermode=yes",
    }
    return tuple(f"{name} unix - - n - - smtp {options}" for name, options in ways.items())


# Which way a Postfix's letter takes: by the extension of its recipient.
WAYS = {
    "forwarding": f"forwarding:[{ADDRESS}]:{addresses.RELAY_PORT}",
    "secure": f"secure:[{ADDRESS}]:{addresses.RELAY_PORT}",
    "scram": f"scram:[{ADDRESS}]:{SUBMISSION}",
    "plain": f"plain:[{ADDRESS}]:{SUBMISSION}",
    "wrapped": f"wrapped:[{ADDRESS}]:{SUBMISSIONS}",
    "lmtp": f"lmtp:[{ADDRESS}]:{LMTP}",
    "lmtpsocket": "lmtp:unix:{folder}/lmtp.sock",
}


@contextmanager
def fixture(bed: Bed) -> Iterator[Rig]:
    folder = bed.folder / "relays" / "26-mtas"
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users"
    add_user(users, USER, PASSWORD)
    submission = {"role": "submission", "networks": ()}
    tables = (
        listener("submission", f"{ADDRESS}:{SUBMISSION}", tls="required", **submission),
        listener("submissions", f"{ADDRESS}:{SUBMISSIONS}", tls="implicit", **submission),
        listener("lmtp", f"{ADDRESS}:{LMTP}", protocol="lmtp"),
        listener("lmtp-socket", f"unix:{folder}/lmtp.sock", protocol="lmtp", socket_mode="0666"),
    )
    # What the log says is watched all along; the ways are chosen by the recipients, whose extensions relayd passes on.
    with ExitStack() as stack:
        relay = stack.enter_context(Relay(bed, "26-mtas", 26, more=intake(users_file=users, xforward_networks=(f"{FORWARDER}/32",)),
                                          tables=tables))
        ways = folder / "ways"
        ways.write_text("".join(f"/^someone\\+{name}@/ {way.replace('{folder}', str(folder))}\n" for name, way in WAYS.items()))
        folder.chmod(0o755)
        postfix = stack.enter_context(PostfixClient(relay, "mtas", POSTFIX, _services(relay), transport_maps=f"regexp:{ways}",
                                                    smtpd_client_restrictions=""))
        yield Rig(relay, postfix)


def letter(*recipients: str) -> Letter:
    return Letter.to(*recipients, body=BODY, name="mtas")


POSTFIX_WAYS = (
    ("secure", "STARTTLS, certificate checked", {"tls": TLS}),
    ("scram", "STARTTLS, AUTH SCRAM-SHA-256", {"tls": TLS, "user": USER}),
    ("plain", "STARTTLS, AUTH PLAIN", {"tls": TLS, "user": USER}),
    ("wrapped", "implicit TLS, AUTH LOGIN", {"tls": TLS, "user": USER}),
    ("lmtp", "LMTP", {"client": "127.0.0.1"}),
    ("lmtpsocket", "LMTP over a Unix socket", {}),
)


@cases(POSTFIX_WAYS, lambda case: case[1])
def scenario_postfix(rig: Rig, case: tuple[str, str, dict[str, str]]) -> None:
    """Postfix"""
    recipient = f"someone+{case[0]}@good.example"
    sent = letter(recipient)
    rig.postfix.sendmail(sent)
    line = rig.postfix.outcome(sent, recipient, "sent")
    event = accepted(rig.relay, sent, helo="mtas.example", **case[2])
    assert event["queue_id"] in line, (line, event)
    arrived(rig.relay, sent, "good.example")


def told(relay: Relay, sent: Letter, recipient: str) -> tuple[str, str]:
    """The MAIL and the RCPT that the host of dsn.example was given for it."""
    relay.wait_attempt(sent, recipient, ("delivered",))
    transcript = "".join(relay.bed.sessions("dsn.example"))
    (mail,) = re.findall(rf"C: (MAIL FROM:<{re.escape(sent.sender)}>.*)", transcript)
    return mail, re.findall(r"C: (RCPT TO:.*)", transcript.split(mail, 1)[1])[0]


def scenario_postfix_xforward(rig: Rig) -> None:
    """Postfix, XFORWARD: log and trace name the client before it, and who stands there may not relay by that"""
    recipient = "someone+forwarding@good.example"
    sent = letter(recipient)
    code, text = submit(sent, POSTFIX, 25, source=ORIGINAL)
    assert code == 250, text
    rig.postfix.outcome(sent, recipient, "sent")
    event = accepted(rig.relay, sent, client=FORWARDER, helo="mtas.example")
    assert ORIGINAL in event["orig_client"], event
    copy = arrived(rig.relay, sent, "good.example").decode()
    (trace,) = [field for field in re.findall(r"^Received: .*(?:\n[ \t].*)*", copy, re.M) if f"by {addresses.RELAY_NAME}" in field]
    assert ORIGINAL in trace or FORWARDER in trace, trace


def scenario_postfix_dsn(rig: Rig) -> None:
    """Postfix, DSN and SMTPUTF8: sendmail -N -V -R and a recipient in UTF-8 come through to the host"""
    recipient = "jürgen@dsn.example"
    sent = letter(recipient)
    rig.postfix.sendmail(sent, "-N", "success,delay", "-V", "QQ314159", "-R", "hdrs")
    rig.postfix.outcome(sent, recipient, "sent")
    mail, rcpt = told(rig.relay, sent, recipient)
    assert {"SMTPUTF8", "RET=HDRS", "ENVID=QQ314159"} <= set(mail.split()), mail
    assert "NOTIFY=SUCCESS,DELAY" in rcpt and "ORCPT=utf-8;" in rcpt, rcpt
    arrived(rig.relay, sent, "dsn.example")


def scenario_postfix_success_notice(rig: Rig) -> None:
    """Postfix, NOTIFY=SUCCESS: the relay says "relayed" where the host knows no DSN, and nothing with NEVER"""
    wanted, unwanted = letter("someone@dane-ta.example"), letter("stranger@rejects.example")
    rig.postfix.sendmail(wanted, "-N", "success")
    rig.postfix.sendmail(unwanted, "-N", "never")
    (notice,) = wait_for("notice of success", lambda: rig.relay.bed.bounces(wanted.sender), 30)
    assert "Action: relayed" in notice.as_string() or "Action: delivered" in notice.as_string(), notice.as_string()
    rig.relay.wait_attempt(unwanted, unwanted.recipients[0], ("bounced",))
    assert not rig.relay.bed.bounces(unwanted.sender)


def _exim(rig: Rig, name: str, port: int, transport: str = "", authenticators: str = "") -> EximClient:
    return EximClient(rig.relay, name, port, transport, authenticators)


SECURE = "  hosts_require_tls = *\n  tls_verify_certificates = {trust}\n  tls_verify_cert_hostnames =\n"
PLAIN = f"plain:\n  driver = plaintext\n  public_name = PLAIN\n  client_send = ^{USER}^{PASSWORD}\n"
LOGIN = f"login:\n  driver = plaintext\n  public_name = LOGIN\n  client_send = : {USER} : {PASSWORD}\n"
EXIM = (
    ("chunking", "CHUNKING in the clear", addresses.RELAY_PORT, "  hosts_avoid_tls = *\n", "", {"client": "127.0.0.1"}),
    ("data", "DATA within TLS", addresses.RELAY_PORT, SECURE + "  hosts_try_chunking =\n", "", {"tls": TLS}),
    ("plain", "STARTTLS, AUTH PLAIN, CHUNKING", SUBMISSION, SECURE + "  hosts_require_auth = *\n", PLAIN, {"tls": TLS, "user": USER}),
    ("login", "implicit TLS, AUTH LOGIN, CHUNKING", SUBMISSIONS, SECURE + "  hosts_require_auth = *\n  protocol = smtps\n", LOGIN,
     {"tls": TLS, "user": USER}),
    ("lmtp", "STARTTLS, LMTP, CHUNKING", LMTP, f"  protocol = lmtp\n  port = {LMTP}\n", "", {"tls": TLS}),
)


@cases(EXIM, lambda case: case[1])
def scenario_exim(rig: Rig, case: tuple[str, str, int, str, str, dict[str, str]]) -> None:
    """Exim"""
    name, title, port, transport, authenticators, says = case
    exim = _exim(rig, f"exim-{name}", port, transport.replace("{trust}", str(trust(rig.relay))), authenticators)
    sent = letter("someone@good.example")
    log = exim.send(sent)
    assert " => someone@good.example" in log, log
    # It marks what went by BDAT with K.
    assert (" K " in log) == ("CHUNKING" in title), log
    accepted(rig.relay, sent, helo=f"exim-{name}.example", **says)
    arrived(rig.relay, sent, "good.example")


def scenario_exim_dsn(rig: Rig) -> None:
    """Exim, DSN and SMTPUTF8 come through to the host"""
    exim = _exim(rig, "exim-dsn", addresses.RELAY_PORT)
    recipient = "jürgen@dsn.example"
    sent = letter(recipient)
    exim.send(sent, "SMTPUTF8 BODY=8BITMIME RET=FULL ENVID=QQ314160", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;somebody@else.example")
    mail, rcpt = told(rig.relay, sent, recipient)
    assert {"SMTPUTF8", "RET=FULL", "ENVID=QQ314160"} <= set(mail.split()), mail
    assert "NOTIFY=SUCCESS,FAILURE" in rcpt and "ORCPT=rfc822;somebody@else.example" in rcpt, rcpt


def _through_opensmtpd(rig: Rig, name: str, address: str, options: str = "", mail: tuple[str, ...] = (), **client: str) -> Letter:
    sent = letter("someone@good.example")
    with OpenSMTPDClient(rig.relay, name, address, options=options, **client) as opensmtpd:
        code, text = submit(sent, address, 25, options=mail)
        assert code == 250, text
        line = opensmtpd.outcome(sent)
        assert 'result="Ok"' in line, opensmtpd.log()
    arrived(rig.relay, sent, "good.example")
    return sent


def scenario_opensmtpd(rig: Rig) -> None:
    """OpenSMTPD, in the clear"""
    accepted(rig.relay, _through_opensmtpd(rig, "opensmtpd", OPENSMTPD, mail=("BODY=8BITMIME",)), helo="opensmtpd.example")


def scenario_opensmtpd_auth(rig: Rig) -> None:
    """OpenSMTPD, STARTTLS with the certificate checked, AUTH"""
    sent = _through_opensmtpd(rig, "opensmtpd-auth", OPENSMTPD_TLS, "auth <secrets>", tables=f'table secrets {{ "relay" = "{USER}:{PASSWORD}" }}',
                              url=f"smtp+tls://relay@{addresses.RELAY_NAME}:{SUBMISSION}")
    accepted(rig.relay, sent, user=USER, tls=TLS)
