"""Keys and certificates of the mail and policy hosts, by the openssl command, and what TLSA records say of them.

self-signed rsa expired     signed by their own key; with an RSA key; of the year 2020
private-ca                  by a CA that only DNS (DANE-TA) can vouch for
webpki                      by the CA that everybody here trusts (ca_file of relayd), through an intermediate
webpki-expired              the same, of the year 2020
webpki-wrong-name           the same, for another host
webpki-cn-only              the same, with the right name as common name only
next-hop-name               the same, for the mail domain instead of its MX
webpki for NAME             the same, for this name
all-wrong                   signed by its own key, of the year 2020, for another host
"""

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import addresses, dkimkeys, reportsink
from .domains import DOMAINS, absolute
from .policies import host_name

# File stems of the CAs: CA.crt, CA.key. Relays trust webpki.crt; what they see is signed by webpki-intermediate.
PRIVATE_CA, WEBPKI, INTERMEDIATE = "ca", "webpki", "webpki-intermediate"
# What a certificate for somebody else names.
SOMEBODY_ELSE = "somebody-else.example"
# Shown by relayd where a rule says so, and never to be trusted for anything else.
CLIENT = "client.relay.example"

_CA_EXTENSIONS = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def _openssl(*arguments: str, text: str = "", folder: Path | None = None) -> bytes:
    done = subprocess.run(["openssl", *arguments], input=text.encode(), capture_output=True, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


def _new_key(folder: Path, stem: str, kind: str = "") -> tuple[str, ...]:
    """Words of `openssl req` that make NAME.key."""
    form = {"rsa": ("rsa:2048",), "rsa-512": ("rsa:512",)}.get(kind) or ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    return ("-newkey", *form, "-noenc", "-keyout", str(folder / f"{stem}.key"))


def _by(folder: Path, authority: str) -> tuple[str, ...]:
    return ("-CA", str(folder / f"{authority}.crt"), "-CAkey", str(folder / f"{authority}.key")) if authority else ()


def _request(folder: Path, stem: str, kind: str, common_name: str, authority: str, *more: str) -> None:
    """Makes NAME.key and NAME.crt, valid from now."""
    _openssl("req", "-x509", *_new_key(folder, stem, kind), "-subj", f"/CN={common_name}", "-days", "30", *more,
             *_by(folder, authority), "-out", str(folder / f"{stem}.crt"))


def _backdated(folder: Path, stem: str, name: str, authority: str) -> None:
    """The same, valid in 2020 only. Only `openssl ca` can do that."""
    own = folder / f"{stem}.d"
    own.mkdir()
    (own / "index.txt").touch()
    (own / "ca.cnf").write_text(
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\npolicy=p\ndefault_md=sha256\n"
        f"x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:{name}\n")
    _openssl("req", "-new", *_new_key(folder, stem), "-subj", f"/CN={name}", "-out", str(own / "request"))
    signer = ("-cert", str(folder / f"{authority}.crt"), "-keyfile", str(folder / f"{authority}.key")) if authority else (
        "-selfsign", "-keyfile", str(folder / f"{stem}.key"))
    _openssl("ca", "-batch", "-notext", "-config", "ca.cnf", *signer, "-in", "request",
             "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-out", str(folder / f"{stem}.crt"), folder=own)


def make_authorities(folder: Path) -> None:
    """The CAs, which `make` signs by."""
    _request(folder, PRIVATE_CA, "", "Private CA of the mini-internet", "", *_CA_EXTENSIONS)
    _request(folder, WEBPKI, "", "Public CA of the mini-internet", "", *_CA_EXTENSIONS)
    _request(folder, INTERMEDIATE, "", "Intermediate of the public CA", WEBPKI, *_CA_EXTENSIONS)


def make(folder: Path, name: str, kind: str, domain: str = "", more: tuple[str, ...] = ()) -> None:
    """NAME.key, NAME.crt (leaf first, then its CA) and NAME.pem (key and chain, as Postfix likes it).

    `domain`: whose MX it is; `more`: further names of one that is right.
    """
    leaf = folder / f"{name}.crt"
    authority = {"self-signed": "", "rsa": "", "expired": "", "all-wrong": "", "private-ca": PRIVATE_CA}.get(kind, INTERMEDIATE)
    match kind:
        case "expired" | "webpki-expired" | "all-wrong":
            _backdated(folder, name, SOMEBODY_ELSE if kind == "all-wrong" else name, authority)
        case "self-signed" | "rsa":
            _request(folder, name, kind, name, authority, "-addext", f"subjectAltName=DNS:{name}")
        case "private-ca" | "webpki" | "webpki-wrong-name" | "webpki-cn-only" | "next-hop-name":
            named = {"webpki-wrong-name": SOMEBODY_ELSE, "next-hop-name": domain}.get(kind, name)
            names = () if kind == "webpki-cn-only" else ("-addext", ",".join(["subjectAltName=DNS:" + named, *(f"DNS:{one}" for one in more)]))
            _request(folder, name, kind, named, authority, "-addext", "basicConstraints=critical,CA:FALSE", *names)
        case _ if kind.startswith("webpki for "):
            named = kind.removeprefix("webpki for ")
            _request(folder, name, "", named, authority, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName=DNS:{named}")
        case _:
            raise ValueError(f"no such kind of certificate: {kind}")
    if authority:
        leaf.write_bytes(leaf.read_bytes() + (folder / f"{authority}.crt").read_bytes())
    (folder / f"{name}.pem").write_bytes((folder / f"{name}.key").read_bytes() + leaf.read_bytes())


def make_by(folder: Path, name: str, authority: str, days: int = 30, kind: str = "", digest: str = "sha256") -> None:
    """NAME.key and NAME.crt, signed by this CA, or by itself where there is none; `kind` of key: rsa, rsa-512 or an elliptic curve."""
    _request(folder, name, kind, name, authority, "-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE",
             "-days", str(days), f"-{digest}")


def make_all(folder: Path) -> None:
    folder.mkdir(parents=True)
    make_authorities(folder)
    # The key that TLSA records of "stranger" name: nobody serves it.
    jobs = [("stranger.invalid", "self-signed", ""), (addresses.RELAY_NAME, "webpki", ""), (CLIENT, "webpki", ""),
            (SOMEBODY_ELSE, "webpki", "")]
    jobs += [(absolute(host.name, domain.name), host.certificate, domain.name)
             for domain in DOMAINS for host in domain.hosts if host.certificate != "none"]
    jobs += [(host_name(domain.name), domain.sts.certificate, domain.name) for domain in DOMAINS if domain.sts]
    jobs += [(name, kind, "") for name, kind in reportsink.names().items()]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: make(folder, *job), jobs))
    for path in folder.rglob("*"):
        # Exim and OpenSMTPD read keys as their own users; the bed lives for minutes and has nothing to hide.
        path.chmod(0o755 if path.is_dir() else 0o644)
    # relayd insists on secrecy of its own.
    for own in (addresses.RELAY_NAME, CLIENT):
        (folder / f"{own}.key").chmod(0o600)
    dkimkeys.make_all(folder.parent / "dkim")


