@testable import Relay

/// What is written to postmasters, word for word.
enum LetterGoldens {
    static let texts: [LetterFault.Kind: String] = [
        .bogus: """
        Subject: Mail to d.example is kept back: the DNSSEC signatures of d.example do not validate

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. the DNSSEC signatures of d.example do not validate
        -----------------------------------------------------

        Seen: validation failure <d.example. MX IN>: signature expired.

        What demands it: you sign your zone, and an answer whose signatures fail
        must not be used (RFC 4035 §5.5).

        To see it yourself:

            dig +dnssec d.example MX
            dig +dnssec +cd d.example MX
            delv d.example MX

        To mend it: sign the zone of d.example anew with keys that its DS record
        names, and look at the dates of the signatures. If the zone is signed no
        more, have the DS record removed at the parent.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .tlsaLookup: """
        Subject: Mail to d.example is kept back: the TLSA records of mx.d.example cannot be looked up

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. the TLSA records of mx.d.example cannot be looked up
        -------------------------------------------------------

        Seen: the TLSA lookup for mx.d.example failed: SERVFAIL.

        What demands it: while it is not known whether there are TLSA records,
        mail must wait: whoever suppresses the answer must not get the mail (RFC
        7672 §2.1.2).

        To see it yourself:

            dig +dnssec _25._tcp.mx.d.example TLSA

        To mend it: have the name servers answer for TLSA records as for any
        other type: NODATA where there is none, and never SERVFAIL, a refusal or
        nothing at all.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .startTLSMissing: """
        Subject: Mail to d.example is kept back: mx.d.example does not offer STARTTLS

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. mx.d.example does not offer STARTTLS
        ---------------------------------------

        Seen at 192.0.2.1, 2001:db8::1, port 25: TLS is demanded, and
        mx.d.example does not offer STARTTLS.

        What demands it: you publish TLSA records: mail only over TLS to a host
        that matches one (RFC 7672 §2.2).

        To see it yourself:

            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts

        To mend it: offer STARTTLS at mx.d.example (RFC 3207 §4), and see that
        nothing on the way removes it: some firewalls with SMTP inspection do. A
        host that is to have no TLS must not be an MX host of a domain that
        demands it.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .handshake: """
        Subject: Mail to d.example is kept back: no TLS session with mx.d.example comes to be

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. no TLS session with mx.d.example comes to be
        -----------------------------------------------

        Seen at 192.0.2.1, port 25: the handshake failed: no shared cipher.

        What demands it: your MTA-STS policy has mode enforce: mail only over
        TLS with a trusted certificate (RFC 8461 §5).

        To see it yourself:

            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts

        To mend it: let mx.d.example take TLS 1.2 or 1.3 with common ciphers,
        and see its log for why it ended the handshake.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .daneMismatch: """
        Subject: Mail to d.example is kept back: mx.d.example does not match its TLSA records

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. mx.d.example does not match its TLSA records
        -----------------------------------------------

        Seen at 192.0.2.1, 2001:db8::1, port 25: no TLSA record matches.

        Published at _25._tcp.mx.d.example: 3 1 1
        abababababababababababababababababababababababababababababababab.

        Presented: a certificate of CN=mx.d.example for mx.d.example, issued by
        CN=Some CA, valid from 2026-05-28T20:26:40Z to 2027-01-15T08:00:00Z.

        The SHA-256 of its public key (SubjectPublicKeyInfo):
        2222222222222222222222222222222222222222222222222222222222222222.

        What demands it: you publish TLSA records, one of which the host must
        match (RFC 7672 §2.2, RFC 6698 §2.1).

        To see it yourself:

            dig +dnssec _25._tcp.mx.d.example TLSA
            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts </dev/null 2>/dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum

        To mend it: only if the key above is yours: publish the record below
        beside those that are there, and remove the old ones once it is
        everywhere. If it is not yours, somebody stands between us. At the next
        change publish the record of the new key first, wait twice the TTL, and
        only then use the key (RFC 7671 §8.1).

            _25._tcp.mx.d.example. IN TLSA 3 1 1 2222222222222222222222222222222222222222222222222222222222222222

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .certificateExpired: """
        Subject: Mail to d.example is kept back: the certificate of mx.d.example has expired

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. the certificate of mx.d.example has expired
        ----------------------------------------------

        Seen at 192.0.2.1, port 25: the certificate has expired.

        Presented: a certificate of CN=mx.d.example for mx.d.example, issued by
        CN=Some CA, valid from 2026-05-28T20:26:40Z to 2026-11-20T04:00:00Z,
        which is 2d ago.

        The SHA-256 of its public key (SubjectPublicKeyInfo):
        2222222222222222222222222222222222222222222222222222222222222222.

        What demands it: your MTA-STS policy has mode enforce: the host must
        show a certificate that is trusted, valid, and for its own name (RFC
        8461 §4.2).

        To see it yourself:

            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts -verify_hostname mx.d.example </dev/null 2>&1 | grep -i verif
            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName

        To mend it: renew the certificate of mx.d.example, have its renewal done
        by itself, and the server load it.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .certificateName: """
        Subject: Mail to d.example is kept back: the certificate of mx.d.example is for other names

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. the certificate of mx.d.example is for other names
        -----------------------------------------------------

        Seen at 192.0.2.1, port 25: the certificate is not for mx.d.example.

        Presented: a certificate of CN=mx.d.example for www.d.example,
        evil\\u{1b}[31m.example, issued by CN=Some CA, valid from
        2026-05-28T20:26:40Z to 2027-01-15T08:00:00Z.

        The SHA-256 of its public key (SubjectPublicKeyInfo):
        2222222222222222222222222222222222222222222222222222222222222222.

        What demands it: your MTA-STS policy has mode enforce: the host must
        show a certificate that is trusted, valid, and for its own name (RFC
        8461 §4.2).

        To see it yourself:

            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts -verify_hostname mx.d.example </dev/null 2>&1 | grep -i verif
            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName

        To mend it: have a certificate issued that holds mx.d.example as a DNS
        name, or have the MX records name the host as its certificate does.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .certificateUntrusted: """
        Subject: Mail to d.example is kept back: the certificate of mx.d.example is not trusted

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. the certificate of mx.d.example is not trusted
        -------------------------------------------------

        Seen at 192.0.2.1, port 25: self-signed certificate.

        Presented: a certificate of CN=mx.d.example for mx.d.example, issued by
        CN=Some CA, valid from 2026-05-28T20:26:40Z to 2027-01-15T08:00:00Z.

        The SHA-256 of its public key (SubjectPublicKeyInfo):
        2222222222222222222222222222222222222222222222222222222222222222.

        What demands it: your MTA-STS policy has mode enforce: the host must
        show a certificate that is trusted, valid, and for its own name (RFC
        8461 §4.2).

        To see it yourself:

            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts -verify_hostname mx.d.example </dev/null 2>&1 | grep -i verif
            openssl s_client -starttls smtp -connect 192.0.2.1:25 -servername mx.d.example -showcerts </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName

        To mend it: have mx.d.example present a certificate of a public
        certification authority, with all intermediate certificates.

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .stsHost: """
        Subject: Mail to d.example is kept back: mx.d.example is not in the MTA-STS policy of d.example

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side, so that we do not deliver: mail that you ask to be protected
        must not be sent without.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. mx.d.example is not in the MTA-STS policy of d.example
        ---------------------------------------------------------

        Seen: the MX records of d.example name mx.d.example. The policy (id 7,
        mode enforce) lists mail.d.example, *.old.example, which does not match
        mx.d.example.

        What demands it: your MTA-STS policy has mode enforce, and mail goes
        only to hosts that it lists (RFC 8461 §4.1).

        To see it yourself:

            dig d.example MX
            dig _mta-sts.d.example TXT
            curl -sS https://mta-sts.d.example/.well-known/mta-sts.txt

        To mend it: if mx.d.example is yours, add the line below to the policy
        and give the TXT record a new id (RFC 8461 §3.1). If it is not, correct
        the MX records.

            mx: mx.d.example

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
        .stsFetch: """
        Subject: Mail to d.example: the MTA-STS policy of d.example cannot be fetched

        To the postmaster of d.example,

        our mail relay relay.example follows the transport security policies
        that domains publish. Those of d.example are not met by what we find at
        your side. Mail still goes where it is met.

        12 messages for your domain wait here, the oldest kept back since
        2026-11-20T18:40:00Z, last tried on 2026-11-22T03:43:20Z. What cannot be
        delivered in time is returned to its sender.

        What follows was seen from relay.example on 2026-11-22T04:00:00Z.

        1. the MTA-STS policy of d.example cannot be fetched
        ----------------------------------------------------

        Seen: the TXT record has id 8, and: the server answered 404. We hold the
        policy with id 7 until 2026-11-29T03:00:00Z.

        What demands it: the TXT record says that there is a policy, and it must
        be had over HTTPS with a trusted certificate (RFC 8461 §3.3).

        To see it yourself:

            dig d.example MX
            dig _mta-sts.d.example TXT
            curl -sS https://mta-sts.d.example/.well-known/mta-sts.txt

        To mend it: serve the policy as text/plain at the address above, with a
        trusted certificate for that name and without redirects; or, if you want
        no policy any more, serve one with mode none before you remove the
        record (RFC 8461 §8.3).

        Who writes
        ----------

        This was written by the mail relay relay.example. For questions, or once
        it is mended: tls@us.example. Mail that waits is tried again by itself.

        """,
    ]
}
