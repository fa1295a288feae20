"""Keys and certificates of the mail hosts, by the openssl command, and what TLSA records say of them."""

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .domains import DOMAINS, absolute

CA_NAME = "Private CA of the mini-internet"


def _openssl(*arguments: str, text: str = "", folder: Path | None = None) -> bytes:
    done = subprocess.run(["openssl", *arguments], input=text.encode(), capture_output=True, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


def _new_key(path: Path, kind: str = "") -> None:
    form = ("RSA", "rsa_keygen_bits:2048") if kind == "rsa" else ("EC", "ec_paramgen_curve:P-256")
    _openssl("genpkey", "-algorithm", form[0], "-pkeyopt", form[1], "-out", str(path))


def _make_ca(folder: Path) -> None:
    _new_key(folder / "ca.key")
    _openssl("req", "-x509", "-key", str(folder / "ca.key"), "-subj", f"/CN={CA_NAME}", "-days", "30",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
             "-out", str(folder / "ca.crt"))


def _make(folder: Path, name: str, kind: str) -> None:
    """NAME.key, NAME.crt (leaf first, then its CA) and NAME.pem (key and chain, as Postfix likes it)."""
    key, leaf = folder / f"{name}.key", folder / f"{name}.crt"
    _new_key(key, kind)
    names = ("-addext", f"subjectAltName=DNS:{name}")
    match kind:
        case "self-signed" | "rsa":
            _openssl("req", "-x509", "-key", str(key), "-subj", f"/CN={name}", "-days", "30", *names, "-out", str(leaf))
        case "private-ca":
            _openssl("req", "-x509", "-key", str(key), "-subj", f"/CN={name}", "-days", "30", *names,
                     "-addext", "basicConstraints=CA:FALSE",
                     "-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"), "-out", str(leaf))
            leaf.write_bytes(leaf.read_bytes() + (folder / "ca.crt").read_bytes())
        case "expired":
            # Only `openssl ca` can date a certificate back.
            own = folder / f"{name}.d"
            own.mkdir()
            (own / "index.txt").touch()
            (own / "ca.cnf").write_text(
                "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\npolicy=p\ndefault_md=sha256\n"
                "x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:" + name + "\n")
            _openssl("req", "-new", "-key", str(key), "-subj", f"/CN={name}", "-out", str(own / "request"))
            _openssl("ca", "-batch", "-notext", "-selfsign", "-config", "ca.cnf", "-keyfile", str(key), "-in", "request",
                     "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-out", str(leaf), folder=own)
        case _:
            raise ValueError(f"no such kind of certificate: {kind}")
    (folder / f"{name}.pem").write_bytes(key.read_bytes() + leaf.read_bytes())


def make_all(folder: Path) -> None:
    folder.mkdir(parents=True)
    _make_ca(folder)
    # The key that TLSA records of "stranger" name: nobody serves it.
    jobs = [("stranger.invalid", "self-signed")]
    jobs += [(absolute(host.name, domain.name), host.certificate)
             for domain in DOMAINS for host in domain.hosts if host.certificate != "none"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: _make(folder, *job), jobs))
    for path in folder.rglob("*"):
        # Exim and OpenSMTPD read keys as their own users; the bed lives for minutes and has nothing to hide.
        path.chmod(0o755 if path.is_dir() else 0o644)


def tlsa(folder: Path, name: str, record: str) -> str:
    """Presentation form of "3 1 1 own" for the host `name`."""
    usage, selector, matching, what = record.split()
    if what == "garbage":
        return f"{usage} {selector} {matching} {hashlib.sha256(b'garbage').hexdigest()}"
    certificate = folder / {"own": f"{name}.crt", "stranger": "stranger.invalid.crt", "ca": "ca.crt"}[what]
    if selector == "0":
        data = _openssl("x509", "-in", str(certificate), "-outform", "DER")
    else:
        public = _openssl("x509", "-in", str(certificate), "-noout", "-pubkey")
        data = _openssl("pkey", "-pubin", "-outform", "DER", text=public.decode())
    digest = {"0": bytes.hex, "1": lambda d: hashlib.sha256(d).hexdigest(), "2": lambda d: hashlib.sha512(d).hexdigest()}
    return f"{usage} {selector} {matching} {digest[matching](data)}"
