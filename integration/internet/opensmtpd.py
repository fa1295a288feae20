"""OpenSMTPD as a mail host."""

import os
from pathlib import Path

from .domains import hosts_of


def write(folder: Path) -> list[str]:
    """Writes the configuration and its spool, returns the command."""
    own = folder / "opensmtpd"
    own.mkdir()
    lines = ['table catchall { "@" = "waxmail" }', 'smtp max-message-size "150M"']
    for name, host in hosts_of("opensmtpd"):
        # It refuses keys that others may read.
        for kind in ("key", "crt"):
            target = own / f"{name}.{kind}"
            target.write_bytes((folder / "certificates" / target.name).read_bytes())
            target.chmod(0o600)
        lines += [
            f'pki "{name}" cert "{own}/{name}.crt"', f'pki "{name}" key "{own}/{name}.key"',
            f'listen on {host.address} port 25 tls pki "{name}" hostname "{name}"',
            f'action "{name}" maildir "{folder}/mail/{name}" virtual <catchall>',
            f'match from any for domain "{name}" action "{name}"',
        ]
    (own / "smtpd.conf").write_text("\n".join(lines) + "\n")
    (own / "smtpd.conf").chmod(0o600)
    os.makedirs("/var/spool/smtpd", mode=0o711, exist_ok=True)
    return ["/usr/sbin/smtpd", "-d", "-f", str(own / "smtpd.conf")]
