extension ResultAdvice {
    /// What others call what we have a word for.
    static let foreignCodes: [String: ReasonCode] = [
        // mox
        "mtasts-policy-mx-mismatch": .mxMismatch
    ]
}

extension ReasonCode {
    /// What the code says beyond its result type.
    public var advice: ResultAdvice {
        switch self {
        case .tlsaMismatch:
            ResultAdvice(
                "No TLSA record of the host matches the certificate that it showed.",
                "The records must follow each change of certificate or key: publish the new ones first, and remove the old "
                    + "ones only after the change. Check every address of the host, each may show another certificate.")
        case .mxMismatch:
            ResultAdvice(
                "The MX host is not in the list of the domain's MTA-STS policy.",
                "Add an mx line for the host to the policy and change the id in the TXT record at _mta-sts, or remove the MX "
                    + "record if it is not meant to be there.")
        case .startTLSInjection:
            ResultAdvice(
                "The host sent more after its answer to STARTTLS before TLS began, as someone would who injects replies.",
                "Look for a proxy or a firewall between the Internet and the host that takes part in SMTP, and update the "
                    + "mail server.")
        case .handshakeFailed:
            ResultAdvice(
                "The host and the sender did not come to terms about TLS, or what the host sent was no TLS.",
                "Offer TLS 1.2 and 1.3 with common ciphers, and see that the server has a certificate loaded: connect with "
                    + "\"openssl s_client -starttls smtp\".")
        case .handshakeLost:
            ResultAdvice(
                "The connection was lost while TLS was being set up.",
                "Look into the host's log at the time for a server that ends or refuses, and for a firewall that cuts "
                    + "connections.")
        case .handshakeTimedOut:
            ResultAdvice(
                "The host took too long to set up TLS.",
                "Look for a host that is overloaded, and for a firewall that drops large packets.")
        case .selfSigned:
            ResultAdvice(
                "The certificate is signed by nobody but itself.",
                "For MTA-STS use a certificate of a public authority; a self-signed one will do for DANE alone, in TLSA "
                    + "records of usage 3.")
        case .selfSignedInChain:
            ResultAdvice(
                "The certificate leads to a root that senders do not know.",
                "For MTA-STS use a certificate of a public authority; a private one will do for DANE alone.")
        case .unknownIssuer:
            ResultAdvice(
                "The issuer of the certificate was not found.",
                "Most often the server does not send the intermediate certificates: give it the full chain. Else the "
                    + "authority is not a public one.")
        case .untrusted: ResultType.certificateNotTrusted.advice
        case .notYetValid:
            ResultAdvice(
                "The certificate's time has not begun.",
                "Check the date in it and the clock of the machine that issued it.")
        case .certificateInvalid:
            ResultAdvice(
                "The certificate cannot be accepted, for another reason than name, time and issuer.",
                "Look at it with \"openssl s_client -starttls smtp -showcerts\": weak keys and signatures, and a certificate "
                    + "that is not meant for servers, are common.")
        case .mxBogus:
            ResultAdvice(
                "The domain's MX records did not pass DNSSEC validation, so that no host of it is known.",
                ResultType.dnssecInvalid.advice.remedy)
        case .addressBogus:
            ResultAdvice(
                "The address records of the host did not pass DNSSEC validation.",
                ResultType.dnssecInvalid.advice.remedy)
        case .tlsaLookupFailed:
            ResultAdvice(
                "The lookup of the host's TLSA records failed, or its answer did not pass DNSSEC validation.",
                "All name servers of the zone must answer for TLSA records, with an empty answer where there are none. "
                    + ResultType.dnssecInvalid.advice.remedy)
        }
    }
}
