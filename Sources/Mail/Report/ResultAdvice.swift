/// What a result type or a reason code means, and what the receiving side should look at; for the mails we send and for
/// reports that are read.
public struct ResultAdvice: Hashable, Sendable {
    /// One sentence.
    public let meaning: String
    /// One or two sentences.
    public let remedy: String

    init(_ meaning: String, _ remedy: String) {
        self.meaning = meaning
        self.remedy = remedy
    }

    /// For a reason code that says more than its result type does: ours, and some of others; nil for all the rest.
    public init?(reasonCode: String) {
        guard let code = ReasonCode(rawValue: reasonCode) ?? Self.foreignCodes[reasonCode] else { return nil }
        self = code.advice
    }

    /// The best there is for a result type and a reason code as a report has them; nil for a type that RFC 8460 §4.3 does
    /// not have.
    public init?(resultType: String, reasonCode: String?) {
        if let advice = reasonCode.flatMap(Self.init(reasonCode:)) {
            self = advice
        } else if let type = ResultType(rawValue: resultType) {
            self = type.advice
        } else {
            return nil
        }
    }
}

extension ResultType {
    /// RFC 8460 §4.3.
    public var advice: ResultAdvice {
        switch self {
        case .startTLSNotSupported:
            ResultAdvice(
                "The host did not offer STARTTLS or refused it, so that nothing could be encrypted.",
                "Turn on STARTTLS on port 25 of the hosts named, and look for a firewall or a proxy in front of them that "
                    + "removes it.")
        case .certificateHostMismatch:
            ResultAdvice(
                "The certificate does not have the name by which the host was reached.",
                "Its subjectAltName must hold the name in the MX record; for DANE records of usage 2 that of the TLSA "
                    + "records.")
        case .certificateExpired:
            ResultAdvice(
                "The certificate's time is over.",
                "Renew it, and make the mail server load it anew: a certificate renewed on disk is often not the one that is "
                    + "shown. Check every address of the host.")
        case .certificateNotTrusted:
            ResultAdvice(
                "The certificate does not lead to an authority that is trusted.",
                "Use a certificate of a public authority, and let the server send the intermediate certificates with it. A "
                    + "self-signed one will do for DANE alone, in TLSA records of usage 3.")
        case .validationFailure:
            ResultAdvice(
                "TLS failed in a way that has no type of its own; the reason code says more, where there is one.",
                "Connect to the hosts named with \"openssl s_client -starttls smtp\", and look into their logs: the versions "
                    + "of TLS they offer, the certificate, connections that break off.")
        case .tlsaInvalid:
            ResultAdvice(
                "There are TLSA records, and none of them can be used.",
                "Publish records of a kind that SMTP can use, best \"3 1 1\" with the SHA-256 digest of the server's public "
                    + "key (RFC 7672, section 3.1), at _25._tcp below the host's name.")
        case .dnssecInvalid:
            ResultAdvice(
                "The TLSA records, or those on the way to them, did not pass DNSSEC validation.",
                "Check the zone's signatures and its DS record: signatures run out, and a DS record is left over from a "
                    + "former key.")
        case .daneRequired:
            ResultAdvice(
                "The sender demands DANE for this destination, and there was no usable TLSA record.",
                "Publish TLSA records for the MX hosts in a zone signed by DNSSEC, or ask the sender why it demands them."
            )
        case .stsPolicyFetchError:
            ResultAdvice(
                "A TXT record announces an MTA-STS policy, and it could not be fetched.",
                "The address https://mta-sts.DOMAIN/.well-known/mta-sts.txt must answer with status 200 and without a "
                    + "redirect: look at the name's address records and at the web server.")
        case .stsPolicyInvalid:
            ResultAdvice(
                "The MTA-STS policy was fetched, and is malformed.",
                "It must have the lines version, mode, mx and max_age as RFC 8461, section 3.2, has them; check its spelling."
            )
        case .stsWebPKIInvalid:
            ResultAdvice(
                "The web server that has the MTA-STS policy showed a certificate that is not valid.",
                "The certificate must have the name mta-sts.DOMAIN, must not be expired, and must lead to a public authority "
                    + "by way of intermediate certificates that the server sends.")
        }
    }
}
