extension Explanation {
    static let nothingDemanded = Explanation("nothing demands TLS: TLS where offered", source: "RFC 3207 §6")
    static let secureTLSA = Explanation(
        "DNSSEC-secure TLSA records say which certificate this host must show", source: "RFC 7672 §2.2")
    static let secureTLSABehindInsecureMX = Explanation(
        "DNSSEC-secure TLSA records say which certificate this host must show; the MX records that name the host are not "
            + "secure, so this does not prove the way to the domain", source: "RFC 7672 §2.2.1")
    static let onlyUnusable = Explanation(
        "DNSSEC-secure TLSA records exist, none of a kind that can be checked: TLS is demanded, with any certificate",
        source: "RFC 7672 §2.2")
    static let tlsaInsecure = Explanation(
        "the TLSA records are not DNSSEC-secure and bind nobody: TLS where offered", source: "RFC 7672 §2.2.3")
    static let tlsaAbsent = Explanation(
        "the host publishes no TLSA records: TLS where offered", source: "RFC 7672 §2.2")
    static let daneOff = Explanation(
        "the MX records are not DNSSEC-secure and dane.insecure_mx is off: TLS where offered", source: "RFC 7672 §2.2.1"
    )
    static let daneBeforeWebPKI = Explanation(
        "the MTA-STS policy lists the host, and DANE authenticates it: the certificate's public trust is checked and "
            + "recorded, not demanded", source: "RFC 8461 §2")
    static let requireTLS = Explanation(
        "REQUIRETLS: the host must prove who it is and offer REQUIRETLS itself", source: "RFC 8689 §4.2.1")
    static let noticeOfRequireTLS = Explanation(
        "a notice about REQUIRETLS mail: TLS is demanded, REQUIRETLS is passed on where offered", source: "RFC 8689 §5")
    static let optionalTLS = Explanation(
        "the message says TLS-Required: No: the domain's policies are checked and do not hold it back",
        source: "RFC 8689 §3")

    static let reportMail = Explanation(
        "a TLS-RPT report must reach a domain whose TLS is broken: its policies are checked and do not hold it back",
        source: "RFC 8460 §3")

    static let notSetAside = Explanation(
        "TLS-Required: No sets aside what the domain demands, not what this relay's operator does",
        source: "RFC 8689 §3"
    )
    static let implicitTLS = Explanation(
        "the next hop is reached by implicit TLS, which has no clear form", source: "RFC 8314 §3")

    static func claimedName(_ host: MXHost, _ rule: HostRule.Origin) -> Explanation {
        Explanation(
            "\(rule) is set aside where it demands less: it is for \(host) whatever the domain, and only an unsigned MX "
                + "record says that this is the domain's host; a rule with destination and mx would hold")
    }

    static func enforced(_ reference: STSReference) -> Explanation {
        Explanation(
            "the MTA-STS policy of \(reference.domain) (mode enforce) lists the host and demands a trusted certificate "
                + "for its name", source: "RFC 8461 §5")
    }
}
