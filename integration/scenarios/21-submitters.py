"""Real clients hand mail in by every extension they know; it arrives as it was sent, and the log says who sent it."""

import re
import smtplib
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator

from internet import addresses
from internet.inside import Bed, wait_for
from internet.listeners import accepted, add_user, arrived, intake, listener, trust
from internet.relay import Relay
from internet.scenario import cases
from internet.submission import Letter
from internet.submitters import curl, gsasl, swaks

ADDRESS = addresses.relay(21)
SUBMISSION, SUBMISSIONS, LMTP = 587, 465, 24
USER, PASSWORD = "anna", "bees and wax 7"
# Who may name the client before it by XFORWARD, and who by a PROXY header.
FORWARDER, BALANCER = "127.1.8.1", "127.1.8.2"
# Whom a balancer speaks for: may not relay by its address.
STRANGER = "192.0.2.7"
# Dots that must be stuffed, eight bits, and a line that ends nothing.
BODY = "..dots\n.\n.x\nGrüße\n".encode()
TLS = "TLSv1.3"


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    folder = bed.folder / "relays" / "21-submitters"
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users"
    add_user(users, USER, PASSWORD)
    submission = {"role": "submission", "networks": ()}
    tables = (
        listener("submission", f"{ADDRESS}:{SUBMISSION}", tls="required", **submission),
        listener("submissions", f"{ADDRESS}:{SUBMISSIONS}", tls="implicit", **submission),
        listener("lmtp", f"{ADDRESS}:{LMTP}", protocol="lmtp"),
        listener("socket", f"unix:{folder}/intake.sock"),
        listener("lmtp-socket", f"unix:{folder}/lmtp.sock", protocol="lmtp"),
    )
    more = intake(users_file=users, xforward_networks=(f"{FORWARDER}/32",), proxy_networks=(f"{BALANCER}/32",))
    with Relay(bed, "21-submitters", 21, more=more, tables=tables) as relay:
        yield relay


def letter(*recipients: str) -> Letter:
    return Letter.to(*(recipients or ("someone@good.example",)), body=BODY, name="submitters")


def told(relay: Relay, sent: Letter, recipient: str) -> tuple[str, str]:
    """The MAIL and the RCPT that the host of dsn.example was given for it."""
    relay.wait_attempt(sent, recipient, ("delivered",))
    transcript = "".join(relay.bed.sessions("dsn.example"))
    (mail,) = re.findall(rf"C: (MAIL FROM:<{re.escape(sent.sender)}>.*)", transcript)
    following = transcript.split(mail, 1)[1]
    return mail, re.findall(r"C: (RCPT TO:.*)", following)[0]


@dataclass(frozen=True)
class Session:
    """A session of swaks; {folder} is the relay's. What the `accepted` event must say."""

    title: str
    options: tuple[str, ...]
    says: dict[str, str]
    port: int = addresses.RELAY_PORT
    secure: bool = False


def _login(mechanism: str) -> tuple[str, ...]:
    return ("--auth", mechanism, "--auth-user", USER, "--auth-password", PASSWORD)


def _proxied(version: int, family: str, *more: str) -> tuple[str, ...]:
    return ("--local-interface", BALANCER, "--proxy-version", str(version), "--proxy-family", family, "--proxy-source", STRANGER,
            "--proxy-source-port", "4711", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25", "-tls", *_login("PLAIN"), *more)


SWAKS = (
    Session("STARTTLS, pipelined", ("-tls", "--pipeline"), {"tls": TLS, "client": "127.0.0.1"}, secure=True),
    Session("STARTTLS, AUTH PLAIN, pipelined", ("-tls", "--pipeline", *_login("PLAIN")), {"tls": TLS, "user": USER}, SUBMISSION, True),
    Session("STARTTLS, AUTH LOGIN", ("-tls", *_login("LOGIN")), {"tls": TLS, "user": USER}, SUBMISSION, True),
    Session("implicit TLS, AUTH PLAIN", ("--tls-on-connect", *_login("PLAIN")), {"tls": TLS, "user": USER}, SUBMISSIONS, True),
    Session("HELO", ("--protocol", "SMTP"), {"helo": "swaks.example"}),
    Session("a Unix socket", ("--socket", "{folder}/intake.sock"), {"client": "unix:0"}),
    Session("LMTP", ("--protocol", "LMTP"), {"client": "127.0.0.1"}, LMTP),
    Session("LMTP over a Unix socket", ("--protocol", "LMTP", "--socket", "{folder}/lmtp.sock"), {"client": "unix:0"}),
    Session("PROXY v1, STARTTLS, AUTH PLAIN", _proxied(1, "TCP4"), {"client": STRANGER, "user": USER, "tls": TLS}),
    Session("PROXY v2, STARTTLS, AUTH PLAIN", _proxied(2, "AF_INET", "--proxy-protocol", "STREAM", "--proxy-command", "PROXY"),
            {"client": STRANGER, "user": USER, "tls": TLS}),
)


@cases(SWAKS, lambda session: session.title)
def scenario_swaks(relay: Relay, session: Session) -> None:
    """swaks"""
    sent = letter()
    options = [option.replace("{folder}", str(relay.folder)) for option in session.options]
    swaks(relay, sent, *options, server=f"{relay.address}:{session.port}", trust=trust(relay) if session.secure else None)
    accepted(relay, sent, **session.says)
    arrived(relay, sent, "good.example")


def _context(relay: Relay) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(trust(relay)))


