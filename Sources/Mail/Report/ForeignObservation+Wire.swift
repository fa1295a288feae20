import FoundationEssentials

extension ForeignObservation {
    /// The datagram of libtlsrpt as it is: keys and numbers of its version 1. `pr`, the record that asked for reports, `t`, the
    /// number of failures, and `a`, more about one, are not read.
    struct Wire: Decodable {
        /// The protocol version, as a string.
        let dpv: String?
        /// Who wants reports: the recipient's domain.
        let d: String
        let policies: [Policy]

        struct Policy: Decodable {
            let type: Int
            let domain: String?
            let strings: [String]?
            let mxHosts: [String]?
            let failures: [Failure]?
            /// The final result.
            let f: Int

            enum CodingKeys: String, CodingKey {
                case type = "policy-type"
                case domain = "policy-domain"
                case strings = "policy-string"
                case mxHosts = "mx-host"
                case failures = "failure-details"
                case f
            }
        }

        struct Failure: Decodable {
            /// What failed.
            let c: Int
            /// `sending-mta-ip`
            let s: String?
            /// `receiving-mx-hostname`
            let n: String?
            /// `receiving-mx-helo`
            let h: String?
            /// `receiving-ip`
            let r: String?
            /// `failure-reason-code`
            let f: String?
        }

        static let version = "1"

        /// `tlsrpt_policy_type_t`
        static let policyTypes: [Int: PolicyResult.Policy] = [1: .tlsa, 2: .sts, 9: .noPolicyFound]

        /// `tlsrpt_final_result_t`: whether it is a failure.
        static let finalResults: [Int: Bool] = [0: false, 1: true]

        /// `tlsrpt_failure_t`. 901 stays within the library.
        static let resultTypes: [Int: ResultType] = [
            201: .startTLSNotSupported, 202: .certificateHostMismatch, 203: .certificateNotTrusted,
            204: .certificateExpired, 205: .validationFailure, 301: .stsPolicyFetchError, 302: .stsPolicyInvalid,
            303: .stsWebPKIInvalid, 304: .tlsaInvalid, 305: .dnssecInvalid, 306: .daneRequired,
        ]

        /// Levels of arrays and objects that are allowed; a datagram has five.
        static let depthLimit = 16

        init(reading datagram: [UInt8]) throws(ForeignObservationFault) {
            // Anything else is no JSON, or JSON in UTF-16, which the decoder would take.
            guard datagram.first == UInt8(ascii: "{"), !datagram.contains(0) else { throw Self.noJSON }
            guard Self.isShallow(datagram) else { throw ForeignObservationFault("it is nested too deep") }
            do {
                // The library hands on octets above 127 as a server sent them: such a name is mended, not the reason to lose
                // what was seen.
                let mended = Data(String(decoding: datagram, as: UTF8.self).utf8)
                self = try JSONDecoder().decode(Wire.self, from: mended)
            } catch let error as DecodingError {
                throw Self.fault(error)
            } catch {
                throw Self.noJSON
            }
        }

        private static let noJSON = ForeignObservationFault("it is not the JSON of libtlsrpt")

        /// Whether brackets outside of strings never stand deeper than the limit.
        private static func isShallow(_ datagram: [UInt8]) -> Bool {
            var depth = 0
            var isInString = false
            var isEscaped = false
            for octet in datagram {
                if isEscaped {
                    isEscaped = false
                } else if isInString {
                    if octet == UInt8(ascii: "\\") { isEscaped = true }
                    if octet == UInt8(ascii: "\"") { isInString = false }
                } else {
                    switch octet {
                    case UInt8(ascii: "\""): isInString = true
                    case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                    case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                    default: break
                    }
                    if depth > depthLimit { return false }
                }
            }
            return true
        }

        /// Names only keys that are asked for, so nothing of the datagram gets into the log.
        private static func fault(_ error: DecodingError) -> ForeignObservationFault {
            switch error {
            case .keyNotFound(let key, _):
                return ForeignObservationFault("\"\(key.stringValue)\" is missing")
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                guard let key = context.codingPath.last(where: { $0.intValue == nil }) else { return noJSON }
                return ForeignObservationFault("its \"\(key.stringValue)\" is not what it must be")
            @unknown default:
                return noJSON
            }
        }
    }
}
