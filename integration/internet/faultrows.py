"""The 126 faults of docs/reliability.md: each with its number and what is broken, and what unit tests do where no scenario does it.

Which scenarios check a fault is found from their titles and domains (`Run.faults`), not written here. `units` names tests as "file: title", the file
below Tests/ without its ending; they stand in for a scenario where there is none, with the reason in `why`. `rest` says of a fault that has
scenarios what none of them does, and why. A fault with neither scenario nor unit test is open. To add a fault, add a line at the end of its group.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    number: int
    what: str
    units: tuple[str, ...] = ()
    why: str = ""  # read where there is no scenario
    rest: str = ""  # read where there is one


def _row(number: int, what: str, *units: str, why: str = "no scenario yet", rest: str = "") -> Row:
    return Row(number, what, units, why, rest)


_DANE = "MailTests/Policy/DANETests: "
_EDGE = "MailTests/Policy/Decision/EdgeCaseDANETests: "
_MX = "MailTests/Policy/RouteSearchMXTests: "
_STS = "MailTests/Policy/STS/STSDiscoveryTests: "
_CLIENT = "MailTests/SMTP/ClientSessionTests: "
_OPENING = "StoreTests/OpeningTests: "
_COMMIT = "StoreTests/CommitTests: "

_DNS_ROWS = (
    _row(1, "the MX lookup fails, while the domain's address could be had"),
    _row(2, "nobody answers the MX query", "DNSTests/ResolverTests: SEC-05 A lookup without answer fails at its deadline"),
    _row(3, "the signature of the MX record has expired"),
    _row(4, "an attacker rewrites a signed MX record"),
    _row(5, "the signatures are taken out of a zone that must have them"),
    _row(6, "the parent vouches for another key than the zone's"),
    _row(7, "the domain is proven not to exist"),
    _row(8, "\"no such domain\" without a proof"),
    _row(9, "the domain says that it takes no mail"),
    _row(10, "\"takes no mail\" beside a real MX"),
    _row(11, "the MX is an address, localhost, this machine or this relay"),
    _row(12, "the address of the first MX cannot be looked up, that of the second can"),
    _row(13, "200 MX with 50 addresses each",
         _MX + "50 MX records are looked at, the best; the 51st is not", _MX + "50 addresses of a family are looked at"),
    _row(14, "the MX is an alias, signed or not", _EDGE + "EDGE-12 a secure alias into an insecure zone: the records at the name of the MX record"),
    _row(15, "an alias of itself, and twenty aliases in a row"),
    _row(16, "the IPv6 lookup of a signed host fails", _DANE + "SEC-15 A secure, AAAA SERVFAIL: DANE over IPv4"),
    _row(17, "answers come over TCP only, and TCP is refused or says nothing"),
    _row(18, "large answers, and fragments never arrive"),
    _row(19, "the trust anchor is missing, empty or another's",
         "DNSTests/ResolverTests: SEC-07 A trust anchor file that is missing or empty refuses to start, in words",
         "DNSTests/ForwarderTests: SEC-06 Several anchors may stand in the file, and it is read anew at each start: a key roll is survived"),
    _row(20, "a forwarder says \"validated\" of what nobody signed",
         "DNSTests/ForwarderTests: SEC-08 A forwarder that forges AD makes nothing secure: unsigned is insecure, or bogus below an anchor"),
    _row(21, "a zone that costs much to validate: many keys of one tag, many iterations", why="no scenario yet: such a zone has to be generated"),
    _row(22, "a referral to a thousand name servers without addresses", why="no scenario yet: such a zone has to be generated"),
    _row(23, "the resolver's process dies within a lookup",
         "DNSTests/ResolverTests: SEC-05 A worker that dies fails what is in flight, and the next one serves"),
    _row(24, "no name server answers for an hour, while mail comes"),
    _row(25, "times to live of nought and of 68 years", "DNSTests/AnswerCacheTests: SEC-13 How long each kind of finding is kept"),
    _row(26, "forged, foreign and torn DNS answers"),
    _row(27, "names with NUL, escaped dots, or 255 octets as MX",
         "MailTests/Records/RecordTests: A name at the limit of 255 octets is read, one past it is void"),
)

_DANE_ROWS = (
    _row(28, "the TLSA lookup of a signed host fails"),
    _row(29, "nobody answers for TLSA records of a host that is not signed",
         _EDGE + "EDGE-03 TLSA is not asked for where the address is insecure, so a broken server does no harm"),
    _row(30, "a TLSA record was changed behind its signature"),
    _row(31, "TLSA queries draw odd errors"),
    _row(32, "the lookup fails where the alias leads, and the alias itself has a TLSA record"),
    _row(33, "TLSA records that are cut short", "TLSTests/DANERecordTests: DANE-25 DANE-26 an unusable record spoils itself only",
         rest="no name server publishes records of less than three octets; unit tests read those"),
    _row(34, "only TLSA records that cannot be used"),
    _row(35, "only TLSA records that cannot be used, and no STARTTLS"),
    _row(36, "the certificate is not the one the TLSA record names; mended later"),
    _row(37, "one TLSA record is stale, another one matches"),
    _row(38, "the weaker digest matches, the stronger does not"),
    _row(39, "the key is right; the certificate is expired, self-signed, for another name",
         "TLSTests/DANEEndEntityTests: DANE-30 a leaf for another name is verified by 3 1 1"),
    _row(40, "the TLSA record names a root that the host does not send",
         "TLSTests/DANETrustAnchorTests: DANE-33 a digest of an anchor that is absent from the handshake fails"),
    _row(41, "the certificate names the mail domain instead of the host"),
    _row(42, "very many TLSA records", _DANE + "64 TLSA records are kept, the usable ones first",
         rest="no DNS message holds 300 records of 8 kB; sixty are published"),
    _row(43, "TLSA usages that are not for mail, among those that are",
         "TLSTests/DANERecordTests: DANE-24 usages 0 and 1 never reach OpenSSL: alone they fail closed, mixed they are ignored"),
    _row(44, "somebody on the path takes STARTTLS away"),
    _row(45, "the first MX fails DANE, the second is under another demand"),
    _row(46, "a connection is open to the same host for a domain that demands less",
         "MailTests/Policy/Decision/SettingsDecisionTests: INT-06 a connection is used again only where this decision would open it as it is"),
    _row(47, "a TLS session from before the demand could be resumed",
         "TLSTests/ResumptionTests: TLS-10 the ticket of an unverified session is nothing to a DANE session",
         "TLSTests/ResumptionTests: DANE-47 TLSA data replaced by such as does not match: verified again, and refused"),
    _row(48, "TLSA records change between two attempts"),
    _row(49, "the sender wants delivery whatever TLS there is (TLS-Required: No)"),
    _row(50, "the sender demands TLS all the way, and the host cannot promise it"),
)

_STS_ROWS = (
    _row(51, "the TXT lookup fails while a policy is held", _STS + "SEC-14 a bogus or failed TXT lookup cancels no policy that is held"),
    _row(52, "the TXT lookup fails and no policy is held", _STS + "EDGE-21 TXT fails and nothing is held: mail goes on, marked unknown"),
    _row(53, "the record vanishes, then STARTTLS does"),
    _row(54, "a new policy is announced and cannot be fetched"),
    _row(55, "the first policy cannot be fetched"),
    _row(56, "a redirect, and other answers that are not 200", "MailTests/Policy/STS/STSFetchReadingTests: STS-11 only status 200 counts"),
    _row(57, "the policy host's certificate is no good", "HTTPSTests/CertificateTests: STS-12 an unknown issuer is refused"),
    _row(58, "a policy that is too long, has no end, or lies about its length",
         "HTTPSTests/FaultTests: STS-14 a body without an end is broken off at the limit"),
    _row(59, "a compressed policy that would fill the memory", "HTTPSTests/AnswerTests: STS-09 STS-13 a GET says what it must, and nothing else"),
    _row(60, "a policy that comes an octet at a time, a head without an end", "HTTPSTests/FaultTests: One header line of 1 MB is broken off"),
    _row(61, "a policy of another media type", "MailTests/Policy/STS/STSFetchReadingTests: STS-10 no media type is no policy"),
    _row(62, "policies with odd texts",
         "MailTests/Policy/STS/STSPolicyTests: EDGE-28 no version, odd line ends and a byte order mark are refused, with what to do about it"),
    _row(63, "two TXT records, foreign ones, split ones",
         "MailTests/Records/STSRecordTests: STS-04 records that do not begin with v=STSv1; are dropped, and exactly one must be left"),
    _row(64, "an MX that the policy does not list"),
    _row(65, "an MX that a policy in testing does not list"),
    _row(66, "certificates that the policy does not allow; TLS 1.1", "TLSTests/WireTests: TLS-01 D14 a peer with TLS 1.1 only is refused"),
    _row(67, "an enforced policy is taken back"),
    _row(68, "policies that hold for no time, a second, for ever", _STS + "max_age 0 serves the mail that had it fetched, and is never remembered"),
    _row(69, "the clock is set two days back or 400 on, with a policy held",
         _STS + "The clock is set back by two days: the policy is valid, waits end, its refresh is due",
         _STS + "The clock jumps ahead by 400 days: a new fetch, and what is held comes back with the time"),
    _row(70, "a stored policy is damaged",
         "RelayTests/Route/PolicyFinderStoreTests: Fault 70 EDGE-20 a damaged entry: mail waits until a fetch succeeds, over restarts too"),
    _row(71, "recipient domains that look like paths", "MailTests/Address/PathTests: SRV-15 Lengths at the limit are accepted, one more is not"),
    _row(72, "5,000 policies are due in the same second",
         "RelayTests/Route/PolicyRefreshTests: Fault 72 5,000 domains are due at once: never more fetches than the cap, and all are made",
         why="5,000 policy hosts need more than the bed has; the pass itself runs against a clock and hosts in memory"),
    _row(73, "a reload, or a second daemon, within a refresh",
         "RelayTests/Route/PolicyFinderStoreTests: Fault 73 two daemons share the store: the newest fetch wins, whoever writes last"),
    _row(74, "DANE passes and MTA-STS does not, and the other way round"),
)

_CLIENT_ROWS = (
    _row(75, "octets behind the reply to STARTTLS, before TLS begins"),
    _row(76, "STARTTLS is refused, or answered with nonsense or nothing", _CLIENT + "CLI-29 CLI-30 STARTTLS refused or failed"),
    _row(77, "the handshake stops, or comes an octet at a time",
         "NetTests/TransportTests: a handshake is driven step by step, expires, fails, and is ended by close"),
    _row(78, "an alert or a reset within or behind the handshake",
         _CLIENT + "CLI-29 A failed handshake, a lost connection and a timeout are evidence; bad authentication means QUIT"),
    _row(79, "old TLS, no encryption, weak keys, SHA-1", "TLSTests/WireTests: TLS-02 DANE-46 a server with NULL or anonymous suites only is refused",
         "TLSTests/ProofTests: TLS-02 keys below 112 bits do not pass"),
    _row(80, "the host wants a certificate of ours, or shows a huge chain",
         "TLSTests/LimitTests: a Certificate message of 256 KiB is read, one octet more is not"),
    _row(81, "the host offers other things inside TLS than before",
         _CLIENT + "CLI-05 CLI-04 After the handshake all is forgotten and EHLO said again"),
    _row(82, "the host knows no EHLO where TLS is demanded", _CLIENT + "CLI-01 CLI-30 No HELO where TLS is required"),
    _row(83, "replies without end: one line, many lines, a line now and then", "MailTests/SMTP/ReplyParserTests: CLI-06 Replies as hosts send them"),
    _row(84, "replies that are none", "MailTests/SMTP/ReplyParserTests: CLI-06 Replies as hosts send them"),
    _row(85, "replies that come before their commands"),
    _row(86, "the host asks for content although it refused each recipient", _CLIENT + "CLI-22 354 though nobody was accepted: a lone dot"),
    _row(87, "taken, refused and put off, three recipients of one letter"),
    _row(88, "too many recipients for one transaction", _CLIENT + "CLI-19 Too many recipients: the rest goes in the next transaction"),
    _row(89, "the connection is lost behind the content, before its reply",
         _CLIENT + "CLI-11 A lost connection or a timeout is transient; after the dot no other host is tried at once"),
    _row(90, "the reply to the content comes as late as it may", _CLIENT + "CLI-09 CLI-10 Each wait is named for its timer"),
    _row(91, "refused, and hung up, while content is on its way", _CLIENT + "CLI-11 A refusal that came before the connection went is kept"),
    _row(92, "421 at any point", _CLIENT + "CLI-12 421 at RCPT 2: both stay queued"),
    _row(93, "the host reads content an octet a second",
         "NetTests/StreamWritingTests: a write to a peer that does not read expires, and writing stays impossible"),
    _row(94, "a fifth of the packets is lost, the rest is late", why="no scenario yet: the bed's loopback loses nothing"),
    _row(95, "the path dies within the content, and nobody says so",
         "NetTests/StreamWritingTests: a write to a peer that does not read expires, and writing stays impossible"),
    _row(96, "the host closes a connection that was kept open", "RelayTests/Delivery/KeptConnectionTests: behind the final dot never"),
    _row(97, "greylisting"),
    _row(98, "the host lacks SMTPUTF8 or 8BITMIME", _CLIENT + "CLI-15 8-bit octets: BODY=8BITMIME where offered, else another host"),
    _row(99, "escapes and torn characters in the host's words", "MailTests/Queue/DSNTests: what a stranger wrote breaks no line and forges no field"),
)

_INTAKE_ROWS = (
    _row(100, "smuggling: false ends of the content"),
    _row(101, "commands behind STARTTLS, in the clear"),
    _row(102, "BDAT in every wrong way"),
    _row(103, "commands out of order"),
    _row(104, "commands, header lines and headers without end"),
    _row(105, "thousands of clients that keep connections and say nothing, or an octet now and then"),
    _row(106, "a client that never reads its replies"),
    _row(107, "100,000 recipients; a million messages in one session"),
    _row(108, "controls and stray octets in commands"),
    _row(109, "a mail loop through another server"),
    _row(110, "a stranger, and what he claims to be by PROXY or XCLIENT"),
)

_STORE_ROWS = (
    _row(111, "SIGKILL at random moments under load"),
    _row(112, "SIGKILL within the n-th sync, write or removal",
         "StoreTests/Journal/JournalFileTests: Cut off at each octet, the records before it are found whole"),
    _row(113, "the power is cut under load: what was not synced is gone", why="no scenario yet: it needs a disk that forgets what was not flushed"),
    _row(114, "the disk is full, or out of inodes",
         "StoreTests/ContentTests: Inodes are counted where the file system counts them, and unknown where it does not"),
    _row(115, "the disk is full just when a delivery is written down",
         _COMMIT + "Q-06 A full disk refuses mail, still settles from the reserve, and takes mail again when there is room"),
    _row(116, "a sync fails, then the disk is well again",
         _COMMIT + "SRV-26 A failed sync fails its commit, leaves nothing of it, and the store goes on from disk"),
    _row(117, "a sync takes half a minute, or for ever"),
    _row(118, "damaged rows, pages, logs and content files", _OPENING + "Flipped pages are found at start",
         "StoreTests/ContentTests: A row without its file, or with another length, is quarantined"),
    _row(119, "the database of yesterday is put back",
         "StoreTests/ContentTests: Q-06 Files without a row are set aside at start, kept for days, then removed"),
    _row(120, "a second daemon, a store that cannot be written, another owner", _OPENING + "Another owner is refused",
         rest="no store on NFS: the bed has no server for it"),
    _row(121, "an upgrade is killed in its migration; a downgrade", "StoreTests/MigrationTests: A migration that fails leaves the old schema whole",
         _OPENING + "A newer schema is refused and left alone"),
    _row(122, "64 descriptors, 32 threads, 256 MB",
         "RelayTests/Service/DescriptorTests: a service that may open too little starts with fewer connections, and says so",
         "NetTests/ListenerTests: without descriptors accept rests without spinning, and goes on when there are some"),
)

_OTHER_ROWS = (
    _row(123, "the wall clock is moved, there and back"),
    _row(124, "report addresses that lead inside, elsewhere or nowhere",
         "MailTests/Report/ReportTargetTests: RPTF-23 a stranger's URI reaches nothing that only we can reach"),
    _row(125, "reports to domains with broken TLS, and reports about reports"),
    _row(126, "DKIM keys that are wrong, letters that are hard to sign"),
)

GROUPS = {
    "DNS and DNSSEC": _DNS_ROWS,
    "DANE": _DANE_ROWS,
    "MTA-STS": _STS_ROWS,
    "TLS and SMTP with hosts": _CLIENT_ROWS,
    "Intake": _INTAKE_ROWS,
    "Store, crashes, disks": _STORE_ROWS,
    "Clock, reports, DKIM": _OTHER_ROWS,
}
ROWS = {row.number: row for rows in GROUPS.values() for row in rows}