def _secured(relay: Relay) -> smtplib.SMTP:
    client = smtplib.SMTP(relay.address, SUBMISSION, timeout=30)
    client._host = addresses.RELAY_NAME  # type: ignore[attr-defined]  # the name its certificate must have
    client.starttls(context=_context(relay))
    client.login(USER, PASSWORD)
    return client


def _implicit(relay: Relay) -> smtplib.SMTP:
    context = _context(relay)
    # It is reached by its address, and the certificate has its name.
    context.check_hostname = False
    client = smtplib.SMTP_SSL(relay.address, SUBMISSIONS, context=context, timeout=30)
    client.ehlo()
    client.user, client.password = USER, PASSWORD
    assert client.auth("LOGIN", client.auth_login)[0] == 235
    return client


SMTPLIB: tuple[tuple[str, Callable[[Relay], smtplib.SMTP], dict[str, str]], ...] = (
    ("SMTP", lambda relay: smtplib.SMTP(relay.address, addresses.RELAY_PORT), {"client": "127.0.0.1"}),
    ("SMTP, STARTTLS, login", _secured, {"tls": TLS, "user": USER}),
    ("SMTP_SSL, AUTH LOGIN", _implicit, {"tls": TLS, "user": USER}),
    ("LMTP", lambda relay: smtplib.LMTP(relay.address, LMTP), {"client": "127.0.0.1"}),
    ("LMTP over a Unix socket", lambda relay: smtplib.LMTP(str(relay.folder / "lmtp.sock")), {"client": "unix:0"}),
)


@cases(SMTPLIB, lambda case: case[0])
def scenario_smtplib(relay: Relay, case: tuple[str, Callable[[Relay], smtplib.SMTP], dict[str, str]]) -> None:
    """smtplib"""
    sent = letter()
    with case[1](relay) as client:
        assert client.sendmail(sent.sender, sent.recipients, sent.content.replace(b"\n", b"\r\n"), mail_options=["BODY=8BITMIME"]) == {}
    accepted(relay, sent, **case[2])
    arrived(relay, sent, "good.example")


def scenario_smtplib_dsn(relay: Relay) -> None:
    """smtplib: SMTPUTF8, RET, ENVID, NOTIFY and ORCPT are passed on"""
    recipient = "jürgen@dsn.example"
    sent = letter(recipient)
    with smtplib.SMTP(relay.address, addresses.RELAY_PORT, timeout=30) as client:
        client.ehlo()
        assert {"dsn", "smtputf8", "8bitmime", "pipelining", "size", "chunking", "enhancedstatuscodes", "limits"} <= set(client.esmtp_features)
        client.command_encoding = "utf-8"
        client.sendmail(sent.sender, recipient, sent.content.replace(b"\n", b"\r\n"),
                        mail_options=["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B314159"],
                        rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=utf-8;j\\x{FC}rgen@dsn.example"])
    accepted(relay, sent)
    mail, rcpt = told(relay, sent, recipient)
    assert {"SMTPUTF8", "RET=HDRS", "ENVID=QQ+2B314159"} <= set(mail.split()), mail
    assert "NOTIFY=SUCCESS,FAILURE" in rcpt and "ORCPT=utf-8;" in rcpt, rcpt
    arrived(relay, sent, "dsn.example")


@cases(("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"), lambda mechanism: mechanism)
def scenario_gsasl(relay: Relay, mechanism: str) -> None:
    """gsasl"""
    sent = letter()
    # A client that could bind to the channel, and says so, is refused where the relay offers that too: somebody would have taken
    # the offer away (RFC 5802 §6).
    options = ("--no-cb",) if mechanism == "SCRAM-SHA-256" else ()
    said = gsasl(relay, SUBMISSION, mechanism, USER, PASSWORD, trust(relay), sent, True, *options)
    assert f"AUTH {mechanism}" in said, said
    accepted(relay, sent, user=USER, tls=TLS)
    arrived(relay, sent, "good.example")


@cases((("smtp", SUBMISSION, "PLAIN"), ("smtps", SUBMISSIONS, "LOGIN")), lambda case: f"{case[0]}, AUTH {case[2]}")
def scenario_curl(relay: Relay, case: tuple[str, int, str]) -> None:
    """curl"""
    sent = letter("someone@good.example", "jürgen@good.example")
    curl(relay, sent, f"{case[0]}://{addresses.RELAY_NAME}:{case[1]}/curl.example", trust(relay), "--ssl-reqd",
         "--login-options", f"AUTH={case[2]}", "--user", f"{USER}:{PASSWORD}")
    accepted(relay, sent, user=USER, tls=TLS, helo="curl.example", recipients="2")
    wait_for("both copies", lambda: len(relay.bed.delivered("good.example", sent.mark)) == 2, 30)
