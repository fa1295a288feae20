import Testing

@testable import Mail

@Suite struct CauseTests {
    @Test(
        "DSN-18 status codes",
        arguments: [
            (.noSuchDomain, "5.1.2"), (.nullMX, "5.1.10"), (.loop, "5.4.6"), (.dnsTemporary, "4.4.3"),
            (.dnsBogus, "4.4.3"),
            (.connectFailed, "4.4.1"), (.connectionLost, "4.4.2"), (.timedOut, "4.4.2"), (.expired, "4.4.7"),
            (.sizeExceeded, "5.3.4"), (.eightBitUnsupported, "5.6.3"), (.utf8Unsupported, "5.6.7"),
            (.startTLSMissing, "4.7.10"),
            (.daneMismatch, "4.7.5"),
            (.stsMXMismatch, "4.7.5"), (.certificateInvalid, "4.7.5"), (.requireTLSUnsupported, "5.7.30"),
            (.requireTLSUnvalidated, "5.7.10"), (.hostDemandsTLS, "5.7.10"), (.authFailed, "4.7.8"),
            (.daneRequired, "4.7.5"),
            (.tlsaLookupFailed, "4.7.5"), (.tlsHandshakeFailed, "4.7.5"), (.noHostAddress, "5.4.4"),
            (.operatorBounced, "5.7.0"), (.suspended, "4.3.2"),
        ] as [(Reason.Cause, String)])
    func status(cause: Reason.Cause, code: String) {
        #expect(cause.enhancedStatusCode.description == code)
    }

    @Test("DANE-18 STS-35 TLS policy is never permanent, and never our fault", arguments: Reason.Cause.allCases)
    func tlsPolicy(cause: Reason.Cause) {
        if cause.isTLSPolicy {
            #expect(!cause.isPermanent && cause.fault != .ours)
            #expect(cause.enhancedStatusCode.subject == 7)
        } else {
            // REQUIRETLS without a fit host is final (D10), so is a host that demands what cannot be had (INT-16); a password
            // is ours to mend, and so is a DKIM key.
            let isSecurity: Set<Reason.Cause> = [
                .requireTLSUnsupported, .requireTLSUnvalidated, .hostDemandsTLS, .authFailed, .dkimUnpublished,
                .dkimUnsignable,
                // An order of the operator's is policy of this host (RFC 3463 §3.8).
                .operatorBounced,
            ]
            #expect((cause.enhancedStatusCode.subject == 7) == isSecurity.contains(cause))
        }
        #expect(cause.enhancedStatusCode(isPermanent: true).class == 5)
        #expect(cause.enhancedStatusCode(isPermanent: false).class == 4)
    }

    @Test("D19 every cause is of one class, all of TLS policy of that one", arguments: Reason.Cause.allCases)
    func failureClass(cause: Reason.Cause) {
        if cause.isTLSPolicy { #expect(cause.failureClass == .policy) }
        let expected: FailureClass? =
            switch cause {
            case .dnsTemporary, .dnsBogus: .dns
            case .connectFailed, .connectionLost, .timedOut, .protocolError: .connection
            case .remoteReply: .remote
            case .localFailure, .contentDamaged, .shutdown, .authFailed, .suspended: .local
            default: nil
            }
        if let expected { #expect(cause.failureClass == expected) }
    }

    @Test("RPTC-17 connections and timeouts are not reported; RPTC-15 a failed validation is dnssec-invalid")
    func resultTypes() {
        #expect(Reason.Cause.connectFailed.resultType == nil && Reason.Cause.timedOut.resultType == nil)
        #expect(Reason.Cause.tlsaLookupFailed.resultType == .dnssecInvalid)
        #expect(Reason.Cause.daneMismatch.resultType == .validationFailure)
        #expect(Reason.Cause.startTLSMissing.resultType == .startTLSNotSupported)
    }
}
