"""One Exim (GnuTLS) that plays several mail hosts."""

import shutil
from pathlib import Path

from .domains import DOMAINS, hosts_of
from .postfix import MESSAGE_LIMIT


def write(folder: Path, etc: Path = Path("/etc")) -> list[str]:
    """Writes the configuration where Exim trusts it, returns the command."""
    own = folder / "exim"
    own.mkdir()
    (own / "spool").mkdir()
    shutil.chown(own / "spool", "Debian-exim", "Debian-exim")
    hosts = hosts_of("exim")
    names = own / "names"
    names.write_text("".join(f"{host.address}: {name}\n" for _, name, host in hosts))
    domains = own / "domains"
    domains.write_text("".join(f"{domain.name}: {domain.name}\n" for domain in DOMAINS))
    name = f"${{lookup{{$received_ip_address}}lsearch{{{names}}}}}"
    (etc / "exim4").mkdir(exist_ok=True)
    (etc / "exim4" / "exim4.conf").write_text(f"""\
primary_hostname = exim.invalid
smtp_active_hostname = {name}
local_interfaces = {" : ".join(host.address for _, _, host in hosts)}
daemon_smtp_ports = 25
spool_directory = {own}/spool
log_file_path = {folder}/log/exim-%slog
log_selector = +tls_cipher +tls_sni +received_recipients +incoming_interface +smtp_connection
host_lookup =
rfc1413_hosts =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
queue_run_max = 5
message_size_limit = {MESSAGE_LIMIT}
check_spool_space = 0
tls_advertise_hosts = *
tls_certificate = {folder}/certificates/{name}.crt
tls_privatekey = {folder}/certificates/{name}.key
received_header_text = Received: from $sender_helo_name ([$sender_host_address])\\n\\t\\
  by $smtp_active_hostname (Exim) with $received_protocol ${{if def:tls_in_cipher {{($tls_in_cipher)}}}}\\n\\t\\
  id $message_exim_id; $tod_full
domainlist local_domains = lsearch;{domains}
acl_smtp_rcpt = rcpt
acl_smtp_data = data

begin acl
rcpt:
  accept domains = +local_domains
  deny message = relay not permitted
data:
  accept

begin routers
inbox:
  driver = accept
  domains = +local_domains
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail/$domain_data
  create_directory
  maildir_format
  envelope_to_add
  return_path_add
  user = waxmail
  group = waxmail
  mode = 0644
  directory_mode = 0755

begin retry
* * F,1h,5s
""")
    return ["exim4", "-bdf", "-q10s"]
