"""OpenSMTPD as a mail host."""

import os
from pathlib import Path

from .domains import hosts_of


def write(folder: Path) -> list[str]:
    """Writes the configuration and its spool, returns the command."""
    own = folder / "opensmtpd"
    own.mkdir()
    lines = ['table catchall { "@" = "waxmail" }', 'smtp max-message-size "150M"']
    actions: list[str] = []
    matches: list[str] = []
    for domain, name, host in hosts_of("opensmtpd"):
        tls = ""
        if host.certificate != "none":
            # It refuses keys that others may read.
            for kind in ("key", "crt"):
                target = own / f"{name}.{kind}"
                target.write_bytes((folder / "certificates" / target.name).read_bytes())
                target.chmod(0o600)
            lines += [f'pki "{name}" cert "{own}/{name}.crt"', f'pki "{name}" key "{own}/{name}.key"']
            tls = f' tls pki "{name}"'
        lines.append(f'listen on {host.address} port 25{tls} hostname "{name}"')
        actions.append(f'action "{name}" maildir "{folder}/mail/{domain}" virtual <catchall>')
        matches.append(f'match from any for domain "{domain}" action "{name}"')
    (own / "smtpd.conf").write_text("\n".join(lines + actions + matches) + "\n")
    (own / "smtpd.conf").chmod(0o600)
    os.makedirs("/var/spool/smtpd", mode=0o711, exist_ok=True)
    return ["/usr/sbin/smtpd", "-d", "-f", str(own / "smtpd.conf")]