def _public_key(certificate: Path) -> bytes:
    public = _openssl("x509", "-in", str(certificate), "-noout", "-pubkey")
    return _openssl("pkey", "-pubin", "-outform", "DER", text=public.decode())


def fingerprint(folder: Path, name: str, what: str) -> str:
    """SHA-256 of the host's `certificate` or `public-key`, as a rule of relayd names it."""
    certificate = folder / f"{name}.crt"
    data = _openssl("x509", "-in", str(certificate), "-outform", "DER") if what == "certificate" else _public_key(certificate)
    return f"{what}:{hashlib.sha256(data).hexdigest()}"


def tlsa(folder: Path, name: str, record: str) -> str:
    """Presentation form of "3 1 1 own" for the host `name`."""
    usage, selector, matching, what = record.split()
    if what == "garbage":
        return f"{usage} {selector} {matching} {hashlib.sha256(b'garbage').hexdigest()}"
    stems = {"own": name, "stranger": "stranger.invalid", "ca": PRIVATE_CA, "webpki": INTERMEDIATE, "root": WEBPKI}
    certificate = folder / f"{stems[what]}.crt"
    data = _openssl("x509", "-in", str(certificate), "-outform", "DER") if selector == "0" else _public_key(certificate)
    digest = {"0": bytes.hex, "1": lambda d: hashlib.sha256(d).hexdigest(), "2": lambda d: hashlib.sha512(d).hexdigest()}
    return f"{usage} {selector} {matching} {digest[matching](data)}"
