"""Do the policy hosts and the mail hosts show what the table says? Asked with Python's own TLS, which trusts the bed's public CA."""

import smtplib
import socket
import ssl
import time
from http.client import HTTPException, HTTPSConnection

from internet import addresses, policies
from internet.domains import DOMAINS, Domain, Host, absolute, hosts_of
from internet.inside import Bed
from internet.postfix import SMARTHOST_PASSWORD, SMARTHOST_USER
from internet.scenario import cases

# What 12-sts-cache changes is looked at there.
POLICY_DOMAINS = tuple(domain for domain in DOMAINS if domain.sts is not None and domain.only != "12")
FETCH_LIMIT = 3.0  # seconds
# What OpenSSL says of each kind of certificate, for the host's own name, where it is not let look at the CN.
COMPLAINTS = {
    "webpki": "", "webpki-expired": "certificate has expired", "webpki-wrong-name": "Hostname mismatch", "next-hop-name": "Hostname mismatch",
    "webpki-cn-only": "Hostname mismatch", "self-signed": "self-signed certificate", "rsa": "self-signed certificate",
    "private-ca": "self-signed certificate in certificate chain", "expired": "self-signed certificate", "all-wrong": "self-signed certificate",
    "webpki for fault-41.example": "Hostname mismatch",
}
# Hosts whose handshake Python can do: those of broken makes and scripts are other scenarios' business.
HOSTS = tuple((absolute(host.name, domain.name), host) for domain in DOMAINS for host in domain.hosts
              if host.server in ("postfix", "exim", "requiretls") and host.certificate != "none")


def trusting(bed: Bed) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(bed.folder / "certificates" / "webpki.crt"))
    context.hostname_checks_common_name = False
    return context


def fetch(bed: Bed, domain: Domain) -> tuple[int, str, bytes]:
    """Status, media type and body of the policy."""
    name = policies.host_name(domain.name)
    connection = HTTPSConnection(name, timeout=FETCH_LIMIT, context=trusting(bed))
    try:
        connection.request("GET", "/.well-known/mta-sts.txt", headers={"User-Agent": policies.INSPECTOR})
        answer = connection.getresponse()
        body, end = b"", time.monotonic() + FETCH_LIMIT
        while part := answer.read1(65_536):
            body += part
            if time.monotonic() > end:
                raise TimeoutError
        return answer.status, answer.headers.get_content_type(), body
    finally:
        connection.close()


@cases(POLICY_DOMAINS, lambda domain: f"{domain.name}, {domain.sts.http if domain.sts else ''}")
def scenario_policy_host(bed: Bed, domain: Domain) -> None:
    """The policy host answers as the table says"""
    sts = domain.sts
    assert sts
    good = policies.text(domain.name, sts)
    try:
        found = fetch(bed, domain)
    except ssl.SSLCertVerificationError as error:
        assert COMPLAINTS[sts.certificate] and COMPLAINTS[sts.certificate] in error.verify_message, error
        return
    except ssl.SSLError as error:
        assert sts.http == "alert", error
        return
    except TimeoutError:
        assert sts.http == "slow", "timed out"
        return
    except ConnectionRefusedError:
        assert sts.http == "down", "refused"
        return
    except HTTPException as error:
        assert sts.http == "empty", repr(error)
        return
    assert not COMPLAINTS[sts.certificate], f"a certificate of kind {sts.certificate} was taken"
    match sts.http:
        case "ok":
            assert found == (200, "text/plain", good), found
        case "html":
            assert found == (200, "text/html", good), found
        case _ if sts.http in policies.REDIRECTS:
            assert found[0] == policies.REDIRECTS[sts.http], found
        case "404" | "503" | "304":
            assert found[0] == int(sts.http), found
        case "203":
            assert found == (203, "text/plain", good), found
        case "no-type" | "utf-16":
            assert found[0] == 200 and found[2] == good, found
        case "oversize":
            assert found[0] == 200 and len(found[2]) == policies.OVERSIZE and found[2].startswith(good), found
        case "invalid":
            assert found[0] == 200 and not found[2].startswith(b"version"), found
        case _ if sts.http in policies.TEXTS:
            assert found[:2] == (200, "text/plain") and found[2] != good, found
        case _:
            raise AssertionError(f"{sts.http} did not show: {found}")


@cases(HOSTS, lambda pair: f"{pair[0]}, {pair[1].certificate}")
def scenario_mail_host(bed: Bed, pair: tuple[str, Host]) -> None:
    """The mail host shows the certificate the table says"""
    name, host = pair
    with smtplib.SMTP(host.address, 25, local_hostname="injector.example", timeout=20, source_address=(addresses.LOOKER, 0)) as client:
        client._host = name  # type: ignore[attr-defined]
        try:
            client.starttls(context=trusting(bed))
        except ssl.SSLCertVerificationError as error:
            assert COMPLAINTS[host.certificate] and COMPLAINTS[host.certificate] in error.verify_message, error
            return
        assert not COMPLAINTS[host.certificate], f"a certificate of kind {host.certificate} was taken"
        client.ehlo()
        assert client.has_extn("requiretls") == (host.server == "requiretls"), client.esmtp_features


def scenario_no_name_no_policy(bed: Bed) -> None:
    """The policy server has no certificate for a client that names no host, or a stranger"""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name in (None, "mta-sts.good.example"):
        with socket.create_connection((addresses.POLICY_SERVER, 443), timeout=5) as link:
            try:
                context.wrap_socket(link, server_hostname=name)
            except ssl.SSLError as error:
                assert "UNRECOGNIZED_NAME" in str(error).upper(), error
            else:
                raise AssertionError(f"a handshake with name {name} succeeded")


def scenario_smarthost(bed: Bed) -> None:
    """The smarthost takes mail for the right password only, on both of its ports"""

    ((_, name, host),) = hosts_of("smarthost")

    def verdict(client: smtplib.SMTP, password: str) -> int:
        try:
            if password:
                client.login(SMARTHOST_USER, password)
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code
        assert client.mail("someone@sender.example")[0] == 250
        return client.rcpt("someone@good.example")[0]

    for password, code in ((SMARTHOST_PASSWORD, 250), ("wrong", 535), ("", 554)):
        with smtplib.SMTP(host.address, 587, timeout=20) as client:
            client._host = name  # type: ignore[attr-defined]
            client.starttls(context=trusting(bed))
            assert verdict(client, password) == code, (password, 587)
        with smtplib.SMTP_SSL(name, 465, timeout=20, context=trusting(bed)) as client:
            assert verdict(client, password) == code, (password, 465)
