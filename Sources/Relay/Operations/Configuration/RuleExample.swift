/// A worked example of rules, for the sample file and the reference page; a test reads each.
struct RuleExample: Sendable {
    let title: String
    /// What it does and when it is right: whole sentences.
    let explanation: String
    /// As TOML.
    let text: String

    static let all: [RuleExample] = [
        RuleExample(
            title: "Require DANE for a bank",
            explanation: """
                The bank signs its zone and publishes TLSA records, and mail to it must never go out on less. If the \
                records are gone one day, mail waits and is returned at the end of its lifetime, instead of going to \
                whoever answers. The second rule is for its subdomains: "*.bank.example" does not include bank.example.
                """,
            text: """
                [[rule]]
                destination = "bank.example"
                level = "authenticated"
                by = ["dane"]
                reason = "contract of May 2026, section 4"

                [[rule]]
                destination = "*.bank.example"
                level = "authenticated"
                by = ["dane"]
                reason = "contract of May 2026, section 4"
                """),
        RuleExample(
            title: "Pin a partner's key",
            explanation: """
                A partner without DANE has told you the digest of its mail server's public key. The next key is listed \
                before it is used, so that the change goes unnoticed. `openssl x509 -in cert.pem -pubkey -noout | \
                openssl pkey -pubin -outform DER | sha256sum` prints such a digest.
                """,
            text: """
                [[rule]]
                destination = "partner.example"
                level = "authenticated"
                by = ["fingerprint"]
                fingerprints = [
                  "public-key:8d3f1c5a9be2470613d4a5f6e7b8c9d00112233445566778899aabbccddeeff0",
                  "public-key:1F:2E:3D:4C:5B:6A:79:88:97:A6:B5:C4:D3:E2:F1:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
                ]
                minimum_version = "1.3"
                reason = "keys by phone from their postmaster; the second is for next year"
                """),
        RuleExample(
            title: "Send everything through a smarthost, with a password",
            explanation: """
                All mail goes to port 587 of one host, which must prove its name by a certificate before it is shown \
                the password. Policies are looked up for the smarthost, not for the recipients' domains: what happens \
                behind it is its own affair. Mail for internal.example goes another way, without a password.
                """,
            text: """
                [[rule]]
                destination = "*"
                next_hop = "[smtp.provider.example]:587"
                credentials = "/etc/waxwing/provider.credentials"
                level = "authenticated"
                by = ["pkix"]

                [[rule]]
                destination = "internal.example"
                next_hop = "[192.0.2.25]"
                """),
        RuleExample(
            title: "Encryption for all but a list",
            explanation: """
                No mail leaves in the clear, except to those known to have no TLS. The same as tls.minimum_level = \
                "encrypted" with exceptions, but it can say why. Any certificate will do: it keeps out those who only \
                listen.
                """,
            text: """
                [[rule]]
                destination = "*"
                level = "encrypted"
                reason = "no mail in the clear"

                [[rule]]
                destination = "museum.example"
                level = "opportunistic"
                reason = "their gateway has no TLS before 2027"
                """),
        RuleExample(
            title: "An exception for a broken host",
            explanation: """
                One of the hosts of a domain publishes TLSA records that do not match its certificate, and its \
                operator is slow. Mail goes there over TLS all the same; the mismatch is still recorded and reported, \
                and no other host is excepted. Remove such a rule as soon as you can.
                """,
            text: """
                [[rule]]
                destination = "slow.example"
                mx = "mx2.slow.example"
                dane = "observe"
                level = "encrypted"
                reason = "TLSA records of the old certificate, told them on 3 March"
                """),
    ]
}
